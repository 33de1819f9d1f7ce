"""Planned against actual, one idea per test; then the product against a twin that tries every alignment.

Plans are written ``discover: facebook tiktok | compare?: search | buy!: store``: "?" may be left out, "!" may
be had only once. Logs are read by `tables`. Unless a test is about the lookback window, there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import twins
import twins_conformance as twin
from hypothesis import given
from hypothesis import strategies as st
from tables import cells, frame, touches
from test_laws import law, logs, twin_options
from twins import Row
from twins_conformance import Planned

from journey_lib import conformance, maps
from journey_lib.conformance.align import _best
from journey_lib.conformance.ends import _like_for_like
from journey_lib.errors import ConfigError, ParameterError
from journey_lib.intervals import difference
from journey_lib.touches import Bucket

PLAN = "discover: facebook tiktok | compare: search | buy: store"
WAYS = ("followed", "skipped", "out_of_order", "never_reached")


def steps_of(text: str) -> list[Planned]:
    found = []
    for part in text.split("|"):
        step, _, names = part.partition(":")
        step = step.strip()
        found.append(Planned(step.rstrip("?!"), tuple(names.split()), optional="?" in step, once="!" in step))
    return found


def plan(steps: str | Sequence[Planned], unplanned: str = "counted") -> maps.Plan:
    steps = steps_of(steps) if isinstance(steps, str) else steps
    declared = [
        {
            "step": step.step,
            "any_of": list(step.any_of),
            "optional": step.optional,
            "repeats": "once" if step.once else "allowed",
        }
        for step in steps
    ]
    return maps.plan({"steps": declared, "unplanned": unplanned})


def one(path: str, sale: bool = True) -> Any:
    """The log of one customer who took one path, an hour between touches, and then bought."""
    lines = [f"an | 01-01 {hour:02}:00 | {name} |" for hour, name in enumerate(path.split(" > "))]
    bought = ["an | 01-02 00:00 | | 100"] if sale else []
    return touches("\n".join(["who | when | channel | sale", *lines, *bought]))


def became(path: str, steps: str = PLAN) -> dict[str, str]:
    """What became of every step on one path, beside the names that only keep the codes known."""
    table = conformance.score(one(path), plan(steps)).table
    return {row["step"]: next(way for way in WAYS if row[way]) for _, row in table.iterrows()}


def pattern_of(path: str, steps: str = PLAN, unplanned: str = "counted") -> str:
    table = conformance.deviations(one(path), plan(steps, unplanned)).table
    return str(table.loc[table["journeys"] == 1, "deviation"].item())


# --- What becomes of a step ---------------------------------------------------------------------------------


def test_a_journey_in_the_order_of_the_plan_follows_every_step():
    assert set(became("tiktok > search > store").values()) == {"followed"}
    assert pattern_of("tiktok > search > store") == "(as planned)"


def test_a_step_left_out_before_a_later_one_is_skipped():
    assert became("facebook > store") == {"discover": "followed", "compare": "skipped", "buy": "followed"}
    assert pattern_of("facebook > store") == "skipped:compare"


def test_steps_after_the_last_one_reached_are_never_reached_and_no_deviation():
    assert became("facebook") == {
        "discover": "followed",
        "compare": "never_reached",
        "buy": "never_reached",
    }
    assert pattern_of("facebook") == "(as planned)"


def test_an_optional_step_is_skipped_without_deviating():
    steps = "discover: facebook | compare?: search | buy: store"
    assert became("facebook > store", steps)["compare"] == "skipped"
    assert pattern_of("facebook > store", steps) == "(as planned)"


def test_of_two_steps_the_wrong_way_round_the_earlier_of_the_plan_is_followed():
    assert became("search > facebook") == {
        "discover": "followed",
        "compare": "out_of_order",
        "buy": "never_reached",
    }


def test_the_alignment_that_keeps_more_steps_wins_over_earlier_steps():
    assert became("search > store > facebook") == {
        "discover": "out_of_order",
        "compare": "followed",
        "buy": "followed",
    }


def test_a_step_out_of_order_counts_as_reached_so_what_lies_before_it_was_skipped():
    assert became("store > facebook") == {
        "discover": "followed",
        "compare": "skipped",
        "buy": "out_of_order",
    }


def test_a_step_had_again_in_its_place_is_not_out_of_order():
    assert set(became("search > facebook > search > store").values()) == {"followed"}


def test_a_second_contact_deviates_only_where_the_plan_says_once():
    assert pattern_of("facebook > tiktok > search > store") == "(as planned)"
    strict = "discover!: facebook tiktok | compare: search | buy: store"
    assert pattern_of("facebook > tiktok > search > store", strict) == "repeated:discover"
    table = conformance.score(one("facebook > tiktok > search > store"), plan(PLAN)).table
    assert table["repeated"].tolist() == [1, 0, 0]


def test_touches_collapsed_to_one_are_not_a_second_contact():
    log, strict = one("facebook > facebook > search"), plan("discover!: facebook | compare: search")
    assert conformance.score(log, strict).facts["deviating"] == 1
    assert conformance.score(log, strict, repeats="collapse").facts["deviating"] == 0


def test_contacts_outside_the_plan_make_a_journey_deviate_unless_the_plan_allows_them():
    assert pattern_of("facebook > radio > search > store") == "unplanned"
    assert pattern_of("facebook > radio > search > store", unplanned="allowed") == "(as planned)"
    facts = conformance.score(one("facebook > radio > radio"), plan(PLAN, "allowed")).facts
    assert (facts["extra"], facts["extra_per_journey"], facts["uncovered"]) == (2, 2.0, ["radio"])


def test_a_pattern_names_everything_a_journey_deviates_in():
    steps = "a: a | b!: b | c: c | d: d"
    assert pattern_of("d > b > b > x", steps) == (
        "skipped:a + skipped:c + out_of_order:d + repeated:b + unplanned"
    )


def test_a_journey_that_met_no_step_is_neither_as_planned_nor_deviating():
    log = touches(
        """
        who  | when        | channel  | sale
        an   | 01-01 08:00 | facebook | 100
        binh | 01-01 08:00 | radio    | 100
        chi  | 01-01 08:00 |          | 100
        """
    )
    facts = conformance.score(log, plan(PLAN)).facts
    assert [facts[name] for name in ("journeys", "conforming", "deviating", "outside")] == [3, 1, 0, 2]
    assert facts["conforming_share"] == 1.0
    assert conformance.outcomes(log, plan(PLAN)).table["conversions"].tolist() == [1, 0, 2]


def test_a_plan_may_have_twelve_steps_of_which_all_but_the_last_are_skipped():
    steps = " | ".join(f"s{number}: c{number}" for number in range(12))
    assert list(became("c11", steps).values()) == ["skipped"] * 11 + ["followed"]
    assert pattern_of("c11", steps) == " + ".join(f"skipped:s{number}" for number in range(11))
    assert moved("c11", steps) == {("(start)", "s11", "skip")}


def test_the_examples_of_the_guide_are_so():
    guide = (Path(__file__).parents[1] / "docs" / "planned-journeys.md").read_text("utf-8")
    table = guide.partition("| journey | discover | compare | buy |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()[2:]]
    assert len(rows) == 5
    for journey, *expected in rows:
        found = became(journey.replace(", ", " > "), "discover: discover | compare: compare | buy: buy")
        said = [cell.partition(" (")[0].replace(" ", "_") for cell in expected]
        assert list(found.values()) == said, journey


# --- Counting -----------------------------------------------------------------------------------------------

LOG = """
    who  | when        | channel  | sale
    an   | 01-01 08:00 | facebook |
    an   | 01-02 08:00 | search   |
    an   | 01-03 08:00 | store    | 300
    an   | 01-04 08:00 | tiktok   |
    an   | 01-05 08:00 | store    | 100
    binh | 01-01 08:00 | tiktok   |
    binh | 01-02 08:00 | store    |
    chi  | 02-20 08:00 | facebook |
    dung | 01-01 08:00 | store    |
    dung | 01-02 08:00 | search   |
    """


def test_every_journey_is_counted_once_a_step_and_open_ones_apart():
    result = conformance.score(touches(LOG), plan(PLAN), lookback="10d")
    found = result.table.set_index("step")
    expected = cells(
        """
        step     | followed | skipped | out_of_order | never_reached | open | repeated | journeys | customers
        discover | 4        | 1       | 0            | 0             | 0    | 0        | 5        | 3
        compare  | 2        | 2       | 0            | 1             | 1    | 0        | 5        | 2
        buy      | 3        | 0       | 1            | 1             | 1    | 0        | 5        | 3
        """
    )
    for line in expected:
        step = line.pop("step")
        assert found.loc[step, list(line)].tolist() == [int(cell) for cell in line.values()], step
    assert (result.facts["conforming"], result.facts["deviating"], result.facts["open"]) == (2, 3, 1)
    assert found.loc["discover", "followed_share"] == 0.8
    assert found.loc["discover", "low"] == pytest.approx(0.3755, abs=1e-4)


def test_open_journeys_are_in_no_conversion_rate():
    table = conformance.outcomes(touches(LOG), plan(PLAN), lookback="10d").table.set_index("group")
    columns = ["journeys", "customers", "over", "open", "conversions", "conversion_rate", "value"]
    assert table.loc["conforming", columns].tolist() == [2, 2, 1, 1, 1, 1.0, 300.0]
    assert table.loc["deviating", columns].tolist() == [3, 3, 3, 0, 1, pytest.approx(1 / 3), 100.0]


def test_journeys_are_compared_with_those_that_got_equally_far():
    table = conformance.outcomes_by_reach(touches(LOG), plan(PLAN), lookback="10d").table
    assert table[["reached", "group", "journeys", "over", "conversions"]].to_numpy().tolist() == [
        ["discover", "conforming", 1, 0, 0],
        ["discover", "deviating", 0, 0, 0],
        ["compare", "conforming", 0, 0, 0],
        ["compare", "deviating", 0, 0, 0],
        ["buy", "conforming", 1, 1, 1],
        ["buy", "deviating", 3, 3, 1],
    ]
    facts = conformance.outcomes(touches(LOG), plan(PLAN), lookback="10d").facts
    assert facts["like_for_like"] == facts["difference"] == pytest.approx(2 / 3)
    assert facts["like_for_like_low"] == pytest.approx(facts["difference_low"])


def test_a_journey_that_has_barely_begun_does_not_count_against_the_plan():
    won, over = np.array([[10, 0], [30, 20]]), np.array([[1000, 10], [100, 100]])
    crude = won.sum(axis=0) / over.sum(axis=0)
    assert crude[0] < crude[1], "all together, those who deviated seem to convert more often"
    mean, low, high = _like_for_like(won, over)
    small, large = 1000 * 10 / 1010, 100 * 100 / 200
    assert mean == pytest.approx((small * 0.01 + large * 0.1) / (small + large))
    assert low < mean < high
    assert _like_for_like(won[1:], over[1:]) == pytest.approx(difference(30, 100, 20, 100))
    alone = np.array([[1000, 0], [100, 100]])
    assert _like_for_like(won, alone) == pytest.approx(difference(30, 100, 20, 100))
    assert np.isnan(_like_for_like(won, over * [1, 0])).all()


def test_what_is_complete_went_as_planned_to_the_last_step():
    facts = conformance.score(touches(LOG), plan(PLAN), lookback="10d").facts
    assert (facts["conforming"], facts["completed"]) == (2, 1)


def test_deviations_are_listed_by_how_many_journeys_they_have_with_the_rest_in_one_row():
    result = conformance.deviations(touches(LOG), plan(PLAN), n=1, lookback="10d")
    columns = ["deviation", "journeys", "conversions", "value"]
    assert result.table[columns].to_numpy().tolist() == [
        ["(as planned)", 2, 1, 300.0],
        ["(outside the plan)", 0, 0, 0.0],
        ["skipped:compare", 2, 1, 100.0],
        ["(other)", 1, 0, 0.0],
    ]
    assert result.facts["patterns"] == 2


def test_patterns_of_too_few_customers_are_only_in_other_and_small_rows_are_emptied():
    result = conformance.deviations(touches(LOG), plan(PLAN), k=2, lookback="10d")
    assert result.table["deviation"].tolist() == [
        "(as planned)",
        "(outside the plan)",
        "skipped:compare",
        "(other)",
    ]
    hidden = result.suppressed(2).table.set_index("deviation")
    assert hidden["suppressed"].to_dict() == {
        "(as planned)": True,  # with all journeys it would tell what is in the last row
        "(outside the plan)": False,
        "skipped:compare": False,
        "(other)": True,
    }
    assert np.isnan(hidden.loc["(other)", "journeys"])


# --- Moves --------------------------------------------------------------------------------------------------


def moved(path: str, steps: str = "a: a | b: b | c: c | d: d") -> set[tuple[str, str, str]]:
    table = conformance.moves(one(path), plan(steps)).table
    assert (table["journeys"] == 1).all()
    return set(zip(table["from"], table["to"], table["kind"], strict=True))


def test_skips_join_the_steps_on_either_side_of_what_was_left_out():
    assert moved("a > d") == {("(start)", "a", "next"), ("a", "d", "skip")}
    assert moved("c") == {("(start)", "c", "skip")}


def test_a_step_too_early_turns_back_to_the_one_that_should_have_come_before_it():
    assert moved("a > c > b") == {
        *{("(start)", "a", "next"), ("a", "b", "next"), ("b", "c", "next")},
        ("c", "b", "early"),
    }


def test_a_step_too_late_is_turned_back_to_from_the_one_that_should_have_come_after_it():
    assert moved("a > c > d > b") == {
        *{("(start)", "a", "next"), ("a", "b", "next"), ("b", "c", "next"), ("c", "d", "next")},
        ("c", "b", "late"),
    }


# --- Plans that do not fit ----------------------------------------------------------------------------------


def test_names_the_data_never_have_are_told():
    facts = conformance.score(one("facebook > store"), plan("discover: facebok facebook | buy: store")).facts
    assert (facts["absent"], facts["uncovered"]) == (["facebok"], [])


def test_a_plan_no_contact_belongs_to_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'facebook'") as caught:
        conformance.score(one("facebook > store"), plan("discover: Facebok | buy: shop"))
    assert "0 of 2 names" in str(caught.value)


def test_a_period_before_all_data_counts_nothing():
    for result in everything(touches(LOG), plan(PLAN), {"period": ("2019-01-01", "2020-01-01")}):
        assert result.facts["journeys"] == 0
        assert not result.table.get("journeys", pd.Series([0])).any()


def test_options_of_the_cut_are_checked_and_recorded():
    with pytest.raises(ParameterError, match="direct cannot be"):
        conformance.score(one("facebook"), plan(PLAN), direct="lose")
    settings = conformance.score(one("facebook"), plan(PLAN), lookback="5d").settings
    assert settings["lookback"] == "5d"
    assert settings["plan"]["steps"][1]["any_of"] == ["search"]


# --- Against the twin ---------------------------------------------------------------------------------------

NAMES = ["direct", "email", "Zalo", "điện thoại", "ads", "b2"]


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Planned], str]:
    """One to five steps, of one to three of the log's names or one it never has; at least one it has."""
    order = draw(st.permutations([*NAMES, "nowhere"]))
    size = draw(st.integers(2, len(order)))
    ends = sorted(draw(st.sets(st.integers(1, size - 1), max_size=4)))
    groups = [order[a:b] for a, b in zip([0, *ends], [*ends, size], strict=True)]
    steps = [
        Planned(f"s{number}", tuple(names), optional=draw(st.booleans()), once=draw(st.booleans()))
        for number, names in enumerate(groups)
    ]
    return steps, draw(st.sampled_from(["allowed", "counted"]))


