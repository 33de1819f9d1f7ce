"""From identifiers seen together to customers: what is shared, what may be joined, and who is who.

Two identifiers in one row are a link. Links of values that are shared by too many are dropped; the rest are
taken strongest first, except those that would bring two values of a unique kind into one customer. Nothing
depends on the order of rows, on repeated links, or on how nodes are numbered.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.identity import forest
from journey_lib.identity.blocks import blocks, picked, places
from journey_lib.identity.links import Links, aggregated, by_strength, shared
from journey_lib.identity.nodes import Edges, Nodes
from journey_lib.identity.order import LABEL_DIGITS, Labels, alike, grouped
from journey_lib.identity.rules import DEFAULT, KINDS, Rules

Array = npt.NDArray[Any]

# What became of a link. From JOINS on, code JOINS + k says that it would join two values of kind k.
TAKEN, REDUNDANT, SHARED, UNUSED, JOINS = range(5)
REASONS = (
    "joined",
    "already joined",
    "shared by too many",
    "stitching is off",
    *(f"would join two {kind}" for kind in KINDS),
)
SHORT = 12  # hex digits of a customer's id, unless two customers would have the same


@dataclass(frozen=True)
class Resolution:
    """Who is who, and what became of every link.

    `customer`   a number for each node, in the order of `canonical`.
    `canonical`  each customer's id: "C" and the first digits of the label of its oldest identifier.
    `links`      every link once, its stronger end left, with all that was seen of it.
    `fate`       what became of each link: a place in `REASONS`.
    `joined`     the links that hold customers together, by customer, the strongest first.
    `dropped`    the links that were not used, by the customer of their stronger end, the strongest first.
    """

    nodes: Nodes
    links: Links
    customer: Array
    canonical: pa.Array
    fate: Array
    joined: Array
    dropped: Array

    @cached_property
    def cut(self) -> pa.Table:
        """The links that were not used: both ends, why, and when they were first seen."""
        rows = self.dropped
        return pa.table(
            {
                "left": pa.array(self.links.left[rows]),
                "right": pa.array(self.links.right[rows]),
                "reason": pa.DictionaryArray.from_arrays(self.fate[rows], pa.array(REASONS)),
                "when": pa.array(self.links.seen(rows, "first")[0], pa.timestamp("us", "UTC")),
            }
        )

    @cached_property
    def sizes(self) -> dict[int, int]:
        """How many customers have so many identifiers, the smallest first."""
        many = np.bincount(np.bincount(self.customer, minlength=len(self.canonical)))
        return {int(size): int(many[size]) for size in np.flatnonzero(many) if size}


def resolve(nodes: Nodes, edges: Edges, rules: Rules = DEFAULT) -> Resolution:
    """Which identifiers are one customer, and by which evidence.

    Parameters
    ----------
    nodes
        Every identifier once.
    edges
        Which were seen together; in any order, repeated or not. An identifier with itself is no link.
    rules
        Which kinds are unique, and how widely a value may be shared.

    Returns
    -------
    Resolution
        A customer for every node; one without links is a customer of its own.
    """
    links = aggregated(nodes, edges)
    fate = np.full(len(links), REDUNDANT if rules.linked else UNUSED, np.int8)
    if rules.linked:
        fate[shared(nodes, links, rules)] = SHARED
    used = fate == REDUNDANT
    part, taken = _joined(nodes, links, used, rules)
    fate[taken] = TAKEN
    _judge(nodes, links, places(used & ~taken), part, rules, fate)
    customer, canonical = named(nodes, part)
    joined, dropped = (
        by_strength(nodes, links, places(rows), lambda at: customer[links.left[at]], len(canonical))
        for rows in (taken, fate >= SHARED)
    )
    return Resolution(nodes, links, customer, canonical, fate, joined, dropped)


def _joined(nodes: Nodes, links: Links, used: Array, rules: Rules) -> tuple[Array, Array]:
    """The part each node is in, by the number of one of its nodes, and which links hold parts together."""
    part, taken = _parts(nodes, links, used)
    crowded = np.zeros(len(nodes), bool)
    for kind in unique_kinds(rules):
        crowded[_repeated(part[nodes.kind == kind])] = True
    if not crowded.any():
        return part, taken
    # Only parts with two values of a unique kind are put together again, link by link.
    within = picked(crowded, part)
    rows = places(picked(within, links.left) & used)
    rows = by_strength(nodes, links, rows, lambda at: part[links.left[at]], len(nodes))
    inside, place = _few(within)
    holds = np.zeros(len(inside), np.int8)
    for kind in unique_kinds(rules):
        holds[nodes.kind[inside] == kind] = 1 << kind
    taken[rows], split = forest.apart(place[links.left[rows]], place[links.right[rows]], holds)
    part[inside] = inside[split]
    return part, taken


def _parts(nodes: Nodes, links: Links, used: Array) -> tuple[Array, Array]:
    """The connected part of each node, and which of the links used are needed to hold them together."""
    n = len(nodes)
    held, leaves = forest.peeled(n, links.left, links.right, used)
    rows = places(picked(held, links.left) & picked(held, links.right) & used)
    rows = by_strength(nodes, links, rows, lambda at: np.zeros(len(at), np.int8), 1)
    inside, place = _few(held)
    taken = used.copy()
    taken[rows], of = forest.spanning(
        len(inside), picked(place, links.left[rows]), picked(place, links.right[rows])
    )
    part, one = np.arange(n, dtype=np.int32), np.empty(len(inside), np.int32)
    one[of] = inside
    part[inside] = one[of]
    for leaf, hub in reversed(leaves):
        part[leaf] = part[hub]
    return part, taken


def _repeated(numbers: Array) -> Array:
    """The numbers that stand in a column more than once."""
    last = np.empty(int(numbers.max(initial=-1)) + 1, np.int32)
    here = np.arange(len(numbers), dtype=np.int32)
    last[numbers] = here
    return numbers[last[numbers] != here]


def _few(chosen: Array) -> tuple[Array, Array]:
    """The chosen nodes, and what number each of them has among these."""
    inside, place = places(chosen), np.empty(len(chosen), np.int32)
    place[inside] = np.arange(len(inside), dtype=np.int32)
    return inside, place


def unique_kinds(rules: Rules) -> list[int]:
    """The kinds of which no customer has two, the strongest first."""
    return [code for code, kind in enumerate(KINDS) if rules.of(kind).unique]


def _judge(nodes: Nodes, links: Links, rows: Array, part: Array, rules: Rules, fate: Array) -> None:
    """Say of links that hold nothing together which kind forbade them, the strongest of several."""
    one, other = part[links.left[rows]], part[links.right[rows]]
    rows, one, other = (column[one != other] for column in (rows, one, other))
    for kind in reversed(unique_kinds(rules)):
        has = np.zeros(int(part.max(initial=0)) + 1, bool)
        has[part[nodes.kind == kind]] = True
        fate[rows[has[one] & has[other]]] = JOINS + kind


def named(nodes: Nodes, part: Array) -> tuple[Array, pa.Array]:
    """Number parts by the labels of their oldest identifiers, which also give them their ids."""
    parts = int(part.max(initial=-1)) + 1
    there = np.zeros(parts, bool)
    for block in blocks(len(part)):
        there[part[block]] = True
    people = np.count_nonzero(there)
    rows = _least(part, parts, nodes.first)
    if len(rows) > people:
        rows = rows[_least(part[rows], parts, nodes.kind[rows])]
    for half in ("head", "tail"):
        if len(rows) > people:
            rows = rows[_least(part[rows], parts, getattr(nodes.labels(rows), half))]
    head, tail = nodes.labels(rows)
    order, again = grouped(
        len(rows), lambda at: np.zeros_like(head[at]), 1, head.__getitem__, int(head.max(initial=0))
    )
    if len(again):
        order = np.lexsort((tail, head))
    number = np.empty(parts, np.int32)
    number[part[rows[order]]] = np.arange(len(rows), dtype=np.int32)
    return picked(number, part), _ids(Labels(picked(head, order), picked(tail, order)))


def _least(part: Array, parts: int, key: Array) -> Array:
    """The rows that have the least key of their part."""
    least = np.full(parts, np.iinfo(key.dtype).max, key.dtype)
    chosen = np.empty(len(part), bool)
    for block in blocks(len(part)):
        np.minimum.at(least, part[block], key[block])
    for block in blocks(len(part)):
        chosen[block] = key[block] == least[part[block]]
    return places(chosen)


def _ids(labels: Labels) -> pa.Array:
    """Ids from labels, which are sorted: as short as they may be for all to differ."""
    letters = np.empty((len(labels.head), 1 + SHORT), np.uint8)
    letters[:, 0] = ord("C")
    for block in blocks(len(letters)):
        digits = labels.head[block].astype(">u8").tobytes().hex().encode()
        letters[block, 1:] = np.frombuffer(digits, np.uint8).reshape(-1, 16)[:, :SHORT]
    ends = np.arange(0, letters.size + 1, 1 + SHORT, dtype=np.int32)
    short = pa.Array.from_buffers(
        pa.string(), len(letters), [None, pa.py_buffer(ends), pa.py_buffer(letters)]
    )
    again = alike(labels.head, (np.uint64(1) << np.uint64(64 - 4 * SHORT)) - np.uint64(1))
    if not len(again):
        return short
    texts = short.to_pylist()
    inside = np.zeros(len(texts), bool)
    inside[again] = inside[again - 1] = True
    for length in range(SHORT + 4, LABEL_DIGITS + 1, 4):
        for row in np.flatnonzero(inside).tolist():
            texts[row] = "C" + f"{labels.head[row]:016x}{labels.tail[row]:016x}"[:length]
        same = np.array([one == other for one, other in itertools.pairwise(texts)])
        inside = np.append(same, False) | np.append(False, same)
        if not inside.any():
            break
    return pa.array(texts, pa.string())
