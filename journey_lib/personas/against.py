"""In what the people of a persona do better or worse: beside everybody else, and beside the last time.

Better is what a shop wants more of (`WANTED`): it is declared, not found. How people like to come, and when,
is neither better nor worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.features import Features
from journey_lib.intervals import Z, discoveries, two_sided
from journey_lib.model import Result
from journey_lib.personas.portrait import UNITS, compared, grouped
from journey_lib.suppression import IN_NONE

Array = npt.NDArray[Any]
FALSE = 0.05  # of what is called a difference, how much may be chance
# Which way is good: 1, the more the better; -1, the less.
WANTED: Mapping[str, int] = {
    "conversions": 1,
    "value": 1,
    "mean_value": 1,
    "stage_depth": 1,
    "active_days": 1,
    "recency_days": -1,
    "recency_conversion_days": -1,
    "tickets": -1,
    "returns": -1,
    "surveys_answered": 1,
}
SCORES = "score_"  # of questions: csat, nps and ces are all asked so that more is better


def wanted(feature: str) -> int:
    """1 where more of a feature is better, -1 where less is, 0 where neither is."""
    return 1 if feature.startswith(SCORES) else WANTED.get(feature, 0)


def strengths(traits: Result) -> Result:
    """In which traits members do better, or worse, than everybody else (`personas.traits`).

    Table, a row for each persona and trait that can be better or worse: persona, feature, unit, kind,
    members, n, typical, mean, rest, rest_mean, others, rest_n, exceeds (chance that a member has more of it
    than somebody else) with exceeds_low and exceeds_high, side: "strength", "weakness", or "" where the
    difference may be chance (Benjamini and Hochberg, 5%, over the whole table). It describes; what made it so
    is not known.
    """
    table = traits.table
    table = table[np.array([wanted(str(name)) != 0 for name in table["feature"]], bool)]
    columns = ["persona", "feature", "unit", "kind", "members", "n", "typical", "mean"]
    columns += ["rest", "rest_mean", "others", "rest_n"]
    table = table[[*columns, "exceeds", "exceeds_low", "exceeds_high"]].reset_index(drop=True)
    table["side"] = _sides(table, ("strength", "weakness"), real=_real(table))
    return replace(traits, name="persona_strengths", table=table)


def changes(
    before: Features,
    were: pd.Series[Any],
    now: Features,
    are: pd.Series[Any],
    *,
    comparable: frozenset[str] | None = None,
) -> Result:
    """What is different about the people of each persona since an earlier day, trait by trait.

    `were` and `are` name the persona of each customer then and now; `comparable` the kinds of number that
    may be compared, all where it is None: counts of a shorter window cannot.

    Table, a row for each persona of both days and numeric trait of both tables: persona, feature, unit, kind,
    members, n (of whom it is known), typical (mean of shares and numbers, else median), mean, were (members
    then), before_n, before, before_mean, exceeds (chance that a member of now has more of it than one of
    then, ties counted half) with exceeds_low and exceeds_high, real (at most 5% of those so marked may be
    chance; Benjamini and Hochberg), side: "better", "worse" or "". Most people are members on both days; the
    interval takes them for different ones, and is too wide rather than too narrow where somebody stays as
    they were. A persona may change because its people did, or because others belong to it now.
    """
    (then, names), (today, others) = grouped(before, were), grouped(now, are)
    earlier = {feature.name: feature for feature in before.about}
    both = sorted({*names} & {*others})
    elsewhere = ~np.isin(today, [others.index(persona) for persona in both])  # in no row of the table
    rows: list[dict[str, Any]] = []
    besides: dict[str, tuple[int, int]] = {}
    for feature in now.about:
        same = earlier.get(feature.name)
        if feature.kind == "category" or same is None or same.kind != feature.kind:
            continue
        if comparable is not None and feature.kind not in comparable:
            continue
        past = before.frame[feature.name].to_numpy(float)
        values = now.frame[feature.name].to_numpy(float)
        besides[feature.name] = _fewest(today[elsewhere], np.isnan(values[elsewhere]))
        for persona in both:
            mine, theirs = today == others.index(persona), then == names.index(persona)
            inside = np.sort(values[mine & ~np.isnan(values)])
            were_so = np.sort(past[theirs & ~np.isnan(past)])
            row = {"persona": persona} | {unit: getattr(feature, unit) for unit in UNITS}
            row |= {"members": int(mine.sum()), "were": int(theirs.sum())}
            rows.append({"feature": feature.name} | row | compared(inside, were_so, feature.kind))
    columns = ["persona", "feature", *UNITS, "members", "n", "typical", "mean"]
    columns += ["were", "before_n", "before", "before_mean", "exceeds", "exceeds_low", "exceeds_high"]
    table = pd.DataFrame(rows, columns=columns)
    table["real"] = _real(table)
    table["side"] = _sides(table, ("better", "worse"), real=table["real"].to_numpy(bool))
    apart = np.unique(today[elsewhere], return_counts=True)
    settings = {**now.settings, "before": str(before.as_of.date())}
    return Result(
        "persona_changes",
        table,
        {"real": int(table["real"].sum()), "traits": table["feature"].nunique()},
        settings,
        base="n",
        people=("before_n",),
        within={"n": ("members",), "before_n": ("were",)},
        parts=(("feature",),),
        groups={"persona": ("members",)},
        besides={
            ("feature",): besides,
            "persona": {others[at] if at >= 0 else IN_NONE: int(n) for at, n in zip(*apart, strict=True)},
        },
        unseen=("members", "were"),
        about={"before_n": ("before", "before_mean", "exceeds", "exceeds_low", "exceeds_high")},
    )


def _fewest(group: Array, unknown: Array) -> tuple[int, int]:
    """How many of the smallest group without a row, those in none among them, are known, and are not.

    Of the larger ones other tables tell.
    """
    each = pd.crosstab(group, unknown).reindex(columns=[False, True], fill_value=0)
    known, not_known = (int(many[many > 0].min()) if (many > 0).any() else 0 for _, many in each.items())
    return known, not_known


def _real(table: pd.DataFrame) -> Array:
    """Which differences are beyond chance; the chance follows from the interval, which is one of logits."""
    chance, low, high = (table[name].to_numpy(float) for name in ("exceeds", "exceeds_low", "exceeds_high"))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = (_logit(high) - _logit(low)) / (2 * Z)
        far = two_sided(_logit(chance) / error)
    # Where every member is above, or below, everybody: what the interval says is all there is.
    ends = (chance <= 0) | (chance >= 1)
    far = np.where(ends, np.where((low > 0.5) | (high < 0.5), 0.0, 1.0), far)
    far = np.where(np.isnan(chance) | np.isnan(low), np.nan, far)
    # Without any spread nothing is known of how far chance reaches.
    return np.asarray(discoveries(np.where(np.isnan(far) & ~np.isnan(chance), 1.0, far), FALSE))


def _logit(share: Array) -> Array:
    return np.log(share / (1 - share))


def _sides(table: pd.DataFrame, words: tuple[str, str], *, real: Array) -> list[str]:
    good, bad = words
    said = []
    for name, chance, sure in zip(table["feature"], table["exceeds"], real, strict=True):
        way = wanted(str(name)) * np.sign(chance - 0.5) if sure else 0
        said.append(good if way > 0 else bad if way < 0 else "")
    return said
