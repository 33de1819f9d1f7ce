"""The single customer view of small shops: rows in, the expected tables out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from test_stitch import shop

import journey_lib as jl
from journey_lib import charts_customers, findings_customers, i18n, single_view
from journey_lib.errors import ParameterError
from journey_lib.intervals import wilson
from journey_lib.layouts import LAYOUTS
from journey_lib.model import NO_TOUCH


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "a key for tests only, no secret")


def small(folder: Path):
    """Somebody who orders, a visitor, and somebody who refused contact and was never met."""
    return shop(
        folder,
        """
        at       | event_type | channel  | cookie | email
        01 08:00 | visit      | zalo     | c1     |
        02 08:00 | visit      | facebook | c1     | an@example.com
        05 08:00 | visit      | tiktok   | c9     |
        """,
        orders="""
        order_id | customer_id | at       | value
        o1       | KH1         | 03 08:00 | 90
        o2       | KH1         | 04 08:00 | 60
        """,
        crm="""
        customer_id | email          | opt_out | city
        KH1         | an@example.com | 0       | Huế
        KH2         | be@example.com | yes     |
        """,
    )


def test_conversion_drop_off_and_credit_at_each_level_of_stitching(tmp_path):
    """One visit is the device's, one the cookie's: only who believes both has a journey of two."""
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel  | cookie | device | user_id | value
        01 08:00 | visit      | zalo     | c1     | d1     |         |
        02 08:00 | visit      | facebook | c1     |        |         |
        03 08:00 | purchase   |          |        | d1     | u1      | 50
        20 08:00 | visit      | tiktok   |        |        | u2      |
        """,
    )
    outcomes, credit = single_view.sensitivity(opened, "linear", lookback="7d")
    # u2's journey is still open: its outcome is not known at any level
    columns = [
        "level",
        "customers",
        "journeys",
        "over",
        "conversions",
        "conversion_rate",
        "drop_off",
        "touched",
    ]
    assert outcomes.table[columns].to_numpy().tolist() == [
        ["off", 4, 4, 3, 1, 1 / 3, 2 / 3, 0],
        ["normal", 3, 3, 2, 1, 1 / 2, 1 / 2, 1],
        ["aggressive", 2, 2, 1, 1, 1.0, 0.0, 1],
    ]
    low, high = wilson(np.array([1, 1, 1]), np.array([3, 2, 1]))
    assert outcomes.table["low"].tolist() == low.tolist()
    assert outcomes.table["high"].tolist() == high.tolist()
    shares = credit.table.set_index(["level", "channel"])["share"].to_dict()
    names = ("zalo", "facebook", NO_TOUCH)
    assert [shares.get(("off", name), 0) for name in names] == [0, 0, 1]
    assert [shares.get(("normal", name), 0) for name in names] == [1, 0, 0]
    assert [shares.get(("aggressive", name), 0) for name in names] == [0.5, 0.5, 0]
    assert credit.facts["spread"] == 0.5
    # and the page shows them side by side
    _caption, shown = LAYOUTS["stitching"]
    assert {"level", "conversion_rate", "drop_off", "touched"} <= set(shown)


def test_the_customers_table_says_of_each_who_they_are(tmp_path):
    opened = small(tmp_path)
    people = jl.customers.load(opened)
    # codes are hashes, so rows come in any order: whoever ordered, then whoever came, then the rest
    an, visitor, be = (
        row for _, row in people.sort_values(["orders", "customer"], ascending=[False, True]).iterrows()
    )
    told = ["rows", "sources", "orders", "value", "identifiers", "known", "opt_out", "stage"]
    # four touches and a row of the CRM, from three sources; a cookie, an address and a code
    assert an[told].tolist() == [5, 3, 2, 150.0, 3, True, False, "repeat"]
    assert visitor[told].tolist() == [1, 1, 0, 0.0, 1, False, False, "visitor"]
    assert be[told].tolist() == [1, 1, 0, 0.0, 2, True, True, "prospect"]
    assert [str(an[name]) for name in ("first_seen", "last_seen")] == [
        "2025-01-01 08:00:00+00:00", "2025-01-04 08:00:00+00:00",
    ]  # fmt: skip
    assert be[["customer", "fold", "first_seen", "last_seen"]].isna().all()  # never met
    assert (an["city"], people["city"].notna().sum()) == ("Huế", 1)
    assert people["customer_id"].str.fullmatch("C[0-9a-f]{12}").all()
    said = (Path(__file__).parents[1] / "docs" / "single-customer-view.md").read_text("utf-8")
    assert [name for name in people.columns if f"`{name}`" not in said] == []


def test_whoever_ordered_and_stays_away_for_half_a_year_has_lapsed(tmp_path):
    """180 days to the second are not yet too long; who never ordered cannot lapse."""
    opened = shop(
        tmp_path,
        """
        timestamp           | event_type | channel | customer_id
        2025-01-01 08:00:00 | visit      | store   | chi
        """,
        orders="""
        timestamp           | order_id | customer_id | value
        2025-01-01 07:59:59 | o1       | an          | 10
        2025-01-01 08:00:00 | o2       | binh        | 10
        2025-06-30 08:00:00 | o3       | dung        | 10
        """,
    )
    people = jl.customers.load(opened).sort_values(["first_seen", "orders"], ascending=[True, False])
    assert people["stage"].tolist() == ["lapsed", "new", "prospect", "new"]


