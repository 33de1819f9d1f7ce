"""A model of praise and complaint that learns from a shop's own rated comments, in seconds, on one machine.

Words, pairs of words and pieces of words, weighed by how rare they are (TF-IDF), in a logistic regression.
Every comment is learnt twice, as written and without its marks, so that those who type without marks are
read too. Anything else that can be taught and asked the same way can stand in its place: see
`SentimentModel`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from scipy.special import log_softmax
from threadpoolctl import ThreadpoolController

from journey_lib.errors import DataError
from journey_lib.intervals import Array
from journey_lib.voice.text import accented, bare, normalise, terms

LEAST = 2  # comments in which a feature has to stand to be learnt
SHORTEST, LONGEST = 2, 4  # letters of a piece of a word
LOOSENESS = (
    3.0  # inverse strength of the L2 penalty, for a sum of losses; chosen by held-out folds on reviews
)
STOP = {"maxiter": 500, "gtol": 1e-4}


class SentimentModel(Protocol):
    """What can be taught labels of texts and then asked for chances: any classifier of scikit-learn is one.

    `predict_proba` answers one row a text and one column a class, in the order of `classes_`.
    """

    classes_: Any

    def fit(self, texts: Sequence[str], labels: Sequence[str], /) -> Any:
        """Learn; called once, on a model that has learnt nothing."""

    def predict_proba(self, texts: Sequence[str], /) -> Any:
        """The chance of each class, for each text."""


class WordModel:
    """TF-IDF of words 1-2 and pieces of words of 2-4 letters, and a multinomial logistic regression on it.

    Weights are found by L-BFGS from zero: nothing is drawn by chance, so the same comments give the same
    model. Classes count alike, however rare they are.
    """

    classes_: tuple[str, ...] = ()

    def fit(self, texts: Sequence[str], labels: Sequence[str], /) -> WordModel:
        """Learn from texts with their labels."""
        self.classes_ = tuple(sorted(set(labels)))
        if len(self.classes_) < 2:
            raise DataError(
                "a model needs comments of two labels at least", how_many=f"{len(texts)} comments"
            )
        written = [_features(text) for text in texts]
        plain = [_features(bare(normalise(text)), spelt=True) if accented(text) else None for text in texts]
        documents = written + [each for each in plain if each is not None]
        self.columns, self.rarity = _vocabulary(documents)
        twice = np.array([each is not None for each in plain])
        codes = np.array([self.classes_.index(label) for label in labels])
        share = np.where(twice, 0.5, 1.0) * (len(codes) / (len(self.classes_) * np.bincount(codes)))[codes]
        rows = _weighed(documents, self.columns, self.rarity)
        self.weights = logistic(rows, np.append(codes, codes[twice]), np.append(share, share[twice]))
        return self

    def predict_proba(self, texts: Sequence[str], /) -> Array:
        """The chance of each class, for each text."""
        documents = [_features(text) for text in texts]
        rows = _weighed(documents, self.columns, self.rarity)
        return np.asarray(np.exp(log_softmax(rows @ self.weights[:-1] + self.weights[-1], axis=1)))

    def strongest(self, label: str, most: int = 10) -> list[str]:
        """The words that speak most for a label."""
        column = self.classes_.index(label)
        others = np.delete(self.weights[:-1], column, axis=1).mean(axis=1)
        pull = (self.weights[:-1, column] - others) * self.rarity
        words = [(name, pull[at]) for name, at in self.columns.items() if not name.startswith("~")]
        return [name for name, _ in sorted(words, key=lambda each: (-each[1], each[0]))[:most]]


def logistic(rows: Any, codes: Array, share: Array) -> Array:
    """Weights of a multinomial logistic regression: one row a feature and the last for the constant.

    Minimises the losses weighed by `share`, plus half the squared weights over `LOOSENESS`; the constant
    goes free.
    """
    from scipy.optimize import minimize

    features, classes = rows.shape[1], int(codes.max()) + 1
    wanted = np.zeros((len(codes), classes))
    wanted[np.arange(len(codes)), codes] = 1.0
    back = rows.T.tocsr()

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(features + 1, classes)
        chance = log_softmax(rows @ weights[:-1] + weights[-1], axis=1)
        off = (np.exp(chance) - wanted) * share[:, None]
        slope = np.vstack([back @ off + weights[:-1] / LOOSENESS, off.sum(axis=0)])
        fit = -(chance * wanted).sum(axis=1) @ share + (weights[:-1] ** 2).sum() / (2 * LOOSENESS)
        return float(fit), slope.ravel()

    start = np.zeros((features + 1) * classes)
    with ThreadpoolController().limit(limits=1):  # short sums: threads cost more than they save
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options=STOP)
    return np.asarray(found.x.reshape(features + 1, classes))


def _features(text: str, *, spelt: bool = False) -> Counter[str]:
    """Words, pairs of them, and pieces of words (behind a ~); without marks where the text has none."""
    plain = spelt or not accented(text)
    listed = [bare(term) or term for term in terms(text)] if plain else terms(text)
    counted = Counter(listed)
    for word in listed:
        if " " not in word:
            counted.update(_parts(word))
    return counted


@lru_cache(maxsize=100_000)
def _parts(word: str) -> tuple[str, ...]:
    whole = f" {word} "
    return tuple(
        "~" + whole[i : i + size]
        for size in range(SHORTEST, LONGEST + 1)
        for i in range(len(whole) - size + 1)
    )


def _vocabulary(documents: Sequence[Counter[str]]) -> tuple[dict[str, int], Array]:
    """The features that are learnt, each with its column, and how rare they are."""
    often = Counter(name for document in documents for name in document)
    kept = sorted(name for name, n in often.items() if n >= LEAST)
    if not kept:
        raise DataError("no word stands in two comments", how_many=f"{len(documents)} comments")
    rarity = np.log((1 + len(documents)) / (1 + np.array([often[name] for name in kept]))) + 1
    return {name: column for column, name in enumerate(kept)}, rarity


def _weighed(documents: Sequence[Counter[str]], columns: dict[str, int], rarity: Array) -> Any:
    """TF-IDF: 1 + log of how often, times how rare; each text as long as any other."""
    values, places, ends = [], [], [0]
    for document in documents:
        for name, n in document.items():
            at = columns.get(name)
            if at is not None:
                places.append(at)
                values.append(float(n))
        ends.append(len(places))
    taken = np.array(places, np.int64)
    weight = (1 + np.log(np.array(values))) * rarity[taken]
    rows = sparse.csr_array((weight, taken, np.array(ends)), shape=(len(documents), len(columns)))
    rows.sort_indices()  # sums in one order, whatever the order of the words
    length = np.sqrt(np.asarray((rows * rows).sum(axis=1))).ravel()
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return sparse.diags_array(scale).tocsr() @ rows
