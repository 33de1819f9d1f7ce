"""Maps people draw by hand, `maps/*.yaml` in a workspace: here the journey as it was planned."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from journey_lib import authored
from journey_lib.authored import Name, Strict
from journey_lib.errors import ConfigError
from journey_lib.model import RESERVED, Language
from journey_lib.workspace import Words, Workspace

MOST_STEPS = 12
PLANNED = Path("maps") / "planned.yaml"


class Step(Strict):
    """One step of a plan: a contact with any one of `any_of` is the step.

    An `optional` step may be left out; one that is `once` may not have a second contact.
    """

    step: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: Words = Field(default_factory=dict)
    any_of: tuple[Name, ...] = Field(min_length=1)
    optional: bool = False
    repeats: Literal["allowed", "once"] = "allowed"


class Plan(Strict):
    """The journey as it was planned: steps in their order, each with the contacts that are this step.

    `by` says what the contacts are named by; `unplanned` whether contacts that belong to no step make a
    journey deviate. A name stands in one step only: else nobody could say which step a contact was.
    """

    name: Words = Field(default_factory=dict)
    by: Literal["channel", "touchpoint", "event_type", "stage"] = "channel"
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)
    unplanned: Literal["allowed", "counted"] = "counted"

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that belongs to a step, in the order of the steps."""
        return tuple(name for step in self.steps for name in step.any_of)

    def labels(self, language: Language) -> dict[str, str]:
        """What readers of `language` call each step."""
        return {step.step: step.label.get(language, step.step) for step in self.steps}

    @model_validator(mode="after")
    def _once_each(self) -> Plan:
        for what, found in (("step", [step.step for step in self.steps]), ("name", self.names)):
            twice = [word for word, n in Counter(found).items() if n > 1]
            if twice:
                raise ValueError(f"the {what} '{twice[0]}' stands in the plan twice: keep it in one place")
        reserved = sorted(RESERVED & set(self.names))
        if reserved:
            raise ValueError(f"'{reserved[0]}' is what results call no channel: leave it out")
        return self


def planned(workspace: Workspace) -> Plan:
    """The journey a workspace plans, from its `maps/planned.yaml`.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or holds an unknown key or an impossible value; with its line.
    """
    file = workspace.path / PLANNED
    if not file.is_file():
        raise ConfigError(
            "this workspace has no planned journey",
            where=str(file),
            do="write one: docs/planned-journeys.md shows how",
        )
    return authored.read(file, Plan, what="the planned journey")


def plan(declared: Any, *, where: str = "the plan") -> Plan:
    """A plan from what an analyst's own code declares: a mapping with the keys of the file.

    Raises
    ------
    ConfigError
        It is no mapping, or holds an unknown key or an impossible value.
    """
    return authored.checked(declared, Plan, what="the planned journey", where=where)
