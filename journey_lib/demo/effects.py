"""What contacts do: their force fades with the days, adds up, levels off, and some pairs help each other.

This is the only place where a channel causes anything. A need's log odds of an order are what its person
brings along (`needs.odds`) plus `lift` of the contacts met before it decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints, spread, stacked
from journey_lib.demo.scene import Scene
from journey_lib.demo.trail import Trail

_LONG_AGO = 1e4  # days; added to times so that none is negative


@dataclass(frozen=True)
class Exposures:
    """Which contacts each need has met before it decides, those that only might have been included.

    `need` and `channel` of each, and the `force` it has left; `contacts` are the rows themselves.
    """

    needs: int
    need: Ints
    channel: Ints
    force: Floats
    contacts: Trail
    happened: Flags


def exposures(scene: Scene, own: Trail, around: Trail, person: Ints, goal: Floats) -> Exposures:
    """Contacts within reach of each need: its `own`, and what its person met `around` it.

    `person` and `goal` have one place per need, the goal being the day it decides; `around` is sorted by
    person and time.
    """
    carry = scene.world.rates.carry
    fresh = np.flatnonzero((own.time < goal[own.need]) & (own.time > goal[own.need] - carry))
    wide = 3 * _LONG_AGO
    met = around.person * wide + around.time + _LONG_AGO
    now = person * wide + goal + _LONG_AGO
    first, last = np.searchsorted(met, now - carry), np.searchsorted(met, now)
    need = spread(last - first)
    at = np.arange(len(need)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    at += first[need]
    contacts = stacked([own.only(fresh), around.only(at)])
    whose = np.r_[own.need[fresh], need]
    channel = contacts.chain[:, 0]
    half = np.array([entry.half_life for entry in scene.world.channels])[channel]
    force = 0.5 ** ((goal[whose] - contacts.time) / half)
    return Exposures(len(goal), whose, channel, force, contacts, contacts.happened)


def stock(scene: Scene, met: Exposures, rows: Flags | Ints) -> Floats:
    """The force that some of the exposures add up to: needs x channels."""
    width = len(scene.world.channels)
    cell = met.need[rows] * width + met.channel[rows]
    flat: Floats = np.bincount(cell, met.force[rows], met.needs * width).astype(np.float64)
    return flat.reshape(met.needs, width)


def lift(scene: Scene, force: Floats) -> Floats:
    """Log odds that a stock of contacts (anything x channels) adds."""
    world = scene.world
    push = np.array([channel.push for channel in world.channels])
    full = np.array([channel.full for channel in world.channels])
    level = 1 - np.exp(-force / full)
    total: Floats = level @ (push * full)
    for one, other, helps in world.synergies:
        total += helps * level[..., scene.channel(one)] * level[..., scene.channel(other)]
    return total


def chance(odds: Floats) -> Floats:
    """The chance behind log odds."""
    likely: Floats = 1 / (1 + np.exp(-odds))
    return likely
