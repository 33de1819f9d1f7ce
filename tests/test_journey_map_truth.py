"""The demo shop knows what went wrong in it: its map must name it, at the right place, in the right month."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from shops import CONFIG, made, truth, with_known_people

import journey_lib as jl
from journey_lib import sections_map, session
from journey_lib.intervals import difference

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The demo shop's year as an analyst has it, with the maps its people wrote, and its map."""
    found = made(tmp_path_factory.mktemp("map"), 60_000)
    with_known_people(found.folder)
    shutil.copytree(CONFIG.parent / "maps", found.folder / "maps")
    found.run = session.start(str(found.folder), "en")
    found.touches = jl.touches.hold(jl.touches.load(found.run.workspace))
    found.model = jl.stages.load(found.run.workspace.stages, found.run.workspace.path)
    cut = found.run.cutting(
        conversion=None, lookback="30d", direct="keep", repeats="keep", first_day=None, last_day=None
    )
    found.map, found.beside = sections_map.current(
        found.run, found.touches, found.model, cut, within="30d", order="loose"
    )
    found.results = {result.name: result.table for result in found.beside.results}
    return found


def complaints(shop: SimpleNamespace, name: str) -> pd.DataFrame:
    found = shop.results[name]
    return found[(found["kind"] == "complaint") & (found["topic"] != "(all)")]


def test_late_deliveries_are_the_first_pain_of_the_purchase_and_stand_out_when_they_were_planted(
    shop,
) -> None:
    """The fault `late_delivery` of 10 July to 20 August in three provinces: there more people write."""
    by_stage = complaints(shop, "stage_topics")
    here = by_stage[by_stage["stage"] == "act"]
    assert here.iloc[here["tickets"].argmax()]["topic"] == "Giao hàng trễ"
    told = [entry.said("en") for entry in shop.map.at("act", "pains").entries if entry.text]
    assert told[0] == "Late delivery"
    (late,) = complaints(shop, "touchpoint_topics").query("topic == 'Giao hàng trễ'").to_dict("records")
    assert late["touchpoint"] == "delivery"
    city = shop.crm["Tỉnh/Thành phố"]
    tickets = jl.voice.tickets(shop.run.workspace)
    tickets = tickets.assign(touchpoint="delivery", city=tickets["customer_id"].map(city))
    hit = tickets[tickets["city"].isin(["Bình Dương", "Đồng Nai", "Bà Rịa - Vũng Tàu"])]
    late = tickets["topic"] == "Giao hàng trễ"
    planted = tickets["timestamp"].dt.date.between(dt.date(2025, 7, 10), dt.date(2025, 8, 31))
    inside, outside = (
        (int((late & days).sum()), int((late & days & tickets.index.isin(hit.index)).sum()))
        for days in (planted, ~planted)
    )
    apart = difference(inside[1], inside[0], outside[1], outside[0])
    assert inside[1] >= 3
    assert apart[0] > 0, (inside, outside)


def test_the_broken_checkout_is_a_complaint_of_september(shop) -> None:
    (found,) = complaints(shop, "touchpoint_topics").query("topic == 'Lỗi thanh toán'").to_dict("records")
    assert found["touchpoint"] == "mobile_checkout"
    assert found["peak"] == pd.Timestamp("2025-09-01")


def test_deliveries_are_complained_of_more_than_any_other_touchpoint_with_a_place(shop) -> None:
    by_point = complaints(shop, "touchpoint_topics").groupby("touchpoint")["tickets"].sum()
    assert by_point.idxmax() == "delivery"


def test_touchpoints_rated_apart_are_apart_in_the_truth_the_same_way(shop) -> None:
    """What the map calls a pain or a gain of its scores is truly worse, or better, than usual."""
    felt = truth(shop, "quality.csv").groupby("touchpoint")["emotion"].mean()
    named = {
        (cell.lane, entry.name.removeprefix("felt:"))
        for cell in shop.map.cells
        for entry in cell.entries
        if entry.name.startswith("felt:")
    }
    codes = {name: [code for code, point in shop.beside.called.items() if point == name] for _, name in named}
    usual = felt.mean()
    assert len(named) >= 3
    for lane, name in named:
        true = felt.reindex([code for code in (codes[name] or [name]) if code in felt.index]).mean()
        assert (true > usual) == (lane == "gains"), (lane, name, true, usual)


def test_slow_answers_miss_their_target_and_more_in_the_months_of_the_fault(shop) -> None:
    """The fault `slow_answers` of 1 May to 30 June: half of the callers wait for hours."""
    (kpi,) = [e for e in shop.map.at("ask", "kpi").entries if e.name == "first_response"]
    assert kpi.number.high < kpi.target
    tickets = jl.voice.tickets(shop.run.workspace)
    calls = tickets[tickets["channel"] == "call_centre"].assign(stage="ask")
    month = calls["timestamp"].dt.month
    bad, rest = (
        jl.voice.answers_at(calls[at], as_of="2025-12-31").table.iloc[0]
        for at in (month.isin([5, 6]), ~month.isin([5, 6]))
    )
    assert bad["high"] < rest["low"]


def test_touchpoints_that_are_dead_or_unrecorded_are_on_no_measured_cell(shop) -> None:
    """The chat assistant answers nobody, cards in parcels are recorded nowhere: no data speak of them."""
    measured = {
        part
        for cell in shop.map.cells
        for entry in cell.entries
        if entry.evidence.level == "measured"
        for part in entry.name.replace(">", ":").split(":")
    }
    inventory = shop.results["touchpoints"].set_index("touchpoint")
    for dead in ("web_chatbot", "parcel_card"):
        assert dead not in measured
        assert not inventory.loc[dead, "touches"] > 0


def test_the_departments_at_fault_are_those_of_the_truth(shop) -> None:
    """Each department in charge of a planted fault answers for a touchpoint that is complained of."""
    described = jl.touchpoints.authored(shop.run.workspace)
    owner = {each.touchpoint: each.owner for each in described.touchpoints}
    faults = {"late_delivery": ("delivery", "delivery"), "broken_checkout": ("mobile_checkout", "ecommerce")}
    hurt = complaints(shop, "touchpoint_topics")
    for fault, (point, department) in faults.items():
        assert point in hurt["touchpoint"].tolist(), fault
        assert department in owner[point], fault


def test_most_cells_of_the_demo_map_are_known_from_data(shop) -> None:
    found = jl.journey_map.coverage(shop.map)
    cells = found.table.set_index("evidence")["share"]
    assert cells["measured"] > 0.5
    assert cells["measured"] + cells["reported"] > 0.7
    names = shop.run.names
    shown = {
        code
        for cell in shop.map.cells
        if cell.lane in ("touchpoints", "channels")
        for entry in cell.entries
        for code in [entry.name]
        if code and code not in names
    }
    assert shown == set(), "codes that no reader has a name for"


def test_the_maps_folder_of_the_demo_is_whole(shop) -> None:
    """Topics that the map gives a place are those of the help desk, each with its complaint or question."""
    topics = jl.voice.topics(shop.run.workspace)
    placed = jl.journey_map.load(shop.run.workspace).sheet("current").topics
    assert set(placed) == {*topics.complaints, *topics.questions}
    points = {each.touchpoint for _stage, each in placed.values() if each.touchpoint}
    assert points <= set(jl.touchpoints.authored(shop.run.workspace).names)
    assert Path(shop.folder / "maps" / "journey_map.yaml").is_file()
