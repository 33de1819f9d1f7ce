"""Published notebooks stay thin: the lint accepts a proper one and names what is wrong with each bad one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lint_notebooks
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

PARAMETERS = """\
from typing import Literal

workspace: str = "data/demo"  # the folder with the journey.yaml
language: Literal["vi", "en"] = "vi"  # the page's language
lookback: str = "30d"  # how far back a touch still counts"""
SETUP = """\
from journey_lib import attribution, charts, session

ws, touches = session.start(workspace, language)"""


def words(language: str, text: str) -> Any:
    return new_markdown_cell(text, metadata={"tags": [f"lang-{language}"]})


def code(text: str, *tags: str) -> Any:
    return new_code_cell(text, metadata={"tags": list(tags)} if tags else {})


def head(parameters: str = PARAMETERS, setup: str = SETUP) -> list[Any]:
    return [
        words("vi", "# Kênh nào mang về đơn hàng"),
        words("en", "# Which channels bring orders"),
        code(parameters, "parameters"),
        code(setup),
    ]


@pytest.fixture
def lint(tmp_path: Path):
    def check(cells: list[Any], name: str = "50_channel_attribution.ipynb") -> list[str]:
        path = tmp_path / name
        # Not by nbformat, which would mend cells without ids.
        # As JupyterLab saves them: the text of a cell is a list of lines.
        cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in cells]
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(notebook), "utf-8")
        return lint_notebooks.findings(path)

    return check


def test_a_title_parameters_setup_and_calls_of_the_library_are_all_it_takes(lint) -> None:
    assert (
        lint(
            [
                *head(),
                words("vi", "## Kênh nào?"),
                words("en", "## Which channel?"),
                code('credit = attribution.credit(touches, "markov", lookback=lookback)'),
                code("charts.credit_bars(credit)"),
                code("session.explore(credit)", "interactive"),
                words("vi", "Đọc thế nào: …"),
                words("en", "How to read it: …"),
                code("session.record(credit)"),
            ]
        )
        == []
    )


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("def share(x): return x", "a function"),
        ("share = lambda x: x", "a lambda"),
        ("class Share: pass", "a class"),
        ("for model in models: session.show(model)", "a loop"),
        ("while True: pass", "a loop"),
        ("rows = [row for row in credit.table]", "a comprehension"),
        ("if ws.costs: session.show(credit)", "an if"),
        ("x = credit if ws.costs else None", "an if"),
        ('credit.table["share"] / credit.table["cost"]', "arithmetic"),
        ('credit.table["share"] = 1', "a column or an item is set"),
        ("total += 1", "arithmetic"),
        ("credit.table[credit.table.share > limit]", "a comparison"),
        ('credit.table.groupby("channel")', ".groupby() shapes a table"),
        ('session.rows("select channel, count(*) from touches")', "SQL"),
        ('charts.bars(credit, color="channel")', "color= is the theme's choice"),
        ('charts.bars(credit, "#1f77b4")', "is a colour"),
        ('charts.bars(credit, "rgb(0, 0, 0)")', "is a colour"),
        ('session.read("data/demo/raw/events.csv")', "is a path"),
        ('session.read("/etc/hosts")', "is a path"),
        ('open("x")', "reads or writes a file"),
        ("print(credit)", "print()"),
        ('session.show(f"{credit} orders")', "one language only"),
        ("import pandas as pd", "imports pandas"),
        ("from pathlib import Path", "imports pathlib"),
        ("%matplotlib inline", "is not plain Python"),
    ],
)
def test_what_a_cell_may_not_do_is_named(lint, line: str, finding: str) -> None:
    found = lint([*head(), code(line)])
    assert found
    assert all(each.startswith("cell 5: ") for each in found)
    assert any(finding in each for each in found)


def test_a_word_that_only_looks_like_sql_a_colour_or_a_path_is_left_alone(lint) -> None:
    assert lint([*head(), code('session.say("Select a channel", "#1 in CPA/ROAS", "và/hoặc")')]) == []


def test_a_cell_longer_than_twelve_lines_is_too_long(lint) -> None:
    assert lint([*head(), code("\n".join(["session.show(ws)"] * 12))]) == []
    assert lint([*head(), code("\n".join(["session.show(ws)"] * 13))]) == [
        "cell 5: has 13 lines, 12 are allowed"
    ]


