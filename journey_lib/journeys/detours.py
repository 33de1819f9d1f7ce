"""Where journeys do not run straight: repeats, steps back, skips, jumps to the end, as numbers."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Cutting, Journeys, rules_for, settings
from journey_lib.journeys.groups import Group, cuts_of, described
from journey_lib.journeys.moves import distinct_people
from journey_lib.model import Result
from journey_lib.touches import Touches

MOVES = ("repeat", "next", "skip", "jump_to_end", "back", "loop")
WHOLE = "(all)"


@view
def detours(touches: Touches, *, group: Group | None = None, **cutting: Unpack[Cutting]) -> Asking[Result]:
    """How often journeys do something else than go to the next stage, stage by stage.

    The names of `touches` are taken to be in the order of the journey (see `journeys.steps_by`, ``"stage"``).
    A step from one touch to the next is a *repeat* (the same stage again), *next* (to the following one), a
    *skip* (further ahead), a *jump_to_end* (a skip to the last stage), or *back* (to an earlier one). A
    *loop* comes back to a stage that the journey has left before; it is also one of the others.

    Columns stage (which the step leads from, for loops to which it leads; ``(all)`` for any), move, steps,
    journeys (with at least one), customers, of (journeys with a touch at the stage), share (of these) with
    low and high (Wilson).
    """
    rules = rules_for(touches, **cutting)
    size = len(touches.channels)

    def measure(found: Journeys) -> Array:
        return _count(found, size)

    counts = yield Pass(cuts_of(touches, rules, group), measure, lambda parts: np.sum(parts, axis=0))
    steps, journeys, people, bases = counts
    stage, move = np.nonzero(np.repeat(bases[:, :1] > 0, len(MOVES), axis=1))
    count, of = journeys[stage, move], bases[stage, move]
    low, high = wilson(count, of)
    table = pd.DataFrame(
        {
            "stage": np.array([*touches.channels, WHOLE], object)[stage],
            "move": np.array(MOVES, object)[move],
            "steps": steps[stage, move],
            "journeys": count,
            "customers": people[stage, move],
            "of": of,
            "share": count / of,
            "low": low,
            "high": high,
        }
    )
    taken = {move: int(n) for move, n in zip(MOVES, steps[size], strict=True)}
    said = settings(touches, **cutting) | described(group)
    return Result(
        "detours",
        table,
        {"journeys": int(bases[size, 0]), **taken},
        said,
        base="journeys",
        people=("journeys",),
        within={"journeys": ("of",)},
        tell={"journeys": ("customers", "share", "low", "high")},
    )


def _count(found: Journeys, size: int) -> Array:
    """Steps, journeys, customers and bases by stage and move; the last stage is any."""
    token, row, many = found.channel, found.row, len(MOVES)
    counts = np.zeros((4, size + 1, many), np.int64)
    counts[3] = np.append(distinct_people(token, row, size), np.count_nonzero(found.lengths))[:, None]
    inner = np.flatnonzero(row[1:] == row[:-1])
    before, after, where = token[inner], token[inner + 1], row[inner]
    ahead = after > before + 1
    move = np.where(ahead, np.int32(2), np.where(after < before, 4, after - before))
    last = np.flatnonzero(ahead & (after == size - 1))
    looping = _loops(token, row)
    stage = np.concatenate([before, before[last], token[looping]])
    move = np.concatenate([move, np.full(len(last), 3), np.full(len(looping), 5)])
    where = np.concatenate([where, where[last], row[looping]])
    key = stage * np.int32(many) + move
    for place, who in ((1, where), (2, found.customer[where])):
        counts[place, :size] = distinct_people(key, who, size * many).reshape(size, many)
        counts[place, size] = distinct_people(move, who, many)
    counts[0, :size] = np.bincount(key, minlength=size * many).reshape(size, many)
    counts[0, size] = counts[0, :size].sum(axis=0)
    return counts


def _loops(token: Array, row: Array) -> Array:
    """Touches at a stage that their journey has been at before, and has left since."""
    if not len(token):
        return np.zeros(0, np.int64)
    arrivals = np.flatnonzero(np.append(True, (token[1:] != token[:-1]) | (row[1:] != row[:-1])))
    stage, journey = token[arrivals], row[arrivals]
    order = np.argsort(stage.astype(np.int16), kind="stable")  # journeys stay together within a stage
    again = (stage[order][1:] == stage[order][:-1]) & (journey[order][1:] == journey[order][:-1])
    return np.sort(arrivals[order[1:][again]])
