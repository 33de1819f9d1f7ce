"""How far an estimate can be trusted: intervals, chances, and sums that do not depend on order.

The functions of the normal distribution come from `scipy.special`: `scipy.stats` takes more than a second to
import, which every report would pay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[Any]

Z = 1.959963984540054  # 97.5th percentile of the standard normal: two-sided 95%
SMALL = 30  # journeys below which an estimate is shown muted


def wilson(successes: Array, n: Array) -> tuple[Array, Array]:
    """95% interval of a proportion by Wilson's score method (Wilson 1927); NaN where n is 0."""
    n = np.asarray(n, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.asarray(successes, float) / n
        centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def difference(successes: Array, n: Array, others: Array, m: Array) -> tuple[Array, Array, Array]:
    """Two independent proportions, the first less the second, and the 95% interval of that.

    `successes` of `n` beside `others` of `m`; NaN where either base is 0. Newcombe's hybrid score interval
    (1998, Statistics in Medicine 17, 873-890, method 10): the distances to the two Wilson limits, squared and
    added, so that it stays right where counts are small and never leaves -1 and 1.
    """
    (low, high), (other_low, other_high) = wilson(successes, n), wilson(others, m)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.asarray(successes, float) / np.asarray(n, float)
        q = np.asarray(others, float) / np.asarray(m, float)
    apart = p - q
    return apart, apart - np.hypot(p - low, other_high - q), apart + np.hypot(high - p, q - other_low)


def share_interval(share: Array, variance: Array, n: float, *, z: float = Z) -> tuple[Array, Array]:
    """95% interval of a share estimated with `variance` from `n` conversions, always within 0 and 1.

    Symmetric on the logit scale (delta method), so that small shares get the skewed interval they deserve;
    `z` is wider than the normal's where the variance itself is little known (`carried`). A share of exactly 0
    or 1 has no variance to go by and gets the rule of three, 3/n (Hanley and Lippman-Hand 1983).
    """
    if not n:
        return np.zeros_like(share), np.ones_like(share)
    # Sums of many weights reach 0 and 1 only up to rounding.
    inside = (share > 1e-12) & (share < 1 - 1e-12)
    safe = np.where(inside, share, 0.5)
    half = z * np.sqrt(np.maximum(variance, 0)) / (safe * (1 - safe))
    logit = np.log(safe / (1 - safe))
    rule = min(3 / n, 1.0)
    low = np.where(inside, 1 / (1 + np.exp(half - logit)), np.where(share > 0.5, 1 - rule, 0.0))
    high = np.where(inside, 1 / (1 + np.exp(-half - logit)), np.where(share < 0.5, rule, 1.0))
    return low, high


def carriers(x: Array) -> float:
    """How many equal numbers would vary as much as these: (sum of x)^2 / sum of x^2 (Kish 1965).

    Of amounts, how many customers carry the sum; NaN where there is nothing.
    """
    squares = float(order_free_total(np.square(x)[:, None])[0]) if len(x) else 0.0
    return float(order_free_total(np.asarray(x, float)[:, None])[0]) ** 2 / squares if squares else np.nan


def carried(pulls: Array) -> float:
    """How many standard errors wide a 95% interval has to be whose variance is the sum of squared `pulls`.

    Where few customers make most of the variance it is little known itself: Student's t, with the degrees of
    freedom that match how much the sum varies (Satterthwaite 1946). With many, that is the normal's 1.96.
    """
    likeness = 1 / carriers(np.square(pulls)) - 1 / max(len(pulls), 1)
    if not likeness > 1e-9:  # all alike, or nothing at all
        return Z
    return float(special.stdtrit(max(2 / likeness, 1.0), 0.975))


def mean_interval(x: Array, least: float = -np.inf, most: float = np.inf) -> tuple[float, float]:
    """95% interval of a mean of numbers that may be skewed, within `least` and `most`.

    Student's t on the scale of Hall's cubic transformation, which takes the skewness out (Hall 1992, J. R.
    Statist. Soc. B 54, 221-228); of symmetric numbers it is the usual interval. Missing for fewer than two
    numbers, and where all are equal: that has no spread to go by. Within bounds even those have an interval:
    three in `n` may be anything else (the rule of three), so far towards either bound.
    """
    n = len(x)
    if n < 2:
        return np.nan, np.nan
    x = np.sort(np.asarray(x, float))  # so that the order of customers changes no digit
    mean, spread = float(x.mean()), float(x.std(ddof=1))
    if x[0] == x[-1]:
        part = min(3 / n, 1.0)
        ends = mean - part * (mean - least), mean + part * (most - mean)
        return (ends[0], ends[1]) if np.isfinite(ends).all() else (np.nan, np.nan)
    skew = float(((x - mean) ** 3).mean()) / spread**3 / np.sqrt(n)
    t = float(special.stdtrit(n - 1, 0.975))

    def back(z: float) -> float:
        return z if abs(skew) < 1e-9 else 3 / skew * (float(np.cbrt(1 + skew * (z - skew / 6))) - 1)

    error = spread / np.sqrt(n)
    return max(mean - back(t) * error, least), min(mean - back(-t) * error, most)


def two_sided(z: Array) -> Array:
    """Chance of a standard normal value at least as far from 0 as `z`."""
    return np.asarray(2 * special.ndtr(-np.abs(np.asarray(z, float))))


def discoveries(chance: Array, rate: float) -> npt.NDArray[np.bool_]:
    """What is found when at most a share `rate` of it may be chance (Benjamini and Hochberg 1995).

    `chance`: p-values; NaN is a comparison that could not be made: never found, not counted.
    """
    chance = np.asarray(chance, float)
    made = ~np.isnan(chance)
    ordered = np.sort(np.clip(chance[made], 0, 1))
    below = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))
    return np.asarray(chance <= ordered[below[-1]]) if len(below) else np.zeros(len(chance), bool)


def order_free_sum(group: Array, x: Array, size: int) -> Array:
    """Sum floats by group so that the order of the rows cannot change a digit.

    Each pass splits off the leading bits of every number, as many as float64 can add up without any rounding;
    three passes leave a remainder far below the last digit. (The idea of Demmel and Nguyen's reproducible
    summation, 2015.)
    """
    top = float(np.abs(x).max(initial=0.0))
    if not top:
        return np.zeros(size)
    total = np.zeros(size)
    # Adding n numbers below 2**e exactly needs them to be multiples of 2**(e + log2(n) - 52).
    step = 2.0 ** (int(np.ceil(np.log2(top))) + int(np.ceil(np.log2(len(x) + 1))) - 52)
    rest = np.asarray(x, float)
    for _ in range(3):
        head = np.rint(rest / step) * step
        total = total + np.bincount(group, head, size)
        rest = rest - head
        step *= 2.0 ** -(51 - int(np.ceil(np.log2(len(x) + 1))))
    return total


def order_free_total(x: Array) -> Array:
    """Sum the columns of a table of floats so that the order of its rows cannot change a digit.

    Numbers are rounded to a grid on which their sum is exact, some 30 bits below the largest of their column:
    for variances, where the tenth digit says nothing.
    """
    top = np.abs(x).max(axis=0, initial=0.0)
    step = 2.0 ** (np.ceil(np.log2(np.where(top > 0, top, 1.0))) + np.ceil(np.log2(len(x) + 1)) - 52)
    return np.rint(x / step).sum(axis=0) * step
