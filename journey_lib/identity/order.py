"""Orders that do not depend on how rows happened to come: by groups, by labels, by strength of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journey_lib.errors import DataError
from journey_lib.identity.blocks import blocks, picked
from journey_lib.identity.rules import KINDS

Array = npt.NDArray[Any]
Rows = Any  # a slice of rows, or an array of them
Column = Callable[[Rows], Array]  # a column that is never written out, only made for the rows that are asked
LABEL_DIGITS = 32

_STRENGTH_BITS = (len(KINDS) ** 2 - 1).bit_length()
_MOST, _TIME_BITS = 1022, 47  # seen more often is a count that is not told apart
_LABEL = np.dtype(f"V{LABEL_DIGITS}")
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
    for block in blocks(n):
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
    codes, new = _coded(_mixed(chunks))
    # As many as there may be; what is not written takes no memory.
    known, reached = np.empty(len(labels), _LABEL), 0
    strays: list[tuple[Array, Array]] = []
    for block, words in _blocks(chunks):
        label = words.view(_LABEL)[:, 0]
        added, again = np.flatnonzero(new[block]), np.flatnonzero(~new[block])
        np.take(label, added, out=known[reached : reached + len(added)], mode="clip")
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


def _mixed(chunks: list[Array]) -> Array:
    """One number of all the letters of each label."""
    numbers = np.empty(sum(map(len, chunks)), np.uint64)
    for block, words in _blocks(chunks):
        np.einsum("ij,j->i", words, _MIX, out=numbers[block])
    return numbers


def _coded(numbers: Array) -> tuple[Array, Array]:
    """Code of each number, counting up as they come, and which rows have theirs first; `numbers` is used up.

    Numbers that begin alike get one code: what is sorted are words of a number's first bits and its row. That
    takes half the time of looking up each in a table of millions, which fits no cache.
    """
    n = len(numbers)
    rows_only = (np.uint64(1) << np.uint64(max(n - 1, 1).bit_length())) - np.uint64(1)
    numbers &= ~rows_only
    for block in blocks(n):
        numbers[block] |= np.arange(block.start, block.stop, dtype=np.uint64)
    numbers.sort()
    opens = np.ones(n, bool)
    leads, reached = np.empty(n, np.int32), 0  # the first row of each code; what is not written costs nothing
    for block in blocks(n):
        begins = numbers[max(block.start - 1, 0) : block.stop] | rows_only
        opens[max(block.start, 1) : block.stop] = begins[1:] != begins[:-1]
        lead = numbers[block].take(np.flatnonzero(opens[block])) & rows_only
        leads[reached : reached + len(lead)] = lead
        reached += len(lead)
    new = np.zeros(n, bool)
    new[leads[:reached]] = True
    codes = np.cumsum(new, dtype=np.int32)
    code = picked(codes, leads[:reached]) - np.int32(1)
    reached = 0
    for block in blocks(n):
        run = np.cumsum(opens[block]) + (reached - 1)
        codes[(numbers[block] & rows_only).view(np.int64)] = code[run]
        reached = int(run[-1]) + 1
    return codes, new


def _blocks(chunks: list[Array]) -> Iterator[tuple[slice, Array]]:
    """Rows of all chunks a cacheful at a time, and where they stand."""
    at = 0
    for words in chunks:
        for block in blocks(len(words)):
            yield slice(at + block.start, at + block.stop), words[block]
        at += len(words)


def words_of(labels: pa.Array) -> Array:
    """The letters of each label as four words of eight."""
    n = len(labels)
    if not n:
        return np.zeros((0, 4), np.uint64)
    texts = labels if pa.types.is_string(labels.type) else labels.cast(pa.large_string())
    place = np.dtype(np.int32 if pa.types.is_string(texts.type) else np.int64)
    offsets = np.frombuffer(texts.buffers()[1], place, n + 1, texts.offset * place.itemsize)
    if texts.null_count or not all(
        (np.diff(offsets[block.start : block.stop + 1]) == LABEL_DIGITS).all() for block in blocks(n)
    ):
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


def grouped(rows: int, group: Column, groups: int, key: Column, most: int) -> tuple[Array, Array]:
    """Rows by their group, then by a key from 0 to `most`, equal ones as they come.

    Returns
    -------
    The rows in this order; and the places in it of those that equal the one before.
    """
    words, mask = _sorted_words(rows, group, groups, key, most)
    order = _rows_of(words, mask)
    again = _in_order(order, alike(words, mask), group, key)
    return order, again


def repeated(rows: int, group: Column, groups: int, key: Column, most: int) -> tuple[Array, Array]:
    """The rows whose group and key other rows have too, those of one after the other, each as they come.

    Returns
    -------
    These rows; and where among them each group and key begins.
    """
    words, mask = _sorted_words(rows, group, groups, key, most)
    tied = alike(words, mask)
    runs = _runs(tied)
    some = (words[runs] & mask).astype(np.int32)
    again = _in_order(some, np.searchsorted(runs, tied), group, key)
    # Some were only taken for equal, by the first bits of their keys.
    equal = np.zeros(len(some) + 1, bool)
    equal[again] = True
    there = equal[:-1] | equal[1:]
    return some[there], np.flatnonzero(~equal[:-1][there])


def _in_order(order: Array, tied: Array, group: Column, key: Column) -> Array:
    """Put rows in full order that are sorted by the first bits of their keys alone.

    `tied` are the places of those that are not told from the row before; returned are the places of those
    that equal it.
    """
    differ = key(order[tied]) != key(order[tied - 1])
    if differ.any():
        run = np.cumsum(np.diff(tied, prepend=-1) > 1)
        out_of_order = np.zeros(len(tied) + 1, bool)
        out_of_order[run[differ]] = True
        runs = _runs(tied[out_of_order[run]])
        rows = order[runs]
        order[runs] = rows[np.lexsort((key(rows), group(rows)))]
        differ = key(order[tied]) != key(order[tied - 1])
    return tied[~differ]


def _sorted_words(rows: int, group: Column, groups: int, key: Column, most: int) -> tuple[Array, np.uint64]:
    """Words that sort rows by their group and the first bits of a key, sorted; and which bits are the row's.

    Group, key and row are put in one word as far as they fit, and words are sorted: four times as fast as
    sorting rows by their keys.
    """
    row_bits, group_bits = max(rows - 1, 1).bit_length(), max(groups - 1, 1).bit_length()
    free = 64 - row_bits - group_bits
    shift = max(most.bit_length() - free, 0)
    words = np.empty(rows, np.uint64)
    for block in blocks(rows):
        word = group(block).astype(np.uint64) << np.uint64(free)
        word |= (key(block) >> shift).astype(np.uint64, copy=False)
        word <<= np.uint64(row_bits)
        word |= np.arange(block.start, block.stop, dtype=np.uint64)
        words[block] = word
    words.sort()
    return words, (np.uint64(1) << np.uint64(row_bits)) - np.uint64(1)


def _rows_of(words: Array, mask: np.uint64) -> Array:
    order = np.empty(len(words), np.int32)
    for block in blocks(len(words)):
        order[block] = words[block] & mask
    return order


def alike(words: Array, mask: np.uint64) -> Array:
    """The places of words that differ from the one before in no bit, or only in those of a mask."""
    tied = np.zeros(len(words), bool)
    for block in blocks(len(words)):
        told = words[max(block.start - 1, 0) : block.stop] | mask
        tied[max(block.start, 1) : block.stop] = told[1:] == told[:-1]
    return np.flatnonzero(tied)


def _runs(again: Array) -> Array:
    """All places of rows that are not told apart, given those which are not told from the row before."""
    opens = again[np.diff(again, prepend=-1) > 1] - 1
    return np.sort(np.concatenate([opens, again]))


class Evidence(NamedTuple):
    """What the order of links rests on: their kinds, how often they were seen, and when first.

    `of` tells the three of some rows; `most` is the highest count of all, `times` the first and last moment.
    """

    of: Callable[[Rows], tuple[Array, Array, Array]]
    most: int
    times: tuple[int, int]


def strongest_first(
    rows: int, group: Column, groups: int, links: Evidence, labels: Callable[[Array], tuple[Labels, Labels]]
) -> Array:
    """Links by group; within a group the strongest kinds, the most seen, the oldest, then by labels."""
    words, mask = _sorted_words(rows, group, groups, *_packed(links))
    order = _rows_of(words, mask)
    # Only where the packed keys cannot tell: those places are put in full order among themselves.
    runs = _runs(alike(words, mask))
    if not len(runs):
        return order
    some = order[runs]
    left, right = labels(some)
    strength, seen, first = links.of(some)
    exact = np.lexsort(
        (
            right.tail,
            right.head,
            left.tail,
            left.head,
            first,
            -seen,
            strength,
            group(some),
        )
    )
    order[runs] = some[exact]
    return order


def _packed(links: Evidence) -> tuple[Column, int]:
    """Strength, count and age in one number, as far as they fit, never in another order; and the highest."""
    oldest, newest = links.times
    count_bits = min(links.most, _MOST + 1).bit_length()
    rarest = (1 << count_bits) - 1
    age_bits = (newest - oldest).bit_length()
    spare = max(age_bits - _TIME_BITS, 0)
    age_bits -= spare
    bits = _STRENGTH_BITS + count_bits + age_bits

    def packed(at: Rows) -> Array:
        strength, seen, first = links.of(at)
        head = (strength.astype(np.int64) << count_bits) | (rarest - np.clip(seen, 0, rarest))
        age = (first - oldest) >> spare
        # Counts that are too many to be told apart come before age: it may not decide between them.
        age[seen > _MOST] = 0
        return (head << age_bits) | age

    return packed, (1 << bits) - 1
