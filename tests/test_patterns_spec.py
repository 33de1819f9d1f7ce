"""What a path pattern matches, one idea per test, as small tables of journeys.

A journey is written `ad > email > store = conversion`: its steps, a day apart unless `@` says how many days
after the first, and how it ended: `conversion`, `end` (over without one) or `open`. Nothing said: `end`. The
ending stands at the moment of the last step unless it has an `@` of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from tables import cells
from twins import DAY

import journey_lib as jl
from journey_lib.errors import ParameterError
from journey_lib.journeys import Journeys

NAMES = ("ad", "call", "email", "end", "paid search", "store", "điện thoại")


class Written(NamedTuple):
    """A journey as tests write it: names and times of its steps, how and when it ended."""

    steps: tuple[tuple[str, int], ...]
    ending: str
    end: int


def written(text: str) -> Written:
    path, _, ending = (part.strip() for part in text.partition("="))
    steps: list[tuple[str, int]] = []
    for number, step in enumerate(path.split(">") if path else []):
        name, _, day = step.strip().partition("@")
        steps.append((name, round(float(day or number) * DAY)))
    ending, _, day = (ending or "end").partition("@")
    return Written(tuple(steps), ending, round(float(day) * DAY) if day else steps[-1][1] if steps else 0)


def journeys(lines: list[Written], names: tuple[str, ...] = NAMES) -> Journeys:
    """Journeys as `cut` lays them out, each of a customer of its own."""
    lengths = [len(line.steps) for line in lines]
    return Journeys(
        offsets=np.cumsum([0, *lengths]),
        channel=np.array([names.index(name) for line in lines for name, _ in line.steps], np.int16),
        time=np.array([time for line in lines for _, time in line.steps], np.int64),
        converted=np.array([line.ending == "conversion" for line in lines], bool),
        open=np.array([line.ending == "open" for line in lines], bool),
        value=np.zeros(len(lines), np.int64),
        end=np.array([line.end for line in lines], np.int64),
        customer=np.arange(len(lines)),
        seen=sum(lengths),
    )


def check(pattern: str, table: str) -> None:
    """The pattern matches the journeys that say yes, and no others."""
    lines = cells(table)
    found = jl.journeys.matching(
        journeys([written(line["journey"]) for line in lines]), jl.journeys.pattern(pattern, NAMES)
    )
    expected = {line["journey"]: line["matches"] for line in lines}
    assert dict(zip(expected, np.where(found, "yes", "no").tolist(), strict=True)) == expected


# --- Steps --------------------------------------------------------------------------------------------------


def test_a_name_matches_a_journey_that_has_such_a_step_anywhere():
    check(
        "email",
        """
        journey             | matches
        email               | yes
        ad > email > store  | yes
        ad > store          | no
                            | no
        """,
    )


def test_an_arrow_means_directly_after():
    check(
        "ad -> store",
        """
        journey                 | matches
        ad > store              | yes
        email > ad > store > ad | yes
        ad > ad > store         | yes
        ad > email > store      | no
        store > ad              | no
        """,
    )


def test_dots_stand_for_any_steps_between_or_none():
    check(
        "ad -> ... -> store",
        """
        journey                   | matches
        ad > store                | yes
        ad > email > call > store | yes
        store > ad                | no
        """,
    )


def test_one_dot_is_exactly_one_step_of_any_name():
    check(
        "ad -> . -> store",
        """
        journey                   | matches
        ad > email > store        | yes
        ad > ad > store           | yes
        ad > store                | no
        ad > email > call > store | no
        """,
    )


@pytest.mark.parametrize("pattern", ["ad|email -> store", "[ad|email] -> store", "email | ad->store"])
def test_a_bar_is_a_choice_and_binds_closer_than_an_arrow(pattern):
    check(
        pattern,
        """
        journey       | matches
        ad > store    | yes
        email > store | yes
        call > store  | no
        """,
    )


def test_a_choice_may_be_between_whole_groups():
    check(
        "start -> (ad -> store)|(email -> call) -> $",
        """
        journey      | matches
        ad > store   | yes
        email > call | yes
        ad > call    | no
        """,
    )


def test_a_class_with_a_caret_is_any_step_but_these():
    check(
        "ad -> [^call|email]* -> store",
        """
        journey                 | matches
        ad > store              | yes
        ad > ad > end > store   | yes
        ad > call > store       | no
        ad > call > ad > store  | yes
        """,
    )


def test_names_with_blanks_and_reserved_words_are_quoted():
    check(
        """start -> "paid search" -> 'end' -> điện thoại""".replace("điện thoại", '"điện thoại"'),
        """
        journey                        | matches
        paid search > end > điện thoại | yes
        paid search > điện thoại       | no
        """,
    )


def test_a_quote_within_a_quoted_name_is_written_twice():
    names = ('the "best" ad', "it's")
    found = journeys([written('the "best" ad > it\'s')], names)
    for pattern in ('"the ""best"" ad" -> it\'s', "'the \"best\" ad' -> 'it''s'"):
        assert jl.journeys.matching(found, jl.journeys.pattern(pattern, names)).tolist() == [True]


def test_names_may_hold_dashes_and_slashes_and_stand_close_to_an_arrow():
    names = ("cross-network", "google/cpc")
    found = journeys([written("google/cpc > cross-network")], names)
    wanted = jl.journeys.pattern("google/cpc->cross-network", names)
    assert jl.journeys.matching(found, wanted).tolist() == [True]


def test_a_name_typed_with_separate_accents_is_the_same_name():
    decomposed = "đi\u1ec7n tho\u1ea1i".replace("\u1ec7", "e\u0323\u0302").replace("\u1ea1", "a\u0323")
    check(f'"{decomposed}"', "journey | matches\nđiện thoại | yes\nad | no")


# --- How often ----------------------------------------------------------------------------------------------

LENGTHS = """
    journey                 | none or more | one or more | at most one | two | two or more | one to three
    ad > store              | yes          | no          | yes         | no  | no          | no
    ad > x > store          | yes          | yes         | yes         | no  | no          | yes
    ad > x > x > store      | yes          | yes         | no          | yes | yes         | yes
    ad > x > x > x > store  | yes          | yes         | no          | no  | yes         | yes
    ad > x > x > x > x > store | yes       | yes         | no          | no  | yes         | no
    """


@pytest.mark.parametrize(
    ("quantifier", "heading"),
    [
        ("*", "none or more"),
        ("+", "one or more"),
        ("?", "at most one"),
        ("{2}", "two"),
        ("{2,}", "two or more"),
        ("{1,3}", "one to three"),
        ("{0,}", "none or more"),
        ("{ 1, 3 }", "one to three"),
    ],
)
def test_quantifiers_say_how_often_an_element_comes(quantifier, heading):
    lines = [f"{line['journey'].replace('x', 'email')} | {line[heading]}" for line in cells(LENGTHS)]
    check(f"ad -> email{quantifier} -> store", "\n".join(["journey | matches", *lines]))


def test_a_group_repeats_as_a_whole():
    check(
        "start -> (ad -> email){2} -> $",
        """
        journey                 | matches
        ad > email > ad > email | yes
        ad > ad > email > email | no
        ad > email              | no
        """,
    )


def test_what_may_be_skipped_altogether_matches_every_journey():
    for pattern in ("ad*", "ad?", "...", "start", "^", "(ad -> store)*", "ad* within 1d"):
        check(pattern, "journey | matches\ncall | yes\n | yes\nad > store = open | yes")


# --- Where a journey begins and ends ------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["start -> ad", "^ ad", "^ -> ad", "^ad"])
def test_a_pattern_may_begin_with_the_journey(pattern):
    check(pattern, "journey | matches\nad > store | yes\nstore > ad | no\n | no")


@pytest.mark.parametrize("pattern", ["store -> $", "store $", "store$"])
def test_a_pattern_may_end_with_the_journey_however_that_ended(pattern):
    check(
        pattern,
        """
        journey                 | matches
        ad > store = conversion | yes
        ad > store = end        | yes
        ad > store = open       | yes
        store > ad              | no
        """,
    )


def test_conversion_and_end_are_the_two_ways_a_journey_is_over():
    endings = """
        journey                 | conversion | end
        ad > store = conversion | yes        | no
        ad > store = end        | no         | yes
        ad > store = open       | no         | no
        store > ad = conversion | no         | no
        """
    for ending in ("conversion", "end"):
        lines = [f"{line['journey']} | {line[ending]}" for line in cells(endings)]
        check(f"store -> {ending}", "\n".join(["journey | matches", *lines]))


def test_a_choice_of_endings_leaves_open_journeys_out():
    check(
        "ad -> conversion|end",
        "journey | matches\nad = conversion | yes\nad = end | yes\nad = open | no",
    )


def test_a_conversion_without_a_touch_is_a_journey_of_no_steps():
    check(
        "start -> conversion",
        "journey | matches\n= conversion | yes\nad = conversion | no\n = end | no",
    )


def test_no_step_is_an_ending():
    check("ad -> .", "journey | matches\nad = conversion | no\nad > ad = conversion | yes")
    check("ad -> [^ad]", "journey | matches\nad = conversion | no\nad > call = conversion | yes")


# --- Windows ------------------------------------------------------------------------------------------------


def test_within_bounds_the_time_from_the_first_matched_step_to_the_last():
    check(
        "ad -> ... -> store within 7d",
        """
        journey                        | matches
        ad@0 > store@7                 | yes
        ad@0 > store@7.01              | no
        ad@0 > ad@3 > call > store@9   | yes
        ad@0 > store@8 > ad@9          | no
        ad@0 > call@1 > store@8        | no
        email@0 > ad@30 > store@31     | yes
        """,
    )


def test_of_several_ways_to_reach_a_step_the_one_with_most_time_left_counts():
    check(
        "ad+ -> store within 2d",
        """
        journey                          | matches
        ad@0 > ad@2 > ad@3 > store@4     | yes
        ad@0 > ad@1 > store@4            | no
        """,
    )
    check(
        "start -> ad -> [ad|email]+ -> store within 2d",
        "journey | matches\nad@0 > ad@1 > email@2 > store@3 | no\nad@1 > ad@1 > email@2 > store@3 | yes",
    )


def test_a_window_of_nothing_asks_for_the_same_instant():
    check("ad -> store within 0d", "journey | matches\nad@1 > store@1 | yes\nad@1 > store@1.01 | no")


def test_within_in_a_group_bounds_that_group_only():
    check(
        "(ad -> ... -> email within 2d) -> ... -> store",
        """
        journey                              | matches
        ad@0 > email@2 > store@40            | yes
        ad@0 > email@3 > store@4             | no
        ad@0 > ad@2 > email@3 > store@40     | yes
        """,
    )


def test_every_turn_of_a_repeated_group_has_a_window_of_its_own():
    check(
        "start -> (ad -> email within 1d)+ -> $",
        """
        journey                                | matches
        ad@0 > email@1 > ad@9 > email@10       | yes
        ad@0 > email@1 > ad@9 > email@11       | no
        """,
    )
    check(
        "start -> ((ad -> email)+ within 1d) -> $",
        "journey | matches\nad@0 > email@0.5 > ad@0.6 > email@1 | yes\nad@0 > email@1 > ad@9 > email@10 | no",
    )


def test_the_ending_stands_at_the_moment_of_the_conversion():
    check(
        "ad -> ... -> conversion within 7d",
        """
        journey                   | matches
        ad@0 = conversion@7       | yes
        ad@0 = conversion@8       | no
        ad@0 > call@5 = conversion@8 | no
        ad@0 > ad@2 = conversion@8 | yes
        """,
    )


def test_an_ending_outside_the_group_is_outside_its_window():
    check(
        "(ad -> ... -> store within 2d) -> conversion",
        """
        journey                              | matches
        ad@0 > store@2 = conversion@9        | yes
        ad@0 > store@3 = conversion@3        | no
        """,
    )
    check(
        "ad -> ... -> (call -> conversion within 1d)",
        """
        journey                                | matches
        ad@0 > call@20 = conversion@21         | yes
        ad@0 > call@20 = conversion@22         | no
        """,
    )


def test_the_beginning_has_no_moment_so_a_window_starts_with_the_first_step():
    check("start -> ad -> store within 1d", "journey | matches\nad@5 > store@6 | yes\nad@5 > store@7 | no")


# --- The manual ---------------------------------------------------------------------------------------------

MANUAL = (Path(__file__).parents[1] / "docs" / "patterns.md").read_text("utf-8")
EXAMPLES = re.findall(r"^\| [^|`]+ \| `(.+)` \| `(.+)` \| `(.+)` \|$", MANUAL, flags=re.MULTILINE)


@pytest.mark.parametrize(("pattern", "matches", "other"), EXAMPLES, ids=str)
def test_the_examples_of_the_manual_match_what_it_says(pattern, matches, other):
    check(pattern.replace("\\|", "|"), f"journey | matches\n{matches} | yes\n{other} | no")


def test_the_manual_has_eight_examples():
    assert len(EXAMPLES) == 8


# --- Mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        ("‸Ad", "there is no step 'Ad'"),
        ("ad -> ‸emial -> store", "there is no step 'emial'"),
        ("ad -> [call|‸stor]", "there is no step 'stor'"),
        ('"điện thoại" -> ‸x', "there is no step 'x'"),
        ("‸paid search -> ad", "there is no step 'paid'"),
        ("ad ‸store", "two steps without ->"),
        ("ad ‸> store", "two steps without ->"),
        ("ad -> ‸", "the pattern ends where a step should be"),
        ("‸", "the pattern ends where a step should be"),
        ("ad -> ‸-> store", "-> stands where a step should be"),
        ("‸(ad -> store", "this ( has no partner"),
        ("ad -> store‸)", "this ) has no partner"),
        ("(‸)", ") stands where a step should be"),
        ("‸[ad|call", "this [ has no partner"),
        ("‸[ad call]", "this [ has no partner"),
        ("[‸]", "] stands where a step should be"),
        ('‸"ad', 'this " has no partner'),
        ("ad‸{2", "this { has no partner"),
        ("ad‸}", "this } has no partner"),
        ("ad‸{12345}", "{12345} is not a number of times"),
        ("[‸within]", "`within` bounds the time"),
        ("ad‸{x}", "{x} is not a number of times"),
        ("ad‸{,3}", "{,3} is not a number of times"),
        ("ad‸{3,2}", "{3,2} cannot be"),
        ("ad‸{0}", "{0} cannot be"),
        ("ad*‸+", "two quantifiers"),
        ("‸* -> ad", "* stands where a step should be"),
        ("...‸+", "`...` is already any number"),
        ("ad|call‸*", "it is not clear what is repeated"),
        ("ad‸*|call", "it is not clear what is repeated"),
        ("start ‸ad", "`start` is followed by ->"),
        ("ad -> ‸start", "`start` begins the pattern"),
        ("ad -> ‸^call", "^ stands where a step should be"),
        ("[‸conversion]", "`conversion` stands for the journey's ending"),
        ("end -> ‸ad", "nothing follows the journey's ending"),
        ("(‸ad -> conversion)+", "nothing follows the journey's ending"),
        ("ad ‸within", "'' is not a duration"),
        ("ad ‸within 7", "'7' is not a duration"),
        ("ad -> ‸within 7d", "`within` stands where a step should be"),
        ("ad within 7d ‸-> call", "`within` ends a group or the pattern"),
        ("(ad -> call within 2d) -> ad ‸within 7d", "a window within a window"),
        ("‸ad{61}", "more than 60 steps"),
        ("(" * 30 + "‸(ad)" + ")" * 30, "more than 30 groups"),
    ],
    ids=str,
)
def test_a_mistake_is_shown_in_the_pattern_with_a_mark_under_it(marked, said):
    pattern, column = marked.replace("‸", ""), marked.index("‸")
    with pytest.raises(ParameterError) as caught:
        jl.journeys.pattern(pattern, NAMES)
    what, shown, pointed = caught.value.what.splitlines()
    assert what.startswith(said)
    assert (shown, pointed) == (f"    {pattern}", f"    {' ' * column}^")
    assert caught.value.do


def test_the_mark_stands_right_under_letters_of_several_signs_and_broken_lines():
    with pytest.raises(ParameterError) as caught:
        jl.journeys.pattern('"đie\u0323\u0302n thoa\u0323i" ->\n x', NAMES)
    _, shown, pointed = caught.value.what.splitlines()
    assert "\n" not in shown
    assert pointed == "    " + " " * len('"điện thoại" ->  ') + "^"


def test_a_name_with_blanks_is_offered_in_quotes():
    with pytest.raises(ParameterError, match='"paid search"'):
        jl.journeys.pattern("ad -> paid search", NAMES)


def test_the_nearest_name_is_suggested():
    with pytest.raises(ParameterError, match="Did you mean 'email'"):
        jl.journeys.pattern("ad -> emial", NAMES)


@pytest.mark.parametrize("pattern", [None, 7, ["ad"]])
def test_a_pattern_is_text(pattern):
    with pytest.raises(ParameterError, match="not a pattern"):
        jl.journeys.pattern(pattern, NAMES)


def test_a_pattern_of_another_table_is_refused():
    with pytest.raises(ParameterError, match="knows 2 names"):
        jl.journeys.matching(journeys([written("email")]), jl.journeys.pattern("ad", ("ad", "call")))


def test_the_largest_pattern_still_counts_right():
    found = journeys([written(" > ".join(["ad"] * count)) for count in (59, 60, 61)])
    wanted = jl.journeys.pattern("start -> ad{60} -> $", NAMES)
    assert jl.journeys.matching(found, wanted).tolist() == [False, True, False]
