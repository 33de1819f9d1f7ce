"""The persona card: one page about one group of people, every line with where it comes from.

A card is put together from Results (`personas.sizes`, `traits`, `demographics`, `feelings`, `concerns`,
`quotes`) and from what people wrote; it computes nothing. What is measured, what was asked, what somebody
wrote and what is only assumed are told apart by sign, word and line.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import markupsafe
import numpy as np
import pandas as pd

from journey_lib import card_lines as lines
from journey_lib import i18n, pages, theme
from journey_lib.charts import named
from journey_lib.features import Feature, Features
from journey_lib.features.columns import REST
from journey_lib.i18n import text as _
from journey_lib.model import NO_TOUCH, OTHER, Language, Result
from journey_lib.personas.notes import ASPECTS, Note, Notes
from journey_lib.personas.portrait import UNKNOWN

MIMETYPE = "application/vnd.journey.cards+json"
STYLES = ("cards/cards.css",)
SCALES, BARS, CLASSES = 7, 4, 4
CHANNEL, TIME = "channel", "time"
PER_FAMILY = 2  # traits of one family on the scales: six kinds of events would say one thing six times
TIME_NAMES: Mapping[str, str] = {
    "time_weekend": "Weekend",
    "time_night": "Night 22–6",
    "time_morning": "Morning 6–11",
    "time_midday": "Midday 11–14",
    "time_afternoon": "Afternoon 14–18",
    "time_evening": "Evening 18–22",
}
ASPECT_NAMES: Mapping[str, str] = {
    "goals": "Goals",
    "needs": "Needs",
    "frustrations": "Frustrations",
    "motivations": "Motivations",
    "is_not": "What they are not",
}


@dataclass(frozen=True)
class Portraits:
    """Everything that is known of a set of personas; what there is nothing of stays empty.

    `titles` are what readers call the features, `names` the channels. `stability`: persona → its bootstrap
    Jaccard; `rules`: persona → sentence, and `fidelity` how well it tells members. `paths`: persona →
    `journeys.top` of its journeys. `by`: "found", or "rfm" where rules made the groups.
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
    by: str = "found"

    def name(self, persona: str) -> str:
        """What readers call a persona: the name given by hand, else the one proposed."""
        return self.notes.names(i18n.language()).get(persona) or self.proposed.get(persona, persona)


def bundle(told: Portraits, *, k: int) -> dict[str, Any]:
    """What a notebook hands on when it shows the cards: data for a report, and HTML for JupyterLab."""
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
        "code": persona,
        "name": name,
        "origin": _origin(told, persona),
        "initials": lines.initials(name),
        "tone": _number(persona) % 8 + 1,
        "shapes": lines.shapes(_number(persona)),
        "rule": told.rules.get(persona, ""),
        "fidelity": told.fidelity.get(persona, ""),
        "badge": lines.badge(told.stability.get(persona)),
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
    n = i18n.number(size.customers)
    return card | {
        "behaviour_base": f"n = {n}",
        "facts": _facts(told, size),
        "scales": [_scale(told, traits.loc[name], name) for name in _strongest(traits.loc[own], about)],
        "channels": _mix(told, traits, mixes[CHANNEL]),
        "times": _mix(told, traits, mixes[TIME]),
        "demographics": _demographics(told, persona),
        "journey": _journey(told, persona),
        "feelings": _feelings(told, persona),
        "concerns": _concerns(told, persona),
        "notes": [block for aspect in ASPECTS if (block := _aspect(told, persona, aspect))["notes"]],
        "quotes": _quotes(told, persona),
        "is_not": _is_not(told, traits),
    }


def _origin(told: Portraits, persona: str) -> str:
    """Where the name comes from."""
    if told.by == "rfm":
        return _("a segment by rule, not a persona")
    given = told.notes.names(i18n.language()).get(persona)
    return _("name given by hand") if given else _("name proposed from behaviour")


def _of(result: Result, persona: str) -> pd.DataFrame:
    return result.table[result.table["persona"] == persona]


def _number(persona: str) -> int:
    digits = "".join(sign for sign in persona if sign.isdigit())
    return int(digits[-6:]) - 1 if digits else sum(map(ord, persona))


def _source(told: Portraits) -> str:
    features = told.features
    zone = features.timezone
    last = features.as_of.tz_convert(zone) - pd.Timedelta(microseconds=1)
    return _(
        "Behaviour from {first} to {last} ({zone}) of {n} customers; 95 % intervals take customers as"
        " independent. What differs between personas describes them and says nothing about causes.",
        first=i18n.date(features.since.tz_convert(zone).date()),
        last=i18n.date(last.date()),
        zone=zone,
        n=i18n.number(told.sizes.facts["customers"]),
    )


