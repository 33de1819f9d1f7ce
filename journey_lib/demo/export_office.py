"""The demo shop as its departments hand it over: each system with its own headings and ways of writing."""

from __future__ import annotations

import csv
import json
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from journey_lib.demo import export_ads
from journey_lib.demo.export_sheets import IDENTITY, MOMENTS, amounts, moments, sheet
from journey_lib.demo.export_shop import ZONE, Exported, Shop

LOCAL = {"dates": "DD/MM/YYYY", "numbers": "1.234,5", "timezone": ZONE}
TITLES = ("CÔNG TY VẢI & GỐM", "Báo cáo bán hàng; năm 2025")
# What windows-1258 writes behind a letter and not into it.
TONES = "\u0300\u0301\u0303\u0309\u0323"

ONLINE = {
    "order_id": "Mã đơn", "customer_id": "Khách hàng", "timestamp": "Ngày", "value": "Thành tiền",
    "channel": "Nơi bán", "items": "SL",
}  # fmt: skip
TILL = {
    "timestamp": "Giờ bán",
    "order_id": "Số hóa đơn",
    "value": "Tổng cộng",
    "items": "Số món",
    "customer_id": "Mã KH",
}
BACK = {"order_id": "Đơn gốc", "kind": "Lý do", "timestamp": "Ngày trả", "value": "Tiền hoàn"}
CRM = {
    "customer_id": "Mã KH", "name": "Tên khách", "phone": "Điện thoại", "email": "Thư điện tử",
    "city": "Tỉnh thành", "district": "Quận", "birth_year": "Sinh năm", "gender": "Nam/Nữ",
    "opt_out": "Không nhận tin", "member": "Số thẻ",
}  # fmt: skip
LOYALTY = {"member": "Thẻ", "customer_id": "Chưa có thẻ", "tier": "Hạng", "joined": "Ngày vào"}
CALLS = {
    "ticket_id": "Cuộc gọi/Phiếu", "customer_id": "Người gọi", "timestamp": "Mở lúc", "channel": "Qua",
    "topic": "Về việc", "text": "Ghi chú", "first_response_at": "Trả lời lúc", "resolved_at": "Xong lúc",
    "status": "Tình trạng", "department": "Phụ trách", "order_id": "Đơn liên quan",
}  # fmt: skip
SURVEYS = {
    "survey_id": "id", "customer_id": "respondent.code", "timestamp": "sent", "answered_at": "submitted",
    "metric": "question.type", "touchpoint": "question.about", "score": "answer.score",
    "comment": "answer.comment",
}  # fmt: skip
TRIALS = {
    "experiment": "Thử nghiệm", "channel": "Kênh", "method": "Cách làm", "start": "Từ ngày",
    "end": "Đến ngày", "lift": "Mức tăng", "standard_error": "Sai số",
}  # fmt: skip


def write(shop: Shop, folder: Path) -> Exported:
    """All rows of web shop, till, returns, CRM, loyalty, call centre, surveys, trials and ad accounts."""
    sources = [
        *_tracking(shop.raw, folder),
        *_sales(shop.raw, folder),
        *_people(shop.raw, folder),
        _calls(shop.raw, folder),
        _surveys(shop.raw, folder),
        _trials(shop.raw, folder),
        *export_ads.write_costs(shop, folder),
    ]
    return Exported(sources, identity=IDENTITY)


def _tracking(raw: Path, folder: Path) -> list[dict[str, Any]]:
    """Events and what was seen of people at them, as they are: platforms have exports of their own."""
    for file in [*raw.glob("events_*.parquet"), raw / "identifiers.parquet"]:
        shutil.copyfile(file, folder / file.name)
    events = {"table": "events", "format": "parquet", "path": "raw/events_*.parquet", "timezone": "UTC"}
    seen = {"table": "identifiers", "format": "parquet", "path": "raw/identifiers.parquet"}
    return [events | {"ignore": ["customer_id"], "identified_by": "event_id"}, seen]


def _sales(raw: Path, folder: Path) -> list[dict[str, Any]]:
    """The web shop's orders, what the tills of the stores sold, and what came back."""
    orders, returns = sheet(raw, "orders"), sheet(raw, "returns")
    at_till = orders["channel"] == "store"
    _lines(folder / "don_hang.csv", _said(orders[~at_till], ONLINE), ";", "utf-8-sig")
    _lines(folder / "hoa_don.csv", _said(orders[at_till], TILL), "\t", "utf-8", TITLES)
    _lines(folder / "tra_hang.csv", _said(returns, BACK), "|", "utf-8")
    till = {"separator": "\t", "header": len(TITLES) + 1, "set": {"channel": "store"}}
    return [
        _declared("orders", "don_hang.csv", ONLINE) | {"separator": ";"},
        _declared("orders", "hoa_don.csv", TILL) | till,
        _declared("returns", "tra_hang.csv", BACK) | {"separator": "|"},
    ]


