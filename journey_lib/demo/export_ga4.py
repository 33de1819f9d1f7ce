"""The demo shop as GA4 would have exported it to BigQuery: a table a day, of nested records.

Each touch is a session of its own, as a touch of the demo is a visit of its own. What came of it was sent by
the shop's server, which knows no session.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.demo import export_shop
from journey_lib.demo.export_shop import Exported, Shop

TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()
FIRST_SESSION = 1_700_000_000  # GA4 numbers sessions by the second they began in
VALUE = {"string_value": TEXT, "int_value": WHOLE, "float_value": REAL, "double_value": REAL}
CAMPAIGN = {"campaign_name": TEXT, "source": TEXT, "medium": TEXT}
NESTED: dict[str, Any] = {
    "event_date": TEXT,
    "event_timestamp": WHOLE,
    "event_name": TEXT,
    "event_params": [{"key": TEXT, "value": VALUE}],
    "user_id": TEXT,
    "user_pseudo_id": TEXT,
    "traffic_source": {"name": TEXT, "medium": TEXT, "source": TEXT},
    "stream_id": TEXT,
    "platform": TEXT,
    "ecommerce": {"purchase_revenue": REAL, "transaction_id": TEXT},
    "collected_traffic_source": {
        "manual_campaign_name": TEXT,
        "manual_source": TEXT,
        "manual_medium": TEXT,
        "gclid": TEXT,
    },
    "batch_event_index": WHOLE,
    "batch_page_id": WHOLE,
    "batch_ordering_id": WHOLE,
    "session_traffic_source_last_click": {
        "manual_campaign": CAMPAIGN,
        "google_ads_campaign": {"customer_id": TEXT, "campaign_id": TEXT, "campaign_name": TEXT},
        "cross_channel_campaign": {**CAMPAIGN, "default_channel_group": TEXT},
    },
}


def _kind(told: Any) -> pa.DataType:
    if isinstance(told, dict):
        return pa.struct({name: _kind(inner) for name, inner in told.items()})
    return pa.list_(_kind(told[0])) if isinstance(told, list) else told


SCHEMA = pa.schema({name: _kind(told) for name, told in NESTED.items()})


def write_parquet(shop: Shop, folder: Path) -> Exported:
    """Daily tables as Parquet."""
    for day, rows in export_shop.days(shop.rows):
        table = pa.Table.from_pylist([_event(row, day) for row in export_shop.records(rows)], schema=SCHEMA)
        pq.write_table(table, folder / f"events_{day}.parquet", compression="zstd")
    return _exported("raw/events_*.parquet")


def write_json(shop: Shop, folder: Path) -> Exported:
    """Daily tables as gzipped JSON lines: whole numbers as text, and nothing where there is nothing."""
    for day, rows in export_shop.days(shop.rows):
        lines = [json.dumps(_written(_event(row, day))) for row in export_shop.records(rows)]
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"events_{day}-000000000000.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    return _exported("raw/events_*.json.gz")


def _exported(path: str) -> Exported:
    columns = {"touchpoint": "event_params.content_group"}
    return Exported([{"table": "events", "format": "ga4", "path": path, "columns": columns}])


def _written(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _written(inner) for name, inner in told.items() if inner is not None}
    if isinstance(told, list):
        return [_written(inner) for inner in told]
    return str(told) if isinstance(told, int) else told


def _event(row: dict[str, Any], day: str) -> dict[str, Any]:
    number, touchpoint = row["number"], row["touchpoint"]
    params: dict[str, Any] = {"content_group": touchpoint}
    event = {
        "event_date": day,
        "event_timestamp": int(row["time"].value // 1_000),
        "event_name": row["event_type"],
        "user_id": row["customer_id"],
        "user_pseudo_id": row["cookie"],
        "traffic_source": {"name": "(referral)", "medium": "referral", "source": "first.example"},
        "stream_id": "4711",
        "platform": "WEB",
        "batch_event_index": 1,
        "batch_page_id": int(row["time"].value // 1_000_000),
        "batch_ordering_id": number,
    }
    if row["channel"] is not None:
        source, medium = export_shop.arrival(row["channel"])
        params |= {
            "ga_session_id": FIRST_SESSION + number,
            "page_location": export_shop.address(touchpoint, source, medium),
        }
        if row["channel"] == "paid_search":
            event["session_traffic_source_last_click"] = _google(touchpoint)
        elif row["channel"] != "direct":
            params |= _traffic(event, number, source, medium, touchpoint)
    elif row["event_type"] == "purchase":
        params["currency"] = "VND"
        event["ecommerce"] = {"purchase_revenue": float(row["value"]), "transaction_id": row["event_id"]}
    event["event_params"] = [{"key": key, "value": _value(value)} for key, value in params.items()]
    return event


def _value(value: Any) -> dict[str, Any]:
    return {"int_value": value} if isinstance(value, int) else {"string_value": value}


def _google(campaign: str) -> dict[str, Any]:
    """What GA4 says of a session that a Google ad brought."""
    cross = {"campaign_name": campaign, "source": "google", "medium": "cpc"}
    return {
        "google_ads_campaign": {
            "customer_id": "123-456-7890",
            "campaign_id": "987",
            "campaign_name": campaign,
        },
        "cross_channel_campaign": {**cross, "default_channel_group": "Paid Search"},
    }


def _traffic(event: dict[str, Any], number: int, source: str, medium: str, campaign: str) -> dict[str, Any]:
    """Say where a session came from in one of the three places GA4 has for it; returns parameters."""
    if number % 3 == 0:
        manual = {"campaign_name": campaign, "source": source, "medium": medium}
        event["session_traffic_source_last_click"] = {"manual_campaign": manual}
    elif number % 3 == 1:
        event["collected_traffic_source"] = {
            "manual_campaign_name": campaign,
            "manual_source": source,
            "manual_medium": medium,
        }
    else:
        return {"source": source, "medium": medium, "campaign": campaign}
    return {}
