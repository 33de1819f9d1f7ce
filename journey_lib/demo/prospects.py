"""What is to be expected of each person after the shop's last day, by the rules by which they lived.

Nobody lives through the coming year. A few possible needs of each person (`possible`) pull contacts, and
every one counts by its chance of an order. Who waits to be referred has no prospects yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from journey_lib.demo.around import ambient, mailed
from journey_lib.demo.arrays import Flags, Floats, Ints, Stream, stacked
from journey_lib.demo.decide import Decisions, decide
from journey_lib.demo.effects import chance, exposures, lift, stock
from journey_lib.demo.journeys import Block
from journey_lib.demo.needs import Needs, next_needs, odds
from journey_lib.demo.people import NEVER, People
from journey_lib.demo.possible import (
    ANSWER,
    SOON,
    YEAR,
    Possible,
    after_orders,
    alive,
    from_now,
    joined,
    own_needs,
    staying,
)
from journey_lib.demo.scene import Scene
from journey_lib.demo.scene import scene as scene_of
from journey_lib.demo.service import deliveries
from journey_lib.demo.trail import Trail
from journey_lib.demo.walk import settled, walk
from journey_lib.errors import ParameterError

ACTIONS = ("email", "sms", "push", "zalo", "sales_staff", "voucher")
VOUCHER = 0.5  # log odds a voucher adds, before price sense: as much as the sale of 11/11


@dataclass(frozen=True)
class Prospects:
    """What is to be expected of each person of a block after the last day, a place per person.

    `propensity_90`   chance of at least one order within 90 days.
    `orders_365`, `value_365`   orders and money (VND, before returns) expected within 365 days.
    `standard_error`  of `value_365`, for it rests on draws.
    `hazard`          chance a year of leaving for good.
    `response`        people x `ACTIONS`: by how much the chance of an order within 30 days rises with one
                      more contact of that channel on the first day, seen by its receiver, or with a voucher
                      for 30 days; 0 where the shop cannot reach them.
    """

    propensity_90: Floats
    orders_365: Floats
    value_365: Floats
    standard_error: Floats
    hazard: Floats
    response: Floats


@dataclass(frozen=True)
class _Open:
    """Needs that began before the last day and decide after it: whose, on which day, with which chance."""

    person: Ints
    lag: Floats
    chance: Floats


@dataclass(frozen=True)
class _Lived:
    """What would become of possible needs: their contacts, and what these and faults add to the log odds.

    `expected` and `time` (needs x days they may begin on) are the orders each stands for and their time.
    """

    needs: Needs
    own: Trail
    decisions: Decisions
    pull: Floats
    expected: Floats
    time: Floats


def coming(scene: Scene) -> Scene:
    """The year after the scene's last day, with the same seasons, prices and faults, and no experiments.

    Where the table of lunar years ends, the last year is taken to come again.
    """
    world = replace(scene.world, trials=())
    try:
        ahead = scene_of(world, scene.year.end, 12)
    except ParameterError:
        ahead = scene_of(world, scene.year.end.replace(year=scene.year.end.year - 1, day=1), 12)
    return replace(ahead, paid=np.zeros_like(ahead.paid))  # nobody asks what more money would bring


def future(
    scene: Scene,
    people: People,
    block: Block,
    stream: Stream,
    replicates: int = 4,
    *,
    ahead: Scene | None = None,
) -> Prospects:
    """What is to be expected of each person of a block after the last day of `scene`.

    Parameters
    ----------
    block : all that happened to `people`, to every one of them.
    replicates : needs drawn for each person and each of two periods; more of them, smaller errors.
    ahead : the `coming` year of `scene`, if it is at hand.
    """
    year = ahead or coming(scene)
    crowd, size = from_now(people, scene.year.days), len(people.city)
    known = np.where(block.known < NEVER, block.known - scene.year.days, NEVER)
    around = _around(year, crowd, known, stream)
    own = own_needs(year, crowd, known, replicates, stream)
    drawn = joined(own, after_orders(year, crowd, known, block, scene.year.days, replicates, stream))
    lived = _live(year, crowd, drawn, around, stream, "prospects")
    begun = _begun(block, scene.year.days)
    person, expected = drawn.needs.person, lived.expected.sum(axis=1)
    orders = np.zeros(size)
    orders += np.bincount(person, expected, size) + np.bincount(begun.person, begun.chance, size)
    mean = np.bincount(own.needs.person, expected[: len(own.begins)], size) / replicates
    apart = np.bincount(own.needs.person, expected[: len(own.begins)] ** 2, size) - replicates * mean**2
    variance = np.maximum(apart, 0) * replicates / max(replicates - 1, 1)
    variance += np.bincount(person[len(own.begins) :], expected[len(own.begins) :] ** 2, size)
    for whose, worth in _offspring(year, crowd, known, lived, around, stream):
        orders += np.bincount(whose, worth, size)
        variance += np.bincount(whose, worth**2, size)
    soon = np.bincount(person, (lived.expected * (lived.time < SOON)).sum(axis=1), size)
    basket = _basket(scene) * people.basket
    return Prospects(
        propensity_90=1 - _none(begun, begun.chance * (begun.lag < SOON), size) * np.exp(-soon),
        orders_365=orders,
        value_365=orders * basket,
        standard_error=np.sqrt(variance) * basket,
        hazard=people.hazard,
        response=_response(year, crowd, known, drawn, lived, around, block, scene.year.days, begun),
    )


def _begun(block: Block, days: int) -> _Open:
    """Needs that the last day found undecided."""
    rows = np.flatnonzero(block.truth.needs.goal >= days)
    needs = block.truth.needs
    return _Open(needs.person[rows], needs.goal[rows] - days, block.truth.chance[rows])


def _none(begun: _Open, chances: Floats, size: int) -> Floats:
    """The chance of each person that none of the needs begun ends in an order."""
    none = np.ones(size)
    np.multiply.at(none, begun.person, 1 - chances)
    return none


# --- what becomes of them ---


def _around(year: Scene, people: People, known: Floats, stream: Stream) -> Trail:
    """Contacts of the coming year that no need asks for."""
    passing = ambient(year, people, stream("prospects ambient"))
    letters = mailed(year, people, stream("prospects mailings"))
    around = stacked([passing, letters.only(letters.time > known[letters.person])])
    return around.only(np.lexsort((around.time, around.person)))


def _live(year: Scene, people: People, drawn: Possible, around: Trail, stream: Stream, name: str) -> _Lived:
    """Let possible needs pull their contacts and decide, on each of the days they may begin on."""
    own = walk(year, people, drawn.needs, stream(f"{name} walk"))
    needs = settled(drawn.needs, own)
    decisions = decide(year, people, needs, own, around, stream(f"{name} decide"), asked=False)
    pull = _log_odds(decisions.chance) - decisions.odds
    takes, waits = needs.goal - needs.start, decisions.time - needs.start
    expected, time = np.empty_like(drawn.weight), drawn.start + waits[:, None]
    for column, start in enumerate(drawn.start.T):
        moved = replace(needs, start=start, goal=start + takes)
        expected[:, column] = drawn.weight[:, column] * chance(odds(year, people, moved) + pull)
    return _Lived(needs, own, decisions, pull, expected * (time < YEAR), time)


def _log_odds(likely: Floats) -> Floats:
    inside = np.clip(likely, 1e-9, 1 - 1e-9)
    found: Floats = np.log(inside / (1 - inside))
    return found


def _offspring(
    year: Scene,
    people: People,
    known: Floats,
    lived: _Lived,
    around: Trail,
    stream: Stream,
) -> Iterator[tuple[Ints, Floats]]:
    """Whose needs follow other orders, and the orders to expect of them, generation by generation.

    In each, one order of every person stands for all of theirs: the likelier, the more often.
    """
    rates, size = year.world.rates, len(people.city)
    nobody = np.empty(0, dtype=np.int64)
    for number in range(1, rates.generations):
        rng, needs = stream(f"prospects generation {number}"), lived.needs
        joins = np.where(rng.random(size) < rates.joins_at_order, 0.0, NEVER)
        worth = np.bincount(needs.person, lived.expected.sum(axis=1), size)
        wait = rng.exponential(size=lived.expected.shape) / np.maximum(lived.expected, 1e-300)
        order = np.lexsort((wait.min(axis=1), needs.person))
        first = order[np.unique(needs.person[order], return_index=True)[1]]
        chosen = np.zeros(len(order), dtype=bool)
        chosen[first[worth[needs.person[first]] > 0]] = True
        time = np.take_along_axis(lived.time, wait.argmin(axis=1)[:, None], axis=1)[:, 0]
        orders = replace(lived.decisions, bought=chosen, time=time).orders(needs, 0)
        pleased = deliveries(year, people, orders, rng).satisfaction
        by_then = np.where(known < NEVER, known, joins)
        needs, _ = next_needs(year, staying(people), by_then, orders, pleased, nobody, rng)
        if not len(needs.person):
            return
        weight = worth[needs.person] * alive(people, needs.person, needs.start, orders.time[needs.order])
        none = np.zeros_like(weight)
        drawn = Possible(needs, needs.start[:, None], weight[:, None], none, none)
        lived = _live(year, people, drawn, around, stream, f"prospects {number}")
        yield needs.person, lived.expected[:, 0]


def _basket(scene: Scene) -> float:
    """What an order is worth on average (VND) to a person who pays neither more nor less than others."""
    rates = scene.world.rates
    more = np.arange(40)
    share = np.exp(-rates.more_items) * np.cumprod(np.r_[1.0, rates.more_items / more[1:]])
    price = np.exp(rates.basket[0] + rates.basket[1] ** 2 / 2)
    return float(price * (share @ (1.0 + more) ** 0.9))


# --- what an action adds ---


def _response(
    year: Scene,
    people: People,
    known: Floats,
    drawn: Possible,
    lived: _Lived,
    around: Trail,
    block: Block,
    days: int,
    begun: _Open,
) -> Floats:
    """People x actions: by how much each action raises the chance of an order within 30 days."""
    size = len(people.city)
    day = drawn.begins + lived.needs.goal - lived.needs.start
    rows = np.flatnonzero((drawn.early > 0) & (day < ANSWER))
    needs, lag, weight = lived.needs.only(rows), day[rows], drawn.early[rows]
    wish = odds(year, people, replace(needs, goal=lag)) + lived.pull[rows]
    force = _force(year, lived, around, rows)
    recent = _recent(year, block, days, size)[begun.person] * _left(year, begun.lag)
    in_time = begun.lag < ANSWER

    def nothing(more: Floats | float, stirred: Floats | float) -> Floats:
        """The chance that none of the needs ends in an order, when that much is added to their log odds."""
        rate = np.bincount(needs.person, weight * chance(wish + more), size)
        return _none(begun, chance(_log_odds(begun.chance) + stirred) * in_time, size) * np.exp(-rate)

    usual = nothing(0.0, 0.0)
    response = np.zeros((size, len(ACTIONS)))
    for column, action in enumerate(ACTIONS):
        more = _added(year, people, action, needs.person, lag, force)
        stirred = _added(year, people, action, begun.person, begun.lag, recent)
        response[:, column] = usual - nothing(more, stirred)
    return np.where(_reached(people, known), response, 0.0)


def _added(year: Scene, people: People, action: str, person: Ints, lag: Floats, force: Floats) -> Floats:
    """Log odds that an action on the first day adds to needs that decide `lag` days later."""
    if action == "voucher":
        return VOUCHER * (0.5 + people.price_sensitivity[person])
    more = force.copy()
    at = year.channel(action)
    more[:, at] += _left(year, lag)[:, at]
    return lift(year, more) - lift(year, force)


def _left(year: Scene, lag: Floats) -> Floats:
    """What is left of the force of a contact of each channel after `lag` days (rows x channels)."""
    half = np.array([channel.half_life for channel in year.world.channels])
    left: Floats = 0.5 ** (lag[:, None] / half)
    return left


def _force(year: Scene, lived: _Lived, around: Trail, rows: Ints) -> Floats:
    """The stock of contacts of some of the needs when they decide (rows x channels)."""
    needs, own = lived.needs, lived.own
    place = np.full(len(needs.person), -1)
    place[rows] = np.arange(len(rows))
    mine = own.only(place[own.need] >= 0)
    mine = replace(mine, need=place[mine.need])
    met = exposures(year, mine, around, needs.person[rows], needs.goal[rows])
    return stock(year, met, met.happened)


def _recent(year: Scene, block: Block, days: int, size: int) -> Floats:
    """The stock of contacts with which each person comes out of the last day (people x channels)."""
    events, width = block.events, len(year.world.channels)
    age, channel = days - events.time, events.chain[:, 0]
    rows = np.flatnonzero((channel >= 0) & (age < year.world.rates.carry))
    half = np.array([entry.half_life for entry in year.world.channels])[channel[rows]]
    flat = np.bincount(events.person[rows] * width + channel[rows], 0.5 ** (age[rows] / half), size * width)
    force: Floats = flat.reshape(size, width).astype(np.float64)
    return force


def _reached(people: People, known: Floats) -> Flags:
    """Whom the shop can reach on the first day by each of `ACTIONS` (people x actions)."""
    by = {"email": people.has_email, "push": people.app, "voucher": people.has_phone | people.has_email}
    may = (known <= 0) & ~people.opt_out
    return np.stack([may & by.get(action, people.has_phone) for action in ACTIONS], axis=1)
