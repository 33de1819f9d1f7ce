"""Time until something happens, when for some it has not happened yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from journey_lib.intervals import Array, Z

# How a curve is guarded (`Result.suppressed`): from one day that is shown to the next nobody or enough people
# go. Who was watched no longer is no group, for of them it is not known.
GUARDED: Mapping[str, Any] = {
    "people": ("at_risk",),
    "tell": {"at_risk": ("customers", "share", "low", "high")},
    "chains": {("customers",): (), ("at_risk",): ()},
}


class Curve(NamedTuple):
    """For each class of time: who was at risk, and to what part it has happened by its end, with interval."""

    at_risk: Array
    happened: Array
    low: Array
    high: Array


def kaplan_meier(events: Array, censored: Array) -> Curve:
    """The part to whom it has happened by each class of time, when `censored` were only watched until then.

    `events` and `censored` count people by class (day 0, day 1, …). Who is censored in a class was still
    watched when the class's events happened. Kaplan and Meier 1958; the interval is Greenwood's, on the scale
    of log(-log) (Kalbfleisch and Prentice 1980). After the last person at risk nothing is known: NaN.
    """
    events, censored = np.asarray(events, float), np.asarray(censored, float)
    gone = np.cumsum(events + censored)
    at_risk = gone[-1] - np.concatenate([[0.0], gone[:-1]]) if len(gone) else gone
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.cumprod(np.where(at_risk > 0, 1 - events / at_risk, np.nan))
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
        log = np.log(left)
        half = Z * spread / np.abs(log)
        low, high = 1 - left ** np.exp(-half), 1 - left ** np.exp(half)
    certain = (left == 1) | (left == 0)  # no interval: nobody yet, or everybody
    happened = 1 - left
    return Curve(at_risk, happened, np.where(certain, happened, low), np.where(certain, happened, high))


def by_day(events: Array, censored: Array) -> pd.DataFrame:
    """The curve as a table: columns day, at_risk, customers (to whom it has happened), share, low, high."""
    curve = kaplan_meier(events, censored)
    known = curve.at_risk > 0
    return pd.DataFrame(
        {
            "day": np.arange(len(events))[known],
            "at_risk": curve.at_risk[known].astype(np.int64),
            "customers": np.cumsum(events)[known].astype(np.int64),
            "share": curve.happened[known],
            "low": curve.low[known],
            "high": curve.high[known],
        }
    )


def reached(curve: pd.DataFrame, part: float) -> float:
    """The first day by whose end it has happened to `part` of the people; NaN when it never gets there."""
    days = curve.loc[curve["share"] >= part, "day"]
    return float(days.iloc[0]) if len(days) else float("nan")