CUTS = st.fixed_dictionaries(
    {
        "lookback": st.sampled_from([None, "2d", "4d", "30d"]),
        "direct": st.sampled_from(["keep", "drop"]),
        "repeats": st.sampled_from(["keep", "collapse"]),
        "period": st.sampled_from([None, None, ("2025-01-04", "2025-01-09")]),
    }
)


def parted(table: Any, size: int) -> Any:
    """The same touches in buckets of `size` customers."""
    (read,) = table.buckets
    whole = read()
    pieces = []
    for least in range(0, table.customers, size):
        rows = (whole.customer >= least) & (whole.customer < least + size)
        columns = {name: column[rows] for name, column in vars(whole).items() if len(column) == len(rows)}
        pieces.append(Bucket(**columns))
    return replace(table, buckets=tuple(lambda piece=piece: piece for piece in pieces))


def everything(log: Any, steps: maps.Plan, cutting: dict[str, Any]) -> list[Any]:
    return [
        measure(log, steps, **cutting)
        for measure in (
            conformance.score,
            conformance.moves,
            conformance.deviations,
            conformance.outcomes,
            conformance.outcomes_by_reach,
        )
    ]


def laid_by_twin(log: list[Row], steps: list[Planned], unplanned: str, cutting: Any) -> list[twin.Laid]:
    arguments = twin_options(cutting)
    journeys = twins.cut(log, arguments.pop("lookback"), **arguments)
    return [twin.lay(journey, steps, count_extra=unplanned == "counted") for journey in journeys]


