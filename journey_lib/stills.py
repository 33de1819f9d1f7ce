"""Make a drawn SVG small enough, and safe enough, to sit inside a page many times."""

from __future__ import annotations

import hashlib
import html
import re
from xml.etree import ElementTree

_TAG = re.compile(r"<[^>]*>")
_RGB = re.compile(r"rgb\((\d+), ?(\d+), ?(\d+)\)")
# A tenth of a pixel is enough for a place; opacities and fine strokes keep two digits.
_DECIMALS = re.compile(r"(?<![\d.])(0\.\d\d|[1-9]\d*\.\d)\d+")
# What Vega writes for its own scripts and for screen readers; a still has neither a script nor parts to
# read out.
_NOISE = re.compile(
    r' (?:pointer-events="none"|opacity="1"|aria-\w+="[^"]*"|role="graphics-[^"]*"|class="[^"]*"'
    r'|font-family="[^"]*"|xmlns:xlink="[^"]*"|version="1\.1")'
)
_WHOLE = re.compile(r"(\d)\.0(?!\d)")
# Vega draws a point as two arcs, and says in three times the letters what a circle is.
_POINT = re.compile(
    r'<path transform="translate\((-?[\d.]+),(-?[\d.]+)\)"'
    r' d="M([\d.]+),0A\3,\3,0,1,1,-\3,0A\3,\3,0,1,1,\3,0"'
)
# A group that says nothing of what is in it, no other group within.
_BARE = re.compile(r"<g>([^<]*(?:<(?!/?g[ >])[^<]*)*)</g>")
_NOTHING = re.compile(r'<path(?: display="none"| d=""| d="M0,0h0v0h0Z"| stroke-width="0")+/>')
_LEAVES = re.compile(
    r"<g([^<>]*)>((?:<(?:path|line|rect|circle)[^<>]*/>){2,}|(?:<text[^<>]*>[^<>]*</text>){2,})</g>"
)
_START = re.compile(r"<(path|line|rect|circle|text)((?: [\w:-]+=\"[^\"]*\")*)(/?)>")
_ATTRIBUTE = re.compile(r' ([\w:-]+)="([^"]*)"')
# What an element takes from its group if it says nothing itself.
_INHERITED = {
    *(
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-opacity",
        "stroke-width",
        "stroke-dasharray",
        "stroke-linecap",
    ),
    *("stroke-linejoin", "stroke-miterlimit", "text-anchor", "font-size", "font-weight", "font-style"),
}
_PLACED = re.compile(r'transform="translate\((-?[\d.]+),(-?[\d.]+)\)"')
_IDS = re.compile(r'(?<=\bid=")[^"]+|(?<=url\(#)[^)]+|(?<=href="#)[^"]+')
SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = {
    *(
        "svg",
        "g",
        "path",
        "rect",
        "line",
        "circle",
        "ellipse",
        "polygon",
        "polyline",
        "text",
        "tspan",
        "title",
    ),
    *("defs", "clipPath", "linearGradient", "radialGradient", "stop", "pattern", "mask"),
}


def slim(svg: str, *, description: str, font: str) -> str:
    """The same drawing in about half the bytes, with its own ids, and named for who cannot see it.

    Two drawings on one page may not share ids: ``url(#clip0)`` of the second would be cut by the first
    one's shape.
    """
    # Vega numbers its ids on and on through a process: counted anew, the same drawing has the same bytes.
    ids: dict[str, str] = {}
    body = _TAG.sub(lambda tag: _IDS.sub(lambda name: ids.setdefault(name[0], f"@{len(ids)}"), tag[0]), svg)
    prefix = "s" + hashlib.sha256(body.encode()).hexdigest()[:8]
    body = _TAG.sub(lambda tag: _tidy(tag[0], prefix), body)
    while (shorter := re.sub(r"<g(?: [^>]*)?></g>|<g(?: [^>]*)?/>", "", _NOTHING.sub("", body))) != body:
        body = shorter
    body = _LEAVES.sub(_gathered, body)
    while (shorter := _BARE.sub(r"\1", body)) != body:
        body = shorter
    body = _LEAVES.sub(_gathered, body)
    name = html.escape(description, quote=True)
    return body.replace("<svg ", f'<svg role="img" aria-label="{name}" font-family="{html.escape(font)}" ', 1)


def _tidy(tag: str, prefix: str) -> str:
    if 'class="background"' in tag and " fill=" not in tag and " stroke=" not in tag:
        return ""  # the ground of a view, which nobody sees
    tag = _WHOLE.sub(r"\1", _DECIMALS.sub(r"\1", _NOISE.sub("", tag)))
    tag = _POINT.sub(r'<circle cx="\1" cy="\2" r="\3"', tag).replace(' transform="translate(0,0)"', "")
    tag = _RGB.sub(lambda c: f"#{int(c[1]):02x}{int(c[2]):02x}{int(c[3]):02x}", tag)
    return _IDS.sub(lambda name: f"{prefix}-{name[0].lstrip('@')}", tag)


def _gathered(group: re.Match[str]) -> str:
    """What most elements of a group have in common, said once by the group."""
    own, leaves = group[1], group[2]
    found = [dict(_ATTRIBUTE.findall(leaf[2])) for leaf in _START.finditer(leaves)]
    shared = {}
    for name in sorted(_INHERITED & found[0].keys()):
        values = [leaf[name] for leaf in found if name in leaf]
        if len(values) == len(found) and f" {name}=" not in own:
            shared[name] = max(sorted(set(values)), key=values.count)

    def bare(leaf: re.Match[str]) -> str:
        kept = "".join(f' {n}="{v}"' for n, v in _ATTRIBUTE.findall(leaf[2]) if shared.get(n) != v)
        if leaf[1] == "text":
            kept = _PLACED.sub(r'x="\1" y="\2"', kept)
        return f"<{leaf[1]}{kept}{leaf[3]}>"

    common = "".join(f' {name}="{value}"' for name, value in shared.items())
    return f"<g{own}{common}>{_START.sub(bare, leaves)}</g>"


def harmless(svg: str) -> bool:
    """Whether an SVG holds only shapes and text: no script, no handler, nothing fetched."""
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314 - expat bounds expansion
    except ElementTree.ParseError:
        return False
    for element in root.iter():
        if not isinstance(element.tag, str) or element.tag.removeprefix(SVG) not in _SHAPES:
            return False
        for name, value in element.attrib.items():
            bare = name.rpartition("}")[2].lower()
            if bare.startswith("on") or (bare == "href" and not value.startswith("#")):
                return False
            if "url(" in value.replace("url(#", "").lower() or "javascript:" in value.lower():
                return False
    return True
