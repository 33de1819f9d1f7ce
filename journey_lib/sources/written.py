"""How times, days, amounts and names are written, as SQL expressions that read them.

Nothing is guessed: a text is read when it fits what the source declares, or, undeclared, when it has only one
reading; otherwise the expression is NULL and the row is kept aside with a reason. The expressions take the
quoted identifier of a column that `words` has already tidied, unless they say otherwise.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from functools import cache

from journey_lib.engine import literal
from journey_lib.workspace import DateOrder, NumberStyle

# A cell of an Excel sheet: what it is, and the day its number would stand for in that workbook.
CELL = 'STRUCT("text" VARCHAR, number DOUBLE, moment TIMESTAMP, serial TIMESTAMP, wrong VARCHAR)'

# Text that needs no tidying: visible Latin and Vietnamese letters in composed form, single blanks between.
TIDY = r"[!-~\x{a1}-\x{ac}\x{ae}-\x{24f}\x{1e00}-\x{1eff}\x{20ab}]+"
INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x{84}\x{86}-\x{9f}\x{ad}"
    r"\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{feff}]"
)
BLANKS = r"[\s\x0b\x{85}\p{Z}]+"

DAY, MONTH, YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"[1-9]\d{3}"
MINUTE = r":[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?"
HALF = r"(?i:AM|PM|SA|CH)"  # SA and CH: sáng and chiều, as Vietnamese systems write AM and PM
OFFSET = r"(?:Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)"
CLOCK = rf"(?:(?:[01]?\d|2[0-3]){MINUTE}|(?:0?[1-9]|1[0-2]){MINUTE} ?{HALF})(?: ?{OFFSET})?"
ISO = rf"(?:{YEAR}-\d{{1,2}}-\d{{1,2}}|{YEAR}/\d{{1,2}}/\d{{1,2}})(?:[T ]{CLOCK})?"


def _day_first(first: str, second: str, year: str = YEAR) -> str:
    return "(?:" + "|".join(f"{first}{mark}{second}{mark}{year}" for mark in ("/", "-", r"\.")) + ")"


ORDERS: dict[str, tuple[str, str]] = {
    "DD/MM/YYYY": (rf"{_day_first(DAY, MONTH)}(?: {CLOCK})?", r"\3-\2-\1"),
    "MM/DD/YYYY": (rf"{_day_first(MONTH, DAY)}(?: {CLOCK})?", r"\3-\1-\2"),
}
UNDECLARED_DAY = rf"(?:{_day_first(DAY, MONTH)}|{_day_first(MONTH, DAY)})(?: {CLOCK})?"
SHORT_YEAR = rf"{_day_first(DAY, DAY, '[0-9][0-9]')}(?: .*)?"
BARE_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"

# What an amount looks like in each style; between groups of three a blank is as good as the style's own mark.
STYLES: dict[str, str] = {
    "1234.5": r"\d+(?:\.\d+)?",
    "1,234.5": r"(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+)(?:\.\d+)?",
    "1.234,5": r"(?:\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+)(?:,\d+)?",
}
# Undeclared, a number is read that could not be meant otherwise: 1.250 could be 1250.
ONE_READING = r"(?:\d+|0\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d{3})"
SIGNS = {"VND": ("₫", "đ", "vnđ", "vnd"), "USD": ("us$", "$", "usd"), "EUR": ("€", "eur")}
MARK = "(?i:" + "|".join(s.replace("$", r"\$") for signs in SIGNS.values() for s in signs) + ")"


def fits(words: str, pattern: str) -> str:
    """Whether the whole of a text has this shape."""
    return f"regexp_full_match({words}, {literal(pattern)})"


WHOLE = {
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
}


def words(column: str, kind: str = "VARCHAR") -> str:
    """Any column as tidy text: composed letters, single blanks, nothing invisible; an empty one is NULL."""
    if kind == CELL:
        number = f"CASE WHEN {column}.number = trunc({column}.number) AND abs({column}.number) < 1e15 THEN"
        number += (
            f" CAST(CAST({column}.number AS BIGINT) AS VARCHAR) ELSE CAST({column}.number AS VARCHAR) END"
        )
        return (
            f"CASE WHEN {column}.number IS NOT NULL THEN {number}"
            f" ELSE coalesce(CAST({column}.moment AS VARCHAR), {words(column + '.text')}) END"
        )
    said = f"CAST({column} AS VARCHAR)"
    if kind in WHOLE:  # digits are tidy
        return said
    visible = f"regexp_replace({said}, {literal(INVISIBLE)}, '', 'g')"
    tidied = f"regexp_replace(nfc_normalize({visible}), {literal(BLANKS)}, ' ', 'g')"
    clean = fits(said, f"{TIDY}(?: {TIDY})*")
    return f"CASE WHEN {clean} THEN {said} ELSE nullif(trim({tidied}), '') END"


def quick_clock(order: DateOrder | None) -> str:
    """The shape of a date and time without half of day or offset: what nearly every file is full of."""
    time = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
    if order in ORDERS:
        day = _day_first(DAY, MONTH) if order == "DD/MM/YYYY" else _day_first(MONTH, DAY)
        return f"{day}(?: {time})?"
    return rf"{YEAR}-\d{{1,2}}-\d{{1,2}}(?:[T ]{time})?"


def hands(said: str, quick: str, order: DateOrder | None) -> str:
    """The date and time that stand in a text, whichever half of the day they are of.

    `quick` says in SQL that the text has the shape of `quick_clock`.
    """
    if order in ORDERS:
        moved = literal(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
        said = f"regexp_replace({said}, {moved}, {literal(ORDERS[order][1])})"
    tail = literal(rf"(?: ?{HALF})?(?: ?{OFFSET})?$")
    bare = f"replace(regexp_replace({said}, {tail}, ''), ',', '.')"
    return f"try_cast(CASE WHEN {quick} THEN {said} ELSE {bare} END AS TIMESTAMP)"


def clock(said: str, quick: str, order: DateOrder | None, hands: str) -> str:
    """The date and time a text names, on the clock it was written by; its offset is left to `offset`.

    `hands` is what that function reads of it, in SQL.
    """
    shape = fits(said, ORDERS[order][0] if order in ORDERS else ISO)
    noon = "INTERVAL 12 HOUR"
    return (
        f"CASE WHEN {quick} THEN {hands} WHEN {shape} THEN"
        f" CASE WHEN regexp_matches({said}, '(?i)(PM|CH)') AND hour({hands}) < 12 THEN {hands} + {noon}"
        f" WHEN regexp_matches({said}, '(?i)(AM|SA)') AND hour({hands}) = 12 THEN {hands} - {noon}"
        f" ELSE {hands} END END"
    )


def behind(said: str, quick: str) -> str:
    """What stands behind a time to tell its offset, without a colon; empty where nothing does."""
    found = f"regexp_extract({said}, {literal(rf':.*?({OFFSET})$')}, 1)"
    return f"CASE WHEN {quick} THEN '' ELSE replace({found}, ':', '') END"


def offset(behind: str) -> str:
    """Minutes east of Greenwich, of what that function finds in a text; NULL when it names none."""
    minutes = f"(CAST({behind}[2:3] AS INTEGER) * 60 + coalesce(try_cast({behind}[4:5] AS INTEGER), 0))"
    return (
        f"CASE WHEN {behind} = 'Z' THEN 0 WHEN {behind} = '' THEN NULL"
        f" WHEN {behind}[1] = '-' THEN -{minutes} ELSE {minutes} END"
    )


@cache
def shifts(zone: str) -> tuple[dt.timedelta, ...]:
    """How far a zone's clocks have been put back since 2000; empty when they never were."""
    place, found, day = zoneinfo.ZoneInfo(zone), set(), dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    before = day.astimezone(place).utcoffset()
    while day.year < 2038:
        day += dt.timedelta(days=1)
        now = day.astimezone(place).utcoffset()
        if now != before and now is not None and before is not None:
            found.add(abs(before - now))
        before = now
    return tuple(sorted(found))


