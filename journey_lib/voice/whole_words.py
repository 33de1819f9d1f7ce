"""Which syllables of a Vietnamese text are one word, so that no theme is half a word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from journey_lib.voice.text import accented, bare, language, pieces, with_pairs

JOINT = "_"  # between the syllables of a word while words are counted; readers see a blank


def whole_terms(text: str) -> list[str]:
    """The words of a text and its pairs of neighbours, syllables of a word joined: ``mô_tả``, ``mô_tả sai``.

    Words of more than one syllable are those of `data_files/compounds.txt`, the longest that fits from left
    to right (maximum matching); in a Vietnamese text without marks they are found without theirs. A pair does
    not reach over punctuation.
    """
    return with_pairs(_joined(text))


def spelt(term: str) -> str:
    """A term as readers write it."""
    return term.replace(JOINT, " ")


def _joined(text: str) -> list[str]:
    spoken = pieces(text)
    if language(text) == "en":
        return spoken
    known = _compounds() if accented(text) else _unmarked()
    looked = spoken if accented(text) else [bare(piece) or piece for piece in spoken]
    longest = max(len(each) for each in known)
    out: list[str] = []
    at = 0
    while at < len(spoken):
        for size in range(min(longest, len(spoken) - at), 1, -1):
            word = known.get(tuple(looked[at : at + size]))
            if word is not None:
                out.append(word)
                at += size
                break
        else:
            out.append(spoken[at])
            at += 1
    return out


@cache
def _compounds() -> Mapping[tuple[str, ...], str]:
    text = (files("journey_lib.voice") / "data_files" / "compounds.txt").read_text("utf-8")
    lines = " ".join(line for line in text.splitlines() if not line.startswith("#"))
    listed = [pieces(each) for each in lines.split(",") if each.strip()]
    return {tuple(each): JOINT.join(each) for each in listed if len(each) > 1}


@cache
def _unmarked() -> Mapping[tuple[str, ...], str]:
    """The same without marks; of two that look alike then, the one that is listed first."""
    found: dict[tuple[str, ...], str] = {}
    for syllables, word in _compounds().items():
        found.setdefault(tuple(bare(each) for each in syllables), word)
    return found
