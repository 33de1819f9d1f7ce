"""How right a reader of comments is, on comments it has not learnt from, by whoever wrote them.

The label is what the same customer gave as a score: a weak label, for people praise in words what they mark
down and the reverse. Those rows are worth reading (`disagreements`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.intervals import Array, wilson
from journey_lib.model import Result
from journey_lib.voice.classifier import SentimentModel, WordModel
from journey_lib.voice.lexicon import Lexicon
from journey_lib.voice.polarity import LABELS, NEGATIVE, NEUTRAL, POSITIVE, polarity
from journey_lib.voice.scrub import scrubber

FOLDS = 5
LEAST = 20  # customers with each label, below which nothing is learnt
DRAWS = 1000
SEED = 20_250_101
# Which scores count as praise and complaint; those between as neither.
BANDS = {"csat": (2, 4), "nps": (6, 9)}


def rated(surveys: pd.DataFrame, *, classes: int = 2) -> pd.DataFrame:
    """The comments that came with a CSAT or NPS score, labelled by it: what a model learns from.

    Columns text, label, customer_id, metric, score, touchpoint, and opt_out where `surveys` has it, under the
    index of `surveys`. CSAT 1-2 and NPS 0-6 are negative, 4-5 and 9-10 positive; what is between is neutral,
    and left out when `classes` is 2.
    Empty comments and unanswered questions are left out; scores of effort say nothing of praise.
    """
    if classes not in (2, 3):
        raise ParameterError(f"{classes} classes of comments are not offered", do="use 2 or 3")
    wanted = ["comment", "customer_id", "metric", "score", "touchpoint"]
    missing = [name for name in wanted if name not in surveys]
    if missing:
        raise DataError(
            f"the surveys have no column '{missing[0]}'", do=did_you_mean(missing[0], surveys.columns)
        )
    low = surveys["metric"].map({metric: band[0] for metric, band in BANDS.items()}).astype(float)
    high = surveys["metric"].map({metric: band[1] for metric, band in BANDS.items()}).astype(float)
    label = np.select([surveys["score"] <= low, surveys["score"] >= high], [NEGATIVE, POSITIVE], NEUTRAL)
    told = [name for name in ("opt_out",) if name in surveys]
    table = surveys[[*wanted, *told]].rename(columns={"comment": "text"}).assign(label=label)
    said = table["text"].fillna("").str.strip().ne("") & surveys["score"].notna() & low.notna()
    kept = said & ((classes == 3) | (table["label"] != NEUTRAL))
    return table.loc[kept, ["text", "label", "customer_id", "metric", "score", "touchpoint", *told]]


def held_out(
    comments: pd.DataFrame, *, model: Callable[[], SentimentModel] = WordModel, folds: int = FOLDS
) -> pd.DataFrame:
    """What a model says of each comment when it has learnt from other customers' comments only.

    `comments` as from `rated`; `model` makes a model that has learnt nothing. All comments of a customer are
    in one fold, folds are alike in labels, and who is in which depends on the customers' ids alone. Adds
    columns fold, predicted, and chance_<label> for each label.
    """
    texts, labels = comments["text"].tolist(), comments["label"].tolist()
    people = _people(comments)
    _refuse_few(people, labels, folds)
    fold = _folds(people, labels, folds)
    classes = sorted(set(labels))
    chance = np.zeros((len(texts), len(classes)))
    for number in range(folds):
        inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        made = model()
        made.fit([texts[i] for i in outside], [labels[i] for i in outside])
        answered = np.asarray(made.predict_proba([texts[i] for i in inside]), float)
        order = [list(made.classes_).index(name) for name in classes]
        chance[inside] = answered[:, order]
    predicted = np.array(classes, object)[chance.argmax(axis=1)]
    columns = {f"chance_{name}": chance[:, i] for i, name in enumerate(classes)}
    return comments.assign(fold=fold, predicted=pd.Series(predicted, comments.index, dtype="str"), **columns)


def by_lexicon(comments: pd.DataFrame, *, lexicon: Lexicon | None = None) -> pd.DataFrame:
    """What the lexicon says of each comment, in the form of `held_out`; missing where it abstains."""
    said = polarity(comments["text"], lexicon=lexicon).table
    return comments.assign(predicted=said["label"])


def assess(answers: pd.DataFrame) -> Result:
    """How often the answers of `held_out` or `by_lexicon` agree with the scores, by label.

    Columns label, texts, customers, predicted (how often it was said), precision, recall and f1, each with
    low and high. Facts: texts, customers, coverage (decided), accuracy (abstentions are wrong),
    right_when_deciding with its interval, macro_f1 and weighted_f1 with theirs, and macro_f1_majority: that
    of always saying the commonest label. Intervals are the middle 95% of `DRAWS` samples of customers,
    drawn with replacement.
    """
    labels = sorted({*answers["label"], *answers["predicted"].dropna()}, key=_place)
    people = pd.factorize(_people(answers))[0]
    actual = np.array([labels.index(name) for name in answers["label"]])
    said = (
        answers["predicted"].map({name: i for i, name in enumerate(labels)}).fillna(len(labels)).to_numpy(int)
    )
    whole = _counts(actual, said, len(labels))
    drawn = _drawn(people, actual * (len(labels) + 1) + said, whole.shape)
    scores, spread = _scores(whole), _scores(drawn)
    table = pd.DataFrame(
        {
            "label": labels,
            "texts": whole.sum(axis=1),
            "customers": [len(np.unique(people[actual == i])) for i in range(len(labels))],
            "predicted": whole[:, :-1].sum(axis=0),
        }
    )
    for name in ("precision", "recall", "f1"):
        low, high = _middle(spread[name])
        table[name], table[f"{name}_low"], table[f"{name}_high"] = scores[name], low, high
    facts: dict[str, float] = {"texts": len(answers), "customers": len(np.unique(people))}
    for name in ("coverage", "accuracy", "right_when_deciding", "macro_f1", "weighted_f1"):
        low, high = _middle(spread[name])
        facts |= {name: float(scores[name]), f"{name}_low": float(low), f"{name}_high": float(high)}
    top = int(whole.sum(axis=1).argmax())
    flat = np.zeros_like(whole)
    flat[:, top] = whole.sum(axis=1)
    facts["macro_f1_majority"] = float(_scores(flat)["macro_f1"])
    return Result("sentiment_quality", table, facts, {"draws": DRAWS, "seed": SEED}, base="texts")


def confusion(answers: pd.DataFrame) -> Result:
    """What was said of the comments of each label.

    Columns label, predicted (missing: abstained), texts, customers, share (of the texts with that label) with
    low and high (Wilson).
    """
    table = (
        answers.assign(who=_people(answers))
        .groupby(["label", "predicted"], dropna=False, sort=True)
        .agg(texts=("text", "size"), customers=("who", "nunique"))
        .reset_index()
    )
    of = table.groupby("label")["texts"].transform("sum")
    low, high = wilson(table["texts"].to_numpy(), of.to_numpy())
    return Result("confusion", table.assign(share=table["texts"] / of, low=low, high=high), base="texts")


def disagreements(
    answers: pd.DataFrame, *, sure: float = 0.8, most: int = 20, names: Iterable[str] = ()
) -> Result:
    """Comments whose words say the opposite of their score: sarcasm, a mistaken scale, or a wrong model.

    Columns touchpoint, metric, score, label, predicted, chance (of what was predicted), text (scrubbed;
    `names` as for `scrub`). The surest first, `most` of them; neutral is nobody's opposite. Where the answers
    have a column opt_out, those of people who refused contact count and are never shown. Facts: disagree
    (all of them), texts, share with low and high (Wilson).
    """
    if not 0 <= sure <= 1:
        raise ParameterError(f"{sure} is no chance", do="use a number from 0 to 1")
    chances = [name for name in map(str, answers) if name.startswith("chance_")]
    if not chances:
        raise ParameterError("these answers come without chances", do="ask held_out for them")
    chance = answers[chances].max(axis=1)
    label, predicted = answers["label"], answers["predicted"]
    opposite = (label != predicted) & predicted.notna() & label.ne(NEUTRAL) & predicted.ne(NEUTRAL)
    at = opposite & (chance >= sure)
    found = answers[at].assign(chance=chance[at])  # an empty frame would take the index of a longer column
    clean = scrubber(names)
    quotable = found[~found["opt_out"].eq(True)] if "opt_out" in found else found
    shown = quotable.sort_values(["chance", "text"], ascending=[False, True], kind="stable").head(most)
    columns = ["touchpoint", "metric", "score", "label", "predicted", "chance", "text"]
    scrubbed = pd.Series([clean(text) for text in shown["text"]], shown.index, dtype="str")
    table = shown.assign(text=scrubbed)[columns].reset_index(drop=True)
    low, high = wilson(np.array([len(found)]), np.array([len(answers)]))
    facts = {"disagree": len(found), "texts": len(answers), "share": len(found) / max(len(answers), 1)}
    facts |= {"low": float(low[0]), "high": float(high[0])}
    return Result("disagreements", table, facts, {"sure": sure, "most": most})


def _people(comments: pd.DataFrame) -> pd.Series:
    """Who wrote each comment; one without a customer is somebody else's."""
    alone = pd.Series([f"\0{i}" for i in range(len(comments))], comments.index)
    return comments["customer_id"].astype("object").where(comments["customer_id"].notna(), alone).astype(str)


