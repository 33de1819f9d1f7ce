"""The 95% interval of a share says how far it would move had other customers come: resampling must agree.

The yardstick is the bootstrap, by brute force: draw as many journeys (of a path table) or customers (of a
log) with replacement, credit again with the twins, look how much the shares vary.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import twins
from tables import column_of, expected_paths, path_table, touches
from twins import DAY, NO_TOUCH, Path, Row

import journey_lib as jl

DRAWS = 400  # the standard deviation of so many draws is itself known to 3.5%
NEW_YEAR = 20_089 * DAY  # 2025-01-01
Shares = dict[str, float]

TABLE = """
    path      | conversions | nulls
    A > B     | 60          | 200
    A         | 40          | 500
    B > C     | 30          | 100
    C > A > B | 25          | 80
    C         | 20          | 300
    ()        | 30          | 0
    """


def half_widths(result: Any) -> Shares:
    low, high = column_of(result, "low"), column_of(result, "high")
    return {channel: (high[channel] - low[channel]) / 2 for channel in low}


def spread(draws: list[Shares]) -> Shares:
    channels = {channel for draw in draws for channel in draw}
    return {c: 1.96 * statistics.stdev(draw.get(c, 0.0) for draw in draws) for c in channels}


def shares_by_rule(lines: list[Path], rule: Callable[..., Any]) -> Shares:
    total = sum(line.conversions for line in lines)
    credit = twins.credit_by_rule(lines, rule)
    return {channel: float(conversions) / total for channel, (conversions, _) in credit.items()}


def shares_by_chain(lines: list[Path]) -> Shares:
    total = sum(line.conversions for line in lines)
    untouched = sum(line.conversions for line in lines if not line.path) / total
    baseline = twins.walk_to_convert(lines)
    effects = {c: 1 - twins.walk_to_convert(lines, without=c) / baseline for c in "ABC"}
    together = sum(effects.values())
    return {c: (1 - untouched) * effect / together for c, effect in effects.items()} | {NO_TOUCH: untouched}


def resampling(lines: list[Path], seed: int) -> Callable[[], list[Path]]:
    """Draws as many journeys as there are, with replacement, and counts them as paths again."""
    journeys = [
        (place, converted)
        for place, line in enumerate(lines)
        for converted, count in ((True, line.conversions), (False, line.nulls))
        for _ in range(count)
    ]
    pick = random.Random(seed)  # noqa: S311

    def draw() -> list[Path]:
        drawn = Counter(pick.choices(journeys, k=len(journeys)))
        return [Path(line.path, drawn[n, True], 0, drawn[n, False]) for n, line in enumerate(lines)]

    return draw


@pytest.mark.parametrize("model", ["last", "linear", "shapley", "markov"])
def test_the_interval_of_a_path_table_is_as_wide_as_resampling_its_journeys_says(model):
    lines = expected_paths(TABLE)
    resampled = resampling(lines, seed=1)

    def draw() -> Shares:
        sample = resampled()
        return shares_by_chain(sample) if model == "markov" else shares_by_rule(sample, twins.RULES[model])

    result = jl.attribution.credit(path_table(lines), model)
    assert half_widths(result) == pytest.approx(spread([draw() for _ in range(DRAWS)]), rel=0.15)


def test_the_interval_of_a_removal_effect_is_as_wide_as_resampling_the_journeys_says():
    lines = expected_paths(TABLE)
    resampled = resampling(lines, seed=3)

    def draw() -> Shares:
        sample = resampled()
        whole = twins.walk_to_convert(sample)
        return {c: float(1 - twins.walk_to_convert(sample, without=c) / whole) for c in "ABC"}

    result = jl.attribution.removal_effects(path_table(lines))
    assert half_widths(result) == pytest.approx(spread([draw() for _ in range(DRAWS)]), rel=0.15)


def customers_who_return(times: int) -> dict[str, list[tuple[str, ...]]]:
    """600 customers; each has one habit and follows it `times` times, buying every time or never."""
    pick = random.Random(2)  # noqa: S311
    habits = [("A",), ("A", "B"), ("B", "C"), ("C",), ()]
    return {f"c{n}": [pick.choice(habits)] * times if pick.random() < 0.5 else [] for n in range(600)}


@pytest.mark.parametrize("model", ["last", "linear", "shapley"])
def test_the_interval_of_a_log_is_as_wide_as_resampling_its_customers_says(model):
    """
    Four purchases of one customer are one opinion, not four: the interval is twice as wide as that of as many
    purchases by strangers, for every row, that of the purchases without a touch included.
    """
    buyers = customers_who_return(times=4)
    log = [
        row
        for customer, paths in buyers.items()
        for visit, path in enumerate(paths)
        for row in purchase(customer, NEW_YEAR + visit * 40 * DAY, path)
    ]
    pick = random.Random(3)  # noqa: S311

    def draw() -> Shares:
        drawn = pick.choices(list(buyers.values()), k=len(buyers))
        counted = Counter(path for paths in drawn for path in paths)
        return shares_by_rule([Path(path, count) for path, count in counted.items()], twins.RULES[model])

    result = jl.attribution.credit(touches(log), model, lookback="10d")
    assert half_widths(result) == pytest.approx(spread([draw() for _ in range(DRAWS)]), rel=0.2)


def purchase(customer: str, start: int, path: tuple[str, ...]) -> list[Row]:
    visits = [Row(customer, start + day * DAY, channel, conversion=False) for day, channel in enumerate(path)]
    return [*visits, Row(customer, start + 5 * DAY, None, conversion=True, value=1)]


@pytest.mark.parametrize(("times", "conversions"), [(1, 27), (7, 27), (6, 7)])
def test_a_channel_that_has_everything_is_not_doubted_for_a_rounding_error(times, conversions):
    """Seven sevenths are 0.9999999999999999 to a computer; the interval must not leap to 0 to 1 for that."""
    result = jl.attribution.credit(path_table([Path(("A",) * times, conversions)]), "linear")
    assert column_of(result, "low")["A"] > 0.5
