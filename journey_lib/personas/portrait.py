"""What the people of each persona are like, beside everybody else: every number with its base and interval.

A persona here is any grouping of customers: found, made by rules, or handed in. `members` names the group of
each customer who has one; who has none still counts in what is common to all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from journey_lib.errors import ParameterError
from journey_lib.features import Feature, Features
from journey_lib.intervals import (
    Z,
    mean_interval,
    share_interval,
    wilson,
)
from journey_lib.model import OTHER, Result

UNKNOWN = "(unknown)"
MOST_CLASSES = 8
UNITS = ("unit", "kind")
TRAITS = [
    "persona", "feature", *UNITS, "members", "n", "typical", "low", "high", "rest", "others", "rest_n",
    "mean", "rest_mean", "lower", "upper", "place", "place_lower", "place_upper",
    "exceeds", "exceeds_low", "exceeds_high",
]  # fmt: skip
Array = npt.NDArray[Any]


def traits(features: Features, members: pd.Series[Any], *, names: tuple[str, ...] | None = None) -> Result:
    """How the people of each persona stand among all others, trait by trait.

    Table, a row for each persona and numeric feature: persona, feature, members, n (those of whom it is
    known), typical (mean of shares, else median) with low and high; rest, the same of everybody else
    (others, and rest_n of whom it is known);
    mean and rest_mean, for medians hide what fewer than half of them do;
    lower and upper (first and third quartile of members), place (share of all customers below the median
    member, ties counted half), exceeds (chance that a member has more of it than somebody else, ties
    counted half: 0.5 is no difference) with exceeds_low and exceeds_high. `exceeds` is the Mann-Whitney
    statistic, its variance by DeLong, DeLong and Clarke-Pearson (1988), with Student's t of the smaller side;
    means have Hall's interval, medians that of order statistics. A trait that is missing for a person is left
    out for that person. A persona found on a trait differs there by construction: the intervals describe,
    they do not test.
    """
    group, personas = grouped(features, members)
    # Side by side once, so that a persona is a slice of every column and not a choice of its own.
    together = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[together], np.arange(len(personas) + 1))
    besides: dict[str, tuple[int, int]] = {}
    rows: list[dict[str, Any]] = []
    for feature in features.about:
        if feature.kind == "category" or (names is not None and feature.name not in names):
            continue
        told = features.frame[feature.name].to_numpy(float)[together]
        everyone = _ascending(told)
        nowhere = np.isnan(told[: edges[0]])
        besides[feature.name] = int((~nowhere).sum()), int(nowhere.sum())
        for persona, first, end in zip(personas, edges[:-1], edges[1:], strict=True):
            inside = _ascending(told[first:end])
            outside = _ascending(np.concatenate([told[:first], told[end:]]))
            rows.append(
                {"persona": persona, "feature": feature.name, "unit": feature.unit, "kind": feature.kind}
                | {"members": int(end - first)}
                | _typical(inside, feature.kind)
                | {"rest": _middle(outside, feature.kind), "rest_n": len(outside)}
                | {"others": len(told) - int(end - first)}
                | {"mean": _mean(inside), "rest_mean": _mean(outside)}
                | _spread(inside, everyone)
                | _exceeds(inside, outside)
            )
    return Result(
        "persona_traits",
        pd.DataFrame(rows, columns=TRAITS),
        {"personas": len(personas)},
        features.settings,
        base="n",
        people=("n", "rest_n"),
        within={"n": ("members",), "rest_n": ("others",)},
        tell={"n": ("rest_n",), "rest_n": ("n",)},  # together they are all of whom it is known
        about={"rest_n": ("rest", "rest_mean", "exceeds", "exceeds_low", "exceeds_high")},
        parts=(("feature",),),
        groups={"persona": ("members",)},
        besides={("feature",): besides, "persona": int((group < 0).sum())},
        unseen=("members", "others"),
    )


def demographics(features: Features, members: pd.Series[Any], *, most: int = MOST_CLASSES) -> Result:
    """Who the people of each persona are, as distributions and not as one typical person.

    Table, a row for each persona, categorical feature and class: persona, feature, value, customers, known
    (members of whom it is known), share of the known with low and high (Wilson), rest (share among
    everybody else of whom it is known: others of others_known). Classes beyond the `most` common are one,
    ``(other)``; how many are unknown is a row of its own without an interval, its share of all members, who
    are its `known`.
    """
    group, personas = grouped(features, members)
    besides: dict[tuple[str, str], int] = {}
    rows: list[dict[str, Any]] = []
    for feature in features.about:
        if feature.kind != "category":
            continue
        told = features.frame[feature.name].astype("string")
        common = list(told.value_counts().sort_index().sort_values(ascending=False, kind="stable").index)
        kept, more = common[:most], len(common) > most
        coded = pd.Categorical(told.where(told.isin(kept) | told.isna(), OTHER), [*kept, *[OTHER] * more])
        codes = np.asarray(coded.codes)
        alone = np.bincount(codes[(group < 0) & (codes >= 0)], minlength=len(coded.categories))
        besides |= {
            (feature.name, str(value)): int(n) for value, n in zip(coded.categories, alone, strict=True)
        }
        for code, persona in enumerate(personas):
            rows += _classes(
                persona, feature, [*coded.categories], codes[group == code], codes[group != code]
            )
    columns = ["persona", "feature", "value", "customers", "known", "share", "low", "high", "rest"]
    columns += ["others", "others_known", "members"]
    table = pd.DataFrame(rows, columns=columns)
    table["all"], table["all_known"] = (
        table["customers"] + table["others"],
        table["known"] + table["others_known"],
    )
    return Result(
        "persona_demographics",
        table,
        {"personas": len(personas)},
        features.settings,
        base="customers",
        people=("known", "others", "all"),
        within={"customers": ("known",), "others": ("others_known",), "all": ("all_known",)},
        tell={
            "customers": ("share", "low", "high"),
            "known": ("share", "low", "high", "rest"),
            "others": ("rest",),
            "all": ("others", "rest"),
        },
        sums=dict.fromkeys(("others", "all"), (("persona", "feature", "others_known"),)),
        # how many have a class in all follows from a persona's row, by who has it and who else does
        parts=(("persona", "feature", "known"), ("feature", "value")),
        groups={"persona": ("members",)},
        besides={("feature", "value"): besides, "persona": int((group < 0).sum())},
        common=("all",),
        unseen=("members", "others_known", "all", "all_known", "others"),
    )


def grouped(features: Features, members: pd.Series[Any]) -> tuple[Array, list[str]]:
    """For each customer the number of the persona, -1 for none; and what the numbers stand for.

    Raises
    ------
    ParameterError
        Members who have no row.
    """
    strangers = ~members.index.isin(features.frame.index)
    if strangers.any():
        raise ParameterError(
            "some members are no customers of the feature table",
            how_many=f"{int(strangers.sum())} of {len(members)}",
            do="place customers by the same window and day the features were made with",
        )
    placed = members.reindex(features.frame.index)
    names = sorted(placed.dropna().unique())
    return np.asarray(pd.Categorical(placed, names).codes, np.int64), [str(name) for name in names]


def compared(inside: Array, outside: Array, kind: str) -> dict[str, Any]:
    """Sorted numbers of members now beside those of then: what is typical, and who has more."""
    middle = {"typical": _middle(inside, kind), "mean": _mean(inside)}
    then = {"before_n": len(outside), "before": _middle(outside, kind), "before_mean": _mean(outside)}
    return {"n": len(inside)} | middle | then | _exceeds(inside, outside)


def _mean(ordered: Array) -> float:
    return float(ordered.mean()) if len(ordered) else np.nan


def _middle(ordered: Array, kind: str) -> float:
    if not len(ordered):
        return np.nan
    return float(ordered.mean()) if kind in {"share", "number"} else float(np.median(ordered))


def _typical(ordered: Array, kind: str) -> dict[str, float]:
    """Mean or median of sorted numbers, with its 95% interval: Hall's, or between two order statistics."""
    n = len(ordered)
    middle = _middle(ordered, kind)
    if n < 2:
        return {"n": n, "typical": middle, "low": np.nan, "high": np.nan}
    half = Z * np.sqrt(n) / 2
    if kind in {"share", "number"}:
        bounds = (0.0, 1.0) if kind == "share" else (-np.inf, np.inf)
        ends = mean_interval(ordered, *bounds)
        return {"n": n, "typical": middle, "low": ends[0], "high": ends[1]}
    low, high = max(int(np.floor(n / 2 - half)), 0), min(int(np.ceil(n / 2 + half)), n - 1)
    return {"n": n, "typical": middle, "low": float(ordered[low]), "high": float(ordered[high])}


