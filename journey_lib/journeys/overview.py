"""Groups in one line each, and visits: how many, how long, what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.errors import ParameterError
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Cutting, Journeys, cuts, rules_for, settings
from journey_lib.journeys.entries import class_names
from journey_lib.journeys.groups import Group
from journey_lib.journeys.members import count_of, rows_of
from journey_lib.journeys.moves import CLASSES, RATE, classes_of, distinct_people, people, quantile
from journey_lib.model import Result, duration
from journey_lib.touches import Bucket, Touches

SIZES = (1, 2, 3, 4, 5, 6, 11, 21)  # touches from which each class of a session begins
MINUTES = 24 * 60  # in a day


@view
def overview(touches: Touches, groups: Sequence[Group], **cutting: Unpack[Cutting]) -> Asking[Result]:
    """What the journeys of several groups came to, a line each; groups may share journeys.

    Columns group, journeys, customers, touches (mean of all its journeys), over, conversions, conversion_rate
    (of those that are over) with low and high (Wilson), nulls, open, value (major units); and, not shown, the
    customers whose journeys converted, and ended without: converters, enders. Groups differ in more than what
    they are defined by: no line says what being in a group brings about.
    """
    if not groups:
        raise ParameterError(
            "there is no group to look at", do="give one or more, such as journeys.converted()"
        )
    rules = rules_for(touches, **cutting)

    def measure(found: Journeys) -> Array:
        lengths = found.lengths
        rows = []
        for group in groups:
            at = np.flatnonzero(group.holds(found))
            customer = found.customer.take(at)
            over = len(at) - np.count_nonzero(found.open.take(at))
            ended = at.compress(found.converted.take(at))  # the others have no value
            lost = at.compress(~(found.converted.take(at) | found.open.take(at)))
            whose = (people(found.customer.take(ended)), people(found.customer.take(lost)))
            sums = (lengths.take(at).sum(), over, len(ended), found.value.take(ended).sum(), *whose)
            rows.append([len(at), people(customer), *map(int, sums)])
        return np.array(rows, np.int64)

    sums = yield Pass(cuts(touches, rules), measure, lambda parts: np.sum(parts, axis=0))
    journeys, customers, steps, over, conversions, value, converters, enders = sums.T
    low, high = wilson(conversions, over)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "group": [group.name for group in groups],
                "journeys": journeys,
                "customers": customers,
                "touches": steps / journeys,
                "over": over,
                "conversions": conversions,
                "conversion_rate": conversions / over,
                "low": low,
                "high": high,
                "nulls": over - conversions,
                "open": journeys - over,
                "value": value / 10**touches.digits,
                "converters": converters,
                "enders": enders,
            }
        )
    return Result(
        "overview",
        table,
        {"groups": len(groups)},
        settings(touches, **cutting),
        base="journeys",
        people=("converters", "enders"),
        # how many converted may be added up from the channels; who did not is then what is over less these
        tell={"converters": ("conversions", "nulls", *RATE), "enders": ("nulls", "over", "open", *RATE)},
        about={"converters": ("value",)},
        unseen=("converters", "enders"),
    )


@view
def sessions(touches: Touches, *, gap: str = "30m", customers: Array | None = None) -> Asking[Result]:
    """How many sessions customers have: runs of touches with less than `gap` from one to the next.

    A session ends with the first pause of `gap` or more; conversions do not end it. `customers` is true for
    each of the table's customers to look at, all when None. Columns touches (in classes), sessions,
    customers, of (all sessions), share, median_minutes (from the first touch to the last, right to 4.4%).
    Facts: sessions, touches.
    """
    limit = duration(gap)
    sizes = np.searchsorted(SIZES, np.arange(SIZES[-1] + 1), side="right") - 1  # the class of every size

    def measure(bucket: Bucket) -> tuple[Array, Array]:
        bucket = rows_of(bucket, customers)
        seen = bucket.channel >= 0
        whole = bool(seen.all())
        customer = bucket.customer if whole else bucket.customer[seen]
        time = bucket.timestamp if whole else bucket.timestamp[seen]
        if not len(time):
            return np.zeros((3, len(SIZES)), np.int64), np.zeros((len(SIZES), CLASSES), np.int64)
        begins = np.ones(len(time) + 1, bool)
        np.greater_equal(time[1:] - time[:-1], limit, out=begins[1:-1])
        begins[1:-1] |= customer[1:] != customer[:-1]
        here, over = begins[:-1], begins[1:]  # whether a session begins with a touch, and ends with it
        alone, first, last = here & over, np.flatnonzero(here & ~over), np.flatnonzero(over & ~here)
        size, many = last - first + 1, len(SIZES)
        key = sizes.take(np.minimum(size, SIZES[-1]))
        counts = np.bincount(key, minlength=many)
        who = distinct_people(key, customer[first], many)
        touched = np.bincount(key, size, many).astype(np.int64)
        counts[0] = touched[0] = np.count_nonzero(alone)
        who[0] = people(customer[alone])
        taken = key * CLASSES + classes_of(time[last] - time[first])
        lasted = np.bincount(taken, minlength=many * CLASSES).reshape(many, CLASSES)
        lasted[0, 0] += counts[0]  # one touch lasts no time
        return np.array([counts, who, touched]), lasted

    def added(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
        return np.sum([sums for sums, _ in parts], axis=0), np.sum([lasted for _, lasted in parts], axis=0)

    (counts, who, inside), lasted = yield Pass(touches.buckets, measure, added)
    total = int(counts.sum())
    table = pd.DataFrame(
        {
            "touches": class_names(SIZES),
            "sessions": counts,
            "customers": who,
            "of": total,
            "share": counts / max(total, 1),
            "median_minutes": quantile(lasted, 0.5) * MINUTES,
        }
    )
    said: dict[str, Any] = {
        "gap": gap,
        "customers": count_of(customers),
        "by": touches.by,
        "data": touches.fingerprint,
    }
    return Result("sessions", table, {"sessions": total, "touches": int(inside.sum())}, said, base="sessions")
