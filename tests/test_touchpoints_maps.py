"""The touchpoint map says what it means, or says in which line it does not; the demo shop's map is one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from test_workspace import GOOD

import journey_lib as jl
from journey_lib.demo.shop_channels import CHANNELS
from journey_lib.errors import ConfigError
from journey_lib.touchpoints import places

ROOT = Path(__file__).parents[1]
MAP = """\
author: "Anh"
review: 2026-06-01
departments:
  care: {vi: "Chăm sóc", en: "Care"}
  shop: {vi: "Cửa hàng"}
touchpoints:
  - touchpoint: hotline
    label: {vi: "Tổng đài", en: "Hotline"}
    channels: call_centre
    stage: ask
    place: offline
    owner: care
    roles: {shop: consulted}
    goal: {en: "answer in one call"}
    kpi: {measure: drop_off, target: 0.4, direction: at_most}
    systems: [phone]
    seen_as: [cc_*]
    tickets: [call_centre]
    review: 2026-01-01
  - touchpoint: leaflet
    place: offline
    owner: [care, shop]
    seen_as: []
"""
OPPORTUNITIES = """\
opportunities:
  - opportunity: evening
    touchpoint: hotline
    title: {vi: "Ca tối", en: "Evening shift"}
    effort: high
    due: 2026-02-01
