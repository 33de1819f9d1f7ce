"""Where the simulation takes place: the world, its numbered kinds of event and its calendar as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from journey_lib.demo.arrays import Flags, Floats
from journey_lib.demo.kinds import Kinds, event_kinds
from journey_lib.demo.seasons import LEAD, Calendar, calendar, days_of
from journey_lib.demo.world import World

MEMORY = 14  # days of sales that a budget looks back on


@dataclass(frozen=True)
class Scene:
    """A world, the kinds of event in it, and the days on which they happen.

    `budget` (days with the lead x channels) is how much of each channel there is, 1 being usual; `price`
    (the same) what a contact costs, 1 being usual; `paid` says which channels a budget can buy, `weeks`
    (trials x days) when each trial is on.
    """

    world: World
    kinds: Kinds
    year: Calendar
    budget: Floats
    price: Floats
    paid: Flags
    weeks: Flags

    def channel(self, code: str) -> int:
        """The number of a channel."""
        return [channel.code for channel in self.world.channels].index(code)

    def selected(self, wish: Floats, usual: float) -> Floats:
        """How much of a wish those who choose whom to meet see: none is `usual` for everybody."""
        selection = self.world.selection
        seen: Floats = selection * wish + max(1 - selection, 0.0) * usual
        return seen


def scene(world: World, start: date, months: int) -> Scene:
    """The scene of `months` months from `start` in `world`."""
    year = calendar(world, start, months)
    codes = [channel.code for channel in world.channels]
    priced = {price.channel for price in world.prices}
    price = np.ones((len(year.need), len(codes)))
    for shock in world.shocks:
        price[days_of(year, shock.first, shock.last), codes.index(shock.channel)] *= shock.factor
    reacts = np.array([channel.reacts for channel in world.channels])
    quiet = np.minimum(year.need / 0.6, 1.0)  # who plans budgets knows the holidays
    budget = _sales_before(year)[:, None] ** reacts * quiet[:, None] / np.sqrt(price)
    paid = np.array([code in priced for code in codes])
    weeks = np.array([_once(days_of(year, trial.first, trial.last)) for trial in world.trials], dtype=bool)
    return Scene(world, event_kinds(world), year, budget, price, paid, weeks.reshape(-1, len(year.need)))


def _once(days: Flags) -> Flags:
    """Only the first time in the calendar proper that such days come: no trial is repeated every year."""
    inside = days & (np.arange(len(days)) >= LEAD)
    begins = np.diff(inside, prepend=False) & inside
    flags: Flags = inside & (np.cumsum(begins) == 1)
    return flags


def _sales_before(year: Calendar) -> Floats:
    """Sales of the fortnight before each day, 1 being usual: what those who set budgets go by.

    Among so many people sales follow the calendar closely. Taking them from it, not from the people, keeps
    blocks of people independent of one another.
    """
    sales = year.need * np.exp(year.sale)
    total = np.cumsum(np.r_[np.full(MEMORY, sales[0]), sales])
    before: Floats = np.r_[sales[0] * MEMORY, total[MEMORY:-1] - total[: -MEMORY - 1]] / MEMORY
    return np.clip(before / sales.mean(), 0.4, 2.5)
