"""The demo shop knows what its customers felt and why they wrote: what is read from their words must agree.

Some wordings of the demo were known when the lexicon was written: for real reviews see docs/voice.md.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from shops import made, truth, with_known_people

import journey_lib as jl

pytestmark = pytest.mark.slow
TOPICS = Path(__file__).parents[1] / "data" / "demo" / "maps" / "topics.yaml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The demo shop's year at half its size, as a workspace."""
    found = made(tmp_path_factory.mktemp("voice"), 30_000)
    with_known_people(found.folder)
    (found.folder / "maps").mkdir()
    (found.folder / "maps" / "topics.yaml").write_bytes(TOPICS.read_bytes())
    found.ws = jl.open(found.folder)
    found.answers, found.calls = jl.voice.surveys(found.ws), jl.voice.tickets(found.ws)
    return found


def remarks(shop: SimpleNamespace) -> pd.DataFrame:
    """Comments of surveys with what is true of them."""
    known = truth(shop, "comments.csv").set_index("id")
    said = shop.answers[shop.answers["comment"].notna()].set_index("survey_id")
    return said.join(known, how="inner").rename(columns={"comment": "text"})


def test_praise_and_complaint_are_what_the_writer_felt(shop: SimpleNamespace) -> None:
    comments = remarks(shop)
    label = np.select(
        [comments["sentiment"] > 0, comments["sentiment"] < 0], ["positive", "negative"], "neutral"
    )
    polar = comments.assign(label=label)[label != "neutral"]
    said = jl.voice.by_lexicon(polar)
    quality = jl.voice.assess(said.assign(predicted=said["predicted"].replace("neutral", None))).facts
    assert quality["right_when_deciding"] > 0.95
    assert quality["coverage"] > 0.75


def test_the_language_is_that_of_the_writer(shop: SimpleNamespace) -> None:
    """One word such as "ok" has no language; beyond those, 97 in 100 are right, marks or no marks."""
    comments = remarks(shop)
    found = comments["text"].map(jl.voice.language)
    assert (found == "unknown").mean() < 0.05
    known = found != "unknown"
    assert (found == comments["language"])[known].mean() > 0.97


def test_a_model_of_the_shops_own_comments_beats_the_commonest_label(shop: SimpleNamespace) -> None:
    answers = jl.voice.held_out(jl.voice.rated(shop.answers))
    quality = jl.voice.assess(answers).facts
    assert quality["macro_f1_low"] > 0.75
    assert quality["macro_f1_majority"] < 0.5


def test_themes_of_a_touchpoint_are_those_it_is_written_about(shop: SimpleNamespace) -> None:
    """Of the texts in which a theme of a touchpoint stands, one true theme is the commonest in most."""
    comments = remarks(shop)
    true = comments["themes"].str.split(":").str[0]
    found = jl.voice.themes(comments, by="touchpoint", k=5).table
    assert len(found) > 30
    normal, pure = comments["text"].map(jl.voice.normalise), []
    for row in found[found["found"]].itertuples():
        texts = normal.str.contains(row.term, regex=False)
        about = true[texts & (comments["touchpoint"] == row.touchpoint)]
        pure.append(about.value_counts(normalize=True).iloc[0])
    assert np.mean(pure) > 0.7, np.mean(pure)
    call = found[found["touchpoint"] == "cc_hotline"]
    assert set(call["term"]) & {"tổng đài", "bắt máy", "máy", "giải quyết", "chờ máy"}


def test_the_months_of_the_slow_call_centre_show(shop: SimpleNamespace) -> None:
    """The fault of 1 May to 30 June: half of the callers wait for hours, in all other months for minutes."""
    found = jl.voice.pain(
        shop.calls, topics=jl.voice.topics(shop.ws), as_of="2025-12-31", by=("channel", "month")
    ).table
    call = found[found["channel"] == "call_centre"].set_index("month")
    bad = call.index.month.isin([5, 6])
    assert len(call) == 12
    assert (call.loc[bad, "response_median_low"] > 1).all()
    assert (call.loc[~bad, "response_median_high"] < 0.5).all()
    assert call.loc[bad, "unanswered"].sum() > call.loc[~bad, "unanswered"].sum()


def test_satisfaction_ranks_touchpoints_as_the_truth_does(shop: SimpleNamespace) -> None:
    """Where 60 answers or more are there, means agree in rank with what the customers asked did feel."""
    felt = truth(shop, "surveys.parquet").set_index("survey_id")["felt"]
    asked = shop.answers[shop.answers["metric"] == "csat"].set_index("survey_id").join(felt)
    means = jl.voice.scores(shop.answers).table
    means = means[(means["metric"] == "csat") & (means["touchpoint"] != "(all)") & (means["answered"] >= 60)]
    true = asked.groupby("touchpoint")["felt"].mean().reindex(means["touchpoint"])
    assert len(means) >= 6
    ranks = np.corrcoef(means["mean"].rank(), true.rank().to_numpy())[0, 1]
    assert ranks > 0.75, ranks


def test_the_quality_of_stores_shows_in_their_scores(shop: SimpleNamespace) -> None:
    """The worst of the stores, by the truth, is the worst by its customers."""
    quality = truth(shop, "quality.csv").groupby("touchpoint")["quality"].mean()
    means = jl.voice.scores(shop.answers).table
    stores = means[
        (means["metric"] == "csat") & means["touchpoint"].str.startswith("store_") & (means["answered"] >= 20)
    ]
    assert len(stores) >= 3
    assert stores.set_index("touchpoint")["mean"].idxmin() == quality.reindex(stores["touchpoint"]).idxmin()


def test_who_complains_is_followed_and_those_with_too_little_time_are_waiting(shop: SimpleNamespace) -> None:
    found = jl.voice.after(
        shop.calls, jl.touches.load(shop.ws), topics=jl.voice.topics(shop.ws), as_of="2025-12-31"
    )
    whole = found.table.set_index(["topic", "outcome"]).loc[("(complaints)", "returned")]
    complained = shop.calls[shop.calls["topic"].isin(jl.voice.topics(shop.ws).complaints)]
    assert (
        whole["customers"] + whole["waiting"] == complained.dropna(subset=["customer"])["customer"].nunique()
    )
    assert whole["waiting"] > 0
    assert whole["low"] < whole["share"] < whole["high"]
