"""Channel credit of a persona's few: a share of conversions tells how many came by a channel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from attack import World

import journey_lib as jl
from journey_lib.personas import ways

CHANNELS = ("email", "search", "store", "zalo")
Shop = dict[str, list[int]]


def bought(shop: Shop) -> tuple[jl.touches.Touches, pd.Series, pd.DataFrame]:
    """A customer a journey of one touch and a purchase: of each persona as many by each channel as said."""
    who = pd.DataFrame(
        [
            (persona, channel)
            for persona, counts in shop.items()
            for channel, n in zip(CHANNELS, counts, strict=True)
            for _one in range(n)
        ],
        columns=["persona", "channel"],
    )
    codes = [f"c{at:04}" for at in who.index]
    log = jl.touches.from_frame(
        who.assign(customer=codes, time=pd.Timestamp("2024-06-01", tz="UTC"), conversion=True),
        customer_id="customer",
        timestamp="time",
        channel="channel",
        conversion="conversion",
    )
    return log, who["persona"], who


def given_away(shop: Shop, model: str, k: int) -> list[str]:
    log, members, who = bought(shop)
    credit = ways.credit(log, members, model, lookback="30d").suppressed(k).table
    world = World(who["persona"], who["channel"])
    for persona in shop:  # how many conversions a persona has is told beside
        world.see(sum(shop[persona]), world.of(persona))
    for row in credit.to_dict("records"):
        cells = world.of(row["persona"], row["channel"])
        for name in ("customers", "journeys", "conversions"):
            world.see(row[name], cells)
        world.share(row["share"], cells, world.of(row["persona"]))
    return world.found(k)


SHOPS: dict[str, Shop] = {
    "four came by one channel": {"p1": [40, 30, 4, 12], "p2": [60, 20, 15, 30]},
    "all but four came by one": {"p1": [60, 4, 0, 0], "p2": [60, 20, 15, 30]},
    "few by two, few together": {"p1": [40, 30, 3, 2], "p2": [60, 20, 15, 30]},
    "all by one": {"p1": [40, 0, 0, 0], "p2": [60, 20, 15, 30]},
}


@pytest.mark.parametrize("shop", SHOPS.values(), ids=SHOPS)
@pytest.mark.parametrize("model", ["last", "linear"])
def test_credit_made_to_give_somebody_away_does_not(shop: Shop, model: str) -> None:
    assert not given_away(shop, model, 10)


@pytest.mark.parametrize("seed", range(12))
def test_no_shop_gives_away_by_which_channel_few_came(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = np.where(rng.random((3, 4)) < 0.5, rng.integers(0, 12, (3, 4)), rng.integers(10, 60, (3, 4)))
    shop = {f"p{at + 1}": [int(n) for n in line] for at, line in enumerate(sizes)}
    assert not given_away(shop, "first", 10)


def test_the_attack_on_credit_finds_what_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    found = World.found
    monkeypatch.setattr(World, "found", lambda world, _k: found(world, 10))
    assert "p1 & store: 4" in given_away(SHOPS["four came by one channel"], "last", 1)
