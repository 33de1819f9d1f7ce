"""A run tells the truth about how it ended, and the last good page survives whatever went wrong."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import Kernel, manifest, report, without_kernel, workspace

from journey_lib import catalogue, pages, runner
from journey_lib.errors import (
    AlreadyRunning,
    ConfigError,
    DeadlinePassed,
    JourneyError,
    ParameterError,
    ReportFailed,
)
from journey_lib.runner import discretion, kernel, record
from journey_lib.runner.job import new_job, notebook

Runs = Callable[..., runner.Run]


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    return workspace(tmp_path / "shop")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return without_kernel(monkeypatch)


@pytest.fixture
def run(shop: Any, reports: Path) -> Runs:
    """Run a report of tests/notebooks in Vietnamese: ``run("small", lookback="7d")``."""

    def ran(
        name: str = "small", *, force: bool = False, deadline: str | None = None, **given: Any
    ) -> runner.Run:
        return runner.run(
            shop, report(name), given, language="vi", reports_dir=reports, force=force, deadline=deadline
        )

    return ran


def recorded(reports: Path, name: str = "small") -> list[dict[str, Any]]:
    """What every run.json of a report says, oldest first."""
    return [json.loads(f.read_text("utf-8")) for f in sorted(reports.glob(f"shop/runs/{name}/*/run.json"))]


def folder_of_last(reports: Path, name: str = "small") -> Path:
    return max(reports.glob(f"shop/runs/{name}/*/run.json")).parent


# --- a run that goes well ---


def test_a_run_publishes_its_page_and_keeps_what_it_came_from(run: Runs, fake: Kernel, reports: Path) -> None:
    done = run(lookback="7d")
    folder = reports / "shop" / "runs" / "small" / done.run_id
    assert (reports / "shop/vi/small.html").read_text("utf-8") == "<h1>Báo cáo nhỏ</h1>all is well<p></p>"
    assert (reports / "index.html").is_file()
    assert sorted(path.name for path in folder.iterdir()) == ["notebook.ipynb", "report.html", "run.json"]


def test_run_json_says_what_ran_on_what_and_how_it_ended(run: Runs, fake: Kernel, reports: Path) -> None:
    fake.results = [
        {
            "name": "credit",
            "facts": {"share": float("nan"), "n": 3},
            "columns": ["channel"],
            "rows": [["email"]],
        }
    ]
    done = run(lookback="7d", start="2025-01-01")
    [said] = recorded(reports)
    assert said["run_id"] == done.run_id
    assert (said["workspace"], said["report"], said["language"]) == ("shop", "small", "vi")
    assert said["workspace_title"] == {"vi": "Cửa hàng", "en": "The shop"}
    assert said["report_title"] == {"vi": "Báo cáo nhỏ", "en": "A small report"}
    assert (said["status"], said["error"], said["page"]) == ("ok", None, "shop/vi/small.html")
    assert said["started"] < said["finished"]
    assert said["seconds"] >= 0
    assert said["parameters"] == {
        "lookback": "7d",
        "start": "2025-01-01",
        "models": ["last", "linear"],
        "sign": "a=b # c",
        "seed": 7,
    }
    assert said["data"] == {
        "fingerprint": "data-1",
        "rows_in": 0,
        "kept": 0,
        "dropped": 0,
        "period": ["2025-01-01", "2025-01-02"],
    }
    assert (said["seed"], said["currency"]) == (7, "VND")
    assert said["started"].endswith("+07:00"), "by the shop's clock"
    assert said["facts"] == [{"name": "credit", "facts": {"share": None, "n": 3}}]
    assert {"python", "papermill", "nbconvert", "altair", "duckdb"} <= set(said["versions"])
    assert set(said["git"]) == {"revision", "dirty"}


def test_the_notebook_that_runs_has_the_values_and_the_language_asked_for(shop: Any, reports: Path) -> None:
    job = new_job(shop, report("small"), {"lookback": "7d"}, "en", reports)
    sources = [cell.source for cell in notebook(job).cells]
    assert 'lookback: str = "7d"  # how far back a touch still counts' in sources[1]
    assert 'language: Literal["vi", "en"] = "en"  # language of the report' in sources[1]
    assert "# A small report" in sources
    assert "# Báo cáo nhỏ" not in sources
    assert not any("only for JupyterLab" in source for source in sources)


def test_tables_are_kept_as_csv_in_which_no_text_is_a_formula(run: Runs, fake: Kernel, reports: Path) -> None:
    fake.results = [
        {
            "name": "Kênh & ngày",
            "facts": {},
            "columns": ["channel", "=x"],
            "rows": [["=2+5", -1.5], ["@a", 2], ["-", 3]],
        },
        {"name": "kenh-ngay", "facts": {}, "columns": ["a"], "rows": [["\tb"]]},
    ]
    run()
    tables = folder_of_last(reports) / "tables"
    assert sorted(path.name for path in tables.iterdir()) == ["kenh-ngay-2.csv", "kenh-ngay.csv"]
    with (tables / "kenh-ngay.csv").open(encoding="utf-8-sig") as file:
        assert list(csv.reader(file)) == [["channel", "'=x"], ["'=2+5", "-1.5"], ["'@a", "2"], ["'-", "3"]]


def test_run_ids_sort_by_time_and_never_repeat(run: Runs, fake: Kernel, reports: Path) -> None:
    ids = [run(force=True).run_id for _ in range(4)]
    assert ids == sorted(set(ids))


# --- nothing new, nothing done ---


def test_an_unchanged_report_is_not_run_again(run: Runs, fake: Kernel, reports: Path) -> None:
    first = run()
    written = (reports / "shop/vi/small.html").stat().st_mtime_ns
    again = run()
    assert (again.status, again.run_id) == ("unchanged", first.run_id)
    assert len(fake.ran) == 1
    assert (reports / "shop/vi/small.html").stat().st_mtime_ns == written


def test_whatever_a_page_depends_on_makes_it_run_again(
    run: Runs, fake: Kernel, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    assert run(lookback="7d").status == "ok", "a parameter"
    monkeypatch.setattr("journey_lib.prepare.prepare", lambda *_, **__: manifest("data-2"))
    assert run(lookback="7d").status == "ok", "the data"
    with (shop.path / "journey.yaml").open("a", encoding="utf-8") as file:
        file.write("note: {en: Two rows tell little.}\n")
    assert run(lookback="7d").status == "ok", "what the workspace says"
    monkeypatch.setattr("journey_lib.runner.origin._MATTER", ("numpy",))
    assert run(lookback="7d").status == "ok", "the versions"
    assert run(lookback="7d").status == "unchanged"
    assert len(fake.ran) == 5


def test_a_missing_page_and_force_make_it_run_again(run: Runs, fake: Kernel, reports: Path) -> None:
    run()
    (reports / "shop/vi/small.html").unlink()
    assert run().status == "ok"
    assert run(force=True).status == "ok"


def test_after_a_failure_it_runs_again_even_when_nothing_changed(run: Runs, fake: Kernel) -> None:
    run()
    fake.fails = ReportFailed("the kernel died")
    with pytest.raises(ReportFailed):
        run(force=True)
    fake.fails = None
    assert run().status == "ok"


# --- mistakes are answered before anything starts ---


@pytest.mark.parametrize(
    "given",
    [{"loockback": "7d"}, {"lookback": "7"}, {"models": "liner"}, {"workspace": "x"}, {"language": "vi"}],
)
def test_a_mistaken_parameter_starts_nothing(
    run: Runs, fake: Kernel, reports: Path, given: dict[str, Any]
) -> None:
    with pytest.raises(ParameterError) as refused:
        run(**given)
    assert refused.value.exit_code == 2
    assert not fake.ran
    assert not reports.exists()


# --- failures, without a kernel ---


def fails(run: Runs, reports: Path) -> JourneyError:
    """Fail after a good run: the good page must not change by a byte, the record must say failed."""
    page = reports / "shop/vi/small.html"
    before = page.read_bytes(), page.stat().st_mtime_ns
    with pytest.raises(ReportFailed) as failure:
        run(force=True)
    assert (page.read_bytes(), page.stat().st_mtime_ns) == before
    assert [said["status"] for said in recorded(reports)] == ["ok", "failed"]
    assert not (folder_of_last(reports) / "report.html").exists()
    return failure.value


def test_a_full_disk_leaves_the_last_good_page(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "small.html")

    monkeypatch.setattr("journey_lib.publish.publish", full)
    error = fails(run, reports)
    assert "No space left on device" in str(error)
    assert error.exit_code == 1
    assert "No space left on device" in (folder_of_last(reports) / "failed.html").read_text("utf-8")


def test_a_page_that_cannot_be_put_in_its_place_is_a_failure(run: Runs, fake: Kernel, reports: Path) -> None:
    (reports / "shop").mkdir(parents=True)
    (reports / "shop" / "vi").write_text("a file where a folder should be")
    with pytest.raises(ReportFailed):
        run()
    [said] = recorded(reports)
    assert (said["status"], said["page"]) == ("failed", None)


def test_a_reports_folder_that_cannot_be_used_is_a_failure(run: Runs, fake: Kernel, reports: Path) -> None:
    reports.write_text("a file where a folder should be")
    with pytest.raises(JourneyError) as failure:
        run()
    assert failure.value.exit_code == 1


def test_a_secret_in_the_page_fails_the_run_and_is_kept_nowhere(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setenv("SHOP_API_KEY", 'canary-"4711"-<x>')
    fake.shows = 'connected with canary-"4711"-<x>'
    assert "SHOP_API_KEY" in str(fails(run, reports))
    kept = [path.read_text("utf-8") for path in reports.rglob("*") if path.is_file()]
    assert not [text for text in kept if "4711" in text]


def test_a_secret_in_an_error_is_kept_nowhere(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setenv("CRM_PASSWORD", "canary-4711")
    fake.fails = ReportFailed("login with canary-4711 refused")
    assert "canary" not in str(fails(run, reports))
    assert not [path for path in reports.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


def test_folders_of_this_machine_are_shown_by_short_names(
    run: Runs, fake: Kernel, shop: Any, reports: Path
) -> None:
    fake.shows = f"read {shop.path.resolve()}/raw/events.csv and \x1b[32m{Path.home()}/.config/x"
    run()
    assert "read shop/raw/events.csv and \x1b[32m~/.config/x" in (reports / "shop/vi/small.html").read_text()


@pytest.mark.parametrize(
    "shown",
    [f"<p>{Path.cwd()}/x</p>", f'<script id="drawings">{pages.packed(str(Path.cwd()))}</script>'],
    ids=["plain", "packed"],
)
def test_a_page_with_folders_of_this_machine_is_not_published(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    run()
    monkeypatch.setattr("journey_lib.exporter.page", lambda *_, **__: shown)
    assert "folders of this machine" in str(fails(run, reports))


def test_a_page_too_large_to_mail_is_not_published(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr("journey_lib.exporter.page", lambda *_, **__: "x" * 2_100_000)
    assert "2100 kB of at most 2000 kB" in str(fails(run, reports))


def test_when_the_exporter_itself_breaks_the_failed_page_still_shows_the_error(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()

    def broken(*_: object, **__: object) -> str:
        raise KeyError("<template>")

    monkeypatch.setattr("journey_lib.exporter.page", broken)
    fails(run, reports)
    assert "KeyError: &#x27;&lt;template&gt;&#x27;" in (folder_of_last(reports) / "failed.html").read_text()


def test_a_ctrl_c_leaves_a_truthful_record(run: Runs, fake: Kernel, reports: Path) -> None:
    run()
    fake.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(force=True)
    assert "called off" in recorded(reports)[-1]["error"]


def test_a_runner_killed_outright_is_recorded_as_failed_by_the_next(
    run: Runs, fake: Kernel, shop: Any, reports: Path
) -> None:
    done = run()
    file = reports / "shop/runs/small" / done.run_id / "run.json"
    killed = json.loads(file.read_text("utf-8")) | {"status": "failed", "error": record.KILLED}
    file.unlink()
    (file.parent / "started.json").write_text(json.dumps(killed))

    [(last, going_on)] = runner.latest(shop, reports)
    assert (last.status, last.error, going_on) == ("failed", record.KILLED, False)
    run()
    assert [said["status"] for said in recorded(reports)] == ["failed", "ok"]


def test_a_deadline_that_has_passed_starts_nothing(run: Runs, fake: Kernel) -> None:
    with pytest.raises(DeadlinePassed) as failure:
        run(deadline="0m")
    assert failure.value.exit_code == 124
    assert not fake.ran


def test_a_second_run_of_the_same_report_is_turned_away(run: Runs, fake: Kernel, reports: Path) -> None:
    run()
    before = (reports / "shop/vi/small.html").read_bytes()
    with record.lock(reports / "shop/runs/small/.vi.lock"), pytest.raises(AlreadyRunning) as turned_away:
        run(force=True)
    assert turned_away.value.exit_code == 75
    assert (reports / "shop/vi/small.html").read_bytes() == before
    assert len(recorded(reports)) == 1
    assert run(force=True).status == "ok", "and is welcome when the first has ended"


def test_the_last_runs_are_kept_and_the_last_good_one_always(
    run: Runs, fake: Kernel, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "KEPT_RUNS", 3)
    run(seed=1)
    good = run(seed=2)
    fake.fails = ReportFailed("the kernel died")
    for _ in range(4):
        with pytest.raises(ReportFailed):
            run(seed=3)
    statuses = [(said["run_id"] == good.run_id, said["status"]) for said in recorded(reports)]
    assert statuses == [(True, "ok")] + 3 * [(False, "failed")]


# --- many reports ---


def test_one_failure_stops_no_other_report(
    shop: Any, reports: Path, fake: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(nb: Any, **options: Any) -> kernel.Executed:
        fake.fails = ReportFailed("the till is empty") if "trouble" in nb.cells[1].source else None
        return fake.execute(nb, **options)

    monkeypatch.setattr(kernel, "execute", execute)
    heard: list[runner.Outcome] = []
    outcomes = runner.run_all(
        shop,
        [(report("small"), {}), (report("trouble"), {})],
        languages=["vi", "en"],
        reports_dir=reports,
        jobs=1,
        done=heard.append,
    )
    ended = [(o.report, o.language, o.run.status if o.run else type(o.error)) for o in outcomes]
    assert ended == [
        ("small", "vi", "ok"),
        ("small", "en", "ok"),
        ("trouble", "vi", ReportFailed),
        ("trouble", "en", ReportFailed),
    ]
    assert {(o.report, o.language) for o in heard} == {(o.report, o.language) for o in outcomes}


def ran(fake: Kernel) -> list[tuple[str, str]]:
    """Which report in which language the kernels were given, in their order."""
    said = ["\n".join(cell.source for cell in nb.cells) for nb in fake.ran]
    return [
        ("trouble" if "trouble" in text else "small", "vi" if 'language = "vi"' in text else "en")
        for text in (re.sub(r"language: \w+(\[.*\])? = ", "language = ", one) for one in said)
    ]


def test_every_report_comes_in_one_language_first_and_the_longest_first(
    shop: Any, reports: Path, fake: Kernel, tmp_path: Path
) -> None:
    """What a notebook declares holds until a run has shown how long it takes."""
    slow = tmp_path / "20_trouble.ipynb"
    written = json.loads(report("trouble").path.read_text(encoding="utf-8"))
    written["metadata"]["journey"] = {"seconds": 15}
    slow.write_text(json.dumps(written), encoding="utf-8")
    both = [(report("small"), {}), (catalogue.read(slow), {})]
    asked = {"languages": ["vi", "en"], "reports_dir": reports, "jobs": 1, "force": True}
    outcomes = runner.run_all(shop, both, **asked)
    assert ran(fake) == [("trouble", "vi"), ("small", "vi"), ("trouble", "en"), ("small", "en")]
    told = [(outcome.report, outcome.language) for outcome in outcomes]
    assert told == [("small", "vi"), ("small", "en"), ("trouble", "vi"), ("trouble", "en")]  # as asked
    for file in reports.glob("shop/runs/*/*/run.json"):
        said = json.loads(file.read_text(encoding="utf-8"))
        took = 40.0 if said["report"] == "small" and said["language"] == "en" else 2.0
        file.write_text(json.dumps({**said, "seconds": took}), encoding="utf-8")
    fake.ran.clear()
    runner.run_all(shop, both, **asked)
    assert ran(fake) == [("small", "vi"), ("trouble", "vi"), ("small", "en"), ("trouble", "en")]


def test_kernels_of_one_call_share_a_folder_that_goes_when_they_are_done(
    shop: Any, reports: Path, fake: Kernel, run: Runs
) -> None:
    runner.run_all(shop, [(report("small"), {})], languages=["vi", "en"], reports_dir=reports)
    first, second = fake.kept
    assert first is not None
    assert first == second
    assert not first.exists()
    run(force=True)
    assert fake.kept[2] is None  # one report in one language has nobody to share with


def test_the_same_report_is_not_asked_for_twice(shop: Any, reports: Path, fake: Kernel) -> None:
    with pytest.raises(ConfigError, match="asked for twice: small"):
        runner.run_all(
            shop, [(report("small"), {}), (report("small"), {})], languages=["vi"], reports_dir=reports
        )


def test_a_ctrl_c_ends_all_kernels_and_leaves_truthful_records(
    shop: Any, reports: Path, fake: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(nb: Any, *, stop: threading.Event, **options: Any) -> kernel.Executed:
        executed = fake.execute(nb, stop=stop, **options)
        if "trouble" in nb.cells[1].source:
            assert stop.wait(10)
            executed.error = ReportFailed("the run was called off")
        return executed

    def interrupted(_: runner.Outcome) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kernel, "execute", execute)
    with pytest.raises(KeyboardInterrupt):
        runner.run_all(
            shop,
            [(report("trouble"), {}), (report("small"), {})],
            languages=["vi"],
            reports_dir=reports,
            done=interrupted,
        )
    [said] = recorded(reports, "trouble")
    assert said["error"].startswith("the run was called off")


# --- what must not leave this machine ---


def test_secrets_are_found_by_the_words_of_their_names() -> None:
    environ = {
        "SHOP_API_KEY": "abcdef",
        "apikey": "abcdef",
        "DB_PASSWORD_2": "abcdef",
        "GITHUB_TOKEN": "abcdef",
        "AWS_SECRET_ACCESS": "abcdef",
        "SHORT_KEY": "abc",
        "TOKENIZERS_PARALLELISM": "disabled",
        "KEYBOARD_LAYOUT": "qwertz",
        "PWD": "/home/lan",
    }
    assert set(discretion.secrets(environ)) == {
        "SHOP_API_KEY",
        "apikey",
        "DB_PASSWORD_2",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/lan/shop/raw/a.csv", "shop/raw/a.csv"),
        ("file:///home/lan/x", "file://~/x"),
        ("/home/lan.", "~."),
        ("/home/lan2/x", "/home/lan2/x"),
        ("https://example.com/home/lan/x", "https://example.com/home/lan/x"),
        ("\x1b[32m/home/lan/x\x1b[0m", "\x1b[32m~/x\x1b[0m"),
        ("3/4", "3/4"),
    ],
)
def test_paths_are_shown_by_short_names(text: str, shown: str) -> None:
    assert discretion.anonymous({"/home/lan": "~", "/home/lan/shop": "shop"})(text) == shown


# --- with a real kernel ---


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journey_lib.prepare.prepare", lambda *_, **__: manifest("data-1"))


@pytest.mark.slow
@pytest.mark.usefixtures("prepared")
def test_a_real_run_from_notebook_to_page(run: Runs, reports: Path) -> None:
    done = run(lookback="7d", start="2025-01-31", models="first")
    page = (reports / "shop/vi/small.html").read_text("utf-8")
    assert "vi 7d 2025-01-31 ['first'] a=b # c 7" in html.unescape(page)
    assert "headless: 1" in page
    assert "Kênh nào đưa khách tới?" in page
    assert "Which channel brings customers?" not in page
    assert done.facts == [{"name": "credit", "facts": {"conversions": 3, "share": None}}]
    kept = (folder_of_last(reports) / "notebook.ipynb").read_text("utf-8")
    assert str(Path.home()) not in kept
    assert "papermill" not in kept
    assert (folder_of_last(reports) / "tables/credit.csv").is_file()


@pytest.mark.slow
@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize(
    ("trouble", "kind", "said"),
    [
        ("raise", ReportFailed, "ValueError: the till is empty"),
        ("die", ReportFailed, "the kernel died (signal 9"),
        ("exit", ReportFailed, "SystemExit: 0"),
        ("sleep", DeadlinePassed, "the time was up"),
        ("leak", ReportFailed, "SHOP_API_KEY"),
    ],
)
def test_trouble_in_a_real_kernel_is_told_and_the_last_good_page_stays(
    run: Runs,
    reports: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    kind: type[JourneyError],
    said: str,
) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "canary-4711")
    page = reports / "shop/vi/trouble.html"
    page.parent.mkdir(parents=True)
    page.write_bytes(b"the last good page")

    began = time.monotonic()
    with pytest.raises(kind) as failure:
        run("trouble", trouble=trouble, deadline="0.15m")
    assert time.monotonic() - began < 30

    assert page.read_bytes() == b"the last good page"
    [told] = recorded(reports, "trouble")
    assert (told["status"], told["page"]) == ("failed", None)
    folder = folder_of_last(reports, "trouble")
    for text in (str(failure.value), told["error"], (folder / "failed.html").read_text("utf-8")):
        assert said in text
    assert not [path for path in reports.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert not _kernels_left()


def _kernels_left() -> list[str]:
    """Kernel processes of this test that still run; only Linux can tell."""
    mine = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if "ipykernel_launcher" in command and parent == str(os.getpid()):
            mine.append(command)
    return mine
