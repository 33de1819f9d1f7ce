"""What is known of each customer as of a day: one row each, every column with its unit and where it comes from."""

from journey_lib.features.about import Feature, Features

__all__ = ["Feature", "Features"]
