"""Markov credit by its definition, for judging accuracy: build the chain, then solve it without each channel.

Slow, plain and independent of the library: one dense solve for every removed channel.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
from stopwatch import report, step

Chain = Counter[tuple[object, object]]
START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"


def chain(path: str, order: int) -> Chain:
    moves: Chain = Counter()
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            touches = row["path"].split(" > ")
            states = [tuple(touches[max(0, i + 1 - order) : i + 1]) for i in range(len(touches))]
            ends = {CONVERSION: int(row["total_conversions"]), NULL: int(row["total_null"])}
            for end, count in ends.items():
                walk = [START, *states, end]
                for move in pairwise(walk):
                    moves[move] += count
    return moves


def chance(moves: Chain) -> float:
    """The probability of ending in a conversion from the start."""
    transient = sorted({origin for origin, _ in moves}, key=str)
    place = {state: i for i, state in enumerate(transient)}
    inside, leaving = np.zeros((len(place), len(place))), np.zeros(len(place))
    for (origin, target), count in moves.items():
        if target in place:
            inside[place[origin], place[target]] += count
        elif target == CONVERSION:
            leaving[place[origin]] += count
    totals = Counter()
    for (origin, _), count in moves.items():
        totals[origin] += count
    out = np.array([totals[state] for state in transient])
    return float(np.linalg.solve(np.eye(len(out)) - inside / out[:, None], leaving / out)[place[START]])


def shares(moves: Chain) -> dict[str, float]:
    moves = Counter({move: count for move, count in moves.items() if count})
    channels = sorted({origin[-1] for origin, _ in moves if origin != START})
    whole, effects = chance(moves), {}
    for channel in channels:
        without: Chain = Counter()
        for (origin, target), count in moves.items():
            arrives = isinstance(target, tuple) and target[-1] == channel
            without[origin, NULL if arrives else target] += count
        effects[channel] = 1 - chance(without) / whole
    return {channel: effect / sum(effects.values()) for channel, effect in effects.items()}


if __name__ == "__main__":
    with step("markov"):
        answers = {f"order {order}": [shares(chain(sys.argv[1], order))] for order in (1, 2)}
    report({"shares": answers}, "numpy")
