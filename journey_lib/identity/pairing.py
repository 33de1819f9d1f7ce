"""Records of the CRM that no identifier joins, joined as declared: by agreed combinations, then by likeness.

Such evidence is weaker than any identifier: it is asked only after all of them, joins whole customers, and
never two that a unique kind keeps apart. Names and addresses are read for it and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.engine import Engine
from journey_lib.errors import ConfigError, ParameterError
from journey_lib.identity import forest
from journey_lib.identity.graph import JOINS, REASONS, TAKEN, Resolution, named, unique_kinds
from journey_lib.identity.linking import ALIKE, link
from journey_lib.identity.nodes import Nodes
from journey_lib.identity.records import Composites, composite
from journey_lib.identity.rules import KINDS, Rules
from journey_lib.workspace import Linking

Ints = npt.NDArray[Any]

# What each column of the table customers says of a person (`records.ROLES`).
ROLES = {
    "name": "name",
    "user_id": "user_id",
    "member": "member",
    "email": "email",
    "phone": "phone",
    "birth_date": "birth",
    "birth_year": "year",
    "address": "address",
    "city": "area",
    "district": "area",
    "gender": "trait",
}


@dataclass(frozen=True)
class Pairs:
    """Records that are one person's by other evidence than an identifier, the strongest evidence first.

    `left` and `right` are the strongest identifiers of the records (nodes), `evidence` a place in `names`.
    `review` lists the pairs that somebody is to decide: which nodes they are, in which files and rows they
    stand, never what is written there. `facts` are counts for the manifest.
    """

    left: Ints
    right: Ints
    evidence: Ints
    names: tuple[str, ...]
    review: pa.Table = field(repr=False)
    facts: Mapping[str, Any]


def pairs(
    engine: Engine,
    tables: Mapping[str, int],
    who: Ints,
    found: Resolution,
    settings: Linking,
    key: bytes,
) -> Pairs:
    """Which records of the CRM are one person's although no identifier says so.

    `tables` are the staged tables of customers and where their rows begin in `who`, the strongest identifier
    of each row; `found` says who is who so far.

    Raises
    ------
    ConfigError
        A rule is no evidence or names a column there is not; no source says what any rule asks for; Splink
        is to be used and not installed.
    """
    records = _records(engine, tables, who)
    node = records["node"].to_numpy()
    told = [name for name in ROLES if records[name].null_count < len(records)]
    rules = [rule for rule in settings.rules if set(rule) <= set(told)]
    try:
        composite(records.slice(0, 0), settings.rules, ROLES, key, record="record")
        known = composite(records, rules, ROLES, key, record="record")
    except ParameterError as error:
        raise ConfigError(str(error), where="`identity: {linking: {rules: ...}}` in journey.yaml") from error
    if not rules and settings.method == "composite" and len(records):
        raise ConfigError(
            "no source of customers says what the rules of linking ask for",
            where="; ".join(" + ".join(rule) for rule in settings.rules),
            do="map those columns, or name others under `identity: {linking: {rules: [[...]]}}`",
        )
    left, right, evidence = _agreeing(known)
    names = tuple(f"agree in {rule}" for rule in known.rules)
    facts: dict[str, Any] = {
        "method": settings.method,
        "records": len(records),
        "agreeing": {rule: int((evidence == place).sum()) for place, rule in enumerate(known.rules)},
        "shared": {rule: many for rule, many in known.blocked.items() if many},
    }
    review = _review(records, [], [], [], [])
    if settings.method == "splink" and "name" in told:
        customer = _joined(found.customer[node], left, right)
        compare = {name: ROLES[name] for name in told}
        alike = link(
            records, compare, customer, record="record", threshold=settings.accept, review=settings.review
        )
        one, other = (np.array(alike.pairs[side].cast(pa.int64())) for side in ("left", "right"))
        order = np.argsort(-np.array(alike.pairs["weight"], float), kind="stable")
        left, right = np.append(left, one[order]), np.append(right, other[order])
        evidence = np.append(evidence, np.full(len(one), len(names)))
        names = (*names, ALIKE)
        sides = [alike.review[name].to_pylist() for name in ("left", "right", "probability", "weight")]
        review = _review(records, *sides)
        facts |= {"alike": len(one), "review": len(review), "skipped": list(alike.skipped)}
    left, right = node[left.astype(int)], node[right.astype(int)]
    return Pairs(left, right, evidence.astype(int), names, review, facts)


def joined(found: Resolution, evidence: Pairs, rules: Rules) -> tuple[Resolution, pa.Table]:
    """Customers joined by pairs of records, as far as nothing unique forbids it.

    Returns
    -------
    Who is who now; and a row of the merge log for each pair that joined two customers or was cut.
    """
    one, other = found.customer[evidence.left], found.customer[evidence.right]
    holds = np.zeros(len(found.canonical), np.int8)
    for kind in unique_kinds(rules):
        holds[found.customer[found.nodes.kind == kind]] |= 1 << kind
    taken, part = forest.apart(one, other, holds)
    fate = np.where(taken, TAKEN, -1)
    both = np.zeros(len(holds), np.int8)
    np.bitwise_or.at(both, part, holds)
    apart = part[one] != part[other]
    for kind in reversed(unique_kinds(rules)):
        fate[apart & ((both[part[one]] & both[part[other]] & 1 << kind) > 0)] = JOINS + kind
    customer, canonical = named(found.nodes, part[found.customer])
    place = np.argsort(customer[found.links.left[found.joined]], kind="stable")
    now = replace(found, customer=customer, canonical=canonical, joined=found.joined[place])
    return now, _log(now, evidence, fate)


def _records(engine: Engine, tables: Mapping[str, int], who: Ints) -> pa.Table:
    """The rows of the CRM that are somebody's, by the hash of their strongest identifier, file and row."""
    columns = ", ".join(f"s.{name}::VARCHAR AS {name}" for name in ROLES)
    parts = [
        f"SELECT s.rowid + {start} AS place, {number} AS source, s.file, s.row, {columns} FROM {table} s"
        " WHERE s.reason IS NULL"
        for number, (table, start) in enumerate(tables.items())
    ]
    table = engine.arrow(" UNION ALL ".join(parts))
    table = table.append_column("node", pa.array(who[table["place"].to_numpy()]))
    table = table.filter(pa.array(table["node"].to_numpy() >= 0))
    table = table.sort_by([(name, "ascending") for name in ("node", "source", "file", "row")])
    return table.append_column("record", pa.array([f"{row:09}" for row in range(len(table))], pa.string()))


