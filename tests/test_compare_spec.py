"""Two groups side by side: what is counted, what is called real, and what could not but differ."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from tables import touches
from test_laws import OPTIONS, law, logs, twin_journeys
from twins import CONVERSION, Row

import journey_lib as jl
from journey_lib.errors import ParameterError

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