def met(log: list[Row], steps: list[Planned]) -> bool:
    return bool({name for step in steps for name in step.any_of} & {row.channel for row in log})


@law
@given(logs(), plans(), CUTS)
def test_every_count_is_the_twins(log, drawn, cutting):
    steps, unplanned = drawn
    if not met(log, steps):
        return
    laid = laid_by_twin(log, steps, unplanned, cutting)
    score, moves, deviations, outcomes, reach = everything(touches(log), plan(steps, unplanned), cutting)
    for step, row in zip(steps, score.table.to_dict("records"), strict=True):
        ways = Counter(each.outcome[step.step] for each in laid)
        assert {way: row[way] for way in WAYS} == {way: ways[way] for way in WAYS}
        assert row["repeated"] == sum(step.step in each.repeated for each in laid)
        unreached = [each for each in laid if each.outcome[step.step] == "never_reached"]
        assert row["open"] == sum(each.journey.open for each in unreached)
        seen = {each.journey.customer for each in laid if set(each.journey.path) & set(step.any_of)}
        assert row["customers"] == len(seen)
    groups = Counter(each.group for each in laid)
    for group in ("conforming", "deviating", "outside"):
        assert score.facts[group] == groups[group]
        row = outcomes.table.set_index("group").loc[group]
        found = row[["journeys", "customers", "over", "open", "conversions", "value"]].astype(int)
        assert tuple(found) == twin.ends(each for each in laid if each.group == group)
    assert score.facts["extra"] == sum(each.extra for each in laid if each.group != "outside")
    for row in reach.table.to_dict("records"):
        those = [each for each in laid if (each.group, each.reached) == (row["group"], row["reached"])]
        found = [row[name] for name in ("journeys", "customers", "over", "open", "conversions", "value")]
        assert tuple(found) == twin.ends(those)
    assert score.facts["completed"] == sum(
        each.group == "conforming" and each.reached == steps[-1].step for each in laid
    )
    for row in deviations.table.to_dict("records")[:-1]:
        found = [row[name] for name in ("journeys", "customers", "over", "open", "conversions", "value")]
        assert tuple(found) == twin.ends(each for each in laid if each.pattern == row["deviation"])
    columns = [moves.table[name] for name in ("from", "to", "kind", "journeys", "customers")]
    people = {(move, each.journey.customer) for each in laid for move in each.moves}
    counted = Counter(move for each in laid for move in each.moves)
    behind = Counter(move for move, _ in people)
    assert {(a, b, kind): (n, c) for a, b, kind, n, c in zip(*columns, strict=True)} == {
        move: (n, behind[move]) for move, n in counted.items()
    }


