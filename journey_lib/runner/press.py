"""From an executed notebook to what readers see: the published page, or a page that says what failed."""

from __future__ import annotations

import contextlib
import dataclasses
import html
import os
from pathlib import Path
from typing import Any

from journey_lib import pages
from journey_lib.errors import DeadlinePassed, JourneyError, ReportFailed
from journey_lib.runner import discretion, record
from journey_lib.runner.job import Job, closed, reachable
from journey_lib.runner.kernel import Executed

# Bytes. Our own reports are held to 700 kB by their tests; a user's report with a hundred channels may well
# need more, but beyond this its data were not aggregated, and no phone or mailbox would take it gladly.
PAGE_LIMIT = 2_000_000


def make_discreet(job: Job, notebook: Any) -> list[str]:
    """Black out secrets and shorten paths in place, before anything is written; name the secrets shown."""
    notebook.metadata.pop("papermill", None)  # paths, and statuses that are wrong after a kernel's death
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
    hidden = discretion.secrets(os.environ)
    clean = _discreet(job)
    leaked: set[str] = set()

    def change(text: str) -> str:
        leaked.update(discretion.spoken(text, hidden))
        return clean(text)

    discretion.rewrite(notebook, change)
    return sorted(leaked)


def _discreet(job: Job) -> discretion.Change:
    silent = discretion.silence(discretion.secrets(os.environ))
    short = discretion.anonymous(_places(job))
    return lambda text: short(silent(text))


def _places(job: Job) -> dict[str, str]:
    known = discretion.places(job.workspace.path)
    way = reachable(job.workspace.path)
    return {**known, way: job.workspace.path.name} if way.startswith("..") else known


def publish(job: Job, opened: record.Run, folder: Path, notebook: Any) -> record.Run:
    """Keep the run in its folder, check its page, put the page in the last good one's place, record it."""
    import nbformat

    # nbconvert loads slowly, and an unchanged report does not need it
    from journey_lib import exporter, publish

    recorded = record.results(notebook)
    facts = [{"name": result["name"], "facts": result["facts"]} for result in recorded]
    page = job.page.relative_to(job.reports_dir).as_posix()
    run = closed(opened, status="ok", facts=facts, page=page)
    nbformat.write(notebook, folder / "notebook.ipynb")
    record.write_tables(folder / "tables", recorded)
    text = exporter.page(
        notebook,
        language=job.language,
        title=job.title,
        provenance=dataclasses.asdict(run),
        currency=job.workspace.currency,
    )
    _check(job, text)
    (folder / "report.html").write_text(text, encoding="utf-8")
    publish.publish(text, job.page)
    record.write(folder, run)
    return run


def _check(job: Job, page: str) -> None:
    size, text = len(page.encode()), pages.unpacked(page)
    if size > PAGE_LIMIT:
        raise ReportFailed(
            "the page is too large to be mailed or opened on a phone",
            how_many=f"{size / 1000:.0f} kB of at most {PAGE_LIMIT / 1000:.0f} kB",
            do="aggregate the data before they are drawn",
        )
    if named := discretion.spoken(text, discretion.secrets(os.environ)):
        raise ReportFailed(
            f"the page shows the value of {', '.join(named)}", do="take it out of the notebook"
        )
    if shown := discretion.betrayed(text, _places(job)):
        raise ReportFailed(f"the page shows folders of this machine: {', '.join(shown)}")


def failure(job: Job, error: BaseException, folder: Path) -> JourneyError:
    """Turn whatever stopped a run into the message its user gets."""
    seen = f"see {folder / 'failed.html'}"
    clean = _discreet(job)
    if isinstance(error, JourneyError):
        where = clean(error.where) if error.where else None
        do = f"{clean(error.do)}; {seen}" if error.do else seen
        kind = DeadlinePassed if isinstance(error, DeadlinePassed) else ReportFailed
        return kind(clean(error.what), where=where, how_many=error.how_many, do=do)
    if isinstance(error, OSError):
        where = str(error.filename or job.page)
        return ReportFailed(f"the page could not be written: {error.strerror or error}", where=where, do=seen)
    if isinstance(error, Exception):
        return ReportFailed(clean(f"{type(error).__name__}: {error}"), do=seen)
    return ReportFailed(f"the run was called off ({type(error).__name__})")


def record_failure(
    job: Job, opened: record.Run, folder: Path, executed: Executed, reason: JourneyError
) -> None:
    """Leave what helps: a record that says failed, the notebook as far as it got, a page with the error.

    The record comes first: whoever called the run off may not wait for the page. Each is tried for itself; on
    a full disk, `started.json` is already there and says failed too.
    """
    short = ", ".join(filter(None, [reason.what, reason.where]))[:1000]
    run = closed(opened, status="failed", error=short)
    with contextlib.suppress(OSError):
        (folder / "report.html").unlink(missing_ok=True)
        record.write(folder, run)
    with contextlib.suppress(Exception):
        import nbformat

        _show(reason, executed)
        nbformat.write(executed.notebook, folder / "notebook.ipynb")
    with contextlib.suppress(OSError):
        (folder / "failed.html").write_text(_failed_page(job, run, executed.notebook), encoding="utf-8")


def _show(reason: JourneyError, executed: Executed) -> None:
    """Put the failure where its reader looks: in the cell that stopped, unless its own traceback is there."""
    from nbformat import v4

    cells = executed.notebook.cells
    raised = any(output.output_type == "error" for cell in cells for output in cell.get("outputs", []))
    stopped = executed.error is not None and executed.cell < len(cells)
    if raised or not stopped or "outputs" not in cells[executed.cell]:
        return
    kind, lines = type(reason).__name__, str(reason).split("\n")
    told = v4.new_output("error", ename=kind, evalue=reason.what, traceback=lines)
    cells[executed.cell].outputs.append(told)


def _failed_page(job: Job, run: record.Run, notebook: Any) -> str:
    try:
        from journey_lib import exporter

        provenance = dataclasses.asdict(run)
        text = exporter.page(
            notebook,
            language=job.language,
            title=job.title,
            provenance=provenance,
            currency=job.workspace.currency,
        )
    except Exception:  # it may be the exporter itself that failed; this page needs nothing
        title = html.escape(job.title)
        text = (
            f'<!doctype html><html lang="{job.language}"><meta charset="utf-8"><title>{title}</title>'
            f'<h1>{title}</h1><pre role="alert">{html.escape(run.error or "")}</pre></html>'
        )
    return _discreet(job)(text)
