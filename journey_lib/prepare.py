"""Sources become the touch table, once: coded, bucketed by customer, sorted; and the record of how.

After this, every view is arithmetic over sorted integers. Rows are ordered by (fold, customer, timestamp,
rows with a channel before rows without, event_id), a total order: nothing downstream depends on file order.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib import checks, sources
from journey_lib.engine import Engine, connect, literal
from journey_lib.errors import DataError
from journey_lib.model import RESERVED
from journey_lib.workspace import Workspace, minor_digits

FORMAT = 2  # raised when the layout below changes, so that old work is built again
FOLDS = 256  # groups of customers by hash: what is resampled together, and what buckets are made of
BUCKET_ROWS = 1_000_000
CODES = ["channel", "touchpoint", "event_type"]  # worth a dictionary; times and customers only grow by one

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What was prepared, from what, and what each code stands for (`work/manifest.json`)."""

    fingerprint: str
    format: int
    accounts: tuple[checks.Account, ...]
    touches: int
    customers: int
    customers_per_fold: tuple[int, ...]
    event_types: Mapping[str, int]
    channels: tuple[str, ...]
    touchpoints: tuple[str, ...]
    period: tuple[int, int]
    buckets: int

    @property
    def rows_in(self) -> int:
        """Rows of all sources."""
        return sum(account.rows_in for account in self.accounts)

    @property
    def kept(self) -> int:
        """Rows of all sources that are used."""
        return sum(account.kept for account in self.accounts)

    @property
    def dropped(self) -> int:
        """Rows kept apart, whatever the reason."""
        return self.rows_in - self.kept


def prepare(workspace: Workspace, progress: Progress | None = None) -> Manifest:
    """Build `work/` from the declared sources; with unchanged sources and declarations, do nothing.

    Raises
    ------
    DataError
        A source is missing or unreadable, or no usable event is left.
    """
    say = progress or (lambda _: None)
    marked = fingerprint(workspace)
    known = read_manifest(workspace)
    if known is not None and known.fingerprint == marked:
        return known
    building = Path(tempfile.mkdtemp(prefix="building-", dir=workspace.path))
    try:
        with connect(building, workspace.engine.memory) as engine:
            manifest = _build(workspace, engine, building, marked, say)
        (building / "manifest.json").write_text(
            json.dumps(asdict(manifest), indent=1, ensure_ascii=False), encoding="utf-8"
        )
        shutil.rmtree(workspace.work, ignore_errors=True)
        building.replace(workspace.work)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def read_manifest(workspace: Workspace) -> Manifest | None:
    """The record of the last preparation, if there is one this version can read."""
    file = workspace.work / "manifest.json"
    if not file.is_file():
        return None
    said = json.loads(file.read_text(encoding="utf-8"))
    if said.get("format") != FORMAT:
        return None
    lists = ("customers_per_fold", "channels", "touchpoints", "period")
    said |= {name: tuple(said[name]) for name in lists}
    return Manifest(**said | {"accounts": tuple(checks.Account(**account) for account in said["accounts"])})


