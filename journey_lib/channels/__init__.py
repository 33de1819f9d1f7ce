"""Which channel a visit came through, by dated rules: GA4's, extensions of them, and the user's own first."""

from journey_lib.channels.assign import UNASSIGNED, assign, changed_by_case, evidence, explain
from journey_lib.channels.labels import LABELS
from journey_lib.channels.links import lint
from journey_lib.channels.rules import Rules, load

__all__ = [
    "LABELS",
    "UNASSIGNED",
    "Rules",
    "assign",
    "changed_by_case",
    "evidence",
    "explain",
    "lint",
    "load",
]
