"""Journeys: what lies between one conversion and the next, as paths, counts and transitions."""

from journey_lib.engine import together
from journey_lib.journeys.bases import by_steps
from journey_lib.journeys.compare import beside, compare, differences, last_two, real_rows
from journey_lib.journeys.cut import (
    Cutting,
    Direct,
    Journeys,
    Period,
    Repeats,
    Rules,
    converting,
    cut,
    only,
    rules_for,
    settings,
)
from journey_lib.journeys.detours import MOVES, detours
from journey_lib.journeys.entries import DAYS, durations, entries, lengths
from journey_lib.journeys.groups import Group, both, converted, of_customers, rest, through
from journey_lib.journeys.members import members
from journey_lib.journeys.moves import around, listed, near, touched
from journey_lib.journeys.now import stages_now
from journey_lib.journeys.overview import overview, sessions
from journey_lib.journeys.paths import PathTable, add, paths, people_by_channel, unique
from journey_lib.journeys.patterns import Pattern, along, chosen, follow, following, matching, pattern
from journey_lib.journeys.positions import flows, step_matrix
from journey_lib.journeys.steps import By, coded, stage_of, steps_by
from journey_lib.journeys.views import months, top, transitions

__all__ = [
    "DAYS",
    "MOVES",
    "By",
    "Cutting",
    "Direct",
    "Group",
    "Journeys",
    "PathTable",
    "Pattern",
    "Period",
    "Repeats",
    "Rules",
    "add",
    "along",
    "around",
    "beside",
    "both",
    "by_steps",
    "chosen",
    "coded",
    "compare",
    "converted",
    "converting",
    "cut",
    "detours",
    "differences",
    "durations",
    "entries",
    "flows",
    "follow",
    "following",
    "last_two",
    "lengths",
    "listed",
    "matching",
    "members",
    "months",
    "near",
    "of_customers",
    "only",
    "overview",
    "paths",
    "pattern",
    "people_by_channel",
    "real_rows",
    "rest",
    "rules_for",
    "sessions",
    "settings",
    "stage_of",
    "stages_now",
    "step_matrix",
    "steps_by",
    "through",
    "together",
    "top",
    "touched",
    "transitions",
    "unique",
]
