"""Which of 256 folds a customer is in: a byte of the MD5 of the id, for many short texts at once.

MD5 (RFC 1321) because it says the same in every version, language and engine; nothing here is kept secret by
it. A step of it is a few sums of 32-bit words, so that thousands of ids take it together.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

Words = np.ndarray[Any, np.dtype[np.uint32]]

SIZE = 32_768  # ids hashed together: enough to forget the calls, few enough to stay in the cache
LARGEST = 1 << 27  # a number up to which there is a place for each, in 256 MB
SHORT = 55  # bytes that fit in one block of the algorithm beside its own marks
SINES = [np.uint32(abs(math.sin(step + 1)) * 2**32) for step in range(63)]
TURNS = [
    [(np.uint32(turn), np.uint32(32 - turn)) for turn in turns]
    for turns in ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
]
START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
# By how many bytes of a text are left at a word (-1: none): what of it is text, and the mark that follows.
KEEP = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0], np.uint32)
MARK = np.array([0x80, 0x8000, 0x800000, 0x80000000, 0, 0], np.uint32)


@dataclass(frozen=True)
class Numbers:
    """Customers that are whole numbers, and the fold of those met before; 256 for the others.

    A customer of ten events is hashed once, as long as numbers are no larger than `LARGEST`.
    """

    met: list[np.ndarray[Any, np.dtype[np.uint16]]] = field(default_factory=lambda: [np.zeros(0, np.uint16)])

    def folds(self, ids: pa.Array) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The fold of each id, which may be a number or a text."""
        if not pa.types.is_integer(ids.type):
            return folds(ids)
        numbers = ids.to_numpy()
        if numbers.min() < 0 or numbers.max() > LARGEST:
            return folds(ids.cast(pa.string()))
        if numbers.max() >= len(self.met[0]):
            room = min(2 * int(numbers.max()) + 1, LARGEST + 1) - len(self.met[0])
            self.met[0] = np.concatenate([self.met[0], np.full(room, 256, np.uint16)])
        found = self.met[0][numbers]
        new = np.sort(numbers[found == 256])
        if len(new):
            new = new[np.diff(new, prepend=-1) > 0]
            self.met[0][new] = folds(pa.array(new).cast(pa.string()))
            found = self.met[0][numbers]
        return found.astype(np.uint8)


def folds(ids: pa.StringArray) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The fold of each id, 0 to 255: the first byte of the second half of its MD5. Ids must not be null."""
    text, offsets = laid_out(ids)
    found = np.empty(len(ids), np.uint8)
    for at in range(0, len(ids), SIZE):
        ends = offsets[at : at + SIZE + 1]
        found[at : at + SIZE] = _ninth_bytes(text, ends[:-1], np.diff(ends))
    return found


def laid_out(texts: pa.StringArray) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The bytes of all texts, with zeros after the last, and where each text begins and ends in them."""
    said = texts.buffers()[2]
    text = np.zeros((len(said) if said else 0) + SHORT + 9, np.uint8)
    if said:
        text[: len(said)] = np.frombuffer(said, np.uint8)
    if not len(texts):
        return text, np.zeros(1, np.int32)
    return text, np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]


def _ninth_bytes(
    text: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], sizes: np.ndarray[Any, Any]
) -> Any:
    longest = min(int(sizes.max()), SHORT)
    read: Words = np.ndarray(len(text) - 3, "<u4", text, strides=(1,))
    words: list[Words | int] = [0] * 16
    for word in range(longest // 4 + 1):
        left = np.clip(sizes - 4 * word, -1, 4)
        words[word] = read[np.minimum(starts + 4 * word, len(read) - 1)] & KEEP[left] | MARK[left]
    words[14] = (sizes * 8).astype(np.uint32)
    found = _mixed(words, len(sizes)).astype(np.uint8)
    for which in np.flatnonzero(sizes > SHORT).tolist():
        whole = text[starts[which] : starts[which] + sizes[which]].tobytes()
        found[which] = hashlib.md5(whole, usedforsecurity=False).digest()[8]
    return found


def _mixed(words: Sequence[Words | int], size: int) -> Words:
    """The third of the four words of the digest of one block, which the last of 64 steps leaves as it is."""
    a, b, c, d = (np.full(size, word, np.uint32) for word in START)
    f, turned = np.empty(size, np.uint32), np.empty(size, np.uint32)
    both, either, differ, plus = np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.add
    for step in range(63):
        turn, place = divmod(step, 16)
        place = (step, 5 * step + 1, 3 * step + 5, 7 * step)[turn] % 16
        if turn == 0:
            differ(both(differ(c, d, f), b, f), d, f)
        elif turn == 1:
            differ(both(differ(b, c, f), d, f), c, f)
        elif turn == 2:
            differ(differ(b, c, f), d, f)
        else:
            differ(either(np.invert(d, f), b, f), c, f)
        plus(plus(f, a, f), SINES[step], f)
        if not isinstance(words[place], int):
            plus(f, words[place], f)
        left, right = TURNS[turn][step % 4]
        either(np.left_shift(f, left, turned), np.right_shift(f, right, f), f)
        plus(f, b, a)  # what was a is not needed again: its room takes the next b
        a, b, c, d = d, a, b, c
    return b + np.uint32(START[2])
