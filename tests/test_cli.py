"""What a person or a scheduler sees of the command `journey`: its words, where they go, and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from runs import NOTEBOOKS, Kernel, seconds_of, without_kernel, workspace

from journey_lib import cli, errors
from journey_lib.errors import DeadlinePassed, ReportFailed
from journey_lib.runner import record


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a workspace `shop`, the notebooks of the tests being all there are."""
    workspace(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("journey_lib.catalogue.notebooks_folder", lambda: NOTEBOOKS)
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return without_kernel(monkeypatch)


def journey(*words: str) -> Result:
    return CliRunner().invoke(cli.cli, list(words))


# --- run ---


def test_run_publishes_what_the_workspace_lists_and_names_the_pages_to_open(here: Path, fake: Kernel) -> None:
    answer = journey("run", "-w", "shop")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[-4:] == [
        "open one of:",
        "  reports/shop/vi/small.html",
        "  reports/shop/en/small.html",
        "  reports/index.html",
    ]
    said = [json.loads(file.read_text("utf-8")) for file in here.glob("reports/shop/runs/small/*/run.json")]
    assert [run["parameters"]["lookback"] for run in said] == ["14d", "14d"], "as journey.yaml asks"


def test_what_is_typed_goes_before_what_journey_yaml_says(here: Path, fake: Kernel) -> None:
    answer = journey("run", "small", "-w", "shop", "--language", "vi", "-p", "lookback=7d", "-p", "seed=3")
    assert answer.exit_code == 0
    [file] = here.glob("reports/shop/runs/small/*/run.json")
    asked = json.loads(file.read_text("utf-8"))["parameters"]
    assert (asked["lookback"], asked["seed"]) == ("7d", 3)


def test_a_second_run_says_unchanged_and_exits_0(fake: Kernel) -> None:
    journey("run", "-w", "shop", "--language", "vi")
    answer = journey("run", "-w", "shop", "--language", "vi")
    assert answer.exit_code == 0
    assert "small (vi): unchanged since" in answer.stdout
    assert "reports/shop/vi/small.html" in answer.stdout
    assert len(fake.ran) == 1


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["smal"], "Did you mean 'small'?"),
        (["small", "-p", "loockback=7d"], "Did you mean 'lookback'?"),
        (["small", "-p", "lookback=7"], "is not a duration"),
        (["small", "-p", "seed=many"], "is not a whole number"),
        (["small", "-p", "models=last,liner"], "Did you mean 'linear'?"),
        (["small", "trouble", "-p", "troubel=none"], "Did you mean 'trouble'?"),
        (["small", "-p", "seed"], "gives no value"),
        (["small", "-p", "seed=1", "-p", "seed=2"], "is given twice"),
        (["small", "-p", "language=vi"], "use --language"),
        (["small", "--deadline", "30"], "'30' is not a duration"),
        (["small", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["small", "small"], "asked for twice"),
        (["small", "-w", "nowhere"], "no workspace in nowhere"),
    ],
)
def test_a_mistake_gets_a_readable_message_on_stderr_and_exit_2(
    here: Path, fake: Kernel, words: list[str], answer: str
) -> None:
    told = journey("run", "-w", "shop", *words)
    assert told.exit_code == 2
    assert answer in told.stderr
    assert "Traceback" not in told.output
    assert not fake.ran
    assert not (here / "reports").exists()


def test_a_parameter_is_for_the_reports_that_have_it(here: Path, fake: Kernel) -> None:
    assert journey("run", "small", "trouble", "-w", "shop", "-p", "seed=3").exit_code == 0


def test_a_report_that_journey_yaml_misspells_is_found_there(here: Path, fake: Kernel) -> None:
    config = here / "shop" / "journey.yaml"
    config.write_text(config.read_text("utf-8").replace("report: small", "report: smal"), encoding="utf-8")
    answer = journey("run", "-w", "shop")
    assert answer.exit_code == 2
    assert "journey.yaml" in answer.stderr
    assert "Did you mean 'small'?" in answer.stderr


