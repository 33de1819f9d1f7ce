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
from journey_lib.journeys.patterns import Pattern, chosen, follow, matching, pattern
from journey_lib.journeys.views import months, top, transitions

__all__ = [
    "Direct",
    "Journeys",
    "PathTable",
    "Pattern",
    "Period",
    "Repeats",
    "Rules",
    "add",
    "chosen",
    "converting",
    "cut",
    "follow",
    "matching",
    "months",
    "paths",
    "pattern",
    "people_by_channel",
    "rules_for",
    "settings",
    "top",
    "transitions",
    "unique",
]
