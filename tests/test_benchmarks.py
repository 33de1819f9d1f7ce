"""The benchmarks run, on tiny inputs, and compare equal answers. Nothing here is timed."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ENTRY = {"question", "figure", "ours", "theirs", "ratio", "target", "met", "sizes", "versions", "cpu", "rss"}
GROWTH = ENTRY - {"cpu", "rss"} | {"grown"}


@pytest.fixture(autouse=True)
def _beside_the_scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Import the scripts as they import each other, and forget them after: their names are common words."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    yield
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(BENCHMARKS):
            del sys.modules[name]


def script(name: str) -> ModuleType:
    return importlib.import_module(name)


def test_raw_events_give_the_same_paths_as_the_pandas_script(tmp_path: Path) -> None:
    script("data").events(5_000, tmp_path)
    file = str(tmp_path / "events.parquet")

    theirs = script("pandas_paths")
    expected = theirs.facts(theirs.paths(theirs.pd.read_parquet(file)))

    assert script("ours").paths(file) == expected
    assert expected["conversions"] > 100


def test_raw_events_give_the_same_page_as_the_pandas_script(tmp_path: Path) -> None:
    script("data").events(20_000, tmp_path)
    file = str(tmp_path / "events.parquet")

    theirs, ours = script("pandas_page"), script("views")
    tables, found = theirs.page(file), ours.page(file)

    assert ours.said_of(found) == theirs.facts(tables)
    # Median times are read from classes 9% wide: 4.4% from the exact one at most, where there are many.
    keys = ["from", "to"]
    mine = found["transitions"].table.set_index(keys)
    exact = tables["transitions"].astype(dict.fromkeys(keys, str)).set_index(keys).loc[mine.index]
    often = mine.index[(mine["journeys"] >= 100) & (exact["median_days"] > 0)]
    assert len(often) > 5
    for name, within in (("median_days", 0.06), ("p90_days", 0.15)):
        apart = (mine.loc[often, name] / exact.loc[often, name] - 1).abs()
        assert apart.max() < within, name


def test_both_forms_of_the_journeys_give_the_markov_shares_of_the_definition(tmp_path: Path) -> None:
    script("data").journeys(2_000, tmp_path)
    reference = script("reference")
    for form in ("raw", "grouped"):
        file = str(tmp_path / f"{form}.csv")
        found = script("ours").credit(list(script("ours").SUITE), file)

        assert found["journeys"] == 2_000
        for order in (1, 2):
            expected = reference.shares(reference.chain(file, order))
            assert found["shares"][f"order {order}"] == [pytest.approx(expected, rel=1e-9)]


def test_the_reference_solves_the_three_path_example(tmp_path: Path) -> None:
    script("data").three_paths(3, tmp_path)
    reference = script("reference")

    shares = reference.shares(reference.chain(str(tmp_path / "grouped.csv"), 1))

    assert shares == pytest.approx({"A": 0.2, "B": 0.4, "C": 0.4})


def test_the_workspace_of_the_events_can_be_prepared(tmp_path: Path) -> None:
    script("data").events(1_000, tmp_path)

    assert script("ours").prepare(str(tmp_path / "workspace")) == {"events": 1_000}


def once_each(measured: Callable[..., object]) -> Callable[..., object]:
    kept: dict[object, object] = {}
    return lambda command, files: kept.get(command) or kept.setdefault(command, measured(command, files))


def test_a_run_compares_both_sides_and_writes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, run = script("harness"), script("run")
    monkeypatch.setattr(harness, "DATA", tmp_path)
    ours = harness.Command("ours", "ours.py", ("paths", "{events}"))
    theirs = harness.Command("ours", "peers/pandas_paths.py", ("{events}",))
    # Each side is started once, not three times: every process loads its packages anew.
    monkeypatch.setattr(harness, "measured", once_each(harness.measured))
    benchmark = next(each for each in run.BENCHMARKS if each.name == "paths_1m")
    assert (benchmark.ours, benchmark.theirs) == (ours, theirs)

    entry = harness.compared(benchmark, rows=1_000, turns=1)
    run.keep("paths_1m", entry, tmp_path)

    assert set(entry) >= ENTRY
    assert entry["agreement"]["held"]
    assert entry["cpu"]["ours"]["whole"] >= entry["cpu"]["ours"]["work"] > 0
    assert json.loads((tmp_path / "results.json").read_text("utf-8")) == {"paths_1m": entry}
    assert "paths_1m" in (tmp_path / "results.md").read_text("utf-8")


def test_every_benchmark_has_its_own_name_and_a_script_to_run() -> None:
    benchmarks = script("catalogue").BENCHMARKS

    assert len({benchmark.name for benchmark in benchmarks}) == len(benchmarks)
    for benchmark in benchmarks:
        for command in (benchmark.ours, benchmark.theirs):
            assert (BENCHMARKS / command.script).is_file()
            assert command.environment in {"ours", *script("environments").PINS}


def test_the_kept_results_are_well_formed() -> None:
    file = BENCHMARKS / "results.json"
    if not file.exists():
        pytest.skip("no benchmark was run yet")
    results = json.loads(file.read_text("utf-8"))
    known = {benchmark.name: benchmark for benchmark in script("catalogue").BENCHMARKS}
    for name, entry in results.items():
        assert set(entry) >= (GROWTH if entry["figure"] == "growth" else ENTRY), name
        assert entry["sizes"]["rows"] == known[name].rows, f"{name} was measured at another size"
        assert entry["target"] == known[name].target
        judged = entry["ratio"] if entry["figure"] == "cpu" else entry["ours"]
        reached = entry["target"] is None or judged <= entry["target"]
        assert entry["met"] == (reached and entry["agreement"]["held"])
        measured = entry["grown"] if entry["figure"] == "growth" else [entry]
        assert set(entry["versions"]) == {"ours", "theirs"}
        assert all(set(each["rss"]) == {"ours", "theirs"} for each in measured)
    assert script("report").page(results) == (BENCHMARKS / "results.md").read_text("utf-8")


def test_features_are_measured_beside_reading_the_same_customers(tmp_path: Path) -> None:
    script("data").regulars(300, tmp_path)
    views, folder = script("views"), str(tmp_path / "workspace")

    read, frame, found = views.read(folder), views.frame(folder), views.features(folder)

    assert read == frame == {"customers": 300}
    assert found == {"customers": 300, "columns": views.COLUMNS}
