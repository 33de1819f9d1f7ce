"""Files come in by declaration: what fits is converted, what does not is kept apart with its reason."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journey_lib as jl
from journey_lib import prepare
from journey_lib.errors import DataError

HEAD = """
name: shop
timezone: {timezone}
currency: {currency}
conversions: {{purchase: {{event_type: purchase}}}}
checks: {{most_dropped: 1}}
sources:
"""


def workspace(folder: Path, *sources: str, timezone: str = "Asia/Ho_Chi_Minh", currency: str = "VND"):
    lines = "".join(f"  - {source}\n" for source in sources)
    text = HEAD.format(timezone=timezone, currency=currency) + lines
    (folder / "journey.yaml").write_text(text, encoding="utf-8")
    return jl.open(folder)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    (folder / name).write_text(text, encoding=encoding)


def rows(opened) -> pd.DataFrame:
    """The prepared table as people would read it: local clock, names, amounts."""
    table = jl.touches.load(opened)
    read = pd.concat([pd.DataFrame(vars(load())) for load in table.buckets], ignore_index=True)
    names = [*table.channels, None]
    return pd.DataFrame(
        {
            "time": pd.to_datetime(read["timestamp"], unit="us").astype(str),
            "channel": pd.Series([names[code] for code in read["channel"]], dtype=object),
            "event_type": [table.event_types[code] for code in read["event_type"]],
            "value": read["value"] / 10**table.digits,
        }
    )


def test_a_vietnamese_export_is_read_as_declared(tmp_path):
    write(
        tmp_path,
        "orders.csv",
        "Mã đơn,Khách,Thời gian,Tiền\n"
        "D1,KH1,03/04/2025 08:30:00,1.250.000\n"
        'D2,KH1,03/04/2025 20:30,"1.200,5"\n',
        encoding="utf-8-sig",
    )
    opened = workspace(
        tmp_path,
        "{table: orders, format: csv, path: orders.csv, dates: DD/MM/YYYY, numbers: '1.234,5',"
        " columns: {order_id: Mã đơn, customer_id: Khách, timestamp: Thời gian, value: Tiền}}",
        currency="USD",
    )
    assert rows(opened).to_dict("list") == {
        "time": ["2025-04-03 01:30:00", "2025-04-03 13:30:00"],
        "channel": [None, None],
        "event_type": ["purchase", "purchase"],
        "value": [1250000.0, 1200.5],
    }


@pytest.mark.parametrize(
    ("said", "utc"),
    [
        ("2025-04-03T08:30:00+07:00", "2025-04-03 01:30:00"),
        ("2025-04-03T08:30:00Z", "2025-04-03 08:30:00"),
        ("2025-04-03 08:30:00", "2025-04-03 01:30:00"),
        ("2025-04-03", "2025-04-02 17:00:00"),
        ("2025-04-03 08:30:00.5+00", "2025-04-03 08:30:00.500"),
    ],
)
def test_an_offset_in_the_data_is_honoured_and_a_bare_time_is_in_the_declared_zone(tmp_path, said, utc):
    write(tmp_path, "e.csv", f"customer_id,timestamp,channel,event_type\nKH1,{said},zalo,click\n")
    opened = workspace(tmp_path, "{table: events, format: csv, path: e.csv}")
    assert rows(opened)["time"].tolist() == [utc]


def test_every_bad_row_is_kept_apart_with_its_reason_its_file_and_what_it_said(tmp_path):
    write(
        tmp_path,
        "e.csv",
        "event_id,customer_id,timestamp,channel,event_type,value\n"
        "1,KH1,2025-01-01 08:00:00,zalo,click,\n"
        "2,,2025-01-01 08:00:00,zalo,click,\n"
        "3,KH1,yesterday,zalo,click,\n"
        "4,KH1,2025-01-01 09:00:00,zalo,click,many\n"
        "1,KH1,2025-01-01 08:00:00,zalo,click,\n"
        "5,KH1,2025-01-01 10:00:00,zalo\n"
        "6,KH1,2025-01-01 11:00:00,,,\n",
    )
    opened = workspace(tmp_path, "{table: events, format: csv, path: e.csv}")
    (account,) = prepare.prepare(opened).accounts
    assert account.rows_in == account.kept + sum(account.dropped.values()) == 7
    assert account.dropped == {
        "customer_id is empty": 1,
        "event_id was already seen": 1,
        "event_type is empty": 1,
        "line is malformed": 1,
        "timestamp cannot be read": 1,
        "value cannot be read": 1,
    }
    rejected = pq.read_table(opened.work / "rejected" / "0_events.parquet").to_pandas().set_index("reason")
    assert rejected.loc["timestamp cannot be read", "row"] == 3
    assert '"timestamp":"yesterday"' in rejected.loc["timestamp cannot be read", "raw"]
    assert rejected.loc["line is malformed", "raw"] == "5,KH1,2025-01-01 10:00:00,zalo"
    assert set(rejected["file"]) == {"e.csv"}


def test_amounts_in_another_currency_are_kept_apart(tmp_path):
    write(
        tmp_path,
        "o.csv",
        "order_id,customer_id,timestamp,value,currency\n1,a,2025-01-01,10,USD\n2,a,2025-01-02,20,VND\n",
    )
    opened = workspace(tmp_path, "{table: orders, format: csv, path: o.csv}")
    (account,) = prepare.prepare(opened).accounts
    assert account.dropped == {"currency is not the workspace's": 1}


def test_parquet_brings_its_own_types_and_gzip_is_read_as_it_is(tmp_path):
    times = [dt.datetime(2025, 1, 1, 8, tzinfo=dt.UTC), dt.datetime(2025, 1, 1, 9, tzinfo=dt.UTC)]
    table = pa.table(
        {
            "customer_id": ["a", "b"],
            "timestamp": times,
            "channel": ["zalo", None],
            "event_type": ["click", "cart"],
        }
    )
    pq.write_table(table, tmp_path / "e.parquet")
    with gzip.open(tmp_path / "more.csv.gz", "wt", encoding="utf-8") as file:
        file.write("customer_id,timestamp,channel,event_type\na,2025-01-01 17:00:00,tiktok,view\n")
    opened = workspace(
        tmp_path,
        "{table: events, format: parquet, path: e.parquet}",
        "{table: events, format: csv, path: more.csv.gz}",
    )
    found = rows(opened).sort_values("time", kind="stable")
    assert found["time"].tolist() == ["2025-01-01 08:00:00", "2025-01-01 09:00:00", "2025-01-01 10:00:00"]
    assert found["channel"].tolist() == ["zalo", None, "tiktok"]


@pytest.mark.parametrize(
    ("content", "source", "said"),
    [
        (None, "path: e.csv", "no file for the source 'events'"),
        ("", "path: e.csv", "e.csv is empty"),
        ("a,a\n1,2\n", "path: e.csv", "names a column twice: 'a'"),
        (
            "customer,timestamp,event_type\n",
            "path: e.csv",
            "no column of the file is mapped to 'customer_id'",
        ),
        (
            "customer,timestamp,event_type\n",
            "path: e.csv, columns: {customer_id: custommer}",
            "Did you mean 'customer'?",
        ),
        ("customer_id,timestamp,event_type\n", "path: e.csv", "no usable event is left"),
        ("customer_id,timestamp,event_type\n,,\n", "path: e.csv", "1 rows read, all of them dropped"),
    ],
)
def test_a_file_that_cannot_be_used_gives_one_readable_message(tmp_path, content, source, said):
    if content is not None:
        write(tmp_path, "e.csv", content)
    opened = workspace(tmp_path, f"{{table: events, format: csv, {source}}}")
    with pytest.raises(DataError) as caught:
        prepare.prepare(opened)
    assert said in str(caught.value)
    assert prepare.read_manifest(opened) is None
    assert not list(tmp_path.glob("building-*"))


def test_a_file_in_another_encoding_is_refused_not_guessed(tmp_path):
    (tmp_path / "e.csv").write_bytes("customer_id,timestamp,event_type,Kênh\n".encode("cp1258"))
    opened = workspace(tmp_path, "{table: events, format: csv, path: e.csv}")
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        prepare.prepare(opened)


def test_names_that_look_like_sql_or_scripts_are_only_names(tmp_path):
    evil = "x'); DROP TABLE events; --"
    column = 'chan"nel'
    frame = pd.DataFrame(
        {
            "customer_id": ["<script>alert(1)</script>", "b"],
            "timestamp": ["2025-01-01 08:00:00"] * 2,
            column: [evil, "=1+1"],
            "event_type": ["click", "click"],
        }
    )
    frame.to_csv(tmp_path / "it's, a file.csv", index=False)
    opened = workspace(
        tmp_path, "{table: events, format: csv, path: \"it's, a file.csv\", columns: {channel: 'chan\"nel'}}"
    )
    assert sorted(rows(opened)["channel"]) == ["=1+1", evil]


def test_a_crm_and_a_loyalty_programme_tell_of_the_same_customer(tmp_path):
    write(tmp_path, "events.csv", "customer_id,timestamp,event_type\nKH1,2025-01-01,click\n")
    write(tmp_path, "crm.csv", "customer_id,city\nKH1,Huế\nKH1,Vinh\nKH2,Hà Nội\n")
    write(tmp_path, "loyalty.csv", "customer_id,city,tier\nKH2,Đà Lạt,Vàng\nKH1,,Bạc\nKH3,,Bạc\n")
    opened = workspace(
        tmp_path,
        "{table: events, format: csv, path: events.csv, set: {channel: zalo}}",
        "{table: customers, format: csv, path: crm.csv}",
        "{table: customers, format: csv, path: loyalty.csv}",
    )
    accounts = prepare.prepare(opened).accounts
    assert [(a.kept, a.dropped) for a in accounts[1:]] == [
        (2, {"customer_id was already seen": 1}),  # twice in one file: the first is believed
        (3, {}),  # once in each of two: both are
    ]
    people = jl.customers.load(opened).set_index("customer_id").sort_index()
    assert people["city"].fillna("").to_dict() == {"KH1": "Huế", "KH2": "Hà Nội", "KH3": ""}
    assert people["tier"].to_dict() == {"KH1": "Bạc", "KH2": "Vàng", "KH3": "Bạc"}
