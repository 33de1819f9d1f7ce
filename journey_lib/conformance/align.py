"""Journeys laid against a plan: which steps each of them followed, skipped, or took out of order.

Sets of steps are bits of an integer, step j of the plan being bit j, so that what is true of a step is
arithmetic over all journeys at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.journeys.cut import Array, Journeys
from journey_lib.maps import Plan


@dataclass(frozen=True)
class Aligned:
    """What became of every step of the plan in every journey.

    `present` steps have a contact, `followed` are those of them that the best alignment keeps; of the others
    the `late` ones came after the step that follows them there, the rest before the step that precedes them.
    `repeated` steps have more than one contact; `extra` counts contacts that belong to no step.
    """

    steps: int
    present: Array
    followed: Array
    late: Array
    repeated: Array
    extra: Array

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
    lengths = np.diff(edges)
    some = np.flatnonzero(lengths)
    fresh = np.zeros(len(step) + 1, bool)
    fresh[edges] = True  # the first contact of a journey has none before it
    bit = np.left_shift(np.int16(1), step, dtype=np.int16)
    present, repeated = np.zeros(len(found), np.int16), np.zeros(len(found), np.int16)
    back = np.zeros(len(found), bool)
    if len(some):
        again = np.append(False, step[1:] == step[:-1]) & ~fresh[:-1]
        present[some] = np.bitwise_or.reduceat(bit, edges[some])
        repeated[some] = np.bitwise_or.reduceat(bit * again, edges[some])
        down = np.append(False, step[1:] < step[:-1]) & ~fresh[:-1]
        back[np.searchsorted(edges, np.flatnonzero(down), side="right") - 1] = True
    followed, late = present.copy(), np.zeros(len(found), np.int16)
    if back.any():
        # Where no contact goes back, every step that is present is kept, and repeats are neighbours.
        repeated[back], followed[back], late[back] = _searched(
            step[np.repeat(back, lengths)], np.append(0, np.cumsum(lengths[back])), present[back], steps
        )
    return Aligned(steps, present, followed, late, repeated, found.lengths - lengths)


def _searched(step: Array, offsets: Array, present: Array, steps: int) -> tuple[Array, Array, Array]:
    """Which steps are repeated, followed and late in sequences that go back somewhere."""
    count, lengths = len(present), np.diff(offsets)
    row = np.repeat(np.arange(count, dtype=np.int32), lengths)
    repeated, disordered = np.zeros(count, np.int16), np.zeros(count, bool)
    latest = np.full(count, -1, np.int64)
    for j in range(steps):
        at = np.flatnonzero(step == j)
        where = row[at]
        again = np.zeros(len(at), bool)
        np.equal(where[1:], where[:-1], out=again[1:])
        repeated[where[again]] |= 1 << j
        where, at = where[~again], at[~again]
        disordered[where] |= at < latest[where]
        latest[where] = at
    followed, late = present.copy(), np.zeros(count, np.int16)
    if disordered.any():
        # Where first contacts come in the order of the plan, every step that is present is kept.
        ends = np.append(0, np.cumsum(lengths[disordered]))
        followed[disordered], late[disordered] = _best(step[disordered[row]], ends, steps)
    return repeated, followed, late


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
