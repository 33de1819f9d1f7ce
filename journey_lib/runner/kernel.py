"""Run a notebook's cells in a kernel of their own, and know truthfully how that ended.

The executed notebook's metadata are never believed: after a kernel's death they call every cell completed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journey_lib.errors import DeadlinePassed, ReportFailed
from journey_lib.model import HEADLESS
from journey_lib.once import KEPT
from journey_lib.runner.warm import Forked, Warm

START_TIMEOUT = 120  # seconds a loaded machine may take to start a kernel
OUTPUT_TIMEOUT = 120  # seconds the last outputs of a cell may take to arrive
_SOCKET_PATH = 90  # bytes of path a Unix socket can have everywhere, room for its number left


@dataclass
class Executed:
    """What came back: the notebook as far as it got, and what stopped it, if anything did."""

    notebook: Any
    cell: int = 0
    error: BaseException | None = None


@dataclass
class _Watch:
    """Kills the kernel when its time is up or its run is called off; nothing in a kernel can outlast that."""

    stop: threading.Event
    until: float | None
    process: subprocess.Popen[bytes] | Forked | None = None
    over: threading.Event = field(default_factory=threading.Event)
    late: bool = False

    def look(self) -> None:
        while not self.over.wait(0.1):
            self.late = self.late or (self.until is not None and time.monotonic() > self.until)
            if self.called_off():
                self.kill()

    def called_off(self) -> bool:
        return self.late or self.stop.is_set()

    def kill(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        if sys.platform == "win32":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # its children too


def execute(
    notebook: Any,
    *,
    stop: threading.Event,
    until: float | None = None,
    warm: Warm | None = None,
    kept: Path | None = None,
) -> Executed:
    """Run all cells of `notebook` in a fresh kernel of this Python; never raises: see `Executed.error`.

    `until` is a time of `time.monotonic`; `stop` calls the run off from another thread. The kernel is forked
    from `warm` where that can be, and started by itself where not; it shares answers with others in `kept`.
    """
    watch = _Watch(stop, until)
    done = Executed(notebook)
    with _room() as room, (room / "kernel.log").open("ab") as log:
        watcher = threading.Thread(target=watch.look, daemon=True)
        watcher.start()
        try:
            _through_papermill(done, watch, room, _manager(watch, log, warm, kept))
        except BaseException as error:  # a Ctrl-C must leave a truthful record too
            done.error = error
        finally:
            watch.over.set()
            watcher.join()
            watch.kill()
        done.notebook.cells = [c for c in done.notebook.cells if "papermill-error-cell-tag" not in _tags(c)]
        tail = (room / "kernel.log").read_bytes()[-2000:].decode(errors="replace").strip()
    done.error = _verdict(done, watch, tail)
    return done


def _through_papermill(done: Executed, watch: _Watch, room: Path, manager: type) -> None:
    # imported here, and once per process: it costs seconds that an unchanged report need not spend
    from papermill.execute import execute_notebook
    from traitlets.config import Config

    if watch.called_off():  # while that was loading
        return
    # without a handler, papermill's and nbclient's complaints go to stderr beside our own message
    logging.getLogger("papermill").addHandler(logging.NullHandler())
    socket = sys.platform != "win32" and len(os.fsencode(room)) < _SOCKET_PATH
    config = Config(
        {
            "KernelManager": {
                "transport": "ipc" if socket else "tcp",
                "connection_file": str(room / "kernel.json"),
            }
        }
    )

    def opened(notebook: Any) -> None:
        done.notebook = notebook  # papermill works on a copy, and does not give it back when a cell fails

    def reached(cell: Any, cell_index: int) -> None:  # noqa: ARG001 - the names are nbclient's
        done.cell = cell_index

    execute_notebook(
        done.notebook,
        None,
        kernel_name="python3",
        progress_bar=False,
        request_save_on_cell_execute=False,
        start_timeout=START_TIMEOUT,
        iopub_timeout=OUTPUT_TIMEOUT,
        record_timing=False,
        coalesce_streams=True,
        kernel_manager_class=manager,
        config=config,
        on_notebook_start=opened,
        on_cell_start=reached,
    )


def _manager(watch: _Watch, log: Any, warm: Warm | None, kept: Path | None) -> type:
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    class ThisPython(KernelSpecManager):
        """A kernel named python3 may belong to any environment; a report runs in the one that runs us."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            env = {HEADLESS: "1", **({KEPT: str(kept)} if kept else {})}
            return KernelSpec(argv=command, display_name=kernel_name, language="python", env=env)

    class Warmed(LocalProvisioner):
        """Forks the kernel from a process that has loaded what it needs, or starts it where there is none."""

        async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
            module = cmd.index("-m") + 1
            forked = warm and warm.fork(cmd[module + 1 :], options["env"], Path(log.name), watch.called_off)
            if not forked:
                if watch.called_off():
                    raise RuntimeError("called off before the kernel was there")
                return await super().launch_kernel(cmd, **options)
            self.process = forked  # type: ignore[assignment] # it is asked and killed alike
            self.pid = self.pgid = forked.pid
            return self.connection_info

    class Kernel(AsyncKernelManager):
        """Hands its process to the watch, and keeps what the interpreter itself says out of our output."""

        def _kernel_spec_manager_default(self) -> KernelSpecManager:
            return ThisPython(parent=self)

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override] # async in its class too
            self.provisioner = Warmed(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
            await super().start_kernel(stdout=log, stderr=log, **options)
            watch.process = getattr(self.provisioner, "process", None)

    return Kernel


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    """Make a private folder for the kernel's sockets; a path in a home folder may be too long for them."""
    room = Path(tempfile.mkdtemp(prefix="journey-"))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _verdict(done: Executed, watch: _Watch, tail: str) -> BaseException | None:
    """Judge from what this process saw: the kernel's exit, the outputs, the cells that were never run."""
    if watch.late:
        return DeadlinePassed("the time was up before the notebook reached its end", where=_where(done))
    if watch.stop.is_set():
        return ReportFailed("the run was called off before the notebook reached its end", where=_where(done))
    if done.error is not None and not isinstance(done.error, Exception):
        return done.error
    complaint = _raised(done) or _broken(done, watch, tail) or _unrun(done)
    return ReportFailed(complaint, where=_where(done)) if complaint else None


def _raised(done: Executed) -> str | None:
    for index, cell in enumerate(done.notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in _tags(cell):
                done.cell = index
                return f"{output.ename}: {output.evalue}"
    return None


def _broken(done: Executed, watch: _Watch, tail: str) -> str | None:
    if done.error is None:
        return None
    code = watch.process.poll() if watch.process else None
    if type(done.error).__name__ == "DeadKernelError" or code:
        return _death(code, tail)
    return f"{type(done.error).__name__}: {done.error}"


def _unrun(done: Executed) -> str | None:
    """Find cells after a `sys.exit(0)`, which papermill takes for a good end."""
    for index, cell in enumerate(done.notebook.cells):
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            done.cell = index
            return "the notebook ended early: this cell was never run"
    return None


def _death(code: int | None, tail: str) -> str:
    name = "" if code is None else f" (exit code {code})"
    if code is not None and code < 0:
        name = f" (signal {-code}{', often a lack of memory' if code == -9 else ''})"
    return f"the kernel died{name}" + (f"; its last words: {tail}" if tail else "")


def _where(done: Executed) -> str:
    cells = done.notebook.cells
    lines = cells[done.cell].source.strip().splitlines() if done.cell < len(cells) else []
    return f"cell {done.cell + 1} of {len(cells)}" + (f": {lines[0]}" if lines else "")


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))
