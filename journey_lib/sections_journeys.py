"""Parts of the page on journeys: segments, two groups in every view, and this time against last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from journey_lib import charts_flows, charts_journeys, conformance, findings_journeys, funnel, maps
from journey_lib import journeys as views
from journey_lib.funnel import Order
from journey_lib.i18n import text as _
from journey_lib.journeys import Cutting, Group
from journey_lib.model import Result
from journey_lib.retention import repeat
from journey_lib.sections_groups import Named, Sides
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches

THIS, LAST = "this period", "the one before"


def stories(
    run: Session,
    touches: Touches,
    walked: Touches,
    model: Model,
    ways: views.PathTable,
    some: Named,
    cut: Mapping[str, Any],
) -> list[Result]:
    """The most frequent way to a conversion, of everybody and of each segment; the results shown.

    `ways` are the paths of the converting journeys, `touches` the table whose steps `walked` calls by others.
    """
    most = views.top(ways, k=run.k).suppressed(run.k)
    run.say(findings_journeys.story(most, run.names, run.title))
    if not some.names:
        run.say(_("No segments are told apart here; docs/personas.md says how to declare them."))
        return []
    staged = views.steps_by(touches, "stage", model)
    asked: dict[str, Any] = {}
    groups = {code: views.of_customers(name, some.flags(touches, code)) for code, name in some.names.items()}
    for code, group in groups.items():
        bought = views.both(views.converted(), group, group.name)
        asked[f"ways {code}"] = partial(views.paths, walked, group=bought, **cut)
        asked[f"turns {code}"] = partial(views.detours, staged, group=group, **cut)
    found = views.together(
        {"overview": partial(views.overview, walked, list(groups.values()), **cut), **asked}
    )
    for code, name in some.names.items():
        top = views.top(found[f"ways {code}"], k=run.k).suppressed(run.k)
        run.say(findings_journeys.story(top, run.names, name))
    overview = found["overview"].suppressed(run.k)
    overview = replace(overview, facts={**overview.facts, "structural": some.by_sales})
    turns = _by_segment({name: found[f"turns {code}"] for code, name in some.names.items()}).suppressed(run.k)
    scope = run.scope(cut["period"], journeys=found["overview"].table["journeys"].sum())
    run.show(charts_journeys.outcomes(overview, run.names, scope))
    run.table(overview)
    counted = run.scope(cut["period"], journeys=turns.facts["journeys"])  # by stage: more than by channel
    run.show(charts_journeys.detours_by_segment(turns, counted))
    return [overview, turns]


def compared(
    run: Session,
    touches: Touches,
    walked: Touches,
    model: Model,
    sides: Sides,
    cut: Mapping[str, Any],
    *,
    within: str,
) -> list[Result]:
    """Two groups of journeys beside each other in every view; the results shown.

    Where it is customers who are told apart, views of stages and of customers are asked too.
    """
    asked = _of_journeys(walked, sides.groups, cut)
    if sides.customers is not None:
        asked |= _of_stages(run, touches, model, sides.groups, cut)
        whose = [{"customers": flags} for flags in sides.customers]
        asked |= _of_customers(touches, model, whose, cut, within, "loose")
    found = views.together(asked)
    both = _beside(found, sides.names, run.k)
    run.say(sides.about)
    run.say(findings_journeys.compared(both[0]))
    counted = sum(found[f"lengths {side}"].facts["journeys"] for side in (0, 1))
    run.show(charts_flows.compared(both[0], run.names, run.scope(cut["period"], journeys=counted)))
    overall = findings_journeys.differences(both, run.names)
    run.table(overall)
    return [*both, overall]


def last_time(
    run: Session,
    touches: Touches,
    walked: Touches,
    model: Model,
    recent: str,
    cut: Cutting,
    *,
    within: str,
    order: Order,
) -> list[Result]:
    """The last period of length `recent` beside the one before it, in every view; the results shown.

    Weekly and monthly views have nothing in common between two periods, and are left out.
    """
    later, before = views.last_two(walked, recent, cut)
    asked: dict[str, Any] = {}
    for side, each in enumerate((later, before)):
        mine = _of_journeys(walked, (), each) | _of_stages(run, touches, model, (), each)
        mine |= _of_customers(touches, model, [{}], each, within, order)
        asked |= {f"{name.split()[0]} {side}": ask for name, ask in mine.items()}
    both = _beside(views.together(asked), (THIS, LAST), run.k)
    run.say(findings_journeys.last_time(both))
    run.say(findings_journeys.compared(both[0]))
    run.show(charts_flows.compared(both[0], run.names, run.scope(later["period"])))
    overall = findings_journeys.differences(both, run.names)
    run.table(overall)
    return [*both, overall]


def _sides(groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [{"group": group} for group in groups] or [{}]


def _of_journeys(walked: Touches, groups: Sequence[Group], cut: Mapping[str, Any]) -> dict[str, Any]:
    """Views of journeys by their steps, asked of each group; of all where there is none."""
    asked: dict[str, Any] = {
        "transitions": partial(views.transitions, walked),
        "flows": partial(views.flows, walked),
        "first": partial(views.entries, walked),
        "last": partial(views.entries, walked, side="last"),
        "lengths": partial(views.lengths, walked),
        "durations": partial(views.durations, walked),
        "paths": partial(views.paths, walked),
    }
    return {
        f"{name} {side}": partial(ask, **chosen, **cut)
        for name, ask in asked.items()
        for side, chosen in enumerate(_sides(groups))
    }


def _of_stages(
    run: Session, touches: Touches, model: Model, groups: Sequence[Group], cut: Mapping[str, Any]
) -> dict[str, Any]:
    """Views of journeys by their stages and beside the plan, where there is one."""
    staged = views.steps_by(touches, "stage", model)
    asked: dict[str, Any] = {"detours": partial(views.detours, staged)}
    if (run.workspace.path / maps.PLANNED).is_file():
        plan = maps.planned(run.workspace)
        asked["planned"] = partial(conformance.score, views.steps_by(touches, plan.by, model), plan)
    return {
        f"{name} {side}": partial(ask, **chosen, **cut)
        for name, ask in asked.items()
        for side, chosen in enumerate(_sides(groups))
    }


def _of_customers(
    touches: Touches,
    model: Model,
    sides: Sequence[Mapping[str, Any]],
    cut: Mapping[str, Any],
    within: str,
    order: Order,
) -> dict[str, Any]:
    """Views of customers, asked of each of the sides."""
    staged = views.steps_by(touches, "stage", model)
    ways = model.up_to(None, touches.converting(cut["conversion"]))
    way: dict[str, Any] = {"order": order, "period": cut["period"]}
    sales = {name: cut[name] for name in ("conversion", "period")}
    asked: dict[str, Any] = {}
    for side, only in enumerate(sides):
        asked |= {
            f"funnel {side}": partial(funnel.funnel, staged, within=within, **way, **only),
            f"dropped {side}": partial(funnel.dropped, staged, called=touches, within=within, **way, **only),
            f"time {side}": partial(funnel.time_to, staged, ways, **way, **only),
            f"now {side}": partial(views.stages_now, staged, period=cut["period"], **only),
            f"again {side}": partial(repeat, touches, **sales, **only),
        }
    return asked


def _beside(found: Mapping[str, Any], names: tuple[str, str], k: int) -> list[Result]:
    """Each view's two sides beside each other, in the order in which they were asked."""
    asked = dict.fromkeys(name.split()[0] for name in found)
    return [views.beside(found[f"{name} 0"], found[f"{name} 1"], names).suppressed(k) for name in asked]


def _by_segment(turns: Mapping[str, Result]) -> Result:
    """The moves of all stages together, of each segment."""
    parts = [
        result.table[result.table["stage"] == "(all)"].drop(columns="stage").assign(segment=name)
        for name, result in turns.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    columns = ["segment", *(name for name in table if name != "segment")]
    said = {name: value for name, value in next(iter(turns.values())).settings.items() if name != "group"}
    facts = {"segments": len(turns), "journeys": sum(result.facts["journeys"] for result in turns.values())}
    first = next(iter(turns.values()))
    return replace(first, name="segment_detours", table=table[columns], facts=facts, settings=said)
