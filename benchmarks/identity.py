"""Our side of the identity benchmarks: hashed identifiers seen together to customers and their log."""

from __future__ import annotations

import sys
from typing import Any

from stopwatch import report, step

with step("imports"):
    import pandas  # noqa: F401 - pyarrow imports it with the first table it reads, and this is no work
    import pyarrow.parquet as pq

    from journey_lib import identity


def stitch(file: str) -> dict[str, Any]:
    with step("read"):
        table = pq.read_table(file, pre_buffer=False)
    with step("number"):
        kinds = {name: table[name].to_numpy() for name in ("left_kind", "right_kind")}
        seen = {name: table[name].to_numpy() for name in ("first", "last", "count", "source")}
        nodes, edges = identity.numbered(left=table["left"], right=table["right"], **kinds, **seen)
        del table, kinds  # nobody needs the texts again
    with step("resolve"):
        found = identity.resolve(nodes, edges)
    with step("log"):
        log = identity.merge_log(found)
    with step("checks"):
        # Without any rule our customers are the connected parts, which is all the others look for.
        plain = identity.resolve(nodes, edges, identity.Rules({}))
        parts = len(plain.canonical)
    return {
        "identifiers": len(nodes),
        "parts": parts,
        "customers": len(found.canonical),
        "log_rows": len(log),
        "cut": len(found.dropped),
    }


if __name__ == "__main__":
    report(stitch(sys.argv[1]), "journey-workbench", "numpy", "pyarrow", "scipy")
