"""Path patterns as automata that read all journeys at once, one step of each at a time.

A pattern becomes a position automaton (Glushkov 1961): one position for each step it names, and for each the
positions that may come next. Without windows the positions a journey may be at are the bits of one integer,
and a table says what follows each set of them (Navarro and Raffinot 2002, ch. 5). With windows a position
keeps the latest moment its window can have begun: of all ways to reach it, that one has the most time left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.journeys.cut import Journeys
from journey_lib.journeys.grammar import (
    CONVERTED,
    OVER,
    STATES,
    STILL_OPEN,
    Choice,
    Node,
    Repeat,
    Series,
    Step,
    Tree,
    Window,
    refuse,
)

Array = npt.NDArray[Any]

BEGIN = 0  # the position before the first step
MOST = 62  # positions: with BEGIN they fit the bits of a signed 64-bit integer
CHUNK = 12  # bits looked up at once: such a table stays in the processor's nearest cache
NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Automaton:
    """Positions 1 to n of a pattern, numbered as it names them; 0 is before the first.

    `reads[p]` tells of each code whether position p takes it. `stays[p]` are the positions before p within
    the same window, `enters[p]` all others before it. `length[p]` is the window p lies in, None where there
    is none. `last` are the positions a match may end at.
    """

    reads: Array = field(repr=False)
    stays: tuple[tuple[int, ...], ...]
    enters: tuple[tuple[int, ...], ...]
    length: tuple[int | None, ...]
    last: tuple[int, ...]


@dataclass(frozen=True)
class _Piece:
    """The positions a part of the pattern may begin and end with, and whether it may be skipped."""

    first: tuple[int, ...]
    last: tuple[int, ...]
    empty: bool


@dataclass
class _Builder:
    """What is known of the positions so far."""

    text: str
    steps: list[Step] = field(default_factory=list)
    length: list[int | None] = field(default_factory=list)
    before: set[tuple[int, int, bool]] = field(default_factory=set)  # from, to, within one window
    window: int | None = None
    room: int = MOST - 1  # one more is for what comes after the match

    def build(self, node: Node) -> _Piece:
        match node:
            case Step():
                if len(self.steps) == self.room:
                    what = f"more than {MOST - 2} steps, repetitions counted out"
                    refuse(self.text, node.at, what, "ask for less, or in two patterns")
                self.steps.append(node)
                self.length.append(self.window)
                return _Piece((len(self.steps),), (len(self.steps),), empty=False)
            case Series(parts):
                whole = _Piece((), (), empty=True)
                for part in parts:
                    whole = self.joined(whole, self.build(part))
                return whole
            case Choice(parts):
                pieces = [self.build(part) for part in parts]
                return _Piece(
                    tuple(position for piece in pieces for position in piece.first),
                    tuple(position for piece in pieces for position in piece.last),
                    any(piece.empty for piece in pieces),
                )
            case Repeat():
                return self.repeated(node)
            case Window(part, length):
                self.window = length
                piece = self.build(part)
                self.window = None
                return piece

    def joined(self, one: _Piece, other: _Piece) -> _Piece:
        """One part and then the other."""
        self.link(one.last, other.first)
        return _Piece(
            one.first + (other.first if one.empty else ()),
            other.last + (one.last if other.empty else ()),
            one.empty and other.empty,
        )

    def repeated(self, node: Repeat) -> _Piece:
        """As many copies of the part as may come; the last of them again and again if nothing ends it."""
        whole = _Piece((), (), empty=True)
        for number in range(max(node.least, 1) if node.most is None else node.most):
            copy = self.build(node.part)
            if node.most is None and number == max(node.least, 1) - 1:
                self.link(copy.last, copy.first)
            if number >= node.least:
                copy = _Piece(copy.first, copy.last, empty=True)
            whole = self.joined(whole, copy)
        return whole

    def link(self, last: tuple[int, ...], first: tuple[int, ...]) -> None:
        """Let one position follow another; endings are followed by nothing."""
        same = self.window is not None
        self.before.update((one, other, same) for one in last for other in first)


def compiled(tree: Tree, text: str, names: int) -> Automaton:
    """The automaton of a pattern. It reads whole journeys: what lies before and after the match too."""
    every = frozenset(range(names))
    before = () if tree.anchored else (Repeat(Step(every), 0, None),)
    after = Repeat(Step(every | set(range(names, names + STATES)), len(text)), 0, None)
    builder = _Builder(text)
    whole = builder.build(Series((*before, tree.body)))
    builder.room = MOST
    whole = builder.joined(whole, builder.build(after))
    steps = builder.steps
    for one, other, _ in sorted(builder.before):
        if max(steps[one - 1].codes, default=-1) >= names and other < len(steps):
            refuse(text, steps[other - 1].at, "nothing follows the journey's ending", "put the ending last")
    reads = np.zeros((len(steps) + 1, names + STATES), bool)
    for position, step in enumerate(steps, 1):
        reads[position, list(step.codes)] = True
    builder.before.update((BEGIN, position, False) for position in whole.first)
    stays, enters = (
        tuple(
            tuple(one for one, other, same in sorted(builder.before) if (other, same) == (position, within))
            for position in range(len(steps) + 1)
        )
        for within in (True, False)
    )
    return Automaton(reads, stays, enters, (None, *builder.length), whole.last)


def accepts(automaton: Automaton, found: Journeys) -> Array:
    """Whether the automaton, having read each journey to its ending, may stop there."""
    windowed = any(length is not None for length in automaton.length)
    return _with_windows(automaton, found) if windowed else _by_bits(automaton, found)


def _turns(found: Journeys) -> tuple[Array, Iterator[Array]]:
    """An order of journeys, longest first, and for each turn the touch that those still going on are at."""
    lengths = np.diff(found.offsets)
    order = np.argsort(-lengths, kind="stable")
    going = len(lengths) - np.cumsum(np.bincount(lengths))[:-1]
    place = found.offsets[:-1][order]

    def turns() -> Iterator[Array]:
        for turn, count in enumerate(going.tolist()):
            yield place[:count] + turn

    return order, turns()


def _endings(automaton: Automaton, found: Journeys, order: Array) -> Array:
    """The code of each journey's ending."""
    state = np.where(found.converted, CONVERTED, np.where(found.open, STILL_OPEN, OVER))
    return (automaton.reads.shape[1] - STATES + state)[order]


