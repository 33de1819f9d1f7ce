"""What a file of maps may say, as checked models: maps, their stages, and the notes lane by lane."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from journey_lib.authored import Name
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.journey_map.nouns import Direction, Kind, Status, Unit
from journey_lib.workspace import Words

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
    """An opportunity: whose it is, how far it has come, how much it would change for how much work."""

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

    topic: Name = Field(min_length=1)
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


class Between(_Strict):
    """Numbers from `least` to `most`, both included; none: as far as they go."""

    least: float | None = None
    most: float | None = None


class Who(_Strict):
    """Whose journey it is, as the file says it; `customers`: what the CRM says of all of them, by column."""

    persona: str = Field(pattern=CODE)
    name: Said
    about: Said = Field(default_factory=dict)
    goals: tuple[Said, ...] = ()
    quote: Said = Field(default_factory=dict)
    customers: Mapping[str, tuple[str, ...] | Between] = Field(default_factory=dict)


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
