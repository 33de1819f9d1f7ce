"""What every measured script says about itself: CPU by step, facts about its answer, versions.

Standard library only, because it runs inside each peer's own environment.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

STEPS: dict[str, float] = {}
USER: dict[str, float] = {}  # of the above, without what the system did for the process
PEAKS: list[float] = []


def cpu() -> tuple[float, float]:
    """User and system seconds of this process, all threads, and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime for u in used), sum(u.ru_stime for u in used)


def peak_mb() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def step(name: str) -> Iterator[None]:
    """Book the CPU of the block under `name`. Steps called "imports" and "checks" are not work."""
    if name == "checks":  # what only this comparison needs is not charged to anybody
        PEAKS.append(peak_mb())
    user, system = cpu()
    yield
    user, system = (after - before for after, before in zip(cpu(), (user, system), strict=True))
    STEPS[name] = STEPS.get(name, 0.0) + user + system
    USER[name] = USER.get(name, 0.0) + user


def report(facts: Mapping[str, Any], *packages: str) -> None:
    """Print the last line, which the harness reads."""
    versions = {package: version(package) for package in packages}
    used = {"steps": STEPS, "user": USER, "rss_mb": min([*PEAKS, peak_mb()])}
    said = {**used, "facts": dict(facts), "versions": versions}
    print("\n" + json.dumps(said))
