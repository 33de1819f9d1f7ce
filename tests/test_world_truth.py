"""The recorded truth is true: living the same lives again without a channel loses what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from journey_lib.demo import people, whatif
from journey_lib.demo.arrays import Floats, Ints, spread, stacked, stream
from journey_lib.demo.faults import FAULTS
from journey_lib.demo.journeys import Block, simulate
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene, scene
from journey_lib.demo.trail import MORE
from journey_lib.demo.whatif import LESS, Scenario
from journey_lib.demo.world import Trial, World
from journey_lib.demo.worlds import WORLDS

BLOCK, START, NEVER = 2_048, date(2025, 1, 1), "never"
BASE = WORLDS["base"]
CHANNELS = [channel.code for channel in BASE.channels]


def one_need_each(world: World) -> World:
    """The world without needs that follow orders: there, chance can be kept the same to the last draw."""
    return replace(world, rates=replace(world.rates, generations=1))


def without(world: World, channel: str) -> World:
    """The world in which a channel reaches nobody: everybody is kept from it, always."""
    never = Trial(NEVER, channel, "browsers", 1.0, "01-01", "12-31")
    return replace(world, trials=(*world.trials, never))


def lives(
    world: World, blocks: int, seed: int = 0, *, asked: bool = False
) -> Iterator[tuple[Scene, People, Block]]:
    where = scene(world, START, 12)
    always = np.array([trial.code == NEVER for trial in world.trials], dtype=bool)
    where = replace(where, weeks=where.weeks | always[:, None])  # the weeks before the first day as well
    for index in range(blocks):
        chance = stream(seed, index)
        crowd = people.draw(world, chance, BLOCK, START.year)
        yield where, crowd, simulate(where, crowd, chance, asked=asked)


def recorded(where: Scene, block: Block, scenario: Scenario) -> float:
    """Expected orders that a scenario has fewer than the year as it was."""
    assert block.answers is not None
    column = whatif.scenarios(where).index(scenario)
    return float((block.answers.orders[:, 0] - block.answers.orders[:, column]).sum())


def z_score(differences: list[float]) -> float:
    values = np.array(differences)
    return float(values.sum() / (values.std(ddof=1) * np.sqrt(len(values))))


# --- one need, by hand ---


@pytest.fixture(scope="module")
def small() -> tuple[Scene, Block]:
    where, _, block = next(lives(BASE, 1, asked=True))
    return where, block


@pytest.mark.slow
def test_orders_drawn_are_as_many_as_were_expected() -> None:
    gaps = [
        float(len(block.orders.person) - block.answers.orders[:, 0].sum())
        for _, _, block in lives(BASE, 12, asked=True)
        if block.answers is not None
    ]
    assert abs(z_score(gaps)) < 3.5


def test_no_channel_off_costs_more_than_all_of_them(small: tuple[Scene, Block]) -> None:
    where, block = small
    everything = recorded(where, block, Scenario("no_contacts"))
    for channel in range(len(CHANNELS)):
        assert -1e-9 <= recorded(where, block, Scenario("off", channel)) < everything


def test_a_pair_costs_no_less_than_either_and_no_more_than_both_where_they_do_not_help_each_other(
    small: tuple[Scene, Block],
) -> None:
    where, block = small
    helps = {frozenset(pair[:2]) for pair in BASE.synergies}
    for one, other in [("email", "sms"), ("facebook", "tiktok"), ("display", "affiliate")]:
        assert frozenset((one, other)) not in helps
        at = sorted((where.channel(one), where.channel(other)))
        alone = [recorded(where, block, Scenario("off", channel)) for channel in at]
        both = recorded(where, block, Scenario("pair_off", *at))
        assert max(alone) <= both + 1e-9


@pytest.mark.slow
def test_more_money_brings_less_than_less_money_loses() -> None:
    assert (LESS, MORE) == (0.8, 1.2)
    found = list(lives(BASE, 8, seed=3, asked=True))
    less, more, off = (
        sum(
            recorded(where, block, Scenario(kind, where.channel(code)))
            for where, _, block in found
            for code in ("facebook", "tiktok", "youtube", "zalo")
        )
        for kind in ("less", "more", "off")
    )
    assert 0 < -more < less < 0.35 * off


def test_an_unpaid_channel_has_no_budget_to_change(small: tuple[Scene, Block]) -> None:
    where, _ = small
    budgets = {scenario.first for scenario in whatif.scenarios(where) if scenario.kind == "more"}
    assert {CHANNELS[channel] for channel in set(range(len(CHANNELS))) - budgets} == {
        "organic_search",
        "direct",
    }


# --- the same lives again ---


@pytest.mark.slow
@pytest.mark.parametrize("code", ["facebook", "store", "email", "retargeting", "outdoor"])
def test_living_again_without_a_channel_loses_what_was_recorded(code: str) -> None:
    world = one_need_each(BASE)
    gaps, total = [], 0.0
    for seed in range(20):
        again = lives(without(world, code), 1, seed)
        for (where, _, block), (_, _, missing) in zip(lives(world, 1, seed, asked=True), again, strict=True):
            expected = recorded(where, block, Scenario("off", where.channel(code)))
            lost = len(block.orders.person) - len(missing.orders.person)
            gaps.append(lost - expected)
            total += expected
    assert abs(z_score(gaps)) < 3.5
    assert total > 5


@pytest.mark.slow
def test_what_follows_from_orders_is_counted_too() -> None:
    """With four needs out of ten following orders, and chance no longer the same after the first of them."""
    many = replace(BASE.rates, follow_ups=0.9)
    world = replace(BASE, rates=many)
    gaps, total, first = [], 0.0, 0.0
    for seed in range(20):
        again = lives(without(world, "facebook"), 2, seed)
        alone = lives(one_need_each(world), 2, seed, asked=True)
        both = zip(lives(world, 2, seed, asked=True), again, alone, strict=True)
        for (where, _, block), (_, _, missing), (_, _, single) in both:
            scenario = Scenario("off", where.channel("facebook"))
            expected = recorded(where, block, scenario)
            gaps.append(len(block.orders.person) - len(missing.orders.person) - expected)
            total += expected
            first += recorded(where, single, scenario)
    assert total > 1.3 * first
    assert abs(z_score(gaps)) < 3.5


@pytest.mark.slow
def test_living_again_without_the_faults_wins_what_was_recorded() -> None:
    world = one_need_each(BASE)
    unharmed = replace(world, faults=tuple(replace(fault, hit=0.0, puts_off=0.0) for fault in FAULTS))
    gaps, total = [], 0.0
    for seed in range(20):
        again = lives(unharmed, 2, seed)
        for (where, _, block), (_, _, better) in zip(lives(world, 2, seed, asked=True), again, strict=True):
            fixed = [recorded(where, block, Scenario("fixed", fault)) for fault in range(len(FAULTS))]
            gaps.append(len(better.orders.person) - len(block.orders.person) + sum(fixed))
            total -= sum(fixed)
    assert abs(z_score(gaps)) < 3.5
    assert total > 5


# --- selection ---


@dataclass(frozen=True)
class Study:
    """What an analyst who knew every need would have: contacts, outcomes, intent; and the true shares."""

    level: Floats
    seen: Floats
    intent: Floats
    ordered: Floats
    last: Floats
    true: Floats


def study(name: str, blocks: int) -> Study:
    """Needs of a world with how strongly each channel was felt, worked out here from events and dates."""
    world = WORLDS[name]
    half = np.array([channel.half_life for channel in world.channels])
    full = np.array([channel.full for channel in world.channels])
    parts, caused, last = [], np.zeros(len(CHANNELS)), np.zeros(len(CHANNELS))
    for where, _, block in lives(world, blocks, seed=7, asked=True):
        caused += [recorded(where, block, Scenario("off", channel)) for channel in range(len(CHANNELS))]
        # contacts that nobody recorded included: what is asked here is what intent hides, not what is missing
        needs, events = block.truth.needs, stacked([block.events, block.unseen])
        events = events.only(np.lexsort((events.time, events.person)))
        channel = where.kinds.channel[events.kind]
        touch = channel >= 0
        person, time, channel, need = (c[touch] for c in (events.person, events.time, channel, events.need))
        first, after = (
            np.searchsorted(person * 1e5 + time + 1e3, needs.person * 1e5 + needs.goal + 1e3 - days)
            for days in (world.rates.carry, 0.0)
        )
        row = spread(after - first)
        at = np.arange(len(row)) + np.repeat(
            first - np.cumsum(after - first) + (after - first), after - first
        )
        own = (need[at] == row) | (need[at] < 0)
        row, at = row[own], at[own]
        force = np.bincount(
            row * len(CHANNELS) + channel[at],
            0.5 ** ((needs.goal[row] - time[at]) / half[channel[at]]),
            len(needs.goal) * len(CHANNELS),
        ).reshape(-1, len(CHANNELS))
        inside = (needs.goal >= world.rates.carry) & (needs.goal < 365)
        sale = where.year.sale[where.year.place(needs.goal)]
        columns = (1 - np.exp(-force / full), np.column_stack([needs.known, sale]), block.truth.odds)
        parts.append([column[inside] for column in (*columns, block.truth.bought)])
        last += last_touch(person, time, channel, block)
    level, seen, intent, ordered = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Study(
        level, seen, intent[:, None], ordered.astype(float), last / last.sum(), caused / caused.sum()
    )


def last_touch(person: Ints, time: Floats, channel: Ints, block: Block) -> Floats:
    orders = block.orders
    before = np.searchsorted(person * 1e5 + time, orders.person * 1e5 + orders.time) - 1
    met = (before >= 0) & (person[before] == orders.person) & (orders.time - time[before] < 30)
    return np.bincount(channel[before[met]], minlength=len(CHANNELS)).astype(float)


def logistic(columns: Floats, ordered: Floats) -> Floats:
    """Coefficients of a plain logistic regression, by Newton's method with steps that never go downhill."""
    spreads = columns.std(axis=0)
    scaled = np.column_stack([np.ones(len(ordered)), (columns - columns.mean(axis=0)) / spreads])

    def likelihood(coefficients: Floats) -> float:
        odds = scaled @ coefficients
        return float((ordered * odds - np.logaddexp(0, odds)).sum())

    found = np.zeros(scaled.shape[1])
    found[0] = np.log(ordered.mean() / (1 - ordered.mean()))
    for _ in range(50):
        chance = 1 / (1 + np.exp(-scaled @ found))
        curvature = (scaled * (chance * (1 - chance))[:, None]).T @ scaled
        slope = scaled.T @ (ordered - chance)
        step = np.linalg.solve(curvature, slope)
        while likelihood(found + step) < likelihood(found):
            step /= 2
        found += step
        if slope @ step < 1e-8:
            break
    slopes: Floats = found[1:] / spreads
    return np.r_[found[0] - slopes @ columns.mean(axis=0), slopes]


