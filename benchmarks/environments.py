"""Each peer in a virtual environment of its own, at pinned versions: never in ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SHARED = ("numpy==2.4.6", "pandas==3.1.1")
PINS: dict[str, tuple[str, ...]] = {
    # Comes as source: needs a C++ compiler. Imports matplotlib without declaring it.
    "channel_attribution": ("ChannelAttribution==2.2.5", "matplotlib==3.11.2", *SHARED),
    "do_attribution": ("do-attribution==0.0.2", *SHARED),
    "mam": ("marketing-attribution-models==2.1.1", "polars==2.1.0", "pyarrow==26.0.1", *SHARED),
    "retentioneering": ("retentioneering==5.2.4", "pyarrow==26.0.1"),
    "networkx": ("networkx==3.6.1", "pyarrow==26.0.1", *SHARED),
}


def python(environment: str) -> str:
    """The interpreter of an environment, made on first use; "ours" is the one that runs this."""
    if environment == "ours":
        return sys.executable
    folder = HERE / ".envs" / environment
    stamp, pins = folder / "pins.txt", "\n".join(PINS[environment])
    interpreter = folder / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == pins):
        print(f"installing {environment}: {', '.join(PINS[environment])}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        install(folder, interpreter, PINS[environment])
        stamp.write_text(pins)
    return str(interpreter)


def install(folder: Path, interpreter: Path, pins: tuple[str, ...]) -> None:
    uv = shutil.which("uv")
    make = [uv, "venv", "-q", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    add = [uv, "pip", "install", "-q", "--python"] if uv else [str(interpreter), "-m", "pip", "install", "-q"]
    subprocess.run([*make, str(folder)], check=True)
    subprocess.run([*add, *([str(interpreter)] if uv else []), *pins], check=True)


def surroundings() -> dict[str, str]:
    """The environment variables of a measured process, the same on both sides.

    Compiled bytecode is kept (in one place, made by the warm-up run), so that nobody is charged for an
    installer that did not compile. The library is that of the checkout these scripts stand in.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    cache = HERE / ".data" / "pycache"
    return {
        **kept,
        "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent}",
        "PYTHONPYCACHEPREFIX": str(cache),
        "PYTHONHASHSEED": "0",
    }
