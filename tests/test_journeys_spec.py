"""What a journey is, one idea per test. Tables are read by `tables`: who, when, channel, sale.

A sale is a conversion; its number is its value. A row without a channel is an outcome, not a touch.
Unless a test is about the lookback window, there is none (so nothing is open).
"""

from __future__ import annotations

import random

import pandas as pd
import pytest
from tables import check_paths, expected_paths, found_paths, frame, path_table, steps_of, touches

import journey_lib as jl
from journey_lib.errors import JourneyError

LOG = """
    who  | when        | channel | sale
    an   | 01-25 08:00 | email   |
    an   | 02-03 08:00 |         | 10
    binh | 01-30 08:00 | zalo    |
    chi  | 02-01 00:00 | search  | 30
    """


# --- Where a journey begins and ends ------------------------------------------------------------------------


def test_a_journey_ends_at_its_conversion_and_the_next_begins_after_it():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 | search  | 100
        an  | 01-03 08:00 | zalo    |
        an  | 01-04 08:00 | search  | 30
        """,
        """
        path           | conversions | value
        email > search | 1           | 100
        zalo > search  | 1           | 30
        """,
    )


def test_touches_after_the_last_conversion_are_a_journey_that_came_to_nothing():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   | 100
        an  | 01-02 08:00 | zalo    |
        an  | 01-03 08:00 | search  |
        """,
        """
        path          | conversions | value | nulls
        email         | 1           | 100   | 0
        zalo > search | 0           | 0     | 1
        """,
    )


def test_a_conversion_with_a_channel_is_also_the_last_touch():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 | store   | 100
        """,
        """
        path          | conversions | value
        email > store | 1           | 100
        """,
    )


def test_a_conversion_without_a_channel_only_ends_the_journey():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 |         | 100
        """,
        """
        path  | conversions | value
        email | 1           | 100
        """,
    )


def test_a_conversion_that_nothing_led_to_is_counted_with_an_empty_path():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 |         | 100
        an  | 01-05 08:00 |         | 70
        """,
        """
        path  | conversions | value
        ()    | 1           | 70
        email | 1           | 100
        """,
    )


def test_two_conversions_at_one_instant_are_two_journeys_and_the_second_has_no_touch():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 |         | 50
        an  | 01-02 08:00 |         | 50
        """,
        """
        path  | conversions | value
        ()    | 1           | 50
        email | 1           | 50
        """,
    )


def test_two_conversions_at_one_instant_each_keep_the_channel_they_carry():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-02 08:00 | email   |
        an  | 01-02 08:00 | app     | 50
        an  | 01-02 08:00 | store   | 50
        """,
        """
        path        | conversions | value
        email > app | 1           | 50
        store       | 1           | 50
        """,
    )


def test_customers_never_share_a_journey():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        binh | 01-01 09:00 | zalo    |
        an   | 01-01 10:00 | search  |
        binh | 01-01 11:00 |         | 20
        """,
        """
        path           | conversions | value | nulls
        email > search | 0           | 0     | 1
        zalo           | 1           | 20    | 0
        """,
    )


def test_customers_with_a_single_event_are_journeys_too():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        binh | 01-01 08:00 | email   | 10
        chi  | 01-01 08:00 |         | 20
        """,
        """
        path  | conversions | value | nulls
        email | 1           | 10    | 1
        ()    | 1           | 20    | 0
        """,
    )


def test_a_row_that_is_neither_touch_nor_outcome_leaves_no_trace_in_a_path():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-01 09:00 |         |
        an   | 01-01 10:00 | store   | 10
        binh | 01-01 08:00 |         |
        """,
        """
        path          | conversions | value
        email > store | 1           | 10
        """,
    )


def test_a_channel_without_a_name_is_no_channel():
    """An empty cell of a CSV file may arrive as empty text; it is an outcome all the same."""
    log = frame(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 | x       | 10
        """
    )
    log["channel"] = log["channel"].replace("x", "")
    check_paths(
        log,
        """
        path  | conversions | value
        email | 1           | 10
        """,
    )


def test_the_same_row_twice_counts_twice():
    """Nothing is dropped behind the analyst's back; two equal rows may be two real clicks."""
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 |         | 10
        """,
        """
        path          | conversions | value
        email > email | 1           | 10
        """,
    )


# --- Ties: rows at one instant ------------------------------------------------------------------------------


def test_a_touch_at_the_instant_of_the_outcome_belongs_to_it_whatever_the_row_order():
    log = """
        who | when        | channel | sale
        an  | 01-01 08:00 |         | 10
        an  | 01-01 08:00 | email   |
        """
    expected = """
        path  | conversions | value
        email | 1           | 10
        """
    check_paths(log, expected)
    check_paths(frame(log).iloc[::-1], expected)


def test_a_touch_that_does_not_convert_comes_before_a_touch_that_does():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | app     | 10
        an  | 01-01 08:00 | zalo    |
        """,
        """
        path       | conversions | value
        zalo > app | 1           | 10
        """,
    )


