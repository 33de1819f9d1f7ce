"""The same customers whatever the order of rows, and the same digits however many threads there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import ParameterError

Array = npt.NDArray[Any]


def seeded(seed: int) -> None:
    """Refuse what cannot begin a sequence of random numbers.

    Raises
    ------
    ParameterError
        It is negative.
    """
    if seed < 0:
        raise ParameterError(f"seed={seed} is negative", do="use 0 or any larger whole number")


def lots(codes: pd.Index[Any], seed: int) -> Array:
    """A number drawn for each customer from their code and the seed alone (Steele, Lea and Flood 2014)."""
    if pd.api.types.is_integer_dtype(codes.dtype):
        drawn = codes.to_numpy(np.int64).view(np.uint64)
    else:
        drawn = pd.util.hash_array(codes.to_numpy(object))
    x = drawn + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(x ^ (x >> np.uint64(31)))


def drawn(codes: pd.Index[Any], size: int, seed: int) -> Array:
    """Positions of at most `size` customers, ascending: those with the smallest lots."""
    if len(codes) <= size:
        return np.arange(len(codes))
    return np.sort(np.argpartition(lots(codes, seed), size)[:size])


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order: with more threads the last digits, and with them ties, are the machine's choice."""
    import sklearn.cluster  # only libraries that are loaded can be held to one thread
    import sklearn.mixture
    import sklearn.tree  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def grouped(x: Array, k: int, seed: int, *, starts: int) -> tuple[Array, Array, float]:
    """Labels, centres and inertia of k-means, the best of `starts` (Lloyd 1982; k-means++)."""
    from sklearn.cluster import KMeans

    fit = KMeans(k, n_init=starts, random_state=seed % 2**32, algorithm="lloyd").fit(x)
    return fit.labels_, fit.cluster_centers_, float(fit.inertia_)
