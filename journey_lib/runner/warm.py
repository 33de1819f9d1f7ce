"""Kernels forked from one process that has loaded everything: a report need not wait for its imports again.

Only where forking is safe, on Linux; elsewhere, and whenever that process cannot be had, `fork` answers None
and a report's kernel starts by itself, as slowly as ever. See docs/adr/0010.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 120  # seconds a loaded machine may take to load everything
_Answer = concurrent.futures.Future["Forked | None"]


@dataclass
class Forked:
    """A forked kernel, to be asked and ended like a `subprocess.Popen`."""

    pid: int
    returncode: int | None = None
    over: threading.Event = field(default_factory=threading.Event)
    stdin: None = None
    stdout: None = None
    stderr: None = None

    def poll(self) -> int | None:
        """Its exit code, minus the signal that killed it, or None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it has ended."""
        self.over.wait(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, and all that it started."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def ended(self, code: int) -> None:
        """Take note that it has ended."""
        self.returncode = code
        self.over.set()


@dataclass
class Warm:
    """The process kernels are forked from: started by `begin` or with the first kernel, and once only."""

    process: subprocess.Popen[bytes] | None = None
    lost: bool = sys.platform != "linux"
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: dict[int, _Answer] = field(default_factory=dict)
    _running: dict[int, Forked] = field(default_factory=dict)

    def begin(self) -> None:
        """Let it load, while something else is done."""
        with self._lock:
            if self.lost or self.process:
                return
            command = [sys.executable, "-m", "journey_lib.runner.parent"]
            try:
                # in a session of its own, so that a Ctrl-C reaches the runner only; no shell, fixed words
                self.process = subprocess.Popen(  # noqa: S603
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError:
                self.lost = True
                return
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def fork(
        self, arguments: list[str], environment: Mapping[str, str], log: Path, called_off: Callable[[], bool]
    ) -> Forked | None:
        """A kernel that has everything loaded, or None where there can be none or it is `called_off`."""
        self.begin()
        answer: _Answer = concurrent.futures.Future()
        request = {
            "ask": id(answer),
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(Path.cwd()),
            "log": str(log),
        }
        with self._lock:
            if self.lost or self.process is None or self.process.stdin is None:
                return None
            self._asked[id(answer)] = answer
            with contextlib.suppress(OSError):  # it has died, and `_listen` will say so
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                self.process.stdin.flush()
        patient = time.monotonic() + PATIENCE
        while not called_off() and time.monotonic() < patient:
            with contextlib.suppress(concurrent.futures.TimeoutError):
                return answer.result(timeout=0.1)
        with self._lock:
            self._asked.pop(id(answer), None)
        return answer.result() if answer.done() else None

    def end(self) -> None:
        """Let it go; a kernel that still runs is killed."""
        with self._lock:
            self.lost, process = True, self.process
        if process and process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        for line in process.stdout or ():
            said = json.loads(line)
            with self._lock:
                if "code" in said:
                    self._running.pop(said["pid"]).ended(said["code"])
                    continue
                kernel = self._running[said["pid"]] = Forked(said["pid"])
                answer = self._asked.pop(said["ask"], None)
                if answer:
                    answer.set_result(kernel)
                else:
                    kernel.kill()  # nobody waits for it any more
        with self._lock:
            self.lost = True
            for answer in self._asked.values():
                answer.set_result(None)
            self._asked.clear()
            for kernel in self._running.values():
                kernel.kill()
                kernel.ended(-signal.SIGKILL)
            self._running.clear()


@contextlib.contextmanager
def parent() -> Iterator[Warm]:
    """Have a process to fork kernels from; it goes, and every kernel with it, when the reports are done."""
    warm = Warm()
    try:
        yield warm
    finally:
        warm.end()