"""


def workspace(folder: Path, text: str, opportunities: str | None = None):
    (folder / "journey.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "maps").mkdir(exist_ok=True)
    (folder / "maps" / "touchpoints.yaml").write_text(text, encoding="utf-8")
    if opportunities is not None:
        (folder / "maps" / "opportunities.yaml").write_text(opportunities, encoding="utf-8")
    return jl.open(folder)


def test_a_map_is_its_departments_and_touchpoints(tmp_path):
    said = jl.touchpoints.authored(workspace(tmp_path, MAP))
    hotline, leaflet = said.touchpoints
    assert said.names == ("hotline", "leaflet")
    assert (hotline.channels, hotline.owner) == (("call_centre",), ("care",))
    assert hotline.roles == {"shop": "consulted"}
    assert (hotline.kpi.measure, hotline.kpi.target, hotline.kpi.direction) == ("drop_off", 0.4, "at_most")
    assert (hotline.codes, leaflet.codes, leaflet.owner) == (("cc_*",), (), ("care", "shop"))
    words = jl.touchpoints.words(said, (), "en")
    assert (words["hotline"], words["department:care"]) == ("Hotline", "Care")
    assert words["department:shop"] == "shop"


def test_codes_of_the_data_have_names_where_people_gave_them_one(tmp_path):
    """One code alone is its touchpoint; several are told apart by `codes`, and are else what they are."""
    text = MAP.replace("seen_as: [cc_*]", "seen_as: [cc_line]").replace(
        "seen_as: []", "seen_as: [l_one, l_two]"
    )
    text = text.replace("touchpoints:", "codes:\n  l_two: {en: 'Second leaflet'}\ntouchpoints:", 1)
    words = jl.touchpoints.words(jl.touchpoints.authored(workspace(tmp_path, text)), (), "en")
    assert (words["cc_line"], words["hotline"], words["l_two"]) == ("Hotline", "Hotline", "Second leaflet")
    assert "l_one" not in words
    assert "cc_*" not in jl.touchpoints.words(jl.touchpoints.authored(workspace(tmp_path, MAP)), (), "en")


def test_every_code_of_the_demo_shop_has_a_name_in_both_languages():
    demo = jl.open(ROOT / "data" / "demo")
    said = jl.touchpoints.authored(demo)
    seen = {contact.touchpoint for channel in CHANNELS for contact in channel.contacts}
    assert len(seen) > 40
    for language in ("vi", "en"):
        names = jl.touchpoints.words(said, (), language)
        assert sorted(code for code in seen if code not in names) == []


def test_who_is_accountable_and_what_the_others_do_stands_in_one_table(tmp_path):
    result = jl.touchpoints.roles(jl.touchpoints.authored(workspace(tmp_path, MAP)))
    assert result.table.to_dict("records") == [
        {
            "touchpoint": "hotline",
            "accountable": "care",
            "responsible": "",
            "consulted": "shop",
            "informed": "",
        },
        {
            "touchpoint": "leaflet",
            "accountable": "care, shop",
            "responsible": "",
            "consulted": "",
            "informed": "",
        },
    ]
    assert dict(result.facts) == {"touchpoints": 2, "departments": 2, "idle": 0}


@pytest.mark.parametrize(
    ("old", "new", "told", "line"),
    [
        ("place: offline\n    owner: care", "palce: offline\n    owner: care", "Did you mean 'place'?", 11),
        ("stage: ask", "stage: asc", "there is no stage 'asc'", 10),
        ("owner: care", "owner: caer", "there is no department 'caer'", 12),
        ("{shop: consulted}", "{shopp: consulted}", "there is no department 'shopp'", 13),
        ("{shop: consulted}", "{shop: asked}", "touchpoints.0.roles.shop", 13),
        ("{shop: consulted}", "{care: informed}", "'care' owns 'hotline' and has a role in it too", 7),
        ("measure: drop_off", "measure: dropoff", "Did you mean 'drop_off'?", 15),
        ("target: 0.4", "targt: 0.4", "Did you mean 'target'?", 15),
        ("touchpoint: leaflet", "touchpoint: hotline", "the touchpoint 'hotline' stands there twice", 1),
        ("touchpoint: leaflet", "touchpoint: A leaflet", "touchpoints.1.touchpoint", 20),
        ("seen_as: []", "seen_as: [x, x]", "the code under seen_as 'x' stands there twice", 1),
        ("review: 2026-01-01", "review: soon", "touchpoints.0.review", 19),
        ("owner: care\n", "owner: care\n    owner: shop\n", "the key 'owner' is said twice", 13),
        ('author: "Anh"', 'author: &a "Anh"', "the anchor or alias 'a'", 1),
    ],
)
def test_what_cannot_be_is_said_with_its_line(tmp_path, old, new, told, line):
    assert old in MAP
    with pytest.raises(ConfigError) as caught:
        jl.touchpoints.authored(workspace(tmp_path, MAP.replace(old, new, 1)))
    assert told in str(caught.value)
    assert f"touchpoints.yaml, line {line}" in str(caught.value)


def test_a_workspace_without_a_map_is_told_where_to_write_one_and_has_no_names(tmp_path):
    (tmp_path / "journey.yaml").write_text(GOOD, encoding="utf-8")
    opened = jl.open(tmp_path)
    with pytest.raises(ConfigError, match=r"describes no touchpoints[\s\S]*touchpoints.yaml"):
        jl.touchpoints.authored(opened)
    assert jl.touchpoints.names_in(opened, "vi") == {}


def test_a_map_that_says_what_cannot_be_gives_no_names_but_stops_no_other_report(tmp_path):
    assert jl.touchpoints.names_in(workspace(tmp_path, MAP.replace("ask", "asc")), "vi") == {}


@pytest.mark.parametrize(
    ("old", "new", "told", "line"),
    [
        ("touchpoint: hotline", "touchpoint: hotlin", "Did you mean 'hotline'?", 3),
        ("effort: high", "effort: huge", "opportunities.0.effort", 5),
        ("effort: high", "effort: high\n    owner: nobody", "there is no department 'nobody'", 6),
        ("effort: high", "efort: high", "Did you mean 'effort'?", 5),
    ],
)
def test_opportunities_name_what_there_is(tmp_path, old, new, told, line):
    opened = workspace(tmp_path, MAP, OPPORTUNITIES.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        jl.touchpoints.declared_opportunities(opened, jl.touchpoints.authored(opened))
    assert told in str(caught.value)
    assert f"opportunities.yaml, line {line}" in str(caught.value)


def test_opportunities_are_none_where_none_are_declared(tmp_path):
    opened = workspace(tmp_path, MAP)
    assert jl.touchpoints.declared_opportunities(opened, jl.touchpoints.authored(opened)) == ()
    opened = workspace(tmp_path, MAP, OPPORTUNITIES)
    (told,) = jl.touchpoints.declared_opportunities(opened, jl.touchpoints.authored(opened))
    assert (told.opportunity, told.status, str(told.due)) == ("evening", "idea", "2026-02-01")


def test_answers_and_tickets_are_those_of_the_touchpoint_people_describe(tmp_path):
    said = jl.touchpoints.authored(workspace(tmp_path, MAP))
    surveys = pd.DataFrame({"touchpoint": ["cc_in", "cc_out", "web", None], "score": [1, 2, 3, 4]})
    asked = jl.touchpoints.asked_at(surveys, said)["touchpoint"].fillna("")
    assert asked.tolist() == ["hotline", "hotline", "web", ""]
    tickets = pd.DataFrame({"channel": ["call_centre", "zalo"], "ticket_id": [1, 2]})
    told = jl.touchpoints.raised_at(tickets, said)
    assert told[["channel", "ticket_id"]].to_numpy().tolist() == [["hotline", 1]]
    assert jl.touchpoints.raised_at(tickets, None).empty


def test_the_map_in_the_guide_is_one(tmp_path):
    guide = (ROOT / "docs" / "touchpoints.md").read_text("utf-8")
    blocks = [part.partition("```")[0] for part in guide.split("```yaml\n")[1:]]
    opened = workspace(tmp_path, blocks[0], blocks[1])
    said = jl.touchpoints.authored(opened)
    assert jl.touchpoints.declared_opportunities(opened, said)


# --- the demo shop ------------------------------------------------------------------------------------------


def test_the_demo_shop_describes_all_its_touchpoints_but_one_in_both_languages():
    shop = jl.open(ROOT / "data" / "demo")
    said = jl.touchpoints.authored(shop)
    codes = sorted({contact.touchpoint for channel in CHANNELS for contact in channel.contacts})
    _names, place = places(codes, said)
    assert [code for code, at in zip(codes, place, strict=True) if at >= len(said.names)] == ["push_cart"]
    assert all(set(each.label) == set(each.goal) == {"vi", "en"} for each in said.touchpoints)
    assert {each.place for each in said.touchpoints} == {"online", "offline"}
    assert set(said.systems) == {system for each in said.touchpoints for system in each.systems}
    assert {channel for each in said.touchpoints for channel in each.channels} <= set(shop.labels)
    assert len(jl.touchpoints.declared_opportunities(shop, said)) == 6
    assert not set(jl.touchpoints.names_in(shop, "vi")) & set(shop.labels)
