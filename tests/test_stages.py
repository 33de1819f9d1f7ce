"""Stage models: which stage an event belongs to, and what a model of one's own may say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from journey_lib import journeys, stages
from journey_lib.errors import ConfigError, ParameterError
from journey_lib.stages import labels
from journey_lib.touches import Bucket, Touches

TYPES = ("call", "impression", "purchase", "review", "visit")
CHANNELS = ("call_centre", "facebook")
TOUCHPOINTS = ("billboard", "web_home")

# customer, event type, channel, touchpoint: in the table's order
ROWS = [
    (0, "impression", "facebook", "billboard"),
    (0, "visit", None, "web_home"),
    (0, "purchase", None, None),
    (0, "call", "call_centre", None),
    (0, "purchase", None, None),
    (1, "purchase", None, None),
    (1, "review", None, None),
]


def table(rows: list[tuple[int, str, str | None, str | None]] = ROWS) -> Touches:
    who, kind, channel, place = zip(*rows, strict=True)
    bucket = Bucket(
        np.array(who, np.int32),
        np.arange(len(rows)),
        np.array([CHANNELS.index(c) if c else -1 for c in channel], np.int16),
        np.array([TOUCHPOINTS.index(p) if p else -1 for p in place], np.int16),
        np.array([TYPES.index(k) for k in kind], np.int16),
        np.zeros(len(rows), np.int64),
    )
    people = max(who) + 1
    return Touches(
        (lambda: bucket,), CHANNELS, TOUCHPOINTS, TYPES, {"purchase": ("purchase",)},
        np.zeros(people, np.uint8), (0, len(rows)), len(rows), 0,
    )  # fmt: skip


def staged(
    model: stages.Model, rows: list[tuple[int, str, str | None, str | None]] = ROWS
) -> list[str | None]:
    named = journeys.steps_by(table(rows), "stage", model)
    return [named.channels[code] if code >= 0 else None for code in named.buckets[0]().channel]


def own(tmp_path: Path, text: str) -> stages.Model:
    (tmp_path / "stages.yaml").write_text(text, encoding="utf-8")
    return stages.load("stages.yaml", tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("5A", ["aware", "appeal", "act", "ask", "advocate", "act", "advocate"]),
        (
            "5-step",
            ["awareness", "consideration", "purchase", "consideration", "return", "purchase", "advocacy"],
        ),
        ("classic", ["need", "search", "purchase", "post_purchase", "purchase", "purchase", "post_purchase"]),
        (
            "lifecycle",
            ["awareness", "awareness", "acquisition", "awareness", "loyalty", "acquisition", "advocacy"],
        ),
        ("funnel", ["reach", "interest", "purchase", "consideration", "loyalty", "purchase", "loyalty"]),
    ],
)
def test_the_stages_of_the_five_models(name: str, expected: list[str]) -> None:
    assert staged(stages.load(name)) == expected


@pytest.mark.parametrize("name", stages.MODELS)
def test_every_stage_has_a_name_in_both_languages(name: str) -> None:
    model = stages.load(name)
    for language in ("vi", "en"):
        assert all(model.labels(language).values())
    assert set(model.labels("vi")) == set(model.names)


def test_after_is_about_the_same_customer_and_about_what_came_before() -> None:
    rows = [(0, "purchase", None, None), (1, "purchase", None, None), (1, "purchase", None, None)]
    assert staged(stages.load("5A"), rows) == ["act", "act", "advocate"]


def test_after_its_own_kind_is_after_any_of_it_wherever_that_was(tmp_path: Path) -> None:
    model = own(
        tmp_path,
        "stages: [{stage: any, any: [{event_type: visit}]},"
        " {stage: back, any: [{event_type: visit, channel: facebook, after: visit}]}]",
    )
    rows = [(0, "visit", None, None), (0, "visit", "facebook", None), (1, "visit", "facebook", None)]
    assert staged(model, rows) == ["any", "back", "any"]


def test_a_model_of_ones_own_can_go_by_channel_and_touchpoint_and_leave_events_without_a_stage(
    tmp_path: Path,
) -> None:
    model = own(
        tmp_path,
        """
        stages:
          - {stage: near, any: [{touchpoint: web_home}, {channel: [facebook], event_type: visit}]}
          - {stage: spoken, label: {vi: "Đã nói chuyện", en: "Spoken"}, any: [{channel: call_centre}]}
        """,
    )
    assert staged(model) == [None, "near", None, "spoken", None, None, None]
    assert model.labels("en") == {"near": "near", "spoken": "Spoken"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "stages: Field required"),
        ("stages: [", "cannot be read as YAML"),
        (
            "stages: [{stage: a, any: [{chanel: x}]}, {stage: b, any: [{channel: y}]}]",
            "Did you mean 'channel'",
        ),
        ("stages: [{stage: a, any: [{after: x}]}, {stage: b, any: [{channel: y}]}]", "names event types"),
        ("stages: [{stage: a, any: [{channel: x}]}, {stage: a, any: [{channel: y}]}]", "'a' stands twice"),
        ("stages: [{stage: a, any: [{channel: x}]}]", "at least 2"),
    ],
)
def test_what_is_wrong_with_a_model_is_said_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        own(tmp_path, text)
    assert complaint in str(caught.value)
    assert "stages.yaml" in str(caught.value)


def test_an_unknown_model_is_said_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'funnel'"):
        stages.load("funel", tmp_path)


def test_models_are_plain_data() -> None:
    for file in stages.FILES.glob("*.yaml"):
        assert set(yaml.safe_load(file.read_text("utf-8"))) == {"stages"}


def test_steps_can_be_called_by_anything_the_table_knows() -> None:
    by = {by: journeys.steps_by(table(), by).channels for by in ("channel", "touchpoint", "event_type")}
    assert by == {"channel": CHANNELS, "touchpoint": TOUCHPOINTS, "event_type": TYPES}
    with pytest.raises(ParameterError, match="steps cannot be by 'chanel'"):
        journeys.steps_by(table(), "chanel")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="need a stage model"):
        journeys.steps_by(table(), "stage")


def test_every_kind_of_event_of_the_built_in_models_has_words_in_both_languages() -> None:
    known = {
        event
        for model in stages.MODELS
        for found in re.findall(
            r"event_type: \[([^\]]*)\]", (stages.FILES / f"{model}.yaml").read_text("utf-8")
        )
        for event in re.split(r",\s*", " ".join(found.split()))
    }
    assert len(known) > 50
    assert known <= set(labels.EVENTS)
    assert all(words["vi"] and words["en"] for words in labels.EVENTS.values())
