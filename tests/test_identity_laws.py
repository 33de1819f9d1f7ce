"""Laws of stitching, tried on random graphs beside a slow twin that is written from the definition."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_identity_graph import LETTERS, Row, fates, found, label

from journey_lib import identity
from journey_lib.identity import Rule, Rules, forest, order

_PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"max_examples": 60, "derandomize": True, "database": None},
    "thorough": {"max_examples": 3000, "derandomize": False},
}
law = settings(
    suppress_health_check=[HealthCheck.too_slow],
    **_PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "quick")],
)

NAMES = [f"{letter}{n}" for letter in LETTERS for n in range(4)]
row = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 6), st.integers(1, 3))
rows_of = st.lists(row, max_size=60)
rule = st.builds(Rule, st.booleans(), st.sampled_from([None, 0, 1, 2, 3]))
rules_of = st.one_of(
    st.sampled_from([identity.DEFAULT, identity.rules_for("aggressive")]),
    st.builds(Rules, st.dictionaries(st.sampled_from(identity.KINDS), rule)),
)


def kind(name: str) -> int:
    return list(LETTERS).index(name[0])


Links = dict[tuple[str, str], list[int]]


def links_of(rows: list[Row]) -> tuple[Links, dict[str, int]]:
    """First sighting and number of sightings of each link; first sighting of each name."""
    links: Links = {}
    seen: dict[str, int] = {}
    for one, other, first, count in rows:
        for name in (one, other):
            seen[name] = min(seen.get(name, first), first)
        if one == other:
            continue
        left, right = sorted((one, other), key=lambda name: (kind(name), label(name)))
        known = links.setdefault((left, right), [first, 0])
        known[0], known[1] = min(known[0], first), known[1] + count
    return links, seen


def shared(links: Links, rules: Rules) -> set[str]:
    """Names that are linked to more values of one stronger kind than they may be."""
    stronger: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for left, right in links:
        if kind(left) < kind(right):
            stronger[right][kind(left)].add(left)
    return {
        name
        for name, by_kind in stronger.items()
        for limit in [rules.of(identity.KINDS[kind(name)]).limit]
        if limit is not None and max(len(values) for values in by_kind.values()) > limit
    }


def twin(rows: list[Row], rules: Rules) -> tuple[dict[str, str], dict[str, str]]:
    """The id of every name's customer, and the fate of every link, by the definition and one by one."""
    links, seen = links_of(rows)
    over = shared(links, rules)
    fate = {link: "shared by too many" for link in links if over & set(link)}
    inside = {name: {name} for name in seen}
    unique = [code for code, name in enumerate(identity.KINDS) if rules.of(name).unique]

    def doubled(names: set[str]) -> list[int]:
        return [code for code in unique if sum(kind(name) == code for name in names) > 1]

    def turn(link: tuple[str, str]) -> tuple[Any, ...]:
        left, right = link
        first, count = links[link]
        return kind(right), kind(left), -count, first, label(left), label(right)

    waiting = sorted((link for link in links if link not in fate), key=turn)
    refused = []
    for link in waiting:
        one, other = (inside[name] for name in link)
        if one is other:
            fate[link] = "already joined"
        elif doubled(one | other):
            refused.append(link)
        else:
            fate[link] = "joined"
            one |= other
            for name in one:
                inside[name] = one
    for link in refused:  # which kind forbade it is judged when all is done
        strongest = doubled(inside[link[0]] | inside[link[1]])[0]
        fate[link] = f"would join two {identity.KINDS[strongest]}"
    ids = {
        name: "C" + label(min(names, key=lambda each: (seen[each], kind(each), label(each))))[:12]
        for name, names in inside.items()
    }
    return ids, {"-".join(link): reason for link, reason in fate.items()}


def ours(rows: list[Row], rules: Rules) -> tuple[dict[str, str], dict[str, str]]:
    answer, names = found(rows, rules)
    ids = answer.canonical.to_pylist()
    return {name: ids[at] for name, at in zip(names, answer.customer.tolist(), strict=True)}, fates(
        answer, names
    )


@law
@given(rows_of, rules_of)
def test_customers_and_fates_are_those_of_the_definition(rows: list[Row], rules: Rules) -> None:
    assert ours(rows, rules) == twin(rows, rules)


