"""Groups of customers found in what they do, with all that says whether to believe in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.features import Features
from journey_lib.intervals import wilson
from journey_lib.model import Result
from journey_lib.once import once
from journey_lib.personas import latent
from journey_lib.personas.counts import CUT, angles, counted
from journey_lib.personas.gate import Structure, structure
from journey_lib.personas.matrix import LEAST_TOUCHES, Matrix, Recipe, matrix
from journey_lib.personas.sample import drawn, one_thread, seeded
from journey_lib.personas.stability import STABLE, Fit, Method, alternatives, badge, numbered

Array = npt.NDArray[Any]

METHODS: tuple[Method, ...] = ("kmeans", "mixture", "multinomial")
KS = range(2, 9)
MOST = 30
SAMPLE = 4000
NOBODY = -1
AMBIGUOUS = 0.05  # how much nearer the own centre must be than the next, as a share of the way to the next
DOUBT = 0.6  # the least probability with which a mixture places somebody
FENCE = 3.0  # quartile distances beyond the third quartile from which a customer is far from everybody
BLOCK = 65_536


@dataclass(frozen=True)
class Groups:
    """What decides who belongs where: centres on the scale of the recipe, and how far is too far from each.

    `weights` and `widths` are a mixture's shares and variances, and not used by k-means; the centres of
    multinomials are the chances of each category of `recipe.categories()`.
    """

    method: Method
    recipe: Recipe
    centres: Array
    fence: Array
    weights: Array
    widths: Array


@dataclass(frozen=True)
class Found:
    """The personas that were found, or why there are none.

    `labels`   by customer's code: from 0, the largest persona first; -1: fits none.
    `margin`   how clearly each belongs: for k-means how much nearer the own centre is than the next, as a
               share of the way to the next (0 between two, 1 at the centre); for mixtures its probability.
    `centres`  a row a persona: the mean of every number in its own unit, over the members of whom it is
               known.
    `alternatives`  every number of groups tried, see `stability.alternatives`.
    `stability`     a row a persona: persona, customers, share, low, high (Wilson), jaccard, badge.
    `k`        0 where there are no personas; `reason` says why this k, or none.
    """

    labels: pd.Series[Any]
    margin: pd.Series[Any]
    centres: pd.DataFrame
    alternatives: pd.DataFrame
    stability: pd.DataFrame
    k: int
    reason: str
    structure: Structure
    groups: Groups | None
    left_out: pd.DataFrame
    too_little: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def fits_none(self) -> int:
        """How many customers are known well enough and belong to no persona."""
        return int((self.labels == NOBODY).sum())

    def few(self, k: int) -> bool:
        """Whether fewer than `k` are in personas, fit none or are known too little: each tells the others."""
        none = self.fits_none if self.k else 0
        return any(0 < n < k for n in (len(self.labels) - self.fits_none, none, self.too_little))


@once
def find(
    features: Features,
    *,
    names: Collection[str] | None = None,
    method: Method = "kmeans",
    k: int | Literal["auto"] = "auto",
    ks: Sequence[int] = KS,
    least_touches: int = LEAST_TOUCHES,
    seed: int = 0,
    nulls: int = 20,
    bootstraps: int = 30,
    sample: int = SAMPLE,
) -> Found:
    """The personas in what customers do, if there are any.

    First the gate: no groups are made of a continuum, unless `k` is a number, and then the reason says that
    these are slices of one. Then every number of groups is tried on a sample; "auto" takes the largest whose
    every group is found again in bootstraps (Jaccard at least 0.75; Hennig 2007), has fewer customers between
    it and any other than at their centres, and fewer neighbours across the border than within;
    `alternatives` shows the others that would do. Customers farther from their centre than any fence, or
    between two, fit none.

    Parameters
    ----------
    names
        Which features decide; None: how customers behave, see `matrix`.
    method
        "kmeans"; "mixture" of Gaussians with a spread of their own in each column; or "multinomial", a
        mixture of multinomials on the counts that shares are of (latent classes, see `latent`), for which a
        short history says little by itself. Both mixtures are fitted on the sample.
    sample
        How many customers stability is measured on; k-means then is fitted to all.

    Raises
    ------
    ParameterError
        An option that is out of range.
    DataError
        Fewer than 100 customers with enough touches.
    """
    _check(method, k, ks, bootstraps)
    seeded(seed)
    make = counted if method == "multinomial" else matrix
    data = make(features, names=names, least_touches=least_touches)
    gate = _gate(data, seed, nulls)
    settings = {
        "fingerprint": features.fingerprint, "method": method, "k": k, "seed": seed, "nulls": nulls,
        "least_touches": least_touches, "bootstraps": bootstraps, "sample": sample,
    }  # fmt: skip
    if gate.verdict == "continuum" and k == "auto":
        reason = "customers differ by degrees, not by kind: groups here would be slices of a continuum"
        return _none(data, gate, reason, settings)
    tried = tuple(ks) if k == "auto" else tuple(sorted({*ks, int(k)}))
    x = data.values[drawn(data.codes, sample, seed)]
    with one_thread():
        table, jaccards, fits = alternatives(
            x, tried, method, seed=seed, bootstraps=bootstraps, blocks=data.recipe.slices()
        )
        stable = table.loc[table["stable"], "k"].tolist()
        if k == "auto" and not stable:
            reason = f"no number of groups comes out again (Jaccard {STABLE}) and has valleys between them"
            return _none(data, gate, reason, settings, table)
        chosen = int(max(stable) if k == "auto" else k)
        groups, labels, margin = _placed(data, fits[chosen], method)
    if k != "auto":
        slices = ", slices of a continuum" if gate.verdict == "continuum" else ""
        reason = f"{chosen} as asked for{slices}"
    else:
        others = ", ".join(str(each) for each in stable if each != chosen) or "none"
        reason = f"{chosen} is the largest number whose every group comes out again; others that do: {others}"
    return Found(
        labels=labels,
        margin=margin,
        centres=_centres(features, labels, chosen),
        alternatives=table,
        stability=_stability(labels, jaccards[chosen]),
        k=chosen,
        reason=reason,
        structure=gate,
        groups=groups,
        left_out=data.left_out,
        too_little=data.too_little,
        settings=settings,
    )


def members(found: Found, prefix: str = "persona") -> pd.Series[Any]:
    """The name of the persona, ``persona_1`` the largest, of each customer who belongs to one."""
    placed = found.labels[found.labels >= 0]
    return (f"{prefix}_" + (placed + 1).astype(str)).rename("persona")


def summary(found: Found) -> Result:
    """The personas with size and stability, as a table; facts say what the gate said and who is left out."""
    facts = {
        "k": found.k, "reason": found.reason, "verdict": found.structure.verdict,
        "ratio": found.structure.ratio, "chance": found.structure.chance, "customers": len(found.labels),
        "fits_none": found.fits_none, "too_little_known": found.too_little,
    }  # fmt: skip
    return Result("personas_found", found.stability, facts, found.settings, base="customers")


def near(groups: Groups, x: Array) -> tuple[Array, Array, Array]:
    """For each row of `x` its nearest group, the distance to it, and the margin, a block at a time.

    A mixture's group is the likeliest, its distance in spreads of each column, its margin the probability; of
    multinomials the distance is the root of the deviance a count.
    """
    label, distance, margin = np.empty(len(x), np.int64), np.empty(len(x)), np.empty(len(x))
    every = np.ones_like(groups.widths) if groups.method == "kmeans" else groups.widths
    for at in range(0, len(x), BLOCK):
        part = x[at : at + BLOCK]
        here = slice(at, at + len(part))
        if groups.method == "multinomial":
            blocks = groups.recipe.slices()
            chance, _each = latent.posterior(part, groups.weights, groups.centres)
            label[here], margin[here] = chance.argmax(axis=1), chance.max(axis=1)
            apart = latent.deviance(part, groups.centres, label[here], blocks)
            distance[here] = np.sqrt(apart / np.maximum(part.sum(axis=1), 1))
            continue
        squared = np.stack(
            [
                ((part - centre) ** 2 / width).sum(axis=1)
                for centre, width in zip(groups.centres, every, strict=True)
            ]
        ).T
        if groups.method == "kmeans":
            best = squared.argmin(axis=1)
            first, second = np.sqrt(np.partition(squared, 1, axis=1)[:, :2]).T
            sure = np.where(second > 0, (second - first) / np.where(second > 0, second, 1), 0.0)
        else:
            log = np.log(groups.weights) - 0.5 * (squared + np.log(every).sum(axis=1))
            log -= log.max(axis=1, keepdims=True)
            chance = np.exp(log)
            chance /= chance.sum(axis=1, keepdims=True)
            best, sure = chance.argmax(axis=1), chance.max(axis=1)
        label[here], margin[here] = best, sure
        distance[here] = np.sqrt(squared[np.arange(len(part)), best])
    return label, distance, margin


def decided(groups: Groups, x: Array) -> tuple[Array, Array]:
    """Label and margin of each row of `x`; -1 for who is far from everybody or between two."""
    label, distance, margin = near(groups, x)
    least = AMBIGUOUS if groups.method == "kmeans" else DOUBT
    return np.where((distance > groups.fence[label]) | (margin < least), NOBODY, label), margin


def _check(method: str, k: int | str, ks: Sequence[int], bootstraps: int) -> None:
    if method not in METHODS:
        raise ParameterError(f"there is no method '{method}'", do=did_you_mean(method, METHODS))
    wrong = [
        each for each in (*ks, k) if each != "auto" and (not isinstance(each, int) or not 2 <= each <= MOST)
    ]
    if wrong or not ks:
        raise ParameterError(
            f"{wrong[0] if wrong else k!r} groups cannot be", do=f'use 2 to {MOST}, or "auto"'
        )
    if bootstraps < 10:
        raise ParameterError("fewer than 10 bootstraps say nothing of stability", how_many=f"{bootstraps}")


def _gate(data: Matrix, seed: int, nulls: int) -> Structure:
    if data.recipe.blocks:
        return structure(replace(data, values=angles(data)), seed=seed, nulls=nulls, cut=CUT)
    return structure(data, seed=seed, nulls=nulls)


def _placed(data: Matrix, fit: Fit, method: Method) -> tuple[Groups, pd.Series[Any], pd.Series[Any]]:
    centres, weights, widths = fit.centres, fit.weights, fit.widths
    if method == "kmeans":
        from sklearn.cluster import KMeans

        full = KMeans(len(centres), init=centres, n_init=1, algorithm="lloyd").fit(data.values)
        order = numbered(full.labels_, full.cluster_centers_)
        centres = full.cluster_centers_[order]
    open_ended = Groups(method, data.recipe, centres, np.full(len(centres), np.inf), weights, widths)
    label, distance, _margin = near(open_ended, data.values)
    fence = np.zeros(len(centres))
    for number in range(len(centres)):
        if (label == number).any():
            low, high = np.quantile(distance[label == number], [0.25, 0.75])
            fence[number] = high + FENCE * (high - low)
    groups = Groups(method, data.recipe, centres, fence, weights, widths)
    label, margin = decided(groups, data.values)
    return (
        groups,
        pd.Series(label, index=data.codes, name="persona"),
        pd.Series(margin, index=data.codes, name="margin"),
    )


def _centres(features: Features, labels: pd.Series[Any], k: int) -> pd.DataFrame:
    names = [each.name for each in features.about if each.kind != "category"]
    rows = features.frame.loc[labels.index, names]
    return rows[labels >= 0].groupby(labels[labels >= 0]).mean().reindex(range(k))


def _stability(labels: pd.Series[Any], jaccards: Array) -> pd.DataFrame:
    k = len(jaccards)
    customers = np.bincount(labels[labels >= 0], minlength=k)
    low, high = wilson(customers, np.full(k, len(labels)))
    return pd.DataFrame(
        {
            "persona": range(k),
            "customers": customers,
            "share": customers / len(labels),
            "low": low,
            "high": high,
            "jaccard": jaccards,
            "badge": [badge(each) for each in jaccards],
        }
    )


def _none(
    data: Matrix, gate: Structure, reason: str, settings: dict[str, Any], table: pd.DataFrame | None = None
) -> Found:
    return Found(
        labels=pd.Series(NOBODY, index=data.codes, name="persona"),
        margin=pd.Series(np.nan, index=data.codes, name="margin"),
        centres=pd.DataFrame(),
        alternatives=pd.DataFrame() if table is None else table,
        stability=_stability(pd.Series([], dtype="int64"), np.array([])),
        k=0,
        reason=reason,
        structure=gate,
        groups=None,
        left_out=data.left_out,
        too_little=data.too_little,
        settings=settings,
    )
