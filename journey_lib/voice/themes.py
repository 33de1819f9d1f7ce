"""What comments are about: the words that set a touchpoint, or bad scores, apart from the rest.

Themes come from counting, not from a model of meaning: a theme is a word or a pair of words that customers of
one group use more than the others do. It says what they talk of; whether they praise it, the scores say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.intervals import Z, discoveries, two_sided
from journey_lib.model import Result
from journey_lib.voice.scrub import scrubber
from journey_lib.voice.text import accented, bare
from journey_lib.voice.whole_words import JOINT, spelt, whole_terms

PRIOR = 200.0  # words of the prior: what a group says has to outweigh them
CHANCE = 0.05  # among the themes called found, at most so many by chance
# A word that stands so often within one pair is named by the pair.
WITHIN = 0.5
ALIKE = 0.7  # of two terms with that part of their texts in common, one is named
LONGEST = 240  # letters of a verbatim


@dataclass(frozen=True)
class _Said:
    """Of one group: who said a word, and in which texts."""

    people: dict[str, set[object]]
    texts: dict[str, list[int]]


def themes(
    comments: pd.DataFrame, *, by: str, k: int = 10, most: int = 8, names: Iterable[str] = ()
) -> Result:
    """The words that customers of each group use more than the others do, with a comment that shows how.

    Vietnamese words are whole: "mô tả", never "mô" (`whole_words`); pairs of words count beside them.
    `comments`: columns text, customer_id and `by`, such as touchpoint, or label (`voice.rated`: bad scores
    against good). People and their numbers are taken out before anything is counted (`names` as for `scrub`).
    A customer counts once for a word, however often they say it. Where the comments have a column opt_out,
    those of people who refused contact count and are never quoted.

    Columns: that of `by`, term, texts and customers (of the group who say it), share (of the group's
    customers with a text), others_share, weight (class-based TF-IDF), log_odds with low and high (against
    all other groups, with the whole as informative Dirichlet prior: Monroe, Colaresi and Quinn 2008,
    Political Analysis 16, 372-403), z, found (Benjamini-Hochberg over all words compared, 5%), verbatim
    (scrubbed; text from outside, to be escaped on a page; empty where none may be quoted). The `most` with
    the highest z of each group, only words more common there than elsewhere. Words of fewer than `k`
    customers of a group are not named, and groups of fewer not described; facts count both: texts, customers,
    groups, small_groups, rare_words.

    Raises
    ------
    DataError
        A column is missing.
    """
    for name in ("text", "customer_id", by):
        if name not in comments:
            raise DataError(f"the comments have no column '{name}'", do=did_you_mean(name, comments.columns))
    if k < 1 or most < 1:
        raise ParameterError(f"k={k} and most={most} leave nothing to show", do="use 1 or more")
    refused = comments["opt_out"].eq(True) if "opt_out" in comments else False
    table = comments[["text", "customer_id", by]].assign(refused=refused)
    table = table.dropna(subset=["text", by]).reset_index(drop=True)
    alone = pd.Series([f"\0{i}" for i in range(len(table))], table.index)
    table["customer_id"] = table["customer_id"].astype("object").where(table["customer_id"].notna(), alone)
    clean = [scrubber(names)(str(text)) for text in table["text"]]
    spoken = _terms(clean)
    said = {str(name): _said(rows.index, table["customer_id"], spoken) for name, rows in table.groupby(by)}
    people = table.groupby(by)["customer_id"].nunique()
    people.index = people.index.map(str)
    compared, rare = _compared(said, people, k)
    chosen = _chosen(compared, said, most) if len(compared) else compared
    if len(chosen):
        quotable = _quotable(said, frozenset(table.index[table["refused"]]))
        there = [
            term in quotable[group].texts for group, term in zip(chosen["group"], chosen["term"], strict=True)
        ]
        chosen = chosen.assign(verbatim="")
        chosen.loc[there, "verbatim"] = _verbatims(chosen[there], compared, quotable, spoken, clean)
    facts = {
        "texts": len(table),
        "customers": table["customer_id"].nunique(),
        "groups": len(people),
        "small_groups": int((people < k).sum()),
        "rare_words": rare,
    }
    shown = [by, "term", "texts", "customers", "share", "others_share", "weight", "log_odds", "low", "high"]
    columns = [*shown, "z", "found", "verbatim"]
    found = chosen.rename(columns={"group": by}).reindex(columns=columns).reset_index(drop=True)
    found["term"] = found["term"].map(spelt)
    return Result("themes", found, facts, {"by": by, "k": k, "most": most, "prior": PRIOR}, base="customers")


def stop_words() -> frozenset[str]:
    """Words that hold sentences together and name no theme."""
    text = (files("journey_lib.voice") / "data_files" / "stop_words.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _terms(clean: Sequence[str]) -> list[set[str]]:
    """The words and pairs of each text; those typed without marks as others mostly mark them."""
    stop = stop_words()
    bare_stop = {bare(word) for word in stop}
    marked = [accented(text) for text in clean]
    spoken = [
        _kept(whole_terms(text), stop if full else stop | bare_stop)
        for text, full in zip(clean, marked, strict=True)
    ]
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for words, full in zip(spoken, marked, strict=True):
        if full:
            for word in words:
                spellings[bare(word)][word] += 1
    usual = {plain: min(found, key=lambda word: (-found[word], word)) for plain, found in spellings.items()}
    return [
        words if full else {usual.get(bare(word), word) for word in words}
        for words, full in zip(spoken, marked, strict=True)
    ]


def _kept(listed: Iterable[str], stop: Iterable[str]) -> set[str]:
    kept = set()
    for term in listed:
        parts = term.split()
        if (
            parts[0] in stop
            or parts[-1] in stop
            or not any(part.replace(JOINT, "").isalpha() and len(part) > 1 for part in parts)
        ):
            continue
        kept.add(term)
    return kept


def _said(rows: Iterable[int], customer: pd.Series, spoken: Sequence[set[str]]) -> _Said:
    people: dict[str, set[object]] = defaultdict(set)
    texts: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for term in spoken[row]:
            people[term].add(customer[row])
            texts[term].append(row)
    return _Said(people, texts)


def _quotable(said: Mapping[str, _Said], refused: Collection[int]) -> dict[str, _Said]:
    """What was said, without the texts of people who refused contact: these count, and are no example."""
    kept = {
        group: {term: [row for row in rows if row not in refused] for term, rows in each.texts.items()}
        for group, each in said.items()
    }
    return {
        group: _Said(said[group].people, {term: rows for term, rows in texts.items() if rows})
        for group, texts in kept.items()
    }


def _compared(said: dict[str, _Said], people: pd.Series, k: int) -> tuple[pd.DataFrame, int]:
    """Each group's words of `k` customers or more, beside those of all others; and how many were rarer."""
    counts = {group: {term: len(who) for term, who in each.people.items()} for group, each in said.items()}
    whole: Counter[str] = Counter()
    for each in counts.values():
        whole.update(each)
    total, average = sum(whole.values()), sum(whole.values()) / max(len(counts), 1)
    rows, rare = [], 0
    for group, each in counts.items():
        size = sum(each.values())
        if people[group] < k:
            continue
        rare += sum(n < k for n in each.values())
        for term, n in sorted(each.items()):
            if n < k:
                continue
            prior, rest = PRIOR * whole[term] / total, whole[term] - n
            odds = np.log((n + prior) / (size + PRIOR - n - prior))
            other = np.log((rest + prior) / (total - size + PRIOR - rest - prior))
            spread = float(np.sqrt(1 / (n + prior) + 1 / (rest + prior)))
            rows.append(
                {
                    "group": group,
                    "term": term,
                    "texts": len(said[group].texts[term]),
                    "customers": n,
                    "share": n / people[group],
                    "others_share": rest / max(people.sum() - people[group], 1),
                    "weight": n / size * np.log(1 + average / whole[term]),
                    "log_odds": odds - other,
                    "low": odds - other - Z * spread,
                    "high": odds - other + Z * spread,
                    "z": (odds - other) / spread,
                }
            )
    table = pd.DataFrame(rows)
    if len(table):
        table["found"] = discoveries(two_sided(table["z"].to_numpy()), CHANCE) & (table["z"] > 0)
    return table, rare


