"""When do people need something? The shop's calendar: a weight for every day, Tết and sale days included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints
from journey_lib.demo.world import Hours, Mailing, Season, World
from journey_lib.errors import ParameterError
from journey_lib.i18n import text as _

LOCAL = timezone(timedelta(hours=7))  # Asia/Ho_Chi_Minh: no summer time, and unchanged since 1975
LEAD = 45  # days simulated before the first, so that the shop does not open onto an empty street

# First day of the lunar year as kept in Vietnam: the new moon by UTC+7, checked against Meeus' series.
TET = {
    2019: date(2019, 2, 5),
    2020: date(2020, 1, 25),
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 2),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}


@dataclass(frozen=True)
class Calendar:
    """The days of the simulation, from `LEAD` days before the first; arrays have one place per day.

    `need`     weight of a need beginning that day.       `sale`   log odds the season adds to buying.
    `price`    factor on advertising prices.              `season` index into `world.seasons`, -1 for none.
    `weekday`  0 is Monday.                               `month`  months since the first month.
    `hours`    for each rhythm of the day, the running share of contacts by hour.
    """

    start: date
    end: date
    need: Floats
    sale: Floats
    price: Floats
    season: Ints
    weekday: Ints
    month: Ints
    hours: dict[Hours, Floats]

    @property
    def days(self) -> int:
        """Days from the first to the last, without the lead."""
        return (self.end - self.start).days

    @property
    def midnight(self) -> int:
        """Microseconds from 1970 (UTC) to the first local midnight."""
        opening = datetime(self.start.year, self.start.month, self.start.day, tzinfo=LOCAL)
        return int((opening - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))

    def place(self, times: Floats) -> Ints:
        """Index into the arrays of the local days on which `times` (days since the start) fall."""
        return np.clip(np.floor(times).astype(np.int64) + LEAD, 0, len(self.need) - 1)


def calendar(world: World, start: date, months: int) -> Calendar:
    """The calendar of `months` whole months from `start`."""
    end = _months_later(start, months)
    if not (min(TET) < start.year and end.year <= max(TET)):
        raise ParameterError(
            _("the demo shop cannot open on {start} for {months} months", start=start, months=months),
            do=_("stay between {first} and {last}", first=min(TET) + 1, last=max(TET)),
        )
    days = [start + timedelta(days=offset) for offset in range(-LEAD, (end - start).days)]
    seasons = _seasons_on(world, days)
    need = [
        _everyday(world, day) * np.prod([world.seasons[s].need for s in on])
        for day, on in zip(days, seasons, strict=True)
    ]
    return Calendar(
        start=start,
        end=end,
        need=np.array(need, dtype=np.float64),
        sale=np.array([sum(world.seasons[s].sale for s in on) for on in seasons], dtype=np.float64),
        price=np.array([np.prod([world.seasons[s].price for s in on]) for on in seasons], dtype=np.float64),
        season=np.array([on[0] if on else -1 for on in seasons], dtype=np.int64),
        weekday=np.array([day.weekday() for day in days], dtype=np.int64),
        month=np.array([(day.year - start.year) * 12 + day.month - start.month for day in days]),
        hours={name: np.cumsum(share) / np.sum(share) for name, share in world.hours.items()},
    )


def days_of(year: Calendar, first: str, last: str) -> Flags:
    """Which days of the calendar (with its lead) lie from `first` to `last`, ``"MM-DD"`` of any year."""
    days = [f"{year.start + timedelta(days=day):%m-%d}" for day in range(-LEAD, year.days)]
    return np.array([first <= day <= last for day in days])


def mailing_days(world: World, mailing: Mailing, year: Calendar) -> Floats:
    """Weight of each day for a mailing: its weekdays, and seasons that sell, the long ones less each day."""
    lift = [max(s.need - 1, 0.0) / np.sqrt(s.last - s.first + 1) for s in world.seasons]
    selling = np.array([*lift, 0.0])[year.season]
    weekday = np.isin(year.weekday, mailing.weekdays).astype(np.float64)
    return weekday * np.minimum(year.need, 1.0) + selling * mailing.in_season


def _months_later(start: date, months: int) -> date:
    total = start.month - 1 + months
    try:
        return start.replace(year=start.year + total // 12, month=total % 12 + 1)
    except ValueError:  # the 31st of a month that has thirty
        return start.replace(year=start.year + (total + 1) // 12, month=(total + 1) % 12 + 1, day=1)


def _seasons_on(world: World, days: list[date]) -> list[list[int]]:
    """The seasons, by their place in `world.seasons`, that each of `days` lies in."""
    on: dict[date, list[int]] = {day: [] for day in days}
    for index, season in enumerate(world.seasons):
        for year in range(days[0].year - 1, days[-1].year + 2):
            anchor = _anchor(season, year)
            if anchor is None:
                continue
            for offset in range(season.first, season.last + 1):
                on.get(anchor + timedelta(days=offset), []).append(index)
    return [on[day] for day in days]


def _anchor(season: Season, year: int) -> date | None:
    if season.anchor == "tet":
        return TET.get(year)
    if season.anchor == "black_friday":  # the Friday after the fourth Thursday of November
        first = date(year, 11, 1)
        return first + timedelta(days=(3 - first.weekday()) % 7 + 22)
    month, day = season.anchor.split("-")
    return date(year, int(month), int(day))


def _everyday(world: World, day: date) -> float:
    """Weight of an ordinary day: its weekday, and how long ago pay day was."""
    pay = [factor for first, factor in world.month_days if day.day >= first][-1]
    return world.weekdays[day.weekday()] * pay
