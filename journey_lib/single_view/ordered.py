"""What customers ordered, also where no source of orders is declared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journey_lib import customers, touches
from journey_lib.engine import reduce
from journey_lib.once import once
from journey_lib.prepare import prepare
from journey_lib.touches import Bucket
from journey_lib.workspace import Workspace

DAY = 86_400_000_000


def counted_by(workspace: Workspace) -> str | None:
    """The conversion by which orders are counted; None where a source of orders says what was ordered."""
    if any(account.table == "orders" for account in prepare(workspace).accounts):
        return None
    return next(iter(workspace.conversions))


@once
def ordered(workspace: Workspace) -> pd.DataFrame:
    """The customers (`customers.load`) with the orders, value and stage that all other reports give them.

    Exports of events hold their sales as events: where no source of orders is declared, each row of the main
    conversion is an order, as it is in journeys and in attribution.
    """
    people = customers.load(workspace)
    conversion = counted_by(workspace)
    if conversion is None:
        return people
    table = touches.load(workspace)
    sold = np.array([name in table.converting(conversion) for name in table.event_types])

    def measure(bucket: Bucket) -> pd.DataFrame:
        rows = np.flatnonzero(sold.take(bucket.event_type))
        worth = pd.DataFrame({"customer": bucket.customer[rows], "value": bucket.value[rows]})
        return worth.groupby("customer")["value"].agg(["size", "sum"])

    def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
        return pd.concat(parts)

    each = reduce(table.buckets, measure, together)
    known = people["customer"].fillna(-1).astype("int64")
    orders, value = (known.map(each[name]).fillna(0).astype("int64") for name in ("size", "sum"))
    gone = table.period[1] - customers.LAPSED * DAY
    late = people["last_seen"] < pd.Timestamp(gone, unit="us", tz="UTC")
    stage = np.select(
        [(orders > 0) & late, orders > 1, orders == 1, people["known"]],
        ["lapsed", "repeat", "new", "prospect"],
        "visitor",
    )
    return people.assign(orders=orders, value=value / 10**table.digits, stage=stage)
