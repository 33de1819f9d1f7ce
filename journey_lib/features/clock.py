"""What the local clock said: the day, the part of the day, and whether it was a weekend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.features.columns import DAYPARTS

Array = npt.NDArray[Any]

DAY, HOUR, QUARTER = 86_400_000_000, 3_600_000_000, 900_000_000
PARTS = sorted(DAYPARTS, key=lambda name: DAYPARTS[name])
BITS = 4  # of an integer that hold any moment
MOMENTS = 2 * len(PARTS)  # parts of the day, first those of working days, then those of weekends


@dataclass(frozen=True)
class Clock:
    """What it `said` in every quarter of an hour from `begin` on: the local day since 1970, and the moment.

    Both stand in one integer, the moment in its lowest bits: they are looked up together. Clocks change by
    quarters of an hour, and on them; where one did not, there is nothing to look up.
    """

    timezone: str
    begin: int = 0
    said: Array | None = None

    def read(self, time: Array) -> tuple[Array, Array]:
        """The day and the moment of times in microseconds of UTC."""
        if self.said is None:
            said = _calendar(_local(time, self.timezone) // HOUR)
        else:
            said = self.said.take((time - self.begin) // QUARTER)
        return np.right_shift(said, BITS), np.bitwise_and(said, (1 << BITS) - 1).astype(np.int16)


def clock(timezone: str, first: int, last: int) -> Clock:
    """The clock of a timezone from `first` to `last`."""
    begin = first // QUARTER
    quarters = np.arange(begin, max(last // QUARTER, begin) + 1) * QUARTER
    starts, ends = (_local(each, timezone) for each in (quarters, quarters + (QUARTER - 1)))
    if (starts % QUARTER).any() or (ends - starts != QUARTER - 1).any():
        return Clock(timezone)
    return Clock(timezone, begin * QUARTER, _calendar(starts // HOUR))


def _calendar(hour: Array) -> Array:
    """The day and the moment, in one integer, of hours of the local clock since 1970."""
    week = np.arange(7 * 24)
    # The night goes on until the first part of the next day begins.
    part = np.searchsorted([DAYPARTS[name] for name in PARTS], week % 24, side="right") - 1
    # The first day of 1970 was a Thursday.
    code = part % len(PARTS) + np.where((week // 24 + 3) % 7 >= 5, len(PARTS), 0)
    return (hour // 24 << BITS | code.take(hour % len(week))).astype(np.int32)


def _local(time: Array, timezone: str) -> Array:
    """Microseconds of the local clock."""
    if timezone == "UTC":
        return time
    there = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    return there.tz_localize(None).to_numpy().astype("datetime64[us]").view(np.int64)
