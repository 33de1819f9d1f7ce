"""Excel workbooks: dates are dates and numbers are numbers; formulas are never computed."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_doors import workspace
from test_doors_text import staged

from journey_lib import cli
from journey_lib.errors import DataError

openpyxl = pytest.importorskip("openpyxl")
HEAD = ["order_id", "customer_id", "timestamp", "value"]


def book(
    folder: Path, *rows: list[object], sheet: str = "Đơn", above: int = 0, old_mac: bool = False
) -> None:
    made = openpyxl.Workbook()
    if old_mac:
        made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    page = made.active
    page.title = sheet
    for row in [*([["Báo cáo"]] * above), HEAD, *rows]:
        page.append(row)
    made.create_sheet("Khác").append(["nothing"])
    made.save(folder / "o.xlsx")


def edited(folder: Path, part: str, old: str, new: str) -> None:
    """The same workbook with one part of it changed, as no library would write it."""
    taken, made = folder / "o.xlsx", io.BytesIO()
    with zipfile.ZipFile(taken) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            text = before.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            after.writestr(name, text)
    taken.write_bytes(made.getvalue())


SHEET = "xl/worksheets/sheet1.xml"
ORDERS = "{{table: orders, format: excel, path: o.xlsx{}}}"


@pytest.mark.parametrize("old_mac", [False, True])
def test_real_dates_and_numbers_are_taken_as_they_are_whatever_is_declared_for_text(tmp_path, old_mac):
    book(
        tmp_path,
        [1, "KH1", dt.datetime(2025, 4, 3, 8, 30), 1.25],
        ["2", "KH1", dt.date(2025, 4, 3), 1250],
        ["3", 7, "03/04/2025 08:30", "1.250"],
        ["4", "KH1", 45750.0 - (1462 if old_mac else 0), "1.250 ₫"],
        [None, None, None, None],
        ["5", "KH1", "2025-04-03", True],
        old_mac=old_mac,
    )
    table, _ = staged(tmp_path, ORDERS.format(", dates: DD/MM/YYYY, numbers: '1.234,5'"))
    assert table["order_id"].tolist() == ["1", "2", "3", "4", "5"]
    assert table["customer_id"].tolist() == ["KH1", "KH1", "7", "KH1", "KH1"]
    assert [str(t) for t in table["timestamp"][:4]] == [
        *("2025-04-03 01:30:00", "2025-04-02 17:00:00", "2025-04-03 01:30:00", "2025-04-02 17:00:00")
    ]
    assert table["value"].tolist() == [1.25, 1250.0, 1250.0, 1250.0, None]
    assert table["reason"].tolist() == [None] * 4 + ["timestamp cannot be read"]


def test_a_bare_number_is_no_date_until_dates_are_declared(tmp_path):
    book(tmp_path, ["1", "KH1", 45750, 1])
    table, _ = staged(tmp_path, ORDERS.format(""))
    assert table["reason"].tolist() == ["timestamp is a bare number"]


def test_text_with_two_readings_must_be_declared_in_excel_too(tmp_path):
    book(tmp_path, ["1", "KH1", "03/04/2025", 1])
    with pytest.raises(DataError, match="can be read as DD/MM/YYYY and as MM/DD/YYYY"):
        staged(tmp_path, ORDERS.format(""))


def test_a_formula_gives_what_excel_last_saw_and_nothing_when_excel_never_did(tmp_path):
    book(
        tmp_path,
        ["1", "KH1", dt.datetime(2025, 1, 1), "=1+1"],
        ["2", "=HYPERLINK(1)", dt.datetime(2025, 1, 1), 5],
    )
    edited(tmp_path, SHEET, "<f>1+1</f><v />", "<f>1+1</f><v>7</v>")
    table, _ = staged(tmp_path, ORDERS.format(""))
    assert table["value"].tolist() == [7.0, 5.0]
    assert table["customer_id"].tolist() == ["KH1", None]
    assert table["reason"].tolist() == [None, "customer_id is a formula without a value"]


def test_an_amount_without_a_saved_value_and_an_error_of_excel_are_kept_with_their_reason(tmp_path):
    book(
        tmp_path,
        ["1", "KH1", dt.datetime(2025, 1, 1), "=1+1"],
        ["2", "KH1", dt.datetime(2025, 1, 1), "#N/A"],
        ["3", "KH1", "#REF!", 5],
    )
    table, _ = staged(tmp_path, ORDERS.format(""))
    assert table["reason"].tolist() == [
        "value is a formula without a value", "value is an error of Excel", "timestamp is an error of Excel",
    ]  # fmt: skip


def test_a_sheet_is_named_and_its_header_may_stand_lower(tmp_path):
    book(tmp_path, ["1", "KH1", dt.datetime(2025, 1, 1), 5], above=3)
    table, _ = staged(tmp_path, ORDERS.format(", sheet: Đơn, header: 4"))
    assert table["row"].tolist() == [5]  # as Excel numbers it
    with pytest.raises(DataError, match="it has: Đơn, Khác"):
        staged(tmp_path, ORDERS.format(", sheet: Don"))


@pytest.mark.usefixtures("elsewhere")
def test_a_bad_row_is_pointed_at_by_the_number_that_excel_shows(tmp_path):
    day, empty = dt.datetime(2025, 1, 1), [None] * 4
    book(
        tmp_path,
        ["1", "KH1", day, 5],
        empty,
        empty,
        ["2", None, day, 5],
        empty,
        ["3", "KH1", day, "?"],
        above=2,
    )
    source = "{table: orders, format: excel, path: o.xlsx, header: 3}"
    workspace(tmp_path, source)
    said = CliRunner().invoke(cli.cli, ["check", "-w", str(tmp_path)]).output
    assert "customer_id is empty (first in o.xlsx, line 7, column customer_id)" in said
    assert "value cannot be read (first in o.xlsx, line 9, column value)" in said
    edited(tmp_path, SHEET, '<row r="5"></row><row r="6"></row>', "")  # as other programs write nothing
    assert CliRunner().invoke(cli.cli, ["check", "-w", str(tmp_path)]).output == said


@pytest.mark.slow
def test_more_rows_than_one_piece_come_in_order(tmp_path):
    book(tmp_path, *([str(n), "KH", dt.datetime(2025, 1, 1), n] for n in range(20_003)))
    table, _ = staged(tmp_path, ORDERS.format(""))
    assert table["value"].tolist() == [float(n) for n in range(20_003)]
    assert table["row"].tolist() == [*range(2, 20_005)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as an Excel workbook"),
        (b"order_id,customer_id\n", "cannot be read as an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "remove its password or save it as .xlsx"),
        (b"PK\x03\x04" + b"\0" * 100, "cannot be read as an Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_said_to_be_none(tmp_path, content, said):
    (tmp_path / "o.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=said):
        staged(tmp_path, ORDERS.format(""))


def test_xml_that_is_made_to_explode_or_to_read_files_is_refused(tmp_path):
    book(tmp_path, ["1", "KH1", dt.datetime(2025, 1, 1), 5])
    lol = '<!DOCTYPE x [<!ENTITY a "' + "a" * 50 + '">' + "".join(
        f'<!ENTITY {chr(97 + n)}{n} "{"&" + (chr(96 + n) + str(n - 1) if n > 1 else "a") + ";"}' * 1 + '">'
        for n in range(1, 3)
    ) + '<!ENTITY f SYSTEM "file:///etc/hostname">]>'  # fmt: skip
    edited(tmp_path, SHEET, "<worksheet", lol + "<worksheet")
    with pytest.raises(DataError, match="cannot be read as an Excel workbook"):
        staged(tmp_path, ORDERS.format(""))
