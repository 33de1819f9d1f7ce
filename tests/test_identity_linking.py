"""Customer records without a common identifier: agreed combinations first, then likeness."""

from __future__ import annotations

import csv
import importlib.util
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from journey_lib import demo, identity
from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.identity import records
from journey_lib.identity.linking import Linked, link, with_pairs
from journey_lib.identity.records import Composites, composite

KEY = b"a key for tests only"
ROLES = {
    "name": "name",
    "phone": "phone",
    "email": "email",
    "member": "member",
    "born": "birth",
    "year": "year",
    "street": "address",
    "city": "area",
    "district": "area",
}
SAME = ("name", "born", "street")


def table(*rows: dict[str, str | None]) -> pa.Table:
    """Records A, B, C … with the columns of `ROLES`; what is not said is empty."""
    return pa.table(
        {
            "customer_id": [row.get("id") or chr(ord("A") + number) for number, row in enumerate(rows)],
            **{column: pa.array([row.get(column) for row in rows], pa.string()) for column in ROLES},
        }
    )


def groups(known: Composites, codes: list[str]) -> set[str]:
    found = identity.resolve(known.nodes, known.edges, records.RECORD_RULES)
    inside: dict[int, list[str]] = {}
    for code, customer in zip(codes, found.customer[: known.records].tolist(), strict=True):
        inside.setdefault(customer, []).append(code)
    return {"".join(sorted(each)) for each in inside.values()}


def together(
    rules: list[tuple[str, ...]], *rows: dict[str, str | None], limit: int = records.SHARED
) -> set[str]:
    people = table(*rows)
    return groups(composite(people, rules, ROLES, KEY, limit=limit), people["customer_id"].to_pylist())


# --- agreed combinations ---


def test_records_that_agree_in_a_name_a_birthday_and_a_street_are_one_customer() -> None:
    an = {"name": "Nguyễn Văn An", "born": "1990-05-02", "street": "12 Lê Lợi"}
    assert together([SAME], an, an, {**an, "street": "14 Lê Lợi"}) == {"AB", "C"}


@pytest.mark.parametrize(
    "typed", ["NGUYỄN VĂN AN", "Nguyen Van An", "  nguyễn  văn an", "An Nguyễn Văn", "Nguyễn, Văn An"]
)
def test_a_name_may_be_typed_without_accents_and_in_any_order(typed) -> None:
    an = {"name": "Nguyễn Văn An", "born": "1990-05-02", "street": "12 Lê Lợi"}
    assert together([SAME], an, {**an, "name": typed}) == {"AB"}


@pytest.mark.parametrize("missing", [None, "", " ", "null", "(not set)", "0000-00-00", "-"])
def test_a_combination_counts_only_where_all_of_it_is_filled_in(missing) -> None:
    an = {"name": "Nguyễn Văn An", "born": missing, "street": "12 Lê Lợi"}
    assert together([SAME], an, an) == {"A", "B"}


@pytest.mark.parametrize(
    "rule", [("name",), ("name", "year"), ("name", "city", "district"), ("name", "year", "city")]
)
def test_names_alone_never_link(rule) -> None:
    with pytest.raises(ParameterError, match="names alone link nobody"):
        composite(table(), [rule], ROLES, KEY)


@pytest.mark.parametrize("rule", [(), ("born",), ("born", "street"), ("city", "district")])
def test_neither_does_what_a_household_or_a_city_shares(rule) -> None:
    with pytest.raises(ParameterError, match="too many people have the same"):
        composite(table(), [rule], ROLES, KEY)


def test_phones_and_addresses_link_however_they_are_written() -> None:
    rows = [
        {"phone": "0912 345 678"},
        {"phone": "+84912345678", "email": "An@Example.com"},
        {"email": "an@example.com "},
    ]
    assert together([("phone",), ("email",)], *rows) == {"ABC"}


def test_a_hotline_or_half_an_address_links_nobody() -> None:
    assert together([("phone",), ("email",)], *[{"phone": "1900 1234", "email": "an@"}] * 2) == {"A", "B"}


