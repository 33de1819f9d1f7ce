"""Pages in their places: whole or not at all, and an index that tells the truth about all of them."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sample_report import HOSTILE, PROVENANCE

from journey_lib import publish
from journey_lib.errors import ReportFailed

OLD, NEW = "<p>old — cũ</p>\n", "<p>new — mới</p>\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    page = tmp_path / "demo" / "vi" / "credit.html"
    publish.publish(OLD, page)
    return page


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_page_takes_the_place_of_the_old_one_whole(target: Path) -> None:
    publish.publish(NEW, target)
    assert target.read_bytes() == NEW.encode()
    assert files(target.parent) == ["credit.html"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such bits")
def test_others_may_read_a_page_as_they_may_read_any_new_file(target: Path) -> None:
    plain = target.with_name("plain")
    plain.touch()
    assert target.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_page_byte_for_byte(
    target: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(publish.os, step, full)
    with pytest.raises(ReportFailed, match="No space left") as failed:
        publish.publish(NEW, target)
    assert failed.value.do is not None
    assert "untouched" in failed.value.do
    assert target.read_bytes() == OLD.encode()
    assert files(target.parent) == ["credit.html"]


def test_a_process_killed_while_it_writes_leaves_the_old_page_and_its_draft_is_swept_later(
    target: Path,
) -> None:
    script = (
        "import os, sys, pathlib\nfrom journey_lib import publish\n"
        "publish.os.replace = lambda *_: os._exit(9)\n"
        "publish.publish('half', pathlib.Path(sys.argv[1]))"
    )
    assert subprocess.run([sys.executable, "-c", script, str(target)], check=False).returncode == 9
    assert target.read_bytes() == OLD.encode()
    (draft,) = target.parent.glob(".*.draft")
    publish.publish(NEW, target)
    assert draft.exists(), "it might be another process's, still at work"
    os.utime(draft, (time.time() - 7200,) * 2)
    publish.publish(NEW, target)
    assert files(target.parent) == ["credit.html"]


# --- the index ---


def record(reports: Path, run_id: str, **said: Any) -> None:
    """Leave what a runner leaves of one run, the page of a good one included."""
    run = {**PROVENANCE, "run_id": run_id, **said}
    folder = reports / run["workspace"] / "runs" / run["report"] / run_id
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    good = run["status"] == "ok"
    (folder / ("report.html" if good else "failed.html")).write_text("page")
    if good:
        publish.publish("page", reports / run["workspace"] / run["language"] / f"{run['report']}.html")


def words(page: Path, language: str) -> str:
    """What the index says in one language, as one line."""
    other = "en" if language == "vi" else "vi"
    html = page.read_text("utf-8").partition("<main")[2].partition("</main>")[0]
    html = re.sub(rf'<span lang="{other}">.*?</span>', "", html)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def at(day: int) -> str:
    return f"2025-01-{day:02d}T06:00:00.000+00:00"


def test_the_index_leads_to_every_report_in_every_language(tmp_path: Path) -> None:
    record(tmp_path, "a", language="vi", started=at(1), finished=at(1))
    record(tmp_path, "b", language="en", started=at(2), finished=at(2))
    record(tmp_path, "c", workspace="other", workspace_title={"vi": "Khác", "en": "Other"}, started=at(3))
    page = publish.index(tmp_path)
    assert page == tmp_path / "index.html"
    links = set(re.findall(r'href="([^"#]+\.html)"', page.read_text("utf-8")))
    assert {"demo/vi/channel_attribution.html", "demo/en/channel_attribution.html"} <= links
    assert "other/vi/channel_attribution.html" in links
    assert all((tmp_path / link).is_file() for link in links)
    assert "Cửa hàng An Nhiên" in words(page, "vi")
    assert "Channel attribution Last good run 2 Jan 2025 06:00 UTC · 1 Jan 2024 – 31 Dec 2024" in words(
        page, "en"
    )


def test_a_report_that_fails_is_out_of_date_since_its_first_failure_and_says_of_when_its_page_is(
    tmp_path: Path,
) -> None:
    record(tmp_path, "a", status="ok", started=at(1), finished=at(1))
    record(tmp_path, "b", status="failed", started=at(2), error="first")
    record(tmp_path, "c", status="failed", started=at(3), error="no <rows> left")
    page = publish.index(tmp_path)
    said = words(page, "en")
    assert (
        "Out of date (Tiếng Việt): the page is of 1 Jan 2025 06:00 UTC ; it has failed since 2 Jan 2025"
        in said
    )
    assert "no &lt;rows&gt; left" in said
    assert 'href="demo/runs/channel_attribution/c/failed.html"' in page.read_text("utf-8")


def test_a_report_that_works_again_is_not_out_of_date(tmp_path: Path) -> None:
    record(tmp_path, "a", status="failed", started=at(1))
    record(tmp_path, "b", status="ok", started=at(2))
    assert "Out of date" not in words(publish.index(tmp_path), "en")


def test_a_report_that_never_worked_has_no_page_to_lead_to(tmp_path: Path) -> None:
    record(tmp_path, "a", status="failed", started=at(1), error="the kernel died")
    said = words(publish.index(tmp_path), "en")
    assert "There is no good page yet." in said
    assert "Failed (Tiếng Việt): it has failed since 1 Jan 2025" in said


def test_headline_facts_are_written_in_both_languages(tmp_path: Path) -> None:
    facts = [
        {
            "name": "credit",
            "facts": {"conversions": 38201, "value": 13.6e9, "spread": 0.123, "widest": "zalo"},
        }
    ]
    record(tmp_path, "a", facts=facts, currency="VND", started=at(1))
    page = publish.index(tmp_path)
    assert "Conversions 38,201 Value ₫13.6B Largest difference between models 12.3%" in words(page, "en")
    vietnamese = words(page, "vi").replace("\N{NO-BREAK SPACE}", " ")
    assert "Chuyển đổi 38.201 Giá trị 13,6 tỷ ₫" in vietnamese


def test_the_index_says_of_our_reports_what_a_reader_would_quote_in_words(tmp_path: Path) -> None:
    facts = [
        {"name": "integrity", "facts": {"care": 4, "wrong": 0}},
        {"name": "reconciled", "facts": {"rows_in": 12, "kept": 11, "dropped": 1}},
        {"name": "trust", "facts": {"verdict": "with_care", "checks": 15, "look": ["gaps"]}},
    ]
    record(tmp_path, "a", report="data_health", facts=facts, started=at(1))
    page = publish.index(tmp_path)
    assert "Verdict Use with care Checks made 15 Rows in 12 Kept 11" in words(page, "en")
    assert "Kết luận Cần thận trọng Số phép kiểm tra 15 Số dòng đã đọc 12 Số dòng được dùng 11" in words(
        page, "vi"
    )
    assert "Care 4" not in words(page, "en")


def test_every_headline_of_the_index_is_a_fact_that_its_report_records() -> None:
    """Facts are renamed in the library; the index would then be silently empty."""
    said = "".join(path.read_text("utf-8") for path in Path(publish.__file__).parent.rglob("*.py"))
    for report, facts in publish._HEADLINES.items():
        assert list(Path(publish.__file__).parents[1].glob(f"notebooks/[0-9]*_{report}.ipynb")), report
        for result, fact in facts:
            assert f'"{result}"' in said, (report, result)
            assert f'"{fact}"' in said, (report, fact)


def test_reports_stand_in_the_order_in_which_they_are_read_those_of_ones_own_last(tmp_path: Path) -> None:
    for report in ("a_report_of_ones_own", "channel_attribution", "data_health", "journeys"):
        record(tmp_path, "a", report=report, report_title={"en": report}, started=at(1))
    said = words(publish.index(tmp_path), "en")
    order = ["data_health", "journeys", "channel_attribution", "a_report_of_ones_own"]
    assert sorted(order, key=said.index) == order


def test_moments_name_their_offset_as_the_pages_do(tmp_path: Path) -> None:
    record(tmp_path, "a", started="2025-01-02T06:00:00.000+07:00", finished="2025-01-02T06:00:00.000+07:00")
    assert "2 Jan 2025 06:00 (UTC+07:00)" in words(publish.index(tmp_path), "en")


def test_a_torn_record_hides_no_other(tmp_path: Path) -> None:
    record(tmp_path, "a", started=at(1))
    torn = tmp_path / "demo" / "runs" / "channel_attribution" / "b" / "run.json"
    torn.parent.mkdir()
    torn.write_text('{"status": "ok", "sta')
    assert "Channel attribution" in words(publish.index(tmp_path), "en")


def test_names_and_errors_are_words_and_nothing_else(tmp_path: Path) -> None:
    facts = [{"name": "credit", "facts": {HOSTILE: HOSTILE}}]
    titles = {"vi": HOSTILE, "en": HOSTILE}
    record(tmp_path, "a", report_title=titles, workspace_title=titles, facts=facts, started=at(1))
    record(tmp_path, "b", report_title=titles, status="failed", error=HOSTILE, started=at(2))
    html = publish.index(tmp_path).read_text("utf-8")
    assert "<img" not in html
    assert html.count("<script>") == 2


def test_before_the_first_run_the_index_says_what_to_do(tmp_path: Path) -> None:
    assert words(publish.index(tmp_path), "en").endswith("No report has been run yet. Run make reports")


def test_the_same_runs_give_the_same_index(tmp_path: Path) -> None:
    record(tmp_path, "a", started=at(1))
    assert publish.index(tmp_path).read_bytes() == publish.index(tmp_path).read_bytes()
