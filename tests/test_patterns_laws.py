"""Laws of path patterns on random patterns and random journeys, beside a matcher of a few lines of Python.

The twin tries every beginning and every way on from it, step by step, on lists of (name, time); a window is
looked at when a way through it is complete. It shares nothing with the product but the meaning of the words.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import twins
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tables import found_paths, frame, touches
from test_laws import CHANNELS, NEW_YEAR, law, logs
from test_patterns_spec import Written, journeys
from twins import DAY, Row

import journey_lib as jl
from journey_lib.errors import JourneyError, ParameterError
from journey_lib.touches import Bucket

NAMES = ("ad", "end", "paid search", "store")
HOUR = DAY // 24
ENDINGS = {"conversion": {"conversion"}, "end": {"end"}, "$": {"conversion", "end", "open"}}

often = hypothesis_settings(law, max_examples=max(law.max_examples, 100))

# --- The twin -----------------------------------------------------------------------------------------------
# A pattern is a nested tuple: ("step", wanted names), ("ending", word), ("row", parts), ("choice", parts),
# ("times", part, least, most), ("within", part, hours). `text` writes it, `ways` follows it.

Steps = list[tuple[str, int]]


def ways(node: tuple, steps: Steps, at: int) -> set[int]:
    """Where one can stand after the part, having begun before step `at`."""
    kind, what, *rest = node
    if kind in {"step", "ending"}:
        wanted = what if kind == "step" else {f"={ending}" for ending in ENDINGS[what]}
        return {at + 1} if at < len(steps) and steps[at][0] in wanted else set()
    if kind == "row":
        places = {at}
        for part in what:
            places = {end for place in places for end in ways(part, steps, place)}
        return places
    if kind == "choice":
        return {end for part in what for end in ways(part, steps, at)}
    if kind == "times":
        least, most, *_ = rest
        turns, places, found = 0, {at}, set()
        while places and turns <= (len(steps) + least if most is None else most):
            found |= places if turns >= least else set()
            places = {end for place in places for end in ways(what, steps, place)}
            turns += 1
        return found
    (hours,) = rest
    return {
        end for end in ways(what, steps, at) if end == at or steps[end - 1][1] - steps[at][1] <= hours * HOUR
    }


def follows(body: tuple, anchored: bool, steps: Steps, ending: str, end: int) -> bool:
    whole = [*steps, (f"={ending}", end)]
    begins = [0] if anchored else range(len(whole) + 1)
    return any(ways(body, whole, at) for at in begins)


# --- Random patterns and journeys ---------------------------------------------------------------------------

named = st.sampled_from(NAMES).map(lambda name: ("step", frozenset({name}), "name"))
classes = st.tuples(st.frozensets(st.sampled_from(NAMES), min_size=1), st.booleans()).map(
    lambda chosen: (
        ("step", frozenset(NAMES) - chosen[0], "but") if chosen[1] else ("step", chosen[0], "any of")
    )
)
dots = st.just(("step", frozenset(NAMES), "."))
single = st.one_of(named, named, classes, dots)
between = st.just(("times", ("step", frozenset(NAMES), "."), 0, None, "..."))
COUNTS = [(0, None), (1, None), (0, 1), (2, 2), (2, None), (1, 3), (0, 2)]


@st.composite
def rows_of(draw: st.DrawFn, depth: int, windows: bool) -> tuple:
    """A row of elements, maybe with a window; below it there is no other window then."""
    hours = draw(st.sampled_from([None, 0, 12, 36, 72])) if windows else None
    parts = draw(st.lists(elements(depth, windows and hours is None), min_size=1, max_size=3))
    row = ("row", tuple(parts))
    return row if hours is None else ("within", row, hours)


def elements(depth: int, windows: bool) -> st.SearchStrategy[tuple]:
    simple = st.one_of(single, single, between)
    if not depth:
        return simple
    group = rows_of(depth - 1, windows)
    item = st.one_of(single, group)
    return st.one_of(
        simple,
        group,
        st.lists(item, min_size=2, max_size=3).map(lambda parts: ("choice", tuple(parts))),
        st.tuples(item, st.sampled_from(COUNTS)).map(lambda drawn: ("times", drawn[0], *drawn[1])),
    )


@st.composite
def patterns(draw: st.DrawFn, windows: bool = True) -> tuple[tuple, bool]:
    """A pattern's body and whether it begins with the journey."""
    body = draw(rows_of(2, windows))
    ending = draw(st.sampled_from([None, None, "conversion", "end", "$"]))
    if ending:
        last = ("ending", ending)
        inside = body[0] == "within" and draw(st.booleans())
        body = ("within", ("row", (*body[1][1], last)), body[2]) if inside else ("row", (body, last))
    return body, draw(st.booleans())


