"""Kernels forked from a process that has loaded everything are like any other, and end as truthfully."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from runs import without_kernel, workspace

from journey_lib import runner
from journey_lib.errors import DeadlinePassed, ReportFailed
from journey_lib.runner import kernel, warm

forks = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every kernel starts by itself")


def never() -> bool:
    return False


def asked(parent: warm.Warm, folder: Path, called_off: Any = never) -> warm.Forked | None:
    return parent.fork(["-f", str(folder / "kernel.json")], {}, folder / "log", called_off)


# --- where there is nothing to fork from ---


def test_on_a_system_that_cannot_fork_safely_nothing_is_started(tmp_path: Path) -> None:
    parent = warm.Warm(lost=True)
    parent.begin()
    assert asked(parent, tmp_path) is None
    assert parent.process is None
    parent.end()


@forks
def test_a_parent_that_dies_while_loading_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with warm.parent() as parent:
        assert asked(parent, tmp_path) is None
        assert asked(parent, tmp_path) is None
        assert parent.lost


@forks
def test_a_parent_that_cannot_even_start_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with warm.parent() as parent:
        assert asked(parent, tmp_path) is None


@forks
def test_a_deadline_does_not_wait_for_a_parent_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = tmp_path / "python"
    hangs.write_text("#!/bin/sh\nexec sleep 60\n")
    hangs.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(hangs))
    parent = warm.Warm()
    began = time.monotonic()
    assert asked(parent, tmp_path, lambda: time.monotonic() - began > 0.3) is None
    assert time.monotonic() - began < 10
    monkeypatch.setattr(warm, "PATIENCE", 0.2)
    assert asked(parent, tmp_path) is None, "and patience with it ends too"
    assert parent.process
    parent.process.kill()
    parent.end()


@forks
def test_nothing_is_loaded_for_reports_that_are_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runs import report

    without_kernel(monkeypatch)
    monkeypatch.setattr(warm.Warm, "begin", lambda _: pytest.fail("a process was started"))
    shop = workspace(tmp_path / "shop")
    for _ in range(2):
        runner.run_all(shop, [(report("small"), {})], languages=["vi"], reports_dir=tmp_path / "reports")


# --- real kernels ---


def cells(*sources: str) -> Any:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def ran(parent: warm.Warm | None, *sources: str, seconds: float | None = None) -> kernel.Executed:
    until = None if seconds is None else time.monotonic() + seconds
    return kernel.execute(cells(*sources), stop=threading.Event(), until=until, warm=parent)


def said(done: kernel.Executed) -> str:
    return str(done.notebook.cells[-1].outputs[0].text).strip()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be asked for its code does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


@pytest.fixture
def parent() -> Iterator[warm.Warm]:
    with warm.parent() as parent:
        yield parent


@forks
@pytest.mark.slow
def test_a_forked_kernel_is_a_process_of_its_own_with_the_environment_of_now(
    parent: warm.Warm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = ran(parent, "import os; secret = 1; print(os.getpid())")
    assert parent.process
    assert first.error is None
    assert gone(int(said(first))), "what it held is given back"
    monkeypatch.setenv("SET_LATER", "yes")
    monkeypatch.chdir(tmp_path)
    second = ran(
        parent,
        "import os, sys\nimport numpy as np\n"
        "print(os.getppid(), os.getpgrp() == os.getpid(), os.environ['SET_LATER'], os.getcwd(),"
        " 'secret' in globals(), 'journey_lib.session' in sys.modules, os.environ['JOURNEY_HEADLESS'])",
    )
    assert second.error is None
    assert said(second) == f"{parent.process.pid} True yes {tmp_path} False True 1"


@forks
@pytest.mark.slow
def test_two_forked_kernels_draw_different_numbers(parent: warm.Warm) -> None:
    drawn = [
        said(ran(parent, "import numpy, random; print(numpy.random.rand(), random.random())")) for _ in "ab"
    ]
    assert not set(drawn[0].split()) & set(drawn[1].split())


@forks
@pytest.mark.slow
def test_the_parent_has_started_no_thread_that_a_fork_would_leave_behind(parent: warm.Warm) -> None:
    ran(parent, "pass")
    assert parent.process
    threads = Path(f"/proc/{parent.process.pid}/task").glob("*/comm")
    assert [
        name for file in threads if (name := file.read_text().strip()) not in ("python", "jemalloc_bg_thd")
    ] == []
    answer = ran(
        parent,
        "import duckdb, numpy as np, pyarrow as pa, pyarrow.compute as pc",
        "a = np.ones((500, 500)); b = (a @ a).sum()",
        "c = duckdb.sql('select sum(i) from range(1000000) t(i)').fetchall()[0][0]",
        "print(int(b), c, pc.sum(pa.array(range(10))).as_py())",
        seconds=60,
    )
    assert answer.error is None
    assert said(answer) == "125000000 499999500000 45"


@forks
@pytest.mark.slow
@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the kernel died (signal 9"),
        ("import os; os._exit(3)", "the kernel died (exit code 3)"),
        ("raise ValueError('the till is empty')", "ValueError: the till is empty"),
    ],
)
def test_a_forked_kernel_that_fails_is_told_of_as_any_other(parent: warm.Warm, last: str, told: str) -> None:
    done = ran(parent, "print(1)", last, "print('never')")
    assert isinstance(done.error, ReportFailed)
    assert told in str(done.error)
    assert "cell 2 of 3" in str(done.error)
    assert ran(parent, "print('the next is well')").error is None
    assert not parent.lost


@forks
@pytest.mark.slow
def test_a_deadline_kills_a_forked_kernel_and_what_it_started(parent: warm.Warm, tmp_path: Path) -> None:
    ran(parent, "pass")
    noted = tmp_path / "pids"
    done = ran(
        parent,
        "import os, subprocess, time\n"
        "other = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(noted)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')\n"
        "time.sleep(60)",
        seconds=8,
    )
    assert isinstance(done.error, DeadlinePassed)
    assert all(gone(int(pid)) for pid in noted.read_text().split())


@forks
@pytest.mark.slow
def test_when_the_parent_is_killed_its_kernels_fail_and_the_next_start_by_themselves(
    parent: warm.Warm,
) -> None:
    ran(parent, "pass")
    assert parent.process
    done = ran(
        parent,
        f"import os, signal, time\nos.kill({parent.process.pid}, signal.SIGKILL); time.sleep(60)",
        seconds=40,
    )
    assert isinstance(done.error, ReportFailed)
    assert "the kernel died" in str(done.error)
    after = ran(parent, "import os; print(os.getppid())")
    assert after.error is None
    assert said(after) == str(os.getpid())


@forks
@pytest.mark.slow
def test_a_kernel_that_comes_too_late_is_killed(parent: warm.Warm, tmp_path: Path) -> None:
    assert asked(parent, tmp_path, lambda: True) is None
    until = time.monotonic() + 60
    heard: list[int] = []
    while not heard and time.monotonic() < until:
        heard = list(parent._running)
        time.sleep(0.001)
    assert heard
    assert gone(heard[0])


@forks
@pytest.mark.slow
def test_kernels_do_not_outlive_whoever_asked_for_them(tmp_path: Path) -> None:
    parent = warm.Warm()
    ran(parent, "pass")
    started = threading.Thread(target=ran, args=(parent, "import time; time.sleep(60)"))
    started.start()
    until = time.monotonic() + 30
    while not parent._running and time.monotonic() < until:
        time.sleep(0.05)
    [pid] = parent._running
    assert parent.process
    assert parent.process.stdin
    parent.process.stdin.close()  # as when the runner is killed outright
    assert gone(pid)
    started.join(30)
    assert not started.is_alive()
    assert parent.process.wait(10) == 0
