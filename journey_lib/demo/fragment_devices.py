"""On what do people meet the shop? Their devices, the browsers on them, and what several people share.

The cookie that a browser shows follows from the browser and the time alone, not from what was seen in it
before: a contact more or less leaves all other fragments as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo import ids
from journey_lib.demo.arrays import Flags, Floats, Ints, Stream, spread
from journey_lib.demo.names import STORES
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene

# the places of a person's devices, `SLOTS` in all; a tablet of the shop has no person
PHONE, LAPTOP, TABLET, NEXT_PHONE, FAMILY = range(5)
SLOTS = 8
# the browsers on a device, `SLOTS` in all: the one it came with, another, and those built into apps
MAIN, SECOND, FACEBOOK, TIKTOK, ZALO = range(5)
IN_APPS = {"fb_": FACEBOOK, "tt_": TIKTOK, "zalo_": ZALO}

GENERATIONS = 1 << 10  # cookies one after the other in one browser: enough for ten years of weeks
SHOP_TABLETS = 1 << 28  # device numbers from here on are the shop's
PRIVATE = 1 << 52  # cookie numbers from here on were seen once and never again
WEEK, LONGEST = 7.0, 400.0  # days: Safari's limit for cookies set by a script, and that of Chrome for all
LIFETIMES = np.array([170.0, 110.0, 32.0, 32.0, 32.0, 1.0, 1.0, 1.0])  # median days of a cookie by browser


@dataclass(frozen=True)
class Habits:
    """How people use devices, as shares of people or of contacts; `tablets` are the shop's in each store."""

    iphone: float = 0.34
    laptop: float = 0.52
    tablet: float = 0.11
    new_phone: float = 0.13  # a year
    second_browser: float = 0.25
    at_home: float = 0.068  # people drawn for a shared home; a few are left over alone in their province
    family: float = 0.5  # of their contacts online
    in_app: float = 0.7  # of clicks in an app that stay in its own browser
    private: float = 0.04  # of visits, in a window that keeps nothing
    tablets: int = 2


HABITS = Habits()


@dataclass(frozen=True)
class Gear:
    """What each person of a block has: an array per trait, one place per person.

    `number` counts people through all blocks, `changed` is the day of a new phone, `home` the number of the
    device that the household shares, -1 for none.
    """

    number: Ints
    iphone: Flags
    laptop: Flags
    tablet: Flags
    changed: Floats
    home: Ints

    def devices(self, days: float) -> Ints:
        """How many devices each person has used by day `days`, the shared one not counted."""
        counted: Ints = 1 + self.laptop.astype(np.int64) + self.tablet + (self.changed < days)
        return counted


def gear(scene: Scene, people: People, block: int, stream: Stream, habits: Habits = HABITS) -> Gear:
    """Draw the devices of a block of people."""
    size = len(people.city)
    chance = stream("devices").random((size, 4)).T
    number = block * size + np.arange(size)
    young = scene.year.start.year - people.born < 45
    return Gear(
        number=number,
        iphone=chance[0] < habits.iphone,
        laptop=chance[1] < habits.laptop * np.where(young, 1.1, 0.6),
        tablet=chance[2] < habits.tablet,
        changed=-np.log1p(-chance[3]) * 365 / habits.new_phone,
        home=_homes(people.city, number, habits, stream("homes")),
    )


def _homes(city: Ints, number: Ints, habits: Habits, rng: np.random.Generator) -> Ints:
    """The shared device of each person's household of two to four in the same province, -1 for none."""
    chosen, key, many = rng.random((len(city), 3)).T
    inside = np.flatnonzero(chosen < habits.at_home)
    # neighbours in a row drawn by chance live together: nobody's number tells who is at home with whom
    inside = inside[np.lexsort((key[inside], city[inside]))]
    sizes = 2 + (many[inside] > 0.5).astype(np.int64) + (many[inside] > 0.82)
    household = spread(sizes)[: len(inside)]
    place = household * (int(city.max(initial=0)) + 1) + city[inside]
    _, first, which, members = np.unique(place, return_index=True, return_inverse=True, return_counts=True)
    home = np.full(len(city), -1)
    device = number[inside[first]] * SLOTS + FAMILY
    home[inside] = np.where(members[which] > 1, device[which], -1)
    return home


