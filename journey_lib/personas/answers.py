"""Kinds of customers in what they answered: latent classes of single-choice questions, some left unanswered.

Latent class analysis as in Lazarsfeld and Henry (1968) and Goodman (1974), fitted by maximum likelihood with
the classes of `latent`; a question that was not answered says nothing (missing at random). It needs no
library beside those of the workbench. How many classes there are is told by the BIC (Schwarz 1978), and one
may be best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import DataError, ParameterError
from journey_lib.intervals import wilson
from journey_lib.model import Result
from journey_lib.personas import latent
from journey_lib.personas.find import DOUBT, NOBODY
from journey_lib.personas.sample import one_thread
from journey_lib.personas.stability import STARTS, badge, jaccard

Array = npt.NDArray[Any]

KS = range(1, 7)
LEAST_CUSTOMERS = 100
LEAST_QUESTIONS = 3
MOST_ANSWERS = 20  # with more kinds of answers a column is no single-choice question
AGAIN = 4
CLOSE, NEAR = 1e-8, 1e-5  # gain a customer at which a fit is done, and one of a bootstrap


@dataclass(frozen=True)
class Classes:
    """Latent classes of answers, or why there is one.

    `labels`   by customer: from 0, the largest class first; -1: none is likely enough (0.6).
    `chance`   a row a customer, a column a class: the probability that they are of it.
    `sizes`    a row a class: class, customers (placed), share (of all, by probability), low, high, jaccard,
               badge.
    `answers`  a row a class, question and answer: class, question, answer, customers (of the class who
               answered, by probability), probability, low, high, overall (share among all who answered).
    `alternatives`  a row a number of classes: k, loglik, parameters, bic, entropy (1: everybody surely
               placed), smallest (share), customers.
    """

    labels: pd.Series[Any]
    chance: pd.DataFrame
    sizes: Result
    answers: Result
    alternatives: pd.DataFrame
    k: int
    reason: str
    left_out: pd.DataFrame
    unanswered: int


@dataclass(frozen=True)
class _Asked:
    """The answers as counts: every pattern once, how often it is there, and which each customer gave."""

    patterns: Array
    times: Array
    which: Array
    blocks: tuple[tuple[int, int], ...]
    names: tuple[tuple[str, Any], ...]
    people: pd.Index[Any]


def latent_classes(
    answers: pd.DataFrame,
    *,
    k: int | Literal["auto"] = "auto",
    ks: Sequence[int] = KS,
    seed: int = 0,
    bootstraps: int = 100,
) -> Classes:
    """The kinds of customers in a table of answers: one row a customer, one column a single-choice question.

    "auto" takes the number of classes with the lowest BIC. Shares and probabilities have 95% intervals: the
    wider, on each side, of the percentiles over bootstraps (which know that memberships are guesses) and
    Wilson's on the customers of the class (which knows that 20 of 20 is not certainty). Jaccard as in `find`:
    how far the class is found again. Who answers is not everybody.

    Raises
    ------
    ParameterError
        An option out of range, a customer with more than one row, or more classes than can be told apart.
    DataError
        Fewer than 100 customers answered anything, or fewer than three questions tell them apart.
    """
    _check(answers, k, ks, bootstraps)
    asked, left_out, unanswered = _patterns(answers)
    most = int(asked.times.sum()), int(np.prod([float(last - first) for first, last in asked.blocks]))
    tried = [each for each in ks if _free(each, asked.blocks) < min(most)]
    if k != "auto":
        tried = sorted({*tried, k})
        if _free(k, asked.blocks) >= min(most):
            raise ParameterError(
                f"{k} classes have more probabilities than these answers can tell",
                how_many=f"{_free(k, asked.blocks)} of fewer than {min(most)}",
                do="ask for fewer classes",
            )
    with one_thread():
        fits = {each: _fitted(asked, each, seed, STARTS, asked.times) for each in tried}
        best = min(fits, key=lambda each: (fits[each].bic, each))
        chosen = best if k == "auto" else int(k)
        found = fits[chosen]
        member = latent.posterior(asked.patterns, found.shares, found.chances)[0]
        again = _again(asked, found, member, seed, bootstraps)
    one = " (one class: nobody is of a kind)" if best == 1 else ""
    reason = f"{best} has the lowest BIC{one}" if k == "auto" else f"{chosen} as asked for; BIC says {best}"
    likely = member.max(axis=1) >= DOUBT
    label = np.where(likely, member.argmax(axis=1), NOBODY)[asked.which]
    settings = {"k": k, "seed": seed, "bootstraps": bootstraps}
    return Classes(
        labels=pd.Series(label, asked.people, name="class"),
        chance=pd.DataFrame(member[asked.which], asked.people),
        sizes=Result("class_sizes", _sizes(found, label, again), {"k": chosen}, settings, base="customers"),
        answers=Result("class_answers", _table(asked, found, member, again), {}, settings, base="customers"),
        alternatives=_alternatives(asked, fits),
        k=chosen,
        reason=reason,
        left_out=left_out,
        unanswered=unanswered,
    )


def latest(surveys: pd.DataFrame) -> pd.DataFrame:
    """The table `surveys` of a workspace (`told.load`) as answers: of each customer and metric the latest.

    NPS as its three usual groups (0 to 6 detractor, 7 and 8 passive, 9 and 10 promoter), others as they are.
    """
    told = surveys[surveys["score"].notna() & surveys["customer"].notna()]
    told = told.sort_values(["customer", "metric", "timestamp", "score"])
    wide = told.pivot_table("score", "customer", "metric", aggfunc="last").astype(object)
    if "nps" in wide:
        kinds = pd.cut(wide["nps"].astype(float), [-1, 6, 8, 10], labels=["detractor", "passive", "promoter"])
        wide["nps"] = kinds.astype(object)
    return wide.rename_axis(columns=None)


def _check(answers: pd.DataFrame, k: int | str, ks: Sequence[int], bootstraps: int) -> None:
    wrong = [
        each for each in (*ks, k) if each != "auto" and (not isinstance(each, int) or not 1 <= each <= 30)
    ]
    if wrong or not ks:
        raise ParameterError(f"{wrong[0] if wrong else k!r} classes cannot be", do='use 1 to 30, or "auto"')
    if bootstraps < 40:
        raise ParameterError("fewer than 40 bootstraps have no 95% interval", how_many=f"{bootstraps}")
    if answers.index.has_duplicates:
        raise ParameterError(
            "a customer has more than one row of answers",
            how_many=f"{int(answers.index.duplicated().sum())} rows too many",
            do="keep one, such as the latest",
        )


def _patterns(answers: pd.DataFrame) -> tuple[_Asked, pd.DataFrame, int]:
    why, parts, names, blocks = (
        dict[str, str](),
        list[Array](),
        list[tuple[str, Any]](),
        list[tuple[int, int]](),
    )
    table = answers.sort_index()
    table = table[table.notna().any(axis=1)]
    for question in table:
        given = table[question].dropna()
        kinds = sorted(given.unique(), key=lambda each: (isinstance(each, str), each))
        if len(kinds) < 2:
            why[str(question)] = "everybody gave the same answer"
        elif len(kinds) > MOST_ANSWERS:
            why[str(question)] = f"{len(kinds)} different answers: no single choice"
        else:
            parts.append(
                np.column_stack([(table[question] == kind).to_numpy(float, na_value=0) for kind in kinds])
            )
            blocks.append((len(names), len(names) + len(kinds)))
            names += [(str(question), kind) for kind in kinds]
    if len(table) < LEAST_CUSTOMERS or len(parts) < LEAST_QUESTIONS:
        raise DataError(
            "too few answers to tell kinds of customers by",
            how_many=f"{len(table)} customers answered, {len(parts)} questions tell them apart; "
            f"{LEAST_CUSTOMERS} and {LEAST_QUESTIONS} are needed",
        )
    patterns, which, times = np.unique(
        np.column_stack(parts), axis=0, return_inverse=True, return_counts=True
    )
    asked = _Asked(patterns, times, which.reshape(-1), tuple(blocks), tuple(names), table.index)
    left_out = pd.DataFrame({"question": list(why), "why": list(why.values())})
    return asked, left_out, len(answers) - len(table)


def _free(k: int, blocks: Sequence[tuple[int, int]]) -> int:
    return k - 1 + k * sum(last - first - 1 for first, last in blocks)


def _fitted(
    asked: _Asked, k: int, seed: int, starts: int, times: Array, close: float = CLOSE
) -> latent.Mixture:
    """Classes from the largest to the smallest; of equals, the one with the smaller chances first."""
    here = times > 0
    found = latent.fit(
        asked.patterns[here], asked.blocks, k,
        seed=seed, starts=starts, weights=times[here], prior=0, close=close,
    )  # fmt: skip
    order = np.lexsort((*np.round(found.chances.T[::-1], 6), -np.round(found.shares, 9)))
    return latent.Mixture(found.shares[order], found.chances[order], found.loglik, found.bic)


@dataclass(frozen=True)
class _Again:
    shares: Array
    chances: Array
    jaccard: Array


def _again(asked: _Asked, found: latent.Mixture, member: Array, seed: int, bootstraps: int) -> _Again:
    """The same classes in bootstraps, paired with those found by the members they have in common."""
    from scipy.optimize import linear_sum_assignment

    k, size = len(found.shares), int(asked.times.sum())
    shares, chances = np.empty((bootstraps, k)), np.empty((bootstraps, k, asked.patterns.shape[1]))
    alike = np.empty((bootstraps, k))
    label = np.repeat(member.argmax(axis=1), asked.times)
    for number in range(bootstraps):
        rng = np.random.default_rng([seed, k, number])
        times = rng.multinomial(size, asked.times / size)
        other = _fitted(asked, k, seed + number + 1, AGAIN, times, NEAR)
        theirs = latent.posterior(asked.patterns, other.shares, other.chances)[0]
        both = (member * asked.times[:, None]).T @ theirs
        pair = linear_sum_assignment(-both)[1]
        shares[number], chances[number] = other.shares[pair], other.chances[pair]
        drawn = np.repeat(times > 0, asked.times)
        alike[number] = jaccard(label[drawn], np.repeat(theirs.argmax(axis=1), asked.times)[drawn], k)
    each = np.array(
        [np.nanmean(alike[:, c]) if not np.isnan(alike[:, c]).all() else np.nan for c in range(k)]
    )
    return _Again(shares, chances, each)


def _between(share: Array, base: Array, drawn: Array) -> tuple[Array, Array]:
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    least, most = wilson(share * base, base)
    return np.fmin(low, least), np.fmax(high, most)


def _sizes(found: latent.Mixture, label: Array, again: _Again) -> pd.DataFrame:
    k = len(found.shares)
    low, high = _between(found.shares, np.full(k, len(label)), again.shares)
    return pd.DataFrame(
        {
            "class": range(k),
            "customers": np.bincount(label[label >= 0], minlength=k),
            "share": found.shares,
            "low": low,
            "high": high,
            "jaccard": again.jaccard,
            "badge": [badge(each) for each in again.jaccard],
        }
    )


def _table(asked: _Asked, found: latent.Mixture, member: Array, again: _Again) -> pd.DataFrame:
    rows = list[pd.DataFrame]()
    overall = asked.times @ asked.patterns
    for number, chances in enumerate(found.chances):
        mass = (member[:, number] * asked.times) @ asked.patterns
        base, usual = np.empty(len(mass)), np.empty(len(mass))
        for first, last in asked.blocks:
            base[first:last] = mass[first:last].sum()
            usual[first:last] = overall[first:last] / overall[first:last].sum()
        low, high = _between(chances, base, again.chances[:, number])
        rows.append(
            pd.DataFrame(
                {
                    "class": number,
                    "question": [question for question, _ in asked.names],
                    "answer": [answer for _, answer in asked.names],
                    "customers": base,
                    "probability": chances,
                    "low": low,
                    "high": high,
                    "overall": usual,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _alternatives(asked: _Asked, fits: dict[int, latent.Mixture]) -> pd.DataFrame:
    rows, size = [], int(asked.times.sum())
    for k, found in fits.items():
        member = latent.posterior(asked.patterns, found.shares, found.chances)[0]
        unsure = -(asked.times @ (member * np.log(np.maximum(member, latent.NEVER))).sum(axis=1))
        entropy = 1 - unsure / (size * np.log(k)) if k > 1 else np.nan
        free = _free(k, asked.blocks)
        rows.append((k, found.loglik, free, found.bic, entropy, float(found.shares.min()), size))
    names = ["k", "loglik", "parameters", "bic", "entropy", "smallest", "customers"]
    return pd.DataFrame(rows, columns=names)