@law
@given(logs(), plans(), CUTS)
def test_what_is_counted_adds_up(log, drawn, cutting):
    steps, unplanned = drawn
    if not met(log, steps):
        return
    score, moves, deviations, outcomes, reach = everything(touches(log), plan(steps, unplanned), cutting)
    table, facts = score.table, score.facts
    every = facts["journeys"]
    assert (table[list(WAYS)].sum(axis=1) == every).all()
    assert facts["conforming"] + facts["deviating"] + facts["outside"] == every
    assert (table["open"] <= table["never_reached"]).all()
    assert outcomes.table["journeys"].sum() == deviations.table["journeys"].sum() == every
    assert reach.table["journeys"].sum() == every - facts["outside"]
    for name in ("over", "open", "conversions", "value"):
        assert outcomes.table[name].sum() == deviations.table[name].sum()
    place = {"(start)": -1} | {step.step: number for number, step in enumerate(steps)}
    rows = moves.table.to_dict("records")
    for number, row in enumerate(table.to_dict("records")):
        over = [m for m in rows if m["kind"] == "skip" and place[m["from"]] < number < place[m["to"]]]
        assert sum(m["journeys"] for m in over) == row["skipped"]
        turned = [m for m in rows if (m["kind"], m["from"]) == ("early", row["step"])]
        turned += [m for m in rows if (m["kind"], m["to"]) == ("late", row["step"])]
        assert sum(m["journeys"] for m in turned) == row["out_of_order"]


@law
@given(logs(), plans(), CUTS, st.randoms(use_true_random=False), st.integers(1, 3))
def test_neither_the_order_of_rows_nor_of_buckets_changes_anything(log, drawn, cutting, shuffle, size):
    steps, unplanned = drawn
    if not met(log, steps):
        return
    shuffled = list(log)
    shuffle.shuffle(shuffled)
    whole = everything(touches(frame(log)), plan(steps, unplanned), cutting)
    other = everything(parted(touches(frame(shuffled)), size), plan(steps, unplanned), cutting)
    for a, b in zip(whole, other, strict=True):
        pd.testing.assert_frame_equal(a.table, b.table)
        assert str(dict(a.facts)) == str(dict(b.facts))


def test_long_journeys_over_long_plans_are_aligned_as_the_twin_does():
    chance = np.random.default_rng(7)
    sequences = [chance.integers(0, 9, chance.integers(1, 14)).tolist() for _ in range(300)]
    offsets = np.cumsum([0, *map(len, sequences)])
    followed, _ = _best(np.concatenate(sequences).astype(np.int8), offsets, 9)
    for sequence, found in zip(sequences, followed, strict=True):
        assert tuple(j for j in range(9) if found >> j & 1) == twin.best_alignment(sequence, 9)