def _facts(told: Portraits, size: Any) -> list[dict[str, str]]:
    currency = told.features.currency
    of = i18n.number(told.sizes.facts["customers"])
    n, buyers = i18n.number(size.customers), i18n.number(size.buyers)
    facts = [
        (
            _("Share of customers"),
            i18n.percent(size.share),
            f"{lines.between(size.low, size.high)} · {_('{n} of {of}', n=n, of=of)}",
        ),
        (
            _("Share of revenue"),
            lines.percent(size.value_share),
            f"{lines.between(size.value_low, size.value_high)} · {lines.money(size.value, currency)}",
        ),
        (
            _("Who bought"),
            lines.percent(size.conversion_rate),
            f"{lines.between(size.rate_low, size.rate_high)} · {_('{n} of {of}', n=buyers, of=n)}",
        ),
        (
            _("Value per customer"),
            lines.money(size.mean_value, currency),
            f"{lines.money(size.mean_low, currency)} – {lines.money(size.mean_high, currency)} · n = {n}",
        ),
    ]
    return [{"label": label, "value": value, "note": note} for label, value, note in facts]


def _strongest(traits: pd.DataFrame, about: Mapping[str, Feature]) -> list[str]:
    """The features in which the persona stands farthest from everybody else, few of each family."""
    apart = (traits["exceeds"] - 0.5).abs().dropna().sort_values(ascending=False, kind="stable")
    families: Counter[str] = Counter()
    chosen = []
    for name in map(str, apart.index):
        families[about[name].family] += 1
        if families[about[name].family] <= PER_FAMILY:
            chosen.append(name)
    return chosen[:SCALES]


def _scale(told: Portraits, row: Any, name: str) -> dict[str, Any]:
    currency = told.features.currency
    mine, others = (lines.measure(row[at], row["kind"], row["unit"], currency) for at in ("typical", "rest"))
    return {
        "label": told.titles.get(name, name),
        "at": 100 * row["place"],
        "low": 100 * row["place_lower"],
        "high": 100 * row["place_upper"],
        "mid": 50,
        "said": _("{mine}; others {others}", mine=mine, others=others) + f" (n = {i18n.number(row['n'])})",
    }


def _mix(told: Portraits, traits: pd.DataFrame, features: Iterable[str]) -> list[dict[str, Any]]:
    rows = traits.loc[list(features)].dropna(subset=["typical"])
    rows = rows.sort_values("typical", ascending=False, kind="stable").head(BARS)
    most = max(float(rows[["typical", "rest"]].max().max()), 1e-9) if len(rows) else 1.0
    return [
        lines.bar(_short(told, str(name)), row, "typical", most)
        for name, row in rows.to_dict(orient="index").items()
    ]


def _short(told: Portraits, name: str) -> str:
    """A feature's name under a heading that already says what it is a share of."""
    feature = told.features.feature(name)
    if name in TIME_NAMES:
        return _(TIME_NAMES[name])
    if feature.family == CHANNEL and feature.of:
        return _("others") if feature.of == REST else told.names.get(feature.of, feature.of)
    return told.titles.get(name, name)


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
                    lines.bar(lines.class_name(str(row["value"])), row, "share", most)
                    for row in shown.to_dict(orient="records")
                ],
            }
        )
    return blocks


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
            "The most frequent way to a conversion: {n} of {total} ({share}); there are many ways, and most"
            " are taken by few.",
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

    def at(value: Any) -> float:
        return 100 * float(value - least) / (most - least)

    return {
        "note": _(
            "{metric}, {least} to {most}",
            metric=str(told.feelings.settings["metric"]).upper(),
            least=f"{least:g}",
            most=f"{most:g}",
        ),
        "rows": [
            {
                "label": told.stage_names[str(stage)],
                "at": None if np.isnan(row["mean"]) else at(row["mean"]),
                "low": at(row["low"]),
                "high": at(row["high"]),
                "mid": 50,
                "said": lines.feeling(row),
            }
            for stage, row in rows.loc[order].to_dict(orient="index").items()
        ],
    }


def _concerns(told: Portraits, persona: str) -> dict[str, Any] | None:
    rows = _of(told.concerns, persona).head(BARS) if told.concerns is not None else pd.DataFrame()
    if not len(rows):
        return None
    most = max(float(rows[["share", "rest"]].max().max()), 1e-9)
    return {
        "note": f"n = {i18n.number(rows['members'].iloc[0])}",
        "rows": [lines.bar(str(row["topic"]), row, "share", most) for row in rows.to_dict(orient="records")],
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
        i18n.date(note.date) if note.date else "",
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
    """What members have least of beside everybody else, in words and numbers."""
    met = [feature.name for feature in told.features.about if feature.family in {CHANNEL, TIME}]
    shares = traits[(traits["exceeds_high"] < 0.5) & (traits["kind"] == "share") & traits.index.isin(met)]
    said = [
        _(
            "{what} ({mine}; others {others})",
            what=_short(told, str(name)),
            mine=i18n.percent(row["typical"], 0),
            others=i18n.percent(row["rest"], 0),
        )
        for name, row in shares.sort_values("exceeds", kind="stable").head(3).iterrows()
    ]
    return _("Less than others: {what}.", what=", ".join(said)) if said else ""
