"""How far journeys go as planned, step by step, and where they jump ahead or turn back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
import pandas as pd

from journey_lib.conformance.align import Aligned
from journey_lib.conformance.laid import GROUPS, Cutting, Laid, laying, settings, summed
from journey_lib.engine import Asking, Pass, view
from journey_lib.intervals import wilson
from journey_lib.journeys import Group
from journey_lib.journeys.cut import Array
from journey_lib.journeys.moves import people
from journey_lib.maps import Plan
from journey_lib.model import START, Result
from journey_lib.touches import Touches

_FOLLOWED, _SKIPPED = ("followed_share", "low", "high"), ("skipped_share", "skipped_low", "skipped_high")
# How steps are guarded (`Result.suppressed`): journeys followed a step, skipped it, had it out of order or
# never reached it. Where one of these is hidden another is, so that the others do not tell it.
_GUARDED: Mapping[str, Any] = {
    "people": ("followed", "skipped", "out_of_order", "never_reached", "repeated"),
    "within": {"followed": ("journeys",), "never_reached": ("journeys",)},
    "tell": {
        "followed": ("never_reached", "open", *_FOLLOWED),
        "skipped": ("never_reached", "open", *_SKIPPED),
        "out_of_order": ("never_reached", "open"),
        "never_reached": ("followed", "open", *_FOLLOWED),
    },
}
_CONFORMING = ("conforming_share", "conforming_low", "conforming_high", "completed")
_HEADS: Mapping[str, tuple[str, ...]] = {
    "conforming": ("deviating", *_CONFORMING),
    "deviating": ("conforming", *_CONFORMING),
    "outside": ("deviating", *_CONFORMING),
}
_KINDS = ("next", "skip", "early", "late")


@view
def score(
    touches: Touches, plan: Plan, *, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """How far journeys go as planned, step by step.

    One row a step, in the plan's order: step, optional, then the journeys that followed it, skipped it (no
    contact, though a later step has one), had it out_of_order (contacts the best alignment has no place for:
    see `align`), or never_reached it (neither it nor anything later); these four make up journeys. Of the
    never_reached, open may still get there. repeated: more than one contact, a deviation where the plan says
    ``once``. customers: people with a contact of the step. followed_share with low and high, and
    skipped_share with skipped_low and skipped_high, are of all journeys (Wilson, journeys taken as
    independent).

    Facts: journeys = conforming + deviating + outside (no contact of any step: nothing to compare);
    conforming_share of those that met the plan, with conforming_low and conforming_high; completed, those of
    the conforming that reached the plan's last step: the others went as planned only as far as they got;
    extra contacts and extra_per_journey of those that met it; open; absent (names of the plan the data never
    have) and uncovered (names of the data in no step of the plan).

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    steps = len(plan.steps)
    found = yield Pass(laying(touches, plan, group, cutting), _by_step, summed)
    journeys = int(found["groups"].sum())
    table = pd.DataFrame(
        {
            "step": [step.step for step in plan.steps],
            "optional": [step.optional for step in plan.steps],
            **{name: found[name] for name in ("followed", "skipped", "out_of_order", "never_reached")},
            "open": found["open_steps"],
            "repeated": found["repeated"],
            "journeys": np.full(steps, journeys),
            "customers": found["customers"],
        }
    )
    for name, share, low, high in (
        ("followed", "followed_share", "low", "high"),
        ("skipped", "skipped_share", "skipped_low", "skipped_high"),
    ):
        table[share] = table[name] / table["journeys"].where(table["journeys"] > 0)
        table[low], table[high] = wilson(table[name].to_numpy(), table["journeys"].to_numpy())
    conforming, deviating, outside = (int(n) for n in found["groups"])
    met = conforming + deviating
    conforming_low, conforming_high = (float(end) for end in wilson(np.array(conforming), np.array(met)))
    facts = {
        "journeys": journeys,
        "conforming": conforming,
        "deviating": deviating,
        "outside": outside,
        "completed": int(found["completed"]),
        "open": int(found["open"]),
        "conforming_share": conforming / met if met else np.nan,
        "conforming_low": conforming_low,
        "conforming_high": conforming_high,
        "extra": int(found["extra"]),
        "extra_per_journey": int(found["extra"]) / met if met else np.nan,
        "absent": sorted(set(plan.names) - set(touches.channels)),
        "uncovered": sorted(set(touches.channels) - set(plan.names)),
    }
    said = settings(touches, plan, group, cutting)
    return Result("planned_steps", table, facts, said, "journeys", heads=_HEADS, **_GUARDED)


