"""Writing any text so that YAML gives it back letter for letter, and so that no comment can end early."""

from __future__ import annotations

import re
import unicodedata

PLAIN = re.compile(r"[a-z][a-z0-9_]*")
WORDS_OF_YAML = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
ESCAPED = {"C", "Z"}  # categories of letters that are not to be seen, or only as some kind of blank


def quoted(said: str) -> str:
    """A text between quotation marks, every letter in it that is not plainly visible spelt out."""
    return '"' + "".join(_letter(letter) for letter in said) + '"'


def plain_or_quoted(said: str) -> str:
    """A text as it is where it is a simple word that YAML takes for nothing else, else quoted."""
    return said if PLAIN.fullmatch(said) and said not in WORDS_OF_YAML else quoted(said)


def _letter(letter: str) -> str:
    if letter in SHORT:
        return SHORT[letter]
    if letter in '"\\':
        return "\\" + letter
    if letter == " " or unicodedata.category(letter)[0] not in ESCAPED:
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
