"""Who is worth most, and the audience beside the one that was meant, give no group of few away."""

from __future__ import annotations

import attack
import numpy as np
import pandas as pd
import pytest
from attack import FREE, NEVER, NONE, PAID, TOP, World
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from journey_lib.features import Feature, Features
from journey_lib.personas import profile, rfm

ABOUT = (
    Feature("recency_conversion_days", "Last bought", "days", "recency", "days", "touches"),
    Feature("conversions", "Conversions", "conversions", "frequency", "count", "touches"),
    Feature("value", "Value", "currency", "value", "amount", "touches", behaviour=False),
    Feature("mean_value", "Mean value", "currency", "value", "amount", "touches", behaviour=False),
    Feature("city", "City", "", "demographic", "category", "customers", behaviour=False),
)
CITIES = ("Huế", "Vinh", "Sa Pa", "Đà Lạt", NONE)
MEANT = {"Huế": 0.5, "Vinh": 0.3, "Hội An": 0.1}
Shop = dict[str, list[int]]


def people(shop: Shop) -> pd.DataFrame:
    """A row a customer: what they are worth, and the city they live in; as many as a cell says."""
    rows = [
        (who, city)
        for who, line in shop.items()
        for city, n in zip(CITIES, line, strict=True)
        for _one in range(n)
    ]
    return pd.DataFrame(rows, columns=["who", "city"])


def given_away(shop: Shop, k: int) -> list[str]:
    who = people(shop)
    worth = {TOP: 500_000.0, PAID: 20_000.0, FREE: 0.0, NEVER: 0.0}
    bought = who["who"] != NEVER
    frame = pd.DataFrame(
        {
            "recency_conversion_days": np.where(bought, 1.0 + np.arange(len(who)) % 90, np.nan),
            "conversions": bought.astype(float),
            "value": who["who"].map(worth),
            "mean_value": who["who"].map(worth).where(bought),
            "city": who["city"].where(who["city"] != NONE, None),
        },
        who.index.rename("customer"),
    )
    day = pd.Timestamp("2025-01-01", tz="UTC")
    features = Features(frame, ABOUT, day - pd.Timedelta(days=365), day, "UTC", "VND", "x")
    top = int((who["who"] == TOP).sum())
    meant = profile.Target.model_validate({"audience": "converted", "targets": {"city": MEANT}})
    audience = profile.audience(features, meant)
    paid = int((frame["value"] > 0).sum())
    results = {
        "value_profile": profile.value_profile(features, top=top / paid, shown=audience.suppressed(k)),
        "audience": audience,
        "rfm": rfm.segments(features),
    }
    tables = {name: each.suppressed(k).table for name, each in results.items()}
    facts = {name: each.suppressed(k).quoted(k) for name, each in results.items()}
    world = World(who["who"], who["city"], innocent=(NONE,))
    attack.valued(world, tables, facts, "city", MEANT)
    return world.found(k)


SHOPS: dict[str, Shop] = {
    "four of the top live in Huế": {TOP: [4, 20, 16, 0, 10], PAID: [60, 80, 90, 20, 15], NEVER: [50] * 5},
    "all of the top but four": {TOP: [26, 4, 0, 0, 0], PAID: [60, 80, 90, 20, 15], NEVER: [50] * 5},
    "three bought and brought nothing": {TOP: [20, 20, 16, 0, 10], PAID: [60, 80, 90, 20, 15],
                                         FREE: [3, 0, 0, 0, 0], NEVER: [50] * 5},
    "many did, three of them in Huế": {TOP: [20, 20, 16, 0, 10], PAID: [60, 80, 90, 20, 15],
                                       FREE: [3, 40, 0, 0, 5], NEVER: [50] * 5},
    "all of the top in Vinh but four who brought nothing": {
        TOP: [3, 75, 47, 0, 0], PAID: [48, 0, 6, 55, 0], FREE: [8, 4, 32, 6, 2], NEVER: [0] * 5},
    "two bought in Huế, the audience has all of Sa Pa and Đà Lạt": {
        TOP: [0, 51, 10, 3, 0], PAID: [2, 28, 85, 78, 0], NEVER: [64, 0, 2, 7, 0]},
    "six bought in Huế, all of the top": {TOP: [6, 78, 15, 0, 0], PAID: [0, 0, 40, 74, 15],
                                          NEVER: [35, 0, 0, 12, 10]},
    "it is known of one where they live": {TOP: [0, 1, 0, 0, 39], PAID: [0, 0, 0, 0, 4], NEVER: [0] * 5},
    "six who bought live elsewhere": {TOP: [20, 20, 0, 0, 10], PAID: [60, 80, 4, 2, 15], NEVER: [50] * 5},
    "of four it is not known": {TOP: [20, 20, 16, 0, 2], PAID: [60, 80, 90, 20, 2], NEVER: [50] * 5},
    "a top of five": {TOP: [1, 2, 0, 2, 0], PAID: [60, 80, 90, 20, 15], NEVER: [50] * 5},
    "nobody but four has not bought": {TOP: [20, 20, 16, 0, 10], PAID: [60, 80, 90, 20, 15],
                                       NEVER: [2, 0, 2, 0, 0]},
}  # fmt: skip


@pytest.mark.parametrize("shop", SHOPS.values(), ids=SHOPS)
@pytest.mark.parametrize("k", [10, 25])
def test_the_most_valuable_and_the_audience_give_nobody_away(shop: Shop, k: int) -> None:
    assert not given_away(shop, k)


def test_the_attack_finds_what_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = World.found
    monkeypatch.setattr(World, "found", lambda world, _k: kept(world, 10))
    shop = SHOPS["many did, three of them in Huế"]
    assert f"{FREE} & Huế: 3" in given_away(shop, 1)


CELL = st.one_of(st.just(0), st.integers(0, 12), st.integers(10, 90))


@pytest.mark.slow
@given(
    st.fixed_dictionaries(
        dict.fromkeys((TOP, PAID, FREE, NEVER), st.lists(CELL, min_size=5, max_size=5))
    ).filter(lambda shop: sum(shop[TOP]) > 0 and sum(shop[PAID]) > 0)
)
@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
def test_no_shop_gives_a_group_of_few_away(shop: Shop) -> None:
    assert not given_away(shop, 10)
