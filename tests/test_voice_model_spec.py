"""The model that learns from rated comments: how it is judged, who is held out, what can take its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import journey_lib as jl
from journey_lib.errors import DataError
from journey_lib.intervals import wilson
from journey_lib.voice import classifier
from journey_lib.voice.held_out import assess, confusion, disagreements, held_out, rated
from journey_lib.voice.text import bare

GOOD = ["hàng đẹp", "giao nhanh lắm", "tư vấn nhiệt tình", "vải mềm, sẽ mua lại", "rất thích áo này"]
BAD = ["hàng xấu", "giao chậm quá", "tư vấn cộc cằn", "vải thô, không mua lại", "thất vọng về áo này"]


def surveys(size: int = 200) -> pd.DataFrame:
    """Comments of people who mean what they mark; everybody writes twice."""
    lines = []
    for i in range(size):
        good = i % 2 == 0
        text = (GOOD if good else BAD)[i // 2 % 5]
        lines.append((f"c{i // 4}-{good}", "csat", 5 if good else 1, text, "web"))
    return pd.DataFrame(lines, columns=["customer_id", "metric", "score", "comment", "touchpoint"])


def test_the_score_is_the_label() -> None:
    table = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d", "e", "f", "g", "h"],
            "metric": ["csat", "csat", "csat", "nps", "nps", "nps", "ces", "csat"],
            "score": [2, 3, 4, 6, 8, 9, 7, None],
            "comment": ["x"] * 8,
            "touchpoint": "t",
        }
    )
    assert rated(table)["label"].tolist() == ["negative", "positive", "negative", "positive"]
    labels = ["negative", "neutral", "positive", "negative", "neutral", "positive"]
    assert rated(table, classes=3)["label"].tolist() == labels


def test_empty_comments_teach_nothing() -> None:
    table = surveys(4).assign(comment=["a", " ", None, "b"])
    assert len(rated(table)) == 2


def test_all_comments_of_a_customer_are_held_out_together_whatever_the_order_of_rows() -> None:
    comments = rated(surveys())
    answers = held_out(comments)
    pairs = answers[["customer_id", "fold"]].drop_duplicates()
    assert pairs["customer_id"].is_unique
    assert answers.groupby(["fold", "label"]).size().min() >= 10
    turned = held_out(comments.sample(frac=1, random_state=3)).loc[comments.index]
    assert (turned["fold"] == answers["fold"]).all()
    assert np.allclose(turned["chance_positive"], answers["chance_positive"], atol=1e-4)


def test_what_is_easy_is_learnt_and_without_marks_as_well() -> None:
    comments = rated(surveys())
    model = jl.voice.WordModel().fit(comments["text"].tolist(), comments["label"].tolist())
    for how in (str, bare, str.upper, lambda text: unicodedata.normalize("NFD", text)):
        chance = model.predict_proba([how(text) for text in GOOD + BAD])
        assert (chance[:, 1] > 0.5).tolist() == [True] * 5 + [False] * 5
    short, long = model.predict_proba(["vai tho, ko mua lai", "vai tho, khong mua lai"])
    assert (short == long).all()
    assert "thất vọng" in model.strongest("negative") or "xấu" in model.strongest("negative")
    assert np.allclose(model.predict_proba(["", "qwerty"]).sum(axis=1), 1)


def test_the_same_comments_give_the_same_model_and_decomposed_letters_the_same_chances() -> None:
    comments = rated(surveys())
    lists = comments["text"].tolist(), comments["label"].tolist()
    one, other = (jl.voice.WordModel().fit(*lists) for _ in range(2))
    assert (one.weights == other.weights).all()
    apart = [unicodedata.normalize("NFD", text) for text in lists[0]]
    assert (one.predict_proba(apart) == one.predict_proba(lists[0])).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_the_regression_is_at_the_bottom_of_what_it_minimises(classes: int) -> None:
    """Against the loss written out in plain Python, a row of weights for each class: no step goes lower.

    The penalty is the same for two classes as for three, though two are learnt as one row of weights.
    """
    draw = np.random.default_rng(5)
    x, codes, share = draw.normal(size=(30, 3)), np.arange(30) % classes, draw.uniform(0.5, 2, 30)
    regression = classifier.unlearnt(classes)[1].set_params(tol=1e-10, max_iter=10_000)
    regression.fit(sparse.csr_array(x), codes, share)
    weights, constants = regression.coef_, regression.intercept_
    if classes == 2:
        weights, constants = np.vstack([-weights, weights]) / 2, np.append(-constants, constants) / 2

    def loss(w: Any, b: Any) -> float:
        total = (w**2).sum() / (2 * classifier.LOOSENESS)
        for row, code, much in zip(x, codes, share, strict=True):
            score = [sum(p * q for p, q in zip(row, w[c], strict=True)) + b[c] for c in range(classes)]
            total -= much * (score[code] - np.log(sum(np.exp(s) for s in score)))
        return float(total)

    best = loss(weights, constants)
    for _ in range(100):
        away = draw.normal(scale=1e-2, size=weights.shape), draw.normal(scale=1e-2, size=constants.shape)
        assert loss(weights + away[0], constants + away[1]) > best
    step = np.zeros_like(weights)
    for at in np.ndindex(*weights.shape):
        step[at] = 1e-4
        assert abs(loss(weights + step, constants) - loss(weights - step, constants)) / 2e-4 < 1e-3
        step[at] = 0


def test_a_word_of_one_comment_is_not_learnt() -> None:
    model = jl.voice.WordModel().fit(["tốt tốt", "tốt", "xấu", "xấu lạ"], ["p", "p", "n", "n"])
    assert {"tốt", "xấu"} <= set(model.columns)
    assert "lạ" not in model.columns


def test_too_few_customers_are_refused_with_their_number() -> None:
    with pytest.raises(DataError, match="negative 2, positive 2"):
        held_out(rated(surveys(8)))
    with pytest.raises(DataError, match="two labels"):
        jl.voice.WordModel().fit(["a", "b"], ["x", "x"])


class Shouter:
    """Somebody else's model: praise has an exclamation mark. It names its classes in its own order."""

    classes_: Sequence[str] = ("positive", "negative")

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Shouter:
        assert len(texts) == len(labels)
        return self

    def predict_proba(self, texts: Sequence[str]) -> list[list[float]]:
        return [[0.9, 0.1] if "!" in text else [0.2, 0.8] for text in texts]


