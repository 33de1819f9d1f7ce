"""Cost exports of ad platforms, with the traps they are known for."""

from __future__ import annotations

import datetime as dt
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import sources
from journey_lib.demo import exports
from journey_lib.engine import connect
from journey_lib.errors import ConfigError, DataError
from tests import shops
from tests.test_doors import workspace

FIRST, SECOND = dt.date(2025, 1, 1), dt.date(2025, 1, 2)


def source(platform: str = "google", more: str = "") -> str:
    return f"{{table: costs, format: ads, platform: {platform}, path: ads.csv{more}}}"


def staged(
    folder: Path, text: str, said: str, encoding: str = "utf-8"
) -> tuple[pd.DataFrame, dict[str, int]]:
    (folder / "ads.csv").write_text(text, encoding=encoding)
    opened = workspace(folder, said)
    with connect(folder / "scratch") as engine:
        counted = sources.stage(opened.sources[0], opened, engine, "staged")
        frame = engine.arrow("SELECT * FROM staged ORDER BY file, row, reason").to_pandas()
    return frame.astype(object).where(frame.notna(), None), dict(counted)


def told(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


ALL = (
    *("date", "channel", "campaign", "cost", "currency", "impressions", "clicks", "platform_conversions"),
    "reason",
)


def test_google_writes_titles_above_and_totals_below(tmp_path):
    text = (
        "Báo cáo chiến dịch\n"
        "1 tháng 1, 2025 - 2 tháng 1, 2025\n"
        "Ngày\tChiến dịch\tLoại chiến dịch\tMã đơn vị tiền tệ\tChi phí\tLượt hiển thị\tLượt nhấp\t"
        "Lượt chuyển đổi\n"
        '2025-01-01\tTết\tTìm kiếm\tVND\t"1,234,567"\t"12,345"\t100\t3.50\n'
        "2025-01-02\tTết\tVideo\tVND\t1,000\t5\t --\t0.00\n"
        'Tổng: Chiến dịch\t --\t --\tVND\t"1,235,567"\t"12,350"\t100\t3.50\n'
        'Tổng: Tài khoản\t --\t --\tVND\t"1,235,567"\t"12,350"\t100\t3.50\n'
    )
    frame, counted = staged(tmp_path, text, source(more=', numbers: "1,234.5"'), "utf-16")
    assert told(frame, *ALL) == [
        (FIRST, "Paid Search", "Tết", 1_234_567, "VND", 12_345, 100, 3.5, None),
        (SECOND, "Paid Video", "Tết", 1_000, "VND", 5, None, 0, None),
    ]
    assert counted == {"total rows": 2}


def test_meta_writes_the_total_first_and_the_currency_in_the_heading(tmp_path):
    text = (
        "Campaign name,Day,Amount spent (VND),Link clicks,Clicks (all),Impressions,Results,"
        "Reporting starts,Reporting ends\n"
        ",,300,3,9,20,2,2025-01-01,2025-01-02\n"
        "A,2025-01-01,100,1,2,10,1,2025-01-01,2025-01-01\n"
        '"B, x",2025-01-02,200,2,7,10,,2025-01-02,2025-01-02\n'
    )
    frame, counted = staged(tmp_path, text, source("meta", ", set: {channel: facebook}"), "utf-8-sig")
    assert told(frame, *ALL, "row") == [
        (FIRST, "facebook", "A", 100, "VND", 10, 1, 1, None, 2),
        (SECOND, "facebook", "B, x", 200, "VND", 10, 2, None, None, 3),
    ]
    assert counted == {"total rows": 1}


def test_meta_in_vietnamese_without_days_is_read_where_a_row_is_of_one_day(tmp_path):
    text = (
        "Tên chiến dịch,Số tiền đã chi tiêu (VND),Lượt hiển thị,Kết quả,Bắt đầu báo cáo,Kết thúc báo cáo\n"
        "A,100,10,1,2025-01-01,2025-01-01\n"
        "B,200,10,1,2025-01-01,2025-01-31\n"
    )
    frame, counted = staged(tmp_path, text, source("meta"))
    assert told(frame, "channel", "campaign", "cost", "platform_conversions", "reason") == [
        ("Paid Social", "A", 100, 1, None),
        ("Paid Social", "B", 200, 1, "row covers more than one day"),
    ]
    assert counted == {}


def test_tiktok_and_zalo(tmp_path):
    text = (
        "Campaign name,By Day,Cost,Currency,Impressions,Clicks (destination),Conversions\n"
        "A,2025-01-01,100.4,USD,9,3,1\nA,2025-01-02,200.4,USD,9,3,1\nTotal of 2 results,-,301,USD,18,6,2\n"
    )
    frame, counted = staged(tmp_path, text, source("tiktok"))
    assert told(frame, "cost", "currency", "clicks") == [(100.4, "USD", 3), (200.4, "USD", 3)]
    assert counted == {"total rows": 1}  # 301 is 300.8, rounded
    text = (
        "Báo cáo\n\nNgày;Tên chiến dịch;Chi phí (đ);Lượt hiển thị;Lượt click;Chuyển đổi\n"
        "02/01/2025;Tổng kho;1.250.000;1.000;20;1\nTổng cộng;;1.250.000;1.000;20;1\n"
    )
    declared = ", dates: DD/MM/YYYY, numbers: '1.234,5', set: {channel: zalo}"
    frame, counted = staged(tmp_path, text, source("zalo", declared))
    assert told(frame, *ALL) == [(SECOND, "zalo", "Tổng kho", 1_250_000, "VND", 1_000, 20, 1, None)]
    assert counted == {"total rows": 1}


HEAD = "Day,Campaign,Cost,Clicks\n"


def test_a_campaign_may_be_called_total(tmp_path):
    text = HEAD + "2025-01-01,Total Care,5,1\n2025-01-01,Tổng kho,7,1\nTotal,,12,2\n"
    frame, counted = staged(tmp_path, text, source())
    assert told(frame, "campaign", "cost") == [("Total Care", 5), ("Tổng kho", 7)]
    assert counted == {"total rows": 1}


@pytest.mark.parametrize("total", ["13", "120"])
def test_a_total_that_is_not_what_its_rows_come_to_stops_with_both_sums(tmp_path, total):
    text = HEAD + f"2025-01-01,A,5.00,1\n2025-01-01,B,7.00,1\nTotal: Account,,{total},2\n"
    with pytest.raises(DataError, match=f"is {total}, but its rows come to 12") as caught:
        staged(tmp_path, text, source())
    assert "row 3: 'Total: Account'" in str(caught.value)


def test_a_total_is_known_in_whichever_way_its_letters_are_composed(tmp_path):
    rows = HEAD + "2025-01-01,A,5,1\n2025-01-01,B,7,1\n"
    frame, counted = staged(tmp_path, unicodedata.normalize("NFD", rows + "Tổng cộng,,12,2\n"), source())
    assert (len(frame), counted) == (2, {"total rows": 1})
    with pytest.raises(DataError, match="is 99, but its rows come to 12"):
        staged(tmp_path, unicodedata.normalize("NFD", rows + "Tổng cộng,,99,2\n"), source())


def test_of_several_totals_only_the_one_of_the_account_is_compared(tmp_path):
    rows = HEAD + "2025-01-01,A,5,1\n2025-01-01,B,7,1\n"
    frame, counted = staged(
        tmp_path, rows + "Total: Search,,5,1\nTotal: Display,,7,1\nTotal: Account,,12,2\n", source()
    )
    assert (len(frame), counted) == (2, {"total rows": 3})
    frame, counted = staged(tmp_path, rows + "Total: Search,,5,1\nTotal: Display,,99,1\n", source())
    assert counted == {"total rows": 2, "totals that could not be compared": 1}


def test_a_total_is_not_compared_with_rows_that_could_not_be_read(tmp_path):
    text = HEAD + "2025-01-01,A,nhiều,1\n2025-01-01,B,7,1\nTotal,,12,2\n"
    frame, counted = staged(tmp_path, text, source())
    assert told(frame, "reason") == [("cost cannot be read",), (None,)]
    assert counted == {"total rows": 1, "totals that could not be compared": 1}


def test_a_row_without_a_day_is_a_total_only_when_it_is_what_the_others_come_to(tmp_path):
    rows = HEAD + "2025-01-01,A,5,1\n2025-01-01,B,7,1\n"
    assert staged(tmp_path, rows + ",,12,2\n", source())[1] == {"total rows": 1}
    frame, counted = staged(tmp_path, rows + ",,15,2\n", source())
    assert (told(frame, "reason")[2], counted) == (("date is empty",), {})
    frame, _ = staged(tmp_path, rows + ",C,12,2\n", source())  # it has a campaign
    assert told(frame, "reason")[2] == ("date is empty",)


def test_lines_that_are_no_rows_are_kept_with_their_reason(tmp_path):
    text = HEAD + '2025-01-01,A,5,1\nxong\n2025-01-01,"B,7,1\n2025-01-02,C,8,1\n'
    frame, _ = staged(tmp_path, text, source())
    assert told(frame, "row", "reason", "raw") == [
        (1, None, None),
        (2, "line is malformed", "xong"),
        (3, "line is malformed", "2025-01-01,B,7,1"),
        (3, "line is malformed", "2025-01-02,C,8,1"),
    ]


def test_what_has_more_than_one_reading_must_be_declared(tmp_path):
    with pytest.raises(DataError, match="the numbers in 'Cost' must be declared"):
        staged(tmp_path, HEAD + "2025-01-01,A,1.250,1\n", source())
    with pytest.raises(DataError, match="the dates in 'Day' must be declared"):
        staged(tmp_path, HEAD + "03/04/2025,A,5,1\n", source())


def test_the_workspace_may_name_other_headings(tmp_path):
    text = "x\nWhen,Nhóm,Phí,Cost\n2025-01-01,A,5,99\n"
    said = ", columns: {date: When, campaign: Nhóm, cost: Phí}"
    assert told(staged(tmp_path, text, source(more=said))[0], "campaign", "cost") == [("A", 5)]
    with pytest.raises(DataError, match="no column 'Thẻ'"):
        staged(tmp_path, HEAD + "2025-01-01,A,5,1\n", source(more=", columns: {channel: Thẻ}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no header with a known heading"),
        ("Campaign,Clicks\nA,1\n", "no header with a known heading"),
        ("Day,Campaign,Cost\n2025-01-01,A," + "9" * 200_000 + "\n", "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_export_is_refused(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        staged(tmp_path, text, source())


def test_bytes_in_another_encoding_and_another_table_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        staged(tmp_path, "Ngày,Chi phí\n2025-01-01,5\n", source(), "cp1258")
    with pytest.raises(ConfigError, match="cannot be read as events"):
        staged(tmp_path, HEAD, source().replace("costs", "events"))


@pytest.mark.slow
def test_the_demo_shop_costs_read_back_are_the_same(tmp_path):
    shop = shops.made(tmp_path / "shop", 120)
    opened = jl.open(exports.export(shop.folder / "raw", tmp_path / "export", "ads"))
    read, totals = [], 0
    with connect(tmp_path / "scratch") as engine:
        for number, each in enumerate(opened.sources):
            if each.table == "costs":
                totals += sources.stage(each, opened, engine, f"s{number}").get("total rows", 0)
                read.append(engine.arrow(f"FROM s{number}").to_pandas())
    frame = pd.concat(read)
    assert (frame["reason"].notna().sum(), totals, len(read)) == (0, 5, 5)
    columns = [name for name in ALL if name not in ("date", "reason")]
    frame = frame.assign(date=pd.to_datetime(frame["date"]).dt.strftime("%Y-%m-%d"))[["date", *columns]]
    known = pd.read_csv(shop.folder / "raw" / "costs.csv")[["date", *columns]]
    order = ["date", "channel", "campaign"]
    pd.testing.assert_frame_equal(
        frame.sort_values(order, ignore_index=True), known.sort_values(order, ignore_index=True),
        check_dtype=False,
    )  # fmt: skip
