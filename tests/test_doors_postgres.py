"""PostgreSQL, asked on a real server that is started for these tests and stopped after them."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import shops
from test_doors import workspace
from test_doors_text import staged

from journey_lib import prepare
from journey_lib.demo import export_postgres, exports
from journey_lib.errors import ConfigError, DataError

SECRET = "s3cret-word"  # noqa: S105
SETUP = f"""
CREATE ROLE reader LOGIN PASSWORD '{SECRET}';
CREATE TABLE orders (id bigint, khách text, lúc timestamptz, tiền numeric(14,2), ngày date, ok boolean, more jsonb);
INSERT INTO orders VALUES
 (1, 'Nguyễn  Ửng', '2025-04-03 08:30+07', 1250000.50, '2025-04-03', true, '{{"a": 1}}'),
 (2, 'b', '2025-04-03 08:30+00', 'NaN', NULL, false, NULL), (3, NULL, '2025-04-03 08:30+00', 5, NULL, NULL, NULL);
GRANT ALL ON orders TO reader;
CREATE TABLE many AS SELECT n AS id, 'KH' || n AS customer_id FROM generate_series(1, 200000) n;
GRANT SELECT ON many TO reader;
CREATE ROLE shopkeeper LOGIN PASSWORD '{SECRET}';
GRANT CREATE ON DATABASE postgres TO shopkeeper;
"""  # noqa: E501, S608


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _as_unprivileged(command: list[str]) -> list[str]:
    """A server refuses to run as root, so there it runs as the user its package made."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed, and under CI=true it must be")
        pytest.skip("PostgreSQL's server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="journey-pg-"))
    owner = "postgres" if os.geteuid() == 0 else getpass.getuser()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = {"check": True, "capture_output": True, "timeout": 60, "cwd": folder}
    data = str(folder / "data")
    subprocess.run(  # noqa: PLW1510
        _as_unprivileged([str(binaries / "initdb"), "-D", data, "-U", owner, "--auth-local=trust",
                          "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]), **run
    )  # fmt: skip
    control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-t", "60", "-l", str(folder / "log")]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=Asia/Tokyo"
    subprocess.run(_as_unprivileged([*control, "-o", options, "start"]), **run)  # noqa: PLW1510
    try:
        subprocess.run(  # noqa: PLW1510
            _as_unprivileged([str(binaries / "psql"), "-h", str(folder), "-p", str(port), "-U", owner, "-v",
                              "ON_ERROR_STOP=1", "-d", "postgres", "-c", SETUP]), **run
        )  # fmt: skip
        yield f"postgresql://reader:{SECRET}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            _as_unprivileged([*control, "-m", "immediate", "stop"]), check=False, capture_output=True
        )
        shutil.rmtree(folder, ignore_errors=True)


def orders(
    query: str, columns: str = "{order_id: id, customer_id: khách, timestamp: lúc, value: tiền}"
) -> str:
    return f'{{table: orders, format: postgres, query: "{query}", columns: {columns}}}'


def test_an_answer_brings_its_own_types(tmp_path, server, monkeypatch):
    monkeypatch.setenv("JOURNEY_POSTGRES", server)
    table, _ = staged(tmp_path, orders("SELECT * FROM orders ORDER BY id;").replace("}}", ", items: ok}}"))
    assert table["customer_id"].tolist() == ["Nguyễn Ửng", "b", None]
    assert [str(t) for t in table["timestamp"]] == [
        "2025-04-03 01:30:00",
        "2025-04-03 08:30:00",
        "2025-04-03 08:30:00",
    ]
    assert table["value"].tolist() == [1250000.5, None, 5.0]
    assert table["reason"].tolist() == [
        "items cannot be read",
        "value cannot be read",
        "customer_id is empty",
    ]


def test_dates_and_times_without_a_zone_are_in_the_declared_one(tmp_path, server, monkeypatch):
    monkeypatch.setenv("JOURNEY_POSTGRES", server)
    query = "SELECT id, khách, ngày::timestamp + interval '8 hours 30 minutes' AS lúc, 1 AS tiền, more::text AS channel FROM orders WHERE id = 1"  # noqa: E501
    table, _ = staged(tmp_path, orders(query))
    assert str(table["timestamp"][0]) == "2025-04-03 01:30:00"
    assert table["channel"][0] == '{"a": 1}'


def test_a_large_answer_comes_in_order_and_whole(tmp_path, server, monkeypatch):
    monkeypatch.setenv("OTHER", server)
    source = '{table: customers, format: postgres, connection: OTHER, query: "SELECT customer_id FROM many ORDER BY id"}'  # noqa: E501
    table, _ = staged(tmp_path, source)
    assert table["customer_id"].tolist() == [f"KH{n}" for n in range(1, 200_001)]
    assert table["row"].tolist() == list(range(1, 200_001))


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
        "SELECT 1; DELETE FROM orders",
        "SELECT 1) TO PROGRAM 'touch /tmp/journey-was-here' --",
        "SELECT * FROM no_such_table",
        "SELECT 'a@b.vn'::int",
    ],
)
def test_a_query_that_is_no_plain_question_is_refused_and_changes_nothing(
    tmp_path, server, monkeypatch, query
):
    monkeypatch.setenv("JOURNEY_POSTGRES", server)
    with pytest.raises(DataError) as caught:
        staged(tmp_path, orders(query))
    text = str(caught.value)
    assert SECRET not in text
    assert "127.0.0.1" not in text
    assert "a@b.vn" not in text
    table, _ = staged(tmp_path, orders("SELECT * FROM orders"))
    assert len(table) == 3


