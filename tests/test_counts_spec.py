"""What pages count need not be the same: journeys by channel, by touchpoint and by stage, told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from babel.messages.pofile import read_po
from hypothesis import assume, given
from placed import MODEL
from tables import rows, touches
from test_laws import OPTIONS, law, logs, twin_journeys
from twins import Row

import journey_lib as jl
from journey_lib import findings, findings_journeys, i18n, integrity
from journey_lib.touches import Bucket

CATALOGUE = Path(i18n.__file__).parent / "locale" / "vi" / "LC_MESSAGES" / "journey_lib.po"
# Of the names in a log: these have a touchpoint and no channel, these a channel and no touchpoint.
NO_CHANNEL, NO_TOUCHPOINT = {"basket", "b2"}, {"outdoor", "direct"}


@pytest.fixture(autouse=True)
def _in_english() -> None:
    i18n.speak("en")


def half_named(log: Iterable[Row] | str) -> Any:
    """The touch table of a log of which some names are no channel, and some no touchpoint."""
    table = touches(log)
    names = np.array([*table.channels, ""])
    channel = np.where(np.isin(names, [*NO_CHANNEL, ""]), -1, np.arange(len(names)))
    touchpoint = np.where(np.isin(names, [*NO_TOUCHPOINT, ""]), -1, np.arange(len(names)))

    def placed(read: Any) -> Bucket:
        bucket = read()
        return replace(bucket, channel=channel[bucket.channel], touchpoint=touchpoint[bucket.channel])

    buckets = tuple(partial(placed, read) for read in table.buckets)
    return replace(table, buckets=buckets, touchpoints=table.channels)


def counted(log: Iterable[Row] | str, **options: Any) -> dict[str, dict[str, Any]]:
    table = jl.journeys.by_steps(half_named(log), model=MODEL, **options).table
    return {row["by"]: row for row in table.to_dict("records")}


LOG = """
    who   | when        | channel | sale
    an    | 01-01 08:00 | email   |
    an    | 01-02 08:00 | basket  |
    an    | 01-03 08:00 |         | 100
    an    | 01-04 08:00 | basket  |
    binh  | 01-01 08:00 | basket  |
    chi   | 01-01 08:00 | outdoor |
    dung  | 01-01 08:00 | store   |
    """


def test_whoever_only_filled_a_basket_has_a_journey_by_touchpoint_and_none_by_channel() -> None:
    """An bought and filled another basket since, Bình one; Chi saw what is a channel and no touchpoint."""
    found = counted(LOG, lookback="30d")
    assert {by: row["journeys"] for by, row in found.items()} == {"channel": 3, "touchpoint": 4, "stage": 5}
    assert {by: row["conversions"] for by, row in found.items()} == dict.fromkeys(found, 1)
    at_touchpoints = found["touchpoint"]
    assert (at_touchpoints["without_channel"], at_touchpoints["channel_only"]) == (2, 1)
    assert (at_touchpoints["last_at"], at_touchpoints["last_there"]) == ("basket", 2)
    assert (found["stage"]["without_channel"], found["stage"]["channel_only"]) == (2, 0)


@law
@given(logs(), OPTIONS)
def test_journeys_by_another_kind_are_those_by_channel_and_what_is_told_of(
    log: list[Row], options: dict[str, Any]
) -> None:
    """Each kind is counted again from a log that holds its steps only, journey by journey."""
    assume(any(row.channel for row in log))
    found = counted(log, **options)
    kept = {"channel": NO_CHANNEL, "touchpoint": NO_TOUCHPOINT, "stage": set()}
    twins = {
        by: twin_journeys(
            [row._replace(channel=None if row.channel in gone else row.channel) for row in log],
            options | {"direct": "keep", "repeats": "keep", "max_touches": None},
        )
        for by, gone in kept.items()
        if by != "stage"  # a conversion is a stage of its own here, and every other row is one
    }
    whole = {j.customer for j in twins["channel"] if not j.converted}
    for by, journeys in twins.items():
        mine = {j.customer for j in journeys if not j.converted}
        won, still = sum(j.converted for j in journeys), sum(j.open for j in journeys)
        assert {
            name: found[by][name] for name in ("journeys", "customers", "conversions", "nulls", "open")
        } == {
            "journeys": len(journeys),
            "customers": len({j.customer for j in journeys}),
            "conversions": won,
            "nulls": len(journeys) - won - still,
            "open": still,
        }
        assert (found[by]["without_channel"], found[by]["channel_only"]) == (
            len(mine - whole),
            len(whole - mine),
        )
    bare = [j.customer for j in twins["channel"] if j.converted and not j.path]
    met = {row.customer for row in log if row.channel and row.channel not in NO_CHANNEL}
    facts = jl.journeys.by_steps(half_named(log), model=MODEL, **options).facts
    assert (facts["no_touch"], facts["never_touched"]) == (len(bare), sum(who not in met for who in bare))
    for row in found.values():
        channels = found["channel"]["journeys"]
        assert row["journeys"] == channels + row["without_channel"] - row["channel_only"]


def test_the_sentence_says_by_which_report_each_number_is_counted() -> None:
    many = [row._replace(customer=f"{row.customer} {number}") for number in range(12) for row in rows(LOG)]
    result = jl.journeys.by_steps(half_named(many), model=MODEL, lookback="30d")
    said = findings_journeys.by_steps(result, {"basket": "The basket"}, 10)
    assert said == (
        "By channel, as in the reports on journeys and on attribution, there are **36** journeys."
        " By touchpoint, as in the report on touchpoints, there are **48**: 24 more, which hold no step with"
        " a channel, and 12 fewer, which hold no step of this kind. The largest part of those without a"
        " channel was last at The basket (24 of 24). By stage, as where journeys turn back and on the journey"
        " map, there are **60**: 24 more, which hold no step with a channel."
    )


def test_of_few_people_no_more_is_said_than_that_they_are_few() -> None:
    result = jl.journeys.by_steps(half_named(LOG), model=MODEL, lookback="30d")
    said = findings_journeys.by_steps(result, {}, 10)
    assert "fewer than 10 more" in said
    assert "basket" not in said


def test_conversions_without_a_touch_in_the_lookback_are_told_from_those_of_strangers() -> None:
    """An was met a month before, Bình never: both bought without a touch in the week before."""
    log = """
        who   | when        | channel | sale
        an    | 01-01 08:00 | email   |
        an    | 02-03 08:00 |         | 100
        binh  | 01-01 08:00 |         | 50
        chi   | 01-01 08:00 | email   |
        """
    result = jl.journeys.by_steps(touches(log), lookback="7d")
    assert findings_journeys.untouched(result).startswith(
        "Of 2 conversions without a touch on a channel in the lookback, **1** are of customers of whom none"
    )
    assert findings_journeys.untouched(jl.journeys.by_steps(half_named(LOG), lookback="7d")) == ""


def test_nothing_is_said_where_all_count_alike() -> None:
    log = [row for row in rows(LOG) if row.channel in {"email", "store", None}]
    result = jl.journeys.by_steps(half_named(log), model=MODEL, lookback="30d")
    assert findings_journeys.by_steps(result, {}, 10) == ""


def test_two_pages_that_count_steps_say_whether_those_of_open_journeys_are_among_them() -> None:
    table = touches(LOG + "    an   | 01-04 09:00 | store   |\n    an   | 01-04 10:00 | store   |\n")
    with_open = jl.journeys.transitions(table, lookback="30d")
    without = jl.journeys.transitions(jl.journeys.paths(table, lookback="30d"))
    assert "Steps of journeys still open are counted too: 4." in findings.transitions(with_open, {})
    assert "Journeys still open are left out: 4." in findings.transitions(without, {})


def test_no_sentence_of_ours_reads_as_one_that_claims_a_cause_in_either_language() -> None:
    """A page looks through its own sentences; one that denies a cause must not be taken for a claim."""
    with CATALOGUE.open("rb") as file:
        said = {str(text) for m in read_po(file, locale="vi") for text in (m.id, m.string) if text}
    said = {re.sub(r"{\w+}", "…", text) for text in said}
    assert not {text for text in said if integrity.CAUSAL.search(text)}
