"""Ready-made path tables: one row a path, how often it converted, for how much, and how often it did not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from journey_lib.columns import to_minor
from journey_lib.errors import DataError, did_you_mean
from journey_lib.journeys import PathTable, add, unique
from journey_lib.prepare import refuse_reserved
from journey_lib.spelling import tidy_name

Array = npt.NDArray[Any]

BLOCK = 16 * 2**20  # bytes of a file parsed at once


def read_paths(
    source: str | Path | pd.DataFrame | pa.Table,
    *,
    path: str = "path",
    conversions: str = "total_conversions",
    value: str | None = "total_conversion_value",
    nulls: str | None = "total_null",
    separator: str = " > ",
    delimiter: str = ",",
) -> PathTable:
    """A path table from a CSV file or a frame, such as the exports other attribution packages start from.

    Parameters
    ----------
    source
        A UTF-8 CSV file with a header (cells parted by `delimiter`), a pandas frame or an Arrow table.
    path, conversions, value, nulls
        Names of its columns; `value` and `nulls` may be None when there are none.
    separator
        What stands between the channels of a path; blanks around channel names, and the place of their tone
        marks, do not count.

    Raises
    ------
    DataError
        A column is missing, a count is negative, broken or empty, or a path has an empty step. (A path
        that is an empty text is a journey with no touch.)
    """
    table = _table(source, delimiter, path)
    for name in filter(None, (path, conversions, value, nulls)):
        if name not in table.column_names:
            raise DataError(
                f"the paths have no column '{name}'",
                where=str(source) if isinstance(source, str | Path) else None,
                do=did_you_mean(name, table.column_names),
            )
    count = _counts(table, conversions)
    ended = _counts(table, nulls) if nulls else np.zeros_like(count)
    worth = np.zeros(len(count)) if value is None else _numbers(table, value)
    encoded = _encoded(table[path])
    if encoded.null_count:
        raise DataError(
            f"'{path}' is missing in some rows",
            how_many=f"{encoded.null_count} of {len(encoded)}",
            do="an empty text stands for a journey with no touch; leave other rows out, and say so",
        )
    minor, digits = to_minor(worth)
    row = encoded.indices.to_numpy(zero_copy_only=False)
    tokens, offsets, channels, apart = _steps(encoded.dictionary, separator, path)
    size = len(encoded.dictionary)
    weights = {
        name: add(row, amount, size)
        for name, amount in (("conversions", count), ("value", minor), ("nulls", ended))
    }
    # Distinct texts are distinct paths, unless two ways to write a name made two of them one.
    found = {"tokens": tokens, "offsets": offsets, **weights} if apart else unique(tokens, offsets, weights)
    # What parsing took is free again, but Arrow keeps it for itself: handed back, the next step need not ask
    # for new memory, which is most of what crediting would cost.
    del table, encoded, row
    pa.default_memory_pool().release_unused()
    none = np.zeros(len(found["conversions"]), np.int64)
    return PathTable(
        channels=tuple(channels), **found, open=none, digits=digits, settings={"source": "path table"}
    )


def _steps(distinct: pa.StringArray, separator: str, name: str) -> tuple[Array, Array, tuple[str, ...], bool]:
    """Channel codes of each distinct path end to end, where each path begins, and the channels.

    And whether the paths are as distinct as their texts: no channel was written in two ways.
    """
    sign = separator.strip() or separator
    words, encoded = _split(distinct, separator)
    if any(word != word.strip() or sign in word for word in encoded.dictionary.to_pylist()):
        words, encoded = _split(distinct, sign)  # somebody wrote more or fewer blanks, here or there
    offsets = words.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    # A channel with and without blanks around it, or with its tone mark in either place, is one: settled
    # here, among the few distinct names.
    found = [tidy_name(word.strip()) for word in encoded.dictionary.to_pylist()]
    channels = sorted(set(found) - {""})
    refuse_reserved(channels)
    code = {channel: number for number, channel in enumerate(channels)}
    tokens = np.array([code.get(word, -1) for word in found], np.int16)[encoded.indices.to_numpy()]
    lengths = np.diff(offsets)
    blank = tokens < 0
    broken = np.flatnonzero(blank & np.repeat(lengths > 1, lengths))
    if len(broken):
        where = int(np.searchsorted(np.cumsum(lengths), broken[0], side="right"))
        raise DataError(
            f"'{name}' has a path with an empty step",
            where=f"{distinct[where].as_py()!r}",
            how_many=f"{len(broken)} empty steps",
            do="correct the path, or the separator",
        )
    if blank.any():  # a path that is an empty text: no touch
        lengths[np.repeat(np.arange(len(lengths)), lengths)[blank]] = 0
        tokens = tokens[~blank]
    apart = len(found) == len(set(found))
    return tokens, np.concatenate([[0], np.cumsum(lengths)]), tuple(channels), apart


def _split(distinct: pa.StringArray, separator: str) -> tuple[pa.ListArray, pa.DictionaryArray]:
    """The steps of each path, and the distinct texts among them."""
    words = pc.split_pattern(distinct, separator)
    return words, words.values.dictionary_encode()


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """The distinct texts of a column, and for each row which of them it is."""
    if not pa.types.is_dictionary(column.type):
        # In one piece first: bringing together the distinct texts of many pieces takes ten times as long.
        column = pa.chunked_array([column.cast(pa.large_string()).combine_chunks()]).dictionary_encode()
    column = column.unify_dictionaries().combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _table(source: str | Path | pd.DataFrame | pa.Table, delimiter: str, path: str) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pd.DataFrame):
        return pa.Table.from_pandas(source, preserve_index=False)
    try:
        return csv.read_csv(
            source,
            # Each block finds its own distinct paths: the fewer blocks, the less to bring together.
            read_options=csv.ReadOptions(block_size=BLOCK),
            parse_options=csv.ParseOptions(delimiter=delimiter),
            # Paths repeat: telling them apart while parsing is half the work of reading them.
            convert_options=csv.ConvertOptions(column_types={path: pa.dictionary(pa.int32(), pa.string())}),
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            "the paths cannot be read", where=f"{source}: {error}", do="give a UTF-8 CSV"
        ) from error


def _numbers(table: pa.Table, name: str) -> Array:
    """A column as numbers: whole ones as they are, others as floats, none missing."""
    column = table[name]
    if pa.types.is_integer(column.type) and not column.null_count:
        return column.to_numpy()
    try:
        numbers = column.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise DataError(
            f"'{name}' does not hold numbers", where=str(error), do="correct the column"
        ) from error
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise DataError(
            f"'{name}' is empty or not a number in some rows",
            where=f"first at data row {bad[0] + 1}",
            how_many=f"{len(bad)} of {len(numbers)}",
            do="correct them",
        )
    return numbers


def _counts(table: pa.Table, name: str) -> Array:
    numbers = _numbers(table, name)
    whole = numbers if numbers.dtype.kind == "i" else np.rint(numbers)
    bad = np.flatnonzero((numbers < 0) | (numbers != whole))
    if len(bad):
        raise DataError(
            f"'{name}' holds counts that are negative or not whole",
            where=f"first at data row {bad[0] + 1}",
            how_many=f"{len(bad)} of {len(numbers)}",
            do="correct them",
        )
    return whole.astype(np.int64, copy=False)