@pytest.mark.parametrize("few", [0, 5])
@pytest.mark.parametrize("worth", [1, 10**9])
@pytest.mark.parametrize("peeling", [0, 10**9], ids=["no leaf taken off", "every leaf taken off"])
def test_rounds_and_single_file_decide_alike(
    few: int, worth: int, peeling: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forest, "_FEW", few)
    monkeypatch.setattr(forest, "_WORTH_PEELING", peeling)
    monkeypatch.setattr(forest, "_WORTH_A_ROUND", worth)
    chance = random.Random(7)  # noqa: S311
    for _ in range(60):
        rows = [
            (chance.choice(NAMES), chance.choice(NAMES), chance.randrange(7), chance.randrange(1, 4))
            for _ in range(chance.randrange(90))
        ]
        for rules in (identity.DEFAULT, identity.rules_for("aggressive")):
            assert ours(rows, rules) == twin(rows, rules)


@pytest.mark.parametrize("block", [1, 3, 16])
def test_no_answer_hangs_on_how_many_rows_are_taken_at_once(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(block)  # noqa: S311
    tables = [
        [
            (chance.choice(NAMES), chance.choice(NAMES), chance.randrange(7), chance.randrange(1, 4))
            for _ in range(chance.randrange(90))
        ]
        for _ in range(40)
    ]
    logs = [identity.merge_log(found(rows)[0]) for rows in tables]
    ends = [pa.chunked_array([[label(row[side]) for row in rows] for rows in tables]) for side in (0, 1)]
    kinds, first = np.zeros(len(ends[0]), np.int8), np.arange(len(ends[0]))
    numbered = identity.numbered(kinds, ends[0], kinds, ends[1], first)

    monkeypatch.setattr("journey_lib.identity.blocks.BLOCK", block)

    assert [ours(rows, identity.DEFAULT) for rows in tables] == [
        twin(rows, identity.DEFAULT) for rows in tables
    ]
    assert [identity.merge_log(found(rows)[0]) for rows in tables] == logs
    nodes, edges = identity.numbered(kinds, ends[0], kinds, ends[1], first)
    assert nodes.label == numbered[0].label
    assert nodes.first.tolist() == numbered[0].first.tolist()
    assert (edges.left.tolist(), edges.right.tolist()) == (
        numbered[1].left.tolist(),
        numbered[1].right.tolist(),
    )


@law
@given(rows_of, rules_of)
def test_no_customer_has_two_values_of_a_unique_kind(rows: list[Row], rules: Rules) -> None:
    ids, _ = ours(rows, rules)
    for name in identity.KINDS:
        if rules.of(name).unique:
            holders = [customer for each, customer in ids.items() if identity.KINDS[kind(each)] == name]
            assert len(holders) == len(set(holders))


@law
@given(rows_of, rules_of, st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_nor_numbers_matter(
    rows: list[Row], rules: Rules, chance: random.Random
) -> None:
    again = [
        (b, a, first, count) if chance.random() < 0.5 else (a, b, first, count) for a, b, first, count in rows
    ]
    # What was seen twice may come in two rows, too.
    again = [
        part
        for a, b, t, n in again
        for part in ([(a, b, t, n)] if n < 2 else [(a, b, t, 1), (b, a, t, n - 1)])
    ]
    chance.shuffle(again)
    assert ours(again, rules) == ours(rows, rules)
    one, other = (identity.merge_log(found(each, rules)[0]) for each in (rows, again))
    assert one.to_pylist() == other.to_pylist()


@law
@given(rows_of, rules_of, st.randoms(use_true_random=False))
def test_rows_that_are_deleted_or_moved_change_only_whom_they_spoke_of(
    rows: list[Row], rules: Rules, chance: random.Random
) -> None:
    """Whoever was in no way linked to what a deleted row says keeps their code, wherever their rows stand."""
    stay = [chance.random() < 0.7 for _ in rows]
    left = [row for row, kept in zip(rows, stay, strict=True) if kept]
    touched = {name for row, kept in zip(rows, stay, strict=True) if not kept for name in row[:2]}
    while spread := {name for a, b, *_ in rows if {a, b} & touched for name in (a, b)} - touched:
        touched |= spread
    chance.shuffle(left)
    before, after = ours(rows, rules)[0], ours(left, rules)[0]
    untouched = {name for row in left for name in row[:2]} - touched
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}


@law
@given(rows_of, rules_of)
def test_the_log_accounts_for_every_link_and_every_customer(rows: list[Row], rules: Rules) -> None:
    answer, names = found(rows, rules)
    log = identity.merge_log(answer).to_pylist()
    joined = sum(row["reason"] == "joined" for row in log)
    redundant = int((answer.fate == 1).sum())
    assert joined + redundant + len(answer.cut) == len(answer.links)
    assert joined == len(names) - len(answer.canonical)
    assert len(log) == joined + len(answer.cut)
    assert sum(size * many for size, many in answer.sizes.items()) == len(names)


@law
@given(rows_of)
def test_without_rules_customers_are_the_connected_parts(rows: list[Row]) -> None:
    ids, _ = ours(rows, Rules({}))
    parent = {name: name for name in ids}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for one, other, *_ in rows:
        parent[root(one)] = root(other)
    parts = {(root(name), customer) for name, customer in ids.items()}
    assert len(parts) == len({part for part, _ in parts}) == len({customer for _, customer in parts})


@law
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_pairwise_counts_pairs(things: list[tuple[int, int]]) -> None:
    pairs = [(a, b) for at, a in enumerate(things) for b in things[:at]]
    made, due = ([a[side] == b[side] for a, b in pairs] for side in (0, 1))
    right = int(np.logical_and(made, due).sum()) if pairs else 0

    quality = identity.pairwise([a for a, _ in things], [b for _, b in things])

    assert quality.precision == pytest.approx(right / sum(made) if any(made) else 1.0)
    assert quality.recall == pytest.approx(right / sum(due) if any(due) else 1.0)


@pytest.mark.parametrize("bits", [3, 30, 62], ids=["all fits in a word", "much is equal", "little fits"])
def test_words_sort_rows_as_their_keys_do(bits: int) -> None:
    chance = np.random.default_rng(bits)
    for n in (0, 1, 2, 3_000):
        group = chance.integers(0, 40, n).astype(np.int32)
        key = chance.integers(0, 2**bits, n)
        key[chance.random(n) < 0.3] &= 2**bits - 4  # some are told apart by their last bits alone
        key[n // 2 :] = key[: n - n // 2]
        columns = (group.__getitem__, 40, key.__getitem__, int(key.max(initial=0)))
        rows, again = order.grouped(n, *columns)
        assert rows.tolist() == np.lexsort((key, group)).tolist()
        said = list(zip(group[rows].tolist(), key[rows].tolist(), strict=True))
        assert again.tolist() == [at for at in range(1, n) if said[at] == said[at - 1]]
        often = Counter(said)
        several = [at for at in range(n) if often[said[at]] > 1]
        found, begins = order.repeated(n, *columns)
        assert found.tolist() == rows[several].tolist()
        assert begins.tolist() == [at for at, place in enumerate(several) if place not in set(again.tolist())]


def test_evidence_that_no_word_can_tell_apart_is_ordered_in_full() -> None:
    """Counts beyond what is packed, moments a microsecond apart over half a century, and labels at last."""
    chance = np.random.default_rng(1)
    n = 3_000
    group = chance.integers(0, 300, n).astype(np.int32)
    first = chance.integers(0, 2, n) * 1_500_000_000_000_000 + chance.integers(0, 3, n)
    strength = chance.integers(0, 49, n) // 20
    seen = chance.integers(0, 2, n) * 5_000 + chance.integers(1, 3, n)
    left, right = np.arange(n), chance.permutation(n)
    heads, tails = chance.integers(0, 4, n).astype(np.uint64), np.arange(n, dtype=np.uint64)
    times = (int(first.min()), int(first.max()))
    links = order.Evidence(lambda at: (strength[at], seen[at], first[at]), int(seen.max()), times)

    def labels(at: np.ndarray) -> tuple[order.Labels, order.Labels]:
        one, other = (order.Labels(heads[nodes], tails[nodes]) for nodes in (left[at], right[at]))
        return one, other

    rows = order.strongest_first(n, group.__getitem__, 300, links, labels)
    said = sorted(
        range(n),
        key=lambda at: (
            group[at], strength[at], -seen[at], first[at],
            heads[left[at]], left[at], heads[right[at]], right[at],
        ),
    )  # fmt: skip
    assert rows.tolist() == said
