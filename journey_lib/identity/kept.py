"""What stitching leaves in `work/identity`: identifiers, merge log and levels, written a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.identity.graph import Resolution
from journey_lib.identity.nodes import Nodes
from journey_lib.identity.rules import KINDS

Ints = npt.NDArray[Any]
PART = 500_000  # rows whose texts are here at once


def identifiers(file: Path, nodes: Nodes, when: tuple[Ints, Ints], chosen: Resolution) -> None:
    """Write every identifier (as a hash): its customer, its kind, first and last seen, in how many rows."""
    last, rows = when

    def part(at: slice) -> pa.Table:
        return pa.table(
            {
                "customer_id": chosen.canonical.take(pa.array(chosen.customer[at])),
                "kind": pa.array(KINDS).take(pa.array(nodes.kind[at])),
                "label": nodes.label[at.start : at.stop],
                "first": pa.array(nodes.first[at], pa.timestamp("us", "UTC")),
                "last": pa.array(last[at], pa.timestamp("us", "UTC")),
                "rows": rows[at],
            }
        )

    _write(file, len(nodes), part)


def merges(file: Path, log: pa.Table) -> None:
    """Write the merge log, its codes turned into the texts they stand for."""

    def part(at: slice) -> pa.Table:
        rows = log.slice(at.start, at.stop - at.start)
        plain = [
            column.chunk(0).dictionary_decode()
            if pa.types.is_dictionary(column.type) and len(column)
            else column
            for column in rows.columns
        ]
        return pa.table(plain, names=log.column_names)

    _write(file, len(log), part)


def levels(file: Path, customers: Mapping[str, Ints]) -> None:
    """Write the customer of each identifier at every level of stitching."""
    pq.write_table(
        pa.table({level: customer.astype(np.int32) for level, customer in customers.items()}),
        file,
        compression="zstd",
    )


def _write(file: Path, size: int, part: Callable[[slice], pa.Table]) -> None:
    first = part(slice(0, min(PART, size)))
    # A hash stands in hardly more than one row: a dictionary of them would be another copy.
    coded = [name for name in first.column_names if name not in {"label", "left", "right"}]
    with pq.ParquetWriter(file, first.schema, compression="zstd", use_dictionary=coded) as writer:
        writer.write_table(first)
        for start in range(PART, size, PART):
            writer.write_table(part(slice(start, min(start + PART, size))))
