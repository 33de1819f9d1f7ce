"""Whatever is wrong with a run, `journey run` says so with its exit code, and the pages stay byte for byte.

Nothing stands in for anything: the command, the preparation, the kernel and the pages are the real ones.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from journey_lib import cli

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked, and killed, on Linux"),
]

CONFIG = """
name: shop
language: vi
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
sources:
  - {table: events, format: csv, path: raw/e.csv}
"""
HEAD = "event_id,customer_id,timestamp,channel,event_type,value\n"


def events(people: int = 60) -> str:
    """Of everybody an advertisement and a visit, and of every second a purchase."""
    rows = []
    for who in range(people):
        day = 1 + who % 28
        for hour, channel, kind, value in (
            (8, "ad", "click", ""),
            (9, "web", "visit", ""),
            (10, "", "purchase", "100"),
        ):
            if value and who % 2:
                continue
            rows.append(
                f"{len(rows)},c{who},2025-0{1 + who % 3}-{day:02} {hour:02}:00:00,{channel},{kind},{value}"
            )
    return HEAD + "\n".join(rows) + "\n"


def journey(*words: str) -> Result:
    return CliRunner().invoke(cli.cli, list(words))


def pages() -> dict[str, bytes]:
    """Every page that stakeholders have a link to, and those kept of earlier runs that were good."""
    return {
        str(page): page.read_bytes()
        for page in sorted(Path("reports/shop").rglob("*.html"))
        if page.name != "failed.html"
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a workspace and its good pages, in which the tests stand."""
    folder = tmp_path_factory.mktemp("last_good")
    (folder / "shop/raw").mkdir(parents=True)
    (folder / "shop/journey.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "shop/raw/e.csv").write_text(events(), encoding="utf-8")
    with contextlib.chdir(folder):
        ran = journey("run", "channel_attribution", "-w", "shop", "--jobs", "1")
        assert ran.exit_code == 0, ran.output
        yield folder


def a_file_that_is_none(folder: Path) -> list[str]:
    (folder / "shop/raw/e.csv").write_bytes(b"\x1f\x8b\x08" + b"cut in the middle")
    return []


def a_parameter_that_cannot_be(_: Path) -> list[str]:
    return ["-p", "lookback=soon"]


def a_period_without_anything(_: Path) -> list[str]:
    return ["-p", "first_day=2031-01-01", "-p", "last_day=2031-01-31"]


def too_many_bad_rows(folder: Path) -> list[str]:
    bad = "".join(f"x{n},c,yesterday,ad,click,\n" for n in range(20))
    (folder / "shop/raw/e.csv").write_text(events() + bad, encoding="utf-8")
    return []


def a_kernel_that_is_killed(_: Path) -> list[str]:
    threading.Thread(target=_kill_the_kernel, daemon=True).start()
    return ["--force"]


def _kill_the_kernel() -> None:
    """As a machine does that has no memory left: whichever kernel this process had forked, at its work."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for pid, parent in _processes().items():
            if (
                _command(parent).endswith("journey_lib.runner.parent")
                and _processes().get(parent) == os.getpid()
            ):
                time.sleep(0.5)
                os.kill(pid, signal.SIGKILL)
                return
        time.sleep(0.02)


def _processes() -> dict[int, int]:
    """Every process and its parent; only Linux can tell."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").replace("\0", " ")
    return ""


@pytest.mark.parametrize(
    ("broken", "code", "said"),
    [
        (a_file_that_is_none, 2, "damaged or was not copied to its end"),
        (a_parameter_that_cannot_be, 2, "lookback='soon'"),
        (a_kernel_that_is_killed, 1, "the kernel died (signal 9"),
        (a_period_without_anything, 1, "2031"),
        (too_many_bad_rows, 2, "too many rows of events cannot be used"),
    ],
)
def test_a_run_that_fails_says_so_and_leaves_every_page_byte_for_byte(
    published: Path, broken: Callable[[Path], list[str]], code: int, said: str
) -> None:
    before = pages()
    assert any(name.endswith("vi/channel_attribution.html") for name in before)
    assert all(len(page) > 100_000 for page in before.values())
    source = published / "shop/raw/e.csv"
    good = source.read_bytes()
    try:
        ran = journey("run", "channel_attribution", "-w", "shop", "--jobs", "1", *broken(published))
    finally:
        source.write_bytes(good)
    assert ran.exit_code == code, ran.output
    assert said in ran.output
    assert "Traceback" not in ran.output
    assert {name: page for name, page in pages().items() if name in before} == before
    assert Path("reports/index.html").is_file()


def test_once_the_input_is_right_again_the_page_is_made_anew(published: Path) -> None:
    """The five above did not hold because nothing ever writes a page."""
    before = pages()["reports/shop/vi/channel_attribution.html"]
    (published / "shop/raw/e.csv").write_text(events(80), encoding="utf-8")
    ran = journey("run", "channel_attribution", "-w", "shop", "--jobs", "1")
    assert ran.exit_code == 0, ran.output
    assert pages()["reports/shop/vi/channel_attribution.html"] != before