def fingerprint(workspace: Workspace) -> str:
    """A short digest of the content of every source file and of what the workspace declares about them."""
    declared = workspace.model_dump(
        mode="json", include={"timezone", "currency", "sources"}, exclude_defaults=True
    )
    digest = hashlib.sha256(json.dumps([FORMAT, declared], sort_keys=True).encode())
    for source in workspace.sources:
        for path in sources.files(source, workspace.path):
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _build(workspace: Workspace, engine: Engine, folder: Path, marked: str, say: Progress) -> Manifest:
    staged: dict[str, list[str]] = {"events": [], "orders": [], "costs": [], "customers": []}
    records = []
    for number, source in enumerate(workspace.sources):
        say(f"reading {source.table}: {source.path or source.format}")
        into = f"staged_{number}"
        records.append(sources.stage(source, workspace, engine, into))
        if source.table != "customers":
            checks.mark_foreign_currency(engine, into, workspace.currency)
        staged[source.table].append(into)
    for table, names in staged.items():
        checks.mark_duplicates(engine, names, table)
    accounts = []
    for number, source in enumerate(workspace.sources):
        into = f"staged_{number}"
        rows_in, kept, dropped = checks.account(engine, into)
        if dropped:
            checks.keep_rejected(engine, into, folder / "rejected" / f"{number}_{source.table}.parquet")
        accounts.append(
            checks.Account(source.table, source.format, source.path, rows_in, kept, dropped, records[number])
        )
    say("sorting touches by customer and time")
    codes = _code(engine, staged, 10 ** minor_digits(workspace.currency))
    touches, first, last = engine.one("SELECT count(*), min(moment), max(moment) FROM events")
    if not touches:
        raise DataError(
            "no usable event is left",
            where=str(workspace.path),
            how_many=f"{sum(a.rows_in for a in accounts)} rows read, all of them dropped",
            do=f"see why in {workspace.work / 'rejected'} and correct `sources` in journey.yaml",
        )
    per_fold = dict(engine.rows("SELECT fold, count(*) FROM customers GROUP BY fold"))
    customers_per_fold = tuple(int(per_fold.get(fold, 0)) for fold in range(FOLDS))
    buckets = bucket_count(touches)
    _write_touches(engine, folder / "touches", customers_per_fold, buckets)
    _write_side_tables(engine, staged, folder, 10 ** minor_digits(workspace.currency))
    return Manifest(
        fingerprint=marked,
        format=FORMAT,
        accounts=tuple(accounts),
        touches=int(touches),
        customers=sum(customers_per_fold),
        customers_per_fold=customers_per_fold,
        event_types=codes["event_type"],
        channels=tuple(codes["channel"]),
        touchpoints=tuple(codes["touchpoint"]),
        period=(int(first), int(last)),
        buckets=buckets,
    )


def bucket_count(rows: int) -> int:
    """How many buckets: the smallest power of two that keeps one near a million rows, from 2 to `FOLDS`."""
    wanted = 2
    while wanted < FOLDS and rows / wanted > BUCKET_ROWS:
        wanted *= 2
    return wanted


def refuse_reserved(channels: Sequence[str]) -> None:
    """Refuse channels that are called what results call the ends of a journey."""
    taken = sorted(RESERVED.intersection(channels))
    if taken:
        raise DataError(
            f"a channel cannot be called {', '.join(repr(name) for name in taken)}",
            do="rename it: results use these names for journeys' ends and remainders",
        )


def _code(engine: Engine, staged: Mapping[str, Sequence[str]], scale: int) -> dict[str, dict[str, int]]:
    """Create `events` (all usable rows) and `customers`, and number the names in alphabetical order."""
    parts = [
        "SELECT customer_id, epoch_us(timestamp) AS moment, channel, touchpoint, event_type,"
        f" CAST(round(coalesce(value, 0) * {scale}) AS BIGINT) AS value, event_id"
        f" FROM {name} WHERE reason IS NULL"
        for name in staged["events"]
    ] + [
        "SELECT customer_id, epoch_us(timestamp) AS moment, CAST(NULL AS VARCHAR) AS channel,"
        " channel AS touchpoint, 'purchase' AS event_type,"
        f" CAST(round(value * {scale}) AS BIGINT) AS value, order_id AS event_id"
        f" FROM {name} WHERE reason IS NULL"
        for name in staged["orders"]
    ]
    if not parts:
        raise DataError(
            "no source delivers events or orders", do="declare one under `sources` in journey.yaml"
        )
    engine.run(f"CREATE TABLE events AS {' UNION ALL '.join(parts)}")
    codes: dict[str, dict[str, int]] = {}
    for name in ("channel", "touchpoint", "event_type"):
        engine.run(
            f"CREATE TABLE {name}s AS SELECT name,"
            " CAST(row_number() OVER (ORDER BY name) - 1 AS SMALLINT) AS code"
            f" FROM (SELECT DISTINCT {name} AS name FROM events WHERE {name} IS NOT NULL)"
        )
        codes[name] = dict(engine.rows(f"SELECT name, code FROM {name}s ORDER BY code"))
    refuse_reserved(list(codes["channel"]))
    engine.run(
        "CREATE TABLE customers AS SELECT customer_id, fold,"
        " CAST(row_number() OVER (ORDER BY fold, customer_id) - 1 AS INTEGER) AS customer FROM ("
        f"SELECT customer_id, CAST(md5_number_lower(customer_id) % {FOLDS} AS SMALLINT) AS fold"
        " FROM (SELECT DISTINCT customer_id FROM events))"
    )
    counted = dict(engine.rows("SELECT event_type, count(*) FROM events GROUP BY event_type"))
    codes["event_type"] = {name: int(counted[name]) for name in codes["event_type"]}
    return codes


