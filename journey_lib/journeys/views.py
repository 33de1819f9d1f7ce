"""Views of a path table: where customers go next, which paths they take most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Unpack
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, view
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Cutting
from journey_lib.journeys.entries import ENDINGS
from journey_lib.journeys.groups import Group
from journey_lib.journeys.moves import moves
from journey_lib.journeys.paths import PathTable
from journey_lib.model import CONVERTED, ENDED, NO_TOUCH, OTHER, START, Result
from journey_lib.touches import Touches


@view
def transitions(
    source: Touches | PathTable, *, group: Group | None = None, **cutting: Unpack[Cutting]
) -> Asking[Result]:
    """Where customers go next, how surely, and how long they take.

    Columns from, to, journeys (times the step was taken), share (of the steps out of `from` whose next is
    known) with low and high (Wilson, steps taken as independent). The ends are ``(start)``, ``(conversion)``
    and ``(null)``. Into every channel lead as many steps as out of it.

    Touches also know customers (who took the step), of (what share is of), share_in (of all steps into `to`),
    median_days and p90_days (from one touch to the next, or from the last touch to the conversion; read from
    classes 9% wide), and rows to ``(open)``: nobody knows the next step of an open journey, so they have no
    share. A path table has already been cut: it takes no options, and leaves open journeys out.
    """
    if isinstance(source, PathTable):
        return _of_paths(source)
    return (yield from moves(source, group=group, **cutting))


def _of_paths(table: PathTable) -> Result:
    size = len(table.channels)
    weight = table.conversions + table.nulls
    previous, following, conversion_from, null_from = _steps(table)
    counts = np.zeros((size + 1, size + 2), np.int64)
    np.add.at(counts, (previous, following), weight[table.row])
    np.add.at(counts[:, size], conversion_from, table.conversions)
    np.add.at(counts[:, size + 1], null_from, table.nulls)
    origin, target = np.nonzero(counts)
    names = np.array([*table.channels, START], object)
    ends = np.array([*table.channels, CONVERTED, ENDED], object)
    out = counts.sum(axis=1)
    low, high = wilson(counts[origin, target], out[origin])
    frame = pd.DataFrame(
        {
            "from": names[origin],
            "to": ends[target],
            "journeys": counts[origin, target],
            "share": counts[origin, target] / out[origin],
            "low": low,
            "high": high,
        }
    )
    facts = {"steps": int(counts.sum()), "journeys": int(weight.sum()), "open": int(table.open.sum())}
    ordered = frame.sort_values(["journeys", "from", "to"], ascending=[False, True, True], ignore_index=True)
    return Result("transitions", ordered, facts, dict(table.settings), base="journeys")


def top(table: PathTable, n: int = 10, k: int = 1) -> Result:
    """Which paths are taken most: the first `n`, and everything else in a row of its own.

    Columns path (channels joined by " > ", "(no touch)" and "(other)"), journeys, customers (where known),
    conversions, value, nulls, open, conversion_rate (of journeys that are over) with low and high (Wilson),
    share (of all journeys) with share_low and share_high (Wilson); and, not shown, over (ended, one way or
    the other) and converters (the customers whose journeys converted; of "(other)" at most so many).

    Paths of fewer than `k` customers are only ever in "(other)", and another with them where they are few.
    Readers see one `n` on all pages: "(other)" of a longer list, taken from that of a shorter, would tell of
    the paths between.
    """
    whole = table.counts if table.fold is None else table.table.drop(columns="path")
    first = table.largest(n)
    listed = first[first["customers" if table.customers is not None else "journeys"] >= k]
    if len(listed) and 0 < whole["journeys"].sum() - listed["journeys"].sum() < k:
        listed = listed.iloc[:-1]  # with all journeys, the others would be told
    rows = listed.assign(path=[" > ".join(path) or NO_TOUCH for path in listed["path"]])
    if len(listed) < len(whole):
        rest = whole.sum() - listed.drop(columns="path").sum()
        rows = pd.concat([rows, rest.to_frame().T.assign(path=OTHER)], ignore_index=True)
    if "converters" not in rows:
        rows = rows.assign(converters=rows["conversions"])  # paths that came without people
    over = (rows["conversions"] + rows["nulls"]).astype(float)
    low, high = wilson(rows["conversions"].to_numpy(float), over.to_numpy())
    taken = rows["journeys"].to_numpy(float)
    share_low, share_high = wilson(taken, np.full(len(rows), float(whole["journeys"].sum())))
    rows = rows.assign(
        conversion_rate=rows["conversions"].astype(float) / over.where(over > 0),
        low=low,
        high=high,
        over=over,
        share=taken / max(int(whole["journeys"].sum()), 1),
        share_low=share_low,
        share_high=share_high,
    )
    counts = ["journeys", "conversions", "nulls", "open"]
    facts = {"unique_paths": len(whole), **{name: int(whole[name].sum()) for name in counts}}
    if table.customers is not None:
        # A customer may have taken several of the paths in "(other)": nobody can be counted twice there.
        rows["customers"] = rows["customers"].where(rows["path"] != OTHER)
    return Result(
        "top_paths",
        rows.astype(dict.fromkeys([*counts, "over", "converters"], "int64")),
        facts,
        dict(table.settings),
        "journeys",
        **{**ENDINGS, "about": {"converters": ("value",)}, "unseen": ("over", "converters")},
    )


def months(touches: Touches) -> Iterator[tuple[dt.date, dt.date]]:
    """First day, and the day after the last, of every calendar month the data touch."""
    zone = ZoneInfo(touches.timezone)
    first, last = (dt.datetime.fromtimestamp(t / 1e6, zone).date() for t in touches.period)
    month = first.replace(day=1)
    while month <= last:
        following = (month + dt.timedelta(days=32)).replace(day=1)
        yield month, following
        month = following


def _steps(table: PathTable) -> tuple[Array, Array, Array, Array]:
    """For each token where it came from and what it is; for each path where its end came from."""
    size = len(table.channels)
    previous = np.empty(len(table.tokens), np.int64)
    previous[1:] = table.tokens[:-1]
    lengths = table.lengths
    previous[table.offsets[:-1][lengths > 0]] = size
    last = np.full(len(table), size)
    last[lengths > 0] = table.tokens[table.offsets[1:][lengths > 0] - 1]
    return previous, table.tokens.astype(np.int64), last, last
