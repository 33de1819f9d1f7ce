"""The command `journey`: everything a scheduler or a newcomer needs, with exit codes that tell the truth.

0 done or unchanged, 1 a report failed, 2 usage or configuration, 75 another run holds the lock, 124 deadline
passed, 130 Ctrl-C, 143 SIGTERM. Imports at the top are light, for `--help` to be answered at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from journey_lib import catalogue, draft
from journey_lib.errors import ConfigError, JourneyError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from datetime import datetime

    from tqdm import tqdm

    from journey_lib.model import Language
    from journey_lib.prepare import Manifest
    from journey_lib.runner import Outcome, Run
    from journey_lib.workspace import Workspace

REPORTS_DIR = Path("reports")


class _Commands(click.Group):
    """Answers a user's mistake with its message and its exit code, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except JourneyError as error:
            _explain(ctx, str(error), error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(130)
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError):
            raise  # click knows what to do with these
        except Exception as error:
            hint = "rerun as `journey --debug ...` for the traceback"
            _explain(ctx, f"unexpected {type(error).__name__}: {error}; {hint}", error)
            ctx.exit(1)


def _explain(ctx: click.Context, text: str, error: BaseException) -> None:
    if ctx.params.get("debug"):
        traceback.print_exception(error)
    click.echo(text, err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="journey-workbench", prog_name="journey")
@click.option("--debug", is_flag=True, help="Show the traceback of what fails.")
def cli(debug: bool) -> None:
    """Understand customer journeys from data: prepare it, run the reports, publish the pages."""


_workspace = click.option(
    *("-w", "--workspace", "folder"),
    type=click.Path(path_type=Path),
    default=Path("data/demo"),
    show_default=True,
    help="Folder with the journey.yaml.",
)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--raw", help="Folder of the files within it.  [default: raw]")
@click.option("--timezone", default="Asia/Ho_Chi_Minh", show_default=True, help="Clock of the files.")
@click.option("--currency", help="Of the reports.  [default: what the files name]")
@click.option("--force", is_flag=True, help="Replace a journey.yaml that is there.")
@click.option("--maps", type=click.Choice(["vi", "en"]), help="Write empty maps/*.yaml beside journey.yaml.")
def init(folder: Path, maps: Language | None, **asked: Any) -> None:
    """Look at a folder of files and write a first journey.yaml, with guesses to confirm."""
    if maps is None:
        return click.echo(draft.init(folder, **asked))
    from journey_lib import blank_maps

    return click.echo(blank_maps.write(_open(folder), language=maps))


@cli.command()
@_workspace
@click.option("--customers", type=click.IntRange(min=1), help="How many; more of them, more events.")
@click.option("--seed", type=int, help="Another seed makes another shop.")
@click.option("--world", help="The shop in other circumstances: see docs/demo-world.md.  [default: base]")
@click.option("--export", "form", help="Write it as another system would, such as ga4: see docs/sources.md.")
@click.option("--into", type=click.Path(path_type=Path), help="Workspace of the export.  [exports/FORMAT]")
def demo(folder: Path, form: str | None, into: Path | None, **given: Any) -> None:
    """Make the demo shop's raw data, and what is true of it."""
    from journey_lib.demo import exports, generate

    asked = {name: value for name, value in given.items() if value is not None}
    if form is None or asked or not exports.made(folder / "raw", form):
        with _bar("customer") as bar:

            def heard(done: int, of: int) -> None:
                bar.total = of
                bar.update(done - bar.n)

            counts = generate(folder, progress=heard, processes=min(4, os.cpu_count() or 1), **asked)
        click.echo(f"the demo shop is in {folder / 'raw'}, what is true of it in {folder / 'truth'}")
        click.echo("\n".join(f"  {count:>12,} {name.replace('_', ' ')}" for name, count in counts.items()))
    if form is not None:
        click.echo(exports.export(folder / "raw", into or folder / "exports" / form, form))


@cli.command()
@_workspace
def prepare(folder: Path) -> None:
    """Read the sources and build the table of touches; nothing to do when they are unchanged."""
    _, manifest = _prepared(folder)
    click.echo("\n".join(manifest.said()))


