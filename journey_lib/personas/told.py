"""What the people of each persona said: scores, complaints and their own words, never invented.

Everything takes the tables `surveys` and `tickets` as prepared (`load`), so that the same customers, days and
languages are meant everywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib import voice
from journey_lib.engine import reduce
from journey_lib.features import Features
from journey_lib.intervals import mean_interval, wilson
from journey_lib.journeys.steps import coded, stage_of
from journey_lib.model import Result
from journey_lib.stages import Model
from journey_lib.touches import Bucket, Touches
from journey_lib.workspace import Workspace

Array = npt.NDArray[Any]
SCALES: Mapping[str, tuple[float, float]] = {"csat": (1, 5), "ces": (1, 7), "nps": (0, 10)}


def load(workspace: Workspace, table: str, features: Features) -> pd.DataFrame:
    """The rows of `surveys` or `tickets` in the window of the features, of customers who are in them.

    Columns as in the canonical table, and customer, the code in the touch table. Empty where a workspace
    has no such source.
    """
    if not any(source.table == table for source in workspace.sources):
        return pd.DataFrame({"customer": pd.Series(dtype="int32")})
    rows = {"surveys": voice.surveys, "tickets": voice.tickets}[table](workspace)
    when = rows["timestamp"]
    inside = (when >= features.since) & (when < features.as_of) & rows["customer"].isin(features.frame.index)
    return rows[inside].reset_index(drop=True)


def stages_of(touches: Touches, model: Model) -> dict[str, str]:
    """The stage each touchpoint is in: that of most of its rows, the earlier where two have as many."""
    rules = coded(touches, model)
    size = (len(touches.touchpoints), len(model.names))

    def measure(bucket: Bucket) -> Array:
        stage = stage_of(bucket, rules)
        counted = np.zeros(size, np.int64)
        placed = (stage >= 0) & (bucket.touchpoint >= 0) & (bucket.touchpoint < size[0])
        np.add.at(counted, (bucket.touchpoint[placed], stage[placed]), 1)
        return counted

    rows = reduce(touches.buckets, measure, lambda parts: np.sum(parts, axis=0))
    return {
        name: model.names[int(counted.argmax())]
        for name, counted in zip(touches.touchpoints, rows, strict=True)
        if counted.any()
    }


def feelings(
    surveys: pd.DataFrame,
    members: pd.Series[Any],
    *,
    stage_of: Mapping[str, str],
    metric: str = "csat",
    k: int = 10,
) -> Result:
    """How members of each persona rated each stage.

    Table, a row for each persona and stage: persona, stage, metric, customers (who answered), answers, mean
    on the scale of the metric with low and high. A customer's answers at a stage count as one, their mean,
    so that who answers often does not count more; the interval is Hall's over customers and is missing
    under `k` of them, as is the mean. Who answers is not everybody: the angry and the delighted do so more
    often.
    """
    least, most = SCALES[metric]
    rows = []
    answered = surveys.reindex(columns=["customer", "touchpoint", "metric", "score"])
    answered = answered[(answered["metric"] == metric) & answered["score"].notna()]
    answered = answered.assign(
        persona=answered["customer"].map(members), stage=answered["touchpoint"].map(stage_of)
    ).dropna(subset=["persona", "stage"])
    each = answered.groupby(["persona", "stage", "customer"])["score"].agg(["mean", "size"])
    for (persona, stage), scores in each.groupby(level=[0, 1], sort=True):
        n, mean = len(scores), float(scores["mean"].mean())
        low, high = mean_interval(scores["mean"].to_numpy(float), least, most)
        shown = n >= k
        rows.append(
            {
                "persona": persona,
                "stage": stage,
                "metric": metric,
                "customers": n,
                "answers": int(scores["size"].sum()) if shown else np.nan,
                "mean": mean if shown else np.nan,
                "low": low if shown else np.nan,
                "high": high if shown else np.nan,
            }
        )
    columns = ["persona", "stage", "metric", "customers", "answers", "mean", "low", "high"]
    return Result(
        "persona_feelings",
        pd.DataFrame(rows, columns=columns),
        {"answers": len(answered)},
        {"metric": metric, "least": least, "most": most, "k": k},
        base="customers",
    )


def concerns(tickets: pd.DataFrame, members: pd.Series[Any], *, k: int = 10) -> Result:
    """What members of each persona wrote or called about.

    Table, a row for each persona and topic: persona, topic, customers (members with such a ticket),
    members, share with low and high (Wilson), rest (share among everybody else who was placed). Topics of
    fewer than `k` members are left out; facts says how many.
    """
    of = members.value_counts()
    about = tickets.reindex(columns=["customer", "topic"]).dropna()
    about = about.assign(persona=about["customer"].map(members)).dropna(subset=["persona"])
    table = about.groupby(["persona", "topic"])["customer"].nunique().rename("customers").reset_index()
    everyone = table.groupby("topic")["customers"].sum()
    table["members"] = table["persona"].map(of).astype("int64")
    table["share"] = table["customers"] / table["members"]
    table["low"], table["high"] = wilson(table["customers"].to_numpy(), table["members"].to_numpy())
    others = len(members) - table["members"]
    table["rest"] = (table["topic"].map(everyone) - table["customers"]) / others.where(others > 0)
    kept = table[table["customers"] >= k]
    kept = kept.sort_values(["persona", "customers", "topic"], ascending=[True, False, True])
    return Result(
        "persona_concerns",
        kept.reset_index(drop=True),
        {"tickets": len(about), "left_out": len(table) - len(kept)},
        {"k": k},
        base="customers",
    )


def quotes(
    surveys: pd.DataFrame,
    members: pd.Series[Any],
    distance: pd.Series[Any],
    *,
    scrub: Callable[[str], str],
    most: int = 3,
    k: int = 10,
    least_words: int = 4,
) -> Result:
    """The words of the members nearest the middle of their persona, as they wrote them.

    Table: persona, quote (scrubbed of personal data), touchpoint, metric, score, day. `distance` says how
    far each member is from the middle; `scrub` takes out what could say who wrote it. One comment a person,
    the one with most words; none from a persona of fewer than `k` people, none of fewer than `least_words`
    words, and where there is a column opt_out, none of people who refused contact. Facts: comments, how many
    could have been chosen.
    """
    wanted = ["customer", "touchpoint", "metric", "score", "timestamp", "comment", "opt_out"]
    told = surveys.reindex(columns=wanted).dropna(subset=["comment"])
    told = told[~told["opt_out"].eq(True)]
    told = told.assign(persona=told["customer"].map(members), distance=told["customer"].map(distance))
    told = told.dropna(subset=["persona", "distance"])
    told = told[told["persona"].map(members.value_counts()).astype(float) >= k]
    told = told.assign(words=[len(str(comment).split()) for comment in told["comment"]])
    told = told[told["words"] >= least_words]
    order = ["persona", "distance", "customer", "words", "comment"]
    told = told.sort_values(order, ascending=[True, True, True, False, True], kind="stable")
    chosen = told.drop_duplicates(["persona", "customer"]).groupby("persona").head(most)
    table = pd.DataFrame(
        {
            "persona": chosen["persona"].astype(str),
            "quote": [scrub(str(comment)) for comment in chosen["comment"]],
            "touchpoint": chosen["touchpoint"],
            "metric": chosen["metric"],
            "score": chosen["score"],
            "day": [_month(moment) for moment in chosen["timestamp"]],
        }
    )
    return Result(
        "persona_quotes", table.reset_index(drop=True), {"comments": len(told)}, {"k": k, "most": most}
    )


def _month(moment: pd.Timestamp) -> dt.date:
    # The day someone wrote would help to find out who did; the month is enough to judge how old it is.
    return dt.date(moment.year, moment.month, 1)
