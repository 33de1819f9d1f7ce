"""Writes the customers table: one row a customer, whatever the sources knew them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from journey_lib.engine import Engine, literal
from journey_lib.identity.stitch import Stitched
from journey_lib.model import DEMOGRAPHICS

# Of the CRM; none names a person.
TRAITS = ("city", "district", "birth_year", "gender", "joined", "tier", *DEMOGRAPHICS)
LAPSED = 180  # days without any contact after which whoever ordered before counts as lapsed
YES = ("1", "true", "yes", "y", "x", "có", "co", "t")

# The stages of a customer's life, first rule that fits; printed beside every table that uses them.
STAGES: Mapping[str, str] = {
    "lapsed": f"ordered, and not seen in the last {LAPSED} days",
    "repeat": "two orders or more",
    "new": "one order",
    "prospect": "no order, but known by an account, a card, an e-mail address, a phone or the CRM",
    "visitor": "no order, and known by no more than a cookie or a device",
}


def write(
    engine: Engine,
    staged: Mapping[str, Sequence[str]],
    file: Path,
    scale: int,
    stitched: Stitched | None,
    end: int,
) -> None:
    """Write the table; customers with touches come first, in the order of their numbers.

    Columns: customer (number in the touch table, null without touches), customer_id, fold, first_seen,
    last_seen (µs of UTC), rows, sources, orders, value (minor units), identifiers, known, opt_out, stage, and
    the traits of the CRM. `end` is the last moment of all touches.
    """
    _orders(engine, staged["orders"], scale)
    _crm(engine, staged["customers"])
    _identifiers(engine, stitched)
    traits = ", ".join(f"crm.{name}" for name in TRAITS)
    engine.run(
        "CREATE OR REPLACE TABLE people AS SELECT c.customer, p.customer_id, c.fold, p.first_seen,"
        " p.last_seen, p.rows, p.sources, coalesce(o.orders, 0) AS orders,"
        " coalesce(o.value, 0) AS value, coalesce(i.identifiers, 1) AS identifiers,"
        " coalesce(i.known, false) OR crm.customer_id IS NOT NULL AS known,"
        f" coalesce(crm.opt_out, false) AS opt_out, {traits} FROM"
        f" ({_seen(staged)}) p LEFT JOIN customers c USING (customer_id)"
        " LEFT JOIN ordered o USING (customer_id) LEFT JOIN crm USING (customer_id)"
        " LEFT JOIN identified i USING (customer_id)"
    )
    stage = (
        f"CASE WHEN orders > 0 AND last_seen < {end} - {LAPSED} * 86400000000 THEN 'lapsed'"
        " WHEN orders > 1 THEN 'repeat' WHEN orders = 1 THEN 'new' WHEN known THEN 'prospect'"
        " ELSE 'visitor' END AS stage"
    )
    engine.run(
        f"COPY (SELECT * EXCLUDE ({', '.join(TRAITS)}), {stage}, {', '.join(TRAITS)} FROM people"
        f" ORDER BY customer NULLS LAST, customer_id) TO {literal(str(file))} (FORMAT parquet)"
    )


def _seen(staged: Mapping[str, Sequence[str]]) -> str:
    """When each customer was first and last seen, in how many rows of how many sources."""
    parts = []
    for table in ("events", "orders", "surveys", "tickets", "customers", "identifiers"):
        time = "epoch_us(timestamp)" if table not in ("customers",) else "CAST(NULL AS BIGINT)"
        parts += [
            f"SELECT customer_id, min({time}) AS first_seen, max({time}) AS last_seen, count(*) AS rows"
            f" FROM {name} WHERE reason IS NULL AND customer_id IS NOT NULL GROUP BY customer_id"
            for name in staged[table]
        ]
    return (
        "SELECT customer_id, min(first_seen) AS first_seen, max(last_seen) AS last_seen,"
        " CAST(sum(rows) AS BIGINT) AS rows, count(*) AS sources"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY customer_id"
    )


def _orders(engine: Engine, names: Sequence[str], scale: int) -> None:
    parts = [f"SELECT customer_id, value FROM {name} WHERE reason IS NULL" for name in names]
    union = " UNION ALL ".join(parts) or "SELECT '' AS customer_id, 0 AS value WHERE false"
    engine.run(
        "CREATE OR REPLACE TABLE ordered AS SELECT customer_id, count(*) AS orders,"
        f" CAST(sum(CAST(round(value * {scale}) AS BIGINT)) AS BIGINT) AS value FROM ({union})"
        " GROUP BY customer_id"
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
    yes = ", ".join(literal(word) for word in YES)
    first = ", ".join(
        f"arg_min({name}, (source, file, row)) FILTER (WHERE {name} IS NOT NULL) AS {name}" for name in TRAITS
    )
    engine.run(
        "CREATE OR REPLACE TABLE crm AS SELECT customer_id,"
        f" coalesce(bool_or(lower(opt_out) IN ({yes})), false) AS opt_out, {first} FROM ({union})"
        " GROUP BY customer_id"
    )


def _identifiers(engine: Engine, stitched: Stitched | None) -> None:
    if stitched is None:
        engine.run(
            "CREATE OR REPLACE TABLE identified (customer_id VARCHAR, identifiers BIGINT, known BOOLEAN)"
        )
        return
    engine.keep("identified", stitched.people)
