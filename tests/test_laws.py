"""Laws that hold for every log and every path table, tried on hundreds of random ones.

Counts must equal the twin's to the unit, credit to 1e-9. The default profile is quick and repeats itself;
`HYPOTHESIS_PROFILE=thorough` searches long and at random, for a night or a release.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pandas as pd
import pytest
import twins
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tables import column_of, conversions_of, credits_of, found_paths, frame, path_table, steps_of, touches
from twins import DAY, NO_TOUCH, Path, Row

import journey_lib as jl

_ALWAYS = {"suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
_PROFILES = {
    "quick": {"max_examples": 25, "derandomize": True, "database": None},
    "thorough": {"max_examples": 1000, "derandomize": False},
}
law = settings(**_ALWAYS, **_PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "quick")])

# Upper case, accents and "direct" on purpose: order, codes and the special name all meet here.
CHANNELS = ["direct", "email", "Zalo", "điện thoại", "ads", "b2"]
HALF_DAY = DAY // 2
NEW_YEAR = 20_089 * DAY  # 2025-01-01

RULES = ["first", "last", "last_non_direct", "linear", "position", "shapley"]
PATH_MODELS: list[tuple[str, dict[str, Any]]] = [
    *[(name, {}) for name in RULES],
    ("position", {"weights": (0.6, 0.1, 0.3)}),
    ("markov", {"order": 1}),
    ("markov", {"order": 2}),
]


# --- Random logs and path tables ----------------------------------------------------------------------------


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Up to four customers on a grid of half days: ties, repeats, lone events, open journeys, no touches."""
    row = st.builds(
        Row,
        customer=st.sampled_from(["c1", "c2", "c3", "c10"]),
        time=st.integers(0, 24).map(lambda step: NEW_YEAR + step * HALF_DAY),
        channel=st.sampled_from([*CHANNELS, "email", "email", None]),
        conversion=st.sampled_from([False, False, True]),
        value=st.sampled_from([None, 0, 1, 7, 250_000]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=24))
    if draw(st.booleans()):
        ids = draw(st.permutations(range(len(rows))))
        rows = [row._replace(event_id=f"e{number:03}") for row, number in zip(rows, ids, strict=True)]
    return rows


OPTIONS = st.fixed_dictionaries(
    {
        "lookback": st.sampled_from([None, "12h", "2d", "4d", "30d"]),
        "direct": st.sampled_from(["keep", "drop"]),
        "repeats": st.sampled_from(["keep", "collapse"]),
        "max_touches": st.sampled_from([None, None, 1, 2, 3]),
        "period": st.sampled_from(
            [
                None,
                None,
                ("2025-01-04", "2025-01-09"),
                ("2025-01-01", "2025-01-06"),
                ("2025-01-05", "2025-03-01"),
            ]
        ),
    }
)


