"""Two groups side by side: what is counted, what is called real, and what could not but differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from tables import touches
from test_laws import OPTIONS, law, logs, twin_journeys
from twins import CONVERSION, Row

import journey_lib as jl
from journey_lib.errors import ParameterError
from journey_lib.model import Result
from journey_lib.survival import by_day

LOG = "who | when | channel | sale\n" + "\n".join(
    f"{who}{n} | 01-01 08:00 | {first} |\n{who}{n} | 01-02 08:00 | {then} |"
    for who, first, share in (("app", "push", 30), ("web", "mail", 10))
    for n in range(40)
    for then in ["store" if n < share else "chat"]
)


def test_a_group_and_the_rest_beside_each_other() -> None:
    """Of 40 who began with a push 30 went to a store next, of 40 who began with a mail 10 did."""
    table = touches(LOG)
    app = jl.journeys.through(table, "push")
    members = jl.journeys.of_customers("app", [True] * 40 + [False] * 40)
    found = jl.journeys.compare(
        jl.journeys.step_matrix, table, {"group": members}, {"group": jl.journeys.rest(members)}, depth=2
    ).table.set_index(["step", "name"])
    row = found.loc[(2, "store")]
    assert (row["n_a"], row["of_a"], row["n_b"], row["of_b"]) in {(30, 40, 10, 40), (10, 40, 30, 40)}
    assert abs(row["difference"]) == pytest.approx(0.5)
    assert row["real"]
    # Newcombe's method 10, by hand from the Wilson limits 0.5981 to 0.8581 and 0.1419 to 0.4019
    assert sorted((abs(row["low"]), abs(row["high"]))) == pytest.approx([0.2852, 0.6529], abs=5e-4)
    assert app.defined_by == ("push",)


def test_rows_about_what_a_group_is_defined_by_are_structural_and_explain_nothing() -> None:
    table = touches(LOG)
    app = jl.journeys.through(table, "push")
    found = jl.journeys.compare(
        jl.journeys.transitions,
        table,
        {"group": app},
        {"group": jl.journeys.rest(app)},
        names=("app", "rest"),
    )
    about_push = found.table["from"].eq("push") | found.table["to"].eq("push")
    assert found.table["structural"].tolist() == about_push.tolist()
    assert not found.table.loc[about_push, "real"].any()
    assert found.table.loc[about_push, "part"].sum() == 0
    assert found.table["part"].sum() == pytest.approx(1)
    assert found.facts["structural_rows"] == about_push.sum()


def test_a_difference_of_too_few_to_be_told_is_not_the_largest() -> None:
    table = touches(LOG)
    members = jl.journeys.of_customers("app", [True] * 40 + [False] * 40)
    found = jl.journeys.compare(
        jl.journeys.durations, table, {"group": members}, {"group": jl.journeys.rest(members)}
    )
    certain = replace(found, table=found.table.assign(real=True, structural=False))
    assert len(jl.journeys.real_rows(certain)) == len(found.table) > 0
    assert len(jl.journeys.real_rows(certain.suppressed(81))) == 0
    assert jl.journeys.differences([certain.suppressed(81)]).table["largest"].tolist() == [""]


def test_equal_groups_do_not_differ() -> None:
    table = touches(LOG)
    found = jl.journeys.compare(jl.journeys.transitions, table, {}, {})
    assert found.table["difference"].abs().max() == 0
    assert (found.facts["real_rows"], found.facts["few"]) == (0, 0)
    assert (found.table["chance"] == 1).all()


def test_noise_is_rarely_called_real() -> None:
    """Two random halves of 2,000 alike customers: of 200 comparisons at most a few."""
    rng = np.random.default_rng(5)
    n = 2_000
    frame = pd.DataFrame(
        {
            "customer": np.repeat([f"c{i:05}" for i in range(n)], 3),
            "time": pd.to_datetime("2025-01-01") + pd.to_timedelta(np.tile([0, 1, 2], n), unit="D"),
            "channel": rng.choice(list("abcdefgh"), 3 * n),
            "conversion": False,
        }
    )
    table = jl.touches.from_frame(
        frame, customer_id="customer", timestamp="time", channel="channel", conversion="conversion"
    )
    false = 0
    for _ in range(20):
        half = jl.journeys.of_customers("half", rng.random(n) < 0.5)
        false += jl.journeys.compare(
            jl.journeys.transitions, table, {"group": half}, {"group": jl.journeys.rest(half)}
        ).facts["real_rows"]
    assert false <= 5


def test_what_cannot_be_compared_is_said() -> None:
    table = touches(LOG)
    with pytest.raises(ParameterError, match="cannot be compared"):
        jl.journeys.beside(jl.journeys.transitions(table), jl.journeys.flows(table))


# --- Detours ------------------------------------------------------------------------------------------------


def moves_of(path: list[int], last: int) -> list[tuple[int, str]]:
    moves = []
    for at in range(1, len(path)):
        a, b = path[at - 1], path[at]
        moves.append((a, "repeat" if a == b else "next" if b == a + 1 else "skip" if b > a else "back"))
        if b > a + 1 and b == last:
            moves.append((a, "jump_to_end"))
        if b != a and b in path[:at]:
            moves.append((b, "loop"))
    return moves


@law
@given(logs(), OPTIONS)
def test_detours_are_what_the_steps_of_every_journey_are(log: list[Row], options: dict) -> None:
    table = touches(log)
    order = {name: place for place, name in enumerate(table.channels)}
    last = len(order) - 1
    steps, inside, bases = Counter(), defaultdict(set), defaultdict(set)
    for number, journey in enumerate(twin_journeys(log, options)):
        path = [order[name] for name in journey.path]
        for stage in {*path, *(["(all)"] if path else [])}:
            bases[stage].add(number)
        for stage, move in moves_of(path, last):
            for name in (stage, "(all)"):
                steps[name, move] += 1
                inside[name, move].add(number)
    found = jl.journeys.detours(table, **options).table
    names = {**order, "(all)": "(all)"}
    for row in found.itertuples():
        key = (names[row.stage], row.move)
        assert (row.steps, row.journeys, row.of) == (steps[key], len(inside[key]), len(bases[key[0]]))
    assert set(found["stage"]) == {name for name, place in names.items() if bases[place]}
    assert found["stage"].isin([CONVERSION]).sum() == 0


STEPS = {"see": ["push", "mail"], "buy": ["store"]}
PLANNED = jl.maps.plan({"steps": [{"step": step, "any_of": names} for step, names in STEPS.items()]})


def test_views_of_customers_visits_and_plans_are_compared_too() -> None:
    """Of 40 who began with a push 30 are now at the store and went as planned; of 40 others 10."""
    table = touches(LOG)
    app = np.arange(80) < 40
    of_app = jl.journeys.of_customers("app", app)
    by_people = {"customers": app}, {"customers": ~app}
    by_group = {"group": of_app}, {"group": jl.journeys.rest(of_app)}
    for view, source, sides, row in (
        (jl.journeys.stages_now, (), by_people, "store"),
        (jl.conformance.score, (PLANNED,), by_group, "buy"),
    ):
        one, other = (view(table, *source, **side) for side in sides)
        found = jl.journeys.beside(one, other).table.set_index("step").loc[row]
        assert {(found["n_a"], found["of_a"]), (found["n_b"], found["of_b"])} == {(30, 40), (10, 40)}
        assert found["real"]
    visits = jl.journeys.compare(jl.journeys.sessions, table, *by_people).table.set_index("touches")
    assert visits.loc["1", ["n_a", "of_a", "n_b", "of_b"]].tolist() == [80, 80, 80, 80]


def test_in_which_views_two_groups_differ() -> None:
    table = touches(LOG)
    app = jl.journeys.of_customers("app", np.arange(80) < 40)
    sides = {"group": app}, {"group": jl.journeys.rest(app)}
    views = (jl.journeys.transitions, jl.journeys.lengths)
    moves, lengths = (jl.journeys.compare(view, table, *sides) for view in views)
    found = jl.journeys.differences([moves, lengths]).table.set_index("view")
    real = moves.table[moves.table["real"]]
    assert found.loc["transitions", "real"] == len(real) > 0
    assert found.loc["transitions", ["difference", "low", "high"]].tolist() == pytest.approx(
        real.iloc[0][["difference", "low", "high"]].tolist()
    )
    assert found.loc["lengths", "real"] == 0  # everybody has two touches
    assert np.isnan(found.loc["lengths", "difference"])


# --- What is not a share of its own -------------------------------------------------------------------------


def test_groups_that_are_made_by_how_journeys_ended_are_not_compared_by_their_conversion_rates() -> None:
    """Of two journeys with a sale one has a single touch, of two without none; rates are 1 and 0 anyway."""
    table = touches(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-02 08:00 |         | 10
        binh | 01-01 08:00 | email   |
        binh | 01-02 08:00 | store   |
        binh | 01-03 08:00 |         | 10
        chi  | 01-01 08:00 | email   |
        chi  | 01-02 08:00 | store   |
        dung | 01-01 08:00 | email   |
        dung | 01-02 08:00 | store   |
        """
    )
    bought = jl.journeys.converted()
    sides = {"group": bought}, {"group": jl.journeys.rest(bought)}
    found = jl.journeys.compare(jl.journeys.lengths, table, *sides)
    assert found.facts["counted"] == "journeys"
    columns = ["length", "n_a", "of_a", "n_b", "of_b"]
    assert sorted(found.table[columns].to_numpy().tolist()) == [["1", 1, 2, 0, 2], ["2", 1, 2, 2, 2]]
    others = jl.journeys.through(table, "store")
    rates = jl.journeys.compare(
        jl.journeys.lengths, table, {"group": others}, {"group": jl.journeys.rest(others)}
    )
    assert rates.facts["counted"] == "conversions"


