"""Run reports headless and publish their pages, so that a scheduler can be told the truth.

Lock, fingerprint, execute in a kernel of its own, judge from outside that kernel, make the page, check it,
publish it in one step, record the run. Whatever fails, the last good page stays as it is, byte for byte.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from journey_lib.catalogue import Report
from journey_lib.errors import ConfigError, DeadlinePassed, JourneyError, ReportFailed
from journey_lib.model import Language, duration
from journey_lib.runner import kernel, press, record, warm
from journey_lib.runner.job import Job, new_job, notebook, opened, seconds
from journey_lib.runner.record import Run
from journey_lib.workspace import Workspace

if TYPE_CHECKING:
    from journey_lib.prepare import Manifest, Progress

__all__ = ["Outcome", "Run", "latest", "prepare", "run", "run_all"]


@dataclass(frozen=True)
class Outcome:
    """How one report in one language ended: with a `run`, or with the `error` that kept it from a page."""

    report: str
    language: Language
    run: Run | None
    error: JourneyError | None


@dataclass(frozen=True)
class _Together:
    """What the runs of one call have in common: their deadline, and what calls them off.

    Where there are several, kernels are forked from `parent` and share heavy answers in the folder `kept`.
    """

    until: float | None
    stop: threading.Event
    parent: warm.Warm | None = None
    kept: Path | None = None


def run(
    workspace: Workspace,
    report: Report,
    parameters: Mapping[str, object],
    *,
    language: Language,
    reports_dir: Path,
    force: bool = False,
    deadline: str | None = None,
) -> Run:
    """Run one report in one language and publish its page; if nothing it depends on has changed, do nothing.

    Parameters are checked before anything starts. `deadline` is a duration such as ``"30m"``; `force` runs an
    unchanged report again.

    Raises
    ------
    ParameterError
        A parameter is unknown or cannot be; nothing was started.
    AlreadyRunning
        Another run of this report in this language holds the lock.
    ReportFailed, DeadlinePassed
        No new page; the run's folder holds `failed.html` and a truthful `run.json`.
    """
    job = new_job(workspace, report, parameters, language, reports_dir)
    alone = _Together(_moment(deadline), threading.Event())
    return _run(job, prepare(workspace, reports_dir), force, alone)


def run_all(
    workspace: Workspace,
    wanted: Sequence[tuple[Report, Mapping[str, object]]],
    *,
    languages: Iterable[Language],
    reports_dir: Path,
    jobs: int = 2,
    force: bool = False,
    deadline: str | None = None,
    progress: Progress | None = None,
    done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Run reports with their parameters in each language, `jobs` kernels at a time; no failure stops another.

    Every report comes in one language before any comes in the next, the longest first: the later ones find
    what they share computed (`once`), and no long run is left alone at the end.
    `deadline` is for all of them together. `progress` hears of the steps of preparing, `done` of each report
    as it ends. A Ctrl-C kills the kernels, waits for the records to be written, and then goes on its way.
    """
    names = [report.name for report, _ in wanted]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(
            f"asked for twice: {', '.join(doubled)}", do="a report has one page; ask for it once"
        )
    spoken = tuple(languages)
    todo = [new_job(workspace, r, given, language, reports_dir) for r, given in wanted for language in spoken]
    until, stop = _moment(deadline), threading.Event()
    outcomes: dict[int, Outcome] = {}
    with (
        warm.parent() as parent,
        tempfile.TemporaryDirectory(prefix="journey-", ignore_cleanup_errors=True) as kept,
        ThreadPoolExecutor(max_workers=jobs) as pool,
    ):
        shared = _Together(until, stop, parent, Path(kept))

        def heard(step: str) -> None:
            parent.begin()  # data that are read anew make reports run: what kernels need can load meanwhile
            if progress:
                progress(step)

        data = prepare(workspace, reports_dir, heard)
        waiting = {pool.submit(_outcome, todo[n], data, force, shared): n for n in _order(todo, spoken)}
        try:
            for future in as_completed(waiting):
                outcomes[waiting[future]] = future.result()
                if done:
                    done(future.result())
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [outcomes[number] for number in sorted(outcomes)]