def test_event_ids_decide_the_order_of_touches_at_one_instant():
    check_paths(
        """
        who | when        | channel | sale | id
        an  | 01-01 08:00 | app     |      | e2
        an  | 01-01 08:00 | zalo    |      | e1
        an  | 01-01 08:00 |         | 10   | e0
        """,
        """
        path       | conversions | value
        zalo > app | 1           | 10
        """,
    )


def test_without_event_ids_touches_at_one_instant_are_ordered_by_channel():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | zalo    |
        an  | 01-01 08:00 | app     |
        an  | 01-01 08:00 | email   |
        an  | 01-02 08:00 |         | 10
        """,
        """
        path               | conversions | value
        app > email > zalo | 1           | 10
        """,
    )


def test_the_order_of_the_rows_never_matters():
    log = frame(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | zalo    |
        an   | 01-01 08:00 | app     |
        an   | 01-01 08:00 |         | 10
        an   | 01-01 08:00 |         | 25
        an   | 01-01 08:00 | app     | 3
        binh | 01-01 08:00 | zalo    |
        binh | 01-01 07:00 | app     |
        binh | 01-01 08:00 |         | 10
        """
    )
    expected = jl.journeys.paths(touches(log), lookback="7d").table
    for seed in range(5):
        shuffled = log.iloc[random.Random(seed).sample(range(len(log)), len(log))]  # noqa: S311
        found = jl.journeys.paths(touches(shuffled), lookback="7d").table
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


# --- Value --------------------------------------------------------------------------------------------------


def test_only_conversions_carry_value_and_a_missing_value_is_nothing():
    log = frame(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-02 08:00 |         | 10
        binh | 01-01 08:00 | email   | 0
        """
    )
    log.loc[0, "value"] = 999.0
    log.loc[2, "value"] = None
    check_paths(
        log,
        """
        path  | conversions | value
        email | 2           | 10
        """,
    )


def test_cents_add_up_without_dust():
    log = frame(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   | 0
        binh | 01-01 08:00 | email   | 0
        chi  | 01-01 08:00 | email   | 0
        """
    )
    log["value"] = [0.10, 0.10, 0.10]
    table = jl.journeys.paths(touches(log), lookback=None).table
    assert table["value"].tolist() == [0.30]


def test_values_beyond_the_exact_range_of_32_bits_add_up():
    log = frame(
        "\n".join(["who|when|channel|sale"] + [f"c{n}|01-01 08:00|email|98765432100" for n in range(50)])
    )
    table = jl.journeys.paths(touches(log), lookback=None).table
    assert table["value"].tolist() == [98765432100 * 50]


def test_a_log_without_values_counts_conversions():
    log = frame(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   | 10
        """
    ).drop(columns="value")
    tch = jl.touches.from_frame(
        log,
        customer_id="customer",
        timestamp="time",
        channel="channel",
        conversion="conversion",
        timezone="UTC",
    )
    assert found_paths(jl.journeys.paths(tch, lookback=None)) == expected_paths(
        """
        path  | conversions | value
        email | 1           | 0
        """
    )


# --- The table ----------------------------------------------------------------------------------------------


def test_paths_come_most_frequent_first_and_then_in_order_of_their_names():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | zalo    |
        binh | 01-01 08:00 | email   | 5
        chi  | 01-01 08:00 | zalo    | 5
        dung | 01-01 08:00 | app     |
        hoa  | 01-01 08:00 |         | 5
        """,
        """
        path  | conversions | value | nulls
        zalo  | 1           | 5     | 1
        ()    | 1           | 5     | 0
        app   | 0           | 0     | 1
        email | 1           | 5     | 0
        """,
    )


