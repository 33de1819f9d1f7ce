"""The single customer view: how well rows became customers, and how much of the answer hangs on it."""

from journey_lib.single_view.counts import kinds, largest, life_stages, links, matches, sizes
from journey_lib.single_view.levels import restitched, sensitivity
from journey_lib.single_view.one import chosen, merges, timeline

__all__ = [
    "chosen",
    "kinds",
    "largest",
    "life_stages",
    "links",
    "matches",
    "merges",
    "restitched",
    "sensitivity",
    "sizes",
    "timeline",
]
