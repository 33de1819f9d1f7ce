"""The words, signs and figures of a journey map, in the language of this process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from journey_lib import i18n
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.journey_map import Authored, Entry, Map, Measured, Reported, words_in
from journey_lib.journey_map.nouns import Evidence
from journey_lib.model import Language

SPACE = "\N{NO-BREAK SPACE}"
SIGNS = {"measured": "●", "reported": "◐", "authored": "✎", "assumed": "○", "missing": "–"}
# Which lanes belong together, for the colour at their edge.
GROUPS = {
    **dict.fromkeys(("steps", "touchpoints", "channels", "doing"), "does"),
    **dict.fromkeys(("thinking", "feeling", "pains", "gains", "expectations", "moments"), "feels"),
    **dict.fromkeys(("kpi", "time", "opportunities", "actions", "owner"), "firm"),
    **dict.fromkeys(("physical", "frontstage", "backstage", "systems"), "behind"),
}
# Strokes in a box of 20 × 20.
ICONS = {
    "steps": "M4 16h4v-4h4V8h4V4",
    "touchpoints": "M10 3a4 4 0 0 1 4 4c0 3-4 10-4 10S6 10 6 7a4 4 0 0 1 4-4M10 6.4v1.2",
    "channels": "M4 6h12M4 10h12M4 14h7M15 13v4M13 15h4",
    "doing": "M10 4v2M6 17l4-6 4 6M5 8l5 3 5-3",
    "thinking": "M4 5h12v8H9l-4 3v-3H4z",
    "feeling": "M3 10q3.5-9 7 0t7 0",
    "pains": "M11 3 5 11h5l-1 6 6-8h-5z",
    "gains": "M4 11l4 4 8-9",
    "expectations": "M10 3l2 4.6 5 .4-3.8 3.2L14.4 16 10 13.3 5.6 16l1.2-4.800L3 8l5-.4z",
    "moments": "M10 3l6 7-6 7-6-7z",
    "kpi": "M4 16V9M9 16V4M14 16v-5M3 17h14",
    "time": "M10 3a7 7 0 1 0 .1 0M10 6v4l3 2",
    "opportunities": "M7 14h6M8 17h4M10 3a4.5 4.5 0 0 1 3 8v2H7v-2a4.5 4.5 0 0 1 3-8",
    "actions": "M4 10h11M11 6l4 4-4 4",
    "owner": "M10 4a3 3 0 1 0 .1 0M4 17q0-6 6-6t6 6",
    "physical": "M4 7l6-3 6 3v7l-6 3-6-3zM4 7l6 3 6-3M10 10v7",
    "frontstage": "M3 5h14M5 5v9q5-1 5-9M15 5v9q-5-1-5-9",
    "backstage": "M4 5h12v10H4zM4 9h12M8 9v6",
    "systems": "M4 4h12v5H4zM4 11h12v5H4zM7 6.500h.1M7 13.500h.1",
}
# Kinds of event that many shops have; a workspace's own names go before these.
_EVENTS = (
    "impression",
    "click",
    "visit",
    "open",
    "message",
    "call",
    "check_in",
    "add_to_cart",
    "purchase",
    "review",
)
_CODES = ("reach", "conversion", "drop_off", "median_days", "p90_days", "median_back", "p90_back",
          "complaints", "unanswered", "first_response", "cost_each", "targets_met")  # fmt: skip


def lane(name: str) -> str:
    """What readers call a lane."""
    return {
        "steps": _("What they do, step by step"),
        "touchpoints": _("Touchpoints"),
        "channels": _("Channels"),
        "doing": _("Doing"),
        "thinking": _("Thinking"),
        "feeling": _("Feeling"),
        "pains": _("Pains"),
        "gains": _("Gains"),
        "expectations": _("Expectations"),
        "moments": _("Moments of truth"),
        "kpi": _("Measures and targets"),
        "time": _("Time to the next stage"),
        "opportunities": _("Opportunities"),
        "actions": _("Steps to get there"),
        "owner": _("Department in charge"),
        "physical": _("Physical evidence"),
        "frontstage": _("Frontstage"),
        "backstage": _("Backstage"),
        "systems": _("Support systems"),
    }[name]


def line(name: str) -> str:
    """What readers call a line of a service blueprint."""
    return {
        "interaction": _("Line of interaction"),
        "visibility": _("Line of visibility"),
        "internal": _("Line of internal interaction"),
    }[name]


def kind(whole: Map) -> str:
    """What kind of map it is."""
    named = {
        "current": _("Current journey"),
        "future": _("Future journey"),
        "day": _("Day in the life"),
        "support": _("Journey to support"),
    }[whole.kind]
    return f"{named} · {_('service blueprint')}" if whole.blueprint else named


def level(name: str) -> str:
    """What readers call a level of evidence."""
    return {
        "measured": _("measured"),
        "reported": _("reported"),
        "authored": _("authored"),
        "assumed": _("assumed"),
        "missing": _("missing"),
    }[name]


def legend() -> list[dict[str, str]]:
    """What the marks mean, in a sentence each."""
    said = {
        "measured": _("counted in the data, with n and interval"),
        "reported": _("said by customers in surveys and complaints"),
        "authored": _("written down by those who know, with a review date"),
        "assumed": _("believed, not yet looked into"),
        "missing": _("nothing is known yet, or of too few to be shown"),
    }
    return [
        {"level": name, "sign": SIGNS[name], "word": level(name), "means": means}
        for name, means in said.items()
    ]


def mark(
    evidence: Evidence,
    day: dt.date | None,
    usual: Evidence | None = None,
    departments: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The mark of an entry: its sign and word, who or what says so, and whether it is past its review date.

    Where `usual` says so, who wrote it stands at the head of the map and not in every cell. An author who is
    one of the `departments` goes by its name.
    """
    detail, past = "", ""
    if isinstance(evidence, Measured):
        detail = _(TABLES.get(evidence.table, evidence.table))
    elif isinstance(evidence, Reported):
        detail = f"{evidence.source} · n{SPACE}={SPACE}{i18n.number(evidence.n)}"
    else:
        when = evidence.date
        if (evidence.author, when) == (getattr(usual, "author", None), getattr(usual, "date", None)):
            when, author = None, ""
        else:
            author = (departments or {}).get(evidence.author, evidence.author)
        detail = " · ".join(
            part for part in (author, i18n.date(when).replace(" ", SPACE) if when else "") if part
        )
        if day and evidence.review and evidence.review < day:
            past = _("past its review date, {day}", day=i18n.date(evidence.review))
    few = isinstance(evidence, Reported) and evidence.n < SMALL
    return {
        "level": evidence.level,
        "sign": SIGNS[evidence.level],
        "word": level(evidence.level),
        "detail": detail,
        "past": past,
        "few": few,
    }