def in_utc(local: str, zone: str) -> str:
    """A local time in UTC; of an hour that the clocks ran through twice, the first."""
    slow = f"CAST(timezone({literal(zone)}, {local}) AS TIMESTAMP)"
    changes = shifts(zone)
    if not changes:
        if zone == "UTC":
            return local
        east = dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset() or dt.timedelta()
        # Such a zone has one offset in the years that were looked at, and looking it up is slow.
        known = f"{local} BETWEEN TIMESTAMP '2000-01-02' AND TIMESTAMP '2037-12-30'"
        return f"CASE WHEN {known} THEN {local} - to_seconds({int(east.total_seconds())}) ELSE {slow} END"
    earlier = [f"WHEN {_again(slow, local, zone, back)} THEN {_back(slow, back)}" for back in changes]
    return f"CASE {' '.join(earlier)} ELSE {slow} END"


def exists(local: str, utc: str, zone: str) -> str:
    """Whether the clocks of a zone ever showed this time: they skip some when they are put forward."""
    return f"timezone({literal(zone)}, timezone('UTC', {utc})) = {local}" if shifts(zone) else "true"


def happened_twice(local: str, utc: str, zone: str) -> str:
    """Whether the clocks of a zone showed this time a second time, because they were put back."""
    later = [
        f"timezone({literal(zone)}, timezone('UTC', {utc} + to_seconds({int(b.total_seconds())}))) = {local}"
        for b in shifts(zone)
    ]
    return f"({' OR '.join(later)})" if later else "false"


