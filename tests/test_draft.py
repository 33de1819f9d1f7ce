"""`journey init` looks at files nobody described: what has one reading it says, what has several it asks."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import os
import shutil
import unicodedata
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import journey_lib as jl
from journey_lib import demo, prepare
from journey_lib.draft import headings, init, shapes
from journey_lib.draft.columns import tidy
from journey_lib.draft.yaml_text import quoted
from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.model import IDENTIFIERS, TABLES
from journey_lib.workspace import Source, Workspace

ROOT = Path(__file__).parent.parent
FILES = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "raw" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode(encoding))
    return file


def table(*rows: list[str], separator: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


def drafted(folder: Path, **asked: object) -> Workspace:
    init(folder, force=True, **asked)  # type: ignore[arg-type]
    return jl.open(folder)


def only(folder: Path, **asked: object) -> Source:
    (source,) = drafted(folder, **asked).sources
    return source


def text_of(folder: Path) -> str:
    return (folder / "journey.yaml").read_text("utf-8")


def orders(days: list[str], values: list[str] | None = None) -> str:
    values = values or ["100000"] * len(days)
    rows = [[f"D{n}", f"KH{n}", day, value] for n, (day, value) in enumerate(zip(days, values, strict=True))]
    return table(["Mã đơn hàng", "Mã khách hàng", "Ngày đặt", "Thành tiền"], *rows)


# --- the demo shop, of which journey.yaml says what its files are ---


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    demo.generate(folder, customers=300)
    shutil.rmtree(folder / "truth")
    return folder


def declared(opened: Workspace) -> dict[str, Source]:
    assert len({source.table for source in opened.sources}) == len(opened.sources)
    return {source.table: source for source in opened.sources}


@pytest.mark.parametrize("name", ["events", "orders", "costs", "customers"])
def test_the_demo_shop_is_described_as_its_makers_describe_it(shop: Path, name: str) -> None:
    mine, theirs = declared(drafted(shop))[name], declared(jl.open(ROOT / "data" / "demo"))[name]
    for key in ("format", "path", "columns", "dates", "numbers", "separator", "encoding", "header", "set"):
        assert getattr(mine, key) == getattr(theirs, key), key


def test_the_other_tables_of_the_demo_shop_are_found_too(shop: Path) -> None:
    found, theirs = declared(drafted(shop)), declared(jl.open(ROOT / "data" / "demo"))
    assert found.keys() == theirs.keys()
    assert {name: source.columns for name, source in found.items()} == {
        name: source.columns for name, source in theirs.items()
    }
    assert found["events"].identified_by == "event_id"
    assert drafted(shop).identity is not None
    assert drafted(shop).conversions["purchase"].event_type == ("purchase",)


def test_the_described_demo_shop_can_be_prepared(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "a key of the tests, 32 letters..")
    opened = drafted(shop)
    answered = text_of(shop)
    for key, answer in (("dates", "DD/MM/YYYY"), ("numbers", '"1.234,5"')):  # what a small shop left open
        answered = answered.replace(f"    # {key}: {answer}   # CONFIRM", f"    {key}: {answer}   # said")
    (shop / "journey.yaml").write_text(answered, "utf-8")
    manifest = prepare.prepare(jl.open(shop))
    counts = json.loads((shop / "raw" / "demo.json").read_text("utf-8"))["counts"]
    rows = {account.table: account.rows_in for account in manifest.accounts}
    assert rows["events"] == counts["event_rows"]
    assert rows["orders"] == counts["order_rows"]
    assert jl.touches.load(opened) is not None


def test_no_file_is_changed_and_nothing_but_journey_yaml_is_written(shop: Path) -> None:
    shutil.rmtree(shop / "work", ignore_errors=True)
    (shop / "journey.yaml").unlink(missing_ok=True)
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in shop.rglob("*") if path.is_file()
    }
    init(shop)
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in shop.rglob("*") if path.is_file()}
    after.pop(shop / "journey.yaml")
    assert after == before


def test_nothing_personal_is_written_or_said(shop: Path) -> None:
    said = init(shop, force=True) + text_of(shop)
    with (shop / "raw" / "customers.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    private = ("Mã khách hàng", "Họ và tên", "Số điện thoại", "Email", "Mã thành viên")
    cells = {person[column] for person in people for column in private if person[column]}
    assert len(cells) > 300
    assert [cell for cell in cells if cell in said] == []


# --- dates: one reading, or a question ---


def test_a_day_after_the_twelfth_tells_the_order(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["03/04/2025", "25/04/2025"]))
    assert only(tmp_path).dates == "DD/MM/YYYY"
    assert "dates: DD/MM/YYYY   # guessed from 2 rows: only this fits 1 of 2 dates; confirm" in text_of(
        tmp_path
    )


def test_american_dates_are_seen_as_such(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["04/03/2025 08:00", "04/25/2025 09:00"]))
    assert only(tmp_path).dates == "MM/DD/YYYY"


def test_when_both_readings_fit_both_stand_as_comments_and_the_run_asks(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["03/04/2025", "05/06/2025"]))
    said = init(tmp_path)
    assert "    # dates: DD/MM/YYYY   # CONFIRM: both readings fit" in text_of(tmp_path)
    assert "    # dates: MM/DD/YYYY   # CONFIRM: both readings fit" in text_of(tmp_path)
    assert "declare `dates` (both readings fit): DD/MM/YYYY or MM/DD/YYYY" in said
    assert only(tmp_path).dates is None
    with pytest.raises(DataError, match="must be declared"):
        prepare.prepare(jl.open(tmp_path))


def test_a_file_that_mixes_both_orders_is_asked_about(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["25/04/2025", "04/26/2025"]))
    assert only(tmp_path).dates is None
    assert "the file is mixed: 1 can only be DD/MM and 1 only MM/DD" in text_of(tmp_path)


def test_one_mistyped_date_among_hundreds_settles_nothing(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders([f"0{1 + n % 9}/0{1 + n % 7}/2025" for n in range(400)] + ["13/02/2025"]))
    assert only(tmp_path).dates is None
    assert "too few tell (1 of 401), and these may be mistyped" in text_of(tmp_path)


def test_iso_dates_need_no_word(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["2025-04-03", "2025-04-25 08:00:00"]))
    assert only(tmp_path).dates is None
    assert "CONFIRM" not in text_of(tmp_path).partition("sources:")[2]


@FILES
@given(
    days=st.lists(st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)), min_size=1, max_size=8),
    order=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]),
)
def test_an_order_is_never_guessed_wrong(tmp_path: Path, days: list[dt.date], order: str) -> None:
    shutil.rmtree(tmp_path / "raw", ignore_errors=True)
    put(tmp_path, "o.csv", orders([day.strftime(order) for day in days]))
    true = {"%d/%m/%Y": "DD/MM/YYYY", "%m/%d/%Y": "MM/DD/YYYY"}[order]
    assert only(tmp_path).dates == (true if any(day.day > 12 for day in days) else None)


# --- numbers ---


@pytest.mark.parametrize(
    ("values", "style"),
    [
        (["1.250.000", "381.000"], "1.234,5"),
        (["1.200,5", "3.000"], "1.234,5"),
        (["1,250,000", "381,000"], "1,234.5"),
        (["1,250.50"], "1,234.5"),
        (["1.250.000 ₫"], "1.234,5"),
        (["1250000", "12.5", "0.125"], None),  # nothing to ask: these have one reading
    ],
)
def test_the_style_of_numbers_is_told_where_one_fits(
    tmp_path: Path, values: list[str], style: str | None
) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"] * len(values), values))
    assert only(tmp_path, currency="VND").numbers == style
    assert prepare.prepare(jl.open(tmp_path)).dropped == 0


@pytest.mark.parametrize("value", ["381.000", "381,000", "1 250"])
def test_a_number_with_several_readings_is_asked_about(tmp_path: Path, value: str) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"], [value]))
    assert only(tmp_path).numbers is None
    assert "    # numbers: " in text_of(tmp_path)
    with pytest.raises(DataError, match="must be declared"):
        prepare.prepare(jl.open(tmp_path))


@pytest.mark.slow
@FILES
@given(
    amounts=st.lists(st.integers(0, 99_999_999), min_size=1, max_size=6),
    cents=st.booleans(),
    style=st.sampled_from(["1.234,5", "1,234.5"]),
)
def test_a_style_is_never_guessed_wrong(tmp_path: Path, amounts: list[int], cents: bool, style: str) -> None:
    shutil.rmtree(tmp_path / "raw", ignore_errors=True)
    shutil.rmtree(tmp_path / "work", ignore_errors=True)
    english = [f"{amount / 100:,.2f}" if cents else f"{amount:,}" for amount in amounts]
    swap = str.maketrans(",.", ".,")
    said = english if style == "1,234.5" else [each.translate(swap) for each in english]
    put(tmp_path, "o.csv", orders(["2025-01-31"] * len(said), said))
    source = only(tmp_path, currency="USD")
    assert source.numbers in (style, None)
    try:
        manifest = prepare.prepare(jl.open(tmp_path))
    except DataError as error:
        assert source.numbers is None
        assert "must be declared" in error.what  # asked, not read wrong  # noqa: PT017
        return
    assert manifest.dropped == 0
    total = sum(int(load().value.sum()) for load in jl.touches.load(jl.open(tmp_path)).buckets)
    assert total == (sum(amounts) if cents else 100 * sum(amounts))


# --- money ---


def test_the_currency_is_the_one_the_files_name(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"], ["$12.50"]))
    assert drafted(tmp_path).currency == "USD"
    assert drafted(tmp_path, currency="EUR").currency == "EUR"


def test_a_source_in_another_currency_says_so_and_asks_for_rates(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        put(
            tmp_path,
            name,
            orders(["2025-01-31"], ["250.000 ₫"]).replace("Ngày đặt", f"Ngày đặt{' ' * (name == 'b.csv')}"),
        )
    put(tmp_path, "spend.csv", "date,channel,cost (USD)\n2025-01-31,facebook,12.5\n")
    said = init(tmp_path)
    costs = declared_costs(jl.open(tmp_path))
    assert (jl.open(tmp_path).currency, costs.set) == ("VND", {"currency": "USD"})
    assert "amounts in USD need a table of exchange `rates`" in said


def declared_costs(opened: Workspace) -> Source:
    (source,) = [source for source in opened.sources if source.table == "costs"]
    return source


# --- headings ---


@pytest.mark.parametrize(
    ("table_name", "column", "spelt"),
    [
        ("orders", "customer_id", ["Mã khách hàng", "MÃ KH", "ma_kh", "Ma Khach Hang", "Mã khách hàng (KH)"]),
        ("orders", "phone", ["SĐT", "sdt", "Điện thoại", "Số điện thoại", "So Dien Thoai", "SĐT người mua"]),
        ("orders", "value", ["Giá trị (đ)", "Doanh thu", "THÀNH TIỀN", "thanh tien", "Grand Total"]),
        ("orders", "order_id", ["Mã đơn", "Ma_Don_Hang", "Order ID", "orderId", "Số hóa đơn"]),
        ("orders", "items", ["Số lượng", "SL", "Qty"]),
        ("costs", "cost", ["Chi phí", "Amount spent (VND)", "Spend"]),
        ("costs", "campaign", ["Chiến dịch", "Campaign name"]),
        ("events", "timestamp", ["Thời gian", "thoi gian", "Event Time"]),
        ("surveys", "score", ["Điểm", "Diem", "NPS Score"]),
        ("surveys", "comment", ["Nhận xét", "Góp ý"]),
        ("tickets", "ticket_id", ["Mã phiếu", "Ticket ID"]),
    ],
)
def test_headings_are_known_in_any_spelling(table_name: str, column: str, spelt: list[str]) -> None:
    for heading in spelt:
        assert headings.rank(table_name, column, heading) is not None, heading
        assert headings.rank(table_name, column, unicodedata.normalize("NFD", heading)) is not None, heading


def test_every_column_of_the_dictionary_exists(tmp_path: Path) -> None:
    known = headings.dictionary()
    assert set(known["people"]) == set(IDENTIFIERS)
    assert {(name, column) for name, said in known["tables"].items() for column in said} <= {
        (name, column) for name, columns in TABLES.items() for column in columns
    }
    assert known["tables"].keys() == TABLES.keys() == headings.TELLING.keys() == known["files"].keys()


def test_a_heading_that_promises_what_the_cells_do_not_hold_is_not_believed(tmp_path: Path) -> None:
    rows = [[f"D{n}", f"KH{n}", "2025-01-31", "10", "mobile" if n % 2 else "desktop"] for n in range(50)]
    put(tmp_path, "o.csv", table(["order_id", "customer_id", "timestamp", "value", "device"], *rows))
    assert only(tmp_path).ignore == ("device",), "a kind of device identifies nobody"


def test_phones_and_addresses_are_found_under_any_heading(tmp_path: Path) -> None:
    rows = [[f"Khách {n}", f"09120000{n:02}", f"k{n}@example.org", "Nữ"] for n in range(10)]
    put(tmp_path, "crm.csv", table(["Họ tên", "Liên hệ 1", "Liên hệ 2", "Giới tính"], *rows))
    source = only(tmp_path)
    assert source.table == "customers"
    assert source.columns["phone"] == "Liên hệ 1"
    assert source.columns["email"] == "Liên hệ 2"
    assert '"Liên hệ 1"   # guessed: 10 digits; confirm' in text_of(tmp_path)


def test_what_every_row_needs_and_no_heading_offers_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "tuong_tac.csv", "Mã KH,Thời gian,Kênh,Điểm chạm\nKH1,2025-01-31 08:00,zalo,chat\n")
    said = init(tmp_path)
    assert only(tmp_path).table == "events"
    assert "raw/tuong_tac.csv: say which column is event_type" in said


def test_only_what_speaks_of_money_given_back_is_a_table_of_returns(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "order_id,customer_id,timestamp,value\nD1,KH1,2025-01-31,5\n")
    put(tmp_path, "b.csv", "Mã đơn hàng,Ngày trả,Số tiền hoàn\nD1,2025-01-31,5\n")
    put(tmp_path, "c.csv", "order_id,timestamp,kind\nD1,2025-01-31,return\n")
    said = init(tmp_path)
    assert [source.table for source in jl.open(tmp_path).sources] == ["orders", "returns", "returns"]
    assert "could also be" not in said


def test_a_score_named_nps_says_what_was_asked(tmp_path: Path) -> None:
    put(tmp_path, "khao_sat.csv", "Mã KH,Ngày gửi,Điểm NPS,Nhận xét\nKH1,2025-01-31,9,Tốt\n")
    source = only(tmp_path)
    assert (source.table, source.set) == ("surveys", {"metric": "nps"})


def test_the_only_time_of_a_survey_is_its_time(tmp_path: Path) -> None:
    put(tmp_path, "khao_sat.csv", "Mã KH,Ngày trả lời,Điểm NPS,Ý kiến\nKH1,2025-01-31,9,Tốt\n")
    assert only(tmp_path).columns["timestamp"] == "Ngày trả lời"
    assert "answered_at" not in only(tmp_path).columns


def test_consent_is_not_taken_for_its_opposite(tmp_path: Path) -> None:
    put(tmp_path, "crm.csv", "Mã KH,Họ tên,Đồng ý nhận tin\nKH1,An,1\n")
    assert "opt_out needs who refused" in init(tmp_path)
    assert "opt_out" not in only(tmp_path).columns


def test_a_first_line_that_is_data_already_is_not_written_down(tmp_path: Path) -> None:
    put(
        tmp_path,
        "khach.csv",
        "Nguyễn Văn An,0912345678,an@example.org\nTrần Bình,0987654321,binh@example.org\n",
    )
    said = init(tmp_path)
    assert "give it a line of headings" in said
    for private in ("Nguyễn", "0912345678", "an@example.org"):
        assert private not in said + text_of(tmp_path)


def test_words_of_which_none_is_known_are_not_written_down(tmp_path: Path) -> None:
    put(tmp_path, "list.csv", "Nguyễn Văn An,Quy Nhơn\nTrần Bình,Huế\n")
    init(tmp_path)
    assert "Nguyễn" not in text_of(tmp_path)


def test_json_keyed_by_phones_or_addresses_keeps_them_to_itself(tmp_path: Path) -> None:
    record = {
        "0912345678": {"email": "x"},
        "an@example.org": 1,
        "user_id": "u",
        "type": "call",
        "time": "2025-01-31",
    }
    put(tmp_path, "e.jsonl", json.dumps(record) + "\n")
    said = init(tmp_path) + text_of(tmp_path)
    assert "0912345678" not in said
    assert "an@example.org" not in said
    assert "headings that are addresses or long numbers are left out" in said


KIOTVIET = """Mã hóa đơn,Thời gian,Mã KH,Khách hàng,Điện thoại,Chi nhánh,Kênh bán,Giảm giá,Khách cần trả
HD001,31/01/2025 08:00,KH001,Nguyễn Văn A,0912345678,CN1,Facebook,0,"1,250,000"
"""
SHOPIFY = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created at,Lineitem quantity,Phone
#1001,a@example.org,paid,2025-01-31 08:00:00 +0700,VND,1,1,2025-01-31 07:59:00 +0700,1,0912345678
"""
ZENDESK = """Ticket ID,Requester,Requester email,Created at,Subject,Status,Solved at,Group,Channel
1,An,a@example.org,2025-01-31 08:00,Giao hàng,closed,2025-02-01 08:00,CS,email
"""
HUBSPOT = """Record ID,First Name,Email,Phone Number,Lifecycle Stage,City,Unsubscribed from all email
1,An,a@example.org,+84912345678,lead,Hà Nội,false
"""
LOYALTY = """Mã thẻ,Họ tên,SĐT,Ngày sinh,Hạng thẻ,Điểm tích lũy,Ngày đăng ký
TV01,An,0912345678,01/02/1990,Vàng,1.250,15/01/2024
"""


