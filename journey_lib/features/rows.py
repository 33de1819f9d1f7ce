"""One pass over the rows of a bucket: what each customer did in a window, as counts, sums and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.features.columns import DAYPARTS
from journey_lib.journeys.steps import Coded, stage_of
from journey_lib.touches import Bucket

Array = npt.NDArray[Any]
Counts = dict[str, Array]

DAY, HOUR = 86_400_000_000, 3_600_000_000
NEVER = np.iinfo(np.int64).min
PIECE = 1 << 14  # customers at a time whose counts by code stay in the processor's cache


@dataclass(frozen=True)
class Asked:
    """What is asked of every bucket: rows in [since, until) in microseconds of UTC, and codes to look for.

    `converts` by event type; `offline` by channel, `offers` by channel and by touchpoint, each with a last
    entry for rows that have none; `sale` are days since 1970 of the local calendar, ascending.
    """

    since: int
    until: int
    timezone: str
    channels: int
    event_types: int
    converts: Array
    offline: Array | None = None
    offers: tuple[Array, Array] | None = None
    sale: Array | None = None
    rules: Coded | None = None


def counted(bucket: Bucket, asked: Asked) -> list[Counts]:
    """What each customer with a row in the window did in it, a number or a column of numbers each.

    `born` is the first row of all before the window's end, in it or not. Nothing when nobody has a row.
    """
    inside = (bucket.timestamp >= asked.since) & (bucket.timestamp < asked.until)
    if not inside.any():
        return []
    # Stages look back at what came before, which may be before the window; never at what comes after a row.
    stage = stage_of(bucket, asked.rules)[inside] if asked.rules is not None else None
    first = np.flatnonzero(np.append(True, bucket.customer[1:] != bucket.customer[:-1]))
    who, seen = bucket.customer[first], bucket.timestamp[first]
    rows = bucket if inside.all() else Bucket(*(column[inside] for column in vars(bucket).values()))
    starts = np.flatnonzero(np.append(True, rows.customer[1:] != rows.customer[:-1]))
    edges = np.append(starts, len(rows))
    sizes = np.diff(edges)
    customer = rows.customer[starts]
    place = np.repeat(np.arange(len(starts)), sizes)
    ends = edges[1:] - 1
    converts = asked.converts[rows.event_type]
    local = _local(rows.timestamp, asked.timezone)
    found = {
        "customer": customer,
        "rows": sizes,
        "born": seen if len(who) == len(customer) else seen[np.searchsorted(who, customer)],
        "last": rows.timestamp[ends],
        "channel": _crossed(place, edges, rows.channel, asked.channels),
        "event_type": _crossed(place, edges, rows.event_type, asked.event_types),
    }
    found |= _sold(place, rows, np.flatnonzero(converts), len(starts))
    found |= _times(place, local, edges)
    found |= _offers(place, rows, local, asked, len(starts))
    if stage is not None:
        found["stage"] = np.maximum.reduceat(stage, starts)
    return [found]


def _sold(place: Array, rows: Bucket, sold: Array, size: int) -> Counts:
    """Conversions, their value, and the last of them; `sold` are the rows that are one."""
    owner = place.take(sold)
    edges = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(sold))
    buyer = owner.take(edges[:-1])
    converted, value = np.full(size, NEVER), np.zeros(size, np.int64)
    converted[buyer] = rows.timestamp.take(sold.take(edges[1:] - 1))
    if len(sold):
        value[buyer] = np.add.reduceat(rows.value.take(sold), edges[:-1], dtype=np.int64)
    return {"conversions": np.bincount(owner, minlength=size), "converted": converted, "value": value}


def together(parts: Sequence[list[Counts]]) -> list[Counts]:
    """Those of the buckets that have somebody, in order, not joined: each is small enough to be near."""
    return [counts for part in parts for counts in part]


def _local(time: Array, timezone: str) -> Array:
    """Microseconds of the local clock."""
    if timezone == "UTC":
        return time
    there = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    return there.tz_localize(None).to_numpy().astype("datetime64[us]").view(np.int64)


def _crossed(place: Array, edges: Array, code: Array, width: int) -> Array:
    """How often each code occurs with each customer, a line a code; rows without one (-1) count nowhere.

    In pieces that fit the processor's cache, and in the smallest integers that hold any count: a million
    customers by fifty codes are read and written for every column.
    """
    size = len(edges) - 1
    crossed = np.empty((width, size), np.min_scalar_type(int(np.diff(edges).max())))
    for first in range(0, size, PIECE):
        last = min(first + PIECE, size)
        many = last - first
        here = slice(edges[first], edges[last])
        key = code[here].astype(np.int64)
        key *= many
        key += place[here]
        key += many - first
        counts = np.bincount(key, minlength=(width + 1) * many).reshape(width + 1, many)
        crossed[:, first:last] = counts[1:]
    return crossed


def _times(place: Array, local: Array, edges: Array) -> Counts:
    """Active days, days between them, and rows at weekends and by part of the day, by the local clock."""
    size = len(edges) - 1
    day = local // DAY
    hours = np.empty(24, np.int8)
    for number, hour in enumerate(sorted(DAYPARTS.values())):
        hours[hour:] = number
    hours[: min(DAYPARTS.values())] = len(DAYPARTS) - 1
    part = hours.take((local - day * DAY) // HOUR)
    begin = day.min()
    date = (day - begin).astype(np.int32)
    # The first day of 1970 was a Thursday. Asked of each day once: there are far fewer than rows.
    weekend = ((np.arange(begin, day.max() + 1) + 3) % 7 >= 5).take(date)
    # A day beside a customer in one integer, as small a one as holds them.
    bits = int(date.max()).bit_length()
    key: Array = place.astype(np.int32 if size << bits < 2**31 else np.int64)
    key <<= bits
    key |= date
    # Where clocks go back over midnight a day comes twice: then rows are not in the order of days.
    if (key[1:] < key[:-1]).any():
        key.sort()
    key = key[np.append(True, key[1:] != key[:-1])]
    owner, date = key >> bits, key & ((1 << bits) - 1)
    days = np.bincount(owner, minlength=size)
    last = np.cumsum(days) - 1
    return {
        "days": days,
        "span": date[last] - date[last - days + 1],
        "gap": _medians(owner, date, days, bits),
        "weekend": np.bincount(place.take(np.flatnonzero(weekend)), minlength=size),
        "part": _crossed(place, edges, part, len(DAYPARTS)),
    }


def _medians(owner: Array, date: Array, days: Array, bits: int) -> Array:
    """Twice the median of the days from one active day to the next, a whole number; -1 with one such day."""
    later = np.flatnonzero(owner[1:] == owner[:-1]) + 1
    gaps = owner.take(later)
    gaps <<= bits
    gaps |= date.take(later) - date.take(later - 1)
    gaps.sort()
    gaps &= (1 << bits) - 1
    number = days - 1
    some = np.flatnonzero(number)
    number = number.take(some)
    start = np.cumsum(number) - number
    middle = np.full(len(days), -1, np.int64)
    middle[some] = gaps.take(start + (number - 1) // 2) + gaps.take(start + number // 2)
    return middle


def _offers(place: Array, rows: Bucket, local: Array, asked: Asked, size: int) -> Counts:
    """Touches offline and at offers, and conversions on sale days, where these are declared."""
    found: Counts = {}
    touch = rows.channel >= 0
    if asked.offline is not None:
        found["offline"] = np.bincount(place[asked.offline[rows.channel] & touch], minlength=size)
    if asked.offers is not None:
        channels, touchpoints = asked.offers
        offered = (channels[rows.channel] | touchpoints[rows.touchpoint]) & touch
        found["offers"] = np.bincount(place[offered], minlength=size)
    if asked.sale is not None:
        on = asked.converts[rows.event_type] & np.isin(local // DAY, asked.sale)
        found["sale"] = np.bincount(place[on], minlength=size)
    return found
