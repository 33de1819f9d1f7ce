"""What must not leave this machine with a page: its paths and its secrets."""

from __future__ import annotations

import html
import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|CREDENTIALS)$")
# Shorter values are switches and ports more often than secrets, and would be found in any page.
_SHORTEST_SECRET = 6
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")

Change = Callable[[str], str]


def secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Which variables hold a secret, judged by the words of their names: ``CRM_TOKEN``, ``DB_PASSWORD_2``."""
    return {
        name: value
        for name, value in environ.items()
        if len(value.strip()) >= _SHORTEST_SECRET
        and any(_SECRET_NAME.search(word) for word in re.split(r"[^A-Z]+", name.upper()))
    }


def spoken(text: str, hidden: Mapping[str, str]) -> list[str]:
    """Names of the variables whose secret value stands in `text`, plain or as HTML or JSON write it."""
    return [name for name, value in hidden.items() if any(form in text for form in _forms(value))]


def silence(hidden: Mapping[str, str]) -> Change:
    """Make the change that puts a variable's name where its value stood."""

    def changed(text: str) -> str:
        for name, value in hidden.items():
            for form in _forms(value):
                text = text.replace(form, f"[value of {name}]")
        return text

    return changed


def _forms(value: str) -> list[str]:
    # a key in several lines may be shown line by line
    forms = {value.strip(), *(line for line in value.splitlines() if len(line) >= 16)}
    forms |= {html.escape(form) for form in forms} | {json.dumps(form)[1:-1] for form in forms}
    # JSON within a page's script
    forms |= {form.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") for form in forms}
    return sorted(forms, key=len, reverse=True)


def places(workspace: Path) -> dict[str, str]:
    """Folders that tell about this machine or its user, and what a reader is shown instead."""
    known = {
        Path.home(): "~",
        Path(tempfile.gettempdir()).resolve(): "tmp",
        Path(sys.prefix).resolve(): "python",
        Path(__file__).resolve().parents[2]: ".",
        Path.cwd(): ".",
        workspace.resolve(): workspace.name,
    }
    return {str(place): shown for place, shown in known.items() if len(place.parts) > 1}


def anonymous(known: Mapping[str, str]) -> Change:
    """Make the change that shows `places` by their short names."""
    found = _pattern(known)

    def changed(text: str) -> str:
        if "/" not in text and "\\" not in text:
            return text
        # a path may follow a terminal colour code, whose closing m is a letter like any other
        pieces = _COLOUR.split(text)
        return "".join(found.sub(lambda hit: known[hit[0]], piece) for piece in pieces)

    return changed


def betrayed(text: str, known: Mapping[str, str]) -> list[str]:
    """Which of the `places` stand in `text`."""
    return sorted({hit[0] for hit in _pattern(known).finditer(text)})


def _pattern(known: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(known, key=len, reverse=True)
    return re.compile(rf"(?<![\w.~-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


def rewrite(node: Any, change: Change) -> Any:
    """Apply `change` to every text within `node`, lists and mappings in place."""
    if isinstance(node, str):
        return change(node)
    if isinstance(node, list):
        node[:] = [rewrite(item, change) for item in node]
    elif isinstance(node, dict):
        for name in list(node):
            node[name] = rewrite(node[name], change)
    return node
