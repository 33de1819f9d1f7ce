"""What readers call what customers said: labels, kinds of tickets, waiting times; and the tables of it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib.charts import Names, named
from journey_lib.i18n import text as _
from journey_lib.model import Result
from journey_lib.tables import heading
from journey_lib.voice.after import COMPLAINTS, QUESTIONS
from journey_lib.voice.hurts import LOW, SLOW
from journey_lib.voice.scores import ALL, PURCHASE

# How a comment reads: a sign, so that no colour is needed, and a word.
TONES = {
    "negative": ("▼", "complaint"),
    "neutral": ("■", "both, or neither"),
    "positive": ("▲", "praise"),
    "abstained": ("?", "no verdict"),
}
SCORED = {"negative": "▼ low score", "neutral": "■ in between", "positive": "▲ high score"}
WORDS = {
    ALL: "(all)",
    PURCHASE: "at the moment of purchase",
    COMPLAINTS: "(any complaint)",
    QUESTIONS: "(questions only)",
    SLOW: "Slow first answer",
    LOW: "Low score",
    **{label: f"{sign} {word}" for label, (sign, word) in TONES.items()},
    **{f"scored:{label}": word for label, word in SCORED.items()},
    "outcome:returned": "in touch again",
    "outcome:converted": "converted",
}
THEME: Mapping[str, str] = {
    "term": "text",
    "customers": "number",
    "said_by": "percent",
    "said_by_others": "percent",
    "verbatim": "text",
}
TICKETS: Mapping[str, str] = {
    "tickets": "number",
    "unanswered": "number",
    "half_answered_in": "text",
    "nine_in_ten_answered_in": "text",
    "half_solved_in": "text",
    "reopened": "number",
}
LAYOUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "themes_by_touchpoint": ("What sets each touchpoint apart in writing", {"touchpoint": "text", **THEME}),
    "themes_by_score": ("What low scores write about, and high ones", {"score": "text", **THEME}),
    "disagreements": (
        "Comments whose words say the opposite of their score",
        {"touchpoint": "text", "metric": "text", "score": "number", "text": "text"},
    ),
    "pain_by_topic": (
        "What tickets are about",
        {"topic": "text", **{name: form for name, form in TICKETS.items() if not name.startswith("nine")}},
    ),
    "pain_by_touchpoint": (
        "Tickets by the touchpoint they are about",
        {"touchpoint": "text", "complaint_share": "percent", **TICKETS},
    ),
    "hot_spots": (
        "When and where a pain flared up",
        {
            "pain": "text",
            "where": "text",
            "when": "text",
            "occasions": "number",
            "customers": "number",
            "hurt": "interval",
            "in_other_weeks": "percent",
            "elsewhere_then": "percent",
        },
    ),
}
# Times by which so many tickets had what, and the column of a table that says so in words.
HOURS = {
    "response_median": "half_answered_in",
    "response_p90": "nine_in_ten_answered_in",
    "resolution_median": "half_solved_in",
    "resolution_p90": "nine_in_ten_solved_in",
}


def called(codes: pd.Series[Any], names: Names) -> list[str]:
    """What readers call touchpoints, topics and labels; what has no name stands for itself."""
    own = {code: _(word) for code, word in WORDS.items()}
    return named(codes.fillna("").astype(str), {**own, **names})


def hurt(row: Mapping[Hashable, Any]) -> str:
    """How many of a hot spot were hurt, as a share with its interval; of too few only that they are fewer."""
    if row.get("fewer"):
        return _("fewer than {k} of {n}", k=i18n.number(row["k"]), n=i18n.number(row["rows"]))
    share, low, high = (i18n.percent(row[name], 0) for name in ("share", "low", "high"))
    return f"{share} ({low}–{high})"


def worded(result: Result, names: Names) -> Result:
    """The same result with its codes and its hours as readers say them."""
    frame = result.table.copy()
    for column in {"touchpoint", "topic", "outcome", "label", "metric"} & set(frame):
        frame[column] = _cells(column, frame[column], names)
    for column, said in HOURS.items():
        if column in frame:
            frame[said] = [spell(hours) for hours in frame[column]]
    if "label" in frame and "score" not in frame:
        frame["score"] = frame["label"]
    if "verbatim" in frame:
        frame = frame.assign(said_by=frame["share"], said_by_others=frame["others_share"])
        frame["verbatim"] = [
            f"“{text}”" if isinstance(text, str) and text else "" for text in frame["verbatim"]
        ]
    if result.name == "hot_spots":
        frame = frame.assign(
            pain=called(frame["pain"], names),
            where=where(frame, names),
            when=[
                f"{i18n.date(a)} – {i18n.date(z)}" for a, z in zip(frame["first"], frame["last"], strict=True)
            ],
            occasions=frame["rows"],
            hurt=[hurt(row) for row in frame.assign(k=result.settings["k"]).to_dict("records")],
            in_other_weeks=frame["own_share"].fillna(frame["own_about"]),
            elsewhere_then=frame["same_time_share"],
        )
    if "text" in frame and result.name == "disagreements":
        frame["text"] = [f"“{text}”" for text in frame["text"]]
    return replace(result, table=frame)


def _cells(column: str, cells: pd.Series[Any], names: Names) -> list[str]:
    if column == "label":
        return [_(SCORED.get(each, each)) for each in cells]
    if column == "outcome":
        return [_(WORDS[f"outcome:{each}"]) for each in cells]
    if column == "metric":
        return [str(each).upper() for each in cells]
    return called(cells, names)


def where(spots: pd.DataFrame, names: Names) -> list[str]:
    """Where hot spots are, as readers say it: “Tỉnh/thành: Bình Dương”; anywhere when time alone counts."""
    places = called(spots["place"], names)
    return [
        (place if by == "touchpoint" else f"{heading(by)}: {place}") if by else _("anywhere")
        for by, place in zip(spots["by"], places, strict=True)
    ]


def spell(hours: float) -> str:
    """A waiting time as readers say it: minutes, hours or days; a dash where nobody knows."""
    if math.isnan(hours):
        return "–"
    if hours < 1:
        return _("{n} min", n=i18n.number(max(hours * 60, 1)))
    if hours < 48:
        return _("{n} h", n=i18n.number(hours, 0 if hours >= 10 else 1))
    return _("{n} days", n=i18n.number(hours / 24, 1))
