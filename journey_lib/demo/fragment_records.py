"""What goes wrong when staff type a customer's data into the CRM? Slips, habits, second records.

A slip never turns a phone number into that of somebody else among the first two million people: what is
wrong with a record is then a mistake about one person only, and the truth can say whose.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from journey_lib.demo import ids
from journey_lib.demo.arrays import Floats, Ints, Stream
from journey_lib.demo.people import TIERS, customer_ids

# whose is it: the fragment as written, the person's number through all blocks, whether it is a typing error
TRUTH = pa.schema(
    [("kind", pa.string()), ("fragment", pa.string()), ("person", pa.int64()), ("error", pa.bool_())]
)

# where what stands in a row of the customer file
CODE, NAME, PHONE, EMAIL, DISTRICT, BORN, JOINED = 0, 1, 2, 3, 5, 6, 8
MEMBER, TIER = 10, 11

SPARE = ids.PHONES[0] * ids.PHONES[1]  # person numbers from here on belong to nobody: second records' codes
NEIGHBOURS = 2_000_000  # people among whom no slip gives one the phone of another

SECOND = 0.0135  # of records: a second one, of which three in ten would stand after the end of their block
WRONG_PHONE = 0.004
CAPITAL_EMAIL, SPACED_EMAIL = 0.01, 0.005
# how names go wrong, and how often
NAMES = {
    "names_wrong_marks": 0.015,
    "names_without_marks": 0.02,
    "names_old_marks": 0.2,  # no mistake: hoà for hòa, as many learned to write; few names have such a place
    "names_in_capitals": 0.015,
    "names_in_small_letters": 0.01,
    "names_decomposed": 0.005,  # letter and mark as two characters, as some systems export them
    "names_spaced": 0.015,
}
TYPED_PHONES = ("{0} {1} {2}", "{0}.{1}.{2}", "{0}{1}{2}", "+84{3}{1}{2}")

_TILDE = str.maketrans("ảẻỉỏủỷẩẳểổởửãẽĩõũỹẫẵễỗỡữ", "ãẽĩõũỹẫẵễỗỡữảẻỉỏủỷẩẳểổởử")
_MARK = "[\u0300\u0301\u0303\u0309\u0323]"  # the five tones
_OPEN = re.compile(rf"(?<=[oO])({_MARK})([aeAE])(?!\w)|(?<=[uU])({_MARK})([yY])(?!\w)")


@dataclass(frozen=True)
class Misspelt:
    """The customer file as it was typed.

    `rows` are its rows, some with mistakes, and some a second time under another code. `truth` (as `TRUTH`)
    says whose every code (``customer_id``), phone, e-mail address and member number in it is. `changes` has
    a row for each field that is not as it should be: (code, position of the column, as it should be, as it
    was written). `counts` are the mistakes of first records by what they are, and ``second_records``.
    """

    rows: list[tuple[str, ...]]
    truth: pa.Table
    changes: list[tuple[str, int, str, str]]
    counts: Mapping[str, int]


def misspelt(records: Sequence[Sequence[str]], number: Ints, seed: int, stream: Stream) -> Misspelt:
    """A block's rows of the customer file as staff typed them, a second record right after the first.

    `number` is the number through all blocks of the person in each of `records`. Rows are changed one by one:
    fewer records at the end leave the first rows as they are.
    """
    chance = stream("typing").random((len(records), 10))
    second = np.flatnonzero(chance[:, 0] < SECOND)
    codes = dict(zip(second.tolist(), customer_ids(SPARE + number[second], seed).to_pylist(), strict=True))
    slips = _slips([record[PHONE] for record in records], chance[:, 4], seed)
    counts: Counter[str] = Counter(dict.fromkeys([*NAMES, "second_records"], 0))
    counts.update(dict.fromkeys(("phones_swapped", "emails_in_capitals", "emails_spaced"), 0))
    rows: list[tuple[str, ...]] = []
    truth: dict[tuple[str, str, int], bool] = {}
    changes: list[tuple[str, int, str, str]] = []
    for place, record in enumerate(records):
        draw = chance[place].tolist()
        typed = _typed(record, draw, slips[place], counts)
        again = [_second(record, codes[place], draw)] if place in codes else []
        counts["second_records"] += len(again)
        for row in (typed, *again):
            rows.append(row)
            pairs = [(column, record[column], row[column]) for column in (NAME, PHONE, EMAIL)]
            changes += [(row[CODE], *pair) for pair in pairs if pair[1] != pair[2] and pair[2]]
            _note(truth, row, int(number[place]), row[PHONE] == slips[place])
    columns = [*zip(*truth, strict=True), tuple(truth.values())] if truth else [(), (), (), ()]
    table = pa.Table.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, TRUTH, strict=True)], schema=TRUTH
    )
    return Misspelt(rows, table, changes, dict(counts))


def owner(phones: Ints, seed: int) -> Ints:
    """The number of the person who has each phone, 030 and these seven digits: `ids.permuted` backwards."""
    sizes = tuple(np.uint64(size) for size in ids.PHONES)
    left, right = np.divmod(phones.astype(np.uint64), sizes[1])
    for turn in reversed(range(6)):
        salt = np.uint64(((seed + 1) * 1_000_003 + turn * 7_919 + 1) & 0xFFFF_FFFF_FFFF)
        if turn % 2:
            left = (left + sizes[0] - ids.mixed(right + (salt << np.uint64(14))) % sizes[0]) % sizes[0]
        else:
            right = (right + sizes[1] - ids.mixed(left + (salt << np.uint64(14))) % sizes[1]) % sizes[1]
    return (left * sizes[1] + right).astype(np.int64)


def _slips(phones: list[str], chance: Floats, seed: int) -> list[str]:
    """Each phone with two neighbouring digits swapped if it is to be wrong, else an empty text."""
    wrong = [""] * len(phones)
    for place in np.flatnonzero(chance < WRONG_PHONE).tolist():
        phone = phones[place]
        swapped = [
            phone[:at] + phone[at + 1] + phone[at] + phone[at + 2 :] for at in range(3, len(phone) - 1)
        ]
        others = [text for text in swapped if text != phone]
        if others:
            far = owner(np.array([int(text[3:]) for text in others]), seed) >= NEIGHBOURS
            free = [text for text, nobody in zip(others, far, strict=True) if nobody]
            wrong[place] = free[int(chance[place] / WRONG_PHONE * len(free))] if free else ""
    return wrong


def _typed(record: Sequence[str], draw: list[float], slip: str, counts: Counter[str]) -> tuple[str, ...]:
    """A record as it was typed, and its mistakes counted."""
    row = list(record)
    how = int(np.searchsorted(np.cumsum(list(NAMES.values())), draw[6], side="right"))
    if how < len(NAMES):
        what = list(NAMES)[how]
        row[NAME] = _name(what, record[NAME], draw[9])
        counts[what] += row[NAME] != record[NAME]
    if slip:
        row[PHONE] = slip
        counts["phones_swapped"] += 1
    if record[EMAIL] and draw[8] < CAPITAL_EMAIL:
        row[EMAIL] = record[EMAIL].upper() if draw[9] < 0.4 else record[EMAIL].capitalize()
        counts["emails_in_capitals"] += 1
    elif record[EMAIL] and draw[8] < CAPITAL_EMAIL + SPACED_EMAIL:
        row[EMAIL] = f"{record[EMAIL]} " if draw[9] < 0.7 else f" {record[EMAIL]}"
        counts["emails_spaced"] += 1
    return tuple(row)


def _second(record: Sequence[str], code: str, draw: list[float]) -> tuple[str, ...]:
    """An older record of the same person, made at another counter and forgotten: it says less.

    Four in ten have the phone only, three the e-mail address only, two both, one neither.
    """
    row = list(record)
    phone, email = draw[2] < 0.4 or 0.7 <= draw[2] < 0.9, 0.4 <= draw[2] < 0.9
    row[CODE] = code
    row[NAME] = _name(
        ("names_without_marks", "names_in_capitals", "")[int(draw[3] * 3)], record[NAME], draw[9]
    )
    row[PHONE] = _as_typed(record[PHONE], draw[5]) if phone else ""
    row[EMAIL] = (record[EMAIL].capitalize() if draw[5] < 0.5 else record[EMAIL]) if email else ""
    row[DISTRICT] = "" if draw[9] < 0.4 else record[DISTRICT]
    row[BORN] = "" if draw[7] < 0.5 else record[BORN]
    earlier = datetime.strptime(record[JOINED], "%d/%m/%Y") - timedelta(days=int(draw[7] * 400))
    row[JOINED] = earlier.strftime("%d/%m/%Y")
    row[MEMBER], row[TIER] = "", TIERS[0][0]
    return tuple(row)


def _as_typed(phone: str, chance: float) -> str:
    way = TYPED_PHONES[int(chance * len(TYPED_PHONES))]
    return way.format(phone[:3], phone[3:6], phone[6:], phone[1:3]) if phone else ""


def _name(what: str, name: str, chance: float) -> str:
    """A name with one kind of mistake, or as it is where it gives no occasion for it."""
    if what == "names_wrong_marks":
        return _wrong_marks(name, chance)
    if what == "names_spaced":
        first, rest = name.split(" ", 1)
        return (f"{first}  {rest}", f"{name} ", f" {name}", f"{first}\u00a0{rest}")[int(chance * 4)]
    if what == "names_old_marks":
        return unicodedata.normalize("NFC", _OPEN.sub(r"\2\1\4\3", unicodedata.normalize("NFD", name)))
    changed = {
        "names_without_marks": _bare(name),
        "names_in_capitals": name.upper(),
        "names_in_small_letters": name.lower(),
        "names_decomposed": unicodedata.normalize("NFD", name),
    }
    return changed.get(what, name)


def _wrong_marks(name: str, chance: float) -> str:
    """Hook for tilde and tilde for hook, which many say alike; else d for đ, or a syllable without marks."""
    turned = name.translate(_TILDE)
    alike = [at for at, (one, other) in enumerate(zip(name, turned, strict=True)) if one != other]
    if alike and chance < 0.8:
        at = alike[int(chance / 0.8 * len(alike))]
        return name[:at] + turned[at] + name[at + 1 :]
    if "Đ" in name or "đ" in name:
        return name.replace("Đ", "D", 1).replace("đ", "d", 1)
    words = name.split(" ")
    at = int(chance * len(words))
    return " ".join([*words[:at], _bare(words[at]), *words[at + 1 :]])


def _bare(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _note(truth: dict[tuple[str, str, int], bool], row: tuple[str, ...], person: int, wrong: bool) -> None:
    """Write down whose the row's code, phone, address and member number are."""
    truth["customer_id", row[CODE], person] = False
    if row[PHONE]:
        truth["phone", row[PHONE], person] = wrong
    if row[EMAIL]:
        truth["email", row[EMAIL], person] = False
    if row[MEMBER]:
        truth["member", row[MEMBER], person] = False
