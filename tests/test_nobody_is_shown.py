"""Nobody who refused contact is shown anywhere, and no identifier leaves: every report, export and explorer.

Every second customer of the CRM refuses, and every comment and ticket carries a word that nobody else uses.
So a list, quote or export that forgets to ask shows one of them almost surely; and what the others left must
be found, so that a search that sees nothing fails too.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import ipywidgets as widgets
import openpyxl
import pandas as pd
import pytest
import shops

import journey_lib as jl
from journey_lib import catalogue, demo, i18n, journey_map, map_stills, pages, runner, session, single_view
from journey_lib.identity import normalised
from journey_lib.workspace import Workspace

pytestmark = pytest.mark.slow

CUSTOMERS = 10_000
ASKED: dict[str, dict[str, Any]] = {
    "data_health": {"as_of": "2025-12-31"},
    "single_customer_view": {"example": "typical"},
    "persona_building": {"personas": 4},
}
READABLE = {".html", ".ipynb", ".json", ".csv", ".svg", ".xml", ".mmd", ".yaml", ".txt"}
REFUSED = "Từ chối nhận tin"
FEW = 12  # options of a control: all of them are tried
SETTLED = {"Personas": 4}  # what a control is left at, where its first option finds nobody here


@dataclass(frozen=True)
class Shop:
    """The workspace, and what may be found of whom: words they wrote, and their codes."""

    workspace: Workspace
    words: dict[bool, set[str]]
    codes: dict[bool, set[str]]
    raw: frozenset[str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("work") / "demo"
    shutil.copytree(shops.CONFIG.parent / "maps", folder / "maps")
    shutil.copy(shops.CONFIG, folder)
    demo.generate(folder, customers=CUSTOMERS, seed=11)
    raw = folder / "raw"
    crm = shops.csv(raw, "customers.csv").reset_index(drop=True)
    crm[REFUSED] = ["1" if row % 2 else "0" for row in crm.index]
    crm.to_csv(raw / "customers.csv", index=False)
    refused = {*crm.loc[crm[REFUSED] == "1", "Mã khách hàng"]}
    words: dict[bool, set[str]] = {True: set(), False: set()}
    for name, text, who in (
        ("surveys.csv", "comment", "customer_id"),
        ("tickets.csv", "Nội dung", "Mã khách hàng"),
    ):
        table = shops.csv(raw, name)
        marks = [f"{name[0]}zq{_letters(row)}qz" for row in range(len(table))]
        said = [f"{mark} {was}" if was else "" for mark, was in zip(marks, table[text], strict=True)]
        for mark, was, code in zip(marks, table[text], table[who], strict=True):
            if was:
                words[code in refused].add(mark)
        table.assign(**{text: said}).to_csv(raw / name, index=False)
    opened = jl.open(folder)
    people = jl.customers.load(opened)
    codes = {each: {*people.loc[people["opt_out"] == each, "customer_id"]} for each in (True, False)}
    assert min(map(len, (*words.values(), *codes.values()))) > 100
    return Shop(opened, words, codes, _identifiers(raw, crm))


def _letters(number: int) -> str:
    """A number as letters: what is scrubbed for its digits would not be seen."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}")


def _identifiers(raw: Path, crm: pd.DataFrame) -> frozenset[str]:
    """What the raw files know people by, phones in every spelling that could be kept."""
    seen = pd.read_parquet(raw / "identifiers.parquet")
    found = {*crm["Mã khách hàng"], *crm["Mã thành viên"], *crm["Email"].str.strip()}
    for kind in ("cookie", "device", "user_id", "email", "phone", "member"):
        found |= {str(value).strip() for value in seen[kind].dropna()}
    phones = [*crm["Số điện thoại"], *seen["phone"].dropna()]
    for text in normalised("phone", phones)[0]:
        if text is not None:
            found |= {text, text.removeprefix("+"), "0" + text.removeprefix("+84")}
    return frozenset(word for word in found if len(word) > 6)


def said_in(file: Path) -> str:
    """All that a file says, packed parts and cells of a workbook included."""
    if file.suffix == ".xlsx":
        book = openpyxl.load_workbook(file, read_only=True)
        rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
        return "\n".join(str(cell) for row in rows for cell in row if cell is not None)
    return pages.unpacked(file.read_text("utf-8"))


