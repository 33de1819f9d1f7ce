"""Finding the files a source names, and reading them as text whatever their encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from journey_lib.engine import Engine
from journey_lib.errors import ConfigError, DataError
from journey_lib.workspace import Source

PIECE = 1 << 20
LONGEST_LINE = 1 << 24  # what the engine takes for a line; a longer one is refused by name, not lost


# Files that are often given another's ending, by their first bytes.
OTHER_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or a zip", "say `format: excel`, or unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as .xlsx or CSV"),
    (b"PAR1", "Parquet", "say `format: parquet`"),
    (b"\x1f\x8b", "a file that was gzipped twice", "unzip it once"),
    (b"%PDF", "a PDF", "export the table itself, as CSV or Excel"),
)


def matching(source: Source, root: Path) -> list[Path]:
    """Files that match the source's path, sorted by name.

    Raises
    ------
    ConfigError
        The path leaves the workspace's own way of naming files: it is absolute.
    DataError
        Nothing matches, or what matches is a folder.
    """
    try:
        found = sorted(root.glob(source.path))
    except (NotImplementedError, ValueError):
        raise ConfigError(
            f"path: '{source.path}' cannot be looked up",
            do="name files relative to the workspace, such as raw/events_*.csv",
        ) from None
    if not found:
        raise DataError(
            f"no file for the source '{source.table}'",
            where=str(root / source.path),
            do="put the file there, or correct `path` in journey.yaml (it is relative to the workspace)",
        )
    for path in found:
        if not path.is_file():
            raise DataError(
                f"{path.name} is not a file", where=str(path), do="name files, such as raw/events_*.csv"
            )
    return found


def file_by_file(
    source: Source,
    root: Path,
    engine: Engine,
    into: str,
    stage_file: Callable[[Source, Path, Engine, str], Mapping[str, int]],
) -> Mapping[str, int]:
    """Stage the files of a source one after another into one table; what was counted, of all of them."""
    parts = []
    counted: Counter[str] = Counter()
    for index, path in enumerate(matching(source, root)):
        part = f"{into}_{index}"
        counted.update(stage_file(source, path, engine, part))
        parts.append(part)
    if len(parts) == 1:
        engine.run(f"ALTER TABLE {parts[0]} RENAME TO {into}")
        return dict(counted)
    engine.run(f"CREATE TABLE {into} AS {' UNION ALL '.join(f'SELECT * FROM {p}' for p in parts)}")
    for part in parts:
        engine.run(f"DROP TABLE {part}")
    return dict(counted)


def zipped(path: Path) -> bool:
    """Whether a file is gzipped, by its first bytes and not by its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, unzipped on the way when it is gzipped."""
    return gzip.open(path, "rb") if zipped(path) else path.open("rb")  # type: ignore[return-value]


def scratch(engine: Engine) -> Path:
    """A folder for what is needed while reading; it goes with the engine."""
    folder = Path(engine.one("SELECT current_setting('temp_directory')")[0]).parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_lines(path: Path) -> None:
    """Refuse a file that is damaged, or has a line so long that it would vanish in the engine."""
    if not zipped(path) and path.stat().st_size < LONGEST_LINE:
        return
    length = 0
    try:
        with opened(path) as file:
            while piece := file.read(PIECE):
                ends = [at for at in (piece.find(b"\n"), piece.find(b"\r", 0, 1 << 16)) if at >= 0]
                first = min(ends, default=-1)
                length += len(piece) if first < 0 else first
                if length >= 2 * LONGEST_LINE:
                    raise DataError(
                        f"{path.name} has a line of more than {2 * LONGEST_LINE >> 20} MB",
                        where=str(path),
                        do="export it again, with an end to every line",
                    )
                if first >= 0:
                    length = len(piece) - 1 - max(piece.rfind(b"\n"), piece.rfind(b"\r"))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> DataError:
    """What to say of a gzipped file that cannot be unzipped to its end."""
    return DataError(
        f"{path.name} is damaged or was not copied to its end", where=f"{path}: {error}", do="copy it again"
    )


def _start(path: Path) -> bytes:
    try:
        with opened(path) as file:
            return file.read(8)
    except (EOFError, zlib.error, OSError):
        return b""


def undecodable(path: Path, encoding: str, line: int) -> DataError:
    """What to say of bytes that are no text in the declared encoding."""
    start = path.open("rb").read(4) if not zipped(path) else b""
    if encoding != "utf-16" and start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return DataError(
            f"{path.name} cannot be read as {encoding.upper()}: it is UTF-16",
            where=f"{path}, line {line}",
            do="say `encoding: utf-16` under this source in journey.yaml",
        )
    for mark, kind, do in OTHER_KINDS:
        if _start(path).startswith(mark):
            return DataError(f"{path.name} is no text: it looks like {kind}", where=str(path), do=do)
    if encoding == "utf-8":
        bad, good = _other_lines(path)
        if good > bad:
            return DataError(
                f"{path.name} is UTF-8, but for {bad} line{'s' if bad > 1 else ''} in another encoding",
                where=f"{path}, line {line}",
                how_many=f"{bad} of {bad + good} lines with letters beyond ASCII",
                do="files of several encodings were put together: export it again, or save them as UTF-8",
            )
    do = "if it is windows-1258, say `encoding: windows-1258` under this source in journey.yaml"
    if encoding != "utf-8":
        do = "say its real `encoding` under this source in journey.yaml: utf-8, utf-16 or windows-1258"
    return DataError(
        f"{path.name} cannot be read as {encoding.upper()} text", where=f"{path}, line {line}", do=do
    )


def _other_lines(path: Path) -> tuple[int, int]:
    """Of the lines with bytes beyond ASCII: how many are no UTF-8, and how many are."""
    bad = good = 0
    try:
        with opened(path) as file:
            while line := file.readline(LONGEST_LINE):
                if line.isascii():
                    continue
                try:
                    line.decode()
                    good += 1
                except UnicodeDecodeError:
                    bad += 1
    except (EOFError, zlib.error, OSError):
        return bad, 0
    return bad, good


def codec(path: Path, encoding: str) -> str:
    """The codec of a declared encoding; UTF-16 without a mark tells its byte order by its first letter."""
    if encoding == "utf-8":
        return "utf-8-sig"
    if encoding == "utf-16":
        with opened(path) as file:
            start = file.read(2)
        if start not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
    return encoding


def transcoded(path: Path, encoding: str, into: Path, skip_lines: int = 0) -> Path:
    """Copy a file as UTF-8 with plain line ends and without its first lines, a piece at a time."""
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(codec(path, encoding))(), translate=True
    )
    line, left = 1, skip_lines
    try:
        with opened(path) as file, into.open("w", encoding="utf-8", newline="") as copy:
            while True:
                piece = file.read(PIECE)
                text = decoder.decode(piece, final=not piece)
                line += text.count("\n")
                while left and (end := text.find("\n")) >= 0:
                    text, left = text[end + 1 :], left - 1
                copy.write("" if left else text)
                if not piece:
                    return into
    except UnicodeError as error:
        before = getattr(error, "object", b"")[: getattr(error, "start", 0)]
        raise undecodable(path, encoding, line + before.count(b"\n")) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, error) from error
