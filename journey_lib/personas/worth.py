"""How many are of each persona and what they bring, and how these and all others add up to everybody."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.features import Features
from journey_lib.intervals import carried, carriers, mean_interval, order_free_total, share_interval, wilson
from journey_lib.model import Result
from journey_lib.personas.portrait import grouped

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
    rows = [_size(group == code, money, bought) for code in range(len(names))]
    columns = list(_size(np.zeros(everyone, bool), money, bought))
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
    Table, a row a part of all: group, customers, share, value, value_share; payers (who brought any value,
    not shown). Those in no group are one part where fewer than `k` are in none for one of the reasons.
    Facts: customers, placed, not_placed, value.
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
    table["payers"] = [int((money[each] > 0).sum()) for each in parts.values()]
    table["value"] = values
    table["value_share"] = table["value"] / total if total else np.nan
    many = int(placed.sum())
    facts = {"customers": len(placed), "placed": many, "not_placed": len(placed) - many, "value": total}
    return Result(
        "persona_accounts",
        table,
        facts,
        features.settings,
        base="customers",
        people=("payers",),
        about={"payers": ("value", "value_share")},
        parts=((),),
        sums={"payers": ((),)},
        unseen=("payers",),
        heads={"placed": ("not_placed",), "not_placed": ("placed",)},
    )


def _column(features: Features, name: str) -> str:
    if name not in features.frame:
        raise ParameterError(f"there is no feature '{name}'", do=did_you_mean(name, features.frame.columns))
    return name


def _size(inside: Array, money: Array, bought: Array) -> dict[str, Any]:
    n, theirs = int(inside.sum()), float(order_free_total(money[inside][:, None])[0]) if inside.any() else 0.0
    share, low, high = part_of(money, inside)
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


def part_of(money: Array, inside: Array) -> tuple[float, float, float]:
    """What part of all money the members bring, with its 95% interval; missing where that is no part.

    A ratio of two sums over the same customers, its variance by linearisation (Woodruff 1971), its interval
    on the logit scale and wider where few customers carry the variance.
    """
    theirs, total = (float(order_free_total(each[:, None])[0]) for each in (money * inside, money))
    share = theirs / total if total > 0 else np.nan
    if not -1e-12 <= share <= 1 + 1e-12 or money.min() < 0:
        return share if 0 <= share <= 1 else np.nan, np.nan, np.nan
    # A customer's pull on the ratio: what the members' share would lose without them.
    pull = (inside - share) * money / total
    variance = float(order_free_total((pull**2)[:, None])[0]) * len(money) / max(len(money) - 1, 1)
    paying = int(np.count_nonzero(money))  # what is nothing or all of the money only they can tell
    ends = share_interval(np.array([share]), np.array([variance]), paying, z=carried(pull))
    return share, float(ends[0][0]), float(ends[1][0])
