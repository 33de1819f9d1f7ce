"""What only the simulation knows, written apart from the data: who people are, what caused what.

Only tests, benchmarks and pages that assess the workbench itself may read it; a test sees to that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journey_lib.demo import fragments, ids, whatif
from journey_lib.demo.arrays import Floats
from journey_lib.demo.experiments import Arms
from journey_lib.demo.journeys import Answers, Block
from journey_lib.demo.people import NEVER, People, customer_ids
from journey_lib.demo.prospects import ACTIONS, Prospects
from journey_lib.demo.scene import Scene
from journey_lib.demo.surveys import SurveySheet, survey_ids
from journey_lib.demo.trail import MORE, STAGES
from journey_lib.demo.whatif import LESS, Scenario
from journey_lib.demo.write import BLOCK, EventSheet, micros, write_csv

NEEDS_A_BLOCK = 1 << 16
ANSWERED = 64  # blocks that scenarios are asked about: 131,072 people are enough, and more cost more

CHANNEL_COLUMNS = (
    "channel",
    "orders_off",
    "orders_off_se",
    "share",
    "value_off",
    "value_off_se",
    "orders_less",
    "orders_less_se",
    "orders_more",
    "orders_more_se",
    "push",
    "half_life_days",
    "saturation",
    "leads",
)
PAIR_COLUMNS = ("channel", "other", "orders_off", "orders_off_se", "synergy")
FAULT_COLUMNS = ("fault", "kind", "first", "last", "hit", "where", "orders_lost", "orders_lost_se")
TRIAL_COLUMNS = ("trial", "channel", "unit", "people", "orders_given", "orders_withheld", "lift")


@dataclass
class Tally:
    """Sums over people of expected orders and value in every scenario, and of the squares of differences."""

    people: int
    orders: Floats
    value: Floats
    orders_squared: Floats
    value_squared: Floats

    def add(self, answers: Answers) -> None:
        """Count the people of one more block."""
        self.people += len(answers.orders)
        for name in ("orders", "value"):
            table = getattr(answers, name)
            getattr(self, name)[:] += table.sum(axis=0)
            getattr(self, f"{name}_squared")[:] += ((table[:, :1] - table) ** 2).sum(axis=0)

    def lost(self, name: str, column: int, scale: float) -> tuple[float, float]:
        """Orders or value that a scenario has fewer than the year as it was, and its standard error.

        The people are a sample of all people who might live there: hence an error, of the sum.
        """
        total = getattr(self, name)
        gap = total[0] - total[column]
        variance = getattr(self, f"{name}_squared")[column] - gap**2 / max(self.people, 1)
        return scale * gap, scale * float(np.sqrt(max(variance, 0.0)))


def nothing(scene: Scene) -> Tally:
    """The tally of nobody."""
    width = len(whatif.scenarios(scene))
    return Tally(0, np.zeros(width), np.zeros(width), np.zeros(width), np.zeros(width))


def need_rows(scene: Scene, block: Block, index: int, seed: int, people: int) -> pa.Table:
    """One row per need of the first `people` of a block: when, how strong, and how it was to end."""
    needs = block.truth.needs
    rows = np.flatnonzero(needs.person < people)
    return pa.table(
        {
            "need": pa.array(index * NEEDS_A_BLOCK + rows),
            "customer_id": customer_ids(index * BLOCK + needs.person[rows], seed),
            "generation": pa.array(block.truth.generation[rows]),
            "start": micros(scene.year, needs.start[rows]),
            "decides": micros(scene.year, needs.goal[rows]),
            "days": pa.array(needs.length[rows]),
            "strength": pa.array(needs.strength[rows]),
            "known": pa.array(needs.known[rows]),
            "odds_without_contacts": pa.array(block.truth.odds[rows]),
            "chance": pa.array(block.truth.chance[rows]),
            "ordered": pa.array(block.truth.bought[rows]),
        }
    )


def event_rows(scene: Scene, block: Block, index: int, sheet: EventSheet, seed: int) -> pa.Table:
    """One row per event: its need, its stage, and the channel that brought it."""
    events = block.events
    codes = pa.array([channel.code for channel in scene.world.channels])
    brought = events.chain[:, 1]
    return pa.table(
        {
            "event_id": ids.event_ids(sheet.number, seed),
            "need": pa.array(index * NEEDS_A_BLOCK + events.need, mask=events.need < 0),
            "stage": pa.array(STAGES).take(pa.array(events.stage)),
            "brought_by": codes.take(pa.array(brought, mask=brought < 0)),
        }
    )


def unseen_rows(scene: Scene, block: Block, index: int, seed: int) -> pa.Table:
    """One row per contact that nobody recorded: whose, when, where, for which need, at which stage."""
    contacts = block.unseen
    codes = pa.array([channel.code for channel in scene.world.channels])
    return pa.table(
        {
            "customer_id": customer_ids(index * BLOCK + contacts.person, seed),
            "timestamp": micros(scene.year, contacts.time),
            "channel": codes.take(pa.array(scene.kinds.channel[contacts.kind])),
            "touchpoint": pa.array(scene.kinds.touchpoint).take(pa.array(contacts.kind)),
            "need": pa.array(index * NEEDS_A_BLOCK + contacts.need, mask=contacts.need < 0),
            "stage": pa.array(STAGES).take(pa.array(contacts.stage)),
        }
    )


def people_rows(
    scene: Scene, people: People, block: Block, future: Prospects, index: int, seed: int
) -> pa.Table:
    """One row per person: who they are, how they came, when they leave, what is to be expected of them."""
    size = len(block.known)
    number = index * BLOCK + np.arange(size)
    personas = pa.array([persona.code for persona in scene.world.personas])
    told = block.referred
    arrives, leaves = people.arrives[:size], people.leaves[:size]
    came = np.where(told >= 0, "referred", np.where(people.waiting[:size], "not yet", "by need"))
    columns: dict[str, Any] = {
        "customer_id": customer_ids(number, seed),
        "persona": personas.take(pa.array(people.persona[:size])),
        "price_sensitivity": pa.array(people.price_sensitivity[:size]),
        "activity": pa.array(people.activity[:size]),
        "loyalty": pa.array(people.loyalty[:size]),
        "came": pa.array(came.tolist()),
        "arrives_day": pa.array(arrives, mask=arrives >= NEVER),
        "leaves_day": pa.array(leaves, mask=leaves >= scene.year.days),
        "fades": pa.array(people.fading[:size] & (leaves < scene.year.days)),
        "referred_by": customer_ids(index * BLOCK + np.maximum(told, 0), seed),
        "churn_hazard": pa.array(future.hazard[:size]),
        "propensity_90": pa.array(future.propensity_90[:size]),
        "orders_365": pa.array(future.orders_365[:size]),
        "value_365": pa.array(future.value_365[:size]),
        "value_365_se": pa.array(future.standard_error[:size]),
    }
    nobody = pa.nulls(size, pa.string())
    columns["referred_by"] = pc.if_else(pa.array(told >= 0), columns["referred_by"], nobody)
    for column, action in enumerate(ACTIONS):
        columns[f"response_{action}"] = pa.array(future.response[:size, column])
    return pa.table(columns)


def felt_rows(sheet: SurveySheet, seed: int) -> pa.Table:
    """What everybody asked in a numbered sheet of surveys felt (-2 to 2), whether they answered or not."""
    return pa.table({"survey_id": survey_ids(sheet, seed), "felt": pa.array(sheet.felt)}).sort_by("survey_id")


def fragment_rows(known: Sequence[pa.Table | Sequence[tuple[str, str, int, bool]]], seed: int) -> pa.Table:
    """One row per fragment of identity and customer: kind, text, whose it is, and whether it is misspelt."""
    table = fragments.together([_as_table(rows) for rows in known])
    whose = customer_ids(table["person"].to_numpy(), seed)
    return table.set_column(table.column_names.index("person"), "customer_id", whose)


def _as_table(rows: pa.Table | Sequence[tuple[str, str, int, bool]]) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows
    names = fragments.TRUTH.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=fragments.TRUTH)


def write_tables(scene: Scene, tally: Tally, arms: Arms, folder: Path, people: int) -> None:
    """The small files: what channels, pairs and faults cause, what trials should find, and the world itself.

    Parameters
    ----------
    people : people in the shop; what was tallied over fewer is scaled to them.
    """
    column = {scenario: number for number, scenario in enumerate(whatif.scenarios(scene))}
    scale = people / max(tally.people, 1)
    world = scene.world
    write_csv(folder / "channels.csv", CHANNEL_COLUMNS, _channel_rows(scene, tally, column, scale))
    write_csv(folder / "pairs.csv", PAIR_COLUMNS, _pair_rows(scene, tally, column, scale))
    lost = [tally.lost("orders", column[Scenario("fixed", at)], -scale) for at in range(len(world.faults))]
    write_csv(
        folder / "faults.csv",
        FAULT_COLUMNS,
        [
            (
                fault.code,
                fault.kind,
                fault.first,
                fault.last,
                f"{fault.hit}",
                "; ".join(fault.where),
                _number(gap),
                _number(abs(error)),
            )
            for fault, (gap, error) in zip(world.faults, lost, strict=True)
        ],
    )
    write_csv(folder / "trials.csv", TRIAL_COLUMNS, _trial_rows(scene, arms))
    as_it_was, alone = (scale * tally.orders[column[Scenario(kind)]] for kind in ("as_it_was", "no_contacts"))
    summary = {
        "people": people,
        "people_answered": tally.people,
        "orders_expected": float(as_it_was),
        "orders_without_contacts": float(alone),
        "baseline_share": float(alone / as_it_was) if as_it_was else None,
        "budget_less": LESS,
        "budget_more": MORE,
        "world": asdict(world),
    }
    text = json.dumps(summary, ensure_ascii=False, indent=1, default=dict)
    (folder / "world.json").write_text(text + "\n", encoding="utf-8")


def _trial_rows(scene: Scene, arms: Arms) -> list[tuple[str, ...]]:
    """What an experiment without chance would have found, all its people counted in both arms."""
    rows: list[tuple[str, ...]] = []
    for trial, entry in enumerate(scene.world.trials):
        given, withheld = arms.expected[trial].tolist()
        if withheld:
            size = str(int(arms.answered[trial]))
            figures = (_number(given), _number(withheld), _number(given / withheld - 1))
            rows.append((entry.code, entry.channel, entry.unit, size, *figures))
    return rows


def _channel_rows(
    scene: Scene, tally: Tally, column: dict[Scenario, int], scale: float
) -> list[tuple[str, ...]]:
    codes = range(len(scene.world.channels))
    off = [tally.lost("orders", column[Scenario("off", at)], scale) for at in codes]
    everything = sum(gap for gap, _ in off)
    rows: list[tuple[str, ...]] = []
    for at, channel in enumerate(scene.world.channels):
        value = tally.lost("value", column[Scenario("off", at)], scale)
        less = more = ("", "")
        if scene.paid[at]:
            less = _pair(tally.lost("orders", column[Scenario("less", at)], scale))
            more = _pair(tally.lost("orders", column[Scenario("more", at)], -scale))
        rows.append(
            (
                channel.code,
                *_pair(off[at]),
                _number(off[at][0] / everything if everything else 0.0),
                *_pair(value),
                *less,
                *more,
                f"{channel.push}",
                f"{channel.half_life}",
                f"{channel.full}",
                f"{channel.leads}",
            )
        )
    return rows


def _pair_rows(
    scene: Scene, tally: Tally, column: dict[Scenario, int], scale: float
) -> list[tuple[str, ...]]:
    names = [channel.code for channel in scene.world.channels]
    helped = {(one, other): together for one, other, together in scene.world.synergies}
    return [
        (
            names[scenario.first],
            names[scenario.second],
            *_pair(tally.lost("orders", at, scale)),
            str(
                helped.get((names[scenario.first], names[scenario.second]), 0.0)
                + helped.get((names[scenario.second], names[scenario.first]), 0.0)
            ),
        )
        for scenario, at in column.items()
        if scenario.kind == "pair_off"
    ]


def _pair(figure: tuple[float, float]) -> tuple[str, str]:
    return _number(figure[0]), _number(abs(figure[1]))


def _number(figure: float) -> str:
    return f"{figure:.6g}"
