"""Charts of personas: how many there may be, how they differ, what they bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.card_lines import first_capital
from journey_lib.charts import ROW, Names, _lean, _nothing, _shown, _tip, _title, named
from journey_lib.charts_segments import people_and_money
from journey_lib.charts_shares import LINE, _rates, _told, broken, step, wrapped
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result

CELL, HEADS, LETTER = 72, 530, 6  # pixels: of a column, of all columns together, of a letter
TRAIT = 28  # letters of a trait in one line
MOST_TRAITS, MOST_CHANNELS = 16, 10


def shares(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which personas are many, and which bring the money? (`personas.sizes`)."""
    frame = _shown(result)
    question = _asked(
        frame,
        _("Which personas are many, and which bring the money?"),
        _("Which segments are many, and which bring the money?"),
    )
    if not len(frame):
        return _nothing(question, _("No persona was found."))
    subtitle = _told(subtitle, len(result.table) - len(frame))
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
    subtitle = _told(subtitle, len(result.table) - len(frame))
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
    frame = result.table.dropna(subset=["exceeds"])
    question = _asked(frame, _("In what do personas differ most?"), _("In what do segments differ most?"))
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
    frame = _shown(result).dropna(subset=["exceeds"])
    question = _asked(
        frame,
        _("In what has each persona changed since last time?"),
        _("In what has each segment changed since last time?"),
    )
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
    listed = [titles.get(name, name) for name in kept]
    y = alt.Y("row:N", sort=listed, title=None, axis=alt.Axis(**broken(listed, TRAIT)))
    x, cell = _columns(frame["persona"])
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
    return cells.properties(width=alt.Step(cell), height=step(listed, TRAIT)), len(kept)


def credit(result: Result, personas: Names, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which channels stand in the journeys of each persona? (`personas.ways.credit`)."""
    frame = result.table
    question = _asked(
        frame,
        _("Which channels stand in the converting journeys of each persona?"),
        _("Which channels stand in the converting journeys of each segment?"),
    )
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
    x, cell = _columns(frame["persona"])
    high = 0.6 * float(frame["share"].max())
    frame = frame.assign(dark=frame["share"] > high)
    cells = _cells(
        frame,
        x,
        y,
        alt.Color(
            "share:Q",
            title=_("Share of the group's conversions"),
            scale=alt.Scale(range="ramp", domainMin=0),
            legend=alt.Legend(format=".0%", titleLimit=0),
        ),
        [
            _tip("persona_name", _("Persona")),
            _tip("row", _("Channel")),
            _tip("share", _("Share of the group's conversions"), ".1%"),
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
        width=alt.Step(cell),
        height=alt.Step(ROW),
    )


def journeys(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How often do the journeys of each persona convert? (`journeys.overview` of `personas.ways.groups`)."""
    question = _("How often do the journeys of each persona convert?")
    over = result.table[result.table["over"] != 0]  # of those nobody's journey is over, there is no rate
    frame = _shown(result).dropna(subset=["conversion_rate"])
    frame = frame[frame["over"] > 0]
    subtitle = _told(subtitle, len(over) - len(frame))
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


def _asked(frame: pd.DataFrame, of_personas: str, of_segments: str) -> str:
    """The question as it is asked of these groups: segments by rule are no personas."""
    return of_personas if all(_coded(str(code)) for code in frame["persona"]) else of_segments


def _coded(code: str) -> bool:
    return code[1:].isdigit()


def _columns(heads: pd.Series) -> tuple[alt.X, int]:
    """Groups side by side under their whole names, and how wide a column is: many have to fit a page."""
    names = [str(name) for name in dict.fromkeys(heads)]
    cell = max(min(CELL, HEADS // len(names)), 40)
    axis = broken(names, cell // LETTER, up=0)
    tall = max(len(lines) for lines in wrapped(names, cell // LETTER).values())
    above: dict[str, Any] = {"orient": "top", "labelAngle": 0, "labelBaseline": "top"}
    above |= {"labelFontSize": 11 if cell == CELL else 10, "labelPadding": 4 + LINE * tall}
    return alt.X("persona:N", title=None, axis=alt.Axis(**above, **axis)), cell


def _called(codes: pd.Series, names: Names) -> list[str]:
    """Personas by code and name: heat maps have room for the code alone at the head of a column."""
    return [_with_code(str(code), names) for code in codes]


def _heads(codes: pd.Series, names: Names) -> list[str]:
    """What stands at the head of a column: a persona's code, else the name."""
    return [str(code) if _coded(str(code)) else names.get(str(code), str(code)) for code in codes]


def groups(names: Names) -> dict[str, str]:
    """What the groups of journeys are called: personas as heat maps call them, and all who are in none."""
    return {**{code: _with_code(code, names) for code in names}, "": in_none()}


def in_none() -> str:
    """What a row of all who are in none of the groups is called."""
    return first_capital(_("in none of these"))


def _with_code(code: str, names: Names) -> str:
    """Segments by rule have no code a reader should know."""
    name = names.get(code, code)
    return f"{code} · {name}" if _coded(code) else name


def migration(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Where did the members of each persona go since last time? (`personas.migration`)."""
    question = _("Where did the members of each persona go since last time?")
    frame = _shown(result).dropna(subset=["share"])
    subtitle = _told(subtitle, int(result.table["customers"].isna().sum()))
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
    y = alt.Y("was:N", title=_("Before"), sort=listed, axis=alt.Axis(**broken(listed, 32), **head))
    heads = [*(code for code in names if code in set(frame["now"])), words[""], words["gone"]]
    above: dict[str, Any] = {"orient": "top", "labelAngle": 0, "labelBaseline": "top", "labelPadding": 42}
    x = alt.X("became:N", title=_("Now"), sort=heads, axis=alt.Axis(**broken(heads, 10, up=0), **above))
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
