"""Plain-Python twins of journeys and attribution: slow, obvious, written from the definitions alone.

Nothing here is shared with the product: no numpy, no pandas, no vectors. Journeys are cut one row at a time;
credit is exact (`Fraction`) wherever the definition is rational; Markov chains are solved by Gaussian
elimination, anew for every removed channel; Shapley values are averaged over every coalition. A test that
compares the product with its twin therefore compares two different roads to one number.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

NO_TOUCH = "(no touch)"
START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"
DAY = 86_400_000_000  # microseconds


class Row(NamedTuple):
    """One row of an analyst's log. No channel: an outcome, not a touch. Value counts on conversions only."""

    customer: str
    time: int  # microseconds since 1970 in UTC
    channel: str | None
    conversion: bool
    value: int | None = None
    event_id: str = ""


class Journey(NamedTuple):
    customer: str
    end: int
    touches: tuple[tuple[int, str], ...]  # (time, channel), oldest first
    converted: bool
    value: int
    open: bool

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(channel for _, channel in self.touches)


class Path(NamedTuple):
    """One line of a path table."""

    path: tuple[str, ...]
    conversions: int = 0
    value: int = 0
    nulls: int = 0
    open: int = 0

    @property
    def journeys(self) -> int:
        return self.conversions + self.nulls + self.open


Credit = dict[str, tuple[Fraction | float, Fraction | float]]  # channel -> (conversions, value)


# --- Journeys -----------------------------------------------------------------------------------------------


def order_of(row: Row) -> tuple:
    """What comes first among one customer's rows: time, touches before outcomes, event id, then content."""
    return (row.time, row.channel is None, row.event_id, row.conversion, row.channel or "", row.value or 0)


def cut(
    rows: Iterable[Row],
    lookback_us: int | None = None,
    *,
    direct: str = "keep",
    repeats: str = "keep",
    max_touches: int | None = None,
    period: tuple[int | None, int | None] = (None, None),
) -> list[Journey]:
    """Cut a log into journeys: everything after one conversion, up to and including the next."""
    first_moment, last_moment = period
    rows = list(rows)
    seen = [row for row in rows if last_moment is None or row.time < last_moment]
    if not seen:
        return []
    # Nobody watched longer than the data go, nor may a report know more than its period lets it see.
    watched_until = max(row.time for row in rows)
    if last_moment is not None:
        watched_until = min(watched_until, last_moment)

    pieces: list[list[Row]] = []
    for customer in sorted({row.customer for row in seen}):
        pieces.append([])
        for row in sorted((row for row in seen if row.customer == customer), key=order_of):
            if row.channel is None and not row.conversion:
                continue  # neither a touch nor an outcome that was asked for
            pieces[-1].append(row)
            if row.conversion:
                pieces.append([])

    journeys = []
    for piece in pieces:
        if not piece or (first_moment is not None and piece[-1].time < first_moment):
            continue
        end = piece[-1].time  # of the conversion, or of the last touch: without a conversion all are touches
        converted = piece[-1].conversion
        journey = Journey(
            customer=piece[-1].customer,
            end=end,
            touches=_kept(piece, lookback_us, direct=direct, repeats=repeats, max_touches=max_touches),
            converted=converted,
            value=(piece[-1].value or 0) if converted else 0,
            open=not converted and lookback_us is not None and watched_until - end < lookback_us,
        )
        journeys.append(journey)
    return journeys


def _kept(
    piece: list[Row], lookback_us: int | None, *, direct: str, repeats: str, max_touches: int | None
) -> tuple[tuple[int, str], ...]:
    """The touches of one journey that count, in this order of steps: days, direct, repeats, number."""
    end = piece[-1].time
    touches = [(row.time, row.channel) for row in piece if row.channel is not None]
    if lookback_us is not None:
        touches = [(time, channel) for time, channel in touches if end - time <= lookback_us]
    if direct == "drop":
        others = [(time, channel) for time, channel in touches if channel != "direct"]
        touches = others if others else touches
    if repeats == "collapse":
        touches = collapse(touches, lambda touch: touch[1])
    if max_touches is not None:
        touches = touches[-max_touches:]

    return tuple(touches)


