"""What people say of the touchpoints, `maps/touchpoints.yaml`: owners, roles, goals, targets, systems."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from journey_lib import stages
from journey_lib.authored import Name, checked, composed, line_of
from journey_lib.errors import ConfigError, DataError, did_you_mean
from journey_lib.model import RESERVED, Language
from journey_lib.workspace import Words, Workspace

TOUCHPOINTS = Path("maps") / "touchpoints.yaml"
OPPORTUNITIES = Path("maps") / "opportunities.yaml"
CODE = r"^[a-z0-9][a-z0-9_]*$"
# Columns of the inventory that a target can be set for.
MEASURES = (
    "touches",
    "customers",
    "journeys",
    "reach",
    "conversion_rate",
    "drop_off",
    "median_days_next",
    "share_new",
    "removal_effect",
    "cost_per_touch",
)

Role = Literal["responsible", "consulted", "informed"]
Effort = Literal["low", "medium", "high"]
Status = Literal["idea", "planned", "doing", "done", "dropped"]


def _listed(value: Any) -> Any:
    return [] if value is None else value if isinstance(value, list | tuple) else [value]


Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(_Strict):
    """What a touchpoint is measured by: a column of the inventory, the value aimed at, and what is good."""

    measure: str
    target: float
    direction: Literal["at_least", "at_most"] = "at_least"

    @model_validator(mode="after")
    def _known(self) -> Target:
        if self.measure not in MEASURES:
            raise ValueError(
                f"the inventory has no measure '{self.measure}'. {did_you_mean(self.measure, MEASURES)}"
            )
        return self


class Touchpoint(_Strict):
    """One touchpoint as people know it.

    `owner` is the department that answers for it (the A of RACI); `roles` says what the others are. Nobody
    or two of them may stand there: the check of completeness says so. `seen_as` are the touchpoint codes of
    the data that belong to it, ``*`` standing for any letters; its own code unless said; an empty list: no
    data record it. `tickets` are the channels of the help desk whose tickets are about it.
    """

    touchpoint: str = Field(pattern=CODE)
    label: Words = Field(default_factory=dict)
    channels: Names = ()
    stage: str | None = None
    place: Literal["online", "offline"]
    owner: Names = ()
    roles: Mapping[Name, Role] = Field(default_factory=dict)
    goal: Words = Field(default_factory=dict)
    kpi: Target | None = None
    systems: Names = ()
    evidence: Words = Field(default_factory=dict)
    seen_as: Names | None = None
    tickets: Names = ()
    author: str | None = None
    date: dt.date | None = None
    review: dt.date | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes and patterns by which the data know it."""
        return (self.touchpoint,) if self.seen_as is None else self.seen_as

    @model_validator(mode="after")
    def _one_role_each(self) -> Touchpoint:
        both = sorted(set(self.owner) & set(self.roles))
        if both:
            raise ValueError(f"'{both[0]}' owns '{self.touchpoint}' and has a role in it too: keep one")
        return self


