"""Parquet: types come with the file; what is text is converted by declaration like any other text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine, literal
from journey_lib.sources import convert
from journey_lib.sources.files import matching
from journey_lib.workspace import Source


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage one or many Parquet files of the same columns."""
    listed = "[" + ", ".join(literal(str(path)) for path in matching(source, root)) + "]"
    scan = f"read_parquet({listed}, filename='file', file_row_number=true)"
    kinds = {name: kind for name, kind, *_ in engine.rows(f"DESCRIBE SELECT * FROM {scan}")}
    own = {name: kind for name, kind in kinds.items() if name not in {"file", "file_row_number"}}
    relation = f"SELECT * REPLACE (parse_filename(file) AS file), file_row_number + 1 AS row FROM {scan}"
    convert.canonical(source, own, relation, engine, into)
    return {}
