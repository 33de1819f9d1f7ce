"""Which links make customers: a spanning forest, strongest first, that keeps unique identifiers apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

Array = npt.NDArray[Any]

# When a round settles fewer than one in so many links, what is left goes one by one.
_WORTH_A_ROUND = 32
_FEW = 256


def components(n: int, low: Array, high: Array) -> Array:
    """The number of the connected part each of `n` nodes is in; links sorted by their lower end."""
    return csgraph.connected_components(_matrix(n, low, high, np.ones(len(low))), directed=False)[1]


def in_doubt(n: int, low: Array, high: Array) -> Array:
    """The links whose ends both have another one: who has a single link keeps it, whatever is chosen."""
    many = np.zeros(n, np.int32)
    for end in (low, high):
        np.add.at(many, end, np.int32(1))
    return np.flatnonzero((many[low] > 1) & (many[high] > 1))


def spanning(n: int, low: Array, high: Array, rank: Array) -> Array:
    """Which links are the strongest that hold each part together; `rank` 0 is the strongest of all."""
    # Weight nought would be no link at all.
    tree = csgraph.minimum_spanning_tree(_matrix(n, low, high, rank + 1.0))
    chosen = np.zeros(len(low), bool)
    where = np.empty(int(rank.max(initial=-1)) + 1, np.int32)
    where[rank] = np.arange(len(low), dtype=np.int32)
    chosen[where[tree.data.astype(np.int32) - 1]] = True
    return chosen


def _matrix(n: int, low: Array, high: Array, weight: Array) -> sparse.csr_array:
    starts = np.zeros(n + 1, np.int32)
    np.cumsum(np.bincount(low, minlength=n), out=starts[1:])
    return sparse.csr_array((weight, high.astype(np.int32, copy=False), starts), shape=(n, n))


def apart(left: Array, right: Array, holds: Array) -> tuple[Array, Array]:
    """Take links in their order, but none that joins two parts holding the same unique kind.

    Parameters
    ----------
    left, right
        Ends of the links, strongest link first.
    holds
        For each node a bit for the unique kind it is of, else 0.

    Returns
    -------
    Which links were taken, and the part each node ended in (the number of one of its nodes).
    """
    part, holds = np.arange(len(holds)), holds.copy()
    taken = np.zeros(len(left), bool)
    waiting = np.arange(len(left))
    while len(waiting) > _FEW:
        before = len(waiting)
        waiting, a, b = _open(waiting, left, right, part, holds)
        # A link that comes first at both its ends can be decided now: in single file, too, nothing would
        # happen to either part before its turn. So each round gives what going one by one gives.
        first = np.full(len(holds), len(left))
        np.minimum.at(first, a, waiting)
        np.minimum.at(first, b, waiting)
        now = (first[a] == waiting) & (first[b] == waiting)
        taken[waiting[now]] = True
        becomes = np.arange(len(holds))
        becomes[b[now]] = a[now]
        holds[a[now]] |= holds[b[now]]
        part = becomes[part]
        waiting = waiting[~now]
        if (before - len(waiting)) * _WORTH_A_ROUND < before:
            break
    return _one_by_one(taken, *_open(waiting, left, right, part, holds), part, holds)


def _open(waiting: Array, left: Array, right: Array, part: Array, holds: Array) -> tuple[Array, Array, Array]:
    """The links that may still join two parts: what is one, or may never be one, stays so."""
    a, b = part[left[waiting]], part[right[waiting]]
    still = (a != b) & ((holds[a] & holds[b]) == 0)
    return waiting[still], a[still], b[still]


def _one_by_one(
    taken: Array, waiting: Array, a: Array, b: Array, part: Array, holds: Array
) -> tuple[Array, Array]:
    parent: dict[int, int] = {}
    held = {int(at): int(holds[at]) for at in np.unique(np.concatenate([a, b]))}

    def root(at: int) -> int:
        while (above := parent.get(at, at)) != at:
            parent[at] = at = parent.get(above, above)
        return at

    for link, one, other in zip(waiting.tolist(), a.tolist(), b.tolist(), strict=True):
        into, gone = root(one), root(other)
        if into != gone and not held[into] & held[gone]:
            parent[gone] = into
            held[into] |= held[gone]
            taken[link] = True
    becomes = np.arange(len(holds))
    for at in parent:
        becomes[at] = root(at)
    return taken, becomes[part]
