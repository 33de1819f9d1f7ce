"""Views asked together answer as each would by itself, and read every bucket once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given
from tables import touches
from test_laws import law, logs
from twins import Row

import journey_lib as jl
from journey_lib.errors import ParameterError
from journey_lib.touches import Bucket, Touches


def asked(table: Touches) -> dict[str, partial[Any]]:
    """Views that share what they can: two ways to cut, one way through a funnel, one table by other names."""
    staged = jl.journeys.steps_by(table, "event_type")
    steps = [{"step": f"s{n}", "any_of": [name]} for n, name in enumerate(table.channels)]
    plan = jl.maps.plan({"steps": steps})
    group = jl.journeys.rest(jl.journeys.converted())
    return {
        "transitions": partial(jl.journeys.transitions, table, lookback="30d"),
        "of a group": partial(jl.journeys.transitions, table, lookback="30d", group=group),
        "cut otherwise": partial(jl.journeys.transitions, table, lookback="2d", repeats="collapse"),
        "flows": partial(jl.journeys.flows, table, lookback="30d"),
        "lengths": partial(jl.journeys.lengths, table, lookback="30d"),
        "detours": partial(jl.journeys.detours, staged, lookback="30d"),
        "now": partial(jl.journeys.stages_now, staged),
        "funnel": partial(jl.funnel.funnel, table, within="7d"),
        "stopped": partial(jl.funnel.dropped, table, called=staged, within="7d"),
        "trend": partial(jl.funnel.trend, table, within="7d"),
        "cohorts": partial(jl.retention.cohorts, table),
        "planned": partial(jl.conformance.score, table, plan, lookback="30d"),
        "ways to leave the plan": partial(jl.conformance.deviations, table, plan, lookback="30d"),
    }


@pytest.fixture
def two_buckets() -> Touches:
    """Two customers, each in a bucket of their own."""
    table = touches(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | see     |
        an   | 01-02 08:00 | buy     | 1
        binh | 01-05 08:00 | see     |
        """
    )
    whole = table.buckets[0]()
    parts = [Bucket(*(column[some] for column in vars(whole).values())) for some in (slice(2), slice(2, 3))]
    return replace(table, buckets=tuple(partial(replace, part) for part in parts))


@law
@given(logs())
def test_together_they_say_what_each_says_alone(log: list[Row]) -> None:
    table = touches(log)
    assume(len(table.channels) > 1)  # else there is no funnel
    views = asked(table)
    for name, found in jl.journeys.together(views).items():
        alone = views[name]()
        assert found.table.equals(alone.table), name
        assert (found.name, found.facts, found.settings) == (alone.name, alone.facts, alone.settings)


def test_every_bucket_is_read_once_for_all_of_them(two_buckets: Touches) -> None:
    times_read = [0] * len(two_buckets.buckets)

    def counting(number: int) -> Any:
        times_read[number] += 1
        return two_buckets.buckets[number]()

    numbers = range(len(times_read))
    table = replace(two_buckets, buckets=tuple(partial(counting, number) for number in numbers))
    jl.journeys.together(asked(table))
    assert times_read == [1, 1]


def test_tables_of_different_sizes_can_be_asked_together(two_buckets: Touches) -> None:
    """Somebody's journeys beside everybody's: a pass each, and both answers."""
    one = replace(two_buckets, buckets=two_buckets.buckets[:1])
    found = jl.journeys.together(
        {name: partial(jl.journeys.lengths, table) for name, table in (("one", one), ("both", two_buckets))}
    )
    assert found["one"].facts["journeys"] < found["both"].facts["journeys"]


@pytest.mark.parametrize("call", [jl.journeys.transitions, partial(jl.journeys.top), partial(len, [])])
def test_what_is_no_view_of_its_own_is_refused(call: Any) -> None:
    with pytest.raises(ParameterError, match="'this' is no view that can be asked together"):
        jl.journeys.together({"this": call})
