"""The persona report of a small demo shop, run as a schedule runs it: with personas, and without any."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import browser
import pytest
import shops

import journey_lib as jl
from journey_lib import catalogue, demo, runner

pytestmark = pytest.mark.slow
MOST = 760_000  # bytes of a page with six cards and twelve charts


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    demo.generate(folder, customers=6_000, seed=11)
    shutil.copy(shops.CONFIG, folder / "journey.yaml")
    shutil.copytree(shops.CONFIG.parent / "maps", folder / "maps")
    return folder


def run(shop: Path, name: str, **asked: Any) -> Path:
    reports = shop.parent / name
    outcomes = runner.run_all(
        jl.open(shop),
        [(catalogue.reports()["persona_building"], asked)],
        languages=["vi", "en"],
        reports_dir=reports,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    return reports


@pytest.fixture(scope="module")
def published(shop) -> Path:
    return run(shop, "reports", personas=3, least_touches=10)


def facts(published: Path) -> dict[str, Any]:
    (file,) = published.glob("demo/runs/persona_building/*-en-*/run.json")
    return {each["name"]: each["facts"] for each in json.loads(file.read_text("utf-8"))["facts"]}


def test_every_persona_has_its_card_in_the_readers_language(published):
    vietnamese, english = (
        (published / "demo" / language / "persona_building.html").read_text("utf-8")
        for language in ("vi", "en")
    )
    assert vietnamese.count('<article class="persona-card"') == 3
    last = english.rindex('<article class="persona-card"')  # on paper two lines before the cards took a sheet
    assert english.index("speaks of") > last
    assert "Kênh ưa dùng" in vietnamese
    assert "Preferred channels" not in vietnamese
    assert "Preferred channels" in english
    assert "were asked for" in english
    assert max(len(page.encode()) for page in (vietnamese, english)) <= MOST


def test_its_numbers_reconcile(published, shop):
    said = facts(published)
    sizes, tried = said["persona_sizes"], said["persona_alternatives"]
    assert sizes["placed"] == tried["known"] - tried["fits_none"]
    assert (
        sizes["customers"]
        == sizes["placed"] + sizes["not_placed"]
        == len(jl.features.table(jl.open(shop)).frame)
    )
    assert said["integrity"]["wrong"] == 0


def test_where_there_are_no_personas_none_are_made_up(shop):
    page = (run(shop, "none", least_touches=10) / "demo" / "en" / "persona_building.html").read_text("utf-8")
    assert "No personas are made up where there are none" in page
    assert "a segment by rule, not a persona" in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_opens_offline_on_a_phone_draws_every_chart_and_is_accessible(published, language):
    page = published / "demo" / language / "persona_building.html"
    with browser.running() as chromium, browser.visit(chromium, page, phone=True) as visit:
        assert visit.draw_all() >= 9
        assert visit.asked == []
        assert [words for words in visit.said if words.startswith("error")] == []
        assert visit.overflow() <= 0
        assert visit.complaints() == []


SHEET = {"width": 680, "height": 994}  # what the margins leave of A4, in the pixels of a browser


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_card_is_one_sheet_of_paper(published, language):
    page = published / "demo" / language / "persona_building.html"
    with browser.running() as chromium, browser.visit(chromium, page) as visit:
        visit.page.emulate_media(media="print")
        visit.page.set_viewport_size(SHEET)
        heights = visit.page.evaluate(
            "[...document.querySelectorAll('.persona-card')].map(each => each.getBoundingClientRect().height)"
        )
        assert len(heights) == 3
        assert max(heights) <= SHEET["height"]
        assert visit.overflow() <= 0  # the mark of everybody else stood beyond the end of its bar
        assert min(heights) > SHEET["height"] / 3  # they are drawn, and full


def test_kept_personas_are_used_again_and_the_page_says_since_when(shop):
    workspace = jl.open(shop)
    then = jl.features.table(workspace, as_of="2025-10-01", window="180d")
    found = jl.personas.find(then, k=3, least_touches=10)
    file = shop / "maps" / "personas.json"
    jl.personas.save(found, then, file)
    try:
        published = run(shop, "kept", model="maps/personas.json", window="180d", personas=7)
        pages = [
            (published / "demo" / language / "persona_building.html").read_text("utf-8")
            for language in ("en", "vi")
        ]
    finally:
        file.unlink()
    said = facts(published)
    assert "The personas of 1 Oct 2025" in pages[0]
    assert "Các chân dung của ngày 01/10/2025" in pages[1]
    assert pages[0].count('<article class="persona-card"') == 3  # and not the seven that were asked for
    assert "with a persona on 1 Oct 2025 and now" in pages[0]
    assert "persona_alternatives" not in said
    assert said["persona_kept"]["day"] == "2025-10-01"
    assert said["persona_changes"]["traits"] > 0


def test_a_model_that_is_not_there_is_told_before_anything_is_published(shop):
    (outcome,) = runner.run_all(
        jl.open(shop),
        [(catalogue.reports()["persona_building"], {"model": "maps/nothing.json"})],
        languages=["en"],
        reports_dir=shop.parent / "missing",
    )
    assert "there is no file of personas" in str(outcome.error)
    assert "nothing.json" in str(outcome.error)
