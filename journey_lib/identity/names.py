"""People's names: one way to write a Vietnamese tone mark, and a bare key to look for likely namesakes by.

Neither is evidence that two people are one: some thirty in a hundred Vietnamese are called Nguyễn.
"""

from __future__ import annotations

import re
import unicodedata

# Of the two ways to write an open syllable the older is kept: hòa, khỏe, thủy (not hoà, khoẻ, thuỷ). Closed
# syllables (hoàn, huỳnh) have one way only, and so has u after q, where it is part of the consonant (quý).
_TONES = "\u0300\u0301\u0309\u0303\u0323"  # as in à á ả ã ạ
_PAIRS = ("oa", "oe", "uy")


def _moved() -> dict[str, str]:
    table = {}
    for pair in _PAIRS:
        for first, second in ((a, b) for a in (pair[0], pair[0].upper()) for b in (pair[1], pair[1].upper())):
            for tone in _TONES:
                newer = first + unicodedata.normalize("NFC", second + tone)
                table[newer] = unicodedata.normalize("NFC", first + tone) + second
    return table


_OLDER = _moved()
_NEWER_OPEN = re.compile(rf"(?:(?<![qQ])|(?=[oO]))(?:{'|'.join(_OLDER)})(?![^\W\d_])")


def tidy_vietnamese(text: str) -> str:
    """The text with every letter composed (NFC) and every tone mark in one place: "hoà" becomes "hòa"."""
    composed = unicodedata.normalize("NFC", text)
    return _NEWER_OPEN.sub(lambda found: _OLDER[found[0]], composed)


def bare(name: str) -> str:
    """The name without accents, case and extra blanks: a key to look for namesakes by, never to link by."""
    apart = unicodedata.normalize("NFD", name.casefold())
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(letters.replace("đ", "d").split())