def test_any_model_that_can_be_taught_and_asked_takes_the_place_of_ours() -> None:
    table = surveys()
    table["comment"] = table["comment"] + np.where(table["score"] == 5, "!", "")
    answers = held_out(rated(table), model=Shouter)
    assert assess(answers).facts["accuracy"] == 1
    assert answers["chance_positive"].max() == 0.9


class Witness(Shouter):
    """Notes whose comments it is taught, and must never be asked about them."""

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Witness:
        super().fit(texts, labels)
        self.taught = {text.split()[-1] for text in texts}
        return self

    def predict_proba(self, texts: Sequence[str]) -> list[list[float]]:
        assert not self.taught & {text.split()[-1] for text in texts}
        return super().predict_proba(texts)


def test_nobody_is_judged_on_customers_it_was_taught() -> None:
    table = surveys()
    table["comment"] = table["comment"] + " " + table["customer_id"]
    assert len(held_out(rated(table), model=Witness)) == 200


# --- how it is judged ---

ANSWERS = pd.DataFrame(
    {
        "text": list("abcdefgh"),
        "customer_id": ["1", "1", "2", "3", "4", "5", None, None],
        "label": [
            "negative",
            "negative",
            "negative",
            "positive",
            "positive",
            "positive",
            "positive",
            "positive",
        ],
        "predicted": ["negative", "positive", None, "positive", "positive", "positive", "negative", None],
    }
)


