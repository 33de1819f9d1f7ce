"""How good the service is, and what becomes of an order: when it arrives, whether it is kept, how it pleased.

Every order's fate is drawn from its own person and value, so it stays the same when other orders of a
re-simulation come and go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np

from journey_lib.demo import ids
from journey_lib.demo.arrays import Columns, Flags, Floats, Ints
from journey_lib.demo.faults import Fault, going_on
from journey_lib.demo.names import CITIES, REGIONS, STORES
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD
from journey_lib.demo.trail import Orders
from journey_lib.demo.world import SALES_CHANNELS

DEPARTMENTS = ("marketing", "ecommerce", "store_ops", "customer_care", "logistics", "crm")
DELIVERY = "delivery"  # a touchpoint nobody clicks on: the courier at the door
CHECKOUT, MOBILE_CHECKOUT = "web_checkout", "mobile_checkout"
KEPT, CANCELLED, RETURNED = 0, 1, 2

QUALITY_COLUMNS = ("touchpoint", "department", "month", "quality", "emotion")
FELT = (0.2, 0.75, 0.9)  # what one contact makes people feel: level, per unit of quality, spread
FELT_DELIVERY = (0.95, -0.9)  # what a delivery in time and a late one make people feel, with the same spread
FELT_ERROR = -1.3  # what an error at the checkout makes people feel

# log of days taken over days promised: level, spread; what a day of twice the need adds; a faulty hub
PACE, PACE_SPREAD, CROWDED, HUB = -0.42, 0.3, 0.16, 1.1
SLOWLY, SPARED = 5.5 / 24, 0.15  # days to a slow answer, as a median; share of calls that are spared one
CANCELS, RETURNS = -3.5, -4.2  # log odds; then what lateness adds to them, and what buying unseen adds
CANCELS_LATE, RETURNS_LATE, RETURNS_UNSEEN = 1.3, 0.3, 1.1

# how good each touchpoint is at the start, and what a year changes, -2 ... 2; the rest is by department
_BY_TOUCHPOINT: dict[str, tuple[float, float]] = {
    "store_quan_1": (0.9, 0.0),
    "store_go_vap": (0.4, 0.0),
    "store_thu_duc": (0.5, 0.2),
    "store_cau_giay": (0.7, 0.0),
    "store_ha_dong": (-0.7, 0.1),
    "store_hai_chau": (1.0, 0.0),
    "store_ninh_kieu": (0.6, -0.3),
    "store_le_chan": (0.3, 0.0),
    "app_home": (-0.5, 1.1),
    "app_cart": (-0.5, 1.1),
    "web_product": (0.5, 0.0),
    "web_category": (0.3, -0.3),
    CHECKOUT: (0.4, 0.0),
    MOBILE_CHECKOUT: (0.2, 0.0),
    "web_cart": (0.3, 0.0),
    "web_blog": (0.6, 0.0),
    "mp_shop": (0.2, -0.4),
    "mp_search": (0.1, -0.2),
    "cc_hotline": (0.4, 0.0),
    "cc_callback": (0.2, 0.0),
    "cc_support": (0.3, 0.0),
    "fb_messenger": (0.1, -0.5),
    "zalo_chat": (0.7, 0.2),
    "sms_voucher": (-0.6, -0.2),
    "rt_product": (-0.4, -0.3),
    "rt_cart": (-0.3, -0.2),
    "tt_live": (0.8, 0.1),
    "ev_workshop": (1.2, 0.0),
    "staff_zalo": (0.9, 0.0),
    "staff_call": (0.3, 0.0),
}
_BY_DEPARTMENT = {
    "marketing": (0.1, 0.0),
    "ecommerce": (0.3, 0.1),
    "store_ops": (0.5, 0.0),
    "customer_care": (0.3, 0.0),
    "logistics": (0.9, 0.0),
    "crm": (0.2, 0.0),
}
_LATE_HURTS = 6.0  # quality of the deliveries per share of them that is late, beyond the usual twentieth
_ANSWERS_HURT, _CHECKOUT_HURTS = 1.8, 3.0  # what a whole month of the fault takes from quality
_EVEN = (np.arange(2048) + 0.5) / 2048
_GRID = np.array([NormalDist().inv_cdf(each) for each in _EVEN.tolist()])  # the normal bell, in steps


@dataclass(frozen=True)
class Quality:
    """The true state of the service: a row per touchpoint, a column per local month.

    `department`  index into `DEPARTMENTS`.
    `quality`     -2 ... 2, as planted: level, drift and faults.
    `emotion`     what a contact there makes people feel on average, -2 ... 2, answered or not.
    """

    touchpoint: tuple[str, ...]
    department: Ints
    month: tuple[str, ...]
    quality: Floats
    emotion: Floats


@dataclass(frozen=True)
class Deliveries(Columns):
    """What became of each order, row by row with the orders; times are days since the first midnight.

    `days`          from order to door (a cancelled one: as it would have been); NaN: taken home from a
                    store.   `promised` the same, as promised.
    `late`          it took longer than promised.
    `by_fault`      index of the fault without which it would have been in time, -1 for none.
    `outcome`       `KEPT`, `CANCELLED` or `RETURNED`.   `outcome_time` of the last two, NaN for kept.
    `fit`           how well the goods suited the buyer, about N(0, 1).
    `satisfaction`  with the whole order, about N(0, 1).
    """

    days: Floats
    promised: Floats
    late: Flags
    by_fault: Ints
    outcome: Ints
    outcome_time: Floats
    fit: Floats
    satisfaction: Floats


def first_answers(
    scene: Scene, asked: Floats, median: Floats, by_phone: Flags, chance: Floats
) -> tuple[Floats, Flags]:
    """When questions asked at `asked` are first answered, and which of them met the fault of slow answers.

    Parameters
    ----------
    median : days an answer usually takes there; crowded days take longer.
    by_phone : asked of the call centre.
    chance : rows x 2, numbers in 0 ... 1.
    """
    crowd = scene.year.need[scene.year.place(asked)]
    slow = np.zeros(len(asked), dtype=bool)
    for fault in scene.world.faults:
        if fault.kind == "answers":
            slow |= by_phone & going_on(fault, scene.year, asked) & (chance[:, 1] > SPARED)
    usual = np.where(slow, SLOWLY, median * np.maximum(crowd, 0.5) ** 0.8)
    return at_work(asked + usual * np.exp(np.where(slow, 0.6, 0.9) * bell(chance[:, 0])), chance[:, 0]), slow


def at_work(time: Floats, chance: Floats) -> Floats:
    """The times, or the next morning for those at which nobody works."""
    hour = time % 1 * 24
    morning = np.floor(time + 3 / 24) + (8 + 0.7 * chance) / 24
    return np.where((hour < 8) | (hour >= 21), morning, time)


def quality(scene: Scene) -> Quality:
    """How good each touchpoint truly was in each month, and what contacts there made people feel."""
    touchpoint = (*dict.fromkeys((*scene.kinds.touchpoint, CHECKOUT, MOBILE_CHECKOUT)), DELIVERY)
    department = np.array([DEPARTMENTS.index(_department(code)) for code in touchpoint], dtype=np.int64)
    plan = np.array([_BY_TOUCHPOINT.get(code, _BY_DEPARTMENT[_department(code)]) for code in touchpoint])
    months = int(scene.year.month[-1]) + 1
    level = plan[:, :1] + plan[:, 1:] * (np.arange(months) + 0.5) / 12
    broken, late = _met_error(scene), _late_share(scene)
    checkout = touchpoint.index(MOBILE_CHECKOUT)
    level[checkout] -= _CHECKOUT_HURTS * broken
    level[-1] -= _LATE_HURTS * (late - 0.05)
    for fault in scene.world.faults:
        if fault.kind == "answers":
            rows = [at for at, code in enumerate(touchpoint) if code.startswith("cc_")]
            level[rows] -= _ANSWERS_HURT * _days_of(scene, fault)
    level = np.clip(level, -2, 2)
    emotion = _mean_felt(FELT[0] + FELT[1] * level)
    error = _mean_felt(np.full(months, FELT_ERROR))
    emotion[checkout] += broken * (error - emotion[checkout])
    in_time, too_late = (_mean_felt(np.full(months, mean)) for mean in FELT_DELIVERY)
    emotion[-1] = (1 - late) * in_time + late * too_late
    names = tuple(f"{_first_of(scene, month):%Y-%m}" for month in range(months))
    return Quality(touchpoint, department, names, level, emotion)


def quality_rows(truth: Quality) -> Iterator[tuple[str, ...]]:
    """Rows of the file of true quality, columns as in `QUALITY_COLUMNS`."""
    for row, code in enumerate(truth.touchpoint):
        for column, month in enumerate(truth.month):
            levels = (f"{table[row, column]:.4f}" for table in (truth.quality, truth.emotion))
            yield (code, DEPARTMENTS[truth.department[row]], month, *levels)


def _department(touchpoint: str) -> str:
    """Who answers for a touchpoint."""
    owners = {
        "customer_care": ("cc_", "fb_messenger", "zalo_chat"),
        "crm": ("em_", "sms_", "push_", "zalo_oa_", "zalo_order_"),
        "ecommerce": ("web_", "mobile_", "app_", "mp_"),
        "store_ops": ("store_", "staff_"),
        "logistics": (DELIVERY,),
    }
    found = [owner for owner, codes in owners.items() if touchpoint.startswith(codes)]
    return found[0] if found else "marketing"


def _mean_felt(centre: Floats) -> Floats:
    """Mean of what is felt, -2 ... 2, when it is spread around `centre` and cut at the ends."""
    drawn: Floats = np.clip(centre[..., None] + FELT[2] * _GRID[16::32], -2, 2).mean(axis=-1)
    return drawn


def _by_month(scene: Scene, daily: Floats) -> Floats:
    """Means over the months of a number for each day of the calendar, days of the lead left out."""
    month = scene.year.month[LEAD:]
    mean: Floats = np.bincount(month, weights=daily[LEAD:]) / np.bincount(month)
    return mean


def _days_of(scene: Scene, fault: Fault) -> Floats:
    """Share of each month's days on which the fault is there."""
    return _by_month(scene, _daily(scene, fault))