def text(node: tuple, pick: random.Random, top: bool = False) -> str:
    """The pattern as someone might write it: bare or quoted names, blanks or none."""
    kind, what, *rest = node
    gap = pick.choice(["", " "])
    if kind == "step":
        return step_text(what, rest[0], pick)
    if kind == "ending":
        return what
    if kind == "choice":
        return f"{gap}|{gap}".join(text(part, pick) for part in what)
    if kind == "times":
        least, most, *dots = rest
        short = {(0, None): "*", (1, None): "+", (0, 1): "?", (2, 2): "{2}"}
        count = f"{{{least},{'' if most is None else most}}}"
        return dots[0] if dots else f"{text(what, pick)}{gap}{short.get((least, most), count)}"
    if kind == "row":
        inside = f"{gap}->{gap}".join(text(part, pick) for part in what)
    else:
        inside = f"{text(what, pick, top=True)} within {rest[0]}h"
    return inside if top else f"({inside})"


def step_text(names: frozenset[str], style: str, pick: random.Random) -> str:
    shown = sorted(set(NAMES) - names if style == "but" else names)
    pick.shuffle(shown)
    inside = pick.choice(["|", " | "]).join(name_text(name, pick) for name in shown)
    return {"name": inside, "but": f"[^{inside}]", "any of": f"[{inside}]", ".": "."}[style]


def name_text(name: str, pick: random.Random) -> str:
    quoted = name in {"end", "paid search"} or pick.random() < 0.3
    return pick.choice([f'"{name}"', f"'{name}'"]) if quoted else name


def whole_text(body: tuple, anchored: bool, seed: int = 0) -> str:
    pick = random.Random(seed)  # noqa: S311
    begins = pick.choice(["^", "^ ", "^ -> ", "start -> "]) if anchored else ""
    if body[0] == "row" and body[1] and body[1][-1][0] == "ending":
        return f"{begins}{text(body[1][0], pick)} -> {body[1][1][1]}"
    return begins + text(body, pick, top=True)


@st.composite
def walks(draw: st.DrawFn) -> Written:
    """A journey of up to eight steps on a grid of six hours: ties, repeats, no steps at all."""
    steps = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3)), max_size=8))
    now, timed = 0, []
    for name, gap in steps:
        now += gap * gap * 6 * HOUR
        timed.append((name, now))
    ending = draw(st.sampled_from(["conversion", "end", "open"]))
    return Written(tuple(timed), ending, now + draw(st.integers(0, 6)) * 6 * HOUR)


many = st.lists(walks(), max_size=30)


def matched(pattern: str, lines: list[Written]) -> list[bool]:
    return jl.journeys.matching(journeys(lines, NAMES), jl.journeys.pattern(pattern, NAMES)).tolist()


def matched_or_none(pattern: str, lines: list[Written]) -> list[bool] | None:
    """What matches; None where repeats of repeats made the pattern too long."""
    try:
        return matched(pattern, lines)
    except JourneyError as error:
        if "more than 60 steps" not in str(error):
            raise
        return None


# --- The laws -----------------------------------------------------------------------------------------------


@often
@given(patterns(), many, st.integers(0, 9))
def test_a_pattern_matches_what_the_twin_says(drawn, lines, seed):
    body, anchored = drawn
    written = whole_text(body, anchored, seed)
    found = matched_or_none(written, lines)
    assume(found is not None)
    assert found == [follows(body, anchored, list(one.steps), one.ending, one.end) for one in lines], written


