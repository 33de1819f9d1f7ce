"""Spark runs the same functions: every measure and the prepared table equal the embedded engine's to the bit.

One local Spark of two cores serves the file. What is compared is never near: arrays and frames are the same.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from shops import CONFIG

import journey_lib as jl
from journey_lib import catalogue, demo, engine, health, prepare, runner
from journey_lib.attribution import MODELS
from journey_lib.engine import OnSpark, spark
from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.personas import told
from journey_lib.single_view import ordered

pytestmark = pytest.mark.slow

ON_SPARK = {"name": "spark", "master": "local[2]", "memory": "1GB"}
HERE = spark.Spark("local[2]", "1GB")
LIBRARY = Path(jl.__file__).parent


@pytest.fixture(scope="module", autouse=True)
def java() -> None:
    """Without Java the tests are skipped, and fail where they are the gate."""
    missing = [
        name
        for name, found in {
            "PySpark": importlib.util.find_spec("pyspark"),
            "Java": shutil.which("java") or os.environ.get("JAVA_HOME"),
        }.items()
        if not found
    ]
    if missing:
        said = f"{' and '.join(missing)} not installed (Debian: apt install openjdk-17-jre-headless)"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The demo shop with 500 customers, stitched, in many small buckets, to be measured on Spark."""
    folder = tmp_path_factory.mktemp("shop")
    demo.generate(folder, customers=500)
    declared = yaml.safe_load(CONFIG.read_text("utf-8")) | {"engine": ON_SPARK}
    (folder / "journey.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare.manifest, "BUCKET_ROWS", 1_000)
        prepare.prepare(jl.open(folder))
    return jl.open(folder)


@pytest.fixture(scope="module")
def there(shop: Any) -> Any:
    return jl.touches.load(shop)


@pytest.fixture(scope="module")
def here(there: Any) -> Any:
    """The same prepared table, measured by the embedded engine."""
    return dataclasses.replace(there, buckets=there.buckets.loaders)


def same(found: Any, expected: Any, at: str = "answer") -> None:
    """Equal to the last bit, type and order."""
    assert type(found) is type(expected), at
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_exact=True, obj=at)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, at
        assert found.tobytes() == expected.tobytes(), at
    elif dataclasses.is_dataclass(expected):
        for part in dataclasses.fields(expected):
            same(getattr(found, part.name), getattr(expected, part.name), f"{at}.{part.name}")
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected), at
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            same(one, other, f"{at}[{number}]")
    elif isinstance(expected, Mapping):
        assert found.keys() == expected.keys(), at
        for name in expected:
            same(found[name], expected[name], f"{at}[{name}]")
    else:
        both_unknown = isinstance(expected, float) and np.isnan(expected) and np.isnan(found)
        assert both_unknown or found == expected, at


# --- every measure ---

CUTS: list[dict[str, Any]] = [
    {},
    {"lookback": "30d"},
    {"lookback": "7d", "direct": "drop", "repeats": "collapse", "max_touches": 3},
    {"lookback": "14d", "period": ("2025-03-01", "2025-06-01"), "by_fold": True},
]
PATHS = {f"paths {cut}": lambda table, cut=cut: jl.journeys.paths(table, **cut) for cut in CUTS}
CREDIT = {
    f"credit by {model}": lambda table, model=model: jl.attribution.credit(table, model, lookback="30d")
    for model in MODELS
}
FIVE_A = jl.stages.load("5A")
PLAN = jl.maps.plan(
    {
        "steps": [
            {"step": "see", "any_of": ["facebook", "tiktok"]},
            {"step": "come", "any_of": ["store", "direct"]},
        ]
    }
)
CUT: dict[str, Any] = {"lookback": "30d", "repeats": "collapse"}
COMPLAINTS = pd.DataFrame(
    {
        "customer": np.arange(40),
        "topic": "late",
        "timestamp": pd.Timestamp("2025-04-01", tz="UTC") + pd.to_timedelta(np.arange(40), unit="D"),
    }
)


