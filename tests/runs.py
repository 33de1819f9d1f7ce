"""What the tests of runs share: a workspace prepared without data, and a kernel that starts nothing."""

from __future__ import annotations

import resource
import subprocess
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest

from journey_lib import catalogue
from journey_lib.prepare import FOLDS, FORMAT, Manifest
from journey_lib.runner import kernel
from journey_lib.runner.warm import Warm
from journey_lib.workspace import Workspace, open_workspace

NOTEBOOKS = Path(__file__).parent / "notebooks"
RESULT = "application/vnd.journey.result+json"

CONFIG = """
name: shop
title: {vi: Cửa hàng, en: The shop}
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
checks: {most_dropped: 0.5}
sources:
  - {table: events, format: csv, path: raw/events.csv}
reports:
  - report: small
    parameters: {lookback: 14d}
"""


def seconds_of(command: list[str]) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run a command; its processor seconds, which a busy machine does not stretch, and how it ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ended


def workspace(folder: Path) -> Workspace:
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    (folder / "journey.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "raw" / "events.csv").write_text(
        "event_id,customer_id,timestamp,channel,event_type\n"
        "1,an,2025-01-01T08:00:00+07:00,email,visit\n"
        "2,an,2025-01-02T08:00:00+07:00,,purchase\n",
        encoding="utf-8",
    )
    return open_workspace(folder)


def report(name: str) -> catalogue.Report:
    return catalogue.reports(NOTEBOOKS)[name]


def manifest(fingerprint: str) -> Manifest:
    """A preparation of 1 to 2 January 2025, by the clocks of Vietnam."""
    return Manifest(
        fingerprint=fingerprint,
        format=FORMAT,
        accounts=(),
        touches=2,
        customers=1,
        customers_per_fold=(1,) + (0,) * (FOLDS - 1),
        event_types={"visit": 1, "purchase": 1},
        channels=("email",),
        touchpoints=(),
        period=(1_735_693_200_000_000, 1_735_779_600_000_000),
        buckets=2,
    )


class Kernel:
    """Stands for the kernel: shows what it is told to, remembers what it was given, may be told to fail."""

    def __init__(self) -> None:
        self.ran: list[Any] = []
        self.kept: list[Path | None] = []
        self.shows = "all is well"
        self.fails: BaseException | None = None
        self.results: list[dict[str, Any]] = []

    def execute(
        self,
        notebook: Any,
        *,
        stop: threading.Event,
        until: float | None,
        warm: Warm | None,  # noqa: ARG002
        kept: Path | None,
    ) -> kernel.Executed:
        assert until is None or not stop.is_set()
        self.ran.append(notebook)
        self.kept.append(kept)
        for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
            cell.execution_count = number + 1
        last = notebook.cells[-1]
        last.outputs = [nbformat.v4.new_output("stream", name="stdout", text=self.shows)]
        last.outputs += [nbformat.v4.new_output("display_data", data={RESULT: r}) for r in self.results]
        return kernel.Executed(notebook, len(notebook.cells) - 1, self.fails)


def page(notebook: Any, *, title: str, provenance: dict[str, Any], **_: object) -> str:
    """A page that shows what the notebook printed, and what went wrong."""
    shown = [out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])]
    return f"<h1>{title}</h1>{''.join(shown)}<p>{provenance['error'] or ''}</p>"


def without_kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Put stand-ins for the kernel, the preparation and the exporter, which is slow to load."""
    stand_in = Kernel()
    monkeypatch.setattr(kernel, "execute", stand_in.execute)
    monkeypatch.setattr("journey_lib.exporter.page", page)
    monkeypatch.setattr("journey_lib.prepare.prepare", lambda *_, **__: manifest("data-1"))
    return stand_in
