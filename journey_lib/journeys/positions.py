"""Journeys step by step: where they are at the first touch, the second, and so on, and where they go next."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.errors import ParameterError
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Cutting, Journeys, rules_for, settings
from journey_lib.journeys.groups import Group, cuts_of, described
from journey_lib.journeys.moves import distinct_people
from journey_lib.model import CONVERTED, ENDED, LATER, OPEN, START, Result
from journey_lib.touches import Touches

ENDS = (CONVERTED, ENDED, OPEN, LATER)
MOST = 50  # steps: more than any picture holds


@view
def flows(
    touches: Touches, *, depth: int = 5, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """Which way journeys take, step by step from their first touch (what an alluvial diagram draws).

    Columns step (1 is the first touch), from, to, journeys, customers, of (all journeys), share (of these)
    with low and high (Wilson). At step 1 `from` is ``(start)``. A journey that is over before a step is in no
    later row; one that goes on after `depth` touches goes ``(later)``, at step ``depth + 1``. What arrives at
    a step is what leaves it: nothing is left out.
    """
    return (yield from _flows(touches, depth, group, cutting))


def _flows(touches: Touches, depth: int, group: Group | None, cutting: Cutting) -> Asking[Result]:
    if not 1 <= depth <= MOST:
        raise ParameterError(f"depth cannot be {depth!r}", do=f"choose a whole number from 1 to {MOST}")
    rules = rules_for(touches, **cutting)
    size = len(touches.channels)

    def measure(found: Journeys) -> tuple[Array, Array]:
        return _count(found, size, depth)

    counts, people = yield Pass(
        cuts_of(touches, rules, group), measure, lambda parts: tuple(np.sum(parts, axis=0))
    )
    step, origin, target = np.nonzero(counts)
    total = int(counts[0].sum())
    low, high = wilson(counts[step, origin, target], np.full(len(step), float(total)))
    frame = pd.DataFrame(
        {
            "step": step + 1,
            "from": np.array([*touches.channels, START], object)[origin],
            "to": np.array([*touches.channels, *ENDS], object)[target],
            "journeys": counts[step, origin, target],
            "customers": people[step, origin, target],
            "of": total,
            "share": counts[step, origin, target] / max(total, 1),
            "low": low,
            "high": high,
        }
    )
    ordered = frame.sort_values(
        ["step", "journeys", "from", "to"], ascending=[True, False, True, True], ignore_index=True
    )
    said = settings(touches, **cutting) | described(group) | {"depth": depth}
    # what leaves a place is what the map of steps says is there
    parts = (("step", "from"),)
    facts = {"journeys": total, "depth": depth}
    return Result("flows", ordered, facts, said, base="journeys", parts=parts)


@view
def step_matrix(
    source: Touches | Result, *, depth: int = 5, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """Where journeys are at each step: `flows` added up, ends staying where they ended.

    `source` is the touch table, or the result of `flows` on it.

    Columns step, name, journeys, of, share with low and high (Wilson). The rows of every step add up to all
    journeys: one that has converted, ended or is open stays so at every later step.
    """
    result = source if isinstance(source, Result) else (yield from _flows(source, depth, group, cutting))
    table = result.table[result.table["to"] != LATER]
    counted = table.groupby(["to", "step"])["journeys"].sum().unstack(fill_value=0)  # noqa: PD010 - sums, not means
    counted = counted.reindex(columns=range(1, result.facts["depth"] + 1), fill_value=0)
    over = counted.index.isin([CONVERTED, ENDED, OPEN])
    counted.loc[over] = counted.loc[over].cumsum(axis=1)
    rows = counted.rename_axis("name").reset_index().melt("name", var_name="step", value_name="journeys")
    rows = rows[rows["journeys"] > 0]
    total = result.facts["journeys"]
    low, high = wilson(rows["journeys"].to_numpy(), np.full(len(rows), float(total)))
    rows = rows.assign(of=total, share=rows["journeys"] / max(total, 1), low=low, high=high)
    ordered = rows[["step", "name", "journeys", "of", "share", "low", "high"]].sort_values(
        ["step", "journeys", "name"], ascending=[True, False, True], ignore_index=True
    )
    parts = (("step",),)
    return Result("step_matrix", ordered, result.facts, result.settings, base="journeys", parts=parts)


def _count(found: Journeys, size: int, depth: int) -> tuple[Array, Array]:
    """Journeys and customers of each (step, from, to); after the last step journeys end or go on later."""
    shape = (size + 1, size + len(ENDS))
    counts, people = np.zeros((2, depth + 1, *shape), np.int64)
    # Of the journeys that are still going on, and only of them.
    starts, lengths, customer = found.offsets[:-1], found.lengths, found.customer
    end = np.where(found.converted, size, np.where(found.open, size + 2, size + 1)).astype(np.int32)
    at = np.full(len(found), size, np.int32)
    for step in range(depth + 1):
        going = np.flatnonzero(lengths > step)
        target = end.copy()
        target[going] = found.channel.take(starts.take(going) + step) if step < depth else shape[1] - 1
        way = at * np.int32(shape[1]) + target
        counts[step] = np.bincount(way, minlength=counts[step].size).reshape(shape)
        people[step] = distinct_people(way, customer, counts[step].size).reshape(shape)
        at, starts, lengths, customer, end = (
            column.take(going) for column in (target, starts, lengths, customer, end)
        )
    return counts, people
