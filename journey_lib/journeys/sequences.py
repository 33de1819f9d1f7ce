"""Which sequences of touches are equal: short ones are numbers, and the few long ones are hashed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journey_lib.journeys.cut import Array, laid

LONG = np.uint64(1 << 63)  # in the keys of hashed sequences only
FOLD = 8  # bits


def grouped(
    tokens: Array, offsets: Array, fold: Array | None = None, attempt: int = 0
) -> tuple[Array, Array]:
    """The group of equal sequences (and equal folds) each one belongs to, and the first member of each group.

    Sequence i is ``tokens[offsets[i]:offsets[i + 1]]``. As many tokens as fit into 63 bits are the key by
    themselves. Longer sequences are grouped by a hash and every member is then compared with its group's
    first; the few that differ, if ever any do, are grouped again among themselves with another hash.
    """
    lengths = np.diff(offsets)
    bits = (int(tokens.max(initial=0)) + 1).bit_length()
    shift = 0 if fold is None else FOLD
    key = _packed(tokens, offsets, lengths, bits, shift)
    if fold is not None:
        key |= fold.astype(np.uint64)
    long = np.flatnonzero(lengths > (63 - shift) // bits)
    if len(long):
        key[long] = _hash(*taken(tokens, offsets, long), None if fold is None else fold[long], attempt) | LONG
    group, _ = pd.factorize(key, sort=True)
    first = np.empty(group.max(initial=-1) + 1, np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    odd = long[_differ(tokens, offsets, fold, long, first[group[long]])]
    if len(odd):
        among, leaders = grouped(
            *taken(tokens, offsets, odd), None if fold is None else fold[odd], attempt + 1
        )
        group[odd] = among + len(first)
        first = np.concatenate([first, odd[leaders]])
    return group, first


def taken(tokens: Array, offsets: Array, rows: Array) -> tuple[Array, Array]:
    """Only these sequences, in their order."""
    starts = offsets.take(rows)
    lengths = offsets.take(rows + 1) - starts
    return tokens.take(laid(starts, lengths)), np.concatenate([[0], np.cumsum(lengths)])


def _packed(tokens: Array, offsets: Array, lengths: Array, bits: int, shift: int) -> Array:
    """Every sequence as one number, `bits` for each token; of longer ones only what fits."""
    place = np.arange(len(tokens))
    place -= np.repeat(offsets[:-1], lengths)
    place *= bits
    place += shift
    sums = np.empty(len(tokens) + 1, np.uint64)
    sums[0] = 0
    moved = (tokens + 1).astype(np.uint64)
    np.left_shift(moved, place.view(np.uint64), out=moved)
    np.cumsum(moved, out=sums[1:])  # modulo 2**64, as are the differences
    ends = sums.take(offsets)
    return ends[1:] - ends[:-1]


def _hash(tokens: Array, offsets: Array, fold: Array | None, attempt: int) -> Array:
    """A 64-bit polynomial hash of every sequence and its fold."""
    factor = np.uint64(0x9E3779B97F4A7C15 + 2 * attempt)
    # Prefix sums of a polynomial over all tokens; dividing by the power at a sequence's start (the factor is
    # odd, so it has an inverse modulo 2**64) makes equal sequences equal wherever they stand.
    inverse = np.uint64(pow(int(factor), -1, 2**64))
    sums = np.empty(len(tokens) + 1, np.uint64)
    sums[0] = 0
    terms = tokens.astype(np.uint64)
    terms += np.uint64(1)
    terms *= _powers(factor, len(tokens) + 1)[1:]
    np.cumsum(terms, out=sums[1:])
    hashed = np.diff(sums.take(offsets))
    hashed *= _powers(inverse, len(tokens) + 1).take(offsets[:-1])
    return hashed if fold is None else hashed * np.uint64(257) + fold.astype(np.uint64)


def _powers(factor: np.uint64, n: int) -> Array:
    """The first `n` powers of a number, from its zeroth, modulo 2**64.

    They are laid out in rows, none of which has to wait for the one before.
    """
    row = np.full(min(n, 1024), factor)
    row[:1] = 1
    np.cumprod(row, out=row)
    begins = np.full(-(-n // 1024), row[-1:] * factor)
    begins[:1] = 1
    np.cumprod(begins, out=begins)
    return np.multiply.outer(begins, row).ravel()[:n]


def _differ(tokens: Array, offsets: Array, fold: Array | None, one: Array, other: Array) -> Array:
    """Whether each sequence of `one` is another than that of `other`."""
    lengths = np.diff(offsets)
    differs = lengths[one] != lengths[other]
    if fold is not None:
        differs |= fold[one] != fold[other]
    alike = np.flatnonzero(~differs & (one != other))
    mine, ends = taken(tokens, offsets, one[alike])
    theirs, _ = taken(tokens, offsets, other[alike])
    wrong = np.flatnonzero(mine != theirs)
    differs[alike[np.searchsorted(ends, wrong, side="right") - 1]] = True
    return differs
