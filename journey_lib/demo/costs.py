"""What marketing cost, per channel, campaign and day: counted block by block, priced at the end.

Each platform counts for itself: every order whose buyer met it in the seven days before. Together the
platforms claim more orders than there were, as they do in life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from journey_lib.demo.arrays import Floats, Ints, spread
from journey_lib.demo.journeys import Block
from journey_lib.demo.kinds import Kinds
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD, Calendar
from journey_lib.demo.trail import Orders
from journey_lib.demo.world import SALES_CHANNELS, Price

CLAIM_DAYS = 7.0
DAY_NOISE, PRICE_NOISE, PRICE_MEMORY = 0.08, 0.1, 0.85
COLUMNS = ("date", "channel", "campaign", "cost", "currency", "impressions", "clicks", "platform_conversions")


@dataclass(frozen=True)
class Tally:
    """What the platforms counted, each array days x channels; tallies of different people add up.

    `contacts` and `clicks` as recorded, `claims` orders the channel claims, `claimed` and `sold` their
    value and the value sold on the channel itself.
    """

    contacts: Ints
    clicks: Ints
    claims: Ints
    claimed: Ints
    sold: Ints

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.contacts + other.contacts,
            self.clicks + other.clicks,
            self.claims + other.claims,
            self.claimed + other.claimed,
            self.sold + other.sold,
        )


def nothing(scene: Scene) -> Tally:
    """The tally of nobody."""
    zero = np.zeros((scene.year.days, len(scene.world.channels)), dtype=np.int64)
    return Tally(zero, zero, zero, zero, zero)


def tally(scene: Scene, block: Block) -> Tally:
    """Count one block of people."""
    events = block.events
    kinds, codes = scene.kinds, [channel.code for channel in scene.world.channels]
    touch = kinds.channel[events.kind] >= 0
    channel, day = kinds.channel[events.kind[touch]], np.floor(events.time[touch]).astype(np.int64)
    click = np.array([event_type == "click" for event_type in kinds.event_type])[events.kind[touch]]
    order, claimant = _claims(kinds, block)
    order_day = np.floor(block.orders.time).astype(np.int64)
    counter = np.array([codes.index(name) if name in codes else -1 for name in SALES_CHANNELS])
    shop = counter[block.orders.sold_at]
    size = (scene.year.days, len(codes))
    return Tally(
        contacts=_table(size, day, channel),
        clicks=_table(size, day[click], channel[click]),
        claims=_table(size, order_day[order], claimant),
        claimed=_table(size, order_day[order], claimant, block.orders.value[order]),
        sold=_table(size, order_day[shop >= 0], shop[shop >= 0], block.orders.value[shop >= 0]),
    )


def _table(size: tuple[int, int], day: Ints, channel: Ints, weight: Ints | None = None) -> Ints:
    flat = np.bincount(day * size[1] + channel, weights=weight, minlength=size[0] * size[1])
    return np.round(flat).astype(np.int64).reshape(size)


def _claims(kinds: Kinds, block: Block) -> tuple[Ints, Ints]:
    """Pairs of an order and a channel its buyer met shortly before."""
    touch = kinds.channel[block.events.kind] >= 0
    channel = kinds.channel[block.events.kind[touch]]
    order: Orders = block.orders
    # events are sorted by person and time, so one number that rises with both finds each order's week
    per_person = 1e5
    met = block.events.person[touch] * per_person + block.events.time[touch]
    now = order.person * per_person + order.time
    first = np.searchsorted(met, np.maximum(now - CLAIM_DAYS, order.person * per_person))
    size = np.searchsorted(met, now) - first
    row = spread(size)
    at = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size) + first[row]
    pairs = np.unique(row * 1000 + channel[at])
    return pairs // 1000, pairs % 1000


def cost_rows(scene: Scene, total: Tally, people: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Rows of the cost file, by day, channel and campaign; what no platform counts is empty."""
    world, year = scene.world, scene.year
    noise = {
        price.channel: _price_noise(year, rng) * scene.price[LEAD:, scene.channel(price.channel)]
        for price in world.prices
    }
    counts = {
        price.channel: _billed(price, scene.channel(price.channel), total, rng) for price in world.prices
    }
    for day in range(year.days):
        season = year.season[day + LEAD]
        now = world.seasons[season].code if season >= 0 else ""
        for price in world.prices:
            impressions, clicks, claims, value = (column[day] for column in counts[price.channel])
            lines = [c for c in world.campaigns if c.channel == price.channel and c.season in ("", now)]
            contacts = total.contacts[day, scene.channel(price.channel)]
            bill = price.click * clicks + price.thousand * impressions / 1000 + price.contact * contacts
            bill = (bill + price.rent * people / 1000) * noise[price.channel][day] + price.commission * value
            for line in lines:
                share = line.share / sum(other.share for other in lines)
                cost = round(bill * share)
                if cost:
                    seen = (round(n * share) for n in (impressions, clicks, claims))
                    yield (
                        (year.start + timedelta(days=day)).isoformat(),
                        price.channel,
                        line.code,
                        str(cost),
                        "VND",
                        *(str(number) if price.shown else "" for number in seen),
                    )


def _price_noise(year: Calendar, rng: np.random.Generator) -> Floats:
    """Factor on a channel's prices by day: dearer in season, wandering slowly, never quite the same."""
    shocks = rng.normal(0, PRICE_NOISE, year.days)
    level = np.zeros(year.days)
    for day in range(1, year.days):
        level[day] = PRICE_MEMORY * level[day - 1] + np.sqrt(1 - PRICE_MEMORY**2) * shocks[day]
    noise: Floats = year.price[LEAD:] * np.exp(level + rng.normal(0, DAY_NOISE, year.days))
    return noise


def _billed(
    price: Price, channel: int, total: Tally, rng: np.random.Generator
) -> tuple[Floats, Floats, Ints, Ints]:
    """Impressions, clicks, claimed orders and value with commission, by day, as the platform counts them."""
    days = len(total.contacts)
    shown = price.shown * total.contacts[:, channel] * np.exp(rng.normal(0, DAY_NOISE, days))
    clicks = total.clicks[:, channel] * np.exp(rng.normal(0.04, 0.03, days))  # double taps and robots
    value = total.sold if price.channel in SALES_CHANNELS else total.claimed
    return np.round(shown), np.round(clicks), total.claims[:, channel], value[:, channel]
