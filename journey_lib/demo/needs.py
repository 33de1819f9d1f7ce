"""Needs: they arise, grow, fade and pull touches; some end in an order, and an order brings new ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints, pick, spread
from journey_lib.demo.people import NEVER, People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD
from journey_lib.demo.trail import MINUTE, Orders, Trail, clock, contact, opening_hours, reachable, together
from journey_lib.demo.world import SALES_CHANNELS, Hours

STRAIGHT_TO = (0.42, 0.16, 0.3, 0.11, 0.01)  # where needs without any touch are met


@dataclass(frozen=True)
class Needs:
    """Latent needs: whose, from when, for how many days, how strong, and how many touches they pull."""

    person: Ints
    start: Floats
    length: Floats
    strength: Floats
    touches: Ints


def first_needs(scene: Scene, people: People, rng: np.random.Generator) -> Needs:
    """Needs that arise by themselves, in season more than out of it."""
    rates = scene.world.rates
    years = (scene.year.days + LEAD) / 365
    person = spread(rng.poisson(people.activity * rates.needs_a_year * years))
    start = pick(rng, scene.year.need, len(person)) - LEAD + clock(scene, "online", rng, len(person))
    touches = rng.lognormal(0, rates.touches[2], len(person))
    return _shaped(scene, person, start, rng.gamma(2.0, 0.5, len(person)), touches, rng)


def next_needs(scene: Scene, people: People, orders: Orders, rng: np.random.Generator) -> Needs:
    """New needs of people who ordered; holidays, when nobody shops, swallow part of them."""
    rates = scene.world.rates
    wanted = rates.follow_ups * np.minimum(people.loyalty[orders.person], 3.0)
    row = spread(rng.poisson(wanted))
    start = orders.time[row] + rng.lognormal(*rates.follow_up_days, len(row))
    alive = (start < scene.year.days) & (rng.random(len(row)) < scene.year.need[scene.year.place(start)])
    strength = rates.follow_up_strength + rng.gamma(2.0, 0.5, len(row))
    touches = rng.lognormal(-0.9, rates.touches[2], len(row))
    row = row[alive]
    return _shaped(scene, orders.person[row], start[alive], strength[alive], touches[alive], rng)


def _shaped(
    scene: Scene, person: Ints, start: Floats, strength: Floats, touches: Floats, rng: np.random.Generator
) -> Needs:
    """Needs with their length and number of touches; some go straight to the till, most end early."""
    rates = scene.world.rates
    level = np.exp(rates.touches[0] + rates.touches[1] * np.minimum(strength, 3.0))
    planned = np.minimum(np.floor(touches * level), rates.most_touches).astype(np.int64)
    planned[rng.random(len(person)) < rates.straight] = 0
    length = np.clip(rng.lognormal(*rates.need_days, len(person)) * (1 + 0.04 * planned), 0.05, 75)
    return Needs(person, start, length, strength, planned)


def _intent(needs: Needs, need: Ints, time: Floats) -> tuple[Floats, Floats]:
    """Where in its need each touch falls (0 to 1), and how strong the wish is there: it rises, then fades."""
    at = np.clip((time - needs.start[need]) / needs.length[need], 0, 1)
    return at, needs.strength[need] * np.where(at < 0.75, at / 0.75, 1 - 1.6 * (at - 0.75))


def walk(
    scene: Scene,
    people: People,
    known: Floats,
    needs: Needs,
    rng: np.random.Generator,
) -> Trail:
    """The touches each need pulls, in order of need and time."""
    need = spread(needs.touches)
    person = needs.person[need]
    since = rng.beta(1.25, 1.15, len(need)) * needs.length[need]
    time = needs.start[need] + since
    time = np.where(since > 0.5, np.floor(time) + clock(scene, "online", rng, len(time)), time)
    time = time[np.lexsort((time, need))]
    at, intent = _intent(needs, need, time)
    chase = np.array([channel.chase for channel in scene.world.channels])
    pull = np.array([channel.pull for channel in scene.world.channels])
    reach = reachable(scene, people, known[needs.person] <= needs.start, needs.person)[need]
    early, late = ((1 - at) ** 2)[:, None], (at**2)[:, None]
    appeal = early * pull[:, 0] + (1 - early - late) * pull[:, 1] + late * pull[:, 2]
    appeal *= np.exp(chase * np.minimum(intent, 3.0)[:, None]) * people.taste[person] * reach
    ladder = np.cumsum(appeal, axis=1)
    channel = (ladder < (rng.random(len(need)) * ladder[:, -1])[:, None]).sum(axis=1)
    channel = _repeated(need, channel, rng.random(len(need)) < scene.world.rates.again)
    time = opening_hours(scene, channel, time, rng)
    trail = Trail(person, time, contact(scene, people, person, channel, rng), need)
    trail = together([trail, _retargeted(scene, people, trail, intent, rng)])
    return trail.only(np.lexsort((trail.kind, trail.time, trail.need)))


def _repeated(need: Ints, channel: Ints, again: Flags) -> Ints:
    """Channels in which a touch marked `again` copies the one before it in the same need."""
    if not len(need):
        return channel
    fresh = ~again | np.r_[True, need[1:] != need[:-1]]
    source = np.maximum.accumulate(np.where(fresh, np.arange(len(need)), 0))
    return channel[source]


def _retargeted(
    scene: Scene,
    people: People,
    trail: Trail,
    intent: Floats,
    rng: np.random.Generator,
) -> Trail:
    """Advertisements that follow visitors of the shop's pages around for the next days."""
    code = scene.channel("retargeting")
    chance = scene.world.rates.retargeted * (1 + np.minimum(intent, 3.0))
    seen = scene.kinds.site[trail.kind] & (rng.random(len(chance)) < chance)
    row = spread(np.where(seen, 1 + rng.poisson(0.9, len(chance)), 0))
    channel = np.full(len(row), code)
    time = np.floor(trail.time[row] + rng.exponential(2.0, len(row))) + clock(scene, "online", rng, len(row))
    time = np.where(time > trail.time[row], time, trail.time[row] + rng.uniform(0.02, 0.2, len(row)))
    kind = contact(scene, people, trail.person[row], channel, rng)
    return Trail(trail.person[row], time, kind, trail.need[row])


