"""Which needs may come after the shop's last day: drawn for each person, with how many each stands for.

Strong needs are drawn more often than they come and weigh less (importance sampling), and every need is
given a day soon and a day later, for how strongly contacts pull at it hardly depends on the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from journey_lib.demo.arrays import Floats, Ints, Stream, stacked
from journey_lib.demo.journeys import Block
from journey_lib.demo.needs import Needs, next_needs, shaped
from journey_lib.demo.people import NEVER, WARNING, People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD
from journey_lib.demo.trail import online

YEAR, SOON, ANSWER = 365.0, 90.0, 30.0  # days: of the value, the propensity and the response to an action
TILT = 0.8  # how much likelier strong needs are drawn, as a log factor per unit of strength; below 2


@dataclass(frozen=True)
class Possible:
    """Possible needs, the days on which they may begin, and how many needs each stands for there.

    `start` and `weight` (needs x 2) are for the first 90 days and the rest of the year. `early` is how many
    each stands for that begin within the first 30 days, `begins` the day on which they do.
    """

    needs: Needs
    start: Floats
    weight: Floats
    early: Floats
    begins: Floats


def from_now(people: People, days: int) -> People:
    """The same people, their days counted from the last one, as they would be if nobody left."""
    arrives = np.where(people.arrives < NEVER, people.arrives - days, NEVER)
    leaves = np.where(people.leaves < NEVER, people.leaves - days, NEVER)
    joined = np.where(people.joined < NEVER, people.joined - days, NEVER)
    return replace(people, arrives=arrives, leaves=leaves, joined=joined)


def staying(people: People) -> People:
    """People of whom nobody leaves: how likely they are still there is a weight instead, see `_there`."""
    never = np.full(len(people.leaves), NEVER)
    return replace(people, leaves=never, fading=np.zeros(len(never), dtype=bool))


def _there(people: People, person: Ints, start: Floats) -> Floats:
    """The chance that people who are there, or are to come, still have a need that begins on `start`.

    When they leave is open, but for those who fade away already.
    """
    hazard, left = people.hazard[person] / 365, people.leaves[person]
    wait = np.maximum(start - np.maximum(people.arrives[person], 0.0), 0.0)
    stays = np.exp(-hazard * wait)
    # needs of those who will fade thin out over the days of warning, whenever those come
    warned = np.minimum(wait, WARNING)
    thins = 1 - warned / WARNING + (np.exp(hazard * warned) - 1) / (hazard * WARNING) * stays
    fading = people.fading[person]
    fades = fading & (left < WARNING)
    share = np.where(fades, np.clip((left - start) / WARNING, 0, 1), np.where(fading, thins, stays))
    here = (people.arrives[person] < NEVER) & (left > 0) & (start >= people.arrives[person])
    return np.where(here, share, 0.0)


def own_needs(year: Scene, people: People, known: Floats, replicates: int, stream: Stream) -> Possible:
    """Needs that arise by themselves, as many for everybody who is there or is to come.

    Half of them meet the contacts of the first 90 days, half those of the rest; each counts in both.
    """
    rng, rates, whole = stream("prospects needs"), year.world.rates, len(year.year.need)
    person = np.repeat(np.flatnonzero((people.arrives < NEVER) & (people.leaves > 0)), replicates)
    turn = np.arange(len(person)) % replicates
    total = people.activity[person] * rates.needs_a_year * whole / 365 / replicates
    draw = rng.random((len(person), 5)).T
    strength, tilt = _strengths(turn, draw[0], replicates, rng)
    start, weight = np.empty((2, len(person), 2))
    for column, (first, last) in enumerate(((0.0, SOON), (SOON, YEAR))):
        day, share = _days(year, people.occasions[person], first, last, draw[1:3])
        start[:, column] = day + online(year, people, person, rng)
        weight[:, column] = total * share * tilt * _there(people, person, start[:, column])
    touches = rng.lognormal(0, rates.touches[2], len(person))
    near = (turn + (draw[3] < 0.5) * (replicates % 2)) % 2 == 0
    at, none = np.where(near, start[:, 0], start[:, 1]), np.full(len(person), -1)
    needs = shaped(year, people, person, at, strength, touches, none, known, rng)
    begins = ANSWER * (turn + draw[4]) / replicates
    _, share = _days(year, people.occasions[person], 0.0, ANSWER, draw[1:3])
    return Possible(needs, start, weight, total * share * tilt * _there(people, person, begins), begins)


def _strengths(turn: Ints, draw: Floats, replicates: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Wishes from weak to strong for each person, in any order, and how much rarer they are than drawn."""
    rate = 2.0 - TILT
    place = np.argsort(rng.random((len(turn) // replicates, replicates)), axis=1).ravel()
    grid = np.linspace(0, 40 / rate, 4_096)
    strength = np.interp((place + draw) / replicates, 1 - np.exp(-rate * grid) * (1 + rate * grid), grid)
    return strength, (2.0 / rate) ** 2 * np.exp(-TILT * strength)


def _days(year: Scene, occasions: Floats, first: float, last: float, draw: Floats) -> tuple[Floats, Floats]:
    """A day from `first` to `last` on which a need of each may begin, and the share that do begin there."""
    # by how busy they are: a need drawn for a busy day soon is drawn for a busy one later
    days = np.argsort(year.year.need * np.exp(year.year.sale), kind="stable")
    inside = days[(days - LEAD >= first) & (days - LEAD < last)]
    usual, peaks = year.year.need, year.year.need * (year.year.season >= 0) + 1e-9
    ladders = [np.cumsum(weight[inside]) for weight in (usual, peaks)]
    even = (1 - occasions) * ladders[0][-1] / usual.sum()
    rise = occasions * ladders[1][-1] / peaks.sum()
    found = [np.searchsorted(ladder, draw[0] * ladder[-1]) for ladder in ladders]
    at = np.where(draw[1] < rise / (rise + even), found[1], found[0])
    return inside[np.minimum(at, len(inside) - 1)].astype(np.float64) - LEAD, rise + even


def after_orders(
    year: Scene,
    people: People,
    known: Floats,
    block: Block,
    days: int,
    replicates: int,
    stream: Stream,
) -> Possible:
    """Needs after the last day that follow the orders before it."""
    orders = replace(block.orders, time=block.orders.time - days)
    parts = []
    for turn in range(replicates):
        rng = stream(f"prospects orders {turn}")
        pleased = block.deliveries.satisfaction
        nobody = np.empty(0, dtype=np.int64)
        needs, _ = next_needs(year, staying(people), known, orders, pleased, nobody, rng)
        needs = needs.only(needs.start >= 0)
        stays = alive(people, needs.person, needs.start, np.zeros(len(needs.start)))
        weight, start = (np.column_stack([column, column]) for column in (stays / replicates, needs.start))
        weight[:, 1] = 0.0
        parts.append(Possible(needs, start, weight, weight[:, 0] * (needs.start < ANSWER), needs.start))
    return joined(*parts)


def alive(people: People, person: Ints, start: Floats, since: Floats) -> Floats:
    """The chance that people there on day `since` have not left by `start`; those referred never leave."""
    left = people.leaves[person]
    stays = np.exp(-people.hazard[person] / 365 * np.maximum(start - since, 0.0))
    sure = people.fading[person] & (left < WARNING)
    return np.where(left >= NEVER, 1.0, np.where(sure, start < left, stays) * (left > 0))


def joined(*parts: Possible) -> Possible:
    """Several lists of possible needs as one."""
    columns = ("start", "weight", "early", "begins")
    return Possible(
        stacked([part.needs for part in parts]),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in columns),
    )
