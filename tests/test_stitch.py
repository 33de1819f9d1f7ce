"""Rows become customers: small logs in, who is who out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tables import cells

import journey_lib as jl
from journey_lib import prepare, single_view
from journey_lib.errors import ConfigError, DataError, ParameterError

CONFIG = """
name: shop
timezone: UTC
currency: VND
conversions: {purchase: {event_type: purchase}}
checks: {most_dropped: 1}
identity: IDENTITY
sources:
  - {table: events, format: csv, path: events.csv}
"""
ORDERS = "  - {table: orders, format: csv, path: orders.csv}\n"
CRM = "  - {table: customers, format: csv, path: crm.csv}\n"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "a key for tests only, no secret")


def sheet(folder: Path, name: str, text: str) -> None:
    rows = pd.DataFrame(cells(text))
    if "at" in rows:
        rows["timestamp"] = "2025-01-" + rows.pop("at") + ":00"
    rows.to_csv(folder / name, index=False)


def shop(folder: Path, events: str, *, orders: str = "", crm: str = "", identity: str = "{}"):
    config = CONFIG.replace("IDENTITY", identity)
    sheet(folder, "events.csv", events)
    for name, text, source in (("orders.csv", orders, ORDERS), ("crm.csv", crm, CRM)):
        if text:
            sheet(folder, name, text)
            config += source
    (folder / "journey.yaml").write_text(config, encoding="utf-8")
    return jl.open(folder)


def who(opened) -> list[set[str]]:
    """The channels each customer met, in the order in which customers were first seen."""
    table = jl.touches.load(opened)
    rows = pd.concat([pd.DataFrame(vars(load())) for load in table.buckets])
    rows["name"] = [table.channels[code] if code >= 0 else "(sale)" for code in rows["channel"]]
    first = rows.sort_values("timestamp").drop_duplicates("customer")["customer"]
    return [set(rows.loc[rows["customer"] == customer, "name"]) for customer in first]


def test_what_stands_in_one_row_is_one_customer_and_phones_are_read_in_any_spelling(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel  | cookie | user_id | phone
        01 08:00 | visit      | tiktok   | c1     |         |
        02 08:00 | visit      | facebook | c1     | u1      |
        03 08:00 | call       | phone    |        |         | 0912 345 678
        04 08:00 | sign_up    | store    |        | u1      | +84 912.345.678
        05 08:00 | visit      | zalo     | c2     |         |
        """,
    )
    assert who(opened) == [{"tiktok", "facebook", "phone", "store"}, {"zalo"}]


def test_a_number_from_before_2018_is_the_same_number(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel | phone       | member
        01 08:00 | call       | phone   | 01683456789 |
        02 08:00 | visit      | store   | 0383456789  | tv1
        """,
    )
    assert who(opened) == [{"phone", "store"}]


def test_two_accounts_on_one_device_stay_two_customers_and_the_device_stays_with_the_first(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel  | device | user_id
        01 08:00 | visit      | zalo     | d1     | an
        02 08:00 | visit      | facebook | d1     | binh
        03 08:00 | visit      | tiktok   | d1     |
        """,
    )
    assert who(opened) == [{"zalo", "tiktok"}, {"facebook"}]
    log = single_view.links(opened).table
    assert log.loc[log["reason"] == "would join two user_id", "links"].tolist() == [1]


def test_a_tablet_of_the_shop_joins_nobody(tmp_path):
    many = "\n".join(f"0{day} 08:00 | sign_up | s{day} | tablet | m{day}" for day in range(1, 6))
    opened = shop(
        tmp_path, f"at | event_type | channel | device | member\n{many}\n06 08:00 | visit | web | tablet |"
    )
    assert who(opened) == [{"s1"}, {"s2"}, {"s3"}, {"s4"}, {"s5"}, {"web"}]
    assert prepare.read_manifest(opened).identity["cut"] == {"shared by too many": 5}


def test_a_cookie_on_a_device_proves_the_device_and_only_aggressive_stitching_takes_it_for_a_person(tmp_path):
    events = """
        at       | event_type | channel  | device | cookie
        01 08:00 | visit      | zalo     | d1     | c1
        02 08:00 | visit      | facebook |        | c1
        """
    assert who(shop(tmp_path, events)) == [{"zalo"}, {"facebook"}]
    assert who(shop(tmp_path, events, identity="{level: aggressive}")) == [{"zalo", "facebook"}]
    assert who(shop(tmp_path, events, identity="{level: 'off'}")) == [{"zalo"}, {"facebook"}]