def decide(
    scene: Scene,
    people: People,
    known: Floats,
    needs: Needs,
    trail: Trail,
    rng: np.random.Generator,
) -> tuple[Trail, Orders]:
    """Which needs end in an order, when and where; and the trail without touches that the order made idle."""
    rates = scene.world.rates
    push = np.array([channel.push for channel in scene.world.channels])[scene.kinds.channel[trail.kind]]
    pushed = np.minimum(np.bincount(trail.need, weights=push, minlength=len(needs.person)), 1.5)
    peak = scene.year.place(needs.start + 0.75 * needs.length)
    odds = rates.odds + rates.odds_strength * needs.strength + pushed + scene.year.sale[peak]
    odds += rates.odds_known * (known[needs.person] <= needs.start)
    odds += rates.odds_loyal * np.minimum(people.loyalty[needs.person], 3.0)
    bought = np.flatnonzero(rng.random(len(odds)) < 1 / (1 + np.exp(-odds)))
    goal = (needs.start + needs.length * rng.beta(3.0, 1.4, len(odds)))[bought]
    last = _last_before(trail, bought, goal)
    sold_at, time = _checkout(scene, people, trail, needs.person[bought], goal, last, rng)
    met = np.full(len(needs.person), NEVER)
    met[bought] = time
    retargeting = scene.channel("retargeting")
    lingering = np.where(scene.kinds.channel[trail.kind] == retargeting, rates.late_retargeting, rates.late)
    kept = (trail.time < met[trail.need]) | (rng.random(len(lingering)) < lingering)
    items = 1 + rng.poisson(rates.more_items, len(bought))
    value = rng.lognormal(*rates.basket, len(bought)) * items**0.9
    value = np.maximum(np.round(value / 1000), 29).astype(np.int64) * 1000
    return trail.only(kept), Orders(needs.person[bought], time, value, items, sold_at)


