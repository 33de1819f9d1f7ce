"""One short word for a whole table, so that two sides can be told to have the same one."""

from __future__ import annotations

import hashlib
from typing import Any

OUTCOMES = (
    "name", "journeys", "customers", "conversions", "conversion_rate", "nulls", "open", "value", "touches",
)  # fmt: skip
# The tables of a page about journeys and the columns that two sides must agree on. Median times are not among
# them: ours are read from classes of time, and a test says how near they come.
PAGE = {
    "transitions": ("from", "to", "journeys", "customers", "share", "share_in"),
    "paths": ("path", "journeys", "customers", "conversions", "open", "value", "share"),
    "matrix": ("step", "name", "journeys", "share"),
    "first": OUTCOMES,
    "last": OUTCOMES,
    "lengths": OUTCOMES,
    "durations": OUTCOMES,
    "funnel": ("step", "reach", "customers", "open", "conversion", "total"),
    "cohorts": ("months", "customers", "of", "share"),
    "repeat": ("day", "at_risk", "customers", "share"),
}


def digest(table: Any, *columns: str) -> str:
    """A checksum of some columns of a pandas frame, whatever the order of its rows; names are text."""
    rows = zip(*(table[name].tolist() for name in columns), strict=True)
    lines = sorted("\t".join(v if isinstance(v, str) else f"{v:.12g}" for v in row) for row in rows)
    return f"{len(lines)} rows, {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"
