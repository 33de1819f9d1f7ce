"""Customers' own words: comments, questions and complaints that fit what happened to the one who writes them.

A text is put together from clauses by theme and mood, with openings, joints and endings between them, and
then written as its author writes: with marks or without, with short cuts, in the spelling of the young, with
faces. An author keeps a style and the words of their region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from journey_lib.demo import words_en as en
from journey_lib.demo import words_notes as notes
from journey_lib.demo import words_parts as parts
from journey_lib.demo.words_style import Dice, Facts, Speaker, Weights, bare, filled, styled
from journey_lib.demo.words_vi import GOODS, Phrases
from journey_lib.demo.words_vi_care import CARE

PHRASES: Phrases = GOODS | CARE
THEMES = (*PHRASES, "order_status", "cancellation", "advice", "irrelevant")

NONSENSE, STOCK = 0.05, 0.09  # shares of comments that are about nothing, and that are ready-made


@dataclass(frozen=True)
class Said:
    """A text and its truth: ``"material:2;delivery_time:-1"``, a sentiment of -2 ... 2, ``vi`` or ``en``."""

    text: str
    themes: str
    sentiment: int
    language: str


def comment(who: Speaker, facts: Facts, mood: int, good: Weights, bad: Weights, dice: Dice) -> Said:
    """What someone writes beside a rating.

    Parameters
    ----------
    mood : -2 ... 2, how they feel about it all.
    good, bad : themes they have something good or bad to say about, true to what happened.
    """
    chance = dice.roll()
    language = "en" if who.english else "vi"
    if chance < NONSENSE:
        nonsense = en.ENGLISH_IRRELEVANT if who.english else parts.IRRELEVANT
        return Said(styled(who, facts, dice.among(nonsense), 0, dice), "irrelevant:0", 0, language)
    if chance < NONSENSE + STOCK:
        stock = (en.ENGLISH_STOCK if who.english else parts.STOCK)[mood]
        return Said(styled(who, facts, dice.among(stock), mood, dice), f"general:{mood}", mood, language)
    body, themes = _body(who, facts, mood, good, bad, dice)
    if dice.roll() < 0.3:
        body = _opened(who, facts, mood, body, dice)
    if dice.roll() < 0.4:
        closings = (en.ENGLISH_CLOSINGS if who.english else parts.CLOSINGS)[mood]
        fitting = [one for one in closings if facts.goods >= 0 or not _ABOUT_BUYING.search(one)]
        body += dice.among((", ", ". ", ". ", " ", "! " if abs(mood) == 2 else ". ")) + dice.among(fitting)
    told = ";".join(f"{theme}:{level}" for theme, level in themes.items())
    return Said(styled(who, facts, body, mood, dice), told, mood, language)


def request(who: Speaker, facts: Facts, topic: str, mood: int, dice: Dice) -> Said:
    """What a customer writes to the shop: a question (mood 0), or a complaint and what should be done."""
    questions = (notes.ENGLISH_REQUESTS if who.english else notes.REQUESTS).get(topic, ())
    fitting = [one for one in questions if _fits(one, facts)]
    if fitting and (mood == 0 or topic not in PHRASES):
        body = dice.among(fitting)
    else:
        body, _ = _clause(who, facts, topic, mood or -1, dice)
    if mood < 0 and dice.roll() < 0.65:
        pleas = notes.ENGLISH_PLEAS if who.english else notes.PLEAS
        body += dice.among((", ", ". ", ". ")) + dice.among([one for one in pleas if _fits(one, facts)])
    if dice.roll() < 0.4:
        hello = "Hi" if who.english else dice.among(notes.GREETINGS)
        body = hello + dice.among((", ", " ", ". ")) + body
    text = styled(who, facts, body, mood, dice)
    return Said(text, f"{topic}:{mood}", mood, "en" if who.english else "vi")


def missed(who: Speaker, facts: Facts, topic: str, mood: int, dice: Dice) -> Said:
    """What stands in the ticket of a call that nobody took: its topic and mood are not known."""
    del topic, mood
    text = filled(dice.among(notes.MISSED), replace(who, english=False), facts, dice)
    return Said(text if dice.roll() > 0.12 else bare(text), "answers:-1", -1, "vi")


def note(who: Speaker, facts: Facts, topic: str, mood: int, dice: Dice) -> Said:
    """What an agent notes about a call or a visit to the counter, in the third person and in short."""
    fitting = [one for one in notes.NOTES.get(topic, ()) if _fits(one, facts)] or notes.NOTES["general"]
    body = dice.among(fitting)
    themes, sentiment = f"{topic}:{mood}", mood
    if facts.waited and dice.roll() < 0.55:
        body += ", " + dice.among(notes.SLOW_NOTES)
        themes, sentiment = f"{themes};answers:-1", min(mood, -1)
    ending = dice.among(notes.AFTER_NOTES)
    said = ending in body or ("Zalo" in ending and "Zalo" in body)  # and nothing twice
    body = body if said else f"{body}. {ending}"
    guest = "chị" if who.woman else "anh"
    guest = ("cô" if who.woman else "chú") if who.age > 54 else guest
    body = body.replace("{khach}", dice.among(("khách", "khách", "kh", "KH", f"{guest} khách", guest)))
    text = filled(body, replace(who, english=False), facts, dice)
    if dice.roll() < 0.5:
        text = _NOTE_WORDS.sub(lambda word: notes.NOTE_SHORT[word[0]], text)
    text = text if dice.roll() < 0.25 else text[:1].upper() + text[1:]
    return Said(text if dice.roll() > 0.12 else bare(text), themes, sentiment, "vi")


# --- putting clauses together ---


def _body(
    who: Speaker, facts: Facts, mood: int, good: Weights, bad: Weights, dice: Dice
) -> tuple[str, dict[str, int]]:
    """One to three clauses and the themes in them."""
    themes: dict[str, int] = {}

    def clause(theme: str, level: int) -> str:
        text, themes[theme] = _clause(who, facts, theme, level, dice)
        return text

    joints = _ENGLISH_JOINTS if who.english else _JOINTS
    if mood == 0:
        liked, disliked = (dice.weighted(told) if told else "" for told in (good, bad))
        if dice.roll() < 0.4 or not (liked and disliked) or liked == disliked:
            return dice.among(en.ENGLISH_MIDDLING if who.english else parts.MIDDLING), {"general": 0}
        if dice.roll() < 0.6:
            return clause(liked, 1) + dice.among(joints["but"]) + clause(disliked, -1), themes
        return clause(disliked, -1) + dice.among(joints["but good"]) + clause(liked, 1), themes
    own, other = (good, bad) if mood > 0 else (bad, good)
    level = 1 if mood > 0 else -1
    theme = dice.weighted(own) if own else "general"
    body = clause(theme, mood)
    if len(own) > 1 and dice.roll() < 0.42:
        more = dice.weighted(own)
        if more not in themes:
            body += dice.among(joints["and" if mood > 0 else "and bad"]) + clause(more, level)
    if abs(mood) == 1 and other and dice.roll() < (0.5 if facts.late else 0.15):
        turn = dice.weighted(other)
        if turn not in themes:
            body += dice.among(joints["but" if mood > 0 else "but good"]) + clause(turn, -level)
    return body, themes


def _clause(who: Speaker, facts: Facts, theme: str, mood: int, dice: Dice) -> tuple[str, int]:
    """One clause about `theme` that fits what happened, and how strong: weaker if there is none so strong."""
    if theme == "delivery_time" and mood == 2 and facts.days > 0.75 * facts.promised:
        mood = 1
    for tongue in (en.ENGLISH_PHRASES if who.english else PHRASES, PHRASES):
        levels = tongue.get(theme) or tongue["general"]
        for level in (mood, 1 if mood > 0 else -1):
            fitting = [one for one in levels.get(level, ()) if _fits(one, facts)]
            if fitting:
                return dice.among(fitting), level
    return dice.among(PHRASES["general"][mood]), mood


def _opened(who: Speaker, facts: Facts, mood: int, body: str, dice: Dice) -> str:
    """The text with a few words before it."""
    sign = (mood > 0) - (mood < 0)
    openings = (en.ENGLISH_OPENINGS if who.english else parts.OPENINGS)[sign]
    fitting = [one for one in openings if facts.goods >= 0 or not _ABOUT_BUYING.search(one)]
    opening = dice.among(fitting)
    if opening in parts.ASKING:
        return f"{opening} {body}"
    joint = " " if opening.endswith((",", ":", "thì", "là")) else dice.among((", ", " ", " "))
    return opening + joint + body


_ABOUT_BUYING = re.compile(r"mua|Mua|tiền|mẫu|hàng|Nhận|nhận|\{mon\}|Review|xài|money|buy|Bought|recommended")
_CLOTHES = re.compile(
    r"\{ao\}|\b(mặc|size|form|dáng|tay áo|lên da|cao mét|ống|wear|fit|fits|kéo không lên)\b|\{size"
)
_CERAMIC = re.compile(r"\{gom\}|\bmen\b")
_CLOTH = re.compile(r"\b(vải|giặt|đường may|chỉ thừa|fabric|stitching|wash|soft)\b")
_BOUGHT = re.compile(
    r"hôm trước mua|mua cả giỏ|mua cho cả|mua hàng|mua là|đáng đồng|đáng từng|nhận về"
    r"|chất lượng|bought|quality|for this|for money"
)
_CALL = re.compile(r"tổng đài|gọi|(bắt|nghe|chờ|dập|tắt) máy|hotline|giọng|picked up|called|hung up")
_CHAT = re.compile(r"\bchat\b|nhắn|\brep\b|copy paste|buổi tối")
_ABOUT = (
    (_CLOTHES, {0}),
    (_CERAMIC, {1}),
    (_CLOTH, {0, 2}),
    (re.compile(r"\bnệm\b"), {2}),
    (re.compile(r"\{(mon|mau)\}"), {0, 1, 2}),
    (_BOUGHT, {0, 1, 2}),
)


@cache
def _needs(fragment: str) -> tuple[tuple[bool, bool, bool], str, frozenset[int]]:
    """What a fragment needs: order, phone number, lateness; call or chat; the goods it can be about."""
    by = "phone" if _CALL.search(fragment) else "chat" if _CHAT.search(fragment) else ""
    fits = {-1, 0, 1, 2}
    for pattern, kinds in _ABOUT:
        if pattern.search(fragment):
            fits &= kinds
    return ("{don}" in fragment, "{so}" in fragment, "{tre}" in fragment), by, frozenset(fits)


def _fits(fragment: str, facts: Facts) -> bool:
    """Whether a fragment says nothing but what is true of `facts`."""
    (order, phone, late), by, kinds = _needs(fragment)
    able = (facts.order or not order) and (facts.phone or not phone) and (facts.late > 0 or not late)
    return able and facts.goods in kinds and facts.by in ("", by or facts.by)


_JOINTS = {"and": parts.AND, "and bad": parts.AND_BAD, "but": parts.BUT, "but good": parts.BUT_GOOD}
_ENGLISH_JOINTS = {
    "and": en.ENGLISH_AND,
    "and bad": en.ENGLISH_AND,
    "but": en.ENGLISH_BUT,
    "but good": en.ENGLISH_BUT,
}
_NOTE_WORDS = re.compile(r"\b(" + "|".join(notes.NOTE_SHORT) + r")\b")
