"""Our side of every benchmark, through the public interface only."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Any

from stopwatch import report, step

with step("imports"):
    import journey_lib as jl
    from journey_lib import attribution, journeys, touches

SUITE: dict[str, dict[str, Any]] = {
    "first": {"model": "first"},
    "last": {"model": "last"},
    "last_non_direct": {"model": "last_non_direct"},
    "linear": {"model": "linear"},
    "position": {"model": "position"},
    "markov 1": {"model": "markov", "order": 1},
    "markov 2": {"model": "markov", "order": 2},
    "shapley": {"model": "shapley"},
}


def shares(result: jl.Result) -> dict[str, float]:
    return dict(zip(result.table["channel"], result.table["share"].astype(float), strict=True))


def credit(models: list[str], file: str) -> dict[str, Any]:
    """Read a table of paths and credit it by each model."""
    with step("read"):
        table = attribution.read_paths(file)
    results = {}
    for name in models:
        with step(name):
            results[name] = attribution.credit(table, **SUITE[name])
    markov = {name.replace("markov", "order"): [shares(results[name])] for name in models if "markov" in name}
    ended = table.conversions.sum() + table.nulls.sum()
    return {"journeys": int(ended), "shares": markov}


def paths(file: str) -> dict[str, Any]:
    """Raw events to unique paths."""
    with step("touches"):
        tch = touches.from_frame(
            file,
            customer_id="customer_id",
            timestamp="timestamp",
            channel="channel",
            conversion="conversion",
            value="value",
            event_id="event_id",
        )
    with step("paths"):
        table = journeys.paths(tch, lookback="30d", direct="drop")
    with step("checks"):
        return counted(table)


def counted(table: journeys.PathTable) -> dict[str, Any]:
    frame = table.table
    columns = (frame[name].tolist() for name in ("path", "journeys", "conversions", "value"))
    lines = sorted(
        " > ".join(path) + f"\t{n}\t{conversions}\t{value:.0f}"
        for path, n, conversions, value in zip(*columns, strict=True)
    )
    totals = {name: int(frame[name].sum()) for name in ("journeys", "conversions", "value")}
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {"paths": len(lines), **totals, "digest": digest}


def prepare(workspace: str) -> dict[str, Any]:
    """A workspace's raw events to its touch table, from nothing."""
    shutil.rmtree(Path(workspace) / "work", ignore_errors=True)
    with step("prepare"):
        touches.prepare(jl.open(workspace))
    with step("checks"):
        return {"events": touches.load(jl.open(workspace)).rows}


if __name__ == "__main__":
    task, given = sys.argv[1:]
    tasks = {
        "suite": lambda: credit(list(SUITE), given),
        "markov": lambda: credit(["markov 1"], given),
        "markovs": lambda: credit(["markov 1", "markov 2"], given),
        "paths": lambda: paths(given),
        "prepare": lambda: prepare(given),
    }
    report(tasks[task](), "journey-workbench", "numpy", "pandas", "pyarrow", "scipy", "duckdb")
