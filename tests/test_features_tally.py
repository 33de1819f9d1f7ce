"""Counts of all customers at once are those of counting row by row; clocks and flags are looked up right."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_laws import law

from journey_lib.features import tally
from journey_lib.features.clock import PARTS, clock
from journey_lib.features.tally import Code, joined
from journey_lib.journeys import steps

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
PERSON = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), min_size=1, max_size=9)
CODES = [
    Code("channel", {"channel": np.eye(4)[:, 1:], "touches": np.array([0, 1, 1, 1])}),
    Code("kind", {"kind": np.eye(3)}),
    Code("days", {"days": np.array([0, 1])}),
]


def counted(people: list[list[tuple[int, int, bool]]]) -> dict[str, list[list[int]]]:
    """A line a counter, an entry a customer."""
    rows = [row for person in people for row in person]
    edges = np.cumsum([0, *map(len, people)])
    codes = {
        "channel": np.array([channel for channel, _, _ in rows], np.int16),
        "kind": np.array([kind for _, kind, _ in rows], np.int16),
        "days": np.array([day for _, _, day in rows]),
    }
    found = {name: each for group in joined(CODES) for name, each in group.counts(codes, edges).items()}
    return {name: np.atleast_2d(each).tolist() for name, each in found.items()}


@law
@given(st.lists(PERSON, min_size=1, max_size=5), st.sampled_from([1, 12, 1 << 13]))
def test_counts_are_those_of_one_row_after_the_other(
    people: list[list[tuple[int, int, bool]]], kinds: int
) -> None:
    """However many codes are joined in one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tally, "KINDS", kinds)
        found = counted(people)
    channels = [Counter(channel for channel, _, _ in person) for person in people]
    assert found["channel"] == [[each[code] for each in channels] for code in (1, 2, 3)]
    assert found["touches"] == [[sum(channel > 0 for channel, _, _ in person) for person in people]]
    kind = [Counter(kind for _, kind, _ in person) for person in people]
    assert found["kind"] == [[each[code] for each in kind] for code in (0, 1, 2)]
    assert found["days"] == [[sum(day for _, _, day in person) for person in people]]


def test_codes_are_joined_as_long_as_they_have_few_combinations(monkeypatch: pytest.MonkeyPatch) -> None:
    def groups() -> list[list[str]]:
        return [[code.name for code in group.codes] for group in joined(CODES)]

    assert groups() == [["channel", "kind", "days"]]
    monkeypatch.setattr(tally, "KINDS", 12)
    assert groups() == [["channel", "kind"], ["days"]]


@pytest.mark.parametrize("rows", [65_535, 65_536, 70_001])
def test_a_customer_of_more_rows_than_sixteen_bits_count_is_counted_in_full(rows: int) -> None:
    found = counted([[(1, 0, False)] * rows, [(2, 1, True)]])
    assert found["channel"] == [[rows, 0], [0, 1], [0, 0]]
    assert found["days"] == [[0, 1]]


@law
@given(
    st.sampled_from([
        ("Asia/Ho_Chi_Minh", 2025, True), ("Asia/Kathmandu", 2025, True), ("Australia/Lord_Howe", 2025, True),
        ("America/Havana", 2025, True), ("America/St_Johns", 2010, False), ("Africa/Monrovia", 1971, False),
    ]),
    st.lists(st.integers(0, 366 * 86_400_000_000), min_size=1, max_size=20),
)  # fmt: skip
def test_the_clock_is_that_of_the_timezone(where: tuple[str, int, bool], times: list[int]) -> None:
    """Also where it once changed at a minute past midnight, or was half a minute off."""
    zone, year, by_quarters = where
    begin = int((dt.datetime(year, 1, 1, tzinfo=dt.UTC) - EPOCH).total_seconds()) * 1_000_000
    looked_up = clock(zone, begin, begin + 366 * 86_400_000_000)
    assert (looked_up.said is not None) == by_quarters
    day, moment = looked_up.read(begin + np.array(times))
    local = [(EPOCH + dt.timedelta(microseconds=begin + time)).astimezone(ZoneInfo(zone)) for time in times]
    assert day.tolist() == [(each.date() - EPOCH.date()).days for each in local]
    assert (moment >= len(PARTS)).tolist() == [each.weekday() >= 5 for each in local]
    hours = (
        ["night"] * 6 + ["morning"] * 5 + ["midday"] * 3 + ["afternoon"] * 4 + ["evening"] * 4 + ["night"] * 2
    )
    assert [PARTS[each % len(PARTS)] for each in moment] == [hours[each.hour] for each in local]


@law
@given(st.lists(st.integers(-1, 7), max_size=30), st.lists(st.booleans(), min_size=9, max_size=9))
def test_flags_are_the_same_compared_or_looked_up(codes: list[int], flags: list[bool]) -> None:
    code = np.array(codes, np.int16)
    assert steps.flagged(code, np.array(flags)).tolist() == [flags[each] for each in codes]
