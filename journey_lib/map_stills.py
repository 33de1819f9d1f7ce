"""A journey map as one drawing: SVG with text that stays text, and from it PNG and PDF.

Drawn on its own, not taken from the page: slides and documents know no style sheets. Sizes are pixels of an
A3 sheet; the drawing is as tall as what it says.
"""

from __future__ import annotations

import datetime as dt
import functools
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from journey_lib import i18n, map_drawings, map_figures, map_words
from journey_lib.i18n import text as _
from journey_lib.journey_map import BLUEPRINT, LINES, Authored, Cell, Entry, Map, coverage, words_in
from journey_lib.model import Language
from journey_lib.theme import FONT, TOKENS

WIDTH, EDGE, LABELS = 1580.0, 28.0, 128.0
SIZE, LEADING = 11.5, 14.5
# How wide a letter is on average, in parts of its size: generous, so that nothing runs out of its cell.
LETTER = 0.53
CURVE = 110.0
LIGHT = TOKENS["light"]
FILL = f'fill="{LIGHT["accent"]}"'
# The marks of evidence in a box of 10 × 10.
_SHAPES = {
    "●": f'<circle cx="4.5" cy="5" r="3.5" {FILL}/>',
    "◐": f'<circle cx="4.5" cy="5" r="3.5"/><path d="M4.5 1.5a3.5 3.5 0 0 0 0 7z" {FILL}/>',
    "✎": f'<path d="M1 8.5l.6-2.2 5-5 1.6 1.6-5 5z" {FILL}/>',
    "○": '<circle cx="4.5" cy="5" r="3.3"/>',
    "–": '<path d="M1.5 5h6"/>',
}
# What stands before every entry of a lane, in the same box.
_POINTS = {
    "steps": f'<path d="M3 2l3 3-3 3" fill="none" stroke="{LIGHT["c1"]}" stroke-width="1.4"/>',
    "pains": f'<path d="M1.5 2.5h6.4L4.7 8z" fill="{LIGHT["alarm"]}"/>',
    "gains": f'<path d="M1.5 8h6.4L4.7 2.5z" fill="{LIGHT["c1"]}"/>',
    "moments": f'<path d="M4.7 1l3.6 4-3.6 4-3.6-4z" fill="{LIGHT["c5"]}"/>',
}
BOLD = ("\ue000", "\ue001")  # private letters around what is bold in a line
SHARES = ("touchpoints", "channels", "doing")
OWNED = ("owner", "opportunities", "actions")
EDGES = {"does": "c1", "feels": "c5", "firm": "c3", "behind": "c7"}


@dataclass(frozen=True)
class _Row:
    """A line of a cell: how it is set, `more` attributes, how far in, what stands before it, room above."""

    said: str
    size: float = SIZE
    colour: str = "ink"
    more: str = ""
    inset: float = 0.0
    point: str = ""
    above: float = 0.0


@dataclass
class _Sheet:
    """What has been drawn so far, and how far down."""

    y: float
    parts: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, said: str, *, size: float = SIZE, colour: str = "ink", more: str = ""
    ) -> None:
        """Write one line; a mark of evidence at its head is drawn, since few fonts have them all."""
        if said[:1] in _SHAPES:
            self.parts.append(
                f'<g transform="translate({x:.1f} {y - 8:.1f})" stroke="{LIGHT["accent"]}" fill="none" '
                f'stroke-width="1.2">{_SHAPES[said[:1]]}</g>'
            )
            said, x = said[1:].strip(), x + 13
        # Some renderers find these signs in another font only, and set the whole line in it.
        for sign, instead in (("\N{MINUS SIGN}", "-"), ("→", "›"), ("≥", _("at least")), ("≤", _("at most"))):
            said = said.replace(sign, instead)
        words = escape(said)
        for letter, tag in zip(BOLD, ('<tspan font-weight="600">', "</tspan>"), strict=True):
            words = words.replace(letter, tag)
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{LIGHT[colour]}"{more}>{words}</text>'
        )

    def rect(self, x: float, y: float, width: float, height: float, fill: str, more: str = "") -> None:
        """Fill a box."""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"{more}/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> None:
        """Draw a line."""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{LIGHT[colour]}"{more}/>'
        )


