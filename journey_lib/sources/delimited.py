"""CSV and its relatives: every cell is read as text, malformed lines are kept with their line number."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.sources import convert
from journey_lib.sources.files import matching
from journey_lib.workspace import Source


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage delimited text (UTF-8, optionally gzipped), declared by its separator, dates and numbers."""
    parts = []
    for index, path in enumerate(matching(source, root)):
        part = f"{into}_{index}"
        _stage_file(source, path, engine, part)
        parts.append(part)
    engine.run(f"CREATE TABLE {into} AS {' UNION ALL '.join(f'SELECT * FROM {p}' for p in parts)}")
    for part in parts:
        engine.run(f"DROP TABLE {part}")
    return {}


def _stage_file(source: Source, path: Path, engine: Engine, into: str) -> None:
    header = _header(path, source.separator)
    columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header) + "}"
    rejects = f"{into}_rejects"
    scan = (
        f"read_csv({literal(str(path))}, auto_detect=false, header=true, delim={literal(source.separator)},"
        f" quote='\"', escape='\"', nullstr='', columns={columns}, store_rejects=true,"
        f" rejects_table={literal(rejects)}, rejects_scan={literal(rejects + '_scan')})"
    )
    relation = f"SELECT *, {literal(path.name)} AS file, row_number() OVER () AS row FROM {scan}"
    convert.canonical(source, dict.fromkeys(header, "VARCHAR"), relation, engine, into)
    engine.run(
        f"INSERT INTO {into} (reason, file, row, raw) SELECT 'line is malformed', {literal(path.name)}, line,"
        f" any_value(csv_line) FROM {identifier(rejects)} GROUP BY line"
    )


def _header(path: Path, separator: str) -> list[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, delimiter=separator), [])
    except (UnicodeDecodeError, EOFError, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as UTF-8 text", where=f"{path}: {error}", do="export it as UTF-8 CSV"
        ) from error
    if not any(header):
        raise DataError(f"{path.name} is empty", where=str(path), do="export it again, with its header line")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            f"{path.name} names a column twice: {', '.join(repr(name) for name in twice)}",
            where=f"{path}, line 1",
            do="rename one of them",
        )
    return header
