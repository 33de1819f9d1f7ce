"""From features to the numbers that groups are found in: which columns, on what scale, with what weight."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import AllAlike, DataError, ParameterError, did_you_mean
from journey_lib.features import Feature, Features
from journey_lib.features.about import Kind

Array = npt.NDArray[Any]

LEAST_TOUCHES = 20
LEAST_CUSTOMERS = 100
PRIOR = 3.0  # touches of the average customer added to everyone's, so that a share of few touches says little
FAR = 4.0  # spreads from the median at which a value is cut
UNKNOWN = 0.5  # a column missing for more customers than that decides nothing
CONSTANT = 0.95  # a column in which so many customers are equal decides nothing
# Families that tell how somebody behaves. How much and how lately (frequency, recency) is a matter of
# degree: RFM slices that. Kinds of event say again what their channel says.
HOW = frozenset({"channel", "time", "device", "place", "offer"})
TWINS = 0.98  # correlation from which two columns say the same


@dataclass(frozen=True)
class Column:
    """How one feature becomes a number: all that is needed to do the same to a customer of tomorrow.

    A missing value counts as `fill`; a share is drawn to `prior` (None: not); the transformed value is cut to
    `low` and `high`, then `middle` is taken off and the rest multiplied by `scale`, which holds the weight.
    """

    name: str
    kind: Kind
    fill: float
    prior: float | None
    low: float
    high: float
    middle: float
    scale: float
    missing: float


@dataclass(frozen=True)
class Block:
    """So many columns in a row are the categories of one multinomial, beside a `rest` of theirs or not."""

    columns: int
    rest: bool


@dataclass(frozen=True)
class Recipe:
    """The columns in their order, and how many touches a customer must have for anything to be told.

    With `blocks` the columns are counted, not measured: see `counts`. `base` is the feature that counts the
    touches: see `base`.
    """

    columns: tuple[Column, ...]
    least_touches: int
    blocks: tuple[Block, ...] = ()
    base: str = "touches"

    def slices(self) -> list[tuple[int, int]]:
        """First category of each block, and the one after its last, in the table of counts."""
        sizes = [block.columns + block.rest for block in self.blocks]
        ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
        return [(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def categories(self) -> list[str]:
        """The columns of the table of numbers: the features', and a rest after each block that has one."""
        names, at = list[str](), 0
        for block in self.blocks or (Block(len(self.columns), rest=False),):
            part = [column.name for column in self.columns[at : at + block.columns]]
            names += [*part, *(["rest of " + part[0]] if block.rest else [])]
            at += block.columns
        return names


@dataclass(frozen=True)
class Matrix:
    """One row a customer, ascending by code; `left_out` names the features that decide nothing, and why.

    `too_little` counts customers with fewer touches than asked for: they are in no row.
    """

    codes: pd.Index[Any]
    values: Array
    recipe: Recipe
    left_out: pd.DataFrame
    too_little: int


def plain(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], families: Mapping[str, Any] | None = None
) -> Features:
    """An analyst's own table as features: one row a customer, the index their code, `kinds` by column.

    `families` says which columns belong together and share one vote; each is its own family without it.

    Raises
    ------
    ParameterError
        A column that is not there, or customers that are there twice.
    """
    for name in kinds:
        if name not in frame:
            raise ParameterError(
                f"there is no column '{name}'", do=did_you_mean(name, map(str, frame.columns))
            )
    if frame.index.has_duplicates:
        raise ParameterError(
            "a customer has more than one row",
            how_many=f"{int(frame.index.duplicated().sum())} rows too many",
            do="give one row a customer, the index being their code",
        )
    group = families or {}
    about = tuple(
        Feature(name, name, "", group.get(name, "own"), kind, "file") for name, kind in kinds.items()
    )
    now = pd.Timestamp(0, tz="UTC")
    return Features(frame[list(kinds)].sort_index(), about, now, now, "UTC", "", "")


