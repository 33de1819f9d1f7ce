"""What customers say, in sentences: computed numbers with their base, and how far each can be trusted."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib.charts import Names
from journey_lib.findings import _bold, _literal, _name
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result
from journey_lib.voice.after import COMPLAINTS, CONVERTED, QUESTIONS, RETURNED
from journey_lib.voice.scores import ALL
from journey_lib.words_voice import called, spell, where

NAMED = 4  # words of a theme that a sentence names
TOLD = 7  # pains that are told of in words


def tones(result: Result) -> str:
    """How many comments praise and complain, and of how many nothing is said (`voice.tones`)."""
    if not len(result.table) or result.table["touchpoint"].iloc[0] != ALL:
        return _("Nobody wrote a comment in these days.")
    whole = result.table.iloc[0]
    return _(
        "{n} comments of {customers} customers. The lexicon finds praise in {praise}, complaint in"
        " {complaint} and both or neither in {neutral}; in {abstained} none of its words stands, so it"
        " says nothing: it covers {coverage} of the comments.",
        n=_bold(i18n.number(whole["texts"])),
        customers=i18n.number(whole["customers"]),
        praise=_bold(i18n.percent(whole["positive_share"], 0)),
        complaint=_bold(i18n.percent(whole["negative_share"], 0)),
        neutral=i18n.percent(whole["neutral_share"], 0),
        abstained=i18n.percent(whole["abstained_share"], 0),
        coverage=_bold(i18n.percent(1 - whole["abstained_share"], 0)),
    )


def agreement(result: Result) -> str:
    """How often the lexicon agrees with the score that came with a comment (`voice.assess`)."""
    facts = result.facts
    return _(
        "Beside the customers' own scores: of {n} comments with a low or a high score it decides {coverage},"
        " and agrees with the score in {right} of those (95% interval {low} to {high}).",
        n=i18n.number(facts["texts"]),
        coverage=i18n.percent(facts["coverage"], 0),
        right=_bold(i18n.percent(facts["right_when_deciding"], 0)),
        low=i18n.percent(facts["right_when_deciding_low"], 0),
        high=i18n.percent(facts["right_when_deciding_high"], 0),
    )


def quality(result: Result) -> str:
    """How right a model of the shop's own comments is, on customers it never saw (`voice.assess`)."""
    facts = result.facts
    return _(
        "A model taught on these comments and their scores reaches a macro F1 of {f1} (95% interval {low} to"
        " {high}) on comments of customers it had not seen (n = {n}, {customers} customers); always saying"
        " the commoner label would reach {floor}.",
        f1=_bold(i18n.number(facts["macro_f1"], 2)),
        low=i18n.number(facts["macro_f1_low"], 2),
        high=i18n.number(facts["macro_f1_high"], 2),
        n=i18n.number(facts["texts"]),
        customers=i18n.number(facts["customers"]),
        floor=i18n.number(facts["macro_f1_majority"], 2),
    )


def too_few(low: int, high: int, least: int) -> str:
    """That no model was taught, for want of rated comments."""
    return _(
        "No model was taught: {low} customers wrote beside a low score and {high} beside a high one, and it"
        " takes {least} of each. How well comments are read is therefore not known here.",
        low=i18n.number(low),
        high=i18n.number(high),
        least=i18n.number(least),
    )


def disagreements(result: Result) -> str:
    """How many comments say the opposite of their score (`voice.disagreements`)."""
    facts = result.facts
    return _(
        "{n} of {all} comments clearly say the opposite of their score: irony, a scale taken the wrong way"
        " round, or a wrong model. They are worth reading one by one.",
        n=_bold(i18n.number(facts["disagree"])),
        all=i18n.number(facts["texts"]),
    )


