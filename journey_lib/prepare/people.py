"""Writes the customers table: one row a customer, whatever the sources knew them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.engine import Engine, literal
from journey_lib.identity.stitch import Stitched
from journey_lib.model import DEMOGRAPHICS
from journey_lib.prepare.bucket import SEEN

# Of the CRM; none names a person.
TRAITS = ("city", "district", "birth_year", "gender", "joined", "tier", *DEMOGRAPHICS)
ABOUT = ("customers", "identifiers", "items", "surveys", "tickets", "returns", "experiments")
LAPSED = 180  # days without any contact after which whoever ordered before counts as lapsed
# What `opt_out` says of somebody who did not refuse. Whatever else stands there counts as a refusal: "1.0" of
# a spreadsheet, "unsubscribed", a date.
NO = ("", "0", "0.0", "false", "no", "n", "f", "không", "khong", "ko", "k", "none", "null", "nan", "n/a", "-")

FEW = ("fold", "rows", "sources", "orders", "value", "identifiers", "stage", *TRAITS)  # worth a dictionary
TOLD = pa.schema(
    [
        *SEEN,
        pa.field("identifiers", pa.int64()),
        pa.field("known", pa.bool_()),
        pa.field("opt_out", pa.bool_()),
        pa.field("stage", pa.string()),
        *(pa.field(name, pa.string()) for name in TRAITS),
    ]
)

# The stages of a customer's life, first rule that fits; printed beside every table that uses them.
STAGES: Mapping[str, str] = {
    "lapsed": f"ordered, and not seen in the last {LAPSED} days",
    "repeat": "two orders or more",
    "new": "one order",
    "prospect": "no order, but known by an account, a card, an e-mail address, a phone or the CRM",
    "visitor": "no order, and known by no more than a cookie or a device",
}


def alone(staged: Mapping[str, Sequence[str]], stitched: Stitched | None) -> bool:
    """Whether nothing is known of customers but their events and orders."""
    return stitched is None and not any(staged[table] for table in ABOUT)


def writer(file: Path) -> pq.ParquetWriter:
    """Of a table of customers that is written a bucket at a time."""
    return pq.ParquetWriter(file, TOLD, compression="lz4", use_dictionary=[*FEW])


def told(engine: Engine, seen: pa.Table, end: int) -> pa.Table:
    """The rows of customers of whom nothing else is known (columns: see `write`), in the order they have."""
    with engine.lent("seen", seen):
        stage = engine.arrow(f"SELECT {_stage(end)} FROM (SELECT *, false AS known FROM seen)")["stage"]
    columns = {
        **dict(zip(seen.column_names, seen.columns, strict=True)),
        "identifiers": np.ones(len(seen), np.int64),
        **dict.fromkeys(("known", "opt_out"), np.zeros(len(seen), bool)),
        "stage": stage,
        **dict.fromkeys(TRAITS, pa.nulls(len(seen), pa.string())),
    }
    return pa.table([columns[name] for name in TOLD.names], TOLD)


def write(
    engine: Engine,
    staged: Mapping[str, Sequence[str]],
    file: Path,
    stitched: Stitched | None,
    end: int,
) -> None:
    """Write the table; customers with touches come first, in the order of their numbers.

    The engine holds what their touches say of them as `customers` (columns: `bucket.SEEN`).

    Columns: customer (number in the touch table, null without touches), customer_id, fold, first_seen,
    last_seen (µs of UTC), rows, sources, orders, value (minor units), identifiers, known, opt_out, stage, and
    the traits of the CRM. `end` is the last moment of all touches.
    """
    _crm(engine, staged["customers"])
    _identifiers(engine, stitched)
    traits = ", ".join(f"crm.{name}" for name in TRAITS)
    people = (
        "SELECT p.*, coalesce(i.identifiers, 1) AS identifiers,"
        " coalesce(i.known, false) OR crm.customer_id IS NOT NULL AS known,"
        f" coalesce(crm.opt_out, false) AS opt_out, {traits} FROM"
        f" ({_seen(staged)}) p LEFT JOIN crm USING (customer_id) LEFT JOIN identified i USING (customer_id)"
    )
    engine.run(
        f"COPY (SELECT * EXCLUDE ({', '.join(TRAITS)}), {_stage(end)}, {', '.join(TRAITS)} FROM ({people})"
        f" ORDER BY customer NULLS LAST, customer_id) TO {literal(str(file))} (FORMAT parquet)"
    )


def _stage(end: int) -> str:
    """The stage of a customer's life in SQL, as `STAGES` says it."""
    return (
        f"CASE WHEN orders > 0 AND last_seen < {end} - {LAPSED} * 86400000000 THEN 'lapsed'"
        " WHEN orders > 1 THEN 'repeat' WHEN orders = 1 THEN 'new' WHEN known THEN 'prospect'"
        " ELSE 'visitor' END AS stage"
    )


def _seen(staged: Mapping[str, Sequence[str]]) -> str:
    """When each customer was first and last seen, in how many rows of how many sources."""
    others = [
        f"SELECT customer_id, {'CAST(NULL AS TIMESTAMP)' if table == 'customers' else 'timestamp'} AS moment,"
        f" '{name}' AS source FROM {name} WHERE reason IS NULL AND customer_id IS NOT NULL"
        for table in ("surveys", "tickets", "customers", "identifiers")
        for name in staged[table]
    ]
    if not others:
        return "FROM customers"
    return (
        "SELECT max(customer) AS customer, customer_id, max(fold) AS fold, min(first_seen) AS first_seen,"
        " max(last_seen) AS last_seen, CAST(sum(rows) AS BIGINT) AS rows,"
        " CAST(sum(sources) AS BIGINT) AS sources, CAST(sum(orders) AS BIGINT) AS orders,"
        " CAST(sum(value) AS BIGINT) AS value FROM (FROM customers UNION ALL SELECT NULL, customer_id, NULL,"
        " min(epoch_us(moment)), max(epoch_us(moment)), count(*), count(DISTINCT source), 0, 0"
        f" FROM ({' UNION ALL '.join(others)}) GROUP BY customer_id) GROUP BY customer_id"
    )


def _crm(engine: Engine, names: Sequence[str]) -> None:
    """One record a customer: of several, what the first that says anything says; one refusal is a refusal."""
    columns = ", ".join(("customer_id", "opt_out", *TRAITS))
    parts = [
        f"SELECT {columns}, {number} AS source, file, row FROM {name} WHERE reason IS NULL"
        for number, name in enumerate(names)
    ]
    empty = ", ".join(f"'' AS {name}" for name in ("customer_id", "opt_out", *TRAITS))
    union = " UNION ALL ".join(parts) or f"SELECT {empty}, 0 AS source, '' AS file, 0 AS row WHERE false"
    no = ", ".join(literal(word) for word in NO)
    first = ", ".join(
        f"arg_min({name}, (source, file, row)) FILTER (WHERE {name} IS NOT NULL) AS {name}" for name in TRAITS
    )
    engine.run(
        "CREATE OR REPLACE TABLE crm AS SELECT customer_id,"
        f" coalesce(bool_or(lower(trim(opt_out)) NOT IN ({no})), false) AS opt_out, {first} FROM ({union})"
        " GROUP BY customer_id"
    )


def _identifiers(engine: Engine, stitched: Stitched | None) -> None:
    if stitched is None:
        engine.run(
            "CREATE OR REPLACE TABLE identified (customer_id VARCHAR, identifiers BIGINT, known BOOLEAN)"
        )
        return
    engine.keep("identified", stitched.people)
