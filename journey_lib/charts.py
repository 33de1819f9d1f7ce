"""Charts: one function a question; a Result in, a picture out that says what it shows, of whom and when.

`names` maps channel codes to what readers call them; a code without a name stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.funnel import NOTHING
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import CONVERTED, ENDED, LATER, NO_TOUCH, OPEN, OTHER, QUIET, START, Result

Names = Mapping[str, str]

ROW = 24  # pixels a row of a list takes
COLUMN = 25  # pixels a column of two digits takes
MANY = range(10, 23)  # columns that fit a page and not a phone
MODEL_NAMES = {
    "first": "First touch",
    "last": "Last touch",
    "last_non_direct": "Last non-direct touch",
    "linear": "Linear",
    "position": "Position-based",
    "time_decay": "Time decay",
    "markov": "Markov",
    "shapley": "Shapley",
}
SPECIAL = {
    NO_TOUCH: "(no touch)",
    START: "(start)",
    CONVERTED: "(conversion)",
    ENDED: "(no conversion)",
    OTHER: "(other)",
    OPEN: "(still open)",
    LATER: "(goes on)",
    QUIET: "(gone quiet)",
    NOTHING: "(nothing more)",
}


def model_name(model: str) -> str:
    """What readers call a model, in the language of this process."""
    return _(MODEL_NAMES.get(model, model))


def named(codes: pd.Series, names: Names) -> list[str]:
    """What readers call channels, special rows included."""
    return [_(SPECIAL[code]) if code in SPECIAL else names.get(code, code) for code in codes]


def path_name(path: str, names: Names) -> str:
    """What readers call a path, channel by channel."""
    return " › ".join(named(pd.Series(path.split(" > ")), names))


def credit_by_model(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which channels get the credit, and how much does that depend on the model? (`attribution.compare`)."""
    question = _("Which channels get the credit, and how much does that depend on the model?")
    frame = _shown(result)
    if not len(frame):
        return _too_few(question)
    frame = frame.assign(
        channel_name=lambda f: named(f["channel"], names),
        model_name=lambda f: [model_name(m) for m in f["model"]],
        few=lambda f: f["journeys"] < SMALL,
    )
    order = frame.groupby("channel_name")["share"].mean().sort_values(ascending=False).index.tolist()
    order = _ends_apart(order, [], [name for name in order if name == _(SPECIAL[NO_TOUCH])])
    models = [model_name(model) for model in result.settings["models"]]
    pick = alt.selection_point(fields=["model_name"], bind="legend", name="pick_model")
    # One declared domain makes colour and shape one legend, so that neither is needed alone.
    order_of_models = alt.Scale(domain=models)
    colour = alt.Color("model_name:N", scale=order_of_models, title=_("Model"))
    fields = ["channel_name", "model_name", "share", "low", "high", "conversions", "journeys"]
    base = alt.Chart(_lean(frame, fields)).encode(
        y=alt.Y("channel_name:N", sort=order, title=None),
        yOffset=alt.YOffset("model_name:N", sort=models),
        color=colour,
        opacity=alt.condition(pick, alt.value(1.0), alt.value(0.15)),
    )
    spans = base.mark_rule(strokeWidth=1.5).encode(x=_share("low"), x2="high:Q")
    points = base.mark_point(size=44, filled=True).encode(
        x=_share("share"),
        shape=alt.Shape("model_name:N", scale=order_of_models, title=_("Model")),
        tooltip=[
            _tip("channel_name", _("Channel")),
            _tip("model_name", _("Model")),
            _tip("share", _("Share of conversions"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("conversions", _("Conversions"), ",.1f"),
            _tip("journeys", _("Converted journeys"), ",.0f"),
        ],
    )
    return alt.layer(spans, points.add_params(pick)).properties(
        title=_title(question, subtitle),
        description=_(
            "Share of conversions credited to each of {n} channels by {models}, with 95% intervals.",
            n=len(order),
            models=", ".join(models),
        ),
        height=alt.Step(7 + 24 / max(len(models), 2)),
    )


def credit_bars(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How many conversions does one model credit to each channel? (`attribution.credit`)."""
    model = model_name(result.settings["model"])
    question = _("How many conversions does {model} credit to each channel?", model=model)
    total = max(float(result.table["conversions"].sum()), 1.0)
    frame = _shown(result)
    if not len(frame):
        return _too_few(question)
    frame = frame.assign(
        channel_name=lambda f: named(f["channel"], names),
        from_=lambda f: f["low"] * total,
        to_=lambda f: f["high"] * total,
        few=lambda f: f["journeys"] < SMALL,
        label=lambda f: [
            f"{i18n.number(c)} ({i18n.percent(s)})" for c, s in zip(f["conversions"], f["share"], strict=True)
        ],
    )
    order = frame.sort_values("conversions", ascending=False)["channel_name"].tolist()
    order = _ends_apart(order, [], [name for name in order if name == _(SPECIAL[NO_TOUCH])])
    y = alt.Y("channel_name:N", sort=order, title=None)
    fields = ["channel_name", "conversions", "from_", "to_", "journeys", "few", "label"]
    base = alt.Chart(_lean(frame, fields))
    bars = base.mark_bar(size=14).encode(
        y=y,
        x=alt.X("conversions:Q", title=_("Conversions"), axis=alt.Axis(format=",.0f")),
        color=alt.condition("datum.few", alt.value(theme.MUTED), alt.value(theme.ACCENT)),
        tooltip=[
            _tip("channel_name", _("Channel")),
            _tip("conversions", _("Conversions"), ",.1f"),
            _tip("from_", _("95% from"), ",.1f"),
            _tip("to_", _("to"), ",.1f"),
            _tip("journeys", _("Converted journeys"), ",.0f"),
        ],
    )
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="from_:Q", x2="to_:Q")
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="to_:Q", text="label:N")
    return alt.layer(bars, spans, words).properties(
        title=_title(question, subtitle),
        description=_(
            "Conversions credited to each of {n} channels with 95% intervals; most to {top}.",
            n=len(order),
            top=order[0] if order else "–",
        ),
        height=alt.Step(ROW),
    )


def removal_effects(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """What part of the conversions would be lost without each channel? (`attribution.removal_effects`)."""
    question = _("How many conversions would be lost if everyone who reached a channel left there?")
    frame = _shown(result)
    if not len(frame):
        return _too_few(question)
    frame = frame.assign(
        channel_name=lambda f: named(f["channel"], names),
        label=lambda f: [i18n.percent(e) for e in f["removal_effect"]],
    )
    order = frame.sort_values("removal_effect", ascending=False)["channel_name"].tolist()
    y = alt.Y("channel_name:N", sort=order, title=None)
    x = alt.X("removal_effect:Q", title=_("Conversions lost"), axis=alt.Axis(format=".0%"))
    base = alt.Chart(_lean(frame, ["channel_name", "removal_effect", "low", "high", "journeys", "label"]))
    bars = base.mark_bar(size=14).encode(
        y=y,
        x=x,
        tooltip=[
            _tip("channel_name", _("Channel")),
            _tip("removal_effect", _("Conversions lost"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("journeys", _("Converted journeys"), ",.0f"),
        ],
    )
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="high:Q", text="label:N")
    return alt.layer(bars, spans, words).properties(
        title=_title(question, subtitle),
        description=_("Removal effect of {n} channels in the Markov chain of the paths.", n=len(order)),
        height=alt.Step(ROW),
    )


def transition_map(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Where do customers go next? (`journeys.transitions`)."""
    frame = _shown(result)
    frame = frame[frame["to"] != OPEN]
    if not len(frame):
        return _nothing(
            _("Where do customers go next?"), _("No step was taken by enough customers to be shown.")
        )
    frame = frame.assign(
        from_name=lambda f: named(f["from"], names),
        to_name=lambda f: named(f["to"], names),
        label=lambda f: [i18n.number(100 * s) if s >= 0.095 else "" for s in f["share"]],
    )
    size = frame.groupby("from_name")["journeys"].sum().sort_values(ascending=False)
    rows = _ends_apart(size.index.tolist(), [_(SPECIAL[START])], [])
    columns = _ends_apart(
        [name for name in size.index if name in set(frame["to_name"])],
        [],
        [_(SPECIAL[end]) for end in (CONVERTED, ENDED) if _(SPECIAL[end]) in set(frame["to_name"])],
    )
    cells = _heat_map(
        frame,
        x=alt.X("to_name:N", sort=columns, title=_("to")),
        y=alt.Y("from_name:N", sort=rows, title=_("from")),
        legend=_("Share of steps out of a channel"),
        tooltip=[
            _tip("from_name", _("from")),
            _tip("to_name", _("to")),
            _tip("share", _("Share of steps out of a channel"), ".1%"),
            _tip("journeys", _("Steps"), ",.0f"),
        ],
    )
    # Columns too narrow for two digits scroll instead, on a phone.
    room = {"width": alt.Step(COLUMN)} if len(columns) in MANY else {}
    return cells.properties(
        **room,
        title=_title(_("Where do customers go next?"), subtitle),
        description=_(
            "Heat map of {n} steps between channels: the share of all steps out of a channel (row) that lead"
            " to the next (column), in percent.",
            n=i18n.number(result.facts["steps"]),
        ),
    )


def credit_over_time(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How did credit move from month to month? (`attribution.over_time`)."""
    question = _("How did each channel's share move from month to month?")
    frame = _shown(result)
    if not len(frame):
        return _too_few(question)
    frame = frame.assign(
        channel_name=lambda f: named(f["channel"], names),
        month_name=lambda f: f["month"].dt.strftime("%m/%Y"),
        label=lambda f: [i18n.number(100 * s) if s >= 0.005 else "" for s in f["share"]],
    )
    order = frame.groupby("channel_name")["conversions"].sum().sort_values(ascending=False).index.tolist()
    months = frame.sort_values("month")["month_name"].unique().tolist()
    cells = _heat_map(
        frame,
        x=alt.X("month_name:O", sort=months, title=_("Month")),
        y=alt.Y("channel_name:N", sort=order, title=None),
        legend=_("Share of the month's conversions"),
        tooltip=[
            _tip("channel_name", _("Channel")),
            _tip("month_name", _("Month")),
            _tip("share", _("Share of the month's conversions"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
            _tip("conversions", _("Conversions"), ",.1f"),
        ],
    )
    return cells.properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of the share of conversions credited to {n} channels in each of {months} months,"
            " in percent.",
            n=len(order),
            months=len(months),
        ),
    )


def cost_per_conversion(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """What did a credited conversion cost in each channel? (`attribution.efficiency`)."""
    frame = _shown(result).dropna(subset=["cost_per_conversion"])
    frame = frame.assign(
        channel_name=lambda f: named(f["channel"], names),
        few=lambda f: f["journeys"] < SMALL,
        label=lambda f: [
            i18n.money(c, result.settings["currency"], compact=True) for c in f["cost_per_conversion"]
        ],
    )
    if not len(frame):
        return _nothing(
            _("What did a credited conversion cost in each channel?"), _("No costs to compare with.")
        )
    order = frame.sort_values("cost_per_conversion")["channel_name"].tolist()
    y = alt.Y("channel_name:N", sort=order, title=None)
    fields = ["channel_name", "cost_per_conversion", "low", "high", "return_on_spend", "cost", "few", "label"]
    base = alt.Chart(_lean(frame, fields))
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    points = base.mark_point(size=70).encode(
        y=y,
        x=alt.X("cost_per_conversion:Q", title=_("Cost per conversion"), axis=alt.Axis(format="$,.0f")),
        fill=alt.condition("datum.few", alt.value(theme.MUTED), alt.value(theme.ACCENT)),
        tooltip=[
            _tip("channel_name", _("Channel")),
            _tip("cost_per_conversion", _("Cost per conversion"), "$,.0f"),
            _tip("low", _("95% from"), "$,.0f"),
            _tip("high", _("to"), "$,.0f"),
            _tip("return_on_spend", _("Return on ad spend"), ".2f"),
            _tip("cost", _("Spend"), "$,.0f"),
        ],
    )
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="high:Q", text="label:N")
    return alt.layer(spans, points, words).properties(
        title=_title(_("What did a credited conversion cost in each channel?"), subtitle),
        description=_(
            "Cost per credited conversion of {n} channels with spend, with 95% intervals.", n=len(order)
        ),
        height=alt.Step(ROW),
    )


def _heat_map(
    frame: pd.DataFrame, *, x: alt.X, y: alt.Y, legend: str, tooltip: list[alt.Tooltip]
) -> alt.TopLevelMixin:
    """Shares as colours, with the number written in wherever there is room for one."""
    fields = [tip["shorthand"].partition(":")[0] for tip in tooltip]
    cells = (
        alt.Chart(_lean(frame, fields))
        .mark_rect()
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "share:Q", title=legend, scale=alt.Scale(range="ramp"), legend=alt.Legend(format=".0%")
            ),
            tooltip=tooltip,
        )
    )
    middle = 0.6 * float(frame["share"].max()) if len(frame) else 0.5
    labelled = frame[frame["label"] != ""].assign(high_end=lambda f: f["share"] > middle)
    return alt.layer(cells, _on_cells(labelled, x, y)).properties(height=alt.Step(ROW))


def _on_cells(frame: pd.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    """The labels of a heat map's cells, in letters one can read on each: `high_end` are dark."""
    fields = [x["shorthand"].partition(":")[0], y["shorthand"].partition(":")[0], "label", "high_end"]
    colour = alt.condition("datum.high_end", alt.value(theme.ON_HIGH), alt.value(theme.ON_LOW))
    words = alt.Chart(_lean(frame, fields)).mark_text(fontSize=10)
    return words.encode(x=x, y=y, text="label:N", color=colour)


def _lean(frame: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """Only what a chart draws, in as many digits as an eye can tell: a page carries its data."""
    lean = frame[list(fields)].copy()
    for name in lean.select_dtypes("float"):
        lean[name] = [float(f"{value:.4g}") for value in lean[name]]
    return lean


def _nothing(question: str, why: str) -> alt.TopLevelMixin:
    """A chart that says it has nothing to show, and why."""
    words = alt.Chart(pd.DataFrame({"why": [why]})).mark_text(style="label").encode(text="why:N")
    return words.properties(
        title=_title(question, ""), description=why, height=60, usermeta={"journey": {"empty": True}}
    )


def _too_few(question: str) -> alt.TopLevelMixin:
    return _nothing(question, _("No channel has enough customers to be shown."))


def _compact(amount: float, result: Result) -> str:
    currency = result.settings["currency"]
    return i18n.money(amount, currency, compact=amount >= 10_000)


def _title(question: str, subtitle: str) -> alt.TitleParams:
    return alt.TitleParams(question, subtitle=[subtitle] if subtitle else [])


def _share(column: str) -> alt.X:
    return alt.X(f"{column}:Q", title=_("Share of conversions"), axis=alt.Axis(format=".0%"))


def _tip(column: str, title: str, form: str | None = None) -> alt.Tooltip:
    if form is None:
        return alt.Tooltip(f"{column}:N", title=title)
    return alt.Tooltip(f"{column}:Q", title=title, format=form)


def _shown(result: Result) -> pd.DataFrame:
    """Rows that may be shown: those resting on enough people (see `Result.suppressed`)."""
    table = result.table
    return table[~table["suppressed"]] if "suppressed" in table else table


def _ends_apart(found: Sequence[str], first: Sequence[str], last: Sequence[Any]) -> list[str]:
    """The names with the given ones first or last."""
    middle = [name for name in found if name not in {*first, *last}]
    return [*first, *middle, *last]
