"""Names that nothing declares: told with the file, their own line and their field, all of them at once."""

from __future__ import annotations

import pytest
import yaml
from sample_map import BOOK

import journey_lib as jl
from journey_lib import journey_map as maps
from journey_lib.errors import ConfigError

STAGED = """
name: own
stages:
  - {stage: see, label: {en: See}, any: [{channel: email}]}
  - {stage: ask, label: {en: Ask}, any: [{channel: search}]}
  - {stage: buy, label: {en: Buy}, any: [{channel: store}]}
"""
POINTS = """
departments: {care: {vi: A, en: A}}
touchpoints: [{touchpoint: chat, place: online}]
"""
TOPIC = BOOK.replace(
    "        owner: care\n", "        owner: care\n        topics: [{topic: Size, touchpoint: chat}]\n", 1
)


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "touchpoints.yaml").write_text(POINTS, encoding="utf-8")
    (tmp_path / "stages.yaml").write_text(STAGED, encoding="utf-8")
    config = {
        "name": "own", "timezone": "UTC", "currency": "VND", "conversions": {"buy": {"event_type": "buy"}},
        "sources": [{"table": "events", "format": "csv", "path": "raw/*.csv"}], "stages": "stages.yaml",
    }  # fmt: skip
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return jl.open(tmp_path)


def told(workspace, text: str) -> str:
    (workspace.path / maps.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        maps.load(workspace)
    return str(raised.value)


def line(text: str, of: str) -> int:
    assert text.count(of) == 1, of
    return text[: text.index(of)].count("\n") + 1


@pytest.mark.parametrize(
    ("right", "wrong", "field", "said"),
    [
        (
            "owner: it, impact: 1",
            "owner: its, impact: 1",
            "maps.0.stages.2.opportunities.1.owner",
            "no department 'its'",
        ),
        ("Hire, owner: care", "Hire, owner: cara", "maps.1.stages.0.actions.0.owner", "no department 'cara'"),
        ("        owner: it\n", "        owner: ti\n", "maps.0.stages.0.owner", "no department 'ti'"),
        ("personas: [p]", "personas: [pp]", "maps.0.personas.0", "no persona 'pp'"),
        ("- {stage: ask, front", "- {stage: asks, front", "maps.2.stages.0.stage", "no stage 'asks'"),
        (
            "touchpoint: chat",
            "touchpoint: chatt",
            "maps.0.stages.1.topics.0.touchpoint",
            "no touchpoint 'chatt'",
        ),
        (
            "goals: [Nhanh]",
            "goals: [Nhanh], customers: {gendre: [Nữ]}",
            "personas.0.customers.gendre",
            "no column of customers 'gendre'. Did you mean 'gender'?",
        ),
        ("- stage: buy", "- stage: see", "maps.0.stages.2.stage", "'see' stands there twice"),
        ("- map: behind", "- map: now", "maps.2.map", "'now' stands there twice"),
    ],
)
def test_each_is_told_with_file_its_own_line_and_field(workspace, right, wrong, field, said) -> None:
    field = field.replace("opportunities.1", "opportunities.0")
    message = told(workspace, TOPIC.replace(right, wrong, 1))
    where = line(TOPIC, right) + right.startswith("\n")
    assert f"journey_map.yaml, line {where}: {field}: " in message
    assert said in message
    assert "1 problem(s)" in message


def test_all_of_them_are_told_at_once_and_the_nearest_is_offered(workspace) -> None:
    message = told(workspace, TOPIC.replace("owner: it, impact", "owner: car, impact").replace("[p]", "[q]"))
    assert "2 problem(s)" in message
    assert "Did you mean 'care'?" in message


def test_a_file_without_mistakes_is_read_and_own_stages_of_a_day_are_no_mistake(workspace) -> None:
    day = TOPIC + "  - {map: day, kind: day, stages: [{stage: morning, doing: [x]}]}\n"
    (workspace.path / maps.FILE).write_text(day, encoding="utf-8")
    assert maps.load(workspace).names == ("now", "wanted", "behind", "day")
