"""What journeys laid against a plan add up to: by step, by move, by kind of deviation, and in the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
import pandas as pd

from journey_lib.conformance.align import Aligned, align, step_codes
from journey_lib.engine import reduce
from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.journeys import Direct, Journeys, Period, Repeats, add, cut, rules_for, settings, unique
from journey_lib.journeys.cut import Array
from journey_lib.maps import Plan
from journey_lib.model import OTHER, START, Result
from journey_lib.touches import Touches

AS_PLANNED, OUTSIDE = "(as planned)", "(outside the plan)"
CONFORMING, DEVIATING, UNMET = "conforming", "deviating", "outside"
GROUPS = (CONFORMING, DEVIATING, UNMET)
EXTRA = "unplanned"


class Cutting(TypedDict, total=False):
    """How journeys are cut: the options of `journeys.paths` of the same names."""

    conversion: str | None
    lookback: str | None
    direct: Direct
    repeats: Repeats
    period: Period | None


class Laid(NamedTuple):
    """Journeys of one bucket beside the plan; `pattern` says which deviations, `group` whether any."""

    journeys: Journeys
    aligned: Aligned
    pattern: Array
    group: Array


def score(touches: Touches, plan: Plan, **cutting: Unpack[Cutting]) -> Result:
    """How far journeys go as planned, step by step.

    One row a step, in the plan's order: step, optional, then the journeys that followed it, skipped it (no
    contact, though a later step has one), had it out_of_order (contacts the best alignment has no place for:
    see `align`), or never_reached it (neither it nor anything later); these four make up journeys. Of the
    never_reached, open may still get there. repeated: more than one contact, a deviation where the plan says
    ``once``. customers: people with a contact of the step. followed_share with low and high, and
    skipped_share with skipped_low and skipped_high, are of all journeys (Wilson, journeys taken as
    independent).

    Facts: journeys = conforming + deviating + outside (no contact of any step: nothing to compare);
    conforming_share of those that met the plan, with conforming_low and conforming_high; extra contacts and
    extra_per_journey of those that met it; open; absent (names of the plan the data never have) and uncovered
    (names of the data in no step of the plan).

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    steps = len(plan.steps)
    found = reduce(touches.buckets, _laying(touches, plan, cutting, _by_step), _sum)
    journeys = int(found["groups"].sum())
    table = pd.DataFrame(
        {
            "step": [step.step for step in plan.steps],
            "optional": [step.optional for step in plan.steps],
            **{name: found[name] for name in ("followed", "skipped", "out_of_order", "never_reached")},
            "open": found["open_steps"],
            "repeated": found["repeated"],
            "journeys": np.full(steps, journeys),
            "customers": found["customers"],
        }
    )
    for name, share, low, high in (
        ("followed", "followed_share", "low", "high"),
        ("skipped", "skipped_share", "skipped_low", "skipped_high"),
    ):
        table[share] = table[name] / table["journeys"].where(table["journeys"] > 0)
        table[low], table[high] = wilson(table[name].to_numpy(), table["journeys"].to_numpy())
    conforming, deviating, outside = (int(n) for n in found["groups"])
    met = conforming + deviating
    conforming_low, conforming_high = (float(end) for end in wilson(np.array(conforming), np.array(met)))
    facts = {
        "journeys": journeys,
        "conforming": conforming,
        "deviating": deviating,
        "outside": outside,
        "open": int(found["open"]),
        "conforming_share": conforming / met if met else np.nan,
        "conforming_low": conforming_low,
        "conforming_high": conforming_high,
        "extra": int(found["extra"]),
        "extra_per_journey": int(found["extra"]) / met if met else np.nan,
        "absent": sorted(set(plan.names) - set(touches.channels)),
        "uncovered": sorted(set(touches.channels) - set(plan.names)),
    }
    return Result("planned_steps", table, facts, _settings(touches, plan, cutting), "journeys")


