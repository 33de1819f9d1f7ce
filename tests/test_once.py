"""What is computed once for the kernels of a run is, for each of them, what it would have computed itself."""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shops
from runs import workspace

import journey_lib as jl
from journey_lib import demo, i18n, once
from journey_lib.model import Result
from journey_lib.single_view.ordered import ordered
from journey_lib.workspace import Workspace

calls: list[Any] = []


@dataclasses.dataclass(frozen=True)
class Counted:
    rows: int

    @functools.cached_property
    def twice(self) -> int:
        return 2 * self.rows


@once.once
def halved(numbers: Any, *, by: float = 2) -> Any:
    calls.append(numbers)
    return Result("halved", pd.DataFrame({"x": np.asarray(numbers) / by}), {"n": len(numbers)})


@once.once
def worded(number: float) -> str:
    calls.append(number)
    return i18n.number(number, 1)


@once.once
def failing(number: int) -> int:
    calls.append(number)
    raise ValueError(number)


@once.once
def opened(shop: Workspace) -> str:
    calls.append(shop)
    return (shop.work / "manifest.json").read_text()


@once.once
def applied(function: Any) -> Any:
    calls.append(function)
    return function()


@pytest.fixture(autouse=True)
def fresh() -> None:
    calls.clear()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setenv(once.KEPT, str(folder))
    return folder


def content(value: Any) -> bytes:
    """Everything a value holds, to the last bit."""
    written = io.BytesIO()
    once._Content(written).dump(value)
    return written.getvalue()


def answers(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".lock")


def test_the_same_question_is_computed_once_and_each_who_asks_has_a_copy_of_its_own(kept: Path) -> None:
    first = halved(np.arange(3))
    first.table.loc[0, "x"] = -1.0
    second, third = halved(np.arange(3)), halved(np.arange(3))
    assert len(calls) == 1
    assert second.table["x"].tolist() == third.table["x"].tolist() == [0.0, 0.5, 1.0]
    assert (second.name, dict(second.facts)) == ("halved", {"n": 3})
    with pytest.raises(TypeError):
        second.facts["n"] = 4  # type: ignore[index] # as unchangeable as the first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (([1, 2], {}), ([1, 3], {})),
        (([1, 2], {}), ([1.0, 2.0], {})),
        (([1, 2], {}), ([1, 2], {"by": 3})),
        ((np.array([1, 2], np.int8), {}), (np.array([1, 2], np.int16), {})),
        ((pd.Series([1, 2]), {}), (pd.Series([1, 2], index=[1, 0]), {})),
    ],
)
def test_another_question_is_another_answer(kept: Path, one: Any, other: Any) -> None:
    for numbers, options in (one, other, one, other):
        halved(numbers, **options)
    assert len(calls) == 2


def test_what_is_one_object_in_memory_and_what_is_two_is_the_same_question(kept: Path) -> None:
    text = "".join(["ab", "cd"])
    twin = "".join(["ab", "cd"])
    assert content([text, text]) == content([text, twin])
    frame = pd.DataFrame({"a": [text, text], "b": [1.5, 2.5]})
    assert content(frame) == content(pickle.loads(pickle.dumps(frame)))  # noqa: S301 - our own


def test_what_an_argument_has_worked_out_meanwhile_makes_no_other_question(kept: Path) -> None:
    fresh, used = Counted(3), Counted(3)
    assert used.twice == 6
    assert content(fresh) == content(used) != content(Counted(4))
    pieces, whole = (pd.DataFrame({"a": [1.0]}) for _ in range(2))
    pieces["b"] = whole["b"] = 2.0
    whole = whole.copy()  # the same table, held as one block of numbers
    assert pieces._mgr.nblocks != whole._mgr.nblocks
    assert content(pieces) == content(whole) != content(whole.rename(columns={"b": "c"}))


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(once.KEPT, raising=False)
    halved([1]), halved([1])
    monkeypatch.setenv(once.KEPT, str(tmp_path / "gone"))
    halved([1]), halved([1])
    assert len(calls) == 4


def test_an_answer_in_words_is_not_kept_for_a_reader_of_another_language(kept: Path) -> None:
    with i18n.speaking("vi"):
        assert worded(1.5) == "1,5"
    with i18n.speaking("en"):
        assert worded(1.5) == "1.5"
    assert answers(kept) == []


