"""Preparing on Spark: each file is read, and each bucket sorted, by the embedded engine in a task of its own.

Spark brings the rows of a customer together and finds keys that repeat; no rule of reading, checking or
ordering is written twice. `work/` is the same, file by file, as one machine would have built it.
"""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib import checks, sources
from journey_lib.engine import Engine, Spark, connect, literal, spark
from journey_lib.errors import DataError
from journey_lib.model import IDENTIFIERS, TABLES, TRAFFIC
from journey_lib.prepare import people
from journey_lib.prepare.bucket import bucket
from journey_lib.prepare.code import (
    FOLD,
    NAMES,
    NARROW,
    TOUCHING,
    coded,
    read_as,
    refuse_reserved,
    renumbered,
)
from journey_lib.prepare.manifest import FOLDS, FORMAT, Manifest, bucket_count
from journey_lib.prepare.refuse import refuse_losses, refuse_nothing
from journey_lib.prepare.spelt import spell
from journey_lib.prepare.write import write_side_tables, write_touches
from journey_lib.spelling import tidy_name
from journey_lib.workspace import Source, Workspace, minor_digits

ROWS = pa.schema(
    {
        "source": pa.int16(),
        "key": pa.string(),
        "customer_id": pa.string(),
        "moment": pa.int64(),
        **dict.fromkeys(("channel", "touchpoint", "event_type"), pa.string()),
        "value": pa.int64(),
        "file": pa.string(),
        "row": pa.int64(),
        "fold": pa.int16(),
    }
)

SORTED = [name for name in ROWS.names if name not in {"file", "row"}]  # what a bucket is made of


@dataclass(frozen=True)
class _Part:
    """One file of a source, and the folder for what was read of it."""

    workspace: Workspace
    source: int
    file: str
    scratch: Path
    number: int

    @property
    def declared(self) -> Source:
        return self.workspace.sources[self.source]

    @property
    def kept(self) -> Path:
        return self.scratch / "parts" / f"{self.number:06}.parquet"

    @property
    def apart(self) -> Path:
        return self.scratch / "rejected" / f"{self.number:06}.parquet"


@dataclass(frozen=True)
class _Whole:
    """What is only known of all rows together, and every bucket needs."""

    tables: tuple[str, ...]
    codes: Mapping[str, Mapping[str, int]]
    first: tuple[int, ...]
    last: int
    memory: str
    folder: Path


def hindrance(workspace: Workspace) -> str | None:
    """Why Spark cannot prepare this workspace; None where it can.

    It reads events and orders in Parquet files of the same columns, known by `customer_id` and with their
    channel named, and costs in any format.
    """
    if workspace.identity is not None:
        return "its customers are stitched from identifiers"
    read = [source for source in workspace.sources if source.table in TOUCHING]
    for source in workspace.sources:
        if source.table not in (*TOUCHING, "costs"):
            return f"it has a source of {source.table}"
        if source.table in TOUCHING and source.format != "parquet":
            return f"{source.table} come as {source.format} and not as Parquet"
    for source in read:
        columns = {_columns(file) for file in sources.files(source, workspace.path)} - {None}
        if len(columns) > 1:
            return f"the files of {source.path} differ in their columns"
        names = {name for of_file in columns if of_file for name, _ in of_file}
        known = (names & {*TABLES[source.table]}) - {*source.ignore}
        known |= source.columns.keys() | source.set.keys()
        more = sorted(known & ({*TRAFFIC, *IDENTIFIERS, "device_type"} - {"customer_id"}))
        if more:
            return f"its {source.table} have the column {more[0]}"
    return None if read else "it has no source of events or orders"


def _columns(file: Path) -> tuple[tuple[str, str], ...] | None:
    """Names and types of a file's columns; of one that is no Parquet its reader will say so."""
    try:
        return tuple((column.name, str(column.type)) for column in pq.read_schema(file))
    except (pa.ArrowException, OSError):
        return None


