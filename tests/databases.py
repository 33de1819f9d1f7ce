"""Databases in memory that the next test takes over, empty: making one takes 20 ms, emptying one 3 ms."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

import duckdb

# By process: what a fork inherits has lost its threads.
_idle: dict[int, list[duckdb.DuckDBPyConnection]] = defaultdict(list)
SET_FOR_ALL = ("memory_limit", "temp_directory")  # by the engine; a time zone is of one connection


class Taken:
    """A connection of its own to a database that is emptied, and idle again, when this is closed."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database, self._own = database, database.cursor()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def close(self) -> None:
        self._own.close()
        try:
            self._database.execute("ATTACH ':memory:' AS empty; USE empty; DETACH memory")
            self._database.execute("ATTACH ':memory:' AS memory; USE memory; DETACH empty")
            for name in SET_FOR_ALL:
                self._database.execute(f"RESET {name}")
        except duckdb.Error:  # it has spilled, or something still reads it
            self._database.close()
        else:
            _idle[os.getpid()].append(self._database)


def take() -> Taken:
    try:
        return Taken(_idle[os.getpid()].pop())
    except IndexError:
        return Taken(duckdb.connect(":memory:"))
