"""Two groups side by side in any view: what differs, how surely, and which few rows make up most of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from journey_lib.engine import is_view, together
from journey_lib.errors import ParameterError
from journey_lib.intervals import Array, difference, discoveries, two_sided
from journey_lib.journeys import sides
from journey_lib.journeys.cut import Cutting, instant
from journey_lib.journeys.detours import WHOLE
from journey_lib.journeys.paths import PathTable
from journey_lib.model import CONVERTED, MICROSECONDS, NO_TOUCH, OTHER, Result, duration
from journey_lib.touches import Touches

# By the name of a Result: the columns that say what a row is about, what is counted there, and of how many.
VIEWS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "transitions": (("from", "to"), "journeys", "of"),
    "around": (("side", "name"), "journeys", "of"),
    "flows": (("step", "from", "to"), "journeys", "of"),
    "step_matrix": (("step", "name"), "journeys", "of"),
    "first_touches": (("channel",), "conversions", "over"),
    "last_touches": (("channel",), "conversions", "over"),
    "lengths": (("length",), "conversions", "over"),
    "durations": (("days",), "conversions", "over"),
    "pattern": (("group",), "conversions", "over"),
    "detours": (("stage", "move"), "journeys", "of"),
    "funnel": (("step",), "customers", "of_previous"),
    "funnel_trend": (("week", "step"), "customers", "of"),
    "dropped": (("step", "what", "name"), "customers", "of"),
    "touchpoints": (("touchpoint",), "conversions", "over"),
    "retention": (("cohort", "month"), "customers", "of"),
    "sessions": (("touches",), "sessions", "of"),
    "stages_now": (("step",), "customers", "of"),
    "planned_steps": (("step",), "followed", "journeys"),
    "planned_moves": (("from", "to", "kind"), "journeys", "of"),
    "plan_outcomes": (("group",), "conversions", "over"),
    "plan_outcomes_by_reach": (("reached", "group"), "conversions", "over"),
    "paths": (("path",), "journeys", "of"),
}
# What is said of every row, of both groups.
MEASURED = (
    *("n_a", "of_a", "n_b", "of_b", "share_a", "share_b"),
    *("difference", "low", "high", "chance"),
)
CURVES = ("time_to", "repeat")  # compared day by day, since part of the people were not watched to the end
LISTED = {"deviations": "deviation"}  # lists of the most frequent: only what stands in both is compared
MOST = 0.8  # of what two groups differ in all
FALSE = 0.05  # share of the differences called real that may be chance

View = Callable[..., Result]


# How two sides are guarded (`Result.suppressed`): with both together, which other tables show, either of them
# tells the other. Rows of one base add up to it, or to less.
_SHOWN = ("n_a", "n_b", "share_a", "share_b", "difference", "low", "high", "chance", "part")
_GUARDED: Mapping[str, Any] = {
    "people": ("of_b", "n_a", "n_b"),
    "within": {"n_a": ("of_a",), "n_b": ("of_b",)},
    "tell": {"n_a": _SHOWN, "n_b": _SHOWN, "of_b": _SHOWN},
    "sums": {"n_a": (("of_a",),), "n_b": (("of_b",),)},
}


def compare(
    view: View,
    source: Any,
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    *,
    names: tuple[str, str] = ("a", "b"),
    **shared: Any,
) -> Result:
    """What differs between two groups, or two periods, in one view.

    `view` is asked twice about `source`: with the options of `a` and with those of `b` (a `group`, a
    `period`, `customers`), and with the `shared` ones both times::

        compare(journeys.transitions, touches, {"group": app}, {"group": rest(app)}, names=("app", "others"))

    Columns: those that say what a row is about, n_a, of_a and share_a, the same for b, difference (a less b)
    with low and high (95%, Newcombe's hybrid score), structural (the row is about what the groups are
    defined by, and could not but differ), chance (two-sided, pooled score test), real (when at most 5% of
    the rows called so may be chance: Benjamini and Hochberg), part (of all that is different: the row's
    difference in the number that would be counted if both groups were as large as the first). Structural
    rows have no chance and no part. Facts: rows, real_rows, structural_rows, few: how many rows make up
    80% of the whole difference, and counted: what the shares are of.

    Rows are taken as independent observations, and so are the groups: a customer in both makes intervals a
    little too narrow. That two groups differ says nothing about why.

    Groups that are defined by how journeys ended cannot be compared by conversion rates; of views that count
    those, the part of all journeys in each row is compared instead. Curves (`funnel.time_to`,
    `retention.repeat`) are compared after a week, two, a month and so on: shares are Kaplan and Meier's, and
    the fact log_rank is the chance for the curves as a whole (see `sides.curves`). Of `paths` the most
    frequent of either group are compared, counted in both.

    Raises
    ------
    ParameterError
        The view is none that shares can be compared in.
    """
    asked = {name: partial(view, source, **side, **shared) for name, side in (("a", a), ("b", b))}
    alike = all(is_view(ask) for ask in asked.values())  # then every bucket is read and cut once for both
    found = together(asked) if alike else {name: ask() for name, ask in asked.items()}
    return beside(found["a"], found["b"], names)


def beside(one: Result | PathTable, other: Result | PathTable, names: tuple[str, str] = ("a", "b")) -> Result:
    """Two results of one view side by side: see `compare`."""
    if isinstance(one, PathTable) and isinstance(other, PathTable):
        one, other = sides.paths(one, other)
    if isinstance(one, PathTable) or isinstance(other, PathTable) or one.name != other.name:
        raise _incomparable(one, other)
    given = {*one.settings.get("defined_by", ()), *other.settings.get("defined_by", ())}
    if CONVERTED in given:  # without any touch there is nothing but the conversion
        given |= {NO_TOUCH, "0"}
    whole: dict[str, Any] = {}
    if one.name in CURVES:
        counted = "there"
        apart, whole["log_rank"] = sides.curves(one, other)
        about, measured = apart[["day"]], {name: apart[name].to_numpy(float) for name in MEASURED}
    else:
        counted, about, measured = _shares(one, other, outcome=CONVERTED in given)
    structural = about.isin(given).any(axis=1).to_numpy()
    chance = np.where(structural, np.nan, measured["chance"])
    weight = np.where(structural, 0.0, np.nan_to_num(np.abs(measured["difference"]) * measured["of_a"]))
    part = weight / (weight.sum() or 1.0)
    judged = {"structural": structural, "chance": chance, "real": discoveries(chance, FALSE), "part": part}
    order = np.argsort(-part, kind="stable")  # the rows come in the order of their keys
    rows: dict[Any, Any] = {name: about[name].take(order).reset_index(drop=True) for name in about}
    table = pd.DataFrame(rows | {name: column.take(order) for name, column in (measured | judged).items()})
    reached = np.flatnonzero(np.cumsum(table["part"].to_numpy()) >= MOST - 1e-12)
    facts = {
        "rows": len(table),
        "real_rows": int(table["real"].sum()),
        "structural_rows": int(structural.sum()),
        "few": int(reached[0]) + 1 if len(reached) else 0,
        "a": names[0],
        "b": names[1],
        "view": one.name,
        "counted": counted,
        **whole,
    }
    settings = {"a": dict(one.settings), "b": dict(other.settings), "names": list(names), "key": list(about)}
    return Result("compared", table, facts, settings, base="of_a", **_GUARDED)


def _incomparable(one: Result | PathTable, other: Result | PathTable) -> ParameterError:
    first, second = (getattr(each, "name", "paths") for each in (one, other))
    known = ", ".join([*VIEWS, *CURVES, *LISTED])
    return ParameterError(
        f"'{first}' and '{second}' cannot be compared",
        do=f"compare two results of one of these views: {known}",
    )


def _shares(one: Result, other: Result, *, outcome: bool) -> tuple[str, pd.DataFrame, dict[str, Array]]:
    """Two views of shares: what is counted, what the rows are about, and both sides of each.

    `outcome`: the groups are defined by how journeys ended.
    """
    if one.name not in VIEWS and one.name not in LISTED:
        raise _incomparable(one, other)
    key, counted, base = VIEWS.get(one.name, ((LISTED.get(one.name, ""),), "journeys", ""))
    if outcome and counted == "conversions":
        counted, base = "journeys", ""
    about, counts, shared = _aligned(one, other, key, counted, base)
    kept = (about[key[0]] != WHOLE).to_numpy()  # the sum of the other rows says nothing of its own
    if one.name in LISTED:
        kept = kept & shared & (about[key[0]] != OTHER).to_numpy()
    about, (n_a, of_a, n_b, of_b) = about[kept], counts[:, kept]
    share_a, share_b = (n / np.where(of > 0, of, np.nan) for n, of in ((n_a, of_a), (n_b, of_b)))
    measured = (n_a, of_a, n_b, of_b, share_a, share_b, *difference(n_a, of_a, n_b, of_b))
    return counted, about, dict(zip(MEASURED, (*measured, _chance(n_a, of_a, n_b, of_b)), strict=True))


def differences(compared: Sequence[Result]) -> Result:
    """In which views two groups differ, of several results of `compare`: a line a view.

    Columns view, counted (what the shares of the view are of), comparisons, real (rows that differ by more
    than chance explains), rows_behind_80_percent (how many make up so much of the whole difference), and of
    the largest of the real ones what it is about (joined by " > "), difference, low and high.
    """
    rows = []
    for result in compared:
        real = real_rows(result)
        first: Mapping[Any, Any] = real.iloc[0].to_dict() if len(real) else {}
        said = {"view": result.facts["view"], "counted": result.facts["counted"]}
        said |= {"comparisons": result.facts["rows"], "real": len(real)}
        said["rows_behind_80_percent"] = result.facts["few"]
        said["largest"] = " > ".join(str(first[name]) for name in result.settings["key"]) if first else ""
        rows.append(said | {name: first.get(name, np.nan) for name in ("difference", "low", "high")})
    return Result("differences", pd.DataFrame(rows), {"real": sum(row["real"] for row in rows)})


def real_rows(compared: Result) -> pd.DataFrame:
    """The rows of a comparison that differ by more than chance explains, those of too few people left out."""
    table = compared.table
    told = table["real"] & ~table["structural"]
    return table[told & table["difference"].notna()]


def last_two(touches: Touches, length: str, cutting: Cutting) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of two periods, `length` each: the last of what is cut, and the one before it.

    Whole days in the table's time zone; the second ends where the first begins.
    """
    zone = ZoneInfo(touches.timezone)
    given = (cutting.get("period") or (None, None))[1]
    end = instant(given, touches.timezone)
    until = touches.period[1] + 1 if end is None else min(end, touches.period[1] + 1)
    days = dt.timedelta(days=max(1, round(duration(length) / MICROSECONDS["d"])))
    after = dt.datetime.fromtimestamp((until - 1) / 1e6, zone).date() + dt.timedelta(days=1)
    whole: dict[str, Any] = dict(cutting)
    return whole | {"period": (after - days, after)}, whole | {"period": (after - 2 * days, after - days)}


