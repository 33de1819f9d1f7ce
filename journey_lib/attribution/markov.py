"""The Markov model: what would be lost if a channel were not there, solved exactly, never simulated.

Paths become an absorbing chain START → states → CONVERSION or NULL, a state being the last `order` channels.
The removal effect of a channel is the share of conversions lost when every arrival in it ends in NULL instead
(Anderl, Becker, von Wangenheim and Schumann 2016). With N = (I - P)⁻¹ the expected visits are a row of N, and
those that avoid a set S of states are N[0] - N[0,S] N[S,S]⁻¹ N[S] (taboo probabilities; Kemeny and Snell
1960).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse import linalg
from threadpoolctl import ThreadpoolController

from journey_lib.attribution.rules import between_folds
from journey_lib.errors import ParameterError
from journey_lib.intervals import order_free_total
from journey_lib.journeys import PathTable

Array = npt.NDArray[Any]

DENSE = 1_000  # states up to which one dense inverse is the quickest exact way
ROUNDS = 5_000  # of the series, before a sparse factorisation takes over
BLOCK = 8_000  # paths whose influence is held in memory at once


@dataclass(frozen=True)
class Chain:
    """Counted transitions. State 0 is START; the ends are `size` (CONVERSION) and ``size + 1`` (NULL).

    `source`, `target` and `count` list the transitions seen (cells); `step` is the cell of each token of
    `paths`, `conversion_step` and `null_step` those of each path's end. `newest` is the channel a state ends
    in, -1 for START.
    """

    paths: PathTable
    newest: Array
    source: Array
    target: Array
    count: Array
    step: Array
    conversion_step: Array
    null_step: Array

    @property
    def size(self) -> int:
        """Number of states, START included."""
        return len(self.newest)

    @property
    def out(self) -> Array:
        """Steps out of every state."""
        return np.bincount(self.source, self.count, self.size)


def build(paths: PathTable, order: int) -> Chain:
    """Count the transitions of all journeys that are over.

    Raises
    ------
    ParameterError
        `order` is not a positive whole number.
    """
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ParameterError(
            f"order cannot be {order!r}", do="give how many channels back the model looks: 1, 2 …"
        )
    starts = paths.offsets[:-1]
    known, rank = _ranked(paths.tokens.astype(np.int64))
    for _ in range(order - 1):
        known, rank = _ranked(_before(rank + 1, starts) * len(paths.channels) + paths.tokens)
    state = rank + 1
    newest = np.concatenate([[-1], known % len(paths.channels)])
    size = len(newest)
    before = _before(state, starts)
    final = state[paths.offsets[1:] - 1]
    keys = np.concatenate(
        [before * (size + 2) + state, final * (size + 2) + size, final * (size + 2) + size + 1]
    )
    cells, cell = _ranked(keys)
    over = paths.conversions + paths.nulls
    step, conversion_step, null_step = np.split(cell, [len(state), len(state) + len(final)])
    count = np.bincount(step, np.repeat(over, paths.lengths), len(cells))
    count += np.bincount(conversion_step, paths.conversions, len(cells))
    count += np.bincount(null_step, paths.nulls, len(cells))
    return Chain(
        paths, newest, cells // (size + 2), cells % (size + 2), count, step, conversion_step, null_step
    )


def removal_effects(chain: Chain) -> tuple[Array, Array, Array]:
    """Share of conversions, and of value, lost without each channel, and the visits behind them.

    Returns effects on conversions, effects on value, and expected visits of every state (rows) with nothing
    removed (column 0) and with each channel removed (the others).
    """
    with _one_thread():  # the same digits on any number of threads
        visits = _visits(chain)
        into_conversion = chain.target == chain.size
        rate = _per_step(chain, np.where(into_conversion, chain.count, 0))
        worth = np.bincount(
            chain.source[chain.conversion_step], chain.paths.value.astype(float), chain.size
        ) / np.maximum(chain.out, 1)
        return _lost(visits.T @ rate), _lost(visits.T @ worth), visits


def variances(chain: Chain, effects: Array, visits: Array, untouched: Array) -> tuple[Array, Array]:
    """Sampling variance of each channel's share of all conversions, and of its removal effect on them.

    Linearised: an extra step s → t changes the conversion probability by visits(s) / out(s) · (h(t) - h(s)),
    h being the probability to convert from a state; the chain rule does the rest. Folds of customers, where
    known, are the observations; else journeys are. `untouched` counts conversions with no touch, by fold
    where known.
    """
    with _one_thread():
        paths = chain.paths
        touched = paths.conversions.sum()
        total = touched + untouched.sum()
        rate = touched / total
        both = np.concatenate([effects / effects.sum(), effects])
        influence = rate * _influence(chain, effects, visits)
        if paths.fold is not None:
            by_fold = np.bincount(paths.fold, paths.conversions, len(untouched))
            bought = ((1 - rate) * by_fold - rate * untouched) / total
            moved = _by_fold(chain, len(untouched)) @ influence + np.outer(bought, both)
            variance = between_folds(moved)
        else:
            variance = untouched.sum() * (rate * both / total) ** 2
            for begin in range(0, len(paths), BLOCK):
                block = slice(begin, min(begin + BLOCK, len(paths)))
                variance = variance + _squared(chain, influence, block, both * (1 - rate) / total)
        return variance[: len(effects)], variance[len(effects) :]


@functools.cache
def _pools() -> Any:
    """Thread pools of this process, looked up once: that takes longer than solving a small chain."""
    return ThreadpoolController()


def _one_thread() -> Any:
    return _pools().limit(limits=1)


def _visits(chain: Chain) -> Array:
    """Expected visits of each state from START: nothing removed, then each channel removed."""
    if chain.size <= DENSE:
        inverse = np.linalg.inv(np.eye(chain.size) - _inner(chain).toarray())
        return _avoiding(chain, inverse[0], lambda rows: inverse[rows], inverse)
    return _series(chain, _inner(chain).T.tocsr(), _unit(chain.size))


def _converting(chain: Chain) -> Array:
    """Probability to convert from each state: nothing removed, then each channel removed."""
    rate = _per_step(chain, np.where(chain.target == chain.size, chain.count, 0))
    if chain.size <= DENSE:
        inverse = np.linalg.inv(np.eye(chain.size) - _inner(chain).toarray()).T
        whole = rate @ inverse
        return _avoiding(chain, whole, lambda rows: inverse[rows], inverse)
    return _series(chain, _inner(chain), rate)


def _avoiding(chain: Chain, whole: Array, rows: Any, inverse: Array) -> Array:
    """Solutions that keep out of each channel's states, from the one that does not."""
    columns = [whole]
    for channel in range(len(chain.paths.channels)):
        removed = np.flatnonzero(chain.newest == channel)
        if not len(removed):
            columns.append(whole)
            continue
        part = np.linalg.solve(inverse[np.ix_(removed, removed)].T, whole[removed])
        kept = whole - part @ rows(removed)
        kept[removed] = 0.0
        columns.append(kept)
    return np.stack(columns, axis=1)


