"""Which records of a customer file are one person's, by agreed combinations of what they hold.

A record is a node of the graph, and so is every combination that is complete: surname, date of birth and
postcode, say, as one hash. Two records with the same combination meet there, and `resolve` decides as it does
for any identifier. Names alone are never enough: thousands of people are called Nguyễn Văn An.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.identity.keys import hashed
from journey_lib.identity.nodes import Edges, Nodes
from journey_lib.identity.normalise import PLACEHOLDERS, normalised
from journey_lib.identity.rules import KINDS, Rule, Rules
from journey_lib.spelling import bare

# What a column of a record says of somebody: any identifier, a number given to one person, a name or part of
# one, the date of birth or only its year, an address or postcode, a city or district, or else (the sex, say).
ROLES = (*KINDS, "number", "name", "birth", "year", "address", "area", "trait")
TELLING = (*KINDS, "number")  # one person's: enough by themselves
BESIDE_NAMES = ("birth", "address")  # a year or a city is shared by too many namesakes

# A graph of records holds neither devices nor cookies. A combination stands where a device would: weaker
# evidence than an e-mail address or a phone; and it is `composite` that blocks those shared by too many.
COMPOSITE = KINDS.index("device")
RECORD = KINDS.index("customer_id")
RECORD_RULES = Rules(
    {
        "user_id": Rule(unique=True),
        "member": Rule(unique=True),
        "email": Rule(limit=3),
        "phone": Rule(limit=3),
    }
)
SHARED = 8  # records that may share one combination: more are a family business or a placeholder

_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Composites:
    """Records and what they share, ready for `resolve`.

    `nodes`    first a node for each record, in the order given; then the combinations.
    `edges`    from a record to each of its combinations; an edge's source is its rule's place in `rules`.
    `records`  how many nodes are records.
    `rules`    the agreed combinations in words: names of sources for `merge_log`.
    `blocked`  how many values of each rule were left out because too many records share them.
    """

    nodes: Nodes
    edges: Edges
    records: int
    rules: tuple[str, ...]
    blocked: Mapping[str, int]


def composite(
    records: pa.Table,
    rules: Sequence[Sequence[str]],
    roles: Mapping[str, str],
    key: bytes,
    *,
    record: str = "customer_id",
    limit: int = SHARED,
) -> Composites:
    """Which records have an agreed combination of fields in common.

    Parameters
    ----------
    records
        One row a record.
    rules
        Each a combination of columns; a record takes part where all of them are filled in. One column may
        be enough only if it is an identifier or a number given to one person.
    roles
        What each column says: one of `ROLES`. Names are compared without accents, in any order of their
        parts; everything else by its letters and digits, identifiers as `normalised` writes them.
    key
        The secret the values are hashed under.
    record
        The column with a record's own code.
    limit
        A combination in more records than this links none of them.

    Raises
    ------
    ParameterError
        A rule names a column there is not, or is no evidence: names without a date of birth or an address.
    DataError
        A record has no code, or two have the same.
    """
    checked = [_checked(tuple(rule), roles, records.column_names) for rule in rules]
    codes = codes_of(records, record)
    written = {column: written_one_way(records, column, roles) for rule in checked for column in rule}
    labels, kinds = hashed("customer_id", codes, key), [RECORD] * len(codes)
    left: list[int] = []
    right: list[int] = []
    source: list[int] = []
    blocked: dict[str, int] = {}
    for place, rule in enumerate(checked):
        holders = _holders(_values(rule, roles, written))
        wide = [value for value, rows in holders.items() if len(rows) > limit]
        blocked[" + ".join(rule)] = len(wide)
        for value in wide:
            del holders[value]
        kind = roles[rule[0]] if len(rule) == 1 and roles[rule[0]] in KINDS else ""
        ends = hashed(kind or f"composite {_sealed(sorted(rule))}", holders, key)
        for label, rows in zip(ends, holders.values(), strict=True):
            left += rows
            right += [len(labels)] * len(rows)
            source += [place] * len(rows)
            labels.append(label)
            kinds.append(KINDS.index(kind) if kind else COMPOSITE)
    return Composites(
        Nodes(np.array(kinds, np.int8), np.zeros(len(labels), np.int64), pa.array(labels, pa.string())),
        edges_of(left, right, source),
        len(codes),
        tuple(blocked),
        MappingProxyType(blocked),
    )


def edges_of(left: Sequence[int], right: Sequence[int], source: Sequence[int]) -> Edges:
    """Edges without a time, each seen once."""
    never, once = np.zeros(len(left), np.int64), np.ones(len(left), np.int64)
    one, other = np.array(left, np.int32), np.array(right, np.int32)
    return Edges(one, other, never, never, once, np.array(source, np.int16))


def written_one_way(records: pa.Table, column: str, roles: Mapping[str, str]) -> list[str]:
    """A column's values as they are compared; empty where nothing usable was said."""
    given = records[column].cast(pa.string()).to_pylist()
    role = roles[column]
    if role in KINDS:
        different = list(dict.fromkeys(given))
        return [text or "" for text in _looked_up(given, different, normalised(role, different)[0])]
    return [_plain(text or "", named=role == "name") for text in given]


