"""One pass over the rows of a bucket: what each customer did in a window, as counts, sums and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.features.clock import MOMENTS, PARTS, Clock
from journey_lib.features.tally import Code, Joined, joined
from journey_lib.journeys.steps import Coded, fitting, flagged, stage_of_types
from journey_lib.touches import Bucket, pieces

Array = npt.NDArray[Any]
Counts = dict[str, Array]


@dataclass(frozen=True)
class Asked:
    """What is asked of every bucket: rows in [since, until) in microseconds of UTC, and codes to look for.

    `converts` by event type, `offers` by channel and by touchpoint, each with a last entry for rows that have
    none; `sale` are days since 1970 of the local calendar, ascending.
    """

    since: int
    until: int
    clock: Clock
    tallied: tuple[Joined, ...]
    converts: Array
    offers: tuple[Array, Array] | None = None
    sale: Array | None = None
    rules: Coded | None = None


def tallied(
    channels: int, converts: Array, offline: Array | None, others: Sequence[str]
) -> tuple[Joined, ...]:
    """What a row adds to the counts of its customer.

    `converts` by event type and `offline` by channel, with a last entry for rows that have none; `others` are
    counted where a row has them.
    """
    met = np.arange(channels + 1) > 0  # codes of channels are one more than the table's, so that none is 0
    channel = {"channel": np.eye(channels + 1)[:, 1:], "touches": met}
    if offline is not None:
        channel["offline"] = np.roll(offline, 1) & met
    part = np.tile(np.eye(len(PARTS)), (2, 1))
    weekend = np.arange(MOMENTS) >= len(PARTS)
    return joined(
        [
            Code("channel", channel),
            Code("event_type", {"event_type": np.eye(len(converts) - 1), "conversions": converts[:-1]}),
            Code("moment", {"part": part, "weekend": weekend}),
            *(Code(name, {name: np.array([0, 1])}) for name in others),
        ]
    )


def counted(bucket: Bucket, asked: Asked) -> list[Counts]:
    """What each customer with a row in the window did in it, a number or a column of numbers each.

    `born` is the first row of all before the window's end, in it or not. One entry for each piece of the
    bucket in which somebody has a row: what a piece takes stays in the processor's cache.
    """
    return [counts for piece in pieces(bucket) if (counts := _counted(piece, asked))]


def _counted(piece: Bucket, asked: Asked) -> Counts:
    if not len(piece):
        return {}
    first = _starts(piece.customer)
    who, born = piece.customer.take(first), piece.timestamp.take(first)
    rows = piece
    if piece.timestamp.min() < asked.since or piece.timestamp.max() >= asked.until:
        inside = np.flatnonzero(_inside(piece.timestamp, asked))
        if not len(inside):
            return {}
        rows = Bucket(*(column.take(inside) for column in vars(piece).values()))
        first = _starts(rows.customer)
        seen, who = who, rows.customer.take(first)
        born = born.take(np.searchsorted(seen, who))
    edges = np.append(first, len(rows))
    on, moment = asked.clock.read(rows.timestamp)
    day, fresh = _days(on, first)
    sold = flagged(rows.event_type, asked.converts)
    codes = {
        "channel": rows.channel + np.int16(1),
        "event_type": rows.event_type,
        "moment": moment,
        "days": fresh,
        **_declared(rows, on, sold, asked),
    }
    counts = {name: each for group in asked.tallied for name, each in group.counts(codes, edges).items()}
    found = counts | {
        "customer": who,
        "rows": np.diff(edges),
        "born": born,
        "last": rows.timestamp.take(edges[1:] - 1),
        "span": day.take(edges[1:] - 1) - day.take(first),
        "gap": _medians(rows.customer, day, first, fresh, counts["days"]),
        **_sold(rows, np.flatnonzero(sold), counts["conversions"]),
    }
    if asked.rules is not None:
        found["stage"] = _deepest(piece, who, counts["event_type"], asked, asked.rules)
    return found


def _inside(time: Array, asked: Asked) -> Array:
    return (time >= asked.since) & (time < asked.until)


def _deepest(piece: Bucket, who: Array, by_type: Array, asked: Asked, rules: Coded) -> Array:
    """The deepest stage of each customer in the window, by how often each kind of event is in it; -1: none.

    Rules look back at what came before, which may be before the window; never at what comes after a row.
    """
    deepest = np.full(len(who), -1, np.int16)
    of_types = stage_of_types(rules)
    for place in np.unique(of_types[of_types >= 0]):
        deepest[by_type[np.flatnonzero(of_types == place)].any(axis=0)] = place
    for place, rows in fitting(piece, rules):
        there = rows[_inside(piece.timestamp.take(rows), asked)]
        customer = piece.customer.take(there)
        owner = np.searchsorted(who, customer[np.diff(customer, prepend=-1) > 0])
        deepest[owner] = np.maximum(deepest[owner], np.int16(place))
    return deepest


def _starts(customer: Array) -> Array:
    """The first row of each customer."""
    return np.append(0, np.flatnonzero(customer[1:] != customer[:-1]) + 1)


def _sold(rows: Bucket, sold: Array, conversions: Array) -> Counts:
    """When each customer converted last, and what all conversions were worth; `sold` are their rows."""
    buyer = np.flatnonzero(conversions)
    ends = np.cumsum(conversions.take(buyer), dtype=np.int64)
    converted, value = np.zeros((2, len(conversions)), np.int64)
    if len(sold):
        converted[buyer] = rows.timestamp.take(sold.take(ends - 1))
        first = np.append(0, ends[:-1])
        value[buyer] = np.add.reduceat(rows.value.take(sold), first, dtype=np.int64)
    return {"converted": converted, "value": value}


def together(parts: Sequence[list[Counts]]) -> list[Counts]:
    """Those of the buckets that have somebody, in order, not joined: each is small enough to be near."""
    return [counts for part in parts for counts in part]


def _days(day: Array, first: Array) -> tuple[Array, Array]:
    """The days of each customer's rows in order, and which rows begin a day; `first` begin a customer."""
    back = day[1:] < day[:-1]
    back[first[1:] - 1] = False
    if back.any():  # where clocks go back over midnight a day comes twice
        day = day[np.lexsort((day, np.repeat(first, np.diff(first, append=len(day)))))]
    fresh = np.append(True, day[1:] != day[:-1])
    fresh[first] = True
    return day, fresh


