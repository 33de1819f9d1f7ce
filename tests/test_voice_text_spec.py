"""What is made of customers' words: one way of writing, the language, nobody named, praise or complaint."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_laws import law

import journey_lib as jl
from journey_lib.errors import ConfigError
from journey_lib.voice.scrub import scrub
from journey_lib.voice.text import bare, language, normalise, terms, words

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạéèẻẽẹíìỉĩịóòỏõọúùủũụýỳỷỹỵ ,.!?KHÔOÀ0123456789😍🏽:()d"
texts = st.text(VIETNAMESE, max_size=60)


# --- one way of writing ---


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Hoà thuỷ", "hòa thủy"),
        ("ĐẸPPPP quáaaa", "đẹp quá"),
        ("Goooood, toooo sweeeet", "good , too sweet"),
        ("sp k đẹp, hok như hình", "sản phẩm không đẹp , không như hình"),
        ("50k mà 2 kg", "50k mà 2 kg"),
        ("k bt", "không biết"),
        ("bt thôi", "bình thường thôi"),
        ("vui :)) buồn :(( yêu <3 ❤️ 👍🏽", "vui 🙂 buồn 🙁 yêu ❤ ❤ 👍"),
        ("giá:đẹp", "giá : đẹp"),
        ("I don’t like it", "i don't like it"),
        ("mail\u200b zalo", "mail zalo"),
    ],
)
def test_one_way_of_writing(written: str, normal: str) -> None:
    assert normalise(written) == normal


@law
@given(texts)
def test_composed_and_decomposed_letters_are_the_same_text(text: str) -> None:
    assert normalise(text) == normalise(unicodedata.normalize("NFD", text))
    assert language(text) == language(unicodedata.normalize("NFD", text))


@law
@given(texts)
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once or any(piece in "0123456789" for piece in " ".join(once))


def test_a_pair_of_words_does_not_reach_over_a_comma() -> None:
    assert terms("giao chậm, hộp đẹp") == ["giao", "chậm", "giao chậm", "hộp", "đẹp", "hộp đẹp"]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Giao hàng chậm quá", "vi"),
        ("giao hang cham qua", "vi"),
        ("shop giao hang nhanh, feedback ok", "vi"),
        ("hang dep ko the che", "vi"),
        ("Good job shop.", "en"),
        ("do you deliver to ha noi", "en"),
        ("arrived too late", "en"),
        ("ok", "unknown"),
        ("10/10 👍", "unknown"),
        ("", "unknown"),
        ("とても良い", "unknown"),
    ],
)
def test_vietnamese_without_marks_is_vietnamese(text: str, spoken: str) -> None:
    assert language(text) == spoken


# --- nobody is named ---


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("gọi 0912 345 678 hoặc +84 (0)912.345.678", "gọi [☎] hoặc [☎]"),
        ("ghi a.b@gmail.com hay a.b (at) gmail.com", "ghi [@] hay [@]"),
        ("xem https://x.vn/a?b=1 và bit.ly/abc", "xem [↗] và [↗]"),
        ("đơn DH013094147, phiếu YC-93218511, thẻ #12a", "đơn [#], phiếu [#], thẻ [#]"),
        ("chị Hương gặp anh Nguyễn Văn A ở quầy", "chị [•] gặp anh [•] ở quầy"),
        ("anh Minh với chị Hà", "anh [•] với chị [•]"),
        ("My name is Ann Lee", "My name is [•]"),
        ("Mình tên là Trần Thị Bé", "Mình tên là [•]"),
        ("Anh phân vân, gửi qua Zalo. Chị Zalo", "Anh phân vân, gửi qua Zalo. Chị Zalo"),
        ("giá 150.000đ năm 2024, 1m72 70kg, 12/05/2024", "giá 150.000đ năm 2024, 1m72 70kg, 12/05/2024"),
        ("stk 19034567890123", "stk [☎]"),
        ("ship Bà Rịa, TP. Ho Chi Minh", "ship Bà Rịa, TP. Ho Chi Minh"),
        ("xuất hoá đơn", "xuất hoá đơn"),
        ("０９１２３４５６７８", "[☎]"),
    ],
)
def test_numbers_addresses_and_names_give_way_to_marks(text: str, clean: str) -> None:
    assert scrub(text) == clean
    assert scrub(unicodedata.normalize("NFD", text)) == clean


def test_known_names_are_found_however_they_are_written() -> None:
    names = ["Nguyễn Văn An", "Mai"]
    assert (
        scrub("NGUYEN VAN AN giao trễ, Mai thì nhanh, mai giao", names=names)
        == "[•] giao trễ, [•] thì nhanh, mai giao"
    )


def test_markup_is_left_for_the_page_to_escape() -> None:
    assert scrub("<script>x</script>") == "<script>x</script>"


@law
@given(st.lists(st.sampled_from("0123456789"), min_size=9, max_size=15).map("".join), texts)
def test_no_long_number_survives(number: str, around: str) -> None:
    assert number not in scrub(f"{around} {number} {around}")


# --- praise and complaint ---


def said(text: str, **more: Any) -> str | None:
    row = jl.voice.polarity([text], **more).table.iloc[0]
    return None if row["abstained"] else str(row["label"])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("giao hàng nhanh, đóng gói cẩn thận", "positive"),
        ("hàng lỗi, thất vọng", "negative"),
        ("không hài lòng", "negative"),
        ("không giao thứ hai mà thứ ba hàng đẹp", "positive"),  # too far from what is praised
        ("chưa bao giờ thất vọng", "positive"),
        ("không chê vào đâu được", "positive"),
        ("không những đẹp mà còn rẻ", "positive"),
        ("không đẹp nhưng bền", "neutral"),
        ("bình thường", "neutral"),
        ("đẹpppp", "positive"),
        ("sp k tốt", "negative"),
        ("áo này có đẹp không ạ?", None),
        ("có bền ko shop", None),
        ("mong shop phục vụ tốt", None),
        ("giao lúc 5 giờ", None),
        ("😡😡", "negative"),
        ("🥰", "positive"),
        (":((", "negative"),
        # without marks: two words together are clear, and what is another word too is left alone
        ("hang loi, that vong", "negative"),
        ("khong hai long", "negative"),
        ("chan vay mau den", None),
        ("ban tu van nhiet tinh", "positive"),
        ("cam on shop", "positive"),
        # English
        ("Great quality, fast delivery", "positive"),
        ("not good", "negative"),
        ("isn't bad", "positive"),
        ("It was not only late but rude staff", "negative"),
        ("where is my parcel", None),
    ],
)
def test_the_words_decide_or_it_abstains(text: str, label: str | None) -> None:
    assert said(text) == label


def test_every_text_has_its_row_and_the_words_that_decided() -> None:
    found = jl.voice.polarity(["không đẹp lắm, rất chậm", None, " ", "giao hàng"])
    table = found.table
    assert table["label"].isna().tolist() == [False, True, True, True]
    assert table["why"].iloc[0] == "not đẹp -1.0; chậm -1.4"
    assert table["score"].iloc[0] == pytest.approx(-(0.75 * 1.3 + 1.4) / 2 / 2)
    assert dict(found.facts) | {"coverage": 0.5} == {
        "texts": 2, "decided": 1, "abstained": 1, "coverage": 0.5,
        "texts_vi": 2, "texts_en": 0, "texts_unknown": 0,
    }  # fmt: skip


@law
@given(texts)
def test_the_label_does_not_depend_on_how_letters_are_encoded_or_on_capitals(text: str) -> None:
    assert said(text) == said(unicodedata.normalize("NFD", text))
    assert said(text) == said(unicodedata.normalize("NFC", text).lower())


def workspace(tmp_path: Path, text: str) -> Any:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "lexicon.yaml").write_text(text, encoding="utf-8")
    return SimpleNamespace(path=tmp_path)


def test_a_workspace_adds_words_and_overrules_others(tmp_path: Path) -> None:
    own = jl.voice.lexicon(workspace(tmp_path, "vi: {-2: [bùng kèo], 0: [nhanh]}\n"))
    assert said("shop bùng kèo", lexicon=own) == "negative"
    assert said("shop bung keo", lexicon=own) == "negative"
    assert (said("nhanh"), said("nhanh", lexicon=own)) == ("positive", "neutral")


@pytest.mark.parametrize(
    ("text", "message"),
    [("v: {1: [x]}", "Did you mean 'vi'"), ("vi: {5: [x]}", "5 is no weight"), ("vi: [", "not YAML")],
)
def test_what_is_wrong_in_a_workspaces_words_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        jl.voice.lexicon(workspace(tmp_path, text))


def test_no_term_without_marks_says_the_opposite_of_another() -> None:
    """chán and chân are one word without marks: the lexicon may know only one of them there, or none."""
    lexicon = jl.voice.lexicon()
    signs: dict[str, set[bool]] = {}
    for key, entry in lexicon.marked.items():
        if entry.kind == "term" and entry.weight and tuple(map(bare, key)) in lexicon.unmarked:
            signs.setdefault(" ".join(map(bare, key)), set()).add(entry.weight > 0)
    torn = {plain for plain, found in signs.items() if len(found) > 1}
    assert {plain for plain in torn if lexicon.unmarked[tuple(plain.split())].kind == "term"} <= {"cung duoc"}
    assert len(lexicon.marked) > 600
    assert len(lexicon.english) > 350
