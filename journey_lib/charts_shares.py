"""What charts of shares have in common: dots with intervals, and how shares and long names are written."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import ROW, _lean
from journey_lib.i18n import text as _

LONG = 32  # letters of a name from which on it takes two lines
LINE = 13  # pixels from one line of a name to the next


def step(names: Iterable[str], long: int = LONG) -> alt.Step:
    """How high a row is: those of names of more than `long` letters have two lines."""
    return alt.Step(ROW + 8 if any(len(name) > long for name in names) else ROW)


def wrapped(labels: Iterable[str], width: int) -> dict[str, list[str]]:
    """Each label in lines of `width` letters at most; a longer word is left whole."""
    return {label: textwrap.wrap(label, width, break_long_words=False) or [label] for label in labels}


def broken(labels: Iterable[str], width: int, up: float = 0.5) -> dict[str, Any]:
    """How an axis writes labels: in lines of `width` letters at most, moved `up` to stand in the middle."""
    lines = wrapped(labels, width)
    said = json.dumps(lines)
    tests = [
        {"test": f"({said}[datum.label] || []).length == {many}", "value": -up * LINE * (many - 1)}
        for many in sorted({len(each) for each in lines.values() if len(each) > 1})
    ]
    offset = {"labelOffset": {"condition": tests, "value": 0}} if tests and up else {}
    expression = {"labelExpr": f"{said}[datum.label] || datum.label"}
    return {**expression, "labelLineHeight": LINE, "labelLimit": 0, **offset}


def two_lines(at: str = ", ") -> alt.Axis:
    """An axis on which a long name is broken `at` its first pause: cut, two of them may look alike."""
    long = f"length(datum.label) > {LONG}"
    broken = f"split(replace(datum.label, '{at}', '{at.strip()}\\n'), '\\n')"
    return alt.Axis(
        labelLimit=240,
        labelLineHeight=LINE,
        labelExpr=f"{long} ? {broken} : datum.label",
        # lines hang from the middle of the row: half of one up, and both stand about it
        labelOffset={"condition": {"test": long, "value": -6.5}, "value": 0},
    )


def _rates(
    frame: pd.DataFrame, order: Sequence[str], *, value: str, title: str, tips: list[alt.Tooltip]
) -> alt.LayerChart | alt.FacetChart:
    """Shares as dots with their intervals and their number; those of small groups muted."""
    fields = dict.fromkeys(
        [*(tip["shorthand"].partition(":")[0] for tip in tips), value, "low", "high", "few"]
    )
    base = alt.Chart(_lean(frame, [*fields, "label"]))
    y = alt.Y("row:N", sort=list(order), title=None, axis=two_lines())
    x = alt.X(f"{value}:Q", title=title, axis=alt.Axis(format="~%"), scale=alt.Scale(zero=True))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70, filled=True, opacity=1).encode(
        y=y,
        x=x,
        color=alt.condition("datum.few", alt.value(theme.MUTED), alt.value(theme.ACCENT)),
        tooltip=tips,
    )
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="high:Q", text="label:N")
    return alt.layer(spans, points, words)


def _told(subtitle: str, hidden: int) -> str:
    """The line under a title, and that some of what is asked is `hidden`: a chart shows no gap by itself."""
    if not hidden:
        return subtitle
    said = _("{n} not shown: they would tell of too few people", n=i18n.number(hidden))
    return " · ".join(filter(None, [subtitle, said]))


def _exact(share: float) -> str:
    """A percentage with the digits a small one needs."""
    return i18n.percent(share, 0 if share >= 0.0995 else 1 if share >= 0.00995 else 2)


def _of(share: float, n: float) -> str:
    return f"{_exact(share)} (n = {i18n.number(n)})"


def whole_percent(share: float) -> str:
    """A share as it is written into a cell: nothing where it rounds to nothing."""
    return i18n.number(100 * share) if share >= 0.005 else ""
