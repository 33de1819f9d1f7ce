"""What each attribution model answers, one idea per test; figures small enough to check by hand."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import pytest
from tables import about, column_of, conversions, conversions_of, credits_of, path_table, touches

import journey_lib as jl
from journey_lib.errors import JourneyError

ALL = ["first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "shapley"]
WITHOUT_CLOCK = [model for model in ALL if model != "time_decay"]


# --- Rules --------------------------------------------------------------------------------------------------


JOURNEY = """
    path                                       | conversions
    direct > email > search > email > direct   | 1
    """


def test_first_gives_all_to_the_first_touch():
    assert conversions(JOURNEY, "first") == about({"direct": 1, "email": 0, "search": 0})


def test_last_gives_all_to_the_last_touch():
    assert conversions(JOURNEY, "last") == about({"direct": 1, "email": 0, "search": 0})


def test_last_non_direct_gives_all_to_the_last_touch_that_is_not_direct():
    assert conversions(JOURNEY, "last_non_direct") == about({"direct": 0, "email": 1, "search": 0})


def test_last_non_direct_gives_direct_its_due_when_there_is_nothing_else():
    assert conversions("path | conversions\ndirect > direct | 1", "last_non_direct") == about({"direct": 1})


def test_linear_gives_every_touch_the_same_so_repeats_count():
    assert conversions(JOURNEY, "linear") == about({"direct": 0.4, "email": 0.4, "search": 0.2})


def test_shapley_gives_every_distinct_channel_the_same_so_repeats_do_not_count():
    third = 1 / 3
    assert conversions(JOURNEY, "shapley") == about({"direct": third, "email": third, "search": third})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("A", {"A": 1.0}),
        ("A > B", {"A": 0.5, "B": 0.5}),
        ("A > B > C", {"A": 0.4, "B": 0.2, "C": 0.4}),
        ("A > B > C > D", {"A": 0.4, "B": 0.1, "C": 0.1, "D": 0.4}),
        ("A > B > A", {"A": 0.8, "B": 0.2}),
    ],
)
def test_position_favours_the_two_ends(path, expected):
    assert conversions(f"path | conversions\n{path} | 1", "position") == about(expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("A", {"A": 1.0}),
        ("A > B", {"A": 0.25, "B": 0.75}),
        ("A > B > C > D", {"A": 0.2, "B": 0.1, "C": 0.1, "D": 0.6}),
    ],
)
def test_position_takes_other_weights_and_without_a_middle_renormalises_the_ends(path, expected):
    found = conversions(f"path | conversions\n{path} | 1", "position", weights=(0.2, 0.2, 0.6))
    assert found == about(expected)


def test_value_follows_the_journeys_that_brought_it():
    result = jl.attribution.credit(
        path_table(
            """
            path  | conversions | value
            A > B | 2           | 100
            B     | 1           | 500
            """
        ),
        "linear",
    )
    assert credits_of(result) == {"A": pytest.approx((1, 50)), "B": pytest.approx((2, 550))}


# --- Time decay ---------------------------------------------------------------------------------------------


def decayed(log: str, **options: Any) -> dict[str, float]:
    options = {"half_life": "7d", "lookback": None} | options
    return conversions_of(jl.attribution.credit(touches(log), "time_decay", **options))


def test_a_touch_one_half_life_older_weighs_half():
    assert decayed(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-08 08:00 | zalo    |
        an  | 01-15 08:00 | store   | 10
        """
    ) == about({"email": 1 / 7, "zalo": 2 / 7, "store": 4 / 7})


def test_only_the_distance_between_touches_matters_within_a_journey():
    """The sale is a month after the last touch: both weights shrink alike, their ratio stays."""
    assert decayed(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-08 08:00 | zalo    |
        an  | 02-08 08:00 |         | 10
        """
    ) == about({"email": 1 / 3, "zalo": 2 / 3})


def test_touches_hundreds_of_thousands_of_half_lives_old_still_share_the_whole_conversion():
    """2^-500000 is zero to a computer; the newest touch must get it all, not NaN."""
    assert decayed(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-08 08:00 | zalo    |
        an  | 12-31 08:00 |         | 10
        """,
        half_life="1m",
    ) == about({"email": 0, "zalo": 1})


def test_touches_at_one_instant_decay_alike():
    assert decayed(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-01 08:00 | zalo    |
        an  | 01-09 08:00 |         | 10
        """
    ) == about({"email": 0.5, "zalo": 0.5})


def test_every_conversion_is_shared_out_on_its_own():
    assert decayed(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-08 08:00 | zalo    | 10
        binh | 01-01 08:00 | email   | 10
        """
    ) == about({"email": 1 / 3 + 1, "zalo": 2 / 3})


def test_the_half_life_is_seven_days_unless_said_otherwise():
    log = touches(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-08 08:00 | zalo    | 10
        """
    )
    assert conversions_of(jl.attribution.credit(log, "time_decay", lookback=None)) == about(
        {"email": 1 / 3, "zalo": 2 / 3}
    )


def test_a_collapsed_run_is_as_old_as_its_last_touch():
    assert decayed(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-08 08:00 | email   |
        an  | 01-15 08:00 | zalo    | 10
        """,
        repeats="collapse",
    ) == about({"email": 1 / 3, "zalo": 2 / 3})


def test_time_decay_needs_clock_time_and_says_so():
    with pytest.raises(JourneyError, match="time"):
        jl.attribution.credit(path_table(JOURNEY), "time_decay")


