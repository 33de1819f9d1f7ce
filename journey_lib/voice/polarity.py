"""What the lexicon makes of each text: praise, complaint, neither or nothing; and which words decided.

A contrast ("nhưng", "but") ends a clause, so that no negation reaches over it, and does no more: letting what
comes after it count for more made the lexicon worse on real reviews (docs/voice.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from journey_lib.model import Result
from journey_lib.voice.lexicon import STRONGEST, Entry, Lexicon, load
from journey_lib.voice.text import PUNCTUATION, language

POSITIVE, NEUTRAL, NEGATIVE = "positive", "neutral", "negative"
LABELS = (NEGATIVE, NEUTRAL, POSITIVE)
REACH = 4  # words on which a negation still bears
DAMPED = 0.75  # "not good" is less bad than "bad" and "not bad" less good than "good"
# Of a score from -1 to 1: praise and complaint in one text, and neither outweighs.
UNDECIDED = 0.2
_ENDS = frozenset(".!?\n;…")
_AFTER_QUESTION = "ạ a shop nhỉ vậy nhé nha ta ad bạn mọi người ơi hả thế"
_PARTICLES = frozenset(_AFTER_QUESTION.split())
_ASKS = frozenset({"không", "khong", "chưa", "chua"})


class Hit(NamedTuple):
    """A term that counted: as the file writes it, with what turned it, and the weight it counted with."""

    term: str
    weight: float


@dataclass(frozen=True)
class _Part:
    """A word of the lexicon in a text: the words `start` to `end`, in the clause `clause`."""

    entry: Entry
    start: int
    end: int
    clause: int


def polarity(texts: Iterable[str | None], *, lexicon: Lexicon | None = None) -> Result:
    """Whether each text praises or complains, by the words of a lexicon that can be read.

    One row a text, in their order and under their index, if they have one. Columns language (`vi`, `en`,
    `unknown`), score (-1 to 1; the mean weight of the terms that counted), label (positive, neutral,
    negative; missing where it abstained), hits (terms that counted), abstained (no term counted, or there is
    no text), why (the terms with their weights, `not` before those a negation turned). Facts: texts (not
    empty), decided, coverage (decided among texts), abstained, and texts by language. How often it is right
    on the texts at hand is not known from this: `voice.agreement` says so for comments with a rating.
    """
    listed = list(texts)
    index = texts.index if isinstance(texts, pd.Series) else pd.RangeIndex(len(listed))
    known = lexicon or load()
    rows = [_row(text, known) if isinstance(text, str) and text.strip() else _NOTHING for text in listed]
    table = pd.DataFrame(rows, columns=list(_COLUMNS), index=index).astype(
        {
            "language": "str",
            "score": "float64",
            "label": "str",
            "hits": "int64",
            "abstained": "bool",
            "why": "str",
        }
    )
    written = pd.Series([row is not _NOTHING for row in rows], index=index, dtype="bool")
    decided = int((~table["abstained"]).sum())
    count = int(written.sum())
    facts = {
        "texts": count,
        "decided": decided,
        "abstained": count - decided,
        "coverage": decided / count if count else float("nan"),
        **{
            f"texts_{name}": int((table["language"] == name)[written].sum())
            for name in ("vi", "en", "unknown")
        },
    }
    return Result("polarity", table, facts, {"lexicon": "own" if lexicon else "shipped"})


_COLUMNS = ("language", "score", "label", "hits", "abstained", "why")
_NOTHING = (None, float("nan"), None, 0, True, "")


def _row(text: str, lexicon: Lexicon) -> tuple[str | None, float, str | None, int, bool, str]:
    hits = read(text, lexicon)
    if not hits:
        return language(text), float("nan"), None, 0, True, ""
    score = score_of(hits)
    why = "; ".join(f"{hit.term} {hit.weight:+.1f}" for hit in hits)
    return language(text), score, label_of(score), len(hits), False, why


def score_of(hits: Sequence[Hit]) -> float:
    """The mean weight of the terms, from -1 to 1."""
    mean = sum(hit.weight for hit in hits) / len(hits)
    return max(-1.0, min(1.0, mean / STRONGEST))


def label_of(score: float) -> str:
    """positive, neutral or negative; neutral is whatever is nearer to 0 than `UNDECIDED`."""
    return POSITIVE if score > UNDECIDED else NEGATIVE if score < -UNDECIDED else NEUTRAL


def read(text: str, lexicon: Lexicon) -> list[Hit]:
    """The terms of one text that count, in their order, each with the weight it counts with."""
    found, table = lexicon.look(text)
    parts, last = _parts(found, table, lexicon.longest)
    wishes: dict[int, int] = {}  # where the first wish of a clause ends
    for part in parts:
        if part.entry.kind == "wish":
            wishes.setdefault(part.clause, part.end)
    hits = []
    for at, part in enumerate(parts):
        entry = part.entry
        if entry.kind == "alone" and not _alone(part, found):
            continue
        if entry.kind not in ("term", "alone") or _asked(part, found, last):
            continue
        if entry.weight > 0 and wishes.get(part.clause, part.end) <= part.start:
            continue
        # nothing further off than `REACH` words bears on a term, so not all of a long text is looked through
        near = parts[max(at - REACH, 0) : at + 2]
        around = [other for other in near if other.clause == part.clause and other is not part]
        weight, words = _weighed(part, around)
        hits.append(Hit(words, weight))
    return hits


def _parts(
    found: Sequence[str], table: Mapping[tuple[str, ...], Entry], longest: int
) -> tuple[list[_Part], list[int]]:
    """The lexicon's words in a text, the longest first from the left; and where each clause ends."""
    parts: list[_Part] = []
    ends: list[int] = []
    i = 0
    while i < len(found):
        if found[i] in PUNCTUATION:
            ends.append(i)
            i += 1
            continue
        for size in range(min(longest, len(found) - i), 0, -1):
            entry = table.get(tuple(found[i : i + size]))
            if entry is not None:
                if entry.kind == "contrast":
                    ends.append(i)
                parts.append(_Part(entry, i, i + size, len(ends)))
                i += size
                break
        else:
            i += 1
    return parts, [*ends, len(found)]


def _alone(part: _Part, found: Sequence[str]) -> bool:
    before, after = found[part.start - 1 : part.start], found[part.end : part.end + 1]
    return (not before or before[0] in PUNCTUATION) and (not after or after[0] in PUNCTUATION)


def _asked(part: _Part, found: Sequence[str], ends: Sequence[int]) -> bool:
    """Whether the clause is a question: "is it good?" praises nothing."""
    end = ends[bisect_left(ends, part.end)]
    last = end - 1
    while last >= part.end and found[last] in _PARTICLES:
        last -= 1
    question = found[end : end + 1] == ["?"]
    asks = last >= part.end and found[last] in _ASKS
    return asks and (question or end == len(found) or found[end] in PUNCTUATION)


def _weighed(part: _Part, around: Sequence[_Part]) -> tuple[float, str]:
    weight, words = part.entry.weight, part.entry.written
    for other in around:
        beside = 0 <= part.start - other.end <= 1 or other.start == part.end
        if other.entry.kind == "degree" and beside:
            weight *= other.entry.weight
    negations = sum(
        other.entry.kind == "negation" and 0 <= part.start - other.end < REACH for other in around
    )
    if negations % 2:
        return -weight * DAMPED, f"not {words}"
    return weight, words
