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

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.features import Feature, Features
from journey_lib.intervals import (
    Z,
    carried,
    carriers,
    mean_interval,
    order_free_total,
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


def sizes(
    features: Features, members: pd.Series[Any], *, value: str = "value", conversions: str = "conversions"
) -> Result:
    """How many belong to each persona, what part of the money is theirs, and how many of them buy.

    Table, a row a persona, the most likely to convert first: persona, customers, share (of all customers
    with features) with low and high (Wilson); value, value_share with value_low and value_high; payers
    (members who brought any value, not shown); buyers,
    conversion_rate (members with at least one conversion in the window) with rate_low and rate_high
    (Wilson); repeaters, repeat_rate (buyers who converted more than once in the window) with repeat_low and
    repeat_high (Wilson); mean_value with mean_low and mean_high (Hall's, for skewed numbers; missing where
    all are worth the same), and carriers (members of equal worth whose sum would vary as much: where they are
    few, intervals of money are too narrow). Shares of money take customers as independent and linearise the
    ratio (Särndal, Swensson and Wretman 1992, section 5.6), wider where few carry the variance; missing where
    refunds make a total or a part negative. Facts: customers, placed, not_placed, value.
    """
    group, names = grouped(features, members)
    money = features.frame[_column(features, value)].fillna(0).to_numpy(float)
    bought = features.frame[_column(features, conversions)].fillna(0).to_numpy(float)
    everyone, total = len(group), float(order_free_total(money[:, None])[0])
    rows = [_size(group == code, money, bought, total) for code in range(len(names))]
    columns = list(_size(np.zeros(everyone, bool), money, bought, total))
    table = pd.DataFrame(rows, pd.Index(names, name="persona"), columns).reset_index()
    customers, buyers, again = (table[name].to_numpy() for name in ("customers", "buyers", "repeaters"))
    table["low"], table["high"] = wilson(customers, np.full(len(table), everyone))
    table["rate_low"], table["rate_high"] = wilson(buyers, customers)
    table["repeat_low"], table["repeat_high"] = wilson(again, buyers)
    table.insert(2, "share", table["customers"] / everyone)
    table = table.sort_values(["conversion_rate", "customers", "persona"], ascending=[False, False, True])
    placed = int((group >= 0).sum())
    apart: dict[Any, Any] = {
        name: (int((each[group < 0] > 0).sum()), int((each[group < 0] <= 0).sum()))
        for name, each in (("buyers", bought), ("payers", money))
    }
    rates = ("conversion_rate", "rate_low", "rate_high")
    again_of = ("repeat_rate", "repeat_low", "repeat_high")
    money_of = (
        "value", "value_share", "value_low", "value_high", "mean_value", "mean_low", "mean_high", "carriers",
    )  # fmt: skip
    return Result(
        "persona_sizes",
        table.reset_index(drop=True),
        {"customers": everyone, "placed": placed, "not_placed": everyone - placed, "value": total},
        features.settings | {"value": value, "conversions": conversions},
        base="customers",
        people=("payers", "buyers", "repeaters"),
        within={"payers": ("customers",), "buyers": ("customers",), "repeaters": ("buyers", "customers")},
        tell={"buyers": (*rates, *again_of), "repeaters": again_of},
        about={"payers": money_of},
        parts=((),),
        sums={"payers": ((),), "buyers": ((),)},  # of all who bought, and their money, other results tell
        groups={"persona": ("customers",)},
        besides={"persona": everyone - placed, **apart},
        unseen=("payers",),
        heads={"placed": ("not_placed",), "not_placed": ("placed",)},
    )


def accounts(
    features: Features, members: pd.Series[Any], known: pd.Index[Any] | None = None, *, k: int = 1
) -> Result:
    """Where every customer of the feature table is, in a group or in none and why, and what they bring.

    `known` are those known well enough to be placed; None where groups are made by rules, of all who bought.
    Table, a row a part of all: group, customers, share, value, value_share. Those in no group are one part
    where fewer than `k` are in none for one of the reasons. Facts: customers, placed, not_placed, value.
    """
    money = features.frame["value"].fillna(0).to_numpy(float)
    placed = features.frame.index.isin(members.index)
    parts = {"in a persona": placed, "in none of these": ~placed}
    if known is None:
        parts = {"in a group": placed, "bought nothing in this window": ~placed}
    else:
        enough = features.frame.index.isin(known)
        why = {"fit none": ~placed & enough, "known too little": ~placed & ~enough}
        if not any(0 < inside.sum() < k for inside in why.values()):
            parts = {"in a persona": placed, **why}
    total = float(order_free_total(money[:, None])[0])
    values = [
        float(order_free_total(money[each][:, None])[0]) if each.any() else 0.0 for each in parts.values()
    ]
    table = pd.DataFrame({"group": list(parts), "customers": [int(each.sum()) for each in parts.values()]})
    table["share"] = table["customers"] / max(len(placed), 1)
    table["value"] = values
    table["value_share"] = table["value"] / total if total else np.nan
    many = int(placed.sum())
    facts = {"customers": len(placed), "placed": many, "not_placed": len(placed) - many, "value": total}
    heads = {"placed": ("not_placed",), "not_placed": ("placed",)}
    return Result("persona_accounts", table, facts, features.settings, "customers", parts=((),), heads=heads)


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


def _column(features: Features, name: str) -> str:
    if name not in features.frame:
        raise ParameterError(f"there is no feature '{name}'", do=did_you_mean(name, features.frame.columns))
    return name


def compared(inside: Array, outside: Array, kind: str) -> dict[str, Any]:
    """Sorted numbers of members now beside those of then: what is typical, and who has more."""
    middle = {"typical": _middle(inside, kind), "mean": _mean(inside)}
    then = {"before_n": len(outside), "before": _middle(outside, kind), "before_mean": _mean(outside)}
    return {"n": len(inside)} | middle | then | _exceeds(inside, outside)


def _size(inside: Array, money: Array, bought: Array, total: float) -> dict[str, Any]:
    n, theirs = int(inside.sum()), float(order_free_total(money[inside][:, None])[0]) if inside.any() else 0.0
    share, low, high = _part_of(money, inside, theirs, total)
    mean = theirs / n if n else np.nan
    buyers, again = (int((bought[inside] > least).sum()) for least in (0, 1))
    payers = int((money[inside] > 0).sum())
    owed = n > 0 and float(money[inside].min()) < 0  # more sent back than bought
    mean_low, mean_high = mean_interval(money[inside], -np.inf if owed else 0.0)
    return {
        "customers": n,
        "value": theirs,
        "value_share": share,
        "value_low": low,
        "value_high": high,
        "payers": payers,
        "buyers": buyers,
        "conversion_rate": buyers / n if n else np.nan,
        "repeaters": again,
        "repeat_rate": again / buyers if buyers else np.nan,
        "mean_value": mean,
        "mean_low": mean_low,
        "mean_high": mean_high,
        "carriers": carriers(money[inside]),
    }


def _part_of(money: Array, inside: Array, theirs: float, total: float) -> tuple[float, float, float]:
    """What part of all money the members bring, with its interval; missing where that is no part."""
    share = theirs / total if total > 0 else np.nan
    if not 0 <= share <= 1 or (len(money) and money.min() < 0):
        return share if 0 <= share <= 1 else np.nan, np.nan, np.nan
    # A customer's pull on the ratio: what the persona's share would lose without them.
    pull = (inside - share) * money / total
    variance = float(order_free_total((pull**2)[:, None])[0])
    paying = int(np.count_nonzero(money))  # what is nothing or all of the money only they can tell
    ends = share_interval(np.array([share]), np.array([variance]), paying, z=carried(pull))
    return share, float(ends[0][0]), float(ends[1][0])


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