def test_an_order_finds_the_visits_before_it_through_the_crm(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel | email
        01 08:00 | open       | email   | An@Example.com
        """,
        orders="""
        order_id | customer_id | at       | value
        o1       | KH1         | 02 08:00 | 90
        """,
        crm="""
        customer_id | email            | opt_out
        KH1         | an@example.com   | 0
        """,
    )
    assert who(opened) == [{"email", "(sale)"}]
    (person,) = jl.customers.load(opened).to_dict("records")
    found = {name: person[name] for name in ("orders", "value", "sources", "identifiers", "stage", "known")}
    assert found == {
        "orders": 1, "value": 90, "sources": 3, "identifiers": 2, "stage": "new", "known": True,
    }  # fmt: skip


def test_a_row_nobody_can_be_told_from_is_kept_with_its_reason(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel | phone    | cookie
        01 08:00 | call       | phone   | 19001234 |
        02 08:00 | call       | phone   | hotline  |
        03 08:00 | visit      | web     |          |
        04 08:00 | visit      | web     |          | c1
        """,
    )
    manifest = prepare.prepare(opened)
    assert manifest.accounts[0].dropped == {"no identifier can be used": 2, "nobody is identified": 1}
    assert manifest.identity["refused"]["phone"] == {"a service number": 1, "not a phone number": 1}
    rejected = pq.read_table(opened.work / "rejected" / "0_events.parquet").to_pandas()
    assert rejected.loc[rejected["reason"] == "no identifier can be used", "row"].tolist() == [1, 2]
    assert rejected["raw"].notna().all()


def test_identifiers_without_a_rule_for_them_stop_the_run(tmp_path):
    opened = shop(tmp_path, "at | event_type | channel | cookie\n01 08:00 | visit | web | c1")
    text = (tmp_path / "journey.yaml").read_text("utf-8").replace("identity: {}\n", "")
    (tmp_path / "journey.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="nothing says how these become customers"):
        prepare.prepare(jl.open(tmp_path))
    assert opened.identity is not None


def test_without_a_key_nothing_is_stored(tmp_path, monkeypatch):
    monkeypatch.delenv("JOURNEY_IDENTITY_KEY")
    opened = shop(tmp_path, "at | event_type | channel | cookie\n01 08:00 | visit | web | c1")
    with pytest.raises(ConfigError, match="JOURNEY_IDENTITY_KEY"):
        prepare.prepare(opened)
    assert not opened.work.exists()


LOG = """
    at       | event_type | channel  | cookie | user_id | phone      | email
    01 08:00 | visit      | zalo     | c1     |         |            |
    02 08:00 | visit      | facebook | c1     | u1      | 0912345678 | an@example.com
    03 08:00 | visit      | tiktok   | c9     | u2      |            |
"""


def test_no_raw_identifier_is_left_in_what_is_prepared(tmp_path):
    opened = shop(tmp_path, LOG)
    prepare.prepare(opened)
    raw = ("0912345678", "+84912345678", "912345678", "an@example.com")
    for file in sorted(path for path in opened.work.rglob("*") if path.is_file()):
        text = (
            pq.read_table(file).to_pandas().to_csv() if file.suffix == ".parquet" else file.read_text("utf-8")
        )
        assert [word for word in raw if word in text] == [], file.name


def test_a_customers_code_survives_new_data_the_order_of_rows_and_a_second_run(tmp_path):
    def codes(log: str) -> dict[str, str]:
        opened = shop(tmp_path, log)
        kept = prepare.prepare(opened) and pq.read_table(opened.work / "identity" / "identifiers.parquet")
        return dict(zip(kept["label"].to_pylist(), kept["customer_id"].to_pylist(), strict=True))

    before = codes(LOG)
    head, *lines = LOG.strip().splitlines()
    assert codes("\n".join([head, *reversed(lines)])) == before
    after = codes(LOG.rstrip() + "\n 09 08:00 | visit | store | c7 | u1 | |")
    assert {label: after[label] for label in before} == before
    assert len(after) == len(before) + 1


def test_another_key_gives_other_codes_and_prepares_anew(tmp_path, monkeypatch):
    opened = shop(tmp_path, LOG)
    first = prepare.prepare(opened)
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "another key for tests, no secret either")
    second = prepare.prepare(opened)
    assert first.fingerprint != second.fingerprint


def test_stitching_again_at_the_same_level_changes_nothing(tmp_path):
    opened = shop(tmp_path, LOG)
    table, again = jl.touches.load(opened), single_view.restitched(opened, "normal")
    rows = pd.concat([pd.DataFrame(vars(load())) for load in table.buckets])
    same = pd.concat([pd.DataFrame(vars(load())) for load in again.buckets])
    columns = ["timestamp", "channel", "event_type"]
    by_person = [
        sorted(tuple(map(tuple, group[columns].to_numpy().tolist())) for _, group in each.groupby("customer"))
        for each in (rows, same)
    ]
    assert by_person[0] == by_person[1]


