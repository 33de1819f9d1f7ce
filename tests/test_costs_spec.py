"""What a conversion cost: spend from a file, beside the credit of a model."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import journey_lib as jl
from journey_lib.workspace import Workspace

CONFIG = """\
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
sources:
  - {table: events, format: csv, path: raw/events.csv, timezone: UTC}
  - table: costs
    format: csv
    path: raw/costs.csv
    dates: DD/MM/YYYY
    numbers: "1.234,5"
    columns: {date: "Ngày", channel: "Kênh", cost: "Chi phí", clicks: "Lượt nhấp"}
"""
# An order of An's after zalo and email, one of Bình's after zalo.
EVENTS = """\
event_id,customer_id,timestamp,channel,event_type,value
1,an,2025-01-01 08:00:00,zalo,click,
2,an,2025-01-02 08:00:00,email,click,
3,an,2025-01-03 08:00:00,,purchase,400000
4,binh,2025-01-04 08:00:00,zalo,click,
5,binh,2025-01-05 08:00:00,,purchase,200000
"""
COSTS = """\
Ngày,Kênh,Chi phí,Lượt nhấp
01/01/2025,zalo,"100.000,0",20
04/01/2025,zalo,"50.000,0",10
04/01/2025,outdoor,"75.000,0",
01/02/2025,zalo,"900.000,0",90
"""
JANUARY = ("2025-01-01", "2025-02-01")


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    (tmp_path / "raw").mkdir()
    (tmp_path / "journey.yaml").write_text(CONFIG, "utf-8")
    (tmp_path / "raw" / "events.csv").write_text(EVENTS, "utf-8")
    (tmp_path / "raw" / "costs.csv").write_text(COSTS, "utf-8")
    return jl.open(tmp_path)


def test_costs_and_clicks_are_read_as_the_ad_platform_writes_them(shop: Workspace) -> None:
    costs = jl.touches.costs(shop, JANUARY)

    spent = costs.sort_values(["date", "channel"])[["channel", "cost"]].to_numpy().tolist()
    assert spent == [["zalo", 100_000], ["outdoor", 75_000], ["zalo", 50_000]]
    assert costs.groupby("channel")["clicks"].sum().to_dict() == {"outdoor": 0, "zalo": 30}


def test_a_conversion_costs_what_was_spent_on_the_channel_divided_by_its_credit(shop: Workspace) -> None:
    credit = jl.attribution.credit(jl.touches.load(shop), "linear", lookback="30d")

    table = jl.attribution.efficiency(credit, jl.touches.costs(shop, JANUARY), "VND").table.set_index(
        "channel"
    )

    # Half of An's order and all of Bình's: 1.5 conversions worth 400,000 for 150,000.
    assert table.loc["zalo", ["conversions", "cost_per_conversion"]].tolist() == [1.5, 100_000]
    assert table.loc["zalo", "return_on_spend"] == pytest.approx(400_000 / 150_000)


def test_money_spent_on_a_channel_that_no_journey_met_is_shown_with_no_price(shop: Workspace) -> None:
    credit = jl.attribution.credit(jl.touches.load(shop), "linear", lookback="30d")

    result = jl.attribution.efficiency(credit, jl.touches.costs(shop, JANUARY), "VND")

    outdoor = result.table.set_index("channel").loc["outdoor"]
    assert (outdoor["cost"], outdoor["conversions"], outdoor["return_on_spend"]) == (75_000, 0, 0)
    assert math.isnan(outdoor["cost_per_conversion"])
    assert result.facts["spent_but_never_seen"] == ["outdoor"]


def test_channels_without_spend_are_left_out_and_their_conversions_counted(shop: Workspace) -> None:
    credit = jl.attribution.credit(jl.touches.load(shop), "linear", lookback="30d")

    result = jl.attribution.efficiency(credit, jl.touches.costs(shop, JANUARY), "VND")

    assert "email" not in set(result.table["channel"])
    assert result.facts["conversions_without_spend"] == 0.5
    assert result.facts["cost"] == 225_000
