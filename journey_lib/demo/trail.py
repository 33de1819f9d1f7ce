"""Events and orders as columns, and what every step of the simulation asks of them.

Times are days since the shop's first local midnight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.arrays import Columns, Flags, Floats, Ints
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.world import Hours, Reach

MINUTE = 1 / 1440
STAGES = ("aware", "appeal", "ask", "act", "advocate")  # the five A's of Kotler, Kartajaya and Setiawan 2017
AWARE, APPEAL, ASK, ACT, ADVOCATE = range(5)
MORE = 1.2  # the largest budget that is asked about, as a multiple of what was spent


@dataclass(frozen=True)
class Trail(Columns):
    """Contacts as columns: whose, when, of which kind, for which need (-1: none), at which of `STAGES`.

    `chain` (rows x 3) holds the contact's own channel, the channel that brought it and the one that brought
    that one, -1 for none; `share` (rows x 3) the part of each of their budgets from which on there is such a
    contact: below 1 it is in the shop's year, up to `MORE` only if more had been spent. `barred` is the
    trial whose control group the contact was kept from, -1 for none.
    """

    person: Ints
    time: Floats
    kind: Ints
    need: Ints
    stage: Ints
    chain: Ints
    share: Floats
    barred: Ints

    @property
    def happened(self) -> Flags:
        """Which of the contacts are part of the shop's year; the others only might have been."""
        flags: Flags = (self.share < 1).all(axis=1) & (self.barred < 0)
        return flags


@dataclass(frozen=True)
class Orders(Columns):
    """Orders as columns; `value` in VND, `sold_at` an index into `SALES_CHANNELS`, `need` into all needs.

    `mobile` says whether an order online was placed on a phone.
    """

    person: Ints
    time: Floats
    value: Ints
    items: Ints
    sold_at: Ints
    need: Ints
    mobile: Flags


def contacts(
    scene: Scene,
    person: Ints,
    time: Floats,
    kind: Ints,
    share: Floats | None = None,
    stage: int = AWARE,
) -> Trail:
    """Contacts that no need asked for and nothing brought; without a `share` they do not hang on a budget."""
    size = len(person)
    chain = np.full((size, 3), -1)
    chain[:, 0] = scene.kinds.channel[kind]
    shares = np.zeros((size, 3))
    shares[:, 0] = 0 if share is None else share
    none = np.full(size, -1)
    return Trail(person, time, kind, none, np.full(size, stage), chain, shares, none)


def extra(scene: Scene, channel: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Which contacts there would be with `MORE` budget, as rows of `channel`, and the share each hangs on.

    Every contact there is comes first, in order; then those that more money would add to paid channels.
    """
    share, again = rng.random((len(channel), 2)).T
    added = np.flatnonzero((again < MORE - 1) & scene.paid[channel])
    rows = np.r_[np.arange(len(channel)), added]
    return rows, np.r_[share, 1 + again[added]]


def clock(scene: Scene, hours: Hours, rng: np.random.Generator, size: int) -> Floats:
    """Times of day, as parts of a day, in the rhythm of `hours`."""
    drawn: Floats = np.interp(rng.random(size), np.r_[0.0, scene.year.hours[hours]], np.arange(25) / 24)
    return drawn


def online(scene: Scene, people: People, person: Ints, rng: np.random.Generator) -> Floats:
    """Times of day online, each person's day being a little earlier or later than others'."""
    time: Floats = (clock(scene, "online", rng, len(person)) + people.shift[person] / 24) % 1.0
    return time


def at_weekends(scene: Scene, time: Floats, until: Floats | float, rng: np.random.Generator) -> Floats:
    """Times with some of those on working days put off to the weekend, where that is still before `until`."""
    weekday = scene.year.weekday[scene.year.place(time)]
    puts_off, sunday = rng.random((len(time), 2)).T
    later = time + 5 - weekday + (sunday < 0.45)
    moved: Floats = np.where((weekday < 5) & (puts_off < 0.3) & (later < until), later, time)
    return moved


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
    return np.where(rhythm == names.index("shop"), at_weekends(scene, moved, np.inf, rng), moved)


def contact(scene: Scene, people: People, person: Ints, channel: Ints, rng: np.random.Generator) -> Ints:
    """The kind of contact for each channel met: in one's own store, in the app only if one has it."""
    place = (scene.kinds.ladder[channel] < rng.random(len(channel))[:, None]).sum(axis=1)
    place = np.where(channel == scene.channel("store"), people.store[person], place)
    kind = scene.kinds.first[channel] + place
    return np.where(scene.kinds.app[kind] & ~people.app[person], scene.kinds.first[channel], kind)