def test_two_member_numbers_are_two_people_whatever_else_agrees() -> None:
    an = {"name": "Nguyễn Văn An", "born": "1990-05-02", "street": "12 Lê Lợi", "phone": "0912345678"}
    rows = [{**an, "member": "M1"}, {**an, "member": "M2"}]
    assert together([("member",), ("phone",), SAME], *rows) == {"A", "B"}


def test_what_more_records_share_than_the_limit_links_none_of_them() -> None:
    an = {"name": "Nguyễn Văn An", "born": "1900-01-01", "street": "1"}
    assert together([SAME], *[an] * 3, limit=3) == {"ABC"}
    assert together([SAME], *[an] * 4, limit=3) == {"A", "B", "C", "D"}
    people = table(*[an] * 4)
    assert dict(composite(people, [SAME], ROLES, KEY, limit=3).blocked) == {"name + born + street": 1}


def test_values_of_two_rules_or_of_other_fields_never_meet() -> None:
    rows = [{"name": "An", "born": "1", "street": "23"}, {"name": "An", "born": "12", "street": "3"}]
    assert together([SAME], *rows) == {"A", "B"}
    rows = [{"name": "An", "born": "12"}, {"name": "An", "street": "12"}]
    assert together([("name", "born"), ("name", "street")], *rows) == {"A", "B"}


def test_a_phone_is_the_same_node_as_in_the_graph_of_all_identifiers() -> None:
    known = composite(table({"phone": "0912 345 678"}), [("phone",)], ROLES, KEY)
    assert known.nodes.label.to_pylist() == [
        *identity.hashed("customer_id", ["A"], KEY),
        *identity.hashed("phone", ["+84912345678"], KEY),
    ]


def test_the_order_of_rows_changes_nothing() -> None:
    rng = random.Random(1)  # noqa: S311
    rows = [
        {
            "id": f"R{n:02}",
            "name": rng.choice(["An", "Bình"]),
            "born": rng.choice(["1", "2", ""]),
            "street": rng.choice("12"),
        }
        for n in range(40)
    ]
    once = together([SAME, ("name", "born")], *rows, limit=20)
    for _ in range(5):
        rng.shuffle(rows)
        assert together([SAME, ("name", "born")], *rows, limit=20) == once


def test_a_record_has_one_code_and_a_code_one_record() -> None:
    people = pa.table({"customer_id": ["A", "A", None, ""], "name": [""] * 4})
    with pytest.raises(DataError, match="2 without a code, 2 that repeat one"):
        composite(people, [], {}, KEY)


@pytest.mark.parametrize(
    ("rules", "roles", "message"),
    [
        ([("nmae", "born")], ROLES, "no column 'nmae'"),
        ([("name", "born")], {"name": "nme", "born": "birth"}, "cannot be a 'nme'"),
        ([("name", "born")], {"name": "name"}, "what column 'born' says is not told"),
    ],
)
def test_mistakes_are_named(rules, roles, message) -> None:
    with pytest.raises(ParameterError, match=message):
        composite(table(), rules, roles, KEY)


def test_nothing_raw_is_in_the_graph() -> None:
    an = {"name": "Nguyễn Văn An", "born": "1990-05-02", "street": "12 Lê Lợi", "phone": "0912345678"}
    known = composite(table(an, an), [SAME, ("phone",)], ROLES, KEY)
    assert all(
        len(label) == 32 and set(label) <= set("0123456789abcdef") for label in known.nodes.label.to_pylist()
    )


# --- likeness ---

FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Võ", "Đặng", "Bùi")
MIDDLE = ("Văn", "Thị", "Minh", "Ngọc", "Quốc", "Thanh", "Hồng", "Đức")
GIVEN = ("An", "Bình", "Châu", "Dũng", "Giang", "Hải", "Khánh", "Linh",
         "Nga", "Oanh", "Phúc", "Quân", "Sơn", "Tâm", "Uyên", "Việt")  # fmt: skip
CITIES = ("Hà Nội", "Huế", "Đà Nẵng", "Cần Thơ", "Hải Phòng", "Vinh", "Đà Lạt", "Nha Trang", "Cà Mau",
          "Pleiku", "Thái Nguyên", "Nam Định")  # fmt: skip
COMPARE = {
    column: ROLES[column] for column in ("name", "phone", "email", "member", "year", "city", "district")
}


