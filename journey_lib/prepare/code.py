"""Usable rows become narrow ones: names as small numbers, customers with their fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from journey_lib.checks import KEYS
from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.model import RESERVED
from journey_lib.prepare.fold import folds
from journey_lib.prepare.manifest import FOLDS

FOLD = f"CAST(md5_number_lower(customer_id) % {FOLDS} AS SMALLINT)"  # what `fold.folds` says, in SQL
NAMES = ("channel", "touchpoint", "event_type")
NARROW = pa.schema(
    {
        "customer_id": pa.string(),
        "moment": pa.int64(),
        **dict.fromkeys(NAMES, pa.int16()),
        "value": pa.int64(),
        "event_id": pa.string(),
        "who": pa.int32(),
        "source": pa.int16(),
        "fold": pa.uint8(),
    }
)

Codes = Mapping[str, dict[str, int]]


def refuse_reserved(channels: Sequence[str]) -> None:
    """Refuse channels that are called what results call the ends of a journey."""
    taken = sorted(RESERVED.intersection(channels))
    if taken:
        raise DataError(
            f"a channel cannot be called {', '.join(repr(name) for name in taken)}",
            do="rename it: results use these names for journeys' ends and remainders",
        )


def touching(staged: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The staged tables whose rows become touches, and the canonical table each is part of."""
    found = [(name, table) for table in ("events", "orders") for name in staged[table]]
    if not found:
        raise DataError(
            "no source delivers events or orders", do="declare one under `sources` in journey.yaml"
        )
    return found


def narrow(
    engine: Engine, staged: Mapping[str, Sequence[str]], scale: int, codes: Codes
) -> Iterator[pa.Table]:
    """All usable rows of what becomes a touch or ends a journey, piece by piece, amounts in minor units.

    `codes` learns the names as they come; the order of numbers is that of first sight.
    """
    for source, (name, table) in enumerate(touching(staged)):
        rows = engine.batches(
            f"SELECT customer_id, {KEYS[table]} AS event_id, {read_as(table, scale)}, {_who(engine, name)},"
            f" CAST({source} AS SMALLINT) AS source FROM {name} WHERE reason IS NULL"
        )
        for batch in filter(len, rows):
            yield coded(batch, codes)


def read_as(table: str, scale: int) -> str:
    """The columns of a touch in SQL, of a row of events or of an order."""
    names = (
        "CAST(NULL AS VARCHAR) AS channel, channel AS touchpoint, 'purchase' AS event_type"
        if table == "orders"
        else "channel, touchpoint, event_type"
    )
    value = f"CAST(round(coalesce(value, 0) * {scale}) AS BIGINT) AS value"
    return f"epoch_us(timestamp) AS moment, {names}, {value}"


def coded(batch: pa.RecordBatch, codes: Codes) -> pa.Table:
    """The rows of a batch with numbers for names, and the fold of their customer."""
    columns = {
        **{name: batch[name] for name in ("customer_id", "moment", "value", "event_id", "who")},
        **{name: pa.array(_numbered(batch[name], codes[name])) for name in NAMES},
        "source": batch["source"],
        "fold": pa.array(folds(batch["customer_id"])),
    }
    return pa.table([columns[name] for name in NARROW.names], NARROW)


def _numbered(said: pa.Array, known: dict[str, int]) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The number of each name, -1 for none; names not met before get the next."""
    met = said.dictionary_encode()
    numbers = [known.setdefault(name, len(known)) for name in met.dictionary.to_pylist()]
    return np.array([*numbers, -1], np.int16)[met.indices.fill_null(len(numbers)).to_numpy()]


def alphabetical(codes: Codes) -> dict[str, dict[str, int]]:
    """The same names, numbered in alphabetical order."""
    return {name: {word: code for code, word in enumerate(sorted(codes[name]))} for name in codes}


def renumbered(known: Mapping[str, int], final: Mapping[str, int]) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The final number of each number a name had before; the last, which -1 finds, is -1."""
    return np.array([*(final[name] for name in known), -1], np.int16)


def _who(engine: Engine, name: str) -> str:
    """The number of the row's strongest identifier, by which other ways of stitching find it; -1 for none."""
    columns = {column for column, *_ in engine.rows(f"DESCRIBE {name}")}
    return "who" if "who" in columns else "CAST(-1 AS INTEGER) AS who"
