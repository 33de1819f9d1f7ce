"""When and where a pain flares up: what is found, what is not, and that it is what a search by hand finds."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import touches

import journey_lib as jl
from journey_lib.errors import DataError
from journey_lib.voice.hot_spots import LARGEST, LONGEST, STEPS, _about, _beyond, heat_of, hottest

MONDAY = pd.Timestamp("2025-01-06", tz="Asia/Ho_Chi_Minh")
TOPICS = jl.voice.Topics(complaints=("late", "rude"))


def year(hurt: Any, *, weeks: int = 40, each: int = 6, seed: int = 5, usual: float = 0.05) -> pd.DataFrame:
    """Customers a week in each of four cities; `hurt(week, city)` is the chance where it is not usual."""
    cities = ("Huế", "Vinh", "Cần Thơ", "Đà Lạt")
    asked = [(week, city, hurt(week, city)) for week in range(weeks) for city in cities]
    chances = np.repeat([usual if chance is None else chance for *_, chance in asked], each)
    days = np.add.outer(7 * np.repeat(np.arange(weeks), len(cities)), np.arange(each) % 7).ravel()
    return pd.DataFrame(
        {
            "timestamp": MONDAY + pd.to_timedelta(24 * days + 9, unit="h"),
            "customer_id": [f"{city} {week} {n}" for week, city, _ in asked for n in range(each)],
            "pain": "late",
            "happened": np.random.default_rng(seed).random(len(chances)) < chances,
            "city": [city for _, city, _ in asked for _ in range(each)],
        }
    )


def found(rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
    table = jl.voice.hot_spots(rows, **options).table
    return table[table["found"]]


# --- what is found ------------------------------------------------------------------------------------------


def test_weeks_of_a_pain_at_one_place_are_found_with_their_first_and_last_day():
    rows = year(lambda week, city: 0.8 if city == "Vinh" and 20 <= week < 24 else None)
    spot = found(rows, by=["city"]).iloc[0]
    assert (spot["by"], spot["place"]) == ("city", "Vinh")
    assert spot["first"] == pd.Timestamp("2025-05-26")  # the Monday of week 20
    assert spot["last"] == pd.Timestamp("2025-06-22")  # the Sunday of week 23
    inside = rows[(rows["city"] == "Vinh") & rows["timestamp"].between("2025-05-26", "2025-06-23")]
    assert (spot["rows"], spot["cases"]) == (24, inside["happened"].sum())
    assert spot["share"] == inside["happened"].mean()
    rest = rows.drop(inside.index)
    assert spot["others_share"] == pytest.approx(rest["happened"].mean())
    assert spot["own_share"] == pytest.approx(rest[rest["city"] == "Vinh"]["happened"].mean())


def test_what_happened_everywhere_is_a_matter_of_weeks_and_not_of_a_place():
    spots = found(year(lambda week, _city: 0.7 if 10 <= week < 13 else None), by=["city"])
    assert spots[["by", "place"]].to_numpy().tolist() == [["", ""]]
    assert spots["first"].iloc[0] == pd.Timestamp("2025-03-17")


def test_a_place_that_is_always_worse_has_no_flare_up():
    assert found(year(lambda _week, city: 0.4 if city == "Huế" else None), by=["city"]).empty


def test_two_places_with_weeks_of_their_own_are_both_found():
    def hurt(week: int, city: str) -> float | None:
        return 0.9 if (city, week // 5) in {("Huế", 1), ("Đà Lạt", 5)} else None

    spots = found(year(hurt), by=["city"])
    places = spots[spots["by"] == "city"].set_index("place")
    assert set(places.index) == {"Huế", "Đà Lạt"}
    assert places.loc["Huế", "first"] < places.loc["Đà Lạt", "first"]


def test_where_nothing_flares_up_little_is_named():
    """Of 60 years without any planted pain at most one in twenty and its margin names one."""
    named = [len(found(year(lambda *_: None, weeks=26, seed=seed), by=["city"])) > 0 for seed in range(60)]
    assert sum(named) <= 7  # 3 expected; 8 and more would come by chance once in a hundred


def test_chances_of_rare_pains_are_not_too_small_either():
    """Ten cases in a thousand rows: the fitted tail must hold where the heat takes few values."""
    chances = [
        jl.voice.hot_spots(year(lambda *_: None, weeks=40, seed=seed, usual=0.012)).table["chance"].iloc[0]
        for seed in range(60)
    ]
    assert sum(chance < 0.05 for chance in chances) <= 8
    assert sum(chance < 0.5 for chance in chances) > 10


def test_the_tail_of_the_deals_is_that_of_a_gumbel_distribution():
    """Quantiles of one with mode 3 and width 2: the chance beyond each is what its formula says."""
    deals = 3 - 2 * np.log(-np.log((np.arange(199) + 0.5) / 199))
    for chance in (0.2, 0.01, 0.0001):
        assert _beyond(3 - 2 * np.log(-np.log1p(-chance)), deals, False) == pytest.approx(chance, rel=0.15)
    assert _beyond(float(np.sort(deals)[-10]), deals, True) == pytest.approx(10 / 199)


# --- what counts --------------------------------------------------------------------------------------------


def test_a_customer_counts_once_a_week_and_hurts_where_any_row_does():
    rows = year(lambda *_: None, weeks=8)
    again = rows.assign(happened=False)
    once = jl.voice.hot_spots(rows, k=1).table
    twice = jl.voice.hot_spots(pd.concat([rows, again, rows], ignore_index=True), k=1).table
    pd.testing.assert_frame_equal(once, twice)


def test_the_order_of_the_rows_changes_no_digit():
    rows = year(lambda week, city: 0.8 if city == "Vinh" and week < 4 else None)
    shuffled = rows.sample(frac=1, random_state=3).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        jl.voice.hot_spots(rows, by=["city"]).table, jl.voice.hot_spots(shuffled, by=["city"]).table
    )


def test_another_pain_beside_it_changes_no_digit():
    rows = year(lambda week, city: 0.8 if city == "Vinh" and week < 4 else None)
    other = year(lambda *_: None, seed=9).assign(pain="rude")
    both = jl.voice.hot_spots(pd.concat([other, rows], ignore_index=True), by=["city"]).table
    alone = jl.voice.hot_spots(rows, by=["city"]).table
    late = both[both["pain"] == "late"].reset_index(drop=True)
    pd.testing.assert_frame_equal(late.drop(columns="found"), alone.drop(columns="found"))


def test_in_weeks_that_are_bad_everywhere_only_a_place_that_is_worse_still_is_named():
    def hurt(week: int, city: str) -> float | None:
        return None if not 10 <= week < 16 else 0.95 if city == "Vinh" else 0.45

    spots = found(year(hurt), by=["city"])
    assert set(spots["place"]) == {"", "Vinh"}


def test_rows_without_a_place_are_no_part_of_its_search_and_no_spot_rests_on_fewer_than_k():
    rows = year(lambda week, city: 0.9 if city == "Vinh" and week == 6 else None)
    lost = rows.assign(city=rows["city"].where(rows["city"] != "Huế"))
    assert not jl.voice.hot_spots(lost, by=["city"]).table["place"].eq("Huế").any()
    table = jl.voice.hot_spots(rows, by=["city"], k=10).table
    assert (table["rows"] >= 10).all()


def test_a_share_of_fewer_others_than_k_is_not_told():
    rows = year(lambda week, city: 0.9 if city == "Vinh" and week == 6 else None, weeks=12, each=12)
    few = rows[(rows["city"] == "Vinh") | rows["customer_id"].str.endswith(" 0")]
    told = jl.voice.hot_spots(few, by=["city"], k=10).table.query("by == 'city'").iloc[0]
    assert (told["place"], told["first"]) == ("Vinh", pd.Timestamp("2025-02-17"))
    assert math.isnan(told["same_time_share"])  # three elsewhere in that week
    assert told["own_share"] > 0
    assert told["others_share"] > 0


def test_of_a_spot_in_which_few_were_hurt_weeks_and_place_stay_and_what_tells_the_count_goes():
    rows = year(lambda week, city: 0.8 if city == "Vinh" and week == 6 else None, each=11, usual=0.01)
    found = jl.voice.hot_spots(rows, by=["city"], k=10)
    shown = jl.voice.discreet(found, 10).table
    spot = shown[shown["found"] & (shown["place"] == "Vinh")].iloc[0]
    assert (spot["fewer"], spot["rows"], spot["first"]) == (True, 11, pd.Timestamp("2025-02-17"))
    assert (
        spot[["cases", "share", "low", "high", "others_share", "own_share", "same_time_share"]].isna().all()
    )
    assert spot["chance"] in (0.0001, 0.001, 0.01, 0.05)
    assert spot["own_about"] == 0.0  # 429 rows, in steps of 5%
    assert found.table["found"].tolist() == shown["found"].tolist()


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_no_count_under_k_can_be_worked_out_from_what_is_shown(seed: int, k: int):
    """Whoever knows every row, and all but who was hurt in one spot, still cannot tell how many were."""
    rows = year(lambda *_: None, weeks=12, each=3, usual=0.1, seed=seed)
    found = jl.voice.hot_spots(rows, by=["city"], k=k)
    shown = jl.voice.discreet(found, k).table
    exact = ["cases", "share", "low", "high", "others_share", "own_share", "same_time_share"]
    for true, told in zip(found.table.to_dict("records"), shown.to_dict("records"), strict=True):
        assert told["fewer"] == (0 < true["cases"] < k)
        if not told["fewer"]:
            continue
        assert all(math.isnan(told[name]) for name in exact)
        assert told["chance"] in STEPS
        assert told["chance"] >= min(true["chance"], 1)
        # the rest of the place: of all counts it may have, k or more are rounded to what is shown
        if not math.isnan(told["own_about"]):
            rest = 12 * 3 * (1 if true["place"] else 4) - true["rows"]
            alike = [n for n in range(rest + 1) if _about(np.arange(rest) < n, k) == told["own_about"]]
            assert len(alike) >= k


def test_a_pain_that_nobody_or_everybody_had_is_not_searched():
    rows = year(lambda *_: 0.0)
    none = jl.voice.hot_spots(rows, by=["city"])
    assert (len(none.table), none.facts["searches"], none.facts["found"]) == (0, 0, 0)
    assert jl.voice.hot_spots(rows.assign(happened=True)).facts["searches"] == 0
    assert len(jl.voice.hot_spots(rows.head(0), by=["city"]).table) == 0


def test_of_many_searches_only_what_is_beyond_the_chance_of_them_all_is_found():
    """Every search here has a chance of its own; those found are told apart by all of them together."""
    rows = pd.concat(
        [year(lambda *_: None, weeks=26, seed=seed).assign(pain=f"p{seed:02}") for seed in range(40)],
        ignore_index=True,
    )
    table = jl.voice.hot_spots(rows).table
    assert (table["chance"] <= 0.05).any()
    assert not table["found"].any()


def test_customers_are_people_and_rows_their_weeks():
    rows = year(lambda week, city: 0.9 if city == "Vinh" and week in (6, 7) else None)
    rows["customer_id"] = rows["customer_id"].str.replace(
        r" \d+ ", " ", regex=True
    )  # the same six every week
    spot = jl.voice.hot_spots(rows, by=["city"]).table.query("place == 'Vinh'").iloc[0]
    assert (spot["rows"], spot["customers"]) == (12, 6)


def test_a_row_with_an_empty_place_is_no_part_of_the_search_for_places():
    rows = year(lambda week, city: 0.9 if city == "Vinh" and week == 6 else None)
    lost = rows.assign(city=rows["city"].where(rows["city"] != "Vinh", ""))
    table = jl.voice.hot_spots(lost, by=["city"]).table
    assert not table[table["by"] == "city"]["place"].eq("").any()


def test_who_is_not_known_is_nobody_else():
    rows = year(lambda *_: None, weeks=8).assign(customer_id=None)
    assert jl.voice.hot_spots(pd.concat([rows, rows]), k=1).table["customers"].iloc[0] > 1


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="no column 'city'"):
        jl.voice.hot_spots(year(lambda *_: None).drop(columns="city"), by=["city"])


def by_hand(hurt: np.ndarray, room: np.ndarray, k: int) -> tuple[float, set[tuple[int, int, int]]]:
    """The hottest of all runs and places, one at a time: log likelihoods written out."""

    def log(cases: int, n: int) -> float:
        share = cases / n
        parts = [(cases, share), (n - cases, 1 - share)]
        return sum(times * math.log(part) for times, part in parts if times)

    best, where = 0.0, set()
    all_hurt, whole = int(hurt.sum()), int(room.sum())
    for place in range(room.shape[1]):
        for first in range(len(room)):
            for after in range(first + 1, min(len(room), first + LONGEST) + 1):
                c, n = int(hurt[first:after, place].sum()), int(room[first:after, place].sum())
                if n < k or n > LARGEST * whole or n == whole or not c / n > (all_hurt - c) / (whole - n):
                    continue
                heat = log(c, n) + log(all_hurt - c, whole - n) - log(all_hurt, whole)
                if heat > best + 1e-9:
                    best, where = heat, set()
                if heat > best - 1e-9:
                    where.add((place, first, after))
    return best, where


@settings(max_examples=60)
@given(st.integers(1, 18), st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**20))
def test_the_hottest_spot_is_the_one_that_is_found_by_hand(weeks: int, places: int, k: int, seed: int):
    random = np.random.default_rng(seed)
    room = random.integers(0, 6, (weeks, places))
    hurt = random.binomial(room, 0.3)
    if not room.sum():
        return
    heat, where = by_hand(hurt, room, k)
    spots = hottest(heat_of(room, k=k)(hurt), weeks)
    if not where:
        assert spots == []
        return
    assert spots[0].heat == pytest.approx(heat)
    assert (spots[0].place, spots[0].first, spots[0].after) in where


# --- what could have hurt -----------------------------------------------------------------------------------

LOG = """
    who  | when        | channel  | sale
    an   | 01-01 08:00 | ad       |
    an   | 01-02 08:00 | ad       | 100
    an   | 01-20 08:00 | ad       | 50
    binh | 01-03 08:00 | ad       | 80
    chi  | 01-04 08:00 | ad       |
    """


def tickets(*lines: tuple[str, int | None, str, str | None, float | None]) -> pd.DataFrame:
    """When, whose, about what, of which order, answered after how many hours."""
    zone = "UTC"
    frame = pd.DataFrame(lines, columns=["when", "customer", "topic", "order_id", "hours"])
    at = pd.to_datetime("2025-" + frame["when"], format="%Y-%m-%d %H:%M").dt.tz_localize(zone)
    return frame.assign(
        timestamp=at,
        customer=frame["customer"].astype("Int64"),
        customer_id=frame["customer"].map(lambda n: f"c{n}"),
        first_response_at=at + pd.to_timedelta(frame["hours"], unit="h"),
    )


def test_a_complaint_about_orders_is_counted_of_the_orders_and_is_about_the_last_before_it():
    rows = jl.voice.hurts(
        tickets=tickets(("01-22 09:00", 0, "late", "o2", 1.0), ("03-20 09:00", 1, "late", "o3", 1.0)),
        topics=TOPICS,
        touches=touches(LOG),
        as_of="2025-04-01",
    )
    late = rows[rows["pain"] == "late"].sort_values("timestamp")
    assert set(late["of"]) == {"orders"}
    # an's second order; not the first; binh's complaint came more than 30 days after
    assert late["happened"].tolist() == [False, False, True]
    within = jl.voice.hurts(
        tickets=tickets(("01-22 09:00", 0, "late", "o2", 1.0)),
        topics=TOPICS,
        touches=touches(LOG),
        as_of="2025-04-01",
        period=(dt.date(2025, 1, 3), dt.date(2025, 1, 10)),
    )
    assert (within["pain"] == "late").sum() == 1


def test_other_complaints_are_counted_of_the_tickets():
    rows = jl.voice.hurts(
        tickets=tickets(("01-05 09:00", 0, "rude", None, 1.0), ("01-06 09:00", 1, "size", None, 1.0)),
        topics=TOPICS,
        touches=touches(LOG),
        as_of="2025-04-01",
    )
    rude = rows[rows["pain"] == "rude"].sort_values("timestamp")
    assert (rude["of"].unique().tolist(), rude["happened"].tolist()) == (["tickets"], [True, False])


def test_a_topic_is_about_orders_where_more_than_half_of_its_tickets_name_one():
    half = tickets(("01-05 09:00", 0, "late", "o1", 1.0), ("01-06 09:00", 1, "late", None, 1.0))
    rows = jl.voice.hurts(tickets=half, topics=TOPICS, touches=touches(LOG), as_of="2025-04-01")
    assert set(rows["of"]) == {"tickets"}


def test_days_of_a_period_are_both_in_it_and_nothing_after_the_day_asked_for_counts():
    log, late = touches(LOG), ("01-22 09:00", 0, "late", "o2", 1.0)
    days = (dt.date(2025, 1, 2), dt.date(2025, 1, 20))
    asked = {"topics": TOPICS, "touches": log, "period": days}
    rows = jl.voice.hurts(tickets=tickets(late), as_of="2025-01-31", **asked)
    assert (rows["pain"] == "late").sum() == 3  # with the orders of the first and of the last day
    after = tickets(("01-21 09:00", 1, "late", "o1", 1.0), late)
    before = jl.voice.hurts(tickets=after, as_of="2025-01-21", **asked)
    assert before[before["pain"] == "late"]["happened"].sum() == 1


def test_who_waits_longer_than_nine_in_ten_counts_as_hurt_and_who_may_yet_be_answered_in_time_not_at_all():
    lines: list[tuple[str, int | None, str, str | None, float | None]] = [
        (f"01-0{1 + n % 9} 09:00", n, "size", None, 1.0) for n in range(18)
    ]
    waiting = ("01-02 09:00", 20, "size", None, None)  # 29 days by the end: longer than nine in ten
    fresh = ("01-31 23:30", 21, "size", None, None)  # half an hour by the end: not known
    rows = jl.voice.hurts(tickets=tickets(*lines, waiting, fresh), topics=TOPICS, as_of="2025-01-31")
    slow = rows[rows["pain"] == "(slow answer)"]
    assert slow["customer"].tolist() == [*range(18), 20]
    assert slow[slow["happened"]]["customer"].tolist() == [20]


def test_a_low_score_is_low_on_its_own_scale_and_what_was_asked_at_the_purchase_is_apart():
    asked = pd.DataFrame(
        {
            "timestamp": MONDAY,
            "customer": pd.array(range(7), "Int64"),
            "customer_id": [f"c{n}" for n in range(7)],
            "touchpoint": [*(["page"] * 6), "purchase"],
            "metric": ["csat", "csat", "nps", "nps", "ces", "csat", "csat"],
            "score": [2, 3, 6, 7, 3, None, 1],
        }
    )
    rows = jl.voice.hurts(surveys=asked)
    assert rows["customer"].tolist() == [0, 1, 2, 3, 4]
    assert rows["happened"].tolist() == [True, False, True, False, True]