def _aligned(
    one: Result, other: Result, key: Sequence[str], counted: str, base: str
) -> tuple[pd.DataFrame, Array, Array]:
    """What the rows of either result are about, in order; n_a, of_a, n_b and of_b; which rows both have.

    A row that one group does not have counts nothing there, of as many as its neighbours are of: those that
    share all of the row's key but its last column, steps out of one channel, say. Without a `base` rows are
    parts of one whole, and all are neighbours.
    """
    tables = [result.table for result in (one, other)]
    if base:
        tables = [table[table[base].notna()] for table in tables]
    about = pd.concat([table[[*key]] for table in tables], ignore_index=True).infer_objects()
    place, near = np.zeros(len(about), np.int64), np.zeros(len(about), np.int64)
    for name in key:
        code, values = pd.factorize(about[name], sort=True, use_na_sentinel=False)
        near, place = place, place * len(values) + code
    which, first, row = np.unique(place, return_index=True, return_inverse=True)
    _, near = np.unique(near[first], return_inverse=True)
    counts, shared = [], np.zeros(len(which), np.int64)
    for table, at in zip(tables, np.split(row, [len(tables[0])]), strict=True):
        n, of = np.zeros(len(which)), np.full(len(which), np.nan)
        n[at] = table[counted].fillna(0.0)
        of[at if base else slice(None)] = table[base] if base else n.sum()
        if base and len(key) > 1:
            most = np.full(near.max(initial=-1) + 1, np.nan)
            np.fmax.at(most, near, of)
            of = np.where(np.isnan(of), most[near], of)
        counts += [n, np.nan_to_num(of)]
        shared[at] += 1
    return about.take(first), np.array(counts), shared == len(tables)


def _chance(n_a: Array, of_a: Array, n_b: Array, of_b: Array) -> Array:
    """Two-sided chance that two proportions differ so much though they are the same (pooled score test)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (n_a + n_b) / (of_a + of_b)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / of_a + 1 / of_b))
        z = np.where(spread > 0, (n_a / of_a - n_b / of_b) / spread, 0.0)
    chance = two_sided(z)
    return np.where((of_a > 0) & (of_b > 0), chance, np.nan)
