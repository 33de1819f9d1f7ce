"""How every picture looks, and what a notebook hands on when it shows one.

Colours that sit beside the page (text, axes, grid, series) are CSS variables with a light fallback, so one
drawing is right in the light, in the dark and on paper without being drawn again. Colours that Vega must
blend (ramps) are real colours and come in a light and a dark version.

Charts name no colours: marks, categories and ramps take theirs from here. What a chart may name: `INK`,
`MUTED`, `ACCENT`, `PAPER`, `ON_LOW` and `ON_HIGH` (text on the low and the high end of a ramp), and the
mark styles ``label``, ``muted``, ``reference`` and ``interval``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from xml.etree import ElementTree

from journey_lib import i18n
from journey_lib.errors import ParameterError, ReportFailed
from journey_lib.model import Language
from journey_lib.stills import SVG, slim

Mode = Literal["report", "lab"]
Scheme = Literal["light", "dark"]

MIMETYPE = "application/vnd.vegalite.v6+json"
# How wide a plot is drawn when nobody can say how wide the page is: with its axes, about A4 less its margins.
PLOT_WIDTH = 560
FONT = (
    '"Segoe UI", -apple-system, BlinkMacSystemFont, Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif'
)

# Eight series colours, apart from each other by 9 and more (OKLab, x100) in normal sight and in protan,
# deutan and tritan sight, and 3:1 and more against the page: `tests/test_theme.py` measures both.
TOKENS: Mapping[Scheme, Mapping[str, str]] = {
    "light": {
        "paper": "#fbfaf7",
        "card": "#ffffff",
        "ink": "#1b2430",
        "soft": "#586272",
        "line": "#e2e0da",
        "grid": "#e9e7e1",
        "accent": "#006567",
        "muted": "#a9a69e",
        "alarm": "#a3241b",
        "alarm-paper": "#fdf1ee",
        "on-low": "#1b2430",
        "on-high": "#ffffff",
        "c1": "#006567",
        "c2": "#b0842a",
        "c3": "#3a2a86",
        "c4": "#e266a7",
        "c5": "#9a3c00",
        "c6": "#3d8ff0",
        "c7": "#8d4bb7",
        "c8": "#651816",
    },
    "dark": {
        "paper": "#14181d",
        "card": "#1b2027",
        "ink": "#e9ebee",
        "soft": "#a6afbb",
        "line": "#303741",
        "grid": "#272d35",
        "accent": "#4fc0c2",
        "muted": "#6f7782",
        "alarm": "#ff9d8f",
        "alarm-paper": "#2c1b1a",
        "on-low": "#f2f4f6",
        "on-high": "#10151a",
        "c1": "#49ebed",
        "c2": "#ded66a",
        "c3": "#6e87db",
        "c4": "#d199a9",
        "c5": "#cb7d34",
        "c6": "#59bbfb",
        "c7": "#7b638d",
        "c8": "#ad4c3f",
    },
}
SEQUENTIAL: Mapping[Scheme, list[str]] = {
    "light": ["#e9f3f0", "#bfe0da", "#86c4c1", "#4aa0a3", "#147b80", "#08575f", "#073642"],
    "dark": ["#1d2b31", "#1e454d", "#1f6670", "#2c8a90", "#56b0ae", "#94d2ca", "#d9f3ec"],
}
DIVERGING: Mapping[Scheme, list[str]] = {
    "light": ["#853300", "#c07336", "#e5bb95", "#f1eee8", "#a6d0cb", "#3f9a9e", "#00555a"],
    "dark": ["#f2b27c", "#b9702f", "#6a4526", "#2a3138", "#20575d", "#3b9da1", "#a5e6e1"],
}


def _var(token: str) -> str:
    return f"var(--{token}, {TOKENS['light'][token]})"


INK, SOFT, MUTED, ACCENT, PAPER = (_var(name) for name in ("ink", "soft", "muted", "accent", "paper"))
ON_LOW, ON_HIGH = _var("on-low"), _var("on-high")
CATEGORIES = [_var(f"c{n}") for n in range(1, 9)]


def ranges(scheme: Scheme) -> dict[str, list[str]]:
    """The part of the configuration that differs between light and dark: the ramps Vega blends itself."""
    ramp = SEQUENTIAL[scheme]
    return {"ramp": ramp, "heatmap": ramp, "ordinal": ramp[1:], "diverging": DIVERGING[scheme]}


def config(language: Language) -> dict[str, Any]:
    """The Vega-Lite configuration of every chart, in the light."""
    text = {"labelColor": SOFT, "titleColor": SOFT, "labelFontSize": 12, "titleFontSize": 12}
    axis = {"domain": False, "ticks": False, "gridColor": _var("grid"), "labelPadding": 6, "titlePadding": 10}
    above = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -8, "titleX": 0}
    return {
        # Screen readers get the description of the whole drawing; a thousand labelled bars would bury it.
        "aria": False,
        "background": "transparent",
        "font": FONT,
        "padding": 4,
        "timeFormat": "%d/%m/%Y" if language == "vi" else "%d %b %Y",
        "title": {"anchor": "start", "color": INK, "subtitleColor": SOFT, "fontSize": 15, "fontWeight": 600},
        "view": {
            "stroke": None,
            "continuousHeight": 280,
            "continuousWidth": 560,
            "discreteHeight": {"step": 28},
        },
        "axis": {**text, **axis, "titleFontWeight": 400, "labelLimit": 170},
        "axisYQuantitative": {**above, "tickCount": 5},
        "axisXQuantitative": {"tickCount": 5},
        "axisBand": {"grid": False},
        "axisXBand": {"labelAngle": -40, "labelLimit": 150},
        "axisTemporal": {"grid": False, "labelFlush": True, "labelOverlap": "greedy", "tickCount": 6},
        "header": {
            **text,
            "titleFontWeight": 600,
            "labelFontWeight": 600,
            "labelAnchor": "start",
            "labelLimit": 170,
        },
        "legend": {
            **text,
            "titleFontWeight": 400,
            "orient": "top",
            "direction": "horizontal",
            "columns": 4,
            "labelLimit": 150,
            "symbolType": "square",
            "symbolSize": 90,
            "columnPadding": 16,
            "gradientLength": 180,
            "gradientThickness": 10,
            "offset": 24,
        },
        "range": {"category": CATEGORIES, **ranges("light")},
        "mark": {"color": ACCENT},
        "line": {"strokeWidth": 2.25, "strokeCap": "round", "strokeJoin": "round"},
        "area": {"fillOpacity": 0.85, "line": False},
        "point": {"filled": True, "size": 64, "opacity": 1},
        "text": {"color": INK, "fontSize": 12},
        "rule": {"color": SOFT},
        "style": {
            "label": {"fill": INK, "fontSize": 12},
            "muted": {"fill": MUTED},
            "reference": {"stroke": SOFT, "strokeDash": [4, 4], "strokeWidth": 1.25},
            "interval": {"stroke": INK, "strokeWidth": 1.5},
        },
    }


def css() -> str:
    """The same colours for the page: light, or dark by system or by hand, and light on paper."""
    light, dark = ("".join(f"--{k}:{v};" for k, v in TOKENS[scheme].items()) for scheme in ("light", "dark"))
    stills = "".join(f"--{name}:{TOKENS['light'][name]};" for name in ("on-low", "on-high"))
    return (
        f":root{{color-scheme:light;{light}--font:{FONT}}}"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}"
        f"@media screen and (prefers-color-scheme:dark){{"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        # A still was drawn with the light ramp, so the text on that ramp stays as it was in the light.
        f".still{{{stills}}}"
    )


def enable(mode: Mode, *, currency: str, language: Language) -> None:
    """Make every chart of this process look and behave as one: live in JupyterLab, or bound for a page.

    ``report``: a chart becomes its specification, a still and its description, and is refused with
    `ReportFailed` when it has no title, no description or nothing in it. ``lab``: a live widget that needs
    no network.
    """
    if mode not in ("report", "lab"):
        raise ParameterError(f"{mode!r} is not a way to show charts", do='use "report" or "lab"')
    # Imported where charts are made: the index page needs the colours, and should not wait for Altair.
    import altair as alt

    locale = i18n.vega_locale(currency, language)

    @alt.theme.register("journey", enable=True)
    def _theme() -> alt.theme.ThemeConfig:
        return {"config": config(language)}  # type: ignore[typeddict-item]

    if mode == "lab":
        # Before any widget exists: a widget made earlier would still ask a CDN for Vega.
        alt.JupyterChart.enable_offline()
    render = {"report": _for_page, "lab": _for_lab}[mode]
    alt.renderers.register(f"journey-{mode}", functools.partial(render, locale=locale))
    alt.renderers.enable(f"journey-{mode}")


def _for_lab(spec: dict[str, Any], *, locale: Mapping[str, Any]) -> Any:
    import altair as alt

    options = {"renderer": "svg", "actions": False, "tooltip": True, **locale}
    return alt.JupyterChart(alt.Chart.from_dict(spec), embed_options=options)._repr_mimebundle_()


def _for_page(spec: dict[str, Any], *, locale: Mapping[str, Any]) -> dict[str, Any]:
    # The mimetype must end in +json: Altair's own ends in .json, and nbformat refuses a dict under that name,
    # which kills the kernel at the first chart of a headless run.
    drawn = check(spec, locale=locale)
    title, subtitle = titles(spec)
    description = str(spec["description"])
    # A chart that is rightly empty goes without a still: the page says so in words.
    picture = {"image/svg+xml": slim(drawn, description=description, font=FONT)} if drawn else {}
    return {
        MIMETYPE: spec,
        **picture,
        "text/plain": ". ".join(part.rstrip(".") for part in (title, subtitle, description) if part) + ".",
    }


def titles(spec: Mapping[str, Any]) -> tuple[str, str]:
    """The title and subtitle of a chart, as plain text."""
    title = spec.get("title") or ""
    parts = (title.get("text"), title.get("subtitle")) if isinstance(title, Mapping) else (title, "")
    first, second = (" ".join(map(str, p)) if isinstance(p, list) else str(p or "") for p in parts)
    return first.strip(), second.strip()


def check(spec: Mapping[str, Any], *, locale: Mapping[str, Any]) -> str:
    """Refuse a chart that a reader could not name, could not hear, or would find empty; else draw it, as SVG.

    A chart that is rightly empty says so: ``usermeta={"journey": {"empty": True}}``, and gives no drawing.
    """
    title, _ = titles(spec)
    name = (
        f"the chart “{title}”" if title else f"a chart without a title ({str(spec.get('description'))[:60]})"
    )
    if not title:
        raise ReportFailed(
            "A chart has no title",
            where=name,
            do="give the whole chart title=…, saying what it shows; for layers, after they are put together",
        )
    if not str(spec.get("description") or "").strip():
        raise ReportFailed(
            "A chart has no description",
            where=name,
            do="give it description=…: what is read out to who cannot see it",
        )
    if far := next(_addresses(spec), None):
        raise ReportFailed(
            "A chart loads its data from an address; a page works without a network",
            where=f"{name}, {far}",
            do="read the data in Python and give the chart a frame",
        )
    picture = draw(spec, locale=locale)
    drawn = marks(picture)
    if not drawn and not declared_empty(spec):
        raise ReportFailed(
            "A chart has nothing in it",
            where=name,
            how_many="0 marks drawn",
            do="look at its filters and column types; if it may be empty, say so: "
            'usermeta={"journey": {"empty": True}}',
        )
    return picture if drawn else ""


def declared_empty(spec: Mapping[str, Any]) -> bool:
    """Whether a chart says of itself that it may have nothing to show."""
    return bool(((spec.get("usermeta") or {}).get("journey") or {}).get("empty"))


def _addresses(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("data"), Mapping) and "url" in node["data"]:
            yield str(node["data"]["url"])
        for key, child in node.items():
            if key not in ("datasets", "data"):
                yield from _addresses(child)
    elif isinstance(node, list):
        for child in node:
            yield from _addresses(child)


def static(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The chart as it is drawn once, for paper: its own sizes, or the width of the page; the title left out.

    The page writes titles as text, where they wrap on a phone and can be searched.
    """
    drawn = {key: value for key, value in spec.items() if key not in ("title", "usermeta")}
    if fills_page(spec):
        # Not "fit": it counts the axes, but cuts off words that a mark writes beside its end.
        drawn |= {"width": PLOT_WIDTH}
        drawn.pop("autosize", None)
    return drawn