@pytest.mark.parametrize(
    ("text", "table_name", "columns"),
    [
        (
            KIOTVIET,
            "orders",
            {"customer_id": "Mã KH", "phone": "Điện thoại", "value": "Khách cần trả", "channel": "Kênh bán"},
        ),
        (SHOPIFY, "orders", {"email": "Email", "timestamp": "Created at", "value": "Total"}),
        (ZENDESK, "tickets", {"email": "Requester email", "topic": "Subject", "resolved_at": "Solved at"}),
        (HUBSPOT, "customers", {"phone": "Phone Number", "opt_out": "Unsubscribed from all email"}),
        (LOYALTY, "customers", {"member": "Mã thẻ", "tier": "Hạng thẻ", "joined": "Ngày đăng ký"}),
    ],
    ids=["a Vietnamese till", "a web shop", "a help desk", "a CRM", "a loyalty programme"],
)
def test_exports_of_everyday_systems_are_recognised(
    tmp_path: Path, text: str, table_name: str, columns: dict[str, str]
) -> None:
    put(tmp_path, "export.csv", text)
    source = only(tmp_path)
    assert source.table == table_name
    assert columns.items() <= source.columns.items()


def test_a_file_without_enough_known_headings_is_offered_as_the_table_that_comes_nearest(
    tmp_path: Path,
) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"]))
    put(tmp_path, "g.csv", "Thời gian gọi,Số gọi đến,Tổng đài viên\n31/01/2025 08:00,0912345678,Lan\n")
    init(tmp_path)
    page = text_of(tmp_path)
    assert '  #     phone: "Số gọi đến"' in page
    assert only(tmp_path).table == "orders"


