"""How each customer writes: the region's words, marks or none, short cuts, faces, slips of the thumb."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from journey_lib.demo import words_parts as parts

ENGLISH_SHARE = 0.105  # of the younger; older people write Vietnamese
ORDER_MARK, PHONE_MARK = "\ue000", "\ue001"  # where a file's writer puts the order's and the phone number

Option = TypeVar("Option")
Weights = Sequence[tuple[str, float]]  # themes, and how likely each is

_MASK = 2**64 - 1
_BARE = str.maketrans(
    {
        letter: unicodedata.normalize("NFD", letter)[0]
        for letter in map(chr, (*range(0xC0, 0x1F0), *range(0x1E00, 0x1F00)))
        if unicodedata.normalize("NFD", letter)[0].isascii()
    }
    | {"đ": "d", "Đ": "D"}
)


class Dice:
    """Chance for one text, quick to start from any number (SplitMix64; Steele, Lea and Flood, 2014)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def roll(self) -> float:
        """A number in 0 ... 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) >> 11) / 2**53

    def among(self, options: Sequence[Option]) -> Option:
        """One of `options`, all equally likely."""
        return options[int(self.roll() * len(options))]

    def weighted(self, options: Weights) -> str:
        """One of `options` by its weight."""
        left = self.roll() * sum(weight for _, weight in options)
        for name, weight in options:
            left -= weight
            if left < 0:
                return name
        return options[-1][0]


@dataclass(frozen=True)
class Speaker:
    """How one customer writes: language, region (0 north, 1 centre, 2 south), habits as shares of 1."""

    english: bool
    region: int
    me: str
    woman: bool
    age: int
    marks: bool
    short: float
    teen: float
    faces: float
    neat: float


@dataclass(frozen=True)
class Facts:
    """What happened, as far as words may tell it.

    `goods` is the place in `parts.GOODS` of what was bought, -1 for nothing; `late` days beyond the promised
    ones, 0 for none; `waited` how long for an answer, empty unless it was long; `by` whether they talked by
    ``phone`` or ``chat``.
    """

    goods: int = -1
    item: str = ""
    colour: str = ""
    days: int = 0
    promised: int = 0
    late: int = 0
    waited: str = ""
    place: str = ""
    city: str = ""
    phone: bool = False
    by: str = ""
    order: bool = False


def speaker(seed: int, age: int, woman: bool, region: int) -> Speaker:
    """The way of writing of one person, always the same for the same seed."""
    dice = Dice(seed)
    young = age < 28
    elder = ("cô", "tôi", "tôi") if woman else ("chú", "tôi", "tôi")
    mine = (
        ("mình", "em", "mình", "t", "mình") if young else ("mình", "mình", "tôi", "chị" if woman else "anh")
    )
    return Speaker(
        english=dice.roll() < ENGLISH_SHARE * (1.0 if age < 45 else 0.3),
        region=region,
        me=dice.among(elder if age > 54 else mine),
        woman=woman,
        age=age,
        marks=dice.roll() < (0.7 if age < 50 else 0.6),
        short=dice.roll() * 0.9,
        teen=0.75 * dice.roll() if dice.roll() < (0.45 if young else 0.06) else 0.0,
        faces=0.5 * dice.roll() if age < 45 else 0.2 * dice.roll(),
        neat=dice.roll(),
    )


def bare(text: str) -> str:
    """Vietnamese without its marks, as many type it: ``Đẹp quá`` is ``Dep qua``."""
    return text.translate(_BARE)


def filled(text: str, who: Speaker, facts: Facts, dice: Dice) -> str:
    """The text with its slots filled: what was bought, how long it took, and the region's own words."""
    if "{" not in text:
        return text
    item, colour = facts.item, facts.colour
    if who.english:
        item, colour = parts.ENGLISH.get(item, item), parts.ENGLISH.get(colour, colour)
    elif who.region == 0:
        item = item.replace("chén", "bát").replace("tô ", "bát ").replace("ly ", "cốc ").replace("đầm", "váy")
    size = int(dice.roll() * 3)
    told = {
        "ao": item,
        "gom": item,
        "mon": item,
        "mau": colour,
        "ngay": str(facts.days),
        "hen": str(facts.promised),
        "tre": str(facts.late),
        "cho": _ENGLISH_WAITS.get(facts.waited, facts.waited) if who.english else facts.waited,
        "noi": facts.place if not who.english else bare(facts.place),
        "tinh": facts.city if not who.english else bare(facts.city),
        "toi": who.me,
        "Toi": who.me.capitalize(),
        "don": ORDER_MARK,
        "so": PHONE_MARK,
        "size": "SML"[size],
        "size2": ("M", "L", "XL")[size],
        **{slot: words[who.region] for slot, words in parts.REGIONAL.items()},
    }
    return _SLOT.sub(lambda slot: told[slot[1]], text)


