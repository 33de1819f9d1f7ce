"""How journeys end that went as planned, and those that deviated, by kind of deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
import pandas as pd

from journey_lib.conformance.laid import (
    AS_PLANNED,
    GROUPS,
    OUTSIDE,
    Cutting,
    Laid,
    laying,
    pattern_name,
    settings,
    summed,
)
from journey_lib.engine import Asking, Pass, view
from journey_lib.intervals import difference, wilson
from journey_lib.journeys import Group, add
from journey_lib.journeys.cut import Array
from journey_lib.journeys.moves import RATE, distinct_people
from journey_lib.maps import Plan
from journey_lib.model import OTHER, Result
from journey_lib.touches import Touches

_WEIGHTS = ("journeys", "over", "open", "conversions", "value")
_ENDS = [
    *("journeys", "customers", "over", "open", "conversions"),
    *("conversion_rate", "low", "high", "value", "value_per_conversion", "nulls"),
]
# How endings are guarded (`Result.suppressed`): what is over and did not convert is of as many people.
_GUARDED: Mapping[str, Any] = {
    "people": ("conversions", "nulls"),
    "tell": {"conversions": RATE, "nulls": ("over", "open", *RATE)},
    "about": {"conversions": ("value", "value_per_conversion")},
    "unseen": ("nulls",),
}
# Rows that add up to all journeys.
_WHOLE: Mapping[str, Any] = {"parts": ((),), "sums": {"conversions": ((),), "nulls": ((),)}}


@view
def deviations(
    touches: Touches,
    plan: Plan,
    *,
    n: int = 12,
    k: int = 1,
    group: Group | None = None,
    **cutting: Unpack[Cutting],
) -> Asking[Result]:
    """In which ways journeys leave the plan, and how often each ended in a conversion.

    One row a pattern: everything a journey deviates in, joined by " + " (``skipped:compare``,
    ``out_of_order:advise``, ``repeated:visit``, ``unplanned``). First "(as planned)" and, for journeys
    without a contact of any step, "(outside the plan)"; then the `n` most frequent patterns of at least `k`
    customers; all others in "(other)". The rows add up to all journeys.

    Columns deviation, journeys, customers (unknown for "(other)", where one person may have several
    patterns), over (with a known outcome), open, conversions, conversion_rate of those that are over with low
    and high (Wilson), value (major units), value_per_conversion.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    found = yield Pass(laying(touches, plan, group, cutting), _by_pattern, _same_patterns)
    whole = pd.DataFrame({name: found[name] for name in (*_WEIGHTS, "customers")})
    outside = 1 << (3 * len(plan.steps) + 1)
    whole["deviation"] = [pattern_name(int(code), plan) for code in found["pattern"]]
    ends = whole["deviation"].isin([AS_PLANNED, OUTSIDE])
    patterns = whole[~ends].sort_values(["journeys", "deviation"], ascending=[False, True])
    listed = patterns[patterns["customers"] >= k][:n]
    rest = patterns.drop(listed.index)
    nobody = dict.fromkeys((*_WEIGHTS, "customers"), 0)
    first = [
        whole[ends].set_index("deviation").to_dict("index").get(name, nobody) | {"deviation": name}
        for name in (AS_PLANNED, OUTSIDE)
    ]
    people = int(rest["customers"].sum())
    known = len(rest) <= 1 or people < k
    other = {
        **{name: int(rest[name].sum()) for name in _WEIGHTS},
        "customers": people if known else np.nan,
        "deviation": OTHER,
    }
    table = pd.DataFrame([*first, *listed.to_dict("records"), other])
    facts = {
        "journeys": int(whole["journeys"].sum()),
        "deviating": int(patterns["journeys"].sum()),
        "patterns": len(patterns),
        "outside": int(found["journeys"][found["pattern"] == outside].sum()),
    }
    table = _rated(table, touches)[["deviation", *_ENDS]]
    said = settings(touches, plan, group, cutting)
    return Result("deviations", table, facts, said, "journeys", **_GUARDED, **_WHOLE)