def _ascending(told: Array) -> Array:
    """What is known, in order; what is not is sorted last, and left off."""
    ordered = np.sort(told)
    return ordered[: len(ordered) - int(np.isnan(ordered).sum())]


def _below(ordered: Array, at: Array) -> Array:
    """Share of sorted numbers below each of `at`, sorted as well and not empty, ties counted half."""
    # Of equal numbers only one is looked up: most of a million customers have theirs in common with others.
    first = np.flatnonzero(np.append(True, at[1:] != at[:-1]))
    once = at[first]
    left, right = np.searchsorted(ordered, once, "left"), np.searchsorted(ordered, once, "right")
    share = (left + right) / (2 * max(len(ordered), 1))
    return np.asarray(np.repeat(share, np.diff(np.append(first, len(at)))))


def _spread(inside: Array, everyone: Array) -> dict[str, float]:
    if not len(inside):
        return {
            "lower": np.nan,
            "upper": np.nan,
            "place": np.nan,
            "place_lower": np.nan,
            "place_upper": np.nan,
        }
    lower, middle, upper = np.quantile(inside, [0.25, 0.5, 0.75])
    place_lower, place, place_upper = _below(everyone, np.array([lower, middle, upper]))
    return {
        "lower": float(lower),
        "upper": float(upper),
        "place": float(place),
        "place_lower": float(place_lower),
        "place_upper": float(place_upper),
    }