# --- Conversions that no touch led to -----------------------------------------------------------------------


UNTOUCHED = """
    path  | conversions | value | nulls
    ()    | 2           | 70    | 0
    A > B | 2           | 30    | 0
    A     | 0           | 0     | 2
    """


@pytest.mark.parametrize("model", WITHOUT_CLOCK)
def test_conversions_without_a_touch_have_their_own_row_in_every_model(model):
    result = jl.attribution.credit(path_table(UNTOUCHED), model)
    assert credits_of(result)["(no touch)"] == pytest.approx((2, 70))
    assert result.table["conversions"].sum() == pytest.approx(4, abs=1e-9)
    assert result.table["value"].sum() == pytest.approx(100, abs=1e-9)


def test_conversions_without_a_touch_have_their_own_row_in_time_decay():
    result = jl.attribution.credit(
        touches(
            """
            who  | when        | channel | sale
            an   | 01-01 08:00 | email   | 30
            binh | 01-01 08:00 |         | 70
            """
        ),
        "time_decay",
        lookback=None,
    )
    assert credits_of(result) == {"email": pytest.approx((1, 30)), "(no touch)": pytest.approx((1, 70))}


@pytest.mark.parametrize("model", WITHOUT_CLOCK)
def test_there_is_no_such_row_when_every_conversion_was_touched(model):
    assert "(no touch)" not in conversions(JOURNEY, model)


def test_conversions_without_a_touch_dilute_removal_effects_but_not_the_shares():
    """They convert whatever is removed: P = 4/6, and without A or without B still 2/6: both effects 1/2."""
    result = jl.attribution.credit(path_table(UNTOUCHED), "markov")
    effects = column_of(result, "removal_effect")
    assert {channel: effects[channel] for channel in "AB"} == about({"A": 0.5, "B": 0.5})
    assert conversions_of(result) == about({"A": 1, "B": 1, "(no touch)": 2})


# --- Nothing to credit --------------------------------------------------------------------------------------


NO_SALES = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   |
    binh | 01-01 08:00 | zalo    |
    """


@pytest.mark.parametrize("model", ALL)
def test_a_log_without_conversions_credits_nobody_and_warns_of_nothing(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = jl.attribution.credit(touches(NO_SALES), model, lookback=None)
    assert conversions_of(result) == about({"email": 0, "zalo": 0})


@pytest.mark.parametrize("model", WITHOUT_CLOCK)
def test_a_path_table_without_conversions_credits_nobody_and_warns_of_nothing(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = conversions("path | conversions | nulls\nA > B | 0 | 5", model)
    assert found == about({"A": 0, "B": 0})


# --- The table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", WITHOUT_CLOCK)
def test_every_channel_has_a_row_even_one_that_never_converted(model):
    found = conversions("path | conversions | nulls\nA | 1 | 0\nB | 0 | 3", model)
    assert found == about({"A": 1, "B": 0})


@pytest.mark.parametrize("model", WITHOUT_CLOCK)
def test_the_table_has_the_columns_that_charts_rely_on(model):
    table = jl.attribution.credit(path_table(UNTOUCHED), model).table
    assert list(table.columns)[:5] == ["channel", "conversions", "value", "share", "journeys"]
    assert ("removal_effect" in table.columns) == (model == "markov")


def test_share_is_the_part_of_all_conversions():
    result = jl.attribution.credit(path_table(UNTOUCHED), "linear")
    assert column_of(result, "share") == about({"A": 0.25, "B": 0.25, "(no touch)": 0.5})


def test_journeys_counts_the_converted_journeys_a_channel_took_part_in_once_each():
    result = jl.attribution.credit(
        path_table(
            """
            path      | conversions | nulls
            A > B > A | 3           | 5
            A         | 2           | 0
            ()        | 4           | 0
            """
        ),
        "last",
    )
    assert column_of(result, "journeys") == {"A": 5, "B": 3, "(no touch)": 4}


@pytest.mark.parametrize("model", ALL)
def test_models_take_touches_with_the_options_of_journeys(model):
    """Cutting first and crediting the touches directly are the same question.

    Channels of the log whose touches all fell away keep their row: a slider must not make rows come and go.
    """
    log = touches(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | zalo    |
        an   | 01-20 08:00 | email   |
        an   | 01-21 08:00 | email   |
        an   | 01-22 08:00 | direct  | 10
        binh | 01-02 08:00 | store   | 20
        chi  | 02-02 08:00 | email   |
        chi  | 02-03 08:00 |         | 30
        """
    )
    options = {"lookback": "7d", "direct": "drop", "repeats": "collapse", "max_touches": 2}
    options["period"] = ("2025-01-01", "2025-02-01")
    from_touches = jl.attribution.credit(log, model, **options)
    assert conversions_of(from_touches) == about({"email": 1, "store": 1, "direct": 0, "zalo": 0})
    if model != "time_decay":
        from_paths = jl.attribution.credit(jl.journeys.paths(log, **options), model)
        pd.testing.assert_frame_equal(from_touches.table[CREDIT], from_paths.table[CREDIT], check_exact=True)


CREDIT = ["channel", "conversions", "value", "share", "journeys"]


def test_the_catalogue_of_models_names_and_describes_them():
    assert set(ALL) <= set(jl.attribution.MODELS)
    assert all(isinstance(text, str) and text for text in jl.attribution.MODELS.values())
