"""Measure ours beside other packages on the same inputs; `make bench` runs all of it.

    python benchmarks/run.py [--quick] [--only NAME ...]

What takes very long, such as `growth_100m`, runs only when it is named.

Writes `benchmarks/results.json` and `benchmarks/results.md`. With `--quick` every input is a twentieth of its
size and runs once: it shows that everything works, and its figures are not kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import report
from catalogue import BENCHMARKS
from harness import DATA, HERE, compared


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a twentieth of each size, once, figures not kept"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[b.name for b in BENCHMARKS])
    asked = parser.parse_args(arguments)
    into = DATA / "quick" if asked.quick else HERE
    into.mkdir(parents=True, exist_ok=True)
    failed = []
    for benchmark in BENCHMARKS:
        if benchmark.name not in asked.only if asked.only else benchmark.asked_for:
            continue
        rows = max(benchmark.rows // 20, 3) if asked.quick else benchmark.rows
        try:
            entry = compared(benchmark, rows, 1 if asked.quick else benchmark.turns)
        except subprocess.CalledProcessError as error:
            failed.append(benchmark.name)
            print(f"{benchmark.name}: not measured: {error}", file=sys.stderr, flush=True)
            continue
        print(report.line(benchmark.name, entry), flush=True)
        keep(benchmark.name, entry, into)
    print(f"written: {into / 'results.json'} and results.md")
    return 1 if failed else 0


def keep(name: str, entry: Mapping[str, Any], into: Path) -> None:
    """Put one entry beside those of earlier runs, at once, so that an interrupted run loses nothing."""
    file = into / "results.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known[name] = entry
    results = {b.name: known[b.name] for b in BENCHMARKS if b.name in known}
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (into / "results.md").write_text(report.page(results), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
