"""The journey as it is: what the data say of every stage, and beside it what people have written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from journey_lib import funnel as funnels
from journey_lib import journeys as views
from journey_lib.engine import reduce
from journey_lib.funnel.walk import Order
from journey_lib.journey_map import frames
from journey_lib.journey_map.nouns import (
    LANES,
    Cell,
    Entry,
    Flow,
    Map,
    Measured,
    Number,
    Spot,
    Unit,
    Way,
    cells_of,
    put,
    same_stages,
)
from journey_lib.journeys.cut import Array, Cutting, instant
from journey_lib.journeys.moves import distinct_people
from journey_lib.model import Result
from journey_lib.stages import Model
from journey_lib.touches import Bucket, Touches

TOP = 3  # touchpoints, channels and kinds of event that a cell names
# How contacts are guarded (`Result.suppressed`): of whoever met one at a stage, and of the others there.
_GUARDED: Mapping[str, Any] = {
    "people": ("of",),
    "within": {"customers": ("of",)},
    "tell": {"customers": ("share", "low", "high")},
}


def current(
    touches: Touches,
    *,
    model: Model,
    authored: Map | None = None,
    scores: pd.DataFrame | None = None,
    pains: pd.DataFrame | None = None,
    quotes: pd.DataFrame | None = None,
    inventory: pd.DataFrame | None = None,
    cells: Sequence[Cell] = (),
    called: Mapping[str, str] | None = None,
    k: int = 10,
    within: str | None = None,
    order: Order = "loose",
    **cut: Unpack[Cutting],
) -> Map:
    """The map of the journey as it is, every cell with its evidence.

    Measured at each stage of `model`: customers there and the part of them that come on from the stage
    before (`funnel.funnel` with the same `within` and `order`, so that a map counts what the journeys report
    counts), the part that goes no further, the most frequent touchpoints, channels and kinds of event with
    the part of the stage's customers that met them, the time to the next stage and every flow between stages
    (`journeys.transitions` with the same `cut`). Nothing is shown that rests on fewer than `k` customers.

    Parameters
    ----------
    authored
        What people have written of this journey (`authored.drawn`). What data say stands before it; its
        targets are set beside the measures of the same name.
    scores
        How customers feel: columns stage, score (from -1 to 1), low, high, n, source.
    pains
        What they complain of: columns stage, pain (or vi and en), n, of, source.
    quotes
        What they say: columns stage, text, language, n, source.
    inventory
        Who answers for what: columns stage, touchpoint, owner (a department).
    cells
        What other results say of stages (`of_inventory`, `of_topics` and the like).
    called
        By which names people know the touchpoints of the data; those with one name count as one.
    """
    staged = views.steps_by(touches, "stage", model)
    period = cut.get("period")
    whole = funnels.funnel(staged, order=order, within=within, period=period)
    there = dict(zip(whole.table["step"], whole.table["reach"], strict=True))
    reached = whole.suppressed(k)
    moves = views.transitions(staged, **cut).suppressed(k)
    met = stage_contacts(touches, model, period=period, called=called).suppressed(k)
    flows = _flows(moves, model.names)
    entries: dict[tuple[str, str], list[Entry]] = {}
    for (stage, lane), said in {
        **_counted(reached, there, k),
        **_met(met),
        **_waited(flows, model.names[-1]),
    }.items():
        entries.setdefault((stage, lane), []).extend(said)
    measured = Map(
        name="current" if authored is None else authored.name,
        kind="current",
        stages=tuple(Spot(stage.stage, dict(stage.label)) for stage in model.stages),
        lanes=("touchpoints", "channels", "doing", "feeling", "kpi", "time"),
        cells=cells_of(entries),
        flows=flows,
        as_of=_last_day(touches, period),
        settings={**moves.settings, "within": within, "order": order, "model": model.name, "k": k},
    )
    for given in (
        frames.feelings(scores, model.names, k),
        frames.pains(pains, model.names, k),
        frames.quotes(quotes, model.names, k),
        frames.owners(inventory, model.names),
        *((each,) for each in cells),
    ):
        measured = put(measured, given)
    return measured if authored is None else beside(measured, authored)


def beside(measured: Map, authored: Map) -> Map:
    """A measured map with what people have written of it: after the figures, and targets beside them."""
    same_stages(measured, authored)
    goals = {
        (cell.stage, entry.name): entry
        for cell in authored.cells
        if cell.lane == "kpi"
        for entry in cell.entries
    }
    known = {
        (cell.stage, entry.name) for cell in measured.cells if cell.lane == "kpi" for entry in cell.entries
    }
    aimed = tuple(
        replace(cell, entries=tuple(_aimed(cell.stage, entry, goals) for entry in cell.entries))
        if cell.lane == "kpi"
        else cell
        for cell in measured.cells
    )
    written = []
    for cell in authored.cells:
        kept = cell.entries
        if cell.lane == "kpi":
            kept = tuple(entry for entry in kept if (cell.stage, entry.name) not in known)
        answered = measured.at(cell.stage, cell.lane)
        if cell.lane in ("feeling", "owner") and answered is not None:
            continue  # a stage has one feeling and one owner: what was measured goes before what was thought
        if kept:
            written.append(replace(cell, entries=kept))
    whole = put(replace(measured, cells=aimed), tuple(written))
    found = {lane for lane in LANES if lane in {*whole.lanes, *authored.lanes}}
    return replace(
        whole,
        lanes=tuple(lane for lane in LANES if lane in found),
        title=authored.title,
        scenario=authored.scenario,
        personas=authored.personas,
        departments=authored.departments,
        settings={**measured.settings, **authored.settings},
    )


def stage_contacts(
    touches: Touches,
    model: Model,
    *,
    period: views.Period | None = None,
    customers: Array | None = None,
    called: Mapping[str, str] | None = None,
) -> Result:
    """What customers meet and do at every stage: channels, touchpoints and kinds of event.

    Columns stage, what (``channel``, ``touchpoint``, ``event_type``), name, customers (with it at the stage),
    of (customers at the stage: the column reach of `funnel.funnel`), share with low and high (Wilson). Facts:
    at_<stage> (customers), contacts_<stage> (contacts there). `called` gives touchpoints of the data other
    names; those with one name count as one.
    """
    rules = views.coded(touches, model)
    start, end = (instant(day, touches.timezone) for day in (period or (None, None)))
    known_as = called or {}
    points = tuple(dict.fromkeys(known_as.get(name, name) for name in touches.touchpoints))
    spot = np.array([*(points.index(known_as.get(name, name)) for name in touches.touchpoints), -1], np.int64)
    names = (touches.channels, points, touches.event_types)
    counts = reduce(
        touches.buckets,
        lambda bucket: _contacts(
            replace(bucket, touchpoint=spot[bucket.touchpoint]),
            views.stage_of(bucket, rules),
            len(model.names),
            names,
            start,
            end,
            customers,
        ),
        lambda parts: [np.sum(each, axis=0) for each in zip(*parts, strict=True)],
    )
    *by_name, there, contacts = counts
    rows = []
    for what, known, found in zip(("channel", "touchpoint", "event_type"), names, by_name, strict=True):
        stage, code = np.nonzero(found)
        rows.append(
            pd.DataFrame(
                {
                    "stage": np.array(model.names, object)[stage],
                    "what": what,
                    "name": np.array(known, object)[code] if len(known) else np.zeros(0, object),
                    "customers": found[stage, code],
                    "of": there[stage],
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)
    table = frames.with_share(table, "customers", "of")
    place = table["stage"].map({name: number for number, name in enumerate(model.names)})
    kinds = table["what"].map({"touchpoint": 0, "channel": 1, "event_type": 2})
    ordered = table.assign(_place=place, _kind=kinds).sort_values(
        ["_place", "_kind", "customers", "name"], ascending=[True, True, False, True], ignore_index=True
    )
    said = {"period": None if period is None else [str(day) for day in period], "data": touches.fingerprint}
    facts = {f"at_{name}": int(n) for name, n in zip(model.names, there, strict=True)}
    facts |= {f"contacts_{name}": int(n) for name, n in zip(model.names, contacts, strict=True)}
    heads = {f"at_{name}": (f"contacts_{name}",) for name in model.names}
    ordered = ordered.drop(columns=["_place", "_kind"])
    return Result("stage_contacts", ordered, facts, said, base="customers", heads=heads, **_GUARDED)


def _contacts(
    bucket: Bucket,
    stage: Array,
    stages: int,
    names: tuple[tuple[str, ...], ...],
    start: int | None,
    end: int | None,
    customers: Array | None,
) -> list[Array]:
    """Customers by stage and channel, by stage and touchpoint, by stage and kind of event; both by stage."""
    seen = stage >= 0
    if start is not None:
        seen &= bucket.timestamp >= start
    if end is not None:
        seen &= bucket.timestamp < end
    if customers is not None:
        seen &= customers[bucket.customer]
    counts = []
    for codes, known in zip((bucket.channel, bucket.touchpoint, bucket.event_type), names, strict=True):
        size = max(len(known), 1)
        rows = np.flatnonzero(seen & (codes >= 0))
        key = stage[rows].astype(np.int64) * size + codes[rows]
        counts.append(distinct_people(key, bucket.customer[rows], stages * size).reshape(stages, size))
    rows = np.flatnonzero(seen)
    there = distinct_people(stage[rows].astype(np.int64), bucket.customer[rows], stages)
    return [*counts, there, np.bincount(stage[rows], minlength=stages)]


def _counted(reached: Result, there: Mapping[str, int], k: int) -> dict[tuple[str, str], list[Entry]]:
    """Customers at each stage, those who came on from the one before, those who went no further.

    Customers `there` are told by themselves: where few of them came on from the stage before, that alone is
    not shown.
    """
    entries: dict[tuple[str, str], list[Entry]] = {}
    rows = frames.records(reached.table)
    for place, row in enumerate(rows):
        # of a step that is hidden whole, those who were there in any order tell nothing
        n = float(there[row["step"]] if row["suppressed"] else row["reach"])
        said = [_kpi("reach", "count", n, n) if n >= k else None]
        if place:
            said.append(
                _kpi("conversion", "share", row["of_previous"], row["conversion"], row["low"], row["high"])
            )
        if place + 1 < len(rows):
            on = rows[place + 1]
            lost, low, high = (1 - on[name] for name in ("conversion", "high", "low"))
            said.append(_kpi("drop_off", "share", on["of_previous"], lost, low, high))
        entries[row["step"], "kpi"] = [entry for entry in said if entry is not None]
    return entries


def _kpi(
    name: str, unit: Unit, n: float, value: float, low: float | None = None, high: float | None = None
) -> Entry | None:
    """A measure as an entry; None where its group is too small to be shown."""
    if pd.isna(value) or pd.isna(n) or not n:
        return None
    low, high = (None if end is None else float(end) for end in (low, high))
    number = Number(float(value), unit, low, high)
    return Entry(Measured(int(n), "customers", "funnel"), name=name, number=number)


def _met(met: Result) -> dict[tuple[str, str], list[Entry]]:
    lanes = {"touchpoint": "touchpoints", "channel": "channels", "event_type": "doing"}
    entries: dict[tuple[str, str], list[Entry]] = {}
    for row in frames.records(met.table.dropna(subset=["customers"])):
        said = entries.setdefault((row["stage"], lanes[row["what"]]), [])
        if len(said) < TOP:
            evidence = Measured(int(row["of"]), "customers", "stage_contacts")
            number = Number(row["share"], "share", row["low"], row["high"])
            said.append(Entry(evidence, name=row["name"], number=number))
    return entries


def _flows(moves: Result, stages: tuple[str, ...]) -> tuple[Flow, ...]:
    """Every flow from stage to stage that may be shown, the most frequent first."""
    inner = moves.table[moves.table["from"].isin(stages) & moves.table["to"].isin(stages)]
    found = []
    for row in frames.records(inner.dropna(subset=["journeys"])):
        gap = stages.index(row["to"]) - stages.index(row["from"])
        way: Way = "repeat" if gap == 0 else "back" if gap < 0 else "next" if gap == 1 else "skip"
        days = (None if pd.isna(each) else float(each) for each in (row["median_days"], row["p90_days"]))
        counts = (int(row["journeys"]), int(row["of"]))
        estimate = (row["share"], row["low"], row["high"])
        found.append(Flow(row["from"], row["to"], way, *counts, *estimate, *days))
    return tuple(found)


def _waited(flows: tuple[Flow, ...], last: str) -> dict[tuple[str, str], list[Entry]]:
    """How long customers take straight on to the next stage; from the last, to begin anew."""
    onward = [(flow, ("median_days", "p90_days")) for flow in flows if flow.way == "next"]
    back = [flow for flow in flows if flow.way == "back" and flow.source == last]
    again = [(flow, ("median_back", "p90_back")) for flow in back[:1]]
    return {
        (flow.source, "time"): [
            Entry(Measured(flow.journeys, "steps", "transitions"), name=name, number=Number(days, "days"))
            for name, days in ((names[0], flow.median_days), (names[1], flow.p90_days))
            if days is not None
        ]
        for flow, names in [*onward, *again]
    }


def _last_day(touches: Touches, period: views.Period | None) -> dt.date:
    """The last day the map speaks of."""
    last = touches.period[1]
    if period is not None and period[1] is not None:
        last = min(last, (instant(period[1], touches.timezone) or last) - 1)
    return dt.datetime.fromtimestamp(last / 1e6, ZoneInfo(touches.timezone)).date()


def _aimed(stage: str, entry: Entry, goals: dict[tuple[str, str], Entry]) -> Entry:
    """A measure with its target, and what readers call it, where somebody has set one."""
    goal = goals.get((stage, entry.name))
    if goal is None:
        return entry
    return replace(entry, text=goal.text, target=goal.target, direction=goal.direction)
