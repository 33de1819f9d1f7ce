"""The demo shop in a PostgreSQL database: a schema of its own with a table for each of its files."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from journey_lib.demo.export_sheets import IDENTITY, MOMENTS, SHEETS, amounts, moments, sheet
from journey_lib.demo.export_shop import ZONE, Exported, Shop
from journey_lib.errors import ConfigError, DataError
from journey_lib.i18n import text as _

SCHEMA = "journey_demo"
MARK = "made by journey demo"  # the schema's comment; without it a schema is never replaced
ADDRESS = "JOURNEY_POSTGRES"
DAYS = ("date", "start", "end")
COUNTS = ("items", "impressions", "clicks", "platform_conversions", "score")
SHARES = ("lift", "standard_error")


def write(shop: Shop, folder: Path) -> Exported:  # noqa: ARG001
    """Fill the schema `journey_demo` of the database that JOURNEY_POSTGRES names, and ask it all back.

    Raises
    ------
    ConfigError
        The environment variable is not set.
    DataError
        The database cannot be reached or written to, or has a schema of that name which no demo made.
    """
    tables = dict(_tables(shop.raw))
    try:
        with _connected() as connection, connection.cursor() as cursor:
            _emptied(cursor)
            for name, table in tables.items():
                cursor.adbc_ingest(name, table, mode="create", db_schema_name=SCHEMA)
            connection.commit()
    except (ConfigError, DataError):
        raise
    except Exception as error:  # the driver's words may hold data; its code says enough
        raise DataError(
            _("the database does not let the demo shop make its schema {name}", name=SCHEMA),
            where=f"SQLSTATE {getattr(error, 'sqlstate', None) or 'unknown'}",
            do=_("let its user create schemas, or choose another database"),
        ) from None
    return Exported([_asked(name) for name in tables], identity=IDENTITY)


def _connected() -> Any:
    address = os.environ.get(ADDRESS)
    if not address:
        raise ConfigError(
            _("the environment variable {name} is not set", name=ADDRESS),
            do=_("run {command}", command=f"`export {ADDRESS}=postgresql://user@host/database`"),
        )
    try:
        dbapi = importlib.import_module("adbc_driver_postgresql.dbapi")
    except ImportError:
        raise DataError(
            _("writing to PostgreSQL needs a package that is not installed"),
            do=_("run {command}", command='`pip install "journey-workbench[postgres]"`'),
        ) from None
    try:
        return dbapi.connect(address)
    except Exception:  # the driver's words hold host, user and sometimes more
        raise DataError(_("the database cannot be reached, or does not let us in"), where=ADDRESS) from None


def _emptied(cursor: Any) -> None:
    """An empty schema, in place of the one an earlier demo made."""
    cursor.execute(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = $1",
        (SCHEMA,),
    )
    there = cursor.fetchall()
    if there and there[0][0] != MARK:
        raise DataError(
            _("the database has a schema {name} that the demo shop did not make", name=SCHEMA),
            do=_("give it another name, or choose another database"),
        )
    for command in (
        f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE",
        f"CREATE SCHEMA {SCHEMA}",
        f"COMMENT ON SCHEMA {SCHEMA} IS '{MARK}'",
    ):
        cursor.execute(command)


def _tables(raw: Path) -> Iterator[tuple[str, pa.Table]]:
    """The shop's files with the types of a database; a cell that is no such thing is NULL there."""
    yield "events", ds.dataset(sorted(map(str, raw.glob("events_*.parquet"))), format="parquet").to_table()
    yield "identifiers", pq.read_table(raw / "identifiers.parquet")
    for table in SHEETS:
        rows = sheet(raw, table)
        yield table, pa.table({str(name): _typed(str(name), rows[name]) for name in rows})


def _typed(name: str, texts: pd.Series[Any]) -> pa.Array:
    if name in MOMENTS:
        local = moments(texts).dt.tz_localize(ZONE)
        return pa.Array.from_pandas(local.dt.tz_convert("UTC"), type=pa.timestamp("us", "UTC"))
    if name in DAYS:
        return pa.Array.from_pandas(pd.to_datetime(texts, errors="coerce").dt.date, type=pa.date32())
    if name in ("value", "cost"):
        return pa.Array.from_pandas(amounts(texts), type=pa.int64()).cast(pa.decimal128(19, 0))
    if name in COUNTS:
        return pa.Array.from_pandas(pd.to_numeric(texts, errors="coerce").astype("Int64"), type=pa.int64())
    if name in SHARES:
        return pa.Array.from_pandas(pd.to_numeric(texts, errors="coerce"), type=pa.float64())
    return pa.array([text or None for text in texts], pa.string())


def _asked(table: str) -> dict[str, Any]:
    """How journey.yaml asks for a table; what the simulation knows and no tracking system would is left."""
    source = {"table": table, "format": "postgres", "query": f"SELECT * FROM {SCHEMA}.{table}"}  # noqa: S608
    tracked = {"ignore": ["customer_id"], "identified_by": "event_id"}
    return source | (tracked if table == "events" else {})
