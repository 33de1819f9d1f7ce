"""The demo shop: that it is always the same shop, believable, and gives nothing away by accident."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shops import CONFIG, with_known_people

import journey_lib as jl
from journey_lib import demo, prepare
from journey_lib.demo import costs, ids
from journey_lib.demo.names import CITIES
from journey_lib.demo.people import without_marks
from journey_lib.demo.seasons import LEAD, TET, calendar
from journey_lib.demo.shop import BASE
from journey_lib.errors import DataError, ParameterError

CHANNELS = [
    "paid_search", "organic_search", "facebook", "zalo", "tiktok", "youtube", "email", "sms",
    "push", "affiliate", "marketplace", "display", "retargeting", "direct", "store",
    "event", "outdoor", "call_centre", "sales_staff",
]  # fmt: skip
UNPAID = {"organic_search", "direct"}
CUSTOMERS = 8_000


def read(raw: Path) -> SimpleNamespace:
    """The files as an analyst would first open them: everything in the CSVs is text."""
    text = {"dtype": str, "keep_default_na": False}
    return SimpleNamespace(
        events=pd.concat([pq.read_table(file).to_pandas() for file in sorted(raw.glob("events_*.parquet"))]),
        orders=pd.concat([pd.read_csv(file, **text) for file in sorted(raw.glob("orders_*.csv"))]),
        costs=pd.read_csv(raw / "costs.csv"),
        crm=pd.read_csv(raw / "customers.csv", **text),
    )


def content(raw: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(raw.iterdir())}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    with_known_people(folder)
    return folder


@pytest.fixture(scope="module")
def counts(workspace: Path) -> Mapping[str, int]:
    return demo.generate(workspace, customers=CUSTOMERS)


@pytest.fixture(scope="module")
def shop(workspace: Path, counts: Mapping[str, int]) -> SimpleNamespace:
    """The raw files, and the same without their wrong rows: local times, amounts as numbers."""
    raw = read(workspace / "raw")
    events = raw.events.drop_duplicates("event_id").dropna(subset=["timestamp", "customer_id"])
    events = events[events.customer_id != ""].assign(
        local=lambda e: e.timestamp.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None)
    )
    orders = raw.orders.assign(
        local=pd.to_datetime(raw.orders["Thời gian đặt"], format="%d/%m/%Y %H:%M:%S", errors="coerce"),
        value=pd.to_numeric(raw.orders["Giá trị (đ)"].str.replace(".", ""), errors="coerce"),
        customer_id=raw.orders["Mã khách hàng"],
        sold_at=raw.orders["Kênh bán"],
    ).dropna(subset=["local", "value"])
    return SimpleNamespace(
        raw=raw, events=events, orders=orders[orders.customer_id != ""], crm=raw.crm, costs=raw.costs
    )


# --- always the same shop ---


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_threads(tmp_path: Path) -> None:
    threads = pa.cpu_count()
    made = {}
    for count in (1, 4):
        pa.set_cpu_count(count)
        demo.generate(tmp_path / str(count), customers=2_500, seed=7, months=2)
        made[count] = content(tmp_path / str(count) / "raw")
    pa.set_cpu_count(threads)
    assert made[1] == made[4]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    for count in (1, 3):
        demo.generate(tmp_path / str(count), customers=4_500, seed=7, months=2, processes=count)
    for part in ("raw", "truth"):
        assert content(tmp_path / "1" / part) == content(tmp_path / "3" / part)


def test_another_seed_makes_another_shop(tmp_path: Path) -> None:
    for seed in (1, 2):
        demo.generate(tmp_path / str(seed), customers=500, seed=seed, months=2)
    one, other = (read(tmp_path / str(seed) / "raw") for seed in (1, 2))
    assert not set(one.events.event_id) & set(other.events.event_id)
    assert set(one.crm["Số điện thoại"]) != set(other.crm["Số điện thoại"])


@pytest.mark.slow
def test_a_larger_shop_has_the_same_first_people_with_the_same_lives(tmp_path: Path) -> None:
    for customers in (1_500, 4_500):
        demo.generate(tmp_path / str(customers), customers=customers, months=2)
    small, large = (read(tmp_path / str(customers) / "raw") for customers in (1_500, 4_500))
    code = "Mã khách hàng"
    kept = large.crm[large.crm[code].isin(small.crm[code])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, small.crm)
    for table, key in (("events", "event_id"), ("orders", "Mã đơn hàng")):
        had, has = getattr(small, table), getattr(large, table)
        kept = has[has[key].isin(had[key])]
        pd.testing.assert_frame_equal(
            kept.sort_values(list(kept)).reset_index(drop=True),
            had.sort_values(list(had)).reset_index(drop=True),
        )


@pytest.mark.slow
def test_the_number_of_customers_sets_the_size(tmp_path: Path) -> None:
    rows = {n: demo.generate(tmp_path / str(n), customers=n)["event_rows"] for n in (1_000, 4_000)}
    assert rows[4_000] / rows[1_000] == pytest.approx(4, rel=0.15)
    assert 8 < rows[4_000] / 4_000 < 12


def test_start_and_months_set_the_period_and_the_files(tmp_path: Path) -> None:
    demo.generate(tmp_path, customers=500, start=date(2026, 1, 15), months=2)
    names = sorted(file.name for file in (tmp_path / "raw").glob("events_*"))
    assert names == ["events_2026-01.parquet", "events_2026-02.parquet", "events_2026-03.parquet"]
    local = read(tmp_path / "raw").events.timestamp.dt.tz_convert("Asia/Ho_Chi_Minh")
    assert local.min() >= pd.Timestamp("2026-01-15", tz="Asia/Ho_Chi_Minh")
    assert local.max() < pd.Timestamp("2026-03-15", tz="Asia/Ho_Chi_Minh")


@pytest.mark.slow
def test_every_months_file_holds_that_local_month(workspace: Path, counts: Mapping[str, int]) -> None:
    for file in (workspace / "raw").glob("events_*.parquet"):
        times = pq.read_table(file, columns=["timestamp"]).to_pandas().timestamp.dropna()
        months = times.dt.tz_convert("Asia/Ho_Chi_Minh").dt.strftime("events_%Y-%m").unique()
        assert list(months) == [file.stem]


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    demo.generate(tmp_path, customers=2_500, months=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(2_048, 2_500), (2_500, 2_500)]


# --- a believable shop ---


def test_all_nineteen_channels_are_met_and_have_a_label(shop: SimpleNamespace) -> None:
    assert set(shop.events.channel.dropna()) == set(CHANNELS)
    labels = jl.open(CONFIG.parent).labels
    assert set(labels) >= set(CHANNELS)
    assert all(set(words) == {"vi", "en"} for words in labels.values())


def test_outcomes_have_no_channel_and_touches_have_one(shop: SimpleNamespace) -> None:
    outcome = shop.events.event_type.isin(["add_to_cart", "sign_up", "begin_checkout", "checkout_error"])
    assert (shop.events.channel.isna() == outcome).all()


def test_people_differ_by_a_long_tail(shop: SimpleNamespace) -> None:
    touches = shop.events[shop.events.channel.notna()].groupby("customer_id").size()
    assert touches.median() < 0.75 * touches.mean()
    assert touches.quantile(0.99) > 5 * touches.mean()
    per_buyer = shop.orders.groupby("customer_id").size()
    assert 0.1 < (per_buyer > 1).mean() < 0.4
    assert per_buyer.max() >= 4


@pytest.fixture(scope="module")
def paths(workspace: Path, counts: Mapping[str, int]) -> pd.DataFrame:
    opened = jl.open(workspace)
    prepare.prepare(opened)
    return jl.journeys.paths(jl.touches.load(opened), lookback="30d").table


def test_two_to_six_of_a_hundred_journeys_end_in_an_order(paths: pd.DataFrame) -> None:
    assert 0.02 < paths.conversions.sum() / paths.journeys.sum() < 0.06


def test_journeys_jump_end_early_repeat_and_wander(paths: pd.DataFrame) -> None:
    length = paths.path.map(len)
    repeats = paths.path.map(lambda path: any(a == b for a, b in pairwise(path)))
    bought, left = paths.conversions, paths.nulls + paths.open
    share = {
        "straight to the till": bought[length == 0].sum() / bought.sum(),
        "bought after one touch": bought[length == 1].sum() / bought.sum(),
        "left after one touch": left[length == 1].sum() / left.sum(),
        "bought after more than ten": bought[length > 10].sum() / bought.sum(),
        "repeats a channel, of those with touches": bought[repeats].sum() / bought[length > 1].sum(),
    }
    assert share == {
        "straight to the till": pytest.approx(0.06, abs=0.04),
        "bought after one touch": pytest.approx(0.10, abs=0.05),
        "left after one touch": pytest.approx(0.5, abs=0.12),
        "bought after more than ten": pytest.approx(0.25, abs=0.12),
        "repeats a channel, of those with touches": pytest.approx(0.68, abs=0.15),
    }


def test_broad_channels_begin_journeys_and_those_that_chase_intent_end_them(paths: pd.DataFrame) -> None:
    sold = paths[(paths.conversions > 0) & (paths.path.map(len) > 1)]
    first = sold.conversions.groupby(sold.path.str[0]).sum()
    last = sold.conversions.groupby(sold.path.str[-1]).sum()
    begin, end = ["tiktok", "youtube", "facebook", "outdoor"], ["retargeting", "paid_search", "direct"]
    assert first[begin].sum() > 1.3 * last[begin].sum()
    assert last[end].sum() > 2 * first[end].sum()


def test_tet_empties_the_shop_after_filling_it(shop: SimpleNamespace) -> None:
    day = shop.events.local.dt.normalize()
    daily = day.value_counts()
    tet = pd.Timestamp(TET[2025])
    before = daily[(daily.index >= tet - pd.Timedelta(days=21)) & (daily.index < tet - pd.Timedelta(days=4))]
    during = daily[(daily.index >= tet - pd.Timedelta(days=2)) & (daily.index <= tet + pd.Timedelta(days=5))]
    usual = daily[(daily.index >= "2025-05-05") & (daily.index < "2025-07-28")]
    assert before.mean() > 1.6 * usual.mean()
    assert during.mean() < 0.8 * usual.mean()


@pytest.mark.parametrize(
    ("name", "first", "last", "lift"),
    [
        ("women's day", "2025-03-02", "2025-03-08", 1.25),
        ("back to school", "2025-08-10", "2025-08-31", 1.15),
        ("Vietnamese women's day", "2025-10-14", "2025-10-20", 1.25),
        ("11/11", "2025-11-08", "2025-11-11", 1.8),
        ("12/12", "2025-12-09", "2025-12-12", 1.8),
    ],
)
def test_seasons_show(shop: SimpleNamespace, name: str, first: str, last: str, lift: float) -> None:
    daily = shop.events.local.dt.normalize().value_counts()
    usual = daily[(daily.index >= "2025-05-05") & (daily.index < "2025-07-28")].mean()
    assert daily[(daily.index >= first) & (daily.index <= last)].mean() > lift * usual


def test_stores_fill_at_the_weekend_and_close_at_night(shop: SimpleNamespace) -> None:
    visits = shop.events[shop.events.channel == "store"].local
    by_day = visits.dt.day_of_week.value_counts()
    assert by_day[[5, 6]].mean() > 1.6 * by_day[[0, 1, 2, 3, 4]].mean()
    assert visits.dt.hour.between(8, 21).all()
    sold = shop.orders[shop.orders.sold_at == "store"].local
    assert sold.dt.hour.between(8, 22).all()


def test_screens_light_up_at_noon_and_in_the_evening(shop: SimpleNamespace) -> None:
    online = shop.events[shop.events.channel.isin(["facebook", "tiktok", "organic_search", "direct"])]
    hours = online.local.dt.hour.value_counts()
    assert hours[[20, 21]].mean() > 1.3 * hours[[15, 16]].mean()
    assert hours[12] > 1.3 * hours[15]
    assert hours[[2, 3, 4]].mean() < 0.15 * hours[21]


def test_orders_are_worth_a_few_hundred_thousand_and_some_much_more(shop: SimpleNamespace) -> None:
    value = shop.orders.value
    assert 250_000 < value.median() < 650_000
    assert value.mean() > 1.2 * value.median()
    assert value.quantile(0.99) > 4 * value.median()
    assert (value % 1_000 == 0).all()
    assert set(shop.orders.sold_at) == {"website", "app", "store", "marketplace", "call_centre"}
    assert shop.orders["Số lượng"].astype(int).between(1, 15).all()


def test_the_shop_writes_only_to_people_it_knows_who_did_not_refuse(shop: SimpleNamespace) -> None:
    sent = shop.events[shop.events.channel.isin(["email", "sms", "push", "sales_staff"])]
    crm = shop.crm.set_index("Mã khách hàng")
    known = crm.reindex(sent.customer_id)
    assert known["Họ và tên"].notna().all()
    joined = pd.to_datetime(known["Ngày tham gia"], format="%d/%m/%Y").to_numpy()
    assert (sent.local.to_numpy() >= joined).all()
    assert (known["Từ chối nhận tin"] == "0").all()
    emailed = known[(sent.channel == "email").to_numpy()]
    assert (emailed["Email"] != "").all()


def test_marketing_costs_a_believable_part_of_sales(shop: SimpleNamespace) -> None:
    cost = shop.costs.groupby("channel").cost.sum()
    assert set(cost.index) == set(CHANNELS) - UNPAID
    assert 0.12 < cost.sum() / shop.orders.value.sum() < 0.4
    assert (shop.costs.cost > 0).all()
    assert set(shop.costs.currency) == {"VND"}
    assert not shop.costs.duplicated(["date", "channel", "campaign"]).any()
    ads = shop.costs[shop.costs.channel.isin(["facebook", "paid_search", "tiktok", "display"])]
    rate = ads.groupby("channel").clicks.sum() / ads.groupby("channel").impressions.sum()
    assert rate.between(0.001, 0.08).all()
    per_day = shop.costs[shop.costs.channel == "facebook"].groupby("date").cost.sum()
    assert per_day.std() > 0.1 * per_day.mean()


def test_together_the_platforms_claim_more_orders_than_there_were(shop: SimpleNamespace) -> None:
    assert shop.costs.platform_conversions.sum() > 1.5 * len(shop.orders)


# --- people nobody knows ---


def dialled(phones: pd.Series) -> pd.Series:
    """Phone numbers, however staff typed them, as they are dialled at home."""
    return phones.str.replace(r"\D", "", regex=True).str.replace(r"^(84|0)*(?=30\d{7}$)", "0", regex=True)


def test_phone_numbers_look_right_and_reach_nobody(shop: SimpleNamespace, counts: Mapping[str, int]) -> None:
    phones = shop.crm["Số điện thoại"]
    given = dialled(phones[phones != ""])
    assert given.str.fullmatch(r"030\d{7}").all()  # 030 is assigned to no operator
    assert 0 < given.duplicated().sum() <= counts["customers_second_records"]
    assert 0.9 < len(given) / len(phones) < 1


def test_email_addresses_are_under_reserved_domains(shop: SimpleNamespace, counts: Mapping[str, int]) -> None:
    given = shop.crm["Email"].str.strip().str.lower()
    given = given[given != ""]
    assert given.str.fullmatch(r"[a-z]+[a-z0-9._]*@example\.(com|net|org)").all()
    assert 0 < given.duplicated().sum() <= counts["customers_second_records"]


def test_names_are_as_common_as_in_the_country_and_fit_the_gender(shop: SimpleNamespace) -> None:
    names = shop.crm["Họ và tên"].str.split()
    family = names.str[0].value_counts(normalize=True)
    assert list(family.index[:3]) == ["Nguyễn", "Trần", "Lê"]
    assert 0.33 < family["Nguyễn"] < 0.41
    gender = shop.crm["Giới tính"]
    assert set(gender) == {"Nữ", "Nam", ""}
    assert not (names.str[1].eq("Văn") & gender.eq("Nữ")).any()
    assert not (names.str[1].eq("Thị") & gender.eq("Nam")).any()
    assert 0.1 < names.str[1].eq("Thị").sum() / gender.eq("Nữ").sum() < 0.5


def test_districts_lie_in_their_city_and_big_cities_lead(shop: SimpleNamespace) -> None:
    districts = {city.name: set(city.districts) for city in CITIES}
    lived_in = shop.crm.groupby("Tỉnh/Thành phố")["Quận/Huyện"].agg(set)
    assert all(lived_in[city] - {""} <= districts[city] for city in districts)
    assert list(shop.crm["Tỉnh/Thành phố"].value_counts().index[:2]) == ["TP. Hồ Chí Minh", "Hà Nội"]


def test_vietnamese_marks_are_dropped_in_addresses() -> None:
    assert without_marks("Đặng Thị Thùy Dương") == "dang thi thuy duong"


# --- nothing given away ---


def separation(feature: np.ndarray, label: np.ndarray) -> float:
    """How far the mean rank of `feature` differs between labels, in standard errors."""
    ranks = pd.Series(feature).rank().to_numpy()
    yes, no = int(label.sum()), int((~label).sum())
    expected, spread = yes * (yes + no + 1) / 2, np.sqrt(yes * no * (yes + no + 1) / 12)
    return float(abs(ranks[label].sum() - expected) / spread)


def test_no_digit_of_an_id_and_no_place_in_a_file_tells_who_buys(shop: SimpleNamespace) -> None:
    buyers = set(shop.orders.customer_id)
    crm = shop.crm
    bought = crm["Mã khách hàng"].isin(buyers).to_numpy()
    hints = {f"digit {n}": crm["Mã khách hàng"].str[n].astype(int).to_numpy() for n in range(2, 10)}
    hints["whole id"] = crm["Mã khách hàng"].str[2:].astype(int).to_numpy()
    hints["place in the file"] = np.arange(len(crm))
    phone = dialled(crm["Số điện thoại"].where(crm["Số điện thoại"] != "", "0300000000"))
    hints["phone"] = phone.str[3:].astype(int).to_numpy()
    first = shop.events.drop_duplicates("customer_id")
    of_first = first.customer_id.isin(buyers).to_numpy()
    told = {name: separation(values, bought) for name, values in hints.items()}
    told["event id"] = separation(first.event_id.map(lambda text: int(text, 16) / 2**64).to_numpy(), of_first)
    told["microseconds"] = separation((first.timestamp.dt.microsecond % 1000).to_numpy(), of_first)
    assert {name: far for name, far in told.items() if far > 4} == {}


def test_order_numbers_do_not_count_orders(shop: SimpleNamespace) -> None:
    number = shop.orders["Mã đơn hàng"].str[2:].astype(int)
    assert shop.raw.orders["Mã đơn hàng"].is_unique
    assert (
        abs(number.reset_index(drop=True).corr(shop.orders.local.reset_index(drop=True).astype("int64")))
        < 0.2
    )


def test_ids_are_a_shuffle_in_which_none_is_lost() -> None:
    shuffled = ids.permuted(np.arange(7 * 90), (7, 90), key=3)
    assert sorted(shuffled) == list(range(7 * 90))
    assert abs(np.corrcoef(shuffled, np.arange(7 * 90))[0, 1]) < 0.15
    assert ids.labels("KH", np.array([42, 99_999_999]), 8).to_pylist() == ["KH00000042", "KH99999999"]


# --- what is wrong with the files ---


def test_wrong_rows_are_counted_and_found_again_at_the_checked_door(
    workspace: Path, counts: Mapping[str, int], paths: pd.DataFrame
) -> None:
    manifest = prepare.read_manifest(jl.open(workspace))
    assert manifest is not None
    accounts = {account.table: account for account in manifest.accounts}
    assert {table: account.rows_in for table, account in accounts.items()} == {
        "events": counts["event_rows"],
        "orders": counts["order_rows"],
        "returns": counts["return_rows"],
        "costs": counts["cost_rows"],
        "customers": counts["customer_rows"],
        "tickets": counts["ticket_rows"],
        "surveys": counts["survey_rows"],
        "experiments": 6,
    }
    assert sorted(accounts["events"].dropped.values()) == sorted(
        counts[f"events_{fault}"] for fault in ("duplicated", "without_customer", "without_time")
    )
    assert sum(accounts["orders"].dropped.values()) == sum(
        counts[f"orders_{fault}"] for fault in ("without_customer", "without_time", "without_value")
    )
    whole = {
        table: account.dropped for table, account in accounts.items() if table not in ("events", "orders")
    }
    assert set(map(len, whole.values())) == {0}


def test_faults_are_few_and_one_to_a_row(shop: SimpleNamespace, counts: Mapping[str, int]) -> None:
    events = shop.raw.events
    nobody = events.customer_id.isna() | (events.customer_id == "")
    assert (events.customer_id == "").any()
    assert events.customer_id.isna().any()
    assert events.event_id.duplicated().sum() == counts["events_duplicated"]
    assert nobody.sum() == counts["events_without_customer"]
    assert events.timestamp.isna().sum() == counts["events_without_time"]
    assert not (nobody & events.timestamp.isna()).any()
    wrong = sum(counts[f"events_{fault}"] for fault in ("duplicated", "without_customer", "without_time"))
    assert 0.002 < wrong / len(events) < 0.004


def test_orders_are_written_as_a_vietnamese_till_exports_them(
    workspace: Path, shop: SimpleNamespace, counts: Mapping[str, int]
) -> None:
    header, *rows = (workspace / "raw" / "orders_2025-02.csv").read_text("utf-8").splitlines()
    assert header == "Mã đơn hàng,Mã khách hàng,Thời gian đặt,Giá trị (đ),Kênh bán,Số lượng"
    usual = r"DH\d{9},KH\d{8},\d\d/02/2025 \d\d:\d\d:\d\d,\d{1,3}(\.\d{3})+,[a-z_]+,\d+"
    assert sum(re.fullmatch(usual, row) is not None for row in rows) >= 0.85 * len(rows) > 0
    readable = shop.raw.orders["Giá trị (đ)"].str.fullmatch(r"\d{1,3}(\.\d{3})+")
    assert (~readable).sum() == counts["orders_without_value"] > 0


def test_the_counts_lie_beside_the_data(workspace: Path, counts: Mapping[str, int]) -> None:
    label = json.loads((workspace / "raw" / "demo.json").read_text("utf-8"))
    assert label["counts"] == dict(counts)
    assert (label["customers"], label["seed"], label["start"]) == (CUSTOMERS, 2025, "2025-01-01")


# --- mistakes and accidents ---


def test_files_the_demo_did_not_make_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.csv").write_text("precious")
    with pytest.raises(DataError, match="did not make"):
        demo.generate(tmp_path, customers=10)
    assert content(tmp_path / "raw") == {"mine.csv": b"precious"}


def test_a_run_that_fails_leaves_the_last_shop_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.generate(tmp_path, customers=50, months=1)
    before = content(tmp_path / "raw")

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(costs, "cost_rows", fail)
    with pytest.raises(OSError, match="no space"):
        demo.generate(tmp_path, customers=60, months=1)
    assert content(tmp_path / "raw") == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["raw", "truth"]


def test_a_new_shop_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    demo.generate(tmp_path, customers=50, months=2)
    demo.generate(tmp_path, customers=50, months=1)
    assert sorted(content(tmp_path / "raw")) == [
        "costs.csv", "customers.csv", "demo.json", "events_2025-01.parquet", "experiment_groups.csv",
        "experiments.csv", "identifiers.parquet", "identity.key", "orders_2025-01.csv", "returns.csv",
        "surveys.csv", "tickets.csv",
    ]  # fmt: skip
    assert sorted(file.name for file in tmp_path.iterdir()) == ["raw", "truth"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"customers": 0}, "customers = 0"),
        ({"customers": 10**8}, "from 1 to 10000000"),
        ({"months": 0}, "months = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"start": date(2050, 1, 1)}, "stay between 2020 and 2035"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_to_do(
    tmp_path: Path, wrong: dict[str, int | date], says: str
) -> None:
    with pytest.raises(ParameterError, match=says):
        demo.generate(tmp_path, **wrong)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_calendar_knows_tet_in_every_year_it_covers() -> None:
    for year, tet in TET.items():
        if min(TET) < year < max(TET):
            days = calendar(BASE, date(year, 1, 1), 12)
            at = LEAD + (tet - date(year, 1, 1)).days
            assert days.need[at - 10 : at - 4].mean() > 2 * days.need[at : at + 5].mean()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_shop(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from journey_lib import demo;"
        "demo.generate(Path(sys.argv[1]), customers=int(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    peak = {}
    for customers in (33_000, 120_000):
        command = [sys.executable, "-c", script, str(tmp_path / str(customers)), str(customers)]
        peak[customers] = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert peak[120_000] - peak[33_000] < 50  # MB, for 870,000 events more
