"""Behaviour, emotion and pain, what could be won, and who does it: rules and arithmetic, counted by hand."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from placed import row

import journey_lib as jl
from journey_lib.errors import DataError
from journey_lib.intervals import wilson
from journey_lib.model import Result
from journey_lib.touchpoints import Opportunity

Z = 1.959963984540054


def found(*rows: dict[str, Any], **facts: Any) -> Result:
    """An inventory as `inventory` returns it, with the columns that matter here."""
    usual = {"stage": "ask", "owner": "shop", "customers": 100, "conversions": 20, "value": 2000.0}
    usual |= {"value_se": 100.0, "drop_off": None}
    table = pd.DataFrame([usual | each for each in rows])
    table["drop_off"] = table["exits"] / table["over"].where(table["over"] > 0)
    low, high = wilson(table["exits"].to_numpy(), table["over"].to_numpy())
    table = table.assign(drop_low=low, drop_high=high, conversion_rate=table["conversions"] / table["over"])
    return Result(
        "touchpoints", table, {"value_each": 100.0, "value_each_se": 5.0} | facts, {"currency": "VND"}
    )


def emotion(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["touchpoint", "metric", "answered", "mean", "low", "high"])


SHOP = found(*({"touchpoint": name, "over": 1000, "exits": 500} for name in ("a", "b", "c")))


def stands(result: Result, name: str = "a") -> tuple[str, str]:
    return row(result, name)["valence"], row(result, name)["decided_by"]


# --- the rule -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "valence"),
    [(4.1, 4.5, "positive"), (3.9, 4.3, "neutral"), (3.0, 3.9, "negative"), (4.0, 4.4, "neutral")],
)
def test_a_feeling_counts_only_where_its_whole_interval_lies_on_one_side_of_the_base(low, high, valence):
    told = emotion(("a", "csat", 50, 4.0, low, high), ("b", "csat", 50, 4.0, 3.9, 4.1))  # base: 4.0
    assert stands(jl.touchpoints.factors(SHOP, emotion=told)) == (valence, "emotion:csat")


def test_the_base_is_the_mean_of_all_answers():
    told = emotion(("a", "csat", 10, 4.0, 3.8, 4.2), ("b", "csat", 30, 2.0, 1.9, 2.1))
    result = jl.touchpoints.factors(SHOP, emotion=told)
    assert row(result, "a")["emotion_base"] == 2.5
    assert [stands(result, name)[0] for name in "ab"] == ["positive", "negative"]


def test_ratings_come_first_and_text_only_where_there_are_too_few_of_them():
    told = emotion(
        ("a", "csat", 9, 1.0, 0.9, 1.1),
        ("a", "ces", 20, 6.0, 5.9, 6.1),
        ("a", "text", 500, -0.9, -1, -0.8),
        ("b", "ces", 20, 4.0, 3.9, 4.1),
        ("b", "csat", 9, 5.0, 4.9, 5.1),
        ("c", "text", 500, 0.9, 0.8, 1.0),
    )
    result = jl.touchpoints.factors(SHOP, emotion=told)
    assert [stands(result, name) for name in "abc"] == [
        ("positive", "emotion:ces"),
        ("negative", "emotion:ces"),
        ("positive", "emotion:text"),
    ]


def test_an_effort_asked_for_as_effort_is_good_when_it_is_low():
    told = emotion(("a", "ces", 20, 2.0, 1.9, 2.1), ("b", "ces", 20, 4.0, 3.9, 4.1))
    result = jl.touchpoints.factors(SHOP, emotion=told, lower_is_better=["ces"])
    assert stands(result) == ("positive", "emotion:ces")


def test_a_pain_above_its_base_decides_before_any_feeling():
    told = emotion(("a", "csat", 50, 4.5, 4.4, 4.6), ("b", "csat", 50, 3.5, 3.4, 3.6))
    pain = pd.DataFrame({"touchpoint": ["a", "b"], "tickets": [100, 100], "complaints": [60, 20]})
    result = jl.touchpoints.factors(SHOP, emotion=told, pain=pain)
    assert stands(result) == ("negative", "pain:complaints")
    assert stands(result, "b") == ("negative", "emotion:csat")


def test_slow_answers_are_those_that_take_more_than_twice_the_usual_time():
    pain = pd.DataFrame(
        {"touchpoint": ["a", "b", "c"], "tickets": [20, 20, 60], "response_median": [2.1, 2.0, 1.0]}
    )
    result = jl.touchpoints.factors(SHOP, pain=pain)
    assert [row(result, name)["pains"] for name in "abc"] == ["slow", "", ""]
    assert [stands(result, name)[0] for name in "abc"] == ["negative", "neutral", "neutral"]


def test_with_few_answers_and_few_tickets_nobody_can_tell():
    told = emotion(("a", "csat", 9, 5.0, 4.9, 5.0), ("b", "csat", 50, 2.0, 1.9, 2.1))
    pain = pd.DataFrame({"touchpoint": ["a", "b"], "tickets": [9, 900], "complaints": [9, 9]})
    assert stands(jl.touchpoints.factors(SHOP, emotion=told, pain=pain)) == ("unknown", "")
    assert jl.touchpoints.factors(SHOP).facts["unknown"] == 3


def test_what_buyers_say_at_the_moment_of_purchase_stands_apart_and_so_do_sums():
    told = emotion(
        ("purchase", "nps", 200, 9.0, 8.9, 9.1),
        ("(all)", "csat", 250, 1.0, 0.9, 1.1),
        ("a", "csat", 50, 4.0, 3.9, 4.1),
    )
    result = jl.touchpoints.factors(SHOP, emotion=told)
    assert (result.facts["purchase_metric"], result.facts["purchase_mean"]) == ("nps", 9.0)
    assert stands(result) == ("neutral", "emotion:csat")
    moved = told.assign(moment=["purchase", "contact", "purchase"])
    assert stands(jl.touchpoints.factors(SHOP, emotion=moved)) == ("unknown", "")


def test_to_leave_is_behaviour_beside_the_stage_and_decides_nothing():
    shop = found(
        {"touchpoint": "a", "over": 1000, "exits": 600},
        {"touchpoint": "b", "over": 1000, "exits": 400},
        {"touchpoint": "c", "over": 1000, "exits": 900, "stage": "aware"},
        {"touchpoint": "d", "over": 0, "exits": 0},
    )
    table = jl.touchpoints.factors(shop).table
    assert table["behaviour"].tolist() == ["leave", "go_on", "usual", "unknown"]
    assert set(table["valence"]) == {"unknown"}


def test_the_rule_is_printed_with_every_result_and_names_all_four_answers():
    rule = jl.touchpoints.factors(SHOP).settings["rule"]
    assert all(word in rule for word in ("positive", "neutral", "negative", "unknown"))


def test_a_frame_without_a_column_is_told_which():
    with pytest.raises(DataError, match="emotion has no column 'answered'"):
        jl.touchpoints.factors(SHOP, emotion=pd.DataFrame({"touchpoint": [], "metric": [], "n": []}))


# --- what could be won --------------------------------------------------------------------------------------


def test_worth_is_reach_times_drop_times_value_beside_the_stage():
    shop = found(
        {"touchpoint": "a", "over": 1000, "exits": 700, "conversions": 60, "value": 6000.0},
        {"touchpoint": "b", "over": 1000, "exits": 500},
    )
    (found_a,) = jl.touchpoints.opportunities(shop).table.to_dict("records")
    assert found_a["usual"] == 0.6
    assert found_a["fewer"] == pytest.approx(1000 * (0.7 - 0.6))
    assert found_a["onward"] == 60 / 300
    assert found_a["more"] == pytest.approx(100 * 0.2)
    assert found_a["worth"] == pytest.approx(20 * 100)
    assert (found_a["rank_low"], found_a["rank_high"]) == (1, 1)


def test_the_interval_is_as_wide_as_drawing_the_journeys_again_makes_it():
    over, drop, onward, each, spread = 2000, 0.7, 0.25, 100.0, 60.0
    shop = found(
        {
            "touchpoint": "a",
            "over": over,
            "exits": int(over * drop),
            "conversions": int(over * (1 - drop) * onward),
            "value": over * (1 - drop) * onward * each,
            "value_se": spread * math.sqrt(over * (1 - drop) * onward),
        },
        {"touchpoint": "b", "over": over, "exits": int(over * 0.5)},
    )
    (told,) = jl.touchpoints.opportunities(shop).table.to_dict("records")
    rng = np.random.default_rng(7)
    exits = rng.binomial(over, drop, 20_000)
    sales = rng.binomial(over - exits, onward)
    value = rng.normal(each, spread / np.sqrt(sales))
    drawn = (exits - over * told["usual"]) * sales / (over - exits) * value
    assert (told["high"] - told["low"]) / 2 == pytest.approx(Z * drawn.std(), rel=0.03)


def test_touchpoints_with_few_journeys_or_usual_drop_off_are_not_ranked():
    shop = found(
        {"touchpoint": "a", "over": 29, "exits": 29, "conversions": 0, "value": 0.0},
        {"touchpoint": "b", "over": 1000, "exits": 500},
        {"touchpoint": "c", "over": 1000, "exits": 501},
    )
    assert jl.touchpoints.opportunities(shop).table["touchpoint"].tolist() == []
    assert jl.touchpoints.opportunities(shop, least=10).table["touchpoint"].tolist() == ["a"]


def test_places_that_the_data_cannot_tell_apart_are_told_as_a_range_and_hold_the_true_order():
    exits = (70_000, 69_950, 60_000, 10_000)
    usual = {"over": 100_000, "conversions": 20_000, "value": 2e6, "value_se": 0.0}
    shop = found(*({"touchpoint": str(n), "exits": e} | usual for n, e in enumerate(exits)))
    table = jl.touchpoints.opportunities(shop).table
    assert table["touchpoint"].tolist() == ["0", "1", "2"]
    assert list(zip(table["rank_low"], table["rank_high"], strict=True))[:2] == [(1, 2), (1, 2)]
    assert table["rank_low"].tolist()[2] == table["rank_high"].tolist()[2] == 3


DECLARED = (
    Opportunity(opportunity="call", touchpoint="a", title={"en": "Call"}, effort="low", due=date(2026, 1, 1)),
    Opportunity(opportunity="mail", touchpoint="a", title={}, owner="care", effort="high", status="done"),
    Opportunity(opportunity="sign", touchpoint="b", title={}, effort="medium", status="doing"),
)


def test_what_is_declared_stands_beside_the_number_or_after_all_numbers():
    shop = found(
        {"touchpoint": "a", "over": 1000, "exits": 700}, {"touchpoint": "b", "over": 1000, "exits": 500}
    )
    table = jl.touchpoints.opportunities(shop, declared=DECLARED).table
    assert table["opportunity"].tolist() == ["call", "mail", "sign"]
    assert table["owner"].tolist() == ["shop", "care", "shop"]
    assert table["due"].tolist()[0] == "2026-01-01"
    assert table["worth"].notna().tolist() == [True, True, False]
    assert jl.touchpoints.opportunities(shop, declared=DECLARED).facts["worth"] == table["worth"].iloc[0]


def test_each_department_gets_what_is_open_and_what_nobody_owns_comes_last():
    said = jl.touchpoints.describe(
        {
            "departments": {"care": {}, "shop": {}},
            "touchpoints": [{"touchpoint": "a", "place": "online", "owner": ["shop", "care"]}],
        }
    )
    shop = found(
        {"touchpoint": "a", "over": 1000, "exits": 700},
        {"touchpoint": "b", "over": 1000, "exits": 500},
        {"touchpoint": "c", "over": 1000, "exits": 800, "owner": ""},
    )
    gaps = pd.DataFrame({"gap": ["two_owners"], "touchpoint": ["a"], "owner": ["shop, care"]})
    ranked = jl.touchpoints.opportunities(shop, declared=DECLARED)
    todo = jl.touchpoints.actions(ranked, Result("touchpoint_gaps", gaps), said)
    told = todo.table[["department", "kind", "touchpoint", "what"]].to_numpy().tolist()
    assert told == [
        ["care", "gap", "a", "two_owners"],
        ["shop", "opportunity", "a", "call"],
        ["shop", "opportunity", "b", "sign"],
        ["shop", "gap", "a", "two_owners"],
        ["", "opportunity", "c", "drop_off"],
    ]
    assert (todo.facts["departments"], todo.facts["unowned"]) == (2, 1)
