"""An executed notebook as a runner hands it over: charts, a table, two languages, hostile names."""

from __future__ import annotations

from typing import Any

import altair as alt
import nbformat
import pandas as pd
from nbformat import v4

from journey_lib import i18n, tables, theme
from journey_lib.model import Language

# What a channel may be called by whoever fills in a form.
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
CHANNELS = ["Tìm kiếm trả phí", "Facebook", "Zalo", "Cửa hàng", HOSTILE]
RESULT = "application/vnd.journey.result+json"

PROVENANCE: dict[str, Any] = {
    "run_id": "20250102T030405678Z-vi-1a2b",
    "workspace": "demo",
    "workspace_title": {"vi": "Cửa hàng An Nhiên", "en": "An Nhien stores"},
    "report": "channel_attribution",
    "report_title": {"vi": "Phân bổ đóng góp theo kênh", "en": "Channel attribution"},
    "language": "vi",
    "status": "ok",
    "started": "2025-01-02T03:04:05.678+00:00",
    "finished": "2025-01-02T03:04:15.078+00:00",
    "seconds": 9.4,
    "parameters": {
        "lookback": "30d",
        "models": ["last", "markov"],
        "start": None,
        "crm_password": "hunter22",
    },
    "data": {
        "fingerprint": "9f3ac0d1e2b344556677",
        "rows_in": 612345,
        "kept": 611900,
        "dropped": 445,
        "period": ["2024-01-01", "2024-12-31"],
    },
    "versions": {"python": "3.11.7", "altair": "6.3.0"},
    "git": {"revision": "a1b2c3d4e5f6a7b8c9d0", "dirty": True},
    "seed": 7,
    "facts": [],
    "error": None,
    "page": None,
}


def credit() -> pd.DataFrame:
    share = [0.4, 0.3, 0.16, 0.1, 0.04]
    return pd.DataFrame(
        {
            "channel": CHANNELS,
            "journeys": [4000, 3000, 1500, 21, 7],
            "conversions": [1200.4, 900.3, 450.2, 30.1, 15.0],
            "share": share,
            "value": [357_960_000.0, 250_000_000.0, 99_000_000.0, 80_000_000.0, 60_000_000.0],
        }
    )


def bars(frame: pd.DataFrame) -> alt.Chart:
    return (
        alt.Chart(frame, title=f"Credit of {HOSTILE}", description=f"Bars of credit, {HOSTILE} last.")
        .mark_bar()
        .encode(
            y=alt.Y("channel:N", sort="-x", title=None),
            x=alt.X("value:Q", axis=alt.Axis(format="$,.0f"), title="₫"),
            tooltip=[alt.Tooltip("channel:N"), alt.Tooltip("value:Q", format="$,.0f", title="Value")],
        )
    )


def heat(frame: pd.DataFrame) -> alt.LayerChart:
    pairs = frame[["channel"]].merge(frame[["channel", "share"]], how="cross", suffixes=("_from", "_to"))
    base = alt.Chart(pairs).encode(x=alt.X("channel_to:N", title=None), y=alt.Y("channel_from:N", title=None))
    text = alt.condition("datum.share > 0.2", alt.value(theme.ON_HIGH), alt.value(theme.ON_LOW))
    cells = base.mark_rect().encode(color=alt.Color("share:Q", legend=alt.Legend(format=".0%")))
    words = base.mark_text(fontSize=10).encode(text=alt.Text("share:Q", format=".0%"), color=text)
    return alt.layer(cells, words).properties(title="Steps", description="Heat map of steps.")


def months(frame: pd.DataFrame) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=12, freq="MS")
    return pd.DataFrame(
        [
            {"month": day, "channel": channel, "conversions": 100 + 30 * n + (7 * i + 5 * n) % 11}
            for i, day in enumerate(days)
            for n, channel in enumerate(frame["channel"])
        ]
    )


