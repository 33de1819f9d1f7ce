"""`journey init --maps`: empty maps that are valid as they stand, and never in the place of what is there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import journey_lib as jl
from journey_lib import blank_maps, stages
from journey_lib.cli import cli

TODAY = dt.date(2026, 1, 31)
CONFIG = {
    "name": "shop", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "stages": "5-step",
    "conversions": {"purchase": {"event_type": "purchase"}},
    "sources": [{"table": "events", "format": "csv", "path": "raw/events.csv"}],
}  # fmt: skip
EVENTS = """event_id,customer_id,timestamp,channel,touchpoint,event_type,value
1,an,2025-01-01 08:00:00,facebook,FB bài đăng,impression,
2,an,2025-01-02 08:00:00,website,web_home,visit,
3,an,2025-01-03 08:00:00,website,fb_b_i___ng,visit,
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "events.csv").write_text(EVENTS, encoding="utf-8")
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("language", ["vi", "en"])
def test_both_maps_are_valid_as_they_stand_and_dated(shop: Path, language) -> None:
    workspace = jl.open(shop)
    said = blank_maps.write(workspace, language=language, today=TODAY)
    assert said.count("written") == 2
    described, book = jl.touchpoints.authored(workspace), jl.journey_map.load(workspace)
    assert described.date == TODAY
    assert described.review == dt.date(2026, 8, 1)
    assert [column.stage for column in book.sheet("current").stages] == list(stages.load("5-step").names)
    assert language in described.touchpoints[0].label


def test_of_a_prepared_workspace_every_touchpoint_is_listed_under_a_code_that_may_be_one(shop: Path) -> None:
    workspace = jl.open(shop)
    jl.touches.load(workspace)
    blank_maps.write(workspace, today=TODAY)
    described = jl.touchpoints.authored(workspace)
    seen = sorted(code for each in described.touchpoints for code in each.codes)
    assert seen == sorted(["FB bài đăng", "web_home", "fb_b_i___ng"])
    assert len(set(described.names)) == 3
    found = jl.touchpoints.inventory(
        jl.touches.load(workspace), model=stages.load("5-step"), authored=described, lookback="30d"
    )
    assert found.table["authored"].all()


def test_what_is_there_stays_to_the_last_letter(shop: Path) -> None:
    (shop / "maps").mkdir()
    mine = shop / "maps" / "touchpoints.yaml"
    mine.write_text("# mine\n", encoding="utf-8")
    said = blank_maps.write(jl.open(shop), today=TODAY)
    assert mine.read_text("utf-8") == "# mine\n"
    assert "stays as it is" in said
    assert (shop / "maps" / "journey_map.yaml").is_file()


@pytest.mark.parametrize("model", ["5A", "5-step", "classic", "lifecycle", "funnel"])
def test_a_blank_map_of_each_stage_model_can_be_drawn_as_it_is(model) -> None:
    text = jl.journey_map.blank(stages.load(model), language="vi", date=TODAY)
    book = jl.journey_map.book(yaml.safe_load(text))
    whole = jl.journey_map.drawn(book, "current")
    assert whole.codes == stages.load(model).names
    assert "<table" in jl.map_page.page(whole, language="vi")


def test_the_command_writes_them_and_leaves_journey_yaml_alone(shop: Path) -> None:
    before = (shop / "journey.yaml").read_text("utf-8")
    done = CliRunner().invoke(cli, ["init", str(shop), "--maps", "en"])
    assert done.exit_code == 0, done.output
    assert "touchpoints.yaml: written" in done.output
    assert (shop / "journey.yaml").read_text("utf-8") == before
    nowhere = CliRunner().invoke(cli, ["init", str(shop / "nowhere"), "--maps", "en"])
    assert nowhere.exit_code == 2
    assert "journey.yaml" in nowhere.output
