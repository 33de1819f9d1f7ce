"""The pages about sources and about one's own data: their snippets are read and run as they stand."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from test_demo_exports import TOUCHES

import journey_lib as jl
from journey_lib import cli, prepare, sources
from journey_lib.demo import export_office, exports
from journey_lib.errors import DataError, JourneyError
from journey_lib.model import TABLES
from journey_lib.workspace import Source, Workspace

ROOT = Path(__file__).parents[1]
SOURCES, YOUR_DATA = ((ROOT / "docs" / name).read_text("utf-8") for name in ("sources.md", "your-data.md"))
HEAD = """\
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
"""
ORDERS = """\
Cửa hàng Vải và Gốm
Tháng 1
Mã đơn;Mã KH;Ngày;Thành tiền;currency
D1;KH1;03/01/2025 17:00;1.250.000 ₫;???
D2;KH2;04/01/2025 17:00;99.000;???
"""
EVENTS = "event_id,customer_id,timestamp,event_type,channel\ne1,KH1,2025-01-01,click,zalo\n"
CALL = (
    '{"type": "track", "event": "Order Completed", "messageId": "m1", "userId": "KH1",'
    ' "timestamp": "2025-01-01T05:00:00Z"}\n'
)
META = 'Campaign name,Day,Amount spent (VND)\nTết,2025-01-01,"1.250.000"\n'


def blocks(page: str, language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return [block for said, block in fenced if said == language]


def inline(page: str) -> list[str]:
    """Bits of YAML within sentences: a key, a colon and a value."""
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    return [said for said in re.findall(r"`([^`\n]+)`", prose) if re.match(r"\w+: \S", said)]


def declared(folder: Path, snippet: str) -> Workspace:
    """A snippet as a newcomer pastes it, sources or more, below what every journey.yaml begins with."""
    body = snippet if snippet.startswith("sources:") else f"sources:\n{snippet}"
    (folder / "raw").mkdir(exist_ok=True)
    (folder / "journey.yaml").write_text(HEAD + body, encoding="utf-8")
    return jl.open(folder)


def put(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    data = text.encode(encoding)
    (folder / "raw" / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


# --- docs/sources.md ---


def test_the_snippet_of_any_table_reads_a_file_of_the_kind_it_describes(tmp_path):
    opened = declared(tmp_path, blocks(SOURCES, "yaml")[0])
    put(tmp_path, "orders_2025-01.csv.gz", export_office._apart(ORDERS), "windows-1258")
    manifest = prepare.prepare(opened)
    table = jl.touches.load(opened)
    assert (manifest.rows_in, manifest.kept, manifest.period[0]) == (2, 2, 1_735_923_600_000_000)  # 17:00 UTC
    assert sum(load().value.sum() for load in table.buckets) == 1_349_000


def test_the_snippet_of_a_platform_reads_its_export(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "0123456789abcdef" * 4)
    opened = declared(tmp_path, blocks(SOURCES, "yaml")[1])
    (tmp_path / "raw" / "events_20250101.json").write_text(
        '{"event_timestamp": "1735732800000000", "event_name": "page_view", "user_pseudo_id": "u1",'
        ' "event_params": [{"key": "ga_session_id", "value": {"int_value": "1"}}]}\n',
        encoding="utf-8",
    )
    assert prepare.prepare(opened).touches == 1


def test_the_snippet_of_segment_reads_the_same_files_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "0123456789abcdef" * 4)
    opened = declared(tmp_path, blocks(SOURCES, "yaml")[2] + "identity: {}\n")
    put(tmp_path, "calls_1.json.gz", CALL + CALL.replace("track", "identify").replace("m1", "m2"))
    events, identifiers = prepare.prepare(opened).accounts
    assert (events.kept, events.records) == (1, {"identify calls (read as identifiers)": 1})
    assert (identifiers.kept, identifiers.records) == (1, {"track calls (read as events)": 1})


def test_the_snippet_of_costs_reads_them(tmp_path):
    events = "  - {table: events, format: csv, path: raw/events.csv}\n"
    opened = declared(tmp_path, blocks(SOURCES, "yaml")[3] + events)
    put(tmp_path, "meta_2025-01.csv", META)
    put(tmp_path, "events.csv", EVENTS)
    assert [account.kept for account in prepare.prepare(opened).accounts] == [1, 1]
    costs = pd.read_parquet(tmp_path / "work" / "costs.parquet")
    assert costs[["channel", "campaign", "cost"]].values.tolist() == [["facebook", "Tết", 1_250_000]]


def test_there_are_no_other_snippets():
    assert (len(blocks(SOURCES, "yaml")), len(blocks(YOUR_DATA, "yaml"))) == (4, 1)


@pytest.mark.parametrize("said", sorted({*inline(SOURCES), *inline(YOUR_DATA)}))
def test_every_key_within_a_sentence_is_one_that_is_understood(tmp_path, said):
    said = said.replace("SELECT …", "SELECT 1").replace("…", "0.2")
    (told,) = yaml.safe_load(said).items()
    key, value = told
    if key in Source.model_fields:
        assert any(understood({key: value}, table) for table in TABLES)
    elif tables := [table for table in TABLES if key in TABLES[table]]:  # under `columns` or `set`
        assert understood({"columns": {key: value}}, tables[0])
    else:
        declared(tmp_path, "  - {table: events, format: csv, path: e.csv}\n" + said + "\n")


def understood(keys: dict[str, Any], table: str) -> bool:
    form = "postgres" if {"query", "connection"} & keys.keys() else "csv"
    usual = {"query": "SELECT 1"} if form == "postgres" else {"path": "e.csv"}
    try:
        Source.model_validate({"table": table, "format": form, **usual, **keys})
    except ValueError:
        return False
    return True


def test_every_format_that_can_be_read_has_its_place_on_the_page():
    named = set(re.findall(r"^\| `(\w+)` \| ", SOURCES, flags=re.MULTILINE))
    titles = set(re.findall(r"^## .*\(`(\w+)`\)$", SOURCES, flags=re.MULTILINE))
    assert sources.READERS.keys() - {"complete_journey"} <= named | titles
    assert titles <= sources.READERS.keys()


def test_the_page_lists_the_exports_of_the_demo_shop_and_no_others():
    (listed,) = re.findall(r"^\| FORMAT \|.*?\n\n", SOURCES, flags=re.MULTILINE | re.DOTALL)
    cells = [line.split(" | ")[0] for line in listed.splitlines()[2:]]
    assert [*re.findall(r"`(\w+)`", " ".join(cells))] != []
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == exports.EXPORTS.keys()
    assert {*TOUCHES} < exports.EXPORTS.keys()


def test_the_line_of_python_runs_as_it_stands():
    (line,) = re.findall(r"`(jl\.touches\.from_frame\(.*?\))`", SOURCES)
    frame = pd.DataFrame(
        {"cookie": ["a"], "time": pd.to_datetime(["2025-01-01"]), "channel": ["zalo"], "conversion": [True]}
    )
    assert eval(line, {"jl": jl, "frame": frame}).rows == 1  # noqa: S307


# --- docs/your-data.md ---


def test_the_draft_on_the_page_is_one_that_can_be_read(tmp_path):
    snippet = blocks(YOUR_DATA, "yaml")[0]
    for order in ("DD/MM/YYYY", "MM/DD/YYYY"):
        opened = declared(tmp_path, snippet.replace(f"# dates: {order}", f"dates: {order}"))
        assert opened.sources[0].dates == order
    put(tmp_path, "orders_1.csv", "Mã đơn hàng,Mã khách hàng,Ngày đặt,Thành tiền\nD1,KH1,03/04/2025,1.250\n")
    with pytest.raises(DataError, match="the dates in 'Ngày đặt' must be declared"):
        prepare.prepare(declared(tmp_path, snippet))


ROW = "D1,KH1,2025-01-02,5\n"
ORDERS_CSV = "  - {table: orders, format: csv, path: raw/o.csv}\n"
# What a file of orders says that stops the run, and more of its journey.yaml.
STOPS = {
    "the dates in '...' must be declared": ("D1,KH1,03/04/2025,5\n", ""),
    "the numbers in '...' must be declared": ("D1,KH1,2025-01-02,1.250\n", ""),
    "no column of the file is mapped to '...'": (None, ""),
    "there is no key to hash identifiers with": (ROW, "identity: {}\n"),
    "too many rows of ... cannot be used": (ROW + "D2,KH1,?,5\n", ""),
}


def test_its_messages_are_the_ones_that_are_said(tmp_path, monkeypatch):
    monkeypatch.delenv("JOURNEY_IDENTITY_KEY", raising=False)
    table = YOUR_DATA.partition("| message |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|-]+?) \|", table, flags=re.MULTILINE) == [*STOPS]
    for message, (rows, more) in STOPS.items():
        head = "order_id,customer_id,timestamp,value\n" if rows else "order_id,customer_id,value\n"
        opened = declared(tmp_path, ORDERS_CSV + more)
        put(tmp_path, "o.csv", head + (rows or "D1,KH1,5\n"))
        with pytest.raises(JourneyError, match=re.escape(message).replace(r"\.\.\.", ".*")):
            prepare.prepare(opened)


def test_its_options_are_taken_by_the_command():
    listed = re.findall(r"^\| `(--\w+[^`]*)` \|", YOUR_DATA, flags=re.MULTILINE)
    assert len(listed) == 4
    command = cli.cli.commands["init"]
    for option in listed:
        assert command.make_context("init", ["myshop", *shlex.split(option)]).params["folder"] == Path(
            "myshop"
        )


WEB = "Mã KH,Thời gian,Kênh,Điểm chạm,Sự kiện\n" + "".join(
    f"KH{n % 30 + 1:08},{n % 28 + 1:02}/0{n % 2 + 1}/2025 {8 + n % 9:02}:00,"
    f"{channel},{channel} {n % 3},click\n"
    for n, channel in enumerate(("Zalo", "Facebook", "Google", "Email", "Zalo", "Google", "Facebook") * 30)
)
TILL = "Mã đơn hàng,Mã khách hàng,Ngày đặt,Thành tiền\n" + "".join(
    f"DH{{month}}{n:06},KH{n % 30 + 1:08},{n % 28 + 1:02}/0{{month}}/2025 18:{n % 60:02},"
    f"{n % 9 + 1}.{100 + n}.000\n"
    for n in range(90)
)
GOOGLE = 'Day,Campaign,Currency code,Cost\n2025-01-01,tet,VND,"1,120,000"\n2025-02-02,tet,VND,"95,500"\n'


def folder_of_exports(home: Path) -> None:
    """The folder the page draws, each file as such a system would export it."""
    (drawn,) = (block for block in blocks(YOUR_DATA, "") if block.startswith("myshop/"))
    names = re.findall(r"^    (\S+)", drawn, flags=re.MULTILINE)
    (home / "myshop" / "raw").mkdir(parents=True)
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [["Mã khách hàng", "Họ và tên", "Số điện thoại"]] + [
        [f"KH{n:08}", f"Nguyễn Văn {n}", f"09{n:08}"] for n in range(1, 31)
    ]:
        book.active.append(row)
    texts = {
        "orders_2025-01.csv": TILL.format(month=1), "orders_2025-02.csv": TILL.format(month=2),
        "visits.csv": WEB, "google_ads.csv": GOOGLE,
    }  # fmt: skip
    assert set(names) == {*texts, "khach_hang.xlsx"}
    for name, text in texts.items():
        put(home / "myshop", name, text)
    book.save(home / "myshop" / "raw" / "khach_hang.xlsx")


def run(home: Path, commands: str) -> subprocess.CompletedProcess[str]:
    """Lines of the page in a shell of somebody who has installed the workbench."""
    tools = home / "tools"
    tools.mkdir(exist_ok=True)
    for name, what in (("journey", '-m journey_lib "$@"'), ("python", '"$@"')):
        (tools / name).write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {what}\n")
        (tools / name).chmod(0o755)
    told = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEY_")}
    told |= {"HOME": str(home), "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(["bash", "-euc", commands], cwd=home, env=told, capture_output=True, text=True)  # noqa: PLW1510


@pytest.mark.slow
def test_the_road_from_a_folder_to_the_first_reports_can_be_walked_as_written(tmp_path):
    folder_of_exports(tmp_path)
    look, key, check, publish = (b for b in blocks(YOUR_DATA, "") if not b.startswith("myshop/"))
    looked = run(tmp_path, look)
    assert looked.returncode == 0, looked.stderr
    page = tmp_path / "myshop" / "journey.yaml"
    assert "CONFIRM" in page.read_text("utf-8")
    page.write_text(page.read_text("utf-8").replace("# dates: DD/MM/YYYY", "dates: DD/MM/YYYY"), "utf-8")
    assert "no key to hash identifiers" in run(tmp_path, check).stderr
    checked = run(tmp_path, key + check)
    assert "Every row is accounted for: 422 rows, none missing" in checked.stdout, checked.stderr
    assert oct((tmp_path / ".config/journey/identity.key").stat().st_mode)[-3:] == "600"
    published = run(tmp_path, key.splitlines()[-1] + "\n" + publish)
    assert published.returncode == 0, published.stdout + published.stderr
    assert "reports/index.html" in published.stdout
    assert len(list((tmp_path / "reports" / "myshop").glob("*/*.html"))) == 14


def test_orders_alone_are_no_journeys_and_are_called_so(tmp_path):
    opened = declared(tmp_path, "  - {table: orders, format: csv, path: raw/orders.csv}\n")
    put(tmp_path, "orders.csv", "order_id,customer_id,timestamp,value\nD1,KH1,2025-01-01 08:00,5\n")
    touches = jl.touches.load(opened)
    with pytest.raises(DataError, match="there are no touches and no journeys"):
        jl.journeys.steps_by(touches, "channel")
    with pytest.raises(DataError, match="declare a source of events"):
        jl.attribution.compare(touches, ["last", "linear"])
    assert jl.journeys.steps_by(touches, "event_type").channels == ("purchase",)
