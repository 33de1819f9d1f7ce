"""What the page says and draws of comments and tickets is what their Results say, and of nobody alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import altair as alt
import pandas as pd
import pytest
import vl_convert

import journey_lib as jl
from journey_lib import charts_voice as charts
from journey_lib import findings_voice as findings
from journey_lib import i18n, sections_voice, theme, words_voice
from journey_lib.integrity import CAUSAL
from journey_lib.voice.load import Topics
from journey_lib.voice.tones import as_emotion

NAMES = {"web": "Website", "store": "<b>Store</b>", "late": "Late delivery"}
TOPICS = Topics(complaints=("late",), questions=("price",), reopened=("again",))


@pytest.fixture(autouse=True)
def dressed():
    theme.enable("report", currency="VND", language="en")


def asked(*groups: tuple[str, str, float, int]) -> pd.DataFrame:
    """(touchpoint, comment, score, how many customers say so)."""
    rows = [
        (f"{place}{text}{i}", place, "csat", score, text, pd.Timestamp("2025-03-01", tz="Asia/Ho_Chi_Minh"))
        for place, text, score, n in groups
        for i in range(n)
    ]
    columns = ["customer_id", "touchpoint", "metric", "score", "comment", "timestamp"]
    return pd.DataFrame(rows, columns=columns).assign(text=lambda f: f["comment"])


ASKED = asked(
    ("web", "trang rất chậm", 1, 12),
    ("web", "đẹp", 5, 20),
    ("web", "xyzzy", 4, 8),
    ("store", "nhân viên nhiệt tình", 5, 30),
)


def rows(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    return max(chart.to_dict()["datasets"].values(), key=len)


def test_tones_by_hand() -> None:
    """Of 40 comments on the website 12 complain, 20 praise, and of 8 nothing is said."""
    result = jl.voice.tones(ASKED)
    table = result.table.set_index("touchpoint")
    web = table.loc["web"]
    assert (web["texts"], web["negative"], web["positive"], web["neutral"], web["abstained"]) == (
        40,
        12,
        20,
        0,
        8,
    )
    assert web["negative_share"] == 0.3
    assert web["negative_low"] < 0.3 < web["negative_high"]
    assert web["decided"] == 32
    assert table.index.tolist() == ["(all)", "web", "store"]
    assert (table.loc["(all)", "texts"], table.loc["(all)", "abstained"]) == (70, 8)
    shares = table[[f"{name}_share" for name in ("negative", "neutral", "positive", "abstained")]]
    assert shares.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert result.facts["coverage"] == pytest.approx(62 / 70)
    assert len(jl.voice.tones(ASKED.head(0)).table) == 0


def test_what_buyers_write_at_the_moment_of_purchase_is_no_part_of_the_row_for_all() -> None:
    bought = asked(("purchase", "rất đẹp", 5, 90))
    both = jl.voice.tones(pd.concat([ASKED, bought], ignore_index=True))
    table = both.table.set_index("touchpoint")
    assert table.index.tolist() == ["(all)", "purchase", "web", "store"]
    pd.testing.assert_series_equal(
        table.loc["(all)"], jl.voice.tones(ASKED).table.iloc[0, 1:], check_names=False
    )
    assert (table.loc["purchase", "texts"], table.loc["purchase", "positive"]) == (90, 90)
    moments = as_emotion(both).set_index("touchpoint")["moment"].to_dict()
    assert moments == {"purchase": "purchase", "web": "contact", "store": "contact"}
    alone = jl.voice.tones(bought)
    assert alone.table["touchpoint"].tolist() == ["purchase"]
    assert "Nobody wrote" in findings.tones(alone)
    by_place = jl.voice.tones(bought.assign(at="purchase"), by="at").table
    assert by_place["at"].tolist() == ["(all)", "purchase"]  # a word of another column is no touchpoint
    chart = charts.tones(both.suppressed(10), {**NAMES, "purchase": "At the till"})
    assert "At the till" in {row["row"] for row in rows(chart)}


def test_comments_of_one_customer_are_no_more_evidence_than_their_customer() -> None:
    alone, often = ASKED, ASKED.assign(customer_id=ASKED["customer_id"].str.slice(0, -1))
    wide, narrow = (jl.voice.tones(each).table.set_index("touchpoint").loc["web"] for each in (often, alone))
    assert wide["negative_high"] - wide["negative_low"] > narrow["negative_high"] - narrow["negative_low"]


def test_words_stand_in_for_a_feeling_where_nobody_marked_anything() -> None:
    """Ratings come first; where there are none, what is read out of words counts, and says so."""
    read = as_emotion(jl.voice.tones(ASKED))
    assert set(read["metric"]) == {"text"}
    assert read.set_index("touchpoint").loc["web", "answered"] == 32
    found = jl.model.Result(
        "touchpoints",
        pd.DataFrame(
            {"touchpoint": ["web", "store"], "customers": 50, "stage": "a", "exits": 5, "over": 40,
             "drop_off": 0.1, "drop_low": 0.05, "drop_high": 0.2, "conversion_rate": 0.1}
        ),
    )  # fmt: skip
    marked = jl.voice.scores(ASKED[ASKED["touchpoint"] == "web"]).table
    stands = jl.touchpoints.factors(found, emotion=pd.concat([marked, read], ignore_index=True)).table
    assert stands.set_index("touchpoint")["emotion"].to_dict() == {"web": "csat", "store": "text"}


def test_the_chart_of_tones_says_what_the_table_says_and_needs_no_colour() -> None:
    chart = charts.tones(jl.voice.tones(ASKED).suppressed(10), NAMES, "2025")
    drawn = pd.DataFrame(rows(chart))
    web = drawn[drawn["row"] == "Website"].set_index("tone")["share"].to_dict()
    assert web == {"▼ complaint": 0.3, "■ both, or neither": 0, "▲ praise": 0.5, "? no verdict": 0.2}
    labels = {
        each["label"] for data in chart.to_dict()["datasets"].values() for each in data if "label" in each
    }
    assert {"▼ 30", "▲ 50", "? 20"} <= labels


def test_groups_under_the_threshold_are_in_no_chart() -> None:
    few = asked(("web", "đẹp", 5, 30), ("booth", "đẹp", 5, 4))
    chart = charts.tones(jl.voice.tones(few).suppressed(10), NAMES)
    assert "booth" not in str(chart.to_dict())
    assert "booth" not in str(charts.scores(jl.voice.scores(few).suppressed(10), NAMES).to_dict())


def tickets() -> pd.DataFrame:
    open_at = pd.Timestamp("2025-03-03 08:00", tz="Asia/Ho_Chi_Minh")
    lines = []
    for i in range(80):
        at = open_at + pd.DateOffset(months=i % 2)
        hours = 0.5 if i % 2 == 0 else 6
        answered = at + pd.Timedelta(hours=hours) if i % 8 else pd.NaT
        lines.append((f"t{i}", f"c{i}", at, "late" if i % 4 == 0 else "price", "phone", "care",
                      "again" if i % 10 == 0 else "closed", answered, answered))  # fmt: skip
    columns = ["ticket_id", "customer_id", "timestamp", "topic", "channel", "department", "status",
               "first_response_at", "resolved_at"]  # fmt: skip
    return pd.DataFrame(lines, columns=columns)


def by_month() -> jl.model.Result:
    found = jl.voice.pain(tickets(), topics=TOPICS, as_of="2025-12-31", by=("channel", "month"))
    return replace(found, table=found.table.rename(columns={"channel": "touchpoint"}))


def test_waits_are_written_into_their_months() -> None:
    chart = charts.waits(by_month(), {"phone": "Hotline"}, "2025")
    drawn = pd.DataFrame(rows(chart)).set_index("when")
    assert drawn["label"].to_dict() == {"03/2025": "30 min", "04/2025": "6.0 h"}
    said = findings.slowest(by_month(), {"phone": "Hotline"})
    assert "**Hotline** in 04/2025, half of 40 tickets" in said
    assert "**6.0 h**" in said


def test_sentences_say_the_numbers_and_claim_no_cause() -> None:
    whole = jl.voice.pain(tickets(), topics=TOPICS, as_of="2025-12-31")
    said = [
        findings.tones(jl.voice.tones(ASKED)),
        findings.pain(whole, "31 Dec 2025"),
        findings.agreement(jl.voice.assess(jl.voice.by_lexicon(jl.voice.rated(ASKED)))),
        findings.too_few(3, 40, 20),
        findings.unplaced(7),
        findings.themes(jl.voice.themes(jl.voice.rated(ASKED), by="label", k=5)),
        findings.after(followed(), known=True),
    ]
    assert "**70** comments of 70 customers" in said[0]
    assert "praise in **71%**" in said[0]
    assert "**80** tickets of 80 customers: **20** complain" in said[1]
    assert "**10** had no answer by 31 Dec 2025" in said[1]
    assert "8 were opened again" in said[1]
    assert "3 customers wrote beside a low score and 40 beside a high one" in said[3]
    assert "association" in said[6]
    assert not [each for each in said if CAUSAL.search(each)]
    with i18n.speaking("vi"):
        assert "mối liên hệ, không phải nguyên nhân" in findings.after(followed(), known=True)


def followed() -> jl.model.Result:
    line = {"share": 0.5, "low": 0.4, "high": 0.6, "matched": 90, "others": 900, "others_share": 0.3,
            "difference": 0.2, "difference_low": 0.1, "difference_high": 0.3, "waiting": 4}  # fmt: skip
    table = [
        {"topic": topic, "outcome": outcome, "customers": n, "happened": n // 2, **line}
        for topic, n in (("(complaints)", 90), ("(questions)", 200), ("late", 60), ("rude", 4))
        for outcome in ("converted", "returned")
    ]
    return jl.model.Result(
        "after", pd.DataFrame(table), {}, {"within": "60d"}, base="customers", people=("happened",)
    )


def test_who_came_back_stands_beside_the_others_and_few_stand_nowhere() -> None:
    chart = charts.after(followed().suppressed(10), NAMES, "2025")
    drawn = rows(chart)
    assert {each["row"] for each in drawn} == {"(any complaint)", "(questions only)", "Late delivery"}
    assert {each["others_share"] for each in drawn} == {0.3}
    assert "rude" not in str(chart.to_dict())


def test_where_few_came_back_the_chart_says_so_instead_of_a_share() -> None:
    few = followed()
    few = replace(few, table=few.table.assign(happened=4), tell={"happened": ("share", "low", "high")})
    chart = charts.after(few.suppressed(10), NAMES, "2025")
    labels = {each["label"] for each in rows(chart)}
    assert labels == {f"too few (n = {n})" for n in (60, 90, 200)}
    assert "nan" not in str(chart.to_dict()).casefold().replace("nanoseconds", "")


def test_what_is_empty_says_so() -> None:
    nothing = [
        charts.scores(jl.voice.scores(ASKED.head(0)), NAMES),
        charts.tones(jl.voice.tones(ASKED.head(0)), NAMES),
        charts.contrast(jl.voice.themes(jl.voice.rated(ASKED.head(0)), by="label")),
        charts.waits(replace(by_month(), table=by_month().table.head(0)), NAMES),
        charts.after(replace(followed(), table=followed().table.head(0)), NAMES),
    ]
    for chart in nothing:
        assert chart.to_dict()["usermeta"]["journey"]["empty"]
        assert len(chart.to_dict()["description"]) > 20
    assert "Nobody wrote" in findings.tones(jl.voice.tones(ASKED.head(0)))


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.001, "1 min"), (0.5, "30 min"), (1, "1.0 h"), (30, "30 h"), (72, "3.0 days"), (float("nan"), "–")],
)
def test_a_wait_is_spelt_in_its_own_unit(hours: float, said: str) -> None:
    assert words_voice.spell(hours) == said


def test_names_of_the_shop_go_before_ours() -> None:
    names = {"purchase": "Till", "web": "Web"}
    called = words_voice.called(pd.Series(["purchase", "(all)", "web", None]), names)
    assert called == ["Till", "(all)", "Web", ""]


def test_the_picture_of_low_and_high_scores_counts_the_comments_that_came_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 240 comments a score of 3 says neither; the words are of the 160 that came with low or high ones."""
    written = asked(("web", "chậm", 1, 80), ("web", "đẹp", 5, 80), ("web", "tạm", 3, 80))
    monkeypatch.setattr(sections_voice, "has", lambda *_: True)
    monkeypatch.setattr(sections_voice, "answered", lambda *_: written)
    monkeypatch.setattr(jl.voice, "lexicon", lambda *_: None)
    monkeypatch.setattr(sections_voice, "_judged", lambda *_: [])
    monkeypatch.setattr(jl.voice, "tones", lambda *_, **__: jl.voice.scores(written))
    monkeypatch.setattr(sections_voice.findings_voice, "tones", lambda *_: "")
    for chart in ("scores", "tones"):
        monkeypatch.setattr(sections_voice.charts_voice, chart, lambda *_: None)
    shown: list[Any] = []
    monkeypatch.setattr(sections_voice.charts_voice, "contrast", lambda *given: shown.append(given))
    run = SimpleNamespace(
        k=10,
        names={},
        workspace=None,
        scope=lambda _period, **counts: counts,
        **dict.fromkeys(("say", "show", "table"), lambda *_: None),
    )
    sections_voice.comments(run, None, {"period": None})  # type: ignore[arg-type]
    assert shown[0][1] == {"comments": 160, "customers": 160}