@cli.command()
@_workspace
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day that can have rows, as YYYY-MM-DD.  [default: now]",
)
def check(folder: Path, as_of: datetime | None) -> None:
    """Show what became of every row, and whether reports on the data can be trusted.

    Ends with 0 when they can be used, if only with care; with 1 when a check says stop; with 2 when the data
    cannot be read at all.
    """
    workspace, manifest = _prepared(folder)
    from journey_lib import findings_health, health

    found = health.evidence(workspace, as_of)
    accounts, trust = health.reconciled(found), health.trust(found)
    for number, account in enumerate(manifest.accounts):
        dropped = sum(account.dropped.values())
        click.echo(f"{account.table}  {account.path or account.format}")
        click.echo(f"  {account.rows_in:>12,} rows in = {account.kept:,} kept + {dropped:,} dropped")
        for line in findings_health.examples(accounts, number):
            click.echo(f"  {line}")
        for name, count in account.records.items():
            click.echo(f"  {count:>12,} {name}")
    if manifest.dropped:
        click.echo(f"what was dropped lies in {workspace.work / 'rejected'}")
    click.echo("\n".join(["", *findings_health.summary(trust), ""]))
    click.echo(manifest.table)
    click.get_current_context().exit(1 if trust.facts["stop"] else 0)


