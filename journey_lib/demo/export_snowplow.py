"""The demo shop as Snowplow would have enriched its events: tab-separated lines, or a table with names."""

from __future__ import annotations

import gzip
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.demo import export_shop
from journey_lib.demo.export_shop import Exported, Shop

# The columns that are filled, and their places among the 131 of the enriched format, counted from 0.
PLACES = {
    "app_id": 0,
    "platform": 1,
    "collector_tstamp": 3,
    "event": 5,
    "event_id": 6,
    "user_id": 12,
    "domain_userid": 15,
    "domain_sessionidx": 16,
    "network_userid": 17,
    "page_url": 29,
    "page_title": 30,
    "page_urlpath": 35,
    "refr_urlhost": 39,
    "refr_medium": 44,
    "refr_source": 45,
    "mkt_medium": 47,
    "mkt_source": 48,
    "mkt_campaign": 51,
    "se_category": 53,
    "se_action": 54,
    "tr_orderid": 59,
    "tr_total": 61,
    "tr_currency": 108,
    "derived_tstamp": 124,
    "event_name": 126,
}
WIDTH = 131
SPACE = uuid.UUID("5a6f1c0e-7d0b-4c55-9a8e-3f2d2a4b1c6d")
PURCHASE = "transaction"
SCHEMA = pa.schema(
    {
        name: pa.timestamp("us", tz="UTC")
        if name.endswith("_tstamp")
        else pa.float64()
        if name == "tr_total"
        else pa.int32()
        if name == "domain_sessionidx"
        else pa.string()
        for name in PLACES
    }
)


def write_enriched(shop: Shop, folder: Path) -> Exported:
    """Lines of the enriched format, a gzipped file a month."""
    for month, rows in export_shop.months(shop.rows):
        lines = []
        for row in export_shop.records(rows):
            cells = [""] * WIDTH
            for name, value in _event(row).items():
                cells[PLACES[name]] = _written(value)
            lines.append("\t".join(cells) + "\n")
        (folder / f"enriched_{month}.tsv.gz").write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    return _exported("raw/enriched_*.tsv.gz")


def write_parquet(shop: Shop, folder: Path) -> Exported:
    """The table `atomic.events`, a Parquet file a month."""
    for month, rows in export_shop.months(shop.rows):
        table = pa.Table.from_pylist([_event(row) for row in export_shop.records(rows)], schema=SCHEMA)
        pq.write_table(table, folder / f"atomic_{month}.parquet", compression="zstd")
    return _exported("raw/atomic_*.parquet")


def _exported(path: str) -> Exported:
    source = {
        "table": "events",
        "format": "snowplow",
        "path": path,
        "columns": {"touchpoint": "page_title"},
    }
    return Exported([source], purchase=PURCHASE)


def _written(value: Any) -> str:
    if hasattr(value, "microsecond"):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1_000:03}"
    return "" if value is None else str(value)


def _event(row: dict[str, Any]) -> dict[str, Any]:
    touchpoint = row["touchpoint"]
    event = {
        "app_id": "vaigom",
        "platform": "web" if row["channel"] is not None else "srv",
        "event": "struct",
        "event_name": "event",
        "event_id": str(uuid.uuid5(SPACE, row["event_id"])),
        "collector_tstamp": row["time"],
        "derived_tstamp": row["time"],
        "user_id": row["customer_id"],
        "domain_userid": row["cookie"],
        "network_userid": "00000000-0000-0000-0000-000000000000",
        "page_title": touchpoint,
        "se_category": "journey",
        "se_action": row["event_type"],
    }
    if row["channel"] is not None:
        source, medium = export_shop.arrival(row["channel"])
        return event | _visit(row, source, medium)
    if row["event_type"] == "purchase":
        order = {"tr_orderid": row["event_id"], "tr_total": float(row["value"]), "tr_currency": "VND"}
        return event | order | {"event": PURCHASE, "event_name": PURCHASE, "se_action": None}
    return event


def _visit(row: dict[str, Any], source: str, medium: str) -> dict[str, Any]:
    """Where a visit came from: by its tags, or by its referrer where a search engine led to the shop."""
    visit = {
        "domain_sessionidx": row["number"] + 1,
        "page_url": export_shop.address(row["touchpoint"], source, medium),
        "page_urlpath": f"/{row['touchpoint']}",
    }
    if row["channel"] == "organic_search":
        return visit | {"refr_medium": "search", "refr_source": "Google", "refr_urlhost": "www.google.com"}
    if row["channel"] != "direct":
        return visit | {"mkt_source": source, "mkt_medium": medium, "mkt_campaign": row["touchpoint"]}
    return visit
