"""Which journeys follow a path pattern, such as ``ad -> [^call_centre]* -> purchase``, and how they ended.

The language is described in ``docs/patterns.md``, its grammar in `grammar`. Steps are the channels of a touch
table, whatever they are there: channels, touchpoints, stages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.engine import Asking, Pass, reduce, view
from journey_lib.errors import DataError, ParameterError
from journey_lib.intervals import difference, wilson
from journey_lib.journeys.automaton import Automaton, accepts, compiled
from journey_lib.journeys.cut import Array, Direct, Journeys, Period, Repeats, cut, cuts, rules_for, settings
from journey_lib.journeys.grammar import CONVERSION, END, mentioned, read
from journey_lib.journeys.groups import Group
from journey_lib.journeys.members import members
from journey_lib.journeys.moves import RATE
from journey_lib.model import CONVERTED, ENDED, OPEN, Result
from journey_lib.touches import Bucket, Touches

MATCHING, OTHERS = "matching", "not matching"
# How both groups are guarded (`Result.suppressed`): with all journeys, and all that converted, each tells the
# other. What is over and did not convert is of as many people.
_GUARDED: Mapping[str, Any] = {
    "people": ("conversions", "nulls"),
    "tell": {"conversions": RATE, "nulls": ("over", *RATE)},
    "about": {"conversions": ("value",)},
    "parts": ((),),
    "sums": {"conversions": ((),), "nulls": ((),)},
    "unseen": ("nulls",),
}


@dataclass(frozen=True)
class Pattern:
    """A path pattern, read against the names of steps and ready to be matched.

    `structural`: it asks how the journey ended, so the conversion rate of what it matches says nothing.
    """

    text: str
    names: tuple[str, ...]
    structural: bool
    automaton: Automaton = field(repr=False, compare=False)


def pattern(text: str, names: Sequence[str]) -> Pattern:
    """Read a pattern over steps of these names.

    Raises
    ------
    ParameterError
        The text is no pattern, or names a step there is not; the message points at the place.
    """
    tree = read(text, names)
    automaton = compiled(tree, text, len(names))
    return Pattern(text, tuple(names), bool(tree.endings & {CONVERSION, END}), automaton)


def matching(found: Journeys, wanted: Pattern) -> Array:
    """Whether each journey follows the pattern; the channels of `found` are codes of the pattern's names.

    Raises
    ------
    ParameterError
        There are more channels than the pattern has names.
    """
    if found.channel.max(initial=-1) >= len(wanted.names):
        raise ParameterError(
            f"the pattern knows {len(wanted.names)} names, the journeys have more channels",
            where=wanted.text,
            do="read it with the names of the same table: pattern(text, touches.channels)",
        )
    return accepts(wanted.automaton, found)


def along(touches: Touches, text: str, name: str | None = None) -> Group:
    """Journeys that follow a pattern, as a group to be compared with others in any view.

    It is defined by the steps the pattern names, and by the endings where it asks for one.
    """
    wanted = pattern(text, touches.channels)
    ends = (CONVERTED, ENDED, OPEN) if wanted.structural else ()
    defined_by = (*mentioned(text, touches.channels), *ends)
    return Group(name or text, lambda found: matching(found, wanted), defined_by)


@view
def follow(
    touches: Touches,
    text: str,
    *,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: Direct = "keep",
    repeats: Repeats = "keep",
    period: Period | None = None,
) -> Asking[Result]:
    """How many journeys follow a pattern, and how often they convert beside those that do not.

    Columns group (``matching``, ``not matching``), journeys, customers (distinct; one may be in both groups),
    conversions, over (journeys that are not open), conversion_rate (of those over) with low and high
    (Wilson), value (major units).

    Facts: journeys, customers, matching; share of journeys that match with share_low and share_high (Wilson);
    difference of the two conversion rates, matching less the others, with difference_low and difference_high
    (Newcombe 1998, method 10). All intervals are of 95% and take journeys as independent. The difference is
    an association: who takes a path also differs in other ways. A pattern that asks for the ending itself is
    `structural`: its rate is what was asked for, has no interval, and no difference is given.

    Parameters
    ----------
    text
        The pattern.
    conversion, lookback, direct, repeats, period
        How journeys are cut, as in `paths`.
    """
    wanted = pattern(text, touches.channels)
    rules = rules_for(touches, conversion, lookback, direct, repeats, None, period)
    counts = yield Pass(cuts(touches, rules), lambda found: _count(found, wanted), _add)
    matched, others, whole = counts
    journeys, customers, conversions, over, value = np.array([matched, others]).T
    rate = np.divide(conversions, over, out=np.full(2, np.nan), where=over > 0)
    low, high = (np.full(2, np.nan),) * 2 if wanted.structural else wilson(conversions, over)
    table = pd.DataFrame(
        {
            "group": [MATCHING, OTHERS],
            "journeys": journeys,
            "customers": customers,
            "conversions": conversions,
            "over": over,
            "conversion_rate": rate,
            "low": low,
            "high": high,
            "value": value / 10**touches.digits,
            "nulls": over - conversions,
        }
    )
    share_low, share_high = wilson(journeys[0], journeys.sum())
    facts = {
        "journeys": int(journeys.sum()),
        "customers": int(whole[1]),
        "matching": int(journeys[0]),
        "share": float(journeys[0] / journeys.sum()) if journeys.sum() else float("nan"),
        "share_low": float(share_low),
        "share_high": float(share_high),
        "structural": wanted.structural,
    }
    if not wanted.structural:
        names = ("difference", "difference_low", "difference_high")
        compared = difference(conversions[0], over[0], conversions[1], over[1])
        facts |= {name: float(number) for name, number in zip(names, compared, strict=True)}
    how = settings(touches, conversion, lookback, direct, repeats, None, period)
    return Result("pattern", table, facts, {**how, "pattern": text}, base="journeys", **_GUARDED)


def following(
    touches: Touches,
    text: str,
    *,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: Direct = "keep",
    repeats: Repeats = "keep",
    period: Period | None = None,
) -> Array:
    """Whether each customer of the table has a journey that follows the pattern.

    For `members`, `of_customers`, and every view that takes `customers`.

    Parameters
    ----------
    text
        The pattern.
    conversion, lookback, direct, repeats, period
        How journeys are cut, as in `paths`.

    Raises
    ------
    DataError
        Nobody has such a journey.
    """
    wanted = pattern(text, touches.channels)
    rules = rules_for(touches, conversion, lookback, direct, repeats, None, period)

    def measure(bucket: Bucket) -> Array:
        found = cut(bucket, rules)
        return np.unique(found.customer[matching(found, wanted)])

    kept = np.zeros(touches.customers, bool)
    kept[reduce(touches.buckets, measure, np.concatenate)] = True
    if not kept.any():
        raise DataError(
            "nobody has a journey that follows the pattern",
            where=text,
            how_many=f"0 of {touches.customers} customers",
            do="ask for less, or lengthen the lookback or the period",
        )
    return kept


def chosen(
    touches: Touches,
    text: str,
    *,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: Direct = "keep",
    repeats: Repeats = "keep",
    period: Period | None = None,
) -> Touches:
    """The table with only the customers who have a journey that follows the pattern, and all their rows.

    Buckets are still read when they are needed, one by one. Customers are numbered anew, without gaps. The
    options and errors are those of `following`.
    """
    how = settings(touches, conversion, lookback, direct, repeats, None, period)
    kept = following(
        touches,
        text,
        conversion=conversion,
        lookback=lookback,
        direct=direct,
        repeats=repeats,
        period=period,
    )
    told = json.dumps([how, text], ensure_ascii=False)
    return replace(members(touches, kept), fingerprint=hashlib.sha256(told.encode()).hexdigest()[:16])


def _count(found: Journeys, wanted: Pattern) -> Array:
    """Journeys, customers, conversions, journeys over and value: of those that match, the others, and all."""
    matched = matching(found, wanted)
    counted = []
    for group in (matched, ~matched, np.ones(len(found), bool)):
        customer = found.customer[group]
        counted.append(
            [
                len(customer),
                np.count_nonzero(np.diff(customer, prepend=-1)),
                found.converted[group].sum(),
                (~found.open[group]).sum(),
                found.value[group].sum(),
            ]
        )
    return np.array(counted, np.int64)


def _add(parts: list[Array]) -> Array:
    return np.sum(parts, axis=0)
