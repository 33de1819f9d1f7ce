"""A journey map as readers see it: part of a report, or a page of its own. Every word in it is escaped."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

import markupsafe

from journey_lib import i18n, map_drawings, map_figures, map_words, pages, theme
from journey_lib.i18n import text as _
from journey_lib.journey_map import (
    BLUEPRINT,
    LINES,
    Board,
    Cell,
    Entry,
    Map,
    Spot,
    coverage,
    from_plain,
    plain,
    stale,
    words_in,
)
from journey_lib.model import Language

STYLES = ("map/map.css",)
SCRIPTS = ("map/map.js",)
LAB = "map/lab.css"
MIMETYPE = "application/vnd.journey.map+json"


def fragment(
    shown: Map | Board,
    *,
    language: Language,
    names: Mapping[str, str] | None = None,
    as_of: dt.date | None = None,
    level: int = 3,
    number: int = 1,
) -> markupsafe.Markup:
    """A map, or several side by side, as HTML to be put into a page that has `STYLES` among its looks.

    `names` is what readers call channels, touchpoints and kinds of event; `as_of` the day on which review
    dates are judged (the last day of the data when None; no date is past where neither is known). `level` is
    that of its heading, `number` tells it from other maps of the page.
    """
    with i18n.speaking(language):
        content = _content(shown, language, names or {}, as_of, number)
        return pages.piece("map/map.html.j2", language=language, level=level, number=number, **content)


def page(
    shown: Map | Board,
    *,
    language: Language,
    names: Mapping[str, str] | None = None,
    as_of: dt.date | None = None,
) -> str:
    """A page of its own for a map: one file, in one language, one landscape sheet on paper."""
    body = fragment(shown, language=language, names=names, as_of=as_of, level=1)
    first = shown.maps[0] if isinstance(shown, Board) else shown
    return pages.render(
        "map/page.html.j2",
        language=language,
        scripts=SCRIPTS,
        title=words_in(first.title, language) or first.name,
        body=body,
    )


def bundle(
    shown: Map | Board, *, language: Language, names: Mapping[str, str], as_of: dt.date | None = None
) -> dict[str, Any]:
    """What a notebook hands on when it shows a map: data for a report, and HTML for JupyterLab."""
    maps = shown.maps if isinstance(shown, Board) else (shown,)
    said = {
        "maps": [plain(each) for each in maps],
        "names": dict(names),
        "as_of": None if as_of is None else as_of.isoformat(),
    }
    live = fragment(shown, language=language, names=names, as_of=as_of)
    # JupyterLab has looks of its own: ours hold within the map only.
    looks = "".join([theme.css().replace(":root", ".jmap"), *map(pages.source, (*STYLES, LAB))])
    return {
        MIMETYPE: said,
        "text/html": f"<style>{looks}</style>{live}",
        "text/plain": ", ".join(words_in(each.title, language) or each.name for each in maps),
    }


def shown(said: Mapping[str, Any], *, language: Language, number: int) -> markupsafe.Markup:
    """The map that `bundle` handed on, drawn for a report."""
    maps = tuple(from_plain(each) for each in said["maps"])
    day = said.get("as_of")
    return fragment(
        maps[0] if len(maps) == 1 else Board(maps),
        language=language,
        names=said["names"],
        as_of=dt.date.fromisoformat(day) if day else None,
        number=number,
    )


def _content(
    shown: Map | Board,
    language: Language,
    names: Mapping[str, str],
    as_of: dt.date | None,
    number: int,
) -> dict[str, Any]:
    maps = shown.maps if isinstance(shown, Board) else (shown,)
    lanes = shown.lanes
    owners = {code: name for each in maps for code, name in map_words.departments(each).items()}
    say = functools.partial(_entry, language=language, names=names, owners=owners)
    first = maps[0]
    called = {spot.stage: _spot(spot, language, names) for each in maps for spot in each.stages}
    day = as_of or next((each.as_of for each in maps if each.as_of), None)
    whose = _whose(maps, language)
    known = {who.persona: who for each in maps for who in each.personas}
    rows: list[dict[str, Any]] = []
    for lane in lanes:
        if lane in LINES and any(each in BLUEPRINT for each in lanes):
            rows.append({"line": map_words.line(LINES[lane])})
        above = rows[-1]["line"] if rows and "lane" not in rows[-1] else ""
        rows += [
            _lane(
                place,
                whole,
                lane,
                whose[whole.name],
                say,
                day,
                number=number,
                line=above if whole is first else "",
            )
            for place, whole in enumerate(maps)
        ]
    return {
        "title": words_in(first.title, language) or first.name,
        "kind": map_words.kind(first),
        "scenario": words_in(first.scenario, language),
        "personas": [_persona(who, language) for who in known.values()],
        "coverage": [_covered(each, whose[each.name]) for each in maps],
        "old": sum(len(stale(each, day).table) for each in maps) if day else 0,
        "as_of": i18n.date(day) if day else "",
        "stages": [
            _stage(first, place, language, names, alone=len(maps) == 1) for place in range(len(first.stages))
        ],
        "strips": [
            {"of": whose[each.name], **map_drawings.strip(each, called, forward=way)}
            for way in (True, False)
            for each in maps
        ],
        "rows": rows,
        "legend": map_words.legend(),
        "tables": [_listed(number, place, each, say) for place, each in enumerate(maps)],
        "columns": len(first.stages),
        "fit": map_drawings.fit(rows, len(first.stages), head=_told(maps, language)),
    }


def _told(maps: tuple[Map, ...], language: Language) -> int:
    """Letters at the head of a page of maps."""
    people = [who for each in maps for who in each.personas]
    said = [*(each.scenario for each in maps), *(words for who in people for words in (who.about, who.quote))]
    return sum(len(words_in(words, language)) for words in said)


def _persona(who: Any, language: Language) -> dict[str, Any]:
    name = words_in(who.name, language)
    return {
        "name": name,
        "initials": "".join(word[0] for word in name.split()[-2:]).upper(),
        "about": words_in(who.about, language),
        "goals": [words_in(goal, language) for goal in who.goals],
        "quote": words_in(who.quote, language),
    }


def _whose(maps: tuple[Map, ...], language: Language) -> dict[str, str]:
    """What tells each map from those beside it: its personas, or its title where they are the same."""
    if len(maps) == 1:
        return {maps[0].name: ""}
    people = [", ".join(words_in(who.name, language) for who in each.personas) for each in maps]
    apart = all(people) and len(set(people)) == len(people)
    return {
        each.name: said if apart else words_in(each.title, language) or each.name
        for each, said in zip(maps, people, strict=True)
    }


def _covered(whole: Map, whose: str) -> dict[str, Any]:
    found = coverage(whole)
    parts = [
        {
            "level": level,
            "word": map_words.level(level),
            "sign": map_words.SIGNS[level],
            "cells": i18n.number(cells),
            "share": share,
        }
        for level, cells, share in zip(
            *(found.table[name] for name in ("evidence", "cells", "share")), strict=True
        )
    ]
    by = map_words.written(map_words.usual(whole), map_words.departments(whole))
    return {"whose": whose, "by": by, "measured": i18n.percent(found.facts["measured"], 0), "parts": parts}


def _stage(
    whole: Map, place: int, language: Language, names: Mapping[str, str], *, alone: bool
) -> dict[str, Any]:
    """The head of a column; how many are there and stay says only a map that stands alone."""
    spot = whole.stages[place]
    reach = {each.stage: _reach(whole, each.stage) for each in whole.stages}
    most = max((n for n in reach.values() if n), default=None)
    here = reach[spot.stage]
    stays = next((f for f in whole.flows if f.way == "repeat" and f.source == spot.stage), None)
    return {
        "label": _spot(spot, language, names),
        "tint": round(8 + 20 * (place + 1) / len(whole.stages)),
        "outside": _("without the brand") if spot.outside else "",
        "people": "" if here is None or not alone else _("{n} customers", n=i18n.number(here)),
        "part": 0 if here is None or not most else here / most,
        "stays": ""
        if stays is None or not alone
        else _("{share} stay here", share=i18n.percent(stays.share)),
    }


def _spot(spot: Spot, language: Language, names: Mapping[str, str]) -> str:
    """What readers call a stage."""
    return words_in(spot.label, language) or names.get(spot.stage, spot.stage)


def _reach(whole: Map, stage: str) -> float | None:
    cell = whole.at(stage, "kpi")
    found = [
        e.number.value
        for e in (() if cell is None else cell.entries)
        if e.name == "reach" and e.number and e.evidence.level == "measured"
    ]
    return found[0] if found else None


def _lane(
    place: int, whole: Map, lane: str, whose: str, say: Any, day: dt.date | None, *, number: int, line: str
) -> dict[str, Any]:
    """A lane of one of the maps, the `place` of which among those side by side is 0 for the first."""
    felt = map_drawings.feelings(whole) if lane == "feeling" else []
    # where no stage has a feeling there is no curve, not an empty field of it
    pieces = map_drawings.curve(felt) if any(felt) else []
    before = map_drawings.curve(map_drawings.feelings(whole, map_drawings.NOW)) if pieces else []
    mark = _marking(whole, day)
    cells = []
    for at, code in enumerate(whole.codes):
        cell = whole.at(code, lane) if lane in whole.lanes else None
        groups = _groups(cell, say, mark) if cell else []
        shown = {
            "rows": _anchor(number, place, lane, code),
            "line": line,
            "groups": groups,
            "rest": [(step, _("+{n} more on screen", n=n)) for step, n in map_drawings.left_out(groups)],
            "missing": cell is None,
            "feeling": None,
        }
        if pieces:
            shown["feeling"] = _felt(whole, code, pieces[at], before[at])
        cells.append(shown)
    return {
        "lane": lane,
        "label": map_words.lane(lane),
        "group": map_words.GROUPS[lane],
        "icon": map_words.ICONS[lane],
        "whose": whose,
        "first": place == 0,
        "absent": lane not in whole.lanes,
        "flat": lane == "feeling" and not pieces,
        "cells": cells,
        "line": "",
        "of": _one_table(lane, cells),
    }


def _one_table(lane: str, cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The mark that every figure of a lane of shares has, if it is the same."""
    marks = [group["mark"] for cell in cells for group in cell["groups"]]
    same = lane in ("touchpoints", "channels", "doing") and marks and all(each == marks[0] for each in marks)
    return marks[0] if same and marks[0]["level"] == "measured" else None


