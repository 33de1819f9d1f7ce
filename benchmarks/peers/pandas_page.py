"""Raw events to the tables of a page about journeys, the way a careful analyst writes them in pandas.

The same ten tables as ours asks for together (`views.py`): journeys end with a conversion, 30 days of
lookback from their end; who has neither converted nor run out of these days is open. Channels are a category
from the start, which is what pandas groups fastest, and what several tables need is worked out once.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

from answers import PAGE, digest
from stopwatch import report, step

with step("imports"):
    import numpy as np
    import pandas as pd
    from pandas_views import EVENT_COLUMNS, LOOKBACK, cut, ordered

FUNNEL = ("paid_search", "facebook_paid", "email", "store")
START, CONVERTED, ENDED, OPEN, OTHER = "(start)", "(conversion)", "(null)", "(open)", "(other)"
DEPTH, MOST = 5, 15
DAY = pd.Timedelta(days=1)
DAYS = [0, 1 / 24, 1, 3, 7, 14, 30]
LENGTHS = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6–7": 6, "8–10": 8, "11–20": 11, "21+": 21}


def as_categories(events: pd.DataFrame) -> pd.DataFrame:
    names = [*sorted(events["channel"].unique()), START, CONVERTED, ENDED, OPEN]
    return events.assign(channel=events["channel"].astype(pd.CategoricalDtype(names)))


def journeys_of(kept: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """One row a journey."""
    found = kept.groupby("journey", sort=False).agg(
        customer=("customer_id", "first"),
        first=("channel", "first"),
        last=("channel", "last"),
        length=("channel", "size"),
        began=("timestamp", "first"),
        end=("timestamp", "last"),
        converted=("conversion", "last"),
        value=("value", "sum"),
    )
    found["open"] = ~found["converted"] & (until - found["end"] < LOOKBACK)
    ended = np.where(found["converted"], CONVERTED, np.where(found["open"], OPEN, ENDED))
    found["ended"] = pd.Categorical(ended, dtype=kept["channel"].dtype)
    found["lasted"] = found["end"] - found["began"]
    return found


def steps(kept: pd.DataFrame, journeys: pd.DataFrame) -> pd.DataFrame:
    """From every touch, and the start, to what came next: touches, and ends."""
    journey = kept.groupby("journey", sort=False)
    time = kept["timestamp"]
    touches = pd.DataFrame(
        {
            "customer": kept["customer_id"],
            "from": kept["channel"],
            "to": journey["channel"].shift(-1),
            "days": (journey["timestamp"].shift(-1) - time) / DAY,
        }
    )
    last = touches["to"].isna()
    touches.loc[last, "to"] = journeys["ended"].array  # journeys stand in the order of their last touches
    touches.loc[last & (touches["to"] == CONVERTED), "days"] = 0.0  # conversions are touches themselves
    starts = journeys[["customer", "first"]].rename(columns={"first": "to"})
    starts["from"] = pd.Categorical([START] * len(starts), dtype=kept["channel"].dtype)
    way = pd.concat([touches, starts], ignore_index=True).groupby(["from", "to"], observed=True)
    found = way.agg(
        journeys=("customer", "size"), customers=("customer", "nunique"), median_days=("days", "median")
    )
    found["p90_days"] = way["days"].quantile(0.9)
    found = found.reset_index()
    known = found["journeys"].where(found["to"] != OPEN)
    found["share"] = known / known.groupby(found["from"], observed=True).transform("sum")
    found["share_in"] = found["journeys"] / found.groupby("to", observed=True)["journeys"].transform("sum")
    return found


def outcomes(journeys: pd.DataFrame, key: Any) -> pd.DataFrame:
    """What became of the journeys of each key."""
    found = journeys.groupby(key, observed=True).agg(
        journeys=("customer", "size"),
        customers=("customer", "nunique"),
        conversions=("converted", "sum"),
        open=("open", "sum"),
        value=("value", "sum"),
    )
    sold = journeys["converted"]
    won = journeys[sold].groupby(key if isinstance(key, str) else key[sold], observed=True)
    found = found.join(won.agg(touches=("length", "mean"), median_days=("lasted", "median")))
    found["nulls"] = found["journeys"] - found["conversions"] - found["open"]
    found["conversion_rate"] = found["conversions"] / (found["journeys"] - found["open"])
    return found.rename_axis("name").reset_index()


def lengths(journeys: pd.DataFrame) -> pd.DataFrame:
    begins = [*LENGTHS.values(), np.inf]
    return outcomes(journeys, pd.cut(journeys["length"], begins, right=False, labels=list(LENGTHS)))


def durations(journeys: pd.DataFrame) -> pd.DataFrame:
    begins = [*pd.to_timedelta(DAYS, unit="D"), pd.Timedelta.max]
    return outcomes(journeys, pd.cut(journeys["lasted"], pd.to_timedelta(begins), right=False, labels=DAYS))


def step_matrix(kept: pd.DataFrame, journeys: pd.DataFrame) -> pd.DataFrame:
    """Where journeys are at each of the first steps; one that is over stays at its end."""
    place = (kept.groupby("journey", sort=False).cumcount() + 1).rename("step")
    early = place <= DEPTH
    at = kept[early].groupby([place[early], "channel"], observed=True).size().rename("journeys").reset_index()
    short = journeys[journeys["length"] < DEPTH]
    over = short.groupby(["ended", "length"], observed=True).size().unstack(fill_value=0)  # noqa: PD010
    over = over.reindex(columns=range(1, DEPTH), fill_value=0).cumsum(axis=1)
    over.columns = range(2, DEPTH + 1)
    over = over.rename_axis("channel").reset_index().melt("channel", var_name="step", value_name="journeys")
    found = pd.concat([at.astype({"channel": str}), over.astype({"channel": str})], ignore_index=True)
    found = found[found["journeys"] > 0].rename(columns={"channel": "name"})
    return found.assign(share=found["journeys"] / len(journeys))


def paths(kept: pd.DataFrame, journeys: pd.DataFrame) -> pd.DataFrame:
    """The paths taken most, and all others in a row of their own."""
    # Journeys stand one after another, so plain lists are sliced and joined: a tenth of what
    # `groupby(...).agg(" > ".join)` takes.
    names, ends = kept["channel"].tolist(), journeys["length"].cumsum().tolist()
    path = [" > ".join(names[start:end]) for start, end in pairwise([0, *ends])]
    found = journeys.groupby(pd.Categorical(path), observed=True).agg(
        journeys=("customer", "size"),
        customers=("customer", "nunique"),
        conversions=("converted", "sum"),
        open=("open", "sum"),
        value=("value", "sum"),
    )
    found = found.rename_axis("path").reset_index().astype({"path": str})
    found = found.sort_values(["journeys", "path"], ascending=[False, True], ignore_index=True)
    other = found[MOST:].drop(columns=["path", "customers"]).sum()  # customers of several paths are in one
    found = pd.concat([found[:MOST], other.to_frame().T.assign(path=OTHER)], ignore_index=True)
    return found.assign(share=found["journeys"] / len(journeys))


def funnel(events: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Customers by step: first times, each after the one before and within the window from the first."""
    events = events[["customer_id", "timestamp", "channel"]].reset_index(drop=True)
    rows = {name: events[events["channel"] == name].drop(columns="channel") for name in FUNNEL}
    at = rows[FUNNEL[0]].drop_duplicates("customer_id")
    came = at.assign(entered=at["timestamp"], row=at.index)
    table = []
    for name in FUNNEL:
        if name != FUNNEL[0]:
            on = came.set_index("customer_id")[["entered", "row"]]
            there = rows[name].join(on, on="customer_id", how="inner")
            in_time = there["timestamp"] - there["entered"] <= LOOKBACK
            there = there[in_time & (there.index > there["row"])].drop_duplicates("customer_id")
            came = there.assign(row=there.index)
        watched = came["entered"] <= until - LOOKBACK
        took = (came["timestamp"] - came["entered"])[watched]
        table.append(
            (name, rows[name]["customer_id"].nunique(), watched.sum(), (~watched).sum(), took.median())
        )
    found = pd.DataFrame(table, columns=["step", "reach", "customers", "open", "median"])
    found["conversion"] = found["customers"] / found["customers"].shift(1)
    found["total"] = found["customers"] / found["customers"].iloc[0]
    return found


