"""The touch table: every contact of every customer, as sorted integers, from a workspace or from a frame."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from journey_lib import columns
from journey_lib.engine import OnSpark, placed
from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.prepare import BUCKET_ROWS, FOLDS, Manifest, prepare
from journey_lib.workspace import Workspace, minor_digits

__all__ = ["Bucket", "Manifest", "Touches", "costs", "from_frame", "hold", "load", "pieces", "prepare"]

Ints = npt.NDArray[Any]
PIECE_ROWS = 1 << 17  # of a table held in memory
CONVERSION = "conversion"
TOUCH = "touch"


@dataclass(frozen=True)
class Bucket:
    """Rows of whole customers, sorted by customer, time, and the order of rows at the same instant.

    `channel` and `touchpoint` are -1 where a row has none; `timestamp` counts microseconds of UTC; `value`
    counts minor units of the currency.
    """

    customer: Ints
    timestamp: Ints
    channel: Ints
    touchpoint: Ints
    event_type: Ints
    value: Ints

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True)
class Touches:
    """The touch table: a loader for each bucket, the names behind the codes, and where it came from.

    `by` says what `channels` are: those of the table, or what the steps are called instead.
    """

    buckets: Sequence[Callable[[], Bucket]]
    channels: tuple[str, ...]
    touchpoints: tuple[str, ...]
    event_types: tuple[str, ...]
    conversions: Mapping[str, tuple[str, ...]]
    fold: npt.NDArray[np.uint8] = field(repr=False)
    period: tuple[int, int]
    rows: int
    digits: int
    timezone: str = "UTC"
    currency: str | None = None
    fingerprint: str = ""
    by: str = "channel"

    @property
    def customers(self) -> int:
        """How many customers the table holds."""
        return len(self.fold)

    def converting(self, conversion: str | None = None) -> tuple[str, ...]:
        """The event types of a conversion; of the first declared when None."""
        name = conversion or next(iter(self.conversions))
        if name not in self.conversions:
            raise ParameterError(f"there is no conversion '{name}'", do=did_you_mean(name, self.conversions))
        return self.conversions[name]


def load(workspace: Workspace) -> Touches:
    """The prepared table of a workspace, prepared first if its sources changed; read bucket by bucket."""
    manifest = prepare(workspace)
    folder = (workspace.work / "touches").absolute()
    read = [partial(_read, folder / f"bucket-{number:03}.parquet") for number in range(manifest.buckets)]
    return Touches(
        buckets=placed(read, workspace.engine.master, workspace.engine.memory, workspace.work),
        channels=manifest.channels,
        touchpoints=manifest.touchpoints,
        event_types=tuple(manifest.event_types),
        conversions={name: c.event_type for name, c in workspace.conversions.items()},
        fold=np.repeat(np.arange(FOLDS, dtype=np.uint8), manifest.customers_per_fold),
        period=manifest.period,
        rows=manifest.touches,
        digits=minor_digits(workspace.currency),
        timezone=workspace.timezone,
        currency=workspace.currency,
        fingerprint=manifest.fingerprint,
    )


def refuse_no_touches(touches: Touches) -> None:
    """Stop where no row of a table has a channel: orders alone tell of no journey.

    Raises
    ------
    DataError
        The table knows no channel.
    """
    if not touches.channels:
        raise DataError(
            "no row of these data has a channel, so there are no touches and no journeys",
            how_many=f"{touches.rows:,} rows, all of them orders or other outcomes",
            do="declare a source of events that names its channel, or source and medium: docs/sources.md",
        )


def hold(touches: Touches) -> Touches:
    """The same table with its buckets read into memory, to be asked again and again; on Spark as it is.

    They are held in pieces small enough for the processor's cache: what is asked again is asked faster.
    """
    if isinstance(touches.buckets, OnSpark):
        return touches
    held = [piece for read in touches.buckets for piece in pieces(read())]
    return replace(touches, buckets=tuple(partial(_same, bucket) for bucket in held))


def costs(
    workspace: Workspace, period: tuple[str | dt.date | None, str | dt.date | None] | None = None
) -> pd.DataFrame:
    """Spend by day, channel and campaign in major units, of the days of a period (its end not included).

    Columns date, channel, campaign, cost, impressions, clicks, platform_conversions; no rows when no source
    delivers costs.
    """
    prepare(workspace)
    file = workspace.work / "costs.parquet"
    if not file.is_file():
        return pd.DataFrame({"date": [], "channel": [], "campaign": [], "cost": []})
    table = pq.read_table(file).to_pandas(date_as_object=False)
    start, end = (None if day is None else pd.Timestamp(day) for day in period or (None, None))
    inside = (table["date"] >= start if start else True) & (table["date"] < end if end else True)
    table = table[pd.Series(inside, index=table.index)]
    return table.assign(cost=table["cost"] / 10 ** minor_digits(workspace.currency))


@dataclass(frozen=True)
class _Columns:
    """A Parquet file as a table whose columns are read when they are asked for, `coded` as the file codes it.

    One thread reads: several take memory each, which costs more than they save.
    """

    file: Path
    coded: str

    @property
    def column_names(self) -> list[str]:
        return list(self._opened().schema_arrow.names)

    @property
    def num_rows(self) -> int:
        return int(self._opened().metadata.num_rows)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        coded = [name] if name == self.coded else []
        return self._opened(coded).read([name], use_threads=False)[name]

    def _opened(self, coded: Sequence[str] = ()) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.file, read_dictionary=list(coded))
        except pa.ArrowInvalid as error:
            raise DataError(
                f"'{self.file}' is no Parquet file", do="read it into a frame first, and give that"
            ) from error


def from_frame(
    frame: pd.DataFrame | pa.Table | str | Path,
    *,
    customer_id: str,
    timestamp: str,
    channel: str,
    conversion: str,
    value: str | None = None,
    event_id: str | None = None,
    timezone: str = "UTC",
    currency: str | None = None,
) -> Touches:
    """A touch table from an analyst's own frame: one row a contact, in any order.

    Parameters
    ----------
    frame
        A pandas frame, an Arrow table, or the name of a Parquet file, which needs least memory: its columns
        are read one by one, and event ids only where they decide.
    customer_id, timestamp, channel, conversion, value, event_id
        Names of its columns. `timestamp` holds times, not text; those without a zone are read in `timezone`.
        A missing `channel` makes the row an outcome: it can end a journey and is no touch. `conversion` holds
        booleans, 0/1 included. `value` holds amounts in major units. At the same instant of the same
        customer, rows with a channel come first, then `event_id` decides, then what the rows say; row order
        never does.

    Raises
    ------
    DataError
        A column is missing, a customer or time is empty, or a column holds what it cannot hold.
    """
    table = _table(frame, channel)
    known = table.column_names
    for name in filter(None, (customer_id, timestamp, channel, conversion, value, event_id)):
        if name not in known:
            raise DataError(f"the frame has no column '{name}'", do=did_you_mean(name, known))
    if not table.num_rows:
        raise DataError("the frame has no rows")
    person, fold = columns.customers(table[customer_id], customer_id)
    code, channels = columns.names(table[channel])
    amount, digits = columns.amounts(table[value] if value else None, value or "", currency, table.num_rows)
    said = pa.table(
        {
            "customer": person,
            "timestamp": columns.moments(table[timestamp], timestamp, timezone),
            "channel": code,
            "event_type": columns.flags(table[conversion], conversion),
            "value": amount,
        }
    )
    ties = cache(partial(table.__getitem__, event_id)) if event_id else None
    piece, heaps = _parted(said, len(fold), digits)
    # Each heap is let go as soon as it is sorted: the next one's rows take its place in memory.
    buckets = [_sorted(heaps.pop(number), ties, partial(_rows_of, piece, number)) for number in sorted(heaps)]
    return Touches(
        buckets=tuple(partial(_same, bucket) for bucket in buckets),
        channels=channels,
        touchpoints=(),
        event_types=(TOUCH, CONVERSION),
        conversions={CONVERSION: (CONVERSION,)},
        fold=fold,
        period=tuple(pc.min_max(said["timestamp"]).as_py().values()),
        rows=len(said),
        digits=digits,
        timezone=timezone,
        currency=currency,
        fingerprint=_digest(buckets, channels),
    )


def _table(frame: pd.DataFrame | pa.Table | str | Path, channel: str) -> pa.Table | _Columns:
    if isinstance(frame, (str, Path)):
        if not Path(frame).is_file():
            raise DataError(f"there is no file '{frame}'", do="give the name of a Parquet file, or a frame")
        return _Columns(Path(frame), channel)
    return frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)


def _same(bucket: Bucket) -> Bucket:
    return bucket


def pieces(bucket: Bucket) -> Iterator[Bucket]:
    """Whole customers of a bucket, about `PIECE_ROWS` rows at a time; a piece is not cut again."""
    if len(bucket) <= 2 * PIECE_ROWS:
        yield bucket
        return
    number = len(bucket) // PIECE_ROWS
    inner = bucket.customer[np.arange(1, number) * len(bucket) // number]
    edges = np.unique([0, *np.searchsorted(bucket.customer, inner), len(bucket)])
    for start, end in pairwise(edges):
        yield Bucket(*(column[start:end] for column in vars(bucket).values()))


def _read(file: Path) -> Bucket:
    wanted = list(Bucket.__dataclass_fields__)
    # By one thread, as buckets are read side by side; a data set of files would take half as long again.
    with pq.ParquetFile(file) as opened:
        table = opened.read(wanted, use_threads=False)
    return Bucket(*(table[name].to_numpy() for name in wanted))


def _parted(said: pa.Table, customers: int, digits: int) -> tuple[Ints, dict[int, dict[str, Ints]]]:
    """Whole customers together, about `BUCKET_ROWS` rows at a time: each row's heap, and the heaps' columns.

    Sorting and cutting pieces that fit the processor's cache takes half of what all rows at once would.
    """
    pieces = -(-len(said) // BUCKET_ROWS)
    if pieces == 1:
        parts = [_read_in(batch, digits)["value"] for batch in said.to_batches(max_chunksize=columns.AT_ONCE)]
        whole = {name: said[name].to_numpy() for name in said.column_names}
        return np.zeros(len(said), np.uint8), {0: whole | {"value": np.concatenate(parts)}}
    width = np.int32(-(-customers // pieces))
    small = np.uint8 if pieces <= 256 else np.uint16  # numpy sorts these by counting
    piece = (said["customer"].to_numpy() // width).astype(small)
    sizes = np.bincount(piece, minlength=pieces)
    heaps: dict[int, dict[str, Ints]] = {int(number): {} for number in np.flatnonzero(sizes)}
    begin, filled = 0, np.zeros(pieces, np.int64)
    for batch in said.to_batches(max_chunksize=columns.AT_ONCE):
        here = piece[begin : begin + len(batch)]
        order = np.argsort(here, kind="stable")
        ends = np.cumsum(np.bincount(here, minlength=pieces))
        sorted_rows = {name: column.take(order) for name, column in _read_in(batch, digits).items()}
        starts = [0, *ends[:-1]]
        for number, heap in heaps.items():
            first, last, at = starts[number], ends[number], filled[number]
            for name, column in sorted_rows.items():
                if name not in heap:
                    heap[name] = np.empty(sizes[number], column.dtype)
                heap[name][at : at + last - first] = column[first:last]
        filled += np.diff(ends, prepend=0)
        begin += len(batch)
    return piece, heaps


def _rows_of(piece: Ints, number: int) -> Ints:
    """Where the rows of a heap stood in the frame."""
    return np.flatnonzero(piece == number)


def _read_in(batch: pa.RecordBatch, digits: int) -> dict[str, Ints]:
    read = {name: batch[name].to_numpy() for name in ("customer", "timestamp", "channel")}
    event_type = batch["event_type"].to_numpy(zero_copy_only=False)
    return read | {"event_type": event_type, "value": columns.minor(columns.filled(batch["value"]), digits)}


def _sorted(
    rows: Mapping[str, Ints], event_id: Callable[[], pa.ChunkedArray] | None, stood: Callable[[], Ints]
) -> Bucket:
    """The rows in the table's total order.

    Logs usually come sorted by time: then customers with their rows' places, sorted as one integer each, have
    it. Only rows that share their customer and their instant with another are compared any further.
    """
    n = len(rows["customer"])
    ascending = bool(np.all(rows["timestamp"][1:] >= rows["timestamp"][:-1]))
    by_time = None if ascending else rows["timestamp"].argsort()
    place = (rows["customer"] if by_time is None else rows["customer"].take(by_time)).astype(np.int64)
    place <<= 32
    place |= np.arange(n)
    place.sort()
    customer = (place >> 32).astype(np.int32)
    place &= 0xFFFFFFFF
    order = place if by_time is None else by_time.take(place)
    timestamp = rows["timestamp"].take(order)
    if (same := (timestamp[1:] == timestamp[:-1]) & (customer[1:] == customer[:-1])).any():
        order = _untied(rows, order, same, event_id, stood)
    channel, event_type, value = (rows[name].take(order) for name in ("channel", "event_type", "value"))
    nowhere = np.full(n, -1, np.int16)
    return Bucket(customer, timestamp, channel, nowhere, event_type.astype(np.int16), value)


def _untied(
    rows: Mapping[str, Ints],
    order: Ints,
    same: npt.NDArray[np.bool_],
    event_id: Callable[[], pa.ChunkedArray] | None,
    stood: Callable[[], Ints],
) -> Ints:
    """The order, with rows of the same customer and instant put right; `same` marks rows like the next."""
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    row = order[tied]
    run = np.cumsum(np.insert(~same[tied[1:] - 1], 0, True))
    keys = [rows[name][row] for name in ("value", "channel", "event_type")]
    if event_id is not None:
        keys.append(columns.ranks(event_id().take(pa.array(stood()[row]))))
    keys.append(rows["channel"][row] < 0)
    order[tied] = row[np.lexsort([*keys, run])]
    return order


def _digest(buckets: Sequence[Bucket], channels: tuple[str, ...]) -> str:
    """Fingerprint of what the frame said, whatever the order of its rows and the codes of its customers."""
    digest = hashlib.sha256("\0".join(channels).encode())
    odd = [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93]
    total = np.zeros(2, np.uint64)
    for rows in buckets:
        for begin in range(0, len(rows), columns.AT_ONCE):
            piece = slice(begin, begin + columns.AT_ONCE)
            mixed = rows.timestamp[piece].astype(np.uint64)
            mixed *= np.uint64(odd[0])
            for factor, column in zip(odd[1:], (rows.channel, rows.event_type, rows.value), strict=True):
                mixed += column[piece].astype(np.uint64) * np.uint64(factor)
            mixed ^= mixed >> np.uint64(29)
            mixed *= np.uint64(odd[0])
            total += np.array([len(mixed), mixed.sum(dtype=np.uint64)], np.uint64)
    digest.update(total.tobytes())
    return digest.hexdigest()[:16]
