"""The touch table: every contact of every customer, as sorted integers, from a workspace or from a frame."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib import columns
from journey_lib.engine import OnSpark, placed
from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.prepare import BUCKET_ROWS, FOLDS, Manifest, prepare
from journey_lib.workspace import Workspace, minor_digits

__all__ = ["Bucket", "Manifest", "Touches", "costs", "from_frame", "hold", "load", "prepare"]

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


def hold(touches: Touches) -> Touches:
    """The same table with its buckets read into memory, to be asked again and again; on Spark as it is.

    They are held in pieces small enough for the processor's cache: what is asked again is asked faster.
    """
    if isinstance(touches.buckets, OnSpark):
        return touches
    held = [piece for read in touches.buckets for piece in _pieces(read())]
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


def from_frame(
    frame: pd.DataFrame | pa.Table,
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
        A pandas frame or an Arrow table.
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
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    for name in filter(None, (customer_id, timestamp, channel, conversion, value, event_id)):
        if name not in table.column_names:
            raise DataError(f"the frame has no column '{name}'", do=did_you_mean(name, table.column_names))
    if not table.num_rows:
        raise DataError("the frame has no rows")
    person, fold = columns.customers(table[customer_id], customer_id)
    moment = columns.moments(table[timestamp], timestamp, timezone)
    code, channels = columns.names(table[channel])
    converts = columns.flags(table[conversion], conversion)
    amount, digits = columns.amounts(table[value] if value else None, value or "", currency, table.num_rows)
    rows = Bucket(person, moment, code, np.full(len(code), -1, np.int16), converts.astype(np.int16), amount)
    ties = table[event_id] if event_id else None
    buckets = [_sorted(part, at, ties) for part, at in _parted(rows, len(fold))]
    return Touches(
        buckets=tuple(partial(_same, bucket) for bucket in buckets),
        channels=channels,
        touchpoints=(),
        event_types=(TOUCH, CONVERSION),
        conversions={CONVERSION: (CONVERSION,)},
        fold=fold,
        period=(int(moment.min()), int(moment.max())),
        rows=len(rows),
        digits=digits,
        timezone=timezone,
        currency=currency,
        fingerprint=_digest(buckets, channels),
    )


def _same(bucket: Bucket) -> Bucket:
    return bucket


def _pieces(bucket: Bucket) -> Iterator[Bucket]:
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
    table = pq.read_table(file, columns=wanted)
    return Bucket(*(table[name].to_numpy() for name in wanted))


def _parted(rows: Bucket, customers: int) -> Iterator[tuple[Bucket, Ints]]:
    """Whole customers together, about `BUCKET_ROWS` rows at a time, and where those rows stood.

    Sorting and cutting pieces that fit the processor's cache takes half of what all rows at once would.
    """
    pieces = -(-len(rows) // BUCKET_ROWS)
    if pieces == 1:
        yield rows, np.arange(len(rows))
        return
    piece = (np.arange(customers) * pieces // customers).astype(np.int16)[rows.customer]
    for number in range(pieces):
        at = np.flatnonzero(piece == number)
        if len(at):
            yield Bucket(*(column[at] for column in vars(rows).values())), at


def _sorted(rows: Bucket, at: Ints, event_id: pa.ChunkedArray | None) -> Bucket:
    """The rows in the table's total order; `at` is where each of them stands in `event_id`.

    Logs usually come sorted by time: then customers with their rows' places, sorted as one integer each, have
    it. Only rows that share their customer and their instant with another are compared any further.
    """
    n = len(rows)
    ascending = bool(np.all(rows.timestamp[1:] >= rows.timestamp[:-1]))
    by_time = None if ascending else rows.timestamp.argsort()
    place = (rows.customer if by_time is None else rows.customer[by_time]).astype(np.int64)
    place <<= 32
    place |= np.arange(n)
    place.sort()
    customer = (place >> 32).astype(np.int32)
    place &= 0xFFFFFFFF
    order = place if by_time is None else by_time[place]
    timestamp = rows.timestamp[order]
    if (same := (timestamp[1:] == timestamp[:-1]) & (customer[1:] == customer[:-1])).any():
        order = _untied(rows, order, same, at, event_id)
    channel, event_type, value = (column[order] for column in (rows.channel, rows.event_type, rows.value))
    return Bucket(customer, timestamp, channel, rows.touchpoint, event_type, value)


def _untied(
    rows: Bucket, order: Ints, same: npt.NDArray[np.bool_], at: Ints, event_id: pa.ChunkedArray | None
) -> Ints:
    """The order, with rows of the same customer and instant put right; `same` marks rows like the next."""
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    row = order[tied]
    run = np.cumsum(np.insert(~same[tied[1:] - 1], 0, True))
    keys = [column[row] for column in (rows.value, rows.touchpoint, rows.channel, rows.event_type)]
    if event_id is not None:
        keys.append(columns.ranks(event_id.take(pa.array(at[row]))))
    keys.append(rows.channel[row] < 0)
    order[tied] = row[np.lexsort([*keys, run])]
    return order


def _digest(buckets: Sequence[Bucket], channels: tuple[str, ...]) -> str:
    """Fingerprint of what the frame said, whatever the order of its rows and the codes of its customers."""
    digest = hashlib.sha256("\0".join(channels).encode())
    odd = [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93]
    total = np.zeros(2, np.uint64)
    for rows in buckets:
        mixed = np.zeros(len(rows), np.uint64)
        said = (rows.timestamp, rows.channel, rows.event_type, rows.value)
        for factor, column in zip(odd, said, strict=True):
            mixed += column.astype(np.uint64) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(odd[0])
        total += np.array([len(rows), mixed.sum(dtype=np.uint64)], np.uint64)
    digest.update(total.tobytes())
    return digest.hexdigest()[:16]
