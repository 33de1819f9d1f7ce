"""The demo shop as a data feed of Adobe Analytics: hits without a header, and files of ids and names."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

from journey_lib.demo import export_shop
from journey_lib.demo.export_shop import Exported, Shop
from journey_lib.demo.export_visits import in_visits

COLUMNS = (
    *("accept_language", "exclude_hit", "hit_source", "hit_time_gmt", "hitid_high", "hitid_low", "visit_num"),
    *(
        "visit_page_num",
        "visit_start_time_gmt",
        "visid_high",
        "post_visid_high",
        "post_visid_low",
        "pagename",
    ),
    *("post_pagename", "post_page_url", "post_page_event", "post_event_list", "post_product_list"),
    *("post_purchaseid", "duplicate_purchase", "post_currency", "campaign", "post_campaign", "ref_type"),
    *("ref_domain", "post_search_engine", "va_closer_id", "post_evar1", "post_evar2", "user_agent"),
)
STANDARD = {"purchase": 1, "begin_checkout": 11, "add_to_cart": 12}
FIRST_OWN = 200
SEARCH, TYPED, ELSEWHERE = 3, 6, 2
GOOGLE = 17
# Hits that Adobe itself leaves out, of which a feed has some: a robot's, and one that was uploaded.
ROBOT = {"exclude_hit": 1, "hit_source": 1}
UPLOADED = {"exclude_hit": 0, "hit_source": 5}


def write(shop: Shop, folder: Path) -> Exported:
    """A file of hits a day, with a robot's and an uploaded one on the first of a month, and lookup files."""
    told = in_visits(shop.rows)
    own = sorted({row["event_type"] for row in told} - STANDARD.keys())
    numbers = STANDARD | {name: FIRST_OWN + at for at, name in enumerate(own)}
    known: dict[str, Any] = {}
    hits = [_hit(row, numbers, known) for row in told]
    for day, part in export_shop.days(shop.rows):
        of_day = [hits[at] for at in part.index]
        others = _left_out(of_day[0]) if day.endswith("01") else []
        lines = "".join(_line(hit) for hit in [*of_day, *others])
        (folder / f"01-vaigom_{day}.tsv.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    (folder / "column_headers.tsv").write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
    names = "".join(f"{number}\t{name}\n" for name, number in numbers.items())
    (folder / "event.tsv").write_text(names, encoding="utf-8")
    (folder / "search_engines.tsv").write_text(f"{GOOGLE}\tGoogle\n", encoding="utf-8")
    columns = {"user_id": "post_evar1", "cookie": "post_evar2"}
    return Exported([{"table": "events", "format": "adobe", "path": "raw/*.tsv*", "columns": columns}])


def _hit(row: dict[str, Any], numbers: dict[str, int], known: dict[str, Any]) -> dict[str, Any]:
    since = int(row["time"].timestamp())
    visitor = hashlib.sha256(f"{row['customer_id']} {row['cookie']}".encode()).digest()
    high, low = (int.from_bytes(visitor[at : at + 8]) for at in (0, 8))
    hit: dict[str, Any] = {
        "accept_language": "vi-VN",
        "exclude_hit": 0,
        "hit_source": 1,
        "hit_time_gmt": since,
        "hitid_high": 3_000_000_000 + row["number"] // 1_000_000,
        "hitid_low": row["number"],
        "visit_num": row["visit"],
        "visit_page_num": row["step"],
        "visit_start_time_gmt": known.get(row["visit"], since),
        "post_visid_high": high,
        "post_visid_low": low,
        "pagename": "before the rules",
        "post_pagename": row["touchpoint"],
        "post_page_event": 0,
        "post_event_list": f"{numbers[row['event_type']]},100,101",
        "post_currency": "VND",
        "duplicate_purchase": 0,
        "post_campaign": known.get(row["customer_id"], ""),
        "post_evar1": row["customer_id"],
        "post_evar2": row["cookie"] or "",
    }
    if row["step"] == 1 and row["visit"]:
        known[row["visit"]] = since
        hit |= _came(row, known)
    if row["event_type"] == "purchase":
        products = f"gốm;{row['event_id']};1;{int(row['value'])};;"
        hit |= {"post_product_list": products, "post_purchaseid": row["event_id"]}
    return hit


def _came(row: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Where a visit came from; the tracking code goes on to stand in later hits, as Adobe has it."""
    page = export_shop.SITE + "/"
    if row["channel"] == "direct":
        return {"ref_type": TYPED, "post_page_url": page}
    if row["channel"] == "organic_search":
        return {"ref_type": SEARCH, "post_search_engine": GOOGLE, "post_page_url": page}
    source, medium = export_shop.arrival(row["channel"])
    known[row["customer_id"]] = row["touchpoint"]
    return {
        "ref_type": ELSEWHERE,
        "ref_domain": f"{source}.example",
        "campaign": row["touchpoint"],
        "post_campaign": row["touchpoint"],
        "post_page_url": export_shop.address(row["touchpoint"], source, medium),
    }


def _left_out(hit: dict[str, Any]) -> list[dict[str, Any]]:
    return [hit | why | {"hitid_high": 9_000_000_000 + at} for at, why in enumerate((ROBOT, UPLOADED))]


def _line(hit: dict[str, Any]) -> str:
    return "\t".join(str(hit.get(name, "")) for name in COLUMNS) + "\n"
