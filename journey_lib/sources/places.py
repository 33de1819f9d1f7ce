"""Where in a file a record stands: the line an editor shows, for the few rows that are pointed at."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from journey_lib.sources.files import codec, opened
from journey_lib.workspace import Source


def lines(source: Source, path: Path, rows: Collection[int], malformed: Collection[int]) -> dict[int, int]:
    """The line on which each of these readable records of a CSV file begins.

    Records are counted from 1 below the header, without those on `malformed` lines and without empty lines; a
    record may run over several lines. The file is read no further than the last one asked for; what cannot
    be found is left out.
    """
    found: dict[int, int] = {}
    left, skipped = set(rows), set(malformed)
    here = began = row = 0
    try:
        with opened(path) as file, io.TextIOWrapper(
            file, codec(path, source.encoding), errors="replace", newline=""
        ) as text:  # fmt: skip

            def told() -> Iterator[str]:
                nonlocal here, began
                for here, line in enumerate(text, 1):
                    if here >= source.header and here not in skipped:
                        began = began or here
                        yield line

            records = csv.reader(told(), delimiter=source.separator)
            next(records, None)
            began = 0
            while left and (cells := next(records, None)) is not None:
                if cells:
                    row += 1
                    if row in left:
                        found[row] = began
                        left.discard(row)
                began = 0
    except (csv.Error, OSError, EOFError, zlib.error, gzip.BadGzipFile):
        return found
    return found
