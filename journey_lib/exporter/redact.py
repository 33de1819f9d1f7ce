"""Words that come out of errors and programs, without secrets and without the folders of this machine.

The runner takes out what it knows (the values of secret variables, its own folders); this takes out what
looks like either, so that no traceback tells a reader where Python is installed or what stood after
``password=``.
"""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "•••"
_GUARDED = r"passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"
_NAMED = re.compile(_GUARDED, re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"(?i)\b([\w.-]*(?:{_GUARDED})[\w.-]*[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;)}}\]]+)"
)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)")
_POSIX = re.compile(r"(?<![\w:/<.…])/(?:[^\s/:'\"<>|,;()\[\]]+/)+([^\s/:'\"<>|,;()\[\]]*)")
_WINDOWS = re.compile(r"\b[A-Za-z]:\\(?:[^\\\n:'\"<>|]+\\)+([^\\\s:'\"<>|]*)")


def text(words: str) -> str:
    """Words without secrets and without folders: of a path, the name of the file is kept."""
    words = _IN_ADDRESS.sub(HIDDEN, _ASSIGNED.sub(rf"\1{HIDDEN}", words))
    return _WINDOWS.sub(r"…\\\1", _POSIX.sub(r"…/\1", words))


def tree(value: Any, name: str = "") -> Any:
    """A nested value with the same done to its texts; what a secret's name stands for is hidden whole."""
    if value is not None and _NAMED.search(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: tree(child, str(key)) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [tree(child) for child in value]
    return text(value) if isinstance(value, str) else value
