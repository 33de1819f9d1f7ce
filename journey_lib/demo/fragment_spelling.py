"""How do people write their phone number, address and member number? Right, in their own way, or wrong.

Phones come in seven spellings, all of them right. There is no eighth with the eleven digits of before 2018:
the shop's invented numbers begin with 030, and the old 0160 that would stand for it was never handed out
(Viettel's old numbers began with 0162 to 0169), so nobody could have written it. Wrong e-mail addresses have
their slip at the end, ``.con`` for ``.com``, because no such domain exists: a slip in *example* would be
somebody's.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.demo.arrays import Flags, Floats, Ints

PREFIX = "030"
# a … j are the ten digits of a number, all else stands as it is
PHONES = (
    "abcdefghij",
    "+84bcdefghij",
    "84bcdefghij",
    "abcd efg hij",
    "abcd.efg.hij",
    "abc-defg-hij",
    "(abc) defg hij",
)
# how often each of them is written; by source, for a caller's number or a gateway's log is not typed
PHONE_SHARES = {
    "web": (0.78, 0.08, 0.05, 0.05, 0.02, 0.01, 0.01),
    "app": (0.78, 0.08, 0.05, 0.05, 0.02, 0.01, 0.01),
    "store_pos": (0.52, 0.02, 0.03, 0.17, 0.15, 0.07, 0.04),
    "call_centre": (0.35, 0.38, 0.21, 0.02, 0.02, 0.01, 0.01),
    "crm_mail": (0.6, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0),
    "chat": (0.46, 0.09, 0.04, 0.2, 0.13, 0.05, 0.03),
}

TAGS = ("+vaigom", "+muasam", "+sale")
SLIPS = ((("com", "con"), ("net", "nte"), ("org", "ogr")), (("com", "cmo"), ("net", "ner"), ("org", "orgg")))
# of addresses that were typed: as in the customer file, capitalised by a phone's keyboard, in capitals, with
# a space after it, with each of the tags, with each of the slips
EMAIL_SHARES = (0.8, 0.08, 0.025, 0.035, 0.02, 0.015, 0.01, 0.009, 0.006)
FIRST_SLIP = 4 + len(TAGS)

WRONG_MEMBERS = 0.01  # of member numbers that were typed


def phones(numbers: Ints, spelling: Ints) -> pa.Array:
    """The phone number 030 and seven digits for each of `numbers`, in one of the spellings of `PHONES`."""
    digits = np.empty((len(numbers), 10), dtype=np.uint8)
    digits[:, :3] = np.frombuffer(PREFIX.encode(), dtype=np.uint8)
    rest = numbers
    for column in range(9, 2, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, column] = digit + ord("0")
    order = np.argsort(spelling, kind="stable")
    edges = np.searchsorted(spelling[order], np.arange(len(PHONES) + 1))
    parts = [
        _filled(template, digits[order[edges[code] : edges[code + 1]]])
        for code, template in enumerate(PHONES)
    ]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return pa.concat_arrays(parts).take(pa.array(place))


def _filled(template: str, digits: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> pa.Array:
    text = np.empty((len(digits), len(template)), dtype=np.uint8)
    for column, letter in enumerate(template.encode()):
        text[:, column] = digits[:, letter - ord("a")] if letter >= ord("a") else letter
    return pa.array(text.view(f"S{len(template)}").ravel()).cast(pa.string())


def ladder(source: tuple[str, ...]) -> Floats:
    """Running shares of the phone spellings, a row for each of `source`."""
    shares: Floats = np.cumsum([PHONE_SHARES[name] for name in source], axis=1)
    return shares / shares[:, -1:]


def email_spelling(chance: Floats, typed: Flags) -> Ints:
    """Which of `EMAIL_SHARES` each address is written as: the first where nobody typed it."""
    steps = np.cumsum(EMAIL_SHARES)
    spelling: Ints = np.where(typed, np.searchsorted(steps[:-1] / steps[-1], chance, side="right"), 0)
    return spelling


def emails(plain: pa.Array, spelling: Ints) -> pa.Array:
    """Each address in its spelling."""
    texts = [plain, pc.utf8_capitalize(plain), pc.utf8_upper(plain)]
    texts.append(pc.binary_join_element_wise(plain, " ", ""))
    texts += [pc.replace_substring(plain, "@", f"{tag}@") for tag in TAGS]
    for slips in SLIPS:
        wrong = plain
        for right, typed in slips:
            wrong = pc.replace_substring_regex(wrong, rf"\.{right}$", f".{typed}")
        texts.append(wrong)
    return pc.choose(pa.array(spelling), *texts)


def mistyped(number: str, chance: float) -> str:
    """A number with a typing error: two digits swapped, one left out, or a letter that looks like one."""
    digits = [at for at, sign in enumerate(number) if sign.isdigit()]
    at = digits[0] + int(chance * 7919 % 1 * (len(digits) - 1))
    pairs = [p for p in [*range(at, digits[-1]), *range(digits[0], at)] if number[p] != number[p + 1]]
    if chance < 0.6 and pairs:
        return number[: pairs[0]] + number[pairs[0] + 1] + number[pairs[0]] + number[pairs[0] + 2 :]
    zeros = [p for p in digits if number[p] in "01"]
    if chance < 0.8 and zeros:
        letter = "O" if number[zeros[-1]] == "0" else "l"
        return number[: zeros[-1]] + letter + number[zeros[-1] + 1 :]
    return number[:at] + number[at + 1 :]


def members(plain: pa.Array, chance: Floats, typed: Flags) -> tuple[pa.Array, Flags]:
    """Member numbers as they were entered, and which of them are wrong."""
    wrong = typed & (chance < WRONG_MEMBERS)
    if not wrong.any():
        return plain, wrong
    texts = [
        mistyped(number, at)
        for number, at in zip(
            plain.filter(pa.array(wrong)).to_pylist(), chance[wrong] / WRONG_MEMBERS, strict=True
        )
    ]
    return pc.replace_with_mask(plain, pa.array(wrong), pa.array(texts, pa.string())), wrong
