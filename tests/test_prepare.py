"""Preparing: sorted once, the same for any order of rows or number of buckets, and never half done."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from test_doors import workspace

import journey_lib as jl
from journey_lib import prepare

EVERY_ORDER = "{table: orders, format: parquet, path: '*.parquet', timezone: UTC}"
EVENTS = "{table: events, format: parquet, path: e.parquet, timezone: UTC}"


@pytest.fixture
def log() -> pd.DataFrame:
    """3,000 events of 400 customers, many at the same instant."""
    random = np.random.default_rng(7)
    n = 3_000
    kinds = random.choice(["click", "view", "purchase"], n, p=[0.5, 0.4, 0.1])
    channel = random.choice(["zalo", "tiktok", "store", "direct"], n).astype(object)
    channel[kinds == "purchase"] = None
    return pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in random.permutation(n)],
            "customer_id": [f"KH{i}" for i in random.integers(0, 400, n)],
            "timestamp": pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 300, n), "h"),
            "channel": channel,
            "event_type": kinds,
            "value": np.where(kinds == "purchase", random.integers(1, 90, n) * 1000, 0),
        }
    )


def digest(opened) -> list[bytes]:
    table = jl.touches.load(opened)
    buckets = [load() for load in table.buckets]
    return [
        np.concatenate(columns).tobytes()
        for columns in zip(*(vars(b).values() for b in buckets), strict=True)
    ]


def test_rows_are_sorted_by_customer_time_and_the_tie_rule(tmp_path, log):
    log.to_parquet(tmp_path / "e.parquet")
    opened = workspace(tmp_path, EVENTS)
    table = jl.touches.load(opened)
    people = pq.read_table(opened.work / "customers.parquet").to_pandas()["customer_id"]
    expected = log.assign(outcome=log["channel"].isna()).sort_values(
        ["customer_id", "timestamp", "outcome", "event_id"], ignore_index=True
    )
    found = pd.concat([pd.DataFrame(vars(load())) for load in table.buckets], ignore_index=True)
    found["customer_id"] = people.to_numpy()[found["customer"]]
    found = found.sort_values("customer_id", kind="stable", ignore_index=True)
    assert [table.event_types[code] for code in found["event_type"]] == expected["event_type"].tolist()
    assert found["value"].tolist() == expected["value"].tolist()
    assert (
        found["timestamp"].to_numpy() == expected["timestamp"].astype("datetime64[us]").astype("int64")
    ).all()


def test_row_order_and_number_of_buckets_change_no_byte(tmp_path, log, monkeypatch):
    digests = []
    for shuffled, most in ((False, 1_000_000), (True, 1_000_000), (True, 100)):
        folder = tmp_path / f"{shuffled}-{most}"
        folder.mkdir()
        (log.sample(frac=1, random_state=3) if shuffled else log).to_parquet(folder / "e.parquet")
        monkeypatch.setattr(prepare.manifest, "BUCKET_ROWS", most)
        opened = workspace(folder, EVENTS)
        digests.append(digest(opened))
        assert prepare.prepare(opened).buckets == (2 if most > 100 else 32)
    assert digests[0] == digests[1] == digests[2]


def test_credit_and_paths_do_not_depend_on_the_number_of_buckets(tmp_path, log, monkeypatch):
    answers = []
    for most in (1_000_000, 100):
        folder = tmp_path / str(most)
        folder.mkdir()
        log.to_parquet(folder / "e.parquet")
        monkeypatch.setattr(prepare.manifest, "BUCKET_ROWS", most)
        table = jl.touches.load(workspace(folder, EVENTS))
        models = ["linear", "time_decay", "markov", "shapley"]
        answers.append(
            (
                jl.journeys.paths(table, lookback="7d").table,
                jl.attribution.compare(table, models, lookback="7d").table,
            )
        )
    for one, other in zip(*answers, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_frame_and_a_workspace_of_the_same_events_give_the_same_answer(tmp_path, log):
    log.to_parquet(tmp_path / "e.parquet")
    prepared = jl.touches.load(workspace(tmp_path, EVENTS))
    framed = jl.touches.from_frame(
        log.assign(conversion=log["event_type"] == "purchase"),
        customer_id="customer_id",
        timestamp="timestamp",
        channel="channel",
        conversion="conversion",
        value="value",
        event_id="event_id",
    )
    paths = [jl.journeys.paths(table, lookback="5d", direct="drop").table for table in (prepared, framed)]
    pd.testing.assert_frame_equal(*paths)


def test_unchanged_sources_are_not_prepared_again_and_changed_ones_are(tmp_path, log):
    log.to_parquet(tmp_path / "e.parquet")
    opened = workspace(tmp_path, EVENTS)
    steps: list[str] = []
    first = prepare.prepare(opened, steps.append)
    again: list[str] = []
    assert prepare.prepare(opened, again.append) == first
    assert steps
    assert not again
    log.iloc[1:].to_parquet(tmp_path / "e.parquet")
    changed = prepare.prepare(opened)
    assert changed.fingerprint != first.fingerprint
    assert changed.touches == first.touches - 1


def test_work_that_fails_leaves_the_last_good_work_as_it_was(tmp_path, log):
    log.to_parquet(tmp_path / "e.parquet")
    opened = workspace(tmp_path, EVENTS)
    prepare.prepare(opened)
    before = {path: path.read_bytes() for path in opened.work.rglob("*") if path.is_file()}
    (tmp_path / "e.parquet").write_bytes(b"PAR1 this is no parquet file PAR1")
    with pytest.raises(jl.errors.DataError):
        prepare.prepare(opened)
    assert {path: path.read_bytes() for path in opened.work.rglob("*") if path.is_file()} == before
    assert not list(tmp_path.glob("building-*"))


def prepared(folder, *sources):
    """Everything a preparation writes but what it is called by: tables by file, and the manifest's counts."""
    opened = workspace(folder, *sources)
    shutil.rmtree(opened.work, ignore_errors=True)
    manifest = prepare.prepare(opened)
    tables = {str(f.relative_to(opened.work)): pq.read_table(f) for f in opened.work.rglob("*.parquet")}
    return tables, replace(manifest, fingerprint="")