def _write_touches(engine: Engine, folder: Path, per_fold: Sequence[int], buckets: int) -> None:
    """Write one sorted Parquet file a bucket; a bucket is a run of folds, so it holds whole customers."""
    folder.mkdir()
    folds = FOLDS // buckets
    ends = np.cumsum(per_fold)[folds - 1 :: folds]
    batches = engine.batches(
        "SELECT c.customer, e.moment AS timestamp, coalesce(ch.code, -1) AS channel,"
        " coalesce(tp.code, -1) AS touchpoint, et.code AS event_type, e.value FROM events e"
        " JOIN customers c USING (customer_id)"
        " JOIN event_types et ON et.name = e.event_type"
        " LEFT JOIN channels ch ON ch.name = e.channel"
        " LEFT JOIN touchpoints tp ON tp.name = e.touchpoint"
        " ORDER BY c.customer, e.moment, e.channel IS NULL, e.event_id NULLS FIRST,"
        " et.code, ch.code, tp.code, e.value"
    )
    _split(batches, [folder / f"bucket-{number:03}.parquet" for number in range(buckets)], ends)


def _split(batches: Iterator[pa.RecordBatch], files: Sequence[Path], ends: np.ndarray[Any, Any]) -> None:
    """Write sorted batches to files; file i holds customers below ``ends[i]``."""
    schema = pa.schema(
        {
            "customer": pa.int32(),
            "timestamp": pa.int64(),
            "channel": pa.int16(),
            "touchpoint": pa.int16(),
            "event_type": pa.int16(),
            "value": pa.int64(),
        }
    )
    reached = -1
    writers = [pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=CODES) for file in files]
    try:
        for batch in batches:
            table = pa.Table.from_batches([batch]).cast(schema)
            customer = table["customer"].to_numpy()
            # Everything after this rests on the order: an engine that lost it must not go unnoticed.
            if customer[0] < reached or (np.diff(customer) < 0).any():
                raise DataError("the engine did not deliver the rows in order", do="report this as a bug")
            reached = int(customer[-1])
            cuts = np.searchsorted(customer, ends)
            for writer, start, end in zip(writers, [0, *cuts[:-1]], cuts, strict=True):
                if end > start:
                    writer.write_table(table.slice(start, end - start))
    finally:
        for writer in writers:
            writer.close()


def _write_side_tables(engine: Engine, staged: Mapping[str, Sequence[str]], folder: Path, scale: int) -> None:
    engine.run(
        "COPY (SELECT customer, customer_id, fold FROM customers ORDER BY customer)"
        f" TO {literal(str(folder / 'customers.parquet'))} (FORMAT parquet)"
    )
    if staged["costs"]:
        union = " UNION ALL ".join(f"SELECT * FROM {name} WHERE reason IS NULL" for name in staged["costs"])
        engine.run(
            "COPY (SELECT date, channel, campaign, CAST(round(cost * "
            f"{scale}) AS BIGINT) AS cost, CAST(impressions AS BIGINT) AS impressions,"
            " CAST(clicks AS BIGINT) AS clicks, platform_conversions"
            f" FROM ({union}) ORDER BY ALL) TO {literal(str(folder / 'costs.parquet'))} (FORMAT parquet)"
        )
