"""Costs as Google, Meta, TikTok and Zalo Ads export them: titles above the table, totals below it.

The day is the ad account's, and what the platform claims to have sold is kept apart from what was observed.
`docs/sources.md` tells which headings are known, and what to declare.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from journey_lib.engine import Engine, literal
from journey_lib.errors import DataError
from journey_lib.sources import ads_headings, convert, visits
from journey_lib.sources.ads_headings import Headings
from journey_lib.sources.delimited import MALFORMED
from journey_lib.sources.files import codec, damaged, matching, opened, undecodable
from journey_lib.workspace import Source

MARKS = (",", "\t", ";")
TITLES = 40  # lines that may stand above the header
SEVERAL_DAYS = "row covers more than one day"
TOTALS, NOT_COMPARED = "total rows", "totals that could not be compared"
# A row of totals says so where a campaign or a day would stand.
TOTAL = re.compile(r"(?i)(?:grand |sub)?(?:totals?|tổng|results? from|kết quả từ)\b")
WHOLE = re.compile(r"(?i)account|tài khoản|grand|cộng")  # of several totals, the one of everything
NOTHING = re.compile(r"[-–—\s]*")  # how platforms write that there is nothing to tell


@dataclass(frozen=True)
class Sheet:
    """One export: its header, its rows of as many cells, and the lines that are none."""

    path: Path
    headings: Headings
    rows: Sequence[Sequence[str]]
    malformed: Sequence[tuple[int, str]]


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage the rows of one or many exports; totals are compared with them and not staged.

    Raises
    ------
    DataError
        A file has no line with a known heading for the day and the cost, or its grand total is not what its
        rows come to: one of the two is wrong, and money hangs on it.
    """
    visits.only(source, "costs")
    counted: Counter[str] = Counter()
    parts = []
    for index, path in enumerate(matching(source, root)):
        part = f"{into}_{index}"
        sheet = _read(source, path)
        counted.update(_canonical(source, sheet, engine, part))
        counted.update(_take_out_totals(source, sheet, engine, part))
        _keep_apart(sheet, engine, part)
        parts.append(part)
    engine.run(f"CREATE TABLE {into} AS {' UNION ALL '.join(f'SELECT * FROM {part}' for part in parts)}")
    for part in parts:
        engine.run(f"DROP TABLE {part}")
    return dict(counted)


# --- what the file says ---


def _read(source: Source, path: Path) -> Sheet:
    encoding = codec(path, source.encoding)
    with opened(path) as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):  # a mark, not a guess
            encoding = "utf-16"
    try:
        with opened(path) as file, io.TextIOWrapper(file, encoding, newline="") as text:
            above = list(itertools.islice(text, TITLES))
            at, mark, headings = _header(source, path, above)
            lines = csv.reader(itertools.chain(above[at + 1 :], text), delimiter=mark)
            return _sheet(path, headings, lines, mark)
    except UnicodeError as error:
        before = getattr(error, "object", b"")[: getattr(error, "start", 0)]
        raise undecodable(path, source.encoding, 1 + before.count(b"\n")) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, error) from error
    except csv.Error as error:
        raise DataError(
            f"{path.name} cannot be read as CSV", where=f"{path}: {error}", do="export it again"
        ) from error


def _header(source: Source, path: Path, above: Sequence[str]) -> tuple[int, str, Headings]:
    """The line that heads the columns, the first that names a day and a cost, and what parts its cells."""
    marks = MARKS if source.separator == MARKS[0] else (source.separator,)
    lines = range(len(above)) if source.header == 1 else (source.header - 1,)
    for at in lines:
        for mark in marks:
            cells = next(csv.reader([above[at]], delimiter=mark), []) if at < len(above) else []
            headings = ads_headings.find(cells, source.columns)
            if headings:
                return at, mark, headings
    raise DataError(
        f"{path.name} has no header with a known heading for the day and the cost",
        where=f"{path}, lines 1 to {len(above)}",
        do="export it by day, or name its headings: `columns: {date: ..., cost: ...}` in journey.yaml",
    )


