"""Who is who: identifiers written one way, hashed, and stitched into customers with the evidence kept."""

from journey_lib.identity.graph import REASONS, Resolution, resolve
from journey_lib.identity.keys import Secret, hashed, key
from journey_lib.identity.linking import Linked, link, with_pairs
from journey_lib.identity.log import merge_log
from journey_lib.identity.nodes import Edges, Nodes, numbered
from journey_lib.identity.normalise import normalised
from journey_lib.identity.quality import Quality, pairwise
from journey_lib.identity.records import RECORD_RULES, Composites, composite
from journey_lib.identity.rules import DEFAULT, KINDS, LEVELS, Level, Rule, Rules, rules_for
from journey_lib.spelling import bare, tidy_vietnamese

__all__ = [
    "DEFAULT",
    "KINDS",
    "LEVELS",
    "REASONS",
    "RECORD_RULES",
    "Composites",
    "Edges",
    "Level",
    "Linked",
    "Nodes",
    "Quality",
    "Resolution",
    "Rule",
    "Rules",
    "Secret",
    "bare",
    "composite",
    "hashed",
    "key",
    "link",
    "merge_log",
    "normalised",
    "numbered",
    "pairwise",
    "resolve",
    "rules_for",
    "tidy_vietnamese",
    "with_pairs",
]
