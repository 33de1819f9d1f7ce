"""Charts and sentences of touchpoints say what their Results say, in both languages, of nobody alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import altair as alt
import pandas as pd
import pytest
from placed import MODEL, at_touchpoints

import journey_lib as jl
from journey_lib import charts_touchpoints as charts
from journey_lib import findings_touchpoints as findings
from journey_lib import i18n, tables, words_touchpoints
from journey_lib.integrity import CAUSAL

SAID = jl.touchpoints.describe(
    {
        "departments": {"shop": {"vi": "Cửa hàng", "en": "Shop"}, "care": {"en": "Care"}},
        "touchpoints": [
            {"touchpoint": "ad", "place": "online", "owner": "shop", "systems": ["ads"], "stage": "look"},
            {"touchpoint": "page", "place": "offline", "owner": ["shop", "care"], "stage": "look",
             "kpi": {"measure": "conversion_rate", "target": 0.9}},
            {"touchpoint": "leaflet", "place": "offline", "seen_as": [], "stage": "buy"},
        ],
    }
)  # fmt: skip
NAMES = {"ad": "The ad", "page": "<b>Page</b>", "department:shop": "Shop", "department:care": "Care"}
EMOTION = pd.DataFrame(
    {"touchpoint": ["ad", "page", "purchase"], "metric": ["csat", "csat", "nps"], "answered": [40, 40, 20],
     "mean": [4.5, 3.5, 9.0], "low": [4.3, 3.3, 8.0], "high": [4.7, 3.7, 10.0]}
)  # fmt: skip


@pytest.fixture(scope="module")
def log() -> Any:
    """Sixty who see the ad, of whom every third goes on to the page and buys; few at a stall and a booth."""
    lines = [f"c{n} | 01-{1 + n % 20:02} 08:00 | ad |" for n in range(60)]
    lines += [f"c{n} | 01-{1 + n % 20:02} 09:00 | page |" for n in range(0, 60, 3)]
    lines += [f"c{n} | 01-{1 + n % 20:02} 10:00 |  | 100" for n in range(0, 60, 3)]
    lines += [f"c{n} | 01-25 08:00 | page |" for n in range(1, 41, 3)]
    lines += [f"d{n} | 02-10 08:00 | stall |" for n in range(5)]
    lines += [f"e{n} | 02-10 08:00 | booth |" for n in range(8)]
    return at_touchpoints("\n".join(["who | when | channel | sale", *lines]))


@pytest.fixture(scope="module")
def found(log) -> Any:
    result = jl.touchpoints.inventory(log, model=MODEL, authored=SAID, recent="7d")
    return result.suppressed(10)


def rows(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    return max(chart.to_dict()["datasets"].values(), key=len)


def text(chart: alt.TopLevelMixin) -> str:
    return str(chart.to_dict())


def test_each_touchpoint_is_one_dot_with_its_interval_and_few_people_are_none(found):
    drawn = {each["row"]: each for each in rows(charts.reach_and_conversion(found, NAMES))}
    assert set(drawn) == {"The ad", "<b>Page</b>"}
    ad = found.table.set_index("touchpoint").loc["ad"]
    assert drawn["The ad"]["conversion_rate"] == pytest.approx(ad["conversion_rate"], rel=1e-3)
    assert drawn["The ad"]["low"] < drawn["The ad"]["conversion_rate"] < drawn["The ad"]["high"]
    assert "stall" not in text(charts.drop_off(found, NAMES))


def test_online_and_offline_differ_in_shape_as_well_as_in_colour(found):
    spec = charts.reach_and_conversion(found, NAMES).to_dict()
    points = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")
    assert points["encoding"]["shape"]["field"] == points["encoding"]["color"]["field"] == "where"


def test_drop_off_and_importance_are_in_the_order_of_what_they_rank(found):
    drawn = rows(charts.drop_off(found, NAMES))
    table = found.table.dropna(subset=["exits"]).sort_values("exits", ascending=False)
    assert [each["exits"] for each in drawn] == table.loc[table["over"] > 0, "exits"].tolist()
    effects = [each["removal_effect"] for each in rows(charts.importance(found, NAMES))]
    assert effects == sorted(effects, reverse=True)
    assert max(effects) > 0


def test_a_factor_is_a_sign_and_a_word_and_not_a_colour_alone(found):
    result = jl.touchpoints.factors(found, emotion=EMOTION)
    drawn = rows(charts.factors(result, NAMES))
    told = {(each["row"], each["factor"]): each["label"] for each in drawn}
    assert told["The ad", "Emotion"] == "▲ above the base"
    assert told["<b>Page</b>", "In all"] == "▼ negative"
    assert told["The ad", "Pain"] == "? not known"


def test_weeks_and_availability_draw_what_there_is(log):
    weeks = jl.touchpoints.weekly(log, authored=SAID)
    assert charts.weeks(weeks, NAMES).to_dict()["usermeta"]["journey"]["empty"]  # some 20 touches a week
    many = weeks.table.assign(touches=weeks.table["touches"] * 10)
    drawn = rows(charts.weeks(replace(weeks, table=many), NAMES))
    levels = weeks.table.set_index(["touchpoint", "week"])["level"].dropna().round(3)
    name = {shown: code for code, shown in NAMES.items()}
    told = {(name.get(each["row"], each["row"]), pd.Timestamp(each["day"])): each["level"] for each in drawn}
    assert told
    assert {at: round(level, 3) for at, level in told.items()} == {at: levels[at] for at in told}
    result = jl.touchpoints.availability(log, model=MODEL, authored=SAID)
    drawn = rows(charts.availability(result, NAMES))
    assert sum(each["rows"] for each in drawn) == result.facts["rows"]
    assert {each["row"] for each in drawn} == {"ads", "(no system named)"}


def test_what_could_be_won_is_written_with_its_places(found):
    result = jl.touchpoints.opportunities(found)
    drawn = rows(charts.opportunities(result, NAMES))
    assert len(drawn) == len(result.table) > 0
    assert all("place" in each["label"] for each in drawn)


def test_a_chart_with_nothing_to_show_says_so(found):
    empty = found.table.assign(over=0, removal_effect=0.0, change=float("nan"), reach=0.0, recorded=0)
    nothing = type(found)("touchpoints", empty, found.facts, found.settings)
    for draw in (charts.reach_and_conversion, charts.drop_off, charts.importance, charts.changes):
        assert "'empty': True" in text(draw(nothing, NAMES))
    assert "'empty': True" in text(charts.factors(jl.touchpoints.factors(nothing), NAMES))


def sentences(found: Any, log: Any) -> list[str]:
    gaps = jl.touchpoints.complete(found, SAID, model=MODEL)
    stands = jl.touchpoints.factors(found, emotion=EMOTION)
    return [
        findings.inventory(found, NAMES),
        findings.conversion(found, NAMES),
        findings.drop_off(found, NAMES),
        findings.importance(found, NAMES),
        findings.changes(found, NAMES),
        findings.gaps(gaps, NAMES),
        findings.targets(jl.touchpoints.targets(found, SAID)),
        findings.availability(jl.touchpoints.availability(log, model=MODEL, authored=SAID)),
        findings.factors(stands, NAMES),
        findings.at_purchase(stands),
        findings.opportunities(jl.touchpoints.opportunities(found), NAMES),
    ]


def test_sentences_say_their_numbers_with_base_and_interval(found, log):
    inventory, conversion, drop_off, *_, at_purchase, _opportunity = sentences(found, log)
    ad = found.table.set_index("touchpoint").loc["ad"]
    assert f"**{i18n.percent(ad['reach'], 1)}** of all journeys" in inventory
    page = found.table.set_index("touchpoint").loc["page"]
    assert f"**{i18n.percent(page['conversion_rate'], 1)}** of {int(page['over'])}" in conversion
    assert i18n.number(ad["exits"]) in drop_off
    assert "20 buyers gave NPS **9.0**" in at_purchase


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_sentence_claims_a_cause_or_lets_markup_through(found, log, language):
    i18n.speak(language)
    for sentence in sentences(found, log):
        assert sentence
        assert not CAUSAL.search(sentence), sentence
        assert "<b>" not in sentence


def test_tables_say_departments_gaps_and_targets_in_words(found):
    gaps = words_touchpoints.worded(jl.touchpoints.complete(found, SAID, model=MODEL).table, NAMES)
    row = gaps[gaps["gap"] == "two departments answer for it"].iloc[0]
    assert (row["touchpoint"], row["owner"]) == ("<b>Page</b>", "Shop, Care")
    targets = words_touchpoints.worded(jl.touchpoints.targets(found, SAID).table, NAMES).iloc[0]
    assert (targets["measure"], targets["target"]) == ("Conversion rate", "at least 90.0%")
    assert targets["state"] == "✗ missed"


def test_a_code_with_a_comma_of_its_own_goes_by_its_name_and_several_codes_by_theirs():
    names = {"wrap, front": "Mailer: front of the wrap", "department:care": "Care", "department:it": "IT"}
    assert words_touchpoints.spoken("wrap, front", names) == "Mailer: front of the wrap"
    assert words_touchpoints.spoken("care, it", names, "department:") == "Care, IT"


def test_every_table_of_touchpoints_can_be_written(found, log):
    gaps = jl.touchpoints.complete(found, SAID, model=MODEL)
    ranked = jl.touchpoints.opportunities(found)
    results = [found, gaps, jl.touchpoints.targets(found, SAID), ranked]
    results += [jl.touchpoints.factors(found, emotion=EMOTION), jl.touchpoints.actions(ranked, gaps, SAID)]
    for result in results:
        caption, formats = words_touchpoints.LAYOUTS[result.name]
        money = {"money": "money:VND", "compact": "compact:VND"}
        formats = {name: money.get(form, form) for name, form in formats.items()}
        told = words_touchpoints.worded(result.table, NAMES)
        written = tables.table_html(told, caption=caption, formats=formats)
        assert written.count("<tr") == len(result.table) + 1
        assert "<b>Page" not in written
