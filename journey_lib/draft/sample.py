"""What a first look at one file shows: never more than its first rows, and nothing of it is kept."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.draft import sheet, text
from journey_lib.errors import DataError

ROWS = 1_000
BYTES = 1 << 20
DEEPEST = 8  # how far into nested JSON a field may lie
WIDEST = 2_000  # columns that are looked at

TEXTUAL = (".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson")
READABLE = (*TEXTUAL, ".parquet", ".xlsx", ".xlsm")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Sample:
    """The first rows of a file, and how it is written.

    `form` is csv, excel, parquet, jsonl or array (one JSON array). Cells are text where the file has no types
    of its own, else what the file says they are; `cut` says that there is more of the file than was read.
    """

    path: Path
    form: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    encoding: str = "utf-8"
    separator: str = ","
    header: int = 1
    sheet: str | None = None
    headless: bool = False
    cut: bool = False

    @property
    def layout(self) -> tuple[Any, ...]:
        """What files must have in common to be read as one source."""
        return (
            self.form,
            self.encoding,
            self.separator,
            self.header,
            self.sheet,
            self.headless,
            self.columns,
        )

    @cached_property
    def cells(self) -> dict[str, list[Any]]:
        """Filled cells of every column."""
        found: dict[str, list[Any]] = {name: [] for name in self.columns}
        for row in self.rows:
            for name, cell in zip(self.columns, row, strict=False):
                if cell is not None and cell != "":
                    found[name].append(cell)
        return found


def look(path: Path) -> Sample:
    """Look at the first rows of a file.

    Raises
    ------
    DataError
        It is empty, damaged, or no table of records.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if not start:
            raise DataError("it is empty")
        if start == b"PAR1":
            return _parquet(path)
        if start.startswith(b"PK"):
            name, header, columns, rows = sheet.first_rows(path, ROWS)
            return Sample(path, "excel", columns, rows, header=header, sheet=name)
        if start == OLD_EXCEL:
            raise DataError("it is an Excel file of the old kind: save it as .xlsx")
        data, cut = _bytes(path, start)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError("it is damaged or was not copied to its end") from error
    except pa.ArrowException as error:
        raise DataError("it is no Parquet file that can be read") from error
    except OSError as error:
        raise DataError(f"it cannot be opened: {error.strerror or 'damaged'}") from error
    encoding, said = text.decoded(data, cut)
    if said.lstrip()[:1] in ("{", "["):
        return _json(path, said, encoding, cut)
    found = text.table(said, cut, ROWS)
    return Sample(
        path,
        "csv",
        found.columns,
        found.rows,
        encoding=encoding,
        separator=found.separator,
        header=found.header,
        headless=found.headless,
        cut=found.cut,
    )


def _bytes(path: Path, start: bytes) -> tuple[bytes, bool]:
    with gzip.open(path) if start.startswith(b"\x1f\x8b") else path.open("rb") as file:
        data = file.read(BYTES + 1)
    if not data:
        raise DataError("it is empty")
    return data[:BYTES], len(data) > BYTES


def _parquet(path: Path) -> Sample:
    with pq.ParquetFile(path) as file:
        columns = tuple(file.schema_arrow.names[:WIDEST])
        batch = next(file.iter_batches(batch_size=ROWS, columns=list(columns)), None)
        rows = [] if batch is None else _cells(batch)
        return Sample(path, "parquet", columns, rows, cut=file.metadata.num_rows > len(rows))


def _cells(batch: pa.RecordBatch) -> list[Sequence[Any]]:
    # Dates beyond Python's calendar would end the look; as text they only look odd.
    columns = []
    for column in batch.columns:
        try:
            columns.append(column.to_pylist())
        except (ValueError, OverflowError):
            columns.append([str(cell) for cell in column.cast(pa.int64()).to_pylist()])
    return list(zip(*columns, strict=True))


def _json(path: Path, said: str, encoding: str, cut: bool) -> Sample:
    form = "array" if said.lstrip().startswith("[") else "jsonl"
    try:
        records = list(_objects(said, form))
    except RecursionError:
        raise DataError("it holds JSON nested far too deeply") from None
    if not records:
        raise DataError("it is no table of records: JSON is read with one object a line")
    flat = [dict(_fields(record)) for record in records]
    columns = tuple(dict.fromkeys(name for record in flat for name in record))[:WIDEST]
    rows = [[record.get(name) for name in columns] for record in flat]
    return Sample(path, form, columns, rows, encoding=encoding, cut=cut or len(records) == ROWS)


def _objects(said: str, form: str) -> Iterator[dict[str, Any]]:
    """Objects one a line, or those of an array; whatever is cut off or malformed is passed over."""
    if form == "jsonl":
        for line in [each for each in said.splitlines() if each.strip()][:ROWS]:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found
        return
    decoder, place, count = json.JSONDecoder(), said.index("[") + 1, 0
    while count < ROWS:
        while place < len(said) and said[place] in " \t\r\n,":
            place += 1
        try:
            found, place = decoder.raw_decode(said, place)
        except ValueError:
            return
        if isinstance(found, dict):
            yield found
        count += 1


def _fields(record: dict[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Fields by their path, such as ``user.id``; lists and what lies too deep stay as they are."""
    for name, value in record.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            yield from _fields(value, f"{before}{name}.", depth + 1)
        else:
            yield f"{before}{name}", value
