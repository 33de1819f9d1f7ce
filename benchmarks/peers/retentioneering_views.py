"""The same views by retentioneering, each asked once of a stream that is loaded; its telemetry is off."""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ["RETENTIONEERING_NO_TRACK"] = "1"

from stopwatch import report, step

with step("imports"):
    import pandas as pd
    from retentioneering import Eventstream

FUNNEL = ["paid_search", "facebook_paid", "email", "store"]
SEGMENTS = ["organic_search", "zalo_oa", "tiktok", "youtube", "sms"]


def loaded(file: str) -> Eventstream:
    frame = pd.read_parquet(file, columns=["customer_id", "channel", "timestamp"])
    frame = frame.rename(columns={"customer_id": "user_id", "channel": "event"})
    return Eventstream(frame)


def transitions(stream: Eventstream) -> dict[str, Any]:
    with step("view"):
        counts = stream.transition_graph_data(edge_weight="count")
        people = stream.transition_graph_data(edge_weight="unique_paths")
        stream.transition_graph_data(edge_weight="proba_out")
        stream.transition_graph_data(edge_weight="proba_in")
        stream.transition_graph_data(edge_weight="time_median")
        stream.transition_graph_data(edge_weight="time_q95")
    with step("checks"):
        return {name: inner(table) for name, table in (("steps", counts), ("people", people))}


def inner(table: pd.DataFrame) -> int:
    names = [name for name in table.index if not str(name).startswith("path_")]
    return int(table.loc[names, [name for name in names if name in table.columns]].to_numpy().sum())


def steps_in_order(stream: Eventstream) -> dict[str, Any]:
    with step("view"):
        found = stream.funnel_data(steps=FUNNEL)
    with step("checks"):
        return {"customers": [int(each["unique_paths"]) for each in found["steps"]]}


def overview(stream: Eventstream) -> dict[str, Any]:
    """Its segments are columns of the stream, so each is added before it can be looked at."""
    paths, events = [], []
    with step("load"):
        frame = stream.to_dataframe()
        for name in SEGMENTS:
            at = frame["event"].eq(name).groupby(frame["user_id"]).transform("any")
            frame[name] = at.map({True: "in", False: "out"})
        stream = Eventstream(
            frame[["user_id", "event", "timestamp", *SEGMENTS]], schema={"segment_cols": SEGMENTS}
        )
    with step("view"):
        found = [
            stream.segment_overview_data(name, metrics=[{"metric": "length", "agg": "mean"}])
            for name in SEGMENTS
        ]
    with step("checks"):
        for table in found:
            column = table["in"]
            size = float(column.loc[[name for name in table.index if "segment_size" in str(name)]].iloc[0])
            mean = float(column.loc[[name for name in table.index if "length" in str(name)]].iloc[0])
            paths.append(round(size))
            events.append(round(size * mean))
        return {"paths": paths, "events": events}


def sessions(stream: Eventstream) -> dict[str, Any]:
    with step("view"):
        found = stream.split_sessions(timeout="24h")
    with step("checks"):
        return {"sessions": int(found.to_dataframe()["session_id"].nunique())}


def collapsed(stream: Eventstream) -> dict[str, Any]:
    with step("view"):
        found = stream.collapse_events(loops=True)
    with step("checks"):
        return {"left": len(found.to_dataframe())}


if __name__ == "__main__":
    task, given = sys.argv[1:]
    with step("load"):
        held = loaded(given)
    tasks = {
        "transitions": transitions,
        "funnel": steps_in_order,
        "overview": overview,
        "sessions": sessions,
        "collapse": collapsed,
    }
    report(tasks[task](held), "retentioneering", "numpy", "pandas", "duckdb")
