"""Scores, tickets, what follows complaints, and themes: small tables in, expected tables out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from tables import cells, touches
from test_laws import law
from twins import Row

import journey_lib as jl
from journey_lib.errors import DataError, ParameterError
from journey_lib.intervals import difference, wilson
from journey_lib.voice.pain import waits
from journey_lib.voice.scores import nps_interval

ZONE = "Asia/Ho_Chi_Minh"


def moment(text: str) -> Any:
    return pd.Timestamp(f"2025-{text}", tz=ZONE) if text else pd.NaT


def asked(log: str) -> pd.DataFrame:
    table = pd.DataFrame(cells(log))
    return pd.DataFrame(
        {
            "timestamp": pd.Series([moment(text) for text in table["sent"]]),
            "customer_id": table["who"],
            "touchpoint": table["at"],
            "metric": table["metric"],
            "score": pd.to_numeric(table["score"], errors="coerce"),
            "comment": "",
        }
    )


SURVEYS = """
    sent        | who  | at       | metric | score
    01-05 08:00 | an   | web      | csat   | 5
    01-05 08:00 | binh | web      | csat   | 4
    01-06 08:00 | chi  | web      | csat   | 2
    01-07 08:00 | dung | web      | csat   |
    03-01 06:00 | an   | web      | csat   | 3
    01-05 08:00 | an   | store    | csat   |
    01-05 08:00 | an   | purchase | nps    | 10
    01-05 08:00 | binh | purchase | nps    | 9
    01-05 08:00 | chi  | purchase | nps    | 7
    01-05 08:00 | dung | purchase | nps    | 3
    01-05 08:00 | eve  | web      | nps    | 0
    """


def row(result: Any, **where: Any) -> Any:
    table = result.table
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, where
    return table.iloc[0]


def test_a_score_has_its_base_and_who_kept_silent() -> None:
    web = row(jl.voice.scores(asked(SURVEYS)), metric="csat", touchpoint="web")
    assert (web["sent"], web["answered"], web["customers"]) == (5, 4, 3)
    assert (web["response_rate"], web["share"], web["mean"]) == (0.8, 0.5, 3.5)
    low, high = wilson(np.array([4]), np.array([5]))
    assert (web["response_low"], web["response_high"]) == (low[0], high[0])


def test_what_nobody_answered_is_missing_and_not_zero() -> None:
    store = row(jl.voice.scores(asked(SURVEYS)), touchpoint="store")
    assert (store["sent"], store["answered"]) == (1, 0)
    assert store[["share", "share_low", "mean", "low"]].isna().all()


def test_the_moment_of_purchase_is_kept_apart_even_in_the_rows_of_all() -> None:
    found = jl.voice.scores(asked(SURVEYS))
    everywhere = found.table[(found.table["touchpoint"] == "(all)") & (found.table["metric"] == "nps")]
    assert everywhere.set_index("moment")["nps"].to_dict() == {"purchase": 25.0, "contact": -100.0}


def test_a_file_of_answers_only_does_not_know_the_response_rate() -> None:
    found = row(jl.voice.scores(asked(SURVEYS)), metric="nps", touchpoint="purchase")
    assert np.isnan(found["response_rate"])
    assert (found["answered"], found["share"]) == (4, 0.5)


def test_months_without_a_question_are_shown_and_months_are_local() -> None:
    """1 March at 6:00 in Hanoi is 28 February in London."""
    found = jl.voice.scores(asked(SURVEYS), by=("touchpoint", "month"))
    web = found.table[(found.table["touchpoint"] == "web") & (found.table["metric"] == "csat")]
    assert [f"{month:%m}" for month in web["month"]] == ["01", "02", "03"]
    assert web["answered"].tolist() == [3, 0, 1]
    assert np.isnan(web["share"].iloc[1])


def test_the_mean_has_students_interval_and_one_answer_or_one_opinion_has_none() -> None:
    lines = ["sent | who | at | metric | score"] + [
        f"01-05 08:00 | c{i} | web | ces | {s}" for i, s in enumerate((7, 5, 6, 2))
    ]
    found = row(jl.voice.scores(asked("\n".join(lines))), touchpoint="web")
    half = special.stdtrit(3, 0.975) * np.std([7, 5, 6, 2], ddof=1) / 2
    assert (found["low"], found["high"]) == pytest.approx((5 - half, 5 + half))
    assert found["share"] == 0.75
    for same in (lines[:2], [lines[0], lines[1], lines[1].replace("c0", "c9")]):
        alone = row(jl.voice.scores(asked("\n".join(same))), touchpoint="web")
        assert np.isnan(alone["low"])


def test_the_same_customers_asked_again_and_again_are_no_more_evidence() -> None:
    """Each of 20 customers says the same ten times: shares keep the width that 20 answers have."""
    scores = [5, 2] * 10
    once = ["sent | who | at | metric | score"] + [
        f"01-05 08:00 | c{i} | web | csat | {s}" for i, s in enumerate(scores)
    ]
    a = row(jl.voice.scores(asked("\n".join(once))), touchpoint="web")
    b = row(jl.voice.scores(asked("\n".join([once[0], *once[1:] * 10]))), touchpoint="web")
    assert (b["answered"], b["customers"]) == (200, 20)
    assert (b["share_low"], b["share_high"]) == pytest.approx((a["share_low"], a["share_high"]))
    assert b["high"] - b["low"] == pytest.approx(a["high"] - a["low"], rel=0.03)


def test_a_score_off_its_scale_and_an_unknown_metric_are_refused() -> None:
    with pytest.raises(DataError, match="1 to 5"):
        jl.voice.scores(asked(SURVEYS).assign(score=9))
    with pytest.raises(DataError, match="Did you mean 'csat'"):
        jl.voice.scores(asked(SURVEYS).assign(metric="csatt"))
    with pytest.raises(ParameterError):
        jl.voice.scores(asked(SURVEYS), by=())


def test_the_nps_interval_holds_what_it_promises() -> None:
    """At 15 and at 60 answers, for usual and for lopsided opinions, 19 samples in 20 or nearly so."""
    draw = np.random.default_rng(8)
    for n in (15, 60):
        for p, d in ((0.5, 0.2), (0.8, 0.05), (0.2, 0.6)):
            counts = draw.multinomial(n, (p, d, 1 - p - d), 2000)
            ends = np.array([nps_interval(promoters, detractors, n) for promoters, detractors, _ in counts])
            assert 0.93 <= ((ends[:, 0] <= p - d) & (p - d <= ends[:, 1])).mean() <= 0.985, (n, p, d)
    assert nps_interval(10, 0, 10)[0] < 1


# --- tickets ---

TICKETS = """
    id | who  | opened      | topic  | channel | answered    | done        | status
    1  | an   | 01-01 08:00 | late   | call    | 01-01 09:00 | 01-02 08:00 | closed
    2  | an   | 01-03 08:00 | late   | zalo    | 01-03 11:00 |             | again
    3  | binh | 01-03 08:00 | advice | zalo    | 01-03 10:00 | 01-03 10:00 | closed
    4  | chi  | 01-04 08:00 | other  | call    |             |             | new
    5  | dung | 01-09 08:00 | late   | call    | 01-09 09:00 |             | new
    """
TOPICS = jl.voice.Topics(complaints=("late",), questions=("advice",), reopened=("again",))


def opened(log: str = TICKETS, numbers: dict[str, int] | None = None) -> pd.DataFrame:
    table = pd.DataFrame(cells(log))
    times = {"timestamp": "opened", "first_response_at": "answered", "resolved_at": "done"}
    found = pd.DataFrame(
        {
            name: pd.Series([moment(text) for text in table[column]], dtype=f"datetime64[us, {ZONE}]")
            for name, column in times.items()
        }
    )
    found["customer"] = pd.array([(numbers or {}).get(who) for who in table["who"]], dtype="Int64")
    columns = {
        "ticket_id": "id",
        "customer_id": "who",
        "topic": "topic",
        "channel": "channel",
        "status": "status",
    }
    return found.assign(**{name: table[column] for name, column in columns.items()}, department="care")


def test_tickets_are_counted_as_of_a_day() -> None:
    found = jl.voice.pain(opened(), topics=TOPICS, as_of="2025-01-05")
    assert found.table["topic"].tolist() == ["(all)", "late", "advice", "other"]
    late = row(found, topic="late")
    assert (late["tickets"], late["customers"], late["complaints"], late["unresolved"]) == (2, 1, 2, 1)
    assert (late["reopened"], late["reopened_share"]) == (1, 0.5)
    whole = row(found, topic="(all)")
    assert (whole["complaints"], whole["questions"], whole["unsorted"], whole["unanswered"]) == (2, 1, 1, 1)
    assert found.facts["tickets"] == 4


@pytest.mark.parametrize("by", [("topic",), ("channel", "topic")])
def test_all_tickets_less_those_that_are_shown_are_never_few_people(by) -> None:
    """A total, and all parts but one: who can subtract knows that one, so a second part goes with it."""
    lines = ["id | who | opened | answered | done | topic | channel | status"]
    for topic, count in (("late", 40), ("rude", 12), ("torn", 7)):
        lines += [f"{topic}{n} | {topic}{n} | 01-03 08:00 | | | {topic} | phone | open" for n in range(count)]
    tickets = opened("\n".join(lines))
    topics = jl.voice.Topics(complaints=("late", "rude", "torn"))
    asked = {"topics": topics, "as_of": "2025-12-31"}
    whole = jl.voice.pain(tickets, by=by[:1] if len(by) > 1 else by, **asked).suppressed(10).table
    parts = jl.voice.pain(tickets, by=by, **asked).suppressed(10).table
    parts = parts[parts["topic"] != "(all)"].set_index("topic")["tickets"]
    assert parts.isna().to_dict() == {"late": False, "rude": True, "torn": True}
    assert whole["tickets"].max() - parts.sum() >= 10


def test_an_answer_after_that_day_has_not_come_yet() -> None:
    found = row(jl.voice.pain(opened(), topics=TOPICS, as_of="2025-01-01"), topic="late")
    assert (found["unanswered"], found["unresolved"]) == (0, 1)
    assert np.isnan(found["resolution_median"])


def test_without_a_declared_status_nothing_is_said_of_tickets_opened_again() -> None:
    topics = jl.voice.Topics(complaints=("late",))
    found = row(jl.voice.pain(opened(), topics=topics, as_of="2025-01-05"), topic="late")
    assert found[["reopened", "reopened_share"]].isna().all()


def test_a_ticket_answered_before_it_was_opened_tells_nothing_of_waiting() -> None:
    wrong = opened(TICKETS.replace("01-01 09:00", "01-01 07:00"))
    found = jl.voice.pain(wrong, topics=TOPICS, as_of="2025-01-05")
    assert found.facts["impossible_times"] == 1
    assert row(found, topic="late")["response_median"] == 3


def test_hours_until_half_have_an_answer_count_those_who_still_wait() -> None:
    """Waited 1, 2, 3 hours, and one still waiting since 10: half by hour 2, never nine in ten."""
    start = pd.Series([moment("01-01 00:00")] * 4)
    ended = pd.Series([moment("01-01 01:00"), moment("01-01 02:00"), moment("01-01 03:00"), pd.NaT])
    found = waits(start, ended, moment("01-01 10:00"))
    assert found["median"] == 2
    assert np.isnan(found["p90"])
    assert waits(start, ended.fillna(moment("01-01 09:00")), moment("01-01 10:00"))["p90"] == 9


@law
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=30))
def test_the_median_wait_is_that_of_the_product_formula(lines: list[tuple[int, bool]]) -> None:
    """A twin in plain Python, one time after the other; who leaves unserved was at risk until then."""
    day, end = moment("01-01 00:00"), moment("01-02 00:00")
    hours = [pd.Timedelta(hours=1 + took) for took, _ in lines]
    start = pd.Series([day if served else end - h for h, (_, served) in zip(hours, lines, strict=True)])
    ended = [day + h if served else pd.NaT for h, (_, served) in zip(hours, lines, strict=True)]
    left, expected = 1.0, float("nan")
    for time in sorted({1 + took for took, _ in lines}):
        at_risk = sum(1 + took >= time for took, _ in lines)
        left *= 1 - sum(1 + took == time and served for took, served in lines) / at_risk
        if np.isnan(expected) and 1 - left >= 0.5 - 1e-9:
            expected = time
    found = waits(start, pd.Series(ended, dtype=f"datetime64[us, {ZONE}]"), end)
    assert found["median"] == pytest.approx(expected, nan_ok=True)


# --- what follows ---

LOG = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   |
    an   | 01-20 08:00 |         | 10
    binh | 01-02 08:00 | email   |
    chi  | 01-05 08:00 | email   |
    chi  | 01-05 20:00 |         | 10
    dung | 01-06 08:00 | email   |
    dung | 01-16 08:00 | email   | 10
    eve  | 03-01 08:00 | email   |
    """


