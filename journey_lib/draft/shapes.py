"""What the cells of a column look like: dates in which order, numbers in which style, e-mails, phones.

Only shapes and counts leave this module, never a cell: they end up in a file that is shared.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

CLOCK = r"(?:[T ]\d{1,2}:\d\d.*)?"
ISO = re.compile(rf"\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}{CLOCK}", re.ASCII)
SLASHED = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2\d{{4}}{CLOCK}", re.ASCII)
SIGNS = {"VND": ("₫", "đ", "vnđ", "vnd"), "USD": ("us$", "$", "usd"), "EUR": ("€", "eur")}
MARK = re.compile("|".join(re.escape(sign) for signs in SIGNS.values() for sign in signs), re.IGNORECASE)
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
PHONE = re.compile(r"\+?[\d ().-]{8,20}", re.ASCII)
PRIVATE = re.compile(r"\S@\S|\d{8}")  # an address or a long number within a heading
MOBILE = re.compile(r"(?:0|\+?84)[35789]\d{8}", re.ASCII)
NUMBER = re.compile(r"\d[\d.,  ]*", re.ASCII)

# Kept apart from the readers' own rules on purpose: a test holds the two to the same answer.
STYLES = {
    "1234.5": re.compile(r"\d+(?:\.\d+)?", re.ASCII),
    "1,234.5": re.compile(r"(?:\d+|\d{1,3}(?:[, ]\d{3})+)(?:\.\d+)?", re.ASCII),
    "1.234,5": re.compile(r"(?:\d+|\d{1,3}(?:[. ]\d{3})+)(?:,\d+)?", re.ASCII),
}
ONE_READING = re.compile(r"\d+|0\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d{3}", re.ASCII)
TYPOS = 0.005  # share of dates that may be mistyped, so that as few of them settle nothing
MOST_ODD = 0.2  # share of cells that may be no date, number … in a column that is taken for one


@dataclass(frozen=True)
class Verdict:
    """How something is written: `value` where only one way fits, else the `options` that do, and why."""

    value: str | None = None
    options: tuple[str, ...] = ()
    why: str = ""


NOTHING = Verdict()


def said(cells: Iterable[Any]) -> list[str]:
    """The cells that are text, with plain blanks."""
    return [" ".join(cell.split()) for cell in cells if isinstance(cell, str) and cell.strip()]


def is_data(cell: str) -> bool:
    """Whether a cell cannot be a heading: a date, an amount, an e-mail address, a phone."""
    plain = cell.strip()
    return bool(plain) and (is_date(plain) or is_number(plain) or bool(EMAIL.fullmatch(plain)))


def is_date(cell: Any) -> bool:
    """Whether a cell names a day, in whatever order."""
    if isinstance(cell, str):
        plain = " ".join(cell.split())
        return bool(ISO.fullmatch(plain) or SLASHED.fullmatch(plain))
    return isinstance(cell, dt.date)


def is_number(cell: Any) -> bool:
    """Whether a cell is an amount or a count, in whatever style."""
    if isinstance(cell, str):
        body = _body(cell)
        return any(style.fullmatch(body) for style in STYLES.values())
    return (isinstance(cell, int | float) and not isinstance(cell, bool)) or type(cell).__name__ == "Decimal"


def is_email(cell: Any) -> bool:
    """Whether a cell is an e-mail address."""
    return isinstance(cell, str) and bool(EMAIL.fullmatch(cell.strip()))


def is_phone(cell: Any) -> bool:
    """Whether a cell could be a phone number; in Excel it may have become a number."""
    plain = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    return bool(PHONE.fullmatch(plain)) and not is_date(plain) and 8 <= sum(map(str.isdigit, plain)) <= 15


def is_mobile(cell: Any) -> bool:
    """Whether a cell is a Vietnamese mobile number, which little else looks like."""
    return isinstance(cell, str) and bool(MOBILE.fullmatch(re.sub(r"[ ().-]", "", cell)))


def mostly(cells: Sequence[Any], test: Any, share: float = 1 - MOST_ODD) -> bool:
    """Whether most cells pass a test; a column without any passes."""
    failed = 0
    for cell in cells:
        if not test(cell):
            failed += 1
            if len(cells) - failed < share * len(cells):  # the rest can change nothing
                return False
    return True


def dates(cells: Iterable[Any]) -> Verdict:
    """In which order days and months are written, where the cells tell."""
    slashed = [found for found in map(SLASHED.fullmatch, said(cells)) if found]
    if not slashed:
        return Verdict()
    pairs = [(int(found[1]), int(found[3])) for found in slashed]
    day_first = sum(second <= 12 < first <= 31 for first, second in pairs)
    month_first = sum(first <= 12 < second <= 31 for first, second in pairs)
    both = ("DD/MM/YYYY", "MM/DD/YYYY")
    if day_first and month_first:
        return Verdict(
            options=both,
            why=f"the file is mixed: {day_first:,} can only be DD/MM and {month_first:,} only MM/DD",
        )
    telling = day_first + month_first
    if telling and telling <= TYPOS * len(pairs):
        return Verdict(
            options=both, why=f"too few tell ({telling:,} of {len(pairs):,}), and these may be mistyped"
        )
    if telling:
        return Verdict(
            both[0] if day_first else both[1], why=f"only this fits {telling:,} of {len(pairs):,} dates"
        )
    return Verdict(options=both, why="both readings fit")


def numbers(cells: Iterable[Any]) -> Verdict:
    """In which style amounts are written, where a style must be declared and the cells tell which."""
    bodies = [body for body in map(_body, said(cells)) if body and NUMBER.fullmatch(body)]
    unclear = [body for body in bodies if not ONE_READING.fullmatch(body)]
    if not unclear:
        return Verdict()
    fitting = {name: sum(1 for b in bodies if style.fullmatch(b)) for name, style in STYLES.items()}
    best = max(fitting.values())
    fit = [name for name, count in fitting.items() if count == best]
    only = sum(1 for b in bodies if sum(1 for style in STYLES.values() if style.fullmatch(b)) == 1)
    if best < len(bodies):
        most = sorted(STYLES, key=lambda name: -fitting[name])
        return Verdict(options=tuple(most), why=f"no style fits all: {_counts(fitting, len(bodies))}")
    if len(fit) == 1:
        return Verdict(
            fit[0],
            why=f"only this fits {only:,} of {len(bodies):,} numbers" if only else "only this fits all",
        )
    if fit == ["1234.5", "1,234.5"]:
        return Verdict("1234.5", why="no mark between thousands was seen")
    return Verdict(options=tuple(fit), why="several readings fit")


def currencies(cells: Iterable[Any]) -> set[str]:
    """Currencies whose sign or code stands beside amounts."""
    marks = {
        found[0].lower()
        for cell in said(cells)
        if any(map(str.isdigit, cell)) and (found := MARK.search(cell))
    }
    return {code for code, signs in SIGNS.items() if marks & set(signs)}


def told(cells: Sequence[Any]) -> str:
    """A column's shape in words that give nobody away: ``10 digits``, ``letters and digits, 6 to 9 long``."""
    plain = said(cells)
    if not plain:
        return "no text" if cells else "empty"
    if mostly(plain, is_email):
        return "e-mail addresses"
    lengths = [len(cell) for cell in plain]
    least, most = min(lengths), max(lengths)
    long = f"{least}" if least == most else f"{least} to {most}"
    if mostly(plain, str.isdigit):
        return f"{long} digits"
    if mostly(plain, str.isalnum) and mostly(plain, lambda cell: any(map(str.isdigit, cell))):
        return f"letters and digits, {long} long"
    return f"text, {long} long"


def _body(cell: str) -> str:
    """The digits and marks of an amount, without sign, brackets and currency."""
    return MARK.sub("", cell).strip(" +-−()\u00a0")


def _counts(fitting: dict[str, int], of: int) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in fitting.items()) + f" of {of:,}"
