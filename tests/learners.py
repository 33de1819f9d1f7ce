"""Two learners that look for what a table gives away: one that adds up, and one that cuts into steps.

They need nothing but numpy, and both are small on purpose: what they find anybody would find.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FOLDS, STEPS, ROUNDS, DEPTH = 3, 16, 8, 3
MOST, FEWEST = 12_000, 24  # rows that are looked at; more only cost time


def adding(seen: Array, label: Flags, new: Array) -> Array:
    """Scores by weights on every hint, least squares with a little ridge."""
    middle, width = seen.mean(axis=0), seen.std(axis=0) + 1e-9
    known, asked = (seen - middle) / width, (new - middle) / width
    gram = known.T @ known + 10 * np.eye(known.shape[1])
    return asked @ np.linalg.solve(gram, known.T @ (label - label.mean()))


def cutting(seen: Array, label: Flags, new: Array) -> Array:
    """Scores by a few boosted trees of three cuts, the same cut on all branches of one depth."""
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, STEPS + 1)[1:-1])) for column in seen.T]
    known, asked = (
        np.stack([np.searchsorted(edge, column) for edge, column in zip(edges, table.T, strict=True)])
        for table in (seen, new)
    )
    score, answer = np.zeros(len(seen)), np.zeros(len(new))
    for _ in range(ROUNDS):
        left = label - label.mean() - score
        branch, branch_new = np.zeros(len(seen), dtype=np.int64), np.zeros(len(new), dtype=np.int64)
        for _ in range(DEPTH):
            hint, step = best_cut(known, branch, left)
            branch, branch_new = 2 * branch + (known[hint] > step), 2 * branch_new + (asked[hint] > step)
        size = np.bincount(branch, minlength=2**DEPTH) + 5
        gain = 0.3 * np.bincount(branch, left, minlength=2**DEPTH) / size
        score, answer = score + gain[branch], answer + gain[branch_new]
    return answer


def best_cut(known: NDArray[np.int64], branch: NDArray[np.int64], left: Array) -> tuple[int, int]:
    """The hint and the step that explain most of what is left, over all branches."""
    branches, best = int(branch.max()) + 1, (-1.0, 0, 0)
    for hint, column in enumerate(known):
        cell = branch * STEPS + column
        total, size = (
            np.bincount(cell, weights, branches * STEPS).reshape(branches, STEPS).cumsum(axis=1)
            for weights in (left, None)
        )
        low, high = total**2 / (size + 5), (total[:, -1:] - total) ** 2 / (size[:, -1:] - size + 5)
        explained = (low + high).sum(axis=0)
        step = int(explained.argmax())
        best = max(best, (float(explained[step]), hint, step))
    return best[1], best[2]


def looked_at(label: Flags) -> NDArray[np.int64]:
    """At most so many rows, at random; of the rarer kind all there are, up to half.

    The ranks of either kind are still a fair draw, so chance reaches no farther than among all rows.
    """
    chance = np.random.default_rng(1)
    rows = chance.permutation(len(label))
    rare, common = sorted((rows[label[rows]], rows[~label[rows]]), key=len)
    rare = rare[: MOST // 2]
    return chance.permutation(np.r_[rare, common[: MOST - len(rare)]])


def learnt(hints: pd.DataFrame, label: Flags) -> float:
    """How far above chance the better learner orders rows it has not seen, in standard errors."""
    rows = looked_at(np.asarray(label, dtype=bool))
    table, label = hints.to_numpy(dtype=np.float64)[rows], np.asarray(label, dtype=bool)[rows]
    assert min(label.sum(), (~label).sum()) >= FEWEST, "too few rows to learn anything from"
    far = []
    for learner in (adding, cutting):
        total = 0.0
        for fold in range(FOLDS):
            asked = np.arange(len(label)) % FOLDS == fold
            score = learner(table[~asked], label[~asked], table[asked])
            total += separation(score, label[asked])
        far.append(total / np.sqrt(FOLDS))
    return max(far)


def separation(score: Array, label: Flags) -> float:
    """By how much the ranks of labelled rows are higher than by chance, in standard errors."""
    ranks = pd.Series(score).rank().to_numpy()
    yes, no = int(label.sum()), int((~label).sum())
    expected, spread = yes * (yes + no + 1) / 2, np.sqrt(yes * no * (yes + no + 1) / 12)
    return float((ranks[label].sum() - expected) / spread)