def matrix(
    features: Features, *, names: Collection[str] | None = None, least_touches: int = LEAST_TOUCHES
) -> Matrix:
    """The features that may tell customers apart, made comparable.

    Counts, amounts and days by log(1 + x), shares by the arcsine of their root after `PRIOR` touches of the
    average customer are added; values beyond `FAR` robust spreads are cut; every column then has mean 0, and
    the columns of one family together a variance of 1, so that nineteen channels have one vote, not nineteen.
    A missing value counts as the median; its share stands in the recipe.

    Parameters
    ----------
    names
        Which features decide; None: the shares that tell how customers behave (`HOW`), and an analyst's own.
    least_touches
        Customers with fewer touches are left out: too little is known of them. Needs the feature ``touches``.

    Raises
    ------
    ParameterError
        A name that is no feature, or is a category.
    DataError
        Fewer than 100 customers or no column are left.
    """
    wanted = chosen(features, names)
    frame, short = known_enough(features, least_touches, [each.name for each in wanted])
    by = base(features)
    touches = _touches(frame, by)
    columns, values, why = list[Column](), list[Array](), dict[str, str]()
    for feature in wanted:
        column, value, reason = _column(feature, frame, touches)
        if reason:
            why[feature.name] = reason
        else:
            columns.append(column)
            values.append(value)
    if not columns:
        raise nothing_tells("no feature tells customers apart", why)
    table = np.column_stack(values)
    del values  # of a million customers they are as large as the table
    twins = _twins(columns, table.T @ table / len(table))
    why |= {name: f"says the same as {twin}" for name, twin in twins.items()}
    if twins:
        table = table[:, [column.name not in twins for column in columns]]
        columns = [column for column in columns if column.name not in twins]
    columns = _weighted(columns, [features.feature(column.name) for column in columns])
    scales = np.array([column.scale for column in columns])
    middles = np.array([column.middle for column in columns])
    table -= middles
    table *= scales
    without = [each.name for each in wanted if each.name in why]
    left_out = pd.DataFrame({"feature": without, "why": [why[name] for name in without]})
    return Matrix(frame.index, table, Recipe(tuple(columns), least_touches, base=by), left_out, short)


def nothing_tells(what: str, why: Mapping[str, str]) -> DataError:
    """That no column is left: because all are alike in what is known of them, or for other reasons too."""
    reasons = [*why.values()]
    same = any(reason.startswith("the same") for reason in reasons)
    known = same and all(reason.startswith(("the same", "missing")) for reason in reasons)
    return (AllAlike if known else DataError)(what, how_many=f"{len(why)} looked at")


def base(features: Features) -> str:
    """The feature that counts what is known of a customer: touches, or conversions where nobody has a touch.

    A shop whose only file is its orders knows its customers by them.
    """
    frame = features.frame
    alone = "touches" in frame and "conversions" in frame and not (frame["touches"] > 0).any()
    return "conversions" if alone and (frame["conversions"] > 0).any() else "touches"


def known_enough(
    features: Features, least_touches: int, names: Collection[str] | None = None
) -> tuple[pd.DataFrame, int]:
    """The rows of customers with so many touches, ascending by code, and how many have fewer.

    With `names`, no other columns but the base.

    Raises
    ------
    DataError
        Fewer than 100 are left.
    """
    frame = features.frame.sort_index()
    known = np.ones(len(frame), bool)
    by = base(features)
    if names is not None:
        frame = frame[[name for name in frame if name in names or name == by]]
    if by in frame:
        known = (frame[by] >= least_touches).to_numpy()
    frame = frame[known]
    if len(frame) < LEAST_CUSTOMERS:
        raise DataError(
            "too few customers are known well enough to look for groups among them",
            how_many=f"{len(frame)} of {len(known)} have {least_touches} {by} or more; "
            f"{LEAST_CUSTOMERS} are needed",
            do="lower least_touches, or look at a longer window",
        )
    return frame, int((~known).sum())


def cooked(recipe: Recipe, frame: pd.DataFrame) -> Array:
    """The same numbers for other customers, by a recipe made before; the columns must be there."""
    touches = _touches(frame, recipe.base)
    table = np.empty((len(frame), len(recipe.columns)))
    for number, column in enumerate(recipe.columns):
        raw = frame[column.name].to_numpy(float, na_value=np.nan)
        value = transformed(raw, column.kind, column.fill, column.prior, touches)
        table[:, number] = (np.clip(value, column.low, column.high) - column.middle) * column.scale
    return table


