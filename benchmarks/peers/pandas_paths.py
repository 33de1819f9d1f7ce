"""Raw events to unique paths the way a careful analyst writes it in pandas: sort, group, join, count.

Same job as ours: a journey ends with a conversion, 30 days of lookback from its end, direct only where
nothing else is left.
"""

from __future__ import annotations

import hashlib
import sys

from stopwatch import report, step

with step("imports"):
    import pandas as pd

EVENT_COLUMNS = ["event_id", "customer_id", "timestamp", "channel", "conversion", "value"]
LOOKBACK = pd.Timedelta(days=30)


def paths(events: pd.DataFrame) -> pd.DataFrame:
    events = events.sort_values(["customer_id", "timestamp", "event_id"])
    converted = events["conversion"].astype("int64")
    events["journey"] = converted.groupby(events["customer_id"]).cumsum() - converted
    journey = events.groupby(["customer_id", "journey"], sort=False)
    outcomes = journey.agg(conversions=("conversion", "sum"), value=("value", "sum"))

    events = events[journey["timestamp"].transform("max") - events["timestamp"] <= LOOKBACK]
    other = events["channel"] != "direct"
    only_direct = ~other.groupby([events["customer_id"], events["journey"]], sort=False).transform("any")
    events = events[other | only_direct]
    # Plain Python strings: joining pandas' own string type group by group costs twice as much.
    channel = events["channel"].astype(object)
    outcomes["path"] = channel.groupby([events["customer_id"], events["journey"]], sort=False).agg(" > ".join)
    return outcomes.groupby("path").agg(
        journeys=("conversions", "size"), conversions=("conversions", "sum"), value=("value", "sum")
    )


def facts(table: pd.DataFrame) -> dict[str, object]:
    columns = (table[name].tolist() for name in ("journeys", "conversions", "value"))
    lines = sorted(
        f"{path}\t{n}\t{conversions}\t{value:.0f}"
        for path, n, conversions, value in zip(table.index, *columns, strict=True)
    )
    return {
        "paths": len(table),
        "journeys": int(table["journeys"].sum()),
        "conversions": int(table["conversions"].sum()),
        "value": int(table["value"].sum()),
        "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


if __name__ == "__main__":
    with step("read"):
        frame = pd.read_parquet(sys.argv[1], columns=EVENT_COLUMNS)
    with step("paths"):
        answer = paths(frame)
    with step("checks"):
        found = facts(answer)
    report(found, "pandas", "pyarrow", "numpy")
