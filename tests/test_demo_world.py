"""The demo shop as a whole: believable, one with its truth, always the same, its worlds as named."""

from __future__ import annotations

import json
from math import erfc, log, sqrt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from learners import learnt
from shops import local, made, truth

from journey_lib import demo
from journey_lib.demo import fragments, service

pytestmark = pytest.mark.slow  # whole worlds are simulated

ROOT = Path(__file__).parents[1]
OPENS = pd.Timestamp("2025-01-01")
PROVINCES = ("Bình Dương", "Đồng Nai", "Bà Rịa - Vũng Tàu")
OWN_WILL = ("organic_search", "direct", "paid_search", "marketplace", "store")
OFFLINE = ("store", "event", "call_centre", "sales_staff", "outdoor")
STAGES = ("aware", "appeal", "ask", "act", "advocate")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return made(tmp_path_factory.mktemp("shop"), 6_000)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return made(tmp_path_factory.mktemp("large"), 100_000)


# --- a believable shop, by its raw files ---


def journeys(shop: SimpleNamespace) -> pd.DataFrame:
    """Touches of one person up to an order or 30 days without any; whether that end is within the data."""
    touches = shop.events[shop.events.channel.notna()][["customer_id", "time"]].assign(order=False)
    both = pd.concat([touches, shop.orders[["customer_id", "time"]].assign(order=True)])
    both = both.sort_values(["customer_id", "time", "order"])
    fresh = (both.customer_id != both.customer_id.shift()) | both.order.shift(fill_value=False)
    fresh |= both.time - both.time.shift() > pd.Timedelta(days=30)
    found = both.groupby(fresh.cumsum()).agg(
        rows=("order", "size"), sold=("order", "max"), last=("time", "max")
    )
    found["ended"] = found.sold | (found["last"] < both.time.max() - pd.Timedelta(days=30))
    return found.assign(length=found.rows - found.sold)


def test_two_to_eight_of_a_hundred_journeys_that_ended_did_so_in_an_order(shop: SimpleNamespace) -> None:
    found = journeys(shop)
    assert 0.02 < found.sold[found.ended].mean() < 0.08


def test_two_to_five_of_a_hundred_latent_needs_end_in_an_order(shop: SimpleNamespace) -> None:
    assert 0.02 < truth(shop, "needs.parquet").ordered.mean() < 0.05


def test_journeys_have_a_long_tail(shop: SimpleNamespace) -> None:
    length = journeys(shop).length
    met = length[length > 0]
    assert 0.35 < (met == 1).mean() < 0.65
    assert 0.03 < (met > 10).mean() < 0.2
    assert met.quantile(0.99) > 5 * met.mean()
    assert met.var() > 1.5 * met.mean() ** 2  # an exponential tail would have 1


def test_some_buyers_come_back_and_few_often(shop: SimpleNamespace) -> None:
    times = shop.orders.groupby("customer_id").size()
    assert 0.1 < (times > 1).mean() < 0.4
    assert (times > 3).mean() < 0.08


def by_day(events: pd.DataFrame) -> pd.Series:
    return (
        events.time.dt.normalize().value_counts().reindex(pd.date_range("2025-01-01", "2025-12-31")).fillna(0)
    )


def test_the_week_shows_in_stores_and_mailings(shop: SimpleNamespace) -> None:
    store, mail = (
        shop.events[rows].time.dt.day_of_week.value_counts().reindex(range(7)).fillna(0)
        for rows in (shop.events.channel == "store", shop.events.touchpoint == "em_newsletter")
    )
    assert store[[5, 6]].mean() > 1.6 * store[[0, 1, 2, 3, 4]].mean()
    assert mail.max() > 2 * mail.median()


def test_tet_shows_as_a_peak_and_a_fall(shop: SimpleNamespace) -> None:
    daily = by_day(shop.events[shop.events.channel.isin(OWN_WILL)])
    usual = daily["2025-05-05":"2025-07-27"].mean()
    assert daily["2025-01-08":"2025-01-24"].mean() > 1.6 * usual
    assert daily["2025-01-29":"2025-02-02"].mean() < 0.75 * daily["2025-01-08":"2025-01-24"].mean()
    sold = by_day(shop.orders)
    assert sold["2025-01-05":"2025-01-25"].mean() > 1.5 * sold["2025-05-05":"2025-07-27"].mean()


