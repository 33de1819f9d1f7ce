"""The benchmarks: to add one, write the peer's script and a line here."""

from __future__ import annotations

from answers import PAGE
from harness import Benchmark, Command

MILLION = 1_000_000


def ours(*arguments: str) -> Command:
    return Command("ours", "ours.py", arguments)


def channel_attribution(*arguments: str) -> Command:
    return Command("channel_attribution", "peers/channel_attribution.py", arguments)


def do_attribution(*arguments: str) -> Command:
    return Command("do_attribution", "peers/do_attribution_markov.py", arguments)


def mam(*arguments: str) -> Command:
    return Command("mam", "peers/mam_markov.py", arguments)


def raw_to_paths(name: str, rows: int, turns: int) -> Benchmark:
    return Benchmark(
        name,
        "raw events to unique paths (cut at conversions, 30 days, direct dropped) vs a pandas groupby script",
        "events",
        rows,
        ours("paths", "{events}"),
        Command("ours", "peers/pandas_paths.py", ("{events}",)),
        target=1 / 10 if rows == 10 * MILLION else None,
        same=("paths", "journeys", "conversions", "value", "digest"),
        turns=turns,
    )


def view(name: str, question: str, target: float | None, *same: str) -> Benchmark:
    return Benchmark(
        f"{name}_1m",
        f"{question}, on a loaded million of events, vs retentioneering",
        "events",
        MILLION,
        Command("ours", "views.py", (name, "{events}")),
        Command("retentioneering", "peers/retentioneering_views.py", (name, "{events}")),
        target=target,
        same=same,
        turns=2,
    )


