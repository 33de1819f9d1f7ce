"""The attribution report of a small demo shop, run as a schedule runs it; numbers recounted from raw/."""

from __future__ import annotations

import json
from pathlib import Path

import browser
import pandas as pd
import pytest
import shops
import twins

import journey_lib as jl
from journey_lib import catalogue, demo, explorers, i18n, runner, session
from journey_lib.prepare import read_manifest

LOOKBACK = 30 * 86_400_000_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    shops.with_known_people(folder)
    demo.generate(folder, customers=2_000, seed=11)
    return folder


@pytest.fixture(scope="module")
def published(shop) -> tuple[Path, list[runner.Outcome]]:
    reports = shop.parent / "reports"
    report = catalogue.reports()["channel_attribution"]
    workspace = jl.open(shop)
    return reports, runner.run_all(workspace, [(report, {})], languages=["vi", "en"], reports_dir=reports)


def facts(published, name: str) -> dict:
    reports, _ = published
    said = json.loads(next(reports.glob("demo/runs/channel_attribution/*-en-*/run.json")).read_text("utf-8"))
    return next(each["facts"] for each in said["facts"] if each["name"] == name)


def recounted(shop: Path) -> list[twins.Journey]:
    """The shop's journeys cut by plain Python from the raw files, as the documentation says they are cut."""
    events = pd.concat(pd.read_parquet(path) for path in sorted((shop / "raw").glob("events_*.parquet")))
    events = events[events["customer_id"].fillna("").ne("") & events["timestamp"].notna()]
    events = events.drop_duplicates("event_id").astype({"channel": object}).fillna({"channel": ""})
    orders = pd.concat(pd.read_csv(path, dtype=str) for path in sorted((shop / "raw").glob("orders_*.csv")))
    names = {
        "Mã đơn hàng": "id",
        "Mã khách hàng": "customer",
        "Thời gian đặt": "time",
        "Giá trị (đ)": "value",
    }
    orders = orders.rename(columns=names)
    orders["time"] = pd.to_datetime(orders["time"], format="%d/%m/%Y %H:%M:%S", errors="coerce")
    orders["value"] = pd.to_numeric(orders["value"].str.replace(".", ""), errors="coerce")
    orders = orders[orders["customer"].fillna("").ne("") & orders["time"].notna() & orders["value"].notna()]
    orders["time"] = (
        orders["time"].dt.tz_localize("Asia/Ho_Chi_Minh").dt.tz_convert("UTC").dt.tz_localize(None)
    )
    log = [
        twins.Row(customer, time.value // 1000, channel or None, False, None, event)
        for customer, time, channel, event in zip(
            events["customer_id"],
            pd.to_datetime(events["timestamp"]),
            events["channel"],
            events["event_id"],
            strict=True,
        )
    ]
    log += [
        twins.Row(customer, time.value // 1000, None, True, int(value), order)
        for customer, time, value, order in zip(
            orders["customer"], orders["time"], orders["value"], orders["id"], strict=True
        )
    ]
    return twins.cut(log, lookback_us=LOOKBACK)


@pytest.mark.slow
def test_both_languages_are_published_and_say_so(published):
    reports, outcomes = published
    assert [outcome.error for outcome in outcomes] == [None, None]
    vietnamese, english = (
        (reports / "demo" / language / "channel_attribution.html").read_text("utf-8")
        for language in ("vi", "en")
    )
    assert '<html lang="vi"' in vietnamese
    assert "Cách đọc" in vietnamese
    assert "How to read this" not in vietnamese
    assert '<html lang="en"' in english
    assert "Cách đọc" not in english
    assert max(len(page.encode()) for page in (vietnamese, english)) <= 700_000


@pytest.mark.slow
def test_the_counts_are_those_of_the_raw_files(published, shop):
    journeys = recounted(shop)
    found = facts(published, "credit")
    assert found["conversions"] == sum(journey.converted for journey in journeys)
    assert found["value"] == sum(journey.value for journey in journeys)
    assert found["open"] == sum(journey.open for journey in journeys)
    assert found["journeys"] == len(journeys)
    assert found["no_touch"] == sum(journey.converted and not journey.path for journey in journeys)


@pytest.mark.slow
def test_rows_in_are_rows_kept_and_rows_kept_apart(published, shop):
    manifest = read_manifest(jl.open(shop))
    written = json.loads((shop / "raw" / "demo.json").read_text("utf-8"))
    data = facts(published, "data")
    assert data["rows_in"] == data["kept"] + data["dropped"] == manifest.rows_in
    counts = written.get("counts", written)
    wrong = ("events_without_", "events_duplicated", "orders_without_")
    assert data["dropped"] == sum(n for name, n in counts.items() if name.startswith(wrong))


@pytest.mark.slow
def test_tables_of_the_run_can_be_opened_and_add_up(published):
    reports, _ = published
    tables = next(reports.glob("demo/runs/channel_attribution/*-en-*/tables"))
    credit = pd.read_csv(tables / "credit-by-model.csv")
    assert set(credit["model"]) == {"last", "linear", "markov", "shapley"}
    sums = credit.groupby("model")["conversions"].sum()
    # Channels with too few people are left out of every table, so sums may fall short and never exceed.
    assert (sums <= facts(published, "credit")["conversions"] + 1e-6).all()
    assert credit.loc[~credit["suppressed"].astype(bool), "customers"].fillna(10).ge(10).all()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_page_opens_from_the_disk_and_draws_every_chart(published, language, phone):
    reports, _ = published
    page = reports / "demo" / language / "channel_attribution.html"
    with browser.running() as chromium, browser.visit(chromium, page, phone=phone) as seen:
        assert seen.draw_all() == 6
        assert seen.faults() == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"conversion": "sale"}, "there is no conversion 'sale'"),
        ({"first_day": "2025-03-31", "last_day": "2025-03-01"}, "the period ends before it starts"),
        ({"order": "0"}, "'0' is not one of its choices"),
    ],
)
def test_what_cannot_be_asked_of_this_shop_is_refused_before_a_kernel_starts(shop, monkeypatch, asked, said):
    monkeypatch.setattr(runner, "prepare", lambda *_: pytest.fail("it was already preparing"))
    report = catalogue.reports()["channel_attribution"]
    with pytest.raises(jl.errors.ParameterError, match=said):
        runner.run(jl.open(shop), report, asked, language="vi", reports_dir=shop.parent / "reports")


