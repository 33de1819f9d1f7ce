"""Which needs end in an order, when and where: contacts move the odds, faults of the service stop some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo import effects, faults, whatif
from journey_lib.demo.arrays import Flags, Floats, Ints, spread
from journey_lib.demo.names import CITIES
from journey_lib.demo.needs import Needs, baskets, odds
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.trail import MINUTE, Orders, Trail, at_weekends, clock, online
from journey_lib.demo.world import SALES_CHANNELS, Hours

STRAIGHT_TO = (0.42, 0.16, 0.3, 0.11, 0.01)  # where needs without any touch are met


@dataclass(frozen=True)
class Decisions:
    """What became of each need, a place per need; where it ended in no order, what would have been.

    `odds` are the log odds without any contact, `chance` the chance of an order with all of them and the
    faults, `answers` that chance in every scenario (no columns if nobody asked); `failed` marks wishes that
    the broken checkout stopped.
    """

    odds: Floats
    chance: Floats
    answers: Floats
    bought: Flags
    failed: Flags
    time: Floats
    value: Ints
    items: Ints
    sold_at: Ints
    mobile: Flags

    def orders(self, needs: Needs, before: int) -> Orders:
        """The orders; `before` needs of earlier generations are counted first."""
        rows = np.flatnonzero(self.bought)
        return Orders(
            person=needs.person[rows],
            time=self.time[rows],
            value=self.value[rows],
            items=self.items[rows],
            sold_at=self.sold_at[rows],
            need=before + rows,
            mobile=self.mobile[rows],
        )


def decide(
    scene: Scene,
    people: People,
    needs: Needs,
    own: Trail,
    around: Trail,
    rng: np.random.Generator,
    asked: bool,
) -> Decisions:
    """Decide every need; `own` and `around` are its contacts, `asked` says whether scenarios are wanted."""
    size = len(needs.person)
    happened = own.only(own.happened)
    last = _last_before(happened, needs)
    sold_at, time = _checkout(scene, people, happened, needs, last, rng)
    mobile = rng.random(size) < people.mobile[needs.person]
    value, items = baskets(scene, people, needs, rng)
    luck = rng.random(size)
    met = effects.exposures(scene, own, around, needs.person, needs.goal)
    called = np.zeros(size, dtype=bool)
    called[met.need[met.happened & (met.channel == scene.channel("call_centre"))]] = True
    mobile_web = mobile & (sold_at == SALES_CHANNELS.index("website"))
    home = np.array([city.name for city in CITIES])[people.city[needs.person]]
    sent_to = np.where(sold_at == SALES_CHANNELS.index("store"), "", home)
    survival = faults.survival(scene, time, mobile_web, called, sent_to)
    alone = odds(scene, people, needs)
    wish = effects.chance(alone + effects.lift(scene, effects.stock(scene, met, met.happened)))
    chance = wish * survival.prod(axis=1)
    broken = [index for index, fault in enumerate(scene.world.faults) if fault.kind == "checkout"]
    return Decisions(
        odds=alone,
        chance=chance,
        answers=whatif.chances(scene, met, alone, survival, time) if asked else np.zeros((size, 0)),
        bought=luck < chance,
        failed=(luck >= chance) & (luck < wish) & (survival[:, broken] < 1).any(axis=1),
        time=time,
        value=value,
        items=items,
        sold_at=sold_at,
        mobile=mobile,
    )


def idle(scene: Scene, decisions: Decisions, trail: Trail, rng: np.random.Generator) -> Trail:
    """The trail without the contacts that an order made idle: most of them; retargeting often goes on."""
    rates = scene.world.rates
    met = np.where(decisions.bought, decisions.time, np.inf)
    retargeting = trail.chain[:, 0] == scene.channel("retargeting")
    lingering = np.where(retargeting, rates.late_retargeting, rates.late)
    return trail.only((trail.time < met[trail.need]) | (rng.random(len(lingering)) < lingering))


def _last_before(trail: Trail, needs: Needs) -> Ints:
    """Row of the last contact of each need before it decides, -1 where there is none."""
    every = np.arange(len(needs.person))
    first = np.searchsorted(trail.need, every, side="left")
    size = np.searchsorted(trail.need, every, side="right") - first
    row = spread(size)
    at = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size) + first[row]
    before = np.bincount(row[trail.time[at] <= needs.goal[row]], minlength=len(every))
    return np.where(before > 0, first + before - 1, -1)


def _checkout(
    scene: Scene, people: People, trail: Trail, needs: Needs, last: Ints, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Where and when each need would order: soon after the last contact, while a counter is open."""
    person, goal, size = needs.person, needs.goal, len(needs.person)
    channel = np.where(last >= 0, trail.chain[last, 0] if len(trail.kind) else -1, -1)
    shares = np.array([*(c.sold_at for c in scene.world.channels), STRAIGHT_TO])[channel]
    sold_at = (np.cumsum(shares, axis=1)[:, :-1] < rng.random(size)[:, None]).sum(axis=1)
    app, store, call = (SALES_CHANNELS.index(name) for name in ("app", "store", "call_centre"))
    sold_at[(sold_at == app) & ~people.app[person]] = 0
    straight = np.floor(goal) + online(scene, people, person, rng)
    soon = goal + np.minimum(2 * MINUTE + rng.lognormal(np.log(20 * MINUTE), 1.3, size), 3.0)
    soon = np.where(soon < goal + 0.2, soon, np.floor(soon) + 1 + online(scene, people, person, rng))
    time = np.where(last >= 0, soon, straight)
    counters: tuple[tuple[int, str, Hours], ...] = (
        (store, "store", "shop"),
        (call, "call_centre", "office"),
    )
    for counter, code, hours in counters:
        there = channel == scene.channel(code)
        at_once = goal + rng.uniform(4, 40, size) * MINUTE
        next_day = np.floor(goal) + 1 + clock(scene, hours, rng, size)
        if counter == store:
            next_day = at_weekends(scene, next_day, np.inf, rng)
        time = np.where(sold_at == counter, np.where(there, at_once, next_day), time)
    return sold_at, time
