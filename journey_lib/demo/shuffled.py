"""Files in the order of their labels, which says nothing: however long they are, in little memory.

Rows come block by block of people. Written as they come, their places would tell whose they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Sink = Callable[[pa.Table], None]


def open_shuffled(shelf: Path, key: str, place: int, sink: Sink, stack: ExitStack) -> Sink:
    """The function that takes tables of one layout; once `stack` closes, `sink` gets all rows by their `key`.

    Parameters
    ----------
    shelf : a folder that is there only in between.
    place : which character of `key` parts the rows, so that one part fits in memory.
    """
    shelf.mkdir()
    writers: dict[str, pq.ParquetWriter] = {}

    def take(table: pa.Table) -> None:
        part = pc.utf8_slice_codeunits(table[key], place, place + 1)
        for mark in pc.unique(part).to_pylist():
            if mark not in writers:
                writers[mark] = pq.ParquetWriter(shelf / f"{ord(mark):04x}.parquet", table.schema)
            writers[mark].write_table(table.filter(pc.equal(part, mark)))

    def hand_over(failed: type[BaseException] | None, *_: object) -> None:
        for writer in writers.values():
            writer.close()
        for mark in sorted(writers) if failed is None else ():
            sink(pq.read_table(shelf / f"{ord(mark):04x}.parquet").sort_by(key))
        shutil.rmtree(shelf)

    stack.push(hand_over)
    return take
