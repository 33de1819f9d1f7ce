"""No theme is half a Vietnamese word: syllables that are one word are counted as one, marks or no marks."""

from __future__ import annotations

import unicodedata
from importlib.resources import files

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib.voice.text import pieces
from journey_lib.voice.themes import stop_words
from journey_lib.voice.whole_words import spelt, whole_terms


def words(text: str) -> list[str]:
    """The words of a text, pairs left out."""
    return [spelt(term) for term in whole_terms(text) if " " not in term]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("mô tả sai", ["mô tả", "sai"]),
        ("câu trả lời khác nhau", ["câu trả lời", "khác", "nhau"]),
        ("chăm sóc khách hàng tốt", ["chăm sóc khách hàng", "tốt"]),  # the longest, not "chăm sóc"
        ("trả lời câu hỏi", ["trả lời", "câu hỏi"]),
        ("giao diện dễ dùng, giao hàng nhanh", ["giao diện", "dễ", "dùng", "giao hàng", "nhanh"]),
        ("Mô. Tả", ["mô", "tả"]),  # not over punctuation
        ("mo ta chi tiet", ["mô tả", "chi tiết"]),  # found without marks, named with them
        ("sp đc mô tả kỹ", ["sản phẩm", "được", "mô tả", "kỹ"]),  # abbreviations are written out first
        ("the size chart is nice", ["the", "size", "chart", "is", "nice"]),
        ("", []),
    ],
)
def test_syllables_of_one_word_are_one(text: str, whole: list[str]) -> None:
    assert words(text) == whole
    assert words(unicodedata.normalize("NFD", text)) == whole


def test_pairs_are_of_words_and_not_of_syllables() -> None:
    pairs = [spelt(term) for term in whole_terms("mô tả chi tiết, nhanh") if " " in term]
    assert pairs == ["mô tả chi tiết"]


def test_a_theme_is_the_whole_word_even_where_its_halves_are_in_other_words_too() -> None:
    """Left to counting syllables, "mô" would be the theme: it stands in all of these texts."""
    texts = ["mô tả sai", "mô tả kỹ", "mo ta thieu", "mô hình đẹp", "mô phỏng tốt", "mô hình xấu"] * 8
    web = pd.DataFrame({"text": texts, "at": "web", "customer_id": [f"w{n}" for n in range(48)]})
    store = pd.DataFrame(
        {"text": "nhân viên vui", "at": "store", "customer_id": [f"s{n}" for n in range(48)]}
    )
    found = jl.voice.themes(pd.concat([web, store], ignore_index=True), by="at", k=5).table
    terms = set(found.loc[found["at"] == "web", "term"])
    assert "mô tả" in terms
    assert not terms & {"mô", "tả", "hình", "phỏng"}
    assert found.loc[found["term"] == "mô tả", "customers"].item() == 24  # those without marks among them
    assert not found["term"].str.contains("_").any()


def test_the_list_of_words_holds_each_once_in_one_way_of_writing() -> None:
    text = (files("journey_lib.voice") / "data_files" / "compounds.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    listed = [each.strip() for each in " ".join(lines).split(",") if each.strip()]
    assert len(listed) == len(set(listed)) > 300
    for each in listed:
        assert " ".join(pieces(each)) == each, each
        assert len(each.split()) > 1, each
        assert each not in stop_words()