def test_counts_are_whole_numbers_and_money_is_in_major_units():
    table = jl.journeys.paths(touches(LOG), lookback="14d").table
    assert list(table.columns)[:6] == ["path", "journeys", "conversions", "value", "nulls", "open"]
    kinds = {name: table[name].dtype.kind for name in table.columns[1:6]}
    assert kinds == {"journeys": "i", "conversions": "i", "value": "f", "nulls": "i", "open": "i"}
    assert all(isinstance(path, tuple) for path in table["path"])


def test_customers_may_be_numbers():
    log = frame(
        """
        who | when        | channel | sale
        10  | 01-01 08:00 | email   |
        9   | 01-01 09:00 |         | 5
        10  | 01-01 10:00 |         | 5
        """
    )
    log["customer"] = log["customer"].astype("int64")
    check_paths(
        log,
        """
        path  | conversions | value
        ()    | 1           | 5
        email | 1           | 5
        """,
    )


def test_channels_may_have_vietnamese_names():
    check_paths(
        """
        who | when        | channel    | sale
        an  | 01-01 08:00 | Điện thoại |
        an  | 01-01 09:00 | Cửa hàng   | 5
        """,
        """
        path                  | conversions | value
        Điện thoại > Cửa hàng | 1           | 5
        """,
    )


def test_the_analysts_own_frame_is_left_as_it_was():
    log = frame(LOG).iloc[::-1]
    before = log.copy(deep=True)
    jl.journeys.paths(touches(log), lookback="14d")
    pd.testing.assert_frame_equal(log, before)


# --- Transitions --------------------------------------------------------------------------------------------


def test_transitions_count_every_step_of_journeys_whose_outcome_is_known():
    paths = jl.journeys.paths(
        touches(
            """
            who  | when        | channel | sale
            an   | 01-01 08:00 | email   |
            an   | 01-01 09:00 | email   |
            an   | 01-01 10:00 | store   | 10
            binh | 01-01 08:00 | email   |
            chi  | 01-01 08:00 |         | 10
            dung | 03-01 08:00 | zalo    |
            """
        ),
        lookback="7d",
    )
    result = jl.journeys.transitions(paths)
    assert steps_of(result) == {
        ("(start)", "email"): 2,
        ("(start)", "(conversion)"): 1,
        ("email", "email"): 1,
        ("email", "store"): 1,
        ("email", "(null)"): 1,
        ("store", "(conversion)"): 1,
    }


def test_the_share_of_a_transition_is_its_part_of_all_that_leave_the_same_place():
    table = jl.journeys.transitions(
        path_table(
            """
            path         | conversions | nulls
            email        | 0           | 1
            email > zalo | 3           | 0
            """
        )
    ).table
    assert list(table.columns) == ["from", "to", "journeys", "share", "low", "high"]
    assert ((table["low"] <= table["share"]) & (table["share"] <= table["high"])).all()
    shares = {(start, to): share for start, to, _, share, *_ in table.itertuples(index=False)}
    assert shares == {
        ("(start)", "email"): 1.0,
        ("email", "(null)"): 0.25,
        ("email", "zalo"): 0.75,
        ("zalo", "(conversion)"): 1.0,
    }


# --- Mistakes -----------------------------------------------------------------------------------------------


def test_a_column_that_is_not_there_is_named_and_the_nearest_suggested():
    with pytest.raises(JourneyError, match=r"(?s)costumer.*customer"):
        jl.touches.from_frame(
            frame(LOG),
            customer_id="costumer",
            timestamp="time",
            channel="channel",
            conversion="conversion",
            value="value",
            timezone="UTC",
        )


@pytest.mark.parametrize(
    "options",
    [
        {"lookback": "30"},
        {"lookback": 30},
        {"lookback": "a month"},
        {"direct": "forget"},
        {"repeats": "once"},
        {"max_touches": 0},
        {"max_touches": -1},
        {"max_touches": 1.5},
        {"max_touches": "3"},
        {"period": "2025-03-01"},
        {"period": ("2025-03-01", "2025-02-01")},
        {"period": ("yesterday", "2025-02-01")},
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_a_readable_error(options):
    with pytest.raises(JourneyError):
        jl.journeys.paths(touches(LOG), **options)


def test_an_unknown_time_zone_is_a_readable_error():
    with pytest.raises(JourneyError, match="Mars"):
        touches(LOG, timezone="Mars/Olympus")
