"""Stage models: which part of a journey an event belongs to. Five ship as data; a user's own is a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import Field, model_validator

from journey_lib import authored
from journey_lib.authored import Names, Strict
from journey_lib.errors import ConfigError, ParameterError, did_you_mean
from journey_lib.model import RESERVED, Language

FILES = Path(__file__).parent / "data_files"
MODELS = ("5A", "5-step", "classic", "lifecycle", "funnel")


class Rule(Strict):
    """Which events: all that is given has to fit. `after`: the customer has had such an event type before."""

    event_type: Names = ()
    channel: Names = ()
    touchpoint: Names = ()
    after: Names = ()

    @model_validator(mode="after")
    def _says_something(self) -> Rule:
        if not (self.event_type or self.channel or self.touchpoint):
            raise ValueError("a rule names event types, channels or touchpoints")
        return self


class Stage(Strict):
    """One stage: its code, what readers call it, and the rules of which one has to fit."""

    stage: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    label: Mapping[Language, str] = Field(default_factory=dict)
    any: tuple[Rule, ...] = Field(min_length=1)


class Model(Strict):
    """Stages in the order in which a customer is meant to go through them.

    An event that fits several stages belongs to the latest of them; one that fits none has no stage.
    """

    name: str
    stages: tuple[Stage, ...] = Field(min_length=2)

    @property
    def names(self) -> tuple[str, ...]:
        """Codes of the stages, in order."""
        return tuple(stage.stage for stage in self.stages)

    def goal(self, event_types: Collection[str]) -> str:
        """The stage of a customer's first conversion by one of these event types; the last where none is."""
        for stage in self.stages:
            for rule in stage.any:
                if not rule.after and set(rule.event_type) & set(event_types):
                    return stage.stage
        return self.names[-1]

    def up_to(self, stage: str | None, event_types: Collection[str]) -> tuple[str, ...]:
        """The stages from the first to `stage`, or to that of the conversion."""
        wanted = stage or self.goal(event_types)
        if wanted not in self.names:
            raise ParameterError(f"there is no stage '{wanted}'", do=did_you_mean(wanted, self.names))
        return self.names[: max(self.names.index(wanted) + 1, 2)]

    def labels(self, language: Language) -> dict[str, str]:
        """What readers call the stages."""
        return {stage.stage: stage.label.get(language, stage.stage) for stage in self.stages}

    @model_validator(mode="after")
    def _named_once(self) -> Model:
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        taken = sorted(RESERVED.intersection(self.names))
        if twice or taken:
            raise ValueError(
                f"stage: '{(twice or taken)[0]}' {'stands twice' if twice else 'is a name of ours'}"
            )
        return self


def load(stages: str = "5A", folder: Path | None = None) -> Model:
    """The stage model of that name, or the user's own: a YAML file below `folder`, written as ours are.

    Raises
    ------
    ConfigError
        There is no such model or file, or the file says what cannot be.
    """
    if stages in MODELS:
        file = FILES / f"{stages}.yaml"
    elif folder is not None and (folder / stages).is_file():
        file = folder / stages
    else:
        raise ConfigError(
            f"there is no stage model '{stages}'",
            where=None if folder is None else str(folder / stages),
            do=f"{did_you_mean(stages, MODELS)} Or give a file of the workspace, such as maps/stages.yaml.",
        )
    return authored.read(file, Model, what="the stage model", name=file.stem)
