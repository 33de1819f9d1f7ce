"""The demo shop's own files as tables under our names, with all that is wrong in them.

Exports that hand over the whole shop, people and costs and all, are made from these: read back, they come to
what the shop's own files come to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from journey_lib.demo import costs, experiments

Texts = pd.Series  # of one column: every cell a text, an empty one ""

# How the shop's journey.yaml says who is who; a test holds the two together.
IDENTITY: Mapping[str, Any] = {
    "unique": ["user_id", "member", "phone"],
    "limits": {"email": 3, "phone": 3, "device": 1, "cookie": 1},
}
# Table: its files, and our names of their columns from left to right.
SHEETS: Mapping[str, tuple[str, Sequence[str]]] = {
    "orders": ("orders_*.csv", ("order_id", "customer_id", "timestamp", "value", "channel", "items")),
    "returns": ("returns.csv", ("order_id", "kind", "timestamp", "value")),
    "costs": ("costs.csv", costs.COLUMNS),
    "customers": (
        "customers.csv",
        (
            *("customer_id", "name", "phone", "email", "city", "district", "birth_year", "gender"),
            *("joined", "opt_out", "member", "tier"),
        ),
    ),
    "tickets": (
        "tickets.csv",
        (
            *("ticket_id", "customer_id", "timestamp", "channel", "topic", "text", "first_response_at"),
            *("resolved_at", "status", "department", "order_id"),
        ),
    ),
    "surveys": (
        "surveys.csv",
        (
            *("survey_id", "customer_id", "timestamp", "answered_at", "metric", "touchpoint", "score"),
            "comment",
        ),
    ),
    "experiments": ("experiments.csv", experiments.COLUMNS),
}
MOMENTS = ("timestamp", "answered_at", "first_response_at", "resolved_at")
WRITTEN = ("%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")


def sheet(raw: Path, table: str) -> pd.DataFrame:
    """All rows of one table, as the shop's files write them."""
    pattern, columns = SHEETS[table]
    files = sorted(raw.glob(pattern))
    rows = pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])
    return rows.set_axis([*columns], axis=1).reset_index(drop=True)


def moments(texts: Texts[Any]) -> pd.Series[Any]:
    """The shop's local times; what is no time is NaT."""
    one, other = (pd.to_datetime(texts, format=way, errors="coerce") for way in WRITTEN)
    return one.fillna(other)


def amounts(texts: Texts[Any]) -> pd.Series[Any]:
    """Whole đồng; what is no amount is missing."""
    return pd.to_numeric(texts.str.replace(".", "", regex=False), errors="coerce").astype("Int64")