def _agreeing(known: Composites) -> tuple[Ints, Ints, Ints]:
    """The first record of each combination with every other one, rule by rule."""
    order = np.lexsort((known.edges.left, known.edges.right, known.edges.source))
    record, value, rule = (known.edges.left[order], known.edges.right[order], known.edges.source[order])
    opens = np.ones(len(order), bool)
    opens[1:] = (value[1:] != value[:-1]) | (rule[1:] != rule[:-1])
    first = record[np.maximum.accumulate(np.where(opens, np.arange(len(order)), 0))]
    return first[~opens], record[~opens], rule[~opens].astype(int)


def _joined(customer: Ints, left: Ints, right: Ints) -> Ints:
    """Whose each record is once those that agree are joined; what likeness need not look at again."""
    codes, customer = np.unique(customer, return_inverse=True)
    return forest.apart(customer[left], customer[right], np.zeros(len(codes), np.int8))[1][customer]


def _review(
    records: pa.Table,
    left: Sequence[str],
    right: Sequence[str],
    chance: Sequence[float],
    weight: Sequence[float],
) -> pa.Table:
    """Pairs to decide, the likeliest first: where both records stand, and how likely they are one's."""
    order = sorted(range(len(left)), key=lambda pair: (-weight[pair], left[pair], right[pair]))
    columns: dict[str, Any] = {}
    for side, codes in (("left", left), ("right", right)):
        rows = records.take(pa.array([int(codes[pair]) for pair in order], pa.int64()))
        columns |= {f"{side}_node": rows["node"], f"{side}_file": rows["file"], f"{side}_row": rows["row"]}
    numbers = {"probability": chance, "weight": weight}
    columns |= {name: pa.array([by[pair] for pair in order], pa.float64()) for name, by in numbers.items()}
    return pa.table(columns)


def _log(now: Resolution, evidence: Pairs, fate: Ints) -> pa.Table:
    rows = np.flatnonzero(fate >= 0)
    left, right = evidence.left[rows], evidence.right[rows]
    a, b = now.customer[left], now.customer[right]
    nobody = pa.nulls(len(rows), pa.timestamp("us", "UTC"))
    nodes: Nodes = now.nodes
    texts = {
        "customer": now.canonical.take(pa.array(a)),
        "other": now.canonical.take(pa.array(b, mask=a == b)),
        "reason": pa.array(REASONS).take(pa.array(fate[rows])),
        "left_kind": pa.array(KINDS).take(pa.array(nodes.kind[left])),
        "left": nodes.label.take(pa.array(left)),
        "right_kind": pa.array(KINDS).take(pa.array(nodes.kind[right])),
        "right": nodes.label.take(pa.array(right)),
        "source": pa.array(["customers"] * len(rows), pa.string()),
        "evidence": pa.array([evidence.names[place] for place in evidence.evidence[rows]], pa.string()),
    }
    return pa.table(
        {
            **{name: text.cast(pa.string()) for name, text in texts.items()},
            "count": pa.array(np.ones(len(rows), np.int64)),
            "first": nobody,
            "last": nobody,
        }
    )
