"""Segments by declared rules, the same customers in two groupings, and segments as groups of journeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from journey_lib.authored import composed, line_of
from journey_lib.errors import ConfigError, ParameterError, did_you_mean
from journey_lib.features import Features
from journey_lib.intervals import wilson
from journey_lib.journeys.groups import Group, of_customers
from journey_lib.model import Language, Result
from journey_lib.personas import grammar
from journey_lib.personas.worth import part_of
from journey_lib.suppression import IN_NONE
from journey_lib.touches import Touches
from journey_lib.workspace import Words, Workspace

Array = npt.NDArray[Any]
FILE = Path("maps") / "segments.yaml"
REST = "rest"
VALUES = ("value", "value_share", "value_low", "value_high")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Segment(_Strict):
    """One segment: its code, what readers call it, what it is for, and the rule of who is in it."""

    segment: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    name: Words = Field(default_factory=dict)
    about: Words = Field(default_factory=dict)
    rule: str

    @field_validator("segment")
    @classmethod
    def _not_the_rest(cls, code: str) -> str:
        if code == REST:
            raise ValueError(f"'{REST}' is what results call everyone no rule fits")
        return code

    @field_validator("rule")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        try:
            grammar.read(text)
        except ParameterError as error:
            raise ValueError(f"{error.what}: {error.do}") from None
        return text


class _File(_Strict):
    segments: tuple[Segment, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Rules:
    """Segments in the order in which they are asked, and where each of them stands, for messages."""

    segments: tuple[Segment, ...]
    places: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Codes of the segments, in order, and last that of the rest."""
        return (*(each.segment for each in self.segments), REST)

    def labels(self, language: Language) -> dict[str, str]:
        """What readers call the segments."""
        return {each.segment: each.name.get(language, each.segment) for each in self.segments}


def rules(workspace: Workspace) -> Rules:
    """The segments that a workspace declares, from its `maps/segments.yaml`.

    Raises
    ------
    ConfigError
        The file is missing, is no YAML, or holds an unknown key or a rule that cannot be read; with its line.
    """
    file = workspace.path / FILE
    if not file.is_file():
        raise ConfigError(
            "this workspace declares no segments",
            where=str(file),
            do="write some: docs/personas.md shows how",
        )
    declared, root = composed(file, what="the segments")
    return declare(declared, where=str(file), root=root)


def declare(declared: Any, *, where: str = "the segments", root: Any = None) -> Rules:
    """Segments from what a file, or an analyst's own code, declares: a mapping with the keys of the file.

    Raises
    ------
    ConfigError
        It is no mapping, or holds an unknown key, a code twice or a rule that cannot be read.
    """
    if not isinstance(declared, Mapping):
        raise ConfigError("segments are a mapping", where=where, do="start with `segments:`")
    try:
        found = _File.model_validate(declared)
    except ValidationError as error:
        raise ConfigError(
            "the segments say something that cannot be",
            where="\n         ".join(
                f"{where}{line_of(root, problem['loc'])}: {_complaint(problem)}" for problem in error.errors()
            ),
            how_many=f"{error.error_count()} problem(s)",
        ) from None
    places = tuple(
        f"{where}{line_of(root, ('segments', number, 'rule'))}: segments.{number}.rule"
        for number in range(len(found.segments))
    )
    codes = [each.segment for each in found.segments]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            place = f"{where}{line_of(root, ('segments', number, 'segment'))}"
            raise ConfigError(f"the segment '{code}' is declared twice", where=place, do="rename one of them")
    return Rules(found.segments, places)


def fitting(features: Features, declared: Rules) -> pd.DataFrame:
    """Of each customer, whether the rule of each segment fits: one column a segment, true or false.

    Where a rule hangs on something that is not known of a customer, it does not fit.

    Raises
    ------
    ConfigError
        A rule names a feature there is not, or compares what cannot be compared; with its line.
    """
    found = {}
    for segment, place in zip(declared.segments, declared.places, strict=True):
        try:
            found[segment.segment] = grammar.fits(grammar.read(segment.rule), features)
        except ParameterError as error:
            raise ConfigError(error.what, where=place, do=error.do) from None
    return pd.DataFrame(found, index=features.frame.index)