def build(
    workspace: Workspace, engine: Engine, folder: Path, say: Callable[[str], None], fingerprint: str
) -> Manifest:
    """Build `work/` in `folder`; `engine` is the driver's, for what is small."""
    here = Spark(str(workspace.engine.master), workspace.engine.memory)
    scale, folder = 10 ** minor_digits(workspace.currency), folder.absolute()
    scratch = folder / "spark"
    for name in ("parts", "rejected", "customers"):
        (scratch / name).mkdir(parents=True)
    workspace = workspace.model_copy(update={"path": workspace.path.absolute()})
    tables = tuple(source.table for source in workspace.sources)
    parts = _parts(workspace, scratch)
    say(f"reading {len(parts)} files on Spark")
    read = spark.run(here, parts, _read, scratch)
    views, kept = _kept(here, tables, scratch)
    staged, beside = _beside(workspace, engine, folder / "rejected")
    spell(engine, staged)
    accounts = [
        beside.get(number) or _added(workspace, number, parts, read, engine, folder / "rejected")
        for number in range(len(tables))
    ]
    refuse_losses(workspace, accounts, folder)
    codes, touches, period = _coded(here, views, kept)
    if not touches:
        refuse_nothing(workspace, accounts, folder)
    refuse_reserved(list(codes["channel"]))
    say("sorting touches by customer and time on Spark")
    sql = f"SELECT fold, count(DISTINCT customer_id) FROM ({kept}) GROUP BY fold"
    counted = dict(spark.query(here, views, sql))
    per_fold = tuple(int(counted.get(fold, 0)) for fold in range(FOLDS))
    buckets = bucket_count(touches)
    folds = FOLDS // buckets
    first = (0, *(int(n) for n in np.cumsum(per_fold)[folds - 1 :: folds]))
    whole = _Whole(tables, codes, first, period[1], workspace.engine.memory, folder)
    (folder / "touches").mkdir()
    sql = f"SELECT {', '.join(SORTED)} FROM ({kept})"
    spark.regroup(here, views, sql, f"fold DIV {folds}", buckets, partial(_bucket, whole), scratch)
    write_side_tables(engine, staged, folder, scale)
    with people.writer(folder / "customers.parquet") as writer:
        for described in sorted((scratch / "customers").iterdir()):
            writer.write_table(pq.read_table(described))
    shutil.rmtree(scratch)
    return Manifest(
        fingerprint=fingerprint,
        format=FORMAT,
        accounts=tuple(accounts),
        touches=touches,
        customers=sum(per_fold),
        customers_per_fold=per_fold,
        event_types=codes["event_type"],
        channels=tuple(codes["channel"]),
        touchpoints=tuple(codes["touchpoint"]),
        period=period,
        buckets=buckets,
    )


def _parts(workspace: Workspace, scratch: Path) -> list[_Part]:
    files = [
        (number, str(file.relative_to(workspace.path)))
        for number, source in enumerate(workspace.sources)
        if source.table in TOUCHING
        for file in sources.files(source, workspace.path)
    ]
    return [_Part(workspace, source, file, scratch, number) for number, (source, file) in enumerate(files)]


def _read(part: _Part) -> checks.Account:
    """On an executor: read and check one file as one machine would, and keep its rows by fold."""
    declared = part.declared
    source = declared.model_copy(update={"path": glob.escape(part.file)})
    with connect(Path(tempfile.gettempdir()), part.workspace.engine.memory) as engine:
        records = _stage(source, part.workspace, engine, "staged")
        rows_in, kept, dropped = checks.account(engine, "staged")
        if dropped:
            checks.keep_rejected(engine, "staged", part.apart)
        scale = 10 ** minor_digits(part.workspace.currency)
        columns = (
            f"{part.source} AS source, {checks.KEYS[source.table]} AS key, customer_id,"
            f" {read_as(source.table, scale)}, file, row, {FOLD} AS fold"
        )
        engine.keep("kept", ROWS.empty_table())
        engine.run(f"INSERT INTO kept BY NAME SELECT {columns} FROM staged WHERE reason IS NULL")
        engine.run(f"COPY kept TO {literal(str(part.kept))} (FORMAT parquet)")
    return checks.Account(declared.table, declared.format, declared.path, rows_in, kept, dropped, records)


def _stage(source: Source, workspace: Workspace, engine: Engine, into: str) -> dict[str, int]:
    rates = workspace.path / workspace.rates if workspace.rates else None
    counted = dict(sources.stage(source, workspace, engine, into))
    return counted | checks.convert_currency(
        engine, into, source.table, workspace.currency, workspace.timezone, rates
    )


def _kept(here: Spark, tables: Sequence[str], scratch: Path) -> tuple[dict[str, Path], str]:
    """Find rows whose key was already seen; returns Spark's views, and the SQL of the rows that stay.

    Most keys occur once: their hashes are counted first, and only what may repeat is looked at closely.
    """
    orders = ", ".join(str(number) for number, table in enumerate(tables) if table == "orders")
    is_order = f"source IN ({orders})" if orders else "false"
    views = {"parts": scratch / "parts", "repeated": scratch / "repeated"}
    rows = f"SELECT *, {is_order} AS is_order FROM parts"
    spark.query(
        here,
        {"parts": views["parts"]},
        f"WITH keyed AS (SELECT *, xxhash64(is_order, key) AS hash FROM ({rows}) WHERE key IS NOT NULL),"
        " often AS (SELECT hash FROM keyed GROUP BY hash HAVING count(*) > 1), maybe AS (SELECT *,"
        " min(struct(source, file, row)) OVER (PARTITION BY is_order, key) AS earliest FROM keyed LEFT SEMI"
        " JOIN often USING (hash)) SELECT source, file, row FROM maybe"
        " WHERE struct(source, file, row) <> earliest",
        views["repeated"],
    )
    return views, f"SELECT * FROM ({rows}) LEFT ANTI JOIN repeated USING (source, file, row)"


