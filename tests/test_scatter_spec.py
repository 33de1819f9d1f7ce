"""What preparation holds on the way comes back whole; keys and ids are told apart in every kind of number."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_lib import columns
from journey_lib.checks import _ascending
from journey_lib.engine import connect
from journey_lib.prepare.bucket import _encoded
from journey_lib.prepare.code import NARROW
from journey_lib.prepare.scatter import scattered

FAR = 2**31  # the first number that four bytes cannot hold
NAME = st.sampled_from([-1, -1, 0, 7, 32_767])
ROW = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["a", "b", "c"]),
        "moment": st.sampled_from([0, 5, FAR - 1, FAR, -FAR, -FAR - 1, 2**62]),
        **dict.fromkeys(("channel", "touchpoint", "event_type"), NAME),
        "value": st.sampled_from([0, 0, 1, FAR - 1, FAR, -FAR - 1]),
        "event_id": st.none() | st.sampled_from(["e1", "e2"]),
        "who": st.sampled_from([-1, -1, 0, FAR - 1]),
        "source": st.sampled_from([0, 0, 3]),
        "fold": st.sampled_from([0, 1, 128, 255]),
    }
)
IDS = {
    "int8": [-128, -1, 0, 127],
    "uint8": [0, 1, 254, 255],
    "int32": [-(2**31), -2, 0, 3, 2**31 - 1],
    "int64": [-(2**63), -7, 0, 1, 2, 2**63 - 1],
    "uint64": [0, 1, 2, 2**63 - 1, 2**63, 2**64 - 1],
}


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in NARROW.names)


BATCHES = st.lists(st.lists(ROW, min_size=1, max_size=6), max_size=5)


@given(BATCHES, st.sampled_from([2, 2, 2, 256]), st.booleans())  # of 256 heaps each takes ten times as long
def test_rows_come_back_from_their_bucket_as_they_were(
    batches: list[list[dict[str, Any]]], buckets: int, spilled: bool
) -> None:
    """Also where one batch says nothing in a column and the next does, and where numbers need eight bytes."""
    with tempfile.TemporaryDirectory() as folder:
        tables = [pa.Table.from_pylist(batch, NARROW) for batch in batches]
        heaps, moments = scattered(tables, buckets, Path(folder), 0 if spilled else 1 << 30)
        found = [heap.rows() for heap in heaps]
    every = [row for batch in batches for row in batch]
    for number, rows in enumerate(found):
        assert rows.schema == NARROW
        expected = [row for row in every if row["fold"] * buckets // 256 == number]
        assert Counter(map(told, rows.to_pylist())) == Counter(map(told, expected))
    times = [row["moment"] for row in every]
    assert moments == (min(times, default=0), max(times, default=0))


@pytest.mark.parametrize(
    ("one", "other", "grow"),
    [
        ([1, 2], [3, 9], True),
        ([1, 2], [2, 3], False),
        ([1, 9], [3], False),
        ([2, 2], [], False),
        ([2, 1], [], False),
        ([1, None, 2], [None, 5], True),
        ([1, None], [None, 1], False),
        ([None], [None], True),
        ([], [], True),
    ],
)
def test_keys_that_grow_through_all_files_cannot_stand_twice(tmp_path, one, other, grow) -> None:
    with connect(tmp_path) as engine:
        for name, keys in (("one", one), ("other", other)):
            engine.add(name, pa.table({"key": pa.array(keys, pa.int64())}))
        assert _ascending(engine, ["one", "other"], "key") is grow


@given(st.sampled_from(sorted(IDS)), st.data())
def test_whole_numbers_are_told_apart_as_their_digits_are(kind: str, data: st.DataObject) -> None:
    """Those that lie close together are looked up, all others hashed: nobody can tell by the answer."""
    near = st.integers(0, 20) if kind.startswith("u") else st.integers(-10, 10)
    ids = data.draw(st.lists(near | st.sampled_from(IDS[kind]), min_size=1, max_size=30))
    column = pa.chunked_array([pa.array(ids[:9], kind), pa.array(ids[9:], kind)])
    code, texts = _encoded(column)
    assert texts.take(pa.array(code)).to_pylist() == [str(each) for each in ids]
    assert len(texts) == len(set(ids))
    numbers, folds = columns.customers(column, "customer_id")
    assert len(set(zip(ids, numbers.tolist(), strict=True))) == len(set(ids)) == len(set(numbers.tolist()))
    assert len(folds) == len(set(ids))
    alone, _ = columns.customers(pa.chunked_array([pa.array(ids, kind)]), "customer_id")
    assert np.array_equal(alone, numbers)
