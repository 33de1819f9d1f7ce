"""Maps people draw by hand, `maps/*.yaml` in a workspace: here the journey as it was planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.model import RESERVED, Language
from journey_lib.workspace import Words, Workspace

MOST_STEPS = 12
PLANNED = Path("maps") / "planned.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One step of a plan: a contact with any one of `any_of` is the step.

    An `optional` step may be left out; one that is `once` may not have a second contact.
    """

    step: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: Words = Field(default_factory=dict)
    any_of: tuple[str, ...] = Field(min_length=1)
    optional: bool = False
    repeats: Literal["allowed", "once"] = "allowed"


class Plan(_Strict):
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
    declared, root = composed(file)
    return plan(declared, where=str(file), root=root)


def composed(file: Path) -> tuple[Any, yaml.Node | None]:
    """What a YAML file declares, and its nodes, which know the lines.

    Raises
    ------
    ConfigError
        It is no YAML, or says a key twice, of which YAML would silently take the last.
    """
    try:
        text = file.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        declared = {} if root is None else yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.name} cannot be read as YAML", where=f"{file}: {error}") from error
    repeated = _repeated_key(root)
    if repeated:
        raise ConfigError(
            f"the key '{repeated.value}' is said twice",
            where=f"{file}, line {repeated.start_mark.line + 1}",
            do="keep one of them: YAML would silently take the last",
        )
    return declared, root


def plan(declared: Any, *, where: str = "the plan", root: yaml.Node | None = None) -> Plan:
    """A plan from what a file, or an analyst's own code, declares: a mapping with the keys of the file.

    Raises
    ------
    ConfigError
        It is no mapping, or holds an unknown key or an impossible value.
    """
    if not isinstance(declared, Mapping):
        raise ConfigError("a plan is a mapping", where=where, do="start with `steps:`")
    try:
        return Plan.model_validate(declared)
    except ValidationError as error:
        raise ConfigError(
            "the planned journey says something that cannot be",
            where="\n         ".join(
                f"{where}{line_of(root, problem['loc'])}: {_complaint(problem)}" for problem in error.errors()
            ),
            how_many=f"{error.error_count()} problem(s)",
        ) from None


def line_of(root: yaml.Node | None, spot: tuple[Any, ...]) -> str:
    """The line a problem stands in, or that of the nearest thing around it."""
    if root is None:
        return ""
    node, line = root, root.start_mark.line
    for part in spot:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            pairs = [(node.value[part], node.value[part])]
        else:
            break
        if not pairs:
            break
        line, node = pairs[0][0].start_mark.line, pairs[0][1]
    return f", line {line + 1}"


def _repeated_key(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """The first key that one mapping holds twice."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                return key
            seen.add(str(key.value))
            if found := _repeated_key(value):
                return found
    elif isinstance(node, yaml.SequenceNode):
        return next(filter(None, map(_repeated_key, node.value)), None)
    return None


def _complaint(problem: Any) -> str:
    spot = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = Step.model_fields if problem["loc"][0] == "steps" else Plan.model_fields
        return f"{spot}: unknown key. {did_you_mean(str(problem['loc'][-1]), known)}"
    said = problem["msg"].removeprefix("Value error, ")
    return f"{spot}: {said}" if spot else said
