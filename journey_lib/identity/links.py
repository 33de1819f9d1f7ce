"""Links before anything is joined: each once, its stronger end left, and which of them prove nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.errors import DataError
from journey_lib.identity.blocks import blocks, counted, picked, places
from journey_lib.identity.nodes import Edges, Nodes
from journey_lib.identity.order import Column, Evidence, Labels, Rows, repeated, strongest_first
from journey_lib.identity.rules import KINDS, Rules

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Links:
    """Every link once. What was seen of it is not copied: most links stand in one row of those given.

    `left`, `right`  its ends, the stronger one left; of two of a kind, the one of the lower label.
    `strength`  as strong as its weaker end, then as its stronger one: code of the right kind times the number
                of kinds, and code of the left kind. The lower, the stronger.
    `row`       which of `edges` shows it; of a link in several rows -1 minus its place in `repeats`.
    """

    left: Array
    right: Array
    strength: Array
    row: Array
    edges: Edges
    repeats: Edges

    def __len__(self) -> int:
        return len(self.left)

    def seen(self, rows: Array, *columns: str) -> list[Array]:
        """What was seen of some links: `first`, `last`, `count` or `source`."""
        once, often = ([getattr(rows, column) for column in columns] for rows in (self.edges, self.repeats))
        found = [np.empty(len(rows), column.dtype) for column in once]
        for block in blocks(len(rows)):
            row = self.row[rows[block]].astype(np.intp)
            several = np.flatnonzero(row < 0)
            summed = -1 - row[several]
            for said, one, more in zip(found, once, often, strict=True):
                some = one[row]
                some[several] = more[summed]
                said[block] = some
        return found

    def take(self, rows: Array | None = None) -> Edges:
        """The chosen links, in their order, or all, with what was seen of them."""
        chosen = np.arange(len(self), dtype=np.int32) if rows is None else rows
        seen = self.seen(chosen, "first", "last", "count", "source")
        return Edges(picked(self.left, chosen), picked(self.right, chosen), *seen)

    @cached_property
    def most(self) -> int:
        """How often the link was seen that was seen most."""
        return max(int(edges.count.max(initial=0)) for edges in (self.edges, self.repeats))

    @cached_property
    def times(self) -> tuple[int, int]:
        """When the first and when the last link was first seen."""
        first = self.edges.first
        return (int(first.min()), int(first.max())) if len(first) else (0, 0)


def aggregated(nodes: Nodes, edges: Edges) -> Links:
    """Every link once, with all that was seen of it, in the order of those rows that show it first.

    The source is that which saw it first.
    """
    left, right, n = edges.left, edges.right, len(nodes)
    if len(edges) and not (
        min(int(left.min()), int(right.min())) >= 0 and max(int(left.max()), int(right.max())) < n
    ):
        raise DataError("a link leads to an identifier there is not")
    again, begins = repeated(
        len(edges),
        lambda at: np.minimum(left[at], right[at]),
        n,
        lambda at: np.maximum(left[at], right[at]),
        max(n - 1, 0),
    )
    once = left != right  # an identifier with itself is no link
    opens = np.zeros(len(again), bool)
    opens[begins] = True
    between = once[again]
    again, opens = again[between], opens[between]
    once[again[~opens]] = False
    row, begins = places(once), np.flatnonzero(opens)
    row[np.cumsum(once, dtype=np.int32)[again[opens]] - 1] = -1 - np.arange(len(begins), dtype=np.int32)
    return Links(*_strongest_left(nodes, edges, places(once)), row, edges, _summed(edges.take(again), begins))


def _strongest_left(nodes: Nodes, edges: Edges, rows: Array) -> tuple[Array, Array, Array]:
    """Both ends of the links in some rows, the stronger one left, and how strong these are."""
    left, right = np.empty((2, len(rows)), np.int32)
    strength, alike = np.empty(len(rows), np.int8), [np.zeros(0, np.int64)]
    for block in blocks(len(rows)):
        one, other = edges.left[rows[block]], edges.right[rows[block]]
        kind, kind_of_other = nodes.kind[one], nodes.kind[other]
        turn = kind > kind_of_other
        swap = (one ^ other) * turn  # nothing where they stay
        left[block], right[block] = one ^ swap, other ^ swap
        weak, strong = np.maximum(kind, kind_of_other), np.minimum(kind, kind_of_other)
        strength[block] = weak * np.int8(len(KINDS)) + strong
        alike.append(np.flatnonzero(weak == strong) + block.start)
    same = np.concatenate(alike)
    if len(same):
        a, b = nodes.labels(left[same]), nodes.labels(right[same])
        turned = same[(a.head > b.head) | ((a.head == b.head) & (a.tail > b.tail))]
        left[turned], right[turned] = right[turned], left[turned]
    return left, right, strength


def _summed(rows: Edges, begins: Array) -> Edges:
    """Of rows in which a link after the other is repeated, all that was seen of each link."""
    if not len(begins):
        return rows
    first = np.minimum.reduceat(rows.first, begins)
    nobody = np.iinfo(rows.source.dtype).max
    often = np.diff(begins, append=len(rows))
    early = np.where(rows.first == np.repeat(first, often), rows.source, nobody)
    return Edges(
        rows.left[begins],
        rows.right[begins],
        first,
        np.maximum.reduceat(rows.last, begins),
        np.add.reduceat(rows.count, begins),
        np.minimum.reduceat(early, begins),
    )


def shared(nodes: Nodes, links: Links, rules: Rules) -> Array:
    """Which links have an end that is linked to more identifiers of one stronger kind than its limit."""
    none = np.iinfo(np.int32).max
    limits = [rules.of(kind).limit for kind in KINDS]
    limit = np.array([none if each is None else min(each, none) for each in limits], np.int32)
    weak, strong = np.divmod(np.arange(len(KINDS) ** 2), len(KINDS))
    limited = (strong < weak) & (limit[weak] < none)
    # Of all kinds together first: few values come near their limit.
    many = counted(links.right, len(nodes))
    near = np.empty(len(nodes), bool)
    for block in blocks(len(nodes)):
        near[block] = many[block] > limit[nodes.kind[block]]
    rows = places(picked(near, links.right))
    rows = rows[limited[links.strength[rows]]]
    kinds = links.strength[rows] % len(KINDS)
    pairs, many = np.unique(links.right[rows] * np.int64(len(KINDS)) + kinds, return_counts=True)
    value = pairs // len(KINDS)
    over = np.zeros(len(nodes), bool)
    over[value[many > limit[nodes.kind[value]]]] = True
    return picked(over, links.left) | picked(over, links.right)


def by_strength(nodes: Nodes, links: Links, rows: Array, group: Column, groups: int) -> Array:
    """The chosen rows by group and, within a group, the strongest first.

    A link is as strong as its weaker end, then as its stronger end; then the most seen, the oldest, and at
    last the labels decide. `group` is asked for rows of the links.
    """

    def labels(at: Array) -> tuple[Labels, Labels]:
        return nodes.labels(links.left[rows[at]]), nodes.labels(links.right[rows[at]])

    def evidence(at: Rows) -> tuple[Array, Array, Array]:
        seen, first = links.seen(rows[at], "count", "first")
        return links.strength[rows[at]], seen, first

    order = strongest_first(
        len(rows), lambda at: group(rows[at]), groups, Evidence(evidence, links.most, links.times), labels
    )
    return picked(rows, order)
