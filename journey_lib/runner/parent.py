"""The process that kernels are forked from: it loads what every report needs once, and runs nothing itself.

Started by `runner.warm` as ``python -m journey_lib.runner.parent``. A line of JSON on its input asks for a
kernel, a line on its output answers, ``{"ask": 1, "pid": 4711}``, and later ``{"pid": 4711, "code": 0}``.
When its input ends, whoever asked is gone, and every kernel left is killed with all it started.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

_LOOK = 0.05  # seconds between two looks at kernels that run
_USED = (
    *("ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger", "ipywidgets", "anywidget"),
    *("vl_convert", "duckdb", "pyarrow.parquet", "pyarrow.dataset", "scipy.special", "scipy.sparse.linalg"),
)


def main() -> None:
    """Load, then fork a kernel for each request; returns in the kernel, to end as any kernel does."""
    over: list[bool] = []
    atexit.register(_leave, over)  # the first that is registered is the last that is called
    asked, answers = os.dup(0), os.dup(1)
    _point(os.devnull, 0, 1)  # what an imported module prints is no answer
    _load()
    # The kernels share what is loaded for as long as nobody writes to it, and collecting garbage would.
    gc.collect()
    gc.freeze()
    request = _serve(asked, answers)
    os.close(asked)
    os.close(answers)
    _become(request)
    over.append(True)


def _load() -> None:
    """Import, and make once what is kept after its first use: the schema of charts, words, numbers."""
    import journey_lib

    for name in _USED:
        importlib.import_module(name)
    for name in journey_lib.__all__:
        getattr(journey_lib, name)
    # No query, no drawing, no sum over a large array: none of the libraries may have started the threads it
    # works with, because a fork leaves them behind.
    from journey_lib import i18n, theme

    chart = importlib.import_module("altair").Chart({"values": [{"a": 1}]}, title="a", description="a")
    for language in ("vi", "en"):
        i18n.text("Table", language=language)
        i18n.number(1.5, 1, language)
        theme.titles(chart.mark_bar().encode(x="a:Q").to_dict())


def _serve(asked: int, answers: int) -> dict[str, Any]:
    """Answer requests until the input ends; in a forked child, return its request."""
    kernels: set[int] = set()
    unread = b""
    while True:
        readable, _, _ = select.select([asked], [], [], _LOOK if kernels else None)
        if readable:
            piece = os.read(asked, 65536)
            if not piece:
                for pid in kernels:
                    with contextlib.suppress(OSError):
                        os.killpg(pid, signal.SIGKILL)
                os._exit(0)
            *lines, unread = (unread + piece).split(b"\n")
            for line in lines:
                request = json.loads(line)
                pid = _fork()
                if not pid:
                    return dict(request)
                kernels.add(pid)
                _answer(answers, {"ask": request["ask"], "pid": pid})
        for pid in tuple(kernels):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                kernels.remove(pid)
                _answer(answers, {"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _answer(answers: int, what: Mapping[str, int]) -> None:
    with contextlib.suppress(BrokenPipeError):  # its input has ended too, and will be read next
        os.write(answers, json.dumps(what).encode() + b"\n")


def _fork() -> int:
    with warnings.catch_warnings():
        # The threads Python warns of are OpenBLAS's and jemalloc's; both prepare for a fork by themselves.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    with contextlib.suppress(
        OSError
    ):  # both sides do it: whoever comes first, it can be killed with its children
        os.setpgid(pid, pid)
    return pid


def _become(request: Mapping[str, Any]) -> None:
    """Turn this forked process into the kernel that was asked for: its folder, its environment, its log."""
    import numpy as np
    from ipykernel import kernelapp

    _point(request["log"], 1, 2)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    np.random.seed()  # noqa: NPY002 - the old global generator would draw the same numbers in every kernel
    if sys.path[0] in ("", os.getcwd()):
        del sys.path[0]  # IPython puts it back, as in a kernel of its own
    sys.argv[1:] = [*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"]
    kernelapp.launch_new_instance()


def _leave(over: Sequence[bool]) -> None:
    """End a kernel that has come to its end, without taking everything apart: half a second of each page.

    Threads have been waited for and whatever asked to be called at the end has been; whose kernel broke off
    ends as Python does.
    """
    if over:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(0)


def _point(file: str, *descriptors: int) -> None:
    opened = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    for descriptor in descriptors:
        os.dup2(opened, descriptor)
    os.close(opened)


if __name__ == "__main__":
    main()
