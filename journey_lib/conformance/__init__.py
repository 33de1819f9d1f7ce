"""Planned against actual: how far journeys go the way they were planned, and how they end.

What a journey followed is an observation, never a cause: those who leave the plan may be other people with
other wishes, and a longer journey has more occasions to leave it.
"""

from journey_lib.conformance.ends import deviations, outcomes, outcomes_by_reach
from journey_lib.conformance.laid import AS_PLANNED, GROUPS, OUTSIDE, Cutting
from journey_lib.conformance.steps import moves, score

__all__ = [
    "AS_PLANNED",
    "GROUPS",
    "OUTSIDE",
    "Cutting",
    "deviations",
    "moves",
    "outcomes",
    "outcomes_by_reach",
    "score",
]
