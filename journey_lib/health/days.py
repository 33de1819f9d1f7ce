"""When rows come: days without any, sudden changes of volume, and how many rows each month has.

A day is compared with the same weekdays before it, up to eight of them: their median is what was to be
expected. How far days usually are from that is measured by the series itself (the median of their distances,
so that the days looked for do not hide themselves), and never taken as less than counting chance alone would
make it. As thousands of days are looked at, the share of false alarms is held by Benjamini and Hochberg's
rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.health.evidence import Evidence
from journey_lib.health.series import ALL, EARLIEST, FEWEST, ONE, bulk, runs
from journey_lib.intervals import discoveries, two_sided
from journey_lib.model import Result
from journey_lib.once import once

IDLE = 0.1
ROBUST = 1.4826  # median distance of a normal variable, to its standard deviation
HALFWAY = 0.4549364231195724  # median of the square of a standard normal variable
Array = npt.NDArray[Any]


def presence(found: Evidence) -> Result:
    """How many rows each table has on each day of its period.

    Columns table, day, rows, expected (the median of the same weekdays before; NaN where too few are known).
    A table's period goes from its first to its last plausible day; days without rows are in it. Facts: the
    days of each table, and how many have no row; how many rows lie outside: before 1990, after the moment
    asked about, or apart from the rest (see `series.bulk`); rows, of all days that are listed.
    """
    parts = [frame.assign(table=table) for table, name, frame in found.series if name == ALL]
    columns = ["table", "day", "rows", "expected"]
    table = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    outside = _outside(found)
    counted = {f"{name}_{why}": n for name, whys in outside.items() for why, n in whys.items()}
    empty = table[table["rows"] == 0].groupby("table").size()
    facts: dict[str, Any] = {
        "rows": int(table["rows"].sum()),
        "days": {name: int(n) for name, n in table.groupby("table").size().items()},
        "days_without_rows": {name: int(n) for name, n in empty.items()},
        **{why: sum(whys[why] for whys in outside.values()) for why in ("early", "future", "far")},
        **{name: n for name, n in counted.items() if n},
    }
    return Result("presence", table, facts, found.settings)


@once
def gaps(found: Evidence, *, false_alarms: float = 0.01) -> Result:
    """On which days a table or a channel that usually has rows has none at all.

    Columns table, series (a channel; ``""``: the whole table), first_day, last_day, days, expected (rows the
    same weekdays before let expect), ends (the gap reaches to the end of the table: the series stopped).
    A gap is listed when chance would leave it empty so rarely that at most a share `false_alarms` of the list
    can be chance: the chance is exp(-expected / spread), where spread is how much more the series varies than
    counts do. A series that is idle on more than `IDLE` of its other days, as mailings are, has no gaps. What
    a table lacks entirely is not repeated for its channels.
    """
    found_runs = []
    for table, name, frame in found.series:
        spread = _spread(frame)
        for start, stop in runs(frame["rows"].to_numpy() == 0):
            days = frame.iloc[start:stop]
            expected = float(days["expected_in_gap"].sum())
            idle = (float((frame["rows"] == 0).sum()) - len(days)) / max(len(frame) - len(days), 1)
            found_runs.append(
                {
                    "table": table,
                    "series": name,
                    "first_day": days["day"].iloc[0],
                    "last_day": days["day"].iloc[-1],
                    "days": stop - start,
                    "expected": expected,
                    "ends": stop == len(frame),
                    "chance": float(np.exp(-expected / spread)) if idle <= IDLE else 1.0,
                }
            )
    columns = ["table", "series", "first_day", "last_day", "days", "expected", "ends"]
    every = pd.DataFrame(found_runs, columns=[*columns, "chance"])
    listed = every[discoveries(every["chance"].to_numpy(float), false_alarms)]
    listed = _unrepeated(listed).sort_values(["series", "first_day", "table"], ignore_index=True)
    whole = listed[listed["series"] == ALL]
    facts = {
        "gaps": len(listed),
        "gaps_in_tables": len(whole),
        "days_missing_in_tables": int(whole["days"].sum()),
        "looked_at": len(every),
    }
    return Result("gaps", listed[columns], facts, found.settings | {"false_alarms": false_alarms})


@once
def jumps(found: Evidence, *, times: float = 2.0, false_alarms: float = 0.01) -> Result:
    """On which days volume is suddenly at least `times` what was to be expected, or that part of it.

    Columns table, series, first_day, last_day, days, rows, expected, ratio: days one after the other that
    change in the same direction are one change. The chance of a day is two-sided, from the normal
    distribution of log(rows / expected); at most a share `false_alarms` of the days found can be chance.
    The first and the last day of a table may be cut off by an export and are left out; so are days without
    rows (see `gaps`), and channels whose change is that of their table on the same day.
    """
    days = []
    for table, name, frame in found.series:
        inner = frame.iloc[1:-1]
        inner = inner[(inner["rows"] > 0) & inner["expected"].notna()]
        log = _log_ratio(inner)
        z = log / np.maximum(_usual(frame), 1 / np.sqrt(np.maximum(inner["expected"], 0.5)))
        chance = two_sided(z)
        days.append(inner.assign(table=table, series=name, log=log, chance=chance))
    every = pd.concat(days, ignore_index=True) if days else pd.DataFrame({"chance": [], "log": []})
    looked = len(every)
    sure = discoveries(every["chance"].to_numpy(float), false_alarms)
    every = every[sure & (every["log"].abs() >= np.log(times)).to_numpy()]
    listed = _changes(every)
    whole = listed[listed["series"] == ALL]
    facts = {
        "jumps": len(listed),
        "jumps_in_tables": len(whole),
        "days_changed_in_tables": int(whole["days"].sum()),
        "looked_at": looked,
    }
    settings = found.settings | {"times": times, "false_alarms": false_alarms}
    return Result("jumps", listed, facts, settings)


def months(found: Evidence) -> Result:
    """How many rows each table has in each month of all tables, months without rows included.

    Columns table, month (its first day), rows, relative (to the table's median month), whole (whether the
    table's data cover the month from its first to its last day). Facts: which tables lack which months;
    rows, of all.
    """
    parts = {table: frame for table, name, frame in found.series if name == ALL}
    if not parts:
        return Result("months", pd.DataFrame(columns=["table", "month", "rows", "relative", "whole"]))
    first = min(frame["day"].iloc[0] for frame in parts.values()).to_period("M")
    last = max(frame["day"].iloc[-1] for frame in parts.values()).to_period("M")
    span = pd.period_range(first, last, freq="M")
    tables = []
    for table, frame in parts.items():
        rows = frame.groupby(frame["day"].dt.to_period("M"))["rows"].sum().reindex(span, fill_value=0)
        begun, ended = frame["day"].iloc[0], frame["day"].iloc[-1]
        whole = (span.start_time >= begun) & (span.end_time.normalize() <= ended)
        middle = float(rows[whole].median()) if whole.any() else float(rows.max())
        relative = rows.to_numpy() / middle if middle else np.full(len(rows), np.nan)
        tables.append(
            pd.DataFrame(
                {
                    "table": table,
                    "month": span.start_time,
                    "rows": rows.to_numpy(),
                    "relative": relative,
                    "whole": whole,
                }
            )
        )
    frame = pd.concat(tables, ignore_index=True)
    empty = frame[frame["rows"] == 0]
    facts = {
        "rows": int(frame["rows"].sum()),
        "months": len(span),
        "tables": len(parts),
        "empty": len(empty),
        "tables_with_empty_months": sorted(empty["table"].unique()),
    }
    return Result("months", frame, facts, found.settings)


def latest(found: Evidence) -> dict[str, int]:
    """How many days before the day asked about each table has its last plausible row."""
    asked = pd.Timestamp(found.as_of.date())
    return {table: (asked - frame["day"].iloc[-1]).days for table, name, frame in found.series if name == ALL}


def _outside(found: Evidence) -> dict[str, dict[str, int]]:
    """Rows of each table that lie before 1990, after the moment asked about, or far from the others."""
    today = pd.Timestamp(found.as_of.date())
    begin = pd.Timestamp(EARLIEST)
    outside = {}
    for table, frame in found.daily[found.daily["series"] == ALL].groupby("table"):
        day, rows = frame["day"], frame["rows"]
        exact = found.moments[(found.moments["table"] == table) & (found.moments["series"] == ALL)]
        future = int(exact["future"].sum()) if len(exact) else int(rows[day > today].sum())
        first, last = bulk(found.daily, today, str(table))
        far = ((day < first) & (day >= begin)) | ((day > last) & (day <= today))
        outside[str(table)] = {
            "early": int(rows[day < begin].sum()),
            "future": future,
            "far": int(rows[far].sum()),
        }
    return outside


def _log_ratio(frame: pd.DataFrame) -> Array:
    return np.log((frame["rows"].to_numpy(float) + 0.5) / (frame["expected"].to_numpy(float) + 0.5))


def _usual(frame: pd.DataFrame) -> float:
    """How far the days of a series usually are from what was expected, on the log scale."""
    known = frame[(frame["rows"] > 0) & frame["expected"].notna()]
    return ROBUST * float(np.median(np.abs(_log_ratio(known)))) if len(known) else 0.0


def _spread(frame: pd.DataFrame) -> float:
    """By how much the days of a series vary more than counts would: variance over mean, at least 1."""
    known = frame[(frame["rows"] > 0) & (frame["expected"] > 0)]
    if len(known) < FEWEST:
        return 1.0
    off = (known["rows"] - known["expected"]) ** 2 / known["expected"]
    return max(1.0, float(np.median(off)) / HALFWAY)


def _unrepeated(gaps_found: pd.DataFrame) -> pd.DataFrame:
    """Gaps of channels without those that are gaps of the whole table."""
    records = gaps_found.to_dict("records")
    whole = [gap for gap in records if gap["series"] == ALL]
    own = [
        gap["series"] == ALL
        or not any(
            each["table"] == gap["table"]
            and each["first_day"] <= gap["first_day"]
            and each["last_day"] >= gap["last_day"]
            for each in whole
        )
        for gap in records
    ]
    return gaps_found[np.array(own, bool)]


def _changes(days: pd.DataFrame) -> pd.DataFrame:
    """Days that change in the same direction, one after the other, as one row; of channels only their own."""
    columns = ["table", "series", "first_day", "last_day", "days", "rows", "expected", "ratio"]
    if days.empty:
        return pd.DataFrame(columns=columns)
    days = days.assign(up=days["log"] > 0).sort_values(["table", "series", "day"])
    change = list(zip(days["table"], days["day"], days["up"], strict=True))
    of_table = (days["series"] == ALL).to_numpy()
    whole = {each for each, is_whole in zip(change, of_table, strict=True) if is_whole}
    days = days[of_table | np.array([each not in whole for each in change], bool)]
    keys = ["table", "series", "up"]
    apart = (days[keys] != days[keys].shift()).any(axis=1) | (days["day"].diff() != ONE)
    listed = days.groupby(apart.cumsum().to_numpy()).agg(
        table=("table", "first"),
        series=("series", "first"),
        first_day=("day", "min"),
        last_day=("day", "max"),
        days=("day", "size"),
        rows=("rows", "sum"),
        expected=("expected", "sum"),
    )
    listed["ratio"] = (listed["rows"] + 0.5) / (listed["expected"] + 0.5)
    return listed.sort_values(["series", "first_day", "table"], ignore_index=True)[columns]
