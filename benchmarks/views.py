"""Our side of the views of journeys: each asked once of a table that is loaded, as in a notebook."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from answers import PAGE, digest
from stopwatch import report, step

with step("imports"):
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    import journey_lib as jl
    from journey_lib import features as customers
    from journey_lib import funnel, journeys, retention, touches, workspace
    from journey_lib.engine import reduce

COLUMNS = 42  # of features of the table measured here
FUNNEL = ("paid_search", "facebook_paid", "email", "store")
SEGMENTS = ("organic_search", "zalo_oa", "tiktok", "youtube", "sms")


def loaded(file: str) -> jl.touches.Touches:
    """Whole customers: no row ends a journey, as the peer knows no conversions."""
    table = pq.read_table(file, columns=["event_id", "customer_id", "timestamp", "channel"])
    table = table.append_column("conversion", pa.array([False] * table.num_rows))
    return touches.from_frame(
        table,
        customer_id="customer_id",
        timestamp="timestamp",
        channel="channel",
        conversion="conversion",
        event_id="event_id",
    )


def transitions(tch: touches.Touches) -> dict[str, Any]:
    with step("view"):
        found = journeys.transitions(tch)
    with step("checks"):
        inner = found.table[~found.table["from"].eq("(start)") & ~found.table["to"].str.startswith("(")]
        return {"steps": int(inner["journeys"].sum()), "people": int(inner["customers"].sum())}


def steps_in_order(tch: touches.Touches) -> dict[str, Any]:
    with step("view"):
        found = funnel.funnel(tch, FUNNEL)
    with step("checks"):
        return {"customers": found.table["customers"].tolist()}


def overview(tch: touches.Touches) -> dict[str, Any]:
    with step("view"):
        found = journeys.overview(tch, [journeys.through(tch, name) for name in SEGMENTS])
    with step("checks"):
        lengths = (found.table["touches"] * found.table["journeys"]).round().astype(int)
        return {"paths": found.table["journeys"].tolist(), "events": lengths.tolist()}


def sessions(tch: touches.Touches) -> dict[str, Any]:
    with step("view"):
        found = journeys.sessions(tch, gap="24h")
    with step("checks"):
        return {"sessions": found.facts["sessions"]}


def collapsed(tch: touches.Touches) -> dict[str, Any]:
    with step("view"):
        everyone = journeys.rest(journeys.converted())
        found = journeys.overview(tch, [everyone], repeats="collapse")
    with step("checks"):
        return {"left": round(float((found.table["touches"] * found.table["journeys"]).sum()))}


def raw_touches(file: str) -> touches.Touches:
    """A file of raw events as touches."""
    with step("touches"):
        names = ("customer_id", "timestamp", "channel", "conversion", "value", "event_id")
        return touches.from_frame(file, **{name: name for name in names})


def raw(file: str) -> dict[str, Any]:
    """Raw events to three views, asked together."""
    tch = raw_touches(file)
    with step("views"):
        asked = (journeys.transitions, journeys.entries, journeys.lengths)
        views = {view.__name__: partial(view, tch, lookback="30d") for view in asked}
        found = journeys.together(views)
    with step("checks"):
        moves, entries = (found[name].table for name in ("transitions", "entries"))
        inner = moves[~moves["from"].eq("(start)") & ~moves["to"].str.startswith("(")]
        return {
            "steps": int(inner["journeys"].sum()),
            "people": int(inner["customers"].sum()),
            "entries": dict(sorted(zip(entries["channel"], entries["customers"].tolist(), strict=True))),
            "conversions": int(found["lengths"].table["conversions"].sum()),
            "value": int(entries["value"].sum()),
        }


def page(file: str) -> dict[str, jl.Result]:
    """Raw events to the tables of a page about journeys, asked together."""
    tch = raw_touches(file)
    cut: dict[str, Any] = {"lookback": "30d"}
    with step("views"):
        found = journeys.together(
            {
                "transitions": partial(journeys.transitions, tch, **cut),
                "paths": partial(journeys.paths, tch, **cut),
                "matrix": partial(journeys.step_matrix, tch, **cut),
                "first": partial(journeys.entries, tch, **cut),
                "last": partial(journeys.entries, tch, side="last", **cut),
                "lengths": partial(journeys.lengths, tch, **cut),
                "durations": partial(journeys.durations, tch, **cut),
                "funnel": partial(funnel.funnel, tch, FUNNEL, within="30d"),
                "cohorts": partial(retention.cohorts, tch),
                "repeat": partial(retention.repeat, tch),
            }
        )
        return {**found, "paths": journeys.top(found["paths"], n=15)}


def said_of(page: dict[str, jl.Result]) -> dict[str, str]:
    """A checksum of every table, by the columns a pandas script has too, under its names for them."""
    tables = {name: result.table for name, result in page.items()}
    for name, key in (
        ("first", "channel"),
        ("last", "channel"),
        ("lengths", "length"),
        ("durations", "days"),
    ):
        tables[name] = tables[name].rename(columns={key: "name"})
    tables["cohorts"] = tables["cohorts"].rename(columns={"month": "months"}).query("customers > 0")
    return {name: digest(table, *PAGE[name]) for name, table in tables.items()}


def prepared(workspace: str) -> tuple[int, dict[str, partial[Any]]]:
    """Fifteen views of a prepared table, not yet asked."""
    with step("load"):
        tch = touches.load(jl.open(workspace))
        model = jl.stages.load("5A")
        staged = journeys.steps_by(tch, "stage", model)
    cut: dict[str, Any] = {"lookback": "30d"}
    return tch.rows, {
        "paths": partial(journeys.paths, tch, **cut),
        "transitions": partial(journeys.transitions, tch, **cut),
        "flows": partial(journeys.flows, tch, **cut),
        "entries": partial(journeys.entries, tch, **cut),
        "lengths": partial(journeys.lengths, tch, **cut),
        "durations": partial(journeys.durations, tch, **cut),
        "detours": partial(journeys.detours, staged, **cut),
        "funnel": partial(funnel.funnel, staged, within="30d"),
        "dropped": partial(funnel.dropped, staged, within="30d"),
        "time to": partial(funnel.time_to, staged),
        "trend": partial(funnel.trend, staged, within="30d"),
        "cohorts": partial(retention.cohorts, tch),
        "second": partial(retention.repeat, tch),
        "now": partial(journeys.stages_now, staged),
        "pattern": partial(journeys.follow, tch, "email -> ... -> store", **cut),
    }


def every(workspace: str) -> dict[str, Any]:
    """Each view once, of a table that is read from its files again for every one of them."""
    rows, views = prepared(workspace)
    for name, view in views.items():
        with step(name):
            view()
    return {"events": rows, "views": len(views)}


def together(workspace: str) -> dict[str, Any]:
    """All of them in one pass over the files."""
    rows, views = prepared(workspace)
    with step("together"):
        journeys.together(views)
    return {"events": rows, "views": len(views)}


def features(folder: str) -> dict[str, Any]:
    """One row a customer of a prepared table, which is read from its files for it."""
    with step("open"):
        opened = workspace.open_workspace(folder)
        tch = touches.load(opened)
    with step("features"):
        found = customers.table(opened, tch)
    with step("checks"):
        return {"customers": len(found.frame), "columns": len(found.about)}


def read(folder: str) -> dict[str, Any]:
    """The floor under any view: the prepared table in memory, every column of it, and nothing asked of it.

    Opening it sees whether it is still of what its sources say, which reads them; the files of the table are
    uncompressed into arrays of its own, so that no page is left to be fetched when somebody looks.
    """
    with step("open"):
        tch = touches.load(workspace.open_workspace(folder))
    with step("read"):
        held = touches.hold(tch)
    with step("checks"):
        return {"customers": sum(len(set(load().customer.tolist())) for load in held.buckets)}


def frame(folder: str) -> dict[str, Any]:
    """The floor under features: the table read part by part, and as many numbers for each customer, all 0."""
    with step("open"):
        tch = touches.load(workspace.open_workspace(folder))
    with step("read"):
        starts = reduce(
            tch.buckets, lambda rows: int((rows.customer[1:] != rows.customer[:-1]).sum()) + 1, sum
        )
    with step("frame"):
        columns = np.empty((COLUMNS, starts))
        columns[:] = 0  # zeros that nobody wrote would take no memory
        lines = {str(number): pd.Series(line, copy=False) for number, line in enumerate(columns)}
        found = pd.DataFrame(lines, copy=False)
    with step("checks"):
        return {"customers": len(found)}


if __name__ == "__main__":
    task, given = sys.argv[1:]
    alone = {"features": features, "read": read, "frame": frame}
    if task in alone:
        report(alone[task](given), "journey-workbench", "numpy", "pandas", "pyarrow")
        sys.exit()
    if task == "page":
        found = page(given)
        with step("checks"):
            said = said_of(found)
        report(said, "journey-workbench", "numpy", "pandas", "pyarrow", "scipy")
        sys.exit()
    whole = {"every": every, "together": together, "raw": raw}
    if task in whole:
        report(whole[task](given), "journey-workbench", "numpy", "pandas", "pyarrow", "scipy")
        sys.exit()
    with step("load"):
        held = touches.hold(loaded(given))
    tasks = {
        "transitions": transitions,
        "funnel": steps_in_order,
        "overview": overview,
        "sessions": sessions,
        "collapse": collapsed,
    }
    report(tasks[task](held), "journey-workbench", "numpy", "pandas", "pyarrow", "scipy")
