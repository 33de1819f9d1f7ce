"""The words in which a shop is written down: its channels, seasons, mailings, prices and rates.

Nothing here runs. `journeys` and `costs` read a `World`; the demo shop's own is `shop.BASE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reach = Literal["anyone", "local", "email", "phone", "app"]
Hours = Literal["online", "street", "shop", "office"]

SALES_CHANNELS = ("website", "app", "store", "marketplace", "call_centre")
ONLINE = (0.6, 0.13, 0.13, 0.12, 0.02)


@dataclass(frozen=True)
class Contact:
    """One way of meeting a channel: its touchpoint, what happens there, and how common it is there.

    `site` marks contacts that land on the shop's own website or app, where a cart can be filled and an
    advertiser's pixel can see the visitor.
    """

    touchpoint: str
    event_type: str
    weight: float
    site: bool = False


@dataclass(frozen=True)
class Channel:
    """A marketing channel and when people meet it.

    `pull`      how strongly it is met at the start, in the middle and at the end of a need.
    `chase`     extra pull per unit of intent: retargeting and brand search follow those who already want.
    `ageing`    change of pull per ten years of age, as a log factor.
    `reach`     whom it can reach at all.
    `hours`     whose daily rhythm it follows.
    `ambient`   contacts a person-year that no need asked for.
    `push`      log odds of buying that one contact adds.
    `sold_at`   shares of `SALES_CHANNELS` when it is the last contact before an order.
    """

    code: str
    pull: tuple[float, float, float]
    contacts: tuple[Contact, ...]
    chase: float = 0.0
    ageing: float = 0.0
    reach: Reach = "anyone"
    hours: Hours = "online"
    ambient: float = 0.0
    push: float = 0.0
    sold_at: tuple[float, float, float, float, float] = ONLINE


@dataclass(frozen=True)
class Season:
    """Days around an anchor on which people need more or less, and advertising costs more.

    `anchor` is ``"MM-DD"``, ``"tet"`` (first day of the lunar year) or ``"black_friday"``; the season runs
    from
    `first` to `last` days relative to it. `sale` adds to the log odds of buying.
    """

    code: str
    anchor: str
    first: int
    last: int
    need: float
    sale: float = 0.0
    price: float = 1.0


@dataclass(frozen=True)
class Mailing:
    """Messages to people the shop knows: on which weekdays (Monday is 0), and how often they are seen."""

    channel: str
    touchpoint: str
    event_type: str
    reach: Reach
    weekdays: tuple[int, ...]
    in_season: float
    seen_a_year: float
    hour: float


@dataclass(frozen=True)
class Price:
    """What a channel costs, VND: a click, a thousand shown, a contact, a sale, a day per 1,000 people.

    `shown` is how many impressions the platform counts for each contact the shop itself can see; without it
    the channel has no platform that counts anything.
    """

    channel: str
    click: float = 0.0
    thousand: float = 0.0
    contact: float = 0.0
    commission: float = 0.0
    rent: float = 0.0
    shown: float = 0.0


@dataclass(frozen=True)
class Campaign:
    """A line in the advertising accounts; with a `season` it runs only then."""

    channel: str
    code: str
    share: float
    season: str = ""


@dataclass(frozen=True)
class Rates:
    """How often things happen in the shop; a year is 365 days, times are in days, money in VND."""

    needs_a_year: float = 1.12
    activity_shape: float = 0.8  # gamma shape of how active people are: the smaller, the longer the tail
    need_days: tuple[float, float] = (1.9, 0.95)  # log-normal
    touches: tuple[float, float, float] = (0.42, 0.68, 0.8)  # log-normal: level, per unit of strength, spread
    most_touches: int = 60
    straight: float = 0.1  # needs that go straight to the till
    again: float = 0.24  # chance that a touch repeats the channel of the one before it
    late: float = 0.12  # touches still seen after the need was met
    late_retargeting: float = 0.5
    retargeted: float = 0.08  # site visits that an advertiser's pixel follows up, times (1 + intent)
    taste_spread: float = 0.75
    odds: float = -6.85  # log odds of an order: level, per strength, if known, per loyalty
    odds_strength: float = 1.25
    odds_known: float = 0.7
    odds_loyal: float = 0.6
    follow_ups: float = 0.45  # new needs each order brings, per loyalty
    follow_up_days: tuple[float, float] = (3.7, 0.75)  # log-normal
    follow_up_strength: float = 1.5
    generations: int = 5
    members: float = 0.3  # people the shop knew before the first day
    joins_at_order: float = 0.75
    joins_at_visit: float = 0.006
    aftercare: float = 0.55
    cart: float = 0.05
    basket: tuple[float, float] = (12.6, 0.62)  # log-normal price of one item
    more_items: float = 0.75
    duplicates: float = 0.0012  # what is wrong with the exports, as shares of their rows
    no_customer: float = 0.0010
    no_time: float = 0.0008
    order_no_customer: float = 0.0015
    order_bad_time: float = 0.0020
    order_bad_value: float = 0.0025


@dataclass(frozen=True)
class World:
    """Everything that makes one shop differ from another."""

    channels: tuple[Channel, ...]
    seasons: tuple[Season, ...]
    mailings: tuple[Mailing, ...]
    prices: tuple[Price, ...]
    campaigns: tuple[Campaign, ...]
    aftercare: tuple[tuple[str, str, str, float, float], ...]  # channel, touchpoint, type, weight, days later
    weekdays: tuple[float, ...]  # need by day of the week, from Monday
    month_days: tuple[tuple[int, float], ...]  # need from this day of the month on: pay day and its end
    hours: dict[Hours, tuple[float, ...]]  # contacts by hour of the local day
    rates: Rates = Rates()
