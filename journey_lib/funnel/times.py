"""How long customers take from the first step of a funnel to the last, and how that moves by week."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.funnel.steps import LONGEST, days_of
from journey_lib.funnel.walk import Asked, Order, Walks, asked_of, settings_of, walked
from journey_lib.intervals import wilson
from journey_lib.journeys import Period
from journey_lib.journeys.cut import Array
from journey_lib.model import Result
from journey_lib.survival import GUARDED, by_day, reached
from journey_lib.touches import Touches


@view
def time_to(
    touches: Touches,
    steps: Sequence[str] | None = None,
    *,
    order: Order = "loose",
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """How long it takes from the first step to the last, when some have not got there yet.

    Columns day, at_risk (still watched, and not there before), customers (there by the end of the day), share
    (the same in part, of all who entered) with low and high (Kaplan–Meier, Greenwood on the log-log scale).
    Facts: entered, median_days (NaN when not half get there). It rests on the assumption that who is watched
    for a shorter time is no different.
    """
    asked = asked_of(touches, steps, order, "first", None, period, customers)
    events, censored = yield Pass(
        walked(touches, asked), lambda walks: _waited(walks, asked), lambda parts: np.sum(parts, axis=0)
    )
    table = by_day(events, censored)
    names = [touches.channels[code] for code in asked.steps]
    facts = {
        "entered": int(events.sum() + censored.sum()),
        "median_days": reached(table, 0.5),
    }
    said = settings_of(touches, names, order, "first", None, period, customers)
    return Result("time_to", table, facts, said, base="customers", heads={"entered": ()}, **GUARDED)


@view
def trend(
    touches: Touches,
    steps: Sequence[str] | None = None,
    *,
    within: str,
    order: Order = "loose",
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """How conversion from step to step moves from week to week.

    Columns week (its Monday, in the table's time zone) in which customers entered, step, customers, of (at
    the step before), share with low and high (Wilson). Weeks that could not be watched for the whole window
    are left out, so that the last ones do not seem to fall.
    """
    asked = asked_of(touches, steps, order, "first", within, period, customers)
    first = _monday(np.array([max(asked.start, touches.period[0])]), touches.timezone)[0]
    # a period outside the data has no weeks, but still a table
    weeks = max(int(_monday(np.array([asked.until]), touches.timezone)[0] - first) // 7 + 1, 1)
    counts = yield Pass(
        walked(touches, asked),
        lambda walks: _weekly(walks, first, weeks, touches.timezone),
        lambda parts: np.sum(parts, axis=0),
    )
    last = _monday(np.array([asked.until - asked.within]), touches.timezone)[
        0
    ]  # the week that is half watched
    everyone = counts.sum(axis=0)
    counts = counts[: max(int(last - first) // 7, 0)]
    rest = everyone - counts.sum(axis=0)
    week, step = np.nonzero(counts[:, :-1])
    came, of = counts[week, step + 1], counts[week, step]
    low, high = wilson(came, of)
    names = [touches.channels[code] for code in asked.steps]
    table = pd.DataFrame(
        {
            "week": pd.to_datetime((first + 7 * week).astype("datetime64[D]")),
            "step": np.array(names, object)[step + 1],
            "customers": came,
            "of": of,
            "share": came / np.maximum(of, 1),
            "low": low,
            "high": high,
        }
    )
    said = settings_of(touches, names, order, "first", within, period, customers)
    # the weeks of a step add up to the step of the funnel, with those that are left out
    return Result(
        "funnel_trend",
        table,
        {"weeks": len(counts)},
        said,
        base="of",
        people=("of",),
        tell={"customers": ("share", "low", "high"), "of": ("share", "low", "high")},
        parts=(("step",),),
        besides={("step",): dict(zip(names[1:], rest[1:].tolist(), strict=True))},
        chains={("of", "customers"): ("week",)},
    )


def _waited(walks: Walks, asked: Asked) -> Array:
    there = walks.rows[-1] >= 0
    took = walks.time[walks.rows[-1][there]] - walks.entered[there]
    watched = asked.until - walks.entered[~there]
    return np.array([np.bincount(days_of(t), minlength=LONGEST + 1) for t in (took, watched)])


def _weekly(walks: Walks, first: int, weeks: int, timezone: str) -> Array:
    week = (_monday(walks.entered, timezone) - first) // 7
    got = (walks.rows >= 0) & walks.watched
    return np.array([np.bincount(week[r], minlength=weeks) for r in got]).T


def _monday(time: Array, timezone: str) -> Array:
    """Days since 1970 of the Monday of the local week of each instant."""
    local = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    day = local.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    return day - (day + 3) % 7
