"""What stands on a persona's card, block by block: each with its source, its base and its interval."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from journey_lib import card_lines as lines
from journey_lib import i18n
from journey_lib.charts import named
from journey_lib.features import Feature, Features
from journey_lib.features.columns import REST
from journey_lib.i18n import text as _
from journey_lib.intervals import wilson
from journey_lib.model import NO_TOUCH, OTHER, Result
from journey_lib.personas.notes import Note, Notes
from journey_lib.personas.portrait import UNKNOWN

SCALES, BARS, CLASSES, SIDES = 7, 4, 5, 4
# Families whose shares add up: they stand as bars of their own and not among the scales.
CHANNEL, TIME, DEVICE, GOODS = "channel", "time", "device", "goods"
MIXED = (CHANNEL, TIME, DEVICE, GOODS)
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
    `journeys.top` of its journeys. `changes` are those since the day `since`. `by`: "found", or "rfm" where
    rules made the groups.
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
    samples: int | None = None
    strengths: Result | None = None
    changes: Result | None = None
    since: dt.date | None = None
    by: str = "found"

    def name(self, persona: str) -> str:
        """What readers call a persona: the name given by hand, else the one proposed."""
        return self.notes.names(i18n.language()).get(persona) or self.proposed.get(persona, persona)


def of(result: Result, persona: str) -> pd.DataFrame:
    """The rows of one persona."""
    return result.table[result.table["persona"] == persona]


def large_enough(told: Portraits, k: int) -> Portraits:
    """The same without any number that rests on fewer than `k` people, on either side of a comparison."""

    def kept(result: Result) -> Result:
        shown = result.suppressed(k)
        return replace(shown, table=shown.table[~shown.table["suppressed"] & shown.table["exceeds"].notna()])

    who, shown = told.demographics.table, told.demographics.suppressed(k).table
    return replace(
        told,
        sizes=told.sizes.suppressed(k),
        traits=kept(told.traits),
        demographics=replace(
            told.demographics,
            table=who.assign(rest=shown["rest"], suppressed=shown["customers"].isna()),
        ),
        strengths=told.strengths and kept(told.strengths),
        changes=told.changes and kept(told.changes),
    )


def strongest(traits: pd.DataFrame, about: Mapping[str, Feature]) -> list[str]:
    """The features in which the persona stands farthest from everybody else, few of each family."""
    apart = (traits["exceeds"] - 0.5).abs().dropna().sort_values(ascending=False, kind="stable")
    families: Counter[str] = Counter()
    chosen = []
    for name in map(str, apart.index):
        if about[name].of == REST:  # what is in none of the others' columns tells nothing by itself
            continue
        families[about[name].family] += 1
        if families[about[name].family] <= PER_FAMILY:
            chosen.append(name)
    return chosen[:SCALES]


def scale(told: Portraits, row: Any, name: str) -> dict[str, Any]:
    """One trait on the scale of the whole base."""
    mine, others = lines.both(row, "rest", told.features.currency)
    return {
        "label": told.titles.get(name, name),
        "at": 100 * row["place"],
        "low": 100 * row["place_lower"],
        "high": 100 * row["place_upper"],
        "mid": 50,
        "said": _("{mine}; others {others}", mine=mine, others=others) + lines.of(row["n"]),
    }


def mix(told: Portraits, traits: pd.DataFrame, features: Iterable[str]) -> list[dict[str, Any]]:
    """The largest shares of one family, beside everybody else's."""
    rows = traits.loc[list(features)].dropna(subset=["typical"])
    rows = rows.sort_values("typical", ascending=False, kind="stable").head(BARS)
    last = [told.features.feature(str(name)).of == REST for name in rows.index]
    rows = rows.iloc[np.argsort(last, kind="stable")]
    return [
        lines.bar(_short(told, str(name)), row, "typical")
        for name, row in rows.to_dict(orient="index").items()
    ]


def _short(told: Portraits, name: str) -> str:
    """A feature's name under a heading that already says what it is a share of."""
    feature = told.features.feature(name)
    if name in TIME_NAMES:
        return _(TIME_NAMES[name])
    if feature.family in MIXED and feature.of:
        return lines.others() if feature.of == REST else told.names.get(feature.of) or _(feature.of)
    return told.titles.get(name, name)


def demographics(told: Portraits, persona: str, k: int, room: int) -> list[dict[str, Any]]:
    """Who they are, as distributions: the `room` traits in which they differ most from everybody else.

    A class of fewer than `k` members has no line of its own, and a trait known of fewer is left out.
    """
    drawn = []
    for feature, rows in of(told.demographics, persona).groupby("feature", sort=False):
        known = rows[rows["value"] != UNKNOWN]
        n = int(rows["known"].iloc[0])
        if told.features.feature(str(feature)).family != "demographic" or n < k:
            continue
        classes = _classes(known, n, k)
        if classes["value"].eq(OTHER).all():
            continue
        total = n + int(rows.loc[rows["value"] == UNKNOWN, "customers"].sum())
        block = {
            "label": told.titles.get(str(feature), str(feature)),
            "note": _("known of {n} of {of}", n=i18n.number(n), of=i18n.number(total)),
            "rows": [
                lines.bar(lines.class_name(str(row["value"]), told.names), row, "share")
                for row in classes.to_dict(orient="records")
            ],
        }
        drawn.append((float((classes["share"] - classes["rest"]).abs().max()), block))
    kept = sorted(range(len(drawn)), key=lambda at: -np.nan_to_num(drawn[at][0]))[:room]
    return [drawn[at][1] for at in sorted(kept)]


