"""Where customers go next, and how long they take: every step and every end of every journey, in one pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.journeys.cut import Array, Cutting, Journeys, rules_for, settings
from journey_lib.journeys.groups import Group, cuts_of, described
from journey_lib.model import CONVERTED, ENDED, NO_TOUCH, OPEN, START, Result
from journey_lib.touches import Touches

ENDS = (CONVERTED, ENDED, OPEN)
FINE = 8  # classes of waiting times in each doubling: a quantile read from them is off by 4.4% at most
RATE = ("conversion_rate", "low", "high")
CLASSES = 1 + FINE * 28  # from one second to eight years; the first holds what took less
DAY = 86_400_000_000


@dataclass(frozen=True)
class _Moves:
    """Counts that add up over customers: from each name and the start (rows) to what came next (columns).

    The last three columns are the ends: converted, ended without, still open. `waited` counts steps by class
    of waiting time, one row for each pair of row and column.
    """

    counts: Array
    customers: Array
    waited: Array


def moves(touches: Touches, *, group: Group | None = None, **cutting: Unpack[Cutting]) -> Asking[Result]:
    """Every step and end of the journeys: what `transitions` says of touches."""
    rules = rules_for(touches, **cutting)
    size = len(touches.channels)

    def measure(found: Journeys) -> _Moves:
        return _count(found, size)

    found = yield Pass(cuts_of(touches, rules, group), measure, _add)
    facts = {
        "steps": int(found.counts.sum()),
        "journeys": int(found.counts[size].sum()),
        **{
            end: int(found.counts[:, size + i].sum())
            for i, end in enumerate(("conversions", "nulls", "open"))
        },
    }
    said = settings(touches, **cutting) | described(group)
    # Shares out of a place say how many steps with a known next there are. Each place is closed by itself:
    # together with the steps into all others they make a system that takes minutes to solve.
    table = _table(found, touches.channels)
    lines = (("from",), ("from", "known"), ("from", "ends"))
    hidden = ("known", "ends")
    return Result("transitions", table, facts, said, base="journeys", parts=lines, unseen=hidden)


def around(result: Result, name: str | None = None) -> Result:
    """What leads to one touchpoint and what follows it: the rows of `transitions` that touch it.

    Without a `name`, around the touchpoint that most steps lead to.

    Columns side (before, after), name, journeys, customers, share (of all steps into it, or of those out of
    it whose next is known), of, low, high (Wilson), median_days, p90_days.
    """
    table = result.table
    inner = table[~table["to"].isin(ENDS)]
    busiest = inner.groupby("to")["journeys"].sum().sort_index().idxmax() if len(inner) else ""
    name = str(busiest) if name is None else name
    if name not in {*table["from"], *table["to"]}:
        raise ParameterError(f"no step leads to or from '{name}'", do=did_you_mean(name, set(inner["to"])))
    before, after = table[table["to"] == name], table[(table["from"] == name) & (table["to"] != OPEN)]
    into = int(before["journeys"].sum())
    low, high = wilson(before["journeys"].to_numpy(float), np.full(len(before), float(into)))
    arriving = before.assign(
        side="before", name=before["from"], share=before["share_in"], of=into, low=low, high=high
    )
    leaving = after.assign(side="after", name=after["to"])
    columns = [
        "side",
        "name",
        "journeys",
        "customers",
        "share",
        "of",
        "low",
        "high",
        "median_days",
        "p90_days",
    ]
    rows = pd.concat([arriving[columns], leaving[columns]], ignore_index=True)
    facts = {
        "touches": into,
        "open": int(table.loc[(table["from"] == name) & (table["to"] == OPEN), "journeys"].sum()),
    }
    return Result("around", rows, facts, {**result.settings, "around": name}, base="journeys")


def near(result: Result, name: str | None, k: int) -> Result:
    """`around`, as it may be shown: a step that is hidden in `transitions` is hidden here as well."""
    found = around(result, name)
    focus, shown = found.settings["around"], found.suppressed(k)
    steps = result.suppressed(k).table
    steps = steps[steps["suppressed"]]
    hidden = {("before", each) for each in steps.loc[steps["to"] == focus, "from"]}
    hidden |= {("after", each) for each in steps.loc[steps["from"] == focus, "to"]}
    pairs = zip(found.table["side"], found.table["name"], strict=True)
    gone = np.array([pair in hidden for pair in pairs], bool)
    table = shown.table.assign(suppressed=shown.table["suppressed"] | gone)
    numbers = found.table.select_dtypes("number").columns
    table[numbers] = table[numbers].mask(table["suppressed"])
    return replace(shown, table=table)


def touched(result: Result, steps: Result, k: int) -> Result:
    """The first or last touches (`entries`) as they may be shown beside `transitions`, which tell the same.

    What goes from the start, and how journeys end after each touch, is hidden in both or in neither.
    """
    shown, moved = result.suppressed(k), steps.suppressed(k).table
    moved = moved[moved["suppressed"]].replace({"from": {START: NO_TOUCH}})
    table = shown.table.copy()
    if result.name == "first_touches":
        lost = table["channel"].isin(moved.loc[moved["from"] == NO_TOUCH, "to"])
        numbers = table.select_dtypes("number").columns
        table[numbers] = table[numbers].mask(lost)
        return replace(shown, table=table.assign(suppressed=table["suppressed"] | lost))
    won, left, still = (table["channel"].isin(moved.loc[moved["to"] == end, "from"]) for end in ENDS)
    hidden = (
        (["conversions", *RATE], won),
        (["nulls", *RATE], left),
        (["open"], still),
        (["over"], won ^ left),
    )
    for columns, lost in hidden:
        table[columns] = table[columns].mask(lost)
    return replace(shown, table=table)


def listed(result: Result, most: int = 15) -> Result:
    """The most frequent steps from one touch to another or to the conversion, for a table to read.

    The others are in the result of `transitions`, which a run keeps as CSV; steps from the start are in
    `entries`.
    """
    inner = result.table[(result.table["from"] != START) & ~result.table["to"].isin([ENDED, OPEN])]
    shown = inner.dropna(subset=["journeys"]).head(most)
    return replace(result, table=shown, facts={**result.facts, "not_listed": len(inner) - len(shown)})


def _count(found: Journeys, size: int) -> _Moves:
    """Moves of one bucket's journeys; tokens stand in their order, so the previous one is at hand."""
    width = size + len(ENDS)
    tokens, starts, stops = found.channel, found.offsets[:-1], found.offsets[1:]
    some = np.flatnonzero(stops > starts)
    begins, ends = starts.take(some), stops.take(some) - 1
    pair = np.empty(len(tokens), np.int32)
    pair[1:] = tokens[:-1]
    pair[begins] = size
    pair *= width
    pair += tokens
    within = np.ones(len(tokens), bool)
    within[begins] = False
    later = np.flatnonzero(within)
    waited = found.time.take(later) - found.time.take(later - 1)
    last = np.full(len(found), size, np.int32)
    last[some] = tokens.take(ends)
    last *= width
    last += np.int32(size + 1)
    last += found.open
    last -= found.converted
    timed = found.converted.take(some)
    ended = some.compress(timed)
    until = found.end.take(ended) - found.time.take(ends.compress(timed))
    place = np.concatenate([pair.take(later), last.take(ended)])
    place *= CLASSES
    place += classes_of(np.concatenate([waited, until]))
    shape, pairs = (size + 1, width), (size + 1) * width
    person = found.customer.take(found.row)
    return _Moves(
        (np.bincount(pair, minlength=pairs) + np.bincount(last, minlength=pairs)).reshape(shape),
        # steps and ends lead to different columns: nobody is counted twice
        (distinct_people(pair, person, pairs) + distinct_people(last, found.customer, pairs)).reshape(shape),
        np.bincount(place, minlength=pairs * CLASSES).reshape(pairs, CLASSES),
    )


