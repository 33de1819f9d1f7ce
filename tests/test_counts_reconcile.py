"""The seven reports of one shop read next to each other: what they count is the same, or says why it is not.

Every number is also counted from the prepared tables with pandas alone, by nothing of the library.
"""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import shops

import journey_lib as jl
from journey_lib import catalogue, demo, pages, runner

pytestmark = pytest.mark.slow
DAY = 86_400_000_000
ASKED: dict[str, dict[str, Any]] = {"persona_building": {"personas": 3, "least_touches": 10}}


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    demo.generate(folder, customers=3_000, seed=11)
    shutil.copy(shops.CONFIG, folder / "journey.yaml")
    shutil.copytree(shops.CONFIG.parent / "maps", folder / "maps")
    known, reports = catalogue.reports(), folder.parent / "reports"
    wanted = [(report, ASKED.get(name, {})) for name, report in known.items()]
    outcomes = runner.run_all(jl.open(folder), wanted, languages=["en"], reports_dir=reports)
    assert [outcome.error for outcome in outcomes] == [None] * len(known)
    opened = jl.open(folder)
    return SimpleNamespace(opened=opened, work=opened.work, reports=reports, names=list(known))


@pytest.fixture(scope="module")
def facts(published) -> dict[str, dict[str, Any]]:
    """Of each report, by the name of a result: its facts."""
    found = {}
    for name in published.names:
        (file,) = published.reports.glob(f"demo/runs/{name}/*/run.json")
        said = json.loads(file.read_text("utf-8"))["facts"]
        found[name] = {each["name"]: each["facts"] for each in said}
    return found


@pytest.fixture(scope="module")
def counted(published) -> SimpleNamespace:
    """What there is, by pandas: rows, customers, conversions and what each customer did last."""
    manifest = json.loads((published.work / "manifest.json").read_text("utf-8"))
    files = sorted((published.work / "touches").glob("bucket-*.parquet"))
    rows = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    kinds = list(manifest["event_types"])
    rows["sale"] = rows["event_type"].map(lambda code: kinds[code]) == "purchase"
    rows["sold_before"] = rows.groupby("customer")["sale"].cumsum() - rows["sale"]
    sales = rows[rows["sale"]]
    last = rows[rows["sold_before"] == rows.groupby("customer")["sale"].transform("sum")]
    people = pd.read_parquet(published.work / "customers.parquet")
    return SimpleNamespace(
        rows=rows, sales=sales, last=last[~last["sale"]], people=people, until=manifest["period"][1]
    )


def table(published: SimpleNamespace, report: str, name: str) -> pd.DataFrame:
    (file,) = published.reports.glob(f"demo/runs/{report}/*/tables/{name}.csv")
    return pd.read_csv(file)


def text(published: SimpleNamespace, report: str) -> str:
    return pages.unpacked((published.reports / "demo" / "en" / f"{report}.html").read_text("utf-8"))


def test_customers_of_the_single_customer_view_are_those_of_the_others_and_those_without_any_row(
    published, facts, counted
):
    view, people = facts["single_customer_view"], counted.people
    sizes = view["customer_sizes"]
    assert sizes["customers"] == len(people) == view["life_stages"]["customers"]
    assert sizes["with_rows"] == counted.rows["customer"].nunique() == people["customer"].notna().sum()
    assert sizes["customers"] == sizes["with_rows"] + sizes["without_rows"]
    assert sizes["without_rows"] > 0  # else the rest of this file says nothing
    assert facts["data_health"]["customer_sizes"] == sizes
    for name in published.names:
        assert facts[name]["data"]["customers"] == sizes["with_rows"], name
        assert f"{sizes['with_rows']:,}" in text(published, name), name
        assert f"{sizes['customers']:,}" in text(published, name), name
    by_level = table(published, "single_customer_view", "stitching").set_index("level")
    assert by_level.loc["normal", "customers"] == sizes["with_rows"]
    assert facts["journeys"]["stages_now"]["customers"] == sizes["with_rows"]
    assert facts["persona_building"]["persona_sizes"]["customers"] == sizes["with_rows"]
    said = f"{sizes['without_rows']:,} are known from other sources only"
    assert said in text(published, "single_customer_view")
    assert said in text(published, "data_health")
    assert f"counts {sizes['without_rows']:,} more" in text(published, "persona_building")


