"""What surrounds a need: baskets, advertising in passing, mailings to known people, care after orders."""

from __future__ import annotations

import numpy as np

from journey_lib.demo.arrays import Floats, pick, spread
from journey_lib.demo.people import NEVER, People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD, mailing_days
from journey_lib.demo.trail import MINUTE, Orders, Trail, clock, contact, opening_hours, reachable, together
from journey_lib.demo.world import SALES_CHANNELS


def carts(scene: Scene, trail: Trail, orders: Orders, rng: np.random.Generator) -> Trail:
    """Baskets filled: shortly before each order on the website or in the app, and often for nothing."""
    idle = scene.kinds.site[trail.kind] & (rng.random(len(trail.kind)) < scene.world.rates.cart)
    online = orders.sold_at <= SALES_CHANNELS.index("app")
    person = np.r_[trail.person[idle], orders.person[online]]
    time = np.r_[
        trail.time[idle] + rng.uniform(1, 9, int(idle.sum())) * MINUTE,
        orders.time[online] - rng.uniform(1, 4, int(online.sum())) * MINUTE,
    ]
    app = np.r_[
        scene.kinds.app[trail.kind[idle]],
        orders.sold_at[online] == SALES_CHANNELS.index("app"),
    ]
    kind = np.where(
        app, scene.kinds.number("app_cart", "add_to_cart"), scene.kinds.number("web_cart", "add_to_cart")
    )
    return Trail(person, time, kind, np.full(len(person), -1))


def ambient(scene: Scene, people: People, rng: np.random.Generator) -> Trail:
    """Advertising met in passing, needed or not; there is more of it when there is more to sell."""
    everyone = np.arange(len(people.city))
    reach = reachable(scene, people, people.joined <= 0, everyone)
    met = []
    for index, channel in enumerate(scene.world.channels):
        if channel.ambient == 0:
            continue
        rate = channel.ambient * scene.year.days / 365 * (0.4 + 0.6 * people.activity)
        person = spread(rng.poisson(rate * np.minimum(people.taste[:, index], 6.0) * reach[:, index]))
        time = pick(rng, scene.year.need[LEAD:] ** 1.3, len(person)) + clock(
            scene, channel.hours, rng, len(person)
        )
        codes = np.full(len(person), index)
        time = opening_hours(scene, codes, time, rng) if channel.hours == "shop" else time
        kind = contact(scene, people, person, codes, rng)
        met.append(Trail(person, time, kind, np.full(len(person), -1)))
    return together(met)


def mailed(scene: Scene, people: People, known: Floats, rng: np.random.Generator) -> Trail:
    """Mailings that people the shop knows have opened or received."""
    everyone = np.arange(len(people.city))
    seen = []
    for mailing in scene.world.mailings:
        column = [channel.reach for channel in scene.world.channels].index(mailing.reach)
        reach = reachable(scene, people, known < NEVER, everyone)[:, column]
        taste = people.taste[:, scene.channel(mailing.channel)]
        rate = (
            mailing.seen_a_year
            * scene.year.days
            / 365
            * (0.4 + 0.6 * people.loyalty)
            * np.minimum(taste, 6.0)
        )
        person = spread(rng.poisson(rate * reach))
        day = pick(rng, mailing_days(scene.world, mailing, scene.year)[LEAD:], len(person))
        time = day + mailing.hour / 24 + rng.exponential(0.13, len(person))
        kind = np.full(len(person), scene.kinds.number(mailing.touchpoint, mailing.event_type))
        trail = Trail(person, time, kind, np.full(len(person), -1))
        seen.append(trail.only(time > known[person]))
    return together(seen)


def aftercare(scene: Scene, people: People, known: Floats, orders: Orders, rng: np.random.Generator) -> Trail:
    """Thanks, notices, requests for a review and calls for help after an order."""
    by_then = known[orders.person] <= orders.time + 5 * MINUTE  # many sign up at the till
    reached = by_then & ~people.opt_out[orders.person]
    row = np.flatnonzero(reached & (rng.random(len(orders.person)) < scene.world.rates.aftercare))
    which = pick(rng, [entry[3] for entry in scene.world.aftercare], len(row))
    delay = np.array([entry[4] for entry in scene.world.aftercare])[which]
    kind = np.array([scene.kinds.number(entry[1], entry[2]) for entry in scene.world.aftercare])[which]
    email = np.array([entry[0] == "email" for entry in scene.world.aftercare])[which]
    time = orders.time[row] + delay * rng.uniform(0.7, 1.3, len(row))
    trail = Trail(orders.person[row], time, kind, np.full(len(row), -1))
    return trail.only(~email | people.has_email[trail.person])
