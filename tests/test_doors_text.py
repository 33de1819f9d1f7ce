"""Text files as people export them: encodings, line ends, and what dates, times, amounts and names say."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from test_doors import workspace

from journey_lib import sources
from journey_lib.engine import connect
from journey_lib.errors import DataError

HEAD = "order_id,customer_id,timestamp,value\n"


def staged(folder: Path, source: str, **more: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """What the door of one source delivers, before anything else is done with it."""
    opened = workspace(folder, source, **more)
    with connect(folder / "scratch") as engine:
        records = sources.stage(opened.sources[0], opened, engine, "staged")
        table = engine.arrow("SELECT * FROM staged ORDER BY file, row").to_pandas()
    assert not list((folder / "scratch").iterdir())
    return table.astype(object).where(table.notna(), None), dict(records)


def one(folder: Path, column: str, cell: str, declared: str = "", **more: str) -> tuple[object, object]:
    """How one cell of an order is read, and the reason when it is not."""
    cells = {"order_id": "1", "customer_id": "a", "timestamp": "2025-01-01", "value": "1", column: cell}
    quoted = ",".join('"' + c.replace('"', '""') + '"' for c in cells.values())
    (folder / "o.csv").write_text(",".join(cells) + "\n" + quoted + "\n", encoding="utf-8")
    table, _ = staged(folder, f"{{table: orders, format: csv, path: o.csv{declared}}}", **more)
    value = table[column][0]
    return str(value) if isinstance(value, pd.Timestamp) else value, table["reason"][0]


# --- files ---

ROWS = 'mã,khách,lúc,tiền\n1,"Nguyễn\nVăn Ửng",2025-01-01,5\n2,Đỗ,2025-01-02,6\n'
MAPPED = "columns: {order_id: mã, customer_id: khách, timestamp: lúc, value: tiền}"


@pytest.mark.parametrize(
    ("encoding", "ends", "separator", "zipped"),
    [
        ("utf-8", "\n", ",", False),
        ("utf-8", "\r", "¦", True),
        ("utf-8-sig", "\r\n", ";", True),
        ("utf-8-sig", "\r", "\\t", False),
        ("utf-16", "\r\n", "\\t", False),
        ("utf-16", "\r", "¦", True),
        ("utf-16-le", "\n", "^", False),
        ("utf-16-be", "\r\n", "|", True),
        ("windows-1258", "\r\n", ";", False),
        ("windows-1258", "\r", "~", True),
    ],
)
def test_a_declared_file_reads_the_same_however_it_is_encoded(tmp_path, encoding, ends, separator, zipped):
    mark = separator.replace("\\t", "\t")
    text = ROWS.replace(",", mark).replace("\n", ends)
    if encoding == "windows-1258":  # it writes tone marks as letters of their own
        content = b"".join(_to_1258(letter) for letter in text)
    else:
        content = text.encode(encoding)
    (tmp_path / "o.csv").write_bytes(gzip.compress(content) if zipped else content)
    declared = (
        encoding.replace("utf-8-sig", "utf-8").replace("utf-16-le", "utf-16").replace("utf-16-be", "utf-16")
    )
    table, _ = staged(
        tmp_path,
        f'{{table: orders, format: csv, path: o.csv, separator: "{separator}", encoding: {declared}, {MAPPED}}}',  # noqa: E501
    )
    assert table["customer_id"].tolist() == ["Nguyễn Văn Ửng", "Đỗ"]
    assert table["value"].tolist() == [5.0, 6.0]
    assert table["reason"].tolist() == [None, None]


def _to_1258(letter: str) -> bytes:
    import unicodedata

    tones = "\u0300\u0301\u0303\u0309\u0323"
    parts = unicodedata.normalize("NFD", letter)
    base = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones))
    return (base + "".join(p for p in parts if p in tones)).encode("windows-1258")


def test_line_ends_may_differ_within_a_file(tmp_path):
    (tmp_path / "o.csv").write_bytes(
        (HEAD + "1,a,2025-01-01,5\r\n2,a,2025-01-01,5\n3,a,2025-01-01,5\r4,a,2025-01-01,5\n").encode()
    )
    table, _ = staged(tmp_path, "{table: orders, format: csv, path: o.csv}")
    assert table["order_id"].tolist() == ["1", "2", "3", "4"]


def test_a_header_may_stand_on_a_later_line_and_over_two_lines(tmp_path):
    text = 'Báo cáo "quý 1\n\norder_id,"customer\nid",timestamp,value,\n1,a,2025-01-01,5,\nbad\n'
    (tmp_path / "o.csv").write_text(text, encoding="utf-8")
    table, _ = staged(
        tmp_path, "{table: orders, format: csv, path: o.csv, header: 3, columns: {customer_id: customer id}}"
    )
    assert table["reason"].tolist() == [None, "line is malformed"]
    assert table["value"][0] == 5.0


def test_a_mark_that_is_never_closed_swallows_lines_but_loses_none(tmp_path):
    lines = "".join(f"{n},a,2025-01-01,5\n" for n in range(2, 12))
    (tmp_path / "o.csv").write_text(HEAD + '1,"a,2025-01-01,5\n' + lines, encoding="utf-8")
    table, _ = staged(tmp_path, "{table: orders, format: csv, path: o.csv}")
    assert table["reason"].tolist() == ["line is malformed"] * 11
    assert table["row"].tolist() == list(range(2, 13))
    assert table["raw"][1] == "2,a,2025-01-01,5"


def test_columns_may_be_called_like_the_workbenchs_own(tmp_path):
    (tmp_path / "o.csv").write_text(
        "file,row,reason,Timestamp,order_id,customer_id,timestamp,value\nf,r,x,no,1,a,2025-01-01,5\n",
        encoding="utf-8",
    )
    table, _ = staged(tmp_path, "{table: orders, format: csv, path: o.csv, columns: {channel: row}}")
    assert table.loc[0, ["file", "row", "reason", "channel"]].tolist() == ["o.csv", 1, None, "r"]


# --- times ---

HCM = "2025-04-03 01:30:00"  # 08:30 there


@pytest.mark.parametrize(
    ("said", "declared", "utc"),
    [
        ("03/04/2025 08:30", "DD/MM/YYYY", HCM),
        ("3-4-2025 8:30:00", "DD/MM/YYYY", HCM),
        ("03.04.2025  08:30:00.5", "DD/MM/YYYY", "2025-04-03 01:30:00.500000"),
        ("04/03/2025 08:30", "MM/DD/YYYY", HCM),
        ("03/04/2025 08:30 SA", "DD/MM/YYYY", HCM),
        ("03/04/2025 8:30 PM", "DD/MM/YYYY", "2025-04-03 13:30:00"),
        ("03/04/2025 12:05 ch", "DD/MM/YYYY", "2025-04-03 05:05:00"),
        ("03/04/2025 12:05 AM", "DD/MM/YYYY", "2025-04-02 17:05:00"),
        ("03/04/2025 08:30:00 +07:00", "DD/MM/YYYY", HCM),
        ("03/04/2025 08:30:00-0330", "DD/MM/YYYY", "2025-04-03 12:00:00"),
        ("03/04/2025 1:30Z", "DD/MM/YYYY", HCM),
        ("2025-04-03T08:30:00.000+07", None, HCM),
        ("2025/04/03 08:30", "ISO", HCM),
        ("2025-04-03 8:30 AM", None, HCM),
        ("1960-04-03 08:30", None, "1960-04-03 00:30:00"),  # Saigon was at UTC+8 that year
    ],
)
def test_a_time_is_read_as_it_is_declared(tmp_path, said, declared, utc):
    dates = f", dates: {declared}" if declared else ""
    assert one(tmp_path, "timestamp", said, dates) == (utc, None)


@pytest.mark.parametrize(
    ("said", "declared", "reason"),
    [
        ("31/02/2025", "DD/MM/YYYY", "timestamp cannot be read"),
        ("13/13/2025", None, "timestamp cannot be read"),
        ("04/25/2025", "DD/MM/YYYY", "timestamp cannot be read"),
        ("03/04/25", "DD/MM/YYYY", "timestamp has a year of two digits"),
        ("03/04-2025", "DD/MM/YYYY", "timestamp cannot be read"),
        ("2025-04-03", "DD/MM/YYYY", "timestamp cannot be read"),
        ("03/04/2025 13:30 PM", "DD/MM/YYYY", "timestamp cannot be read"),
        ("2025-04-03 24:00:00", None, "timestamp cannot be read"),
        ("2025-04-03 08:30:60", None, "timestamp cannot be read"),
        ("infinity", None, "timestamp cannot be read"),
        ("epoch", None, "timestamp cannot be read"),
        ("2025-04-03 (BC)", None, "timestamp cannot be read"),
        ("0001-01-01", None, "timestamp cannot be read"),
        ("N/A", None, "timestamp cannot be read"),
        ("1743645600", None, "timestamp is a bare number"),
        ("45750", "DD/MM/YYYY", "timestamp is a bare number"),
        ("20250403", None, "timestamp is a bare number"),
        ("", None, "timestamp is empty"),
        (" \u00a0\u200b", None, "timestamp is empty"),
    ],
)
def test_a_time_that_cannot_be_is_kept_with_its_reason(tmp_path, said, declared, reason):
    dates = f", dates: {declared}" if declared else ""
    assert one(tmp_path, "timestamp", said, dates) == (None, reason)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["03/04/2025", "05/06/2025"], "can be read as DD/MM/YYYY and as MM/DD/YYYY"),
        (["03/04/2025", "25-12-2025 08:30"], "can only be DD/MM/YYYY"),
        (["03/04/2025", "12.25.2025"], "can only be MM/DD/YYYY"),
        (["25/12/2025", "12/25/2025"], "and others fit no single style"),
    ],
)
def test_days_and_months_must_be_declared_and_the_message_says_which_readings_fit(tmp_path, cells, said):
    lines = "".join(f"{n},a,{cell},1\n" for n, cell in enumerate(cells))
    (tmp_path / "o.csv").write_text(HEAD + "9,a,2025-01-01,1\n" + lines, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        staged(tmp_path, "{table: orders, format: csv, path: o.csv}")
    text = str(caught.value)
    assert f"the dates in 'timestamp' must be declared: '{cells[0]}' {said}" in text
    assert "o.csv, column 'timestamp', row 2" in text
    assert "how many: 2 rows" in text


def test_an_hour_the_clocks_skipped_is_no_time_and_one_they_ran_twice_is_the_first(tmp_path):
    times = ["2025-03-09 01:59:59", "2025-03-09 02:30:00", "2025-03-09 03:00:00",
             "2025-11-02 00:59:59", "2025-11-02 01:30:00", "2025-11-02 02:00:00",
             "2025-11-02T01:30:00-05:00"]  # fmt: skip
    lines = "".join(f"{n},a,{time},1\n" for n, time in enumerate(times))
    (tmp_path / "o.csv").write_text(HEAD + lines, encoding="utf-8")
    table, records = staged(tmp_path, "{table: orders, format: csv, path: o.csv, timezone: America/New_York}")
    assert table["reason"].tolist() == [
        *(None, "timestamp does not exist in its zone", None, None, None, None, None)
    ]
    assert [str(t) for t in table["timestamp"][table["reason"].isna()]] == [
        "2025-03-09 06:59:59", "2025-03-09 07:00:00", "2025-11-02 04:59:59", "2025-11-02 05:30:00",
        "2025-11-02 07:00:00", "2025-11-02 06:30:00",
    ]  # fmt: skip
    assert records == {"times that happened twice": 1}


# --- amounts ---


@pytest.mark.parametrize(
    ("said", "style", "number", "currency"),
    [
        ("1234.5", None, 1234.5, None),
        ("-0.125", None, -0.125, None),
        ("1234.567", None, 1234.567, None),
        ("+12", None, 12.0, None),
        ("1.250", "1234.5", 1.25, None),
        ("1.250.000", "1.234,5", 1_250_000.0, None),
        ("1.250.000 ₫", "1.234,5", 1_250_000.0, "VND"),
        ("1.250.000đ", "1.234,5", 1_250_000.0, "VND"),
        ("VNĐ 1.250.000", "1.234,5", 1_250_000.0, "VND"),
        ("1.200,5", "1.234,5", 1200.5, None),
        ("1\u00a0250\u202f000,5 €", "1.234,5", 1_250_000.5, "EUR"),
        ("1\u2009250.5", "1,234.5", 1250.5, None),
        ("$1,250.50", "1,234.5", 1250.5, "USD"),
        ("-$1,250.50", "1,234.5", -1250.5, "USD"),
        ("($1,250.50)", "1,234.5", -1250.5, "USD"),
        ("US$ 5", None, 5.0, "USD"),
        ("(1.250)", "1.234,5", -1250.0, None),
        ("1.250-", "1.234,5", -1250.0, None),
        ("−5", None, -5.0, None),
        ("5 usd", None, 5.0, "USD"),
    ],
)
def test_an_amount_is_read_in_its_declared_style(tmp_path, said, style, number, currency):
    numbers = f", numbers: '{style}'" if style else ""
    assert one(tmp_path, "value", said, numbers) == (number, None)
    table, _ = staged(tmp_path, f"{{table: orders, format: csv, path: o.csv{numbers}}}")
    assert table["currency"][0] == currency


@pytest.mark.parametrize(
    ("said", "style"),
    [("1e6", None), ("nan", None), ("inf", None), ("N/A", None), ("NULL", None), ("--5", None), ("(5", None),
     ("(-5)", None), ("1,25.0", "1,234.5"), ("12.34.567", "1.234,5"), ("1.250 kg", "1.234,5"), ("5%", None),
     ("0x10", None), ("٣", None), ("1.2.3", None), ("$", None), ("=1+1", None), ("9" * 400, None),
     ("1,250", "1234.5"), ("$5 ₫", None)],
)  # fmt: skip
def test_what_is_no_amount_is_kept_with_its_reason(tmp_path, said, style):
    numbers = f", numbers: '{style}'" if style else ""
    assert one(tmp_path, "value", said, numbers) == (None, "value cannot be read")


@pytest.mark.parametrize(
    ("said", "fit"),
    [
        ("1.250", "can be read as 1234.5 and as 1.234,5"),
        ("1,250", "can be read as 1,234.5 and as 1.234,5"),
        ("1.250.000 ₫", "can only be 1.234,5"),
        ("1.200,5", "can only be 1.234,5"),
        ("1,250.50", "can only be 1,234.5"),
        ("1 250", "can be read as 1,234.5 and as 1.234,5"),
    ],
)
def test_an_amount_with_groups_must_be_declared(tmp_path, said, fit):
    with pytest.raises(DataError) as caught:
        one(tmp_path, "value", said)
    assert f"the numbers in 'value' must be declared: '{said}' {fit}" in str(caught.value)


def test_a_sign_that_contradicts_the_currency_of_its_row_is_kept_apart(tmp_path):
    (tmp_path / "o.csv").write_text(
        "order_id,customer_id,timestamp,value,currency\n1,a,2025-01-01,$5,VND\n2,a,2025-01-01,5 ₫,VNĐ\n",
        encoding="utf-8",
    )
    table, _ = staged(tmp_path, "{table: orders, format: csv, path: o.csv}")
    assert table["reason"].tolist() == ["value and currency disagree", None]
    assert table["currency"].tolist() == ["VND", "VND"]


# --- names ---


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("  a \t b\u00a0\u00a0c\n", "a b c"),
        ("\ufeffzalo\u200b\u00ad", "zalo"),
        ("e\u200b\u0301", "é"),
        ("a\x00b", "ab"),
        ("NULL", "NULL"),
        ("N/A", "N/A"),
        ("", None),
        ("\u2003", None),
        ("\u212b", "Å"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("'; DROP TABLE staged; --", "'; DROP TABLE staged; --"),
    ],
)
def test_text_is_composed_trimmed_and_visible(tmp_path, said, read):
    assert one(tmp_path, "channel", said) == (read, None)
