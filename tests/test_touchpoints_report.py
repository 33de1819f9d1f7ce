"""The touchpoint report of a small demo shop, run as a schedule runs it; and what is true of the shop."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import browser
import pandas as pd
import pytest
import shops

import journey_lib as jl
from journey_lib import catalogue, demo, explorers, i18n, runner, session
from journey_lib.demo.faults import FAULTS

MOST = 800_000  # bytes of a page with ten charts and as many tables


def made(folder: Path, customers: int) -> Path:
    folder.mkdir()
    demo.generate(folder, customers=customers, seed=11)
    shutil.copy(shops.CONFIG, folder / "journey.yaml")
    shutil.copytree(shops.CONFIG.parent / "maps", folder / "maps")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("work") / "demo", 3_000)


@pytest.fixture(scope="module")
def published(shop) -> Path:
    reports = shop.parent / "reports"
    outcomes = runner.run_all(
        jl.open(shop),
        [(catalogue.reports()["touchpoint_inventory"], {"focus": "web_product"})],
        languages=["vi", "en"],
        reports_dir=reports,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    return reports


def said(published: Path) -> dict[str, Any]:
    (file,) = published.glob("demo/runs/touchpoint_inventory/*-en-*/run.json")
    run = json.loads(file.read_text("utf-8"))
    return {each["name"]: each["facts"] for each in run["facts"]}


@pytest.mark.slow
def test_both_languages_are_published_and_say_so(published):
    vietnamese, english = (
        (published / "demo" / language / "touchpoint_inventory.html").read_text("utf-8")
        for language in ("vi", "en")
    )
    assert "Cách đọc" in vietnamese
    assert "Giỏ hàng website" in vietnamese
    assert "chưa ai phụ trách" in vietnamese
    assert "Cách đọc" not in english
    assert "Website basket" in english
    assert "nobody answers for it" in english
    assert max(len(page.encode()) for page in (vietnamese, english)) <= MOST


@pytest.mark.slow
def test_it_counts_what_the_other_views_count_and_finds_nothing_wrong_with_itself(published, shop):
    facts = said(published)
    workspace = jl.open(shop)
    touches = jl.touches.load(workspace)
    steps = jl.journeys.transitions(
        jl.touchpoints.walked(touches, jl.touchpoints.authored(workspace)), lookback=workspace.lookback
    )
    assert facts["touchpoints"]["journeys"] == steps.facts["journeys"]
    assert facts["touchpoints"]["conversions"] == steps.facts["conversions"]
    assert facts["availability"]["rows"] == touches.rows - facts["touchpoints"]["without_touchpoint"]
    assert facts["integrity"]["wrong"] == 0


@pytest.mark.slow
def test_the_gaps_left_in_the_demo_map_are_found(published):
    (file,) = published.glob("demo/runs/touchpoint_inventory/*-en-*/tables/touchpoint-gaps.csv")
    table = pd.read_csv(file)
    told = set(zip(table["gap"], table["touchpoint"], strict=True))
    assert {
        ("no_owner", "yt_review"),
        ("two_owners", "affiliate_links"),
        ("never_seen", "web_chatbot"),
        ("not_authored", "push_cart"),
        ("no_data", "parcel_card"),
    } <= told


@pytest.mark.slow
def test_no_row_tells_of_fewer_people_than_the_workspace_allows(published):
    for file in published.glob("demo/runs/touchpoint_inventory/*/tables/*.csv"):
        frame = pd.read_csv(file)
        for name in {"customers", "new_customers", "returning_customers"} & set(frame):
            assert not ((frame[name] > 0) & (frame[name] < 10)).any(), file.name


@pytest.mark.slow
def test_the_page_opens_offline_on_a_phone_and_draws_every_chart(published):
    for language in ("vi", "en"):
        page = published / "demo" / language / "touchpoint_inventory.html"
        with browser.running() as chromium, browser.visit(chromium, page, phone=True) as visit:
            assert visit.draw_all() >= 9
            assert visit.asked == []
            assert [words for words in visit.said if words.startswith("error")] == []
            assert visit.overflow() <= 0


@pytest.mark.slow
def test_without_maps_the_page_says_so_and_shows_what_was_seen(shop, tmp_path):
    (tmp_path / "raw").symlink_to(shop / "raw")
    shutil.copy(shop / "journey.yaml", tmp_path / "journey.yaml")
    report = catalogue.reports()["touchpoint_inventory"]
    run = runner.run(jl.open(tmp_path), report, {}, language="en", reports_dir=tmp_path / "reports")
    page = (tmp_path / "reports" / str(run.page)).read_text("utf-8")
    assert "describes no touchpoints" in page
    assert "push_cart" in page


@pytest.mark.slow
def test_the_explorer_looks_around_every_touchpoint(shop, monkeypatch):
    i18n.speak("en")
    run = session.start(str(shop), "en")
    drawn: list[dict[str, Any]] = []
    monkeypatch.setattr(session.Session, "show", lambda _self, chart: drawn.append(chart.to_dict()))
    touches = jl.touchpoints.walked(jl.touches.load(run.workspace), jl.touchpoints.authored(run.workspace))
    box = explorers.touchpoint(run, touches)
    which, lookback = box.children[0].children
    assert len(which.options) == len(touches.channels)
    for name in ("web_product", "hotline"):
        which.value = name
    lookback.value = "7d"
    assert len(drawn) >= 3


# --- what is true of the shop -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Any:
    return jl.open(made(tmp_path_factory.mktemp("work") / "demo", 30_000))


def pains(workspace: Any, first: str, after: str) -> dict[str, str]:
    """The pains of each touchpoint by the tickets of some months."""
    said = jl.touchpoints.authored(workspace)
    model = jl.stages.load(workspace.stages)
    found = jl.touchpoints.inventory(jl.touches.load(workspace), model=model, authored=said, lookback="30d")
    raised = jl.touchpoints.raised_at(jl.voice.tickets(workspace), said)
    raised = raised[(raised["timestamp"] >= first) & (raised["timestamp"] < after)]
    told = jl.voice.pain(raised, topics=jl.voice.topics(workspace), as_of="2025-12-31", by=("channel",)).table
    result = jl.touchpoints.factors(found, pain=told.rename(columns={"channel": "touchpoint"}))
    return dict(zip(result.table["touchpoint"], result.table["pains"], strict=True))


@pytest.mark.slow
def test_the_slow_call_centre_shows_in_its_months_and_in_no_others(large):
    (fault,) = (each for each in FAULTS if each.kind == "answers")
    assert (fault.first, fault.last) == ("05-01", "06-30")
    assert "slow" in pains(large, "2025-05-01", "2025-07-01")["hotline"]
    for first, after in (("2025-02-01", "2025-04-01"), ("2025-08-01", "2025-10-01")):
        assert pains(large, first, after)["hotline"] == ""


@pytest.mark.slow
def test_the_broken_mobile_checkout_shows_in_its_week(large):
    (fault,) = (each for each in FAULTS if each.kind == "checkout")
    assert (fault.first, fault.last) == ("09-15", "09-21")
    weeks = jl.touchpoints.weekly(jl.touches.load(large), authored=jl.touchpoints.authored(large)).table
    checkout = weeks[(weeks["touchpoint"] == "mobile_checkout") & (weeks["customers"] >= 5)]
    tries = (checkout["touches"] / checkout["customers"]).to_numpy()
    assert checkout["week"].iloc[int(tries.argmax())] == pd.Timestamp("2025-09-15")
