"""Whether customers come back: cohorts by the month of their first conversion, and the time to the second."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.intervals import wilson
from journey_lib.journeys import Period
from journey_lib.journeys.cut import FOREVER, Array, instant
from journey_lib.journeys.members import count_of, rows_of
from journey_lib.journeys.moves import DAY, distinct_people
from journey_lib.model import Result
from journey_lib.survival import GUARDED, by_day, reached
from journey_lib.touches import Bucket, Touches

LONGEST = 400  # days that are told apart; what took longer is in the last of them


@view
def cohorts(
    touches: Touches,
    *,
    conversion: str | None = None,
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """What part of each month's new customers convert again in each month after it.

    Columns cohort (the first day of the month of a customer's first conversion in the period, in the table's
    time zone), month (how many months later; 1 is the next), customers (of the cohort, with a conversion in
    that month), of (the cohort), share with low and high (Wilson). Only months that the period covers whole
    are shown: an unfinished one would look like a loss. Who converted before the data begin counts as new.
    `customers` is true for each of the table's customers to look at, all when None.
    """
    start, end, until = _limits(touches, period)
    converts = _converting(touches, conversion)
    origin = int(_months(np.array([max(start, touches.period[0])]), touches.timezone)[0])
    # a period outside the data has no months, but still a table
    months = max(int(_months(np.array([until]), touches.timezone)[0]) - origin + 1, 1)
    # the month of the last instant is whole only when the next instant is in another
    whole = months - int(_months(np.array([until + 1]), touches.timezone)[0] == origin + months - 1)

    def measure(bucket: Bucket) -> Array:
        customer, time = _conversions(bucket, converts, start, end, customers)
        month = _months(time, touches.timezone) - origin
        first = _firsts(customer)
        born = np.repeat(month[first], np.diff(np.append(first, len(customer))))
        return distinct_people(born * months + month, customer, months * months).reshape(months, months)

    counts = yield Pass(touches.buckets, measure, lambda parts: np.sum(parts, axis=0))
    sizes = np.diag(counts)
    cohort, month = np.triu_indices(months, 1)
    seen = (month < whole) & (sizes[cohort] > 0)
    cohort, month = cohort[seen], month[seen]
    low, high = wilson(counts[cohort, month], sizes[cohort])
    table = pd.DataFrame(
        {
            "cohort": pd.to_datetime((origin + cohort).astype("datetime64[M]").astype("datetime64[ns]")),
            "month": month - cohort,
            "customers": counts[cohort, month],
            "of": sizes[cohort],
            "share": counts[cohort, month] / np.maximum(sizes[cohort], 1),
            "low": low,
            "high": high,
        }
    )
    return Result(
        "retention",
        table,
        {"customers": int(sizes.sum())},
        _said(touches, conversion, period, customers),
        base="of",
        people=("of",),
        within={"customers": ("of",)},
        tell={"customers": ("share", "low", "high")},
        groups={"cohort": ("of",)},
        besides={"cohort": int(sizes.sum() - sizes[np.unique(cohort)].sum())},
    )


@view
def repeat(
    touches: Touches,
    *,
    conversion: str | None = None,
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """How long it takes customers to convert a second time, when some have not yet.

    Columns day, at_risk (watched so long, without a second conversion before), customers (with one by the end
    of the day), share (the same in part, of all who converted) with low and high (Kaplan–Meier, Greenwood on
    the log-log scale). Two conversions at the same instant are a first and a second. Facts: entered
    (customers with a conversion), median_days (NaN when not half come back). `customers` as in `cohorts`.
    """
    start, end, until = _limits(touches, period)
    converts = _converting(touches, conversion)

    def measure(bucket: Bucket) -> Array:
        customer, time = _conversions(bucket, converts, start, end, customers)
        first = _firsts(customer)
        again = np.append(first[1:], len(customer)) - first > 1
        took = time[first[again] + 1] - time[first[again]]
        watched = until - time[first[~again]]
        days = (np.minimum(waited // DAY, LONGEST) for waited in (took, watched))
        return np.array([np.bincount(each, minlength=LONGEST + 1) for each in days])

    events, censored = yield Pass(touches.buckets, measure, lambda parts: np.sum(parts, axis=0))
    table = by_day(events, censored)
    facts = {"entered": int(events.sum() + censored.sum()), "median_days": reached(table, 0.5)}
    return Result(
        "repeat",
        table,
        facts,
        _said(touches, conversion, period, customers),
        base="customers",
        heads={"entered": ()},
        **GUARDED,
    )


def _limits(touches: Touches, period: Period | None) -> tuple[int, int, int]:
    first, after = (instant(day, touches.timezone) for day in (period or (None, None)))
    end = FOREVER if after is None else after
    return np.iinfo(np.int64).min if first is None else first, end, min(end - 1, touches.period[1])


def _converting(touches: Touches, conversion: str | None) -> Array:
    return np.isin(touches.event_types, touches.converting(conversion))


def _conversions(
    bucket: Bucket, converts: Array, start: int, end: int, customers: Array | None
) -> tuple[Array, Array]:
    bucket = rows_of(bucket, customers)
    rows = converts[bucket.event_type] & (bucket.timestamp >= start) & (bucket.timestamp < end)
    return bucket.customer[rows], bucket.timestamp[rows]


def _firsts(customer: Array) -> Array:
    return (
        np.flatnonzero(np.append(True, customer[1:] != customer[:-1])) if len(customer) else np.zeros(0, int)
    )


def _months(time: Array, timezone: str) -> Array:
    """Months since January 1970 of the local day of each instant."""
    local = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    return local.tz_localize(None).to_numpy().astype("datetime64[M]").astype(np.int64)


def _said(
    touches: Touches, conversion: str | None, period: Period | None, customers: Array | None
) -> dict[str, object]:
    return {
        "conversion": conversion or next(iter(touches.conversions)),
        "period": None if period is None else [None if day is None else str(day) for day in period],
        "customers": count_of(customers),
        "data": touches.fingerprint,
    }
