"""One bucket of the touch table: folds by MD5, customers by fold and id, rows in their total order."""

from __future__ import annotations

import hashlib
import random

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_lib.prepare import fold
from journey_lib.prepare.bucket import SEEN, TOUCHES, _by_text, bucket
from journey_lib.prepare.code import FOLD, NARROW
from journey_lib.prepare.fold import Numbers, folds

MANY = 4_000


def md5_fold(name: str) -> int:
    return hashlib.md5(name.encode(), usedforsecurity=False).digest()[8]


def texts(seed: int, longest: int) -> list[str]:
    pick = random.Random(seed)  # noqa: S311
    return ["".join(pick.choices("abK0279-@ đễ", k=pick.randrange(longest))) for _ in range(MANY)]


@pytest.mark.parametrize("longest", [2, 10, 30, 120])
def test_the_fold_is_a_byte_of_the_md5_in_python_and_in_the_engine(longest):
    ids = texts(longest, longest)
    expected = [md5_fold(name) for name in ids]
    assert folds(pa.array(ids)).tolist() == expected
    named = pa.table({"customer_id": ids})  # noqa: F841, the engine finds it by name
    assert duckdb.sql(f"SELECT {FOLD} FROM named").fetchall() == [(each,) for each in expected]  # noqa: S608
    assert folds(pa.array(ids)[17:99]).tolist() == expected[17:99]


@given(st.lists(st.text(max_size=70), min_size=1))
def test_any_text_has_the_fold_of_its_md5(ids):
    assert folds(pa.array(ids, pa.string())).tolist() == [md5_fold(name) for name in ids]


@given(st.lists(st.lists(st.integers(-5, 105) | st.integers(0, 20), min_size=1), max_size=5))
def test_a_number_has_the_fold_of_its_digits(batches):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "LARGEST", 100)
        numbers = Numbers()
        for batch in batches:
            expected = [md5_fold(str(number)) for number in batch]
            assert numbers.folds(pa.array(batch, pa.int64())).tolist() == expected


@given(
    st.sampled_from(["", "KH", "khách-"]),
    st.lists(st.text("019azđ", min_size=1, max_size=9), min_size=1, unique=True),
)
def test_ids_are_in_the_order_of_their_bytes(start, ends):
    ids = [start + end for end in ends]
    assert [ids[at] for at in _by_text(pa.array(ids))] == sorted(ids, key=str.encode)


def rows(seed: int, customers: list[str]) -> list[dict[str, object]]:
    """Many rows of the same customer and moment, which differ in something further down the order."""
    pick = random.Random(seed)  # noqa: S311
    return [
        {
            "customer_id": (who := pick.choice(customers)),
            "moment": pick.choice([0, 1, 2, -(10**8)]) * 86_400_000_000,
            "channel": pick.choice([-1, 0, 1]),
            "touchpoint": pick.choice([-1, 0, 1]),
            "event_type": pick.choice([0, 1]),
            "value": pick.randrange(3),
            "event_id": pick.choice([None, "e1", "e10", "e2", "đ"]),
            "who": pick.randrange(2),
            "source": pick.randrange(3),
            "fold": md5_fold(who),
        }
        for _ in range(1_500)
    ]


def in_order(row: dict[str, object]) -> tuple[object, ...]:
    key = row["event_id"]
    return (
        (row["fold"], row["customer_id"], row["moment"], row["channel"] < 0),
        (key is not None, (key or "").encode(), row["event_type"], row["channel"]),
        (row["touchpoint"] < 0, row["touchpoint"], row["value"], row["who"]),
    )


@pytest.mark.parametrize("far", [False, True], ids=["one number", "no number holds both"])
def test_rows_are_sorted_and_added_up_as_a_plain_sort_does(far):
    people = sorted({name or "?" for name in texts(3, 12)})[:90]
    given_rows = [row if far or row["moment"] >= 0 else row | {"moment": 7} for row in rows(4, people)]
    same = {name: np.array([0, 1, -1], np.int16) for name in ("channel", "touchpoint", "event_type")}
    found = bucket(pa.Table.from_pylist(given_rows, NARROW), same, 1_000, {2})
    expected = sorted(given_rows, key=in_order)
    order = sorted(
        {row["customer_id"] for row in given_rows}, key=lambda name: (md5_fold(name), name.encode())
    )
    number = {name: 1_000 + at for at, name in enumerate(order)}
    assert found.touches.to_pylist() == [
        {
            "customer": number[row["customer_id"]],
            "timestamp": row["moment"],
            **{name: row[name] for name in TOUCHES.names[2:]},
        }
        for row in expected
    ]
    told = []
    for name in order:
        own = [row for row in expected if row["customer_id"] == name]
        orders = [row for row in own if row["source"] == 2]
        times = [row["moment"] for row in own]
        told.append(
            (
                *(number[name], name, md5_fold(name), min(times), max(times), len(own)),
                *(len({row["source"] for row in own}), len(orders), sum(row["value"] for row in orders)),
            )
        )
    assert [tuple(row[name] for name in SEEN.names) for row in found.seen.to_pylist()] == told
    assert found.per_fold.tolist() == np.bincount([md5_fold(name) for name in order], minlength=256).tolist()


def test_a_bucket_may_be_empty():
    found = bucket(NARROW.empty_table(), {}, 5, set())
    assert (len(found.touches), len(found.seen), found.per_fold.sum()) == (0, 0, 0)
