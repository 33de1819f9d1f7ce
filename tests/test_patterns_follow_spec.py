"""What is said of the journeys that follow a pattern, and of the customers who took them."""

from __future__ import annotations

import numpy as np
import pytest
from tables import expected_paths, found_paths, touches

import journey_lib as jl
from journey_lib.errors import JourneyError
from journey_lib.intervals import wilson

LOG = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | ad      |
    an   | 01-02 08:00 | email   |
    an   | 01-03 08:00 |         | 100
    an   | 01-10 08:00 | store   | 20
    binh | 01-01 08:00 | ad      |
    binh | 01-09 08:00 | email   |
    chi  | 01-05 08:00 | email   | 5
    dung | 02-01 08:00 | ad      |
    dung | 02-02 08:00 | email   |
    """


def follow(pattern, **options):
    result = jl.journeys.follow(touches(LOG), pattern, **options)
    return result, result.table.set_index("group")


def test_journeys_that_match_stand_beside_those_that_do_not():
    result, table = follow("ad -> email", lookback="20d")
    counts = table[["journeys", "customers", "conversions", "over", "value"]]
    assert counts.loc["matching"].tolist() == [3, 3, 1, 2, 100]  # dung's is still open
    assert counts.loc["not matching"].tolist() == [2, 2, 2, 2, 25]
    assert table["conversion_rate"].tolist() == [0.5, 1.0]
    for name, k, n in (("matching", 1, 2), ("not matching", 2, 2)):
        assert table.loc[name, ["low", "high"]].tolist() == pytest.approx([float(x) for x in wilson(k, n)])
    assert (result.name, result.base) == ("pattern", "journeys")


def test_the_facts_give_the_share_of_journeys_and_the_difference_of_rates_with_intervals():
    facts = follow("ad -> email", lookback="20d")[0].facts
    assert (facts["journeys"], facts["customers"], facts["matching"]) == (5, 4, 3)
    assert facts["share"] == 0.6
    assert facts["share_low"] < 0.6 < facts["share_high"]
    assert facts["difference"] == -0.5
    assert -1 <= facts["difference_low"] < -0.5 < facts["difference_high"] <= 1
    assert facts["structural"] is False


@pytest.mark.parametrize(("ending", "rate"), [("conversion", 1.0), ("end", 0.0)])
def test_a_pattern_that_asks_for_the_ending_has_its_rate_by_construction_and_no_difference(ending, rate):
    result, table = follow(f"ad -> ... -> {ending}", lookback="20d")
    assert table.loc["matching", "conversion_rate"] == rate
    assert table[["low", "high"]].isna().all(axis=None)
    assert result.facts["structural"] is True
    assert not [name for name in result.facts if name.startswith("difference")]


def test_the_end_of_a_journey_however_it_ended_is_not_asking_for_the_outcome():
    assert follow("email $")[0].facts["structural"] is False


def test_a_pattern_nobody_follows_has_a_row_of_nothing_and_no_rate():
    result, table = follow("store -> ad")
    assert table.loc["matching", ["journeys", "customers", "value"]].tolist() == [0, 0, 0]
    assert np.isnan(table.loc["matching", "conversion_rate"])
    assert np.isnan(result.facts["difference"])
    assert result.facts["share"] == 0


def test_a_period_without_journeys_is_counted_as_nothing():
    result, table = follow("email", period=("2026-01-01", "2026-02-01"))
    assert table["journeys"].tolist() == [0, 0]
    assert np.isnan(result.facts["share"])


def test_options_cut_journeys_as_everywhere():
    assert follow("ad -> email")[0].facts["matching"] == 3
    assert follow("ad", lookback="3d")[0].facts["matching"] == 2  # binh's ad is too old by then
    assert follow("ad -> email", period=("2025-01-01", "2025-01-05"))[0].facts["journeys"] == 2
    result, _ = follow("email", repeats="collapse", direct="drop", lookback="30d")
    assert result.settings == {
        **jl.journeys.settings(touches(LOG), None, "30d", "drop", "collapse"),
        "pattern": "email",
    }


def test_a_table_of_outcomes_alone_has_journeys_too():
    outcomes = touches("who | when | channel | sale\nan | 01-01 08:00 | | 10\nbinh | 01-02 08:00 | | 5")
    for pattern, count in (("conversion", 2), ("start -> conversion", 2), ("...", 2), (".", 0)):
        assert jl.journeys.follow(outcomes, pattern).facts["matching"] == count


def test_names_are_those_of_the_table():
    with pytest.raises(JourneyError, match="emial"):
        follow("ad -> emial")


def test_chosen_keeps_all_rows_of_the_customers_who_have_such_a_journey():
    kept = jl.journeys.chosen(touches(LOG), "ad -> email within 2d")
    assert (kept.customers, kept.rows) == (2, 6)
    assert found_paths(jl.journeys.paths(kept)) == expected_paths(
        """
        path       | conversions | value | nulls
        ad > email | 1           | 100   | 1
        store      | 1           | 20    | 0
        """
    )


def test_chosen_customers_were_watched_as_long_as_all_were():
    """Nothing of dung, last seen in February, is kept; the others' journeys were over by then."""
    kept = jl.journeys.chosen(touches(LOG), "start -> email -> conversion|end")
    assert kept.customers == 1
    kept = jl.journeys.chosen(touches(LOG), "ad -> . -> end", lookback="20d")
    assert found_paths(jl.journeys.paths(kept, lookback="20d")) == expected_paths(
        "path | nulls\nad > email | 1"
    )


