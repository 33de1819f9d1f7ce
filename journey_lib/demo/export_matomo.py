"""The demo shop as Matomo would have recorded it: answers of its API, or dumps of its database."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from journey_lib.demo import export_shop
from journey_lib.demo.export_shop import SITE, Exported, Shop
from journey_lib.demo.export_visits import in_visits

# How Matomo files a visit that came without tags in its link: its word and its number for it.
UNTAGGED = {"direct": ("direct", 1, ""), "organic_search": ("search", 2, "Google")}
CAMPAIGN = ("campaign", 6)
EVENT, PAGE, ACTION_NAME = 10, 1, 11  # types of `log_action`
COLUMNS = {
    "log_visit": (
        *("idvisit", "idsite", "idvisitor", "user_id", "visit_first_action_time", "referer_type"),
        *("referer_name", "referer_url", "campaign_source", "campaign_medium", "campaign_name"),
    ),
    "log_link_visit_action": (
        *("idlink_va", "idsite", "idvisitor", "idvisit", "server_time", "idaction_url", "idaction_name"),
        *("idaction_event_category", "idaction_event_action", "custom_dimension_1"),
    ),
    "log_conversion": (
        *("idvisit", "idsite", "idvisitor", "server_time", "idlink_va", "idgoal", "buster", "idorder"),
        *("revenue", "url", "custom_dimension_1"),
    ),
    "log_action": ("idaction", "name", "hash", "type", "url_prefix"),
}


def write(shop: Shop, folder: Path) -> Exported:
    """A file a month, as `Live.getLastVisitsDetails` answers: one list of visits, the newest first."""
    visits: dict[int, dict[str, Any]] = {}
    number = len(shop.rows)
    for row in in_visits(shop.rows):
        visit = row["visit"]
        if not visit:
            number, visit = number + 1, number + 1
        visits.setdefault(visit, _visit(visit, row))["actionDetails"].append(_action(row))
    months: dict[str, list[dict[str, Any]]] = {}
    for each in sorted(visits.values(), key=lambda each: -each["idVisit"]):
        months.setdefault(each.pop("month"), []).append(each)
    for month, answered in months.items():
        text = json.dumps(answered, ensure_ascii=False, indent=0)
        (folder / f"visits_{month}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    columns = {"touchpoint": "dimension1"}
    return Exported(
        [{"table": "events", "format": "matomo", "path": "raw/visits_*.json.gz", "columns": columns}]
    )


def _visit(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """A visit, and where it came from; one that the shop's server told of has no referrer."""
    visit: dict[str, Any] = {
        "month": f"{row['time']:%Y-%m}",
        "idSite": "1",
        "idVisit": number,
        "visitorId": row["cookie"] or "",
        "userId": row["customer_id"],
        "siteCurrency": "VND",
        "serverTimestamp": int(row["time"].timestamp()),
        "referrerType": None,
        "referrerName": None,
    }
    if row["channel"] in UNTAGGED:
        kind, _, name = UNTAGGED[row["channel"]]
        visit |= {"referrerType": kind, "referrerName": name, "referrerUrl": None}
    elif row["channel"] is not None:
        source, medium = export_shop.arrival(row["channel"])
        visit |= {
            "referrerType": CAMPAIGN[0],
            "referrerName": row["touchpoint"],
            "campaignName": row["touchpoint"],
            "campaignSource": source,
            "campaignMedium": medium,
        }
    return visit | {"actionDetails": []}


def _action(row: dict[str, Any]) -> dict[str, Any]:
    since = {"timestamp": int(row["time"].timestamp()), "dimension1": row["touchpoint"]}
    if row["event_type"] == "purchase":
        return {
            "type": "ecommerceOrder", "orderId": row["event_id"], "revenue": float(row["value"]), **since
        }  # fmt: skip
    event = {"eventCategory": "shop", "eventAction": row["event_type"], "eventName": row["touchpoint"]}
    return {"type": "event", "url": f"{SITE}/{row['touchpoint']}", **event, **since}


def write_tables(shop: Shop, folder: Path) -> Exported:
    """A dump of each of the tables `log_*`, as MySQL writes CSV: times in UTC, ids of visitors in hex."""
    names: dict[tuple[str, int], int] = {}

    def name(text: str, kind: int) -> int:
        return names.setdefault((text, kind), len(names) + 1)

    visits: dict[int, Sequence[Any]] = {}
    actions, conversions = [], []
    outside = len(shop.rows)
    for link, row in enumerate(in_visits(shop.rows), 1):
        visit = row["visit"]
        if not visit:
            outside, visit = outside + 1, outside + 1
        visitor = f"0x{row['cookie'].upper()}" if row["cookie"] else "NULL"
        time, touchpoint = f"{row['time']:%Y-%m-%d %H:%M:%S}", row["touchpoint"]
        visits.setdefault(visit, (visit, 1, visitor, row["customer_id"], time, *_came(row)))
        if row["event_type"] == "purchase":
            order = (0, link, row["event_id"], int(row["value"]), "NULL", touchpoint)
            conversions.append((visit, 1, visitor, time, "NULL", *order))
        else:
            page = name(f"{SITE.removeprefix('https://')}/{touchpoint}", PAGE)
            what = (name("shop", EVENT), name(row["event_type"], ACTION_NAME), touchpoint)
            actions.append((link, 1, visitor, visit, time, page, "NULL", *what))
    said = ((at, text, 0, kind, 2 if kind == PAGE else "NULL") for (text, kind), at in names.items())
    for table, rows in (
        ("log_visit", visits.values()),
        ("log_link_visit_action", actions),
        ("log_conversion", conversions),
        ("log_action", said),
    ):
        _write_csv(folder / f"matomo_{table}.csv.gz", COLUMNS[table], rows)
    columns = {"touchpoint": "custom_dimension_1"}
    source = {"table": "events", "format": "matomo", "path": "raw/matomo_*.csv.gz", "columns": columns}
    return Exported([source])


def _came(row: dict[str, Any]) -> tuple[Any, ...]:
    nothing = ("NULL", "NULL", "NULL", "NULL", "NULL", "NULL")
    if row["channel"] is None:
        return nothing
    if row["channel"] in UNTAGGED:
        _, kind, name = UNTAGGED[row["channel"]]
        return (kind, name, *nothing[2:])
    source, medium = export_shop.arrival(row["channel"])
    return (CAMPAIGN[1], row["touchpoint"], "NULL", source, medium, row["touchpoint"])


def _write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    file.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
