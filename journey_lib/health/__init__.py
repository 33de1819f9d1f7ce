"""Health of the data: what became of every row, when rows come, and whether reports on them can be trusted.

Everything here reads what `prepare` left in ``work/``; nothing says why something is as it is.
"""

from journey_lib.health.days import gaps, jumps, months, presence
from journey_lib.health.evidence import NO_CHANNEL, Evidence, evidence
from journey_lib.health.links import links
from journey_lib.health.rows import hours, matches, reconciled, times
from journey_lib.health.trust import Limits, trust

__all__ = [
    "NO_CHANNEL",
    "Evidence",
    "Limits",
    "evidence",
    "gaps",
    "hours",
    "jumps",
    "links",
    "matches",
    "months",
    "presence",
    "reconciled",
    "times",
    "trust",
]