def resting(evidence: Evidence) -> str:
    """On how many customers, journeys, tickets or answers an entry rests; empty for what was written."""
    return i18n.number(evidence.n) if isinstance(evidence, Measured | Reported) else ""


TABLES = {
    "funnel": "funnel of customers",
    "transitions": "transitions",
    "stage_contacts": "contacts by stage",
    "inventory": "touchpoint inventory",
    "touchpoints": "touchpoint inventory",
    "touchpoint_targets": "targets of touchpoints",
    "opportunities": "opportunities at touchpoints",
    "touchpoint_transitions": "steps between touchpoints",
    "stage_topics": "tickets by stage",
    "stage_answers": "first answers by stage",
}


def called(entry: Entry, lane: str, language: Language, names: Mapping[str, str]) -> str:
    """What an entry says: its words, or what readers call its code."""
    said = entry.said(language, names)
    if entry.name == "feeling_now":
        return f"{_('Now')}: {said}" if entry.text else _("Now")
    if entry.text or entry.name in names:
        return said
    kind, _colon, about = entry.name.partition(":")
    if about and kind in ABOUT:
        return _(ABOUT[kind], what=point(about, names))
    code = entry.name.removeprefix("gap:")
    if code in _CODES:
        named = measure(code, names)
        return _("Still to go: {measure}", measure=named.lower()) if code != entry.name else named
    if lane == "doing" and entry.name in _EVENTS:
        return _event(entry.name)
    return point(said, names)


# What an entry says of a touchpoint; the code of which follows a colon in its name.
ABOUT = {
    "exit": "Journeys end at: {what}",
    "importance": "{what}",
    "missed": "{what}, if as many went on as is usual here: up to",
    "found": "{what}: as many go on as is usual here",
    "felt": "{what}",
    "step": "{what}",
}


