"""Small tables of identifiers seen together, and the customers they make."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pyarrow as pa
import pytest

from journey_lib import identity
from journey_lib.errors import DataError, ParameterError
from journey_lib.identity import Edges, Nodes, Resolution, Rule, Rules, order
from journey_lib.identity.graph import _ids
from journey_lib.identity.order import distinct, numbers_of

LETTERS = dict(zip("umiepdc", identity.KINDS, strict=True))  # u1 is a user id, i1 a customer id, …
Row = tuple[str, str, int, int]  # two names, when first seen, how often


def label(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def tables(rows: list[Row], alone: str = "") -> tuple[Nodes, Edges, list[str]]:
    """Nodes and edges of rows such as ("u1", "d1", 3, 1), and the names in the order of the nodes."""
    seen: dict[str, int] = {}
    for left, right, first, _ in rows:
        for name in (left, right):
            seen[name] = min(seen.get(name, first), first)
    for name in alone.split():
        seen.setdefault(name, 0)
    names = list(seen)
    place = {name: at for at, name in enumerate(names)}
    nodes = Nodes(
        np.array([list(LETTERS).index(name[0]) for name in names], np.int8),
        np.array([seen[name] for name in names], np.int64),
        pa.array([label(name) for name in names], pa.string()),
    )
    columns = [
        ([place[row[0]] for row in rows], np.int32),
        ([place[row[1]] for row in rows], np.int32),
        ([row[2] for row in rows], np.int64),
        ([row[2] + 1 for row in rows], np.int64),
        ([row[3] for row in rows], np.int64),
        ([0] * len(rows), np.int16),
    ]
    return nodes, Edges(*(np.array(values, kind) for values, kind in columns)), names


def found(rows: list[Row], rules: Rules = identity.DEFAULT, alone: str = "") -> tuple[Resolution, list[str]]:
    nodes, edges, names = tables(rows, alone)
    return identity.resolve(nodes, edges, rules), names


def groups(rows: list[Row], rules: Rules = identity.DEFAULT, alone: str = "") -> set[str]:
    """Customers as their names in a row: {"d1 u1", "c1"}."""
    answer, names = found(rows, rules, alone)
    inside: dict[int, list[str]] = {}
    for name, customer in zip(names, answer.customer.tolist(), strict=True):
        inside.setdefault(customer, []).append(name)
    assert sorted(inside) == list(range(len(answer.canonical)))
    return {" ".join(sorted(each)) for each in inside.values()}


def fates(answer: Resolution, names: list[str]) -> dict[str, str]:
    return {
        f"{names[left]}-{names[right]}": identity.REASONS[fate]
        for left, right, fate in zip(answer.links.left, answer.links.right, answer.fate, strict=True)
    }


# --- joining ---


def test_what_was_seen_together_is_one_customer() -> None:
    assert groups([("u1", "e1", 1, 1), ("e1", "p1", 2, 1), ("d2", "c2", 3, 1)]) == {"e1 p1 u1", "c2 d2"}


def test_an_identifier_without_links_is_a_customer_of_its_own() -> None:
    assert groups([("u1", "e1", 1, 1)], alone="c9 d9") == {"e1 u1", "c9", "d9"}


def test_nothing_at_all_is_nobody() -> None:
    answer, _ = found([])
    assert len(answer.customer) == len(answer.canonical) == len(answer.cut) == 0
    assert answer.sizes == {}
    assert len(identity.merge_log(answer)) == 0


def test_an_identifier_with_itself_is_no_link() -> None:
    answer, names = found([("u1", "u1", 1, 1), ("u1", "d1", 2, 1)])
    assert fates(answer, names) == {"u1-d1": "joined"}


def test_repeated_links_are_one_with_all_that_was_seen() -> None:
    nodes, edges, _ = tables([("d1", "u1", 5, 2), ("u1", "d1", 3, 4), ("u1", "d1", 9, 1)])
    sources = np.array([0, 2, 1], np.int16)
    edges = Edges(edges.left, edges.right, edges.first, edges.last, edges.count, sources)

    log = identity.merge_log(identity.resolve(nodes, edges), ["web", "app", "shop"]).to_pylist()

    assert len(log) == 1
    assert (log[0]["count"], log[0]["source"], log[0]["left_kind"]) == (7, "shop", "user_id")
    assert (log[0]["first"].microsecond, log[0]["last"].microsecond) == (3, 10)


# --- limits ---


def test_a_device_of_three_users_is_used_and_of_four_is_shared() -> None:
    keep_apart: list[Row] = [(f"e{n}", "d1", n, 1) for n in range(1, 4)]
    assert groups(keep_apart) == {"d1 e1 e2 e3"}
    assert groups([*keep_apart, ("e4", "d1", 4, 1)]) == {"d1", "e1", "e2", "e3", "e4"}


def test_one_persons_identifiers_of_several_kinds_do_not_make_a_device_shared() -> None:
    rows = [(name, "d1", 1, 1) for name in ("u1", "m1", "i1", "e1", "p1")]
    assert groups(rows) == {"d1 e1 i1 m1 p1 u1"}


def test_repeats_and_weaker_identifiers_do_not_count_towards_a_limit() -> None:
    rows = [("e1", "d1", n, 1) for n in range(9)] + [(f"c{n}", "d1", 1, 1) for n in range(9)]
    assert len(groups(rows)) == 1


def test_all_links_of_a_shared_value_are_dropped_and_an_event_on_it_is_nobodys() -> None:
    rows = [(f"e{n}", "d1", n, 1) for n in range(4)] + [("d1", "c1", 1, 1), ("c1", "e1", 2, 1)]
    answer, names = found(rows)
    assert groups(rows) == {"d1", "c1 e1", "e0", "e2", "e3"}
    assert fates(answer, names)["d1-c1"] == "shared by too many"
    assert set(answer.cut["reason"].to_pylist()) == {"shared by too many"}
    assert len(answer.cut) == 5


# --- unique kinds ---


@pytest.mark.parametrize("kind", ["u", "m"])
def test_two_users_of_one_device_stay_two_customers(kind: str) -> None:
    rows = [(f"{kind}1", "d1", 1, 1), (f"{kind}2", "d1", 2, 1), ("d1", "c1", 3, 1)]
    answer, names = found(rows)
    assert groups(rows) == {f"c1 d1 {kind}1", f"{kind}2"}
    assert fates(answer, names)[f"{kind}2-d1"] == f"would join two {LETTERS[kind]}"


def test_the_device_stays_with_whom_it_was_seen_most() -> None:
    assert groups([("u1", "d1", 1, 1), ("u2", "d1", 2, 5)]) == {"u1", "d1 u2"}


def test_strong_kinds_come_before_many_sightings() -> None:
    rows = [
        ("u1", "e1", 9, 1),
        ("e1", "d1", 9, 1),
        ("u2", "d1", 1, 99),
        ("p1", "u2", 1, 1),
        ("p1", "e1", 2, 9),
    ]
    # e1-p1 comes after u1-e1 and u2-p1, whose other ends are stronger: it would join the users.
    assert groups(rows) == {"e1 u1", "d1 p1 u2"}


def test_two_values_of_a_kind_that_is_not_unique_may_be_one_customer() -> None:
    rows = [("e1", "u1", 1, 1), ("e2", "u1", 2, 1), ("i1", "u1", 1, 1), ("i2", "u1", 1, 1)]
    assert groups(rows) == {"e1 e2 i1 i2 u1"}


def test_a_member_and_a_user_are_judged_each_by_its_kind() -> None:
    rows = [("u1", "m1", 1, 1), ("u1", "m2", 2, 1), ("u2", "m2", 3, 1)]
    answer, names = found(rows)
    assert groups(rows) == {"m1 u1", "m2 u2"}
    assert fates(answer, names)["u1-m2"] == "would join two user_id"


# --- levels ---


def test_the_levels() -> None:
    rows = [(f"e{n}", "d1", n, 1) for n in range(4)] + [("u1", "d2", 1, 1), ("u2", "d2", 2, 1)]
    assert len(groups(rows, identity.rules_for("off"))) == 8
    assert len(groups(rows, identity.rules_for("normal"))) == 7
    assert len(groups(rows, identity.rules_for("aggressive"))) == 3
    answer, _ = found(rows, identity.rules_for("off"))
    assert set(answer.cut["reason"].to_pylist()) == {"stitching is off"}


def test_own_rules_replace_the_defaults() -> None:
    rows = [("u1", "e1", 1, 1), ("u2", "e1", 2, 1)]
    assert groups(rows, Rules({})) == {"e1 u1 u2"}
    assert groups(rows, Rules({"email": Rule(limit=1)})) == {"e1", "u1", "u2"}
    with pytest.raises(ParameterError, match="Did you mean 'device'"):
        Rules({"devise": Rule()})
    with pytest.raises(ParameterError, match="Known: aggressive, normal, off"):
        identity.rules_for("extreme")


# --- ids that stay ---


def test_a_customer_is_named_by_its_oldest_identifier() -> None:
    answer, _ = found([("u1", "d1", 5, 1), ("d1", "c1", 2, 1), ("c1", "e1", 2, 1)])
    # d1, c1 and e1 were all first seen at 2: the strongest kind of them gives the name.
    assert answer.canonical.to_pylist() == ["C" + label("e1")[:12]]


def test_ids_survive_newer_data_and_any_order() -> None:
    rows: list[Row] = [("u1", "d1", 1, 1), ("u2", "d2", 2, 1), ("d2", "c2", 3, 1), ("e3", "p3", 4, 1)]
    newer: list[Row] = [("u1", "c7", 50, 1), ("p3", "u9", 60, 1), ("u8", "d8", 70, 1), ("c2", "e8", 80, 1)]

    def ids(table: list[Row]) -> dict[str, str]:
        answer, names = found(table)
        return {name: answer.canonical[at].as_py() for name, at in zip(names, answer.customer, strict=True)}

    before, after = ids(rows), ids(rows + newer)
    assert before.items() <= after.items()
    for seed in range(20):
        shuffled = [(b, a, *rest) if seed % 2 else (a, b, *rest) for a, b, *rest in rows + newer]
        random.Random(seed).shuffle(shuffled)  # noqa: S311
        assert ids(shuffled) == after


def test_customers_are_numbered_in_the_order_of_their_ids() -> None:
    answer, _ = found([(f"u{n}", f"d{n}", n, 1) for n in range(50)])
    ids = answer.canonical.to_pylist()
    assert ids == sorted(ids)
    assert len(set(ids)) == 50


def test_ids_that_would_be_alike_are_longer() -> None:
    labels = sorted(["a" * 12 + "0" * 20, "a" * 12 + "0" * 19 + "1", "a" * 12 + "b" * 20, "c" * 32])
    ids = _ids(numbers_of(pa.array(labels))).to_pylist()
    assert ids == ["C" + labels[0], "C" + labels[1], "C" + labels[2][:16], "C" + "c" * 12]


def test_labels_must_be_hashes() -> None:
    for wrong in ("u1", "X" * 32, "A" * 32, "g" * 32, "/" * 32):
        with pytest.raises(DataError, match="32 hex digits"):
            numbers_of(pa.array([label("right"), wrong]))
    texts = sorted(label(str(n)) for n in range(500))
    head, tail = numbers_of(pa.array(texts))
    assert [f"{a:016x}{b:016x}" for a, b in zip(head.tolist(), tail.tolist(), strict=True)] == texts
    head, _ = numbers_of(pa.array(texts).slice(100, 7))
    assert [f"{a:016x}" for a in head.tolist()] == [text[:16] for text in texts[100:107]]


def test_rows_of_hashes_become_nodes_and_edges() -> None:
    rows: list[Row] = [("u1", "d1", 5, 2), ("d1", "c1", 3, 1), ("u1", "c1", 7, 1), ("u1", "d1", 1, 1)]
    nodes, edges, names = tables(rows)
    kind = {name: at for at, name in enumerate(LETTERS)}
    made, links = identity.numbered(
        np.array([kind[row[0][0]] for row in rows], np.int8),
        np.array([label(row[0]) for row in rows]),
        np.array([kind[row[1][0]] for row in rows], np.int8),
        pa.chunked_array([[label(row[1]) for row in rows[:2]], [label(row[1]) for row in rows[2:]]]),
        edges.first,
        count=edges.count,
    )
    order = [made.label.to_pylist().index(label(name)) for name in names]
    assert made.first[order].tolist() == nodes.first.tolist()
    assert made.kind[order].tolist() == nodes.kind.tolist()
    assert [names[order.index(at)] for at in links.left] == [row[0] for row in rows]
    codes, labels = distinct(pa.chunked_array([[label("a")], [label("b"), label("a")]]))
    assert (codes.tolist(), labels.to_pylist()) == ([0, 1, 0], [label("a"), label("b")])


def test_labels_that_are_mixed_to_one_number_are_still_told_apart(monkeypatch) -> None:
    monkeypatch.setattr(order, "_MIX", np.array([1, 0, 0, 0], np.uint64))  # only the first eight letters
    alike = [f"{'0' * 31}{digit}" for digit in "0120"]
    codes, labels = distinct(pa.chunked_array([["f" * 32, *alike[:1]], alike[1:]]))
    assert codes.tolist() == [0, 1, 2, 3, 1]
    assert labels.to_pylist() == ["f" * 32, *alike[:3]]


def test_nonsense_is_refused() -> None:
    nodes, edges, _ = tables([("u1", "d1", 1, 1)])
    with pytest.raises(DataError, match="identifier there is not"):
        identity.resolve(
            nodes,
            Edges(
                edges.left + 7, *(getattr(edges, c) for c in ("right", "first", "last", "count", "source"))
            ),
        )
    with pytest.raises(DataError, match="of a kind there is not"):
        Nodes(np.array([7], np.int8), np.array([0]), pa.array([label("u1")]))
    with pytest.raises(DataError, match="one length"):
        Nodes(nodes.kind, nodes.first[:1], nodes.label)


# --- the log ---


def test_the_log_accounts_for_every_link() -> None:
    rows = [
        ("u1", "e1", 1, 3),
        ("e1", "p1", 2, 1),
        ("u1", "p1", 3, 1),
        ("u2", "p1", 4, 1),
        ("u2", "d2", 1, 1),
    ]
    rows += [(f"e{n}", "d9", n, 1) for n in range(1, 6)]
    answer, names = found(rows)
    told = fates(answer, names)
    assert told == {
        "u1-e1": "joined",
        "u1-p1": "joined",
        "e1-p1": "already joined",
        "u2-p1": "would join two user_id",
        "u2-d2": "joined",
        **{f"e{n}-d9": "shared by too many" for n in range(1, 6)},
    }
    log = identity.merge_log(answer, ["crm"]).to_pylist()
    assert len(log) == sum(reason != "already joined" for reason in told.values())
    name = {label(each): each for each in names}
    assert {f"{name[row['left']]}-{name[row['right']]}": row["reason"] for row in log} == {
        link: reason for link, reason in told.items() if reason != "already joined"
    }
    for row in log:
        assert (row["other"] is None) == (row["reason"] == "joined")
        assert row["source"] == "crm"
    assert answer.sizes == {1: 5, 2: 1, 3: 1}
    links = answer.links.take()
    other = Edges(links.left, links.right, links.first, links.last, links.count, links.source + 1)
    answer = identity.resolve(answer.nodes, other)
    with pytest.raises(DataError, match="only 1 sources have names"):
        identity.merge_log(answer, ["crm"])


def test_the_log_names_hashes_and_never_values() -> None:
    answer, _ = found([("u1", "e1", 1, 1)])
    row = identity.merge_log(answer).to_pylist()[0]
    assert (row["left"], row["right"]) == (label("u1"), label("e1"))


# --- quality ---


def test_pairs_are_counted_from_sizes() -> None:
    quality = identity.pairwise([1, 1, 1, 2, 2], ["a", "a", "b", "b", "b"])
    assert quality == pytest.approx((2 / 4, 2 / 4, 0.5))
    assert identity.pairwise([1, 2, 3], [1, 1, 2]) == pytest.approx((1.0, 0.0, 0.0))
    assert identity.pairwise([], []) == (1.0, 1.0, 1.0)
    assert identity.pairwise(np.arange(3), ["x", "y", "z"]) == (1.0, 1.0, 1.0)
    with pytest.raises(DataError, match="cannot be compared"):
        identity.pairwise([1], [1, 2])
