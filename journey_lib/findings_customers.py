"""Findings of the single customer view, in words made only of computed numbers."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib.charts import named
from journey_lib.i18n import text as _
from journey_lib.model import IDENTIFIERS, Result

Names = Mapping[str, str]

KIND_NAMES: Mapping[str, str] = {
    "user_id": "account",
    "member": "member card",
    "customer_id": "customer code",
    "email": "e-mail address",
    "phone": "phone number",
    "device": "device",
    "cookie": "cookie",
}
REASON_NAMES: Mapping[str, str] = {
    "would join two user_id": "would join two accounts",
    "would join two member": "would join two member cards",
    "would join two customer_id": "would join two customer codes",
    "would join two email": "would join two e-mail addresses",
    "would join two phone": "would join two phone numbers",
    "would join two device": "would join two devices",
    "would join two cookie": "would join two cookies",
}


# How the tables of identifiers read: their captions and columns.
LAYOUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "identifier_kinds": (
        "Identifiers by kind",
        {"kind": "text", "identifiers": "number", "refused": "number"},
    ),
    "identity_links": (
        "Links between identifiers, and what became of them",
        {
            "reason": "text",
            "left_kind": "text",
            "right_kind": "text",
            "links": "number",
            "customers": "number",
        },
    ),
    "largest_customers": (
        "Customers with the most identifiers",
        {"customer": "text", "identifiers": "number", **dict.fromkeys(IDENTIFIERS, "number")},
    ),
    "customer_merges": (
        "The evidence that this is one customer, and what was not believed",
        {
            "reason": "text",
            "left_kind": "text",
            "left": "text",
            "right_kind": "text",
            "right": "text",
            "source": "text",
            "evidence": "text",
            "count": "number",
            "first": "date",
            "last": "date",
            "other": "text",
        },
    ),
}


def customers(result: Result, k: int) -> str:
    """How many identifiers became how many customers, and which of these other reports count.

    Of `single_view.sizes`.
    """
    facts, others = result.facts, _without_rows(result.facts, k)
    if not facts["stitched"]:
        said = _(
            "These {customers} customers came as they are, each known by one code: there was nothing to"
            " stitch, so nothing below depends on it.",
            customers=_bold(i18n.number(facts["customers"])),
        )
        return " ".join(filter(None, [said, others]))
    if result.quoted(k)["anonymous"] is None:
        said = _(
            "{identifiers} identifiers became {customers} customers.",
            identifiers=i18n.number(facts["identifiers"]),
            customers=_bold(i18n.number(facts["customers"])),
        )
        return " ".join(filter(None, [said, others]))
    said = _(
        "{identifiers} identifiers became {customers} customers. {anonymous} of them ({share}) are known by"
        " no more than a cookie or a device: one person may stand behind several of these.",
        identifiers=i18n.number(facts["identifiers"]),
        customers=_bold(i18n.number(facts["customers"])),
        anonymous=i18n.number(facts["anonymous"]),
        share=_bold(i18n.percent(facts["anonymous_share"])),
    )
    return " ".join(filter(None, [said, others]))


def _without_rows(facts: Mapping[str, Any], k: int) -> str:
    """Why other reports count fewer customers; nothing where they count the same."""
    few = facts["without_rows"]
    if not few:
        return ""
    if few < k:
        return _(
            "All but {few} have an event or an order; these are the customers of the other reports.",
            few=i18n.people(few, k),
        )
    return _(
        "Of these {everyone} customers {some} have an event or an order, and are the customers of the other"
        " reports; {others} are known from other sources only (CRM, tickets, surveys).",
        everyone=i18n.number(facts["customers"]),
        some=_bold(i18n.number(facts["with_rows"])),
        others=i18n.number(few),
    )


def rules(result: Result) -> str:
    """By which rules identifiers were joined, and which could not be used (`single_view.kinds`)."""
    table = result.table
    if not result.facts["stitched"]:
        return _("No rule of stitching was needed.")
    unique = [_(KIND_NAMES[kind]) for kind in table.loc[table["unique"], "kind"]]
    limited = table.dropna(subset=["limit"])
    limits = [
        f"{_(KIND_NAMES[kind])}: {i18n.number(limit)}"
        for kind, limit in zip(limited["kind"], limited["limit"], strict=True)
    ]
    refused = int(table["refused"].sum())
    return _(
        "Never two of one kind in one customer: {unique}. An identifier that is seen with more than this many"
        " others of a stronger kind counts as shared and joins nobody: {limits}. Identifiers that could not"
        " be used: {refused}.",
        unique=", ".join(unique) or "–",
        limits=", ".join(limits) or "–",
        refused=i18n.number(refused),
    )


def links(result: Result) -> str:
    """How much evidence joined customers, and how much was not believed (`single_view.links`)."""
    if not result.facts["joined"] + result.facts["cut"]:
        return _("No two identifiers were seen together.")
    said = _(
        "{joined} links between identifiers hold customers together; {cut} were seen and not used. Every one"
        " stands with its reason in the merge log (`work/identity/merges.parquet`), as hashes.",
        joined=_bold(i18n.number(result.facts["joined"])),
        cut=_bold(i18n.number(result.facts["cut"])),
    )
    if not result.facts["to_decide"]:
        return said
    return f"{said} " + _(
        "Pairs of records that may be one person and may not: {pairs}. They are listed in"
        " `work/identity/review.parquet` for somebody to decide.",
        pairs=_bold(i18n.number(result.facts["to_decide"])),
    )


def life_stages(result: Result) -> str:
    """What an order is, where no source of orders says it (`single_view.life_stages`); else nothing."""
    if result.settings["orders"] is None:
        return ""
    return _(
        "These data declare no source of orders: each conversion “{conversion}” counts as an order, as in the"
        " reports on journeys and on attribution.",
        conversion=html.escape(str(result.settings["orders"])),
    )


def merges(result: Result | None) -> str:
    """How much holds one customer together, and how much was not believed (`single_view.merges`)."""
    if result is None:
        return _("Nobody is shown.")
    facts = result.facts
    if not facts["joined"] + facts["cut"]:
        return _("One trace is all that is known of {customer}.", customer=_bold(facts["customer_id"]))
    if not facts["cut"]:
        return _(
            "{customer} is one customer by {joined} links between traces, and every link that was seen was"
            " believed. A trace is named by the beginning of its hash.",
            customer=_bold(facts["customer_id"]),
            joined=_bold(i18n.number(facts["joined"])),
        )
    return _(
        "{customer} is one customer by {joined} links between traces; {cut} more links were seen and not"
        " believed. A trace is named by the beginning of its hash.",
        customer=_bold(facts["customer_id"]),
        joined=_bold(i18n.number(facts["joined"])),
        cut=_bold(i18n.number(facts["cut"])),
    )


def stitching(result: Result, names: Names) -> str:
    """How much of the answer depends on stitching (`single_view.sensitivity`)."""
    if result.facts["levels"] < 2:
        return _("No rule of stitching was needed.")
    facts = result.facts
    sentence = _(
        "Of {conversions} conversions, {off} have a touch in the lookback before them without stitching,"
        " {normal} with normal and {aggressive} with aggressive stitching.",
        conversions=i18n.number(facts["conversions"]),
        off=i18n.number(facts["touched_off"]),
        normal=_bold(i18n.number(facts["touched_normal"])),
        aggressive=i18n.number(facts["touched_aggressive"]),
    )
    if facts["widest"] is None:
        return sentence
    moved = _(
        "From normal to aggressive the credit of {channel} moves most, by {spread} points: so much of the"
        " answer depends on who is taken to be one person, before any model has a say.",
        channel=_bold(html.escape(named(pd.Series([facts["widest"]]), names)[0])),
        spread=_bold(i18n.number(100 * facts["spread"], 1)),
    )
    return f"{sentence} {moved}"


def _bold(text: str) -> str:
    return f"**{text}**"
