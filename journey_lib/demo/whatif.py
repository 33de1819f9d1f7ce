"""What would have been: the same lives with a channel off, with more or less money, without a fault.

Every scenario is lived by the same people with the same chance. Needs that follow an order only exist if the
order does: in a scenario they count by how much likelier or less likely that order is there (importance
weights), so that one simulation answers for all scenarios, without bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints
from journey_lib.demo.effects import Exposures, chance, lift, stock
from journey_lib.demo.scene import Scene
from journey_lib.demo.trail import MORE

LESS = 2 - MORE

Kind = Literal["as_it_was", "no_contacts", "off", "less", "more", "pair_off", "fixed", "given", "withheld"]


@dataclass(frozen=True)
class Scenario:
    """One thing changed: of `kind`, at the channel, fault or trial `first`, for pairs also at `second`."""

    kind: Kind
    first: int = -1
    second: int = -1


def scenarios(scene: Scene) -> tuple[Scenario, ...]:
    """All scenarios of a world; the first is the year as it was."""
    channels = range(len(scene.world.channels))
    paid = np.flatnonzero(scene.paid).tolist()
    return (
        Scenario("as_it_was"),
        Scenario("no_contacts"),
        *(Scenario("off", channel) for channel in channels),
        *(Scenario("less", channel) for channel in paid),
        *(Scenario("more", channel) for channel in paid),
        *(Scenario("pair_off", one, other) for one, other in combinations(channels, 2)),
        *(Scenario("fixed", fault) for fault in range(len(scene.world.faults))),
        *(Scenario("given", trial) for trial in range(len(scene.world.trials))),
        *(Scenario("withheld", trial) for trial in range(len(scene.world.trials))),
    )


def chances(scene: Scene, met: Exposures, odds: Floats, survival: Floats, time: Floats) -> Floats:
    """Chance of an order for each need (rows) in every scenario (columns).

    Parameters
    ----------
    met : contacts of every need.
    odds : log odds of every need without any contact.
    survival : chance that the wish to buy survives each fault (needs x faults).
    time : when each need would order: trials only count orders in their weeks.
    """
    asked = scenarios(scene)
    force = stock(scene, met, met.happened)
    survives = survival.prod(axis=1)
    usual = chance(odds + lift(scene, force)) * survives
    answers = np.repeat(usual[:, None], len(asked), axis=1)
    gone: dict[int, Floats] = {}
    for column, scenario in enumerate(asked):
        if scenario.kind == "no_contacts":
            answers[:, column] = chance(odds) * survives
        elif scenario.kind == "fixed":
            answers[:, column] = usual / survival[:, scenario.first]
        elif scenario.kind not in ("as_it_was", "pair_off"):
            rows, sign = _moved(scene, met, scenario)
            change = sign * stock(scene, met, rows)
            if scenario.kind == "off":
                gone[scenario.first] = -change
            where = np.flatnonzero(change.any(axis=1))
            _answer(scene, answers, column, force[where] + change[where], odds, survives, where)
        if scenario.kind in ("given", "withheld"):
            answers[~in_weeks(scene, scenario.first, time), column] = 0.0
    _pairs(scene, met, answers, force, odds, survives, gone)
    return answers


def _pairs(
    scene: Scene,
    met: Exposures,
    answers: Floats,
    force: Floats,
    odds: Floats,
    survives: Floats,
    gone: Mapping[int, Floats],
) -> None:
    """Fill the columns of pairs: as with one of them off, but where a need loses contacts to both."""
    column = {scenario: number for number, scenario in enumerate(scenarios(scene))}
    touched = {channel: change.any(axis=1) for channel, change in gone.items()}
    chained = np.flatnonzero((met.contacts.chain[:, 1] >= 0) & met.happened)
    chain = met.contacts.chain[chained]
    has = {channel: (chain == channel).any(axis=1) for channel in gone}
    for one, other in combinations(gone, 2):
        into = column[Scenario("pair_off", one, other)]
        for channel in (one, other):
            answers[touched[channel], into] = answers[touched[channel], column[Scenario("off", channel)]]
        where = np.flatnonzero(touched[one] & touched[other])
        left = force[where] - gone[one][where] - gone[other][where]
        # contacts that hang on both would else be taken away twice
        twice = chained[has[one] & has[other]]
        if len(twice):
            left += stock(scene, met, twice)[where]
        _answer(scene, answers, into, left, odds, survives, where)


def _answer(
    scene: Scene,
    answers: Floats,
    column: int,
    force: Floats,
    odds: Floats,
    survives: Floats,
    where: Ints,
) -> None:
    """Fill a column for the needs that a scenario touches, with the stock that `force` leaves them."""
    # differences of sums can leave a stock a hair below nothing
    left = np.maximum(force, 0.0)
    answers[where, column] = chance(odds[where] + lift(scene, left)) * survives[where]


def _moved(scene: Scene, met: Exposures, scenario: Scenario) -> tuple[Ints, int]:
    """Exposures that a scenario takes away (-1) or adds (+1)."""
    contacts, here = met.contacts, scenario.first
    if scenario.kind in ("given", "withheld"):
        trial = scene.world.trials[scenario.first]
        if scenario.kind == "given":
            rows = (contacts.barred == here) & (contacts.share < 1).all(axis=1)
            return np.flatnonzero(rows), 1
        its = (contacts.chain == scene.channel(trial.channel)).any(axis=1)
        return np.flatnonzero(met.happened & its & in_weeks(scene, here, contacts.time)), -1
    its = contacts.chain == here
    if scenario.kind == "more":
        enough = np.where(its, contacts.share < MORE, contacts.share < 1).all(axis=1)
        return np.flatnonzero(enough & (contacts.barred < 0) & ~met.happened), 1
    least = LESS if scenario.kind == "less" else 0.0
    return np.flatnonzero((its & (contacts.share >= least)).any(axis=1) & met.happened), -1


def in_weeks(scene: Scene, trial: int, time: Floats) -> Flags:
    """Whether times lie in the weeks of a trial."""
    flags: Flags = scene.weeks[trial, scene.year.place(time)]
    return flags


def follow_weights(scene: Scene, answers: Floats, satisfied: Floats, satisfied_fixed: Floats) -> Floats:
    """By how much likelier the orders (rows) and what follows them are in every scenario (columns)."""
    weights = answers / answers[:, :1]
    gain = np.exp(scene.world.rates.follow_satisfied * (satisfied_fixed - satisfied))
    for column, scenario in enumerate(scenarios(scene)):
        if scenario.kind == "fixed" and scene.world.faults[scenario.first].kind == "delivery":
            weights[:, column] *= gain
        elif scenario.kind in ("given", "withheld"):
            weights[:, column] = 1.0  # a trial's own weeks are too short for what follows an order
    return weights
