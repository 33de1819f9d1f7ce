"""How the comments of each group read: praise, complaint, neither, or no verdict at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, did_you_mean
from journey_lib.intervals import wilson
from journey_lib.model import Result
from journey_lib.voice.lexicon import Lexicon
from journey_lib.voice.polarity import LABELS, POSITIVE, polarity
from journey_lib.voice.scores import ALL, CONTACT, PURCHASE, likeness, mean_interval

ABSTAINED = "abstained"
READ_AS = (*LABELS, ABSTAINED)
TEXT = "text"


def tones(
    comments: pd.DataFrame,
    *,
    by: str = "touchpoint",
    lexicon: Lexicon | None = None,
    purchase: Sequence[str] = (PURCHASE,),
) -> Result:
    """How the comments of each group read by the lexicon, the silent ones counted: a row a group.

    `comments`: columns text, customer_id and `by`; a comment without a group, or without text, is left out.
    By touchpoint, what was written at one of `purchase`, the moment of choosing, has a row of its own and is
    no part of that for all, as its scores are none: only buyers are asked there, at their happiest.

    Columns: that of `by` (first a row for all: ``(all)``), texts, customers, then for each of negative,
    neutral, positive and abstained (no word of the lexicon stood in it) how many and the share of texts, that
    of negative and positive with low and high (Wilson); decided, mean (of the scores of those decided, -1 to
    1) with low and high (t). Intervals are wider where comments of one customer are alike: customers are the
    observations. Most comments first. Facts: those of `polarity`.

    Raises
    ------
    DataError
        A column is missing.
    """
    for name in ("text", "customer_id", by):
        if name not in comments:
            raise DataError(f"the comments have no column '{name}'", do=did_you_mean(name, comments.columns))
    table = comments[["text", "customer_id", by]]
    table = table[table["text"].fillna("").str.strip().ne("") & table[by].notna()].reset_index(drop=True)
    alone = pd.Series([f"\0{i}" for i in range(len(table))], table.index)
    table["customer_id"] = table["customer_id"].astype("object").where(table["customer_id"].notna(), alone)
    said = polarity(table["text"], lexicon=lexicon)
    table = table.assign(score=said.table["score"], label=said.table["label"].fillna(ABSTAINED))
    apart = table[by].isin(purchase) if by == "touchpoint" else pd.Series(False, table.index)
    whole = [] if apart.all() else [(ALL, table[~apart])]
    groups = [*whole, *table.groupby(by, sort=True)]
    rows = [{by: name} | _measured(group) for name, group in groups]
    found = pd.DataFrame(rows) if rows else pd.DataFrame(columns=[by, "texts", "customers", "decided"])
    rest = found.iloc[len(whole) :].sort_values(["texts", by], ascending=[False, True])
    found = pd.concat([found.iloc[: len(whole)], rest], ignore_index=True)
    settings = {**said.settings, "by": by, "purchase": list(purchase)}
    return Result("tones", found, dict(said.facts), settings, base="texts")


def as_emotion(tone: Result) -> pd.DataFrame:
    """`tones` by touchpoint as a feeling read out of words, for `touchpoints.factors`: metric ``text``."""
    table = tone.table[tone.table["touchpoint"] != ALL] if len(tone.table) else tone.table
    columns = {"touchpoint": "touchpoint", "decided": "answered", "texts": "sent"}
    columns |= {name: name for name in ("mean", "low", "high")}
    shown = table.reindex(columns=list(columns)).rename(columns=columns)
    at_purchase = shown["touchpoint"].isin(tone.settings["purchase"])
    return shown.assign(metric=TEXT, moment=np.where(at_purchase, PURCHASE, CONTACT))


def _measured(group: pd.DataFrame) -> dict[str, float]:
    who = pd.factorize(group["customer_id"])[0]
    n = len(group)
    row: dict[str, float] = {"texts": n, "customers": len(np.unique(who))}
    for label in READ_AS:
        here = group["label"].eq(label).to_numpy(float)
        row |= {label: int(here.sum()), f"{label}_share": float(here.mean())}
        if label in (LABELS[0], POSITIVE):
            size = n / likeness(here, who)
            low, high = wilson(np.array([here.mean() * size]), np.array([size]))
            row |= {f"{label}_low": float(low[0]), f"{label}_high": float(high[0])}
    decided = group["score"].notna().to_numpy()
    score = group["score"].to_numpy(float)[decided]
    low_mean, high_mean = mean_interval(score, who[decided]) if len(score) else (np.nan, np.nan)
    return row | {
        "decided": int(decided.sum()),
        "mean": float(score.mean()) if len(score) else np.nan,
        "low": low_mean,
        "high": high_mean,
    }
