"""The persona card: one page about one group of people, every line with where it comes from.

A card is put together from Results (`personas.sizes`, `traits`, `demographics`, `feelings`, `concerns`, `quotes`) and from
what people wrote; it computes nothing. What is measured, what was asked, what somebody wrote and what is only assumed
are told apart by sign, word and line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import markupsafe
import numpy as np
import pandas as pd

from journey_lib import i18n, pages
from journey_lib.charts import named
from journey_lib.features import Features
from journey_lib.findings_personas import trait_words
from journey_lib.i18n import text as _
from journey_lib.model import NO_TOUCH, OTHER, Result
from journey_lib.personas.notes import ASPECTS, Note, Notes
from journey_lib.personas.portrait import UNKNOWN

SCALES, BARS, CLASSES = 9, 5, 4
CHANNEL, TIME = "channel", "time"
ASPECT_NAMES: Mapping[str, str] = {
    "goals": "Goals",
    "needs": "Needs",
    "frustrations": "Frustrations",
    "motivations": "Motivations",
    "is_not": "What they are not",
}
# Shapes of the avatars: neutral, so that nobody's face, sex or age is put into a reader's head.
SHAPES = ((12, 12, 9), (54, 20, 13), (20, 56, 11), (50, 54, 7), (32, 8, 6), (8, 36, 8))


@dataclass(frozen=True)
class Portraits:
    """Everything that is known of a set of personas. `titles` are what readers call the features, `names` the channels.

    `stability`: persona → worst-case bootstrap Jaccard; `rules`: persona → sentence, and `fidelity` how well it tells
    members. `paths`: persona → `journeys.top` of its journeys. What there is nothing of stays empty.
    """

    features: Features
    sizes: Result
    traits: Result
    demographics: Result
    titles: Mapping[str, str]
    names: Mapping[str, str]
    proposed: Mapping[str, str]
    notes: Notes = field(default_factory=Notes)
    feelings: Result | None = None
    concerns: Result | None = None
    quotes: Result | None = None
    stage_names: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Result] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    fidelity: Mapping[str, str] = field(default_factory=dict)
    stability: Mapping[str, float] = field(default_factory=dict)

    def name(self, persona: str) -> str:
        """What readers call a persona: the name given by hand, else the one proposed."""
        return self.notes.names(i18n.language()).get(persona) or self.proposed.get(persona, persona)


def personas(told: Portraits, *, k: int, prefix: str = "persona") -> markupsafe.Markup:
    """The cards of all personas, one A4 page each in print; of a persona of fewer than `k` people only its name."""
    cards = [_card(told, str(row.persona), row, k) for row in told.sizes.table.itertuples(index=False)]
    marks = {
        "measured": "● " + _("measured"),
        "survey": "◆ " + _("survey"),
        "authored": "✎ " + _("authored"),
        "assumption": "? " + _("assumption"),
    }
    return pages.fragment(
        "cards/persona.html.j2",
        language=i18n.language(),
        cards=cards,
        marks=marks,
        k=i18n.number(k),
        prefix=prefix,
    )


def _card(told: Portraits, persona: str, size: Any, k: int) -> dict[str, Any]:
    name = told.name(persona)
    card: dict[str, Any] = {
        "code": persona,
        "name": name,
        "proposed": not told.notes.names(i18n.language()).get(persona),
        "initials": _initials(name),
        "tone": _number(persona) % 8 + 1,
        "shapes": _shapes(_number(persona)),
        "rule": told.rules.get(persona, ""),
        "fidelity": told.fidelity.get(persona, ""),
        "badge": _badge(told.stability.get(persona)),
        "source": _source(told),
        "hidden": size.customers < k,
    }
    if card["hidden"]:
        return card | {"rule": "", "fidelity": ""}
    traits = _of(told.traits, persona).set_index("feature")
    about = {feature.name: feature for feature in told.features.about}
    own = [name for name in traits.index if about[name].family not in {CHANNEL, TIME}]
    mixes = {
        family: [
            name for name in traits.index if about[name].family == family and about[name].kind == "share"
        ]
        for family in (CHANNEL, TIME)
    }
    strongest = _strongest(traits.loc[own])
    n = i18n.number(size.customers)
    return card | {
        "behaviour_base": f"n = {n}",
        "facts": _facts(told, size),
        "scales": [_scale(told, traits.loc[name], name) for name in strongest[:SCALES]],
        "channels": _mix(told, traits, mixes[CHANNEL], told.names),
        "times": _mix(told, traits, mixes[TIME], {}),
        "demographics": _demographics(told, persona),
        "journey": _journey(told, persona),
        "feelings": _feelings(told, persona),
        "concerns": _concerns(told, persona),
        "notes": [
            block for block in map(lambda aspect: _aspect(told, persona, aspect), ASPECTS) if block["notes"]
        ],
        "quotes": _quotes(told, persona),
        "is_not": _is_not(told, traits),
    }


def _of(result: Result, persona: str) -> pd.DataFrame:
    return result.table[result.table["persona"] == persona]


def _number(persona: str) -> int:
    digits = "".join(sign for sign in persona if sign.isdigit())
    return int(digits[-6:]) - 1 if digits else sum(map(ord, persona))


def _initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalpha()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def _shapes(number: int) -> list[dict[str, float]]:
    return [
        {"x": x, "y": y, "r": r, "o": 0.14 + 0.05 * ((number + at) % 3)}
        for at, (x, y, r) in enumerate(SHAPES)
        if (number + 2) * (at + 3) % 5 < 3
    ]


def _badge(jaccard: float | None) -> dict[str, str] | None:
    if jaccard is None or np.isnan(jaccard):
        return None
    level, sign, words = next(
        (level, sign, words)
        for least, level, sign, words in (
            (0.85, "high", "●", _("very stable")),
            (0.75, "fair", "◐", _("stable")),
            (-1.0, "low", "○", _("doubtful")),
        )
        if jaccard >= least
    )
    note = _("{share} the same people when found again (Jaccard, bootstrap)", share=i18n.percent(jaccard, 0))
    return {"level": level, "sign": sign, "words": words, "note": note}


def _source(told: Portraits) -> str:
    features = told.features
    zone = features.timezone
    last = features.as_of.tz_convert(zone) - pd.Timedelta(microseconds=1)
    return _(
        "Behaviour from {first} to {last} ({zone}) of {n} customers; 95 % intervals take customers as independent."
        " What differs between personas describes them and says nothing about causes.",
        first=i18n.date(features.since.tz_convert(zone).date()),
        last=i18n.date(last.date()),
        zone=zone,
        n=i18n.number(told.sizes.facts["customers"]),
    )


def _facts(told: Portraits, size: Any) -> list[dict[str, str]]:
    currency = told.features.currency
    of = i18n.number(told.sizes.facts["customers"])
    n = i18n.number(size.customers)
    facts = [
        (
            _("Share of customers"),
            i18n.percent(size.share),
            f"{_range(size.low, size.high)} · {_('{n} of {of}', n=n, of=of)}",
        ),
        (
            _("Share of revenue"),
            _percent(size.value_share),
            f"{_range(size.value_low, size.value_high)} · {_money(size.value, currency)}",
        ),
        (
            _("Who bought"),
            _percent(size.conversion_rate),
            f"{_range(size.rate_low, size.rate_high)} · {_('{n} of {of}', n=i18n.number(size.buyers), of=n)}",
        ),
        (
            _("Value per customer"),
            _money(size.mean_value, currency),
            f"{_money(size.mean_low, currency)} – {_money(size.mean_high, currency)} · n = {n}",
        ),
    ]
    return [{"label": label, "value": value, "note": note} for label, value, note in facts]


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else i18n.percent(share)


def _range(low: float, high: float, digits: int = 1) -> str:
    return (
        "–"
        if np.isnan(low) or np.isnan(high)
        else f"{i18n.percent(low, digits)} – {i18n.percent(high, digits)}"
    )


def _money(amount: float, currency: str) -> str:
    return "–" if np.isnan(amount) else i18n.money(amount, currency, compact=True)


def _strongest(traits: pd.DataFrame) -> list[str]:
    """Features by how far the persona stands from everybody else."""
    apart = (traits["exceeds"] - 0.5).abs().dropna()
    return [str(name) for name in apart.sort_values(ascending=False, kind="stable").index]


def _said(value: float, kind: str, unit: str, currency: str) -> str:
    if np.isnan(value):
        return "–"
    if kind == "share":
        return i18n.percent(value, 0)
    if kind == "amount":
        return i18n.money(value, currency, compact=True)
    digits = 0 if abs(value) >= 10 or float(value).is_integer() else 1
    return f"{i18n.number(value, digits)} {_(unit)}".strip()


def _scale(told: Portraits, row: pd.Series[Any], name: str) -> dict[str, Any]:
    currency = told.features.currency
    mine, others = (_said(row[at], row["kind"], row["unit"], currency) for at in ("typical", "rest"))
    return {
        "label": told.titles.get(name, name),
        "at": 100 * row["place"],
        "low": 100 * row["place_lower"],
        "high": 100 * row["place_upper"],
        "mid": 50,
        "said": _("{mine}; others {others}", mine=mine, others=others) + f" (n = {i18n.number(row['n'])})",
    }


def _mix(
    told: Portraits, traits: pd.DataFrame, features: Iterable[str], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    rows = traits.loc[list(features)].dropna(subset=["typical"])
    rows = rows.sort_values("typical", ascending=False, kind="stable").head(BARS)
    most = max([float(rows[["typical", "rest"]].max().max()), 1e-9]) if len(rows) else 1.0
    about = {feature.name: feature.of for feature in told.features.about}
    return [
        _bar(names.get(about.get(str(name), ""), told.titles.get(str(name), str(name))), row, "typical", most)
        for name, row in rows.iterrows()
    ]


def _bar(label: str, row: Mapping[Any, Any], column: str, most: float, note: str = "") -> dict[str, Any]:
    rest = float(row["rest"])
    known = not np.isnan(rest)
    return {
        "label": label,
        "wide": round(100 * min(float(row[column]) / most, 1), 1),
        "rest": rest if known else None,
        "rest_at": round(100 * min(rest / most, 1), 1) if known else 0,
        "said": f"{i18n.percent(row[column], 0)} ({_range(row['low'], row['high'], 0)})",
        "note": note,
    }


def _demographics(told: Portraits, persona: str) -> list[dict[str, Any]]:
    blocks = []
    for feature, rows in _of(told.demographics, persona).groupby("feature", sort=False):
        known = rows[rows["value"] != UNKNOWN]
        n = int(rows["known"].iloc[0])
        if told.features.feature(str(feature)).family != "demographic" or not n:
            continue
        shown = known.sort_values("share", ascending=False, kind="stable").head(CLASSES)
        most = max(float(shown[["share", "rest"]].max().max()), 1e-9)
        total = n + int(rows.loc[rows["value"] == UNKNOWN, "customers"].sum())
        blocks.append(
            {
                "label": told.titles.get(str(feature), str(feature)),
                "note": _("known of {n} of {of}", n=i18n.number(n), of=i18n.number(total)),
                "rows": [
                    _bar(_class(str(row["value"])), row, "share", most)
                    for row in shown.to_dict(orient="records")
                ],
            }
        )
    return blocks


def _class(value: str) -> str:
    return _("others") if value == OTHER else _(value)


def _journey(told: Portraits, persona: str) -> dict[str, Any] | None:
    paths = told.paths.get(persona)
    if paths is None or not paths.facts.get("conversions"):
        return None
    ways = paths.table[~paths.table["path"].isin([OTHER, NO_TOUCH])]
    ways = ways[ways["conversions"].fillna(0) > 0].sort_values("conversions", ascending=False, kind="stable")
    if not len(ways):
        return None
    first, total = ways.iloc[0], paths.facts["conversions"]
    return {
        "steps": named(pd.Series(str(first["path"]).split(" > ")), told.names),
        "note": f"n = {i18n.number(total)}",
        "said": _(
            "The most frequent way to a conversion: {n} of {total} ({share}); there are many ways, and most are"
            " taken by few.",
            n=i18n.number(first["conversions"]),
            total=i18n.number(total),
            share=i18n.percent(first["conversions"] / total),
        ),
    }


def _feelings(told: Portraits, persona: str) -> dict[str, Any] | None:
    if told.feelings is None or not len(_of(told.feelings, persona)):
        return None
    least, most = (float(told.feelings.settings[end]) for end in ("least", "most"))
    rows = _of(told.feelings, persona).set_index("stage")
    order = [stage for stage in told.stage_names if stage in rows.index]

    def at(value: float) -> float:
        return 100 * (value - least) / (most - least)

    return {
        "note": _(
            "{metric}, {least} to {most}",
            metric=str(told.feelings.settings["metric"]).upper(),
            least=f"{least:g}",
            most=f"{most:g}",
        ),
        "rows": [
            {
                "label": told.stage_names[stage],
                "at": None if np.isnan(row["mean"]) else at(row["mean"]),
                "low": at(row["low"]),
                "high": at(row["high"]),
                "mid": 50,
                "said": _written(row),
            }
            for stage, row in ((stage, rows.loc[stage]) for stage in order)
        ],
    }


def _written(row: pd.Series[Any]) -> str:
    if np.isnan(row["mean"]):
        return ""
    low, high = i18n.number(row["low"], 1), i18n.number(row["high"], 1)
    return f"{i18n.number(row['mean'], 1)} ({low} – {high}) · n = {i18n.number(row['customers'])}"


def _concerns(told: Portraits, persona: str) -> dict[str, Any] | None:
    rows = _of(told.concerns, persona).head(BARS) if told.concerns is not None else pd.DataFrame()
    if not len(rows):
        return None
    most = max(float(rows[["share", "rest"]].max().max()), 1e-9)
    return {
        "note": f"n = {i18n.number(rows['members'].iloc[0])}",
        "rows": [_bar(str(row["topic"]), row, "share", most) for row in rows.to_dict(orient="records")],
    }


def _aspect(told: Portraits, persona: str, aspect: str) -> dict[str, Any]:
    written = told.notes.of(persona).aspect(aspect)
    return {"label": _(ASPECT_NAMES[aspect]), "notes": [_note(told, note) for note in written]}


def _note(told: Portraits, note: Note) -> dict[str, Any]:
    lang = i18n.language()
    kind = {"assumption": "assumption", "survey": "survey"}.get(note.basis, "authored")
    day: dt.date = told.features.as_of.tz_convert(told.features.timezone).date()
    said = [
        _(note.basis) if kind == "authored" else "",
        note.by,
        i18n.date(note.on) if note.on else "",
        f"n = {i18n.number(note.n)}" if note.n else "",
    ]
    return {
        "text": note.text.get(lang) or next(iter(note.text.values())),
        "mark": kind,
        "source": ", ".join(filter(None, said)),
        "stale": i18n.date(note.review) if note.review and note.stale(day) else "",
    }


def _quotes(told: Portraits, persona: str) -> dict[str, Any] | None:
    rows = _of(told.quotes, persona) if told.quotes is not None else pd.DataFrame()
    if not len(rows):
        return None
    return {
        "note": _("nearest the middle of the persona, personal data taken out"),
        "rows": [
            {
                "text": row["quote"],
                "source": f"{str(row['metric']).upper()} {i18n.number(row['score'])} · {row['day']:%m/%Y}",
            }
            for row in rows.to_dict(orient="records")
        ],
    }


def _is_not(told: Portraits, traits: pd.DataFrame) -> str:
    """What members have least of beside everybody else, in words."""
    about = {feature.name: feature for feature in told.features.about}
    least = traits[(traits["exceeds_high"] < 0.5)].sort_values("exceeds", kind="stable")
    words = [trait_words(about[str(name)], "high", told.names) for name in least.index]
    said = list(dict.fromkeys(filter(None, words)))[:3]
    return _("Less than others: {what}.", what=", ".join(said)) if said else ""
