"""The persona report of shops with too few customers to look for personas: published all the same."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import attack
import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import catalogue, runner
from journey_lib.personas import rfm

pytestmark = pytest.mark.slow

CONFIG = """
name: corner
title: {vi: "Tiệm góc phố", en: "The corner shop"}
language: both
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
lookback: 30d
sources:
  - {table: events, format: csv, path: events.csv, timezone: UTC}
  - {table: customers, format: csv, path: customers.csv}
reports: [{report: persona_building}]
"""
SEGMENTS = """
segments:
  - segment: often
    name: {vi: "Hay đến", en: "Come often"}
    rule: touches >= 3
"""
TARGETS = """
targets:
  city: {"Huế": 0.5}
"""
# what facts and columns call people
PEOPLE = {
    "customers", "n", "of", "known", "without", "several", "only_a", "only_b", "placed", "not_placed",
    "fits", "earlier", "buyers", "repeaters", "rest_n", "entered", "quiet",
    "fits_none", "too_little",
}  # fmt: skip
HOSTILE, FORMULA = "<b>Hùng</b> =1+1", "=1+1 <b>Hùng</b>"  # names that a page, or a spreadsheet, would obey


def write(folder: Path, customers: int, *, buys: bool, k: int = 10) -> Path:
    """A shop of forty days: everyone comes by a few times, every second one buys."""
    folder.mkdir(parents=True)
    (folder / "journey.yaml").write_text(f"{CONFIG}privacy: {{k: {k}}}\n", "utf-8")
    (folder / "maps").mkdir()
    (folder / "maps" / "segments.yaml").write_text(SEGMENTS, "utf-8")
    (folder / "maps" / "targets.yaml").write_text(TARGETS, "utf-8")
    start = dt.datetime(2025, 1, 5, 2)
    with (folder / "events.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["event_id", "customer_id", "timestamp", "channel", "touchpoint", "event_type", "value"])
        for who in range(customers):
            for visit in range(2 + who % 4):
                when = start + dt.timedelta(days=7 * visit + who % 9, hours=who % 12)
                met = ("zalo", "email")[visit % 2]
                out.writerow([f"v{who}-{visit}", f"c{who}", when, met, f"{met}_message", "visit", ""])
            if buys and who % 2:
                out.writerow(
                    [f"b{who}", f"c{who}", start + dt.timedelta(days=38), "", "", "purchase", 100_000 + who]
                )
        # of a shop where nobody buys, one does after all, later than the day asked for
        later = start + dt.timedelta(days=39)
        out.writerow(["s", "c0", later, "", "", "visit" if buys else "purchase", ""])
    with (folder / "customers.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["customer_id", "city", "gender"])
        out.writerows([f"c{who}", ("Huế", HOSTILE, FORMULA)[who % 3], "Nữ"] for who in range(customers))
    return folder


def published(
    shop: Path, languages: list[str], report: str = "persona_building", **asked: Any
) -> tuple[Path, dict[str, Any]]:
    reports = shop.parent / "reports"
    outcomes = runner.run_all(
        jl.open(shop),
        [(catalogue.reports()[report], asked)],
        languages=languages,  # type: ignore[arg-type]
        reports_dir=reports,
    )
    assert [outcome.error for outcome in outcomes] == [None] * len(languages)
    (file,) = reports.glob(f"corner/runs/{report}/*-en-*/run.json")
    return reports / "corner", {
        each["name"]: each["facts"] for each in json.loads(file.read_text("utf-8"))["facts"]
    }


@pytest.mark.parametrize("report", ["journeys", "channel_attribution", "touchpoint_inventory", "journey_map"])
def test_a_shop_of_fewer_people_than_may_be_told_of_has_its_pages(tmp_path, report):
    """Eleven customers at k = 12: every row is hidden, and every report says so instead of failing."""
    reports, _facts = published(write(tmp_path / "shop", 11, buys=True, k=12), ["vi", "en"], report)
    assert (reports / "en" / f"{report}.html").stat().st_size > 10_000


def test_too_few_customers_are_told_and_rules_value_and_audience_are_there(tmp_path):
    reports, facts = published(write(tmp_path / "shop", 48, buys=True), ["vi", "en"])
    english, vietnamese = (
        (reports / language / "persona_building.html").read_text("utf-8") for language in ("en", "vi")
    )

    assert "Too few customers to look for personas." in english
    assert "Quá ít khách hàng để tìm chân dung." in vietnamese
    assert "No personas are made up where there are none" in english
    assert "The data do not reach back to the earlier day" in english
    assert facts["rfm"]["customers"] == 24
    assert {"segments", "value_profile", "audience"} <= facts.keys()
    assert "persona_gate" not in facts  # nothing was looked for
    for page in (english, vietnamese):
        assert "<b>Hùng</b>" not in page  # a town of that name does no harm
    (told,) = reports.glob("runs/persona_building/*-en-*/tables/persona-demographics.csv")
    with told.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert {HOSTILE, f"'{FORMULA}"} <= set(
        cells
    )  # as they were written, but for the sign that hides a formula
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_where_nobody_bought_the_page_says_so(tmp_path):
    reports, facts = published(write(tmp_path / "shop", 7, buys=False), ["en"], as_of="2025-02-01")
    page = (reports / "en" / "persona_building.html").read_text("utf-8")

    assert "Nobody bought in this window" in page
    assert "none is the most valuable" in page
    assert "rfm" not in facts


@pytest.mark.parametrize("k", [10, 25])
def test_the_record_and_the_page_tell_no_count_of_fewer_people_than_the_workspace_says(tmp_path, k):
    """Of 48 customers 24 buy, and the three most valuable of them are nobody's business."""
    reports, facts = published(write(tmp_path / "shop", 48, buys=True, k=k), ["en", "vi"])
    english, vietnamese = (
        (reports / language / "persona_building.html").read_text("utf-8") for language in ("en", "vi")
    )
    assert f"are fewer than <strong>{k}</strong>" in english or f"are fewer than {k}" in english
    assert f"chưa tới {k} người" in vietnamese
    assert "most valuable of" not in english
    top = facts["value_profile"]
    assert [top[name] for name in ("customers", "least", "value_share", "value_low", "value_high")] == [
        None
    ] * 5
    assert (top["of"], facts["rfm"]["customers"]) == ((24, 24) if k == 10 else (None, None))
    tables = [*reports.glob("runs/persona_building/*-en-*/tables/*.csv")]
    assert not few_people(facts, k)
    assert len(tables) > 5
    for file in tables:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for row in csv.DictReader(opened):
                few = {each: row[each] for each in PEOPLE & row.keys() if row[each]}
                assert not [each for each, n in few.items() if 0 < float(n) < k], (file.name, row)


