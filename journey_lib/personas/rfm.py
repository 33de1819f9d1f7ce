"""RFM: customers by how lately, how often and for how much they bought, and the ten segments of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BeforeValidator, Field

from journey_lib import authored
from journey_lib.authored import Strict
from journey_lib.errors import ConfigError, DataError, ParameterError, did_you_mean
from journey_lib.features import Features
from journey_lib.model import Language, Result
from journey_lib.personas.segments import VALUES, shares

Array = npt.NDArray[Any]
STANDARD = Path(__file__).parent / "data_files" / "rfm_segments.yaml"
COLUMNS: Mapping[str, str] = {"r": "recency_conversion_days", "f": "conversions", "m": "value"}
SCORES = range(1, 6)


def _range(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value, value)


Scores = Annotated[
    tuple[Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=1, le=5)]], BeforeValidator(_range)
]


class Box(Strict):
    """Scores from the first to the last of each pair, both included; all five where none are given."""

    r: Scores = (1, 5)
    f: Scores = (1, 5)
    m: Scores = (1, 5)

    def cells(self) -> Iterable[tuple[int, int, int]]:
        """The cells of the box."""
        ranges = (range(first, last + 1) for first, last in (self.r, self.f, self.m))
        return ((r, f, m) for r, f, m in itertools.product(*ranges))


class Segment(Strict):
    """One segment: its code, what readers call it, and the boxes it is made of."""

    segment: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: Mapping[Language, str] = Field(default_factory=dict)
    any: tuple[Box, ...] = Field(min_length=1)


class Table(Strict):
    """Segments in the order in which they are shown; together they hold each of the 125 cells once."""

    segments: tuple[Segment, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        """Codes of the segments, in order."""
        return tuple(segment.segment for segment in self.segments)

    def labels(self, language: Language) -> dict[str, str]:
        """What readers call the segments."""
        return {each.segment: each.label.get(language, each.segment) for each in self.segments}


def table(file: Path | None = None) -> Table:
    """The table of segments: the standard one, or an analyst's own file written alike.

    Raises
    ------
    ConfigError
        The file says what cannot be, or cells belong to no segment or to several; they are named.
    """
    path = file or STANDARD
    if not path.is_file():
        raise ConfigError("there is no table of RFM segments", where=str(path))
    found = authored.read(path, Table, what="the table of RFM segments")
    check(found, where=str(path))
    return found


def check(segments: Table, *, where: str = "the table") -> None:
    """Refuse a table in which not each of the 125 cells belongs to exactly one segment, or names repeat.

    Raises
    ------
    ConfigError
        With the cells, written r-f-m.
    """
    owners: dict[tuple[int, int, int], list[str]] = {
        cell: [] for cell in itertools.product(SCORES, SCORES, SCORES)
    }
    for segment in segments.segments:
        for box in segment.any:
            for cell in box.cells():
                owners[cell].append(segment.segment)
    wrong = {cell: names for cell, names in owners.items() if len(names) != 1}
    if wrong:
        said = [
            f"{'-'.join(map(str, cell))} in {' and '.join(names) if names else 'none'}"
            for cell, names in wrong.items()
        ]
        raise ConfigError(
            "cells of r-f-m must be in exactly one segment each",
            where=f"{where}: {', '.join(said[:10])}{', …' if len(said) > 10 else ''}",
            how_many=f"{len(wrong)} of 125 cells",
            do="mend the boxes; an inverted range such as [5, 4] holds nothing",
        )
    twice = sorted({name for name in segments.names if segments.names.count(name) > 1})
    if twice:
        raise ConfigError(f"the segment '{twice[0]}' stands in the table twice", where=where)


def printed(segments: Table) -> pd.DataFrame:
    """The table as it is printed beside results: columns segment, r, f, m, one row a box."""
    rows = [
        {"segment": segment.segment}
        | {name: _spelt(getattr(box, name)) for name in COLUMNS}
        for segment in segments.segments
        for box in segment.any
    ]  # fmt: skip
    return pd.DataFrame(rows)


def scores(features: Features, *, bounds: Mapping[str, Sequence[float]] | None = None) -> pd.DataFrame:
    """Scores 1 to 5 of everyone who converted in the window: columns r, f, m, by the customer's code.

    By fifths: a score is one more than the whole fifths of customers who are worse. So equal values always
    have equal scores, the worst value has 1, and fifths are unequal where values repeat: when most bought
    once, they all have f 1. With `bounds`, four ascending numbers for recency_conversion_days, conversions or
    value: a score ends at its bound, the bound included.

    Raises
    ------
    ParameterError
        Bounds that are not four ascending numbers, or of a column that is not scored.
    DataError
        Nobody converted in the window.
    """
    limits = _limits(bounds or {})
    frame = features.frame[list(COLUMNS.values())]
    frame = frame[frame[COLUMNS["r"]].notna()]
    if frame.empty:
        raise DataError(
            "nobody converted in the window: there is nothing to score",
            do="take a longer window, or another conversion",
        )
    found = {}
    for name, column in COLUMNS.items():
        values = frame[column].to_numpy(float)
        if column in limits:
            ends = np.searchsorted(limits[column], values) + 1
            found[name] = 6 - ends if name == "r" else ends
        else:  # the less time has passed, the better
            found[name] = _fifths(-values if name == "r" else values)
    return pd.DataFrame(found, index=frame.index)


def assign(
    features: Features,
    *,
    segments: Table | None = None,
    bounds: Mapping[str, Sequence[float]] | None = None,
) -> pd.Series:
    """The segment of everyone who converted in the window, by the customer's code."""
    declared = segments or table()
    check(declared)
    owner = np.empty((6, 6, 6), object)
    for segment in declared.segments:
        for box in segment.any:
            for cell in box.cells():
                owner[cell] = segment.segment
    scored = scores(features, bounds=bounds)
    return pd.Series(owner[scored["r"], scored["f"], scored["m"]], scored.index, dtype="str", name="segment")


