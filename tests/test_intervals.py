"""The small pieces of statistics that everything else stands on, beside those of scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from journey_lib import intervals, survival
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
    # at 5% of eight: the limits are 0.00625, 0.0125, 0.01875, …
    assert intervals.discoveries(chance, 0.05).tolist() == [True, True] + [False] * 6


def test_nothing_is_discovered_where_nothing_was_compared() -> None:
    assert not intervals.discoveries(np.array([]), 0.05).size
    assert not intervals.discoveries(np.array([np.nan]), 0.05).any()
    assert not intervals.discoveries(np.array([0.2, 0.9]), 0.05).any()


# --- Time until something happens ---------------------------------------------------------------------------

# Weeks of remission of 21 patients on 6-mercaptopurine (Freireich and others 1963); + is still in remission.
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"


def test_the_curve_of_a_published_trial() -> None:
    events, censored = np.zeros(36), np.zeros(36)
    for week in REMISSION.split():
        (censored if week.endswith("+") else events)[int(week.rstrip("+"))] += 1
    curve = survival.kaplan_meier(events, censored)
    left = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    assert {week: round(1 - float(curve.happened[week]), 4) for week in left} == left
    assert {week: int(curve.at_risk[week]) for week in left} == {
        6: 21,
        7: 17,
        10: 15,
        13: 12,
        16: 11,
        22: 7,
        23: 6,
    }
    # the log-log interval at 10 weeks as survival packages print it
    assert 1 - curve.high[10] == pytest.approx(0.5032, abs=5e-4)
    assert 1 - curve.low[10] == pytest.approx(0.8894, abs=5e-4)
    assert survival.reached(survival.by_day(events, censored), 0.5) == 23


def test_without_anybody_censored_the_curve_is_the_part_it_has_happened_to() -> None:
    table = survival.by_day(np.array([0, 3, 0, 1]), np.zeros(4))
    assert table["share"].tolist() == pytest.approx([0, 0.75, 0.75, 1])
    assert table["customers"].tolist() == [0, 3, 3, 4]
    assert survival.reached(table, 0.9) == 3


def test_nothing_is_said_after_the_last_person_at_risk() -> None:
    curve = survival.kaplan_meier(np.array([1, 0, 0]), np.array([0, 2, 0]))
    assert curve.at_risk.tolist() == [3, 2, 0]
    assert np.isnan(curve.happened[2])
    table = survival.by_day(np.array([1, 0, 0]), np.array([0, 2, 0]))
    assert table["day"].tolist() == [0, 1]
    assert np.isnan(survival.reached(table, 0.9))


# --- Two proportions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_difference_of_two_proportions_is_that_of_newcombes_table(first, second, low, high) -> None:
    """Newcombe (1998), table II, the eight examples by method 10."""
    found = intervals.difference(*first, *second)
    assert found == pytest.approx((first[0] / first[1] - second[0] / second[1], low, high), abs=5e-5)
    turned = intervals.difference(*second, *first)
    assert turned == pytest.approx((-found[0], -found[2], -found[1]))


def test_a_difference_from_nothing_is_unknown() -> None:
    assert np.isnan(intervals.difference(1, 2, 0, 0)).all()


def hall(x: np.ndarray, t: float) -> float:
    """Hall's cubic transformation of a studentised mean, as he writes it."""
    n, a = len(x), stats.skew(x) * (np.std(x) / np.std(x, ddof=1)) ** 3
    return t + a * t**2 / (3 * n**0.5) + a**2 * t**3 / (27 * n) + a / (6 * n**0.5)


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_of_a_mean_is_where_halls_transformation_reaches_the_quantile_of_t(seed: int) -> None:
    x = np.random.default_rng(seed).lognormal(0, 1, 25)
    error = x.std(ddof=1) / np.sqrt(len(x))
    low, high = intervals.mean_interval(x)
    assert hall(x, (x.mean() - low) / error) == pytest.approx(stats.t.ppf(0.975, 24))
    assert hall(x, (x.mean() - high) / error) == pytest.approx(stats.t.ppf(0.025, 24))
    assert intervals.mean_interval(x[::-1]) == (low, high)


def test_the_interval_of_a_mean_of_symmetric_numbers_is_students() -> None:
    x = np.arange(11.0)
    usual = stats.t.interval(0.95, 10, loc=x.mean(), scale=stats.sem(x))
    assert intervals.mean_interval(x) == pytest.approx(usual)


def test_where_all_are_equal_only_bounds_leave_an_interval() -> None:
    fives = np.full(12, 5.0)
    assert np.isnan(intervals.mean_interval(fives)).all()
    assert intervals.mean_interval(fives, 1, 5) == (4.0, 5.0)  # three of twelve may have said 1
    assert np.isnan(intervals.mean_interval(np.array([1.0]), 0, 1)).all()


def covered(draw, mean: float, n: int, *, times: int = 600) -> float:
    rng = np.random.default_rng(20)
    ends = [intervals.mean_interval(draw(rng, n), 0.0) for _ in range(times)]
    return float(np.mean([low <= mean <= high for low, high in ends]))


@pytest.mark.parametrize(
    ("draw", "mean", "n", "least", "most"),
    [
        # what people spend: a normal interval has .83, .80 and .56 of these
        (lambda rng, n: rng.lognormal(0, 1, n), np.exp(0.5), 12, 0.88, 1),
        (lambda rng, n: rng.lognormal(0, 1, n) * (rng.random(n) < 0.4), 0.4 * np.exp(0.5), 12, 0.9, 1),
        # of twelve people with this much skewness nothing is known well: the card says that few bring most
        (lambda rng, n: rng.lognormal(0, 2, n), np.exp(2), 12, 0.73, 0.85),
        (lambda rng, n: rng.normal(10, 2, n), 10, 12, 0.925, 0.975),
        (lambda rng, n: rng.exponential(1, n), 1, 100, 0.925, 0.975),
    ],
)
def test_the_interval_of_a_mean_covers_it_about_as_often_as_docs_say(draw, mean, n, least, most) -> None:
    assert least <= covered(draw, mean, n) <= most


def test_few_carry_a_sum_when_one_of_them_has_nearly_all_of_it() -> None:
    assert intervals.carriers(np.ones(40)) == 40
    assert intervals.carriers(np.r_[np.ones(39), 1e6]) == pytest.approx(1, abs=1e-3)
    assert np.isnan(intervals.carriers(np.zeros(3)))


def test_where_few_carry_the_variance_the_interval_is_that_of_few() -> None:
    half = np.r_[np.ones(10), np.zeros(10)]  # 2 / (1/10 - 1/20) degrees of freedom
    assert intervals.carried(half) == pytest.approx(stats.t.ppf(0.975, 40))
    many = np.random.default_rng(0).normal(size=20_000)  # of a normal's variance, as many as there are
    assert intervals.carried(many) == pytest.approx(stats.t.ppf(0.975, 20_000), abs=1e-4)
    assert intervals.carried(np.r_[np.ones(39), 1e6]) == pytest.approx(stats.t.ppf(0.975, 2 / (1 - 1 / 40)))
    assert intervals.carried(np.ones(9)) == intervals.Z
    assert intervals.carried(np.zeros(3)) == intervals.Z
    share, variance = np.array([0.3]), np.array([0.01])
    usual, wide = (intervals.share_interval(share, variance, 50, z=z) for z in (intervals.Z, 4.0))
    assert wide[0] < usual[0] < usual[1] < wide[1]
