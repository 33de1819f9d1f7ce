"""What could have hurt, and whether it did: orders, tickets and answers as the rows `hot_spots` looks at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from journey_lib.engine import reduce
from journey_lib.model import duration
from journey_lib.touches import Bucket, Touches
from journey_lib.voice.load import Topics
from journey_lib.voice.pain import end_of
from journey_lib.voice.scores import BOTTOM

SLOW, LOW = "(slow answer)", "(low score)"
WITHIN = "30d"  # after an order in which a complaint is taken to be about it
SLOWEST = 0.9  # the answer took longer than that part of all
ORDERS, TICKETS, ANSWERS = "orders", "tickets", "answers"


def hurts(
    *,
    tickets: pd.DataFrame | None = None,
    surveys: pd.DataFrame | None = None,
    topics: Topics | None = None,
    touches: Touches | None = None,
    conversion: str | None = None,
    as_of: str | pd.Timestamp | None = None,
    period: tuple[dt.date, dt.date] | None = None,
    purchase: Sequence[str] = ("purchase",),
) -> pd.DataFrame:
    """Everything that could have hurt somebody, and whether it did, pain by pain.

    A complaint of `topics`: where more than half of a topic's tickets name an order, a row is a conversion of
    `touches`, and it hurt where the same customer complains of that within 30 days; else a row is a ticket,
    and it hurt where it is one of that topic. A slow answer, `(slow answer)`: a row is a ticket, and it hurt
    where the first answer took longer than nine in ten of all; who still waits at the end of `as_of` counts
    by the wait so far, and is left out where that does not settle it. A low score, `(low score)`: a row is an
    answer (CSAT 1-2, NPS 0-6, CES 1-3), that at the moment of `purchase` apart. Conversions are those of the
    days of `period`, both included; tickets and answers are as handed over.

    Columns timestamp, customer (number in the touch table), customer_id (missing for conversions), pain,
    happened, of (orders, tickets, answers), touchpoint (of answers; of slow answers where `tickets` have it).
    """
    parts = []
    if tickets is not None and len(tickets):
        end = end_of(as_of if as_of is not None else tickets["timestamp"].max(), tickets["timestamp"])
        tickets = tickets[tickets["timestamp"] < end]
        orders = None if touches is None else _conversions(touches, conversion, period)
        for topic in topics.complaints if topics is not None else ():
            its = tickets["topic"].eq(topic)
            named = tickets["order_id"].notna() & tickets["order_id"].ne("")
            if orders is not None and named[its].mean() > 0.5:
                parts.append(_complained(orders, tickets[its]).assign(pain=topic, of=ORDERS))
            else:
                parts.append(_told(tickets).assign(pain=topic, happened=its, of=TICKETS))
        parts.append(_slow(tickets, end))
    if surveys is not None and len(surveys):
        answered = surveys[surveys["score"].notna() & ~surveys["touchpoint"].isin(purchase)]
        low = answered["score"].astype(float) <= answered["metric"].map(BOTTOM).astype(float)
        parts.append(_told(answered).assign(pain=LOW, happened=low, of=ANSWERS))
    columns = ["timestamp", "customer", "customer_id", "touchpoint", "pain", "happened", "of"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    kept = rows.reindex(columns=["timestamp", "customer", "customer_id", "touchpoint"])
    return kept.astype({"customer": "Int64", "touchpoint": "object"})


def _slow(tickets: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    ended = tickets["first_response_at"].where(tickets["first_response_at"] < end)
    took = (ended.fillna(end) - tickets["timestamp"]).dt.total_seconds()
    possible = took >= 0
    line = took[possible].quantile(SLOWEST)
    settled = possible & (ended.notna() | (took > line))
    return _told(tickets[settled]).assign(pain=SLOW, happened=took[settled] > line, of=TICKETS)


def _complained(orders: pd.DataFrame, tickets: pd.DataFrame) -> pd.DataFrame:
    """Each conversion, and whether its customer complained within 30 days and before the next one."""
    known = tickets.loc[tickets["customer"].notna(), ["customer", "timestamp"]]
    complaints = known.astype({"customer": "Int64"}).sort_values("timestamp")
    # a complaint is about the order before it, not about one that another order has followed
    about = pd.merge_asof(
        complaints,
        orders[["timestamp", "customer", "order"]].sort_values("timestamp"),
        on="timestamp",
        by="customer",
        tolerance=pd.Timedelta(microseconds=duration(WITHIN)),
    )
    return _told(orders).assign(happened=orders["order"].isin(about["order"].dropna()).to_numpy())


def _conversions(
    touches: Touches, conversion: str | None, period: tuple[dt.date, dt.date] | None
) -> pd.DataFrame:
    converts = np.isin(touches.event_types, touches.converting(conversion))

    def measure(bucket: Bucket) -> pd.DataFrame:
        rows = converts[bucket.event_type]
        return pd.DataFrame({"customer": bucket.customer[rows], "time": bucket.timestamp[rows]})

    found = reduce(touches.buckets, measure, lambda parts: pd.concat(parts, ignore_index=True))
    time = pd.to_datetime(found["time"].to_numpy(), unit="us", utc=True).tz_convert(touches.timezone)
    orders = pd.DataFrame(
        {"timestamp": time, "customer": found["customer"].to_numpy(), "order": np.arange(len(found))}
    ).astype({"customer": "Int64"})
    if period is None:
        return orders
    return orders[(orders["timestamp"].dt.date >= period[0]) & (orders["timestamp"].dt.date <= period[1])]