class Authored(_Strict):
    """The touchpoints of a workspace as people describe them, and the departments and systems they speak of.

    `systems` says what readers call them; one that is not there goes by its code. `codes` says the same of
    the codes of the data, for pages that keep them apart. `author`, `date` and `review` hold for every
    touchpoint that says nothing else.
    """

    departments: Mapping[Name, Words] = Field(min_length=1)
    systems: Mapping[Name, Words] = Field(default_factory=dict)
    codes: Mapping[Name, Words] = Field(default_factory=dict)
    touchpoints: tuple[Touchpoint, ...] = Field(min_length=1)
    author: str | None = None
    date: dt.date | None = None
    review: dt.date | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Codes of the touchpoints, in the order of the file."""
        return tuple(each.touchpoint for each in self.touchpoints)

    @model_validator(mode="after")
    def _once_each(self) -> Authored:
        exact = [code for each in self.touchpoints for code in each.codes if "*" not in code]
        tickets = [channel for each in self.touchpoints for channel in each.tickets]
        told = (("touchpoint", self.names), ("code under seen_as", exact), ("channel under tickets", tickets))
        for what, found in told:
            twice = [word for word, n in Counter(found).items() if n > 1]
            if twice:
                raise ValueError(f"the {what} '{twice[0]}' stands there twice: keep it in one place")
        reserved = sorted(RESERVED & set(self.names))
        if reserved:
            raise ValueError(f"'{reserved[0]}' is what results call no touchpoint: choose another name")
        return self


class Opportunity(_Strict):
    """Something to be done at a touchpoint: by whom, with what effort, and how far it has come.

    Without an `owner` it is the touchpoint's owner who does it.
    """

    opportunity: str = Field(pattern=CODE)
    touchpoint: str
    title: Words
    owner: Name | None = None
    effort: Effort
    status: Status = "idea"
    due: dt.date | None = None
    note: Words = Field(default_factory=dict)


class Opportunities(_Strict):
    """The list of opportunities of a workspace."""

    opportunities: tuple[Opportunity, ...] = ()

    @model_validator(mode="after")
    def _once_each(self) -> Opportunities:
        twice = [code for code, n in Counter(o.opportunity for o in self.opportunities).items() if n > 1]
        if twice:
            raise ValueError(f"the opportunity '{twice[0]}' stands there twice: keep it in one place")
        return self


def authored(workspace: Workspace) -> Authored:
    """The touchpoints a workspace describes in its `maps/touchpoints.yaml`.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, holds an unknown key or an impossible value, or names a department
        or a stage that there is not; with its line.
    """
    file = workspace.path / TOUCHPOINTS
    if not file.is_file():
        raise ConfigError(
            "this workspace describes no touchpoints",
            where=str(file),
            do="write them down: docs/touchpoints.md shows how",
        )
    declared, root = composed(file, what="the touchpoint map")
    model = stages.load(workspace.stages, workspace.path)
    return describe(declared, stages=model.names, where=str(file), root=root)


def describe(
    declared: Any,
    *,
    stages: Sequence[str] = (),
    where: str = "the touchpoints",
    root: yaml.Node | None = None,
) -> Authored:
    """Touchpoints from what a file, or an analyst's own code, declares: a mapping with the keys of the file.

    Raises
    ------
    ConfigError
        It is no mapping, or holds an unknown key or an impossible value.
    """
    said = checked(declared, Authored, what="the touchpoint map", where=where, root=root)
    for place, each in enumerate(said.touchpoints):
        spot = ("touchpoints", place)
        _known("department", each.owner, said.departments, (*spot, "owner"), where, root)
        _known("department", each.roles, said.departments, (*spot, "roles"), where, root)
        if stages and each.stage is not None:
            _known("stage", [each.stage], stages, (*spot, "stage"), where, root)
    return said


def declared_opportunities(workspace: Workspace, said: Authored) -> tuple[Opportunity, ...]:
    """The opportunities in a workspace's `maps/opportunities.yaml`; none where there is no such file.

    Raises
    ------
    ConfigError
        It is not YAML, holds an unknown key or an impossible value, or names what `said` does not know.
    """
    file = workspace.path / OPPORTUNITIES
    if not file.is_file():
        return ()
    declared, root = composed(file, what="the list of opportunities")
    found = checked(
        declared,
        Opportunities,
        what="the list of opportunities",
        where=str(file),
        root=root,
    )
    for place, each in enumerate(found.opportunities):
        spot = ("opportunities", place)
        _known("touchpoint", [each.touchpoint], said.names, (*spot, "touchpoint"), str(file), root)
        if each.owner is not None:
            _known("department", [each.owner], said.departments, (*spot, "owner"), str(file), root)
    return found.opportunities


def words(said: Authored, declared: Iterable[Opportunity], language: Language) -> dict[str, str]:
    """What readers of `language` call touchpoints; departments, systems and opportunities by kind and code.

    ``{"fb_post": …, "department:care": …, "system:till": …, "opportunity:size_guide": …}``
    """
    kinds = {
        "department:": said.departments,
        "system:": said.systems,
        "opportunity:": {each.opportunity: each.title for each in declared},
        # a touchpoint seen under one code is that code; its own label goes before what others say of the code
        "": {each.codes[0]: each.label for each in said.touchpoints if _one_code(each)}
        | dict(said.codes)
        | {each.touchpoint: each.label for each in said.touchpoints},
    }
    return {
        kind + code: label.get(language, code) for kind, of in kinds.items() for code, label in of.items()
    }


def _one_code(each: Touchpoint) -> bool:
    return len(each.codes) == 1 and "*" not in each.codes[0]


def names_in(workspace: Workspace, language: Language) -> dict[str, str]:
    """The same for a workspace; none where it describes nothing, or says what cannot be.

    Names are a courtesy to readers: who needs the map itself is told what is wrong with it.
    """
    try:
        said = authored(workspace)
        return words(said, declared_opportunities(workspace, said), language)
    except ConfigError:
        return {}


def places(codes: Sequence[str], said: Authored | None) -> tuple[tuple[str, ...], list[int]]:
    """The names of an inventory, and the place of each code of the data among them.

    First come the authored touchpoints in their order, then the codes of the data that belong to none. A
    code that is spelt out belongs there, whatever patterns say.

    Raises
    ------
    DataError
        Patterns of two touchpoints both take a code.
    """
    if said is None:
        return tuple(codes), list(range(len(codes)))
    exact = {code: i for i, each in enumerate(said.touchpoints) for code in each.codes if "*" not in code}
    patterns = [(p, i) for i, each in enumerate(said.touchpoints) for p in each.codes if "*" in p]
    names, found = list(said.names), []
    for code in codes:
        fits = sorted({i for pattern, i in patterns if fnmatchcase(code, pattern)})
        if code not in exact and len(fits) > 1:
            raise DataError(
                f"the data's touchpoint '{code}' belongs to two: {', '.join(names[i] for i in fits)}",
                where=str(TOUCHPOINTS),
                do="spell it out under `seen_as` of one of them",
            )
        if code in exact or fits:
            found.append(exact[code] if code in exact else fits[0])
        else:
            # an authored touchpoint seen under other codes only does not take this one for its name's sake
            names.append(code if code not in names else f"{code} (data)")
            found.append(len(names) - 1)
    return tuple(names), found


def _known(
    what: str,
    found: Iterable[str],
    known: Collection[str],
    spot: tuple[Any, ...],
    where: str,
    root: yaml.Node | None,
) -> None:
    """Refuse a name that nothing declares, with the line it stands in."""
    for name in found:
        if name not in known:
            raise ConfigError(
                f"there is no {what} '{name}'",
                where=f"{where}{line_of(root, spot)}: {'.'.join(str(part) for part in spot)}",
                do=did_you_mean(name, known),
            )
