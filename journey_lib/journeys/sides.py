"""What two groups have each on their own, made comparable: curves of waiting times, and lists of paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from journey_lib.errors import ParameterError
from journey_lib.intervals import Array, Z, two_sided
from journey_lib.journeys.paths import PathTable
from journey_lib.model import NO_TOUCH, Result

DAYS = (7, 14, 30, 60, 90, 180, 365)  # days after which two curves are laid beside each other
MOST = 20  # paths of each side


class Curves(NamedTuple):
    """Two curves at a few days, and the chance that curves of one kind of people lie so far apart anywhere.

    `table` has day, n and of of both, share of both, difference, low, high, chance.
    """

    table: pd.DataFrame
    chance: float


def curves(one: Result, other: Result) -> Curves:
    """How far two curves of `funnel.time_to` or `retention.repeat` lie apart after a week, a month and so on.

    The interval puts the two Greenwood intervals together (MOVER, Zou and Donner 2008), the chance at a day
    is that of the difference over its standard error, and that of the whole curves the log-rank test's
    (Mantel 1966). Days that one of the groups was not watched for are left out.
    """
    both = (one.table, other.table)
    days = [day for day in DAYS if all(len(table) and day <= table["day"].iloc[-1] for table in both)]
    (share, low, high, error, n), (share_b, low_b, high_b, error_b, n_b) = (
        _at(table, days) for table in both
    )
    apart = share - share_b
    spread = np.hypot(error, error_b)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = np.where(spread > 0, two_sided(apart / spread), np.where(apart == 0, 1.0, np.nan))
    table = pd.DataFrame(
        {
            "day": days,
            "n_a": n,
            "of_a": float(one.facts["entered"]),
            "n_b": n_b,
            "of_b": float(other.facts["entered"]),
            "share_a": share,
            "share_b": share_b,
            "difference": apart,
            "low": apart - np.hypot(share - low, high_b - share_b),
            "high": apart + np.hypot(high - share, share_b - low_b),
            "chance": chance,
        }
    )
    return Curves(table, log_rank(*both))


def log_rank(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Chance that two curves of the same kind lie so far apart over all their days (Mantel 1966).

    Both are tables of `survival.by_day`. NaN where nothing happened while anybody of both was watched.
    """
    size = min(len(one), len(other))
    n_a, n_b = (table["at_risk"].to_numpy(float)[:size] for table in (one, other))
    events = [np.diff(table["customers"].to_numpy(float)[:size], prepend=0.0) for table in (one, other)]
    n, happened = n_a + n_b, events[0] + events[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = happened * n_a / n
        variance = happened * (n_a / n) * (n_b / n) * (n - happened) / (n - 1)
    total = float(np.nansum(variance))
    return float(two_sided((events[0] - expected).sum() / np.sqrt(total))) if total > 0 else float("nan")


def paths(one: PathTable, other: PathTable) -> tuple[Result, Result]:
    """The most frequent paths of either side, counted on both: which part of all journeys takes each.

    Columns path (names joined by " > "), journeys, of (all journeys of the side).

    Raises
    ------
    ParameterError
        The steps of the two are called differently.
    """
    if one.channels != other.channels:
        raise ParameterError(
            "paths over different steps cannot be compared",
            do="count both over the same table: steps_by(touches, ...) once, then paths of it for each",
        )
    listed = [tuple(path) for table in (one, other) for path in table.largest(MOST)["path"]]
    wanted = list(dict.fromkeys(listed))
    return tuple(_counted(table, wanted) for table in (one, other))  # type: ignore[return-value]


def _at(table: pd.DataFrame, days: Sequence[int]) -> tuple[Array, Array, Array, Array, Array]:
    """Of a curve at some days: share, low, high, standard error (Greenwood's) and people there."""
    rows = table.set_index("day").reindex(list(days))
    share, low, high = (rows[name].to_numpy(float) for name in ("share", "low", "high"))
    with np.errstate(invalid="ignore", divide="ignore"):
        # low is 1 - left ** exp(-half), with half = Z * error / (left * |log left|)
        half = -np.log(np.log1p(-low) / np.log1p(-share))
        error = half * (1 - share) * np.abs(np.log1p(-share)) / Z
    return share, low, high, np.nan_to_num(error), rows["customers"].to_numpy(float)


def _counted(table: PathTable, wanted: Sequence[tuple[str, ...]]) -> Result:
    """How many journeys take each of some paths: by codes, for only a few of many paths are asked for."""
    code = {name: place for place, name in enumerate(table.channels)}
    starts, lengths = table.offsets[:-1], table.lengths
    journeys = table.conversions + table.nulls + table.open
    counts = []
    for path in wanted:
        rows = np.flatnonzero(lengths == len(path))
        for place, name in enumerate(path):
            rows = rows[table.tokens[starts[rows] + place] == code[name]]
        counts.append(int(journeys[rows].sum()))
    frame = pd.DataFrame({"path": [" > ".join(path) or NO_TOUCH for path in wanted], "journeys": counts})
    frame["of"] = int(journeys.sum())
    facts: dict[str, Any] = {"journeys": int(journeys.sum())}
    return Result("paths", frame, facts, dict(table.settings), "journeys")