def removal_shares(given: Floats, level: Floats, ordered: Floats) -> Floats:
    """Share of each channel in the orders that the regression says would be lost without it."""
    columns = np.column_stack([given, level])
    found = logistic(columns, ordered)
    odds = found[0] + columns @ found[1:]
    effect = level * found[1 + given.shape[1] :]
    chance = 1 / (1 + np.exp(-odds))
    lost = [(chance - 1 / (1 + np.exp(-(odds - effect[:, c])))).sum() for c in range(level.shape[1])]
    return np.maximum(lost, 0) / np.maximum(lost, 0).sum()


def misplaced(shares: Floats, true: Floats) -> float:
    """Part of the credit that stands at the wrong channel: half the sum of absolute differences."""
    return float(np.abs(shares - true).sum() / 2)


@pytest.mark.slow
def test_selection_fools_last_touch_and_a_regression_but_not_one_that_knows_the_intent() -> None:
    found = study("strong_selection", 120)
    assert misplaced(found.last, found.true) >= 0.40
    assert misplaced(removal_shares(found.seen, found.level, found.ordered), found.true) >= 0.20
    assert misplaced(removal_shares(found.intent, found.level, found.ordered), found.true) <= 0.06


@pytest.mark.slow
def test_without_selection_a_regression_needs_no_knowledge_of_the_intent() -> None:
    found = study("no_selection", 120)
    blind = misplaced(removal_shares(found.seen, found.level, found.ordered), found.true)
    knowing = misplaced(removal_shares(found.intent, found.level, found.ordered), found.true)
    assert misplaced(found.last, found.true) < 0.35
    assert blind <= 0.10
    assert blind - knowing <= 0.03