def test_purchases_in_orders_and_in_events_are_warned_of(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"]))
    put(tmp_path, "web.csv", "customer_id,timestamp,channel,event_type\nKH1,2025-01-31 08:00,zalo,purchase\n")
    assert "keep one of the two, or they count twice" in init(tmp_path)


# --- whatever stands in a heading or a file's name ---

HOSTILE = 'Mã "KH": # x\n<script>alert(1)</script>\t'
HOSTILE += "\u2028\x85\ufeff\U0001f600\\ - {a: [b]} & * ! | > %@` \x00\x1b[31m"


@given(st.text())
@example(HOSTILE)
@example("yes")
@example("\u0085")
def test_any_text_comes_back_from_yaml_letter_for_letter(said: str) -> None:
    page = f"a: {quoted(said)}   # {quoted(said)}; confirm\nb: 1\n"
    assert yaml.safe_load(page) == {"a": said, "b": 1}


LETTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\ufeff")


@pytest.mark.slow
@settings(FILES, max_examples=100)
@given(heading=st.text(LETTERS, min_size=1, max_size=20))
@example(heading='"')
@example(heading="a: b # c")
@example(heading="two\r\nlines")
@example(heading="<script>alert(1)</script>")
@example(heading="'; DROP TABLE x; --")
@example(heading="{{ x }}")
@example(heading="=1+1")
@example(heading="null")
def test_any_heading_comes_back_from_the_draft_exactly(tmp_path: Path, heading: str) -> None:
    assume(tidy(heading) and tidy(heading) not in TABLES["customers"] and not shapes.is_data(heading))
    assume(not shapes.PRIVATE.search(heading))
    shutil.rmtree(tmp_path / "raw", ignore_errors=True)
    put(tmp_path, "crm.csv", table([heading, "Họ tên", "?"], *[["0912345678", "An", "x"]] * 6))
    assert only(tmp_path).columns == {"phone": heading, "name": "Họ tên"}


def test_a_hostile_heading_is_mapped_as_it_stands(tmp_path: Path) -> None:
    heading = 'SĐT ("<script>": #1)'
    put(tmp_path, "crm.csv", table([heading, "Họ tên"], ["0912345678", "An"]))
    assert only(tmp_path).columns["phone"] == heading


@pytest.mark.parametrize(
    "name",
    [
        "a b.csv",
        "đơn hàng.csv",
        "x[1].csv",
        "a*b?.csv",
        '#1: "x".csv',
        "new\nline.csv",
        "<script>.csv",
        "{a}.csv",
        "-.csv",
    ],
)
def test_a_file_of_any_name_is_found_again(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, orders(["2025-01-31"]))
    put(tmp_path, "decoy.csv", "x,y\nb,c\n")
    (source,) = drafted(tmp_path).sources
    assert [path.name for path in tmp_path.glob(source.path)] == [name]
    assert prepare.prepare(jl.open(tmp_path)).kept == 1


def test_a_file_whose_name_is_no_text_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with open(os.fsencode(tmp_path / "raw") + b"/don\xff.csv", "w", encoding="utf-8") as file:
        file.write(orders(["2025-01-31"]))
    source = only(tmp_path)
    assert len(list(tmp_path.glob(source.path))) == 1


# --- files that belong together ---


def test_monthly_files_become_one_pattern(tmp_path: Path) -> None:
    for month in ("2025-01", "2025-02", "2025-10"):
        put(tmp_path, f"orders_{month}.csv", orders(["2025-01-31"]))
    assert only(tmp_path).path == "raw/orders_*.csv"
    assert "# 3 files with the same headings" in text_of(tmp_path)


def test_a_month_with_other_headings_stands_apart(tmp_path: Path) -> None:
    put(tmp_path, "orders_1.csv", orders(["2025-01-31"]))
    put(tmp_path, "orders_2.csv", orders(["2025-02-28"]))
    put(tmp_path, "orders_3.csv", orders(["2025-03-31"]).replace("Thành tiền", "Tổng tiền"))
    paths = [source.path for source in drafted(tmp_path).sources]
    assert paths == ["raw/orders_1.csv", "raw/orders_2.csv", "raw/orders_3.csv"], (
        "orders_* would mean all three"
    )


def test_a_pattern_never_takes_in_a_file_of_another_kind(tmp_path: Path) -> None:
    put(tmp_path, "o1.csv", orders(["2025-01-31"]))
    put(tmp_path, "o2.csv", orders(["2025-02-28"]))
    put(tmp_path, "o2_old.csv", "x,y\n1,2\n")
    put(tmp_path, "o_costs.csv", "date,channel,cost\n2025-01-31,zalo,5\n")
    for source in drafted(tmp_path).sources:
        found = {path.name for path in tmp_path.glob(source.path)}
        assert found <= ({"o1.csv", "o2.csv"} if source.table == "orders" else {"o_costs.csv"})


def test_files_in_folders_within_are_found_and_hidden_ones_are_not(tmp_path: Path) -> None:
    put(tmp_path, "2025/pos/o.csv", orders(["2025-01-31"]))
    put(tmp_path, ".trash/o.csv", orders(["2025-01-31"]))
    put(tmp_path, "~$o.csv", orders(["2025-01-31"]))
    assert only(tmp_path).path == "raw/2025/pos/o.csv"


def test_only_the_first_rows_are_looked_at(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["03/04/2025"] * 1_500 + ["25/04/2025"] * 500))
    assert only(tmp_path).dates is None, "the rows that tell lie beyond the first thousand: so it asks"
    assert "guessed from 1,000 rows" in text_of(tmp_path)


