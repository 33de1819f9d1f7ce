"""Findings in words: one sentence a question, made only of computed numbers, never of causes."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd

from journey_lib import i18n
from journey_lib.charts import model_name, named
from journey_lib.i18n import text as _
from journey_lib.model import CONVERTED, ENDED, NO_TOUCH, OPEN, START, Result

Names = Mapping[str, str]


def journeys(result: Result) -> str:
    """How many journeys there were and how they ended (`attribution.credit` or `compare`)."""
    facts = result.facts
    over = facts["conversions"] + facts["nulls"]
    return _(
        "{journeys} journeys: {conversions} converted ({rate} of those that are over), {nulls} ended without,"
        " and {open} are still open, because their lookback had not run out when the data end. {untouched} of"
        " the conversions had no touch in the lookback.",
        journeys=_bold(i18n.number(facts["journeys"])),
        conversions=_bold(i18n.number(facts["conversions"])),
        rate=i18n.percent(facts["conversions"] / over) if over else "–",
        nulls=i18n.number(facts["nulls"]),
        open=i18n.number(facts["open"]),
        untouched=i18n.number(facts["no_touch"]),
    )


def credit(result: Result, names: Names) -> str:
    """Which channel one model credits most, and whether the next is clearly behind."""
    rows = result.table[result.table["channel"] != NO_TOUCH].sort_values("share", ascending=False)
    if not len(rows) or not rows["share"].iloc[0] > 0:
        return _("There is nothing to credit: no conversion had a touch in the lookback.")
    first = rows.iloc[0]
    sentence = _(
        "{model} credits most to {channel}: {share} of conversions (95% interval {low} to {high}).",
        model=model_name(result.settings["model"]),
        channel=_bold(_name(first["channel"], names)),
        share=_bold(i18n.percent(first["share"])),
        low=i18n.percent(first["low"]),
        high=i18n.percent(first["high"]),
    )
    if len(rows) < 2 or pd.isna(rows["share"].iloc[1]):
        return sentence
    second = rows.iloc[1]
    apart = first["low"] > second["high"]
    return (
        sentence
        + " "
        + _(
            "Next comes {channel} with {share}; their intervals do not overlap."
            if apart
            else "Next comes {channel} with {share}; their intervals overlap: which is first is open.",
            channel=_name(second["channel"], names),
            share=i18n.percent(second["share"]),
        )
    )


def models(result: Result, names: Names) -> str:
    """How far the models are apart (`attribution.compare`)."""
    return _(
        "The models differ most over {channel}: between the one that credits it least and the one that"
        " credits it most lie {spread} points of share. How a channel looks depends that much on the rule,"
        " before any question of what caused the sale.",
        channel=_bold(_name(result.facts["widest"], names)),
        spread=_bold(i18n.number(100 * result.facts["spread"], 1)),
    )


def transitions(result: Result, names: Names) -> str:
    """The most frequent step, and from where journeys most often convert next."""
    table = result.table
    inner = table[
        (table["from"] != START)
        & ~table["to"].isin([CONVERTED, ENDED, OPEN])
        & (table["from"] != table["to"])
    ]
    last = table[(table["to"] == CONVERTED) & (table["from"] != START)]
    sentences = []
    if len(inner):
        step = inner.sort_values("journeys", ascending=False).iloc[0]
        sentences.append(
            _(
                "The step taken most between two channels leads from {origin} to {target} ({n} times).",
                origin=_bold(_name(step["from"], names)),
                target=_bold(_name(step["to"], names)),
                n=i18n.number(step["journeys"]),
            )
        )
    if len(last):
        step = last.sort_values("journeys", ascending=False).iloc[0]
        sentences.append(
            _(
                "Most conversions follow directly on {channel} ({n}).",
                channel=_bold(_name(step["from"], names)),
                n=i18n.number(step["journeys"]),
            )
        )
    if sentences and result.facts.get("open"):
        sentences.append(
            _(
                "Steps of journeys still open are counted too: {open}."
                if OPEN in set(table["to"])
                else "Journeys still open are left out: {open}.",
                open=i18n.number(result.facts["open"]),
            )
        )
    return " ".join(sentences)


def efficiency(result: Result, names: Names) -> str:
    """The cheapest and the dearest channel per credited conversion, where the interval allows to say so."""
    rows = result.table.dropna(subset=["cost_per_conversion"]).sort_values("cost_per_conversion")
    if not len(rows):
        return _("No channel has both spend and credited conversions in this period.")
    currency = result.settings["currency"]
    cheap, dear = rows.iloc[0], rows.iloc[-1]
    return _(
        "{spend} was spent. A credited conversion cost least in {cheap} ({low}) and most in {dear} ({high})."
        " These are averages of what was credited: what more spend would bring is another question.",
        spend=_bold(i18n.money(result.facts["cost"], currency, compact=True)),
        cheap=_bold(_name(cheap["channel"], names)),
        low=i18n.money(cheap["cost_per_conversion"], currency, compact=True),
        dear=_bold(_name(dear["channel"], names)),
        high=i18n.money(dear["cost_per_conversion"], currency, compact=True),
    )


def _name(code: str, names: Names) -> str:
    """A channel's name as markdown shows it literally, whatever is in it."""
    (name,) = named(pd.Series([code]), names)
    return _literal(name)


def _literal(words: str) -> str:
    """Words from outside as markdown shows them literally."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|~$" else c for c in html.escape(words))


def _bold(words: str) -> str:
    return f"**{words}**"