@view
def moves(
    touches: Touches, plan: Plan, *, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """Between which steps of the plan journeys go on, jump ahead, and turn back.

    Columns from, to, kind, journeys, customers, of (all journeys), share with low and high (Wilson). ``next``
    and ``skip`` join a journey's steps in the order of the plan, from ``(start)`` on: skips over a step add
    up to the journeys that skipped it. A step out of order turns back: ``early``, from it to the step of the
    best alignment that should have come before it and came after; ``late``, to it from the step that should
    have come after it. Both add up to the journeys that had the step out of order.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    found = yield Pass(laying(touches, plan, group, cutting), _by_move, summed)
    names = {-1: START, **{number: step.step for number, step in enumerate(plan.steps)}}
    rows = [
        (names[origin], names[target], kind, *map(int, counted))
        for (kind, origin, target), counted in found.items()
        if kind != "journeys" and counted[0]
    ]
    table = pd.DataFrame(rows, columns=["from", "to", "kind", "journeys", "customers"])
    every = int(found["journeys", 0, 0][0])
    table["of"] = every
    table["share"] = table["journeys"] / max(every, 1)
    table["low"], table["high"] = wilson(table["journeys"].to_numpy(), np.full(len(table), every))
    facts = {"journeys": every, **{kind: int((table["kind"] == kind).sum()) for kind in _KINDS}}
    return Result("planned_moves", table, facts, settings(touches, plan, group, cutting), "journeys")


def _by_step(laid: Laid) -> dict[str, Any]:
    aligned, found = laid.aligned, laid.journeys
    place, ways = np.arange(aligned.steps), len(aligned.present)
    journeys = np.bincount(aligned.way, minlength=ways)
    still = np.bincount(aligned.way[found.open], minlength=ways)

    def of_steps(sets: Array) -> Array:
        return sets[:, None] >> place & 1

    return {
        "followed": journeys @ of_steps(aligned.followed),
        "skipped": journeys @ of_steps(aligned.skipped),
        "out_of_order": journeys @ of_steps(aligned.out_of_order),
        "never_reached": journeys @ of_steps(aligned.never_reached),
        "open_steps": still @ of_steps(aligned.never_reached),
        "repeated": journeys @ of_steps(aligned.repeated),
        "customers": _people(aligned.way, found.customer, of_steps(aligned.present)),
        "groups": np.bincount(laid.group, minlength=len(GROUPS)),
        "completed": np.count_nonzero(
            (aligned.present >> aligned.steps - 1).take(aligned.way)[laid.group == 0]
        ),
        "open": found.open.sum(),
        "extra": aligned.extra[laid.group != 2].sum(),
    }


def _people(way: Array, customer: Array, what: Array) -> Array:
    """Customers with any journey of a way for which each column of `what` is true; they come one by one."""
    again = customer[1:] == customer[:-1]
    alone = ~(np.append(again, False) | np.append(False, again)[: len(customer)])
    once = np.bincount(way[alone], minlength=len(what)) @ what
    several = np.flatnonzero(~alone)
    who = customer[several]
    if not len(who):
        return once
    begins = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
    return once + np.logical_or.reduceat(what[way[several]], begins).sum(axis=0)


def _by_move(laid: Laid) -> dict[tuple[str, int, int], Array]:
    """Journeys and people behind every move; -1 is the start."""
    aligned, customer = laid.aligned, laid.journeys.customer
    made = _moves_of(aligned)
    journeys = np.bincount(aligned.way, minlength=len(aligned.present))
    what = np.array([*made.values()]).T
    counted = zip(journeys @ what, _people(aligned.way, customer, what), strict=True)
    whole = {("journeys", 0, 0): np.array([len(customer), people(customer)])}
    return whole | {kind: np.array(counts) for kind, counts in zip(made, counted, strict=True)}


def _moves_of(aligned: Aligned) -> dict[tuple[str, int, int], Array]:
    """Of every move, whether each way makes it."""
    # One more bit, below the first step, is the start of the journey, which all of them have.
    present, followed = aligned.present << 1 | 1, aligned.followed << 1
    early, late = (aligned.out_of_order & ~aligned.late) << 1, aligned.late << 1
    made = {}
    for low, high in itertools.combinations(range(aligned.steps + 1), 2):
        ends, ahead = (1 << low | 1 << high), (1 << high + 1) - (1 << low)
        between = ahead & ~ends
        made["skip" if between else "next", low - 1, high - 1] = present & ahead == ends
        if low:
            turned = followed & between == 0
            made["early", high - 1, low - 1] = turned & (followed >> low & early >> high & 1 == 1)
            made["late", high - 1, low - 1] = turned & (followed >> high & late >> low & 1 == 1)
    return made
