"""Notes written into the text of a file of maps: the rest of the text, comments too, stays as it is."""

from __future__ import annotations

from typing import Any

import yaml

from journey_lib import authored


def rewritten(text: str, declared: dict[str, Any], *, name: str, stage: str, lane: str) -> str:
    """The text of a file of maps, with one lane of one stage as `declared` has it and all else as it was.

    A note that stays keeps its line and the comments about it. A file written so unusually that its text
    cannot be changed in one place is written anew, without comments.
    """
    return _rewritten(text, declared, (("maps", "map", name), ("stages", "stage", stage)), lane)


def with_customers(text: str, declared: dict[str, Any], *, persona: str) -> str:
    """The text of a file of maps, with the customers of one persona as `declared` has them (`rewritten`)."""
    return _rewritten(text, declared, (("personas", "persona", persona),), "customers")


Path = tuple[
    tuple[str, str, str], ...
]  # of lists, each with the key and the value that tell which of its items
Notes = list[Any] | dict[str, Any] | str


def _rewritten(text: str, declared: dict[str, Any], path: Path, lane: str) -> str:
    there = declared
    for listed, key, name in path:
        there = next(each for each in there[listed] if each[key] == name)
    text = text if text.endswith("\n") else f"{text}\n"
    try:
        changed = _changed(text, path, lane, there.get(lane, []))
        if authored.once_each(changed) == declared:
            return changed
    except (yaml.YAMLError, StopIteration, LookupError):
        pass
    return str(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False, width=110))


def _changed(text: str, path: Path, lane: str, notes: Notes) -> str:
    there: Any = yaml.compose(text, Loader=authored.LOADER)
    for listed, key_of, name in path:
        there = next(each for each in _value(there, listed).value if _value(each, key_of).value == name)
    pair = next((pair for pair in there.value if pair[0].value == lane), None)
    if pair is None and not notes:
        return text
    if there.flow_style:
        return _in_braces(text, there, pair, lane, notes)
    if pair is None:
        after = _line_after(text, _last(there))
        return text[:after] + _block(lane, notes, there.start_mark.column) + text[after:]
    key, value = pair
    if not notes:
        return text[: _line_start(text, key.start_mark.index)] + text[_line_after(text, _last(value)) :]
    if isinstance(notes, str) or value.flow_style:
        return text[: value.start_mark.index] + _flow(text, value, notes) + text[value.end_mark.index :]
    return _rules(text, value, notes) if isinstance(notes, dict) else _in_lines(text, value, notes)


def _value(node: Any, key: str) -> Any:
    """What stands for a key; an error of look-up where it is taken over from another mapping."""
    return {name.value: value for name, value in node.value if isinstance(name, yaml.ScalarNode)}[key]


def _in_braces(text: str, there: Any, pair: Any, lane: str, notes: Notes) -> str:
    """What is written in braces: a key in it is changed, put before the closing brace, or taken out."""
    if pair is None:
        end = there.value[-1][1].end_mark.index
        return f"{text[:end]}, {lane}: {_flow(text, None, notes)}{text[end:]}"
    key, value = pair
    if notes:
        return text[: value.start_mark.index] + _flow(text, value, notes) + text[value.end_mark.index :]
    before = there.value[[name for name, _ in there.value].index(key) - 1][1].end_mark.index
    return text[:before] + text[value.end_mark.index :]


def _flow(text: str, value: Any, notes: Notes) -> str:
    """Notes within brackets; those that were there stand as they were written."""
    if not isinstance(notes, list):
        return _in_line(notes)
    written = {} if value is None else {_said(text, item): _slice(text, item) for item in value.value}
    return "[" + ", ".join(written.get(repr(note)) or _in_line(note) for note in notes) + "]"


def _in_lines(text: str, value: Any, notes: list[Any]) -> str:
    """Notes a line or more each; those that were there keep their lines and the comments in them."""
    starts = [_line_start(text, item.start_mark.index) for item in value.value]
    end = _line_after(text, _last(value))
    chunks = {
        _said(text, item): text[start:stop]
        for item, start, stop in zip(value.value, starts, [*starts[1:], end], strict=True)
    }
    indent = value.start_mark.column
    new = [chunks.get(repr(note)) or _items([note], indent) for note in notes]
    return text[: starts[0]] + "".join(new) + text[end:]


def _rules(text: str, value: Any, rules: dict[str, Any]) -> str:
    """Keys a line or more each; those that say the same keep their lines and the comments in them."""
    starts = [_line_start(text, key.start_mark.index) for key, _ in value.value]
    end = _line_after(text, _last(value))
    chunks = {
        (key.value, _said(text, said)): text[start:stop]
        for (key, said), start, stop in zip(value.value, starts, [*starts[1:], end], strict=True)
    }
    indent = " " * value.start_mark.column
    new = [
        chunks.get((key, repr(said))) or f"{indent}{_in_line({key: said})[1:-1]}\n"
        for key, said in rules.items()
    ]
    return text[: starts[0]] + "".join(new) + text[end:]


def _said(text: str, item: Any) -> str:
    """What a note says, as a key to find it again."""
    return repr(yaml.safe_load(_slice(text, item)))


def _slice(text: str, item: Any) -> str:
    said = text[item.start_mark.index : item.end_mark.index]
    if isinstance(item, yaml.CollectionNode) and item.flow_style is False:
        # A mapping in lines of its own: its first key stands after the dash.
        return " " * item.start_mark.column + said
    return said


def _block(lane: str, notes: Notes, indent: int) -> str:
    if not isinstance(notes, list):
        return f"{' ' * indent}{lane}: {_in_line(notes)}\n"
    return f"{' ' * indent}{lane}:\n{_items(notes, indent + 2)}"


def _items(notes: list[Any], indent: int) -> str:
    return "".join(f"{' ' * indent}- {_in_line(note)}\n" for note in notes)


def _in_line(note: Any) -> str:
    """A note as one line of YAML."""
    (line,) = yaml.safe_dump(
        [note], allow_unicode=True, sort_keys=False, width=10**6, default_flow_style=True
    ).splitlines()
    return line[1:-1]


def _last(node: Any) -> int:
    """Where the last words of a node end: what follows a list in lines belongs to whatever comes next."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _last(last[1] if isinstance(last, tuple) else last)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_after(text: str, at: int) -> int:
    """The start of the line after that of the character before `at`."""
    end = text.find("\n", at - 1)
    return len(text) if end < 0 else end + 1
