"""Short names for the arrays that the simulation passes around, and where their randomness comes from."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Stream = Callable[[str], np.random.Generator]


def stream(seed: int, block: int) -> Stream:
    """Independent random numbers for each named step of one block of customers.

    A step's draws depend on the seed, the block and its own name only: not on other steps, blocks, threads
    or on how many customers there are, so that one thing can change in the shop while all chance stays the
    same.
    """

    def draw(step: str) -> np.random.Generator:
        key = (block, zlib.crc32(step.encode()))
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

    return draw


def pick(rng: np.random.Generator, weights: tuple[float, ...] | list[float] | Floats, size: int) -> Ints:
    """Draw `size` indices with the given weights."""
    ladder = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.minimum(
        np.searchsorted(ladder, rng.random(size) * ladder[-1], side="right"), len(ladder) - 1
    ).astype(np.int64)


def spread(counts: Ints) -> Ints:
    """Row numbers repeated `counts` times: ``[2, 0, 1]`` is ``[0, 0, 2]``."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


@dataclass(frozen=True)
class Columns:
    """A table as arrays of one length, a place per row: what each holds is said by those that build on it."""

    def only(self, rows: Flags | Ints | slice) -> Self:
        """The table without the other rows."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))


ColumnsType = TypeVar("ColumnsType", bound=Columns)


def stacked(tables: Sequence[ColumnsType]) -> ColumnsType:
    """Several tables of one kind as one, in their order."""
    names = [field.name for field in fields(tables[0])]
    return type(tables[0])(*(np.concatenate([getattr(table, name) for table in tables]) for name in names))
