"""Records of the CRM without a common identifier: a small export in, customers and their evidence out."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import shops
import yaml

import journey_lib as jl
from journey_lib import demo, findings_customers, identity, prepare, single_view
from journey_lib.errors import ConfigError

CONFIG = """
name: shop
timezone: UTC
currency: VND
conversions: {purchase: {event_type: purchase}}
checks: {most_dropped: 1}
identity: {LINKING}
sources:
  - {table: orders, format: csv, path: orders.csv}
  - {table: customers, format: csv, path: crm.csv}
"""
COMPOSITE = "linking: {method: composite}"
AN = {"name": "Nguyễn Văn An", "birth_date": "1990-05-02", "address": "12 Lê Lợi"}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "a key for tests only, no secret")


def shop(folder: Path, *records: dict[str, str], linking: str = COMPOSITE):
    """A shop whose CRM holds these records, each with one order at its code, in their order."""
    codes = [record.get("customer_id") or f"R{number}" for number, record in enumerate(records)]
    crm = pd.DataFrame([{**record, "customer_id": code} for code, record in zip(codes, records, strict=True)])
    crm.to_csv(folder / "crm.csv", index=False)
    days = [f"2025-01-{1 + number % 28:02} 10:00:00" for number in range(len(codes))]
    orders = pd.DataFrame({"order_id": range(len(codes)), "customer_id": codes, "timestamp": days})
    orders["value"] = 1
    orders.to_csv(folder / "orders.csv", index=False)
    (folder / "journey.yaml").write_text(CONFIG.replace("LINKING", linking), encoding="utf-8")
    return jl.open(folder)


def sizes(opened) -> list[int]:
    """How many orders each customer has, the most first."""
    return sorted(jl.customers.load(opened)["orders"].tolist(), reverse=True)


def kept(opened, name: str) -> pd.DataFrame:
    return pq.read_table(opened.work / "identity" / f"{name}.parquet").to_pandas()


def test_nothing_is_linked_unless_it_is_declared(tmp_path) -> None:
    opened = shop(tmp_path, AN, AN, linking="")
    assert sizes(opened) == [1, 1]
    assert not (opened.work / "identity" / "review.parquet").exists()
    assert "linking" not in prepare.prepare(opened).identity


def test_records_that_agree_in_name_birthday_and_address_are_one_customer(tmp_path) -> None:
    opened = shop(tmp_path, AN, {**AN, "name": "NGUYEN VAN AN"}, {**AN, "address": "14 Lê Lợi"})
    assert sizes(opened) == [2, 1]
    facts = prepare.prepare(opened).identity
    assert facts["levels"] == {"off": 3, "normal": 2, "aggressive": 2}
    assert facts["linking"]["joined"] == {"agree in name + birth_date + address": 1}
    assert facts["linking"]["agreeing"] == {"name + birth_date + address": 1}


def test_the_merge_log_tells_the_evidence_of_every_merge(tmp_path) -> None:
    opened = shop(tmp_path, {**AN, "phone": "0912345678"}, AN)
    prepare.prepare(opened)
    log = kept(opened, "merges")
    assert log[["reason", "evidence", "left_kind", "right_kind", "source"]].to_numpy().tolist() == [
        ["joined", "seen together", "customer_id", "phone", "customers"],
        ["joined", "agree in name + birth_date + address", "customer_id", "customer_id", "customers"],
    ]
    assert len(set(log["customer"])) == 1
    assert len(single_view.links(opened).table) == 2


def test_two_members_stay_two_customers_and_the_log_says_why(tmp_path) -> None:
    opened = shop(tmp_path, {**AN, "member": "M1"}, {**AN, "member": "M2"})
    assert sizes(opened) == [1, 1]
    last = kept(opened, "merges").iloc[-1]
    assert (last["reason"], last["evidence"]) == (
        "would join two member",
        "agree in name + birth_date + address",
    )
    assert prepare.prepare(opened).identity["cut"] == {"would join two member": 1}


def test_a_member_is_not_reached_through_a_third_record_either(tmp_path) -> None:
    phone = {"name": "", "birth_date": "", "address": "", "phone": "0912345678"}
    opened = shop(tmp_path, {**AN, "member": "M1"}, {**AN, "phone": "0912345678"}, {**phone, "member": "M2"})
    # The phone is an identifier: the second record is M2's by it, and so the combination joins it to nobody.
    assert sizes(opened) == [2, 1]
    assert kept(opened, "merges").iloc[-1]["reason"] == "would join two member"


def test_a_combination_that_many_share_joins_nobody_and_is_counted(tmp_path) -> None:
    opened = shop(tmp_path, *[AN] * 9)
    assert sizes(opened) == [1] * 9
    assert prepare.prepare(opened).identity["linking"]["shared"] == {"name + birth_date + address": 1}


def test_other_rules_may_be_declared(tmp_path) -> None:
    rules = "linking: {method: composite, rules: [[name, birth_date], [name, address]]}"
    opened = shop(tmp_path, AN, {**AN, "address": ""}, {**AN, "birth_date": ""}, linking=rules)
    assert sizes(opened) == [3]


def test_whatever_the_order_of_the_records(tmp_path) -> None:
    records = [{**AN, "customer_id": f"C{n}", "birth_date": f"1990-01-0{1 + n % 3}"} for n in range(8)]
    answers = []
    for number, order in enumerate((records, records[::-1], records[3:] + records[:3])):
        (folder := tmp_path / str(number)).mkdir()
        opened = shop(folder, *order)
        prepare.prepare(opened)
        found = kept(opened, "identifiers")
        answers.append(found.groupby("customer_id")["label"].apply(frozenset).tolist())
        assert sizes(opened) == [3, 3, 2]
    assert set(answers[0]) == set(answers[1]) == set(answers[2])


@pytest.mark.parametrize(
    ("linking", "message"),
    [
        ("linking: {method: composite, rules: [[name, city]]}", "names alone link nobody"),
        ("linking: {method: composite, rules: [[name, street]]}", "no column 'street'"),
        ("linking: {method: composite, rules: [[name, email, birth_year], [phone, gender]]}", "no source of"),
        ("linking: {method: composit}", "composit"),
        ("linking: {method: splink, accept: 0.5, review: 0.5}", "must be less than accept"),
    ],
)
def test_what_cannot_be_linked_by_stops_the_run(linking, message, tmp_path) -> None:
    with pytest.raises(ConfigError, match=message):
        prepare.prepare(shop(tmp_path, AN, AN, linking=linking))


def test_names_and_addresses_are_in_nothing_that_is_kept(tmp_path) -> None:
    opened = shop(tmp_path, {**AN, "phone": "0912345678"}, AN)
    prepare.prepare(opened)
    for file in opened.work.rglob("*"):
        if file.is_file():
            tables = pq.read_table(file).to_pylist() if file.suffix == ".parquet" else file.read_text()
            for raw in ("Văn An", "van an", "1990-05-02", "Lê Lợi", "912345678"):
                assert raw not in str(tables), (file.name, raw)


# --- likeness ---


@pytest.fixture
def splink() -> None:
    if importlib.util.find_spec("splink") is None and not os.environ.get("CI"):
        pytest.skip("Splink is not installed: pip install 'journey-workbench[identity]'")


def crowd(many: int = 400) -> list[dict[str, str]]:
    """Strangers, no two of whom are alike."""
    family, given = ("Trần", "Lê", "Phạm", "Võ", "Bùi"), ("Bình", "Châu", "Dũng", "Hải", "Linh", "Nga", "Sơn")
    return [
        {
            "name": f"{family[n % 5]} {chr(65 + n % 23)}{chr(97 + n % 19)}o {given[n % 7]}{n % 11}",
            "birth_year": str(1950 + n % 57),
            "city": f"Tỉnh {n % 13}",
            "district": f"Quận {n % 29}",
        }
        for n in range(many)
    ]


NHU = {"name": "Đỗ Quỳnh Như", "birth_year": "1987", "city": "Huế", "district": "Quận Ba"}
SPLINK = "linking: {method: splink}"


def test_records_that_are_alike_enough_are_joined_and_the_doubtful_are_listed(tmp_path, splink) -> None:
    tam = {**NHU, "name": "Đỗ Minh Tâm", "birth_year": "1990"}
    records = [
        NHU,
        {**NHU, "name": "Do Quynh Nhu"},
        tam,
        {**tam, "name": "Đỗ Minh Tam", "birth_year": ""},
        *crowd(),
    ]
    opened = shop(tmp_path, *records, linking=SPLINK)
    manifest = prepare.prepare(opened)
    facts = manifest.identity["linking"]
    assert (facts["alike"], facts["joined"], facts["review"]) == (1, {"alike": 1}, 1)
    review = kept(opened, "review")
    assert review.columns.tolist() == [
        *("left_customer", "left_file", "left_row", "right_customer", "right_file", "right_row"),
        *("probability", "weight"),
    ]
    assert {review["left_row"][0], review["right_row"][0]} == {3, 4}
    assert review["left_customer"][0] != review["right_customer"][0]
    assert 0.5 <= review["probability"][0] < 0.95
    assert sizes(opened)[:2] == [2, 1]
    said = manifest.said()
    assert "customers joined though no identifier says so: alike: 1" in said
    assert "1 pairs of records to decide: work/identity/review.parquet" in said
    assert "may not: **1**. They are listed" in findings_customers.links(single_view.links(opened))


def test_a_stricter_threshold_leaves_the_pair_to_somebody(tmp_path, splink) -> None:
    strict = "linking: {method: splink, accept: 1, review: 0.3}"
    opened = shop(tmp_path, NHU, NHU, *crowd(), linking=strict)
    assert max(sizes(opened)) == 1
    review = kept(opened, "review")
    assert {review["left_row"][0], review["right_row"][0]} == {1, 2}


# --- the demo shop: what is true of it is known ---


def demo_shop(folder: Path, linking: dict[str, object] | None) -> tuple[prepare.Manifest, identity.Quality]:
    """The records and orders of a demo shop, and how right the customers are that its records came to."""
    declared = yaml.safe_load(shops.CONFIG.read_bytes())
    declared["identity"] |= {"linking": linking} if linking else {}
    declared["sources"] = [
        each for each in declared["sources"] if each["table"] in ("orders", "customers", "identifiers")
    ]
    declared["reports"] = []
    (folder / "journey.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    opened = jl.open(folder)
    manifest = prepare.prepare(opened)
    known = pd.read_parquet(folder / "truth" / "fragments.parquet").query("kind == 'customer_id'")
    label = identity.hashed("customer_id", known["fragment"], identity.key(file=folder / "raw/identity.key"))
    found = kept(opened, "identifiers").set_index("label")["customer_id"]
    return manifest, identity.pairwise(found[label].tolist(), known["customer_id"].tolist())


@pytest.mark.slow
def test_linking_declared_for_the_demo_shop_finds_second_records_and_joins_no_two_people(
    tmp_path, splink
) -> None:
    (tmp_path / "journey.yaml").write_bytes(shops.CONFIG.read_bytes())
    demo.generate(tmp_path, customers=20_000)
    agreed = {"method": "composite", "rules": [["name", "phone"], ["name", "email"]]}
    _, alone = demo_shop(tmp_path, None)
    _, rules = demo_shop(tmp_path, agreed)
    manifest, likely = demo_shop(tmp_path, {"method": "splink"})
    _, easy = demo_shop(tmp_path, {"method": "splink", "accept": 0.8})
    assert [each.precision for each in (alone, rules, likely, easy)] == [1.0] * 4
    assert 0.6 < alone.recall <= rules.recall
    assert manifest.identity is not None
    assert manifest.identity["linking"]["joined"]["alike"] >= 1
    assert alone.recall < likely.recall <= easy.recall