# --- how files are written ---


@pytest.mark.parametrize(
    ("encoding", "declared_as"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16")],
)
def test_encodings_are_told_by_their_bytes(tmp_path: Path, encoding: str, declared_as: str) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"]), encoding)
    source = only(tmp_path)
    assert (source.encoding, source.columns["order_id"]) == (declared_as, "Mã đơn hàng")
    assert prepare.prepare(jl.open(tmp_path)).kept == 1


def test_windows_1258_is_guessed_where_it_is_no_utf_8(tmp_path: Path) -> None:
    # In this code page â, ê, ô, ơ, ư, ă and đ are letters, and the five tones are marks after them.
    tones = "\u0300\u0301\u0303\u0309\u0323"
    spelt = ""
    for letter in orders(["2025-01-31"]):
        parts = unicodedata.normalize("NFD", letter)
        plain = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        spelt += plain + "".join(part for part in parts if part in tones)
    put(tmp_path, "o.csv", spelt, "cp1258")
    source = only(tmp_path)
    assert source.encoding == "windows-1258"
    assert source.table == "orders"
    assert "encoding: windows-1258   # guessed: it is no UTF-8; confirm" in text_of(tmp_path)
    assert prepare.prepare(jl.open(tmp_path)).kept == 1


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_what_stands_between_cells_is_told_by_even_rows(tmp_path: Path, separator: str) -> None:
    rows = [["order_id", "customer_id", "timestamp", "value"], ["D,1", "KH1", "2025-01-31", "5"]]
    put(tmp_path, "o.csv", table(*rows, separator=separator))
    assert only(tmp_path).separator == separator
    assert prepare.prepare(jl.open(tmp_path)).kept == 1


def test_headings_are_found_below_titles_and_blank_lines(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", "Báo cáo bán hàng\nTừ 01/01/2025 đến 31/01/2025\n\n" + orders(["2025-01-31"] * 3))
    assert only(tmp_path).header == 4
    assert prepare.prepare(jl.open(tmp_path)).kept == 3


def test_gzip_is_looked_into(tmp_path: Path) -> None:
    put(tmp_path, "o.csv.gz", "").write_bytes(gzip.compress(orders(["25/04/2025"]).encode()))
    assert (only(tmp_path).format, only(tmp_path).dates) == ("csv", "DD/MM/YYYY")


def test_excel_days_amounts_and_the_fullest_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Ghi chú"
    book.active.append(["Xem sheet sau"])
    sheet = book.create_sheet('Đơn "#1"')
    sheet.append(["Báo cáo"])
    sheet.append(["Mã đơn hàng", "SĐT", "Ngày đặt", "Thành tiền"])
    for n in range(3):
        sheet.append([f"D{n}", "0912345678", dt.datetime(2025, 4, 3 + n, 8), 250_000])
    put(tmp_path, "o.xlsx", "")
    book.save(tmp_path / "raw" / "o.xlsx")
    source = only(tmp_path)
    assert (source.format, source.sheet, source.header) == ("excel", 'Đơn "#1"', 2)
    assert source.columns["timestamp"] == "Ngày đặt"
    assert source.numbers is None
    assert source.dates is None


def test_bare_excel_day_numbers_are_read_once_an_order_is_declared(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Mã đơn hàng", "Mã KH", "Ngày đặt", "Thành tiền"])
    book.active.append(["D1", "KH1", 45_750, 250_000])
    put(tmp_path, "o.xlsx", "")
    book.save(tmp_path / "raw" / "o.xlsx")
    assert only(tmp_path).dates == "DD/MM/YYYY"
    assert "days are numbers of Excel" in text_of(tmp_path)


def test_parquet_brings_its_own_types(tmp_path: Path) -> None:
    put(tmp_path, "e.parquet", "")
    columns = {
        "customer_id": ["a"],
        "event_time": [dt.datetime(2025, 1, 31)],
        "channel": ["x"],
        "action": ["Đặt hàng"],
    }
    pq.write_table(pa.table(columns), tmp_path / "raw" / "e.parquet")
    opened = drafted(tmp_path)
    (source,) = opened.sources
    assert source.columns == {"timestamp": "event_time", "event_type": "action"}
    assert opened.conversions["purchase"].event_type == ("Đặt hàng",)
    assert prepare.prepare(opened).kept == 1


def test_fields_within_json_are_named_by_their_path(tmp_path: Path) -> None:
    line = {
        "user": {"email": "a@example.org"},
        "event_time": "2025-01-31T08:00:00Z",
        "channel": "x",
        "action": "lead",
    }
    put(tmp_path, "e.jsonl", json.dumps(line) + "\nnot json\n")
    source = only(tmp_path)
    assert source.columns == {"timestamp": "event_time", "event_type": "action", "email": "user.email"}
    assert "identity: {}" in text_of(tmp_path), "an address becomes a customer by the rules of identity"


# --- exports of known platforms ---

GA4 = {
    "event_date": "20250131",
    "event_timestamp": 1738310400000000,
    "event_name": "purchase",
    "event_params": [],
}
SEGMENT = {
    "type": "track",
    "messageId": "m1",
    "anonymousId": "a",
    "event": "Order Completed",
    "timestamp": "2025-01-31T08:00:00Z",
}
MATOMO = {"idVisit": 1, "visitorId": "ab", "actionDetails": [{"type": "action"}]}
SNOWPLOW = {
    "event_id": "e",
    "collector_tstamp": "2025-01-31 08:00:00",
    "domain_userid": "d",
    "event": "page_view",
}


@pytest.mark.parametrize(
    ("record", "name"),
    [(GA4, "ga4"), (SEGMENT, "segment"), (MATOMO, "matomo"), (SNOWPLOW, "snowplow")],
)
@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_platforms_are_known_by_their_fields(
    tmp_path: Path, record: dict[str, object], name: str, form: str
) -> None:
    file = put(tmp_path, f"export.{form}", "")
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist([record | {"event_params": [{"key": "k"}]}]), file)
    else:
        file.write_text(
            json.dumps(record) + "\n" if form == "jsonl" else json.dumps([record], indent=1), "utf-8"
        )
    opened = drafted(tmp_path)
    (source,) = opened.sources
    assert (source.table, source.format, source.columns) == ("events", name, {})
    assert opened.identity is not None, "their people are cookies and users"
    assert opened.channels.extensions == ("vietnam",)


def test_a_snowplow_file_without_headings_is_known_by_its_width(tmp_path: Path) -> None:
    row = ["x"] * 131
    row[3] = "2025-01-31 08:00:00.123"
    row[5:7] = ["page_view", "0b1e6a4c-98f5-4f0e-8f6d-7a4a7f4f1f11"]
    put(tmp_path, "enriched.tsv", "\t".join(row) + "\n" + "\t".join(row) + "\n")
    assert only(tmp_path).format == "snowplow"


def test_an_adobe_feed_is_known_by_its_name_and_its_lookups_are_left_to_it(tmp_path: Path) -> None:
    put(tmp_path, "01-shop_2025-01-31-hit_data.tsv", "1738310400\tx\t1\n")
    put(tmp_path, "column_headers.tsv", "hit_time_gmt\tpost_pagename\texclude_hit\n")
    said = init(tmp_path)
    assert only(tmp_path).format == "adobe"
    assert "column_headers.tsv: left out, it belongs to an Adobe data feed" in said


GOOGLE_VI = (
    'Báo cáo chiến dịch\n"1 - 31 tháng 1, 2025"\n'
    'Ngày,Chiến dịch,Mã tiền tệ,Chi phí,Lượt hiển thị,Lượt nhấp\n2025-01-31,A,VND,"1.250.000",10,1\n'
)
GOOGLE_EN = (
    "Campaign report\nJanuary 2025\n"
    "Day,Campaign,Currency code,Cost,Impr.,Clicks\n2025-01-31,A,VND,1250000,10,1\n"
)
META_EN = (
    "Reporting starts,Reporting ends,Campaign name,Amount spent (VND),Impressions\n"
    "2025-01-31,2025-01-31,A,1250000,10\n"
)
META_VI = "Bắt đầu báo cáo,Tên chiến dịch,Số tiền đã chi tiêu (VND),Lượt hiển thị\n2025-01-31,A,1250000,10\n"
TIKTOK = "By Day,Campaign name,Cost,Impressions,Clicks (destination)\n2025-01-31,A,12.5,10,1\n"
ZALO = "Ngày,Tên chiến dịch,Chi phí,Lượt hiển thị\n31/01/2025,A,1250000,10\n"


@pytest.mark.parametrize(
    ("platform", "name", "text"),
    [
        ("google", "report.csv", GOOGLE_VI),
        ("google", "ads.csv", GOOGLE_EN),
        ("meta", "export.csv", META_EN),
        ("meta", "export.csv", META_VI),
        ("tiktok", "tiktok_2025.csv", TIKTOK),
        ("zalo", "zalo_ads.csv", ZALO),
    ],
)
def test_ad_costs_are_known_by_the_headings_of_their_platform(
    tmp_path: Path, platform: str, name: str, text: str
) -> None:
    put(tmp_path, name, text)
    source = only(tmp_path)
    assert (source.table, source.format, source.platform) == ("costs", "ads", platform)
    assert source.header == (3 if platform == "google" else 1)


# --- what cannot be looked at is said, and stops nothing ---


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
        archive.writestr("xl/_rels/workbook.xml.rels", "<x/>")
    return out.getvalue()


DAMAGED = {
    "empty.csv": b"",
    "blank.csv": b"\n\n  \n",
    "cut.csv.gz": gzip.compress(b"order_id,customer_id\n" * 9_999)[:50],
    "no.gz.csv": b"\x1f\x8bnot gzip",
    "no.parquet": b"PAR1 nothing",
    "no.xlsx": b"PK\x03\x04 nothing",
    "bomb.xlsx": bomb(),
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "deep.json": b"[" * 200_000,
    "deep.jsonl": b'{"a":' * 100_000,
    "object.json": b'{\n "a": 1\n}\n',
    "quote.csv": b'"never closed, ' + b"x" * 2_000_000,
    "zeros.csv": bytes(5_000),
    "noise.csv": bytes(range(256)) * 40,
    "photo.png": b"\x89PNG",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_described(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, "").write_bytes(DAMAGED[name])
    put(tmp_path, "o.csv", orders(["2025-01-31"]))
    said = init(tmp_path)
    assert name in said
    assert [source.table for source in jl.open(tmp_path).sources] == ["orders"]


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=400),
    suffix=st.sampled_from([".csv", ".json", ".xlsx", ".parquet", ".csv.gz"]),
    start=st.sampled_from([b"", b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"{", b"[{", b"\xff\xfe", b"a,b\n"]),
)
def test_no_bytes_make_it_stumble(tmp_path: Path, data: bytes, suffix: str, start: bytes) -> None:
    shutil.rmtree(tmp_path / "raw", ignore_errors=True)
    put(tmp_path, f"x{suffix}", "").write_bytes(start + data)
    init(tmp_path, force=True)
    assert isinstance(yaml.safe_load(text_of(tmp_path)), dict)


def workbook() -> dict[str, bytes]:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Mã đơn hàng", "SĐT", "Ngày đặt", "Thành tiền"])
    book.active.append(["D1", "0912345678", dt.datetime(2025, 4, 3), 2.5])
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@settings(FILES, max_examples=60)
@given(data=st.data())
def test_no_damage_within_a_workbook_makes_it_stumble(tmp_path: Path, data: st.DataObject) -> None:
    parts = workbook()
    name = data.draw(st.sampled_from(sorted(parts)))
    damaged = bytearray(parts[name])
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place : place + 1] = data.draw(st.sampled_from([b"<", b"", b"9", b'"', b"\xff", b"9" * 400]))
    with zipfile.ZipFile(put(tmp_path, "x.xlsx", ""), "w") as archive:
        for part, held in parts.items():
            archive.writestr(part, bytes(damaged) if part == name else held)
    init(tmp_path, force=True)
    assert isinstance(yaml.safe_load(text_of(tmp_path)), dict)


