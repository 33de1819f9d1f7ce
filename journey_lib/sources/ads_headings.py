"""How the platforms head the columns of their cost exports, in English and Vietnamese."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babel.numbers import is_currency

from journey_lib.sources import convert, written

# Of several headings that a file has, the first of a list is taken. A currency in brackets may stand behind.
DAY = ("day", "by day", "date", "ngày", "theo ngày", "stat time day", "ngày thống kê")
FIRST_DAY = ("reporting starts", "bắt đầu báo cáo", "lượt bắt đầu báo cáo", "ngày bắt đầu báo cáo")
LAST_DAY = ("reporting ends", "kết thúc báo cáo", "lượt kết thúc báo cáo", "ngày kết thúc báo cáo")
HEADINGS: Mapping[str, Sequence[str]] = {
    "campaign": ("campaign", "campaign name", "chiến dịch", "tên chiến dịch"),
    "cost": (
        *("cost", "amount spent", "total cost", "spend", "chi phí", "số tiền đã chi tiêu", "tổng chi phí"),
        *("tổng chi tiêu", "chi tiêu", "số tiền chi tiêu"),
    ),
    "currency": (
        *("currency code", "currency", "account currency", "mã đơn vị tiền tệ", "mã tiền tệ"),
        *("đơn vị tiền tệ", "loại tiền tệ", "tiền tệ"),
    ),
    "impressions": (
        *("impressions", "impr.", "impression", "lượt hiển thị", "số lượt hiển thị", "hiển thị"),
        "số lần hiển thị",
    ),
    # Clicks that led to the site, before clicks on anything.
    "clicks": (
        *("link clicks", "lượt click vào liên kết", "lượt nhấp vào liên kết", "clicks (destination)"),
        *("lượt nhấp (đích đến)", "clicks", "lượt nhấp", "số lượt nhấp", "lượt click", "số lần nhấp"),
        *("clicks (all)", "lượt click (tất cả)", "lượt nhấp (tất cả)"),
    ),
    "platform_conversions": (
        *("conversions", "results", "purchases", "chuyển đổi", "lượt chuyển đổi", "số lượt chuyển đổi"),
        *("kết quả", "lượt mua", "result"),
    ),
}
KIND = ("campaign type", "loại chiến dịch")  # Google's, which tells a channel more exactly than the platform
# What the costs belong to where the workspace does not say: the channels of the built-in rules.
CHANNELS = {"google": "Paid Search", "meta": "Paid Social", "tiktok": "Paid Social", "zalo": "Paid Social"}
KINDS = {
    "search": "Paid Search",
    "tìm kiếm": "Paid Search",
    "display": "Display",
    "hiển thị": "Display",
    "video": "Paid Video",
    "shopping": "Paid Shopping",
    "mua sắm": "Paid Shopping",
    "performance max": "Cross-network",
    "tối đa hóa hiệu suất": "Cross-network",
}
BRACKETED = re.compile(r"^(.*?)\s*\(([^()]{1,5})\)$")  # `Amount spent (VND)`, but not `Clicks (all)`


@dataclass(frozen=True)
class Headings:
    """Where the columns stand: canonical name → place, and what a heading says besides."""

    names: Sequence[str]
    places: Mapping[str, int]
    last_day: int | None
    kind: int | None
    currency: str | None


def tidy(heading: str) -> str:
    """A heading as it is compared: composed letters, single blanks, lower case."""
    return convert.column_name(heading).casefold()


def find(cells: Sequence[str], asked: Mapping[str, str]) -> Headings | None:
    """The columns that a line heads, if it is the header: it needs a day and a cost.

    `asked` says which heading the source wants for a column, in place of those that are known.
    """
    names = [convert.column_name(cell) for cell in cells]
    bare: dict[str, int] = {}
    whole: dict[str, int] = {}
    for index, name in enumerate(names):
        found = BRACKETED.match(name)
        whole.setdefault(name.casefold(), index)
        bare.setdefault((found[1] if found else name).casefold(), index)

    def place(known: Sequence[str]) -> int | None:
        found = (at for name in known for at in (whole.get(name), bare.get(name)))
        return next((at for at in found if at is not None), None)

    day = place(DAY)
    known = {"date": day if day is not None else place(FIRST_DAY)}
    known |= {name: place(headings) for name, headings in HEADINGS.items()}
    known |= {name: whole.get(tidy(heading)) for name, heading in asked.items()}
    places = {name: at for name, at in known.items() if at is not None}
    if not {"date", "cost"} <= places.keys():
        return None
    money = BRACKETED.match(names[places["cost"]])
    last = place(LAST_DAY) if day is None and "date" not in asked else None
    currency = money[2] if money and is_money(money[2]) else None
    return Headings(names, places, last, place(KIND), currency)


def is_money(mark: str) -> bool:
    """Whether a text is the code or sign of a currency."""
    signs = {sign for group in written.SIGNS.values() for sign in group}
    return mark.casefold() in signs or is_currency(mark.upper())