def test_how_much_hangs_on_stitching_is_shown_level_by_level(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel  | cookie | user_id | value
        01 08:00 | visit      | zalo     | c1     |         |
        02 08:00 | visit      | facebook | c1     | u1      |
        03 08:00 | purchase   |          |        | u1      | 50
        """,
    )
    outcomes, credit = single_view.sensitivity(opened, "linear")
    assert outcomes.table[["level", "customers", "conversions", "touched"]].to_dict("records") == [
        {"level": "off", "customers": 2, "conversions": 1, "touched": 1},
        {"level": "normal", "customers": 1, "conversions": 1, "touched": 1},
        {"level": "aggressive", "customers": 1, "conversions": 1, "touched": 1},
    ]
    shares = credit.table.set_index(["level", "channel"])["share"]
    zalo = {level: shares[level, "zalo"] for level in ("off", "normal", "aggressive")}
    assert zalo == {"off": 0.0, "normal": 0.5, "aggressive": 0.5}
    assert (credit.facts["spread"], credit.facts["touched_normal"]) == (0.0, 1)


def test_whoever_refused_contact_is_counted_and_never_shown(tmp_path):
    opened = shop(
        tmp_path,
        "at | event_type | channel | email\n01 08:00 | open | email | an@example.com",
        crm="customer_id | email | opt_out\nKH1 | an@example.com | 1",
    )
    (stage,) = single_view.life_stages(opened).table.query("customers > 0").to_dict("records")
    assert (stage["stage"], stage["opt_out"]) == ("prospect", 1)
    (code,) = jl.customers.load(opened)["customer_id"]
    with pytest.raises(ParameterError, match="refused contact"):
        single_view.timeline(opened, code)
    assert single_view.chosen(opened, "typical") is None
    assert len(single_view.largest(opened).table) == 0


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        *((yes, 1) for yes in ("1", "1.0", "Có", "TRUE", "unsubscribed", "2025-01-31")),
        *((no, 0) for no in ("0", "0.0", "Không", "False", "no", None)),
    ],
)
def test_whatever_is_no_plain_no_is_a_refusal(tmp_path, said, refused):
    pd.DataFrame({"customer_id": ["KH1", "KH2"], "opt_out": [said, "0"]}).to_csv(tmp_path / "crm.csv")
    opened = shop(
        tmp_path,
        "at | event_type | channel | customer_id\n"
        "01 08:00 | open | email | KH1\n01 09:00 | open | email | KH2",
    )
    declared = (tmp_path / "journey.yaml").read_text("utf-8") + CRM
    (tmp_path / "journey.yaml").write_text(declared, encoding="utf-8")
    people = jl.customers.load(jl.open(opened.path))
    assert people["opt_out"].sum() == refused


def test_what_somebody_wrote_who_refused_contact_is_marked_as_not_to_be_quoted(tmp_path):
    opened = shop(
        tmp_path,
        "at | event_type | channel | email\n01 08:00 | open | email | an@example.com",
        crm="customer_id | email | opt_out\nKH1 | an@example.com | yes\nKH2 | be@example.com | no",
    )
    sheet(
        tmp_path,
        "surveys.csv",
        "survey_id | at | email | touchpoint | metric | score | comment\n"
        "1 | 02 08:00 | an@example.com | store | nps | 9 | tốt\n"
        "2 | 02 08:00 | be@example.com | store | nps | 2 | tệ\n"
        "3 | 02 08:00 | ai@example.com | store | nps | 2 | chậm",
    )
    declared = (tmp_path / "journey.yaml").read_text("utf-8")
    declared += "  - {table: surveys, format: csv, path: surveys.csv}\n"
    (tmp_path / "journey.yaml").write_text(declared, encoding="utf-8")
    asked = jl.voice.surveys(jl.open(opened.path)).set_index("survey_id")
    assert asked["opt_out"].to_dict() == {"1": True, "2": False, "3": False}
    assert jl.voice.rated(asked)["opt_out"].to_dict() == {"1": True, "2": False, "3": False}


def test_the_timeline_of_a_customer_is_all_they_did_in_local_time(tmp_path):
    opened = shop(tmp_path, LOG)
    code = jl.customers.load(opened).query("identifiers > 2")["customer_id"].item()
    rows = single_view.timeline(opened, code).table
    assert rows[["channel", "event_type"]].to_numpy().tolist() == [["zalo", "visit"], ["facebook", "visit"]]
    assert rows["time"].astype(str).tolist() == ["2025-01-01 08:00:00", "2025-01-02 08:00:00"]
    with pytest.raises(ParameterError, match="there is no customer"):
        single_view.timeline(opened, "C000")


def test_events_identified_by_their_id_need_the_table_of_identifiers(tmp_path):
    config = CONFIG.replace("IDENTITY", "{}").replace(
        "path: events.csv", "path: events.csv, identified_by: event_id"
    )
    sheet(
        tmp_path,
        "events.csv",
        "event_id | at | event_type | channel\ne1 | 01 08:00 | visit | web\ne2 | 02 08:00 | visit | zalo",
    )
    (tmp_path / "journey.yaml").write_text(config, encoding="utf-8")
    with pytest.raises(DataError, match="no source delivers the table identifiers"):
        prepare.prepare(jl.open(tmp_path))
    config += "  - {table: identifiers, format: csv, path: ids.csv}\n"
    sheet(tmp_path, "ids.csv", "event_id | cookie\ne1 | c1\ne2 | c1")
    (tmp_path / "journey.yaml").write_text(config, encoding="utf-8")
    assert who(jl.open(tmp_path)) == [{"web", "zalo"}]
