"""Whoever has every table and fact of the page on personas cannot work out a group of fewer than k people."""

from __future__ import annotations

from typing import Any

import attack
import numpy as np
import pandas as pd
import pytest
from attack import World
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from journey_lib.features import Feature, Features
from journey_lib.model import Result
from journey_lib.personas import against, portrait, rfm, segments, worth

ABOUT = (
    Feature("recency_conversion_days", "Last bought", "days", "recency", "days", "touches"),
    Feature("conversions", "Conversions", "conversions", "frequency", "count", "touches"),
    Feature("value", "Value", "currency", "value", "amount", "touches", behaviour=False),
    Feature("mean_value", "Mean value", "currency", "value", "amount", "touches", behaviour=False),
    Feature("city", "City", "", "demographic", "category", "customers", behaviour=False),
)
RULES = segments.declare(
    {
        "segments": [
            {"segment": "often", "rule": "conversions >= 2"},
            {"segment": "once", "rule": "conversions == 1"},
        ]
    }
)


def shop(groups: list[tuple[int, int, int, int]], cities: list[int], seed: int) -> tuple[Features, pd.Series]:
    """Personas p1, p2, … of customers who never bought, bought once, bought twice; some live nowhere known.

    The last of the groups belongs to no persona.
    """
    rng = np.random.default_rng(seed)
    rows = [
        ("" if at == len(groups) - 1 else f"p{at + 1}", times)
        for at, (never, once, twice, _) in enumerate(groups)
        for times, n in enumerate((never, once, twice))
        for _who in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["persona", "conversions"])
    n, bought = len(frame), frame["conversions"].to_numpy()
    frame["recency_conversion_days"] = np.where(bought > 0, rng.integers(0, 300, n) + 0.25, np.nan)
    frame["value"] = bought * rng.integers(1, 9, n) * 10_000.0
    frame["mean_value"] = frame["value"] / frame["conversions"].where(bought > 0)
    weights = np.array(cities, float) + 1e-9
    frame["city"] = rng.choice(["Huế", "Vinh", "Sa Pa", None], n, p=weights / weights.sum())
    day = pd.Timestamp("2025-01-01", tz="UTC")
    members = frame.pop("persona").replace("", np.nan).astype("str").where(lambda x: x != "nan").dropna()
    frame.index.name = "customer"
    return Features(frame, ABOUT, day - pd.Timedelta(days=365), day, "UTC", "VND", "x"), members


