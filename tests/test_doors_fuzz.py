"""Any table comes back as it went in, any bytes give rows or a message, and twins in plain Python agree."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_doors_text import staged

from journey_lib.errors import JourneyError

pytestmark = pytest.mark.slow  # hundreds of files are made up and read

FEW = settings(max_examples=25)
HIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def tidy(text: str) -> str | None:
    """What the documentation says of text, in plain Python."""
    seen = unicodedata.normalize("NFC", HIDDEN.sub("", text))
    return re.sub(r"[\s\x0b\x85\u3000]+", " ", seen).strip() or None


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x1c\x1d\x1e\x1f")
cells = st.text(letters, max_size=12)


def read(content: bytes, source: str):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "e.csv").write_bytes(content)
        return staged(Path(folder), source)[0]


@FEW
@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=8),
    separator=st.sampled_from([",", ";", "|", "^", "~"]),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_table_of_text_comes_back_the_same(rows, separator, encoding, ends, quoting):
    file = io.StringIO(newline="")
    out = csv.writer(file, delimiter=separator, lineterminator=ends, quoting=quoting)
    out.writerow(["customer_id", "name", "city"])
    for name, city in rows:
        # Before Python 3.13 the writer leaves a lone carriage return bare, and then it is a line's end.
        assume(quoting == csv.QUOTE_ALL or "\r" not in name + city)
        out.writerow(["a", name, city])
    table = read(
        file.getvalue().encode(encoding),
        f'{{table: customers, format: csv, path: e.csv, separator: "{separator}", encoding: {encoding}}}',
    )
    assert table["reason"].tolist() == [None] * len(rows)
    assert list(zip(table["name"], table["city"], strict=True)) == [(tidy(a), tidy(b)) for a, b in rows]


@FEW
@given(
    st.binary(max_size=300),
    st.sampled_from(["utf-8", "utf-16", "windows-1258"]),
    st.sampled_from(["csv", "jsonl"]),
)
def test_any_bytes_give_rows_or_a_message(content, encoding, form):
    source = f"{{table: customers, format: {form}, path: e.csv, encoding: {encoding}}}"
    for start in (b"", b"customer_id,name\n"):
        try:
            read(start + content, source)
        except JourneyError as error:
            assert str(error)  # noqa: PT017


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_called_excel_or_parquet_give_a_message(content):
    for form in ("excel", "parquet"):
        try:
            read(content, f"{{table: customers, format: {form}, path: e.csv}}")
        except JourneyError as error:
            assert "cannot be read" in str(error)  # noqa: PT017


digits = st.text("0123456789", min_size=1, max_size=4)
dates = st.builds(
    lambda a, m, b, n, y, t: a + m + b + n + y + t, digits, st.sampled_from("/-."), digits, st.sampled_from("/-."),  # noqa: E501
    st.one_of(digits, st.integers(1990, 2040).map(str)),
    st.sampled_from(["", " 08:30", " 8:05:09", " 23:59:59.25", " 24:00", " 8:30 PM", " 12:01 SA", " 7:5"]),
)  # fmt: skip
likely = st.builds(
    "{}{}{}{}{}{}".format, st.integers(0, 32), st.sampled_from("/-."), st.integers(0, 13), st.sampled_from("/-."),  # noqa: E501
    st.integers(1990, 2040), st.sampled_from(["", " 08:30", " 8:05:09", " 12:59 PM", " 12:01 SA", " 1:00 CH"]),  # noqa: E501
)  # fmt: skip


def day_first(text: str, order: str) -> dt.datetime | None:
    found = re.fullmatch(
        r"(\d{1,2})([/.-])(\d{1,2})\2([1-9]\d{3})(?: (\d{1,2}):(\d\d)(?::(\d\d)(\.\d+)?)?(?: ?(AM|PM|SA|CH))?)?",  # noqa: E501
        text,
    )
    if not found:
        return None
    a, _, b, year, hour, minute, second, fraction, half = found.groups()
    day, month = (a, b) if order == "DD/MM/YYYY" else (b, a)
    clock = int(hour or 0)
    if half:
        if not 1 <= clock <= 12:
            return None
        clock = clock % 12 + (12 if half in ("PM", "CH") else 0)
    try:
        return dt.datetime(int(year), int(month), int(day), clock, int(minute or 0), int(second or 0),
                           round(float(fraction or 0) * 1e6))  # fmt: skip
    except ValueError:
        return None


@FEW
@given(
    st.lists(st.one_of(dates, likely), min_size=1, max_size=60), st.sampled_from(["DD/MM/YYYY", "MM/DD/YYYY"])
)
def test_dates_agree_with_a_twin(texts, order):
    content = "order_id,customer_id,timestamp,value\n" + "".join(
        f"{n},a,{t},1\n" for n, t in enumerate(texts)
    )
    table = read(
        content.encode(), f"{{table: orders, format: csv, path: e.csv, timezone: UTC, dates: {order}}}"
    )
    found = [None if t is None else t.to_pydatetime() for t in table["timestamp"]]
    assert dict(zip(texts, found, strict=True)) == {t: day_first(t, order) for t in texts}


amounts = st.from_regex(r"[-+(]?[$₫]?[0-9]{1,4}([.,][0-9]{1,4}){0,3}[-)]?( ?₫)?", fullmatch=True)


def number(text: str, style: str) -> float | None:  # noqa: PLR0911
    """An amount by the rules of the documentation, one character after another."""
    rest, negative = text, False
    if rest.startswith("(") or rest.endswith(")"):
        if not (rest.startswith("(") and rest.endswith(")")):
            return None
        rest, negative = rest[1:-1], True
        if rest[-1] in "-+" or rest[0] in "-+":
            return None
    signs = rest.startswith(("-", "+")) + rest.endswith("-")
    if signs > 1:
        return None
    negative |= rest.startswith("-") or rest.endswith("-")
    rest = rest.lstrip("-+") if signs else rest
    rest = rest.removesuffix("-")
    marks = rest.startswith(("$", "₫")) + rest.endswith("₫")
    if marks > 1:
        return None
    rest = rest.lstrip("$₫").removesuffix("₫").rstrip(" ")
    if rest.endswith("-") or rest[:1] in "-+(":
        return None
    group, point = (",", ".") if style == "1,234.5" else (".", ",")
    whole, comma, part = rest.partition(point)
    if (comma and not part.isdigit()) or not whole:
        return None
    groups = whole.split(group)
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])):
        return None
    if not all(g.isdigit() for g in groups):
        return None
    size = float("".join(groups) + ("." + part if comma else ""))
    return -size if negative else size


@FEW
@given(st.lists(amounts, min_size=1, max_size=60), st.sampled_from(["1,234.5", "1.234,5"]))
def test_amounts_agree_with_a_twin(texts, style):
    texts = [t for t in texts if "- ₫" not in t and "-₫" not in t and ")₫" not in t and ") ₫" not in t] or [
        "1"
    ]
    content = "order_id;customer_id;timestamp;value\n" + "".join(
        f"{n};a;2025-01-01;{t}\n" for n, t in enumerate(texts)
    )
    table = read(
        content.encode(), f"{{table: orders, format: csv, path: e.csv, separator: ';', numbers: '{style}'}}"
    )
    assert dict(zip(texts, table["value"], strict=True)) == {t: number(t, style) for t in texts}
