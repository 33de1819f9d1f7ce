"""Maps for other programs, and workshops' tables for ours: CSV, Excel, Mermaid, CJML."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.journey_map.answers import to_frame
from journey_lib.journey_map.authored import WRITTEN, Book, book
from journey_lib.journey_map.nouns import BLUEPRINT, Map, words_in
from journey_lib.model import Language

TAKEN = ("stage", "lane", "vi", "en", "score", "measure", "target", "unit", "direction", "owner", "impact",
         "effort", "due", "author", "date", "review", "assumed")  # fmt: skip
NEEDED = ("stage", "lane")
PLAIN = (*WRITTEN, *BLUEPRINT)
LANES_TAKEN = (*PLAIN, "feeling", "kpi", "opportunities", "actions", "owner")
# What a spreadsheet would run, not show.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(whole: Map) -> str:
    """The map as a table for a spreadsheet, columns as `to_frame`; no text in it begins like a formula."""
    return str(_harmless(to_frame(whole)).to_csv(index=False, lineterminator="\n"))


def to_excel(whole: Map, file: Path) -> None:
    """The same as a workbook of one sheet; ParameterError where openpyxl is not installed."""
    _openpyxl()
    with pd.ExcelWriter(file, engine="openpyxl") as book_of:
        frame = _harmless(to_frame(whole))
        frame.to_excel(book_of, sheet_name="journey_map", index=False)
        for row in book_of.sheets["journey_map"].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"


def to_mermaid(whole: Map, *, language: Language) -> str:
    """The steps of a map as a Mermaid `journey`: a section a stage, a task a step, the feeling from 1 to 5.

    A stage without a feeling gets 3, and says so in a comment. Mermaid knows no colons and no line breaks in
    names; they become commas and spaces.
    """
    actors = ", ".join(_mermaid(words_in(who.name, language)) for who in whole.personas) or "customer"
    lines = ["journey", f"    title {_mermaid(words_in(whole.title, language) or whole.name)}"]
    for spot in whole.stages:
        felt = _score(whole, spot.stage)
        lines.append(f"    section {_mermaid(words_in(spot.label, language) or spot.stage)}")
        if felt is None:
            lines.append("    %% no feeling is known here: 3 stands for that")
        score = 3 if felt is None else round(3 + 2 * felt)
        steps = _steps(whole, spot.stage, language) or [words_in(spot.label, language) or spot.stage]
        lines += [f"      {_mermaid(step)}: {score}: {actors}" for step in steps]
    return "\n".join(lines) + "\n"


def to_cjml(whole: Map, *, language: Language) -> str:
    """The steps of a map in the Customer Journey Modeling Language (CJML 2.0), as XML.

    An actual journey for maps of kind ``current`` and ``support``, a planned one for the others. Steps become
    actions of the customer, touchpoints communication points between customer and firm, in the order of the
    stages; what else a map knows has no place in the language and is left out, feelings too, which belong to
    one person's journey there. The elements of an actual journey, its actors and its communication points are
    those of the example that the language's authors publish; actions and planned journeys are written by
    analogy, and nothing was checked against a schema.
    """
    way = "actual" if whole.kind in ("current", "support") else "planned"
    root = ElementTree.Element("CJML", {"version": "2.0"})
    journey = ElementTree.SubElement(root, f"{way}Journey")
    _element(journey, "journeyID", whole.name)
    actors = ElementTree.SubElement(journey, "actors")
    who = whole.personas[0] if whole.personas else None
    customer = "customer" if who is None else who.persona
    name = "customer" if who is None else words_in(who.name, language)
    _element(ElementTree.SubElement(actors, "endUser", {"actorID": customer}), "actorName", name)
    _element(ElementTree.SubElement(actors, "serviceProvider", {"actorID": "firm"}), "companyName", "firm")
    points = ElementTree.SubElement(journey, "touchpoints")
    number = 0
    for spot in whole.stages:
        for step in _steps(whole, spot.stage, language):
            number += 1
            action = ElementTree.SubElement(points, f"{way}Action")
            _element(action, "touchpointID", f"TP{number}")
            _end(action, "initiator", customer, step)
        for channel in _names(whole, spot.stage, language):
            number += 1
            point = ElementTree.SubElement(points, f"{way}CommunicationPoint")
            _element(point, "touchpointID", f"TP{number}")
            label = words_in(spot.label, language) or spot.stage
            _end(point, "initiator", customer, label)
            _end(point, "receiver", "firm", label)
            _element(ElementTree.SubElement(point, "channel"), "channelName", channel)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def from_table(
    file: Path,
    *,
    name: str,
    author: str,
    date: dt.date,
    kind: str = "current",
    review: dt.date | None = None,
    departments: Mapping[str, Any] | None = None,
) -> Book:
    """A workshop's table as a map: a CSV (UTF-8) or Excel file with a row for every note.

    Columns stage and lane (`LANES_TAKEN`), vi and en (one of them is enough); where the lane asks for it score
    (feeling), measure, target, unit, direction (kpi), owner, impact, effort, due (opportunities, actions,
    owner); and author, date, review, assumed where a note has its own. Stages come in the order of their first
    row.

    Raises
    ------
    DataError
        A column or lane is unknown, or a cell holds what it cannot; with file, row and column.
    """
    rows = _rows(file)
    stages: dict[str, dict[str, Any]] = {}
    for number, row in rows:
        lane = row.get("lane", "")
        if lane not in LANES_TAKEN:
            raise _wrong(file, number, "lane", f"there is no lane '{lane}'", did_you_mean(lane, LANES_TAKEN))
        if not row.get("stage"):
            raise _wrong(file, number, "stage", "the row names no stage", "write the stage's code")
        column = stages.setdefault(row["stage"], {"stage": row["stage"]})
        _take(column, lane, row, file, number)
    if not stages:
        raise DataError("the table holds no rows", where=str(file), do="write a row for every note")
    used = {str(each["owner"]) for column in stages.values() for each in _owned(column)}
    declared = {
        "author": author,
        "date": date,
        "review": review,
        "departments": {**{code: {"vi": code, "en": code} for code in used}, **dict(departments or {})},
        "maps": [{"map": name, "kind": kind, "stages": list(stages.values())}],
    }
    return book(declared, where=str(file))


def _take(column: dict[str, Any], lane: str, row: dict[str, str], file: Path, number: int) -> None:
    """Put one row into its stage."""
    words = {key: row[key] for key in ("vi", "en") if row.get(key)}
    own = {key: _date(row, key, file, number) for key in ("date", "review") if row.get(key)}
    own |= {"author": row["author"]} if row.get("author") else {}
    if lane == "owner":
        column["owner"] = row.get("owner") or row.get("vi") or row.get("en") or ""
        return
    if lane == "kpi":
        asked = {key: row[key] for key in ("measure", "unit", "direction") if row.get(key)}
        goal = {
            **asked,
            "target": _number(row, "target", file, number),
            **({"label": words} if words else {}),
        }
        column.setdefault("kpi", []).append({**goal, **own})
        return
    if not words:
        raise _wrong(file, number, "vi", "the row says nothing", "write it in vi, in en, or in both")
    note: dict[str, Any] = {**words, **own}
    if row.get("assumed"):
        if row["assumed"].lower() not in ("true", "yes", "x", "1", "false", "no", "0"):
            raise _wrong(
                file, number, "assumed", f"'{row['assumed']}' is neither yes nor no", "write yes or no"
            )
        note["assumed"] = row["assumed"].lower() in ("true", "yes", "x", "1")
    if lane == "feeling":
        if "feeling" in column:
            raise _wrong(file, number, "lane", "the stage has a feeling already", "keep one of them")
        score = _number(row, "score", file, number)
        if not -1 <= score <= 1:
            raise _wrong(file, number, "score", f"{score:g} lies outside -1 to 1", "bring it to that scale")
        column["feeling"] = {**note, "score": score}
        return
    if lane in ("opportunities", "actions"):
        note |= {"owner": row["owner"]} if row.get("owner") else {}
        if lane == "opportunities":
            note |= {key: _whole(row, key, file, number) for key in ("impact", "effort") if row.get(key)}
        elif row.get("due"):
            note["due"] = _date(row, "due", file, number)
    column.setdefault(lane, []).append(note)


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a table with the number each has in a spreadsheet; empty ones left out."""
    if not file.is_file():
        raise DataError("there is no such file", where=str(file), do="give the file the workshop wrote")
    if file.suffix.lower() in (".xlsx", ".xlsm"):
        _openpyxl()
        frame = pd.read_excel(file, dtype=str, keep_default_na=False, engine="openpyxl")
        heads, lines = [str(head) for head in frame.columns], frame.to_numpy().tolist()
    else:
        try:
            told = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
        except UnicodeDecodeError as error:
            raise DataError(
                "the table is not UTF-8", where=f"{file}: byte {error.start}", do="save it as “CSV UTF-8”"
            ) from error
        heads, lines = (told[0], told[1:]) if told else ([], [])
    heads = [head.strip() for head in heads]
    for head in heads:
        if head not in TAKEN:
            raise DataError(
                f"there is no column '{head}'", where=f"{file}, row 1", do=did_you_mean(head, TAKEN)
            )
    for head in NEEDED:
        if head not in heads:
            raise DataError(
                f"the column '{head}' is missing", where=f"{file}, row 1", do="write it in the first row"
            )
    found = []
    for number, line in enumerate(lines, start=2):
        if len(line) > len(heads):
            raise DataError(
                "the row has more cells than the head", where=f"{file}, row {number}", do="quote commas"
            )
        row = {head: str(cell).strip() for head, cell in zip(heads, line, strict=False)}
        if any(row.values()):
            found.append((number, row))
    return found


