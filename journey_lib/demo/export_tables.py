"""The demo shop as an office hands it over: Vietnamese headings, dates and amounts as people write them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from journey_lib.demo.export_shop import ZONE, Exported, Shop, arrival, months
from journey_lib.errors import DataError
from journey_lib.i18n import text as _

HEADINGS = {
    "event_id": "Mã sự kiện",
    "user_id": "Mã khách hàng",
    "cookie": "Cookie",
    "timestamp": "Thời gian",
    "source": "Nguồn",
    "medium": "Phương tiện",
    "touchpoint": "Điểm chạm",
    "event_type": "Loại sự kiện",
    "value": "Giá trị",
}


def write_excel(shop: Shop, folder: Path) -> Exported:
    """A workbook a month, all of its cells text."""
    return _written(shop, folder, "excel", "xlsx", _workbook)


def write_parquet(shop: Shop, folder: Path) -> Exported:
    """A Parquet file a month, of columns of text."""
    return _written(shop, folder, "parquet", "parquet", lambda part, file: part.to_parquet(file, index=False))


def write_jsonl(shop: Shop, folder: Path) -> Exported:
    """A file of JSON lines a month; what is not known is left out of its line."""
    return _written(shop, folder, "jsonl", "jsonl", _json_lines)


def _written(
    shop: Shop, folder: Path, form: str, ending: str, write: Callable[[pd.DataFrame, Path], None]
) -> Exported:
    for month, rows in months(shop.rows):
        write(_as_written(rows), folder / f"su_kien_{month}.{ending}")
    source = {
        "table": "events",
        "format": form,
        "path": f"raw/su_kien_*.{ending}",
        "timezone": ZONE,
        "dates": "DD/MM/YYYY",
        "numbers": "1.234,5",
        "columns": HEADINGS,
    }
    return Exported([source])


def _as_written(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows under their headings: local times as 31/01/2025 08:30:00, amounts as 1.250.000 ₫."""
    came = [(None, None) if channel is None else arrival(channel) for channel in rows["channel"]]
    paid = [None if pd.isna(value) else f"{value:,.0f} ₫".replace(",", ".") for value in rows["value"]]
    told = rows.assign(
        user_id=rows["customer_id"],
        timestamp=rows["time"].dt.tz_convert(ZONE).dt.strftime("%d/%m/%Y %H:%M:%S.%f"),
        source=pd.Series([source for source, _medium in came], rows.index, object),
        medium=pd.Series([medium for _source, medium in came], rows.index, object),
        value=pd.Series(paid, rows.index, object),
    )
    table = told[list(HEADINGS)].astype(object).rename(columns=HEADINGS)
    return table.where(table.notna(), None)


def _workbook(part: pd.DataFrame, file: Path) -> None:
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError:
        raise DataError(
            _("writing Excel needs a package that is not installed"),
            do=_("run {command}", command='`pip install "journey-workbench[excel]"`'),
        ) from None
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sự kiện")
    sheet.append(list(part.columns))
    for row in part.itertuples(index=False, name=None):
        sheet.append(row)
    book.save(file)


def _json_lines(part: pd.DataFrame, file: Path) -> None:
    def line(row: dict[Any, Any]) -> str:
        return json.dumps({key: said for key, said in row.items() if said is not None}, ensure_ascii=False)

    file.write_text("".join(line(row) + "\n" for row in part.to_dict("records")), encoding="utf-8")
