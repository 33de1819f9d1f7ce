"""The journeys report of a small demo shop, run as a schedule runs it, and its numbers beside each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import browser
import pandas as pd
import pytest
import shops
import yaml

import journey_lib as jl
from journey_lib import catalogue, demo, explorers, i18n, runner, session

MOST = 790_000  # bytes of a page with twenty charts


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    demo.generate(folder, customers=3_000, seed=11)
    (folder / "journey.yaml").write_text(shops.CONFIG.read_text("utf-8"), encoding="utf-8")
    (folder / "maps").mkdir()
    for name in ("planned.yaml", "segments.yaml"):
        declared = shops.CONFIG.parent / "maps" / name
        (folder / "maps" / name).write_text(declared.read_text("utf-8"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def published(shop) -> Path:
    reports = shop.parent / "reports"
    asked = {"pattern": "facebook -> ... -> direct within 14d"}
    outcomes = runner.run_all(
        jl.open(shop),
        [(catalogue.reports()["journeys"], asked)],
        languages=["vi", "en"],
        reports_dir=reports,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    return reports


def said(published: Path) -> dict[str, Any]:
    run = json.loads(next(published.glob("demo/runs/journeys/*-en-*/run.json")).read_text("utf-8"))
    return {each["name"]: each["facts"] for each in run["facts"]}


def table(published: Path, name: str) -> pd.DataFrame:
    (file,) = published.glob(f"demo/runs/journeys/*-en-*/tables/*{name}*.csv")
    return pd.read_csv(file)


@pytest.mark.slow
def test_both_languages_are_published_and_say_so(published):
    vietnamese, english = (
        (published / "demo" / language / "journeys.html").read_text("utf-8") for language in ("vi", "en")
    )
    assert "Cách đọc" in vietnamese
    assert "How to read this" not in vietnamese
    assert "Cách đọc" not in english
    assert max(len(page.encode()) for page in (vietnamese, english)) <= MOST


@pytest.mark.slow
def test_the_page_finds_nothing_wrong_with_itself(published):
    assert said(published)["integrity"]["wrong"] == 0


@pytest.mark.slow
def test_its_views_count_what_the_attribution_report_counts(published, shop):
    workspace = jl.open(shop)
    credit = jl.attribution.credit(jl.touches.load(workspace), "linear", lookback=workspace.lookback)
    facts = said(published)
    for view in ("lengths", "durations", "first_touches", "last_touches", "transitions", "step_matrix"):
        assert facts[view]["journeys"] == credit.facts["journeys"]
    assert facts["lengths"]["conversions"] == credit.facts["conversions"]
    assert facts["planned_steps"]["journeys"] == credit.facts["journeys"]
    assert facts["pattern"]["journeys"] == credit.facts["journeys"]


@pytest.mark.slow
def test_no_row_tells_of_fewer_people_than_the_workspace_allows(published):
    for file in published.glob("demo/runs/journeys/*/tables/*.csv"):
        frame = pd.read_csv(file)
        if "customers" in frame:
            assert not ((frame["customers"] > 0) & (frame["customers"] < 10)).any(), file.name


@pytest.mark.slow
def test_the_page_opens_offline_on_a_phone_and_draws_every_chart(published):
    for language in ("vi", "en"):
        page = published / "demo" / language / "journeys.html"
        with browser.running() as chromium, browser.visit(chromium, page, phone=True) as visit:
            assert visit.draw_all() >= 19
            assert visit.asked == []
            assert [words for words in visit.said if words.startswith("error")] == []
            assert visit.overflow() <= 0


@pytest.mark.slow
def test_without_a_plan_and_a_pattern_the_page_says_so(shop, tmp_path):
    declared = yaml.safe_load((shop / "journey.yaml").read_text("utf-8"))
    (tmp_path / "raw").symlink_to(shop / "raw")
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    report = catalogue.reports()["journeys"]
    run = runner.run(jl.open(tmp_path), report, {}, language="en", reports_dir=tmp_path / "reports")
    page = (tmp_path / "reports" / str(run.page)).read_text("utf-8")
    assert "declares no planned journey" in page
    assert "No pattern was asked for" in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"focus": "facebok"}, "no step leads to or from"),
        ({"pattern": "facebook -> -> store"}, "facebook -> -> store"),
        ({"group": "vocher_seekers"}, "Did you mean 'voucher_seekers'"),
    ],
)
def test_a_parameter_that_cannot_be_is_told_and_no_page_is_made(shop, tmp_path, asked, complaint):
    report = catalogue.reports()["journeys"]
    with pytest.raises(jl.errors.ReportFailed, match=complaint):
        runner.run(jl.open(shop), report, asked, language="en", reports_dir=tmp_path)
    assert not list(tmp_path.glob("*/en/journeys.html"))


@pytest.fixture(scope="module")
def personas(shop) -> Path:
    """Three personas of the shop, kept in a file beside its maps."""
    features = jl.features.table(jl.open(shop))
    file = shop / "maps" / "three.json"
    jl.personas.save(jl.personas.find(features, k=3, least_touches=10), features, file)
    return file


@pytest.mark.slow
def test_some_customers_only_and_a_kept_persona_beside_the_others(shop, personas, tmp_path, published):
    report = catalogue.reports()["journeys"]
    asked = {"only": "direct", "group": "p1", "personas": "maps/three.json"}
    run = runner.run(jl.open(shop), report, asked, language="en", reports_dir=tmp_path)
    some, everybody = said(tmp_path), said(published)
    assert 0 < some["lengths"]["journeys"] < everybody["lengths"]["journeys"]
    assert some["lengths"]["journeys"] == some["transitions"]["journeys"]
    assert some["integrity"]["wrong"] == 0
    told = (tmp_path / str(run.page)).read_text("utf-8")
    assert "those with a journey that follows <code>direct</code>" in told
    assert "<strong>Voucher seekers</strong>:" in told  # of the customers that remain
    told_of = table(tmp_path, "overview")["journeys"].sum()  # segments of too few customers are not told of
    assert 0.9 * some["lengths"]["journeys"] < told_of <= some["lengths"]["journeys"]
    record = json.loads(next(tmp_path.glob("demo/runs/journeys/*-en-*/run.json")).read_text("utf-8"))
    views = {each["facts"]["view"] for each in record["facts"] if each["facts"].get("a") == "Persona 1"}
    assert {"transitions", "paths", "detours", "planned_steps", "funnel", "time_to", "repeat"} <= views


@pytest.mark.slow
def test_every_view_stands_beside_itself_for_two_groups_and_for_two_periods(published):
    """Of the groups the views of journeys, of the periods those of stages, customers and the plan as well."""
    run = json.loads(next(published.glob("demo/runs/journeys/*-en-*/run.json")).read_text("utf-8"))
    groups, periods = (each["facts"] for each in run["facts"] if each["name"] == "differences")
    assert {*groups, *periods} == {"real"}
    compared = [each["facts"] for each in run["facts"] if each["name"] == "compared"]
    by_names: dict[tuple[str, str], list[str]] = {}
    for facts in compared:
        by_names.setdefault((facts["a"], facts["b"]), []).append(facts["view"])
    journeys = ["transitions", "flows", "first_touches", "last_touches", "lengths", "durations", "paths"]
    assert by_names["with a conversion", "without one"] == journeys
    customers = ["funnel", "dropped", "time_to", "stages_now", "repeat"]
    assert by_names["this period", "the one before"] == [*journeys, "detours", "planned_steps", *customers]
    by_rate = {facts["view"] for facts in compared if facts["counted"] == "conversions"}
    assert by_rate == {"first_touches", "last_touches", "lengths", "durations"}
    assert all(f["counted"] == "journeys" for f in compared[: len(journeys)])


@pytest.mark.slow
def test_a_segment_is_set_beside_all_others_in_the_views_of_customers_too(shop, tmp_path):
    report = catalogue.reports()["journeys"]
    asked = {"group": "voucher_seekers", "stages": "classic", "start": "any"}
    run = runner.run(jl.open(shop), report, asked, language="en", reports_dir=tmp_path)
    record = json.loads(next(tmp_path.glob("demo/runs/journeys/*-en-*/run.json")).read_text("utf-8"))
    views = [each["facts"]["view"] for each in record["facts"] if each["facts"].get("a") == "Voucher seekers"]
    assert {"transitions", "detours", "planned_steps", "funnel", "time_to", "stages_now"} <= set(views)
    (funnel,) = tmp_path.glob("demo/runs/journeys/*-en-*/tables/funnel.csv")
    assert pd.read_csv(funnel)["step"].tolist() == list(jl.stages.load("classic").names)
    assert "Voucher seekers" in (tmp_path / str(run.page)).read_text("utf-8")


@pytest.mark.slow
def test_each_segment_has_its_story(published):
    for language, segment in (("en", "Voucher seekers"), ("vi", "Săn ưu đãi")):
        page = (published / "demo" / language / "journeys.html").read_text("utf-8")
        assert f"<strong>{segment}</strong>:" in page


def test_a_stage_that_is_not_is_told_before_a_kernel_starts(shop, tmp_path):
    report = catalogue.reports()["journeys"]
    with pytest.raises(jl.errors.ParameterError, match="there is no stage 'acct'"):
        runner.run(jl.open(shop), report, {"goal": "acct"}, language="en", reports_dir=tmp_path)
    with pytest.raises(jl.errors.ConfigError, match="there is no stage model 'clasic'"):
        runner.run(jl.open(shop), report, {"stages": "clasic"}, language="en", reports_dir=tmp_path)
    declared = yaml.safe_load((shop / "journey.yaml").read_text("utf-8")) | {"stages": "5a"}
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    with pytest.raises(jl.errors.ConfigError, match="there is no stage model '5a'"):
        runner.run(jl.open(tmp_path), report, {}, language="en", reports_dir=tmp_path)


@pytest.mark.slow
def test_the_explorer_draws_every_view(shop, monkeypatch):
    i18n.speak("en")
    run = session.start(str(shop), "en")
    drawn = []
    monkeypatch.setattr(session.Session, "show", lambda _self, chart: drawn.append(chart.to_dict()))
    touches = jl.touches.load(run.workspace)
    model = jl.stages.load(run.workspace.stages)
    box = explorers.journeys(run, touches, model)
    view, by = box.children[0].children
    through, _whose, lookback = box.children[1].children
    for name in explorers.VIEWS:
        view.value = name
    for steps in ("stage", "touchpoint", "event_type", "channel"):
        by.value = steps
    through.value = "facebook"
    lookback.value = "7d"
    titles = [chart["title"]["text"] for chart in drawn]
    assert len(set(titles)) == len(explorers.VIEWS)
    assert len(drawn) >= len(explorers.VIEWS) + 5
