"""Which cells a reader sees, and what becomes of what they put out.

Authors write the cells; data write the outputs. Markdown cells are taken as they are; everything in an
output is escaped, or cleaned down to tables and text, since a channel may be called ``<img onerror=…>``.
"""

from __future__ import annotations

import base64
import copy
import functools
import html
import re
from typing import Any

import mistune
import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from traitlets.config import Config

from journey_lib import cards, i18n, map_page, pages, theme
from journey_lib.exporter import redact
from journey_lib.exporter.drawings import Album
from journey_lib.model import Language

RESULT = "application/vnd.journey.result+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"
# The parameters a run was given stand in the footer; the cell papermill injects would say them twice.
_UNSEEN = {"interactive", "injected-parameters"}
# Texts, not lists: a list of sixty words would take sixty lines.
_PROSE = "p div span b strong i em u s del ins sub sup small mark br hr a abbr code pre kbd q blockquote"
_BLOCKS = "h1 h2 h3 h4 h5 h6 ul ol li dl dt dd details summary time"
_TABLES = "table caption colgroup col thead tbody tfoot tr th td"
_TAGS = f"{_PROSE} {_BLOCKS} {_TABLES}".split()
_NAMES = "class title lang dir role scope style colspan rowspan span tabindex"
_ATTRIBUTES = set(_NAMES.split())
_STYLES = ["width", "text-align", "font-weight", "font-style", "white-space"]
# report.css colours keywords, comments, texts and numbers of code
_UNCOLOURED = re.compile(r'<span(?: class="(?!(?:k|kn|kc|ow|c1|sd|s1|s2|mi|mf)")[^"]*")?>([^<]*)</span>')
_PLACE = re.compile(r"<!--output (\d+)-->")
_TABLE = re.compile(r"<table[^>]*>.*?</table>", re.DOTALL)
_EMPTY_HEAD = re.compile(r"<th\b[^>]*>(?:\s|&nbsp;|\xa0)*</th>")
# pandas puts a style sheet before every frame; cut down to words it would be read as text.
_STYLE = re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL | re.IGNORECASE)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def chosen(notebook: nbformat.NotebookNode, language: Language) -> nbformat.NotebookNode:
    """A copy of the notebook, without the cells and outputs that are not for this reader."""
    other = "lang-en" if language == "vi" else "lang-vi"
    copied = nbformat.from_dict({**notebook, "cells": []})
    # outputs are large, and nobody changes them: they are not copied
    copied.cells = [
        NotebookNode({**cell, "metadata": copy.deepcopy(cell.metadata)})
        for cell in notebook.cells
        if cell.cell_type in ("code", "markdown")
        and cell.source.strip()
        and not {*_UNSEEN, other} & set(cell.metadata.get("tags", []))
    ]
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if RESULT not in out.get("data", {})]
            cell.metadata["journey_failed"] = any(map(_is_error, cell.outputs))
    return copied


def _is_error(output: nbformat.NotebookNode) -> bool:
    return bool(output.output_type == "error")


def first_error(notebook: nbformat.NotebookNode) -> str:
    """What the first cell that failed said, in its own words; empty when none did."""
    for cell in notebook.cells:
        for output in filter(_is_error, cell.get("outputs", [])):
            # A JourneyError is written to be read by the user; only of others is the kind worth naming.
            known = output.ename.endswith(("Error", "Failed")) and "\n  what to do:" in output.evalue
            said = output.evalue if known else f"{output.ename}: {output.evalue}"
            return redact.text(_ANSI.sub("", said))
    return ""


def render(notebook: nbformat.NotebookNode, *, album: Album, language: Language, failed: bool) -> str:
    """The cells as HTML, a placeholder where each picture goes.

    nbconvert sees no output, only where each stands: it would copy them all twice, and rewrite their markup.
    """
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        config=Config({"HTMLExporter": {"exclude_input_prompt": True, "exclude_output_prompt": True}}),
        extra_template_basedirs=[str(pages.TEMPLATES)],
        template_name="report",
    )
    anchors = iter([' id="failure"'])

    def fragment(output: nbformat.NotebookNode) -> str:
        if output.output_type == "error":
            return _error(output, language=language, anchor=next(anchors, ""))
        if output.output_type == "stream":
            # Warnings are for whoever mends a run, not for who reads it.
            return _said(output.text) if output.name == "stdout" or failed else ""
        return _displayed(output.get("data", {}), album=album, language=language)

    shown: list[str] = []
    bare = nbformat.from_dict({**notebook, "cells": []})
    for cell in notebook.cells:
        kept = NotebookNode(cell)
        if "outputs" in cell:
            places = range(len(shown), len(shown) + len(cell.outputs))
            shown += map(fragment, cell.outputs)
            kept.outputs = [nbformat.v4.new_output("display_data", metadata={"place": n}) for n in places]
        bare.cells.append(kept)
    exporter.register_filter(  # type: ignore[no-untyped-call]
        "fragment", lambda output: f"<!--output {output.metadata.place}-->"
    )
    exporter.register_filter("lean", _lean)  # type: ignore[no-untyped-call]
    exporter.register_filter("prose", _markdown())  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(bare)
    return _PLACE.sub(lambda place: shown[int(place[1])], str(body))