def _chosen(compared: pd.DataFrame, said: dict[str, _Said], most: int) -> pd.DataFrame:
    """The highest of each group, pairs before the words in them, and none that stands in the same texts."""
    kept = []
    for group, rows in compared[compared["z"] > 0].groupby("group"):
        texts = {term: set(said[str(group)].texts[term]) for term in rows["term"]}
        pairs: dict[str, list[str]] = defaultdict(list)
        for term in texts:
            for word in term.split() if " " in term else ():
                pairs[word].append(term)
        named: list[str] = []
        ranked = rows.sort_values(["z", "term"], ascending=[False, True])["term"]
        for at, term in ranked.items():
            if len(named) == most:
                break
            mine = texts[term]
            inside = any(len(texts[pair]) >= WITHIN * len(mine) for pair in pairs.get(term, ()))
            if not inside and not any(_alike(mine, texts[other]) for other in named):
                named.append(term)
                kept.append(at)
    return compared.loc[kept]


def _alike(mine: set[int], others: set[int]) -> bool:
    return len(mine & others) >= ALIKE * len(mine | others)


def _verbatims(
    chosen: pd.DataFrame,
    compared: pd.DataFrame,
    said: dict[str, _Said],
    spoken: Sequence[set[str]],
    clean: Sequence[str],
) -> list[str]:
    """For each theme the comment with it that says most of what is typical of the group, in fewest words."""
    pull: dict[str, dict[str, float]] = defaultdict(dict)
    typical = compared[compared["z"] > 0]
    for group, term, z in zip(typical["group"], typical["term"], typical["z"], strict=True):
        pull[group][term] = z
    found: list[str] = []
    quoted: dict[str, set[str]] = defaultdict(set)
    for group, term in zip(chosen["group"], chosen["term"], strict=True):
        weight = pull[group]
        near = {
            i: sum(weight.get(each, 0.0) for each in spoken[i]) / np.sqrt(len(spoken[i]))
            for i in said[group].texts[term]
        }
        told = quoted[group]  # another comment says more than the same one twice
        best = min(near, key=lambda i: (clean[i] in told, len(clean[i]) > LONGEST, -near[i], clean[i]))
        told.add(clean[best])
        whole = " ".join(clean[best].split())
        found.append(whole if len(whole) <= LONGEST else whole[:LONGEST].rsplit(" ", 1)[0] + " …")
    return found