def _number(row: Mapping[str, str], key: str, file: Path, number: int) -> float:
    said = row.get(key, "")
    try:
        return float(said)
    except ValueError:
        raise _wrong(
            file, number, key, f"'{said}' is no number", "write 0.25: a point, and no thousands separator"
        ) from None


def _whole(row: Mapping[str, str], key: str, file: Path, number: int) -> int:
    found = _number(row, key, file, number)
    if found not in (1, 2, 3):
        raise _wrong(
            file, number, key, f"'{row[key]}' is not 1, 2 or 3", "judge it from 1 (little) to 3 (much)"
        )
    return int(found)


def _date(row: Mapping[str, str], key: str, file: Path, number: int) -> dt.date:
    try:
        return dt.date.fromisoformat(row[key][:10])
    except ValueError:
        raise _wrong(file, number, key, f"'{row[key]}' is no date", "write 2026-01-31") from None


def _wrong(file: Path, number: int, column: str, what: str, do: str) -> DataError:
    return DataError(what, where=f"{file}, row {number}, column {column}", do=do)


def _owned(column: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whatever in a stage has an owner."""
    notes = [note for lane in ("opportunities", "actions") for note in column.get(lane, [])]
    return [each for each in (dict(column), *notes) if each.get("owner")]


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet would run."""
    texts = frame.select_dtypes(exclude="number").columns
    return frame.assign(
        **{
            column: [f"'{v}" if isinstance(v, str) and v.startswith(_FORMULAS) else v for v in frame[column]]
            for column in texts
        }
    )


def _openpyxl() -> None:
    try:
        import openpyxl  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            "Excel workbooks need openpyxl", do="pip install 'journey-workbench[excel]', or use CSV"
        ) from error