def test_a_mistake_is_made_again_by_whoever_makes_it(kept: Path) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="7"):
            failing(7)
    assert calls == [7, 7]
    assert answers(kept) == []


def test_what_cannot_be_told_apart_by_its_content_is_computed_each_time(kept: Path) -> None:
    assert [applied(lambda: 1), applied(lambda: 2)] == [1, 2]
    around: list[Any] = []
    around.append(around)
    assert once._name(len, (around,), {}) is None


def test_an_answer_that_cannot_be_written_is_given_and_leaves_nothing(kept: Path) -> None:
    assert applied(threading.Lock) is not None
    assert answers(kept) == []


def test_a_workspace_stands_for_the_data_it_was_prepared_from(kept: Path, tmp_path: Path) -> None:
    shop = workspace(tmp_path / "shop")
    (shop.work).mkdir()
    for said in ("one", "one", "two"):
        (shop.work / "manifest.json").write_text(said)
        assert opened(shop) == said
    assert len(calls) == 2


def test_two_who_ask_at_the_same_moment_compute_once(kept: Path, tmp_path: Path) -> None:
    """Two processes, as two kernels are; the second waits for the first."""
    if once.fcntl is None:
        pytest.skip("this system has no such locks")
    module = tmp_path / "slow.py"
    module.write_text(
        textwrap.dedent(
            f"""
            import time
            from pathlib import Path
            from journey_lib.once import once

            @once
            def slow(n):
                (Path({str(tmp_path)!r}) / f"computed-{{time.monotonic_ns()}}").touch()
                time.sleep(1)
                return n * 1.1
            """
        )
    )
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-c", "import slow; print(repr(slow.slow(3)))"]
    both = [subprocess.Popen(command, env=where, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert {one.communicate(timeout=60)[0] for one in both} == {f"{3 * 1.1!r}\n"}
    assert len(list(tmp_path.glob("computed-*"))) == 1


def test_who_dies_while_computing_holds_up_nobody(kept: Path) -> None:
    name = once._name(halved.__wrapped__, ([1, 2],), {})  # type: ignore[attr-defined]
    assert name
    (kept / f"{name}.lock").touch()
    (kept / f"{name}.0123").write_bytes(b"half an ans")
    began = time.monotonic()
    assert halved([1, 2]).facts["n"] == 2
    assert time.monotonic() - began < 5


# --- what the reports share ---


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    (folder / "journey.yaml").write_bytes(shops.CONFIG.read_bytes())
    demo.generate(folder, customers=3_000)
    return jl.open(folder)


def shared(shop: Workspace) -> dict[str, Any]:
    """The answers that the pages of both languages have in common, as their notebooks ask for them."""
    touches = jl.touches.load(shop)
    found = jl.health.evidence(shop, as_of="2025-12-31")
    people = jl.features.table(shop, touches)
    held = jl.touchpoints.inventory(touches, model=jl.stages.load(shop.stages, shop.path))
    return {
        "evidence": found,
        "gaps": jl.health.gaps(found),
        "jumps": jl.health.jumps(found),
        "links": jl.single_view.links(shop),
        "largest": jl.single_view.largest(shop),
        "ordered": ordered(shop),
        "stages": jl.single_view.life_stages(shop),
        "example": jl.single_view.chosen(shop, "typical"),
        "stitching": jl.single_view.sensitivity(shop, lookback="30d"),
        "models": jl.attribution.compare(touches, ["last", "markov"], lookback="30d"),
        "removal": jl.attribution.removal_effects(touches, lookback="30d"),
        "months": jl.attribution.over_time(touches, "markov", lookback="30d"),
        "inventory": held,
        "factors": jl.touchpoints.factors(held),
        "personas": jl.personas.find(people, k=3, bootstraps=10, nulls=20, sample=300),
    }


@pytest.mark.slow
def test_both_languages_are_given_what_each_would_compute_alone(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, and nothing of it in words: every answer was kept, and none computed twice."""
    monkeypatch.delenv(once.KEPT, raising=False)
    alone = shared(shop)
    monkeypatch.setenv(once.KEPT, str(tmp_path))
    with i18n.speaking("vi"):
        first = shared(shop)
    computed = answers(tmp_path)
    with i18n.speaking("en"):
        second = shared(shop)
    assert answers(tmp_path) == computed
    assert len(computed) == len(alone)
    for name, answer in alone.items():
        assert content(first[name]) == content(second[name]) == content(answer), name
