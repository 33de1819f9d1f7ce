"""What holds for every test."""

from pathlib import Path

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


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes its reports where it stands: not in the repository."""
    monkeypatch.chdir(tmp_path)


ROOT = Path(__file__).parents[1]
_there = pytest.StashKey[set[Path]]()


def folders() -> set[Path]:
    """Where the command writes when a test lets it: in the repository's own reports and shops."""
    return {path.relative_to(ROOT) for place in ("reports/*/", "data/*/") for path in ROOT.glob(place)}


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_there] = folders()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tests write in folders of their own: what one has left in the repository fails the run."""
    left = sorted(map(str, folders() - session.config.stash[_there]))
    if left and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        said = session.config.pluginmanager.get_plugin("terminalreporter")
        said.write_line(
            f"\nERROR: tests left in the repository: {', '.join(left)}; give them `elsewhere`", red=True
        )
