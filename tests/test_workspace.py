"""A workspace says what it means, or says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import journey_lib as jl
from journey_lib.errors import ConfigError

GOOD = """
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}, contact: {event_type: [call, message]}}
sources:
  - {table: events, format: parquet, path: raw/events.parquet}
"""


def opened(folder: Path, text: str):
    (folder / "journey.yaml").write_text(text, encoding="utf-8")
    return jl.open(folder)


def test_what_is_not_said_has_a_stated_default(tmp_path):
    workspace = opened(tmp_path, GOOD)
    assert (workspace.lookback, workspace.privacy.k, workspace.engine.memory) == ("30d", 10, "2GB")
    assert workspace.languages == ("vi", "en")
    assert workspace.title == {"vi": "shop", "en": "shop"}


def test_a_conversion_may_be_one_event_type_or_several(tmp_path):
    conversions = opened(tmp_path, GOOD).conversions
    assert conversions["purchase"].event_type == ("purchase",)
    assert conversions["contact"].event_type == ("call", "message")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("currency: VND", "currency: VND\ncurency: VND"), "Did you mean 'currency'?"),
        (GOOD.replace("format: parquet", "format: parquet, colums: {}"), "Did you mean 'columns'?"),
        (GOOD.replace("Ho_Chi_Minh", "Ho_Chi_Min"), "Did you mean 'Asia/Ho_Chi_Minh'?"),
        (GOOD.replace("currency: VND", "currency: DONG"), "'DONG' is no ISO 4217 currency code"),
        (GOOD + "lookback: 30", "lookback"),
        (GOOD + "lookback: '30'", "'30' is not a duration"),
        (GOOD + "privacy: {k: 0}", "privacy.k"),
        (GOOD + "engine: {memory: lots}", "engine.memory"),
        (GOOD.replace("format: parquet", "format: csv, columns: {time: t}"), "'time' is no column of events"),
        (GOOD.replace(", path: raw/events.parquet", ""), "path: is missing"),
        (GOOD.replace("conversions: {purchase", "conversions: {} #"), "conversions"),
        ("- a\n- list", "empty or not a mapping"),
        ("name: [", "cannot be read as YAML"),
        ("", "empty or not a mapping"),
    ],
)
def test_what_cannot_be_is_said_in_one_message_that_names_the_place(tmp_path, wrong, said):
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, wrong)
    assert said in str(caught.value)
    assert "journey.yaml" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_folder_without_a_workspace_is_named(tmp_path):
    with pytest.raises(ConfigError, match="there is no workspace in"):
        jl.open(tmp_path / "nowhere")


def test_yaml_builds_nothing_but_data(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        opened(tmp_path, GOOD + 'note: !!python/object/apply:os.system ["touch pwned"]')
    assert not (tmp_path / "pwned").exists()
