"""Which column of a file is which column of a canonical table, by headings first and by cells as a check."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journey_lib.draft import headings, shapes
from journey_lib.model import IDENTIFIERS, TABLES
from journey_lib.sources.column import DAYS, MOMENTS, NUMBERS
from journey_lib.sources.convert import column_name

IDENTIFYING = (*IDENTIFIERS, "order_id", "ticket_id", "survey_id", "event_id")
TRAITS = ("name", "city", "district", "birth_year", "gender", "joined", "opt_out", "tier")
OWN_TRAITS = ("birth_year", "gender", "opt_out", "tier")
SETTABLE = ("event_type", "metric", "channel", "kind")  # columns that may be one constant for a whole file
ENOUGH = 6  # score from which a file with a column missing is still taken for a table
LIKELY = 0.5  # share of a column's cells that must look like what it is taken for
EXCEL_DAYS = (20_000, 80_000)  # numbers that Excel would show as days of 1954 to 2119
SEVERAL, FEW = 40, 10  # cells with as few different values are kinds of something
DEVICES = ("mobile", "desktop", "tablet", "web", "app", "ios", "android", "pc", "smart tv", "điện thoại")
LEAST = 5  # cells by which a column is told without its heading


@dataclass(frozen=True)
class Fit:
    """A table as the columns of a file fill it: canonical column → heading."""

    table: str
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    ignore: tuple[str, ...]
    missing: tuple[str, ...]
    score: float
    eligible: bool

    @property
    def complete(self) -> bool:
        """Whether no row would lack what it cannot do without."""
        return not self.missing


def tidy(heading: str) -> str:
    """A heading as the readers compare it."""
    return column_name(heading)


def fit(table: str, cells: Mapping[str, Sequence[Any]], file_name: str = "") -> Fit:
    """Fit the columns of a file to one table, and say how well they do."""
    columns = _matched(table, cells)
    if "customer_id" in TABLES[table]:
        columns |= _by_cells(columns, cells)
    constants = _constants(table, columns, file_name)
    known = columns.keys() | constants.keys()
    missing = [name for name, required in TABLES[table].items() if required and name not in known]
    people = "customer_id" in TABLES[table]
    if people and not set(IDENTIFIERS) & known:
        missing.insert(0, "customer_id")
    telling = headings.TELLING[table]
    score = float(sum(telling.get(name, 1) for name in columns))
    score += 3 if not missing else 0
    score += 2 if _named(table, file_name) else 0
    here = {tidy(heading) for heading in cells} & set(TABLES[table])
    return Fit(
        table,
        {name: columns[name] for name in TABLES[table] if name in columns},
        constants,
        tuple(name for name in TABLES[table] if name in here - columns.keys()),
        tuple(missing),
        score,
        _eligible(table, columns, missing, score, cells),
    )


def _matched(table: str, cells: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Every column with the heading that fits it best; no heading serves twice."""
    order = list(TABLES[table])
    offers = sorted(
        (rank, order.index(column), place, column, heading)
        for place, heading in enumerate(cells)
        for column in order
        if heading
        and (rank := headings.rank(table, column, heading)) is not None
        and plausible(column, heading, cells[heading])
    )
    found: dict[str, str] = {}
    for _, _, _, column, heading in offers:
        if column not in found and heading not in found.values():
            found[column] = heading
    for column, needed in TABLES[table].items():  # what no row can be without comes before what it may lack
        if needed and column not in found:
            fitting = [each for each in offers if each[3] == column]
            holders = {heading: name for name, heading in found.items() if not TABLES[table][name]}
            if fitting and (heading := fitting[0][4]) in holders:
                del found[holders[heading]]
                found[column] = heading
    return found


def _by_cells(columns: Mapping[str, str], cells: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """E-mail addresses and mobile numbers give themselves away under any heading."""
    found: dict[str, str] = {}
    for column, test in (("email", shapes.is_email), ("phone", shapes.is_mobile)):
        for heading, held in cells.items():
            free = heading and heading not in {*columns.values(), *found.values()}
            if column not in {*columns, *found} and free and len(held) >= LEAST and shapes.mostly(held, test):
                found[column] = heading
    return found


def plausible(column: str, heading: str, cells: Sequence[Any]) -> bool:
    """Whether the cells under a heading can be what the heading promises."""
    if any(isinstance(cell, list | dict) for cell in cells[:20]):
        return False
    test = TESTS.get(column)
    if test is not None:
        return shapes.mostly(cells, test, LIKELY)
    plain, kinds = headings.bare(heading), len(set(map(str, cells)))
    if column in ("device", "cookie"):  # else it is what kind of device
        named = bool(cells) and shapes.mostly(cells, lambda cell: str(cell).strip().lower() in DEVICES)
        return not named and not (len(cells) >= SEVERAL and kinds <= FEW)
    if column == "customer_id" and plain in headings.listed("khách hàng, khách, customer"):  # else names
        return bool(cells) and shapes.mostly(cells, lambda cell: any(map(str.isdigit, str(cell))))
    if column == "event_type" and plain in headings.listed("loại, type"):
        return kinds <= max(2 * FEW, len(cells) / 20)
    return True


def _is_time(cell: Any) -> bool:
    return shapes.is_date(cell) or (isinstance(cell, float) and EXCEL_DAYS[0] <= cell <= EXCEL_DAYS[1])


def _is_year(cell: Any) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d(?:\.0)?", str(cell).strip()) is not None


def _is_metric(cell: Any) -> bool:
    return str(cell).strip().lower() in headings.METRICS


TESTS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(MOMENTS | DAYS, _is_time),
    **dict.fromkeys(NUMBERS, shapes.is_number),
    "email": shapes.is_email,
    "phone": shapes.is_phone,
    "birth_year": _is_year,
    "metric": _is_metric,
}


def _constants(table: str, columns: Mapping[str, str], file_name: str) -> dict[str, str]:
    """What the name of a file or of its score says of every row: which metric was asked for."""
    if table != "surveys" or "metric" in columns:
        return {}
    words = {*headings.bare_words(columns.get("score", "")).split(), *headings.bare_words(file_name).split()}
    said = [metric for metric in headings.METRICS if metric in words]
    return {"metric": said[0]} if len(said) == 1 else {}


def _named(table: str, file_name: str) -> bool:
    words, whole = f" {headings.bare_words(file_name)} ", headings.bare(file_name)
    known = headings.dictionary()["files"][table].split(", ")
    return any(f" {name} " in words or (len(name) > 5 and headings.bare(name) in whole) for name in known)


def _eligible(
    table: str,
    columns: Mapping[str, str],
    missing: Sequence[str],
    score: float,
    cells: Mapping[str, Sequence[Any]],
) -> bool:
    who = set(IDENTIFIERS) & columns.keys()
    width = sum(1 for heading in cells if heading)
    if table == "customers":  # sales name their buyers too: there only what no sale says counts
        sold = any(headings.rank("orders", "value", heading) is not None for heading in cells)
        return bool(who) and bool(set(OWN_TRAITS if sold else TRAITS) & columns.keys())
    if table == "identifiers":
        enough = len(who) >= 2 or (bool(who) and "event_id" in columns)
        return enough and len(columns) >= width / 2
    if (
        table == "returns"
        and "kind" not in columns
        and headings.bare(columns.get("value", "value")) == "value"
    ):
        return False  # nothing in it speaks of money given back
    required = [name for name, needed in TABLES[table].items() if needed]
    held = sum(name in columns for name in required)
    if not missing:
        return True
    return score >= ENOUGH and held >= len(required) / 2 and len(columns) >= width / 4
