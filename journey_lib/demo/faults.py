"""What goes wrong in the shop's year: planted faults of the service, when, where, and whom they hit.

A fault is met by a need when it decides, or by an order when it is on its way. Its cost in conversions is
known because the same world can be lived through without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from journey_lib.demo.arrays import Flags, Floats
from journey_lib.model import Language

Kind = Literal["answers", "checkout", "delivery"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in the same days of every year.

    `kind`   slow first answers by the people who answer, a broken checkout on the mobile website, or late
             deliveries.
    `first`, `last`  ``"MM-DD"``, local days, both included.
    `hit`    share of those who meet it whom it hits: needs that come to nothing, orders that are delayed.
    `puts_off`  for deliveries, the share of wishes that the day promised at the checkout puts off.
    `where`  names of provinces or cities, for deliveries; empty means everywhere.
    """

    code: str
    name: Mapping[Language, str]
    kind: Kind
    first: str
    last: str
    hit: float
    where: tuple[str, ...] = ()
    puts_off: float = 0.0


class Days(Protocol):
    """A calendar, as far as faults need one: they stand in a world, so they can be read without any."""

    @property
    def start(self) -> date:
        """The first local day."""

    @property
    def end(self) -> date:
        """The local day after the last."""


class Faulty(Protocol):
    """A world with its faults."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What goes wrong in it."""


class Stage(Protocol):
    """A scene, as far as faults need one."""

    @property
    def world(self) -> Faulty:
        """The world with its faults."""

    @property
    def year(self) -> Days:
        """The days on which they happen."""


FAULTS: tuple[Fault, ...] = (
    Fault(
        "slow_answers",
        {
            "vi": "Tổng đài trả lời chậm: nửa đội nghỉ việc, hai tháng mới tuyển đủ người",
            "en": "Slow first answers: half the team left, and hiring took two months",
        },
        "answers",
        "05-01",
        "06-30",
        0.3,
    ),
    Fault(
        "broken_checkout",
        {
            "vi": "Web di động lỗi bước thanh toán sau bản cập nhật",
            "en": "The payment step of the mobile website broke with an update",
        },
        "checkout",
        "09-15",
        "09-21",
        0.6,
    ),
    Fault(
        "late_delivery",
        {
            "vi": "Giao trễ ở ba tỉnh miền Đông Nam Bộ: kho trung chuyển dời địa điểm",
            "en": "Late deliveries in three south-eastern provinces: their sorting hub moved",
        },
        "delivery",
        "07-10",
        "08-20",
        0.8,
        ("Bình Dương", "Đồng Nai", "Bà Rịa - Vũng Tàu"),
        0.4,
    ),
)


def going_on(fault: Fault, year: Days, times: Floats) -> Flags:
    """Whether the fault is there at each of `times` (days since the first local midnight)."""
    there = np.zeros(np.shape(times), dtype=bool)
    for number in range(year.start.year - 1, year.end.year + 2):
        first, last = ((_day(number, text) - year.start).days for text in (fault.first, fault.last))
        there |= (times >= first) & (times < last + 1)
    return there


def survival(
    scene: Stage, decides: Floats, mobile_web: Flags, called: Flags, sent_to: NDArray[np.str_]
) -> Floats:
    """Chance that the wish to buy of each need survives each fault (needs x faults); 1 where it is not met.

    Parameters
    ----------
    decides : when each need decides, days since the first local midnight.
    mobile_web : it would order on the website, on a phone.
    called : it had a contact with the call centre.
    sent_to : the province its order would be sent to, empty for those taken home from a store.
    """
    faults = scene.world.faults
    chance = np.ones((len(decides), len(faults)))
    meets = {"checkout": mobile_web, "answers": called}
    for column, fault in enumerate(faults):
        # a late delivery is not only felt afterwards: the day promised at the checkout puts people off before
        there = meets[fault.kind] if fault.kind in meets else np.isin(sent_to, fault.where)
        met = there & going_on(fault, scene.year, decides)
        chance[met, column] = 1 - (fault.hit if fault.kind in meets else fault.puts_off)
    return chance


def _day(year: int, text: str) -> date:
    month, day = text.split("-")
    return date(year, int(month), int(day))
