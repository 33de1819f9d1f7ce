"""Charts of touchpoints: how far they reach, what follows, where journeys end, what is known and what not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import ROW, Names, _heat_map, _lean, _nothing, _shown, _tip, _title, named
from journey_lib.charts_journeys import CELL
from journey_lib.charts_shares import _exact, _of, _rates, _told, whole_percent
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result
from journey_lib.words_touchpoints import ANSWERS, PLACES, WORDS, spoken

MOST = 20  # touchpoints in a list: more than anybody compares
LABELLED = 6  # touchpoints whose name is written beside their dot, for each way of standing out
FACTORS = {"behaviour": "Behaviour", "emotion": "Emotion", "pain": "Pain", "valence": "In all"}


def reach_and_conversion(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How far does each touchpoint reach, and how often do journeys through it convert? (`inventory`)."""
    question = _("How far does each touchpoint reach, and how often do journeys through it convert?")
    frame = _shown(result)
    frame = frame[(frame["over"] >= SMALL) & (frame["reach"] > 0)]
    subtitle = _told(subtitle, int(frame["conversion_rate"].isna().sum()))
    frame = frame.dropna(subset=["conversion_rate"])
    if not len(frame):
        return _nothing(question, _("No touchpoint has journeys enough to be shown."))
    where = frame["place"].fillna("unknown")
    frame = frame.assign(
        row=named(frame["touchpoint"], names), where=[_(PLACES[each]) for each in where]
    ).sort_values("reach", ascending=False)
    x = alt.X("reach:Q", title=_("Journeys through it, of all"), scale=alt.Scale(type="log"))
    x = x.axis(format="~%")
    y = alt.Y("conversion_rate:Q", title=_("Conversion rate"), scale=alt.Scale(type="sqrt"))
    y = y.axis(format="~%")
    tips = [
        _tip("row", _("Touchpoint")),
        _tip("where", _("Online or offline")),
        _tip("reach", _("Journeys through it, of all"), ".2%"),
        _tip("conversion_rate", _("Conversion rate"), ".2%"),
        _tip("low", _("95% from"), ".2%"),
        _tip("high", _("to"), ".2%"),
        _tip("over", _("Journeys that are over"), ",.0f"),
        _tip("others_rate", _("Journeys not through it"), ".2%"),
    ]
    base = alt.Chart(_lean(frame, [tip["shorthand"].partition(":")[0] for tip in tips]))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(x=x, y="low:Q", y2="high:Q")
    kinds = alt.Scale(domain=[_(PLACES[each]) for each in PLACES if each in set(where)])
    points = base.mark_point(size=70, filled=True, opacity=1).encode(
        x=x,
        y=y,
        color=alt.Color("where:N", scale=kinds, title=_("Online or offline")),
        shape=alt.Shape("where:N", scale=kinds, title=_("Online or offline")),
        tooltip=tips,
    )
    written = _apart(frame)
    words = (
        alt.Chart(_lean(written, ["row", "reach", "conversion_rate"]))
        .mark_text(style="label", align="left", dx=8, dy=-6)
        .encode(x=x, y=y, text="row:N")
    )
    return alt.layer(spans, points, words).properties(
        title=_title(question, subtitle),
        description=_(
            "Reach and conversion rate of {n} touchpoints, with 95% intervals; {top} reaches furthest.",
            n=len(frame),
            top=frame["row"].iloc[0],
        ),
        height=360,
    )


