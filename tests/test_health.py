"""Planted faults are found where they were planted, to the row and the day; clean data are called usable."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import journey_lib as jl
from journey_lib import charts_health, cli, findings_health, health
from journey_lib.errors import DataError
from journey_lib.health import series
from journey_lib.model import Result

FIRST, DAYS = dt.date(2025, 1, 6), 140
LAST = FIRST + dt.timedelta(days=DAYS - 1)
CONFIG = """
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
checks: {most_dropped: 0.9}
sources:
  - {table: events, format: csv, path: events.csv}
  - {table: orders, format: csv, path: orders.csv}
"""


@dataclass
class Shop:
    """A small shop whose rows are made day by day: about 40 events of two channels and 6 orders."""

    folder: Path
    events: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    orders: list[tuple[str, str, str, str]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=itertools.count)

    def event(self, customer: str, moment: dt.datetime | str, channel: str = "zalo") -> None:
        self.events.append((f"e{next(self.ids):06}", customer, str(moment), channel, "visit"))

    def order(self, customer: str, moment: dt.datetime | str, value: str = "1000") -> None:
        self.orders.append((f"o{next(self.ids):06}", customer, str(moment), value))

    def opened(self) -> jl.open:
        self.folder.joinpath("journey.yaml").write_text(CONFIG, encoding="utf-8")
        for name, head, lines in (
            ("events.csv", "event_id,customer_id,timestamp,channel,event_type", self.events),
            ("orders.csv", "order_id,customer_id,timestamp,value", self.orders),
        ):
            text = "\n".join([head, *(",".join(line) for line in lines)])
            self.folder.joinpath(name).write_text(text + "\n", encoding="utf-8")
        return jl.open(self.folder)

    def found(self, as_of: dt.date | None = LAST) -> health.Evidence:
        return health.evidence(self.opened(), as_of)


def days() -> Iterator[dt.date]:
    yield from (FIRST + dt.timedelta(days=n) for n in range(DAYS))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A clean shop: weekly rhythm and chance, no two rows at one instant, none at midnight."""
    made, chance = Shop(tmp_path), random.Random(7)  # noqa: S311 - a shop, no secret
    for day in days():
        busy = 1.5 if day.weekday() >= 5 else 1.0
        for channel, usual, second in (("zalo", 24, 7), ("email", 16, 31)):
            for number in range(round(usual * busy) + chance.randint(-3, 3)):
                moment = dt.datetime.combine(day, dt.time(8)) + dt.timedelta(seconds=601 * number + second)
                made.event(f"c{chance.randint(0, 399)}", moment, channel)
        for number in range(6 + chance.randint(-2, 2)):
            made.order(f"c{chance.randint(0, 399)}", dt.datetime.combine(day, dt.time(20, number, 1)))
    return made


def states(result) -> dict[str, str]:
    return dict(zip(result.table["check"], result.table["state"], strict=True))


def line(result, check: str) -> dict:
    return result.table.set_index("check").loc[check].to_dict()


# --- the whole ---


def test_clean_data_can_be_used(shop):
    trust = health.trust(shop.found())
    assert trust.facts["verdict"] == "usable"
    assert set(states(trust).values()) == {"ok"}
    assert findings_health.verdict(trust).startswith("**These data can be used:**")
    assert findings_health.advice(trust) == "There is nothing to do."


def test_every_planted_fault_is_found_and_nothing_else(shop):
    gap = [FIRST + dt.timedelta(days=n) for n in (70, 71, 72)]
    shop.events = [e for e in shop.events if dt.date.fromisoformat(e[2][:10]) not in gap]
    loud = FIRST + dt.timedelta(days=100)
    for event in [e for e in shop.events if e[2].startswith(str(loud))]:
        for fraction in ("1", "2"):
            shop.event(event[1], f"{event[2]}.{fraction}", event[3])
    shop.event("c1", "2026-05-01 10:00:00")
    tied = dt.datetime.combine(FIRST + dt.timedelta(days=30), dt.time(3, 0, 1))
    for _ in range(5):
        shop.event("c2", tied)
    shop.order("stranger", dt.datetime.combine(LAST, dt.time(21, 30)))
    found = shop.found()
    gaps, jumps, trust = health.gaps(found), health.jumps(found), health.trust(found)
    assert [(g["table"], g["series"], g["days"]) for g in gaps.table.to_dict("records")] == [
        ("events", "", 3)
    ]
    assert gaps.table["first_day"].dt.date.tolist() == gap[:1]
    assert gaps.table["last_day"].dt.date.tolist() == gap[-1:]
    assert [(j["table"], j["series"], j["days"]) for j in jumps.table.to_dict("records")] == [
        ("events", "", 1)
    ]
    assert jumps.table["first_day"].dt.date.tolist() == [loud]
    assert jumps.table["ratio"].iloc[0] == pytest.approx(3, abs=0.5)
    assert line(trust, "future")["number"] == 1
    assert line(trust, "ties")["number"] == 5
    assert line(trust, "orders_without_touch")["number"] == 1
    assert {check for check, state in states(trust).items() if state == "look"} == {"gaps", "future"}
    assert trust.facts["verdict"] == "with_care"
    said = findings_health.verdict(trust)
    assert "can be used with care" in said
    assert "Rows later than 25 May 2025" in said


