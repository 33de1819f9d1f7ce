"""The journey map's report of a small demo shop, run as a schedule runs it, beside the numbers of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import browser
import pandas as pd
import pytest
import shops
import test_journey_map_paper as paper
import yaml

import journey_lib as jl
from journey_lib import catalogue, demo, runner

MOST = 580_000  # bytes of a page with six maps


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "demo"
    (folder / "maps").mkdir(parents=True)
    demo.generate(folder, customers=3_000, seed=11)
    for name in ("journey.yaml", "maps/journey_map.yaml"):
        (folder / name).write_text((shops.CONFIG.parent / name).read_text("utf-8"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def published(shop) -> Path:
    reports = shop.parent / "reports"
    asked = [(catalogue.reports()["journey_map"], {"as_of": "2025-12-31"})]
    outcomes = runner.run_all(jl.open(shop), asked, languages=["vi", "en"], reports_dir=reports)
    assert [outcome.error for outcome in outcomes] == [None, None]
    return reports


def said(published: Path) -> dict[str, Any]:
    run = json.loads(next(published.glob("demo/runs/journey_map/*-en-*/run.json")).read_text("utf-8"))
    return {each["name"]: each["facts"] for each in run["facts"]}


def table(published: Path, name: str) -> pd.DataFrame:
    (file,) = published.glob(f"demo/runs/journey_map/*-en-*/tables/{name}.csv")
    return pd.read_csv(file)


@pytest.mark.slow
def test_the_published_map_counts_what_the_journeys_report_counts(published, shop) -> None:
    workspace = jl.open(shop)
    staged = jl.journeys.steps_by(jl.touches.load(workspace), "stage", jl.stages.load(workspace.stages))
    funnel = jl.funnel.funnel(staged, order="loose", within="30d", period=None).suppressed(10).table
    kpi = table(published, "journey-map").query("lane == 'kpi' and evidence == 'measured'")
    for name, column in (("reach", "reach"), ("conversion", "conversion")):
        found = kpi[kpi["name"] == name].set_index("stage")["value"]
        expected = funnel.set_index("step")[column].dropna()
        assert found.to_dict() == pytest.approx(expected.to_dict())


@pytest.mark.slow
def test_each_page_is_in_one_language(published) -> None:
    vietnamese, english = (
        (published / "demo" / language / "journey_map.html").read_text("utf-8") for language in ("vi", "en")
    )
    assert "Điểm chạm" not in english.partition("<main")[2].partition("</main>")[0]
    assert "contacts by stage" not in vietnamese
    assert "contacts by stage" in english


@pytest.mark.slow
def test_the_page_says_how_much_is_measured_what_is_old_and_who_does_what(published) -> None:
    facts = said(published)
    page = (published / "demo" / "en" / "journey_map.html").read_text("utf-8")
    assert f"{round(100 * facts['map_coverage']['measured'])}% of the cells of this map are measured" in page
    assert facts["map_stale"]["stale"] == 1
    assert "past its review date, 20 Sep 2025" in page
    assert facts["map_actions"]["departments"] == 6
    assert facts["integrity"]["wrong"] == 0
    assert page.count('class="jmap"') == 6
    assert page.count(' jm-again"') > 5
    assert "figures differ between “The careful homemaker” and “The young man”" in page
    assert len(page.encode()) <= MOST
    assert "Hành trình hiện tại" in (published / "demo" / "vi" / "journey_map.html").read_text("utf-8")


@pytest.mark.slow
def test_an_earlier_run_can_be_set_beside_a_later_one_from_the_table_it_kept(published) -> None:
    kept = table(published, "journey-map")
    assert jl.journey_map.changes(kept, kept).table.empty


@pytest.mark.slow
def test_no_figure_of_the_map_tells_of_fewer_people_than_the_workspace_allows(published) -> None:
    kept = table(published, "journey-map")
    assert (kept.loc[kept["evidence"] == "measured", "n"] >= 10).all()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_opens_offline_breaks_no_rule_and_does_not_stick_out(published, language) -> None:
    page = published / "demo" / language / "journey_map.html"
    with browser.running() as chromium:
        for phone in (False, True):
            with browser.visit(chromium, page, phone=phone) as seen:
                assert (seen.asked, seen.said, seen.complaints()) == ([], [], [])
                assert seen.overflow() <= 0


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("language", ["vi", "en"])
def test_on_paper_each_map_is_a_sheet_of_its_own_and_no_table_makes_the_page_smaller(
    published, language
) -> None:
    """A browser prints a page smaller where anything is wider than its sheet: maps and words with it."""
    page = published / "demo" / language / "journey_map.html"
    with browser.running() as chromium, browser.visit(chromium, page) as seen:
        wide = [tuple(map(round, size)) for size in paper.sheets(seen) if size[0] > 1000]
        assert set(wide) == {(1191, 842)}
        assert len(wide) in (6, 7)  # personas side by side may take two
        maps = paper.on_paper(seen)
        assert min(each["least"] for each in maps) >= paper.UNMEASURED - 0.01
        assert sum(each["least"] < paper.LEGIBLE - 0.01 for each in maps) <= 1
        # no heading has a sheet to itself before the map it leads to
        lonely = """[...document.querySelectorAll('.jmap')].filter(map => {
            let before = map.previousElementSibling;
            while (before?.matches('.code')) before = before.previousElementSibling;
            return before?.matches('.prose') && before.children.length === 1
                && before.firstElementChild.matches('h2') && before.offsetHeight > 0; }).length"""
        assert seen.page.evaluate(lonely) == 0
        seen.page.add_style_tag(content=".jmap { display: none !important }")
        seen.page.set_viewport_size({"width": 680, "height": 900})  # A4 less its margins
        assert seen.overflow() <= 0


@pytest.mark.slow
def test_a_workspace_where_nothing_is_written_gets_what_data_say(shop, tmp_path) -> None:
    declared = yaml.safe_load((shop / "journey.yaml").read_text("utf-8"))
    declared["sources"] = [source for source in declared["sources"] if source["table"] != "surveys"]
    (tmp_path / "raw").symlink_to(shop / "raw")
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    report = catalogue.reports()["journey_map"]
    run = runner.run(jl.open(tmp_path), report, {}, language="en", reports_dir=tmp_path / "reports")
    page = (tmp_path / "reports" / str(run.page)).read_text("utf-8")
    assert "has no maps/journey_map.yaml" in page
    assert "Nobody has written an opportunity" in page
    assert page.count('class="jmap"') == 1
