"""Coded rows become files: touches sorted and bucketed by customer, and the tables beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.engine import Engine, literal
from journey_lib.model import IDENTIFIERS, TABLES

CODES = ["channel", "touchpoint", "event_type"]  # worth a dictionary; times and customers only grow by one
# Read for every view: lz4 takes a quarter more room than zstd and a third of the time.
PARQUET: dict[str, Any] = {"compression": "lz4", "use_dictionary": CODES}
GROUP = 2_000_000  # rows kept together in a file; most buckets are one such group


def write_touches(touches: pa.Table, file: Path) -> None:
    """Write one bucket's sorted rows."""
    pq.write_table(touches, file, row_group_size=GROUP, **PARQUET)


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
    if said := with_devices(engine, staged["events"]):
        _write_devices(engine, said, folder / "devices.parquet")


def with_devices(engine: Engine, names: Sequence[str]) -> list[str]:
    """The sources of events that say on which kind of device they came."""
    return [name for name in names if engine.rows(f"SELECT 1 FROM {name} WHERE {_ON_DEVICE} LIMIT 1")]


_ON_DEVICE = "reason IS NULL AND device_type IS NOT NULL"


def _write_devices(engine: Engine, names: Sequence[str], file: Path) -> None:
    """On which kind of device each event came."""
    union = " UNION ALL ".join(
        f"SELECT customer_id, timestamp, device_type FROM {name} WHERE {_ON_DEVICE}" for name in names
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
        joined += " LEFT JOIN (SELECT customer, customer_id FROM customers) c USING (customer_id)"
    engine.run(
        f"COPY (SELECT {', '.join(who + columns)} FROM {joined} ORDER BY ALL)"
        f" TO {literal(str(file))} (FORMAT parquet)"
    )
