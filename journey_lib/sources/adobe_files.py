"""The files of an Adobe data feed: which hold hits, what names their columns, and what their ids mean."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.sources import cells
from journey_lib.sources.files import LONGEST_LINE, PIECE, codec, damaged, opened, scratch, undecodable
from journey_lib.workspace import Source

HEADERS, EVENTS, SEARCH_ENGINES = "column_headers.tsv", "event.tsv", "search_engines.tsv"
# Files of ids and names that come with the hits and are none.
LOOKUPS = (
    *(HEADERS, EVENTS, SEARCH_ENGINES, "referrer_type.tsv", "browser.tsv", "browser_type.tsv", "country.tsv"),
    *("color_depth.tsv", "connection_type.tsv", "javascript_version.tsv", "languages.tsv", "plugins.tsv"),
    *("operating_systems.tsv", "operating_system_type.tsv", "mobile_attributes.tsv", "resolution.tsv"),
)
# A tab or line end that belongs to the value; whatever else stands behind a backslash is left for later.
ESCAPED = re.compile(rb"\\(\t|\r?\n|.)", re.DOTALL)


def _is(path: Path, name: str) -> bool:
    return path.name.removesuffix(".gz").endswith(name)


def hit_files(source: Source, paths: Sequence[Path]) -> list[Path]:
    """Those of the files that hold hits.

    Raises
    ------
    DataError
        There are none, or the files are still packed together.
    """
    packed = [path for path in paths if re.search(r"\.(tar(\.gz)?|tgz|zip)$", path.name)]
    if packed:
        raise DataError(
            f"{packed[0].name} is packed", where=str(packed[0]), do="unpack it beside the hits, and delete it"
        )
    found = [path for path in paths if not any(_is(path, name) for name in LOOKUPS)]
    found = [path for path in found if path.suffix != ".txt"]  # the manifest of a delivery
    if not found:
        raise DataError(
            "none of the files holds hits",
            where=source.path,
            do="let `path` name them, such as raw/adobe/*.tsv.gz",
        )
    return found


def header(path: Path) -> list[str]:
    """The names of the columns of a file of hits, from the file that came with it.

    Raises
    ------
    DataError
        There is no such file, or more than one.
    """
    beside = sorted(other for other in path.parent.iterdir() if _is(other, HEADERS))
    if len(beside) != 1:
        raise DataError(
            f"the hits of {path.name} have {'no' if not beside else 'more than one'} {HEADERS} beside them",
            where=str(path.parent),
            do=f"unpack the file that ends in lookup_data.tar.gz there: one {HEADERS} beside the hits",
        )
    try:
        with opened(beside[0]) as file:
            text = file.readline(LONGEST_LINE).decode(codec(beside[0], "utf-8"))
    except UnicodeError:
        raise undecodable(beside[0], "utf-8", 1) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(beside[0], error) from error
    names = [name.strip().lower() for name in (text.splitlines() or [""])[0].split("\t")]
    if not any(names):
        raise DataError(f"{beside[0].name} is empty", where=str(beside[0]), do="export the feed again")
    return names


def without_escapes(path: Path, encoding: str, engine: Engine, into: str) -> Path | None:
    """A copy in which an escaped tab or line end no longer ends a cell or hit; None where there is none."""
    if encoding != "utf-8":
        raise DataError(
            f"{path.name} is declared as {encoding.upper()}, and data feeds are not",
            where=str(path),
            do="choose UTF-8 when the feed is set up, and leave out `encoding` in journey.yaml",
        )
    with opened(path) as file:
        if not _has_escapes(file):
            return None
    copy = scratch(engine) / f"{into}.tsv"
    with opened(path) as file, copy.open("wb") as plain:
        left = b""
        while piece := file.read(PIECE):
            text = left + piece
            # Of an odd number of backslashes at the end, the last belongs to what comes next.
            whole = text.removesuffix(b"\r")
            odd = (len(whole) - len(whole.rstrip(b"\\"))) % 2
            cut = len(whole) - 1 if odd else len(text)
            text, left = text[:cut], text[cut:]
            plain.write(ESCAPED.sub(_letter, text))
        plain.write(left)
    return copy


def _has_escapes(file: IO[bytes]) -> bool:
    last = b""
    while piece := file.read(PIECE):
        text = last + piece
        if any(mark in text for mark in (b"\\\t", b"\\\n", b"\\\r\n")):
            return True
        last = text[-2:]
    return False


def _letter(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return rb"\t" if sign == b"\t" else rb"\n" if sign.endswith(b"\n") else found[0]


def look_up(name: str, paths: Sequence[Path], engine: Engine, into: str) -> None:
    """Create `into` with the ids and names of a file that came with the hits; empty where none did."""
    cells.create(("id", "name"), engine, into)
    beside = {other for path in paths for other in path.parent.iterdir() if _is(other, name)}
    for path in sorted(beside):
        cells.append(path, ("id", "name"), ("id", "name"), engine, into, separator="\t", quote="", skip=0)
    engine.run(f"DROP TABLE {into}_bad")
