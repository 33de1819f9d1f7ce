"""What customers answered: satisfaction, recommendation and effort, and how many of those asked kept silent.

The scores come first: they are what customers said they felt. Whoever answers chooses to, and the delighted
and the angry choose more often; the response rate stands beside every figure for that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.intervals import Array, Z, wilson
from journey_lib.model import Result

Metric = Literal["csat", "nps", "ces"]
SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
# What share says: satisfied (top 2 of 5), promoters (9 and 10), found it easy (5 to 7 of 7, 7 the easiest).
TOP = {"csat": 4, "nps": 9, "ces": 5}
BOTTOM = {"csat": 2, "nps": 6, "ces": 3}
PURCHASE, CONTACT = "purchase", "contact"
ALL = "(all)"
By = Literal["touchpoint", "month"]
_COUNTS = ["sent", "answered", "customers", "commented"]


def scores(
    surveys: pd.DataFrame, *, by: Sequence[By] = ("touchpoint",), purchase: Sequence[str] = ("purchase",)
) -> Result:
    """How satisfied customers were, how likely to recommend, and how easy it was, by touchpoint and month.

    `surveys`: a row for every question sent (columns timestamp, customer_id, touchpoint, metric, score). What
    was asked at a touchpoint of `purchase`, the moment of choosing, is kept apart (column moment: purchase or
    contact), in the rows of all touchpoints, ``(all)``, too. Months are those in which the question was sent,
    in the time zone of `timestamp`; months of a touchpoint without any question are shown, as missing.

    Columns metric, moment, touchpoint, month (by what was asked), sent, answered, customers (who answered),
    commented; response_rate with response_low and response_high (Wilson; missing for a metric of which the
    file has answers only); share with share_low and share_high (CSAT 4-5, NPS 9-10, CES 5-7; Wilson); mean
    with low and high (t; missing when all said the same); and for NPS nps with nps_low and nps_high,
    promoters less detractors (0-6), from -100 to 100 (adjusted Wald with three answers added, Rocks 2016,
    American Statistician 70, 365-372). All three are widened when answers of the same customer resemble each
    other: customers, not answers, are the observations. Nothing is estimated from no answer: missing stays
    missing. Facts: sent, answered, customers.

    Raises
    ------
    DataError
        A column is missing, a metric unknown, or a score off its scale.
    """
    table = _checked(surveys, purchase)
    unknown = [name for name in by if name not in ("touchpoint", "month")]
    if unknown or not by:
        raise ParameterError(f"no scores by {unknown or 'nothing'}", do='use "touchpoint", "month" or both')
    parts = [table]
    if "touchpoint" in by:
        parts.append(table.assign(touchpoint=ALL))
    whole = pd.concat(parts, ignore_index=True)
    keys = ["metric", "moment", *(name for name in ("touchpoint", "month") if name in by)]
    groups = dict(iter(whole.groupby(keys, sort=True)))
    rows = [
        dict(zip(keys, key, strict=True)) | _measured(str(key[0]), group) for key, group in groups.items()
    ]
    found = pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*keys, *_COUNTS])
    if "month" in by and len(found):
        found = _every_month(found, keys)
    asked = table.groupby("metric")["score"].agg(lambda score: bool(score.isna().any()))
    silent = found["metric"].map(asked).fillna(False).astype(bool)
    for name in ("response_rate", "response_low", "response_high"):
        found[name] = found[name].where(silent) if name in found else np.nan
    answered = table[table["score"].notna()]
    facts = {"sent": len(table), "answered": len(answered), "customers": answered["customer_id"].nunique()}
    settings = {"by": list(by), "purchase": list(purchase)}
    return Result("scores", found, facts, settings, base="answered", heads={"customers": ("answered",)})


def nps_interval(promoters: float, detractors: float, n: float, widen: float = 1.0) -> tuple[float, float]:
    """95% interval of promoters less detractors among `n` answers, as parts of 1.

    Adjusted Wald: three quarters of an answer more for promoters and for detractors and one and a half for
    those between, so that it has a width even when all say the same. `widen` multiplies the variance.
    """
    if not n:
        return float("nan"), float("nan")
    n = n / widen
    p, d = (promoters / widen + 0.75) / (n + 3), (detractors / widen + 0.75) / (n + 3)
    half = Z * float(np.sqrt((p + d - (p - d) ** 2) / (n + 3)))
    return max(p - d - half, -1.0), min(p - d + half, 1.0)


def _checked(surveys: pd.DataFrame, purchase: Sequence[str]) -> pd.DataFrame:
    wanted = ["timestamp", "customer_id", "touchpoint", "metric", "score"]
    missing = [name for name in wanted if name not in surveys]
    if missing:
        raise DataError(
            f"the surveys have no column '{missing[0]}'", do=did_you_mean(missing[0], surveys.columns)
        )
    unknown = sorted(set(surveys["metric"].dropna()) - set(SCALES))
    if unknown:
        raise DataError(f"'{unknown[0]}' is no metric known here", do=did_you_mean(unknown[0], SCALES))
    score = surveys["score"].astype(float)
    for metric, (low, high) in SCALES.items():
        off = score[surveys["metric"].eq(metric) & score.notna() & ~score.between(low, high)]
        if len(off):
            raise DataError(
                f"a score of {metric} is off its scale of {low} to {high}",
                how_many=f"{len(off)} answers, such as {off.iloc[0]:g}",
                do="bring the scores to that scale before they are read",
            )
    table = surveys[[*wanted, *(["comment"] if "comment" in surveys else [])]].copy()
    table["score"] = score
    table["touchpoint"] = table["touchpoint"].astype("object").where(table["touchpoint"].notna(), "")
    table["moment"] = np.where(table["touchpoint"].isin(purchase), PURCHASE, CONTACT)
    table["month"] = table["timestamp"].dt.tz_localize(None).dt.to_period("M").dt.to_timestamp()
    alone = pd.Series([f"\0{i}" for i in range(len(table))], table.index)
    table["customer_id"] = table["customer_id"].astype("object").where(table["customer_id"].notna(), alone)
    return table


def _measured(metric: str, group: pd.DataFrame) -> dict[str, float]:
    said = group[group["score"].notna()]
    who = pd.factorize(said["customer_id"])[0]
    score, n, sent = said["score"].to_numpy(), len(said), len(group)
    top, bottom = score >= TOP[metric], score <= BOTTOM[metric]
    rate = wilson(np.array([n]), np.array([sent]))
    share_n = n / likeness(top.astype(float), who)
    share = float(top.mean()) if n else float("nan")
    low, high = wilson(np.array([share * share_n if n else 0.0]), np.array([share_n]))
    mean_low, mean_high = mean_interval(score, who)
    row: dict[str, float] = {
        "sent": sent,
        "answered": n,
        "customers": len(np.unique(who)),
        "commented": int(said["comment"].fillna("").str.strip().ne("").sum()) if "comment" in said else 0,
        "response_rate": n / sent,
        "response_low": float(rate[0][0]),
        "response_high": float(rate[1][0]),
        "share": share,
        "share_low": float(low[0]),
        "share_high": float(high[0]),
        "mean": float(score.mean()) if n else float("nan"),
        "low": mean_low,
        "high": mean_high,
    }
    if metric == "nps":
        net = top.astype(float) - bottom
        ends = nps_interval(float(top.sum()), float(bottom.sum()), n, likeness(net, who))
        row |= {"nps": 100 * float(net.mean()) if n else float("nan")}
        row |= {"nps_low": 100 * ends[0], "nps_high": 100 * ends[1]}
    return row


def likeness(x: Array, who: Array) -> float:
    """By how much the variance of a mean grows because answers of the same customer are alike; 1 at least."""
    if not len(x):
        return 1.0
    off = x - x.mean()
    alone = float((off**2).sum())
    return max(1.0, float((np.bincount(who, off) ** 2).sum()) / alone) if alone > 0 else 1.0


def mean_interval(score: Array, who: Array) -> tuple[float, float]:
    """95% interval of a mean by Student's t, customers as the observations.

    Missing for fewer than two customers, and when all say the same: that has no spread to go by.
    """
    people = len(np.unique(who))
    if people < 2 or score.min() == score.max():
        return float("nan"), float("nan")
    n = len(score)
    spread = float(np.std(score, ddof=1)) ** 2 / n * likeness(score, who)
    half = float(special.stdtrit(people - 1, 0.975)) * float(np.sqrt(spread))
    return float(score.mean()) - half, float(score.mean()) + half


def _every_month(found: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Months without a question, between the first and the last of all, as rows that count nothing."""
    months = pd.date_range(found["month"].min(), found["month"].max(), freq="MS")
    others = [name for name in keys if name != "month"]
    grid = found[others].drop_duplicates().merge(pd.DataFrame({"month": months}), how="cross")
    table = grid.merge(found, on=list(keys), how="left").sort_values(list(keys), ignore_index=True)
    table[_COUNTS] = table[_COUNTS].fillna(0).astype(np.int64)
    return table
