"""Laws of features: those of the twin, whatever the order of rows and buckets, blind to what comes later."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import twins_features as twin
from hypothesis import given
from hypothesis import strategies as st
from tables import touches
from test_laws import law, logs
from twins import DAY, Row

import journey_lib as jl
from journey_lib import touches as touch_table
from journey_lib.errors import DataError
from journey_lib.touches import Bucket, Touches

HOUR, MINUTE = DAY // 24, DAY // 1440
ZONES = ["UTC", "Asia/Ho_Chi_Minh", "America/New_York", "America/Havana", "Australia/Lord_Howe"]
# New Year, the first night of November and a night of March: around them the clocks of these zones change.
CHANGES = [20_089 * DAY, 20_394 * DAY, 20_157 * DAY]


@st.composite
def hourly(draw: st.DrawFn) -> list[Row]:
    """A log on a grid of hours, around a change of the clocks."""
    begin = draw(st.sampled_from(CHANGES))
    log = draw(logs())
    steps = draw(st.lists(st.integers(-30, 60), min_size=len(log), max_size=len(log)))
    return [row._replace(time=begin + step * HOUR) for row, step in zip(log, steps, strict=True)]


def held(log: list[Row], zone: str) -> Touches:
    return replace(touches(log), timezone=zone)


def named(log: list[Row], found: jl.features.Features) -> dict[str, dict[str, Any]]:
    """The table by customer's name: codes are given in the order in which names come."""
    names = list(dict.fromkeys(row.customer for row in log))
    mix = {f.name: f"share of {f.of}" for f in found.about if f.family == "channel" and f.of}
    spoken = found.frame.rename(columns=mix)
    return {names[code]: row for code, row in zip(spoken.index, spoken.to_dict("records"), strict=True)}


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for column, value in expected.items():
        if column not in found:  # a channel of which nobody has a touch in the window has no column
            assert column.startswith("share of ")
            assert not value
        elif value is None:
            assert pd.isna(found[column]), column
        else:
            assert found[column] == pytest.approx(float(value), abs=1e-9), column


def as_the_twin_says(log: list[Row], found: Any, zone: str, hours: int) -> None:
    """Each customer's features are those of the twin, of so many hours up to the last row."""
    until = max(row.time for row in log) + 1
    expected = twin.features(log, until - hours * HOUR, until, zone)
    spoken = named(log, found)
    assert set(spoken) == set(expected)
    for name, columns in expected.items():
        same(spoken[name], columns)


@law
@given(hourly(), st.sampled_from(ZONES), st.sampled_from([6, 24, 41, 24 * 365]))
def test_features_are_those_of_the_twin_up_to_the_last_row(log: list[Row], zone: str, hours: int) -> None:
    found = jl.features.of_touches(held(log, zone), window=f"{hours}h")
    as_the_twin_says(log, found, zone, hours)


