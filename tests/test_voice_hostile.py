"""Comments nobody asked for: markup, formulas, a megabyte, faces only, people's numbers and addresses."""

from __future__ import annotations

import time
import unicodedata

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import tables, words_voice
from journey_lib.voice.scrub import scrub
from journey_lib.voice.text import READ

HOSTILE = {
    "markup": "<script>alert(1)</script> <img src=x onerror=alert(2)> giao hàng chậm",
    "formula": '=HYPERLINK("http://evil.example","click") giao hàng chậm',
    "nul": "giao hàng\x00 chậm\x07",
    "faces": "😡😡😡😍👍🏽",
    "nothing": " \u200b\n\t ",
    "right to left": "\u202eevil\u202c giao hàng chậm",
    "half a letter": "giao hàng cha\u0323m \u0301",
}
LONG = ("đẹp lắm không ", "a", "1", "a@", "a.", "😍", "số 1 ", "tên Anh A ", "(", "1/2", "#a", "12 Ngõ ")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_reader_bears_it(text: str) -> None:
    comments = pd.DataFrame(
        {"text": [text] * 30, "customer_id": [f"c{i}" for i in range(30)], "touchpoint": ["web", "app"] * 15}
    )
    read = jl.voice.tones(comments)
    assert (read.table["texts"].iloc[0] if len(read.table) else 0) in (0, 30)
    jl.voice.themes(comments, by="touchpoint")
    jl.voice.WordModel().fit([text, text, "tốt", "tốt"], ["p", "p", "n", "n"]).predict_proba([text])
    assert isinstance(scrub(text), str)


def test_what_comes_out_of_verbatims_is_escaped_on_the_page() -> None:
    comments = pd.DataFrame(
        {"text": [HOSTILE["markup"]] * 12 + ["đẹp"] * 12, "customer_id": [f"c{i}" for i in range(24)]}
    ).assign(touchpoint=["web"] * 12 + ["app"] * 12)
    result = jl.voice.themes(comments, by="touchpoint")
    assert result.table["verbatim"].str.contains("<script>").any()
    shown = words_voice.worded(jl.model.Result("themes_by_touchpoint", result.table), {})
    caption, formats = words_voice.LAYOUTS["themes_by_touchpoint"]
    page = tables.table_html(shown.table, caption=caption, formats=formats)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("piece", LONG)
