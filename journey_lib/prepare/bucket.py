"""One bucket: its customers numbered, its rows in order, each customer's rows added up.

The order is total: customer, moment, rows with a channel before rows without, event id, then all other
columns. Customer and moment are one number to sort by; what is equal in both is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.prepare.code import NAMES
from journey_lib.prepare.fold import laid_out
from journey_lib.prepare.manifest import FOLDS

TOUCHES = pa.schema(
    {
        "customer": pa.int32(),
        "timestamp": pa.int64(),
        "channel": pa.int16(),
        "touchpoint": pa.int16(),
        "event_type": pa.int16(),
        "value": pa.int64(),
        "who": pa.int32(),
    }
)
SEEN = pa.schema(
    {
        "customer": pa.int32(),
        "customer_id": pa.string(),
        "fold": pa.int16(),
        "first_seen": pa.int64(),
        "last_seen": pa.int64(),
        "rows": pa.int64(),
        "sources": pa.int64(),
        "orders": pa.int64(),
        "value": pa.int64(),
    }
)

CLOSE = 16  # places a row may take in a list of all numbers up to the largest; four bytes each

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Bucket:
    """Sorted touches, and the customers they are of, in the same order."""

    touches: pa.Table
    seen: pa.Table

    @property
    def per_fold(self) -> Array:
        """How many customers each fold has here."""
        return np.bincount(self.seen["fold"].to_numpy(), minlength=FOLDS)


def bucket(rows: pa.Table, final: Mapping[str, Array], first: int, orders: Set[int]) -> Bucket:
    """Sort the rows of whole customers, who are numbered from `first` on.

    `final` has for every name the number that replaces each number in `rows`; `orders` are the sources whose
    rows are orders.
    """
    if not len(rows):
        return Bucket(TOUCHES.empty_table(), SEEN.empty_table())
    customer, ids, folds = _numbered(rows)
    columns = {"moment": rows["moment"].to_numpy(), "value": rows["value"].to_numpy()}
    columns |= {name: final[name][rows[name].to_numpy()] for name in NAMES}
    columns["who"] = rows["who"].to_numpy()
    order = _order(customer, columns, rows["event_id"])
    customer = customer[order]
    columns = {name: column[order] for name, column in columns.items()}
    touches = {"customer": customer + np.int32(first), "timestamp": columns["moment"], **columns}
    source = rows["source"].to_numpy()
    seen = {
        "customer": np.arange(first, first + len(ids), dtype=np.int32),
        "customer_id": ids,
        "fold": folds,
        **_added_up(customer, columns, source if (source == source[:1]).all() else source[order], orders),
    }
    return Bucket(
        pa.table([touches[name] for name in TOUCHES.names], TOUCHES),
        pa.table([seen[name] for name in SEEN.names], SEEN),
    )


def _numbered(rows: pa.Table) -> tuple[Array, pa.Array, Array]:
    """Each row's customer by number, and the id and fold of each number: by fold, then by id."""
    code, texts = _encoded(rows["customer_id"])
    fold = np.empty(len(texts), np.uint8)
    fold[code] = rows["fold"].to_numpy()
    by_id = _by_text(texts)
    order = by_id[np.argsort(fold[by_id], kind="stable")]
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return number[code], texts.take(pa.array(order)), fold[order].astype(np.int16)


def _encoded(ids: pa.ChunkedArray) -> tuple[Array, pa.StringArray]:
    """Each id by number, and the text of each number; numbers that lie close together need no hashing."""
    if pa.types.is_integer(ids.type):
        numbers = ids.to_numpy()
        least, most = int(numbers.min()), int(numbers.max())
        room = most - least + 1
        if room <= CLOSE * len(numbers) and most <= np.iinfo(np.int64).max:
            numbers = numbers.astype(np.int64, copy=False) - least
            place = np.zeros(room, np.int32)
            place[numbers] = 1
            found = np.flatnonzero(place)
            place[found] = np.arange(len(found), dtype=np.int32)
            return place[numbers], pa.array(found + least).cast(pa.string())
    met = pc.dictionary_encode(ids.combine_chunks())
    if isinstance(met, pa.ChunkedArray):
        met = met.unify_dictionaries().combine_chunks()
    return met.indices.to_numpy(), met.dictionary.cast(pa.string())


