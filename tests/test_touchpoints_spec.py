"""What the inventory says of a touchpoint, one idea a test; `channel` in a log is the touchpoint."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from placed import MODEL, at_touchpoints, inventory, row
from tables import frame

import journey_lib as jl
from journey_lib.errors import DataError

LOG = """
    who  | when        | channel  | sale
    an   | 01-01 08:00 | ad       |
    an   | 01-03 08:00 | checkout |
    an   | 01-03 09:00 | checkout | 100
    binh | 01-01 08:00 | ad       |
    binh | 01-02 08:00 | page     |
    chi  | 01-01 08:00 | page     |
    chi  | 01-05 08:00 |          | 60
    chi  | 01-06 08:00 | ad       |
    dung | 02-20 08:00 | ad       |
    """


def described(*touchpoints: dict[str, Any], **more: Any) -> Any:
    said = {
        "departments": {"shop": {"vi": "Cửa hàng", "en": "Shop"}, "care": {"en": "Care"}},
        "touchpoints": [{"place": "online", **each} for each in touchpoints],
    }
    return jl.touchpoints.describe(said | more)


# --- what is counted ----------------------------------------------------------------------------------------


def test_a_journey_goes_through_a_touchpoint_once_however_often_it_is_there():
    ad = row(inventory(LOG), "ad")
    assert (ad["touches"], ad["journeys"], ad["customers"]) == (4, 4, 4)
    checkout = row(inventory(LOG), "checkout")
    assert (checkout["touches"], checkout["journeys"], checkout["customers"]) == (2, 1, 1)
    assert checkout["reach"] == 1 / 5


def test_conversion_after_it_is_of_journeys_that_are_over_with_the_others_beside():
    found = inventory(LOG, lookback="30d")
    ad = row(found, "ad")
    # an converted, binh and chi's second did not; dung's is still open
    assert (ad["over"], ad["conversions"], ad["open_ends"]) == (3, 1, 1)
    assert ad["conversion_rate"] == 1 / 3
    assert ad["others_rate"] == 1 / 1  # chi's first
    assert ad["apart"] == pytest.approx(1 / 3 - 1)
    assert ad["low"] == pytest.approx(0.0615, abs=1e-4)  # Wilson, 1 of 3
    assert ad["high"] == pytest.approx(0.7923, abs=1e-4)


def test_a_conversion_recorded_at_a_touchpoint_is_no_conversion_after_it():
    log = """
        who  | when        | channel  | sale
        an   | 01-01 08:00 | checkout | 100
        binh | 01-01 08:00 | checkout |
        binh | 01-01 09:00 | checkout | 50
        """
    checkout = row(inventory(log), "checkout")
    assert (checkout["converted_at"], checkout["over"], checkout["conversions"]) == (2, 1, 1)
    assert checkout["value"] == 50


def test_a_touch_at_the_instant_of_the_conversion_still_came_before_it():
    log = """
        who | when        | channel  | sale
        an  | 01-01 08:00 | checkout |
        an  | 01-01 08:00 | till     | 100
        """
    found = inventory(log)
    assert [row(found, name)["conversions"] for name in ("checkout", "till")] == [1, 0]
    assert [row(found, name)["converted_at"] for name in ("checkout", "till")] == [0, 1]


def test_a_conversion_whose_own_place_was_left_out_still_came_after_the_touch_before_it():
    log = """
        who | when        | channel | sale
        an  | 01-01 08:00 | page    |
        an  | 01-01 09:00 | direct  | 100
        """
    found = inventory(log, direct="drop")
    page = row(found, "page")
    assert (page["over"], page["conversions"], page["converted_at"]) == (1, 1, 0)


def test_drop_off_is_of_journeys_that_are_over_and_exits_add_up_to_the_journeys_that_ended():
    found = inventory(LOG, lookback="30d")
    page, ad = row(found, "page"), row(found, "ad")
    assert (page["exits"], page["over"], page["drop_off"]) == (1, 2, 1 / 2)
    assert (ad["exits"], ad["drop_off"]) == (1, 1 / 3)
    assert found.facts["exits"] == found.table["exits"].sum() == 2
    assert found.table["share_of_exits"].sum() == 1


def test_time_to_what_comes_next_and_since_what_came_before():
    found = inventory(LOG)
    # from the ad to the checkout 2 days, to the page 1; read from classes 9% wide
    assert row(found, "ad")["median_days_next"] == pytest.approx(1, rel=0.045)
    assert row(found, "ad")["p90_days_next"] == pytest.approx(2, rel=0.045)
    assert row(found, "checkout")["median_days_next"] == pytest.approx(1 / 24, rel=0.045)
    assert row(found, "page")["median_days_next"] == pytest.approx(4, rel=0.045)  # to the conversion
    assert row(found, "page")["median_days_since"] == pytest.approx(1, rel=0.045)
    assert math.isnan(row(found, "ad")["median_days_since"])


def test_who_has_not_converted_before_is_new():
    ad = row(inventory(LOG), "ad")
    assert (ad["new_customers"], ad["returning_customers"], ad["share_new"]) == (3, 1, 3 / 4)


def test_a_customer_who_converted_before_the_period_returns_in_it():
    ad = row(inventory(LOG, period=("2025-01-06", "2025-02-01")), "ad")
    assert (ad["customers"], ad["new_customers"], ad["returning_customers"]) == (1, 0, 1)


def test_a_conversion_at_the_first_instant_after_the_period_is_not_seen_and_one_at_its_own_is():
    log = """
        who  | when        | channel  | sale
        an   | 01-02 08:00 | ad       |
        an   | 01-03 00:00 | checkout | 100
        an   | 01-04 08:00 | ad       |
        an   | 01-05 00:00 | checkout | 100
        """
    found = inventory(log, period=("2025-01-03", "2025-01-05"))
    ad, checkout = row(found, "ad"), row(found, "checkout")
    assert (found.facts["journeys"], found.facts["conversions"]) == (2, 1)
    assert (ad["journeys"], ad["conversions"]) == (2, 1)
    assert checkout["touches"] == 1


def test_the_place_of_the_conversion_itself_is_not_important_for_being_it():
    log = """
        who  | when        | channel | sale
        an   | 01-01 08:00 | ad      |
        an   | 01-01 09:00 | till    | 100
        binh | 01-01 08:00 | page    |
        binh | 01-01 09:00 | till    | 100
        chi  | 01-01 08:00 | page    |
        """
    found = inventory(log)
    assert [row(found, name)["removal_effect"] for name in ("ad", "page", "till")] == pytest.approx(
        [0.5, 0.5, 0]
    )


def test_a_lookback_shortens_journeys_but_not_what_was_recorded():
    log = """
        who | when        | channel | sale
        an  | 01-01 08:00 | ad      |
        an  | 01-20 08:00 | page    |
        """
    ad = row(inventory(log, lookback="2d"), "ad")
    assert (ad["touches"], ad["recorded"], ad["journeys"]) == (0, 1, 0)
    assert math.isnan(ad["conversion_rate"])


# --- change -------------------------------------------------------------------------------------------------


def weeks_of(counts: dict[str, list[int]]) -> pd.DataFrame:
    """Touches of each customer at ``ad`` on 1 and 8 January, so many each day; ``end`` closes the data."""
    lines = [
        f"{who} | 01-{1 + 7 * week:02} {hour:02}:00 | ad |"
        for who, numbers in counts.items()
        for week, n in enumerate(numbers)
        for hour in range(n)
    ]
    return frame("\n".join(["who | when | channel | sale", *lines, "end | 01-14 23:00 | end |"]))


def test_change_is_the_last_period_for_each_touch_in_the_one_before_with_customers_as_clusters():
    ad = row(inventory(weeks_of({"a": [1, 0], "b": [1, 0], "c": [0, 1]}), recent="7d"), "ad")
    spread = math.exp(1.959963984540054 * math.sqrt(1 / 1 + 1 / 2))  # as two Poisson counts
    assert (ad["recent"], ad["before"], ad["change"]) == (1, 2, 1 / 2)
    assert (ad["change_low"], ad["change_high"]) == pytest.approx((0.5 / spread, 0.5 * spread))


def test_customers_who_come_alike_in_both_periods_make_no_change_however_many_touches_they_have():
    ad = row(inventory(weeks_of({"a": [5, 5], "b": [2, 2]}), recent="7d"), "ad")
    assert (ad["change"], ad["change_low"], ad["change_high"]) == pytest.approx((1, 1, 1))


def test_there_is_no_change_to_speak_of_where_the_data_do_not_cover_both_periods():
    ad = row(inventory(weeks_of({"a": [1, 1]}), recent="8d"), "ad")
    assert math.isnan(ad["change"])


@pytest.mark.slow
def test_the_interval_of_a_change_holds_it_nineteen_times_of_twenty():
    rng = np.random.default_rng(5)
    held = []
    for _ in range(60):
        # customers differ a lot: a plain count would think itself far too sure
        levels = rng.gamma(0.5, 4, size=60)
        counts = {
            f"c{n}": [int(rng.poisson(level)), int(rng.poisson(level))] for n, level in enumerate(levels)
        }
        counts = {who: [min(n, 23) for n in numbers] for who, numbers in counts.items()}
        ad = row(inventory(weeks_of(counts), recent="7d"), "ad")
        held.append(ad["change_low"] <= 1 <= ad["change_high"])
    assert 0.85 <= np.mean(held) <= 1


# --- what it cost -------------------------------------------------------------------------------------------


def test_a_channels_cost_is_shared_by_its_touches_and_what_has_no_cost_has_none():
    costs = pd.DataFrame({"channel": ["web", "tv"], "cost": [900.0, 50.0]})
    found = inventory(LOG, costs=costs)
    assert row(found, "ad")["cost"] == pytest.approx(900 * 4 / 8)
    assert row(found, "ad")["cost_per_touch"] == pytest.approx(900 / 8)
    assert found.table["cost"].sum() + found.facts["cost_unshared"] == pytest.approx(950)
    assert inventory(LOG).table["cost"].isna().all()


# --- as people describe it ----------------------------------------------------------------------------------


def test_described_touchpoints_come_with_what_people_say_and_with_no_data_too():
    said = described(
        {"touchpoint": "advert", "seen_as": ["ad"], "stage": "look", "owner": "shop", "place": "offline"},
        {"touchpoint": "leaflet", "seen_as": [], "channels": ["post"]},
    )
    found = jl.touchpoints.inventory(at_touchpoints(LOG), model=MODEL, authored=said)
    assert found.table["touchpoint"].tolist() == ["advert", "checkout", "page", "leaflet"]
    advert = row(found, "advert")
    assert (advert["touches"], advert["authored"]) == (4, True)
    assert (advert["place"], advert["owner"]) == ("offline", "shop")
    leaflet = row(found, "leaflet")
    assert (leaflet["touches"], leaflet["channels"]) == (0, "post")
    assert pd.isna(leaflet["stage_seen"])
    assert row(found, "page")["authored"] is False


def test_the_stage_is_what_people_say_else_that_of_most_rows():
    checkout = row(inventory(LOG), "checkout")
    assert (checkout["stage"], checkout["stage_share"]) == ("look", 1 / 2)
    said = described({"touchpoint": "checkout", "stage": "buy"})
    found = jl.touchpoints.inventory(at_touchpoints(LOG), model=MODEL, authored=said)
    assert (row(found, "checkout")["stage"], row(found, "checkout")["stage_seen"]) == ("buy", "look")


def test_a_code_spelt_out_goes_before_patterns_and_two_patterns_are_refused():
    said = described({"touchpoint": "pages", "seen_as": ["p*"]}, {"touchpoint": "page"})
    found = jl.touchpoints.inventory(at_touchpoints(LOG), model=MODEL, authored=said)
    assert (row(found, "page")["touches"], row(found, "pages")["touches"]) == (2, 0)
    said = described({"touchpoint": "one", "seen_as": ["p*"]}, {"touchpoint": "two", "seen_as": ["*e"]})
    with pytest.raises(DataError, match="'page' belongs to two: one, two"):
        jl.touchpoints.inventory(at_touchpoints(LOG), model=MODEL, authored=said)


def test_a_code_of_the_data_that_is_described_as_something_else_stays_apart():
    said = described({"touchpoint": "ad", "seen_as": ["page"]})
    found = jl.touchpoints.inventory(at_touchpoints(LOG), model=MODEL, authored=said)
    assert (row(found, "ad")["touches"], row(found, "ad (data)")["touches"]) == (2, 4)


def test_touches_that_say_no_touchpoint_have_no_inventory():
    from tables import touches

    with pytest.raises(DataError, match="no row of the data says at which touchpoint"):
        jl.touchpoints.inventory(touches(LOG), model=MODEL)


# --- what may be shown --------------------------------------------------------------------------------------


def test_new_and_returning_customers_go_together_where_either_are_few():
    log = [f"new{n} | 01-0{n + 1} 08:00 | ad |" for n in range(5)]
    log += ["old | 01-01 07:00 | page | 10", "old | 01-02 08:00 | ad |"]
    found = inventory("\n".join(["who | when | channel | sale", *log]))
    assert (row(found, "ad")["new_customers"], row(found, "ad")["returning_customers"]) == (5, 1)
    shown = found.suppressed(3)
    ad, page = row(shown, "ad"), row(shown, "page")
    assert ad["customers"] == 6
    assert all(math.isnan(ad[name]) for name in ("new_customers", "returning_customers", "share_new"))
    assert page["suppressed"]
    assert math.isnan(page["touches"])


def test_where_few_ended_or_converted_neither_they_nor_a_rate_of_them_is_shown():
    """Forty see the ad, of whom three buy; of thirty who see the page three leave there."""
    day = "01-01 08:00"
    log = [f"a{n} | {day} | ad |" for n in range(40)] + [f"p{n} | {day} | page |" for n in range(30)]
    buys = [*(f"a{n}" for n in range(3)), *(f"p{n}" for n in range(27))]
    log += [f"{who} | 01-02 08:00 | | 10" for who in buys]
    found = inventory("\n".join(["who | when | channel | sale", *log]))
    shown = found.suppressed(10)
    ad, page = row(shown, "ad"), row(shown, "page")
    assert (ad["customers"], page["customers"]) == (40, 30)
    for each in (ad, page):
        told = (
            "conversions",
            "conversion_rate",
            "others_rate",
            "apart",
            "exits",
            "drop_off",
            "share_of_exits",
        )
        assert all(math.isnan(each[name]) for name in told)
    ranked = jl.touchpoints.discreet(jl.touchpoints.factors(found), found, 10).table
    assert ranked[["drop_off", "conversion_rate"]].isna().all(axis=None)


# --- what is missing ----------------------------------------------------------------------------------------


def gaps(said: Any, log: Any = LOG, **options: Any) -> set[tuple[str, str]]:
    found = jl.touchpoints.inventory(at_touchpoints(log), model=MODEL, authored=said)
    table = jl.touchpoints.complete(found, said, model=MODEL, **options).table
    assert (table["action"] == table["gap"].map(jl.touchpoints.GAPS)).all()
    return set(zip(table["gap"], table["touchpoint"], strict=True))


WHOLE: dict[str, Any] = {
    "stage": "look",
    "owner": "shop",
    "goal": {"en": "be seen"},
    "kpi": {"measure": "reach", "target": 0.1},
}


def test_nothing_is_missing_where_everything_is_described_and_seen():
    others = {"touchpoint": "page", **WHOLE}, {"touchpoint": "checkout", **WHOLE, "stage": "buy"}
    assert gaps(described({"touchpoint": "ad", **WHOLE}, *others)) == set()


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"owner": []}, "no_owner"),
        ({"owner": ["shop", "care"]}, "two_owners"),
        ({"goal": {}}, "no_goal"),
        ({"kpi": None}, "no_target"),
        ({"seen_as": []}, "no_data"),
        ({"seen_as": ["banner"]}, "never_seen"),
        ({"channels": ["tv"]}, "other_channel"),
        ({"review": "2025-02-01"}, "review_due"),
    ],
)
def test_each_gap_is_found_where_it_is(change, gap):
    others = [{"touchpoint": name, **WHOLE} for name in ("page", "checkout")]
    said = described({"touchpoint": "ad", **WHOLE, **change}, *others)
    unseen = {("not_authored", "ad (data)")} if "seen_as" in change else set()
    assert gaps(said, as_of="2025-02-02") == {(gap, "ad"), ("stage_not_authored", "")} | unseen


def test_what_is_seen_and_not_described_is_told_and_so_is_a_stage_without_a_touchpoint():
    said = described({"touchpoint": "ad", **WHOLE})
    assert gaps(said) == {("not_authored", "page"), ("not_authored", "checkout"), ("stage_not_authored", "")}
    quiet = LOG.replace("checkout | 100", "         | 100")
    assert ("stage_not_seen", "") in gaps(said, quiet)


def test_a_touchpoint_that_is_no_longer_seen_has_gone_quiet():
    log = """
        who | when        | channel | sale
        an  | 01-01 08:00 | ad      |
        an  | 01-02 08:00 | page    |
        an  | 01-20 08:00 | ad      |
        an  | 03-10 08:00 | page    |
        """
    others = {"touchpoint": "page", **WHOLE, "stage": "buy"}
    assert ("gone_quiet", "ad") in gaps(described({"touchpoint": "ad", **WHOLE}, others), log)


# --- targets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "target", "direction", "state"),
    [
        ("touches", 4, "at_least", "met"),
        ("touches", 4, "at_most", "met"),
        ("touches", 5, "at_least", "missed"),
        ("conversion_rate", 0.9, "at_least", "missed"),
        ("conversion_rate", 0.5, "at_least", "open"),
        ("conversion_rate", 0.01, "at_least", "met"),
        ("conversion_rate", 0.01, "at_most", "missed"),
        ("cost_per_touch", 10, "at_most", "unknown"),
    ],
)
def test_a_target_is_met_or_missed_only_where_the_whole_interval_lies_on_one_side(
    measure, target, direction, state
):
    said = described(
        {"touchpoint": "ad", "kpi": {"measure": measure, "target": target, "direction": direction}}
    )
    found = jl.touchpoints.inventory(at_touchpoints(LOG), model=MODEL, authored=said)
    assert jl.touchpoints.targets(found, said).table["state"].tolist() == [state]


def test_every_measure_a_target_can_name_is_a_column_of_the_inventory():
    assert set(jl.touchpoints.MEASURES) <= set(inventory(LOG).table.columns)


# --- weeks -------------------------------------------------------------------------------------------------


def test_a_week_runs_from_monday_midnight_and_weeks_cut_off_at_the_ends_are_left_out():
    log = """
        who  | when        | channel | sale
        an   | 01-01 08:00 | ad      |
        an   | 01-06 00:00 | ad      |
        binh | 01-12 23:59 | ad      |
        an   | 01-13 00:00 | ad      |
        """
    weeks = jl.touchpoints.weekly(at_touchpoints(log))
    assert weeks.table[["touches", "customers"]].to_numpy().tolist() == [[2, 2]]
    assert weeks.table["week"].tolist() == [pd.Timestamp("2025-01-06")]
    assert weeks.facts == {"weeks": 1, "cut_weeks": 2}
