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
)
from journey_lib.touchpoints.inventory import discreet, inventory
from journey_lib.touchpoints.steps import walked

__all__ = [
    "MEASURES",
    "OPPORTUNITIES",
    "TOUCHPOINTS",
    "Authored",
    "Opportunity",
    "Touchpoint",
    "authored",
    "declared_opportunities",
    "describe",
    "discreet",
    "inventory",
    "walked",
]
