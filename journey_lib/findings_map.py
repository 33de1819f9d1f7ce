"""A journey map in words: how much of it is known, what has grown old, what has changed."""

from __future__ import annotations

from collections.abc import Sequence

from journey_lib import i18n
from journey_lib.i18n import text as _
from journey_lib.model import Result


def coverage(result: Result) -> str:
    """How much of a map is measured, and how much nobody has looked into (`journey_map.coverage`)."""
    cells = dict(zip(result.table["evidence"], result.table["cells"], strict=True))
    return _(
        "**{share} of the cells of this map are measured**, {reported} are reported by customers; "
        "{guessed} of {cells} are assumed or missing.",
        share=i18n.percent(result.facts["measured"], 0),
        reported=i18n.number(cells["reported"]),
        guessed=i18n.number(cells["assumed"] + cells["missing"]),
        cells=i18n.number(result.facts["cells"]),
    )


def stale(result: Result) -> str:
    """How many entries are past their review date (`journey_map.stale`)."""
    if not result.facts["stale"]:
        return _("Nothing written on this map is past its review date.")
    return _(
        "**{n} of {of} written entries are past their review date**, the oldest by {days} days.",
        n=i18n.number(result.facts["stale"]),
        of=i18n.number(result.facts["of"]),
        days=i18n.number(result.table["days_past"].max()),
    )


def opportunities(result: Result, currency: str) -> str:
    """How much stops at the stage that comes first, and how sure that is (`journey_map.opportunities`)."""
    written = result.table[result.table["basis"] == "stage"]
    if not len(written):
        return _(
            "Nobody has written an opportunity on this map: those listed were found in the data, where more "
            "stop than is usual."
        )
    known = written[written["rank"].notna()]
    if not len(known) or known["worth"].isna().all():
        return _("What those who stop could be worth is not known: the order is that of how many they are.")
    first = known.iloc[0]
    low, high = (i18n.money(float(first[end]), currency, compact=True) for end in ("low", "high"))
    return _(
        "**“{what}” comes first**: {customers} of {reach} customers stop at its stage; had each of them "
        "converted once, that would be {worth} ({low}–{high}). That is the most there is, no estimate of "
        "gain.",
        what=first["opportunity"],
        customers=i18n.number(first["customers"]),
        reach=i18n.number(first["reach"]),
        worth=i18n.money(float(first["worth"]), currency, compact=True),
        low=low,
        high=high,
    )


def changes(result: Result) -> str:
    """How much of a map has changed (`journey_map.changes`)."""
    facts = result.facts
    if not any(facts[kind] for kind in ("moved", "figure", "new", "gone", "restated")):
        return _("**Nothing on the map has changed.**")
    moved = _("**No figure has moved by more than chance explains**, allowing for so many comparisons")
    if facts["moved"]:
        moved = _(
            "**{n} figures have moved by more than chance explains**, allowing for so many comparisons",
            n=i18n.number(facts["moved"]),
        )
    others = {
        "figure": _("figures that may differ by chance: {n}"),
        "new": _("new entries: {n}"),
        "gone": _("entries that are gone: {n}"),
        "restated": _("entries with another target, owner, evidence or other words: {n}"),
    }
    said = [words.format(n=i18n.number(facts[kind])) for kind, words in others.items() if facts[kind]]
    return "; ".join([moved, *said]) + "."


def apart(result: Result, names: Sequence[str]) -> str:
    """How many figures differ between personas by more than chance explains (`sections_map_apart.apart`)."""
    facts = result.facts
    return _(
        "**{n} of {of} figures differ between {personas} by more than chance explains**, allowing for so"
        " many comparisons. They are different customers in more than what names them: none of this is its"
        " effect.",
        n=i18n.number(facts["differ"]),
        of=i18n.number(facts["of"]),
        personas=_listed([f"“{name}”" for name in names]),
    )


def _listed(names: Sequence[str]) -> str:
    """A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return _("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])
