"""What customers say at each stage, in tickets, scores and words of their own, as cells of a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from journey_lib.journey_map import frames
from journey_lib.journey_map.nouns import Cell, Entry, Measured, Number, Reported
from journey_lib.workspace import Words

TOP = 2  # topics of complaints that a cell names
ASKED = 2  # topics of questions that a cell names
ALL = "(all)"


def of_topics(
    found: pd.DataFrame, stages: Sequence[str], *, words: Mapping[str, Words], source: str, k: int
) -> tuple[Cell, ...]:
    """What `voice.topics_at` found: complaints among the pains, questions among the expectations.

    The first entry of *pains* is how many complaints come for each hundred contacts (measured); after it, and
    in *expectations*, stand topics with their share of the complaints, or questions, of the stage (reported).
    `words` is what readers call topics. Nothing rests on fewer than `k` customers.
    """
    cells = []
    for stage in stages:
        here = found[(found["stage"] == stage) & (found["customers"] >= k)]
        pains, asked = here[here["kind"] == "complaint"], here[here["kind"] == "question"]
        for lane, rows, most in (("pains", pains, TOP), ("expectations", asked, ASKED)):
            rate = _rate(rows) if lane == "pains" else ()
            listed = rows[rows["topic"] != ALL].sort_values(["tickets", "topic"], ascending=[False, True])
            told = tuple(_topic(row, words, source) for row in frames.records(listed.head(most)))
            if rate or told:
                cells.append(Cell(stage, lane, (*rate, *told)))
    return tuple(cells)


def of_answers(found: pd.DataFrame, stages: Sequence[str], *, k: int) -> tuple[Cell, ...]:
    """What `voice.answers_at` found: first answers in time, and questions never answered."""
    cells = []
    for row in frames.records(found[(found["tickets"] >= k) & found["stage"].isin(list(stages))]):
        evidence = Measured(int(row["tickets"]), "tickets", "stage_answers")
        in_time = Number(row["share"], "share", row["low"], row["high"])
        never = Number(row["unanswered_share"], "share", row["unanswered_low"], row["unanswered_high"])
        cells.append(Cell(row["stage"], "kpi", (Entry(evidence, name="first_response", number=in_time),)))
        if row["unanswered"]:
            cells.append(Cell(row["stage"], "pains", (Entry(evidence, name="unanswered", number=never),)))
    return tuple(cells)


def of_scores(
    scores: pd.DataFrame,
    stage_of: Mapping[str, str],
    stages: Sequence[str],
    *,
    scales: Mapping[str, str],
    k: int,
) -> tuple[Cell, ...]:
    """Which touchpoint of each stage is rated below all answers most, and which above.

    `scores` is the table of `voice.scores` by touchpoint; `scales` says what readers call each metric, and
    only those named there are taken. The base is the mean of all answers of that metric. Lanes *pains* and
    *gains*; nothing rests on fewer than `k` customers.
    """
    known = scores[scores["metric"].isin(list(scales)) & (scores["customers"] >= k)]
    base = known[known["touchpoint"] == ALL].set_index("metric")["mean"]
    told = known[known["touchpoint"] != ALL].assign(
        base=known["metric"].map(base), stage=known["touchpoint"].map(dict(stage_of))
    )
    cells = []
    for stage in stages:
        here = told[told["stage"] == stage]
        worse = here[here["high"] < here["base"]].sort_values(["mean", "touchpoint"])
        better = here[here["low"] > here["base"]].sort_values(["mean", "touchpoint"], ascending=[False, True])
        for lane, rows in (("pains", worse), ("gains", better)):
            for row in frames.records(rows.head(1)):
                number = Number(float(row["mean"]), "rating", float(row["low"]), float(row["high"]))
                evidence = Reported(int(row["customers"]), scales[row["metric"]])
                entry = Entry(evidence, name=f"felt:{row['touchpoint']}", number=number)
                cells.append(Cell(stage, lane, (entry,)))
    return tuple(cells)


def of_words(found: pd.DataFrame, stages: Sequence[str], *, source: str) -> tuple[Cell, ...]:
    """The verbatims of `voice.words_at`, scrubbed there, each with how many customers talk of the like."""
    said = []
    for row in frames.records(found[found["stage"].isin(list(stages))]):
        evidence = Reported(int(row["customers"]), f"{source}: {row['term']}")
        said.append((row["stage"], Entry(evidence, {row["language"]: f"“{row['verbatim']}”"})))
    return frames.by_stage("thinking", said)


def _rate(rows: pd.DataFrame) -> tuple[Entry, ...]:
    whole = rows[(rows["topic"] == ALL) & (rows["contacts"] > 0)]
    if not len(whole):
        return ()
    row = whole.iloc[0]
    number = Number(float(row["per_100"]), "per_100", float(row["per_low"]), float(row["per_high"]))
    evidence = Measured(int(row["contacts"]), "contacts", "stage_topics")
    return (Entry(evidence, name="complaints", number=number),)


def _topic(row: Mapping[str, Any], words: Mapping[str, Words], source: str) -> Entry:
    """A topic with its part of the stage's complaints, or questions; the only one has no part to tell."""
    evidence = Reported(int(row["of"]), source)
    number = (
        None
        if row["tickets"] == row["of"]
        else Number(float(row["share"]), "share", float(row["low"]), float(row["high"]))
    )
    topic = str(row["topic"])
    return Entry(evidence, dict(words.get(topic, {})), name=topic, number=number)
