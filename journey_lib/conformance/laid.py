"""The journeys of a bucket beside the plan, and which of them deviate in what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np

from journey_lib import journeys
from journey_lib.conformance.align import Aligned, align, step_codes
from journey_lib.engine import derived
from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.journeys import Direct, Group, Journeys, Period, Repeats, rules_for
from journey_lib.journeys.cut import Array
from journey_lib.journeys.groups import cuts_of, described
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


@dataclass(frozen=True)
class Lay:
    """Lays journeys against a plan; equal ones share what they find (see `engine.together`).

    `codes` says the step of each channel; the steps `required` and those allowed `once` are bits.
    """

    codes: tuple[int, ...]
    steps: int
    required: int
    once: int
    counted: bool

    def __call__(self, found: Journeys) -> Laid:
        """The journeys of one bucket beside the plan."""
        aligned = align(found, np.array(self.codes, np.int8), self.steps)
        pattern = self.patterns(aligned).take(aligned.way)
        outside = pattern == 1 << (3 * self.steps + 1)
        if self.counted:
            pattern |= ((aligned.extra > 0) & ~outside).astype(np.int64) << (3 * self.steps)
        return Laid(found, aligned, pattern, np.where(outside, 2, pattern != 0))

    def patterns(self, aligned: Aligned) -> Array:
        """All deviations of a way as bits: steps skipped, out of order, repeated.

        The highest bit stands alone for the way that met no step of the plan.
        """
        pattern = aligned.skipped & self.required
        pattern |= aligned.out_of_order << self.steps
        pattern |= (aligned.repeated & self.once) << (2 * self.steps)
        return np.where(aligned.present == 0, 1 << (3 * self.steps + 1), pattern)


def laying(
    touches: Touches, plan: Plan, group: Group | None, cutting: Cutting
) -> Sequence[Callable[[], Laid]]:
    """The journeys of every bucket beside the plan, to be cut and laid when they are asked for."""
    if not set(plan.names) & set(touches.channels):
        raise ConfigError(
            "no contact of these data belongs to any step of the plan",
            how_many=f"0 of {len(plan.names)} names of the plan occur in the data, by {plan.by}",
            do=did_you_mean(plan.names[0], touches.channels),
        )
    lay = Lay(
        codes=tuple(step_codes(plan, touches.channels).tolist()),
        steps=len(plan.steps),
        required=sum(1 << j for j, step in enumerate(plan.steps) if not step.optional),
        once=sum(1 << j for j, step in enumerate(plan.steps) if step.repeats == "once"),
        counted=plan.unplanned == "counted",
    )
    return derived(lay, cuts_of(touches, rules_for(touches, **cutting), group))


def settings(touches: Touches, plan: Plan, group: Group | None, cutting: Cutting) -> dict[str, Any]:
    """How the journeys were cut and what they were laid against, as it is written beside the result."""
    said = journeys.settings(touches, **cutting) | described(group)
    return {**said, "plan": plan.model_dump(mode="json")}


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
