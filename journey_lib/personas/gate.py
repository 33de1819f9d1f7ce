"""Is there any structure at all? Groups that a continuum of the same shape would not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import ParameterError
from journey_lib.personas.matrix import Matrix
from journey_lib.personas.sample import drawn, grouped, one_thread

Array = npt.NDArray[Any]

KS = (3, 4, 5, 6)
CUT = 0.85  # the ratio must be below as well: with many customers the smallest bend is beyond chance
CHANCE = 0.05
SAMPLE = 3000
STARTS = 4
ROUNDS = 6  # of tuning the null's correlations
Verdict = Literal["groups", "continuum"]


@dataclass(frozen=True)
class Structure:
    """Whether customers fall into groups, and what that rests on.

    `ratio` is the smallest over `KS` of the inertia of k-means beside its mean in continua of the same shape
    (1: no denser); `low` and `high` are the smallest and largest such ratio of the continua themselves;
    `chance` how often a continuum would come as low, (b + 1) / (nulls + 1). Groups have
    a ratio below `cut`. `table` has a row for each k.
    """

    verdict: Verdict
    ratio: float
    low: float
    high: float
    chance: float
    customers: int
    nulls: int
    seed: int
    table: pd.DataFrame
    cut: float = CUT


def structure(
    data: Matrix, *, seed: int = 0, nulls: int = 20, sample: int = SAMPLE, cut: float = CUT
) -> Structure:
    """Whether the customers are denser in places than a continuum with the same columns would be.

    The continua have every column's own values (zeros and ties included) and all correlations between
    columns, joined by a Gaussian copula, and nothing else. Groups are said to be there only when the ratio of
    inertias is below `cut` and below that of nearly all continua; docs/personas-finding.md tells how often
    that errs. After the gap statistic (Tibshirani, Walther and Hastie 2001), with the reference that
    correlated data need.

    Raises
    ------
    ParameterError
        Fewer than 20 continua: no chance below 0.05 could come out.
    """
    if nulls < 20:
        raise ParameterError(
            "fewer than 20 continua cannot tell a chance of 0.05",
            how_many=f"nulls={nulls}",
            do="use 20 or more",
        )
    x = data.values[drawn(data.codes, sample, seed)]
    rng = np.random.default_rng([seed, 1])
    with one_thread():
        real = _inertias(x, seed)
        draw = Continuum(x, rng)
        null = np.array([_inertias(draw.like(rng), seed) for _ in range(nulls)])
    everyone = null.mean(axis=0)
    others = (null.sum(axis=0) - null) / (nulls - 1)
    ratio, ratios = float((real / everyone).min()), (null / others).min(axis=1)
    chance = (1 + int((ratios <= ratio).sum())) / (nulls + 1)
    table = pd.DataFrame(
        {
            "k": KS,
            "inertia": real,
            "continuum": everyone,
            "spread": null.std(axis=0),
            "ratio": real / everyone,
        }
    )
    verdict: Verdict = "groups" if ratio < cut and chance <= CHANCE else "continuum"
    return Structure(
        verdict, ratio, float(ratios.min()), float(ratios.max()), chance, len(x), nulls, seed, table, cut
    )


class Continuum:
    """Draws tables with the same values in every column and the same correlations, and no groups."""

    def __init__(self, x: Array, rng: np.random.Generator) -> None:
        self.ordered = np.sort(x, axis=0)
        wanted = _correlation(x)
        latent = wanted
        # Zeros and ties weaken a correlation on its way through the ranks: the Gaussian makes up for it.
        noise = rng.standard_normal(x.shape)
        best = np.inf
        for _ in range(ROUNDS):
            root = _root(latent)
            off = wanted - _correlation(self._placed(noise @ root.T))
            if np.abs(off).max() < best:
                best, self.root = float(np.abs(off).max()), root
            latent = np.clip(latent + off, -0.999, 0.999)
            np.fill_diagonal(latent, 1.0)

    def like(self, rng: np.random.Generator) -> Array:
        """One more table."""
        return self._placed(rng.standard_normal(self.ordered.shape) @ self.root.T)

    def _placed(self, z: Array) -> Array:
        rank = np.empty(z.shape, np.intp)
        np.put_along_axis(rank, np.argsort(z, axis=0, kind="stable"), np.arange(len(z))[:, None], axis=0)
        return np.take_along_axis(self.ordered, rank, axis=0)


def _correlation(x: Array) -> Array:
    return np.corrcoef(x, rowvar=False).reshape(x.shape[1], x.shape[1])


def _root(correlation: Array) -> Array:
    """A square root of the nearest matrix that can be a correlation (negative eigenvalues set to nothing)."""
    size, direction = np.linalg.eigh(correlation)
    root = direction * np.sqrt(np.maximum(size, 1e-10))
    return np.asarray(root / np.sqrt((root**2).sum(axis=1, keepdims=True)))


def _inertias(x: Array, seed: int) -> Array:
    return np.array([grouped(x, k, seed, starts=STARTS)[2] for k in KS])
