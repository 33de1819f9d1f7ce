"""Charts show what their Results say: each row once, with its interval, and small groups not at all."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import charts, findings, i18n, theme
from journey_lib.model import NO_TOUCH

NAMES = {"zalo": "Zalo", "tiktok": "TikTok", "evil": '<img src=x onerror="alert(1)">'}


@pytest.fixture
def paths():
    frame = pd.DataFrame(
        {
            "path": ["zalo", "tiktok > zalo", "evil", "tiktok", ""],
            "total_conversions": [400, 300, 60, 5, 35],
            "total_conversion_value": [4e6, 3e6, 6e5, 5e4, 3.5e5],
            "total_null": [4000, 900, 600, 50, 0],
        }
    )
    return jl.attribution.read_paths(frame)


def rows(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    """The data the chart's layers draw, the largest set of them."""
    return max(chart.to_dict()["datasets"].values(), key=len)


def test_each_model_and_channel_is_one_dot_with_its_interval(paths):
    result = jl.attribution.compare(paths, ["last", "linear"])
    drawn = rows(charts.credit_by_model(result, NAMES))
    assert len(drawn) == len(result.table) == 8
    dot = next(d for d in drawn if d["channel_name"] == "Zalo" and d["model_name"] == "Linear")
    expected = result.table.query("channel == 'zalo' and model == 'linear'").iloc[0]
    assert dot["share"] == pytest.approx(expected["share"], rel=1e-3)
    assert dot["low"] < dot["share"] < dot["high"]


def test_colour_is_never_alone(paths):
    spec = charts.credit_by_model(jl.attribution.compare(paths, ["last", "linear"]), NAMES).to_dict()
    points = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")
    assert points["encoding"]["shape"]["field"] == points["encoding"]["color"]["field"] == "model_name"


def test_groups_below_k_are_not_drawn_and_not_told(paths):
    result = jl.attribution.credit(paths, "last").suppressed(100)
    drawn = rows(charts.credit_bars(result, NAMES))
    assert {d["channel_name"] for d in drawn} == {"Zalo", "TikTok"}
    hidden = result.table[result.table["suppressed"]]
    assert set(hidden["channel"]) == {"evil", NO_TOUCH}
    assert hidden[["conversions", "share", "journeys", "low", "high"]].isna().all(axis=None)
    assert result.facts["suppressed_rows"] == 2


def test_a_channel_nobody_converted_through_stays_for_it_tells_of_no_one(paths):
    table = jl.attribution.credit(paths, "first").suppressed(10).table
    assert not table.loc[table["journeys"] == 0, "suppressed"].any()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_chart_has_title_description_and_marks(paths, language):
    i18n.speak(language)
    theme.enable("report", currency="VND", language=language)
    locale = i18n.vega_locale("VND", language)
    costs = pd.DataFrame({"channel": ["zalo", "tiktok", "tiktok"], "cost": [9e5, 4e5, 1e5]})
    credit = jl.attribution.credit(paths, "markov")
    for chart in (
        charts.credit_by_model(jl.attribution.compare(paths, ["last", "markov", "shapley"]), NAMES, "2025"),
        charts.credit_bars(credit, NAMES, "2025"),
        charts.removal_effects(jl.attribution.removal_effects(paths), NAMES, "2025"),
        charts.transition_map(jl.journeys.transitions(paths), NAMES, "2025"),
        charts.cost_per_conversion(jl.attribution.efficiency(credit, costs, "VND"), NAMES, "2025"),
    ):
        theme.check(chart.to_dict(), locale=locale)
    i18n.speak("en")


def test_with_too_few_customers_the_map_says_so(paths):
    spec = charts.transition_map(jl.journeys.transitions(paths).suppressed(10**6), NAMES).to_dict()
    assert theme.declared_empty(spec)
    assert "No step was taken by enough customers to be shown." in str(spec)


def test_without_costs_the_chart_says_so(paths):
    nothing = pd.DataFrame({"channel": [], "cost": []})
    result = jl.attribution.efficiency(jl.attribution.credit(paths, "last"), nothing, "VND")
    spec = charts.cost_per_conversion(result, NAMES).to_dict()
    assert theme.declared_empty(spec)
    assert "No costs to compare with." in str(spec)
    assert findings.efficiency(result, NAMES) == (
        "No channel has both spend and credited conversions in this period."
    )


def test_a_finding_states_number_interval_and_whether_the_first_is_clear(paths):
    said = findings.credit(jl.attribution.credit(paths, "last"), NAMES)
    assert said == (
        "Last touch credits most to **Zalo**: **87.5%** of conversions (95% interval 85.0% to 89.6%)."
        ' Next comes <img src=x onerror="alert\\(1\\)"\\> with 7.5%; their intervals do not overlap.'
    ).replace("<img", "&lt;img").replace('"', "&quot;").replace("\\>", "&gt;")


def test_steps_that_leave_open_journeys_out_say_so():
    """Two pages tell of the steps between channels, one without open journeys: their numbers differ."""
    days = pd.date_range("2025-01-01", periods=3, tz="UTC")
    frame = pd.DataFrame(
        {
            "who": ["a", "a", "b", "b"],
            "at": [days[0], days[1], days[0] + pd.Timedelta(days=40), days[1] + pd.Timedelta(days=40)],
            "channel": ["zalo", "tiktok", "zalo", "tiktok"],
            "bought": [False, False, False, False],
        }
    )
    touches = jl.touches.from_frame(
        frame, customer_id="who", timestamp="at", channel="channel", conversion="bought"
    )
    every = jl.journeys.transitions(touches, lookback="30d")
    known = jl.journeys.transitions(jl.journeys.paths(touches, lookback="30d"))
    assert findings.transitions(every, NAMES).endswith(
        "from **Zalo** to **TikTok** (2 times). Steps of journeys still open are counted too: 1."
    )
    assert findings.transitions(known, NAMES).endswith(
        "from **Zalo** to **TikTok** (1 times). Journeys still open are left out: 1."
    )


def test_findings_never_speak_of_causes(paths):
    credit = jl.attribution.compare(paths, ["last", "linear"])
    steps = jl.journeys.transitions(paths)
    said = " ".join(
        [findings.journeys(credit), findings.models(credit, NAMES), findings.transitions(steps, NAMES)]
    ).lower()
    assert not any(
        word in said for word in ("because of", "leads to more", "drives", "increases", "thanks to")
    )


def test_paths_are_told_by_their_readers_names():
    assert charts.path_name("tiktok > zalo > unknown", NAMES) == "TikTok › Zalo › unknown"
    assert charts.path_name("(no touch)", NAMES) == "(no touch)"


def test_credit_of_channels_that_are_all_of_too_few_people_is_not_drawn_and_says_so(paths):
    hidden = [
        charts.credit_by_model(jl.attribution.compare(paths, ["last"]).suppressed(9_999), NAMES),
        charts.credit_bars(jl.attribution.credit(paths, "last").suppressed(9_999), NAMES),
        charts.removal_effects(jl.attribution.removal_effects(paths).suppressed(9_999), NAMES),
    ]
    for chart in hidden:
        assert chart.to_dict()["usermeta"] == {"journey": {"empty": True}}
        assert rows(chart) == [{"why": "No channel has enough customers to be shown."}]