def followed(**more: Any) -> Any:
    tch = touches(LOG, timezone=ZONE)
    number = {name: i for i, name in enumerate(["an", "binh", "chi", "dung", "eve"])}
    tickets = """
    id | who  | opened      | topic  | channel | answered | done | status
    1  | an   | 01-10 08:00 | late   | call    |          |      | x
    2  | binh | 01-10 08:00 | advice | call    |          |      | x
    3  | gia  | 01-10 08:00 | late   | call    |          |      | x
    """
    more = {"topics": TOPICS, "as_of": "2025-03-01", "within": "30d"} | more
    return jl.voice.after(opened(tickets, number), tch, **more)


def test_who_comes_back_after_a_complaint_beside_those_without_a_ticket() -> None:
    """An buys ten days after; beside her Chi, who bought the same day only, and Dung, who came back."""
    found = followed()
    late = row(found, topic="late", outcome="converted")
    assert (late["customers"], late["happened"], late["others"], late["others_share"]) == (1, 1, 2, 0.5)
    expected = difference(np.array([1]), np.array([1]), np.array([1.0]), np.array([2.0]))
    shown = late[["difference", "difference_low", "difference_high"]].tolist()
    assert shown == pytest.approx([float(x[0]) for x in expected])
    assert row(found, topic="(questions)", outcome="converted")["happened"] == 0
    assert dict(found.facts) == {"tickets_without_touches": 1, "others": 2, "others_waiting": 1}


