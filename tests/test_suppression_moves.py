"""Who moved between personas, and kept ones, give no group of fewer than k people away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import attack
import numpy as np
import pandas as pd
import pytest
from attack import FITS_NONE, LEFT, LITTLE, NONE, World
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from journey_lib import findings_found, i18n, sections_cast
from journey_lib.features import Feature, Features
from journey_lib.model import Result
from journey_lib.personas import against, apply, kept, portrait, worth
from journey_lib.personas.find import Found
from journey_lib.personas.gate import Structure
from journey_lib.personas.kept import Kept

ABOUT = (
    Feature("recency_conversion_days", "Last bought", "days", "recency", "days", "touches"),
    Feature("conversions", "Conversions", "conversions", "frequency", "count", "touches"),
    Feature("value", "Value", "currency", "value", "amount", "touches", behaviour=False),
)
BEFORE = ("p1", "p2", "p3", FITS_NONE, NONE)
NOW = ("p1", "p2", "p3", FITS_NONE, LITTLE, LEFT)
Moves = list[list[int]]


def people(moves: Moves, few: tuple[int, int], seed: int) -> pd.DataFrame:
    """A row a customer: the persona before and now (rows and columns of `moves`), and what they bought.

    `few` of each cell bought before, and now; all others did, or none of them, by chance.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for before, line in zip(BEFORE, moves, strict=True):
        for now, n in zip(NOW, line, strict=True):
            bought = [min(some, n) if rng.random() < 0.5 else max(n - some, 0) for some in few]
            rows += [(before, now, at < bought[0], at < bought[1]) for at in range(n)]
    return pd.DataFrame(rows, columns=["before", "now", "bought_before", "bought"])


def table(bought: pd.Series) -> Features:
    frame = pd.DataFrame(
        {
            "recency_conversion_days": np.where(bought, 1.0 + np.arange(len(bought)) % 90, np.nan),
            "conversions": bought.astype(float),
            "value": bought * 10_000.0,
        },
        bought.index.rename("customer"),
    )
    day = pd.Timestamp("2025-01-01", tz="UTC")
    return Features(frame, ABOUT, day - pd.Timedelta(days=365), day, "UTC", "VND", "x")


def labels(codes: pd.Series) -> pd.Series:
    known = codes[~codes.isin([NONE, LITTLE, LEFT])]
    return known.map({"p1": 0, "p2": 1, "p3": 2, FITS_NONE: -1}).astype("int64")


def placed(now: Features, old: pd.Series, new: pd.Series) -> tuple[Found, Kept]:
    """The personas of `new`, found or kept from the day of `old`, with nothing but their numbers."""
    nobody: Any = None

    def gate(n: int) -> Structure:
        return Structure("groups", 0.5, 0.9, 1.1, 0.01, n, 20, 0, pd.DataFrame())

    sizes = np.bincount(new[new >= 0], minlength=3)
    rows = pd.DataFrame({"persona": range(3), "customers": sizes, "share": sizes / len(new)})
    found = Found(
        new, new, pd.DataFrame(), pd.DataFrame({"k": [3], "stable": True, "jaccard_worst": 0.9,
        "smallest": sizes.min() / len(new), "customers": len(new)}),
        rows.assign(low=rows["share"], high=rows["share"], jaccard=0.9), 3, "", gate(len(new)), nobody,
        pd.DataFrame(), len(now.frame) - len(new), {"k": "auto"},
    )  # fmt: skip
    then = tuple(int(n) for n in np.bincount(old[old >= 0], minlength=3))
    day = now.as_of.date()
    model = Kept(Path("p.json"), nobody, (), gate(len(old)), (0.9,) * 3, 30, then, len(old), day, 1)
    return found, model


