"""What other results say of stages, as cells: small tables in, entries with their evidence out."""

from __future__ import annotations

from typing import Any

import pandas as pd
from placed import MODEL, at_touchpoints
from sample_map import current, entries

from journey_lib import journey_map as maps

STAGES = ("see", "ask", "buy")


def table(text: str) -> pd.DataFrame:
    head, *rows = ([part.strip() for part in line.split("|")] for line in text.strip().splitlines())
    return pd.DataFrame([[_value(part) for part in row] for row in rows], columns=head)


def _value(part: str) -> Any:
    try:
        return float(part)
    except ValueError:
        return None if part == "-" else part


def said(cells: tuple[maps.Cell, ...]) -> list[tuple[str, str, str, float | None, int]]:
    return [
        (c.stage, c.lane, e.name, None if e.number is None else round(e.number.value, 4), e.evidence.n)
        for c in cells
        for e in c.entries
    ]


INVENTORY = table(
    """
    touchpoint | stage | touches | over | drop_off | drop_low | drop_high | effect | low | high | cost
    ad         | see   | 90      | 80   | .9       | .85      | .95       | .01    | -.1 | .02  | 300
    banner     | see   | 40      | 30   | .7       | .6       | .8        | .30    | .2  | .4   | -
    chat       | ask   | 20      | 20   | .5       | .4       | .6        | .25    | .1  | .4   | -
    call       | ask   | 20      | 20   | .5       | .3       | .7        | .20    | .1  | .3   | 100
    gone       | buy   | 0       | 0    | -        | -        | -         | -      | -   | -    | -
    """
).rename(columns={"effect": "removal_effect", "low": "effect_low", "high": "effect_high"})
INVENTORY["journeys"] = INVENTORY["over"]


def test_the_inventory_says_what_matters_where_journeys_end_and_what_it_costs() -> None:
    usual = pd.Series([0.84, 0.84, 0.45, 0.45, float("nan")])
    cells = maps.of_inventory(
        INVENTORY, STAGES, usual=usual, customers={"see": 100, "ask": 50}, currency="VND"
    )
    assert said(cells) == [
        ("see", "moments", "importance:banner", 0.3, 30),
        ("see", "pains", "exit:ad", 0.9, 80),
        ("see", "kpi", "cost_each", 3.0, 100),
        ("ask", "moments", "importance:chat", 0.25, 20),
        ("ask", "kpi", "cost_each", 2.0, 50),
    ]
    assert all(isinstance(e.evidence, maps.Measured) for c in cells for e in c.entries)


def test_targets_that_nobody_can_judge_do_not_count() -> None:
    targets = table(
        """
        touchpoint | state
        ad         | met
        banner     | missed
        chat       | unknown
        call       | open
        """
    )
    at = {"ad": "see", "banner": "see", "chat": "ask", "call": "ask"}
    found = maps.of_targets(targets, at, STAGES)
    assert said(found) == [("see", "kpi", "targets_met", 0.5, 2), ("ask", "kpi", "targets_met", 0.0, 1)]


def test_the_first_of_the_ranked_opportunities_of_a_stage_is_named_if_it_is_worth_anything_for_sure() -> None:
    ranked = table(
        """
        touchpoint | stage | rank | over | worth | low  | high
        chat       | ask   | 1    | 20   | 500   | 100  | 900
        ad         | see   | 2    | 80   | 90    | -10  | 190
        call       | ask   | 3    | 20   | 50    | 10   | 90
        """
    )
    found = maps.of_opportunities(ranked, STAGES, currency="VND")
    assert said(found) == [("ask", "opportunities", "missed:chat", 500.0, 20)]
    for owner, answers in (("care", "care"), ("care, it", ""), ("", "")):
        (cell,) = maps.of_opportunities(ranked.assign(owner=owner), STAGES, currency="VND")
        assert cell.entries[0].owner == answers  # where two answer for it, nobody does


def test_steps_lead_from_the_touchpoints_of_a_stage_to_others_the_commonest_first() -> None:
    moves = table(
        """
        from    | to           | journeys | of | share | low | high
        ad      | ad           | 50       | 80 | .6    | .5  | .7
        ad      | chat         | 20       | 80 | .25   | .2  | .3
        banner  | chat         | 10       | 30 | .33   | .2  | .5
        ad      | call         | 5        | 80 | .06   | 0   | .1
        chat    | (conversion) | 9        | 20 | .45   | .3  | .6
        """
    )
    at = {"ad": "see", "banner": "see", "chat": "ask", "call": "ask"}
    assert said(maps.of_steps(moves, at, STAGES)) == [
        ("see", "steps", "step:ad>chat", 0.25, 80),
        ("see", "steps", "step:banner>chat", 0.33, 30),
    ]


