"""Where customers are now, which periods are compared, and what the journeys report says in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from tables import touches
from test_laws import law, logs
from twins import DAY, Row, order_of

import journey_lib as jl
from journey_lib import charts_flows, charts_journeys, charts_times, findings_journeys, i18n
from journey_lib.errors import ParameterError
from journey_lib.model import Result

LOG = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   |
    an   | 01-02 08:00 | store   | 100
    binh | 01-01 08:00 | email   |
    binh | 01-03 08:00 | store   | 50
    chi  | 01-01 08:00 | <b>zalo |
    chi  | 03-01 08:00 | zalo    | 10
    """


@pytest.fixture(autouse=True)
def _in_english() -> None:
    i18n.speak("en")


# --- Now ----------------------------------------------------------------------------------------------------


def test_a_customer_is_at_the_stage_of_the_last_touch_or_has_gone_quiet() -> None:
    found = jl.journeys.stages_now(touches(LOG), within="30d")
    assert dict(zip(found.table["step"], found.table["customers"], strict=True)) == {
        "<b>zalo": 0,
        "email": 0,
        "store": 0,
        "zalo": 1,
        "(gone quiet)": 2,
    }
    then = jl.journeys.stages_now(touches(LOG), within="30d", period=(None, "2025-01-03"))
    assert dict(zip(then.table["step"], then.table["customers"], strict=True))["store"] == 1


@law
@given(logs())
def test_everybody_who_touched_is_somewhere(log: list[Row]) -> None:
    last: dict[str, tuple[int, str]] = {}
    for row in sorted(log, key=order_of):
        if row.channel:
            last[row.customer] = (row.time, row.channel)
    now = max(row.time for row in log)
    found = jl.journeys.stages_now(touches(log), within="3d").table
    expected: dict[str, int] = {}
    for moment, channel in last.values():
        name = channel if now - moment <= 3 * DAY else "(gone quiet)"
        expected[name] = expected.get(name, 0) + 1
    assert {row.step: row.customers for row in found.itertuples() if row.customers} == expected


# --- Periods ------------------------------------------------------------------------------------------------


def test_the_last_two_periods_are_whole_days_that_touch() -> None:
    """The data end on 1 March: that day is the last of the first period."""
    later, before = jl.journeys.last_two(touches(LOG), "30d", {"lookback": "7d"})
    assert later == {"lookback": "7d", "period": (dt.date(2025, 1, 31), dt.date(2025, 3, 2))}
    assert before == {"lookback": "7d", "period": (dt.date(2025, 1, 1), dt.date(2025, 1, 31))}
    asked, _ = jl.journeys.last_two(touches(LOG), "7d", {"period": (None, "2025-02-01")})
    assert asked["period"] == (dt.date(2025, 1, 25), dt.date(2025, 2, 1))


# --- Words --------------------------------------------------------------------------------------------------


def test_a_story_is_told_with_its_number_and_its_coverage() -> None:
    top = jl.journeys.top(jl.journeys.paths(touches(LOG)))
    told = findings_journeys.story(top, {"email": "E-mail"}, "The shop")
    assert told == (
        "**The shop**: the most frequent way to a conversion is **E\\-mail → store** (2 of 3 conversions,"
        " 66.7%); the 2 most frequent ways cover 100.0%."
    )
    nobody = jl.journeys.top(jl.journeys.paths(touches(LOG)), k=10)
    assert findings_journeys.story(nobody, {}, "The shop").endswith("no path is common enough to be told.")


def test_a_story_is_of_conversions_whatever_most_other_journeys_do() -> None:
    """Ten walk past the store and buy nothing: the story is that of the two who bought."""
    lines = "who | when | channel | sale\n" + "\n".join(f"p{n} | 01-01 08:00 | store |" for n in range(10))
    for who in ("an", "binh"):
        lines += f"\n{who} | 01-01 08:00 | email |\n{who} | 01-02 08:00 | email |\n{who} | 01-03 08:00 | | 10"
    lines += "\nchi | 01-01 08:00 | | 10"
    ways = jl.journeys.paths(touches(lines), group=jl.journeys.converted())
    told = findings_journeys.story(jl.journeys.top(ways), {"email": "Mail"}, "All")
    assert told == (
        "**All**: the most frequent way to a conversion is **Mail → Mail** (2 of 3 conversions, 66.7%); the 1"
        " most frequent ways cover 66.7%. Before 1 conversions (33.3%) no touch was recorded"
        " in the lookback."
    )


