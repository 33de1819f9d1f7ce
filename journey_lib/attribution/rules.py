"""Rule models: what each touch gets of its journey's conversion, by its place, its time or its channel.

A rule is a function of the paths that returns one weight a touch; the weights of a path add up to one. Credit
is then arithmetic, the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from journey_lib.errors import ParameterError
from journey_lib.intervals import order_free_sum
from journey_lib.journeys import PathTable
from journey_lib.journeys.cut import DIRECT
from journey_lib.model import duration

Array = npt.NDArray[Any]
Rule = Callable[..., Array]


def first(paths: PathTable) -> Array:
    """All to the first touch."""
    return _marked(paths, paths.offsets[:-1])


def last(paths: PathTable) -> Array:
    """All to the last touch."""
    return _marked(paths, paths.offsets[1:] - 1)


def last_non_direct(paths: PathTable) -> Array:
    """All to the last touch that is not direct; to the last when every touch is."""
    code = paths.channels.index(DIRECT) if DIRECT in paths.channels else -1
    place = np.arange(len(paths.tokens))
    chosen = paths.offsets[1:] - 1
    found = np.full(len(paths), -1)
    other = paths.tokens != code
    np.maximum.at(found, paths.row[other], place[other])
    return _marked(paths, np.where(found >= 0, found, chosen))


def linear(paths: PathTable) -> Array:
    """The same to every touch."""
    return 1.0 / np.repeat(paths.lengths, paths.lengths)


def position(paths: PathTable, weights: tuple[float, float, float] = (0.4, 0.2, 0.4)) -> Array:
    """Fixed parts to the first touch, to those in the middle together, and to the last.

    With two touches the middle's part goes to both in proportion; with one, all is its own.
    """
    if len(weights) != 3 or min(weights) < 0 or not np.isclose(sum(weights), 1):
        raise ParameterError(
            f"position weights cannot be {weights!r}",
            do="give three parts that add up to 1, such as (0.4, 0.2, 0.4)",
        )
    start, middle, end = weights
    length = np.repeat(paths.lengths, paths.lengths)
    place = np.arange(len(paths.tokens)) - np.repeat(paths.offsets[:-1], paths.lengths)
    ends = start + end
    pair = (start / ends, end / ends) if ends else (0.5, 0.5)
    return np.select(
        [length == 1, length == 2, place == 0, place == length - 1],
        [1.0, np.where(place == 0, *pair), start, end],
        middle / np.maximum(length - 2, 1),
    )


def shapley(paths: PathTable) -> Array:
    """Each conversion split equally over the distinct channels of its path.

    This is the Shapley value of the game in which a set of channels is worth the conversions whose paths use
    no other channel (closed form of Zhao, Mahboobi and Bagheri 2018). Journeys that did not convert play no
    part.
    """
    size = len(paths.channels)
    _, at = np.unique(paths.row * size + paths.tokens, return_index=True)
    distinct = np.bincount(paths.row[at], minlength=len(paths))
    weight = np.zeros(len(paths.tokens))
    weight[at] = 1.0 / distinct[paths.row[at]]
    return weight


def time_decay(paths: PathTable, age: Array, half_life: str = "7d") -> Array:
    """More to a touch the closer it was to the conversion: half as much for every half-life before it."""
    span = duration(half_life)
    if not span:
        raise ParameterError("half_life cannot be nothing", do='give a duration such as "7d"')
    # Ages are taken from the journey's last touch, so that old touches cannot all underflow to zero.
    newest = np.repeat(age[paths.offsets[1:] - 1], paths.lengths) if len(age) else age
    weight = np.exp2((newest - age) / span)
    return weight / np.repeat(np.add.reduceat(weight, paths.offsets[:-1]), paths.lengths)


def credited(paths: PathTable, weight: Array, amount: Array) -> Array:
    """What each channel gets when every path hands out its `amount` by the weights of its touches."""
    return order_free_sum(paths.tokens, weight * np.repeat(amount, paths.lengths), len(paths.channels))


def variance_of_share(paths: PathTable, weight: Array, share: Array, untouched: Array) -> Array:
    """Sampling variance of each channel's share of all conversions, linearised.

    With folds of customers: between-fold variance, so that several journeys of one customer count as the one
    observation they are. Without: journeys are taken as independent. `untouched` counts the conversions with
    no touch, by fold where known.
    """
    size = len(paths.channels)
    total = paths.conversions.sum() + untouched.sum()
    if not total:
        return np.zeros(size)
    if paths.fold is None:
        cell, at = np.unique(paths.row * size + paths.tokens, return_inverse=True)
        squared = order_free_sum(at, weight, len(cell)) ** 2 * paths.conversions[cell // size]
        return np.asarray(order_free_sum(cell % size, squared, size) / total - share**2) / total
    folds = len(untouched)
    group = np.repeat(paths.fold.astype(np.int64), paths.lengths) * size + paths.tokens
    got = order_free_sum(group, weight * np.repeat(paths.conversions, paths.lengths), folds * size)
    by_fold = np.bincount(paths.fold, paths.conversions, folds) + untouched
    return between_folds(got.reshape(folds, size) - share * by_fold[:, None]) / total**2


def between_folds(deviation: Array) -> Array:
    """Variance of a total from its deviations by fold (random-group linearisation; Wolter 2007, ch. 2)."""
    folds = len(deviation)
    return (deviation**2).sum(axis=0) * folds / max(folds - 1, 1)


def _marked(paths: PathTable, chosen: Array) -> Array:
    """One for the chosen touch of every path, zero for the others."""
    weight = np.zeros(len(paths.tokens))
    weight[chosen] = 1.0
    return weight