def moves(touches: Touches, plan: Plan, **cutting: Unpack[Cutting]) -> Result:
    """Between which steps of the plan journeys go on, jump ahead, and turn back.

    Columns from, to, kind, journeys, customers, and share of journeys with low and high (Wilson). ``next``
    and ``skip`` join a journey's steps in the order of the plan, from ``(start)`` on: skips over a step add
    up to the journeys that skipped it. A step out of order turns back: ``early``, from it to the step of the
    best alignment that should have come before it and came after; ``late``, to it from the step that should
    have come after it. Both add up to the journeys that had the step out of order.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    found = reduce(touches.buckets, _laying(touches, plan, cutting, _by_move), _sum)
    names = {-1: START, **{number: step.step for number, step in enumerate(plan.steps)}}
    rows = [
        (names[origin], names[target], kind, *map(int, counted))
        for (kind, origin, target), counted in found.items()
        if kind != "journeys" and counted[0]
    ]
    table = pd.DataFrame(rows, columns=["from", "to", "kind", "journeys", "customers"])
    every = int(found["journeys", 0, 0][0])
    table["share"] = table["journeys"] / max(every, 1)
    table["low"], table["high"] = wilson(table["journeys"].to_numpy(), np.full(len(table), every))
    facts = {"journeys": every, **{kind: int((table["kind"] == kind).sum()) for kind in _KINDS}}
    return Result("planned_moves", table, facts, _settings(touches, plan, cutting), "journeys")


def deviations(
    touches: Touches, plan: Plan, *, n: int = 12, k: int = 1, **cutting: Unpack[Cutting]
) -> Result:
    """In which ways journeys leave the plan, and how often each ended in a conversion.

    One row a pattern: everything a journey deviates in, joined by " + " (``skipped:compare``,
    ``out_of_order:advise``, ``repeated:visit``, ``unplanned``). First "(as planned)" and, for journeys
    without a contact of any step, "(outside the plan)"; then the `n` most frequent patterns of at least `k`
    customers; all others in "(other)". The rows add up to all journeys.

    Columns deviation, journeys, customers (unknown for "(other)", where one person may have several
    patterns), over (with a known outcome), open, conversions, conversion_rate of those that are over with low
    and high (Wilson), value (major units), value_per_conversion.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    found = reduce(touches.buckets, _laying(touches, plan, cutting, _by_pattern), _same_patterns)
    whole = pd.DataFrame({name: found[name] for name in (*_WEIGHTS, "customers")})
    outside = 1 << (3 * len(plan.steps) + 1)
    whole["deviation"] = [_pattern_name(int(code), plan) for code in found["tokens"]]
    ends = whole["deviation"].isin([AS_PLANNED, OUTSIDE])
    patterns = whole[~ends].sort_values(["journeys", "deviation"], ascending=[False, True])
    listed = patterns[patterns["customers"] >= k][:n]
    rest = patterns.drop(listed.index)
    nobody = dict.fromkeys((*_WEIGHTS, "customers"), 0)
    first = [
        whole[ends].set_index("deviation").to_dict("index").get(name, nobody) | {"deviation": name}
        for name in (AS_PLANNED, OUTSIDE)
    ]
    people = int(rest["customers"].sum())
    known = len(rest) <= 1 or people < k
    other = {
        **{name: int(rest[name].sum()) for name in _WEIGHTS},
        "customers": people if known else np.nan,
        "deviation": OTHER,
    }
    table = pd.DataFrame([*first, *listed.to_dict("records"), other])
    facts = {
        "journeys": int(whole["journeys"].sum()),
        "deviating": int(patterns["journeys"].sum()),
        "patterns": len(patterns),
        "outside": int(found["journeys"][found["tokens"] == outside].sum()),
    }
    table = _rated(table, touches)[["deviation", *_ENDS]]
    return Result("deviations", table, facts, _settings(touches, plan, cutting), "journeys")


