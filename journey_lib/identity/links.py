"""Links before anything is joined: each once, its stronger end left, and which of them prove nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.errors import DataError
from journey_lib.identity.nodes import Edges, Nodes
from journey_lib.identity.order import Evidence, grouped, strongest_first
from journey_lib.identity.rules import KINDS, Rules

Array = npt.NDArray[Any]


def aggregated(nodes: Nodes, edges: Edges) -> Edges:
    """Every link once, with all that was seen of it, in the order of those rows that show it first.

    The stronger end is left (of two of a kind, the lower label). The source is that which saw it first.
    """
    low, high = np.minimum(edges.left, edges.right), np.maximum(edges.left, edges.right)
    if len(low) and not 0 <= int(low.min()) <= int(high.max()) < len(nodes):
        raise DataError("a link leads to an identifier there is not")
    order, again = grouped(low, len(nodes), high)
    between = low != high  # an identifier with itself is no link
    again = again[between[order[again]]]
    kept = between
    kept[order[again]] = False
    links = edges if kept.all() else edges.take(np.flatnonzero(kept))
    left, right = _stronger_left(nodes, links.left, links.right)
    links = replace(links, left=left, right=right)
    if len(again):
        begins = again[np.diff(again, prepend=-1) > 1] - 1
        run = np.sort(np.concatenate([begins, again]))
        at = np.cumsum(kept, dtype=np.int32)[order[begins]] - 1
        _add_repeats(links, at, edges.take(order[run]), np.searchsorted(run, begins))
    return links


def _stronger_left(nodes: Nodes, one: Array, other: Array) -> tuple[Array, Array]:
    kind, kind_of_other = nodes.kind[one], nodes.kind[other]
    turn = kind > kind_of_other
    alike = np.flatnonzero(kind == kind_of_other)
    if len(alike):
        a, b = nodes.labels(one[alike]), nodes.labels(other[alike])
        turn[alike] = (a.head > b.head) | ((a.head == b.head) & (a.tail > b.tail))
    return np.where(turn, other, one), np.where(turn, one, other)


def _add_repeats(rows: Edges, at: Array, repeats: Edges, starts: Array) -> None:
    """Put into some of the rows what all repetitions of its link saw; these begin at each of `starts`."""
    first = np.minimum.reduceat(repeats.first, starts)
    nobody = np.iinfo(repeats.source.dtype).max
    often = np.diff(starts, append=len(repeats))
    early = np.where(repeats.first == np.repeat(first, often), repeats.source, nobody)
    rows.first[at] = first
    rows.last[at] = np.maximum.reduceat(repeats.last, starts)
    rows.count[at] = np.add.reduceat(repeats.count, starts)
    rows.source[at] = np.minimum.reduceat(early, starts)


def shared(nodes: Nodes, links: Edges, rules: Rules) -> Array:
    """Which links have an end that is linked to more identifiers of one stronger kind than its limit."""
    none = np.iinfo(np.int64).max
    limits = [rules.of(kind).limit for kind in KINDS]
    limit = np.array([none if each is None else each for each in limits])
    strong, weak = nodes.kind[links.left], nodes.kind[links.right]
    counted = np.flatnonzero((strong < weak) & (limit < none)[weak])
    value = links.right[counted]
    # Of all stronger kinds together first: few values come near their limit.
    near = np.bincount(value, minlength=len(nodes)) > limit[nodes.kind]
    rows = counted[near[value]]
    pairs, many = np.unique(links.right[rows] * np.int64(len(KINDS)) + strong[rows], return_counts=True)
    value = pairs // len(KINDS)
    over = np.zeros(len(nodes), bool)
    over[value[many > limit[nodes.kind[value]]]] = True
    return over[links.left] | over[links.right]


def by_strength(nodes: Nodes, links: Edges, rows: Array, group: Array, groups: int) -> Array:
    """The order of the chosen rows by group and, within a group, the strongest first.

    A link is as strong as its weaker end, then as its stronger end; then the most seen, the oldest, and at
    last the labels decide.
    """
    left, right = links.left[rows], links.right[rows]
    strength = nodes.kind[right].astype(np.int16) * len(KINDS) + nodes.kind[left]
    evidence = Evidence(strength, links.count[rows], links.first[rows], left, right)
    return strongest_first(group, groups, evidence, nodes.labels)