def test_without_surveys_and_tickets_each_part_is_one_sentence() -> None:
    told: list[str] = []
    run = SimpleNamespace(
        say=told.append,
        k=10,
        workspace=SimpleNamespace(sources=(), path=Path("nowhere")),
    )
    cut: dict[str, Any] = {"period": None, "conversion": None}
    assert sections_voice.comments(run, None, cut) == []  # type: ignore[arg-type]
    assert sections_voice.pains(run, None, cut) == []  # type: ignore[arg-type]
    assert sections_voice.after(run, None, cut) == []  # type: ignore[arg-type]
    assert len(told) == 3
    assert all(each.endswith(".") for each in told)


SPOTS = pd.DataFrame(
    {
        "pain": ["late", "late", "(slow answer)", "(low score)"],
        "by": ["city", "", "touchpoint", "touchpoint"],
        "place": ["Huế", "", "web", "store"],
        "first": pd.to_datetime(["2025-07-07", "2025-07-07", "2025-05-05", "2025-05-05"]),
        "last": pd.to_datetime(["2025-08-10", "2025-08-10", "2025-06-29", "2025-06-29"]),
        "rows": [24, 90, 40, 12],
        "customers": [22, 80, 38, 9],
        "cases": [8, 12, 20, 6],
        "share": [1 / 3, 2 / 15, 0.5, 0.5],
        "low": [0.18, 0.08, 0.35, 0.25],
        "high": [0.53, 0.22, 0.65, 0.75],
        "others_share": [0.02, 0.02, 0.02, 0.1],
        "own_share": [0.03, 0.02, 0.01, 0.1],
        "own_about": [0.05, 0.02, 0.01, 0.1],
        "same_time_share": [0.04, None, 0.1, 0.1],
        "chance": [0.001, 0.0005, 1e-9, 0.01],
        "found": True,
    }
)


