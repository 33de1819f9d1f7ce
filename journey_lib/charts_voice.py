"""Charts of what customers say: scores, how comments read, how long answers take, who comes back."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import ROW, Names, _ends_apart, _lean, _nothing, _on_cells, _shown, _tip, _title
from journey_lib.charts_shares import _of
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result
from journey_lib.voice.after import COMPLAINTS, OUTCOMES, QUESTIONS
from journey_lib.voice.scores import ALL, SCALES
from journey_lib.voice.tones import READ_AS
from journey_lib.words_voice import SCORED, TONES, WORDS, called, spell, where

MOST = 20  # touchpoints in a list: more than anybody compares
MOST_READ = 10  # touchpoints whose comments are shown
ROOM, WIDE = 0.08, 0.16  # part of a bar from which its number is written into it, and its sign too
CONTACT = "contact"
LABEL_ROOM = 0.3  # part of a time axis kept for what is written after its last bar
# The colour behind a word, and how much of it: words are read on it, so it stays pale.
SHADES = {
    "negative": theme.CATEGORIES[4],
    "neutral": theme.MUTED,
    "positive": theme.ACCENT,
    "abstained": theme.PAPER,
}
SIDES = {"negative": ("triangle-down", theme.CATEGORIES[4]), "positive": ("triangle-up", theme.ACCENT)}


def scores(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How satisfied are customers at each touchpoint, by what they marked? (`voice.scores`)."""
    question = _("How satisfied are customers at each touchpoint, by what they marked themselves?")
    table = _shown(result)
    known = table[(table["moment"] == CONTACT) & table["low"].notna()] if len(table) else table
    metric = next((each for each in SCALES if len(known) and (known["metric"] == each).sum() > 1), None)
    if metric is None:
        return _nothing(question, _("No touchpoint has scores enough to be shown."))
    frame = known[(known["metric"] == metric) & (known["touchpoint"] != ALL)].nlargest(MOST, "answered")
    frame = frame.sort_values("mean").assign(
        row=lambda f: called(f["touchpoint"], names),
        label=lambda f: [
            f"{i18n.number(m, 1)} (n = {i18n.number(n)})"
            for m, n in zip(f["mean"], f["answered"], strict=True)
        ],
    )
    frame = frame.assign(end=frame["high"].max())
    whole = known[(known["metric"] == metric) & (known["touchpoint"] == ALL)]["mean"].head(1)
    least, most = SCALES[metric]
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=None)
    scale = alt.Scale(zero=False)
    title = _("{metric}, mean of {least} to {most}", metric=metric.upper(), least=least, most=most)
    x = alt.X("mean:Q", title=title, scale=scale, axis=alt.Axis(format="~g"))
    tips = [
        _tip("row", _("Touchpoint")),
        _tip("mean", _("Mean"), ".2f"),
        _tip("low", _("95% from"), ".2f"),
        _tip("high", _("to"), ".2f"),
        _tip("answered", _("Answers"), ",.0f"),
        _tip("customers", _("Customers"), ",.0f"),
        _tip("response_rate", _("of those asked"), ".0%"),
    ]
    base = alt.Chart(_lean(frame, [*(tip["shorthand"].partition(":")[0] for tip in tips), "label", "end"]))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(
        y=y, x=alt.X("low:Q", scale=scale), x2="high:Q"
    )
    points = base.mark_point(size=70, filled=True, opacity=1).encode(y=y, x=x, tooltip=tips)
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="end:Q", text="label:N")
    usual = alt.Chart(pd.DataFrame({"mean": whole.round(3)})).mark_rule(style="reference").encode(x=x)
    return alt.layer(usual, spans, points, words).properties(
        title=_title(question, subtitle),
        description=_("Mean scores at {n} touchpoints with 95% intervals, the lowest first.", n=len(frame)),
        height=alt.Step(ROW),
    )


