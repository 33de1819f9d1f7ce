"""Names the channel of staged rows that say where they came from, by the workspace's rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from journey_lib.channels.assign import UNASSIGNED, assign, changed_by_case
from journey_lib.channels.rules import load
from journey_lib.engine import Engine
from journey_lib.model import TRAFFIC
from journey_lib.workspace import Workspace


def name_channels(engine: Engine, events: Sequence[str], workspace: Workspace) -> dict[str, Any] | None:
    """Give every usable event that has traffic columns and no channel its channel; None where there is none.

    Rules are asked once for each distinct combination, not once a row. Returns the version of the rules, how
    many rows they named, by channel, and how many fit none of them.
    """
    some = " OR ".join(f"{column} IS NOT NULL" for column in TRAFFIC)
    arrived = f"reason IS NULL AND channel IS NULL AND ({some})"
    columns = ", ".join(TRAFFIC)
    parts = [f"SELECT {columns} FROM {name} WHERE {arrived}" for name in events]
    if not parts:
        return None
    union = " UNION ALL ".join(parts)
    distinct = engine.arrow(
        f"SELECT {columns}, count(*) AS rows FROM ({union}) GROUP BY {columns} ORDER BY ALL"
    )
    if not len(distinct):
        return None
    declared = workspace.channels
    custom = workspace.path / declared.custom if declared.custom else None
    rules = load(declared.rules, declared.extensions, custom)
    names = assign(rules, distinct)
    engine.keep("arrivals", distinct.append_column("named", pa.array(names, pa.string())))
    same = " AND ".join(f"e.{column} IS NOT DISTINCT FROM a.{column}" for column in TRAFFIC)
    for name in events:
        engine.run(
            f"UPDATE {name} SET channel = found.named FROM (SELECT e.rowid AS place, a.named FROM {name} e"
            f" JOIN arrivals a ON {same} WHERE e.reason IS NULL AND e.channel IS NULL) found"
            f" WHERE {name}.rowid = found.place"
        )
    counted: Counter[str] = Counter()
    for channel, rows in zip(names, distinct["rows"].to_pylist(), strict=True):
        counted[channel] += rows
    return {
        "version": rules.version,
        "assigned": sum(counted.values()) - counted[UNASSIGNED],
        "unassigned": counted[UNASSIGNED],
        "by_case": changed_by_case(rules, distinct, distinct["rows"].to_pylist()),
        "channels": dict(sorted(counted.items())),
    }
