"""Usable rows become narrow ones: names as small numbers, customers with their fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from journey_lib.checks import KEYS
from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.model import RESERVED
from journey_lib.prepare.fold import Numbers, folds
from journey_lib.prepare.manifest import FOLDS
from journey_lib.sources import written
from journey_lib.spelling import tidy_name

FOLD = f"CAST(md5_number_lower(customer_id) % {FOLDS} AS SMALLINT)"  # what `fold.folds` says, in SQL
MOST = 32_767  # names of a kind: their numbers take two bytes a row
TOUCHING = ("events", "orders")  # tables whose rows become touches
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
    found = [(name, table) for table in TOUCHING for name in staged[table]]
    if not found:
        raise DataError(
            "no source delivers events or orders", do="declare one under `sources` in journey.yaml"
        )
    return found


def narrow(
    engine: Engine, staged: Mapping[str, Sequence[str]], scale: int, codes: Codes
) -> Iterator[pa.Table]:
    """All usable rows of what becomes a touch or ends a journey, piece by piece, amounts in minor units.

    `codes` learns the names as they come; the order of numbers is that of first sight. Where every source
    has customers or keys as whole numbers, these stay numbers.
    """
    found = touching(staged)
    kinds = {
        name: {column: kind for column, kind, *_ in engine.rows(f"DESCRIBE {name}")} for name, _ in found
    }
    customer = _held({name: "customer_id" for name, _ in found}, kinds)
    key = _held({name: KEYS[table] for name, table in found}, kinds)
    met: dict[str, str | None] = {}
    beside = engine.beside()
    numbers = Numbers()
    for source, (name, table) in enumerate(found):
        said = {column: f'"{column} said"' for column in NAMES if f"{column} said" in kinds[name]}
        who = "who" if "who" in kinds[name] else "CAST(-1 AS INTEGER) AS who"
        rows = engine.batches(
            f"SELECT {customer[name]} AS customer_id, {key[name]} AS event_id, {read_as(table, scale, said)},"
            f" {who}, CAST({source} AS SMALLINT) AS source FROM {name} WHERE reason IS NULL"
        )
        for batch in filter(len, rows):
            yield coded(batch, codes, lambda names: _tidied(beside, names, met), numbers)


def _held(ids: Mapping[str, str], kinds: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What to select of each staged table as an id: its number, where all files have numbers; else its text.

    A table that was stitched has a column `who`, and other customers than its file.
    """
    of = {name: kinds[name].get(f"{column} said", "VARCHAR") for name, column in ids.items()}
    if any(kind == "VARCHAR" or "who" in kinds[name] for name, kind in of.items()):
        return dict(ids)
    return {name: f'CAST("{column} said" AS BIGINT)' for name, column in ids.items()}


def _tidied(engine: Engine, names: Sequence[str], met: dict[str, str | None]) -> list[str | None]:
    """Names as they are written once they are tidy; `met` keeps what was asked before."""
    new = [name for name in names if name not in met]
    if new:
        said = "said"
        tidy = f"SELECT {said}, {written.words(said)} FROM (SELECT unnest($1::VARCHAR[]) AS {said})"
        met.update((name, word and tidy_name(word)) for name, word in engine.rows(tidy, [new]))
    return [met[name] for name in names]


def read_as(table: str, scale: int, said: Mapping[str, str] | None = None) -> str:
    """The columns of a touch in SQL, of a row of events or of an order; `said` has other names for some."""
    channel, touchpoint, kind = ((said or {}).get(name, name) for name in NAMES)
    names = (
        f"CAST(NULL AS VARCHAR) AS channel, {channel} AS touchpoint, 'purchase' AS event_type"
        if table == "orders"
        else f"{channel} AS channel, {touchpoint} AS touchpoint, {kind} AS event_type"
    )
    value = f"CAST(round(coalesce(value, 0) * {scale}) AS BIGINT) AS value"
    return f"epoch_us(timestamp) AS moment, {names}, {value}"


def coded(
    batch: pa.RecordBatch,
    codes: Codes,
    tidied: Callable[[Sequence[str]], Sequence[str | None]] = tuple,
    numbers: Numbers | None = None,
) -> pa.Table:
    """The rows of a batch with numbers for names, and the fold of their customer.

    `tidied` says how names are written, if it is not as they stand; `numbers` are customers met before.
    """
    ids = batch["customer_id"]
    columns = {
        **{name: batch[name] for name in ("customer_id", "moment", "value", "event_id", "who")},
        **{name: pa.array(_numbered(batch[name], name, codes[name], tidied)) for name in NAMES},
        "source": batch["source"],
        "fold": pa.array(folds(ids) if numbers is None else numbers.folds(ids)),
    }
    return pa.table(
        [columns[field.name] for field in NARROW],
        pa.schema([field.with_type(columns[field.name].type) for field in NARROW]),
    )


def _numbered(
    said: pa.Array, name: str, known: dict[str, int], tidied: Callable[[Sequence[str]], Sequence[str | None]]
) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The number of each name, -1 for none; names not met before get the next."""
    if said.null_count == len(said):
        return np.full(len(said), -1, np.int16)
    met = said.dictionary_encode()
    names = tidied(met.dictionary.to_pylist())
    numbers = [-1 if word is None else known.setdefault(word, len(known)) for word in names]
    if len(known) > MOST:
        raise DataError(
            f"more than {MOST:,} different values of {name}",
            do=f"map {name} to a column that groups them: a page's kind rather than its address",
        )
    places = met.indices.fill_null(len(numbers)) if said.null_count else met.indices
    return np.array([*numbers, -1], np.int16)[places.to_numpy()]


def alphabetical(codes: Codes) -> dict[str, dict[str, int]]:
    """The same names, numbered in alphabetical order."""
    return {name: {word: code for code, word in enumerate(sorted(codes[name]))} for name in codes}


def renumbered(known: Mapping[str, int], final: Mapping[str, int]) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The final number of each number a name had before; the last, which -1 finds, is -1."""
    return np.array([*(final[name] for name in known), -1], np.int16)
