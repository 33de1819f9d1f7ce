"""Reading the first rows of an Excel sheet, straight from its XML and never more than a few megabytes."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from journey_lib.draft.shapes import is_date, is_number
from journey_lib.errors import DataError

BYTES = 4 << 20
HEADER_WITHIN = 30
MOST_SHEETS = 8
WIDEST = 2_000
BROKEN = (ET.ParseError, KeyError, ValueError, NotImplementedError, RuntimeError)  # what damaged parts raise
DATE_FORMATS = {*range(14, 23), *range(45, 48)}  # numbers of Excel's own formats that show a date or time
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def first_rows(path: Path, most: int) -> tuple[str | None, int, tuple[str, ...], list[Sequence[Any]]]:
    """Of the first sheets the one with most rows: its name (None for the first), header line, headings, rows.

    Raises
    ------
    DataError
        It is no workbook, or none of its sheets has a line of headings.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = _sheets(archive)
            words, moments = _shared(archive), _date_styles(archive)
            tables = [
                (number, name, table)
                for number, (name, part) in enumerate(sheets[:MOST_SHEETS])
                if part and (table := _table(list(_rows(archive, part, words, moments, most))))
            ]
    except BROKEN as error:
        raise DataError("it is no Excel workbook that can be read") from error
    if not tables:
        raise DataError("none of its sheets has a line of headings")
    number, name, table = max(tables, key=lambda each: (len(each[2][2]), -each[0]))
    header, columns, rows = table
    return (name if number else None), header, columns, rows[:most]


def _table(rows: list[tuple[int, list[Any]]]) -> tuple[int, tuple[str, ...], list[Sequence[Any]]] | None:
    """The first line, as wide as most rows, that is all words."""
    widths = sorted(sum(cell is not None for cell in cells) for _, cells in rows[:200])
    usual = widths[len(widths) // 2] if widths else 0
    for place, (line, cells) in enumerate(rows[:HEADER_WITHIN]):
        filled = [cell for cell in cells if cell is not None]
        words = all(isinstance(cell, str) and not is_date(cell) and not is_number(cell) for cell in filled)
        if filled and len(filled) >= max(1, usual - 1) and words:
            columns = tuple("" if cell is None else cell for cell in cells)
            return line, columns, [row for _, row in rows[place + 1 :]]
    return None


def _part(archive: zipfile.ZipFile, name: str) -> Iterator[ET.Element]:
    """Elements of a part as they end; of a longer part, those of its first megabytes."""
    with archive.open(name) as file:
        data = file.read(BYTES)
    if b"<!DOCTYPE" in data:  # no workbook has one: it is how entities that explode are brought in
        raise DataError("it is no Excel workbook that can be read")
    parser: Any = ET.XMLPullParser(["end"])
    parser.feed(data)
    for _, element in parser.read_events():
        yield element


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _sheets(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Names of the sheets and where they lie; a hidden one lies nowhere."""
    targets = {
        each.get("Id", ""): each.get("Target", "")
        for each in _part(archive, "xl/_rels/workbook.xml.rels")
        if _local(each) == "Relationship"
    }
    found = []
    for each in _part(archive, "xl/workbook.xml"):
        if _local(each) == "sheet":
            shown = each.get("state", "visible") == "visible"
            target = targets.get(each.get(RELATION, ""), "") if shown else ""
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            found.append((each.get("name", ""), part if target else ""))
    return found


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [
        "".join(part.text or "" for part in each.iter() if _local(part) == "t")
        for each in _part(archive, "xl/sharedStrings.xml")
        if _local(each) == "si"
    ]


def _date_styles(archive: zipfile.ZipFile) -> set[int]:
    """Numbers of the cell styles that show a date."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    custom, formats = set(DATE_FORMATS), []
    for each in _part(archive, "xl/styles.xml"):
        if _local(each) == "numFmt":
            code = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", each.get("formatCode", ""))
            if re.search(r"[ymdhs]", code, re.IGNORECASE):
                custom.add(int(each.get("numFmtId", "0")))
        elif _local(each) == "cellXfs":
            formats = [int(style.get("numFmtId", "0")) for style in each]
    return {number for number, code in enumerate(formats) if code in custom}


def _rows(
    archive: zipfile.ZipFile, part: str, words: list[str], moments: set[int], most: int
) -> Iterator[tuple[int, list[Any]]]:
    line = count = 0
    for row in _part(archive, part):
        if _local(row) != "row":
            continue
        line = int(row.get("r", line + 1))
        cells: dict[int, Any] = {}
        for place, cell in enumerate(row):
            at = _column(cell.get("r", ""), place)
            value = _value(cell, words, moments)
            if value is not None and at < WIDEST:
                cells[at] = value
        if cells:
            yield line, [cells.get(at) for at in range(max(cells) + 1)]
            count += 1
        row.clear()
        if count > most + HEADER_WITHIN:
            return


def _column(reference: str, place: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference)
    if not letters:
        return place
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: ET.Element, words: list[str], moments: set[int]) -> Any:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(part.text or "" for part in cell.iter() if _local(part) == "t") or None
    held = next((part.text for part in cell if _local(part) == "v"), None) or None
    if held is None or kind not in ("s", "n"):
        return held
    if kind == "s":
        return (words[int(held)] or None) if held.isdecimal() and int(held) < len(words) else None
    return _number(held, int(cell.get("s", "0")) in moments)


def _number(held: str, is_moment: bool) -> Any:
    """A number, or the moment that its cell shows it as; what is neither stays text."""
    try:
        number = float(held)
        return dt.datetime(1899, 12, 30) + dt.timedelta(days=number) if is_moment else number
    except (ValueError, OverflowError):
        return held
