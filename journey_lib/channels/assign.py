"""Asks the rules: the first that fits names the channel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journey_lib.channels.rules import CATEGORIES, Rule, Rules, Test
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.model import TRAFFIC
from journey_lib.spelling import tidy_vietnamese

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

UNASSIGNED = "Unassigned"
MOST = 500  # signs of a value that are looked at: a longer one is no name of a source
# What stands before a site's name without making it another site.
PREFIXES = ("www.", "m.", "l.", "lm.", "amp.", "mobile.", "touch.", "web.")
# A site that every country has of its own, with its country behind it (google.de, amazon.co.jp) or in front.
BEHIND, IN_FRONT = re.compile(r"\.(?:com?\.)?[a-z]{2}$"), re.compile(r"^[a-z]{2}\.")
PLATFORM = frozenset(("network", "creative_format", "engine"))

Visit = Mapping[str, str | None]
Match = tuple[Rule, Mapping[str, Test]]


def assign(rules: Rules, traffic: pa.Table | pd.DataFrame) -> list[str]:
    """The channel of each row of a small table of distinct combinations; Unassigned where no rule fits.

    Columns of `model.TRAFFIC` that are missing or null are not set. Values are compared in lower case without
    blanks at their ends and with one place for tone marks, so ``CPC`` is ``cpc``. Neither the order of rows
    nor that of columns matters.
    """
    return [
        UNASSIGNED if (rule := _first(rules, visit)) is None else rule.channel for visit in _visits(traffic)
    ]


def evidence(rules: Rules, traffic: pa.Table | pd.DataFrame) -> list[str]:
    """What the channel of each row rests on: own rule, ad platform, click id, tags, or nothing."""
    return [_evidence(_match(rules, visit)) for visit in _visits(traffic)]


def explain(rules: Rules, **traffic: str | None) -> str:
    """Which rule named the channel of one visit, and by what, in a sentence for a notebook."""
    for name in traffic:
        if name not in TRAFFIC:
            raise ParameterError(f"no rule asks a visit for {name!r}", do=did_you_mean(name, TRAFFIC))
    visit = {name: _folded(traffic[name]) for name in TRAFFIC if name in traffic}
    said = (
        ", ".join(f"{name}={value!r}" for name, value in visit.items() if value is not None) or "nothing set"
    )
    match = _match(rules, visit)
    if match is None:
        return f"{said}: no rule of {rules.version} fits, so it is {UNASSIGNED}"
    rule, condition = match
    fitted = ", ".join(_told(rules, visit, field, test) for field, test in condition.items())
    return f"{said}: {rule.channel}, by {rule.origin} ({_evidence(match)}: {fitted})"


def changed_by_case(rules: Rules, traffic: pa.Table | pd.DataFrame, rows: Sequence[int]) -> int:
    """How many rows have their channel only because case and stray blanks do not count.

    `rows` says how many rows stand behind each combination.
    """
    folded, plain = assign(rules, traffic), _visits(traffic, fold=False)
    return sum(
        many
        for channel, visit, many in zip(folded, plain, rows, strict=True)
        if channel != _channel(rules, visit)
    )


def _visits(traffic: pa.Table | pd.DataFrame, *, fold: bool = True) -> list[Visit]:
    import pyarrow as pa

    table = traffic if isinstance(traffic, pa.Table) else pa.Table.from_pandas(traffic, preserve_index=False)
    there = [name for name in TRAFFIC if name in table.column_names]
    columns = [table[name].cast(pa.string()).to_pylist() for name in there]
    read = _folded if fold else (lambda value: value or None)
    return [
        {name: read(value) for name, value in zip(there, row, strict=True)}
        for row in (zip(*columns, strict=True) if columns else [()] * len(table))
    ]


def _folded(value: str | None) -> str | None:
    if value is None:
        return None
    return tidy_vietnamese(value[:MOST]).strip().casefold() or None


def _channel(rules: Rules, visit: Visit) -> str:
    rule = _first(rules, visit)
    return UNASSIGNED if rule is None else rule.channel


def _first(rules: Rules, visit: Visit) -> Rule | None:
    match = _match(rules, visit)
    return None if match is None else match[0]


def _match(rules: Rules, visit: Visit) -> Match | None:
    """The first rule that fits, and the condition by which it does."""
    kinds = _kinds(rules, visit.get("source"))
    for rule in rules.rules:
        for condition in rule.any:
            if _holds(condition, visit, kinds):
                return rule, condition
    return None


def _evidence(match: Match | None) -> str:
    if match is None:
        return "nothing"
    rule, condition = match
    if rule.own:
        return "own rule"
    if PLATFORM & set(condition):
        return "ad platform"
    return "click id" if condition.get("click_id") is not None else "tags"


def _told(rules: Rules, visit: Visit, field: str, test: Test) -> str:
    if isinstance(test, re.Pattern):
        return f"{field} fits /{test.pattern}/"
    if test is None:
        return f"{field} is not set"
    if field == "category":
        return f"source is of {' or '.join(sorted(_kinds(rules, visit.get('source')) & test))}"
    return f"{field} is {visit.get(field)!r}"


def _kinds(rules: Rules, source: str | None) -> frozenset[str]:
    """Of which kinds a source is: as it stands, without what only stands before a site's name, or abroad."""
    if source is None:
        return frozenset()
    names = {source, *(source.removeprefix(prefix) for prefix in PREFIXES)}
    names |= rules.regional & {
        bare.sub("", name) for name in names for bare in (BEHIND, IN_FRONT) if "." in name
    }
    return frozenset(kind for kind in CATEGORIES if names & rules.categories[kind])


def _holds(condition: Mapping[str, Test], visit: Visit, kinds: frozenset[str]) -> bool:
    return all(
        (isinstance(test, frozenset) and bool(kinds & test))
        if field == "category"
        else _fits(test, visit.get(field))
        for field, test in condition.items()
    )


def _fits(test: Any, value: str | None) -> bool:
    if test is None or value is None:
        return test is None and value is None
    return value in test if isinstance(test, frozenset) else test.search(value) is not None