@cli.command()
@click.argument("names", nargs=-1, metavar="[REPORT]...")
@_workspace
@click.option("-p", "given", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated.")
@click.option("--language", type=click.Choice(["vi", "en", "both"]), help="Default: the workspace's.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Kernels at a time.")
@click.option("--force", is_flag=True, help="Run also what is unchanged.")
@click.option("--deadline", metavar="30m", help="Stop all that is not done by then.")
def run(
    names: tuple[str, ...],
    folder: Path,
    given: tuple[str, ...],
    language: str | None,
    jobs: int,
    force: bool,
    deadline: str | None,
) -> None:
    """Run reports and publish their pages: those named, or all of the workspace."""
    known = catalogue.reports()
    values = _assigned(given)
    if names and known.keys() >= set(names):
        _shared([known[name] for name in names], values)  # answered before the workspace is even opened
    workspace = _open(folder)
    wanted = _wanted(workspace, known, names, values)
    languages: dict[str, tuple[Language, ...]] = {"vi": ("vi",), "en": ("en",), "both": ("vi", "en")}
    spoken = languages[language] if language else workspace.languages

    from journey_lib import runner

    with _terminable(), _announcing(len(wanted) * len(spoken)) as announce:
        outcomes = runner.run_all(
            workspace,
            wanted,
            languages=spoken,
            reports_dir=REPORTS_DIR,
            jobs=jobs,
            force=force,
            deadline=deadline,
            progress=_say,
            done=announce,
        )
    _conclude(outcomes)


@cli.command()
@click.option(
    "-w", "--workspace", "folder", type=click.Path(path_type=Path), help="Show its values as defaults."
)
@click.option("--describe", is_flag=True, help="Show what each can be asked.")
def reports(folder: Path | None, describe: bool) -> None:
    """List the reports there are."""
    workspace = _open(folder) if folder else None
    known = catalogue.reports()
    pages = _pages(workspace, known) if workspace else {}
    offered = {**{name: (report, {}) for name, report in known.items()}, **pages}
    for report, asked in offered.values():
        click.echo(f"{report.name}  {report.title['en']} · {report.title['vi']}")
        values = catalogue.check(report, asked) if describe else {}
        for parameter in report.parameters if describe else ():
            default = catalogue.plain({"it": values[parameter.name]})["it"]
            click.echo(f"  {parameter.name}: {parameter.annotation} = {default!r}")
            if parameter.help:
                click.echo(f"      {parameter.help}")


@cli.command()
@_workspace
def status(folder: Path) -> None:
    """Show how the last run of every report ended."""
    from journey_lib import runner

    found = runner.latest(_open(folder), REPORTS_DIR)
    if not found:
        click.echo("no report was run yet: journey run")
    for last, going_on in found:
        state = "running" if going_on else last.status
        took = f"{last.seconds:.0f} s" if last.seconds is not None else "-"
        what = last.page if last.status == "ok" else "" if going_on else last.error
        click.echo(
            f"{last.report:<28} {last.language}  {state:<8} {_moment(last):<16} {took:>7}  {what or ''}"
        )


def _open(folder: Path) -> Workspace:
    from journey_lib.workspace import open_workspace

    return open_workspace(folder)


def _prepared(folder: Path) -> tuple[Workspace, Manifest]:
    workspace = _open(folder)
    from journey_lib import runner

    return workspace, runner.prepare(workspace, REPORTS_DIR, _say)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _assigned(given: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ParameterError(
                f"-p {text} gives no value", do="write -p name=value, such as -p lookback=30d"
            )
        if name.strip() in values:
            raise ParameterError(f"{name.strip()} is given twice", do="give each parameter once")
        values[name.strip()] = value
    return values


def _shared(
    wanted: list[catalogue.Report], values: dict[str, str]
) -> list[tuple[catalogue.Report, dict[str, object]]]:
    """Hand each report the values it knows; a name that none of them knows is a mistake."""
    names = {parameter.name for report in wanted for parameter in report.parameters}
    for name in values:
        if name not in names:
            asked = ", ".join(report.name for report in wanted)
            raise ParameterError(
                f"no parameter '{name}'",
                where=asked,
                do=did_you_mean(name, names - {"workspace", "language"}),
            )
    shares = []
    for report in wanted:
        mine: dict[str, object] = {p.name: values[p.name] for p in report.parameters if p.name in values}
        catalogue.check(report, mine)
        shares.append((report, mine))
    return shares


def _wanted(
    workspace: Workspace, known: dict[str, catalogue.Report], names: tuple[str, ...], values: dict[str, str]
) -> list[tuple[catalogue.Report, dict[str, object]]]:
    """Which pages to publish with which parameters: what is typed goes before what journey.yaml says."""
    pages = _pages(workspace, known)
    offered = {**{name: (report, {}) for name, report in known.items()}, **pages}
    for name in names:
        if name not in offered:
            raise ParameterError(f"there is no report '{name}'", do=did_you_mean(name, offered))
    chosen = [offered[name] for name in names or pages or known]
    declared = {report.name: parameters for report, parameters in chosen}
    shared = _shared([report for report, _ in chosen], values)
    return [(report, {**declared[report.name], **mine}) for report, mine in shared]


def _pages(
    workspace: Workspace, known: dict[str, catalogue.Report]
) -> dict[str, tuple[catalogue.Report, dict[str, object]]]:
    """The pages journey.yaml declares: a report, under a name and title of its own where it gives them."""
    where = str(workspace.path / "journey.yaml")
    pages: dict[str, tuple[catalogue.Report, dict[str, object]]] = {}
    for entry in workspace.reports:
        report = catalogue.pick(known, entry.report, where)
        name = entry.page or report.name
        if name in pages:
            raise ConfigError(
                f"two pages are called {name}", where=where, do="give the second a `page:` of its own"
            )
        titled = dataclasses.replace(report, name=name, title=report.title | dict(entry.title))
        pages[name] = (titled, dict(entry.parameters))
    return pages


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a scheduler's SIGTERM end the runs as a Ctrl-C does: kernels killed, records written."""

    def end(*_: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _bar(unit: str, total: int | None = None) -> tqdm[Any]:
    """A progress bar where someone may watch it, and nothing in a log."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, disable=not sys.stderr.isatty(), file=sys.stderr, leave=False)


@contextlib.contextmanager
def _announcing(total: int) -> Iterator[Any]:
    """Tell of each report as it ends: beside a progress bar on a terminal, as plain lines elsewhere."""
    with _bar("report", total) as bar:

        def announce(outcome: Outcome) -> None:
            bar.clear()
            click.echo(
                f"{outcome.report} ({outcome.language}): {_told(outcome)}", err=outcome.error is not None
            )
            bar.update()

        yield announce


def _moment(run: Run) -> str:
    return run.started[:16].replace("T", " ")


def _told(outcome: Outcome) -> str:
    if outcome.run is None:
        return str(outcome.error)
    if outcome.run.status == "unchanged":
        return f"unchanged since {_moment(outcome.run)}"
    size = (REPORTS_DIR / str(outcome.run.page)).stat().st_size
    return f"published after {outcome.run.seconds:.1f} s, {size / 1000:,.0f} kB"


def _conclude(outcomes: list[Outcome]) -> None:
    pages = [REPORTS_DIR / outcome.run.page for outcome in outcomes if outcome.run and outcome.run.page]
    if pages:
        lines = ["open one of:", *pages, REPORTS_DIR / "index.html"]
        click.echo("\n  ".join(map(str, lines)))
    errors = [outcome.error for outcome in outcomes if outcome.error]
    context = click.get_current_context()
    if errors and context.find_root().params.get("debug"):
        for error in errors:
            traceback.print_exception(error)
    codes = {error.exit_code for error in errors}
    context.exit(codes.pop() if len(codes) == 1 else 1 if codes else 0)


def main() -> None:
    """Run the command; a terminal or log that cannot show a letter shows a question mark, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a pipe or file under Windows may not be able to hold Vietnamese; a terminal knows its encoding
            stream.reconfigure(errors="replace", **({} if stream.isatty() else {"encoding": "utf-8"}))
    cli()
