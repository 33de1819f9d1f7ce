"""Charts of personas: one legend that leaves room to draw, words a reader knows, rows in one order."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from journey_lib import charts_personas, charts_segments, findings_found, findings_personas, theme
from journey_lib.model import Result

NAMES = {"p2": "Hunts for offers", "p1": "Store regulars"}
WORDS = {"Kim cương": "Diamond", "act": "Act"}


def legends(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    """The legends that are drawn: those of colour, shape and dash that say the same are one."""
    return vl_convert.vegalite_to_vega(chart.to_dict())["legends"]


def rows(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    return max(chart.to_dict()["datasets"].values(), key=len)


SIZES = pd.DataFrame(
    {
        "persona": ["p1", "p2"],
        "segment": ["new", "lost"],
        "customers": [60, 40],
        "share": [0.6, 0.4],
        "low": [0.5, 0.3],
        "high": [0.7, 0.5],
        "value_share": [0.2, 0.8],
        "value_low": [0.1, 0.7],
        "value_high": [0.3, 0.9],
        "conversion_rate": [0.3, None],
        "rate_low": [0.2, None],
        "rate_high": [0.4, None],
        "buyers": [18, None],
    }
)


def test_stability_has_one_legend_of_two_whole_names():
    tried = pd.DataFrame({"k": [2, 3], "jaccard_worst": [0.9, 0.8], "jaccard_mean": [0.95, 0.9]})
    drawn = charts_segments.alternatives(Result("tried", tried.assign(verdict="taken"), {"k": 3}))
    (legend,) = legends(drawn)
    assert {"stroke", "shape"} <= legend.keys()
    assert "strokeDash" not in legend  # an outline dashed as a line makes of a mark a blot
    assert legend["labelLimit"] == 0  # not cut


def test_people_and_money_are_told_by_colour_and_shape_in_personas_and_segments_alike():
    personas = charts_personas.shares(Result("sizes", SIZES), NAMES)
    segments = charts_segments.segments(Result("rfm", SIZES), {"new": "New", "lost": "Lost"})
    for drawn in (personas, segments):
        (legend,) = legends(drawn)
        assert {"stroke", "shape"} <= legend.keys()
        assert len(rows(drawn)) == 4
    # the richest group of either kind first; segments in the order of their table
    assert [row["row"] for row in rows(personas)][:2] == ["p2 · Hunts for offers", "p1 · Store regulars"]
    assert [row["row"] for row in rows(segments)][:2] == ["New", "Lost"]


def test_a_persona_of_whom_few_bought_has_no_rate_and_no_sentence():
    drawn = rows(charts_personas.rates(Result("sizes", SIZES), NAMES))
    assert [row["row"] for row in drawn] == ["p1 · Store regulars"]
    facts = {"not_placed": 0, "customers": 100}
    said = findings_personas.sizes(Result("sizes", SIZES.iloc[::-1], facts), NAMES, 10)
    assert said.startswith("**Store regulars** buys most often: 30.0%")


def test_segments_of_who_bought_are_neither_called_personas_nor_said_to_buy():
    rules = SIZES.assign(persona=["champions", "at_risk"], conversion_rate=1.0)
    names = {"champions": "Champions", "at_risk": "At risk"}
    said = findings_personas.sizes(
        Result("sizes", rules, {"not_placed": 40, "customers": 100}), names, 10, by="rfm"
    )
    assert said.startswith("**At risk** brings most of the money")
    assert "buys most often" not in said
    told = findings_personas.found_out(Result("sizes", rules), by="rfm").table
    assert {"conversion_rate", "buyers"}.isdisjoint(told)
    assert "conversion_rate" in findings_personas.found_out(Result("sizes", SIZES), by="found").table
    title = charts_personas.shares(Result("sizes", rules), names).to_dict()["title"]["text"]
    assert title == "Which segments are many, and which bring the money?"


def test_heads_of_a_heat_map_are_whole_however_many_groups_there_are():
    """Ten segments in columns of 72 pixels were cut to "Customers who…", and ran out of the page."""
    codes = [f"segment {n}" for n in range(10)]
    names = {code: f"Khách có thể thành trung thành {code[-1]}" for code in codes}
    table = pd.DataFrame(
        {
            "persona": codes,
            "feature": "value",
            "n": 20,
            "exceeds": 0.7,
            "exceeds_low": 0.6,
            "exceeds_high": 0.8,
        }
    )
    titles = {"value": "Trung bình số ngày giữa hai ngày có tương tác"}
    spec = charts_personas.traits(Result("traits", table), names, titles).to_dict()
    axes = spec["layer"][0]["encoding"]
    assert spec["width"]["step"] * 10 <= 560
    for axis, letters in ((axes["x"]["axis"], 9), (axes["y"]["axis"], 28)):
        assert axis["labelLimit"] == 0
        (lines,) = list(json.loads(axis["labelExpr"].partition("[datum")[0]).values())[:1]
        assert len(lines) > 1
        assert max(map(len, lines)) <= letters


def test_words_on_a_ratio_below_one_stand_clear_of_the_line_at_one():
    top = {"feature": "value", "trait": "", "customers": 50, "n": 50, "real": True}
    table = pd.DataFrame(
        [{**top, "lift": lift, "low": lift / 1.2, "high": lift * 1.2} for lift in (0.5, 2.0)]
    )
    drawn = rows(charts_segments.lifts(Result("top", table), {"value": "Value"}, WORDS))
    assert {row["lift"]: row["end"] for row in drawn} == {2.0: 2.4, 0.5: 1.0}


def test_who_moved_stands_in_one_order_on_both_axes():
    moves = pd.DataFrame(
        {"before": ["", "p1", "p2", "p2"], "now": ["p1", "p1", "p2", ""], "customers": 20, "share": 0.5}
    )
    spec = charts_personas.migration(Result("moves", moves), NAMES).to_dict()
    axes = spec["layer"][0]["encoding"]
    assert axes["y"]["sort"] == ["p2 · Hunts for offers", "p1 · Store regulars", "none fits"]
    assert [code for code in axes["x"]["sort"] if code in NAMES] == ["p2", "p1"]


def test_classes_and_stages_are_called_in_the_readers_words():
    top = pd.DataFrame(
        {
            "feature": ["tier", "stage", "city"],
            "trait": ["Kim cương", "act", "(other)"],
            "customers": 50,
            "n": 50,
            "lift": 2.0,
            "low": 1.5,
            "high": 2.5,
            "real": True,
            "share": 0.5,
            "target": 0.6,
            "of": 100,
            "expand": [1, 0, 0],
        }
    )
    titles = {"tier": "Tier", "stage": "Stage", "city": "City"}
    expected = {"Tier: Diamond", "Stage: Act", "City: Others"}
    result = Result("top", top)
    assert {row["row"] for row in rows(charts_segments.lifts(result, titles, WORDS))} == expected
    assert {row["row"] for row in rows(charts_segments.audience(result, titles, WORDS))} == expected
    assert "**Diamond** (Tier)" in findings_personas.audience(result, titles, WORDS)


def test_where_there_is_a_continuum_nobody_fits_personas_that_are_none():
    gate = SimpleNamespace(
        verdict="continuum", ratio=0.99, low=0.98, high=1.01, chance=0.1, nulls=20, customers=90, cut=0.85
    )
    found: Any = SimpleNamespace(
        structure=gate, k=0, labels=[0] * 90, too_little=7, settings={"k": "auto"}, few=lambda k: k > 7
    )
    said = findings_found.verdict(found, 5)
    assert said.endswith(
        "No persona is made of the 90 customers known well enough; 7 are known too little to say."
    )
    assert "fit none" not in said
    untold = findings_found.verdict(found, 10)
    assert "Groups of these customers are" in untold
    assert untold.endswith("No persona is made of the customers known well enough.")


def test_a_cell_of_few_is_told_from_one_of_nobody() -> None:
    table = pd.DataFrame(
        {
            "persona": ["p1", "p1", "p2", "p2"],
            "channel": ["email", "store", "email", "store"],
            "share": [0.75, 0.25, np.nan, 0.0],
            "low": [0.7, 0.2, np.nan, 0.0],
            "high": [0.8, 0.3, np.nan, 0.1],
            "journeys": [75, 25, np.nan, 0],
        }
    )
    chart = charts_personas.credit(Result("persona_credit", table, base="journeys"), NAMES, WORDS)
    (data,) = {id(rows): rows for rows in chart.to_dict()["datasets"].values()}.values()
    labels = {(row["persona"], row["row"]): row["label"] for row in data}
    assert labels == {
        ("p1", "email"): "75%",
        ("p1", "store"): "25%",
        ("p2", "email"): "few",
        ("p2", "store"): "0%",
    }


OVERVIEW = pd.DataFrame(
    {
        "group": ["p1", "p2", "p3"],
        "over": [60.0, None, 0.0],  # of p2 few ended without a conversion; of p3 no journey is over
        "conversions": [30.0, 30.0, 0.0],
        "conversion_rate": [0.5, None, None],
        "low": [0.4, None, None],
        "high": [0.6, None, None],
    }
)
MOVES = pd.DataFrame(
    {
        "before": ["p1", "p1", "p2"],
        "now": ["p1", "p2", "p2"],
        "customers": [50.0, None, 40.0],
        "share": [1.0, None, 1.0],
    }
)
AUDIENCE = pd.DataFrame(
    {"feature": "tier", "trait": ["Gold", "Silver"], "share": [0.4, None], "target": 0.5}
    | {"low": [0.3, None], "high": [0.5, None], "of": 100}
)


@pytest.mark.parametrize(
    "drawn",
    [
        charts_personas.rates(Result("sizes", SIZES), NAMES, "2025"),
        charts_personas.shares(Result("sizes", SIZES.assign(suppressed=[False, True])), NAMES, "2025"),
        charts_personas.journeys(Result("overview", OVERVIEW), "2025"),
        charts_personas.migration(Result("moves", MOVES), NAMES, "2025"),
        charts_segments.segments(Result("rfm", SIZES.assign(customers=[60, None])), {}, "2025"),
        charts_segments.audience(Result("audience", AUDIENCE), {}, {}, "2025"),
    ],
)
def test_a_chart_of_groups_says_how_many_of_them_it_does_not_show(drawn: alt.TopLevelMixin) -> None:
    assert theme.titles(drawn.to_dict())[1] == "2025 · 1 not shown: they would tell of too few people"


def test_a_chart_that_shows_all_says_no_more_than_its_scope() -> None:
    drawn = charts_personas.shares(Result("sizes", SIZES), NAMES, "2025")
    assert theme.titles(drawn.to_dict())[1] == "2025"
