"""Coded rows become files: touches sorted and bucketed by customer, and the tables beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.engine import Engine, literal
from journey_lib.errors import DataError
from journey_lib.model import IDENTIFIERS, TABLES
from journey_lib.prepare.manifest import FOLDS

CODES = ["channel", "touchpoint", "event_type"]  # worth a dictionary; times and customers only grow by one
# Read for every view: lz4 takes a quarter more room than zstd and a third of the time.
PARQUET: dict[str, Any] = {"compression": "lz4", "use_dictionary": CODES}
GROUP = 1_000_000  # rows kept together in a file; most buckets are one such group


def write_touches(engine: Engine, folder: Path, per_fold: Sequence[int], buckets: int) -> None:
    """Write one sorted Parquet file a bucket; a bucket is a run of folds, so it holds whole customers."""
    folder.mkdir()
    folds = FOLDS // buckets
    ends = np.cumsum(per_fold)[folds - 1 :: folds]
    _split(_sorted(engine), [folder / f"bucket-{number:03}.parquet" for number in range(buckets)], ends)


def write_bucket(engine: Engine, file: Path) -> None:
    """Write the one bucket whose rows the engine holds."""
    _split(_sorted(engine), [file], np.array([np.iinfo(np.int32).max]))


def _sorted(engine: Engine) -> Iterator[pa.RecordBatch]:
    return engine.batches(
        "SELECT c.customer, e.moment AS timestamp, coalesce(ch.code, -1) AS channel,"
        " coalesce(tp.code, -1) AS touchpoint, et.code AS event_type, e.value, e.who FROM events e"
        " JOIN customers c USING (customer_id)"
        " JOIN event_types et ON et.name = e.event_type"
        " LEFT JOIN channels ch ON ch.name = e.channel"
        " LEFT JOIN touchpoints tp ON tp.name = e.touchpoint"
        " ORDER BY c.customer, e.moment, e.channel IS NULL, e.event_id NULLS FIRST,"
        " et.code, ch.code, tp.code, e.value"
    )


def _split(batches: Iterator[pa.RecordBatch], files: Sequence[Path], ends: np.ndarray[Any, Any]) -> None:
    """Write sorted batches to files; file i holds customers below ``ends[i]``."""
    schema = pa.schema(
        {
            "customer": pa.int32(),
            "timestamp": pa.int64(),
            "channel": pa.int16(),
            "touchpoint": pa.int16(),
            "event_type": pa.int16(),
            "value": pa.int64(),
            "who": pa.int32(),
        }
    )
    reached = -1
    writers = [pq.ParquetWriter(file, schema, **PARQUET) for file in files]
    waiting: list[pa.Table] = []
    at = 0
    try:
        for batch in filter(len, batches):
            table = pa.Table.from_batches([batch]).cast(schema)
            customer = table["customer"].to_numpy()
            # Everything after this rests on the order: an engine that lost it must not go unnoticed.
            if customer[0] < reached or (np.diff(customer) < 0).any():
                raise DataError("the engine did not deliver the rows in order", do="report this as a bug")
            reached = int(customer[-1])
            cuts = np.searchsorted(customer, ends)
            for place, (start, end) in enumerate(zip([0, *cuts[:-1]], cuts, strict=True)):
                if end == start:
                    continue
                if place != at or sum(map(len, waiting)) >= GROUP:
                    _write_group(writers[at], waiting)
                at = place
                waiting.append(table.slice(start, end - start))
        _write_group(writers[at], waiting)
    finally:
        for writer in writers:
            writer.close()


def _write_group(writer: pq.ParquetWriter, waiting: list[pa.Table]) -> None:
    if waiting:
        whole = pa.concat_tables(waiting)
        writer.write_table(whole, row_group_size=len(whole))
        waiting.clear()


def write_side_tables(engine: Engine, staged: Mapping[str, Sequence[str]], folder: Path, scale: int) -> None:
    """Keep what is no touch: costs in minor units, and what people said, sent back or took part in."""
    if staged["costs"]:
        union = " UNION ALL ".join(f"SELECT * FROM {name} WHERE reason IS NULL" for name in staged["costs"])
        engine.run(
            "COPY (SELECT date, channel, campaign, CAST(round(cost * "
            f"{scale}) AS BIGINT) AS cost, CAST(impressions AS BIGINT) AS impressions,"
            " CAST(clicks AS BIGINT) AS clicks, platform_conversions"
            f" FROM ({union}) ORDER BY ALL) TO {literal(str(folder / 'costs.parquet'))} (FORMAT parquet)"
        )
    for table in ("items", "returns", "surveys", "tickets", "experiments"):
        if staged[table]:
            orders = staged["orders"] if table == "returns" else ()
            _write_side_table(engine, table, staged[table], folder / f"{table}.parquet", scale, orders)
    _write_devices(engine, staged["events"], folder / "devices.parquet")


def _write_devices(engine: Engine, names: Sequence[str], file: Path) -> None:
    """On which kind of device each event came, where a source of events says so; else there is no file."""
    told = "reason IS NULL AND device_type IS NOT NULL"
    said = [name for name in names if engine.rows(f"SELECT 1 FROM {name} WHERE {told} LIMIT 1")]
    if said:
        union = " UNION ALL ".join(
            f"SELECT customer_id, timestamp, device_type FROM {name} WHERE {told}" for name in said
        )
        engine.run(
            f"COPY (SELECT customer, timestamp, device_type FROM ({union}) JOIN customers USING (customer_id)"
            f" ORDER BY ALL) TO {literal(str(file))} (FORMAT parquet)"
        )


def _write_side_table(
    engine: Engine, table: str, names: Sequence[str], file: Path, scale: int, orders: Sequence[str]
) -> None:
    """One file; rows that name an order instead of a person are those of who ordered, where that is known."""
    own = [name for name in TABLES[table] if name not in IDENTIFIERS]
    columns = [
        f"CAST(round(value * {scale}) AS BIGINT) AS value" if name == "value" else f'"{name}"' for name in own
    ]
    people = "customer_id" in TABLES[table]
    who = ["c.customer", "s.customer_id"] if people else ["c.customer"] if orders else []
    union = " UNION ALL ".join(f"SELECT * FROM {name} WHERE reason IS NULL" for name in names)
    joined = f"({union}) s"
    if orders:
        ordered = " UNION ALL ".join(
            f"SELECT order_id, customer_id FROM {name} WHERE reason IS NULL" for name in orders
        )
        joined += (
            f" LEFT JOIN ({ordered}) o USING (order_id)"  # an order id stands once: the rest are repeats
        )
    if people or orders:
        joined += " LEFT JOIN customers c USING (customer_id)"
    engine.run(
        f"COPY (SELECT {', '.join(who + columns)} FROM {joined} ORDER BY ALL)"
        f" TO {literal(str(file))} (FORMAT parquet)"
    )
