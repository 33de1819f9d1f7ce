"""Maps of personas side by side: one of each group of customers, measured, with what was written of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from journey_lib import customers, findings_map, i18n, journey_map, sections_cast, sections_map
from journey_lib import journeys as views
from journey_lib.funnel.walk import Order
from journey_lib.i18n import text as _
from journey_lib.journey_map import Map, Persona
from journey_lib.model import Result
from journey_lib.personas import apply, notes
from journey_lib.sections_map_cells import Known
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches
from journey_lib.workspace import Words

KEPT = ".json"  # how files of kept personas end
# What is said of each group; what they share is on the map of all.
LANES = ("touchpoints", "thinking", "feeling", "pains", "gains", "expectations", "kpi", "time")
# A group is larger, which says nothing of its journey; who stops is who does not come on.
OTHERWISE_TOLD = ("reach", "drop_off")


@dataclass(frozen=True)
class Group:
    """Whose map it is, which customers they are (by number), and what was written of them."""

    persona: Persona
    people: pd.Index[Any]
    authored: Map | None = None


def side_by_side(
    run: Session,
    touches: Touches,
    model: Model,
    cut: Mapping[str, Any],
    beside: Known,
    personas: str | None,
    *,
    within: str,
    order: Order,
) -> list[Result]:
    """One map of each persona, in one grid, and where they differ by more than chance explains.

    `personas` is a column of the customers (their three commonest values), a file of kept personas of the
    workspace, or None: those of `maps/journey_map.yaml` that say which customers they are.
    """
    groups = [each for each in asked(run, touches, personas) if len(each.people) >= run.k]
    if len(groups) < 2:
        run.say(
            _(
                "Fewer than two personas say which customers they are: `customers` of a persona in"
                " maps/journey_map.yaml, or the parameter `personas`, sets their maps side by side."
            )
        )
        return []
    maps = [_measured(run, touches, model, cut, beside, each, within, order) for each in groups]
    run.show(journey_map.side_by_side(maps))
    differ = apart(maps)
    run.say(findings_map.apart(differ, [_name(run, each.personas[0].name) for each in maps]))
    told = differ.table[differ.table["differs"]]
    if len(told):
        names = {each.personas[0].persona: _name(run, each.personas[0].name) for each in maps}
        table = told.assign(**{side: told[side].map(names) for side in ("persona", "beside")}).head(20)
        run.table(sections_map.worded(replace(differ, table=table), run))
    kept = [replace(journey_map.table(each), name=f"journey_map_{each.name}") for each in maps]
    return [*kept, differ]


def asked(run: Session, touches: Touches, personas: str | None) -> list[Group]:
    """The groups that were asked for, the first written or commonest first."""
    if personas is None:
        return _written(run)
    if personas.endswith(KEPT):
        return _kept(run, touches, personas)
    values = journey_map.commonest(customers.load(run.workspace), personas)
    return _grouped(values, {name: {run.language: name} for name in values.value_counts().index})


def apart(maps: list[Map]) -> Result:
    """Where the figures of each map differ from those of the first (`journey_map.changes`).

    Columns persona, beside (codes: whose figure, and whose it is held against), stage, lane, what, here,
    there (of `beside`), difference, low, high, differs (by more than chance explains), n_there, n, unit.
    Facts: differ, and of (figures compared).
    """
    parts = []
    for other in maps[1:]:
        found = journey_map.changes(_figures(maps[0]), _figures(other)).table
        found = found[found["difference"].notna()]
        names = {"persona": other.personas[0].persona, "beside": maps[0].personas[0].persona}
        found = found.assign(**names, differs=found["change"] == "moved")
        parts.append(found.rename(columns={"now": "here", "before": "there", "n_before": "n_there"}))
    columns = ["persona", "beside", "stage", "lane", "what", "here", "there", "difference", "low", "high"]
    columns += ["differs", "n_there", "n", "unit"]
    table = pd.concat(parts, ignore_index=True)[columns]
    facts = {"differ": int(table["differs"].sum()), "of": len(table)}
    return Result("map_apart", table, facts, {"maps": [each.name for each in maps]}, base="n")


def _figures(whole: Map) -> Map:
    """The map without what would be told twice, or says nothing (`OTHERWISE_TOLD`)."""
    cells = [
        replace(cell, entries=tuple(entry for entry in cell.entries if entry.name not in OTHERWISE_TOLD))
        for cell in whole.cells
    ]
    return replace(whole, cells=tuple(cell for cell in cells if cell.entries))


def _written(run: Session) -> list[Group]:
    """The personas of `maps/journey_map.yaml` that say which customers they are."""
    book = journey_map.load(run.workspace)
    if book is None or not any(who.customers for who in book.personas):
        return []
    members = journey_map.members(customers.load(run.workspace), book.personas)
    found = []
    for who in book.personas:
        own = [
            sheet.map for sheet in book.maps if sheet.kind == "current" and sheet.personas == (who.persona,)
        ]
        persona = Persona(who.persona, who.name, who.about, who.goals, who.quote)
        written = journey_map.drawn(book, own[0]) if own else None
        found.append(Group(persona, members.index[members == who.persona], written))
    return found


def _kept(run: Session, touches: Touches, file: str) -> list[Group]:
    """Kept personas: their customers as they are known at the end of the data."""
    model = sections_cast.recall(run, file)
    if model is None:
        return []
    known = sections_cast.features(run, touches, model, window=f"{round(model.window / 3.6e9)}h")
    labels = sections_cast.members_of(apply.assign(model.groups, known))
    said = notes(run.workspace).personas
    names = {
        code: (said[code].name if code in said else {}) or {run.language: _("Persona {n}", n=code[1:])}
        for code in sorted(labels.unique())
    }
    return _grouped(labels, names)


def _grouped(labels: pd.Series[Any], names: Mapping[str, Words]) -> list[Group]:
    return [
        Group(Persona(code, name), labels.index[labels == code].astype("int64"))
        for code, name in names.items()
    ]


def _measured(
    run: Session,
    touches: Touches,
    model: Model,
    cut: Mapping[str, Any],
    beside: Known,
    group: Group,
    within: str,
    order: Order,
) -> Map:
    """The map of one group's customers, in the lanes of `LANES`."""
    chosen = np.zeros(touches.customers, bool)
    chosen[group.people] = True
    authored = group.authored
    options = {name: value for name, value in cut.items() if value is not None}
    whole = journey_map.current(
        views.members(touches, chosen),
        model=model,
        authored=authored,
        scores=sections_map.felt(run, cut, beside.stage_of, group.people),
        called=beside.called,
        within=within,
        order=order,
        k=run.k,
        **options,
    )
    who = group.persona
    told = _("{n} customers in the data", n=i18n.number(len(group.people)))
    about = _name(run, who.about)
    cells = tuple(cell for cell in whole.cells if cell.lane in LANES)
    return replace(
        whole,
        name=who.persona,
        title={run.language: _("Personas side by side")},
        scenario={},
        personas=(replace(who, about={run.language: f"{about} {told}." if about else f"{told}."}),),
        lanes=tuple(lane for lane in whole.lanes if lane in LANES),
        cells=cells,
    )


def _name(run: Session, words: Words) -> str:
    return journey_map.words_in(words, run.language)