def _by_bits(automaton: Automaton, found: Journeys) -> Array:
    """All positions of a journey as the bits of one number."""
    size = len(automaton.length)
    reads = (automaton.reads.astype(np.int64) << np.arange(size)[:, None]).sum(axis=0)
    follows = np.zeros(size, np.int64)
    for position, before in enumerate(automaton.enters):
        follows[list(before)] |= 1 << position
    for position, before in enumerate(automaton.stays):
        follows[list(before)] |= 1 << position
    tables = [_union(follows[begin : begin + CHUNK]) for begin in range(0, size, CHUNK)]

    def step(at: Array, code: Array) -> Array:
        following = tables[0][at & (2**CHUNK - 1)] if len(tables) > 1 else tables[0][at]
        for number, table in enumerate(tables[1:], 1):
            following |= table[(at >> number * CHUNK) & (2**CHUNK - 1)]
        return following & reads[code]

    order, turns = _turns(found)
    at = np.full(len(order), 1 << BEGIN, np.int64)
    for touch in turns:
        at[: len(touch)] = step(at[: len(touch)], found.channel[touch])
    at = step(at, _endings(automaton, found, order))
    accepted = np.empty(len(order), bool)
    accepted[order] = at & sum(1 << position for position in automaton.last) != 0
    return accepted


def _union(follows: Array) -> Array:
    """What follows each set of these positions: the union of what follows its members."""
    table = np.zeros(1, np.int64)
    for following in follows:
        table = np.concatenate([table, table | following])
    return table


def _with_windows(automaton: Automaton, found: Journeys) -> Array:
    """A number for each position: the latest moment its window can have begun, or whether it is reached."""
    order, turns = _turns(found)
    states: list[Array] = [
        np.zeros(len(order), bool) if length is None else np.full(len(order), NEVER)
        for length in automaton.length
    ]
    states[BEGIN][:] = True
    since = -found.age
    for touch in turns:
        _step(automaton, states, found.channel[touch], since[touch])
    _step(automaton, states, _endings(automaton, found, order), np.zeros(len(order), np.int64))
    accepted = np.empty(len(order), bool)
    accepted[order] = _any([_reached(states[position]) for position in automaton.last], len(order))
    return accepted


def _step(automaton: Automaton, states: list[Array], code: Array, now: Array) -> None:
    """Read one step of the first journeys; the moment `now` counts back from each journey's end."""
    count = len(code)
    reached = [_reached(state[:count]) for state in states]
    following = []
    for position, length in enumerate(automaton.length):
        reads = automaton.reads[position][code]
        entered = _any([reached[before] for before in automaton.enters[position]], count)
        if length is None:
            following.append(entered & reads)
            continue
        begun = np.full(count, NEVER)
        for before in automaton.stays[position]:
            np.maximum(begun, states[before][:count], out=begun)
        begun[entered] = now[entered]
        begun[~reads | (begun < now - length)] = NEVER
        following.append(begun)
    for state, new in zip(states, following, strict=True):
        state[:count] = new


def _reached(state: Array) -> Array:
    return state if state.dtype == bool else state != NEVER


def _any(conditions: list[Array], count: int) -> Array:
    return np.logical_or.reduce(conditions) if conditions else np.zeros(count, bool)