def test_chosen_customers_are_numbered_anew_and_stay_in_their_groups():
    table = touches(LOG)
    kept = jl.journeys.chosen(table, "start -> email -> conversion")  # chi, the third
    assert [load().customer.tolist() for load in kept.buckets] == [[0]]
    assert kept.fold.tolist() == [table.fold[2]]
    assert jl.journeys.paths(kept, by_fold=True).fold.tolist() == [table.fold[2]]


def test_chosen_can_be_chosen_from_again_and_has_a_fingerprint_of_its_own():
    table = touches(LOG)
    once = jl.journeys.chosen(table, "ad")
    twice = jl.journeys.chosen(once, "store")
    assert (once.customers, twice.customers, twice.rows) == (3, 1, 4)
    prints = [table.fingerprint, once.fingerprint, twice.fingerprint]
    assert len(set(prints)) == 3
    assert jl.journeys.chosen(table, "ad").fingerprint == once.fingerprint
    assert jl.journeys.chosen(table, "ad", lookback="30d").fingerprint != once.fingerprint


def test_choosing_nobody_is_said_at_once():
    with pytest.raises(JourneyError, match=r"(?s)nobody.*store -> ad.*0 of 4 customers"):
        jl.journeys.chosen(touches(LOG), "store -> ad")


# --- A group to compare -------------------------------------------------------------------------------------


def test_journeys_along_a_pattern_are_a_group_defined_by_the_steps_it_names():
    table = touches(
        """
        who  | when        | channel     | sale
        an   | 01-01 08:00 | paid search |
        an   | 01-02 08:00 | store       | 10
        binh | 01-01 08:00 | store       |
        binh | 01-02 08:00 | email       |
        """
    )
    along = jl.journeys.along(table, '"paid search" -> store', "searched")
    assert (along.name, along.defined_by) == ("searched", ("paid search", "store"))
    found = jl.journeys.overview(table, [along, jl.journeys.rest(along)]).table
    assert found[["group", "journeys", "conversions"]].to_numpy().tolist() == [
        ["searched", 1, 1],
        ["rest", 1, 0],
    ]
    bought = jl.journeys.along(table, "store -> conversion")
    assert bought.defined_by == ("store", "(conversion)", "(null)", "(open)")
    compared = jl.journeys.compare(
        jl.journeys.transitions, table, {"group": along}, {"group": jl.journeys.rest(along)}
    ).table
    assert compared.loc[compared["from"] == "paid search", "structural"].all()
