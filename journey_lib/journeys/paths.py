"""Unique channel paths: counted exactly, in a form every model and view can do arithmetic on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, view
from journey_lib.journeys.cut import (
    Array,
    Direct,
    Journeys,
    Period,
    Repeats,
    laid,
    rules_for,
    settings,
)
from journey_lib.journeys.groups import Group, cuts_of, described
from journey_lib.journeys.moves import distinct_people
from journey_lib.journeys.sequences import grouped, taken
from journey_lib.touches import Touches


@dataclass(frozen=True)
class PathTable:
    """Unique channel paths with how often each converted, ended without, or is still open.

    Path i is ``tokens[offsets[i]:offsets[i + 1]]`` in codes of `channels`; `value` counts minor units with
    `digits` decimals. `customers` counts the people behind each row, `converters` those behind its
    conversions, and `converting` those behind each channel's; all are None for paths that came without
    people. `fold`, where known, is the group of customers a row's journeys belong to; a path then stands once
    a fold.
    """

    channels: tuple[str, ...]
    tokens: Array = field(repr=False)
    offsets: Array = field(repr=False)
    conversions: Array = field(repr=False)
    value: Array = field(repr=False)
    nulls: Array = field(repr=False)
    open: Array = field(repr=False)
    customers: Array | None = field(default=None, repr=False)
    converters: Array | None = field(default=None, repr=False)
    converting: Array | None = field(default=None, repr=False)
    fold: Array | None = field(default=None, repr=False)
    digits: int = 0
    currency: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.conversions)

    @property
    def lengths(self) -> Array:
        """Touches of each path."""
        return np.diff(self.offsets)

    @property
    def row(self) -> Array:
        """The path each token belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def table(self) -> pd.DataFrame:
        """Columns path, journeys, conversions, value (major units), nulls, open; most frequent first.

        Where people are known, customers says how many are behind each path, and converters behind its
        conversions.
        """
        frame = self._named(self.counts)
        if self.fold is not None:
            frame = frame.groupby("path", sort=False, as_index=False).sum()
        return frame.sort_values(["journeys", "path"], ascending=[False, True], ignore_index=True)

    @property
    def counts(self) -> pd.DataFrame:
        """The columns of `table` but for the paths' names, row by row: what most questions need."""
        frame = pd.DataFrame(
            {
                "journeys": self.conversions + self.nulls + self.open,
                "conversions": self.conversions,
                "value": self.value / 10**self.digits,
                "nulls": self.nulls,
                "open": self.open,
            }
        )
        people = {"customers": self.customers, "converters": self.converters}
        return frame.assign(**{name: counted for name, counted in people.items() if counted is not None})

    def largest(self, n: int) -> pd.DataFrame:
        """The first `n` rows of `table`, without a name for all the others."""
        if self.fold is not None:
            return self.table[:n]
        counts = self.counts
        edge = counts["journeys"].nlargest(n).min() if n else np.inf
        frame = self._named(counts[counts["journeys"] >= edge])  # with all that tie for the last place
        return frame.sort_values(["journeys", "path"], ascending=[False, True], ignore_index=True)[:n]

    def _named(self, counts: pd.DataFrame) -> pd.DataFrame:
        words = np.array(self.channels, dtype=object)
        starts, stops = self.offsets[:-1], self.offsets[1:]
        paths = [tuple(words[self.tokens[starts[row] : stops[row]]]) for row in counts.index]
        return pd.DataFrame({"path": paths, **{name: counts[name].to_numpy() for name in counts}})