def _back(utc: str, shift: dt.timedelta) -> str:
    return f"{utc} - to_seconds({int(shift.total_seconds())})"


def _again(utc: str, local: str, zone: str, shift: dt.timedelta) -> str:
    return f"timezone({literal(zone)}, timezone('UTC', {_back(utc, shift)})) = {local}"


def quick_amount(style: NumberStyle | None) -> str:
    """The shape of a number without a plus sign or currency: what nearly every file is full of."""
    return f"-?{STYLES[style] if style else ONE_READING}"


def amount(said: str, quick: str, style: NumberStyle | None, money: bool) -> str:
    """The number a text names; beside money, the sign or code of a currency may stand.

    `quick` says in SQL that the text has the shape of `quick_amount`.
    """
    size = f"try_cast({_plain(literal('[^0-9.,]'), said, style)} AS DOUBLE)"
    signed = f"{size} * CASE WHEN regexp_matches({said}, '[(−-]') THEN -1 ELSE 1 END"
    simple = f"try_cast({_plain(None, said, style)} AS DOUBLE)"
    other = fits(said, _written_amount(STYLES[style] if style else ONE_READING, money))
    return f"CASE WHEN {quick} THEN {simple} WHEN {other} THEN {signed} END"


def has_reading(said: str, styles: Iterable[str], money: bool) -> str:
    """Whether a text is an amount when its numbers are written in one of these styles."""
    digits = "|".join(STYLES[style] for style in styles)
    return f"coalesce({fits(said, _written_amount(f'(?:{digits})', money))}, false)"


def _plain(drop: str | None, said: str, style: NumberStyle | None) -> str:
    digits = f"regexp_replace({said}, {drop}, '', 'g')" if drop else said
    if style == "1,234.5":
        return f"replace(replace({digits}, ',', ''), ' ', '')"
    if style == "1.234,5":
        return f"replace(replace(replace({digits}, '.', ''), ' ', ''), ',', '.')"
    return digits


def _written_amount(digits: str, money: bool) -> str:
    """An amount and what may stand around it: one sign or the accountant's brackets, a currency."""
    before, after = (rf"(?:{MARK} ?)?", rf"(?: ?{MARK})?") if money else ("", "")
    sign = "[+−-]?"
    shapes = [
        rf"{sign} ?{before}{digits}",
        rf"{before}{sign}{digits}",
        rf"{sign} ?{digits}{after}",
        rf"{before}{digits} ?-",
        rf"{digits}{after} ?-",
        rf"\( ?{before}{digits} ?\)",
        rf"\( ?{digits}{after} ?\)",
    ]
    return "(?:" + "|".join(shapes) + ")"


def currency_of(mark: str) -> str:
    """The code of the currency with this sign or code; NULL where it is none of the known."""
    cases = " ".join(
        f"WHEN lower({mark}) IN ({', '.join(literal(s) for s in signs)}) THEN '{code}'"
        for code, signs in SIGNS.items()
    )
    return f"CASE {cases} END"


def mark(said: str, quick: str) -> str:
    """The sign or code of a currency that stands beside an amount."""
    return f"CASE WHEN {quick} THEN NULL ELSE regexp_extract({said}, {literal(MARK)}) END"


def currency(said: str) -> str:
    """The code of a currency that a column names by its sign or code."""
    return f"coalesce({currency_of(said)}, {said})"


def finite(number: str) -> str:
    """A number that can be added up; NULL for infinities and what is not a number."""
    return f"CASE WHEN isfinite({number}) THEN {number} END"