# Weeks of remission with and without 6-mercaptopurine (Freireich and others 1963); "+" is censored.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def curve(times: str) -> Result:
    counts = np.zeros((2, 36), int)
    for time in times.split():
        counts[int(time.endswith("+")), int(time.rstrip("+"))] += 1
    return Result("time_to", by_day(*counts), {"entered": len(times.split())})


def test_curves_are_compared_day_by_day_and_as_a_whole_as_in_the_textbook() -> None:
    found = jl.journeys.beside(curve(TREATED), curve(PLACEBO))
    assert found.facts["log_rank"] == pytest.approx(4.17e-5, rel=0.005)  # chi-squared 16.79 on 1
    rows = found.table.set_index("day")
    assert sorted(rows.index) == [7, 14]  # the placebo group was watched for 23 weeks
    week = rows.loc[7]
    assert (1 - week["share_a"], 1 - week["share_b"]) == pytest.approx((0.807, 0.571), abs=5e-4)
    z = (0.8067 - 0.5714) / np.hypot(0.0869, 0.1080)  # Greenwood's standard errors, as printed
    assert week["chance"] == pytest.approx(2 * (1 - NormalDist().cdf(z)), abs=2e-3)
    assert rows.loc[14, ["n_a", "of_a", "n_b", "of_b"]].tolist() == [6, 21, 17, 21]
    assert rows.loc[14, "high"] < 0
    assert rows.loc[14, "real"]
    assert not rows.loc[7, "real"]


