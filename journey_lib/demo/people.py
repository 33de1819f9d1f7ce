"""Who are the shop's people? Draws one block of them, and writes the customer file's rows for those it knows.

Phone numbers begin with 030. They look right (ten digits, mobile range, accepted by number checkers) and
reach nobody: the mobile ranges handed out in 2018 run from 032 to 039, and 030 has belonged to no one since
Ninh Bình's old area code was withdrawn in 2017. E-mail addresses are under example.com, .net and .org,
which are reserved for this (RFC 2606).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from journey_lib.demo import ids
from journey_lib.demo.arrays import Flags, Floats, Ints, Stream, pick
from journey_lib.demo.names import (
    AFTER_THI,
    AFTER_VAN,
    CITIES,
    FAMILIES,
    MEN,
    NEAREST,
    REGIONS,
    STORES,
    WOMEN,
)
from journey_lib.demo.seasons import Calendar
from journey_lib.demo.world import World

NEVER = 1e9
DOMAINS = ("example.com", "example.net", "example.org")

# whether a woman, whether of the older style: the middle name, and the pool the rest is drawn from
_GIVEN: dict[tuple[bool, bool], tuple[str, tuple[str, ...]]] = {
    (True, True): ("Thị ", AFTER_THI),
    (True, False): ("", WOMEN),
    (False, True): ("Văn ", AFTER_VAN),
    (False, False): ("", MEN),
}
_STORE_CITY = np.array([[city.name for city in CITIES].index(city) for _, city, _ in STORES])
_STORE_CODES = [code for code, _, _ in STORES]


@dataclass(frozen=True)
class People:
    """One block of people, an array per trait, one place per person.

    `joined` is the day (since the shop's first day, negative before it) on which the shop got to know them,
    or
    `NEVER`. `taste` is how much more or less than others each meets each channel (people x channels).
    """

    city: Ints
    woman: Flags
    born: Ints
    store: Ints
    local: Flags
    has_email: Flags
    has_phone: Flags
    app: Flags
    opt_out: Flags
    joined: Floats
    activity: Floats
    loyalty: Floats
    taste: Floats


def draw(world: World, stream: Stream, size: int, year: int) -> People:
    """Draw `size` people as they are on the first day, in `year`."""
    rates, rng = world.rates, stream("people")
    city = pick(rng, [city.share for city in CITIES], size)
    woman = rng.random(size) < 0.68
    age = np.clip(18 + rng.gamma(2.6, 6.2, size), 18, 74)
    member = rng.random(size) < rates.members
    activity = rng.gamma(rates.activity_shape, 1 / rates.activity_shape, size) * np.where(member, 1.25, 0.9)
    store, local = _stores(rng, city)
    ageing = np.array([channel.ageing for channel in world.channels])
    taste = np.exp(rng.normal(0, rates.taste_spread, (size, len(ageing))) + ageing * (age[:, None] - 34) / 10)
    return People(
        city=city,
        woman=woman,
        born=(year - age).astype(np.int64),
        store=store,
        local=local,
        has_email=rng.random(size) < np.where(age < 45, 0.7, 0.42),
        has_phone=rng.random(size) < 0.97,
        app=rng.random(size) < np.where(member, 0.42, 0.1) * np.where(age < 45, 1.0, 0.5),
        opt_out=rng.random(size) < 0.07,
        joined=np.where(member, -rng.beta(1.1, 1.9, size) * 5 * 365, NEVER),
        activity=activity,
        loyalty=rng.gamma(0.9, 1 / 0.9, size) * np.where(member, 1.3, 0.85),
        taste=taste,
    )


def _stores(rng: np.random.Generator, city: Ints) -> tuple[Ints, Flags]:
    """The store each person would go to, and whether it is in their own city."""
    chance = rng.random(len(city))
    store = np.empty(len(city), dtype=np.int64)
    local = np.zeros(len(city), dtype=bool)
    for place, entry in enumerate(CITIES):
        here = city == place
        own = np.flatnonzero(place == _STORE_CITY)
        if len(own):
            ladder = np.cumsum([STORES[index][2] for index in own])
            store[here] = own[np.searchsorted(ladder[:-1], chance[here] * ladder[-1], side="right")]
            local[here] = True
        else:
            store[here] = _STORE_CODES.index(NEAREST[entry.region])
    return store, local


def full_names(rng: np.random.Generator, people: People) -> list[tuple[str, str]]:
    """Family name and the rest for each person; Thị and Văn grow rarer with every younger generation."""
    region = np.array([REGIONS.index(city.region) for city in CITIES])[people.city]
    ladders = np.cumsum(np.array([row[1:] for row in FAMILIES]).T, axis=1)[region]
    chance, age, position = rng.random((3, len(region)))
    family = (ladders[:, :-1] < (chance * ladders[:, -1])[:, None]).sum(axis=1)
    older = age < np.clip((2012 - people.born) / 62, 0.12, 0.78)
    names = []
    for surname, woman, old, at in zip(family, people.woman, older, position, strict=True):
        middle, pool = _GIVEN[bool(woman), bool(old)]
        names.append((FAMILIES[surname][0], middle + pool[int(len(pool) * at**1.7)]))
    return names


def without_marks(text: str) -> str:
    """Vietnamese as people type it in an address: ``Đặng Thùy`` is ``dang thuy``."""
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _email(surname: str, given: str, born: int, style: int, number: str) -> str:
    last = without_marks(given).split()[-1]
    first, whole = without_marks(surname), without_marks(given).replace(" ", "")
    local = (
        f"{whole}{number}",
        f"{last}.{first}{number}",
        f"{first}{whole}.{number}",
        f"{whole}{born}_{number}",
    )
    return f"{local[style]}@{DOMAINS[style % len(DOMAINS)]}"


def customer_rows(
    people: People, known: Floats, block: int, seed: int, year: Calendar, stream: Stream
) -> Iterator[tuple[str, ...]]:
    """Rows of the customer file for those of a block whom the shop got to know, on day `known` of each.

    Columns as in `write.CUSTOMER_COLUMNS`; an unknown value is empty, as the shop's staff leave it.
    """
    rng = stream("customer file")
    everyone = np.arange(len(people.city))
    names = full_names(rng, people)
    district, style, told_born, told_gender = rng.random((4, len(everyone)))
    number = block * len(everyone) + everyone
    codes = customer_ids(number, seed).to_pylist()
    phone = ids.permuted(number, ids.PHONES, seed + 1)
    mail = ids.permuted(number, ids.PHONES, seed + 2)
    for row in np.flatnonzero(known < year.days).tolist():
        surname, given = names[row]
        city = CITIES[people.city[row]]
        born = int(people.born[row])
        email = _email(surname, given, born, int(4 * style[row]), f"{mail[row]:07d}")
        yield (
            codes[row],
            f"{surname} {given}",
            f"030{phone[row]:07d}" if people.has_phone[row] else "",
            email if people.has_email[row] else "",
            city.name,
            city.districts[int(len(city.districts) * district[row] ** 1.35)],
            str(born) if told_born[row] < 0.8 else "",
            ("Nữ" if people.woman[row] else "Nam") if told_gender[row] < 0.9 else "",
            (year.start + timedelta(days=int(np.floor(known[row])))).strftime("%d/%m/%Y"),
            "1" if people.opt_out[row] else "0",
        )


def customer_ids(counters: Ints, seed: int) -> pa.Array:
    """``KH`` and eight shuffled digits for each person's number."""
    return ids.labels("KH", ids.permuted(counters, ids.CUSTOMERS, seed), 8)
