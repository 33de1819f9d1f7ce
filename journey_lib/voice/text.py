"""One way to write what customers write: letters, tone marks, abbreviations, emoticons; and its language.

Comments come in composed and decomposed letters, with tone marks in two places or none, in abbreviations of
their own, and with letters drawn out. Whatever compares texts compares them after `pieces`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from journey_lib.spelling import bare as _bare
from journey_lib.spelling import tidy_vietnamese

READ = 10_000  # letters of a text that are read: what is longer is no comment, and would take its time
Spoken = Literal["vi", "en", "unknown"]

# Abbreviations of Vietnamese chats and comments. Not here: those that are as often something else ("kh" is
# a customer to a help desk and a negation to a customer, "v", "m", "t").
SHORT: dict[str, str] = {
    **dict.fromkeys(
        ("k", "ko", "kô", "hok", "hk", "hem", "hông", "khg", "kg", "kog", "hổng", "khum"), "không"
    ),
    **dict.fromkeys(("đc", "dc", "đk", "dk", "đưọc", "đuoc"), "được"),
    **dict.fromkeys(("r", "rùi", "rui", "oy", "òi"), "rồi"),
    **dict.fromkeys(("wa", "wá", "qá", "wua"), "quá"),
    **dict.fromkeys(("j", "ji"), "gì"),
    **dict.fromkeys(("mk", "mik", "mih", "mh", "mìh"), "mình"),
    **dict.fromkeys(("z", "dz", "zậy", "zay"), "vậy"),
    **dict.fromkeys(("cx", "cug", "cũg", "cg"), "cũng"),
    **dict.fromkeys(("bik", "bjt", "bít", "bjk"), "biết"),
    **dict.fromkeys(("oke", "okie", "oki", "okla", "okê", "okey", "okay", "okela", "okk", "oce"), "ok"),
    **dict.fromkeys(("sài", "xàj"), "xài"),
    **dict.fromkeys(("thik", "thick", "thíc", "thít"), "thích"),
    **dict.fromkeys(("tks", "thks", "thanks", "thank", "thanx"), "thanks"),
    **dict.fromkeys(("nhìu", "nhiu", "nhju"), "nhiều"),
    **dict.fromkeys(("iu", "êu"), "yêu"),
    **dict.fromkeys(("lun", "lunn", "luôg"), "luôn"),
    **dict.fromkeys(("hoy", "thui", "thoy"), "thôi"),
    **dict.fromkeys(("bt", "bthg", "bth", "bthường"), "bình thường"),
    **dict.fromkeys(("vs",), "với"),
    **dict.fromkeys(("trc", "trk"), "trước"),
    **dict.fromkeys(("ng", "ngta"), "người"),
    **dict.fromkeys(("đt", "dt", "đth"), "điện thoại"),
    "sp": "sản phẩm",
    "sd": "sử dụng",
    "nv": "nhân viên",
    "mn": "mọi người",
    "mng": "mọi người",
    "tg": "thời gian",
    "cskh": "chăm sóc khách hàng",
    "km": "khuyến mãi",
    "cl": "chất lượng",
    "gh": "giao hàng",
    "ms": "mới",
    "lm": "làm",
    "nc": "nước",
    "hqua": "hôm qua",
    "dthw": "dễ thương",
    "xog": "xong",
    "bn": "bạn",
    "ae": "anh em",
    "tv": "tư vấn",
    "hsd": "hạn sử dụng",
    "cty": "công ty",
    "sz": "size",
}
_AFTER_NUMBER = frozenset({"k", "kg", "km", "r", "tg"})  # 50 k, 2 kg: amounts, not words
_DOUBLE = frozenset(
    [
        "good",
        "cool",
        "sweet",
        "too",
        "been",
        "feel",
        "need",
        "soon",
        "look",
        "happy",
        "really",
        "terrible",
        "worry",
        "poor",
        "full",
        "all",
    ]
)

_MARKS = "\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_DROP = dict.fromkeys(map(ord, _MARKS)) | {ord("’"): "'", ord("‘"): "'"}
_EMOJI = r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u2639\u263a\u2665]"
_HAPPY = re.compile(r"(?<!\w)(?:[:=;][-']?[)\]]+|[:=;]-?d+(?!\w)|\^[_.\-]?\^|:3(?!\d)|\(:)")
_SAD = re.compile(r"[:=;]['’]?-?[(\[]+|(?<!\w):<(?!\w)|(?<!\w)t[_.]t(?!\w)|(?<!\w)[-=][_.][-=](?!\w)|:'\(")
_HEART = re.compile(r"<3+(?!\d)")
_LONG = re.compile(r"([^\W\d_])\1{2,}")
_PIECE = re.compile(rf"[^\W_]+(?:'[^\W_]+)?|{_EMOJI}|[.,!?;:…\n()]")
PUNCTUATION = frozenset(".,!?;:…\n()")

# Each marked letter and the one beneath its marks.
_LETTER = {
    letter: _bare(letter) for letter in "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
}
_VIETNAMESE = re.compile(f"[{''.join(_LETTER)}]")
# What a Vietnamese syllable can look like once its marks are gone.
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnrstvx])?"
    r"(?:uyeu|oai|oay|oao|oeo|ieu|yeu|uoi|uou|uay|uya|uye|uyu|ai|ao|au|ay|eo|eu|ia|ie|iu|oa|oe|oi|ua|ue|uo|ui"
    r"|uu|uy|ye|[aeiouy])(?:ch|ng|nh|[cmnpt])?"
)
# A word in English and a syllable in Vietnamese, or a loan: says nothing.
_BOTH_WORDS = """
a an at can come do go he him hi hot i in it me men my no not on one so ten than that the them then to
top up men hen cut pin sim shop ship web app ok size sale voucher online rep store email zalo facebook
code mail hotline link admin page video clip freeship inbox feedback check oder order form combo set web
sms website gift card tiktok shopee lazada sendo
"""
_ENGLISH_WORDS = """
and is was were are be been have has had very good great nice love bad slow fast quick friendly staff
service price quality delivery late thanks please would will this these those with from they their you
your for of but just really too more never always again time which what when where how why who our us we
she her his product item order ordered size fit fits worth money recommend happy disappointed poor
excellent perfect
"""

_BOTH, _ENGLISH = frozenset(_BOTH_WORDS.split()), frozenset(_ENGLISH_WORDS.split())


def bare(text: str) -> str:
    """The text without case, accents and extra blanks; đ is d: as those write who do without marks."""
    return _bare(text)


def pieces(text: str) -> list[str]:
    """The words, emoji and punctuation of a text, in one way of writing.

    NFC, no capitals, tone marks in one place ("hoà" is "hòa"), emoticons as emoji, letters that are drawn out
    ("đẹpppp") once, abbreviations written out ("ko", "đc", "sp").
    """
    out: list[str] = []
    for written in _raw(text):
        number_before = bool(out) and out[-1][-1:].isdigit()
        if written in SHORT and not (written in _AFTER_NUMBER and number_before):
            spelt = "biết" if written == "bt" and out[-1:] == ["không"] else SHORT[written]
            out += spelt.split()
        else:
            out.append(written)
    return out


def words(text: str) -> list[str]:
    """The words and emoji of a text, without punctuation."""
    return [piece for piece in pieces(text) if piece not in PUNCTUATION]


def normalise(text: str) -> str:
    """The text in one way of writing: its `pieces` with blanks between."""
    return " ".join(pieces(text))


def terms(text: str) -> list[str]:
    """Words and pairs of neighbouring words, in their order; a pair does not reach over punctuation."""
    return with_pairs(pieces(text))


def with_pairs(spoken: Iterable[str]) -> list[str]:
    """Words and each with the one before it, as `terms`, of what is already in pieces."""
    found: list[str] = []
    before = ""
    for piece in spoken:
        if piece in PUNCTUATION:
            before = ""
            continue
        found.append(piece)
        if before:
            found.append(f"{before} {piece}")
        before = piece
    return found


def accented(text: str) -> bool:
    """Whether the text has any letter that only Vietnamese with its marks has."""
    return bool(_VIETNAMESE.search(_head(text).casefold()))


def language(text: str) -> Spoken:
    """Vietnamese with or without its marks, English, or unknown: too short, mixed evenly, or something else.

    One Vietnamese letter decides. Without any, words that could be Vietnamese syllables stand against those
    that could not: no dictionary, so a text in a third language that is written in Latin letters can pass
    for English.
    """
    if accented(text):
        return "vi"
    vietnamese = english = 0
    for word in _raw(text):
        if word in _BOTH or word in PUNCTUATION or not word.replace("'", "").isalpha():
            continue
        if word in _ENGLISH:
            english += 2  # place names and loans are Vietnamese syllables in English texts, not the reverse
        elif (len(word) > 1 and word in SHORT) or _SYLLABLE.fullmatch(word):
            vietnamese += 1
        elif word.replace("'", "").isascii():
            english += 1
    if vietnamese == english:
        return "unknown"
    return "vi" if vietnamese > english else "en"


def is_syllable(word: str) -> bool:
    """Whether a word without marks could be a Vietnamese syllable."""
    return bool(_SYLLABLE.fullmatch(word))


def _head(text: str) -> str:
    """As much of a text as is read, its letters composed; decomposed ones are at most four signs each."""
    return tidy_vietnamese(text[: 4 * READ].translate(_DROP))[:READ]


def _raw(text: str) -> list[str]:
    tidy = _head(text).casefold()
    for pattern, emoji in ((_HEART, " ❤ "), (_SAD, " 🙁 "), (_HAPPY, " 🙂 ")):
        tidy = pattern.sub(emoji, tidy)
    return [_shortened(word) for word in _PIECE.findall(tidy)]


def _shortened(word: str) -> str:
    """The word with letters that are drawn out written once; "quáaaa" keeps its mark."""
    plain = "".join(_LETTER.get(letter, letter) for letter in word)
    if not _LONG.search(plain):
        return word
    twice = _LONG.sub(r"\1\1", plain)
    if twice in _DOUBLE:
        return twice
    out, reached = [], 0
    for run in _LONG.finditer(plain):
        drawn = word[run.start() : run.end()]
        out += [word[reached : run.start()], next((x for x in drawn if x != run[1]), run[1])]
        reached = run.end()
    return "".join([*out, word[reached:]])
