"""A column of identifiers at a time: the one way to write each, and the hashes that stand for them.

Most values of a real source are written in the one way already, or nearly. Those are told by a pattern for
the whole column, several times as fast as one by one; the pattern takes less than `normalised` does, never
more, and all that it does not take goes there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.identity.keys import HASH_BYTES
from journey_lib.identity.normalise import normalised, refused_texts

# Printable ASCII without blanks, and without letters that would change their case.
_UPPER, _LOWER = r"^[!-`{-~]+$", r"^[!-@\[-~]+$"
_PLAIN = {
    **dict.fromkeys(("user_id", "member", "customer_id"), _UPPER),
    **dict.fromkeys(("device", "cookie"), _LOWER),
    "email": r"^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,20}$",
    "phone": r"^(\+84|0)[35789][0-9]{8}$",
}
# What such a pattern takes and is none all the same: noughts and hyphens, or a number somebody made up.
_NONE = {
    "phone": "(987654321|876543210|" + "|".join(f"{digit}{{8}}" for digit in range(10)) + ")$",
    "email": r"^.{65}",  # longer ones are measured part by part
}
_ZEROS = "^[0-]*$"
_BLOCK = 1 << 16


def canonical(
    kind: str, values: pa.Array, blocked: Collection[str] = ()
) -> tuple[pa.StringArray, dict[str, int]]:
    """Each identifier of a column written in the one way, or missing, and how many are none by reason.

    The answer is that of `normalised`, to the letter. `values` are distinct texts, none of them missing.
    """
    plain = (
        pc.match_substring_regex(values, _PLAIN[kind]) if kind in _PLAIN else pa.array([False] * len(values))
    )
    plain = pc.and_not(plain, pc.match_substring_regex(values, _NONE.get(kind, _ZEROS)))
    texts = pc.replace_substring_regex(values, "^0", "+84") if kind == "phone" else values
    for given, refused in zip((pc.ascii_lower(values), texts), refused_texts(kind, blocked), strict=True):
        plain = pc.and_not(plain, pc.is_in(given, pa.array(sorted(refused), values.type)))
    odd = pc.invert(plain)
    others, reasons = normalised(kind, values.filter(odd), blocked)
    return pc.replace_with_mask(texts, odd, pa.array(others, values.type)), reasons


def labels(digests: npt.NDArray[Any]) -> pa.Array:
    """Hashes, in rows of two numbers whose highest byte comes first, as one column of hex digits."""
    letters = np.empty((len(digests), 2 * HASH_BYTES), np.uint8)
    for start in range(0, len(digests), _BLOCK):
        block = digests[start : start + _BLOCK]
        letters[start : start + _BLOCK] = np.frombuffer(block.tobytes().hex().encode(), np.uint8).reshape(
            len(block), -1
        )
    ends = np.arange(0, letters.size + 1, 2 * HASH_BYTES, dtype=np.int64)
    return pa.Array.from_buffers(
        pa.large_string(), len(digests), [None, pa.py_buffer(ends), pa.py_buffer(letters)]
    )
