"""Orders that do not depend on how rows happened to come: by groups, by labels, by strength of evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from journey_lib.errors import DataError

Array = npt.NDArray[Any]
LABEL_DIGITS = 32

_COUNT_BITS, _TIME_BITS = 10, 47
_BLOCK = 1 << 14  # rows whose intermediate results stay in the processor's cache
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
_NO_LABEL, _MAKE_THEM = (
    "labels of identifiers must be hashes of 32 hex digits",
    "make them with identity.hashed",
)


class Labels(NamedTuple):
    """Labels of 32 hex digits as two numbers each, which sort as the texts do."""

    head: Array
    tail: Array


def numbers_of(labels: pa.Array) -> Labels:
    """Labels as numbers, to compare millions of them.

    Raises
    ------
    DataError
        A label is not 32 hex digits in lower case.
    """
    words = _words(labels)
    numbers = np.empty((2, len(words)), np.uint64)
    for start in range(0, len(words), _BLOCK):
        quarter = _four_bytes(words[start : start + _BLOCK].byteswap())
        numbers[:, start : start + _BLOCK] = ((quarter[:, ::2] << np.uint64(32)) | quarter[:, 1::2]).T
    return Labels(numbers[0], numbers[1])


def distinct(labels: pa.Array) -> tuple[Array, pa.Array]:
    """Code of each label, and the label of each code, numbered as they come."""
    words = _words(labels)
    mixed = np.empty(len(words), np.uint64)
    for start in range(0, len(words), _BLOCK):
        block = words[start : start + _BLOCK] * _MIX
        mixed[start : start + _BLOCK] = block[:, 0] + block[:, 1] + block[:, 2] + block[:, 3]
    # Numbers are found again five times as fast as texts of 32 letters.
    found = pc.dictionary_encode(pa.array(mixed))
    codes = found.indices.to_numpy(zero_copy_only=False)
    rows = np.empty(len(found.dictionary), np.int64)
    rows[codes[::-1]] = np.arange(len(codes))[::-1]
    known = words[rows]
    for start in range(0, len(words), _BLOCK):
        if (known[codes[start : start + _BLOCK]] != words[start : start + _BLOCK]).any():
            # Two labels were mixed to one number, which chance does once in a hundred thousand such inputs.
            found = pc.dictionary_encode(labels)
            return found.indices.to_numpy(zero_copy_only=False), found.dictionary
    return codes, labels.take(pa.array(rows))


def _words(labels: pa.Array) -> Array:
    """The letters of each label as four words of eight."""
    texts = labels.cast(pa.large_string())
    n = len(texts)
    if not n:
        return np.zeros((0, 4), np.uint64)
    offsets = np.frombuffer(texts.buffers()[1], np.int64, n + 1, texts.offset * 8)
    if texts.null_count or (np.diff(offsets) != LABEL_DIGITS).any():
        raise DataError(_NO_LABEL, do=_MAKE_THEM)
    return np.frombuffer(texts.buffers()[2], "<u8", 4 * n, int(offsets[0])).reshape(n, 4)


def _four_bytes(text: Array) -> Array:
    """Eight hex digits in one word, the first highest, to the four bytes they stand for."""
    letter = (text >> np.uint64(6)) & np.uint64(0x0101010101010101)
    digit = (text & np.uint64(0x0F0F0F0F0F0F0F0F)) + letter * np.uint64(9)
    # Written back it must be what it was: then all of it were digits in lower case.
    if (digit + np.uint64(0x3030303030303030) + letter * np.uint64(0x27) != text).any() or (
        (digit & np.uint64(0xF0F0F0F0F0F0F0F0)).any()
    ):
        raise DataError(_NO_LABEL, do=_MAKE_THEM)
    for shift, mask in ((4, 0x00FF00FF00FF00FF), (8, 0x0000FFFF0000FFFF), (16, 0x00000000FFFFFFFF)):
        digit = ((digit >> np.uint64(shift)) | digit) & np.uint64(mask)
    return digit


def grouped(group: Array, groups: int, key: Array) -> Array:
    """Rows by their group, then by a key that is not negative; equal keys in any order.

    Twice as fast as sorting all rows at once, because groups are counted out and each is sorted by itself.
    """
    n = len(group)
    small = np.int32 if max(n, groups) < np.iinfo(np.int32).max else np.int64
    at = np.arange(n, dtype=small)
    counted = sparse.csr_array(
        (np.ones(n, np.int8), (group.astype(small, copy=False), at)), shape=(groups, max(n, 1))
    )
    order = counted.indices
    starts = counted.indptr.astype(key.dtype, copy=False)
    rows = sparse.csr_array((order, key[order], starts), shape=(groups, np.iinfo(key.dtype).max))
    rows.sort_indices()
    return rows.data


class Evidence(NamedTuple):
    """What the order of links rests on, a row for each link."""

    strength: Array
    seen: Array
    first: Array
    left: Array
    right: Array


def strongest_first(group: Array, groups: int, links: Evidence, labels: Callable[[Array], Labels]) -> Array:
    """Links by group; within a group the strongest kinds, the most seen, the oldest, then by labels."""
    packed = _packed(links)
    order = grouped(group, groups, packed)
    packed = packed[order]
    tied = (packed[1:] == packed[:-1]) & (group[order[1:]] == group[order[:-1]])
    if not tied.any():
        return order
    # Only where the packed keys cannot tell: those places are put in full order among themselves.
    places = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
    rows = order[places]
    left, right = labels(links.left[rows]), labels(links.right[rows])
    exact = np.lexsort(
        (
            right.tail,
            right.head,
            left.tail,
            left.head,
            links.first[rows],
            -links.seen[rows],
            links.strength[rows],
            group[rows],
        )
    )
    order[places] = rows[exact]
    return order


def _packed(links: Evidence) -> Array:
    """Strength, count and age in one number, as far as they fit; never in another order than the whole."""
    if not len(links.first):
        return np.zeros(0, np.int64)
    most = (1 << _COUNT_BITS) - 1
    since = (links.first - links.first.min()).astype(np.int64)
    spare = max(int(since.max()).bit_length() - _TIME_BITS, 0)
    rare = most - np.clip(links.seen, 0, most)
    head = (links.strength.astype(np.int64) << _COUNT_BITS) | rare
    return (head << _TIME_BITS) | (since >> spare)