def _series(chain: Chain, matrix: Any, start: Array) -> Array:
    """Solve x = mask · (start + matrix x) for every removal at once, by its series to the last digit."""
    channels = len(chain.paths.channels)
    mask = np.ones((chain.size, channels + 1))
    mask[np.arange(1, chain.size), chain.newest[1:] + 1] = 0.0
    term = mask * start[:, None]
    total = term.copy()
    before = term.sum()
    for _ in range(ROUNDS):
        term = mask * (matrix @ term)
        total += term
        now = term.sum()
        if now <= 0 or (now < before and now * now / (before - now) < 1e-15 * total.sum()):
            return total
        before = now
    return np.stack([_factorised(matrix, start, mask[:, column]) for column in range(channels + 1)], axis=1)


def _factorised(matrix: Any, start: Array, mask: Array) -> Array:
    """The same for one removal by sparse LU, for chains that linger too long for a series."""
    kept = sparse.diags_array(mask)
    return linalg.splu((sparse.eye_array(len(mask)) - kept @ matrix).tocsc()).solve(mask * start)


def _influence(chain: Chain, effects: Array, visits: Array) -> Array:
    """How an extra step in each cell (rows) moves each channel's part of the effects, and its effect."""
    converting = _converting(chain)
    ends = np.zeros((2, converting.shape[1]))
    ends[0] = 1.0
    arrival = np.concatenate([converting, ends])
    per_step = visits / np.maximum(chain.out, 1)[:, None]
    change = per_step[chain.source] * (arrival[chain.target] - converting[chain.source])
    reached = visits.T @ _per_step(chain, np.where(chain.target == chain.size, chain.count, 0))
    lost = -change[:, 1:] / reached[0] + reached[1:] * change[:, :1] / reached[0] ** 2
    parts = effects / effects.sum()
    return np.hstack([(lost - parts * lost.sum(axis=1, keepdims=True)) / effects.sum(), lost])