@pytest.mark.slow
def test_tills_ring_at_the_weekend_as_stores_fill(large: SimpleNamespace) -> None:
    sold = large.orders[large.orders.sold_at == "store"].time.dt.day_of_week.value_counts()
    assert sold[[5, 6]].mean() > 1.3 * sold[[0, 1, 2, 3, 4]].mean()


def test_some_orders_are_cancelled_and_some_sent_back(shop: SimpleNamespace) -> None:
    kinds = shop.returns["Loại"].value_counts() / len(shop.all_orders)
    assert 0.01 < kinds["Hủy đơn"] < 0.07
    assert 0.02 < kinds["Trả hàng"] < 0.12
    assert set(shop.returns["Mã đơn hàng"]) <= set(shop.all_orders.order)


def test_people_are_met_on_several_devices_and_in_many_browsers(shop: SimpleNamespace) -> None:
    seen = shop.identifiers.merge(shop.events[["event_id", "customer_id"]], on="event_id").groupby(
        "customer_id"
    )
    often = seen.size() >= 20
    devices, cookies = (seen[kind].nunique()[often] for kind in ("device", "cookie"))
    assert 0.25 < (devices > 1).mean() < 0.75
    assert devices.quantile(0.99) <= 8
    assert 4 < cookies.median() < 14


def test_tiers_are_steps_that_fewer_and_fewer_reach(shop: SimpleNamespace) -> None:
    tiers = (
        shop.crm["Hạng thành viên"].value_counts().reindex(["Thường", "Bạc", "Vàng", "Kim cương"]).fillna(0)
    )
    assert tiers.is_monotonic_decreasing
    assert tiers["Bạc"] > 0
    spent = (
        pd.to_numeric(shop.orders.value.str.replace(".", ""), errors="coerce")
        .groupby(shop.orders.customer_id)
        .sum()
    )
    assert (
        spent.reindex(shop.crm.index[shop.crm["Hạng thành viên"] == "Bạc"]).between(3.6e5, 1.04e6).mean()
        > 0.9
    )


# --- what goes wrong shows (raw files of a large shop) ---


@pytest.mark.slow
def test_checkouts_on_phones_fail_in_the_week_of_the_fault_and_only_then(large: SimpleNamespace) -> None:
    begun = large.events[large.events.event_type == "begin_checkout"].sort_values("time")
    sold = large.orders[large.orders.sold_at == "website"].sort_values("time").assign(sold=True)
    met = pd.merge_asof(begun, sold[["customer_id", "time", "sold"]], on="time", by="customer_id",
                        direction="forward", tolerance=pd.Timedelta(minutes=30))  # fmt: skip
    week = met.time.between("2025-09-15", "2025-09-22")
    phone = met.touchpoint == "mobile_checkout"
    done = met.sold.notna()
    assert done[week & phone].mean() < 0.65
    assert done[~(week & phone)].mean() > 0.95
    errors = large.events[large.events.event_type == "checkout_error"]
    assert len(errors) > 15
    assert errors.time.between("2025-09-15", "2025-09-22").all()


def waits(shop: SimpleNamespace) -> pd.Series:
    """Median minutes to the call centre's first answer, by month."""
    calls = shop.tickets[shop.tickets.channel == "call_centre"]
    minutes = (calls["first"] - calls.opened).dt.total_seconds() / 60
    return minutes.groupby(calls.opened.dt.month).median()


def test_the_call_centre_answers_late_in_may_and_june_only(shop: SimpleNamespace) -> None:
    months = waits(shop)
    assert months[[5, 6]].min() > 120
    assert months.drop([5, 6]).max() < 15


@pytest.mark.slow
def test_deliveries_are_late_in_three_provinces_in_high_summer(large: SimpleNamespace) -> None:
    sent = large.orders[large.orders.sold_at != "store"]
    city = sent.customer_id.map(large.crm["Tỉnh/Thành phố"][~large.crm.index.duplicated()])
    complained = sent.order.isin(large.tickets.order[large.tickets.topic == "Giao hàng trễ"])
    hit = city.isin(PROVINCES) & sent.time.between("2025-07-10", "2025-08-21")
    assert hit.sum() >= 12  # enough to see a fourfold share
    assert complained[hit].mean() > 4 * complained[~hit].mean()
    rated = large.surveys[(large.surveys.touchpoint == "delivery") & (large.surveys.score != "")]
    low = rated.score.astype(int) <= 2
    place = rated.customer_id.map(large.crm["Tỉnh/Thành phố"][~large.crm.index.duplicated()])
    there = place.isin(PROVINCES) & rated.sent_at.between("2025-07-13", "2025-08-28")
    assert there.sum() >= 3
    assert low[there].mean() > 2 * low[~there].mean()


