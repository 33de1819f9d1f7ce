"""The floor under any preparation: DuckDB reads every column of the raw events once, for one GROUP BY."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import duckdb

FILE = sys.argv[1]
SCAN = "select channel, event_type, count(*) as events, {} from {} group by channel, event_type"

if __name__ == "__main__":
    with step("scan"):
        source = f"read_parquet('{FILE}')" if FILE.endswith(".parquet") else f"read_csv('{FILE}')"
        others = [name for name, *_ in duckdb.execute(f"describe from {source}").fetchall()]
        largest = ", ".join(f"max({name})" for name in others if name not in {"channel", "event_type"})
        rows = duckdb.execute(SCAN.format(largest, source)).fetchall()
    report({"events": sum(row[2] for row in rows)}, "duckdb")