def staged(table: Any) -> Any:
    return jl.journeys.steps_by(table, "stage", FIVE_A)


def zalo(table: Any) -> dict[str, Any]:
    return {"group": jl.journeys.through(table, "zalo")}


VIEWS: dict[str, Callable[[Any], Any]] = {
    "steps of touches": lambda table: jl.journeys.transitions(table, **CUT),
    "steps of a group": lambda table: jl.journeys.transitions(table, **zalo(table), **CUT),
    "steps by touchpoint": lambda table: jl.journeys.transitions(
        jl.journeys.steps_by(table, "touchpoint"), **CUT
    ),
    "flows": lambda table: jl.journeys.flows(table, **CUT),
    "entries": lambda table: jl.journeys.entries(table, **CUT),
    "lengths": lambda table: jl.journeys.lengths(table, **CUT),
    "durations": lambda table: jl.journeys.durations(table, **CUT),
    "detours": lambda table: jl.journeys.detours(staged(table), **CUT),
    "stages now": lambda table: jl.journeys.stages_now(staged(table)),
    "overview": lambda table: jl.journeys.overview(table, [jl.journeys.converted()], **CUT),
    "journeys by what steps are": lambda table: jl.journeys.by_steps(table, model=FIVE_A, **CUT),
    "sessions": jl.journeys.sessions,
    "groups compared": lambda table: jl.journeys.compare(
        jl.journeys.transitions, table, zalo(table), {"group": jl.journeys.rest(zalo(table)["group"])}, **CUT
    ),
    "funnel": lambda table: jl.funnel.funnel(staged(table), within="30d"),
    "dropped": lambda table: jl.funnel.dropped(staged(table), called=table, within="30d"),
    "time to convert": lambda table: jl.funnel.time_to(staged(table), FIVE_A.names[:4]),
    "funnel by week": lambda table: jl.funnel.trend(staged(table), within="30d"),
    "cohorts": jl.retention.cohorts,
    "second conversions": jl.retention.repeat,
    "pattern": lambda table: jl.journeys.follow(
        table, "facebook|tiktok -> ... -> direct within 14d", lookback="30d"
    ),
    "chosen by pattern": lambda table: jl.journeys.paths(
        jl.journeys.chosen(table, "zalo -> ...", lookback="30d")
    ),
    "planned": lambda table: jl.conformance.score(table, PLAN, **CUT),
    "planned moves": lambda table: jl.conformance.moves(table, PLAN, **CUT),
    "planned outcomes": lambda table: jl.conformance.outcomes(table, PLAN, **CUT),
    "deviations": lambda table: jl.conformance.deviations(table, PLAN, **CUT),
    "some customers": lambda table: jl.journeys.paths(
        jl.journeys.members(table, np.arange(table.customers) % 3 == 0)
    ),
    "features": lambda table: jl.features.of_touches(table).frame,
    "stages of touchpoints": lambda table: told.stages_of(table, FIVE_A),
    "touchpoint inventory": lambda table: jl.touchpoints.inventory(table, model=FIVE_A),
    "touchpoints by week": jl.touchpoints.weekly,
    "contacts of stages": lambda table: jl.journey_map.stage_contacts(table, FIVE_A),
    "after a complaint": lambda table: jl.voice.after(
        COMPLAINTS, table, topics=jl.voice.Topics(complaints=("late",)), as_of="2025-12-31"
    ),
    "what hurt": lambda table: jl.voice.hurts(
        tickets=COMPLAINTS.assign(
            customer_id=COMPLAINTS["customer"].astype(str),
            order_id="of an order",
            timestamp=COMPLAINTS["timestamp"].dt.tz_convert(table.timezone),
            first_response_at=COMPLAINTS["timestamp"].dt.tz_convert(table.timezone) + pd.Timedelta("1h"),
        ),
        touches=table,
        topics=jl.voice.Topics(complaints=("late",)),
        as_of="2025-12-31",
    ),
}
MEASURES: dict[str, Callable[[Any], Any]] = {
    **PATHS,
    **CREDIT,
    "converting": lambda table: jl.journeys.converting(table, jl.journeys.rules_for(table, lookback="30d")),
    "transitions": lambda table: jl.journeys.transitions(jl.journeys.paths(table, lookback="30d")),
    "top paths": lambda table: jl.journeys.top(jl.journeys.paths(table, lookback="30d")),
    "compare": lambda table: jl.attribution.compare(table, ["linear", "markov"], lookback="30d"),
    "removal effects": lambda table: jl.attribution.removal_effects(table, order=2, lookback="30d"),
    "credit by month": lambda table: jl.attribution.over_time(
        table, "linear", period=("2025-02-01", "2025-05-01"), lookback="30d"
    ),
    **VIEWS,
}
# Where the library maps a measure over buckets, and what above or below runs it.
MAPPED = {
    *(
        f"journeys/{name}.py"
        for name in ("cut", "detours", "entries", "members", "moves", "now", "overview", "paths")
    ),
    *("journeys/patterns.py", "journeys/positions.py", "funnel/steps.py", "funnel/times.py", "retention.py"),
    *(
        "conformance/ends.py",
        "conformance/steps.py",
        "health/evidence.py",
        "features/table.py",
        "voice/after.py",
        "voice/hurts.py",
    ),
    *("touchpoints/counts.py", "touchpoints/weeks.py", "personas/told.py", "journey_map/current.py"),
    *("journeys/bases.py", "single_view/ordered.py"),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_on_spark_equals_the_embedded_engine_to_the_bit(there, here, name):
    assert isinstance(there.buckets, OnSpark)
    assert len(there.buckets) > 4
    same(MEASURES[name](there), MEASURES[name](here))


def test_the_evidence_of_data_health_is_the_same(shop):
    embedded = shop.model_copy(update={"engine": type(shop.engine)()})
    found, expected = (health.evidence(opened, "2025-12-31") for opened in (shop, embedded))
    same(found, expected)


def test_orders_that_are_events_are_the_same(shop, monkeypatch):
    monkeypatch.setattr(ordered, "counted_by", lambda _shop: "purchase")
    embedded = shop.model_copy(update={"engine": type(shop.engine)()})
    found, expected = map(ordered.ordered, (shop, embedded))
    assert found["orders"].sum() > 0
    same(found, expected)


def test_no_measure_of_the_library_is_missing_above():
    """Whoever maps a new measure over buckets says here how it is compared."""
    mapping = {
        str(path.relative_to(LIBRARY))
        for path in LIBRARY.rglob("*.py")
        if re.search(
            r"\b(reduce|Pass)\(\s*(\w+\.buckets|cuts(?:_of)?\(|laying\(|pairs|walked\()",
            path.read_text("utf-8"),
        )
    }
    assert mapping == MAPPED


def test_measures_run_in_other_processes_and_this_library(there):
    seen = engine.reduce(there.buckets, lambda bucket: (os.getpid(), jl.__file__, len(bucket)), list)
    assert os.getpid() not in {process for process, *_ in seen}
    assert {file for _, file, _ in seen} == {jl.__file__}
    assert [rows for *_, rows in seen] == [len(load()) for load in there.buckets]


def test_holding_a_table_leaves_its_buckets_on_spark(there):
    assert jl.touches.hold(there) is there


# --- what goes wrong ---


def test_our_own_error_on_an_executor_reaches_the_user_as_it_was_raised(there):
    def measure(bucket):
        raise ParameterError(f"nothing for {min(len(bucket), 1)}", where="here", do="ask otherwise")

    with pytest.raises(ParameterError) as caught:
        engine.reduce(there.buckets, measure, list)
    assert str(caught.value) == "nothing for 1\n  where: here\n  what to do: ask otherwise"
    assert (caught.value.what, caught.value.do) == ("nothing for 1", "ask otherwise")


def test_an_error_nobody_foresaw_says_what_where_and_what_to_do(there):
    def measure(bucket):
        return bucket.no_such_column

    with pytest.raises(DataError, match="AttributeError: 'Bucket' object has no attribute") as caught:
        engine.reduce(there.buckets, measure, list)
    assert re.search(r"where: part 0, test_spark\.py, line \d+, in measure", str(caught.value))
    assert "what to do: run it with `engine: {name: duckdb}`" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert "Traceback" in caught.value.__notes__[0]


def test_the_first_failing_bucket_is_the_one_that_is_named(there):
    def measure(number):
        if number >= 2:
            raise ParameterError(f"bucket {number}")
        return number

    with pytest.raises(ParameterError, match="bucket 2"):
        spark.run(HERE, range(5), measure, there.buckets.shared)


def test_a_worker_that_dies_is_told_in_a_few_lines_and_leaves_nothing(there):
    with pytest.raises(DataError, match="Spark stopped before it was done") as caught:
        engine.reduce(there.buckets, lambda bucket: os._exit(len(bucket) and 3), list)
    assert "where: Python worker exited unexpectedly" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3
    assert not list(there.buckets.shared.glob("answers-*"))
    assert engine.reduce(there.buckets, len, sum) == there.rows


def test_too_little_memory_on_an_executor_is_called_that(there):
    with pytest.raises(DataError, match="too little memory"):
        spark.run(HERE, [1], lambda _: bytearray(1 << 50), there.buckets.shared)


def test_a_package_that_executors_lack_is_named(there):
    class Foreign:
        def __reduce__(self):
            return (__import__, ("no_such_package",))

    with pytest.raises(DataError, match="lack a package") as caught:
        spark.run(HERE, [Foreign()], str, there.buckets.shared)
    assert "no_such_package" in str(caught.value)


def test_a_second_spark_in_the_same_process_is_refused(there):
    assert engine.reduce(there.buckets, len, sum) == there.rows
    with pytest.raises(ConfigError, match="already runs Spark as"):
        spark.run(spark.Spark("local[1]", "1GB"), [1], str, there.buckets.shared)


def test_without_pyspark_it_says_what_to_install(shop, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'journey-workbench\[spark\]'"):
        jl.touches.load(shop)


def test_without_java_it_says_what_to_install(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="openjdk-17-jre-headless"):
        spark._started(HERE)


# --- the prepared table ---

EVENTS = "{table: events, format: parquet, path: 'raw/e*.parquet', columns: {customer_id: khách}}"
ORDERS = "{table: orders, format: parquet, path: raw/o.parquet, columns: {order_id: number, timestamp: at}}"
COSTS = "{table: costs, format: csv, path: raw/costs.csv}"
DECLARED = """
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
rates: rates.csv
conversions: {purchase: {event_type: purchase}}
checks: {most_dropped: 1}
"""


def opened(folder: Path, on: str, *sources: str, more: str = "") -> Any:
    lines = "".join(f"  - {source}\n" for source in sources)
    text = f"{DECLARED}engine: {on}\n{more}sources:\n{lines}"
    (folder / "journey.yaml").write_text(text, encoding="utf-8")
    return jl.open(folder)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("{master: yarn}", "only Spark has one"),
        ("{name: sparc}", "'duckdb' or 'spark'"),
        ("{name: spark, masters: yarn}", "Did you mean 'master'?"),
    ],
)
def test_engines_that_cannot_be_are_refused(tmp_path, declared, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        opened(tmp_path, declared, EVENTS)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Files with everything that can be wrong: keys seen before in the same and in another file, nobody,
    unreadable times, another currency, the same instant, blanks, letters in two spellings, a file of nothing.
    """
    random = np.random.default_rng(11)
    n = 4_000
    kinds = random.choice(["click", "view", "purchase", " purchase"], n, p=[0.5, 0.35, 0.1, 0.05])
    time = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 900, n), "h")
    keys = np.array([f"e{i}" for i in random.permutation(n)], dtype=object)
    again = random.choice(n, 120, replace=False)
    keys[again] = keys[random.choice(n, 120)]
    keys[random.choice(n, 60, replace=False)] = None
    events = pd.DataFrame(
        {
            "event_id": keys,
            "khách": [f"KH{i}" if i % 7 else f" Ửng\u0301 {i} " for i in random.integers(0, 500, n)],
            "timestamp": time.strftime("%Y-%m-%d %H:%M:%S"),
            "channel": random.choice(["zalo", "tiktok", "cửa hàng", "cửa hàng", "", "direct"], n),
            "touchpoint": random.choice(["home", "cart", None], n),
            "event_type": kinds,
            "value": np.where(random.random(n) < 0.2, random.integers(1, 90, n) * 1000.5, np.nan),
            "currency": random.choice(["VND", "usd", "JPY", None], n, p=[0.5, 0.1, 0.02, 0.38]),
        }
    )
    events.loc[random.choice(n, 40, replace=False), "khách"] = None
    events.loc[random.choice(n, 40, replace=False), "timestamp"] = "hôm qua"
    (tmp_path / "raw").mkdir()
    for number, start in enumerate((0, 1_500, 1_501)):
        end = (1_500, 1_501, n)[number]
        part = events[start:end].assign(**({"khách": None} if number == 1 else {}))
        kept = pa.Table.from_pandas(part, preserve_index=False, schema=_schema(events))
        pq.write_table(kept, tmp_path / "raw" / f"e[{number}].parquet")
    orders = pd.DataFrame(
        {
            "number": [f"e{i % 300}" for i in range(320)],  # as some events are called
            "customer_id": [f"KH{i}" for i in random.integers(0, 700, 320)],
            "at": pd.Timestamp("2025-01-05", tz="UTC")
            + pd.to_timedelta(random.integers(-9000, 900, 320), "h"),
            "value": random.integers(1, 90, 320) * 1000,
            "channel": random.choice(["app", "cửa hàng", None], 320),
        }
    )
    orders.to_parquet(tmp_path / "raw" / "o.parquet", index=False)
    (tmp_path / "raw" / "costs.csv").write_text(
        "date,channel,cost\n2025-01-01,zalo,1000\n2025-01-02,tiktok,ten\n2025-01-03,zalo,50\n", "utf-8"
    )
    (tmp_path / "rates.csv").write_text("currency,rate,date\nUSD,25000,2024-12-01\nUSD,25400.5,2025-01-15\n")
    return tmp_path


def _schema(events: pd.DataFrame) -> pa.Schema:
    return pa.schema({name: pa.float64() if name == "value" else pa.string() for name in events.columns})


def files(work: Path) -> dict[str, Path]:
    return {str(path.relative_to(work)): path for path in sorted(work.rglob("*.parquet"))}


@pytest.mark.parametrize("most", [1_000_000, 500])
def test_a_table_prepared_on_spark_equals_the_embedded_one_file_by_file(raw, monkeypatch, most):
    monkeypatch.setattr(prepare.manifest, "BUCKET_ROWS", most)
    sources = (EVENTS, ORDERS, COSTS)
    expected = prepare.prepare(opened(raw, "{name: duckdb}", *sources))
    (raw / "work").rename(raw / "embedded")
    said: list[str] = []
    asked = opened(raw, str(ON_SPARK), *sources)
    assert prepare.on_spark.hindrance(asked) is None
    found = prepare.prepare(asked, said.append)
    assert any("on Spark" in line for line in said)
    same(found, expected, "manifest")
    assert {reason for account in found.accounts for reason in account.dropped} >= {
        *("event_id was already seen", "order_id was already seen", "timestamp cannot be read"),
        *("customer_id is empty", "currency is not the workspace's"),
    }
    people = jl.customers.load(asked)
    assert {"lapsed", "repeat", "new", "visitor"} == set(people["stage"])
    here, there = files(raw / "embedded"), files(asked.work)
    assert there.keys() == here.keys()
    assert len([name for name in there if name.startswith("touches/")]) == (2 if most > 500 else 16)
    for name, file in there.items():
        read, told = pq.read_table(file), pq.read_table(here[name])
        assert read.schema.equals(told.schema), name
        assert read.equals(told), name
    assert prepare.prepare(asked).fingerprint == expected.fingerprint
    assert not list(raw.glob("building-*"))


def test_another_number_of_buckets_changes_no_count_and_no_sum_of_money(raw, monkeypatch):
    answers = []
    for most, buckets in ((1_000_000, 2), (200, 32)):
        monkeypatch.setattr(prepare.manifest, "BUCKET_ROWS", most)
        prepare.prepare(opened(raw, "{name: duckdb}", EVENTS, ORDERS))
        table = jl.touches.load(opened(raw, str(ON_SPARK), EVENTS, ORDERS))
        assert isinstance(table.buckets, OnSpark)
        assert len(table.buckets) == buckets
        paths = jl.journeys.paths(table, lookback="7d")
        answers.append((paths.table, jl.journeys.transitions(paths), jl.attribution.credit(paths, "linear")))
        shutil.rmtree(raw / "work")
    same(answers[1], answers[0])


ELSEWHERE = """
import sys
import journey_lib as jl
table = jl.touches.load(jl.open(sys.argv[1]))
jl.journeys.paths(table, lookback="7d").table.to_csv(sys.argv[2])
"""


def test_executors_with_java_and_folders_of_their_own_do_the_same(raw, tmp_path, monkeypatch):
    """As near to a cluster as one machine comes: two executors, each a process that Spark starts."""
    monkeypatch.setattr(prepare.manifest, "BUCKET_ROWS", 100_000)
    sources = (EVENTS, ORDERS, COSTS)
    expected = prepare.prepare(opened(raw, "{name: duckdb}", *sources))
    paths = jl.journeys.paths(jl.touches.load(jl.open(raw)), lookback="7d").table.to_csv()
    (raw / "work").rename(raw / "embedded")
    asked = opened(raw, "{name: spark, master: 'local-cluster[2,1,1024]', memory: 1GB}", *sources)
    script = [sys.executable, "-c", ELSEWHERE, str(raw), str(tmp_path / "paths.csv")]
    try:
        subprocess.run(script, env=os.environ | {"PYTHONPATH": str(LIBRARY.parent)}, check=True, timeout=300)
    finally:
        spec = importlib.util.find_spec("pyspark")
        shutil.rmtree(Path(spec.origin).parent / "work", ignore_errors=True)  # where the executors stood
    same(prepare.read_manifest(asked), expected)
    for name, file in files(asked.work).items():
        assert pq.read_table(file).equals(pq.read_table(raw / "embedded" / name)), name
    assert (tmp_path / "paths.csv").read_text("utf-8") == paths


def test_keys_seen_before_are_dropped_even_with_another_customer(tmp_path):
    (tmp_path / "raw").mkdir()
    for name, customer, channel in (("e1", "KH1", "zalo"), ("e2", "KH2", "tiktok")):
        pq.write_table(
            pa.table(
                {
                    "event_id": ["x", None, None],
                    "khách": [customer] * 3,
                    "timestamp": pa.array([5, 6, 6], pa.timestamp("us")),
                    "channel": [channel] * 3,
                    "event_type": ["click"] * 3,
                }
            ),
            tmp_path / "raw" / f"{name}.parquet",
        )
    asked = opened(tmp_path, str(ON_SPARK), EVENTS)
    manifest = prepare.prepare(asked)
    assert manifest.accounts[0].dropped == {"event_id was already seen": 1}
    assert (manifest.touches, manifest.customers) == (5, 2)
    apart = pq.read_table(asked.work / "rejected" / "0_events.parquet").to_pylist()
    assert [(row["file"], row["row"]) for row in apart] == [("e2.parquet", 1)]


@pytest.mark.parametrize(
    ("source", "more", "why"),
    [
        (EVENTS, "identity: {}\n", "stitched from identifiers"),
        (EVENTS.replace("parquet", "csv"), "", "events come as csv"),
        (EVENTS.replace("{customer_id: khách}", "{cookie: khách}"), "", "events have the column cookie"),
        (EVENTS.replace("columns: {", "columns: {medium: touchpoint, "), "", "have the column medium"),
        ("{table: tickets, format: csv, path: t.csv}", "", "a source of tickets"),
        (COSTS, "", "no source of events or orders"),
        (EVENTS.replace("raw/e*", "raw/*"), "", "differ in their columns"),
    ],
)
def test_what_spark_cannot_prepare_is_said(raw, source, more, why):
    asked = opened(raw, str(ON_SPARK), source, more=more)
    assert why in prepare.on_spark.hindrance(asked)


def test_what_spark_cannot_prepare_is_prepared_here_and_measured_there(raw):
    (raw / "raw" / "e.csv").write_text(
        "customer_id,timestamp,channel,event_type\nKH1,2025-01-01 08:00:00,zalo,click\n", "utf-8"
    )
    said: list[str] = []
    asked = opened(raw, str(ON_SPARK), "{table: events, format: csv, path: raw/e.csv}")
    prepare.prepare(asked, said.append)
    assert said[0] == (
        "preparing on this machine, for events come as csv and not as Parquet; only measures run on Spark"
    )
    table = jl.touches.load(asked)
    assert isinstance(table.buckets, OnSpark)
    assert jl.journeys.paths(table).table["path"].tolist() == [("zalo",)]


def test_a_file_that_cannot_be_read_stops_with_the_door_s_own_words(raw):
    twisted = pq.read_table(raw / "raw" / "e[2].parquet").slice(0, 10)
    at = twisted.column_names.index("timestamp")
    twisted = twisted.set_column(at, "timestamp", pa.array(["03/04/2025 08:00:00"] * 10))
    pq.write_table(twisted, raw / "raw" / "e[2].parquet")
    asked = opened(raw, str(ON_SPARK), EVENTS)
    with pytest.raises(DataError, match="the dates in 'timestamp' must be declared"):
        prepare.prepare(asked)
    assert not asked.work.exists()
    assert not list(raw.glob("building-*"))


def test_a_damaged_file_is_named(raw):
    (raw / "raw" / "e[1].parquet").write_bytes(b"PAR1 and nothing more")
    asked = opened(raw, str(ON_SPARK), EVENTS)
    assert prepare.on_spark.hindrance(asked) is None
    with pytest.raises(DataError, match=r"e\[1\]\.parquet cannot be read as Parquet"):
        prepare.prepare(asked)


# --- a whole report ---


def recorded(reports: Path) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """What the one run under `reports` wrote down: its facts, and its tables byte by byte."""
    (record,) = reports.glob("*/runs/journeys/*/run.json")
    tables = {file.name: file.read_bytes() for file in sorted((record.parent / "tables").glob("*.csv"))}
    return json.loads(record.read_text("utf-8"))["facts"], tables


def test_a_report_records_the_same_when_only_the_engine_is_another(tmp_path):
    """`engine:` is the one line that differs: facts and tables of the whole journeys report are equal."""
    declared = yaml.safe_load(CONFIG.read_text("utf-8"))
    found = []
    for name, on in (("duckdb", {"name": "duckdb", "memory": "1GB"}), ("spark", ON_SPARK)):
        folder = tmp_path / name / "demo"
        folder.mkdir(parents=True)
        demo.generate(folder, customers=500)
        shutil.copytree(CONFIG.parent / "maps", folder / "maps")
        said = yaml.safe_dump(declared | {"engine": on}, allow_unicode=True)
        (folder / "journey.yaml").write_text(said, encoding="utf-8")
        report = catalogue.reports()["journeys"]
        asked = {"pattern": "facebook -> ... -> direct within 14d"}
        runner.run(jl.open(folder), report, asked, language="en", reports_dir=tmp_path / name / "reports")
        found.append(recorded(tmp_path / name / "reports"))
    (facts, tables), (facts_on_spark, tables_on_spark) = found
    assert len(tables) >= 20
    assert tables_on_spark == tables
    assert facts_on_spark == facts