def drop_off(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """At which touchpoints do journeys end that convert nowhere? (`inventory`)."""
    question = _("At which touchpoints do most journeys end without a conversion?")
    frame = _shown(result)
    frame = frame[frame["over"] > 0]
    subtitle = _told(subtitle, int(frame["exits"].isna().sum()))
    frame = frame.dropna(subset=["exits"]).nlargest(MOST, "exits")
    if not len(frame):
        return _nothing(question, _("No touchpoint has journeys enough to be shown."))
    frame = frame.assign(
        row=named(frame["touchpoint"], names),
        low=frame["drop_low"],
        high=frame["drop_high"],
        few=frame["over"] < SMALL,
        label=[_of(s, n) for s, n in zip(frame["drop_off"], frame["over"], strict=True)],
    )
    return _rates(
        frame,
        frame["row"].tolist(),
        value="drop_off",
        title=_("Journeys that end there, of those through it"),
        tips=[
            _tip("row", _("Touchpoint")),
            _tip("drop_off", _("Journeys that end there, of those through it"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("exits", _("Journeys that end there"), ",.0f"),
            _tip("share_of_exits", _("of all that end without a conversion"), ".1%"),
            _tip("over", _("Journeys that are over"), ",.0f"),
        ],
    ).properties(
        title=_title(question, subtitle),
        description=_("Drop-off at {n} touchpoints, those where most journeys end first.", n=len(frame)),
        height=alt.Step(ROW),
    )


def importance(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """What part of the conversions would be lost without each touchpoint? (`inventory`)."""
    question = _("How many conversions would be lost if everyone who reached a touchpoint left there?")
    frame = _shown(result)
    frame = frame[frame["removal_effect"] > 0].nlargest(MOST, "removal_effect")
    if not len(frame):
        return _nothing(question, _("No conversion came after a touchpoint."))
    frame = frame.assign(
        row=named(frame["touchpoint"], names),
        low=frame["effect_low"],
        high=frame["effect_high"],
        few=frame["conversions"] < SMALL,
        label=[_exact(effect) for effect in frame["removal_effect"]],
    )
    return _rates(
        frame,
        frame["row"].tolist(),
        value="removal_effect",
        title=_("Conversions lost"),
        tips=[
            _tip("row", _("Touchpoint")),
            _tip("removal_effect", _("Conversions lost"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("conversions", _("Conversions"), ",.0f"),
        ],
    ).properties(
        title=_title(question, subtitle),
        description=_(
            "Removal effect of {n} touchpoints in the Markov chain of the paths, with 95% intervals.",
            n=len(frame),
        ),
        height=alt.Step(ROW),
    )


def changes(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which touchpoints are met more often than before, which less? (`inventory`)."""
    question = _("Which touchpoints were met more often than in the period before, which less?")
    frame = _shown(result).dropna(subset=["change", "change_low"])
    moved = frame[(frame["change_low"] > 1) | (frame["change_high"] < 1)]
    if not len(moved):
        return _nothing(question, _("No touchpoint changed by more than chance could make it."))
    frame = moved.reindex(moved["change"].sort_values(ascending=False).index).head(MOST)
    frame = frame.assign(
        row=named(frame["touchpoint"], names),
        label=[f"{'▲' if c > 1 else '▼'} × {i18n.number(c, 2)}" for c in frame["change"]],
    )
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=None)
    x = alt.X("change:Q", title=_("Touches for each in the period before"))
    x = x.scale(type="log", nice=False)
    tips = [
        _tip("row", _("Touchpoint")),
        _tip("change", _("Touches for each in the period before"), ".2f"),
        _tip("change_low", _("95% from"), ".2f"),
        _tip("change_high", _("to"), ".2f"),
        _tip("recent", _("Touches in the period"), ",.0f"),
        _tip("before", _("Touches in the period before"), ",.0f"),
    ]
    base = alt.Chart(_lean(frame, [*(tip["shorthand"].partition(":")[0] for tip in tips), "label"]))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(
        y=y, x="change_low:Q", x2="change_high:Q"
    )
    points = base.mark_point(size=70, filled=True, opacity=1).encode(y=y, x=x, tooltip=tips)
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="change_high:Q", text="label:N")
    same = (
        alt.Chart(pd.DataFrame({"one": [1]})).mark_rule(strokeDash=[4, 4], color=theme.SOFT).encode(x="one:Q")
    )
    return alt.layer(same, spans, points, words).properties(
        title=_title(question, subtitle),
        description=_("Change of {n} touchpoints beyond chance, with 95% intervals.", n=len(frame)),
        height=alt.Step(ROW),
    )


def weeks(result: Result, names: Names, subtitle: str = "", most: int = 8) -> alt.TopLevelMixin:
    """When were touchpoints met whose weeks differ most, beside their own mean week? (`weekly`)."""
    question = _("Which touchpoints have their weeks, and which weeks are these?")
    frame = _shown(result)
    if not frame["level"].notna().any():
        return _nothing(question, _("The period holds no whole week."))
    weekly = frame[frame["level"].notna()].groupby("touchpoint")
    apart = weekly["level"].std()[weekly["touches"].mean() >= SMALL].nlargest(most)
    frame = frame[frame["touchpoint"].isin(apart.index) & frame["level"].notna()]
    if not len(frame):
        return _nothing(question, _("No touchpoint is met often enough for its weeks to be compared."))
    frame = frame.assign(row=named(frame["touchpoint"], names), day=frame["week"].dt.strftime("%Y-%m-%d"))
    top = float(frame["level"].max())
    rows = named(pd.Series(apart.index), names)
    frame = frame.assign(top=[f"× {i18n.number(level, 1)}" for level in frame["level"]])
    high = frame.loc[frame.groupby("row")["level"].idxmax()]
    x = alt.X("day:T", title=_("Week of"), axis=alt.Axis(format="%d/%m"))
    y = alt.Y("row:N", sort=rows, title=None)
    up = alt.YOffset("level:Q", scale=alt.Scale(domain=[top, 0], nice=False), title=None)
    lines = (
        alt.Chart(_lean(frame, ["row", "day", "level"]))
        .mark_line(strokeWidth=1.5, color=theme.ACCENT)
        .encode(x=x, y=y, yOffset=up, detail="row:N")
    )
    tips = [
        _tip("row", _("Touchpoint")),
        alt.Tooltip("day:T", title=_("Week of")),
        _tip("level", _("for each in its mean week"), ".2f"),
        _tip("touches", _("Touches"), ",.0f"),
        _tip("customers", _("Customers"), ",.0f"),
    ]
    peaks = alt.Chart(_lean(high, ["row", "day", "level", "touches", "customers", "top"]))
    dots = peaks.mark_point(size=36, filled=True, opacity=1).encode(x=x, y=y, yOffset=up, tooltip=tips)
    words = peaks.mark_text(style="label", align="left", dx=6).encode(x=x, y=y, yOffset=up, text="top:N")
    return alt.layer(lines, dots, words).properties(
        title=_title(question, subtitle),
        description=_(
            "Weeks of the {n} touchpoints whose weeks differ most, each beside its own mean week.",
            n=len(apart),
        ),
        height=alt.Step(ROW + 12),
    )


def availability(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which system delivers data for which stage, and on how many days? (`availability`)."""
    question = _("For which stages does each system deliver data, and on how many days?")
    frame = _shown(result)
    frame = frame[frame["rows"] > 0]
    if not len(frame):
        return _nothing(question, _("No touchpoint has data in this period."))
    frame = frame.assign(
        row=[spoken(each, names, "system:") for each in frame["source"]],
        column=[spoken(each, names) for each in frame["stage"]],
        label=[whole_percent(share) for share in frame["share"]],
        last=[i18n.date(day) for day in frame["last_day"]],
    )
    cells = _heat_map(
        frame,
        x=alt.X(
            "column:N",
            sort=list(dict.fromkeys(spoken(each, names) for each in result.table["stage"])),
            title=None,
            axis=alt.Axis(labelAngle=0, labelLimit=CELL),
        ),
        y=alt.Y("row:N", title=None),
        legend=_("Days with data"),
        tooltip=[
            _tip("row", _("System")),
            _tip("column", _("Stage")),
            _tip("share", _("Days with data"), ".0%"),
            _tip("rows", _("Rows"), ",.0f"),
            _tip("touchpoints", _("Touchpoints"), ",.0f"),
            _tip("last", _("Last day with data")),
        ],
    )
    return cells.properties(
        title=_title(question, subtitle),
        description=_(
            "Share of days with data by system and stage: {n} of {all} pairs have any.",
            n=len(frame),
            all=len(result.table),
        ),
        width=alt.Step(CELL),
    )


def factors(result: Result, names: Names, subtitle: str = "", most: int = 40) -> alt.TopLevelMixin:
    """What do people do at each touchpoint, what do they feel, and what pains them? (`factors`)."""
    question = _("What do people do at each touchpoint, what do they feel, and what pains them?")
    frame = _shown(result)
    frame = frame[frame["valence"] != "unknown"].nlargest(most, "customers")
    if not len(frame):
        return _nothing(question, _("No touchpoint has answers or tickets enough to be judged."))
    rows = []
    for each in frame.to_dict("records"):
        felt = "unknown" if pd.isna(each["emotion_mean"]) else _felt(each)
        hurt = "pained" if each["pains"] else "quiet" if each["tickets"] > 0 else "unknown"
        answers = {"behaviour": each["behaviour"], "emotion": felt, "pain": hurt, "valence": each["valence"]}
        (name,) = named(pd.Series([each["touchpoint"]]), names)
        rows += [
            {"row": name, "factor": _(FACTORS[factor]), "label": _word(answer), "way": ANSWERS[answer][2]}
            for factor, answer in answers.items()
        ]
    told = pd.DataFrame(rows)
    x = alt.X("factor:N", sort=[_(f) for f in FACTORS.values()], title=None).axis(labelAngle=0, orient="top")
    y = alt.Y("row:N", sort=list(dict.fromkeys(told["row"])), title=None)
    base = alt.Chart(told)
    shades = alt.Scale(domain=[-1, 0, 1], range=[theme.CATEGORIES[4], theme.PAPER, theme.ACCENT])
    fills = base.mark_rect(opacity=0.25).encode(x=x, y=y, color=alt.Color("way:O", scale=shades, legend=None))
    words = base.mark_text(style="label").encode(x=x, y=y, text="label:N")
    return alt.layer(fills, words).properties(
        title=_title(question, subtitle),
        description=_("Behaviour, emotion and pain at {n} touchpoints, in signs and words.", n=len(frame)),
        width=alt.Step(CELL + 50),
        height=alt.Step(ROW),
    )


def opportunities(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Up to how much would it come to if as many went on as is usual? (`opportunities`)."""
    question = _("Up to how much would it come to if as many went on here as is usual in the stage?")
    frame = _shown(result).dropna(subset=["worth"]).drop_duplicates("touchpoint").head(MOST)
    if not len(frame):
        return _nothing(question, _("At no touchpoint do more journeys end than is usual in its stage."))
    currency = result.settings["currency"] or "XXX"
    frame = frame.assign(
        row=named(frame["touchpoint"], names),
        few=frame["over"] < SMALL,
        label=[
            _("{worth} (place {first}–{last})", worth=i18n.money(w, currency, compact=True), first=f, last=b)
            for w, f, b in zip(
                frame["worth"], frame["rank_low"].astype(int), frame["rank_high"].astype(int), strict=True
            )
        ],
    )
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=None)
    x = alt.X("worth:Q", title=_("Value, up to"), axis=alt.Axis(format="$,.0f", labelOverlap=True))
    tips = [
        _tip("row", _("Touchpoint")),
        _tip("worth", _("Value, up to"), "$,.0f"),
        _tip("low", _("95% from"), "$,.0f"),
        _tip("high", _("to"), "$,.0f"),
        _tip("drop_off", _("Journeys that end there, of those through it"), ".1%"),
        _tip("usual", _("usual in its stage"), ".1%"),
        _tip("fewer", _("Journeys that would go on"), ",.0f"),
    ]
    base = alt.Chart(_lean(frame, [*(tip["shorthand"].partition(":")[0] for tip in tips), "label"]))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70, filled=True, opacity=1).encode(y=y, x=x, tooltip=tips)
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="high:Q", text="label:N")
    return alt.layer(spans, points, words).properties(
        title=_title(question, subtitle),
        description=_("What {n} touchpoints come to at most, with 95% intervals.", n=len(frame)),
        height=alt.Step(ROW),
    )


def _apart(frame: pd.DataFrame) -> pd.DataFrame:
    """The touchpoints whose names are written: those that stand out, as far as there is room for each."""
    order = [*frame["reach"].nlargest(LABELLED).index, *frame["conversion_rate"].nlargest(LABELLED).index]
    across = np.log(frame["reach"])
    across = across / max(float(across.max() - across.min()), 1e-9)
    up = np.sqrt(frame["conversion_rate"] / max(float(frame["conversion_rate"].max()), 1e-9))
    kept: list[Any] = []
    for at in dict.fromkeys(order):
        near = [k for k in kept if abs(across[k] - across[at]) < 0.4 and abs(up[k] - up[at]) < 0.05]
        kept += [] if near else [at]
    return frame.loc[kept]


def _felt(each: Mapping[Hashable, Any]) -> str:
    """How the feeling that decided stands beside its base."""
    low, high, base = (float(each[name]) for name in ("emotion_low", "emotion_high", "emotion_base"))
    return "above" if low > base else "below" if high < base else "around"


def _word(answer: str) -> str:
    return _(WORDS[f"answer:{answer}"])
