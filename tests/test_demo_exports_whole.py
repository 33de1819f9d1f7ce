"""The demo shop handed over by its departments: mapped by journey.yaml, it comes to the shop's own tables."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import shops
import yaml
from click.testing import CliRunner

from journey_lib.cli import cli
from journey_lib.demo import export_office, export_sheets, exports
from journey_lib.prepare import Manifest

CUSTOMERS = 3_000
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    return shops.plain(tmp_path_factory.mktemp("shop"), CUSTOMERS)


@pytest.fixture(scope="module")
def own(shop) -> tuple[Manifest, Tables]:
    return shops.prepared(shop)


@pytest.fixture(scope="module")
def office(shop, tmp_path_factory) -> Path:
    return exports.export(shop / "raw", tmp_path_factory.mktemp("office"), "office")


def dropped(manifest: Manifest) -> Counter[tuple[str, str]]:
    return sum(
        (Counter({(a.table, why): n for why, n in a.dropped.items()}) for a in manifest.accounts), Counter()
    )


@pytest.mark.slow
def test_what_departments_hand_over_is_read_back_as_the_same_tables(own, office):
    manifest, tables = own
    said, read = shops.prepared(office)
    assert shops.differing(tables, read) == {
        "customers.parquet": ["rows", "sources"],  # a card is a second source that knows its customer
        "identity/identifiers.parquet": ["rows"],
        "identity/merges.parquet": ["source"],  # the names of files
        "returns.parquet": ["currency"],  # the office writes it, the shop's own files leave it open
    }
    assert set(read["returns.parquet"]["currency"]) == {"VND"}
    cards = read["customers.parquet"]["rows"] - tables["customers.parquet"]["rows"]
    assert cards.min() == 0
    assert cards.sum() == next(a.kept for a in said.accounts if a.path == "raw/the_thanh_vien.csv")
    assert (said.channels, said.touchpoints, said.event_types, said.period) == (
        manifest.channels, manifest.touchpoints, manifest.event_types, manifest.period,
    )  # fmt: skip
    assert dropped(said) == dropped(manifest)
    assert {table for table, _why in dropped(said)} >= {"events", "orders"}


@pytest.mark.slow
def test_each_department_writes_in_its_own_way(office):
    raw = office / "raw"
    online = (raw / "don_hang.csv").read_text("utf-8-sig").splitlines()
    assert online[0] == "Mã đơn;Khách hàng;Ngày;Thành tiền;Nơi bán;SL"
    assert online[1].split(";")[3].endswith(" ₫")
    till = (raw / "hoa_don.csv").read_text("utf-8").splitlines()
    assert till[0] == export_office.TITLES[0]
    assert till[2].split("\t")[:2] == ["Giờ bán", "Số hóa đơn"]
    with pytest.raises(UnicodeDecodeError):
        (raw / "khach_hang.csv").read_text("utf-8")
    assert (raw / "tong_dai.txt").read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert (raw / "khao_sat.jsonl").read_text("utf-8").splitlines()[0].count("+07:00") in (1, 2)
    assert "Tổng cộng" in (raw / "ads_zalo.csv").read_text("utf-8-sig")


def test_the_shop_is_known_as_its_own_journey_yaml_knows_it():
    declared = yaml.safe_load(shops.CONFIG.read_text("utf-8"))
    assert {key: declared["identity"][key] for key in ("unique", "limits")} == export_sheets.IDENTITY
    mapped = {source["table"]: source for source in declared["sources"] if source["format"] == "csv"}
    assert mapped.keys() == export_sheets.SHEETS.keys()
    for table, (pattern, columns) in export_sheets.SHEETS.items():
        assert mapped[table]["path"] == f"raw/{pattern}"
        assert set(mapped[table].get("columns", {})) <= set(columns)


def test_every_letter_of_vietnamese_is_written_for_old_windows():
    every = "ĂÂĐÊÔƠƯăâđêôơư" + "".join(
        vowel + tone for vowel in "AEIOUYĂÂÊÔƠƯaeiouyăâêôơư" for tone in export_office.TONES
    )
    written = export_office._apart(every).encode("windows-1258")
    assert unicodedata.normalize("NFC", written.decode("windows-1258")) == unicodedata.normalize("NFC", every)


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
def test_the_command_writes_what_departments_would(shop, tmp_path):
    run = CliRunner().invoke(
        cli, ["demo", "-w", str(shop), "--export", "office", "--into", str(tmp_path / "x")]
    )
    assert run.output.splitlines() == [str(tmp_path / "x")]
    checked = CliRunner().invoke(cli, ["check", "-w", str(tmp_path / "x"), "--as-of", "2025-12-31"])
    assert checked.exit_code == 0, checked.output
