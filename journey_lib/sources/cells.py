"""Delimited files as tables of text, of the wanted columns only: what the platform readers take apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.sources.delimited import MALFORMED
from journey_lib.sources.files import LONGEST_LINE, check_lines, scratch, transcoded, undecodable, zipped


def create(wanted: Sequence[str], engine: Engine, into: str) -> None:
    """Create `into` with file, row and the wanted columns, and ``<into>_bad`` for lines that are none."""
    columns = "".join(f", {identifier(name)} VARCHAR" for name in wanted)
    engine.run(f"CREATE TABLE {into} (file VARCHAR, row BIGINT{columns})")
    engine.run(f"CREATE TABLE {into}_bad (reason VARCHAR, file VARCHAR, row BIGINT, raw VARCHAR)")


def append(
    path: Path,
    header: Sequence[str],
    wanted: Sequence[str],
    engine: Engine,
    into: str,
    *,
    separator: str = ",",
    quote: str = '"',
    encoding: str = "utf-8",
    skip: int = 1,
    copy: Path | None = None,
) -> None:
    """Add the lines of a file behind the first `skip`, which `row` counts from 1; missing columns are NULL.

    Parameters
    ----------
    header
        The names of all columns, in the order of the file.
    copy
        A copy in UTF-8 and without the lines to skip, to be read in place of `path`.
    """
    if copy is not None:
        _append(copy, path, header, wanted, engine, into, (separator, quote), "utf-8", 0, skip)
        return
    check_lines(path)
    if encoding == "utf-8":
        try:
            _append(path, path, header, wanted, engine, into, (separator, quote), encoding, skip, skip)
            return
        except DataError as error:
            # The engine knows no file whose lines end now this way, now that.
            if "state machine" not in (error.where or ""):
                raise
    plain = transcoded(path, encoding, scratch(engine) / f"{into}.cells", skip)
    try:
        _append(plain, path, header, wanted, engine, into, (separator, quote), encoding, 0, skip)
    finally:
        plain.unlink()


def _append(
    file: Path,
    path: Path,
    header: Sequence[str],
    wanted: Sequence[str],
    engine: Engine,
    into: str,
    marks: tuple[str, str],
    encoding: str,
    skip: int,
    above: int,
) -> None:
    """Add the lines of `file`, which is `path` or its copy in UTF-8 without the lines above the rows."""
    rejects, name = f"{into}_rejects", literal(path.name)
    for table in (rejects, f"{rejects}_scan"):
        engine.run(f"DROP TABLE IF EXISTS {identifier(table)}")
    columns = "{" + ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header))) + "}"
    place = {column: f"c{index}" for index, column in reversed(list(enumerate(header)))}
    taken = ", ".join(f"{place[column]} AS {identifier(column)}" for column in wanted if column in place)
    separator, quote = marks
    engine.run(
        f"INSERT INTO {into} BY NAME SELECT {name} AS file, row_number() OVER () AS row"
        f"{', ' + taken if taken else ''} FROM read_csv({literal(str(file))}, auto_detect=false,"
        f" header=false, skip={skip}, delim={literal(separator)}, quote={literal(quote)},"
        f" escape={literal(quote)}, nullstr='', columns={columns},"
        f" compression='{'gzip' if zipped(file) else 'none'}', max_line_size={LONGEST_LINE},"
        f" store_rejects=true, rejects_table={literal(rejects)}, rejects_scan={literal(rejects + '_scan')})"
    )
    wrong = engine.one(
        f"SELECT min(line) FROM {identifier(rejects)} WHERE error_type::VARCHAR = 'INVALID ENCODING'"
    )[0]
    if wrong is not None:
        raise undecodable(path, encoding, int(wrong) + above - skip)
    # A mark that opens a cell and is never closed swallows lines: each of them is a line that was not read.
    engine.run(
        f"INSERT INTO {into}_bad SELECT '{MALFORMED}', {name}, line - {skip}"
        f" + generate_subscripts(said, 1) - 1, unnest(said) FROM (SELECT line,"
        " string_split(rtrim(any_value(csv_line), chr(13) || chr(10)), chr(10)) AS said"
        f" FROM {identifier(rejects)} GROUP BY line)"
    )


def seconds(since_1970: str) -> str:
    """Seconds since 1970 as a written time in UTC; a text that is no such number stays as it is."""
    micros = f"CAST(round(try_cast({since_1970} AS DOUBLE) * 1000000) AS BIGINT)"
    return f"coalesce(CAST(try(make_timestamp({micros})) AS VARCHAR), {since_1970})"


def pointer(field: str) -> str:
    """The path of a JSON field as the engine takes it, each part quoted: ``$."user"."id"``."""
    parts = (part.replace("\\", "\\\\").replace('"', '\\"') for part in field.split("."))
    return "$" + "".join(f'."{part}"' for part in parts)


def padded(number: str, digits: int = 14) -> str:
    """A number as text that sorts as the number does."""
    text = f"CAST({number} AS VARCHAR)"
    return f"lpad({text}, CAST(greatest({digits}, length({text})) AS INTEGER), '0')"
