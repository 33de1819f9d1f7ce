"""Seeded inputs for the benchmarks: journeys as path strings, and a raw event log.

Run as a script (`python benchmarks/data.py journeys 1000000 DIR`), so that the harness needs no packages.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

JOURNEY_CHANNELS = [
    "paid_search", "organic_search", "facebook", "zalo", "tiktok", "youtube", "email", "sms", "affiliate",
    "display", "direct", "store",
]  # fmt: skip
EVENT_CHANNELS = [
    "paid_search", "organic_search", "facebook_paid", "facebook_organic", "zalo_oa", "zalo_ads", "tiktok",
    "youtube", "email", "sms", "app_push", "affiliate", "marketplace", "display", "retargeting", "direct",
    "store", "outdoor", "call_centre", "sales_staff",
]  # fmt: skip
SHARES = {"user_id": 0.5, "member": 0.3, "email": 0.6, "phone": 0.7}  # of people who have one
EVENT_TYPES = ["view", "click", "purchase"]
GROUP = 1_000_000  # rows of a row group
YEAR_START = np.datetime64("2025-01-01T00:00:00", "us")
YEAR_MICROSECONDS = 365 * 86_400_000_000
WORKSPACE = """
name: benchmark
timezone: UTC
currency: VND
conversions: {purchase: {event_type: purchase}}
sources: [{table: events, format: parquet, path: raw/events.parquet}]
"""


def uneven(size: int) -> np.ndarray:
    """Shares of `size` channels, falling with rank as one over the rank."""
    weights = 1 / np.arange(1, size + 1)
    return weights / weights.sum()


def journeys(rows: int, folder: Path, seed: int = 20_250_101) -> None:
    """Write `rows` journeys one per line, and the same journeys as unique paths with counts.

    12 channels of uneven size, geometric length of mean 3.5, 3% conversion (more after some last channels
    than after others, so that the models have something to find), value in whole units.
    """
    random = np.random.default_rng(seed)
    lengths = random.geometric(1 / 3.5, rows)
    codes = random.choice(len(JOURNEY_CHANNELS), lengths.sum(), p=uneven(len(JOURNEY_CHANNELS)))
    ends = np.cumsum(lengths)
    pull = np.linspace(0.5, 1.5, len(JOURNEY_CHANNELS))
    chance = pull[codes[ends - 1]]
    converted = random.random(rows) < 0.03 * chance / chance.mean()
    value = np.where(converted, np.round(random.lognormal(13, 0.8, rows), -3).astype(np.int64), 0)

    names = np.array(JOURNEY_CHANNELS, dtype=object)[codes].tolist()
    starts = (ends - lengths).tolist()
    table = pd.DataFrame(
        {
            "path": [" > ".join(names[start:end]) for start, end in zip(starts, ends.tolist(), strict=True)],
            "total_conversions": converted.astype(np.int64),
            "total_conversion_value": value,
            "total_null": (~converted).astype(np.int64),
        }
    )
    write(table, folder)


def three_paths(_: int, folder: Path) -> None:
    """Write the example every text on the subject solves by hand: shares 0.2, 0.4 and 0.4."""
    columns = ["path", "total_conversions", "total_conversion_value", "total_null"]
    write(pd.DataFrame([("A > B > C", 1, 1, 0), ("A", 0, 0, 1), ("B > C", 0, 0, 1)], columns=columns), folder)


def write(table: pd.DataFrame, folder: Path) -> None:
    table.to_csv(folder / "raw.csv", index=False)
    table.groupby("path", as_index=False).sum().to_csv(folder / "grouped.csv", index=False)


def events(rows: int, folder: Path, seed: int = 20_250_102) -> None:
    """Write `rows` events of nearly a third as many customers, Pareto (1.35) numbers of them: see `log`."""
    random = np.random.default_rng(seed)
    sizes = np.minimum(random.random(rows) ** (-1 / 1.35), 150).astype(np.int64)
    customers = int(np.searchsorted(np.cumsum(sizes), rows)) + 1
    owner = np.repeat(np.arange(customers), sizes[:customers])[:rows]
    del sizes  # of a hundred million rows every column is 800 MB
    log(owner, random, folder)


def regulars(customers: int, folder: Path, seed: int = 20_250_105) -> None:
    """Write the events of so many customers, ten each in the mean, half of them five or fewer: see `log`."""
    random = np.random.default_rng(seed)
    sizes = np.ceil(random.lognormal(1.42, 1.3, customers)).astype(np.int64)
    log(np.repeat(np.arange(customers), sizes), random, folder)


def log(owner: np.ndarray, random: np.random.Generator, folder: Path) -> None:
    """Write events of a year in time order as Parquet; `owner` is the customer of each, from 0 on, in runs.

    Gaps of a few days; 20 channels of uneven size, of which a customer often stays with the last; 4%
    conversions worth whole units, all of them on rows that also have a channel.
    """
    rows, customers = len(owner), int(owner[-1]) + 1
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])

    gaps = (random.lognormal(1.0, 1.2, rows) * 86_400_000_000).astype(np.int64)
    gaps[first] = random.integers(0, YEAR_MICROSECONDS, len(first))
    elapsed = np.cumsum(gaps)
    elapsed -= np.repeat((elapsed - gaps)[first], np.diff(np.r_[first, rows]))
    time = elapsed % YEAR_MICROSECONDS  # past the year's end a customer goes on from its start
    del gaps, elapsed

    fresh = random.random(rows) < 0.7
    fresh[first] = True
    drawn = random.choice(len(EVENT_CHANNELS), rows, p=uneven(len(EVENT_CHANNELS))).astype(np.int8)
    channel = drawn[np.maximum.accumulate(np.where(fresh, np.arange(rows), 0))]
    del fresh, drawn, first
    conversion = random.random(rows) < 0.04
    value = np.where(conversion, np.round(random.lognormal(13, 0.8, rows), -3), np.nan)
    kinds = np.where(conversion, 2, random.integers(0, 2, rows)).astype(np.int8)
    number = random.permutation(customers)

    order = np.argsort(time, kind="stable")
    raw = folder / "workspace" / "raw"
    raw.mkdir(parents=True)
    columns = (owner, time, channel, kinds, conversion, value)
    writer = None
    for start in range(0, rows, GROUP):
        of = order[start : start + GROUP]
        group = event_table(start, number, *(column[of] for column in columns))
        writer = writer or pq.ParquetWriter(folder / "events.parquet", group.schema, compression="zstd")
        writer.write_table(group, GROUP)
    if writer:
        writer.close()
    (raw / "events.parquet").hardlink_to(folder / "events.parquet")
    (folder / "workspace" / "journey.yaml").write_text(WORKSPACE, encoding="utf-8")


def event_table(
    start: int,
    number: np.ndarray,
    owner: np.ndarray,
    time: np.ndarray,
    channel: np.ndarray,
    kinds: np.ndarray,
    conversion: np.ndarray,
    value: np.ndarray,
) -> pa.Table:
    return pa.table(
        {
            "event_id": pa.array(np.arange(start, start + len(owner))),
            "customer_id": pa.array(number[owner]),
            "timestamp": pa.array(YEAR_START + time.astype("timedelta64[us]")),
            "channel": pa.DictionaryArray.from_arrays(channel, EVENT_CHANNELS).cast(pa.string()),
            "event_type": pa.DictionaryArray.from_arrays(kinds, EVENT_TYPES).cast(pa.string()),
            "conversion": pa.array(conversion),
            "value": pa.array(value, from_pandas=True),
        }
    )


def known(rows: int, folder: Path, seed: int = 20_250_104) -> None:
    """Write the same kind of events as people are known by at a shop: as Parquet, and as gzipped CSV.

    Instead of a customer's number a row has a cookie (a new one every third event or so), on a third of
    the rows of those who have an account its user id, and on conversions an e-mail address or a phone number.
    """
    events(rows, folder)
    random = np.random.default_rng(seed)
    table = pq.read_table(folder / "events.parquet")
    customer = table["customer_id"].to_numpy()
    people = int(customer.max()) + 1
    bought = table["conversion"].to_numpy()
    cookie = np.char.mod("%016x", (customer * 7 + random.geometric(0.4, rows).clip(max=7)) * 2_654_435_761)
    logged_in = (random.random(people) < 0.4)[customer] & ((random.random(rows) < 1 / 3) | bought)
    by_mail = (customer % 2 == 0) & bought
    columns = {
        "event_id": table["event_id"].cast(pa.string()),
        "timestamp": table["timestamp"],
        **{name: table[name] for name in ("channel", "event_type", "value")},
        "cookie": pa.array(cookie),
        "user_id": pa.array(np.char.mod("U%08d", customer), mask=~logged_in),
        "email": pa.array(np.char.mod("khach%08d@example.vn", customer), mask=~by_mail),
        "phone": pa.array(np.char.mod("+843%08d", customer), mask=by_mail | ~bought),
    }
    known = pa.table(columns)
    workspace = WORKSPACE.replace("currency: VND", "currency: VND\nidentity: {key_file: raw/identity.key}")
    for form, name in (("parquet", "events.parquet"), ("csv", "events.csv.gz")):
        raw = folder / f"workspace_{form}" / "raw"
        raw.mkdir(parents=True)
        declared = workspace.replace("format: parquet", f"format: {form}").replace("events.parquet", name)
        (raw.parent / "journey.yaml").write_text(declared, encoding="utf-8")
        (raw / "identity.key").write_text("these people are invented", encoding="utf-8")
    (folder / "events.parquet").unlink()
    shutil.rmtree(folder / "workspace")
    pq.write_table(known, folder / "events.parquet", compression="zstd", row_group_size=1_000_000)
    (folder / "workspace_parquet" / "raw" / "events.parquet").hardlink_to(folder / "events.parquet")
    with gzip.open(folder / "text.csv.gz", "wb", compresslevel=1) as file:
        csv.write_csv(known, file)
    (folder / "workspace_csv" / "raw" / "events.csv.gz").hardlink_to(folder / "text.csv.gz")


def identities(rows: int, folder: Path, seed: int = 20_250_103) -> None:
    """Write `rows` sightings of two identifiers together, as hashes, in no order.

    Half of the people have a user id, most an e-mail address and a phone, all of them devices and cookies;
    who has an account is a cycle of links. One sighting in twenty repeats a link. Four people in a hundred
    share a device with another, both with a user id (one link in twenty is near two of them), two in a
    thousand one of a shop's tablets.
    """
    random = np.random.default_rng(seed)
    fresh = rows - rows // 20
    people = fresh // 5 + 10
    has = {kind: random.random(people) < share for kind, share in SHARES.items()}
    devices = 1 + (random.random(people) < 0.35)
    start = {kind: offset * people for offset, kind in enumerate((*SHARES, "device"))}
    who = np.arange(people)

    def account(*kinds: str) -> tuple[np.ndarray, np.ndarray]:
        both = np.flatnonzero(has[kinds[0]] & has[kinds[1]])
        return start[kinds[0]] + both, start[kinds[1]] + both

    owned = np.repeat(who, devices)
    device = start["device"] + np.arange(len(owned))
    users = random.permutation(np.flatnonzero(has["user_id"]))
    pairs = users[: people // 50 * 2].reshape(-1, 2)
    first_device = start["device"] + np.cumsum(devices) - devices
    device[first_device[pairs[:, 1]] - start["device"]] = first_device[pairs[:, 0]]
    tablet = random.choice(people, people // 500, replace=False)
    device[first_device[tablet] - start["device"]] = first_device[tablet % 20]

    visits = random.geometric(0.5, len(owned))
    of_device = np.repeat(np.arange(len(owned)), visits)
    cookie = start["device"] + len(owned) + np.arange(len(of_device))
    known = has["user_id"][owned]
    logged_in = known[of_device] & (random.random(len(of_device)) < 0.4)
    links = [
        *(account(*kinds) for kinds in (("user_id", "email"), ("user_id", "phone"), ("email", "phone"))),
        *(account("member", other) for other in ("phone", "email")),
        (start["user_id"] + owned[known], device[known]),
        (device[of_device], cookie),
        (start["user_id"] + owned[of_device[logged_in]], cookie[logged_in]),
    ]
    left, right = (np.concatenate([link[side] for link in links]) for side in (0, 1))
    chosen = np.sort(random.permutation(len(left))[:fresh])
    chosen = random.permutation(np.concatenate([chosen, random.choice(chosen, rows - len(chosen))]))
    left, right = left[chosen], right[chosen]
    turned = random.random(rows) < 0.5
    left, right = np.where(turned, right, left), np.where(turned, left, right)

    bounds = np.array([*(start[kind] for kind in SHARES), start["device"], start["device"] + len(owned)])
    kinds = np.array([0, 1, 3, 4, 5, 6], np.int8)
    digits = random.integers(0, 256, (int(cookie[-1]) + 1, 16), np.uint8)
    texts = np.frombuffer(digits.tobytes().hex().encode(), "S32")
    first = YEAR_START.astype(np.int64) + random.integers(0, YEAR_MICROSECONDS, rows)
    table = pa.table(
        {
            **{
                name: value
                for side, ends in (("left", left), ("right", right))
                for name, value in (
                    (f"{side}_kind", pa.array(kinds[np.searchsorted(bounds, ends, side="right") - 1])),
                    (side, pa.array(texts[ends]).cast(pa.string())),
                )
            },
            "first": pa.array(first),
            "last": pa.array(first + random.integers(0, YEAR_MICROSECONDS // 12, rows)),
            "count": pa.array(random.geometric(0.4, rows)),
            "source": pa.array(random.integers(0, 6, rows).astype(np.int16)),
        }
    )
    pq.write_table(table, folder / "links.parquet", compression="zstd", use_dictionary=False)


def customers(rows: int, folder: Path) -> None:
    """Five kinds of customers in twenty columns: shares of channels and times, amounts."""
    random = np.random.default_rng(1)
    kind = random.choice(5, rows, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    taste = random.dirichlet(np.ones(12), 5)[kind] * random.gamma(20, 1 / 20, (rows, 12))
    table = {
        f"share_{number}": column for number, column in enumerate((taste / taste.sum(1, keepdims=True)).T)
    }
    for number in range(4):
        late = 1.5 * random.normal(size=5)[kind] + random.normal(0, 0.5, rows)
        table[f"time_{number}"] = 1 / (1 + np.exp(-late))
        table[f"amount_{number}"] = np.exp(random.normal(random.normal(size=5)[kind], 0.5))
    table["touches"] = (20 + random.poisson(20, rows)).astype(float)
    pq.write_table(pa.table(table), folder / "customers.parquet")


KINDS = {
    "journeys": journeys, "three_paths": three_paths, "events": events, "identities": identities,
    "customers": customers, "known": known, "regulars": regulars,
}  # fmt: skip

if __name__ == "__main__":
    kind, rows, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    KINDS[kind](rows, folder)