def test_what_all_pages_count_stands_at_the_foot_of_each_and_is_the_same(published, counted):
    feet = {name: table(published, name, "counted") for name in published.names}
    first = feet["data_health"]
    assert all(foot.equals(first) for foot in feet.values())
    numbers = first["count"].tolist()
    assert numbers[:4] == [
        len(counted.people),
        len(counted.people) - counted.rows["customer"].nunique(),
        counted.rows["customer"].nunique(),
        len(counted.rows),
    ]
    assert numbers[4] == len(counted.sales)  # purchase, the first conversion of the shop
    # and they are called what readers call the event, not by their code
    assert first["counted"].tolist()[4:] == [
        "Conversions “purchase”",
        "Conversions “adding to the basket”",
    ]


def test_journeys_by_touchpoint_are_those_by_channel_and_those_that_hold_no_channel(
    published, facts, counted
):
    sales, last = len(counted.sales), counted.last
    by_channel = set(last.loc[last["channel"] >= 0, "customer"])
    by_touchpoint = set(last.loc[last["touchpoint"] >= 0, "customer"])
    extra, lacking = len(by_touchpoint - by_channel), len(by_channel - by_touchpoint)
    assert extra > 0
    page20, page30 = facts["journeys"], facts["touchpoint_inventory"]["touchpoints"]
    assert page20["lengths"]["journeys"] == sales + len(by_channel)
    assert page30["journeys"] == sales + len(by_touchpoint)
    assert page30["journeys"] == page20["lengths"]["journeys"] + extra - lacking
    for name in ("journeys", "touchpoint_inventory", "channel_attribution"):
        by = table(published, name, "journeys-by-step").set_index("by")
        assert by.loc["channel", "journeys"] == page20["lengths"]["journeys"]
        assert by.loc["touchpoint", "journeys"] == page30["journeys"]
        assert by.loc["stage", "journeys"] == page20["detours"]["journeys"]
        assert by.loc["touchpoint", ["without_channel", "channel_only"]].tolist() == [extra, lacking]
        assert f"{extra:,} more, which hold no step with a channel" in text(published, name)


def test_every_page_that_counts_by_channel_counts_the_same_journeys(published, facts, counted):
    page20, page50 = facts["journeys"], facts["channel_attribution"]
    credit = page50["credit_by_model"]
    views = (
        "lengths",
        "durations",
        "first_touches",
        "last_touches",
        "transitions",
        "step_matrix",
        "top_paths",
    )
    assert {page20[view]["journeys"] for view in views} == {credit["journeys"]}
    for view in ("lengths", "transitions"):
        for ends in ("conversions", "nulls", "open"):
            assert page20[view][ends] == credit[ends]
    assert credit["journeys"] == credit["conversions"] + credit["nulls"] + credit["open"]
    assert page50["transitions"]["journeys"] == credit["journeys"] - page50["transitions"]["open"]
    by_level = table(published, "single_customer_view", "stitching").set_index("level").loc["normal"]
    assert by_level["journeys"] == credit["journeys"]
    assert by_level["over"] == credit["conversions"] + credit["nulls"]
    assert by_level["touched"] == credit["conversions"] - credit["no_touch"]
    walked = table(published, "persona_building", "overview")
    assert walked["journeys"].sum() == credit["journeys"]  # of all groups, and of those in none
    said = table(published, "journeys", "journeys-by-step")
    assert said["journeys"].iloc[0] == credit["journeys"]
    bases = facts["journeys"]["journeys_by_step"]
    assert bases["no_touch"] == credit["no_touch"] >= bases["never_touched"]
    assert bases["never_touched"] == facts["data_health"]["matches"]["orders_without_touch"]
    still = counted.last[counted.last["channel"] >= 0].groupby("customer")["timestamp"].max()
    assert credit["open"] == int((counted.until - still < 30 * DAY).sum())


def test_pages_that_list_the_most_frequent_paths_list_the_same_ones(published):
    """Of a longer list, what is left over would tell of the paths that a shorter one holds in "(other)"."""
    listed = [table(published, name, "top-paths") for name in ("journeys", "channel_attribution")]
    pd.testing.assert_frame_equal(*listed)


def test_conversions_and_what_they_brought_are_the_same_on_all_pages(published, facts, counted):
    many, value = len(counted.sales), float(counted.sales["value"].sum())
    credit = facts["channel_attribution"]
    stages = jl.single_view.life_stages(published.opened).table  # the page hides a stage of few
    told = {
        "attribution": (credit["credit_by_model"]["conversions"], credit["credit_by_model"]["value"]),
        "touchpoints": tuple(
            facts["touchpoint_inventory"]["touchpoints"][n] for n in ("conversions", "value")
        ),
        "map": tuple(facts["journey_map"]["touchpoints"][n] for n in ("conversions", "value")),
        "life stages": (stages["orders"].sum(), stages["value"].sum()),
        "personas": (many, facts["persona_building"]["persona_accounts"]["value"]),
    }
    assert told == dict.fromkeys(told, (many, value))
    assert facts["journeys"]["lengths"]["conversions"] == many
    touches = jl.touches.load(published.opened)
    handed_out = jl.attribution.credit(
        touches, "markov", lookback="30d"
    ).table  # the page hides channels of few
    assert handed_out["conversions"].sum() == pytest.approx(many)
    assert handed_out["value"].sum() == pytest.approx(value)
    assert table(published, "channel_attribution", "credit-over-time")["conversions"].sum() <= many + 1e-6


