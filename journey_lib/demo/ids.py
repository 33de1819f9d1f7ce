"""Numbers on labels: opaque ids in which no digit says who came first, who bought, or how many there are.

Every id is a keyed permutation of a counter, so ids are unique without remembering any, and a larger shop
keeps the ids of the smaller one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from journey_lib.demo.arrays import Ints

CUSTOMERS = (10_000, 10_000)
PHONES = (1_000, 10_000)
ORDERS = (100_000, 10_000)

_HEX = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit numbers, one to one (the finaliser of SplitMix64; Steele, Lea and Flood, 2014)."""
    scattered = numbers.copy()
    scattered ^= scattered >> np.uint64(30)
    scattered *= _MIX[0]
    scattered ^= scattered >> np.uint64(27)
    scattered *= _MIX[1]
    scattered ^= scattered >> np.uint64(31)
    return scattered


def permuted(counters: Ints, sizes: tuple[int, int], key: int) -> Ints:
    """Shuffle 0 … sizes[0] * sizes[1] - 1 by a Feistel network of six rounds: keyed, exact, no table."""
    left, right = np.divmod(counters.astype(np.uint64), np.uint64(sizes[1]))
    for turn in range(6):
        salt = np.uint64((key * 1_000_003 + turn * 7_919 + 1) & 0xFFFF_FFFF_FFFF)
        if turn % 2:
            left = (left + mixed(right + (salt << np.uint64(14)))) % np.uint64(sizes[0])
        else:
            right = (right + mixed(left + (salt << np.uint64(14)))) % np.uint64(sizes[1])
    return (left * np.uint64(sizes[1]) + right).astype(np.int64)


def labels(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """``labels("KH", [42], 8)`` is ``["KH00000042"]``."""
    start = len(prefix)
    text = np.empty((len(numbers), start + width), dtype=np.uint8)
    text[:, :start] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    rest = numbers.copy()
    for column in range(start + width - 1, start - 1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, column] = digit + ord("0")
    return _fixed_width(text)


def event_ids(counters: Ints, key: int) -> pa.Array:
    """Sixteen hexadecimal digits an event, unique for every counter."""
    spread = mixed(counters.astype(np.uint64) ^ mixed(np.array([key], dtype=np.uint64)))
    pairs = _HEX[spread.astype("<u8").view(np.uint8)]
    return _fixed_width(pairs.view(np.uint8).reshape(len(counters), 16))


def _fixed_width(text: NDArray[np.uint8]) -> pa.Array:
    """An Arrow string column from a table of ASCII bytes, one row a string, without a Python loop."""
    rows, width = text.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(
        rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text).tobytes())
    )