def _by_fold(chain: Chain, folds: int) -> Any:
    """Steps of every fold of customers: folds by cells."""
    paths = chain.paths
    fold = np.asarray(paths.fold, np.int64)
    over = paths.conversions + paths.nulls
    weight = np.concatenate([np.repeat(over, paths.lengths), paths.conversions, paths.nulls]).astype(float)
    rows = np.concatenate([np.repeat(fold, paths.lengths), fold, fold])
    cells = np.concatenate([chain.step, chain.conversion_step, chain.null_step])
    return sparse.coo_array((weight, (rows, cells)), shape=(folds, len(chain.count))).tocsr()


def _squared(chain: Chain, influence: Array, block: slice, bought: Array) -> Array:
    """Sum over the journeys of a block of paths of their squared influence on each figure."""
    paths = chain.paths
    starts = paths.offsets[block.start : block.stop + 1]
    steps = chain.step[starts[0] : starts[-1]]
    shape = (block.stop - block.start, len(chain.count))
    walks = sparse.csr_array((np.ones(len(steps)), steps, starts - starts[0]), shape=shape)
    summed = np.zeros(influence.shape[1])
    for weight, step, gain in (
        (paths.conversions[block], chain.conversion_step[block], bought),
        (paths.nulls[block], chain.null_step[block], np.zeros_like(bought)),
    ):
        seen = np.flatnonzero(weight)
        moved = walks[seen] @ influence + influence[step[seen]] + gain
        summed += order_free_total(weight[seen, None] * moved**2)
    return summed


def _inner(chain: Chain) -> Any:
    """Probabilities of the steps from state to state."""
    inner = chain.target < chain.size
    chance = chain.count / np.maximum(chain.out, 1)[chain.source]
    cells = (chain.source[inner], chain.target[inner])
    return sparse.coo_array((chance[inner], cells), shape=(chain.size, chain.size)).tocsr()


def _per_step(chain: Chain, weight: Array) -> Array:
    return np.bincount(chain.source, weight, chain.size) / np.maximum(chain.out, 1)


def _lost(reached: Array) -> Array:
    """Share lost with each removal, of what is reached with none."""
    return 1 - reached[1:] / reached[0] if reached[0] else np.zeros(len(reached) - 1)


def _unit(size: int) -> Array:
    unit = np.zeros(size)
    unit[0] = 1.0
    return unit


def _before(state: Array, starts: Array) -> Array:
    """The state before each token: START at the beginning of a path."""
    before = np.concatenate([[0], state[:-1]])
    before[starts] = 0
    return before


def _ranked(keys: Array) -> tuple[Array, Array]:
    """Distinct keys in ascending order and the rank of each key: `np.unique`, without sorting all of them."""
    highest = int(keys.max(initial=-1)) + 1
    if highest <= 2 * len(keys):
        seen = np.bincount(keys, minlength=highest) > 0
        return np.flatnonzero(seen), (np.cumsum(seen) - 1)[keys]
    codes, distinct = pd.factorize(keys)
    order = np.argsort(distinct)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return distinct[order], rank[codes]
