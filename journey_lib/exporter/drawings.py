"""The pictures of one page: each a still and a live twin, over data that are stored once."""

from __future__ import annotations

import copy
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from journey_lib import cards, i18n, map_page, theme
from journey_lib.model import Language
from journey_lib.stills import harmless


@dataclass
class Album:
    """What a page collects while its cells are rendered: figures to hang, and what draws them."""

    language: Language
    currency: str
    figures: list[str] = field(default_factory=list)
    specs: list[dict[str, Any]] = field(default_factory=list)
    datasets: dict[str, Any] = field(default_factory=dict)
    maps: int = 0
    cards: int = 0
    _names: dict[str, str] = field(default_factory=dict)

    def place(self, bundle: Mapping[str, Any]) -> str:
        """Take a chart in; the comment that stands for it until `hang` is one no cleaned output holds."""
        self.figures.append(self._figure(bundle))
        return f"<!--drawing {len(self.figures) - 1}-->"

    def place_map(self, said: Mapping[str, Any]) -> str:
        """Take a journey map in, which came as data: the page draws it, so nothing in it can be markup."""
        self.maps += 1
        self.figures.append(map_page.shown(said, language=self.language, number=self.maps))
        return f"<!--drawing {len(self.figures) - 1}-->"

    def place_cards(self, said: Mapping[str, Any]) -> str:
        """Take persona cards in, which came as data like maps."""
        self.cards += 1
        self.figures.append(cards.shown(said, language=self.language, number=self.cards))
        return f"<!--drawing {len(self.figures) - 1}-->"

    def hang(self, body: str) -> str:
        """The page's cells with every figure in its place."""
        for number, figure in enumerate(self.figures):
            body = body.replace(f"<!--drawing {number}-->", figure, 1)
        return body

    def store(self) -> dict[str, Any]:
        """Everything the page's script needs to draw: locales, looks, data and charts."""
        return {
            "locale": i18n.vega_locale(self.currency, self.language),
            "config": theme.config(self.language),
            "ranges": {scheme: theme.ranges(scheme) for scheme in ("light", "dark")},
            "datasets": self.datasets,
            "charts": self.specs,
        }

    def _figure(self, bundle: Mapping[str, Any]) -> str:
        spec = bundle[theme.MIMETYPE]
        title, subtitle = (html.escape(words) for words in theme.titles(spec))
        caption = f"<b>{title}</b>" + (f"<span>{subtitle}</span>" if subtitle else "")
        number = len(self.figures) + 1
        start = f'<figure class="drawing" id="chart-{number}"'
        drawn = bundle.get("image/svg+xml")
        if not drawn:
            note = i18n.text("There is nothing to draw for this choice of data.", language=self.language)
            return f'{start}><figcaption>{caption}</figcaption><p class="nothing">{note}</p></figure>'
        still = drawn if harmless(drawn) else ""
        self.specs.append(self._lean(spec))
        name = html.escape(str(spec.get("description") or theme.titles(spec)[0]), quote=True)
        tall = re.search(r'\bheight="(\d+)', still)
        # The live twin is about as tall as the still was drawn: keeping that room keeps the page from
        # jumping.
        room = f' style="--tall:{tall[1]}px"' if tall else ""
        return (
            f'{start} data-drawing="{len(self.specs) - 1}"><figcaption>{caption}</figcaption>'
            f'<div class="inputs"></div><div class="still"{room}>{still}</div>'
            f'<div class="live" role="img" aria-label="{name}"></div></figure>'
        )

    def _lean(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The chart without what the page holds already: its title, the common looks, its data."""
        lean = copy.deepcopy(
            {k: v for k, v in spec.items() if k not in ("title", "usermeta", "$schema", "datasets")}
        )
        common = theme.config(self.language)
        own = {key: value for key, value in lean.pop("config", {}).items() if common.get(key) != value}
        if own:
            lean["config"] = own
        sets = dict(spec.get("datasets", {}))
        for node in _data_nodes(lean):
            rows = sets.get(node.get("name"), node.get("values"))
            if isinstance(rows, list):
                node.pop("values", None)
                node["name"] = self._dataset(rows)
        if theme.fills_page(spec):
            # The page's script finds the width that fits; Vega's own "container" warns at every chart of
            # bars.
            lean["width"] = theme.PLOT_WIDTH
            lean.pop("autosize", None)
        return lean

    def _dataset(self, rows: list[Any]) -> str:
        content = json.dumps(rows, sort_keys=True, ensure_ascii=False)
        key = hashlib.sha256(content.encode()).hexdigest()
        if key not in self._names:
            self._names[key] = f"d{len(self._names) + 1}"
            self.datasets[self._names[key]] = _columns(rows)
        return self._names[key]


def _data_nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("data"), dict):
            yield node["data"]
        for key, child in node.items():
            if key != "data":
                yield from _data_nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _data_nodes(child)


def _columns(rows: list[Any]) -> dict[str, Any]:
    """Rows turned to columns, which say each name once; rows of different makes stay rows."""
    names = list(rows[0]) if rows and isinstance(rows[0], dict) else []
    if not names or any(not isinstance(row, dict) or list(row) != names for row in rows):
        return {"rows": rows}
    return {"columns": {name: _column([row[name] for row in rows]) for name in names}}


def _column(values: list[Any]) -> list[Any] | dict[str, list[Any]]:
    """A column as it is, or, when it says the same few words over and over, the words and their numbers."""
    if not all(isinstance(value, str) for value in values):
        # JavaScript has one kind of number: 12.0 is 12 in fewer bytes
        return [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]
    known = {word: number for number, word in enumerate(dict.fromkeys(values))}
    return (
        {"words": list(known), "at": [known[value] for value in values]}
        if 2 * len(known) < len(values)
        else values
    )
