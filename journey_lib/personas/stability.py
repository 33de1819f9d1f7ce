"""Would the same groups come out again? Each group of every number tried, found again in bootstraps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.personas import latent
from journey_lib.personas.sample import grouped

Array = npt.NDArray[Any]
Method = Literal["kmeans", "mixture", "multinomial"]

STABLE, HIGHLY = 0.75, 0.85
VALLEY = 0.8  # density halfway between two groups, beside their thinner centre, from which they are one
BORDER = 0.5  # neighbours across the border of two groups, beside a border within one, from which likewise
NEIGHBOURS = 10
STARTS, AGAIN = 10, 4  # starts of the fit itself, and of each bootstrap's


@dataclass(frozen=True)
class Fit:
    """Groups of a sample, numbered by size: labels, centres and, of a mixture, shares and variances.

    Of multinomials the centres are the chances of each category, and the inertia is the deviance.
    """

    labels: Array
    centres: Array
    weights: Array
    widths: Array
    inertia: float
    bic: float


def fitted(
    x: Array,
    k: int,
    method: Method,
    seed: int,
    starts: int,
    *,
    blocks: latent.Blocks = (),
    times: Array | None = None,
) -> Fit:
    """Groups of `x`, k of them: k-means, a mixture of Gaussians with spreads of their own, of multinomials.

    `blocks` and `times`, how often each row is there, are of multinomials only.
    """
    if method == "multinomial":
        found = latent.fit(x, blocks, k, seed=seed, starts=starts, weights=times)
        labels = latent.posterior(x, found.shares, found.chances)[0].argmax(axis=1)
        centres, weights, widths, bic = found.chances, found.shares, np.ones_like(found.chances), found.bic
        inertia = float(latent.deviance(x, centres, labels, blocks).sum())
    elif method == "kmeans":
        labels, centres, inertia = grouped(x, k, seed, starts=starts)
        weights, widths, bic = np.bincount(labels, minlength=k) / len(x), np.ones_like(centres), np.nan
    else:
        from sklearn.mixture import GaussianMixture

        mix = GaussianMixture(
            k,
            covariance_type="diag",
            n_init=starts,
            random_state=seed % 2**32,
            reg_covar=1e-3 * float(x.var()),
        ).fit(x)
        labels, centres, weights, widths = mix.predict(x), mix.means_, mix.weights_, mix.covariances_
        inertia, bic = float(((x - centres[labels]) ** 2).sum()), float(mix.bic(x))
    order = numbered(labels, centres)
    place = np.argsort(order)
    return Fit(place[labels], centres[order], weights[order], widths[order], inertia, bic)


def numbered(labels: Array, centres: Array) -> Array:
    """Groups from the largest to the smallest; of equals, the one with the smaller centre first."""
    size = np.bincount(labels, minlength=len(centres))
    return np.lexsort((*np.round(centres.T[::-1], 9), -size))


def jaccard(labels: Array, others: Array, k: int) -> Array:
    """For each group of `labels`, how much it overlaps with the group of `others` that is most like it.

    Common members beside members of either (Jaccard 1901): 1 the same group, 0 none in common; NaN where the
    group has no member.
    """
    width = int(others.max()) + 1
    both = np.bincount(labels * width + others, minlength=k * width).reshape(k, width)
    mine, theirs = both.sum(axis=1), both.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((both / (mine[:, None] + theirs - both)).max(axis=1))


def again(
    x: Array, fit: Fit, method: Method, seed: int, bootstraps: int, blocks: latent.Blocks = ()
) -> Array:
    """Jaccard of each group in each bootstrap (bootstraps x groups), on the customers drawn (Hennig 2007)."""
    k = len(fit.centres)
    found = np.empty((bootstraps, k))
    for number in range(bootstraps):
        rng = np.random.default_rng([seed, k, number])
        rows = rng.integers(0, len(x), len(x))
        here, times = np.unique(rows, return_counts=True)
        if method == "multinomial":
            near = fitted(x[here], k, method, seed + number + 1, AGAIN, blocks=blocks, times=times).labels
        else:
            other = fitted(x[rows], k, method, seed + number + 1, AGAIN)
            there = dict(zip(rows.tolist(), other.labels.tolist(), strict=True))
            near = np.array([there[row] for row in here.tolist()])
        found[number] = jaccard(fit.labels[here], near, k)
    return found


def valley(x: Array, fit: Fit, blocks: latent.Blocks = ()) -> float:
    """Of the two groups least apart: density halfway between them beside that at the thinner centre.

    Members of both are looked at along the line from centre to centre, in windows of a fifth of its length;
    of multinomials the line is the ratio of their likelihoods. A slope or a plateau that was cut in two has 1
    or more, for most stand where the cut is; groups have a valley.
    """
    worst = 0.0
    for one in range(len(fit.centres)):
        for other in range(one):
            line = fit.centres[other] - fit.centres[one]
            if not (length := float(line @ line)):
                return float("inf")
            both = x[(fit.labels == one) | (fit.labels == other)]
            if blocks:
                at = latent.between(both, fit.centres[one], fit.centres[other], blocks)
            else:
                at = (both - fit.centres[one]) @ line / length
            first, middle, last = (int((np.abs(at - spot) <= 0.1).sum()) for spot in (0.0, 0.5, 1.0))
            worst = max(worst, middle / max(min(first, last), 1))
    return worst


def neighbours(x: Array) -> Array:
    """The `NEIGHBOURS` nearest rows of each row, itself left out."""
    from sklearn.neighbors import NearestNeighbors

    some = min(NEIGHBOURS, len(x) - 1) + 1
    return np.asarray(NearestNeighbors(n_neighbors=some).fit(x).kneighbors(x, return_distance=False)[:, 1:])


def border(x: Array, labels: Array, near: Array) -> float:
    """Of the two groups least apart: how many are neighbours across their border, beside a border within one.

    `near` are the neighbours of each row. The border within is that of a group cut in two, and its halves
    once more, the busiest of these: a continuum, straight or bent, is as busy wherever it is cut, so that two
    parts of it have 1 or more; between groups with a gap there are hardly any neighbours.
    """
    groups = [labels == one for one in range(int(labels.max()) + 1)]
    within = [_busiest(x, group, near) for group in groups]
    worst = 0.0
    for one, mine in enumerate(groups):
        for other in range(one):
            usual = min(within[one], within[other])
            worst = max(worst, _across(mine, groups[other], near) / max(usual, 1))
    return worst


def _across(one: Array, other: Array, near: Array) -> int:
    """How many pairs of neighbours there are of which one is here and one is there."""
    return int(other[near[one]].sum() + one[near[other]].sum())


def _busiest(x: Array, group: Array, near: Array) -> int:
    busy, parts = 0, [group]
    for _cut in range(2):  # a group of two kinds has its gap where it is cut first
        halves = []
        for part in parts:
            if part.sum() < 2 * NEIGHBOURS:
                continue
            off = x[part] - x[part].mean(axis=0)
            first = part.copy()  # cut where it is longest: as two-means would, at no cost
            first[part] = off @ np.linalg.eigh(off.T @ off)[1][:, -1] > 0
            second = part & ~first
            busy = max(busy, _across(first, second, near))
            halves += [first, second]
        parts = halves
    return busy


def silhouette(x: Array, labels: Array) -> float:
    """Mean silhouette (Rousseeuw 1987) of up to 1,000 customers of the sample."""
    from sklearn.metrics import silhouette_score

    step = max(1, len(x) // 1000)
    few = labels[::step]
    return float(silhouette_score(x[::step], few)) if 1 < len(np.unique(few)) < len(few) else float("nan")


def alternatives(
    x: Array,
    ks: Sequence[int],
    method: Method,
    *,
    seed: int,
    bootstraps: int,
    blocks: latent.Blocks = (),
) -> tuple[pd.DataFrame, dict[int, Array], dict[int, Fit]]:
    """Every number of groups side by side, the stability of each group, and the groups themselves.

    Table, a row a k: k, jaccard_worst (mean over bootstraps, of the group found again least), jaccard_mean,
    valley and border (of the two groups least apart, see there), stable (worst at least 0.75, valley below
    0.8 and border below 0.5), silhouette, inertia_share (of the inertia of one group; of multinomials,
    deviance), smallest (share of customers), bic (mixtures), customers (in the sample).
    """
    alone = float(((x - x.mean(axis=0)) ** 2).sum())
    if blocks:
        alone = fitted(x, 1, method, seed, 1, blocks=blocks).inertia
    places = latent.rooted(x, blocks) if blocks else x
    near = neighbours(places)
    rows, each, fits = list[dict[str, Any]](), dict[int, Array](), dict[int, Fit]()
    for k in ks:
        fit = fits[k] = fitted(x, k, method, seed, STARTS, blocks=blocks)
        found = each[k] = np.nanmean(again(x, fit, method, seed, bootstraps, blocks), axis=0)
        between, across = valley(x, fit, blocks), border(places, fit.labels, near)
        rows.append(
            {
                "k": k,
                "jaccard_worst": float(found.min()),
                "jaccard_mean": float(found.mean()),
                "valley": between,
                "border": across,
                "stable": bool(found.min() >= STABLE and between < VALLEY and across < BORDER),
                "silhouette": silhouette(places, fit.labels),
                "inertia_share": fit.inertia / alone,
                "smallest": float(np.bincount(fit.labels, minlength=k).min() / len(x)),
                "bic": fit.bic,
                "customers": len(x),
            }
        )
    return pd.DataFrame(rows), each, fits


def badge(value: float) -> str:
    """What a mean Jaccard is worth: from 0.85 highly stable, from 0.75 stable, else doubtful."""
    return "highly stable" if value >= HIGHLY else "stable" if value >= STABLE else "doubtful"