def themes(by_score: Result) -> str:
    """What low scores write about more than high ones, and the reverse (`voice.themes` by label)."""
    table = by_score.table
    table = table[table["found"].fillna(False).astype(bool)] if len(table) else table
    words = {
        label: ", ".join(f"“{term}”" for term in part["term"].head(NAMED))
        for label, part in (table.groupby("label", sort=False) if len(table) else ())
    }
    told = []
    if "negative" in words:
        told.append(
            _("Customers with low scores write more often than the others: {words}.", words=words["negative"])
        )
    if "positive" in words:
        told.append(_("Customers with high scores: {words}.", words=words["positive"]))
    if not told:
        return _("No word sets low scores apart from high ones by more than chance.")
    return " ".join(told)


def pain(result: Result, as_of: str) -> str:
    """How many tickets there are, how many complain, and how long customers waited (`voice.pain`)."""
    if not len(result.table):
        return _("No ticket was opened in these days.")
    whole = result.table.iloc[0]
    said = _(
        "{tickets} tickets of {customers} customers: {complaints} complain ({share}, 95% interval {low} to"
        " {high}), {questions} ask, {unsorted} are about something else.",
        tickets=_bold(i18n.number(whole["tickets"])),
        customers=i18n.number(whole["customers"]),
        complaints=_bold(i18n.number(whole["complaints"])),
        share=i18n.percent(whole["complaint_share"], 1),
        low=i18n.percent(whole["complaint_low"], 1),
        high=i18n.percent(whole["complaint_high"], 1),
        questions=i18n.number(whole["questions"]),
        unsorted=i18n.number(whole["unsorted"]),
    )
    served = _(
        "Half had a first answer within {half}, nine in ten within {most}; half were solved within {solved}."
        " {unanswered} had no answer by {day}.",
        half=_bold(spell(whole["response_median"])),
        most=_bold(spell(whole["response_p90"])),
        solved=spell(whole["resolution_median"]),
        unanswered=_bold(i18n.number(whole["unanswered"])),
        day=as_of,
    )
    return f"{said} {served}{_reopened(whole)}"


def _reopened(whole: pd.Series) -> str:
    if pd.isna(whole["reopened"]):
        return ""
    return " " + _(
        "{n} were opened again ({share}).",
        n=i18n.number(whole["reopened"]),
        share=i18n.percent(whole["reopened_share"], 1),
    )


def unplaced(tickets: int) -> str:
    """How many tickets came through a channel of which nobody said which touchpoint it is about."""
    if not tickets:
        return ""
    return _(
        "{n} tickets came through channels of which no touchpoint says that its tickets come there; they are"
        " counted by topic and not by touchpoint.",
        n=i18n.number(tickets),
    )


def slowest(result: Result, names: Names) -> str:
    """At which touchpoint and in which month half of the customers waited longest (`voice.pain` by month)."""
    table = result.table
    table = table[table["month"].notna() & (table["touchpoint"] != ALL)] if len(table) else table
    table = table[(table["tickets"] >= SMALL) & table["response_median"].notna()] if len(table) else table
    if not len(table):
        return _("No month of a touchpoint has tickets enough to compare waits.")
    worst = table.sort_values("response_median", ascending=False).iloc[0]
    own = table[table["touchpoint"] == worst["touchpoint"]]["response_median"].median()
    return _(
        "The longest wait: at {touchpoint} in {month}, half of {n} tickets had a first answer within {half}"
        " (95% interval {low} to {high}); in its middle month it was {usual}.",
        touchpoint=_bold(_name(worst["touchpoint"], names)),
        month=worst["month"].strftime("%m/%Y"),
        n=i18n.number(worst["tickets"]),
        half=_bold(spell(worst["response_median"])),
        low=spell(worst["response_median_low"]),
        high=spell(worst["response_median_high"]),
        usual=spell(own),
    )


