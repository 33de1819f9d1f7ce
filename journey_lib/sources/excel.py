"""Excel sheets: every cell is taken as what it is, and no formula is ever computed."""

from __future__ import annotations

import datetime as dt
import importlib
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from journey_lib.engine import Engine, literal
from journey_lib.errors import DataError
from journey_lib.sources import convert, written
from journey_lib.sources.files import file_by_file
from journey_lib.workspace import Source

PIECE = 20_000
LARGEST_PART = 1 << 30  # unzipped; a workbook of a few kilobytes can be made to fill any disk
CELL = pa.struct(
    {
        "text": pa.string(),
        "number": pa.float64(),
        "moment": pa.timestamp("us"),
        "serial": pa.timestamp("us"),
        "wrong": pa.string(),
    }
)


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage one sheet of each workbook: the one named by `sheet`, or the first."""
    return file_by_file(source, root, engine, into, _stage_file)


def _stage_file(source: Source, path: Path, engine: Engine, into: str) -> dict[str, int]:
    values, formulas = _open(path, data_only=True), _open(path, data_only=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not matter to cells
            sheets = [_sheet(book, source, path) for book in (values, formulas)]
            rows = zip(*(sheet.iter_rows(min_row=source.header) for sheet in sheets), strict=True)
            header = _header(next(rows, ((), ()))[0], path, source)
            cells = f"{into}_cells"
            schema = pa.schema({f"c{i}": CELL for i in range(len(header))} | {"row": pa.int64()})
            engine.keep(cells, schema.empty_table())
            for piece in _pieces(rows, len(header), values.epoch, source.header + 1):
                engine.keep(f"{cells}_piece", pa.Table.from_pylist(piece, schema))
                engine.run(f"INSERT INTO {cells} SELECT * FROM {cells}_piece")
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        OSError,
        SyntaxError,
    ) as error:
        raise _unreadable(path, error) from error
    finally:
        values.close()
        formulas.close()
    places = {name: f"c{index}" for index, name in enumerate(header) if name}
    relation = f"SELECT *, {literal(path.name)} AS file FROM {cells}"
    counted = convert.canonical(source, dict.fromkeys(places, written.CELL), relation, engine, into, places)
    engine.run(f"DROP TABLE {cells}")
    engine.run(f"DROP TABLE IF EXISTS {cells}_piece")
    return counted


def _open(path: Path, *, data_only: bool) -> Any:
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError:
        raise DataError(
            "reading Excel needs a package that is not installed",
            where=str(path),
            do='run `pip install "journey-workbench[excel]"`, or export the sheet as CSV',
        ) from None
    try:
        with zipfile.ZipFile(path) as parts:
            huge = [part.filename for part in parts.infolist() if part.file_size > LARGEST_PART]
        if huge:
            raise DataError(
                f"{path.name} unpacks to more than can be a workbook", where=f"{path}: {huge[0]}",
                do="export the sheet again, or as CSV",
            )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(path, read_only=True, data_only=data_only, keep_links=False)
    except DataError:
        raise
    except Exception as error:  # whatever a damaged or hostile workbook makes the parser say
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    old = path.open("rb").read(4) == b"\xd0\xcf\x11\xe0"
    return DataError(
        f"{path.name} cannot be read as an Excel workbook (.xlsx)",
        where=str(path),
        do="remove its password or save it as .xlsx"
        if old
        else "open it in Excel and save it again, or export CSV",
    )


def _sheet(book: Any, source: Source, path: Path) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if source.sheet is not None and source.sheet not in names:
        raise DataError(
            f"{path.name} has no sheet '{source.sheet}'", where=str(path), do=f"it has: {', '.join(names)}"
        )
    if not names:
        raise DataError(f"{path.name} has no sheet of cells", where=str(path))
    sheet = book[source.sheet or names[0]]
    sheet.reset_dimensions()  # what a file says of its own size is often wrong
    return sheet


def _header(cells: Any, path: Path, source: Source) -> list[str]:
    header = ["" if cell.value is None else convert.column_name(str(cell.value)) for cell in cells]
    if not any(header):
        raise DataError(
            f"{path.name} is empty",
            where=f"{path}, line {source.header}",
            do="say in `header` in which line the column names stand",
        )
    twice = sorted(name for name, count in Counter(filter(None, header)).items() if count > 1)
    if twice:
        raise DataError(
            f"{path.name} names a column twice: {', '.join(repr(name) for name in twice)}",
            where=f"{path}, line {source.header}",
            do="rename one of them",
        )
    return header


def _pieces(
    rows: Iterator[Any], width: int, epoch: dt.datetime, first: int
) -> Iterator[list[dict[str, Any]]]:
    """The rows under the header, some thousand at a time, numbered as Excel does, `first` being the first.

    Rows without any cell are no records, but they count.
    """
    numbers = count(first)
    while taken := list(islice(rows, PIECE)):
        piece = []
        for values, formulas in taken:
            number = next(numbers)
            cells = {
                f"c{i}": _cell(value, formula, epoch)
                for i, (value, formula) in enumerate(zip(values[:width], formulas[:width], strict=True))
            }
            if any(cell is not None for cell in cells.values()):
                piece.append({**cells, "row": number})
        yield piece


def _cell(value: Any, formula: Any, epoch: dt.datetime) -> dict[str, Any] | None:
    said = value.value
    if said is None:
        return {"wrong": "is a formula without a value"} if formula.data_type == "f" else None
    if value.data_type == "e":
        return {"text": str(said), "wrong": "is an error of Excel"}
    if isinstance(said, bool) or not isinstance(said, int | float | dt.date):
        return {"text": str(said)}
    if isinstance(said, dt.date):
        clock = said.time() if isinstance(said, dt.datetime) else dt.time()
        return {"moment": dt.datetime.combine(said, clock.replace(tzinfo=None))}
    return {"number": float(said), "serial": _serial(float(said), epoch)}


def _serial(number: float, epoch: dt.datetime) -> dt.datetime | None:
    """The day a bare number stands for, in the days after 1900 or 1904 that its workbook counts."""
    if not 1 <= number < 2_958_466:
        return None
    leap = 1 if epoch.year < 1904 and number < 60 else 0  # Excel knows a 29 February 1900
    return epoch + dt.timedelta(days=leap, milliseconds=round(number * 86_400_000))
