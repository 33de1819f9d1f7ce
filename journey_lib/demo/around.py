"""What surrounds a need: baskets, advertising in passing, mailings to known people, care after orders."""

from __future__ import annotations

import numpy as np

from journey_lib.demo.arrays import Floats, Ints, pick, spread, stacked
from journey_lib.demo.people import NEVER, People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD, mailing_days
from journey_lib.demo.trail import (
    ACT,
    ADVOCATE,
    MINUTE,
    Orders,
    Trail,
    clock,
    contact,
    contacts,
    extra,
    opening_hours,
    reachable,
)
from journey_lib.demo.world import SALES_CHANNELS


def carts(scene: Scene, trail: Trail, orders: Orders, rng: np.random.Generator) -> Trail:
    """Baskets filled: shortly before each order on the website or in the app, and often for nothing."""
    idle = scene.kinds.site[trail.kind] & (rng.random(len(trail.kind)) < scene.world.rates.cart)
    online = orders.sold_at <= SALES_CHANNELS.index("app")
    person = np.r_[trail.person[idle], orders.person[online]]
    time = np.r_[
        trail.time[idle] + rng.uniform(1, 9, int(idle.sum())) * MINUTE,
        orders.time[online] - rng.uniform(2, 4, int(online.sum())) * MINUTE,
    ]
    app = np.r_[
        scene.kinds.app[trail.kind[idle]],
        orders.sold_at[online] == SALES_CHANNELS.index("app"),
    ]
    number = scene.kinds.number
    kind = np.where(app, number("app_cart", "add_to_cart"), number("web_cart", "add_to_cart"))
    return contacts(scene, person, time, kind, stage=ACT)


def checkouts(scene: Scene, orders: Orders, person: Ints, time: Floats, rng: np.random.Generator) -> Trail:
    """Checkouts begun on the website: those of orders, and those that broke on phones (`person`, `time`)."""
    website = orders.sold_at == SALES_CHANNELS.index("website")
    number = scene.kinds.number
    phone = np.r_[orders.mobile[website], np.ones(len(person), dtype=bool)]
    begun = np.r_[orders.time[website], time] - rng.uniform(0.5, 1.8, len(phone)) * MINUTE
    desk, hand = number("web_checkout", "begin_checkout"), number("mobile_checkout", "begin_checkout")
    tries = spread(1 + rng.poisson(0.6, len(person)))
    again = time[tries] + rng.uniform(0, 6, len(tries)) * MINUTE
    broken = np.full(len(tries), number("mobile_checkout", "checkout_error"))
    started = contacts(
        scene, np.r_[orders.person[website], person], begun, np.where(phone, hand, desk), stage=ACT
    )
    return stacked([started, contacts(scene, person[tries], again, broken, stage=ACT)])


def _noticed(scene: Scene, trait: Floats) -> Floats:
    """A trait as far as those who place advertising and messages go by it, about 1 on average."""
    return scene.selected(trait, 1.0) / max(scene.world.selection, 1.0)


def ambient(scene: Scene, people: People, rng: np.random.Generator) -> Trail:
    """Advertising met in passing, needed or not; there is more of it when there is more to sell."""
    everyone = np.arange(len(people.city))
    reach = reachable(scene, people, people.joined <= 0, everyone)
    seen = 0.4 + 0.6 * _noticed(scene, people.activity)
    met = []
    for index, channel in enumerate(scene.world.channels):
        if channel.ambient == 0:
            continue
        rate = channel.ambient * (scene.year.days + LEAD) / 365 * seen
        person = spread(rng.poisson(rate * np.minimum(people.taste[:, index], 6.0) * reach[:, index]))
        weight = scene.budget[:, index] * scene.year.need**1.35
        time = pick(rng, weight, len(person)) - LEAD + clock(scene, channel.hours, rng, len(person))
        codes = np.full(len(person), index)
        time = opening_hours(scene, codes, time, rng) if channel.hours == "shop" else time
        rows, share = extra(scene, codes, rng)
        kind = contact(scene, people, person[rows], codes[rows], rng)
        met.append(contacts(scene, person[rows], time[rows], kind, share))
    trail = stacked(met)
    return trail.only(trail.time >= people.arrives[trail.person])


def mailed(scene: Scene, people: People, rng: np.random.Generator) -> Trail:
    """Messages that each person would open or receive if the shop knew them all along."""
    everyone = np.arange(len(people.city))
    reachable_by = [channel.reach for channel in scene.world.channels]
    reach = reachable(scene, people, np.ones(len(everyone), dtype=bool), everyone)
    warm = _noticed(scene, people.loyalty)
    seen = []
    for mailing in scene.world.mailings:
        channel = scene.channel(mailing.channel)
        taste = np.minimum(people.taste[:, channel], 6.0)
        rate = mailing.seen_a_year * (scene.year.days + LEAD) / 365 * (0.4 + 0.6 * warm) * taste
        person = spread(rng.poisson(rate * reach[:, reachable_by.index(mailing.reach)]))
        day = pick(rng, mailing_days(scene.world, mailing, scene.year), len(person)) - LEAD
        time = day + mailing.hour / 24 + rng.exponential(0.13, len(person))
        rows, share = extra(scene, np.full(len(person), channel), rng)
        kind = np.full(len(rows), scene.kinds.number(mailing.touchpoint, mailing.event_type))
        seen.append(contacts(scene, person[rows], time[rows], kind, share))
    return stacked(seen)


def aftercare(scene: Scene, people: People, known: Floats, orders: Orders, rng: np.random.Generator) -> Trail:
    """Thanks, notices, requests for a review and calls for help after an order."""
    by_then = known[orders.person] <= orders.time + 5 * MINUTE  # many sign up at the till
    reached = by_then & ~people.opt_out[orders.person] & (known[orders.person] < NEVER)
    row = np.flatnonzero(reached & (rng.random(len(orders.person)) < scene.world.rates.aftercare))
    which = pick(rng, [entry[3] for entry in scene.world.aftercare], len(row))
    delay = np.array([entry[4] for entry in scene.world.aftercare])[which]
    kind = np.array([scene.kinds.number(entry[1], entry[2]) for entry in scene.world.aftercare])[which]
    email = np.array([entry[0] == "email" for entry in scene.world.aftercare])[which]
    time = orders.time[row] + delay * rng.uniform(0.7, 1.3, len(row))
    trail = contacts(scene, orders.person[row], time, kind, stage=ADVOCATE)
    return trail.only(~email | people.has_email[trail.person])
