"""How well rows became customers, and where these are in their life with the shop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from journey_lib import customers
from journey_lib.identity import KINDS
from journey_lib.intervals import wilson
from journey_lib.model import OTHER, Result
from journey_lib.once import once
from journey_lib.prepare import Manifest, prepare
from journey_lib.single_view.kept import kept, settings
from journey_lib.single_view.ordered import counted_by, ordered
from journey_lib.workspace import Workspace

SIZES = ("1", "2", "3", "4", "5–9", "10+")
UNSTITCHED = {
    "prospect": "listed",
    "visitor": "unlisted",
}  # stages, where nobody knows what a code stands for
RULES = {"listed": "no order, but in the CRM", "unlisted": "no order, and not in the CRM"}


def sizes(workspace: Workspace) -> Result:
    """Of how many identifiers customers consist: columns identifiers, customers, share.

    Facts: customers, with_rows (those with events or orders, whom the other reports count), without_rows (in
    other sources only), anonymous (known by a cookie or device only) and their share, named (the others),
    identifiers, largest.
    """
    manifest = prepare(workspace)
    facts = _facts(workspace, manifest)
    counted = dict.fromkeys(SIZES, 0)
    for size, many in facts["sizes"].items():
        counted[size if int(size) < 5 else SIZES[4 if int(size) < 10 else 5]] += many
    table = pd.DataFrame({"identifiers": list(counted), "customers": list(counted.values())})
    table["share"] = table["customers"] / max(facts["customers"], 1)
    told = {
        "stitched": manifest.identity is not None,
        "customers": facts["customers"],
        "with_rows": manifest.customers,
        "without_rows": facts["customers"] - manifest.customers,
        "anonymous": facts["anonymous"],
        "named": facts["customers"] - facts["anonymous"],
        "anonymous_share": facts["anonymous"] / max(facts["customers"], 1),
        "identifiers": sum(facts["identifiers"].values()),
        "largest": max(map(int, facts["sizes"]), default=0),
    }
    of_few = ("anonymous", "anonymous_share", "named")
    telling = {"anonymous": of_few, "named": of_few, "without_rows": ("with_rows",)}
    return Result("customer_sizes", table, told, settings(manifest), "customers", parts=((),), heads=telling)


def kinds(workspace: Workspace) -> Result:
    """Which identifiers were seen, and which could not be used.

    Columns kind, identifiers, refused, reasons, unique, limit.
    """
    manifest = prepare(workspace)
    facts = _facts(workspace, manifest)
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
    return Result("identifier_kinds", table, facts, settings(manifest))


def matches(workspace: Workspace) -> Result:
    """How many customers of each source another source knows too.

    Columns source, rows, customers, matched, share with low and high (95%, Wilson).
    """
    manifest = prepare(workspace)
    columns = ["source", "rows", "customers", "matched"]
    table = pd.DataFrame(_facts(workspace, manifest)["sources"], columns=columns)
    table["share"] = table["matched"] / table["customers"].where(table["customers"] > 0)
    table["low"], table["high"] = wilson(table["matched"].to_numpy(), table["customers"].to_numpy())
    return Result(
        "match_rates",
        table,
        {"sources": len(table)},
        settings(manifest),
        base="customers",
        people=("matched",),
        within={"matched": ("customers",)},
        tell={"matched": ("share", "low", "high")},
    )


@once
def links(workspace: Workspace, n: int = 12) -> Result:
    """Which evidence joined customers, and which was not believed, and why.

    Columns reason, left_kind, right_kind, links, customers (on the left end); the `n` most frequent of each
    outcome, and the rest as "(other)". Only links that hold customers together and those not used are in the
    log; others said nothing new.
    """
    manifest = prepare(workspace)
    by = ["reason", "left_kind", "right_kind"]
    log = kept(workspace, "merges", [*by, "customer"])
    table = log.groupby(by, observed=True)["customer"].agg(["size", "nunique"]).reset_index()
    table = table.rename(columns={"size": "links", "nunique": "customers"}).astype(dict.fromkeys(by, str))
    table["joined"] = table["reason"] == "joined"
    table = table.sort_values(["joined", "links", *by], ascending=[False, False, True, True, True])
    joined = int(table.loc[table["joined"], "links"].sum())
    facts = {"joined": joined, "cut": int(table["links"].sum()) - joined}
    facts["to_decide"] = (manifest.identity or {}).get("linking", {}).get("review", 0)
    table = pd.concat([_short(part, n) for _, part in table.groupby("joined", sort=False)] or [table])
    table = table.drop(columns="joined").reset_index(drop=True)
    return Result("identity_links", table, facts, settings(manifest), "customers")


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
    table = kept(workspace, "identifiers", ["customer_id", "kind", "rows", "first", "last"])
    people = customers.load(workspace)
    table = table[~table["customer_id"].isin(people.loc[people["opt_out"], "customer_id"])]
    table = table.rename(columns={"customer_id": "customer"})  # a kind of identifier has that name too
    counted = table["customer"].value_counts().rename("identifiers").reset_index()
    top = counted.sort_values(["identifiers", "customer"], ascending=[False, True]).head(n)
    mine = table[table["customer"].isin(top["customer"])]
    each = pd.crosstab(mine["customer"], mine["kind"].astype(str))
    seen = mine.groupby("customer").agg(rows=("rows", "max"), first=("first", "min"), last=("last", "max"))
    found = top.join(each, on="customer").join(seen, on="customer").reset_index(drop=True)
    return Result("largest_customers", found, {"shown": len(found)}, settings(manifest))


@once
def life_stages(workspace: Workspace) -> Result:
    """How many customers are where in their life with the shop, and what they brought.

    Columns stage, rule, customers, share, orders, value (major units), opt_out (who refused contact). Where
    no source of orders is declared, the rows of the main conversion are the orders (setting ``orders``);
    where nothing was stitched, customers without an order are told apart by the CRM alone, for one code may
    be a cookie or a name.
    """
    manifest = prepare(workspace)
    people = ordered(workspace)
    grouped = people.groupby("stage").agg(
        customers=("customer_id", "size"),
        orders=("orders", "sum"),
        value=("value", "sum"),
        opt_out=("opt_out", "sum"),
    )
    table = grouped.reindex(list(customers.STAGES)[::-1], fill_value=0).reset_index()
    if manifest.identity is None:
        table["stage"] = table["stage"].replace(UNSTITCHED)
    table["rule"] = table["stage"].map({**customers.STAGES, **RULES})
    table["share"] = table["customers"] / max(len(people), 1)
    facts = {
        "customers": len(people),
        "opt_out": int(people["opt_out"].sum()),
        "known": int(people["known"].sum()),
    }
    said = {"lapsed_days": customers.LAPSED, "orders": counted_by(workspace), "data": manifest.fingerprint}
    return Result(
        "life_stages",
        table,
        facts,
        said,
        base="customers",
        people=("opt_out",),
        within={"opt_out": ("customers",)},
        parts=((),),
        sums={"opt_out": ((),)},
        heads={"known": (), "opt_out": ()},
    )


def _facts(workspace: Workspace, manifest: Manifest) -> Mapping[str, Any]:
    """What was stitched; customers who came as they are have one identifier each: their own."""
    if manifest.identity:
        return manifest.identity
    everyone = customers.count(workspace)
    return {
        "unique": [],
        "limits": {},
        "refused": {},
        "identifiers": {"customer_id": everyone},
        "customers": everyone,
        "anonymous": 0,
        "sizes": {"1": everyone},
        "sources": [],
    }
