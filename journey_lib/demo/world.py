"""The words in which a shop is written down: its channels, seasons, mailings, prices and rates.

Nothing here runs. `journeys` and `costs` read a `World`; the demo shop's own is `shop.BASE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from journey_lib.demo.faults import FAULTS, Fault
from journey_lib.demo.personas import PERSONAS, Persona

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
    `push`      log odds of buying that the first fresh contact adds.
    `half_life` days after which a contact has half its force left.
    `full`      fresh contacts from which on more of them hardly add: the effect is push * full * (1 -
                exp(-stock / full)).
    `leads`     chance that a contact brings a visit by organic search or to the shop's own address later.
    `seen`      share of its contacts that anybody records: who walks past a poster leaves no trace.
    `reacts`    how far the budget follows the sales of the fortnight before, as an elasticity.
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
    half_life: float = 7.0
    full: float = 2.5
    leads: float = 0.0
    seen: float = 1.0
    reacts: float = 0.0
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
class Shock:
    """Days on which a channel's prices are another multiple, whatever the shop does: less is met for more."""

    channel: str
    first: str
    last: str
    factor: float


@dataclass(frozen=True)
class Trial:
    """An experiment of the shop: a control group, drawn by chance, does not get a channel for some weeks.

    `unit` is what chance was drawn for: people the shop knows, people as browsers, whole provinces, or people
    of a platform's own panel, who are like the shop's but others; `share` of them are kept from the channel
    from `first` to `last` (``"MM-DD"``).
    """

    code: str
    channel: str
    unit: Literal["members", "browsers", "provinces", "panel"]
    share: float
    first: str
    last: str


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

    needs_a_year: float = 1.4
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
    odds: float = -7.08  # log odds of an order: level, per strength, if known, per loyalty
    odds_strength: float = 1.25
    odds_known: float = 0.7
    odds_loyal: float = 0.6
    carry: float = 45.0  # days over which a contact is followed at all
    visits_to: float = 0.6  # visits that advertising brings later: share by search, the rest to the address
    joins_in_need: float = 0.02
    referrals: float = 0.1  # people each order brings, by word of mouth
    follow_ups: float = 0.45  # new needs each order brings, per loyalty
    follow_satisfied: float = 0.45  # log factor on both per unit of satisfaction
    follow_up_days: tuple[float, float] = (3.7, 0.75)  # log-normal
    follow_up_strength: float = 1.5
    generations: int = 5
    members: float = 0.3  # people the shop knew before the first day
    joins_at_order: float = 0.75
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
    """Everything that makes one shop differ from another.

    `selection` is how far contacts go to people who want to buy anyway: 0 not at all, 1 as in the shop.
    `synergies` are pairs of channels and the log odds that both at their fullest add together.
    """

    channels: tuple[Channel, ...]
    seasons: tuple[Season, ...]
    mailings: tuple[Mailing, ...]
    prices: tuple[Price, ...]
    campaigns: tuple[Campaign, ...]
    aftercare: tuple[tuple[str, str, str, float, float], ...]  # channel, touchpoint, type, weight, days later
    weekdays: tuple[float, ...]  # need by day of the week, from Monday
    month_days: tuple[tuple[int, float], ...]  # need from this day of the month on: pay day and its end
    hours: dict[Hours, tuple[float, ...]]  # contacts by hour of the local day
    personas: tuple[Persona, ...] = PERSONAS
    faults: tuple[Fault, ...] = FAULTS
    trials: tuple[Trial, ...] = ()
    shocks: tuple[Shock, ...] = ()
    synergies: tuple[tuple[str, str, float], ...] = ()
    selection: float = 1.0
    rates: Rates = Rates()
