"""A plain-Python twin of features: one customer at a time, from the definitions alone."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from twins import DAY, Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PARTS = {"morning": (6, 11), "midday": (11, 14), "afternoon": (14, 18), "evening": (18, 22)}


def clock(row: Row, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=row.time)).astimezone(ZoneInfo(zone))


def share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def of_customer(rows: list[Row], since: int, until: int, zone: str) -> dict[str, Any] | None:
    """What is known of one customer, None where no row is in [since, until); None of a column: missing."""
    window = [row for row in rows if since <= row.time < until]
    if not window:
        return None
    touches = [row for row in window if row.channel is not None]
    sales = [row for row in window if row.conversion]
    value = sum(row.value or 0 for row in sales)
    days = sorted({clock(row, zone).date() for row in window})
    gaps = [(later - earlier).days for earlier, later in itertools.pairwise(days)]
    hours = [clock(row, zone).hour for row in window]
    found = {
        "recency_days": Fraction(until - max(row.time for row in window), DAY),
        "recency_conversion_days": Fraction(until - max(row.time for row in sales), DAY) if sales else None,
        "tenure_days": Fraction(until - min(row.time for row in rows), DAY),
        "touches": len(touches),
        "conversions": len(sales),
        "active_days": len(days),
        "value": value,
        "mean_value": share(value, len(sales)),
        "median_gap_days": statistics.median(gaps) if gaps else None,
        "mean_gap_days": Fraction(sum(gaps), len(gaps)) if gaps else None,
        "time_weekend": share(sum(clock(row, zone).weekday() >= 5 for row in window), len(window)),
        "time_night": share(sum(hour >= 22 or hour < 6 for hour in hours), len(window)),
        "channels": len({row.channel for row in touches}),
    }
    for part, (begins, ends) in PARTS.items():
        found[f"time_{part}"] = share(sum(begins <= hour < ends for hour in hours), len(window))
    for channel in {row.channel for row in rows if row.channel}:
        found["share of " + channel] = share(sum(row.channel == channel for row in touches), len(touches))
    return found


def features(log: Iterable[Row], since: int, until: int, zone: str) -> dict[str, dict[str, Any]]:
    people: dict[str, list[Row]] = {}
    for row in log:
        people.setdefault(row.customer, []).append(row)
    every = {name: of_customer(rows, since, until, zone) for name, rows in people.items()}
    return {name: found for name, found in every.items() if found is not None}
