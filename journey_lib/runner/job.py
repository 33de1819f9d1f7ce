"""One report to be run in one language: its places, what is known before it runs, the notebook to execute."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journey_lib import stages
from journey_lib.catalogue import Report, check, plain, written_with
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.model import Language
from journey_lib.runner import origin, record
from journey_lib.workspace import Workspace

if TYPE_CHECKING:
    from journey_lib.prepare import Manifest

_SET_BY_RUNNER = ("workspace", "language")


@dataclass(frozen=True)
class Job:
    """A report, its checked `parameters`, the language it speaks, and the folder it is published in."""

    workspace: Workspace
    report: Report
    parameters: Mapping[str, object]
    language: Language
    reports_dir: Path

    @property
    def runs(self) -> Path:
        """Folder of all its runs, of both languages."""
        return self.reports_dir / self.workspace.name / "runs" / self.report.name

    @property
    def page(self) -> Path:
        """The published page: always the last good one."""
        return self.reports_dir / self.workspace.name / self.language / f"{self.report.name}.html"

    @property
    def title(self) -> str:
        """The report's title in the language of the run."""
        return self.report.title[self.language]


def new_job(
    workspace: Workspace,
    report: Report,
    parameters: Mapping[str, object],
    language: Language,
    reports_dir: Path,
) -> Job:
    """Check what is asked, and make it a job; ParameterError says what cannot be.

    The workspace's lookback is every report's, unless the report is given its own.
    """
    for name in _SET_BY_RUNNER:
        if name in parameters:
            raise ParameterError(
                f"{name} is not a parameter to give",
                where=report.name,
                do=f"on the command line, use --{name}",
            )
    known = {parameter.name for parameter in report.parameters}
    declared = {"lookback": workspace.lookback} if "lookback" in known else {}
    values = check(report, {**declared, **parameters})
    _fits(workspace, report, values)
    return Job(workspace, report, values, language, reports_dir)


def _fits(workspace: Workspace, report: Report, values: Mapping[str, object]) -> None:
    """Refuse now what the notebook would refuse after its kernel has started."""
    conversion = values.get("conversion")
    if conversion is not None and conversion not in workspace.conversions:
        raise ParameterError(
            f"{report.name}: there is no conversion {conversion!r}",
            where=str(workspace.path / "journey.yaml"),
            do=did_you_mean(str(conversion), workspace.conversions),
        )
    named, goal = values.get("stages") or workspace.stages, values.get("goal")
    model = stages.load(str(named), workspace.path)
    if goal is not None:
        model.up_to(str(goal), ())
    first, last = values.get("first_day"), values.get("last_day")
    if isinstance(first, dt.date) and isinstance(last, dt.date) and last < first:
        raise ParameterError(
            f"{report.name}: the period ends before it starts: {first} to {last}",
            do="give the first day first",
        )


def opened(job: Job, manifest: Manifest) -> record.Run:
    """Say what is known of a run before it starts; until it ends well it counts as failed."""
    began = dt.datetime.now(zoneinfo.ZoneInfo(job.workspace.timezone))
    parameters = plain({n: v for n, v in job.parameters.items() if n not in _SET_BY_RUNNER})
    seed = parameters.get("seed")
    return record.Run(
        run_id=record.new_id(began, job.language),
        workspace=job.workspace.name,
        workspace_title={str(language): words for language, words in job.workspace.title.items()},
        report=job.report.name,
        report_title=job.report.title,
        language=job.language,
        status="failed",
        started=began.isoformat(timespec="milliseconds"),
        finished=None,
        seconds=None,
        parameters=parameters,
        data=origin.data(manifest, job.workspace),
        currency=job.workspace.currency,
        versions=origin.versions(),
        git=origin.revision(job.report.path.parent),
        seed=seed if isinstance(seed, int) else None,
        facts=[],
        error=None,
        page=None,
        fingerprint=origin.fingerprint(
            job.workspace, job.report, parameters, job.language, manifest.fingerprint
        ),
    )


def closed(run: record.Run, **ending: Any) -> record.Run:
    """Say how a run ended, now."""
    began = dt.datetime.fromisoformat(run.started)
    now = dt.datetime.now(began.tzinfo)
    seconds = (now - began).total_seconds()
    finished = now.isoformat(timespec="milliseconds")
    return dataclasses.replace(run, finished=finished, seconds=round(seconds, 2), **ending)


def notebook(job: Job) -> Any:
    """Read the notebook as the job runs it: its values, its language, nothing meant for JupyterLab only."""
    import nbformat  # loads slowly, and only a run that really executes needs it

    read = nbformat.read(job.report.path, as_version=4)
    unwanted = {"interactive", "lang-en" if job.language == "vi" else "lang-vi"}
    read.cells = [cell for cell in read.cells if not unwanted & set(cell.metadata.get("tags", []))]
    values = {**job.parameters, "workspace": reachable(job.workspace.path), "language": job.language}
    for cell in read.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = written_with(cell.source, values)
    return read


def seconds(job: Job) -> float:
    """About how long a job takes: as long as the last time, or as its notebook declares; 0 is unknown."""
    past = record.history(job.runs, job.language)
    if last := next((run.seconds for run in past if run.status == "ok" and run.seconds), None):
        return last
    written = json.loads(job.report.path.read_text(encoding="utf-8")).get("metadata", {})
    declared = written.get("journey", {}).get("seconds")
    return float(declared) if isinstance(declared, int | float) else 0.0


def reachable(folder: Path) -> str:
    """Write a folder as a kernel started here finds it: relative, so that no user's name shows."""
    with contextlib.suppress(ValueError):  # it is on another drive of a Windows machine
        return Path(os.path.relpath(folder)).as_posix()
    return str(folder)
