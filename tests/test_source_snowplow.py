"""Snowplow's enriched events, with the traps they are known for."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journey_lib as jl
from journey_lib import prepare, sources
from journey_lib.engine import connect
from journey_lib.errors import ConfigError, DataError
from tests.test_doors import workspace

SOURCE = "{table: events, format: snowplow, path: 'events_*'}"
# Where the columns that are read stand, by Snowplow's own table of the format (counted from 0, 131 in all).
WIDTH = 131
PLACES = {
    "collector_tstamp": 3, "dvce_created_tstamp": 4, "event": 5, "event_id": 6, "user_id": 12,
    "domain_userid": 15, "domain_sessionidx": 16, "network_userid": 17, "page_url": 29, "page_title": 30,
    "page_urlpath": 35, "page_urlquery": 36, "refr_urlhost": 39, "refr_medium": 44, "refr_source": 45,
    "mkt_medium": 47,
    "mkt_source": 48, "mkt_campaign": 51, "contexts": 52, "se_category": 53, "se_action": 54,
    "unstruct_event": 58, "tr_total": 61, "tr_currency": 108, "mkt_clickid": 116, "mkt_network": 117,
    "domain_sessionid": 123, "derived_tstamp": 124, "event_name": 126,
}  # fmt: skip
DIRECT = ("(direct)", "(none)", None)
NOWHERE = (None, None, None)


def event(number: int, at: str = "05:00:00.000", **more: Any) -> dict[str, str]:
    """A page view in the first session of a visitor, at a time of 1 January 2025 in UTC."""
    said = {
        "collector_tstamp": "2025-01-01 23:00:00.000",
        "derived_tstamp": f"2025-01-01 {at}",
        "event": "page_view",
        "event_name": "page_view",
        "event_id": f"00000000-0000-4000-8000-{number:012}",
        "domain_userid": "visitor",
        "domain_sessionidx": "1",
    } | more
    return {name: str(value) for name, value in said.items() if value is not None}


def line(told: dict[str, str]) -> str:
    cells = [""] * WIDTH
    for name, value in told.items():
        cells[PLACES[name]] = value
    return "\t".join(cells)


def write(folder: Path, *events: dict[str, str] | str, name: str = "events_1") -> None:
    lines = [each if isinstance(each, str) else line(each) for each in events]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def staged(folder: Path, source: str = SOURCE) -> pd.DataFrame:
    opened = workspace(folder, source)
    with connect(folder / "scratch") as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        frame = engine.arrow("SELECT * FROM staged ORDER BY file, row").to_pandas()
    return frame.astype(object).where(frame.notna(), None)


def came(folder: Path, *events: dict[str, str]) -> list[tuple[Any, ...]]:
    write(folder, *events)
    return list(staged(folder)[["source", "medium", "campaign"]].itertuples(index=False, name=None))


def test_the_enriched_format_is_read_by_the_order_of_its_columns(tmp_path):
    address = "https://shop.vn/ao?mau=do"
    write(
        tmp_path,
        event(1, "05:00:00.123", page_url=address, page_urlpath="/ao", mkt_source="zalo", mkt_medium="oa",
              mkt_campaign="tet", network_userid="network", user_id="KH1"),
        event(2, "05:01:00", event="struct", event_name="event", se_action="add_to_basket"),
        event(3, "05:02:00", event="unstruct", event_name="link_click", page_url=address),
        event(4, "05:03:00", event="transaction", event_name="transaction", tr_total="1250000.0",
              tr_currency="VND"),
    )  # fmt: skip
    frame = staged(tmp_path)
    told = [
        "event_id",
        "event_type",
        "touchpoint",
        "value",
        "currency",
        "user_id",
        "cookie",
        "device",
        "source",
    ]
    names = [event(n)["event_id"] for n in range(1, 5)]
    assert frame[told].to_numpy().tolist() == [
        [names[0], "page_view", "/ao", None, None, "KH1", "visitor", None, "zalo"],
        [names[1], "add_to_basket", None, None, None, None, "visitor", None, None],
        [names[2], "link_click", "/ao", None, None, None, "visitor", None, None],
        [names[3], "transaction", None, 1_250_000.0, "VND", None, "visitor", None, None],
    ]
    assert frame["timestamp"][0] == dt.datetime(2025, 1, 1, 5, 0, 0, 123_000)
    assert frame["reason"].tolist() == [None] * 4


def test_the_time_is_the_derived_one_in_utc(tmp_path):
    """Neither the device's own clock nor the time of arrival; and in UTC, whatever the shop's zone."""
    write(
        tmp_path,
        event(1, dvce_created_tstamp="2001-01-01 00:00:00.000"),
        event(2, derived_tstamp=None),
        event(3, derived_tstamp="hôm qua"),
    )
    frame = staged(tmp_path, SOURCE.replace("}", ", timezone: Asia/Tokyo}"))
    assert frame["timestamp"].tolist() == [dt.datetime(2025, 1, 1, 5), dt.datetime(2025, 1, 1, 23), None]
    assert frame["reason"].tolist() == [None, None, "timestamp cannot be read"]


def test_an_event_that_stands_twice_counts_once_and_no_arrival_is_lost(tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    search = {"refr_medium": "search", "refr_source": "Google"}
    write(tmp_path, event(1, "05:00:05", **search), event(2, "05:00:01"), event(1, "05:00:00", **search))
    opened = workspace(tmp_path, SOURCE + "\nidentity: {key_file: key}")
    (account,) = prepare.prepare(opened).accounts
    assert (account.rows_in, account.kept, account.dropped) == (3, 2, {"event_id was already seen": 1})
    assert jl.touches.load(opened).channels == ("Organic Search",)


def test_a_session_is_the_visitors_and_its_index_together(tmp_path):
    ad = {"mkt_source": "fb", "mkt_medium": "cpc", "mkt_campaign": "c"}
    assert came(
        tmp_path,
        event(1, "05:00:01", **ad),
        event(2, "05:00:00", **ad),  # lines are not in order
        event(3, "05:00:02", domain_sessionidx="2"),
        event(4, "05:00:03", domain_userid="other"),
        event(5, "05:00:04", domain_userid=None, network_userid="n", user_id="KH1"),
        event(6, "05:00:05", domain_userid=None, domain_sessionidx=None, user_id="KH1", **ad),
    ) == [NOWHERE, ("fb", "cpc", "c"), DIRECT, DIRECT, DIRECT, NOWHERE]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"refr_medium": "search", "mkt_source": "g", "mkt_medium": "cpc"}, ("g", "cpc")),
        ({"refr_medium": "search", "refr_source": "Google"}, ("Google", "organic")),
        ({"refr_medium": "social", "refr_source": "Facebook"}, ("Facebook", "social")),
        ({"refr_medium": "email", "refr_source": "Gmail"}, ("Gmail", "email")),
        ({"refr_medium": "paid", "refr_source": "Doubleclick"}, ("Doubleclick", "cpc")),
        ({"refr_medium": "chatbot", "refr_source": "ChatGPT"}, ("ChatGPT", "ai-assistant")),
        ({"refr_medium": "unknown", "refr_urlhost": "vnexpress.net"}, ("vnexpress.net", "referral")),
        ({"refr_medium": "internal", "refr_urlhost": "shop.vn"}, ("(direct)", "(none)")),
        ({}, ("(direct)", "(none)")),
        ({"mkt_clickid": "x", "mkt_network": "Google"}, (None, None)),
    ],
)  # fmt: skip
def test_where_a_visit_came_from_is_told_by_its_tags_and_else_by_its_referrer(said, expected, tmp_path):
    assert came(tmp_path, event(1, **said)) == [(*expected, None)]


@pytest.mark.parametrize(
    ("network", "address", "name"),
    [("Google", "", "gclid"), ("DoubleClick", "", "dclid"), ("Microsoft", "", "msclkid"),
     ("", "https://shop.vn/?fbclid=x", "fbclid")],
)  # fmt: skip
def test_the_name_of_a_click_id_is_kept_and_its_value_is_not(network, address, name, tmp_path):
    write(tmp_path, event(1, mkt_clickid="secret", mkt_network=network, page_url=address))
    assert staged(tmp_path)["click_id"].tolist() == [name]


def test_a_screen_has_a_name(tmp_path):
    screen = {"schema": "iglu:…/screen_view/jsonschema/1-0-0", "data": {"name": "Giỏ hàng"}}
    told = {"schema": "iglu:…/unstruct_event/jsonschema/1-0-0", "data": screen}
    write(
        tmp_path,
        event(1, event="unstruct", event_name="screen_view", unstruct_event=json.dumps(told)),
        event(2, event="unstruct", event_name="screen_view", unstruct_event="{no JSON"),
    )
    assert staged(tmp_path)["touchpoint"].tolist() == ["Giỏ hàng", None]


def test_quotes_are_text_and_lines_of_another_width_are_kept_with_their_number(tmp_path):
    """The format quotes nothing: a cell may begin with a mark and never end with one."""
    write(
        tmp_path,
        event(1, contexts='{"a": "b"}', page_urlpath='"/ao'),
        "a\tb",
        line(event(2)) + "\tmore",
        event(3, page_urlpath='/x"y'),
    )
    frame = staged(tmp_path)
    assert frame["row"].tolist() == [1, 2, 3, 4]
    assert frame["reason"].tolist() == [None, "line is malformed", "line is malformed", None]
    assert frame["touchpoint"].tolist() == ['"/ao', None, None, '/x"y']
    assert frame["raw"][1] == "a\tb"


def test_a_first_line_may_have_a_context_of_any_length(tmp_path):
    write(tmp_path, event(1, contexts="x" * 200_000, page_urlpath="/a"))
    assert staged(tmp_path)["touchpoint"].tolist() == ["/a"]


def test_without_an_identifier_nobody_is_identified(tmp_path):
    write(tmp_path, event(1, domain_userid=None, network_userid="n"))
    assert staged(tmp_path)["reason"].tolist() == ["nobody is identified"]
    by_network = SOURCE.replace("}", ", columns: {device: network_userid}}")
    assert staged(tmp_path, by_network)[["device", "reason"]].to_numpy().tolist() == [["n", None]]


NAMED = [
    event(1, mkt_source="zalo", mkt_medium="oa", page_urlpath="/a, b"),
    event(2, "05:01:00", event="transaction", event_name="transaction", tr_total="12.5", tr_currency="USD"),
]
COLUMNS = [name for name in PLACES if name not in ("domain_sessionid", "contexts")]


@pytest.mark.parametrize("mark", [",", "\t"])
def test_a_table_with_names_is_read_by_them(mark, tmp_path):
    with gzip.open(tmp_path / "events_1.csv.gz", "wt", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, COLUMNS[::-1], delimiter=mark)
        table.writeheader()
        table.writerows(NAMED)
    check_named(staged(tmp_path))


@pytest.mark.parametrize("typed", [True, False])
def test_a_table_in_parquet_is_read_by_its_names(typed, tmp_path):
    table = pa.Table.from_pylist([dict.fromkeys(COLUMNS) | each for each in NAMED])
    if typed:
        kinds = {
            "derived_tstamp": pa.timestamp("us"),
            "tr_total": pa.float64(),
            "domain_sessionidx": pa.int16(),
        }
        for name, kind in kinds.items():
            table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    pq.write_table(table, tmp_path / "events_1.parquet")
    check_named(staged(tmp_path))


def check_named(frame: pd.DataFrame) -> None:
    told = ["timestamp", "touchpoint", "source", "value", "currency", "reason"]
    assert frame[told].to_numpy().tolist() == [
        [dt.datetime(2025, 1, 1, 5), "/a, b", "zalo", None, None, None],
        [dt.datetime(2025, 1, 1, 5, 1), None, None, 12.5, "USD", None],
    ]


@pytest.mark.parametrize("time", ["2025-01-01 05:00:00.5 UTC", "2025-01-01 05:00:00.500 +0000"])
def test_times_as_bigquery_and_snowflake_write_them_are_read_and_begin_sessions(time, tmp_path):
    (tmp_path / "events_1.csv").write_text(
        f"event_id,collector_tstamp,event,domain_userid,domain_sessionidx\n1,{time},page_view,v,1\n"
    )
    frame = staged(tmp_path)
    assert frame["timestamp"].tolist() == [dt.datetime(2025, 1, 1, 5, 0, 0, 500_000)]
    assert frame["source"].tolist() == ["(direct)"]


def test_names_may_be_in_capitals_as_snowflake_has_them(tmp_path):
    rows = [{name.upper(): value for name, value in each.items()} for each in NAMED]
    columns = [name.upper() for name in COLUMNS]
    with (tmp_path / "events_1.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    check_named(staged(tmp_path))
    (tmp_path / "events_1.csv").unlink()
    pq.write_table(
        pa.Table.from_pylist([dict.fromkeys(columns) | row for row in rows]), tmp_path / "events_1.parquet"
    )
    check_named(staged(tmp_path))
    by_title = SOURCE.replace("}", ", columns: {device: page_title}}")
    assert staged(tmp_path, by_title)["device"].tolist() == [None, None]


def test_people_and_events_without_an_id_are_not_one(tmp_path):
    """An empty text in Parquet is no id, as it is none in the enriched format."""
    rows = [
        event(1, event_id="", domain_userid="a", mkt_source="fb", mkt_medium="cpc"),
        event(2, event_id="", domain_userid="b", mkt_source="zalo", mkt_medium="oa"),
        event(3, domain_userid="", user_id="KH1", mkt_source="fb", mkt_medium="cpc"),
        event(4, domain_userid="", user_id="KH2"),
        event(5, derived_tstamp="", domain_userid="c"),
    ]
    table = pa.Table.from_pylist([dict.fromkeys(COLUMNS) | each for each in rows])
    pq.write_table(table, tmp_path / "events_1.parquet")
    frame = staged(tmp_path)
    assert frame["source"].tolist() == ["fb", "zalo", "fb", "(direct)", "(direct)"]
    assert frame["timestamp"][4] == dt.datetime(2025, 1, 1, 23)


def test_sessions_run_through_all_files(tmp_path):
    write(tmp_path, event(1, "05:00:00", mkt_source="fb", mkt_medium="cpc"), name="events_1")
    write(tmp_path, event(2, "05:00:01", mkt_source="fb", mkt_medium="cpc"), name="events_2")
    assert staged(tmp_path)["source"].tolist() == ["fb", None]


def test_columns_may_name_other_fields(tmp_path):
    write(tmp_path, event(1, page_title="Áo dài"))
    source = SOURCE.replace("}", ", columns: {touchpoint: page_title}}")
    assert staged(tmp_path, source)["touchpoint"].tolist() == ["Áo dài"]
    with pytest.raises(DataError, match="no column 'page_titel'"):
        staged(tmp_path, source.replace("title", "titel"))


def test_what_is_none_of_snowplows_is_refused(tmp_path):
    write(tmp_path, event(1))
    with pytest.raises(ConfigError, match="cannot be read as orders"):
        staged(tmp_path, SOURCE.replace("events,", "orders,"))
    (tmp_path / "events_1").write_text("event_id,name\n1,2\n")
    with pytest.raises(DataError, match="no column 'collector_tstamp'"):
        staged(tmp_path)
    (tmp_path / "events_1").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        staged(tmp_path)
