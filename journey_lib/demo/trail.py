"""Events and orders as columns, and what every step of the simulation asks of them.

Times are days since the shop's first local midnight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.world import Hours, Reach

MINUTE = 1 / 1440


@dataclass(frozen=True)
class Trail:
    """Events as columns: whose, when, of which kind, and for which need (-1: none)."""

    person: Ints
    time: Floats
    kind: Ints
    need: Ints

    def only(self, rows: Flags | Ints | slice) -> Trail:
        """The trail without the other rows."""
        return Trail(self.person[rows], self.time[rows], self.kind[rows], self.need[rows])


@dataclass(frozen=True)
class Orders:
    """Orders as columns; `value` in VND, `sold_at` an index into `SALES_CHANNELS`."""

    person: Ints
    time: Floats
    value: Ints
    items: Ints
    sold_at: Ints

    def only(self, rows: Flags | Ints | slice) -> Orders:
        """The orders without the other rows."""
        return Orders(
            self.person[rows], self.time[rows], self.value[rows], self.items[rows], self.sold_at[rows]
        )


def together(trails: list[Trail]) -> Trail:
    """One trail of several."""
    return Trail(
        np.concatenate([trail.person for trail in trails]),
        np.concatenate([trail.time for trail in trails]),
        np.concatenate([trail.kind for trail in trails]),
        np.concatenate([trail.need for trail in trails]),
    )


def all_orders(sales: list[Orders]) -> Orders:
    """The orders of several lists as one."""
    return Orders(
        np.concatenate([orders.person for orders in sales]),
        np.concatenate([orders.time for orders in sales]),
        np.concatenate([orders.value for orders in sales]),
        np.concatenate([orders.items for orders in sales]),
        np.concatenate([orders.sold_at for orders in sales]),
    )


def clock(scene: Scene, hours: Hours, rng: np.random.Generator, size: int) -> Floats:
    """Times of day, as parts of a day, in the rhythm of `hours`."""
    drawn: Floats = np.interp(rng.random(size), np.r_[0.0, scene.year.hours[hours]], np.arange(25) / 24)
    return drawn


def reachable(scene: Scene, people: People, known: Flags, person: Ints) -> Floats:
    """How well each channel reaches each of `person`; `known` tells whether the shop knows them by then."""
    may_write = known & ~people.opt_out[person]
    by: dict[Reach, Floats] = {
        "anyone": np.ones(len(person)),
        "local": np.where(people.local[person], 1.0, 0.08),
        "email": (may_write & people.has_email[person]).astype(np.float64),
        "phone": (may_write & people.has_phone[person]).astype(np.float64),
        "app": (may_write & people.app[person]).astype(np.float64),
    }
    return np.stack([by[channel.reach] for channel in scene.world.channels], axis=1)


def opening_hours(scene: Scene, channel: Ints, time: Floats, rng: np.random.Generator) -> Floats:
    """Move touches into the hours of their channel, and part of the store visits to the weekend."""
    names: tuple[Hours, ...] = ("street", "shop", "office")
    rhythm = np.array([names.index(c.hours) if c.hours in names else -1 for c in scene.world.channels])[
        channel
    ]
    moved = time.copy()
    for index, hours in enumerate(names):
        here = rhythm == index
        moved[here] = np.floor(time[here]) + clock(scene, hours, rng, int(here.sum()))
    weekday = scene.year.weekday[scene.year.place(moved)]
    wait = (rhythm == names.index("shop")) & (weekday < 5) & (rng.random(len(time)) < 0.3)
    return moved + np.where(wait, 5 - weekday + (rng.random(len(time)) < 0.45), 0)


def contact(scene: Scene, people: People, person: Ints, channel: Ints, rng: np.random.Generator) -> Ints:
    """The kind of contact for each channel met: in one's own store, in the app only if one has it."""
    place = (scene.kinds.ladder[channel] < rng.random(len(channel))[:, None]).sum(axis=1)
    place = np.where(channel == scene.channel("store"), people.store[person], place)
    kind = scene.kinds.first[channel] + place
    return np.where(scene.kinds.app[kind] & ~people.app[person], scene.kinds.first[channel], kind)
