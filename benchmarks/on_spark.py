"""The same work on Spark (a local one of two cores) and on the embedded engine: prepare, then three measures.

    python on_spark.py spark WORKSPACE
    python on_spark.py duckdb WORKSPACE

Spark's work is done by Java and by Python workers, so CPU is that of the whole tree of processes.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import stopwatch

with stopwatch.step("imports"):
    import journey_lib as jl
    from journey_lib import engine
    from journey_lib.engine import spark
    from journey_lib.workspace import EngineSettings

TICK = os.sysconf("SC_CLK_TCK")


def tree() -> tuple[float, float]:
    """User and system seconds of this process and all below it, those that ended included."""
    told = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        told[int(status.parent.name)] = (int(fields[1]), [int(field) for field in fields[11:15]])
    below = {os.getpid()}
    while more := {process for process, (parent, _) in told.items() if parent in below} - below:
        below |= more
    used = [told[process][1] for process in below]
    return sum(u[0] + u[2] for u in used) / TICK, sum(u[1] + u[3] for u in used) / TICK


@contextmanager
def step(name: str) -> Iterator[None]:
    """Book the CPU of the block, wherever it was spent."""
    user, system = tree()
    yield
    user, system = (after - before for after, before in zip(tree(), (user, system), strict=True))
    stopwatch.STEPS[name], stopwatch.USER[name] = user + system, user


def held(_: object) -> int:
    """The most memory the process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measured(on: str, folder: str) -> dict[str, Any]:
    shutil.rmtree(Path(folder) / "work", ignore_errors=True)
    settings = EngineSettings(name=on, master="local[2]") if on == "spark" else EngineSettings()
    opened = jl.open(folder).model_copy(update={"engine": settings})
    here = spark.Spark("local[2]", settings.memory)
    if on == "spark":
        with step("imports"):  # Java starts, and both workers import what they need: once a session
            spark.run(here, range(4), lambda _: jl.touches.load.__name__, Path(folder))
    with step("prepare"):
        jl.touches.prepare(opened)
    table = jl.touches.load(opened)
    with step("paths"):
        paths = jl.journeys.paths(table, lookback="30d", by_fold=True)
    with step("linear"):
        credit = jl.attribution.credit(table, "linear", lookback="30d")
    with step("time_decay"):
        decayed = jl.attribution.credit(table, "time_decay", lookback="30d")
    with step("checks"):
        digest = hashlib.sha256(paths.tokens.tobytes() + paths.value.tobytes())
        for result in (credit, decayed):
            digest.update(result.table["conversions"].to_numpy().tobytes())
        facts = {"buckets": len(table.buckets), "paths": len(paths), "digest": digest.hexdigest()}
        if on == "spark":
            peak = max(
                engine.reduce(
                    table.buckets, lambda _: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, list
                )
            )
            facts["worker_peak_mb"] = peak // 1024
    return facts


if __name__ == "__main__":
    stopwatch.report(measured(*sys.argv[1:]), "journey-workbench", "numpy", "pyarrow", "duckdb", "pyspark")
