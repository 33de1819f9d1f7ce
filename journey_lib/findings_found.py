"""What was looked for and found among customers, in words: whether there are groups, and who moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from journey_lib import card_lines, i18n
from journey_lib.features import Features
from journey_lib.findings import _bold, _name
from journey_lib.i18n import text as _
from journey_lib.model import Result
from journey_lib.personas.find import Found
from journey_lib.personas.kept import Kept
from journey_lib.personas.matrix import LEAST_CUSTOMERS
from journey_lib.personas.stability import STABLE
from journey_lib.suppression import IN_NONE

Names = Mapping[str, str]
LISTED = 3  # of what changed, in a sentence; of strengths, and of weaknesses, in the table


def too_few(known: int, customers: int, least_touches: int, base: str, k: int) -> str:
    """Why nobody looked for personas at all; `base` is what customers are known by."""
    said = (
        _(
            "**Too few customers to look for personas.** {known} of {customers} have {least} conversions or"
            " more, and nobody has a touch to be known by; {needed} are needed to tell groups of people from"
            " chance. A longer window or a lower `least_touches` may know more of them."
        )
        if base == "conversions"
        else _(
            "**Too few customers to look for personas.** {known} of {customers} have {least} touches or more;"
            " {needed} are needed to tell groups of people from chance. A longer window or a lower"
            " `least_touches` may know more of them."
        )
    )
    few = 0 < customers - known < k  # who is known less is told by who is known
    return said.format(
        known=i18n.people(1, LEAST_CUSTOMERS) if few else i18n.people(known, k),
        customers=i18n.people(customers, k),
        least=i18n.number(least_touches),
        needed=i18n.number(LEAST_CUSTOMERS),
    )


def alike(known: int, customers: int, k: int) -> str:
    """That there is nothing to tell kinds of people by."""
    return _(
        "**All are alike.** In none of the traits looked at do {these} known well enough differ: there is"
        " nothing to tell kinds of people by.",
        these=_these(None if 0 < customers - known < k else known),
    )


def _these(n: int | None) -> str:
    return _("these customers") if n is None else _("these {n} customers", n=i18n.number(n))


def looked_at(found: Found, k: int, model: Kept | None = None) -> int | None:
    """How many customers the gate rests on; None where that would tell of fewer than `k`."""
    n = found.structure.customers
    if model is not None:
        return None if n == model.known and 0 < model.fewest < k else n
    return None if n == len(found.labels) and found.few(k) else n


def recalled(found: Found, model: Kept, k: int) -> str:
    """Which kept personas these are, what they rested on when they were found, and who is in none today."""
    said = model.structure
    before = _(
        "whose groups were {ratio} times as wide as those of sets made without groups (p = {chance})",
        ratio=i18n.number(said.ratio, 2),
        chance=i18n.number(said.chance, 2),
    )
    told = _(
        "**The personas of {day}**, kept in `{file}`: they were not looked for again. Found among {these},"
        " {before}.",
        day=i18n.date(model.day),
        file=model.file.name,
        these=_("customers") if 0 < model.fewest < k else _("{n} customers", n=i18n.number(model.known)),
        before=before,
    )
    if said.verdict == "continuum":
        told += " " + _("That is a continuum: take them as a way to divide these customers.")
    stable = _("Stability is that of the day they were found.")
    if found.few(k):
        return f"{told} {_apart(k)} {stable}"
    who = _(
        "Of {known} customers known well enough today, {none} fit none of the {k} personas; {few} are known"
        " too little to say.",
        known=_bold(i18n.people(len(found.labels), k)),
        none=i18n.number(found.fits_none),
        k=i18n.number(found.k),
        few=i18n.number(found.too_little),
    )
    return f"{told} {who} {stable}"


def _apart(k: int) -> str:
    return _(
        "How many fit none of them, or are known too little to say, is not shown: it would tell of fewer"
        " than {k} people.",
        k=i18n.number(k),
    )


def gate(found: Found, k: int, model: Kept | None = None) -> Result:
    """The gate as a result: k, inertia, continuum (mean of the nulls), spread, ratio."""
    said = found.structure
    facts = {
        "groups": said.verdict == "groups",
        "ratio": said.ratio,
        "low": said.low,
        "high": said.high,
        "chance": said.chance,
        "customers": looked_at(found, k, model),
        "nulls": said.nulls,
    }
    return Result("persona_gate", said.table, facts, {"seed": said.seed})


def alternatives(found: Found, k: int) -> Result:
    """Every number of groups that was tried, and which was taken."""
    table, known = found.alternatives, len(found.labels)
    many = int(table["customers"].max()) if len(table) else 0
    hidden = found.few(k)
    if len(table):
        table = table.assign(
            verdict=[
                _("taken")
                if k == found.k
                else _("would do too")
                if stable
                else _("found again, but no gap between the groups")
                if worst >= STABLE
                else _("not stable")
                for k, stable, worst in zip(table["k"], table["stable"], table["jaccard_worst"], strict=True)
            ]
        )
        least = (table["smallest"] * many).round()
        # of the number taken, the smallest less its persona are those who fit none beside it
        far = least - found.stability["customers"].min() if found.k and many == known else 0 * least
        few = least.between(1, k - 1) | ((table["k"] == found.k) & far.between(1, k - 1))
        table = table.assign(smallest=table["smallest"].mask(few))
        if hidden and many == known:
            table = table.assign(smallest=np.nan, customers=np.nan)
    told: dict[str, int | None] = {
        "fits_none": found.fits_none,
        "too_little": found.too_little,
        "known": known,
    }
    facts = {
        "k": found.k,
        "customers": None if hidden and many == known else many,
        **(dict.fromkeys(told) if hidden else told),
    }
    return Result("persona_alternatives", table, facts, found.settings)


def verdict(found: Found, k: int) -> str:
    """Whether customers fall into groups, what that rests on, and who is in none; under `k` not how many."""
    said = found.structure
    numbers: dict[str, Any] = {
        "ratio": i18n.number(said.ratio, 2),
        "nulls": i18n.number(said.nulls),
        "low": i18n.number(said.low, 2),
        "high": i18n.number(said.high, 2),
        "chance": i18n.number(said.chance, 2),
        "these": _these(looked_at(found, k)),
        "cut": i18n.number(said.cut, 2),
    }
    if said.verdict == "continuum":
        told = _(
            "**A continuum, not kinds of people.** Groups of {these} are {ratio} times as wide as"
            " those of {nulls} sets made without groups (these vary from {low} to {high}; p = {chance});"
            " only below {cut} are they taken for kinds of people. Whoever draws borders here makes them up.",
            **numbers,
        )
    else:
        told = _(
            "**There are groups to find.** Groups of {these} are {ratio} times as wide as those"
            " of {nulls} sets made without groups (these vary from {low} to {high}; p = {chance}).",
            **numbers,
        )
    if not found.k:
        left: dict[str, Any] = {"known": i18n.number(len(found.labels)), "few": i18n.number(found.too_little)}
        if found.few(k):
            told += " " + _("No persona is made of the customers known well enough.")
            return told if said.verdict == "continuum" else f"{told} {_no_gap()}"
        if said.verdict == "continuum":
            return f"{told} " + _(
                "No persona is made of the {known} customers known well enough; {few} are known too little"
                " to say.",
                **left,
            )
        return f"{told} {_no_gap()} " + _(
            "No persona is made of {known} customers known well enough; {few} are known too little to say.",
            **left,
        )
    if found.settings["k"] != "auto":
        told += " " + _("**{k} were asked for**: take them as a way to divide these customers.", k=found.k)
    if found.few(k):
        return f"{told} " + _("{k} personas.", k=_bold(i18n.number(found.k))) + f" {_apart(k)}"
    who = _(
        "{k} personas; {none} of the {known} customers known well enough fit none of them, and {few} are"
        " known too little to say.",
        k=_bold(i18n.number(found.k)),
        none=i18n.number(found.fits_none),
        known=i18n.number(len(found.labels)),
        few=i18n.number(found.too_little),
    )
    return f"{told} {who}"


def _no_gap() -> str:
    return _(
        "But no number of them stands apart: they are found again, and between two of them stand as many"
        " customers as within."
    )


def moves(result: Result) -> Result:
    """Migration by codes of personas: "" is who fits none, "gone" who is no longer known well enough."""

    def code(label: int) -> str:
        return {-1: "", -2: "gone"}.get(label, f"p{label + 1}")

    called = {"from": "before", "to": "now"}
    table = result.table.rename(columns=called)
    table = table.assign(
        before=[code(int(label)) for label in table["before"]],
        now=[code(int(label)) for label in table["now"]],
    )
    beside: dict[Any, Any] = dict(result.besides)
    beside[("now",)] = {code(int(label)): n for label, n in beside.pop(("to",)).items()}
    beside["now"] = {at if at == IN_NONE else code(at): n for at, n in beside.pop("to").items()}
    return replace(
        result,
        table=table,
        parts=tuple(tuple(called.get(name, name) for name in by) for by in result.parts),
        groups={"now": result.groups["to"]},
        besides=beside,
    )


def moved(result: Result, drift: Result, titles: Names, before: Features, k: int) -> str:
    """How many stayed what they were since an earlier day, and what moved; of `moves` as suppressed."""
    facts = result.quoted(k)
    if facts["customers"] == 0:
        return _("Nobody was placed both times.")
    day = i18n.date(before.as_of.tz_convert(before.timezone).date())
    if facts["customers"] is None or facts["stayed"] is None:
        said = _(
            "How many kept their persona since {day} is not shown: it would tell of fewer than {k} people.",
            day=day,
            k=i18n.number(k),
        )
    else:
        said = _(
            "Of {n} customers with a persona on {day} and now, {stayed} kept theirs.",
            day=day,
            n=_bold(i18n.number(facts["customers"])),
            stayed=_bold(i18n.percent(facts["stayed"])),
        )
    if facts["new"] is not None:
        said += " " + _(
            "{new} more have one now and had none then, for they fitted none or were known too little.",
            new=i18n.number(facts["new"]),
        )
    much = drift.table[drift.table["moved"] == "much"]
    if not len(much):
        return said + " " + _("No feature moved much (population stability index of 0.25 or more).")
    names = ", ".join(_name(titles.get(name, name), {}) for name in much["feature"].head(3))
    return said + " " + _("Moved much: {names}.", names=names)


def changed(result: Result, names: Names, titles: Names, before: Features, currency: str) -> str:
    """What is different about the personas since an earlier day, the clearest first."""
    day = i18n.date(before.as_of.tz_convert(before.timezone).date())
    table = result.table
    real = table[table["real"] & table["exceeds"].notna()]
    if not len(real):
        return _("Since {day} no trait of any group has changed beyond chance.", day=day)
    far = (real["exceeds"] - 0.5).abs().sort_values(ascending=False, kind="stable").index[:LISTED]
    said = []
    for row in real.loc[far].to_dict(orient="records"):
        today, then = card_lines.both(row, "before", currency)
        said.append(
            _(
                "{persona}: {trait} {before} → {now}",
                persona=_name(names.get(str(row["persona"]), str(row["persona"])), {}),
                trait=_name(titles.get(str(row["feature"]), str(row["feature"])), {}),
                before=then,
                now=today,
            )
        )
    told = "; ".join(said)
    return _(
        "Since {day}, {n} of {of} comparisons of a trait of a group changed beyond chance. Most: {told}.",
        day=day,
        n=_bold(i18n.number(len(real))),
        of=i18n.number(int(table["exceeds"].notna().sum())),
        told=told,
    )


def sided(result: Result, names: Names, titles: Names, currency: str) -> Result:
    """Strengths and weaknesses as readers call them, with both sides written in the trait's own unit."""
    table = result.table[(result.table["side"] != "") & result.table["exceeds"].notna()]
    apart = (table["exceeds"] - 0.5).abs()
    table = table.assign(apart=apart).sort_values(
        ["persona", "side", "apart"], ascending=[True, True, False], kind="stable"
    )
    rows = table.groupby(["persona", "side"], sort=False).head(LISTED).to_dict(orient="records")
    pairs = [card_lines.both(row, "rest", currency) for row in rows]
    written = pd.DataFrame(
        {
            "persona": [names.get(str(row["persona"]), str(row["persona"])) for row in rows],
            "side": [_("strength") if row["side"] == "strength" else _("weakness") for row in rows],
            "trait": [titles.get(str(row["feature"]), str(row["feature"])) for row in rows],
            "members": [pair[0] for pair in pairs],
            "others": [pair[1] for pair in pairs],
            "chance": [row["exceeds"] for row in rows],
            "low": [row["exceeds_low"] for row in rows],
            "high": [row["exceeds_high"] for row in rows],
            "n": [row["n"] for row in rows],
        }
    )
    return replace(result, table=written)
