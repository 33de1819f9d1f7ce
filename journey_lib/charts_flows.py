"""Charts that lay things side by side: journeys flowing from touch to touch, and two groups in one view."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import ROW, Names, _lean, _nothing, _tip, _title, named, path_name
from journey_lib.charts_conformance import GROUP_NAMES, MOVE_NAMES, deviation_name, step_names
from journey_lib.charts_journeys import DAYS, MOVES
from journey_lib.charts_shares import _told
from journey_lib.i18n import text as _
from journey_lib.model import CONVERTED, ENDED, LATER, OPEN, OTHER, START, Result

NAMED = 6  # names that get a band of their own at a step; the others share one
GAP = 0.015  # of the height, between bands
THIN = 0.004  # of all journeys: a ribbon thinner than that cannot be seen
HALF = 0.04  # of the way to the next touch, half the width of a band
LINE = 0.035  # of all journeys: as high as a line of words
LETTERS = 10  # of a name on a line: on a phone there is room for no more
BEND = 5  # points along a ribbon
ENDS = (CONVERTED, ENDED, OPEN, LATER)


def flows(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which way do journeys take, touch by touch? (`journeys.flows`)."""
    question = _("Which way do journeys take, touch by touch?")
    total = result.facts["journeys"]
    if not total:
        return _nothing(question, _("There is no journey in this period."))
    if not result.table["journeys"].notna().any():
        return _nothing(question, _("Too few journeys to be shown."))
    links = _merged(result.table)
    bands = _bands(links, total)
    ribbons, thin = _ribbons(links, bands, total)
    bands = _labelled(bands, names)
    kinds = [_("touch"), _("converted"), _("over or open")]
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[theme.ACCENT, theme.CATEGORIES[1], theme.MUTED]),
        title=None,
        legend=alt.Legend(labelLimit=240),
    )
    steps = int(bands["step"].max())
    across = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0.9, steps + 0.9]))
    up = alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[0, 1.12]))
    streams = (
        alt.Chart(_lean(ribbons, ["link", "x", "low", "high", "kind"]))
        .mark_area(opacity=0.28, interpolate="monotone")
        .encode(x=across, y=up, y2="high:Q", detail="link:N", color=colour)
    )
    corners = ["left", "right", "bottom", "top", "first_line"]
    base = alt.Chart(_lean(bands, ["step", "row", *corners, "part", "of_all", "kind", "label"]))
    told = [
        _tip("step", _("Touch")),
        _tip("row", _("Place")),
        _tip("part", _("Share of all journeys"), ".1%"),
        _tip("of_all", _("Journeys"), ",.0f"),
    ]
    blocks = base.mark_rect().encode(
        x=alt.X("left:Q"),
        x2="right:Q",
        y=alt.Y("bottom:Q"),
        y2="top:Q",
        color=colour,
        tooltip=told,
    )
    words = _words(base, steps).encode(tooltip=told)
    small = _("{n} journeys take ways too thin to be drawn", n=i18n.number(thin)) if thin else ""
    return alt.layer(streams, blocks, words).properties(
        title=_title(question, " · ".join(filter(None, [subtitle, small]))),
        description=_(
            "Flow of {n} journeys from touch to touch; the same numbers stand in the table.",
            n=i18n.number(total),
        ),
        height=420,
    )


def _words(base: alt.Chart, steps: int) -> alt.Chart:
    """The names beside the bands: none reaches the next bands, however wide the page is."""
    room = alt.ExprRef(f"width * {1 - 2 * HALF} / {steps} - 11")
    return base.mark_text(
        style="label", align="left", baseline="middle", dx=7, fontSize=10, limit=room, lineBreak="\n"
    ).encode(x=alt.X("right:Q"), y=alt.Y("first_line:Q"), text="label:N")


