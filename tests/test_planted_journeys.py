"""What is planted in simulated logs is found again: coming back, turning back, leaving the planned way.

The demo shop's truth holds no such numbers, so these people are drawn here in plain Python, each by a coin of
known odds. Intervals of 95% are asked of many logs: the truth is to lie in most of them, as they promise.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from tables import touches
from twins import DAY, Row

import journey_lib as jl

SEEDS = range(12)
# Of 12 intervals that miss one time in 20, three misses or more come one time in 50.
ENOUGH = 10
JANUARY = (dt.datetime(2025, 1, 1) - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
PEOPLE = 400
STAGES = ("1 aware", "2 appeal", "3 ask", "4 act")
BACK = {"2 appeal": 0.1, "3 ask": 0.3}
PLAN = jl.maps.plan(
    {
        "steps": [
            {"step": "see", "any_of": ["facebook"]},
            {"step": "compare", "any_of": ["web"]},
            {"step": "come", "any_of": ["store"]},
        ]
    }
)


def coins(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same coins in every run are wanted


def covered(found: Callable[[int], tuple[float, float]], truth: float) -> int:
    """In how many of the simulated logs the interval holds the truth."""
    return sum(low <= truth <= high for low, high in map(found, SEEDS))


# --- coming back ---


@cache
def buyers(seed: int, hazard: float, until: int = 300) -> jl.touches.Touches:
    """First purchases over 200 days; then every day a coin for the second. The last day ends the watching."""
    coin = coins(seed)
    rows = [Row("watch", JANUARY + until * DAY, "email", conversion=False)]
    for number in range(PEOPLE):
        day = coin.randrange(200)
        rows.append(Row(f"c{number:04}", JANUARY + day * DAY, None, conversion=True, value=1))
        for later in range(day + 1, until):
            if coin.random() < hazard:
                rows.append(Row(f"c{number:04}", JANUARY + later * DAY, None, conversion=True, value=1))
                break
    return touches(rows)


@pytest.mark.parametrize("hazard", [0.002, 0.01])
@pytest.mark.parametrize("day", [30, 90, 180])
def test_a_daily_hazard_of_a_second_purchase_is_recovered(hazard: float, day: int) -> None:
    """Though up to half of the people are not watched for as long: 1 - (1 - hazard) ** day."""

    def at(seed: int) -> tuple[float, float]:
        row = jl.retention.repeat(buyers(seed, hazard)).table.set_index("day").loc[day]
        return row["low"], row["high"]

    assert covered(at, 1 - (1 - hazard) ** day) >= ENOUGH


def test_two_hazards_are_told_apart_and_two_equal_ones_are_not() -> None:
    def chance(one: float, other: float, seed: int) -> float:
        a, b = (
            jl.retention.repeat(buyers(number, hazard))
            for number, hazard in ((seed, one), (seed + 100, other))
        )
        return float(jl.journeys.beside(a, b).facts["log_rank"])

    assert all(chance(0.002, 0.01, seed) < 0.001 for seed in SEEDS)
    assert sum(chance(0.01, 0.01, seed) < 0.05 for seed in SEEDS) <= len(SEEDS) - ENOUGH


def test_nobody_comes_back_where_nobody_does() -> None:
    again = jl.retention.repeat(buyers(1, 0.0)).table
    months = jl.retention.cohorts(buyers(1, 0.0)).table
    assert again["share"].max() == 0
    assert months["customers"].sum() == 0


def monthly(seed: int, rate: float) -> jl.touches.Touches:
    """Everybody buys in one of the first three months of the year; in every month after it by a coin."""
    coin = coins(seed)
    middle = [JANUARY + day * DAY for day in (14, 45, 73, 104, 134, 165)]
    rows = [Row("watch", middle[-1] + 30 * DAY, "email", conversion=False)]
    for number in range(PEOPLE):
        first = coin.randrange(3)
        months = [first, *(month for month in range(first + 1, 6) if coin.random() < rate)]
        rows += [Row(f"c{number:04}", middle[month], None, conversion=True, value=1) for month in months]
    return touches(rows)


def test_a_monthly_rate_of_coming_back_is_recovered_in_every_cell() -> None:
    """Twelve cells of three cohorts in each log: of all their intervals nine in ten or more hold the rate."""
    tables = [jl.retention.cohorts(monthly(seed, 0.2)).table for seed in SEEDS]
    assert {len(table) for table in tables} == {5 + 4 + 3}
    held = [(table["low"] <= 0.2) & (table["high"] >= 0.2) for table in tables]
    assert sum(each.sum() for each in held) >= 0.9 * sum(map(len, tables))


# --- turning back ---


def walkers(seed: int, back: dict[str, float]) -> jl.touches.Touches:
    """Four stages in order; at some, a coin at the first visit says who goes one back, and then on again."""
    coin = coins(seed)

    def way() -> Iterator[str]:
        for place, stage in enumerate(STAGES):
            yield stage
            if coin.random() < back.get(stage, 0.0):
                yield from (STAGES[place - 1], stage)

    return touches(
        [
            Row(f"c{number:04}", JANUARY + number * 60_000_000 + day * DAY, stage, conversion=False)
            for number in range(PEOPLE)
            for day, stage in enumerate(way())
        ]
    )


@pytest.mark.parametrize("stage", BACK)
def test_how_many_turn_back_at_a_stage_is_recovered(stage: str) -> None:
    def at(seed: int) -> tuple[float, float]:
        row = jl.journeys.detours(walkers(seed, BACK)).table.set_index(["stage", "move"]).loc[stage, "back"]
        return row["low"], row["high"]

    assert covered(at, BACK[stage]) >= ENOUGH


def test_loops_are_those_of_the_planted_turns_and_none_are_where_nothing_is_planted() -> None:
    """Who turns back at a stage comes again to the one before, and to the stage itself."""

    def loops(seed: int, stage: str) -> tuple[float, float]:
        row = jl.journeys.detours(walkers(seed, BACK)).table.set_index(["stage", "move"]).loc[stage, "loop"]
        return row["low"], row["high"]

    assert covered(lambda seed: loops(seed, "1 aware"), 0.1) >= ENOUGH
    assert covered(lambda seed: loops(seed, "2 appeal"), 1 - 0.9 * 0.7) >= ENOUGH
    assert covered(lambda seed: loops(seed, "3 ask"), 0.3) >= ENOUGH
    for seed in SEEDS:
        straight = jl.journeys.detours(walkers(seed, {})).table.set_index("move")
        assert straight.loc[["repeat", "skip", "jump_to_end", "back", "loop"], "journeys"].sum() == 0
        assert straight.loc["next", "journeys"].sum() == 4 * PEOPLE  # at three stages, and at any


# --- leaving the planned way ---


def planned(seed: int, skipping: float) -> jl.touches.Touches:
    """Everybody sees and comes; a coin says who compares nothing in between."""
    coin = coins(seed)
    rows = []
    for number in range(PEOPLE):
        way = ["facebook", *(["web"] if coin.random() >= skipping else []), "store"]
        rows += [
            Row(f"c{number:04}", JANUARY + number * 60_000_000 + day * DAY, channel, conversion=False)
            for day, channel in enumerate(way)
        ]
    return touches(rows)


@pytest.mark.parametrize("skipping", [0.05, 0.4])
def test_how_many_leave_a_step_of_the_plan_out_is_recovered(skipping: float) -> None:
    def skipped(seed: int) -> tuple[float, float]:
        row = jl.conformance.score(planned(seed, skipping), PLAN).table.set_index("step").loc["compare"]
        return row["skipped_low"], row["skipped_high"]

    def conforming(seed: int) -> tuple[float, float]:
        facts = jl.conformance.score(planned(seed, skipping), PLAN).facts
        return facts["conforming_low"], facts["conforming_high"]

    assert covered(skipped, skipping) >= ENOUGH
    assert covered(conforming, 1 - skipping) >= ENOUGH


def test_nobody_deviates_from_a_plan_that_everybody_keeps() -> None:
    facts = jl.conformance.score(planned(1, 0.0), PLAN).facts
    assert (facts["conforming"], facts["deviating"], facts["outside"]) == (PEOPLE, 0, 0)