def published(results: dict[str, Result], k: int) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Tables and facts as the page and its record have them: of pairs the hidden are left out altogether."""
    tables = {}
    for name, result in results.items():
        table = result.suppressed(k).table
        pairs = name.startswith(("overlap", "persona_migration"))
        tables[name] = table[~table["suppressed"]] if pairs else table
    return tables, {name: result.quoted(k) for name, result in results.items()}


def given_away(features: Features, members: pd.Series, k: int) -> list[str]:
    frame, ruled = features.frame, segments.assign(features, RULES)
    traits = portrait.traits(features, members)
    results = {
        "persona_sizes": worth.sizes(features, members),
        "persona_accounts": worth.accounts(features, members, k=k),
        "persona_traits": traits,
        "persona_strengths": against.strengths(traits),
        "persona_demographics": portrait.demographics(features, members),
        "segments": segments.segments(features, RULES),
        "overlap_rules": segments.overlap(members, ruled, of=len(frame)),
    }
    scored = None
    if (frame["conversions"] > 0).any():
        results["rfm"], scored = rfm.segments(features), rfm.assign(features)
        if len(members.index.intersection(scored.index)):
            results["overlap_rfm"] = segments.overlap(members, scored, of=len(frame))
    tables, facts = published(results, k)
    persona = members.reindex(frame.index)
    found = []

    world = World(persona, frame["conversions"].clip(upper=2).astype(int).astype(str))
    attack.bought(world, tables, facts)
    found += [f"bought: {each}" for each in world.found(k)]

    world = World(persona, frame["city"], innocent=(attack.NONE,))
    attack.classes(world, tables, facts, "city")
    found += [f"city: {each}" for each in world.found(k)]

    world = World(persona, ruled)
    attack.laid_over(world, tables, facts, "overlap_rules", "segments")
    found += [f"rules: {each}" for each in world.found(k)]

    if "overlap_rfm" in tables and scored is not None:
        world = World(persona, scored.reindex(frame.index))
        attack.laid_over(world, tables, facts, "overlap_rfm", "rfm")
        found += [f"rfm: {each}" for each in world.found(k)]
    return found


COMPLEMENTS = {
    "36 of 41 bought": [(5, 20, 16, 0), (60, 30, 20, 0), (80, 20, 15, 0), (0, 0, 0, 0)],
    "36 of 41 bought again": [(40, 5, 36, 0), (60, 30, 20, 0), (80, 20, 15, 0), (30, 20, 20, 0)],
    "all but four are in a persona": [(40, 20, 36, 0), (60, 30, 20, 0), (80, 20, 15, 0), (2, 1, 1, 0)],
    "few bought in one, and all have one": [(40, 2, 1, 0), (60, 30, 20, 0), (80, 20, 15, 0), (0, 0, 0, 0)],
    "a persona of three": [(1, 1, 1, 0), (60, 30, 20, 0), (80, 20, 15, 0), (0, 0, 0, 0)],
    "all but six bought": [(6, 30, 40, 0), (0, 30, 20, 0), (0, 20, 15, 0), (0, 0, 0, 0)],
    "who did not buy is few in two": [(4, 30, 40, 0), (3, 30, 20, 0), (40, 20, 15, 0), (0, 0, 0, 0)],
    "large, with a small rest": [(5, 900, 300, 0), (60, 30, 20, 0), (80, 20, 15, 0), (100, 0, 0, 0)],
    "all bought again, in another persona all but one": [(0, 0, 10, 0), (1, 0, 9, 0), (10, 0, 0, 0)],
    "one persona": [(30, 20, 16, 0), (4, 0, 0, 0)],
}  # fmt: skip


@pytest.mark.parametrize("groups", COMPLEMENTS.values(), ids=COMPLEMENTS)
@pytest.mark.parametrize("k", [10, 25])
def test_a_shop_made_to_give_somebody_away_does_not(groups: list[tuple[int, int, int, int]], k: int) -> None:
    assert not given_away(*shop(groups, [50, 30, 3, 10], 1), k)


@given(st.integers(1, 40), st.integers(0, 400), st.integers(0, 60))
@settings(deadline=None)
def test_no_share_of_people_lets_either_side_be_few(k: int, of: int, part: int) -> None:
    """The law of one row: what is shown, and what it leaves, is nobody or `k`; with k = 1 all is shown."""
    kept = max(of - part, 0)
    row = Result(
        "one",
        pd.DataFrame({"customers": [of], "some": [kept], "share": [kept / of if of else np.nan]}),
        base="customers",
        people=("some",),
        within={"some": ("customers",)},
        tell={"some": ("share",)},
    ).suppressed(k)
    shown = row.table.loc[0]
    safe = all(n == 0 or n >= k for n in (of, kept, of - kept))
    assert pd.notna(shown["some"]) == safe
    assert pd.notna(shown["share"]) == (safe and of > 0)


def test_the_attack_finds_what_is_not_hidden() -> None:
    """The same tables with nothing suppressed: a check that cannot fail would be worth nothing."""
    features, members = shop(COMPLEMENTS["36 of 41 bought"], [50, 30, 3, 10], 1)
    results = {
        "persona_sizes": worth.sizes(features, members),
        "persona_traits": portrait.traits(features, members),
    }
    tables, facts = published(results, 1)
    world = World(
        members.reindex(features.frame.index), features.frame["conversions"].clip(upper=2).astype(str)
    )
    attack.bought(world, tables, facts)
    assert "p1 & 0: 5" in world.found(10)


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(*[st.one_of(st.integers(0, 12), st.integers(10, 60))] * 3, st.just(0)),
        min_size=2,
        max_size=4,
    ).filter(lambda groups: sum(map(sum, groups[:-1])) > 0 and all(sum(each) for each in groups[:-1])),
    st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cities: sum(cities[:3]) > 0),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
def test_no_shop_gives_a_group_of_few_away(
    groups: list[tuple[int, int, int, int]], cities: tuple[int, ...], seed: int
) -> None:
    assert not given_away(*shop(groups, list(cities), seed), 10)