def _people(raw: Path, folder: Path) -> list[dict[str, Any]]:
    """An old CRM, and the loyalty programme: that knows a card, and the CRM's number where there is none."""
    people = sheet(raw, "customers")
    _lines(folder / "khach_hang.csv", _said(people, CRM), ";", "windows-1258")
    cards = people.assign(customer_id=people["customer_id"].where(people["member"] == "", ""))
    _lines(folder / "the_thanh_vien.csv", _said(cards, LOYALTY), ",", "utf-8")
    old = {"separator": ";", "encoding": "windows-1258"}
    return [
        _declared("customers", "khach_hang.csv", CRM) | old,
        _declared("customers", "the_thanh_vien.csv", LOYALTY),
    ]


def _calls(raw: Path, folder: Path) -> dict[str, Any]:
    """The call centre's list, as Excel saves "Unicode text"."""
    _lines(folder / "tong_dai.txt", _said(sheet(raw, "tickets"), CALLS), "\t", "utf-16")
    return _declared("tickets", "tong_dai.txt", CALLS) | {"separator": "\t", "encoding": "utf-16"}


def _surveys(raw: Path, folder: Path) -> dict[str, Any]:
    """The survey tool's answers: JSON lines, times with their offset, nothing where nothing was answered."""
    rows = sheet(raw, "surveys")
    for name in ("timestamp", "answered_at"):
        time = moments(rows[name]).dt.tz_localize(ZONE)
        rows[name] = time.map(lambda at: at.isoformat(), na_action="ignore").fillna(rows[name])
    with (folder / "khao_sat.jsonl").open("w", encoding="utf-8") as file:
        for row in rows.to_dict("records"):
            told: dict[str, Any] = {}
            for name, place in SURVEYS.items():
                *above, last = place.split(".")
                within = told.setdefault(above[0], {}) if above else told
                within[last] = row[name] or None
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
    return {"table": "surveys", "format": "jsonl", "path": "raw/khao_sat.jsonl", "columns": SURVEYS}


def _trials(raw: Path, folder: Path) -> dict[str, Any]:
    """What was learnt by keeping people from a channel, days as people write them."""
    rows = sheet(raw, "experiments")
    for name in ("start", "end"):
        rows[name] = ["/".join(reversed(day.split("-"))) for day in rows[name]]
    for name in ("lift", "standard_error"):
        rows[name] = rows[name].str.replace(".", ",", regex=False)
    _lines(folder / "thu_nghiem.csv", rows[[*TRIALS]].rename(columns=TRIALS), ";", "utf-8")
    return _declared("experiments", "thu_nghiem.csv", TRIALS) | {"separator": ";"}


def _declared(table: str, file: str, columns: Mapping[str, str]) -> dict[str, Any]:
    return {"table": table, "format": "csv", "path": f"raw/{file}", **LOCAL, "columns": dict(columns)}


def _said(rows: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows under their headings: 31/01/2025 08:30:00 and 1.250.000 ₫; what is neither stays as it is."""
    told = rows[[*columns]].copy()
    for name in told:
        if name in MOMENTS:
            told[name] = moments(told[name]).dt.strftime("%d/%m/%Y %H:%M:%S").fillna(told[name])
        elif name == "value":
            paid = amounts(told[name])
            told[name] = [
                said if pd.isna(amount) else f"{amount:,} ₫".replace(",", ".")
                for said, amount in zip(told[name], paid, strict=True)
            ]
    return told.rename(columns=dict(columns))


def _lines(
    file: Path, table: pd.DataFrame, separator: str, encoding: str, titles: Sequence[str] = ()
) -> None:
    """A delimited file with Windows' line ends, and `titles` above the headings."""
    with file.open("w", encoding=encoding, newline="") as text:
        rows: list[Sequence[str]] = [*((title,) for title in titles), [str(name) for name in table]]
        rows += table.to_numpy().tolist()
        if encoding == "windows-1258":
            rows = [[_apart(cell) for cell in row] for row in rows]
        csv.writer(text, delimiter=separator).writerows(rows)


def _apart(text: str) -> str:
    """A text with its tone marks behind their letters, which is how windows-1258 has all of Vietnamese."""
    if text.isascii():
        return text
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(part for part in parts if part in TONES)
        bare = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        letters.append(bare + tones)
    return "".join(letters)
