"""Vietnamese and English say the same things, each as its readers write them."""

from __future__ import annotations

import ast
import datetime as dt
import re
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from journey_lib import (
    card_blocks,
    charts,
    charts_journeys,
    charts_times,
    charts_touchpoints,
    explorers,
    features,
    findings_journeys,
    findings_personas,
    i18n,
    layouts,
    map_words,
    session,
    tables,
    touchpoints,
    words_touchpoints,
    words_voice,
)
from journey_lib.errors import ParameterError
from journey_lib.model import TABLES
from journey_lib.personas.notes import Basis

PACKAGE = Path(i18n.__file__).parent
CATALOGUE = PACKAGE / "locale" / "vi" / "LC_MESSAGES" / "journey_lib.po"
SLOT = re.compile(r"{(\w+)}")


@pytest.fixture
def messages() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="vi") if m.id}


def said_in_code() -> Iterator[tuple[str, str]]:
    """Every English message the package can say: the first argument of `_()` and `i18n.text()`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"_", "text", "words"}:
                first = node.args[0]
                chosen = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                yield from (
                    (path.name, c.value)
                    for c in chosen
                    if isinstance(c, ast.Constant) and isinstance(c.value, str)
                )
    for caption, columns in layouts.LAYOUTS.values():
        yield "session.py", caption
        yield from (("session.py", column.replace("_", " ").capitalize()) for column in columns)
    yield from (("charts.py", name) for name in (*charts.MODEL_NAMES.values(), *charts.SPECIAL.values()))
    yield from (("session.py", name) for name in session.CODES.values())
    yield from (("charts_journeys.py", question) for _key, question in charts_journeys.OUTCOMES.values())
    yield from (("charts_journeys.py", name) for name in charts_journeys.DAYS.values())
    yield from (("charts_journeys.py", words) for pair in charts_times.CURVES.values() for words in pair)
    yield from (("charts_journeys.py", name) for name in charts_journeys.MATCH)
    yield from (("charts_journeys.py", question) for question in charts_journeys.DROPPED.values())
    yield from (("charts_journeys.py", name) for name in charts_journeys.MOVES.values())
    yield from (("columns.py", each.label) for each in (*features.KNOWN.values(), *features.MIXES.values()))
    yield from (("explorers.py", name) for name in explorers.VIEWS)
    yield from (("findings_personas.py", words) for words in findings_personas.WORDS.values())
    views = (*findings_journeys.VIEW_NAMES.values(), findings_journeys.RATE)
    yield from (("findings_journeys.py", words) for words in (*views, "next", "last", "before", "after"))
    yield from (("card_blocks.py", words) for words in card_blocks.ASPECT_NAMES.values())
    yield from (("card_blocks.py", words) for words in card_blocks.TIME_NAMES.values())
    yield from (("notes.py", basis) for basis in get_args(Basis))
    units = {each.unit for each in (*features.KNOWN.values(), *features.MIXES.values())} - {
        "",
        "share",
        "money",
    }
    yield from (("columns.py", unit) for unit in sorted(units))
    for template in sorted(PACKAGE.rglob("*.j2")):
        found = re.findall(r"_\(\"([^\"]+)\"", template.read_text("utf-8"))
        yield from ((template.name, message) for message in found)
    yield from (("words_touchpoints.py", said) for said in words_touchpoints.WORDS.values())
    yield from (("words_touchpoints.py", said) for said in words_touchpoints.PLACES.values())
    yield from (
        ("words_voice.py", said) for said in (*words_voice.WORDS.values(), *words_voice.SCORED.values())
    )
    yield from (("words_voice.py", word) for _sign, word in words_voice.TONES.values())
    yield from (("charts_touchpoints.py", said) for said in charts_touchpoints.FACTORS.values())
    yield from (("complete.py", said) for said in touchpoints.GAPS.values())
    yield from (("map_words.py", said) for said in map_words.TABLES.values())
    yield from (("map_words.py", said) for said in map_words.ABOUT.values() if said != "{what}")
    yield from (("complete.py", words_touchpoints.measure_name(name)) for name in touchpoints.MEASURES)


def test_everything_a_reader_sees_has_its_vietnamese(messages):
    missing = {f"{where}: {message}" for where, message in said_in_code() if not messages.get(message)}
    assert not missing


def test_a_translation_has_the_slots_of_its_message(messages):
    for message, translated in messages.items():
        assert sorted(SLOT.findall(message)) == sorted(SLOT.findall(translated)), message


def test_vietnamese_is_written_composed(messages):
    assert all(unicodedata.is_normalized("NFC", translated) for translated in messages.values())


def test_numbers_money_and_dates_are_written_as_readers_expect():
    space = "\u00a0"
    assert i18n.number(1234.5, 1, "vi") == "1.234,5"
    assert i18n.number(1234.5, 1, "en") == "1,234.5"
    assert i18n.percent(0.1234, 1, "vi") == "12,3%"
    assert i18n.money(357_960_000, "VND", "vi") == f"357.960.000{space}₫"
    assert i18n.money(357_960_000, "VND", "vi", compact=True) == f"358{space}triệu{space}₫"
    assert i18n.money(1234.5, "USD", "en") == "$1,234.50"
    assert i18n.money(332.8110599971633, "USD", "vi", compact=True) == f"332,81{space}US$"
    assert i18n.money(332.8110599971633, "USD", "en", compact=True) == "$332.81"
    assert i18n.money(-999_999, "VND", "vi", compact=True) == f"-1{space}triệu{space}₫"
    assert [i18n.money(x, "USD", "en", compact=True) for x in (999.94, 999.96, 999_949)] == [
        "$999.94",
        "$1K",
        "$999.9K",
    ]
    assert i18n.date(dt.date(2025, 4, 3), "vi") == "03/04/2025"
    assert i18n.date(dt.date(2025, 4, 3), "en") == "3 Apr 2025"


def test_an_interval_stays_on_one_line_and_a_dash_between_words_does_not():
    assert i18n.unbroken("27,2% doanh thu (23,5% – 31,1%).").count("\N{NO-BREAK SPACE}") == 2
    assert i18n.unbroken("521,1 nghìn ₫ – 834,6 nghìn ₫").count("\N{NO-BREAK SPACE}") == 2
    assert i18n.unbroken("from $5 – $9").endswith("$5\N{NO-BREAK SPACE}–\N{NO-BREAK SPACE}$9")
    assert i18n.unbroken("Zalo – email") == "Zalo – email"


def test_anchors_and_file_names_are_plain_ascii():
    assert i18n.slug("Điểm chạm & kênh: Đường đi") == "diem-cham-kenh-duong-di"
    assert i18n.slug(unicodedata.normalize("NFD", "Hành trình")) == "hanh-trinh"


def test_charts_write_dong_after_the_number_and_months_in_words():
    locale = i18n.vega_locale("VND", "vi")
    assert locale["formatLocale"]["currency"] == ["", "\u00a0₫"]
    assert locale["formatLocale"]["decimal"] == ","
    assert locale["timeFormatLocale"]["days"][0] == "Chủ Nhật"


def test_a_heading_is_the_columns_name_in_words():
    i18n.speak("vi")
    try:
        assert tables.heading("conversion_rate") == "Tỷ lệ chuyển đổi"
    finally:
        i18n.speak("en")


def test_a_heading_says_in_both_languages_what_the_column_holds():
    """“Over” and “Left kind” are names for code; who reads a page in English is told more."""
    assert tables.heading("over") == "Journeys over"
    assert tables.heading("left_kind") == "Stronger identifier"
    assert tables.heading("k") == "Personas"
    assert tables.heading("removal_effect") == "Removal effect"
    with i18n.speaking("vi"):
        assert tables.heading("over") == "Hành trình đã kết thúc"


def test_the_share_of_conversions_is_not_called_a_conversion_rate(messages):
    """“Tỷ lệ chuyển đổi” is the conversion rate; a channel's part of all conversions is something else."""
    assert messages["Conversion rate"] == "Tỷ lệ chuyển đổi"
    assert messages["Share of conversions"] != messages["Conversion rate"]