def fills_page(spec: Mapping[str, Any]) -> bool:
    """Whether a chart takes the width it is given: one view, or layers, not sized by its own steps."""
    if not ("mark" in spec or "layer" in spec) or isinstance(spec.get("width"), Mapping):
        return False
    return not {"row", "column", "facet"} & set(spec.get("encoding", {}))


def draw(spec: Mapping[str, Any], *, locale: Mapping[str, Any]) -> str:
    """The chart as one SVG, as Vega writes it; slimmed, paper, mail and browsers without scripts show it."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(static(spec), **_locales(locale)))


def marks(drawn: str) -> int:
    """How many things Vega drew in an SVG, a line being one; axes, legends and titles not counted."""
    root = ElementTree.fromstring(drawn)  # noqa: S314 - Vega wrote it, and expat bounds expansion
    return sum(
        # a line whose values are all missing is a path too, but nothing of it is seen
        child.tag != f"{SVG}path" or bool(child.get("d"))
        for group in root.iter(f"{SVG}g")
        if "role-mark" in (kinds := group.get("class", "").split()) and "mark-group" not in kinds
        for child in group
    )


def _locales(locale: Mapping[str, Any]) -> dict[str, Any]:
    return {"format_locale": locale["formatLocale"], "time_format_locale": locale["timeFormatLocale"]}
