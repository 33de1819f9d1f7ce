"""An analyst's frame becomes the same touch table read whole or in pieces, in whatever chunks it comes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_lib import columns, journeys, touches
from journey_lib.errors import DataError
from journey_lib.journeys.moves import distinct_people

SCHEMA = pa.schema(
    {
        "who": pa.int64(),
        "when": pa.timestamp("us"),
        "channel": pa.string(),
        "sale": pa.bool_(),
        "worth": pa.float64(),
        "id": pa.string(),
    }
)
ROW = st.fixed_dictionaries(
    {
        "who": st.integers(3, 9) | st.just(10**6),
        "when": st.integers(0, 4),
        "channel": st.sampled_from([None, "", "mail", " mail ", "ads", "shop"]),
        "sale": st.booleans(),
        "worth": st.sampled_from([None, math.nan, 0.0, 2.0, 1.25, -3.5]),
        "id": st.sampled_from([None, "a", "b"]),
    }
)
LOG = st.lists(ROW, min_size=1, max_size=40)
NAMES = {
    "customer_id": "who",
    "timestamp": "when",
    "channel": "channel",
    "conversion": "sale",
    "value": "worth",
    "event_id": "id",
}


def table_of(log: list[dict[str, Any]], chunk: int = 100) -> pa.Table:
    parts = [
        pa.Table.from_pylist(log[at : at + chunk], schema=SCHEMA)
        .set_column(2, "channel", pa.array([row["channel"] for row in log[at : at + chunk]], pa.string()))
        .combine_chunks()
        for at in range(0, len(log), chunk)
    ]
    return pa.concat_tables(parts)


def told(table: touches.Touches) -> Iterator[tuple[Any, ...]]:
    """The rows of all buckets in their order, in words."""
    for load in table.buckets:
        rows = load()
        assert (rows.touchpoint == -1).all()
        for who, time, channel, kind, value in zip(
            rows.customer.tolist(),
            rows.timestamp.tolist(),
            rows.channel.tolist(),
            rows.event_type.tolist(),
            rows.value.tolist(),
            strict=True,
        ):
            yield who, time, table.channels[channel] if channel >= 0 else None, kind == 1, value


def by_hand(log: list[dict[str, Any]], digits: int) -> list[tuple[Any, ...]]:
    """The rows in the order of the table: customer, time, touches first, event id, what they say."""
    known = list(dict.fromkeys(row["who"] for row in log))
    close = max(known) - min(known) < 4 * len(log)  # then numbered as ids ascend, else as they come
    number = {who: place for place, who in enumerate(sorted(known) if close else known)}
    lines = []
    for row in log:
        channel = (row["channel"] or "").strip() or None
        worth = row["worth"] if row["worth"] is not None and not math.isnan(row["worth"]) else 0.0
        value = round(worth * 10**digits)
        ties = (channel is None, row["id"] or "", row["sale"], channel or "", value)
        lines.append(((number[row["who"]], row["when"], *ties), channel, row["sale"], value))
    return [(key[0], key[1], *said) for key, *said in sorted(lines, key=lambda line: line[0])]


@settings(deadline=None)
@given(LOG, st.integers(1, 9), st.integers(1, 9), st.integers(1, 40))
def test_pieces_and_chunks_change_no_row(
    log: list[dict[str, Any]], rows: int, at_once: int, chunk: int
) -> None:
    whole = touches.from_frame(table_of(log), **NAMES)
    with mock.patch.object(touches, "BUCKET_ROWS", rows), mock.patch.object(columns, "AT_ONCE", at_once):
        pieces = touches.from_frame(table_of(log, chunk), **NAMES)
    assert list(told(whole)) == by_hand(log, whole.digits) == list(told(pieces))
    assert (whole.fingerprint, whole.channels, whole.period) == (
        pieces.fingerprint,
        pieces.channels,
        pieces.period,
    )
    assert whole.fold.tolist() == pieces.fold.tolist()
    assert len(whole.buckets) == 1
    one = journeys.transitions(whole, lookback="30d").table
    assert one.equals(journeys.transitions(pieces, lookback="30d").table)


@settings(deadline=None)
@given(LOG, st.integers(1, 9), st.integers(1, 40))
def test_a_parquet_file_is_read_as_the_frame_it_holds(
    log: list[dict[str, Any]], rows: int, group: int
) -> None:
    whole = touches.from_frame(table_of(log), **NAMES)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(touches, "BUCKET_ROWS", rows):
        file = Path(folder) / "events.parquet"
        pq.write_table(table_of(log), file, row_group_size=group)
        read = touches.from_frame(file, **NAMES)
    assert list(told(read)) == by_hand(log, whole.digits)
    said = ("fingerprint", "channels", "period", "rows", "digits")
    assert [getattr(read, name) for name in said] == [getattr(whole, name) for name in said]


def test_event_ids_of_a_file_are_read_only_where_they_decide(tmp_path: Path) -> None:
    row = {"who": 1, "when": 1, "channel": "mail", "sale": False, "worth": None, "id": "b"}
    for name, log in (("apart", [row, {**row, "when": 2}]), ("tied", [row, {**row, "id": "a"}])):
        pq.write_table(table_of(log), tmp_path / f"{name}.parquet")
        with mock.patch.object(columns, "ranks", wraps=columns.ranks) as ranks:
            touches.from_frame(str(tmp_path / f"{name}.parquet"), **NAMES)
        assert ranks.called == (name == "tied")


def test_a_file_that_is_none_or_lacks_a_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*events\.parquet"):
        touches.from_frame(tmp_path / "events.parquet", **NAMES)
    pq.write_table(pa.table({"who": [1]}), tmp_path / "events.parquet")
    with pytest.raises(DataError, match="no column 'when'"):
        touches.from_frame(tmp_path / "events.parquet", **NAMES)
    (tmp_path / "events.csv").write_text("who,when\n1,2025-01-01\n", encoding="utf-8")
    with pytest.raises(DataError, match="is no Parquet file"):
        touches.from_frame(tmp_path / "events.csv", **NAMES)


def test_as_many_channels_as_a_byte_can_number_leave_room_for_none() -> None:
    said = [f"c{number:03d}" for number in range(128)]
    coded = pa.DictionaryArray.from_arrays(pa.array([*range(128), None], pa.int8()), pa.array(said))
    codes, names = columns.names(pa.chunked_array([coded]))
    assert (codes.tolist(), names) == ([*range(128), -1], tuple(said))


def test_more_pieces_than_a_byte_can_number_are_told_apart() -> None:
    log = [
        {"who": who, "when": 1, "channel": "mail", "sale": False, "worth": 1.0, "id": None}
        for who in np.random.default_rng(1).permutation(700).tolist()
    ]
    with mock.patch.object(touches, "BUCKET_ROWS", 2):
        pieces = touches.from_frame(table_of(log), **NAMES)
    assert len(pieces.buckets) == 350
    assert list(told(pieces)) == by_hand(log, pieces.digits)


@pytest.mark.parametrize("chunk", [1, 100])
def test_an_infinite_amount_is_refused_wherever_it_stands(chunk: int) -> None:
    row = {"who": 1, "when": 1, "channel": "mail", "sale": True, "worth": None, "id": None}
    log = [row, {**row, "worth": 2.0}, {**row, "worth": -math.inf}]
    with pytest.raises(DataError, match="infinite amount"):
        touches.from_frame(table_of(log, chunk), **NAMES)


@settings(deadline=None)
@given(st.data(), st.integers(1, 9), st.booleans())
def test_people_are_counted_once_for_each_key(data: st.DataObject, size: int, ordered: bool) -> None:
    """Whether customers come in order or not, and whether most have one row or several."""
    pairs = data.draw(st.lists(st.tuples(st.integers(5, 40) | st.just(2**30), st.integers(0, size - 1))))
    pairs = sorted(pairs, key=lambda pair: pair[0]) if ordered else pairs
    who, key = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    found = distinct_people(key, who, size)
    assert found.tolist() == [len({w for w, k in pairs if k == each}) for each in range(size)]