def published(who: pd.DataFrame, k: int) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """What the page shows of these people: `sections_personas.moved` and the sizes of today."""
    before = table(who["bought_before"])
    now = table(who.loc[who["now"] != LEFT, "bought"])
    old, new = labels(who["before"]), labels(who["now"])
    were, are = (each[each >= 0].map(lambda n: f"p{n + 1}") for each in (old, new))
    found, model = placed(now, old, new)
    among = sections_cast.beside(found, now, k)
    base = replace(now, frame=now.frame.loc[among])
    moves = findings_found.moves(apply.migration(old, new, of=len(now.frame))).suppressed(k)
    results = {
        "persona_sizes": worth.sizes(now, are).suppressed(k),
        "persona_accounts": worth.accounts(now, are, new.index, k=k).suppressed(k),
        "persona_traits": portrait.traits(now, are).suppressed(k),
        "persona_traits_of_known": portrait.traits(base, are).suppressed(k),
        "persona_kept": kept.compared(model, found).suppressed(k),
        "persona_alternatives": findings_found.alternatives(found, k),
        "persona_gate": findings_found.gate(found, k),
        "persona_gate_then": findings_found.gate(replace(found, structure=model.structure), k, model),
        "persona_changes": against.changes(before, were, now, are).suppressed(k),
        "persona_migration": replace(moves, table=moves.table[~moves.table["suppressed"]]),
    }
    facts = {name: each.quoted(k) for name, each in results.items()}
    facts["base"] = {"kinds": who.loc[among, "now"].unique()}
    return {name: each.table for name, each in results.items()}, facts


def given_away(who: pd.DataFrame, k: int) -> list[str]:
    tables, facts = published(who, k)
    world = World(who["before"], who["now"], (), (NONE,), (LEFT,))
    attack.moved(world, tables, facts)
    attack.kept(world, tables, facts)
    found = [f"moved: {each}" for each in world.found(k)]

    world = World(who["before"], who["bought_before"].astype(int).astype(str))
    attack.bought_before(world, tables)
    found += [f"then: {each}" for each in world.found(k)]

    today = who[who["now"] != LEFT]
    placed = today["now"].where(~today["now"].isin([FITS_NONE, LITTLE]))
    world = World(placed, today["bought"].astype(int).astype(str))
    attack.bought(world, tables, facts)
    return found + [f"bought: {each}" for each in world.found(k)]


# Rows: p1, p2, p3, fits none, not known; columns: p1, p2, p3, fits none, known too little, no row.
SHOPS: dict[str, Moves] = {
    "nobody is new": [[50, 20, 0, 0, 0, 0], [15, 60, 0, 12, 0, 0], [0, 0, 90, 0, 20, 0], [0] * 6, [0] * 6],
    "three are new": [[50, 20, 0, 0, 0, 0], [15, 60, 0, 12, 0, 0], [0, 0, 90, 0, 20, 0], [0] * 6,
                      [3, 0, 0, 0, 30, 0]],
    "three are new in one, many in others": [[50, 20, 0, 0, 0, 0], [15, 60, 0, 12, 0, 0],
                      [0, 0, 90, 0, 20, 0], [0] * 6, [3, 40, 50, 0, 30, 0]],
    "four changed": [[50, 2, 0, 0, 0, 0], [2, 60, 0, 12, 0, 0], [0, 0, 90, 0, 20, 0], [0] * 6,
                     [30, 0, 0, 0, 0, 0]],
    "four stayed": [[4, 60, 0, 0, 0, 0], [50, 0, 20, 12, 0, 0], [30, 20, 0, 0, 20, 0], [0] * 6,
                    [30, 0, 0, 0, 0, 0]],
    "a persona of five now": [[50, 20, 5, 0, 0, 0], [15, 60, 0, 12, 0, 0], [40, 30, 0, 0, 20, 0], [0] * 6,
                              [30, 40, 0, 0, 0, 0]],
    "a persona of five before": [[50, 20, 15, 0, 0, 0], [15, 60, 0, 12, 0, 0], [2, 3, 0, 0, 0, 0], [0] * 6,
                                 [30, 40, 0, 0, 0, 0]],
    "few fit none": [[50, 20, 15, 4, 0, 0], [15, 60, 0, 0, 0, 0], [20, 30, 0, 0, 30, 0],
                     [2, 1, 0, 0, 0, 0], [30, 40, 0, 0, 0, 0]],
    "all stayed but three": [[50, 3, 0, 0, 0, 0], [0, 60, 0, 0, 0, 0], [0, 0, 30, 0, 0, 0], [0] * 6, [0] * 6],
}  # fmt: skip


@pytest.mark.parametrize("few", [(3, 3), (0, 4), (40, 15)])
@pytest.mark.parametrize("moves", SHOPS.values(), ids=SHOPS)
def test_moves_made_to_give_somebody_away_do_not(moves: Moves, few: tuple[int, int]) -> None:
    assert not given_away(people(moves, few, 1), 10)


