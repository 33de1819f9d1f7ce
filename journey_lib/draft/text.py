"""Reading the first lines of a text file: its encoding, what stands between cells, where the headings are."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from journey_lib.draft.shapes import is_data
from journey_lib.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
HEADER_WITHIN = 30  # lines in which the headings are looked for, below titles
LOOKED_AT = 200  # lines by which the separator is told


@dataclass(frozen=True)
class Table:
    """Headings and first rows of delimited text; `headless` when its first line is already data."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    separator: str
    header: int
    headless: bool
    cut: bool


def decoded(data: bytes, cut: bool) -> tuple[str, str]:
    """The encoding these bytes are in, by the names journey.yaml uses, and the text they spell."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", codecs.getincrementaldecoder("utf-16")("replace").decode(data)
    try:
        said = codecs.getincrementaldecoder("utf-8")().decode(data, final=not cut)
    except UnicodeDecodeError:
        # Every byte means something in windows-1258, so this is a guess and is told as one.
        return "windows-1258", data.decode("cp1258", "replace")
    if said.count("\0") > len(said) / 10:
        raise DataError("it is no text, or UTF-16 text without its mark: export it as UTF-8")
    return "utf-8", said.removeprefix("\ufeff")


def table(said: str, cut: bool, most: int) -> Table:
    """Cut text into cells by the separator that gives the most even rows, and find its headings."""
    if not said.strip():
        raise DataError("it is empty")
    read = {mark: _records(said, mark, LOOKED_AT) for mark in SEPARATORS}
    separator = max(SEPARATORS, key=lambda mark: _evenness([cells for _, cells in read[mark]]))
    records = _records(said, separator, most + HEADER_WITHIN)
    whole = records[:-1] if cut and len(records) > 1 and len(records) < most + HEADER_WITHIN else records
    usual = _usual([cells for _, cells in whole])
    for place, (line, cells) in enumerate(whole[:HEADER_WITHIN]):
        if len(cells) != usual:
            continue
        if any(map(is_data, cells)):
            return Table((), [row for _, row in whole[place:]][:most], separator, line, True, cut)
        if sum(1 for cell in cells if cell.strip()) >= max(1, usual - 1):
            rows = [row for _, row in whole[place + 1 :]]
            return Table(tuple(cells), rows[:most], separator, line, False, cut or len(rows) > most)
    raise DataError("no line of headings was found in it")


def _records(said: str, separator: str, most: int) -> list[tuple[int, list[str]]]:
    """Records that are not empty, each with the number of the line it starts in."""
    reader, found = csv.reader(io.StringIO(said, newline=""), delimiter=separator), []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((line, cells))
            line = reader.line_num + 1
            if len(found) == most:
                break
    except csv.Error:
        pass  # a cell that never ends: what came before it is what can be looked at
    return found


def _usual(records: Sequence[Sequence[str]]) -> int:
    """How many cells most rows have; of equals, the more."""
    counted = Counter(len(cells) for cells in records)
    return max(counted, key=lambda width: (counted[width], width), default=0)


def _evenness(records: Sequence[Sequence[str]]) -> float:
    usual = _usual(records)
    if usual < 2:
        return 0
    return usual**0.5 * sum(len(cells) == usual for cells in records) / len(records)
