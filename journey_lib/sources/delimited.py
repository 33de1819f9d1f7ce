"""CSV and its relatives: every cell is read as text, malformed lines are kept with their line number."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import ConfigError, DataError
from journey_lib.sources import convert
from journey_lib.sources.files import (
    LONGEST_LINE,
    check_lines,
    codec,
    damaged,
    file_by_file,
    opened,
    scratch,
    transcoded,
    undecodable,
    zipped,
)
from journey_lib.workspace import Source

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MALFORMED = "line is malformed"


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage delimited text (optionally gzipped), declared by its separator, encoding, dates and numbers."""
    if source.separator in '"\r\n\0' or source.separator.isalnum():
        raise ConfigError(
            f"separator: {source.separator!r} cannot stand between cells",
            do='write the character between the columns, such as "," or ";" or "\\t"',
        )
    return file_by_file(source, root, engine, into, _stage_file)


def _stage_file(source: Source, path: Path, engine: Engine, into: str) -> dict[str, int]:
    check_lines(path)
    header = _header(source, path)
    if source.encoding == "utf-8" and source.header == 1:
        try:
            return _read(source, path, path, header, engine, into)
        except DataError as error:
            # The engine knows no file whose lines end now this way, now that.
            if "state machine" not in (error.where or ""):
                raise
            engine.run(f"DROP TABLE IF EXISTS {into}")
    copy = transcoded(path, source.encoding, scratch(engine) / f"{into}.csv", source.header - 1)
    try:
        return _read(source, copy, path, header, engine, into)
    finally:
        copy.unlink()


def _read(
    source: Source, file: Path, path: Path, header: list[str], engine: Engine, into: str
) -> dict[str, int]:
    """Read `file`, which is `path` or its copy in UTF-8, and keep what the engine could not read."""
    columns = "{" + ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header))) + "}"
    rejects = f"{into}_rejects"
    scan = (
        f"read_csv({literal(str(file))}, auto_detect=false, header=false, skip=1,"
        f" delim={literal(source.separator)}, quote='\"', escape='\"', nullstr='', columns={columns},"
        f" compression='{'gzip' if zipped(file) else 'none'}', max_line_size={LONGEST_LINE},"
        f" store_rejects=true, rejects_table={literal(rejects)}, rejects_scan={literal(rejects + '_scan')})"
    )
    name = literal(path.name)
    relation = f"SELECT *, {name} AS file, row_number() OVER () AS row FROM {scan}"
    places = {column: f"c{index}" for index, column in enumerate(header) if column}
    engine.run(f"DROP TABLE IF EXISTS {identifier(rejects)}")
    engine.run(f"DROP TABLE IF EXISTS {identifier(rejects + '_scan')}")
    counted = convert.canonical(source, dict.fromkeys(places, "VARCHAR"), relation, engine, into, places)
    above = source.header - 1
    wrong = engine.one(
        f"SELECT min(line) FROM {identifier(rejects)} WHERE error_type::VARCHAR = 'INVALID ENCODING'"
    )[0]
    if wrong is not None:
        raise undecodable(path, source.encoding, int(wrong) + above)
    # A mark that opens a cell and is never closed swallows lines: each of them is a line that was not read.
    engine.run(
        f"INSERT INTO {into} (reason, file, row, raw) SELECT '{MALFORMED}', {name},"
        f" line + {above} + generate_subscripts(said, 1) - 1, unnest(said) FROM (SELECT line,"
        " string_split(rtrim(any_value(csv_line), chr(13) || chr(10)), chr(10)) AS said"
        f" FROM {identifier(rejects)} GROUP BY line)"
    )
    return counted


def _header(source: Source, path: Path) -> list[str]:
    """The names of the columns, from the declared line."""
    reached = 0
    try:
        with opened(path) as file, io.TextIOWrapper(file, codec(path, source.encoding), newline="") as text:
            lines = iter(text)
            for reached in range(1, source.header):  # noqa: B007
                next(lines, None)
            header = next(csv.reader(lines, delimiter=source.separator), [])
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, error) from error
    except UnicodeError as error:
        before = getattr(error, "object", b"")[: getattr(error, "start", 0)]
        raise undecodable(path, source.encoding, 1 + before.count(b"\n")) from error
    except (csv.Error, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as CSV", where=f"{path}, line {reached + 1}: {error}"
        ) from error
    _refuse_wrong_separator(source, path, header)
    header = [convert.column_name(name) for name in header]
    if not any(header):
        raise DataError(
            f"{path.name} is empty" if source.header == 1 else f"{path.name} has no names in its header line",
            where=f"{path}, line {source.header}",
            do="export it again, with its header line, or correct `header` in journey.yaml",
        )
    twice = sorted(name for name, count in Counter(filter(None, header)).items() if count > 1)
    if twice:
        raise DataError(
            f"{path.name} names a column twice: {', '.join(repr(name) for name in twice)}",
            where=f"{path}, line {source.header}",
            do="rename one of them",
        )
    return header


def _refuse_wrong_separator(source: Source, path: Path, header: list[str]) -> None:
    if len(header) != 1 or convert.column_name(header[0]) in map(
        convert.column_name, source.columns.values()
    ):
        return
    seen = [mark for mark in SEPARATORS if mark != source.separator and mark in header[0]]
    if seen:
        likely = max(seen, key=header[0].count)
        raise DataError(
            f"{path.name} has one column when it is cut at {source.separator!r}; its header has {likely!r}",
            where=f"{path}, line {source.header}",
            do=f'say `separator: "{likely}"` under this source in journey.yaml'.replace("\t", "\\t"),
        )