@pytest.mark.slow
def test_the_angry_and_the_delighted_answer_more_than_their_share(large: SimpleNamespace) -> None:
    asked = large.surveys[(large.surveys.metric == "csat") & (large.surveys.touchpoint != "delivery")]
    asked = asked.assign(month=asked.sent_at.str[:7])
    asked = asked.merge(truth(large, "quality.csv"), on=["touchpoint", "month"])
    level = (service.FELT[0] + service.FELT[1] * asked.quality).to_numpy()
    below, above = (
        np.mean([erfc(far / service.FELT[2] / sqrt(2)) / 2 for far in (1.5 + sign * level).tolist()])
        for sign in (1, -1)
    )
    answered = asked[asked.score != ""].score.astype(int)
    assert 0.08 < len(answered) / len(asked) < 0.25
    assert (answered == 1).mean() > 1.4 * below
    assert (answered == 5).mean() > 1.4 * above


# --- people come, tell others, fade and leave (truth beside raw files) ---


@pytest.mark.slow
def test_some_people_are_referred_and_only_by_buyers(large: SimpleNamespace) -> None:
    people = truth(large, "people.parquet")
    told = people[people.came == "referred"]
    assert 0.05 < len(told) / len(large.all_orders) < 0.2
    assert told.referred_by.notna().all()
    assert people[people.came != "referred"].referred_by.isna().all()
    buyers = set(truth(large, "needs.parquet").query("ordered").customer_id)
    assert set(told.referred_by) & set(people.customer_id) <= buyers


def test_whoever_refers_somebody_is_one_of_the_people(tmp_path: Path) -> None:
    people = truth(made(tmp_path, 3_000), "people.parquet")
    assert set(people.referred_by.dropna()) <= set(people.customer_id)


@pytest.mark.slow
def test_those_who_fade_come_less_before_they_leave_and_the_others_do_not(large: SimpleNamespace) -> None:
    people = truth(large, "people.parquet")[["customer_id", "fades", "leaves_day"]]
    met = large.events[large.events.channel.isin(OWN_WILL)].merge(people, on="customer_id")
    met = met[met.leaves_day > 150]
    before = met.leaves_day - (met.time - OPENS).dt.total_seconds() / 86_400
    near, usual, after = before.between(0, 20), before.between(70, 130), before.between(-60, -30)
    for fades, least, most in ((True, 0.2, 0.7), (False, 0.8, 1.2)):
        rate = 3 * near[met.fades == fades].sum() / usual[met.fades == fades].sum()
        assert least < rate < most
    assert after.sum() / 30 < 0.1 * usual.sum() / 60


# --- raw and truth are one ---


def test_every_event_stands_in_raw_in_identifiers_and_in_truth(shop: SimpleNamespace) -> None:
    known = truth(shop, "events.parquet")
    assert known.event_id.is_unique
    assert shop.identifiers.event_id.is_unique
    assert set(known.event_id) == shop.every == set(shop.identifiers.event_id)


def test_orders_are_the_needs_that_ordered(shop: SimpleNamespace) -> None:
    needs = truth(shop, "needs.parquet").query("ordered").assign(day=lambda n: local(n.decides))
    orders = shop.all_orders[shop.all_orders.customer_id != ""].groupby("customer_id").size()
    nobodys = int((shop.all_orders.customer_id == "").sum())
    inside = needs[needs.day.between("2025-01-02", "2025-12-26")].groupby("customer_id").size()
    around = needs[needs.day.between("2024-12-26", "2026-01-02")].groupby("customer_id").size()
    assert (orders <= around.reindex(orders.index).fillna(0)).all()
    assert (inside - orders.reindex(inside.index).fillna(0)).clip(lower=0).sum() <= nobodys


def test_within_a_need_stages_never_go_back(shop: SimpleNamespace) -> None:
    known = truth(shop, "events.parquet").dropna(subset=["need"]).merge(shop.events[["event_id", "time"]])
    known["rank"] = known.stage.map(STAGES.index)
    known = known.sort_values(["need", "time"])
    assert (known.groupby("need")["rank"].diff().dropna() >= 0).all()
    assert known["rank"].nunique() >= 3