@pytest.mark.usefixtures("elsewhere")
def test_many_impossible_times_say_stop_and_the_command_ends_with_1(shop):
    for number in range(200):
        shop.event("c1", f"2031-01-01 10:{number // 60:02}:{number % 60:02}")
    trust = health.trust(shop.found())
    assert (states(trust)["future"], trust.facts["verdict"]) == ("stop", "unusable")
    answer = CliRunner().invoke(cli.cli, ["check", "-w", str(shop.folder), "--as-of", str(LAST)])
    assert answer.exit_code == 1
    assert "■ stop  Rows later than 25 May 2025: 200 of" in answer.stdout
    assert "These data should not be used as they are" in answer.stdout


@pytest.mark.usefixtures("elsewhere")
def test_the_command_shows_where_the_first_bad_row_is_and_not_what_it_says(shop):
    shop.event("", "2025-02-03 10:00:00")
    shop.order("c1", "2025-02-03 10:00:00", "secret@example.com")
    answer = CliRunner().invoke(
        cli.cli, ["check", "-w", str(shop.folder), "--as-of", str(shop.opened() and LAST)]
    )
    assert answer.exit_code == 0
    n = 1 + len(shop.events)  # the header is line 1
    assert (
        f"1 dropped: customer_id is empty (first in events.csv, line {n}, column customer_id)"
        in answer.stdout
    )
    assert f"(first in orders.csv, line {1 + len(shop.orders)}, column value)" in answer.stdout
    assert "secret" not in answer.stdout
    assert "work/rejected" in answer.stdout.replace("\\", "/")


def test_a_shop_of_one_customer_is_judged_too(tmp_path):
    small = Shop(tmp_path)
    small.event("an", "2025-01-06 09:00:01")
    small.order("an", "2025-01-07 09:00:01")
    found = small.found()
    assert health.presence(found).facts["days"] == {"events": 1, "orders": 1}
    assert (health.gaps(found).facts["gaps"], health.jumps(found).facts["looked_at"]) == (0, 0)
    assert health.trust(found).facts["look"] == ["stale"]


# --- rows ---


def test_the_accounts_are_those_of_the_manifest_and_of_the_rows_on_disk(shop):
    shop.event("c1", "no day")
    shop.events.append(shop.events[0])
    found = shop.found()
    accounts = health.reconciled(found)
    table = accounts.table
    assert table.groupby("number")["rows"].sum().tolist() == [a.rows_in for a in found.manifest.accounts]
    assert table.groupby("number")["part"].sum().tolist() == pytest.approx([1, 1])
    assert accounts.facts["rows_in"] == len(shop.events) + len(shop.orders)
    assert (accounts.facts["dropped"], accounts.facts["duplicates"], accounts.facts["unusable"]) == (2, 1, 1)
    twice = table[table["outcome"] == "event_id was already seen"].iloc[0]
    assert (twice["file"], twice["row"], twice["column"]) == ("events.csv", len(shop.events), "event_id")


def test_rows_that_do_not_add_up_are_an_error(shop):
    shop.event("c1", "no day")
    opened = shop.opened()
    health.evidence(opened, LAST)
    file = next((opened.work / "rejected").glob("0_*.parquet"))
    pq.write_table(pq.read_table(file).slice(0, 0), file)
    with pytest.raises(DataError, match="the rows of events do not add up"):
        health.reconciled(health.evidence(opened, LAST))


def test_all_days_together_hold_every_row_that_is_kept(shop):
    found = shop.found()
    whole = found.daily[found.daily["series"] == ""]
    assert whole.groupby("table")["rows"].sum().to_dict() == {
        "events": len(shop.events),
        "orders": len(shop.orders),
    }
    parts = found.daily[(found.daily["table"] == "events") & (found.daily["series"] != "")]
    assert parts["rows"].sum() == len(shop.events)
    by_day = pd.Series([e[2][:10] for e in shop.events]).value_counts()
    counted = whole[whole["table"] == "events"].set_index("day")["rows"]
    assert {str(day.date()): n for day, n in counted.items()} == by_day.to_dict()


# --- times ---


def test_an_order_that_times_decide_is_no_tie(shop):
    moment = dt.datetime.combine(FIRST, dt.time(3, 0, 1))
    shop.event("c5", moment)
    shop.order("c5", moment)  # a touch comes before an outcome, whatever their ids
    times = health.times(shop.found())
    assert (times.facts["tied"], times.facts["decided"]) == (2, 0)


