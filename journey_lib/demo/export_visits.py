"""Rows of the demo shop as visits to its website: each touch opens one, and what came of it follows in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from journey_lib.demo import export_shop

LONGEST_BREAK = timedelta(minutes=30)  # after which web analytics begin a new visit


def in_visits(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows in order of time, each with its `visit` (from 1) and its `step` in it.

    What was told by the shop's server and not in a visit, such as an order at a till, has the visit 0.
    """
    told, count = export_shop.records(rows), 0
    last: dict[str, tuple[int, int, Any, Any]] = {}
    for row in told:
        visit, step, cookie, time = last.get(row["customer_id"], (0, 0, None, None))
        if row["channel"] is not None:
            count += 1
            visit, step = count, 0
        elif time is None or row["cookie"] != cookie or row["time"] - time > LONGEST_BREAK:
            row |= {"visit": 0, "step": 1}
            continue
        row |= {"visit": visit, "step": step + 1}
        last[row["customer_id"]] = (visit, step + 1, row["cookie"], row["time"])
    return told
