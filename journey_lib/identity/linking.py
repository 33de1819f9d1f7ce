"""Which records are likely one person's although no identifier says so.

Splink (the extra ``[identity]``) weighs how alike two records are: what agrees, how rare it is, and what does
not. It is asked only about pairs the graph has not joined, and never about all of them: two records must have
some telling thing in common. What is likely enough becomes evidence of its own kind; what is doubtful is
listed for somebody to look at, by codes and not by names.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.identity.keys import hashed
from journey_lib.identity.nodes import Nodes
from journey_lib.identity.records import (
    COMPOSITE,
    TELLING,
    Composites,
    codes_of,
    edges_of,
    known_roles,
    written_one_way,
)
from journey_lib.spelling import tidy_vietnamese

ALIKE = "alike"
DOUBTFUL = 0.5
LONGEST = 200  # signs of a value that are compared: a whole letter pasted into a name costs nothing
SAMPLE = 300_000  # pairs of strangers to count agreements in
INSTALL = "run `pip install 'journey-workbench[identity]'`"
_EXACT = "{0}_l = {0}_r"
_CLOSE = "jaro_winkler_similarity({0}_l, {0}_r) >= {1}"
_SLIP = "damerau_levenshtein({0}_l, {0}_r) <= {1}"

# How often two records of one person agree so far, the closest level first; the rest is what they disagree.
# From experience with customer files, not from the file at hand: a shop has too few second records to learn
# it from. How often strangers agree is always counted in the file.
LEVELS: Mapping[str, Sequence[tuple[str, float]]] = MappingProxyType(
    {
        "number": ((_EXACT, 0.85), (_SLIP.format("{0}", 2), 0.09)),
        "email": ((_EXACT, 0.75), (_SLIP.format("{0}", 2), 0.05)),
        "phone": (
            (_EXACT, 0.75),
            ("right({0}_l, 6) = right({0}_r, 6)", 0.04),
            (_SLIP.format("{0}", 1), 0.04),
        ),
        "name": ((_EXACT, 0.82), (_CLOSE.format("{0}", 0.9), 0.09), (_CLOSE.format("{0}", 0.78), 0.04)),
        "birth": ((_EXACT, 0.86), (_SLIP.format("{0}", 1), 0.07), (_SLIP.format("{0}", 2), 0.03)),
        "year": ((_EXACT, 0.95), (_SLIP.format("{0}", 1), 0.02)),
        "address": ((_EXACT, 0.7), (_CLOSE.format("{0}", 0.88), 0.17)),
        "area": ((_EXACT, 0.85), (_CLOSE.format("{0}", 0.9), 0.07)),
        "trait": ((_EXACT, 0.97),),
    }
)
UNIQUE = ("user_id", "member")
RARE = ("name", "address", "area")  # where a rare value in common says more than a frequent one


@dataclass(frozen=True)
class Linked:
    """Pairs of records that are alike, each with its probability and its weight in bits.

    `pairs`    those above the threshold: evidence (`with_pairs`). Columns left, right, reason, probability,
               weight; left and right are codes of records, the lesser left.
    `review`   those less likely than the threshold, for somebody to decide; without `reason`.
    `skipped`  the ways to look for pairs that were left out because they would give too many.
    """

    pairs: pa.Table
    review: pa.Table
    skipped: tuple[str, ...]


def link(
    records: pa.Table,
    compare: Mapping[str, str],
    customer: npt.ArrayLike | None = None,
    *,
    record: str = "customer_id",
    threshold: float = 0.95,
    review: float = DOUBTFUL,
    seed: int = 1,
    found: float = 0.8,
    most_pairs: int = 5_000_000,
) -> Linked:
    """Which records, not joined so far, are alike enough to be one person's.

    Parameters
    ----------
    records
        One row a record, in any order.
    compare
        What each column to compare says, as in `composite`. Two records with different user ids or member
        numbers are two people: such columns only forbid.
    customer
        Whose each record is as far as is known (`Resolution.customer` of the records); pairs within one
        customer are left alone. Without it nobody is known.
    record
        The column with a record's own code.
    threshold
        How likely a pair must be to count as evidence.
    review
        How likely it must be to be listed for somebody to decide.
    seed
        Of the sample of strangers' pairs, where a file has too many.
    found
        Which share of the pairs there are is taken to be joined already: how much there is left to expect.
    most_pairs
        A way to look for pairs that gives more than this is left out.

    Raises
    ------
    ConfigError
        Splink is not installed.
    ParameterError
        The threshold is none, no name or identifier is compared, or a column is unknown.
    DataError
        A record has no code, two have the same, or `customer` is not of their length.
    """
    if not 0 < review < threshold <= 1:
        raise ParameterError(
            f"a threshold of {threshold} is none", do=f"give one above {review:g}, at most 1"
        )
    if not 0 < found < 1:
        raise ParameterError(f"a share of {found} is none", do="give a number between 0 and 1")
    known_roles(compare, records.column_names)
    if not {"name", *TELLING} & set(compare.values()):
        raise ParameterError("there is nothing to tell people apart by", do="compare at least a name")
    codes = codes_of(records, record)
    known = np.arange(len(codes)) if customer is None else np.asarray(customer)
    if len(known) != len(codes):
        raise DataError(f"{len(known)} customers cannot be those of {len(codes)} records")
    _splink()

    order = sorted(range(len(codes)), key=codes.__getitem__)
    group = np.unique(known[order], return_inverse=True)[1]

    def sorted_by_code(texts: Sequence[str]) -> list[str]:
        return [texts[row] for row in order]

    written = {column: sorted_by_code(written_one_way(records, column, compare)) for column in compare}
    marked = {
        column: sorted_by_code([_marked(text) for text in records[column].cast(pa.string()).to_pylist()])
        for column, role in compare.items()
        if role == "name"
    }
    ways, skipped = _ways(compare, written, most_pairs)
    scored = None
    if ways:
        table, settings = _model(compare, written, marked, group, ways)
        settings["probability_two_random_records_match"] = _expected(group, found)
        scored = _scored(table, settings, seed, review)
    return _linked(scored, [codes[row] for row in order], threshold, tuple(skipped))


def with_pairs(known: Composites, linked: Linked, codes: Sequence[str], key: bytes) -> Composites:
    """The graph with the pairs that are alike: each a node between two records, its source ``alike``.

    `codes` are those of the records in the order of the graph. Such a node is as weak as a combination of
    fields: it joins no two customers that an identifier keeps apart.
    """
    place = {code: row for row, code in enumerate(codes)}
    pairs = list(zip(linked.pairs["left"].to_pylist(), linked.pairs["right"].to_pylist(), strict=True))
    labels = hashed(f"composite {ALIKE}", (f"{len(one)}:{one}{other}" for one, other in pairs), key)
    new = len(known.nodes) + np.arange(len(pairs))
    ends = [place[code] for pair in pairs for code in pair]
    more = edges_of(ends, np.repeat(new, 2).tolist(), [len(known.rules)] * len(ends))
    edges = known.edges
    joined = (
        np.concatenate([getattr(edges, name), getattr(more, name)])
        for name in ("left", "right", "first", "last", "count", "source")
    )
    nodes = Nodes(
        np.append(known.nodes.kind, np.full(len(pairs), COMPOSITE, np.int8)),
        np.append(known.nodes.first, np.zeros(len(pairs), np.int64)),
        pa.concat_arrays([known.nodes.label.cast(pa.string()), pa.array(labels, pa.string())]),
    )
    return Composites(nodes, type(edges)(*joined), known.records, (*known.rules, ALIKE), known.blocked)


def _marked(text: str | None) -> str:
    """A name with its accents, every tone mark in its place, its parts by the alphabet; empty without any."""
    marked = " ".join(sorted(tidy_vietnamese(text or "").casefold().split()))
    return "" if marked.isascii() else marked


def _ways(
    compare: Mapping[str, str], written: Mapping[str, list[str]], most_pairs: int
) -> tuple[list[list[str]], list[str]]:
    """What two records may have in common to be compared, as keys; and which ways give too many pairs."""

    def columns(*roles: str) -> list[str]:
        return [column for column, role in compare.items() if role in roles]

    alone = columns(*(set(TELLING) - set(UNIQUE)), "birth", "address")
    ways = [(column, written[column]) for column in alone]
    ways += [(f"end of {column}", [text[-6:] for text in written[column]]) for column in columns("phone")]
    names = columns("name")
    if len(names) > 1:
        together = zip(*(written[name] for name in names), strict=True)
        ways.append((" + ".join(names), [" ".join(sorted(" ".join(parts).split())) for parts in together]))
    for name, other in itertools.product(names, columns("year", "area", "trait")):
        both = zip(written[name], written[other], strict=True)
        ways.append((f"{name} + {other}", [f"{a}\x1f{b}" if a and b else "" for a, b in both]))
    ways += [(name, written[name]) for name in names]
    kept, skipped = [], []
    for what, keys in ways:
        pairs = sum(many * (many - 1) // 2 for key, many in Counter(keys).items() if key)
        if pairs > most_pairs:
            skipped.append(what)
        elif pairs:
            kept.append(keys)
    return kept, skipped


def _expected(group: npt.NDArray[Any], found: float) -> float:
    """How likely two records of different customers are one person's, before they are looked at."""
    sizes = np.bincount(group).astype(float)
    joined = float((sizes * (sizes - 1) / 2).sum())
    n = len(group)
    left = max(joined * (1 - found) / found, n / 200, 1.0)
    return min(left / (n * (n - 1) / 2), 0.5)


