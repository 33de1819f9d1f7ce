"""The persona card: one page about one group of people, every line with where it comes from.

A card is put together from Results (`personas.sizes`, `traits`, `demographics`, `strengths`, `changes`,
`feelings`, `concerns`, `quotes`) and from what people wrote; it computes nothing. What is measured, what was
asked, what somebody wrote and what is only assumed are told apart by sign, word and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import markupsafe
import numpy as np
import pandas as pd

from journey_lib import card_blocks as blocks
from journey_lib import card_lines as lines
from journey_lib import i18n, pages, theme
from journey_lib.card_blocks import Portraits
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Language
from journey_lib.personas.notes import ASPECTS

__all__ = ["MIMETYPE", "STYLES", "Portraits", "bundle", "shown"]

MIMETYPE = "application/vnd.journey.cards+json"
STYLES = ("cards/cards.css",)
DEMOGRAPHICS = 7  # traits of who they are that one page has room for, less what people wrote


def bundle(told: Portraits, *, k: int) -> dict[str, Any]:
    """What a notebook hands on when it shows the cards: data for a report, and HTML for JupyterLab."""
    told = blocks.large_enough(told, k)
    rows = told.sizes.table.itertuples(index=False)
    drawn = [_card(told, str(row.persona), row, k) for row in rows]
    said: dict[str, Any] = {
        "cards": drawn,
        "k": i18n.number(k),
        "marks": {
            "measured": "● " + _("measured"),
            "survey": "◆ " + _("survey"),
            "authored": "✎ " + _("authored"),
            "assumption": "? " + _("assumption"),
        },
    }
    # JupyterLab has looks of its own: ours hold within the cards only.
    looks = "".join([theme.css().replace(":root", ".cards"), *map(pages.source, STYLES)])
    return {
        MIMETYPE: said,
        "text/html": f"<style>{looks}</style>{shown(said, language=i18n.language(), number=0)}",
        "text/plain": ", ".join(card["name"] for card in drawn),
    }


def shown(said: Mapping[str, Any], *, language: Language, number: int) -> markupsafe.Markup:
    """The cards that `bundle` handed on, a page each on paper; of a persona of few people only its name."""
    return pages.piece("cards/persona.html.j2", language=language, prefix=f"cards-{number}", **said)


def _card(told: Portraits, persona: str, size: Any, k: int) -> dict[str, Any]:
    name = told.name(persona)
    card: dict[str, Any] = {
        "code": persona if told.by == "found" else "",  # a reader knows a segment by rule by its name alone
        "anchor": persona,
        "name": name,
        "origin": _origin(told, persona),
        "initials": lines.initials(name),
        "tone": _number(persona) % 8 + 1,
        "shapes": lines.shapes(_number(persona)),
        "rule": told.rules.get(persona, ""),
        "fidelity": told.fidelity.get(persona, ""),
        "badge": lines.badge(told.stability.get(persona), told.samples),
        "source": _source(told),
        "hidden": bool(np.isnan(size.customers)),
    }
    if card["hidden"]:
        return card | {"rule": "", "fidelity": ""}
    traits = blocks.of(told.traits, persona).set_index("feature")
    about = {feature.name: feature for feature in told.features.about}
    own = [name for name in traits.index if about[name].family not in blocks.MIXED]
    mixes = {
        family: [
            name for name in traits.index if about[name].family == family and about[name].kind == "share"
        ]
        for family in blocks.MIXED
    }
    n = i18n.number(size.customers)
    written = [blocks.aspect(told, persona, aspect) for aspect in ASPECTS]
    notes = [block for block in written[:-1] if block["notes"]]
    return card | {
        "behaviour_base": f"n = {n}",
        "facts": _facts(told, size, k),
        "scales": [
            blocks.scale(told, traits.loc[name], name) for name in blocks.strongest(traits.loc[own], about)
        ],
        "channels": blocks.mix(told, traits, mixes[blocks.CHANNEL]),
        "times": blocks.mix(told, traits, mixes[blocks.TIME]),
        "devices": blocks.mix(told, traits, mixes[blocks.DEVICE]),
        "goods": blocks.mix(told, traits, mixes[blocks.GOODS]),
        "demographics": blocks.demographics(told, persona, k, DEMOGRAPHICS - len(notes)),
        "strengths": blocks.sides(told, persona, "strength"),
        "weaknesses": blocks.sides(told, persona, "weakness"),
        "changed": blocks.changed(told, persona),
        "journey": blocks.journey(told, persona, k),
        "feelings": blocks.feelings(told, persona),
        "concerns": blocks.concerns(told, persona),
        "notes": notes,
        "quotes": blocks.quotes(told, persona),
        "is_not": blocks.is_not(told, traits),
        "is_not_said": written[-1]["notes"],
    }


def _origin(told: Portraits, persona: str) -> str:
    """Where the name comes from."""
    if told.by == "rfm":
        return _("a segment by rule, not a persona")
    given = told.notes.names(i18n.language()).get(persona)
    return _("name given by hand") if given else _("name proposed from behaviour")


def _number(persona: str) -> int:
    digits = "".join(sign for sign in persona if sign.isdigit())
    return int(digits[-6:]) - 1 if digits else sum(map(ord, persona))


def _source(told: Portraits) -> str:
    features = told.features
    zone = features.timezone
    begin = features.since.tz_convert(zone)
    # Of a window that begins within a day the first whole one is told, so that 365 days are not 366.
    first = begin.normalize() if begin == begin.normalize() else begin.normalize() + pd.DateOffset(days=1)
    last = features.as_of.tz_convert(zone) - pd.Timedelta(microseconds=1)
    return _(
        "Behaviour from {first} to {last} ({zone}) of {n} customers; 95% intervals take customers as"
        " independent. What differs between personas describes them and says nothing of cause and effect.",
        first=i18n.date(first.date()),
        last=i18n.date(last.date()),
        zone=zone,
        n=i18n.number(told.sizes.facts["customers"]),
    )


def _facts(told: Portraits, size: Any, k: int) -> list[dict[str, Any]]:
    currency = told.features.currency
    of, n = i18n.number(told.sizes.facts["customers"]), i18n.number(size.customers)
    # Segments by recency and frequency are made of who bought, and how often: no finding, and no estimate.
    by_rule = [_("by definition of the segment")] if told.by == "rfm" else []
    facts = [
        (
            _("Share of customers"),
            lines.percent(size.share),
            [lines.between(size.low, size.high), _("{n} of {of}", n=n, of=of)],
        ),
        (
            _("Share of revenue"),
            lines.percent(size.value_share),
            [_untold(k)]
            if np.isnan(size.value)
            else [lines.between(size.value_low, size.value_high), lines.money(size.value, currency)],
        ),
        (
            _("Who bought"),
            lines.percent(size.conversion_rate),
            by_rule or _part(size.buyers, size.customers, size.rate_low, size.rate_high, k),
        ),
        (
            _("Bought again"),
            lines.percent(size.repeat_rate),
            by_rule or _part(size.repeaters, size.buyers, size.repeat_low, size.repeat_high, k),
        ),
        (
            _("Value per customer"),
            lines.money(size.mean_value, currency),
            [_untold(k)] if np.isnan(size.mean_value) else _worth(size, currency, n),
        ),
    ]
    return [{"label": label, "value": value, "notes": notes} for label, value, notes in facts]


def _worth(size: Any, currency: str, n: str) -> list[str]:
    """What a mean of money rests on, and whether so few bring most of it that its interval is too narrow."""
    if np.isnan(size.mean_low):
        return [f"n = {n}"]
    between = f"{lines.money(size.mean_low, currency)} – {lines.money(size.mean_high, currency)}"
    few = [_("few bring most of it: at least as unsure")] if size.carriers < SMALL else []
    return [between, f"n = {n}", *few]


def _untold(k: int) -> str:
    return _("not shown: it would tell of fewer than {k} people", k=i18n.number(k))


def _part(n: float, of: float, low: float, high: float, k: int) -> list[str]:
    """What a share rests on; where it would tell of fewer than `k` people, on either side, only that."""
    if np.isnan(n) or np.isnan(of) or (of and np.isnan(low)):
        return [_untold(k)]
    return [lines.between(low, high), _("{n} of {of}", n=i18n.number(n), of=i18n.number(of))]
