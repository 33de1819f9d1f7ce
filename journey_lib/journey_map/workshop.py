"""What a workshop wrote down, a row for every note, as the authored side of a map."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from journey_lib.errors import DataError, did_you_mean
from journey_lib.journey_map.authored import book
from journey_lib.journey_map.exchange import FORMULAS, with_openpyxl
from journey_lib.journey_map.nouns import BLUEPRINT, Kind
from journey_lib.journey_map.sheets import WRITTEN, Book, Column

TAKEN = ("stage", "lane", "vi", "en", "score", "measure", "target", "unit", "direction", "owner", "impact",
         "effort", "due", "status", "author", "date", "review", "assumed",
         # of a map that was written as a table (`to_csv`)
         "map", "name", "value", "low", "high", "evidence", "n", "source")  # fmt: skip
NEEDED = ("stage", "lane")
PLAIN = (*WRITTEN, *BLUEPRINT)
LANES_TAKEN = (*PLAIN, "feeling", "kpi", "opportunities", "actions", "owner")


def from_table(
    file: Path,
    *,
    name: str,
    author: str,
    date: dt.date,
    kind: Kind = "current",
    review: dt.date | None = None,
    departments: Mapping[str, Any] | None = None,
    onto: Book | None = None,
) -> Book:
    """A workshop's table as a map: a CSV (UTF-8) or Excel file with a row for every note.

    Columns stage and lane (`LANES_TAKEN`), vi and en (one of them is enough); where the lane asks for it
    score (feeling), measure, target, unit, direction (kpi), owner, impact, effort, due (opportunities,
    actions, owner); and author, date, review, assumed where a note has its own. Stages come in the order of
    their first row.

    A table that `to_csv` or `to_excel` made is read as well: its `value` is a feeling's score, its `name` a
    measure, rows with the evidence measured or reported are passed over (targets beside them are not), an
    apostrophe before what looks like a formula is taken away. With `onto`, the file that map is from, what a
    table has no column for stays as it is there: title, personas, names of stages and departments, other
    maps, topics. `author`, `date` and `review` are then those of rows that say no author.

    Raises
    ------
    DataError
        A column or lane is unknown, or a cell holds what it cannot; with file, row and column.
    """
    stages: dict[str, dict[str, Any]] = {}
    for row in _rows(file):
        lane = row.said("lane")
        if row.measured and lane != "kpi":
            continue
        if lane not in LANES_TAKEN:
            raise row.wrong("lane", f"there is no lane '{lane}'", did_you_mean(lane, LANES_TAKEN))
        if not row.said("stage"):
            raise row.wrong("stage", "the row names no stage", "write the stage's code")
        column = stages.setdefault(row.said("stage"), {"stage": row.said("stage")})
        if lane == "kpi" and row.measured and row.said("target"):
            _aim(column, row, _goals(onto, name, row.said("stage")))
        elif not row.measured:
            by = {} if onto is None else {"author": author, "date": date, "review": review}
            _take(column, lane, row, {key: each for key, each in by.items() if each is not None})
    if not stages:
        raise DataError("the table holds no rows", where=str(file), do="write a row for every note")
    if onto is not None:
        return _back(onto, name, stages, file)
    used = {str(each["owner"]) for column in stages.values() for each in _owned(column)}
    declared = {
        "author": author,
        "date": date,
        "review": review,
        "departments": {**{code: {"vi": code, "en": code} for code in used}, **dict(departments or {})},
        "maps": [{"map": name, "kind": kind, "stages": list(stages.values())}],
    }
    return book(declared, where=str(file))


class _Row(NamedTuple):
    """A row of the table, the file it is from, and its number there."""

    file: Path
    number: int
    cells: Mapping[str, str]

    def said(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def measured(self) -> bool:
        """Whether data say so, and nobody wrote it."""
        return self.said("evidence") in ("measured", "reported")

    def some(self, *columns: str) -> dict[str, str]:
        """The cells of these columns that are filled in."""
        return {column: self.said(column) for column in columns if self.said(column)}

    def wrong(self, column: str, what: str, do: str) -> DataError:
        return DataError(what, where=f"{self.file}, row {self.number}, column {column}", do=do)

    def number_in(self, column: str) -> float:
        try:
            return float(self.said(column))
        except ValueError:
            how = "write 0.25: a point, and no thousands separator"
            raise self.wrong(column, f"'{self.said(column)}' is no number", how) from None

    def judgement(self, column: str) -> int:
        found = self.number_in(column)
        if found not in (1, 2, 3):
            how = "judge it from 1 (little) to 3 (much)"
            raise self.wrong(column, f"'{self.said(column)}' is not 1, 2 or 3", how)
        return int(found)

    def day(self, column: str) -> dt.date:
        try:
            return dt.date.fromisoformat(self.said(column)[:10])
        except ValueError:
            raise self.wrong(column, f"'{self.said(column)}' is no date", "write 2026-01-31") from None

    def yes(self, column: str) -> bool:
        said = self.said(column).lower()
        if said not in ("true", "yes", "x", "1", "false", "no", "0"):
            raise self.wrong(column, f"'{said}' is neither yes nor no", "write yes or no")
        return said in ("true", "yes", "x", "1")


def _take(column: dict[str, Any], lane: str, row: _Row, by: Mapping[str, Any]) -> None:
    """Put one row into its stage; `by`: who says so where the row does not."""
    own: dict[str, Any] = {key: row.day(key) for key in row.some("date", "review")} | row.some("author")
    own = own if own.get("author") else {**by, **own}
    words = row.some("vi", "en")
    if lane == "owner":
        column["owner"] = row.said("owner") or row.said("name") or row.said("vi") or row.said("en")
        return
    if lane == "kpi":
        _aim(column, row, {}, own)
        return
    if not words:
        raise row.wrong("vi", "the row says nothing", "write it in vi, in en, or in both")
    note: dict[str, Any] = {**words, **own, **{key: row.yes(key) for key in row.some("assumed")}}
    if row.said("evidence") == "assumed":
        note["assumed"] = True
    if lane == "feeling":
        _feel(column, note, row)
        return
    if lane in ("opportunities", "actions"):
        note |= row.some("owner")
        judged = row.some("impact", "effort") if lane == "opportunities" else {}
        note |= {key: row.judgement(key) for key in judged}
        note |= row.some("status") if lane == "opportunities" else {}
        note |= {key: row.day(key) for key in (row.some("due") if lane == "actions" else {})}
    column.setdefault(lane, []).append(note)


def _aim(
    column: dict[str, Any],
    row: _Row,
    before: Mapping[str, Mapping[str, Any]],
    own: Mapping[str, Any] | None = None,
) -> None:
    """A target; beside a figure that was measured, what else was written of it before stays."""
    measure = row.said("measure") or row.said("name")
    kept = dict(before.get(measure, {}))
    goal = {**kept, **(own or {}), **row.some("unit", "direction"), "measure": measure}
    words = row.some("vi", "en")
    goal |= {"target": row.number_in("target"), **({"label": words} if words else {})}
    column.setdefault("kpi", []).append(goal)


def _goals(onto: Book | None, name: str, stage: str) -> dict[str, dict[str, Any]]:
    """The targets a file has set at a stage, by their measure."""
    columns = () if onto is None or name not in onto.names else onto.sheet(name).stages
    return {
        goal.measure: goal.model_dump(exclude_defaults=True)
        for column in columns
        if column.stage == stage
        for goal in column.kpi
    }


def _back(onto: Book, name: str, found: Mapping[str, dict[str, Any]], file: Path) -> Book:
    """A file of maps with what is written on one of them as the table has it."""
    before = onto.sheet(name)
    shown = {column.stage: column for column in before.stages}
    order = [*shown, *(code for code in found if code not in shown)]
    stages = []
    for code in order:
        kept = _kept(shown[code]) if code in shown else {}
        said = found.get(code, {"stage": code})
        units = {goal.measure: goal.unit for goal in (shown[code].kpi if code in shown else ())}
        goals = [{"unit": units.get(goal["measure"], "share"), **goal} for goal in said.get("kpi", [])]
        stages.append({**kept, **said, **({"kpi": goals} if goals else {})})
    declared = onto.model_dump(exclude_defaults=True)
    for sheet in declared["maps"]:
        if sheet["map"] == name:
            sheet["stages"] = stages
    return book(declared, where=str(file))


def _kept(column: Column) -> dict[str, Any]:
    """What of a stage a table has no column for."""
    return column.model_dump(include={"stage", "label", "outside", "topics"}, exclude_defaults=True)


def _feel(column: dict[str, Any], note: dict[str, Any], row: _Row) -> None:
    if "feeling" in column:
        raise row.wrong("lane", "the stage has a feeling already", "keep one of them")
    field = "score" if row.said("score") or not row.said("value") else "value"
    score = row.number_in(field)
    if not -1 <= score <= 1:
        raise row.wrong(field, f"{score:g} lies outside -1 to 1", "bring it to that scale")
    column["feeling"] = {**note, "score": score}


def _rows(file: Path) -> list[_Row]:
    """The rows of a table with the number each has in a spreadsheet; empty ones left out."""
    if not file.is_file():
        raise DataError("there is no such file", where=str(file), do="give the file the workshop wrote")
    heads, lines = _read_excel(file) if file.suffix.lower() in (".xlsx", ".xlsm") else _read_csv(file)
    for head in heads:
        if head not in TAKEN:
            raise DataError(
                f"there is no column '{head}'", where=f"{file}, row 1", do=did_you_mean(head, TAKEN)
            )
    missing = [head for head in NEEDED if head not in heads]
    if missing:
        do = "write it in the first row"
        raise DataError(f"the column '{missing[0]}' is missing", where=f"{file}, row 1", do=do)
    found = []
    for number, line in enumerate(lines, start=2):
        if len(line) > len(heads):
            where = f"{file}, row {number}"
            raise DataError("the row has more cells than the head", where=where, do="quote cells with commas")
        cells = {head: _text(str(cell).strip()) for head, cell in zip(heads, line, strict=False)}
        if any(cells.values()):
            found.append(_Row(file, number, cells))
    return found


def _text(said: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from running it."""
    return said[1:] if said.startswith("'") and said.lstrip("'").startswith(FORMULAS) else said


def _read_excel(file: Path) -> tuple[list[str], list[list[Any]]]:
    with_openpyxl()
    frame = pd.read_excel(file, dtype=str, keep_default_na=False, engine="openpyxl")
    return [str(head).strip() for head in frame.columns], frame.to_numpy().tolist()


def _read_csv(file: Path) -> tuple[list[str], list[list[str]]]:
    try:
        told = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    except UnicodeDecodeError as error:
        raise DataError(
            "the table is not UTF-8", where=f"{file}: byte {error.start}", do="save it as “CSV UTF-8”"
        ) from error
    return ([head.strip() for head in told[0]], told[1:]) if told else ([], [])


def _owned(column: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whatever in a stage has an owner."""
    notes = [note for lane in ("opportunities", "actions") for note in column.get(lane, [])]
    return [each for each in (dict(column), *notes) if each.get("owner")]
