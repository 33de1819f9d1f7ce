"""What a report's parameters cell may say, and what it may be asked. No kernel is started in this file."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import seconds_of

from journey_lib import catalogue
from journey_lib.errors import ConfigError, ParameterError

NOTEBOOKS = Path(__file__).parent / "notebooks"


def report(tmp_path: Path, parameters: str, name: str = "50_channels.ipynb", **more: str) -> catalogue.Report:
    """Read a report whose parameters cell is `parameters`; `more` are markdown cells by their tag."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {"tags": [tag.replace("_", "-")]}, "source": text}
        for tag, text in more.items()
    ]
    cells.append({"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": parameters})
    (tmp_path / name).write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return catalogue.read(tmp_path / name)


def test_a_report_is_named_after_its_file_and_folders_below_are_free_ground(tmp_path: Path) -> None:
    (tmp_path / "explore").mkdir()
    report(tmp_path / "explore", "x: int = 1  # a draft", name="99_draft.ipynb")
    report(tmp_path, "x: int = 1  # a number", name="60_journey_map.ipynb")
    report(tmp_path, "x: int = 1  # a number", name="50_channel_attribution.ipynb")
    assert list(catalogue.reports(tmp_path)) == ["channel_attribution", "journey_map"]


def test_its_title_is_the_first_heading_in_each_language(tmp_path: Path) -> None:
    found = report(tmp_path, "x: int = 1", lang_vi="# Kênh nào?\n\nMở đầu", lang_en="# Which channel?")
    assert found.title == {"vi": "Kênh nào?", "en": "Which channel?"}


def test_without_headings_its_name_is_its_title(tmp_path: Path) -> None:
    assert report(tmp_path, "x: int = 1").title == {"vi": "Channels", "en": "Channels"}


def test_the_parameters_cell_is_read_as_python_reads_it(tmp_path: Path) -> None:
    cell = """
from typing import Literal
name: str = "a=b # c"  # signs that trip a reader of lines
colour: str = "#fff"  # a colour
models: list[Literal["first", "last"]] = [
    "first",
    "last",
]  # models side by side
start: date | None = None  # first day
lookback: str = "30d"  # how far back
"""
    read = {p.name: (p.kind, p.default, p.help, p.choices) for p in report(tmp_path, cell).parameters}
    assert read == {
        "name": ("str", "a=b # c", "signs that trip a reader of lines", ()),
        "colour": ("str", "#fff", "a colour", ()),
        "models": ("list", ["first", "last"], "models side by side", ("first", "last")),
        "start": ("date", None, "first day", ()),
        "lookback": ("duration", "30d", "how far back", ()),
    }


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("x = 3", "line 1 is not `name: type = value`"),
        ("x: int = 1 + y", "is not a plain value"),
        ("x: dict[str, int] = {}", r"dict\[str, int\] is no type"),
        ('x: int = "3"', "the default of x is a text"),
        ('x: Literal["a", "b"] = "c"', "the default of x is not one of its choices"),
        ("x: int = None", "the default of x is not a whole number"),
        ("x: int = (", "cannot be read"),
        ("%load_ext x", "cannot be read"),
    ],
)
def test_a_parameters_cell_with_anything_but_typed_literals_is_refused(
    tmp_path: Path, line: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        report(tmp_path, line)


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path: Path) -> None:
    (tmp_path / "10_none.ipynb").write_text('{"cells": []}')
    with pytest.raises(ConfigError, match="exactly one cell tagged 'parameters'"):
        catalogue.reports(tmp_path)


def test_a_file_that_is_no_notebook_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "10_torn.ipynb").write_text('{"cells": [')
    with pytest.raises(ConfigError, match="10_torn"):
        catalogue.reports(tmp_path)


def test_two_notebooks_may_not_share_a_name(tmp_path: Path) -> None:
    report(tmp_path, "x: int = 1", name="10_same.ipynb")
    report(tmp_path, "x: int = 1", name="20_same.ipynb")
    with pytest.raises(ConfigError, match="two notebooks are called same"):
        catalogue.reports(tmp_path)


@pytest.mark.parametrize(
    ("declared", "given", "value"),
    [
        # what a command line hands over is text
        ("x: int = 1", "-3", -3),
        ("x: float = 1.0", "3", 3.0),
        ("x: float = 1.0", "1e-3", 0.001),
        ("x: bool = True", "no", False),
        ("x: str = 'a'", " b=c ", " b=c "),
        ("x: str = 'a'", "", ""),
        ("x: str = '30d'", "12h", "12h"),
        ("x: date | None = None", "2025-01-31", dt.date(2025, 1, 31)),
        ("x: date | None = None", "none", None),
        ("x: int | None = 3", "", None),
        ("x: list[str] = []", "email, zalo", ["email", "zalo"]),
        ("x: list[str] = []", '["a,b", "c"]', ["a,b", "c"]),
        ("x: list[str] = ['a']", "", []),
        ("x: Literal['vi', 'en'] = 'vi'", "en", "en"),
        ("x: Literal[1, 2] = 1", "2", 2),
        ("x: str = 'a'", "ti\u0303nh", "t\u0129nh"),  # a decomposed accent is composed
        # what YAML hands over has types
        ("x: int = 1", 7, 7),
        ("x: float = 1.0", 2, 2.0),
        ("x: bool = True", False, False),
        ("x: date | None = None", dt.date(2025, 1, 31), dt.date(2025, 1, 31)),
        ("x: str | None = 'a'", None, None),
        ("x: list[Literal['first', 'last']] = ['first']", ["last"], ["last"]),
    ],
)
def test_values_become_what_the_notebook_declares(
    tmp_path: Path, declared: str, given: object, value: object
) -> None:
    checked = catalogue.check(report(tmp_path, declared), {"x": given})
    assert checked == {"x": value}
    assert type(checked["x"]) is type(value)
    assert catalogue.check(report(tmp_path, declared), checked) == checked  # checking again changes nothing


