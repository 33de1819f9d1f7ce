"""The touch table of one machine: rows scattered to their buckets, and each bucket sorted and written."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from journey_lib.engine import Engine, size
from journey_lib.prepare import code, people, scatter
from journey_lib.prepare.bucket import bucket
from journey_lib.prepare.code import NAMES, refuse_reserved, renumbered
from journey_lib.prepare.manifest import FOLDS
from journey_lib.prepare.write import write_touches


@dataclass(frozen=True)
class Table:
    """What is known of all touches once they are written; event types with how often each occurs."""

    touches: int
    customers_per_fold: tuple[int, ...]
    event_types: Mapping[str, int]
    channels: tuple[str, ...]
    touchpoints: tuple[str, ...]
    period: tuple[int, int]


def build(
    engine: Engine,
    staged: Mapping[str, Sequence[str]],
    folder: Path,
    scale: int,
    buckets: int,
    memory: str,
    *,
    alone: bool,
) -> Table:
    """Write `touches/` under `folder`, and customers of whom nothing `alone` is known but their touches.

    Otherwise the engine keeps these as `customers` (columns: `bucket.SEEN`).
    """
    known: dict[str, dict[str, int]] = {name: {} for name in NAMES}
    scratch = folder / "scattered"
    rows = code.narrow(engine, staged, scale, known)
    heaps, period = scatter.scattered(rows, buckets, scratch, size(memory))
    codes = code.alphabetical(known)
    refuse_reserved(list(codes["channel"]))
    final = {name: renumbered(known[name], codes[name]) for name in NAMES}
    orders = {source for source, (_, table) in enumerate(code.touching(staged)) if table == "orders"}
    (folder / "touches").mkdir()
    per_fold = np.zeros(FOLDS, np.int64)
    kinds = np.zeros(len(codes["event_type"]), np.int64)
    described = people.writer(folder / "customers.parquet") if alone else None
    for number, heap in enumerate(heaps):
        done = bucket(heap.rows(), final, int(per_fold.sum()), orders)
        write_touches(done.touches, folder / "touches" / f"bucket-{number:03}.parquet")
        if described:
            described.write_table(people.told(engine, done.seen, period[1]))
        else:
            engine.add("customers", done.seen)
        per_fold += done.per_fold
        kinds += np.bincount(done.touches["event_type"].to_numpy(), minlength=len(kinds))
    if described:
        described.close()
    shutil.rmtree(scratch)
    return Table(
        touches=int(kinds.sum()),
        customers_per_fold=tuple(per_fold.tolist()),
        event_types=dict(zip(codes["event_type"], kinds.tolist(), strict=True)),
        channels=tuple(codes["channel"]),
        touchpoints=tuple(codes["touchpoint"]),
        period=period,
    )
