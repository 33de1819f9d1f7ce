"""Cutting the touch table into journeys, one bucket of customers at a time.

A journey is the run of a customer's touches after the previous conversion, up to and including the next one.
It is keyed by position, never by time: conversions at the same instant stay two journeys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from journey_lib.engine import derived, reduce
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.model import duration
from journey_lib.touches import Bucket, Touches

Array = npt.NDArray[Any]
Direct = Literal["keep", "drop"]
Repeats = Literal["keep", "collapse"]
Period = tuple[str | dt.date | None, str | dt.date | None]

DIRECT = "direct"
FOREVER = np.iinfo(np.int64).max


class Cutting(TypedDict, total=False):
    """The options of `paths` that say how journeys are cut: every view takes the same."""

    conversion: str | None
    lookback: str | None
    direct: Direct
    repeats: Repeats
    max_touches: int | None
    period: Period | None


class Rules(NamedTuple):
    """How journeys are cut, in the table's codes and microseconds."""

    converts: tuple[bool, ...]
    lookback: int
    direct_code: int
    drop_direct: bool
    collapse: bool
    most: int
    start: int
    end: int
    observed_until: int


@dataclass(frozen=True)
class Journeys:
    """Journeys of whole customers: touches laid end to end, journey i holding ``offsets[i]:offsets[i + 1]``.

    `time` is when a touch happened and `end` when the journey ended, in microseconds. A journey either
    converted, or is open (its lookback had not run out when observation ended), or neither: a null.
    """

    offsets: Array
    channel: Array
    time: Array
    converted: Array
    open: Array
    value: Array
    end: Array
    customer: Array
    seen: int

    def __len__(self) -> int:
        return len(self.converted)

    @property
    def lengths(self) -> Array:
        """Touches of each journey."""
        return np.diff(self.offsets)

    @property
    def age(self) -> Array:
        """How long before its journey's end each touch happened, in microseconds."""
        return self.end.take(self.row) - self.time

    @cached_property
    def row(self) -> Array:
        """The journey each touch belongs to: ``x.take(row)`` is faster than ``np.repeat(x, lengths)``."""
        begun = np.bincount(self.offsets[:-1], minlength=len(self.channel) + 1)
        np.cumsum(begun, out=begun)
        return begun[:-1] - 1


def rules_for(
    touches: Touches,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: Direct = "keep",
    repeats: Repeats = "keep",
    max_touches: int | None = None,
    period: Period | None = None,
) -> Rules:
    """Check the options of `paths` and put them in the table's codes.

    Raises
    ------
    ParameterError
        An option names what there is not, or a period that ends before it starts.
    """
    converting = touches.converting(conversion)
    for option, given, known in (
        ("direct", direct, ("keep", "drop")),
        ("repeats", repeats, ("keep", "collapse")),
    ):
        if given not in known:
            raise ParameterError(f"{option} cannot be {given!r}", do=did_you_mean(str(given), known))
    whole = isinstance(max_touches, int) and not isinstance(max_touches, bool)
    if max_touches is not None and not (whole and max_touches >= 1):
        raise ParameterError(
            f"max_touches cannot be {max_touches!r}", do="give a whole number from 1 up, or None"
        )
    start, end = (instant(day, touches.timezone) for day in (period or (None, None)))
    if start is not None and end is not None and end <= start:
        raise ParameterError(f"the period ends before it starts: {period}", do="give the first day first")
    until = touches.period[1] if end is None else min(end, touches.period[1])
    return Rules(
        converts=tuple(name in converting for name in touches.event_types),
        lookback=FOREVER if lookback is None else duration(lookback),
        direct_code=touches.channels.index(DIRECT) if DIRECT in touches.channels else -2,
        drop_direct=direct == "drop",
        collapse=repeats == "collapse",
        most=max_touches or 0,
        start=np.iinfo(np.int64).min if start is None else start,
        end=FOREVER if end is None else end,
        observed_until=until,
    )


def settings(
    touches: Touches,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: Direct = "keep",
    repeats: Repeats = "keep",
    max_touches: int | None = None,
    period: Period | None = None,
) -> dict[str, Any]:
    """How the journeys of a result were cut, as it is written beside the result."""
    return {
        "conversion": conversion or next(iter(touches.conversions)),
        "lookback": lookback,
        "direct": direct,
        "repeats": repeats,
        "max_touches": max_touches,
        "period": None if period is None else [None if day is None else str(day) for day in period],
        "by": touches.by,
        "data": touches.fingerprint,
    }