def test_a_door_that_stays_shut_tells_neither_address_nor_password(tmp_path, server, monkeypatch):
    monkeypatch.setenv("JOURNEY_POSTGRES", server.replace(SECRET, "wrong-word"))
    with pytest.raises(DataError, match="does not let us in") as caught:
        staged(tmp_path, orders("SELECT 1"))
    assert caught.value.__cause__ is None
    assert all(word not in str(caught.value) for word in ("wrong-word", "127.0.0.1", "reader"))


def test_what_is_missing_is_said_before_anything_is_opened(tmp_path, monkeypatch):
    monkeypatch.delenv("JOURNEY_POSTGRES", raising=False)
    with pytest.raises(ConfigError, match="JOURNEY_POSTGRES is not set"):
        staged(tmp_path, orders("SELECT 1"))
    with pytest.raises(ConfigError, match="is not a SELECT"):
        staged(tmp_path, orders("DELETE FROM orders"))


def test_a_database_is_asked_once_a_run_and_what_it_said_stands_until_then(tmp_path, server, monkeypatch):
    dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")
    monkeypatch.setenv("JOURNEY_POSTGRES", server)
    opened = workspace(
        tmp_path, orders("SELECT id, khách, lúc, 7 AS tiền FROM orders WHERE khách IS NOT NULL")
    )
    first = prepare.prepare(opened)
    assert prepare.prepare(opened, databases="asked").fingerprint == first.fingerprint
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders (id, khách, lúc) VALUES (9, 'c', '2025-05-01 08:00+07')")
        connection.commit()
    assert prepare.prepare(opened).touches == first.touches == 2
    assert prepare.prepare(opened, databases="asked").touches == 3
    assert prepare.prepare(opened).touches == 3


@pytest.mark.slow
def test_the_demo_shop_written_to_a_database_is_read_back_as_the_same_tables(tmp_path, server, monkeypatch):
    monkeypatch.setenv("JOURNEY_POSTGRES", server.replace("reader", "shopkeeper"))
    shop = shops.plain(tmp_path / "shop", 3_000)
    manifest, tables = shops.prepared(shop)
    for _time in range(2):  # a second time in place of the first
        folder = exports.export(shop / "raw", tmp_path / "database", "postgres")
    assert not [*(folder / "raw").glob("*.csv")]
    said, read = shops.prepared(folder)
    assert {source.format for source in said.accounts} == {"postgres"}
    assert shops.differing(tables, read) == {}
    assert (said.channels, said.touchpoints, said.event_types, said.period) == (
        manifest.channels, manifest.touchpoints, manifest.event_types, manifest.period,
    )  # fmt: skip
    assert [(a.table, a.rows_in, a.kept) for a in said.accounts] == [
        (a.table, a.rows_in, a.kept) for a in manifest.accounts
    ]


def test_no_schema_that_the_demo_did_not_make_is_replaced_and_nobody_is_shown(tmp_path, server, monkeypatch):
    shop = exports.export_shop.Shop(shops.plain(tmp_path, 20) / "raw", None)
    monkeypatch.delenv("JOURNEY_POSTGRES", raising=False)
    with pytest.raises(ConfigError, match="JOURNEY_POSTGRES is not set"):
        export_postgres.write(shop, tmp_path)
    refused = {
        "postgresql://nobody:wrong@127.0.0.1:1/x": "cannot be reached",
        server: "does not let the demo shop make its schema",
    }
    for address, said in refused.items():
        monkeypatch.setenv("JOURNEY_POSTGRES", address)
        with pytest.raises(DataError, match=said) as caught:
            export_postgres.write(shop, tmp_path)
        assert all(word not in str(caught.value) for word in (SECRET, "wrong", "127.0.0.1"))
    keeper = server.replace("reader", "shopkeeper")
    dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")
    with dbapi.connect(keeper) as connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS journey_demo CASCADE")
        cursor.execute("CREATE SCHEMA journey_demo")
        cursor.execute("CREATE TABLE journey_demo.orders AS SELECT 7 AS precious")
        connection.commit()
        monkeypatch.setenv("JOURNEY_POSTGRES", keeper)
        with pytest.raises(DataError, match="did not make"):
            export_postgres.write(shop, tmp_path)
        cursor.execute("SELECT precious FROM journey_demo.orders")
        assert cursor.fetchall() == [(7,)]
