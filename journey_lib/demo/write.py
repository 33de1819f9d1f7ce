"""From simulated arrays to the files an analyst is handed, streamed, and with a few rows wrong as in life."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from journey_lib.demo import ids
from journey_lib.demo.arrays import Columns, Flags, Floats, Ints, Stream
from journey_lib.demo.people import customer_ids
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import Calendar
from journey_lib.demo.service import CANCELLED, KEPT, RETURNED, Deliveries
from journey_lib.demo.trail import Orders, Trail
from journey_lib.demo.world import SALES_CHANNELS, World

CUSTOMER_COLUMNS = (
    "Mã khách hàng",
    "Họ và tên",
    "Số điện thoại",
    "Email",
    "Tỉnh/Thành phố",
    "Quận/Huyện",
    "Năm sinh",
    "Giới tính",
    "Ngày tham gia",
    "Từ chối nhận tin",
    "Mã thành viên",
    "Hạng thành viên",
)
ORDER_COLUMNS = ("Mã đơn hàng", "Mã khách hàng", "Thời gian đặt", "Giá trị (đ)", "Kênh bán", "Số lượng")
RETURN_COLUMNS = ("Mã đơn hàng", "Loại", "Thời gian", "Số tiền hoàn (đ)")
EVENT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("customer_id", pa.string()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("channel", pa.string()),
        ("touchpoint", pa.string()),
        ("event_type", pa.string()),
        ("value", pa.float64()),
    ]
)
BLOCK = 2_048  # people simulated at once: the unit of all chance, so never to be changed lightly
EVENTS_A_BLOCK, ORDERS_A_BLOCK = 1 << 20, 1 << 14

# What can be wrong with a row; 0 is a good one. A row has one fault at most, so that the faults add up.
DUPLICATED, NO_CUSTOMER, BAD_TIME, BAD_VALUE = 1, 2, 3, 4
FAULTS = {
    DUPLICATED: "duplicated",
    NO_CUSTOMER: "without_customer",
    BAD_TIME: "without_time",
    BAD_VALUE: "without_value",
}
UNREADABLE_TIMES = ("31/02/2025 14:05:00", "########", "00/00/0000 00:00:00", "hôm qua")
UNREADABLE_VALUES = ("liên hệ", "#N/A", "chưa chốt giá", "đổi hàng")


@dataclass(frozen=True)
class Sheet(Columns):
    """Rows to be written; `number` tells them apart, `fault` is what is wrong, `chance` how it looks."""

    number: Ints
    person: Ints
    time: Floats
    fault: Ints
    chance: Floats


@dataclass(frozen=True)
class EventSheet(Sheet):
    """Events of some people."""

    kind: Ints


@dataclass(frozen=True)
class OrderSheet(Sheet):
    """Orders of some people."""

    value: Ints
    items: Ints
    sold_at: Ints
    outcome: Ints
    outcome_time: Floats


def event_sheet(world: World, events: Trail, block: int, stream: Stream) -> EventSheet:
    """Events of a block, numbered and with their faults; `person` counts through all blocks from here on."""
    rates = world.rates
    shares = {DUPLICATED: rates.duplicates, NO_CUSTOMER: rates.no_customer, BAD_TIME: rates.no_time}
    fault, chance = _faults(len(events.person), shares, stream("event faults"))
    number = block * EVENTS_A_BLOCK + np.arange(len(fault))
    return EventSheet(number, block * BLOCK + events.person, events.time, fault, chance, events.kind)


def order_sheet(world: World, orders: Orders, fate: Deliveries, block: int, stream: Stream) -> OrderSheet:
    """Orders of a block, numbered and with their faults; `person` counts through all blocks from here on."""
    rates = world.rates
    shares = {
        NO_CUSTOMER: rates.order_no_customer,
        BAD_TIME: rates.order_bad_time,
        BAD_VALUE: rates.order_bad_value,
    }
    fault, chance = _faults(len(orders.person), shares, stream("order faults"))
    number = block * ORDERS_A_BLOCK + np.arange(len(fault))
    person = block * BLOCK + orders.person
    what = (orders.value, orders.items, orders.sold_at, fate.outcome, fate.outcome_time)
    return OrderSheet(number, person, orders.time, fault, chance, *what)


def _faults(size: int, shares: dict[int, float], rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Which rows are wrong in which way, and a number in 0 … 1 that decides how it looks."""
    draw, chance = rng.random((size, 2)).T  # row by row: more rows leave the first ones as they are
    fault = np.zeros(size, dtype=np.int64)
    edge = 0.0
    for code, share in shares.items():
        fault[(draw >= edge) & (draw < edge + share)] = code
        edge += share
    return fault, chance


