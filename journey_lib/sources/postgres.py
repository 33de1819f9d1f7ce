"""PostgreSQL: one SELECT in a read-only transaction, streamed into the engine a batch at a time."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from journey_lib.engine import Engine, identifier
from journey_lib.errors import ConfigError, DataError
from journey_lib.sources import convert
from journey_lib.workspace import Source


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:  # noqa: ARG001
    """Stage the answer to `query`; the address stands in the environment variable named by `connection`.

    Raises
    ------
    ConfigError
        The variable is not set, or the query is no SELECT.
    DataError
        The database cannot be reached or refuses the query. The message holds neither address nor password.
    """
    query = (source.query or "").strip().rstrip(";").strip()
    words = re.sub(r"(?s)^(?:\s|--[^\n]*\n|/\*.*?\*/)+", "", query + "\n").lower()
    if not words.startswith(("select", "with", "values", "table")):
        raise ConfigError("query: is not a SELECT", do="ask the database by one SELECT")
    address = os.environ.get(source.connection)
    if not address:
        raise ConfigError(
            f"the environment variable {source.connection} is not set",
            where="`connection` of a source in journey.yaml",
            do=f"export {source.connection}=postgresql://user@host/database before running",
        )
    numeric = _fetch(query, address, source, engine, f"{into}_rows")
    kinds = {name: kind for name, kind, *_ in engine.rows(f"DESCRIBE {into}_rows") if name != "row"}
    places = {name: f"CAST({identifier(name)} AS DOUBLE)" for name in numeric}
    names = _names(kinds)
    kinds = {name: "DOUBLE" if column in numeric else kinds[column] for name, column in names.items()}
    placed = {name: places.get(column, identifier(column)) for name, column in names.items()}
    relation = f"SELECT *, 'PostgreSQL' AS file FROM {into}_rows"
    counted = convert.canonical(source, kinds, relation, engine, into, placed)
    engine.fix(into)  # what the database said is not kept twice
    engine.run(f"DROP TABLE {into}_rows")
    return counted


def _names(kinds: Mapping[str, str]) -> dict[str, str]:
    """Name in the answer → name in the engine, which keeps names apart from ``row`` by a leading letter."""
    return {name[1:]: name for name in kinds}


def _fetch(query: str, address: str, source: Source, engine: Engine, into: str) -> set[str]:
    """Create `into` from the answer's batches; returns the columns that are exact decimals."""
    try:
        dbapi = importlib.import_module("adbc_driver_postgresql.dbapi")
    except ImportError:
        raise DataError(
            "reading PostgreSQL needs a package that is not installed",
            do='run `pip install "journey-workbench[postgres]"`',
        ) from None
    try:
        connection = dbapi.connect(address)
    except Exception:  # the driver's words hold host, user and sometimes more
        raise DataError(
            "the database cannot be reached, or does not let us in",
            where=f"the address in the environment variable {source.connection}",
            do="check it with `psql`, and that the server is running",
        ) from None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("SET LOCAL TIME ZONE 'UTC'")
            cursor.execute(query)
            return _keep(cursor.fetch_record_batch(), engine, into)
    except DataError:
        raise
    except Exception as error:
        raise _refused(error, source) from None


def _keep(reader: pa.RecordBatchReader, engine: Engine, into: str) -> set[str]:
    names = [f"_{name}" for name in reader.schema.names]
    twice = sorted({name[1:] for name in names if [n.lower() for n in names].count(name.lower()) > 1})
    if twice:
        raise DataError(
            f"the query names a column twice: {', '.join(repr(name) for name in twice)}",
            do="rename one with AS",
        )
    opaque = {
        name: getattr(field.type, "type_name", "").lower()
        for name, field in zip(names, reader.schema, strict=True)
    }
    fields = [
        pa.field(
            name, field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
        )
        for name, field in zip(names, reader.schema, strict=True)
    ]
    schema = pa.schema([*fields, pa.field("row", pa.int64())])
    engine.keep(into, schema.empty_table())
    first = 1
    for batch in reader:
        arrays = [a.storage if isinstance(a, pa.ExtensionArray) else a for a in batch.columns]
        row = pa.array(range(first, first + batch.num_rows), pa.int64())
        engine.keep(f"{into}_piece", pa.Table.from_arrays([*arrays, row], schema=schema))
        engine.run(f"INSERT INTO {into} SELECT * FROM {into}_piece")
        first += batch.num_rows
    engine.run(f"DROP TABLE IF EXISTS {into}_piece")
    return {name for name, kind in opaque.items() if kind == "numeric"}


def _refused(error: Exception, source: Source) -> DataError:
    """What the database said, where it speaks of the query; anything else could hold data or addresses."""
    state: Any = getattr(error, "sqlstate", None) or "unknown"
    said = re.search(r"ERROR:\s*([^\n]*)", str(error)) if str(state).startswith("42") else None
    what = "the database refused the query" + (f": {said[1]}" if said else "")
    if str(state) == "25006":
        what = "the query would change the database, which only may be read"
    return DataError(
        what,
        where=f"`query` of the source '{source.table}' (SQLSTATE {state})",
        do="correct `query` in journey.yaml",
    )
