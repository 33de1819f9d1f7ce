"""The demo shop as an analyst would read it, and what is true of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import yaml

import journey_lib as jl
from journey_lib import demo, prepare

CONFIG = Path(__file__).parents[1] / "data" / "demo" / "journey.yaml"
DAY_TIME = "%d/%m/%Y %H:%M:%S"
ORDERS = ("order", "customer_id", "time", "value", "sold_at", "items")
TICKETS = ("ticket", "customer_id", "opened", "channel", "topic", "text", "first", "resolved", "status",
           "department", "order")  # fmt: skip


def local(times: pd.Series) -> pd.Series:
    return times.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None)


def csv(place: Path, pattern: str) -> pd.DataFrame:
    files = sorted(place.glob(pattern))
    assert files, pattern
    return pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])


def raw_of(folder: Path) -> SimpleNamespace:
    """The raw files as an analyst would clean them: wrong rows left out, local times, amounts as numbers."""
    raw = folder / "raw"
    rows = pd.concat([pq.read_table(file).to_pandas() for file in sorted(raw.glob("events_*.parquet"))])
    events = rows.drop_duplicates("event_id").dropna(subset=["timestamp"])
    events = events[events.customer_id.fillna("") != ""].assign(time=lambda e: local(e.timestamp))
    orders = csv(raw, "orders_*.csv").set_axis([*ORDERS], axis=1)
    orders["time"] = pd.to_datetime(orders.time, format=DAY_TIME, errors="coerce")
    tickets = csv(raw, "tickets.csv").set_axis([*TICKETS], axis=1)
    for column in ("opened", "first"):
        tickets[column] = pd.to_datetime(tickets[column], format=DAY_TIME, errors="coerce")
    crm = csv(raw, "customers.csv").set_index("Mã khách hàng")
    return SimpleNamespace(
        folder=folder, every=set(rows.event_id), events=events, all_orders=orders, tickets=tickets, crm=crm,
        orders=orders[orders.customer_id != ""].dropna(subset=["time"]), returns=csv(raw, "returns.csv"),
        surveys=csv(raw, "surveys.csv"), identifiers=pq.read_table(raw / "identifiers.parquet").to_pandas(),
    )  # fmt: skip


def truth(shop: SimpleNamespace, name: str) -> pd.DataFrame:
    file = shop.folder / "truth" / name
    return pq.read_table(file).to_pandas() if file.suffix == ".parquet" else pd.read_csv(file)


def made(folder: Path, customers: int, world: str = "base", **more: int) -> SimpleNamespace:
    demo.generate(folder, world=world, customers=customers, **more)
    return raw_of(folder)


def plain(folder: Path, customers: int) -> Path:
    """A demo shop with the demo's journey.yaml, for other ways to hand it over to be compared with."""
    demo.generate(folder, customers=customers)
    (folder / "journey.yaml").write_text(CONFIG.read_text("utf-8"), encoding="utf-8")
    return folder


def prepared(folder: Path) -> tuple[prepare.Manifest, dict[str, pd.DataFrame]]:
    """What becomes of a workspace's sources: the record, and every table but the rows that were dropped."""
    manifest = prepare.prepare(jl.open(folder))
    work = folder / "work"
    tables = {
        str(file.relative_to(work)): pd.read_parquet(file)
        for file in sorted(work.rglob("*.parquet"))
        if file.parent.name != "rejected"
    }
    return manifest, tables


def differing(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    """The columns that differ in any row, by table; rows stand in the same order in both."""
    assert one.keys() == other.keys()
    found = {}
    for name, table in one.items():
        assert table.shape == other[name].shape, name
        assert [*table] == [*other[name]], name
        columns = [column for column in table if not table[column].equals(other[name][column])]
        if columns:
            found[name] = columns
    return found


def with_known_people(folder: Path) -> None:
    """Give `folder` the demo's journey.yaml, but with people as the simulation knows them, not stitched.

    For what is to be said of the world itself, and not of how much of it can be seen.
    """
    declared = yaml.safe_load(CONFIG.read_text("utf-8"))
    del declared["identity"]
    sources = [source for source in declared["sources"] if source["table"] != "identifiers"]
    for source in sources:
        for key in ("ignore", "identified_by"):
            source.pop(key, None)
        for kind in ("phone", "email", "member"):
            source.get("columns", {}).pop(kind, None)
    declared["sources"] = sources
    text = yaml.safe_dump(declared, allow_unicode=True, sort_keys=False)
    (folder / "journey.yaml").write_text(text, encoding="utf-8")
