"""The side of a map that people write: `maps/journey_map.yaml`, read with every mistake's line and field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from journey_lib import stages as models
from journey_lib import touchpoints
from journey_lib.authored import checked, composed
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.journey_map.fitting import fit
from journey_lib.journey_map.nouns import (
    BLUEPRINT,
    LANES,
    Assumed,
    Authored,
    Direction,
    Entry,
    Evidence,
    Kind,
    Map,
    Number,
    Persona,
    Spot,
    Status,
    Unit,
    cells_of,
)
from journey_lib.model import Language
from journey_lib.workspace import Words, Workspace

FILE = Path("maps") / "journey_map.yaml"
WRITTEN = (
    "steps",
    "touchpoints",
    "channels",
    "doing",
    "thinking",
    "pains",
    "gains",
    "expectations",
    "moments",
)
CODE = r"^[a-z0-9][a-z0-9_-]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _in_words(value: Any) -> Any:
    """A bare text is the same text in both languages."""
    return {"vi": value, "en": value} if isinstance(value, str) else value


Said = Annotated[Words, BeforeValidator(_in_words, json_schema_input_type=str | Words)]


class Note(_Strict):
    """Something written: in Vietnamese, English or both; who wrote it when, if not who wrote the map."""

    vi: str = ""
    en: str = ""
    author: str = ""
    date: dt.date | None = None
    review: dt.date | None = None
    assumed: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Note:
        if not (self.vi.strip() or self.en.strip()):
            raise ValueError("nothing is said: write vi: or en:")
        return self


Notes = tuple[Annotated[Note, BeforeValidator(_in_words, json_schema_input_type=str | Note)], ...]


class Chance(Note):
    """An opportunity: whose it is, how far it has come, how much it would change for how much work (1 to 3)."""

    owner: str = ""
    impact: int | None = Field(default=None, ge=1, le=3)
    effort: int | None = Field(default=None, ge=1, le=3)
    status: Status = "idea"


class Action(Note):
    """A step towards the future journey: whose, and until when."""

    owner: str = ""
    due: dt.date | None = None


class Feeling(Note):
    """How customers feel, from -1 (as bad as can be) to 1."""

    score: float = Field(ge=-1, le=1)


class Target(_Strict):
    """What a measure of the stage should be: at least, or at most, `target`."""

    measure: str = Field(pattern=CODE)
    target: float
    unit: Unit = "share"
    direction: Direction = "at_least"
    label: Said = Field(default_factory=dict)
    author: str = ""
    date: dt.date | None = None
    review: dt.date | None = None


class Topic(_Strict):
    """A topic of the help desk that belongs to a stage, wherever it was raised: what hurt, and at what.

    `topic` is written as the help desk writes it; `touchpoint` is one of `maps/touchpoints.yaml`.
    """

    topic: str = Field(min_length=1)
    vi: str = ""
    en: str = ""
    touchpoint: str = ""

    @property
    def words(self) -> Words:
        """What readers call it: in a language that is not written, as the help desk does."""
        return {"vi": self.vi or self.topic, "en": self.en or self.topic}


class Column(_Strict):
    """One stage of a map, and what is said of it lane by lane."""

    stage: str = Field(pattern=CODE)
    label: Said = Field(default_factory=dict)
    outside: bool = False
    steps: Notes = ()
    touchpoints: Notes = ()
    channels: Notes = ()
    doing: Notes = ()
    thinking: Notes = ()
    feeling: Feeling | None = None
    pains: Notes = ()
    gains: Notes = ()
    expectations: Notes = ()
    moments: Notes = ()
    kpi: tuple[Target, ...] = ()
    topics: tuple[Topic, ...] = ()
    opportunities: tuple[Chance, ...] = ()
    actions: tuple[Action, ...] = ()
    owner: str = ""
    physical: Notes = ()
    frontstage: Notes = ()
    backstage: Notes = ()
    systems: Notes = ()


class Sheet(_Strict):
    """One map of a file, of one of the four kinds; the lanes of a service blueprint may be in any of them."""

    map: str = Field(pattern=CODE)
    kind: Kind = "current"
    title: Said = Field(default_factory=dict)
    personas: tuple[str, ...] = ()
    scenario: Said = Field(default_factory=dict)
    author: str = ""
    date: dt.date | None = None
    review: dt.date | None = None
    stages: tuple[Column, ...] = Field(min_length=1, max_length=12)

    @property
    def topics(self) -> dict[str, tuple[str, Topic]]:
        """The topics of the help desk that have a place: the stage of each, and what is said of it."""
        return {each.topic: (column.stage, each) for column in self.stages for each in column.topics}


class Who(_Strict):
    """Whose journey it is, as the file says it."""

    persona: str = Field(pattern=CODE)
    name: Said
    about: Said = Field(default_factory=dict)
    goals: tuple[Said, ...] = ()
    quote: Said = Field(default_factory=dict)


class Book(_Strict):
    """A file of maps. `author`, `date` and `review` hold for whatever says nothing else."""

    author: str = Field(min_length=1)
    date: dt.date
    review: dt.date | None = None
    departments: Mapping[str, Said] = Field(default_factory=dict)
    personas: tuple[Who, ...] = ()
    maps: tuple[Sheet, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the maps in the file."""
        return tuple(sheet.map for sheet in self.maps)

    def sheet(self, name: str) -> Sheet:
        """The map of that name; ParameterError with the nearest where there is none."""
        if name not in self.names:
            raise ParameterError(f"there is no map '{name}'", do=did_you_mean(name, self.names))
        return next(sheet for sheet in self.maps if sheet.map == name)

    def of_kind(self, kind: Kind) -> tuple[str, ...]:
        """Names of the maps of a kind."""
        return tuple(sheet.map for sheet in self.maps if sheet.kind == kind)


def load(workspace: Workspace) -> Book | None:
    """What people have written in a workspace's `maps/journey_map.yaml`; None where there is no such file.

    Raises
    ------
    ConfigError
        The file is not YAML, says what cannot be, or names a stage the model does not have, or a touchpoint
        that `maps/touchpoints.yaml` does not; every complaint with its line and field.
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
