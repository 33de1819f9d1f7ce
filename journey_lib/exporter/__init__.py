"""From an executed notebook to the page a board reads: one file, live, offline, in one language.

The cells go through nbconvert; everything around them (pictures, contents, provenance, the policy that
forbids the network) is ours. The same notebook and provenance give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import markupsafe
import nbformat

from journey_lib import cards, i18n, map_page, pages
from journey_lib.exporter import cells, redact, vega
from journey_lib.exporter.drawings import Album
from journey_lib.model import Language

__all__ = ["page"]

_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)


def page(
    notebook: nbformat.NotebookNode,
    *,
    language: Language,
    title: str,
    provenance: Mapping[str, Any],
    currency: str,
) -> str:
    """Make the page of one run: one HTML file, in one language.

    `provenance` has the fields of ``run.json``; the footer shows them and a JSON block keeps them. A
    notebook that holds an error, or a provenance whose `error` is set, gives the page of a failed run: what
    did run, and where and why it stopped. Figures are written as `language` and `currency` ask; see
    ``docs/reports.md``.
    """
    said = redact.tree(dict(provenance))
    album = Album(language=language, currency=currency)
    chosen = cells.chosen(notebook, language)
    failure = said.get("error") or cells.first_error(chosen)
    body = cells.render(chosen, album=album, language=language, failed=bool(failure))
    body, contents = _with_anchors(body)
    body = album.hang(body)
    bundle = vega.bundle() if album.specs else None
    return pages.render(
        "report/page.html.j2",
        language=language,
        scripts=["report/report.js", *(map_page.SCRIPTS if album.maps else ())],
        styles=(*(map_page.STYLES if album.maps else ()), *(cards.STYLES if album.cards else ())),
        wide=album.maps > 0,
        trusted=[bundle.code] if bundle else [],
        title=title,
        place=(said.get("workspace_title") or {}).get(language) or said.get("workspace"),
        byline=_byline(said.get("data") or {}, language),
        contents=contents if len(contents) > 1 else [],
        body=markupsafe.Markup(body),  # noqa: S704 - cells.render escapes or cleans it
        failure=failure,
        failed_here='id="failure"' in body,
        has_code='<div class="code' in body,
        origin=_origin(said, language),
        parameters=_pairs(said.get("parameters"), language),
        versions=_pairs(said.get("versions"), language),
        provenance=pages.data(said),
        drawings=pages.packed(pages.data(album.store())) if album.specs else None,
        vega=bundle.packed if bundle else None,
    )


def _with_anchors(body: str) -> tuple[str, list[dict[str, Any]]]:
    """Give every heading an ASCII anchor, list them, and leave the page one title."""
    contents: list[dict[str, Any]] = []
    taken: set[str] = set()
    seen_title = False

    def anchor(found: re.Match[str]) -> str:
        nonlocal seen_title
        level, inner = int(found[1]), found[2]
        if level == 1 and not seen_title:
            seen_title = True
            return ""
        words = markupsafe.Markup(inner).striptags()  # noqa: S704 - only to take the tags out
        base = name = i18n.slug(words) or "part"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name)
        level = max(level, 2)
        if level <= 3:
            contents.append({"level": level, "anchor": name, "words": words})
        return f'<h{level} id="{name}">{inner}</h{level}>'

    return _HEADING.sub(anchor, body), contents


def _byline(data: Mapping[str, Any], language: Language) -> str:
    """What a reader asks first: of which days, and of how much."""
    kept = data.get("kept")
    rows = (
        ""
        if kept is None
        else i18n.text("{rows} rows", language=language, rows=i18n.number(kept, 0, language))
    )
    return " · ".join(part for part in (_period(data.get("period"), language), rows) if part)


def _origin(said: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """The lines of the footer: which data, when, by which run of which code."""
    data, git = said.get("data") or {}, said.get("git") or {}

    def words(message: str, **slots: Any) -> str:
        return i18n.text(message, language=language, **slots)

    def count(name: str) -> str | None:
        return i18n.number(data[name], language=language) if data.get(name) is not None else None

    rows = [f"{count(name)} {words(label)}" for name, label in _ROWS.items() if count(name)]
    revision = str(git.get("revision") or "")[:12]
    started = said.get("started")
    lines = [
        (words("Period"), _period(data.get("period"), language), ""),
        (words("Rows"), " · ".join(rows), ""),
        (words("Data fingerprint"), str(data.get("fingerprint") or "")[:16], ""),
        (words("Run at"), _moment(started, language), _seconds(said.get("seconds"), language)),
        (words("Run"), str(said.get("run_id") or ""), ""),
        (words("Code"), revision, words("with changes not yet committed") if git.get("dirty") else ""),
        (words("Seed"), "" if said.get("seed") is None else str(said["seed"]), ""),
    ]
    return [{"name": name, "value": value, "note": note} for name, value, note in lines if value]


_ROWS = {"rows_in": "read", "kept": "kept", "dropped": "left out"}


def _pairs(mapping: Any, language: Language) -> list[tuple[str, str]]:
    none = i18n.text("none", language=language)
    return [(str(key), _plain(value, none)) for key, value in (mapping or {}).items()]


def _plain(value: Any, none: str) -> str:
    if value is None or value == "":
        return none
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item, none) for item in value)
    return str(value)


def _period(period: Any, language: Language) -> str:
    """A period, however the run wrote it: two days, or a mapping with `start` and `end`."""
    if isinstance(period, Mapping):
        period = [period.get("start"), period.get("end")]
    if not isinstance(period, list | tuple):
        return str(period or "")
    return " – ".join(_day(moment, language) for moment in period if moment)


def _day(moment: Any, language: Language) -> str:
    try:
        return i18n.date(dt.datetime.fromisoformat(str(moment)).date(), language)
    except ValueError:
        return str(moment)


def _moment(moment: Any, language: Language) -> str:
    try:
        when = dt.datetime.fromisoformat(str(moment))
    except ValueError:
        return str(moment or "")
    zone = when.strftime("%z")
    return f"{i18n.date(when.date(), language)} {when:%H:%M}" + (
        f" (UTC{zone[:3]}:{zone[3:5]})" if zone else ""
    )


def _seconds(seconds: Any, language: Language) -> str:
    if not isinstance(seconds, int | float):
        return ""
    return i18n.text("took {seconds} s", language=language, seconds=i18n.number(seconds, 1, language))
