"""Follow every customer from the first step of a funnel on, through whatever they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from journey_lib.engine import derived
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.journeys import Period
from journey_lib.journeys.cut import Array, instant
from journey_lib.model import duration
from journey_lib.spelling import tidy_name
from journey_lib.touches import Bucket, Touches

Order = Literal["loose", "strict"]
Start = Literal["first", "any"]
DAY = 86_400_000_000
FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Chosen:
    """Which customers to look at: true or false for each. Equal to nothing but itself."""

    flags: Array


class Asked(NamedTuple):
    """A funnel in the codes and microseconds of a table."""

    steps: tuple[int, ...]
    strict: bool
    any_start: bool
    within: int
    start: int
    end: int
    until: int
    customers: Chosen | None


@dataclass(frozen=True)
class Walks:
    """The customers of a bucket who entered: `rows[k]` is the row that took each to step k (-1: never there).

    `began` is when the way to each step was begun; `entered` when the first step was first taken; `watched`
    says whether the whole window could be observed. `origin` leads from rows to those of the bucket.
    """

    rows: Array
    began: Array
    entered: Array
    watched: Array
    origin: Array
    time: Array


def asked_of(
    touches: Touches,
    steps: Sequence[str] | None,
    order: Order,
    start: Start,
    within: str | None,
    period: Period | None,
    customers: Array | None,
) -> Asked:
    """Check what is asked of a funnel, and put it in the table's codes."""
    names = tuple(touches.channels if steps is None else map(tidy_name, steps))
    for name in names:
        if name not in touches.channels:
            raise ParameterError(f"there is no step '{name}'", do=did_you_mean(name, touches.channels))
    if len(names) < 2:
        raise ParameterError("a funnel needs two steps or more", do="name them in order")
    for option, given, known in (("order", order, ("loose", "strict")), ("start", start, ("first", "any"))):
        if given not in known:
            raise ParameterError(f"{option} cannot be {given!r}", do=did_you_mean(str(given), known))
    first, after = (instant(day, touches.timezone) for day in (period or (None, None)))
    if first is not None and after is not None and after <= first:
        raise ParameterError(f"the period ends before it starts: {period}", do="give the first day first")
    end = FOREVER if after is None else after
    return Asked(
        steps=tuple(touches.channels.index(name) for name in names),
        strict=order == "strict",
        any_start=start == "any",
        within=FOREVER if within is None else duration(within),
        start=np.iinfo(np.int64).min if first is None else first,
        end=end,
        until=min(end, touches.period[1]),
        customers=None if customers is None else Chosen(np.asarray(customers, bool)),
    )


def settings_of(
    touches: Touches,
    steps: Sequence[str],
    order: Order,
    start: Start,
    within: str | None,
    period: Period | None,
    customers: Array | None,
) -> dict[str, Any]:
    """What was asked of a funnel, as it is written beside the result."""
    return {
        "steps": list(steps),
        "order": order,
        "start": start,
        "within": within,
        "period": None if period is None else [None if day is None else str(day) for day in period],
        "customers": None if customers is None else int(np.sum(customers)),
        "data": touches.fingerprint,
    }


@dataclass(frozen=True)
class Walk:
    """Follows the customers of a bucket; equal ones share what they find (see `engine.together`)."""

    asked: Asked

    def __call__(self, bucket: Bucket) -> Walks:
        """The ways of one bucket's customers."""
        return walk(bucket, self.asked)


def walked(touches: Touches, asked: Asked) -> Sequence[Callable[[], Walks]]:
    """The ways of the customers of every bucket, to be followed when they are asked for."""
    return derived(Walk(asked), touches.buckets)