@pytest.mark.parametrize(
    ("error", "code"), [(ReportFailed("the till is empty"), 1), (DeadlinePassed("the time was up"), 124)]
)
def test_a_failure_is_told_on_stderr_with_its_exit_code(fake: Kernel, error: Exception, code: int) -> None:
    fake.fails = error
    answer = journey("run", "-w", "shop", "--language", "vi")
    assert answer.exit_code == code
    assert str(error) in answer.stderr
    assert "failed.html" in answer.stderr
    assert "Traceback" not in answer.output


def test_a_held_lock_is_exit_75(here: Path, fake: Kernel) -> None:
    with record.lock(here / "reports/shop/runs/small/.vi.lock"):
        assert journey("run", "-w", "shop", "--language", "vi").exit_code == 75


def test_different_failures_together_are_exit_1(here: Path, fake: Kernel) -> None:
    fake.fails = ReportFailed("the till is empty")
    with record.lock(here / "reports/shop/runs/small/.vi.lock"):
        assert journey("run", "-w", "shop").exit_code == 1


def test_an_unexpected_error_is_one_line_and_a_hint(fake: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("journey_lib.prepare.prepare", broken)
    answer = journey("run", "-w", "shop")
    assert answer.exit_code == 1
    assert answer.stderr == (
        "unexpected ZeroDivisionError: division by zero; rerun as `journey --debug ...` for the traceback\n"
    )
    assert "Traceback" in journey("--debug", "run", "-w", "shop").stderr


def test_an_error_of_one_report_shows_its_traceback_with_debug(fake: Kernel) -> None:
    fake.fails = ReportFailed("the till is empty")
    assert "Traceback" in journey("--debug", "run", "-w", "shop", "--language", "vi").stderr


# --- the other commands ---


def test_reports_lists_them_and_describes_what_they_can_be_asked() -> None:
    assert journey("reports").stdout.splitlines() == [
        "small  A small report · Báo cáo nhỏ",
        "trouble  Trouble · Rắc rối",
    ]
    described = journey("reports", "--describe").stdout
    assert "  lookback: str = '30d'\n      how far back a touch still counts" in described
    assert "  start: date | None = None" in described
    assert "  lookback: str = '14d'" in journey("reports", "--describe", "-w", "shop").stdout


def test_status_tells_how_the_last_runs_ended(here: Path, fake: Kernel) -> None:
    assert journey("status", "-w", "shop").stdout == "no report was run yet: journey run\n"
    journey("run", "-w", "shop", "--language", "vi")
    fake.fails = ReportFailed("the till is empty")
    journey("run", "-w", "shop", "--language", "en")
    vi, en = journey("status", "-w", "shop").stdout.splitlines()
    assert vi.split()[:3] == ["small", "vi", "ok"]
    assert vi.endswith("shop/vi/small.html")
    assert en.split()[:3] == ["small", "en", "failed"]
    assert en.endswith("the till is empty")


def test_check_accounts_for_every_row_of_every_source(here: Path) -> None:
    with (here / "shop/raw/events.csv").open("a", encoding="utf-8") as file:
        file.write("3,an,no day at all,email,visit\n")
    answer = journey("check", "-w", "shop")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[:2] == [
        "events  raw/events.csv",
        "             3 rows in = 2 kept + 1 dropped",
    ]
    assert "             1 dropped: " in answer.stdout
    assert answer.stdout.endswith("rows of the touch table: 2, customers: 1\n")


def test_prepare_says_how_many_rows_it_kept() -> None:
    answer = journey("prepare", "-w", "shop")
    assert answer.exit_code == 0
    assert answer.stdout == "2 rows in = 2 kept + 0 dropped\nrows of the touch table: 2, customers: 1\n"


def test_demo_makes_the_shop_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def generate(folder: Path, *, progress: Any, processes: int, **options: Any) -> dict[str, int]:
        assert processes >= 1
        progress(50, 100)
        asked.update(options, folder=folder)
        return {"event_rows": 1234}

    monkeypatch.setattr("journey_lib.demo.generate", generate)
    answer = journey("demo", "-w", "shop", "--customers", "100")
    assert asked == {"folder": Path("shop"), "customers": 100}
    assert answer.stdout.splitlines() == [
        "the demo shop is in shop/raw, what is true of it in shop/truth",
        "         1,234 event rows",
    ]


# --- as a process ---


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_and_version_answer_within_a_second(words: list[str]) -> None:
    seconds, answer = seconds_of([sys.executable, "-m", "journey_lib", *words])
    assert answer.returncode == 0
    assert seconds < 1


def test_vietnamese_can_be_written_into_a_pipe_of_any_locale() -> None:
    code = (
        "from pathlib import Path; from journey_lib import catalogue, cli\n"
        f"catalogue.notebooks_folder = lambda: Path({str(NOTEBOOKS)!r})\n"
        "cli.main()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, "reports"],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert "Báo cáo nhỏ" in answer.stdout.decode("utf-8")


@pytest.mark.slow
def test_a_scheduler_s_sigterm_kills_the_kernel_and_leaves_a_truthful_record(here: Path) -> None:
    code = (
        "from pathlib import Path; from journey_lib import catalogue, cli\n"
        f"catalogue.notebooks_folder = lambda: Path({str(NOTEBOOKS)!r})\n"
        "cli.main()"
    )
    words = ["run", "trouble", "-w", "shop", "-p", "trouble=sleep", "--language", "vi"]
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE)
    started = wait_for(lambda: list(here.glob("reports/shop/runs/trouble/*/started.json")))
    time.sleep(2)  # let the kernel come up; the test holds as well when it has not
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 143
    said = json.loads((started[0].parent / "run.json").read_text("utf-8"))
    assert (said["status"], said["page"]) == ("failed", None)
    assert "called off" in said["error"]
    assert not (here / "reports/shop/vi/trouble.html").exists()


def wait_for(found: Any) -> Any:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if there := found():
            return there
        time.sleep(0.1)
    raise AssertionError("it never came")


# --- what docs/scheduling.md promises ---


def guide() -> str:
    return (Path(__file__).parent.parent / "docs" / "scheduling.md").read_text("utf-8")


def test_every_command_of_the_scheduling_guide_is_one_that_exists() -> None:
    words = [line.split("`")[0].split(">>")[0].split('"')[0] for line in guide().split("journey run ")[1:]]
    assert len(words) >= 5
    for arguments in words:
        cli.run.make_context("run", arguments.splitlines()[0].split())


def test_the_guide_names_every_exit_code_there_is() -> None:
    kinds: list[type[errors.JourneyError]] = [errors.JourneyError, *errors.JourneyError.__subclasses__()]
    for code in {kind.exit_code for kind in kinds}:
        assert f"| {code} |" in guide()


def test_the_workflow_in_the_guide_is_yaml_that_deploys_only_after_a_good_run() -> None:
    workflow = yaml.safe_load(guide().split("```yaml\n")[1].split("```")[0])
    steps = workflow["jobs"]["reports"]["steps"]
    run = next(n for n, step in enumerate(steps) if "journey run" in step.get("run", ""))
    deploy = next(n for n, step in enumerate(steps) if "deploy-pages" in step.get("uses", ""))
    assert run < deploy
    assert "if" not in steps[deploy]


def test_one_report_may_be_published_as_two_pages_of_their_own_name_and_title(here: Path) -> None:
    config = Path("shop") / "journey.yaml"
    second = (
        "  - report: small\n    page: small_week\n    title: {en: A week}\n    parameters: {lookback: 7d}\n"
    )
    config.write_text(config.read_text("utf-8") + second, encoding="utf-8")
    listed = journey("reports", "-w", "shop").stdout
    assert "small  A small report · Báo cáo nhỏ" in listed
    assert "small_week  A week · Báo cáo nhỏ" in listed
    said = journey("run", "small_weak", "-w", "shop")
    assert said.exit_code == 2
    assert "Did you mean 'small_week'?" in said.stderr
    config.write_text(config.read_text("utf-8").replace("    page: small_week\n", ""), encoding="utf-8")
    assert "two pages are called small" in journey("run", "-w", "shop").stderr