def test_a_table_nobody_knows_stands_as_a_comment_to_fill_in(tmp_path: Path) -> None:
    put(tmp_path, "o.csv", orders(["2025-01-31"]))
    put(tmp_path, "stock.csv", "sku,Số lượng\nA,5\n")
    assert only(tmp_path).table == "orders"
    assert '  #   its headings: "sku", "Số lượng"' in text_of(tmp_path)


def test_when_no_file_is_known_what_is_wrong_stands_among_what_is_to_do(tmp_path: Path) -> None:
    put(tmp_path, "stock.csv", "sku,Số lượng\nA,5\n")
    said = init(tmp_path)
    assert "1. journey.yaml says something that cannot be" in said
    with pytest.raises(ConfigError):
        jl.open(tmp_path)


# --- by hand ---


def test_an_empty_folder_gets_a_template_that_explains_every_key(tmp_path: Path) -> None:
    said = init(tmp_path / "new", currency="USD", timezone="Europe/Berlin")
    assert "which explains every key" in said
    assert (tmp_path / "new" / "raw").is_dir()
    opened = jl.open(tmp_path / "new")
    assert (opened.currency, opened.timezone) == ("USD", "Europe/Berlin")
    page = text_of(tmp_path / "new")
    keys = (Workspace.model_fields.keys() | Source.model_fields.keys()) - {"path"}
    assert [key for key in sorted(keys) if f"{key}:" not in page] == []


