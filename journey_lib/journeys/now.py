"""Where customers stand at the end of the data: in which stage, and how long ago they were seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Period, instant
from journey_lib.journeys.members import count_of, rows_of
from journey_lib.journeys.moves import CLASSES, classes_of, quantile
from journey_lib.model import QUIET, Result, duration
from journey_lib.touches import Bucket, Touches


@view
def stages_now(
    touches: Touches,
    *,
    within: str = "90d",
    period: Period | None = None,
    customers: Array | None = None,
) -> Asking[Result]:
    """In which stage customers are now: that of their last touch, if it is not longer ago than `within`.

    Now is the end of the period, or of the data; `customers` is true for each of the table's customers to
    look at, all when None. Columns step (in the order of ``touches.channels``; those last seen longer ago are
    in ``(gone quiet)``), customers, of (all who ever touched), share with low and high (Wilson), median_days
    (since the last touch).
    """
    end = instant((period or (None, None))[1], touches.timezone)
    now = touches.period[1] if end is None else min(end, touches.period[1])
    size, limit = len(touches.channels), duration(within)

    def measure(bucket: Bucket) -> Array:
        return _last(rows_of(bucket, customers), now, limit, size)

    classes = yield Pass(touches.buckets, measure, lambda parts: np.sum(parts, axis=0))
    people = classes.sum(axis=1)
    total = int(people.sum())
    low, high = wilson(people, np.full(size + 1, float(total)))
    table = pd.DataFrame(
        {
            "step": [*touches.channels, QUIET],
            "customers": people,
            "of": total,
            "share": people / max(total, 1),
            "low": low,
            "high": high,
            "median_days": quantile(classes, 0.5),
        }
    )
    said: dict[str, Any] = {"within": within, "customers": count_of(customers), "data": touches.fingerprint}
    said["period"] = None if period is None else [None if day is None else str(day) for day in period]
    return Result(
        "stages_now",
        table,
        {"customers": total},
        said,
        base="customers",
        within={"customers": ("of",)},
        tell={"customers": ("share", "low", "high")},
        parts=((),),
    )


def _last(bucket: Bucket, now: int, limit: int, size: int) -> Array:
    """Customers by the stage of their last touch and by how long it is ago, in classes of waiting time."""
    rows = np.flatnonzero((bucket.channel >= 0) & (bucket.timestamp <= now))
    customer = bucket.customer[rows]
    last = rows[np.append(customer[1:] != customer[:-1], True)] if len(rows) else rows
    ago = now - bucket.timestamp[last]
    stage = np.where(ago <= limit, bucket.channel[last], size).astype(np.int64)
    return np.bincount(stage * CLASSES + classes_of(ago), minlength=(size + 1) * CLASSES).reshape(
        size + 1, CLASSES
    )
