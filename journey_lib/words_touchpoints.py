"""What readers call what is said of touchpoints: places, gaps, states, answers, departments."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from journey_lib import i18n, tables
from journey_lib.charts import Names, named
from journey_lib.i18n import text as _
from journey_lib.touchpoints.weeks import NO_STAGE, NO_SYSTEM

SHARES = {"reach", "conversion_rate", "drop_off", "share_new", "removal_effect"}
PLACES = {"online": "online", "offline": "offline", "unknown": "not described"}
# Every answer of a factor: a sign, so that no colour is needed; a word; and which way it points.
ANSWERS = {
    "leave": ("▼", "many leave", -1),
    "go_on": ("▲", "many go on", 1),
    "usual": ("■", "as usual", 0),
    "below": ("▼", "below the base", -1),
    "above": ("▲", "above the base", 1),
    "around": ("■", "around the base", 0),
    "pained": ("▼", "pains", -1),
    "quiet": ("■", "no more than usual", 0),
    "positive": ("▲", "positive", 1),
    "neutral": ("■", "neutral", 0),
    "negative": ("▼", "negative", -1),
    "unknown": ("?", "not known", 0),
}
GAP_NAMES = {
    "no_owner": "nobody answers for it",
    "two_owners": "two departments answer for it",
    "never_seen": "described, never seen",
    "not_authored": "seen, not described",
    "gone_quiet": "no longer seen",
    "no_data": "no data record it",
    "stage_not_authored": "stage without a described touchpoint",
    "stage_not_seen": "stage without data",
    "no_goal": "no goal",
    "no_target": "no target",
    "other_channel": "seen in another channel",
    "review_due": "review is due",
    "drop_off": "look into why so many journeys end here",
}
STATES = {"met": "✓ met", "missed": "✗ missed", "open": "? open", "unknown": "– no value"}
WORDS = {
    **{f"gap:{code}": said for code, said in GAP_NAMES.items()},
    **{f"state:{code}": said for code, said in STATES.items()},
    **{f"place:{code}": said for code, said in PLACES.items()},
    **{f"answer:{code}": f"{sign} {word}" for code, (sign, word, _way) in ANSWERS.items()},
    "kind:gap": "gap",
    "kind:opportunity": "opportunity",
    "direction:at_least": "at least",
    "direction:at_most": "at most",
    "effort:low": "low effort",
    "effort:medium": "medium effort",
    "effort:high": "high effort",
    "status:idea": "idea",
    "status:planned": "planned",
    "status:doing": "being done",
    "status:done": "done",
    "status:dropped": "dropped",
    "nobody": "(nobody yet)",
    "pain:complaints": "complaints",
    "pain:unanswered": "left unanswered",
    "pain:reopened": "reopened",
    "pain:slow": "slow answers",
    NO_SYSTEM: NO_SYSTEM,
    NO_STAGE: NO_STAGE,
}


# How each Result of touchpoints reads as a table: its caption, and its columns with the way they are written.
LAYOUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "touchpoints": (
        "Touchpoints, those with most touches first",
        {
            "touchpoint": "text",
            "customers": "number",
            "coverage": "percent:1",
            "conversion_rate": "interval",
            "drop_off": "percent",
            "over": "number",
            "touches": "number",
            "change": "number:2",
            "removal_effect": "percent:1",
            "share_new": "percent",
            "median_days_next": "number:1",
            "cost_per_touch": "money",
            "stage": "text",
            "channels": "text",
        },
    ),
    "touchpoint_gaps": (
        "What the inventory lacks",
        {
            "touchpoint": "text",
            "gap": "text",
            "action": "text",
            "owner": "text",
            "stage": "text",
            "touches": "number",
            "detail": "text",
        },
    ),
    "touchpoint_targets": (
        "Touchpoints that miss their target, or may",
        {
            "touchpoint": "text",
            "measure": "text",
            "target": "text",
            "value": "interval",
            "state": "text",
            "customers": "number",
        },
    ),
    "touchpoint_roles": (
        "Who does what at each touchpoint",
        dict.fromkeys(("touchpoint", "accountable", "responsible", "consulted", "informed"), "text"),
    ),
    "touchpoint_factors": (
        "Behaviour, emotion and pain",
        {
            "touchpoint": "text",
            "emotion": "text",
            "emotion_mean": "interval",
            "emotion_base": "number:2",
            "emotion_n": "number",
            "tickets": "number",
            "pains": "text",
        },
    ),
    "opportunities": (
        "If as many went on as is usual in the stage",
        {
            "touchpoint": "text",
            "worth": "compact",
            "low": "compact",
            "high": "compact",
            "rank_low": "number",
            "rank_high": "number",
            "drop_off": "percent",
            "usual": "percent",
            "more": "number",
            "over": "number",
            "customers": "number",
            "owner": "text",
            "stage": "text",
        },
    ),
    "touchpoint_actions": (
        "Who has what to do",
        {
            "department": "text",
            "touchpoint": "text",
            "what": "text",
            "worth": "compact",
            "effort": "text",
            "status": "text",
            "due": "date",
            "kind": "text",
        },
    ),
}


def spoken(codes: str, names: Names, kind: str = "") -> str:
    """What readers call codes of one kind (such as ``department:``), several with commas between them."""
    if kind + codes in names:  # a code may hold a comma of its own
        return names[kind + codes]
    said = [
        _(WORDS[code]) if code in WORDS else names.get(kind + code, named(pd.Series([code]), names)[0])
        for code in codes.split(", ")
    ]
    return ", ".join(said)


# Columns that hold codes, and of which kind they are.
CALLED = {
    "touchpoint": "",
    "stage": "",
    "channels": "",
    "owner": "department:",
    "department": "department:",
    **dict.fromkeys(("accountable", "responsible", "consulted", "informed"), "department:"),
    "source": "system:",
}
ANSWERABLE = {"owner", "department", "accountable"}  # where nobody stands, that is told
CODED = {
    **{name: name for name in ("gap", "state", "place", "kind", "direction", "effort", "status")},
    "what": "gap",
    "valence": "answer",
    "behaviour": "answer",
}


def worded(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """A table of touchpoints with its codes as its readers say them."""
    frame = frame.copy()
    if {"gap", "detail"} <= set(frame):
        frame["detail"] = [_detail(*each, names) for each in zip(frame["gap"], frame["detail"], strict=True)]
    for column, kind in CALLED.items():
        if column in frame:
            told = frame[column].fillna("").replace("", "nobody" if column in ANSWERABLE else "")
            frame[column] = [spoken(each, names, kind) if each else "" for each in told]
    frame = _measured(frame) if "measure" in frame else frame
    if "pains" in frame:
        hurts = [[pain for pain in each.split(", ") if pain] for each in frame["pains"]]
        frame["pains"] = [", ".join(_(WORDS[f"pain:{pain}"]) for pain in each) for each in hurts]
    if "emotion" in frame:
        frame["emotion"] = ["" if each == "unknown" else each.upper() for each in frame["emotion"]]
    if "action" in frame:
        frame["action"] = [_(each) for each in frame["action"]]
    if "due" in frame:
        days = [dt.date.fromisoformat(day) if isinstance(day, str) and day else None for day in frame["due"]]
        frame["due"] = days
    frame = _spans(frame)
    for column, kind in CODED.items():
        if column in frame:
            frame[column] = [_coded(kind, each, names) for each in frame[column].fillna("")]
    return frame


def _spans(frame: pd.DataFrame) -> pd.DataFrame:
    """Values with their intervals in one cell."""
    if "emotion_mean" in frame:
        ends = (frame[f"emotion_{name}"] for name in ("mean", "low", "high"))
        frame["emotion_mean"] = [_with_span(*each, number=_two) for each in zip(*ends, strict=True)]
    if "reach" in frame:
        ends = (frame[name] for name in ("conversion_rate", "low", "high"))
        frame["conversion_rate"] = [_with_span(*each, number=_tenth) for each in zip(*ends, strict=True)]
        frame["coverage"] = frame["reach"]  # in other tables reach counts people; here it is a share
    return frame


def _detail(gap: str, detail: str, names: Names) -> str:
    """What is known of a gap: departments and channels by name, codes of the data as they are, days."""
    if gap == "two_owners":
        return spoken(detail, names, "department:")
    if gap == "never_seen":
        return detail
    if gap == "review_due":
        return i18n.date(dt.date.fromisoformat(detail))
    return spoken(detail, names) if detail else ""


def _with_span(value: float, low: float, high: float, *, number: Callable[[float], str]) -> str:
    """A value and its interval in one cell; a dash where there is none."""
    if math.isnan(value):
        return "–"
    return number(value) if math.isnan(low) else f"{number(value)} ({number(low)}–{number(high)})"


def _two(value: float) -> str:
    return i18n.number(value, 2)


def _tenth(share: float) -> str:
    return i18n.percent(share, 1)


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    """Values and targets as their measure is written, with the way that is good."""
    frame = frame.copy()
    way = [_(WORDS[f"direction:{each}"]) for each in frame["direction"]]
    for column in ("value", "low", "high", "target"):
        frame[column] = [_amount(m, v) for m, v in zip(frame["measure"], frame[column], strict=True)]
    spans = zip(frame["value"], frame["low"], frame["high"], strict=True)
    frame["value"] = [value if low == "–" else f"{value} ({low}–{high})" for value, low, high in spans]
    frame["target"] = [f"{w} {aim}" for w, aim in zip(way, frame["target"], strict=True)]
    frame["measure"] = [measure_name(each) for each in frame["measure"]]
    return frame


def measure_name(measure: str) -> str:
    """What readers call a measure of the inventory."""
    return tables.heading("coverage" if measure == "reach" else measure)


def _coded(kind: str, code: str, names: Names) -> str:
    key = f"{kind}:{code}"
    return _(WORDS[key]) if key in WORDS else names.get(f"opportunity:{code}", code)


def _amount(measure: str, value: Any) -> str:
    """A value of a measure as readers write it."""
    if pd.isna(value):
        return "–"
    return i18n.percent(value, 1) if measure in SHARES else i18n.number(value, 0 if value >= 100 else 1)
