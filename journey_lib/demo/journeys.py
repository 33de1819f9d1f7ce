"""What happens to one block of people in the shop's year: arrays in, arrays out, no files.

A *need* arises in someone, grows, fades, and pulls touches of different channels as it does. It ends in an
order or in nothing; an order brings new needs. Around the needs lie contacts nobody asked for: advertising
in passing, and mailings to people the shop knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.around import aftercare, ambient, carts, mailed
from journey_lib.demo.arrays import Floats, Stream
from journey_lib.demo.needs import decide, first_needs, joined, next_needs, walk
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.trail import Orders, Trail, all_orders, together


@dataclass(frozen=True)
class Block:
    """All that happened to one block of people; `known` is when the shop got to know each of them."""

    events: Trail
    orders: Orders
    known: Floats

    def first(self, people: int) -> Block:
        """What happened to the first `people` of the block; rows are sorted by person, so they come first."""
        events = slice(0, int(np.searchsorted(self.events.person, people)))
        orders = slice(0, int(np.searchsorted(self.orders.person, people)))
        return Block(self.events.only(events), self.orders.only(orders), self.known[:people])


def simulate(scene: Scene, people: People, stream: Stream) -> Block:
    """Let one block of people live through the calendar."""
    known = people.joined
    needs = first_needs(scene, people, stream("needs"))
    trails: list[Trail] = []
    sales: list[Orders] = []
    signed: list[Trail] = []
    for generation in range(scene.world.rates.generations):
        trail = walk(scene, people, known, needs, stream(f"walk {generation}"))
        trail, orders = decide(scene, people, known, needs, trail, stream(f"decide {generation}"))
        known, signups = joined(scene, known, trail, orders, stream(f"join {generation}"))
        trails.append(trail)
        sales.append(orders)
        signed.append(signups)
        needs = next_needs(scene, people, orders, stream(f"again {generation}"))
    trail, orders = together(trails), all_orders(sales)
    events = together(
        [
            trail,
            *signed,
            carts(scene, trail, orders, stream("carts")),
            ambient(scene, people, stream("ambient")),
            mailed(scene, people, known, stream("mailings")),
            aftercare(scene, people, known, orders, stream("aftercare")),
        ]
    )
    events = events.only((events.time >= 0) & (events.time < scene.year.days))
    orders = orders.only((orders.time >= 0) & (orders.time < scene.year.days))
    return Block(
        events.only(np.lexsort((events.kind, events.time, events.person))),
        orders.only(np.lexsort((orders.value, orders.time, orders.person))),
        known,
    )