def compared(result: Result, names: Names, subtitle: str = "", most: int = 12) -> alt.TopLevelMixin:
    """Where do two groups differ most? (`journeys.compare`)."""
    first, second = (_(name) for name in result.settings["names"])
    question = _("Where do “{a}” and “{b}” differ most?", a=first, b=second)
    told = result.table[result.table["real"] & ~result.table["structural"]].head(most)
    frame = told.dropna(subset=["difference"])
    subtitle = _told(subtitle, len(told) - len(frame))
    if not len(frame):
        return _nothing(question, _("No difference is larger than chance could make it."))
    frame = frame.assign(
        row=[about(row, result, names) for row in frame.to_dict("records")],
        label=[
            f"{_points(a)} : {_points(b)}" for a, b in zip(frame["share_a"], frame["share_b"], strict=True)
        ],
        less=frame["difference"] < 0,
    )
    fields = ["row", "difference", "low", "high", "share_a", "share_b", "of_a", "of_b", "label", "less"]
    base = alt.Chart(_lean(frame, fields))
    y = alt.Y("row:N", sort=frame["row"].tolist(), axis=None)
    x = alt.X(
        "difference:Q",
        title=_("Share in “{a}” less share in “{b}”", a=first, b=second),
        axis=alt.Axis(format="+~%"),
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(style="reference").encode(x="x:Q")
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70, filled=True, opacity=1).encode(
        y=y,
        x=x,
        tooltip=[
            _tip("row", _("Step")),
            _tip("difference", _("Difference"), "+.1%"),
            _tip("low", _("95% from"), "+.1%"),
            _tip("high", _("to"), "+.1%"),
            _tip("share_a", first, ".1%"),
            _tip("of_a", _("out of"), ",.0f"),
            _tip("share_b", second, ".1%"),
            _tip("of_b", _("out of"), ",.0f"),
        ],
    )
    # What a row is about stands above it: beside it, two names would leave a phone no room for the dots.
    heads = base.mark_text(style="label", align="left", dy=-14).encode(y=y, x=alt.value(0), text="row:N")
    left = base.transform_filter(alt.datum.less).mark_text(style="label", align="right", dx=-8)
    right = base.transform_filter("!datum.less").mark_text(style="label", align="left", dx=8)
    numbers = [
        words.encode(y=y, x=end, text="label:N") for words, end in ((left, "low:Q"), (right, "high:Q"))
    ]
    return alt.layer(zero, spans, points, heads, *numbers).properties(
        title=_title(question, subtitle),
        description=_(
            "The {n} largest differences that chance does not explain, with 95% intervals.", n=len(frame)
        ),
        height=alt.Step(2 * ROW - 8),
    )


def about(row: Mapping[Any, Any], result: Result, names: Names) -> str:
    """What one row of a comparison is about, in words: “Zalo › Store”, “after 30 days”, “Aware › skips”."""
    asked = replace(result, settings=result.settings["a"])
    steps = step_names(asked) if "plan" in asked.settings else {}
    return " › ".join(_said(name, row[name], {**names, **steps}) for name in result.settings["key"])


def _said(column: str, value: Any, names: Names) -> str:
    codes = {**MOVE_NAMES, **GROUP_NAMES, **MOVES}
    worded: Mapping[str, Callable[[], str]] = {
        "day": lambda: _("after {days} days", days=value),
        "days": lambda: _(DAYS[float(value)]),
        "deviation": lambda: deviation_name(value, names),
        "path": lambda: path_name(value, names),
        "week": lambda: i18n.date(value),
        "cohort": lambda: i18n.date(value),
        "month": lambda: _("{n} months later", n=value),
        **dict.fromkeys(("move", "kind", "group"), lambda: _(codes.get(value, value))),
        **dict.fromkeys(("what", "side"), lambda: _(value)),
    }
    if column == "step" and not isinstance(value, str):
        return _("touch {n}", n=value)
    return worded[column]() if column in worded else named(pd.Series([str(value)]), names)[0]


def _merged(table: pd.DataFrame) -> pd.DataFrame:
    """Links between the names that matter at each step; all others are ``(other)``, so nothing is lost."""
    met = _met(table)
    touched = met[~met["name"].isin(ENDS)].sort_values(["step", "journeys"], ascending=[True, False])
    kept = set(touched.groupby("step").head(NAMED)[["step", "name"]].itertuples(index=False, name=None))
    kept |= {(step, end) for step in table["step"].unique() for end in ENDS} | {(0, START)}
    sides = {}
    for side, shift in (("from", -1), ("to", 0)):
        places = zip(table["step"] + shift, table[side], strict=True)
        sides[side] = [name if (step, name) in kept else OTHER for step, name in places]
    return table.assign(**sides).groupby(["step", "from", "to"])["journeys"].sum().reset_index()


