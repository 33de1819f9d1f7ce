"""What is counted at every touchpoint: one pass over the buckets, sums that add up over customers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from journey_lib.engine import reduce
from journey_lib.journeys.cut import Array, Journeys, Rules, cut, only
from journey_lib.journeys.moves import CLASSES, classes_of, distinct_people, people
from journey_lib.journeys.steps import Coded, stage_of
from journey_lib.touches import Bucket, Touches

NEVER = np.iinfo(np.int64).min
# What is summed at each touchpoint, in the order of the columns of `Counts.sums`.
SUMS = (
    "touches",
    "customers",
    "journeys",
    "over",
    "conversions",
    "exits",
    "open_ends",
    "converted_at",
    "first",
    "last",
    "positions",
    "new_customers",
)
TOTALS = ("journeys", "over", "conversions", "exits", "open", "customers", "touches")


class Windows(NamedTuple):
    """The last period and the one before it: microseconds of UTC at which they begin and end."""

    before: int
    between: int
    after: int


@dataclass(frozen=True)
class Counts:
    """Sums over customers; the rows of all but `totals` are the touchpoints, in the order of their names.

    `sums`      the columns `SUMS`.
    `waits`     steps by class of waiting time: to the next touch or the conversion, and since the touch
                before.
    `value`     conversions of journeys through it in minor units: their sum, and the sum of their squares.
    `channels`  rows recorded in the period by channel, the last column without one; the last row is of
                rows without a touchpoint.
    `stages`    rows recorded in the period by stage, the last column in none.
    `change`    touches in the last period and in the one before; the sums over customers of the squares of
                both, and of their product.
    `totals`    of all journeys: the columns `TOTALS`.
    `worth`     value of all conversions in minor units: sum, and sum of squares.
    """

    sums: Array
    waits: Array
    value: Array
    channels: Array
    stages: Array
    change: Array
    totals: Array
    worth: Array


def count(
    touches: Touches, place: Array, size: int, rules: Rules, stages: Coded, kinds: int, windows: Windows
) -> Counts:
    """Count what the inventory needs; `place` is the touchpoint of each code of the data, the last: none."""
    channels = len(touches.channels)

    def measure(bucket: Bucket) -> Counts:
        code = place[bucket.touchpoint]
        recorded = _recorded(bucket, code, rules, stages, (size, channels, kinds), windows)
        return Counts(**_in_journeys(replace(bucket, channel=code), rules, size), **recorded)

    return reduce(touches.buckets, measure, _add)


def _add(parts: list[Counts]) -> Counts:
    return Counts(*(np.sum([getattr(part, each.name) for part in parts], axis=0) for each in fields(Counts)))


def _recorded(
    bucket: Bucket,
    code: Array,
    rules: Rules,
    stages: Coded,
    sizes: tuple[int, int, int],
    windows: Windows,
) -> dict[str, Array]:
    """Rows of the period's days, whether or not a journey's lookback reaches them."""
    size, channels, kinds = sizes
    inside = (bucket.timestamp >= rules.start) & (bucket.timestamp < rules.end)
    told = np.flatnonzero(inside & ((code >= 0) | (bucket.channel >= 0)))
    touchpoint, channel = code[told].astype(np.int64), bucket.channel[told].astype(np.int64)
    touchpoint, channel = (np.where(x < 0, n, x) for x, n in ((touchpoint, size), (channel, channels)))
    stage = stage_of(bucket, stages)[told].astype(np.int64)
    shape, staged = (size + 1, channels + 1), (size + 1, kinds + 1)
    by_channel = np.bincount(touchpoint * shape[1] + channel, minlength=shape[0] * shape[1])
    by_stage = np.bincount(
        touchpoint * staged[1] + np.where(stage < 0, kinds, stage), minlength=staged[0] * staged[1]
    )
    return {
        "channels": by_channel.reshape(shape),
        "stages": by_stage.reshape(staged)[:size],
        "change": _change(bucket, code, size, windows),
    }


def _change(bucket: Bucket, code: Array, size: int, windows: Windows) -> Array:
    """Touches in both windows, with the sums over customers that their ratio's variance needs."""
    time = bucket.timestamp
    chosen = np.flatnonzero((code >= 0) & (time >= windows.before) & (time < windows.after))
    pair = bucket.customer[chosen].astype(np.int64) * size + code[chosen]
    pairs, at = np.unique(pair, return_inverse=True)
    late = time[chosen] >= windows.between
    recent = np.bincount(at[late], minlength=len(pairs))
    before = np.bincount(at[~late], minlength=len(pairs))
    where = pairs % max(size, 1)
    columns = (recent, before, recent * recent, before * before, recent * before)
    return np.stack([np.bincount(where, each, size) for each in columns], axis=1).astype(np.int64)