def test_nobody_can_be_worked_out_from_the_tables_and_facts_that_are_published(tmp_path):
    """All of a page: of 48 customers 24 buy, and segments by rule and by RFM are of few at k = 10."""
    reports, facts = published(write(tmp_path / "shop", 48, buys=True), ["en"])
    tables = {
        file.stem.replace("-", "_"): pd.read_csv(file, encoding="utf-8-sig")
        for file in reports.glob("runs/persona_building/*-en-*/tables/*.csv")
        if file.stat().st_size > 5
    }
    touches = jl.touches.load(jl.open(tmp_path / "shop"))
    made = jl.features.table(jl.open(tmp_path / "shop"), touches)
    scored = rfm.assign(made)
    bought = made.frame["conversions"].clip(upper=2).astype(int).astype(str)
    world = attack.World(scored.reindex(made.frame.index), bought)
    attack.bought(world, tables, facts)
    assert len(world.known) > 5
    assert not world.found(10)


@pytest.mark.parametrize(
    ("report", "customers", "k"),
    [("journeys", 48, 20), ("touchpoint_inventory", 48, 30), ("journey_map", 48, 30)],
)
def test_no_other_report_records_a_fact_of_fewer_people(tmp_path, report, customers, k):
    _reports, facts = published(write(tmp_path / "shop", customers, buys=True, k=k), ["en"], report)
    assert len(facts) > 5
    assert not few_people(facts, k)


def few_people(facts: dict[str, Any], k: int) -> list[str]:
    """The facts of a record that are counts of people below `k`."""
    return [
        f"{result}: {name} = {n}"
        for result, told in facts.items()
        for name, n in told.items()
        if (name in PEOPLE or name.startswith("at_")) and isinstance(n, int) and 0 < n < k
    ]
