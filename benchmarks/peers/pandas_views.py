"""Raw events to three views of journeys the way a careful analyst writes them in pandas.

Same as ours: journeys end with a conversion, 30 days of lookback from their end; every step with the people
who took it, its share and median time; what becomes of journeys by their first touch; and by their length.
"""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import pandas as pd

EVENT_COLUMNS = ["event_id", "customer_id", "timestamp", "channel", "conversion", "value"]
LOOKBACK = pd.Timedelta(days=30)


def ordered(events: pd.DataFrame) -> pd.DataFrame:
    return events.sort_values(["customer_id", "timestamp", "event_id"])


def cut(events: pd.DataFrame) -> pd.DataFrame:
    converted = events["conversion"].astype("int64")
    number = converted.groupby(events["customer_id"]).cumsum() - converted
    events["journey"] = events.groupby(["customer_id", number], sort=False).ngroup()
    end = events.groupby("journey", sort=False)["timestamp"].transform("max")
    return events[end - events["timestamp"] <= LOOKBACK]


def steps(events: pd.DataFrame) -> pd.DataFrame:
    journey = events.groupby("journey", sort=False)
    taken = pd.DataFrame(
        {
            "customer": events["customer_id"],
            "from": events["channel"],
            "to": journey["channel"].shift(-1),
            "days": (journey["timestamp"].shift(-1) - events["timestamp"]) / pd.Timedelta(days=1),
        }
    ).dropna(subset=["to"])
    found = taken.groupby(["from", "to"]).agg(
        journeys=("customer", "size"), customers=("customer", "nunique"), median_days=("days", "median")
    )
    found["share"] = found["journeys"] / found.groupby("from")["journeys"].transform("sum")
    return found


def outcomes(events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    journeys = events.groupby("journey", sort=False).agg(
        customer=("customer_id", "first"),
        first=("channel", "first"),
        length=("channel", "size"),
        conversions=("conversion", "sum"),
        value=("value", "sum"),
    )
    told = {
        "journeys": ("customer", "size"),
        "customers": ("customer", "nunique"),
        "conversions": ("conversions", "sum"),
        "value": ("value", "sum"),
    }
    by_length = journeys.groupby(journeys["length"].clip(upper=21))
    return journeys.groupby("first").agg(**told), by_length.agg(**told)


if __name__ == "__main__":
    with step("read"):
        frame = pd.read_parquet(sys.argv[1], columns=EVENT_COLUMNS)
    with step("cut"):
        kept = cut(ordered(frame))
    with step("steps"):
        moves = steps(kept)
    with step("outcomes"):
        entries, lengths = outcomes(kept)
    with step("checks"):
        found = {
            "steps": int(moves["journeys"].sum()),
            "people": int(moves["customers"].sum()),
            "entries": {str(name): int(n) for name, n in sorted(entries["customers"].items())},
            "conversions": int(lengths["conversions"].sum()),
            "value": int(entries["value"].sum()),
        }
    report(found, "pandas", "pyarrow", "numpy")