@pytest.mark.parametrize(
    ("declared", "given", "complaint"),
    [
        ("x: int = 1", "three", "is not a whole number"),
        ("x: int = 1", "3.0", "is not a whole number"),
        ("x: int = 1", "1_000", "is not a whole number"),
        ("x: int = 1", True, "is not a whole number"),
        ("x: float = 1.0", "nan", "is not a number"),
        ("x: float = 1.0", "1,5", "is not a number"),
        ("x: float = 1.0", float("inf"), "is not a number"),
        ("x: bool = True", "maybe", "is not true or false"),
        ("x: bool = True", 1, "is not true or false"),
        ("x: str = 'a'", 2025, "in YAML, put it in quotes"),
        ("x: str = 'a'", None, "is not a text"),
        ("x: str = '30d'", "30", "is not a duration"),
        ("x: str = '30d'", 30, "is not a duration"),
        ("x: date | None = None", "31/01/2025", "is not a date"),
        ("x: date | None = None", "20250131", "is not a date"),
        ("x: date | None = None", "2025-02-30", "day is out of range"),
        ("x: date | None = None", dt.datetime(2025, 1, 31, 12), "is not a date"),
        ("x: list[str] = []", 3, "is not a list"),
        ("x: list[str] = []", [1, 2], "in YAML, put it in quotes"),
        ("x: list[str] = []", "[broken", "is not a list"),
        ("x: Literal['linear', 'last'] = 'last'", "liner", "Did you mean 'linear'"),
        ("x: list[Literal['linear', 'last']] = []", "last,liner", "Did you mean 'linear'"),
        ("x: Literal[1, 2] = 1", True, "is not one of its choices"),
        ("x: str = 'a'", "\udce1", "not UTF-8"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(
    tmp_path: Path, declared: str, given: object, complaint: str
) -> None:
    with pytest.raises(ParameterError, match=complaint) as refused:
        catalogue.check(report(tmp_path, declared + "  # the thing"), {"x": given})
    assert "x=" in str(refused.value)
    assert refused.value.exit_code == 2


def test_an_unknown_parameter_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Did you mean 'lookback'"):
        catalogue.check(report(tmp_path, "lookback: str = '30d'"), {"loockback": "7d"})


def test_what_is_not_given_keeps_its_default() -> None:
    small = catalogue.reports(NOTEBOOKS)["small"]
    checked = catalogue.check(small, {"lookback": "7d"})
    assert checked["lookback"] == "7d"
    assert checked["models"] == ["last", "linear"]
    assert list(checked) == [parameter.name for parameter in small.parameters]


def test_the_cell_that_runs_says_what_was_asked_and_keeps_its_comments() -> None:
    cell = 'kênh: str = "thư"  # kênh = "thư"\nmodels: list[str] = [\n    "a",\n]  # some\nn: int = 1\n'
    values = {"kênh": 'cửa "hàng"\n', "models": ["b", "c"], "n": 1}
    assert catalogue.written_with(cell, values).splitlines() == [
        'kênh: str = "cửa \\"hàng\\"\\n"  # kênh = "thư"',
        'models: list[str] = ["b", "c"]  # some',
        "n: int = 1",
    ]


@pytest.mark.parametrize("text", ['"', "\\", "'''", "a\nb", "\x00\x7f\u2028", "{x}", "ữ 😀", "#", "\t"])
def test_any_text_survives_the_way_into_the_cell(tmp_path: Path, text: str) -> None:
    found: dict[str, object] = {}
    exec(catalogue.written_with("x: str = 'a'  # b", {"x": text}), found)  # noqa: S102
    assert found["x"] == text


def test_dates_and_none_survive_the_way_into_the_cell() -> None:
    found: dict[str, object] = {}
    cell = "from datetime import date\nx: date | None = None\ny: int | None = 3\n"
    exec(catalogue.written_with(cell, {"x": dt.date(2025, 1, 31), "y": None}), found)  # noqa: S102
    assert (found["x"], found["y"]) == (dt.date(2025, 1, 31), None)


def test_a_mistake_is_answered_within_a_second_and_without_heavy_imports() -> None:
    code = (
        "import sys; from pathlib import Path; from journey_lib import catalogue\n"
        f"small = catalogue.reports(Path({str(NOTEBOOKS)!r}))['small']\n"
        "try: catalogue.check(small, {'seed': 'many'})\n"
        "except catalogue.ParameterError:\n"
        "    print(sorted({'pandas', 'papermill', 'nbconvert', 'altair'} & set(sys.modules)))"
    )
    seconds, answer = seconds_of([sys.executable, "-c", code])
    assert answer.stdout.strip() == "[]"
    assert seconds < 1
