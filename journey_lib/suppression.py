"""Which cells must be hidden beside those of few people, so that no total gives them away by subtraction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
NOTHING = 1e-9


def together(
    counts: Sequence[float] | pd.Series, lines: Sequence[Sequence[int] | pd.Series], few: Array, k: int
) -> Array:
    """The cells of `few`, and the smallest of the others without which none of them can be worked out.

    `counts` of people, a cell each; `lines` say for each way of adding up (along rows, along columns) in
    which line a cell stands: the reader knows the sum of every line. Afterwards what is hidden in a line is
    more than one cell and `k` people or more, and no hidden cell follows from all the sums together, unless
    there is nothing left to hide. Cells of nobody tell of no one, and stay. Secondary suppression as in
    Hundepool et al., Statistical Disclosure Control (2012), section 4.
    """
    people = np.nan_to_num(np.asarray(counts, float))
    hidden = np.asarray(few, bool) & (people > 0)
    groups = [np.asarray(line, np.int64) for line in lines]
    while (more := _next(people, groups, hidden, k)) is not None:
        hidden[more] = True
    return hidden


def _next(people: npt.NDArray[np.float64], groups: list[Numbers], hidden: Array, k: int) -> int | None:
    """The smallest cell that still has to go; None when nothing gives anybody away."""
    for group in groups:
        for line in np.unique(group[hidden]):
            mine = group == line
            gone = mine & hidden
            one_each = people[gone].sum() == gone.sum()
            if gone.sum() < 2 or people[gone].sum() < k or one_each:
                left = np.flatnonzero(mine & ~hidden & (people > 0))
                if len(left):
                    return int(left[np.argmin(people[left])])
    if len(groups) < 2:
        return None
    for cell in _determined(groups, hidden):
        left = np.flatnonzero(~hidden & (people > 0))
        beside = np.logical_or.reduce([group[left] == group[cell] for group in groups])
        for more in left[np.lexsort((people[left], ~beside))]:  # in its own lines first, small before large
            also = hidden.copy()
            also[more] = True
            if cell not in _determined(groups, also):
                return int(more)
    return None


def _determined(groups: list[Numbers], hidden: Array) -> Numbers:
    """Hidden cells that the sums of all lines leave one value: those no change of the others can move."""
    cells = np.flatnonzero(hidden)
    if not len(cells):
        return cells
    sums = np.vstack([group[cells] == line for group in groups for line in np.unique(group[cells])])
    _left, sizes, right = np.linalg.svd(sums.astype(float))
    free = right[int((sizes > NOTHING).sum()) :]
    return cells[(np.abs(free) < 1e-6).all(axis=0)]