def outcomes(touches: Touches, plan: Plan, **cutting: Unpack[Cutting]) -> Result:
    """Whether journeys that went as planned ended otherwise than the others: association, never cause.

    Rows conforming, deviating, and outside (no contact of any step). Columns group, journeys, customers (one
    person may be in several rows), over (with a known outcome: open journeys are in no rate), open,
    conversions, conversion_rate with low and high (Wilson), value (major units), value_per_conversion. The
    facts difference, difference_low and difference_high are conforming less deviating, with a 95 % interval
    (Newcombe 1998, hybrid score); NaN where either rests on nothing.

    Raises
    ------
    ConfigError
        Not one name of the plan occurs in the data.
    """
    found = reduce(touches.buckets, _laying(touches, plan, cutting, _by_group), _sum)
    table = _rated(pd.DataFrame({"group": GROUPS, **found}), touches)[["group", *_ENDS]]
    won, over = table["conversions"].to_numpy(), table["over"].to_numpy()
    difference, low, high = (float(x) for x in _difference(won[0], over[0], won[1], over[1]))
    facts = {
        "journeys": int(table["journeys"].sum()),
        "difference": difference,
        "difference_low": low,
        "difference_high": high,
    }
    return Result("plan_outcomes", table, facts, _settings(touches, plan, cutting), "journeys")


_KINDS = ("next", "skip", "early", "late")
_WEIGHTS = ("journeys", "over", "open", "conversions", "value")
_ENDS = [
    *("journeys", "customers", "over", "open", "conversions"),
    *("conversion_rate", "low", "high", "value", "value_per_conversion"),
]


def _laying(
    touches: Touches, plan: Plan, cutting: Cutting, measure: Callable[[Laid], Any]
) -> Callable[[Any], Any]:
    """A measure of one bucket of touches, from a measure of its journeys laid against the plan."""
    if not set(plan.names) & set(touches.channels):
        raise ConfigError(
            "no contact of these data belongs to any step of the plan",
            how_many=f"0 of {len(plan.names)} names of the plan occur in the data, by {plan.by}",
            do=did_you_mean(plan.names[0], touches.channels),
        )
    rules = rules_for(touches, **cutting)
    codes = step_codes(plan, touches.channels)

    def lay(bucket: Any) -> Any:
        journeys = cut(bucket, rules)
        aligned = align(journeys, codes, len(plan.steps))
        pattern = _patterns(aligned, plan)
        outside = aligned.present == 0
        return measure(Laid(journeys, aligned, pattern, np.where(outside, 2, pattern != 0)))

    return lay


def _settings(touches: Touches, plan: Plan, cutting: Cutting) -> dict[str, Any]:
    return {**settings(touches, **cutting), "plan": plan.model_dump(mode="json")}


def _patterns(aligned: Aligned, plan: Plan) -> Array:
    """All deviations of a journey as bits: steps skipped, out of order, repeated, then contacts unplanned.

    The highest bit stands alone for journeys that met no step of the plan.
    """
    steps = aligned.steps
    required = sum(1 << j for j, step in enumerate(plan.steps) if not step.optional)
    once = sum(1 << j for j, step in enumerate(plan.steps) if step.repeats == "once")
    pattern = (aligned.skipped & required) | (aligned.out_of_order << steps)
    pattern |= (aligned.repeated & once) << (2 * steps)
    if plan.unplanned == "counted":
        pattern |= (aligned.extra > 0).astype(np.int64) << (3 * steps)
    return np.where(aligned.present == 0, np.int64(1) << (3 * steps + 1), pattern)


def _pattern_name(code: int, plan: Plan) -> str:
    steps = len(plan.steps)
    if code >> (3 * steps + 1):
        return OUTSIDE
    words = [
        f"{kind}:{step.step}"
        for number, kind in enumerate(("skipped", "out_of_order", "repeated"))
        for j, step in enumerate(plan.steps)
        if code >> (number * steps + j) & 1
    ]
    return " + ".join([*words, *([EXTRA] if code >> (3 * steps) else [])]) or AS_PLANNED


def _by_step(laid: Laid) -> dict[str, Any]:
    aligned, found = laid.aligned, laid.journeys
    bits = np.arange(1 << aligned.steps)[:, None] >> np.arange(aligned.steps) & 1

    def journeys(sets: Array) -> Array:
        return np.bincount(sets, minlength=len(bits)) @ bits

    return {
        "followed": journeys(aligned.followed),
        "skipped": journeys(aligned.skipped),
        "out_of_order": journeys(aligned.out_of_order),
        "never_reached": journeys(aligned.never_reached),
        "open_steps": journeys(aligned.never_reached[found.open]),
        "repeated": journeys(aligned.repeated),
        "customers": np.array(
            [_people(found.customer[aligned.present >> j & 1 == 1]) for j in range(aligned.steps)]
        ),
        "groups": np.bincount(laid.group, minlength=len(GROUPS)),
        "open": found.open.sum(),
        "extra": aligned.extra[aligned.present != 0].sum(),
    }


