"""Identifiers in one spelling, what is none, the secret they are hashed under, and names."""

from __future__ import annotations

import hashlib
import hmac
import logging
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_lib import identity
from journey_lib.errors import ConfigError, ParameterError
from journey_lib.identity import columns
from journey_lib.identity.normalise import PREFIXES_2018
from journey_lib.model import IDENTIFIERS


def one(kind: str, value: str, *blocked: str) -> str | None:
    return identity.normalised(kind, [value], blocked)[0][0]


def reason(kind: str, value: str, *blocked: str) -> str:
    texts, reasons = identity.normalised(kind, [value], blocked)
    assert texts == [None]
    assert list(reasons.values()) == [1]
    return next(iter(reasons))


# --- phones ---


@pytest.mark.parametrize(
    "spelling",
    [
        "0301234567",
        "+84301234567",
        "84301234567",
        "0084301234567",
        "0301 234 567",
        "0301.234.567",
        "0301-234-567",
        "(030) 1234 567",
        "(84) 301234567",
        "+84 (0)301 234 567",
        "tel:+84-301-234-567",
        "０３０１２３４５６７",
        "＋８４ 301 234 567",
        " 0301\u00a0234\u2013567\u200b ",
        "301234567",  # a spreadsheet took it for a sum
    ],
)
def test_one_mobile_number_has_one_spelling(spelling: str) -> None:
    assert one("phone", spelling) == "+84301234567"


@pytest.mark.parametrize("old", PREFIXES_2018)
def test_eleven_digits_of_before_2018_are_the_ten_of_after(old: str) -> None:
    new = PREFIXES_2018[old]
    for spelling in (
        f"{old}3456789",
        f"+84{old[1:]}3456789",
        f"84{old[1:]} 345 67 89",
        f"0084{old[1:]}3456789",
    ):
        assert one("phone", spelling) == f"+84{new[1:]}3456789" == one("phone", f"{new}3456789")


def test_the_ministrys_table_has_21_prefixes_that_become_21() -> None:
    assert len(PREFIXES_2018) == len(set(PREFIXES_2018.values())) == 21
    assert PREFIXES_2018["0168"] == "038"
    assert PREFIXES_2018["0120"] == "070"
    assert PREFIXES_2018["0199"] == "059"


def test_an_eleven_digit_prefix_that_was_never_handed_out_is_no_number() -> None:
    assert reason("phone", "01601234567") == "not a phone number"


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ("028 3812 3456", "+842838123456"),
        ("+84 24 3825 2525", "+842438252525"),
        ("842838123456", "+842838123456"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("0065 6123 4567", "+6561234567"),
    ],
)
def test_landlines_and_numbers_of_other_countries_are_phones(spelling: str, number: str) -> None:
    assert one("phone", spelling) == number


@pytest.mark.parametrize(
    "hotline", ["1900 1234", "19001234", "1900545415", "1800-1091", "+84 1900 1234", "113", "114", "115"]
)
def test_hotlines_are_nobodys_number(hotline: str) -> None:
    assert reason("phone", hotline) == "a service number"


@pytest.mark.parametrize(
    "value", ["0900000000", "0123456789", "0999999999", "0000000000", "+84 900 000 000", "-1", "0"]
)
def test_what_a_hand_types_that_has_to_type_something_is_blocked(value: str) -> None:
    assert reason("phone", value) == "blocked value"


@pytest.mark.parametrize(
    "value",
    ["09123456", "030123456", "0301234567890", "abc", "03O1234567", "+12", "0401234567", "4155552671"],
)
def test_half_a_number_is_none(value: str) -> None:
    assert reason("phone", value) == "not a phone number"


# --- addresses ---


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        ("An.Nguyen@Example.com", "an.nguyen@example.com"),
        (" AN+SALE@EXAMPLE.ORG ", "an+sale@example.org"),
        ("a.n@example.com", "a.n@example.com"),
        ("x@mua-sắm.example".upper(), "x@mua-sắm.example"),
        (unicodedata.normalize("NFD", "hòa@example.com"), "hòa@example.com"),
        ("straße@example.com", "strasse@example.com"),
    ],
)
def test_an_address_is_trimmed_and_folded_and_else_left_as_it_is(spelling: str, address: str) -> None:
    assert one("email", spelling) == address


