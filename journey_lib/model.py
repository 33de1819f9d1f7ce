"""The nouns everything else speaks of: canonical tables, durations, and the one kind of result."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from journey_lib.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

Language = Literal["vi", "en"]

# What results call the ends of a journey and what is left over; no channel may have such a name.
NO_TOUCH, START, CONVERTED, ENDED, OTHER = "(no touch)", "(start)", "(conversion)", "(null)", "(other)"
OPEN, LATER, QUIET = "(open)", "(later)", "(gone quiet)"
RESERVED = frozenset({NO_TOUCH, START, CONVERTED, ENDED, OTHER, OPEN, LATER, QUIET})

HEADLESS = "JOURNEY_HEADLESS"  # set in the environment of a kernel that runs a report and has no reader yet
Beside = int | tuple[int, int]
UNTOLD = 1 << 40  # of `Result.besides`: rows whose sum readers are not told, as though others were in it
MICROSECONDS = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}


def duration(text: str) -> int:
    """Microseconds in a duration written with its unit: ``"30d"``, ``"12h"``, ``"45m"``, ``"2w"``.

    Bare numbers are refused: a number without a unit has cost enough analysts a week.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([mhdw])\s*", text) if isinstance(text, str) else None
    if not found:
        raise ParameterError(
            f"{text!r} is not a duration", do='write a number and a unit, such as "30d", "12h", "45m" or "2w"'
        )
    return round(float(found[1]) * MICROSECONDS[found[2]])


@cache
def timezones() -> frozenset[str]:
    """The names of the time zones this machine knows: six hundred files to find, so once."""
    return frozenset(zoneinfo.available_timezones())


@dataclass(frozen=True)
class Result:
    """One answer: a small table, its headline numbers, and exactly how it was asked.

    `table`     a documented pandas frame; estimates stand beside their base and interval.
    `facts`     the few numbers a reader would quote.
    `settings`  every parameter, and the fingerprint of the data.
    `base`      the column of `table` that counts what each row rests on.
    `people`    other columns of `table` that count people, each for itself.
    `within`    for a column that counts people of a kind, those that count everybody looked at, or how many.
    `tell`      for columns of `people`, those from which the count could be worked out.
    `about`     for columns of `people`, what is said of these people alone: their money, what is typical.
    `parts`     columns by which rows add up to a total that readers know; () is the whole table.
    `sums`      the same for columns of `people`: which add up, and by which columns.
    `groups`    columns that name a group the row is about, and those that count its members and, of them,
                those looked at: whoever knows how many customers there are can add these up as well.
    `besides`   for `parts`, `sums` and `groups` whose total counts others too: how many people no row tells
                of; by the value of the columns where rows add up by some. A pair: of the kind, and not. Of
                `groups` also by group: those of which there is no row, and
                `suppression.IN_NONE`.
    `chains`    columns of `people` that count, from one to the next and from row to row, ever fewer or ever
                more of the same people, and the columns by which they do; () is the whole table.
    `common`    columns of `people` that count the same people in several rows.
    `unseen`    columns that only say what must be hidden: nobody is shown them.
    `totals`    facts that tell what the rows with a value of a column of `parts` add up to: they go where no
                other row is left to hide.
    `heads`     facts that count people, and the facts that would tell the count; `customers` always does.
    """

    name: str
    table: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    people: tuple[str, ...] = ()
    within: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    tell: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[tuple[str, ...], ...] = ()
    sums: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    besides: Mapping[tuple[str, ...] | str, Beside | Mapping[Any, Beside]] = field(default_factory=dict)
    chains: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    common: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    totals: Mapping[tuple[str, Any], tuple[str, ...]] = field(default_factory=dict)
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    def suppressed(self, k: int) -> Result:
        """The same result with every row that rests on fewer than `k` people emptied, down to its base.

        People are the column customers where it is known, else the base. Such rows say so in a column
        ``suppressed``; names stay, numbers go, and what `tell` says of people (a date). A row that rests on
        nobody stays as it is: it tells of no one. In the columns `people` only the counts below `k` go, with
        what would tell them and what is said `about` them. A count that leaves fewer than `k` of those it is
        `within` tells of these, and goes as well; nobody and everybody stay. Where rows are `parts` of a
        known total, or a column `sums` up to one, more is hidden until no subtraction brings back what is. Of
        `chains` a number goes when fewer than `k` lie between it and the last that is shown.
        Facts stay, but for `totals`: see `quoted`.
        """
        from journey_lib.suppression import hide  # who only starts the command needs no numpy

        if (hidden := hide(self, k)) is None:
            return self
        table, rows, untold = hidden
        facts = {**self.facts, "suppressed_rows": rows, **dict.fromkeys(untold)}
        return replace(self, table=table, facts=facts, unseen=())

    def quoted(self, k: int) -> dict[str, Any]:
        """The facts as they may be kept: a count of fewer than `k` people is None, as is what tells it."""
        facts = dict(self.facts)
        for name, telling in {"customers": (), **self.heads}.items():
            if 0 < (self.facts.get(name) or 0) < k:
                facts.update(dict.fromkeys(set(facts) & {name, *telling}))
        return facts


