"""The contacts a need pulls: by its own interest, by what advertising brings later, and by retargeting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints, spread, stacked
from journey_lib.demo.needs import STRONGEST, Needs, intent
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.trail import (
    APPEAL,
    ASK,
    AWARE,
    MINUTE,
    Trail,
    at_weekends,
    contact,
    extra,
    online,
    opening_hours,
    reachable,
)


def walk(scene: Scene, people: People, needs: Needs, rng: np.random.Generator) -> Trail:
    """The contacts each need pulls, those that only more money would bring included, by need and time."""
    need = spread(needs.touches)
    person = needs.person[need]
    since = rng.beta(1.25, 1.15, len(need)) * needs.length[need]
    time = needs.start[need] + since
    time = np.where(since > 0.5, np.floor(time) + online(scene, people, person, rng), time)
    time = at_weekends(scene, time, needs.start[need] + needs.length[need], rng)
    time = time[np.lexsort((time, need))]
    channel = _channels(scene, people, needs, need, time, rng)
    time = opening_hours(scene, channel, time, rng)
    rows, share = extra(scene, channel, rng)
    kind = contact(scene, people, person[rows], channel[rows], rng)
    trail = _of_need(scene, needs, need[rows], time[rows], kind, share)
    trail = stacked([trail, _brought(scene, people, needs, trail, rng)])
    trail = stacked([trail, _retargeted(scene, people, needs, trail, rng)])
    return trail.only(np.lexsort((trail.kind, trail.time, trail.need)))


def settled(needs: Needs, trail: Trail) -> Needs:
    """The needs with their goal moved to right after a contact of theirs, the last before it.

    Contacts that a trial kept away or that only more money would bring are looked at alike, so that a need
    decides at the same moment in every scenario.
    """
    own = np.flatnonzero((trail.chain[:, 1] < 0) & (trail.share[:, 0] < 1))
    before = own[trail.time[own] <= needs.goal[trail.need[own]]]
    goal = needs.goal.copy()
    goal[trail.need[before]] = trail.time[before] + MINUTE  # in order of time: the last one stays
    return replace(needs, goal=goal)


def _channels(
    scene: Scene, people: People, needs: Needs, need: Ints, time: Floats, rng: np.random.Generator
) -> Ints:
    """Which channel each contact is of: by the phase of the need, the wish, the person and the budgets."""
    world = scene.world
    at, wish = intent(needs, need, time)
    chase = np.array([channel.chase for channel in world.channels])
    pull = np.array([channel.pull for channel in world.channels])
    reach = reachable(scene, people, needs.known, needs.person)[need]
    early, late = ((1 - at) ** 2)[:, None], (at**2)[:, None]
    appeal = early * pull[:, 0] + (1 - early - late) * pull[:, 1] + late * pull[:, 2]
    # those who chase go where the wish is; without selection, to everybody as to a usual wish
    seen = scene.selected(np.minimum(wish, STRONGEST), 0.5)
    appeal *= np.exp(chase * seen[:, None]) * people.taste[needs.person[need]] * reach
    appeal *= scene.budget[scene.year.place(time)]
    ladder = np.cumsum(appeal, axis=1)
    channel = (ladder < (rng.random(len(need)) * ladder[:, -1])[:, None]).sum(axis=1)
    return _repeated(need, channel, rng.random(len(need)) < world.rates.again)


def _repeated(need: Ints, channel: Ints, again: Flags) -> Ints:
    """Channels in which a touch marked `again` copies the one before it in the same need."""
    if not len(need):
        return channel
    fresh = ~again | np.r_[True, need[1:] != need[:-1]]
    source = np.maximum.accumulate(np.where(fresh, np.arange(len(need)), 0))
    return channel[source]


def _of_need(scene: Scene, needs: Needs, need: Ints, time: Floats, kind: Ints, share: Floats) -> Trail:
    """Contacts of a need, with the stage it is in by then."""
    at, _ = intent(needs, need, time)
    stage = np.where(at < 0.25, AWARE, np.where(at < 0.6, APPEAL, ASK))
    chain = np.full((len(need), 3), -1)
    chain[:, 0] = scene.kinds.channel[kind]
    shares = np.zeros((len(need), 3))
    shares[:, 0] = share
    return Trail(needs.person[need], time, kind, need, stage, chain, shares, np.full(len(need), -1))


def _brought(scene: Scene, people: People, needs: Needs, trail: Trail, rng: np.random.Generator) -> Trail:
    """Visits by organic search or straight to the shop's address that advertising brings days later."""
    leads = np.array([channel.leads for channel in scene.world.channels])[trail.chain[:, 0]]
    row = np.flatnonzero(rng.random(len(leads)) < leads)
    search = rng.random(len(row)) < scene.world.rates.visits_to
    channel = np.where(search, scene.channel("organic_search"), scene.channel("direct"))
    return _after(scene, people, needs, trail, row, channel, rng, np.zeros(len(row)))


def _retargeted(scene: Scene, people: People, needs: Needs, trail: Trail, rng: np.random.Generator) -> Trail:
    """Advertisements that follow visitors of the shop's pages around for the next days."""
    world = scene.world
    code = scene.channel("retargeting")
    _, wish = intent(needs, trail.need, trail.time)
    seen = scene.selected(np.minimum(wish, STRONGEST), 0.5)
    chance = world.rates.retargeted * (1 + seen) * scene.budget[scene.year.place(trail.time), code]
    followed = scene.kinds.site[trail.kind] & (rng.random(len(chance)) < chance)
    first = spread(np.where(followed, 1 + rng.poisson(0.9, len(chance)), 0))
    rows, share = extra(scene, np.full(len(first), code), rng)
    row = first[rows]
    return _after(scene, people, needs, trail, row, np.full(len(row), code), rng, share)


def _after(
    scene: Scene,
    people: People,
    needs: Needs,
    trail: Trail,
    row: Ints,
    channel: Ints,
    rng: np.random.Generator,
    share: Floats,
) -> Trail:
    """Contacts of `channel` that rows of the trail bring within days, hanging on all that brought those."""
    person, need = trail.person[row], trail.need[row]
    time = np.floor(trail.time[row] + rng.exponential(2.0, len(row))) + online(scene, people, person, rng)
    time = np.where(time > trail.time[row], time, trail.time[row] + rng.uniform(0.02, 0.2, len(row)))
    kind = contact(scene, people, person, channel, rng)
    later = _of_need(scene, needs, need, time, kind, share)
    chain = np.column_stack([channel, trail.chain[row, :2]])
    return replace(later, chain=chain, share=np.column_stack([share, trail.share[row, :2]]))