def svg(
    whole: Map,
    *,
    language: Language,
    names: Mapping[str, str] | None = None,
    as_of: dt.date | None = None,
) -> str:
    """The map as one SVG: no style sheet, no script, no address; `names` and `as_of` as for a page."""
    with i18n.speaking(language):
        return _drawn(whole, language, names or {}, as_of or whole.as_of)


def png(
    whole: Map,
    *,
    language: Language,
    names: Mapping[str, str] | None = None,
    as_of: dt.date | None = None,
    scale: float = 2.0,
) -> bytes:
    """The map as a picture for slides, `scale` times as large as the drawing."""
    import vl_convert

    made: bytes = vl_convert.svg_to_png(svg(whole, language=language, names=names, as_of=as_of), scale=scale)
    return made


def pdf(
    whole: Map, *, language: Language, names: Mapping[str, str] | None = None, as_of: dt.date | None = None
) -> bytes:
    """The map as a PDF of one page."""
    import vl_convert

    made: bytes = vl_convert.svg_to_pdf(svg(whole, language=language, names=names, as_of=as_of))
    return made


def _drawn(whole: Map, language: Language, names: Mapping[str, str], day: dt.date | None) -> str:
    sheet = _Sheet(EDGE + 14)
    _head(sheet, whole, language)
    _stages(sheet, whole, language, names)
    if any(flow.way != "repeat" for flow in whole.flows):
        _flows(sheet, whole)
    usual = map_words.usual(whole)
    owners = map_words.departments(whole)
    for lane in whole.lanes:
        if lane in LINES and any(each in BLUEPRINT for each in whole.lanes):
            _line(sheet, map_words.line(LINES[lane]))
        called = {**names, **owners} if lane in OWNED else names
        _lane(sheet, whole, lane, language, called, day, usual, owners)
    sheet.y += 20
    for place, each in enumerate(map_words.legend()):
        column = EDGE + (WIDTH - 2 * EDGE) * place / len(map_words.SIGNS)
        rows = _wrapped(f"{each['sign']} {each['word']}: {each['means']}", 290, 10)
        for number, row in enumerate(rows):
            sheet.text(column + (13 if number else 0), sheet.y + 13 * number, row, size=10, colour="soft")
    sheet.y += 26
    height = sheet.y + EDGE - 10
    title = words_in(whole.title, language) or whole.name
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" aria-label={quoteattr(title)} '
        f"font-family={quoteattr(FONT)}><title>{escape(title)}</title>"
        f'<rect width="100%" height="100%" fill="{LIGHT["card"]}"/>{"".join(sheet.parts)}</svg>'
    )


def _head(sheet: _Sheet, whole: Map, language: Language) -> None:
    known = coverage(whole)
    right = WIDTH - EDGE
    sheet.text(EDGE, sheet.y, map_words.kind(whole), size=12, colour="accent", more=' font-weight="600"')
    share = f"{i18n.percent(known.facts['measured'], 0)} {_('of cells measured')}"
    sheet.text(right, sheet.y + 10, share, size=18, more=' font-weight="600" text-anchor="end"')
    counts = " · ".join(
        f"{map_words.level(level)} {i18n.number(cells)}"
        for level, cells in zip(known.table["evidence"], known.table["cells"], strict=True)
    )
    sheet.text(right, sheet.y + 28, counts, size=10.5, colour="soft", more=' text-anchor="end"')
    sheet.y += 30
    title = words_in(whole.title, language) or whole.name
    sheet.text(EDGE, sheet.y, title, size=26, more=' font-weight="700"')
    sheet.y += 22
    who = "; ".join(
        ": ".join(filter(None, (words_in(p.name, language), words_in(p.about, language))))
        for p in whole.personas
    )
    by = map_words.written(map_words.usual(whole), map_words.departments(whole))
    for said in (who, words_in(whole.scenario, language), f"✎ {by}" if by else ""):
        for row in _wrapped(said, WIDTH - 2 * EDGE, 12):
            sheet.text(EDGE, sheet.y, row, size=12, colour="soft")
            sheet.y += 16
    sheet.y += 6