def _felt(whole: Map, code: str, piece: map_drawings.Piece, before: map_drawings.Piece) -> dict[str, Any]:
    place = whole.codes.index(code)
    point = map_drawings.feelings(whole)[place]
    return {
        "line": piece.line,
        "band": piece.band,
        "before": before.line,
        "top": None if point is None else round(map_drawings.level(point[0]), 1),
        "mouth": None if point is None else map_drawings.mouth(point[0]),
        "score": None if point is None else map_figures.score(point[0]),
        "mood": None if point is None else map_figures.mood(point[0]),
    }


def _marking(whole: Map, day: dt.date | None) -> Any:
    """How entries of a map are marked: what most of them have in common is not said of each."""
    usual, owners = map_words.usual(whole), map_words.departments(whole)
    return functools.partial(map_words.mark, day=day, usual=usual, departments=owners)


def _groups(cell: Cell, say: Any, marked: Any) -> list[dict[str, Any]]:
    """The entries of a cell, those of the same evidence together, so that its mark stands there once."""
    groups: list[dict[str, Any]] = []
    for entry in cell.entries:
        mark = marked(entry.evidence)
        if not groups or groups[-1]["mark"] != mark:
            groups.append({"mark": mark, "entries": []})
        groups[-1]["entries"].append(say(entry, lane=cell.lane))
    map_drawings.shorten(groups, by_evidence=cell.lane not in ("kpi", "time"))
    return groups


