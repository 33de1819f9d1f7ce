"""The demo shop exports itself as other systems would: read back by rules and identifiers, it is the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import shops
from click.testing import CliRunner

import journey_lib as jl
from journey_lib import prepare, sources
from journey_lib.cli import cli
from journey_lib.demo import exports
from journey_lib.engine import connect
from journey_lib.errors import DataError, ParameterError

pytestmark = pytest.mark.slow  # whole shops are written and read back

CUSTOMERS = 400
# What a format keeps of a second, and what it calls an order.
PRECISION = {
    **dict.fromkeys(("ga4", "ga4_json", "snowplow_parquet", "excel", "parquet", "jsonl"), 1),
    **dict.fromkeys(("matomo", "matomo_tables", "adobe"), 1_000_000),
}
ORDERS = {"segment": "Order Completed", "snowplow": "transaction", "snowplow_parquet": "transaction"}
# Exports of touches alone; the others tell of costs or of the whole shop, and have tests of their own.
TOUCHES = tuple(form for form in exports.EXPORTS if form not in ("ads", "office", "postgres"))

Row = tuple[int, str, str, str, float]


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> SimpleNamespace:
    return shops.made(tmp_path_factory.mktemp("shop"), CUSTOMERS)


@pytest.fixture(scope="module", params=TOUCHES)
def exported(request, shop, tmp_path_factory) -> tuple[str, Path]:
    place = tmp_path_factory.mktemp(request.param)
    return request.param, exports.export(shop.folder / "raw", place, request.param)


def told_by(shop: SimpleNamespace, form: str) -> Counter[tuple[Row, ...]]:
    """Every customer's rows in order, from the shop's own files, as the format would tell them."""
    events = shop.events.assign(value=0.0)
    orders = shop.orders.assign(
        channel=None,
        touchpoint=shop.orders.sold_at,
        event_type=ORDERS.get(form, "purchase"),
        value=pd.to_numeric(shop.orders.value.str.replace(".", "", regex=False), errors="coerce"),
    ).dropna(subset=["value"])
    columns = ["customer_id", "time", "channel", "touchpoint", "event_type", "value"]
    every = pd.concat([events[columns], orders[columns]])
    utc = every.time.dt.tz_localize("Asia/Ho_Chi_Minh").dt.tz_convert("UTC").dt.as_unit("us").astype("int64")
    micros = PRECISION.get(form, 1_000)
    every = every.assign(time=utc // micros * micros, channel=every.channel.fillna(""))
    return Counter(
        tuple(sorted(person[columns[1:]].itertuples(index=False, name=None)))
        for _, person in every.groupby("customer_id")
    )


def read_back(folder: Path) -> Counter[tuple[Row, ...]]:
    table = jl.touches.load(jl.open(folder))
    frame = pd.concat([pd.DataFrame(vars(load())) for load in table.buckets], ignore_index=True)
    channels, touchpoints = [*table.channels, ""], [*table.touchpoints, ""]
    rows = pd.DataFrame(
        {
            "customer": frame["customer"],
            "time": frame["timestamp"],
            "channel": [channels[code] for code in frame["channel"]],
            "touchpoint": [touchpoints[code] for code in frame["touchpoint"]],
            "event_type": [table.event_types[code] for code in frame["event_type"]],
            "value": frame["value"] / 10**table.digits,
        }
    )
    assert (rows.groupby("customer")["time"].diff().dropna() >= 0).all()
    return Counter(
        tuple(sorted(person.drop(columns="customer").itertuples(index=False, name=None)))
        for _, person in rows.groupby("customer")
    )


def test_what_is_exported_and_read_back_is_the_same_touch_table(exported, shop):
    form, folder = exported
    expected = told_by(shop, form)
    assert sum(expected.values()) > 0.7 * CUSTOMERS
    assert read_back(folder) == expected
    manifest = prepare.read_manifest(jl.open(folder))
    assert manifest is not None
    assert [account.unusable for account in manifest.accounts] == [0] * len(manifest.accounts)
    assert manifest.channel_rules is not None
    assert manifest.channel_rules["unassigned"] == 0


def test_every_event_carries_the_customer_and_the_cookie_that_was_seen(exported, shop, tmp_path):
    opened = jl.open(exported[1])
    with connect(tmp_path) as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        rows = engine.rows(
            "SELECT user_id, cookie, epoch_us(timestamp) FROM staged WHERE channel IS NULL AND reason IS NULL"
        )
    events = shop.events.merge(shop.identifiers[["event_id", "cookie"]], on="event_id", how="left")
    expected = Counter(zip(events.customer_id, events.cookie.fillna("none"), strict=True))
    known = shop.orders.assign(value=pd.to_numeric(shop.orders.value.str.replace(".", ""), errors="coerce"))
    expected += Counter((person, "none") for person in known.dropna(subset=["value"]).customer_id)
    assert Counter((user, cookie or "none") for user, cookie, _ in rows) == expected


def test_touches_are_arrivals_and_what_came_of_them_is_not(exported, shop, tmp_path):
    opened = jl.open(exported[1])
    with connect(tmp_path) as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        told = dict(
            engine.rows(
                "SELECT concat_ws(' / ', lower(source), medium), count(*) FROM staged"
                " WHERE reason IS NULL GROUP BY ALL ORDER BY 1"
            )
        )
    assert told.pop("") == shop.events.channel.isna().sum() + len(
        [value for value in shop.orders.value if value.replace(".", "").isdigit()]
    )
    assert sum(told.values()) == shop.events.channel.notna().sum()
    assert told["(direct) / (none)"] == (shop.events.channel == "direct").sum()
    assert told["google / cpc"] == (shop.events.channel == "paid_search").sum()


def test_an_export_of_some_rows_has_the_first_ones(shop, tmp_path):
    folder = exports.export(shop.folder / "raw", tmp_path, "segment", rows=100)
    manifest = prepare.prepare(jl.open(folder))
    assert manifest.touches == 100
    assert manifest.period[1] < shop.events.timestamp.sort_values().iloc[100].value // 1_000


def test_the_same_shop_gives_the_same_bytes(shop, tmp_path):
    one, two = (exports.export(shop.folder / "raw", tmp_path / name, "segment") for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) > 12
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)


def test_no_file_that_the_demo_did_not_make_is_replaced(shop, tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.csv").write_text("precious")
    with pytest.raises(DataError, match="did not make"):
        exports.export(shop.folder / "raw", tmp_path, "segment")
    assert (tmp_path / "raw" / "mine.csv").read_text() == "precious"


def test_an_unknown_format_and_a_folder_without_a_shop_are_refused(shop, tmp_path):
    with pytest.raises(ParameterError, match="ga44"):
        exports.export(shop.folder / "raw", tmp_path, "ga44")
    with pytest.raises(DataError, match="no demo shop"):
        exports.export(tmp_path, tmp_path, "ga4")


def test_the_command_makes_the_shop_first_where_there_is_none(tmp_path):
    run = CliRunner().invoke(
        cli, ["demo", "-w", str(tmp_path), "--customers", "40", "--export", "segment"], catch_exceptions=False
    )
    assert run.exit_code == 0, run.output
    assert run.output.splitlines()[-1] == str(tmp_path / "exports" / "segment")
    again = CliRunner().invoke(
        cli, ["demo", "-w", str(tmp_path), "--export", "snowplow", "--into", str(tmp_path / "other")]
    )
    assert again.output.splitlines() == [str(tmp_path / "other")]
    wrong = CliRunner().invoke(cli, ["demo", "-w", str(tmp_path / "new"), "--export", "nonsense"])
    assert wrong.exit_code == 2
    assert not (tmp_path / "new").exists()
