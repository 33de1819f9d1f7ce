"""Charts of planned against actual, and how its tables read: the plan's steps under their readers' names."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import SPECIAL, _lean, _nothing, _shown, _tip, _title
from journey_lib.i18n import text as _
from journey_lib.model import OTHER, START, Result

MOVE_NAMES: Mapping[str, str] = {
    "next": "on to the next step",
    "skip": "jumps ahead",
    "early": "came too early",
    "late": "came too late",
    "back": "turns back",
}
GROUP_NAMES: Mapping[str, str] = {
    "conforming": "As planned",
    "deviating": "Not as planned",
    "outside": "Met no step of the plan",
    "(as planned)": "(as planned)",
    "(outside the plan)": "(met no step of the plan)",
}
_ENDS = {
    "journeys": "number",
    "customers": "number",
    "open": "number",
    "conversions": "number",
    "conversion_rate": "percent:2",
    "low": "percent:2",
    "high": "percent:2",
    "value": "money",
    "value_per_conversion": "money",
}
LAYOUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "planned_steps": (
        "What became of every step of the plan",
        {
            "step": "text",
            "followed": "number",
            "followed_share": "percent",
            "low": "percent",
            "high": "percent",
            "skipped": "number",
            "out_of_order": "number",
            "never_reached": "number",
            "open": "number",
            "repeated": "number",
            "customers": "number",
        },
    ),
    "planned_moves": (
        "From one step of the plan to another",
        {
            "from": "text",
            "to": "text",
            "kind": "text",
            "journeys": "number",
            "customers": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
        },
    ),
    "deviations": ("In which ways journeys leave the plan", {"deviation": "text", **_ENDS}),
    "plan_outcomes": ("How journeys ended, as planned or not", {"group": "text", **_ENDS}),
    "plan_outcomes_by_reach": (
        "How journeys that got equally far ended",
        {"reached": "text", "group": "text", **_ENDS},
    ),
}


def step_names(result: Result) -> dict[str, str]:
    """What readers call the steps of the plan a result was made with, the start of a journey included."""
    steps = result.settings["plan"]["steps"]
    return {START: _(SPECIAL[START])} | {
        step["step"]: step["label"].get(i18n.language(), step["step"]) for step in steps
    }


def worded(frame: pd.DataFrame, result: Result) -> pd.DataFrame:
    """The table of a conformance result with steps and deviations as their readers call them."""
    names = step_names(result)
    for column in {"step", "reached", "from", "to"} & set(frame):
        frame = frame.assign(**{column: [names[step] for step in frame[column]]})
    if "deviation" in frame:
        frame = frame.assign(deviation=[deviation_name(pattern, names) for pattern in frame["deviation"]])
    return frame


def deviation_name(pattern: str, names: Mapping[str, str]) -> str:
    """A pattern of deviations in words: ``skipped:compare + unplanned`` is “skips Compare; contacts …”."""
    if pattern in GROUP_NAMES or pattern == OTHER:
        return _(GROUP_NAMES.get(pattern, SPECIAL[OTHER]))
    return "; ".join(_deviation(word, names) for word in pattern.split(" + "))


def _deviation(word: str, names: Mapping[str, str]) -> str:
    kind, _colon, code = word.partition(":")
    step = names.get(code, code)
    if kind == "skipped":
        return _("skips “{step}”", step=step)
    if kind == "out_of_order":
        return _("“{step}” out of order", step=step)
    if kind == "repeated":
        return _("“{step}” more than once", step=step)
    return _("contacts outside the plan")


def deviation_diagram(steps: Result, moves: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How far do journeys go as planned? (`conformance.score` and `conformance.moves`).

    Steps stand from left to right, filled as far as journeys followed them. Arcs above jump over steps, arcs
    below turn back to one; they are as thick as the journeys that took them are many.
    """
    question = _("How far do journeys go as planned?")
    if not (steps.table["followed"] > 0).any():
        return _nothing(question, _("No step of the plan was followed by enough customers to be shown."))
    names = step_names(steps)
    order = [code for code in names if code != START]
    boxes = _boxes(steps, names, order)
    arcs, heads, rare = _arcs(moves, names, order)
    kinds = [_(MOVE_NAMES["next"]), _(MOVE_NAMES["skip"]), _(MOVE_NAMES["back"])]
    layers = [*_box_layers(boxes), *_arc_layers(arcs, heads, kinds)] if len(arcs) else _box_layers(boxes)
    left_out = _("{n} rarer moves are not drawn", n=i18n.number(rare)) if rare else ""
    followed = ", ".join(f"{names[code]}: {label}" for code, label in zip(order, boxes["label"], strict=True))
    skipped = int(arcs.loc[arcs["kind_name"] == kinds[1], "arc"].nunique()) if len(arcs) else 0
    turned = int(arcs.loc[arcs["kind_name"] == kinds[2], "arc"].nunique()) if len(arcs) else 0
    return alt.layer(*layers).properties(
        title=_title(question, " · ".join(filter(None, [subtitle, left_out]))),
        description=_(
            "The {n} steps of the plan from left to right with the share of journeys that followed each:"
            " {followed}. {skipped} arcs above jump over steps, {turned} below turn back.",
            n=len(order),
            followed=followed,
            skipped=skipped,
            turned=turned,
        ),
        height=400,
    )


