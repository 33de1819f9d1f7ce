"""The small pieces of statistics that everything else stands on, beside those of scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from journey_lib import intervals
from journey_lib.health import days


def test_chances_are_those_of_the_normal_distribution() -> None:
    z = np.array([-40.0, -1.96, 0.0, 0.5, 1.96, 8.0])
    assert intervals.two_sided(z) == pytest.approx(2 * stats.norm.sf(np.abs(z)), rel=1e-12)
    assert pytest.approx(stats.chi2.median(1), rel=1e-14) == days.HALFWAY


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_discoveries_are_those_of_benjamini_and_hochberg(rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    chance = np.r_[rng.random(200), rng.random(40) ** 6]
    chance[:10] = chance[10:20]  # ties
    found = intervals.discoveries(chance, rate)
    assert found.tolist() == (stats.false_discovery_control(chance) <= rate).tolist()
    holes = np.r_[np.nan, chance, np.nan]
    assert intervals.discoveries(holes, rate).tolist() == [False, *found, False]


def test_the_limits_of_discovery_by_hand() -> None:
    chance = np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205])
    # at 5 % of eight: the limits are 0.00625, 0.0125, 0.01875, …
    assert intervals.discoveries(chance, 0.05).tolist() == [True, True] + [False] * 6


def test_nothing_is_discovered_where_nothing_was_compared() -> None:
    assert not intervals.discoveries(np.array([]), 0.05).size
    assert not intervals.discoveries(np.array([np.nan]), 0.05).any()
    assert not intervals.discoveries(np.array([0.2, 0.9]), 0.05).any()