def prepare(workspace: Workspace, reports_dir: Path, progress: Progress | None = None) -> Manifest:
    """Prepare the workspace's touches, one process at a time; another one's work is waited for and used."""
    # imported here: the engine loads slowly, and a mistyped parameter should not wait for it
    from journey_lib.prepare import prepare as prepared

    with record.lock(reports_dir / workspace.name / ".prepare.lock", wait=True):
        return prepared(workspace, progress, databases="asked")


def latest(workspace: Workspace, reports_dir: Path) -> list[tuple[Run, bool]]:
    """Find the last run of every report and language, and whether it is still going on."""
    folders = sorted((reports_dir / workspace.name / "runs").glob("*/"))
    languages: tuple[Language, ...] = ("vi", "en")
    found = [record.latest(folder, language) for folder in folders for language in languages]
    return [run for run in found if run]


def _moment(deadline: str | None) -> float | None:
    return None if deadline is None else time.monotonic() + duration(deadline) / 1e6


def _order(todo: Sequence[Job], spoken: Sequence[Language]) -> list[int]:
    """Which job starts first: all of the first language, then of the next, those that take longest first."""
    took: dict[str, float] = {}
    for job in todo:
        took[job.report.name] = max(took.get(job.report.name, 0.0), seconds(job))
    return sorted(
        range(len(todo)), key=lambda n: (spoken.index(todo[n].language), -took[todo[n].report.name])
    )


def _outcome(job: Job, data: Manifest, force: bool, shared: _Together) -> Outcome:
    try:
        return Outcome(job.report.name, job.language, _run(job, data, force, shared), None)
    except JourneyError as error:
        return Outcome(job.report.name, job.language, None, error)
    except Exception as error:
        failed = ReportFailed(f"{type(error).__name__}: {error}", where=job.report.name)
        failed.__cause__ = error
        return Outcome(job.report.name, job.language, None, failed)


def _run(job: Job, data: Manifest, force: bool, shared: _Together) -> Run:
    if shared.until is not None and time.monotonic() > shared.until:
        raise DeadlinePassed("the time was up before the report could start", where=job.report.name)
    try:
        with record.lock(record.lock_file(job.runs, job.language)):
            return _alone(job, data, force, shared)
    except OSError as error:
        raise ReportFailed(
            f"the reports folder cannot be used: {error.strerror or error}",
            where=str(error.filename or job.reports_dir),
        ) from error


def _alone(job: Job, data: Manifest, force: bool, shared: _Together) -> Run:
    record.settle(job.runs, job.language)
    now = opened(job, data)
    last = next(iter(record.history(job.runs, job.language)), None)
    # when the last run failed, the page may be good and readers still be told it is stale: then run again
    if (
        last
        and last.status == "ok"
        and last.fingerprint == now.fingerprint
        and job.page.is_file()
        and not force
    ):
        return dataclasses.replace(last, status="unchanged")
    try:
        done = _carried_out(job, now, shared)
    except BaseException:
        with contextlib.suppress(Exception):  # the first failure is the one to hear of
            _tidy(job)
        raise
    _tidy(job)
    return done


def _carried_out(job: Job, now: Run, shared: _Together) -> Run:
    folder = record.begin(job.runs, now)
    executed = kernel.Executed(None)
    try:
        executed = kernel.execute(
            notebook(job), stop=shared.stop, until=shared.until, warm=shared.parent, kept=shared.kept
        )
        leaked = press.make_discreet(job, executed.notebook)
        if executed.error is not None:
            raise executed.error
        if leaked:
            raise ReportFailed(
                f"the notebook shows the value of {', '.join(leaked)}",
                do="take what prints it out of the notebook; the value was blacked out in what was kept",
            )
        return press.publish(job, now, folder, executed.notebook)
    except BaseException as error:
        reason = press.failure(job, error, folder)
        press.record_failure(job, now, folder, executed, reason)
        if isinstance(error, Exception):
            raise reason from error
        raise


def _tidy(job: Job) -> None:
    from journey_lib import publish

    record.forget(job.runs, job.language)
    with record.lock(job.reports_dir / ".index.lock", wait=True):
        publish.index(job.reports_dir)