def outcomes_by_reach(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """Do journeys as planned convert more often? (`conformance.outcomes_by_reach`)."""
    question = _("Do journeys that go as planned convert more often than others that got equally far?")
    names = step_names(result)
    frame = _shown(result).dropna(subset=["conversion_rate"])
    if not len(frame):
        return _nothing(question, _("No step was reached by enough customers to be compared."))
    frame = frame.assign(
        step_name=lambda f: [names[step] for step in f["reached"]],
        group_name=lambda f: [_(GROUP_NAMES[group]) for group in f["group"]],
    )
    groups = [_(GROUP_NAMES[group]) for group in ("conforming", "deviating")]
    scale = alt.Scale(domain=groups)
    order = [name for name in names.values() if name in set(frame["step_name"])]
    fields = ["step_name", "group_name", "conversion_rate", "low", "high", "over", "conversions"]
    base = alt.Chart(_lean(frame, fields)).encode(
        y=alt.Y("step_name:N", sort=order, title=_("Last step reached")),
        yOffset=alt.YOffset("group_name:N", sort=groups),
        color=alt.Color("group_name:N", scale=scale, title=None),
    )
    axis = alt.Axis(format=".1%")
    spans = base.mark_rule(strokeWidth=1.5).encode(
        x=alt.X("low:Q", title=_("Conversion rate"), axis=axis), x2="high:Q"
    )
    points = base.mark_point(size=44, filled=True).encode(
        x=alt.X("conversion_rate:Q", title=_("Conversion rate"), axis=axis),
        shape=alt.Shape("group_name:N", scale=scale, title=None),
        tooltip=[
            _tip("step_name", _("Last step reached")),
            _tip("group_name", _("Journeys")),
            _tip("conversion_rate", _("Conversion rate"), ".2%"),
            _tip("low", _("95% from"), ".2%"),
            _tip("high", _("to"), ".2%"),
            _tip("over", _("Journeys that are over"), ",.0f"),
            _tip("conversions", _("Conversions"), ",.0f"),
        ],
    )
    return alt.layer(spans, points).properties(
        title=_title(question, subtitle),
        description=_(
            "Conversion rates of journeys as planned and not as planned, by the last of {n} steps they"
            " reached, with 95% intervals.",
            n=len(order),
        ),
        height=alt.Step(19),
    )


HALF = 0.34  # of a box's width; boxes stand one apart
MOST_ARCS = 12  # over the boxes, and as many under them: more could not be told apart
BELOW = -0.62  # where arcs that turn back begin, under the names of the steps
RISE = 1.3  # of the widest arc, in heights of a box
_X, _Y = (alt.Axis(labels=False, grid=False, title=None),) * 2


def _boxes(steps: Result, names: Mapping[str, str], order: list[str]) -> pd.DataFrame:
    hidden = steps.table["followed"].isna()
    width = 12 if len(order) < 7 else 6
    share = steps.table["followed_share"].fillna(0.0)
    return steps.table.assign(
        x=[order.index(code) for code in steps.table["step"]],
        left=lambda f: f["x"] - HALF,
        right=lambda f: f["x"] + HALF,
        bottom=0.0,
        top=1.0,
        filled=share,
        high_end=share > 0.75,
        step_name=[
            "\n".join(textwrap.wrap(names[code], width, break_long_words=False))
            for code in steps.table["step"]
        ],
        label=["–" if gone else i18n.percent(part) for gone, part in zip(hidden, share, strict=True)],
    )


def _box_layers(boxes: pd.DataFrame) -> list[alt.LayerChart | alt.Chart]:
    counts = ["followed", "skipped", "out_of_order", "never_reached", "journeys"]
    spots = ["x", "left", "right", "bottom", "top", "filled", "high_end", "step_name", "label"]
    base = alt.Chart(_lean(boxes, [*spots, *counts]))
    x, y = alt.X("left:Q", axis=_X), alt.Y("bottom:Q", axis=_Y)
    frames = base.mark_rect(fill=theme.PAPER, stroke=theme.INK, strokeWidth=1).encode(
        x=x,
        x2="right:Q",
        y=y,
        y2="top:Q",
        tooltip=[
            _tip("step_name", _("Step")),
            _tip("followed", _("Followed"), ",.0f"),
            _tip("skipped", _("Skipped"), ",.0f"),
            _tip("out_of_order", _("Out of order"), ",.0f"),
            _tip("never_reached", _("Never reached"), ",.0f"),
            _tip("journeys", _("Journeys"), ",.0f"),
        ],
    )
    fills = base.mark_rect(fill=theme.ACCENT, tooltip=None).encode(x=x, x2="right:Q", y=y, y2="filled:Q")
    names = base.mark_text(
        baseline="top", dy=6, lineBreak="\n", fontWeight=600, fontSize=12 if len(boxes) < 9 else 9
    ).encode(x="x:Q", y=y, text="step_name:N")
    words = base.mark_text(style="label").encode(x="x:Q", text="label:N")
    inside = words.transform_filter("datum.high_end").mark_text(dy=12, color=theme.ON_HIGH)
    above = words.transform_filter("!datum.high_end").mark_text(dy=-9)
    begin = pd.DataFrame({"x": [-1], "y": [0.5], "name": [_(SPECIAL[START])]})
    start = (
        alt.Chart(begin)
        .mark_text(baseline="top", dy=14, style="label")
        .encode(x="x:Q", y="y:Q", text="name:N")
    )
    # A layer without a mark has no extent, which Vega tells the console of whoever reads the page.
    sides = [side for high, side in ((True, inside), (False, above)) if (boxes["high_end"] == high).any()]
    return [start, frames, fills, names, *(side.encode(y="filled:Q") for side in sides)]


def _arcs(
    moves: Result, names: Mapping[str, str], order: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The points of every arc from its beginning to its end, and one row for its head and label.

    The arcs most travelled are drawn; how many are not comes with them.
    """
    shown = _shown(moves)
    shown = shown.assign(back=shown["kind"].isin(["early", "late"]))
    # One journey turns back between two steps because of one of them, so that the two kinds add up.
    shown = shown.groupby(["from", "to", "back"], as_index=False, sort=False)[["journeys", "share"]].sum()
    points, heads = [], []
    place = {START: -1, **{code: number for number, code in enumerate(order)}}
    apart = shown["to"].map(place).astype("int64") - shown["from"].map(place).astype("int64")
    rank = shown["journeys"].groupby(np.sign(apart - 1)).rank(method="first", ascending=False)
    rare = int((rank[apart != 1] > MOST_ARCS).sum())
    shown = shown[(apart == 1) | (rank <= MOST_ARCS)]
    for number, row in enumerate(shown.to_dict("records")):
        a, b = place[row["from"]], place[row["to"]]
        line = {
            "arc": number,
            "carried": row["journeys"],
            "kind_name": _(MOVE_NAMES["back" if row["back"] else "next" if b == a + 1 else "skip"]),
        }
        x, y = _curve(a, b, len(order))
        points += [
            line | {"x": round(px, 2), "y": round(py, 3), "at": at}
            for at, (px, py) in enumerate(zip(x, y, strict=True))
        ]
        middle = len(x) // 2
        heads.append(
            line
            | {"from_name": names[row["from"]], "to_name": names[row["to"]], "part": row["share"]}
            | {"x": x[-1], "y": y[-1], "middle": x[middle], "peak": y[middle]}
            | {"label": i18n.number(row["journeys"])}
        )
    return pd.DataFrame(points), pd.DataFrame(heads), rare


def _curve(a: int, b: int, steps: int) -> tuple[list[float], list[float]]:
    """Straight to the next step, over the boxes to one further on, and under them back."""
    if b == a + 1:
        return [a + (HALF if a >= 0 else 0.1), (a + b) / 2, b - HALF], [0.5] * 3
    t = np.linspace(0, 1, 13)
    rise = RISE * abs(b - a) / steps * 4 * t * (1 - t)
    forth = b > a
    x = (a + 0.12) + t * (b - a - 0.24) if forth else (a - 0.12) + t * (b - a + 0.24)
    y = (1.02 if a >= 0 else 0.5) + t * (0 if a >= 0 else 0.52) + rise if forth else BELOW - rise
    return x.tolist(), y.tolist()


def _arc_layers(arcs: pd.DataFrame, heads: pd.DataFrame, kinds: list[str]) -> list[Any]:
    colour = alt.Color("kind_name:N", scale=alt.Scale(domain=kinds), title=None)
    width = alt.Size("carried:Q", scale=alt.Scale(range=[1, 14], domainMin=0, nice=False), legend=None)
    tips = [
        _tip("from_name", _("from")),
        _tip("to_name", _("to")),
        _tip("carried", _("Journeys"), ",.0f"),
        _tip("part", _("Share of journeys"), ".1%"),
    ]
    lines = (
        alt.Chart(_lean(arcs, arcs.columns.tolist()))
        .mark_line(opacity=0.55, strokeCap="butt")
        .encode(
            x=alt.X("x:Q", axis=_X),
            y=alt.Y("y:Q", axis=_Y),
            order="at:O",
            detail="arc:N",
            color=colour,
            strokeDash=alt.StrokeDash(
                "kind_name:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [1, 0], [6, 3]]), title=None
            ),
            size=width,
        )
    )
    base = alt.Chart(_lean(heads, heads.columns.tolist()))
    shape = alt.Shape(
        "kind_name:N",
        scale=alt.Scale(domain=kinds, range=["triangle-right", "triangle-down", "triangle-up"]),
        title=None,
    )
    ends = base.mark_point(filled=True, size=70, opacity=1).encode(
        x="x:Q", y="y:Q", color=colour, shape=shape, tooltip=tips
    )
    words = base.mark_text(dy=-8, fontSize=10).encode(x="middle:Q", y="peak:Q", text="label:N")
    halo = words.mark_text(dy=-8, fontSize=10, stroke=theme.PAPER, strokeWidth=4)
    return [lines, ends, halo, words]
