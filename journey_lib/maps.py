"""Maps people draw by hand, `maps/*.yaml` in a workspace: how they are read; the journey as planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.model import RESERVED, Language
from journey_lib.workspace import Words, Workspace

MOST_STEPS = 12
MOST_BYTES = 1_000_000  # of a map: more than anybody writes by hand
DEEPEST = 20  # lists and mappings within each other
PLANNED = Path("maps") / "planned.yaml"

Map = TypeVar("Map", bound=BaseModel)


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
    declared, root = read(file)
    return plan(declared, where=str(file), root=root)


def plan(declared: Any, *, where: str = "the plan", root: yaml.Node | None = None) -> Plan:
    """A plan from what a file, or an analyst's own code, declares: a mapping with the keys of the file.

    Raises
    ------
    ConfigError
        It is no mapping, or holds an unknown key or an impossible value.
    """
    return checked(declared, Plan, what="the planned journey", start="steps", where=where, root=root)


def read(file: Path) -> tuple[Any, yaml.Node | None]:
    """What a map's file declares, and its tree of nodes, which knows the line of everything.

    Anchors, aliases and tags are refused: a map says things once, and in plain values. So are files larger
    than a megabyte and those nested deeper than twenty levels.

    Raises
    ------
    ConfigError
        The file is too large, is not YAML, or holds what a map may not.
    """
    if file.stat().st_size > MOST_BYTES:
        raise ConfigError(
            f"{file.name} is too large for a map",
            where=str(file),
            how_many=f"{file.stat().st_size:,} bytes, at most {MOST_BYTES:,}",
            do="keep in it what people write by hand; data belong into raw/",
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
        _refuse_tricks(text, file)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return ({} if root is None else yaml.safe_load(text)), root
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{file.name} cannot be read as YAML", where=f"{file}: {error}") from error


def checked(
    declared: Any, model: type[Map], *, what: str, start: str, where: str, root: yaml.Node | None = None
) -> Map:
    """What a map declares as a `model`, every complaint with its line and field.

    `what` is what readers call the map, `start` the key it begins with.

    Raises
    ------
    ConfigError
        It is no mapping, says a key twice, or holds an unknown key or an impossible value.
    """
    if not isinstance(declared, Mapping):
        raise ConfigError(f"{what} is a mapping", where=where, do=f"start with `{start}:`")
    repeated = _repeated_key(root)
    if repeated:
        raise ConfigError(
            f"the key '{repeated.value}' is said twice",
            where=f"{where}, line {repeated.start_mark.line + 1}",
            do="keep one of them: YAML would silently take the last",
        )
    try:
        return model.model_validate(declared)
    except ValidationError as error:
        raise ConfigError(
            f"{what} says something that cannot be",
            where="\n         ".join(
                f"{where}{line_of(root, problem['loc'])}: {_complaint(problem, model)}"
                for problem in error.errors()
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


def _refuse_tricks(text: str, file: Path) -> None:
    """Only plain values are let in; the parser reads one event after another, however deep they lie."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        tricks = [f"the anchor or alias '{anchor}'"] if anchor else []
        tricks += [f"the tag '{tag}'"] if tag else []
        tricks += [f"more than {DEEPEST} levels within each other"] if depth > DEEPEST else []
        if tricks:
            line = 0 if event.start_mark is None else event.start_mark.line
            raise ConfigError(
                f"{file.name} holds {tricks[0]}",
                where=f"{file}, line {line + 1}",
                do="write plain values: a map needs no anchors, aliases, tags or deep nesting",
            )


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


def _complaint(problem: Any, model: type[BaseModel]) -> str:
    spot = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{spot}: unknown key. {did_you_mean(str(problem['loc'][-1]), _keys(model, problem['loc']))}"
    said = problem["msg"].removeprefix("Value error, ")
    return f"{spot}: {said}" if spot else said


def _keys(model: type[BaseModel], spot: tuple[Any, ...]) -> list[str]:
    """The keys a map knows at the place where an unknown one stands."""
    for part in spot[:-1]:
        field = model.model_fields.get(str(part))
        inner = [] if field is None else _models(field.annotation)
        model = inner[0] if inner else model
    return list(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models within an annotation, such as the `Step` of ``tuple[Step, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]
