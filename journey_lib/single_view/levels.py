"""How much of the answer hangs on how far identifiers are stitched."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib import attribution, touches
from journey_lib.identity import Level
from journey_lib.identity.stitch import LEVELS
from journey_lib.intervals import wilson
from journey_lib.model import NO_TOUCH, Result
from journey_lib.once import once
from journey_lib.prepare import BUCKET_ROWS, FOLDS, prepare
from journey_lib.touches import Bucket, Touches
from journey_lib.workspace import Workspace


def restitched(workspace: Workspace, level: Level) -> Touches:
    """The touch table as it would be at another level of stitching: same rows, other customers.

    Rows of one customer at the same instant that belonged to several before keep the order of the prepared
    table, rows with a channel first.

    A workspace without identifiers has its customers as they came, at every level.
    """
    table = touches.load(workspace)
    if prepare(workspace).identity is None:
        return table
    customer_of = pq.read_table(workspace.work / "identity" / "levels.parquet", columns=[level])[level]
    files = [workspace.work / "touches" / f"bucket-{n:03}.parquet" for n in range(len(table.buckets))]
    rows = pa.concat_tables([pq.read_table(file) for file in files])
    # Customers of the level who touched nothing have no number: the table counts those it holds.
    _, customer = np.unique(customer_of.to_numpy()[rows["who"].to_numpy()], return_inverse=True)
    customer = customer.astype(np.int32)
    channel, moment = rows["channel"].to_numpy(), rows["timestamp"].to_numpy()
    order = np.lexsort((np.arange(len(customer)), channel < 0, moment, customer))
    columns = [rows[name].to_numpy()[order] for name in list(Bucket.__dataclass_fields__)[1:]]
    whole = Bucket(customer[order], *columns)
    people = int(customer.max()) + 1
    # Canonical ids are hashes, so customers in their order are already a random draw: folds are runs of them.
    fold = (np.arange(people, dtype=np.int64) * FOLDS // people).astype(np.uint8)
    return replace(table, buckets=tuple(_pieces(whole)), fold=fold)


@once
def sensitivity(workspace: Workspace, model: str = "markov", **cut: Any) -> tuple[Result, Result]:
    """How much conversion, drop-off and channel credit depend on how far identifiers are stitched.

    Returns two Results. "stitching": columns level, customers, journeys, over (with a known outcome),
    conversions, conversion_rate with low and high (95%, Wilson, of those that are over), drop_off, touched
    (conversions with a touch before them). "credit_by_stitching":
    those of `attribution.credit` with level first. The fact ``spread`` is the largest difference of one
    channel's share (``widest``) between normal and aggressive stitching; ``touched_<level>`` repeats touched.
    `cut` is handed to `attribution.credit`.
    """
    levels = LEVELS if prepare(workspace).identity else LEVELS[:1]
    tables = {level: restitched(workspace, level) for level in levels}
    results = {level: attribution.credit(table, model, **cut) for level, table in tables.items()}
    parts = [result.table.assign(level=level) for level, result in results.items()]
    by_level = pd.concat(parts, ignore_index=True)
    by_level = by_level[["level", *by_level.columns.drop("level")]]
    rows = pd.DataFrame([_outcome(level, tables[level], results[level]) for level in levels])
    rows["low"], rows["high"] = wilson(rows["conversions"].to_numpy(), rows["over"].to_numpy())
    declared = workspace.identity.level if workspace.identity else "off"
    settings = {**results["off"].settings, "levels": list(levels), "declared": declared}
    facts = {"levels": len(levels), "conversions": int(rows["conversions"].max()), **_spread(by_level)}
    facts |= {f"touched_{level}": int(n) for level, n in zip(rows["level"], rows["touched"], strict=True)}
    return (
        Result("stitching", rows, facts, settings, "customers"),
        Result("credit_by_stitching", by_level, facts, settings, "journeys"),
    )


def _spread(by_level: pd.DataFrame) -> dict[str, Any]:
    channels = by_level[by_level["channel"] != NO_TOUCH].set_index(["channel", "level"])["share"].unstack()  # noqa: PD010 - pivot_table would average
    if not {"normal", "aggressive"} <= set(channels) or channels.empty:
        return {"spread": 0.0, "widest": None}
    apart = (channels["aggressive"] - channels["normal"]).abs()
    return {"spread": float(apart.max()), "widest": str(apart.idxmax())}


def _pieces(whole: Bucket) -> Sequence[Any]:
    """The table in pieces of whole customers of about a million rows."""
    pieces = max(1, -(-len(whole) // BUCKET_ROWS))
    ends = np.searchsorted(whole.customer, np.arange(1, pieces) * (int(whole.customer[-1]) + 1) // pieces)
    cuts = [0, *ends.tolist(), len(whole)]
    return [
        partial(_same, Bucket(*(column[a:b] for column in vars(whole).values())))
        for a, b in itertools.pairwise(cuts)
        if b > a
    ]


def _same(bucket: Bucket) -> Bucket:
    return bucket


def _outcome(level: str, table: Touches, result: Result) -> dict[str, Any]:
    facts = result.facts
    over = facts["conversions"] + facts["nulls"]
    return {
        "level": level,
        "customers": table.customers,
        "journeys": facts["journeys"],
        "over": over,
        "conversions": facts["conversions"],
        "conversion_rate": facts["conversions"] / over if over else np.nan,
        "drop_off": facts["nulls"] / over if over else np.nan,
        "touched": facts["conversions"] - facts["no_touch"],
    }
