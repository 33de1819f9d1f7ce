"""Features of a workspace: tickets, surveys, returns, the CRM and columns of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journey_lib as jl
from journey_lib.errors import ConfigError, ParameterError

CONFIG = """\
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
labels: {zalo: {vi: "Zalo của tiệm", en: "The shop's Zalo"}}
sources:
  - {table: events, format: csv, path: raw/events.csv}
  - {table: orders, format: csv, path: raw/orders.csv}
  - {table: returns, format: csv, path: raw/returns.csv}
  - {table: customers, format: csv, path: raw/customers.csv}
  - {table: tickets, format: csv, path: raw/tickets.csv}
  - {table: surveys, format: csv, path: raw/surveys.csv}
"""
RAW = {
    "events": """\
customer_id,timestamp,channel,touchpoint,event_type
an,2025-01-01 08:00:00,zalo,zalo_shop,click
an,2025-01-02 08:00:00,store,store_1,visit
binh,2025-01-05 08:00:00,sms,sms_voucher,open
""",
    "orders": """\
order_id,customer_id,timestamp,value
D1,an,2025-01-02 09:00:00,400000
D2,binh,2025-01-05 09:00:00,200000
D3,binh,2025-01-06 09:00:00,100000
""",
    "returns": """\
order_id,timestamp,value,kind
D2,2025-01-06 10:00:00,200000,return
D9,2025-01-06 10:00:00,100000,return
""",
    "customers": """\
customer_id,city,birth_year,gender,opt_out,tier,district
an,Hà Nội,1990,Nữ,yes,gold,Ba Đình
binh,,2031,,,,
""",
    "tickets": """\
ticket_id,customer_id,timestamp
1,an,2025-01-03 08:00:00
2,an,2025-01-04 08:00:00
3,nobody,2025-01-04 08:00:00
""",
    "surveys": """\
customer_id,timestamp,answered_at,metric,score
an,2025-01-03 08:00:00,2025-01-03 09:00:00,CSAT,5
an,2025-01-03 08:00:00,,csat,
an,2025-01-04 08:00:00,,csat,2
binh,2025-01-06 08:00:00,,nps,
""",
}
LATER = {
    "events": "binh,2025-01-07 00:00:00,tiktok,tt,click\n" * 3 + "chi,2025-01-07 08:00:00,tiktok,tt,click\n",
    "orders": "D4,an,2025-01-07 00:00:00,900000\n",
    "returns": "D1,2025-01-07 00:00:00,400000,return\n",
    "tickets": "4,binh,2025-01-07 00:00:00\n",
    "surveys": "binh,2025-01-07 00:00:00,2025-01-07 00:00:00,ces,7\n"
    "binh,2025-01-06 08:00:00,2025-01-07 00:00:00,nps,9\n",
}


def opened(folder: Path, more: str = "", later: bool = False, **raw: str) -> jl.workspace.Workspace:
    (folder / "raw").mkdir(parents=True)
    (folder / "maps").mkdir()
    (folder / "journey.yaml").write_text(CONFIG + more, encoding="utf-8")
    for name, text in (RAW | raw).items():
        planted = LATER.get(name, "") if later else ""
        (folder / "raw" / f"{name}.csv").write_text(text + planted, encoding="utf-8")
    return jl.open(folder)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose features are declared anew by every test; its touches stay prepared."""
    return opened(tmp_path_factory.mktemp("shops") / "shop").path


def by_name(workspace: jl.workspace.Workspace, found: jl.features.Features) -> pd.DataFrame:
    people = jl.customers.load(workspace).dropna(subset="customer").set_index("customer")["customer_id"]
    return found.frame.set_axis(people.loc[found.frame.index], axis=0).sort_index()


def test_what_stands_beside_the_touches(tmp_path: Path) -> None:
    """D2 was Bình's; D9 is nobody's. Of An's three questions two were answered, one without a time."""
    shop = opened(tmp_path / "shop")
    table = by_name(shop, jl.features.table(shop, as_of="2025-01-07"))
    columns = ["tickets", "surveys_sent", "surveys_answered", "score_csat", "returns", "value", "conversions"]
    assert table.loc["an", columns].tolist() == [2, 3, pytest.approx(2 / 3), 3.5, 0, 400_000, 1]
    columns = ["tickets", "surveys_sent", "surveys_answered", "returns", "value"]
    assert table.loc["binh", columns].tolist() == [0, 1, 0, 1, 300_000]
    assert pd.isna(table.loc["binh", "score_csat"])
    assert "score_nps" not in table  # nobody answered: there is no score


