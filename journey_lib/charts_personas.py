"""Charts of personas: how many there may be, how they differ, what they bring."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import ROW, Names, _lean, _nothing, _shown, _tip, _title, named
from journey_lib.charts_segments import people_and_money
from journey_lib.charts_shares import _rates, step
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result

CELL, LINE = 72, 13
MOST_TRAITS, MOST_CHANNELS = 16, 10


def shares(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which personas are many, and which bring the money? (`personas.sizes`)."""
    question = _("Which personas are many, and which bring the money?")
    frame = _shown(result)
    if not len(frame):
        return _nothing(question, _("No persona was found."))
    rich = frame[["share", "value_share"]].max(axis=1).sort_values(ascending=False, kind="stable")
    frame = frame.loc[rich.index]
    return people_and_money(
        frame,
        _called(frame["persona"], names),
        who=_("Persona"),
        title=_("Share of all customers, and of all revenue"),
    ).properties(
        title=_title(question, subtitle),
        description=_(
            "Shares of customers and of revenue of {n} personas, with 95% intervals.", n=len(frame)
        ),
        height=alt.Step(ROW),
    )


def rates(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which personas buy most often? (`personas.sizes`)."""
    question = _("Which personas buy most often?")
    frame = _shown(result).dropna(subset=["conversion_rate"])
    if not len(frame):
        return _nothing(question, _("No persona was found."))
    frame = frame.assign(
        row=_called(frame["persona"], names),
        few=frame["customers"] < SMALL,
        low=frame["rate_low"],
        high=frame["rate_high"],
        label=[
            f"{i18n.percent(rate)} (n = {i18n.number(n)})"
            for rate, n in zip(frame["conversion_rate"], frame["customers"], strict=True)
        ],
    ).sort_values("conversion_rate", ascending=False)
    return _rates(
        frame,
        frame["row"].tolist(),
        value="conversion_rate",
        title=_("Members who bought in the window"),
        tips=[
            _tip("row", _("Persona")),
            _tip("conversion_rate", _("Members who bought in the window"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("buyers", _("Buyers"), ",.0f"),
            _tip("customers", _("Customers"), ",.0f"),
        ],
    ).properties(
        title=_title(question, subtitle),
        description=_("Shares of members who bought, of {n} personas, with 95% intervals.", n=len(frame)),
        height=step(frame["row"]),
    )


def traits(result: Result, names: Names, titles: Mapping[str, str], subtitle: str = "") -> alt.TopLevelMixin:
    """In what do personas differ most? (`personas.traits`)."""
    question = _("In what do personas differ most?")
    frame = result.table.dropna(subset=["exceeds"])
    if not len(frame):
        return _nothing(question, _("No persona was found."))
    clear = (frame["exceeds_low"] > 0.5) | (frame["exceeds_high"] < 0.5)
    chance = _("Chance to have more of it than somebody else")
    drawn, kept = _heat(frame, clear, names, titles, chance)
    return drawn.properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of {traits} traits of {n} personas: 50 is no difference from others.",
            traits=kept,
            n=frame["persona"].nunique(),
        ),
    )


def changes(result: Result, names: Names, titles: Mapping[str, str], subtitle: str = "") -> alt.TopLevelMixin:
    """In what has each persona changed since last time? (`personas.changes`)."""
    question = _("In what has each persona changed since last time?")
    frame = _shown(result).dropna(subset=["exceeds"])
    frame = frame[frame.groupby("feature")["real"].transform("any")]
    if not len(frame):
        return _nothing(question, _("No trait has changed beyond chance."))
    chance = _("Chance that a member has more of it now than one had then")
    drawn, kept = _heat(frame, frame["real"].astype(bool), names, titles, chance)
    return drawn.properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of {traits} traits of {n} personas, now beside then: 50 is no change.",
            traits=kept,
            n=frame["persona"].nunique(),
        ),
    )


def _heat(
    frame: pd.DataFrame, clear: pd.Series, names: Names, titles: Mapping[str, str], chance: str
) -> tuple[alt.LayerChart | alt.FacetChart, int]:
    """Traits by personas, those that differ most first, and how many; a dot is what may be chance."""
    spread = (frame["exceeds"] - 0.5).abs().groupby(frame["feature"]).max()
    kept = spread.sort_values(ascending=False, kind="stable").index[:MOST_TRAITS]
    frame = frame.assign(clear=clear)[frame["feature"].isin(kept)]
    frame = frame.assign(
        row=[titles.get(name, name) for name in frame["feature"]],
        persona_name=_called(frame["persona"], names),
        persona=_heads(frame["persona"], names),
        label=[
            f"{i18n.number(100 * chance)}" if sure else "·"
            for chance, sure in zip(frame["exceeds"], frame["clear"], strict=True)
        ],
        dark=(frame["exceeds"] - 0.5).abs() > 0.3,
    )
    y = alt.Y(
        "row:N", sort=[titles.get(name, name) for name in kept], title=None, axis=alt.Axis(labelLimit=230)
    )
    x = alt.X(
        "persona:N",
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, labelLimit=CELL),
    )
    cells = _cells(
        frame,
        x,
        y,
        alt.Color(
            "exceeds:Q",
            title=chance,
            scale=alt.Scale(range="diverging", domain=[0, 1], domainMid=0.5),
            legend=alt.Legend(format=".0%", titleLimit=0),
        ),
        [
            _tip("persona_name", _("Persona")),
            _tip("row", _("Trait")),
            _tip("exceeds", chance, ".0%"),
            _tip("exceeds_low", _("95% from"), ".0%"),
            _tip("exceeds_high", _("to"), ".0%"),
            _tip("n", _("Customers"), ",.0f"),
        ],
    )
    return cells.properties(width=alt.Step(CELL), height=alt.Step(ROW)), len(kept)


def credit(result: Result, personas: Names, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which channels stand in the journeys of each persona? (`personas.ways.credit`)."""
    question = _("Which channels stand in the converting journeys of each persona?")
    frame = result.table
    shown = frame.dropna(subset=["share"])
    if not (shown["share"] > 0).any():
        return _nothing(question, _("No persona has conversions enough."))
    most = shown.groupby("channel")["share"].max().sort_values(ascending=False, kind="stable")
    frame = frame[frame["channel"].isin(most.index[:MOST_CHANNELS])]
    frame = frame.assign(
        row=named(frame["channel"], names),
        persona_name=_called(frame["persona"], personas),
        persona=_heads(frame["persona"], personas),
        # blank, a cell of few would look like one of nobody
        label=[_("few") if np.isnan(share) else i18n.percent(share, 0) for share in frame["share"]],
    )
    order = list(dict.fromkeys(frame.sort_values("share", ascending=False)["row"]))
    y = alt.Y("row:N", sort=order, title=None)
    x = alt.X(
        "persona:N",
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, labelLimit=CELL),
    )
    high = 0.6 * float(frame["share"].max())
    frame = frame.assign(dark=frame["share"] > high)
    cells = _cells(
        frame,
        x,
        y,
        alt.Color(
            "share:Q",
            title=_("Share of the persona's conversions"),
            scale=alt.Scale(range="ramp", domainMin=0),
            legend=alt.Legend(format=".0%", titleLimit=0),
        ),
        [
            _tip("persona_name", _("Persona")),
            _tip("row", _("Channel")),
            _tip("share", _("Share of the persona's conversions"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("journeys", _("Converting journeys through it"), ",.0f"),
        ],
    )
    return cells.properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of channel credit within each of {n} personas.", n=frame["persona"].nunique()
        ),
        width=alt.Step(CELL),
        height=alt.Step(ROW),
    )


