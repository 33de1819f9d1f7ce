"""The floor under any preparation: DuckDB reads every column of the raw events once, for one GROUP BY."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import duckdb

SCAN = """
    select channel, event_type, count(*), count(conversion), sum(value), max(event_id), max(customer_id),
           min(timestamp), max(timestamp)
    from read_parquet(?) group by channel, event_type
"""

if __name__ == "__main__":
    with step("scan"):
        rows = duckdb.execute(SCAN, [sys.argv[1]]).fetchall()
    report({"events": sum(row[2] for row in rows)}, "duckdb")