def _sheet(path: Path, headings: Headings, lines: Iterable[Sequence[str]], mark: str) -> Sheet:
    width, rows, malformed = len(headings.names), [], []
    number = 0
    for said in lines:
        cells = [unicodedata.normalize("NFC", cell) for cell in said]  # a total may be typed on a Mac
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        filled = [*cells, *[""] * (width - len(cells))]
        short = len(cells) < width and not any(TOTAL.match(cell.strip()) for cell in cells)
        if short or any(cell.strip() for cell in filled[width:]):
            # A mark that opens a cell and is never closed swallows lines: each of them was not read.
            malformed += [(number, line) for line in mark.join(cells).splitlines()]
            filled = [""] * width
        rows.append(filled[:width])
    return Sheet(path, headings, rows, malformed)


def _labelled(sheet: Sheet) -> dict[int, str]:
    """Rows of totals by their number, and what they say they are the total of.

    A campaign may be called Total Care: a row with a day is never a total.
    """
    day, found = sheet.headings.places["date"], {}
    for number, cells in enumerate(sheet.rows, 1):
        said = next((cell.strip() for cell in cells if TOTAL.match(cell.strip())), None)
        if said and (TOTAL.match(cells[day].strip()) or NOTHING.fullmatch(cells[day])):
            found[number] = said
    return found


def _unlabelled(sheet: Sheet) -> list[int]:
    """Rows that may be totals: without a day, or of several days without a campaign."""
    places, last, found = sheet.headings.places, sheet.headings.last_day, []
    for number, cells in enumerate(sheet.rows, 1):
        nameless = "campaign" not in places or not cells[places["campaign"]].strip()
        several = last is not None and cells[last].strip() != cells[places["date"]].strip()
        if nameless and (several or not cells[places["date"]].strip()) and any(cells):
            found.append(number)
    return found


# --- what becomes of it ---


def _canonical(source: Source, sheet: Sheet, engine: Engine, into: str) -> dict[str, int]:
    """Stage every row, totals among them."""
    headings = sheet.headings
    columns = {
        name: headings.names[at]
        for name, at in headings.places.items()
        if name not in source.set and (name not in source.ignore or name in source.columns)
    }
    places = {headings.names[at]: f"c{at}" for name, at in headings.places.items() if name in columns}
    if headings.currency and "currency" not in {*columns, *source.set}:
        columns["currency"] = "currency of the heading"
        places["currency of the heading"] = literal(headings.currency)
    if source.platform and "channel" not in {*source.columns, *source.set}:
        columns["channel"] = "channel of the platform"
        places["channel of the platform"] = _channel(source.platform, headings)
    for name, heading in source.columns.items():
        columns.setdefault(name, heading)  # not there: refused with what the file has
    said = f"{into}_said"
    cells = {f"c{at}": [_plain(row[at]) for row in sheet.rows] for at in range(len(headings.names))}
    table = {"row": pa.array(range(1, len(sheet.rows) + 1), pa.int64())}
    table |= {name: pa.array(column, pa.string()) for name, column in cells.items()}
    engine.keep(said, pa.table(table))
    exact = source.model_copy(update={"columns": columns, "ignore": ()})
    kinds = dict.fromkeys(places, "VARCHAR")
    relation = f"SELECT *, {literal(sheet.path.name)} AS file FROM {said}"
    counted = convert.canonical(exact, kinds, relation, engine, into, places)
    engine.run(f"DROP TABLE {said}")
    return counted


def _plain(cell: str) -> str | None:
    return None if NOTHING.fullmatch(cell) else cell


def _channel(platform: str, headings: Headings) -> str:
    usual = literal(ads_headings.CHANNELS[platform])
    if headings.kind is None:
        return usual
    kinds = " ".join(f"WHEN {literal(k)} THEN {literal(c)}" for k, c in ads_headings.KINDS.items())
    return f"CASE lower(nfc_normalize(trim(c{headings.kind}))) {kinds} ELSE {usual} END"


