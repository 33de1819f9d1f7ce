"""A law of stitching, from files to customers: what is deleted or moved changes nobody else's code."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journey_lib as jl
from journey_lib import prepare
from journey_lib.identity import hashed, key, normalised

KEY = "a key for tests only, no secret"
CONFIG = """
name: shop
timezone: UTC
currency: VND
conversions: {purchase: {event_type: purchase}}
checks: {most_dropped: 1}
identity: {}
sources:
  - {table: events, format: csv, path: "web_*.csv"}
  - {table: orders, format: csv, path: orders.csv}
  - {table: customers, format: csv, path: crm.csv}
"""
EXAMPLES = {"quick": 25, "thorough": 1_000}[os.environ.get("HYPOTHESIS_PROFILE", "quick")]
VALUES = {
    "cookie": ["c1", "c2", "c3", "c4"],
    "device": ["d1", "d2"],
    "user_id": ["u1", "u2", "u3"],
    "phone": ["0912345678", "0983126745"],
    "email": ["an@example.com", "be@example.com"],
    "customer_id": ["KH1", "KH2", "KH3"],
}
# Which identifiers stand in which file.
FILES = {
    "web_a": ("cookie", "device", "user_id", "phone", "email"),
    "web_b": ("cookie", "device", "user_id", "phone", "email"),
    "orders": ("customer_id",),
    "crm": ("customer_id", "phone", "email"),
}
Said = dict[str, str]  # the identifiers of one row, by kind
Row = tuple[str, int, Said]  # its file, its minute, and those


def _of(file: str) -> st.SearchStrategy[Row]:
    kinds = FILES[file]
    must = {"customer_id": st.sampled_from(VALUES["customer_id"])} if "customer_id" in kinds else {}
    may = {kind: st.sampled_from(VALUES[kind]) for kind in kinds if kind not in must}
    said = st.fixed_dictionaries(must, optional=may).filter(bool)
    return st.tuples(st.just(file), st.integers(0, 9_999), said)


rows_of = st.lists(st.one_of(*map(_of, FILES)), min_size=2, max_size=14)


def written(folder: Path, rows: list[Row]) -> None:
    """The rows as files, in the order given; every file is there, if only with its heading."""
    (folder / "journey.yaml").write_text(CONFIG, encoding="utf-8")
    for file, kinds in FILES.items():
        lines: list[dict[str, Any]] = []
        for _file, minute, said in (row for row in rows if row[0] == file):
            moment = pd.Timestamp("2025-01-01") + pd.Timedelta(minutes=minute)
            about: dict[str, Any] = {"timestamp": str(moment)} if file != "crm" else {}
            if file.startswith("web"):
                about |= {"event_type": "visit", "channel": "web"}
            if file == "orders":
                about |= {"order_id": f"o{minute}-{said['customer_id']}", "value": "5"}
            lines.append(about | {kind: said.get(kind, "") for kind in kinds})
        heading = {
            "web": ["timestamp", "event_type", "channel"],
            "ord": ["timestamp", "order_id", "value"],
            "crm": [],
        }[file[:3]]  # fmt: skip
        pd.DataFrame(lines, columns=[*heading, *kinds]).to_csv(folder / f"{file}.csv", index=False)


# Somebody whom nothing links with anybody: files without a single touch are refused.
STRANGER: Row = ("web_a", 0, {"cookie": "c0"})


def codes(rows: list[Row]) -> dict[tuple[str, str], str]:
    """Whose each identifier is after preparing the files anew: (kind, hash) to the customer's code."""
    with tempfile.TemporaryDirectory() as place:
        written(Path(place), [*rows, STRANGER])
        opened = jl.open(place)
        prepare.prepare(opened)
        kept = pq.read_table(opened.work / "identity" / "identifiers.parquet").to_pandas()
    return dict(zip(zip(kept["kind"], kept["label"], strict=True), kept["customer_id"], strict=True))


def hashes(names: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The same identifiers as they are kept."""
    secret = key()
    return {(kind, hashed(kind, normalised(kind, [value])[0], secret)[0]) for kind, value in names}


def linked_to(touched: set[tuple[str, str]], rows: list[Row]) -> set[tuple[str, str]]:
    """Those and all that any chain of rows links with them."""
    while spread := {each for *_, said in rows if said.items() & touched for each in said.items()} - touched:
        touched = touched | spread
    return touched


@pytest.fixture(scope="module", autouse=True)
def a_key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEY_IDENTITY_KEY", KEY)
        yield


def test_of_two_people_only_the_one_whose_row_is_deleted_changes() -> None:
    first = ("web_b", 1, {"cookie": "c1"})
    hers = [
        first,
        ("web_a", 2, {"cookie": "c1", "user_id": "u1"}),
        ("web_a", 3, {"cookie": "c2", "user_id": "u1"}),
    ]
    his = [
        ("web_a", 4, {"cookie": "c3", "user_id": "u2"}),
        ("crm", 0, {"customer_id": "KH1", "phone": "0912345678"}),
    ]
    before, after = codes([*hers, *his]), codes([*reversed(his), *hers[1:]])
    changed = {name for name, code in after.items() if before[name] != code}
    # her oldest identifier was her cookie, and is her account now
    assert changed == hashes({("cookie", "c1"), ("cookie", "c2"), ("user_id", "u1")})


@pytest.mark.slow
@settings(max_examples=EXAMPLES, derandomize=EXAMPLES < 100, database=None)
@given(rows_of, st.data(), st.randoms(use_true_random=False))
def test_rows_deleted_or_moved_in_the_files_change_only_the_codes_of_those_they_are_linked_with(
    rows: list[Row], data: st.DataObject, chance: random.Random
) -> None:
    stay = data.draw(
        st.lists(st.sampled_from([True, True, True, False]), min_size=len(rows), max_size=len(rows))
    )
    left = [row for row, kept in zip(rows, stay, strict=True) if kept]
    gone = {each for (*_, said), kept in zip(rows, stay, strict=True) if not kept for each in said.items()}
    touched = linked_to(gone, rows)
    # moved: to another place in the file, and of two files of one kind to the other
    moved = [(chance.choice(["web_a", "web_b"]) if row[0][:3] == "web" else row[0], *row[1:]) for row in left]
    chance.shuffle(moved)
    untouched = hashes({each for *_, said in left for each in said.items()} - touched)
    before, after = codes(rows), codes(moved)
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