def test_every_fragment_has_an_owner_who_was_there(shop: SimpleNamespace) -> None:
    owners = truth(shop, "fragments.parquet")
    seen = shop.identifiers.merge(shop.events[["event_id", "customer_id"]], on="event_id")
    for kind in fragments.KINDS:
        told = set(map(tuple, owners[owners.kind == kind][["fragment", "customer_id"]].to_numpy()))
        assert set(map(tuple, seen[[kind, "customer_id"]].dropna().to_numpy())) <= told
        assert set(shop.identifiers[kind].dropna()) <= {fragment for fragment, _ in told}
    assert set(shop.crm.index) == set(owners[owners.kind == "customer_id"].fragment)


def test_themes_are_told_of_texts_that_exist_and_of_all_of_them(shop: SimpleNamespace) -> None:
    told = truth(shop, "comments.csv")
    assert not told.duplicated(["source", "id"]).any()
    written = shop.surveys[shop.surveys.comment != ""].survey_id, shop.tickets[shop.tickets.text != ""].ticket
    for source, codes in zip(("survey", "ticket"), written, strict=True):
        assert set(told[told.source == source].id) == set(codes)
    assert told.themes.str.fullmatch(r"\w+:-?\d(;\w+:-?\d)*").all()


@pytest.mark.slow
def test_experiments_find_what_the_trials_truly_did_within_their_error(large: SimpleNamespace) -> None:
    found = pd.read_csv(large.folder / "raw" / "experiments.csv").set_index("experiment")
    true = truth(large, "trials.csv").set_index("trial").lift
    assert set(found.index) == set(true.index)
    far = {
        name: abs(log(1 + row.lift) - log(1 + true[name])) / (row.standard_error / (1 + row.lift))
        for name, row in found.iterrows()
    }
    assert {name: round(z, 1) for name, z in far.items() if z > 3} == {}


@pytest.mark.slow
def test_realised_orders_come_to_the_expected_ones_over_several_seeds(tmp_path: Path) -> None:
    gap = variance = 0.0
    for seed in range(6):
        place = tmp_path / str(seed)
        sold = demo.generate(place, customers=6_000, seed=seed)["order_rows"]
        chance = pq.read_table(place / "truth" / "needs.parquet")["chance"].to_numpy()
        gap += sold - json.loads((place / "truth" / "world.json").read_text("utf-8"))["orders_expected"]
        variance += float((chance * (1 - chance)).sum())
    assert abs(gap) < 4 * sqrt(variance)


# --- worlds are as they are named ---


def behaviour(shop: SimpleNamespace) -> pd.DataFrame:
    """Of everybody met twelve times or more: the share of each channel, the hours, and how often."""
    met = shop.events[shop.events.channel.notna()]
    counts = pd.crosstab(met.customer_id, met.channel)
    hours = met.time.dt.hour.groupby(met.customer_id).agg(["mean", "std"])
    table = counts.div(counts.sum(axis=1), axis=0).join(hours).assign(met=counts.sum(axis=1))
    return table[table.met >= 12].fillna(0.0)


@pytest.mark.slow
def test_behaviour_tells_personas_where_there_are_any(tmp_path: Path) -> None:
    """Chance is the same in these worlds, so that who is who in the base world can be asked of all three."""
    worlds = {
        name: made(tmp_path / name, 16_000, name) for name in ("base", "clear_personas", "structureless")
    }
    of_base = truth(worlds["base"], "people.parquet").set_index("customer_id").persona
    far = {}
    for name, world in worlds.items():
        table = behaviour(world)
        far[name] = learnt(table, (of_base.reindex(table.index) == "deal_hunter").to_numpy())
    assert len(truth(worlds["structureless"], "people.parquet").persona.unique()) == 1
    assert far["structureless"] < 3.5
    assert 8 < far["base"] < far["clear_personas"]


def test_a_world_without_faults_has_none(tmp_path: Path) -> None:
    world = made(tmp_path, 6_000, "fault_free")
    assert not (world.events.event_type == "checkout_error").any()
    assert waits(world).max() < 15
    assert truth(world, "faults.csv").empty


def test_an_offline_world_is_met_in_shops_and_by_voice(shop: SimpleNamespace, tmp_path: Path) -> None:
    world = made(tmp_path, 6_000, "offline_heavy")
    usual, there = (each.events.channel.value_counts(normalize=True) for each in (shop, world))
    for channel in OFFLINE:
        assert there[channel] > 1.3 * usual[channel], channel
    sold, more = (each.orders.sold_at.value_counts(normalize=True)["store"] for each in (shop, world))
    assert more > 1.2 * sold
