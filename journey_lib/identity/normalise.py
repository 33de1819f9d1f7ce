"""One way to write each identifier, and what is not one: a placeholder, a hotline, half an address."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

import pyarrow as pa

from journey_lib.errors import ParameterError, did_you_mean

BLOCKED = "blocked value"
NO_PHONE = "not a phone number"
SERVICE = "a service number"
NO_EMAIL = "not an e-mail address"
BLANKS = "an e-mail address with blanks"

# What systems write where nothing is known.
PLACEHOLDERS = frozenset(
    {"", "-1", "null", "none", "nan", "undefined", "anonymous", "guest", "unknown", "test", "(not set)"}
)
_ZEROS = re.compile(r"[0-]*")

# The eleven digits of before 15 September 2018 and what became of them: the ministry's 21 prefixes.
PREFIXES_2018 = {
    **{f"016{digit}": f"03{digit}" for digit in range(2, 10)},  # Viettel
    # MobiFone
    "0120": "070",
    "0121": "079",
    "0122": "077",
    "0126": "076",
    "0128": "078",
    # VinaPhone
    "0123": "083",
    "0124": "084",
    "0125": "085",
    "0127": "081",
    "0129": "082",
    # Vietnamobile
    "0186": "056",
    "0188": "058",
    # Gmobile
    "0199": "059",
}
_SEPARATORS = re.compile(r"[\s.\-()\[\]/\u2010-\u2015\u2212\u00ad]+")
_NUMBER = re.compile(r"\+?[0-9]+")
_MOBILE = re.compile(r"[35789][0-9]{8}")
_LANDLINE = re.compile(r"2[0-9]{9}")
_HOTLINE = re.compile(r"1[89]00[0-9]{2,6}|1[0-9]{2,4}")
_RUN = "01234567890", "09876543210"

_EMAIL = re.compile(
    r"""[^\s@"(),:;<>\[\]\\.]+(?:\.[^\s@"(),:;<>\[\]\\.]+)*"""  # dots only between other signs
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])"
)
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


class Refused(Exception):
    """Why a value is no identifier; never leaves this module."""


def normalised(
    kind: str, values: pa.Array | Sequence[str | None], blocked: Collection[str] = ()
) -> tuple[list[str | None], dict[str, int]]:
    """Each identifier written in the one way, and how many are none.

    Parameters
    ----------
    kind
        One of `journey_lib.model.IDENTIFIERS`.
    values
        Distinct raw values; a missing one stays missing and is not counted.
    blocked
        The caller's own placeholders, in any spelling, besides `PLACEHOLDERS`.

    Returns
    -------
    The canonical text of each value, or None; and how many values were refused for each reason.

    Raises
    ------
    ParameterError
        There is no such kind.
    """
    if kind not in _CANONICAL:
        raise ParameterError(f"there is no kind of identifier '{kind}'", do=did_you_mean(kind, _CANONICAL))
    canonical = _CANONICAL[kind]
    given: Iterable[str | None] = (
        values.to_pylist() if isinstance(values, pa.Array | pa.ChunkedArray) else values
    )
    placeholders, unwanted = refused_texts(kind, blocked)
    texts: list[str | None] = []
    reasons: Counter[str] = Counter()
    for value in given:
        if value is None:
            texts.append(None)
            continue
        try:
            text = _one(canonical, _clean(value), placeholders)
            if text in unwanted:
                raise Refused(BLOCKED)
            texts.append(text)
        except Refused as refused:
            texts.append(None)
            reasons[str(refused)] += 1
    return texts, dict(sorted(reasons.items()))


def refused_texts(kind: str, blocked: Collection[str] = ()) -> tuple[frozenset[str], frozenset[str]]:
    """What is no identifier: texts before they are put into the one way, in lower case, and after."""
    before = PLACEHOLDERS | {_clean(value).casefold() for value in blocked}
    return before, frozenset(_spelled(_CANONICAL[kind], blocked))


def _one(canonical: Callable[[str], str], text: str, placeholders: Collection[str]) -> str:
    if text.casefold() in placeholders or _ZEROS.fullmatch(text):
        raise Refused(BLOCKED)
    return canonical(text)


def _spelled(canonical: Callable[[str], str], values: Iterable[str]) -> Iterable[str]:
    """The canonical text of those values that have one."""
    for value in values:
        try:
            yield _one(canonical, _clean(value), ())
        except Refused:
            continue


def _clean(value: str) -> str:
    """Composed, without blanks and invisible signs at its ends."""
    if value.isascii():
        return value.strip()
    return unicodedata.normalize("NFC", value).strip().strip(_INVISIBLE).strip()


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else unicodedata.normalize("NFC", text.upper())


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.lower())


def _email(text: str) -> str:
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())
    if any(sign.isspace() for sign in folded):
        raise Refused(BLANKS)
    if len(folded) > 254 or not _EMAIL.fullmatch(folded) or folded.index("@") > 64:
        raise Refused(NO_EMAIL)
    return folded


def _phone(text: str) -> str:
    """E.164; a number without a country is taken to be Vietnamese."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)  # full-width digits become digits
    number = _SEPARATORS.sub("", plain.casefold().removeprefix("tel:"))
    if not _NUMBER.fullmatch(number):
        raise Refused(NO_PHONE)
    digits = number.lstrip("+")
    if _made_up(digits):
        raise Refused(BLOCKED)
    if number[0] == "+" or digits.startswith("00"):
        abroad = digits.removeprefix("00")
        if not abroad.startswith("84"):
            return _foreign(abroad)
        return _vietnamese(abroad[2:].removeprefix("0"))
    if digits.startswith("84") and 11 <= len(digits) <= 13:
        return _vietnamese(digits[2:].removeprefix("0"))
    # Without its nought: a hotline, or a mobile number that a spreadsheet took for a sum.
    return _vietnamese(digits.removeprefix("0"))


def _vietnamese(rest: str) -> str:
    """A Vietnamese number from its digits without country and leading nought."""
    newer = PREFIXES_2018.get("0" + rest[:3]) if len(rest) == 10 else None
    if newer:
        rest = newer[1:] + rest[3:]
    elif _HOTLINE.fullmatch(rest):
        raise Refused(SERVICE)
    if not (_MOBILE.fullmatch(rest) or _LANDLINE.fullmatch(rest)):
        raise Refused(NO_PHONE)
    if _made_up(rest):
        raise Refused(BLOCKED)
    return "+84" + rest


def _foreign(digits: str) -> str:
    if not 8 <= len(digits) <= 15 or digits[0] == "0":
        raise Refused(NO_PHONE)
    return "+" + digits


def _made_up(digits: str) -> bool:
    """Whether a hand typed it that had to type something: one digit eight times over, or all in a row."""
    return len(digits) >= 8 and (len(set(digits[-8:])) == 1 or any(digits in run for run in _RUN))


_CANONICAL: dict[str, Callable[[str], str]] = {
    "user_id": _upper,
    "member": _upper,
    "customer_id": _upper,
    "email": _email,
    "phone": _phone,
    "device": _lower,
    "cookie": _lower,
}