@law
@given(logs(), st.integers(1, 13), st.sampled_from(ZONES), st.randoms(use_true_random=False))
def test_what_comes_later_changes_nothing(log: list[Row], day: int, zone: str, chance: random.Random) -> None:
    """Rows planted at and after the day begins, new channels too, leave no trace; nor does the order."""
    as_of = f"2025-01-{day:02}"
    begins = int(pd.Timestamp(as_of, tz=zone).value // 1000)
    known = [row for row in log if row.time < begins]
    later = [
        Row(chance.choice(["c1", "c3"]), begins + chance.choice([0, 0, HOUR, 90 * DAY]), "planted", True, 9)
        for _ in range(3)
    ]
    if not known:
        with pytest.raises(DataError, match="no customer has a row"):
            jl.features.of_touches(held([*log, *later], zone), as_of=as_of)
        return
    before = jl.features.of_touches(held(known, zone), as_of=as_of)
    mixed = chance.sample([*known, *later], len(known) + len(later))
    after = jl.features.of_touches(held(mixed, zone), as_of=as_of)
    assert [f.name for f in before.about] == [f.name for f in after.about]
    one, other = named(known, before), named(mixed, after)
    assert one.keys() == other.keys()
    for name in one:
        pd.testing.assert_series_equal(pd.Series(one[name]), pd.Series(other[name]), check_exact=True)


def split(whole: Touches, buckets: int) -> Touches:
    """The same touches in so many buckets."""
    bucket = whole.buckets[0]()
    piece = bucket.customer % buckets
    parts = [Bucket(*(column[piece == n] for column in vars(bucket).values())) for n in range(buckets)]
    return replace(whole, buckets=tuple(partial(lambda part: part, part) for part in parts if len(part)))


@law
@given(logs(), st.integers(1, 5))
def test_the_number_of_buckets_changes_nothing(log: list[Row], buckets: int) -> None:
    whole = touches(log)
    model = jl.stages.load("5A")
    one, other = (jl.features.of_touches(each, model=model) for each in (whole, split(whole, buckets)))
    pd.testing.assert_frame_equal(one.frame, other.frame.sort_index(), check_exact=True)


@law
@given(
    hourly(), st.sampled_from(ZONES), st.integers(1, 3), st.integers(1, 3), st.sampled_from([6, 41, 24 * 365])
)
def test_customers_counted_in_pieces_and_buckets_are_those_of_the_twin(
    log: list[Row], zone: str, piece: int, buckets: int, hours: int
) -> None:
    """So short a window leaves some buckets without anybody; their channels count in no mix."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(touch_table, "PIECE_ROWS", piece)
        found = jl.features.of_touches(split(held(log, zone), buckets), window=f"{hours}h")
    as_the_twin_says(log, found, zone, hours)


@law
@given(logs(), logs(), st.integers(1, 4))
def test_the_channels_of_another_day_are_asked_of_every_bucket(
    log: list[Row], earlier: list[Row], buckets: int
) -> None:
    """The columns are those of the other day, in every bucket: 0 for a channel that nobody has any more."""
    like = jl.features.of_touches(touches(earlier))
    one, other = (
        jl.features.of_touches(each, like=like) for each in (touches(log), split(touches(log), buckets))
    )
    pd.testing.assert_frame_equal(one.frame, other.frame.sort_index(), check_exact=True)
    mix = [feature for feature in one.about if feature.family == "channel" and feature.of]
    assert mix == [feature for feature in like.about if feature.family == "channel" and feature.of]
    for name, row in named(log, one).items():
        met = [each.channel for each in log if each.customer == name and each.channel]
        assert row["touches"] == len(met)
        if met:
            same(row, {f"share of {each.of}": met.count(each.of) / len(met) for each in mix})


@pytest.mark.parametrize("piece", [1, 2, touch_table.PIECE_ROWS])
def test_more_touches_than_a_small_integer_holds_are_all_counted(
    piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """255 by e-mail, 256 by text message and 9 visits, beside people of one touch and of three."""
    monkeypatch.setattr(touch_table, "PIECE_ROWS", piece)
    times = {"c1": {"email": 255, "sms": 256, "store": 9}, "c2": {"sms": 1}, "c3": {"email": 2, "store": 1}}
    log = [
        Row(name, DAY + number * MINUTE, channel, False)
        for name, many in times.items()
        for channel, n in many.items()
        for number in range(n)
    ]
    spoken = named(log, jl.features.of_touches(touches(log)))
    for name, many in times.items():
        total = sum(many.values())
        assert spoken[name]["touches"] == total
        same(spoken[name], {f"share of {each}": many.get(each, 0) / total for each in times["c1"]})


def test_a_day_that_comes_twice_is_one_active_day() -> None:
    """St. John's, 7 November 2010: half a minute after midnight, clocks went back to the day before."""
    change = 14920 * DAY + 2 * HOUR + 31 * MINUTE
    minutes = (-60, -0.5, 10, 58, 60, 25 * 60)
    log = [Row("c1", change + int(each * MINUTE), "email", False) for each in minutes]
    zone = "America/St_Johns"
    days = [twin.clock(row, zone).day for row in log]
    assert days == [6, 7, 6, 6, 7, 8]
    found = jl.features.of_touches(held(log, zone))
    same(named(log, found)["c1"], twin.features(log, 0, log[-1].time + 1, zone)["c1"])
    assert found.frame["active_days"].tolist() == [3]


@law
@given(logs(), st.sampled_from([1, 10**8]))
def test_how_customers_are_numbered_changes_nothing(log: list[Row], apart: int) -> None:
    """Codes may be so far apart that a gap beside its customer takes a large integer."""
    whole = touches(log)
    bucket = whole.buckets[0]()
    far = replace(bucket, customer=bucket.customer * np.int32(apart))
    one = jl.features.of_touches(whole)
    other = jl.features.of_touches(replace(whole, buckets=(partial(lambda part: part, far),)))
    assert other.frame.index.tolist() == [code * apart for code in one.frame.index]
    pd.testing.assert_frame_equal(one.frame, other.frame.set_axis(one.frame.index), check_exact=True)
