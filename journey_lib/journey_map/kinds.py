"""The other maps: the journey as it should be, a customer's day, what goes on behind, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace

from journey_lib.errors import ParameterError
from journey_lib.journey_map.nouns import BLUEPRINT, LANES, Entry, Map, Number, cells_of, put, same_stages

# What a service blueprint shows of the customer's side, and who answers for it.
BEFORE = ("steps", "touchpoints", "channels", "feeling", "pains", "kpi", "owner")


def future(current: Map, authored: Map) -> Map:
    """The journey as it should be: the targets, how far the journey as it is still is from each, and the way.

    `authored` holds targets (its lane kpi), feelings and steps (`authored.drawn` of a map of kind
    ``future``). Beside each target for a measure that `current` knows stands an entry ``gap:<measure>``: the
    target less what was measured, with the interval turned round. Facts of the data stay measured, targets
    stay authored.
    """
    if authored.kind != "future":
        raise ParameterError(
            f"the map '{authored.name}' is of kind {authored.kind}", do="give one of kind: future"
        )
    same_stages(current, authored)
    entries = {(cell.stage, cell.lane): list(cell.entries) for cell in authored.cells}
    for stage in authored.codes:
        now = current.at(stage, "kpi")
        measured = {entry.name: entry for entry in (() if now is None else now.entries) if entry.number}
        aimed = entries.get((stage, "kpi"), [])
        entries[stage, "kpi"] = [
            each for goal in aimed for each in (goal, *_gap(goal, measured.get(goal.name)))
        ]
        felt = current.at(stage, "feeling")
        if felt is not None:
            entries.setdefault((stage, "feeling"), []).extend(
                replace(entry, name="feeling_now") for entry in felt.entries
            )
    found = {lane for (_stage, lane), said in entries.items() if said}
    return replace(
        authored,
        stages=tuple(
            replace(spot, label=spot.label or shown.label)
            for spot in authored.stages
            for shown in current.stages
            if shown.stage == spot.stage
        ),
        cells=cells_of(entries),
        lanes=tuple(lane for lane in LANES if lane in found),
        personas=authored.personas or current.personas,
        departments=authored.departments or current.departments,
        as_of=current.as_of,
        settings={**current.settings, **authored.settings},
    )


def day(authored: Map) -> Map:
    """A customer's day: activities with the brand and outside it, as people wrote them (kind ``day``)."""
    if authored.kind != "day":
        raise ParameterError(
            f"the map '{authored.name}' is of kind {authored.kind}", do="give one of kind: day"
        )
    return authored


def blueprint(whole: Map, authored: Map) -> Map:
    """Any map with what goes on behind it: evidence, frontstage, backstage and systems of `authored`.

    Of the map itself stay the lanes that a blueprint shows above its lines (`BEFORE`), so that it can be read
    on one sheet; all others are on the map it is made of.
    """
    cells = tuple(cell for cell in authored.cells if cell.lane in BLUEPRINT)
    if not cells:
        raise ParameterError(
            f"the map '{authored.name}' says nothing of what goes on behind",
            do=f"write one of its lanes: {', '.join(BLUEPRINT)}",
        )
    same_stages(whole, authored)
    shown = replace(
        whole,
        name=authored.name,
        title=authored.title or whole.title,
        departments={**authored.departments, **whole.departments},
    )
    kept = tuple(cell for cell in shown.cells if cell.lane in BEFORE)
    lanes = tuple(lane for lane in shown.lanes if lane in BEFORE)
    return put(replace(shown, cells=kept, lanes=lanes), cells)


@dataclass(frozen=True)
class Board:
    """Maps of the same stages side by side: one row a map in every lane."""

    maps: tuple[Map, ...]

    @property
    def lanes(self) -> tuple[str, ...]:
        """Lanes that any of the maps has."""
        return tuple(lane for lane in LANES if any(lane in each.lanes for each in self.maps))


def side_by_side(maps: tuple[Map, ...] | list[Map]) -> Board:
    """Several personas, or the journey as it is and as it should be, in one grid of the same stages."""
    if len(maps) < 2:
        raise ParameterError("side by side needs two maps or more", how_many=f"{len(maps)} given")
    for other in maps[1:]:
        if other.codes != maps[0].codes:
            raise ParameterError(
                f"the maps '{maps[0].name}' and '{other.name}' have different stages",
                where=f"{', '.join(maps[0].codes)} beside {', '.join(other.codes)}",
                do="compare maps of one stage model",
            )
    return Board(tuple(maps))


def _gap(goal: Entry, now: Entry | None) -> tuple[Entry, ...]:
    """How far a measure still has to go: the target less the figure, its interval turned round."""
    if now is None or now.number is None or goal.target is None:
        return ()
    figure = now.number
    low = None if figure.high is None else goal.target - figure.high
    high = None if figure.low is None else goal.target - figure.low
    gap = Number(goal.target - figure.value, figure.unit, low, high)
    return (Entry(now.evidence, name=f"gap:{goal.name}", number=gap, direction=goal.direction),)
