"""Measures a command, and compares ours with a peer's on the same input, side by side.

Kept to the standard library, because a child's peak memory is counted from that of whoever spawned it.
"""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from environments import HERE, python, surroundings

DATA = HERE / ".data"
NOT_WORK = ("imports", "load", "checks")
WARM = 2_000  # rows of the warm-up run that fills the bytecode and page caches of both sides


@dataclass(frozen=True)
class Command:
    """A script, the environment it runs in, and its arguments; `{name}` stands for an input file."""

    environment: str
    script: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Benchmark:
    """One question: what ours and theirs take for the same job, and the share of theirs we mean to take.

    `figure` "cpu" compares the CPU of the work (imports left out on both sides, reading the input counted);
    "error" the largest relative error of a channel's share against `reference.py`, and the target is then the
    error we allow ourselves; "growth" how the CPU of the work grows with rows, from a hundredth of them on.
    One that is `asked_for` runs when it is named, and not with the others.
    """

    name: str
    question: str
    kind: str
    rows: int
    ours: Command
    theirs: Command
    target: float | None
    figure: Literal["cpu", "error", "growth"] = "cpu"
    same: tuple[str, ...] = ()  # facts that must be equal on both sides
    within: float | None = None  # largest allowed difference of a share between the sides
    turns: int = 2
    asked_for: bool = False


@dataclass(frozen=True)
class Run:
    """What one process took (CPU seconds: all, the work, the work in user mode), and what it said."""

    cpu: float
    work: float
    user: float
    wall: float
    rss_mb: float
    steps: Mapping[str, float]
    facts: Mapping[str, Any]
    versions: Mapping[str, str]


def measured(command: Command, files: Mapping[str, Path]) -> Run:
    """Run a command in a fresh process and count what it used."""
    arguments = [argument.format(**files) for argument in command.arguments]
    words = [python(command.environment), str(HERE / command.script), *arguments]
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(words, stdout=said, env=surroundings(), cwd=HERE.parent)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, words)
        said.seek(0)
        own = json.loads(said.read().splitlines()[-1])
    work, user = (
        sum(seconds for name, seconds in own[kind].items() if name not in NOT_WORK)
        for kind in ("steps", "user")
    )
    checks = own["steps"].get("checks", 0.0)
    # Checks exist only for this comparison: nobody is charged for them.
    # What Spark's workers took is not in what was waited for: the steps know it.
    whole = max(used.ru_utime + used.ru_stime, sum(own["steps"].values())) - checks
    return Run(whole, work, user, wall, own["rss_mb"], own["steps"], own["facts"], own["versions"])


def inputs(kind: str, rows: int) -> dict[str, Path]:
    """The input files of one kind and size, generated on first use."""
    DATA.mkdir(exist_ok=True)
    # The generator's checksum is in the name: when it changes, the input is made anew.
    folder = DATA / f"{kind}-{rows}-{zlib.crc32((HERE / 'data.py').read_bytes()):08x}"
    if not folder.exists():
        print(f"generating {rows:,} {kind}", flush=True)
        partial = folder.with_name(folder.name + ".partial")
        partial.mkdir(exist_ok=True)
        words = [python("ours"), str(HERE / "data.py"), kind, str(rows), str(partial)]
        subprocess.run(words, check=True, env=surroundings())
        partial.rename(folder)
    return {file.name.partition(".")[0]: file for file in folder.iterdir()}


def compared(benchmark: Benchmark, rows: int, turns: int) -> dict[str, Any]:
    """The entry of one benchmark: both sides in turn, the best run of each, whether the target is met."""
    if benchmark.figure == "growth":
        return grown(benchmark, rows)
    for command in (benchmark.ours, benchmark.theirs):
        measured(command, inputs(benchmark.kind, min(WARM, rows)))
    files = inputs(benchmark.kind, rows)
    ours: list[Run] = []
    theirs: list[Run] = []
    # Each side twice in a row, because the first run finds the machine's memory cold.
    row = range(2 if benchmark.figure == "cpu" else 1)
    for _ in range(turns):
        ours += [measured(benchmark.ours, files) for _ in row]
        theirs += [measured(benchmark.theirs, files) for _ in row]
    entry = {
        "question": benchmark.question,
        "figure": benchmark.figure,
        **(by_cpu(ours, theirs) if benchmark.figure == "cpu" else by_error(ours[0], theirs[0], files)),
        "target": benchmark.target,
        "agreement": agreement(benchmark, ours[0].facts, theirs[0].facts),
        "sizes": {
            "rows": rows,
            **{name: file.stat().st_size for name, file in files.items() if file.is_file()},
            **{name: fact for name, fact in ours[0].facts.items() if isinstance(fact, int)},
        },
        "versions": {"ours": dict(ours[0].versions), "theirs": dict(theirs[0].versions)},
        "cpu": {"ours": spent(ours), "theirs": spent(theirs)},
        "rss": {"ours": peak(ours), "theirs": peak(theirs)},
        "machine": machine(),
    }
    judged = entry["ours"] if benchmark.figure == "error" else entry["ratio"]
    reached = benchmark.target is None or judged <= benchmark.target
    return {**entry, "met": reached and entry["agreement"]["held"]}


