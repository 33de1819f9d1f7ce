"""Verbatims without the people in them: numbers, addresses, links and names give way to neutral marks.

What comes out is still text from outside: whoever puts it on a page has to escape it, as every template here
does. And it is a filter, not a proof: a person can be told by what happened to them. Groups under the privacy
threshold are not quoted at all, scrubbed or not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from journey_lib.spelling import bare, tidy_vietnamese

NUMBER, PHONE, EMAIL, LINK, CODE, NAME, PLACE = "[…]", "[☎]", "[@]", "[↗]", "[#]", "[•]", "[⌂]"

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_WIDE = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("＠"): "@", ord("．"): "."}
# Every repetition that can begin anywhere has an end: a text of a megabyte takes as long as its letters.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(?:https?://|www\.)\S+"), LINK),
    (
        re.compile(
            r"(?i)[\w.+%-]{1,64}\s?(?:@|\(at\)|\[at\]|\s(?:a còng|a cong)\s)\s?"
            r"(?:[\w-]{1,63}(?:\s?\.\s?|\s(?:chấm|cham)\s)){1,8}[a-z]{2,24}\b"
        ),
        EMAIL,
    ),
    (
        re.compile(
            r"(?i)\b(?:[a-z0-9-]{1,63}\.){1,8}(?:com|vn|net|org|me|ly|info|shop|store|io|gl|link)\b(?:/\S*)?"
        ),
        LINK,
    ),
    (re.compile(r"(?<!\w)@[\w.]{3,}"), EMAIL),
    # Codes of orders, tickets and cards: letters, then at least four digits, with or without a sign between.
    (re.compile(r"(?<![\w])#?[A-Za-zĐđ]{1,6}[-_#/.]?\d(?:[-_/.]?\d){3,}\w*"), CODE),
    (re.compile(r"(?<!\w)#\w*\d\w*"), CODE),
    (re.compile(r"(?<![\w.,])(?:\+|00)?\(?\d(?:[\s.\-()]{0,2}\d){8,18}(?!\d)"), PHONE),
    # Number plates: 29A-123.45, 51F1 234.56.
    (re.compile(r"(?<!\w)\d{2}[A-Z]{1,2}\d?[\s-]?\d{3}\.?\d{2}(?!\w)"), CODE),
    # Digits and letters run together, as in the keys of systems; years, sizes and prices are shorter.
    (re.compile(r"(?<![^\W_])(?=\w*\d\w*\d\w*\d\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9_]{8,}"), CODE),
    (re.compile(r"(?<![\d.,])\d{5,}(?![.,]?\d)"), NUMBER),
)
_LETTER = r"[^\W\d_]"
_CAPITAL = "[A-ZÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯ" + "".join(map(chr, range(0x1EA0, 0x1EFA, 2))) + "]"
# Beside whom a name stands: forms of address, and what staff call customers and the other way round.
_ADDRESS = (
    r"(?:anh|chị|chi|em|cô|chú|bác|ông|bà|bạn|ban|thầy|cháu|khách hàng|khách|kh|nv|nhân viên|bé|mr|mrs|ms"
    r"|miss|dr|mẹ|ba|má)"
)
_ADDRESSED = re.compile(
    rf"(?<!Hồ )(?<!Ho )(?i:\b({_ADDRESS}))(\s+(?:tên\s+(?:là\s+)?|tên\s*:?\s*|là\s+)?)"
    rf"((?:{_CAPITAL}{_LETTER}*\.?)(?:\s+{_CAPITAL}{_LETTER}*){{0,4}})(?!{_LETTER})"
)
_CALLED = re.compile(
    rf"(?i:\b(tên là|tên|tôi là|mình là|em là|my name is|i am|i'm|this is))(\s*:?\s+)"
    rf"((?:{_CAPITAL}{_LETTER}+)(?:\s+{_CAPITAL}{_LETTER}*){{0,4}})(?!{_LETTER})"
)
# Who is who on other services: what stands behind their names is a handle where it is no plain word.
_HANDLE = re.compile(
    r"(?i)(\b(?:zalo|facebook|fb|messenger|insta(?:gram)?|ig|tiktok|telegram|tele|viber|skype|wechat|nick|id)"
    r"(?:\s*[:=]\s*|\s+(?:(?:là|la|id|nick|name|is)\s*:?\s+)?))"
    r"((?=[a-z0-9._-]{0,40}[a-z])(?=[a-z0-9._-]{0,40}[0-9_]|[a-z0-9_-]{1,40}\.[a-z0-9])[a-z0-9][a-z0-9._-]{2,40})"
)
_NAMED_THERE = re.compile(
    r"((?i:\b(?:zalo|facebook|fb|messenger|nick|stk|chủ tk|tên tk|ctk))"
    r"(?:\s*[:=]\s*|\s+(?i:là|la|tên|ten)\s+))"
    rf"({_CAPITAL}{_LETTER}+(?:\s+{_CAPITAL}{_LETTER}*){{1,4}})(?!{_LETTER})"
)
_BORN = re.compile(
    r"(?i)(\b(?:sinh(?:\s+(?:ngày|năm|ngay|nam))?|ngày sinh|ngay sinh|ns|dob|born(?:\s+(?:on|in))?)\s*:?\s*)"
    r"(?:\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?\d{2,4}|(?:19|20)\d{2})(?!\d)"
)
# Whole names with nothing before them: a family name, then one to three words with a capital. Family names
# that are words or begin the names of towns (Hà, Thái, Cao, Lâm) are taken for one before Văn and Thị only.
_FAMILIES = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đinh|Đoàn|Trịnh|Trương|Đào|Lưu"
    "|Lương|Phùng|Tạ|Tống|Nghiêm|Doãn|Quách|Vương|Kiều|Tô|Chu|Đàm|Hứa|Khuất"
)
# Without marks, or in capitals throughout, few of them are nothing else; in small letters "phan van" is to
# waver.
_PLAIN = "Nguyen|Tran|Pham|Huynh|Hoang|Phan|Dang|Bui|Truong|Trinh"
_SURE = "Nguyen|Tran|Pham|Huynh|Truong|Trinh"
_LOUD = "NGUYỄN|TRẦN|PHẠM|HUỲNH|HOÀNG|PHAN|ĐẶNG|BÙI|TRƯƠNG|TRỊNH|NGUYEN|TRAN|PHAM|HUYNH"
_GIVEN = rf"(?:\s+{_CAPITAL}(?:{_LETTER})*)"
_BETWEEN = "Văn|Thị|Van|Thi|VĂN|THỊ|VAN|THI"
_WHOLE_NAMES = (
    re.compile(rf"(?<!{_LETTER})(?:{_FAMILIES}|{_PLAIN}|{_LOUD}){_GIVEN}{{1,3}}(?!{_LETTER})"),
    re.compile(
        rf"(?<!{_LETTER})(?:{_CAPITAL}{_LETTER}{{1,6}}\s+)?(?:{_BETWEEN}){_GIVEN}{{1,2}}(?!{_LETTER})"
    ),
    re.compile(
        rf"(?i)(?<!{_LETTER})(?:(?:{_FAMILIES})\s+(?:văn|thị)|(?:{_SURE})\s+(?:van|thi))"
        rf"\s+{_LETTER}{{2,7}}(?!{_LETTER})"
    ),
)
# Places that begin as a name does.
_PLACES = re.compile(
    "hồ (?:chí minh|gươm|tây|hoàn kiếm)|phan (?:thiết|rang|rí)|hoàng (?:sa|mai|cầu)|lý sơn|chu lai|đào tạo"
    "|vũ (?:trụ|quang)|tô lịch|lê chân|dương (?:đông|minh châu)"
)
# A house in a street: a number with a street's name behind it, and something that says it is one: a word for
# an address before it, a stroke in it, or the kind of street. "50 Áo Dài" is none.
_HOUSE = r"\d{1,4}[A-Za-z]?"
_KIND = r"(?i:đường|đ\.|phố|duong|pho|ngõ|ngo|ngách|ngach|hẻm|hem|kiệt|kiet|lô|lo|tổ|to|ấp|ap|thôn|thon)"
_ONE = rf"(?:{_CAPITAL}|\d){_LETTER}*(?:\s+{_CAPITAL}{_LETTER}*){{0,4}}"
_STREET = rf"{_CAPITAL}{_LETTER}*(?:\s+{_CAPITAL}{_LETTER}*){{1,4}}"
_LANES = rf"(?:,?\s+{_KIND}\s+\d+[A-Za-z]?(?:/\d+)*)*"
_WARD = r"(?i:phường|p\.|quận|q\.|q\d|tp\b|phuong|quan|ward|district)"
_WHERE = (
    r"(?i:\b(?:số nhà|so nha|địa chỉ|dia chi|đ/c|nhà số|nha so|số|so|address))"
    r"\s*:?\s*(?:(?i:là|ở|la|o|is)\s+)?"
)
_ADDRESSES = (
    re.compile(rf"{_WHERE}{_HOUSE}(?:[/.-]\d+[A-Za-z]?)*{_LANES},?\s+(?:{_KIND}\s+{_ONE}|{_STREET})"),
    re.compile(rf"(?<![\w/]){_HOUSE}(?:/\d+[A-Za-z]?)+{_LANES},?\s+(?:{_KIND}\s+{_ONE}|{_STREET})"),
    re.compile(rf"(?<![\w/]){_HOUSE}(?:/\d+[A-Za-z]?)*{_LANES},?\s+{_KIND}\s+{_ONE}"),
    re.compile(rf"(?<![\w/]){_HOUSE}\s+{_STREET}(?=\s*,\s*{_WARD})"),
    re.compile(rf"(?<![\w/]){_HOUSE}\s+{_ONE}\s+(?i:street|st\.|road|rd\.)"),
)
# Capitalised after a form of address, and nobody's name (Bà Rịa is a town).
_NOBODY = """
zalo facebook fb messenger shopee lazada tiktok ok oke kh khách shop hcm hn sg tphcm vn size xl xxl xs ơi oi
hàng app web sms voucher sale cskh nv rịa ria
"""
_NO_NAMES = frozenset(_NOBODY.split())


def scrub(text: str, *, names: Iterable[str] = ()) -> str:
    """The text with phones, e-mail and street addresses, links, codes, long numbers and names as marks.

    `names` are those known from elsewhere (customers, staff), matched whole, with or without accents and
    capitals when they have two words or more; a single word only as it is written, because so many given
    names are words as well (Mai, Hoa, Hương). Beside those, whatever is capitalised after a form of address
    ("chị Hương", "my name is Ann") goes, the form stays.
    """
    return scrubber(names)(text)


def scrubber(names: Iterable[str] = ()) -> Callable[[str], str]:
    """`scrub` for many texts and the same names."""
    known = _names(tuple(sorted({tidy_vietnamese(name).strip() for name in names} - {""})))

    def clean(text: str) -> str:
        tidy = unicodedata.normalize("NFC", text.translate(_INVISIBLE).translate(_WIDE))
        for pattern, mark in _PATTERNS:
            tidy = pattern.sub(mark, tidy)
        for address in _ADDRESSES if any(map(str.isdigit, tidy)) else ():
            tidy = address.sub(PLACE, tidy)
        tidy = _HANDLE.sub(rf"\1{EMAIL}", tidy)
        tidy = _BORN.sub(rf"\1{NUMBER}", tidy)
        tidy = known(tidy)
        tidy = _ADDRESSED.sub(_masked, tidy)
        tidy = _CALLED.sub(_masked, tidy)
        tidy = _NAMED_THERE.sub(rf"\1{NAME}", tidy)
        for whole in _WHOLE_NAMES:
            tidy = whole.sub(_whole, tidy)
        return tidy

    return clean


def _whole(found: re.Match[str]) -> str:
    """A mark for a whole name; a place that begins like one stays."""
    words = " ".join(tidy_vietnamese(found[0]).casefold().split())
    return found[0] if _PLACES.match(words) else NAME


def _masked(found: re.Match[str]) -> str:
    """The form of address stays, the name goes; a word that is no name stays."""
    if found[3].split()[0].casefold().strip(".") in _NO_NAMES:
        return found[0]
    return f"{found[1]}{found[2]}{NAME}"


@lru_cache(maxsize=4)
def _names(names: tuple[str, ...]) -> Callable[[str], str]:
    """Replaces known names; a lookup by words, so that a hundred thousand of them cost what ten do."""
    whole: dict[str, set[tuple[str, ...]]] = {}
    single = frozenset(name for name in names if len(name.split()) == 1 and len(name) > 1)
    for name in names:
        parts = tuple(bare(name).split())
        if len(parts) > 1:
            whole.setdefault(parts[0], set()).add(parts)
    longest = max((len(parts) for group in whole.values() for parts in group), default=1)
    word = re.compile(r"[^\W\d_]+")

    def clean(text: str) -> str:
        found = [(match.start(), match.end(), match[0]) for match in word.finditer(text)]
        plain = [bare(each) for _, _, each in found]
        out, reached, i = [], 0, 0
        while i < len(found):
            size = next(
                (
                    n
                    for n in range(min(longest, len(found) - i), 1, -1)
                    if tuple(plain[i : i + n]) in whole.get(plain[i], ())
                ),
                1 if tidy_vietnamese(found[i][2]) in single else 0,
            )
            if size:
                out += [text[reached : found[i][0]], NAME]
                reached = found[i + size - 1][1]
            i += max(size, 1)
        return "".join([*out, text[reached:]])

    return clean
