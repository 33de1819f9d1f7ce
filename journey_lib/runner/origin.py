"""Where a page comes from: the data, the code and the versions it depends on, and one digest of them all."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journey_lib.catalogue import Report
from journey_lib.model import Language
from journey_lib.workspace import CONFIG, Workspace

if TYPE_CHECKING:
    from journey_lib.prepare import Manifest

# Distributions whose version can change what a page says or looks like.
_MATTER = (
    *("journey-workbench", "altair", "babel", "duckdb", "ipykernel", "jinja2", "nbconvert", "numpy"),
    *("pandas", "papermill", "pyarrow", "scikit-learn", "scipy", "splink", "vl-convert-python"),
)


def data(manifest: Manifest, workspace: Workspace) -> dict[str, Any]:
    """Which rows a page rests on, and the first and last day they cover by the workspace's clocks."""
    zone = zoneinfo.ZoneInfo(workspace.timezone)
    first, last = (dt.datetime.fromtimestamp(moment / 1e6, zone).date() for moment in manifest.period)
    return {
        "fingerprint": manifest.fingerprint,
        "rows_in": manifest.rows_in,
        "kept": manifest.kept,
        "dropped": manifest.dropped,
        "period": [first.isoformat(), last.isoformat()],
    }


def versions() -> dict[str, str]:
    """Which versions are installed of what a page depends on."""
    found = {"python": platform.python_version()}
    for name in _MATTER:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def revision(folder: Path) -> dict[str, Any]:
    """Which commit the notebooks in `folder` are at, and if anything changed since; None without git."""
    # no optional locks: looking must not disturb what the user does in the same repository
    git = ["git", "--no-optional-locks", "-C", str(folder)]
    try:
        head = _said([*git, "rev-parse", "HEAD"])
        return {"revision": head, "dirty": bool(_said([*git, "status", "--porcelain"]))}
    except (OSError, subprocess.SubprocessError):
        return {"revision": None, "dirty": None}


def _said(command: list[str]) -> str:
    # fixed words and a folder, no shell
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
    return answer.stdout.strip()


def fingerprint(
    workspace: Workspace, report: Report, parameters: Mapping[str, Any], language: Language, touches: str
) -> str:
    """Digest everything a page depends on; the same digest means the same page."""
    depends = {
        "touches": touches,
        "workspace": _digest([workspace.path / CONFIG, *sorted(workspace.path.glob("maps/*"))]),
        "notebook": _digest([report.path]),
        "library": _digest(_library()),
        "versions": versions(),
        "parameters": parameters,
        "language": language,
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:16]


def _library() -> list[Path]:
    package = Path(__file__).resolve().parents[1]
    found = (Path(folder) / name for folder, _, names in os.walk(package) for name in names)
    return sorted(path for path in found if path.suffix not in (".pyc", ".mo"))


def _digest(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        whole.update(f"{path.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()
