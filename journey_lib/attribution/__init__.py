"""Attribution: how the credit for conversions is shared among the channels that led to them.

Every model here shares out what was observed. None says what a channel caused: that takes an experiment.
"""

from journey_lib.attribution.credit import MODELS, NO_TOUCH, credit, options_of, takes
from journey_lib.attribution.path_files import read_paths
from journey_lib.attribution.views import compare, efficiency, over_time

__all__ = [
    "MODELS",
    "NO_TOUCH",
    "compare",
    "credit",
    "efficiency",
    "options_of",
    "over_time",
    "read_paths",
    "takes",
]