def twin_options(options: dict[str, Any]) -> dict[str, Any]:
    lookback, period = options["lookback"], options["period"]
    unit = {"h": DAY // 24, "d": DAY}
    return options | {
        "lookback": lookback and int(lookback[:-1]) * unit[lookback[-1]],
        "period": tuple(pd.Timestamp(day).value // 1000 for day in period) if period else (None, None),
    }


def twin_journeys(log: list[Row], options: dict[str, Any]) -> list[twins.Journey]:
    arguments = twin_options(options)
    return twins.cut(log, arguments.pop("lookback"), **arguments)


@st.composite
def path_lists(draw: st.DrawFn, *, repeats: bool = True, min_touches: int = 0) -> list[Path]:
    """Path tables with zero rows, rows said twice, loops, single channels, now and then no nulls at all."""
    steps = st.lists(st.sampled_from(CHANNELS), min_size=min_touches, max_size=5, unique=not repeats)
    line = st.builds(
        Path,
        path=steps.map(tuple),
        conversions=st.integers(0, 20),
        value=st.integers(0, 500),
        nulls=st.integers(0, 60),
    )
    lines = draw(st.lists(line, min_size=1, max_size=10))
    if draw(st.integers(0, 4)) == 0:
        lines = [line._replace(nulls=0) for line in lines]
    return [line._replace(value=line.value if line.conversions else 0) for line in lines]


def agree(product: dict[str, Any], twin: dict[str, Any]) -> None:
    """Equal to 1e-9 for every channel either of them names."""
    size = max([1.0, *(abs(float(number)) for pair in twin.values() for number in pair)])
    for channel in {*product, *twin}:
        for found, expected in zip(product.get(channel, (0, 0)), twin.get(channel, (0, 0)), strict=True):
            assert found == pytest.approx(float(expected), abs=1e-9 * size, rel=1e-9), channel


def whole(result: Any, lines: list[Path]) -> None:
    """Every conversion and all value is handed out, no more and no less."""
    table, sold = result.table, sum(line.value for line in lines)
    assert table["conversions"].sum() == pytest.approx(
        sum(line.conversions for line in lines), abs=1e-9, rel=1e-9
    )
    assert table["value"].sum() == pytest.approx(sold, abs=1e-9, rel=1e-9)
    assert (table["conversions"] >= -1e-12).all()


# --- Journeys -----------------------------------------------------------------------------------------------


@law
@given(logs(), OPTIONS)
def test_paths_are_those_of_the_twin_to_the_unit(log, options):
    paths = jl.journeys.paths(touches(log), **options)
    assert found_paths(paths) == twins.count_paths(twin_journeys(log, options))


@law
@given(logs(), OPTIONS)
def test_no_conversion_and_no_value_is_lost_or_made(log, options):
    options = options | {"period": None}
    table = jl.journeys.paths(touches(log), **options).table
    sales = [row for row in log if row.conversion]
    assert table["conversions"].sum() == len(sales)
    assert table["value"].sum() == sum(row.value or 0 for row in sales)
    assert (table["journeys"] == table["conversions"] + table["nulls"] + table["open"]).all()
    assert table["path"].is_unique


@law
@given(logs(), OPTIONS)
def test_transitions_are_those_of_the_twin_and_as_many_arrive_as_leave(log, options):
    result = jl.journeys.transitions(jl.journeys.paths(touches(log), **options))
    steps = steps_of(result)
    assert steps == twins.transitions(twins.count_paths(twin_journeys(log, options)))

    arriving, leaving = Counter(), Counter()
    for (start, end), count in steps.items():
        leaving[start] += count
        arriving[end] += count
    for place in {*arriving, *leaving} - {"(start)", "(conversion)", "(null)"}:
        assert arriving[place] == leaving[place]
    assert leaving["(start)"] == arriving["(conversion)"] + arriving["(null)"]
    assert result.table.groupby("from")["share"].sum().tolist() == pytest.approx([1] * len(leaving))


@law
@given(logs(), OPTIONS, st.integers(0, 10**6))
def test_the_order_of_rows_never_changes_a_digit(log, options, seed):
    shuffled = random.Random(seed).sample(log, len(log))  # noqa: S311
    tch, again = touches(log), touches(shuffled)
    paths, paths_again = jl.journeys.paths(tch, **options), jl.journeys.paths(again, **options)
    pd.testing.assert_frame_equal(paths.table, paths_again.table, check_exact=True)
    for model in ("linear", "markov"):
        found = [jl.attribution.credit(which, model).table for which in (paths, paths_again)]
        pd.testing.assert_frame_equal(*found, check_exact=True)
    found = [jl.attribution.credit(which, "time_decay", **options).table for which in (tch, again)]
    pd.testing.assert_frame_equal(*found, check_exact=True)


@law
@given(logs(), OPTIONS)
def test_credit_of_touches_is_credit_of_their_paths(log, options):
    tch = touches(log)
    paths = jl.journeys.paths(tch, **options)
    for model in ("last_non_direct", "markov"):
        direct_road = credits_of(jl.attribution.credit(tch, model, **options))
        agree(direct_road, credits_of(jl.attribution.credit(paths, model)))


# --- Attribution --------------------------------------------------------------------------------------------


@law
@given(path_lists())
def test_rules_credit_what_the_twin_credits(lines):
    paths = path_table(lines)
    for model in RULES:
        result = jl.attribution.credit(paths, model)
        agree(credits_of(result), twins.credit_by_rule(lines, twins.RULES[model]))
        whole(result, lines)
    taking_part = {channel: n for channel, n in column_of(result, "journeys").items() if n}
    assert taking_part == {channel: n for channel, n in twins.taking_part(lines).items() if n}


@law
@given(path_lists(), st.sampled_from([(0.4, 0.2, 0.4), (0.2, 0.2, 0.6), (0.6, 0.2, 0.2), (1.0, 0.0, 0.0)]))
def test_position_credits_what_the_twin_credits_for_any_weights(lines, weights):
    result = jl.attribution.credit(path_table(lines), "position", weights=weights)
    agree(credits_of(result), twins.credit_by_rule(lines, lambda path: twins.position(path, weights)))
    whole(result, lines)


@law
@given(logs(), OPTIONS, st.sampled_from(["1m", "12h", "7d", "52w"]))
def test_time_decay_credits_what_the_twin_credits(log, options, half_life):
    unit = {"m": DAY // 1440, "h": DAY // 24, "d": DAY, "w": 7 * DAY}[half_life[-1]]
    journeys = twin_journeys(log, options)
    result = jl.attribution.credit(touches(log), "time_decay", half_life=half_life, **options)
    agree(credits_of(result), twins.time_decay(journeys, int(half_life[:-1]) * unit))
    whole(result, twins.count_paths(journeys))


@law
@given(path_lists(), st.integers(1, 3))
def test_markov_is_exact_for_any_order(lines, order):
    result = jl.attribution.credit(path_table(lines), "markov", order=order)
    effects, credit = twins.markov(lines, order)
    agree(credits_of(result), credit)
    whole(result, lines)
    if any(line.conversions for line in lines):
        found = column_of(result, "removal_effect")
        for channel, effect in effects.items():
            assert found[channel] == pytest.approx(float(effect), abs=1e-9)


@law
@given(path_lists())
def test_shapley_is_the_average_over_all_coalitions(lines):
    agree(credits_of(jl.attribution.credit(path_table(lines), "shapley")), twins.shapley(lines))


# --- Laws between models ------------------------------------------------------------------------------------


@law
@given(path_lists(repeats=False))
def test_linear_is_shapley_when_no_channel_repeats(lines):
    paths = path_table(lines)
    linear, shapley = (credits_of(jl.attribution.credit(paths, model)) for model in ("linear", "shapley"))
    agree(linear, shapley)


@law
@given(logs())
def test_a_huge_half_life_is_linear_and_a_tiny_one_is_last(log):
    """Last, when no two touches share the last instant: give every row an instant of its own."""
    rows = [row._replace(time=NEW_YEAR + place * HALF_DAY, event_id="") for place, row in enumerate(log)]
    tch = touches(rows)

    def found(model: str, **options: Any) -> dict[str, Any]:
        return credits_of(jl.attribution.credit(tch, model, lookback=None, **options))

    agree(found("time_decay", half_life="1m"), found("last"))
    for channel, (conversions, _) in found("time_decay", half_life="99999999w").items():
        assert conversions == pytest.approx(found("linear")[channel][0], abs=1e-4)


@law
@given(path_lists())
def test_one_step_of_memory_does_not_see_repeats(lines):
    """Self-loops slow a chain of order 1 down; they do not change where it ends."""
    collapsed = [line._replace(path=tuple(twins.collapse(line.path, str))) for line in lines]
    kept, short = (jl.attribution.credit(path_table(which), "markov") for which in (lines, collapsed))
    agree(credits_of(kept), credits_of(short))


@law
@given(path_lists(), st.permutations(CHANNELS[1:]), st.sampled_from(PATH_MODELS))
def test_renaming_channels_renames_the_credit_and_nothing_else(lines, names, model):
    name, options = model
    new_name = {"direct": "direct", NO_TOUCH: NO_TOUCH} | dict(zip(CHANNELS[1:], names, strict=True))
    renamed = [line._replace(path=tuple(new_name[channel] for channel in line.path)) for line in lines]
    before = credits_of(jl.attribution.credit(path_table(lines), name, **options))
    after = credits_of(jl.attribution.credit(path_table(renamed), name, **options))
    agree(after, {new_name[channel]: credit for channel, credit in before.items()})


@law
@given(path_lists(), st.integers(2, 1000), st.sampled_from(PATH_MODELS))
def test_a_thousand_times_the_journeys_is_a_thousand_times_the_credit(lines, times, model):
    name, options = model
    many = [Path(line.path, *(number * times for number in line[1:])) for line in lines]
    once = credits_of(jl.attribution.credit(path_table(lines), name, **options))
    result = jl.attribution.credit(path_table(many), name, **options)
    agree(credits_of(result), {channel: [times * part for part in pair] for channel, pair in once.items()})


@law
@given(path_lists(), st.sampled_from(PATH_MODELS))
def test_rows_without_weight_and_rows_said_in_two_parts_change_nothing(lines, model):
    name, options = model
    empty = [Path(("ads", "b2", "ads")), Path(("email",)), Path(())]
    halves = [Path(line.path, *(number // 2 for number in line[1:])) for line in lines]
    rests = [Path(line.path, *(number - number // 2 for number in line[1:])) for line in lines]
    before = credits_of(jl.attribution.credit(path_table(lines), name, **options))
    after = credits_of(jl.attribution.credit(path_table(empty + halves + rests), name, **options))
    agree(after, before)


@law
@given(path_lists(min_touches=1), st.sampled_from(PATH_MODELS))
def test_a_channel_that_is_alone_gets_everything(lines, model):
    name, options = model
    alone = [line._replace(path=("email",) * len(line.path)) for line in lines]
    result = jl.attribution.credit(path_table(alone), name, **options)
    conversions = sum(line.conversions for line in lines)
    assert conversions_of(result) == pytest.approx({"email": conversions}, abs=1e-9)


@law
@given(path_lists(), st.sampled_from(PATH_MODELS))
def test_shares_are_parts_of_one_and_intervals_hold_their_estimate(lines, model):
    name, options = model
    assume(any(line.conversions for line in lines))
    table = jl.attribution.credit(path_table(lines), name, **options).table
    assert table["share"].sum() == pytest.approx(1, abs=1e-9)
    assert (table["share"] * table["conversions"].sum()).tolist() == pytest.approx(
        table["conversions"].tolist()
    )
    if {"low", "high"} <= set(table.columns):
        assert ((table["low"] <= table["share"] + 1e-9) & (table["share"] <= table["high"] + 1e-9)).all()


# --- Large --------------------------------------------------------------------------------------------------


def test_two_hundred_channels_that_never_meet_get_their_own_conversions():
    """Each channel's removal loses exactly its own conversions, so the exact answer is known."""
    lines = [Path((f"channel {n:03}",), n % 7 + 1, n, n % 11) for n in range(200)]
    for model, options in PATH_MODELS:
        result = jl.attribution.credit(path_table(lines), model, **options)
        assert conversions_of(result) == pytest.approx({line.path[0]: line.conversions for line in lines})
        whole(result, lines)


def test_two_hundred_channels_that_all_meet_are_solved_exactly():
    """Compared with a crowd sent step by step through the same chain."""
    pick = random.Random(200)  # noqa: S311
    names = [f"channel {n:03}" for n in range(200)]
    lines = [
        Path(tuple(pick.choices(names, k=pick.randint(1, 8))), pick.randint(0, 9), 0, pick.randint(1, 30))
        for _ in range(2000)
    ]
    result = jl.attribution.credit(path_table(lines), "markov")
    whole(result, lines)
    effects = column_of(result, "removal_effect")
    baseline = twins.walk_to_convert(lines)
    for channel in ("channel 000", "channel 077", "channel 199"):
        without = twins.walk_to_convert(lines, without=channel)
        assert effects[channel] == pytest.approx(1 - without / baseline, abs=1e-9)


def test_a_large_log_in_any_order_gives_the_same_bits():
    """Sums of many small credits are where thread counts and row order would show first."""
    pick = random.Random(7)  # noqa: S311
    log = [
        Row(
            customer=f"c{pick.randrange(700)}",
            time=NEW_YEAR + pick.randrange(2000) * HALF_DAY // 10,
            channel=pick.choice([*CHANNELS, None]),
            conversion=pick.random() < 0.2,
            value=pick.randrange(1_000_000),
        )
        for _ in range(6000)
    ]
    table = frame(log)
    shuffled = table.iloc[pick.sample(range(len(log)), len(log))]
    for model in ("linear", "time_decay", "markov", "shapley"):
        found = [
            jl.attribution.credit(touches(which), model, lookback="7d").table for which in (table, shuffled)
        ]
        pd.testing.assert_frame_equal(*found, check_exact=True)


@law
@given(logs(), OPTIONS, st.integers(0, 4), st.booleans())
def test_the_most_frequent_paths_are_the_first_rows_and_the_others_are_all_in_one(
    log: list[Row], options: dict[str, Any], n: int, by_fold: bool
) -> None:
    table = jl.journeys.paths(touches(log), by_fold=by_fold, **options)
    whole, top = table.table, jl.journeys.top(table, n).table
    listed = top[top["path"] != "(other)"]
    assert listed["path"].tolist() == [" > ".join(path) or NO_TOUCH for path in whole["path"][:n]]
    for name in ("journeys", "conversions", "value", "nulls", "open"):
        assert listed[name].tolist() == whole[name][:n].tolist()
        assert top[name].sum() == pytest.approx(whole[name].sum())