def test_quality_by_hand() -> None:
    """Said negative 2, right 1 of 3; said positive 4, right 3 of 5; abstentions count as wrong."""
    result = assess(ANSWERS)
    table = result.table.set_index("label")
    assert table["texts"].to_dict() == {"negative": 3, "positive": 5}
    assert table["customers"].to_dict() == {"negative": 2, "positive": 5}
    assert table["precision"].to_dict() == pytest.approx({"negative": 1 / 2, "positive": 3 / 4})
    assert table["recall"].to_dict() == pytest.approx({"negative": 1 / 3, "positive": 3 / 5})
    assert table["f1"].to_dict() == pytest.approx({"negative": 2 / 5, "positive": 2 / 3})
    facts = result.facts
    assert facts["macro_f1"] == pytest.approx((2 / 5 + 2 / 3) / 2)
    assert facts["weighted_f1"] == pytest.approx((3 * 2 / 5 + 5 * 2 / 3) / 8)
    found = (facts["accuracy"], facts["coverage"], facts["right_when_deciding"])
    assert found == pytest.approx((4 / 8, 6 / 8, 4 / 6))
    assert facts["macro_f1_majority"] == pytest.approx((2 * 5 / 13) / 2)
    assert facts["macro_f1_low"] < facts["macro_f1"] < facts["macro_f1_high"]


def test_intervals_take_customers_as_the_observations() -> None:
    """Ten times the same comments of the same customers are no more evidence than once."""
    once = ANSWERS.assign(customer_id=list("12345678"))
    often = assess(pd.concat([once] * 10, ignore_index=True)).facts
    assert often["accuracy_low"] == assess(once).facts["accuracy_low"]


def test_with_one_comment_a_customer_the_interval_is_about_that_of_a_share() -> None:
    answers = pd.DataFrame(
        {"text": "x", "customer_id": [str(i) for i in range(100)], "label": ["p", "n"] * 50}
    )
    answers["predicted"] = answers["label"].where(np.arange(100) % 10 < 8, "neither")
    facts = assess(answers).facts
    low, high = wilson(np.array([80]), np.array([100]))
    assert (facts["accuracy_low"], facts["accuracy_high"]) == pytest.approx((low[0], high[0]), abs=0.02)


def test_the_confusion_counts_abstentions() -> None:
    table = confusion(ANSWERS).table
    cells = {
        (label, "" if pd.isna(said) else said): n
        for label, said, n in zip(table["label"], table["predicted"], table["texts"], strict=True)
    }
    assert cells == {
        ("negative", "negative"): 1, ("negative", "positive"): 1, ("negative", ""): 1,
        ("positive", "negative"): 1, ("positive", "positive"): 3, ("positive", ""): 1,
    }  # fmt: skip


def test_text_against_its_score_is_shown_without_the_people_in_it() -> None:
    answers = ANSWERS.assign(
        text=["gọi 0912345678"] * 8,
        metric="csat",
        score=1,
        touchpoint="web",
        chance_negative=0.1,
        chance_positive=0.9,
    )
    found = disagreements(answers, sure=0.8)
    assert found.table["text"].tolist() == ["gọi [☎]"] * 2
    assert (found.facts["disagree"], found.facts["texts"]) == (2, 8)
    assert len(disagreements(answers, sure=0.95).table) == 0


def test_text_against_its_score_counts_whoever_refused_contact_and_does_not_show_them() -> None:
    said = [f"câu thứ {word}" for word in ("một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám")]
    answers = ANSWERS.assign(
        text=said, metric="csat", score=1, touchpoint="web", chance_negative=0.1, chance_positive=0.9
    )
    everybody = disagreements(answers)
    first, second = everybody.table["text"]
    some = disagreements(answers.assign(opt_out=answers["text"] == first))
    assert some.table["text"].tolist() == [second]
    assert some.facts == everybody.facts
