"""Orders that do not depend on how rows happened to come: by groups, by labels, by strength of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from journey_lib.errors import DataError

Array = npt.NDArray[Any]
LABEL_DIGITS = 32

_COUNT_BITS, _TIME_BITS = 10, 47
_LABEL = np.dtype(f"V{LABEL_DIGITS}")
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


def distinct(labels: pa.ChunkedArray) -> tuple[Array, pa.Array]:
    """Code of each label, and the label of each code, numbered as they come.

    Labels are found again by one number mixed of all their letters, five times as fast as by the texts; and
    then compared letter by letter. They are read in the chunks they came in: none is copied but the first of
    its code.
    """
    chunks = [_words(chunk) for chunk in labels.chunks]
    mixed = np.empty(len(labels), np.uint64)
    for block, words in _blocks(chunks):
        spread = words * _MIX
        mixed[block] = spread[:, 0] + spread[:, 1] + spread[:, 2] + spread[:, 3]
    codes, numbers = pd.factorize(mixed)
    codes = codes.astype(np.int32)
    known, reached = np.empty(len(numbers), _LABEL), 0
    for block, words in _blocks(chunks):
        code, label = codes[block], words.view(_LABEL)[:, 0]
        # Codes count up as they come: one above all before it is new, and the next of the known labels.
        new = label[np.diff(np.maximum.accumulate(code.clip(reached - 1)), prepend=reached - 1) > 0]
        known[reached : reached + len(new)] = new
        reached += len(new)
        if (known.take(code).view(np.uint64) != words.ravel()).any():
            # Two labels were mixed to one number, which chance does once in a hundred thousand such inputs.
            found = pc.dictionary_encode(pa.concat_arrays(labels.chunks))
            return found.indices.to_numpy(zero_copy_only=False), found.dictionary
    ends = np.arange(0, LABEL_DIGITS * (len(known) + 1), LABEL_DIGITS, dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(known)]
    return codes, pa.Array.from_buffers(pa.large_string(), len(known), buffers)


def _blocks(chunks: list[Array]) -> Iterator[tuple[slice, Array]]:
    """Rows of all chunks a cacheful at a time, and where they stand."""
    at = 0
    for words in chunks:
        for start in range(0, len(words), _BLOCK):
            block = words[start : start + _BLOCK]
            yield slice(at, at + len(block)), block
            at += len(block)


def _words(labels: pa.Array) -> Array:
    """The letters of each label as four words of eight."""
    n = len(labels)
    if not n:
        return np.zeros((0, 4), np.uint64)
    texts = labels if pa.types.is_string(labels.type) else labels.cast(pa.large_string())
    place = np.dtype(np.int32 if pa.types.is_string(texts.type) else np.int64)
    offsets = np.frombuffer(texts.buffers()[1], place, n + 1, texts.offset * place.itemsize)
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
    most, oldest = (1 << _COUNT_BITS) - 1, links.first.min()
    spare = max(int(links.first.max() - oldest).bit_length() - _TIME_BITS, 0)
    packed = np.empty(len(links.first), np.int64)
    for start in range(0, len(packed), _BLOCK):
        block = slice(start, start + _BLOCK)
        rare = most - np.clip(links.seen[block], 0, most)
        head = (links.strength[block].astype(np.int64) << _COUNT_BITS) | rare
        packed[block] = (head << _TIME_BITS) | ((links.first[block] - oldest) >> spare)
    return packed