@law
@given(patterns(), patterns(), many)
def test_a_choice_is_either_and_its_order_does_not_matter(one, other, lines):
    a, b = (f"({whole_text(body, False)})" for body, _ in (one, other))
    either = matched(f"{a}|{b}", lines)
    assert either == matched(f"{b}|{a}", lines)
    assert either == [x or y for x, y in zip(matched(a, lines), matched(b, lines), strict=True)]


@law
@given(st.frozensets(st.sampled_from(NAMES), min_size=1), many)
def test_a_class_with_a_caret_is_the_complement(names, lines):
    listed = "|".join(f'"{name}"' for name in sorted(names))
    anywhere, nowhere = matched(f"[{listed}]", lines), matched(f"start -> [^{listed}]* -> $", lines)
    assert anywhere == [not other for other in nowhere]


@law
@given(patterns(), many)
def test_other_ways_to_write_it_say_the_same(drawn, lines):
    body, anchored = drawn
    written = whole_text(body, anchored)
    asked = f"({whole_text(body, False)})"
    if not anchored:
        assert matched(f"start -> ... -> {asked}", lines) == matched(written, lines)
    assert matched(f"start -> ... -> {asked}", lines) == matched(asked, lines)
    if "'ending'" not in repr(body):  # nothing follows an ending, so it does not repeat
        for one, same in (
            (f"{asked}{{2}}", f"{asked} -> {asked}"),
            (f"{asked}{{1,2}}", f"{asked} -> {asked}?"),
            (f"^{asked}+ $", f"^ {asked} -> {asked}* -> $"),
        ):
            assert matched_or_none(one, lines) == matched_or_none(same, lines)


@law
@given(patterns(windows=False), many)
def test_a_longer_window_never_matches_less_and_a_very_long_one_matches_all(drawn, lines):
    asked = f"({whole_text(drawn[0], False)})"
    found = [matched(f"{asked} within {length}", lines) for length in ("0d", "1d", "3d", "99999999999w")]
    for shorter, longer in itertools.pairwise(found):
        assert all(y or not x for x, y in zip(shorter, longer, strict=True))
    assert found[-1] == matched(asked, lines)


@law
@given(patterns(), many, st.randoms(use_true_random=False))
def test_a_journey_matches_whoever_stands_beside_it(drawn, lines, pick):
    written = whole_text(*drawn)
    found = matched_or_none(written, lines)
    assume(found is not None)
    order = list(range(len(lines)))
    pick.shuffle(order)
    again = matched(written, [lines[number] for number in order])
    assert again == [found[number] for number in order]


SCRAPS = ["ad", "store", "->", "(", ")", "[", "]", "|", "*", "{2}", "{", "^", "$", ".", "..."]
SCRAPS += ["within", " 7d", "start", "conversion", "end", '"', "'", "-", " ", "\n", "\u0323"]


@often
@given(st.lists(st.sampled_from(SCRAPS), max_size=10).map("".join))
def test_any_text_is_a_pattern_or_a_mistake_with_a_mark_under_it(text):
    try:
        jl.journeys.pattern(text, NAMES)
    except ParameterError as error:
        _, shown, pointed = error.what.split("\n")
        assert len(shown) == len(text) + 4
        assert 4 < len(pointed) <= len(text) + 5


# --- From the log to the result -----------------------------------------------------------------------------

ANY = ("step", frozenset(CHANNELS))
EMAIL = ("step", frozenset({"email"}))
ASKED = {
    "email": (EMAIL, False),
    "start -> .{2}": (("times", ANY, 2, 2), True),
    "email -> ... -> Zalo|ads within 2d": (
        ("within", ("row", (EMAIL, ("times", ANY, 0, None), ("step", frozenset({"Zalo", "ads"})))), 48),
        False,
    ),
    "email -> conversion": (("row", (EMAIL, ("ending", "conversion"))), False),
}
# So that every name is known to every log.
EVERYONE = [Row(f"other {name}", NEW_YEAR, name, False) for name in CHANNELS]


