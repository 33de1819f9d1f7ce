"""Segment and RudderStack calls, with the traps they are known for."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import prepare, sources
from journey_lib.engine import connect
from journey_lib.errors import ConfigError, DataError
from tests.test_doors import workspace

SOURCE = "{table: events, format: segment, path: calls.json}"
WHO = "{table: identifiers, format: segment, path: calls.json}"
DIRECT = ("(direct)", "(none)", None)
NOWHERE = (None, None, None)


def call(kind: str, at: str = "05:00:00", **more: Any) -> dict[str, Any]:
    """One call; `at` is the time of 1 January 2025, in UTC."""
    said = {"type": kind, "anonymousId": "anon", "timestamp": f"2025-01-01T{at}Z"} | more
    return {name: value for name, value in said.items() if value is not None}


def page(url: str, referrer: str | None = None, **campaign: str) -> dict[str, Any]:
    """The context of a page, with its campaign as the library takes it from the address."""
    told = {"url": url, "path": "/" + url.split("/", 3)[3].partition("?")[0], "referrer": referrer}
    return {"context": {"page": told, "campaign": campaign}}


def write(folder: Path, *calls: dict[str, Any] | str) -> None:
    lines = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in calls]
    (folder / "calls.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def staged(folder: Path, source: str = SOURCE) -> tuple[pd.DataFrame, dict[str, int]]:
    opened = workspace(folder, source)
    with connect(folder / "scratch") as engine:
        counted = sources.stage(opened.sources[0], opened, engine, "staged")
        frame = engine.arrow("SELECT * FROM staged ORDER BY file, row").to_pandas()
    return frame.astype(object).where(frame.notna(), None), dict(counted)


def came(folder: Path, *calls: dict[str, Any]) -> list[tuple[Any, ...]]:
    write(folder, *calls)
    frame, _ = staged(folder)
    return list(frame[["source", "medium", "campaign"]].itertuples(index=False, name=None))


def test_calls_are_read_as_events(tmp_path):
    write(
        tmp_path,
        call("page", messageId="m1", name="Home", **page("https://shop.vn/?utm_source=zalo", source="zalo")),
        call("track", "05:01:00", messageId="m2", event="Product Viewed", **page("https://shop.vn/ao?mau=do")),
        call("screen", "05:02:00", messageId="m3", name="Giỏ hàng", context={"device": {"id": "phone"}}),
        call("track", "05:03:00", messageId="m4", event="Order Completed", userId="KH1",
             properties={"total": 1_250_000, "revenue": 1_200_000, "currency": "VND"}),
    )  # fmt: skip
    frame, counted = staged(tmp_path)
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
    assert frame[told].to_numpy().tolist() == [
        ["m1", "page", "/", None, None, None, "anon", None, "zalo"],
        ["m2", "Product Viewed", "/ao", None, None, None, "anon", None, None],
        ["m3", "screen", "Giỏ hàng", None, None, None, "anon", "phone", None],
        ["m4", "Order Completed", None, 1_250_000.0, "VND", "KH1", "anon", None, None],
    ]
    assert frame["timestamp"].tolist() == [dt.datetime(2025, 1, 1, 5, minute) for minute in range(4)]
    assert counted == {}


def test_the_clock_of_the_device_is_not_trusted(tmp_path):
    write(
        tmp_path,
        call("track", event="a", originalTimestamp="2001-01-01T00:00:00Z", sentAt="2001-01-01T00:00:01Z"),
        call("track", event="b", timestamp=None, originalTimestamp="2025-01-01T00:00:00Z"),
        call("track", event="c", timestamp="2025-01-01T12:00:00.123+07:00"),
    )
    frame, _ = staged(tmp_path)
    assert frame["timestamp"].tolist() == [
        dt.datetime(2025, 1, 1, 5),
        None,
        dt.datetime(2025, 1, 1, 5, 0, 0, 123_000),
    ]
    assert frame["reason"].tolist() == [None, "timestamp is empty", None]


def test_a_message_that_was_sent_twice_counts_once_and_no_arrival_is_lost(tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    once = page("https://shop.vn/", source="fb", medium="social")
    write(
        tmp_path,
        call("page", "05:00:02", messageId="m1", **once),  # sent again, so its time was worked out anew
        call("page", "05:00:00", messageId="m1", **once),
        call("page", "05:00:04", messageId="m2", **page("https://shop.vn/b")),
    )
    opened = workspace(tmp_path, SOURCE + "\nidentity: {key_file: key}")
    (account,) = prepare.prepare(opened).accounts
    assert (account.rows_in, account.kept, account.dropped) == (3, 2, {"event_id was already seen": 1})
    table = jl.touches.load(opened)
    codes = [code for load in table.buckets for code in load().channel]
    assert sorted(table.channels[code] if code >= 0 else "" for code in codes) == ["", "Organic Social"]


# --- where people came from ---

AD = {"source": "facebook", "medium": "cpc", "name": "tet"}
AD_URL = "https://shop.vn/tet?utm_source=facebook&utm_medium=cpc&utm_campaign=tet"


def test_calls_that_repeat_the_tags_of_their_page_are_no_arrivals(tmp_path):
    assert came(
        tmp_path,
        call("track", "05:00:00", event="Ready", **page(AD_URL, **AD)),
        call("page", "05:00:01", **page(AD_URL, **AD)),
        call("track", "05:00:02", event="Product Viewed", **page(AD_URL, **AD)),
        call("page", "05:01:00", **page("https://shop.vn/ao", AD_URL)),
        call("page", "05:02:00", **page(AD_URL, "https://shop.vn/ao", **AD)),  # back to where they landed
    ) == [("facebook", "cpc", "tet"), NOWHERE, NOWHERE, NOWHERE, NOWHERE]


def test_a_campaign_is_the_same_with_and_without_a_page(tmp_path):
    assert came(
        tmp_path,
        call("track", "05:00:00", event="App Opened", context={"campaign": AD}),
        call("page", "05:00:01", **page("https://shop.vn/", **AD)),
        call("page", "05:00:02", **page("https://shop.vn/", source="x")),
        call("page", "05:00:03", **page("https://shop.vn/", medium="x")),
    ) == [("facebook", "cpc", "tet"), NOWHERE, ("x", None, None), (None, "x", None)]


def test_another_campaign_within_a_visit_is_another_arrival(tmp_path):
    assert came(
        tmp_path,
        call("page", "05:00:00", **page("https://shop.vn/")),
        call("page", "05:05:00", **page(AD_URL, **AD)),
        call("page", "05:06:00", **page("https://shop.vn/?x", source="zalo", medium="oa")),
    ) == [DIRECT, ("facebook", "cpc", "tet"), ("zalo", "oa", None)]


def test_each_click_on_an_ad_has_an_id_of_its_own(tmp_path):
    first, second = (page(f"https://shop.vn/?gclid={number}") for number in ("one", "two"))
    write(
        tmp_path,
        call("page", "05:00:00", **first),
        call("page", "05:01:00", **first),
        call("page", "05:02:00", **second),
    )
    frame, _ = staged(tmp_path)
    assert frame["click_id"].tolist() == ["gclid", None, "gclid"]
    assert frame["source"].tolist() == [None, None, None]


def test_half_an_hour_without_a_call_ends_a_visit(tmp_path):
    assert came(
        tmp_path,
        call("page", "05:00:00", **page("https://shop.vn/", "https://www.google.com/")),
        call("page", "05:30:00", **page("https://shop.vn/a", "https://shop.vn/")),
        call("page", "06:00:01", **page("https://shop.vn/b", "https://www.shop.vn/a")),
        call("page", "06:00:01", anonymousId="other", **page("https://shop.vn/")),
    ) == [("google.com", "referral", None), NOWHERE, DIRECT, DIRECT]


def test_a_session_that_is_named_ends_with_its_name(tmp_path):
    """RudderStack numbers sessions itself."""

    def in_session(number: int, at: str) -> dict[str, Any]:
        context = page("https://shop.vn/")["context"] | {"sessionId": number}
        return call("page", at, context=context)

    assert came(
        tmp_path,
        in_session(1, "05:00:00"),
        in_session(1, "06:00:00"),
        in_session(2, "06:00:01"),
    ) == [DIRECT, NOWHERE, DIRECT]


def test_what_a_server_sends_belongs_to_no_visit(tmp_path):
    assert came(
        tmp_path,
        call("track", "04:00:00", event="Order Shipped", channel="server", context={"ip": "127.0.0.1"}),
        call("page", "05:00:00", **page("https://shop.vn/")),
        call("track", "05:20:00", event="Order Completed", context={}),
        call("page", "05:40:00", **page("https://shop.vn/")),
    ) == [NOWHERE, DIRECT, NOWHERE, DIRECT]


def test_an_opened_letter_is_an_arrival_without_a_page(tmp_path):
    letter = {"context": {"campaign": {"source": "newsletter", "medium": "email", "name": "w1"}}}
    assert came(
        tmp_path,
        call("track", "05:00:00", event="Email Opened", **letter),
        call("track", "05:00:09", event="Email Opened", **letter),
    ) == [("newsletter", "email", "w1"), NOWHERE]


@pytest.mark.parametrize(
    "time", ["2025-01-01 05:00:00.000 +0000", "2025-01-01T12:00:00,000+07:00", "2025-01-01 12:00:00 PM +07"]
)
def test_a_time_that_can_be_read_begins_a_visit_however_it_is_written(time, tmp_path):
    assert came(
        tmp_path,
        call("page", "05:00:01", **page("https://shop.vn/a")),
        call("page", timestamp=time, **page(AD_URL, **AD)),
    ) == [NOWHERE, ("facebook", "cpc", "tet")]


def test_lines_need_not_be_in_order(tmp_path):
    assert came(
        tmp_path,
        call("page", "05:01:00", **page("https://shop.vn/a", "https://shop.vn/")),
        call("page", "05:00:00", **page(AD_URL, **AD)),
    ) == [NOWHERE, ("facebook", "cpc", "tet")]


# --- value ---


@pytest.mark.parametrize(
    ("event", "properties", "value"),
    [
        ("Order Completed", {"total": 10, "revenue": 8}, 10.0),
        ("Order Completed", {"revenue": "39.95"}, 39.95),
        ("Order Completed", {"total": "", "revenue": 8}, 8.0),
        ("order_completed", {"revenue": 8}, 8.0),
        ("Completed Order", {"revenue": 8}, 8.0),
        ("Order Completed", {}, None),
        ("Product Added", {"total": 10, "revenue": 8, "currency": "USD"}, None),
        ("Order Refunded", {"total": 10}, None),
    ],
)
def test_only_a_completed_order_has_a_value(event, properties, value, tmp_path):
    write(tmp_path, call("track", event=event, properties=properties))
    frame, _ = staged(tmp_path)
    assert frame[["value", "currency", "reason"]].to_numpy().tolist() == [[value, None, None]]


def test_a_value_written_by_a_program_is_a_number_and_one_that_is_none_is_kept_apart(tmp_path):
    sold = json.dumps(call("track", event="Order Completed", properties={"total": 0.5}))
    write(tmp_path, sold.replace("0.5", "1.25E7"), sold.replace("0.5", '"liên hệ"'))
    frame, _ = staged(tmp_path)
    assert frame["value"].tolist() == [12_500_000.0, None]
    assert frame["reason"].tolist() == [None, "value cannot be read"]


# --- who ---


def test_calls_that_tell_who_are_identifiers_and_counted_where_they_are_not_read(tmp_path):
    write(
        tmp_path,
        call("identify", userId="KH1", traits={"email": "a@example.com", "phone": "0912345678"}),
        call("identify", userId="KH2", anonymousId=None, context={"traits": {"email": "b@example.com"}}),
        call("group", userId="KH1", groupId="g"),
        call("alias", userId="KH3", previousId="old", anonymousId=None),
        call("alias", userId="KH3", previousId="KH3", anonymousId=None),
        call("track", event="a", context={"traits": {"email": "c@example.com"}}),
        call("page"),
        "no JSON",
        call("merge", userId="KH1"),
        {"userId": "KH1"},
    )
    events, not_events = staged(tmp_path)
    who, not_who = staged(tmp_path, WHO)
    assert not_events == {
        "alias calls (read as identifiers)": 2,
        "group calls (read as identifiers)": 1,
        "identify calls (read as identifiers)": 2,
    }
    assert not_who == {"page calls (read as events)": 1, "track calls (read as events)": 1}
    bad = ["line is malformed", "type of the call is not known", "type of the call is not known"]
    assert events["reason"].tolist() == [None, None, *bad]
    assert who["reason"].tolist() == [None] * 5 + bad
    assert len(events) + sum(not_events.values()) == len(who) + sum(not_who.values()) == 10
    assert who[["user_id", "cookie", "email", "phone"]].to_numpy().tolist()[:5] == [
        ["KH1", "anon", "a@example.com", "0912345678"],
        ["KH2", None, "b@example.com", None],
        ["KH1", "anon", None, None],
        ["KH3", "old", None, None],
        ["KH3", None, None, None],
    ]
    assert events["email"].tolist()[:2] == ["c@example.com", None]


def test_an_alias_joins_what_was_done_under_the_old_name(tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    write(
        tmp_path,
        call("page", messageId="1", anonymousId="old", **page("https://shop.vn/")),
        call("alias", messageId="2", anonymousId=None, userId="KH1", previousId="old"),
        call("track", "07:00:00", messageId="3", anonymousId=None, userId="KH1", event="Order Completed"),
        call("page", messageId="4", anonymousId="stranger", **page("https://shop.vn/")),
    )
    opened = workspace(tmp_path, SOURCE, WHO + "\nidentity: {key_file: key}")
    manifest = prepare.prepare(opened)
    assert (manifest.touches, manifest.customers) == (3, 2)
    assert (manifest.rows_in, manifest.dropped) == (4, 0)


def test_calls_without_an_id_are_not_one_call(tmp_path):
    """An empty text is no message id, or the source of one call would be the source of all of them."""
    ad, letter = (
        {"source": source, "medium": medium} for source, medium in (("fb", "cpc"), ("news", "email"))
    )
    assert came(
        tmp_path,
        call("page", "05:00:00", messageId="", anonymousId="a", **page("https://shop.vn/", **ad)),
        call("page", "05:00:00", messageId="", anonymousId="b", **page("https://shop.vn/", **letter)),
        call("track", "05:01:00", messageId="", anonymousId="b", event="Product Viewed"),
        call("track", "05:02:00", anonymousId="c", event="Order Shipped", context={"device": {"id": " "}}),
    ) == [("fb", "cpc", None), ("news", "email", None), NOWHERE, NOWHERE]


def test_a_phone_is_known_by_its_device(tmp_path):
    write(
        tmp_path,
        call("screen", anonymousId="phone", context={"device": {"id": "phone"}}),
        call("screen", anonymousId=None, userId=None, context={"device": {"id": "phone"}}),
        call("track", event="a", anonymousId=None),
        call("track", event="a", anonymousId=" "),
    )
    frame, _ = staged(tmp_path)
    assert frame[["device", "cookie"]].to_numpy().tolist()[:2] == [["phone", None], ["phone", None]]
    assert frame["reason"].tolist() == [None, None, "nobody is identified", "nobody is identified"]


# --- files ---


def test_columns_may_name_other_fields(tmp_path):
    write(tmp_path, call("track", event="a", properties={"category": "blog", "a.b": 1}))
    source = "{table: events, format: segment, path: calls.json, columns: {touchpoint: properties.category}}"
    assert staged(tmp_path, source)[0]["touchpoint"].tolist() == ["blog"]
    with pytest.raises(DataError, match=r"no column 'properties\.categry'"):
        staged(tmp_path, source.replace("category", "categry"))


def test_gzipped_files_and_hostile_text_are_read_as_they_are(tmp_path):
    name = "'); DROP TABLE staged; --<script>\" \\ =1+1"
    text = json.dumps(call("track", event=name, **page(f"https://shop.vn/x{name}")))
    (tmp_path / "calls.json").write_bytes(gzip.compress((text + "\n").encode()))
    assert staged(tmp_path)[0]["event_type"].tolist() == [name]


@pytest.mark.parametrize("wrong", ["text", 5, [], [1], {"page": 3}, {"page": {"url": {"a": 1}}}, None])
def test_a_context_of_another_shape_is_none(wrong, tmp_path):
    write(tmp_path, call("page", context=wrong) | {"context": wrong})
    frame, _ = staged(tmp_path)
    assert frame[["event_type", "source", "reason"]].to_numpy().tolist() == [["page", "(direct)", None]]


def test_other_tables_are_refused(tmp_path):
    write(tmp_path, call("page"))
    with pytest.raises(ConfigError, match="cannot be read as orders"):
        staged(tmp_path, "{table: orders, format: segment, path: calls.json}")


def test_empty_lines_are_no_calls_but_count(tmp_path):
    write(tmp_path, call("page"), "", "", call("page"), "not json", "")
    frame, _ = staged(tmp_path)
    assert frame[["row", "reason"]].to_numpy().tolist() == [[1, None], [4, None], [5, "line is malformed"]]
