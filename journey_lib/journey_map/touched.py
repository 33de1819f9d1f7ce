"""What the inventory of touchpoints and the steps between them say of stages, as cells of a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from journey_lib.journey_map import frames
from journey_lib.journey_map.nouns import Cell, Entry, Measured, Number

TABLE = "touchpoints"
STEPS = 2  # steps between touchpoints that a cell names


def of_inventory(
    found: pd.DataFrame,
    stages: Sequence[str],
    *,
    usual: pd.Series,
    customers: Mapping[str, int],
    currency: str,
) -> tuple[Cell, ...]:
    """What an inventory says of each stage: which touchpoint matters, where journeys end, what it costs.

    `found` is the table of `touchpoints.inventory` as it may be shown (what is suppressed is missing),
    `usual` the `touchpoints.usual_drop` of its rows, `customers` those at each stage. Lanes: *moments* (the
    highest `removal_effect` whose interval lies above 0), *pains* (the touchpoint at which most journeys end
    beyond what is usual at the stage, where its interval lies above that), *kpi* (cost of the stage's
    touchpoints for each customer there; missing where no cost is known).
    """
    table = found.assign(usual=usual)
    cells = []
    for stage in stages:
        here = table[(table["stage"] == stage) & (table["touches"].fillna(0) > 0)]
        said = {
            "moments": _matters(here),
            "pains": _ends(here),
            "kpi": _cost(here, customers.get(stage), currency),
        }
        cells += [Cell(stage, lane, entries) for lane, entries in said.items() if entries]
    return tuple(cells)


def of_targets(targets: pd.DataFrame, stage_of: Mapping[str, str], stages: Sequence[str]) -> tuple[Cell, ...]:
    """How many `touchpoints.targets` of each stage's touchpoints are met, of those that can be judged."""
    judged = targets[targets["state"].isin(["met", "missed", "open"])]
    at = judged["touchpoint"].map(dict(stage_of))
    cells = []
    for stage in stages:
        states = judged["state"][at == stage]
        if len(states):
            evidence = Measured(len(states), "touchpoints", "touchpoint_targets")
            met = Number(float((states == "met").mean()), "share")
            cells.append(Cell(stage, "kpi", (Entry(evidence, name="targets_met", number=met),)))
    return tuple(cells)


def of_opportunities(ranked: pd.DataFrame, stages: Sequence[str], *, currency: str) -> tuple[Cell, ...]:
    """Where most could be won at each stage, and up to how much (`touchpoints.opportunities`)."""
    rows = ranked.dropna(subset=["worth", "rank"]).sort_values("rank").drop_duplicates("touchpoint")
    cells = []
    for stage in stages:
        here = rows[(rows["stage"] == stage) & (rows["low"] > 0)]
        if len(here):
            row = here.iloc[0]
            number = Number(float(row["worth"]), "money", float(row["low"]), float(row["high"]), currency)
            evidence = Measured(int(row["over"]), "journeys", "opportunities")
            name, owner = f"missed:{row['touchpoint']}", str(row.get("owner") or "")
            # where two departments answer for it, nobody does
            entry = Entry(evidence, name=name, number=number, owner="" if "," in owner else owner)
            cells.append(Cell(stage, "opportunities", (entry,)))
    return tuple(cells)


def of_steps(moves: pd.DataFrame, stage_of: Mapping[str, str], stages: Sequence[str]) -> tuple[Cell, ...]:
    """What customers do one after the other: the commonest steps from a stage's touchpoints to others.

    `moves` is the table of `journeys.transitions` between touchpoints, `stage_of` says where each belongs. A
    step from a touchpoint to itself is none. Shares are of the steps out of that touchpoint.
    """
    steps = moves.dropna(subset=["journeys"])
    steps = steps[steps["from"].isin(list(stage_of)) & steps["to"].isin(list(stage_of))]
    steps = steps[steps["from"] != steps["to"]].assign(stage=steps["from"].map(dict(stage_of)))
    order = steps.sort_values(["journeys", "from", "to"], ascending=[False, True, True])
    said: list[tuple[str, Entry]] = []
    for stage in stages:
        for row in frames.records(order[order["stage"] == stage].head(STEPS)):
            number = Number(row["share"], "share", row["low"], row["high"])
            evidence = Measured(int(row["of"]), "steps", "touchpoint_transitions")
            said.append((stage, Entry(evidence, name=f"step:{row['from']}>{row['to']}", number=number)))
    return frames.by_stage("steps", said)


def _matters(here: pd.DataFrame) -> tuple[Entry, ...]:
    known = here[(here["effect_low"] > 0) & (here["journeys"] > 0)]
    if not len(known):
        return ()
    row = known.sort_values(["removal_effect", "touchpoint"], ascending=[False, True]).iloc[0]
    ends = (float(row["effect_low"]), float(row["effect_high"]))
    evidence = Measured(int(row["journeys"]), "journeys", TABLE)
    number = Number(float(row["removal_effect"]), "share", *ends)
    return (Entry(evidence, name=f"importance:{row['touchpoint']}", number=number),)


def _ends(here: pd.DataFrame) -> tuple[Entry, ...]:
    beyond = here[here["drop_low"] > here["usual"]]
    if not len(beyond):
        return ()
    more = beyond["over"] * (beyond["drop_off"] - beyond["usual"])
    row = beyond.iloc[int(more.to_numpy(float).argmax())]
    number = Number(float(row["drop_off"]), "share", float(row["drop_low"]), float(row["drop_high"]))
    evidence = Measured(int(row["over"]), "journeys", TABLE)
    return (Entry(evidence, name=f"exit:{row['touchpoint']}", number=number),)


def _cost(here: pd.DataFrame, customers: int | None, currency: str) -> tuple[Entry, ...]:
    spent = here["cost"].dropna()
    if not len(spent) or not customers:
        return ()
    number = Number(float(spent.sum()) / customers, "money", currency=currency)
    return (Entry(Measured(int(customers), "customers", TABLE), name="cost_each", number=number),)
