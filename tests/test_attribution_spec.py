"""What each attribution model answers, one idea per test; figures small enough to check by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from tables import column_of, conversions_of, credits_of, expected_paths, found_paths, path_table, touches

import journey_lib as jl
from journey_lib.errors import JourneyError

ALL = ["first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "shapley"]
WITHOUT_CLOCK = [model for model in ALL if model != "time_decay"]


def conversions(paths: str, model: str, **options: Any) -> dict[str, float]:
    return conversions_of(jl.attribution.credit(path_table(paths), model, **options))


def about(expected: dict[str, float]) -> Any:
    return pytest.approx(expected, abs=1e-9)


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


# --- Markov -------------------------------------------------------------------------------------------------


def test_the_removal_effect_is_the_part_of_conversions_lost_with_the_channel():
    """
    start -> A (3 of 4), B (1 of 4); A -> B (1/3), conversion (1/3), null (1/3); B -> conversion.
    P = 3/4 (1/3 + 1/3) + 1/4 = 3/4.  Without A: 1/4.  Without B: 3/4 x 1/3 = 1/4.  Both effects are 2/3.
    """
    result = jl.attribution.credit(
        path_table(
            """
            path  | conversions | value | nulls
            A     | 1           | 10    | 1
            A > B | 1           | 20    | 0
            B     | 1           | 60    | 0
            """
        ),
        "markov",
    )
    assert column_of(result, "removal_effect") == about({"A": 2 / 3, "B": 2 / 3})
    assert conversions_of(result) == about({"A": 1.5, "B": 1.5})


def test_value_is_credited_by_the_value_that_a_removal_would_lose():
    """
    The chain above: A converts at 10 on average, B at (20 + 60) / 2 = 40. A start is worth
    3/4 (10 + 40) / 3 + 40/4 = 22.5; without A 10, without B 2.5. Lost: 12.5 and 20, so 5 to 8.
    """
    result = jl.attribution.credit(
        path_table(
            """
            path  | conversions | value | nulls
            A     | 1           | 10    | 1
            A > B | 1           | 20    | 0
            B     | 1           | 60    | 0
            """
        ),
        "markov",
    )
    assert column_of(result, "value") == about({"A": 90 * 5 / 13, "B": 90 * 8 / 13})


def test_journeys_that_came_to_nothing_move_the_credit_of_a_chain_and_of_no_rule():
    """
    All pass through C, where one step of memory forgets whence they came: A, now three starts of four and
    so three quarters of all that reaches C, is credited with three quarters of what A and B share.
    """
    paths = """
        path  | conversions | nulls
        A > C | 1           | {}
        B > C | 1           | 0
        """
    assert conversions(paths.format(0), "markov") == about({"A": 0.5, "B": 0.5, "C": 1})
    assert conversions(paths.format(2), "markov") == about({"A": 0.75, "B": 0.25, "C": 1})
    for model in WITHOUT_CLOCK:
        if model != "markov":
            assert conversions(paths.format(0), model) == conversions(paths.format(2), model)


def test_open_journeys_say_nothing_about_conversion():
    log = """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-02 08:00 | zalo    | 10
        binh | 01-01 08:00 | email   |
        chi  | 03-01 08:00 | store   | 10
        """
    with_open = log + "dung | 03-01 08:00 | email |\n"
    effects = [
        column_of(jl.attribution.credit(touches(text), "markov", lookback="30d"), "removal_effect")
        for text in (log, with_open)
    ]
    assert effects[0] == about(effects[1])
    assert effects[0] == about({"email": 0.5, "zalo": 0.5, "store": 0.5})


def test_a_second_order_chain_remembers_where_the_journey_came_from():
    """C converts after A and never after B. One step of memory cannot tell; two can."""
    paths = """
        path  | conversions | nulls
        A > C | 2           | 0
        B > C | 0           | 2
        """
    assert conversions(paths, "markov", order=1) == about({"A": 0.5, "B": 0.5, "C": 1})
    assert conversions(paths, "markov", order=2) == about({"A": 1, "B": 0, "C": 1})


def test_a_channel_removed_from_a_second_order_chain_is_removed_wherever_it_is_newest():
    """
    Without B, A > B > A never gets past its first step, though A is both its first and its last channel:
    the only other conversion is A alone, so P falls from 1 to 1/2.
    """
    result = jl.attribution.credit(
        path_table(
            """
            path      | conversions
            A > B > A | 1
            A         | 1
            """
        ),
        "markov",
        order=2,
    )
    assert column_of(result, "removal_effect") == about({"A": 1, "B": 0.5})


def test_an_order_longer_than_any_journey_remembers_it_whole():
    paths = """
        path  | conversions | nulls
        A > C | 2           | 0
        B > C | 0           | 2
        """
    assert conversions(paths, "markov", order=9) == about({"A": 1, "B": 0, "C": 1})


def test_without_any_null_path_every_removal_still_has_its_effect():
    assert conversions("path | conversions\nA > B | 2\nA | 2", "markov") == about({"A": 8 / 3, "B": 4 / 3})


def test_a_channel_that_returns_to_itself_is_no_trap():
    """A keeps a visitor for nine more touches on average and still lets half of them convert."""
    paths = "path | conversions | nulls\n" + " > ".join(["A"] * 10) + " | 1 | 1\nB | 1 | 1"
    assert conversions(paths, "markov") == about({"A": 1, "B": 1})


def test_a_chain_without_conversions_credits_nobody_and_does_not_stumble():
    assert conversions("path | conversions | nulls\nA > B | 0 | 5", "markov") == about({"A": 0, "B": 0})


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


# --- Ready-made path tables ---------------------------------------------------------------------------------


def test_a_file_of_paths_with_the_usual_names_is_read_as_it_is(tmp_path):
    file = tmp_path / "paths.csv"
    file.write_text(
        "path,total_conversions,total_conversion_value,total_null\n"
        "email > search,3,30.5,1\n"
        "email,1,10,4\n"
        ",2,5,0\n",
        encoding="utf-8",
    )
    paths = jl.attribution.read_paths(file)
    table = {tuple(line[0]): tuple(line[1:]) for line in paths.table.itertuples(index=False)}
    assert table == {
        ("email",): (5, 1, 10.0, 4, 0),
        ("email", "search"): (4, 3, 30.5, 1, 0),
        (): (2, 2, 5.0, 0, 0),
    }


def test_the_names_of_columns_and_the_separator_are_arguments(tmp_path):
    file = tmp_path / "paths.csv"
    file.write_text("hành trình,đơn,tiền,không mua\nA|B,3,30,1\n", encoding="utf-8")
    paths = jl.attribution.read_paths(
        file, path="hành trình", conversions="đơn", value="tiền", nulls="không mua", separator="|"
    )
    assert found_paths(paths) == expected_paths("path | conversions | value | nulls\nA > B | 3 | 30 | 1")


def test_rows_of_the_same_path_are_added_up():
    lines = expected_paths("path | conversions | value | nulls\nA > B | 1 | 10 | 0\nB | 1 | 1 | 1")
    again = expected_paths("path | conversions | value | nulls\nA > B | 2 | 20 | 5")
    assert found_paths(path_table(lines + again)) == expected_paths(
        """
        path  | conversions | value | nulls
        A > B | 3           | 30    | 5
        B     | 1           | 1     | 1
        """
    )


def test_spaces_around_a_step_do_not_make_another_channel():
    table = pd.DataFrame({"path": ["A > B", "A>B", " A  >B "], "n": [1, 2, 4]})
    paths = jl.attribution.read_paths(
        table, path="path", conversions="n", value=None, nulls=None, separator=">"
    )
    assert found_paths(paths) == expected_paths("path | conversions\nA > B | 7")


def test_values_and_nulls_may_be_missing():
    table = pd.DataFrame({"path": ["A > B"], "n": [3]})
    paths = jl.attribution.read_paths(table, path="path", conversions="n", value=None, nulls=None)
    assert found_paths(paths) == expected_paths("path | conversions\nA > B | 3")


# --- Mistakes -----------------------------------------------------------------------------------------------


def test_an_unknown_model_is_named_and_the_nearest_suggested():
    with pytest.raises(JourneyError, match=r"(?s)liner.*linear"):
        jl.attribution.credit(path_table(JOURNEY), "liner")


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("linear", {"half_life": "7d"}),
        ("linear", {"wieghts": (1, 2, 3)}),
        ("position", {"weights": (0.5, 0.5)}),
        ("position", {"weights": (-0.2, 0.6, 0.6)}),
        ("position", {"weights": (0, 0, 0)}),
        ("markov", {"order": 0}),
        ("markov", {"order": 1.5}),
        ("linear", {"lookback": "7d"}),  # a path table has no clock to look back on
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_a_readable_error(model, options):
    with pytest.raises(JourneyError):
        jl.attribution.credit(path_table(JOURNEY), model, **options)


@pytest.mark.parametrize("half_life", ["7", 7, "0d", "soon"])
def test_a_half_life_is_a_duration_with_its_unit(half_life):
    log = touches("who | when | channel | sale\nan | 01-01 08:00 | email | 10")
    with pytest.raises(JourneyError):
        jl.attribution.credit(log, "time_decay", half_life=half_life)


def test_a_column_that_is_not_in_the_file_is_named():
    table = pd.DataFrame({"path": ["A"], "conversions": [1]})
    with pytest.raises(JourneyError, match=r"(?s)total_conversions.*conversions"):
        jl.attribution.read_paths(table, value=None, nulls=None)


@pytest.mark.parametrize("count", [-1, 0.5, None])
def test_a_count_that_cannot_be_is_a_readable_error(count):
    table = pd.DataFrame({"path": ["A", "B"], "total_conversions": [1, count]})
    with pytest.raises(JourneyError, match="total_conversions"):
        jl.attribution.read_paths(table, value=None, nulls=None)
