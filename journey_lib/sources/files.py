"""Finding the files a source names."""

from __future__ import annotations

from pathlib import Path

from journey_lib.errors import DataError
from journey_lib.workspace import Source


def matching(source: Source, root: Path) -> list[Path]:
    """Files that match the source's path, sorted by name.

    Raises
    ------
    DataError
        Nothing matches, or what matches is a folder.
    """
    found = sorted(root.glob(source.path))
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
