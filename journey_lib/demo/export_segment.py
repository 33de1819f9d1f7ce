"""The demo shop as Segment or RudderStack would have stored its calls: one a line, gzipped."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from journey_lib.demo import export_shop
from journey_lib.demo.export_shop import Exported, Shop

ORDER = "Order Completed"


def write(shop: Shop, folder: Path) -> Exported:
    """A file a month: track calls, and an identify call where a cookie and a customer first met."""
    met: set[tuple[str, str]] = set()
    for month, rows in export_shop.months(shop.rows):
        calls = []
        for row in export_shop.records(rows):
            calls.append(_track(row))
            pair = (row["cookie"], row["customer_id"])
            if row["cookie"] is not None and pair not in met:
                met.add(pair)
                calls.append(_identify(row))
        text = "".join(f"{json.dumps(call, ensure_ascii=False)}\n" for call in calls)
        (folder / f"calls_{month}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    path = "raw/calls_*.jsonl.gz"
    return Exported(
        [
            {
                "table": "events",
                "format": "segment",
                "path": path,
                "columns": {"touchpoint": "properties.category"},
            },
            {"table": "identifiers", "format": "segment", "path": path},
        ],
        purchase=ORDER,
    )


def _call(row: dict[str, Any], kind: str) -> dict[str, Any]:
    time = row["time"].strftime("%Y-%m-%dT%H:%M:%S.") + f"{row['time'].microsecond // 1_000:03}Z"
    call = {
        "type": kind,
        "userId": row["customer_id"],
        "timestamp": time,
        "originalTimestamp": "2001-01-01T00:00:00.000Z",  # the clock of a device that was never set
        "sentAt": "2001-01-01T00:00:01.000Z",
    }
    return call if row["cookie"] is None else call | {"anonymousId": row["cookie"]}


def _identify(row: dict[str, Any]) -> dict[str, Any]:
    return _call(row, "identify") | {"messageId": f"identify-{row['event_id']}", "traits": {}}


def _track(row: dict[str, Any]) -> dict[str, Any]:
    call = _call(row, "track") | {"messageId": row["event_id"], "event": row["event_type"]}
    properties: dict[str, Any] = {"category": row["touchpoint"]}
    if row["channel"] is None:
        if row["event_type"] == "purchase":
            call["event"] = ORDER
            properties |= {"order_id": row["event_id"], "total": row["value"], "currency": "VND"}
        return call | {"channel": "server", "context": {}, "properties": properties}
    source, medium = export_shop.arrival(row["channel"])
    page = {
        "url": export_shop.address(row["touchpoint"], source, medium),
        "path": f"/{row['touchpoint']}",
        "referrer": f"{export_shop.SITE}/",
    }
    context: dict[str, Any] = {"sessionId": row["number"], "sessionStart": True, "page": page}
    if row["channel"] != "direct":
        context["campaign"] = {"source": source, "medium": medium, "name": row["touchpoint"]}
    return call | {"channel": "web", "context": context, "properties": properties}