def point(code: str, names: Mapping[str, str]) -> str:
    """What readers call a touchpoint or a step between two; a code nobody has a name for, as words."""
    if ">" in code:
        return " → ".join(point(part, names) for part in code.split(">"))
    if code in names:
        return names[code]
    words = code.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def measure(code: str, names: Mapping[str, str]) -> str:
    """What readers call a measure of a stage, or whatever else an entry speaks of."""
    kind, _colon, about = code.partition(":")
    if about and kind in ABOUT:
        return _(ABOUT[kind], what=point(about, names))
    if code in _EVENTS and code not in names:
        return _event(code)
    if code not in _CODES:
        return point(code, names)
    return {
        "reach": _("Customers here"),
        "conversion": _("Came on from the stage before"),
        "drop_off": _("Go no further"),
        "median_days": _("Half go on within"),
        "p90_days": _("Nine in ten within"),
        "median_back": _("Half begin anew within"),
        "p90_back": _("Nine in ten within"),
        "complaints": _("Complaints per 100 contacts"),
        "unanswered": _("Never answered"),
        "first_response": _("First answer in time"),
        "cost_each": _("Spent for each customer here"),
        "targets_met": _("Targets of touchpoints met"),
    }[code]


def changed(kind: str) -> str:
    """What readers call a kind of change."""
    return {
        "moved": _("moved"),
        "figure": _("perhaps chance"),
        "new": _("new"),
        "gone": _("gone"),
        "restated": _("said otherwise"),
    }[kind]


def aspects(said: str) -> str:
    """What of an entry has changed, as readers call it."""
    named = {
        "figure": _("figure"),
        "evidence": _("evidence"),
        "target": _("target"),
        "owner": _("in charge"),
        "status": _("status"),
        "words": _("words"),
    }
    return ", ".join(named[part] for part in said.split(", ") if part)


def _event(name: str) -> str:
    said = {
        "impression": _("see an advertisement"),
        "click": _("click"),
        "visit": _("visit the site"),
        "open": _("open a message"),
        "message": _("write or receive a message"),
        "call": _("call"),
        "check_in": _("come to a store or event"),
        "add_to_cart": _("put something in the basket"),
        "purchase": _("buy"),
        "review": _("write a review"),
    }[name]
    return said[:1].upper() + said[1:]


def found(said: str, names: Mapping[str, str]) -> str:
    """What people wrote as it stands; what the data found, by what readers call its touchpoint."""
    kind, _colon, about = said.partition(":")
    if not about or kind not in ABOUT:
        return said
    # beside its worth in a column of its own, it does not lead up to that
    return _(ABOUT["found" if kind == "missed" else kind], what=point(about, names))


def basis(name: str) -> str:
    """Whom the worth of an opportunity counts."""
    return {"stage": _("all who stop"), "touchpoint": _("beyond what is usual")}[name]


def status(name: str) -> str:
    """How far an opportunity has come."""
    return {
        "": "",
        "idea": _("idea"),
        "planned": _("planned"),
        "doing": _("being done"),
        "done": _("done"),
        "dropped": _("dropped"),
    }[name]


def judged(entry: Entry) -> str:
    """How far an opportunity has come; how much it would change for how much work, as people judged it."""
    parts = [status(entry.status)] if entry.status else []
    if entry.impact is not None:
        parts.append(f"{_('impact')}{SPACE}{entry.impact}/3")
    if entry.effort is not None:
        parts.append(f"{_('effort')}{SPACE}{entry.effort}/3")
    return " · ".join(parts)


def usual(whole: Map) -> Authored | None:
    """Who wrote most of what is written on a map, and when."""
    found = [e.evidence for cell in whole.cells for e in cell.entries if isinstance(e.evidence, Authored)]
    return max(found, key=found.count) if found else None


def written(evidence: Authored | None, departments: Mapping[str, str]) -> str:
    """The same in words, with the day by which it is to be looked at again."""
    if evidence is None:
        return ""
    author = departments.get(evidence.author, evidence.author)
    if evidence.review is None:
        return _("authored by {author}, {day}", author=author, day=i18n.date(evidence.date))
    return _(
        "authored by {author}, {day}; to be reviewed by {review}",
        author=author,
        day=i18n.date(evidence.date),
        review=i18n.date(evidence.review),
    )


def departments(whole: Map) -> dict[str, str]:
    """What readers call the departments of a map."""
    return {code: words_in(label, i18n.language()) for code, label in whole.departments.items()}
