"""The columns there can be: what each is called, what it counts, in which unit, from which source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from journey_lib import i18n
from journey_lib.channels.labels import LABELS
from journey_lib.features.about import Feature, Features
from journey_lib.model import Language
from journey_lib.stages.labels import EVENTS
from journey_lib.workspace import Workspace

# From which hour of the local clock each part of the day lasts, until the next begins.
DAYPARTS: Mapping[str, int] = {"night": 22, "morning": 6, "midday": 11, "afternoon": 14, "evening": 18}
# The first year of age of each band.
BANDS: Mapping[str, int] = {
    "under 18": 0, "18-24": 18, "25-34": 25, "35-44": 35, "45-54": 45, "55-64": 55, "65+": 65,
}  # fmt: skip
OLDEST = 110  # a birth year further back is a slip of the pen
POOLED = 0.01  # a channel or kind of event with less than this share of all has no column of its own
REST = "other"
METRICS = frozenset({"csat", "ces", "nps"})  # questions known by the first letters of their names

KNOWN: Mapping[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("recency_days", "Days since last seen", "days", "recency", "days", "touches"),
        Feature(
            "recency_conversion_days", "Days since the last conversion", "days", "recency", "days", "touches"
        ),
        Feature("tenure_days", "Days since first seen", "days", "recency", "days", "touches"),
        Feature("touches", "Touches", "touches", "frequency", "count", "touches"),
        Feature("conversions", "Conversions", "conversions", "frequency", "count", "touches"),
        Feature("active_days", "Days with any contact", "days", "frequency", "count", "touches"),
        Feature("value", "Value", "money", "value", "amount", "touches", behaviour=False),
        Feature(
            "mean_value", "Mean value of a conversion", "money", "value", "amount", "touches", behaviour=False
        ),
        Feature(
            "median_gap_days", "Median days from contact to contact", "days", "cadence", "days", "touches"
        ),
        Feature("mean_gap_days", "Mean days from contact to contact", "days", "cadence", "days", "touches"),
        Feature("time_weekend", "Share of events at weekends", "share", "time", "share", "touches"),
        Feature("time_night", "Share of events at night (22–6)", "share", "time", "share", "touches"),
        Feature("time_morning", "Share of events in mornings (6–11)", "share", "time", "share", "touches"),
        Feature("time_midday", "Share of events at midday (11–14)", "share", "time", "share", "touches"),
        Feature(
            "time_afternoon", "Share of events in afternoons (14–18)", "share", "time", "share", "touches"
        ),
        Feature("time_evening", "Share of events in evenings (18–22)", "share", "time", "share", "touches"),
        Feature("channels", "Channels used", "channels", "channel", "count", "touches"),
        Feature("offline", "Share of touches offline", "share", "place", "share", "touches"),
        Feature("stage_depth", "How many stages deep", "stages", "stage", "number", "touches"),
        Feature("stage", "Deepest stage reached", "", "stage", "category", "touches"),
        Feature("offers", "Share of touches at offers", "share", "offer", "share", "touches"),
        Feature("sale_days", "Share of conversions on sale days", "share", "offer", "share", "touches"),
        Feature("tickets", "Service tickets", "tickets", "service", "count", "tickets"),
        Feature("surveys_sent", "Survey questions sent", "questions", "voice", "count", "surveys", False),
        Feature("surveys_answered", "Share of questions answered", "share", "voice", "share", "surveys"),
        Feature("returns", "Orders returned or cancelled", "orders", "service", "count", "orders"),
        Feature("age_band", "Age", "years", "demographic", "category", "customers", behaviour=False),
        Feature("gender", "Gender", "", "demographic", "category", "customers", behaviour=False),
        Feature("city", "City", "", "demographic", "category", "customers", behaviour=False),
        Feature("tier", "Membership tier", "", "demographic", "category", "customers", behaviour=False),
        Feature("income", "Income", "", "demographic", "category", "customers", behaviour=False),
        Feature(
            "household_size", "People in the household", "", "demographic", "category", "customers", False
        ),
        Feature("household", "Household", "", "demographic", "category", "customers", behaviour=False),
        Feature("children", "Children", "", "demographic", "category", "customers", behaviour=False),
        Feature(
            "marital_status", "Marital status", "", "demographic", "category", "customers", behaviour=False
        ),
        Feature("home", "Home", "", "demographic", "category", "customers", behaviour=False),
    )
}
# One column for each channel, kind of event, kind of device, category of goods and survey question: the name
# goes where the * stands.
MIXES: Mapping[str, Feature] = {
    "channel": Feature("share_*", "Share of touches: {of}", "share", "channel", "share", "touches"),
    "event_type": Feature("event_*", "Share of events: {of}", "share", "category", "share", "touches"),
    "device": Feature("device_*", "Share of events: {of}", "share", "device", "share", "events"),
    "goods": Feature("goods_*", "Share of order lines: {of}", "share", "goods", "share", "items"),
    "metric": Feature("score_*", "Mean score: {of}", "points", "voice", "number", "surveys", False),
}


def word(name: str) -> str:
    """A name as part of a column's: small Latin letters, digits and underscores."""
    folded = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"[\u0300-\u036f]", "", folded)).strip("_") or "x"


def mixed(mix: str, names: Sequence[str]) -> list[Feature]:
    """The columns of a mix, in the order of `names`; those that would be called alike are numbered."""
    pattern, taken, found = MIXES[mix], set[str](), []
    for name in names:
        column = spelt = pattern.name.replace("*", word(name))
        number = 1
        while column in taken:
            number += 1
            column = f"{spelt}_{number}"
        taken.add(column)
        found.append(replace(pattern, name=column, of=name))
    return found


def titles(
    features: Features,
    workspace: Workspace | None = None,
    language: Language | None = None,
    *,
    names: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What readers call each column, by its name: in the current language, or the given one.

    Channels, kinds of event and the analyst's own columns are called what the workspace's labels say, or
    `names`, which go before (a page's, with what people wrote of touchpoints); else by words of ours.
    """
    lang = language or i18n.language()
    said: dict[str, Mapping[Any, str]] = {**LABELS, **(workspace.labels if workspace else {})}
    words = {name: label.get(lang, name) for name, label in said.items()} | dict(names or {})
    words |= {REST: i18n.text("Others", lang)}
    if workspace is not None:
        own = workspace.features.own
        words |= {name: declared.label.get(lang, name) for name, declared in own.items()}
    return {
        feature.name: i18n.text(feature.label, lang, of=words.get(feature.of) or _spoken(feature, lang))
        if feature.of
        else i18n.text(feature.label, lang)
        for feature in features.about
    }


def _spoken(feature: Feature, language: Language) -> str:
    """Kinds of device and of event are called alike by many; other names are the workspace's own."""
    if feature.of in METRICS:
        return feature.of.upper()
    if feature.family == MIXES["event_type"].family and feature.of in EVENTS:
        return EVENTS[feature.of][language]
    return i18n.text(feature.of, language) if feature.family == "device" else feature.of
