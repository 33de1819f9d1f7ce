"""A year of real invoices as docs/online-retail.md reads them: its blocks are run, its figures asserted."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb
import pytest

import journey_lib as jl
from journey_lib import catalogue, health, runner
from journey_lib.features import Features
from journey_lib.personas import profile, rfm
from journey_lib.personas.find import find
from journey_lib.prepare import prepare

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "online-retail.md"
BESIDE = ROOT.parent / "shared" / "data" / "online_retail_2009_2010.parquet"
FILE = Path(os.environ.get("JOURNEY_ONLINE_RETAIL", BESIDE))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("online_retail"),
    pytest.mark.skipif(not FILE.is_file(), reason="the invoices are not on this machine"),
]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found, language
    return found[1]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("retail")
    (folder / "raw").mkdir()
    (folder / "maps").mkdir()
    (folder / "journey.yaml").write_text(block("yaml"), "utf-8")
    with duckdb.connect() as engine:
        engine.read_parquet(str(FILE)).create_view("lines")
        engine.execute(re.sub(r"TO '", f"TO '{folder}/", block("sql")))
    return folder


@pytest.fixture(scope="module")
def features(shop: Path) -> Features:
    workspace = jl.open(shop)
    return jl.features.table(workspace, jl.touches.load(workspace), window="400d")


def test_what_is_left_out_is_what_names_no_customer(shop: Path, features: Features) -> None:
    orders, cancelled = prepare(jl.open(shop)).accounts
    assert (orders.rows_in, orders.kept, orders.dropped) == (24_224, 19_215, {"customer_id is empty": 5_009})
    assert (cancelled.rows_in, cancelled.kept) == (4_592, 4_372)
    frame = features.frame
    assert len(frame) == 4_383
    assert (frame["conversions"] > 0).sum() == 4_314
    assert frame["value"].sum() == pytest.approx(8_832_003, abs=1)
    assert (frame["event_cancellation"] > 0).sum() == 1_798


def test_lines_counted_by_hand(shop: Path) -> None:
    counted = re.findall(r"^\| [a-z(][^|]+\| ([\d,]+) \| ([\d,]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    said = [tuple(int(each.replace(",", "")) for each in row) for row in counted]
    rows = (
        duckdb.read_parquet(str(FILE))
        .query(
            "lines",
            "SELECT starts_with(Invoice, 'C'), \"Customer ID\" IS NULL, count(DISTINCT Invoice), count(*)"
            " FROM lines GROUP BY ALL ORDER BY ALL",
        )
        .fetchall()
    )
    ours = {(cancelled, nobody): (invoices, lines) for cancelled, nobody, invoices, lines in rows}
    total = tuple(map(sum, zip(*ours.values(), strict=True)))
    order = [total, ours[False, True], ours[True, True], ours[True, False], ours[False, False]]
    assert said == order


@pytest.mark.parametrize(
    ("least", "customers", "ratio", "chance"),
    [(1, 4_314, 0.983, 0.048), (3, 2_083, 0.972, 0.048), (5, 1_180, 0.988, 0.190)],
)
def test_customers_are_a_continuum(
    features: Features, least: int, customers: int, ratio: float, chance: float
) -> None:
    found = find(features, least_touches=least)
    assert (found.structure.verdict, found.k, len(found.labels)) == ("continuum", 0, customers)
    assert found.structure.ratio == pytest.approx(ratio, abs=0.002)
    assert found.structure.chance == pytest.approx(chance, abs=0.001)


def test_four_slices_would_look_stable_without_the_gate(features: Features) -> None:
    four = find(features, least_touches=3, k=4)
    (row,) = four.alternatives[four.alternatives["k"] == 4].to_dict(orient="records")
    assert four.reason == "4 as asked for, slices of a continuum"
    assert row["jaccard_worst"] == pytest.approx(0.925, abs=0.01)
    assert row["valley"] == pytest.approx(2.8, abs=0.1)


def test_the_most_valuable_and_the_champions(features: Features) -> None:
    segments = rfm.segments(features).table.set_index("segment")
    said = segments.loc[
        ["champions", "lost"], ["share", "low", "high", "value_share", "value_low", "value_high"]
    ]
    assert segments.loc[["champions", "lost"], "customers"].tolist() == [901, 1_172]
    assert said.round(3).to_numpy().tolist() == [
        [0.209, 0.197, 0.221, 0.640, 0.584, 0.693],
        [0.272, 0.259, 0.285, 0.042, 0.036, 0.050],
    ]
    top = profile.value_profile(features)
    assert (top.facts["customers"], top.facts["of"]) == (432, 4_312)
    ends = [round(top.facts[name], 3) for name in ("value_share", "value_low", "value_high")]
    assert ends == [0.599, 0.538, 0.657]
    lift = top.table.set_index("feature").loc["event_cancellation"]
    assert [round(float(lift[name]), 2) for name in ("lift", "low", "high")] == [1.51, 1.40, 1.63]


def test_the_page_makes_up_no_personas_and_offers_rfm(shop: Path, tmp_path: Path) -> None:
    entry = jl.open(shop).reports[0]
    outcomes = runner.run_all(
        jl.open(shop),
        [(catalogue.reports()["persona_building"], entry.parameters)],
        languages=["vi", "en"],
        reports_dir=tmp_path,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    page = (tmp_path / "online_retail" / "en" / "persona_building.html").read_text("utf-8")
    assert "No personas are made up where there are none" in page
    assert "2,083" in page


def test_lines_handed_over_as_orders_are_told_to_be_no_orders(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "lines.parquet").symlink_to(FILE.resolve())
    (tmp_path / "journey.yaml").write_text(
        "name: lines\ntimezone: Europe/London\ncurrency: GBP\nchecks: {most_dropped: 0.25}\n"
        "conversions: {purchase: {event_type: purchase}}\n"
        "sources: [{table: orders, format: parquet, path: raw/lines.parquet, set: {currency: GBP}, columns:"
        ' {order_id: Invoice, customer_id: "Customer ID", timestamp: InvoiceDate, value: Price}}]\n',
        "utf-8",
    )
    table = health.trust(health.evidence(jl.open(tmp_path))).table.set_index("check")
    assert table.loc["duplicates", "state"] == "stop"
    assert table.loc["duplicates", "share"] == pytest.approx(0.75, abs=0.005)