TOPICS = table(
    """
    stage | kind      | topic | tickets | customers | of | share | low | high | contacts | per_100
    buy   | complaint | (all) | 30      | 25        | 30 | 1     | .9  | 1    | 1000     | 3
    buy   | complaint | late  | 18      | 15        | 30 | .6    | .4  | .7   | 1000     | 1.8
    buy   | complaint | rude  | 12      | 9         | 30 | .4    | .3  | .6   | 1000     | 1.2
    ask   | question  | (all) | 40      | 40        | 40 | 1     | .9  | 1    | 0        | -
    ask   | question  | size  | 40      | 40        | 40 | 1     | .9  | 1    | 0        | -
    """
).assign(per_low=1.0, per_high=4.0)


def test_complaints_are_a_measured_rate_and_reported_topics_and_questions_are_expected_answers() -> None:
    words = {"late": {"vi": "Trễ", "en": "Late"}}
    cells = maps.of_topics(TOPICS, STAGES, words=words, source="help desk", k=10)
    assert said(cells) == [
        ("ask", "expectations", "size", None, 40),  # the only topic has no part to tell
        ("buy", "pains", "complaints", 3.0, 1000),
        ("buy", "pains", "late", 0.6, 30),  # the other one is of fewer than k customers
    ]
    (_asked, pains) = cells
    assert [e.evidence.level for e in pains.entries] == ["measured", "reported"]
    assert pains.entries[1].said("en") == "Late"


def test_first_answers_are_a_measure_and_those_that_never_came_a_pain() -> None:
    found = table(
        """
        stage|tickets|in_time|share|low|high|unanswered|unanswered_share|unanswered_low|unanswered_high
        ask  |100    |60     |.6   |.5 |.7  |5         |.05             |.02           |.1
        buy  |100    |90     |.9   |.8 |.95 |0         |0               |0             |.04
        see   | 4       | 4       | 1     | .4  | 1    | 0          | 0    | 0        | .6
        """
    )
    assert said(maps.of_answers(found, STAGES, k=10)) == [
        ("ask", "kpi", "first_response", 0.6, 100),
        ("ask", "pains", "unanswered", 0.05, 100),
        ("buy", "kpi", "first_response", 0.9, 100),
    ]


def test_a_touchpoint_rated_apart_from_all_answers_is_a_pain_or_a_gain() -> None:
    scores = table(
        """
        metric | touchpoint | customers | mean | low | high
        csat   | (all)      | 400       | 3.5  | 3.4 | 3.6
        csat   | chat       | 100       | 4.2  | 4.0 | 4.4
        csat   | call       | 100       | 2.8  | 2.5 | 3.1
        csat   | ad         | 100       | 3.4  | 3.1 | 3.7
        csat   | banner     | 5         | 1.0  | 1.0 | 1.2
        nps    | chat       | 100       | 2.0  | 1.0 | 3.0
        """
    )
    at = {"ad": "see", "banner": "see", "chat": "ask", "call": "ask"}
    found = maps.of_scores(scores, at, STAGES, scales={"csat": "CSAT"}, k=10)
    assert said(found) == [("ask", "pains", "felt:call", 2.8, 100), ("ask", "gains", "felt:chat", 4.2, 100)]


def test_words_stand_as_they_were_said_with_how_many_talk_of_the_like() -> None:
    found = table("stage | term | customers | verbatim | language\nask | chờ | 31 | Chờ lâu <b>quá</b> | vi")
    ((cell,)) = maps.of_words(found, STAGES, source="comments")
    (entry,) = cell.entries
    assert entry.text == {"vi": "“Chờ lâu <b>quá</b>”"}
    assert entry.evidence == maps.Reported(31, "comments: chờ")


def test_on_a_map_they_stand_before_what_people_wrote_and_figures_keep_their_targets() -> None:
    cells = maps.of_topics(TOPICS, STAGES, words={}, source="help desk", k=10)
    whole = current(cells=cells)
    assert [e.name for e in whole.at("buy", "pains").entries] == ["complaints", "late"]
    assert whole.at("buy", "pains").level == "measured"
    assert "late" in maps.to_frame(whole)["name"].tolist()
    assert maps.from_plain(maps.plain(whole)) == whole


def test_touchpoints_that_people_know_under_one_name_are_one_and_their_customers_count_once() -> None:
    log = """
        who  | when        | channel | sale
        an   | 01-01 08:00 | em_a    |
        an   | 01-02 08:00 | em_b    |
        binh | 01-01 08:00 | em_b    |
        chi  | 01-01 08:00 | sms     |
        """
    called = {"em_a": "newsletter", "em_b": "newsletter"}
    found = maps.stage_contacts(at_touchpoints(log), MODEL, called=called)
    told = found.table[found.table["what"] == "touchpoint"]
    assert told[["name", "customers", "of"]].to_numpy().tolist() == [["newsletter", 2, 3], ["sms", 1, 3]]
    assert found.facts == {"at_look": 3, "at_buy": 0, "contacts_look": 4, "contacts_buy": 0}


def test_customers_of_the_last_stage_are_told_where_few_of_them_came_by_the_stage_before() -> None:
    whole = current(k=2)
    assert entries(whole, "buy", "kpi")["reach"].number.value == 2
    assert "conversion" not in entries(whole, "buy", "kpi")