def _columns(whole: Map) -> tuple[float, list[float]]:
    """How wide a column is, and where each starts."""
    width = (WIDTH - 2 * EDGE - LABELS) / len(whole.stages)
    return width, [EDGE + LABELS + width * place for place in range(len(whole.stages))]


def _stages(sheet: _Sheet, whole: Map, language: Language, names: Mapping[str, str]) -> None:
    width, starts = _columns(whole)
    for place, (spot, x) in enumerate(zip(whole.stages, starts, strict=True)):
        tint = 0.08 + 0.2 * (place + 1) / len(whole.stages)
        y, tip = sheet.y, 13.0
        notch = x + (tip if place else 0)
        points = f"{x:.1f},{y} {x + width - tip - 3:.1f},{y} {x + width - 3:.1f},{y + 24} "
        points += f"{x + width - tip - 3:.1f},{y + 48} {x:.1f},{y + 48} {notch:.1f},{y + 24}"
        sheet.parts.append(f'<polygon points="{points}" fill="{LIGHT["accent"]}" fill-opacity="{tint:.2f}"/>')
        label = words_in(spot.label, language) or names.get(spot.stage, spot.stage)
        sheet.text(x + tip + 8, y + 21, f"{place + 1}  {label}", size=14, more=' font-weight="700"')
        cell = whole.at(spot.stage, "kpi")
        reach = next((e for e in (cell.entries if cell else ()) if e.name == "reach" and e.number), None)
        if reach is not None and reach.number is not None and reach.evidence.level == "measured":
            people = _("{n} customers", n=i18n.number(reach.number.value))
            sheet.text(x + tip + 8, y + 38, people, size=11)
        elif spot.outside:
            sheet.text(x + tip + 8, y + 38, _("without the brand"), size=11)
    sheet.y += 56


def _flows(sheet: _Sheet, whole: Map) -> None:
    """Arcs forward above a line and back below it, as wide as their share."""
    width, starts = _columns(whole)
    middle = sheet.y + 62
    sheet.text(EDGE + 12, middle - 24, _("Go on"), colour="soft")
    sheet.text(EDGE + 12, middle + 30, _("Turn back"), colour="soft")
    labels = []
    for forward in (True, False):
        for arc in map_drawings.arcs(whole, forward=forward):
            x1, x2 = (starts[0] + width * (end - 0) for end in (arc.start, arc.end))
            peak = middle + (-1 if forward else 1) * arc.height * 0.6
            bend = middle + (peak - middle) / 0.75
            colour = "c2" if arc.flow.way == "skip" else "accent" if forward else "c5"
            dash = ' stroke-dasharray="7 3"' if arc.flow.way == "skip" else ""
            sheet.parts.append(
                f'<path d="M{x1:.1f} {middle:.1f}C{x1:.1f} {bend:.1f} {x2:.1f} {bend:.1f} '
                f'{x2:.1f} {middle:.1f}" fill="none" stroke="{LIGHT[colour]}" stroke-opacity=".6" '
                f'stroke-width="{arc.width:.1f}"{dash}/>'
            )
            way = -6 if forward else 6
            sheet.parts.append(
                f'<path d="M{x2 - 4:.1f} {middle + way:.1f}h8L{x2:.1f} {middle:.1f}Z" '
                f'fill="{LIGHT[colour]}"/>'
            )
            labels.append(((x1 + x2) / 2, peak, i18n.percent(arc.flow.share)))
    for x, y, said in labels:
        sheet.rect(x - 20, y - 8, 40, 15, LIGHT["card"], ' rx="7"')
        sheet.text(x, y + 3.5, said, size=10.5, more=' text-anchor="middle" font-weight="600"')
    sheet.y = middle + 62