def assign(features: Features, declared: Rules) -> pd.Series:
    """The segment of each customer: the first whose rule fits, in the order of the file; else ``rest``.

    Raises
    ------
    ConfigError
        See `fitting`.
    """
    fits = fitting(features, declared).to_numpy()
    place = np.where(fits.any(axis=1), fits.argmax(axis=1), len(declared.segments))
    names = np.array(declared.names, object)[place]
    return pd.Series(names, features.frame.index, dtype="str", name="segment")


def segments(features: Features, declared: Rules) -> Result:
    """How large each declared segment is, in customers and in value, and how far the rules overlap.

    Columns segment, customers, of (all), share with low and high (Wilson), value, value_share with value_low
    and value_high (linearised over customers), fits (customers whom the segment's rule fits, whether or not
    an earlier one took them), earlier (of those, how many an earlier segment has). The last row is the rest.
    Facts: customers, several (customers whom more than one rule fits).

    Raises
    ------
    ConfigError
        See `fitting`.
    """
    fits = fitting(features, declared)
    names = assign(features, declared)
    found = shares(names, features.column("value"), declared.names)
    found["fits"] = [*(int(fits[name].sum()) for name in fits), int((names == REST).sum())]
    found["earlier"] = found["fits"] - found["customers"]
    facts = {"customers": len(names), "several": int((fits.sum(axis=1) > 1).sum())}
    ruled = {each.segment: each.rule for each in declared.segments}
    settings = features.settings | {"rules": ruled}
    return Result(
        "segments",
        found,
        facts,
        settings,
        base="customers",
        people=("fits", "earlier", "of", "payers"),
        within={"fits": ("of",), "earlier": ("fits",)},
        tell={"earlier": ("fits",), "of": ("low", "high")},  # `fits` less `earlier` are the customers
        about={"payers": VALUES},
        parts=((),),
        sums={"payers": ((),)},
        unseen=("payers",),
        heads={"several": ()},
    )


def overlap(
    a: pd.Series, b: pd.Series, *, names: tuple[str, str] = ("a", "b"), of: int | None = None
) -> Result:
    """How two groupings of the same customers lie over each other.

    Columns a, b (a group of each), customers (in both), of (in the group of `a`), share with low and high
    (Wilson): of everyone in the one group, what part is in the other. Pairs without anybody are left out.
    Facts: customers, only_a and only_b (known to one grouping alone, left out of the table), neither (where
    `of` says how many customers there are in all), and rand, the
    adjusted Rand index (Hubert and Arabie 1985): 1 when both say the same, about 0 when they agree no more
    than chance would. It has no interval: both groupings are of the whole base.

    Raises
    ------
    ParameterError
        No customer is in both, or one has two groups in one of them.
    """
    for which, series in zip(names, (a, b), strict=True):
        if not series.index.is_unique:
            raise ParameterError(f"in '{which}' a customer is in two groups", do="give one row a customer")
    both = pd.DataFrame({"a": a, "b": b}).dropna()
    if both.empty:
        raise ParameterError(
            "no customer is in both groupings", do="give two groupings of the same customers"
        )
    found = both.groupby(["a", "b"], sort=True).size().rename("customers").reset_index()
    found["of"], found["of_b"] = (found.groupby(side)["customers"].transform("sum") for side in ("a", "b"))
    found["size"], found["size_b"] = found["a"].map(a.value_counts()), found["b"].map(b.value_counts())
    found["share"] = found["customers"] / found["of"]
    found["low"], found["high"] = wilson(found["customers"].to_numpy(), found["of"].to_numpy())
    only_a, only_b = (int(each.notna().sum()) - len(both) for each in (a, b))
    facts = {"customers": len(both), "only_a": only_a, "only_b": only_b, "rand": _rand(found)}
    neither = 0 if of is None else of - len(both) - only_a - only_b
    parts = ("customers", "only_a", "only_b", "neither")
    besides: dict[Any, Any] = {"of": (only_b, neither), "of_b": (only_a, neither)}
    if of is not None:
        facts["neither"] = neither
        for side, given in (("a", a), ("b", b)):
            sizes = {str(group): int(n) for group, n in given.value_counts().items()}
            besides[side] = {**sizes, IN_NONE: of - sum(sizes.values())}
    return Result(
        "overlap",
        found,
        facts,
        {"a": names[0], "b": names[1]},
        base="of",
        people=("customers",),
        tell={"customers": ("share", "low", "high")},
        parts=(("a",), ("b",)),
        groups={"a": ("size", "of"), "b": ("size_b", "of_b")},
        besides=besides,
        unseen=("size", "size_b", "of_b"),
        heads=dict.fromkeys(parts, parts),  # with the sizes of both groupings each tells the others
    )


