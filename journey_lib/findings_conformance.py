"""Findings of planned against actual, in words made only of computed numbers, never of causes."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib.charts import _shown, named
from journey_lib.charts_conformance import GROUP_NAMES, deviation_name, step_names
from journey_lib.i18n import text as _
from journey_lib.model import OTHER, Result

Names = Mapping[str, str]


def conformance(result: Result, k: int = 1) -> str:
    """How many journeys went as planned, and how many to the end of it (`conformance.score`).

    Fewer than `k` that got there are not counted aloud.
    """
    facts = result.quoted(k)
    if facts["conforming"] is None or facts["deviating"] is None:
        return _("Too few journeys went as planned, or all but a few did: how many is not shown.")
    met = facts["conforming"] + facts["deviating"]
    if not met:
        return _("No journey met any step of the plan.")
    return _(
        "Of {journeys} journeys {met} met the plan, and {share} of these (95% interval {low} to {high}) went"
        " as planned as far as they got; {completed} reached its last step that way. {outside} met no step of"
        " it: there is nothing to compare. {open} are still open and may go on.",
        journeys=i18n.number(facts["journeys"]),
        met=_bold(i18n.number(met)),
        share=_bold(i18n.percent(facts["conforming_share"])),
        low=i18n.percent(facts["conforming_low"]),
        high=i18n.percent(facts["conforming_high"]),
        completed=_bold(i18n.number(facts["completed"]) if facts["completed"] >= k else f"< {k}"),
        outside=i18n.number(facts["outside"]),
        open=i18n.number(facts["open"]),
    )


def steps(result: Result) -> str:
    """Which required step is skipped most, and which is most often out of order (`conformance.score`)."""
    names, shown = step_names(result), _shown(result)
    required = shown[~shown["optional"]]
    said = []
    if (required["skipped"] > 0).any():
        row = _most(required, "skipped")
        said.append(
            _(
                "Of the steps that may not be left out, {step} is skipped most: {journeys} journeys went on"
                " without it, {share} of all (95% interval {low} to {high}).",
                step=_bold(html.escape(names[row["step"]])),
                journeys=_bold(i18n.number(row["skipped"])),
                share=i18n.percent(row["skipped_share"]),
                low=i18n.percent(row["skipped_low"]),
                high=i18n.percent(row["skipped_high"]),
            )
        )
    if (shown["out_of_order"] > 0).any():
        row = _most(shown, "out_of_order")
        said.append(
            _(
                "Most often out of order is {step}, in {journeys} journeys.",
                step=_bold(html.escape(names[row["step"]])),
                journeys=i18n.number(row["out_of_order"]),
            )
        )
    return " ".join(said) or _("No journey skipped a step that may not be left out, or had one out of order.")


def coverage(result: Result, names: Names) -> str:
    """Where plan and data do not know each other's names (`conformance.score`)."""
    absent, uncovered = (_listed(result.facts[which], names) for which in ("absent", "uncovered"))
    said = []
    if absent:
        said.append(_("In the plan, but never in the data: {names}.", names=absent))
    if uncovered:
        said.append(_("In the data, but in no step of the plan: {names}.", names=uncovered))
    return " ".join(said) or _("Plan and data name the same contacts.")


def deviations(result: Result) -> str:
    """Which deviation is the most frequent, and how its journeys ended (`conformance.deviations`)."""
    shown = _shown(result)
    rows = shown[~shown["deviation"].isin([*GROUP_NAMES, OTHER])]
    if not len(rows):
        return _("No deviation was shared by enough customers to be shown.")
    row = _most(rows, "journeys")
    sentence = _(
        "The most frequent of {patterns} ways to leave the plan: {deviation}, in {journeys} journeys.",
        patterns=i18n.number(result.facts["patterns"]),
        deviation=_bold(html.escape(deviation_name(row["deviation"], step_names(result)))),
        journeys=_bold(i18n.number(row["journeys"])),
    )
    if pd.isna(row["conversion_rate"]):
        return sentence
    ended = _(
        "{rate} of those that are over converted (95% interval {low} to {high}).",
        rate=i18n.percent(row["conversion_rate"], 2),
        low=i18n.percent(row["low"], 2),
        high=i18n.percent(row["high"], 2),
    )
    return f"{sentence} {ended}"


def outcomes(result: Result) -> str:
    """Whether journeys as planned converted more often than the others (`conformance.outcomes`)."""
    facts = result.facts
    if pd.isna(facts["like_for_like"]):
        return _("No journeys as planned and not as planned got equally far: there is nothing to compare.")
    low, high = facts["like_for_like_low"], facts["like_for_like_high"]
    clear = low > 0 or high < 0
    compared = _(
        "Among journeys that got equally far in the plan, the conversion rate of those as planned differs"
        " from that of the others by {difference} points (95% interval {low} to {high})."
        if clear
        else "Among journeys that got equally far in the plan, no difference is certain between the"
        " conversion rates of those as planned and of the others: {difference} points (95% interval {low}"
        " to {high}).",
        difference=_bold(_points(facts["like_for_like"])),
        low=_points(low),
        high=_points(high),
    )
    crude = _(
        "Over all journeys that met the plan it is {difference} points ({low} to {high}), but that compares"
        " journeys that have barely begun, and had no occasion to leave the plan, with long ones. Neither"
        " says what a journey as planned brings about: other people may be taking it.",
        difference=_points(facts["difference"]),
        low=_points(facts["difference_low"]),
        high=_points(facts["difference_high"]),
    )
    return f"{compared} {crude}"


def _most(rows: pd.DataFrame, column: str) -> dict[Any, Any]:
    """The first row with the most in a column."""
    return max(rows.to_dict("records"), key=lambda row: row[column])


def _points(difference: float) -> str:
    """A difference of rates in percentage points, always with its sign."""
    return ("+" if difference > 0 else "") + i18n.number(100 * difference, 2).replace("-", "−")


def _listed(codes: list[str], names: Names) -> str:
    return ", ".join(html.escape(name) for name in named(pd.Series(codes, dtype=object), names))


def _bold(text: str) -> str:
    return f"**{text}**"