def test_who_was_not_watched_long_enough_is_waiting() -> None:
    late = row(followed(within="60d"), topic="late", outcome="converted")
    assert (late["customers"], late["waiting"]) == (0, 1)
    assert np.isnan(late["share"])


def test_months_count_as_they_do_among_the_complainers() -> None:
    """Two complain in January, one in March. Beside them 1 of 2 convert in January, 0 of 1 in March: 1/3."""
    log = (
        LOG.replace("eve  | 03-01", "eve  | 03-02")
        + """
    fay  | 03-05 08:00 | email   |
    gil  | 03-06 08:00 | email   |
    hoa  | 01-07 08:00 | email   |
    end  | 05-30 08:00 | email   |
    """
    )
    people = ["an", "binh", "chi", "dung", "eve", "fay", "gil", "hoa", "end"]  # as they appear
    number = {name: i for i, name in enumerate(people)}
    tickets = """
    id | who  | opened      | topic | channel | answered | done | status
    1  | an   | 01-10 08:00 | late  | call    |          |      | x
    2  | binh | 01-10 08:00 | late  | call    |          |      | x
    3  | fay  | 03-10 08:00 | late  | call    |          |      | x
    4  | gil  | 03-10 08:00 | other | call    |          |      | x
    5  | hoa  | 03-10 08:00 | other | call    |          |      | x
    """
    tch = touches("\n".join(line for line in log.splitlines() if line.strip()), timezone=ZONE)
    found = jl.voice.after(opened(tickets, number), tch, topics=TOPICS, as_of="2025-05-30", within="30d")
    late = row(found, topic="late", outcome="converted")
    assert (late["customers"], late["happened"], late["others"]) == (3, 1, 3)
    assert late["others_share"] == pytest.approx(2 / 3 * 1 / 2 + 1 / 3 * 0)
    size = 1 / ((2 / 3) ** 2 / 2 + (1 / 3) ** 2 / 1)
    expected = difference(np.array([1]), np.array([3]), np.array([size / 3]), np.array([size]))
    shown = late[["difference", "difference_low", "difference_high"]].tolist()
    assert shown == pytest.approx([float(x[0]) for x in expected])


