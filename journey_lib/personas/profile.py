"""Who the most valuable customers are, and how the audience there is differs from the one that was meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import AfterValidator, Field

from journey_lib import authored
from journey_lib.authored import Name, Strict
from journey_lib.errors import ConfigError, DataError, ParameterError, did_you_mean
from journey_lib.features import Features
from journey_lib.intervals import Z, carried, discoveries, mean_interval, two_sided, wilson
from journey_lib.model import OTHER, Result
from journey_lib.personas.segments import shares
from journey_lib.workspace import Words, Workspace

Array = npt.NDArray[Any]
FILE = Path("maps") / "targets.yaml"
FALSE = 0.05  # share of the lifts called real that may be chance


def _add_up(parts: Mapping[str, float]) -> Mapping[str, float]:
    if not parts:
        raise ValueError("says no parts")
    for value, part in parts.items():
        if not 0 < part <= 1:
            raise ValueError(f"{value}: {part:g} is no part of 1, such as 0.25")
    if sum(parts.values()) > 1 + 1e-9:
        raise ValueError(f"the parts add up to {sum(parts.values()):g}, more than 1")
    return parts


class Target(Strict):
    """Who a shop means to reach: for each feature, what part of its audience is to have which value.

    `audience` is everyone in the table of features, or only who converted in its window. Parts of one feature
    add up to 1, or to less where the rest may be anybody.
    """

    name: Words = Field(default_factory=dict)
    audience: Literal["everyone", "converted"] = "converted"
    targets: Mapping[str, Annotated[Mapping[Name, float], AfterValidator(_add_up)]] = Field(min_length=1)


MONEY = ("least", "value_share", "value_low", "value_high")  # of few, they are somebody's


@dataclass(frozen=True)
class _Lift:
    ratio: float
    low: float
    high: float
    z: float


def value_profile(features: Features, *, top: float = 0.1, shown: Result | None = None) -> Result:
    """What the most valuable customers have more, or less, of than all who brought any value.

    The base is everyone whose value in the window is above 0; the top is the given part of them with the
    highest value, and everyone whose value equals the last one's. Columns feature, trait (a value of a
    category; empty for numbers), customers (of the top: with the trait, or of whom the number is known), n
    (of the top, of whom the feature is known), of (of the base, likewise), top and base (the share with the
    trait, or the mean), lift (top divided by base) with low and high (95%, on the log scale, linearised: the
    top is part of the base; wider where few carry the variance), and real (when at most 5% of the lifts
    called so may be chance: Benjamini and Hochberg). Columns of the family value are left out: there the top
    differs by construction. Lift says who they are, not what made them so. Facts: customers, of, others (of
    less customers), unpaid (who bought and brought no value), least (the lowest value in the top),
    value_share with value_low and value_high. Of an `audience` that readers are `shown` as well, suppressed,
    the sums are known: what is hidden of the base does not follow from them either.

    Raises
    ------
    ParameterError
        `top` is no part between 0 and 1.
    DataError
        Nobody has any value.
    """
    if not 0 < top < 1:
        raise ParameterError(f"top={top!r} is no part of the customers", do="give one between 0 and 1")
    everyone = features.frame
    frame = everyone[features.column("value").to_numpy(float) > 0]
    if frame.empty:
        raise DataError("no customer has any value in the window", do="take a longer window")
    bought = everyone[(everyone.get("conversions", everyone["value"]) > 0) | (everyone["value"] > 0)]
    value = frame["value"].to_numpy(float)
    least = float(np.sort(value)[::-1][int(np.ceil(top * len(value) - 1e-9)) - 1])
    inside = value >= least
    rows, nowhere = _profiled(features, frame, bought, inside)
    table, lift = pd.DataFrame(rows), ("lift", "low", "high")
    table["class"] = "" if shown is None else _classes(table, shown.table)
    table["real"] = discoveries(two_sided(table.pop("z").to_numpy()), FALSE)
    names = pd.Series(np.where(inside, "top", "others"), frame.index)
    part = shares(names, frame["value"], ["top"]).iloc[0]
    facts = {
        "customers": int(inside.sum()),
        "of": len(frame),
        "others": len(frame) - int(inside.sum()),
        "unpaid": len(bought) - len(frame),
        "least": least,
        **{name: float(part[name]) for name in MONEY[1:]},
    }
    return Result(
        "value_profile",
        table,
        facts,
        features.settings | {"top": top},
        base="n",
        people=("n", "having", "of"),
        within={
            "customers": ("n", "having", "bought"),
            "n": ("of", "of_bought"),
            "having": ("of", "bought"),
            "of": (len(frame), "of_bought"),
        },
        tell={
            "customers": ("top", *lift),
            "n": ("top", *lift),
            "having": ("base", *lift),
            "of": ("base", *lift),
        },
        parts=(("feature",),),
        sums={"having": (("feature",), *([] if shown is None else [("feature", "class")]))},
        besides={"having": nowhere},
        unseen=("having", "bought", "of_bought", "class"),
        heads={  # other results tell who bought
            "customers": (*MONEY, "others"),
            "of": (*MONEY, "others"),
            "others": ("customers", *MONEY),
            "unpaid": ("of", "others"),
        },
    )


def target(workspace: Workspace) -> Target:
    """The audience a workspace means to reach, from its `maps/targets.yaml`.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or says what cannot be; with its line.
    """
    file = workspace.path / FILE
    if not file.is_file():
        raise ConfigError(
            "this workspace declares no target audience",
            where=str(file),
            do="write one: docs/personas.md shows how",
        )
    return authored.read(file, Target, what="the target audience")


def audience(features: Features, meant: Target) -> Result:
    """The audience there is beside the one that was meant, and where the gap is worth most.

    Columns feature, trait (a value, or ``(other)`` for all that have no target), customers, of (of whom the
    feature is known), share with low and high (Wilson), target, gap (share less target), index (share divided
    by target: 1 is as meant) with index_low and index_high, reading (``over`` or ``under`` when the interval
    leaves the target out, else ``as meant``), unknown and unknown_share (of the audience, of whom the feature
    is not known), mean_value of a customer with the trait, with value_low and value_high (95%, Hall's), and
    expand: traits that are under, numbered from the one whose missing customers would bring most value if
    they were worth what those there are: a place to look first, no forecast. Facts: customers.

    Raises
    ------
    ConfigError
        The target names a feature there is not, or one that is no category.
    DataError
        Nobody is in the audience.
    """
    frame = features.frame
    if meant.audience == "converted":
        frame = frame[features.column("conversions").to_numpy(float) > 0]
    if frame.empty:
        raise DataError("nobody is in the audience", do="take a longer window, or `audience: everyone`")
    spoken = [about.name for about in features.about if about.kind == "category"]
    rows: list[dict[str, Any]] = []
    for name, parts in meant.targets.items():
        if name not in spoken:
            raise ConfigError(
                f"there is no feature '{name}' that is a category",
                where=f"{FILE}: targets.{name}",
                do=did_you_mean(name, spoken),
            )
        rows += _traits(frame, name, parts)
    table = pd.DataFrame(rows)
    missed = (table["reading"] == "under") & (table["trait"] != OTHER)
    worth = np.where(missed, -table["gap"] * table["of"] * table["mean_value"].fillna(0), -np.inf)
    rank = pd.Series(worth).rank(ascending=False, method="min")
    table["expand"] = rank.where(worth > 0).astype("Int64")
    ends, about = ("low", "high"), ("gap", "index", "index_low", "index_high")
    said = {"audience": meant.audience, "targets": {name: dict(p) for name, p in meant.targets.items()}}
    return Result(
        "audience",
        table,
        {"customers": len(frame)},
        features.settings | said,
        base="of",
        people=("of", "payers"),
        within={"customers": ("of",)},
        tell={
            "customers": ("share", *ends, *about, "reading", "expand"),
            "of": ("share", *ends, *about, "unknown", "unknown_share"),
        },
        about={"payers": ("mean_value", "value_low", "value_high", "expand")},
        unseen=("payers",),
        parts=(("feature",),),
    )


def _traits(frame: pd.DataFrame, name: str, parts: Mapping[str, float]) -> list[dict[str, Any]]:
    column = frame[name].dropna()
    left = 1 - sum(parts.values())
    given = column.where(column.isin(list(parts)), OTHER)
    left = left if left > 1e-9 else 0.0
    aims = dict(parts) | ({OTHER: left} if left or (given == OTHER).any() else {})
    rows = []
    for trait, aim in aims.items():
        mine = frame.loc[given.index[(given == trait).to_numpy()], "value"].to_numpy(float)
        low, high = (float(end) for end in wilson(np.array(len(mine)), np.array(len(column))))
        share = len(mine) / len(column) if len(column) else np.nan
        known = bool(len(column))
        reading = "not known" if not known else "under" if high < aim else "over" if low > aim else "as meant"
        mean = mine.mean() if len(mine) else np.nan
        ends = mean_interval(mine, 0.0 if len(mine) and mine.min() >= 0 else -np.inf)
        rows.append(
            {
                "feature": name, "trait": trait, "customers": len(mine), "of": len(column),
                "share": share, "low": low, "high": high, "target": aim, "gap": share - aim,
                "index": share / aim if aim else np.nan,
                "index_low": low / aim if aim else np.nan,
                "index_high": high / aim if aim else np.nan,
                "reading": reading,
                "unknown": len(frame) - len(column),
                "unknown_share": 1 - len(column) / len(frame),
                "payers": int((mine > 0).sum()),
                "mean_value": mean, "value_low": ends[0], "value_high": ends[1],
            }
        )  # fmt: skip
    return rows


def _profiled(
    features: Features, frame: pd.DataFrame, bought: pd.DataFrame, inside: Array
) -> tuple[list[dict[str, Any]], dict[str, tuple[int, int]]]:
    """The rows of a profile, and how many bought who are of a kind of which nobody paid, by feature."""
    rows: list[dict[str, Any]] = []
    nowhere: dict[str, tuple[int, int]] = {}
    for about in features.about:
        if about.family == "value":
            continue
        column = frame[about.name]
        known = column.notna().to_numpy()
        if not known.any():
            continue
        if about.kind == "category":
            traits = sorted(column[known].unique())
            theirs = bought[about.name].value_counts()
            nowhere[about.name] = 0, int(theirs.sum() - theirs[traits].sum())
            rows += [
                _row(about.name, t, (column == t).to_numpy(float), known, inside)
                | {"bought": int(theirs[t]), "of_bought": int(theirs.sum())}
                for t in traits
            ]
        else:
            many = int(bought[about.name].notna().sum())
            rows.append(
                _row(about.name, "", column.to_numpy(float), known, inside)
                | {"bought": many, "of_bought": many}
            )
    return rows, nowhere


def _classes(table: pd.DataFrame, audience: pd.DataFrame) -> list[str]:
    """The class of the audience each trait is counted in; those of a feature that are hidden are one."""
    there = {*zip(audience["feature"], audience["trait"], strict=True)}
    kept = audience.dropna(subset=["customers"])
    told = {*zip(kept["feature"], kept["trait"], strict=True)}
    traits = zip(table["feature"], table["trait"], strict=True)
    found = [at if at in there else (at[0], OTHER) for at in traits]
    return [at[1] if at in told else "" for at in found]


def _row(name: str, trait: str, values: Array, known: Array, inside: Array) -> dict[str, Any]:
    x, top = values[known], inside[known]
    lift = _lifted(x, top)
    n = int(top.sum())
    return {
        "feature": name,
        "trait": trait,
        "customers": int(x[top].sum()) if trait else n,
        "n": n,
        "having": int(x.sum()) if trait else len(x),
        "of": len(x),
        "top": x[top].mean() if n else np.nan,
        "base": x.mean(),
        "lift": lift.ratio,
        "low": lift.low,
        "high": lift.high,
        "z": lift.z,
    }


def _lifted(x: Array, top: Array) -> _Lift:
    """The mean of the top divided by the mean of all, linearised on the log scale.

    Where nobody in the top has any of it, the lift is 0 and its upper end that of Wilson's interval.
    """
    n, of = int(top.sum()), len(x)
    base = x.mean()
    if not n or base <= 0:
        return _Lift(np.nan, np.nan, np.nan, np.nan)
    mean = x[top].mean()
    if mean <= 0:
        yes_or_no = bool(np.isin(x, (0, 1)).all()) and mean == 0
        if not yes_or_no:
            return _Lift(mean / base, np.nan, np.nan, np.nan)
        high = float(wilson(np.array(0), np.array(n))[1]) / base
        # The top was drawn from the base: what varies is a mean of n of them, without putting back.
        variance = base * (1 - base) * (1 / n - 1 / of)
        return _Lift(0.0, 0.0, high, -base / np.sqrt(variance) if variance > 0 else np.nan)
    apart = top * (x - mean) / (n * mean) - (x - base) / (of * base)
    error = float(np.sqrt(np.square(apart).sum() * of / max(of - 1, 1)))
    ratio = mean / base
    if error == 0:  # everybody has the same of it, or everybody is in the top
        return _Lift(ratio, ratio, ratio, np.nan)
    wide = carried(apart)  # of amounts few customers make most of the variance, and it is little known
    ends = ratio * np.exp(np.array([-1, 1]) * wide * error)
    return _Lift(ratio, float(ends[0]), float(ends[1]), float(np.log(ratio) / error * Z / wide))
