"""The form's lanes of decisions: targets, opportunities, actions and owners, checked, comments kept."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from sample_map import BOOK

from journey_lib import editors
from journey_lib.errors import ConfigError, ParameterError

SHIFT = "{vi: Trực tối, en: Evening shift, impact: 3, effort: 2"
FILE = BOOK.replace("        owner: care\n", "        owner: care  # since May\n", 1).replace(
    f"        opportunities: [{SHIFT}}}, {{vi: Bảng cỡ, en: Sizes}}]\n",
    f"        opportunities:\n          - {SHIFT}, review: 2026-01-01}}  # asked for twice\n"
    "          - {vi: Bảng cỡ, en: Sizes}\n",
)
assert "# asked for twice" in FILE


@pytest.fixture
def file(tmp_path):
    there = tmp_path / "journey_map.yaml"
    there.write_text(FILE, encoding="utf-8")
    return there


def after(file, lane: str, lines: list[str], *, stage: str = "ask", name: str = "now"):
    editors.put(file, name, stage, lane, lines)
    text = file.read_text("utf-8")
    sheet = next(each for each in yaml.safe_load(text)["maps"] if each["map"] == name)
    return next(each for each in sheet["stages"] if each["stage"] == stage).get(lane), text


def test_an_opportunity_gets_owner_effort_and_status_and_keeps_what_the_form_does_not_show(file) -> None:
    told = "Trực tối | Evening shift {owner: it, impact: 3, effort: 1, status: doing}"
    notes, text = after(file, "opportunities", [told, "Bảng cỡ | Sizes"])
    assert notes[0] == {
        "vi": "Trực tối", "en": "Evening shift", "review": dt.date(2026, 1, 1),
        "owner": "it", "impact": 3, "effort": 1, "status": "doing",
    }  # fmt: skip
    assert notes[1] == {"vi": "Bảng cỡ", "en": "Sizes"}
    assert "# since May" in text


def test_lines_that_stay_leave_the_file_as_it_was_and_a_new_one_is_one_line_more(file) -> None:
    same = ["Trực tối | Evening shift {impact: 3, effort: 2}", "Bảng cỡ | Sizes"]
    assert after(file, "opportunities", same)[1] == FILE
    _notes, text = after(file, "opportunities", [*same, "Thử tại nhà {owner: care}"])
    line = "          - {vi: Bảng cỡ, en: Sizes}\n"
    assert text == FILE.replace(line, line + "          - {vi: Thử tại nhà, owner: care}\n")


def test_targets_actions_and_owners_are_written_and_taken_away(file) -> None:
    assert after(file, "kpi", ["conversion {target: 0.3}"])[0] == [{"measure": "conversion", "target": 0.3}]
    hire = ["Thuê người | Hire {owner: it, due: 2026-03-01}"]
    assert after(file, "actions", hire, name="wanted")[0] == [
        {"vi": "Thuê người", "en": "Hire", "owner": "it", "due": dt.date(2026, 3, 1)}
    ]
    owner, text = after(file, "owner", ["it"])
    assert owner == "it"
    assert "        owner: it  # since May\n" in text
    assert after(file, "owner", ["care"], stage="buy")[0] == "care"
    assert after(file, "owner", [])[0] is None
    assert after(file, "kpi", [])[0] is None


@pytest.mark.parametrize(
    ("lane", "line", "said"),
    [
        ("opportunities", "a {owner: cara}", "no department 'cara'"),
        ("opportunities", "a {status: soon}", "opportunities.0.status"),
        ("opportunities", "a {impct: 1}", "unknown key"),
        ("kpi", "conversion", "kpi.0.target"),
        ("actions", "a {due: soon}", "actions.0.due"),
        ("owner", "cara", "Did you mean 'care'"),
    ],
)
def test_what_cannot_be_is_told_with_its_field_and_line_and_not_written(file, lane, line, said) -> None:
    with pytest.raises(ConfigError, match="line") as told:
        editors.put(file, "now", "ask", lane, [line])
    assert said in str(told.value)
    assert file.read_text("utf-8") == FILE


def test_braces_that_cannot_be_read_and_two_owners_are_refused(file) -> None:
    with pytest.raises(ParameterError, match="braces"):
        editors.put(file, "now", "ask", "opportunities", ["a {owner: [}"])
    with pytest.raises(ParameterError, match="one owner"):
        editors.put(file, "now", "ask", "owner", ["care", "it"])
    assert file.read_text("utf-8") == FILE