def test_in_which_views_two_periods_differ_is_told_by_name() -> None:
    table = touches(LOG)
    app = np.array([True, True, False])
    sides = {"customers": app}, {"customers": ~app}
    found = [jl.journeys.compare(jl.journeys.stages_now, table, *sides)]
    assert findings_journeys.last_time(found) == (
        "In none of 1 views does anything differ by more than chance explains."
    )
    table = found[0].table.assign(real=True)
    shown = replace(found[0], table=table, facts={**found[0].facts, "real_rows": len(table)})
    assert findings_journeys.last_time([shown, *found]) == (
        "In **1** of 2 views something differs by more than chance explains. Nothing does in: stage now."
    )
    told = findings_journeys.differences([shown], {"store": "Shop"}).table.iloc[0]
    assert (told["view"], told["largest"]) == ("stage now", "Shop")


@pytest.mark.parametrize(
    ("view", "row", "said"),
    [
        ("durations", {"days": 3.0}, "3–6 days"),
        ("time_to", {"day": 30}, "after 30 days"),
        ("flows", {"step": 2, "from": "email", "to": "store"}, "touch 2 › Mail › store"),
        ("detours", {"stage": "email", "move": "jump_to_end"}, "Mail › jumps to end"),
        ("paths", {"path": "email > store"}, "Mail › store"),
        ("dropped", {"step": "email", "what": "next", "name": "store"}, "Mail › next › store"),
        ("lengths", {"length": "6–7"}, "6–7"),
        ("retention", {"cohort": dt.date(2025, 1, 1), "month": 2}, "1 Jan 2025 › 2 months later"),
    ],
)
def test_what_a_row_of_a_comparison_is_about_is_said_in_words(view: str, row: dict, said: str) -> None:
    result = Result("compared", pd.DataFrame([row]), {"view": view}, {"key": list(row), "a": {}})
    assert charts_flows.about(row, result, {"email": "Mail"}) == said


def test_a_stage_of_which_most_weeks_are_hidden_is_not_drawn_as_nought() -> None:
    """Six weeks of the store are of too few people, in two nobody came: a line at nought would be false."""
    weeks = pd.date_range("2025-01-06", periods=8, freq="7D")
    counts = {"email": ([40] * 8, 100), "store": ([5, 5, 0, 5, 5, 0, 5, 5], 100), "zalo": ([0] * 8, 12)}
    table = pd.concat(
        pd.DataFrame(
            {"week": weeks, "step": step, "customers": n, "of": of, "share": np.array(n) / of}
            | {"low": 0.0, "high": 0.5}
        )
        for step, (n, of) in counts.items()
    )
    shown = Result("funnel_trend", table.reset_index(drop=True), {}, {}, base="of").suppressed(10)
    spec = charts_times.trend(shown, {"store": "Shop"}).to_dict()
    assert "too few customers a week: Shop, zalo" in str(spec["title"])
    rows = next(iter(spec["datasets"].values()))
    assert {row["stage_name"] for row in rows} == {"email"}


def test_a_week_that_is_hidden_breaks_the_line() -> None:
    weeks = pd.date_range("2025-01-06", periods=8, freq="7D")
    counts = [40, 40, 3, 40, 40, 40, 40, 40]
    table = pd.DataFrame({"week": weeks, "step": "store", "customers": counts, "of": 100})
    table = table.assign(share=table["customers"] / 100, low=0.0, high=0.5)
    shown = Result("funnel_trend", table, {}, {}, base="of").suppressed(10)
    rows = next(iter(charts_times.trend(shown, {}).to_dict()["datasets"].values()))
    assert [row["share"] is None for row in rows].index(True) == 2


def test_names_from_data_are_shown_as_they_are() -> None:
    found = jl.journeys.around(jl.journeys.transitions(touches(LOG)), "zalo")
    spec = charts_journeys.around(found, {}).to_json()
    assert "<b>zalo" in spec  # as text of the data, never as markup: the page escapes what it writes
    funnel = jl.funnel.funnel(touches(LOG), ("<b>zalo", "zalo"))
    assert "<b>" not in findings_journeys.funnel(funnel, {})