def people(customer: Array) -> int:
    """Distinct customers of rows that come customer by customer."""
    return int(np.count_nonzero(customer[1:] != customer[:-1])) + min(len(customer), 1)


def distinct_people(key: Array, customer: Array, size: int) -> Array:
    """Distinct customers of each key, which are below `size`; customers are codes, in any order.

    Pairs of both are sorted as one integer: numpy sorts those faster than it looks them up. Where customers
    come in order, whoever has one row only needs no sorting.
    """
    if not len(key):
        return np.zeros(size, np.int64)
    if (customer[1:] >= customer[:-1]).all():
        several = np.zeros(len(key), bool)
        np.equal(customer[1:], customer[:-1], out=several[1:])
        several[:-1] |= several[1:]
        if 2 * np.count_nonzero(several) < len(key):
            once = np.bincount(key.compress(~several), minlength=size)
            return once + _distinct(key.compress(several), customer.compress(several), size)
    return _distinct(key, customer, size)


def _distinct(key: Array, customer: Array, size: int) -> Array:
    if not len(key):
        return np.zeros(size, np.int64)
    bits = (size - 1).bit_length()  # whole bits for the key: they come off again quicker than a remainder
    least, most = int(customer.min()), int(customer.max())
    kind = np.int32 if (most - least + 1) << bits < 2**31 else np.int64
    pair: Array = (customer - least).astype(kind)
    pair <<= bits
    pair |= key.astype(kind, copy=False)
    pair.sort()
    new = np.ones(len(pair), bool)
    np.not_equal(pair[1:], pair[:-1], out=new[1:])
    return np.bincount(pair.compress(new) & kind((1 << bits) - 1), minlength=size)