def _take_out_totals(source: Source, sheet: Sheet, engine: Engine, into: str) -> dict[str, int]:
    """Remove the rows of totals, when the grand total is what the other rows come to."""
    costs = dict(engine.rows(f"SELECT row, cost FROM {into}"))
    place = sheet.headings.places["cost"]
    written = {row: _plain(cells[place]) for row, cells in enumerate(sheet.rows, 1)}
    unread = bool(sheet.malformed) or any(costs[row] is None and said for row, said in written.items())
    digits = {row: _digits(said or "", source.numbers) for row, said in written.items()}
    totals = _labelled(sheet)
    counted: Counter[str] = Counter()
    if totals:
        grand = [row for row, said in totals.items() if len(totals) == 1 or WHOLE.search(said)]
        if len(grand) != 1 or costs[grand[0]] is None or unread:
            counted[NOT_COMPARED] += 1
        else:
            total, added, near = _compared(costs, digits, grand[0], totals)
            if not near:
                raise _differs(sheet, grand[0], totals[grand[0]], total, added)
    else:
        maybe = _unlabelled(sheet)
        one = len(maybe) == 1 and len(sheet.rows) > 2 and costs[maybe[0]]
        if one and not unread and _compared(costs, digits, maybe[0], maybe)[2]:
            totals = {maybe[0]: ""}
    if totals:
        counted[TOTALS] += len(totals)
        engine.run(f"DELETE FROM {into} WHERE row IN ({', '.join(map(str, totals))})")
    return dict(counted)


def _digits(said: str, style: str | None) -> int:
    """How many digits of an amount are written behind its decimal mark."""
    found = re.search(r",(\d+)\D*$" if style == "1.234,5" else r"\.(\d+)\D*$", said)
    return len(found[1]) if found else 0


def _compared(
    costs: Mapping[int, float | None], digits: Mapping[int, int], grand: int, totals: Collection[int]
) -> tuple[Decimal, Decimal, bool]:
    """A total, what the rows come to, and whether they are equal but for the rounding of each."""
    rows = {row: Decimal(str(cost)) for row, cost in costs.items() if cost is not None and row not in totals}
    total, added = Decimal(str(costs[grand])), sum(rows.values(), Decimal())
    half = {row: Decimal(10) ** -digits[row] / 2 for row in (*rows, grand)}
    return total, added, abs(total - added) <= sum(half.values())


def _differs(sheet: Sheet, row: int, said: str, total: Decimal, added: Decimal) -> DataError:
    return DataError(
        f"the total of {sheet.path.name} is {total.normalize():,f}, but its rows come to"
        f" {added.normalize():,f}",
        where=f"{sheet.path}, row {row}: '{said[:60]}'",
        do="export it again without a filter, so that rows and total are of the same campaigns and days;"
        " a file that was cut or edited is not counted",
    )


def _keep_apart(sheet: Sheet, engine: Engine, into: str) -> None:
    """Give the reasons that the whole row tells: no row at all, or one of several days."""
    last, day = sheet.headings.last_day, sheet.headings.places["date"]
    if last is not None:
        long = [n for n, cells in enumerate(sheet.rows, 1) if cells[last].strip() != cells[day].strip()]
        listed = ", ".join(map(str, long)) or "NULL"
        engine.run(f"UPDATE {into} SET reason = '{SEVERAL_DAYS}' WHERE reason IS NULL AND row IN ({listed})")
    if sheet.malformed:
        rows = ", ".join(str(row) for row, _ in sheet.malformed)
        engine.run(f"DELETE FROM {into} WHERE row IN ({rows})")
        for row, raw in sheet.malformed:
            engine.run(
                f"INSERT INTO {into} (reason, file, row, raw) VALUES (?, ?, ?, ?)",
                [MALFORMED, sheet.path.name, row, raw],
            )