def test_buyers_are_the_same_people_on_all_pages(published, facts, counted):
    buyers, again = counted.sales["customer"].nunique(), counted.sales["customer"].value_counts()
    assert facts["journeys"]["retention"]["customers"] == buyers
    assert facts["journeys"]["repeat"]["entered"] == buyers
    assert facts["persona_building"]["rfm"]["customers"] == buyers
    assert facts["persona_building"]["audience"]["customers"] == buyers
    assert facts["data_health"]["matches"]["buyers"] == buyers
    whole = jl.single_view.life_stages(published.opened).table  # the page hides a stage of few
    stages = whole.set_index("stage")["customers"]
    assert stages[["new", "repeat", "lapsed"]].sum() == buyers
    reach = table(published, "journeys", "funnel").set_index("step")["reach"]
    assert reach["act"] == buyers == facts["journey_map"]["stage_contacts"]["at_act"]
    assert facts["journey_map"]["stage_contacts"]["at_advocate"] == int((again > 1).sum())


def test_personas_who_fits_none_and_who_is_known_too_little_are_everybody_and_all_of_the_money(
    published, facts
):
    said = facts["persona_building"]
    parts = table(published, "persona_building", "persona-accounts").set_index("group")
    sizes = table(published, "persona_building", "persona-sizes")
    tried = said["persona_alternatives"]
    assert parts["customers"].tolist() == [
        sizes["customers"].sum(), tried["fits_none"], tried["too_little"],
    ]  # fmt: skip
    assert parts["customers"].sum() == said["persona_sizes"]["customers"] == said["data"]["customers"]
    assert parts["share"].sum() == pytest.approx(1)
    told = parts["value_share"].dropna()  # what few in none brought is hidden, and some other with it
    assert len(told) < len(parts) - 1 or (len(told) == len(parts) and told.sum() == pytest.approx(1))
    bring = sizes["value_share"].dropna()  # of few who paid it is not told
    every = len(bring) == len(sizes)
    assert bring.sum() <= parts["value_share"].iloc[0] + 1e-9
    assert every == (bring.sum() == pytest.approx(parts["value_share"].iloc[0]))
    moved = said["persona_migration"]
    assert moved["placed"] == moved["customers"] + moved["new"] == sizes["customers"].sum()
    rules = table(published, "persona_building", "segments")
    assert rules["customers"].sum() == said["data"]["customers"]
    assert rules["value_share"].sum() == pytest.approx(1) or rules["value_share"].isna().sum() > 1
    rfm = said["rfm"]
    assert rfm["value"] == said["persona_accounts"]["value"]
    assert rfm["customers"] + rfm["without"] == said["data"]["customers"]


def test_tickets_and_answers_are_the_same_on_both_pages_that_speak_of_them(published, facts):
    page30, page60 = facts["touchpoint_inventory"], facts["journey_map"]
    tickets = len(pd.read_parquet(published.work / "tickets.parquet"))
    assert page30["pain_by_topic"]["tickets"] == page60["stage_topics"]["tickets"] == tickets
    assert page30["pain_by_topic"]["complaints"] == page60["stage_topics"]["complaints"]
    assert page30["scores"] == page60["scores"]
    surveys = pd.read_parquet(published.work / "surveys.parquet")
    assert page30["scores"]["sent"] == len(surveys)
    assert page30["scores"]["answered"] == surveys["score"].notna().sum()


def test_a_picture_names_the_base_it_shows(published, facts):
    """Detours are counted by stage, and days over all tables."""
    page20 = text(published, "journeys")
    assert page20.count(f"journeys: {facts['journeys']['detours']['journeys']:,}") >= 2
    for name, shown in (("presence", "presence"), ("months", "months")):
        rows = facts["data_health"][name]["rows"]
        assert table(published, "data_health", shown)["rows"].sum() == rows
        assert f"rows: {rows:,}" in text(published, "data_health")


def test_no_page_finds_anything_wrong_with_itself(facts):
    wrong = {name: said["integrity"]["wrong"] for name, said in facts.items() if "integrity" in said}
    assert wrong == dict.fromkeys(wrong, 0)
    assert len(wrong) >= 4
