"""What an export of the demo shop is made from: its clean rows, and how each channel is tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from journey_lib.demo.write import ORDER_COLUMNS

SITE = "https://vaigom.example"
ZONE = "Asia/Ho_Chi_Minh"
# Source and medium by which a visit from each channel would be known.
ARRIVALS: Mapping[str, tuple[str, str]] = {
    "paid_search": ("google", "cpc"),
    "organic_search": ("google", "organic"),
    "facebook": ("facebook", "paid_social"),
    "zalo": ("zalo", "oa"),
    "tiktok": ("tiktok", "paid_video"),
    "youtube": ("youtube", "video"),
    "email": ("newsletter", "email"),
    "sms": ("brandname", "sms"),
    "push": ("app", "push"),
    "affiliate": ("accesstrade", "affiliate"),
    "marketplace": ("shopee", "marketplace"),
    "display": ("admicro", "display"),
    "retargeting": ("criteo", "retargeting"),
    "direct": ("(direct)", "(none)"),
    "store": ("store", "offline"),
    "event": ("event", "offline"),
    "outdoor": ("outdoor", "offline"),
    "call_centre": ("hotline", "call"),
    "sales_staff": ("staff", "call"),
}


@dataclass(frozen=True)
class Shop:
    """The demo shop's raw folder, and its clean rows in order of time.

    `rows` has event_id, customer_id, time (UTC), channel (None where something came of a visit: a basket, an
    order), touchpoint, event_type, value (only of orders) and cookie (None where none was seen).
    """

    raw: Path
    rows: pd.DataFrame


@dataclass(frozen=True)
class Exported:
    """What was written: how `journey.yaml` declares it, what a purchase is called there, and who is who."""

    sources: Sequence[Mapping[str, Any]]
    purchase: str = "purchase"
    identity: Mapping[str, Any] = field(
        default_factory=lambda: {"unique": ["user_id"], "limits": {"cookie": 1}}
    )


def read(raw: Path, rows: int | None = None) -> Shop:
    """The shop's events and orders without what is wrong among them; the first `rows` of them, or all."""
    events = _events(raw)
    every = pd.concat([events, _orders(raw)], ignore_index=True)
    every = every.sort_values(["time", "event_id"], kind="stable", ignore_index=True)
    return Shop(raw, every if rows is None else every.head(rows))


def _events(raw: Path) -> pd.DataFrame:
    """Events that have a person and a time, each once, with the cookie seen at it."""
    table = ds.dataset(sorted(map(str, raw.glob("events_*.parquet"))), format="parquet").to_table()
    good = pc.and_(
        pc.is_valid(table["timestamp"]), pc.fill_null(pc.not_equal(table["customer_id"], ""), False)
    )
    table = table.filter(good).rename_columns({"timestamp": "time"})
    frame = table.to_pandas().drop_duplicates("event_id")
    seen = pq.read_table(raw / "identifiers.parquet", columns=["event_id", "cookie"]).to_pandas()
    seen = seen.dropna().drop_duplicates("event_id").set_index("event_id")["cookie"]
    frame["cookie"] = _or_none(frame["event_id"].map(seen))
    frame["channel"] = _or_none(frame["channel"])
    return frame


def _orders(raw: Path) -> pd.DataFrame:
    """Orders that have a person, a time and a value, each once, as events."""
    order, person, time, value, sold_at, _ = ORDER_COLUMNS
    files = sorted(raw.glob("orders_*.csv"))
    said = pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])
    local = pd.to_datetime(said[time], format="%d/%m/%Y %H:%M:%S", errors="coerce")
    amount = pd.to_numeric(said[value].str.replace(".", "", regex=False), errors="coerce")
    frame = pd.DataFrame(
        {
            "event_id": said[order],
            "customer_id": said[person],
            "time": local.dt.tz_localize(ZONE).dt.tz_convert("UTC").astype("datetime64[us, UTC]"),
            "channel": None,
            "touchpoint": said[sold_at],
            "event_type": "purchase",
            "value": amount,
            "cookie": None,
        }
    )
    good = frame["time"].notna() & frame["value"].notna() & (frame["customer_id"] != "")
    return frame[good].drop_duplicates("event_id")


def _or_none(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype(object).where(column.notna(), None)


def arrival(channel: str) -> tuple[str, str]:
    """Source and medium of a visit from this channel; a channel of another world is its own source."""
    return ARRIVALS.get(channel, (channel, "other"))


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, with numbers of their own from 0."""
    told = rows.assign(number=rows.index).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in told]


def months(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Rows by the local month they are of: ``2025-01`` and so on."""
    return [(str(name), part) for name, part in rows.groupby(_local(rows).dt.strftime("%Y-%m"))]


def days(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Rows by the local day they are of: ``20250131`` and so on."""
    return [(str(name), part) for name, part in rows.groupby(_local(rows).dt.strftime("%Y%m%d"))]


def _local(rows: pd.DataFrame) -> pd.Series[Any]:
    return rows["time"].dt.tz_convert(ZONE)


def address(touchpoint: str, source: str, medium: str) -> str:
    """The page a tagged link leads to."""
    tags = "" if source.startswith("(") else f"?utm_source={source}&utm_medium={medium}"
    return f"{SITE}/{touchpoint}{tags}"