def twin_matches(journey: twins.Journey, pattern: str) -> bool:
    body, anchored = ASKED[pattern]
    ending = "conversion" if journey.converted else "open" if journey.open else "end"
    steps = [(channel, time) for time, channel in journey.touches]
    return follows(body, anchored, steps, ending, journey.end)


@pytest.mark.parametrize("pattern", ASKED)
@law
@given(log=logs(), days=st.sampled_from([None, 1, 4]), pick=st.randoms(use_true_random=False))
def test_rows_count_what_the_twin_counts_whatever_the_order_of_the_log(pattern, log, days, pick):
    log = log + EVERYONE
    lookback = days and f"{days}d"
    result = jl.journeys.follow(touches(log), pattern, lookback=lookback)
    cut = twins.cut(log, days and days * DAY)
    for name, wanted in (("matching", True), ("not matching", False)):
        group = [journey for journey in cut if twin_matches(journey, pattern) is wanted]
        row = result.table.set_index("group").loc[name]
        assert row[["journeys", "customers", "conversions", "over", "value"]].tolist() == [
            len(group),
            len({journey.customer for journey in group}),
            sum(journey.converted for journey in group),
            sum(not journey.open for journey in group),
            sum(journey.value for journey in group),
        ]
    assert result.table["journeys"].sum() == result.facts["journeys"] == len(cut)
    assert result.facts["customers"] == len({journey.customer for journey in cut})
    pick.shuffle(log)
    again = jl.journeys.follow(touches(log), pattern, lookback=lookback)
    assert again.table.equals(result.table)
    assert dict(again.facts) == pytest.approx(dict(result.facts), nan_ok=True, abs=0)


@pytest.mark.parametrize("pattern", ASKED)
@law
@given(log=logs(), days=st.sampled_from([None, 1, 4]))
def test_chosen_are_the_customers_the_twin_chooses_with_all_their_journeys(pattern, log, days):
    log = log + EVERYONE
    lookback = days and f"{days}d"
    cut = twins.cut(log, days and days * DAY)
    people = {journey.customer for journey in cut if twin_matches(journey, pattern)}
    try:
        kept = jl.journeys.chosen(touches(log), pattern, lookback=lookback)
    except JourneyError:
        assert not people
        return
    assert (kept.customers, kept.rows) == (len(people), sum(row.customer in people for row in log))
    expected = twins.count_paths([journey for journey in cut if journey.customer in people])
    assert sorted(found_paths(jl.journeys.paths(kept, lookback=lookback))) == sorted(expected)


def _part(bucket: Bucket, first: int, last: int) -> Bucket:
    inside = (bucket.customer >= first) & (bucket.customer < last)
    return Bucket(*(column[inside] for column in vars(bucket).values()))


@law
@given(log=logs(), cuts=st.lists(st.integers(0, 10), max_size=3))
def test_the_number_of_buckets_changes_nothing(log: list[Row], cuts: list[int]):
    log = log + EVERYONE
    table = touches(frame(log))
    bucket = table.buckets[0]()
    edges = [0, *sorted(cuts), table.customers]
    parts = [partial(_part, bucket, first, last) for first, last in itertools.pairwise(edges)]
    split = replace(table, buckets=tuple(parts))
    asked: dict[str, Any] = {"lookback": "4d", "repeats": "collapse"}
    one, other = (jl.journeys.follow(each, "email -> ...", **asked) for each in (table, split))
    assert one.table.equals(other.table)
    assert dict(one.facts) == pytest.approx(dict(other.facts), nan_ok=True, abs=0)
    kept = [jl.journeys.chosen(each, "email|direct", **asked) for each in (table, split)]
    assert (kept[0].customers, kept[0].rows) == (kept[1].customers, kept[1].rows)
    assert all(len(load()) for load in kept[1].buckets)  # nobody's are not even read
    rows = [np.concatenate([load().customer for load in each.buckets]) for each in kept]
    assert np.array_equal(*rows)
