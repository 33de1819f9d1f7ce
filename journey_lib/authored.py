"""Files people write by hand: YAML read safely into a checked model, every mistake told with its line.

Such files come by mail from workshops and agencies, so they are data like any other. Anchors and aliases
are refused, for a few lines of them unfold into gigabytes; so are tags, which would build objects, deep
nesting, and a key said twice, of which YAML would silently take the last.
"""

from __future__ import annotations

import typing
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.spelling import tidy_name

LARGEST = 1_000_000  # bytes: more than anybody writes by hand
DEEPEST = 20  # lists and mappings within each other
# libyaml reads ten times as fast as PyYAML alone, and may not be there.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Written = TypeVar("Written", bound=BaseModel)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


# What people write of the data: spelt as the data are, wherever the writer puts the tone marks.
Name = Annotated[str, AfterValidator(tidy_name)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]


class Strict(BaseModel):
    """What people write: unknown keys are refused, and what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(file: Path, kind: type[Written], *, what: str, **given: Any) -> Written:
    """What `file` says, as a `kind`; `what` names it in messages, `given` is what a file may leave out.

    Raises
    ------
    ConfigError
        The file is not YAML, too large, or holds an alias, a repeated or unknown key, or an impossible value.
    """
    declared, root = composed(file, what=what)
    if isinstance(declared, Mapping):
        declared = {**given, **declared}
    return checked(declared, kind, what=what, where=str(file), root=root)


def composed(file: Path, *, what: str) -> tuple[Any, yaml.Node | None]:
    """What a YAML file declares, and its nodes, which know the lines.

    Raises
    ------
    ConfigError
        The file is not YAML, too large, or holds an alias or a repeated key.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{what} cannot be read: {error.strerror}", where=str(file)) from error
    if len(raw) > LARGEST:
        raise ConfigError(
            f"{what} is too large to be written by hand",
            where=str(file),
            how_many=f"{len(raw):,} bytes, at most {LARGEST:,}",
        )
    try:
        text = unicodedata.normalize("NFC", raw.decode("utf-8-sig"))
        _refuse_tricks(text, file)
        root = yaml.compose(text, Loader=LOADER)
        repeated = _repeated_key(root, set())
        declared = yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader, see above
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(f"{what} cannot be read as YAML", where=f"{file}: {error}") from error
    if repeated:
        raise ConfigError(
            f"the key '{repeated[1].value}' is said twice",
            where=f"{file}, line {repeated[1].start_mark.line + 1}",
            do="keep one of them: YAML would silently take the last",
        )
    return ({} if root is None else declared), root


def once_each(text: str) -> Any:
    """What a YAML text of plain values says; a key that stands twice in one mapping is an error.

    Raises
    ------
    yaml.YAMLError
        It is no YAML, or a key stands twice; the error names the line.
    """
    repeated = _repeated_key(yaml.compose(text, Loader=LOADER), set())
    if repeated:
        first, again = repeated
        raise yaml.MarkedYAMLError(
            problem=f"'{again.value}' stands twice, first in line {first.start_mark.line + 1}:"
            " remove one of them",
            problem_mark=again.start_mark,
        )
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader, see above


def checked(
    declared: Any, kind: type[Written], *, what: str, where: str, root: yaml.Node | None = None
) -> Written:
    """What a mapping declares, as a `kind`; `root` is the file's YAML, where there is a file, for its lines.

    Raises
    ------
    ConfigError
        It is no mapping, or holds an unknown key or an impossible value.
    """
    if not isinstance(declared, Mapping):
        needed = [name for name, field in kind.model_fields.items() if field.is_required()]
        raise ConfigError(
            f"{what} is no mapping",
            where=where,
            do=f"start with `{(needed or list(kind.model_fields))[0]}:`",
        )
    try:
        return kind.model_validate(declared)
    except ValidationError as error:
        raise ConfigError(
            f"{what} says something that cannot be",
            where="\n         ".join(
                f"{where}{line_of(root, problem['loc'])}: {_complaint(problem, kind)}"
                for problem in error.errors()
            ),
            how_many=f"{error.error_count()} problem(s)",
        ) from None


def _refuse_tricks(text: str, file: Path) -> None:
    """Only plain values are let in; the parser reads one event after another, however deep they lie."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
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
                do="write plain values: no anchors, aliases, tags or deep nesting are needed",
            )


def _repeated_key(node: yaml.Node | None, looked: set[int]) -> tuple[yaml.Node, yaml.Node] | None:
    """The first key that one mapping holds twice, both times; `looked` are nodes that were seen already.

    Keys are those that are written: what `<<` takes over from another mapping is there to be replaced. A name
    whose tone mark stands in both places is one key.
    """
    if not isinstance(node, yaml.CollectionNode) or id(node) in looked:
        return None
    looked.add(id(node))  # an alias is the same node again, and a few lines of them unfold into billions
    inside = node.value
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            name = tidy_name(key.value)
            if name in seen:
                return seen[name], key
            seen[name] = key
        inside = [value for _, value in node.value]
    return next(filter(None, (_repeated_key(each, looked) for each in inside)), None)


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


def _complaint(problem: Any, kind: type[BaseModel]) -> str:
    spot = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = _around(kind, problem["loc"][:-1]).model_fields
        return f"{spot}: unknown key. {did_you_mean(str(problem['loc'][-1]), known)}"
    said = problem["msg"].removeprefix("Value error, ")
    return f"{spot}: {said}" if spot else said


def _around(kind: type[BaseModel], spot: tuple[Any, ...]) -> type[BaseModel]:
    """The model whose keys stand at `spot`."""
    for part in spot:
        if part in kind.model_fields:
            kind = _model_in(kind.model_fields[part].annotation) or kind
    return kind


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model an annotation speaks of: `tuple[Step, ...]` speaks of Step."""
    within = typing.get_args(annotation)
    if not within:
        return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return next(filter(None, map(_model_in, within)), None)