@pytest.mark.parametrize(
    "value",
    [
        "an",
        "an@",
        "@example.com",
        "an@example",
        "a@b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "an@example.c",
        "an@-x.com",
        f"{'a' * 65}@example.com",
    ],
)
def test_half_an_address_is_none(value: str) -> None:
    assert reason("email", value) == "not an e-mail address"


def test_an_address_with_blanks_is_refused_and_not_mended() -> None:
    assert reason("email", "an nguyen@example.com") == "an e-mail address with blanks"


# --- what is no identifier of any kind ---


@pytest.mark.parametrize("kind", IDENTIFIERS)
@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "0",
        "-1",
        "null",
        "NULL",
        "None",
        "NaN",
        "undefined",
        "anonymous",
        "Guest",
        "unknown",
        "test",
        "(not set)",
        "00000000-0000-0000-0000-000000000000",
        "---",
    ],
)
def test_placeholders_are_blocked_for_every_kind(kind: str, value: str) -> None:
    assert reason(kind, value) == "blocked value"


def test_the_callers_own_placeholders_are_blocked_in_any_spelling() -> None:
    assert reason("phone", "+84 301 234 567", "0301.234.567") == "blocked value"
    assert reason("member", " khách lẻ ", "KHÁCH LẺ") == "blocked value"
    assert reason("email", "Shop@Example.com", "shop@example.com") == "blocked value"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("member", " vg-12a ", "VG-12A"),
        ("user_id", "u7", "U7"),
        ("customer_id", unicodedata.normalize("NFD", "khách1"), "KHÁCH1"),
        ("device", " A1B2-C3 ", "a1b2-c3"),
        ("cookie", "GA1.2.X", "ga1.2.x"),
    ],
)
def test_numbers_of_members_are_upper_case_and_of_devices_lower(kind: str, value: str, text: str) -> None:
    assert one(kind, value) == text


def test_reasons_are_counted_and_missing_values_are_not() -> None:
    texts, reasons = identity.normalised("phone", pa.array(["0301234567", None, "115", "0", "x", "y"]))

    assert texts == ["+84301234567", None, None, None, None, None]
    assert reasons == {"a service number": 1, "blocked value": 1, "not a phone number": 2}


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_what_is_canonical_stays_so(kind: str) -> None:
    given = ["0301234567", "01683456789", "+6561234567", "Hòa@Example.com", "ßẞİ", "ab-12"]
    once = [text for text in identity.normalised(kind, given)[0] if text]

    assert identity.normalised(kind, once)[0] == once


def test_a_kind_there_is_not_is_refused() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'email'"):
        identity.normalised("e-mail", [])


# --- the secret ---


def test_a_hash_is_the_first_half_of_an_hmac_of_kind_and_value() -> None:
    secret = b"0123456789abcdef"
    full = hmac.new(secret, b"phone\0+84301234567", hashlib.sha256).hexdigest()

    assert identity.hashed("phone", ["+84301234567"], secret) == [full[:32]]
    assert identity.hashed("member", ["+84301234567"], secret) != [full[:32]]


@given(st.binary(min_size=16, max_size=200), st.lists(st.text(max_size=90), max_size=4))
def test_hashes_are_those_of_the_standard_whatever_the_key_and_the_values(secret, values) -> None:
    told = [hmac.digest(secret, b"email\0" + value.encode(), "sha256").hex()[:32] for value in values]
    assert identity.hashed("email", values, secret) == told


def test_the_key_comes_from_the_environment_then_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "identity.key"
    file.write_text("f" * 32 + "\n")
    monkeypatch.delenv("OUR_KEY", raising=False)
    assert identity.key("OUR_KEY", file) == b"f" * 32
    monkeypatch.setenv("OUR_KEY", "e" * 16)
    assert identity.key("OUR_KEY", file) == b"e" * 16


def test_without_a_key_the_message_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUR_KEY", raising=False)
    for file in (None, tmp_path / "missing.key"):
        with pytest.raises(ConfigError) as raised:
            identity.key("OUR_KEY", file)
        for part in ('python -c "import secrets', "OUR_KEY", "outside the repository"):
            assert part in str(raised.value)
        assert file is None or str(file) in str(raised.value)


