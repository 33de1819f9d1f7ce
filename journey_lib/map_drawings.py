"""The drawn parts of a journey map: the curve of feelings with its interval, and the arcs of the flows.

In shares of the width of the map and from 0 (top) to 100 (bottom): the page and the still put it into their
own measures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from journey_lib import i18n
from journey_lib.i18n import text as _
from journey_lib.journey_map import Flow, Map

SAMPLES = 12  # points of a curve in half a column
NOW = "feeling_now"
# Lines of a sheet of paper, letters of a line across the map, and how small or large it may be drawn.
LINES_OF, LETTERS, SMALLEST, LARGEST = 61.5, 270, 0.6, 1.25
HEAD = 500  # letters of a head that leaves room
# Entries of a cell that a sheet keeps, step by step, where it would be too small to read with all of them.
KEPT = (6, 4, 3)
LEAST = 0.01  # a flow of a smaller share is said in words only


@dataclass(frozen=True)
class Piece:
    """What one column shows of a curve: paths of the line and of its band, in a box of 100 × 100."""

    line: str
    band: str


@dataclass(frozen=True)
class Arc:
    """One flow as an arc between the middles of two columns, as high as it leaps, as wide as its share."""

    flow: Flow
    start: float
    end: float
    height: float
    width: float


def level(score: float) -> float:
    """How far from the top a feeling lies, from 8 (very good) to 92 (very bad)."""
    return 50 - 42 * score


def smooth(values: Sequence[float], at: Sequence[float]) -> list[float]:
    """A curve through values at 0, 1, 2 …, read at other places; it never leaves the range of two neighbours.

    Monotone cubic interpolation (Fritsch and Carlson 1980): a curve that overshot would show feelings nobody
    has told of.
    """
    y = np.asarray(values, float)
    if len(y) == 1:
        return [float(y[0])] * len(at)
    steps = np.diff(y)
    slope = np.empty(len(y))
    slope[0], slope[-1] = steps[0], steps[-1]
    slope[1:-1] = np.where(steps[:-1] * steps[1:] > 0, (steps[:-1] + steps[1:]) / 2, 0.0)
    for k, step in enumerate(steps):
        if step == 0:
            slope[k] = slope[k + 1] = 0.0
            continue
        size = np.hypot(slope[k] / step, slope[k + 1] / step)
        if size > 3:
            slope[k], slope[k + 1] = 3 * slope[k] / size, 3 * slope[k + 1] / size
    out = []
    for x in at:
        k = min(max(int(np.floor(x)), 0), len(y) - 2)
        t = min(max(x - k, 0.0), 1.0)
        value = (1 + 2 * t) * (1 - t) ** 2 * y[k] + t * (1 - t) ** 2 * slope[k]
        value += t**2 * (3 - 2 * t) * y[k + 1] + t**2 * (t - 1) * slope[k + 1]
        out.append(float(value))
    return out


def feelings(whole: Map, name: str = "") -> list[tuple[float, float | None, float | None] | None]:
    """How customers feel at every stage: score, low, high; None where the map does not say."""
    found: list[tuple[float, float | None, float | None] | None] = []
    for code in whole.codes:
        cell = whole.at(code, "feeling")
        said = [e for e in (() if cell is None else cell.entries) if e.number is not None and e.name == name]
        number = said[0].number if said else None
        found.append(None if number is None else (number.value, number.low, number.high))
    return found


def curve(points: Sequence[tuple[float, float | None, float | None] | None]) -> list[Piece]:
    """The curve of feelings, column by column; broken where a stage has none."""
    lines: list[list[list[tuple[float, float]]]] = [[] for _ in points]
    bands: list[list[str]] = [[] for _ in points]
    for start, run in _runs(points):
        scores = [score for score, _low, _high in run]
        lows = [score if low is None else low for score, low, _high in run]
        highs = [score if high is None else high for score, _low, high in run]
        for offset in range(len(run)):
            column = start + offset
            first, last = max(offset - 0.5, 0.0), min(offset + 0.5, len(run) - 1.0)
            at = [float(x) for x in np.linspace(first, last, 2 * SAMPLES + 1)] if last > first else []
            across = [100 * (x - offset + 0.5) for x in at]
            lines[column].append(_placed(across, smooth(scores, at)))
            upper, lower = _placed(across, smooth(highs, at)), _placed(across, smooth(lows, at))
            if upper != lower:
                bands[column].append(_path([*upper, *reversed(lower)]) + "Z")
    return [
        Piece("".join(_path(part) for part in line if part), "".join(band))
        for line, band in zip(lines, bands, strict=True)
    ]


def arcs(whole: Map, *, forward: bool) -> list[Arc]:
    """The flows forward (next, skip) or back as arcs, the widest first; those under `LEAST` are left out."""
    ways = ("next", "skip") if forward else ("back",)
    shown = [flow for flow in whole.flows if flow.way in ways and flow.share >= LEAST]
    place = {code: number for number, code in enumerate(whole.codes)}
    longest = max((abs(place[f.target] - place[f.source]) for f in shown), default=1)
    most = max((flow.share for flow in whole.flows if flow.way != "repeat"), default=1.0)
    found = []
    for flow in sorted(shown, key=lambda each: -each.share):
        start, end = place[flow.source] + 0.5, place[flow.target] + 0.5
        leap = abs(end - start)
        height = 34 + 50 * (leap - 1) / max(longest - 1, 1)
        found.append(Arc(flow, start, end, height, 1.2 + 9 * flow.share / most))
    return found


def mouth(score: float) -> str:
    """The mouth of a face that feels so, in a box of 24 × 24."""
    bend = 15.5 + 5 * score
    corner = 15.5 - 1.5 * score
    return f"M7.5 {corner:.2f}Q12 {bend:.2f} 16.5 {corner:.2f}"


def fit(rows: list[dict[str, Any]], columns: int, *, head: int) -> float:
    """How large a map is drawn for it to fill one sheet of paper: the largest at which its lines may fit.

    Drawn smaller, a sheet holds more lines and each of them more letters. `rows` are those of the page,
    `head` is how many letters stand above them: under a long head nothing is drawn larger than it is.
    """
    sizes = [
        size / 100
        for size in range(round(100 * (LARGEST if head <= HEAD else 1)), round(100 * SMALLEST) - 1, -1)
    ]
    fits = (size for size in sizes if _tall(rows, LETTERS / columns / size) <= LINES_OF / size)
    return next(fits, SMALLEST)


def strip(whole: Map, called: Mapping[str, str], *, forward: bool) -> dict[str, Any]:
    """The arcs of one strip, and in words everything that flows this way, drawn or not."""
    size = len(whole.stages)
    drawn = []
    for arc in arcs(whole, forward=forward):
        base, peak = (100.0, 100 - arc.height) if forward else (0.0, arc.height)
        middle = (arc.start + arc.end) / 2
        drawn.append(
            {
                "path": f"M{100 * arc.start:.0f} {base:.0f}C{100 * arc.start:.0f} {_bend(base, peak):.1f} "
                f"{100 * arc.end:.0f} {_bend(base, peak):.1f} {100 * arc.end:.0f} {base:.0f}",
                "width": round(arc.width, 1),
                "skips": arc.flow.way == "skip",
                "left": round(100 * middle / size, 2),
                "end": round(100 * arc.end / size, 2),
                "top": round(peak, 1),
                "share": i18n.percent(arc.flow.share),
            }
        )
    ways = ("next", "skip") if forward else ("back",)
    words = [
        _(
            "from {source} to {target}: {share} of the steps ({low}–{high}, n = {n})",
            source=called[flow.source],
            target=called[flow.target],
            share=i18n.percent(flow.share),
            low=i18n.percent(flow.low),
            high=i18n.percent(flow.high),
            n=i18n.number(flow.of),
        )
        for flow in whole.flows
        if flow.way in ways
    ]
    label = _("Go on") if forward else _("Turn back")
    return {"drawn": drawn, "words": words, "label": label, "way": "forward" if forward else "back"}


def _bend(base: float, peak: float) -> float:
    """Where the handles of an arc lie for it to reach `peak`: a cubic comes three quarters of the way."""
    return base + (peak - base) / 0.75


def shorten(groups: list[dict[str, Any]], *, by_evidence: bool) -> None:
    """Say of every entry, and every group, at which step of shortening paper leaves it out; 0 for never.

    `by_evidence`: the first of every kind of evidence goes before the second of any. Nothing is left out for
    a line that says that one is.
    """
    order = [(rank, place) for place, group in enumerate(groups) for rank in range(len(group["entries"]))]
    steps = [(step, most) for step, most in enumerate(KEPT, start=1) if len(order) > most + 1]
    for kept, (rank, place) in enumerate(sorted(order) if by_evidence else order):
        late = next((step for step, most in steps if kept >= most), 0)
        groups[place]["entries"][rank]["late"] = late
    for group in groups:
        group["late"] = group["entries"][0]["late"]


def left_out(groups: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """For every step of shortening that leaves something of a cell out, how many entries."""
    size = sum(len(group["entries"]) for group in groups)
    return [(step, size - most) for step, most in enumerate(KEPT, start=1) if size > most + 1]


def _tall(rows: list[dict[str, Any]], across: float) -> float:
    """How many lines the rows of a map may take, of `across` letters in a cell."""
    lines = 0.0
    for row in rows:
        if "lane" not in row:
            lines += 1.8
            continue
        cells = [sum(_lines(group, row["lane"], across) for group in cell["groups"]) for cell in row["cells"]]
        drawn = any(cell["feeling"] for cell in row["cells"])
        lines += 1 + max([1.0, *cells]) + (4.5 if drawn else 0)
    return lines


def _lines(group: Mapping[str, Any], lane: str, across: float) -> float:
    """Lines that the entries of one kind of evidence may take in a cell, their mark included."""
    lines, last = 0.0, 0.0
    for each in group["entries"]:
        letters = sum(
            len(each[part]) for part in ("text", "value", "interval", "base", "owner", "judged", "due")
        )
        aimed = each["target"] is not None and each["target"]["state"] != "aim"
        letters += 30 if aimed else 6
        lines += math.ceil(letters / across) * (1.3 if lane in ("kpi", "time") else 1.0)
        last = letters % across
    mark = group["mark"]
    beside = len(group["entries"]) == 1 and last + len(mark["word"]) + len(mark["detail"]) < across
    return lines + (0.1 if beside else 0.4) + (0.9 if mark["past"] else 0)


def _runs(
    points: Sequence[tuple[float, float | None, float | None] | None],
) -> list[tuple[int, list[tuple[float, float | None, float | None]]]]:
    """Stretches of stages that have a feeling, each with where it starts."""
    found: list[tuple[int, list[tuple[float, float | None, float | None]]]] = []
    for number, point in enumerate(points):
        if point is None:
            continue
        if found and found[-1][0] + len(found[-1][1]) == number:
            found[-1][1].append(point)
        else:
            found.append((number, [point]))
    return found


def _placed(across: Sequence[float], scores: Sequence[float]) -> list[tuple[float, float]]:
    return [(x, level(score)) for x, score in zip(across, scores, strict=True)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
