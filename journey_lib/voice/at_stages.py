"""What hurts at each stage of the journey: complaints and questions, answers in time, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from journey_lib.errors import DataError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.model import Result, duration
from journey_lib.voice.load import Topics
from journey_lib.voice.pain import COMPLAINT, QUESTION, end_of, kind_of
from journey_lib.voice.text import bare, language
from journey_lib.voice.themes import themes

Array = npt.NDArray[Any]
ALL = "(all)"
PEAK = 0.05  # chance that some month of an even year stands out so far
ALIKE = 0.5  # of two comments with more of their words in common, one is shown
KINDS = (COMPLAINT, QUESTION)


def poisson(events: Array, exposure: Array) -> tuple[Array, Array]:
    """Exact 95% interval of a rate of events per unit of exposure (Garwood 1936); NaN without any."""
    events, exposure = np.asarray(events, float), np.asarray(exposure, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(events > 0, special.gammaincinv(np.maximum(events, 1), 0.025), 0.0) / exposure
        high = special.gammaincinv(events + 1, 0.975) / exposure
    known = exposure > 0
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def topics_at(
    tickets: pd.DataFrame,
    *,
    topics: Topics,
    contacts: Mapping[str, int],
    as_of: str | pd.Timestamp,
    by: Literal["stage", "touchpoint"] = "stage",
) -> Result:
    """What customers complain of and ask about at each stage, or touchpoint, and how often.

    `tickets`: columns ticket_id, customer_id, timestamp, topic and that of `by` (what a ticket is about, and
    not where it was raised; missing: nobody has said); `contacts` counts the contacts there in the same days.
    Tickets after the day `as_of` are left out, those of topics that are neither a complaint nor a question
    too; facts count them.

    Columns stage (or touchpoint), kind (``complaint``, ``question``), topic (first ``(all)``), tickets,
    customers, of (tickets of that kind at the stage), share with low and high (Wilson), contacts, per_100
    (tickets for each hundred contacts) with per_low and per_high (Poisson, Garwood; tickets of one customer
    are taken as independent), peak (the month in which so many were written that chance hardly explains it:
    binomial against the days of the months, Bonferroni, 5%; missing where none stands out) and peak_tickets.
    A ticket is no part of the contacts: per_100 is a rate, and no share.

    Raises
    ------
    DataError
        A column is missing.
    """
    for name in ("ticket_id", "customer_id", "timestamp", "topic", by):
        if name not in tickets:
            raise DataError(f"the tickets have no column '{name}'", do=did_you_mean(name, tickets.columns))
    known = tickets[tickets["timestamp"] < end_of(as_of, tickets["timestamp"])]
    kinds = kind_of(known["topic"], topics)
    told = known.assign(kind=kinds)[kinds.isin(KINDS) & known[by].notna()]
    days = _days(known["timestamp"])
    rows = []
    for place in contacts:
        for kind in KINDS:
            here = told[(told[by] == place) & (told["kind"] == kind)]
            if not len(here):
                continue
            by_topic = sorted(here.groupby("topic"), key=lambda each: (-len(each[1]), str(each[0])))
            for topic, group in [(ALL, here), *by_topic]:
                rows.append(
                    {
                        by: place,
                        "kind": kind,
                        "topic": str(topic),
                        "tickets": len(group),
                        "customers": group["customer_id"].nunique(),
                        "of": len(here),
                        "contacts": int(contacts[place]),
                        **_peak(group["timestamp"], days),
                    }
                )
    facts = {
        "tickets": len(known),
        "complaints": int((kinds == COMPLAINT).sum()),
        "placeless": int(known[by].isna().sum()),
        "unsorted": int((~kinds.isin(KINDS)).sum()),
    }
    table = _rates(pd.DataFrame(rows, columns=[by, *_COUNTED, "peak", "peak_tickets"]))
    settings = {"as_of": str(as_of), "topics": topics.model_dump()}
    # a month of fewer than k tickets tells of people too, and so does that few had one at all
    people, tell = ("customers", "peak_tickets"), {"customers": ("peak",)}
    parts = ((by, "kind"),)  # the topics add up to the row of all
    return Result(
        f"{by}_topics", table, facts, settings, base="tickets", people=people, tell=tell, parts=parts
    )


_COUNTED = ("kind", "topic", "tickets", "customers", "of", "contacts")


def answers_at(tickets: pd.DataFrame, *, within: str = "15m", as_of: str | pd.Timestamp) -> Result:
    """How many who asked at each stage got a first answer in time, and how many none at all.

    `tickets`: columns timestamp, first_response_at and stage (the one a ticket was raised at). Who asked less
    than `within` before the end of the day `as_of` is left out: nobody knows yet. So are answers given before
    the question. Columns stage, tickets, in_time, share with low and high, unanswered (none by then),
    unanswered_share with unanswered_low and unanswered_high (Wilson).
    """
    end = end_of(as_of, tickets["timestamp"])
    span = pd.Timedelta(duration(within), unit="us")
    first = tickets["first_response_at"].where(tickets["first_response_at"] < end)
    told = tickets.assign(first=first, took=first - tickets["timestamp"])
    told = told[(told["timestamp"] + span <= end) & told["stage"].notna()]
    told = told[~(told["took"] < pd.Timedelta(0))]
    found = (
        told.assign(in_time=told["took"] <= span, unanswered=told["first"].isna())
        .groupby("stage", sort=False)
        .agg(tickets=("took", "size"), in_time=("in_time", "sum"), unanswered=("unanswered", "sum"))
        .reset_index()
    )
    for count, (share, low, high) in {
        "in_time": ("share", "low", "high"),
        "unanswered": ("unanswered_share", "unanswered_low", "unanswered_high"),
    }.items():
        n = found["tickets"].to_numpy(float)
        ends = wilson(found[count].to_numpy(float), n)
        found = found.assign(**{share: found[count] / n, low: ends[0], high: ends[1]})
    columns = ["stage", "tickets", "in_time", "share", "low", "high", "unanswered"]
    found = found[[*columns, "unanswered_share", "unanswered_low", "unanswered_high"]]
    settings = {"within": within, "as_of": str(as_of)}
    return Result("stage_answers", found, {"tickets": len(told)}, settings, base="tickets")


def words_at(comments: pd.DataFrame, *, k: int = 10, most: int = 2, names: Iterable[str] = ()) -> Result:
    """What customers talk of at each stage more than elsewhere, each with the comment that shows it best.

    `comments`: columns text, customer_id, stage. Themes and verbatims are those of `themes` by stage, only
    themes that chance hardly explains, no two verbatims that say nearly the same, and none of fewer than
    three words. Columns as there, and language (of the verbatim: vi or en).
    """
    found = themes(comments, by="stage", k=k, most=4 * most, names=names)
    table = found.table[found.table["found"].astype(bool)] if len(found.table) else found.table
    table = table.loc[[at for at, said in table["verbatim"].items() if len(str(said).split()) > 2]]
    rows: list[int] = []
    for _stage, group in table.groupby("stage", sort=False):
        rows += _apart([str(said) for said in group["verbatim"]], list(group.index), most)
    table = table.loc[rows]
    spoken = [language(str(said)) for said in table["verbatim"]]
    table = table.assign(language=["en" if each == "en" else "vi" for each in spoken])
    settings = {**found.settings, "most": most}
    return Result("stage_words", table.reset_index(drop=True), found.facts, settings, base="customers")


def _apart(said: list[str], at: list[int], most: int) -> list[int]:
    """The first `most` of the rows `at` that do not say nearly the same as one before."""
    kept: dict[int, frozenset[str]] = {}
    for row, text in zip(at, said, strict=True):
        words = frozenset(bare(text).split())
        alike = any(len(words & other) > ALIKE * min(len(words), len(other)) for other in kept.values())
        if not alike and len(kept) < most:
            kept[row] = words
    return list(kept)


def _rates(table: pd.DataFrame) -> pd.DataFrame:
    n, of, contacts = (table[name].to_numpy(float) for name in ("tickets", "of", "contacts"))
    low, high = wilson(n, of)
    per_low, per_high = poisson(n, contacts)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = {"share": n / of, "low": low, "high": high, "per_100": 100 * n / contacts}
    return table.assign(**rates, per_low=100 * per_low, per_high=100 * per_high)


def _days(times: pd.Series) -> pd.Series:
    """How many days of each month the tickets cover, from the first of them to the last."""
    if not len(times):
        return pd.Series(dtype=float)
    local = times.dt.tz_localize(None)
    days = pd.Series(pd.date_range(local.min().normalize(), local.max().normalize(), freq="D"))
    return days.dt.to_period("M").value_counts().sort_index()


def _peak(times: pd.Series, days: pd.Series) -> dict[str, Any]:
    """The month that stands out, if one does."""
    months = times.dt.tz_localize(None).dt.to_period("M").value_counts()
    most = months.sort_index().idxmax()
    n, seen = int(months.sum()), int(months[most])
    usual = float(days[most]) / float(days.sum())
    # As many or more of n in that month, had they come evenly.
    chance = float(special.bdtrc(seen - 1, n, usual)) if 0 < usual < 1 else 1.0
    if chance * len(days) > PEAK:
        return {"peak": pd.NaT, "peak_tickets": np.nan}
    return {"peak": most.to_timestamp(), "peak_tickets": seen}