def test_without_anybody_left_out_the_difference_of_two_curves_is_that_of_two_shares() -> None:
    """Nobody is censored: the curve is a count over its base, and its error the binomial one."""
    one, other = curve("7 " * 30 + "20 " * 20), curve("7 " * 10 + "20 " * 40)
    row = jl.journeys.beside(one, other).table.set_index("day").loc[7]
    assert (row["share_a"], row["share_b"]) == pytest.approx((0.6, 0.2))
    z = 0.4 / np.sqrt(0.6 * 0.4 / 50 + 0.2 * 0.8 / 50)
    assert row["chance"] == pytest.approx(2 * (1 - NormalDist().cdf(z)), rel=1e-6)
    assert row["low"] < 0.4 < row["high"]


def test_the_interval_of_two_curves_is_put_together_of_theirs() -> None:
    sides = curve(TREATED), curve(PLACEBO)
    row = jl.journeys.beside(*sides).table.set_index("day").loc[14]
    a, b = (side.table.set_index("day").loc[14] for side in sides)
    low = row["difference"] - np.hypot(a["share"] - a["low"], b["high"] - b["share"])
    high = row["difference"] + np.hypot(a["high"] - a["share"], b["share"] - b["low"])
    assert (row["low"], row["high"]) == pytest.approx((low, high))