def collapse(items: Sequence[Any], name: Callable[[Any], str]) -> list[Any]:
    """Keep the last of every run of items with one name."""
    return [
        item
        for place, item in enumerate(items)
        if place == len(items) - 1 or name(items[place + 1]) != name(item)
    ]


def count_paths(journeys: Iterable[Journey]) -> list[Path]:
    """Count journeys by their path: the most frequent first, then by path."""
    tally: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for journey in journeys:
        counts = tally[journey.path]
        if journey.converted:
            counts[0] += 1
            counts[1] += journey.value
        elif journey.open:
            counts[3] += 1
        else:
            counts[2] += 1
    lines = [Path(path, *counts) for path, counts in tally.items()]
    return sorted(lines, key=lambda line: (-line.journeys, line.path))


def transitions(paths: Iterable[Path]) -> dict[tuple[str, str], int]:
    """How often each step was walked by journeys whose outcome is known (conversions and nulls)."""
    steps: Counter[tuple[str, str]] = Counter()
    for line in paths:
        for step in itertools.pairwise([START, *line.path, CONVERSION]):
            steps[step] += line.conversions
        for step in itertools.pairwise([START, *line.path, NULL]):
            steps[step] += line.nulls
    return {step: count for step, count in steps.items() if count}


# --- Rules: the weight of each touch of one path ------------------------------------------------------------


def first(path: Sequence[str]) -> list[Fraction]:
    return [Fraction(place == 0) for place in range(len(path))]


def last(path: Sequence[str]) -> list[Fraction]:
    return [Fraction(place == len(path) - 1) for place in range(len(path))]


def last_non_direct(path: Sequence[str]) -> list[Fraction]:
    places = [place for place, channel in enumerate(path) if channel != "direct"]
    chosen = places[-1] if places else len(path) - 1
    return [Fraction(place == chosen) for place in range(len(path))]


def linear(path: Sequence[str]) -> list[Fraction]:
    return [Fraction(1, len(path)) for _ in path]


def position(path: Sequence[str], weights: tuple[float, float, float] = (0.4, 0.2, 0.4)) -> list[Fraction]:
    at_first, between, at_last = (Fraction(str(weight)) for weight in weights)
    if len(path) == 1:
        return [Fraction(1)]
    if len(path) == 2:
        return [at_first / (at_first + at_last), at_last / (at_first + at_last)]
    return [at_first, *[between / (len(path) - 2) for _ in path[1:-1]], at_last]


def shapley_closed(path: Sequence[str]) -> list[Fraction]:
    """An equal part to every distinct channel, written on its first touch."""
    return [
        Fraction(1, len(set(path))) if channel not in path[:place] else Fraction(0)
        for place, channel in enumerate(path)
    ]


RULES: dict[str, Callable[[Sequence[str]], list[Fraction]]] = {
    "first": first,
    "last": last,
    "last_non_direct": last_non_direct,
    "linear": linear,
    "position": position,
    "shapley": shapley_closed,
}


def credit_by_rule(paths: Iterable[Path], rule: Callable[[Sequence[str]], list[Fraction]]) -> Credit:
    credit: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for line in paths:
        weights = rule(line.path) if line.path else [Fraction(1)]
        for channel, weight in zip(line.path or (NO_TOUCH,), weights, strict=True):
            credit[channel][0] += weight * line.conversions
            credit[channel][1] += weight * line.value
    return _present(credit)


def time_decay(journeys: Iterable[Journey], half_life_us: int) -> Credit:
    """Weight 2^(-age / half-life), shared out within each journey.

    Only ratios within a journey matter, so ages are taken from the newest touch: the same numbers, and the
    powers do not all vanish when every touch is many half-lives old.
    """
    credit: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for journey in journeys:
        if not journey.converted:
            continue
        if not journey.touches:
            weights = [(NO_TOUCH, 1.0)]
        else:
            newest = journey.touches[-1][0]
            weights = [
                (channel, 2.0 ** (-(newest - time) / half_life_us)) for time, channel in journey.touches
            ]
        total = math.fsum(weight for _, weight in weights)
        for channel, weight in weights:
            credit[channel][0] += weight / total
            credit[channel][1] += weight / total * journey.value
    return _present(credit)


