"""What stitching leaves in `work/identity`: identifiers, merge log and levels, written a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
                "rows": rows[at].astype(np.int64),
            }
        )

    _write(file, (part(at) for at in _parts(len(nodes))))


def merges(file: Path, *logs: pa.Table) -> None:
    """Write merge logs one below the other, their codes turned into the texts they stand for."""

    def plain(rows: pa.Table) -> pa.Table:
        columns = {
            name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
            for name, column in zip(rows.column_names, rows.columns, strict=True)
        }
        return pa.table(columns)

    _write(
        file,
        (plain(log.slice(at.start, at.stop - at.start)) for log in logs for at in _parts(len(log))),
    )


def review(file: Path, pairs: pa.Table, chosen: Resolution) -> None:
    """Write the pairs that somebody is to decide: whose two records are, and where they stand."""
    columns: dict[str, pa.Array] = {}
    for name, column in zip(pairs.column_names, pairs.columns, strict=True):
        if name.endswith("_node"):
            customer = pa.array(chosen.customer[column.to_numpy()])
            columns[name.replace("_node", "_customer")] = chosen.canonical.take(customer)
        else:
            columns[name] = column
    pq.write_table(pa.table(columns), file, compression="zstd")


def levels(file: Path, customers: Mapping[str, Ints]) -> None:
    """Write the customer of each identifier at every level of stitching."""
    pq.write_table(
        pa.table({level: customer.astype(np.int32) for level, customer in customers.items()}),
        file,
        compression="zstd",
    )


def _parts(size: int) -> Iterator[slice]:
    for start in range(0, max(size, 1), PART):
        yield slice(start, min(start + PART, size))


def _write(file: Path, parts: Iterator[pa.Table]) -> None:
    first = next(parts)
    # A hash stands in hardly more than one row: a dictionary of them would be another copy.
    coded = [name for name in first.column_names if name not in {"label", "left", "right"}]
    with pq.ParquetWriter(file, first.schema, compression="zstd", use_dictionary=coded) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)
