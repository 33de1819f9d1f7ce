"""What those who rate something can write about it: themes by occasion, and never what did not happen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from journey_lib.demo.arrays import Flags, Ints, Stream
from journey_lib.demo.people import People
from journey_lib.demo.service import RETURNED, Deliveries
from journey_lib.demo.tickets import TOPICS, TicketSheet
from journey_lib.demo.trail import Orders
from journey_lib.demo.words import Said, comment
from journey_lib.demo.words_facts import ON_THE_LINE, goods, of_order, of_person, voices, waited
from journey_lib.demo.words_style import Dice, Facts
from journey_lib.demo.world import SALES_CHANNELS


class Context(IntEnum):
    """On what occasion somebody was asked."""

    ORDER = 0
    DELIVERY = 1
    TILL = 2
    CHECKOUT = 3
    APP = 4
    WEB = 5
    STORE = 6
    CALL = 7
    CHAT = 8
    ERROR = 9
    TICKET = 10


@dataclass(frozen=True)
class Cases:
    """Who writes, about which order and ticket (-1: none), on what occasion, and after a slow answer or not.

    On the occasion of a checkout `slow` says that payments were failing then.
    """

    person: Ints
    order: Ints
    ticket: Ints
    context: Ints
    slow: Flags


# what people have something good and something bad to say about, and how likely each is
_GOODS = (
    {"material": 3.0, "size": 2.0, "as_pictured": 1.5},
    {"material": 3.0, "size": 2.0, "as_pictured": 1.2},
)
_PARCEL = ({"packaging": 1.2, "courier": 0.7}, {"packaging": 0.7, "courier": 0.6, "wrong_item": 0.7})
_SHOP = ({"staff": 3.0, "store": 2.0, "price": 0.4}, {"staff": 2.5, "store": 2.5, "price": 0.6})
_PAGES = ({"website": 3.0, "price": 0.6, "promotion": 0.6}, {"website": 3.0, "price": 0.7, "promotion": 0.7})
_OCCASIONS: dict[Context, tuple[dict[str, float], dict[str, float]]] = {
    Context.ORDER: (
        {"price": 2.0, "promotion": 0.4, "general": 0.9, "membership": 0.15},
        {"price": 1.2, "promotion": 0.4, "general": 0.6, "membership": 0.15},
    ),
    Context.DELIVERY: (
        {"courier": 2.0, "packaging": 2.0},
        {"courier": 1.5, "packaging": 1.5, "wrong_item": 1.0},
    ),
    Context.TILL: _SHOP,
    Context.CHECKOUT: (
        {"checkout": 3.0, "website": 1.0, "promotion": 0.7, "price": 0.7},
        {"website": 1.5, "promotion": 1.0, "price": 1.0},
    ),
    Context.APP: ({"app": 3.0, "promotion": 0.7}, {"app": 3.0, "promotion": 0.7}),
    Context.WEB: _PAGES,
    Context.STORE: _SHOP,
    Context.CALL: ({"care": 2.0, "answers": 2.0}, {"care": 3.0}),
    Context.CHAT: ({"care": 2.0, "answers": 1.5}, {"care": 3.0}),
    Context.ERROR: ({"website": 1.0}, {"checkout": 6.0, "website": 0.5}),
    Context.TICKET: ({"care": 2.0, "answers": 1.5}, {"care": 3.0}),
}
_BOUGHT = (Context.ORDER, Context.DELIVERY, Context.TILL)  # occasions on which the goods are at hand


def comments(
    people: People,
    orders: Orders,
    fate: Deliveries,
    tickets: TicketSheet,
    cases: Cases,
    mood: Ints,
    seeds: Ints,
    year: int,
    stream: Stream,
) -> list[Said]:
    """What each case writes, in `mood` (-2 ... 2); `seeds` are chance, one number for each."""
    voice, bought = voices(people, year, stream), goods(len(orders.person), stream)
    themes = tuple(TOPICS)
    said = []
    for row, person in enumerate(cases.person.tolist()):
        dice, context = Dice(int(seeds[row])), Context(int(cases.context[row]))
        order, ticket = int(cases.order[row]), int(cases.ticket[row])
        wait, topic = _wait(tickets, ticket, bool(cases.slow[row]) and context != Context.CHECKOUT, dice)
        if order >= 0 and context in _BOUGHT:
            facts = of_order(people, person, order, fate, bought, wait)
        else:
            phone = tickets.channel[ticket] == 0 if ticket >= 0 else context == Context.CALL
            facts = of_person(people, person, None, wait, "phone" if phone else "chat")
        good, bad = (dict(weights) for weights in _OCCASIONS[context])
        if context == Context.ORDER:
            _about_order(fate, orders, order, float(people.price_sensitivity[person]), good, bad)
        _as_it_went(facts, context, bool(cases.slow[row]), themes[topic] if topic >= 0 else "", good, bad)
        said.append(comment(voice(person), facts, int(mood[row]), (*good.items(),), (*bad.items(),), dice))
    return said


def _wait(tickets: TicketSheet, ticket: int, slow: bool, dice: Dice) -> tuple[str, int]:
    """How long somebody waited for an answer, if long; and what their ticket was about, -1 for none."""
    if ticket < 0:
        return (dice.among(ON_THE_LINE) if slow else ""), -1
    days = float(tickets.first_response[ticket] - tickets.opened[ticket])
    return (waited(days) if slow and not np.isnan(days) else ""), int(tickets.topic[ticket])


def _about_order(
    fate: Deliveries,
    orders: Orders,
    order: int,
    sensitivity: float,
    good: dict[str, float],
    bad: dict[str, float],
) -> None:
    """Add what the whole of an order gives to talk about: the goods, the parcel or the store, a return."""
    in_store = int(orders.sold_at[order]) == SALES_CHANNELS.index("store")
    fit = float(fate.fit[order])
    for told, goods_told, parcel, shop, factor in (
        (good, _GOODS[0], _PARCEL[0], _SHOP[0], 1.5 if fit > 0.5 else 1.0),
        (bad, _GOODS[1], _PARCEL[1], _SHOP[1], 2.0 if fit < -0.5 else 1.0),
    ):
        told.update({theme: weight * factor for theme, weight in goods_told.items()})
        told.update({theme: 0.6 * weight for theme, weight in shop.items()} if in_store else parcel)
    if in_store:
        for told in (good, bad):
            told.pop("as_pictured")
    bad["price"] *= 0.4 + 2 * sensitivity
    if fate.outcome[order] == RETURNED:
        good["returns"], bad["returns"] = 1.5, 2.5


def _as_it_went(
    facts: Facts, context: Context, slow: bool, topic: str, good: dict[str, float], bad: dict[str, float]
) -> None:
    """Add what went well or badly, and take away what cannot be said: lateness of what came in time."""
    if facts.late:
        bad["delivery_time"] = 9.0
    elif facts.days and context in (Context.ORDER, Context.DELIVERY):
        good["delivery_time"] = 3.0 if context == Context.DELIVERY else 1.0
    if facts.waited:
        good.pop("answers", None)
        bad["answers"] = 6.0
    if slow and context == Context.CHECKOUT:
        good.pop("checkout", None)
        bad["checkout"] = 4.0
    if topic == "returns":
        good["returns"], bad["returns"] = 1.5, 2.0
    if facts.goods != 0:  # only clothes have sizes
        for told in (good, bad):
            told.pop("size", None)
