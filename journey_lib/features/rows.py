"""One pass over the rows of a bucket: what each customer did in a window, as counts, sums and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.features.clock import MOMENTS, PARTS, Clock
from journey_lib.features.tally import Code, Joined, joined
from journey_lib.journeys.steps import Coded, stage_of
from journey_lib.touches import Bucket, pieces

Array = npt.NDArray[Any]
Counts = dict[str, Array]

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Asked:
    """What is asked of every bucket: rows in [since, until) in microseconds of UTC, and codes to look for.

    `converts` by event type; `offers` by channel and by touchpoint, each with a last entry for rows that have
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

    `offline` by channel, with a last entry for rows that have none; `others` are counted where a row has them.
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
            Code("event_type", {"event_type": np.eye(len(converts)), "conversions": converts}),
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
    # Stages look back at what came before, which may be before the window; never at what comes after a row.
    stage = stage_of(piece, asked.rules) if asked.rules is not None else None
    rows = piece
    if piece.timestamp.min() < asked.since or piece.timestamp.max() >= asked.until:
        inside = np.flatnonzero((piece.timestamp >= asked.since) & (piece.timestamp < asked.until))
        if not len(inside):
            return {}
        rows = Bucket(*(getattr(piece, each.name).take(inside) for each in fields(piece)))
        stage = None if stage is None else stage.take(inside)
        first = _starts(rows.customer)
        born = born.take(np.searchsorted(who, rows.customer.take(first)))
    edges = np.append(first, len(rows))
    sizes = np.diff(edges)
    on, moment = asked.clock.read(rows.timestamp)
    day, fresh = _days(on, edges)
    sold = asked.converts.take(rows.event_type)
    codes = {
        "channel": rows.channel + np.int16(1),
        "event_type": rows.event_type,
        "moment": moment,
        "days": fresh,
        **_declared(rows, on, sold, asked),
    }
    counts = {name: each for group in asked.tallied for name, each in group.counts(codes, edges).items()}
    found = counts | {
        "customer": rows.customer.take(first),
        "rows": sizes,
        "born": born,
        "last": rows.timestamp.take(edges[1:] - 1),
        "span": day.take(edges[1:] - 1) - day.take(first),
        "gap": _medians(day[fresh], counts["days"].astype(np.int64)),
        **_sold(rows, np.flatnonzero(sold), edges),
    }
    if stage is not None:
        found["stage"] = np.maximum.reduceat(stage, first)
    return found


def _starts(customer: Array) -> Array:
    """The first row of each customer."""
    return np.append(0, np.flatnonzero(customer[1:] != customer[:-1]) + 1)


def _sold(rows: Bucket, sold: Array, edges: Array) -> Counts:
    """When each customer converted last, and the value of all conversions; `sold` are the rows that are one."""
    owner = np.searchsorted(edges, sold, side="right") - 1
    first = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(sold))
    buyer, size = owner.take(first[:-1]), len(edges) - 1
    converted, value = np.full(size, NEVER), np.zeros(size, np.int64)
    converted[buyer] = rows.timestamp.take(sold.take(first[1:] - 1))
    if len(sold):
        value[buyer] = np.add.reduceat(rows.value.take(sold), first[:-1], dtype=np.int64)
    return {"converted": converted, "value": value}


def together(parts: Sequence[list[Counts]]) -> list[Counts]:
    """Those of the buckets that have somebody, in order, not joined: each is small enough to be near."""
    return [counts for part in parts for counts in part]


def _days(day: Array, edges: Array) -> tuple[Array, Array]:
    """The days of each customer's rows in order, and which rows are the first of a day."""
    first = edges[:-1]
    back = day[1:] < day[:-1]
    back[first[1:] - 1] = False
    if back.any():  # where clocks go back over midnight a day comes twice
        day = day[np.lexsort((day, np.repeat(first, np.diff(edges))))]
    fresh = np.append(True, day[1:] != day[:-1])
    fresh[first] = True
    return day, fresh


def _medians(day: Array, days: Array) -> Array:
    """Twice the median of the days from one active day to the next, a whole number; -1 with one such day.

    `day` has the active days of every customer, so many as `days` says.
    """
    first = np.cumsum(days) - days
    bits = int(day.max() - day.min()).bit_length() + 1
    far = (1 << bits) - 1
    gaps = np.diff(day, prepend=day[:1])
    gaps[first] = far  # before the first day there is no gap: it is sorted behind those that there are
    # A gap beside its customer in one integer, as small a one as holds them.
    small = np.int32 if len(days) << bits < 2**31 else np.int64
    key = np.repeat(np.arange(len(days), dtype=small) << bits, days)
    key |= gaps
    key.sort()
    between = days - 1
    middle = (key.take(first + between // 2) & far) + (key.take(first + np.maximum(between - 1, 0) // 2) & far)
    return np.where(between > 0, middle, -1)


def _declared(rows: Bucket, day: Array, sold: Array, asked: Asked) -> dict[str, Array]:
    """Whether a row is a touch at an offer, and a conversion on a sale day, where these are declared."""
    found: dict[str, Array] = {}
    if asked.offers is not None:
        channels, touchpoints = asked.offers
        found["offers"] = (channels[rows.channel] | touchpoints[rows.touchpoint]) & (rows.channel >= 0)
    if asked.sale is not None:
        found["sale"] = sold & np.isin(day, asked.sale)
    return found
