"""Personas an analyst can defend: groups of customers by declared rules or found in what they do."""

from journey_lib.personas.against import changes, strengths
from journey_lib.personas.answers import Classes, latent_classes
from journey_lib.personas.apply import assign, drift, migration, read
from journey_lib.personas.find import Found, find
from journey_lib.personas.gate import Structure, structure
from journey_lib.personas.kept import Kept, recall, save
from journey_lib.personas.membership import rules, sentences
from journey_lib.personas.notes import Notes, notes
from journey_lib.personas.portrait import demographics, traits
from journey_lib.personas.profile import audience, target, value_profile
from journey_lib.personas.worth import accounts, sizes

__all__ = [
    "Classes",
    "Found",
    "Kept",
    "Notes",
    "Structure",
    "accounts",
    "assign",
    "audience",
    "changes",
    "demographics",
    "drift",
    "find",
    "latent_classes",
    "migration",
    "notes",
    "read",
    "recall",
    "rules",
    "save",
    "sentences",
    "sizes",
    "strengths",
    "structure",
    "target",
    "traits",
    "value_profile",
]
