"""What stands out about personas, in a reader's words: names proposed from behaviour, and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from journey_lib import card_lines, i18n
from journey_lib.features import Feature, Features
from journey_lib.findings import _bold, _name
from journey_lib.i18n import text as _
from journey_lib.model import Result
from journey_lib.personas.notes import Notes

Names = Mapping[str, str]
Direction = Literal["high", "low"]

# How somebody is called who has much, or little, of a trait. What is in neither is told by the feature's
# own label.
WORDS: Mapping[tuple[str, Direction], str] = {
    ("offline", "high"): "comes in person",
    ("offline", "low"): "stays online",
    ("time_weekend", "high"): "weekends",
    ("time_weekend", "low"): "weekdays",
    ("time_night", "high"): "late at night",
    ("time_morning", "high"): "mornings",
    ("time_midday", "high"): "at midday",
    ("time_afternoon", "high"): "afternoons",
    ("time_evening", "high"): "evenings",
    ("offers", "high"): "after offers",
    ("offers", "low"): "not moved by offers",
    ("sale_days", "high"): "buys on sale days",
    ("touches", "high"): "in touch often",
    ("touches", "low"): "seldom in touch",
    ("active_days", "high"): "in touch often",
    ("active_days", "low"): "seldom in touch",
    ("recency_days", "high"): "not seen lately",
    ("recency_days", "low"): "seen lately",
    ("tenure_days", "high"): "known for long",
    ("tenure_days", "low"): "new",
    ("conversions", "high"): "buys often",
    ("channels", "high"): "many channels",
    ("channels", "low"): "few channels",
    ("tickets", "high"): "asks for help",
    ("returns", "high"): "sends goods back",
    ("stage_depth", "high"): "close to buying",
    ("stage_depth", "low"): "only looking",
    ("median_gap_days", "high"): "long pauses",
    ("median_gap_days", "low"): "comes back soon",
    ("mean_gap_days", "high"): "long pauses",
    ("mean_gap_days", "low"): "comes back soon",
    ("value", "high"): "spends much",
    ("mean_value", "high"): "large baskets",
}
ENOUGH = 0.56  # chance to have more of a trait than somebody else, from which on it may be in a name


def trait_words(feature: Feature, direction: Direction, names: Names) -> str:
    """How somebody is called who has much or little of a trait; empty where there is no good word for it."""
    if feature.family == "channel" and feature.of:
        return (
            _("prefers {channel}", channel=_within(names.get(feature.of, feature.of)))
            if direction == "high"
            else ""
        )
    if feature.of:
        return ""
    words = WORDS.get((feature.name, direction), "")
    return _(words) if words else ""


def _within(name: str) -> str:
    """A name as it stands within a sentence: Vietnamese words begin small there, names of firms do not."""
    first, _space, rest = name.partition(" ")
    common = not first.isascii() and rest[:1].islower()
    return name[:1].lower() + name[1:] if common else name


def proposed(traits: Result, features: Features, names: Names) -> dict[str, str]:
    """A name for each persona from what sets its behaviour apart most: two traits of different families.

    Traits that only describe (who they are, what they spent) are in no name. Two personas that would be
    called alike get a third trait.
    """
    about = {feature.name: feature for feature in features.about}
    told = {
        str(persona): _words_of(rows, about, names)
        for persona, rows in traits.table.groupby("persona", sort=True)
    }
    found = {persona: _joined(words[:2]) for persona, words in told.items()}
    for persona, words in told.items():
        if list(found.values()).count(found[persona]) > 1:
            found[persona] = _joined(words[:3])
    return {persona: name or _("Everybody else") for persona, name in found.items()}


def _words_of(rows: pd.DataFrame, about: Mapping[str, Feature], names: Names) -> list[str]:
    apart = (rows["exceeds"] - 0.5).abs()
    words: dict[str, str] = {}
    for at in apart.sort_values(ascending=False, kind="stable").index:
        row = rows.loc[at]
        feature = about[str(row["feature"])]
        if not feature.behaviour or not apart[at] > ENOUGH - 0.5 or feature.family in words:
            continue
        said = trait_words(feature, "high" if row["exceeds"] > 0.5 else "low", names)
        if said and said not in words.values():
            words[feature.family] = said
    return list(words.values())


def _joined(words: list[str]) -> str:
    name = ", ".join(words)
    return name[:1].upper() + name[1:]


def found_out(result: Result, *, by: str) -> Result:
    """The sizes without what the rules of the groups make of them: RFM segments are made of who bought."""
    if by == "found":
        return result
    own = ["buyers", "conversion_rate", "rate_low", "rate_high", "repeat_rate"]
    return replace(result, table=result.table.drop(columns=own, errors="ignore"))


def sizes(result: Result, names: Names, k: int, *, by: str = "found") -> str:
    """Which group converts most, which brings most of the money, and how many belong to none.

    That segments of who bought have bought is no finding, and is not said.
    """
    table = result.table.dropna(subset=["conversion_rate", "value_share"])
    if not len(table):
        return ""
    first = table.iloc[0]
    richest = table.sort_values("value_share", ascending=False, kind="stable").iloc[0]
    facts = result.facts
    message = (
        "{first} buys most often: {rate} of them did ({low} – {high}). {richest} brings most of the money:"
        " {share} of the customers, {money} of the revenue. {none} of {n} customers belong to no persona."
        if by == "found"
        else "{richest} brings most of the money: {share} of the customers, {money} of the revenue. {none} of"
        " {n} customers did not buy in this window and are in no segment; that those in one have bought is"
        " so by definition."
    )
    return _(
        message,
        first=_bold(_name(names.get(first["persona"], first["persona"]), {})),
        rate=i18n.percent(first["conversion_rate"]),
        low=i18n.percent(first["rate_low"]),
        high=i18n.percent(first["rate_high"]),
        richest=_bold(_name(names.get(richest["persona"], richest["persona"]), {})),
        share=i18n.percent(richest["share"]),
        money=i18n.percent(richest["value_share"]),
        none=i18n.people(facts["not_placed"], k),
        n=i18n.number(facts["customers"]),
    )


def accounts(result: Result, everyone: int, currency: str, k: int) -> str:
    """How groups and those in none add up to all customers, and these to the single customer view.

    Of `worth.accounts`; `everyone` are all customers of the workspace.
    """
    facts, table = result.facts, result.suppressed(k).table
    n = _bold(i18n.number(facts["customers"]))
    if table["suppressed"].any():
        said = [_("The page is about {n} customers with an event or an order in this window.", n=n)]
    else:
        parts = "; ".join(
            f"{_(group)}: {i18n.number(many)}"
            for group, many in zip(table["group"], table["customers"], strict=True)
        )
        said = [
            _(
                "{parts}. Together these are the {n} customers with an event or an order in this window.",
                parts=parts[:1].upper() + parts[1:],
                n=n,
            )
        ]
    elsewhere = table["value"].iloc[1:].sum(skipna=False)
    if elsewhere > 0:
        said.append(
            _(
                "Of what all of them brought in it, {value}, {part} is from those in a group and {rest} from"
                " those in none.",
                value=i18n.money(facts["value"], currency, compact=True),
                part=_bold(i18n.percent(float(table["value_share"].iloc[0]))),
                rest=i18n.percent(elsewhere / facts["value"]),
            )
        )
    if others := everyone - facts["customers"]:
        said.append(
            _(
                "The single customer view counts {others} more, who have no event and no order in it.",
                others=i18n.people(others, k),
            )
        )
    return " ".join(said)


def unread(written: Notes, members: pd.Series[Any], *, found: bool, kept: bool) -> str:
    """What `maps/personas.yaml` says of nobody on the page, and that codes may have changed; else nothing."""
    if not written.personas:
        return ""
    gone = written.of_nobody([str(code) for code in members.unique()] if found else [])
    said = []
    if gone:
        said.append(
            _(
                "`maps/personas.yaml` speaks of {codes}: no such persona is on this page, and what it says of"
                " them is not shown.",
                codes=_bold(", ".join(_name(code, {}) for code in gone)),
            )
        )
    if found and not kept and len(gone) < len(written.personas):
        said.append(
            _(
                "Names and notes of `maps/personas.yaml` are by code, and these personas were found anew:"
                " p1 may be others than when it was written. Keep personas, and codes stay what they were."
            )
        )
    return " ".join(said)


def coverage(features: Features, titles: Names, k: int) -> str:
    """Of how many customers it is known who they are; nothing where it is known of none, or nobody told."""
    known: dict[int, list[str]] = {}
    for each in features.about:
        if each.family == "demographic":
            known.setdefault(int(features.frame[each.name].notna().sum()), []).append(titles[each.name])
    of = len(features.frame)
    said = "; ".join(
        _(
            "{traits}: known for {n} of {of} ({share})",
            traits=", ".join(_name(name, {}) for name in names),
            n=_bold(i18n.number(n)),
            of=i18n.number(of),
            share=i18n.percent(n / of),
        )
        if n >= k
        else _(
            "{traits}: known for {n}",
            traits=", ".join(_name(name, {}) for name in names),
            n=i18n.people(n, k),
        )
        for n, names in sorted(known.items(), reverse=True)
        if n
    )
    if not said:
        return ""
    return _(
        "Who they are is not known of everybody, and those not known may well differ. {said}.", said=said
    )


def worded(result: Result, names: Names, column: str = "persona") -> Result:
    """The same result with its groups called as readers call them."""
    called = [names.get(str(code), str(code)) for code in result.table[column]]
    return replace(result, table=result.table.assign(**{column: called}))


def fidelity(result: Result) -> dict[str, str]:
    """How well the printed rule of each persona tells its members, of customers it was not made from."""
    rows = result.table.dropna(subset=["caught", "right"]).to_dict(orient="records")
    return {
        f"p{row['persona'] + 1}": _(
            "(names {caught} of the members, and {right} of those it names are members; n = {n}, held out)",
            caught=i18n.percent(row["caught"], 0),
            right=i18n.percent(row["right"], 0),
            n=i18n.number(row["customers"]),
        )
        for row in rows
    }


def rfm(result: Result, labels: Names) -> str:
    """Which segment brings most of the money."""
    told = result.table.dropna(subset=["value_share"])
    if not len(told):
        return ""
    first = told.sort_values("value_share", ascending=False, kind="stable").iloc[0]
    return _(
        "{segment} are {share} of those who bought and bring {money} of the revenue ({low} – {high}).",
        segment=_bold(_name(labels.get(first["segment"], first["segment"]), {})),
        share=i18n.percent(first["share"]),
        money=i18n.percent(first["value_share"]),
        low=i18n.percent(first["value_low"]),
        high=i18n.percent(first["value_high"]),
    )


def overlap(result: Result) -> str:
    """How far personas and rules say the same."""
    return _(
        "Personas and rules agree with an adjusted Rand index of {rand} (1: they say the same; 0: as chance"
        " would): they are different views of the same customers.",
        rand=_bold(i18n.number(result.facts["rand"], 2)),
    )


def valuable(result: Result, k: int) -> str:
    """What part of the revenue the most valuable customers bring; nothing where that would tell of few."""
    facts = result.quoted(k)
    if facts["customers"] is None:
        return _(
            "Of the most valuable customers, one in ten of those with any value, or of the others there are"
            " fewer than {k}: what they are like and bring is not shown.",
            k=i18n.number(k),
        )
    told: dict[str, Any] = {
        "n": _bold(i18n.number(facts["customers"])),
        "share": _bold(i18n.percent(facts["value_share"])),
        "low": i18n.percent(facts["value_low"]),
        "high": i18n.percent(facts["value_high"]),
    }
    if facts["of"] is None:
        return _("The {n} most valuable customers bring {share} of the revenue ({low} – {high}).", **told)
    return _(
        "The {n} most valuable of {of} customers with any value bring {share} of it ({low} – {high}).",
        of=i18n.number(facts["of"]),
        **told,
    )


def audience(result: Result, titles: Names, names: Names) -> str:
    """Where the audience falls short of the one that was meant, and where to look first."""
    first = result.table[result.table["expand"] == 1]
    if not len(first):
        return _("The audience is as it was meant, as far as these numbers can tell.")
    row = first.iloc[0]
    return _(
        "Farthest below what was meant, and worth most: {trait} ({feature}), {share} of {n} instead of"
        " {target}. A place to look first, no forecast.",
        trait=_bold(_name(card_lines.class_name(str(row["trait"]), names), {})),
        feature=_name(titles.get(row["feature"], row["feature"]), {}),
        share=i18n.percent(row["share"]),
        n=i18n.number(row["of"]),
        target=i18n.percent(row["target"], 0),
    )
