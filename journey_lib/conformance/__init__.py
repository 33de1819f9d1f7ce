"""Planned against actual: how far journeys go the way they were planned, and how they end.

What a journey followed is an observation, never a cause: those who leave the plan may be other people with
other wishes, and a longer journey has more occasions to leave it.
"""

from journey_lib.conformance.results import (
    AS_PLANNED,
    OUTSIDE,
    Cutting,
    deviations,
    moves,
    outcomes,
    score,
)

__all__ = ["AS_PLANNED", "OUTSIDE", "Cutting", "deviations", "moves", "outcomes", "score"]