@pytest.mark.parametrize(
    ("moves", "k"),
    [
        # what few of two rows leave follows from both columns and from all who changed
        ([[3, 60, 20, 10, 5, 61], [59, 2, 57, 66, 5, 16], [0] * 6, [28, 11, 0, 10, 62, 17],
          [34, 37, 2, 80, 9, 55]], 5),
        # all who are in no persona follow from those who are: in none, and few
        ([[0] * 6, [0, 0, 8, 0, 0, 0], [31, 30, 0, 0, 0, 0], [0] * 6, [2, 0, 0, 8, 0, 0]], 10),
        # nobody came to the smallest persona from another: it has no row
        ([[0] * 6, [0, 26, 67, 0, 0, 0], [0, 0, 0, 0, 1, 25], [0, 0, 0, 0, 29, 6], [9, 0, 2, 68, 0, 0]], 25),
        # nobody else stayed: how many kept theirs is the number of one hidden cell
        ([[0] * 6, [0, 87, 0, 0, 19, 1], [0, 73, 0, 55, 0, 0], [0, 0, 0, 3, 0, 0], [85, 7, 0, 0, 6, 0]], 25),
        # who was known then and is in no persona now is what all known then leave
        ([[0, 0, 79, 0, 0, 3], [0, 0, 78, 0, 0, 0], [0] * 6, [0] * 6, [0] * 6], 5),
        # the largest persona was not there before: of few in none who bought traits tell beside changes
        ([[0, 0, 7, 7, 1, 0], [43, 0, 9, 4, 7, 4], [0] * 6, [5, 0, 0, 0, 7, 8], [8, 0, 86, 0, 0, 0]], 10),
        # few are in any persona at all
        ([[0, 11, 0, 0, 0, 0], [0, 0, 0, 30, 0, 0], [0] * 6, [0] * 6, [0, 1, 0, 0, 64, 0]], 25),
    ],
)  # fmt: skip
def test_moves_that_once_gave_somebody_away_do_not(moves: Moves, k: int) -> None:
    assert not given_away(people(moves, (0, 0), 1), k)


def test_the_attack_on_moves_finds_what_is_not_hidden() -> None:
    who = people(SHOPS["four changed"], (3, 3), 1)
    tables, facts = published(who, 1)
    world = World(who["before"], who["now"], (), (NONE,), (LEFT,))
    attack.moved(world, tables, facts)
    assert {"p1 & p2: 2", "(none) & p1: 30"} & {*world.found(10)} == {"p1 & p2: 2"}
    world = World(who["before"], who["bought_before"].astype(int).astype(str))
    attack.bought_before(world, tables)
    assert "p1 & 1: 3" in world.found(10) or "p1 & 0: 3" in world.found(10)


@pytest.mark.parametrize(
    ("shop", "shown", "hidden"),
    [
        ("nobody is new", "Of **235** customers with a persona on", None),
        ("three are new", "How many kept their persona since", "more have one now"),
        (
            "few fit none",
            "How many fit none of them, or are known too little to say, is not shown",
            "known well",
        ),
    ],
)
def test_sentences_say_no_number_that_the_tables_hide(shop: str, shown: str, hidden: str | None) -> None:
    i18n.speak("en")
    who = people(SHOPS[shop], (0, 0), 1)
    now, old, new = table(who.loc[who["now"] != LEFT, "bought"]), labels(who["before"]), labels(who["now"])
    found, model = placed(now, old, new)
    moves = findings_found.moves(apply.migration(old, new, of=len(now.frame))).suppressed(10)
    drift = Result("persona_drift", pd.DataFrame({"feature": ["a"], "moved": ["no"]}))
    said = " ".join(
        [
            findings_found.moved(moves, drift, {}, now, 10),
            findings_found.recalled(found, model, 10),
            findings_found.verdict(found, 10),
        ]
    )
    assert shown in said
    assert hidden is None or hidden not in said


@pytest.mark.slow
@given(
    st.lists(
        st.lists(st.one_of(st.just(0), st.integers(0, 12), st.integers(10, 60)), min_size=6, max_size=6),
        min_size=5,
        max_size=5,
    ).filter(lambda moves: sum(map(sum, moves[:3])) > 0 and sum(sum(line[:3]) for line in moves) > 0),
    st.tuples(*[st.integers(0, 40)] * 2),
    st.integers(0, 99),
)
@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
def test_no_moves_give_a_group_of_few_away(moves: Moves, few: tuple[int, int], seed: int) -> None:
    assert not given_away(people(moves, few, seed), 10)
