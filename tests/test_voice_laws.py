"""What must hold of any reader of comments: on the demo shop's own words, and on real reviews where they are.

The reviews (UIT-ViSFD) are for research only and no part of this project: without them their test is skipped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journey_lib as jl
from journey_lib.demo.words import THEMES, comment
from journey_lib.demo.words_style import Dice, Facts, speaker
from journey_lib.errors import DataError
from journey_lib.sources.written import ISO, ORDERS
from journey_lib.voice.text import bare

REVIEWS = Path(__file__).resolve().parents[2] / "shared" / "data"
GOODS = tuple((theme, 1.0) for theme in THEMES if theme in {"website", "care", "price", "staff", "app"})


@cache
def remarks(size: int = 600) -> pd.DataFrame:
    """Comments as customers of the demo shop write them, rated as they feel: half praise, half complain."""
    rows = []
    for seed in range(size):
        mood = 2 if seed % 2 else -2
        who = speaker(seed, 18 + seed % 50, bool(seed % 3), seed % 3)
        said = comment(who, Facts(by="chat"), mood, GOODS, GOODS, Dice(10_000 + seed))
        rows.append((f"c{seed}", "csat", 5 if mood > 0 else 1, said.text, "web"))
    table = pd.DataFrame(rows, columns=["customer_id", "metric", "score", "comment", "touchpoint"])
    return jl.voice.rated(table)


def decomposed(texts: pd.Series) -> pd.Series:
    return texts.map(lambda text: unicodedata.normalize("NFD", text))


def f1(model: jl.voice.WordModel, comments: pd.DataFrame) -> float:
    said = np.array(model.classes_, object)[model.predict_proba(comments["text"].tolist()).argmax(axis=1)]
    return float(jl.voice.assess(comments.assign(predicted=said)).facts["macro_f1"])


def test_decomposed_letters_are_read_as_composed_ones_to_the_last_digit() -> None:
    comments = remarks()
    composed = comments.assign(text=comments["text"].map(lambda text: unicodedata.normalize("NFC", text)))
    apart = comments.assign(text=decomposed(comments["text"]))
    assert (apart["text"] != composed["text"]).mean() > 0.5  # or this would test nothing
    one, other = (jl.voice.polarity(each["text"]).table for each in (composed, apart))
    pd.testing.assert_frame_equal(one, other)
    taught = jl.voice.WordModel().fit(composed["text"].tolist(), composed["label"].tolist())
    again = jl.voice.WordModel().fit(apart["text"].tolist(), apart["label"].tolist())
    chances = [
        model.predict_proba(each["text"].tolist()) for model in (taught, again) for each in (composed, apart)
    ]
    assert all((chance == chances[0]).all() for chance in chances)


def test_without_marks_the_model_is_about_as_right() -> None:
    """Taught on half of the comments, asked for the other half as written and stripped: within .02 F1."""
    comments = remarks()
    half = np.arange(len(comments)) % 4 < 2
    learnt, asked = comments[half], comments[~half]
    model = jl.voice.WordModel().fit(learnt["text"].tolist(), learnt["label"].tolist())
    as_written, stripped = f1(model, asked), f1(model, asked.assign(text=asked["text"].map(bare)))
    assert as_written > 0.85
    assert abs(as_written - stripped) <= 0.02


def test_a_model_is_written_down_as_plain_json_and_read_back_to_the_last_digit() -> None:
    comments = remarks()
    model = jl.voice.WordModel().fit(comments["text"].tolist(), comments["label"].tolist())
    back = jl.voice.WordModel.of(json.loads(json.dumps(model.plain())))
    texts = [*comments["text"].head(50), "", "qwerty", "giao hang cham"]
    assert (back.predict_proba(texts) == model.predict_proba(texts)).all()
    assert back.strongest("negative") == model.strongest("negative")
    with pytest.raises(DataError, match="format 9"):
        jl.voice.WordModel.of({**model.plain(), "format": 9})


def test_two_classes_and_three_are_the_same_regression() -> None:
    """Asked for two of its classes only, a model of three is as loose as one of two: chances close."""
    texts = ["tốt", "tốt lắm", "rất tốt", "xấu", "xấu lắm", "rất xấu"] * 5
    labels = (["positive"] * 3 + ["negative"] * 3) * 5
    two = jl.voice.WordModel().fit(texts, labels)
    assert two.weights.shape[0] == 1
    three = jl.voice.WordModel().fit([*texts, *["vừa"] * 10], [*labels, *["neutral"] * 10])
    assert three.weights.shape[0] == 3
    assert three.classes_ == ("negative", "neutral", "positive")
    assert three.predict_proba(["vừa"]).argmax() == 1


RELATIVE = (
    "2 tuần trước",
    "10 tháng trước",
    "3 ngày trước",
    "1 năm trước",
    "hôm qua",
    "vừa xong",
    "2 weeks ago",
)


@pytest.mark.parametrize("said", RELATIVE)
def test_a_relative_date_is_taken_for_no_day(said: str) -> None:
    forms = (ISO, *(form for order in ORDERS.values() for form in order[:1]))
    assert not any(re.fullmatch(form, said) for form in forms)


def reviews(name: str) -> pd.DataFrame:
    file = REVIEWS / name
    if not file.is_file():
        pytest.skip("the reviews are not on this machine")
    table = pd.read_csv(file).rename(columns={"n_star": "score"})
    who = [f"r{i}" for i in range(len(table))]
    return table.assign(customer_id=who, metric="csat", touchpoint="review")


@pytest.mark.slow
def test_on_real_reviews_the_readers_are_as_right_as_the_page_says() -> None:
    """docs/voice.md has the figures; `benchmarks/voice.py` prints them all."""
    train, test = (jl.voice.rated(reviews(f"visfd_{part}.csv")) for part in ("train", "dev"))
    lexicon = jl.voice.by_lexicon(test)
    polar = lexicon.assign(predicted=lexicon["predicted"].where(lexicon["predicted"] != "neutral"))
    facts = jl.voice.assess(polar).facts
    assert facts["right_when_deciding"] == pytest.approx(0.933, abs=0.002)
    assert facts["coverage"] == pytest.approx(0.815, abs=0.002)
    model = jl.voice.WordModel().fit(train["text"].tolist(), train["label"].tolist())
    as_written = f1(model, test)
    assert as_written == pytest.approx(0.888, abs=0.005)
    assert abs(f1(model, test.assign(text=test["text"].map(bare))) - as_written) <= 0.02
    sample = test.head(200)
    chance = model.predict_proba(sample["text"].tolist())
    assert (model.predict_proba(decomposed(sample["text"]).tolist()) == chance).all()


@pytest.mark.slow
def test_no_relative_date_of_real_reviews_is_read_as_a_day() -> None:
    said = reviews("visfd_train.csv")["date_time"].astype(str)
    relative = said[~said.str.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}")]
    assert len(relative) > 500
    assert not relative.map(lambda text: bool(re.fullmatch(f"{ISO}|{ORDERS['DD/MM/YYYY'][0]}", text))).any()
