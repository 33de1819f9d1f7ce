"""Equal sequences are found however long they are, in however small a table; and held tables lose nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tables import touches

import journey_lib as jl
from journey_lib import touches as touch_table
from journey_lib.errors import ParameterError
from journey_lib.journeys import sequences

LOG = """
    who  | when        | channel  | sale
    an   | 01-01 08:00 | facebook |
    an   | 01-02 08:00 | search   |
    an   | 01-03 08:00 | store    | 100
    binh | 01-01 08:00 | radio    |
    chi  | 01-01 08:00 | facebook | 50
    """


def drawn(count: int, longest: int, names: int) -> list[tuple[int, ...]]:
    chance = np.random.default_rng(11)
    return [tuple(chance.integers(0, names, chance.integers(0, longest)).tolist()) for _ in range(count)]


@pytest.mark.parametrize("hashed_alike", [False, True])
@pytest.mark.parametrize(("longest", "names"), [(4, 2), (40, 2), (90, 1), (9, 300)])
@pytest.mark.parametrize("folds", [0, 3])
def test_sequences_are_grouped_as_tuples_would_be(longest, names, folds, hashed_alike, monkeypatch) -> None:
    if hashed_alike:  # the worst hash there can be, at first
        real = sequences._hash
        monkeypatch.setattr(
            sequences,
            "_hash",
            lambda *given: real(*given) if given[-1] > 2 else np.zeros(len(given[1]) - 1, np.uint64),
        )
    every = drawn(400, longest, names)
    tokens = np.array([token for each in every for token in each], np.int16)
    offsets = np.cumsum([0, *map(len, every)])
    fold = (np.arange(len(every)) % folds).astype(np.uint8) if folds else None
    group, first = sequences.grouped(tokens, offsets, fold)
    keys = [(each, number % folds if folds else 0) for number, each in enumerate(every)]
    assert len(first) == len(set(keys))
    assert [keys[first[number]] for number in group] == keys
    assert all(keys.index(keys[at]) == at for at in first)


def test_a_table_is_held_in_pieces_of_whole_customers_and_is_not_cut_again(monkeypatch) -> None:
    monkeypatch.setattr(touch_table, "PIECE_ROWS", 1)
    held = touch_table.hold(touches(LOG))
    assert [load().customer.tolist() for load in held.buckets] == [[0, 0, 0], [1], [2]]
    found = [jl.journeys.transitions(table).table for table in (touches(LOG), held)]
    assert found[0].equals(found[1])


def test_tables_that_are_not_held_alike_are_told_apart() -> None:
    whole = touches(LOG)
    part = replace(whole, buckets=(*whole.buckets, *whole.buckets))
    with pytest.raises(ParameterError, match="not held alike"):
        jl.funnel.dropped(whole, ["facebook", "store"], called=part)