def cohorts(bought: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Customers of each month of first conversions who convert again in each later month that is whole."""
    month = (bought["timestamp"].dt.year * 12 + bought["timestamp"].dt.month - 1).rename("month")
    born = month.groupby(bought["customer_id"]).transform("min").rename("cohort")
    seen = pd.concat([bought["customer_id"], born, month], axis=1).drop_duplicates()
    found = seen.groupby(["cohort", "month"]).size().rename("customers").reset_index()
    own = found[found["cohort"] == found["month"]].set_index("cohort")["customers"]
    after = until + pd.Timedelta(microseconds=1)
    found = found[(found["month"] > found["cohort"]) & (found["month"] < after.year * 12 + after.month - 1)]
    found = found.assign(of=found["cohort"].map(own), months=found["month"] - found["cohort"])
    return found.assign(share=found["customers"] / found["of"])


def repeat(bought: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Time to the second conversion, Kaplan and Meier's way."""
    number = bought.groupby("customer_id", sort=False).cumcount()
    first = bought[number == 0].set_index("customer_id")["timestamp"]
    second = bought[number == 1].set_index("customer_id")["timestamp"].reindex(first.index)
    happened = second.notna()
    day = ((second.fillna(until) - first) // DAY).rename("day")
    found = pd.DataFrame({"again": happened.groupby(day).sum(), "left": day.groupby(day).size()})
    found = found.reindex(range(day.max() + 1), fill_value=0)
    found["at_risk"] = len(first) - found["left"].cumsum().shift(1, fill_value=0)
    found["share"] = 1 - (1 - found["again"] / found["at_risk"]).cumprod()
    return found.assign(customers=found["again"].cumsum()).rename_axis("day").reset_index()


def page(file: str) -> dict[str, pd.DataFrame]:
    with step("read"):
        frame = pd.read_parquet(file, columns=EVENT_COLUMNS)
    with step("cut"):
        events = ordered(as_categories(frame))
        del frame
        until = events["timestamp"].max()
        kept = cut(events)
        journeys = journeys_of(kept, until)
    tables = {}
    with step("steps"):
        tables["transitions"] = steps(kept, journeys)
    with step("paths"):
        tables["paths"] = paths(kept, journeys)
    with step("matrix"):
        tables["matrix"] = step_matrix(kept, journeys)
    with step("outcomes"):
        tables["first"], tables["last"] = (outcomes(journeys, side) for side in ("first", "last"))
        tables["lengths"], tables["durations"] = lengths(journeys), durations(journeys)
    with step("funnel"):
        tables["funnel"] = funnel(events, until)
    with step("retention"):
        bought = events.loc[events["conversion"], ["customer_id", "timestamp"]]
        tables["cohorts"], tables["repeat"] = cohorts(bought, until), repeat(bought, until)
    return tables


def facts(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    return {name: digest(tables[name], *columns) for name, columns in PAGE.items()}


if __name__ == "__main__":
    found = page(sys.argv[1])
    with step("checks"):
        said = facts(found)
    report(said, "pandas", "pyarrow", "numpy")
