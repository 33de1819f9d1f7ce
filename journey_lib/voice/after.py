"""What customers do after a complaint, beside what others did at the time: an association, not an effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.engine import reduce
from journey_lib.errors import ParameterError
from journey_lib.intervals import Array, difference, wilson
from journey_lib.model import Result, duration
from journey_lib.touches import Bucket, Touches
from journey_lib.voice.load import Topics
from journey_lib.voice.pain import COMPLAINT, QUESTION, end_of, kind_of

COMPLAINTS, QUESTIONS = "(complaints)", "(questions)"
CONVERTED, RETURNED = "converted", "returned"
OUTCOMES = (CONVERTED, RETURNED)
GAP = "1d"  # the contact itself and what follows from it the same day is no coming back
_MS = 1000
# How it is guarded (`Result.suppressed`): of whom it happened to, and of the others.
_GUARDED: Mapping[str, Any] = {
    "people": ("happened",),
    "within": {"happened": ("customers",)},
    "tell": {"happened": ("share", "low", "high", "difference", "difference_low", "difference_high")},
}


@dataclass(frozen=True)
class _Starts:
    """From when each customer is watched, in which group: a row for each, by customer and time."""

    customer: Array
    group: Array
    time: Array


def after(
    tickets: pd.DataFrame,
    touches: Touches,
    *,
    topics: Topics,
    as_of: str | pd.Timestamp,
    within: str = "60d",
    conversion: str | None = None,
    among: Sequence[bool] | Array | None = None,
) -> Result:
    """Whether customers come back and convert within some days of a complaint, beside those without a ticket.

    A customer is watched from the first ticket of a topic on; `(complaints)` from the first complaint, and
    `(questions)`, of customers who never complained, from the first question. Beside them stand customers
    without any ticket, from their first touch of one month on; which month is settled by their number alone.
    `among` limits those to some (one true or false for each of the table's customers, in its order): most of
    whoever left no more than a cookie never buys, and customers who are known by name compare better.
    Their share is weighed so that months count as they do among the complainers. Nothing else is matched:
    those who complain have bought more often than those without a ticket to begin with, and so the difference
    is no effect of the complaint. Touches of the first day (`GAP`) count as part of the contact, for
    everybody. Whoever was not watched for the whole of `within` by the end of `as_of` (or of the data) is
    waiting, and left out.

    Columns topic, outcome (converted: a conversion; returned: a touch), customers, happened, share with low
    and high (Wilson), matched (of these, in months with anybody beside them), others, others_share,
    difference with difference_low and difference_high (Newcombe, the others with the effective size of their
    weights), waiting. Facts: tickets_without_touches (of customers of whom the touch table knows nothing),
    others, and waiting among them.
    """
    length = duration(within)
    if length <= duration(GAP):
        raise ParameterError(
            f"within={within!r} is no longer than the contact itself", do='use more than "1d"'
        )
    end = end_of(as_of, tickets["timestamp"])
    kind = kind_of(tickets["topic"], topics)
    known = tickets.assign(kind=kind)[tickets["timestamp"] < end]
    last = min(int(end.value // 1000), touches.period[1] + 1)
    names, starts = _starts(known[known["customer"].notna()], topics)
    apart = np.zeros(touches.customers, bool) if among is None else ~np.asarray(among, bool)
    if len(apart) != touches.customers:
        raise ParameterError(
            "`among` is not about the customers of these touches",
            how_many=f"{len(apart)} values for {touches.customers} customers",
        )
    apart[known["customer"].dropna().astype(np.int64).to_numpy()] = True
    converts = np.isin(touches.event_types, touches.converting(conversion))
    origin = _month(np.array([touches.period[0]]), touches.timezone)[0]
    months = int(_month(np.array([touches.period[1]]), touches.timezone)[0] - origin) + 1
    shape = (len(names) + 1, months, 4)

    def measure(bucket: Bucket) -> Array:
        mine = _mine(starts, bucket)
        others = _others(bucket, apart, last - length, touches.timezone, len(names))
        both = _Starts(*(np.concatenate(pair) for pair in zip(mine, others, strict=True)))
        return _counted(bucket, both, converts, length, last, shape, (origin, touches.timezone))

    counts = reduce(touches.buckets, measure, lambda parts: np.sum(parts, axis=0))
    table = _table(names, counts)
    facts = {
        "tickets_without_touches": int(known["customer"].isna().sum()),
        "others": int(counts[-1, :, 0].sum()),
        "others_waiting": int(counts[-1, :, 3].sum()),
    }
    settings = {
        "within": within,
        "gap": GAP,
        "as_of": str(as_of),
        "among": None if among is None else int(np.sum(among)),
        "conversion": conversion or next(iter(touches.conversions)),
        "topics": topics.model_dump(),
        "data": touches.fingerprint,
    }
    return Result("after", table, facts, settings, base="customers", **_GUARDED)


def _starts(tickets: pd.DataFrame, topics: Topics) -> tuple[list[str], _Starts]:
    """The groups, and each customer's first ticket in each."""
    complaints = tickets[tickets["kind"] == COMPLAINT]
    never = ~tickets["customer"].isin(complaints["customer"])
    questions = tickets[(tickets["kind"] == QUESTION) & never]
    groups = {COMPLAINTS: complaints, QUESTIONS: questions}
    groups |= {topic: complaints[complaints["topic"] == topic] for topic in topics.complaints}
    parts = []
    for number, group in enumerate(groups.values()):
        first = group.groupby("customer")["timestamp"].min()
        time = (
            first.dt.tz_convert("UTC")
            .dt.tz_localize(None)
            .to_numpy()
            .astype("datetime64[us]")
            .astype(np.int64)
        )
        parts.append((first.index.to_numpy(np.int64), np.full(len(first), number), time))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[2], columns[0]))
    return list(groups), _Starts(*(column[order] for column in columns))


