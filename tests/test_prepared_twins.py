"""The prepared touch table, from files through checks, buckets and codes, gives the journeys of the same log.

`from_frame` holds a log in one piece; `prepare` splits it over buckets and puts counts together again. Both
must equal the twin to the unit, and each other to the bit, under every option.
"""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest
import twins
from tables import credits_of, found_paths, frame, touches
from twins import DAY, Row

import journey_lib as jl

NEW_YEAR = 20_089 * DAY  # 2025-01-01
CHANNELS = ["direct", "email", "Zalo", "điện thoại", "ads", "b2"]

CONFIG = """
name: twins
title: {vi: "Song sinh", en: "Twins"}
language: en
timezone: UTC
currency: USD
conversions: {purchase: {event_type: purchase}}
sources:
  - {table: events, format: csv, path: raw/events.csv, timezone: UTC}
"""


def random_log() -> list[Row]:
    """5,000 rows of 600 customers on a grid of six hours: many ties, repeats and lone events."""
    pick = random.Random(5)  # noqa: S311
    return [
        Row(
            customer=f"c{int(pick.expovariate(1 / 150)) % 600}",
            time=NEW_YEAR + pick.randrange(240) * DAY // 4,
            channel=pick.choice([*CHANNELS, "email", "email", None]),
            conversion=pick.random() < 0.2,
            value=pick.randrange(1, 1000),
            event_id=f"e{number:05}",
        )
        for number in pick.sample(range(5000), 5000)
    ]


@pytest.fixture(scope="module")
def log() -> list[Row]:
    return random_log()


@pytest.fixture(scope="module")
def prepared(log: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "raw").mkdir()
    (folder / "journey.yaml").write_text(CONFIG, encoding="utf-8")
    pd.DataFrame(
        {
            "event_id": [row.event_id for row in log],
            "customer_id": [row.customer for row in log],
            "timestamp": frame(log)["time"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "channel": [row.channel for row in log],
            "event_type": ["purchase" if row.conversion else "visit" for row in log],
            "value": [row.value for row in log],
        }
    ).to_csv(folder / "raw" / "events.csv", index=False)
    workspace = jl.open(folder)
    jl.touches.prepare(workspace)
    return jl.touches.load(workspace)


OPTIONS: list[dict[str, Any]] = [
    {"lookback": None},
    {"lookback": "7d", "direct": "drop"},
    {"lookback": "30d", "repeats": "collapse", "max_touches": 3},
    {"lookback": "14d", "period": ("2025-01-10", "2025-02-05")},
]


def twin_journeys(log: list[Row], options: dict[str, Any]) -> list[twins.Journey]:
    days = options["lookback"]
    period = tuple(pd.Timestamp(day).value // 1000 for day in options.get("period", ())) or (None, None)
    rest = {name: value for name, value in options.items() if name not in {"lookback", "period"}}
    return twins.cut(log, days and int(days[:-1]) * DAY, period=period, **rest)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_prepared_touches_give_the_paths_of_the_twin(log, prepared, options):
    found = found_paths(jl.journeys.paths(prepared, **options))
    assert found == twins.count_paths(twin_journeys(log, options))


@pytest.mark.parametrize(
    "model", ["last_non_direct", "linear", "position", "time_decay", "markov", "shapley"]
)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_prepared_touches_give_the_credit_of_the_same_frame_to_the_bit(log, prepared, options, model):
    found = jl.attribution.credit(prepared, model, **options).table
    expected = jl.attribution.credit(touches(log, currency="USD"), model, **options).table
    # Groups of customers are drawn by another hash: intervals agree as samples do.
    bounds = ["low", "high", "effect_low", "effect_high"]
    exact = [name for name in expected.columns if name not in bounds]
    pd.testing.assert_frame_equal(found[exact], expected[exact], check_exact=True)
    assert (found["high"] - found["low"]).tolist() == pytest.approx(
        (expected["high"] - expected["low"]).tolist(), rel=0.25
    )


def test_prepared_touches_give_the_time_decay_of_the_twin(log, prepared):
    result = jl.attribution.credit(prepared, "time_decay", half_life="3d", lookback="14d")
    twin = twins.time_decay(twin_journeys(log, {"lookback": "14d"}), 3 * DAY)
    found = credits_of(result)
    for channel, (conversions, value) in twin.items():
        assert found[channel] == pytest.approx((conversions, value), rel=1e-9)


@pytest.mark.parametrize(
    "pattern", ["email -> ... -> Zalo within 3d", "^ email -> [^direct]* -> conversion", "direct|ads"]
)
def test_path_patterns_find_the_same_journeys_and_customers(log, prepared, pattern):
    found, expected = (jl.journeys.follow(each, pattern, lookback="20d") for each in (prepared, touches(log)))
    assert found.table.equals(expected.table)
    assert found.facts == expected.facts
    mine, theirs = (jl.journeys.chosen(each, pattern, lookback="20d") for each in (prepared, touches(log)))
    assert (mine.customers, mine.rows) == (theirs.customers, theirs.rows)
    paths = [found_paths(jl.journeys.paths(each, lookback="20d")) for each in (mine, theirs)]
    assert paths[0] == paths[1]