def test_who_they_are_is_told_of_everyone_refusal_or_not_and_an_impossible_year_is_not_known(
    tmp_path: Path,
) -> None:
    shop = opened(tmp_path / "shop")
    table = by_name(shop, jl.features.table(shop, as_of="2025-01-07"))
    assert table.loc["an", ["age_band", "gender", "city", "tier"]].tolist() == [
        "35-44",
        "Nữ",
        "Hà Nội",
        "gold",
    ]
    assert table.loc["binh", ["age_band", "gender", "city", "tier"]].isna().all()
    assert "opt_out" not in table


def test_an_age_is_that_of_the_day_and_bands_begin_where_they_say(tmp_path: Path) -> None:
    years = {"a": 2008, "b": 2007, "c": 2000, "d": 1960, "e": 1914, "f": 2025}
    rows = "".join(f"{name},,{year},,,,\n" for name, year in years.items())
    people = RAW["customers"].splitlines()[0] + "\n" + rows
    events = "".join(f"{name},2025-01-01 08:00:00,zalo,z,click\n" for name in years)
    shop = opened(tmp_path / "shop", customers=people, events=RAW["events"].splitlines()[0] + "\n" + events)
    table = by_name(shop, jl.features.table(shop))
    assert table["age_band"].dropna().to_dict() == {
        "a": "under 18", "b": "18-24", "c": "25-34", "d": "65+", "f": "under 18",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("birth_year", {"an": "1990", "binh": ""}, {"an": "35-44", "binh": None}),
        ("age_band", {"an": "25-34", "binh": ""}, {"an": "25-34", "binh": None}),
        # A year tells the age of the day; the band of an export is for those without one.
        ("birth_year,age_band", {"an": "1990,25-34", "binh": ",55-64"}, {"an": "35-44", "binh": "55-64"}),
        ("birth_year", {"an": "", "binh": ""}, None),
        ("age_band", {"an": "", "binh": ""}, None),
        ("birth_year", {"an": "2031", "binh": ""}, None),
    ],
)
def test_an_age_comes_from_the_year_or_the_band_whichever_is_told(
    tmp_path: Path, header: str, rows: dict[str, str], expected: dict[str, str | None] | None
) -> None:
    told = "".join(f"{name},{row}\n" for name, row in rows.items())
    shop = opened(tmp_path / "shop", customers=f"customer_id,{header}\n{told}")
    table = by_name(shop, jl.features.table(shop))
    if expected is None:
        assert "age_band" not in table
    else:
        assert table["age_band"].astype(object).where(table["age_band"].notna(), None).to_dict() == expected


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({"write_statistics": False}, id="without counts of what is missing"),
        pytest.param({"row_group_size": 1}, id="a customer a group"),
        pytest.param({"write_statistics": ["customer"]}, id="counts of one column only"),
    ],
)
def test_how_the_customers_file_was_written_changes_nothing(tmp_path: Path, written: dict[str, Any]) -> None:
    """Bình comes with nothing known, An with everything: no group of rows may speak for the others."""
    shop = opened(tmp_path / "shop")
    before = jl.features.table(shop)
    assert before.feature("city")
    assert "occupation" not in before.frame  # nobody told
    file = shop.work / "customers.parquet"
    people = pq.read_table(file)
    pq.write_table(pa.Table.from_batches(people.to_batches(), people.schema), file, **written)
    after = jl.features.table(shop)
    pd.testing.assert_frame_equal(after.frame, before.frame, check_exact=True)
    assert after.about == before.about
    assert after.fingerprint == before.fingerprint


def test_nothing_of_the_day_itself_or_after_it_leaves_a_trace(tmp_path: Path) -> None:
    """Events, orders, returns, tickets, questions and answers at the first instant of the day, and later."""
    more = "features: {offline: [store], offers: [sms_voucher], sale_days: [2025-01-05]}\n"
    shops = [opened(tmp_path / name, more, later) for name, later in (("before", False), ("after", True))]
    one, other = (by_name(shop, jl.features.table(shop, as_of="2025-01-07")) for shop in shops)
    # What was asked before, and answered after, counts as asked in both; only the planted question is new.
    assert other.loc["binh", "surveys_sent"] == one.loc["binh", "surveys_sent"] + 1
    pd.testing.assert_frame_equal(
        one.drop(columns="surveys_sent"), other.drop(columns="surveys_sent"), check_exact=True
    )
    last = jl.features.table(shops[1], as_of="2025-01-08")
    later = by_name(shops[1], last)
    assert jl.features.titles(last, shops[1], "vi")["score_nps"] == "Điểm trung bình: NPS"
    assert later.loc["binh", "score_nps"] == 9
    assert later.loc["an", "returns"] == 1