def _model(
    compare: Mapping[str, str],
    written: Mapping[str, list[str]],
    marked: Mapping[str, list[str]],
    group: npt.NDArray[Any],
    ways: list[list[str]],
) -> tuple[pa.Table, dict[str, Any]]:
    """The table Splink sees, under names of ours and with nothing but what is compared, and its settings."""
    table: dict[str, Any] = {"row": np.arange(len(group)), "customer": group}
    place = {column: f"c{number}" for number, column in enumerate(written)}
    names = [place[column] for column, role in compare.items() if role == "name"]
    comparisons, apart = [], ["l.customer <> r.customer"]
    for column, mine in place.items():
        role = compare[column]
        if role in UNIQUE:
            table[mine] = _texts(_of_customer(written[column], group.tolist()))
            apart.append(f"(l.{mine} IS NULL OR r.{mine} IS NULL)")
            continue
        table[mine] = _texts(written[column])
        comparisons.append(_comparison(mine, role if role in LEVELS else "number", names))
        if role == "name":
            table[f"{mine}m"] = _texts(marked[column])
            comparisons.append(_marks(mine))
    for number, keys in enumerate(ways):
        table[f"k{number}"] = _texts(keys)
    return pa.table(table), {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row",
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [
            " AND ".join([f"l.k{number} = r.k{number}", *apart]) for number in range(len(ways))
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _of_customer(texts: Sequence[str], group: Sequence[int]) -> list[str]:
    """What any record of the same customer says, for those that do not say it."""
    said = {customer: text for customer, text in zip(group, texts, strict=True) if text}
    return [text or said.get(customer, "") for customer, text in zip(group, texts, strict=True)]


def _texts(texts: Sequence[str]) -> pa.Array:
    return pa.array([text[:LONGEST] or None for text in texts], pa.string())


def _comparison(column: str, role: str, names: Sequence[str]) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [_missing(f"{column}_l IS NULL OR {column}_r IS NULL")]
    steps = [(sql.format(column), share) for sql, share in LEVELS[role]]
    swapped = [f"{column}_l = {other}_r OR {other}_l = {column}_r" for other in names if other != column]
    if role == "name" and swapped:
        steps.insert(1, (" OR ".join(swapped), 0.02))
    rest = 1 - sum(share for _, share in steps)
    for number, (sql, share) in enumerate([*steps, ("ELSE", rest)]):
        levels.append(_level(sql, share, 0.9 if sql == "ELSE" else 10.0 ** (number - 5)))
    if role in RARE:
        levels[1] |= {"tf_adjustment_column": column, "tf_adjustment_weight": 1.0}
    return {"output_column_name": column, "comparison_levels": levels}


def _marks(column: str) -> dict[str, Any]:
    """Of names with the same letters, whether their accents agree; typed without any they say nothing."""
    untold = f"{column}m_l IS NULL OR {column}m_r IS NULL OR coalesce({column}_l <> {column}_r, true)"
    return {
        "output_column_name": f"{column}m",
        "comparison_levels": [
            _missing(untold),
            _level(_EXACT.format(f"{column}m"), 0.93, 0.7),
            _level("ELSE", 0.07, 0.3),
        ],
    }


def _missing(sql: str) -> dict[str, Any]:
    return {"sql_condition": sql, "label_for_charts": "missing", "is_null_level": True}


def _level(sql: str, share: float, strangers: float) -> dict[str, Any]:
    """A level; the share of strangers is for a file where none of them agree just so far."""
    return {
        "sql_condition": sql,
        "label_for_charts": sql,
        "m_probability": share,
        "u_probability": strangers,
    }


def _splink() -> Any:
    try:
        import splink
    except ImportError as error:
        raise ConfigError(
            "records cannot be linked by likeness: Splink is not installed", do=INSTALL
        ) from error
    return splink


def _scored(table: pa.Table, settings: dict[str, Any], seed: int, review: float) -> pa.Table:
    """Splink's answer: pairs of rows, from `review` up."""
    splink = _splink()
    with _quiet():
        database = splink.DuckDBAPI()
        for setting in ("threads = 1", "enable_external_access = false", "lock_configuration = true"):
            database.duckdb_con.execute(f"SET {setting}")  # one thread: the same sample every time
        linker = splink.Linker(database.register(table), settings, log_level=None)
        linker.training.estimate_u_using_random_sampling(
            max_pairs=SAMPLE, seed=seed, min_count_per_level=None, num_chunks=1
        )
        answer = linker.inference.predict(threshold_match_probability=review)
        scored = answer.as_pyarrow_table()
        database.duckdb_con.close()
    return scored


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Splink tells of levels it was not to learn; that is no news to whoever reads a report."""
    log = logging.getLogger("splink")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _linked(scored: pa.Table | None, codes: list[str], threshold: float, skipped: tuple[str, ...]) -> Linked:
    wanted = ("row_l", "row_r", "match_probability", "match_weight")
    columns = [scored[name].to_pylist() for name in wanted] if scored is not None else [[]] * len(wanted)
    rows = sorted(
        (min(one, other), max(one, other), round(chance, 6), round(weight, 3))
        for one, other, chance, weight in zip(*columns, strict=True)
    )
    likely = [row for row in rows if row[2] >= threshold]
    review = [row for row in rows if row[2] < threshold]
    return Linked(_listed(likely, codes, ALIKE), _listed(review, codes, ""), skipped)


def _listed(rows: list[tuple[int, int, float, float]], codes: list[str], reason: str) -> pa.Table:
    columns = {
        "left": pa.array([codes[row[0]] for row in rows], pa.string()),
        "right": pa.array([codes[row[1]] for row in rows], pa.string()),
        **({"reason": pa.array([reason] * len(rows), pa.string())} if reason else {}),
        "probability": pa.array([row[2] for row in rows], pa.float64()),
        "weight": pa.array([row[3] for row in rows], pa.float64()),
    }
    return pa.table(columns)
