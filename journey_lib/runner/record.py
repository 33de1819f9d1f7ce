"""What is kept of every run: a folder with `run.json`, the executed notebook, the page and the tables.

::

    reports/<workspace>/runs/<report>/<run-id>/
        notebook.ipynb  report.html | failed.html  run.json  tables/*.csv

`started.json` stands there from the first moment until `run.json` replaces it, so that a run whose runner was
killed outright is still told apart from one that never was: whoever next holds the lock finds it and says so.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import json
import math
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from journey_lib.errors import AlreadyRunning, ReportFailed
from journey_lib.i18n import slug
from journey_lib.model import Language

KEPT_RUNS = 20  # of each report and language; the last good one is kept besides
RESULT = "application/vnd.journey.result+json"

RUN, STARTED = "run.json", "started.json"
KILLED = "the runner itself was killed before it could finish"

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Run:
    """One run of one report in one language, as `run.json` keeps it.

    `page` is the published page, relative to the reports folder. Times are by the workspace's clocks. `facts`
    are the headline numbers of each Result the notebook recorded. `fingerprint` stands for all that the page
    depends on. A run that finds nothing new is returned as "unchanged", otherwise like the run it would have
    repeated, and is not recorded.
    """

    run_id: str
    workspace: str
    workspace_title: dict[str, str]
    report: str
    report_title: dict[str, str]
    language: Language
    status: Literal["ok", "failed", "unchanged"]
    started: str
    finished: str | None
    seconds: float | None
    parameters: dict[str, Any]
    data: dict[str, Any]
    currency: str
    versions: dict[str, str]
    git: dict[str, Any]
    seed: int | None
    facts: list[dict[str, Any]]
    error: str | None
    page: str | None
    fingerprint: str


def new_id(now: dt.datetime, language: Language) -> str:
    """Name a run: sorts by time, and stays unique when two start in one millisecond."""
    moment = now.astimezone(dt.UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{language}-{secrets.token_hex(2)}"


def write(folder: Path, run: Run) -> None:
    """Put `run.json` into the run's folder, whole or not at all, and take `started.json` away."""
    _write_json(folder / RUN, dataclasses.asdict(run))
    (folder / STARTED).unlink(missing_ok=True)


def begin(runs: Path, run: Run) -> Path:
    """Make the folder of a run that starts now, with a `started.json` that already calls it failed."""
    folder = runs / run.run_id
    folder.mkdir(parents=True)
    try:
        _write_json(
            folder / STARTED, dataclasses.asdict(dataclasses.replace(run, status="failed", error=KILLED))
        )
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def settle(runs: Path, language: Language) -> None:
    """Give a truthful `run.json` to runs that never wrote theirs; only for the holder of the lock."""
    for started in runs.glob(f"*Z-{language}-*/{STARTED}"):
        if (started.parent / RUN).exists():
            started.unlink()
        else:
            os.replace(started, started.parent / RUN)


def history(runs: Path, language: Language) -> list[Run]:
    """Which runs of one report in one language are on record, newest first."""
    found = sorted(runs.glob(f"*Z-{language}-*/{RUN}"), reverse=True)
    return [run for file in found if (run := _read(file))]


def latest(runs: Path, language: Language) -> tuple[Run, bool] | None:
    """Which run of a report in a language was the last to start, and whether it is still going on."""
    begun = sorted(runs.glob(f"*Z-{language}-*/*.json"), reverse=True)
    for file in begun:
        run = _read(file) if file.name in (RUN, STARTED) else None
        if run:
            return run, file.name == STARTED and busy(lock_file(runs, language))
    return None


def lock_file(runs: Path, language: Language) -> Path:
    """The file that is held while a report runs in a language."""
    return runs / f".{language}.lock"


def forget(runs: Path, language: Language) -> None:
    """Delete the folders of runs beyond the last `KEPT_RUNS`, never the one the published page came from."""
    past = history(runs, language)
    good = next((run.run_id for run in past if run.status == "ok"), None)
    for run in past[KEPT_RUNS:]:
        if run.run_id != good:
            shutil.rmtree(runs / run.run_id, ignore_errors=True)


def results(notebook: Any) -> list[dict[str, Any]]:
    """Which Results the notebook handed over, in its order."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [_finite(output["data"][RESULT]) for output in outputs if RESULT in output.get("data", {})]


def write_tables(folder: Path, recorded: list[dict[str, Any]]) -> None:
    """Write each Result's table as CSV, in the encoding spreadsheets recognise, safe to open in one."""
    names: set[str] = set()
    for result in recorded:
        name = base = slug(str(result["name"])) or "result"
        while name in names:
            name = f"{base}-{sum(n.startswith(base) for n in names) + 1}"
        names.add(name)
        folder.mkdir(exist_ok=True)
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(map(_harmless, result["columns"]))
            rows.writerows(map(_harmless, row) for row in result["rows"])


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


@contextlib.contextmanager
def lock(file: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold `file` for this process alone; the system lets go of it however the process ends.

    Raises
    ------
    AlreadyRunning
        Another holds it, and we do not `wait`.
    ReportFailed
        The file cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("a+b")
    except OSError as error:
        raise ReportFailed(f"the reports folder cannot be used: {error.strerror}", where=str(file)) from error
    with opened as handle:
        try:
            _seize(handle, wait)
        except OSError:
            raise AlreadyRunning(
                "another run of the same report is going on",
                where=str(file),
                do="let it finish; its page will be the new one",
            ) from None
        yield


def busy(file: Path) -> bool:
    """Whether someone holds the lock now."""
    try:
        with lock(file):
            return False
    except AlreadyRunning:
        return True


def _seize(handle: IO[bytes], wait: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _read(file: Path) -> Run | None:
    """One recorded run; None for a file that another version wrote or a hand spoilt: as good as no run."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        known = {field.name for field in dataclasses.fields(Run)}
        return Run(**{k: v for k, v in json.loads(file.read_text(encoding="utf-8")).items() if k in known})
    return None


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    draft = file.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as out:
        json.dump(_finite(content), out, ensure_ascii=False, indent=1, allow_nan=False, default=str)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, file)


def _finite(value: Any) -> Any:
    """JSON has no NaN: what is not a number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