def _lean(highlighted: str) -> str:
    """Highlighted code without the marks that no rule of the page colours: two thirds of its bytes."""
    return _UNCOLOURED.sub(r"\1", highlighted)


def _displayed(bundle: dict[str, Any], *, album: Album, language: Language) -> str:
    """The richest form of an output that a page can keep; a widget has none."""
    if theme.MIMETYPE in bundle:
        return album.place(bundle)
    if map_page.MIMETYPE in bundle:
        return album.place_map(bundle[map_page.MIMETYPE])
    if cards.MIMETYPE in bundle:
        return album.place_cards(bundle[cards.MIMETYPE])
    if "text/html" in bundle and _WIDGET not in bundle:
        return _tables(clean(bundle["text/html"]), i18n.text("Table", language=language))
    if "text/markdown" in bundle:
        return f'<div class="prose">{clean(str(_markdown()(bundle["text/markdown"])))}</div>'
    return "" if _WIDGET in bundle else _image(bundle) or _said(bundle.get("text/plain", ""))


def _image(bundle: dict[str, Any]) -> str:
    for kind in ("image/png", "image/jpeg", "image/svg+xml"):
        if kind in bundle:
            raw = bundle[kind]
            # An <img> runs no script, whatever the SVG holds.
            packed = (
                base64.b64encode(raw.encode()).decode() if kind == "image/svg+xml" else raw.replace("\n", "")
            )
            alt = html.escape(redact.text(bundle.get("text/plain", "")), quote=True)
            return f'<figure class="image"><img src="data:{kind};base64,{packed}" alt="{alt}"></figure>'
    return ""


def _said(words: str) -> str:
    """What a program printed, without colours, secrets and folders."""
    words = redact.text(_ANSI.sub("", words)).rstrip()
    return f'<pre class="said" tabindex="0">{html.escape(words)}</pre>' if words else ""


def _error(output: nbformat.NotebookNode, *, language: Language, anchor: str) -> str:
    lines = _ANSI.sub("", "\n".join(output.get("traceback", []))).splitlines()
    if len(lines) > 40:
        lines = [*lines[:12], f"… {len(lines) - 32} …", *lines[-20:]]
    trace = redact.text("\n".join(line if len(line) <= 300 else line[:299] + "…" for line in lines))
    said = redact.text(_ANSI.sub("", f"{output.ename}: {output.evalue}"))
    shown = said if len(said) <= 2000 else said[:1999] + "…"
    details = i18n.text("Traceback", language=language)
    return (
        f'<div class="notice failure" role="alert"{anchor}><p><strong>{html.escape(shown)}</strong></p>'
        f'<details><summary>{details}</summary><pre tabindex="0">{html.escape(trace)}</pre></details></div>'
    )


def clean(markup: str) -> str:
    """Markup cut down to text, tables and links: anything else in it becomes text a reader can see."""
    return str(_cleaner().sanitize_html_tags(_STYLE.sub("", markup)))  # type: ignore[no-untyped-call]


@functools.cache
def _cleaner() -> SanitizeHTML:
    def allowed(tag: str, name: str, _value: str) -> bool:
        return name in _ATTRIBUTES or name.startswith("aria-") or (tag == "a" and name == "href")

    return SanitizeHTML(  # type: ignore[no-untyped-call]
        tags=_TAGS, attributes=allowed, styles=_STYLES
    )


@functools.cache
def _markdown() -> mistune.Markdown:
    # Without nbconvert's mathematics: between two prices in dollars it would find a formula.
    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "footnotes"])


def _tables(markup: str, label: str) -> str:
    """Let a table that is wider than a phone scroll by itself, and name no empty corner a heading."""
    markup = _EMPTY_HEAD.sub("<td></td>", markup)
    if 'class="table' in markup:
        return markup
    region = f'<div class="table" role="region" tabindex="0" aria-label="{label}">'
    return _TABLE.sub(lambda table: f"{region}{table[0]}</div>", markup)
