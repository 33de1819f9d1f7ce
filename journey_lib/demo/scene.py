"""Where the simulation takes place: the world, its numbered kinds of event and its calendar as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from journey_lib.demo.kinds import Kinds, event_kinds
from journey_lib.demo.seasons import Calendar, calendar
from journey_lib.demo.world import World


@dataclass(frozen=True)
class Scene:
    """A world, the kinds of event in it, and the days on which they happen."""

    world: World
    kinds: Kinds
    year: Calendar

    def channel(self, code: str) -> int:
        """The number of a channel."""
        return [channel.code for channel in self.world.channels].index(code)


def scene(world: World, start: date, months: int) -> Scene:
    """The scene of `months` months from `start` in `world`."""
    return Scene(world, event_kinds(world), calendar(world, start, months))
