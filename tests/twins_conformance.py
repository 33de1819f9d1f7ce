"""A plain-Python twin of planned against actual: every alignment is tried, and nothing is clever.

Journeys come from `twins.cut`. Written from the definitions in docs/planned-journeys.md alone.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from twins import Journey


class Planned(NamedTuple):
    """One step: its name, the contacts that are it, and whether it may be left out or had more than once."""

    step: str
    any_of: tuple[str, ...]
    optional: bool = False
    once: bool = False


class Laid(NamedTuple):
    """What became of a plan in one journey."""

    journey: Journey
    outcome: dict[str, str]  # step -> followed, skipped, out_of_order or never_reached
    repeated: tuple[str, ...]
    extra: int
    moves: tuple[tuple[str, str, str], ...]  # (from, to, kind)
    pattern: str

    @property
    def group(self) -> str:
        ends = {"(as planned)": "conforming", "(outside the plan)": "outside"}
        return ends.get(self.pattern, "deviating")

    @property
    def reached(self) -> str | None:
        """The last step of the plan that has a contact."""
        had = [step for step, what in self.outcome.items() if what in {"followed", "out_of_order"}]
        return had[-1] if had else None


def is_subsequence(wanted: Sequence[int], whole: Sequence[int]) -> bool:
    rest = iter(whole)
    return all(any(step == each for each in rest) for step in wanted)


def best_alignment(contacts: Sequence[int], steps: int) -> tuple[int, ...]:
    """Of all sets of steps that occur in this order, the largest; of those, the one first in the alphabet."""
    everything = (
        chosen for size in range(steps + 1) for chosen in itertools.combinations(range(steps), size)
    )
    possible = [chosen for chosen in everything if is_subsequence(chosen, contacts)]
    return min(possible, key=lambda chosen: (-len(chosen), chosen))


def lay(journey: Journey, plan: Sequence[Planned], *, count_extra: bool = True) -> Laid:
    step_of = {name: number for number, step in enumerate(plan) for name in step.any_of}
    contacts = [step_of[name] for name in journey.path if name in step_of]
    extra = len(journey.path) - len(contacts)
    kept = best_alignment(contacts, len(plan))
    last = max(contacts, default=-1)
    outcome, moves, words = {}, [], []
    for j, step in enumerate(plan):
        if j in kept:
            outcome[step.step] = "followed"
        elif j in contacts:
            outcome[step.step] = "out_of_order"
            before, after = [s for s in kept if s < j], [s for s in kept if s > j]
            if is_subsequence([*before, j], contacts):
                moves.append((plan[min(after)].step, step.step, "late"))
            else:
                moves.append((step.step, plan[max(before)].step, "early"))
        else:
            outcome[step.step] = "skipped" if j < last else "never_reached"
    reached = sorted(set(contacts))
    for a, b in itertools.pairwise([-1, *reached]):
        moves.append((plan[a].step if a >= 0 else "(start)", plan[b].step, "next" if b == a + 1 else "skip"))
    many = [plan[j].step for j, n in sorted(Counter(contacts).items()) if n > 1]
    words += [f"skipped:{s.step}" for s in plan if outcome[s.step] == "skipped" and not s.optional]
    words += [f"out_of_order:{s.step}" for s in plan if outcome[s.step] == "out_of_order"]
    words += [f"repeated:{s.step}" for s in plan if s.step in many and s.once]
    words += ["unplanned"] if extra and count_extra else []
    pattern = " + ".join(words) or "(as planned)"
    return Laid(
        journey, outcome, tuple(many), extra, tuple(moves), pattern if contacts else "(outside the plan)"
    )


def ends(laid: Iterable[Laid]) -> tuple[int, int, int, int, int, int]:
    """journeys, customers, over, open, conversions, value of some journeys."""
    journeys = [each.journey for each in laid]
    return (
        len(journeys),
        len({journey.customer for journey in journeys}),
        sum(not journey.open for journey in journeys),
        sum(journey.open for journey in journeys),
        sum(journey.converted for journey in journeys),
        sum(journey.value for journey in journeys),
    )
