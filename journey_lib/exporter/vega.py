"""The drawing library, packed once: what makes a page's charts live without a network."""

from __future__ import annotations

import base64
import contextlib
import functools
import gzip
import os
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import vl_convert


@dataclass(frozen=True)
class Bundle:
    """Vega, Vega-Lite and vega-embed: `code` as browsers run it, `packed` as pages carry it."""

    code: str
    packed: str


@functools.cache
def bundle() -> Bundle:
    """The library in the version of this machine's vl-convert: page and still are drawn by the same Vega.

    Building it takes seconds and gives the same bytes each time, so it is kept in the user's cache folder
    under its versions; a missing, broken or forbidden cache only costs those seconds.
    """
    made_of = (
        version("vl-convert-python"),
        vl_convert.get_vega_version(),
        vl_convert.get_vega_embed_version(),
    )
    kept = _cache() / f"vega-{'-'.join(made_of)}.js.gz"
    try:
        raw = kept.read_bytes()
        code = gzip.decompress(raw).decode()
    except (OSError, EOFError, ValueError):
        code = vl_convert.javascript_bundle()  # type: ignore[call-arg]
        raw = gzip.compress(code.encode(), 9, mtime=0)
        with contextlib.suppress(OSError):
            _keep(kept, raw)
    return Bundle(code=code, packed=base64.b64encode(raw).decode())


def _cache() -> Path:
    home = Path.home()
    folder = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": str(home / "Library" / "Caches")}.get(
        sys.platform
    )
    return Path(folder or os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "journey-workbench"


def _keep(target: Path, raw: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(raw)
    Path(file.name).replace(target)
