"""Three factors a touchpoint: what people do there, what they feel, what pains them; and how it stands."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, did_you_mean
from journey_lib.intervals import difference
from journey_lib.model import Result
from journey_lib.once import once
from journey_lib.touchpoints.inventory import usual_drop

RATINGS = ("csat", "nps", "ces")  # what people were asked; the first with answers enough is taken
TEXT = "text"  # what was read out of their words: only where no rating has answers enough
EMOTION = ("touchpoint", "metric", "answered", "mean", "low", "high")
PURCHASE = "purchase"  # the moment of choosing: buyers only, asked at their happiest
PAIN = ("touchpoint", "tickets")
# A share of tickets that pains, and the words that say which of them decided.
PAINS = ("complaints", "unanswered", "reopened")
ALL = "(all)"
SLOW = 2.0  # times the usual time to a first answer from which on answers are slow
RULE = (
    "negative: a pain is above that of the other touchpoints, or the interval of the feeling lies below the"
    " base; "
    "positive: the interval of the feeling lies above the base and no pain is above that of the others; "
    "unknown: too few answers and no tickets; neutral: everything else"
)


@dataclass(frozen=True)
class _Feeling:
    """How one touchpoint feels beside all of them: -1, 0 or 1, and by which measure."""

    metric: str
    sign: int
    row: Mapping[Hashable, Any]
    base: float


@once
def factors(
    found: Result,
    *,
    emotion: pd.DataFrame | None = None,
    pain: pd.DataFrame | None = None,
    k: int = 10,
    lower_is_better: Sequence[str] = (),
) -> Result:
    """Behaviour, emotion and pain of every touchpoint, and whether it is positive, neutral or negative.

    Parameters
    ----------
    found
        The `inventory`.
    emotion
        Columns touchpoint, metric (csat, nps, ces, text), answered, mean, low, high (95%); where known sent,
        and moment: as `voice.scores` gives it. Ratings come first; text counts where no rating has `k`
        answers. What was asked at the moment of purchase (moment ``purchase``) stands in the facts by itself
        (purchase_metric, purchase_answered, purchase_mean …) and decides nothing.
    pain
        Columns touchpoint, tickets; where known complaints, unanswered, reopened (of these tickets),
        response_median and resolution_median (hours): as `voice.pain` gives it.
    k
        Answers, or tickets, below which nothing is concluded.
    lower_is_better
        Metrics of which a low mean is good, such as an effort asked for as effort.

    Columns touchpoint, customers, behaviour (leave, go_on, usual: the interval of drop_off above, below or
    across that of its stage), drop_off, usual, conversion_rate; emotion (the metric that decided), emotion_n,
    emotion_mean, emotion_low, emotion_high, emotion_base (mean of all answers of that metric), response
    (answered of those sent); tickets, complaints, unanswered, reopened, first_response, resolution (median
    hours), pains (which lie above those of all other touchpoints: a share of tickets by more than Newcombe's
    interval, slow: more than twice the time to a first answer, their median weighted by tickets); valence,
    decided_by. The rule is in the settings, word for word.

    Behaviour does not decide: to leave after a good answer is no bad feeling.

    Raises
    ------
    DataError
        A frame lacks a column.
    """
    table = found.table
    _needs(emotion, EMOTION, "emotion")
    _needs(pain, PAIN, "pain")
    usual = usual_drop(table).tolist()
    felt, bought = _moments(emotion)
    pains = _pains(pain, k)
    rows = []
    for about, usually in zip(table.to_dict("records"), usual, strict=True):
        name = about["touchpoint"]
        feeling = _feeling(felt, name, k, lower_is_better)
        hurt = pains.get(name, {})
        valence, decided = _valence(feeling, hurt)
        rows.append(
            {
                "touchpoint": name,
                "customers": about["customers"],
                "behaviour": _behaviour(about, usually),
                "drop_off": about["drop_off"],
                "usual": usually,
                "conversion_rate": about["conversion_rate"],
                **_felt(feeling),
                **_hurt(hurt),
                "valence": valence,
                "decided_by": decided,
            }
        )
    frame = pd.DataFrame(rows)
    facts = {
        "touchpoints": len(frame),
        **{each: int((frame["valence"] == each).sum()) for each in ("positive", "neutral", "negative")},
        "unknown": int((frame["valence"] == "unknown").sum()),
        **_bought(bought, k),
    }
    said = {**found.settings, "rule": RULE, "k": k}
    return Result("touchpoint_factors", frame, facts, said, base="customers")


def _needs(frame: pd.DataFrame | None, columns: Sequence[str], what: str) -> None:
    for name in columns if frame is not None else ():
        if frame is not None and name not in frame:
            raise DataError(f"{what} has no column '{name}'", do=did_you_mean(name, list(frame.columns)))


def _behaviour(about: Mapping[Hashable, Any], usual: float) -> str:
    if not about["over"] > 0:
        return "unknown"
    return "leave" if about["drop_low"] > usual else "go_on" if about["drop_high"] < usual else "usual"


def _feeling(emotion: pd.DataFrame | None, name: str, k: int, reverse: Sequence[str]) -> _Feeling | None:
    """The feeling at a touchpoint by the first measure with answers enough, beside all answers of it."""
    if emotion is None:
        return None
    for metric in (*RATINGS, TEXT):
        answers = emotion[(emotion["metric"] == metric) & (emotion["answered"] > 0)]
        here = answers[(answers["touchpoint"] == name) & (answers["answered"] >= k)]
        if len(here):
            base = float(np.average(answers["mean"], weights=answers["answered"]))
            row = here.iloc[0].to_dict()
            sign = int(row["low"] > base) - int(row["high"] < base)
            return _Feeling(metric, -sign if metric in reverse else sign, row, base)
    return None


def _felt(feeling: _Feeling | None) -> dict[str, Any]:
    if feeling is None:
        names = ("emotion_n", "emotion_mean", "emotion_low", "emotion_high", "emotion_base", "response")
        return {"emotion": "unknown", **dict.fromkeys(names, np.nan)}
    row = feeling.row
    sent = float(row.get("sent") or np.nan)
    return {
        "emotion": feeling.metric,
        "emotion_n": row["answered"],
        "emotion_mean": row["mean"],
        "emotion_low": row["low"],
        "emotion_high": row["high"],
        "emotion_base": feeling.base,
        "response": row["answered"] / sent,
    }


def _moments(emotion: pd.DataFrame | None) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """What was asked at contacts, and what at the moment of purchase; sums of all touchpoints left out."""
    if emotion is None:
        return None, None
    single = emotion[emotion["touchpoint"] != ALL]
    at_purchase = single["moment"] == PURCHASE if "moment" in single else single["touchpoint"] == PURCHASE
    return single[~at_purchase], single[at_purchase]


def _bought(bought: pd.DataFrame | None, k: int) -> dict[str, Any]:
    """What buyers said at the moment of purchase, beside the rest and never mixed with it."""
    here = None if bought is None else bought[bought["answered"] >= k]
    names = ("metric", "answered", "mean", "low", "high")
    return {} if here is None or not len(here) else {f"purchase_{name}": here[name].iloc[0] for name in names}


def _pains(pain: pd.DataFrame | None, k: int) -> dict[str, dict[str, Any]]:
    """The pains of every touchpoint with tickets, and which of them lie above their base."""
    if pain is None:
        return {}
    pain = pain[pain["touchpoint"] != ALL]
    tickets = pain["tickets"].to_numpy(float)
    above: list[list[str]] = [[] for _ in tickets]
    for kind in PAINS:
        if kind in pain:
            n = pain[kind].to_numpy(float)
            known = np.where(np.isnan(n), 0, tickets)
            _, low, _ = difference(n, tickets, np.nansum(n) - n, known.sum() - known)
            for at in np.flatnonzero((low > 0) & (tickets >= k)):
                above[at].append(kind)
    if "response_median" in pain:
        hours = pain["response_median"].to_numpy(float)
        for at in np.flatnonzero(tickets >= k):
            others = np.arange(len(hours)) != at
            if hours[at] > SLOW * _middle(hours[others], tickets[others]):
                above[at].append("slow")
    rows = pain.to_dict("records")
    return {
        str(row["touchpoint"]): {**{str(c): v for c, v in row.items()}, "pains": kinds, "enough": n >= k}
        for row, kinds, n in zip(rows, above, tickets, strict=True)
    }


def _middle(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> float:
    """The weighted median of the known values."""
    known = ~np.isnan(values) & (weights > 0)
    if not known.any():
        return np.inf
    order = np.argsort(values[known], kind="stable")
    half = np.cumsum(weights[known][order])
    return float(values[known][order][np.searchsorted(half, half[-1] / 2)])


def _hurt(pain: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tickets": pain.get("tickets", np.nan),
        **{kind: pain.get(kind, np.nan) for kind in PAINS},
        "first_response": pain.get("response_median", np.nan),
        "resolution": pain.get("resolution_median", np.nan),
        "pains": ", ".join(pain.get("pains", ())),
    }


def _valence(feeling: _Feeling | None, pain: Mapping[str, Any]) -> tuple[str, str]:
    """The rule `RULE`, and what decided."""
    pains = pain.get("pains", [])
    if pains:
        return "negative", f"pain:{pains[0]}"
    if feeling is not None and feeling.sign:
        return ("positive" if feeling.sign > 0 else "negative"), f"emotion:{feeling.metric}"
    if feeling is None and not pain.get("enough", False):
        return "unknown", ""
    return "neutral", "" if feeling is None else f"emotion:{feeling.metric}"