@view
def paths(
    touches: Touches,
    *,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: Direct = "keep",
    repeats: Repeats = "keep",
    max_touches: int | None = None,
    period: Period | None = None,
    by_fold: bool = False,
    group: Group | None = None,
) -> Asking[PathTable]:
    """Which channel paths customers took, and how each ended.

    Parameters
    ----------
    conversion
        Name of the conversion; the first declared when None.
    lookback
        How long before its end a journey's touches still count (inclusive), such as ``"30d"``. None: for
        ever, and then nothing tells an ended journey from an open one, so none is called open.
    direct
        ``"drop"`` leaves direct touches out unless the journey has no other.
    repeats
        ``"collapse"`` makes a run of the same channel one touch, its last.
    max_touches
        Keep the last so many touches of a journey, after the steps above.
    period
        First day, and the day after the last. Nothing at or after the second is seen; journeys that ended
        before the first are left out, though their customers' older touches still count within the lookback.
    by_fold
        Keep the groups of customers apart that intervals resample.
    group
        Only these journeys; all when None.
    """
    rules = rules_for(touches, conversion, lookback, direct, repeats, max_touches, period)
    fold = touches.fold if by_fold else None
    size = len(touches.channels)

    def measure(found: Journeys) -> dict[str, Any]:
        return _count(found, fold, size)

    found = yield Pass(cuts_of(touches, rules, group), measure, _merge)
    cutting = settings(touches, conversion, lookback, direct, repeats, max_touches, period)
    if group is not None:
        cutting |= described(group)
    return PathTable(
        touches.channels, **found, digits=touches.digits, currency=touches.currency, settings=cutting
    )


def _count(found: Journeys, fold: Array | None, channels: int) -> dict[str, Any]:
    """Unique paths of one bucket, what became of their journeys, and how many people are behind them."""
    weights = {
        "conversions": found.converted,
        "value": found.value,
        "nulls": ~(found.converted | found.open),
        "open": found.open,
    }
    groups = None if fold is None else fold[found.customer]
    counted = unique(found.channel, found.offsets, weights, groups, found.customer)
    return counted | {"converting": people_by_channel(found, channels)}


def people_by_channel(found: Journeys, channels: int) -> Array:
    """Distinct customers behind each channel's conversions."""
    ended = np.flatnonzero(found.converted)
    lengths = found.lengths.take(ended)
    touched = found.channel.take(laid(found.offsets.take(ended), lengths))
    return distinct_people(touched, np.repeat(found.customer.take(ended), lengths), channels)


def _merge(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Paths of all buckets: rows of the same path (and fold) are added up; buckets share no customer."""
    if len(parts) == 1:
        return parts[0]
    converting = np.sum([part.pop("converting") for part in parts], axis=0)
    shifts = np.cumsum([0] + [len(part["tokens"]) for part in parts[:-1]])
    offsets = [part["offsets"][:-1] + shift for part, shift in zip(parts, shifts, strict=True)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "offsets"}
    starts = np.concatenate([*offsets, [len(joined["tokens"])]])
    counts = ("conversions", "value", "nulls", "open", "customers", "converters")
    weights = {name: joined[name] for name in counts}
    return unique(joined["tokens"], starts, weights, joined.get("fold")) | {"converting": converting}


def unique(
    tokens: Array,
    offsets: Array,
    weights: Mapping[str, Array],
    fold: Array | None = None,
    customer: Array | None = None,
) -> dict[str, Any]:
    """Add up `weights` over equal sequences (and equal folds); rows are in the order of `sequences.grouped`.

    With `customer`, in ascending order, the distinct customers of each group are counted too, and of those
    whose row is one of the `conversions`, which are truths then.
    """
    group, first = grouped(tokens, offsets, fold)
    distinct, ends = taken(tokens, offsets, first)
    found: dict[str, Any] = {
        "tokens": distinct,
        "offsets": ends,
        **{name: add(group, weight, len(first)) for name, weight in weights.items()},
    }
    if customer is not None:
        found["customers"] = distinct_people(group, customer, len(first))
        ended = weights["conversions"]
        found["converters"] = distinct_people(group.compress(ended), customer.compress(ended), len(first))
    return found if fold is None else {**found, "fold": fold[first]}


def add(group: Array, weight: Array, size: int) -> Array:
    """Sum integers by group, exactly: as float64 while that is exact, in two halves beyond; count truths."""
    if weight.dtype == bool:
        return np.bincount(group.compress(weight), minlength=size)
    if float(np.abs(weight).sum(dtype=np.float64)) < 2**53:
        return np.bincount(group, weight, size).astype(np.int64)
    high, low = np.divmod(weight, 2**26)
    return add(group, high, size) * 2**26 + add(group, low, size)
