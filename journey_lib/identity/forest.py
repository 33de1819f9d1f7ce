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
_WORTH_PEELING = 4  # leaves are taken off as long as they are one link in so many


def peeled(n: int, left: Array, right: Array) -> tuple[Array, list[tuple[Array, Array]]]:
    """Take off the nodes that a single link holds: most are a cookie, seen with one device.

    Returns
    -------
    The links that are left; and what was taken off in turn, each with the node that holds it.
    """
    rows, leaves = np.arange(len(left), dtype=np.int32), []
    while len(rows):
        many = np.zeros(n, np.int32)
        for end in (left, right):
            np.add.at(many, end, np.int32(1))
        at_left = many[left] == 1
        single = at_left | (many[right] == 1)
        off = np.flatnonzero(single)
        if len(off) * _WORTH_PEELING < len(rows):
            break
        at_left, one, other = at_left[off], left[off], right[off]
        leaves.append((np.where(at_left, one, other), np.where(at_left, other, one)))
        rest = np.flatnonzero(~single)
        rows, left, right = rows[rest], left[rest], right[rest]
    return rows, leaves


def spanning(n: int, left: Array, right: Array) -> tuple[Array, Array]:
    """Which links, given strongest first, are the strongest that hold each connected part of `n` nodes.

    Every part there is so far takes its strongest link, all of them at once, until none leads out of one
    (Boruvka 1926).

    Returns
    -------
    Which links were taken, and the number of the part each node is in.
    """
    part, parts = np.arange(n, dtype=np.int32), n
    taken = np.zeros(len(left), bool)
    waiting, a, b = np.arange(len(left), dtype=np.int32), left, right
    while len(waiting):
        first = np.full(parts, len(left), np.int32)
        np.minimum.at(first, a, waiting)
        np.minimum.at(first, b, waiting)
        joins = np.flatnonzero(first < len(left)).astype(np.int32)
        chosen = first[joins]
        taken[chosen] = True
        to = np.arange(parts, dtype=np.int32)
        to[joins] = part[left[chosen]] ^ part[right[chosen]] ^ joins  # the other end
        ends = np.arange(parts + 1, dtype=np.int32)
        matrix = sparse.csr_array((np.ones(parts), to, ends), shape=(parts, parts))
        parts, becomes = csgraph.connected_components(matrix, directed=False)
        part, a, b = becomes[part], becomes[a], becomes[b]
        still = np.flatnonzero(a != b)
        waiting, a, b = waiting[still], a[still], b[still]
    return taken, part


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
