"""What the form writes into a file of maps: the notes of one lane, and not a letter of anything else."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sample_map import BOOK

from journey_lib import authored, editors
from journey_lib import journey_map as maps
from journey_lib.errors import JourneyError

FILE = """\
# Seen by the board every quarter.
author: Care  # or: CX
date: 2025-10-01
maps:
  # The journey as it is.
  - map: now
    stages:
      - stage: see
        # what we heard in the stores
        pains:
          - {vi: Chờ lâu, en: Waits, review: 2025-12-01}  # on Saturdays
          # heard twice
          - Ngại hỏi
        thinking: ["Ai đây?", {vi: "Gì, thế?", en: "What, then?"}]  # quotes
        # nobody in charge yet

      # the next stage
      - {stage: buy, steps: [Trả tiền]}  # short
    # end of the first map
"""


def changed(text: str, stage: str, lane: str, notes: list[Any]) -> str:
    declared = yaml.safe_load(text)
    (column,) = [each for each in declared["maps"][0]["stages"] if each["stage"] == stage]
    column[lane] = notes
    if not notes:
        del column[lane]
    return maps.rewritten(text, declared, name="now", stage=stage, lane=lane)


WAITS: dict[str, Any] = {"vi": "Chờ lâu", "en": "Waits", "review": yaml.safe_load("2025-12-01")}


@pytest.mark.parametrize(
    ("stage", "lane", "notes", "was", "becomes"),
    [
        ("see", "pains", [WAITS, "Ngại hỏi", "Xa"], "- Ngại hỏi\n", "- Ngại hỏi\n          - Xa\n"),
        ("see", "pains", [WAITS], "          - Ngại hỏi\n", ""),
        ("see", "pains", ["x: y", WAITS, "Ngại hỏi"], "          - {vi: Chờ",
         "          - 'x: y'\n          - {vi: Chờ"),
        ("see", "thinking", ["Ai đây?", "Ồ!"], '{vi: "Gì, thế?", en: "What, then?"}', "Ồ!"),
        ("see", "thinking", [],
         '        thinking: ["Ai đây?", {vi: "Gì, thế?", en: "What, then?"}]  # quotes\n', ""),
        ("see", "gains", ["Rẻ"], '# quotes\n', "# quotes\n        gains:\n          - Rẻ\n"),
        ("buy", "steps", ["Trả tiền", {"vi": "Nhận", "en": "Gets"}], "[Trả tiền]",
         "[Trả tiền, {vi: Nhận, en: Gets}]"),
        ("buy", "pains", ["Đắt"], "[Trả tiền]}", "[Trả tiền], pains: [Đắt]}"),
        ("buy", "steps", [], ", steps: [Trả tiền]", ""),
    ],
)  # fmt: skip
def test_only_the_notes_of_the_lane_are_other_text(stage, lane, notes, was, becomes) -> None:
    assert FILE.count(was) == 1
    assert changed(FILE, stage, lane, notes) == FILE.replace(was, becomes)


LINES = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=12).map(
    str.strip
)
NOTES = st.lists(LINES.filter(bool), max_size=4, unique=True)
DEMO = (Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml").read_text("utf-8")


@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.sampled_from([FILE, BOOK, DEMO]), st.data())
def test_whatever_is_typed_the_file_says_that_and_all_else_with_its_comments(text, data) -> None:
    for _edit in range(3):
        declared = authored.once_each(text)
        sheet = data.draw(st.sampled_from(declared["maps"]))
        column = data.draw(st.sampled_from(sheet["stages"]))
        lane = data.draw(st.sampled_from(editors.LANES))
        kept = data.draw(st.lists(st.sampled_from(column.get(lane) or ["+"]), unique_by=str, max_size=3))
        wanted = copy.deepcopy(declared)
        (there,) = [
            each
            for whole in wanted["maps"]
            if whole["map"] == sheet["map"]
            for each in whole["stages"]
            if each["stage"] == column["stage"]
        ]
        there[lane] = [*kept, *data.draw(NOTES)]
        if not there[lane]:
            del there[lane]
        after = maps.rewritten(text, wanted, name=sheet["map"], stage=column["stage"], lane=lane)
        assert authored.once_each(after) == wanted
        about = ("# Seen", "# or: CX", "# The journey", "# in the stores", "# the next", "# end of")
        assert [said for said in about if said in after] == [said for said in about if said in text]
        text = after


HEAD = "author: A\ndate: 2025-01-01\n"


@pytest.mark.parametrize(
    "text",
    [
        "{author: A, date: 2025-01-01, maps: [{map: now, stages: [{stage: see}]}]}",
        HEAD + "maps:\n-\n  map: now\n  stages:\n  -\n    pains:\n    -\n     a\n    stage: see",
        HEAD + "maps:\n- map: now\n  stages:\n  - pains: [a,\n      b]\n    stage: see\n",
        HEAD + "maps:\n- map: now\n  stages:\n  - stage: see\n    pains:\n    - |\n      a\n      b\n",
    ],
)
@pytest.mark.parametrize("notes", [["x"], [], ["a", {"vi": "b", "en": "c"}]])
def test_a_file_however_it_is_laid_out_says_what_was_typed(text, notes) -> None:
    wanted = yaml.safe_load(text)
    (stage,) = wanted["maps"][0]["stages"]
    stage.pop("pains", None)
    if notes:
        stage["pains"] = notes
    assert yaml.safe_load(maps.rewritten(text, wanted, name="now", stage="see", lane="pains")) == wanted


def test_a_stage_whose_name_is_taken_over_from_another_is_written_anew() -> None:
    text = "maps:\n- map: now\n  stages:\n  - {<<: {stage: see}}\n"
    assert yaml.safe_load(changed(text, "see", "pains", ["Xa"])) == {
        "maps": [{"map": "now", "stages": [{"stage": "see", "pains": ["Xa"]}]}]
    }


# --- whom a persona stands for -----------------------------------------------------------------------------

PEOPLE = """\
author: Care
date: 2025-10-01
personas:
  - persona: mai
    name: Mai
    customers:
      gender: [Nữ]  # as the CRM writes it
      # by her age
      birth_year: {least: 1983, most: 1995}
    quote: Hm  # said in a store
  - {persona: nam, name: Nam}  # nobody yet
