"""Journeys laid against a plan: which steps each of them followed, skipped, or took out of order.

Sets of steps are bits of an integer, step j of the plan being bit j, so that what is true of a step is
arithmetic over all journeys at once; and journeys with the same contacts in the same order are laid once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.journeys.cut import Array, Journeys
from journey_lib.journeys.sequences import grouped, taken
from journey_lib.maps import Plan


@dataclass(frozen=True)
class Aligned:
    """What became of every step of the plan in every way that journeys took through it.

    A way is a sequence of contacts with steps, which many journeys share: `way` is that of each journey, and
    `extra` counts its contacts that belong to no step. All else is told of the ways. `present` steps have a
    contact, `followed` are those of them that the best alignment keeps; of the others the `late` ones came
    after the step that follows them there, the rest before the step that precedes them. `repeated` steps have
    more than one contact.
    """

    steps: int
    way: Array
    extra: Array
    present: Array
    followed: Array
    late: Array
    repeated: Array

    @property
    def all(self) -> int:
        """Every step of the plan."""
        return (1 << self.steps) - 1

    @property
    def out_of_order(self) -> Array:
        """Steps with a contact that the best alignment has no place for."""
        return self.present & ~self.followed

    @property
    def reached(self) -> Array:
        """Steps up to the last one of the plan that has a contact, in order or not."""
        reached = self.present.copy()
        for shift in (1, 2, 4, 8):
            reached |= reached >> shift
        return reached

    @property
    def skipped(self) -> Array:
        """Steps without a contact although a later one has."""
        return self.reached & ~self.present

    @property
    def never_reached(self) -> Array:
        """Steps without a contact, as all later ones are."""
        return self.all & ~self.reached


def align(found: Journeys, step_of: Array, steps: int) -> Aligned:
    """Lay journeys against a plan of so many `steps`; `step_of`: the step of each channel code, or -1.

    The best alignment keeps the most steps in the order of the plan, each by one contact (the longest
    increasing subsequence of the journey's steps, each taken once). Of several that keep equally many, the
    one with the earliest steps of the plan is taken: the first step in which they differ decides.
    """
    step = step_of.take(found.channel)
    planned = step >= 0
    edges = np.append(0, np.cumsum(planned, dtype=np.int32)).take(found.offsets)
    step = step.take(np.flatnonzero(planned))
    way, first = grouped(step, edges)
    extra = found.lengths - np.diff(edges)
    step, edges = taken(step, edges, first)
    size, bits = len(first), 1 << np.arange(steps)
    place = np.repeat(np.arange(size), np.diff(edges)) * steps + step
    contacts = np.bincount(place, minlength=size * steps).reshape(size, steps)
    followed, late = _best(step, edges, steps)
    return Aligned(steps, way, extra, (contacts > 0) @ bits, followed, late, (contacts > 1) @ bits)


def _best(step: Array, offsets: Array, steps: int) -> tuple[Array, Array]:
    """The best alignment of every sequence of steps: which it keeps, and which came too late for it.

    Dynamic programme from the last step of the plan to the first. ``rooms[j][k]`` is the last place from
    which k steps in order, of those from step j on, can still be had: places are counted from 1 over all
    sequences, and it is -1 where there is none. Then steps are taken from the first on, each at its earliest
    place, whenever as many as are still to come can be had after it.
    """
    start, end = offsets[:-1], offsets[1:]
    n = len(step)
    place = np.arange(1, n + 1)
    room = [end]
    rooms = [room]
    for j in reversed(range(steps)):
        # before[r]: the last place of step j up to r; the zero at its end answers for r = -1.
        before = np.zeros(n + 2, np.int64)
        np.maximum.accumulate(np.where(step == j, place, 0), out=before[1:-1])
        longer = []
        for k in range(1, len(room) + 1):
            at = before[room[k - 1]]
            found = np.where(at > start, at, -1)
            longer.append(np.maximum(room[k], found) if k < len(room) else found)
        room = [end, *longer]
        rooms.append(room)
    rooms.reverse()
    left = np.sum([each >= 0 for each in rooms[0][1:]], axis=0)
    here = start
    followed, late = np.zeros(len(start), np.int64), np.zeros(len(start), np.int64)
    everyone = np.arange(len(start))
    for j in range(steps):
        after = np.full(n + 1, n + 1)
        after[:-1] = np.minimum.accumulate(np.where(step == j, place, n + 1)[::-1])[::-1]
        at = after[here]
        taken = at <= np.stack(rooms[j + 1])[np.maximum(left - 1, 0), everyone]
        followed |= taken.astype(np.int64) << j
        late |= ((at <= end) & ~taken).astype(np.int64) << j
        here = np.where(taken, at, here)
        left = left - taken
    return followed, late


def step_codes(plan: Plan, channels: tuple[str, ...]) -> Array:
    """The step of the plan that each channel belongs to, -1 where it belongs to none."""
    codes = {name: number for number, step in enumerate(plan.steps) for name in step.any_of}
    return np.array([*(codes.get(channel, -1) for channel in channels), -1], np.int8)
