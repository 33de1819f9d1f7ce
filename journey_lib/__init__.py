"""The journey workbench: from files to journeys to what can be said of them, and how far it can be trusted.

>>> import journey_lib as jl
>>> touches = jl.touches.load(jl.open("data/demo"))
>>> paths = jl.journeys.paths(touches, lookback="30d")
>>> jl.attribution.credit(paths, "markov", order=1).table
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journey_lib import (
        attribution,
        cards,
        charts,
        charts_conformance,
        charts_customers,
        charts_flows,
        charts_health,
        charts_journeys,
        charts_personas,
        charts_segments,
        charts_times,
        charts_touchpoints,
        charts_voice,
        conformance,
        customers,
        editors,
        errors,
        explorers,
        explorers_maps,
        explorers_personas,
        features,
        findings,
        findings_conformance,
        findings_customers,
        findings_found,
        findings_health,
        findings_journeys,
        findings_links,
        findings_personas,
        findings_touchpoints,
        findings_voice,
        funnel,
        health,
        journey_map,
        journeys,
        map_page,
        map_stills,
        maps,
        model,
        personas,
        retention,
        sections,
        sections_cast,
        sections_groups,
        sections_journeys,
        sections_map,
        sections_map_apart,
        sections_personas,
        sections_voice,
        session,
        single_view,
        stages,
        touches,
        touchpoints,
        voice,
    )
    from journey_lib.workspace import open_workspace as open  # noqa: A004 - read as jl.open

__version__ = "0.1.0"
__all__ = [
    "attribution",
    "cards",
    "charts",
    "charts_conformance",
    "charts_customers",
    "charts_flows",
    "charts_health",
    "charts_journeys",
    "charts_personas",
    "charts_segments",
    "charts_times",
    "charts_touchpoints",
    "charts_voice",
    "conformance",
    "customers",
    "editors",
    "errors",
    "explorers",
    "explorers_maps",
    "explorers_personas",
    "features",
    "findings",
    "findings_conformance",
    "findings_customers",
    "findings_found",
    "findings_health",
    "findings_journeys",
    "findings_links",
    "findings_personas",
    "findings_touchpoints",
    "findings_voice",
    "funnel",
    "health",
    "journey_map",
    "journeys",
    "map_page",
    "map_stills",
    "maps",
    "model",
    "open",
    "personas",
    "retention",
    "sections",
    "sections_cast",
    "sections_groups",
    "sections_journeys",
    "sections_map",
    "sections_map_apart",
    "sections_personas",
    "sections_voice",
    "session",
    "single_view",
    "stages",
    "touches",
    "touchpoints",
    "voice",
]


def __getattr__(name: str) -> Any:
    """Load a part of the workbench when it is first used, so that importing the package costs nothing."""
    if name == "open":
        return importlib.import_module("journey_lib.workspace").open_workspace
    if name in __all__:
        return importlib.import_module(f"journey_lib.{name}")
    raise AttributeError(f"module 'journey_lib' has no attribute '{name}'")