maps:
  - {map: now, stages: [{stage: see}]}
"""


@pytest.fixture
def peopled(tmp_path) -> Path:
    file = tmp_path / "journey_map.yaml"
    file.write_text(PEOPLE, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("persona", "lines", "was", "becomes"),
    [
        ("mai", ["gender: Nữ", "birth_year: 1983..1990"], "{least: 1983, most: 1995}",
         "{least: 1983, most: 1990}"),
        ("mai", ["gender: Nữ", "birth_year: 1983..1995", "tier: Vàng, Bạc"], "most: 1995}\n",
         "most: 1995}\n      tier: [Vàng, Bạc]\n"),
        ("mai", ["birth_year: ..1995", "gender: Nữ"],
         PEOPLE[PEOPLE.index("      gender") : PEOPLE.index("    quote")],
         "      birth_year: {most: 1995}\n      gender: [Nữ]  # as the CRM writes it\n      # by her age\n"),
        ("nam", ["gender: Nam", "birth_year: 1995.."], "name: Nam}",
         "name: Nam, customers: {gender: [Nam], birth_year: {least: 1995}}}"),
    ],
)  # fmt: skip
def test_only_the_rules_of_the_persona_are_other_text(peopled, persona, lines, was, becomes) -> None:
    editors.put_customers(peopled, persona, lines)
    assert peopled.read_text("utf-8") == PEOPLE.replace(was, becomes)


def test_no_rule_at_all_takes_the_customers_out_and_leaves_the_rest(peopled) -> None:
    editors.put_customers(peopled, "mai", ["  "])
    begin, end = PEOPLE.index("    customers"), PEOPLE.index("    quote")
    assert peopled.read_text("utf-8") == PEOPLE[:begin] + PEOPLE[end:]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gendre: Nữ", "line 7: personas.0.customers.gendre: there is no column of customers 'gendre'. "
         "Did you mean 'gender'?"),
        ("gender", "a line is no rule"),
        ("gender: ", "a line is no rule"),
        ("gender: [Nữ", "a line is no rule"),
        ("birth_year: ..", None),
        ("gender: [[a]]", "says something that cannot be"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_told_and_nothing_is_written(peopled, line, said) -> None:
    if said is None:  # two dots alone are a value like any other
        editors.put_customers(peopled, "mai", [line])
        return
    with pytest.raises(JourneyError) as raised:
        editors.put_customers(peopled, "mai", [line])
    assert said in str(raised.value)
    assert peopled.read_text("utf-8") == PEOPLE


VALUES = st.lists(
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8), min_size=1, max_size=3
)
RULES = st.dictionaries(
    st.sampled_from(["gender", "tier", "city", "birth_year"]),
    VALUES | st.builds(lambda a, b: {"least": a, "most": b}, st.integers(), st.integers()),
    max_size=3,
)


@given(RULES)
def test_what_the_form_shows_is_what_it_writes(rules) -> None:
    again = dict(editors._asked(line) for line in itertools.starmap(editors._rule, rules.items()))
    assert again == rules


def test_the_form_of_personas_shows_checks_and_writes(peopled) -> None:
    folder = peopled.parent
    (folder / "maps").mkdir()
    file = peopled.rename(folder / maps.FILE)
    workspace = SimpleNamespace(path=folder)
    which, rules, save, said = editors.personas_form(workspace).children  # type: ignore[arg-type]
    assert rules.value.splitlines() == ["# Mai", "gender: Nữ", "birth_year: 1983..1995"]
    assert "gender, joined, tier" in said.value
    stale = rules.value
    which.value = "nam"
    assert rules.value == "# Nam"
    rules.value = stale
    save.click()
    assert "nothing was written" in said.value
    rules.value = "# Nam\ngender: Nam"
    save.click()
    assert "Saved." in said.value
    assert maps.read(file).personas[1].customers == {"gender": ("Nam",)}