def test_a_touchpoint_nobody_went_to_is_said_with_those_near_it() -> None:
    with pytest.raises(ParameterError, match="no step leads to or from 'stroe'"):
        jl.journeys.around(jl.journeys.transitions(touches(LOG)), "stroe")


def test_stages_too_few_customers_reached_are_not_spoken_of() -> None:
    found = jl.funnel.funnel(touches(LOG), ("email", "store")).suppressed(3)
    assert findings_journeys.funnel(found, {}) == "No customer entered the first stage in this period."


# --- Nothing to show ----------------------------------------------------------------------------------------


def test_charts_say_so_when_there_is_nothing_to_show() -> None:
    table = touches(LOG)
    cut = {"period": ("2030-01-01", "2030-02-01")}
    flows = jl.journeys.flows(table, **cut)
    charts = [
        charts_flows.flows(flows, {}),
        charts_journeys.step_matrix(jl.journeys.step_matrix(flows), {}),
        charts_journeys.outcomes(jl.journeys.entries(table, **cut), {}),
        charts_journeys.detours(jl.journeys.detours(table, **cut), {}),
        charts_journeys.funnel(jl.funnel.funnel(table, **cut), {}),
        charts_journeys.dropped(jl.funnel.dropped(table, **cut), {}),
        charts_times.time_to(jl.funnel.time_to(table, **cut)),
        charts_times.time_to(jl.retention.repeat(table, **cut)),
        charts_times.trend(jl.funnel.trend(table, within="7d", **cut), {}),
        charts_times.cohorts(jl.retention.cohorts(table, **cut)),
        charts_journeys.paths(jl.journeys.top(jl.journeys.paths(table, **cut)), {}),
        charts_journeys.now(jl.journeys.stages_now(table, period=("1990-01-01", "1990-02-01")), {}),
        charts_flows.compared(jl.journeys.compare(jl.journeys.transitions, table, {}, {}), {}),
    ]
    for chart in charts:
        assert chart.to_dict()["usermeta"]["journey"]["empty"] is True


def test_a_band_whose_arrivals_are_hidden_is_as_high_as_what_leaves_it() -> None:
    """Four people came to zalo by each of five ways, too few to be told; then all twenty bought."""
    log = "who | when | channel | sale\n" + "".join(
        f"p{n} | 01-01 08:00 | way{n % 5} |\np{n} | 01-02 08:00 | zalo | 100\n" for n in range(20)
    )
    flows = jl.journeys.flows(touches(log), depth=3).suppressed(10)
    told = flows.table[~flows.table["suppressed"]]
    assert told[["from", "to", "journeys"]].to_numpy().tolist() == [["zalo", "(conversion)", 20]]
    bands = charts_flows._bands(charts_flows._merged(flows.table), 20)
    assert bands[["step", "name", "of_all"]].to_numpy().tolist() == [
        [2, "zalo", 20],
        [3, "(conversion)", 20],
    ]
    assert charts_flows.flows(flows, {}).to_dict()


def test_the_next_contact_and_the_last_one_of_those_who_stopped_are_drawn_apart() -> None:
    log = "who | when | channel | sale\n" + "".join(
        f"{who} | 01-0{day} 08:00 | {channel} |\n"
        for who in ("an", "binh")
        for day, channel in enumerate(("email", "zalo", "push"), 1)
    )
    stopped = jl.funnel.dropped(touches(log + "chi | 01-01 08:00 | store |\n"), ("email", "store"))
    for what, name, title in (
        ("next", "zalo", "What did customers do instead who went no further?"),
        ("last", "push", "Where were customers last seen who went no further?"),
    ):
        spec = charts_journeys.dropped(stopped, {}, what=what).to_dict()
        assert spec["title"]["text"] == title
        assert [row["row"] for rows in spec["datasets"].values() for row in rows] == [name]


def test_the_bands_of_a_flow_are_all_its_journeys_at_every_touch() -> None:
    flows = jl.journeys.flows(touches(LOG), depth=2)
    links = charts_flows._merged(flows.table)
    bands = charts_flows._bands(links, flows.facts["journeys"])
    assert bands[bands["step"] == 1]["of_all"].sum() == flows.facts["journeys"]
    assert np.allclose(bands["top"] - bands["bottom"], bands["part"])
