"""The shop's own experiments: who is kept from a channel, for how long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from journey_lib.demo.arrays import Flags, Stream
from journey_lib.demo.names import CITIES
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.trail import Trail
from journey_lib.demo.whatif import in_weeks


def control(scene: Scene, people: People, trial: int, stream: Stream) -> Flags:
    """Who of a block is in the control group of a trial: people by chance, or all of a province by chance."""
    entry = scene.world.trials[trial]
    if entry.unit == "panel":
        return np.zeros(len(people.city), dtype=bool)  # its people are others
    if entry.unit == "provinces":
        return np.isin(people.city, control_provinces(scene, trial))
    flags: Flags = stream(f"trial {entry.code}").random(len(people.city)) < entry.share
    return flags


def control_provinces(scene: Scene, trial: int) -> list[int]:
    """Provinces kept from the channel: the same in every world and for every seed, as a plan would say.

    Of the list of cities from the largest on, every so many.
    """
    step = round(1 / scene.world.trials[trial].share)
    return list(range(step // 2, len(CITIES), step))


def barred(scene: Scene, people: People, trail: Trail, stream: Stream) -> Trail:
    """The trail with contacts marked that a control group was kept from, what they bring included."""
    kept = trail.barred.copy()
    for trial, entry in enumerate(scene.world.trials):
        its = (trail.chain == scene.channel(entry.channel)).any(axis=1)
        kept[
            its & in_weeks(scene, trial, trail.time) & control(scene, people, trial, stream)[trail.person]
        ] = trial
    return replace(trail, barred=kept)
