"""Names become numbers: of customers by fold, of channels, touchpoints and event types by alphabet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.model import RESERVED
from journey_lib.prepare.manifest import FOLDS

FOLD = f"CAST(md5_number_lower(customer_id) % {FOLDS} AS SMALLINT)"


def refuse_reserved(channels: Sequence[str]) -> None:
    """Refuse channels that are called what results call the ends of a journey."""
    taken = sorted(RESERVED.intersection(channels))
    if taken:
        raise DataError(
            f"a channel cannot be called {', '.join(repr(name) for name in taken)}",
            do="rename it: results use these names for journeys' ends and remainders",
        )


def gather(engine: Engine, staged: Mapping[str, Sequence[str]], scale: int) -> None:
    """Create `events`: all usable rows of what becomes a touch or ends a journey, amounts in minor units."""
    parts = [
        "SELECT customer_id, epoch_us(timestamp) AS moment, channel, touchpoint, event_type,"
        f" CAST(round(coalesce(value, 0) * {scale}) AS BIGINT) AS value, event_id, {_who(engine, name)}"
        f" FROM {name} WHERE reason IS NULL"
        for name in staged["events"]
    ] + [
        "SELECT customer_id, epoch_us(timestamp) AS moment, CAST(NULL AS VARCHAR) AS channel,"
        " channel AS touchpoint, 'purchase' AS event_type,"
        f" CAST(round(value * {scale}) AS BIGINT) AS value, order_id AS event_id, {_who(engine, name)}"
        f" FROM {name} WHERE reason IS NULL"
        for name in staged["orders"]
    ]
    if not parts:
        raise DataError(
            "no source delivers events or orders", do="declare one under `sources` in journey.yaml"
        )
    engine.run(f"CREATE TABLE events AS {' UNION ALL '.join(parts)}")


def coded(engine: Engine) -> dict[str, dict[str, int]]:
    """Number the names and the customers of `events` in alphabetical order; event types are also counted."""
    codes: dict[str, dict[str, int]] = {}
    for name in ("channel", "touchpoint", "event_type"):
        engine.run(
            f"CREATE TABLE {name}s AS SELECT name,"
            " CAST(row_number() OVER (ORDER BY name) - 1 AS SMALLINT) AS code"
            f" FROM (SELECT DISTINCT {name} AS name FROM events WHERE {name} IS NOT NULL)"
        )
        codes[name] = dict(engine.rows(f"SELECT name, code FROM {name}s ORDER BY code"))
    refuse_reserved(list(codes["channel"]))
    number_customers(engine)
    counted = dict(engine.rows("SELECT event_type, count(*) FROM events GROUP BY event_type"))
    codes["event_type"] = {name: int(counted[name]) for name in codes["event_type"]}
    return codes


def recoded(engine: Engine, codes: Mapping[str, Mapping[str, int]], first: int) -> None:
    """Code a part of all `events` as the whole was coded: by its names, and by customers from `first` on."""
    for name, code in codes.items():
        numbers = pa.array(range(len(code)), pa.int16())
        engine.keep(f"{name}s", pa.table({"name": pa.array(code, pa.string()), "code": numbers}))
    number_customers(engine, first)


def number_customers(engine: Engine, first: int = 0) -> None:
    """Create `customers`, by fold and then by id, numbered from `first` on."""
    engine.run(
        "CREATE TABLE customers AS SELECT customer_id, fold,"
        f" CAST(row_number() OVER () - 1 + {first} AS INTEGER) AS customer FROM ("
        f"SELECT customer_id, {FOLD} AS fold FROM (SELECT DISTINCT customer_id FROM events)"
        " ORDER BY fold, customer_id)"
    )


def _who(engine: Engine, name: str) -> str:
    """The number of the row's strongest identifier, by which other ways of stitching find it; -1 for none."""
    columns = {column for column, *_ in engine.rows(f"DESCRIBE {name}")}
    return "who" if "who" in columns else "CAST(-1 AS INTEGER) AS who"