@pytest.fixture
def splink() -> None:
    if importlib.util.find_spec("splink") is None and not os.environ.get("CI"):
        pytest.skip("Splink is not installed: pip install 'journey-workbench[identity]'")


def strangers(many: int = 400) -> list[dict[str, str | None]]:
    """People of a made-up country, no two of whom are one."""
    rng = random.Random(7)  # noqa: S311
    names = rng.sample([f"{a} {b} {c}" for a in FAMILY for b in MIDDLE for c in GIVEN], many)
    return [
        {
            "id": f"S{number:04}",
            "name": name,
            "phone": f"09{rng.randrange(10**8):08}",
            "year": str(rng.randrange(1950, 2008)),
            "city": rng.choice(CITIES),
            "district": f"Quận {rng.randrange(1, 31)}",
        }
        for number, name in enumerate(names)
    ]


NHU = {"name": "Đỗ Quỳnh Như", "year": "1987", "city": "Huế", "district": "Quận 3"}


def alike(*rows: dict[str, str | None], **more) -> Linked:
    named = [{**row, "id": f"A{number}"} for number, row in enumerate(rows)]
    return link(table(*named, *strangers()), COMPARE, **more)


def listed(found: pa.Table) -> list[str]:
    return [
        f"{left}-{right}"
        for left, right in zip(found["left"].to_pylist(), found["right"].to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("name", ["ĐỖ QUỲNH NHƯ", "Do Quynh Nhu", "Đỗ Quỳnh Như ", "Quỳnh Như Đỗ"])
def test_a_rare_name_a_year_and_a_district_are_enough_however_the_name_is_typed(name, splink) -> None:
    found = alike(NHU, {**NHU, "name": name})
    assert listed(found.pairs) == ["A0-A1"]
    assert found.pairs["reason"].to_pylist() == ["alike"]
    assert 0.95 <= found.pairs["probability"][0].as_py() <= 1


def test_with_one_accent_wrong_it_is_for_somebody_to_decide(splink) -> None:
    found = alike(NHU, {**NHU, "name": "Đỗ Quỳnh Nhu"})
    assert (listed(found.pairs), listed(found.review)) == ([], ["A0-A1"])


def test_a_tone_mark_in_the_newer_place_is_the_same_name(splink) -> None:
    hoa = {**NHU, "name": "Đỗ Thúy Hòa"}
    apart = alike(hoa, {**hoa, "name": "Đỗ Thụy Hóa"}).pairs
    moved = alike(hoa, {**hoa, "name": "Đỗ Thuý Hoà"}).pairs
    assert listed(moved) == ["A0-A1"]
    assert max(apart["weight"].to_pylist(), default=0) < moved["weight"][0].as_py()


def test_names_with_other_accents_speak_against_it(splink) -> None:
    van = {**NHU, "name": "Đỗ Vân Anh"}
    typed = alike(van, {**van, "name": "Do Van Anh"})
    other = alike(van, {**van, "name": "Đỗ Văn Ánh"})
    weights = [
        [*found.pairs["weight"].to_pylist(), *found.review["weight"].to_pylist()] for found in (typed, other)
    ]
    assert max(weights[1], default=0) < max(weights[0]) - 3  # bits


@pytest.mark.parametrize(
    "other", [{"year": "1951"}, {"city": "Hà Nội", "district": "Quận 9", "year": "1988"}]
)
def test_a_namesake_of_another_age_is_no_evidence(other, splink) -> None:
    assert listed(alike(NHU, {**NHU, **other}).pairs) == []


def test_a_frequent_name_says_less_than_a_rare_one(splink) -> None:
    crowd = [{"id": f"Z{n}", "name": "Nguyễn Văn Anh", "year": str(1950 + n)} for n in range(30)]
    anh = {**NHU, "name": "Nguyễn Văn Anh"}
    rows = [{**anh, "id": "A0"}, {**anh, "id": "A1"}, {**NHU, "id": "B0"}, {**NHU, "id": "B1"}]
    found = link(table(*rows, *crowd, *strangers()), COMPARE)
    assert listed(found.pairs) == ["B0-B1"]


def test_two_member_numbers_are_never_linked_and_need_no_review(splink) -> None:
    found = alike({**NHU, "member": "M1"}, {**NHU, "member": "M2"})
    assert listed(found.pairs) == listed(found.review) == []


def test_nor_when_the_number_stands_in_another_record_of_the_customer(splink) -> None:
    rows = [NHU, {"member": "M1"}, {**NHU, "member": "M2"}]
    named = [{**row, "id": f"A{number}"} for number, row in enumerate(rows)]
    people = table(*named, *strangers())
    customer = [0, 0, *range(1, len(people) - 1)]
    found = link(people, COMPARE, customer)
    assert listed(found.pairs) == listed(found.review) == []


def test_what_is_joined_already_is_left_alone(splink) -> None:
    people = table({**NHU, "id": "A0"}, {**NHU, "id": "A1"}, *strangers())
    assert listed(link(people, COMPARE, [0, 0, *range(1, len(people) - 1)]).pairs) == []


def test_the_doubtful_are_listed_by_code_and_chance_and_nothing_else(splink) -> None:
    found = alike(NHU, {**NHU, "city": None})
    assert found.review.column_names == ["left", "right", "probability", "weight"]
    assert "A0-A1" in listed(found.review)
    assert all(0.5 <= chance < 1 for chance in found.review["probability"].to_pylist())


@pytest.mark.slow
def test_the_same_rows_in_any_order_give_the_same_pairs(splink) -> None:
    tam = {**NHU, "name": "Đỗ Minh Tâm"}
    rows = [{**NHU, "id": "A0"}, {**NHU, "id": "A1"}, {**tam, "id": "B0"}, {**tam, "id": "B1", "city": None}]
    rows += strangers()
    once = link(table(*rows), COMPARE)
    assert (listed(once.pairs), listed(once.review)) == (["A0-A1"], ["B0-B1"])
    for seed in range(3):
        random.Random(seed).shuffle(rows)  # noqa: S311
        again = link(table(*rows), COMPARE)
        assert again.pairs.equals(once.pairs)
        assert again.review.equals(once.review)


def test_pairs_join_the_graph_as_weak_evidence_with_their_reason(splink) -> None:
    rows = [{**NHU, "id": "A0"}, {**NHU, "id": "A1"}, *strangers()]
    people = table(*rows)
    codes = people["customer_id"].to_pylist()
    known = composite(people, [("phone",), ("member",)], ROLES, KEY)
    more = with_pairs(known, link(people, COMPARE), codes, KEY)
    assert "A0A1" in groups(more, codes)
    assert len(groups(more, codes)) == len(people) - 1

    log = identity.merge_log(identity.resolve(more.nodes, more.edges, records.RECORD_RULES), more.rules)
    assert Counter(log["source"].to_pylist())["alike"] == 2  # the pair's node with each of the two


def test_a_pair_does_not_join_two_members() -> None:
    people = table({"member": "M1"}, {"member": "M2"})
    pair = pa.table({"left": ["A"], "right": ["B"], "probability": [0.99]})
    known = composite(people, [("member",)], ROLES, KEY)
    more = with_pairs(known, Linked(pair, pair.slice(1), ()), ["A", "B"], KEY)
    assert groups(more, ["A", "B"]) == {"A", "B"}


HOSTILE = [
    "'); DROP TABLE x; --",
    "<script>alert(1)</script>",
    '=HYPERLINK("x")',
    "a\x00b",
    "\u202eAn",
    "Ａｎ",
    "An" * 60_000,
]


def test_hostile_values_and_columns_are_only_text(splink) -> None:
    column = 'name"; DROP TABLE c0; --'
    rows = [{**row, "name": text} for row, text in zip(strangers(), HOSTILE * 20, strict=False)]
    people = table(*rows).rename_columns(
        [column if name == "name" else name for name in table().column_names]
    )
    found = link(people, {column: "name", "year": "year", "city": "area"})
    assert len(found.pairs) + len(found.review) <= len(people) ** 2
    composite(people, [(column, "born")], {column: "name", "born": "birth"}, KEY)


@pytest.mark.parametrize("rows", [[], [NHU], [{}, {}], [{}, NHU]])
def test_next_to_nothing_gives_no_pairs(rows, splink) -> None:
    found = link(table(*rows), COMPARE)
    assert found.pairs.num_rows == found.review.num_rows == 0
    assert found.pairs.column_names == ["left", "right", "reason", "probability", "weight"]


def test_ways_that_give_too_many_pairs_are_left_out_and_named(splink) -> None:
    found = link(
        table(*strangers(50), *[{"id": f"N{n}", "name": "Nguyễn Văn An", "city": "Huế"} for n in range(30)]),
        COMPARE,
        most_pairs=400,
    )
    assert found.skipped == ("name + city", "name")


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"threshold": 0.5}, ParameterError, "threshold of 0.5"),
        ({"threshold": 1.1}, ParameterError, "threshold of 1.1"),
        ({"found": 1.0}, ParameterError, "share of 1.0"),
        ({"customer": [1]}, DataError, "1 customers cannot be those of 2 records"),
        ({"compare": {"city": "area"}}, ParameterError, "nothing to tell people apart by"),
        ({"compare": {"nmae": "name"}}, ParameterError, "no column 'nmae'"),
    ],
)
def test_what_cannot_be_asked_is_refused(more, error, message) -> None:
    with pytest.raises(error, match=message):
        link(table(NHU, NHU), **{"compare": COMPARE, **more})


