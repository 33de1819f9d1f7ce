"""The report on the data's health, on a small demo shop: both languages, the planted faults, and the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import browser
import pytest

import journey_lib as jl
from journey_lib import catalogue, demo, health, pages, runner, single_view
from journey_lib.prepare import read_manifest

REPO = Path(__file__).parents[1]
RESULTS = ["trust", "reconciled", "presence", "gaps", "jumps", "months", "times", "hours", "matches", "data"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    shutil.copy(REPO / "data" / "demo" / "journey.yaml", folder)
    demo.generate(folder, customers=2_000, seed=11)
    return folder


@pytest.fixture(scope="module")
def published(shop) -> tuple[Path, list[runner.Outcome]]:
    reports = shop.parent / "reports"
    report = catalogue.reports()["data_health"]
    asked = (report, {"as_of": "2026-01-02"})
    return reports, runner.run_all(jl.open(shop), [asked], languages=["vi", "en"], reports_dir=reports)


@pytest.fixture(scope="module")
def counts(shop) -> dict[str, int]:
    """What the demo shop says it planted."""
    return json.loads((shop / "raw" / "demo.json").read_text("utf-8"))["counts"]


def said(published) -> dict[str, dict]:
    reports, _ = published
    run = json.loads(next(reports.glob("demo/runs/data_health/*-en-*/run.json")).read_text("utf-8"))
    return {each["name"]: each["facts"] for each in run["facts"]}


@pytest.mark.slow
def test_both_languages_are_published_and_say_so(published):
    reports, outcomes = published
    assert [outcome.error for outcome in outcomes] == [None, None]
    pages = {lang: (reports / "demo" / lang / "data_health.html").read_text("utf-8") for lang in ("vi", "en")}
    assert '<html lang="vi"' in pages["vi"]
    assert "Dữ liệu này có đáng tin không?" in pages["vi"]
    assert "Dữ liệu dùng được nhưng cần thận trọng" in pages["vi"]
    assert "How to read this" not in pages["vi"]
    assert "These data can be used with care" in pages["en"]
    assert "Cách đọc" not in pages["en"]
    assert max(len(page.encode()) for page in pages.values()) <= 700_000


@pytest.mark.slow
def test_the_facts_are_those_of_the_manifest(published, shop):
    manifest, facts = read_manifest(jl.open(shop)), said(published)
    assert list(facts) == RESULTS or set(RESULTS) <= set(facts)
    rows = facts["reconciled"]
    assert (rows["rows_in"], rows["kept"], rows["dropped"]) == (
        manifest.rows_in,
        manifest.kept,
        manifest.dropped,
    )
    assert facts["times"]["rows"] == facts["hours"]["rows"] == manifest.touches
    assert facts["customer_sizes"]["customers"] == manifest.identity["customers"]
    assert facts["customer_sizes"]["anonymous"] == manifest.identity["anonymous"]
    assert facts["match_rates"]["sources"] == len(manifest.identity["sources"])
    assert facts["trust"]["verdict"] in {"usable", "with_care"}


@pytest.mark.slow
def test_what_was_planted_in_the_demo_is_found_to_the_row(published, shop, counts):
    accounts = health.reconciled(health.evidence(jl.open(shop), "2026-01-02"))
    found = accounts.table.set_index(["table", "outcome"])["rows"]
    assert found["events", "event_id was already seen"] == counts["events_duplicated"]
    assert found["events", "timestamp is empty"] == counts["events_without_time"]
    assert found.get(("orders", "value cannot be read"), 0) == counts["orders_without_value"]
    assert accounts.facts["duplicates"] == counts["events_duplicated"]


@pytest.mark.slow
def test_both_pages_tell_how_rows_became_customers(published, shop):
    reports, _ = published
    (code, *_more) = single_view.largest(jl.open(shop)).table["customer"]
    for language, headings in {
        "en": (
            "Of how many identifiers do customers consist?",
            "How many customers of each source does another source know too?",
            "Customers with the most identifiers",
            "are known by no more than a cookie or a device",
        ),
        "vi": (
            "Mỗi khách hàng gồm bao nhiêu dấu vết?",
            "Mỗi nguồn có bao nhiêu khách mà nguồn khác cũng nhận ra?",
            "Những khách hàng gồm nhiều dấu vết nhất",
        ),
    }.items():
        page = pages.unpacked((reports / "demo" / language / "data_health.html").read_text("utf-8"))
        assert [words for words in (*headings, code) if words not in page] == []


@pytest.mark.slow
def test_no_page_shows_what_a_rejected_row_said(published):
    reports, _ = published
    page = (reports / "demo" / "en" / "data_health.html").read_text("utf-8")
    assert "@" not in page.partition("<main")[2].partition("</main>")[0].replace("@media", "")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_page_opens_from_the_disk_and_draws_every_chart(published, language, phone):
    reports, _ = published
    page = reports / "demo" / language / "data_health.html"
    with browser.running() as chromium, browser.visit(chromium, page, phone=phone) as seen:
        assert seen.draw_all() == 6
        assert seen.faults() == []
