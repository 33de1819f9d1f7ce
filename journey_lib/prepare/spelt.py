"""Names in the tables beside the touches, spelt as those of the touches are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from journey_lib.engine import Engine, identifier
from journey_lib.model import DEMOGRAPHICS, TABLES
from journey_lib.prepare.code import TOUCHING
from journey_lib.spelling import respelt

# Columns whose words are names, by which rows of different files belong together. Not here: what people wrote
# (comment, text, name, address, items), and what only says which one it is (identifiers, keys, experiments).
NAMES = (
    "channel", "touchpoint", "campaign", "category", "kind", "metric", "topic", "status", "department",
    "city", "district", "gender", "tier", *DEMOGRAPHICS,
)  # fmt: skip


def spell(engine: Engine, staged: Mapping[str, Sequence[str]]) -> None:
    """Write each name of the staged tables in one way, whatever their files say.

    Names of touches get theirs when they become numbers. Here too only distinct names are looked at, and rows
    are written only where one of them changes.
    """
    for table, parts in staged.items():
        if table in TOUCHING:
            continue
        for column in (name for name in NAMES if name in TABLES[table]):
            for part in parts:
                _spell(engine, part, identifier(column))


def _spell(engine: Engine, part: str, column: str) -> None:
    found = engine.rows(f"SELECT DISTINCT {column} FROM {part} WHERE reason IS NULL AND {column} IS NOT NULL")
    changed = respelt(name for (name,) in found)
    if not changed:
        return
    engine.fix(part)
    pairs = pa.table({"said": [*changed], "spelt": [*changed.values()]})
    with engine.lent("respelt", pairs):
        engine.run(
            f"UPDATE {part} SET {column} = respelt.spelt FROM respelt WHERE {part}.{column} = respelt.said"
        )
