"""What a funnel counts, one idea per test; then every option beside a twin that tries all ways there are.

Tables are read by `tables`: who, when, channel, sale. Here the channels are the steps.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import cells, touches
from test_laws import CHANNELS, law, logs
from twins import DAY, Row, order_of, same_curve

import journey_lib as jl
from journey_lib.errors import JourneyError

SHOP = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | see     |
    an   | 01-02 08:00 | ask     |
    an   | 01-09 08:00 | buy     |
    binh | 01-01 08:00 | ask     |
    binh | 01-02 08:00 | see     |
    binh | 01-03 08:00 | buy     |
    chi  | 01-01 08:00 | see     |
    chi  | 01-01 09:00 | chat    |
    chi  | 01-02 08:00 | ask     |
    dung | 01-28 08:00 | see     |
    """
STEPS = ("see", "ask", "buy")


def shown(found: Any, columns: list[str]) -> list[dict[str, str]]:
    return [
        {name: written(value) for name, value in row.items()}
        for row in found.table[columns].to_dict("records")
    ]


def written(value: Any) -> str:
    return value if isinstance(value, str) else "" if pd.isna(value) else f"{value:g}"


def check(log: str, expected: str, **options: Any) -> None:
    rows = cells(expected)
    assert shown(jl.funnel.funnel(touches(log), STEPS, **options), list(rows[0])) == rows


# --- What is counted ----------------------------------------------------------------------------------------


def test_customers_count_at_a_step_when_they_came_through_those_before_it() -> None:
    """Binh asked before seeing and bought without asking after: only reach counts that."""
    check(
        SHOP,
        """
        step | reach | customers | of_previous
        see  | 4     | 4         |
        ask  | 3     | 2         | 4
        buy  | 2     | 1         | 2
        """,
    )


def test_a_step_named_twice_takes_two_touches() -> None:
    """An and chi asked once: only who sees a second time comes to the second step."""
    log = SHOP + "an | 01-05 08:00 | see |\n"
    found = jl.funnel.funnel(touches(log), ("see", "see"))
    assert found.table["customers"].tolist() == [4, 1]


def test_within_a_window_only_those_watched_for_all_of_it_are_the_base() -> None:
    """Dung came when the data had six hours left: open, neither a success nor a failure."""
    check(
        SHOP + "eve  | 01-28 14:00 | chat |",
        """
        step | customers | open | conversion
        see  | 3         | 1    |
        ask  | 2         | 0    | 0.666667
        buy  | 0         | 0    | 0
        """,
        within="5d",
    )


def test_strictly_no_other_step_may_lie_between_but_the_same_step_may_be_repeated() -> None:
    check(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | see     |
        an   | 01-02 08:00 | see     |
        an   | 01-03 08:00 | ask     |
        binh | 01-01 08:00 | see     |
        binh | 01-02 08:00 | chat    |
        binh | 01-03 08:00 | ask     |
        chi  | 01-01 08:00 | buy     |
        """,
        """
        step | customers
        see  | 2
        ask  | 1
        buy  | 0
        """,
        order="strict",
    )


def test_the_way_begins_with_the_first_time_or_with_any_time() -> None:
    log = """
        who | when        | channel | sale
        an  | 01-01 08:00 | see     |
        an  | 01-20 08:00 | see     |
        an  | 01-21 08:00 | ask     |
        an  | 01-22 08:00 | buy     |
        """
    counts = {
        start: jl.funnel.funnel(touches(log), STEPS, within="2d", start=start).table["customers"].tolist()
        for start in ("first", "any")
    }
    assert counts == {"first": [1, 0, 0], "any": [1, 1, 1]}


def test_a_strict_way_from_any_time_may_begin_with_a_run_of_the_first_step() -> None:
    """It begins with the last of the run; being at the first step takes no time."""
    check(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | see     |
        an  | 01-04 08:00 | see     |
        an  | 01-06 08:00 | ask     |
        bao | 01-06 08:00 | buy     |
        """,
        """
        step | customers | median_days
        see  | 1         | 0
        ask  | 1         | 2
        buy  | 0         |
        """,
        order="strict",
        start="any",
    )


def test_one_contact_is_never_two_steps() -> None:
    check(
        """
        who | when        | channel | sale
        an  | 01-01 08:00 | see     |
        an  | 01-01 08:00 | ask     |
        an  | 01-02 08:00 | buy     |
        """,
        # at the same instant contacts stand in the order of their names: he asked before he saw
        """
        step | customers
        see  | 1
        ask  | 0
        buy  | 0
        """,
    )


