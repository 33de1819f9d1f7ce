"""Where journeys begin and end, how long they are, and what became of them: campaign follow-up in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Cutting, Journeys, rules_for, settings
from journey_lib.journeys.groups import Group, cuts_of, described
from journey_lib.journeys.moves import CLASSES, DAY, RATE, classes_of, distinct_people, quantile
from journey_lib.journeys.paths import add
from journey_lib.model import NO_TOUCH, Result
from journey_lib.touches import Touches

Side = Literal["first", "last"]
LENGTHS = (0, 1, 2, 3, 4, 5, 6, 8, 11, 21)  # touches from which each class of the length begins
DAYS = (0, 1 / 24, 1, 3, 7, 14, 30)  # days from which each class of the duration begins
# How endings are guarded (`Result.suppressed`). Who did not convert has one journey that is over at most, so
# that `nulls` are people. Rows add up to all journeys; who is still open is no group: it is not known.
ENDINGS: Mapping[str, Any] = {
    "people": ("over", "converters", "nulls"),
    "tell": {
        "over": ("conversions", "nulls", "open", *RATE),
        "converters": ("conversions", "nulls", *RATE),
        "nulls": ("over", "open", *RATE),
    },
    "about": {"converters": ("value", "touches", "median_days")},
    "parts": ((),),
    "sums": {"over": ((),), "converters": ((),), "nulls": ((),)},
    "unseen": ("converters",),
}


@view
def entries(
    touches: Touches, *, side: Side = "first", group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """What becomes of journeys by the touch they begin (or end) with: entry source, steps, sale.

    Columns channel, journeys, customers, over (ended, one way or the other), conversions, conversion_rate (of
    those that are over) with low and high (Wilson), nulls, open, value (major units), touches (mean number in
    converted journeys), median_days (from the first touch to the conversion); and, not shown, converters (the
    customers whose journeys converted). Journeys without any touch are in ``(no touch)``, so that the rows
    add up to all journeys.
    """
    if side not in ("first", "last"):
        raise ParameterError(f"side cannot be {side!r}", do=did_you_mean(str(side), ("first", "last")))
    size = len(touches.channels)
    place = 0 if side == "first" else -1

    def keyed(found: Journeys) -> Array:
        key = np.full(len(found), size, np.int64)
        some = np.flatnonzero(found.lengths)
        key[some] = found.channel.take(
            found.offsets.take(some) if place == 0 else found.offsets.take(some + 1) - 1
        )
        return key

    names = np.array([*touches.channels, NO_TOUCH], object)
    found = yield from _outcomes(touches, keyed, names, group, cutting)
    table = found.rename(columns={"name": "channel"})
    table = table.sort_values(["journeys", "channel"], ascending=[False, True], ignore_index=True)
    return _result(f"{side}_touches", table, touches, group, cutting)


@view
def lengths(touches: Touches, *, group: Group | None = None, **cutting: Unpack[Cutting]) -> Asking[Result]:
    """How many touches journeys have, and what becomes of short and long ones.

    Columns length (in classes) and those of `entries`.

    A long journey has had more time to convert, and one that converts early stays short: no advice to make
    journeys longer or shorter follows from this.
    """
    classes = np.searchsorted(LENGTHS, np.arange(LENGTHS[-1] + 1), side="right") - 1  # of every length
    names = class_names(LENGTHS)

    def keyed(found: Journeys) -> Array:
        return classes.take(np.minimum(found.lengths, LENGTHS[-1]))

    table = yield from _outcomes(touches, keyed, names, group, cutting)
    return _result("lengths", table.rename(columns={"name": "length"}), touches, group, cutting)


@view
def durations(touches: Touches, *, group: Group | None = None, **cutting: Unpack[Cutting]) -> Asking[Result]:
    """How long journeys take from their first touch to their end, in classes of days: columns as `entries`.

    Column days is the number of days a class begins with; journeys without a touch before their conversion
    last no time.
    """
    begins = np.array(DAYS) * DAY

    def keyed(found: Journeys) -> Array:
        return np.searchsorted(begins, _lasted(found, np.arange(len(found))), side="right") - 1

    found = yield from _outcomes(touches, keyed, np.array(DAYS, object), group, cutting)
    table = found.rename(columns={"name": "days"})
    return _result("durations", table.assign(days=table["days"].astype(float)), touches, group, cutting)


def _lasted(found: Journeys, which: Array) -> Array:
    """Microseconds from the first touch of some journeys to their end; none where there is no touch."""
    lasted = np.zeros(len(which), np.int64)
    some = np.flatnonzero(found.lengths.take(which))
    row = which.take(some)
    lasted[some] = found.end.take(row) - found.time.take(found.offsets.take(row))
    return lasted


def _outcomes(
    touches: Touches, keyed: Any, names: Array, group: Group | None, cutting: Cutting
) -> Asking[pd.DataFrame]:
    """What became of the journeys of each key, one row each, in the order of `names`."""
    rules = rules_for(touches, **cutting)
    size = len(names)

    def measure(found: Journeys) -> tuple[Array, Array]:
        return _sums(found, keyed(found), size)

    sums, waited = yield Pass(cuts_of(touches, rules, group), measure, _added)
    journeys, people, conversions, still, value, steps, converters = sums
    over = journeys - still
    low, high = wilson(conversions, over)
    with np.errstate(invalid="ignore", divide="ignore"):
        frame = pd.DataFrame(
            {
                "name": names,
                "journeys": journeys,
                "customers": people,
                "over": over,
                "conversions": conversions,
                "conversion_rate": conversions / over,
                "low": low,
                "high": high,
                "nulls": over - conversions,
                "open": still,
                "value": value / 10**touches.digits,
                "touches": steps / conversions,
                "median_days": quantile(waited, 0.5),
                "converters": converters,
            }
        )
    return frame[frame["journeys"] > 0].reset_index(drop=True)


def _added(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    return np.sum([sums for sums, _ in parts], axis=0), np.sum([waited for _, waited in parts], axis=0)


def _sums(found: Journeys, key: Array, size: int) -> tuple[Array, Array]:
    ended = np.flatnonzero(found.converted)
    which, lengths = key.take(ended), found.lengths.take(ended)
    sums = [
        np.bincount(key, minlength=size),
        distinct_people(key, found.customer, size),
        np.bincount(which, minlength=size),
        np.bincount(key.compress(found.open), minlength=size),
        add(which, found.value.take(ended), size),  # the others have no value
        add(which, lengths, size),
        distinct_people(which, found.customer.take(ended), size),
    ]
    place = which * CLASSES + classes_of(_lasted(found, ended))
    return np.array(sums), np.bincount(place, minlength=size * CLASSES).reshape(size, CLASSES)


def class_names(begins: Sequence[int]) -> Array:
    """What classes of whole numbers are called: 5, 6–7, 21+."""
    names = [
        str(a) if b == a + 1 else f"{a}–{b - 1}"
        for a, b in zip(begins, [*begins[1:], None], strict=True)
        if b
    ]
    return np.array([*names, f"{begins[-1]}+"], object)


def _result(
    name: str, table: pd.DataFrame, touches: Touches, group: Group | None, cutting: Cutting
) -> Result:
    facts = {column: int(table[column].sum()) for column in ("journeys", "conversions", "nulls", "open")}
    said = settings(touches, **cutting) | described(group)
    heads = {"conversions": ("nulls",), "nulls": ("open",)}
    return Result(name, table, facts, said, base="journeys", heads=heads, **ENDINGS)