def _exceeds(inside: Array, outside: Array) -> dict[str, float]:
    n, m = len(inside), len(outside)
    if n < 2 or m < 2:
        return {"exceeds": np.nan, "exceeds_low": np.nan, "exceeds_high": np.nan}
    of_members, of_others = _below(outside, inside), 1 - _below(inside, outside)
    chance = float(of_members.mean())
    variance = float(of_members.var(ddof=1)) / n + float(of_others.var(ddof=1)) / m
    t = float(special.stdtrit(min(n, m) - 1, 0.975))  # the smaller side is what little is known of
    low, high = share_interval(np.array([chance]), np.array([variance]), min(n, m), z=t)
    return {"exceeds": chance, "exceeds_low": float(low[0]), "exceeds_high": float(high[0])}


def _classes(
    persona: str, feature: Feature, classes: list[str], inside: Array, outside: Array
) -> Iterator[dict[str, Any]]:
    here = np.bincount(inside[inside >= 0], minlength=len(classes))
    there = np.bincount(outside[outside >= 0], minlength=len(classes))
    known, others = int(here.sum()), int(there.sum())
    lows, highs = wilson(here, np.full(len(here), known))
    for at, value in enumerate(classes):
        yield {
            "persona": persona,
            "feature": feature.name,
            "value": str(value),
            "customers": int(here[at]),
            "known": known,
            "share": here[at] / known if known else np.nan,
            "low": lows[at],
            "high": highs[at],
            "rest": there[at] / others if others else np.nan,
            "others": int(there[at]),
            "others_known": others,
            "members": len(inside),
        }
    unknown = len(inside) - known
    yield {
        "persona": persona,
        "feature": feature.name,
        "value": UNKNOWN,
        "customers": unknown,
        "known": len(inside),
        "share": unknown / len(inside) if len(inside) else np.nan,
        "low": np.nan,
        "high": np.nan,
        "rest": np.nan,
        "others": len(outside) - others,
        "others_known": len(outside),
        "members": len(inside),
    }
