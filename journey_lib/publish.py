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
from journey_lib.i18n import text as _
from journey_lib.model import Language

LANGUAGES: tuple[Language, ...] = ("vi", "en")
# How many facts and runs the index shows of a report: what fits a phone without scrolling past the next
# report.
FACTS, RUNS = 4, 8
_STALE_DRAFT = 3600  # seconds after which a draft was surely left by a process that died
_MONEY = {"value", "cost", "revenue", "spend", "sales"}
_SHARE = ("share", "rate", "spread", "measured", "stayed")
# What a reader would quote of each report, as (result, fact), in the order reports are read in. One that
# is not named here shows the facts it recorded first.
_HEADLINES: dict[str, tuple[tuple[str, str], ...]] = {
    "data_health": (
        ("trust", "verdict"),
        ("trust", "checks"),
        ("reconciled", "rows_in"),
        ("reconciled", "kept"),
    ),
    "single_customer_view": (
        ("customer_sizes", "identifiers"),
        ("customer_sizes", "customers"),
        ("customer_sizes", "with_rows"),
        ("customer_sizes", "anonymous_share"),
    ),
    "journeys": (
        ("lengths", "journeys"),
        ("lengths", "conversions"),
        ("lengths", "nulls"),
        ("lengths", "open"),
    ),
    "touchpoint_inventory": (
        ("touchpoints", "touchpoints"),
        ("touchpoints", "touches"),
        ("touchpoint_gaps", "gaps"),
        ("touchpoint_targets", "missed"),
    ),
    "persona_building": (
        ("persona_traits", "personas"),
        ("persona_sizes", "placed"),
        ("persona_sizes", "not_placed"),
        ("persona_migration", "stayed"),
    ),
    "channel_attribution": (
        ("credit_by_model", "conversions"),
        ("credit_by_model", "value"),
        ("efficiency", "cost"),
        ("credit_by_model", "spread"),
    ),
    "journey_map": (
        ("map_coverage", "cells"),
        ("map_coverage", "measured"),
        ("map_stale", "stale"),
        ("map_opportunities", "opportunities"),
    ),
}


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
    for (name, report), runs in sorted(groups.items(), key=_place):
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


def _place(group: tuple[tuple[str, str], list[dict[str, Any]]]) -> tuple[str, int, str]:
    """By workspace, then in the order in which reports are read: data first, what rests on them after."""
    (workspace, report), _runs = group
    order = list(_HEADLINES)
    return workspace, order.index(report) if report in order else len(order), report


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
    """The few facts a reader would quote; of a report of one's own those recorded first, rows read last."""
    results = sorted((run or {}).get("facts") or [], key=lambda result: result.get("name") == "data")
    found: dict[tuple[str, str], Any] = {}
    for result in results:
        for name, value in (result.get("facts") or {}).items():
            if isinstance(value, int | float | str) and not isinstance(value, bool):
                found.setdefault((str(result.get("name")), name), value)
    chosen = [fact for fact in _HEADLINES.get(str((run or {}).get("report")), ()) if fact in found]
    names: dict[str, Any] = {}
    for fact in chosen or found:
        names.setdefault(fact[1], found[fact])
    currency = (run or {}).get("currency")
    return [
        {
            "name": {lang: _name(name, lang) for lang in LANGUAGES},
            "value": {lang: _fact(name, value, currency, lang) for lang in LANGUAGES},
        }
        for name, value in list(names.items())[:FACTS]
    ]


def _name(fact: str, lang: Language) -> str:
    """What a fact is called on the index, where no page stands around it to explain a short name."""
    with i18n.speaking(lang):
        return {
            "checks": _("Checks made"),
            "anonymous_share": _("Known by a cookie or device only"),
            "with_rows": _("Customers with an event or an order"),
            "nulls": _("Ended without a conversion"),
            "open": _("Still open"),
            "gaps": _("Gaps found"),
            "missed": _("Targets missed"),
            "placed": _("Customers with a persona"),
            "not_placed": _("Customers without one"),
            "stayed": _("Kept their persona"),
            "spread": _("Largest difference between models"),
            "cells": _("Cells of the map"),
            "measured": _("Share of cells measured"),
            "stale": _("Entries past their review date"),
        }.get(fact) or _(fact.replace("_", " ").capitalize())


def _fact(name: str, value: float | str, currency: str | None, lang: Language) -> str:
    if isinstance(value, str):
        with i18n.speaking(lang):
            verdicts = {
                "usable": _("Can be used"),
                "with_care": _("Use with care"),
                "unusable": _("Not to be used"),
            }
        return verdicts.get(value, value)
    if name.endswith(_SHARE):
        return i18n.percent(value, 1, lang)
    if currency and name in _MONEY:
        return i18n.money(value, currency, lang, compact=True)
    return i18n.number(value, 0 if float(value).is_integer() or abs(value) >= 100 else 2, lang)


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
    # `%:z` would say it, from Python 3.12 on.
    zone = f" (UTC{when.isoformat()[-6:]})" if when.utcoffset() else " UTC" if when.tzinfo else ""
    return {language: f"{i18n.date(when.date(), language)} {when:%H:%M}{zone}" for language in LANGUAGES}


def _period(run: Mapping[str, Any] | None) -> dict[str, str] | None:
    days = ((run or {}).get("data") or {}).get("period")
    if not isinstance(days, list) or len(days) != 2:
        return None
    with contextlib.suppress(ValueError, TypeError):
        first, last = (dt.date.fromisoformat(str(day)[:10]) for day in days)
        return {lang: f"{i18n.date(first, lang)} – {i18n.date(last, lang)}" for lang in LANGUAGES}
    return None
