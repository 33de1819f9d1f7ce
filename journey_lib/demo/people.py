"""Who are the shop's people? Draws one block of them, and writes the customer file's rows for those it knows.

Phone numbers begin with 030. They look right (ten digits, mobile range, accepted by number checkers) and
reach nobody: the mobile ranges handed out in 2018 run from 032 to 039, and 030 has belonged to no one since
Ninh Bình's old area code was withdrawn in 2017. E-mail addresses are under example.com, .net and .org,
which are reserved for this (RFC 2606).
"""

from __future__ import annotations

import functools
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
    BYGONE,
    CITIES,
    FAMILIES,
    MEN,
    NEAREST,
    RECENT,
    REGIONS,
    STORES,
    TURN,
    WOMEN,
)
from journey_lib.demo.personas import YOUNGEST, Persona, Place
from journey_lib.demo.seasons import LEAD, Calendar
from journey_lib.demo.world import World

NEVER = 1e9
OLDEST = 78
METROPOLES = ("TP. Hồ Chí Minh", "Hà Nội")
WARNING = 60  # days over which the needs of those who fade away thin out
WAITING = 0.04  # of all people: strangers who need nothing of this shop until someone refers them
LATER = 0.15  # of the other strangers: they come after the first day, after `ARRIVAL` days on average
ARRIVAL = 240.0
MEMBERS = (10_000, 100_000)
TIERS = (("Thường", 0), ("Bạc", 400_000), ("Vàng", 1_000_000), ("Kim cương", 2_500_000))  # from VND a year
DOMAINS = ("example.com", "example.net", "example.org")


