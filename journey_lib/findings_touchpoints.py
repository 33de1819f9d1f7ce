"""What is said of touchpoints, in words: computed numbers with their base, and never a cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib.charts import Names
from journey_lib.findings import _bold, _name
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result
from journey_lib.words_touchpoints import GAP_NAMES, spoken


def inventory(result: Result, names: Names) -> str:
    """How many touchpoints there are, seen and described, and which reaches furthest (`inventory`)."""
    facts, table = result.facts, result.table.dropna(subset=["reach"])
    said = _(
        "{seen} touchpoints were seen, {authored} are described. They hold {touches} touches in {journeys}"
        " journeys of {customers} customers.",
        seen=_bold(i18n.number(facts["seen"])),
        authored=_bold(i18n.number(facts["authored"])),
        touches=i18n.number(facts["touches"]),
        journeys=i18n.number(facts["journeys"]),
        customers=i18n.number(facts["customers"]),
    )
    if facts["recorded"] > facts["touches"] and _by_lookback(result.settings):
        said += " " + _(
            "{recorded} were recorded at them; those in no journey lie further back from its end than"
            " {lookback}.",
            recorded=i18n.number(facts["recorded"]),
            lookback=_span(str(result.settings["lookback"])),
        )
    if not len(table):
        return said
    first = table.sort_values("reach", ascending=False).iloc[0]
    return (
        said
        + " "
        + _(
            "{touchpoint} reaches furthest: {reach} of all journeys go through it (95% interval {low} to"
            " {high}).",
            touchpoint=_bold(_name(first["touchpoint"], names)),
            reach=_bold(i18n.percent(first["reach"], 1)),
            low=i18n.percent(first["reach_low"], 1),
            high=i18n.percent(first["reach_high"], 1),
        )
    )


def conversion(result: Result, names: Names) -> str:
    """After which touchpoint journeys convert most often, and how often the others do (`inventory`)."""
    table = result.table[result.table["over"].fillna(0) >= SMALL].dropna(subset=["conversion_rate"])
    if not len(table):
        return _("No touchpoint has journeys enough to say how they end.")
    best = table.sort_values("conversion_rate", ascending=False).iloc[0]
    return _(
        "Journeys convert most often after {touchpoint}: {rate} of {n} (95% interval {low} to {high});"
        " journeys that did not come there, {others}. Who comes there is no accident: the difference does not"
        " say what the touchpoint brings about.",
        touchpoint=_bold(_name(best["touchpoint"], names)),
        rate=_bold(i18n.percent(best["conversion_rate"], 1)),
        n=i18n.number(best["over"]),
        low=i18n.percent(best["low"], 1),
        high=i18n.percent(best["high"], 1),
        others=i18n.percent(best["others_rate"], 1),
    )


def drop_off(result: Result, names: Names) -> str:
    """Where most journeys end without a conversion, and where the largest part of them does (`inventory`)."""
    table = result.table[result.table["over"].fillna(0) >= SMALL].dropna(subset=["exits"])
    if not len(table):
        return _("No touchpoint has journeys enough to say how they end.")
    most = table.sort_values("exits", ascending=False).iloc[0]
    steep = table.sort_values("drop_off", ascending=False).iloc[0]
    return _(
        "Most journeys that end without a conversion end at {most} ({exits}, {part} of all of them). The"
        " largest part of those that come there ends at {steep}: {rate} of {n} (95% interval {low} to"
        " {high}). {open} journeys are still open and in none of these rates.",
        most=_bold(_name(most["touchpoint"], names)),
        exits=i18n.number(most["exits"]),
        part=i18n.percent(most["share_of_exits"]),
        steep=_bold(_name(steep["touchpoint"], names)),
        rate=_bold(i18n.percent(steep["drop_off"])),
        n=i18n.number(steep["over"]),
        low=i18n.percent(steep["drop_low"]),
        high=i18n.percent(steep["drop_high"]),
        open=i18n.number(result.facts["open"]),
    )


def importance(result: Result, names: Names) -> str:
    """Without which touchpoint the chain of paths loses most conversions (`inventory`)."""
    table = result.table.dropna(subset=["removal_effect"])
    table = table[table["removal_effect"] > 0]
    if not len(table):
        return _("No conversion came after a touchpoint.")
    first = table.sort_values("removal_effect", ascending=False).iloc[0]
    return _(
        "If every journey that reached {touchpoint} ended there, {effect} of the conversions would be missing"
        " (95% interval {low} to {high}): a property of the paths that were taken, not an effect that was"
        " measured.",
        touchpoint=_bold(_name(first["touchpoint"], names)),
        effect=_bold(i18n.percent(first["removal_effect"], 1)),
        low=i18n.percent(first["effect_low"], 1),
        high=i18n.percent(first["effect_high"], 1),
    )


def changes(result: Result, names: Names) -> str:
    """How many touchpoints are met more or less often than before, and which moved most (`inventory`)."""
    table = result.table.dropna(subset=["change_low"])
    if not len(table):
        return _("The data do not cover two periods to compare.")
    up, down = table[table["change_low"] > 1], table[table["change_high"] < 1]
    said = _(
        "In the last {recent}, {up} touchpoints were met more often than in as long before and {down} less"
        " often, by more than chance explains.",
        recent=_span(str(result.settings["recent"])),
        up=_bold(i18n.number(len(up))),
        down=_bold(i18n.number(len(down))),
    )
    moved = pd.concat([up, down])
    if not len(moved):
        return said
    furthest = moved.iloc[int((moved["change"] - 1).abs().to_numpy().argmax())]
    return (
        said
        + " "
        + _(
            "{touchpoint} moved furthest: {change} touches for each before (95% interval {low} to {high}).",
            touchpoint=_bold(_name(furthest["touchpoint"], names)),
            change=_bold(i18n.number(furthest["change"], 2)),
            low=i18n.number(furthest["change_low"], 2),
            high=i18n.number(furthest["change_high"], 2),
        )
    )


def gaps(result: Result, names: Names) -> str:
    """What the inventory lacks, kind by kind (`complete`)."""
    facts, table = result.facts, result.table
    if not len(table):
        return _(
            "Nothing is missing: every touchpoint is described and seen, with one owner, a goal and a target."
        )
    told = []
    for gap, part in table.groupby("gap", sort=False):
        where = [name for name in part["touchpoint"] if name] or list(part["stage"])
        words = ", ".join(_name(name, names) for name in where[:3]) + (" …" if len(where) > 3 else "")
        told.append(f"{_(GAP_NAMES[str(gap)])}: {words}")
    return _(
        "{whole} of {all} touchpoints lack nothing. {gaps} gaps were found – {told}.",
        whole=_bold(i18n.number(facts["whole"])),
        all=i18n.number(facts["touchpoints"]),
        gaps=_bold(i18n.number(facts["gaps"])),
        told="; ".join(told),
    )


def targets(result: Result) -> str:
    """How many touchpoints meet their own target (`targets`)."""
    facts = result.facts
    return _(
        "Of {targets} touchpoints with a target, {met} meet it and {missed} miss it; of {open} the interval"
        " holds the target, so that nobody can tell; {unknown} have no value.",
        targets=i18n.number(facts["targets"]),
        met=_bold(i18n.number(facts["met"])),
        missed=_bold(i18n.number(facts["missed"])),
        open=i18n.number(facts["open"]),
        unknown=i18n.number(facts["unknown"]),
    )


def availability(result: Result) -> str:
    """For how many pairs of system and stage there are data (`availability`)."""
    facts = result.facts
    pairs = len(result.table)
    return _(
        "{sources} systems deliver data for {some} of {pairs} pairs of system and stage ({rows} rows).",
        sources=_bold(i18n.number(facts["sources"])),
        some=_bold(i18n.number(pairs - facts["empty"])),
        pairs=i18n.number(pairs),
        rows=i18n.number(facts["rows"]),
    )


def factors(result: Result, names: Names) -> str:
    """How many touchpoints stand how, and which ones are negative (`factors`)."""
    facts, table = result.facts, result.table
    bad = table[table["valence"] == "negative"].nlargest(3, "customers")
    said = _(
        "{positive} touchpoints are positive, {neutral} neutral, {negative} negative; of {unknown} nobody can"
        " tell, for want of answers and tickets.",
        positive=_bold(i18n.number(facts["positive"])),
        neutral=i18n.number(facts["neutral"]),
        negative=_bold(i18n.number(facts["negative"])),
        unknown=i18n.number(facts["unknown"]),
    )
    if not len(bad):
        return said
    where = ", ".join(_name(each, names) for each in bad["touchpoint"])
    return said + " " + _("Negative, those with most customers first: {where}.", where=where)


def at_purchase(result: Result) -> str:
    """What buyers said at the moment of purchase, which is no touchpoint's feeling (`factors`)."""
    facts = result.facts
    if "purchase_mean" not in facts:
        return ""
    return _(
        "At the moment of purchase {n} buyers gave {metric} {mean} on average (95% interval {low} to"
        " {high}). Only who buys is asked there, so it stands apart and decides no touchpoint.",
        n=i18n.number(facts["purchase_answered"]),
        metric=str(facts["purchase_metric"]).upper(),
        mean=_bold(i18n.number(facts["purchase_mean"], 1)),
        low=i18n.number(facts["purchase_low"], 1),
        high=i18n.number(facts["purchase_high"], 1),
    )