def test_what_is_declared_becomes_a_column(tmp_path: Path) -> None:
    more = "features: {offline: [store], offers: [sms_voucher], sale_days: [01-05]}\n"
    shop = opened(tmp_path / "shop", more)
    table = by_name(shop, jl.features.table(shop))
    assert table[["offline", "offers", "sale_days"]].to_numpy().tolist() == [[0.5, 0, 0], [0, 1, 0.5]]


def test_columns_of_ones_own_come_from_a_file_or_the_customers_table(tmp_path: Path) -> None:
    more = """\
features:
  file: maps/features.csv
  own:
    "Điểm": {label: {vi: "Điểm thưởng", en: "Points"}, unit: points, behaviour: true}
    district: {}
"""
    shop = opened(tmp_path / "shop", more)
    own = "customer_id,Điểm,club\nan,12,\nstranger,7,blue\n"
    (shop.path / "maps" / "features.csv").write_text(own, encoding="utf-8-sig")
    found = jl.features.table(shop)
    table = by_name(shop, found)
    assert table.loc["an", ["diem", "district"]].tolist() == [12, "Ba Đình"]
    assert table.loc["binh", ["diem", "club", "district"]].isna().all()
    points = found.feature("diem")
    assert (points.unit, points.kind, points.source, points.behaviour) == ("points", "number", "file", True)
    assert found.feature("district").behaviour is False
    said = jl.features.titles(found, shop, "vi")
    assert (said["diem"], said["share_zalo"]) == ("Điểm thưởng", "Tỷ lệ lần chạm: Zalo của tiệm")
    before = found.fingerprint
    (shop.path / "maps" / "features.csv").write_text(own.replace("12", "13"), encoding="utf-8")
    assert jl.features.table(shop).fingerprint != before


@pytest.mark.parametrize(
    ("more", "file", "said"),
    [
        ("{offline: [stor]}", None, "Did you mean 'store'"),
        ("{offers: [sms_vouchr]}", None, "Did you mean 'sms_voucher'"),
        ("{file: maps/features.csv}", None, "there is no file of features"),
        (
            "{file: maps/features.csv}",
            "customer_id,ratio\nan,inf\nbinh,2\n",
            "'ratio' holds numbers that are infinite",
        ),
        ("{file: maps/features.csv}", "customer_id,big\nan,1e308\nbinh,2\n", "how many: 1 customers"),
        ("{file: maps/features.csv}", "who,points\nan,1\n", "no column 'customer_id'"),
        ("{file: maps/features.csv}", "customer_id,points\nan,1\nan,2\n", "customers twice"),
        ("{file: maps/features.csv}", "customer_id,points\nKH1,1\n", "no customer of the features' file"),
        ("{file: maps/features.csv}", "customer_id,value\nan,1\n", "called 'value' already"),
        (
            "{file: maps/features.csv, own: {pointz: {}}}",
            "customer_id,points\nan,1\n",
            "Did you mean 'points'",
        ),
        ("{own: {distrct: {}}}", None, "Did you mean 'district'"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_nearest(
    prepared: Path, more: str, file: str | None, said: str
) -> None:
    (prepared / "journey.yaml").write_text(CONFIG + f"features: {more}\n", encoding="utf-8")
    (prepared / "maps" / "features.csv").unlink(missing_ok=True)
    if file is not None:
        (prepared / "maps" / "features.csv").write_text(file, encoding="utf-8")
    shop = jl.open(prepared)
    with pytest.raises(ConfigError, match=said):
        jl.features.table(shop)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("{ofline: [store]}", "features.ofline: unknown key. Did you mean 'offline'"),
        ("{sale_days: [31-02]}", "'31-02' is not a day"),
        ("{own: {points: {unt: p}}}", "unknown key. Did you mean 'unit'"),
    ],
)
def test_a_key_that_is_not_known_is_told(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        opened(tmp_path / "shop", f"features: {more}\n")


def test_touches_of_another_table_are_refused(tmp_path: Path) -> None:
    one = opened(tmp_path / "one")
    other = opened(tmp_path / "other", later=True)
    with pytest.raises(ParameterError, match="not the workspace's"):
        jl.features.table(one, jl.touches.load(other))


def test_declaring_a_feature_prepares_nothing_again(tmp_path: Path) -> None:
    shop = opened(tmp_path / "shop")
    before = jl.touches.load(shop).fingerprint
    (shop.path / "journey.yaml").write_text(CONFIG + "features: {offline: [store]}\n", encoding="utf-8")
    assert jl.touches.load(jl.open(shop.path)).fingerprint == before
