"""Charts of groups of customers: whether there are any, how many would do, and what rules and targets say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from journey_lib import card_lines, i18n, theme
from journey_lib.charts import ROW, Names, _lean, _nothing, _shown, _tip, _title
from journey_lib.charts_shares import _told, broken, step, two_lines
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result
from journey_lib.personas.stability import HIGHLY, STABLE

MOST_LIFTS = 14
TRAIT = 34  # letters of a trait in one line


def gate(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """Do customers fall into groups, or are they a continuum? (`personas.find`)."""
    facts = result.facts
    ours, theirs = _("These customers"), _("Sets without groups: least to greatest")
    frame = pd.DataFrame(
        {
            "row": [ours, theirs],
            "at": [facts["ratio"], np.nan],
            "low": [np.nan, facts["low"]],
            "high": [np.nan, facts["high"]],
            "label": [
                i18n.number(facts["ratio"], 2),
                f"{i18n.number(facts['low'], 2)} – {i18n.number(facts['high'], 2)}",
            ],
            "end": [facts["ratio"], facts["high"]],
        }
    )
    least = min(0.5, 0.95 * facts["ratio"])
    base = alt.Chart(_lean(frame, list(frame.columns)))
    y = alt.Y("row:N", sort=[ours, theirs], title=None, axis=two_lines(": "))
    x = alt.X(
        "at:Q",
        title=_("Width of the groups beside that in sets without groups (1: no denser)"),
        scale=alt.Scale(domain=[least, max(1.05, facts["high"] + 0.02)], zero=False),
    )
    span = base.mark_bar(size=8, color=theme.MUTED).encode(y=y, x=alt.X("low:Q"), x2="high:Q")
    point = base.mark_point(size=110, filled=True, opacity=1, shape="diamond", color=theme.ACCENT).encode(
        y=y, x=x, tooltip=[_tip("row", _("What")), _tip("label", _("Ratio"))]
    )
    words = base.mark_text(style="label", align="left", dx=9).encode(y=y, x="end:Q", text="label:N")
    return alt.layer(span, point, words).properties(
        title=_title(_("Do customers fall into groups, or are they a continuum?"), subtitle),
        description=_(
            "Ratio {ratio} beside {low} to {high} of {nulls} sets without groups; p = {chance}.",
            ratio=i18n.number(facts["ratio"], 2),
            low=i18n.number(facts["low"], 2),
            high=i18n.number(facts["high"], 2),
            nulls=i18n.number(facts["nulls"]),
            chance=i18n.number(facts["chance"], 2),
        ),
        height=alt.Step(ROW + 6),
    )


def alternatives(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How many personas are found again in another sample? (`personas.find`)."""
    worst, mean = _("the least stable persona"), _("all personas, on average")
    long = pd.concat(
        [
            result.table.assign(what=worst, at=result.table["jaccard_worst"]),
            result.table.assign(what=mean, at=result.table["jaccard_mean"]),
        ]
    ).assign(taken=lambda f: f["k"] == result.facts["k"])
    base = alt.Chart(_lean(long, ["k", "what", "at", "taken", "verdict"]))
    ks = sorted({int(k) for k in long["k"]})
    x = alt.X(
        "k:Q",
        title=_("Number of personas"),
        axis=alt.Axis(values=ks, format="d"),
        scale=alt.Scale(domain=[ks[0] - 0.3, ks[-1] + 0.3], zero=False),
    )
    y = alt.Y(
        "at:Q",
        title=_("The same people when found again (Jaccard)"),
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%"),
    )
    # One of two words and two shapes: four
    # entries left no room to draw.
    legend = alt.Legend(labelLimit=0)
    both = alt.Scale(domain=[worst, mean])
    colour = alt.Color("what:N", title=None, scale=both, legend=legend)
    lines = base.mark_line().encode(x=x, y=y, color=colour)
    points = base.mark_point(filled=True, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        shape=alt.Shape("what:N", title=None, scale=both, legend=legend),
        size=alt.condition("datum.taken", alt.value(150), alt.value(45)),
        tooltip=[
            _tip("k", _("Number of personas")),
            _tip("what", _("What")),
            _tip("at", _("The same people when found again (Jaccard)"), ".0%"),
            _tip("verdict", _("Verdict")),
        ],
    )
    limits = pd.DataFrame(
        {"at": [STABLE, HIGHLY], "label": [_("stable from here"), _("very stable from here")]}
    )
    rules = alt.Chart(limits).mark_rule(style="reference").encode(y="at:Q")
    words = (
        alt.Chart(limits)
        .mark_text(style="label", align="left", baseline="bottom", dx=4, dy=-2)
        .encode(y="at:Q", x=alt.value(0), text="label:N")
    )
    return alt.layer(rules, lines, points, words).properties(
        title=_title(_("How many personas are found again in another sample?"), subtitle),
        description=_(
            "Stability of {n} numbers of personas; {k} are taken.", n=len(result.table), k=result.facts["k"]
        ),
        height=240,
    )