def test_a_megabyte_takes_as_long_as_its_letters(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    jl.voice.polarity([text])
    jl.voice.language(text)
    assert len(jl.voice.normalise(text)) <= 4 * READ
    scrub(text[:50_000])
    assert time.process_time() - began < 8


def test_a_long_text_is_cut_at_the_same_letter_however_it_is_encoded() -> None:
    text = "hàng rất tệ, ở đây chậm. " * 1_000 + "tuyệt vời"
    apart = unicodedata.normalize("NFD", text)
    assert jl.voice.normalise(apart) == jl.voice.normalise(text)
    assert "tuyệt" not in jl.voice.normalise(text)


# --- people in verbatims ---

FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Võ", "Đặng", "Bùi", "Lý")
GIVEN = ("Hương", "Minh Anh", "Quang", "Thị Mai", "Đức Huy", "Ngọc Lan", "Tuấn", "Ánh Dương")
STREETS = ("Nguyễn Trãi", "Lê Lợi", "Hai Bà Trưng", "Trần Duy Hưng", "Hoàng Hoa Thám", "Điện Biên Phủ")
FRAMES = {
    "phone": ("gọi {x} nhé", "sđt {x}", "lien he {x} gap chi", "số mình là {x}.", "call me at {x} please"),
    "email": ("gửi về {x} giúp mình", "mail {x}", "email: {x}.", "my address is {x}", "({x})"),
    "name": (
        "chị {x} tư vấn tệ",
        "mình tên {x}",
        "gặp anh {x} ở quầy",
        "Em là {x}, giao giúp em",
        "my name is {x}",
    ),
    "address": (
        "giao về {x}",
        "địa chỉ: {x}",
        "tôi ở {x} mà giao nhầm",
        "ship to {x}, thanks",
        "nhà {x} nha shop",
    ),
    "order": ("đơn {x} trễ", "Đơn {x} nha shop", "where is my order {x}?", "mã {x}", "#{x} chưa giao"),
}


def planted() -> list[tuple[str, str, str]]:
    """(kind, what must not survive, text) for invented people, as they and others write of them."""
    found = []
    for i in range(120):
        family, given, street = FAMILY[i % 8], GIVEN[i // 3 % 8], STREETS[i % 6]
        digits = f"030{(i * 7_919_317) % 10_000_000:07}"
        phone = (
            digits,
            f"{digits[:4]} {digits[4:7]} {digits[7:]}",
            f"+84{digits[1:]}",
            f"{digits[:4]}.{digits[4:7]}.{digits[7:]}",
        )[i % 4]
        email = (f"{bare_of(given)}.{i}@example.org", f"{bare_of(family)}{i}_vn@example.com")[i % 2]
        house = (
            f"{i + 3}/{i % 9 + 1} {street}",
            f"số {i + 3} {street}",
            f"{i + 3} đường {street}",
            f"số {i + 3} ngõ {i % 40 + 1} {street}",
            f"{i + 3} {street}, Quận {i % 12 + 1}",
        )[i % 5]
        secrets = {
            "phone": phone,
            "email": email,
            "name": f"{family} {given}",
            "address": house,
            "order": f"DH{digits[1:]}",
        }
        for kind, x in secrets.items():
            kept = street if kind == "address" else x
            found.append((kind, kept, FRAMES[kind][i % 5].format(x=x)))
    return found


def bare_of(name: str) -> str:
    return jl.voice.text.bare(name).replace(" ", "")


def test_planted_people_are_taken_out() -> None:
    """Of 600 of invented people: all numbers, mails and codes, and 95 in 100 names and addresses."""
    table = pd.DataFrame(planted(), columns=["kind", "secret", "text"])
    table["gone"] = [
        secret not in scrub(text) for secret, text in zip(table["secret"], table["text"], strict=True)
    ]
    recall = table.groupby("kind")["gone"].mean()
    missed = table[~table["gone"]]["text"].head(5).tolist()
    assert (recall[["phone", "email", "order"]] == 1).all(), (recall.to_dict(), missed)
    assert (recall[["name", "address"]] >= 0.95).all(), (recall.to_dict(), missed)


ALONE = ("{x} giao hàng chậm", "giao trễ. {x}", "Cảm ơn {x} nhiều", "gặp {x} ở kho", "{x}, {x} và shop")


@pytest.mark.parametrize("spell", [str, lambda name: jl.voice.text.bare(name).title(), str.upper])
def test_a_whole_name_goes_though_nothing_stands_before_it(spell) -> None:
    """Comments of personas are quoted: a name signed under one is nobody's business."""
    names = [f"{family} {given}" for family in (*FAMILY, "Huỳnh", "Trương") for given in GIVEN]
    if spell is not str:  # without marks or in capitals few family names are nothing else
        names = [name for name in names if name.split()[0] in {"Nguyễn", "Trần", "Phạm", "Bùi", "Huỳnh"}]
    left = [
        text for name in names for frame in ALONE if spell(name) in scrub(text := frame.format(x=spell(name)))
    ]
    assert left == []


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("zalo: huong_98 liên hệ giùm", "zalo: [@] liên hệ giùm"),
        ("kết bạn Zalo huongtran98 nhé", "kết bạn Zalo [@] nhé"),
        ("IG: huong.tran.98", "IG: [@]"),
        ("facebook: Hương Trần", "facebook: [•]"),
        ("huong.tran a còng gmail chấm com", "[@]"),
        ("biển số 29A-123.45 chở hàng", "biển số [#] chở hàng"),
        ("mình sinh ngày 12/03/1990", "mình sinh ngày […]"),
        ("thẻ 4111 1111 1111 1111", "thẻ [☎]"),
        ("CCCD 001 098 012 345", "CCCD [☎]"),
        ("nguyễn văn hùng giao trễ, tran thi mai thi nhanh", "[•] giao trễ, [•] thi nhanh"),
        ("Thái Thị Ánh và Cao Văn Lầu", "[•] và [•]"),
    ],
)
def test_handles_plates_days_of_birth_and_cards_give_way(text: str, clean: str) -> None:
    assert scrub(text) == clean
    assert scrub(unicodedata.normalize("NFD", text)) == clean


@pytest.mark.parametrize(
    "text",
    [
        "Ai dang phan van thi mua di",
        "Hồ Chí Minh giao nhanh, Phan Thiết chậm",
        "QUẢN LÝ CỬA HÀNG rất tốt",
        "zalo trả lời chậm, facebook thì nhanh",
        "Lý do: giao trễ. Đào tạo nhân viên lại",
        "mua 2 Áo Dài đẹp",
        "size 38 Giày Nữ",
        "cho 10/10 điểm",
        "Cửa hàng Quận 1 đẹp",
        "giảm 50 phần trăm",
        "giá 250k",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert scrub(text) == text
