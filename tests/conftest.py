"""What holds for every test."""

from collections.abc import Iterator

import databases
import pytest
from hypothesis import settings

from journey_lib import i18n
from journey_lib.engine import embedded

# A busy machine is no fault of the code: time is measured in `benchmarks/`, never by a test.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def english() -> None:
    """Words are compared in English, whatever an earlier test spoke."""
    i18n.speak("en")


@pytest.fixture(autouse=True, scope="session")
def emptied_databases() -> Iterator[None]:
    """The engine takes over what an earlier test has left, emptied: a fifth of the time of small shops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "_database", databases.take)
        yield
