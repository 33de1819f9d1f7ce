"""What holds for every test."""

import pytest
from hypothesis import settings

from journey_lib import i18n

# A busy machine is no fault of the code: time is measured in `benchmarks/`, never by a test.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def english() -> None:
    """Words are compared in English, whatever an earlier test spoke."""
    i18n.speak("en")