def cut(bucket: Bucket, rules: Rules) -> Journeys:
    """Cut one bucket's rows into journeys; every array stays in the table's order."""
    converts = np.zeros(len(bucket), bool)
    for kind in np.flatnonzero(rules.converts):  # few: comparing is quicker than looking up
        converts |= bucket.event_type == kind
    relevant = (bucket.channel >= 0) | converts
    if rules.end != FOREVER:
        relevant &= bucket.timestamp < rules.end
    customer, time, channel, value = bucket.customer, bucket.timestamp, bucket.channel, bucket.value
    if not relevant.all():
        rows = np.flatnonzero(relevant)
        customer, time, channel, value, converts = (
            column.take(rows) for column in (customer, time, channel, value, converts)
        )
    n = len(customer)
    if not n:
        return Journeys(np.zeros(1, np.int64), channel, time, converts, converts, value, time, customer, 0)
    opens = np.empty(n, bool)
    opens[0] = True
    np.not_equal(customer[1:], customer[:-1], out=opens[1:])
    opens[1:] |= converts[:-1]
    offsets = np.append(np.flatnonzero(opens), n)
    lengths, last = np.diff(offsets), offsets[1:] - 1
    end, seen = time.take(last), int(np.count_nonzero(channel >= 0))
    if end.min() < rules.start:
        # What ended before the period is set aside first: all that follows is about the others.
        late = end >= rules.start
        rows = np.flatnonzero(np.repeat(late, lengths))
        time, channel = time.take(rows), channel.take(rows)
        end, last, lengths = end[late], last[late], lengths[late]
        offsets = np.append(0, np.cumsum(lengths))
    keep = channel >= 0
    if rules.lookback != FOREVER:
        keep &= time >= np.repeat(end - rules.lookback, lengths)
    if rules.drop_direct:
        other = keep & (channel != rules.direct_code)
        keep &= other | np.repeat(~np.logical_or.reduceat(other, offsets[:-1]), lengths)
    if not keep.all():
        channel, time, offsets = _kept(keep, channel, time, offsets)
    channel, time, offsets = _shorten(channel, time, offsets, rules)
    converted = converts.take(last)
    worth, sold = np.zeros(len(last), np.int64), np.flatnonzero(converted)
    worth[sold] = value.take(last.take(sold))
    still = rules.observed_until - end < rules.lookback if rules.lookback != FOREVER else False
    return Journeys(
        offsets=offsets,
        channel=channel,
        time=time,
        converted=converted,
        open=~converted & still,
        value=worth,
        end=end,
        customer=customer.take(last),
        seen=seen,
    )


@dataclass(frozen=True)
class Cut:
    """Cuts buckets by `rules`; equal ones share what they cut (see `engine.together`)."""

    rules: Rules

    def __call__(self, bucket: Bucket) -> Journeys:
        """The journeys of one bucket."""
        return cut(bucket, self.rules)


def cuts(touches: Touches, rules: Rules) -> Sequence[Callable[[], Journeys]]:
    """The journeys of every bucket, to be cut when they are asked for."""
    return derived(Cut(rules), touches.buckets)


def converting(touches: Touches, rules: Rules) -> Journeys:
    """Only the journeys that converted, of all buckets, touch by touch with their ages."""

    def measure(bucket: Bucket) -> Journeys:
        whole = cut(bucket, rules)
        return only(whole, whole.converted)

    return reduce(touches.buckets, measure, _join)


def instant(day: str | dt.date | None, timezone: str) -> int | None:
    """Midnight of a day in the workspace's zone, as microseconds of UTC."""
    if day is None:
        return None
    try:
        date = dt.date.fromisoformat(day) if isinstance(day, str) else day
        if isinstance(date, dt.datetime) and date.time() != dt.time():
            raise ValueError("a period begins and ends at midnight")
    except ValueError as error:
        raise ParameterError(f"{str(day)!r} is not a day", do="write it as 2025-01-31") from error
    midnight = dt.datetime(date.year, date.month, date.day, tzinfo=ZoneInfo(timezone))
    return int(midnight.timestamp()) * 1_000_000


def _shorten(channel: Array, time: Array, offsets: Array, rules: Rules) -> tuple[Array, Array, Array]:
    """Collapse repeats, then keep the last touches, where the rules ask for it."""
    if rules.collapse and len(channel):
        keep = np.ones(len(channel), bool)
        np.not_equal(channel[1:], channel[:-1], out=keep[:-1])
        keep[offsets[1:].compress(offsets[1:] > offsets[:-1]) - 1] = True
        channel, time, offsets = _kept(keep, channel, time, offsets)
    if rules.most:
        lengths = np.diff(offsets)
        left = np.repeat(offsets[1:], lengths) - np.arange(len(channel))
        keep = left <= rules.most
        channel, time, offsets = _kept(keep, channel, time, offsets)
    return channel, time, offsets


def _kept(keep: Array, channel: Array, time: Array, offsets: Array) -> tuple[Array, Array, Array]:
    """Only the touches to keep, and where their journeys stand then."""
    at = np.flatnonzero(keep)
    last = offsets[1:] - 1
    if (offsets[1:] > offsets[:-1]).all() and keep.take(last).all():
        # As the last touches all stay, journeys end where these are among the others: no need to count.
        ends = np.zeros(len(keep), bool)
        ends[last] = True
        after = np.flatnonzero(ends.take(at)) + 1
    else:
        before = np.zeros(len(keep) + 1, np.int32)
        np.cumsum(keep, dtype=np.int32, out=before[1:])
        after = before.take(offsets[1:]).astype(np.int64)
    return channel.take(at), time.take(at), np.append(0, after)


def laid(starts: Array, lengths: Array) -> Array:
    """The places of all runs that begin at `starts` and are so long, one run after another."""
    ends = np.cumsum(lengths)
    at = np.repeat(starts - (ends - lengths), lengths)
    at += np.arange(len(at))
    return at


def only(whole: Journeys, chosen: Array) -> Journeys:
    """The chosen journeys, in their order."""
    row = np.flatnonzero(chosen)
    lengths = whole.lengths.take(row)
    # Rows by their place: numpy takes them faster than it picks them by a mask.
    touch = laid(whole.offsets.take(row), lengths)
    return Journeys(
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        channel=whole.channel.take(touch),
        time=whole.time.take(touch),
        seen=whole.seen,
        **{
            name: getattr(whole, name).take(row) for name in ("converted", "open", "value", "end", "customer")
        },
    )


def _join(parts: list[Journeys]) -> Journeys:
    shifts = np.cumsum([0] + [len(part.channel) for part in parts[:-1]])
    offsets = [part.offsets[:-1] + shift for part, shift in zip(parts, shifts, strict=True)]
    total = sum(len(part.channel) for part in parts)
    return Journeys(
        offsets=np.concatenate([*offsets, [total]]),
        seen=sum(part.seen for part in parts),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("channel", "time", "converted", "open", "value", "end", "customer")
        },
    )
