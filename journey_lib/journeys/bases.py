"""How many journeys there are by each kind of step: who only filled a basket has none by channel."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Unpack

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.journeys.cut import Array, Cutting, Journeys, cut, rules_for, settings
from journey_lib.journeys.moves import people
from journey_lib.journeys.steps import By, coded, stage_of
from journey_lib.model import Result
from journey_lib.stages import Model
from journey_lib.touches import Bucket, Touches

COUNTED = ("journeys", "customers", "conversions", "nulls", "open", "without_channel", "channel_only")


@dataclass(frozen=True)
class _Counts:
    """Sums over customers: `sums` has a row a kind of step, the columns `COUNTED`; `last` is by touchpoint.

    `last` counts the journeys by touchpoint that are none by channel by the touchpoint they were last at;
    `untouched` conversions without a touch in the lookback, and those of customers who never had one.
    """

    sums: Array
    last: Array
    untouched: Array


@view
def by_steps(touches: Touches, *, model: Model | None = None, **cutting: Unpack[Cutting]) -> Asking[Result]:
    """How many journeys there are by channel, by touchpoint and by stage, and why these are not as many.

    A journey that converted is one by every kind of step. Whoever did not convert since has one only where a
    step of that kind is left, and what has a touchpoint or a stage need not have a channel: a basket, an
    account that was opened. So journeys by another kind are those by channel, and `without_channel`, less
    `channel_only`.

    Columns by (channel; touchpoint where the data know any; stage where a `model` is given), journeys,
    customers, conversions, nulls, open, without_channel (journeys that are none by channel), channel_only
    (journeys by channel that are none here), last_at (the touchpoint at which most of the former were last)
    and last_there (how many of them). Facts: journeys, conversions, no_touch (conversions without a touch in
    the lookback), never_touched (of these, by customers of whom the data hold no touch at all); by channel.
    """
    rules = rules_for(touches, **cutting)._replace(drop_direct=False, collapse=False, most=0)
    kinds: list[By] = ["channel", *(["touchpoint"] if touches.touchpoints else [])]  # type: ignore[list-item]
    stages = None if model is None else coded(touches, model)
    size = len(touches.touchpoints)

    def measure(bucket: Bucket) -> _Counts:
        found = {kind: cut(replace(bucket, channel=getattr(bucket, kind)), rules) for kind in kinds}
        if stages is not None:
            found["stage"] = cut(replace(bucket, channel=stage_of(bucket, stages)), rules)
        whole = _unfinished(found["channel"])
        last = np.zeros(size, np.int64)
        if "touchpoint" in found:
            here = found["touchpoint"]
            strange = ~here.converted & ~np.isin(here.customer, whole)
            last = np.bincount(here.channel[here.offsets[1:][strange] - 1], minlength=size)
        sums = np.array([_sums(each, whole) for each in found.values()], np.int64)
        return _Counts(sums, last, _untouched(found["channel"], bucket))

    counts = yield Pass(touches.buckets, measure, _add)
    table = pd.DataFrame(counts.sums, columns=list(COUNTED))
    table.insert(0, "by", [*kinds, *(["stage"] if model is not None else [])])
    most = int(counts.last.argmax()) if counts.last.any() else None
    at_touchpoints = (table["by"] == "touchpoint") & (most is not None)
    table["last_at"] = [touches.touchpoints[most] if here else None for here in at_touchpoints]  # type: ignore[index]
    table["last_there"] = [int(counts.last[most]) if here else 0 for here in at_touchpoints]
    return Result(
        "journeys_by_step",
        table,
        {name: int(table[name].iloc[0]) for name in ("journeys", "conversions")}
        | dict(zip(("no_touch", "never_touched"), counts.untouched.tolist(), strict=True)),
        settings(touches, **cutting) | {"stages": None if model is None else model.name},
        base="journeys",
        people=("without_channel", "channel_only", "last_there"),
        tell={"last_there": ("last_at",)},
    )


def _sums(found: Journeys, whole: Array) -> list[int]:
    here = _unfinished(found)
    won, still = int(found.converted.sum()), int(found.open.sum())
    counts = (len(found), people(found.customer), won, len(found) - won - still, still)
    return [*counts, len(np.setdiff1d(here, whole)), len(np.setdiff1d(whole, here))]


def _unfinished(found: Journeys) -> Array:
    """Customers with a journey that has not converted: the last of theirs, so that none has two."""
    return found.customer[~found.converted]


def _untouched(found: Journeys, bucket: Bucket) -> Array:
    bare = found.customer[found.converted & (found.lengths == 0)]
    return np.array([len(bare), np.count_nonzero(~np.isin(bare, bucket.customer[bucket.channel >= 0]))])


def _add(parts: list[_Counts]) -> _Counts:
    columns = ([getattr(part, each.name) for part in parts] for each in fields(_Counts))
    return _Counts(*(np.sum(column, axis=0) for column in columns))
