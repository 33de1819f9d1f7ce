"""Columns of an analyst's own frame, checked and turned into the integers of the touch table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.model import timezones
from journey_lib.prepare import BUCKET_ROWS, refuse_reserved
from journey_lib.spelling import tidy_name
from journey_lib.workspace import minor_digits

Ints = npt.NDArray[Any]
MOST_DIGITS = 6  # of an amount in a frame that names no currency


def customers(column: pa.ChunkedArray, name: str) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Code of each row's customer, and the fold of each customer, which depends on nothing but its id."""
    if column.null_count:
        first = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise DataError(
            f"'{name}' is empty in some rows",
            where=f"first at row {first}",
            how_many=f"{column.null_count} of {len(column)}",
            do="give those rows an id, or leave them out of the frame and say so",
        )
    if pa.types.is_integer(column.type):
        least, most = pc.min_max(column).as_py().values()
        # Numbered one after another, as systems do: look up, do not hash.
        if most - least < 4 * len(column) and most <= np.iinfo(np.int64).max:
            codes, uniques = _ranked(column, least, most)
        else:
            codes, uniques = pd.factorize(column.to_numpy().astype(np.int64, copy=False))
        hashed = pd.util.hash_array(uniques)
    else:
        encoded = column.cast(pa.string()).dictionary_encode().combine_chunks()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        hashed = pd.util.hash_array(encoded.dictionary.to_numpy(zero_copy_only=False), categorize=False)
    return codes.astype(np.int32, copy=False), (hashed >> np.uint64(56)).astype(np.uint8)


def _ranked(column: pa.ChunkedArray, least: int, most: int) -> tuple[Ints, Ints]:
    """Rank of each id among those that occur, and those that occur; a piece at a time, as in `_piecewise`."""
    pieces = [
        chunk[begin : begin + BUCKET_ROWS]
        for chunk in column.chunks
        for begin in range(0, len(chunk), BUCKET_ROWS)
    ]
    seen = np.zeros(most - least + 1, bool)
    for piece in pieces:
        seen[_from(least, piece)] = True
    found = np.flatnonzero(seen)
    rank = np.empty(len(seen), np.int32)
    rank[found] = np.arange(len(found), dtype=np.int32)
    ranks = np.empty(len(column), np.int32)
    end = 0
    for piece in pieces:
        ranks[end : end + len(piece)] = rank[_from(least, piece)]
        end += len(piece)
    return ranks, found + least


def _from(least: int, ids: pa.Array) -> Ints:
    return ids.to_numpy().astype(np.int64, copy=False) - least


def _piecewise(change: Callable[[Ints], Ints], column: Ints, dtype: type) -> Ints:
    """A column changed a piece at a time, so that what lies between needs little memory and none anew."""
    changed: Ints = np.empty(len(column), dtype)
    for begin in range(0, len(column), BUCKET_ROWS):
        changed[begin : begin + BUCKET_ROWS] = change(column[begin : begin + BUCKET_ROWS])
    return changed


def moments(column: pa.ChunkedArray, name: str, timezone: str) -> Ints:
    """Times as microseconds of UTC."""
    if column.null_count:
        raise DataError(
            f"'{name}' is empty in some rows",
            how_many=f"{column.null_count} of {len(column)}",
            do="leave those rows out, and say so",
        )
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if not pa.types.is_timestamp(column.type):
        raise DataError(
            f"'{name}' holds {column.type}, not times",
            do="convert it by its format first: pd.to_datetime(..., format='%d/%m/%Y %H:%M:%S')",
        )
    if timezone != "UTC" and timezone not in timezones():
        raise ParameterError(f"'{timezone}' is not a known time zone", do=did_you_mean(timezone, timezones()))
    if column.type.tz is None and timezone != "UTC":
        local = pd.Series(column.to_pandas())
        try:
            zoned = local.dt.tz_localize(timezone, ambiguous="raise", nonexistent="raise")
        except ValueError as error:
            raise DataError(
                f"'{name}' has times that do not exist, or exist twice, in {timezone}",
                where=str(error).split(",")[0],
                do="give those times their offset",
            ) from error
        return (
            zoned.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]").to_numpy().view(np.int64)
        )
    return column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64()).to_numpy()


def names(column: pa.ChunkedArray) -> tuple[Ints, tuple[str, ...]]:
    """Codes in alphabetical order of the names, -1 for none: the same names always get the same codes.

    Blanks around a name and the place of its tone marks do not count, and an empty name is none: as at every
    other door.
    """
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    encoded = column.combine_chunks()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    found = [tidy_name((name or "").strip()) for name in encoded.dictionary.cast(pa.string()).to_pylist()]
    position = encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
    used = np.flatnonzero(np.bincount(position, minlength=len(found) + 1)[: len(found)])
    names = sorted({found[i] for i in used} - {""})
    refuse_reserved(names)
    code = {name: number for number, name in enumerate(names)}
    recode = np.full(len(found) + 1, -1, np.int16)
    recode[used] = [code.get(found[i], -1) for i in used]
    return recode[position], tuple(names)


def flags(column: pa.ChunkedArray, name: str) -> npt.NDArray[np.bool_]:
    """Conversions as booleans; 0 and 1 will do."""
    values = column.to_numpy() if column.null_count == 0 else None
    if values is not None and (values.dtype == bool or np.isin(values, (0, 1)).all()):
        return values.astype(bool)
    raise DataError(
        f"'{name}' must hold true or false in every row", do="fill gaps and convert it to booleans"
    )


def amounts(column: pa.ChunkedArray | None, name: str, currency: str | None, n: int) -> tuple[Ints, int]:
    """Amounts as integers of the minor unit: the currency's, else the fewest decimals that lose nothing."""
    if column is None:
        return np.zeros(n, np.int64), 0
    try:
        major = column.cast(pa.float64()).fill_null(0.0).to_numpy()
    except pa.ArrowInvalid as error:
        raise DataError(f"'{name}' holds {column.type}, not amounts", do="convert it to numbers") from error
    if not np.isfinite(major).all():
        major = np.nan_to_num(major, nan=0.0, posinf=np.inf, neginf=-np.inf)
        if not np.isfinite(major).all():
            raise DataError(f"'{name}' holds an infinite amount", do="correct it")
    return to_minor(major, None if currency is None else minor_digits(currency))


def to_minor(major: npt.NDArray[Any], digits: int | None = None) -> tuple[Ints, int]:
    """Amounts as whole minor units, and the digits of that unit: given, or the fewest that lose nothing."""
    if digits is None and major.dtype.kind == "i":
        return major.astype(np.int64, copy=False), 0
    if digits is None:
        amounts = major[major != 0]
        lossless = (
            count
            for count in range(MOST_DIGITS)
            if np.allclose(np.rint(amounts * 10**count) / 10**count, amounts, rtol=1e-12, atol=0)
        )
        digits = next(lossless, MOST_DIGITS)
    return _piecewise(lambda piece: np.rint(piece * 10**digits), major, np.int64), digits


def ranks(column: pa.ChunkedArray) -> Ints:
    """Order of the event ids; a missing one comes first."""
    return pd.Series(column.to_pandas()).rank(method="dense").fillna(0).to_numpy(dtype=np.int64)