def test_what_those_did_instead_who_stopped() -> None:
    found = jl.funnel.dropped(touches(SHOP), STEPS)
    assert shown(found, ["step", "what", "name", "customers", "of"]) == cells(
        """
        step | what | name           | customers | of
        see  | next | (nothing more) | 1         | 2
        see  | next | buy            | 1         | 2
        see  | last | buy            | 1         | 2
        see  | last | see            | 1         | 2
        ask  | next | (nothing more) | 1         | 1
        ask  | last | ask            | 1         | 1
        """
    )


def test_the_time_to_convert_counts_those_who_are_still_on_their_way() -> None:
    """An needs 8 days; Chi is watched for 27 days, Binh for 26, Dung for none."""
    found = jl.funnel.time_to(touches(SHOP), STEPS)
    day8 = found.table.set_index("day").loc[8]
    assert (day8["at_risk"], day8["customers"], day8["share"]) == (3, 1, pytest.approx(1 / 3))
    assert found.facts == {"entered": 4, "median_days": pytest.approx(np.nan, nan_ok=True)}


def test_weeks_begin_on_monday_and_the_ones_not_watched_to_the_end_are_left_out() -> None:
    found = jl.funnel.trend(touches(SHOP), STEPS, within="7d")
    assert found.table["week"].dt.strftime("%d/%m/%Y").tolist() == ["30/12/2024", "30/12/2024"]
    assert shown(found, ["step", "customers", "of"]) == [
        {"step": "ask", "customers": "2", "of": "3"},
        {"step": "buy", "customers": "0", "of": "2"},
    ]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"steps": ("see", "byu")}, "there is no step 'byu'"),
        ({"steps": ("see",)}, "two steps or more"),
        ({"order": "losse"}, "order cannot be 'losse'"),
        ({"start": "last"}, "start cannot be 'last'"),
        ({"within": "7"}, "is not a duration"),
        ({"period": ("2025-02-01", "2025-01-01")}, "ends before it starts"),
    ],
)
def test_what_cannot_be_asked_is_said(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(JourneyError, match=complaint):
        jl.funnel.funnel(touches(SHOP), **{"steps": STEPS, **options})


# --- Beside a twin that tries every way ---------------------------------------------------------------------


def ways(contacts: list[tuple[int, str]], steps: tuple[str, ...], first: bool) -> set[tuple[int, ...]]:
    """Every choice of contacts, in order, that are the first steps of the funnel."""
    found: set[tuple[int, ...]] = set()
    for many in range(1, len(steps) + 1):
        for chosen in itertools.combinations(range(len(contacts)), many):
            if all(contacts[at][1] == step for at, step in zip(chosen, steps, strict=False)):
                found.add(chosen)
    start = min((way[0] for way in found), default=None)
    return {way for way in found if not first or way[0] == start}


def loosely(contacts: list[tuple[int, str]], steps: tuple[str, ...], start: str, within: int) -> set[int]:
    return {
        len(way) - 1
        for way in ways(contacts, steps, start == "first")
        if contacts[way[-1]][0] - contacts[way[0]][0] <= within
    }


def strictly(contacts: list[tuple[int, str]], steps: tuple[str, ...], start: str, within: int) -> set[int]:
    runs = [list(run) for _, run in itertools.groupby(contacts, key=lambda contact: contact[1])]
    begins = [at for at, run in enumerate(runs) if run[0][1] == steps[0]][: 1 if start == "first" else None]
    got = set()
    for begin in begins:
        began = runs[begin][0 if start == "first" else -1][0]
        for step, (run, name) in enumerate(zip(runs[begin:], steps, strict=False)):
            if run[0][1] != name or (step and run[0][0] - began > within):
                break
            got.add(step)
    return got


FUNNELS = st.fixed_dictionaries(
    {
        "order": st.sampled_from(["loose", "strict"]),
        "start": st.sampled_from(["first", "any"]),
        "within": st.sampled_from([None, "1d", "3d"]),
    }
)


@law
@given(logs(), st.lists(st.sampled_from(CHANNELS), min_size=2, max_size=3, unique=True), FUNNELS)
def test_customers_at_every_step_are_those_some_way_leads_there(
    log: list[Row], steps: list[str], options: dict[str, Any]
) -> None:
    table = touches(log)
    if not set(steps) <= set(table.channels):
        return
    within = int(options["within"][0]) * DAY if options["within"] else 10**18
    until = max(row.time for row in log)
    people = defaultdict(list)
    for row in sorted(log, key=order_of):
        if row.channel:
            people[row.customer].append((row.time, row.channel))
    came, still = Counter(), Counter()
    for contacts in people.values():
        entered = [time for time, name in contacts if name == steps[0]]
        if not entered:
            continue
        watched = options["within"] is None or entered[0] <= until - within
        follow = loosely if options["order"] == "loose" else strictly
        (came if watched else still).update(follow(contacts, tuple(steps), options["start"], within))
    found = jl.funnel.funnel(table, steps, **options).table
    assert found["customers"].tolist() == [came[step] for step in range(len(steps))]
    assert found["open"].tolist() == [still[step] for step in range(len(steps))]
    assert found["reach"].tolist() == [
        sum(any(name == step for _, name in contacts) for contacts in people.values()) for step in steps
    ]


@law
@given(
    logs(),
    st.lists(st.sampled_from(CHANNELS), min_size=2, max_size=3, unique=True),
    st.sampled_from(["loose", "strict"]),
)
def test_the_curve_to_the_last_step_is_drawn_again_person_by_person(
    log: list[Row], steps: list[str], order: Any
) -> None:
    """Somebody is there after the shortest window within which the twin finds a way to the last step."""
    table = touches(log)
    if not set(steps) <= set(table.channels):
        return
    people = defaultdict(list)
    for row in sorted(log, key=order_of):
        if row.channel:
            people[row.customer].append((row.time, row.channel))
    follow, last = loosely if order == "loose" else strictly, len(steps) - 1
    lives = []
    for contacts in people.values():
        entered = next((time for time, name in contacts if name == steps[0]), None)
        if entered is None:
            continue
        waits = sorted({time - entered for time, _ in contacts if time >= entered})
        there = [wait for wait in waits if last in follow(contacts, tuple(steps), "first", wait)]
        watched = max(row.time for row in log) - entered
        lives.append(((there[0] if there else watched) // DAY, bool(there)))
    found = jl.funnel.time_to(table, steps, order=order)
    assert found.facts["entered"] == len(lives)
    same_curve(found, lives)


@law
@given(logs(), st.lists(st.sampled_from(CHANNELS), min_size=2, max_size=3, unique=True), FUNNELS)
def test_who_stopped_is_who_came_no_further(
    log: list[Row], steps: list[str], options: dict[str, Any]
) -> None:
    table = touches(log)
    if not set(steps) <= set(table.channels):
        return
    said = {name: value for name, value in options.items() if name != "start"}
    came = jl.funnel.funnel(table, steps, **said).table["customers"].tolist()
    found = jl.funnel.dropped(table, steps, **said).table
    for place, step in enumerate(steps[:-1]):
        for what in ("next", "last"):
            rows = found[(found["step"] == step) & (found["what"] == what)]
            assert rows["customers"].sum() == came[place] - came[place + 1]


# --- Customers chosen, and the names of what they did -------------------------------------------------------


def test_only_the_chosen_customers_are_looked_at() -> None:
    table = touches(SHOP)
    everyone = np.ones(table.customers, bool)
    half = np.arange(table.customers) < 2
    whole, one, other = (
        jl.funnel.funnel(table, STEPS, customers=chosen).table["customers"].to_numpy()
        for chosen in (everyone, half, ~half)
    )
    assert (one + other).tolist() == whole.tolist() == [4, 2, 1]


def test_the_last_instant_of_the_window_is_in_it() -> None:
    log = """
        who | when        | channel | sale
        an  | 01-01 08:00 | see     |
        an  | 01-03 08:00 | ask     |
        an  | 01-03 08:01 | buy     |
        """
    assert jl.funnel.funnel(touches(log), STEPS, within="2d").table["customers"].tolist() == [1, 1, 0]


def test_counts_of_few_people_are_shown_in_no_column() -> None:
    found = jl.funnel.funnel(touches(SHOP), STEPS, within="5d").suppressed(3)
    assert shown(found, ["step", "reach", "customers", "open"]) == cells(
        """
        step | reach | customers | open
        see  | 4     | 3         |
        ask  |       |           |
        buy  |       | 0         | 0
        """
    )
    beside = ["of_previous", "conversion", "low", "high"]
    assert found.table.loc[found.table["step"] == "buy", beside].isna().all(axis=None)


@pytest.mark.parametrize("order", ["loose", "strict"])
def test_where_nobody_takes_any_step_the_counts_are_nought(order: str) -> None:
    """Rows that are no step at all: those of a stage model that fits none of them, say."""
    log = touches("who | when | channel | sale\nan | 01-01 08:00 | see |\nan | 01-02 08:00 | ask |")
    model = jl.stages.Model.model_validate(
        {"name": "m", "stages": [{"stage": name, "any": [{"channel": [name]}]} for name in ("fax", "telex")]}
    )
    found = jl.funnel.funnel(jl.journeys.steps_by(log, "stage", model), order=order)
    assert found.table["customers"].tolist() == [0, 0]
