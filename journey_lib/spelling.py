"""One way to write Vietnamese: where a tone mark stands, and a bare key without any.

Channels, touchpoints, cities and whatever else is one thing because it has one name go through `tidy_name`,
at whatever door they come in: the data, journey.yaml, the maps, a pattern in a notebook. `tidy_vietnamese` is
the only place that knows the rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Of the two ways to write an open syllable the older is kept: hòa, khỏe, thủy (not hoà, khoẻ, thuỷ). Closed
# syllables (hoàn, huỳnh) have one way only, and so has u after q, where it is part of the consonant (quý).
_TONES = "\u0300\u0301\u0309\u0303\u0323"  # as in à á ả ã ạ
_PAIRS = ("oa", "oe", "uy")
# Only what a Vietnamese syllable begins with: Chloé and Zoé are nobody's misplaced mark.
_ONSET = "(?i:b|ch?|d|đ|gh?|h|kh?|l|m|ngh?|nh?|ph?|r|s|t[hr]?|v|x)?"


def _moved() -> dict[str, str]:
    table = {}
    for pair in _PAIRS:
        for first, second in ((a, b) for a in (pair[0], pair[0].upper()) for b in (pair[1], pair[1].upper())):
            for tone in _TONES:
                newer = first + unicodedata.normalize("NFC", second + tone)
                table[newer] = unicodedata.normalize("NFC", first + tone) + second
    return table


_OLDER = _moved()
_ADDRESS = re.compile(r"^/|://|\S@\S")
_LETTER = r"[^\W\d_]"
# A mark that is left over after composing belongs to the letter before it, so the syllable goes on.
_NEWER_OPEN = re.compile(
    rf"(?<!{_LETTER})({_ONSET})({'|'.join(_OLDER)})(?!{_LETTER}|[\u0300-\u036f])",
)


def tidy_vietnamese(text: str) -> str:
    """The text with every letter composed (NFC) and every tone mark in one place: "hoà" becomes "hòa"."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text)
    return _NEWER_OPEN.sub(lambda found: found[1] + _OLDER[found[2]], composed)


def tidy_name(name: str) -> str:
    """A name in its one spelling; the address of a page or a person is no name, and only composed (NFC)."""
    return unicodedata.normalize("NFC", name) if _ADDRESS.search(name) else tidy_vietnamese(name)


def respelt(names: Iterable[str]) -> dict[str, str]:
    """The names that are to be written otherwise, and how."""
    tidy = {name: tidy_name(name) for name in names}
    return {name: spelt for name, spelt in tidy.items() if spelt != name}


def bare(name: str) -> str:
    """The name without accents, case and extra blanks: a key to look for namesakes by, never to link by.

    It is no evidence that two people are one: some thirty in a hundred Vietnamese are called Nguyễn.
    """
    apart = unicodedata.normalize("NFD", name.casefold())
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(letters.replace("đ", "d").split())