def fault_counts(table: str, sheet: Sheet) -> dict[str, int]:
    """Wrong rows of a sheet by what is wrong with them: ``{"events_duplicated": 7, ...}``."""
    return {f"{table}_{name}": int((sheet.fault == code).sum()) for code, name in FAULTS.items()}


def month_names(year: Calendar) -> list[str]:
    """``2025-01`` and so on: the local months, in order."""
    days = [year.start + timedelta(days=day) for day in range(year.days)]
    return sorted({f"{day:%Y-%m}" for day in days})


def open_event_files(folder: Path, year: Calendar, stack: ExitStack) -> list[pq.ParquetWriter]:
    """One Parquet file for each month, open until `stack` closes."""
    return [
        stack.enter_context(
            pq.ParquetWriter(
                folder / f"events_{month}.parquet",
                EVENT_SCHEMA,
                compression="zstd",
                use_dictionary=["customer_id", "channel", "touchpoint", "event_type"],
            )
        )
        for month in month_names(year)
    ]


def append_events(files: list[pq.ParquetWriter], scene: Scene, sheet: EventSheet, seed: int) -> int:
    """Add events to the file of their month, in order of time within what is added; returns the rows written.

    An event that was exported twice stands there twice, one after the other.
    """
    order = np.argsort(sheet.time, kind="stable")
    row = np.repeat(order, np.where(sheet.fault[order] == DUPLICATED, 2, 1))
    table = _event_table(scene, sheet, row, seed)
    month = scene.year.month[scene.year.place(sheet.time[row])]
    edges = np.searchsorted(month, np.arange(len(files) + 1))
    for index, file in enumerate(files):
        if edges[index + 1] > edges[index]:
            file.write_table(table.slice(edges[index], edges[index + 1] - edges[index]))
    return len(row)


def _event_table(scene: Scene, sheet: EventSheet, row: Ints, seed: int) -> pa.Table:
    fault, kind = sheet.fault[row], sheet.kind[row]
    whom, place = np.unique(sheet.person, return_inverse=True)
    people = customer_ids(whom, seed)
    nobody = fault == NO_CUSTOMER
    customer = people.take(pa.array(place[row], mask=nobody))
    empty = pa.array(nobody & (sheet.chance[row] < 0.5))  # an empty cell is not always a missing one
    channel = scene.kinds.channel[kind]
    columns = [
        ids.event_ids(sheet.number[row], seed),
        pc.if_else(empty, "", customer),
        micros(scene.year, sheet.time[row], fault == BAD_TIME),
        pa.array([entry.code for entry in scene.world.channels]).take(pa.array(channel, mask=channel < 0)),
        pa.array(scene.kinds.touchpoint).take(pa.array(kind)),
        pa.array(scene.kinds.event_type).take(pa.array(kind)),
        pa.nulls(len(row), pa.float64()),
    ]
    return pa.Table.from_arrays(columns, schema=EVENT_SCHEMA)


def micros(year: Calendar, time: Floats, unknown: Flags | None = None) -> pa.Array:
    """Times of the simulation as UTC instants, null where they are `unknown`."""
    instants = year.midnight + np.floor(time * 86_400e6).astype(np.int64)
    return pa.array(instants, mask=unknown).cast(EVENT_SCHEMA.field("timestamp").type)


def order_codes(number: Ints, seed: int) -> list[str]:
    """``DH`` and nine shuffled digits for each order's number through all blocks."""
    codes: list[str] = ids.labels("DH", ids.permuted(number, ids.ORDERS, seed + 3), 9).to_pylist()
    return codes


