"""Parquet: types come with the file; what is text is converted by declaration like any other text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.sources import convert
from journey_lib.sources.files import matching
from journey_lib.workspace import Source

FILE = "file the row came from"


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage one or many Parquet files of the same columns."""
    files = matching(source, root)
    for path in files:
        try:
            pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{path.name} cannot be read as Parquet", where=str(path), do="export or copy it again"
            ) from error
    listed = "[" + ", ".join(literal(str(path)) for path in files) + "]"
    scan = f"read_parquet({listed}, filename='{FILE}', file_row_number=true, binary_as_string=true)"
    kinds = {name: kind for name, kind, *_ in engine.rows(f"DESCRIBE SELECT * FROM {scan}")}
    own = {name: kind for name, kind in kinds.items() if name not in {FILE, "file_row_number"}}
    told = f"parse_filename({identifier(FILE)}) AS file, file_row_number + 1 AS row"
    columns = ", ".join(f"{identifier(name)} AS c{index}" for index, name in enumerate(own))
    places = {name: f"c{index}" for index, name in enumerate(own)}
    relation = f"SELECT {columns}, {told} FROM {scan}"
    return convert.canonical(source, own, relation, engine, into, places)
