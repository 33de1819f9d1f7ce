"""Rows become customers: identifiers seen in all sources, joined by rule, each row given its customer.

Raw identifiers live only in the engine's scratch tables; what is kept is keyed hashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.engine import SHARE, Engine
from journey_lib.errors import DataError
from journey_lib.identity import kept
from journey_lib.identity.graph import Resolution, resolve
from journey_lib.identity.links import aggregated
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
BATCH = 100_000  # rows that are given their customer at once
SHARE_BESIDE = SHARE / 2

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
    engine.use(SHARE_BESIDE)  # rows wait on disk while arrays of identifiers take the room
    nodes, found, refused = as_nodes(engine, seen.times, settings.blocked, key)
    when, who = _when(seen.times, found, len(nodes)), _strongest(found, seen.starts[-1])
    edges = aggregated(nodes, _edges(seen, found, who)).take()  # once for all levels
    starts = seen.starts
    del found, seen
    crm = {name: starts[number] for number, name in enumerate(names) if name in staged.get("customers", ())}
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
    _give(engine, names, starts, who, chosen)
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
        "sources": _matched(starts, who, chosen, {names.index(name): labels[name] for name in others}),
    }
    if alike is not None:
        facts["linking"] = {**alike.facts, "joined": _by_evidence(second)}
    folder.mkdir()
    kept.identifiers(folder / "identifiers.parquet", nodes, when, chosen)
    kept.merges(folder / "merges.parquet", *logs)
    kept.levels(folder / "levels.parquet", levels)
    if alike is not None:
        kept.review(folder / "review.parquet", alike.review, chosen)
    engine.use(SHARE)  # most arrays of identifiers are not needed any more
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


@dataclass(frozen=True)
class Seen:
    """Rows of all staged tables, numbered one table after the other: each starts at its place in `starts`.

    `times` says when each row was (microseconds); where a row has no time, the end of all data. So a record
    without one, such as one of a CRM, never makes a customer older than its events do.
    """

    times: Ints
    starts: Ints


def _seen(engine: Engine, names: Sequence[str]) -> Seen:
    """Number the rows; what usable ones say of people is the engine's view ``mentions``, by `place`.

    A row is found again by where it stands: looking for what it says in a table of millions of texts would
    take several times the memory and the time.
    """
    starts, parts = [0], []
    columns = ", ".join(IDENTIFIERS)
    for name in names:
        rows, last = engine.one(f"SELECT count(*), coalesce(max(rowid), -1) FROM {name}")
        if last + 1 != rows:
            raise DataError("the engine does not number rows one by one", do="report this as a bug")
        parts.append(f"SELECT rowid + {starts[-1]} AS place, {columns} FROM {name} WHERE reason IS NULL")
        starts.append(starts[-1] + rows)
    engine.run(f"CREATE OR REPLACE TEMP VIEW mentions AS {' UNION ALL '.join(parts)}")
    never = np.iinfo(np.int64).min
    times = np.full(starts[-1], never)
    for start, name in zip(starts, names, strict=False):
        if "timestamp" in {column for column, *_ in engine.rows(f"DESCRIBE {name}")}:
            for batch in engine.batches(
                f"SELECT rowid + {start} AS place, epoch_us(timestamp) AS time FROM {name}"
                " WHERE reason IS NULL AND timestamp IS NOT NULL"
            ):
                times[batch["place"].to_numpy()] = batch["time"].to_numpy()
    end = int(times.max(initial=never))
    times[times == never] = 0 if end == never else end
    return Seen(times, np.array(starts))


def _when(times: Ints, found: Mapping[str, Ints], size: int) -> tuple[Ints, Ints]:
    """Last moment and number of rows of every identifier."""
    last, rows = np.zeros(size, np.int64), np.zeros(size, np.int32)
    for node in found.values():
        there = np.flatnonzero(node >= 0)
        np.maximum.at(last, node[there], times[there])
        np.add.at(rows, node[there], np.int32(1))
    return last, rows


def _strongest(found: Mapping[str, Ints], rows: int) -> Ints:
    """The node of the strongest identifier of each row, -1 where there is none."""
    who = np.full(rows, -1, np.int32)
    for node in found.values():  # from the strongest kind to the weakest
        np.copyto(who, node, where=who < 0)
    return who


def _edges(seen: Seen, found: Mapping[str, Ints], who: Ints) -> Edges:
    """The strongest identifier of each row with every other one in it.

    Not every pair: how many stronger identifiers a shared device meets is to be counted once a row.
    """
    left: list[Ints] = [np.zeros(0, np.int32)]
    right, place = list(left), list(left)
    for node in found.values():
        both = np.flatnonzero((node >= 0) & (node != who)).astype(np.int32)
        left.append(who[both])
        right.append(node[both])
        place.append(both)
    at = np.concatenate(place)
    times = seen.times[at]
    return Edges(
        left=np.concatenate(left),
        right=np.concatenate(right),
        first=times,
        last=times,
        count=np.broadcast_to(np.int64(1), len(at)),
        source=(np.searchsorted(seen.starts, at, side="right") - 1).astype(np.int16),
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


def _give(engine: Engine, names: Sequence[str], starts: Ints, who: Ints, chosen: Resolution) -> None:
    """Write the customer and the strongest identifier into every staged row."""
    said = (
        f"CAST(to_json(struct_pack({', '.join(f'{kind} := s.{kind}' for kind in IDENTIFIERS)})) AS VARCHAR)"
    )
    nobody = "s.reason IS NULL AND g.given IS NULL"
    # Whose rows they are is known: what they said of people is not copied once more.
    no_longer = ", ".join(f"CAST(NULL AS VARCHAR) AS {kind}" for kind in IDENTIFIERS if kind != "customer_id")
    for name, start, end in zip(names, starts, starts[1:], strict=False):
        with engine.lent("given_rows", _given(who[start:end], chosen)):
            _rewrite(
                engine,
                name,
                f"SELECT s.* REPLACE"
                f" (CASE WHEN s.reason IS NULL THEN g.given ELSE s.customer_id END AS customer_id,"
                f" CASE WHEN {nobody} THEN '{NOBODY}' ELSE s.reason END AS reason,"
                f" CASE WHEN {nobody} THEN {said} ELSE s.raw END AS raw, {no_longer}),"
                f" g.who FROM {name} s POSITIONAL JOIN given_rows g",
            )


def _given(who: Ints, chosen: Resolution) -> pa.RecordBatchReader:
    """The customer and the strongest identifier of each row, in their order."""

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(who), BATCH):
            some = who[start : start + BATCH]
            customer = pa.array(chosen.customer[some], mask=some < 0)
            yield pa.record_batch([chosen.canonical.take(customer), pa.array(some)], schema=schema)

    schema = pa.schema({"given": pa.string(), "who": pa.int32()})
    return pa.RecordBatchReader.from_batches(schema, batches())


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
    starts: Ints, who: Ints, chosen: Resolution, labels: Mapping[int, str]
) -> list[dict[str, int | str]]:
    """Of every source: its rows, its customers, and how many of these another source knows too.

    Identifiers that only say who was at which event are no source of their own.
    """
    often = np.zeros(len(chosen.canonical), np.int16)
    rows, people = {}, {}
    for number in labels:
        there = who[starts[number] : starts[number + 1]]
        there = there[there >= 0]
        rows[number] = len(there)
        people[number] = np.flatnonzero(_marked(chosen.customer[there], len(often)))
        often[people[number]] += 1
    return [
        {
            "source": label,
            "rows": rows[number],
            "customers": len(people[number]),
            "matched": int((often[people[number]] > 1).sum()),
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
