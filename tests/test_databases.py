"""That the database a test takes over from another is as good as new."""

from __future__ import annotations

from pathlib import Path

import databases
import duckdb
import pyarrow as pa
import pytest

from journey_lib.engine import connect

TOLD = (
    # What the engine sets, and what it might; the default of memory is what the machine has free.
    "SELECT name, value FROM duckdb_settings() WHERE name IN ('temp_directory', 'TimeZone', 'threads',"
    " 'preserve_insertion_order', 'search_path', 'default_order', 'default_null_order') ORDER BY name",
    "SELECT database_name, schema_name, table_name FROM duckdb_tables()",
    "SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal",
    "SELECT database_name, function_name FROM duckdb_functions() WHERE NOT internal",
    "SELECT database_name, type_name FROM duckdb_types() WHERE NOT internal",
    "SELECT database_name, path, type FROM duckdb_databases() ORDER BY database_name",
    "SELECT current_database(), current_schema()",
    "FROM duckdb_temporary_files()",
)


def told(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    return [connection.execute(sql).fetchall() for sql in TOLD]


def memory(connection: duckdb.DuckDBPyConnection) -> object:
    return connection.execute("SELECT current_setting('memory_limit')").fetchall()


def test_nothing_of_an_earlier_test_is_in_a_database_that_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_idle", databases.defaultdict(list))
    with connect(tmp_path, memory="700MB") as engine:
        first, kept = engine.connection._database, memory(engine.connection)
        engine.run("CREATE TABLE people AS SELECT 1 AS customer_id")
        engine.run("CREATE VIEW few AS FROM people")
        engine.run("CREATE TEMP TABLE passing AS SELECT 1")
        engine.run("CREATE MACRO double(x) AS x + x")
        engine.run("CREATE TYPE mood AS ENUM ('well', 'ill')")
        engine.connection.register("left_behind", pa.table({"a": [1]}))
        other = engine.beside()
        assert other.rows("FROM few") == [(1,)]

    again = databases.take()
    assert again._database is first
    assert told(again) == told(duckdb.connect(":memory:"))
    assert memory(again) != kept


def test_two_that_are_open_at_once_share_nothing(tmp_path: Path) -> None:
    with connect(tmp_path) as one, connect(tmp_path) as other:
        one.run("CREATE TABLE people AS SELECT 1")
        assert other.rows("SELECT table_name FROM duckdb_tables()") == []
