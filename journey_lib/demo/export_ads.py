"""The demo shop's costs as each ad platform would have exported them, beside its events as calls."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from journey_lib.demo import export_segment
from journey_lib.demo.export_shop import Exported, Shop

# Whose costs are in which platform's account; the others were booked by hand.
ACCOUNTS = {
    "google": ("paid_search", "youtube", "display", "retargeting"),
    "meta": ("facebook",),
    "tiktok": ("tiktok",),
    "zalo": ("zalo",),
}
NUMBERS = ("cost", "impressions", "clicks", "platform_conversions")
Rows = pd.DataFrame
Cells = Sequence[object]


def write(shop: Shop, folder: Path) -> Exported:
    """A file of each platform as it writes it, a file of all other costs, and the events."""
    events = export_segment.write(shop, folder)
    return Exported([*events.sources, *write_costs(shop, folder)], purchase=events.purchase)


def write_costs(shop: Shop, folder: Path) -> list[dict[str, object]]:
    """All costs: a file of each platform as it writes it, and one of what was booked by hand."""
    costs = pd.read_csv(shop.raw / "costs.csv", dtype={"channel": str, "campaign": str})
    costs[list(NUMBERS)] = costs[list(NUMBERS)].astype("Int64")
    writers: dict[str, Callable[[Rows, Path], dict[str, object]]] = {
        "google": _google,
        "meta": _meta,
        "tiktok": _tiktok,
        "zalo": _zalo,
    }
    sources: list[dict[str, object]] = []
    for platform, channels in ACCOUNTS.items():
        rows = costs[costs["channel"].isin(channels)]
        file = folder / f"ads_{platform}.csv"
        told = {"table": "costs", "format": "ads", "platform": platform, "path": f"raw/{file.name}"}
        sources.append(told | writers[platform](rows, file))
    by_hand = costs[~costs["channel"].isin(sum(ACCOUNTS.values(), ()))]
    by_hand.to_csv(folder / "other_costs.csv", index=False, lineterminator="\n")
    sources.append({"table": "costs", "format": "csv", "path": "raw/other_costs.csv"})
    return sources


def _written(rows: Sequence[Cells], separator: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _grouped(number: object, mark: str) -> str:
    """A number in groups of three; what the platform does not count is two dashes."""
    return " --" if number is pd.NA else f"{number:,}".replace(",", mark)


def _totals(rows: Rows) -> list[object]:
    return [rows[name].sum() for name in NUMBERS]


def _google(rows: Rows, file: Path) -> dict[str, object]:
    """Two lines above, tabs between, UTF-16, and a total of campaigns before the one of the account."""
    head = ("Ngày", "Chiến dịch", "Nhãn", "Mã đơn vị tiền tệ", "Chi phí", "Lượt hiển thị", "Lượt nhấp")
    totals = [_grouped(number, ",") for number in _totals(rows)]
    table = [
        ("Báo cáo chiến dịch",),
        ("1 tháng 1, 2025 - 31 tháng 12, 2025",),
        (*head, "Lượt chuyển đổi"),
        *(
            (row["date"], row["campaign"], row["channel"], "VND", *(_grouped(row[n], ",") for n in NUMBERS))
            for row in rows.to_dict("records")
        ),
        *((label, " --", " --", "VND", *totals) for label in ("Tổng: Chiến dịch", "Tổng: Tài khoản")),
    ]
    file.write_text(_written(table, "\t"), encoding="utf-16")
    return {"numbers": "1,234.5", "columns": {"channel": "Nhãn"}}


def _meta(rows: Rows, file: Path) -> dict[str, object]:
    """The total first, without a name, and a mark at the beginning of the file."""
    head = ("Campaign name", "Day", "Amount spent (VND)", "Impressions", "Link clicks", "Results")
    table = [
        (*head, "Reporting starts", "Reporting ends"),
        ("", "", *_totals(rows), rows["date"].min(), rows["date"].max()),
        *(
            (row["campaign"], row["date"], *_told(row), row["date"], row["date"])
            for row in rows.to_dict("records")
        ),
    ]
    file.write_text(_written(table), encoding="utf-8-sig")
    return {"set": {"channel": "facebook"}}


def _told(row: Mapping[Any, object]) -> list[object]:
    return ["" if row[name] is pd.NA else row[name] for name in NUMBERS]


def _tiktok(rows: Rows, file: Path) -> dict[str, object]:
    """The total last, with the number of rows where a campaign would stand."""
    head = ("Campaign name", "By Day", "Cost", "Impressions", "Clicks (destination)", "Conversions")
    table = [
        (*head, "Currency"),
        *((row["campaign"], row["date"], *_told(row), "VND") for row in rows.to_dict("records")),
        (f"Total of {len(rows)} results", "-", *_totals(rows), "VND"),
    ]
    file.write_text(_written(table), encoding="utf-8")
    return {"set": {"channel": "tiktok"}}


def _zalo(rows: Rows, file: Path) -> dict[str, object]:
    """Vietnamese headings, days and numbers, and the currency in the heading."""
    table: list[Cells] = [
        ("Báo cáo quảng cáo",),
        (),
        ("Ngày", "Tên chiến dịch", "Chi phí (đ)", "Lượt hiển thị", "Lượt click", "Chuyển đổi"),
    ]
    for row in rows.to_dict("records"):
        day = "/".join(reversed(str(row["date"]).split("-")))
        table += [(day, row["campaign"], *(_grouped(row[name], ".") for name in NUMBERS))]
    table += [("Tổng cộng", "", *(_grouped(number, ".") for number in _totals(rows)))]
    file.write_text(_written(table), encoding="utf-8-sig")
    return {"dates": "DD/MM/YYYY", "numbers": "1.234,5", "set": {"channel": "zalo"}}