def judged(shop: Shop, text: str) -> tuple[set[str], set[str]]:
    """What must not be there, and what of those who did not refuse is."""
    there = {*re.findall(r"[\w+][\w.+@-]*", text)} | {*re.findall(r"\w+", text)}
    wrong = there & (shop.words[True] | shop.codes[True] | shop.raw)
    wrong |= {*re.findall(r"[\w.+-]+@example\.(?:com|net|org)", text)}
    return wrong, there & (shop.words[False] | shop.codes[False])


@pytest.fixture(scope="module")
def published(shop: Shop) -> Path:
    reports = shop.workspace.path.parent / "reports"
    asked = [(report, ASKED.get(name, {})) for name, report in catalogue.reports().items()]
    done = runner.run_all(shop.workspace, asked, languages=["vi", "en"], reports_dir=reports)
    assert [outcome.error for outcome in done] == [None] * (2 * len(asked))
    return reports


def test_every_page_and_all_that_is_kept_of_its_run(shop: Shop, published: Path) -> None:
    files = [file for file in published.rglob("*") if file.is_file() and not file.name.startswith(".")]
    assert {file.suffix for file in files} <= READABLE  # of what cannot be read nobody could say anything
    assert {file.stem for file in files} >= {*catalogue.reports()}
    found = {file: judged(shop, said_in(file)) for file in files}
    assert {file.name: wrong for file, (wrong, _) in found.items() if wrong} == {}
    for report in ("single_customer_view", "touchpoint_inventory", "persona_building", "journey_map"):
        for language in ("vi", "en"):
            assert found[published / "demo" / language / f"{report}.html"][1], report


def test_they_are_part_of_every_total(shop: Shop, published: Path) -> None:
    people = jl.customers.load(shop.workspace)
    stages = single_view.life_stages(shop.workspace)
    assert stages.table["customers"].sum() == len(people) == sum(map(len, shop.codes.values()))
    assert stages.facts["opt_out"] == len(shop.codes[True])
    run = json.loads(
        next(published.glob("demo/runs/single_customer_view/*-en-*/run.json")).read_text("utf-8")
    )
    facts = {each["name"]: each["facts"] for each in run["facts"]}
    assert facts["life_stages"]["opt_out"] == len(shop.codes[True])
    assert facts["data"]["customers"] == people["customer"].notna().sum()
    asked = jl.voice.surveys(shop.workspace)
    assert asked["opt_out"].any()
    everybody = jl.voice.scores(asked.assign(opt_out=False))
    pd.testing.assert_frame_equal(jl.voice.scores(asked).table, everybody.table)


def test_comments_that_contradict_their_score(shop: Shop) -> None:
    """The page shows them of shops with more comments than this one."""
    answers = jl.voice.held_out(jl.voice.rated(jl.voice.surveys(shop.workspace)))
    assert answers["opt_out"].any()
    odd = jl.voice.disagreements(answers, sure=0, most=len(answers))
    wrong, there = judged(shop, odd.table.to_csv())
    assert wrong == set()
    assert there
    assert len(there) < odd.facts["disagree"]  # the others count


@dataclass(frozen=True)
class Seen:
    """What a notebook put before its reader, and what its code cells made."""

    said: list[str]
    made: dict[str, Any]


