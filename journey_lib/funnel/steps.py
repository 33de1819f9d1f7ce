"""How many customers go from step to step, and what those did instead who went no further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, beside, view
from journey_lib.errors import ParameterError
from journey_lib.funnel.walk import (
    DAY,
    FOREVER,
    Asked,
    Order,
    Start,
    Walks,
    asked_of,
    seen,
    settings_of,
    walked,
)
from journey_lib.intervals import wilson
from journey_lib.journeys import Period
from journey_lib.journeys.cut import Array
from journey_lib.journeys.moves import people
from journey_lib.model import Result
from journey_lib.touches import Bucket, Touches

NOTHING = "(nothing more)"
_SHARE = ("share", "low", "high")
_ROW = ("customers", "of", *_SHARE)
# Who stopped is who came less who went on: a step of the funnel that is hidden is hidden here as well.
_STOPPED: Mapping[str, Any] = {
    "people": ("of", "came", "went_on"),
    "within": {"customers": ("of",)},
    "tell": {"customers": _SHARE, "of": _SHARE, "came": _ROW, "went_on": _ROW},
    "parts": (("step", "what"),),
    "chains": {("came", "went_on"): ()},
    "unseen": ("came", "went_on"),
}
LONGEST = 400  # days that are told apart; what took longer is in the last of them


@view
def funnel(
    touches: Touches,
    steps: Sequence[str] | None = None,
    *,
    order: Order = "loose",
    start: Start = "first",
    within: str | None = None,
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """How many customers reach each step, one after the other.

    Parameters
    ----------
    steps
        Names of ``touches.channels`` in order (see `journeys.steps_by`); all of them when None.
    order
        ``"loose"``: anything may lie between two steps. ``"strict"``: no other named step may; the same step
        again does not count.
    start
        ``"first"``: the way begins with the first time a customer takes the first step in the period.
        ``"any"``: with any time, whichever brings them furthest within the window.
    within
        How long after the beginning a step still counts (inclusive). Rates then rest on customers who entered
        early enough to be watched so long; the others are counted in `open`, whatever they have done.
        None: for ever, and every rate may still grow.
    period
        First day, and the day after the last: nothing outside is seen.
    customers
        True for each of the table's customers to look at; all when None.

    Returns
    -------
    Result
        Columns step, reach (customers with this step at all, in any order), customers (who came to it in
        order), of_previous (those at the step before), conversion (the part of these) with low and high
        (Wilson), total (the part of those at the first step) with total_low and total_high, open,
        median_days (from the beginning, among those who came so far); and, not shown,
        elsewhere (at the step, and neither among the customers nor open).
    """
    asked = asked_of(touches, steps, order, start, within, period, customers)
    pairs = beside(touches.buckets, walked(touches, asked))
    measured = yield Pass(pairs, lambda pair: _counted(pair[0], pair[1], asked), _added)
    names = [touches.channels[code] for code in asked.steps]
    came = measured["came"]
    before = np.concatenate([[np.nan], came[:-1].astype(float)])
    low, high = wilson(came, before)
    total_low, total_high = wilson(came, np.full(len(came), float(came[0])))
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "step": names,
                "reach": measured["reach"],
                "customers": came,
                "of_previous": before,
                "conversion": came / before,
                "low": low,
                "high": high,
                "total": came / float(came[0]),
                "total_low": total_low,
                "total_high": total_high,
                "open": measured["open"],
                "median_days": _median(measured["days"]),
                "elsewhere": measured["reach"] - came - measured["open"],
            }
        )
    facts = {"entered": int(came[0]), "open": int(measured["open"][0])}
    said = settings_of(touches, names, order, start, within, period, customers)
    rate, whole = ("conversion", "low", "high"), ("total", "total_low", "total_high")
    return Result(
        "funnel",
        table,
        facts,
        said,
        base="customers",
        people=("reach", "open", "of_previous", "elsewhere"),
        within={"reach": (touches.customers if customers is None else int(np.count_nonzero(customers)),)},
        # who is open is no group: what they would have done in the window is not known
        tell={"customers": rate + whole, "of_previous": rate, "elsewhere": ("reach",)},
        chains={("of_previous", "customers"): ()},
        unseen=("elsewhere",),
        heads={"entered": (), "open": ()},
    )


@view
def dropped(
    touches: Touches,
    steps: Sequence[str] | None = None,
    *,
    called: Touches | None = None,
    order: Order = "loose",
    within: str | None = None,
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """What customers did instead who came to a step and no further, and where they were seen last.

    `called` is the same table with names for what they did (touchpoints, say); those of `touches`
    when None. Of customers who could be watched for the whole window, and by their first time at each step.

    Columns step, what (``next``: the first thing after the step; ``last``: the last thing seen), name,
    customers, of (all who stopped there), share (of these) with low and high (Wilson); and, not shown, came
    (to the step) and went_on (to the next). Who did nothing more is in ``(nothing more)``.
    """
    names_of = called or touches
    if len(names_of.buckets) != len(touches.buckets):
        raise ParameterError(
            "the two tables are not held alike",
            how_many=f"{len(touches.buckets)} and {len(names_of.buckets)} buckets",
            do="hold both (touches.hold), or neither",
        )
    asked = asked_of(touches, steps, order, "first", within, period, customers)
    size = len(names_of.channels) + 1
    pairs = beside(names_of.buckets, walked(touches, asked))

    def measure(pair: tuple[Bucket, Walks]) -> dict[str, Array]:
        got = (pair[1].rows >= 0) & pair[1].watched
        return {"did": _instead(pair[0], pair[1], asked, size), "came": got.sum(axis=1)}

    measured = yield Pass(pairs, measure, _added)
    counts, came = measured["did"], measured["came"]
    step, what, name = np.nonzero(counts)
    of = counts.sum(axis=2)[step, what]
    low, high = wilson(counts[step, what, name], of)
    steps_named = [touches.channels[code] for code in asked.steps]
    table = pd.DataFrame(
        {
            "step": np.array(steps_named, object)[step],
            "what": np.array(["next", "last"], object)[what],
            "name": np.array([*names_of.channels, NOTHING], object)[name],
            "customers": counts[step, what, name],
            "of": of,
            "share": counts[step, what, name] / of,
            "low": low,
            "high": high,
            "came": came[step],
            "went_on": came[step + 1],
        }
    )
    table = table.assign(place=step).sort_values(
        ["place", "what", "customers", "name"], ascending=[True, False, False, True], ignore_index=True
    )
    said = settings_of(touches, steps_named, order, "first", within, period, customers)
    return Result("dropped", table.drop(columns="place"), {}, said, base="customers", **_STOPPED)


def _counted(bucket: Bucket, walks: Walks, asked: Asked) -> dict[str, Array]:
    got = walks.rows >= 0
    steps = len(asked.steps)
    days = np.zeros((steps, LONGEST + 1), np.int64)
    for k in range(steps):
        who = got[k] & walks.watched
        took = walks.time[walks.rows[k][who]] - walks.began[k][who]
        # A run of the first step begins a strict way with its last touch, and stands at its first.
        days[k] = np.bincount(days_of(np.maximum(took, 0)), minlength=LONGEST + 1)
    reach = [people(bucket.customer.take(seen(bucket, asked, code))) for code in asked.steps]
    return {
        "came": (got & walks.watched).sum(axis=1),
        "open": (got & ~walks.watched).sum(axis=1),
        "reach": np.array(reach),
        "days": days,
    }


def _added(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.sum([part[name] for part in parts], axis=0) for name in parts[0]}


def _instead(called: Bucket, walks: Walks, asked: Asked, size: int) -> Array:
    """Customers by the step they stopped at, by what they did next and last, and by its name."""
    counts = np.zeros((len(asked.steps), 2, size), np.int64)
    things = np.flatnonzero(called.channel >= 0)
    for k in range(len(asked.steps) - 1):
        stopped = (walks.rows[k] >= 0) & (walks.rows[k + 1] < 0) & walks.watched
        row = walks.origin[walks.rows[k][stopped]]
        limit = (
            walks.entered[stopped] + asked.within if asked.within != FOREVER else np.full(len(row), FOREVER)
        )
        limit = np.minimum(limit, asked.end - 1)
        place = np.searchsorted(things, row, side="right")
        after = np.append(things, len(called))[place]  # the thing after the step, perhaps another customer's
        does = _same(called, after, row) & (called.timestamp[np.minimum(after, len(called) - 1)] <= limit)
        code = called.channel[np.minimum(after, len(called) - 1)]
        counts[k, 0] = np.bincount(np.where(does, code, size - 1), minlength=size)
        final = _last_thing(called, things, row, limit)
        counts[k, 1] = np.bincount(np.where(final >= 0, called.channel[final], size - 1), minlength=size)
    return counts


def _same(called: Bucket, at: Array, row: Array) -> Array:
    inside = at < len(called)
    return inside & (called.customer[np.minimum(at, len(called) - 1)] == called.customer[row])


def _last_thing(called: Bucket, things: Array, row: Array, limit: Array) -> Array:
    """The last named row of the same customer, from `row` on, that is not after `limit`; -1 for none."""
    end = np.searchsorted(called.customer, called.customer[row], side="right")
    low, high = row.copy(), end.copy()  # within a customer rows stand in order of time
    while (low < high).any():
        middle = (low + high) // 2
        open_ = low < high
        early = open_ & (called.timestamp[np.minimum(middle, len(called) - 1)] <= limit)
        low = np.where(early, middle + 1, low)
        high = np.where(open_ & ~early, middle, high)
    place = np.searchsorted(things, low - 1, side="right") - 1
    found = things[np.maximum(place, 0)] if len(things) else np.full(len(row), -1)
    return np.where((place >= 0) & (found >= row), found, -1)


def days_of(time: Array) -> Array:
    """Whole days in each stretch of microseconds, at most `LONGEST`."""
    return np.minimum(time // DAY, LONGEST)


def _median(days: Array) -> Array:
    total = days.sum(axis=1)
    half = np.cumsum(days, axis=1) >= np.ceil(total / 2)[:, None]
    return np.where(total > 0, half.argmax(axis=1), np.nan)
