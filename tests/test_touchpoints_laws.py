"""The inventory is counted again from the twin's journeys, one by one, and fits what other views count."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from placed import MODEL, at_touchpoints, inventory
from tables import touches
from test_laws import OPTIONS, law, logs, twin_journeys, twin_options
from twins import Journey, Row, order_of

import journey_lib as jl
from journey_lib.touches import Bucket

COUNTED = (
    "touches",
    "journeys",
    "over",
    "conversions",
    "exits",
    "open_ends",
    "converted_at",
    "first",
    "last",
)


def told(log: list[Row], options: dict[str, Any]) -> Iterator[tuple[Journey, str | None, bool]]:
    """Every journey, where its conversion was recorded, and whether its customer had not converted before."""
    start, end = twin_options(options)["period"]
    by_customer = defaultdict(list)
    for journey in twin_journeys(log, options):
        by_customer[journey.customer].append(journey)
    for customer, journeys in by_customer.items():
        seen = sorted((r for r in log if r.customer == customer), key=order_of)
        sales = [row for row in seen if row.conversion and (end is None or row.time < end)]
        inside = iter([row for row in sales if start is None or row.time >= start])
        for journey in journeys:
            sale = next(inside) if journey.converted else None
            first = sale is sales[0] if sale is not None else not sales
            yield journey, sale and sale.channel, first


def expected(log: list[Row], options: dict[str, Any]) -> tuple[dict[str, Counter[str]], dict[str, set[str]]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    people: dict[str, set[str]] = defaultdict(set)
    for journey, sold_at, first in told(log, options):
        path = journey.path
        own = bool(path) and journey.converted and path[-1] == sold_at
        before = set(path[:-1] if own else path)
        counts["touches"] += Counter(path)
        counts["journeys"] += Counter(set(path))
        if not journey.open:
            counts["over"] += Counter(before)
            counts["conversions"] += Counter(before if journey.converted else [])
        if path:
            ends = "exits" if not (journey.converted or journey.open) else "open_ends" if journey.open else ""
            counts[ends][path[-1]] += 1
            counts["first"][path[0]] += 1
            counts["last"][path[-1]] += 1
            counts["converted_at"][path[-1]] += own
        for touchpoint in set(path):
            people[touchpoint].add(journey.customer)
            if first:
                people[f"new {touchpoint}"].add(journey.customer)
    return counts, people


@law
@given(logs(), OPTIONS)
def test_every_count_of_the_inventory_is_that_of_the_journeys_one_by_one(
    log: list[Row], options: dict[str, Any]
) -> None:
    assume(any(row.channel for row in log))
    found = inventory(log, **options)
    counts, people = expected(log, options)
    for each in found.table.to_dict("records"):
        name = each["touchpoint"]
        assert {c: each[c] for c in COUNTED} == {c: counts[c][name] for c in COUNTED}
        assert each["customers"] == len(people[name])
        assert each["new_customers"] == len(people[f"new {name}"])
        assert each["new_customers"] + each["returning_customers"] == each["customers"]


@law
@given(logs(), OPTIONS)
def test_the_inventory_adds_up_to_what_the_other_views_count(log: list[Row], options: dict[str, Any]) -> None:
    assume(any(row.channel for row in log))
    found = inventory(log, **options)
    table, facts = found.table, found.facts
    steps = jl.journeys.transitions(touches(log), **options)
    assert facts["journeys"] == steps.facts["journeys"]
    assert (facts["conversions"], facts["open"]) == (steps.facts["conversions"], steps.facts["open"])
    into = steps.table[~steps.table["to"].isin(["(conversion)", "(null)", "(open)"])]
    assert dict(zip(table["touchpoint"], table["touches"], strict=True)) == (
        dict.fromkeys(table["touchpoint"], 0) | into.groupby("to")["journeys"].sum().to_dict()
    )
    assert table["touches"].sum() == facts["touches"]
    assert table["exits"].sum() == facts["exits"] <= steps.facts["nulls"]
    assert table["recorded"].sum() >= (table["touches"].sum() if options["period"] is None else 0)


def a_bucket_each(table: Any) -> Any:
    """The same table with every customer in a bucket of their own."""
    (bucket,) = (read() for read in table.buckets)
    people = [bucket.customer == customer for customer in sorted(set(bucket.customer.tolist()))]
    parts = [Bucket(*(column[mine] for column in vars(bucket).values())) for mine in people]
    return replace(table, buckets=tuple(partial(lambda part: part, part) for part in parts))


@law
@given(logs(), OPTIONS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_buckets_of_customers_change_anything(
    log: list[Row], options: dict[str, Any], chance: random.Random
) -> None:
    assume(any(row.channel for row in log))
    mixed = chance.sample(log, len(log))
    found = inventory(log, **options).table
    assert inventory(mixed, **options).table.equals(found)
    apart = a_bucket_each(at_touchpoints(log))
    again = jl.touchpoints.inventory(apart, model=MODEL, **options).table
    assert_frame_equal(again, found)  # up to rounding: effects are floats


@law
@given(logs(), OPTIONS)
def test_effects_are_those_of_attribution_where_no_conversion_is_a_touch(
    log: list[Row], options: dict[str, Any]
) -> None:
    quiet = [row._replace(channel=None) if row.conversion else row for row in log]
    assume(any(row.channel for row in quiet))
    found = inventory(quiet, **options).table.set_index("touchpoint")
    other = jl.attribution.removal_effects(touches(quiet), **options).table.set_index("channel")
    for name in other.index:
        assert found.loc[name, "removal_effect"] == pytest.approx(
            other.loc[name, "removal_effect"], abs=1e-12
        )


@law
@given(logs(), st.sampled_from([None, ("2025-01-04", "2025-01-09"), ("2025-01-01", "2025-01-20")]))
def test_weeks_hold_every_touch_of_their_days_once(log: list[Row], period: Any) -> None:
    assume(any(row.channel for row in log))
    table = at_touchpoints(log)
    weeks = jl.touchpoints.weekly(table, period=period)
    day = 86_400_000_000
    seen = Counter()
    for row in log:
        if row.channel:
            monday = (row.time // day + 3) // 7 * 7 - 3  # 1 January 1970 was a Thursday
            seen[row.channel, monday] += 1
    for each in weeks.table.to_dict("records"):
        assert each["week"].weekday() == 0
        monday = each["week"].value // (day * 1000)
        assert each["touches"] == seen[each["touchpoint"], monday]
    assert weeks.facts["weeks"] * weeks.table["touchpoint"].nunique() == len(weeks.table)


@law
@given(logs())
def test_sources_by_stages_hold_every_row_of_a_touchpoint_once(log: list[Row]) -> None:
    assume(any(row.channel for row in log))
    names = sorted({row.channel for row in log if row.channel})
    codes = {name: f"t{n}" for n, name in enumerate(names)}
    said = jl.touchpoints.describe(
        {
            "departments": {"shop": {}},
            "touchpoints": [
                {"touchpoint": code, "place": "online", "seen_as": [name], "systems": [f"s{n % 2}"]}
                for n, (name, code) in enumerate(codes.items())
            ],
        }
    )
    found = jl.touchpoints.availability(at_touchpoints(log), model=MODEL, authored=said)
    rows, days = Counter(), defaultdict(set)
    for row in log:
        if row.channel:
            cell = f"s{names.index(row.channel) % 2}", "buy" if row.conversion else "look"
            rows[cell] += 1
            days[cell].add(row.time // 86_400_000_000)
    cells = set(itertools.product(found.table["source"], ["look", "buy"]))
    assert {(r["source"], r["stage"]) for r in found.table.to_dict("records")} == cells
    for each in found.table.to_dict("records"):
        cell = each["source"], each["stage"]
        assert (each["rows"], each["days"]) == (rows[cell], len(days[cell]))
