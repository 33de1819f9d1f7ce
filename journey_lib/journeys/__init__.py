"""Journeys: what lies between one conversion and the next, as paths, counts and transitions."""

from journey_lib.journeys.cut import (
    Direct,
    Journeys,
    Period,
    Repeats,
    Rules,
    converting,
    cut,
    rules_for,
    settings,
)
from journey_lib.journeys.paths import PathTable, add, paths, people_by_channel, unique
from journey_lib.journeys.views import months, top, transitions

__all__ = [
    "Direct",
    "Journeys",
    "PathTable",
    "Period",
    "Repeats",
    "Rules",
    "add",
    "converting",
    "cut",
    "months",
    "paths",
    "people_by_channel",
    "rules_for",
    "settings",
    "top",
    "transitions",
    "unique",
]
