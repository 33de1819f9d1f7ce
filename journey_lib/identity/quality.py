"""How right a stitching is, where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from journey_lib.errors import DataError


class Quality(NamedTuple):
    """Of the pairs put together, how many belong together; of those that belong, how many were found."""

    precision: float
    recall: float
    f1: float


def pairwise(found: npt.ArrayLike | Sequence[Any], truth: npt.ArrayLike | Sequence[Any]) -> Quality:
    """How well two groupings of the same things agree, pair by pair.

    Pairs are counted from the sizes of groups and of their overlaps, never listed. Where a side has no pair
    at all, nothing it says is wrong: its share is 1.

    Raises
    ------
    DataError
        The two are not of one length.
    """
    groups, real = (np.unique(np.asarray(side), return_inverse=True)[1] for side in (found, truth))
    if len(groups) != len(real):
        raise DataError(f"groupings of {len(groups)} and of {len(real)} things cannot be compared")
    both = np.unique(groups * np.int64(real.max(initial=0) + 1) + real, return_counts=True)[1]
    right, made, due = (_pairs(sizes) for sizes in (both, np.bincount(groups), np.bincount(real)))
    precision, recall = (right / made if made else 1.0), (right / due if due else 1.0)
    return Quality(precision, recall, 2 * right / (made + due) if made + due else 1.0)


def _pairs(sizes: npt.NDArray[Any]) -> int:
    sizes = sizes.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())
