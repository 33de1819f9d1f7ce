"""The embedded engine: DuckDB, within a memory limit, on one machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from journey_lib.errors import DataError

# Of the memory a preparation may use, what DuckDB gets; the rest is for Python, Arrow and arrays beside it.
SHARE = 0.4
ENOUGH = 200  # MB: with less it may be unable to sort what is on disk, so its share is not cut below


def identifier(name: str) -> str:
    """A table or column name, quoted so that nothing in it can act as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string constant, quoted; for the few places where SQL takes no bound value (file names, zones)."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Engine:
    """An open DuckDB connection with a memory limit and a folder to spill into."""

    connection: duckdb.DuckDBPyConnection
    memory: str = "2GB"

    def use(self, share: float) -> None:
        """Keep to a share of the memory of the whole work from now on; what is more goes to disk."""
        whole = float(self.memory[:-2]) * (1000 if self.memory.endswith("GB") else 1)
        least = min(whole * SHARE, ENOUGH)
        self.run(f"SET memory_limit = {literal(f'{max(whole * share, least):.3f}MB')}")

    def run(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        """Execute one statement for its effect."""
        self._execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small answer."""
        return self._execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] | None = None) -> tuple[Any, ...]:
        """The only row of an answer."""
        return self.rows(sql, parameters)[0]

    def arrow(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """An answer as an Arrow table (integers stay integers, which pandas would not promise)."""
        with _readable():
            return self.connection.sql(sql, params=parameters).to_arrow_table()

    def keep(self, name: str, table: pa.Table | pa.RecordBatchReader) -> None:
        """Make an Arrow table a table of the engine, under a name of our own choosing."""
        with _readable():
            self.connection.register(f"{name}_arrow", table)
            self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM {name}_arrow")
            self.connection.unregister(f"{name}_arrow")

    def add(self, name: str, table: pa.Table) -> None:
        """Append an Arrow table to a table of the engine, which it makes when there is none."""
        with self.lent(f"{name}_arrow", table):
            self.run(f"CREATE TABLE IF NOT EXISTS {name} AS FROM {name}_arrow LIMIT 0")
            self.run(f"INSERT INTO {name} FROM {name}_arrow")

    def beside(self) -> Engine:
        """The same engine by a connection of its own, for questions while an answer is still being read."""
        return Engine(self.connection.cursor(), self.memory)

    @contextmanager
    def lent(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        """Let queries see Arrow rows by a name of our own choosing, for as long as the block runs.

        A stream can be read by one statement only.
        """
        with _readable():
            self.connection.register(name, rows)
        try:
            yield
        finally:
            self.connection.unregister(name)

    def fix(self, name: str) -> None:
        """Make a view the table of what it says, so that its rows can be changed; a table stays as it is."""
        if self.rows("SELECT 1 FROM duckdb_views() WHERE view_name = ?", [name]):
            self.run(f"CREATE OR REPLACE TABLE {name}_fixed AS FROM {name}")
            self.run(f"DROP VIEW {name}")
            self.run(f"ALTER TABLE {name}_fixed RENAME TO {name}")

    def batches(self, sql: str, rows: int = 500_000) -> Iterator[pa.RecordBatch]:
        """A large answer in order, a batch at a time, so that it never has to fit in memory."""
        with _readable():
            yield from self.connection.sql(sql).to_arrow_reader(rows)

    def _execute(self, sql: str, parameters: Sequence[Any] | None) -> duckdb.DuckDBPyConnection:
        with _readable():
            return self.connection.execute(sql, parameters)


def size(memory: str) -> int:
    """The bytes of a declared amount of memory, such as 2GB."""
    return int(float(memory[:-2]) * {"MB": 1 << 20, "GB": 1 << 30}[memory[-2:].upper()])


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what the engine says of memory and files into something a user can act on."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise DataError(
            "the data did not fit in the memory the engine may use",
            do="raise `engine: {memory: ...}` in journey.yaml, or free disk space for spilling",
        ) from error
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise DataError("a file could not be read or written", where=str(error).splitlines()[0]) from error


@contextmanager
def connect(scratch: Path, memory: str = "2GB") -> Iterator[Engine]:
    """Open an engine whose tables live in memory and, beyond its share of it, in a folder under `scratch`.

    `memory` is what all of the work may use, that of Python included.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir=scratch))
    try:
        connection = duckdb.connect(":memory:")
        try:
            engine = Engine(connection, memory)
            engine.use(SHARE)
            connection.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
            connection.execute("SET TimeZone = 'UTC'")
            yield engine
        finally:
            connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
