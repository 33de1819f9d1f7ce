"""Rows become customers: identifiers seen in all sources, joined by rule, each row given its customer.

Raw identifiers live only in the engine's scratch tables; what is kept is keyed hashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.identity import kept
from journey_lib.identity.graph import Resolution, resolve
from journey_lib.identity.log import merge_log
from journey_lib.identity.nodes import Edges, Nodes
from journey_lib.identity.pairing import Pairs, joined, pairs
from journey_lib.identity.rules import Level, Rule, Rules
from journey_lib.identity.values import as_nodes
from journey_lib.model import IDENTIFIERS
from journey_lib.workspace import Identity

PEOPLE = ("events", "orders", "customers", "identifiers", "surveys", "tickets", "items")
LEVELS: tuple[Level, ...] = ("off", "normal", "aggressive")
STRONG = ("user_id", "member", "customer_id", "email", "phone")  # whoever has one of them is not anonymous
NOBODY = "no identifier can be used"

Ints = npt.NDArray[Any]


@dataclass(frozen=True)
class Stitched:
    """What became of the identifiers: counts for the manifest, and how well each customer is known.

    `people` has a row for each customer: `customer_id`, `identifiers` (how many), and whether it is `known`
    by more than a cookie or a device.
    """

    facts: Mapping[str, Any]
    people: pa.Table = field(repr=False)


def needed(engine: Engine, staged: Mapping[str, Sequence[str]]) -> bool:
    """Whether any row is known by more than a `customer_id`."""
    others = ", ".join(f"max({kind} IS NOT NULL)" for kind in IDENTIFIERS if kind != "customer_id")
    names = [name for table in PEOPLE for name in staged.get(table, ())]
    return any(any(engine.one(f"SELECT {others} FROM {name}")) for name in names)


def stitch(
    engine: Engine,
    staged: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    identified: Sequence[str],
    settings: Identity,
    key: bytes,
    folder: Path,
) -> Stitched:
    """Give every staged row its customer: the column ``customer_id`` becomes the canonical id.

    `labels` names each staged table as its readers know it; `identified` are those whose people stand in
    the table `identifiers`, by event id. Each staged table gets a column ``who``, the number of the strongest
    identifier of the row; rows without any usable one are kept apart. Identifiers, merge log and levels are
    written to `folder`.
    """
    for name in identified:
        _lend(engine, name, staged["identifiers"])
    names = [name for table in PEOPLE for name in staged.get(table, ())]
    seen = _seen(engine, names)
    times, seen = _times(seen), seen.select(["source", "rows"])
    nodes, found, refused = as_nodes(engine, times[0], settings.blocked, key)
    when, edges = _when(seen, times[1], found, len(nodes)), _edges(seen, times, found)
    who = _strongest(seen, found)
    del found, times
    crm = {name: number for number, name in enumerate(names) if name in staged.get("customers", ())}
    levels: dict[str, Ints] = {}
    alike: Pairs | None = None
    for level in LEVELS:
        # Only the chosen answer is kept whole: of the others no more than who is who.
        rules, more = _rules(settings, level), None
        if level == "off" != settings.level:
            levels[level] = np.arange(len(nodes), dtype=np.int32)
            continue
        answer = resolve(nodes, _believed(nodes, edges, level), rules)
        if settings.linking and crm and rules.linked:
            alike = alike or pairs(engine, crm, who, answer, settings.linking, key)
            answer, more = joined(answer, alike, rules)
        levels[level] = answer.customer
        if level == settings.level:
            chosen, second = answer, more
    del edges, answer
    _give(engine, names, who, chosen)
    others = [name for name in names if name not in staged.get("identifiers", ())]
    logs = [merge_log(chosen, [labels[name] for name in names]), *([] if second is None else [second])]
    facts = {
        "level": settings.level,
        "unique": list(settings.unique),
        "limits": dict(settings.limits),
        "refused": refused,
        "levels": {level: int(_marked(customer[who[who >= 0]]).sum()) for level, customer in levels.items()},
        **_counted(nodes, chosen, who),
        "cut": _cut(logs),
        "sources": _matched(seen, who, chosen, {names.index(name): labels[name] for name in others}),
    }
    if alike is not None:
        facts["linking"] = {**alike.facts, "joined": _by_evidence(second)}
    folder.mkdir()
    kept.identifiers(folder / "identifiers.parquet", nodes, when, chosen)
    kept.merges(folder / "merges.parquet", *logs)
    kept.levels(folder / "levels.parquet", levels)
    if alike is not None:
        kept.review(folder / "review.parquet", alike.review, chosen)
    return Stitched(facts, _people(nodes, chosen))


def _lend(engine: Engine, name: str, identifiers: Sequence[str]) -> None:
    """Copy identifiers to the events they were seen at."""
    if not identifiers:
        raise DataError(
            "events are identified by their event_id, but no source delivers the table identifiers",
            do="declare one under `sources` in journey.yaml, or map the identifiers of the events themselves",
        )
    lent = ", ".join(f"any_value({kind}) AS {kind}" for kind in IDENTIFIERS)
    union = " UNION ALL ".join(
        f"SELECT event_id, {', '.join(IDENTIFIERS)} FROM {each} WHERE reason IS NULL" for each in identifiers
    )
    given = ", ".join(f"coalesce(s.{kind}, lent.{kind}) AS {kind}" for kind in IDENTIFIERS)
    _rewrite(
        engine,
        name,
        f"SELECT s.* REPLACE ({given}) FROM {name} s LEFT JOIN (SELECT event_id, {lent} FROM ({union})"
        f" WHERE event_id IS NOT NULL GROUP BY event_id) lent ON s.event_id = lent.event_id",
    )


def _rewrite(engine: Engine, name: str, select: str) -> None:
    """Put the answer in the place of a table: far cheaper than changing most of its rows."""
    engine.run(f"CREATE OR REPLACE TABLE rewritten AS {select}")
    engine.run(f"DROP TABLE {name}")
    engine.run(f"ALTER TABLE rewritten RENAME TO {name}")


def _seen(engine: Engine, names: Sequence[str]) -> pa.Table:
    """Each combination of identifiers that stands in rows of a source, how often, first and last when.

    They are numbered; what they say stays in the engine's table ``combinations``.
    """
    parts = []
    for number, name in enumerate(names):
        there = {column for column, *_ in engine.rows(f"DESCRIBE {name}")}
        time = "epoch_us(timestamp)" if "timestamp" in there else "CAST(NULL AS BIGINT)"
        parts.append(
            f"SELECT {', '.join(IDENTIFIERS)}, {time} AS time, CAST({number} AS SMALLINT) AS source"
            f" FROM {name} WHERE reason IS NULL"
        )
    columns = ", ".join(IDENTIFIERS)
    engine.run(
        f"CREATE OR REPLACE TABLE combinations AS SELECT row_number() OVER () - 1 AS combination, * FROM"
        f" (SELECT {columns}, source, min(time) AS first, max(time) AS last, count(*) AS rows"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY {columns}, source)"
    )
    return engine.arrow("SELECT source, first, last, rows FROM combinations ORDER BY combination")


def _times(seen: pa.Table) -> tuple[Ints, Ints]:
    """First and last moment of each combination; where its rows have no time, the end of all data.

    So a record without a time, such as one of a CRM, never makes a customer older than its events do.
    """
    end = pc.max(seen["last"]).as_py() or 0
    first, last = (seen[name].fill_null(end).to_numpy() for name in ("first", "last"))
    return first, last


def _when(seen: pa.Table, end: Ints, found: Mapping[str, Ints], size: int) -> tuple[Ints, Ints]:
    """Last moment and number of rows of every identifier."""
    often = seen["rows"].to_numpy()
    last, rows = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for node in found.values():
        there = node >= 0
        np.maximum.at(last, node[there], end[there])
        np.add.at(rows, node[there], often[there])
    return last, rows


def _strongest(seen: pa.Table, found: Mapping[str, Ints]) -> Ints:
    """The node of the strongest identifier of each combination, -1 where there is none."""
    who = np.full(len(seen), -1, np.int32)
    for node in found.values():  # from the strongest kind to the weakest
        np.copyto(who, node, where=who < 0)
    return who


def _edges(seen: pa.Table, times: tuple[Ints, Ints], found: Mapping[str, Ints]) -> Edges:
    """The strongest identifier of each combination with every other one in it.

    Not every pair: how many stronger identifiers a shared device meets is to be counted once a row.
    """
    who = _strongest(seen, found)
    source, rows = seen["source"].to_numpy(), seen["rows"].to_numpy()
    first, last = times
    left: list[Ints] = [np.zeros(0, np.int32)]
    right, place = list(left), list(left)
    for node in found.values():
        both = np.flatnonzero((node >= 0) & (node != who))
        left.append(who[both])
        right.append(node[both])
        place.append(both)
    at = np.concatenate(place)
    return Edges(
        left=np.concatenate(left).astype(np.int32),
        right=np.concatenate(right).astype(np.int32),
        first=first[at],
        last=last[at],
        count=rows[at],
        source=source[at],
    )


def _believed(nodes: Nodes, edges: Edges, level: Level) -> Edges:
    """The links a level goes by: a cookie seen on a device says the same device, not the same person.

    In families a device is shared, and nothing anonymous would tell; only aggressive stitching takes it.
    """
    if level == "aggressive":
        return edges
    weak = [IDENTIFIERS.index(kind) for kind in IDENTIFIERS if kind not in STRONG]
    people = ~np.isin(nodes.kind[edges.left], weak) | ~np.isin(nodes.kind[edges.right], weak)
    return edges.take(np.flatnonzero(people))


def _rules(settings: Identity, level: Level) -> Rules:
    """The declared rules at one level: off uses no link, aggressive keeps only what is unique."""
    if level == "off":
        return Rules({}, linked=False)
    limits = settings.limits if level == "normal" else {}
    return Rules({kind: Rule(kind in settings.unique, limits.get(kind)) for kind in IDENTIFIERS})


def _give(engine: Engine, names: Sequence[str], who: Ints, chosen: Resolution) -> None:
    """Write the customer and the strongest identifier into every staged row."""
    customer = np.where(who >= 0, chosen.customer[who], -1)
    ids = chosen.canonical.take(pa.array(customer, mask=who < 0))
    engine.keep(
        "given",
        pa.table({"combination": np.arange(len(who)), "who": who.astype(np.int32), "customer_id": ids}),
    )
    same = " AND ".join(f"s.{kind} IS NOT DISTINCT FROM c.{kind}" for kind in IDENTIFIERS)
    said = f"CAST(to_json(struct_pack({', '.join(f'{k} := s.{k}' for k in IDENTIFIERS)})) AS VARCHAR)"
    nobody = "s.reason IS NULL AND g.customer_id IS NULL"
    for number, name in enumerate(names):
        _rewrite(
            engine,
            name,
            f"SELECT s.* REPLACE"
            f" (CASE WHEN s.reason IS NULL THEN g.customer_id ELSE s.customer_id END AS customer_id,"
            f" CASE WHEN {nobody} THEN '{NOBODY}' ELSE s.reason END AS reason,"
            f" CASE WHEN {nobody} THEN {said} ELSE s.raw END AS raw),"
            f" coalesce(g.who, -1) AS who FROM {name} s LEFT JOIN combinations c"
            f" ON c.source = {number} AND {same} LEFT JOIN given g ON g.combination = c.combination",
        )


def _counted(nodes: Nodes, chosen: Resolution, who: Ints) -> dict[str, Any]:
    """Identifiers by kind, customers, how many of them are anonymous, and how many identifiers they have.

    A cookie that was only ever seen beside a stronger identifier, and not joined to it, is nobody's row and
    no customer.
    """
    kinds = np.bincount(nodes.kind, minlength=len(IDENTIFIERS))
    strong = np.isin(nodes.kind, [IDENTIFIERS.index(kind) for kind in STRONG])
    people, known = np.zeros((2, len(chosen.canonical)), bool)
    people[chosen.customer[who[who >= 0]]] = True
    known[chosen.customer[strong]] = True
    sizes = Counter(np.bincount(chosen.customer, minlength=len(chosen.canonical))[people].tolist())
    return {
        "identifiers": {kind: int(n) for kind, n in zip(IDENTIFIERS, kinds, strict=True) if n},
        "customers": int(people.sum()),
        "anonymous": int((people & ~known).sum()),
        "sizes": {str(size): n for size, n in sorted(sizes.items())},
    }


def _cut(logs: Sequence[pa.Table]) -> dict[str, int]:
    """Links that were not used, by reason."""
    counted: Counter[str] = Counter()
    for log in logs:
        for each in pc.value_counts(log["reason"].combine_chunks().cast(pa.string())).to_pylist():
            counted[each["values"]] += each["counts"]
    return {reason: many for reason, many in counted.items() if reason != "joined"}


def _by_evidence(log: pa.Table | None) -> dict[str, int]:
    """How many customers each kind of evidence of records joined."""
    if log is None:
        return {}
    said = log.filter(pc.equal(log["reason"], "joined"))["evidence"].to_pylist()
    return dict(sorted(Counter(said).items()))


def _matched(
    seen: pa.Table, who: Ints, chosen: Resolution, labels: Mapping[int, str]
) -> list[dict[str, int | str]]:
    """Of every source: its rows, its customers, and how many of these another source knows too.

    Identifiers that only say who was at which event are no source of their own.
    """
    source, rows = seen["source"].to_numpy(), seen["rows"].to_numpy()
    there = (who >= 0) & np.isin(source, list(labels))
    customers = len(chosen.canonical)
    pairs = np.divmod(np.unique(source[there] * np.int64(customers) + chosen.customer[who[there]]), customers)
    often = np.bincount(pairs[1], minlength=customers)
    return [
        {
            "source": label,
            "rows": int(rows[(source == number) & there].sum()),
            "customers": int((pairs[0] == number).sum()),
            "matched": int((often[pairs[1][pairs[0] == number]] > 1).sum()),
        }
        for number, label in labels.items()
    ]


def _people(nodes: Nodes, chosen: Resolution) -> pa.Table:
    """How many identifiers each customer has, and whether a strong one is among them."""
    strong = np.isin(nodes.kind, [IDENTIFIERS.index(kind) for kind in STRONG])
    return pa.table(
        {
            "customer_id": chosen.canonical,
            "identifiers": np.bincount(chosen.customer, minlength=len(chosen.canonical)),
            "known": _marked(chosen.customer[strong], len(chosen.canonical)),
        }
    )


def _marked(codes: Ints, size: int | None = None) -> npt.NDArray[np.bool_]:
    """Which codes there are."""
    there = np.zeros(int(codes.max(initial=-1)) + 1 if size is None else size, bool)
    there[codes] = True
    return there