def test_the_others_can_be_some_of_them() -> None:
    late = row(followed(among=[False, False, True, False, False]), topic="late", outcome="converted")
    assert (late["others"], late["others_share"]) == (1, 0)
    with pytest.raises(ParameterError, match="not about the customers"):
        followed(among=[True])
    with pytest.raises(ParameterError, match="no longer"):
        followed(within="1d")


@law
@given(st.integers(0, 40), st.integers(0, 40))
def test_a_row_counts_when_it_lies_after_the_first_day_and_within_the_window(first: int, length: int) -> None:
    """One customer with a ticket on day 10 and a touch `first` days later."""
    from journey_lib.model import MICROSECONDS

    day = MICROSECONDS["d"]
    base = 1_735_689_600_000_000
    log = [
        Row("an", base, "email", False, None, ""),
        Row("an", base + (10 + first) * day, "email", False, None, ""),
    ]
    log += [Row("zoe", base + 200 * day, "email", False, None, "")]
    ticket = opened(
        """
    id | who  | opened      | topic  | channel | answered | done | status
    1  | an   | 01-11 00:00 | late   | call    |          |      | x
    """,
        {"an": 0},
    )
    found = jl.voice.after(
        ticket, touches(log, timezone=ZONE), topics=TOPICS, as_of="2025-07-01", within=f"{length + 2}d"
    )
    assert row(found, topic="late", outcome="returned")["happened"] == int(1 < first <= length + 2)