def _line(sheet: _Sheet, said: str) -> None:
    sheet.line(EDGE, sheet.y + 10, WIDTH - EDGE, sheet.y + 10, "c7", ' stroke-width="2"')
    sheet.rect(EDGE + 8, sheet.y + 2, len(said) * 6.6 + 8, 16, LIGHT["card"])
    sheet.text(EDGE + 12, sheet.y + 14, said, size=11, more=' font-weight="600"')
    sheet.y += 20


def _lane(
    sheet: _Sheet,
    whole: Map,
    lane: str,
    language: Language,
    names: Mapping[str, str],
    day: dt.date | None,
    usual: Authored | None,
    owners: Mapping[str, str],
) -> None:
    width, starts = _columns(whole)
    top = sheet.y
    curve = CURVE if lane == "feeling" and any(map_drawings.feelings(whole)) else 0.0
    tallest = 2.0
    for code, x in zip(whole.codes, starts, strict=True):
        cell = whole.at(code, lane)
        y = top + curve + LEADING
        mark = functools.partial(map_words.mark, day=day, usual=usual, departments=owners)
        for row in _rows(cell, lane, width - 18, language, names, mark):
            y += row.above
            if row.point:
                sheet.parts.append(f'<g transform="translate({x + 9:.1f} {y - 9:.1f})">{row.point}</g>')
            sheet.text(x + 9 + row.inset, y, row.said, size=row.size, colour=row.colour, more=row.more)
            y += LEADING
        tallest = max(tallest, (y - top - curve) / LEADING)
    if curve:
        _curve(sheet, whole, top, width, starts)
    bottom = top + curve + tallest * LEADING - 4
    label = _wrapped(map_words.lane(lane), LABELS - 20, SIZE)
    for number, said in enumerate(label):
        sheet.text(EDGE + 12, top + LEADING * (number + 1), said, more=' font-weight="700"')
    bottom = max(bottom, top + LEADING * (len(label) + 0.6))
    sheet.rect(EDGE, top, 4, bottom - top, LIGHT[EDGES[map_words.GROUPS[lane]]])
    sheet.line(EDGE, bottom, WIDTH - EDGE, bottom, "line")
    for x in starts:
        sheet.line(x, top, x, bottom, "line")
    sheet.y = bottom


def _curve(sheet: _Sheet, whole: Map, top: float, width: float, starts: list[float]) -> None:
    points = map_drawings.feelings(whole)
    now = map_drawings.curve(map_drawings.feelings(whole, map_drawings.NOW))
    zero = top + CURVE / 2
    sheet.line(starts[0], zero, starts[-1] + width, zero, "muted", ' stroke-dasharray="2 4"')
    scale = f"scale({width / 100:.4f} {CURVE / 100:.4f})"
    for x, piece, before, point in zip(starts, map_drawings.curve(points), now, points, strict=True):
        place = f'transform="translate({x:.1f} {top:.1f}) {scale}"'
        if piece.band:
            sheet.parts.append(f'<path {place} d="{piece.band}" fill="{LIGHT["c5"]}" fill-opacity=".2"/>')
        for path, colour, more in ((before.line, "soft", ' stroke-dasharray="6 4"'), (piece.line, "c5", "")):
            if path:
                sheet.parts.append(
                    f'<path d="{_scaled(path, x, top, width)}" fill="none" stroke="{LIGHT[colour]}" '
                    f'stroke-width="{2.5 if not more else 1.5}"{more}/>'
                )
        if point is not None:
            x_face, y_face = x + width / 2 - 11, top + map_drawings.level(point[0]) * CURVE / 100 - 11
            sheet.parts.append(
                f'<g transform="translate({x_face:.1f} {y_face:.1f}) scale(.92)" fill="none" '
                f'stroke="{LIGHT["ink"]}" stroke-width="1.8" stroke-linecap="round">'
                f'<circle cx="12" cy="12" r="10" fill="{LIGHT["card"]}" stroke="{LIGHT["c5"]}" '
                f'stroke-width="2"/><path d="M8.5 9.4v1.2M15.5 9.4v1.2"/>'
                f'<path d="{map_drawings.mouth(point[0])}"/></g>'
            )


