"""The demo shop's files: the same for the same seed, and their truth kept apart from all that measures."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from shops import made, truth

pytestmark = pytest.mark.slow  # whole worlds are simulated

ROOT = Path(__file__).parents[1]


# --- the same bytes ---

SCRIPT = """
import sys; from pathlib import Path; import pyarrow as pa; from journey_lib import demo
pa.set_cpu_count(int(sys.argv[2])); pa.set_io_thread_count(int(sys.argv[2]))
demo.generate(Path(sys.argv[1]), customers=2500, seed=7, months=4)
"""


def same(had: pd.DataFrame, has: pd.DataFrame, keys: list[str]) -> None:
    pd.testing.assert_frame_equal(*(table.sort_values(keys).reset_index(drop=True) for table in (had, has)))


def test_the_bytes_are_the_same_on_one_and_on_four_threads(tmp_path: Path) -> None:
    found = {}
    for threads in ("1", "4"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        place = tmp_path / threads
        settings = os.environ | dict.fromkeys(names, threads)
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(place), threads], env=settings, check=True, cwd=ROOT
        )
        files = sorted(file for file in place.rglob("*") if file.is_file())
        found[threads] = {
            str(file.relative_to(place)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
        }
    assert {"raw/identifiers.parquet", "truth/people.parquet", "truth/channels.csv"} <= set(found["1"])
    assert found["1"] == found["4"]


def test_a_larger_shop_holds_the_smaller_ones_people_needs_and_fragments(tmp_path: Path) -> None:
    small, big = (made(tmp_path / str(size), size, months=3) for size in (1_300, 4_500))
    who = set(truth(small, "people.parquet").customer_id)
    for name in ("people.parquet", "needs.parquet", "fragments.parquet"):
        had, has = truth(small, name), truth(big, name)
        if name == "fragments.parquet":  # those of the customer file: below
            had, has = (table[table.kind.isin(["cookie", "device", "user_id"])] for table in (had, has))
        same(had, has[has.customer_id.isin(who)], list(had.columns[:3]))
    for name in ("identifiers", "tickets", "surveys"):
        had, has = getattr(small, name), getattr(big, name)
        key = had.columns[0]
        same(had, has[has[key].isin(set(had[key]))], [key])


def test_a_larger_shop_knows_of_no_more_records_of_the_smaller_ones_people(tmp_path: Path) -> None:
    small, big = (made(tmp_path / str(size), size, months=1) for size in (1_300, 4_500))
    had, has = (truth(shop, "fragments.parquet") for shop in (small, big))
    same(
        had, has[has.customer_id.isin(set(truth(small, "people.parquet").customer_id))], list(had.columns[:3])
    )


# --- truth stays where it belongs ---

ALLOWED = ("tests/", "benchmarks/", "notebooks/explore/", "journey_lib/demo/")
CODE = re.compile(r"\.(py|ipynb|toml|ya?ml|sh|js|html|j2|cfg|sql)$|(^|/)Makefile$")
OPENS_TRUTH = re.compile(
    r"""truth/\w|["'/]truth\b/?\\?["']|demo\.truth\b|\bdemo import .*\btruth\b|truth\.md"""
)
SAYS_WHERE = (
    'journey_lib/cli.py: click.echo(f"',  # tells the user where it is
    'pyproject.toml: id = "truth"',
    "journey_lib/draft/patterns.py: NOT_RAW = ",  # says where not to look
    "pyproject.toml: protected_modules = ",
)


@pytest.mark.parametrize(
    "line",
    [
        'people = pq.read_table(folder / "truth" / "people.parquet")',
        "frame = pd.read_csv('data/demo/truth/channels.csv')",
        r'"source": ["known = workspace / \"truth\"\n"]',
        "from journey_lib.demo import fragments, truth",
        "from journey_lib.demo.truth import need_rows",
    ],
)
def test_a_line_that_opens_the_truth_is_recognised(line: str) -> None:
    assert OPENS_TRUTH.search(line)
    assert not OPENS_TRUTH.search("# the truth about each need, or a truth universally acknowledged")


def test_nothing_outside_of_tests_and_benchmarks_opens_the_truth() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a clone")
    files = [
        name for name in listed.stdout.splitlines() if CODE.search(name) and not name.startswith(ALLOWED)
    ]
    assert "journey_lib/cli.py" in files
    lines = [
        f"{name}: {line.strip()}"
        for name in files
        if (ROOT / name).is_file()
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if OPENS_TRUTH.search(line)
    ]
    assert [line for line in lines if not line.startswith(SAYS_WHERE)] == []


def test_the_import_floors_keep_the_truth_inside_the_demo_shop() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    kept = [rule for rule in rules if "journey_lib.demo.truth" in rule.get("protected_modules", [])]
    assert [rule["allowed_importers"] for rule in kept] == [["journey_lib.demo"]]