def group(touches: Touches, assigned: pd.Series, segment: str, name: str | None = None) -> Group:
    """The journeys of one segment's customers, for views that take a group (`journeys.rest`: the others).

    Raises
    ------
    ParameterError
        There is no such segment, or the customers are not those of the touch table.
    """
    known = sorted(assigned.dropna().unique())
    if segment not in known:
        raise ParameterError(f"nobody is in a segment '{segment}'", do=did_you_mean(segment, known))
    codes = assigned.index[(assigned == segment).to_numpy()].to_numpy()
    if codes.min() < 0 or codes.max() >= touches.customers:
        raise ParameterError(
            "these customers are not those of the touch table", do="use features of the same touches"
        )
    members = np.zeros(touches.customers, bool)
    members[codes] = True
    return of_customers(name or segment, members)


def shares(names: pd.Series, value: pd.Series, order: Sequence[str]) -> pd.DataFrame:
    """Customers and value of each group, in `order`: what part of all, and how far that can be trusted.

    Columns segment, customers, of, share, low, high (Wilson), payers (of the customers, who brought any
    value), value, value_share, value_low, value_high: a
    ratio of two sums over the same customers, its variance by linearisation (Woodruff 1971), its interval on
    the logit scale, wider where few customers carry the variance; of a share of nothing or of all it is
    three over the customers with any value, for the others cannot tell. Value shares are missing when there
    is no value, or refunds make a part negative.
    """
    n = len(names)
    amount = value.to_numpy(float)
    rows = []
    for segment in order:
        inside = (names == segment).to_numpy()
        part, *ends = part_of(amount, inside)
        payers = int((amount[inside] > 0).sum())
        rows.append((segment, int(inside.sum()), payers, float(amount[inside].sum()), part, *ends))
    columns = ["segment", "customers", "payers", "value", "value_share", "value_low", "value_high"]
    table = pd.DataFrame(rows, columns=columns)
    low, high = wilson(table["customers"].to_numpy(), np.full(len(table), n))
    table = table.assign(of=n, share=table["customers"] / n, low=low, high=high)
    return table[["segment", "customers", "of", "share", "low", "high", *columns[2:]]]


def _rand(counted: pd.DataFrame) -> float:
    """The adjusted Rand index, from whole numbers of pairs; 1 where no grouping can differ."""

    def pairs(counts: pd.Series) -> int:
        return sum(n * (n - 1) // 2 for n in map(int, counts))

    both = pairs(counted["customers"])
    one, other = (pairs(counted.groupby(side)["customers"].sum()) for side in ("a", "b"))
    n = int(counted["customers"].sum())
    every = n * (n - 1) // 2
    by_chance = one * other / every if every else 0.0
    most = (one + other) / 2
    return 1.0 if most == by_chance else (both - by_chance) / (most - by_chance)


def _complaint(problem: Any) -> str:
    spot = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = Segment.model_fields if len(problem["loc"]) > 1 else _File.model_fields
        return f"{spot}: unknown key. {did_you_mean(str(problem['loc'][-1]), known)}"
    return f"{spot}: {problem['msg'].removeprefix('Value error, ')}"
