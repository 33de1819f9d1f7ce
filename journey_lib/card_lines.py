"""How a number is written on a card: with its interval, and beside everybody else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from journey_lib import i18n
from journey_lib.i18n import text as _
from journey_lib.model import OTHER

# Shapes of the avatars: neutral, so that nobody's face, sex or age is put into a reader's head.
SHAPES = ((12, 12, 9), (54, 20, 13), (20, 56, 11), (50, 54, 7), (32, 8, 6), (8, 36, 8))


COMPACT = 10_000  # amounts from here on are written short
LEAST = 0.01  # the least mean that is written as it is


def percent(share: float) -> str:
    """A share, or a dash where there is none."""
    return "–" if np.isnan(share) else i18n.percent(share, _digits(share))


def between(low: float, high: float) -> str:
    """An interval of a share, or a dash; both ends in the digits the lower one needs."""
    if np.isnan(low) or np.isnan(high):
        return "–"
    digits = _digits(low)
    return f"{i18n.percent(low, digits)} – {i18n.percent(high, digits)}"


def _digits(share: float) -> int:
    """Of a few in a thousand one digit is not enough to tell an interval from its middle."""
    return 2 if 0.0005 <= share < 0.01 else 1


def within(low: float, high: float) -> str:
    """An interval beside a percentage: its sign need not be said thrice."""
    return "–" if np.isnan(low) else f"{i18n.number(100 * low)}–{i18n.number(100 * high)}"


def money(amount: float, currency: str) -> str:
    """An amount in short, or a dash."""
    return "–" if np.isnan(amount) else i18n.money(amount, currency, compact=amount >= COMPACT)


def measure(value: float, kind: str, unit: str, currency: str) -> str:
    """A trait as it is written: a share, an amount, or a number with its unit."""
    if np.isnan(value):
        return "–"
    if kind == "share":
        return i18n.percent(value, 0)
    if kind == "amount":
        return money(value, currency)
    digits = 0 if abs(value) >= 10 or float(value).is_integer() else 1
    # "số chuyển đổi" stands before a number; after it, as its unit, it is "chuyển đổi".
    words = _(unit).removeprefix("số ")
    if value == 1 and i18n.language() == "en":
        words = re.sub(r"(?<=ch)es$|(?<=sh)es$|(?<=x)es$|(?<!s)s$", "", words)
    return f"{i18n.number(value, digits)} {words}".strip()


def both(row: Mapping[Any, Any], other: str, currency: str) -> tuple[str, str]:
    """What is typical of members and of the `other` side; the means, where half of both sides are alike."""
    mine, theirs = (measure(row[at], row["kind"], row["unit"], currency) for at in ("typical", other))
    if mine == theirs and row["kind"] == "share":
        mine, theirs = (i18n.percent(row[at], 1) for at in ("typical", other))
    if mine != theirs or row["kind"] not in {"share", "count", "amount", "days"}:
        return mine, theirs
    means = (row["mean"], row[f"{other}_mean"])
    if np.isnan(means).any():
        return mine, theirs
    return tuple(_("{amount} on average", amount=_average(mean, row, currency)) for mean in means)  # type: ignore[return-value]


def _average(mean: float, row: Mapping[Any, Any], currency: str) -> str:
    if row["kind"] == "amount":
        return i18n.money(mean, currency, compact=mean >= COMPACT)
    if row["kind"] == "share":
        return i18n.percent(mean, 1)
    if 0 < mean < LEAST:
        return f"< {i18n.number(LEAST, 2)}"  # some are not none
    # of what is counted, the trait's own name tells
    return i18n.number(mean, 0 if mean == 0 else 2 if abs(mean) < 1 else 1)


def bar(label: str, row: Mapping[Any, Any], column: str, note: str = "") -> dict[str, Any]:
    """A line with a bar as long as its share of the track, and a mark where everybody else stands."""
    rest = float(row["rest"])
    known = not np.isnan(rest)
    return {
        "label": label,
        "wide": round(100 * float(row[column]), 1),
        "rest": rest if known else None,
        "rest_at": round(100 * rest, 1) if known else 0,
        "said": f"{i18n.percent(row[column], 0)} ({within(row['low'], row['high'])})",
        "note": note,
    }


def of(n: float) -> str:
    """What a trait rests on; nothing where the number would tell of few people."""
    return "" if np.isnan(n) else f" (n\u00a0=\u00a0{i18n.number(n)})"


def class_name(value: str, names: Mapping[str, str]) -> str:
    """What readers call a class of people: as the workspace's labels say, else in words of our own."""
    if value == OTHER:
        return others()
    said = names.get(value) or _(value)
    return re.sub(r"^(\d+)-(\d+)$", "\\1–\\2", said if value in names else first_capital(said))


def others() -> str:
    """What stands at the head of a line of all who, or what, has no line of its own."""
    return first_capital(_("others"))


def first_capital(words: str) -> str:
    """The same as it begins a line."""
    return words[:1].upper() + words[1:]


def rank(value: str) -> float | None:
    """Where a class with numbers in its name stands: "under 18" before "18-24"; None without a number."""
    number = re.search(r"\d+", value)
    return None if number is None else int(number[0]) - (0.5 if not value[0].isdigit() else 0)


def initials(name: str) -> str:
    """The first letters of the first two words of a name."""
    words = [word for word in name.split() if word[0].isalpha()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def shapes(number: int) -> list[dict[str, float]]:
    """Where the circles of an avatar are, by the number of the persona."""
    return [
        {"x": x, "y": y, "r": r, "o": 0.14 + 0.05 * ((number + at) % 3)}
        for at, (x, y, r) in enumerate(SHAPES)
        if (number + 2) * (at + 3) % 5 < 3
    ]


def badge(jaccard: float | None, samples: int | None = None) -> dict[str, str] | None:
    """How stable a persona is, as a sign, a word and a number, and in how many samples it was looked for."""
    if jaccard is None or np.isnan(jaccard):
        return None
    level, sign, words = next(
        (level, sign, words)
        for least, level, sign, words in (
            (0.85, "high", "●", _("very stable")),
            (0.75, "fair", "◐", _("stable")),
            (-1.0, "low", "○", _("doubtful")),
        )
        if jaccard >= least
    )
    share = i18n.percent(jaccard, 0)
    note = (
        _("{share} the same people when found again (Jaccard, bootstrap)", share=share)
        if samples is None
        else _(
            "{share} the same people when found again (Jaccard, {n} bootstraps)",
            share=share,
            n=i18n.number(samples),
        )
    )
    return {"level": level, "sign": sign, "words": words, "note": note}


def feeling(row: Mapping[Any, Any]) -> str:
    """A mean score with its interval and the customers it rests on."""
    if np.isnan(row["mean"]):
        return ""
    low, high = i18n.number(row["low"], 1), i18n.number(row["high"], 1)
    return f"{i18n.number(row['mean'], 1)} ({low} – {high}) · n = {i18n.number(row['customers'])}"
