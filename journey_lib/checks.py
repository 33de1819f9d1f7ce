"""Keeping bad rows apart: what was dropped from each source, why, and where to find it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal

KEYS = {"events": "event_id", "orders": "order_id", "customers": "customer_id"}


@dataclass(frozen=True)
class Account:
    """What became of one source's rows: ``rows_in == kept + sum(dropped.values())``, always."""

    table: str
    format: str
    path: str
    rows_in: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, int] = field(default_factory=dict)


def mark_foreign_currency(engine: Engine, staged: str, currency: str) -> None:
    """Keep rows in another currency apart: without a declared rate their amounts cannot be added."""
    engine.run(
        f"UPDATE {staged} SET reason = 'currency is not the workspace''s' "
        "WHERE reason IS NULL AND currency IS NOT NULL AND upper(currency) <> ?",
        [currency],
    )


def mark_duplicates(engine: Engine, staged: Sequence[str], table: str) -> None:
    """Keep only the first row of every key, over all sources of a table; rows without a key stay.

    "First" is by source, file and row, so that the same files always keep the same rows.
    """
    key = KEYS.get(table)
    if key is None or not staged:
        return
    union = " UNION ALL ".join(
        f"SELECT {number} AS source, {key} AS key, file, row FROM {name}"
        f" WHERE reason IS NULL AND {key} IS NOT NULL"
        for number, name in enumerate(staged)
    )
    # Counting is quick; the earliest place is looked for only where a key repeats.
    engine.run(
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT key, min((source, file, row)) AS first"
        f" FROM ({union}) WHERE key IN (SELECT key FROM ({union}) GROUP BY key HAVING count(*) > 1)"
        " GROUP BY key"
    )
    for number, name in enumerate(staged):
        engine.run(
            f"UPDATE {name} SET reason = '{key} was already seen' FROM repeated"
            f" WHERE {name}.reason IS NULL AND {name}.{key} = repeated.key"
            f" AND ({number}, {name}.file, {name}.row) <> repeated.first"
        )


def account(engine: Engine, staged: str) -> tuple[int, int, dict[str, int]]:
    """Rows in, rows kept, and rows dropped by reason, of one staged source."""
    counts = engine.rows(f"SELECT reason, count(*) FROM {staged} GROUP BY reason ORDER BY reason NULLS FIRST")
    dropped = {reason: int(n) for reason, n in counts if reason is not None}
    kept = sum(int(n) for reason, n in counts if reason is None)
    return kept + sum(dropped.values()), kept, dropped


def keep_rejected(engine: Engine, staged: str, file: Path) -> None:
    """Write the bad rows of one staged source with their reason, file, row and what they said."""
    file.parent.mkdir(parents=True, exist_ok=True)
    engine.run(
        f"COPY (SELECT reason, file, row, raw FROM {identifier(staged)} WHERE reason IS NOT NULL"
        f" ORDER BY reason, file, row) TO {literal(str(file))} (FORMAT parquet)"
    )