def test_a_touch_is_not_called_a_touchpoint(messages):
    """A touch (lần chạm) is one contact, a touchpoint (điểm chạm) the place of many."""
    touch = re.compile(r"\btouch(es)?\b", re.IGNORECASE)
    mixed = {
        m
        for m, said in messages.items()
        if touch.search(m) and "touchpoint" not in m.lower() and "điểm chạm" in said.lower()
    }
    assert not mixed


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("timestamp is empty", "thiếu thời gian"),
        ("score cannot be read", "điểm không đọc được"),
        ("end is a bare number", "kết thúc chỉ là một con số, không phải thời gian"),
        ("nobody is identified", "không xác định được là ai"),
    ],
)
def test_why_a_row_was_kept_apart_is_said_in_the_readers_words(said, words):
    i18n.speak("vi")
    try:
        assert tables.reason(said) == words
    finally:
        i18n.speak("en")
    assert tables.reason(said) == said


def test_every_column_of_the_canonical_tables_has_a_vietnamese_name(messages):
    columns = {name for table in TABLES.values() for name in table}
    assert {name for name in columns if not messages.get(name.replace("_", " ").capitalize())} == set()


def test_a_language_we_do_not_speak_is_refused():
    with pytest.raises(ParameterError, match="'fr' is not a language"):
        i18n.speak("fr")  # type: ignore[arg-type]


def test_two_threads_speak_their_own_language_at_once():
    heard: dict[str, set[str]] = {"vi": set(), "en": set()}
    start = threading.Barrier(2)

    def speak(lang) -> None:
        start.wait()
        for _ in range(300):
            with i18n.speaking(lang):
                heard[lang].add(i18n.text("Customers"))

    threads = [threading.Thread(target=speak, args=(lang,)) for lang in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"vi": {"Khách hàng"}, "en": {"Customers"}}
