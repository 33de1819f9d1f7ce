"""What rows say of people as nodes: every different identifier once, and where each stands.

One kind at a time and a batch of values at a time, so that the texts of millions are never here at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.engine import Engine
from journey_lib.identity.columns import canonical, labels
from journey_lib.identity.keys import HASH_BYTES, digests
from journey_lib.identity.nodes import Nodes
from journey_lib.model import IDENTIFIERS

Ints = npt.NDArray[Any]
BATCH = 200_000


def as_nodes(
    engine: Engine, begin: Ints, blocked: Mapping[str, Sequence[str]], key: bytes
) -> tuple[Nodes, dict[str, Ints], dict[str, dict[str, int]]]:
    """Every different identifier in the engine's view ``mentions``, and who is in each row.

    Parameters
    ----------
    engine
        Holds ``mentions``: a column for each kind and ``place``, the number of the row, from 0 up.
    begin
        When each row was.
    blocked
        Values of a kind that identify nobody.
    key
        The secret the identifiers are hashed under.

    Returns
    -------
    The nodes, by kind and label; of every kind there is, the node in each row (-1: none); and how
    many different values were refused, by kind and reason.
    """
    found: dict[str, Ints] = {}
    kinds: list[Ints] = []
    hashes: list[pa.Array] = [pa.array([], pa.large_string())]
    refused: dict[str, dict[str, int]] = {}
    size = 0
    for code, kind in enumerate(IDENTIFIERS):
        number, digest, counts = _values(engine, kind, blocked.get(kind, ()), key, len(begin))
        if counts:
            refused[kind] = dict(sorted(counts.items()))
        if not len(digest):
            continue
        node, different = _numbered(digest)
        # The last place is that of rows without a value of this kind: their number is -1.
        node[node >= 0] += size
        found[kind] = np.append(node, np.int32(-1))[number]
        hashes.append(labels(different))
        kinds.append(np.full(len(different), code, np.int8))
        size += len(different)
    first = np.full(size, begin.max(initial=0))
    for node in found.values():
        there = node >= 0
        np.minimum.at(first, node[there], begin[there])
    return (
        Nodes(np.concatenate([np.zeros(0, np.int8), *kinds]), first, pa.concat_arrays(hashes)),
        found,
        refused,
    )


def _values(
    engine: Engine, kind: str, blocked: Sequence[str], key: bytes, size: int
) -> tuple[Ints, Ints, Counter[str]]:
    """The number of each row's value, and the hash of each value; noughts where it is refused."""
    number = np.full(size, -1, np.int32)
    hashes = np.empty(size, f"V{HASH_BYTES}")  # as many as there may be; what is not written takes no memory
    refused: Counter[str] = Counter()
    reached, last = 0, None
    # Sorted, so that a value comes again only in the same batch or as the first of the next.
    for batch in engine.batches(
        f"SELECT place, {kind} AS value FROM mentions WHERE {kind} IS NOT NULL ORDER BY value", BATCH
    ):
        said = batch["value"].cast(pa.string()).dictionary_encode()
        if not len(said):
            continue
        again = int(said.dictionary[0].as_py() == last)
        new, last = said.dictionary.slice(again), said.dictionary[-1].as_py()
        number[batch["place"].to_numpy()] = said.indices.to_numpy() + np.int32(reached - again)
        texts, counts = canonical(kind, new, blocked)
        refused.update(counts)
        there = texts.is_valid().to_numpy(zero_copy_only=False)
        packed = np.zeros(len(new), hashes.dtype)
        packed[there] = np.frombuffer(
            b"".join(digests(kind, texts.drop_null().to_pylist(), key)), packed.dtype
        )
        hashes[reached : reached + len(new)] = packed
        reached += len(new)
    return number, hashes[:reached].view(">u8").reshape(-1, 2), refused


def _numbered(digest: Ints) -> tuple[Ints, Ints]:
    """The number of each hash, -1 for noughts, and the hashes in order: the order of values tells of them."""
    there = np.flatnonzero((digest[:, 0] != 0) | (digest[:, 1] != 0)).astype(np.int32)
    head = digest[there, 0].astype(np.uint64)
    order = np.argsort(head).astype(np.int32)
    head = head[order]
    order = there[order]
    alike = np.flatnonzero(head[1:] == head[:-1])
    if (digest[order[alike], 1] != digest[order[alike + 1], 1]).any():
        order = there[np.lexsort((digest[there, 1], digest[there, 0]))]
    opens = np.ones(len(order), bool)
    opens[alike + 1] = (digest[order[alike]] != digest[order[alike + 1]]).any(axis=1)
    number = np.full(len(digest), -1, np.int32)
    number[order] = np.cumsum(opens, dtype=np.int32) - np.int32(1)
    return number, digest[order[opens]]