def _entry(
    entry: Entry, *, lane: str, language: Language, names: Mapping[str, str], owners: Mapping[str, str]
) -> dict[str, Any]:
    """One entry as the template writes it."""
    figure = map_figures.figure(entry)
    return {
        "text": map_words.called(entry, lane, language, owners if lane == "owner" else names),
        "value": figure["value"],
        "interval": figure["interval"],
        "base": figure["base"],
        "few": figure["few"],
        "part": entry.number.value if entry.number and entry.number.unit == "share" else None,
        "target": map_figures.target(entry),
        "owner": owners.get(entry.owner, entry.owner) if lane != "owner" else "",
        "judged": map_words.judged(entry),
        "due": _("by {day}", day=i18n.date(entry.due)) if entry.due else "",
    }


def _anchor(number: int, place: int, lane: str, stage: str) -> str:
    """Where the rows of a cell stand in the table below a map."""
    return f"jmap-{number}-{place}-{lane}-{stage}"


def _listed(number: int, place: int, whole: Map, say: Any) -> list[dict[str, Any]]:
    """Everything the map says as rows of a table, for who would rather read than look.

    The first row of a cell is the one its marks of evidence lead to.
    """
    lanes = {lane: place for place, lane in enumerate(whole.lanes)}
    order = sorted(whole.cells, key=lambda cell: (lanes[cell.lane], whole.codes.index(cell.stage)))
    return [
        {
            "lane": map_words.lane(cell.lane),
            "stage": _spot(whole.stages[whole.codes.index(cell.stage)], i18n.language(), {}),
            "mark": map_words.mark(entry.evidence, None, None, map_words.departments(whole)),
            "id": "" if at else _anchor(number, place, cell.lane, cell.stage),
            "n": map_words.resting(entry.evidence),
            **say(entry, lane=cell.lane),
        }
        for cell in order
        for at, entry in enumerate(cell.entries)
    ]
