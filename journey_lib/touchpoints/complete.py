"""Is the inventory complete: where what people describe and what the data show do not meet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import pandas as pd

from journey_lib.journeys.cut import instant
from journey_lib.model import Result
from journey_lib.stages import Model
from journey_lib.touchpoints.authored import Authored, Touchpoint

# Every gap there can be, what to do about it, in the order in which a list of them is worked through.
GAPS = {
    "no_owner": "name the department that answers for it",
    "two_owners": "agree on one department that answers for it; give the other a role",
    "never_seen": "check that it is recorded and under which code, or take it out",
    "not_authored": "describe it: owner, goal, stage",
    "gone_quiet": "find out whether it was closed or stopped being recorded",
    "no_data": "find a way to record it, or accept that nobody can tell how it does",
    "stage_not_authored": "say which touchpoints serve this stage, or that none does",
    "stage_not_seen": "record what happens in this stage",
    "no_goal": "write down what it is for",
    "no_target": "choose a measure of the inventory and a target",
    "other_channel": "add the channel it is seen in, or correct the record",
    "review_due": "read the entry again and set the next date",
}


def complete(
    found: Result, authored: Authored, *, model: Model, as_of: dt.date | str | None = None
) -> Result:
    """What is missing between the touchpoints as described and as seen: a row each gap.

    `found` is the `inventory`; reviews are due as of the day `as_of`, none without it.

    Columns gap (a key of `GAPS`), touchpoint (empty where a whole stage is meant), stage, owner, touches
    (recorded), detail, action (what to do). ``no_data``: described as something no data record;
    ``never_seen``: recorded by its description, but not once in the period; ``gone_quiet``: seen, but not in
    the last part of the period. Facts: gaps, touchpoints, whole (described, seen, with one owner, a goal and
    a target), and the number of each kind.
    """
    rows: list[dict[str, Any]] = []
    table = {str(each["touchpoint"]): each for _, each in found.table.iterrows()}
    day = None if as_of is None else _day(as_of)
    for each in authored.touchpoints:
        seen = table[each.touchpoint]
        rows += [_row(gap, each.touchpoint, seen, detail) for gap, detail in _gaps(each, seen, authored, day)]
    rows += [
        _row("not_authored", name, seen, str(seen["channels"]))
        for name, seen in table.items()
        if not seen["authored"] and seen["recorded"] > 0
    ]
    described = {each.stage for each in authored.touchpoints if each.stage}
    covering: tuple[tuple[str, Collection[str]], ...] = (
        ("stage_not_authored", described),
        ("stage_not_seen", found.facts["stages_seen"]),
    )
    for gap, covered in covering:
        rows += [
            {"gap": gap, "touchpoint": "", "stage": stage, "owner": "", "touches": 0, "detail": ""}
            for stage in model.names
            if stage not in covered
        ]
    columns = ["gap", "touchpoint", "stage", "owner", "touches", "detail"]
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["gap"].map({gap: at for at, gap in enumerate(GAPS)})
    frame = frame.assign(action=frame["gap"].map(GAPS), order=order)
    frame = frame.sort_values(
        ["order", "touches", "touchpoint"], ascending=[True, False, True], ignore_index=True
    ).drop(columns="order")
    wanting = set(frame["touchpoint"])
    facts = {
        "gaps": len(frame),
        "touchpoints": len(table),
        "whole": len([name for name in authored.names if name not in wanting]),
        **{gap: int((frame["gap"] == gap).sum()) for gap in GAPS},
    }
    said = {**found.settings, "as_of": None if day is None else str(day)}
    return Result("touchpoint_gaps", frame, facts, said)


def _gaps(each: Touchpoint, seen: pd.Series, said: Authored, day: dt.date | None) -> list[tuple[str, str]]:
    gaps = []
    if len(each.owner) != 1:
        gaps.append(("two_owners", ", ".join(each.owner)) if each.owner else ("no_owner", ""))
    if not each.codes:
        gaps.append(("no_data", ""))
    elif not seen["recorded"] > 0:
        gaps.append(("never_seen", ", ".join(each.codes)))
    elif seen["change"] == 0:
        gaps.append(("gone_quiet", ""))
    if not any(each.goal.values()):
        gaps.append(("no_goal", ""))
    if each.kpi is None:
        gaps.append(("no_target", ""))
    other = sorted(set(filter(None, str(seen["channels"]).split(", "))) - set(each.channels))
    if each.channels and other:
        gaps.append(("other_channel", ", ".join(other)))
    due = each.review or said.review
    if day is not None and due is not None and due < day:
        gaps.append(("review_due", str(due)))
    return gaps


def _row(gap: str, name: str, seen: pd.Series, detail: str) -> dict[str, Any]:
    return {
        "gap": gap,
        "touchpoint": name,
        "stage": seen["stage"],
        "owner": seen["owner"],
        "touches": int(seen["recorded"]),
        "detail": detail,
    }


def _day(day: dt.date | str) -> dt.date:
    instant(day, "UTC")  # says readably what is no day
    return dt.date.fromisoformat(day) if isinstance(day, str) else day


def targets(found: Result, authored: Authored) -> Result:
    """How every touchpoint stands against its own target.

    Columns touchpoint, owner, customers, measure, value, low, high (where the measure has an interval),
    target, direction, state: ``met`` and ``missed`` where the whole interval, or a plain count, lies on that
    side of the target; ``open`` where the interval holds it; ``unknown`` where there is no value. Facts:
    targets and the number of each state.
    """
    table = {str(each["touchpoint"]): each for _, each in found.table.iterrows()}
    rows = []
    for each in authored.touchpoints:
        if each.kpi is None:
            continue
        seen, kpi = table[each.touchpoint], each.kpi
        value = float(seen[kpi.measure])
        low, high = (float(seen[name]) for name in BOUNDS.get(kpi.measure, (kpi.measure, kpi.measure)))
        rows.append(
            {
                "touchpoint": each.touchpoint,
                "owner": ", ".join(each.owner),
                "customers": seen["customers"],
                "measure": kpi.measure,
                "value": value,
                "low": low if kpi.measure in BOUNDS else float("nan"),
                "high": high if kpi.measure in BOUNDS else float("nan"),
                "target": kpi.target,
                "direction": kpi.direction,
                "state": _state(low, high, kpi.target, kpi.direction == "at_least"),
            }
        )
    columns = ["touchpoint", "owner", "customers", "measure", "value", "low", "high", "target"]
    columns += ["direction", "state"]
    frame = pd.DataFrame(rows, columns=columns)
    facts = {
        "targets": len(frame),
        **{state: int((frame["state"] == state).sum()) for state in ("met", "missed", "open", "unknown")},
    }
    return Result("touchpoint_targets", frame, facts, dict(found.settings), base="customers")


def roles(authored: Authored) -> Result:
    """Which department does what at each described touchpoint: a row each, in the order of the file.

    Columns touchpoint, accountable (owners), responsible, consulted, informed: departments with commas
    between. Facts: touchpoints, departments, and idle (departments that no touchpoint names).
    """
    rows = []
    for each in authored.touchpoints:
        of = {role: [name for name, said in each.roles.items() if said == role] for role in ROLES}
        rows.append(
            {"touchpoint": each.touchpoint, "accountable": ", ".join(each.owner)}
            | {role: ", ".join(names) for role, names in of.items()}
        )
    named = {name for each in authored.touchpoints for name in (*each.owner, *each.roles)}
    facts = {
        "touchpoints": len(rows),
        "departments": len(authored.departments),
        "idle": len(set(authored.departments) - named),
    }
    return Result("touchpoint_roles", pd.DataFrame(rows), facts)


ROLES = ("responsible", "consulted", "informed")
BOUNDS = {
    "reach": ("reach_low", "reach_high"),
    "conversion_rate": ("low", "high"),
    "drop_off": ("drop_low", "drop_high"),
    "share_new": ("new_low", "new_high"),
    "removal_effect": ("effect_low", "effect_high"),
}


def _state(low: float, high: float, target: float, at_least: bool) -> str:
    if not (low <= high):
        return "unknown"
    if not at_least:
        low, high, target = -high, -low, -target
    return "met" if low >= target else "missed" if high < target else "open"