def test_sizes_the_largest_the_anonymous_and_the_match_rate_of_each_source(tmp_path):
    opened = small(tmp_path)
    sizes = single_view.sizes(opened)
    assert dict(zip(sizes.table["identifiers"], sizes.table["customers"], strict=True)) == {
        "1": 1, "2": 1, "3": 1, "4": 0, "5–9": 0, "10+": 0,
    }  # fmt: skip
    assert sizes.table["share"].tolist() == [1 / 3, 1 / 3, 1 / 3, 0, 0, 0]
    told = {name: sizes.facts[name] for name in ("customers", "anonymous", "anonymous_share", "largest")}
    assert told == {"customers": 3, "anonymous": 1, "anonymous_share": 1 / 3, "largest": 3}
    matched = single_view.matches(opened).table.set_index("source")
    assert matched[["rows", "customers", "matched", "share"]].to_dict("index") == {
        "events": {"rows": 3, "customers": 2, "matched": 1, "share": 0.5},
        "orders": {"rows": 2, "customers": 1, "matched": 1, "share": 1.0},
        "customers": {"rows": 2, "customers": 2, "matched": 1, "share": 0.5},
    }
    # the one who refused contact has two identifiers and is not listed
    largest = single_view.largest(opened).table
    assert largest["identifiers"].tolist() == [3, 1]
    assert largest[["cookie", "email", "customer_id"]].to_numpy().tolist() == [[1, 1, 1], [1, 0, 0]]


def why(opened, code: str) -> list[list[object]]:
    """The customer's part of the merge log, without the hashes."""
    table = single_view.merges(opened, code).table
    days = [table[name].dt.strftime("%d").fillna("–") for name in ("first", "last")]
    told = table.assign(first=days[0], last=days[1], other=table["other"].fillna("–"))
    columns = ["reason", "left_kind", "right_kind", "source", "count", "first", "last", "other"]
    return told[columns].to_numpy().tolist()


def test_the_evidence_of_one_customer_and_what_was_not_believed(tmp_path):
    """An's account met a cookie and a device, twice each; the device's other account came later: cut."""
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel | cookie | device | user_id
        01 08:00 | visit      | zalo    | c1     |        | an
        02 08:00 | visit      | zalo    | c1     |        | an
        03 08:00 | visit      | app     |        | d1     | an
        04 08:00 | visit      | app     |        | d1     | an
        05 08:00 | visit      | app     |        | d1     | binh
        09 08:00 | visit      | web     | c9     |        |
        """,
    )
    people = jl.customers.load(opened).sort_values("first_seen")
    an, binh, visitor = people["customer_id"]
    cut = ["would join two user_id", "user_id", "device", "events", 1, "05", "05"]
    assert why(opened, an) == [
        ["joined", "user_id", "cookie", "events", 2, "01", "02", "–"],
        ["joined", "user_id", "device", "events", 2, "03", "04", "–"],
        [*cut, binh],
    ]
    assert why(opened, binh) == [[*cut, an]]
    assert why(opened, visitor) == []
    told = single_view.merges(opened, an)
    assert (told.facts["joined"], told.facts["cut"]) == (2, 1)
    assert len(single_view.merges(opened, an, n=1).table) == 2
    assert told.table["left"].str.fullmatch("[0-9a-f]{6}").all()
    assert single_view.merges(opened, None) is None
    assert "2** links" in findings_customers.merges(told)
    whole = dataclasses.replace(told, facts={**told.facts, "cut": 0})
    assert "every link that was seen was believed" in findings_customers.merges(whole)  # not "0 more links"
    with pytest.raises(ParameterError, match="there is no customer"):
        single_view.merges(opened, "C000")


def test_whoever_refused_contact_is_neither_explained_nor_named_as_the_other(tmp_path):
    opened = shop(
        tmp_path,
        """
        at       | event_type | channel | device | user_id
        01 08:00 | visit      | app     | d1     | an
        02 08:00 | visit      | app     | d1     | binh
        """,
        crm="user_id | opt_out\nbinh | yes",
    )
    an, binh = jl.customers.load(opened).sort_values("first_seen")["customer_id"]
    assert why(opened, an)[-1][0] == "would join two user_id"
    assert why(opened, an)[-1][-1] == "–"
    with pytest.raises(ParameterError, match="refused contact"):
        single_view.merges(opened, binh)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["coming to a store or event", "Ordered", "took_a_number"]),
        ("vi", ["đến cửa hàng hoặc sự kiện", "Ordered", "took_a_number"]),
    ],
)
def test_a_timeline_names_events_and_touchpoints_as_its_readers_do(tmp_path, language, said):
    """A word of the workspace's own goes before ours; a kind of event without any is its code."""
    opened = shop(
        tmp_path,
        """
        at       | event_type    | channel | touchpoint | member
        01 08:00 | check_in      | store   | st_hcm_1   | m1
        02 08:00 | purchase      | store   |            | m1
        03 08:00 | took_a_number | store   | desk       | m1
        """,
    )
    (code,) = jl.customers.load(opened)["customer_id"]
    names = {"store": "Cửa hàng", "st_hcm_1": "Cửa hàng Lê Lợi", "purchase": "Ordered"}
    with i18n.speaking(language):
        chart = charts_customers.timeline(single_view.timeline(opened, code), names).to_dict()
    (rows,) = chart["datasets"].values()
    assert [row["event"] for row in rows] == said
    assert [row["touchpoint"] for row in rows] == ["Cửa hàng Lê Lợi", "–", "desk"]
    tips = [tip["field"] for tip in chart["layer"][1]["encoding"]["tooltip"]]
    assert tips == ["time", "channel_name", "touchpoint", "event", "value"]


