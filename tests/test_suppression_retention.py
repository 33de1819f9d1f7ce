"""Whoever has the monthly cohorts and the curve to the second conversion finds no group of few in them."""

from __future__ import annotations

import datetime as dt
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest
from attack import World
from hypothesis import given, settings
from hypothesis import strategies as st
from test_suppression_journeys import COUNT, QUIETLY, K, given_away

import journey_lib as jl
from journey_lib import retention
from journey_lib.model import Result

MONTHS = 4  # January to April, all of them whole
KINDS = ("", "1", "2", "12")  # in which of the two months after the first somebody converted again
FIRST = [dt.datetime(2025, 1 + month, 2, 9) for month in range(MONTHS)]
THIRTY = dt.timedelta(days=30)  # from these days they lead into the next month, twice into the one after it
END = dt.datetime(2025, 4, 30, 23, 59, 59, 999_999)
COHORTS = [str(month) for month in range(MONTHS)]


class Cohorts(World):
    """Customers by the month of their first conversion and by those after it in which they did so again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counted = pd.crosstab(self.persona, self.kind)
        self.cells = list(product(COHORTS, KINDS))
        self.truth = np.array([counted.get(kind, {}).get(who, 0) for who, kind in self.cells], float)


def log(counts: list[list[int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Conversions of the customers of each month (a row) and kind (a column); nobody converts after April."""
    events, truth = [], []
    for month, kinds in enumerate(counts):
        for kind, n in zip(KINDS, kinds, strict=True):
            if any(month + int(later) >= MONTHS for later in kind):
                continue
            for _each in range(n):
                code = f"c{len(truth):05}"
                truth.append((str(month), kind))
                sales = [FIRST[month] + later * THIRTY for later in (0, *map(int, kind))]
                events += [(code, day, "", True) for day in sales]
    events.append(("nobody", END, "mail", False))
    frame = pd.DataFrame(events, columns=["customer", "time", "channel", "conversion"])
    return frame.assign(value=1.0), pd.DataFrame(truth, columns=["month", "again"])


def asked_of(counts: list[list[int]]) -> tuple[World, Result, Result]:
    frame, truth = log(counts)
    touches = jl.touches.from_frame(
        frame, customer_id="customer", timestamp="time", channel="channel", conversion="conversion"
    )
    found = jl.journeys.together(
        {"cohorts": partial(retention.cohorts, touches), "again": partial(retention.repeat, touches)}
    )
    return Cohorts(truth["month"], truth["again"]), found["cohorts"], found["again"]


def of(world: World, cohorts: list[str], kinds: tuple[str, ...] = KINDS) -> np.ndarray:
    return np.sum([world.of(who, kinds) for who in cohorts] or [np.zeros(len(world.cells))], axis=0)


def see_cohorts(world: World, cohorts: Result) -> None:
    for row in cohorts.table[~cohorts.table["suppressed"]].to_dict("records"):
        who = [str(row["cohort"].month - 1)]
        kinds = tuple(kind for kind in KINDS if str(int(row["month"])) in kind)
        world.see(row["customers"], of(world, who, kinds))
        world.see(row["of"], of(world, who))
        world.share(row["share"], of(world, who, kinds), of(world, who))
    world.see(cohorts.quoted(K)["customers"], of(world, COHORTS))


def see_curve(world: World, again: Result, *, risk: bool) -> None:
    world.see(again.quoted(K)["entered"], of(world, COHORTS))
    for row in again.table.to_dict("records"):
        took = {
            (who, kind): (30 * int(kind[0]), True) if kind else ((END - FIRST[who]).days, False)
            for who in range(MONTHS)
            for kind in KINDS
            if all(who + int(later) < MONTHS for later in kind)
        }
        there = [world.of(str(w), kind) for (w, kind), (t, did) in took.items() if did and t <= row["day"]]
        watched = [world.of(str(w), kind) for (w, kind), (t, _) in took.items() if t >= row["day"]]
        nobody = [np.zeros(len(world.cells))]
        world.see(row["customers"], np.sum(there or nobody, axis=0))
        if risk:
            world.see(row["at_risk"], np.sum(watched or nobody, axis=0))


def groups(world: World) -> dict[str, np.ndarray]:
    """The customers of a month, those who came back in a later one, those who did not, and all together."""
    asked = {}
    for who in [[each] for each in COHORTS] + [COHORTS]:
        asked[f"{who}"] = of(world, who)
        for later in ("1", "2"):
            there = tuple(kind for kind in KINDS if later in kind)
            asked[f"{who} back after {later}"] = of(world, who, there)
            asked[f"{who} not after {later}"] = of(world, who, tuple({*KINDS} - {*there}))
    return asked


def attacked(counts: list[list[int]], k: int = K) -> list[str]:
    """What follows from both tables; who is still at risk, with the curve alone (see docs/adr/0014)."""
    world, cohorts, again = asked_of(counts)
    away = []
    for risk in (True, False):
        mine = Cohorts(world.persona, world.kind)
        see_curve(mine, again.suppressed(k), risk=risk)
        if not risk:
            see_cohorts(mine, cohorts.suppressed(k))
        away += given_away(mine, groups(mine))
    return away


MADE = {
    "36 of 41 come back": [[5, 36, 0, 0], [40, 30, 20, 20], [50, 30, 0, 0], [60, 0, 0, 0]],
    "a month of few": [[40, 30, 20, 20], [2, 2, 1, 0], [50, 30, 0, 0], [60, 0, 0, 0]],
    "a month of few, and nobody comes back": [[40, 30, 20, 20], [5, 0, 0, 0], [50, 30, 0, 0], [60, 0, 0, 0]],
    "a last month of few": [[40, 30, 20, 20], [40, 30, 20, 20], [50, 30, 0, 0], [6, 0, 0, 0]],
    "few come back": [[40, 3, 1, 0], [40, 2, 0, 0], [50, 1, 0, 0], [60, 0, 0, 0]],
}  # fmt: skip


@pytest.mark.parametrize("counts", MADE.values(), ids=MADE)
def test_a_shop_made_to_give_somebody_away_does_not(counts: list[list[int]]) -> None:
    assert not attacked(counts)


def test_the_attack_finds_what_is_not_hidden() -> None:
    assert "['0'] not after 1: 5" in attacked(MADE["36 of 41 come back"], k=1)


@pytest.mark.slow
@given(st.lists(st.lists(COUNT, min_size=4, max_size=4), min_size=MONTHS, max_size=MONTHS))
@settings(max_examples=20, **QUIETLY)
def test_no_shop_gives_a_group_of_few_away(counts: list[list[int]]) -> None:
    assert not attacked(counts)
