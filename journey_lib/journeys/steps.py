"""What the steps of a journey are: channels, or touchpoints, kinds of event, or stages of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Literal

import numpy as np

from journey_lib.engine import derived
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.journeys.cut import Array
from journey_lib.stages import Model, Rule
from journey_lib.touches import Bucket, Touches, refuse_no_touches

By = Literal["channel", "touchpoint", "event_type", "stage"]
Coded = tuple[tuple[int, dict[str, Array]], ...]
KINDS: tuple[By, ...] = ("channel", "touchpoint", "event_type", "stage")
FEW = 4


def steps_by(touches: Touches, by: By, model: Model | None = None) -> Touches:
    """The same table with its steps called by something else, for every view that speaks of channels.

    ``"touchpoint"`` and ``"event_type"`` name the steps by those columns, ``"stage"`` by the stages of
    `model`, in its order. Rows that have no such name are no steps; the conversion they may be still counts.

    Raises
    ------
    ParameterError
        There is no such kind of step, or stages without a model.
    DataError
        Steps are channels, and no row has one.
    """
    if by not in KINDS:
        raise ParameterError(f"steps cannot be by {by!r}", do=did_you_mean(str(by), KINDS))
    if by == "channel":
        refuse_no_touches(touches)
        return touches
    if by == "stage":
        if model is None:
            raise ParameterError("steps by stage need a stage model", do='give model=stages.load("5A")')
        return _named(touches, by, partial(stage_of, rules=coded(touches, model)), model.names)
    names = touches.touchpoints if by == "touchpoint" else touches.event_types
    return _named(touches, by, lambda bucket: getattr(bucket, by), names)


def coded(touches: Touches, model: Model) -> Coded:
    """The rules of a stage model in the codes of a table, for `stage_of`."""
    return tuple(
        (place, _coded(touches, rule)) for place, stage in enumerate(model.stages) for rule in stage.any
    )


def stage_of(bucket: Bucket, rules: Coded) -> Array:
    """The stage of every row by its place in the model, -1 for none; the latest stage that fits wins."""
    latest = stage_of_types(rules)
    stage = latest.take(bucket.event_type) if len(latest) else np.full(len(bucket), -1, np.int16)
    for place, rows in fitting(bucket, rules):
        stage[rows] = np.maximum(stage[rows], np.int16(place))
    return stage


def stage_of_types(rules: Coded) -> Array:
    """The stage of each kind of event by rules that ask for nothing else, -1: none; empty without such rules.

    One look at the type of a row answers all of these rules.
    """
    by_type = [(place, rule["event_type"]) for place, rule in rules if set(rule) == {"event_type"}]
    latest = np.full(len(by_type[0][1]) if by_type else 0, -1, np.int16)
    for place, wanted in by_type:
        latest[wanted] = place
    return latest


def fitting(bucket: Bucket, rules: Coded) -> Iterator[tuple[int, Array]]:
    """The stage and the rows of every rule that asks for more than a kind of event."""
    for place, rule in rules:
        if set(rule) != {"event_type"}:
            yield place, _fitting(bucket, rule)


def flagged(code: Array, flags: Array) -> Array:
    """Whether each code is flagged, the last flag being that of none (-1).

    Where few are, each is compared with all rows: that takes a tenth of looking every row up.
    """
    named = np.flatnonzero(flags).tolist()
    if flags[-1] or len(named) > FEW:
        return flags.take(code)
    found = np.zeros(len(code), bool)
    for each in named:
        found |= code == each
    return found


def _coded(touches: Touches, rule: Rule) -> dict[str, Array]:
    columns = {
        "event_type": (rule.event_type, touches.event_types),
        "channel": (rule.channel, touches.channels),
        "touchpoint": (rule.touchpoint, touches.touchpoints),
        "after": (rule.after, touches.event_types),
    }
    return {name: _flags(wanted, names) for name, (wanted, names) in columns.items() if wanted}


def _flags(wanted: Sequence[str], names: Sequence[str]) -> Array:
    """Of each code, and of none (which is the last), whether its name is wanted."""
    return np.array([*(name in wanted for name in names), False])


def _fitting(bucket: Bucket, rule: dict[str, Array]) -> Array:
    """The rows that all of a rule fits."""
    codes = {name: getattr(bucket, name) for name in ("event_type", "channel", "touchpoint") if name in rule}
    rows = np.flatnonzero(reduce(np.logical_and, (flagged(codes[name], rule[name]) for name in codes)))
    if "after" not in rule or not len(rows):
        return rows
    if set(rule) == {"event_type", "after"} and np.array_equal(rule["event_type"], rule["after"]):
        # After another of its own kind: the nearest before a row is the one before it in `rows`.
        customer = bucket.customer.take(rows)
        return rows[1:][customer[1:] == customer[:-1]]
    return rows[_after(bucket, rule["after"], rows)]


def _after(bucket: Bucket, wanted: Array, rows: Array) -> Array:
    """Whether the row's customer has an earlier row of a type that is `wanted`."""
    happened = np.flatnonzero(flagged(bucket.event_type, wanted))
    place = np.searchsorted(happened, rows) - 1
    latest = np.append(happened, -1)[place]  # the nearest of them before the row: customers stand together
    return (latest >= 0) & (bucket.customer[latest] == bucket.customer[rows])


def _named(touches: Touches, by: By, code: Callable[[Bucket], Array], names: Sequence[str]) -> Touches:
    def renamed(bucket: Bucket) -> Bucket:
        return replace(bucket, channel=code(bucket))

    return replace(touches, buckets=derived(renamed, touches.buckets), channels=tuple(names), by=by)