def scattered(numbers: Ints, key: int) -> Floats:
    """A chance from 0 to 1 that belongs to each number for good."""
    salt = ids.mixed(np.array([key], dtype=np.uint64))
    bits = ids.mixed(numbers.astype(np.uint64) ^ salt) >> np.uint64(11)
    drawn: Floats = bits.astype(np.float64) * 2.0**-53
    return drawn


def device_of(
    kit: Gear,
    people: People,
    person: Ints,
    time: Floats,
    *,
    phone: Flags,
    alone: Flags,
    chance: Floats,
    habits: Habits = HABITS,
) -> Ints:
    """The number of the device of each contact; `phone`: on a phone in any case, `alone`: on none shared.

    `chance` has three numbers from 0 to 1 for each contact (3 x contacts).
    """
    mobile = phone | (chance[0] < people.mobile[person])
    tablet = kit.tablet[person] & (~kit.laptop[person] | (chance[1] < 0.25))
    large = np.where(tablet, TABLET, np.where(kit.laptop[person], LAPTOP, PHONE))
    slot = np.where(mobile, PHONE, large)
    slot = np.where((slot == PHONE) & (time >= kit.changed[person]), NEXT_PHONE, slot)
    shared = ~alone & (kit.home[person] >= 0) & (chance[2] < habits.family)
    device: Ints = np.where(shared, kit.home[person], kit.number[person] * SLOTS + slot)
    return device


def shop_tablet(store: Ints, chance: Floats, habits: Habits = HABITS) -> Ints:
    """The number of one of the tablets in each of `store`, the same for all blocks of people."""
    device: Ints = SHOP_TABLETS + store * habits.tablets + (chance * habits.tablets).astype(np.int64)
    return device


def is_shared(device: Ints) -> Flags:
    """Whether several people may use the device: a household's, or one of the shop's."""
    shared: Flags = (device >= SHOP_TABLETS) | (device % SLOTS == FAMILY)
    return shared


def on_a_phone(device: Ints) -> Flags:
    """Whether the device is somebody's phone."""
    phone: Flags = (device < SHOP_TABLETS) & np.isin(device % SLOTS, (PHONE, NEXT_PHONE))
    return phone


def browser_of(device: Ints, app: Ints, chance: Floats, seed: int, habits: Habits = HABITS) -> Ints:
    """The browser of each contact; `app` is the one of the app in which it began, `MAIN` for none."""
    inside = (app != MAIN) & on_a_phone(device) & (chance < habits.in_app)
    other = (scattered(device, seed + 20) < habits.second_browser) & (chance > 0.72) & (device < SHOP_TABLETS)
    browser: Ints = np.where(inside, app, np.where(other, SECOND, MAIN))
    return browser


def cookie_of(device: Ints, browser: Ints, time: Floats, weekly: Flags, seed: int) -> Ints:
    """The number of the cookie that a browser of a device shows at `time`.

    A cookie lives as long as its browser lets it or its owner does not clear it: a week where `weekly`, else
    for a time of its own. The next one has another number and nothing in common with it.
    """
    jar = device * SLOTS + browser
    long = scattered(jar, seed + 21)
    lifetime = np.clip(LIFETIMES[browser] * np.sqrt(long / (1 - long)), WEEK, LONGEST)
    lifetime = np.where(weekly, WEEK, lifetime)
    generation = np.floor(time / lifetime + scattered(jar, seed + 22)).astype(np.int64)
    cookie: Ints = jar * GENERATIONS + generation
    return cookie


def store_of(touchpoint: str) -> int:
    """The place of a touchpoint among the shop's stores, -1 if it is none of them."""
    codes = [code for code, _, _ in STORES]
    return codes.index(touchpoint) if touchpoint in codes else -1
