"""Where it hurts: what tickets are about, how many complain, and how long customers wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.model import Result
from journey_lib.survival import kaplan_meier
from journey_lib.voice.load import Topics
from journey_lib.voice.scores import ALL

COMPLAINT, QUESTION, UNSORTED = "complaint", "question", "unsorted"
By = Literal["topic", "channel", "department", "month"]
WAYS = ("topic", "channel", "department", "month")
WAITS = {"response": "first_response_at", "resolution": "resolved_at"}


def pain(
    tickets: pd.DataFrame, *, topics: Topics, as_of: str | pd.Timestamp, by: Sequence[By] = ("topic",)
) -> Result:
    """How many tickets there are of each kind, how many complain, and how long customers waited, as of a day.

    `tickets`: columns ticket_id, customer_id, timestamp, topic, channel, department, status,
    first_response_at, resolved_at. `topics` says which topics complain (`voice.topics` reads a workspace's);
    a topic in neither list is unsorted. What happened after `as_of`, the end of that day, is not known: later
    tickets are left out, later answers have not come yet. A ticket that is answered before it is opened is
    left out of the waits and counted in the facts.

    Columns: those of `by` (first a row for all: ``(all)``, without a month), tickets, customers, complaints,
    questions, unsorted, complaint_share with complaint_low and complaint_high (Wilson), unanswered and
    unresolved (not yet, as of that day), for `response` and `resolution` the hours by which half and nine in
    ten have it, each with low and high (response_median, response_median_low … resolution_p90_high;
    Kaplan-Meier, tickets without it count for as long as they have waited; missing where so many never got
    it), and reopened with reopened_share, _low, _high (missing when no status is declared to say so). Sorted
    by complaints.

    Raises
    ------
    DataError
        A column is missing.
    """
    unknown = [name for name in by if name not in WAYS]
    if unknown or not by:
        raise ParameterError(
            f"no tickets by {unknown or 'nothing'}", do=did_you_mean(str(*unknown[:1]), WAYS)
        )
    known, end = _as_of(tickets, topics, as_of)
    keys = list(by)
    whole = tuple(pd.NaT if name == "month" else ALL for name in keys)
    groups: list[tuple[tuple[Any, ...], pd.DataFrame]] = [(whole, known)] if len(known) else []
    groups += [(key, group) for key, group in known.groupby(keys, dropna=False, sort=True)]
    rows = [dict(zip(keys, key, strict=True)) | _measured(group, end, topics) for key, group in groups]
    found = (
        pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*keys, "tickets", "customers", "complaints"])
    )
    if len(found):
        times = ["month"] if "month" in keys else []
        found = pd.concat(
            [
                found.iloc[:1],
                found.iloc[1:].sort_values(
                    [*times, "complaints", "tickets"],
                    ascending=[*(True for _ in times), False, False],
                    kind="stable",
                ),
            ],
            ignore_index=True,
        )
    impossible = sum(int((known[name] < known["timestamp"]).sum()) for name in WAITS.values())
    facts = {
        "tickets": len(known),
        "customers": known["customer_id"].nunique(),
        "complaints": int((known["kind"] == COMPLAINT).sum()),
        "unsorted": int((known["kind"] == UNSORTED).sum()),
        "unanswered": int(known["first_response_at"].isna().sum()),
        "impossible_times": impossible,
    }
    settings = {"as_of": str(as_of), "by": keys, "topics": topics.model_dump()}
    # the rows of one key add up to the row of all, those of more to what the same key alone has
    return Result(
        "pain",
        found,
        facts,
        settings,
        base="tickets",
        people=("reopened",),  # tickets: of no more people than there are
        within={"reopened": ("tickets",)},
        tell={"reopened": ("reopened_share", "reopened_low", "reopened_high")},
        parts=(tuple(keys[:-1]),),
    )


def kind_of(topic: pd.Series, topics: Topics) -> pd.Series:
    """Whether each ticket's topic is a complaint, a question, or unsorted."""
    kinds = np.select(
        [topic.isin(topics.complaints), topic.isin(topics.questions)], [COMPLAINT, QUESTION], UNSORTED
    )
    return pd.Series(kinds, topic.index)


def end_of(as_of: str | pd.Timestamp, times: pd.Series) -> pd.Timestamp:
    """The first moment after the day `as_of`, in the time zone of `times`."""
    try:
        day = pd.Timestamp(as_of)
    except ValueError:
        raise ParameterError(f"{as_of!r} is no day", do='write it as "2025-12-31"') from None
    day = day.tz_convert(times.dt.tz).tz_localize(None) if day.tzinfo is not None else day
    return (day.normalize() + pd.Timedelta(days=1)).tz_localize(times.dt.tz)


def _as_of(
    tickets: pd.DataFrame, topics: Topics, as_of: str | pd.Timestamp
) -> tuple[pd.DataFrame, pd.Timestamp]:
    wanted = [
        "ticket_id",
        "customer_id",
        "timestamp",
        "topic",
        "channel",
        "department",
        "status",
        *WAITS.values(),
    ]
    missing = [name for name in wanted if name not in tickets]
    if missing:
        raise DataError(
            f"the tickets have no column '{missing[0]}'", do=did_you_mean(missing[0], tickets.columns)
        )
    end = end_of(as_of, tickets["timestamp"])
    known = tickets.loc[tickets["timestamp"] < end, wanted].copy()
    for name in WAITS.values():
        known[name] = known[name].where(known[name] < end)
    known["kind"] = kind_of(known["topic"], topics)
    known["month"] = known["timestamp"].dt.tz_localize(None).dt.to_period("M").dt.to_timestamp()
    for name in ("topic", "channel", "department"):
        known[name] = known[name].astype("object").where(known[name].notna(), "")
    return known, end


def _measured(group: pd.DataFrame, end: pd.Timestamp, topics: Topics) -> dict[str, float]:
    n = len(group)
    kinds = group["kind"].value_counts()
    complaints = int(kinds.get(COMPLAINT, 0))
    low, high = wilson(np.array([complaints]), np.array([n]))
    row: dict[str, float] = {
        "tickets": n,
        "customers": group["customer_id"].nunique(),
        "complaints": complaints,
        "questions": int(kinds.get(QUESTION, 0)),
        "unsorted": int(kinds.get(UNSORTED, 0)),
        "complaint_share": complaints / n,
        "complaint_low": float(low[0]),
        "complaint_high": float(high[0]),
        "unanswered": int(group["first_response_at"].isna().sum()),
        "unresolved": int(group["resolved_at"].isna().sum()),
    }
    for name, column in WAITS.items():
        row |= {
            f"{name}_{what}": hours for what, hours in waits(group["timestamp"], group[column], end).items()
        }
    reopened = int(group["status"].isin(topics.reopened).sum()) if topics.reopened else np.nan
    again = wilson(np.array([reopened]), np.array([n]))
    return row | {
        "reopened": reopened,
        "reopened_share": reopened / n,
        "reopened_low": float(again[0][0]),
        "reopened_high": float(again[1][0]),
    }


def waits(opened: pd.Series, ended: pd.Series, end: pd.Timestamp) -> dict[str, float]:
    """Hours by which half and nine in ten have been served, with 95% limits, when some are still waiting.

    Those who wait (`ended` missing) were watched until `end`. The limits of a time are where the limits of
    the Kaplan-Meier curve cross (Brookmeyer and Crowley 1982, with the curve's log-log limits); what is never
    reached is missing. Who is served before they ask is left out.
    """
    possible = ~(ended < opened)
    took = (ended.fillna(end) - opened)[possible].dt.total_seconds().to_numpy() / 3600
    served = ended.notna()[possible].to_numpy()
    times, at = np.unique(took, return_inverse=True)
    curve = kaplan_meier(
        np.bincount(at[served], minlength=len(times)), np.bincount(at[~served], minlength=len(times))
    )
    found = {}
    for name, part in (("median", 0.5), ("p90", 0.9)):
        for suffix, line in (("", curve.happened), ("_low", curve.high), ("_high", curve.low)):
            reached = np.flatnonzero(line >= part - 1e-12)
            found[name + suffix] = float(times[reached[0]]) if len(reached) else float("nan")
    return found
