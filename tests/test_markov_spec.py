"""What a chain with removal effects answers, one idea per test; each can be solved on paper."""

from __future__ import annotations

from tables import about, column_of, conversions, conversions_of, path_table, touches
from twins import RULES

import journey_lib as jl

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
    for rule in RULES:
        assert conversions(paths.format(0), rule) == conversions(paths.format(2), rule)


def test_open_journeys_say_nothing_about_conversion():
    log = """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-02 08:00 | zalo    | 10
        binh | 01-01 08:00 | email   |
        chi  | 03-01 08:00 | store   | 10
        """
    with_open = log + "dung | 03-01 08:00 | email |\n"
    for text in (log, with_open):
        paths = jl.journeys.paths(touches(text), lookback="30d")
        effects = column_of(jl.attribution.credit(paths, "markov"), "removal_effect")
        assert effects == about({"email": 0.5, "zalo": 0.5, "store": 0.5})


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
