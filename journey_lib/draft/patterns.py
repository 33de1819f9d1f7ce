"""Which files there are, and which are parts of one export: orders_2025-01.csv and orders_2025-02.csv."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from journey_lib.draft.sample import READABLE, Sample, look
from journey_lib.errors import DataError

MOST_FILES = 2_000
NOT_RAW = {"work", "truth", "reports", "maps", "rejected"}  # of a workspace whose files lie in no raw/
SIDE_FILES = ("column_headers.tsv", "browser.tsv", "event.tsv", "browser_type.tsv", "operating_systems.tsv")


@dataclass(frozen=True)
class Group:
    """Files that are read as one source: their pattern within the workspace, and a look at each."""

    path: str
    samples: Sequence[Sample]


def find(folder: Path, workspace: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Files worth a look, in order, and those that are not, with the reason."""
    files: list[Path] = []
    left: list[tuple[Path, str]] = []
    for place, inside, held in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        if Path(place) == workspace:
            inside[:] = [name for name in inside if name not in NOT_RAW]
            held = [name for name in held if not name.startswith(("journey.yaml", "README"))]  # noqa: PLW2901
        for name in sorted(held):
            path = Path(place) / name
            if name.startswith((".", "~$")):
                continue
            if not path.is_file():
                left.append((path, "it is no file"))
            elif not name.lower().removesuffix(".gz").endswith((*READABLE, ".xls")):
                left.append((path, "files of this kind are not read"))
            elif len(files) == MOST_FILES:
                left.append((path, f"only the first {MOST_FILES:,} files are looked at"))
            else:
                files.append(path)
    return files, left


def grouped(files: Sequence[Path], workspace: Path) -> tuple[list[Group], list[tuple[Path, str]]]:
    """Look at every file and put together those with the same headings and names that differ in numbers."""
    samples: list[Sample] = []
    left: list[tuple[Path, str]] = []
    for path in files:
        if path.name.removesuffix(".gz") in SIDE_FILES:
            left.append((path, "it belongs to an Adobe data feed"))
            continue
        try:
            samples.append(look(path))
        except DataError as error:
            left.append((path, error.what))
    together: dict[tuple[object, ...], list[Sample]] = defaultdict(list)
    for sample in samples:
        layout = sample.layout if sample.form in ("csv", "excel", "parquet") else (sample.form,)
        together[(sample.path.parent, re.sub(r"\d[\d_.-]*\d|\d", "\0", sample.path.name), *layout)].append(
            sample
        )
    groups = []
    for members in together.values():
        pattern = _pattern([member.path for member in members], files, workspace)
        if pattern is not None:
            groups.append(Group(pattern, members))
        else:
            groups += [Group(_alone(member.path, workspace), [member]) for member in members]
    return sorted(groups, key=lambda group: group.path), left


def _alone(path: Path, workspace: Path) -> str:
    return _spelt(path.relative_to(workspace).as_posix())


def _spelt(name: str) -> str:
    """A name as a pattern that means only it; letters that no YAML can hold become ``?``."""
    return "".join("?" if "\ud800" <= letter <= "\udfff" else glob.escape(letter) for letter in name)


def _pattern(paths: Sequence[Path], files: Sequence[Path], workspace: Path) -> str | None:
    """A pattern that means all of these and no other file, if there is one."""
    if len(paths) == 1:
        return _alone(paths[0], workspace)
    parts = [re.split(r"(\d[\d_.-]*\d|\d)", path.name) for path in paths]
    spelt = "".join(
        _spelt(pieces[0]) if len(set(pieces)) == 1 else "*" for pieces in zip(*parts, strict=True)
    )
    beside = [file for file in files if file.parent == paths[0].parent]
    if {file for file in beside if fnmatch.fnmatchcase(file.name, spelt)} != set(paths):
        return None
    parent = paths[0].parent.relative_to(workspace).as_posix()
    return spelt if parent == "." else f"{_spelt(parent)}/{spelt}"
