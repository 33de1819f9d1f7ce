"""Orders that do not depend on how rows happened to come: by groups, by labels, by strength of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
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
    """Code of each label, and the label of each code; nearly all are numbered as they come.

    Labels are found again by one number mixed of all their letters, and then compared letter by letter. They
    are read in the chunks they came in: none is copied but the first of its code.
    """
    chunks = [_words(chunk) for chunk in labels.chunks]
    mixed = np.empty(len(labels), np.uint64)
    for block, words in _blocks(chunks):
        np.einsum("ij,j->i", words, _MIX, out=mixed[block])
    codes, new = _coded(mixed)
    known, reached = np.empty(int(np.count_nonzero(new)), _LABEL), 0
    strays: list[Array] = []
    for block, words in _blocks(chunks):
        label = words.view(_LABEL)[:, 0]
        added = label[new[block]]
        known[reached : reached + len(added)] = added
        reached += len(added)
        differ = known.take(codes[block]).view(np.uint64) != words.ravel()
        if differ.any():
            strays.append(block.start + np.flatnonzero(differ.reshape(-1, 4).any(axis=1)))
    if strays:
        # Another label was mixed to nearly the same number, which happens to a few rows in ten million.
        rows = np.concatenate(strays)
        texts = pa.concat_arrays(labels.take(pa.array(rows)).chunks)
        found, code = np.unique(_words(texts).view(_LABEL)[:, 0], return_inverse=True)
        codes[rows] = len(known) + code
        known = np.concatenate([known, found])
    ends = np.arange(0, LABEL_DIGITS * (len(known) + 1), LABEL_DIGITS, dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(known)]
    return codes, pa.Array.from_buffers(pa.large_string(), len(known), buffers)


def _coded(numbers: Array) -> tuple[Array, Array]:
    """Code of each number, counting up as they come, and which rows have theirs first; `numbers` is used up.

    Numbers that begin alike get one code: what is sorted are words of a number's first bits and its row. That
    takes half the time of looking up each in a table of millions, which fits no cache.
    """
    n = len(numbers)
    row_bits = np.uint64(max(n - 1, 1).bit_length())
    rows_only = (np.uint64(1) << row_bits) - np.uint64(1)
    numbers &= ~rows_only
    place = np.empty(n, np.int32)
    opens, new = np.ones(n, bool), np.zeros(n, bool)
    for start in range(0, n, _BLOCK):
        numbers[start : start + _BLOCK] |= np.arange(start, min(start + _BLOCK, n), dtype=np.uint64)
    numbers.sort()
    for start in range(0, n, _BLOCK):
        block = numbers[start : start + _BLOCK]
        place[start : start + _BLOCK] = block & rows_only
        begins = numbers[max(start - 1, 0) : start + _BLOCK] >> row_bits
        opens[max(start, 1) : start + _BLOCK] = begins[1:] != begins[:-1]
    # Fresh memory is dear: the sorted numbers are no longer needed, and two columns fit in their place.
    rank, run = numbers.view(np.int32).reshape(2, n)
    leads = place[opens]
    new[leads] = True
    code = np.cumsum(new, out=rank).take(leads)
    np.cumsum(opens, out=run)
    codes = np.empty(n, np.int32)
    for start in range(0, n, _BLOCK):
        codes[place[start : start + _BLOCK]] = code[run[start : start + _BLOCK] - 1] - 1
    return codes, new


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
