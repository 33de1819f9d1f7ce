"""Vietnamese and English: the words a reader sees, and how numbers, money and dates are written."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from journey_lib.errors import ParameterError
from journey_lib.model import Language

LOCALES: dict[Language, str] = {"vi": "vi_VN", "en": "en_US"}
CATALOGUES = Path(__file__).parent / "locale"

_current: Language = "en"
_here = threading.local()
_asked = 0


def speak(language: Language) -> None:
    """Set the language this process speaks; a notebook's session calls it once, at its start."""
    global _current  # noqa: PLW0603 - one process renders one language; passing it to every title would drown them
    if language not in LOCALES:
        raise ParameterError(f"{language!r} is not a language of this workbench", do='use "vi" or "en"')
    _current = language


def language() -> Language:
    """The language spoken here and now."""
    global _asked  # noqa: PLW0603 - see `asked`
    _asked += 1
    return getattr(_here, "language", None) or _current


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """Speak `chosen` within the block, in this thread only: pages of two languages are made side by side."""
    before = getattr(_here, "language", None)
    _here.language = chosen
    try:
        yield
    finally:
        _here.language = before


def asked() -> int:
    """How often this process has wanted to know its language: who did not ask said nothing in words."""
    return _asked


def _spoken() -> Language:
    return language()


@functools.cache
def _catalogue(lang: Language) -> dict[str, str]:
    if lang == "en":
        return {}
    from babel.messages.pofile import read_po

    path = CATALOGUES / lang / "LC_MESSAGES" / "journey_lib.po"
    with path.open("rb") as file:
        return {
            str(m.id): str(m.string) for m in read_po(file, locale=lang) if m.id and m.string and not m.fuzzy
        }


def text(message: str, /, language: Language | None = None, **slots: Any) -> str:
    """What `message` (English, with ``{slots}``) reads in the current or given language."""
    translated = _catalogue(language or _spoken()).get(message, message)
    return translated.format(**slots) if slots else translated


def number(value: float, digits: int = 0, language: Language | None = None) -> str:
    """``1.234,5`` in Vietnamese, ``1,234.5`` in English."""
    from babel.numbers import format_decimal

    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(round(value, digits), pattern, locale=LOCALES[language or _spoken()]))


def people(n: float, k: int) -> str:
    """A count of people as it may be shown: of fewer than `k` no more is said than that."""
    return text("fewer than {k}", k=number(k)) if 0 < n < k else number(n)


def percent(value: float, digits: int = 1, language: Language | None = None) -> str:
    """A share of 1 as a percentage: ``0.123`` is ``12,3%`` in Vietnamese."""
    return number(100 * value, digits, language) + "%"


def unbroken(sentence: str) -> str:
    """The same with every interval on one line: ``23,5% – 31,1%`` is one number, broken it reads as two."""
    return re.sub(r"(?<=[\d%₫$]) – (?=[\d₫$])", "\u00a0–\u00a0", sentence)


def money(amount: float, currency: str, language: Language | None = None, compact: bool = False) -> str:
    """An amount in major units as its readers write it: ``357.960.000 ₫``; compact: ``358 triệu ₫``.

    CLDR's short Vietnamese forms, Tr and N, are read by few: million and thousand are written out there.
    Under a thousand there is no shorter form, so that is written out, with the currency's own digits.
    """
    from babel.numbers import (
        format_compact_currency,
        format_compact_decimal,
        format_currency,
        get_currency_symbol,
    )

    lang = language or _spoken()
    locale = LOCALES[lang]
    compact = compact and abs(amount) >= 999.95
    if compact:
        # Babel picks the word before it rounds: 999 999 would be a thousand thousand.
        scale = 1000 ** int(math.log10(abs(amount)) // 3)
        # Two digits under ten: 1.95 billion is neither 1.9 nor 2.
        digits = 2 if abs(amount) < 9.995 * scale else 1
        amount = round(amount / scale, digits) * scale
    if compact and lang == "vi":
        words = format_compact_decimal(amount, format_type="long", locale=locale, fraction_digits=digits)
        return f"{words} {get_currency_symbol(currency, locale=locale)}".replace(" ", "\u00a0")
    if compact:
        return str(format_compact_currency(amount, currency, locale=locale, fraction_digits=digits))
    return str(format_currency(amount, currency, locale=locale))


def date(day: dt.date, language: Language | None = None) -> str:
    """``31/01/2025`` in Vietnamese, ``31 Jan 2025`` in English, where neither order can be mistaken."""
    from babel.dates import format_date

    lang = language or _spoken()
    return str(format_date(day, "dd/MM/yyyy" if lang == "vi" else "d MMM yyyy", locale=LOCALES[lang]))


def slug(words: str) -> str:
    """An ASCII name for anchors and files: Vietnamese marks folded, everything else a hyphen."""
    folded = unicodedata.normalize("NFD", words.lower().replace("đ", "d"))
    kept = "".join(
        c if c.isascii() and c.isalnum() else "-" if not unicodedata.combining(c) else "" for c in folded
    )
    return "-".join(part for part in kept.split("-") if part)


def vega_locale(currency: str, language: Language | None = None) -> dict[str, dict[str, Any]]:
    """The number and time locales a Vega chart is embedded with, so that one chart serves both languages.

    d3 ships no Vietnamese number locale, and its currency sign is part of the locale: both are made here.
    """
    from babel.dates import get_day_names, get_month_names
    from babel.numbers import get_currency_symbol

    lang = language or _spoken()
    sign = get_currency_symbol(currency, locale=LOCALES[lang])
    numbers: dict[str, Any] = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": [sign, ""]}
    if lang == "vi":
        numbers = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", f"\u00a0{sign}"]}
    numbers["percent"] = "%"
    locale = LOCALES[lang]
    days = [6, 0, 1, 2, 3, 4, 5]  # d3 weeks start on Sunday, CLDR's on Monday
    months = range(1, 13)
    times = {
        "dateTime": "%d/%m/%Y %H:%M" if lang == "vi" else "%d %b %Y %H:%M",
        "date": "%d/%m/%Y" if lang == "vi" else "%d %b %Y",
        "time": "%H:%M",
        "periods": ["SA", "CH"] if lang == "vi" else ["AM", "PM"],
        "days": [get_day_names("wide", locale=locale)[d] for d in days],
        "shortDays": [get_day_names("abbreviated", locale=locale)[d] for d in days],
        "months": [get_month_names("wide", locale=locale)[m] for m in months],
        "shortMonths": [get_month_names("abbreviated", locale=locale)[m] for m in months],
    }
    return {"formatLocale": {**numbers, "minus": "−"}, "timeFormatLocale": times}
