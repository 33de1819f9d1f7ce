"""What a text may tell: who speaks and how, what was bought, how long it took to come or to be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from journey_lib.demo import words_parts as parts
from journey_lib.demo.arrays import Floats, Ints, Stream
from journey_lib.demo.names import CITIES, REGIONS, STORES
from journey_lib.demo.people import People
from journey_lib.demo.service import Deliveries
from journey_lib.demo.words_style import Dice, Facts, Speaker, speaker

_WAITS = ((0.02, "20 phút"), (0.1, "nửa tiếng"), (0.3, "mấy tiếng"), (0.6, "nửa ngày"), (1.6, "cả ngày"))
ON_THE_LINE = ("20 phút", "nửa tiếng", "40 phút", "gần một tiếng")


@dataclass(frozen=True)
class Goods:
    """What each order was for: the place in `parts.GOODS`, and numbers in 0 ... 1 for its name and colour."""

    kind: Ints
    chance: Floats


class _Place(TypedDict):
    place: str
    city: str
    phone: bool


def goods(orders: int, stream: Stream) -> Goods:
    """What each of `orders` orders of a block was for; the same in everything said about it."""
    chance = stream("goods").random((orders, 3))
    ladder = np.cumsum(parts.GOODS_SHARES)
    kind = np.searchsorted(ladder[:-1], chance[:, 0] * ladder[-1], side="right")
    return Goods(kind.astype(np.int64), chance[:, 1:])


def voices(people: People, year: int, stream: Stream) -> Callable[[int], Speaker]:
    """How each person of a block writes, asked for one at a time."""
    seeds = stream("voices").integers(2**62, size=len(people.born)).tolist()
    region = [REGIONS.index(city.region) for city in CITIES]
    known: dict[int, Speaker] = {}

    def voice(person: int) -> Speaker:
        if person not in known:
            age, woman = year - int(people.born[person]), bool(people.woman[person])
            known[person] = speaker(seeds[person], age, woman, region[people.city[person]])
        return known[person]

    return voice


def waited(days: float) -> str:
    """How people call the time they waited for an answer."""
    return next((text for most, text in _WAITS if days < most), "mấy ngày")


def of_order(
    people: People, person: int, order: int, fate: Deliveries, bought: Goods, wait: str = ""
) -> Facts:
    """What can be told about one order of a block, `order` being its row."""
    kind = int(bought.kind[order])
    name, colour = bought.chance[order].tolist()
    sent = not np.isnan(fate.days[order])
    promised = int(fate.promised[order]) if sent else 0
    days = max(int(np.ceil(fate.days[order])), 1) if sent else 0
    return Facts(
        goods=kind,
        item=parts.GOODS[kind][int(name * len(parts.GOODS[kind]))],
        colour=parts.COLOURS[int(colour * len(parts.COLOURS))],
        days=days,
        promised=promised,
        late=days - promised if fate.late[order] else 0,
        waited=wait,
        order=True,
        **_where(people, person),
    )


def of_person(people: People, person: int, dice: Dice | None = None, wait: str = "", by: str = "") -> Facts:
    """What can be told where nothing was bought yet; with `dice`, there is something they ask about."""
    if dice is None:
        return Facts(waited=wait, by=by, **_where(people, person))
    kind = 0 if dice.roll() < parts.GOODS_SHARES[0] else 1 + int(dice.roll() * 2)
    item, colour = dice.among(parts.GOODS[kind]), dice.among(parts.COLOURS)
    return Facts(goods=kind, item=item, colour=colour, waited=wait, by=by, **_where(people, person))


def _where(people: People, person: int) -> _Place:
    return _Place(
        place=parts.PLACES[STORES[int(people.store[person])][0]],
        city=CITIES[int(people.city[person])].name,
        phone=bool(people.has_phone[person]),
    )
