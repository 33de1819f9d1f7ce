"""Worked examples that others published: our answers must be theirs, or the exact figure theirs approximates.

Each test names its source. Only the figures are taken, and each can be checked by hand. The product and the
plain-Python twin are both held to the published number, so neither can drift along with the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import twins
from tables import column_of, credits_of, expected_paths, path_table, rows, steps_of, touches
from twins import DAY, Credit

import journey_lib as jl


def both(paths: str, model: str, *, column: str = "conversions", **options: Any) -> list[dict[str, float]]:
    """What the product and its twin answer to one path table."""
    lines = expected_paths(paths)
    product = credits_of(jl.attribution.credit(path_table(lines), model, **options))
    if model == "markov":
        twin = twins.markov(lines, options.get("order", 1))[1]
    elif model == "shapley":
        twin = twins.shapley(lines)
    else:
        rule: Callable[..., Any] = twins.RULES[model]
        twin = twins.credit_by_rule(lines, lambda path: rule(path, **options))
    return [_column(product, column), _column(twin, column)]


def both_decayed(log: str, *, half_life: str = "7d", column: str = "conversions") -> list[dict[str, float]]:
    product = credits_of(
        jl.attribution.credit(touches(log), "time_decay", half_life=half_life, lookback=None)
    )
    unit = {"d": DAY, "h": DAY // 24}[half_life[-1]]
    twin = twins.time_decay(twins.cut(rows(log)), int(half_life[:-1]) * unit)
    return [_column(product, column), _column(twin, column)]


def _column(credit: Credit, column: str) -> dict[str, float]:
    place = ["conversions", "value"].index(column)
    return {channel: float(figures[place]) for channel, figures in credit.items()}


def exactly(figures: dict[str, float]) -> Any:
    return pytest.approx(figures, abs=1e-9)


def rounded(figures: dict[str, float], to: float) -> Any:
    """Published figures are rounded: ours may differ by half of their last digit."""
    return pytest.approx(figures, abs=to / 2 + 1e-9)


# --- Markov chains ------------------------------------------------------------------------------------------


BRYL = """
    path         | conversions | value | nulls
    C1 > C2 > C3 | 1           | 1000  | 0
    C1           | 0           | 0     | 1
    C2 > C3      | 0           | 0     | 1
    """


def test_bryl_three_journeys_of_which_one_converts():
    """Sergey Bryl', Marketing multi-channel attribution model with R, part 1 (2016).

    https://analyzecore.com/2016/08/03/attribution-model-r-part-1/ ; the figures per channel are also in the
    tests of JesseCastro/markovattribution and the readme of jerednel/markov-chain-attribution on GitHub.
    The method is that of Anderl, Becker, von Wangenheim and Schumann, Mapping the customer journey (2016).
    """
    for found in both(BRYL, "markov"):
        assert found == exactly({"C1": 0.2, "C2": 0.4, "C3": 0.4})
    for found in both(BRYL, "markov", column="value"):
        assert found == exactly({"C1": 200, "C2": 400, "C3": 400})
    for found in both(BRYL, "last"):
        assert found == exactly({"C1": 0, "C2": 0, "C3": 1})
    effects = column_of(jl.attribution.credit(path_table(BRYL), "markov"), "removal_effect")
    assert effects == exactly({"C1": 0.5, "C2": 1, "C3": 1})


def test_bryl_probabilities_of_each_step():
    """The transition matrix of the same article, also in the tests of jerednel/markov-chain-attribution."""
    table = jl.journeys.transitions(path_table(BRYL)).table
    shares = dict(zip(zip(table["from"], table["to"], strict=True), table["share"], strict=True))
    assert shares == exactly(
        {
            ("(start)", "C1"): 2 / 3,
            ("(start)", "C2"): 1 / 3,
            ("C1", "C2"): 1 / 2,
            ("C1", "(null)"): 1 / 2,
            ("C2", "C3"): 1,
            ("C3", "(conversion)"): 1 / 2,
            ("C3", "(null)"): 1 / 2,
        }
    )


PUZYROV = """
    path                 | conversions | nulls
    google ads           | 2           | 1
    mailing              | 1           | 0
    google ads > mailing | 1           | 0
    """


def test_puzyrov_search_and_mailing():
    """Serhii Puzyrov, Markov chain attribution: simple explanation of removal effect (2019).

    https://serhiipuzyrov.com/2019/07/markov-chain-attribution-simple-explanation-of-removal-effect
    The counts and step probabilities are his; from them P = 0.8, 0.2 without search and 0.4 without mailing.
    """
    paths = path_table(PUZYROV)
    assert steps_of(jl.journeys.transitions(paths)) == {
        ("(start)", "google ads"): 4,
        ("(start)", "mailing"): 1,
        ("google ads", "(conversion)"): 2,
        ("google ads", "mailing"): 1,
        ("google ads", "(null)"): 1,
        ("mailing", "(conversion)"): 2,
    }
    effects = column_of(jl.attribution.credit(paths, "markov"), "removal_effect")
    assert effects == exactly({"google ads": 0.75, "mailing": 0.5})
    for found in both(PUZYROV, "markov"):
        assert found == exactly({"google ads": 2.4, "mailing": 1.6})


def test_pychattr_loops_whose_simulation_comes_near_the_exact_answer():
    """Readme of github.com/jmwoloso/pychattr: 10 000 simulated walks give A 1.991, B 1.009.

    Exactly: every walk meets A; without B half of them still convert. So 2 and 1.
    """
    loops = """
        path                  | conversions
        A > B > A > B > B > A | 1
        A > B > B > A > A     | 1
        A > A                 | 1
        """
    for found in both(loops, "markov"):
        assert found == exactly({"A": 2, "B": 1})
        assert found == pytest.approx({"A": 1.991106, "B": 1.008894}, abs=0.01)


def test_bryl_repeats_of_a_channel_change_the_matrix_and_not_the_removal_effect():
    """Sergey Bryl', part 2 of the same series (2017), quoted and doubted at
    https://stats.stackexchange.com/questions/381305/markov-chain-and-removal-effect : C1 > C2 > C2 > C2 > C3
    may be reduced to C1 > C2 > C3 when the chain has one step of memory.
    """
    others = "\nC1 | 1 | 2\nC2 | 1 | 1\nC3 > C1 | 2 | 1"
    long = "path | conversions | nulls\nC1 > C2 > C2 > C2 > C3 | 3 | 1" + others
    short = "path | conversions | nulls\nC1 > C2 > C3 | 3 | 1" + others
    found = [
        column_of(jl.attribution.credit(path_table(text), "markov"), "removal_effect")
        for text in (long, short)
    ]
    assert found[0] == exactly(found[1])
    assert ("C2", "C2") in steps_of(jl.journeys.transitions(path_table(long)))


# --- Shapley values -----------------------------------------------------------------------------------------


def test_towards_data_science_three_channels_in_seven_coalitions():
    """Data-driven marketing attribution, towardsdatascience.com (1a28d2e613a0), worked in
    github.com/tomgorb/misc, "Data Driven Attribution": shares of conversions by exact set of channels
    F .20, O .10, L .17, FO .17, FL .30, FOL .06 give F .455, O .205, L .340.
    """
    counts = """
        path      | conversions
        F         | 20
        O         | 10
        L         | 17
        O > F     | 17
        L > F     | 30
        F > O > L | 6
        """
    for found in both(counts, "shapley"):
        assert found == exactly({"F": 45.5, "O": 20.5, "L": 34.0})


def test_mta_shapley_of_a_channel_alone_and_together():
    """Tests of github.com/eeghor/mta (test_shapley.py): a alone 4, a and b 6; four channels of one path."""
    for found in both("path | conversions\na | 4\na > b | 6", "shapley"):
        assert found == exactly({"a": 7, "b": 3})
    for found in both("path | conversions\na > b > c > d | 10", "shapley"):
        assert found == exactly({"a": 2.5, "b": 2.5, "c": 2.5, "d": 2.5})


# --- Rules --------------------------------------------------------------------------------------------------


MTA = """
    path                    | conversions | nulls
    direct                  | 2           | 1
    search > email          | 3           | 2
    search > social > email | 5           | 4
    """


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first", {"direct": 2, "search": 8, "email": 0, "social": 0}),
        ("last", {"direct": 2, "email": 8, "search": 0, "social": 0}),
        ("linear", {"direct": 2, "search": 19 / 6, "email": 19 / 6, "social": 5 / 3}),
        ("position", {"direct": 2, "search": 3.5, "email": 3.5, "social": 1}),
    ],
)
def test_mta_rules_on_three_paths(model, expected):
    """Tests of github.com/eeghor/mta (test_heuristic_models.py and conftest.py)."""
    for found in both(MTA, model):
        assert found == exactly(expected) or found == exactly({k: v for k, v in expected.items() if v})


def test_mta_linear_counts_repeats_and_position_renormalises_two_touches():
    """Tests of eeghor/mta (test_heuristic_models.py): a > a > b shares 6 as 4 and 2; x > y 10 by 30/70."""
    for found in both("path | conversions\na > a > b | 6", "linear"):
        assert found == exactly({"a": 4, "b": 2})
    for found in both("path | conversions\nx > y | 10", "position", weights=(0.3, 0.0, 0.7)):
        assert found == exactly({"x": 3, "y": 7})


def test_dp6_linear_and_position_on_two_journeys():
    """Tests of github.com/DP6/Marketing-Attribution-Models (test_heuristics.py): A > B > C and A > C."""
    journeys = "path | conversions\nA > B > C | 1\nA > C | 1"
    for found in both(journeys, "linear"):
        assert found == exactly({"A": 5 / 6, "B": 1 / 3, "C": 5 / 6})
    for found in both(journeys, "position"):
        assert found == exactly({"A": 0.9, "B": 0.2, "C": 0.9})


@pytest.mark.parametrize(
    ("model", "expected"),
    [("linear", [0.2] * 5), ("position", [0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3, 0.4])],
)
def test_matomo_and_google_ads_five_visits(model, expected):
    """Matomo FAQ 25500: of five visits each gets 20%, or first and last 40% and the rest share 20%.

    https://matomo.org/faq/multi-channel-conversion-attribution/faq_25500 ; the position-based model is the
    same in the Google Ads API, AttributionModelEnum.
    """
    for found in both("path | conversions\nA > B > C > D > E | 1", model):
        assert found == exactly(dict(zip("ABCDE", expected, strict=True)))


# --- Time decay ---------------------------------------------------------------------------------------------


def test_google_eight_days_before_counts_half_of_one_day_before():
    """Google Ads help, About attribution models (support.google.com/google-ads/answer/6259715).

    With the 7-day half-life an interaction 8 days before a conversion gets half the credit of one 1 day
    before. The Google Ads API, AttributionModelEnum, has the same half-life of one week.
    """
    log = """
        who | when        | channel  | sale
        an  | 01-01 12:00 | eight    |
        an  | 01-08 12:00 | one      |
        an  | 01-09 12:00 |          | 1
        """
    for found in both_decayed(log):
        assert found["one"] == pytest.approx(2 * found["eight"], rel=1e-12)


def test_vermorel_weights_at_none_one_two_and_three_half_lives():
    """Adrienne Vermorel, Time-decay attribution model: weights 1, 0.5, 0.25, 0.125 on days 0, 7, 14, 21.

    https://adriennevermorel.com/notes/time-decay-attribution-model/
    """
    log = """
        who | when        | channel | sale
        an  | 01-01 12:00 | day 21  |
        an  | 01-08 12:00 | day 14  |
        an  | 01-15 12:00 | day 7   |
        an  | 01-22 12:00 | day 0   | 1
        """
    weights = {"day 0": 1, "day 7": 0.5, "day 14": 0.25, "day 21": 0.125}
    for found in both_decayed(log):
        assert found == exactly({day: weight / 1.875 for day, weight in weights.items()})


def test_dp6_one_hour_half_life():
    """Tests of DP6/Marketing-Attribution-Models (test_heuristics.py): touches 2, 1 and 0 hours before."""
    log = """
        who | when        | channel | sale
        u1  | 01-01 01:00 | A       |
        u1  | 01-01 02:00 | B       |
        u1  | 01-01 03:00 | C       | 1
        """
    for found in both_decayed(log, half_life="1h"):
        assert found == exactly({"A": 0.25 / 1.75, "B": 0.5 / 1.75, "C": 1 / 1.75})


def test_calcbee_six_touches_every_six_days():
    """calcbee.com, Time-decay attribution calculator: $20,000, touches 30, 24 ... 0 days before, 7 days."""
    log = """
        who | when        | channel | sale
        an  | 01-01 12:00 | TP1     |
        an  | 01-07 12:00 | TP2     |
        an  | 01-13 12:00 | TP3     |
        an  | 01-19 12:00 | TP4     |
        an  | 01-25 12:00 | TP5     |
        an  | 01-31 12:00 | TP6     | 20000
        """
    published = {"TP1": 472.72, "TP2": 856.31, "TP3": 1551.16, "TP4": 2809.85, "TP5": 5089.89, "TP6": 9220.07}
    for found in both_decayed(log, column="value"):
        assert found == rounded(published, to=0.01)


# --- One journey, every rule --------------------------------------------------------------------------------


DEAL = """
    who   | when        | channel     | sale
    buyer | 01-01 12:00 | paid social |
    buyer | 01-06 12:00 | organic     |
    buyer | 01-13 12:00 | paid social |
    buyer | 01-31 12:00 | paid search |
    buyer | 02-08 12:00 | direct      | 12000
    """


@pytest.mark.parametrize(
    ("model", "published", "to"),
    [
        ("first", {"paid social": 12000, "organic": 0, "paid search": 0, "direct": 0}, 0),
        ("last", {"paid social": 0, "organic": 0, "paid search": 0, "direct": 12000}, 0),
        ("last_non_direct", {"paid social": 0, "organic": 0, "paid search": 12000, "direct": 0}, 0),
        ("linear", {"paid social": 4800, "organic": 2400, "paid search": 2400, "direct": 2400}, 0),
        ("position", {"paid social": 5600, "organic": 800, "paid search": 800, "direct": 4800}, 0),
        # Published to the nearest 5 dollars: 175 + 575, 290, 3 415, 7 545.
        ("time_decay", {"paid social": 750, "organic": 290, "paid search": 3415, "direct": 7545}, 6),
    ],
)
def test_haines_one_deal_scored_six_ways(model, published, to):
    """Corey Haines, Attribution models: the math, worked (github.com/coreyhaines31/marketingskills).

    A deal of $12,000 after touches on days 0, 5, 12, 30 and 38; half-life 7 days; position 40/20/40.
    """
    result = jl.attribution.credit(touches(DEAL), model, lookback=None)
    assert column_of(result, "value") == rounded(published, to=to)
