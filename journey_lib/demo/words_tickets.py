"""What stands in tickets: agents' notes from telephone and counter, else the author's own words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints, Stream
from journey_lib.demo.people import People
from journey_lib.demo.service import Deliveries
from journey_lib.demo.trail import Orders
from journey_lib.demo.words import Said, missed, note, request
from journey_lib.demo.words_facts import goods, of_order, of_person, voices, waited
from journey_lib.demo.words_style import Dice, Facts

ASKED_BEFORE_BUYING = ("advice", "promotion")


@dataclass(frozen=True)
class Cases:
    """Tickets to be worded: whose, about which order (-1: none), opened when, about what and how angrily.

    `noted` an agent writes; `missed` nobody took the call; `wait` days to the answer where that was long,
    NaN elsewhere; `seed` chance, one number for each.
    """

    person: Ints
    order: Ints
    opened: Floats
    theme: Ints
    mood: Ints
    noted: Flags
    missed: Flags
    wait: Floats
    seed: Ints


def texts(
    people: People,
    orders: Orders,
    fate: Deliveries,
    cases: Cases,
    themes: tuple[str, ...],
    year: int,
    stream: Stream,
) -> list[Said]:
    """What stands in each ticket; `themes` are the names of `cases.theme`."""
    voice, bought = voices(people, year, stream), goods(len(orders.person), stream)
    said = []
    for row, person in enumerate(cases.person.tolist()):
        dice, order, theme = Dice(int(cases.seed[row])), int(cases.order[row]), themes[cases.theme[row]]
        wait = "" if np.isnan(cases.wait[row]) else waited(float(cases.wait[row]))
        topic = theme
        if order >= 0:
            facts = of_order(people, person, order, fate, bought, wait)
            age = float(cases.opened[row] - orders.time[order])
            topic, facts = _so_far(facts, theme, age, float(fate.days[order]))
        else:
            facts = of_person(people, person, dice if theme in ASKED_BEFORE_BUYING else None, wait)
        write = missed if cases.missed[row] else note if cases.noted[row] else request
        one = write(voice(person), facts, topic, int(cases.mood[row]), dice)
        said.append(replace(one, themes=one.themes.replace(topic, theme)))
    return said


def _so_far(facts: Facts, theme: str, days: float, until: float) -> tuple[str, Facts]:
    """What a ticket of an order `days` old is about, and its facts, while it is late and not there yet."""
    if not facts.late or days > until or theme not in ("delivery_time", "cancellation"):
        return theme, facts
    waiting = {"delivery_time": "delivery_waiting", "cancellation": "cancelled_late"}[theme]
    return waiting, replace(facts, late=max(int(days) - facts.promised, 0))
