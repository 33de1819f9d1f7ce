"""What other parts of the workbench, or an analyst's own table, say of stages: small frames become cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.journey_map.nouns import Cell, Entry, Evidence, Measured, Number, Reported
from journey_lib.model import Language

LANGUAGES: tuple[Language, ...] = ("vi", "en")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, each as a mapping."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def with_share(table: pd.DataFrame, count: str, of: str) -> pd.DataFrame:
    """The table with the columns share, low and high (Wilson) of one column in another."""
    n = table[of].to_numpy(float)
    low, high = wilson(table[count].to_numpy(float), n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return table.assign(share=table[count].to_numpy(float) / n, low=low, high=high)


def feelings(scores: pd.DataFrame | None, stages: Sequence[str], k: int) -> tuple[Cell, ...]:
    """Cells of the lane feeling from stage, score, low, high, n, source."""
    rows = _rows(scores, ("stage", "score", "low", "high", "n", "source"), "scores", stages)
    for row in rows:
        if not pd.isna(row["score"]) and not -1 <= row["score"] <= 1:
            raise DataError(
                "a feeling lies outside -1 to 1",
                where=f"scores, stage {row['stage']}: {row['score']}",
                do="bring the scale of the survey to -1 (as bad as can be) … 1",
            )
    return tuple(
        Cell(
            row["stage"],
            "feeling",
            (
                Entry(
                    Reported(int(row["n"]), str(row["source"])),
                    number=Number(float(row["score"]), "score", _known(row["low"]), _known(row["high"])),
                ),
            ),
        )
        for row in rows
        if row["n"] >= k and not pd.isna(row["score"])
    )


def pains(found: pd.DataFrame | None, stages: Sequence[str], k: int) -> tuple[Cell, ...]:
    """Cells of the lane pains from stage, pain (or vi and en), n, of, source; the most frequent first."""
    if found is None:
        return ()
    words: list[str] = [name for name in LANGUAGES if name in found] or ["pain"]
    rows = _rows(found, ("stage", *words, "n", "of", "source"), "pains", stages)
    kept = [row for row in rows if row["n"] >= k]
    return by_stage(
        "pains",
        [
            (
                row["stage"],
                Entry(
                    Reported(int(row["of"]), str(row["source"])),
                    {lang: str(row[lang]) for lang in LANGUAGES if lang in words},
                    name="" if words != ["pain"] else str(row["pain"]),
                    number=_part(row["n"], row["of"]),
                ),
            )
            for row in sorted(kept, key=lambda row: -row["n"])
        ],
    )


def quotes(found: pd.DataFrame | None, stages: Sequence[str], k: int) -> tuple[Cell, ...]:
    """Cells of the lane thinking from stage, text, language, n (people who said the like), source."""
    rows = _rows(found, ("stage", "text", "language", "n", "source"), "quotes", stages)
    return by_stage(
        "thinking",
        [
            (
                row["stage"],
                Entry(Reported(int(row["n"]), str(row["source"])), {row["language"]: str(row["text"])}),
            )
            for row in rows
            if row["n"] >= k
        ],
    )


def owners(found: pd.DataFrame | None, stages: Sequence[str]) -> tuple[Cell, ...]:
    """Cells of the lane owner from stage, touchpoint, owner: whose touchpoints are most goes first."""
    rows = _rows(found, ("stage", "touchpoint", "owner"), "inventory", stages)
    table = pd.DataFrame([row for row in rows if row["owner"] and not pd.isna(row["owner"])])
    if table.empty:
        return ()
    said = []
    for stage in stages:
        there = table[table["stage"] == stage]
        for owner, n in sorted(there["owner"].value_counts().items(), key=lambda each: (-each[1], each[0])):
            evidence: Evidence = Measured(len(there), "touchpoints", "inventory")
            said.append(
                (stage, Entry(evidence, name=str(owner), owner=str(owner), number=Number(n, "count")))
            )
    return by_stage("owner", said)


def _rows(
    frame: pd.DataFrame | None, columns: Sequence[str], what: str, stages: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of a frame; DataError says which column or stage is not there."""
    if frame is None:
        return []
    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(
            f"{what} has no column '{missing[0]}'", do=did_you_mean(missing[0], map(str, frame.columns))
        )
    unknown = sorted({str(stage) for stage in frame["stage"]} - set(stages))
    if unknown:
        raise DataError(
            f"{what} speaks of a stage '{unknown[0]}' that the map does not have",
            how_many=f"{int((~frame['stage'].isin(stages)).sum())} of {len(frame)} rows",
            do=did_you_mean(unknown[0], stages),
        )
    return records(frame)


def by_stage(lane: str, said: list[tuple[str, Entry]]) -> tuple[Cell, ...]:
    """Cells of a lane from entries with their stages, in the order in which they come."""
    order = list(dict.fromkeys(stage for stage, _entry in said))
    return tuple(Cell(stage, lane, tuple(entry for at, entry in said if at == stage)) for stage in order)


def _part(n: float, of: float) -> Number:
    low, high = wilson(np.array(n), np.array(of))
    return Number(n / of, "share", float(low), float(high))


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