def _scaled(path: str, x: float, top: float, width: float) -> str:
    """A path of a column's box of 100 × 100 in the measures of the sheet: a stroke must not be stretched."""
    moved = []
    for part in path.replace("M", "|M").replace("L", "|L").split("|")[1:]:
        across, down = part[1:].split()
        moved.append(f"{part[0]}{x + float(across) * width / 100:.1f} {top + float(down) * CURVE / 100:.1f}")
    return "".join(moved)


def _rows(
    cell: Cell | None, lane: str, width: float, language: Language, names: Mapping[str, str], marked: Any
) -> Iterator[_Row]:
    """The lines of a cell, the mark of their evidence under the entries that share it."""
    if cell is None:
        yield _Row(f"– {_('missing')}", 10, "soft")
        return
    marks: list[dict[str, str]] = []
    for entry in cell.entries:
        mark = marked(entry.evidence)
        above = 0.0 if lane in SHARES or not marks else 2.5
        if marks and marks[-1] != mark:
            yield from _mark(marks.pop(), width)
            above = 5.0
        marks = [mark]
        yield from _entry(entry, lane, width, language, names, above=above)
    if marks:
        yield from _mark(marks[-1], width)


def _entry(
    entry: Entry, lane: str, width: float, language: Language, names: Mapping[str, str], *, above: float
) -> Iterator[_Row]:
    """What is said, its figure in bold; below it its target, and whose it is."""
    figure = map_figures.figure(entry)
    point = _POINTS.get(lane, "")
    inset = 13.0 if point else 0.0
    value = figure["value"].replace(" ", map_words.SPACE)
    parts = [map_words.called(entry, lane, language, names), value.join(BOLD) if value else ""]
    if lane not in SHARES:
        parts += [f"[{figure['interval']}]" if figure["interval"] else "", figure["base"]]
    italic = lane == "thinking"
    more = ' font-style="italic"' if italic else ' font-weight="600"' if lane == "owner" else ""
    for number, row in enumerate(_wrapped("  ".join(filter(None, parts)), width - inset, SIZE)):
        yield _Row(row, more=more, inset=inset, point="" if number else point, above=0.0 if number else above)
    goal = map_figures.target(entry)
    if goal and goal["state"] != "aim":
        words = goal["wanted"] + (f" · {goal['said']}" if goal["said"] else "")
        for row in _wrapped(words, width - inset, 10.5):
            yield _Row(row, 10.5, "alarm" if goal["state"] == "missed" else "soft", inset=inset)
    owner = names.get(entry.owner, entry.owner) if lane != "owner" else ""
    due = _("by {day}", day=i18n.date(entry.due)) if entry.due else ""
    whose = " · ".join(filter(None, (owner.join(BOLD) if owner else "", map_words.judged(entry), due)))
    for row in _wrapped(whose, width - inset, 10):
        yield _Row(row, 10, "soft", inset=inset)


def _mark(mark: Mapping[str, str], width: float) -> Iterator[_Row]:
    said = f"{mark['sign']} {mark['word']}" + (f" · {mark['detail']}" if mark["detail"] else "")
    for row in _wrapped(said, width, 10):
        yield _Row(row, 10, "soft")
    if mark["past"]:
        for row in _wrapped(mark["past"], width, 10):
            yield _Row(row, 10, "alarm", ' font-weight="600"')


def _wrapped(said: str, width: float, size: float) -> list[str]:
    return textwrap.wrap(said, max(int(width / (size * LETTER)), 8)) if said else []
