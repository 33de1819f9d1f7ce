"""GA4's BigQuery export, with the traps it is known for."""

from __future__ import annotations

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

NOON = 1_735_707_600_000_000  # 2025-01-01 05:00 UTC, noon in Vietnam
SECOND = 1_000_000
LAST_CLICK = "session_traffic_source_last_click"
VALUE = pa.struct([("string_value", pa.string()), ("int_value", pa.int64()), ("double_value", pa.float64())])
SOURCE = "{table: events, format: ga4, path: 'events_*'}"


def event(name: str, micros: int = NOON, session: int | None = 5, **more: Any) -> dict[str, Any]:
    """One event of a visitor, as BigQuery holds it; `params` are its further parameters."""
    params = ({"ga_session_id": session} if session is not None else {}) | more.pop("params", {})
    return {
        "event_date": "20250101",
        "event_timestamp": micros,
        "event_name": name,
        "event_params": [{"key": key, "value": value(said)} for key, said in params.items()],
        "user_pseudo_id": "111.222",
    } | more


def value(said: Any) -> dict[str, Any]:
    kind = {str: "string_value", int: "int_value", float: "double_value"}[type(said)]
    return {kind: said}


def as_json(told: Any) -> Any:
    """BigQuery writes whole numbers as text, and leaves out what is null."""
    if isinstance(told, dict):
        return {name: as_json(inner) for name, inner in told.items() if inner is not None}
    if isinstance(told, list):
        return [as_json(inner) for inner in told]
    return str(told) if isinstance(told, int) else told


def write_json(folder: Path, name: str, *events: dict[str, Any]) -> None:
    (folder / name).write_text("".join(json.dumps(as_json(each)) + "\n" for each in events), encoding="utf-8")


def write_parquet(folder: Path, name: str, *events: dict[str, Any]) -> None:
    names = {name: None for each in events for name in each}
    table = pa.Table.from_pylist([names | each for each in events])
    kind = pa.list_(pa.struct([("key", pa.string()), ("value", VALUE)]))
    params = pa.array([each["event_params"] for each in events], kind)
    pq.write_table(table.set_column([*names].index("event_params"), "event_params", params), folder / name)


def staged(folder: Path, source: str = SOURCE) -> pd.DataFrame:
    opened = workspace(folder, source)
    with connect(folder / "scratch") as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        frame = engine.arrow("SELECT * FROM staged ORDER BY file, row").to_pandas()
    return frame.astype(object).where(frame.notna(), None)


