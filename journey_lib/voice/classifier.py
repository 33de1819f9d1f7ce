"""A model of praise and complaint that learns from a shop's own rated comments, in seconds, on one machine.

Words, pairs of words and pieces of words, weighed by how rare they are (TF-IDF), in a logistic regression.
Every comment is learnt twice, as written and without its marks, so that those who type without marks are
read too. Anything else that can be taught and asked the same way can stand in its place: see
`SentimentModel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from journey_lib.errors import DataError
from journey_lib.intervals import Array
from journey_lib.voice.text import accented, bare, normalise, terms

LEAST = 2  # comments in which a feature has to stand to be learnt
SHORTEST, LONGEST = 2, 4  # letters of a piece of a word
# Inverse strength of the L2 penalty; chosen by held-out folds on reviews. Two classes share one row of
# weights, which with half the penalty comes to the same model.
LOOSENESS = 3.0
STOP = {"max_iter": 500, "tol": 1e-4}
FORMAT = 1


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
    """TF-IDF of words 1-2 and pieces of words of 2-4 letters, and a logistic regression on it (scikit-learn).

    Weights are found by L-BFGS from zero on one thread: nothing is drawn by chance, so the same comments give
    the same model. Classes count alike, however rare they are.
    """

    classes_: tuple[str, ...] = ()

    def fit(self, texts: Sequence[str], labels: Sequence[str], /) -> WordModel:
        """Learn from texts with their labels."""
        self.classes_ = tuple(sorted(set(labels)))
        if len(self.classes_) < 2:
            raise DataError(
                "a model needs comments of two labels at least", how_many=f"{len(texts)} comments"
            )
        twice = np.array([accented(text) for text in texts])
        plain = [bare(normalise(text)) for text, marked in zip(texts, twice, strict=True) if marked]
        codes = np.array([self.classes_.index(label) for label in labels])
        share = np.where(twice, 0.5, 1.0) * (len(codes) / (len(self.classes_) * np.bincount(codes)))[codes]
        words, regression = unlearnt(len(self.classes_))
        try:
            rows = words.fit_transform([*texts, *plain])
        except ValueError:
            raise DataError("no word stands in two comments", how_many=f"{len(texts)} comments") from None
        with ThreadpoolController().limit(limits=1):  # short sums: threads cost more than they save
            regression.fit(rows, np.append(codes, codes[twice]), np.append(share, share[twice]))
        return self._holding(words, regression)

    def predict_proba(self, texts: Sequence[str], /) -> Array:
        """The chance of each class, for each text."""
        return np.asarray(self._regression.predict_proba(self._words.transform(texts)))

    def strongest(self, label: str, most: int = 10) -> list[str]:
        """The words that speak most for a label."""
        column = self.classes_.index(label)
        weights = self.weights if len(self.weights) > 1 else np.vstack([-self.weights, self.weights])
        pull = (weights[column] - np.delete(weights, column, axis=0).mean(axis=0)) * self._words.idf_
        words = [(name, pull[at]) for name, at in self.columns.items() if not name.startswith("~")]
        return [name for name, _ in sorted(words, key=lambda each: (-each[1], each[0]))[:most]]

    def plain(self) -> dict[str, Any]:
        """All the model knows, as JSON holds it: words, how rare they are, weights; nothing to unpickle."""
        return {
            "format": FORMAT,
            "classes": list(self.classes_),
            "words": list(self.columns),
            "rarity": self._words.idf_.tolist(),
            "weights": self.weights.tolist(),
            "constants": self._regression.intercept_.tolist(),
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> WordModel:
        """The model that `plain` wrote down; it gives the same chances to the last digit."""
        if said.get("format") != FORMAT:
            raise DataError(
                "this is no model of words that is known here",
                how_many=f"format {said.get('format')!r}, not {FORMAT}",
                do="teach it again (voice.WordModel().fit)",
            )
        self = cls()
        self.classes_ = tuple(said["classes"])
        words, regression = unlearnt(len(self.classes_))
        words.vocabulary = {name: at for at, name in enumerate(said["words"])}
        words.idf_ = np.array(said["rarity"])
        regression.classes_ = np.arange(len(self.classes_))
        regression.coef_, regression.intercept_ = np.array(said["weights"]), np.array(said["constants"])
        return self._holding(words, regression)

    def _holding(self, words: Any, regression: Any) -> WordModel:
        self._words, self._regression = words, regression
        self.columns: dict[str, int] = dict(sorted(words.vocabulary_.items(), key=lambda each: each[1]))
        self.weights: Array = regression.coef_
        return self


def unlearnt(classes: int) -> tuple[Any, Any]:
    """What counts the words and what weighs them; neither has learnt anything."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(analyzer=_features, min_df=LEAST, sublinear_tf=True)
    loose = LOOSENESS * 2 if classes == 2 else LOOSENESS
    return words, LogisticRegression(C=loose, **STOP)


@lru_cache(maxsize=16_384)  # whoever judges by folds asks five times of the same comments
def _features(text: str) -> tuple[str, ...]:
    """Words, pairs of them, and pieces of words (behind a ~); without marks where the text has none."""
    listed = terms(text) if accented(text) else [bare(each) or each for each in terms(text)]
    return (*listed, *(piece for word in listed if " " not in word for piece in _pieces(word)))


@lru_cache(maxsize=100_000)
def _pieces(word: str) -> tuple[str, ...]:
    whole = f" {word} "
    return tuple(
        "~" + whole[i : i + size]
        for size in range(SHORTEST, LONGEST + 1)
        for i in range(len(whole) - size + 1)
    )
