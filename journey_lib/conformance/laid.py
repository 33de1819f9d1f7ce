"""The journeys of a bucket beside the plan, and which of them deviate in what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

import numpy as np

from journey_lib import journeys
from journey_lib.conformance.align import Aligned, align, step_codes
from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.journeys import Direct, Journeys, Period, Repeats, cut, rules_for
from journey_lib.journeys.cut import Array
from journey_lib.maps import Plan
from journey_lib.touches import Touches

AS_PLANNED, OUTSIDE = "(as planned)", "(outside the plan)"
GROUPS = ("conforming", "deviating", "outside")
EXTRA = "unplanned"


class Cutting(TypedDict, total=False):
    """How journeys are cut: the options of `journeys.paths` of the same names."""

    conversion: str | None
    lookback: str | None
    direct: Direct
    repeats: Repeats
    period: Period | None


class Laid(NamedTuple):
    """Journeys of one bucket beside the plan; `pattern` says which deviations, `group` whether any."""

    journeys: Journeys
    aligned: Aligned
    pattern: Array
    group: Array


def laying(
    touches: Touches, plan: Plan, cutting: Cutting, measure: Callable[[Laid], Any]
) -> Callable[[Any], Any]:
    """A measure of one bucket of touches, from a measure of its journeys laid against the plan."""
    if not set(plan.names) & set(touches.channels):
        raise ConfigError(
            "no contact of these data belongs to any step of the plan",
            how_many=f"0 of {len(plan.names)} names of the plan occur in the data, by {plan.by}",
            do=did_you_mean(plan.names[0], touches.channels),
        )
    rules = rules_for(touches, **cutting)
    codes = step_codes(plan, touches.channels)

    def lay(bucket: Any) -> Any:
        found = cut(bucket, rules)
        aligned = align(found, codes, len(plan.steps))
        pattern = _patterns(aligned, plan)
        outside = aligned.present == 0
        return measure(Laid(found, aligned, pattern, np.where(outside, 2, pattern != 0)))

    return lay


def settings(touches: Touches, plan: Plan, cutting: Cutting) -> dict[str, Any]:
    """How the journeys were cut and what they were laid against, as it is written beside the result."""
    return {**journeys.settings(touches, **cutting), "plan": plan.model_dump(mode="json")}


def _patterns(aligned: Aligned, plan: Plan) -> Array:
    """All deviations of a journey as bits: steps skipped, out of order, repeated, then contacts unplanned.

    The highest bit stands alone for journeys that met no step of the plan.
    """
    steps = aligned.steps
    required = sum(1 << j for j, step in enumerate(plan.steps) if not step.optional)
    once = sum(1 << j for j, step in enumerate(plan.steps) if step.repeats == "once")
    pattern = (aligned.skipped & required) | (aligned.out_of_order << steps)
    pattern |= (aligned.repeated & once) << (2 * steps)
    if plan.unplanned == "counted":
        pattern |= (aligned.extra > 0).astype(np.int64) << (3 * steps)
    return np.where(aligned.present == 0, np.int64(1) << (3 * steps + 1), pattern)


def pattern_name(code: int, plan: Plan) -> str:
    """The deviations of a pattern in words: ``skipped:compare + unplanned``."""
    steps = len(plan.steps)
    if code >> (3 * steps + 1):
        return OUTSIDE
    words = [
        f"{kind}:{step.step}"
        for number, kind in enumerate(("skipped", "out_of_order", "repeated"))
        for j, step in enumerate(plan.steps)
        if code >> (number * steps + j) & 1
    ]
    return " + ".join([*words, *([EXTRA] if code >> (3 * steps) else [])]) or AS_PLANNED


def summed(parts: list[dict[Any, Any]]) -> dict[Any, Any]:
    """Counts of all buckets: they hold whole customers, so that even people add up."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}