def by_cpu(ours: list[Run], theirs: list[Run]) -> dict[str, Any]:
    """CPU of the work, which the target is about, of it in user mode, and of the whole processes."""

    def best(figure: Callable[[Run], float]) -> dict[str, float]:
        own, other = (min(figure(run) for run in side) for side in (ours, theirs))
        return {"ours": round(own, 3), "theirs": round(other, 3), "ratio": round(own / other, 4)}

    rest = {"user": best(lambda run: run.user), "whole": best(lambda run: run.cpu)}
    return {**best(lambda run: run.work), **rest}


def grown(benchmark: Benchmark, rows: int) -> dict[str, Any]:
    """The entry of a benchmark of growth: both sides at a hundredth, a tenth and all of the rows.

    An exponent is the slope of the logarithm of the CPU of the work over that of the rows: 1 where twice the
    rows take twice as long.
    """
    sizes = [rows // 100, rows // 10, rows]
    for command in (benchmark.ours, benchmark.theirs):
        measured(command, inputs(benchmark.kind, min(WARM, rows)))
    ours, theirs = [], []
    for size in sizes:
        files = inputs(benchmark.kind, size)
        ours.append(measured(benchmark.ours, files))
        theirs.append(measured(benchmark.theirs, files))

    def exponent(runs: list[Run]) -> float:
        return round(math.log(runs[-1].work / runs[0].work) / math.log(sizes[-1] / sizes[0]), 4)

    own, other = exponent(ours), exponent(theirs)
    agreed = agreement(benchmark, ours[-1].facts, theirs[-1].facts)
    return {
        "question": benchmark.question,
        "figure": benchmark.figure,
        "ours": own,
        "theirs": other,
        "ratio": round(own / other, 4),
        "target": benchmark.target,
        "agreement": agreed,
        "sizes": {"rows": rows},
        "versions": {"ours": dict(ours[-1].versions), "theirs": dict(theirs[-1].versions)},
        "grown": [
            {
                "rows": size,
                "ours": round(a.work, 3),
                "theirs": round(b.work, 3),
                "steps": {name: round(seconds, 3) for name, seconds in a.steps.items()},
                "rss": {"ours": round(a.rss_mb), "theirs": round(b.rss_mb)},
            }
            for size, a, b in zip(sizes, ours, theirs, strict=True)
        ],
        "machine": machine(),
        "met": (benchmark.target is None or own <= benchmark.target) and agreed["held"],
    }


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def by_error(ours: Run, theirs: Run, files: Mapping[str, Path]) -> dict[str, Any]:
    """Largest relative error of each side against the reference, and how far theirs moves between seeds."""
    truth = measured(Command("ours", "reference.py", ("{grouped}",)), files).facts["shares"]
    found = [worst_error(side.facts["shares"], truth) for side in (ours, theirs)]
    spreads = {order: spread(answers) for order, answers in theirs.facts["shares"].items()}
    return {
        "ours": max(found[0].values()),
        "theirs": max(found[1].values()),
        "ratio": max(found[0].values()) / max(*found[1].values(), 1e-300),
        "errors": {"ours": found[0], "theirs": found[1], "theirs_between_seeds": spreads},
    }


def worst_error(shares: Mapping[str, Any], truth: Mapping[str, Any]) -> dict[str, float]:
    return {
        order: max(
            abs(answer.get(channel, 0.0) - share) / share
            for answer in answers
            for channel, share in truth[order][0].items()
        )
        for order, answers in shares.items()
    }


def spread(answers: list[Mapping[str, float]]) -> float:
    """The largest (highest - lowest) / mean of one channel's share over the answers."""
    channels = [[answer.get(channel, 0.0) for answer in answers] for channel in answers[0]]
    return max((max(found) - min(found)) / statistics.mean(found) for found in channels)


def agreement(benchmark: Benchmark, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Which facts are equal on both sides, and the largest difference between their shares."""
    equal = {name: ours[name] == theirs[name] for name in benchmark.same}
    differences = [
        abs(share - answer.get(channel, 0.0))
        for order, answers in theirs.get("shares", {}).items()
        for answer in answers
        if order in ours["shares"]
        for channel, share in ours["shares"][order][0].items()
    ]
    apart = max(differences, default=None)
    close = benchmark.within is None or (apart is not None and apart <= benchmark.within)
    return {"held": all(equal.values()) and close, "equal": equal, "largest_share_difference": apart}


def spent(runs: list[Run]) -> dict[str, Any]:
    """CPU seconds of one side: best whole process, best work, every run, and the steps of the best."""
    best = min(runs, key=lambda run: run.cpu)
    return {
        "whole": round(best.cpu, 3),
        "work": round(min(run.work for run in runs), 3),
        "runs": [round(run.cpu, 3) for run in runs],
        "steps": {name: round(seconds, 3) for name, seconds in best.steps.items()},
        "wall": round(best.wall, 3),
    }


def peak(runs: list[Run]) -> int:
    """Peak memory in MB of one side, the lowest over its runs."""
    return round(min(run.rss_mb for run in runs))
