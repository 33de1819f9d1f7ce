"""Which links make customers: a spanning forest, strongest first, that keeps unique identifiers apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.identity.blocks import blocks, picked, places

Array = npt.NDArray[Any]

# When a round settles fewer than one in so many links, what is left goes one by one.
_WORTH_A_ROUND = 32
_FEW = 256
_WORTH_PEELING = 64  # leaves are taken off as long as they are one link in so many

# How many links a node has, and the sum of the nodes at their other ends, of which the highest bits are lost.
# Both are counted at once, in one word: when a single link is left, the sum is its other end.
_HELD = np.dtype([("links", "<u4"), ("others", "<u4")])


def peeled(n: int, left: Array, right: Array, used: Array) -> tuple[Array, list[tuple[Array, Array]]]:
    """Take off the nodes that a single link holds: most are a cookie, seen with one device.

    Returns
    -------
    Which nodes still have links; and what was taken off in turn, each with the node that held it.
    """
    words = np.zeros(n, "<u8")
    for block in blocks(len(left)):
        chosen = used[block]
        one, other = left[block][chosen], right[block][chosen]
        np.add.at(words, one, _link_to(other))
        np.add.at(words, other, _link_to(one))
    held, leaves, rest = words.view(_HELD), [], np.count_nonzero(used)
    while rest:
        leaf = places(held["links"] == 1)
        if len(leaf) * _WORTH_PEELING < rest:
            break
        hub = held["others"][leaf].astype(np.int32)
        pair = np.flatnonzero(held["links"][hub] == 1)  # of two that hold each other, the later holds itself
        hub[pair] = np.maximum(hub[pair], leaf[pair])
        np.subtract.at(words, hub, _link_to(leaf))
        words[leaf] = 0
        leaves.append((leaf, hub))
        rest -= len(leaf) - len(pair) // 2
    return held["links"] > 0, leaves


def _link_to(nodes: Array) -> Array:
    return (nodes.astype("<u8") << np.uint64(32)) + np.uint64(1)


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
        nobody = len(waiting)
        first, place = np.full(parts, nobody, np.int32), np.arange(nobody, dtype=np.int32)
        np.minimum.at(first, a, place)
        np.minimum.at(first, b, place)
        joins = places(first < nobody)
        chosen = first[joins]
        taken[waiting[chosen]] = True
        to = np.arange(parts, dtype=np.int32)
        to[joins] = a[chosen] ^ b[chosen] ^ joins  # the other end
        parts, becomes = _followed(to)
        part, a, b = picked(becomes, part), picked(becomes, a), picked(becomes, b)
        still = places(a != b)
        waiting, a, b = waiting[still], a[still], b[still]
    return taken, part


def _followed(to: Array) -> tuple[int, Array]:
    """How many parts there are once each has gone where it points, and the new number of each.

    Where parts point in a ring, it is two that point at each other: both took the strongest of their links.
    """
    here = np.arange(len(to), dtype=np.int32)
    ends = (picked(to, to) == here) & (here <= to)
    to = np.where(ends, here, to)
    while True:
        further = picked(to, to)
        if np.array_equal(further, to):
            break
        to = further
    number = np.cumsum(ends, dtype=np.int32)
    return int(number[-1]), picked(number, to) - np.int32(1)


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
