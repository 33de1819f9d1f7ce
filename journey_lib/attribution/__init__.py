"""Attribution: how the credit for conversions is shared among the channels that led to them.

Every model here shares out what was observed. None says what a channel caused: that takes an experiment.
"""

from journey_lib.attribution.credit import MODELS, credit, options_of, takes
from journey_lib.attribution.path_files import read_paths
from journey_lib.attribution.views import compare, efficiency, over_time, removal_effects

__all__ = [
    "MODELS",
    "compare",
    "credit",
    "efficiency",
    "options_of",
    "over_time",
    "read_paths",
    "removal_effects",
    "takes",
]
