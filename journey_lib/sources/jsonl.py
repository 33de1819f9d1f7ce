"""JSON lines: one object a line, its fields taken by declared paths and never sniffed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.model import TABLES
from journey_lib.sources import convert
from journey_lib.sources.delimited import MALFORMED
from journey_lib.sources.files import (
    LONGEST_LINE,
    check_lines,
    codec,
    file_by_file,
    opened,
    scratch,
    transcoded,
    undecodable,
    zipped,
)
from journey_lib.workspace import Source

DEEPEST = 200
# What is no JSON must not reach the functions that take JSON apart, in whatever order the engine works.
OBJECT = "(CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END)"
NEVER = "\x1f"  # a character that no JSON may hold as it is, so that a line is one cell


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage JSON lines (optionally gzipped); `columns` may name nested fields, such as ``user.id``."""
    return file_by_file(source, root, engine, into, _stage_file)


def _stage_file(source: Source, path: Path, engine: Engine, into: str) -> dict[str, int]:
    check_lines(path)
    refuse_whole(path, source.encoding)
    if source.encoding == "utf-8":
        try:
            return _read(source, path, path, engine, into)
        except DataError as error:
            if "state machine" not in (error.where or ""):
                raise
            engine.run(f"DROP TABLE IF EXISTS {into}")
    copy = transcoded(path, source.encoding, scratch(engine) / f"{into}.jsonl")
    try:
        return _read(source, copy, path, engine, into)
    finally:
        copy.unlink()


def _read(source: Source, file: Path, path: Path, engine: Engine, into: str) -> dict[str, int]:
    rejects, lines = f"{into}_rejects", f"{into}_lines"
    for name in (rejects, f"{rejects}_scan", lines):
        engine.run(f"DROP TABLE IF EXISTS {identifier(name)}")
    engine.run(
        f"CREATE TABLE {lines} AS FROM (SELECT line, row_number() OVER () AS row"
        f" FROM read_csv({literal(str(file))},"
        f" auto_detect=false, header=false, delim={literal(NEVER)}, quote='', escape='', nullstr='',"
        f" columns={{'line': 'VARCHAR'}}, compression='{'gzip' if zipped(file) else 'none'}',"
        f" max_line_size={LONGEST_LINE}, store_rejects=true, rejects_table={literal(rejects)},"
        f" rejects_scan={literal(rejects + '_scan')})) WHERE line <> ''"
    )
    wrong = engine.one(
        f"SELECT min(line) FROM {identifier(rejects)} WHERE error_type::VARCHAR = 'INVALID ENCODING'"
    )[0]
    if wrong is not None:
        raise undecodable(path, source.encoding, int(wrong))
    _refuse_deep(path, engine, lines)
    wanted = {
        name: name for name in TABLES[source.table] if name not in source.ignore and name not in source.set
    }
    fields = dict.fromkeys((wanted | source.columns).values(), "VARCHAR")
    known = _fields(engine, lines, fields)
    good = OBJECT
    relation = (
        f"SELECT CASE WHEN {good} THEN line END AS line, {literal(path.name)} AS file, row FROM {lines}"
        f" WHERE {good}"
    )
    places = {field: f"json_extract_string(line, {literal(_pointer(field))})" for field in known}
    counted = convert.canonical(source, dict.fromkeys(known, "VARCHAR"), relation, engine, into, places)
    engine.run(
        f"INSERT INTO {into} (reason, file, row, raw) SELECT '{MALFORMED}', {literal(path.name)}, row, line"
        f" FROM {lines} WHERE NOT ({good}) UNION ALL SELECT '{MALFORMED}', {literal(path.name)}, line,"
        f" any_value(csv_line) FROM {identifier(rejects)} GROUP BY line"
    )
    engine.run(f"DROP TABLE {lines}")
    return counted


def refuse_whole(path: Path, encoding: str) -> None:
    """Stop at a file that is one JSON value over many lines, or one list: no line of it is an object.

    Raises
    ------
    DataError
        The file is a list of records, or a record is spread over several lines.
    """
    try:
        with opened(path) as file, io.TextIOWrapper(file, codec(path, encoding)) as text:
            first = ""
            while not first.strip() and (line := text.readline(LONGEST_LINE)):
                first = line
    except (UnicodeError, EOFError, zlib.error, OSError):
        return  # what is damaged or in another encoding is told where it is read
    first = first.strip()
    whole = "zcat" if zipped(path) else "cat"
    command = f"{whole} {path.name} | jq -c '{{}}' > lines.jsonl"
    if first.startswith("["):
        raise DataError(
            f"{path.name} is one JSON list, not one object a line",
            where=f"{path}, line 1",
            do=f"write one object a line: `{command.format('.[]')}`",
        )
    if first == "{":
        raise DataError(
            f"{path.name} is JSON written over several lines, not one object a line",
            where=f"{path}, line 1",
            do=f"write one object a line: `{command.format('.')}`",
        )


def _fields(engine: Engine, lines: str, fields: Mapping[str, str]) -> list[str]:
    """Which fields the file has at all: a field that no line has is a column that is missing."""
    asked = ", ".join(
        f"coalesce(bool_or(json_exists(line, {literal(_pointer(field))})), false)" for field in fields
    )
    found = engine.one(
        f"SELECT count(line), {asked} FROM (SELECT CASE WHEN {OBJECT} THEN line END AS line FROM {lines})"
    )
    if not found[0]:
        return list(fields)
    return [field for field, there in zip(fields, found[1:], strict=True) if there]


def _pointer(field: str) -> str:
    """The path of a field as the engine takes it, each part quoted: ``$."user"."id"``."""
    parts = (part.replace("\\", "\\\\").replace('"', '\\"') for part in field.split("."))
    return "$" + "".join(f'."{part}"' for part in parts)


def _refuse_deep(path: Path, engine: Engine, lines: str) -> None:
    """Stop at JSON nested so deeply that reading it could exhaust the machine."""
    brackets = "length(line) - length(replace(replace(line, '[', ''), '{', ''))"
    deep = engine.rows(f"SELECT row, line FROM {lines} WHERE {brackets} > {DEEPEST} ORDER BY row")
    for row, line in deep:
        depth = deepest = 0
        for mark in line:
            depth += (mark in "[{") - (mark in "]}")
            deepest = max(deepest, depth)
        if deepest > DEEPEST:
            raise DataError(
                f"{path.name} has JSON nested more than {DEEPEST} deep",
                where=f"{path}, line {row}",
                do="remove that line: it is damaged, or was made to do harm",
            )