def charts() -> list[alt.TopLevelMixin]:
    """Eight charts of the kinds reports have."""
    frame = credit()
    over = months(frame)
    time = alt.X("month:T", axis=alt.Axis(format="%m/%Y"), title=None)
    half_life = alt.param(
        name="half", value=7, bind=alt.binding_range(min=1, max=30, step=1, name="Half-life ")
    )
    several: list[alt.TopLevelMixin] = [
        bars(frame),
        heat(frame),
        alt.Chart(over, title="Over time", description="Lines.")
        .mark_line()
        .encode(time, y="conversions:Q", color="channel:N"),
        alt.Chart(over, title="Stacked", description="Areas.")
        .mark_area()
        .encode(time, y="conversions:Q", color="channel:N"),
        alt.Chart(over, title="One by one", description="A panel for each channel.")
        .mark_area(line=True, fillOpacity=0.3)
        .encode(
            x=alt.X("month:T", title=None),
            y="conversions:Q",
            facet=alt.Facet("channel:N", columns=3, title=None),
        )
        .properties(width=180, height=100),
        alt.Chart(pd.DataFrame({"age": range(31)}), title="Decay", description="A falling line.")
        .transform_calculate(weight="pow(2, -datum.age / half)")
        .mark_line()
        .encode(x="age:Q", y="weight:Q")
        .add_params(half_life),
        alt.Chart(frame, title="Points", description="Points.")
        .mark_point()
        .encode(y="channel:N", x="share:Q"),
        alt.Chart(frame, title="More or less", description="Bars left and right.")
        .transform_calculate(difference="datum.share - 0.2")
        .mark_bar()
        .encode(
            y="channel:N", x="difference:Q", color=alt.Color("difference:Q", scale=alt.Scale(domainMid=0))
        ),
    ]
    return several


def code(source: str, *bundles: dict[str, Any], tags: tuple[str, ...] = ()) -> nbformat.NotebookNode:
    outputs = [v4.new_output("display_data", data=bundle) for bundle in bundles]
    return v4.new_code_cell(source, outputs=outputs, metadata={"tags": list(tags)})


def words(vi: str, en: str) -> list[nbformat.NotebookNode]:
    return [
        v4.new_markdown_cell(vi, metadata={"tags": ["lang-vi"]}),
        v4.new_markdown_cell(en, metadata={"tags": ["lang-en"]}),
    ]


def notebook(language: Language, pictures: list[alt.TopLevelMixin] | None = None) -> nbformat.NotebookNode:
    """The sample report as it leaves the kernel."""
    i18n.speak(language)
    theme.enable("report", currency="VND", language=language)
    formats = {"channel": "text", "journeys": "number", "share": "share", "value": "money:VND"}
    table = tables.table_html(credit(), caption=f"By {HOSTILE}", formats=formats, muted="journeys", k=10)
    shown = [chart._repr_mimebundle_() for chart in (charts() if pictures is None else pictures)]
    cells = [
        *words(
            "# Phân bổ đóng góp\n\nKênh nào đưa khách hàng đến mua?",
            "# Attribution\n\nWhich channels bring buyers?",
        ),
        code('lookback: str = "30d"  # how far back a touch still counts', tags=("parameters",)),
        code('lookback = "INJECTED"', tags=("injected-parameters",)),
        *words(
            "## Ai được ghi nhận?\n\nĐọc **từ trên xuống**.", "## Who gets the credit?\n\nRead **downwards**."
        ),
        code("session.table(credit)", {"text/html": table, "text/plain": "table"}),
        code("session.record(credit)", {RESULT: {"name": "RECORDED"}, "text/plain": "RECORDED"}),
        code(f"session.say({HOSTILE!r})", {"text/markdown": f"Most to **{HOSTILE}**.", "text/plain": "…"}),
        *words("## Điểm chạm đi về đâu?", "## Where do touches lead?"),
        *[code(f"session.show(chart_{n})", bundle) for n, bundle in enumerate(shown)],
        code("explorer()", {"text/plain": "SLIDER"}, tags=("interactive",)),
    ]
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