SPOTS_OF_NONE = pd.DataFrame(columns=["timestamp", "customer_id", "pain", "happened"]).astype(
    {"timestamp": "datetime64[ns, UTC]"}
)


def test_pains_that_flare_up_are_told_by_place_with_their_base_and_few_people_not_at_all(capfd) -> None:
    tell = {"cases": jl.voice.hot_spots(SPOTS_OF_NONE).tell["cases"]}
    found = jl.model.Result("hot_spots", SPOTS, {}, {"k": 10}, base="customers", people=("cases",), tell=tell)
    result = jl.voice.discreet(found, 10)
    words = findings.hot_spots(result, NAMES)
    lines = words.splitlines()
    assert len(lines) == 2  # late once, by its place; the store has too few people
    assert lines[0].startswith("- **Slow first answer** (Website), 5 May 2025 to 29 Jun 2025: **50%** of 40")
    assert "Late delivery** (City: Huế)" in lines[1]
    assert (
        "fewer than 10 of 24 occasions of 22 customers, too few to be told; in other weeks about 5%"
        in lines[1]
    )
    chart = charts.hot_spots(result, NAMES, "2025")
    drawn = {row["row"] for row in rows(chart)}
    assert "Low score · <b>Store</b>" not in drawn
    assert "Late delivery · anywhere" in drawn
    marked = findings.hot_spots(result, {**NAMES, "late": "*Late* <b>", "Huế": "_Huế_"})
    assert r"\*Late\* &lt;b&gt;" in marked
    assert r"\_Huế\_" in marked
    shown = words_voice.worded(result, NAMES).table
    assert shown["hurt"].tolist()[:2] == ["fewer than 10 of 24", "13% (8%–22%)"]
    assert "24 occasions, fewer than 10 hurt" in str(chart.to_dict())
    # two scales that do not fit would be merged with a warning on the console of whoever opens the page
    vl_convert.vegalite_to_vega(chart.to_dict(), show_warnings=True)
    assert "".join(capfd.readouterr()) == ""
    nothing = jl.voice.hot_spots(SPOTS_OF_NONE)
    assert "No pain stands out" in findings.hot_spots(nothing, NAMES)
    assert charts.hot_spots(nothing, NAMES).to_dict()["title"]
