"""What the checks look at, counted once: rows by day and hour, ties, lone orders, rows kept apart."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib import engine, prepare, touches
from journey_lib.channels.links import COLUMNS
from journey_lib.health import series
from journey_lib.health.series import ALL, EARLIEST, Series
from journey_lib.model import CONVERTED, TABLES
from journey_lib.once import once
from journey_lib.prepare import Manifest
from journey_lib.sources.delimited import MALFORMED
from journey_lib.sources.places import lines
from journey_lib.touches import Bucket, Touches
from journey_lib.workspace import Workspace

NO_CHANNEL = "(no channel)"  # rows that name no channel and are no conversion
DAY = 86_400_000_000
HOUR = 3_600_000_000
QUARTER = HOUR // 4  # clocks are only ever moved by whole quarters of an hour
Ints = npt.NDArray[Any]


@dataclass(frozen=True)
class Evidence:
    """Counts of one prepared workspace, as of one moment.

    `daily`    table, series (a channel, or the whole table: ``""``), day, rows: every row of `work/`.
    `moments`  table, series and how many rows: share their customer and instant with another (tied), stand
               where they stand because of their event id alone (decided), lie on local or UTC midnight, lie
               after the moment asked about (future) or before 1990 (early).
    `hours`    table, hour (of the local clock), rows, and how many of them lie exactly on midnight.
    `rejected` source (its number), reason, rows, and the first place: file, row.
    `matched`  outcomes of the main conversion and their customers, and how many of both have no touch.
    `listed`   buyers and how many of them are not in the CRM; None where that cannot be told.
    `links`    what is wrong with the tags of events, as `channels.lint` tells it.
    """

    manifest: Manifest
    timezone: str
    as_of: dt.datetime
    columns: tuple[Mapping[str, str], ...]
    most_dropped: float
    daily: pd.DataFrame
    moments: pd.DataFrame
    hours: pd.DataFrame
    rejected: pd.DataFrame
    matched: Mapping[str, int]
    listed: Mapping[str, int] | None
    links: pd.DataFrame

    @functools.cached_property
    def series(self) -> list[Series]:
        """Each table and channel with one row a day of its period."""
        return list(series.every(self.daily, pd.Timestamp(self.as_of.date())))

    @property
    def settings(self) -> dict[str, Any]:
        """What every Result says of how it was asked."""
        return {"data": self.manifest.fingerprint, "as_of": self.as_of.date().isoformat()}


@once
def evidence(workspace: Workspace, as_of: dt.date | str | None = None) -> Evidence:
    """Count everything the checks need, in one pass over the prepared table.

    `as_of` is the last day that can have rows, by the workspace's clock; none: this moment.
    """
    table = touches.load(workspace)
    manifest = prepare.prepare(workspace)
    zone = ZoneInfo(workspace.timezone)
    if as_of is None:
        moment = dt.datetime.fromtimestamp(time.time(), zone)
    else:
        moment = dt.datetime.combine(pd.Timestamp(as_of).date(), dt.time.max, zone)
    daily, moments, hours, people = _counted(table, manifest, int(moment.timestamp() * 1e6))
    beside = [_beside(name, file, workspace.timezone) for name, file in _other_tables(workspace.work)]
    return Evidence(
        manifest=manifest,
        timezone=workspace.timezone,
        as_of=moment,
        columns=tuple(source.columns for source in workspace.sources),
        most_dropped=workspace.checks.most_dropped,
        daily=pd.concat([daily, *beside], ignore_index=True).astype(
            {"day": "datetime64[s]", "rows": "int64"}
        ),
        moments=moments,
        hours=hours,
        rejected=_rejected(workspace, manifest, workspace.work / "rejected"),
        matched=_matched(people),
        listed=_listed(workspace, people["buyers"]),
        links=_links(workspace.work / "links.parquet"),
    )


def local(moment: Ints, timezone: str) -> Ints:
    """Microseconds on the clock of a time zone, for microseconds of UTC."""
    quarter = moment // QUARTER
    known, place = np.unique(quarter, return_inverse=True)
    within = np.clip(known * QUARTER, -62_135_500_000_000_000, 253_402_200_000_000_000)  # years 1 to 9999
    zone = ZoneInfo(timezone)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    offset = [
        (epoch + dt.timedelta(microseconds=int(m))).astimezone(zone).utcoffset() or dt.timedelta()
        for m in within
    ]
    return moment + np.array([each // dt.timedelta(microseconds=1) for each in offset], np.int64)[place]


def _counted(
    table: Touches, manifest: Manifest, now: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Ints]]:
    """Counts over all buckets; series are numbered: channels, then what has none, outcomes and orders."""
    nothing, outcome, order = (len(table.channels) + n for n in range(3))
    main = next(iter(table.conversions.values()), ())
    any_outcome = {name for names in table.conversions.values() for name in names}
    codes = {name: code for code, name in enumerate(table.event_types)}
    # Orders come into the touch table as purchases without a channel; an event of that kind counts with them.
    ordered = codes.get("purchase", -1) if any(a.table == "orders" for a in manifest.accounts) else -1
    outcomes = np.isin(np.arange(len(codes)), [codes[n] for n in any_outcome if n in codes])
    counts_as_main = np.isin(np.arange(len(codes)), [codes[n] for n in main if n in codes])

    def numbered(bucket: Bucket) -> Ints:
        unnamed = np.where(outcomes[bucket.event_type], outcome, nothing)
        unnamed[bucket.event_type == ordered] = order
        return np.where(bucket.channel >= 0, bucket.channel, unnamed)

    measure = partial(_measured, numbered=numbered, main=counts_as_main, timezone=table.timezone, now=now)
    found = engine.reduce(table.buckets, measure, _merged)
    names = [*table.channels, NO_CHANNEL, CONVERTED, ALL]
    place = {code: ("orders" if code == order else "events", name) for code, name in enumerate(names)}
    daily = _placed(found["daily"], place).assign(day=lambda f: _dates(f["day"]))
    moments = _placed(found["moments"], place)
    hours = (
        _placed(found["hours"], place).groupby(["table", "hour"], as_index=False)[["rows", "midnight"]].sum()
    )
    return _with_totals(daily, ["day"]), _with_totals(moments, []), hours, found["people"]


def _measured(
    bucket: Bucket,
    *,
    numbered: Callable[[Bucket], Ints],
    main: npt.NDArray[np.bool_],
    timezone: str,
    now: int,
) -> dict[str, Any]:
    """One bucket's counts; its customers are whole, so theirs are final."""
    kind = numbered(bucket)
    clock = local(bucket.timestamp, timezone)
    day = clock // DAY
    same = (bucket.timestamp[1:] == bucket.timestamp[:-1]) & (bucket.customer[1:] == bucket.customer[:-1])
    alike = same & ((bucket.channel[1:] < 0) == (bucket.channel[:-1] < 0))
    midnight = clock % DAY == 0
    early = (EARLIEST - dt.date(1970, 1, 1)).days
    rows = pd.DataFrame(
        {
            "series": kind,
            "rows": 1,
            "tied": _either(same, len(bucket)),
            "decided": _either(alike, len(bucket)),
            "midnight": midnight,
            "midnight_utc": bucket.timestamp % DAY == 0,
            "future": bucket.timestamp > now,
            "early": day < early,
        }
    )
    buying = main[bucket.event_type]
    touched = np.unique(bucket.customer[bucket.channel >= 0])
    hours = pd.DataFrame({"series": kind, "hour": clock % DAY // HOUR, "rows": 1, "midnight": midnight})
    return {
        "daily": pd.DataFrame({"series": kind, "day": day, "rows": 1}).groupby(["series", "day"]).sum(),
        "moments": rows.groupby("series").sum(),
        "hours": hours.groupby(["series", "hour"]).sum(),
        "people": {
            "buyers": np.unique(bucket.customer[buying]),
            "outcomes": np.array([buying.sum()]),
            "alone": np.setdiff1d(bucket.customer[buying], touched),
            "outcomes_alone": np.array([(~np.isin(bucket.customer[buying], touched)).sum()]),
        },
    }


def _either(with_next: npt.NDArray[np.bool_], rows: int) -> npt.NDArray[np.bool_]:
    """Which of the rows are like the row before or the row after; a bucket may have none."""
    return (np.append(with_next, False) | np.insert(with_next, 0, False))[:rows]


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {
        name: pd.concat([part[name] for part in parts]).groupby(level=list(levels)).sum().reset_index()
        for name, levels in {"daily": (0, 1), "moments": (0,), "hours": (0, 1)}.items()
    }
    names = parts[0]["people"]
    return merged | {"people": {n: np.concatenate([part["people"][n] for part in parts]) for n in names}}


def _placed(frame: pd.DataFrame, place: Mapping[int, tuple[str, str]]) -> pd.DataFrame:
    """Numbers of series become their table and name."""
    said = [place[code] for code in frame.pop("series")]
    frame.insert(0, "table", [table for table, _ in said])
    frame.insert(1, "series", [name for _, name in said])
    return frame


def _with_totals(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The series of events beside the whole of them; orders are a whole already."""
    parts = frame[frame["series"] != ALL]
    whole = parts.groupby(["table", *keys], as_index=False).sum(numeric_only=True).assign(series=ALL)
    return pd.concat([whole, frame], ignore_index=True)[list(frame.columns)]


def _dates(days: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(days.to_numpy().astype("datetime64[D]").astype("datetime64[s]"), index=days.index)


def _other_tables(work: Path) -> Iterator[tuple[str, Path]]:
    """Prepared tables that tell when their rows are of, beside the touches."""
    yield from ((name, work / f"{name}.parquet") for name in TABLES if (work / f"{name}.parquet").is_file())


def _beside(name: str, file: Path, timezone: str) -> pd.DataFrame:
    """Rows by day of one table beside the touches, and by channel where it names any."""
    schema = pq.read_schema(file)
    time = next((column for column in ("date", "timestamp") if column in schema.names), None)
    if time is None:
        return pd.DataFrame({"table": [], "series": [], "day": [], "rows": []}).astype({"rows": "int64"})
    columns = [time, *(["channel"] if "channel" in schema.names else [])]
    table = pq.read_table(file, columns=columns)
    table = table.filter(table[time].is_valid())
    moment = table[time]
    if not pa.types.is_date(moment.type):
        clock = local(moment.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(), timezone)
        days = pd.Series(clock // DAY)
    else:
        days = pd.Series(moment.cast(pa.int32()).to_numpy())
    frame = table.drop_columns([time]).to_pandas().assign(table=name, rows=1, day=_dates(days))
    whole = frame.groupby(["table", "day"], as_index=False)["rows"].sum().assign(series=ALL)
    if "channel" not in frame:
        return whole
    parts = frame.groupby(["table", "channel", "day"], as_index=False)["rows"].sum()
    return pd.concat([whole, parts.rename(columns={"channel": "series"})], ignore_index=True)


def _rejected(workspace: Workspace, manifest: Manifest, folder: Path) -> pd.DataFrame:
    """Rows kept apart by source and reason, and where the first of each is; not what it said."""
    parts = []
    for number, _account in enumerate(manifest.accounts):
        for file in sorted(folder.glob(f"{number}_*.parquet")):
            frame = pq.read_table(file, columns=["reason", "file", "row"]).to_pandas()
            frame = frame.sort_values(["reason", "file", "row"]).groupby("reason", as_index=False)
            parts.append(frame.agg(rows=("row", "size"), file=("file", "first"), row=("row", "first")))
            parts[-1].insert(0, "source", number)
            parts[-1]["line"] = _lines(workspace, number, parts[-1], file)
    if parts:
        return pd.concat(parts, ignore_index=True)
    return pd.DataFrame({"source": [], "reason": [], "rows": [], "file": [], "row": [], "line": []})


def _lines(workspace: Workspace, number: int, first: pd.DataFrame, rejected: Path) -> list[int | None]:
    """The line of the file that each first row stands in, where its format is one of lines and says so."""
    source = workspace.sources[number]
    if source.format == "excel":
        return [int(row) for row in first["row"]]  # as Excel numbers them
    if source.format != "csv":
        return [None] * len(first)
    bad = pq.read_table(rejected, columns=["file", "row"], filters=[("reason", "=", MALFORMED)]).to_pandas()
    places: dict[str, dict[int, int]] = {}
    for name, asked in first[first["reason"] != MALFORMED].groupby("file"):
        paths = [path for path in workspace.path.glob(source.path) if path.name == name]
        if len(paths) == 1:
            there = set(bad.loc[bad["file"] == name, "row"].astype(int))
            places[str(name)] = lines(source, paths[0], asked["row"].astype(int), there)
    return [
        int(row) if why == MALFORMED else places.get(str(name), {}).get(int(row))
        for why, name, row in zip(first["reason"], first["file"], first["row"], strict=True)
    ]


def _links(file: Path) -> pd.DataFrame:
    return pq.read_table(file).to_pandas() if file.is_file() else pd.DataFrame(columns=[*COLUMNS])


def _matched(people: Mapping[str, Ints]) -> dict[str, int]:
    return {
        "orders": int(people["outcomes"].sum()),
        "buyers": len(people["buyers"]),
        "orders_without_touch": int(people["outcomes_alone"].sum()),
        "buyers_without_touch": len(people["alone"]),
    }


def _listed(workspace: Workspace, buyers: Ints) -> dict[str, int] | None:
    """Buyers the CRM does not know; where identifiers become customers, an account is as good as the CRM.

    None where no CRM is declared, or where what was prepared does not tell.
    """
    file = workspace.work / "customers.parquet"
    declared = any(source.table == "customers" for source in workspace.sources)
    if not declared or workspace.identity is not None or "known" not in pq.read_schema(file).names:
        return None
    people = pq.read_table(file, columns=["customer", "known"]).to_pandas().dropna(subset=["customer"])
    missing = ~people.set_index("customer").loc[buyers, "known"].astype(bool)
    return {"buyers": len(buyers), "buyers_not_listed": int(missing.sum())}