def _by_move(laid: Laid) -> dict[tuple[str, int, int], Array]:
    """Journeys and people behind every move; -1 is the start."""
    aligned, customer = laid.aligned, laid.journeys.customer
    # One more bit, below the first step, is the start of the journey, which all of them have.
    present, followed = _small(aligned.present << 1 | 1), _small(aligned.followed << 1)
    early = _small((aligned.out_of_order & ~aligned.late) << 1)
    late = _small((aligned.out_of_order & aligned.late) << 1)
    counted = {("journeys", 0, 0): np.array([len(customer), _people(customer)])}
    for low, high in itertools.combinations(range(aligned.steps + 1), 2):
        ends, ahead = (1 << low | 1 << high), (1 << high + 1) - (1 << low)
        between = ahead & ~ends
        kinds = {("skip" if between else "next", low - 1, high - 1): present & ahead == ends}
        if low:
            turned = followed & between == 0
            kinds["early", high - 1, low - 1] = turned & (followed >> low & early >> high & 1 == 1)
            kinds["late", high - 1, low - 1] = turned & (followed >> high & late >> low & 1 == 1)
        for kind, those in kinds.items():
            counted[kind] = np.array([those.sum(), _people(customer[those])])
    return counted


def _small(sets: Array) -> Array:
    """Sets of steps in as few bytes as hold them: a plan of twelve steps looks at 78 pairs of them."""
    return sets.astype(np.int16)


def _weights(laid: Laid) -> dict[str, Array]:
    found = laid.journeys
    return {
        "journeys": np.ones(len(found), np.int64),
        "over": (~found.open).astype(np.int64),
        "open": found.open.astype(np.int64),
        "conversions": found.converted.astype(np.int64),
        "value": found.value,
    }


def _by_pattern(laid: Laid) -> dict[str, Any]:
    single = np.arange(len(laid.pattern) + 1)
    return unique(laid.pattern, single, _weights(laid), customer=laid.journeys.customer)


def _same_patterns(parts: list[dict[str, Any]]) -> dict[str, Any]:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in (*_WEIGHTS, "customers")}
    tokens = np.concatenate([part["tokens"] for part in parts])
    return unique(tokens, np.arange(len(tokens) + 1), joined)


def _by_group(laid: Laid) -> dict[str, Array]:
    counts = {name: add(laid.group, weight, len(GROUPS)) for name, weight in _weights(laid).items()}
    people = [_people(laid.journeys.customer[laid.group == group]) for group in range(len(GROUPS))]
    return {**counts, "customers": np.array(people)}


def _people(customer: Array) -> int:
    """Distinct customers of rows in the order of customers."""
    return int(len(customer) > 0) + int(np.count_nonzero(customer[1:] != customer[:-1]))


def _sum(parts: list[dict[Any, Any]]) -> dict[Any, Any]:
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def _rated(table: pd.DataFrame, touches: Touches) -> pd.DataFrame:
    """Counts with their conversion rate and value."""
    over, won = table["over"], table["conversions"]
    low, high = wilson(won.to_numpy(), over.to_numpy())
    value = table["value"] / 10**touches.digits
    return table.assign(
        conversion_rate=won / over.where(over > 0),
        low=low,
        high=high,
        value=value,
        value_per_conversion=value / won.where(won > 0),
    )


def _difference(successes_a: Any, n_a: Any, successes_b: Any, n_b: Any) -> tuple[Any, Any, Any]:
    """Difference of two proportions with its 95 % interval (Newcombe 1998, method 10, hybrid score)."""
    if not n_a or not n_b:
        return np.nan, np.nan, np.nan
    p_a, p_b = successes_a / n_a, successes_b / n_b
    (low_a, high_a), (low_b, high_b) = wilson(successes_a, n_a), wilson(successes_b, n_b)
    difference = p_a - p_b
    low = difference - np.hypot(p_a - low_a, high_b - p_b)
    high = difference + np.hypot(high_a - p_a, p_b - low_b)
    return difference, low, high
