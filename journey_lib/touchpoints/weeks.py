"""Touchpoints week by week, and which system delivers data for which stage."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from journey_lib.engine import reduce
from journey_lib.journeys import Period
from journey_lib.journeys.cut import Array, instant
from journey_lib.journeys.moves import distinct_people
from journey_lib.journeys.steps import coded, stage_of
from journey_lib.model import Result
from journey_lib.stages import Model
from journey_lib.touches import Bucket, Touches
from journey_lib.touchpoints.authored import Authored, places

NO_SYSTEM = "(no system named)"
NO_STAGE = "(no stage)"


def weekly(touches: Touches, *, authored: Authored | None = None, period: Period | None = None) -> Result:
    """How the touchpoints went week by week: every recorded touch, whether or not a journey reaches it.

    Columns touchpoint, week (its Monday), touches, customers, level (touches for each of the touchpoint's
    mean week). Weeks are those of the table's time zone; one the period or the data begin or end within is
    left out, and counted in the facts: weeks, cut_weeks.
    """
    names, place = places(touches.touchpoints, authored)
    code = np.array([*place, -1], np.int64)
    mondays, whole = _weeks(touches, period)
    edges = np.array([instant(day, touches.timezone) for day in mondays], np.int64)
    many, size = len(edges) - 1, len(names)

    def measure(bucket: Bucket) -> Array:
        at = code[bucket.touchpoint]
        told = np.flatnonzero((at >= 0) & (bucket.timestamp >= edges[0]) & (bucket.timestamp < edges[-1]))
        week = np.searchsorted(edges, bucket.timestamp[told], side="right") - 1
        key = at[told] * many + week
        counted = np.bincount(key, minlength=size * many)
        return np.stack([counted, distinct_people(key, bucket.customer[told], size * many)])

    found = reduce(touches.buckets, measure, lambda parts: np.sum(parts, axis=0)) if many else None
    counted, people = np.zeros((2, size * many), np.int64) if found is None else found
    mean = np.repeat(counted.reshape(size, many).mean(axis=1), many) if many else np.zeros(0)
    table = pd.DataFrame(
        {
            "touchpoint": np.repeat(np.array(names, object), many),
            "week": pd.to_datetime(np.tile(np.array(mondays[:-1], "datetime64[D]"), size)),
            "touches": counted,
            "customers": people,
            "level": counted / np.where(mean > 0, mean, np.nan),
        }
    )
    facts = {"weeks": many, "cut_weeks": whole}
    said = {
        "period": None if period is None else [None if day is None else str(day) for day in period],
        "data": touches.fingerprint,
    }
    return Result("touchpoint_weeks", table, facts, said, base="touches")


def availability(
    touches: Touches, *, model: Model, authored: Authored, period: Period | None = None
) -> Result:
    """Which system delivers data for which stage: sources by stages, a row a pair, empty pairs included.

    The source of a touch is the first of the `systems` of its touchpoint. Columns source, stage, touchpoints,
    rows, days (with any row), of_days (of the period), share (of days with data), last_day, idle_days (from
    it to the last day of the period). Facts: sources, stages, empty (pairs without a row), rows.
    """
    names, place = places(touches.touchpoints, authored)
    described = {each.touchpoint: each for each in authored.touchpoints}
    source = [
        described[name].systems[0] if name in described and described[name].systems else NO_SYSTEM
        for name in names
    ]
    sources = sorted(set(source) - {NO_SYSTEM}) + ([NO_SYSTEM] if NO_SYSTEM in source else [])
    stages = [*model.names, NO_STAGE]
    first, after = _days(touches, period)
    days = [first + dt.timedelta(days=n) for n in range((after - first).days + 1)]
    edges = np.array([instant(day, touches.timezone) for day in days], np.int64)
    code = np.array([*place, -1], np.int64)
    at_source = np.array([sources.index(each) for each in source], np.int64)
    rules, size, many = coded(touches, model), len(names), len(days) - 1

    def measure(bucket: Bucket) -> tuple[Array, Array]:
        at = code[bucket.touchpoint]
        told = np.flatnonzero((at >= 0) & (bucket.timestamp >= edges[0]) & (bucket.timestamp < edges[-1]))
        stage = stage_of(bucket, rules)[told].astype(np.int64)
        stage[stage < 0] = len(stages) - 1
        day = np.searchsorted(edges, bucket.timestamp[told], side="right") - 1
        cell = at_source[at[told]] * len(stages) + stage
        by_day = np.bincount(cell * many + day, minlength=len(sources) * len(stages) * many)
        kinds = np.bincount(at[told] * len(stages) + stage, minlength=size * len(stages))
        return by_day.reshape(len(sources), len(stages), many), kinds.reshape(size, len(stages))

    by_day, kinds = reduce(
        touches.buckets,
        measure,
        lambda parts: tuple(np.sum(each, axis=0) for each in zip(*parts, strict=True)),
    )
    rows = _cells(by_day, kinds, at_source, sources, stages, days)
    table = pd.DataFrame(rows)
    if not table.loc[table["stage"] == NO_STAGE, "rows"].any():
        table = table[table["stage"] != NO_STAGE].reset_index(drop=True)
    facts = {
        "sources": len(sources),
        "stages": len(model.names),
        "empty": int((table["rows"] == 0).sum()),
        "rows": int(table["rows"].sum()),
    }
    said = {"stages": model.name, "data": touches.fingerprint}
    return Result("availability", table, facts, said, base="rows")


def _cells(
    by_day: Array,
    kinds: Array,
    at_source: Array,
    sources: list[str],
    stages: list[str],
    days: list[dt.date],
) -> list[dict[str, Any]]:
    """One row a source and stage, those without any row of data included."""
    many = len(days) - 1
    rows: list[dict[str, Any]] = []
    for i, name in enumerate(sources):
        for j, stage in enumerate(stages):
            seen = np.flatnonzero(by_day[i, j])
            last = days[seen[-1]] if len(seen) else None
            rows.append(
                {
                    "source": name,
                    "stage": stage,
                    "touchpoints": int((kinds[at_source == i, j] > 0).sum()),
                    "rows": int(by_day[i, j].sum()),
                    "days": len(seen),
                    "of_days": many,
                    "share": len(seen) / max(many, 1),
                    "last_day": last,
                    "idle_days": np.nan if last is None else (days[-1] - last).days - 1,
                }
            )
    return rows


def _days(touches: Touches, period: Period | None) -> tuple[dt.date, dt.date]:
    """First day of what is asked for and seen, and the day after the last, by the table's clock."""
    zone = ZoneInfo(touches.timezone)
    first, last = (dt.datetime.fromtimestamp(t / 1e6, zone).date() for t in touches.period)
    start, end = (None if day is None else pd.Timestamp(day).date() for day in period or (None, None))
    after = last + dt.timedelta(days=1)
    return max(first, start or first), min(after, end or after)


def _weeks(touches: Touches, period: Period | None) -> tuple[list[dt.date], int]:
    """Mondays of the whole weeks, the one after the last included, and how many weeks are cut off."""
    first, after = _days(touches, period)
    begin = first + dt.timedelta(days=-first.weekday() % 7)
    end = after - dt.timedelta(days=after.weekday())
    whole = max((end - begin).days // 7, 0)
    cut = int(begin > first) + int(end < after)
    return [begin + dt.timedelta(days=7 * n) for n in range(whole + 1)], cut