def _daily(scene: Scene, fault: Fault) -> Floats:
    """1 for each day of the calendar on which the fault is there, 0 for the others."""
    noon = np.arange(len(scene.year.need), dtype=np.float64) - LEAD + 0.5
    return going_on(fault, scene.year, noon).astype(np.float64)


def _met_error(scene: Scene) -> Floats:
    """Share of each month's buyers on the mobile website who meet an error at its checkout."""
    broken = [fault for fault in scene.world.faults if fault.kind == "checkout"]
    shares = [fault.hit * _days_of(scene, fault) for fault in broken]
    return np.sum(shares, axis=0) if shares else np.zeros(int(scene.year.month[-1]) + 1)


def _late_share(scene: Scene) -> Floats:
    """Share of each month's deliveries that come late, crowded days and faults counted in."""
    pace = PACE + CROWDED * (scene.year.need - 1)
    usual, slowed = (np.interp((pace + more) / PACE_SPREAD, _GRID, _EVEN) for more in (0.0, HUB))
    share = np.array([city.share for city in CITIES])
    for fault in scene.world.faults:
        if fault.kind == "delivery":
            hit = fault.hit * share[_cities(fault.where)].sum() / share.sum()
            usual = usual + _daily(scene, fault) * hit * (slowed - usual)
    return _by_month(scene, usual)