def test_the_engine_may_deliver_rows_in_any_order(tmp_path, log, monkeypatch):
    log.to_parquet(tmp_path / "e.parquet")
    expected = prepared(tmp_path, EVENTS)
    whole = prepare.Engine.batches
    monkeypatch.setattr(
        prepare.Engine, "batches", lambda self, sql: reversed(list(whole(self, sql, rows=500)))
    )
    assert prepared(tmp_path, EVENTS) == expected


def test_rows_that_wait_in_files_are_the_same_as_those_in_memory(tmp_path, log, monkeypatch):
    log.to_parquet(tmp_path / "e.parquet")
    monkeypatch.setattr(prepare.manifest, "BUCKET_ROWS", 200)
    expected = prepared(tmp_path, EVENTS)
    spilled = []
    spill, whole = prepare.table.scatter._spill, prepare.Engine.batches
    monkeypatch.setattr(prepare.table.scatter, "SHARE", 0)
    monkeypatch.setattr(prepare.table.scatter, "_spill", lambda heaps: (spilled.append(1), spill(heaps)))
    monkeypatch.setattr(prepare.Engine, "batches", lambda self, sql: whole(self, sql, rows=500))
    assert prepared(tmp_path, EVENTS) == expected
    assert len(spilled) > 1


def test_ids_that_are_numbers_in_their_file_are_the_texts_they_are_written_as(tmp_path, log):
    numbers = log.assign(
        event_id=[int(name[1:]) % 2_900 for name in log["event_id"]],  # some keys repeat
        customer_id=[int(name[2:]) for name in log["customer_id"]],
    )
    numbers.to_parquet(tmp_path / "e.parquet")
    expected = prepared(tmp_path, EVENTS)
    assert expected[1].accounts[0].dropped == {"event_id was already seen": 100}
    numbers.astype({"event_id": str, "customer_id": str}).to_parquet(tmp_path / "e.parquet")
    assert prepared(tmp_path, EVENTS) == expected


def test_names_are_tidied_wherever_they_stand(tmp_path, log):
    log.to_parquet(tmp_path / "e.parquet")
    expected = prepared(tmp_path, EVENTS)
    untidy = log.assign(
        channel=[
            (isinstance(name, str) and (f" {name}\u200b", name)[at % 2]) or None
            for at, name in enumerate(log["channel"])
        ],
        event_type=[(f"\u00a0{name}", name)[at % 3 > 0] for at, name in enumerate(log["event_type"])],
    )
    untidy.to_parquet(tmp_path / "e.parquet")
    assert prepared(tmp_path, EVENTS) == expected
    untidy.loc[5, "event_type"] = " \u200b"
    untidy.to_parquet(tmp_path / "e.parquet")
    assert prepared(tmp_path, EVENTS)[1].accounts[0].dropped == {"event_type is empty": 1}


@pytest.mark.parametrize("kind", [int, str])
def test_keys_that_repeat_are_found_a_part_of_all_keys_at_a_time(tmp_path, log, monkeypatch, kind):
    keys = [int(name[1:]) % 2_000 for name in log["event_id"]]
    log.assign(event_id=keys).astype({"event_id": kind}).to_parquet(tmp_path / "e.parquet")
    expected = prepared(tmp_path, EVENTS)
    assert expected[1].touches == 2_000
    monkeypatch.setattr(jl.checks, "PLACES", 700)
    assert prepared(tmp_path, EVENTS) == expected


def test_more_names_than_two_bytes_can_number_are_refused(tmp_path, log, monkeypatch):
    log.assign(touchpoint=[f"/page/{at}" for at in range(len(log))]).to_parquet(tmp_path / "e.parquet")
    monkeypatch.setattr(prepare.table.code, "MOST", 2_999)
    with pytest.raises(jl.errors.DataError, match="more than 2,999 different values of touchpoint"):
        prepared(tmp_path, EVENTS)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [([1, 2, 3], [4, 5], 5), ([1, 2, 2], [3, 4], 4), ([1, 2, 3], [3, 4], 4), ([3, 4], [1, 4], 3)],
    ids=["growing", "beside each other", "across two files", "not growing"],
)
def test_an_order_by_number_counts_once_whether_numbers_grow_or_not(tmp_path, first, second, kept):
    for name, numbers in (("a", first), ("b", second)):
        pd.DataFrame(
            {
                "order_id": numbers,
                "customer_id": "KH1",
                "timestamp": pd.Timestamp("2025-01-01"),
                "value": 1000,
            }
        ).to_parquet(tmp_path / f"{name}.parquet")
    (account,) = prepare.prepare(workspace(tmp_path, EVERY_ORDER)).accounts
    assert account.kept == kept
