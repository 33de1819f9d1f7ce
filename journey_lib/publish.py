"""Put pages where their readers look: whole or not at all, with an index that leads to all of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from journey_lib import i18n, pages
from journey_lib.errors import ReportFailed
from journey_lib.model import Language

LANGUAGES: tuple[Language, ...] = ("vi", "en")
# How many facts and runs the index shows of a report: what fits a phone without scrolling past the next
# report.
FACTS, RUNS = 4, 8
_STALE_DRAFT = 3600  # seconds after which a draft was surely left by a process that died
_MONEY = {"value", "cost", "revenue", "spend", "sales"}
_SHARE = ("share", "rate", "spread")


def publish(html: str, target: Path) -> None:
    """Put a page in its place in one step: a reader finds the old page or the new, never a part.

    The page is written beside its target, forced to the disk and renamed over it. Raises `ReportFailed`
    when the disk is full or the folder is closed; the old page is then as it was, byte for byte.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        # Not tempfile: its files are for their owner alone, and a web server could not read the page.
        with draft.open("x", encoding="utf-8", newline="\n") as file:
            file.write(html)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
        _remember(target.parent)
    except OSError as error:
        raise ReportFailed(
            f"the page could not be published: {error.strerror or error}",
            where=str(target),
            do="make room, or let this user write there; the page published before is untouched",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _sweep(target: Path) -> None:
    """Take away drafts that a killed process left beside the target."""
    for left in target.parent.glob(f".{target.name}.*.draft"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_DRAFT:
                left.unlink()


def _remember(folder: Path) -> None:
    """Force the new name itself to the disk, where the system lets a folder be forced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def index(reports_dir: Path) -> Path:
    """Which reports are there, how fresh, and what do they say? Written as ``index.html`` in `reports_dir`.

    Everything is read from the ``run.json`` of each run and from the pages on the disk, so the index is true
    whoever wrote them. A report whose last run failed says since when, and leads to what went wrong.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for file in sorted(reports_dir.glob("*/runs/*/*/run.json")):
        if run := _read(file):
            run["folder"] = file.parent.relative_to(reports_dir).as_posix()
            groups.setdefault((str(run.get("workspace")), str(run.get("report"))), []).append(run)
    workspaces: dict[str, dict[str, Any]] = {}
    for (name, report), runs in sorted(groups.items()):
        runs.sort(key=lambda run: str(run.get("started")), reverse=True)
        shelf = workspaces.setdefault(
            name, {"title": _both(runs[0].get("workspace_title"), name), "reports": []}
        )
        shelf["reports"].append(_report(reports_dir, name, report, runs))
    html = pages.render(
        "index/index.html.j2",
        language="vi" if _speaks_vietnamese(groups.values()) else "en",
        scripts=["index/index.js"],
        workspaces=list(workspaces.values()),
        both=_words,
        history=RUNS,
    )
    target = reports_dir / "index.html"
    publish(html, target)
    return target


def _read(file: Path) -> dict[str, Any] | None:
    """One run's record, or None for a file that is torn or not one of ours."""
    with contextlib.suppress(OSError, ValueError):
        run = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(run, dict) and run.get("status") in ("ok", "failed") and run.get("started"):
            return run
    return None


def _speaks_vietnamese(groups: Iterable[list[dict[str, Any]]]) -> bool:
    spoken = {run.get("language") for runs in groups for run in runs}
    return "vi" in spoken or not spoken


def _report(reports_dir: Path, workspace: str, report: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the index says of one report: its pages by language, its facts, what failed, its last runs."""
    editions = []
    for language in LANGUAGES:
        mine = [run for run in runs if run.get("language") == language]
        page = f"{workspace}/{language}/{report}.html"
        if mine:
            good = next((run for run in mine if run["status"] == "ok"), None)
            shown = page if good and (reports_dir / page).is_file() else None
            editions.append({"language": language, "page": shown, "good": good, "trouble": _trouble(mine)})
    good = next((run for run in runs if run["status"] == "ok"), None)
    return {
        "title": _both(runs[0].get("report_title"), report),
        "editions": editions,
        "pages": {edition["language"]: edition["page"] for edition in editions if edition["page"]},
        "updated": _moment(good.get("finished") or good["started"]) if good else None,
        "period": _period(good),
        "facts": _facts(good),
        "runs": [_past(reports_dir, run) for run in runs[:RUNS]],
    }


def _trouble(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Since when a report fails, if its last run failed: `runs` newest first."""
    failed = []
    for run in runs:
        if run["status"] == "ok":
            break
        failed.append(run)
    if not failed:
        return None
    good = next((run for run in runs if run["status"] == "ok"), None)
    return {
        "since": _moment(failed[-1]["started"]),
        "good": _moment(good.get("finished") or good["started"]) if good else None,
        "error": failed[0].get("error") or "",
        "run": failed[0]["folder"],
    }


def _past(reports_dir: Path, run: Mapping[str, Any]) -> dict[str, Any]:
    name = "report.html" if run["status"] == "ok" else "failed.html"
    page = f"{run['folder']}/{name}"
    seconds = run.get("seconds")
    took = (
        {lang: i18n.number(seconds, 1, lang) for lang in LANGUAGES}
        if isinstance(seconds, int | float)
        else None
    )
    return {
        "when": _moment(run["started"]),
        "status": run["status"],
        "language": run.get("language"),
        "seconds": took,
        "page": page if (reports_dir / page).is_file() else None,
    }


def _facts(run: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The first few facts a reader would quote; how many rows were read comes last."""
    results = sorted((run or {}).get("facts") or [], key=lambda result: result.get("name") == "data")
    found: dict[str, Any] = {}
    for name, value in (fact for result in results for fact in (result.get("facts") or {}).items()):
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            found.setdefault(name, value)
    currency = (run or {}).get("currency")
    return [
        {"name": _words(name.replace("_", " ").capitalize()), "value": _fact(name, value, currency)}
        for name, value in list(found.items())[:FACTS]
    ]


def _fact(name: str, value: float | str, currency: str | None) -> dict[Language, str]:
    if isinstance(value, str):
        return dict.fromkeys(LANGUAGES, value)
    if name.endswith(_SHARE):
        return {language: i18n.percent(value, 1, language) for language in LANGUAGES}
    if currency and name in _MONEY:
        return {language: i18n.money(value, currency, language, compact=True) for language in LANGUAGES}
    digits = 0 if float(value).is_integer() or abs(value) >= 100 else 2
    return {language: i18n.number(value, digits, language) for language in LANGUAGES}


def _both(words: Any, otherwise: str) -> dict[str, str]:
    """A title in both languages, whichever of them was given."""
    given = words if isinstance(words, Mapping) else {}
    spare = next(iter(given.values()), otherwise)
    return {language: str(given.get(language) or spare) for language in LANGUAGES}


def _words(message: str) -> dict[str, str]:
    return {language: i18n.text(message, language=language) for language in LANGUAGES}


def _moment(moment: str) -> dict[str, str]:
    try:
        when = dt.datetime.fromisoformat(moment)
    except ValueError:
        return dict.fromkeys(LANGUAGES, moment)
    zone = " UTC" if when.utcoffset() == dt.timedelta(0) else when.strftime(" (UTC%z)") if when.tzinfo else ""
    return {language: f"{i18n.date(when.date(), language)} {when:%H:%M}{zone}" for language in LANGUAGES}


def _period(run: Mapping[str, Any] | None) -> dict[str, str] | None:
    days = ((run or {}).get("data") or {}).get("period")
    if not isinstance(days, list) or len(days) != 2:
        return None
    with contextlib.suppress(ValueError, TypeError):
        first, last = (dt.date.fromisoformat(str(day)[:10]) for day in days)
        return {lang: f"{i18n.date(first, lang)} – {i18n.date(last, lang)}" for lang in LANGUAGES}
    return None
