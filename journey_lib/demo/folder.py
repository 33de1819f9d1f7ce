"""The shop's folder: lives are written to `raw/` block by block, and what is true of them to `truth/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.demo import (
    costs,
    experiments,
    fragments,
    people,
    service,
    surveys,
    tickets,
    truth,
    write,
)
from journey_lib.demo.arrays import Stream, stacked, stream
from journey_lib.demo.journeys import Block
from journey_lib.demo.lives import lives
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.shuffled import open_shuffled

BLOCKS_AT_ONCE = 16  # held in memory together, and one row group in each month's file
PRICES = 2**31  # where the chance of prices comes from: a block that no person lives in
IMPOSSIBLE = ("events_without_value", "orders_duplicated")  # faults that these tables do not have
YEAR = 365.0  # days whose spending makes a member's tier

Progress = Callable[[int, int], None]
Rows = Callable[[Iterable[Sequence[Any]]], None]


@dataclass
class Batch:
    """What some blocks brought, until enough of them are there to be written in order of time."""

    events: list[write.EventSheet] = field(default_factory=list)
    fragments: list[pa.Table] = field(default_factory=list)
    tickets: list[tickets.TicketSheet] = field(default_factory=list)
    surveys: list[surveys.SurveySheet] = field(default_factory=list)


@dataclass(frozen=True)
class Files:
    """The files that grow with every batch: `rows` adds lines to a CSV file, `tables` to a Parquet file."""

    events: list[pq.ParquetWriter]
    rows: dict[str, Rows]
    tables: dict[str, Callable[[pa.Table], None]]


def write_shop(
    scene: Scene,
    raw: Path,
    known: Path,
    customers: int,
    seed: int,
    progress: Progress | None,
    processes: int = 1,
) -> dict[str, int]:
    """Simulate block after block and write each; only orders and daily counts are kept to the end.

    Returns the rows of every table, and the rows with something wrong by what it is.
    """
    counts = Counter(customers=customers)
    total, tally, arms = costs.nothing(scene), truth.nothing(scene), experiments.nobody(scene)
    orders: list[write.OrderSheet] = []
    batch, done = Batch(), 0
    with ExitStack() as stack:
        files = open_files(scene, raw, known, stack)
        for index, lived in enumerate(lives(scene, customers, seed, processes)):
            crowd, block, chance = lived.crowd, lived.block, stream(seed, index)
            size = len(block.known)
            done += size
            if block.answers is not None:
                tally.add(block.answers)
            arms += experiments.count(scene, crowd, block, chance)
            total += costs.tally(scene, block)
            counts.update(_customers(scene, files, crowd, block, lived.seen, index, seed, chance))
            files.tables["people"](truth.people_rows(scene, crowd, block, lived.future, index, seed))
            files.tables["needs"](truth.need_rows(scene, block, index, seed, size))
            orders.append(write.order_sheet(scene.world, block.orders, block.deliveries, index, chance))
            batch.fragments.append(lived.seen.rows)
            _gather(scene, files, batch, crowd, block, index, seed, chance)
            if len(batch.events) == BLOCKS_AT_ONCE or done == customers:
                counts.update(_flush(scene, files, batch, seed))
                batch = Batch()
            if progress:
                progress(done, customers)
        files.rows["groups"](experiments.provinces(scene))
    sold = stacked(orders)
    counts["order_rows"] = write.write_orders(raw, scene.year, sold, seed)
    counts["return_rows"] = write.write_returns(raw, scene.year, sold, seed)
    counts.update(write.fault_counts("orders", sold))
    lines = costs.cost_rows(scene, total, customers, stream(seed, PRICES)("prices"))
    counts["cost_rows"] = write.write_csv(raw / "costs.csv", costs.COLUMNS, lines)
    found = experiments.rows(scene, arms, stream(seed, PRICES)("panel"))
    write.write_csv(raw / "experiments.csv", experiments.COLUMNS, found)
    write.write_csv(
        known / "quality.csv", service.QUALITY_COLUMNS, service.quality_rows(service.quality(scene))
    )
    truth.write_tables(scene, tally, arms, known, customers)
    return {name: count for name, count in sorted(counts.items()) if name not in IMPOSSIBLE}


def open_files(scene: Scene, raw: Path, known: Path, stack: ExitStack) -> Files:
    """The files to fill, open until `stack` closes."""
    csv = {
        "tickets": (raw / "tickets.csv", tickets.TICKET_COLUMNS),
        "surveys": (raw / "surveys.csv", surveys.SURVEY_COLUMNS),
        "groups": (raw / "experiment_groups.csv", experiments.GROUP_COLUMNS),
        "comments": (known / "comments.csv", surveys.COMMENT_COLUMNS),
    }
    parquet = {
        "people": known / "people.parquet",
        "needs": known / "needs.parquet",
        "events": known / "events.parquet",
        "unseen": known / "unseen.parquet",
        "fragments": known / "fragments.parquet",
        "surveys": known / "surveys.parquet",
    }
    tables = {name: write.open_parquet(file, stack) for name, file in parquet.items()}
    seen = write.open_parquet(raw / "identifiers.parquet", stack)
    tables["identifiers"] = open_shuffled(raw / ".identifiers", "event_id", 0, seen, stack)
    typed = write.open_csv(raw / "customers.csv", write.CUSTOMER_COLUMNS, stack)
    tables["customers"] = open_shuffled(
        raw / ".customers", write.CUSTOMER_COLUMNS[0], 2, lambda table: typed(write.rows_of(table)), stack
    )
    return Files(
        events=write.open_event_files(raw, scene.year, stack),
        rows={name: write.open_csv(file, columns, stack) for name, (file, columns) in csv.items()},
        tables=tables,
    )


def _customers(
    scene: Scene,
    files: Files,
    crowd: People,
    block: Block,
    seen: fragments.Fragments,
    index: int,
    seed: int,
    chance: Stream,
) -> dict[str, int]:
    """Write the customer file's rows of a block as staff typed them, and who was in which experiment."""
    recent = block.orders.time >= scene.year.days - YEAR
    spent = np.zeros(len(crowd.city), dtype=np.int64)
    np.add.at(spent, block.orders.person[recent], block.orders.value[recent])
    known = np.flatnonzero(block.known < scene.year.days)
    right = people.customer_rows(crowd, block.known, index, seed, scene.year, chance, spent)
    typed = fragments.misspelt(list(right), index * write.BLOCK + known, seed, chance)
    files.tables["customers"](write.table_of(write.CUSTOMER_COLUMNS, typed.rows))
    codes = people.customer_ids(index * write.BLOCK + np.arange(len(block.known)), seed).to_pylist()
    files.rows["groups"](experiments.groups(scene, crowd, block, codes, chance))
    files.tables["fragments"](truth.fragment_rows([seen.truth, typed.truth], seed))
    return {"customer_rows": len(typed.rows), **{f"customers_{name}": n for name, n in typed.counts.items()}}