def _met(links: pd.DataFrame) -> pd.DataFrame:
    """How many journeys are at each name at each step: as many as arrive.

    Of these only who leaves is seen where few people came by each of many ways, and the ways are hidden.
    """
    arriving = links[["step", "to", "journeys"]].rename(columns={"to": "name"})
    leaving = links.loc[links["from"] != START, ["step", "from", "journeys"]].rename(columns={"from": "name"})
    leaving["step"] -= 1
    sides = [side.groupby(["step", "name"])["journeys"].sum() for side in (arriving, leaving)]
    return pd.concat(sides).groupby(level=[0, 1]).max().reset_index()


def _bands(links: pd.DataFrame, total: int) -> pd.DataFrame:
    """Where each name stands at its step: largest at the top, the ends below."""
    bands = _met(links).rename(columns={"journeys": "of_all"})
    bands = bands.assign(
        part=bands["of_all"] / total,
        last=[ENDS.index(name) + 2 if name in ENDS else int(name == OTHER) for name in bands["name"]],
    )
    bands = bands.sort_values(["step", "last", "of_all", "name"], ascending=[True, True, False, True])
    above = bands.groupby("step")["part"].cumsum() + GAP * bands.groupby("step").cumcount()
    return bands.assign(top=1.1 - above + bands["part"], bottom=1.1 - above).reset_index(drop=True)


def _ribbons(links: pd.DataFrame, bands: pd.DataFrame, total: int) -> tuple[pd.DataFrame, int]:
    """The outline of every link wide enough to be seen, and the journeys of the others."""
    inner = links[(links["step"] > 1) & (links["from"] != START)].assign(
        share=lambda f: f["journeys"] / total
    )
    edge = bands.set_index(["step", "name"])["top"]
    rank = {key: place for place, key in enumerate(edge.index)}
    inner = inner.assign(
        left=[rank[step - 1, name] for step, name in zip(inner["step"], inner["from"], strict=True)],
        right=[rank[step, name] for step, name in zip(inner["step"], inner["to"], strict=True)],
    ).sort_values(["left", "right"])
    starts = edge.to_numpy()[inner["left"]] - (inner.groupby("left")["share"].cumsum() - inner["share"])
    inner = inner.assign(start=starts).sort_values(["right", "left"])
    ends = edge.to_numpy()[inner["right"]] - (inner.groupby("right")["share"].cumsum() - inner["share"])
    inner = inner.assign(end=ends)
    wide = inner[inner["share"] >= THIN]
    along = np.linspace(0, 1, BEND)
    curve = along**2 * (3 - 2 * along)
    high = wide["start"].to_numpy()[:, None] * (1 - curve) + wide["end"].to_numpy()[:, None] * curve
    points = pd.DataFrame(
        {
            "link": np.repeat(np.arange(len(wide)), BEND),
            "x": (wide["step"].to_numpy()[:, None] - 1 + HALF + (1 - 2 * HALF) * along).ravel(),
            "high": high.ravel(),
            "low": (high - wide["share"].to_numpy()[:, None]).ravel(),
            "kind": np.repeat([_kind(name) for name in wide["to"]], BEND),
        }
    )
    return points, int(inner["journeys"].sum() - wide["journeys"].sum())


def _labelled(bands: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Bands with their corners, and with the words beside those that are wide enough."""
    bands = bands.assign(
        row=named(bands["name"], names),
        middle=(bands["bottom"] + bands["top"]) / 2,
        left=bands["step"] - HALF,
        right=bands["step"] + HALF,
        kind=[_kind(name) for name in bands["name"]],
    )
    label = [
        _worded(row, share) if share >= 0.012 else ""
        for row, share in zip(bands["row"], bands["part"], strict=True)
    ]
    more = np.array([words.count("\n") for words in label])  # lines after the first hang below it
    return bands.assign(label=label, first_line=bands["middle"] + more * LINE / 2)


def _worded(name: str, share: float) -> str:
    """The words beside a band: on several lines where it is high enough for them."""
    lines = [_points(share), *textwrap.wrap(name, LETTERS)]
    return "\n".join(lines) if len(lines) * LINE <= share else f"{lines[0]} {name}"


def _kind(name: str) -> str:
    return _("converted") if name == CONVERTED else _("over or open") if name in (ENDED, OPEN) else _("touch")


def _points(share: float) -> str:
    return i18n.percent(share, 0 if share >= 0.0995 else 1)
