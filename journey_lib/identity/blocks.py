"""Columns of millions of rows, a cacheful at a time.

Done at once, numpy would first write row numbers of 32 bits as ones of 64, and every step between would take
memory of its own; new memory costs more than the arithmetic done in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
BLOCK = 1 << 15  # rows whose intermediate results stay in the processor's cache


def blocks(rows: int) -> Iterator[slice]:
    """So many rows, a block after the other."""
    for start in range(0, rows, BLOCK):
        yield slice(start, min(start + BLOCK, rows))


def picked(column: Array, rows: Array) -> Array:
    """`column[rows]`; all rows must be there."""
    found = np.empty(len(rows), column.dtype)
    for block in blocks(len(rows)):
        # Nothing is ever clipped, but numpy writes into what it is given only if it may clip.
        np.take(column, rows[block], out=found[block], mode="clip")
    return found


def places(chosen: Array) -> Array:
    """Where a column of truths is true, in 32 bits."""
    found, reached = np.empty(np.count_nonzero(chosen), np.int32), 0
    for block in blocks(len(chosen)):
        here = np.flatnonzero(chosen[block])
        np.add(here, block.start, out=found[reached : reached + len(here)], casting="unsafe")
        reached += len(here)
    return found


def counted(numbers: Array, size: int) -> Array:
    """How often each number below `size` stands in a column, in 32 bits."""
    many = np.zeros(size, np.int32)
    for block in blocks(len(numbers)):
        np.add.at(many, numbers[block], np.int32(1))
    return many
