"""How often the gate before personas errs, on seeds that had no part in choosing its cuts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "personas.py"


def calibrated(seeds: str, *sets: str) -> dict[str, Any]:
    """What `benchmarks/personas.py calibrate` finds, by set."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "calibrate", seeds, *sets], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])["facts"]
    return found


def test_of_sixty_structureless_sets_at_most_three_are_called_groups() -> None:
    sets = (
        *("independent_skewed", "correlated_gaussian", "correlated_skewed"),
        *("zero_inflated", "compositional", "heavy_tails"),
    )
    found = calibrated("2000-2009", *sets)
    assert {name: said["of"] for name, said in found.items()} == dict.fromkeys(sets, 10)
    assert sum(said["called groups"] for said in found.values()) <= 3
    # The chance alone would not do: shares of channels add up to 1, which no continuum of copulas knows.
    assert found["compositional"]["chance below 0.05"] > 3


def test_twenty_of_twenty_clear_sets_are_found_and_eighteen_in_their_number() -> None:
    blobs = calibrated("2000-2019", "blobs")["blobs"]
    assert (blobs["called groups"], blobs["of"]) == (20, 20)
    assert blobs["right k"] >= 18
