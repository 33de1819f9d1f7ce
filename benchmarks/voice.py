"""How well praise and complaint are told apart on real reviews with stars; prints, keeps nothing.

    .venv/bin/python benchmarks/voice.py --train reviews_train.csv --test reviews_test.csv

Both files need the columns comment, n_star (1-5) and, for the aspects, label ("{BATTERY#Negative};..."), as
in UIT-ViSFD. They are not part of this project: their terms allow research only. The model learns from
--train and is judged on --test; nothing is chosen by the figures of --test.
"""

from __future__ import annotations

import argparse
import re
import time
import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from journey_lib import voice
from journey_lib.sources.written import ISO, ORDERS
from journey_lib.voice.text import bare


def reviews(file: str, classes: int) -> pd.DataFrame:
    """The reviews as answers to a satisfaction question, one customer each."""
    table = pd.read_csv(file).rename(columns={"n_star": "score"})
    who = [f"r{i}" for i in range(len(table))]
    return voice.rated(table.assign(customer_id=who, metric="csat", touchpoint="review"), classes=classes)


def show(name: str, answers: pd.DataFrame) -> None:
    facts = voice.assess(answers).facts
    keys = ("accuracy", "macro_f1", "weighted_f1", "coverage", "right_when_deciding")
    ranges = [f"{facts[key + '_low']:.3f}, {facts[key + '_high']:.3f}" for key in keys]
    said = "  ".join(f"{key} {facts[key]:.3f} [{ends}]" for key, ends in zip(keys, ranges, strict=True))
    print(f"{name:44} n {facts['texts']}  {said}  commonest: macro {facts['macro_f1_majority']:.3f}")


def polar(answers: pd.DataFrame) -> pd.DataFrame:
    """The same, with "neither" counted as an abstention."""
    return answers.assign(predicted=answers["predicted"].where(answers["predicted"] != "neutral"))


def written(table: pd.DataFrame, how: Any) -> pd.DataFrame:
    return table.assign(text=table["text"].map(how))


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def learnt(train: pd.DataFrame, test: pd.DataFrame) -> None:
    started = time.process_time()
    model = voice.WordModel().fit(train["text"].tolist(), train["label"].tolist())
    took = time.process_time() - started
    print(f"learnt {len(train)} reviews in {took:.1f} s of CPU, {len(model.columns)} features")

    def answered(table: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
        chance = model.predict_proba(table["text"].tolist())
        said = pd.Series(np.array(model.classes_, object)[chance.argmax(axis=1)], table.index, dtype="str")
        return table.assign(predicted=said), chance

    (as_written, chance), (stripped, _) = answered(test), answered(written(test, bare))
    _, apart = answered(written(test, decomposed))
    show("model, as written", as_written)
    show("model, without marks", stripped)
    print("decomposed letters give the same chances to the last digit:", bool((chance == apart).all()))


def aspects(file: str, test: pd.DataFrame) -> None:
    """Of reviews whose aspects are all of one kind: does the lexicon say the same?"""
    written_as = pd.read_csv(file)["label"].fillna("")
    labels = written_as.map(lambda text: set(re.findall(r"#(\w+)\}", text)) - {"Neutral"})
    one = labels.map(lambda kinds: next(iter(kinds)).lower() if len(kinds) == 1 else None).reindex(test.index)
    judged = test.assign(label=one)[one.notna()]
    show("lexicon, against aspect labels of one kind", polar(voice.by_lexicon(judged)))


def dates(file: str) -> None:
    """Which of the words that say when would be read as a day, and whether any of them is relative."""
    said = pd.read_csv(file)["date_time"].astype(str)
    day = re.compile("|".join(f"(?:{form})" for form in (ISO, ORDERS["DD/MM/YYYY"][0])))
    read = said.map(lambda text: bool(day.fullmatch(text)))
    relative = ~said.str.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}")
    wrong = int((relative & read).sum())
    print(f"dates: {len(said)}, relative {int(relative.sum())}, of those read as a day {wrong}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--train", required=True)
    asked.add_argument("--test", required=True)
    files = asked.parse_args()
    dates(files.train)
    for classes in (2, 3):
        train, test = reviews(files.train, classes), reviews(files.test, classes)
        print(f"\n{classes} classes: {test['label'].value_counts().to_dict()}")
        lexicon = voice.by_lexicon(test)
        show("lexicon, as written", lexicon)
        if classes == 2:
            show("lexicon, neither is no decision", polar(lexicon))
            show("lexicon, without marks, same", polar(voice.by_lexicon(written(test, bare))))
            same = voice.by_lexicon(written(test, decomposed))["predicted"].fillna("")
            print(
                "decomposed letters give the same labels:",
                bool((same == lexicon["predicted"].fillna("")).all()),
            )
            aspects(files.test, test)
        learnt(train, test)


if __name__ == "__main__":
    main()
