"""Who is who: identifiers written one way, hashed, and stitched into customers with the evidence kept."""

from journey_lib.identity.graph import REASONS, Resolution, resolve
from journey_lib.identity.keys import Secret, hashed, key
from journey_lib.identity.log import merge_log
from journey_lib.identity.names import bare, tidy_vietnamese
from journey_lib.identity.nodes import Edges, Nodes, numbered
from journey_lib.identity.normalise import normalised
from journey_lib.identity.quality import Quality, pairwise
from journey_lib.identity.rules import DEFAULT, KINDS, LEVELS, Level, Rule, Rules, rules_for

__all__ = [
    "DEFAULT",
    "KINDS",
    "LEVELS",
    "REASONS",
    "Edges",
    "Level",
    "Nodes",
    "Quality",
    "Resolution",
    "Rule",
    "Rules",
    "Secret",
    "bare",
    "hashed",
    "key",
    "merge_log",
    "normalised",
    "numbered",
    "pairwise",
    "resolve",
    "rules_for",
    "tidy_vietnamese",
]