def _beside(
    workspace: Workspace, engine: Engine, rejected: Path
) -> tuple[dict[str, list[str]], dict[int, checks.Account]]:
    """Read on the driver what is no touch, such as costs, a line a day."""
    staged: dict[str, list[str]] = {table: [] for table in TABLES}
    accounts = {}
    for number, source in enumerate(workspace.sources):
        if source.table in TOUCHING:
            continue
        into = f"staged_{number}"
        records = _stage(source, workspace, engine, into)
        rows_in, kept, dropped = checks.account(engine, into)
        if dropped:
            checks.keep_rejected(engine, into, rejected / f"{number}_{source.table}.parquet")
        staged[source.table].append(into)
        said = (source.table, source.format, source.path, rows_in, kept, dropped, records)
        accounts[number] = checks.Account(*said)
    return staged, accounts


def _added(
    workspace: Workspace,
    number: int,
    parts: Sequence[_Part],
    read: Sequence[checks.Account],
    engine: Engine,
    into: Path,
) -> checks.Account:
    """The accounts of a source's files as one, with the rows already seen; bad rows become one file too."""
    source = workspace.sources[number]
    mine = [(part, account) for part, account in zip(parts, read, strict=True) if part.source == number]
    seen = f"{checks.KEYS[source.table]} {checks.SEEN}"
    repeated = literal(str(into.parent / "spark" / "repeated" / "*.parquet"))
    again = (
        f"SELECT {literal(seen)} AS reason, file, row, CAST(NULL AS VARCHAR) AS raw"
        f" FROM read_parquet({repeated}) WHERE source = {number}"
    )
    dropped: Counter[str] = Counter()
    records: Counter[str] = Counter()
    for _, account in mine:
        dropped.update(account.dropped)
        records.update(account.records)
    count = int(engine.one(f"SELECT count(*) FROM ({again})")[0])
    dropped.update({seen: count} if count else {})
    if dropped:
        apart = [literal(str(part.apart)) for part, account in mine if account.dropped]
        bad = (
            f"SELECT reason, file, row, raw FROM read_parquet([{', '.join(apart)}]) UNION ALL "
            if apart
            else ""
        )
        engine.run(f"CREATE OR REPLACE TABLE apart AS {bad}{again}")
        checks.keep_rejected(engine, "apart", into / f"{number}_{source.table}.parquet")
    return checks.Account(
        source.table,
        source.format,
        source.path,
        sum(account.rows_in for _, account in mine),
        sum(account.kept for _, account in mine) - count,
        dict(sorted(dropped.items())),
        dict(records),
    )


def _coded(
    here: Spark, views: Mapping[str, Path], kept: str
) -> tuple[dict[str, dict[str, int]], int, tuple[int, int]]:
    """Every name's code (event types: how often), the number of touches, their first and last moment."""
    names = ("event_type", "channel", "touchpoint")
    found = [
        (*(word and tidy_name(word) for word in row[:3]), *row[3:])
        for row in spark.query(
            here,
            views,
            "SELECT event_type, channel, touchpoint,"
            f" count(*), min(moment), max(moment) FROM ({kept}) GROUP BY 1, 2, 3",
        )
    ]
    codes: dict[str, dict[str, int]] = {}
    for at, name in enumerate(names):
        said = sorted({row[at] for row in found} - {None})
        codes[name] = {word: number for number, word in enumerate(said)}
    codes["event_type"] = {
        name: sum(row[3] for row in found if row[0] == name) for name in codes["event_type"]
    }
    period = (min((row[4] for row in found), default=0), max((row[5] for row in found), default=0))
    return codes, sum(row[3] for row in found), period


def _bucket(whole: _Whole, number: int, batches: Iterator[pa.RecordBatch]) -> None:
    """On an executor: sort one bucket and describe its customers, as one machine would."""
    known = {name: {word: code for code, word in enumerate(whole.codes[name])} for name in NAMES}
    rows = pa.concat_tables(
        [NARROW.empty_table(), *(coded(_named(batch), known, _spelt) for batch in batches)]
    )
    orders = {source for source, table in enumerate(whole.tables) if table == "orders"}
    final = {name: renumbered(known[name], known[name]) for name in NAMES}
    done = bucket(rows, final, whole.first[number], orders)
    if len(done.seen) != whole.first[number + 1] - whole.first[number]:
        raise DataError("Spark did not bring a bucket's rows together", do="report this as a bug")
    write_touches(done.touches, whole.folder / "touches" / f"bucket-{number:03}.parquet")
    described = whole.folder / "spark" / "customers" / f"{number:03}.parquet"
    with connect(Path(tempfile.gettempdir()), whole.memory) as engine, people.writer(described) as writer:
        writer.write_table(people.told(engine, done.seen, whole.last))


def _spelt(names: Sequence[str]) -> list[str]:
    return [tidy_name(name) for name in names]


def _named(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows as `code.coded` takes them; nobody here has identifiers to be known by."""
    columns = {"event_id" if name == "key" else name: batch[name] for name in batch.schema.names}
    return pa.record_batch(columns | {"who": pa.array(np.full(len(batch), -1, np.int32))})