def tones(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How do the comments of each touchpoint read, and of how many is nothing said? (`voice.tones`)."""
    question = _("How do the comments of each touchpoint read: praise, complaint, or neither?")
    frame = _shown(result)
    frame = frame[frame["texts"] > 0].head(MOST_READ + 1) if len(frame) else frame
    if not len(frame):
        return _nothing(question, _("No touchpoint has comments enough to be shown."))
    rows, signs = [], {label: f"{sign} {_(word)}" for label, (sign, word) in TONES.items()}
    for each in frame.to_dict("records"):
        (name,) = called(pd.Series([each["touchpoint"]]), names)
        begin = 0.0
        for label in READ_AS:
            share = float(each[f"{label}_share"])
            rows.append(
                {
                    "row": name,
                    "of": f"n = {i18n.number(each['texts'])}",
                    "tone": signs[label],
                    "share": share,
                    "begin": begin,
                    "end": begin + share,
                    "middle": begin + share / 2,
                    "texts": each[label],
                    "label": _written(label, share),
                }
            )
            begin += share
    told = pd.DataFrame(rows)
    y = alt.Y("row:N", sort=list(dict.fromkeys(told["row"])), title=None)
    colour = alt.Scale(domain=list(signs.values()), range=list(SHADES.values()))
    x = alt.X(
        "begin:Q", title=_("Share of comments"), axis=alt.Axis(format="~%"), scale=alt.Scale(domain=[0, 1])
    )
    tips = [
        _tip("row", _("Touchpoint")),
        _tip("tone", _("reads as")),
        _tip("share", _("Share of comments"), ".0%"),
        _tip("texts", _("Comments"), ",.0f"),
    ]
    bars = (
        alt.Chart(_lean(told, ["row", "tone", "share", "texts", "begin", "end"]))
        .mark_bar(opacity=0.35, stroke=theme.INK, strokeWidth=0.4)
        .encode(
            y=y, x=x, x2="end:Q", color=alt.Color("tone:N", scale=colour, title=_("reads as")), tooltip=tips
        )
    )
    written = _lean(told[told["label"] != ""], ["row", "middle", "label"])
    words = (
        alt.Chart(written).mark_text(fontSize=11, color=theme.INK).encode(y=y, x="middle:Q", text="label:N")
    )
    last = told.drop_duplicates("row", keep="last")[["row", "end", "of"]]
    counts = alt.Chart(last).mark_text(style="label", align="left", dx=6).encode(y=y, x="end:Q", text="of:N")
    return alt.layer(bars, words, counts).properties(
        title=_title(question, subtitle),
        description=_("How comments of {n} groups read by the lexicon, in percent.", n=len(frame)),
        height=alt.Step(ROW),
    )


def _written(label: str, share: float) -> str:
    if share < ROOM:
        return ""
    number = i18n.number(100 * share)
    return f"{TONES[label][0]} {number}" if share >= WIDE else number


def contrast(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """Which words do customers with low scores use, and which those with high ones? (`voice.themes`)."""
    question = _("What do customers write about who give low scores, and what those who give high ones?")
    frame = result.table
    frame = frame[frame["found"].fillna(False).astype(bool)] if len(frame) else frame
    if not len(frame):
        return _nothing(question, _("No word sets low scores apart from high ones by more than chance."))
    other = {"negative": "positive", "positive": "negative"}
    low = frame["label"] == "negative"
    frame = pd.concat([frame[low], frame[~low]])
    row = [
        f"{_(SCORED[label]).split(' ')[0]} {term} (n = {i18n.number(n)})"
        for label, term, n in zip(frame["label"], frame["term"], frame["customers"], strict=True)
    ]
    mine = frame.assign(row=row, who=frame["label"], part=frame["share"])
    theirs = frame.assign(row=row, who=frame["label"].map(other), part=frame["others_share"])
    told = pd.concat([mine, theirs]).assign(
        side=lambda f: [_(SCORED[each]).split(" ", 1)[1] for each in f["who"]]
    )
    y = alt.Y("row:N", sort=row, title=None)
    domain = [_(SCORED[label]).split(" ", 1)[1] for label in SIDES]
    colour = alt.Scale(domain=domain, range=[colour for _shape, colour in SIDES.values()])
    shape = alt.Scale(domain=domain, range=[mark for mark, _colour in SIDES.values()])
    x = alt.X("part:Q", title=_("Customers who use the word, of those who wrote"), axis=alt.Axis(format="~%"))
    tips = [_tip("row", _("Word")), _tip("side", _("Customers with")), _tip("part", _("use it"), ".1%")]
    span = alt.Chart(_lean(frame.assign(row=row), ["row", "share", "others_share"]))
    lines = span.mark_rule(style="interval", color=theme.MUTED).encode(y=y, x="share:Q", x2="others_share:Q")
    points = (
        alt.Chart(_lean(told, ["row", "side", "part"]))
        .mark_point(size=80, filled=True, opacity=1)
        .encode(
            y=y,
            x=x,
            color=alt.Color("side:N", scale=colour, title=_("Customers with")),
            shape=alt.Shape("side:N", scale=shape, title=_("Customers with")),
            tooltip=tips,
        )
    )
    return alt.layer(lines, points).properties(
        title=_title(question, subtitle),
        description=_("Share of customers who use each of {n} words, by low and high score.", n=len(frame)),
        height=alt.Step(ROW),
    )


def waits(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """In which months did customers wait how long for a first answer? (`voice.pain` by month)."""
    question = _("How long did half of the customers wait for a first answer, month by month?")
    frame = _shown(result)
    frame = frame[frame["month"].notna() & frame["response_median"].notna()] if len(frame) else frame
    if not len(frame):
        return _nothing(question, _("No month has tickets enough to be shown."))
    size = frame.groupby("touchpoint")["tickets"].sum().nlargest(MOST)
    frame = frame[frame["touchpoint"].isin(size.index)]
    frame = frame.assign(
        row=called(frame["touchpoint"], names),
        when=frame["month"].dt.strftime("%m/%Y"),
        label=[spell(hours) for hours in frame["response_median"]],
        high_end=frame["response_median"].rank(pct=True) > 0.6,
        waited=frame["response_median"].clip(lower=1 / 60),
    )
    months = frame.sort_values("month")["when"].unique().tolist()
    rows = called(pd.Series(size.index), names)
    x = alt.X("when:O", sort=months, title=_("Month"), axis=alt.Axis(labelAngle=-40))
    y = alt.Y("row:N", sort=rows, title=None)
    ramp = alt.Scale(type="log", range="ramp")
    tips = [
        _tip("row", _("Touchpoint")),
        _tip("when", _("Month")),
        _tip("label", _("half had an answer within")),
        _tip("tickets", _("Tickets"), ",.0f"),
        _tip("unanswered", _("Left unanswered"), ",.0f"),
    ]
    fields = ["row", "when", "label", "tickets", "unanswered", "waited"]
    shade = alt.Color("waited:Q", scale=ramp, legend=None)
    cells = alt.Chart(_lean(frame, fields)).mark_rect().encode(x=x, y=y, color=shade, tooltip=tips)
    return alt.layer(cells, _on_cells(frame, x, y)).properties(
        title=_title(question, subtitle),
        description=_("Median wait for a first answer at {n} touchpoints by month, in words.", n=len(rows)),
        height=alt.Step(ROW + 4),
    )


def hot_spots(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """In which weeks did which pain flare up, and where? (`voice.hot_spots`)."""
    question = _("In which weeks did a pain flare up, and where?")
    frame = _shown(result)
    frame = frame[frame["found"].astype(bool)].head(MOST) if len(frame) else frame
    if not len(frame):
        return _nothing(question, _("No pain stands out in any run of weeks by more than chance."))
    pains = called(frame["pain"], names)
    frame = frame.assign(
        row=[f"{pain} · {at}" for pain, at in zip(pains, where(frame, names), strict=True)],
        begin=frame["first"].dt.strftime("%Y-%m-%d"),
        end=(frame["last"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"),
        label=[
            _("{n} occasions, fewer than {k} hurt", n=i18n.number(rows), k=i18n.number(result.settings["k"]))
            if pd.isna(share)
            else _("{share}, else {own}", share=i18n.percent(share, 0), own=i18n.percent(own, 1))
            for share, own, rows in zip(frame["share"], frame["own_share"], frame["rows"], strict=True)
        ],
    ).sort_values(["first", "row"])
    # the pain above, its place below: side by side they take the room of the bars
    two = alt.Axis(labelExpr="split(datum.label, ' · ')", labelLineHeight=13)
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=None, axis=two)
    last = frame["last"].max() + (frame["last"].max() - frame["first"].min()) * LABEL_ROOM
    # A domain of two ends would stand against that of the bars' other ends, and the page's console says so.
    # A day, not milliseconds: where a page may run no code of its own, Vega takes these for a year.
    weeks = alt.Scale(domainMax=alt.DateTime(year=last.year, month=last.month, date=last.day))
    x = alt.X("begin:T", title=None, axis=alt.Axis(format="%d/%m"), scale=weeks)
    tips = [
        _tip("row", _("Pain")),
        alt.Tooltip("begin:T", title=_("from"), format="%d/%m/%Y"),
        _tip("share", _("were hurt"), ".1%"),
        _tip("low", _("95% from"), ".1%"),
        _tip("high", _("to"), ".1%"),
        _tip("rows", _("Occasions"), ",.0f"),
        _tip("customers", _("Customers"), ",.0f"),
        _tip("own_share", _("in other weeks"), ".1%"),
        _tip("same_time_share", _("elsewhere in these weeks"), ".1%"),
    ]
    fields = ["row", "begin", "end", *(tip["shorthand"].partition(":")[0] for tip in tips[2:])]
    bars = (
        alt.Chart(_lean(frame, fields))
        .mark_bar(height=9, color=theme.CATEGORIES[4])
        .encode(y=y, x=x, x2="end:T", tooltip=tips)
    )
    words = (
        alt.Chart(_lean(frame, ["row", "end", "label"]))
        .mark_text(style="label", align="left", dx=6)
        .encode(y=y, x="end:T", text="label:N")
    )
    return alt.layer(bars, words).properties(
        title=_title(question, subtitle),
        description=_("Runs of weeks in which {n} pains stood out, the first ones first.", n=len(frame)),
        height=alt.Step(ROW + 12),
    )


def after(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Do customers come back after a complaint, and do they buy? (`voice.after`)."""
    within = result.settings["within"]
    question = _(
        "Were customers in touch again within {days} days of a complaint, and did they convert?",
        days=within[:-1],
    )
    frame = _shown(result)
    frame = frame[frame["customers"] > 0] if len(frame) else frame
    if not len(frame):
        return _nothing(question, _("Too few customers complained long enough ago to be followed."))
    order = frame[frame["outcome"] == OUTCOMES[1]].sort_values("customers", ascending=False)["topic"]
    order = pd.Series(
        _ends_apart(order.tolist(), [COMPLAINTS], [name for name in order if name == QUESTIONS])
    )
    rows = called(order, names)
    frame = frame.assign(
        row=called(frame["topic"], names),
        few=frame["customers"] < SMALL,
        label=[
            _("too few (n = {n})", n=i18n.number(n)) if pd.isna(share) else _of(share, n)
            for share, n in zip(frame["share"], frame["customers"], strict=True)
        ],
    )
    panels = [
        _panel(frame[frame["outcome"] == outcome], rows, _(WORDS[f"outcome:{outcome}"]))
        for outcome in reversed(OUTCOMES)
    ]
    return alt.vconcat(*panels, spacing=18).properties(
        title=_title(question, subtitle),
        description=_(
            "Share of customers in touch again, and converted, after {n} kinds of tickets, with 95%"
            " intervals.",
            n=len(rows),
        ),
    )


def _panel(frame: pd.DataFrame, rows: list[str], outcome: str) -> Any:
    tips = [
        _tip("row", _("First ticket about")),
        _tip("share", outcome, ".1%"),
        _tip("low", _("95% from"), ".1%"),
        _tip("high", _("to"), ".1%"),
        _tip("customers", _("Customers"), ",.0f"),
        _tip("others_share", _("of those without a ticket"), ".1%"),
    ]
    frame = frame.assign(end=frame[["high", "others_share"]].max(axis=1))
    title = _("Customers {outcome}; ◆ those without a ticket in the same months", outcome=outcome)
    y = alt.Y("row:N", sort=rows, title=None)
    x = alt.X("share:Q", title=title, axis=alt.Axis(format="~%"), scale=alt.Scale(zero=True))
    base = alt.Chart(
        _lean(frame, [*(tip["shorthand"].partition(":")[0] for tip in tips), "few", "label", "end"])
    )
    colour = alt.condition("datum.few", alt.value(theme.MUTED), alt.value(theme.ACCENT))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70).encode(y=y, x=x, color=colour, tooltip=tips)
    beside = base.mark_point(shape="diamond", size=60, color=theme.CATEGORIES[4]).encode(
        y=y, x="others_share:Q"
    )
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="end:Q", text="label:N")
    return alt.layer(spans, points, beside, words).properties(height=alt.Step(ROW))
