"""The touch table with only some of its customers, for what takes a table and no group."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from journey_lib.engine import placed_like, reduce
from journey_lib.errors import ParameterError
from journey_lib.journeys.cut import Array
from journey_lib.touches import Bucket, Touches


def members(touches: Touches, chosen: Array) -> Touches:
    """The table with all rows of the chosen customers, and of nobody else.

    `chosen` is true or false for each customer of the table. Buckets are still read when they are needed, one
    by one. Customers are numbered anew, without gaps.

    Raises
    ------
    ParameterError
        Nobody is chosen, or the customers are not those of the table.
    """
    kept = np.asarray(chosen, bool)
    if len(kept) != touches.customers or not kept.any():
        raise ParameterError(
            "these customers are not those of the touch table, or there is none",
            how_many=f"{int(kept.sum())} chosen of {len(kept)}; the table has {touches.customers}",
            do="choose by the customer codes of this table",
        )

    def measure(bucket: Bucket) -> list[int]:
        return [int(kept[bucket.customer].sum())]

    rows = reduce(touches.buckets, measure, lambda lists: [n for each in lists for n in each])
    number = np.cumsum(kept, dtype=np.int32) - 1
    some = [partial(_rows, load, kept, number) for load, n in zip(touches.buckets, rows, strict=True) if n]
    told = f"{touches.fingerprint}:{hashlib.sha256(np.packbits(kept).tobytes()).hexdigest()}"
    return replace(
        touches,
        buckets=placed_like(touches.buckets, some),
        fold=touches.fold[kept],
        rows=sum(rows),
        fingerprint=hashlib.sha256(told.encode()).hexdigest()[:16],
    )


def _rows(load: Callable[[], Bucket], kept: Array, number: Array) -> Bucket:
    """The rows of the customers kept, under their new numbers."""
    rows = rows_of(load(), kept)
    return replace(rows, customer=number[rows.customer])


def rows_of(bucket: Bucket, customers: Array | None) -> Bucket:
    """The rows of those customers for whom `customers` is true, under their numbers; all when None."""
    if customers is None:
        return bucket
    here = np.asarray(customers, bool)[bucket.customer]
    return Bucket(*(column[here] for column in vars(bucket).values()))


def count_of(customers: Array | None) -> int | None:
    """How many are chosen, as it is written beside a result; None for everybody."""
    return None if customers is None else int(np.sum(customers))