def test_outputs_and_execution_counts_are_not_committed(lint) -> None:
    ran = code("session.show(ws)")
    ran.outputs = [new_output("stream", text="1 row")]
    counted = code("session.show(ws)")
    counted.execution_count = 3
    assert lint([*head(), ran, counted]) == [
        "cell 5: holds outputs of a run: nbstripout removes them",
        "cell 6: holds outputs of a run: nbstripout removes them",
    ]


def test_the_title_comes_first_then_the_parameters_then_the_setup(lint) -> None:
    vi, en, parameters, setup = head()
    assert "does not begin with a title" in lint([parameters, setup, vi, en])
    assert "has code before its parameters" in lint([vi, en, setup, parameters])
    assert "does not call session.start(...) right after its parameters" in lint([vi, en, parameters])


@pytest.mark.parametrize("times", [0, 2])
def test_there_is_exactly_one_cell_of_parameters(lint, times: int) -> None:
    vi, en, parameters, setup = head()
    found = lint([vi, en, *(code(parameters.source, "parameters") for _ in range(times)), setup])
    assert f"has {times} cells tagged parameters instead of one" in found


def test_every_parameter_has_a_type_a_plain_value_and_a_comment(lint) -> None:
    assert lint(head(PARAMETERS.replace("  # how far back a touch still counts", ""))) == [
        "parameter lookback has no # comment that says what it is"
    ]
    assert any("is not `name: type = value`" in each for each in lint(head(PARAMETERS + "\nmodel = 1")))
    assert any("not a plain value" in each for each in lint(head(PARAMETERS + "\nn: int = len(workspace)")))
    assert any("no type a parameter can have" in each for each in lint(head(PARAMETERS + "\nn: set = 1")))


def test_every_report_can_be_asked_for_its_workspace_and_language(lint) -> None:
    assert lint(head('lookback: str = "30d"  # how far back')) == [
        "has no parameter workspace",
        "has no parameter language",
    ]


def test_the_parameters_import_nothing_but_their_types(lint) -> None:
    assert lint(head("from datetime import date\n" + PARAMETERS)) == []
    found = lint(head("import journey_lib\n" + PARAMETERS))
    assert found == ["cell 3: line 1: import journey_lib does not belong among the parameters"]


def test_words_come_in_twins_side_by_side(lint) -> None:
    lonely = [*head(), words("vi", "Chỉ tiếng Việt")]
    apart = [*head(), words("vi", "Trước"), code("session.show(ws)"), words("en", "Before")]
    assert lint(lonely) == ["cell 5: has no twin in the other language beside it"]
    assert lint(apart) == [
        "cell 5: has no twin in the other language beside it",
        "cell 7: has no twin in the other language beside it",
    ]
    assert lint([*head(), new_markdown_cell("No tag")]) == [
        "cell 5: words are tagged neither lang-vi nor lang-en, or both"
    ]


def test_twins_have_the_same_headings_so_both_pages_have_the_same_contents(lint) -> None:
    assert lint([*head(), words("vi", "## Câu hỏi"), words("en", "### Question")]) == [
        "cell 6: its headings are not those of its twin"
    ]


def test_a_mistyped_tag_is_noticed_instead_of_ignored(lint) -> None:
    assert lint([*head(), code("session.explore(ws)", "interative")]) == [
        "cell 5: has the unknown tag interative"
    ]


def test_the_file_is_named_by_number_and_subject(lint) -> None:
    assert lint(head(), "attribution final (2).ipynb") == ["is not named as NN_what_it_shows.ipynb"]


def test_every_cell_has_an_id_of_its_own(lint) -> None:
    twice = code("session.show(ws)")
    nameless = code("session.show(ws)")
    del nameless["id"]
    assert lint([*head(), twice, twice]) == ["has cells without an id of their own"]
    assert lint([*head(), nameless]) == ["has cells without an id of their own"]


def test_a_broken_file_is_one_finding_and_no_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "50_broken.ipynb"
    broken.write_text('{"cells": [', "utf-8")
    assert len(lint_notebooks.findings(broken)) == 1


def test_the_published_notebooks_are_clean() -> None:
    published = sorted(lint_notebooks.NOTEBOOKS.glob("*.ipynb"))
    assert published
    assert {path.name: found for path in published if (found := lint_notebooks.findings(path))} == {}
