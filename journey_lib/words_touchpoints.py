"""What readers call what is said of touchpoints: places, gaps, states, answers, departments."""

from __future__ import annotations

from collections.abc import Mapping
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
            "stage": "text",
            "place": "text",
            "owner": "text",
            "channels": "text",
            "touches": "number",
            "customers": "number",
            "reach": "percent:1",
            "change": "number:2",
            "over": "number",
            "conversion_rate": "percent:1",
            "low": "percent:1",
            "high": "percent:1",
            "others_rate": "percent:1",
            "drop_off": "percent",
            "median_days_next": "number:1",
            "share_new": "percent",
            "removal_effect": "percent:1",
            "cost_per_touch": "money",
        },
    ),
    "touchpoint_gaps": (
        "What the inventory lacks",
        {
            "touchpoint": "text",
            "gap": "text",
            "stage": "text",
            "owner": "text",
            "touches": "number",
            "detail": "text",
            "action": "text",
        },
    ),
    "touchpoint_targets": (
        "Touchpoints and their targets",
        {
            "touchpoint": "text",
            "owner": "text",
            "customers": "number",
            "measure": "text",
            "value": "text",
            "low": "text",
            "high": "text",
            "direction": "text",
            "target": "text",
            "state": "text",
        },
    ),
    "touchpoint_factors": (
        "Behaviour, emotion and pain",
        {
            "touchpoint": "text",
            "customers": "number",
            "behaviour": "text",
            "emotion_mean": "number:2",
            "emotion_n": "number",
            "tickets": "number",
            "pains": "text",
            "valence": "text",
        },
    ),
    "opportunities": (
        "If as many went on as is usual in the stage",
        {
            "touchpoint": "text",
            "stage": "text",
            "owner": "text",
            "customers": "number",
            "over": "number",
            "drop_off": "percent",
            "usual": "percent",
            "more": "number",
            "worth": "compact",
            "low": "compact",
            "high": "compact",
            "rank_low": "number",
            "rank_high": "number",
        },
    ),
    "touchpoint_actions": (
        "Who has what to do",
        {
            "department": "text",
            "kind": "text",
            "touchpoint": "text",
            "what": "text",
            "effort": "text",
            "status": "text",
            "due": "text",
            "worth": "compact",
        },
    ),
}


def spoken(code: str, names: Names) -> str:
    """What readers call a touchpoint, department, system, stage or channel; several with a comma between."""
    if code in WORDS:
        return _(WORDS[code])
    return (
        ", ".join(named(pd.Series([str(code)]), names))
        if ", " not in str(code)
        else ", ".join(spoken(part, names) for part in str(code).split(", "))
    )


def worded(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """A table of touchpoints with its codes as its readers say them."""
    called = {"touchpoint", "stage", "owner", "department", "channels", "source", "detail"}
    coded = {"gap": "gap", "what": "gap", "state": "state", "place": "place", "kind": "kind"}
    coded |= {name: name for name in ("direction", "effort", "status")}
    coded |= {"valence": "answer", "behaviour": "answer"}
    for column in called & set(frame):
        blank = "nobody" if column in {"owner", "department"} else ""
        said = frame[column].fillna("").replace("", blank)
        frame = frame.assign(**{column: [spoken(each, names) if each else "" for each in said]})
    if "measure" in frame:
        frame = frame.assign(
            **{
                column: [_amount(m, v) for m, v in zip(frame["measure"], frame[column], strict=True)]
                for column in ("value", "low", "high", "target")
            },
            measure=[tables.heading(each) for each in frame["measure"]],
        )
    if "pains" in frame:
        hurts = [[pain for pain in each.split(", ") if pain] for each in frame["pains"]]
        frame = frame.assign(pains=[", ".join(_(WORDS[f"pain:{pain}"]) for pain in each) for each in hurts])
    if "action" in frame:
        frame = frame.assign(action=[_(each) for each in frame["action"]])
    for column, kind in coded.items():
        if column in frame:
            said = frame[column].fillna("")
            keys = [f"{kind}:{each}" for each in said]
            words = [
                _(WORDS[key]) if key in WORDS else names.get(each, each)
                for key, each in zip(keys, said, strict=True)
            ]
            frame = frame.assign(**{column: words})
    return frame


def _coded(kind: str, code: str, names: Names) -> str:
    key = f"{kind}:{code}"
    return _(WORDS[key]) if key in WORDS else names.get(code, code)


def _amount(measure: str, value: Any) -> str:
    """A value of a measure as readers write it."""
    if pd.isna(value):
        return "–"
    return i18n.percent(value, 1) if measure in SHARES else i18n.number(value, 0 if value >= 100 else 1)
