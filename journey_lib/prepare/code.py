"""Names become numbers: of customers by fold, of channels, touchpoints and event types by alphabet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.model import RESERVED
from journey_lib.prepare.manifest import FOLDS


def refuse_reserved(channels: Sequence[str]) -> None:
    """Refuse channels that are called what results call the ends of a journey."""
    taken = sorted(RESERVED.intersection(channels))
    if taken:
        raise DataError(
            f"a channel cannot be called {', '.join(repr(name) for name in taken)}",
            do="rename it: results use these names for journeys' ends and remainders",
        )


def coded(engine: Engine, staged: Mapping[str, Sequence[str]], scale: int) -> dict[str, dict[str, int]]:
    """Create `events` (all usable rows) and `customers`, and number the names in alphabetical order."""
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
    codes: dict[str, dict[str, int]] = {}
    for name in ("channel", "touchpoint", "event_type"):
        engine.run(
            f"CREATE TABLE {name}s AS SELECT name,"
            " CAST(row_number() OVER (ORDER BY name) - 1 AS SMALLINT) AS code"
            f" FROM (SELECT DISTINCT {name} AS name FROM events WHERE {name} IS NOT NULL)"
        )
        codes[name] = dict(engine.rows(f"SELECT name, code FROM {name}s ORDER BY code"))
    refuse_reserved(list(codes["channel"]))
    engine.run(
        "CREATE TABLE customers AS SELECT customer_id, fold,"
        " CAST(row_number() OVER (ORDER BY fold, customer_id) - 1 AS INTEGER) AS customer FROM ("
        f"SELECT customer_id, CAST(md5_number_lower(customer_id) % {FOLDS} AS SMALLINT) AS fold"
        " FROM (SELECT DISTINCT customer_id FROM events))"
    )
    counted = dict(engine.rows("SELECT event_type, count(*) FROM events GROUP BY event_type"))
    codes["event_type"] = {name: int(counted[name]) for name in codes["event_type"]}
    return codes


def _who(engine: Engine, name: str) -> str:
    """The number of the row's strongest identifier, by which other ways of stitching find it; -1 for none."""
    columns = {column for column, *_ in engine.rows(f"DESCRIBE {name}")}
    return "who" if "who" in columns else "CAST(-1 AS INTEGER) AS who"