def segments(
    features: Features,
    *,
    segments: Table | None = None,
    bounds: Mapping[str, Sequence[float]] | None = None,
) -> Result:
    """How large each RFM segment is, in customers and in value.

    Columns segment, customers, of (who converted in the window), share with low and high (Wilson), value,
    value_share with value_low and value_high (a ratio of sums over customers, linearised), and the medians
    recency_days, conversions and mean_value of the segment. Facts: customers, without (in the table of
    features and without a conversion: they have no scores), value. `settings` carries the table and the
    bounds that were used: of fifths, the least and largest value of each score.

    Raises
    ------
    ParameterError, ConfigError, DataError
        See `scores` and `check`.
    """
    declared = segments or table()
    names = assign(features, segments=declared, bounds=bounds)
    scored = scores(features, bounds=bounds)
    mine = features.frame.loc[names.index]
    found = shares(names, mine["value"], declared.names)
    medians = mine[["recency_conversion_days", "conversions", "mean_value"]].groupby(names).median()
    for column, name in zip(("recency_days", "conversions", "mean_value"), medians.columns, strict=True):
        found[column] = medians[name].reindex(found["segment"]).to_numpy()
    facts = {
        "customers": len(names),
        "without": len(features.frame) - len(names),
        "value": float(mine["value"].sum()),
    }
    settings = features.settings | {
        "table": printed(declared).to_dict("records"),
        "bounds": {name: list(values) for name, values in (bounds or {}).items()},
        "scores": _ranges(mine, scored),
    }
    return Result(
        "rfm",
        found,
        facts,
        settings,
        base="customers",
        people=("of", "payers"),
        within={"of": (len(features.frame),)},
        tell={"of": ("share", "low", "high")},
        about={"payers": (*VALUES, "mean_value")},
        parts=((), ("of",)),
        sums={"payers": ((),)},
        groups={"segment": ("customers",)},
        unseen=("payers",),
        besides={
            ("of",): {len(names): len(features.frame) - len(names)},
            "segment": len(features.frame) - len(names),
        },
        heads={"customers": ("without", "value"), "without": ("customers",)},
    )


def _fifths(values: Array) -> Array:
    """One more than the whole fifths of customers with a lower value."""
    _, place, equal = np.unique(values, return_inverse=True, return_counts=True)
    below = np.cumsum(equal) - equal
    return (5 * below // len(values) + 1)[place]


def _limits(bounds: Mapping[str, Sequence[float]]) -> dict[str, Array]:
    for name, values in bounds.items():
        if name not in COLUMNS.values():
            raise ParameterError(f"'{name}' is not scored", do=did_you_mean(name, COLUMNS.values()))
        given = np.asarray(values, float)
        if given.shape != (4,) or not (np.diff(given) > 0).all():
            raise ParameterError(
                f"bounds of {name}: {list(values)}", do="give four ascending numbers, where scores end"
            )
    return {name: np.asarray(values, float) for name, values in bounds.items()}


def _ranges(frame: pd.DataFrame, scored: pd.DataFrame) -> dict[str, dict[int, list[float]]]:
    """The least and largest value of each score."""
    found: dict[str, dict[int, list[float]]] = {}
    for name, column in COLUMNS.items():
        ends = frame[column].groupby(scored[name]).agg(["min", "max"])
        rows = ends.itertuples(name=None)
        found[column] = {int(score): [float(least), float(most)] for score, least, most in rows}
    return found


def _spelt(scores: tuple[int, int]) -> str:
    return str(scores[0]) if scores[0] == scores[1] else f"{scores[0]}–{scores[1]}"
