"""Which touches of a journey count, and which journeys: lookback, direct, repeats, period, time zones.

One idea per test, written as in `test_journeys_spec`.
"""

from __future__ import annotations

from tables import check_paths, frame

# --- The lookback window ------------------------------------------------------------------------------------


def test_a_touch_exactly_as_old_as_the_lookback_still_counts():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 07:59 | zalo    |
        an  | 01-01 08:00 | email   |
        an  | 01-08 08:00 |         | 10
        """,
        """
        path  | conversions | value
        email | 1           | 10
        """,
        lookback="7d",
    )


def test_a_journey_without_conversion_looks_back_from_its_last_touch():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 07:59 | zalo    |
        an   | 01-01 08:00 | email   |
        an   | 01-08 08:00 | search  |
        binh | 03-01 08:00 |         | 10
        """,
        """
        path           | conversions | value | nulls
        ()             | 1           | 10    | 0
        email > search | 0           | 0     | 1
        """,
        lookback="7d",
    )


def test_a_conversion_whose_touches_are_all_too_old_has_an_empty_path():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 02-01 08:00 |         | 10
        """,
        """
        path | conversions | value
        ()   | 1           | 10
        """,
        lookback="7d",
    )


def test_a_touch_before_the_previous_conversion_never_reaches_over_it():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-01 09:00 |         | 10
        an  | 01-01 10:00 |         | 20
        """,
        """
        path  | conversions | value
        ()    | 1           | 20
        email | 1           | 10
        """,
        lookback="30d",
    )


def test_without_a_lookback_the_oldest_touch_counts():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 12-31 08:00 |         | 10
        """,
        """
        path  | conversions | value
        email | 1           | 10
        """,
        lookback=None,
    )


# --- Direct visits, repeats, number of touches --------------------------------------------------------------


DIRECT = """
    who | when        | channel | sale
    an  | 01-01 08:00 | direct  |
    an  | 01-02 08:00 | email   |
    an  | 01-03 08:00 | direct  | 10
    binh| 01-01 08:00 | direct  |
    binh| 01-02 08:00 | direct  | 20
    """


def test_direct_visits_are_kept_when_asked():
    check_paths(
        DIRECT,
        """
        path                    | conversions | value
        direct > direct         | 1           | 20
        direct > email > direct | 1           | 10
        """,
        direct="keep",
    )


def test_direct_visits_are_dropped_unless_the_journey_has_nothing_else():
    check_paths(
        DIRECT,
        """
        path            | conversions | value
        direct > direct | 1           | 20
        email           | 1           | 10
        """,
        direct="drop",
    )


def test_direct_is_alone_when_everything_else_is_older_than_the_lookback():
    """The lookback acts first, so the old e-mail does not make the direct visit disappear."""
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 02-01 08:00 | direct  | 10
        """,
        """
        path   | conversions | value
        direct | 1           | 10
        """,
        lookback="7d",
        direct="drop",
    )


REPEATS = """
    who | when        | channel | sale
    an  | 01-01 08:00 | email   |
    an  | 01-02 08:00 | email   |
    an  | 01-03 08:00 | direct  |
    an  | 01-04 08:00 | email   |
    an  | 01-05 08:00 | search  |
    an  | 01-06 08:00 | search  | 10
    """


def test_a_run_of_one_channel_collapses_to_one_touch_and_a_return_stays():
    check_paths(
        REPEATS,
        """
        path                            | conversions | value
        email > direct > email > search | 1           | 10
        """,
        repeats="collapse",
    )


def test_a_run_never_reaches_over_a_conversion_or_to_another_customer():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   | 10
        an   | 01-02 08:00 | email   | 20
        binh | 01-03 08:00 | email   | 30
        """,
        """
        path  | conversions | value
        email | 3           | 60
        """,
        repeats="collapse",
    )


def test_direct_is_dropped_before_runs_are_collapsed():
    check_paths(
        REPEATS,
        """
        path           | conversions | value
        email > search | 1           | 10
        """,
        direct="drop",
        repeats="collapse",
    )


def test_max_touches_keeps_the_last_ones():
    check_paths(
        REPEATS,
        """
        path                    | conversions | value
        email > search > search | 1           | 10
        """,
        max_touches=3,
    )


def test_runs_are_collapsed_before_touches_are_numbered():
    check_paths(
        REPEATS,
        """
        path                    | conversions | value
        direct > email > search | 1           | 10
        """,
        repeats="collapse",
        max_touches=3,
    )


# --- Null or still open -------------------------------------------------------------------------------------


def test_a_journey_is_open_while_it_could_still_convert_and_null_after_that():
    """Seven days after 01-03 08:00 is 01-10 08:00, the end of the data: that window has just closed."""
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-03 08:00 | email   |
        binh | 01-03 08:01 | zalo    |
        chi  | 01-10 08:00 | store   | 10
        """,
        """
        path  | conversions | value | nulls | open
        email | 0           | 0     | 1     | 0
        store | 1           | 10    | 0     | 0
        zalo  | 0           | 0     | 0     | 1
        """,
        lookback="7d",
    )


def test_without_a_lookback_nothing_is_open():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-03 08:00 | email   |
        """,
        """
        path  | nulls | open
        email | 1     | 0
        """,
        lookback=None,
    )


def test_the_last_touch_of_the_data_is_open():
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-03 08:00 | email   |
        """,
        """
        path  | nulls | open
        email | 0     | 1
        """,
        lookback="1d",
    )