def unstitched(folder: Path, events: str, *, crm: str = "", orders: str = ""):
    """The shop of a file of events, and of customers and orders where given, in which nothing is stitched."""
    folder.mkdir(exist_ok=True)
    opened = shop(folder, events, crm=crm, orders=orders)
    declared = (folder / "journey.yaml").read_text("utf-8").replace("identity: {}\n", "")
    (folder / "journey.yaml").write_text(declared, encoding="utf-8")
    return jl.open(opened.path)


SALES = """
    at       | event_type | channel | customer_id | value
    01 08:00 | visit      | zalo    | an          |
    02 08:00 | purchase   |         | an          | 50
    03 08:00 | purchase   |         | an          | 30
    03 08:00 | visit      | store   | binh        |
    04 08:00 | purchase   |         | chi         | 20
    """


def test_why_the_other_reports_count_fewer_customers_is_said_where_all_are_counted(tmp_path):
    """Somebody who refused contact is known from the CRM alone: in no journey, and in the customers table."""
    i18n.speak("en")
    sizes = single_view.sizes(small(tmp_path))
    assert (sizes.facts["with_rows"], sizes.facts["without_rows"]) == (2, 1)
    told = (
        "Of these 3 customers **2** have an event or an order, and are the customers of the other reports; 1"
        " are known from other sources only (CRM, tickets, surveys)."
    )
    assert findings_customers.customers(sizes, 1).endswith(told)
    assert findings_customers.customers(sizes, 10).endswith("All but fewer than 10 have an event or an order;"
        " these are the customers of the other reports.")  # fmt: skip
    assert sizes.quoted(10)["with_rows"] is None


def test_without_stitching_too_whoever_is_only_in_the_crm_is_counted_once_on_every_part_of_the_page(tmp_path):
    i18n.speak("en")
    crm = """
        customer_id | opt_out | city
        an          | 0       | Huế
        dung        | 0       |
        """
    opened = unstitched(tmp_path, SALES, crm=crm)
    sizes, stages = single_view.sizes(opened), single_view.life_stages(opened)
    assert sizes.facts["customers"] == sizes.table["customers"].sum() == stages.table["customers"].sum() == 4
    assert single_view.kinds(opened).table["identifiers"].tolist() == [4]
    assert "known from other sources only" in findings_customers.customers(sizes, 1)
    # a code may be a cookie or a name: nobody is called anonymous for it
    many = dict(zip(stages.table["stage"], stages.table["customers"], strict=True))
    assert many == {"unlisted": 1, "listed": 1, "new": 1, "repeat": 1, "lapsed": 0}


def test_sales_that_come_as_events_are_orders_on_this_page_as_on_all_others(tmp_path):
    """The same sales as events or as a file of orders: the same stages, orders and value."""
    i18n.speak("en")
    by_events = unstitched(tmp_path / "events", SALES)
    by_orders = unstitched(
        tmp_path / "orders",
        """
        at       | event_type | channel | customer_id
        01 08:00 | visit      | zalo    | an
        03 08:00 | visit      | store   | binh
        """,
        orders="""
        order_id | customer_id | at       | value
        o1       | an          | 02 08:00 | 50
        o2       | an          | 03 08:00 | 30
        o3       | chi         | 04 08:00 | 20
        """,
    )
    one, other = single_view.life_stages(by_events), single_view.life_stages(by_orders)
    assert one.table.equals(other.table)
    assert (one.table["orders"].sum(), one.table["value"].sum()) == (3, 100.0)
    conversions = jl.attribution.credit(jl.touches.load(by_events), "last").facts
    assert (conversions["conversions"], conversions["value"]) == (3, 100.0)
    assert "each conversion “purchase” counts as an order" in findings_customers.life_stages(one)
    assert findings_customers.life_stages(other) == ""
    assert single_view.timeline(by_events, "an").facts["orders"] == 2
    assert single_view.chosen(by_events, "typical") in {"an", "chi"}
