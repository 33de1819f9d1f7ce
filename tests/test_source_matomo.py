"""Matomo's answers and dumps, with the traps they are known for."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import prepare, sources
from journey_lib.demo import export_shop, exports
from journey_lib.engine import connect
from journey_lib.errors import ConfigError, DataError
from tests import shops
from tests.test_doors import workspace

SOURCE = "{table: events, format: matomo, path: 'visits*'}"
TABLES = "{table: events, format: matomo, path: '*log_*'}"
NOON = 1_735_732_800  # 1 January 2025, 12:00 UTC
VISITOR = "c1a1b2c3d4e5f601"


def visit(*actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {
        "idVisit": 7,
        "visitorId": VISITOR,
        "userId": None,
        "siteCurrency": "VND",
        "referrerType": "direct",
    }
    return said | more | {"actionDetails": list(actions)}


def action(second: int = 0, kind: str = "action", **more: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": NOON + second, "url": "https://shop.vn/tui-vai?mau=do"} | more


def write(folder: Path, *visits: Any) -> None:
    (folder / "visits.json").write_text(json.dumps(visits, indent=1), encoding="utf-8")


def staged(folder: Path, source: str = SOURCE) -> tuple[pd.DataFrame, dict[str, int]]:
    opened = workspace(folder, source)
    with connect(folder / "scratch") as engine:
        counted = sources.stage(opened.sources[0], opened, engine, "staged")
        frame = engine.arrow("SELECT * FROM staged ORDER BY file, row, event_id").to_pandas()
    return frame.astype(object).where(frame.notna(), None), dict(counted)


def told(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


def came(folder: Path, *actions: dict[str, Any], **of_visit: Any) -> list[tuple[Any, ...]]:
    write(folder, visit(*(actions or (action(),)), **of_visit))
    return told(staged(folder)[0], "source", "medium", "campaign", "click_id")


def test_actions_of_a_visit_are_read_as_events(tmp_path):
    write(
        tmp_path,
        visit(
            action(0),
            action(1, "event", eventCategory="video", eventAction="play", eventName="intro"),
            action(2, "search", siteSearchKeyword="gốm"),
            action(3, "download", url="https://shop.vn/bang-gia.pdf"),
            action(4, "outlink", url="https://www.facebook.com/shop"),
            action(5, "goal", goalName="Đăng ký", revenue=0),
            action(6, "ecommerceAbandonedCart", revenue=90_000, url=None),
            action(7, "ecommerceOrder", orderId="DH1", revenue="250000", url=None),
            userId="KH1",
        ),
    )
    frame, counted = staged(tmp_path)
    assert told(frame, "event_type", "touchpoint", "value", "currency") == [
        ("page_view", "/tui-vai", None, None),
        ("play", "intro", None, None),
        ("search", "/tui-vai", None, None),
        ("download", "/bang-gia.pdf", None, None),
        ("outlink", "facebook.com", None, None),
        ("Đăng ký", "/tui-vai", 0, "VND"),
        ("abandoned_cart", None, None, None),
        ("purchase", None, 250_000, "VND"),
    ]
    assert set(told(frame, "cookie", "user_id", "reason")) == {(VISITOR, "KH1", None)}
    assert [time.second for time in frame["timestamp"]] == list(range(8))
    assert frame["timestamp"].iloc[0] == dt.datetime(2025, 1, 1, 12)
    assert frame["event_id"].is_monotonic_increasing
    assert counted == {}


@pytest.mark.parametrize(
    ("of_visit", "expected"),
    [
        ({"referrerType": "direct"}, ("(direct)", "(none)", None, None)),
        ({"referrerType": "search", "referrerName": "Google"}, ("google", "organic", None, None)),
        (
            {"referrerType": "website", "referrerName": "bao.vn", "referrerUrl": "https://www.bao.vn/a"},
            ("bao.vn", "referral", None, None),
        ),
        ({"referrerType": "social", "referrerName": "Facebook"}, ("facebook", "social", None, None)),
        (
            {
                "referrerType": "campaign",
                "referrerName": "tet",
                "campaignSource": "zalo",
                "campaignMedium": "oa",
            },
            ("zalo", "oa", "tet", None),
        ),
        ({"referrerType": "campaign", "referrerName": "tet"}, ("tet", None, "tet", None)),
        ({"referrerType": None}, (None, None, None, None)),
    ],
)
def test_where_a_visit_came_from_stands_at_its_first_action_only(tmp_path, of_visit, expected):
    assert came(tmp_path, action(0), action(0), action(9), **of_visit) == [expected, (None,) * 4, (None,) * 4]


def test_an_ad_without_tags_is_no_organic_search(tmp_path):
    ad = action(url="https://shop.vn/?gclid=Cj0K")
    assert came(tmp_path, ad, referrerType="search", referrerName="Google") == [(None, None, None, "gclid")]
    shared = action(url="https://shop.vn/?fbclid=IwAR")  # stands on every link that leaves Facebook
    assert came(tmp_path, shared, referrerType="social", referrerName="Facebook") == [
        ("facebook", "social", None, "fbclid")
    ]


def test_a_list_with_a_gap_is_written_as_an_object(tmp_path):
    write(tmp_path, visit() | {"actionDetails": {"0": action(0), "2": action(5)}})
    assert [time.second for time in staged(tmp_path)[0]["timestamp"]] == [0, 5]


def test_what_is_no_visit_is_kept_with_its_reason(tmp_path):
    write(
        tmp_path,
        visit(action(0, "ecommerceOrder", orderId="DH1", revenue=5)),
        visit(idVisit=8),
        7,
        visit(action(0), idVisit=9, visitorId="not hex"),
        visit(action(0) | {"timestamp": "hôm qua"}, idVisit=10),
        visit(action(60, "ecommerceOrder", orderId="DH1", revenue=5), idVisit=11),
    )
    assert told(staged(tmp_path)[0], "row", "reason") == [
        (1, None),
        (2, "visit without actions"),
        (3, "line is malformed"),
        (4, "cookie is no visitor id of Matomo"),
        (5, "timestamp cannot be read"),
        (6, "order id was already seen"),
    ]


def test_a_visit_that_two_exports_hold_is_counted_once_and_its_order_is_none_too_many(tmp_path):
    first = visit(action(0), action(5, "ecommerceOrder", orderId="DH1", revenue=5))
    grown = first | {"actionDetails": [*first["actionDetails"], action(9)]}
    (tmp_path / "visits_1.json").write_text(json.dumps([first]))
    (tmp_path / "visits_2.jsonl").write_text(json.dumps(grown) + "\n")
    opened = workspace(tmp_path, SOURCE)
    text = (tmp_path / "journey.yaml").read_text() + "identity: {key_file: key}\n"
    (tmp_path / "journey.yaml").write_text(text)
    (tmp_path / "key").write_text("k" * 40)
    (account,) = prepare.prepare(jl.open(opened.path)).accounts
    assert (account.rows_in, account.kept, dict(account.dropped)) == (5, 3, {"event_id was already seen": 2})


def test_a_dimension_can_be_anything_that_is_asked_for(tmp_path):
    write(tmp_path, visit(action(0, dimension1="TV7"), action(1), dimension2="card"))
    asked = SOURCE[:-1] + ", columns: {member: dimension1, touchpoint: dimension2}}"
    assert told(staged(tmp_path, asked)[0], "member", "touchpoint") == [("TV7", "card"), (None, "card")]
    with pytest.raises(DataError, match="no column 'dimension9'"):
        staged(tmp_path, SOURCE[:-1] + ", columns: {member: dimension9}}")


@pytest.mark.parametrize("kind", ["gzip", "bom", "utf-16"])
def test_a_list_is_read_however_it_was_packed(tmp_path, kind):
    text = json.dumps([visit(action(), userId="Đỗ")], ensure_ascii=False)
    data = {
        "gzip": gzip.compress(text.encode()), "bom": text.encode("utf-8-sig"), "utf-16": text.encode("utf-16")
    }[kind]  # fmt: skip
    (tmp_path / "visits.json").write_bytes(data)
    encoding = ", encoding: utf-16}" if kind == "utf-16" else "}"
    assert told(staged(tmp_path, SOURCE[:-1] + encoding)[0], "user_id", "reason") == [("Đỗ", None)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (json.dumps([visit(action())])[:-9].encode(), "cannot be read as a list of visits"),
        (b'[{"idVisit": "\xff"}]', "cannot be read as UTF-8"),
        (gzip.compress(json.dumps([visit(action())]).encode())[:-20], "visits.json"),
    ],
)
def test_a_list_that_was_cut_is_refused_whole(tmp_path, data, said):
    (tmp_path / "visits.json").write_bytes(data)
    with pytest.raises(DataError, match=said):
        staged(tmp_path)


def test_matomo_has_no_orders_table(tmp_path):
    write(tmp_path, visit(action()))
    with pytest.raises(ConfigError, match="cannot be read as orders"):
        staged(tmp_path, SOURCE.replace("events", "orders"))


# --- dumps of the database ---

VISITS = (
    "idvisit,idsite,idvisitor,user_id,referer_type,referer_name,referer_url,campaign_source,campaign_medium,"
    "campaign_name,custom_dimension_1\n"
    "10,1,0xC1A1B2C3D4E5F601,u1,6,tet,NULL,facebook,cpc,tet2025,M1\n"
    "11,1,c1a1b2c3d4e5f602,NULL,3,bao.vn,https://www.bao.vn/x,NULL,NULL,NULL,\\N\n"
    "12,1,c1a1b2c3d4e5f603,NULL,1,NULL,NULL,NULL,NULL,NULL,\\N\n"
)
ACTIONS = (
    "idlink_va,idsite,idvisitor,idvisit,idaction_url,idaction_name,server_time,idaction_event_action,"
    "idaction_event_category\n"
    "101,1,0xC1A1B2C3D4E5F601,10,1,5,2025-01-01 08:00:10,3,4\n"
    "100,1,0xC1A1B2C3D4E5F601,10,1,2,2025-01-01 08:00:00,NULL,NULL\n"
    "102,1,c1a1b2c3d4e5f602,11,6,NULL,2025-01-01 09:00:10,NULL,NULL\n"
    "103,1,c1a1b2c3d4e5f604,13,7,NULL,2025-01-01 09:00:10,NULL,NULL\n"
    "104,1,c1a1b2c3d4e5f602,11,1,8,2025-01-01 09:00:20,NULL,NULL\n"
)
NAMES = (
    "idaction,name,hash,type,url_prefix\n1,shop.vn/a?x=1,9,1,2\n2,Trang chủ,9,4,NULL\n3,click,9,11,NULL\n"
    "4,cat,9,10,NULL\n5,banner,9,12,NULL\n6,shop.vn/file.pdf,9,3,3\n7,facebook.com/,9,2,3\n8,gốm,9,8,NULL\n"
)
CONVERSIONS = (
    "idvisit,idsite,idvisitor,server_time,idaction_url,idlink_va,idgoal,buster,idorder,items,url,revenue\n"
    "10,1,0xC1A1B2C3D4E5F601,2025-01-01 08:00:10,1,101,0,123,DH1,2,https://shop.vn/xong,150000\n"
    "10,1,0xC1A1B2C3D4E5F601,2025-01-01 08:00:10,1,101,4,0,NULL,NULL,https://shop.vn/xong,0\n"
)


def dump(folder: Path, **tables: str) -> None:
    given = {"log_visit": VISITS, "log_link_visit_action": ACTIONS, "log_action": NAMES} | tables
    for name, text in given.items():
        (folder / f"matomo_{name}.csv").write_text(text, encoding="utf-8")


def test_the_tables_of_a_dump_are_joined(tmp_path):
    dump(tmp_path, log_conversion=CONVERSIONS)
    frame, counted = staged(tmp_path, TABLES[:-1] + ", columns: {member: custom_dimension_1}}")
    frame = frame.sort_values(["timestamp", "event_id"])
    columns = (
        "cookie",
        "user_id",
        "member",
        "event_type",
        "touchpoint",
        "source",
        "medium",
        "campaign",
        "value",
    )
    one = (VISITOR, "u1", "M1")
    two = ("c1a1b2c3d4e5f602", None, None)
    none = (None, None, None)
    assert told(frame, *columns) == [
        (*one, "page_view", "/a", "facebook", "cpc", "tet2025", None),
        (*one, "click", "banner", *none, None),
        (*one, "purchase", "/xong", *none, 150_000),
        (*one, "goal 4", "/xong", *none, 0),
        (*two, "download", "/file.pdf", "bao.vn", "referral", None, None),
        ("c1a1b2c3d4e5f604", None, None, "outlink", "facebook.com", *none, None),
        (*two, "search", "/a", *none, None),
    ]
    assert counted == {"actions without their visit": 1, "visits without actions": 1}
    assert frame["timestamp"].iloc[0] == dt.datetime(2025, 1, 1, 8)  # the database's clock is UTC


def test_an_id_of_bytes_that_were_not_written_in_hex_is_refused(tmp_path):
    dump(tmp_path)
    broken = ACTIONS.replace("102,1,c1a1b2c3d4e5f602", "102,1,abcdefgh")
    (tmp_path / "matomo_log_link_visit_action.csv").write_text(broken)
    reasons = Counter(staged(tmp_path, TABLES)[0]["reason"])
    assert reasons == {None: 4, "cookie is no visitor id of Matomo": 1}
    raw = ACTIONS.encode().replace(b"c1a1b2c3d4e5f602", b"\xc1\xa1\xb2\xff")
    (tmp_path / "matomo_log_link_visit_action.csv").write_bytes(raw)
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        staged(tmp_path, TABLES)


def test_a_dump_needs_the_visits_and_a_header(tmp_path):
    dump(tmp_path)
    with pytest.raises(DataError, match="has no log_visit"):
        staged(tmp_path, TABLES.replace("*log_*", "*log_link*"))
    dump(tmp_path, log_visit=VISITS.split("\n", 1)[1])
    with pytest.raises(DataError, match="no header of a table of Matomo"):
        staged(tmp_path, TABLES)


# --- the demo shop, read back ---


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return shops.made(tmp_path_factory.mktemp("shop"), 120)


@pytest.mark.parametrize("form", ["matomo", "matomo_tables"])
def test_the_demo_shop_read_back_is_the_same(shop, tmp_path, form):
    opened = jl.open(exports.export(shop.folder / "raw", tmp_path, form))
    with connect(tmp_path / "scratch") as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        rows = engine.rows(
            "SELECT user_id, epoch(timestamp)::BIGINT, touchpoint, event_type, source, medium, value, cookie"
            " FROM staged WHERE reason IS NULL"
        )
        assert engine.one("SELECT count(*) FROM staged WHERE reason IS NOT NULL")[0] == 0
    known = export_shop.read(shop.folder / "raw").rows
    expected = Counter(
        (
            row.customer_id, int(row.time.timestamp()), row.touchpoint, row.event_type,
            *(export_shop.arrival(row.channel) if row.channel else (None, None)),
            None if pd.isna(row.value) else row.value, row.cookie,
        )
        for row in known.itertuples()
    )  # fmt: skip
    assert Counter(tuple(row) for row in rows) == expected
    assert sum(expected.values()) > 500
