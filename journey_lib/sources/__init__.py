"""The doors: one reader per outside format, each staging its files as one canonical table.

A reader is a module with ``stage(source, root, engine, into)``. It creates the table `into` with the
canonical columns of ``source.table`` (timestamps in UTC, amounts in major units) and, for every row,
``reason`` (why it cannot be used; NULL when it can), ``file``, ``row`` (record in that file, from 1; of a
workbook the row that Excel shows) and ``raw`` (what a bad row said). It returns counts of its own that the
report should reconcile to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine
from journey_lib.sources import (
    adobe,
    ads,
    complete_journey,
    convert,
    delimited,
    excel,
    ga4,
    jsonl,
    matomo,
    parquet,
    postgres,
    segment,
    snowplow,
    visits,
)
from journey_lib.sources.files import matching
from journey_lib.workspace import Source, Workspace

READERS = {
    "csv": delimited.stage,
    "excel": excel.stage,
    "parquet": parquet.stage,
    "jsonl": jsonl.stage,
    "postgres": postgres.stage,
    "ga4": ga4.stage,
    "segment": segment.stage,
    "snowplow": snowplow.stage,
    "matomo": matomo.stage,
    "adobe": adobe.stage,
    "ads": ads.stage,
    "complete_journey": complete_journey.stage,
}


def stage(source: Source, workspace: Workspace, engine: Engine, into: str) -> Mapping[str, int]:
    """Read one declared source into the table `into`, by the reader of its format."""
    zoned = source if source.timezone else source.model_copy(update={"timezone": workspace.timezone})
    counts = READERS[source.format](zoned, workspace.path, engine, into)
    convert.complete(engine, into, source.table)
    if source.table == "events":
        visits.guard_touchpoints(engine, into)
    return counts


def asked(source: Source) -> bool:
    """Whether a source is asked and not read: what it says is only known afterwards."""
    return source.format == "postgres"


def files(source: Source, root: Path) -> list[Path]:
    """The files a source consists of, in a fixed order."""
    if asked(source):
        return []
    return (
        complete_journey.files(source, root)
        if source.format == "complete_journey"
        else matching(source, root)
    )
