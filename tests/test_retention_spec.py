"""Whether customers come back: what a cohort is, which months are shown, who is still watched."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from tables import touches
from test_laws import law, logs
from twins import DAY, Row, same_curve

import journey_lib as jl

LOG = """
    who  | when        | channel | sale
    an   | 01-05 08:00 | email   | 10
    an   | 02-20 08:00 |         | 10
    an   | 02-21 08:00 |         | 10
    binh | 01-31 23:00 |         | 10
    chi  | 02-10 08:00 | email   | 10
    chi  | 03-01 08:00 |         | 10
    dung | 03-31 08:00 | email   |
    """


def rows(found: jl.model.Result) -> list[tuple[str, int, int, int]]:
    return [
        (f"{row.cohort:%m}", row.month, row.customers, row.of) for row in found.table.itertuples(index=False)
    ]


def test_a_cohort_is_the_month_of_the_first_conversion_and_a_customer_counts_once_a_month() -> None:
    """March is not over when the data end: it is not shown."""
    assert rows(jl.retention.cohorts(touches(LOG))) == [("01", 1, 1, 2)]


def test_a_month_that_the_period_covers_whole_is_shown() -> None:
    later = LOG + "eve | 04-02 08:00 | email |"
    found = jl.retention.cohorts(touches(later), period=(None, "2025-04-01"))
    assert rows(found) == [("01", 1, 1, 2), ("01", 2, 0, 2), ("02", 1, 1, 1)]


def test_months_are_those_of_the_time_zone() -> None:
    """31 January at 23:00 in London is 1 February in Hanoi."""
    found = jl.retention.cohorts(touches(LOG, timezone="UTC"))
    assert found.table["of"].iloc[0] == 2
    log = LOG.replace("01-31 23:00", "02-01 06:00").replace("08:00", "15:00")
    local = jl.retention.cohorts(touches(log, timezone="Asia/Ho_Chi_Minh"))
    assert local.table["of"].iloc[0] == 1


def test_the_time_to_the_second_conversion() -> None:
    """An needs 46 days, Chi 19; Binh is watched for 58 days without one."""
    table = jl.retention.repeat(touches(LOG)).table.set_index("day")
    assert table.loc[18, "share"] == 0
    assert table.loc[19, ["at_risk", "customers", "share"]].tolist() == [3, 1, pytest.approx(1 / 3)]
    assert table.loc[46, ["at_risk", "customers", "share"]].tolist() == [2, 2, pytest.approx(2 / 3)]
    assert table.index.max() == 58


def test_nobody_is_watched_beyond_the_period() -> None:
    """To the last instant of 2 January: An's second sale is not seen, and two days are not over for her."""
    log = """
        who  | when        | channel | sale
        an   | 01-01 00:00 | email   | 10
        an   | 01-05 00:00 | email   | 10
        binh | 01-01 12:00 | email   | 10
        """
    found = jl.retention.repeat(touches(log), period=(None, "2025-01-03"))
    assert found.table[["day", "at_risk", "customers"]].to_numpy().tolist() == [[0, 2, 0], [1, 2, 0]]


@law
@given(logs())
def test_every_cohort_is_counted_again_customer_by_customer(log: list[Row]) -> None:
    found = jl.retention.cohorts(touches(log), period=(None, "2025-02-01"))
    assert not len(found.table)  # these logs last a fortnight
    assert found.facts["customers"] == len({row.customer for row in log if row.conversion})


@law
@given(logs())
def test_second_conversions_are_counted_again(log: list[Row]) -> None:
    moments = defaultdict(list)
    for row in log:
        if row.conversion:
            moments[row.customer].append(row.time)
    found = jl.retention.repeat(touches(log))
    again = sum(len(times) > 1 for times in moments.values())
    assert found.facts["entered"] == len(moments)
    assert (found.table["customers"].max() if len(found.table) else 0) == again


@law
@given(logs())
def test_the_curve_to_the_second_conversion_is_drawn_again_person_by_person(log: list[Row]) -> None:
    moments = defaultdict(list)
    for row in log:
        if row.conversion:
            moments[row.customer].append(row.time)
    until = max((row.time for row in log), default=0)
    lives = []
    for times in map(sorted, moments.values()):
        came = len(times) > 1
        lives.append((((times[1] if came else until) - times[0]) // DAY, came))
    same_curve(jl.retention.repeat(touches(log)), lives)


def test_cohorts_of_a_year_beside_a_pivot_table() -> None:
    rng = np.random.default_rng(3)
    n = 4_000
    frame = pd.DataFrame(
        {
            "customer": rng.integers(0, 900, n).astype(str),
            "time": pd.to_datetime("2025-01-01") + pd.to_timedelta(rng.integers(0, 365 * 24, n), unit="h"),
            "channel": "email",
            "conversion": rng.random(n) < 0.5,
        }
    )
    table = jl.touches.from_frame(
        frame, customer_id="customer", timestamp="time", channel="channel", conversion="conversion"
    )
    sold = frame[frame["conversion"] & (frame["time"] < "2025-12-01")]
    month = sold["time"].dt.to_period("M")
    born = month.groupby(sold["customer"]).transform("min")
    pairs = pd.DataFrame({"who": sold["customer"], "born": born, "later": (month - born).map(lambda d: d.n)})
    expected = pairs.drop_duplicates().groupby(["born", "later"]).size()
    found = jl.retention.cohorts(table, period=(None, "2025-12-01")).table
    for row in found.itertuples(index=False):
        cohort = pd.Period(row.cohort, "M")
        assert row.customers == expected.get((cohort, row.month), 0)
        assert row.of == expected[(cohort, 0)]
    assert len(found) == 11 * 10 // 2
