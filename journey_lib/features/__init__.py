"""What is known of each customer as of a day: one row each, every column with its unit and its source."""

from journey_lib.features.about import Feature, Features
from journey_lib.features.columns import DAYPARTS, KNOWN, MIXES, titles
from journey_lib.features.table import of_touches, table

__all__ = ["DAYPARTS", "KNOWN", "MIXES", "Feature", "Features", "of_touches", "table", "titles"]