def test_dates_without_times_are_seen_as_midnight(shop):
    for day in list(days())[:60]:
        shop.event("c9", str(day), "letter")
    found = shop.found()
    letters = health.times(found).table.set_index("series").loc["letter"]
    assert (letters["midnight"], letters["midnight_part"], letters["midnight_utc"]) == (60, 1.0, 0)
    midnight = line(health.trust(found), "midnight")
    assert (midnight["state"], midnight["where"]) == ("look", "events\0letter")
    assert health.hours(found).facts["midnight"] == 60


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York", "Asia/Kathmandu", "Europe/Paris"])
def test_the_local_clock_is_that_of_the_zone(zone):
    from zoneinfo import ZoneInfo

    from journey_lib.health.evidence import local

    instants = [
        dt.datetime(2025, m, d, h, 31, tzinfo=dt.UTC) for m, d, h in ((3, 9, 6), (3, 30, 1), (11, 2, 5))
    ]
    asked = pd.Series([int(t.timestamp() * 1e6) for t in instants]).to_numpy()
    expected = [t.astimezone(ZoneInfo(zone)).replace(tzinfo=dt.UTC).timestamp() * 1e6 for t in instants]
    assert local(asked, zone).tolist() == expected


def test_rows_before_1990_and_far_from_the_rest_do_not_stretch_the_period(shop):
    shop.event("c1", "1970-01-01 08:00:01")
    shop.event("c1", "2024-10-01 08:00:01")
    found = shop.found()
    presence = health.presence(found)
    assert (presence.facts["early"], presence.facts["far"]) == (1, 1)
    assert presence.facts["days"] == {"events": DAYS, "orders": DAYS}
    assert health.gaps(found).facts["gaps"] == 0
    assert {c for c, s in states(health.trust(found)).items() if s == "look"} == {"early", "far"}


# --- days ---


def test_a_channel_that_falls_silent_is_a_gap_to_the_end(shop):
    stop = LAST - dt.timedelta(days=9)
    shop.events = [e for e in shop.events if e[3] != "email" or dt.date.fromisoformat(e[2][:10]) <= stop]
    (gap,) = health.gaps(shop.found()).table.to_dict("records")
    assert (gap["series"], gap["days"], gap["ends"]) == ("email", 9, True)
    assert gap["expected"] == pytest.approx(9 * 18.3, rel=0.1)


def test_a_channel_that_sends_in_waves_has_no_gaps(shop):
    for number, day in enumerate(days()):
        if number % 10 < 3:
            for second in range(20):
                shop.event("c3", dt.datetime.combine(day, dt.time(6, 0, second)), "letter")
    assert health.gaps(shop.found()).facts["gaps"] == 0


def test_old_data_and_missing_months_deserve_a_look(shop):
    shop.orders = [order for order in shop.orders if not order[2].startswith("2025-03")]
    trust = health.trust(shop.found(LAST + dt.timedelta(days=40)))
    assert (line(trust, "stale")["number"], states(trust)["stale"]) == (40, "look")
    assert (line(trust, "months")["number"], line(trust, "months")["where"]) == (1, "orders")
    stricter = health.Limits(stale=100)
    assert states(health.trust(shop.found(LAST + dt.timedelta(days=40)), stricter))["stale"] == "ok"


def test_a_day_is_expected_to_be_like_the_same_weekdays_before():
    rows = pd.Series([10.0, 20, 30, 40, 50, 60, 70] * 5)
    expected = series._expected(rows.to_numpy())
    assert pd.isna(expected[:21]).all()
    assert expected[21:28].tolist() == [10, 20, 30, 40, 50, 60, 70]


# --- what a reader sees ---


def test_hostile_names_are_shown_as_they_are_and_move_no_terminal(shop):
    for day in list(days())[:60]:
        shop.event("c9", str(day), "<script>\x1b[31m")
    trust = health.trust(shop.found())
    shown = findings_health.summary(trust)
    assert any("events: <script>" in each for each in shown)
    assert "\x1b" not in "".join(shown)
    assert findings_health.series_name("events", "a\x1b[31m\u202eb", {}) == "events: a�[31m�b"


def test_charts_say_so_when_there_is_nothing_to_show(shop):
    found = shop.found()
    chart = charts_health.kept_apart(health.reconciled(found)).to_dict()
    assert chart["usermeta"] == {"journey": {"empty": True}}
    assert chart["description"] == "None: every row of every source is used."


def test_channel_rules_are_reported_with_their_version(shop, monkeypatch):
    found = shop.found()
    object.__setattr__(
        found, "manifest", type("M", (), {**vars(found.manifest), "rows_in": 0, "channel_rules": {
            "version": "ga4-2026-05", "assigned": 90, "unassigned": 10}})()
    )  # fmt: skip
    matches = health.matches(found)
    assert matches.table.set_index("group").loc["unassigned", "part"] == 0.1
    assert "`ga4-2026-05`" in findings_health.channels(matches)


def test_where_no_times_are_shared_nothing_is_counted() -> None:
    alone = Result("times", pd.DataFrame(), {"tied": 0, "rows": 592_099, "decided": 0})
    assert findings_health.clocks(alone) == (
        "No two of the 592,099 rows of one customer have the same time: times alone decide the order."
    )
    shared = Result("times", pd.DataFrame(), {"tied": 3, "rows": 10, "decided": 1})
    assert "**3** of 10 rows" in findings_health.clocks(shared)