def _medians(customer: Array, day: Array, first: Array, fresh: Array, days: Array) -> Array:
    """Twice the median of the days from one active day to the next, a whole number; -1 with one such day.

    Rows are in order; `first` begin a customer, `fresh` a day, of which each customer has so many `days`.
    """
    if 2 * np.count_nonzero(fresh) < len(fresh):  # sorting what is no gap costs more than leaving it out
        active = np.flatnonzero(fresh)
        customer, day = customer.take(active), day.take(active)
        first = np.append(0, np.cumsum(days[:-1], dtype=np.int64))
    bits = int(day.max() - day.min()).bit_length() + 1
    far = np.int32((1 << bits) - 1)
    # A gap beside its customer in one integer, as small a one as holds them, and less one: so that no gap, as
    # from row to row of one day, is of the most days there can be and is sorted behind those that there are.
    owner = customer - customer[0]
    small = np.int32 if (int(owner[-1]) + 1) << bits < 2**31 else np.int64
    key: Array = np.left_shift(owner, bits, dtype=small)
    between = days.astype(np.int64) - 1
    nowhere = key.take(first) + far
    gap = day[1:] - day[:-1]
    gap -= 1
    gap &= far
    key[1:] += gap
    key[first] = nowhere
    key.sort()
    lower, upper = (key.take(first + half) for half in (np.maximum(between - 1, 0) // 2, between // 2))
    return np.where(between > 0, np.bitwise_and(lower, far) + np.bitwise_and(upper, far) + 2, -1)


def _declared(rows: Bucket, day: Array, sold: Array, asked: Asked) -> dict[str, Array]:
    """Whether a row is a touch at an offer, and a conversion on a sale day, where these are declared."""
    found: dict[str, Array] = {}
    if asked.offers is not None:
        channels, touchpoints = asked.offers
        found["offers"] = (channels[rows.channel] | touchpoints[rows.touchpoint]) & (rows.channel >= 0)
    if asked.sale is not None:
        found["sale"] = sold & np.isin(day, asked.sale)
    return found