def _looked_up(given: list[Any], different: list[Any], texts: list[str | None]) -> Iterator[str | None]:
    known = dict(zip(different, texts, strict=True))
    return (known[value] for value in given)


def _plain(text: str, *, named: bool) -> str:
    """Letters and digits without accents and case; a name's parts in the order of the alphabet."""
    plain = " ".join(_SIGNS.sub(" ", bare(unicodedata.normalize("NFKC", text))).split())
    if text.strip().casefold() in PLACEHOLDERS or plain in PLACEHOLDERS or not plain.replace("0", "").strip():
        return ""
    return " ".join(sorted(plain.split())) if named else plain


def _values(
    rule: tuple[str, ...], roles: Mapping[str, str], written: Mapping[str, list[str]]
) -> Iterator[str]:
    """The rule's value of each record, empty where a field is: the parts of all names, then the rest."""
    names = [column for column in rule if roles[column] == "name"]
    others = [column for column in rule if roles[column] != "name"]
    for fields in zip(*(written[column] for column in (*names, *others)), strict=True):
        if not all(fields):
            yield ""
            continue
        parts = " ".join(sorted(" ".join(fields[: len(names)]).split()))
        yield _sealed([parts] * bool(names) + [*fields[len(names) :]]) if len(rule) > 1 else fields[0]


def _sealed(texts: Sequence[str]) -> str:
    """Several texts as one that no others give, whatever signs are in them."""
    return "".join(f"{len(text)}:{text}" for text in texts)


def _holders(values: Iterator[str]) -> dict[str, list[int]]:
    holders: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        if value:
            holders.setdefault(value, []).append(row)
    return holders


def codes_of(records: pa.Table, record: str) -> list[str]:
    """The codes of the records, of which none may be missing or come twice."""
    known_column(record, records.column_names)
    codes = [code or "" for code in records[record].cast(pa.string()).to_pylist()]
    again = sum(count - 1 for count in Counter(codes).values())
    if "" in codes or again:
        raise DataError(
            "every record needs a code of its own",
            where=f"column '{record}'",
            how_many=f"{codes.count('')} without a code, {again} that repeat one",
        )
    return codes


def known_column(column: str, columns: Sequence[str]) -> None:
    """Stop at a column the records do not have."""
    if column not in columns:
        raise ParameterError(f"the records have no column '{column}'", do=did_you_mean(column, columns))


def known_roles(roles: Mapping[str, str], columns: Sequence[str]) -> None:
    """Stop at a role there is not, or given to a column the records do not have."""
    for column, role in roles.items():
        known_column(column, columns)
        if role not in ROLES:
            raise ParameterError(f"column '{column}' cannot be a '{role}'", do=did_you_mean(role, ROLES))


def _checked(rule: tuple[str, ...], roles: Mapping[str, str], columns: Sequence[str]) -> tuple[str, ...]:
    for column in rule:
        known_column(column, columns)
        if column not in roles:
            raise ParameterError(
                f"what column '{column}' says is not told", do=f"give it one of {', '.join(ROLES)}"
            )
    known_roles({column: roles[column] for column in rule}, columns)
    said = {roles[column] for column in rule}
    if said & set(TELLING):
        return tuple(dict.fromkeys(rule))
    words = " + ".join(rule) or "nothing"
    if "name" not in said:
        raise ParameterError(
            f"too many people have the same: {words}",
            do="add a name to the rule, or a number given to one person",
        )
    if not said & set(BESIDE_NAMES):
        raise ParameterError(
            f"names alone link nobody: {words}",
            do="add a date of birth, an address or a postcode to the rule",
        )
    return tuple(dict.fromkeys(rule))