def transformed(raw: Array, kind: Kind, fill: float, prior: float | None, touches: Array | None) -> Array:
    """One column on the scale on which differences are comparable, nothing missing any more."""
    value = np.where(np.isnan(raw), fill, raw)
    if kind in {"count", "amount", "days"}:
        return np.asarray(np.sign(value) * np.log1p(np.abs(value)))
    if kind == "share":
        if prior is not None and touches is not None:
            value = (touches * value + PRIOR * prior) / (touches + PRIOR)
        return np.asarray(np.arcsin(np.sqrt(np.clip(value, 0, 1))))
    return np.asarray(value)


def chosen(features: Features, names: Collection[str] | None) -> list[Feature]:
    """The features of these names; None: the shares that tell how customers behave, and an analyst's own.

    Raises
    ------
    ParameterError
        A name that is no feature, or is a category.
    """
    if names is None:
        numbers = [each for each in features.about if each.behaviour and each.kind != "category"]
        return [
            each for each in numbers if each.source == "file" or (each.family in HOW and each.kind == "share")
        ]
    known = [each.name for each in features.about]
    for name in names:
        if name not in known:
            raise ParameterError(f"there is no feature '{name}'", do=did_you_mean(name, known))
        if features.feature(name).kind == "category":
            raise ParameterError(
                f"'{name}' is a category; groups are found in numbers",
                do="choose numbers; categories describe the groups afterwards",
            )
    return [each for each in features.about if each.name in set(names)]


def _touches(frame: pd.DataFrame, by: str) -> Array | None:
    return frame[by].to_numpy(float, na_value=0.0) if by in frame else None


def _column(feature: Feature, frame: pd.DataFrame, touches: Array | None) -> tuple[Column, Array, str]:
    raw = frame[feature.name].to_numpy(float, na_value=np.nan)
    there = raw[~np.isnan(raw)]
    missing = 1 - len(there) / len(raw)
    fill = float(np.median(there)) if len(there) else 0.0
    prior = float(there.mean()) if feature.kind == "share" and touches is not None and len(there) else None
    value = transformed(raw, feature.kind, fill, prior, touches)
    quarter, middle, other = np.quantile(value, [0.25, 0.5, 0.75])
    # Where half of all customers are equal there is no distance between quartiles to go by.
    spread = (other - quarter) / 1.349 or float(value.std())
    low, high = float(middle - FAR * spread), float(middle + FAR * spread)
    value = np.clip(value, low, high)
    deviation = float(value.std())
    reason = ""
    if missing > UNKNOWN:
        reason = f"missing for {missing:.0%} of customers"
    elif deviation < 1e-9 or _commonest(there) >= CONSTANT:
        reason = f"the same for {_commonest(there):.0%} of customers"
    scale = 1 / deviation if deviation > 0 else 0.0
    return (
        Column(feature.name, feature.kind, fill, prior, low, high, float(value.mean()), scale, missing),
        value,
        reason,
    )


def _commonest(raw: Array) -> float:
    """Share of the value that is most often there."""
    return float(np.unique(raw, return_counts=True)[1].max() / len(raw)) if len(raw) else 1.0


def _twins(columns: Sequence[Column], products: Array) -> dict[str, str]:
    """The first column before it that each says the same as; `products` are the means of theirs, two by two.

    Two correlate so where their means and deviations, which are known, make their product so large.
    """
    middles, scales = (np.array([getattr(each, name) for each in columns]) for name in ("middle", "scale"))
    alike = np.abs((products - np.outer(middles, middles)) * np.outer(scales, scales)) >= TWINS
    found: dict[str, str] = {}
    for number, column in enumerate(columns):
        before = [other for other, same in zip(columns, alike[number, :number], strict=False) if same]
        twin = next((other.name for other in before if other.name not in found), None)
        if twin is not None:
            found[column.name] = twin
    return found


def _weighted(columns: list[Column], about: list[Feature]) -> list[Column]:
    """Give each family one vote; columns of an analyst's own that say nothing of a family have one each."""
    families = [each.family if each.family != "own" else f"own {each.name}" for each in about]
    return [
        Column(**{**column.__dict__, "scale": column.scale / families.count(family) ** 0.5})
        for column, family in zip(columns, families, strict=True)
    ]