def _by_text(texts: pa.StringArray) -> Array:
    """The order of different texts by their bytes: after what all begin with, up to eight are one number."""
    least, most = (text.encode() for text in pc.min_max(texts).as_py().values())
    pairs = enumerate(zip(least, most, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), len(least))
    text, ends = laid_out(texts)
    starts, sizes = ends[:-1] + same, np.diff(ends) - same
    if sizes.min() > 0 and sizes.max() <= 8:
        unread = (8 * (8 - sizes)).astype(np.uint64)
        words = np.ndarray(len(text) - 7, ">u8", text, strides=(1,))[starts].astype(np.uint64)
        words = words >> unread << unread
        order = np.argsort(words)
        if (np.diff(words[order]) > 0).all():
            return order
    return pc.sort_indices(texts).to_numpy()


def _order(customer: Array, columns: Mapping[str, Array], event_id: pa.ChunkedArray) -> Array:
    moment = columns["moment"]
    since = (moment - moment.min()).astype(np.uint64)
    bits = int(since.max()).bit_length()
    if bits + int(customer.max()).bit_length() <= 64:
        key = customer.astype(np.uint64) << np.uint64(bits) | since
        order = np.argsort(key)
        sorted_key = key[order]
        same = sorted_key[1:] == sorted_key[:-1]
    else:
        order = np.lexsort((moment, customer))
        same = (np.diff(customer[order]) == 0) & (np.diff(moment[order]) == 0)
    if same.any():
        tied = np.flatnonzero(np.r_[False, same] | np.r_[same, False])
        order[tied] = _untied(order[tied], customer, columns, event_id)
    return order


def _untied(at: Array, customer: Array, columns: Mapping[str, Array], event_id: pa.ChunkedArray) -> Array:
    """Rows of the same customers and moments, by what else is known of them; of numbers, none comes last."""
    met = event_id.take(pa.array(at)).cast(pa.string()).combine_chunks().dictionary_encode()
    place = np.full(len(met.dictionary) + 1, -1)  # a row without an id comes first
    place[pc.sort_indices(met.dictionary).to_numpy()] = np.arange(len(met.dictionary))
    channel, touchpoint, kind = (columns[name][at] for name in NAMES)
    keys = (
        columns["who"][at],
        columns["value"][at],
        np.where(touchpoint < 0, np.iinfo(np.int16).max, touchpoint),
        channel,
        kind,
        place[met.indices.fill_null(len(met.dictionary)).to_numpy()],
        channel < 0,
        columns["moment"][at],
        customer[at],
    )
    return at[np.lexsort(keys)]


def _added_up(
    customer: Array, columns: Mapping[str, Array], source: Array, orders: Set[int]
) -> dict[str, Array]:
    """What the rows of each customer, which stand together, come to: times, rows, sources, orders."""
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    ends = np.append(starts[1:], len(customer))
    count = len(starts)
    kinds = np.flatnonzero(np.bincount(source))
    ordered = np.isin(source, list(orders))
    totals = np.zeros((2, count), np.int64)
    if ordered.any():
        totals[0] = np.add.reduceat(ordered.astype(np.int64), starts)
        totals[1] = np.add.reduceat(np.where(ordered, columns["value"], 0), starts)
    return {
        "first_seen": columns["moment"][starts],
        "last_seen": columns["moment"][ends - 1],
        "rows": ends - starts,
        "sources": sum(np.sign(np.bincount(customer[source == kind], minlength=count)) for kind in kinds),
        "orders": totals[0],
        "value": totals[1],
    }