def styled(who: Speaker, facts: Facts, text: str, mood: int, dice: Dice) -> str:
    """The text as `who` would type it."""
    text = filled(text, who, facts, dice)
    if not who.english:
        text = _shortened(who, text, dice)
    if not who.english and (dice.roll() < 0.93) != who.marks:
        text = bare(text)
    text = _cased(who, text, mood, dice)
    if dice.roll() < who.faces:
        text += dice.among((" ", " ", "")) + dice.among(parts.FACES[mood])
    chance = dice.roll()
    if chance < 0.05:
        text = _slipped(text, dice)
    elif chance > 0.985:  # typed on a machine that takes letters apart
        text = unicodedata.normalize("NFD", text)
    return text


def _shortened(who: Speaker, text: str, dice: Dice) -> str:
    """The text with the author's short cuts."""
    if who.teen > 0.1:
        text = _TEEN.sub(lambda word: parts.TEEN[word[0]] if dice.roll() < who.teen else word[0], text)
    return _SHORT.sub(lambda word: parts.SHORT[word[0]] if dice.roll() < who.short else word[0], text)


def _cased(who: Speaker, text: str, mood: int, dice: Dice) -> str:
    """Capitals and full stops, by how neat the author is and how angry."""
    if mood == -2 and dice.roll() < 0.05:
        return text.upper() + "!!!"
    if who.neat < 0.35:
        text = text.lower() if dice.roll() < 0.85 else text
        return text.replace(". ", dice.among((" ", ", ", ". ", ".. "))) if dice.roll() < 0.5 else text
    text = _SENTENCE.sub(lambda start: start[0].upper(), text)
    if who.neat > 0.6 and text[-1:].isalpha():
        text += dice.among((".", ".", "!", "!!", "!!!")) if abs(mood) == 2 else "."
    return text


def _slipped(text: str, dice: Dice) -> str:
    """The text with two neighbouring letters swapped, or one left out."""
    places = [at for at in range(1, len(text) - 1) if text[at].isalpha() and text[at + 1].isalpha()]
    if not places:
        return text
    at = dice.among(places)
    middle = text[at + 1] + text[at] if dice.roll() < 0.6 else text[at]
    return text[:at] + middle + text[at + 2 :]


_SLOT = re.compile(r"\{(\w+)\}")
_SENTENCE = re.compile(r"(^|[.!?] )\w")


def _any_of(words: dict[str, str]) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    return re.compile(r"\b(" + "|".join(longest) + r")\b")


_SHORT, _TEEN = _any_of(parts.SHORT), _any_of(parts.TEEN)
_ENGLISH_WAITS = {
    "20 phút": "20 minutes",
    "nửa tiếng": "half an hour",
    "40 phút": "40 minutes",
    "gần một tiếng": "almost an hour",
    "mấy tiếng": "hours",
    "nửa ngày": "half a day",
    "cả ngày": "a whole day",
    "hai ngày": "two days",
    "mấy ngày": "days",
}
