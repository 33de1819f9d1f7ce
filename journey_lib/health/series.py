"""Rows by day of every table and channel, within its plausible days, and what was to be expected of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ALL = ""  # the whole table, beside its channels
EARLIEST = dt.date(1990, 1, 1)  # nobody tracked customers in events before: such times are defaults or typos
WEEKS = 8  # how many of the same weekdays before a day say what to expect
FEWEST = 3  # with fewer of them nothing is expected
APART = 7  # empty days between the bulk of the rows and the few before or after it that are far from it
ONE = pd.Timedelta(days=1)
Array = npt.NDArray[Any]
Series = tuple[str, str, pd.DataFrame]


def bulk(daily: pd.DataFrame, today: pd.Timestamp, table: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a table's plausible rows.

    They are around the days that hold 99.8% of them; rows before and after that belong to the period unless
    more than `APART` days lie between.
    """
    frame = daily[(daily["table"] == table) & (daily["series"] == ALL)].sort_values("day")
    begin = pd.Timestamp(EARLIEST)
    frame = frame[(frame["day"] >= begin) & (frame["day"] <= today)]
    if frame.empty:
        return begin, begin - ONE
    before = frame["rows"].cumsum().to_numpy()
    share = 0.001 * before[-1]
    low = int(np.searchsorted(before, share, side="right"))
    high = int(np.searchsorted(before, before[-1] - share, side="left"))
    step = frame["day"].diff().dt.days.to_numpy()
    while low > 0 and step[low] <= APART:
        low -= 1
    while high < len(frame) - 1 and step[high + 1] <= APART:
        high += 1
    return frame["day"].iloc[low], frame["day"].iloc[high]


def every(daily: pd.DataFrame, today: pd.Timestamp) -> Iterator[Series]:
    """Each table and channel with one row a day of its period, and what was to be expected of the day.

    Columns day, rows, expected (the median of the same weekdays before, those in a week or more without rows
    left out; NaN where too few are known), expected_in_gap (the same, and where too few are known the median
    of all the same weekdays). A channel's period begins with its first row and ends with its table's.
    """
    for table, rows in daily.groupby("table", sort=False):
        low, high = bulk(daily, today, str(table))
        inside = rows[(rows["day"] >= low) & (rows["day"] <= high)]
        if inside.empty:
            continue
        end = inside["day"].max()
        names = sorted(inside["series"].unique())
        for name in names[:1] if len(names) == 2 else names:  # a table of one series is that series
            counts = inside[inside["series"] == name].set_index("day")["rows"]
            days = pd.date_range(counts.index.min(), end, freq="D")
            frame = pd.DataFrame({"day": days, "rows": counts.reindex(days, fill_value=0).to_numpy()})
            frame["expected"] = _expected(_bridged(frame["rows"].to_numpy(float)))
            usual = frame.groupby(frame["day"].dt.day_of_week)["rows"].transform("median")
            frame["expected_in_gap"] = frame["expected"].fillna(usual)
            yield str(table), str(name), frame


def _expected(rows: Array) -> Array:
    """The median of up to `WEEKS` same weekdays before each day, of those that are known."""
    before = np.full((WEEKS, len(rows)), np.nan)
    for week in range(1, WEEKS + 1):
        before[week - 1, 7 * week :] = rows[: max(len(rows) - 7 * week, 0)]
    known = (~np.isnan(before)).sum(axis=0)
    expected = np.full(len(rows), np.nan)
    enough = known >= FEWEST
    if enough.any():
        expected[enough] = np.nanmedian(before[:, enough], axis=0)
    return expected


def _bridged(rows: Array) -> Array:
    """Runs of a week and longer without rows are no evidence of what to expect."""
    bridged = rows.copy()
    for start, stop in runs(rows == 0):
        if stop - start >= 7:
            bridged[start:stop] = np.nan
    return bridged


def runs(marked: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of every run of marked places."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
