"""A journey map in words: how much of it is known, what has grown old, what has changed."""

from __future__ import annotations

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


def changes(result: Result) -> str:
    """How much of a map has changed (`journey_map.changes`)."""
    facts = result.facts
    return _(
        "**{moved} figures have moved by more than chance explains**, allowing for so many comparisons; "
        "{figure} others differ, {new} entries are new, {gone} are gone, {restated} have another target, "
        "owner, evidence or other words.",
        moved=i18n.number(facts["moved"]),
        figure=i18n.number(facts["figure"]),
        new=i18n.number(facts["new"]),
        gone=i18n.number(facts["gone"]),
        restated=i18n.number(facts["restated"]),
    )
