"""Touchpoints: what the data say of each, what people say of each, and where the two do not meet."""

from journey_lib.touchpoints.authored import (
    MEASURES,
    OPPORTUNITIES,
    TOUCHPOINTS,
    Authored,
    Opportunity,
    Touchpoint,
    authored,
    declared_opportunities,
    describe,
    names_in,
    places,
    words,
)
from journey_lib.touchpoints.complete import GAPS, complete, roles, targets
from journey_lib.touchpoints.factors import RULE, factors
from journey_lib.touchpoints.inventory import discreet, inventory
from journey_lib.touchpoints.opportunities import actions, opportunities
from journey_lib.touchpoints.steps import asked_at, raised_at, walked
from journey_lib.touchpoints.weeks import availability, weekly

__all__ = [
    "GAPS",
    "MEASURES",
    "OPPORTUNITIES",
    "RULE",
    "TOUCHPOINTS",
    "Authored",
    "Opportunity",
    "Touchpoint",
    "actions",
    "asked_at",
    "authored",
    "availability",
    "complete",
    "declared_opportunities",
    "describe",
    "discreet",
    "factors",
    "inventory",
    "names_in",
    "opportunities",
    "places",
    "raised_at",
    "roles",
    "targets",
    "walked",
    "weekly",
    "words",
]
