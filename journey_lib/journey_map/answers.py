"""What a map says of itself: how much of it is known, what has grown old, what has changed, who does what."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.errors import DataError
from journey_lib.i18n import language
from journey_lib.intervals import Z, discoveries, two_sided
from journey_lib.journey_map.nouns import (
    CLOSED,
    LEVELS,
    Assumed,
    Authored,
    Entry,
    Map,
    Measured,
    Reported,
    words_in,
)
from journey_lib.model import Result

COLUMNS = (
    "map",
    "stage",
    "lane",
    "name",
    "vi",
    "en",
    "value",
    "unit",
    "low",
    "high",
    "target",
    "evidence",
    "n",
    "source",
    "author",
    "date",
    "review",
    "owner",
    "direction",
    "impact",
    "effort",
    "due",
    "status",
)
COMPARED = COLUMNS[: COLUMNS.index("owner") + 1]  # what tables of earlier versions have, too
RATE = 0.05  # of the figures said to have moved, those that may be chance
KEY = ["stage", "lane", "what"]


def to_frame(whole: Map) -> pd.DataFrame:
    """Everything a map says, one row an entry, lane by lane.

    Columns map, stage, lane, name (code), vi, en, value, unit, low, high, target, evidence (its level), n,
    source (a result or a survey), author, date, review, owner, direction (of a target), impact, effort, due,
    status.
    """
    place = {code: number for number, code in enumerate(whole.codes)}
    cells = sorted(whole.cells, key=lambda cell: (whole.lanes.index(cell.lane), place[cell.stage]))
    rows = [
        {**_row(entry), "map": whole.name, "stage": cell.stage, "lane": cell.lane}
        for cell in cells
        for entry in cell.entries
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def table(whole: Map) -> Result:
    """The map as a table (`to_frame`) that is kept with a run, for `changes` to be asked later."""
    frame = to_frame(whole)
    return Result("journey_map", frame, {"entries": len(frame)}, dict(whole.settings))


def coverage(whole: Map) -> Result:
    """How much of the map is known, and how: of all its cells (stages × lanes), those at each level.

    A cell counts as its strongest entry. Columns evidence (``measured``, ``reported``, ``authored``,
    ``assumed``, ``missing``), cells, of, share. Facts: cells, measured (their share), known (the share of
    cells that say anything), mixed (cells with weaker entries beside the strongest).
    """
    of = len(whole.stages) * len(whole.lanes)
    cells = [cell for cell in whole.cells if cell.lane in whole.lanes]
    counts: dict[str, int] = {level: sum(cell.level == level for cell in cells) for level in LEVELS}
    everything = {**counts, "missing": of - len(cells)}
    frame = pd.DataFrame({"evidence": list(everything), "cells": list(everything.values())})
    frame = frame.assign(of=of, share=frame["cells"] / max(of, 1))
    facts = {
        "cells": of,
        "measured": counts["measured"] / max(of, 1),
        "known": len(cells) / max(of, 1),
        "mixed": sum(cell.mixed for cell in cells),
    }
    return Result("map_coverage", frame, facts, {"map": whole.name})


def stale(whole: Map, as_of: dt.date) -> Result:
    """What has not been looked at since its review date, the longest overdue first.

    The review date itself is still in time. Columns stage, lane, text, author, date, review, days_past.
    Facts: stale, and of (entries that have a review date).
    """
    rows, dated = [], 0
    for cell in whole.cells:
        for entry in cell.entries:
            said = entry.evidence
            if isinstance(said, Authored | Assumed) and said.review is not None:
                dated += 1
                if said.review < as_of:
                    rows.append(
                        {
                            "stage": cell.stage,
                            "lane": cell.lane,
                            "text": entry.said(language()),
                            "author": _department(whole, said.author),
                            "date": said.date,
                            "review": said.review,
                            "days_past": (as_of - said.review).days,
                        }
                    )
    columns = ["stage", "lane", "text", "author", "date", "review", "days_past"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("days_past", ascending=False, kind="stable")
    facts = {"stale": len(rows), "of": dated}
    return Result("map_stale", frame.reset_index(drop=True), facts, {"as_of": str(as_of), "map": whole.name})


def changes(before: Map | pd.DataFrame, now: Map | pd.DataFrame) -> Result:
    """What a map says now and did not say before, cell by cell; the surest changes of figures first.

    Each side is a map, or the table that an earlier run kept of one (`to_frame`). Columns stage, lane, what
    (a measure, a name or words), change (``new``, ``gone``, ``moved``: a figure that has changed by more
    than chance explains, allowing for so many comparisons at once by Benjamini and Hochberg's procedure at
    5%; ``figure``: one that differs and may do so by chance, or has no interval; ``restated``: no other
    figure, but another evidence, target, owner or other words), aspect (all that differs, of ``figure``,
    ``evidence``, ``target``, ``owner``, ``status``, ``words``, with commas between), before, now (figures,
    or the targets where only these differ), difference,
    low, high, n_before, n, unit. The interval of a difference is put
    together from those of its two sides (MOVER: Zou and Donner 2008; for shares Newcombe's method 10), as
    if they were independent: where the same customers are in both, it is somewhat too wide or too narrow.
    Entries that say the same are left out. Facts count each kind, and `same`.
    """
    old, new = (_keyed(side) for side in (before, now))
    rows, same, unmoved = [], 0, 0
    for key in dict.fromkeys([*new, *old]):
        here, there = new.get(key), old.get(key)
        if here is None or there is None:
            rows.append(
                {
                    **dict(zip(KEY, key, strict=True)),
                    **_sides(there, here),
                    "change": "gone" if here is None else "new",
                }
            )
            continue
        found, aspects = _difference(there, here), _restated(there, here)
        if found is not None and found["difference"] != 0:
            told = {
                **_sides(there, here),
                **found,
                "change": "figure",
                "aspect": ", ".join(["figure", *aspects]),
            }
        else:
            unmoved += found is not None and not math.isnan(found["low"])
            same += not aspects
            if not aspects:
                continue
            column = "target" if aspects == ["target"] else "value"
            told = {**_sides(there, here, column), "change": "restated", "aspect": ", ".join(aspects)}
        rows.append({**dict(zip(KEY, key, strict=True)), **told})
    columns = [
        *KEY,
        "change",
        "aspect",
        "before",
        "now",
        "difference",
        "low",
        "high",
        "n_before",
        "n",
        "unit",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    frame.loc[_moved(frame, unmoved), "change"] = "moved"
    order = frame["change"].map({"moved": 0, "new": 1, "gone": 2, "restated": 3, "figure": 4})
    frame = frame.assign(_order=order).sort_values("_order", kind="stable").drop(columns="_order")
    kinds = ("new", "gone", "moved", "figure", "restated")
    facts = {kind: int((frame["change"] == kind).sum()) for kind in kinds}
    return Result("map_changes", frame.reset_index(drop=True), {**facts, "same": same}, {})


def actions(whole: Map) -> Result:
    """Who does what until when: opportunities and steps towards the future, department by department.

    Columns owner, action, stage, due, kind (``action``, ``opportunity``), status. What is done or dropped is
    left out.
    """
    rows = [
        {
            "owner": _department(whole, entry.owner),
            "action": entry.said(language()),
            "stage": cell.stage,
            "due": entry.due,
            "kind": "action" if cell.lane == "actions" else "opportunity",
            "status": entry.status,
        }
        for cell in whole.cells
        if cell.lane in ("actions", "opportunities")
        for entry in cell.entries
        if entry.status not in CLOSED
    ]
    frame = pd.DataFrame(rows, columns=["owner", "action", "stage", "due", "kind", "status"])
    ordered = frame.assign(_due=frame["due"].fillna(dt.date.max), _none=frame["owner"] == "").sort_values(
        ["_none", "owner", "_due"], kind="stable", ignore_index=True
    )
    facts = {"actions": len(rows), "departments": len(set(frame["owner"]) - {""})}
    return Result("map_actions", ordered.drop(columns=["_due", "_none"]), facts, {"map": whole.name})


def sign_off(whole: Map, as_of: dt.date) -> Result:
    """For every department with something to sign what that is: its stages, and what of them has grown old.

    Columns owner, stages, entries (on the map at these stages), stale, actions, and name, date and signature,
    left empty to be written in by hand.
    """
    past = stale(whole, as_of).table
    todo = actions(whole).table
    rows = []
    for code in whole.departments:
        mine = [
            cell.stage
            for cell in whole.cells
            if cell.lane == "owner" and any(entry.owner == code for entry in cell.entries)
        ]
        label = _department(whole, code)
        if not mine and label not in set(todo["owner"]):
            continue
        rows.append(
            {
                "owner": label,
                "stages": ", ".join(
                    words_in(spot.label, language()) or spot.stage
                    for spot in whole.stages
                    if spot.stage in mine
                ),
                "entries": sum(len(cell.entries) for cell in whole.cells if cell.stage in mine),
                "stale": int(past["stage"].isin(mine).sum()),
                "actions": int((todo["owner"] == label).sum()),
                "name": "",
                "date": "",
                "signature": "",
            }
        )
    columns = ["owner", "stages", "entries", "stale", "actions", "name", "date", "signature"]
    frame = pd.DataFrame(rows, columns=columns)
    return Result("map_sign_off", frame, {"departments": len(rows)}, {"as_of": str(as_of), "map": whole.name})


def _row(entry: Entry) -> dict[str, Any]:
    said, number = entry.evidence, entry.number
    known = said.n if isinstance(said, Measured | Reported) else None
    source = said.table if isinstance(said, Measured) else said.source if isinstance(said, Reported) else ""
    by_hand = said if isinstance(said, Authored | Assumed) else Assumed()
    return {
        "name": entry.name,
        "vi": entry.text.get("vi", ""),
        "en": entry.text.get("en", ""),
        "value": None if number is None else number.value,
        "unit": "" if number is None else number.unit,
        "low": None if number is None else number.low,
        "high": None if number is None else number.high,
        "target": entry.target,
        "evidence": said.level,
        "n": known,
        "source": source,
        "author": by_hand.author,
        "date": by_hand.date,
        "review": by_hand.review,
        "owner": entry.owner,
        "direction": "" if entry.target is None else entry.direction,
        "impact": entry.impact,
        "effort": entry.effort,
        "due": entry.due,
        "status": entry.status,
    }


def _keyed(side: Map | pd.DataFrame) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    """The rows of a side by what they speak of: a code, or, where there is none, the words themselves."""
    frame = to_frame(side) if isinstance(side, Map) else side
    missing = [column for column in COMPARED if column not in frame]
    if missing:
        raise DataError(
            f"the earlier table has no column '{missing[0]}'",
            do="take the one that journey_map.to_frame made",
        )
    found: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        what = row["name"] or row["vi"] or row["en"] or row["unit"] or ""
        found.setdefault((row["stage"], row["lane"], str(what)), {str(k): v for k, v in row.items()})
    return found


def _sides(
    there: Mapping[str, Any] | None, here: Mapping[str, Any] | None, column: str = "value"
) -> dict[str, Any]:
    values = {
        name: None if side is None else side[column] for name, side in (("before", there), ("now", here))
    }
    bases = {name: None if side is None else side["n"] for name, side in (("n_before", there), ("n", here))}
    unit = next((side["unit"] for side in (here, there) if side is not None and side["unit"]), "")
    return {**values, **bases, "unit": unit}


def _restated(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What of an entry, its figure aside, is not as it was."""
    parts = {
        "evidence": ("evidence",),
        "target": ("target",),
        "owner": ("owner",),
        "status": ("status",),
        "words": ("vi", "en"),
    }

    def said(side: Mapping[str, Any], column: str) -> Any:
        # A file keeps an empty text as nothing, and a whole number as one with a point.
        if column not in side:
            return 0.0
        return side[column] if isinstance(side[column], str) else float(side[column] or 0)

    return [
        part
        for part, columns in parts.items()
        if any(
            (there.get(c) or here.get(c)) and c in there and said(there, c) != said(here, c) for c in columns
        )
    ]


def _difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> dict[str, float] | None:
    """How far a figure has moved, with the interval its two intervals give; None where there is no figure."""
    if there["value"] is None or here["value"] is None:
        return None
    p, q = float(here["value"]), float(there["value"])
    sides = [here["low"], here["high"], there["low"], there["high"]]
    if any(side is None for side in sides):
        return {"difference": p - q, "low": math.nan, "high": math.nan}
    low, high, other_low, other_high = map(float, sides)
    below, above = math.hypot(p - low, other_high - q), math.hypot(high - p, q - other_low)
    return {"difference": p - q, "low": p - q - below, "high": p - q + above}


def _moved(frame: pd.DataFrame, unmoved: int) -> pd.Series:
    """Which figures have changed by more than chance explains, looked at together with the unmoved ones.

    The chance of each is that of a normal deviate as far from 0 as the difference, in halves of its interval
    on the side of 0.
    """
    apart, low, high = (frame[name].to_numpy(float) for name in ("difference", "low", "high"))
    with np.errstate(invalid="ignore", divide="ignore"):
        deviate = Z * np.abs(apart) / np.where(apart > 0, apart - low, high - apart)
    chance = np.append(two_sided(deviate), np.ones(unmoved))
    return pd.Series(discoveries(chance, RATE)[: len(frame)], index=frame.index)


def _department(whole: Map, code: str) -> str:
    return words_in(whole.departments.get(code, {}), language()) or code
