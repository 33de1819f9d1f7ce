"""Features of what people buy and on which devices they come, where a source says so; and who they are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from test_features_beside import RAW, by_name, opened

import journey_lib as jl

ITEMS = """\
order_id,customer_id,timestamp,category
D1,an,2025-01-02 09:00:00,Gốm
D1,an,2025-01-02 09:00:00,Gốm
D1,an,2025-01-02 09:00:00,Vải
D2,binh,2025-01-05 09:00:00,Vải
D8,nobody,2025-01-05 09:00:00,Gốm
"""
LATER = "D4,an,2025-01-07 00:00:00,Nến\n" * 5
SOURCE = "  - {table: items, format: csv, path: raw/items.csv}\n"


def devices(*kinds: str) -> str:
    """The events, each with the kind of device it came on."""
    head, *lines = RAW["events"].splitlines()
    told = [f"{line},{kind}" for line, kind in zip(lines, (*kinds, "", "", "")[: len(lines)], strict=True)]
    return "\n".join([f"{head},device_type", *told]) + "\n"


def test_goods_are_shares_of_order_lines(tmp_path: Path) -> None:
    shop = opened(tmp_path / "shop", SOURCE, items=ITEMS)
    found = jl.features.table(shop, as_of="2025-01-07")
    table = by_name(shop, found)
    assert table.loc["an", ["goods_gom", "goods_vai"]].tolist() == [
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
    ]
    assert table.loc["binh", ["goods_gom", "goods_vai"]].tolist() == [0, 1]
    about = found.feature("goods_gom")
    assert (about.unit, about.family, about.source, about.of) == ("share", "goods", "items", "Gốm")
    assert jl.features.titles(found, shop, "vi")["goods_gom"] == "Tỷ lệ dòng hàng đã mua: Gốm"


def test_lines_of_the_day_itself_or_later_leave_no_trace(tmp_path: Path) -> None:
    before, after = (
        opened(tmp_path / name, SOURCE, items=ITEMS + more) for name, more in (("a", ""), ("b", LATER))
    )
    one, other = (jl.features.table(shop, as_of="2025-01-07") for shop in (before, after))
    assert "goods_nen" not in other.frame
    pd.testing.assert_frame_equal(by_name(before, one), by_name(after, other))


def test_what_nobody_bought_on_another_day_is_missing_and_not_none(tmp_path: Path) -> None:
    shop = opened(tmp_path / "shop", SOURCE, items=ITEMS)
    now = jl.features.table(shop, as_of="2025-01-07")
    early = jl.features.table(shop, as_of="2025-01-02", like=now)
    assert early.frame[["goods_gom", "goods_vai"]].isna().all(axis=None)


def test_devices_are_shares_of_the_events_that_have_one(tmp_path: Path) -> None:
    shop = opened(tmp_path / "shop", events=devices("Mobile", "desktop"))
    found = jl.features.table(shop, as_of="2025-01-07")
    table = by_name(shop, found)
    assert table.loc["an", ["device_desktop", "device_mobile"]].tolist() == [0.5, 0.5]
    assert table.loc["binh", ["device_desktop", "device_mobile"]].isna().all()  # not known is not none
    assert jl.features.titles(found, shop, "vi")["device_mobile"] == "Tỷ lệ sự kiện: điện thoại"


def test_where_no_source_says_so_there_is_no_column(tmp_path: Path) -> None:
    shop = opened(tmp_path / "shop", events=devices())
    found = jl.features.table(shop)
    assert not [each.name for each in found.about if each.family in {"device", "goods"}]
    assert not (shop.work / "devices.parquet").exists()


def test_bands_of_the_crm_stand_where_no_year_of_birth_is_known(tmp_path: Path) -> None:
    people = (
        "customer_id,city,birth_year,gender,opt_out,tier,district,age_band,income,household_size\n"
        "an,Hà Nội,1990,Nữ,,,,65+,50-74K,3\n"
        "binh,,,,,,,19-24,,\n"
    )
    shop = opened(tmp_path / "shop", customers=people)
    found = jl.features.table(shop)
    table = by_name(shop, found)
    assert table["age_band"].to_dict() == {"an": "35-44", "binh": "19-24"}  # the year of birth goes first
    assert table.loc["an", ["income", "household_size"]].tolist() == ["50-74K", "3"]
    assert table.loc["binh", ["income", "household_size"]].isna().all()
    assert not any(each.behaviour for each in found.about if each.family == "demographic")
