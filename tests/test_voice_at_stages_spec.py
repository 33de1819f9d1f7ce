"""What hurts at each stage: rates beside a count by hand, peaks beside even months, answers in time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_laws import law

from journey_lib import journey_map as maps
from journey_lib import voice
from journey_lib.errors import DataError
from journey_lib.intervals import wilson
from journey_lib.voice.at_stages import poisson

TOPICS = voice.Topics(complaints=("late", "rude"), questions=("size",))
ZONE = "Asia/Ho_Chi_Minh"


def tickets(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    """Tickets from customer, day, topic and stage."""
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "topic", "stage"])
    times = pd.to_datetime(frame["timestamp"]).dt.tz_localize(ZONE)
    return frame.assign(ticket_id=[f"t{n}" for n in range(len(frame))], timestamp=times)


FEW = tickets(
    ("an", "2025-03-01", "late", "buy"),
    ("an", "2025-03-02", "late", "buy"),
    ("binh", "2025-03-03", "rude", "buy"),
    ("chi", "2025-03-04", "size", "ask"),
    ("chi", "2025-03-05", "late", None),
    ("dung", "2025-03-06", "weather", "ask"),
    ("dung", "2025-04-01", "late", "buy"),
)


def test_complaints_and_questions_of_a_stage_are_counted_by_topic_and_for_each_hundred_contacts() -> None:
    found = voice.topics_at(FEW, topics=TOPICS, contacts={"ask": 50, "buy": 30, "see": 9}, as_of="2025-03-31")
    told = found.table[["stage", "kind", "topic", "tickets", "customers", "of", "contacts", "per_100"]]
    assert told.to_dict("split")["data"] == [
        ["ask", "question", "(all)", 1, 1, 1, 50, 2.0],
        ["ask", "question", "size", 1, 1, 1, 50, 2.0],
        ["buy", "complaint", "(all)", 3, 2, 3, 30, 10.0],
        ["buy", "complaint", "late", 2, 1, 3, 30, pytest.approx(20 / 3)],
        ["buy", "complaint", "rude", 1, 1, 3, 30, pytest.approx(10 / 3)],
    ]
    assert found.facts == {"tickets": 6, "complaints": 4, "placeless": 1, "unsorted": 1}
    low, high = wilson(np.array(2), np.array(3))
    late = found.table.iloc[3]
    assert (late["share"], late["low"], late["high"]) == (2 / 3, low, high)


def test_tickets_without_contacts_have_no_rate_and_touchpoints_are_counted_alike() -> None:
    by_point = FEW.rename(columns={"stage": "touchpoint"})
    found = voice.topics_at(by_point, topics=TOPICS, contacts={"buy": 0}, as_of="2025-03-31", by="touchpoint")
    assert found.name == "touchpoint_topics"
    assert found.table["touchpoint"].unique().tolist() == ["buy"]
    assert found.table[["per_low", "per_high"]].isna().all().all()


def test_of_a_topic_of_few_customers_neither_count_nor_month_is_left_and_no_subtraction_brings_it_back() -> (
    None
):
    """Seven write "rude", in one month. All less the others would be seven, so the next smallest goes too."""
    days = pd.date_range("2025-01-01", "2025-12-31", periods=60).strftime("%Y-%m-%d")
    many = [(f"a{n}", day, "late", "buy") for n, day in enumerate(days)]
    some = [(f"b{n}", day, "torn", "buy") for n, day in enumerate(days[::5])]
    few = [(f"c{n}", f"2025-05-{n + 1:02}", "rude", "buy") for n in range(7)]
    topics = voice.Topics(complaints=("late", "rude", "torn"), questions=())
    found = voice.topics_at(
        tickets(*many, *some, *few), topics=topics, contacts={"buy": 500}, as_of="2025-12-31"
    )
    before = found.table.set_index("topic")
    assert before.loc["rude", ["peak", "peak_tickets"]].tolist() == [pd.Timestamp("2025-05-01"), 7]
    shown = found.suppressed(10).table.set_index("topic")
    assert shown["suppressed"].to_dict() == {"(all)": False, "late": False, "torn": True, "rude": True}
    assert shown.loc["rude", ["tickets", "customers", "share", "peak", "peak_tickets"]].isna().all()
    # in the row of all the month that stands out may be told, but not that seven more wrote in it than usual
    assert shown.loc["(all)", "tickets"] == 79
    counts = shown["peak_tickets"].dropna()
    assert (counts >= 10).all()


def test_a_month_of_fewer_than_k_tickets_stands_out_without_its_number() -> None:
    even = [(f"a{n}", f"2025-{1 + n % 12:02}-10", "late", "buy") for n in range(12)]
    crowd = [(f"b{n}", f"2025-09-{n + 1:02}", "late", "buy") for n in range(7)]
    found = voice.topics_at(
        tickets(*even, *crowd), topics=TOPICS, contacts={"buy": 100}, as_of="2025-12-31"
    ).suppressed(10)
    assert (found.table["peak"] == pd.Timestamp("2025-09-01")).all()
    assert found.table["tickets"].tolist() == [19, 19]
    assert found.table["peak_tickets"].isna().all()


@law
@given(st.integers(0, 60), st.integers(1, 500))
def test_the_interval_of_a_rate_leaves_two_and_a_half_in_a_hundred_on_either_side(events, contacts) -> None:
    """Garwood's limits: the rates at which so many, or so few, are that improbable, term by term."""
    low, high = (float(end) * contacts for end in poisson(np.array(events), np.array(contacts)))

    def at_most(n: int, mean: float) -> float:
        return sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(n + 1))

    assert at_most(events, high) == pytest.approx(0.025, rel=1e-6)
    if events:
        assert 1 - at_most(events - 1, low) == pytest.approx(0.025, rel=1e-6)
    else:
        assert low == 0