def segments(result: Result, labels: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which RFM segments are many, and which bring the money? (`personas.rfm.segments`)."""
    question = _("Which RFM segments are many, and which bring the money?")
    frame = _shown(result)
    frame = frame[frame["customers"] > 0]
    subtitle = _told(subtitle, int(result.table["customers"].isna().sum()))
    if not len(frame):
        return _nothing(question, _("Nobody has bought in the window."))
    return people_and_money(
        frame,
        [labels.get(code, code) for code in frame["segment"]],
        who=_("Segment"),
        title=_("Share of all who bought, and of their revenue"),
    ).properties(
        title=_title(question, subtitle),
        description=_(
            "Shares of customers and of revenue of {n} segments, with 95% intervals.", n=len(frame)
        ),
        height=alt.Step(ROW),
    )


def people_and_money(
    frame: pd.DataFrame, rows: Sequence[str], *, who: str, title: str
) -> alt.LayerChart | alt.FacetChart:
    """For each group in its order: its share of the customers, and of the revenue, each with its interval."""
    people, money = _("Share of customers"), _("Share of revenue")
    frame = frame.assign(row=list(rows))
    long = pd.concat(
        [
            frame.assign(part=people, at=frame["share"], from_=frame["low"], to=frame["high"]),
            frame.assign(
                part=money, at=frame["value_share"], from_=frame["value_low"], to=frame["value_high"]
            ),
        ]
    )
    base = alt.Chart(_lean(long, ["row", "part", "at", "from_", "to", "customers"]))
    y = alt.Y("row:N", sort=list(rows), title=None, axis=two_lines())
    both = alt.Scale(domain=[people, money])
    offset = alt.YOffset("part:N", sort=[people, money])
    colour = alt.Color("part:N", title=None, scale=both)
    spans = base.mark_rule(style="interval").encode(y=y, yOffset=offset, x="from_:Q", x2="to:Q", color=colour)
    points = base.mark_point(size=75, filled=True, opacity=1).encode(
        y=y,
        yOffset=offset,
        x=alt.X("at:Q", title=title, axis=alt.Axis(format="~%")),
        shape=alt.Shape("part:N", title=None, scale=both),
        color=colour,
        tooltip=[
            _tip("row", who),
            _tip("part", _("What")),
            _tip("at", _("Share"), ".1%"),
            _tip("from_", _("95% from"), ".1%"),
            _tip("to", _("to"), ".1%"),
            _tip("customers", _("Customers"), ",.0f"),
        ],
    )
    return alt.layer(spans, points)


def lifts(result: Result, titles: Mapping[str, str], names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """What do the most valuable customers have more of? (`personas.profile.value_profile`)."""
    question = _("What do the most valuable customers have more, or less, of than all who bought?")
    frame = _shown(result)
    frame = frame[frame["real"] & (frame["lift"] > 0) & (frame["customers"] > 0)]
    if not len(frame):
        return _nothing(question, _("No trait differs by more than chance."))
    order = np.log(frame["lift"]).abs().sort_values(ascending=False, kind="stable").index[:MOST_LIFTS]
    frame = frame.loc[order].sort_values("lift", ascending=False, kind="stable")
    frame = frame.assign(
        row=[
            titles.get(feature, feature) + (f": {card_lines.class_name(trait, names)}" if trait else "")
            for feature, trait in zip(frame["feature"], frame["trait"], strict=True)
        ],
        few=frame["n"] < SMALL,
        label=[
            f"×{i18n.number(lift, 1)} (n = {i18n.number(n)})"
            for lift, n in zip(frame["lift"], frame["n"], strict=True)
        ],
        end=frame["high"].clip(lower=1),  # words on the line at 1 cannot be read
    )
    base = alt.Chart(_lean(frame, ["row", "lift", "low", "high", "end", "label", "n", "few"]))
    listed = frame["row"].tolist()
    y = alt.Y("row:N", sort=listed, title=None, axis=alt.Axis(**broken(listed, TRAIT)))
    x = alt.X(
        "lift:Q",
        title=_("Top customers beside all who bought (1: the same)"),
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format="~r", tickCount=6),
    )
    one = alt.Chart(pd.DataFrame({"at": [1]})).mark_rule(style="reference").encode(x="at:Q")
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70, filled=True, opacity=1).encode(
        y=y,
        x=x,
        color=alt.condition("datum.few", alt.value(theme.MUTED), alt.value(theme.ACCENT)),
        tooltip=[
            _tip("row", _("Trait")),
            _tip("lift", _("Times as much"), ".2f"),
            _tip("low", _("95% from"), ".2f"),
            _tip("high", _("to"), ".2f"),
            _tip("n", _("Top customers of whom it is known"), ",.0f"),
        ],
    )
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="end:Q", text="label:N")
    return alt.layer(one, spans, points, words).properties(
        title=_title(question, subtitle),
        description=_("Lifts of {n} traits with 95% intervals.", n=len(frame)),
        height=step(listed, TRAIT),
    )


def audience(
    result: Result, titles: Mapping[str, str], names: Names, subtitle: str = ""
) -> alt.TopLevelMixin:
    """How does the audience there is differ from the one that was meant? (`personas.profile.audience`)."""
    question = _("How does the audience there is differ from the one that was meant?")
    frame = _shown(result).dropna(subset=["share"])
    subtitle = _told(subtitle, len(result.table) - len(frame))
    if not len(frame):
        return _nothing(question, _("Of too few customers is anything known."))
    frame = frame.assign(
        row=[
            f"{titles.get(feature, feature)}: {card_lines.class_name(trait, names)}"
            for feature, trait in zip(frame["feature"], frame["trait"], strict=True)
        ],
        label=[
            _("{share} instead of {target}", share=i18n.percent(share, 0), target=i18n.percent(target, 0))
            for share, target in zip(frame["share"], frame["target"], strict=True)
        ],
        end=frame[["high", "target"]].max(axis=1),
    )
    base = alt.Chart(_lean(frame, ["row", "share", "low", "high", "target", "label", "end", "of"]))
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=None, axis=alt.Axis(labelLimit=240))
    x = alt.X("share:Q", title=_("Share of the audience of whom it is known"), axis=alt.Axis(format="~%"))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70, filled=True, opacity=1, color=theme.ACCENT).encode(
        y=y,
        x=x,
        tooltip=[
            _tip("row", _("Trait")),
            _tip("share", _("Share of customers"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("target", _("Target"), ".1%"),
            _tip("of", _("Customers"), ",.0f"),
        ],
    )
    meant = base.mark_tick(thickness=3, size=16, color=theme.INK).encode(y=y, x="target:Q")
    words = base.mark_text(style="label", align="left", dx=8).encode(y=y, x="end:Q", text="label:N")
    return alt.layer(spans, meant, points, words).properties(
        title=_title(question, subtitle),
        description=_("Shares of {n} traits with 95% intervals, beside their targets (ticks).", n=len(frame)),
        height=alt.Step(ROW),
    )
