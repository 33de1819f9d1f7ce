"""Connected identifiers in networkx, with no rule and no log."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import networkx as nx
    import pyarrow.parquet as pq

if __name__ == "__main__":
    with step("read"):
        table = pq.read_table(sys.argv[1], columns=["left", "right"], pre_buffer=False)
        ends = zip(table["left"].to_pylist(), table["right"].to_pylist(), strict=True)
    with step("components"):
        graph = nx.Graph()
        graph.add_edges_from(ends)
        customer = {
            name: number for number, part in enumerate(nx.connected_components(graph)) for name in part
        }
    parts = max(customer.values(), default=-1) + 1
    report({"identifiers": len(customer), "parts": parts}, "networkx", "pyarrow")
