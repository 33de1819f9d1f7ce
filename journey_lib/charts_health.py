"""Charts of the health of the data: what was kept apart, when rows come, and what is missing from them."""

from __future__ import annotations

import altair as alt
import pandas as pd

from journey_lib import i18n, tables, theme
from journey_lib.charts import ROW, _on_cells
from journey_lib.findings_health import series_name
from journey_lib.i18n import text as _
from journey_lib.model import Result

MOST_ROWS = 4_500  # of one chart; more, and Altair refuses to draw them
PANEL = 120  # pixels the panel of one table is high


def kept_apart(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How many rows of each source were kept apart, and why? (`health.reconciled`)."""
    question = _("How many rows were kept apart, and why?")
    frame = result.table[result.table["outcome"] != "kept"]
    if not len(frame):
        return _nothing(question, _("None: every row of every source is used."))
    frame = frame.sort_values("rows", ascending=False, kind="stable")
    several = frame.groupby("table")["number"].transform("nunique") > 1
    frame = pd.DataFrame(
        {
            "name": [
                f"{_(table)}{f' ({source})' if more else ''}: {tables.reason(why)}"
                for table, source, why, more in zip(
                    frame["table"], frame["source"], frame["outcome"], several, strict=True
                )
            ],
            "rows": frame["rows"].to_numpy(),
            "part": frame["part"].to_numpy(),
            "label": [
                f"{i18n.number(n)} ({i18n.percent(p, 2)})"
                for n, p in zip(frame["rows"], frame["part"], strict=True)
            ],
        }
    )
    order = frame["name"].tolist()
    base = alt.Chart(frame).encode(y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=280)))
    x = alt.X("rows:Q", title=_("Rows"), axis=alt.Axis(format=",.0f"))
    bars = base.mark_bar(size=14).encode(
        x=x,
        tooltip=[
            alt.Tooltip("name:N", title=_("Reason")),
            alt.Tooltip("rows:Q", title=_("Rows"), format=",.0f"),
            alt.Tooltip("part:Q", title=_("Share of the source's rows"), format=".2%"),
        ],
    )
    words = base.mark_text(style="label", align="left", dx=6).encode(x=x, text="label:N")
    return alt.layer(bars, words).properties(
        title=_title(question, subtitle),
        description=_(
            "Rows kept apart by source and reason: {n} of {of} rows.",
            n=i18n.number(result.facts["dropped"]),
            of=i18n.number(result.facts["rows_in"]),
        ),
        height=alt.Step(ROW),
    )


def rows_by_day(presence: Result, gaps: Result, jumps: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """On which days do rows come, with gaps and jumps? (`health.presence`, `gaps`, `jumps`)."""
    question = _("On which days do rows come, and where are gaps and sudden changes?")
    frame = presence.table
    if not len(frame):
        return _nothing(question, _("No table has rows with a plausible time."))
    tables = list(dict.fromkeys(frame["table"]))
    last = frame["day"].max()
    first = max(frame["day"].min(), last - pd.Timedelta(days=MOST_ROWS // len(tables)))
    if first > frame["day"].min():
        subtitle += " · " + _("drawn from {day}", day=i18n.date(first.date()))
    panels = [_panel(table, frame[frame["day"] >= first], gaps.table, jumps.table) for table in tables]
    return (
        alt.vconcat(*panels, spacing=14)
        .resolve_scale(x="shared", color="shared", shape="shared")
        .properties(
            title=_title(question, subtitle),
            description=_(
                "Rows a day of {n} tables as lines; {gaps} gaps are marked by bands and crosses, {jumps}"
                " sudden changes by triangles that point up or down.",
                n=len(tables),
                gaps=gaps.facts["gaps_in_tables"],
                jumps=jumps.facts["jumps_in_tables"],
            ),
        )
    )


def rows_by_month(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """Which table has how many rows in which month? (`health.months`)."""
    question = _("Which table has how many rows in which month?")
    if not len(result.table):
        return _nothing(question, _("No table has rows with a plausible time."))
    frame = result.table.assign(
        name=[_(table) for table in result.table["table"]],
        month_name=result.table["month"].dt.strftime("%m/%Y"),
        label=[_compact(rows) for rows in result.table["rows"]],
        relative=result.table["relative"].clip(upper=2).round(3),
    )
    months = frame["month_name"].unique().tolist()
    x = alt.X("month_name:O", sort=months, title=_("Month"))
    y = alt.Y("name:N", sort=frame["name"].unique().tolist(), title=None)
    shown = frame[["name", "month_name", "rows", "relative", "label"]]
    cells = (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "relative:Q",
                title=_("Rows, as a share of the table's median month"),
                scale=alt.Scale(range="ramp", domain=[0, 2], clamp=True),
                legend=alt.Legend(format=".0%", titleLimit=320),
            ),
            tooltip=[
                alt.Tooltip("name:N", title=_("Table")),
                alt.Tooltip("month_name:N", title=_("Month")),
                alt.Tooltip("rows:Q", title=_("Rows"), format=",.0f"),
            ],
        )
    )
    words = _on_cells(shown.assign(high_end=shown["relative"] > 1.2), x, y)
    return alt.layer(cells, words).properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of the rows of {n} tables in {months} months; {empty} of its cells have none.",
            n=result.facts["tables"],
            months=len(months),
            empty=result.facts["empty"],
        ),
        height=alt.Step(ROW + 6),
    )


def rows_by_hour(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """At what hour do rows come, and how many stand on the stroke of midnight? (`health.hours`)."""
    exactly, within = _("exactly at midnight"), _("any other time")
    parts = []
    for kind, rows in (
        (within, result.table["rows"] - result.table["midnight"]),
        (exactly, result.table["midnight"]),
    ):
        part = result.table.assign(kind=kind, n=rows, part=rows / result.table["of"])
        parts.append(part[(part["n"] > 0) | (part["kind"] == within)])
    frame = pd.concat(parts, ignore_index=True).assign(name=lambda f: [_(table) for table in f["table"]])
    panels = []
    for name in dict.fromkeys(frame["name"]):
        shown = frame[frame["name"] == name][["name", "hour", "kind", "n", "part"]]
        bars = alt.Chart(shown.assign(part=shown["part"].round(5))).mark_bar(stroke=theme.PAPER)
        panels.append(
            bars.encode(
                x=alt.X("hour:O", title=_("Hour of the day"), axis=alt.Axis(labelAngle=0)),
                y=alt.Y("part:Q", title=_("Share of rows"), axis=alt.Axis(format=".0%", tickCount=3)),
                color=alt.Color("kind:N", title=_("Time"), scale=alt.Scale(domain=[within, exactly])),
                tooltip=[
                    alt.Tooltip("hour:O", title=_("Hour of the day")),
                    alt.Tooltip("kind:N", title=_("Time")),
                    alt.Tooltip("n:Q", title=_("Rows"), format=",.0f"),
                    alt.Tooltip("part:Q", title=_("Share of rows"), format=".2%"),
                ],
            ).properties(height=PANEL, width=theme.PLOT_WIDTH, title=name)
        )
    return alt.vconcat(*panels, spacing=14).properties(
        title=_title(_("At what hour do rows come, and how many have no time of day?"), subtitle),
        description=_(
            "Share of rows by hour of the local clock; {n} of {of} rows lie exactly at midnight.",
            n=i18n.number(result.facts["midnight"]),
            of=i18n.number(result.facts["rows"]),
        ),
    )


def _panel(
    table: str, frame: pd.DataFrame, gaps: pd.DataFrame, jumps: pd.DataFrame
) -> alt.LayerChart | alt.FacetChart:
    """One table's rows a day, with bands where rows are missing and triangles where volume changed."""
    lines = frame[frame["table"] == table]
    lines = pd.DataFrame({"day": lines["day"].map(_iso), "rows": lines["rows"].to_numpy()})
    time = alt.X("day:T", title=None, axis=alt.Axis(format="%m/%Y"))
    rows = alt.Y("rows:Q", title=_("Rows a day"), axis=alt.Axis(format=",.0f", tickCount=3))
    line = (
        alt.Chart(lines)
        .mark_line(strokeWidth=1.25, interpolate="step-after", color=theme.SOFT)
        .encode(
            x=time,
            y=rows,
            tooltip=[
                alt.Tooltip("day:T", title=_("Day"), format="%d/%m/%Y"),
                alt.Tooltip("rows:Q", title=_("Rows"), format=",.0f"),
            ],
        )
    )
    marks = _marked(table, gaps, jumps, frame["day"].min())
    layers = [*_drawn(marks, time)[:1], line, *_drawn(marks, time)[1:]] if len(marks) else [line]
    return alt.layer(*layers).properties(
        height=PANEL, width=theme.PLOT_WIDTH, title=series_name(table, "", {})
    )


def _drawn(marks: pd.DataFrame, time: alt.X) -> list[alt.Chart]:
    """Marks as bands, which lie under the line, and as shapes, which tell them apart without colour."""
    kinds = [_("gap"), _("sudden rise"), _("sudden fall")]
    shapes = alt.Scale(domain=kinds, range=["cross", "triangle-up", "triangle-down"])
    legend = alt.Legend(symbolOpacity=1)
    colour = alt.Color("kind:N", title=_("Marked"), scale=alt.Scale(domain=kinds), legend=legend)
    points = alt.Chart(marks).mark_point(size=70, filled=True)
    return [
        alt.Chart(marks).mark_rect(opacity=0.18).encode(x=time, x2="until:T", color=colour),
        points.encode(
            x=alt.X("middle:T", title=None, axis=alt.Axis(format="%m/%Y")),
            y=alt.Y("peak:Q"),
            color=colour,
            shape=alt.Shape("kind:N", title=_("Marked"), scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("kind:N", title=_("Marked")),
                alt.Tooltip("day:T", title=_("from"), format="%d/%m/%Y"),
                alt.Tooltip("last:T", title=_("to"), format="%d/%m/%Y"),
                alt.Tooltip("seen:Q", title=_("Rows"), format=",.0f"),
                alt.Tooltip("expected:Q", title=_("Expected"), format=",.0f"),
            ],
        ),
    ]


def _marked(table: str, gaps: pd.DataFrame, jumps: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """The gaps and changes of a whole table, as one row a mark; a mark stands at the rows a day had."""
    parts = []
    for found, kind in ((gaps, "gap"), (jumps, "jump")):
        mine = found[(found["table"] == table) & (found["series"] == "") & (found["first_day"] >= since)]
        if not len(mine):
            continue
        seen = mine["rows"] if kind == "jump" else mine["days"] * 0
        up = mine["rows"] > mine["expected"] if kind == "jump" else seen > 0
        words = [_("gap") if kind == "gap" else _("sudden rise") if u else _("sudden fall") for u in up]
        middle = mine["first_day"] + (mine["last_day"] - mine["first_day"]) / 2 + pd.Timedelta(hours=12)
        parts.append(
            pd.DataFrame(
                {
                    "kind": words,
                    "day": mine["first_day"].map(_iso),
                    "until": (mine["last_day"] + pd.Timedelta(days=1)).map(_iso),
                    "last": mine["last_day"].map(_iso),
                    "middle": middle.dt.strftime("%Y-%m-%dT%H:%M:%S"),
                    "seen": seen.to_numpy(),
                    "expected": mine["expected"].round(1).to_numpy(),
                    "peak": (seen / mine["days"]).round(1).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _compact(rows: float) -> str:
    """A count as short as a cell of a heat map needs it."""
    return i18n.number(rows) if rows < 10_000 else _("{n}k", n=i18n.number(rows / 1000))


def _iso(day: pd.Timestamp) -> str:
    # With a time, so that a browser takes it for its own clock and not for the day before in America.
    return day.strftime("%Y-%m-%dT00:00:00")


def _title(question: str, subtitle: str) -> alt.TitleParams:
    return alt.TitleParams(question, subtitle=[subtitle] if subtitle else [])


def _nothing(question: str, why: str) -> alt.TopLevelMixin:
    """A chart that says it has nothing to show, and why."""
    words = alt.Chart(pd.DataFrame({"why": [why]})).mark_text(style="label").encode(text="why:N")
    return words.properties(
        title=_title(question, ""), description=why, height=60, usermeta={"journey": {"empty": True}}
    )