def _first_of(scene: Scene, month: int) -> date:
    return scene.year.start + timedelta(days=int(np.argmax(scene.year.month[LEAD:] == month)))


def _where_sold(scene: Scene, people: People, orders: Orders, place: Ints) -> Floats:
    """True quality of the place where each order was made, in the month it was made."""
    truth = quality(scene)
    counters = {"website": CHECKOUT, "app": "app_cart", "marketplace": "mp_shop", "call_centre": "cc_hotline"}
    row = np.array([truth.touchpoint.index(counters.get(name, CHECKOUT)) for name in SALES_CHANNELS])
    stores = np.array([truth.touchpoint.index(code) for code, _, _ in STORES])
    in_store = orders.sold_at == SALES_CHANNELS.index("store")
    at = np.where(in_store, stores[people.store[orders.person]], row[orders.sold_at])
    on_phone = orders.mobile & (orders.sold_at == SALES_CHANNELS.index("website"))
    at = np.where(on_phone, truth.touchpoint.index(MOBILE_CHECKOUT), at)
    level: Floats = truth.quality[at, np.maximum(scene.year.month[place], 0)]
    return level


def deliveries(scene: Scene, people: People, orders: Orders, rng: np.random.Generator) -> Deliveries:
    """What becomes of each order: days to the door, late or not, kept or not, how much it pleased."""
    chance = _fate(orders, int(rng.integers(2**62)))
    sold_at = np.array(SALES_CHANNELS)[orders.sold_at]
    sent = sold_at != "store"
    promised = np.where(sent, _promised(people.city[orders.person]) + (sold_at == "marketplace"), np.nan)
    place = scene.year.place(orders.time)
    pace = PACE + CROWDED * (scene.year.need[place] - 1) + PACE_SPREAD * bell(chance[:, 0])
    slowed = np.full(len(pace), -1)
    for index, fault in enumerate(scene.world.faults):
        if fault.kind == "delivery":
            there = np.isin(people.city[orders.person], _cities(fault.where))
            hit = there & sent & (chance[:, 1] < fault.hit) & going_on(fault, scene.year, orders.time)
            slowed[hit] = index
    days = promised * np.exp(pace + HUB * (slowed >= 0))
    late = days > promised
    by_fault = np.where((slowed >= 0) & late & (pace <= 0), slowed, -1)
    fit = bell(chance[:, 2])
    quality = _where_sold(scene, people, orders, place)
    felt = 0.1 + 0.5 * fit + 0.35 * quality + 0.7 * bell(chance[:, 3])
    felt -= np.where(late, 0.9 + 0.35 * np.minimum(days - promised, 5), 0.0)
    outcome = _outcomes(sent, late, fit, chance[:, 4:6])
    felt -= np.where(outcome == KEPT, 0.0, 0.6)
    tired = np.where(late, promised + (days - promised) * chance[:, 6], days * 0.5 * chance[:, 6])
    after = np.where(outcome == CANCELLED, tired, np.where(sent, days, 0.0) + 1.5 + 11 * chance[:, 6])
    time = np.where(outcome == KEPT, np.nan, orders.time + after)
    return Deliveries(days, promised, late, by_fault, outcome, time, fit, felt)