@view
def outcomes(
    touches: Touches, plan: Plan, *, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """Whether journeys that went as planned ended otherwise than the others: association, never cause.

    Rows conforming, deviating, and outside (no contact of any step). Columns group, journeys, customers (one
    person may be in several rows), over (with a known outcome: open journeys are in no rate), open,
    conversions, conversion_rate with low and high (Wilson), value (major units), value_per_conversion.

    Facts, conforming less deviating with 95% intervals, NaN where there is nothing to compare: difference
    (low, high: Newcombe 1998, hybrid score), and like_for_like, among journeys that got equally far in the
    plan. A journey that has barely begun had no occasion to deviate, so only the second compares like with
    like: the mean of the differences by last step reached, with Mantel and Haenszel's weights, and its
    interval put together from theirs (MOVER, Zou and Donner 2008). See `outcomes_by_reach`.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    counts, apart = yield from _ended(touches, plan, group, cutting)
    groups = {name: count.sum(axis=0) for name, count in counts.items()} | {"customers": apart}
    table = _rated(pd.DataFrame({"group": GROUPS, **groups}), touches)[["group", *_ENDS]]
    won, over = groups["conversions"], groups["over"]
    crude = [float(value) for value in difference(won[0], over[0], won[1], over[1])]
    same = _like_for_like(counts["conversions"], counts["over"])
    facts = {
        "journeys": int(table["journeys"].sum()),
        "over": int(over[0] + over[1]),
        **dict(zip(("difference", "difference_low", "difference_high"), crude, strict=True)),
        **dict(zip(("like_for_like", "like_for_like_low", "like_for_like_high"), same, strict=True)),
    }
    said = settings(touches, plan, group, cutting)
    return Result("plan_outcomes", table, facts, said, "journeys", **_GUARDED, **_WHOLE)


@view
def outcomes_by_reach(
    touches: Touches, plan: Plan, *, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """How journeys that got equally far in the plan ended, as planned or not: association, never cause.

    Two rows a step, conforming and deviating, of the journeys whose last step of the plan it is. Columns
    reached (the step), then those of `outcomes`. Journeys that met no step are in no row.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    counts, _ = yield from _ended(touches, plan, group, cutting)
    cells = {name: count[1:, :2].ravel() for name, count in counts.items()}
    names = {
        "reached": np.repeat([step.step for step in plan.steps], 2),
        "group": GROUPS[:2] * len(plan.steps),
    }
    table = _rated(pd.DataFrame({**names, **cells}), touches)[["reached", "group", *_ENDS]]
    facts = {"journeys": int(table["journeys"].sum())}
    said = settings(touches, plan, group, cutting)
    # the rows of a group add up to it, but for what met no step
    lines: dict[str, Any] = {"parts": (("group",),), "sums": dict.fromkeys(_GUARDED["people"], (("group",),))}
    return Result("plan_outcomes_by_reach", table, facts, said, "journeys", **_GUARDED, **lines)


def _ended(
    touches: Touches, plan: Plan, group: Group | None, cutting: Cutting
) -> Asking[tuple[dict[str, Array], Array]]:
    """Counts by steps reached (row) and group (column), and the customers of each group."""
    found = yield Pass(laying(touches, plan, group, cutting), _by_reach, summed)
    apart = found.pop("apart")
    return {name: count.reshape(-1, len(GROUPS)) for name, count in found.items()}, apart


def _weights(laid: Laid) -> dict[str, Array]:
    found = laid.journeys
    return {
        "journeys": np.ones(len(found), np.int64),
        "over": (~found.open).astype(np.int64),
        "open": found.open.astype(np.int64),
        "conversions": found.converted.astype(np.int64),
        "value": found.value,
    }


def _by_pattern(laid: Laid) -> dict[str, Array]:
    group, pattern = pd.factorize(laid.pattern)
    counts = {name: add(group, weight, len(pattern)) for name, weight in _weights(laid).items()}
    customers = distinct_people(group, laid.journeys.customer, len(pattern))
    return {"pattern": pattern, **counts, "customers": customers}


def _same_patterns(parts: list[dict[str, Array]]) -> dict[str, Array]:
    group, pattern = pd.factorize(np.concatenate([part["pattern"] for part in parts]))
    counts = {name: np.concatenate([part[name] for part in parts]) for name in (*_WEIGHTS, "customers")}
    return {"pattern": pattern, **{name: add(group, count, len(pattern)) for name, count in counts.items()}}


def _by_reach(laid: Laid) -> dict[str, Array]:
    """Counts of every cell of steps reached by group, and the customers of each group."""
    size, customer = len(GROUPS), laid.journeys.customer
    cell = (np.bitwise_count(laid.aligned.reached) * size).take(laid.aligned.way) + laid.group
    cells = (laid.aligned.steps + 1) * size
    return {
        **{name: add(cell, weight, cells) for name, weight in _weights(laid).items()},
        "customers": distinct_people(cell, customer, cells),
        "apart": distinct_people(laid.group, customer, size),
    }


def _rated(table: pd.DataFrame, touches: Touches) -> pd.DataFrame:
    """Counts with their conversion rate and value."""
    over, won = table["over"], table["conversions"]
    low, high = wilson(won.to_numpy(), over.to_numpy())
    value = table["value"] / 10**touches.digits
    return table.assign(
        nulls=over - won,
        conversion_rate=won / over.where(over > 0),
        low=low,
        high=high,
        value=value,
        value_per_conversion=value / won.where(won > 0),
    )


def _like_for_like(won: Array, over: Array) -> tuple[float, float, float]:
    """Mean difference of two groups' rates over the rows in which both are, with its 95% interval.

    Each row weighs n_a n_b / (n_a + n_b) (Mantel and Haenszel); the distances of the rows' limits from their
    differences add up as variances would (Zou and Donner 2008).
    """
    both = np.flatnonzero((over[:, 0] > 0) & (over[:, 1] > 0))
    if not len(both):
        return np.nan, np.nan, np.nan
    n_a, n_b = over[both, 0].astype(float), over[both, 1].astype(float)
    weight = n_a * n_b / (n_a + n_b)
    weight /= weight.sum()
    each, low, high = difference(won[both, 0], n_a, won[both, 1], n_b)
    mean = float(weight @ each)
    below, above = (np.linalg.norm(weight * distance) for distance in (each - low, high - each))
    return mean, float(mean - below), float(mean + above)
