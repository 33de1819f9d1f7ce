"""The merge log: by which evidence each customer was put together, what was not believed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.errors import DataError
from journey_lib.identity.blocks import picked
from journey_lib.identity.graph import REASONS, TAKEN, Resolution
from journey_lib.identity.rules import KINDS

Array = npt.NDArray[Any]
TOGETHER = "seen together"


def merge_log(found: Resolution, sources: Sequence[str] = ()) -> pa.Table:
    """Why a customer is one customer, and what was not believed.

    Parameters
    ----------
    found
        What `resolve` answered.
    sources
        Names behind the codes of the links' sources; without them the codes themselves are written.

    Returns
    -------
    A row for every link that holds a customer together (one fewer than its identifiers), then a row for every
    link that was not used. Columns: `customer` (of the left end), `other` (of the right end, where it is
    another), `reason`, `left_kind`, `left`, `right_kind`, `right` (hashes, never raw values), `source`,
    `evidence` (of these links always that both were seen together), `count`, `first`, `last`. Links between
    identifiers that were one customer anyway are left out.
    """
    rows = np.concatenate([found.joined, found.dropped])
    links = found.links.take(rows)
    right_kind, left_kind = np.divmod(picked(found.links.strength, rows), np.int8(len(KINDS)))
    customer = picked(found.customer, links.left)
    # What holds a customer together has both its ends there.
    other, reason = customer.copy(), np.full(len(rows), TAKEN, np.int8)
    cut = slice(len(found.joined), None)
    other[cut], reason[cut] = found.customer[links.right[cut]], found.fate[found.dropped]
    return pa.table(
        {
            "customer": _named(customer, found.canonical),
            "other": _named(other, found.canonical, missing=other == customer),
            "reason": _named(reason, pa.array(REASONS)),
            "left_kind": _named(left_kind, pa.array(KINDS)),
            "left": _named(links.left, found.nodes.label),
            "right_kind": _named(right_kind, pa.array(KINDS)),
            "right": _named(links.right, found.nodes.label),
            "source": _named(links.source, _names(links.source, sources)),
            "evidence": _named(np.zeros(len(rows), np.int8), pa.array([TOGETHER])),
            "count": pa.array(links.count),
            "first": pa.array(links.first, pa.timestamp("us", "UTC")),
            "last": pa.array(links.last, pa.timestamp("us", "UTC")),
        }
    )


def _named(codes: Array, names: pa.Array, missing: Array | None = None) -> pa.DictionaryArray:
    # Codes and names, not texts: three million rows of hashes would be most of the work otherwise.
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing), names)


def _names(codes: Array, sources: Sequence[str]) -> pa.Array:
    most = int(codes.max(initial=-1)) + 1
    if sources and most > len(sources):
        raise DataError(f"a link is of source {most - 1}, but only {len(sources)} sources have names")
    return pa.array(list(sources) or [str(code) for code in range(most)], pa.string())
