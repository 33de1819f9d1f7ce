"""The doors: one reader per outside format, each staging its files as one canonical table.

A reader is a module with ``stage(source, root, engine, into)``. It creates the table `into` with the
canonical columns of ``source.table`` (timestamps in UTC, amounts in major units) and, for every row,
``reason`` (why it cannot be used; NULL when it can), ``file``, ``row`` (record in that file, from 1) and
``raw`` (what a bad row said). It returns counts of its own that the report should reconcile to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine
from journey_lib.sources import complete_journey, delimited, excel, jsonl, parquet, postgres
from journey_lib.sources.files import matching
from journey_lib.workspace import Source, Workspace

READERS = {
    "csv": delimited.stage,
    "excel": excel.stage,
    "parquet": parquet.stage,
    "jsonl": jsonl.stage,
    "postgres": postgres.stage,
    "complete_journey": complete_journey.stage,
}


def stage(source: Source, workspace: Workspace, engine: Engine, into: str) -> Mapping[str, int]:
    """Read one declared source into the table `into`, by the reader of its format."""
    zoned = source if source.timezone else source.model_copy(update={"timezone": workspace.timezone})
    return READERS[source.format](zoned, workspace.path, engine, into)


def state(source: Source) -> str:
    """What else than files decides what a source delivers: of a database, the moment it is asked.

    A database cannot be fingerprinted without reading it, so each preparation reads it anew.
    """
    return str(time.time_ns()) if source.format == "postgres" else ""


def files(source: Source, root: Path) -> list[Path]:
    """The files a source consists of, in a fixed order."""
    if source.format == "postgres":
        return []
    return (
        complete_journey.files(source, root)
        if source.format == "complete_journey"
        else matching(source, root)
    )
