"""Inputs that are wrong on purpose: each gives its message or keeps its rows, and harms nothing."""

from __future__ import annotations

import csv
import gzip
import io
import re
import struct
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from test_doors import workspace, write

import journey_lib as jl
from journey_lib import cli, prepare
from journey_lib.authored import once_each
from journey_lib.channels import rules
from journey_lib.errors import JourneyError
from journey_lib.workspace import Workspace

HEAD = "customer_id,timestamp,event_type,channel,value\n"
GOOD = "a,2025-01-01 08:00:00,click,zalo,1\n"
CSV = "path: e.csv"
ZIPPED = gzip.compress((HEAD + GOOD * 5000).encode())


def e(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else (HEAD + text).encode()


# name: (content of the file, the source, what the message says); the file is e.csv unless the source names another  # noqa: E501
REFUSED: dict[str, tuple[bytes | None, str, str]] = {
    "missing file": (None, CSV, "no file for the source"),
    "nothing matches": (e(GOOD), "path: 'f*.csv'", "no file for the source"),
    "absolute path": (e(GOOD), "path: /etc/hostname", "cannot be looked up"),
    "empty": (b"", CSV, "e.csv is empty"),
    "only a mark of encoding": (b"\xef\xbb\xbf", CSV, "e.csv is empty"),
    "only line ends": (b"\n\n\n", CSV, "e.csv is empty"),
    "only blanks": (b"   \n", CSV, "e.csv is empty"),
    "header only": (e(""), CSV, "no usable event is left"),
    "header below the end": (e(GOOD), CSV + ", header: 9", "no names in its header line"),
    "headers twice": (
        b"customer_id,timestamp,event_type,event_type\n",
        CSV,
        "names a column twice: 'event_type'",
    ),
    "missing column": (b"customer_id,event_type\na,click\n", CSV, "is mapped to 'timestamp'"),
    "no identifier": (b"timestamp,event_type\n2025-01-01,click\n", CSV, "is mapped to 'customer_id'"),
    "column misspelt": (e(GOOD), CSV + ", columns: {channel: chanel}", "Did you mean 'channel'"),
    "semicolons": (e(GOOD).replace(b",", b";"), CSV, 'say `separator: ";"`'),
    "tabs": (e(GOOD).replace(b",", b"\t"), CSV, r'say `separator: "\t"`'),
    "bars": (e(GOOD).replace(b",", b"|"), CSV, 'say `separator: "|"`'),
    "commas read at semicolons": (e(GOOD), CSV + ", separator: ';'", 'say `separator: ","`'),
    "a letter as separator": (e(GOOD), CSV + ", separator: a", "cannot stand between cells"),
    "a quotation mark as separator": (e(GOOD), CSV + ", separator: '\"'", "cannot stand between cells"),
    "windows-1258 not declared": (
        e("Nguyễn,2025-01-01,click,,\n").replace("ễ".encode(), b"\xea\xde"),
        CSV,
        "line 2",
    ),
    "two encodings in one file": (
        e("Nguyễn,2025-01-01,click,,\n" * 9) + b"kh\xe1ch,2025-01-01,click,,\n" * 2,
        CSV,
        "is UTF-8, but for 2 lines in another encoding",
    ),
    "windows-1258 far below": (e(GOOD * 9000) + b"\xea,2025-01-01,c,,\n", CSV, "if it is windows-1258, say"),
    "windows-1258 in the header": (b"kh\xe1ch,timestamp\n", CSV, "if it is windows-1258, say"),
    "UTF-16 not declared": ((HEAD + GOOD).encode("utf-16"), CSV, "say `encoding: utf-16`"),
    "UTF-8 declared as UTF-16": (e(GOOD) + b"x", CSV + ", encoding: utf-16", "e.csv"),
    "half a letter of UTF-16": (
        (HEAD + GOOD).encode("utf-16")[:-1],
        CSV + ", encoding: utf-16",
        "as UTF-16 text",
    ),
    "gzip cut in half": (ZIPPED[: len(ZIPPED) // 2], CSV, "damaged or was not copied to its end"),
    "gzip cut at its last byte": (ZIPPED[:-1], CSV, "damaged or was not copied to its end"),
    "gzip with a wrong sum": (ZIPPED[:-8] + struct.pack("<II", 1, 2), CSV, "damaged"),
    "gzip with something behind": (ZIPPED + b"junk", CSV, "damaged"),
    "gzip of nothing": (gzip.compress(b""), CSV, "e.csv is empty"),
    "a line of 40 MB": (
        e("a,2025-01-01,click," + "x" * 40_000_000 + ",1\n" + GOOD),
        CSV,
        "a line of more than 32 MB",
    ),
    "a header without end": (b'"' + b"customer_id\n" * 200_000, CSV, "cannot be read as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, CSV, "cannot be read as"),
    "days and months": (e("a,03/04/2025,click,,\n"), CSV, "can be read as DD/MM/YYYY and as MM/DD/YYYY"),
    "days and months of one order": (e("a,25/04/2025,click,,\n"), CSV, "can only be DD/MM/YYYY"),
    "mixed orders": (e("a,25/04/2025,c,,\na,04/25/2025,c,,\n"), CSV, "fit no single style"),
    "numbers in groups": (e("a,2025-01-01,click,,1.250\n"), CSV, "can be read as 1234.5 and as 1.234,5"),
    "a currency with groups": (e('a,2025-01-01,click,,"1.250.000 ₫"\n'), CSV, "can only be 1.234,5"),
    "a constant that is no number": (
        e(GOOD),
        CSV + ", set: {value: many}, ignore: [value]",
        "cannot be the value",
    ),
    "a channel called (start)": (e("a,2025-01-01,click,(start),1\n"), CSV, "a channel cannot be called"),
    "all rows wrong": (e("a,yesterday,click,,\n"), CSV, "rows read, all of them dropped"),
    "unclosed mark swallows all": (
        e('"a,2025-01-01,click,,\n' + GOOD * 9),
        CSV,
        "10 rows read, all of them dropped",
    ),
    "text called Parquet": (e(GOOD), "path: e.csv, format: parquet", "cannot be read as Parquet"),
    "empty Parquet": (b"", "path: e.csv, format: parquet", "cannot be read as Parquet"),
    "cut Parquet": (b"PAR1" + b"\0" * 50, "path: e.csv, format: parquet", "cannot be read as Parquet"),
    "CSV called Excel": (e(GOOD), "path: e.csv, format: excel", "cannot be read as an Excel workbook"),
    "a zip that is no workbook": (
        b"PK\x05\x06" + b"\0" * 18,
        "path: e.csv, format: excel",
        "as an Excel workbook",
    ),
    "CSV called JSON lines": (e(GOOD), "path: e.csv, format: jsonl", "all of them dropped"),
    "deep JSON": (
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        "path: e.csv, format: jsonl",
        "200 deep",
    ),
    "JSON without the fields": (b'{"x":1}\n', "path: e.csv, format: jsonl", "is mapped to 'customer_id'"),
    "JSON in UTF-16": ('{"x":1}\n'.encode("utf-16"), "path: e.csv, format: jsonl", "say `encoding: utf-16`"),
    "one JSON array": (b'[{"customer_id":"a"}]', "path: e.csv, format: jsonl", "cat e.csv | jq -c '.[]'"),
    "a JSON array over lines": (
        b'\n[\n {"customer_id":"a"}\n]',
        "path: e.csv, format: jsonl",
        "is one JSON list, not one object a line",
    ),
    "pretty-printed JSON": (
        b'{\n  "customer_id": "a"\n}\n',
        "path: e.csv, format: jsonl",
        "over several lines, not one object a line",
    ),
    "a JSON array called Segment": (b'[{"type":"page"}]', "path: e.csv, format: segment", "is one JSON list"),
    "a workbook called CSV": (b"PK\x03\x04\x14\0\xff" + bytes(range(256)), CSV, "an Excel workbook or a zip"),
    "Parquet called CSV": (b"PAR1\xff\xfe\x80" + bytes(range(256)), CSV, "looks like Parquet"),
    "a PDF called CSV": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", CSV, "looks like a PDF"),
    "gzipped twice": (gzip.compress(ZIPPED), CSV, "gzipped twice"),
    "no database": (None, "query: SELECT 1, format: postgres, connection: NOT_SET", "NOT_SET is not set"),
    "a query that deletes": (None, "query: DELETE FROM x, format: postgres", "is not a SELECT"),
}

# name: (lines under the header, the source, what was dropped why)
KEPT: dict[str, tuple[str | bytes, str, dict[str, int]]] = {
    "one row": ("", CSV, {}),
    "no line end at the end": ("a,2025-01-02,click,,", CSV, {}),
    "empty lines": ("\n\n", CSV, {}),
    "too few cells": ("a,2025-01-01\n", CSV, {"line is malformed": 1}),
    "too many cells": ("a,2025-01-01,click,,1,2\n", CSV, {"line is malformed": 1}),
    "shifted cells": (",a,2025-01-01,click,1\n", CSV, {"customer_id is empty": 1}),
    "NUL bytes": ("a\0b,2025-01-01,cl\0ick,\0,\n", CSV, {}),
    "only NUL bytes": ("\0,2025-01-01,click,,\n", CSV, {"customer_id is empty": 1}),
    "a cell of 10 MB": ("a,2025-01-01,click," + "x" * 10_000_000 + ",1\n", CSV, {}),
    "a line of 20 MB": ("a,2025-01-01,click," + "x" * 20_000_000 + ",1\n", CSV, {"line is malformed": 1}),
    "text behind a mark": ('"a"b,2025-01-01,click,,1\n', CSV, {"line is malformed": 1}),
    "a lone carriage return": ("a,2025-01-01,cl\rick,,1\n", CSV, {"line is malformed": 2}),
    "impossible day": ("a,2025-02-30,click,,\n", CSV, {"timestamp cannot be read": 1}),
    "day zero": ("a,1900-01-00,click,,\n", CSV, {"timestamp cannot be read": 1}),
    "a year of three digits": ("a,0999-01-01,click,,\n", CSV, {"timestamp cannot be read": 1}),
    "endless time": ("a,infinity,click,,\n", CSV, {"timestamp cannot be read": 1}),
    "seconds since 1970": ("a,1735689600,click,,\n", CSV, {"timestamp is a bare number": 1}),
    "short year": ("a,01/02/25,click,,\n", CSV + ", dates: DD/MM/YYYY", {"timestamp has a year of two digits": 1,  # noqa: E501
                                                                       "timestamp cannot be read": 1}),
    "mixed zones": ("a,2025-01-01T08:00+07:00,c,,\na,2025-01-01T08:00-1130,c,,\na,2025-01-01T08:00Z,c,,\n", CSV, {}),  # noqa: E501
    "an hour that was skipped": ("a,2025-03-30 02:30,click,,\n", CSV + ", timezone: Europe/Paris",
                                 {"timestamp does not exist in its zone": 1}),
    "not a number": ("a,2025-01-01,click,,NaN\na,2025-01-01,click,,-inf\n", CSV, {"value cannot be read": 2}),
    "powers of ten": ("a,2025-01-01,click,,1e6\n", CSV, {"value cannot be read": 1}),
    "no answer as a number": ("a,2025-01-01,click,,N/A\n", CSV, {"value cannot be read": 1}),
    "another currency's sign": ("a,2025-01-01,click,,$5\n", CSV, {"currency is not the workspace's": 1}),
    "SQL in a name": ("\"x'); DROP TABLE events; --\",2025-01-01,click,\"'||(SELECT 1)||'\",\n", CSV, {}),
    "a script in a name": ("<script>alert(1)</script>,2025-01-01,click,<img src=x onerror=alert(1)>,\n", CSV, {}),  # noqa: E501
    "formulas": ("=cmd|'/c calc'!A1,2025-01-01,click,@SUM(1),\n", CSV, {}),
    "templates": ("{{7*7}},2025-01-01,click,${jndi:ldap://x},\n", CSV, {}),
    "braces of a format": ("{0.__class__},2025-01-01,%s%n,{},\n", CSV, {}),
    "letters that turn the line around": ("\u202ea,2025-01-01,click,\u2066zalo,\n", CSV, {}),
    "a path as a name": ("../../etc/passwd,2025-01-01,click,file:///etc/passwd,\n", CSV, {}),
}  # fmt: skip


def opened(folder: Path, source: str):
    declared = source if "format:" in source else f"format: csv, {source}"
    return workspace(folder, f"{{table: events, {declared}}}")


def test_the_corpus_is_large():
    assert len(REFUSED) + len(KEPT) >= 60


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.usefixtures("elsewhere")
def test_what_cannot_be_used_is_refused_by_one_message_and_leaves_the_last_work_alone(tmp_path, name):
    content, source, said = REFUSED[name]
    if content is not None:
        (tmp_path / "e.csv").write_bytes(content)
    opened(tmp_path, source)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "last.txt").write_text("last week's", encoding="utf-8")
    ran = CliRunner().invoke(cli.cli, ["prepare", "-w", str(tmp_path)])
    assert said in ran.output, ran.output
    assert ran.exit_code == 2
    assert "Traceback" not in ran.output
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("last.txt")] == ["work/last.txt"]
    assert not list(tmp_path.glob("building-*"))


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.usefixtures("elsewhere")
def test_what_can_be_kept_is_kept_and_every_row_is_accounted_for(tmp_path, name):
    """`journey check` counts as many rows as the file has lines, and says why any of them is lost."""
    lines, source, dropped = KEPT[name]
    first = GOOD.replace("2025-01-01", "01/01/2025") if "DD/MM" in source else GOOD
    content = e(first) + (lines if isinstance(lines, bytes) else lines.encode())
    content += b"a,x,click,,\n" if name == "short year" else b""
    (tmp_path / "e.csv").write_bytes(content)
    opened(tmp_path, source)
    ran = CliRunner().invoke(cli.cli, ["check", "-w", str(tmp_path)])
    assert (ran.exit_code, "Traceback" in ran.output) == (0, False), ran.output[-2000:]
    rows, lost = len([line for line in re.split(rb"[\r\n]", content) if line]) - 1, sum(dropped.values())
    assert f" {rows:,} rows in = {rows - lost:,} kept + {lost:,} dropped\n" in ran.output
    for reason, many in dropped.items():
        assert f" {many} dropped: {reason} (first in e.csv, line " in ran.output
    (account,) = prepare.prepare(jl.open(tmp_path)).accounts
    assert (account.rows_in, account.kept, account.dropped) == (rows, rows - lost, dropped)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.csv", "journey.yaml", "reports", "work"]


@pytest.mark.parametrize(
    "name",
    [
        "SQL in a name",
        "a script in a name",
        "formulas",
        "templates",
        "braces of a format",
        "a path as a name",
    ],
)
def test_what_looks_like_a_command_is_a_name_and_nothing_else(tmp_path, name):
    """Who, where and what come back letter by letter: nothing was run, filled in or looked up."""
    (tmp_path / "e.csv").write_bytes(e(GOOD) + str(KEPT[name][0]).encode())
    manifest = prepare.prepare(opened_checked(tmp_path, CSV))
    _, (who, _, kind, channel, _) = csv.reader(io.StringIO(GOOD + str(KEPT[name][0])))
    assert (manifest.channels, tuple(manifest.event_types)) == (
        tuple(sorted({"zalo", channel} - {""})),
        tuple(sorted({"click", kind})),
    )
    people = pq.read_table(tmp_path / "work" / "customers.parquet")["customer_id"].to_pylist()
    assert sorted(people) == sorted(["a", who])


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("2199-01-01", "Rows later than "),
        ("9999-12-31 23:59:59", "Rows later than "),
        ("1970-01-01", "Rows before 1990"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_rows_of_another_age_are_kept_and_told_of(tmp_path, date, told):
    """Nobody knows what they meant, so they are not thrown away: the check says stop by its exit code too."""
    (tmp_path / "e.csv").write_bytes(e(GOOD) + f"b,{date},click,,\n".encode())
    opened(tmp_path, CSV)
    ran = CliRunner().invoke(cli.cli, ["check", "-w", str(tmp_path)])
    assert " 2 rows in = 2 kept + 0 dropped\n" in ran.output
    assert re.search(f"■ stop  {told}.*: 1 of 2 ", ran.output), ran.output
    assert ran.exit_code == 1


def opened_checked(folder: Path, source: str):
    opened(folder, source)
    return jl.open(folder)


@pytest.mark.usefixtures("elsewhere")
def test_a_folder_instead_of_a_file_is_refused(tmp_path):
    (tmp_path / "e.csv").mkdir()
    opened(tmp_path, CSV)
    ran = CliRunner().invoke(cli.cli, ["prepare", "-w", str(tmp_path)])
    assert (ran.exit_code, "is not a file" in ran.output) == (2, True), ran.output


def test_a_file_name_is_only_a_name(tmp_path):
    write(tmp_path, "e'; DROP TABLE x; --[1].csv", HEAD + GOOD)
    (account,) = prepare.prepare(opened_checked(tmp_path, "path: '*.csv'")).accounts
    assert account.kept == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("name: a\ncurrency: VND\ncurrency: USD\n", "'currency' stands twice, first in line 2"),
        ("sources:\n  - {table: events, path: a.csv, path: b.csv}\n", "'path' stands twice"),
        ("!!python/object/apply:os.mkdir [pwned]\n", "could not determine a constructor"),
        ("name: a\n[b, c]: d\n", "unhashable key"),
    ],
    ids=["deep", "a key twice", "a key of a source twice", "a tag of Python's", "a list for a key"],
)
def test_a_journey_yaml_that_says_too_much_is_refused(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "journey.yaml").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(cli.cli, ["check", "-w", str(tmp_path)])
    assert (ran.exit_code, said in ran.output, "Traceback" in ran.output) == (2, True, False), ran.output
    assert [path.name for path in tmp_path.iterdir()] == ["journey.yaml"]


def test_a_key_that_replaces_one_of_a_mapping_taken_over_does_not_stand_twice():
    """`<<` is for that; also where the mapping is taken over again before it is read itself."""
    text = "base: &base {a: 1, b: 1}\nfirst: {deep: &deep {<<: *base, a: 2}}\nsecond: {<<: *deep, c: 3}\n"
    found = once_each(text)
    assert found["first"]["deep"] == {"a": 2, "b": 1}
    assert found["second"] == {"a": 2, "b": 1, "c": 3}


def own_rules(shop: Workspace) -> rules.Rules:
    return rules.load(custom=shop.path / "maps" / "own.yaml")


@pytest.mark.parametrize(
    ("file", "text", "read"),
    [
        ("maps/topics.yaml", "complaints: [a]\ncomplaints: [b]\n", jl.voice.topics),
        ("maps/lexicon.yaml", "vi: {a: 1, a: -1}\n", jl.voice.lexicon),
        (
            "maps/own.yaml",
            "- {channel: x, channel: y}\n",
            lambda ws: rules.load(custom=ws.path / "maps" / "own.yaml"),
        ),
    ],
    ids=["topics", "lexicon", "channel rules"],
)
def test_no_key_of_a_map_silently_replaces_another(tmp_path, file, text, read):
    shop = opened(tmp_path, CSV)
    (tmp_path / "maps").mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(JourneyError) as told:
        read(shop)
    assert "stands twice" in str(told.value)


@pytest.mark.usefixtures("elsewhere")
def test_a_run_that_stops_past_its_share_leaves_tables_and_pages_byte_for_byte(tmp_path):
    config = "name: s\ntimezone: Asia/Ho_Chi_Minh\ncurrency: VND\n"
    config += "conversions: {purchase: {event_type: click}}\nreports: [{report: data_health}]\n"
    config += f"sources:\n  - {{table: events, format: csv, {CSV}}}\n"
    write(tmp_path, "journey.yaml", config)
    write(tmp_path, "e.csv", HEAD + GOOD * 20)
    assert CliRunner().invoke(cli.cli, ["prepare", "-w", str(tmp_path)]).exit_code == 0
    (tmp_path / "reports").mkdir(exist_ok=True)
    write(tmp_path / "reports", "data_health.html", "last week's page")

    def left() -> dict[str, bytes]:
        files = [path for top in ("work", "reports") for path in (tmp_path / top).rglob("*")]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    before = left()
    assert len(before) > 3
    write(tmp_path, "e.csv", HEAD + GOOD * 20 + "a,yesterday,click,,\n" * 2)  # 9% of the rows are lost
    for command in (["prepare"], ["run"]):
        ran = CliRunner().invoke(cli.cli, [*command, "-w", str(tmp_path)])
        assert "too many rows of events cannot be used" in ran.output
        assert ran.exit_code == 2, ran.output
        assert {name: left().get(name) for name in before} == before
