"""Who belongs to a persona, in a sentence: a few conditions in the features' own units, checked on others.

The sentence is a small decision tree that imitates the groups (a surrogate). Its thresholds are rounded
before anything is measured: what is printed is what is evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib import i18n
from journey_lib.errors import ParameterError
from journey_lib.features import Features, titles
from journey_lib.features.about import Kind
from journey_lib.i18n import text as _
from journey_lib.intervals import wilson
from journey_lib.model import Language, Result
from journey_lib.personas.find import Found
from journey_lib.personas.sample import drawn, lots, one_thread

Array = npt.NDArray[Any]

LEAVES = 8
SMALLEST = 0.01  # share of customers below which no leaf is split off
SAMPLE = 50_000
FAITHFUL = 0.90  # fidelity below which a rule is flagged


@dataclass(frozen=True)
class Condition:
    """A feature that is above `above` and at most `most`; None: no such limit."""

    feature: str
    above: float | None
    most: float | None


@dataclass(frozen=True)
class Rules:
    """For each persona the ways to belong to it, commonest first; every customer goes exactly one way.

    `fill` is what a missing value counts as. `fidelity`: see `rules`.
    """

    ways: Mapping[int, tuple[tuple[Condition, ...], ...]]
    fill: Mapping[str, float]
    kinds: Mapping[str, Kind]
    fidelity: Result


def rules(found: Found, features: Features, *, leaves: int = LEAVES, seed: int = 0) -> Rules:
    """The rule of each persona, and how often it is right about customers it was not made from.

    Half of those who belong to a persona, chosen by their code, make the tree; the other half judge it. Table
    of `fidelity`, a row a persona: persona, customers (judged members), caught (share of them the rule names)
    with caught_low and caught_high, named (whom the rule names), right (share of those who are members) with
    right_low and right_high (Wilson). Facts: fidelity, low, high, customers, faithful (at least 0.90).

    Raises
    ------
    ParameterError
        Nothing was found, or `features` are not those it was found in.
    """
    if found.groups is None:
        raise ParameterError("there are no personas to tell rules of", do=f"read the reason: {found.reason}")
    columns = found.groups.recipe.columns
    gone = [column.name for column in columns if column.name not in features.frame]
    if gone or not found.labels.index.isin(features.frame.index).all():
        raise ParameterError(
            "these are not the features in which the personas were found",
            where=", ".join(gone) or None,
            do="give the table that find() was given",
        )
    placed = found.labels[found.labels >= 0].sort_index()
    fill = {column.name: column.fill for column in columns}
    frame = features.frame.loc[placed.index, list(fill)].fillna(fill)
    x, y = frame.to_numpy(float), placed.to_numpy()
    learns = lots(placed.index, seed + 1) % np.uint64(2) == 0
    kinds: dict[str, Kind] = {column.name: column.kind for column in columns}
    few = drawn(placed.index[learns], SAMPLE, seed)
    tree = _tree(x[learns][few], y[learns][few], leaves, seed)
    ways = _ways(tree, list(fill), kinds, found.k)
    told = Rules(ways, fill, kinds, Result("rule_fidelity", pd.DataFrame()))
    judged = applied(told, frame[~learns])
    return Rules(ways, fill, kinds, _fidelity(judged.to_numpy(), y[~learns], found.k, leaves, seed))


def applied(told: Rules, frame: pd.DataFrame) -> pd.Series[Any]:
    """The persona that the printed rules name for each customer, from the numbers as they are printed."""
    named = pd.Series(-1, index=frame.index, name="persona")
    for persona, ways in told.ways.items():
        for way in ways:
            inside = np.ones(len(frame), bool)
            for condition in way:
                value = frame[condition.feature].fillna(told.fill[condition.feature]).to_numpy(float)
                inside &= value > condition.above if condition.above is not None else True
                inside &= value <= condition.most if condition.most is not None else True
            named[inside] = persona
    return named


def sentences(
    told: Rules,
    features: Features,
    *,
    labels: Mapping[str, str] | None = None,
    language: Language | None = None,
) -> dict[int, str]:
    """A sentence for each persona, in the current language or the given one.

    `labels` are what readers call the features, such as `features.titles(features, workspace)`.
    """
    lang = language or i18n.language()
    called = {**titles(features, language=lang), **(labels or {})}
    said = {}
    for persona, ways in told.ways.items():
        each = [
            _(" and ", lang).join(_spoken(condition, called, told.kinds, features, lang) for condition in way)
            or _("everybody", lang)
            for way in ways
        ]
        said[persona] = (
            _("; or: ", lang).join(each) if each else _("No rule of this length names these customers.", lang)
        )
    return said


def _spoken(
    condition: Condition,
    called: Mapping[str, str],
    kinds: Mapping[str, Kind],
    features: Features,
    lang: Language,
) -> str:
    name, kind = called[condition.feature], kinds[condition.feature]

    def number(value: float) -> str:
        if kind == "share":
            return i18n.percent(value, 0, lang)
        if kind == "amount" and features.feature(condition.feature).unit == features.currency:
            return f"{i18n.number(value, 0, lang)} {features.currency}".strip()
        return i18n.number(value, max(0, min(6, -_place(value))), lang)

    if condition.above is None:
        return _("{name} at most {most}", lang, name=name, most=number(condition.most or 0.0))
    if condition.most is None:
        return _("{name} above {above}", lang, name=name, above=number(condition.above))
    return _(
        "{name} above {above} and at most {most}",
        lang, name=name, above=number(condition.above), most=number(condition.most),
    )  # fmt: skip


def rounded(value: float, kind: Kind) -> float:
    """A threshold as it is printed: whole per cent, whole counts and days, else two digits that count."""
    if kind == "share":
        return round(value, 2)
    if kind in {"count", "days"}:
        return float(math.floor(value))
    return round(value, -_place(value)) if value else 0.0


def _place(value: float) -> int:
    """Power of ten of the second digit that counts; 0 for whole numbers, which are printed as they are."""
    if value == round(value):
        return 0
    return math.floor(math.log10(abs(value))) - 1


def _tree(x: Array, y: Array, leaves: int, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    with one_thread():
        # Every persona weighs the same: without it a small one has no leaf, and so no rule.
        return DecisionTreeClassifier(
            max_leaf_nodes=max(leaves, len(np.unique(y))),
            min_samples_leaf=max(5, int(SMALLEST * len(x))),
            class_weight="balanced",
            random_state=seed,
        ).fit(x, y).tree_, np.unique(y)  # fmt: skip


def _ways(
    made: tuple[Any, Array], names: list[str], kinds: Mapping[str, Kind], k: int
) -> dict[int, tuple[tuple[Condition, ...], ...]]:
    tree, classes = made
    found: dict[int, list[tuple[float, tuple[Condition, ...]]]] = {persona: [] for persona in range(k)}

    def walk(node: int, limits: dict[str, tuple[float | None, float | None]]) -> None:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            persona = int(classes[int(tree.value[node][0].argmax())])
            way = tuple(Condition(name, above, most) for name, (above, most) in limits.items())
            found[persona].append((float(tree.n_node_samples[node]), way))
            return
        name = names[int(tree.feature[node])]
        at = rounded(float(tree.threshold[node]), kinds[name])
        above, most = limits.get(name, (None, None))
        walk(left, {**limits, name: (above, at if most is None else min(most, at))})
        walk(right, {**limits, name: (at if above is None else max(above, at), most)})

    walk(0, {})
    return {
        persona: tuple(way for _size, way in sorted(ways, key=lambda each: (-each[0], str(each[1]))))
        for persona, ways in found.items()
    }


def _fidelity(named: Array, real: Array, k: int, leaves: int, seed: int) -> Result:
    both = np.array([((named == each) & (real == each)).sum() for each in range(k)])
    members = np.bincount(real, minlength=k)
    called = np.array([(named == each).sum() for each in range(k)])
    table = pd.DataFrame({"persona": range(k), "customers": members})
    for part, base in (("caught", members), ("right", called)):
        if part == "right":
            table["named"] = called
        with np.errstate(invalid="ignore", divide="ignore"):
            table[part] = both / base
        table[f"{part}_low"], table[f"{part}_high"] = wilson(both, base)
    agreed = float((named == real).mean()) if len(real) else float("nan")
    low, high = wilson(np.array([(named == real).sum()]), np.array([len(real)]))
    facts = {
        "fidelity": agreed, "low": float(low[0]), "high": float(high[0]), "customers": len(real),
        "faithful": agreed >= FAITHFUL,
    }  # fmt: skip
    return Result(
        "rule_fidelity", table, facts, {"leaves": leaves, "seed": seed}, base="customers", people=("named",)
    )