def opportunities(result: Result, names: Names) -> str:
    """Which touchpoint comes first in the arithmetic of drop-off, and how sure that is (`opportunities`)."""
    table = result.table.dropna(subset=["worth"])
    if not len(table):
        return _("At no touchpoint do more journeys end than is usual in its stage.")
    first = table.iloc[0]
    currency = result.settings["currency"] or "XXX"
    return _(
        "If as many journeys went on at {touchpoint} as is usual in its stage, and went on as the others do,"
        " that would come to up to {worth} (95% interval {low} to {high}); its place may be anything from"
        " {first} to {last}. That is arithmetic on what was observed: those who leave may differ from those"
        " who go on. The department: {owner}.",
        touchpoint=_bold(_name(first["touchpoint"], names)),
        worth=_bold(i18n.money(first["worth"], currency, compact=True)),
        low=i18n.money(first["low"], currency, compact=True),
        high=i18n.money(first["high"], currency, compact=True),
        first=i18n.number(first["rank_low"]),
        last=i18n.number(first["rank_high"]),
        owner=_name(spoken(first["owner"] or "nobody", names, "department:"), {}),
    )


def _by_lookback(asked: Mapping[str, Any]) -> bool:
    """Whether only the lookback keeps touches out of journeys: no day, direct visit or repetition does."""
    kept = asked["direct"] == asked["repeats"] == "keep"
    return kept and asked["lookback"] is not None and asked["period"] is None and asked["max_touches"] is None


def _span(length: str) -> str:
    """A duration as readers say it; whole days only are put in words."""
    return _("{days} days", days=length[:-1]) if length.endswith("d") else length
