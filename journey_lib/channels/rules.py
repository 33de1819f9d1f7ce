"""Channel rules as dated data: read, checked, and put in order, the user's own first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from journey_lib.authored import once_each
from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.model import RESERVED, TRAFFIC
from journey_lib.spelling import tidy_name, tidy_vietnamese

FILES = Path(__file__).parent / "data_files"
RULES = ("ga4-2025", "ga4-2026-05")
EXTENSIONS = ("vietnam",)
CATEGORIES = ("search", "social", "video", "shopping")
LONGEST = 200  # signs of a user's pattern
# In a user's pattern: more than this can take for ever on a text that nearly fits.
REPEATS, OPTIONS, GROUPS = 2, 4, 3  # of * + {n,}; of ?; of (…)
_QUOTED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)  # what only looks like a repeat
_OPENED = re.compile(r"\(\?(?:P<\w+>|<?[=!:]|[aiLmsux-]+:?)")  # the question mark of a group's own beginning

Test = None | frozenset[str] | re.Pattern[str]  # not set | one of these texts | a pattern found in the text


@dataclass(frozen=True)
class Rule:
    """A channel, and the conditions of which one has to hold; in a condition every field has to.

    `own` marks the user's own rules.
    """

    channel: str
    any: tuple[Mapping[str, Test], ...]
    origin: str
    own: bool = False


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are asked, and which sites are of which kind.

    `version` names what they were put together from, as a report prints it. `regional` are the sites that
    every country has of its own: ``google`` is also google.de, ``linkedin.com`` is also vn.linkedin.com.
    """

    version: str
    rules: tuple[Rule, ...]
    categories: Mapping[str, frozenset[str]]
    regional: frozenset[str] = frozenset()

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel a rule can name, in the order of the rules."""
        return tuple(dict.fromkeys(rule.channel for rule in self.rules))


def load(rules: str = "ga4-2026-05", extensions: Sequence[str] = (), custom: Path | None = None) -> Rules:
    """The rules of a name, with extensions of their lists of sites, behind the user's own.

    A user's file is a YAML list of ``{channel: Zalo, when: {source: [zalo, oa.zalo.me], medium: cpc}}``;
    `when` may be a list of such conditions. A value is compared as a whole and in lower case; ``"/zalo.*/"``
    is a regular expression; null means not set; ``category: social`` asks for the kind of the source.

    Raises
    ------
    ConfigError
        There are no such rules or extension, or the user's file holds what cannot be.
    """
    for name, known, what in (
        (rules, RULES, "rules"),
        *((each, EXTENSIONS, "extension") for each in extensions),
    ):
        if name not in known:
            raise ConfigError(f"there are no channel {what} called {name!r}", do=did_you_mean(name, known))
    own = _own(custom) if custom is not None else ()
    sources = _file("sources")
    categories = {kind: set(sources[kind]) for kind in CATEGORIES}
    for extension in extensions:
        for kind, sites in _file(extension).items():
            # A site that an extension knows better leaves the other kinds.
            for other in categories.values():
                other.difference_update(map(_tidy, sites))
            categories[kind] |= set(map(_tidy, sites))
    version = " + ".join([rules, *extensions, *([f"custom ({len(own)})"] if own else [])])
    given = tuple(_rule(each, f"{rules}.yaml, rule {n}") for n, each in enumerate(_file(rules)["rules"], 1))
    kinds = {kind: frozenset(map(_tidy, sites)) for kind, sites in categories.items()}
    return Rules(version, own + given, kinds, frozenset(sources["regional"]))


def files(rules: str, extensions: Sequence[str] = ()) -> list[Path]:
    """The files that rules of a name are made of: when one of them changes, channels may."""
    named = [FILES / f"{name}.yaml" for name in ("sources", rules, *extensions)]
    return [file for file in named if file.is_file()]


@cache
def _file(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((FILES / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def _tidy(text: str) -> str:
    return tidy_vietnamese(text).strip().casefold()


def _own(file: Path) -> tuple[Rule, ...]:
    try:
        declared = once_each(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            "the channel rules cannot be read",
            where=f"{file}: {error}",
            do="correct `channels: {custom: ...}`",
        ) from error
    if not isinstance(declared, list):
        raise ConfigError(
            "the channel rules are not a list", where=str(file), do="begin each rule with a dash"
        )
    return tuple(_rule(each, f"{file.name}, rule {n}", own=True) for n, each in enumerate(declared, 1))


def _rule(declared: Any, origin: str, own: bool = False) -> Rule:
    if not isinstance(declared, dict):
        raise ConfigError(
            "a channel rule is not a mapping", where=origin, do="write {channel: ..., when: ...}"
        )
    for key in declared:
        if key not in ("channel", "when", "any"):
            raise ConfigError(
                f"a channel rule has no {key!r}", where=origin, do=did_you_mean(str(key), ("channel", "when"))
            )
    if {"when", "any"} <= set(declared):
        raise ConfigError("a channel rule has both when and any", where=origin, do="write one list, when")
    channel, when = declared.get("channel"), declared.get("when", declared.get("any"))
    if not isinstance(channel, str) or not channel.strip() or channel.strip() in RESERVED:
        raise ConfigError("a channel rule needs a channel", where=f"{origin}: {channel!r}")
    conditions = when if isinstance(when, list) else [when]
    asked = [each for each in conditions if isinstance(each, dict) and each]
    if not asked or len(asked) < len(conditions):
        raise ConfigError("a channel rule needs a condition", where=origin, do="write `when: {source: zalo}`")
    return Rule(
        tidy_name(channel.strip()), tuple(_condition(each, origin, own) for each in asked), origin, own
    )


def _condition(declared: Mapping[Any, Any], origin: str, own: bool) -> dict[str, Test]:
    for field in declared:
        if field not in (*TRAFFIC, "category"):
            near = did_you_mean(str(field), (*TRAFFIC, "category"))
            raise ConfigError(f"a channel rule cannot ask for {field!r}", where=origin, do=near)
    return {field: _test(field, value, origin, own) for field, value in declared.items()}


def _test(field: str, value: Any, origin: str, own: bool) -> Test:
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int) and not isinstance(each, bool) for each in values):
        raise ConfigError(f"{field} is to be a text, a list of texts, or null", where=f"{origin}: {value!r}")
    patterns = [each for each in values if isinstance(each, str) and re.fullmatch(r"/.+/", each, re.DOTALL)]
    if patterns and field != "category":
        if isinstance(value, list):
            do = "write the pattern without a list, and further ones as conditions of their own"
            raise ConfigError("a pattern stands in a list", where=f"{origin}, {field}: {value!r}", do=do)
        # Spelt as visits are; some machines even store the marks of a Vietnamese letter apart from it.
        text, where = tidy_vietnamese(patterns[0][1:-1]), f"{origin}, {field}"
        return _own_pattern(text, where) if own else re.compile(text)
    words = frozenset(_tidy(str(each)) for each in values)
    if field == "category" and not words <= set(CATEGORIES):
        wrong = sorted(words - set(CATEGORIES))[0]
        raise ConfigError(f"there is no category {wrong!r}", where=origin, do=did_you_mean(wrong, CATEGORIES))
    return words


def _own_pattern(text: str, where: str) -> re.Pattern[str]:
    """A user's pattern, whatever its case, unless matching it could take for ever."""
    bare = _OPENED.sub("(", _QUOTED.sub("x", text))
    endless = (
        len(re.findall(r"[*+{]", bare)) > REPEATS
        or bare.count("?") > OPTIONS
        or bare.count("(") > GROUPS
        or re.search(r"\)[*+{]", bare) is not None
    )
    if len(text) > LONGEST or endless:
        raise ConfigError(
            "a pattern is too long, or repeats too much, which can take for ever",
            where=f"{where}: {text[:60]!r}",
            do=f"write at most {LONGEST} signs, {REPEATS} repeats (* + {{n}}) and {GROUPS} groups,"
            " and repeat no group; or write a list of texts",
        )
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ConfigError(f"a pattern is none: {error}", where=f"{where}: {text!r}") from error