def test_a_journey_stays_open_by_its_last_touch_even_if_that_touch_is_dropped():
    """A direct visit is a sign of life, whether or not it is given a place in the path."""
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-05 08:00 | direct  |
        binh | 01-10 08:00 |         | 10
        """,
        """
        path  | conversions | value | open
        ()    | 1           | 10    | 0
        email | 0           | 0     | 1
        """,
        lookback="7d",
        direct="drop",
    )


def test_even_a_row_that_is_neither_touch_nor_outcome_shows_that_we_were_still_watching():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        binh | 01-20 08:00 |         |
        """,
        """
        path  | nulls | open
        email | 1     | 0
        """,
        lookback="7d",
    )


# --- A period -----------------------------------------------------------------------------------------------


PERIOD = """
    who  | when        | channel | sale
    an   | 01-25 08:00 | email   |
    an   | 02-03 08:00 |         | 10
    binh | 01-30 08:00 | zalo    |
    binh | 01-31 23:59 |         | 20
    chi  | 02-27 08:00 | search  |
    chi  | 03-01 00:00 |         | 30
    dung | 02-05 08:00 | store   |
    """


def test_a_period_keeps_the_journeys_that_end_in_it_with_their_earlier_touches():
    """Binh's sale is before February. Chi's is at its very end, so unseen: her journey is still open then."""
    check_paths(
        PERIOD,
        """
        path   | conversions | value | nulls | open
        email  | 1           | 10    | 0     | 0
        search | 0           | 0     | 0     | 1
        store  | 0           | 0     | 1     | 0
        """,
        lookback="14d",
        period=("2025-02-01", "2025-03-01"),
    )


def test_a_period_that_reaches_beyond_the_data_does_not_turn_open_journeys_into_null_ones():
    """The year is not over: the e-mail of 8 January may still sell, whatever the report's last day is."""
    check_paths(
        """
        who | when        | channel | sale
        an  | 01-08 08:00 | email   |
        """,
        """
        path  | nulls | open
        email | 0     | 1
        """,
        lookback="7d",
        period=("2025-01-01", "2026-01-01"),
    )


def test_a_journey_that_ends_at_the_first_instant_of_the_period_is_in_it():
    check_paths(
        """
        who | when        | channel | sale
        an  | 02-01 00:00 | email   | 10
        """,
        """
        path  | conversions | value
        email | 1           | 10
        """,
        period=("2025-02-01", "2025-03-01"),
    )


def test_the_first_instant_is_in_the_period_also_where_other_journeys_ended_before_it():
    check_paths(
        """
        who  | when        | channel | sale
        an   | 02-01 00:00 | email   | 10
        binh | 01-31 23:59 | zalo    | 20
        """,
        """
        path  | conversions | value
        email | 1           | 10
        """,
        period=("2025-02-01", "2025-03-01"),
    )


def test_a_period_is_days_of_the_shop_not_days_in_greenwich():
    """In Ho Chi Minh City 1 February begins at 17:00 UTC on 31 January."""
    log = frame(
        """
        who  | when        | channel | sale
        an   | 01-31 16:59 | email   | 10
        binh | 01-31 17:00 | zalo    | 20
        chi  | 02-01 16:59 | search  | 30
        dung | 02-01 17:00 | store   | 40
        """
    )
    log["time"] = log["time"].dt.tz_localize("UTC")
    check_paths(
        log,
        """
        path   | conversions | value
        search | 1           | 30
        zalo   | 1           | 20
        """,
        timezone="Asia/Ho_Chi_Minh",
        period=("2025-02-01", "2025-02-02"),
    )


# --- Time zones ---------------------------------------------------------------------------------------------


def test_an_hour_that_the_clock_skips_is_not_counted():
    """In Berlin the clock jumps from 02:00 to 03:00 on 30 March: 01:30 to 03:30 is one hour."""
    check_paths(
        """
        who | when        | channel | sale
        an  | 03-30 01:29 | zalo    |
        an  | 03-30 01:30 | email   |
        an  | 03-30 03:30 |         | 10
        """,
        """
        path  | conversions | value
        email | 1           | 10
        """,
        timezone="Europe/Berlin",
        lookback="1h",
    )


def test_an_hour_that_the_clock_repeats_is_counted_twice():
    """In Berlin the clock goes back from 03:00 to 02:00 on 26 October: 01:30 to 03:30 is three hours."""
    check_paths(
        """
        who | when        | channel | sale
        an  | 10-26 01:29 | zalo    |
        an  | 10-26 01:30 | email   |
        an  | 10-26 03:30 |         | 10
        """,
        """
        path  | conversions | value
        email | 1           | 10
        """,
        timezone="Europe/Berlin",
        lookback="3h",
    )


def test_times_that_carry_their_own_zone_keep_it():
    log = frame(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | email   |
        an  | 01-01 09:00 |         | 10
        """
    )
    log["time"] = log["time"].dt.tz_localize("Asia/Ho_Chi_Minh")
    expected = """
        path  | conversions | value
        email | 1           | 10
        """
    check_paths(log, expected, timezone="America/New_York", lookback="1h")
    check_paths(log, expected, timezone="Asia/Ho_Chi_Minh", period=("2025-01-01", "2025-01-02"))
    check_paths(log, "path | conversions", timezone="America/New_York", period=("2025-01-01", "2025-01-02"))