def hot_spots(result: Result, names: Names) -> str:
    """Which pains flared up, when and where (`voice.hot_spots`)."""
    table = result.table
    table = table[table["found"].astype(bool) & table["customers"].notna()] if len(table) else table
    if not len(table):
        return _("No pain stands out in any run of weeks by more than chance.")
    # of one pain the place says more than the weeks alone
    table = table.assign(alone=table["by"] == "").sort_values("alone", kind="stable").drop_duplicates("pain")
    table = table.sort_values("chance").head(TOLD)
    told = []
    for each, pain, place in zip(
        table.to_dict("records"), called(table["pain"], names), where(table, names), strict=True
    ):
        told.append(
            _(
                "{pain} ({where}), {first} to {last}: {share} of {n} occasions (95% interval {low} to"
                " {high}) of {customers} customers, in other weeks {own}.",
                **_spot(each, pain, place),
                share=_bold(i18n.percent(each["share"], 0)),
                low=i18n.percent(each["low"], 0),
                high=i18n.percent(each["high"], 0),
                own=i18n.percent(each["own_share"], 1),
            )
            if not each.get("fewer")
            else _(
                "{pain} ({where}), {first} to {last}: fewer than {k} of {n} occasions of {customers}"
                " customers, too few to be told; in other weeks about {own}.",
                **_spot(each, pain, place),
                k=i18n.number(result.settings["k"]),
                own="–" if pd.isna(each["own_about"]) else i18n.percent(each["own_about"], 0),
            )
        )
    return "\n".join(f"- {line}" for line in told)


def _spot(row: Mapping[Hashable, Any], pain: str, place: str) -> dict[str, Any]:
    """What is said of every hot spot."""
    return {
        "pain": _bold(_literal(pain)),
        "where": _literal(place),
        "first": i18n.date(row["first"]),
        "last": i18n.date(row["last"]),
        "n": i18n.number(row["rows"]),
        "customers": i18n.number(row["customers"]),
    }


def after(result: Result, *, known: bool) -> str:
    """How many who complained were in touch again and converted, beside the others (`voice.after`)."""
    rows = {(each["topic"], each["outcome"]): each for each in result.table.to_dict("records")}
    days = str(result.settings["within"])[:-1]
    if not rows or not rows[COMPLAINTS, RETURNED]["customers"] > 0:
        return _("Nobody who complained could be watched for {days} days.", days=days)
    back, bought = (rows[COMPLAINTS, outcome] for outcome in (RETURNED, CONVERTED))
    if pd.isna(back["share"]) or pd.isna(bought["share"]):
        return ""  # of too few people to be told
    asked = rows[QUESTIONS, RETURNED]
    said = _(
        "Of {n} customers who complained, {back} were in touch again within {days} days (95% interval {low}"
        " to {high}) and {bought} converted ({bought_low} to {bought_high}).",
        n=_bold(i18n.number(back["customers"])),
        back=_bold(i18n.percent(back["share"], 0)),
        days=days,
        low=i18n.percent(back["low"], 0),
        high=i18n.percent(back["high"], 0),
        bought=_bold(i18n.percent(bought["share"], 0)),
        bought_low=i18n.percent(bought["low"], 0),
        bought_high=i18n.percent(bought["high"], 0),
    )
    if asked["customers"] > 0 and pd.notna(asked["share"]):
        said += " " + _(
            "Of {n} who only asked something, {back} were ({low} to {high}).",
            n=i18n.number(asked["customers"]),
            back=i18n.percent(asked["share"], 0),
            low=i18n.percent(asked["low"], 0),
            high=i18n.percent(asked["high"], 0),
        )
    if pd.notna(back["others_share"]):
        who = _("customers known by name") if known else _("customers")
        said += " " + _(
            "Of {who} without a ticket who were in touch in the same months, {others} were, and {bought}"
            " converted.",
            who=who,
            others=i18n.percent(back["others_share"], 0),
            bought=i18n.percent(bought["others_share"], 1),
        )
    return (
        said
        + " "
        + _(
            "This is an association: who complains has usually just bought. {waiting} who complained too"
            " recently are not counted.",
            waiting=i18n.number(back["waiting"]),
        )
    )