def test_without_a_raw_folder_the_folder_itself_is_looked_at_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(orders(["2025-01-31"]), "utf-8")
    (tmp_path / "README.md").write_text("about", "utf-8")
    said = init(tmp_path)
    assert "so files were looked for in" in said
    assert only(tmp_path).path == "o.csv"


def test_another_folder_within_may_hold_the_files_but_none_without(tmp_path: Path) -> None:
    (tmp_path / "shop" / "exports").mkdir(parents=True)
    (tmp_path / "shop" / "exports" / "o.csv").write_text(orders(["2025-01-31"]), "utf-8")
    assert only(tmp_path / "shop", raw="exports").path == "exports/o.csv"
    for elsewhere in ("..", str(tmp_path), "nowhere"):
        with pytest.raises(ConfigError):
            init(tmp_path / "shop", raw=elsewhere, force=True)


@pytest.mark.parametrize("asked", [{"timezone": "Asia/Saigonn"}, {"currency": "DONG"}])
def test_an_unknown_zone_or_currency_is_refused_before_anything_is_written(
    tmp_path: Path, asked: dict[str, str]
) -> None:
    with pytest.raises(ParameterError):
        init(tmp_path / "shop", **asked)  # type: ignore[arg-type]
    assert not (tmp_path / "shop").exists()


def test_shapes_are_told_without_a_cell() -> None:
    assert shapes.told(["0912345678", "0987654321"]) == "10 digits"
    assert shapes.told(["KH0001", "KH00012"]) == "letters and digits, 6 to 7 long"
    assert shapes.told(["a@example.org"]) == "e-mail addresses"
    assert shapes.told([]) == "empty"
