"""A lexicon one can read: which words praise, which complain, and what was made of them in each text.

It knows nothing of a text in which none of its words stands, and says so: it abstains. How right it is where
it speaks, and how often it is silent, stands beside every result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from journey_lib.authored import once_each
from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.voice.text import accented, bare, is_syllable, language, pieces
from journey_lib.workspace import Workspace

Tongue = Literal["vi", "en"]
Words = tuple[str, ...]
Weights = dict[int, tuple[str, ...]]
OWN = Path("maps") / "lexicon.yaml"
STRONGEST = 2.0


class Entries(BaseModel):
    """What a file of words and weights says; every part can be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    vi: Weights = Field(default_factory=dict)
    en: Weights = Field(default_factory=dict)
    emoji: Weights = Field(default_factory=dict)
    accents_only: tuple[str, ...] = ()
    alone: dict[Tongue, dict[str, float]] = Field(default_factory=dict)
    ignored: dict[Tongue, tuple[str, ...]] = Field(default_factory=dict)
    negations: dict[Tongue, tuple[str, ...]] = Field(default_factory=dict)
    degrees: dict[Tongue, dict[str, float]] = Field(default_factory=dict)
    contrasts: dict[Tongue, tuple[str, ...]] = Field(default_factory=dict)
    wishes: dict[Tongue, tuple[str, ...]] = Field(default_factory=dict)


Kind = Literal["term", "alone", "ignored", "negation", "degree", "contrast", "wish"]


@dataclass(frozen=True)
class Entry:
    """One word or phrase: what it does, how strongly, and how the file writes it."""

    kind: Kind
    weight: float
    written: str


@dataclass(frozen=True)
class Lexicon:
    """The words by the way a text is written: with Vietnamese marks, without them, in English, or unknown."""

    marked: Mapping[Words, Entry]
    unmarked: Mapping[Words, Entry]
    english: Mapping[Words, Entry]
    unknown: Mapping[Words, Entry]
    longest: int

    def look(self, text: str) -> tuple[list[str], Mapping[Words, Entry]]:
        """The pieces of a text as they are to be looked up, and where."""
        spoken, found = language(text), pieces(text)
        if spoken == "vi" and accented(text):
            return found, self.marked
        if spoken == "vi":
            return [bare(piece) or piece for piece in found], self.unmarked
        if spoken == "en":
            return found, self.english
        return [bare(piece) or piece for piece in found], self.unknown


def load(workspace: Workspace | None = None) -> Lexicon:
    """The lexicon that comes with the workbench, with a workspace's own `maps/lexicon.yaml` on top of it.

    What the workspace says of a term wins; weight 0 makes a term say "neither".

    Raises
    ------
    ConfigError
        The workspace's file is not YAML, or holds an unknown key or weight.
    """
    own = workspace.path / OWN if workspace is not None else None
    return _made((_shipped(), _read(own))) if own is not None and own.is_file() else _alone()


@cache
def _alone() -> Lexicon:
    return _made((_shipped(),))


@cache
def _shipped() -> Entries:
    text = (files("journey_lib.voice") / "data_files" / "lexicon.yaml").read_text("utf-8")
    return Entries.model_validate(yaml.safe_load(text))


def _read(file: Path) -> Entries:
    try:
        said = once_each(file.read_text("utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigError(
            "the lexicon is not YAML", where=f"{file}: {error}", do="mend its punctuation"
        ) from None
    try:
        entries = Entries.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"'{key}' of the lexicon: {first['msg']}",
            where=str(file),
            do=did_you_mean(str(first["loc"][0]), Entries.model_fields),
        ) from None
    heavy = [w for part in (entries.vi, entries.en, entries.emoji) for w in part if abs(w) > STRONGEST]
    if heavy:
        raise ConfigError(f"{heavy[0]} is no weight", where=str(file), do="use -2, -1, 0, 1 or 2")
    return entries


def _made(parts: Iterable[Entries]) -> Lexicon:
    tables: dict[str, dict[Words, Entry]] = {"vi": {}, "en": {}, "emoji": {}}
    marked_only: set[Words] = set()
    for part in parts:
        for tongue, weights in (("vi", part.vi), ("en", part.en), ("emoji", part.emoji)):
            for weight, terms in weights.items():
                for term in terms:
                    tables[tongue][_key(term)] = Entry("term", float(weight), term)
        marked_only |= {_key(term) for term in part.accents_only}
        _rules(part, "vi", tables["vi"])
        _rules(part, "en", tables["en"])
    plain = _without_marks(tables["vi"], marked_only)
    foreign = {words: e for words, e in tables["en"].items() if not all(is_syllable(word) for word in words)}
    english, emoji = tables["en"], tables["emoji"]
    terms_only = {words: e for words, e in foreign.items() if e.kind == "term"}
    every = [words for table in tables.values() for words in table]
    return Lexicon(
        marked={**terms_only, **tables["vi"], **emoji},
        unmarked={**terms_only, **plain, **emoji},
        english={**english, **emoji},
        unknown={**plain, **english, **emoji},
        longest=max(len(words) for words in every),
    )


def _rules(part: Entries, tongue: Tongue, table: dict[Words, Entry]) -> None:
    for kind, listed in (
        ("negation", part.negations),
        ("contrast", part.contrasts),
        ("wish", part.wishes),
        ("ignored", part.ignored),
    ):
        for term in listed.get(tongue, ()):
            table[_key(term)] = Entry(kind, 0.0, term)  # type: ignore[arg-type]
    for term, weight in part.degrees.get(tongue, {}).items():
        # What also stands for itself as a term ("siêu") is the term.
        table.setdefault(_key(term), Entry("degree", weight, term))
    for term, weight in part.alone.get(tongue, {}).items():
        table.setdefault(_key(term), Entry("alone", weight, term))


def _key(term: str) -> Words:
    return tuple(pieces(term))


def _without_marks(table: Mapping[Words, Entry], marked_only: set[Words]) -> dict[Words, Entry]:
    """The Vietnamese words as they are typed without marks; those that then say two things are left out."""
    plain: dict[Words, Entry] = {}
    torn: set[Words] = set()
    for words, entry in table.items():
        key = tuple(bare(word) for word in words)
        if words in marked_only:
            continue
        other = plain.get(key)
        if other is not None and (other.kind, _sign(other)) != (entry.kind, _sign(entry)):
            torn.add(key)
        if other is None or abs(entry.weight) < abs(other.weight):
            plain[key] = entry
    return {key: entry for key, entry in plain.items() if key not in torn}


def _sign(entry: Entry) -> int:
    return (entry.weight > 0) - (entry.weight < 0)