def test_a_short_key_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "tooshort1234567")
    with pytest.raises(ConfigError, match="15 bytes; at least 16") as raised:
        identity.key("OUR_KEY")
    assert "tooshort" not in str(raised.value)


def test_a_key_does_not_show_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OUR_KEY", "sesame" * 4)
    secret = identity.key("OUR_KEY")
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("key %s %r", secret, secret)

    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", repr([secret]), caplog.text):
        assert "sesame" not in shown


# --- names ---


@pytest.mark.parametrize(
    ("one_way", "other"),
    [
        ("Lê Thị Hoà", "Lê Thị Hòa"),
        ("NGUYỄN HOÀ", "NGUYỄN HÒA"),
        ("Trần Thuý", "Trần Thúy"),
        ("Phạm Thuỳ Chi", "Phạm Thùy Chi"),
        ("Uỷ", "Ủy"),
        ("Khoẻ", "Khỏe"),
        ("Đoá Hoạ", "Đóa Họa"),
        ("Vũ Luỹ, Loã", "Vũ Lũy, Lõa"),
    ],
)
def test_a_tone_mark_has_one_place(one_way: str, other: str) -> None:
    for text in (one_way, other, unicodedata.normalize("NFD", one_way)):
        assert identity.tidy_vietnamese(text) == other
    assert identity.bare(one_way) == identity.bare(other)


@pytest.mark.parametrize(
    "name", ["Hoàng Quý", "Huỳnh Quỳ", "Nguyễn Hoàn", "Toản", "Quỹ", "Loan", "Khoét", "Thúy Quỳnh", "QUÝ"]
)
def test_closed_syllables_and_qu_are_left_alone(name: str) -> None:
    assert identity.tidy_vietnamese(name) == name


def test_a_bare_name_has_no_accents_case_or_extra_blanks() -> None:
    assert identity.bare("  ĐỖ  Thị\tÁnh Tuyết ") == "do thi anh tuyet"
    assert identity.bare(unicodedata.normalize("NFD", "Đỗ thị Ánh tuyết")) == "do thi anh tuyet"


# --- a column at a time ---

ALMOST = (
    *(
        "AB-1",
        "ab-1",
        "a b",
        "",
        "-1",
        "0000",
        "00-00",
        "null",
        "NULL",
        "(not set)",
        "TEST",
        "é",
        "E\u0301",
        "\u200bx",
    ),
    *(
        "a@b.vn",
        "A@b.vn",
        "a..b@c.vn",
        "a@b",
        "a@-b.vn",
        f"{'a' * 64}@b.vn",
        f"{'a' * 65}@b.vn",
        "a+b@c-d.com.vn",
    ),
    *(
        "0301234567",
        "+84301234567",
        "0987654321",
        "+84876543210",
        "0388888888",
        "+84366666666",
        "01201234567",
    ),
    *(
        "84301234567",
        "115",
        "19001234",
        "0241234567",
        "02412345678",
        "+14155552671",
        "0301234567\n",
        "0111111111",
    ),
)


@pytest.mark.parametrize("kind", IDENTIFIERS)
@settings(max_examples=30)
@pytest.mark.parametrize("blocked", [(), ("AB-1", "+84 301 234 567", "A@B.vn")])
@given(
    values=st.lists(st.one_of(st.sampled_from(ALMOST), st.text(), st.from_regex(r"0[0-9]{9}")), unique=True)
)
def test_a_column_is_written_as_each_of_its_values_is(kind, blocked, values):
    values = [*ALMOST, *(value for value in values if value not in ALMOST)]
    texts, reasons = columns.canonical(kind, pa.array(values, pa.string()), blocked)
    assert (texts.to_pylist(), reasons) == identity.normalised(kind, values, blocked)
    there = [text for text in texts.to_pylist() if text is not None]
    hashes = identity.hashed(kind, there, b"a key of 16 bytes and more")
    numbers = np.frombuffer(bytes.fromhex("".join(hashes)), ">u8").reshape(-1, 2)
    assert columns.labels(numbers).to_pylist() == hashes


def test_a_column_may_be_empty():
    texts, reasons = columns.canonical("phone", pa.array([], pa.string()))
    assert (texts.to_pylist(), reasons) == ([], {})
    assert columns.labels(np.zeros((0, 2), ">u8")).to_pylist() == []
