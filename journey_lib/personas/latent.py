"""Latent classes: a mixture of multinomials, for counts over categories and for answers to questions alike.

Everybody is of one class; a class has, for each block of categories (the channels, the parts of the day, the
answers to one question), a probability of each. Given the class, blocks are independent of one another. It
is latent class analysis (Lazarsfeld and Henry 1968; Goodman 1974) where a block holds one answer, and the
mixture of multinomials of Nigam, McCallum, Thrun and Mitchell (2000) where it holds counts. Somebody of whom
a block is not known has no count in it, which is what being missing at random asks for. Few counts say little
by themselves: no share of them is ever taken. On mixtures and EM: McLachlan and Peel (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Blocks = Sequence[tuple[int, int]]  # first category of each block, and the one after its last

SHORT = 10  # steps of every start; only the best of them goes on (Biernacki, Celeux and Govaert 2003)
LONGEST = 2000
CLOSE = 1e-6  # gain in log-likelihood a customer below which a fit has come to rest
NEVER = 1e-12  # the least probability: what nobody of a class did is no impossibility


@dataclass(frozen=True)
class Mixture:
    """The classes: `shares` of customers, and `chances` of every category in each (classes x categories).

    `loglik` leaves out the multinomial coefficients, which are the same for every number of classes; `bic` is
    that of Schwarz (1978).
    """

    shares: Array
    chances: Array
    loglik: float
    bic: float


def fit(
    x: Array,
    blocks: Blocks,
    k: int,
    *,
    seed: int,
    starts: int,
    weights: Array | None = None,
    prior: float = 1.0,
    close: float = CLOSE,
) -> Mixture:
    """`k` classes of the rows of `x` by EM (Dempster, Laird and Rubin 1977), the likeliest of `starts`.

    Parameters
    ----------
    weights
        How often each row is there; None: once.
    prior
        So many counts of the average customer are added to every class, in each block; 0: maximum likelihood.
    """
    many = np.ones(len(x)) if weights is None else weights.astype(float)
    usual = _over(many @ x, blocks)
    rng = np.random.default_rng([seed, k])
    best: tuple[float, Array, Array] = -np.inf, usual, usual
    rooms = rooted(x, blocks)
    for _ in range(starts if k > 1 else 1):
        member = _first(rooms, k, many, rng)
        shares, chances, value = _climb(x, blocks, member, many, prior * usual, SHORT, close)
        if value > best[0]:
            best = value, shares, chances
    member, _each = posterior(x, best[1], best[2])
    shares, chances, value = _climb(x, blocks, member, many, prior * usual, LONGEST, close)
    free = k - 1 + k * sum(last - first - 1 for first, last in blocks)
    return Mixture(shares, chances, value, float(-2 * value + free * np.log(many.sum())))


def posterior(x: Array, shares: Array, chances: Array) -> tuple[Array, Array]:
    """Probability of each class for each row (rows x classes), and the log-likelihood of the row."""
    log = x @ np.log(np.maximum(chances, NEVER)).T + np.log(np.maximum(shares, NEVER))
    top = log.max(axis=1, keepdims=True)
    member = np.exp(log - top)
    total = member.sum(axis=1, keepdims=True)
    return member / total, (top + np.log(total))[:, 0]


def rooted(x: Array, blocks: Blocks) -> Array:
    """Square roots of the shares within each block, on which distances are Hellinger's."""
    root = np.zeros(x.shape)
    for first, last in blocks:
        base = x[:, first:last].sum(axis=1, keepdims=True)
        root[:, first:last] = np.sqrt(x[:, first:last] / np.where(base > 0, base, 1))
    return root


def deviance(x: Array, chances: Array, label: Array, blocks: Blocks) -> Array:
    """Of each row, twice the log-likelihood that its own shares have over those of its class (G squared)."""
    own = rooted(x, blocks) ** 2
    log = np.log(np.maximum(own, NEVER)) - np.log(np.maximum(chances, NEVER))[label]
    return np.asarray(np.maximum(2 * (x * log).sum(axis=1), 0.0))


def between(x: Array, one: Array, other: Array, blocks: Blocks) -> Array:
    """Where each row stands on the way from one class (0) to another (1).

    By the logarithm of the ratio of its likelihoods, beside what is to be expected of each class for as many
    counts as the row has.
    """
    log = np.log(np.maximum(one, NEVER)) - np.log(np.maximum(other, NEVER))
    here, there = np.zeros(len(x)), np.zeros(len(x))
    for first, last in blocks:
        base = x[:, first:last].sum(axis=1)
        here += base * (one[first:last] @ log[first:last])
        there += base * (other[first:last] @ log[first:last])
    gap = here - there
    return np.asarray((here - x @ log) / np.where(gap > 0, gap, np.inf))


def _climb(
    x: Array, blocks: Blocks, member: Array, many: Array, usual: Array, steps: int, close: float
) -> tuple[Array, Array, float]:
    """Maximise and expect in turns, until it no longer pays."""
    before, size = -np.inf, many.sum()
    for _ in range(steps):
        mass = member * many[:, None]
        shares = mass.sum(axis=0) / size
        chances = _over(mass.T @ x + usual, blocks)
        member, each = posterior(x, shares, chances)
        value = float(many @ each)
        if value - before < close * size:
            break
        before = value
    return shares, chances, value


def _over(counts: Array, blocks: Blocks) -> Array:
    """Counts as probabilities within each block; all alike where there is none."""
    found = np.empty(counts.shape)
    for first, last in blocks:
        part = counts[..., first:last]
        base = part.sum(axis=-1, keepdims=True)
        found[..., first:last] = np.where(base > 0, part / np.where(base > 0, base, 1), 1 / (last - first))
    return found


def _first(rooms: Array, k: int, many: Array, rng: np.random.Generator) -> Array:
    """Memberships to begin with: of the nearest of k rows far apart (k-means++), and a little of all."""
    chance = many / many.sum()
    nearest, label = np.full(len(rooms), np.inf), np.zeros(len(rooms), np.int64)
    for number in range(k):
        row = int(np.searchsorted(np.cumsum(chance), rng.random() * chance.sum(), side="right"))
        apart = ((rooms - rooms[min(row, len(rooms) - 1)]) ** 2).sum(axis=1)
        label[apart < nearest] = number
        nearest = np.minimum(nearest, apart)
        chance = many * nearest if (many * nearest).sum() > 0 else many
    member = np.full((len(rooms), k), 0.2 / k)
    member[np.arange(len(rooms)), label] += 0.8
    return member
