"""Charts of how long things take, and how they move from week to week and month to month."""

from __future__ import annotations

import altair as alt

from journey_lib import i18n
from journey_lib.charts import Names, _heat_map, _lean, _nothing, _shown, _tip, _title, named
from journey_lib.charts_shares import _told, whole_percent
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import Result

CURVES = {
    "time_to": (
        "How many days does it take from the first stage to the last?",
        "Too few customers have reached the last stage to be shown.",
    ),
    "repeat": (
        "How many days until customers convert a second time?",
        "Too few customers have converted a second time to be shown.",
    ),
}

MANY_HIDDEN = 0.25  # of a stage's weeks, hidden or of few: with more of them it is not drawn


def time_to(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How long does it take to the last stage, or to come back? (`funnel.time_to`, `retention.repeat`)."""
    question, why = (_(words) for words in CURVES[result.name])
    frame = _shown(result).dropna(subset=["share"])
    if not len(frame) or not frame["customers"].max() > 0:
        return _nothing(question, why)
    subtitle = _told(subtitle, len(result.table) - len(frame))
    frame = frame.iloc[:: max(1, len(frame) // 60)]
    base = alt.Chart(_lean(frame, ["day", "share", "low", "high", "at_risk"]))
    x = alt.X("day:Q", title=_("Days since then"))
    band = base.mark_area(opacity=0.2, interpolate="step-after").encode(x=x, y="low:Q", y2="high:Q")
    line = base.mark_line(interpolate="step-after").encode(
        x=x,
        y=alt.Y("share:Q", title=_("Share who are there"), axis=alt.Axis(format=".1%")),
        tooltip=[
            _tip("day", _("Days since then"), ",.0f"),
            _tip("share", _("Share who are there"), ".2%"),
            _tip("low", _("95% from"), ".2%"),
            _tip("high", _("to"), ".2%"),
            _tip("at_risk", _("Customers still watched"), ",.0f"),
        ],
    )
    return alt.layer(band, line).properties(
        title=_title(question, subtitle),
        description=_("Kaplan–Meier curve of the share of customers who are there after so many days."),
        height=220,
    )


def cohorts(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """What part of each month's new customers converts again later? (`retention.cohorts`)."""
    question = _("What part of each month's new customers converts again in later months?")
    frame = _shown(result).dropna(subset=["share"])
    if not len(result.table):
        return _nothing(question, _("No month could be watched to its end."))
    if not len(frame):
        return _nothing(question, _("Of no month enough new customers converted again to be shown."))
    subtitle = _told(subtitle, len(result.table) - len(frame))
    sizes = zip(frame["cohort"], frame["of"], strict=True)
    frame = frame.assign(
        cohort_name=[f"{cohort:%m/%Y} (n = {i18n.number(n)})" for cohort, n in sizes],
        label=[whole_percent(share) for share in frame["share"]],
    )
    cells = _heat_map(
        frame,
        x=alt.X("month:O", title=_("Months later"), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cohort_name:N", sort=list(dict.fromkeys(frame["cohort_name"])), title=None),
        legend=_("Share of the cohort"),
        tooltip=[
            _tip("cohort_name", _("Month of the first conversion")),
            _tip("month", _("Months later")),
            _tip("share", _("Share of the cohort"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("customers", _("Customers"), ",.0f"),
        ],
    )
    return cells.properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of the share of {n} monthly cohorts that converts again.", n=frame["cohort"].nunique()
        ),
    )


def trend(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How does conversion from stage to stage move from week to week? (`funnel.trend`)."""
    question = _("How does conversion from stage to stage move from week to week?")
    frame = result.table.assign(suppressed=result.table.get("suppressed", False))
    if frame["week"].nunique() < 2:
        return _nothing(question, _("Fewer than two weeks could be watched for the whole window."))
    frame = frame.assign(stage_name=named(frame["step"], names))
    # Where weeks of few customers are hidden, those left are of nobody: a line of them would be false.
    few = frame["suppressed"] | frame["share"].isna() | (frame["of"] < SMALL)
    thin = few.groupby(frame["stage_name"], sort=False).mean() > MANY_HIDDEN
    hidden = [str(name) for name in thin.index[thin]]
    frame = frame[~frame["stage_name"].isin(hidden)]
    if hidden:
        told = _("too few customers a week: {stages}", stages=", ".join(hidden))
        subtitle = " · ".join(filter(None, [subtitle, told]))
    if not len(frame):
        return _nothing(question, _("In too many weeks too few customers go on to be shown."))
    subtitle = _told(subtitle, int(frame["share"].isna().sum()))
    stages = list(dict.fromkeys(frame["stage_name"]))
    fields = ["week", "stage_name", "share", "low", "high", "customers", "of"]
    base = alt.Chart(_lean(frame, fields))
    x = alt.X("week:T", title=_("Week of the first stage"))
    band = base.mark_area(opacity=0.2).encode(x=x, y="low:Q", y2="high:Q")
    line = base.mark_line(point=True).encode(
        x=x,
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%")),
        tooltip=[
            alt.Tooltip("week:T", title=_("Week of the first stage")),
            _tip("stage_name", _("Stage")),
            _tip("share", _("of those at the stage before"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("of", _("Customers at the stage before"), ",.0f"),
        ],
    )
    return (
        alt.layer(band, line)
        .properties(height=90)
        .facet(row=alt.Row("stage_name:N", sort=stages, title=None, header=alt.Header(labelAngle=0)))
        .resolve_scale(y="independent")
        .properties(
            title=_title(question, subtitle),
            description=_("Weekly conversion to {n} stages with 95% intervals.", n=len(stages)),
        )
    )