# By what a customer can be known, strong evidence before weak.
IDENTIFIERS = ("user_id", "member", "customer_id", "email", "phone", "device", "cookie")
# What tells where a visit came from, for the rules that name its channel.
TRAFFIC = ("source", "medium", "campaign", "click_id", "network", "creative_format", "engine")
# What else a CRM may know of who somebody is, as classes: incomes and ages come in bands.
DEMOGRAPHICS = (
    "age_band", "income", "household_size", "household", "children", "marital_status", "home",
)  # fmt: skip

_WHO = dict.fromkeys(IDENTIFIERS, False)

# Columns of the canonical tables every source is read into; True marks those a row cannot do without. Every
# row of a table that tells of people needs one of the identifiers, whichever they are.
TABLES: Mapping[str, Mapping[str, bool]] = {
    "events": {
        "event_id": False,
        **_WHO,
        "timestamp": True,
        "channel": False,
        "touchpoint": False,
        "event_type": True,
        "value": False,
        "currency": False,
        "device_type": False,
        **dict.fromkeys(TRAFFIC, False),
    },
    "orders": {
        "order_id": True,
        **_WHO,
        "timestamp": True,
        "value": True,
        "currency": False,
        "channel": False,
        "items": False,
    },
    "items": {
        "order_id": False,
        **_WHO,
        "timestamp": True,
        "category": True,
    },
    "returns": {
        "order_id": True,
        "timestamp": True,
        "value": False,
        "currency": False,
        "kind": False,
    },
    "costs": {
        "date": True,
        "channel": True,
        "campaign": False,
        "cost": True,
        "currency": False,
        "impressions": False,
        "clicks": False,
        "platform_conversions": False,
    },
    "customers": {
        **_WHO,
        "name": False,
        "city": False,
        "district": False,
        "birth_year": False,
        "birth_date": False,
        "address": False,
        "gender": False,
        "joined": False,
        "opt_out": False,
        "tier": False,
        **dict.fromkeys(DEMOGRAPHICS, False),
    },
    "identifiers": {
        "event_id": False,
        "timestamp": False,
        **_WHO,
    },
    "surveys": {
        "survey_id": False,
        **_WHO,
        "timestamp": True,
        "answered_at": False,
        "touchpoint": False,
        "metric": True,
        "score": False,
        "comment": False,
    },
    "tickets": {
        "ticket_id": True,
        **_WHO,
        "timestamp": True,
        "channel": False,
        "topic": False,
        "text": False,
        "first_response_at": False,
        "resolved_at": False,
        "status": False,
        "department": False,
        "order_id": False,
    },
    "experiments": {
        "experiment": False,
        "channel": True,
        "method": False,
        "start": True,
        "end": True,
        "lift": False,
        "standard_error": False,
    },
}
