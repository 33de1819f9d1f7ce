"""What happens to one block of people in the shop's year: arrays in, arrays out, no files.

A *need* arises in someone, grows, fades, and pulls touches of different channels as it does. It ends in an
order or in nothing; an order brings new needs. Around the needs lie contacts nobody asked for: advertising
in passing, and mailings to people the shop knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from journey_lib.demo import whatif
from journey_lib.demo.around import aftercare, ambient, carts, checkouts, mailed
from journey_lib.demo.arrays import Flags, Floats, Ints, Stream, stacked
from journey_lib.demo.decide import Decisions, decide, idle
from journey_lib.demo.faults import Fault
from journey_lib.demo.needs import Needs, first_needs, joined, next_needs
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.service import Deliveries, deliveries
from journey_lib.demo.trail import Orders, Trail
from journey_lib.demo.trials import barred
from journey_lib.demo.walk import settled, walk


@dataclass(frozen=True)
class Known:
    """What only the truth knows of a block's needs, a place per need.

    `odds` log odds of an order without any contact, `chance` with all of them and the faults, `order` the
    row of the order it ended in (-1: none), `generation` 0 for needs that arose by themselves.
    """

    needs: Needs
    odds: Floats
    chance: Floats
    bought: Flags
    generation: Ints


@dataclass(frozen=True)
class Answers:
    """Expected orders, and what they are worth (VND), per person and scenario of `whatif.scenarios`."""

    orders: Floats
    value: Floats


@dataclass(frozen=True)
class Block:
    """All that happened to one block of people.

    `unseen` are the contacts that nobody recorded: they did their work all the same. `known` is when the shop
    got to know each of them, `referred` who told each of them of it (-1: nobody);
    `deliveries` go with the orders row by row. `answers` is None if no scenario was asked about.
    """

    events: Trail
    unseen: Trail
    orders: Orders
    deliveries: Deliveries
    known: Floats
    referred: Ints
    truth: Known
    answers: Answers | None

    def first(self, people: int) -> Block:
        """What happened to the first `people` of the block; rows are sorted by person, so they come first."""
        events, unseen = (
            slice(0, int(np.searchsorted(trail.person, people))) for trail in (self.events, self.unseen)
        )
        orders = slice(0, int(np.searchsorted(self.orders.person, people)))
        answers = self.answers and Answers(self.answers.orders[:people], self.answers.value[:people])
        return replace(
            self,
            events=self.events.only(events),
            unseen=self.unseen.only(unseen),
            orders=self.orders.only(orders),
            deliveries=self.deliveries.only(orders),
            known=self.known[:people],
            referred=self.referred[:people],
            answers=answers,
        )


@dataclass(frozen=True)
class Generation:
    """One generation of needs and all that came of them."""

    needs: Needs
    decisions: Decisions
    trail: Trail
    orders: Orders
    deliveries: Deliveries
    weights: Floats


def simulate(scene: Scene, people: People, stream: Stream, *, asked: bool = False) -> Block:
    """Let one block of people live through the calendar; `asked` says whether scenarios are wanted."""
    known = people.joined
    passing = barred(scene, people, ambient(scene, people, stream("ambient")), stream)
    letters = barred(scene, people, mailed(scene, people, stream("mailings")), stream)
    waiting = np.flatnonzero(people.waiting)
    referred = np.full(len(known), -1)
    needs = first_needs(scene, people, known, stream("needs"))
    lives: list[Generation] = []
    signed: list[Trail] = []
    for number in range(scene.world.rates.generations):
        around = stacked([passing, letters.only(letters.time > known[letters.person])])
        around = around.only(np.lexsort((around.time, around.person)))
        life = _live(scene, people, needs, around, lives, stream, number, asked)
        lives.append(life)
        known, signups = joined(scene, known, needs, life.orders, stream(f"join {number}"))
        signed.append(signups)
        queue = waiting
        needs, waiting = next_needs(
            scene,
            people,
            known,
            life.orders,
            life.deliveries.satisfaction,
            queue,
            stream(f"again {number}"),
        )
        new = np.isin(needs.person, queue)
        referred[needs.person[new]] = life.orders.person[needs.order[new]]
    letters = letters.only(letters.time > known[letters.person])
    return _block(scene, people, lives, [*signed, passing, letters], known, referred, stream)


def _live(
    scene: Scene,
    people: People,
    needs: Needs,
    around: Trail,
    before: list[Generation],
    stream: Stream,
    number: int,
    asked: bool,
) -> Generation:
    """Walk and decide one generation of needs; `before` are the generations it follows."""
    trail = barred(scene, people, walk(scene, people, needs, stream(f"walk {number}")), stream)
    needs = settled(needs, trail)
    decisions = decide(scene, people, needs, trail, around, stream(f"decide {number}"), asked)
    orders = decisions.orders(needs, sum(len(life.needs.person) for life in before))
    fate = deliveries(scene, people, orders, stream(f"deliver {number}"))
    weights = _inherited(scene, people, needs, before, stream) if before else np.ones_like(decisions.answers)
    trail = idle(scene, decisions, trail.only(trail.happened), stream(f"idle {number}"))
    return Generation(needs, decisions, trail, orders, fate, weights)


def _asked(decisions: Decisions) -> bool:
    """Whether scenarios were wanted."""
    return decisions.answers.shape[1] > 0


def _inherited(
    scene: Scene, people: People, needs: Needs, before: list[Generation], stream: Stream
) -> Floats:
    """How much each need counts in every scenario: as much as the order that it follows."""
    parent = before[-1]
    decisions, bought = parent.decisions, np.flatnonzero(parent.decisions.bought)
    if not _asked(decisions):
        return np.zeros((len(needs.person), 0))
    unharmed = replace(scene, world=replace(scene.world, faults=_harmless(scene)))
    fixed = deliveries(unharmed, people, parent.orders, stream(f"deliver {len(before) - 1}"))
    likelier = whatif.follow_weights(
        scene, decisions.answers[bought], parent.deliveries.satisfaction, fixed.satisfaction
    )
    inherited: Floats = (parent.weights[bought] * likelier)[needs.order]
    return inherited


def _harmless(scene: Scene) -> tuple[Fault, ...]:
    """The faults in their places, those of deliveries without any effect."""
    return tuple(
        replace(fault, hit=0.0) if fault.kind == "delivery" else fault for fault in scene.world.faults
    )


def _block(
    scene: Scene,
    people: People,
    lives: list[Generation],
    trails: list[Trail],
    known: Floats,
    referred: Ints,
    stream: Stream,
) -> Block:
    """Everything of all generations in order of person and time, within the calendar."""
    offsets = np.cumsum([0, *(len(life.needs.person) for life in lives)])
    own = stacked(
        [
            replace(life.trail, need=life.trail.need + offset)
            for life, offset in zip(lives, offsets[:-1], strict=True)
        ]
    )
    orders = stacked([life.orders for life in lives])
    fates = stacked([life.deliveries for life in lives])
    failed = [np.flatnonzero(life.decisions.failed) for life in lives]
    broke = np.concatenate([life.needs.person[rows] for life, rows in zip(lives, failed, strict=True)])
    when = np.concatenate([life.decisions.time[rows] for life, rows in zip(lives, failed, strict=True)])
    events = stacked(
        [
            own,
            *trails,
            carts(scene, own, orders, stream("carts")),
            checkouts(scene, orders, broke, when, stream("checkouts")),
            aftercare(scene, people, known, orders, stream("aftercare")),
        ]
    )
    events = events.only((events.time >= 0) & (events.time < scene.year.days) & events.happened)
    events = events.only(np.lexsort((events.kind, events.time, events.person)))
    share = np.array([*(channel.seen for channel in scene.world.channels), 1.0])
    seen = stream("seen").random(len(events.person)) < share[scene.kinds.channel[events.kind]]
    inside = np.flatnonzero((orders.time >= 0) & (orders.time < scene.year.days))
    inside = inside[np.lexsort((orders.value[inside], orders.time[inside], orders.person[inside]))]
    truth = Known(
        needs=stacked([life.needs for life in lives]),
        odds=np.concatenate([life.decisions.odds for life in lives]),
        chance=np.concatenate([life.decisions.chance for life in lives]),
        bought=np.concatenate([life.decisions.bought for life in lives]),
        generation=np.repeat(np.arange(len(lives)), np.diff(offsets)),
    )
    return Block(
        events=events.only(seen),
        unseen=events.only(~seen),
        orders=orders.only(inside),
        deliveries=fates.only(inside),
        known=known,
        referred=referred,
        truth=truth,
        answers=_answers(scene, len(people.city), lives),
    )


def _answers(scene: Scene, people: int, lives: list[Generation]) -> Answers | None:
    """Expected orders and value of the year, by person and scenario."""
    if not _asked(lives[0].decisions):
        return None
    width = len(whatif.scenarios(scene))
    found = Answers(np.zeros((people, width)), np.zeros((people, width)))
    for life in lives:
        decisions = life.decisions
        inside = (decisions.time >= 0) & (decisions.time < scene.year.days)
        expected = (life.weights * decisions.answers)[inside]
        whose = life.needs.person[inside]
        np.add.at(found.orders, whose, expected)
        np.add.at(found.value, whose, expected * decisions.value[inside, None])
    return found