def _classes(known: pd.DataFrame, n: int, k: int) -> pd.DataFrame:
    """The common classes, ages and incomes in their order, and all others as one: they add up to everyone."""
    hidden = known.get("suppressed", pd.Series(data=False, index=known.index))
    named_ones = known[(known["value"] != OTHER) & (known["customers"] >= k) & ~hidden]
    common = named_ones.sort_values("share", ascending=False, kind="stable").head(CLASSES)
    # Whoever is in a class without a line could be worked out from the others where they are fewer than k.
    while len(common) and 0 < n - common["customers"].sum() < k:
        common = common.iloc[:-1]
    others = known.drop(common.index)
    ranks = {value: lines.rank(str(value)) for value in common["value"]}
    order = {value: at for value, at in ranks.items() if at is not None}
    if len(order) == len(ranks):
        common = common.iloc[np.argsort([order[value] for value in common["value"]], kind="stable")]
    if others["customers"].sum() < k:
        return common
    some = int(others["customers"].sum())
    low, high = wilson(np.array([some]), np.array([n]))
    rest = {"value": OTHER, "share": some / n, "low": low[0], "high": high[0], "rest": others["rest"].sum()}
    return pd.concat([common, pd.DataFrame([rest])], ignore_index=True)


def sides(told: Portraits, persona: str, side: str) -> list[str]:
    """In what members do better, or worse, than everybody else, the clearest first."""
    if told.strengths is None:
        return []
    rows = of(told.strengths, persona)
    rows = rows[rows["side"] == side]
    far = (rows["exceeds"] - 0.5).abs().sort_values(ascending=False, kind="stable").index[:SIDES]
    return [_beside(told, row) for row in rows.loc[far].to_dict(orient="records")]


def changed(told: Portraits, persona: str) -> dict[str, Any] | None:
    """What is different about members since an earlier day, the clearest first; None without such a day."""
    if told.changes is None or told.since is None:
        return None
    every = of(told.changes, persona)
    if not len(every):
        return None
    rows = every[every["real"]]
    far = (rows["exceeds"] - 0.5).abs().sort_values(ascending=False, kind="stable").index[:SIDES]
    n, before = (i18n.number(every[name].max()) for name in ("n", "before_n"))
    signs = {"better": "▲ ", "worse": "▼ ", "": ""}
    return {
        "label": _("Since {day}", day=i18n.date(told.since)),
        "note": _("n = {n}, {before} then", n=n, before=before),
        "rows": [
            signs[str(row["side"])] + _moved(told, row) for row in rows.loc[far].to_dict(orient="records")
        ]
        or [_("No trait changed beyond chance.")],
    }


def _beside(told: Portraits, row: Mapping[Any, Any]) -> str:
    mine, others = lines.both(row, "rest", told.features.currency)
    return _(
        "{trait}: {mine}; others {others}",
        trait=told.titles.get(str(row["feature"]), str(row["feature"])),
        mine=mine,
        others=others,
    ) + lines.of(row["n"])


def _moved(told: Portraits, row: Mapping[Any, Any]) -> str:
    now, before = lines.both(row, "before", told.features.currency)
    trait = told.titles.get(str(row["feature"]), str(row["feature"]))
    return f"{trait}: {before} → {now}"


def journey(told: Portraits, persona: str, k: int) -> dict[str, Any] | None:
    """The most frequent way to a conversion; None where none led to `k` of them."""
    paths = told.paths.get(persona)
    if paths is None or not paths.facts.get("conversions"):
        return None
    ways = paths.table[~paths.table["path"].isin([OTHER, NO_TOUCH])]
    ways = ways[ways["conversions"].fillna(0) >= k].sort_values("conversions", ascending=False, kind="stable")
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


def feelings(told: Portraits, persona: str) -> dict[str, Any] | None:
    """How members rated each stage; None where nobody was asked."""
    if told.feelings is None or not len(of(told.feelings, persona)):
        return None
    least, most = (float(told.feelings.settings[end]) for end in ("least", "most"))
    rows = of(told.feelings, persona).set_index("stage")
    order = [stage for stage in told.stage_names if stage in rows.index]

    def at(value: Any) -> float | None:
        return None if np.isnan(value) else 100 * float(value - least) / (most - least)

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
                "at": at(row["mean"]),
                "low": at(row["low"]),
                "high": at(row["high"]),
                "mid": 50,
                "said": lines.feeling(row),
            }
            for stage, row in rows.loc[order].to_dict(orient="index").items()
        ],
    }


def concerns(told: Portraits, persona: str) -> dict[str, Any] | None:
    """What members turned to the shop about; None where they did not."""
    rows = of(told.concerns, persona).head(BARS) if told.concerns is not None else pd.DataFrame()
    if not len(rows):
        return None
    return {
        "note": f"n = {i18n.number(rows['members'].iloc[0])}",
        "rows": [
            lines.bar(told.names.get(str(row["topic"]), str(row["topic"])), row, "share")
            for row in rows.to_dict(orient="records")
        ],
    }


def aspect(told: Portraits, persona: str, aspect: str) -> dict[str, Any]:
    """What people wrote of one aspect."""
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


def quotes(told: Portraits, persona: str) -> dict[str, Any] | None:
    """Members' own words; None where there are none."""
    rows = of(told.quotes, persona) if told.quotes is not None else pd.DataFrame()
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


def is_not(told: Portraits, traits: pd.DataFrame) -> str:
    """What members have least of beside everybody else, in words and numbers."""
    met = [each.name for each in told.features.about if each.family in MIXED and each.of != REST]
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
