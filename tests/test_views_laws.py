"""Every view of the journeys says the same thing: each is counted again from the twin's journeys, one by one.

And what the views say must fit together: what arrives at a step leaves it, nothing is hidden by a top list.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from typing import Any
from unittest import mock

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import cells, touches
from test_laws import OPTIONS, law, logs, twin_journeys
from twins import CONVERSION, DAY, NO_TOUCH, NULL, START, Journey, Row

import journey_lib as jl
from journey_lib import charts_flows

OPEN, LATER = "(open)", "(later)"
ENDS = {CONVERSION, NULL, OPEN, LATER}


def end_of(journey: Journey) -> str:
    return CONVERSION if journey.converted else OPEN if journey.open else NULL


def ways(journey: Journey) -> list[str]:
    return [START, *journey.path, end_of(journey)]


def keyed(table: pd.DataFrame, key: list[str], values: list[str]) -> dict[Any, Any]:
    rows = table[[*key, *values]].itertuples(index=False)
    return {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in rows}


@law
@given(logs(), OPTIONS)
def test_transitions_are_every_step_and_every_end_of_every_journey(log: list[Row], options: dict) -> None:
    found = jl.journeys.transitions(touches(log), **options)
    steps, people = Counter(), defaultdict(set)
    for journey in twin_journeys(log, options):
        for step in itertools.pairwise(ways(journey)):
            steps[step] += 1
            people[step].add(journey.customer)
    assert keyed(found.table, ["from", "to"], ["journeys", "customers"]) == {
        step: (n, len(people[step])) for step, n in steps.items()
    }


@law
@given(logs(), OPTIONS)
def test_into_every_step_lead_as_many_as_out_of_it_and_shares_are_of_those_whose_next_is_known(
    log: list[Row], options: dict
) -> None:
    table = jl.journeys.transitions(touches(log), **options).table
    into, out = (Counter(table.groupby(side)["journeys"].sum().to_dict()) for side in ("to", "from"))
    assert all(into[name] == out[name] for name in set(into) | set(out) if name not in ENDS | {START})
    assert out[START] == sum(into[end] for end in ENDS)
    known = table[table["to"] != OPEN]
    assert all(abs(total - 1) < 1e-9 for total in known.groupby("from")["share"].sum())
    assert (known["journeys"] / known["of"]).tolist() == known["share"].tolist()
    assert table.loc[table["to"] == OPEN, "share"].isna().all()
    assert all(abs(total - 1) < 1e-9 for total in table.groupby("to")["share_in"].sum())


@law
@given(logs(), OPTIONS)
def test_flows_and_the_step_matrix_follow_every_journey_to_its_end(log: list[Row], options: dict) -> None:
    journeys = twin_journeys(log, options)
    depth = 3
    found = jl.journeys.flows(touches(log), depth=depth, **options)
    expected: Counter[tuple[int, str, str]] = Counter()
    people = defaultdict(set)
    places: Counter[tuple[int, str]] = Counter()
    for journey in journeys:
        path = ways(journey)
        for step, (origin, target) in enumerate(itertools.pairwise(path), 1):
            if step <= depth + 1:
                way = (step, origin, LATER if step > depth and target not in ENDS else target)
                expected[way] += 1
                people[way].add(journey.customer)
        for step in range(1, depth + 1):
            places[step, path[min(step, len(path) - 1)]] += 1
    assert keyed(found.table, ["step", "from", "to"], ["journeys", "customers"]) == {
        way: (n, len(people[way])) for way, n in expected.items()
    }
    matrix = jl.journeys.step_matrix(found)
    assert keyed(matrix.table, ["step", "name"], ["journeys"]) == {key: (n,) for key, n in places.items()}
    if journeys:
        assert set(matrix.table.groupby("step")["journeys"].sum()) == {len(journeys)}


@law
@given(logs(), OPTIONS)
def test_outcomes_by_first_and_last_touch_by_length_and_by_duration_are_those_of_the_journeys(
    log: list[Row], options: dict
) -> None:
    journeys = twin_journeys(log, options)
    table = touches(log)
    checks = {
        "channel first": (lambda j: j.path[0] if j.path else NO_TOUCH, jl.journeys.entries(table, **options)),
        "channel last": (
            lambda j: j.path[-1] if j.path else NO_TOUCH,
            jl.journeys.entries(table, side="last", **options),
        ),
        "days": (
            lambda j: max(
                d for d in jl.journeys.DAYS if (j.end - j.touches[0][0] if j.path else 0) >= d * DAY
            ),
            jl.journeys.durations(table, **options),
        ),
        "length": (
            lambda j: next(name for name, low, high in LENGTH_NAMES if low <= len(j.path) <= high),
            jl.journeys.lengths(table, **options),
        ),
    }
    columns = ["journeys", "customers", "over", "conversions", "nulls", "open", "value"]
    for name, (key, found) in checks.items():
        expected: dict[Any, list[Journey]] = defaultdict(list)
        for journey in journeys:
            expected[key(journey)].append(journey)
        assert keyed(found.table, [name.split()[0]], columns) == {
            (of,): (
                len(some),
                len({j.customer for j in some}),
                sum(not j.open for j in some),
                sum(j.converted for j in some),
                sum(not j.converted and not j.open for j in some),
                sum(j.open for j in some),
                sum(j.value for j in some),
            )
            for of, some in expected.items()
        }


LENGTH_NAMES = [("0", 0, 0), ("1", 1, 1), ("2", 2, 2), ("3", 3, 3), ("4", 4, 4), ("5", 5, 5), ("6–7", 6, 7),
                ("8–10", 8, 10), ("11–20", 11, 20), ("21+", 21, 10**6)]  # fmt: skip


@law
@given(logs(), OPTIONS, st.sampled_from(["email", "Zalo", "converted"]))
def test_a_group_and_the_rest_are_all_the_journeys(log: list[Row], options: dict, name: str) -> None:
    table = touches(log)
    if name not in (*table.channels, "converted"):
        return
    group = jl.journeys.converted() if name == "converted" else jl.journeys.through(table, name)
    whole, some, others = (
        jl.journeys.transitions(table, group=g, **options).facts
        for g in (None, group, jl.journeys.rest(group))
    )
    assert dict(whole) == {key: some[key] + others[key] for key in whole}


@law
@given(logs(), OPTIONS)
def test_journeys_in_two_groups_at_once_are_those_in_each(log: list[Row], options: dict) -> None:
    table = touches(log)
    if "email" not in table.channels:
        return
    bought, email = jl.journeys.converted(), jl.journeys.through(table, "email")
    found = jl.journeys.lengths(table, group=jl.journeys.both(bought, email), **options)
    journeys = twin_journeys(log, options)
    assert found.facts["journeys"] == sum(j.converted and "email" in j.path for j in journeys)
    assert found.settings["defined_by"] == [*bought.defined_by, "email"]


@law
@given(logs(), OPTIONS)
def test_row_order_changes_nothing(log: list[Row], options: dict) -> None:
    shuffled = random.Random(1).sample(log, len(log))  # noqa: S311
    views = (jl.journeys.transitions, jl.journeys.flows, jl.journeys.entries, jl.journeys.durations)
    for view in views:
        one, other = (view(touches(each), **options).table for each in (log, shuffled))
        pd.testing.assert_frame_equal(one, other)


# --- Waiting times ------------------------------------------------------------------------------------------


def test_waiting_times_run_from_one_touch_to_the_next_and_from_the_last_to_the_conversion() -> None:
    found = jl.journeys.transitions(
        touches(
            """
            who  | when        | channel | sale
            an   | 01-01 00:00 | email   |
            an   | 01-03 00:00 | search  |
            an   | 01-07 00:00 |         | 10
            binh | 01-01 00:00 | email   |
            binh | 01-01 00:00 | search  |
            """
        )
    ).table.set_index(["from", "to"])
    # A quantile is the middle of a class 9% wide; the median of two is the lower of them.
    assert found.loc[("email", "search"), "median_days"] == 0
    assert found.loc[("email", "search"), "p90_days"] == pytest.approx(2, rel=0.045)
    assert found.loc[("search", CONVERSION), "median_days"] == pytest.approx(4, rel=0.045)
    assert pd.isna(found.loc[("search", NULL), "median_days"])
    assert pd.isna(found.loc[(START, "email"), "median_days"])


@law
@given(logs(), OPTIONS)
def test_quantiles_of_waiting_times_are_right_to_a_twentieth(log: list[Row], options: dict) -> None:
    table = jl.journeys.transitions(touches(log), **options).table.set_index(["from", "to"])
    waits = defaultdict(list)
    for journey in twin_journeys(log, options):
        moments = [time for time, _ in journey.touches]
        for (a, b), step in zip(itertools.pairwise(moments), itertools.pairwise(journey.path), strict=True):
            waits[step].append(b - a)
        if journey.converted and journey.path:
            waits[journey.path[-1], CONVERSION].append(journey.end - moments[-1])
    for step, each in waits.items():
        for share, column in ((0.5, "median_days"), (0.9, "p90_days")):
            exact = sorted(each)[-(-len(each) * int(share * 10) // 10) - 1] / DAY
            assert table.loc[step, column] == pytest.approx(exact, rel=0.045)


# --- Around one touchpoint ----------------------------------------------------------------------------------


def test_around_a_touchpoint_stands_what_leads_to_it_and_what_follows() -> None:
    steps = jl.journeys.transitions(
        touches(
            """
            who  | when        | channel | sale
            an   | 01-01 08:00 | email   |
            an   | 01-02 08:00 | store   |
            an   | 01-03 08:00 |         | 10
            binh | 01-01 08:00 | store   |
            binh | 01-02 08:00 | email   |
            chi  | 01-01 08:00 | email   |
            chi  | 01-02 08:00 | store   |
            """
        )
    )
    found = jl.journeys.around(steps, "store")
    expected = cells(
        """
        side   | name         | journeys | customers | of
        before | email        | 2        | 2         | 3
        before | (start)      | 1        | 1         | 3
        after  | (conversion) | 1        | 1         | 3
        after  | (null)       | 1        | 1         | 3
        after  | email        | 1        | 1         | 3
        """
    )
    shown = found.table[["side", "name", "journeys", "customers", "of"]].astype({"of": int}).astype(str)
    assert sorted(shown.itertuples(index=False, name=None)) == sorted(tuple(row.values()) for row in expected)
    assert found.facts["touches"] == 3


def test_shares_around_a_touchpoint_are_of_all_that_lead_to_it_those_too_few_to_be_shown_included() -> None:
    lines = "who | when | channel | sale\n"
    for n in range(12):
        lines += (
            f"a{n:02} | 01-01 08:00 | {'email' if n < 10 else 'zalo'} |\na{n:02} | 01-02 08:00 | store |\n"
        )
    near = jl.journeys.around(jl.journeys.transitions(touches(lines)), "store").suppressed(10)
    email, zalo = (near.table[near.table["name"] == name].iloc[0] for name in ("email", "zalo"))
    assert (email["journeys"], email["of"], email["share"]) == (10, 12, 10 / 12)
    assert bool(zalo["suppressed"])


# --- Groups and sessions ------------------------------------------------------------------------------------


@law
@given(logs(), OPTIONS)
def test_every_group_in_one_line(log: list[Row], options: dict) -> None:
    table = touches(log)
    if "email" not in table.channels:
        return
    email = jl.journeys.through(table, "email")
    groups = [email, jl.journeys.rest(email), jl.journeys.converted()]
    found = jl.journeys.overview(table, groups, **options).table
    journeys = twin_journeys(log, options)
    parts = [
        [j for j in journeys if "email" in j.path],
        [j for j in journeys if "email" not in j.path],
        [j for j in journeys if j.converted],
    ]
    assert found[["journeys", "customers", "over", "conversions", "open", "value"]].to_numpy().tolist() == [
        [
            len(part),
            len({j.customer for j in part}),
            sum(not j.open for j in part),
            sum(j.converted for j in part),
            sum(j.open for j in part),
            sum(j.value for j in part),
        ]
        for part in parts
    ]
    for line, part in zip(found["touches"], parts, strict=True):
        mean = sum(len(j.path) for j in part) / len(part) if part else float("nan")
        assert line == pytest.approx(mean, nan_ok=True)


@law
@given(logs(), st.sampled_from(["12h", "1d", "3d"]))
def test_a_session_ends_with_a_pause(log: list[Row], gap: str) -> None:
    moments = defaultdict(list)
    for row in log:
        if row.channel:
            moments[row.customer].append(row.time)
    pause = int(gap[:-1]) * {"h": DAY // 24, "d": DAY}[gap[-1]]
    sizes = []
    for times in moments.values():
        run = 0
        for before, time in itertools.pairwise([None, *sorted(times)]):
            if before is not None and time - before >= pause:
                sizes.append(run)
                run = 0
            run += 1
        sizes.append(run)
    found = jl.journeys.sessions(touches(log), gap=gap)
    assert found.facts == {"sessions": len(sizes), "touches": sum(sizes)}
    counted = {name: n for name, n in zip(found.table["touches"], found.table["sessions"], strict=True) if n}
    names = {**{n: str(n) for n in range(1, 6)}, **dict.fromkeys(range(6, 11), "6–10")}
    names |= {**dict.fromkeys(range(11, 21), "11–20"), **dict.fromkeys(range(21, 99), "21+")}
    assert counted == Counter(names[size] for size in sizes)


@law
@given(logs(), OPTIONS)
def test_a_group_and_the_rest_are_everybody_in_paths_and_beside_a_plan(log: list[Row], options: dict) -> None:
    table = touches(log)
    some = jl.journeys.converted()
    sides = [some, jl.journeys.rest(some)]
    whole = Counter(jl.journeys.paths(table, **options).table.set_index("path")["journeys"].to_dict())
    parts = Counter()
    for side in sides:
        parts += Counter(
            jl.journeys.paths(table, group=side, **options).table.set_index("path")["journeys"].to_dict()
        )
    assert parts == whole
    if not table.channels:
        return
    steps = [{"step": f"s{n}", "any_of": [name]} for n, name in enumerate(table.channels)]
    plan = jl.maps.plan({"steps": steps})
    cut = {name: value for name, value in options.items() if name != "max_touches"}
    columns = ["followed", "skipped", "out_of_order", "never_reached", "open", "repeated", "journeys"]
    every = jl.conformance.score(table, plan, **cut).table[columns]
    halves = [jl.conformance.score(table, plan, group=side, **cut).table[columns] for side in sides]
    assert (halves[0] + halves[1]).equals(every)


@law
@given(logs(), st.lists(st.booleans(), min_size=4, max_size=4))
def test_some_customers_in_a_view_are_the_table_of_only_them(log: list[Row], drawn: list[bool]) -> None:
    table = touches(log)
    flags = drawn[: table.customers]
    if not any(flags):
        return
    alone = jl.journeys.members(table, flags)
    for view, options in (
        (jl.journeys.stages_now, {"within": "3d"}),
        (jl.journeys.sessions, {"gap": "1d"}),
        (jl.retention.cohorts, {}),
        (jl.retention.repeat, {}),
    ):
        found = view(table, customers=flags, **options)
        assert found.table.equals(view(alone, **options).table), view.__name__
        assert found.settings["customers"] == sum(flags)


# --- Counts that fit together -------------------------------------------------------------------------------


@law
@given(logs(), OPTIONS)
def test_paths_add_up_to_the_journeys_and_every_view_is_of_the_same_ones(
    log: list[Row], options: dict
) -> None:
    """Ties, repeats, customers of a single event and journeys that are still open are all in them."""
    table = touches(log)
    cut = {name: value for name, value in options.items() if name != "max_touches"}
    journeys = twin_journeys(log, cut)
    open_, sold = sum(j.open for j in journeys), sum(j.converted for j in journeys)
    paths = jl.journeys.paths(table, **cut).table
    assert paths[["journeys", "conversions", "nulls", "open"]].sum().tolist() == [
        len(journeys), sold, len(journeys) - sold - open_, open_,
    ]  # fmt: skip
    moves = jl.journeys.transitions(table, **cut).table
    begun, ended = moves["from"].eq("(start)"), moves["to"].isin(ENDS)
    assert moves.loc[begun, "journeys"].sum() == moves.loc[ended, "journeys"].sum() == len(journeys)
    flows = jl.journeys.flows(table, **cut)
    assert flows.table.loc[flows.table["step"] == 1, "journeys"].sum() == len(journeys)
    for view in (jl.journeys.entries, jl.journeys.lengths, jl.journeys.durations):
        found = view(table, **cut)
        assert found.table["journeys"].sum() == found.facts["journeys"] == len(journeys), view.__name__
        assert (found.table["journeys"] == found.table["over"] + found.table["open"]).all()
    bought = jl.journeys.converted()
    groups = jl.journeys.overview(table, [bought, jl.journeys.rest(bought)], **cut).table
    assert groups["journeys"].tolist() == [sold, len(journeys) - sold]
    if table.channels:
        followed = jl.journeys.follow(table, ". -> ... -> .", **cut)
        assert followed.table["journeys"].sum() == len(journeys)


@law
@given(logs(), OPTIONS, st.integers(0, 3), st.integers(1, 3))
def test_nothing_is_hidden_by_lists_of_the_most_frequent(
    log: list[Row], options: dict, n: int, k: int
) -> None:
    """What is not listed, or is of fewer than k customers, is in one row: of paths, of ways to deviate."""
    table = touches(log)
    cut = {name: value for name, value in options.items() if name != "max_touches"}
    journeys = twin_journeys(log, cut)
    top = jl.journeys.top(jl.journeys.paths(table, **cut), n, k).table
    assert top["journeys"].sum() == len(journeys)
    assert top["conversions"].sum() == sum(j.converted for j in journeys)
    assert top["value"].sum() == sum(j.value for j in journeys)
    assert len(top) <= n + 1
    assert top["share"].sum() == pytest.approx(1 if journeys else 0)
    listed = top[top["path"] != "(other)"]
    assert (listed["customers"] >= k).all()
    if not table.channels:
        return
    steps = [{"step": f"s{place}", "any_of": [name]} for place, name in enumerate(table.channels)]
    left = jl.conformance.deviations(table, jl.maps.plan({"steps": steps}), n=n, k=k, **cut).table
    assert left["journeys"].sum() == len(journeys)


@law
@given(logs(), OPTIONS)
def test_a_drawing_of_flows_carries_every_journey_from_touch_to_touch(log: list[Row], options: dict) -> None:
    """The picture puts small places together; at every touch its bands still hold who came so far."""
    found = jl.journeys.flows(touches(log), depth=3, **options)
    with mock.patch.object(charts_flows, "NAMED", 1):  # all names but one share a band
        drawn = charts_flows._merged(found.table)
    for step, rows in found.table.groupby("step"):
        assert drawn.loc[drawn["step"] == step, "journeys"].sum() == rows["journeys"].sum()
    into, out = (
        Counter(drawn.assign(at=drawn["step"] + shift).groupby(["at", side])["journeys"].sum().to_dict())
        for side, shift in (("to", 0), ("from", -1))
    )
    ends = {*ENDS, START}
    assert all(into[place] == out[place] for place in {*into, *out} if place[1] not in ends and place[0] < 4)