def _alive(report: catalogue.Report, workspace: Workspace, patch: pytest.MonkeyPatch) -> Seen:
    """All that a notebook shows when it is open in JupyterLab, its explorers turned to every choice."""
    said: list[str] = []

    def shown(*objects: Any, **_more: Any) -> None:
        said.extend(_text(each) for each in objects)

    patch.setattr(session, "display", shown)
    patch.setattr(session.theme, "enable", lambda *_, **__: None)
    values = catalogue.check(report, {**ASKED.get(report.name, {}), "language": "en"})
    values["workspace"] = str(workspace.path)
    made: dict[str, Any] = {}
    for cell in json.loads(report.path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source, tags = catalogue.source_of(cell), catalogue.tags(cell)
        if "parameters" in tags:
            source = catalogue.written_with(source, values)
        if "interactive" in tags:
            lines = ast.parse(source)
            last = ast.Expression(lines.body.pop().value)  # type: ignore[attr-defined]
            exec(compile(lines, report.name, "exec"), made)  # noqa: S102 - the repository's own notebook
            made["box"] = eval(compile(last, report.name, "eval"), made)  # noqa: S307 - the same
            said.extend(_turned(made["box"]))
        else:
            exec(source, made)  # noqa: S102 - the same
    return Seen(said, made)


def _text(shown: Any) -> str:
    if isinstance(shown, alt.TopLevelMixin):
        return shown.to_json(validate=False)
    return str(getattr(shown, "data", None) or json.dumps(shown, default=str, ensure_ascii=False))


def _turned(box: widgets.Widget) -> list[str]:
    """Every choice an explorer offers, each of those that are few enough chosen once."""
    offered: list[str] = []
    for control in _controls(box):
        options = getattr(control, "options", None)
        if isinstance(control, widgets.Button) and not control.disabled:
            control.click()
        elif isinstance(control, widgets.Dropdown) and options and len(options) <= FEW:
            values = [each[1] if isinstance(each, tuple) else each for each in reversed(options)]
            settled = SETTLED.get(control.description)
            for value in [*values, settled if settled in values else values[-1]]:
                control.value = value
                offered += _offers(box)
    return offered + _offers(box)


def _offers(box: widgets.Widget) -> list[str]:
    return [str(getattr(control, "options", "")) for control in _controls(box)]


def _controls(box: widgets.Widget) -> Iterator[widgets.Widget]:
    yield box
    for child in getattr(box, "children", ()):
        yield from _controls(child)


@pytest.fixture(scope="module")
def alive(shop: Shop) -> Iterator[dict[str, Seen]]:
    before = i18n.language()
    kept = shop.workspace.path / "maps" / "personas.json"
    with pytest.MonkeyPatch.context() as patch:
        yield {name: _alive(report, shop.workspace, patch) for name, report in catalogue.reports().items()}
    kept.unlink(missing_ok=True)
    i18n.speak(before)


def test_every_notebook_alive_with_its_explorers(shop: Shop, alive: dict[str, Seen]) -> None:
    found = {name: judged(shop, "\n".join(seen.said)) for name, seen in alive.items()}
    assert {name: wrong for name, (wrong, _) in found.items() if wrong} == {}
    explored = {name for name, seen in alive.items() if "box" in seen.made}
    assert explored == {*catalogue.reports()} - {"data_health"}
    for name in ("single_customer_view", "persona_building"):
        assert len(found[name][1] & shop.codes[False]) > 10  # they list customers


def test_asked_for_by_their_code_they_are_not_shown(
    shop: Shop, alive: dict[str, Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(session, "display", lambda shown, **_more: said.append(_text(shown)))
    _stage, who = alive["single_customer_view"].made["box"].children[0].children
    people = jl.customers.load(shop.workspace)
    walked = people[people["opt_out"] & people["customer"].notna()]["customer_id"]
    for code in walked.head(20):
        said.clear()
        who.value = code
        (answer,) = said
        assert "refused contact" in answer


def test_every_export_of_the_map(shop: Shop, alive: dict[str, Seen], tmp_path: Path) -> None:
    whole, names = alive["journey_map"].made["now"], alive["journey_map"].made["run"].names
    (tmp_path / "map.csv").write_text(journey_map.to_csv(whole), "utf-8")
    journey_map.to_excel(whole, tmp_path / "map.xlsx")
    (tmp_path / "map.json").write_text(
        json.dumps(journey_map.plain(whole), default=str, ensure_ascii=False), "utf-8"
    )
    for language in ("vi", "en"):
        (tmp_path / f"{language}.mmd").write_text(journey_map.to_mermaid(whole, language=language), "utf-8")
        (tmp_path / f"{language}.xml").write_text(
            journey_map.to_cjml(whole, language=language, names=names), "utf-8"
        )
        (tmp_path / f"{language}.svg").write_text(
            map_stills.svg(whole, language=language, names=names), "utf-8"
        )
    found = {file.name: judged(shop, said_in(file)) for file in tmp_path.iterdir()}
    assert {name: wrong for name, (wrong, _) in found.items() if wrong} == {}
    for name in ("map.csv", "map.xlsx", "map.json"):
        assert found[name][1] & shop.words[False]  # the lane of what customers say is in it