def _gather(
    scene: Scene,
    files: Files,
    batch: Batch,
    crowd: People,
    block: Block,
    index: int,
    seed: int,
    chance: Stream,
) -> None:
    """Add a block's events, fragments, tickets and surveys to a batch."""
    sheet = write.event_sheet(scene.world, block.events, index, chance)
    asked = tickets.tickets(scene, crowd, block, block.deliveries, chance)
    told = surveys.surveys(scene, crowd, block, block.deliveries, asked, chance)
    batch.events.append(sheet)
    batch.tickets.append(tickets.numbered(asked, index))
    batch.surveys.append(surveys.numbered(told, index))
    files.tables["events"](truth.event_rows(scene, block, index, sheet, seed))
    files.tables["unseen"](truth.unseen_rows(scene, block, index, seed))


def _flush(scene: Scene, files: Files, batch: Batch, seed: int) -> dict[str, int]:
    """Write a batch."""
    events = stacked(batch.events)
    asked, told = stacked(batch.tickets), stacked(batch.surveys)
    rows: dict[str, list[Sequence[Any]]] = {
        "tickets": list(tickets.ticket_rows(scene, asked, seed)),
        "surveys": list(surveys.survey_rows(scene, told, seed)),
        "comments": list(surveys.comment_rows(asked, told, seed)),
    }
    for name, lines in rows.items():
        files.rows[name](lines)
    files.tables["surveys"](truth.felt_rows(told, seed))
    files.tables["identifiers"](write.identifier_table(events, pa.concat_tables(batch.fragments), seed))
    return {
        "event_rows": write.append_events(files.events, scene, events, seed),
        "ticket_rows": len(rows["tickets"]),
        "survey_rows": len(rows["surveys"]),
        "identifier_rows": len(events.number),
        **write.fault_counts("events", events),
    }