def taking_part(paths: Iterable[Path]) -> dict[str, int]:
    """Converted journeys each channel took part in; those without a touch under their own name."""
    taking: Counter[str] = Counter()
    for line in paths:
        for channel in set(line.path) or {NO_TOUCH}:
            taking[channel] += line.conversions
    return dict(taking)


# --- Shapley by its definition: every coalition -------------------------------------------------------------


def shapley(paths: Sequence[Path]) -> Credit:
    """Average marginal contribution over all coalitions; v(S) = what converted with channels in S only."""
    channels = sorted({channel for line in paths for channel in line.path})
    credit: dict[str, list[Fraction]] = {channel: [Fraction(0), Fraction(0)] for channel in channels}

    def worth(coalition: set[str]) -> tuple[int, int]:
        inside = [line for line in paths if line.path and set(line.path) <= coalition]
        return sum(line.conversions for line in inside), sum(line.value for line in inside)

    for channel in channels:
        others = [other for other in channels if other != channel]
        for size in range(len(channels)):
            arrivals = math.factorial(size) * math.factorial(len(channels) - size - 1)
            chance = Fraction(arrivals, math.factorial(len(channels)))
            for coalition in itertools.combinations(others, size):
                with_it, without_it = worth({*coalition, channel}), worth(set(coalition))
                credit[channel][0] += chance * (with_it[0] - without_it[0])
                credit[channel][1] += chance * (with_it[1] - without_it[1])
    return _present(credit) | _untouched(paths)


# --- Markov chains, exactly ---------------------------------------------------------------------------------

State = tuple[str, ...]  # the last k channels; () is the start


def markov(paths: Sequence[Path], order: int = 1) -> tuple[dict[str, Fraction], Credit]:
    """Removal effect of each channel, and what was sold after a touch shared out in proportion to effects.

    Conversions go by the conversions that a removal would lose, value by the value it would lose: removing a
    channel that leads to dear purchases costs more money than orders.
    """
    arrows = _arrows(paths, order)
    value_at: Counter[State] = Counter()  # what is paid on the way from a state straight to the conversion
    for line in paths:
        value_at[line.path[-order:]] += line.value
    orders_at = Counter({state: count[CONVERSION] for state, count in arrows.items()})
    channels = sorted({channel for line in paths for channel in line.path})
    effects = _removal_effects(arrows, orders_at, channels)
    value_effects = _removal_effects(arrows, value_at, channels)

    conversions = sum(line.conversions for line in paths if line.path)
    value = sum(line.value for line in paths if line.path)
    credit: Credit = {
        channel: (_part(conversions, effects, channel), _part(value, value_effects, channel))
        for channel in channels
    }
    return effects, credit | _untouched(paths)


def _removal_effects(
    arrows: dict[State, Counter[State | str]], earned: Counter[State], channels: list[str]
) -> dict[str, Fraction]:
    baseline = _expected(arrows, earned)
    if not baseline:
        return dict.fromkeys(channels, Fraction(0))
    return {channel: 1 - _expected(arrows, earned, without=channel) / baseline for channel in channels}


def _part(total: int, effects: dict[str, Fraction], channel: str) -> Fraction:
    together = sum(effects.values())
    return total * effects[channel] / together if together else Fraction(0)


def _arrows(paths: Iterable[Path], order: int) -> dict[State, Counter[State | str]]:
    """How many journeys went from each state to each next. Open journeys have no outcome: left out."""
    arrows: dict[State, Counter[State | str]] = defaultdict(Counter)
    for line in paths:
        if line.conversions + line.nulls == 0:
            continue
        state: State = ()
        for channel in line.path:
            following = (*state, channel)[-order:]
            arrows[state][following] += line.conversions + line.nulls
            state = following
        arrows[state][CONVERSION] += line.conversions
        arrows[state][NULL] += line.nulls
    return arrows


