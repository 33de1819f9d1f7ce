"""Which opportunities of a map come first: by the customers who stop, and their worth at most."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.i18n import language
from journey_lib.journey_map.nouns import CLOSED, Entry, Map, Measured, Number, words_in
from journey_lib.model import Result

COLUMNS = (
    "rank",
    "opportunity",
    "stage",
    "owner",
    "status",
    "reach",
    "drop_off",
    "drop_low",
    "drop_high",
    "customers",
    "worth",
    "low",
    "high",
    "impact",
    "effort",
    "basis",
)


def opportunities(whole: Map, *, value: Number | None = None) -> Result:
    """What could be done better, ranked by reach × drop-off × value.

    Columns rank, opportunity, stage, owner, status, reach (customers at the stage), drop_off (the part that
    goes no further) with drop_low and drop_high (Wilson), customers (reach × drop_off, rounded), worth
    (reach × drop_off × `value`, what a conversion is worth on average, in its currency) with low and high,
    impact, effort (1 to 3, as people judged them), basis.

    low is reach × drop_low × the low end of `value`, high the same of the high ends: the whole range that
    the two 95% intervals allow together. Both hold at once at least 90 times in 100 (Bonferroni), however
    the two hang together. Worth is what they would have brought had every one who stops converted once:
    the most that can be missed there, and no estimate of what a change would bring. Without `value`, or
    where a stage's drop-off is not measured, worth is missing.

    basis ``stage``: written by people, for all who stop at the stage. basis ``touchpoint``: found by
    `touchpoints.opportunities`, only those who stop beyond what is usual, worth and interval as there; they
    stand after the written ones, as the two cannot be compared. Opportunities of one stage go by impact /
    effort, then in the order of the map. Those of unmeasured stages follow without a rank, and last those
    that are done or dropped.
    """
    rows = [
        _row(whole, cell.stage, entry, value)
        for cell in whole.cells
        if cell.lane == "opportunities"
        for entry in cell.entries
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS[1:]))
    judged = frame["impact"].astype(float) / frame["effort"].astype(float)
    first = frame["customers"].where(frame["basis"] == "stage", frame["worth"]).astype(float)
    closed = frame["status"].isin(CLOSED)
    frame = frame.assign(
        _closed=closed,
        _unknown=first.isna(),
        _found=frame["basis"] != "stage",
        _first=-first,
        _judged=-judged,
    )
    keys = ["_closed", "_unknown", "_found", "_first", "_judged"]
    frame = frame.sort_values(keys, kind="stable", na_position="last", ignore_index=True)
    ranked = ~(frame["_closed"] | frame["_unknown"])
    frame.insert(0, "rank", np.where(ranked, ranked.cumsum(), np.nan))
    facts: dict[str, Any] = {"opportunities": len(frame), "open": int((~closed).sum())}
    if value is not None:
        facts |= {"value": value.value, "value_low": value.low, "value_high": value.high}
    return Result("map_opportunities", frame[list(COLUMNS)], facts, {"map": whole.name})


def _row(whole: Map, stage: str, entry: Entry, value: Number | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "opportunity": entry.said(language()),
        "stage": stage,
        "owner": words_in(whole.departments.get(entry.owner, {}), language()) or entry.owner,
        "status": entry.status,
        "impact": entry.impact,
        "effort": entry.effort,
        "basis": "stage",
    }
    if isinstance(entry.evidence, Measured):
        number = entry.number
        return {
            **said,
            "basis": "touchpoint",
            **({} if number is None else {"worth": number.value, "low": number.low, "high": number.high}),
        }
    return {**said, **_missed(_drop(whole, stage), value)}


def _drop(whole: Map, stage: str) -> Entry | None:
    """The measured part of a stage's customers who go no further."""
    cell = whole.at(stage, "kpi")
    for entry in () if cell is None else cell.entries:
        if entry.name == "drop_off" and entry.number is not None and isinstance(entry.evidence, Measured):
            return entry
    return None


def _missed(drop: Entry | None, value: Number | None) -> dict[str, float]:
    """Reach × drop-off, and times the value with its interval."""
    if drop is None or drop.number is None or not isinstance(drop.evidence, Measured):
        return {}
    reach, share = drop.evidence.n, drop.number
    ends = [share.value if end is None else end for end in (share.low, share.high)]
    said: dict[str, float] = {
        "reach": reach,
        "drop_off": share.value,
        "drop_low": ends[0],
        "drop_high": ends[1],
        "customers": round(share.value * reach),
    }
    if value is None or math.isnan(value.value):
        return said
    low, high = (math.nan if end is None else end for end in (value.low, value.high))
    return {
        **said,
        "worth": reach * share.value * value.value,
        "low": reach * ends[0] * low,
        "high": reach * ends[1] * high,
    }
