"""Many small counts of every customer at once: a row adds what its codes say to its customer's counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[Any]

KINDS = 1 << 13  # of rows: what more of them add to the counters would not stay in the processor's cache
LANES = 8  # counters the processor adds to at once


@dataclass(frozen=True)
class Code:
    """A code that rows have, from 0 on, and what each of its values `adds` to which counters, by their name.

    One line a value, and one column a counter; a counter by itself needs no columns.
    """

    name: str
    adds: Mapping[str, Array]

    @property
    def values(self) -> int:
        """How many values it has."""
        return len(next(iter(self.adds.values())))


@dataclass(frozen=True)
class Joined:
    """Codes as one: `table` has a line for each combination of their values."""

    codes: tuple[Code, ...]
    table: Array

    def counts(self, codes: Mapping[str, Array], edges: Array) -> dict[str, Array]:
        """The counters of each customer, whose rows lie between two `edges`: a line a counter."""
        kind = codes[self.codes[0].name].astype(np.int16)  # narrower than an index has to be: less work
        for code in self.codes[1:]:
            kind *= code.values
            kind += codes[code.name]
        # A matrix of customers by kinds of rows, a 1 for each row, times what each kind adds.
        small = np.uint16 if np.diff(edges).max() < 1 << 16 else np.uint32
        rows = np.ones(len(kind), small), kind.astype(np.int32), edges.astype(np.int32)
        summed = sparse.csr_matrix(rows, (len(edges) - 1, len(self.table))) @ self.table.astype(small)
        lines = np.ascontiguousarray(summed.T)
        found, at = dict[str, Array](), 0
        for code in self.codes:
            for name, added in code.adds.items():
                width = added.shape[1] if added.ndim > 1 else 1
                found[name] = lines[at : at + width] if added.ndim > 1 else lines[at]
                at += width
        return found


def joined(codes: Sequence[Code]) -> tuple[Joined, ...]:
    """Codes in as few groups as have no more than `KINDS` combinations, one after the other."""
    groups: list[list[Code]] = []
    for code in codes:
        if groups and np.prod([each.values for each in (*groups[-1], code)]) <= KINDS:
            groups[-1].append(code)
        else:
            groups.append([code])
    return tuple(Joined(tuple(group), _table(group)) for group in groups)


def _table(codes: Sequence[Code]) -> Array:
    """What each combination of values adds, the last code's changing fastest; padded to whole lanes."""
    kinds = np.indices([code.values for code in codes]).reshape(len(codes), -1)
    added = [
        np.asarray(table, np.uint16)[kind].reshape(len(kind), -1)
        for code, kind in zip(codes, kinds, strict=True)
        for table in code.adds.values()
    ]
    width = sum(table.shape[1] for table in added)
    return np.hstack([*added, np.zeros((len(kinds[0]), -width % LANES), np.uint16)])
