"""Credit beside credit: several models, month by month, and against what the channels cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from journey_lib import journeys
from journey_lib.attribution.credit import credit, options_of
from journey_lib.errors import ParameterError
from journey_lib.journeys import PathTable
from journey_lib.model import NO_TOUCH, Result
from journey_lib.once import once
from journey_lib.touches import Touches, refuse_no_touches


@once
def compare(
    source: PathTable | Touches,
    models: Sequence[str],
    *,
    options: Mapping[str, Any] | None = None,
    **cut: Any,
) -> Result:
    """What each of several models gives each channel, side by side.

    `options` are handed to the models that take them; `cut` is handed to all. Columns as in `credit`, with
    model first. The fact ``spread`` is how far apart the models are: the largest difference of one channel's
    share between two models.

    Raises
    ------
    DataError
        No row of the touches has a channel.
    """
    if isinstance(source, Touches):
        refuse_no_touches(source)
    offered = dict(options or {})
    results = [credit(source, model, **cut, **options_of(model, **offered)) for model in models]
    frame = pd.concat(
        [result.table.assign(model=model) for result, model in zip(results, models, strict=True)],
        ignore_index=True,
    )
    spread = frame.groupby("channel")["share"].agg(lambda share: share.max() - share.min())
    facts = {
        **results[0].facts,
        "models": list(models),
        "spread": float(spread.max()),
        "widest": spread.idxmax(),
    }
    settings = {**results[0].settings, "models": list(models), "options": offered}
    settings.pop("model")
    first = ["model", "channel"]
    return Result(
        "credit_by_model", frame[first + [c for c in frame if c not in first]], facts, settings, "journeys"
    )


@once
def removal_effects(source: PathTable | Touches, *, order: int = 1, **cut: Any) -> Result:
    """What part of all conversions the Markov chain of the paths would lose without each channel.

    Columns channel, removal_effect (arrivals in the channel end without a conversion) with low and high
    (95%), journeys (converted ones it took part in), customers (theirs, where people are known). Effects
    need not add up to one.
    """
    whole = credit(source, "markov", order=order, **cut)
    table = whole.table[whole.table["channel"] != NO_TOUCH].drop(columns=["low", "high"])
    table = table.rename(columns={"effect_low": "low", "effect_high": "high"})
    columns = ["channel", "removal_effect", "low", "high", "journeys", "customers"]
    table = table[[column for column in columns if column in table]]
    return Result("removal_effects", table, whole.facts, dict(whole.settings), base="journeys")


@once
def over_time(
    touches: Touches, model: str, *, period: journeys.Period | None = None, **options: Any
) -> Result:
    """How credit moved from month to month: the model, fitted anew to the journeys that ended in each month.

    Columns month (its first day) and those of `credit`. Touches before a month still count for its journeys
    as far as the lookback reaches. A `period` that starts or ends within a month shortens that month.
    """
    first, last = (None if day is None else pd.Timestamp(day).date() for day in period or (None, None))
    parts = []
    for start, end in journeys.months(touches):
        begin = start if first is None else max(start, first)
        stop = end if last is None else min(end, last)
        if begin < stop:
            table = credit(touches, model, period=(begin, stop), **options).table
            parts.append(table.assign(month=pd.Timestamp(start)))
    if not parts:
        raise ParameterError(f"no month of the data lies in {period}", do="choose a period the data cover")
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[["month", *frame.columns.drop("month")]]
    facts = {"months": len(parts), "conversions": float(frame["conversions"].sum())}
    settings = {"model": model, **options, "data": touches.fingerprint}
    return Result("credit_over_time", frame, facts, settings, "journeys")


def efficiency(result: Result, costs: pd.DataFrame, currency: str | None = None) -> Result:
    """What a credited conversion cost in each channel, and what came back per unit of spend.

    `costs` has columns channel and cost (major units) for the same period as the credit. Columns channel,
    cost, conversions, value, cost_per_conversion with low and high, return_on_spend (value / cost), journeys.
    The interval is the credit's; spend is taken as known. Channels without spend are left out and counted.
    """
    spent = costs.groupby("channel", as_index=False)["cost"].sum()
    total = float(result.table["conversions"].sum())
    frame = result.table.merge(spent, on="channel", how="outer", indicator=True)
    unseen = frame.loc[(frame["_merge"] == "right_only"), "channel"].tolist()
    paid = frame[frame["cost"].fillna(0) > 0].drop(columns="_merge")
    paid = paid.fillna({"conversions": 0.0, "value": 0.0, "journeys": 0, "share": 0.0, "low": 0.0})
    table = pd.DataFrame(
        {
            "channel": paid["channel"],
            "cost": paid["cost"],
            "conversions": paid["conversions"],
            "value": paid["value"],
            "cost_per_conversion": _ratio(paid["cost"], paid["conversions"]),
            "low": _ratio(paid["cost"], paid["high"] * total),
            "high": _ratio(paid["cost"], paid["low"] * total),
            "return_on_spend": paid["value"] / paid["cost"],
            "journeys": paid["journeys"].astype("int64"),
        }
    ).sort_values("cost", ascending=False, ignore_index=True)
    facts = {
        "cost": float(paid["cost"].sum()),
        "spent_but_never_seen": unseen,
        "conversions_without_spend": total - float(paid["conversions"].sum()),
    }
    return Result("efficiency", table, facts, {**result.settings, "currency": currency}, "journeys")


def _ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    return above / below.where(below > 0)
