"""The side of a map that people write: `maps/journey_map.yaml`, read with every mistake's line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from journey_lib import customers, touchpoints
from journey_lib import stages as models
from journey_lib.authored import checked, composed
from journey_lib.journey_map.fitting import fit
from journey_lib.journey_map.nouns import (
    BLUEPRINT,
    LANES,
    Assumed,
    Authored,
    Entry,
    Evidence,
    Map,
    Number,
    Persona,
    Spot,
    cells_of,
)
from journey_lib.journey_map.sheets import WRITTEN, Book, Column, Note, Sheet, Target
from journey_lib.model import Language
from journey_lib.workspace import Workspace

FILE = Path("maps") / "journey_map.yaml"


def load(workspace: Workspace) -> Book | None:
    """What people have written in a workspace's `maps/journey_map.yaml`; None where there is no such file.

    Raises
    ------
    ConfigError
        The file is not YAML, says what cannot be, or names a stage the model does not have, or a touchpoint
        that `maps/touchpoints.yaml` does not, or a column the customers table does not have; every complaint
        with its line and field.
    """
    file = workspace.path / FILE
    if not file.is_file():
        return None
    declared, root = composed(file, what="the journey map")
    whole = book(declared, where=str(file), root=root)
    described = (workspace.path / touchpoints.TOUCHPOINTS).is_file()
    fit(
        whole,
        where=str(file),
        root=root,
        stages=models.load(workspace.stages, workspace.path).names,
        touchpoints=touchpoints.authored(workspace).names if described else None,
        columns=customers.COLUMNS,
    )
    return whole


def read(file: Path) -> Book:
    """A file of maps; ConfigError as `load`."""
    declared, root = composed(file, what="the journey map")
    return book(declared, where=str(file), root=root)


def book(declared: Any, *, where: str = "the map", root: yaml.Node | None = None) -> Book:
    """A file of maps from what it, or an analyst's own code, declares; ConfigError as `load`."""
    whole = checked(declared, Book, what="the journey map", where=where, root=root)
    fit(whole, where=where, root=root)
    return whole


def schema() -> dict[str, Any]:
    """The JSON schema of `maps/journey_map.yaml`, for editors that check and complete while one types."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Book.model_json_schema()}


def drawn(whole: Book, name: str) -> Map:
    """One map of a file as it was written, with the blueprint's lanes and targets that are in it."""
    sheet = whole.sheet(name)
    entries: dict[tuple[str, str], list[Entry]] = {}
    for column in sheet.stages:
        for lane in (*WRITTEN, *BLUEPRINT):
            entries[column.stage, lane] = [
                Entry(_evidence(whole, sheet, note), _words(note)) for note in getattr(column, lane)
            ]
        entries |= {(column.stage, lane): said for lane, said in _decided(whole, sheet, column).items()}
    cells = cells_of(entries)
    found = {cell.lane for cell in cells}
    chosen = [who for who in whole.personas if who.persona in sheet.personas]
    return Map(
        name=sheet.map,
        kind=sheet.kind,
        stages=tuple(Spot(column.stage, column.label, column.outside) for column in sheet.stages),
        lanes=tuple(lane for lane in LANES if lane in found),
        cells=cells,
        title=sheet.title,
        scenario=sheet.scenario,
        personas=tuple(Persona(w.persona, w.name, w.about, w.goals, w.quote) for w in chosen),
        departments=dict(whole.departments),
        settings={"authored": sheet.map},
    )


def _decided(whole: Book, sheet: Sheet, column: Column) -> dict[str, list[Entry]]:
    """The lanes whose entries are more than words: feeling, targets, opportunities, actions, owner."""
    feeling = column.feeling
    return {
        "feeling": []
        if feeling is None
        else [
            Entry(_evidence(whole, sheet, feeling), _words(feeling), number=Number(feeling.score, "score"))
        ],
        "kpi": [
            Entry(
                _evidence(whole, sheet, goal),
                goal.label,
                name=goal.measure,
                number=Number(goal.target, goal.unit) if sheet.kind == "future" else None,
                target=goal.target,
                direction=goal.direction,
            )
            for goal in column.kpi
        ],
        "opportunities": [
            Entry(
                _evidence(whole, sheet, each),
                _words(each),
                owner=each.owner or column.owner,
                impact=each.impact,
                effort=each.effort,
                status=each.status,
            )
            for each in column.opportunities
        ],
        "actions": [
            Entry(_evidence(whole, sheet, each), _words(each), owner=each.owner or column.owner, due=each.due)
            for each in column.actions
        ],
        "owner": [Entry(_evidence(whole, sheet, None), name=column.owner, owner=column.owner)]
        if column.owner
        else [],
    }


def _evidence(whole: Book, sheet: Sheet, note: Note | Target | None) -> Evidence:
    """Who says so, and when: the note itself, else its map, else its file."""
    author = (note and note.author) or sheet.author or whole.author
    date = (note and note.date) or sheet.date or whole.date
    review = (note and note.review) or sheet.review or whole.review
    if isinstance(note, Note) and note.assumed:
        return Assumed(author, date, review)
    return Authored(author, date, review)


def _words(note: Note) -> dict[Language, str]:
    found: dict[Language, str] = {"vi": note.vi.strip(), "en": note.en.strip()}
    return {language: said for language, said in found.items() if said}


__all__ = ["FILE", "Book", "book", "drawn", "load", "read", "schema"]
