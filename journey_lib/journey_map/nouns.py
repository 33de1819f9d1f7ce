"""What a journey map is made of: stages × lanes, in each cell entries, and on each entry its evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.model import Language
from journey_lib.workspace import Words

Kind = Literal["current", "future", "day", "support"]
Level = Literal["measured", "reported", "authored", "assumed"]
Unit = Literal["count", "share", "per_100", "days", "score", "rating", "money"]
Direction = Literal["at_least", "at_most"]
Way = Literal["next", "skip", "back", "repeat"]
Status = Literal["idea", "planned", "doing", "done", "dropped"]

CLOSED: tuple[Status, ...] = ("done", "dropped")  # of which nothing is left to do
LEVELS: tuple[Level, ...] = ("measured", "reported", "authored", "assumed")
# Top to bottom. The lines of a service blueprint lie between the last lane the customer sees and the rest.
LANES = (
    "steps",
    "touchpoints",
    "channels",
    "doing",
    "thinking",
    "feeling",
    "pains",
    "gains",
    "expectations",
    "moments",
    "kpi",
    "time",
    "opportunities",
    "actions",
    "owner",
    "physical",
    "frontstage",
    "backstage",
    "systems",
)
BLUEPRINT = ("physical", "frontstage", "backstage", "systems")
# The line that a blueprint draws above a lane.
LINES = {"frontstage": "interaction", "backstage": "visibility", "systems": "internal"}


@dataclass(frozen=True)
class Measured:
    """Counted in the data: on how many (`base` says of what), and in which result it can be read."""

    n: int
    base: str
    table: str
    level: Literal["measured"] = "measured"


@dataclass(frozen=True)
class Reported:
    """Said by customers: how many answers, and where they were given."""

    n: int
    source: str
    level: Literal["reported"] = "reported"


@dataclass(frozen=True)
class Authored:
    """Written down by people who had reasons: who, when, and until when it may be believed."""

    author: str
    date: dt.date
    review: dt.date | None = None
    level: Literal["authored"] = "authored"


@dataclass(frozen=True)
class Assumed:
    """Believed, and not yet looked into."""

    author: str = ""
    date: dt.date | None = None
    review: dt.date | None = None
    level: Literal["assumed"] = "assumed"


Evidence = Annotated[Measured | Reported | Authored | Assumed, Field(discriminator="level")]


@dataclass(frozen=True)
class Number:
    """A figure with its interval.

    Shares are parts of 1, scores lie from -1 to 1, ratings on the scale of their survey; money is in major
    units of `currency`.
    """

    value: float
    unit: Unit
    low: float | None = None
    high: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class Entry:
    """One thing said in a cell: words, or a code that readers have a name for, or a figure, or all of them.

    `target` is what the figure should be; `owner` a department; `impact` and `effort` are from 1 to 3;
    `status` is how far an opportunity has come, empty for what nobody has decided on.
    """

    evidence: Evidence
    text: Words = field(default_factory=dict)
    name: str = ""
    number: Number | None = None
    target: float | None = None
    direction: Direction = "at_least"
    owner: str = ""
    impact: int | None = None
    effort: int | None = None
    due: dt.date | None = None
    status: Status | Literal[""] = ""

    def said(self, language: Language, names: Mapping[str, str] | None = None) -> str:
        """The words of the entry in a language; in the other one rather than none."""
        return words_in(self.text, language) or (names or {}).get(self.name, self.name)


@dataclass(frozen=True)
class Cell:
    """What a map says in one lane at one stage. Its level is that of its strongest entry."""

    stage: str
    lane: str
    entries: tuple[Entry, ...]

    @property
    def level(self) -> Level:
        """How surely the cell is known: as its strongest entry."""
        return min((entry.evidence.level for entry in self.entries), key=LEVELS.index)

    @property
    def mixed(self) -> bool:
        """Whether beside that entry there are weaker ones."""
        return len({entry.evidence.level for entry in self.entries}) > 1


@dataclass(frozen=True)
class Persona:
    """Whose journey it is."""

    persona: str
    name: Words
    about: Words = field(default_factory=dict)
    goals: tuple[Words, ...] = ()
    quote: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Spot:
    """A stage as a map shows it. `outside`: an activity of the customer's day without the brand."""

    stage: str
    label: Words = field(default_factory=dict)
    outside: bool = False


@dataclass(frozen=True)
class Flow:
    """How often customers go from stage to stage: `share` of the steps out of `source` with a next."""

    source: str
    target: str
    way: Way
    journeys: int
    of: int
    share: float
    low: float
    high: float
    median_days: float | None = None
    p90_days: float | None = None


@dataclass(frozen=True)
class Map:
    """A journey map as data: one grid of `stages` × `lanes`. `settings` say how it was made."""

    name: str
    kind: Kind
    stages: tuple[Spot, ...]
    lanes: tuple[str, ...]
    cells: tuple[Cell, ...] = ()
    title: Words = field(default_factory=dict)
    scenario: Words = field(default_factory=dict)
    personas: tuple[Persona, ...] = ()
    departments: Mapping[str, Words] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    as_of: dt.date | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def at(self, stage: str, lane: str) -> Cell | None:
        """The cell of a stage and a lane; None where the map says nothing."""
        return next((cell for cell in self.cells if (cell.stage, cell.lane) == (stage, lane)), None)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the stages, in order."""
        return tuple(spot.stage for spot in self.stages)

    @property
    def blueprint(self) -> bool:
        """Whether the map goes on behind the scenes."""
        return any(lane in BLUEPRINT for lane in self.lanes)


def words_in(words: Words, language: Language) -> str:
    """Words in a language, or in the one they were written in."""
    return words.get(language) or next((said for said in words.values() if said), "")


def cells_of(entries: Mapping[tuple[str, str], list[Entry]]) -> tuple[Cell, ...]:
    """Cells from entries by stage and lane, those without an entry left out."""
    return tuple(Cell(stage, lane, tuple(said)) for (stage, lane), said in entries.items() if said)


def put(whole: Map, cells: tuple[Cell, ...], *, first: bool = False) -> Map:
    """A map with more said in its cells: after what they say already, or before it.

    Lanes that are new to the map come in, in the order of `LANES`; what is said of stages it does not have
    is left out.
    """
    entries = {(cell.stage, cell.lane): list(cell.entries) for cell in whole.cells}
    for cell in cells:
        if cell.stage in whole.codes:
            there = entries.get((cell.stage, cell.lane), [])
            entries[cell.stage, cell.lane] = [*cell.entries, *there] if first else [*there, *cell.entries]
    found = {lane for _stage, lane in entries} | set(whole.lanes)
    return replace(whole, cells=cells_of(entries), lanes=tuple(lane for lane in LANES if lane in found))


def same_stages(whole: Map, authored: Map) -> None:
    """Refuse what is written of stages that the map does not have: it would silently be lost."""
    unknown = [code for code in authored.codes if code not in whole.codes]
    if unknown:
        raise ParameterError(
            f"the map '{authored.name}' speaks of a stage '{unknown[0]}' that '{whole.name}' does not have",
            do=did_you_mean(unknown[0], whole.codes),
        )


_MAP: TypeAdapter[Map] = TypeAdapter(Map)


def plain(whole: Map) -> dict[str, Any]:
    """A map as plain values that JSON can hold."""
    made: dict[str, Any] = _MAP.dump_python(whole, mode="json")
    return made


def from_plain(said: Any) -> Map:
    """A map from what `plain` made of it; a pydantic `ValidationError` where it is no map."""
    return _MAP.validate_python(said, strict=False)