def _in_journeys(steps: Bucket, rules: Rules, size: int) -> dict[str, Array]:
    """Touches of the journeys as they are cut, and what became of the journeys."""
    every = cut(steps, rules._replace(start=NEVER))
    converts = np.asarray(rules.converts)[steps.event_type] & (steps.timestamp < rules.end)
    at_end = np.full(len(every), -1, np.int64)
    at_end[every.converted] = steps.channel[converts]  # one conversion ends one journey, in the same order
    fresh = np.append(True, every.customer[1:] != every.customer[:-1])[: len(every)]
    chosen = every.end >= rules.start
    found = every if chosen.all() else only(every, chosen)
    return _sums(found, at_end[chosen], fresh[chosen], size)


def _sums(found: Journeys, at_end: Array, fresh: Array, size: int) -> dict[str, Array]:
    token, row = found.channel.astype(np.int64), found.row
    starts, stops = found.offsets[:-1], found.offsets[1:]
    some = np.flatnonzero(stops > starts)
    first, last = token[starts[some]], token[stops[some] - 1]
    is_conversion = np.zeros(len(token), bool)
    is_conversion[stops[some] - 1] = at_end[some] == last
    before = ~is_conversion
    over, bought = ~found.open, found.converted
    ended = (over & ~bought)[some]
    earlier, journey = token[before], row[before]
    keep = over[journey]
    paid, journey_paid = _once(earlier[keep], journey[keep], size)
    sums = (
        np.bincount(token, minlength=size),
        distinct_people(token, found.customer[row], size),
        distinct_people(token, row, size),
        np.bincount(paid, minlength=size),
        np.bincount(paid[bought[journey_paid]], minlength=size),
        np.bincount(last[ended], minlength=size),
        np.bincount(last[found.open[some]], minlength=size),
        np.bincount(token[is_conversion], minlength=size),
        np.bincount(first, minlength=size),
        np.bincount(last, minlength=size),
        np.bincount(token, np.arange(len(token)) - starts[row] + 1, size),
        distinct_people(token[fresh[row]], found.customer[row[fresh[row]]], size),
    )
    value = np.where(bought, found.value, 0).astype(float)
    totals = (len(found), over.sum(), bought.sum(), ended.sum(), found.open.sum(), people(found.customer))
    return {
        "sums": np.stack(sums, axis=1).astype(np.int64),
        "waits": _waits(found, token, is_conversion, size),
        "value": np.stack([np.bincount(paid, value[journey_paid] ** n, size) for n in (1, 2)], axis=1),
        "totals": np.array([*totals, len(token)], np.int64),
        "worth": np.array([value.sum(), (value**2).sum()]),
    }


def _once(token: Array, row: Array, size: int) -> tuple[Array, Array]:
    """Each touchpoint of each journey once."""
    pairs = np.unique(row * max(size, 1) + token)
    return pairs % max(size, 1), pairs // max(size, 1)


def _waits(found: Journeys, token: Array, is_conversion: Array, size: int) -> Array:
    """Classes of waiting time at each touchpoint: until what comes next, and since what came before."""
    starts, stops = found.offsets[:-1], found.offsets[1:]
    some = np.flatnonzero(stops > starts)
    until, since = np.full((2, len(token)), -1, np.int64)
    until[:-1] = found.time[1:] - found.time[:-1]
    since[1:] = until[:-1]
    end = stops[some] - 1
    last = found.end[some] - found.time[end]
    until[end] = np.where(found.converted[some] & ~is_conversion[end], last, -1)
    since[starts[some]] = -1
    counted = []
    for waited in (until, since):
        known = np.flatnonzero(waited >= 0)
        key = token[known] * CLASSES + classes_of(waited[known])
        counted.append(np.bincount(key, minlength=size * CLASSES).reshape(size, CLASSES))
    return np.stack(counted, axis=1)