def _outcomes(sent: Flags, late: Flags, fit: Floats, chance: Floats) -> Ints:
    """Some cancel while they wait, more of them when it is late; some send back what does not suit them."""
    cancels = 1 / (1 + np.exp(-(CANCELS + CANCELS_LATE * late)))
    returns = 1 / (1 + np.exp(-(RETURNS - fit + RETURNS_UNSEEN * sent + RETURNS_LATE * late)))
    cancelled = sent & (chance[:, 0] < cancels)
    returned = ~cancelled & (chance[:, 1] < returns)
    return np.where(cancelled, CANCELLED, np.where(returned, RETURNED, KEPT)).astype(np.int64)


def _fate(orders: Orders, key: int) -> Floats:
    """Seven numbers in 0 ... 1 for each order that depend on its person, its value and the key only."""
    salt = ids.mixed(np.array([key], dtype=np.uint64))
    who = ids.mixed(orders.person.astype(np.uint64) ^ salt)
    what = ids.mixed(who ^ (orders.value.astype(np.uint64) + orders.items.astype(np.uint64)))
    golden = 0x9E3779B97F4A7C15
    columns = [ids.mixed(what + np.uint64(golden * turn % 2**64)) for turn in range(1, 8)]
    return (np.stack(columns, axis=1) >> np.uint64(11)).astype(np.float64) / 2**53


def bell(chance: Floats) -> Floats:
    """Numbers spread like N(0, 1) for numbers spread evenly over 0 ... 1, to within 0.01."""
    drawn: Floats = np.interp(chance, _EVEN, _GRID)
    return drawn


def _cities(names: tuple[str, ...]) -> Ints:
    return np.array([at for at, city in enumerate(CITIES) if not names or city.name in names], dtype=np.int64)


def _promised(city: Ints) -> Floats:
    """Days promised at the checkout: fewer where a store stands, more in the middle of the country."""
    stores = {name for _, name, _ in STORES}
    by_region = dict(zip(REGIONS, (3.0, 5.0, 4.0), strict=True))
    days = np.array([2.0 if entry.name in stores else by_region[entry.region] for entry in CITIES])
    return days[city]