def classes_of(waited: Array) -> Array:
    """The class of each waiting time in microseconds."""
    fine = waited / 1e6
    with np.errstate(divide="ignore"):
        np.log2(fine, out=fine)
    fine *= FINE
    np.floor(fine, out=fine)
    fine += 1
    np.maximum(fine, 0, out=fine)
    np.minimum(fine, CLASSES - 1, out=fine)
    return fine.astype(np.int32)


def _add(parts: list[_Moves]) -> _Moves:
    return _Moves(*(sum(getattr(p, name) for p in parts) for name in _Moves.__dataclass_fields__))


def quantile(classes: Array, share: float) -> Array:
    """Days within which a `share` of the steps of each row of `classes` were taken; NaN where there are none.

    The middle of the class (on the log scale) that the quantile falls into; the first class is 0.
    """
    total = classes.sum(axis=1)
    reached = np.cumsum(classes, axis=1) >= np.ceil(share * total)[:, None]
    place = reached.argmax(axis=1)
    seconds = np.where(place == 0, 0.0, 2.0 ** ((place - 0.5) / FINE))
    return np.where(total > 0, seconds * 1e6 / DAY, np.nan)


def _table(found: _Moves, channels: tuple[str, ...]) -> pd.DataFrame:
    size = len(channels)
    origin, target = np.nonzero(found.counts)
    known = found.counts[:, : size + 2].sum(axis=1)
    into = found.counts.sum(axis=0)
    count = found.counts[origin, target]
    of = known[origin].astype(float)
    still = target == size + 2
    low, high = wilson(count, np.where(still, 0, of))
    waited = found.waited[origin * (size + len(ENDS)) + target]
    frame = pd.DataFrame(
        {
            "from": np.array([*channels, START], object)[origin],
            "to": np.array([*channels, *ENDS], object)[target],
            "journeys": count,
            "customers": found.customers[origin, target],
            "of": np.where(still, np.nan, of),
            "share": np.where(still, np.nan, count / np.maximum(of, 1)),
            "low": low,
            "high": high,
            "share_in": count / into[target],
            "median_days": quantile(waited, 0.5),
            "p90_days": quantile(waited, 0.9),
            "known": ~still,
            "ends": target >= size,
        }
    )
    return frame.sort_values(["journeys", "from", "to"], ascending=[False, True, True], ignore_index=True)
