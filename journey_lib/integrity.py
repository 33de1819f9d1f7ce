"""Ten ways in which a page of journeys can mislead, looked for in the page itself before it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import i18n
from journey_lib.findings_journeys import VIEW_NAMES
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.journeys.compare import VIEWS
from journey_lib.model import CONVERTED, Result
from journey_lib.tables import heading

Outcome = Literal["ok", "care", "wrong"]
Finding = tuple[str, Outcome, str]
SHARES = ("share", "conversion_rate", "conversion")
COUNTED = {*SHARES, "journeys", "customers", "conversions", "difference", "share_a", "share_b"}
MANY_OPEN = 0.1  # of all journeys
SOME = {"plan_outcomes_by_reach"}  # views that are of some journeys by what they ask
TIMES = 2.0  # how much more often long journeys convert, before it is said
# Words that make an association a cause. "effect", "because" and "cause" itself also stand in sentences that
# say there is none, so only what claims one is looked for.
CAUSAL = re.compile(
    r"\b(thanks to|due to|leads? to more|results? in|drives?|boosts?|causes|caused by"
    r"|increases (sales|conversions?)|nhờ có|nhờ vào|gây ra|khiến cho|thúc đẩy|làm tăng|làm giảm"
    r"|do tác động của)\b",
    re.IGNORECASE,
)
CHECKS: Mapping[str, str] = {
    "denominators": "Every share is a count over its base",
    "population": "Every view counts the same journeys",
    "survivorship": "Nothing is shown of successes only",
    "exposure": "Longer journeys had more time to convert",
    "leakage": "No rate is true by its own definition",
    "structural": "Rows that could not but differ explain nothing",
    "small_cells": "No rate rests on few cases",
    "censoring": "Open journeys are in no rate",
    "causal_words": "No sentence claims a cause",
    "pictures": "Charts show the numbers of the tables",
}


def check(
    results: Sequence[Result], said: Sequence[str] = (), charts: Sequence[alt.TopLevelMixin] = ()
) -> Result:
    """Whether the numbers of a page can be read as they stand.

    `results` are those the page rests on, `said` its sentences, `charts` its pictures. Columns check, outcome
    (``ok``; ``care``: read with the note in mind; ``wrong``: do not use the page), found. What has nothing to
    look at on this page has no row. Facts: care and wrong, how many of each.
    """
    asked = [
        _denominators(results),
        _population(results),
        _survivorship(results),
        _exposure(results),
        _leakage(results),
        _structural(results),
        _small_cells(results),
        _censoring(results),
        _causal_words(said),
        _pictures(results, charts),
    ]
    findings = [finding for finding in asked if finding is not None]
    rows = [
        {"check": _(CHECKS[name]), "outcome": outcome, "found": found} for name, outcome, found in findings
    ]
    outcomes = [outcome for _name, outcome, _found in findings]
    facts = {"care": outcomes.count("care"), "wrong": outcomes.count("wrong")}
    return Result("integrity", pd.DataFrame(rows), facts, {"checks": list(CHECKS)})


def _denominators(results: Sequence[Result]) -> Finding | None:
    looked, wrong = 0, []
    for result in results:
        if result.name not in VIEWS:
            continue
        _key, counted, base = VIEWS[result.name]
        share = next((name for name in SHARES if name in result.table), None)
        if share is None:
            continue
        table = result.table.dropna(subset=[share, counted, base])
        off = np.abs(
            table[share].to_numpy(float) * table[base].to_numpy(float) - table[counted].to_numpy(float)
        )
        looked += len(table)
        wrong += [result.name] if (off > 1e-6 * np.maximum(table[base].to_numpy(float), 1)).any() else []
    if wrong:
        return "denominators", "wrong", _("not in {tables}", tables=_called(wrong))
    if not looked:
        return None
    return "denominators", "ok", _("{n} shares were calculated again", n=i18n.number(looked))


def _population(results: Sequence[Result]) -> Finding | None:
    """Views with the same steps, cut alike, are of the same journeys; with other steps they need not be."""
    counts: dict[tuple[str, ...], set[int]] = {}
    for result in results:
        said = result.settings
        counted = result.name in VIEWS and result.name not in SOME and "journeys" in result.facts
        if counted and not said.get("group"):
            alike = tuple(str(said.get(name)) for name in ("by", "conversion", "lookback", "period"))
            counts.setdefault(alike, set()).add(int(result.facts["journeys"]))
    apart = [sorted(some) for some in counts.values() if len(some) > 1]
    if apart:
        return "population", "wrong", _("the views count {counts}", counts=", ".join(map(str, apart[0])))
    if not counts:
        return None
    told = [f"{heading(by[0]).lower()}: {i18n.number(min(some))}" for by, some in counts.items()]
    return "population", "ok", _("journeys by {told}", told="; ".join(told))


def _survivorship(results: Sequence[Result]) -> Finding | None:
    only = [r.name for r in results if CONVERTED in r.settings.get("defined_by", ())]
    if only:
        return "survivorship", "care", _("only successes are in {tables}", tables=_called(only))
    if not any(result.name in VIEWS for result in results):
        return None
    return "survivorship", "ok", _("journeys without a conversion are in every view")


def _exposure(results: Sequence[Result]) -> Finding | None:
    for result in _named(results, "lengths"):
        rates = result.table[~result.table["length"].eq("0")].dropna(subset=["conversion_rate"])
        each = rates.loc[rates["over"] >= SMALL, "conversion_rate"].to_numpy(float)
        if len(each) > 1 and each[0] > 0 and each[-1] / each[0] >= TIMES:
            times = i18n.number(float(each[-1] / each[0]), 1)
            return (
                "exposure",
                "care",
                _("the longest convert {times} times as often as the shortest", times=times),
            )
    if not any(result.name == "lengths" for result in results):
        return None
    return "exposure", "ok", _("rates hardly depend on length")


def _leakage(results: Sequence[Result]) -> Finding:
    wrong = any(
        result.facts.get("counted") == "conversions"
        and any(CONVERTED in result.settings[side].get("defined_by", ()) for side in "ab")
        for result in _named(results, "compared")
    )
    if wrong:
        return "leakage", "wrong", _("groups made by their conversions are compared by conversion rates")
    own = [r.name for r in results if r.facts.get("structural") is True]
    if own:
        return "leakage", "care", _("groups differ by definition in {tables}", tables=_called(own))
    return "leakage", "ok", _("no group is defined by what its rate counts")


def _structural(results: Sequence[Result]) -> Finding:
    rows = sum(int(result.facts["structural_rows"]) for result in _named(results, "compared"))
    wrong = any(
        (result.table["structural"] & (result.table["real"] | (result.table["part"] > 0))).any()
        for result in _named(results, "compared")
    )
    if wrong:
        return "structural", "wrong", _("some are counted among the differences")
    if not rows:
        return "structural", "ok", _("no row had to be left out of comparisons")
    return "structural", "ok", _("{n} rows were left out of comparisons", n=i18n.number(rows))


def _small_cells(results: Sequence[Result]) -> Finding | None:
    few, looked = 0, 0
    for result in results:
        if result.name in VIEWS:
            base = result.table[VIEWS[result.name][2]].dropna().to_numpy(float)
            few, looked = few + int(np.count_nonzero(base < SMALL)), looked + len(base)
    if few:
        return (
            "small_cells",
            "care",
            _(
                "{few} of {n} rates rest on fewer than {small} cases",
                few=i18n.number(few),
                n=i18n.number(looked),
                small=SMALL,
            ),
        )
    if not looked:
        return None
    return "small_cells", "ok", _("all {n} rest on {small} cases or more", n=i18n.number(looked), small=SMALL)


def _censoring(results: Sequence[Result]) -> Finding | None:
    whole = [r for r in results if {"open", "journeys"} <= set(r.facts) and r.facts["journeys"]]
    wrong = [
        r.name
        for r in whole
        if {"over", "journeys", "open"} <= set(r.table)
        and (r.table["over"] + r.table["open"] - r.table["journeys"]).abs().max() > 0
    ]
    if wrong:
        return "censoring", "wrong", _("not in {tables}", tables=_called(wrong))
    if not whole:
        return None
    share = max(r.facts["open"] / r.facts["journeys"] for r in whole)
    outcome: Outcome = "care" if share > MANY_OPEN else "ok"
    return "censoring", outcome, _("{share} of journeys are still open", share=i18n.percent(share))


def _causal_words(said: Sequence[str]) -> Finding:
    found = sorted({match.group(0).lower() for sentence in said for match in CAUSAL.finditer(sentence)})
    if found:
        return "causal_words", "wrong", _("found: {words}", words=", ".join(found))
    return "causal_words", "ok", _("{n} sentences were looked through", n=len(said))


def _pictures(results: Sequence[Result], charts: Sequence[alt.TopLevelMixin]) -> Finding:
    pool = {_digits(value) for result in results for value in _numbers(result.table)}
    drawn = [value for chart in charts for value in _drawn(chart)]
    strange = sum(_digits(value) not in pool for value in drawn)
    if strange:
        return (
            "pictures",
            "wrong",
            _(
                "{n} of {drawn} drawn numbers are in no table",
                n=i18n.number(strange),
                drawn=i18n.number(len(drawn)),
            ),
        )
    return "pictures", "ok", _("{n} drawn numbers were found in the tables", n=i18n.number(len(drawn)))


def _called(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(_(VIEW_NAMES.get(name, name)) for name in names))


def _named(results: Sequence[Result], name: str) -> Iterator[Result]:
    return (result for result in results if result.name == name)


def _numbers(table: pd.DataFrame) -> Iterator[float]:
    for name in table.select_dtypes("number"):
        yield from table[name].dropna().to_numpy(float)


def _drawn(chart: Any) -> Iterator[float]:
    """The counted numbers a chart carries with it, and those of the charts it is made of."""
    data = getattr(chart, "data", None)
    if isinstance(data, pd.DataFrame):
        for name in COUNTED & set(data.select_dtypes("number")):
            yield from data[name].dropna().to_numpy(float)
    for parts in ("layer", "hconcat", "vconcat", "concat"):
        inner = getattr(chart, parts, None)
        for part in inner if isinstance(inner, list) else []:
            yield from _drawn(part)
    if isinstance(getattr(chart, "spec", None), alt.TopLevelMixin):
        yield from _drawn(chart.spec)


def _digits(value: float) -> str:
    return f"{float(value):.4g}"