def test_a_month_stands_out_only_where_even_months_hardly_would_have_so_many() -> None:
    even = [
        ("c", f"2025-{month:02d}-{day:02d}", "rude", "buy") for month in range(1, 13) for day in (3, 17, 28)
    ]
    august = [(f"x{n}", f"2025-08-{n + 1:02d}", "late", "buy") for n in range(20)]
    spread = [(f"y{n}", f"2025-{n + 1:02d}-09", "late", "buy") for n in range(12)]
    found = voice.topics_at(
        tickets(*even, *august, *spread), topics=TOPICS, contacts={"buy": 1}, as_of="2025-12-31"
    ).table.set_index("topic")
    assert found.loc["late", "peak"] == pd.Timestamp("2025-08-01")
    assert found.loc["late", "peak_tickets"] == 21
    assert pd.isna(found.loc["rude", "peak"])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="no column 'stage'"):
        voice.topics_at(FEW.drop(columns="stage"), topics=TOPICS, contacts={}, as_of="2025-03-31")


def test_answers_count_as_in_time_only_where_the_time_is_up() -> None:
    rows = [
        ("ask", "2025-03-01 09:00", "2025-03-01 09:15"),  # just in time
        ("ask", "2025-03-01 09:00", "2025-03-01 09:16"),
        ("ask", "2025-03-01 09:00", None),
        ("ask", "2025-03-01 09:00", "2025-03-01 08:00"),  # answered before it was asked: left out
        ("ask", "2025-03-31 23:50", "2025-03-31 23:55"),  # nobody can know yet whether it was in time
        ("ask", "2025-03-31 20:00", "2025-04-02 09:00"),  # by then, not answered
        (None, "2025-03-01 09:00", None),
    ]
    frame = pd.DataFrame(rows, columns=["stage", "timestamp", "first_response_at"])
    for name in ("timestamp", "first_response_at"):
        frame[name] = pd.to_datetime(frame[name]).dt.tz_localize(ZONE)
    found = voice.answers_at(frame, within="15m", as_of="2025-03-31").table
    assert found[["stage", "tickets", "in_time", "unanswered"]].to_numpy().tolist() == [["ask", 4, 1, 2]]
    assert found["share"].tolist() == [0.25]
    assert found["unanswered_share"].tolist() == [0.5]


def test_of_comments_that_say_nearly_the_same_one_is_shown() -> None:
    said = {
        "ask": ["nhân viên tư vấn size rất nhiệt tình", "nhân viên tư vấn size rất nhiệt tình luôn"],
        "buy": ["shipper giao hàng trễ hẹn hai ngày", "giao hàng trễ mà không ai báo trước"],
    }
    rows = [
        {"customer_id": f"{stage}{n}", "text": texts[n % len(texts)], "stage": stage}
        for stage, texts in said.items()
        for n in range(60)
    ]
    found = voice.words_at(pd.DataFrame(rows), k=10, most=3).table
    shown = found.groupby("stage")["verbatim"].agg(list).to_dict()
    assert len(shown["ask"]) == 1
    assert set(shown["buy"]) == set(said["buy"])
    assert found["language"].unique().tolist() == ["vi"]
    assert found["found"].all()
    assert (found["customers"] >= 10).all()


def test_of_few_comments_nothing_is_quoted_and_of_no_tickets_nothing_is_counted() -> None:
    rows = [{"customer_id": f"c{n}", "text": "giao hàng trễ hẹn", "stage": "buy"} for n in range(4)]
    found = voice.words_at(pd.DataFrame(rows), k=10)
    assert found.table.empty
    assert {"stage", "term", "verbatim", "customers", "language"} <= set(found.table)
    assert maps.of_words(found.table, ("ask", "buy"), source="comments") == ()
    none = voice.topics_at(FEW.iloc[:0], topics=TOPICS, contacts={"buy": 3}, as_of="2025-03-31")
    assert none.table.empty
    assert maps.of_topics(none.table, ("ask", "buy"), words={}, source="help desk", k=1) == ()
    waits = voice.answers_at(FEW.iloc[:0].assign(first_response_at=FEW["timestamp"]), as_of="2025-03-31")
    assert maps.of_answers(waits.table, ("ask", "buy"), k=1) == ()
