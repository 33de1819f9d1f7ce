"""Orders that do not depend on how rows happened to come: by groups, by labels, by strength of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.errors import DataError

Array = npt.NDArray[Any]
LABEL_DIGITS = 32

_MOST, _TIME_BITS = 1022, 47  # seen more often is a count that is not told apart
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
    return numbers(words_of(labels))


def numbers(words: Array, rows: Array | None = None) -> Labels:
    """The labels of some rows, or of all, of which the letters are given (`words_of`)."""
    n = len(words) if rows is None else len(rows)
    halves = np.empty((2, n), np.uint64)
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        text = words[block] if rows is None else words[rows[block]]
        quarter = _four_bytes(text.byteswap())
        halves[:, block] = ((quarter[:, ::2] << np.uint64(32)) | quarter[:, 1::2]).T
    return Labels(halves[0], halves[1])


def distinct(labels: pa.ChunkedArray) -> tuple[Array, pa.Array]:
    """Code of each label, and the label of each code; nearly all are numbered as they come.

    Labels are found again by one number mixed of all their letters, and then compared letter by letter. They
    are read in the chunks they came in: none is copied but the first of its code.
    """
    chunks = [words_of(chunk) for chunk in labels.chunks]
    mixed = np.empty(len(labels), np.uint64)
    for block, words in _blocks(chunks):
        np.einsum("ij,j->i", words, _MIX, out=mixed[block])
    codes, new = _coded(mixed)
    # As many as there may be; what is not written takes no memory.
    known, reached = np.empty(len(labels), _LABEL), 0
    strays: list[tuple[Array, Array]] = []
    for block, words in _blocks(chunks):
        label = words.view(_LABEL)[:, 0]
        again = np.flatnonzero(~new[block])
        added = label[new[block]]
        known[reached : reached + len(added)] = added
        reached += len(added)
        said = label.take(again)
        differ = known.take(codes[block][again]).view(np.uint64) != said.view(np.uint64)
        if differ.any():
            stray = differ.reshape(-1, 4).any(axis=1)
            strays.append((block.start + again[stray], said[stray]))
    if strays:
        # Another label was mixed to nearly the same number, which happens to a few rows in ten million.
        rows, said = (np.concatenate(column) for column in zip(*strays, strict=True))
        found, code = np.unique(said, return_inverse=True)
        codes[rows] = reached + code
        known[reached : reached + len(found)] = found
        reached += len(found)
    known = known[:reached]
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
    leads = place.take(np.flatnonzero(opens))
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


def words_of(labels: pa.Array) -> Array:
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


def grouped(group: Array, groups: int, key: Array) -> tuple[Array, Array]:
    """Rows by their group, then by a key that is not negative, equal ones as they come.

    Returns
    -------
    The rows in this order; and the places in it of those that equal the one before.
    """
    order, tied = _coarsely(group, groups, key)
    again = np.flatnonzero(tied)
    differ = key[order[again]] != key[order[again - 1]]
    if differ.any():
        run = np.cumsum(np.diff(again, prepend=-1) > 1)
        out_of_order = np.zeros(len(again) + 1, bool)
        out_of_order[run[differ]] = True
        places = _runs(again[out_of_order[run]])
        rows = order[places]
        order[places] = rows[np.lexsort((key[rows], group[rows]))]
        differ = key[order[again]] != key[order[again - 1]]
    return order, again[~differ]


def _coarsely(group: Array, groups: int, key: Array) -> tuple[Array, Array]:
    """Rows by their group and the first bits of a key; and which are not told from the row before.

    Group, key and row are put in one word as far as they fit, and words are sorted: four times as fast as
    sorting rows by their keys.
    """
    n = len(group)
    row_bits, group_bits = max(n - 1, 1).bit_length(), max(groups - 1, 1).bit_length()
    key_bits = int(key.max(initial=1)).bit_length()
    free = 64 - row_bits - group_bits
    shift = max(key_bits - free, 0)
    words = np.empty(n, np.uint64)
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        word = group[block].astype(np.uint64) << np.uint64(free)
        word |= (key[block] >> shift).astype(np.uint64, copy=False)
        word <<= np.uint64(row_bits)
        word |= np.arange(start, min(start + _BLOCK, n), dtype=np.uint64)
        words[block] = word
    words.sort()
    order, tied = np.empty(n, np.int32), np.zeros(n, bool)
    rows_only = (np.uint64(1) << np.uint64(row_bits)) - np.uint64(1)
    for start in range(0, n, _BLOCK):
        order[start : start + _BLOCK] = words[start : start + _BLOCK] & rows_only
        told = words[max(start - 1, 0) : start + _BLOCK] >> np.uint64(row_bits)
        tied[max(start, 1) : start + _BLOCK] = told[1:] == told[:-1]
    return order, tied


def _runs(again: Array) -> Array:
    """All places of rows that are not told apart, given those which are not told from the row before."""
    return np.union1d(again, again - 1)


class Evidence(NamedTuple):
    """What the order of links rests on, a row for each link."""

    strength: Array
    seen: Array
    first: Array
    left: Array
    right: Array


def strongest_first(group: Array, groups: int, links: Evidence, labels: Callable[[Array], Labels]) -> Array:
    """Links by group; within a group the strongest kinds, the most seen, the oldest, then by labels."""
    order, tied = _coarsely(group, groups, _packed(links))
    # Only where the packed keys cannot tell: those places are put in full order among themselves.
    places = _runs(np.flatnonzero(tied))
    if not len(places):
        return order
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
    """Strength, count and age in one small number, as far as they fit; never in another order."""
    if not len(links.first):
        return np.zeros(0, np.int64)
    there = np.bincount(links.strength) > 0
    rank = (np.cumsum(there) - 1).astype(np.int64)  # few strengths there are: fewer bits than all might take
    most = min(int(links.seen.max()), _MOST + 1)
    oldest = links.first.min()
    age_bits = int(links.first.max() - oldest).bit_length()
    spare = max(age_bits - _TIME_BITS, 0)
    packed = np.empty(len(links.first), np.int64)
    for start in range(0, len(packed), _BLOCK):
        block = slice(start, start + _BLOCK)
        rare = most - np.clip(links.seen[block], 0, most)
        head = (rank[links.strength[block]] << most.bit_length()) | rare
        age = (links.first[block] - oldest) >> spare
        # Counts that are too many to be told apart come before age: it may not decide between them.
        age[links.seen[block] > _MOST] = 0
        packed[block] = (head << (age_bits - spare)) | age
    return packed