def _mine(starts: _Starts, bucket: Bucket) -> tuple[Array, Array, Array]:
    """The starts of a bucket's customers; buckets hold whole customers."""
    here = np.isin(starts.customer, bucket.customer)
    return starts.customer[here], starts.group[here], starts.time[here]


def _others(
    bucket: Bucket, apart: Array, latest: int, timezone: str, group: int
) -> tuple[Array, Array, Array]:
    """Customers without a ticket, from the first touch of one month on.

    The month is one of those in which they can be watched long enough, if there is any; else of all.
    """
    rows = np.flatnonzero((bucket.channel >= 0) & ~apart[bucket.customer])
    customer, time = bucket.customer[rows].astype(np.int64), bucket.timestamp[rows]
    month = _month(time, timezone)
    first = np.ones(len(rows), bool)
    first[1:] = (customer[1:] != customer[:-1]) | (month[1:] != month[:-1])
    customer, time = customer[first], time[first]
    head = (
        np.flatnonzero(np.append(True, customer[1:] != customer[:-1])) if len(customer) else np.zeros(0, int)
    )
    size = np.diff(np.append(head, len(customer)))
    whole = np.add.reduceat(time < latest, head).astype(int) if len(head) else size
    among = np.where(whole > 0, whole, size)
    mixed = (customer[head] + 1) * 2_654_435_761 % 4_294_967_291
    chosen = head + mixed % np.maximum(among, 1)
    return customer[chosen], np.full(len(chosen), group), time[chosen]


def _counted(
    bucket: Bucket,
    starts: _Starts,
    converts: Array,
    length: int,
    last: int,
    shape: tuple[int, int, int],
    calendar: tuple[int, str],
) -> Array:
    """By group and month: customers watched to the end, who converted, who returned, and who are waiting."""
    origin, timezone = calendar
    month = np.clip(_month(starts.time, timezone) - origin, 0, shape[1] - 1)
    waiting = starts.time + length > last
    cell = starts.group * shape[1] + month
    size = shape[0] * shape[1]
    happened = [
        _any(bucket, rows, starts, length) for rows in (converts[bucket.event_type], bucket.channel >= 0)
    ]
    parts = [~waiting, ~waiting & happened[0], ~waiting & happened[1], waiting]
    return np.stack([np.bincount(cell[part], minlength=size) for part in parts], axis=1).reshape(shape)


def _any(bucket: Bucket, rows: Array, starts: _Starts, length: int) -> Array:
    """Whether any of the rows lies after the first day and within `length` of each start."""
    people, place = np.unique(bucket.customer, return_inverse=True)
    floor = int(bucket.timestamp.min()) if len(bucket) else 0
    top = int(max(bucket.timestamp.max(initial=floor), starts.time.max(initial=floor)))
    # customer and time in one number that sorts as both do; milliseconds, so that it fits
    span = (top + length - floor) // _MS + 2
    key = place[rows] * span + (bucket.timestamp[rows] - floor) // _MS
    who = np.searchsorted(people, starts.customer)

    def before(moment: Array) -> Array:
        return np.searchsorted(key, who * span + np.clip((moment - floor) // _MS, -1, span - 1), side="right")

    return np.asarray(before(starts.time + length) > before(starts.time + duration(GAP)))


def _table(names: list[str], counts: Array) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    others = counts[-1].astype(float)
    for name, group in zip(names, counts[:-1].astype(float), strict=True):
        both = (group[:, 0] > 0) & (others[:, 0] > 0)
        n, m = group[both, 0], others[both, 0]
        weight = n / n.sum() if len(n) else n
        size = 1 / float((weight**2 / m).sum()) if len(n) else 0.0
        for at, outcome in enumerate(OUTCOMES, start=1):
            happened, customers = group[:, at].sum(), group[:, 0].sum()
            share = float((weight * others[both, at] / m).sum()) if len(n) else float("nan")
            low, high = wilson(np.array([happened]), np.array([customers]))
            apart = difference(
                np.array([group[both, at].sum()]),
                np.array([n.sum()]),
                np.array([share * size if len(n) else 0.0]),
                np.array([size]),
            )
            rows.append(
                {
                    "topic": name,
                    "outcome": outcome,
                    "customers": int(customers),
                    "happened": int(happened),
                    "share": happened / customers if customers else float("nan"),
                    "low": float(low[0]),
                    "high": float(high[0]),
                    "matched": int(n.sum()),
                    "others": int(m.sum()),
                    "others_share": share,
                    "difference": float(apart[0][0]),
                    "difference_low": float(apart[1][0]),
                    "difference_high": float(apart[2][0]),
                    "waiting": int(group[:, 3].sum()),
                }
            )
    return pd.DataFrame(rows)


def _month(time: Array, timezone: str) -> Array:
    """Months since January 1970 of the local day of each instant."""
    local = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    return np.asarray(local.tz_localize(None).to_numpy().astype("datetime64[M]").astype(np.int64))
