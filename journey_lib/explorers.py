"""Explorers: the same questions, asked again and again with the hands, in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import altair as alt
import ipywidgets as widgets

from journey_lib import (
    attribution,
    charts,
    charts_customers,
    charts_flows,
    charts_journeys,
    customers,
    findings_customers,
    single_view,
    touches,
)
from journey_lib import journeys as views
from journey_lib.attribution import MODELS
from journey_lib.errors import JourneyError
from journey_lib.i18n import text as _
from journey_lib.journeys import Group, steps_by
from journey_lib.model import Result
from journey_lib.sections_groups import Named
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches

Drawn = Callable[[Session, Touches, Group | None, str | None, str], alt.TopLevelMixin]


def _drawn(ask: Callable[..., Result], draw: Callable[..., alt.TopLevelMixin]) -> Drawn:
    def shown(
        session: Session, walked: Touches, group: Group | None, conversion: str | None, lookback: str
    ) -> alt.TopLevelMixin:
        result = ask(walked, group=group, conversion=conversion, lookback=lookback)
        scope = session.scope(journeys=result.facts["journeys"])
        return draw(result.suppressed(session.k), session.names, scope)

    return shown


def _paths(
    session: Session, walked: Touches, group: Group | None, conversion: str | None, lookback: str
) -> alt.TopLevelMixin:
    """The most frequent paths; those of too few people are only ever among all the others."""
    table = views.paths(walked, group=group, conversion=conversion, lookback=lookback)
    top = views.top(table, k=session.k).suppressed(session.k)
    return charts_journeys.paths(top, session.names, session.scope(journeys=top.facts["journeys"]))


VIEWS: Mapping[str, Drawn] = {
    "next steps": _drawn(views.transitions, charts.transition_map),
    "touch by touch": _drawn(views.flows, charts_flows.flows),
    "first touch": _drawn(views.entries, charts_journeys.outcomes),
    "last touch": _drawn(partial(views.entries, side="last"), charts_journeys.outcomes),
    "step by step": _drawn(views.step_matrix, charts_journeys.step_matrix),
    "whole ways": _paths,
    "length": _drawn(views.lengths, charts_journeys.outcomes),
    "duration": _drawn(views.durations, charts_journeys.outcomes),
    "detours": _drawn(views.detours, charts_journeys.detours),
}
LOOKBACKS = (1, 3, 7, 14, 30, 60, 90)


def credit(session: Session, table: Touches, conversion: str | None = None) -> widgets.VBox:
    """Credit by channel, alive: choose the model, the lookback and the half-life, and the chart follows."""
    held = touches.hold(table)
    model = widgets.Dropdown(
        options=[(charts.model_name(name), name) for name in MODELS], value="markov", description=_("Model")
    )
    lookback = widgets.SelectionSlider(
        options=[(_("{days} days", days=days), f"{days}d") for days in LOOKBACKS],
        value="30d",
        description=_("Lookback"),
        continuous_update=False,
    )
    half_life = widgets.IntSlider(
        value=7,
        min=1,
        max=30,
        description=_("Half-life (days)"),
        continuous_update=False,
        style={"description_width": "initial"},
    )
    order = widgets.IntSlider(value=1, min=1, max=3, description=_("Order"), continuous_update=False)
    direct = widgets.Checkbox(value=False, description=_("Leave direct out unless alone"))
    picture = widgets.Output()

    def draw(_change: object = None) -> None:
        half_life.layout.display = "" if model.value == "time_decay" else "none"
        order.layout.display = "" if model.value == "markov" else "none"
        options = {"time_decay": {"half_life": f"{half_life.value}d"}, "markov": {"order": order.value}}
        with picture:
            picture.clear_output(wait=True)
            try:
                result = attribution.credit(
                    held,
                    model.value,
                    conversion=conversion,
                    lookback=lookback.value,
                    direct="drop" if direct.value else "keep",
                    **options.get(model.value, {}),
                )
            except JourneyError as error:
                session.say(str(error))
                return
            scope = session.scope(conversions=result.facts["conversions"])
            session.show(charts.credit_bars(result.suppressed(session.k), session.names, scope))

    for control in (model, lookback, half_life, order, direct):
        control.observe(draw, names="value")
    draw()
    return widgets.VBox([widgets.HBox([model, lookback]), widgets.HBox([half_life, order, direct]), picture])


def journeys(
    session: Session, table: Touches, model: Model, conversion: str | None = None, *named: Named
) -> widgets.VBox:
    """The views of journeys, alive: choose the view, what its steps are, and whose journeys to look at.

    `named` are the groups of customers that can be chosen: segments, personas.
    """
    held = touches.hold(table)
    groups = [
        views.of_customers(name, each.flags(held, code))
        for each in named
        for code, name in each.names.items()
    ]
    everyone = _("all journeys")
    view = widgets.Dropdown(options=[(_(name), name) for name in VIEWS], description=_("View"))
    by = widgets.Dropdown(
        options=[(_(name), name) for name in ("channel", "touchpoint", "event_type", "stage")],
        description=_("Steps"),
    )
    through = widgets.Dropdown(description=_("Through"))
    whose = widgets.Dropdown(
        options=[(_("all customers"), None), *((group.name, place) for place, group in enumerate(groups))],
        description=_("Customers"),
    )
    lookback = widgets.SelectionSlider(
        options=[(_("{days} days", days=days), f"{days}d") for days in LOOKBACKS],
        value="30d",
        description=_("Lookback"),
        continuous_update=False,
    )
    picture = widgets.Output()
    walked = {name: touches.hold(steps_by(held, name, model)) for name in ("channel", "stage")}

    def listed(_change: object = None) -> None:
        if by.value not in walked:
            walked[by.value] = touches.hold(steps_by(held, by.value, model))
        names = walked[by.value].channels
        through.options = [(everyone, None), *((session.names.get(name, name), name) for name in names)]
        draw()

    def draw(_change: object = None) -> None:
        with picture:
            picture.clear_output(wait=True)
            try:
                chosen = walked[by.value]
                group = views.through(chosen, through.value) if through.value else None
                if whose.value is not None:
                    theirs = groups[whose.value]
                    group = views.both(group, theirs) if group else theirs
                session.show(VIEWS[view.value](session, chosen, group, conversion, lookback.value))
            except JourneyError as error:
                session.say(str(error))

    by.observe(listed, names="value")
    for control in (view, through, whose, lookback):
        control.observe(draw, names="value")
    listed()
    choices = [widgets.HBox([view, by]), widgets.HBox([through, whose, lookback])]
    return widgets.VBox([*choices, picture])


def touchpoint(session: Session, table: Touches, conversion: str | None = None) -> widgets.VBox:
    """What comes before and after one touchpoint, alive: choose it, and how far back a journey reaches.

    `table` has its steps called by touchpoint (`touchpoints.walked`).
    """
    held = touches.hold(table)
    which = widgets.Dropdown(
        options=sorted((session.names.get(name, name), name) for name in held.channels),
        description=_("Touchpoint"),
    )
    lookback = widgets.SelectionSlider(
        options=[(_("{days} days", days=days), f"{days}d") for days in LOOKBACKS],
        value="30d",
        description=_("Lookback"),
        continuous_update=False,
    )
    picture = widgets.Output()

    def draw(_change: object = None) -> None:
        with picture:
            picture.clear_output(wait=True)
            try:
                steps = views.transitions(held, conversion=conversion, lookback=lookback.value)
                near = views.near(steps, which.value, session.k)
            except JourneyError as error:
                session.say(str(error))
                return
            session.show(charts_journeys.around(near, session.names))

    for control in (which, lookback):
        control.observe(draw, names="value")
    draw()
    return widgets.VBox([widgets.HBox([which, lookback]), picture])


MOST_LISTED = 500  # customers in the list: more than anybody scrolls through; any other code can be typed


def customer(session: Session) -> widgets.VBox:
    """One customer's whole journey and why they are one: choose a stage, then a customer, or type a code."""
    people = customers.load(session.workspace)
    people = people[people["customer"].notna() & ~people["opt_out"]].sort_values("rows", ascending=False)
    there = [stage for stage in customers.STAGES if (people["stage"] == stage).any()]
    names = [(_(charts_customers.STAGE_NAMES[stage]), stage) for stage in there]
    stage = widgets.Dropdown(options=names, description=_("Stage"))
    who = widgets.Combobox(description=_("Customer"), ensure_option=False, continuous_update=False)
    picture = widgets.Output()

    def listed(_change: object = None) -> None:
        found = people.loc[people["stage"] == stage.value, "customer_id"].head(MOST_LISTED).tolist()
        who.options = found
        who.value = found[0] if found else ""

    def draw(_change: object = None) -> None:
        with picture:
            picture.clear_output(wait=True)
            try:
                result = single_view.timeline(session.workspace, who.value or None)
                merges = single_view.merges(session.workspace, who.value or None)
            except JourneyError as error:
                session.say(str(error))
                return
            session.show(charts_customers.timeline(result, session.names))
            session.say(findings_customers.merges(merges))
            session.table(merges)

    stage.observe(listed, names="value")
    who.observe(draw, names="value")
    listed()
    return widgets.VBox([widgets.HBox([stage, who]), picture])
