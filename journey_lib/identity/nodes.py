"""What is stitched: identifiers, and which of them were seen together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.errors import DataError
from journey_lib.identity.blocks import blocks
from journey_lib.identity.order import Labels, distinct, numbers, words_of
from journey_lib.identity.rules import KINDS

Array = npt.NDArray[Any]
Column = Any  # an Arrow or numpy array of texts


@dataclass(frozen=True)
class Nodes:
    """Identifiers: code of the kind in `KINDS`, when first seen (microseconds), and its hash."""

    kind: Array
    first: Array
    label: pa.Array

    def __post_init__(self) -> None:
        if not len(self.kind) == len(self.first) == len(self.label):
            raise DataError("the columns of the identifiers are not of one length")
        if len(self.kind) and not 0 <= int(self.kind.min()) <= int(self.kind.max()) < len(KINDS):
            raise DataError("an identifier is of a kind there is not", do=f"use codes 0 to {len(KINDS) - 1}")

    def __len__(self) -> int:
        return len(self.kind)

    def labels(self, rows: Array) -> Labels:
        """The labels of some of them as numbers, which compare as the texts do."""
        return numbers(self._letters, rows)

    @cached_property
    def _letters(self) -> Array:
        return words_of(self.label)


@dataclass(frozen=True)
class Edges:
    """Identifiers seen together: two node numbers, when first and last, how often, and the source's code."""

    left: Array
    right: Array
    first: Array
    last: Array
    count: Array
    source: Array

    def __post_init__(self) -> None:
        columns = (self.right, self.first, self.last, self.count, self.source)
        if any(len(column) != len(self.left) for column in columns):
            raise DataError("the columns of the links are not of one length")

    def __len__(self) -> int:
        return len(self.left)

    def take(self, rows: Array) -> Edges:
        """The chosen rows, in their order."""
        return Edges(
            self.left[rows],
            self.right[rows],
            self.first[rows],
            self.last[rows],
            self.count[rows],
            self.source[rows],
        )


def numbered(
    left_kind: Array,
    left: Column,
    right_kind: Array,
    right: Column,
    first: Array,
    last: Array | None = None,
    count: Array | None = None,
    source: Array | None = None,
) -> tuple[Nodes, Edges]:
    """Which identifiers are there, and which links, in rows of two hashes each.

    Parameters
    ----------
    left_kind, right_kind
        Codes of the kinds in `KINDS`.
    left, right
        Hashes (`hashed`), as Arrow or numpy strings.
    first, last, count, source
        Of the row; missing ones are `first`, 1 and 0. An identifier is first seen with its first link.

    Returns
    -------
    Nodes numbered as they come, and an edge for every row.
    """
    nodes, labels = distinct(
        pa.chunked_array([chunk for end in (left, right) for chunk in _strings(end).chunks], pa.string())
    )
    a, b = nodes[: len(left_kind)], nodes[len(left_kind) :]

    kind, seen = np.zeros(len(labels), np.int8), np.full(len(labels), np.iinfo(np.int64).max)
    for end, kinds in ((a, left_kind), (b, right_kind)):
        for block in blocks(len(end)):
            kind[end[block]] = kinds[block]
            np.minimum.at(seen, end[block], first[block])
    edges = Edges(
        a,
        b,
        first,
        first if last is None else last,
        np.ones(len(a), np.int64) if count is None else count,
        np.zeros(len(a), np.int16) if source is None else source,
    )
    return Nodes(kind, seen, labels), edges


def _strings(column: Column) -> pa.ChunkedArray:
    texts = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column)
    chunked = pa.chunked_array([texts]) if isinstance(texts, pa.Array) else texts
    return chunked if pa.types.is_string(chunked.type) else pc.cast(chunked, pa.string())