def _refuse_few(people: pd.Series, labels: Sequence[str], folds: int) -> None:
    if folds < 2:
        raise ParameterError(f"{folds} folds hold nothing out", do="use two or more")
    customers = people.groupby(np.array(labels, object)).nunique()
    few = customers[customers < max(LEAST, folds)]
    if len(customers) < 2 or len(few):
        counted = ", ".join(f"{name} {n}" for name, n in customers.items()) or "none"
        raise DataError(
            "too few customers left rated comments to learn from",
            how_many=f"customers by label: {counted}",
            do=f"wait for {max(LEAST, folds)} of each, or use the lexicon (voice.polarity)",
        )


def _folds(people: pd.Series, labels: Sequence[str], folds: int) -> Array:
    """Whole customers to folds, each to the one that has least of their labels so far."""
    classes = sorted(set(labels))
    code = np.array([classes.index(label) for label in labels])
    names, who = np.unique(people.to_numpy(str), return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (who, code), 1)
    mixed = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    order = sorted(range(len(names)), key=lambda i: (-counts[i].sum(), mixed[i]))
    share = counts.sum(axis=0)
    filled = np.zeros((folds, len(classes)))
    chosen = np.zeros(len(names), int)
    for i in order:
        fold = int((filled * (counts[i] > 0) / share).sum(axis=1).argmin())
        chosen[i] = fold
        filled[fold] += counts[i]
    return chosen[who]


