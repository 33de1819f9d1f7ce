"""The engine border: the only package that runs SQL or speaks to Spark, and maps a measure over buckets."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from journey_lib.engine import spark
from journey_lib.engine.embedded import Engine, connect, identifier, literal
from journey_lib.engine.spark import OnSpark, Spark

__all__ = [
    "Engine",
    "OnSpark",
    "Spark",
    "connect",
    "identifier",
    "literal",
    "placed",
    "placed_like",
    "reduce",
]

Bucket = TypeVar("Bucket")
Table = TypeVar("Table")

THREADS = os.cpu_count() or 1


def placed(
    buckets: Sequence[Callable[[], Bucket]], master: str | None, memory: str, shared: Path
) -> Sequence[Callable[[], Bucket]]:
    """The same buckets, to be measured by the Spark at `master`, or without one on this machine."""
    if master is None:
        return tuple(buckets)
    spark.missing()
    return OnSpark(tuple(buckets), Spark(master, memory), shared)


def placed_like(
    buckets: Sequence[Callable[[], Table]], loaders: Sequence[Callable[[], Bucket]]
) -> Sequence[Callable[[], Bucket]]:
    """Other loaders of the same buckets, to be measured where `buckets` are."""
    return replace(buckets, loaders=tuple(loaders)) if isinstance(buckets, OnSpark) else tuple(loaders)


def reduce(
    buckets: Sequence[Callable[[], Bucket]],
    measure: Callable[[Bucket], Table],
    merge: Callable[[list[Table]], Table],
) -> Table:
    """Apply `measure` to every bucket and merge the small additive tables it returns, in bucket order.

    Buckets hold whole customers, so counts, distinct customers, paths and histograms merge by addition; the
    fixed order makes the answer the same to the last bit however many threads or executors ran.
    """
    if isinstance(buckets, OnSpark):
        return merge(spark.run(buckets.spark, buckets.loaders, lambda load: measure(load()), buckets.shared))
    if len(buckets) == 1:
        return merge([measure(buckets[0]())])
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return merge(list(pool.map(lambda load: measure(load()), buckets)))
