"""What the shop's own experiments found: orders of those who got a channel and of those who did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from journey_lib.demo import whatif
from journey_lib.demo.arrays import Flags, Floats, Ints, Stream
from journey_lib.demo.journeys import Block
from journey_lib.demo.names import CITIES
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene
from journey_lib.demo.seasons import LEAD
from journey_lib.demo.trials import control, control_provinces
from journey_lib.demo.whatif import Scenario, in_weeks

COLUMNS = (
    "experiment",
    "channel",
    "method",
    "start",
    "end",
    "given",
    "withheld",
    "orders_given",
    "orders_withheld",
    "orders_before_given",
    "orders_before_withheld",
    "lift",
    "standard_error",
)
GROUP_COLUMNS = ("experiment", "customer_id", "group")
METHODS = {
    "members": "random_control",
    "browsers": "random_control",
    "provinces": "geo_control",
    "panel": "platform_study",
}
PANEL = 60  # people of a platform's panel for one of the shop's


@dataclass(frozen=True)
class Arms:
    """Both arms of each trial: people, orders in its weeks and in as many before, what was to be expected.

    Each array has a row per trial; `people`, `orders` and `before` a column for those who got the channel and
    one for those who did not; `expected` one for everybody getting it and one for nobody, of the `answered`
    people, in whom both are known.
    """

    people: Ints
    orders: Ints
    before: Ints
    answered: Ints
    expected: Floats

    def __add__(self, other: Arms) -> Arms:
        return Arms(
            self.people + other.people,
            self.orders + other.orders,
            self.before + other.before,
            self.answered + other.answered,
            self.expected + other.expected,
        )


def nobody(scene: Scene) -> Arms:
    """The arms before anybody is counted."""
    size = (len(scene.world.trials), 2)
    people, orders, before = (np.zeros(size, dtype=np.int64) for _ in range(3))
    return Arms(people, orders, before, np.zeros(size[0], dtype=np.int64), np.zeros(size))


def count(scene: Scene, people: People, block: Block, stream: Stream) -> Arms:
    """Count one block of people."""
    found = nobody(scene)
    columns = {scenario: number for number, scenario in enumerate(whatif.scenarios(scene))}
    for trial in range(len(scene.world.trials)):
        takes_part = eligible(scene, people, block, trial)
        kept_from = control(scene, people, trial, stream)[: len(takes_part)]
        first, last = _days(scene, trial)
        time = block.orders.time
        now = in_weeks(scene, trial, time)
        earlier = (time >= first - (last + 1 - first)) & (time < first)
        for arm, members in enumerate((takes_part & ~kept_from, takes_part & kept_from)):
            found.people[trial, arm] = members.sum()
            found.orders[trial, arm] = (now & members[block.orders.person]).sum()
            found.before[trial, arm] = (earlier & members[block.orders.person]).sum()
        if block.answers is not None:
            found.answered[trial] = takes_part.sum()
            for arm, scenario in enumerate((Scenario("given", trial), Scenario("withheld", trial))):
                found.expected[trial, arm] = block.answers.orders[takes_part, columns[scenario]].sum()
    return found


def eligible(scene: Scene, people: People, block: Block, trial: int) -> Flags:
    """Who of a block takes part: members known before it began, browsers seen on the site before, or all."""
    unit = scene.world.trials[trial].unit
    size = len(block.known)
    first, _ = _days(scene, trial)
    if unit == "members":
        can = ~people.opt_out[:size] & (
            people.has_email[:size] | (scene.world.trials[trial].channel != "email")
        )
        return can & (block.known < first)
    if unit == "browsers":
        seen = scene.kinds.site[block.events.kind] & (block.events.time < first)
        return np.bincount(block.events.person[seen], minlength=size) > 0
    return np.ones(size, dtype=bool)


def rows(scene: Scene, arms: Arms, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Rows of the experiments' file: what an analyst of the shop would have computed.

    The lift is orders per person of those who got the channel over those who did not, less one; between
    provinces both are first divided by the orders of as many days before. Standard errors by the delta
    method with Poisson counts.
    """
    found = []
    for trial, entry in enumerate(scene.world.trials):
        if not scene.weeks[trial].any():
            continue  # the calendar is over before it begins
        first, last = _days(scene, trial)
        (given, withheld), (now, then), (before, before_then) = (
            table[trial].tolist() for table in (arms.people, arms.orders, arms.before)
        )
        if entry.unit == "panel":
            before = before_then = 0  # a platform does not tell
            given = withheld = int(arms.answered[trial]) * PANEL // 2
            now, then = rng.poisson(arms.expected[trial] * PANEL / 2).tolist()
        counts: Sequence[int] = (now, then)
        ratio = now / then * withheld / given if given and then else float("nan")
        if entry.unit == "provinces":
            counts = (now, then, before, before_then)
            ratio = now / then * before_then / before if then and before else float("nan")
        error = ratio * np.sqrt(sum(1 / number for number in counts)) if all(counts) else float("nan")
        figures = (given, withheld, now, then, before, before_then)
        found.append(
            (
                entry.code,
                entry.channel,
                METHODS[entry.unit],
                _date(scene, first).isoformat(),
                _date(scene, last).isoformat(),
                *(str(figure) for figure in figures),
                "" if np.isnan(ratio) else f"{ratio - 1:.4f}",
                "" if np.isnan(error) else f"{error:.4f}",
            )
        )
    return found


def groups(
    scene: Scene, people: People, block: Block, codes: Sequence[str], stream: Stream
) -> list[tuple[str, ...]]:
    """Rows of the file of groups: who of a block was in which arm, where the shop drew by its own members."""
    found: list[tuple[str, ...]] = []
    for trial, entry in enumerate(scene.world.trials):
        if entry.unit != "members":
            continue
        kept_from = control(scene, people, trial, stream)
        found += [
            (entry.code, codes[person], "control" if kept_from[person] else "treated")
            for person in np.flatnonzero(eligible(scene, people, block, trial)).tolist()
        ]
    return found


def provinces(scene: Scene) -> list[tuple[str, ...]]:
    """Rows of the same file for the trials between provinces: the provinces in place of customers."""
    return [
        (entry.code, CITIES[city].name, "control")
        for trial, entry in enumerate(scene.world.trials)
        if entry.unit == "provinces"
        for city in control_provinces(scene, trial)
    ]


def _days(scene: Scene, trial: int) -> tuple[int, int]:
    """First and last day of a trial, as days of the simulation; a trial outside of it is over before."""
    on = np.flatnonzero(scene.weeks[trial])
    return (int(on[0]) - LEAD, int(on[-1]) - LEAD) if len(on) else (-LEAD, -LEAD - 1)


def _date(scene: Scene, day: int) -> date:
    return scene.year.start + timedelta(days=day)
