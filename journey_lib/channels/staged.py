"""Staged rows that say where they came from: what is wrong with their tags, and which channel they get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa

from journey_lib.channels.assign import UNASSIGNED, assign, changed_by_case
from journey_lib.channels.links import FIELDS, PLATFORM, lint
from journey_lib.channels.rules import Rules, load
from journey_lib.engine import Engine
from journey_lib.model import TRAFFIC, Result
from journey_lib.workspace import Workspace


def lint_tags(engine: Engine, events: Sequence[str], workspace: Workspace) -> Result | None:
    """What is wrong with the tags of usable events (`links.lint`); None where no event has any.

    Asked before channels are named: a medium no rule knows does no harm where the source named the channel.
    Where a source tells the addresses of pages, the personal data in them is added, with the facts `pages`
    (rows with an address, usable or not) and `pages_personal`; the other facts are of tags alone.
    """
    some = " OR ".join(f"{column} IS NOT NULL" for column in FIELDS)
    columns = ", ".join((*FIELDS, *PLATFORM))
    union = " UNION ALL ".join(
        f"SELECT {columns}, channel IS NOT NULL AS named FROM {name} WHERE reason IS NULL AND ({some})"
        for name in events
    )
    if not union:
        return None
    links = engine.arrow(f"SELECT *, count(*) AS rows FROM ({union}) GROUP BY ALL ORDER BY ALL")
    pages = _pages(engine, events)
    if not len(links) and not len(pages):
        return None
    rules = _rules(workspace)
    found = lint(links, rules, own_domains=workspace.channels.own_domains)
    if not len(pages):
        return found
    told = lint(pages, rules)
    order = ["rows", "issue", "field", "example"]
    table = pd.concat([each.table for each in (found, told) if len(each.table)] or [found.table])
    table = table.sort_values(order, ascending=[False, True, True, True], ignore_index=True)
    facts = {"issues": len(table), "pages": told.facts["rows"], "pages_personal": told.facts["personal"]}
    return replace(found, table=table, facts={**found.facts, **facts})


def _pages(engine: Engine, events: Sequence[str]) -> pa.Table:
    """Addresses of pages that readers kept for the linter (`sources.visits.keep_pages`)."""
    union = " UNION ALL ".join(f"SELECT page, rows FROM {name}_pages" for name in events)
    return engine.arrow(
        f"SELECT page, CAST(sum(rows) AS BIGINT) AS rows FROM ({union}) GROUP BY page ORDER BY page"
    )


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
    rules = _rules(workspace)
    names = assign(rules, distinct)
    engine.keep("arrivals", distinct.append_column("named", pa.array(names, pa.string())))
    same = " AND ".join(f"e.{column} IS NOT DISTINCT FROM a.{column}" for column in TRAFFIC)
    for name in events:
        engine.fix(name)
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


def _rules(workspace: Workspace) -> Rules:
    declared = workspace.channels
    custom = workspace.path / declared.custom if declared.custom else None
    return load(declared.rules, declared.extensions, custom)
