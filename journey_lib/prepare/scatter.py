"""Rows go to the bucket of their customer: in memory while there is room, in files from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.prepare.code import NAMES, NARROW
from journey_lib.prepare.manifest import FOLDS

SHARE = 0.2  # of the memory a preparation may use, what rows may take that wait for their bucket
NOTHING = {**dict.fromkeys(NAMES, -1), "value": 0, "who": -1, "source": 0}  # what says nothing in a column
FOUR_BYTES = np.iinfo(np.int32)


@dataclass(frozen=True)
class Heap:
    """The rows of one bucket, in no order: those in its file, and those that are still in memory."""

    file: Path
    waiting: list[pa.Table] = field(default_factory=list)

    def rows(self) -> pa.Table:
        """All of them; the heap is empty afterwards."""
        parts = list(self.waiting)
        self.waiting.clear()
        if self.file.exists():
            with pa.OSFile(str(self.file)) as file:
                parts.extend(_read(file))
            self.file.unlink()
        return _whole(parts) if parts else NARROW.empty_table()


def scattered(
    rows: Iterable[pa.Table], buckets: int, folder: Path, memory: int
) -> tuple[list[Heap], tuple[int, int]]:
    """Bring the rows of each bucket together; also says when the first and the last row was.

    `memory` (bytes) is that of the whole preparation.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heaps = [Heap(folder / f"{number:03}.rows") for number in range(buckets)]
    width, held = FOLDS // buckets, 0
    moments: list[int] = []
    for table in rows:
        moments += pc.min_max(table["moment"]).as_py().values()
        bucket = table["fold"].to_numpy() // np.uint8(width) if buckets < FOLDS else table["fold"].to_numpy()
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=buckets))
        slim = _slim(table)
        sorted_rows = pa.table([_taken(column, order) for column in slim.columns], slim.column_names)
        for heap, start, end in zip(heaps, [0, *ends[:-1]], ends, strict=True):
            if end > start:
                heap.waiting.append(sorted_rows.slice(start, end - start))
        held += sorted_rows.nbytes
        if held > memory * SHARE:
            _spill(heaps)
            held = 0
    return heaps, (min(moments, default=0), max(moments, default=0))


def _slim(rows: pa.Table) -> pa.Table:
    """The same rows in less memory: no columns that say nothing, and numbers in four bytes that fit them."""
    kept = {}
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if name in NOTHING and pc.min_max(column).as_py() == dict.fromkeys(("min", "max"), NOTHING[name]):
            continue
        if column.type == pa.int64() and not column.null_count:
            least, most = pc.min_max(column).as_py().values()
            fits = FOUR_BYTES.min <= least and most <= FOUR_BYTES.max
            kept[name] = column.cast(pa.int32()) if fits else column
        else:
            kept[name] = column
    return pa.table(kept)


def _whole(parts: Sequence[pa.Table]) -> pa.Table:
    """Slim rows together, with all of their columns again."""
    rows = pa.concat_tables(parts, promote_options="permissive")
    columns = {name: rows[name] for name in rows.column_names}
    for name, nothing in NOTHING.items():
        kind = NARROW.field(name).type
        if name not in columns:
            columns[name] = pa.array(np.full(len(rows), nothing, kind.to_pandas_dtype()))
        else:  # parts that lack a column have nulls in it
            columns[name] = columns[name].cast(kind).fill_null(nothing)
    columns["moment"] = columns["moment"].cast(pa.int64())
    return pa.table({name: columns[name] for name in NARROW.names})


def _taken(column: pa.ChunkedArray, order: np.ndarray[Any, Any]) -> pa.Array:
    """A column in another order; numbers by numpy, which is three times as quick at it."""
    if column.null_count or pa.types.is_string(column.type):
        return column.combine_chunks().take(pa.array(order))
    return pa.array(column.to_numpy()[order])


def _spill(heaps: Sequence[Heap]) -> None:
    """Append what waits to the files of its buckets, each time as a stream of its own."""
    for heap in heaps:
        if heap.waiting:
            whole = pa.concat_tables(heap.waiting, promote_options="permissive").combine_chunks()
            heap.waiting.clear()
            with heap.file.open("ab") as file, pa.ipc.new_stream(file, whole.schema) as stream:
                stream.write_table(whole)


def _read(file: pa.NativeFile) -> Iterable[pa.Table]:
    while file.tell() < file.size():
        yield pa.ipc.open_stream(file).read_all()
