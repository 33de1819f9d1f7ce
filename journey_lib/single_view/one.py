"""One customer: the whole journey, and why it is one customer."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from journey_lib import customers, touches
from journey_lib.errors import ParameterError
from journey_lib.model import Result
from journey_lib.once import once
from journey_lib.prepare import prepare
from journey_lib.single_view.kept import kept, settings
from journey_lib.single_view.ordered import ordered
from journey_lib.workspace import Workspace, minor_digits

Example = Literal["none", "typical"]


def timeline(workspace: Workspace, customer_id: str | None) -> Result:
    """The whole journey of one customer, online and offline, in order of time; None shows nobody.

    Columns time (local), channel, touchpoint, event_type, value (major units). Facts: what the customers
    table says of them.

    Raises
    ------
    ParameterError
        There is no such customer, or they refused contact and are shown to nobody.
    """
    table = touches.load(workspace)
    settings = {"customer_id": customer_id, "data": table.fingerprint}
    columns = ["time", "channel", "touchpoint", "event_type", "value"]
    if customer_id is None:
        return Result("timeline", pd.DataFrame(columns=columns), {}, settings)
    people = ordered(workspace)
    person = _shown(people[people["customer"].notna()], customer_id)
    number = int(person["customer"])
    mine = next(bucket for load in table.buckets if len(bucket := load()) and bucket.customer[-1] >= number)
    at = np.flatnonzero(mine.customer == number)
    names = {"channel": table.channels, "touchpoint": table.touchpoints, "event_type": table.event_types}
    words = {
        name: np.array([*said, None], dtype=object)[getattr(mine, name)[at]] for name, said in names.items()
    }
    time = pd.to_datetime(mine.timestamp[at], unit="us", utc=True).tz_convert(workspace.timezone)
    value = mine.value[at] / 10 ** minor_digits(workspace.currency)
    rows = pd.DataFrame({"time": time.tz_localize(None), **words, "value": value})
    traits = ("stage", "orders", "value", "identifiers", "sources", "rows")
    return Result("timeline", rows[columns], {name: person[name] for name in traits}, settings)


def merges(workspace: Workspace, customer_id: str | None, n: int = 20) -> Result | None:
    """Why one customer is one customer: each link that holds them together, and each that was not believed.

    None shows nobody. Columns reason, left_kind, left, right_kind, right (the beginnings of hashes), source,
    evidence, count (rows both stood in), first, last (local days), other (whom a cut link would have joined;
    missing for who refused contact). Links that joined come first, then the oldest; at most `n` of each are
    listed. Facts: customer_id, joined and cut (all of them, listed or not).

    Raises
    ------
    ParameterError
        There is no such customer, or they refused contact and are shown to nobody.
    """
    if customer_id is None:
        return None
    manifest, people = prepare(workspace), customers.load(workspace)
    _shown(people, customer_id)
    ends = ["left_kind", "left", "right_kind", "right"]
    columns = ["reason", *ends, "source", "evidence", "count", "first", "last", "customer", "other"]
    mine = [[("customer", "==", customer_id)], [("other", "==", customer_id)]]
    log = kept(workspace, "merges", columns, mine)
    refused = people.loc[people["opt_out"], "customer_id"]
    other = log["other"].astype(object).where(log["other"] != customer_id, log["customer"].astype(object))
    log = log.assign(
        other=other.mask(other.isin(refused)),
        **{name: log[name].astype(str).str[:6] for name in ("left", "right")},
        **{
            name: pd.to_datetime(log[name], utc=True).dt.tz_convert(workspace.timezone)
            for name in ("first", "last")
        },
    ).astype(dict.fromkeys(("reason", "left_kind", "right_kind", "source", "evidence"), str))
    joined = log["reason"] == "joined"
    order = ["cut", "first", *ends]
    log = log.assign(cut=~joined).sort_values(order, na_position="last").drop(columns=["customer"])
    facts = {"customer_id": customer_id, "joined": int(joined.sum()), "cut": int((~joined).sum())}
    table = log.groupby("cut").head(n).drop(columns="cut").reset_index(drop=True)
    return Result("customer_merges", table, facts, {**settings(manifest), "listed": n})


@once
def chosen(workspace: Workspace, example: Example) -> str | None:
    """Whom to show as an example: ``none`` nobody, ``typical`` somebody worth a look.

    That is a customer who ordered, where anybody did, is known to as many sources as any, has about as many
    rows as the third quarter begins with, and did not refuse contact.
    """
    if example == "none":
        return None
    prepare(workspace)
    people = ordered(workspace)
    seen = people[people["customer"].notna() & ~people["opt_out"]]
    seen = seen[seen["orders"] > 0] if (seen["orders"] > 0).any() else seen
    if seen.empty:
        return None
    seen = seen.assign(far=(seen["rows"] - float(seen["rows"].quantile(0.75))).abs())
    best = seen.sort_values(["sources", "far", "customer_id"], ascending=[False, True, True])
    return str(best["customer_id"].iloc[0])


def _shown(people: pd.DataFrame, customer_id: str) -> pd.Series:
    """The row of one of `people`, unless they refused contact."""
    found = people[people["customer_id"] == customer_id]
    if found.empty:
        raise ParameterError(
            f"there is no customer {customer_id!r} to show", do="take one from jl.customers.load(workspace)"
        )
    person = found.iloc[0]
    if person["opt_out"]:
        raise ParameterError("this customer refused contact, and is shown to nobody", do="choose another one")
    return person