def walk(bucket: Bucket, asked: Asked) -> Walks:
    """Follow every customer of a bucket through the steps.

    A way to step k goes through the nearest earlier row that a way to step k - 1 leads to: the later a way
    began, the longer its window still is, and no earlier row can have begun later.
    """
    if not asked.strict and not asked.any_start:
        return _from_the_first(bucket, asked)
    rows = seen(bucket, asked)
    if asked.strict and len(rows):  # a run of the same step is one
        same = bucket.customer[rows[1:]] == bucket.customer[rows[:-1]]
        same &= bucket.channel[rows[1:]] == bucket.channel[rows[:-1]]
        begins, ends = np.append(True, ~same), np.append(~same, True)
        latest = bucket.timestamp[rows[ends]]
        rows = rows[begins]
    else:
        latest = bucket.timestamp[rows]
    customer, code, time = bucket.customer[rows], bucket.channel[rows], bucket.timestamp[rows]
    opens = np.append(True, customer[1:] != customer[:-1]) if len(rows) else np.zeros(0, bool)
    first = np.flatnonzero(opens)
    block = np.cumsum(opens) - 1  # the customer's place among those seen
    ways = code == asked.steps[0]
    if not asked.any_start:
        ways = _firsts(ways, block)
    began = np.where(ways, latest if asked.any_start else time, 0)
    at, begun = [_reach(ways, block, len(first))], [began]
    for step in asked.steps[1:]:
        ways, began = _onward(ways, began, code == step, time, block, asked)
        at.append(_reach(ways, block, len(first)))
        begun.append(began)
    entered = at[0] >= 0
    reached = np.array(at)[:, entered]
    when = np.array(
        [np.where(a >= 0, b[a], 0) if len(rows) else a for a, b in zip(reached, begun, strict=True)]
    )
    arrived = time[reached[0]] if len(rows) else np.zeros(0, np.int64)
    return Walks(reached, when, arrived, _watched(arrived, asked), rows, time)


def seen(bucket: Bucket, asked: Asked, step: int | None = None) -> Array:
    """The rows at a step, at any when None, that are of the period and the customers asked for."""
    rows = np.flatnonzero(bucket.channel >= 0 if step is None else bucket.channel == step)
    if asked.start > np.iinfo(np.int64).min or asked.end < FOREVER:
        time = bucket.timestamp.take(rows)
        rows = rows.compress((time >= asked.start) & (time < asked.end))
    if asked.customers is not None:
        rows = rows.compress(asked.customers.flags.take(bucket.customer.take(rows)))
    return rows


def _from_the_first(bucket: Bucket, asked: Asked) -> Walks:
    """The same where all ways of a customer begin at one row: then only the next row at a step can count."""
    customer, time = bucket.customer, bucket.timestamp
    row = seen(bucket, asked, asked.steps[0])
    row = row[np.append(True, customer[row[1:]] != customer[row[:-1]])] if len(row) else row
    who, entered = customer[row], time[row]
    rows = np.full((len(asked.steps), len(row)), -1, np.int64)
    rows[0], going = row, np.arange(len(row))  # those who came so far, and the row they came by
    for place, step in enumerate(asked.steps[1:], start=1):
        there = seen(bucket, asked, step)
        after = np.searchsorted(there, row, side="right")
        on = np.flatnonzero(after < len(there))
        going, row = going.take(on), there.take(after.take(on))
        on = np.flatnonzero(customer.take(row) == who.take(going))
        going, row = going.take(on), row.take(on)
        on = np.flatnonzero(time.take(row) - entered.take(going) <= asked.within)
        going, row = going.take(on), row.take(on)
        rows[place, going] = row
    began = np.where(rows >= 0, entered, 0)
    return Walks(rows, began, entered, _watched(entered, asked), np.arange(len(bucket)), time)


def _watched(entered: Array, asked: Asked) -> Array:
    if asked.within == FOREVER:
        return np.ones(len(entered), bool)
    return entered <= asked.until - asked.within


def _onward(
    ways: Array, began: Array, here: Array, time: Array, block: Array, asked: Asked
) -> tuple[Array, Array]:
    """The rows `here` that a way leads on to, and when it began."""
    place = np.arange(len(ways))
    if asked.strict:
        before = place - 1
        before[~np.append(False, ways)[:-1]] = -1
    else:
        before = np.append(-1, np.maximum.accumulate(np.where(ways, place, -1))[:-1]) if len(ways) else place
    on = here & (before >= 0)
    on &= block[before] == block
    start = np.where(on, began[before], 0)
    return on & (time - start <= asked.within), start


def _firsts(flags: Array, block: Array) -> Array:
    """Only the first true row of each block."""
    at = np.flatnonzero(flags)
    out = np.zeros(len(flags), bool)
    out[at[np.append(True, block[at[1:]] != block[at[:-1]])] if len(at) else at] = True
    return out


def _reach(ways: Array, block: Array, size: int) -> Array:
    """The first row of each block that a way leads to; -1 for none."""
    out = np.full(size, -1, np.int64)
    at = np.flatnonzero(_firsts(ways, block))
    out[block[at]] = at
    return out