def test_without_splink_the_message_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(ConfigError, match=r"pip install 'journey-workbench\[identity\]'"):
        link(table(NHU, NHU), COMPARE)


def test_splink_is_not_loaded_before_it_is_needed() -> None:
    script = "import sys, journey_lib.identity.linking; sys.exit('splink' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# --- the demo shop: what is true of it is known ---

COLUMNS = {
    "Mã khách hàng": "customer_id",
    "Họ và tên": "name",
    "Số điện thoại": "phone",
    "Email": "email",
    "Mã thành viên": "member",
    "Tỉnh/Thành phố": "city",
    "Quận/Huyện": "district",
    "Năm sinh": "year",
}


def shop(folder: Path, customers: int) -> tuple[pa.Table, list[str]]:
    """The CRM of a demo shop, and whose each record is."""
    demo.generate(folder, customers=customers)
    with (folder / "raw" / "customers.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [
            {COLUMNS[name]: text for name, text in row.items() if name in COLUMNS}
            for row in csv.DictReader(lines)
        ]
    known = pq.read_table(folder / "truth" / "fragments.parquet")
    known = known.filter(pc.field("kind") == "customer_id")
    owner = dict(zip(known["fragment"].to_pylist(), known["customer_id"].to_pylist(), strict=True))
    return pa.Table.from_pylist(rows), [owner[row["customer_id"]] for row in rows]


