"""Keeping bad rows apart: what was dropped from each source, why, and where to find it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import ConfigError

KEYS = {
    "events": "event_id",
    "orders": "order_id",
    "customers": "customer_id",
    "surveys": "survey_id",
    "tickets": "ticket_id",
}

PLACES = 1 << 25  # keys looked at together, 8 bytes each
SEEN = "was already seen"
# What a platform itself leaves out of its reports: dropped, and no fault of the export.
LEFT_OUT = ("hit is excluded by Adobe", "hit was uploaded, not made by a visitor")


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

    @property
    def unusable(self) -> int:
        """Dropped rows that could not be used; a repetition, or what the platform leaves out, is no loss."""
        lost = [n for why, n in self.dropped.items() if not why.endswith(SEEN) and why not in LEFT_OUT]
        return sum(lost)


AMOUNTS = {"events": "value", "orders": "value", "returns": "value", "costs": "cost"}
FOREIGN = "currency is not the workspace's"


def convert_currency(
    engine: Engine, staged: str, table: str, currency: str, timezone: str, rates: Path | None
) -> dict[str, int]:
    """Turn amounts in another currency into the workspace's, by declared rates only; keep the others apart.

    `rates` is a CSV file with the columns currency, rate (how much of the workspace's currency one unit is
    worth) and, where rates change, date: the latest rate up to the local day of a row holds. Returns how
    many rows were converted, by currency.
    """
    amount = AMOUNTS.get(table)
    if amount is None:
        return {}
    foreign = "reason IS NULL AND currency IS NOT NULL AND upper(currency) <> ?"
    found = engine.one(f"SELECT count(*) FROM {staged} WHERE {foreign}", [currency])[0]
    if not found:
        return {}
    engine.fix(staged)
    converted: dict[str, int] = {}
    if rates is not None:
        _load_rates(engine, rates)
        local = "date" if table == "costs" else f"timezone({literal(timezone)}, timezone('UTC', timestamp))"
        engine.run(
            "CREATE OR REPLACE TEMP TABLE converted AS SELECT r.rate, s.rowid AS place, s.currency"
            f" FROM (SELECT rowid, upper(currency) AS currency, CAST({local} AS DATE) AS day FROM {staged}"
            f" WHERE {foreign}) s ASOF JOIN rates r ON s.currency = r.currency AND s.day >= r.day",
            [currency],
        )
        engine.run(
            f"UPDATE {staged} SET {amount} = {amount} * converted.rate, currency = ? FROM converted"
            f" WHERE {staged}.rowid = converted.place",
            [currency],
        )
        counted = engine.rows("SELECT currency, count(*) FROM converted GROUP BY currency ORDER BY currency")
        converted = {f"amounts converted from {name}": int(n) for name, n in counted}
    engine.run(f"UPDATE {staged} SET reason = ? WHERE {foreign}", [FOREIGN, currency])
    return converted


def _load_rates(engine: Engine, file: Path) -> None:
    """Create the table `rates`; every line of the file must be readable, for money hangs on it."""
    if not file.is_file():
        raise ConfigError(
            "the exchange rates are not there", where=str(file), do="correct `rates` in journey.yaml"
        )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE said AS SELECT * FROM"
        f" read_csv({literal(str(file))}, all_varchar=true, header=true, delim=',')"
    )
    columns = {name for name, *_ in engine.rows("DESCRIBE said")}
    if not {"currency", "rate"} <= columns <= {"currency", "rate", "date"}:
        raise ConfigError(
            "the exchange rates need the columns currency, rate and, where they change, date",
            where=f"{file}, line 1: {', '.join(sorted(columns))}",
        )
    day = "try_cast(date AS DATE)" if "date" in columns else "DATE '0001-01-01'"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE rates AS SELECT upper(trim(currency)) AS currency,"
        f" try_cast(rate AS DOUBLE) AS rate, {day} AS day FROM said"
    )
    bad = engine.one(
        "SELECT count(*) FROM rates WHERE currency IS NULL OR rate IS NULL OR NOT rate > 0"
        " OR isinf(rate) OR day IS NULL"
    )[0]
    twice = engine.one(
        "SELECT count(*) FROM (SELECT 1 FROM rates GROUP BY currency, day HAVING count(*) > 1)"
    )[0]
    if bad or twice:
        raise ConfigError(
            "the exchange rates cannot be used",
            where=str(file),
            how_many=f"{bad} unreadable lines, {twice} currencies with two rates on one day",
            do="write rates as plain numbers such as 25400.5 and days as 2025-01-31",
        )


def mark_duplicates(engine: Engine, staged: Sequence[str], table: str) -> None:
    """Keep only the first row of every key, over all sources of a table; rows without a key stay.

    "First" is by source, file and row, so that the same files always keep the same rows. A customer is told
    of by several sources, a CRM and a loyalty programme, so there a key stands once in each.
    """
    if table == "customers" and len(staged) > 1:
        for name in staged:
            mark_duplicates(engine, [name], table)
        return
    key = KEYS.get(table)
    if key is None or not staged:
        return
    said = f"{key} said"  # the key as a whole number, where files have numbers and reading kept them
    kinds = [dict(row[:2] for row in engine.rows(f"DESCRIBE {name}")).get(said, "VARCHAR") for name in staged]
    whole = "VARCHAR" not in kinds
    place = f"CAST({identifier(said)} AS BIGINT)" if whole else f"CAST(hash({key}) >> 1 AS BIGINT)"
    if whole and _ascending(engine, staged, place):
        return
    some = f"WHERE reason IS NULL AND {identifier(said) if whole else key} IS NOT NULL"
    again = _repeated(engine, staged, f"{place} AS place", some)
    if not len(again):
        return
    # The same hash says that keys may be the same: the few that have it are looked at closely.
    engine.keep("often", pa.table({"place": pa.array(again)}))
    union = " UNION ALL ".join(
        f"SELECT {number} AS source, {key} AS key, file, row FROM {name} {some}"
        f" AND {place} IN (SELECT place FROM often)"
        for number, name in enumerate(staged)
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT key, min((source, file, row)) AS first"
        f" FROM ({union}) GROUP BY key HAVING count(*) > 1"
    )
    for number, name in enumerate(staged):
        engine.fix(name)
        engine.run(
            f"UPDATE {name} SET reason = '{key} {SEEN}' FROM repeated"
            f" WHERE {name}.reason IS NULL AND {name}.{key} = repeated.key"
            f" AND ({number}, {name}.file, {name}.row) <> repeated.first"
        )


def _ascending(engine: Engine, staged: Sequence[str], key: str) -> bool:
    """Whether keys only grow from row to row, as a shop's numbers usually do: then none stands twice.

    All rows are asked, usable or not, so that no other column of the files is read.
    """
    last = np.zeros(0, np.int64)
    for name in staged:
        for batch in engine.batches(
            f"SELECT place FROM (SELECT {key} AS place FROM {name}) WHERE place IS NOT NULL"
        ):
            keys = np.concatenate([last, batch["place"].to_numpy()])
            if not (keys[1:] > keys[:-1]).all():
                return False
            last = keys[-1:]
    return True


def _repeated(
    engine: Engine, staged: Sequence[str], place: str, some: str
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The places (keys that are numbers, or hashes of keys) of more than one row, a part of all at a time."""
    rows = sum(engine.one(f"SELECT count(*) FROM {name}")[0] for name in staged)
    parts = max(1, -(-rows // PLACES))
    found = []
    for part in range(parts):
        of_part = f" WHERE (place & 1048575) % {parts} = {part}" if parts > 1 else ""
        pieces = [
            batch["place"].to_numpy()
            for name in staged
            for batch in engine.batches(f"SELECT place FROM (SELECT {place} FROM {name} {some}){of_part}")
        ]
        places = np.concatenate([*pieces, np.zeros(0, np.int64)])
        if (places[1:] > places[:-1]).all():  # as a shop's numbers usually come
            continue
        places.sort()
        again = places[1:][places[1:] == places[:-1]]
        first = np.ones(len(again), bool)
        first[1:] = again[1:] != again[:-1]
        found.append(again[first])
    return np.concatenate([*found, np.zeros(0, np.int64)])


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