def test_what_only_a_conversion_can_have_explains_nothing_between_those_with_one_and_those_without() -> None:
    """A journey of no touch at all is a conversion by definition."""
    table = touches(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 |         | 10
        binh | 01-01 08:00 | email   |
        chi  | 01-01 08:00 | email   | 10
        """
    )
    bought = jl.journeys.converted()
    sides = {"group": bought}, {"group": jl.journeys.rest(bought)}
    for view, row in ((jl.journeys.entries, "(no touch)"), (jl.journeys.lengths, "0")):
        found = jl.journeys.compare(view, table, *sides).table
        assert found.loc[found.iloc[:, 0].eq(row), "structural"].tolist() == [True]
        assert found["structural"].sum() == 1


def test_the_sum_of_all_stages_is_not_compared_beside_them() -> None:
    table = touches(LOG)
    app = jl.journeys.of_customers("app", np.arange(80) < 40)
    sides = {"group": app}, {"group": jl.journeys.rest(app)}
    found = jl.journeys.compare(jl.journeys.detours, table, *sides).table
    assert len(found)
    assert "(all)" not in set(found["stage"])


def test_paths_that_begin_alike_are_told_apart() -> None:
    log = LOG.replace("| mail |", "| push |")
    app = jl.journeys.of_customers("app", np.arange(80) < 40)
    sides = {"group": app}, {"group": jl.journeys.rest(app)}
    found = jl.journeys.compare(jl.journeys.paths, touches(log), *sides).table.set_index("path")
    counts = found[["n_a", "n_b"]].to_dict("index")
    assert sorted(counts["push > store"].values()) == [10, 30]
    assert sorted(counts["push > chat"].values()) == [10, 30]


def test_curves_of_customers_are_asked_by_compare() -> None:
    table = touches(LOG)
    app = np.arange(80) < 40
    found = jl.journeys.compare(
        jl.funnel.time_to, table, {"customers": app}, {"customers": ~app}, steps=("push", "store")
    )
    assert found.name == "compared"
    assert found.facts["view"] == "time_to"


@law
@given(logs(), OPTIONS)
def test_paths_are_compared_as_they_are_counted_on_both_sides(log: list[Row], options: dict) -> None:
    table = touches(log)
    bought = jl.journeys.converted()
    sides = {"group": bought}, {"group": jl.journeys.rest(bought)}
    found = jl.journeys.compare(jl.journeys.paths, table, *sides, **options).table
    counts: list[Counter[str]] = [Counter(), Counter()]
    for journey in twin_journeys(log, options):
        counts[not journey.converted][" > ".join(journey.path) or "(no touch)"] += 1
    expected = {
        path: (counts[0][path], counts[0].total(), counts[1][path], counts[1].total())
        for path in {*counts[0], *counts[1]}
    }
    rows = found[["path", "n_a", "of_a", "n_b", "of_b"]].itertuples(index=False)
    assert {row[0]: tuple(row[1:]) for row in rows} == expected


def test_a_path_that_is_frequent_on_one_side_only_is_counted_on_the_other_too() -> None:
    """Twenty paths are listed of each side; those of the other that are not among its own are looked up."""
    lines = "who | when | channel | sale\n"
    for n in range(30):
        for copy in range(1 + (n < 20)):
            lines += f"a{n:02}{copy} | 01-01 08:00 | c{n:02} |\n"
            lines += f"a{n:02}{copy} | 01-02 08:00 | | 10\n"
        for copy in range(1 + (n >= 10)):
            lines += f"b{n:02}{copy} | 01-01 08:00 | c{n:02} |\n"
    table = touches(lines)
    bought = jl.journeys.converted()
    found = jl.journeys.compare(
        jl.journeys.paths, table, {"group": bought}, {"group": jl.journeys.rest(bought)}
    ).table.set_index("path")
    assert len(found) == 30
    assert found.loc["c00", ["n_a", "of_a", "n_b", "of_b"]].tolist() == [2, 50, 1, 50]
    assert found.loc["c29", ["n_a", "of_a", "n_b", "of_b"]].tolist() == [1, 50, 2, 50]


def test_of_lists_of_the_most_frequent_only_what_stands_in_both_is_compared() -> None:
    table = touches(LOG)
    app = np.arange(80) < 40
    sides = [jl.journeys.of_customers("app", app), jl.journeys.of_customers("web", ~app)]
    one, other = (jl.conformance.deviations(table, PLANNED, group=side, n=1) for side in sides)
    found = jl.journeys.beside(one, other).table
    assert set(found["deviation"]) <= set(one.table["deviation"]) & set(other.table["deviation"])
    assert "(other)" not in set(found["deviation"])
    assert found["of_a"].eq(40).all()


STEPPED = ("push", "store")


@pytest.mark.parametrize(
    ("view", "options"),
    [
        (jl.journeys.transitions, {}),
        (jl.journeys.flows, {}),
        (jl.journeys.step_matrix, {}),
        (jl.journeys.entries, {}),
        (partial(jl.journeys.entries, side="last"), {}),
        (jl.journeys.lengths, {}),
        (jl.journeys.durations, {}),
        (jl.journeys.detours, {}),
        (jl.journeys.paths, {}),
        (partial(jl.conformance.score, plan=PLANNED), {}),
        (partial(jl.conformance.moves, plan=PLANNED), {}),
        (partial(jl.conformance.outcomes, plan=PLANNED), {}),
        (partial(jl.conformance.outcomes_by_reach, plan=PLANNED), {}),
        (partial(jl.conformance.deviations, plan=PLANNED), {}),
        (jl.journeys.sessions, {"of": "customers"}),
        (jl.journeys.stages_now, {"of": "customers"}),
        (partial(jl.funnel.funnel, steps=STEPPED), {"of": "customers"}),
        (partial(jl.funnel.dropped, steps=STEPPED), {"of": "customers"}),
        (partial(jl.funnel.time_to, steps=STEPPED), {"of": "customers"}),
        (partial(jl.funnel.trend, steps=STEPPED, within="1d"), {"of": "customers"}),
        (jl.retention.cohorts, {"of": "customers"}),
        (jl.retention.repeat, {"of": "customers"}),
    ],
)
def test_every_view_of_journeys_and_of_customers_can_be_compared(view: Any, options: dict[str, str]) -> None:
    """With a difference, its interval, the chance, and what part of the whole difference it is."""
    table = touches(LOG)
    app = np.arange(80) < 40
    group = jl.journeys.of_customers("app", app)
    sides = (
        ({"customers": app}, {"customers": ~app})
        if options
        else ({"group": group}, {"group": jl.journeys.rest(group)})
    )
    found = jl.journeys.compare(view, table, *sides)
    assert {"difference", "low", "high", "chance", "real", "part", "structural"} <= set(found.table)
    known = found.table.dropna(subset=["difference"])
    assert (known["low"] <= known["difference"] + 1e-12).all()
    assert (known["difference"] <= known["high"] + 1e-12).all()
    assert jl.journeys.differences([found]).table["view"].tolist() == [found.facts["view"]]


def test_a_touchpoint_s_surroundings_are_compared() -> None:
    table = touches(LOG)
    app = jl.journeys.of_customers("app", np.arange(80) < 40)
    near = [
        jl.journeys.around(jl.journeys.transitions(table, group=side), "store")
        for side in (app, jl.journeys.rest(app))
    ]
    found = jl.journeys.beside(*near).table.set_index(["side", "name"])
    assert found.loc[("before", "push"), ["n_a", "of_a"]].tolist() in ([30, 30], [0, 10])