def _expected(
    arrows: dict[State, Counter[State | str]], earned: Counter[State], without: str | None = None
) -> Fraction:
    """What one journey earns on average, when whoever arrives at `without` is lost.

    `earned` is the total earned where journeys end: money, or conversions, which makes this P(conversion).
    """
    states = list(arrows)
    if not states:
        return Fraction(0)
    equations = []  # h(state) - sum of p(state -> next) h(next) = earned there per visit
    for state in states:
        leaving = sum(arrows[state].values())
        equation = [Fraction(int(other == state)) for other in states] + [Fraction(earned[state], leaving)]
        for following, count in arrows[state].items():
            if following not in {CONVERSION, NULL} and following[-1] != without:
                equation[states.index(following)] -= Fraction(count, leaving)
        equations.append(equation)
    return _solve(equations)[states.index(())]


def _solve(equations: list[list[Fraction]]) -> list[Fraction]:
    """Gaussian elimination; each equation is its coefficients and then its right-hand side."""
    size = len(equations)
    for column in range(size):
        pivot = next(row for row in range(column, size) if equations[row][column] != 0)
        equations[column], equations[pivot] = equations[pivot], equations[column]
        lead = equations[column][column]
        equations[column] = [number / lead for number in equations[column]]
        for row in range(size):
            factor = equations[row][column]
            if row != column and factor != 0:
                pairs = zip(equations[row], equations[column], strict=True)
                equations[row] = [number - factor * above for number, above in pairs]
    return [equation[-1] for equation in equations]


def walk_to_convert(paths: Sequence[Path], without: str | None = None, steps: int = 2000) -> float:
    """The same chance for chains too large for fractions: send the crowd step by step until nobody walks."""
    arrows = _arrows(paths, order=1)
    crowd: dict[State, float] = {(): 1.0}
    arrived = 0.0
    for _ in range(steps):
        following_crowd: dict[State, float] = defaultdict(float)
        for state, weight in crowd.items():
            leaving = sum(arrows[state].values())
            for following, count in arrows[state].items():
                if following == CONVERSION:
                    arrived += weight * count / leaving
                elif following != NULL and following[-1] != without:
                    following_crowd[following] += weight * count / leaving
        crowd = following_crowd
        if sum(crowd.values()) < 1e-15:
            break
    return arrived


# --- Small helpers ------------------------------------------------------------------------------------------


def _untouched(paths: Iterable[Path]) -> Credit:
    empty = [line for line in paths if not line.path and line.conversions]
    if not empty:
        return {}
    conversions, value = sum(line.conversions for line in empty), sum(line.value for line in empty)
    return {NO_TOUCH: (Fraction(conversions), Fraction(value))}


def _present(credit: dict[str, list]) -> Credit:
    return {channel: (conversions, value) for channel, (conversions, value) in credit.items()}


# --- Time until something happens ---------------------------------------------------------------------------


def curve(lives: Iterable[tuple[int, bool]]) -> list[tuple[int, int, int, Fraction]]:
    """Day by day who is at risk, to how many it has happened, and the part of Kaplan and Meier, exactly.

    `lives` are people: the day on which it happened, or until which they were watched without it.
    """
    lives = list(lives)
    drawn, left, happened = [], Fraction(1), 0
    for day in range(max((day for day, _ in lives), default=-1) + 1):
        at_risk = sum(last >= day for last, _ in lives)
        now = sum(it and last == day for last, it in lives)
        left *= 1 - Fraction(now, at_risk)
        happened += now
        drawn.append((day, at_risk, happened, 1 - left))
    return drawn


def same_curve(found: Any, lives: Iterable[tuple[int, bool]]) -> None:
    """A result's curve and its median are those of the people one by one."""
    drawn = curve(lives)
    table = found.table
    columns = (table[name].tolist() for name in ("day", "at_risk", "customers"))
    assert list(zip(*columns, strict=True)) == [line[:3] for line in drawn]
    for share, line in zip(table["share"].tolist(), drawn, strict=True):
        assert math.isclose(share, line[3], abs_tol=1e-12)
    half = next((day for day, _, _, share in drawn if share >= Fraction(1, 2)), None)
    assert math.isnan(found.facts["median_days"]) if half is None else found.facts["median_days"] == half