def write_orders(folder: Path, year: Calendar, sheet: OrderSheet, seed: int) -> int:
    """Write one CSV file of orders per month, as a till system exports them; returns the rows written."""
    order = np.argsort(sheet.time, kind="stable")
    codes = order_codes(sheet.number[order], seed)
    customers = customer_ids(sheet.person[order], seed).to_pylist()
    month = year.month[year.place(sheet.time[order])]
    opening = datetime(year.start.year, year.start.month, year.start.day)
    for index, name in enumerate(month_names(year)):
        rows = (
            _order_row(sheet, int(order[at]), codes[at], customers[at], opening)
            for at in np.flatnonzero(month == index)
        )
        write_csv(folder / f"orders_{name}.csv", ORDER_COLUMNS, rows)
    return len(order)


def write_returns(folder: Path, year: Calendar, sheet: OrderSheet, seed: int) -> int:
    """Write the orders cancelled or sent back within the year, by day of that; returns the rows written."""
    back = np.flatnonzero((sheet.outcome != KEPT) & (sheet.outcome_time < year.days))
    back = back[np.argsort(sheet.outcome_time[back], kind="stable")]
    opening = datetime(year.start.year, year.start.month, year.start.day)
    what = {CANCELLED: "Hủy đơn", RETURNED: "Trả hàng"}
    rows = [
        (
            code,
            what[int(sheet.outcome[row])],
            (opening + timedelta(seconds=int(sheet.outcome_time[row] * 86_400))).strftime(
                "%d/%m/%Y %H:%M:%S"
            ),
            f"{sheet.value[row]:,}".replace(",", "."),
        )
        for row, code in zip(back.tolist(), order_codes(sheet.number[back], seed), strict=True)
    ]
    return write_csv(folder / "returns.csv", RETURN_COLUMNS, rows)


def _order_row(sheet: OrderSheet, row: int, code: str, customer: str, opening: datetime) -> tuple[str, ...]:
    fault, chance = int(sheet.fault[row]), float(sheet.chance[row])
    time = (opening + timedelta(seconds=int(sheet.time[row] * 86_400))).strftime("%d/%m/%Y %H:%M:%S")
    value = f"{sheet.value[row]:,}".replace(",", ".")
    return (
        code,
        "" if fault == NO_CUSTOMER else customer,
        UNREADABLE_TIMES[int(chance * len(UNREADABLE_TIMES))] if fault == BAD_TIME else time,
        UNREADABLE_VALUES[int(chance * len(UNREADABLE_VALUES))] if fault == BAD_VALUE else value,
        SALES_CHANNELS[sheet.sold_at[row]],
        str(sheet.items[row]),
    )


def identifier_table(sheet: EventSheet, seen: pa.Table, seed: int) -> pa.Table:
    """What each event left of identity, with the event's id."""
    return seen.add_column(0, "event_id", ids.event_ids(sheet.number, seed))


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> pa.Table:
    """Rows of text as a table."""
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    return pa.table(
        {name: pa.array(list(cells), pa.string()) for name, cells in zip(columns, values, strict=True)}
    )


def rows_of(table: pa.Table) -> Iterable[Sequence[str]]:
    """A table of text as rows."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def open_parquet(file: Path, stack: ExitStack) -> Callable[[pa.Table], None]:
    """The function that adds tables of one layout to a Parquet file, open until `stack` closes."""
    writers: list[pq.ParquetWriter] = []

    def append(table: pa.Table) -> None:
        if not writers:
            writers.append(stack.enter_context(pq.ParquetWriter(file, table.schema, compression="zstd")))
        writers[0].write_table(table)

    return append


def open_csv(
    file: Path, columns: Sequence[str], stack: ExitStack
) -> Callable[[Iterable[Sequence[str]]], None]:
    """A UTF-8 CSV file with a header, open until `stack` closes, and the function that adds rows to it."""
    writer = csv.writer(stack.enter_context(file.open("w", encoding="utf-8", newline="")))
    writer.writerow(columns)
    return writer.writerows


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a whole UTF-8 CSV file; returns its rows without the header."""
    ready = list(rows)
    with ExitStack() as stack:
        open_csv(file, columns, stack)(ready)
    return len(ready)