def test_a_period_outside_the_data_is_answered_with_the_days_they_cover(shop, monkeypatch):
    monkeypatch.setattr(session.theme, "enable", lambda *_, **__: None)
    run = session.start(str(shop), "en")
    period = {"first_day": "2030-01-01", "last_day": None}
    with pytest.raises(jl.errors.ParameterError, match=r"choose a period within 1 Jan 2025 – 31 Dec 2025"):
        run.cutting(conversion=None, lookback="30d", direct="keep", repeats="keep", **period)


def test_the_explorer_answers_every_touch_of_its_controls(shop, monkeypatch):
    shown: list[dict] = []
    monkeypatch.setattr(session.Session, "show", lambda self, chart: shown.append(chart.to_dict()))
    monkeypatch.setattr(session.theme, "enable", lambda *_, **__: None)
    monkeypatch.setattr(session.Session, "say", lambda self, sentence: shown.append({"said": sentence}))
    run = session.start(str(shop), "en")
    shown.clear()
    box = explorers.credit(run, jl.touches.load(run.workspace))
    (model, lookback), (half_life, order, direct), _ = (
        box.children[0].children,
        box.children[1].children,
        box.children[2],
    )
    assert shown[-1]["title"]["text"] == "How many conversions does Markov credit to each channel?"
    assert (half_life.layout.display, order.layout.display) == ("none", "")
    model.value = "time_decay"
    assert shown[-1]["title"]["text"] == "How many conversions does Time decay credit to each channel?"
    assert (half_life.layout.display, order.layout.display) == ("", "none")
    before = shown[-1]["datasets"]
    half_life.value = 1
    assert shown[-1]["datasets"] != before
    lookback.value = "3d"
    direct.value = True
    assert len(shown) == 5
    i18n.speak("en")
