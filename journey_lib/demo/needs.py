"""Needs: they arise, grow and fade; an order brings new ones, to its buyer and to people who hear of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.arrays import Columns, Flags, Floats, Ints, pick, spread
from journey_lib.demo.people import NEVER, WARNING, People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD
from journey_lib.demo.trail import MINUTE, Orders, Trail, clock, contacts
from journey_lib.demo.world import SALES_CHANNELS

STRONGEST = 3.0  # nobody shows more of a wish than this, however strong it is


@dataclass(frozen=True)
class Needs(Columns):
    """Latent needs: whose, from when, for how many days, how strong, and how many touches they pull.

    `goal` is the day a need decides; `order` the row of the order it follows (-1: none), in the generation
    before; `known` says whether the shop knew the person when it began.
    """

    person: Ints
    start: Floats
    length: Floats
    strength: Floats
    touches: Ints
    goal: Floats
    order: Ints
    known: Flags


def first_needs(scene: Scene, people: People, known: Floats, rng: np.random.Generator) -> Needs:
    """Needs that arise by themselves, in season more than out of it, in people who are there."""
    rates = scene.world.rates
    years = (scene.year.days + LEAD) / 365
    person = spread(rng.poisson(people.activity * rates.needs_a_year * years))
    day = np.where(
        rng.random(len(person)) < people.occasions[person],
        pick(rng, scene.year.need * (scene.year.season >= 0) + 1e-9, len(person)),
        pick(rng, scene.year.need, len(person)),
    )
    start = day - LEAD + clock(scene, "online", rng, len(person))
    there = _there(people, person, start, rng)
    strength = rng.gamma(2.0, 0.5, len(person))
    touches = rng.lognormal(0, rates.touches[2], len(person))
    none = np.full(len(person), -1)
    needs = shaped(scene, people, person, start, strength, touches, none, known, rng)
    return needs.only(there)


def _there(people: People, person: Ints, start: Floats, rng: np.random.Generator) -> Flags:
    """Needs of people who have come and not left; those who fade have fewer and fewer before they leave."""
    left = people.leaves[person] - start
    fades = people.fading[person] & (rng.random(len(person)) * WARNING > left)
    flags: Flags = (start >= people.arrives[person]) & (left > 0) & ~fades
    return flags


def next_needs(
    scene: Scene,
    people: People,
    known: Floats,
    orders: Orders,
    satisfied: Floats,
    waiting: Ints,
    rng: np.random.Generator,
) -> tuple[Needs, Ints]:
    """Needs that orders bring: to their buyers again, and by word of mouth to some of the `waiting` people.

    Holidays, when nobody shops, swallow part of them. Also returns who is still waiting.
    """
    rates = scene.world.rates
    pleased = np.exp(rates.follow_satisfied * satisfied)
    again = spread(rng.poisson(rates.follow_ups * pleased * np.minimum(people.loyalty[orders.person], 3.0)))
    told, listens = _told(orders.person, spread(rng.poisson(rates.referrals * pleased)), waiting)
    row = np.r_[again, told]
    person = np.r_[orders.person[again], listens]
    start = orders.time[row] + rng.lognormal(*rates.follow_up_days, len(row))
    shopping = rng.random(len(row)) < scene.year.need[scene.year.place(start)]
    came = np.r_[np.zeros(len(again), dtype=bool), np.ones(len(told), dtype=bool)]
    alive = (start < scene.year.days) & shopping & (came | (start < people.leaves[person]))
    strength = rates.follow_up_strength + rng.gamma(2.0, 0.5, len(row))
    touches = rng.lognormal(-0.9, rates.touches[2], len(row))
    needs = shaped(scene, people, person, start, strength, touches, row, known, rng)
    return needs.only(alive), np.setdiff1d(waiting, listens)


def _told(buyer: Ints, row: Ints, waiting: Ints) -> tuple[Ints, Ints]:
    """Orders that were told of, and to whom: the next who waits, counted from the buyer.

    Somebody later in the block, so that who was told of the shop knows somebody in it, however small it is.
    """
    left, pairs = waiting.tolist(), []
    for order in row.tolist():
        listener = next((person for person in left if person > buyer[order]), None)
        if listener is not None:
            left.remove(listener)
            pairs.append((order, listener))
    told = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return told[:, 0], told[:, 1]


def shaped(
    scene: Scene,
    people: People,
    person: Ints,
    start: Floats,
    strength: Floats,
    touches: Floats,
    order: Ints,
    known: Floats,
    rng: np.random.Generator,
) -> Needs:
    """Needs with their length and number of touches; some go straight to the till, most end early."""
    rates = scene.world.rates
    strength = strength * people.need_strength[person]
    visible = scene.selected(np.minimum(strength, STRONGEST), 1.0)
    level = np.exp(rates.touches[0] + rates.touches[1] * visible)
    planned = np.minimum(np.floor(touches * level), rates.most_touches).astype(np.int64)
    planned[rng.random(len(person)) < rates.straight] = 0
    length = np.clip(rng.lognormal(*rates.need_days, len(person)) * (1 + 0.04 * planned), 0.05, 75)
    goal = start + length * rng.beta(3.0, 1.4, len(person))
    return Needs(person, start, length, strength, planned, goal, order, known[person] <= start)


def intent(needs: Needs, need: Ints, time: Floats) -> tuple[Floats, Floats]:
    """Where in its need each touch falls (0 to 1), and how strong the wish is there: it rises, then fades."""
    at = np.clip((time - needs.start[need]) / needs.length[need], 0, 1)
    return at, needs.strength[need] * np.where(at < 0.75, at / 0.75, 1 - 1.6 * (at - 0.75))


def odds(scene: Scene, people: People, needs: Needs) -> Floats:
    """Log odds that each need ends in an order when its person meets no contact at all."""
    rates = scene.world.rates
    sale = scene.year.sale[scene.year.place(needs.goal)]
    found: Floats = (
        rates.odds
        + rates.odds_strength * needs.strength
        + sale * (0.5 + people.price_sensitivity[needs.person])
        + rates.odds_known * needs.known
        + rates.odds_loyal * np.minimum(people.loyalty[needs.person], 3.0)
    )
    return found


def baskets(scene: Scene, people: People, needs: Needs, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """What each need would be worth (VND) and how many items it would take, if it ended in an order."""
    rates = scene.world.rates
    items = 1 + rng.poisson(rates.more_items, len(needs.person))
    value = rng.lognormal(*rates.basket, len(items)) * items**0.9 * people.basket[needs.person]
    return np.maximum(np.round(value / 1000), 29).astype(np.int64) * 1000, items.astype(np.int64)


def joined(
    scene: Scene, known: Floats, needs: Needs, orders: Orders, rng: np.random.Generator
) -> tuple[Floats, Trail]:
    """When the shop knows whom after these needs and orders, and the sign-ups by which it came to.

    Signing up while looking around is a trait of the person, not of the contacts: so a channel switched off
    takes its orders away and nothing else.
    """
    rates = scene.world.rates
    looking = rng.random(len(needs.person)) < rates.joins_in_need
    order = rng.random(len(orders.person)) < rates.joins_at_order
    during = needs.start + needs.length * rng.random(len(needs.person))
    person = np.r_[needs.person[looking], orders.person[order]]
    time = np.r_[during[looking], orders.time[order]] + rng.uniform(1, 4, len(person)) * MINUTE
    in_store = orders.sold_at[order] == SALES_CHANNELS.index("store")
    store = np.r_[np.zeros(int(looking.sum()), dtype=bool), in_store]
    new = known[person] >= NEVER
    first = np.lexsort((time[new], person[new]))
    who, at = np.unique(person[new][first], return_index=True)
    when, where = time[new][first][at], store[new][first][at]
    later = known.copy()
    later[who] = when
    kind = np.where(
        where, scene.kinds.number("store_signup", "sign_up"), scene.kinds.number("web_signup", "sign_up")
    )
    return later, contacts(scene, who, when, kind)
