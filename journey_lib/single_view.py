"""The single customer view: how well rows became customers, and how much of the answer hangs on it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib import attribution, customers, touches
from journey_lib.errors import ParameterError
from journey_lib.identity import KINDS, Level
from journey_lib.identity.stitch import LEVELS
from journey_lib.intervals import wilson
from journey_lib.model import NO_TOUCH, OTHER, Result
from journey_lib.once import once
from journey_lib.prepare import BUCKET_ROWS, FOLDS, Manifest, prepare
from journey_lib.touches import Bucket, Touches
from journey_lib.workspace import Workspace, minor_digits

Example = Literal["none", "typical"]
SIZES = ("1", "2", "3", "4", "5–9", "10+")


def restitched(workspace: Workspace, level: Level) -> Touches:
    """The touch table as it would be at another level of stitching: same rows, other customers.

    Rows of one customer at the same instant that belonged to several before keep the order of the prepared
    table, rows with a channel first.

    A workspace without identifiers has its customers as they came, at every level.
    """
    table = touches.load(workspace)
    if prepare(workspace).identity is None:
        return table
    customer_of = pq.read_table(workspace.work / "identity" / "levels.parquet", columns=[level])[level]
    files = [workspace.work / "touches" / f"bucket-{n:03}.parquet" for n in range(len(table.buckets))]
    rows = pa.concat_tables([pq.read_table(file) for file in files])
    # Customers of the level who touched nothing have no number: the table counts those it holds.
    _, customer = np.unique(customer_of.to_numpy()[rows["who"].to_numpy()], return_inverse=True)
    customer = customer.astype(np.int32)
    channel, moment = rows["channel"].to_numpy(), rows["timestamp"].to_numpy()
    order = np.lexsort((np.arange(len(customer)), channel < 0, moment, customer))
    columns = [rows[name].to_numpy()[order] for name in list(Bucket.__dataclass_fields__)[1:]]
    whole = Bucket(customer[order], *columns)
    people = int(customer.max()) + 1
    # Canonical ids are hashes, so customers in their order are already a random draw: folds are runs of them.
    fold = (np.arange(people, dtype=np.int64) * FOLDS // people).astype(np.uint8)
    return replace(table, buckets=tuple(_pieces(whole)), fold=fold)


@once
def sensitivity(workspace: Workspace, model: str = "markov", **cut: Any) -> tuple[Result, Result]:
    """How much conversion, drop-off and channel credit depend on how far identifiers are stitched.

    Returns two Results. "stitching": columns level, customers, journeys, over (with a known outcome),
    conversions, conversion_rate with low and high (95%, Wilson, of those that are over), drop_off, touched
    (conversions with a touch before them). "credit_by_stitching":
    those of `attribution.credit` with level first. The fact ``spread`` is the largest difference of one
    channel's share (``widest``) between normal and aggressive stitching; ``touched_<level>`` repeats touched.
    `cut` is handed to `attribution.credit`.
    """
    levels = LEVELS if prepare(workspace).identity else LEVELS[:1]
    tables = {level: restitched(workspace, level) for level in levels}
    results = {level: attribution.credit(table, model, **cut) for level, table in tables.items()}
    parts = [result.table.assign(level=level) for level, result in results.items()]
    by_level = pd.concat(parts, ignore_index=True)
    by_level = by_level[["level", *by_level.columns.drop("level")]]
    rows = pd.DataFrame([_outcome(level, tables[level], results[level]) for level in levels])
    rows["low"], rows["high"] = wilson(rows["conversions"].to_numpy(), rows["over"].to_numpy())
    declared = workspace.identity.level if workspace.identity else "off"
    settings = {**results["off"].settings, "levels": list(levels), "declared": declared}
    facts = {"levels": len(levels), "conversions": int(rows["conversions"].max()), **_spread(by_level)}
    facts |= {f"touched_{level}": int(n) for level, n in zip(rows["level"], rows["touched"], strict=True)}
    return (
        Result("stitching", rows, facts, settings, "customers"),
        Result("credit_by_stitching", by_level, facts, settings, "journeys"),
    )


def _spread(by_level: pd.DataFrame) -> dict[str, Any]:
    channels = by_level[by_level["channel"] != NO_TOUCH].set_index(["channel", "level"])["share"].unstack()  # noqa: PD010 - pivot_table would average
    if not {"normal", "aggressive"} <= set(channels) or channels.empty:
        return {"spread": 0.0, "widest": None}
    apart = (channels["aggressive"] - channels["normal"]).abs()
    return {"spread": float(apart.max()), "widest": str(apart.idxmax())}


def sizes(workspace: Workspace) -> Result:
    """Of how many identifiers customers consist: columns identifiers, customers, share."""
    manifest = prepare(workspace)
    facts = _facts(manifest)
    counted = dict.fromkeys(SIZES, 0)
    for size, many in facts["sizes"].items():
        counted[size if int(size) < 5 else SIZES[4 if int(size) < 10 else 5]] += many
    table = pd.DataFrame({"identifiers": list(counted), "customers": list(counted.values())})
    table["share"] = table["customers"] / max(facts["customers"], 1)
    told = {
        "stitched": manifest.identity is not None,
        "customers": facts["customers"],
        "anonymous": facts["anonymous"],
        "anonymous_share": facts["anonymous"] / max(facts["customers"], 1),
        "identifiers": sum(facts["identifiers"].values()),
        "largest": max(map(int, facts["sizes"]), default=0),
    }
    telling = {"anonymous": ("anonymous_share",)}
    return Result("customer_sizes", table, told, _settings(manifest), "customers", heads=telling)


def kinds(workspace: Workspace) -> Result:
    """Which identifiers were seen, and which could not be used.

    Columns kind, identifiers, refused, reasons, unique, limit.
    """
    manifest = prepare(workspace)
    facts = _facts(manifest)
    rows = [
        {
            "kind": kind,
            "identifiers": facts["identifiers"].get(kind, 0),
            "refused": sum(facts["refused"].get(kind, {}).values()),
            "reasons": "; ".join(f"{reason}: {n}" for reason, n in facts["refused"].get(kind, {}).items()),
            "unique": kind in facts["unique"],
            "limit": facts["limits"].get(kind),
        }
        for kind in KINDS
    ]
    table = pd.DataFrame(rows)
    table = table[table["identifiers"] + table["refused"] > 0].reset_index(drop=True)
    facts = {"kinds": len(table), "stitched": manifest.identity is not None}
    return Result("identifier_kinds", table, facts, _settings(manifest))


def matches(workspace: Workspace) -> Result:
    """How many customers of each source another source knows too.

    Columns source, rows, customers, matched, share with low and high (95%, Wilson).
    """
    manifest = prepare(workspace)
    columns = ["source", "rows", "customers", "matched"]
    table = pd.DataFrame(_facts(manifest)["sources"], columns=columns)
    table["share"] = table["matched"] / table["customers"].where(table["customers"] > 0)
    table["low"], table["high"] = wilson(table["matched"].to_numpy(), table["customers"].to_numpy())
    return Result("match_rates", table, {"sources": len(table)}, _settings(manifest), "customers")


@once
def links(workspace: Workspace, n: int = 12) -> Result:
    """Which evidence joined customers, and which was not believed, and why.

    Columns reason, left_kind, right_kind, links, customers (on the left end); the `n` most frequent of each
    outcome, and the rest as "(other)". Only links that hold customers together and those not used are in the
    log; others said nothing new.
    """
    manifest = prepare(workspace)
    by = ["reason", "left_kind", "right_kind"]
    log = _kept(workspace, "merges", [*by, "customer"])
    table = log.groupby(by, observed=True)["customer"].agg(["size", "nunique"]).reset_index()
    table = table.rename(columns={"size": "links", "nunique": "customers"}).astype(dict.fromkeys(by, str))
    table["joined"] = table["reason"] == "joined"
    table = table.sort_values(["joined", "links", *by], ascending=[False, False, True, True, True])
    joined = int(table.loc[table["joined"], "links"].sum())
    facts = {"joined": joined, "cut": int(table["links"].sum()) - joined}
    facts["to_decide"] = _facts(manifest).get("linking", {}).get("review", 0)
    table = pd.concat([_short(part, n) for _, part in table.groupby("joined", sort=False)] or [table])
    table = table.drop(columns="joined").reset_index(drop=True)
    return Result("identity_links", table, facts, _settings(manifest), "customers")


def _short(rows: pd.DataFrame, n: int) -> pd.DataFrame:
    """The first rows, and the sum of the others; a customer may be behind several of those."""
    if len(rows) <= n:
        return rows
    rest = rows.iloc[n - 1 :]
    other = rest.iloc[[0]].assign(
        left_kind=OTHER, right_kind=OTHER, links=rest["links"].sum(), customers=rest["customers"].sum()
    )
    same = rest["reason"].iloc[0] if rest["reason"].nunique() == 1 else OTHER  # noqa: PD101 - a few rows
    return pd.concat([rows.iloc[: n - 1], other.assign(reason=same)])


@once
def largest(workspace: Workspace, n: int = 20) -> Result:
    """Which customers consist of the most identifiers: the place to look for wrong merges.

    Columns customer, identifiers, then how many of each kind, rows, first, last. Whoever refused contact
    is left out.
    """
    manifest = prepare(workspace)
    table = _kept(workspace, "identifiers", ["customer_id", "kind", "rows", "first", "last"])
    people = customers.load(workspace)
    table = table[~table["customer_id"].isin(people.loc[people["opt_out"], "customer_id"])]
    table = table.rename(columns={"customer_id": "customer"})  # a kind of identifier has that name too
    counted = table["customer"].value_counts().rename("identifiers").reset_index()
    top = counted.sort_values(["identifiers", "customer"], ascending=[False, True]).head(n)
    mine = table[table["customer"].isin(top["customer"])]
    each = pd.crosstab(mine["customer"], mine["kind"].astype(str))
    seen = mine.groupby("customer").agg(rows=("rows", "max"), first=("first", "min"), last=("last", "max"))
    found = top.join(each, on="customer").join(seen, on="customer").reset_index(drop=True)
    return Result("largest_customers", found, {"shown": len(found)}, _settings(manifest))


@once
def life_stages(workspace: Workspace) -> Result:
    """How many customers are where in their life with the shop, and what they brought.

    Columns stage, rule, customers, share, orders, value (major units), opt_out (who refused contact).
    """
    manifest = prepare(workspace)
    people = customers.load(workspace)
    grouped = people.groupby("stage").agg(
        customers=("customer_id", "size"),
        orders=("orders", "sum"),
        value=("value", "sum"),
        opt_out=("opt_out", "sum"),
    )
    table = grouped.reindex(list(customers.STAGES)[::-1], fill_value=0).reset_index()
    table["rule"] = table["stage"].map(customers.STAGES)
    table["share"] = table["customers"] / max(len(people), 1)
    facts = {
        "customers": len(people),
        "opt_out": int(people["opt_out"].sum()),
        "known": int(people["known"].sum()),
    }
    settings = {"lapsed_days": customers.LAPSED, "data": manifest.fingerprint}
    return Result("life_stages", table, facts, settings, "customers", heads={"known": (), "opt_out": ()})


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
    people = customers.load(workspace)
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
    log = _kept(workspace, "merges", columns, mine)
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
    return Result("customer_merges", table, facts, {**_settings(manifest), "listed": n})


@once
def chosen(workspace: Workspace, example: Example) -> str | None:
    """Whom to show as an example: ``none`` nobody, ``typical`` somebody worth a look.

    That is a customer who ordered, where anybody did, is known to as many sources as any, has about as many
    rows as the third quarter begins with, and did not refuse contact.
    """
    if example == "none":
        return None
    prepare(workspace)
    people = customers.load(workspace)
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


def _pieces(whole: Bucket) -> Sequence[Any]:
    """The table in pieces of whole customers of about a million rows."""
    pieces = max(1, -(-len(whole) // BUCKET_ROWS))
    ends = np.searchsorted(whole.customer, np.arange(1, pieces) * (int(whole.customer[-1]) + 1) // pieces)
    cuts = [0, *ends.tolist(), len(whole)]
    return [
        partial(_same, Bucket(*(column[a:b] for column in vars(whole).values())))
        for a, b in itertools.pairwise(cuts)
        if b > a
    ]


def _same(bucket: Bucket) -> Bucket:
    return bucket


def _outcome(level: str, table: Touches, result: Result) -> dict[str, Any]:
    facts = result.facts
    over = facts["conversions"] + facts["nulls"]
    return {
        "level": level,
        "customers": table.customers,
        "journeys": facts["journeys"],
        "over": over,
        "conversions": facts["conversions"],
        "conversion_rate": facts["conversions"] / over if over else np.nan,
        "drop_off": facts["nulls"] / over if over else np.nan,
        "touched": facts["conversions"] - facts["no_touch"],
    }


def _kept(workspace: Workspace, name: str, columns: list[str], filters: Any = None) -> pd.DataFrame:
    """A table of the stitching, or some of its rows; empty where there was nothing to stitch."""
    file = workspace.work / "identity" / f"{name}.parquet"
    if not file.is_file():
        return pd.DataFrame({column: pd.Series(dtype="object") for column in columns})
    return pq.read_table(file, columns=columns, filters=filters).to_pandas()


def _facts(manifest: Manifest) -> Mapping[str, Any]:
    """What was stitched; customers who came as they are have one identifier each: their own."""
    return manifest.identity or {
        "level": "off",
        "unique": [],
        "limits": {},
        "refused": {},
        "identifiers": {"customer_id": manifest.customers},
        "customers": manifest.customers,
        "anonymous": 0,
        "sizes": {"1": manifest.customers},
        "sources": [],
    }


def _settings(manifest: Manifest) -> dict[str, Any]:
    facts = _facts(manifest)
    return {
        "level": facts["level"],
        "unique": list(facts["unique"]),
        "limits": dict(facts["limits"]),
        "data": manifest.fingerprint,
    }