def _given(middle: str, pool: tuple[str, ...], unusual: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    return middle, tuple(name for name in pool if name not in unusual)


# whether a woman, of the older style, born after the turn: the middle name, and the pool of what follows
_GIVEN = {
    (woman, old, young): _given(middle, pool, BYGONE if young else RECENT)
    for woman, old, middle, pool in (
        (True, True, "Thị ", AFTER_THI),
        (True, False, "", WOMEN),
        (False, True, "Văn ", AFTER_VAN),
        (False, False, "", MEN),
    )
    for young in (True, False)
}
_STORE_CITY = np.array([[city.name for city in CITIES].index(city) for _, city, _ in STORES])
_STORE_CODES = [code for code, _, _ in STORES]


@dataclass(frozen=True)
class People:
    """One block of people, an array per trait, one place per person.

    `joined`      day (from the shop's first day, negative before it) on which the shop got to know them, or
                  `NEVER`.
    `taste`       how much more or less than others each meets each channel (people x channels).
    `persona`     place in `world.personas`.
    `price_sensitivity`   0 to 1; 1 buys only what is reduced.
    `occasions`   share of their needs that wait for a holiday or a sale day.
    `arrives`     day from which needs can arise: up to 0 for most, later for strangers who come during the
                  year, `NEVER` for those who wait to be referred (`waiting`).
    `hazard`      chance a year of leaving; `leaves` is the day they do, later than the simulation for most
                  and `NEVER` for those who wait. If `fading`, needs thin out over the `WARNING` days before.
    `mobile`      share of contacts online that are on a phone; `shift` by how many hours their day is later.
    `basket`, `need_strength`   factors on what they pay and how badly they need.
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
    persona: Ints
    price_sensitivity: Floats
    occasions: Floats
    arrives: Floats
    hazard: Floats
    leaves: Floats
    fading: Flags
    waiting: Flags
    mobile: Floats
    shift: Floats
    basket: Floats
    need_strength: Floats


def draw(world: World, stream: Stream, size: int, year: int) -> People:
    """Draw `size` people as they are on the first day, in `year`."""
    rates, kinds = world.rates, world.personas
    persona = pick(stream("people persona"), [kind.share for kind in kinds], size)

    def of(trait: str) -> Floats:
        values: Floats = np.array([getattr(kind, trait) for kind in kinds], dtype=np.float64)[persona]
        return values

    noise = of("noise")
    chance = stream("people chances").random((size, 8)).T
    city = _cities(kinds, persona, chance[0])
    store, local = _stores(stream("people stores"), city)
    age = _ages(kinds, persona, stream("people ages"))
    member = chance[1] < rates.members * of("members")
    young = age < 45
    shape = rates.activity_shape / noise
    activity = of("needs_a_year") * stream("people activity").gamma(shape, 1 / shape)
    loyalty = of("loyalty") * stream("people loyalty").gamma(0.9 / noise, noise / 0.9)
    since = stream("people joined").beta(1.1, 1.9, size) * np.minimum(5.0, age - 14)
    arrives = _arrivals(rates.members, member, stream("people arrivals"))
    hazard, leaves, fading = _departures(kinds, persona, arrives, stream("people departures"))
    scatter = stream("people scatter").normal(0, noise[:, None], (size, 3)).T
    return People(
        city=city,
        woman=chance[2] < of("woman"),
        born=(year - age).astype(np.int64),
        store=store,
        local=local,
        has_email=chance[3] < np.where(young, 0.7, 0.42),
        has_phone=chance[4] < 0.97,
        app=chance[5] < np.where(member, 0.42, 0.1) * np.where(young, 1.0, 0.5) * of("app"),
        opt_out=chance[6] < 0.07,
        joined=np.where(member, -since * 365, NEVER),
        activity=activity * np.where(member, 1.25, 0.9),
        loyalty=loyalty * np.where(member, 1.3, 0.85),
        taste=_tastes(world, persona, age, stream("people taste")),
        persona=persona,
        price_sensitivity=_shares(kinds, persona, "price_sensitivity", stream("people prices")),
        occasions=of("occasions"),
        arrives=arrives,
        hazard=hazard,
        leaves=leaves,
        fading=fading,
        waiting=arrives >= NEVER,
        mobile=_shares(kinds, persona, "mobile", stream("people mobile")),
        shift=of("hours") + 0.9 * scatter[0],
        basket=of("basket") * np.exp(0.25 * scatter[1]),
        need_strength=of("strength") * np.exp(0.1 * scatter[2]),
    )


def _cities(kinds: tuple[Persona, ...], persona: Ints, chance: Floats) -> Ints:
    """Where each person lives: as common as the place is, and as it suits the persona."""
    own = {city for _, city, _ in STORES}
    places: list[Place] = [
        "metropolis" if city.name in METROPOLES else "city" if city.name in own else "province"
        for city in CITIES
    ]
    weight = np.array(
        [[city.share * kind.places[at] for city, at in zip(CITIES, places, strict=True)] for kind in kinds]
    )
    ladder = np.cumsum(weight, axis=1)[persona]
    lived: Ints = (ladder[:, :-1] < (chance * ladder[:, -1])[:, None]).sum(axis=1)
    return lived


def _ages(kinds: tuple[Persona, ...], persona: Ints, rng: np.random.Generator) -> Floats:
    """Ages in years: from `YOUNGEST` on, most just above, with the mean and spread of the persona."""
    mean, spread, noise = np.array([(*kind.age, kind.noise) for kind in kinds]).T
    older, width = mean - YOUNGEST, spread * np.sqrt(noise)
    drawn = rng.gamma(((older / width) ** 2)[persona], (width**2 / older)[persona])
    return np.minimum(YOUNGEST + drawn, OLDEST)


def _shares(kinds: tuple[Persona, ...], persona: Ints, trait: str, rng: np.random.Generator) -> Floats:
    """Traits from 0 to 1: beta-distributed with the mean and spread of the persona."""
    told = [getattr(kind, trait) for kind in kinds]
    pairs = [one if isinstance(one, tuple) else (one, 0.1) for one in told]
    mean, spread = np.array(pairs, dtype=np.float64).T
    spread = spread * np.array([kind.noise for kind in kinds])
    weight = np.maximum(mean * (1 - mean) / spread**2 - 1, 1.0)
    return rng.beta((mean * weight)[persona], ((1 - mean) * weight)[persona])


def _tastes(world: World, persona: Ints, age: Floats, rng: np.random.Generator) -> Floats:
    """How much each person meets each channel: by chance, by age and by persona (people x channels)."""
    kinds, channels = world.personas, world.channels
    habit = np.array([[kind.habit(channel.code) for channel in channels] for kind in kinds])
    noise = np.array([kind.noise for kind in kinds])[persona]
    ageing = np.array([channel.ageing for channel in channels])
    spread = world.rates.taste_spread
    chance = rng.normal(0, spread, (len(persona), len(channels))) * noise[:, None]
    chance += 0.5 * spread**2 * (1 - noise[:, None] ** 2)  # however alike people are, the mean stays
    taste: Floats = np.exp(chance + ageing * (age[:, None] - 34) / 10 + habit[persona])
    return taste


def _arrivals(members: float, known: Flags, rng: np.random.Generator) -> Floats:
    """The day on which each person comes into the shop's world; those it knows are there already."""
    waits, new, day = rng.random((len(known), 3)).T
    waiting = ~known & (waits < WAITING / (1 - members))
    later = ~known & (new < LATER)
    arrives = np.where(later, -np.log1p(-day) * ARRIVAL, -float(LEAD))
    return np.where(waiting, NEVER, arrives)


def _departures(
    kinds: tuple[Persona, ...], persona: Ints, arrives: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Flags]:
    """Each person's chance a year of leaving for good, the day they do, and whether it shows before."""
    hazard, warned = np.array([kind.churn for kind in kinds])[persona].T
    life, warns = rng.random((len(persona), 2)).T
    leaves = np.where(arrives < NEVER, arrives - np.log1p(-life) / hazard * 365, NEVER)
    return hazard, leaves, warns < warned


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
    """Family name and the rest for each person, as their generation was named; Thị and Văn grow rarer."""
    region = np.array([REGIONS.index(city.region) for city in CITIES])[people.city]
    ladders = np.cumsum(np.array([row[1:] for row in FAMILIES]).T, axis=1)[region]
    chance, age, position = rng.random((3, len(region)))
    family = (ladders[:, :-1] < (chance * ladders[:, -1])[:, None]).sum(axis=1)
    older = age < np.clip((2012 - people.born) / 62, 0.12, 0.78)
    names = []
    young = people.born >= TURN
    for surname, *trait, at in zip(family, people.woman, older, young, position, strict=True):
        middle, pool = _GIVEN[bool(trait[0]), bool(trait[1]), bool(trait[2])]
        names.append((FAMILIES[surname][0], middle + pool[int(len(pool) * at**1.7)]))
    return names


@functools.cache  # a few hundred names, asked for thousands of times
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


@dataclass(frozen=True)
class Cards:
    """What the shop would write down about each person of a block if it knew them, true and correctly spelt.

    Lists of text, one place per person; an e-mail address or a phone number that nobody has is empty.
    """

    code: list[str]
    name: list[str]
    phone: list[str]
    email: list[str]
    member: list[str]


def cards(people: People, block: int, seed: int, stream: Stream) -> Cards:
    """Codes, names, phone numbers, e-mail addresses and member numbers of a block of people."""
    everyone = np.arange(len(people.city))
    number = block * len(everyone) + everyone
    names = full_names(stream("names"), people)
    style = (4 * stream("e-mail addresses").random(len(everyone))).astype(np.int64)
    phone = ids.permuted(number, ids.PHONES, seed + 1)
    mail = ids.permuted(number, ids.PHONES, seed + 2)
    return Cards(
        code=customer_ids(number, seed).to_pylist(),
        name=[f"{surname} {given}" for surname, given in names],
        phone=[
            f"030{digits:07d}" if has else ""
            for digits, has in zip(phone.tolist(), people.has_phone.tolist(), strict=True)
        ],
        email=[
            _email(*name, born, how, f"{digits:07d}") if has else ""
            for name, born, how, digits, has in zip(
                names,
                people.born.tolist(),
                style.tolist(),
                mail.tolist(),
                people.has_email.tolist(),
                strict=True,
            )
        ],
        member=ids.labels("TV", ids.permuted(number, MEMBERS, seed + 3), 9).to_pylist(),
    )


def customer_rows(
    people: People,
    known: Floats,
    block: int,
    seed: int,
    year: Calendar,
    stream: Stream,
    spent: Ints,
) -> Iterator[tuple[str, ...]]:
    """Rows of the customer file for those of a block whom the shop got to know, on day `known` of each.

    `spent` is what each person paid in the last twelve months (VND): it sets the tier. Columns as in
    `write.CUSTOMER_COLUMNS`; an unknown value is empty, as the shop's staff leave it.
    """
    district, told_born, told_gender = stream("customer file").random((len(people.city), 3)).T
    on = cards(people, block, seed, stream)
    tier = np.searchsorted([least for _, least in TIERS[1:]], spent, side="right")
    for row in np.flatnonzero(known < year.days).tolist():
        city = CITIES[people.city[row]]
        yield (
            on.code[row],
            on.name[row],
            on.phone[row],
            on.email[row],
            city.name,
            city.districts[int(len(city.districts) * district[row] ** 1.35)],
            str(people.born[row]) if told_born[row] < 0.8 else "",
            ("Nữ" if people.woman[row] else "Nam") if told_gender[row] < 0.9 else "",
            (year.start + timedelta(days=int(np.floor(known[row])))).strftime("%d/%m/%Y"),
            "1" if people.opt_out[row] else "0",
            on.member[row],
            TIERS[tier[row]][0],
        )


def customer_ids(counters: Ints, seed: int) -> pa.Array:
    """``KH`` and eight shuffled digits for each person's number."""
    return ids.labels("KH", ids.permuted(counters, ids.CUSTOMERS, seed), 8)
