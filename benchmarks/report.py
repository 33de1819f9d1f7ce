"""The results as a page people can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]

HEAD = """# Benchmarks

Written by `make bench`; the figures with everything behind them are in `results.json`, what is measured and
how in `README.md`. Ratios are ours over theirs: smaller is better for us.
"""
CPU_HEAD = """
## CPU and memory

CPU is user + system seconds of a fresh process and all its threads. The ratio is of the work: reading the
input counts, starting Python and importing packages does not, on either side; "whole" counts those too, and
"user" leaves out what the system did for the work, mostly finding memory. Ours and theirs ran in turn on the
same machine; the best run of each side counts.

| name | rows | ours, s | theirs, s | ratio | target | met | user | whole, s | ratio | memory, MB | agree |
|---|--:|--:|--:|--:|--:|:-:|--:|--:|--:|--:|---|
"""
GROWTH_HEAD = """
## Growth

How CPU grows with rows: an exponent of 1 means that twice the rows take twice as long, from the least rows to
the most.

| name | rows | ours, s | steps, s | theirs, s | memory, MB | exponent | theirs | target | met |
|---|--:|--:|---|--:|--:|--:|--:|--:|:-:|
"""
ERROR_HEAD = """
## Accuracy

The largest relative error of a channel's share, against a slow solution by the definition (`reference.py`);
for theirs the worst of the seeds tried, and how far one channel's share moves between those seeds.

| benchmark | ours | theirs | between seeds | allowed for ours | met |
|---|--:|--:|--:|--:|:-:|
"""


def page(results: Mapping[str, Entry]) -> str:
    timed = {name: entry for name, entry in results.items() if entry["figure"] == "cpu"}
    judged = {name: entry for name, entry in results.items() if entry["figure"] == "error"}
    parts = [HEAD]
    parts += [CPU_HEAD, *(cpu_row(name, entry) for name, entry in timed.items())] if timed else []
    grown = {name: entry for name, entry in results.items() if entry["figure"] == "growth"}
    parts += [GROWTH_HEAD, *(growth_rows(name, entry) for name, entry in grown.items())] if grown else []
    parts += [ERROR_HEAD, *(error_row(name, entry) for name, entry in judged.items())] if judged else []
    parts += [
        "\n## What was asked, of which versions\n\n",
        *(asked(name, entry) for name, entry in results.items()),
    ]
    return "".join(parts)


def line(name: str, entry: Entry) -> str:
    """One benchmark in one line, for the terminal."""
    target = "" if entry["target"] is None else f", target {entry['target']:.3g}: {verdict(entry)}"
    figures = f"ours {entry['ours']:.3g}, theirs {entry['theirs']:.3g}, ratio {entry['ratio']:.3g}"
    whole = f"; whole process {entry['whole']['ratio']:.3g}" if "whole" in entry else ""
    return f"{name}: {figures}{target}{whole}; {same(entry)}"


def cpu_row(name: str, entry: Entry) -> str:
    target = "" if entry["target"] is None else f"{entry['target']:.3g}"
    whole = entry["whole"]
    cells = (
        name,
        f"{entry['sizes']['rows']:,}",
        f"{entry['ours']:.2f}",
        f"{entry['theirs']:.2f}",
        f"**{entry['ratio']:.3f}**",
        target,
        verdict(entry),
        f"{entry['user']['ratio']:.3f}",
        f"{whole['ours']:.2f} / {whole['theirs']:.2f}",
        f"{whole['ratio']:.3f}",
        f"{entry['rss']['ours']} / {entry['rss']['theirs']}",
        same(entry),
    )
    return f"| {' | '.join(cells)} |\n"


def growth_rows(name: str, entry: Entry) -> str:
    rows = ""
    for size in entry["grown"]:
        steps = ", ".join(f"{step} {size['steps'][step]:.1f}" for step in ("prepare", "views"))
        last = size is entry["grown"][-1]
        judged = (f"**{entry['ours']:.2f}**", f"{entry['theirs']:.2f}", f"{entry['target']}", verdict(entry))
        cells = (
            *(name, f"{size['rows']:,}", f"{size['ours']:.2f}", steps, f"{size['theirs']:.2f}"),
            f"{size['rss']['ours']} / {size['rss']['theirs']}",
            *(judged if last else ("", "", "", "")),
        )
        rows += f"| {' | '.join(cells)} |\n"
    return rows


def error_row(name: str, entry: Entry) -> str:
    rows = ""
    for order, theirs in entry["errors"]["theirs"].items():
        ours, spread = entry["errors"]["ours"].get(order), entry["errors"]["theirs_between_seeds"][order]
        own = "" if ours is None else f"{ours:.1e}"
        rows += f"| {name}, {order} | {own} | {theirs:.2e} | {spread:.2e} "
        rows += f"| {entry['target']:.0e} | {verdict(entry)} |\n"
    return rows


def verdict(entry: Entry) -> str:
    if entry["target"] is None:
        return ""
    return "yes" if entry["met"] else "no"


def same(entry: Entry) -> str:
    """How far both sides gave the same answer."""
    agreement = entry["agreement"]
    differing = [name for name, equal in agreement["equal"].items() if not equal]
    parts = [f"DIFFERENT: {', '.join(differing)}"] if differing else []
    if agreement["equal"] and not differing:
        parts.append("equal: " + ", ".join(agreement["equal"]))
    if agreement["largest_share_difference"] is not None:
        parts.append(f"shares within {agreement['largest_share_difference']:.1e}")
    return "; ".join(parts)


def asked(name: str, entry: Entry) -> str:
    sides = [
        ", ".join(f"{package} {number}" for package, number in entry["versions"][side].items())
        for side in ("ours", "theirs")
    ]
    return f"- **{name}**: {entry['question']}. Ours: {sides[0]}. Theirs: {sides[1]}. {entry['machine']}.\n"