BENCHMARKS = (
    Benchmark(
        "suite_raw",
        "eight models from a million journeys, one a line, vs ChannelAttribution's three calls",
        "journeys",
        MILLION,
        ours("suite", "{raw}"),
        channel_attribution("suite", "{raw}"),
        target=1 / 5,
        same=("journeys",),
    ),
    Benchmark(
        "suite_grouped",
        "the same from the same million journeys as unique paths with counts",
        "journeys",
        MILLION,
        ours("suite", "{grouped}"),
        channel_attribution("suite", "{grouped}"),
        target=1 / 5,
        same=("journeys",),
    ),
    Benchmark(
        "markov_raw_do_attribution",
        "exact Markov of order 1 from journeys, one a line, vs do-attribution",
        "journeys",
        MILLION,
        ours("markov", "{raw}"),
        do_attribution("1", "{raw}"),
        target=1 / 20,
        within=1e-9,
    ),
    Benchmark(
        "markov_grouped_do_attribution",
        "exact Markov of order 1 from unique paths with counts, vs do-attribution with weights",
        "journeys",
        MILLION,
        ours("markov", "{grouped}"),
        do_attribution("1", "{grouped}"),
        target=None,
        within=1e-9,
    ),
    Benchmark(
        "markov_raw_mam",
        "exact Markov of order 1 from journeys, one a line, vs DP6's mam",
        "journeys",
        MILLION,
        ours("markov", "{raw}"),
        mam("raw", "{raw}"),
        target=None,
        within=1e-9,
    ),
    Benchmark(
        "markov_grouped_mam",
        "exact Markov of order 1 from unique paths with counts, vs DP6's mam",
        "journeys",
        MILLION,
        ours("markov", "{grouped}"),
        mam("grouped", "{grouped}"),
        target=None,
        within=1e-9,
    ),
    view("transitions", "steps with customers, shares and waiting times", 1 / 10, "steps", "people"),
    view("funnel", "a funnel of four steps in order", None, "customers"),
    view("overview", "five groups: size and mean length", 1 / 100, "paths", "events"),
    view("sessions", "sessions by pauses of 24 hours", 1 / 50, "sessions"),
    view("collapse", "runs of the same channel as one", 1 / 50, "left"),
    *(
        Benchmark(
            f"raw_{name}_{size}m",
            f"raw events to {tables} vs a pandas script",
            "events",
            size * MILLION,
            Command("ours", "views.py", (task, "{events}")),
            Command("ours", f"peers/pandas_{name}.py", ("{events}",)),
            target=1 / 5 if size == 10 else None,
            same=same,
            turns=turns,
        )
        for name, task, tables, same in (
            (
                "views",
                "raw",
                "steps with people and times, first touches and lengths",
                ("steps", "people", "entries", "conversions", "value"),
            ),
            ("page", "page", "the ten tables of a page about journeys", tuple(PAGE)),
        )
        for size, turns in ((1, 2), (10, 1))
    ),
    raw_to_paths("paths_1m", MILLION, turns=2),
    raw_to_paths("paths_10m", 10 * MILLION, turns=1),
    Benchmark(
        "prepare_10m",
        "files to the prepared touch table, vs DuckDB reading every column once for one GROUP BY",
        "events",
        10 * MILLION,
        ours("prepare", "{workspace}"),
        Command("ours", "peers/duckdb_scan.py", ("{events}",)),
        target=10,
        same=("events",),
        turns=1,
    ),
    *(
        Benchmark(
            f"prepare_known_10m_{form}",
            f"events with their identifiers, as {said}, to customers and the touch table, vs DuckDB reading"
            " every column once",
            "known",
            10 * MILLION,
            ours("prepare", f"{{workspace_{form}}}"),
            Command("ours", "peers/duckdb_scan.py", (file,)),
            target=None,
            same=("events",),
            turns=1,
        )
        for form, said, file in (("csv", "gzipped CSV", "{text}"), ("parquet", "Parquet", "{events}"))
    ),
    Benchmark(
        "personas_1m",
        "gate, bootstraps, groups and rules in words vs k-means for k of 2 to 8 with silhouettes",
        "customers",
        MILLION,
        Command("ours", "personas.py", ("million", "{customers}")),
        Command("ours", "peers/sklearn_kmeans.py", ("{customers}",)),
        target=None,
        same=("customers",),
        turns=1,
    ),
    Benchmark(
        "personas_counts_1m",
        "gate, bootstraps, multinomial mixture, rules in words vs k-means for k of 2 to 8 with silhouettes",
        "customers",
        MILLION,
        Command("ours", "personas.py", ("million", "{customers}", "multinomial")),
        Command("ours", "peers/sklearn_kmeans.py", ("{customers}",)),
        target=None,
        same=("customers",),
        turns=1,
    ),
    Benchmark(
        "cards_1m",
        "prepared table to features, gate, clusters of a million customers, rules and cards, vs reading the"
        " table",
        "events",
        10 * MILLION,
        Command("ours", "portraits.py", ("{workspace}",)),
        Command("ours", "views.py", ("read", "{workspace}")),
        target=None,
        same=("customers",),
        turns=1,
    ),
    Benchmark(
        "spark_10m",
        "files to touch table, paths, linear and time decay on a local Spark, vs the embedded engine",
        "events",
        10 * MILLION,
        Command("ours", "on_spark.py", ("spark", "{workspace}")),
        Command("ours", "on_spark.py", ("duckdb", "{workspace}")),
        target=None,
        same=("buckets", "paths", "digest"),
        turns=1,
    ),
    *(
        Benchmark(
            name,
            f"fifteen views of the prepared table, {how}, vs DuckDB reading every column once",
            "events",
            10 * MILLION,
            Command("ours", "views.py", (task, "{workspace}")),
            Command("ours", "peers/duckdb_scan.py", ("{events}",)),
            target=target,
            same=("events",),
            turns=1,
        )
        for name, task, how, target in (
            ("views_10m", "every", "each reading it again", None),
            ("views_together_10m", "together", "asked together, in one pass", 8),
        )
    ),
    Benchmark(
        "growth_100m",
        "files to the touch table and fifteen views of it together, at 1, 10 and 100 million events, beside"
        " DuckDB reading every column once: how CPU grows",
        "events",
        100 * MILLION,
        Command("ours", "growth.py", ("{workspace}",)),
        Command("ours", "peers/duckdb_scan.py", ("{events}",)),
        target=1.1,
        figure="growth",
        same=("events",),
        asked_for=True,
    ),
    *(
        Benchmark(
            name,
            f"{asked}, from the prepared table, vs reading it and no more",
            kind,
            rows,
            Command("ours", "views.py", (task, "{workspace}")),
            Command("ours", "views.py", ("read", "{workspace}")),
            target=target,
            same=("customers",),
        )
        for name, task, kind, rows, target, asked in (
            (
                "features_1m",
                "features",
                "regulars",
                MILLION,
                3,
                "features of a million customers, a row each",
            ),
            (
                "features_1m_floor",
                "frame",
                "regulars",
                MILLION,
                None,
                "that table, and as many zeros as features",
            ),
            ("features_10m", "features", "events", 10 * MILLION, None, "features of 3.4 million customers"),
        )
    ),
    *(
        Benchmark(
            f"identity_5m_{peer.environment if peer.environment != 'ours' else 'scipy'}",
            f"hashed identifiers seen together to customers, limits, cuts and merge log, vs {does}",
            "identities",
            5 * MILLION,
            Command("ours", "identity.py", ("{links}",)),
            peer,
            target=target,
            same=("identifiers", "parts"),
            turns=turns,
        )
        for peer, does, target, turns in (
            (
                Command("ours", "peers/pandas_components.py", ("{links}",)),
                "pandas.factorize and scipy's connected components alone",
                1.5,
                2,
            ),
            (
                Command("networkx", "peers/networkx_components.py", ("{links}",)),
                "networkx's connected components alone",
                1 / 10,
                2,
            ),
        )
    ),
    Benchmark(
        "accuracy_1m",
        "Markov of orders 1 and 2 against the definition, vs ChannelAttribution at seeds 0, 100 and 200",
        "journeys",
        MILLION,
        ours("markovs", "{grouped}"),
        channel_attribution("seeds", "{grouped}"),
        target=1e-9,
        figure="error",
        turns=1,
    ),
    *(
        Benchmark(
            f"accuracy_three_paths_{peer.__name__}",
            "Markov on the three-path example (shares 0.2, 0.4, 0.4) against the definition",
            "three_paths",
            3,
            ours("markov", "{grouped}"),
            peer(argument, "{grouped}"),
            target=1e-9,
            figure="error",
            turns=1,
        )
        for peer, argument in ((channel_attribution, "seeds"), (do_attribution, "1"), (mam, "grouped"))
    ),
)
