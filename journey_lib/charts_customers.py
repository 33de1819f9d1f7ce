"""Charts of the single customer view: how rows became customers, and what hangs on it."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from journey_lib import i18n, theme
from journey_lib.charts import ROW, Names, _lean, _nothing, _shown, _tip, _title, named
from journey_lib.i18n import text as _
from journey_lib.model import NO_TOUCH, Result
from journey_lib.stages.labels import EVENTS

LEVEL_NAMES: Mapping[str, str] = {
    "off": "Not stitched",
    "normal": "Normal stitching",
    "aggressive": "Aggressive stitching",
}
STAGE_NAMES: Mapping[str, str] = {
    "visitor": "Anonymous visitor",
    "prospect": "Known, no order yet",
    "listed": "In the CRM, no order yet",
    "unlisted": "No order, not in the CRM",
    "new": "One order",
    "repeat": "Repeat customer",
    "lapsed": "Lapsed customer",
}
OUTCOME = "outcome"  # the row of a timeline for what happened without a channel


def customer_sizes(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """Of how many identifiers do customers consist? (`single_view.sizes`)."""
    frame = _shown(result).assign(
        label=lambda f: [
            f"{i18n.number(n)} ({i18n.percent(s)})" for n, s in zip(f["customers"], f["share"], strict=True)
        ]
    )
    y = alt.Y("identifiers:N", sort=frame["identifiers"].tolist(), title=_("Identifiers of a customer"))
    base = alt.Chart(_lean(frame, ["identifiers", "customers", "share", "label"]))
    bars = base.mark_bar(size=14).encode(
        y=y,
        x=alt.X("customers:Q", title=_("Customers"), axis=alt.Axis(format=",.0f")),
        tooltip=[
            _tip("identifiers", _("Identifiers of a customer")),
            _tip("customers", _("Customers"), ",.0f"),
            _tip("share", _("Share of customers"), ".1%"),
        ],
    )
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="customers:Q", text="label:N")
    return alt.layer(bars, words).properties(
        title=_title(_("Of how many identifiers do customers consist?"), subtitle),
        description=_(
            "Customers by the number of identifiers joined in each; {share} have only one.",
            share=i18n.percent(float(result.table["share"].iloc[0])),
        ),
        height=alt.Step(ROW),
    )


def match_rates(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How many customers of each source does another source know too? (`single_view.matches`)."""
    frame = _shown(result).dropna(subset=["share"])
    if not len(frame):
        return _nothing(
            _("How many customers of each source does another source know too?"),
            _("No two sources have enough customers to be compared."),
        )
    frame = frame.assign(
        source_name=[_(source) for source in frame["source"]],
        label=[
            f"{i18n.percent(share)} (n = {i18n.number(n)})"
            for share, n in zip(frame["share"], frame["customers"], strict=True)
        ],
    )
    order = frame.sort_values("share", ascending=False)["source_name"].tolist()
    y = alt.Y("source_name:N", sort=order, title=None)
    fields = ["source_name", "customers", "matched", "share", "low", "high", "label"]
    base = alt.Chart(_lean(frame, fields))
    bars = base.mark_bar(size=14).encode(
        y=y,
        x=alt.X(
            "share:Q",
            title=_("Customers whom another source knows too"),
            axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
            scale=alt.Scale(domain=[0, 1.25]),  # room for the words behind a bar
        ),
        tooltip=[
            _tip("source_name", _("Source")),
            _tip("customers", _("Customers"), ",.0f"),
            _tip("matched", _("of these known elsewhere"), ",.0f"),
            _tip("share", _("Share of customers"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
        ],
    )
    spans = base.mark_rule(style="interval", color=theme.INK).encode(y=y, x="low:Q", x2="high:Q")
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="high:Q", text="label:N")
    return alt.layer(bars, spans, words).properties(
        title=_title(_("How many customers of each source does another source know too?"), subtitle),
        description=_("Match rates of {n} sources with 95% intervals.", n=len(order)),
        height=alt.Step(ROW),
    )


def credit_by_stitching(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How much does channel credit depend on stitching? (`single_view.sensitivity`)."""
    # Conversions without a touch go beside the chart, in words: they would leave no room for channels.
    frame = _shown(result)
    frame = frame[frame["channel"] != NO_TOUCH].assign(
        channel_name=lambda f: named(f["channel"], names),
        level_name=lambda f: [_(LEVEL_NAMES[level]) for level in f["level"]],
    )
    if not len(frame):
        return _nothing(
            _("How much does channel credit depend on stitching?"),
            _("No channel has enough customers to be shown."),
        )
    order = frame.groupby("channel_name")["share"].max().sort_values(ascending=False).index.tolist()
    levels = [_(LEVEL_NAMES[level]) for level in result.settings["levels"]]
    scale = alt.Scale(domain=levels)
    base = alt.Chart(_lean(frame, ["channel_name", "level_name", "share", "low", "high"])).encode(
        y=alt.Y("channel_name:N", sort=order, title=None),
        yOffset=alt.YOffset("level_name:N", sort=levels),
        color=alt.Color("level_name:N", scale=scale, title=_("Stitching")),
    )
    percent = alt.Axis(format=".0%")
    spans = base.mark_rule(strokeWidth=1.5).encode(
        x=alt.X("low:Q", title=_("Share of conversions"), axis=percent), x2="high:Q"
    )
    points = base.mark_point(size=44, filled=True).encode(
        x=alt.X("share:Q", title=_("Share of conversions"), axis=percent),
        shape=alt.Shape("level_name:N", scale=scale, title=_("Stitching")),
        tooltip=[
            _tip("channel_name", _("Channel")),
            _tip("level_name", _("Stitching")),
            _tip("share", _("Share of conversions"), ".1%"),
            _tip("low", _("95% from"), ".1%"),
            _tip("high", _("to"), ".1%"),
        ],
    )
    return alt.layer(spans, points).properties(
        title=_title(_("How much does channel credit depend on stitching?"), subtitle),
        description=_(
            "Share of conversions credited to each of {n} channels at {levels} levels of stitching, with 95%"
            " intervals.",
            n=len(order),
            levels=len(levels),
        ),
        height=alt.Step(7 + 24 / max(len(levels), 2)),
    )


def life_stages(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How many customers are where in their life with the shop? (`single_view.life_stages`)."""
    frame = _shown(result).assign(
        stage_name=lambda f: [_(STAGE_NAMES[stage]) for stage in f["stage"]],
        label=lambda f: [
            f"{i18n.number(n)} ({i18n.percent(s)})" for n, s in zip(f["customers"], f["share"], strict=True)
        ],
    )
    y = alt.Y("stage_name:N", sort=frame["stage_name"].tolist(), title=None)
    base = alt.Chart(_lean(frame, ["stage_name", "customers", "share", "orders", "label"]))
    bars = base.mark_bar(size=14).encode(
        y=y,
        x=alt.X("customers:Q", title=_("Customers"), axis=alt.Axis(format=",.0f")),
        tooltip=[
            _tip("stage_name", _("Stage")),
            _tip("customers", _("Customers"), ",.0f"),
            _tip("share", _("Share of customers"), ".1%"),
            _tip("orders", _("Orders"), ",.0f"),
        ],
    )
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="customers:Q", text="label:N")
    return alt.layer(bars, words).properties(
        title=_title(_("Where are customers in their life with the shop?"), subtitle),
        description=_("Customers by stage of their life with the shop, {n} stages.", n=len(frame)),
        height=alt.Step(ROW),
    )


def timeline(result: Result, names: Names) -> alt.TopLevelMixin:
    """What did one customer do, and when? (`single_view.timeline`)."""
    if not len(result.table):
        return _nothing(
            _("What did one customer do, and when?"),
            _("Nobody is shown unless asked for: name a customer, or take a typical one."),
        )
    frame = result.table.assign(
        channel_name=lambda f: named(f["channel"].fillna(OUTCOME), {**names, OUTCOME: _("(no channel)")}),
        sale=lambda f: f["value"] != 0,
        touchpoint=lambda f: named(f["touchpoint"].fillna("–"), names),
        event=lambda f: [_event(code, names) for code in f["event_type"]],
    )
    order = frame.drop_duplicates("channel_name")["channel_name"].tolist()
    fields = ["time", "channel_name", "touchpoint", "event", "value", "sale"]
    base = alt.Chart(frame[fields]).encode(
        x=alt.X("time:T", title=None, scale=alt.Scale(padding=8)),
        y=alt.Y("channel_name:N", sort=order, title=None),
        tooltip=[
            alt.Tooltip("time:T", title=_("Time"), format="%d/%m/%Y %H:%M"),
            _tip("channel_name", _("Channel")),
            _tip("touchpoint", _("Touchpoint")),
            _tip("event", _("Event")),
            _tip("value", _("Value"), "$,.0f"),
        ],
    )
    path = (
        alt.Chart(frame[fields])
        .mark_line(strokeWidth=1, color=theme.MUTED)
        .encode(x="time:T", y=alt.Y("channel_name:N", sort=order), order="time:T")
    )
    shapes = alt.Scale(domain=[False, True], range=["circle", "diamond"])
    points = base.mark_point(filled=True, size=60).encode(
        color=alt.condition("datum.sale", alt.value(theme.ACCENT), alt.value(theme.INK)),
        shape=alt.Shape("sale:N", scale=shapes, legend=None),
        size=alt.condition("datum.sale", alt.value(160), alt.value(50)),
    )
    first, last = (i18n.date(pd.Timestamp(day).date()) for day in (frame["time"].min(), frame["time"].max()))
    return alt.layer(path, points).properties(
        title=_title(
            _("What did customer {customer} do, and when?", customer=result.settings["customer_id"]),
            f"{first} – {last} · {_('contacts')}: {i18n.number(len(frame))}"
            f" · {_('a diamond is money spent')}",
        ),
        description=_("Timeline of one customer: {n} contacts by channel.", n=len(frame)),
        height=alt.Step(ROW + 6),
    )


def _event(code: str, names: Names) -> str:
    """What readers call a kind of event: the workspace's word, else ours, else its code."""
    return names.get(code) or EVENTS.get(code, {}).get(i18n.language(), code)