def journeys(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How often do the journeys of each persona convert? (`journeys.overview` of `personas.ways.groups`)."""
    question = _("How often do the journeys of each persona convert?")
    frame = _shown(result).dropna(subset=["conversion_rate"])
    frame = frame[frame["over"] > 0]
    if not len(frame):
        return _nothing(question, _("No group of journeys is large enough to be shown."))
    frame = frame.assign(
        row=frame["group"],
        few=frame["over"] < SMALL,
        label=[
            f"{i18n.percent(rate)} (n = {i18n.number(n)})"
            for rate, n in zip(frame["conversion_rate"], frame["over"], strict=True)
        ],
    )
    return _rates(
        frame,
        frame.sort_values("conversion_rate", ascending=False)["row"].tolist(),
        value="conversion_rate",
        title=_("Conversion rate"),
        tips=[
            _tip("row", _("Persona")),
            _tip("conversion_rate", _("Conversion rate"), ".2%"),
            _tip("low", _("95% from"), ".2%"),
            _tip("high", _("to"), ".2%"),
            _tip("over", _("Journeys that are over"), ",.0f"),
            _tip("conversions", _("Conversions"), ",.0f"),
        ],
    ).properties(
        title=_title(question, subtitle),
        description=_("Conversion rates of the journeys of {n} personas, with 95% intervals.", n=len(frame)),
        height=step(frame["row"]),
    )


def _cells(
    frame: pd.DataFrame, x: alt.X, y: alt.Y, colour: alt.Color, tips: list[alt.Tooltip]
) -> alt.LayerChart | alt.FacetChart:
    """A heat map with its numbers in; `frame` has a `label`, and `dark` where the colour is strong."""
    ends = [channel["shorthand"].partition(":")[0] for channel in (x, y, colour, *tips)]
    base = alt.Chart(_lean(frame, [*dict.fromkeys(ends), "label", "dark"]))
    words = base.mark_text(fontSize=10).encode(
        x=x,
        y=y,
        text="label:N",
        color=alt.condition("datum.dark", alt.value(theme.ON_HIGH), alt.value(theme.ON_LOW)),
    )
    return alt.layer(base.mark_rect().encode(x=x, y=y, color=colour, tooltip=tips), words)


def _called(codes: pd.Series, names: Names) -> list[str]:
    """Personas by code and name: heat maps have room for the code alone at the head of a column."""
    return [_with_code(str(code), names) for code in codes]


def _heads(codes: pd.Series, names: Names) -> list[str]:
    """What stands at the head of a column: a persona's code, else the name."""
    return [str(code) if str(code)[1:].isdigit() else names.get(str(code), str(code)) for code in codes]


def _with_code(code: str, names: Names) -> str:
    """Segments by rule have no code a reader should know."""
    name = names.get(code, code)
    return f"{code} · {name}" if code[1:].isdigit() else name


def migration(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Where did the members of each persona go since last time? (`personas.migration`)."""
    question = _("Where did the members of each persona go since last time?")
    frame = _shown(result).dropna(subset=["share"])
    if not len(frame):
        return _nothing(question, _("Nobody was placed both times."))
    words = {**names, "": _("none fits"), "gone": _("known too little")}
    frame = frame.assign(
        was=[f"{code} · {names[code]}" if code in names else words[code] for code in frame["before"]],
        became=[code if code in names else words[code] for code in frame["now"]],
        label=[i18n.percent(share, 0) for share in frame["share"]],
        dark=frame["share"] > 0.6 * float(np.nanmax(frame["share"])),
    )
    order = {code: at for at, code in enumerate([*names, ""])}
    rows = frame.assign(at=frame["before"].map(order)).sort_values("at", kind="stable")["was"]
    listed = list(dict.fromkeys(rows))
    # At the head of its column: turned, beside long names, it would lie on them.
    head: dict[str, Any] = {
        "titleAngle": 0,
        "titleAlign": "right",
        "titleAnchor": "end",
        "titleX": -6,
        "titleY": -8,
    }
    y = alt.Y("was:N", title=_("Before"), sort=listed, axis=alt.Axis(**_broken(listed, 32), **head))
    heads = [*(code for code in names if code in set(frame["now"])), words[""], words["gone"]]
    above: dict[str, Any] = {"orient": "top", "labelAngle": 0, "labelBaseline": "top", "labelPadding": 42}
    x = alt.X("became:N", title=_("Now"), sort=heads, axis=alt.Axis(**_broken(heads, 10, up=0), **above))
    cells = _cells(
        frame,
        x,
        y,
        alt.Color(
            "share:Q",
            title=_("Share of the persona before"),
            scale=alt.Scale(range="ramp", domainMin=0),
            legend=alt.Legend(format=".0%", titleLimit=0),
        ),
        [
            _tip("was", _("Before")),
            _tip("became", _("Now")),
            _tip("share", _("Share of the persona before"), ".1%"),
            _tip("customers", _("Customers"), ",.0f"),
        ],
    )
    return cells.properties(
        title=_title(question, subtitle),
        description=_("Heat map of moves between {n} personas.", n=frame["before"].nunique()),
        width=alt.Step(CELL),
        height=alt.Step(ROW + LINE),
    )


def _broken(labels: Iterable[str], width: int, up: float = 0.5) -> dict[str, Any]:
    """How an axis writes labels: in lines of `width` letters at most, moved `up` to stand in the middle."""
    lines = {label: textwrap.wrap(label, width, break_long_words=False) for label in labels}
    said = json.dumps(lines)
    tests = [
        {"test": f"({said}[datum.label] || []).length == {many}", "value": -up * LINE * (many - 1)}
        for many in sorted({len(each) for each in lines.values() if len(each) > 1})
    ]
    offset = {"labelOffset": {"condition": tests, "value": 0}} if tests and up else {}
    expression = {"labelExpr": f"{said}[datum.label] || datum.label"}
    return {**expression, "labelLineHeight": LINE, "labelLimit": 0, **offset}
