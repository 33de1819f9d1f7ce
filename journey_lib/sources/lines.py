"""Files of one record a line, as a table of lines: what the platform readers take apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.sources.delimited import MALFORMED
from journey_lib.sources.files import (
    LONGEST_LINE,
    check_lines,
    scratch,
    transcoded,
    undecodable,
    zipped,
)
from journey_lib.sources.jsonl import DEEPEST, NEVER, refuse_whole


def read(paths: Sequence[Path], encoding: str, engine: Engine, into: str) -> None:
    """Create `into` with file, row and line of every line, and ``<into>_bad`` of what is no text to be read.

    `row` is the number of the line in its file, from 1; empty lines count, and are left out.
    """
    engine.run(f"CREATE TABLE {into} (file VARCHAR, row BIGINT, line VARCHAR)")
    engine.run(f"CREATE TABLE {into}_bad (reason VARCHAR, file VARCHAR, row BIGINT, raw VARCHAR)")
    for path in paths:
        check_lines(path)
        refuse_whole(path, encoding)
        if encoding == "utf-8":
            try:
                _append(path, path, encoding, engine, into)
                continue
            except DataError as error:
                # The engine knows no file whose lines end now this way, now that.
                if "state machine" not in (error.where or ""):
                    raise
        copy = transcoded(path, encoding, scratch(engine) / f"{into}.lines")
        try:
            _append(copy, path, encoding, engine, into)
        finally:
            copy.unlink()


def _append(file: Path, path: Path, encoding: str, engine: Engine, into: str) -> None:
    """Add the lines of `file`, which is `path` or its copy in UTF-8."""
    rejects, name = f"{into}_rejects", literal(path.name)
    for table in (rejects, f"{rejects}_scan"):
        engine.run(f"DROP TABLE IF EXISTS {identifier(table)}")
    engine.run(
        f"INSERT INTO {into} FROM (SELECT {name} AS file, row_number() OVER () AS row, line"
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
        raise undecodable(path, encoding, int(wrong))
    engine.run(
        f"INSERT INTO {into}_bad SELECT '{MALFORMED}', {name}, line, any_value(csv_line)"
        f" FROM {identifier(rejects)} GROUP BY line"
    )


def keep_objects(engine: Engine, into: str) -> None:
    """Move lines that hold no JSON object, or hold one nested beyond reason, to those that cannot be read."""
    # What is no JSON must not reach the functions that take JSON apart, in whatever order the engine works.
    good = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
    engine.run(f"INSERT INTO {into}_bad SELECT '{MALFORMED}', file, row, line FROM {into} WHERE NOT ({good})")
    if engine.one(f"SELECT count(*) FROM {into}_bad")[0]:
        engine.run(f"DELETE FROM {into} WHERE NOT ({good})")
    brackets = "length(line) - length(replace(replace(line, '[', ''), '{', ''))"
    for file, row, line in engine.rows(
        f"SELECT file, row, line FROM {into} WHERE {brackets} > {DEEPEST} ORDER BY file, row"
    ):
        depth = deepest = 0
        for mark in line:
            depth += (mark in "[{") - (mark in "]}")
            deepest = max(deepest, depth)
        if deepest > DEEPEST:
            raise DataError(
                f"{file} has JSON nested more than {DEEPEST} deep",
                where=f"{file}, line {row}",
                do="remove that line: it is damaged, or was made to do harm",
            )


def add_bad(engine: Engine, lines: str, into: str) -> None:
    """Add the lines that could not be read to the staged table, with their reason."""
    engine.run(f"INSERT INTO {into} (reason, file, row, raw) SELECT * FROM {lines}_bad")


def pointer(field: str) -> str:
    """The path of a nested field as the engine takes it, each part quoted: ``$."user"."id"``."""
    parts = (part.replace("\\", "\\\\").replace('"', '\\"') for part in field.split("."))
    return "$" + "".join(f'."{part}"' for part in parts)


def fields(names: Sequence[str], into: str, engine: Engine) -> set[str]:
    """Which of these fields are in any line."""
    if not names:
        return set()
    asked = ", ".join(f"bool_or(json_exists(line, {literal(pointer(name))}))" for name in names)
    found = engine.one(f"SELECT {asked} FROM {into}")
    return {name for name, there in zip(names, found, strict=True) if there}