# --- themes ---


def comments(*lines: tuple[str, str, int]) -> pd.DataFrame:
    """(group, text, how many customers say it)."""
    made = [(group, text, f"{group}{text}{i}") for group, text, n in lines for i in range(n)]
    return pd.DataFrame(made, columns=["at", "text", "customer_id"])


def test_themes_are_words_that_one_group_uses_more() -> None:
    found = jl.voice.themes(
        comments(
            ("web", "trang web chậm", 30), ("store", "nhân viên nhiệt tình", 30), ("store", "trang trí", 2)
        ),
        by="at",
    )
    table = found.table
    assert table.loc[table["at"] == "store", "term"].str.contains("nhiệt tình|nhân viên").any()
    assert (table["z"] > 0).all()
    assert table["found"].all()
    for line in table.itertuples():
        assert line.term in line.verbatim
        assert line.customers == 30
        assert line.low < line.log_odds < line.high


def test_log_odds_by_hand() -> None:
    """Two words, one customer a text: "chậm" 12 of 16 in web and 2 of 22 in store."""
    table = comments(("web", "chậm", 12), ("web", "nhanh", 4), ("store", "chậm", 2), ("store", "nhanh", 20))
    found = row(jl.voice.themes(table, by="at", k=1), at="web", term="chậm")
    prior = 200 * 14 / 38
    odds = np.log((12 + prior) / (16 + 200 - 12 - prior)) - np.log((2 + prior) / (22 + 200 - 2 - prior))
    assert found["log_odds"] == pytest.approx(odds)
    assert found["z"] == pytest.approx(odds / np.sqrt(1 / (12 + prior) + 1 / (2 + prior)))
    assert found["weight"] == pytest.approx(12 / 16 * np.log(1 + (38 / 2) / 14))
    assert (found["share"], found["others_share"]) == (12 / 16, 2 / 22)


def test_a_customer_counts_once_for_a_word_and_unmarked_words_are_the_marked_ones() -> None:
    table = comments(("web", "giao chậm", 10), ("web", "giao cham", 5), ("store", "đẹp", 15))
    table.loc[table["at"] == "web", "customer_id"] = [f"c{i % 5}" for i in range(15)]
    found = jl.voice.themes(table, by="at", k=5).table
    web = found[found["at"] == "web"]
    assert web["term"].tolist() == ["giao chậm"]
    assert (web["texts"].iloc[0], web["customers"].iloc[0]) == (15, 5)


def test_what_few_say_is_not_named_and_few_are_not_described() -> None:
    table = comments(("web", "chậm", 9), ("web", "nhanh", 12), ("app", "lag", 5), ("store", "đẹp", 20))
    found = jl.voice.themes(table, by="at", k=10)
    assert set(found.table["term"]) == {"nhanh", "đẹp"}
    assert (found.facts["small_groups"], found.facts["rare_words"]) == (1, 1)


def test_themes_name_nobody() -> None:
    table = comments(("web", "chị Hương giao chậm, gọi 0912345678", 12), ("store", "đẹp", 12))
    found = jl.voice.themes(table, by="at").table
    said = " ".join([*found["term"], *found["verbatim"]])
    assert "hương" not in said.lower()
    assert "0912" not in said
    assert len(jl.voice.themes(table.head(0), by="at").table) == 0


def test_whoever_refused_contact_counts_and_is_never_quoted() -> None:
    table = comments(("web", "giao hàng chậm quá", 12), ("web", "giao chậm", 8), ("store", "đẹp", 12))
    open_to_all = jl.voice.themes(table, by="at").table
    refusing = table.assign(opt_out=table["text"].isin(["giao hàng chậm quá", "đẹp"]))
    found = jl.voice.themes(refusing, by="at").table
    numbers = [name for name in found if name != "verbatim"]
    pd.testing.assert_frame_equal(found[numbers], open_to_all[numbers])
    assert "giao hàng chậm quá" in set(open_to_all["verbatim"])
    assert set(found.loc[found["at"] == "web", "verbatim"]) <= {"giao chậm", ""}
    assert set(found.loc[found["at"] == "store", "verbatim"]) == {""}
