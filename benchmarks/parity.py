"""Ours beside retentioneering on its own example shop: every step, the people behind it, and a funnel.

    make parity

Writes `benchmarks/parity.md`; the exit code is 1 when a single number differs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from environments import HERE, PINS, python, surroundings

import journey_lib as jl

FUNNEL = ("product_view", "add_to_cart", "shipping_details", "purchase")


def theirs(file: Path) -> dict[str, object]:
    words = [python("retentioneering"), str(HERE / "peers" / "retentioneering_example.py")]
    said = subprocess.run(
        [*words, ",".join(FUNNEL), str(file)], capture_output=True, env=surroundings(), check=True
    )
    return dict(json.loads(said.stdout.splitlines()[-1]))


def ours(file: Path) -> dict[str, object]:
    frame = pd.read_parquet(file)
    # Of events at the same instant theirs keeps the order of the file; ours asks for an order to be given.
    frame = frame.assign(
        conversion=False, place=np.arange(len(frame)), timestamp=pd.to_datetime(frame["timestamp"])
    )
    table = jl.touches.from_frame(
        frame,
        customer_id="user_id",
        timestamp="timestamp",
        channel="event",
        conversion="conversion",
        event_id="place",
    )
    found = jl.journeys.transitions(table).table
    inner = found[found["from"].ne("(start)") & ~found["to"].str.startswith("(")]
    names = inner["from"] + " > " + inner["to"]
    return {
        "steps": dict(zip(names, inner["journeys"].tolist(), strict=True)),
        "people": dict(zip(names, inner["customers"].tolist(), strict=True)),
        "funnel": jl.funnel.funnel(table, FUNNEL).table["customers"].tolist(),
        "events": table.rows,
        "customers": table.customers,
    }


def page(own: dict[str, object], other: dict[str, object]) -> str:
    equal = {name: own[name] == other[name] for name in ("steps", "people", "funnel")}
    steps, people = own["steps"], own["people"]
    assert isinstance(steps, dict)
    assert isinstance(people, dict)
    said = {name: "yes" if same else "no" for name, same in equal.items()}
    return f"""# The same numbers as retentioneering, on its own example

Written by `make parity`: {own["events"]:,} events of {own["customers"]:,} people, the example
shop that comes with {PINS["retentioneering"][0]}.

| what | numbers compared | sum | equal |
|---|--:|--:|:-:|
| how often each step is taken | {len(steps):,} | {sum(steps.values()):,} | {said["steps"]} |
| people who take it | {len(people):,} | {sum(people.values()):,} | {said["people"]} |
| funnel {" > ".join(FUNNEL)} | {len(FUNNEL)} | {own["funnel"]} | {said["funnel"]} |
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.parquet"
        other = theirs(file)
        own = ours(file)
    (HERE / "parity.md").write_text(page(own, other), encoding="utf-8")
    return 0 if all(own[name] == other[name] for name in other) else 1


if __name__ == "__main__":
    sys.exit(main())
