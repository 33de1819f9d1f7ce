"""The figures of a journey map as its readers write them: values, intervals, targets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from journey_lib import i18n
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.journey_map import Assumed, Authored, Entry, Measured
from journey_lib.journey_map.nouns import Number

THIN = "\N{NO-BREAK SPACE}"


def figure(entry: Entry) -> dict[str, Any]:
    """The figure of an entry as readers write it, its interval, what it rests on, and whether that is few."""
    number, said = entry.number, entry.evidence
    if number is None:
        return {"value": "", "interval": "", "base": "", "few": False}
    interval = ""
    gap = entry.name.startswith("gap:")
    if number.low is not None and number.high is not None:
        ends = (replace(number, value=end) for end in (number.low, number.high))
        low, high = (points(end) if gap else _bare(end) for end in ends)
        interval = f"{low}{THIN}–{THIN}{high}"
    if entry.name == "targets_met" and isinstance(said, Measured):
        met = _("{n} of {of}", n=i18n.number(number.value * said.n), of=i18n.number(said.n))
        return {"value": met, "interval": "", "base": "", "few": False}
    counted = isinstance(said, Measured) and number.unit != "count"
    return {
        "value": apart(number) if gap else f"{_sign(entry)} {value(number)}".strip(),
        "interval": interval,
        "base": f"n{THIN}={THIN}{i18n.number(said.n)}" if counted and isinstance(said, Measured) else "",
        # of answers the mark of the evidence says so
        "few": isinstance(said, Measured) and said.n < SMALL and number.unit != "count",
    }


def _sign(entry: Entry) -> str:
    """What stands before a figure that is itself a target."""
    if verdict(entry) != "aim":
        return ""
    return _WANTED[entry.direction]


def apart(number: Number) -> str:
    """How far a figure is from another: of shares, in percentage points."""
    said = points(number)
    return _("{n} points", n=said) if number.unit == "share" else said


def points(number: Number) -> str:
    """A difference with its sign; of shares in percentage points, which are not named."""
    shown = 100 * number.value if number.unit == "share" else number.value
    digits = {"count": 0, "money": 0, "per_100": 2}.get(number.unit, 1)
    return ("+" if shown > 0 else "−" if shown < 0 else "±") + i18n.number(abs(shown), digits)


def value(number: Number) -> str:
    """A figure with its unit."""
    if number.unit == "share":
        return i18n.percent(number.value)
    if number.unit == "days":
        return waiting(number.value)
    if number.unit == "score":
        return score(number.value)
    if number.unit in ("per_100", "rating"):
        return i18n.number(number.value, 1 if abs(number.value) >= 1 else 2)
    if number.unit == "money" and number.currency:
        return i18n.money(number.value, number.currency, compact=number.value >= 10_000)
    return i18n.number(number.value)


def waiting(days: float) -> str:
    """A time in the unit that suits it."""
    if days >= 1:
        return _("{n} days", n=i18n.number(days, 1))
    hours, minutes = round(days * 24), max(round(days * 1440), 1)
    if days * 24 >= 1:
        return _("1 hour") if hours == 1 else _("{n} hours", n=i18n.number(hours))
    return _("1 minute") if minutes == 1 else _("{n} minutes", n=i18n.number(minutes))


def score(found: float) -> str:
    """A feeling with its sign."""
    return ("+" if found > 0 else "−" if found < 0 else "±") + i18n.number(abs(found), 1)


def mood(found: float) -> str:
    """A feeling in a word."""
    if found >= 0.2:
        return _("good")
    return _("bad") if found <= -0.2 else _("neither good nor bad")


def target(entry: Entry) -> dict[str, str] | None:
    """The target of a measure, and whether it is met, as far as its interval tells."""
    if entry.target is None:
        return None
    unit = entry.number.unit if entry.number else ("share" if abs(entry.target) <= 1 else "count")
    currency = entry.number.currency if entry.number else ""
    wanted = f"{_WANTED[entry.direction]} {value(Number(entry.target, unit, currency=currency))}"
    state = verdict(entry)
    said = {
        "met": _("met"),
        "missed": _("missed"),
        "close": _("too close to tell"),
        "unknown": _("not measured"),
        "aim": "",
    }[state]
    return {
        "wanted": _("target {wanted}", wanted=wanted),
        "state": state,
        "said": said,
        "sign": _VERDICTS[state],
    }


_WANTED = {"at_least": "≥", "at_most": "≤"}
_VERDICTS = {"met": "✓", "missed": "✗", "close": "≈", "unknown": "?", "aim": ""}


def verdict(entry: Entry) -> str:
    """``met`` or ``missed``; ``close`` where the interval holds the target; ``aim`` for targets alone."""
    if entry.target is None or (entry.number and isinstance(entry.evidence, Authored | Assumed)):
        return "aim" if entry.target is not None else "unknown"
    if entry.number is None:
        return "unknown"
    low = entry.number.value if entry.number.low is None else entry.number.low
    high = entry.number.value if entry.number.high is None else entry.number.high
    if low < entry.target < high:
        return "close"
    beyond = entry.number.value >= entry.target
    if entry.direction == "at_most":
        beyond = entry.number.value <= entry.target
    return "met" if beyond else "missed"


def _bare(number: Number) -> str:
    said = value(number)
    return said.removesuffix("%") if number.unit == "share" else said
