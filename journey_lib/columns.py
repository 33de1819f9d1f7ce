"""Columns of an analyst's own frame, checked and turned into the integers of the touch table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.model import timezones
from journey_lib.prepare import refuse_reserved
from journey_lib.spelling import tidy_name
from journey_lib.workspace import minor_digits

Ints = npt.NDArray[Any]
AT_ONCE = 1 << 17  # rows looked at together
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
        fold = np.concatenate(
            [_fold(uniques[begin : begin + AT_ONCE]) for begin in range(0, len(uniques), AT_ONCE)]
        )
    else:
        encoded = column.cast(pa.string()).dictionary_encode().combine_chunks()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        fold = _fold(encoded.dictionary.to_numpy(zero_copy_only=False))
    return codes.astype(np.int32, copy=False), fold


def _fold(ids: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return (pd.util.hash_array(ids, categorize=False) >> np.uint64(56)).astype(np.uint8)


def _ranked(column: pa.ChunkedArray, least: int, most: int) -> tuple[Ints, Ints]:
    """Rank of each id among those that occur, and those that occur."""
    if least >= 0 and most < 4 * len(column):
        least = 0  # nothing to take off
    pieces = _pieces(column)
    seen = np.zeros(most - least + 1, bool)
    for piece in pieces:
        seen[_from(least, piece)] = True
    found = np.flatnonzero(seen)
    rank = np.empty(len(seen), np.int32)
    rank[found] = np.arange(len(found), dtype=np.int32)
    ranks = np.empty(len(column), np.int32)
    end = 0
    for piece in pieces:
        ranks[end : end + len(piece)] = rank.take(_from(least, piece))
        end += len(piece)
    return ranks, found + least


def _pieces(column: pa.ChunkedArray) -> list[pa.Array]:
    """A column a piece at a time, so that what lies between needs little memory and none anew."""
    return [
        chunk[begin : begin + AT_ONCE] for chunk in column.chunks for begin in range(0, len(chunk), AT_ONCE)
    ]


def _from(least: int, ids: pa.Array) -> Ints:
    numbers = ids.to_numpy().astype(np.int64, copy=False)
    return numbers - least if least else numbers


def moments(column: pa.ChunkedArray, name: str, timezone: str) -> pa.ChunkedArray:
    """Times as microseconds of UTC; the same memory where they already are."""
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
        moments = zoned.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
        return pa.chunked_array([moments.to_numpy().view(np.int64)])
    return column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())


def names(column: pa.ChunkedArray) -> tuple[Ints, tuple[str, ...]]:
    """Codes in alphabetical order of the names, -1 for none: the same names always get the same codes.

    Blanks around a name and the place of its tone marks do not count, and an empty name is none: as at every
    other door.
    """
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    pieces = _pieces(column.unify_dictionaries())
    found = [tidy_name((name or "").strip()) for name in pieces[0].dictionary.cast(pa.string()).to_pylist()]
    used = np.zeros(len(found) + 1, bool)
    for piece in pieces:
        used[_places(piece, len(found))] = True
    some = np.flatnonzero(used[:-1])
    names = sorted({found[i] for i in some} - {""})
    refuse_reserved(names)
    code = {name: number for number, name in enumerate(names)}
    recode = np.full(len(found) + 1, -1, np.int16)
    recode[some] = [code.get(found[i], -1) for i in some]
    return np.concatenate([recode.take(_places(piece, len(found))) for piece in pieces]), tuple(names)


def _places(encoded: pa.DictionaryArray, none: int) -> Ints:
    """Where each row's name stands among all of them; `none` for a row without."""
    if not encoded.null_count:
        return encoded.indices.to_numpy()
    # A byte that numbers 128 names has no number left for none.
    return encoded.indices.cast(pa.int32()).fill_null(none).to_numpy()


def flags(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Conversions as booleans; 0 and 1 will do."""
    if column.null_count == 0:
        if pa.types.is_boolean(column.type):
            return column
        values = column.to_numpy()
        if np.isin(values, (0, 1)).all():
            return pa.chunked_array([values.astype(bool)])
    raise DataError(
        f"'{name}' must hold true or false in every row", do="fill gaps and convert it to booleans"
    )


def amounts(
    column: pa.ChunkedArray | None, name: str, currency: str | None, n: int
) -> tuple[pa.ChunkedArray, int]:
    """Amounts in major units, and how many digits the minor unit has.

    That unit is the currency's, else the one with the fewest digits that lose nothing.
    """
    if column is None:
        return pa.chunked_array([np.zeros(n)]), 0
    try:
        major = column.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise DataError(f"'{name}' holds {column.type}, not amounts", do="convert it to numbers") from error
    some = []
    for piece in _pieces(major):
        numbers = filled(piece)
        if not np.isfinite(numbers).all():
            raise DataError(f"'{name}' holds an infinite amount", do="correct it")
        some.append(numbers.compress(numbers != 0))
    return major, _digits(np.concatenate(some)) if currency is None else minor_digits(currency)


def filled(amounts: pa.Array) -> npt.NDArray[Any]:
    """The same amounts, with nothing for those that are missing."""
    numbers = (amounts.fill_null(0.0) if amounts.null_count else amounts).to_numpy()
    unknown = np.isnan(numbers)
    return np.where(unknown, 0.0, numbers) if unknown.any() else numbers


def to_minor(major: npt.NDArray[Any]) -> tuple[Ints, int]:
    """Amounts as whole minor units, and the digits of that unit: the fewest that lose nothing."""
    if major.dtype.kind == "i":
        return major.astype(np.int64, copy=False), 0
    digits = _digits(major[major != 0])
    return minor(major, digits), digits


def minor(major: npt.NDArray[Any], digits: int) -> Ints:
    """Amounts as whole minor units of so many digits."""
    return np.rint(major * 10**digits).astype(np.int64)


def _digits(amounts: npt.NDArray[Any]) -> int:
    lossless = (
        count
        for count in range(MOST_DIGITS)
        if np.allclose(np.rint(amounts * 10**count) / 10**count, amounts, rtol=1e-12, atol=0)
    )
    return next(lossless, MOST_DIGITS)


def ranks(column: pa.ChunkedArray) -> Ints:
    """Order of the event ids; a missing one comes first."""
    return pd.Series(column.to_pandas()).rank(method="dense").fillna(0).to_numpy(dtype=np.int64)