@pytest.mark.slow
def test_second_records_of_the_demo_shop_are_found_by_identifiers_and_some_more_by_likeness(
    tmp_path, splink
) -> None:
    (tmp_path / "journey.yaml").write_bytes(
        (Path(__file__).parents[1] / "data/demo/journey.yaml").read_bytes()
    )
    crm, owners = shop(tmp_path, 6_000)
    codes = crm["customer_id"].to_pylist()
    owner = dict(zip(codes, owners, strict=True))
    second = len(owners) - len(set(owners))
    assert second >= 20

    known = composite(crm, [("member",), ("phone",), ("email",)], ROLES, KEY)
    found = identity.resolve(known.nodes, known.edges, records.RECORD_RULES).customer[: known.records]
    rules = identity.pairwise(found, owners)
    assert rules.precision == 1.0
    assert 0.6 <= rules.recall <= 0.9  # nine in ten have a phone or an address, but not all first records do

    likely = link(crm, COMPARE, found)
    pairs = [*zip(likely.pairs["left"].to_pylist(), likely.pairs["right"].to_pylist(), strict=True)]
    assert all(owner[left] == owner[right] for left, right in pairs)
    more = with_pairs(known, likely, codes, KEY)
    after = identity.resolve(more.nodes, more.edges, records.RECORD_RULES).customer[: more.records]
    quality = identity.pairwise(after, owners)
    assert quality.precision == 1.0
    assert quality.recall > rules.recall
    assert len(likely.review) <= second
