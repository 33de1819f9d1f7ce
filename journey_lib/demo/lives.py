"""Blocks of people and all that befell them, simulated one after another or several at once."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice

from journey_lib.demo import fragments, people, prospects, truth, write
from journey_lib.demo.arrays import stream
from journey_lib.demo.journeys import Block, simulate
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene


@dataclass(frozen=True)
class Lives:
    """One block: its people, what happened to them, what is ahead of them, what systems saw of them."""

    crowd: People
    block: Block
    future: prospects.Prospects
    seen: fragments.Fragments


def lives(scene: Scene, customers: int, seed: int, processes: int) -> Iterator[Lives]:
    """Give block after block, in order, whatever the number of `processes`: a block depends on no other."""
    ahead = prospects.coming(scene)
    blocks = [
        (scene, ahead, seed, index, min(write.BLOCK, customers - first))
        for index, first in enumerate(range(0, customers, write.BLOCK))
    ]
    if min(processes, len(blocks)) < 2:
        yield from (_lived(*block) for block in blocks)
        return
    # a fresh interpreter each: a forked one would inherit the locks of threads that it does not have
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        coming = (pool.submit(_lived, *block) for block in blocks)
        waiting = deque(islice(coming, processes + 1))  # no more are held in memory
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(islice(coming, 1))


def _lived(scene: Scene, ahead: Scene, seed: int, index: int, size: int) -> Lives:
    chance = stream(seed, index)
    crowd = people.draw(scene.world, chance, write.BLOCK, scene.year.start.year)
    whole = simulate(scene, crowd, chance, asked=index < truth.ANSWERED)
    future = prospects.future(scene, crowd, whole, chance, ahead=ahead)
    block = whole.first(size)
    seen = fragments.of_events(scene, crowd, block.events, block.known, index, seed, chance)
    return Lives(crowd, block, future, seen)