def _mermaid(said: str) -> str:
    return " ".join(said.replace(":", ",").replace(";", ",").replace("#", "").split())


def _element(parent: ElementTree.Element, tag: str, said: str) -> None:
    # XML has no place for control characters, escaped or not.
    ElementTree.SubElement(parent, tag).text = "".join(c for c in said if c >= " " or c in "\t\n")


def _end(parent: ElementTree.Element, role: str, actor: str, label: str) -> None:
    """Who begins or receives a touchpoint, and what it is to them."""
    end = ElementTree.SubElement(parent, role)
    ElementTree.SubElement(end, "refersTo", {"actorIDref": actor})
    _element(end, f"{role}Label", label)


def _score(whole: Map, stage: str) -> float | None:
    cell = whole.at(stage, "feeling")
    said = [e.number.value for e in (() if cell is None else cell.entries) if e.number and not e.name]
    return said[0] if said else None


def _steps(whole: Map, stage: str, language: Language) -> list[str]:
    cell = whole.at(stage, "steps") or whole.at(stage, "doing")
    return [entry.said(language) for entry in (() if cell is None else cell.entries)]


def _names(whole: Map, stage: str, language: Language) -> list[str]:
    cell = whole.at(stage, "touchpoints")
    return [entry.said(language) for entry in (() if cell is None else cell.entries)]