def came(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame[["source", "medium", "campaign"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("write", [write_json, write_parquet])
def test_a_visit_is_read_from_its_nested_record(write, tmp_path):
    write(
        tmp_path,
        "events_20250101.any",
        event("session_start", params={"page_location": "https://shop.vn/?utm_source=zalo"},
              collected_traffic_source={"manual_source": "zalo", "manual_medium": "oa"}),
        event("page_view", NOON + SECOND, params={"page_location": "https://shop.vn/ao/so-mi?mau=do#anh"}),
        event("purchase", NOON + 2 * SECOND, user_id="KH1", params={"currency": "VND", "value": 9.5},
              ecommerce={"transaction_id": "D1", "purchase_revenue": 1_250_000.0}),
    )  # fmt: skip
    frame = staged(tmp_path)
    assert frame["timestamp"].tolist() == [dt.datetime(2025, 1, 1, 5, 0, second) for second in (0, 1, 2)]
    assert frame["event_type"].tolist() == ["session_start", "page_view", "purchase"]
    assert frame["touchpoint"].tolist() == ["/", "/ao/so-mi", None]
    assert frame["value"].tolist() == [None, None, 1_250_000.0]
    assert frame["currency"].tolist() == [None, None, "VND"]
    assert frame["cookie"].tolist() == ["111.222"] * 3
    assert frame["user_id"].tolist() == [None, None, "KH1"]
    assert came(frame) == [("zalo", "oa", None), (None,) * 3, (None,) * 3]
    assert frame["reason"].tolist() == [None] * 3


def test_the_time_is_the_timestamp_and_not_the_day_of_the_table(tmp_path):
    """Days are of the property's clock, and a phone may send its events up to three days late."""
    write_json(tmp_path, "events_20250104.json", event("open", NOON, event_date="20250104"))
    assert staged(tmp_path)["timestamp"].tolist() == [dt.datetime(2025, 1, 1, 5)]


def test_where_the_user_came_from_the_first_time_is_not_where_the_visit_came_from(tmp_path):
    first = {"source": "facebook", "medium": "cpc", "name": "launch"}
    write_json(tmp_path, "events_20250101.json", event("session_start", traffic_source=first))
    assert came(staged(tmp_path)) == [("(direct)", "(none)", None)]


ADS = {"customer_id": "123-456", "campaign_id": "9", "campaign_name": "brand"}
CROSS = {"source": "cross", "medium": "social", "campaign_name": "c"}
MANUAL = {"source": "manual", "medium": "email", "campaign_name": "m"}
COLLECTED = {"manual_source": "collected", "manual_medium": "sms", "manual_campaign_name": "s"}
PARAMS = {"source": "told", "medium": "referral", "campaign": "p"}


@pytest.mark.parametrize(
    ("last_click", "collected", "params", "expected"),
    [
        ({"google_ads_campaign": ADS, "manual_campaign": MANUAL}, COLLECTED, PARAMS,
         ("google", "cpc", "brand")),
        ({"cross_channel_campaign": CROSS, "manual_campaign": MANUAL}, COLLECTED, PARAMS,
         ("cross", "social", "c")),
        ({"manual_campaign": MANUAL}, COLLECTED, PARAMS, ("manual", "email", "m")),
        ({"manual_campaign": {"source": "(not set)", "medium": "(not set)"}}, COLLECTED, PARAMS,
         ("collected", "sms", "s")),
        ({}, COLLECTED, PARAMS, ("collected", "sms", "s")),
        ({}, {}, PARAMS, ("told", "referral", "p")),
        ({"cross_channel_campaign": {"source": "(direct)", "medium": "(none)"}}, {}, {},
         ("(direct)", "(none)", None)),
        ({}, {}, {}, ("(direct)", "(none)", None)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", [write_json, write_parquet])
def test_what_says_most_of_the_session_is_believed_first(
    write, last_click, collected, params, expected, tmp_path
):
    more = {LAST_CLICK: last_click, "collected_traffic_source": collected}
    write(
        tmp_path,
        "events_20250101",
        event("session_start", params=params, **{k: v for k, v in more.items() if v}),
    )
    assert came(staged(tmp_path)) == [expected]


def test_the_start_of_a_session_is_told_by_what_only_a_later_event_says(tmp_path):
    """GA4 sends session_start without its source in many exports."""
    write_json(
        tmp_path,
        "events_20250101.json",
        event("session_start"),
        event("page_view", NOON + 1, collected_traffic_source=COLLECTED),
    )
    assert came(staged(tmp_path)) == [("collected", "sms", "s"), (None,) * 3]


def test_a_session_is_the_visitors_and_its_number_together(tmp_path):
    write_json(
        tmp_path,
        "events_20250101.json",
        event("page_view", NOON, session=5, params=PARAMS),
        event("page_view", NOON + 1, session=5, user_pseudo_id="other"),
        event("page_view", NOON + 2, session=5),
        event("page_view", NOON + 3, session=6),
        event("refund", NOON + 4, session=None),
    )
    direct = ("(direct)", "(none)", None)
    assert came(staged(tmp_path)) == [("told", "referral", "p"), direct, (None,) * 3, direct, (None,) * 3]


def test_a_session_that_crosses_midnight_begins_once(tmp_path):
    write_json(tmp_path, "events_20250101.json", event("page_view", NOON, params=PARAMS))
    write_parquet(tmp_path, "events_20250102.parquet", event("page_view", NOON + SECOND, params=PARAMS))
    assert came(staged(tmp_path)) == [("told", "referral", "p"), (None,) * 3]


def test_a_session_starts_at_session_start_else_at_its_first_event(tmp_path):
    write_json(
        tmp_path,
        "events_20250101.json",
        event("first_visit", NOON, session=5),
        event("session_start", NOON, session=5),
        event("late", NOON + 9, session=6),
        event("early", NOON + 8, session=6),
    )
    frame = staged(tmp_path)
    assert frame.loc[frame["source"].notna(), "event_type"].tolist() == ["session_start", "early"]


def test_without_consent_and_without_login_nobody_is_identified(tmp_path):
    write_json(
        tmp_path,
        "events_20250101.json",
        event("page_view", user_pseudo_id=None),
        event("page_view", user_pseudo_id=None, user_id="KH1", params=PARAMS),
    )
    frame = staged(tmp_path)
    assert frame["reason"].tolist() == ["nobody is identified", None]
    assert came(frame)[1] == ("told", "referral", "p")


@pytest.mark.parametrize("write", [write_json, write_parquet])
def test_people_without_an_id_are_not_one_person(write, tmp_path):
    """An empty text is no cookie, or sessions of the same number would be one session."""
    write(
        tmp_path,
        "events_20250101",
        event("page_view", user_pseudo_id="", user_id="KH1", params=PARAMS),
        event("page_view", NOON + 1, user_pseudo_id="", user_id="KH2"),
        event("page_view", NOON + 2, user_pseudo_id="", user_id=""),
    )
    frame = staged(tmp_path)
    assert came(frame) == [("told", "referral", "p"), ("(direct)", "(none)", None), (None,) * 3]
    assert frame["reason"].tolist() == [None, None, "nobody is identified"]


def test_a_provisional_table_goes_where_the_days_own_table_is(tmp_path):
    write_json(tmp_path, "events_20250101.json", event("page_view"))
    write_json(tmp_path, "events_intraday_20250101.json", event("page_view"), event("scroll", NOON - SECOND))
    write_json(tmp_path, "events_fresh_20250102.json", event("page_view", NOON + SECOND))
    write_json(tmp_path, "events_intraday_20250102.json", event("page_view", NOON + SECOND))
    write_json(tmp_path, "events_intraday_20250103.json", event("page_view", NOON + 2 * SECOND))
    frame = staged(tmp_path).set_index("file")
    dropped = "day of the provisional table was already seen"
    assert frame["reason"].to_dict() == {
        "events_20250101.json": None,
        "events_intraday_20250101.json": dropped,
        "events_fresh_20250102.json": None,
        "events_intraday_20250102.json": dropped,
        "events_intraday_20250103.json": None,
    }
    # The earlier event of the table that went does not start the session of the one that stayed.
    assert frame.loc["events_20250101.json", "source"] == "(direct)"


def test_a_page_of_thanks_that_is_loaded_again_is_no_second_purchase(tmp_path):
    def bought(at: int, number: str | None, name: str = "purchase") -> dict[str, Any]:
        return event(name, NOON + at, ecommerce={"transaction_id": number, "purchase_revenue": 5.0})

    write_json(
        tmp_path,
        "events_20250101.json",
        bought(60, "D1"), bought(0, "D1"), bought(10, "D2"), bought(20, "(not set)"), bought(30, "(not set)"),
        bought(40, None), bought(50, "D2", "view_item"),
    )  # fmt: skip
    frame = staged(tmp_path)
    assert frame["reason"].tolist() == ["transaction was already seen", *[None] * 6]
    assert frame["value"].tolist() == [5.0] * 6 + [None]


def test_events_of_one_moment_stand_in_the_order_of_their_batch(tmp_path):
    places = [(7, 1, 10), (7, 1, 9), (7, 12, 1), (7, 2, 1), (10, 1, 1), (9, 99, 99)]
    write_json(
        tmp_path,
        "events_20250101.json",
        *(
            event(f"e{n}", batch_page_id=page, batch_ordering_id=order, batch_event_index=index)
            for n, (page, order, index) in enumerate(places)
        ),
    )
    frame = staged(tmp_path).sort_values("event_id")
    expected = [f"e{n}" for n in sorted(range(len(places)), key=places.__getitem__)]
    assert frame["event_type"].tolist() == expected
    assert frame["event_id"].is_unique


def test_events_of_one_moment_without_a_batch_are_told_apart_by_what_they_say(tmp_path):
    same = event("view_item", params={"item": "a"})
    write_json(
        tmp_path,
        "events_20250101.json",
        same,
        event("view_item", params={"item": "b"}),
        event("view_item", params={"item": "a"}, items=[{"item_id": "1"}]),
        same,
    )
    frame = staged(tmp_path)
    assert frame["event_id"].nunique() == 3
    assert frame["event_id"][0] == frame["event_id"][3]


def test_a_row_that_was_exported_twice_counts_once_and_no_session_is_lost(tmp_path):
    write_json(tmp_path, "events_20250101.json", event("page_view", params=PARAMS))
    write_json(tmp_path, "events_20250102.json", event("page_view", params=PARAMS))
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    opened = workspace(tmp_path, SOURCE + "\nidentity: {key_file: key}")
    manifest = prepare.prepare(opened)
    (account,) = manifest.accounts
    assert (account.rows_in, account.kept, account.dropped) == (2, 1, {"event_id was already seen": 1})
    assert jl.touches.load(opened).channels == ("Referral",)


def test_the_name_of_a_click_id_is_kept_and_its_value_is_not(tmp_path):
    write_json(
        tmp_path,
        "events_20250101.json",
        event("a", session=1, params={"page_location": "https://shop.vn/?gclid=EAIaIQ"}),
        event("b", session=2, collected_traffic_source={"dclid": "CJ4"}),
        event("c", session=3, params={"page_location": "https://shop.vn/?fbclid=IwAR&x=1"}),
        event("d", session=4, params={"page_location": "https://shop.vn/?gclid="}),
    )
    frame = staged(tmp_path)
    assert frame["click_id"].tolist() == ["gclid", "dclid", "fbclid", None]
    assert frame["source"].tolist() == [None, None, None, "(direct)"]


def test_a_clicked_google_ad_is_no_organic_search(tmp_path):
    """Exports say google / organic of many visits that have a gclid."""
    organic = {"manual_source": "google", "manual_medium": "organic", "manual_campaign_name": "(organic)"}
    write_json(
        tmp_path,
        "events_20250101.json",
        event("a", session=1, collected_traffic_source=organic | {"gclid": "x"}),
        event("b", session=2, collected_traffic_source=organic),
    )
    assert came(staged(tmp_path)) == [("google", "cpc", None), ("google", "organic", "(organic)")]


@pytest.mark.parametrize(
    ("group", "network"),
    [("Cross-network", "cross-network"), ("Paid Video", "youtube"), ("Paid Search", "search network"),
     ("Paid Other", None)],
)  # fmt: skip
def test_where_google_showed_its_ad_is_told_by_the_sessions_group(group, network, tmp_path):
    click = {"google_ads_campaign": ADS, "cross_channel_campaign": {"default_channel_group": group}}
    write_json(tmp_path, "events_20250101.json", event("session_start", **{LAST_CLICK: click}))
    assert staged(tmp_path)["network"].tolist() == [network]


def test_an_app_has_screens(tmp_path):
    write_json(
        tmp_path,
        "events_20250101.json",
        event("screen_view", params={"firebase_screen": "Giỏ hàng", "firebase_screen_class": "CartView"}),
        event("screen_view", NOON + 1, params={"firebase_screen_class": "CartView"}),
    )
    assert staged(tmp_path)["touchpoint"].tolist() == ["Giỏ hàng", "CartView"]


def test_columns_may_name_parameters_and_nested_fields_instead(tmp_path):
    write_json(
        tmp_path,
        "events_20250101.json",
        event("page_view", params={"content_group": "blog"}, geo={"city": "Huế"}, device={"id": "d1"}),
    )
    frame = staged(
        tmp_path,
        "{table: events, format: ga4, path: 'events_*', columns: {touchpoint: event_params.content_group,"
        " device: device.id, email: event_params.nobody}}",
    )
    assert frame[["touchpoint", "device", "email"]].to_numpy().tolist() == [["blog", "d1", None]]


def test_a_column_that_is_nowhere_in_the_file_is_named(tmp_path):
    write_json(tmp_path, "events_20250101.json", event("page_view"))
    with pytest.raises(DataError, match=r"no column 'device\.idd'"):
        staged(tmp_path, "{table: events, format: ga4, path: 'events_*', columns: {device: device.idd}}")


def test_what_is_missing_can_be_set(tmp_path):
    write_json(tmp_path, "events_20250101.json", event("purchase", ecommerce={"purchase_revenue": 3.0}))
    frame = staged(tmp_path, "{table: events, format: ga4, path: 'events_*', set: {currency: USD}}")
    assert frame["currency"].tolist() == ["USD"]


def test_tables_of_different_years_have_different_columns(tmp_path):
    """Columns came in the course of time; a record may be missing, or have other fields."""
    old = event("page_view", NOON, params=PARAMS)
    new = event("page_view", NOON, session=6, **{LAST_CLICK: {"manual_campaign": MANUAL}})
    odd = event("page_view", NOON, session=7, **{LAST_CLICK: {"other": {"x": "y"}}}, ecommerce={"tax": 1.0})
    for name, each in (("20240101", old), ("20250101", new), ("20250102", odd)):
        write_parquet(tmp_path, f"events_{name}.parquet", each)
    assert came(staged(tmp_path)) == [
        ("told", "referral", "p"), ("manual", "email", "m"), ("(direct)", "(none)", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "params",
    [
        [{"key": "ga_session_id", "value": {"string_value": None, "int_value": 5}}],
        [{"key": "a", "value": {"string_value": None}}],
        [{"key": None, "value": None}],
        [],
        None,
    ],
)
def test_fields_that_are_empty_throughout_may_have_no_type(params, tmp_path):
    """Parquet written by others than BigQuery has such columns; the engine broke down over nested ones."""
    told = event("page_view") | {"event_params": params, "device": {"id": None, "category": "mobile"}}
    told |= {"ecommerce": {"transaction_id": None}, "items": [{"item_id": None}], "user_id": None}
    pq.write_table(pa.Table.from_pylist([told]), tmp_path / "events_20250101.parquet")
    frame = staged(tmp_path, "{table: events, format: ga4, path: 'events_*', columns: {device: device.id}}")
    assert frame[["event_type", "cookie", "device", "reason"]].to_numpy().tolist() == [
        ["page_view", "111.222", None, None]
    ]


def test_gzipped_json_and_lines_that_are_none_are_kept_with_their_number(tmp_path):
    good = json.dumps(as_json(event("page_view")))
    bad_time = json.dumps(as_json(event("page_view", event_timestamp="hôm qua")))
    no_time = json.dumps(as_json(event("page_view", event_timestamp=None)))
    lines = [good, "[1, 2]", "{" + good, bad_time, no_time, '"text"', good.replace("111", "333")]
    (tmp_path / "events_20250101.json.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    frame = staged(tmp_path)
    assert dict(zip(frame["row"], frame["reason"], strict=True)) == {
        1: None,
        2: "line is malformed",
        3: "line is malformed",
        4: "timestamp cannot be read",
        5: "timestamp is empty",
        6: "line is malformed",
        7: None,
    }
    assert frame["raw"][1] == "[1, 2]"


@pytest.mark.parametrize(
    "params", ["text", 5, [], [1], [{"key": 1}], {"key": "x"}, [{"key": "a", "value": "b"}]]
)
def test_parameters_of_another_shape_are_none(params, tmp_path):
    write_json(tmp_path, "events_20250101.json", event("page_view") | {"event_params": params})
    frame = staged(tmp_path)
    assert frame[["event_type", "source", "reason"]].to_numpy().tolist() == [["page_view", None, None]]


def test_hostile_text_stays_text(tmp_path):
    name = "'); DROP TABLE staged; --<script>\" \\ {}"
    write_json(
        tmp_path,
        "events_20250101.json",
        event(name, params={"page_location": f"https://a.vn/{name}", "'": name}),
    )
    frame = staged(tmp_path)
    assert frame["event_type"].tolist() == [name]
    source = "{table: events, format: ga4, path: 'events_*', columns: {touchpoint: \"event_params.'\"}}"
    assert staged(tmp_path, source)["touchpoint"].tolist() == [name]


def test_a_currency_that_is_not_set_is_none(tmp_path):
    params = {"value": 9.5, "currency": "(not set)"}
    write_json(tmp_path, "events_20250101.json", event("purchase", params=params))
    assert staged(tmp_path)[["value", "currency"]].to_numpy().tolist() == [[9.5, None]]


def test_a_revenue_written_by_a_program_is_a_number(tmp_path):
    (tmp_path / "events_20250101.json").write_text(
        json.dumps(as_json(event("purchase", ecommerce={"purchase_revenue": 0.5}))).replace("0.5", "1.25E7")
    )
    assert staged(tmp_path)["value"].tolist() == [12_500_000.0]


def test_other_tables_and_damaged_files_are_refused(tmp_path):
    write_json(tmp_path, "events_1.json", event("page_view"))
    with pytest.raises(ConfigError, match="cannot be read as orders"):
        staged(tmp_path, "{table: orders, format: ga4, path: 'events_*'}")
    (tmp_path / "events_2.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        staged(tmp_path)