def _last_before(trail: Trail, needs: Ints, goal: Floats) -> Ints:
    """Row of the last touch of each of `needs` up to its `goal`, -1 where there is none."""
    first = np.searchsorted(trail.need, needs, side="left")
    size = np.searchsorted(trail.need, needs, side="right") - first
    row = spread(size)
    at = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size) + first[row]
    before = np.bincount(row[trail.time[at] <= goal[row]], minlength=len(needs))
    return np.where(before > 0, first + before - 1, -1)


def _checkout(
    scene: Scene,
    people: People,
    trail: Trail,
    person: Ints,
    goal: Floats,
    last: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Floats]:
    """Where and when each order is placed: soon after the last touch, and only while a counter is open."""
    size = len(person)
    channel = np.where(last >= 0, scene.kinds.channel[trail.kind[last]] if len(trail.kind) else -1, -1)
    shares = np.array([*(c.sold_at for c in scene.world.channels), STRAIGHT_TO])[channel]
    sold_at = (np.cumsum(shares, axis=1)[:, :-1] < rng.random(size)[:, None]).sum(axis=1)
    app, store, call = (SALES_CHANNELS.index(name) for name in ("app", "store", "call_centre"))
    sold_at[(sold_at == app) & ~people.app[person]] = 0
    base = np.where(last >= 0, trail.time[last] if len(trail.time) else goal, goal)
    straight = np.floor(goal) + clock(scene, "online", rng, size)
    soon = base + np.clip(rng.lognormal(np.log(22 * MINUTE), 1.3, size), 5 * MINUTE, 3)
    soon = np.where(soon < base + 0.2, soon, np.floor(soon) + 1 + clock(scene, "online", rng, size))
    time = np.where(last >= 0, soon, straight)
    counters: tuple[tuple[int, str, Hours], ...] = (
        (store, "store", "shop"),
        (call, "call_centre", "office"),
    )
    for counter, code, hours in counters:
        there = channel == scene.channel(code)
        at_once = base + rng.uniform(4, 40, size) * MINUTE
        next_day = np.floor(base) + 1 + clock(scene, hours, rng, size)
        time = np.where(sold_at == counter, np.where(there, at_once, next_day), time)
    return sold_at, time


def joined(
    scene: Scene, known: Floats, trail: Trail, orders: Orders, rng: np.random.Generator
) -> tuple[Floats, Trail]:
    """When the shop knows whom after these orders and visits, and the sign-ups by which it came to."""
    rates = scene.world.rates
    visit = scene.kinds.site[trail.kind] & (rng.random(len(trail.kind)) < rates.joins_at_visit)
    order = rng.random(len(orders.person)) < rates.joins_at_order
    person = np.r_[trail.person[visit], orders.person[order]]
    time = np.r_[trail.time[visit], orders.time[order]] + rng.uniform(1, 4, len(person)) * MINUTE
    in_store = orders.sold_at[order] == SALES_CHANNELS.index("store")
    store = np.r_[np.zeros(int(visit.sum()), dtype=bool), in_store]
    new = known[person] >= NEVER
    first = np.lexsort((time[new], person[new]))
    who, at = np.unique(person[new][first], return_index=True)
    when, where = time[new][first][at], store[new][first][at]
    later = known.copy()
    later[who] = when
    kind = np.where(
        where, scene.kinds.number("store_signup", "sign_up"), scene.kinds.number("web_signup", "sign_up")
    )
    return later, Trail(who, when, kind, np.full(len(who), -1))
