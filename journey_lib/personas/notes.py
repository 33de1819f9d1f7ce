"""What people know of a persona and no data say: names, goals, needs; each with who said it, when and how."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from journey_lib import authored
from journey_lib.authored import Strict
from journey_lib.model import Language
from journey_lib.workspace import Words, Workspace

FILE = Path("maps") / "personas.yaml"
ASPECTS = ("goals", "needs", "frustrations", "motivations", "is_not")

LONGEST_NAME, LONGEST_NOTE = 80, 500  # characters: more has no room on a card
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}  # control signs, and those that turn the direction of a line


def _tidy(text: str) -> str:
    """The words as one line, without signs that nobody sees."""
    return " ".join("".join(" " if unicodedata.category(sign) in _UNSEEN else sign for sign in text).split())


def _room(words: Words, most: int) -> Words:
    tidy: Words = {language: _tidy(text) for language, text in words.items()}
    for language, text in tidy.items():
        if len(text) > most:
            raise ValueError(f"{language}: {len(text):,} characters: a card has room for {most}")
    return {language: text for language, text in tidy.items() if text}


Basis = Literal["interview", "workshop", "survey", "assumption"]


class Note(Strict):
    """One thing somebody says of a persona: on what basis, by whom and when, and due for review."""

    text: Words
    basis: Basis
    by: str = ""
    date: dt.date | None = None
    review: dt.date | None = None
    n: int | None = Field(default=None, ge=1)

    @field_validator("text")
    @classmethod
    def _said(cls, text: Words) -> Words:
        tidy = _room(text, LONGEST_NOTE)
        if not tidy:
            raise ValueError("write the text, in vi, in en or in both")
        return tidy

    def stale(self, day: dt.date) -> bool:
        """Whether it should have been looked at again by that day."""
        return self.review is not None and self.review < day


class Persona(Strict):
    """What is authored about one persona; `name` replaces the proposed one."""

    name: Words = Field(default_factory=dict)
    goals: tuple[Note, ...] = ()
    needs: tuple[Note, ...] = ()
    frustrations: tuple[Note, ...] = ()
    motivations: tuple[Note, ...] = ()
    is_not: tuple[Note, ...] = ()

    @field_validator("name")
    @classmethod
    def _called(cls, name: Words) -> Words:
        return _room(name, LONGEST_NAME)

    def aspect(self, name: str) -> tuple[Note, ...]:
        """The notes of one of `ASPECTS`."""
        notes: tuple[Note, ...] = getattr(self, name)
        return notes


class Notes(Strict):
    """What `maps/personas.yaml` says, by the persona's code (p1, p2, …)."""

    personas: Mapping[str, Persona] = Field(default_factory=dict)

    def of(self, persona: str) -> Persona:
        """What is written about one persona; nothing, where nothing is."""
        return self.personas.get(persona, Persona())

    def of_nobody(self, codes: Collection[str]) -> tuple[str, ...]:
        """The codes something is written of that are not among `codes`."""
        return tuple(sorted({*self.personas} - {*codes}))

    def names(self, language: Language) -> dict[str, str]:
        """Names given by hand, where there are any in that language."""
        return {
            code: persona.name[language]
            for code, persona in self.personas.items()
            if language in persona.name
        }


def notes(workspace: Workspace) -> Notes:
    """What a workspace's `maps/personas.yaml` says; nothing where there is no such file.

    Raises
    ------
    ConfigError
        The file holds an unknown key or an impossible value; told with its line.
    """
    file = workspace.path / FILE
    return authored.read(file, Notes, what="the notes on personas") if file.is_file() else Notes()