def _place(label: str) -> tuple[int, str]:
    return (LABELS.index(label) if label in LABELS else len(LABELS), label)


def _counts(actual: Array, said: Array, size: int) -> Array:
    return np.bincount(actual * (size + 1) + said, minlength=size * (size + 1)).reshape(size, size + 1)


def _drawn(people: Array, cell: Array, shape: tuple[int, ...]) -> Array:
    """The table of counts, for each sample of as many customers as there are."""
    size = int(people.max()) + 1
    each = np.zeros((size, int(np.prod(shape))))
    np.add.at(each, (people, cell), 1)
    draw = np.random.default_rng(SEED)
    often = draw.multinomial(size, np.full(size, 1 / size), DRAWS)
    return (often @ each).reshape(DRAWS, *shape)


def _scores(counts: Array) -> dict[str, Array]:
    """Precision, recall and F1 by label, and the rest, of one table of counts or many.

    The last column of a table counts abstentions.
    """
    right = np.diagonal(counts[..., :-1], axis1=-2, axis2=-1).astype(float)
    of, said = counts.sum(axis=-1), counts[..., :-1].sum(axis=-2)
    total, decided = of.sum(axis=-1), said.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = right / said, right / of
        f1 = np.where(of + said > 0, 2 * right / (of + said), np.nan)
        there = of > 0
        return {
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "coverage": decided / total,
            "accuracy": right.sum(axis=-1) / total,
            "right_when_deciding": right.sum(axis=-1) / decided,
            "macro_f1": np.where(there, np.nan_to_num(f1), 0).sum(axis=-1) / there.sum(axis=-1),
            "weighted_f1": (np.nan_to_num(f1) * of).sum(axis=-1) / total,
        }


def _middle(drawn: Array) -> tuple[Array, Array]:
    never = np.isnan(drawn).all(axis=0)  # a label nobody was given, or nobody was said to have
    low, high = np.nanquantile(np.where(never, 0.0, drawn), [0.025, 0.975], axis=0)
    return np.where(never, np.nan, low), np.where(never, np.nan, high)
