"""YAML that people write by hand: plain values only, and no key that silently replaces another."""

from __future__ import annotations

from typing import Any

import yaml


def once_each(text: str) -> Any:
    """What a YAML text says; a key that stands twice in one mapping is an error, as is a tag of Python's.

    Raises
    ------
    yaml.YAMLError
        It is no YAML, or a key stands twice; the error names the line.
    """
    return yaml.load(text, _OnceEach)  # noqa: S506


class _OnceEach(yaml.SafeLoader):
    """YAML in which a key stands once: of two, the reader would silently take the later."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # As it is written, before `<<` has put keys of another mapping beside those that replace them.
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"'{key.value}' stands twice, first in line {seen[key.value].line + 1}:"
                    " remove one of them",
                    problem_mark=key.start_mark,
                )
            seen[key.value] = key.start_mark
        return node
