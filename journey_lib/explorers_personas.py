"""Personas, alive in JupyterLab: choose what decides and how many, and look at the members of one."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from journey_lib import (
    charts_customers,
    charts_personas,
    charts_segments,
    customers,
    findings_found,
    findings_personas,
    single_view,
)
from journey_lib import features as tables_of
from journey_lib.errors import JourneyError
from journey_lib.features import Features
from journey_lib.i18n import text as _
from journey_lib.personas import portrait
from journey_lib.personas.find import find
from journey_lib.session import Session

MOST, LISTED = 10, 50


def personas(session: Session, features: Features, *, least_touches: int = 20, seed: int = 0) -> widgets.VBox:
    """Find personas by other features, another method or another number, and see how they differ.

    What is chosen here is what the notebook's parameters `traits`, `method` and `personas` choose for the
    scheduled run.
    """
    deciding, method, number = _choices(session, features)
    one = widgets.Dropdown(options=[], description=_("Persona"))
    who = widgets.Dropdown(options=[], description=_("Customer"))
    look = widgets.Button(description=_("Find"), button_style="primary")
    picture, person = widgets.Output(), widgets.Output()
    codes = _ids(session)
    placed: dict[str, list[str]] = {}

    def draw(_change: object = None) -> None:
        with picture:
            picture.clear_output(wait=True)
            try:
                asked = {"names": list(deciding.value), "method": method.value, "k": number.value}
                result = find(features, **asked, least_touches=least_touches, seed=seed)
            except JourneyError as error:
                session.say(str(error))
                return
            session.say(findings_found.verdict(result))
            session.show(charts_segments.gate(findings_found.gate(result)))
            placed.clear()
            members = result.labels[result.labels >= 0].map(lambda label: f"p{label + 1}")
            if not len(members):
                one.options = []
                return
            traits = portrait.traits(features, members).suppressed(session.k)
            names = findings_personas.proposed(traits, features, session.names)
            titles = tables_of.titles(features, session.workspace, session.language)
            session.show(charts_personas.traits(traits, names, titles))
            # the clearest first: who lies between two personas is a poor example of either
            clearest = members.loc[result.margin.loc[members.index].sort_values(ascending=False).index]
            for code, persona in clearest.items():
                if code in codes:
                    placed.setdefault(persona, []).append(codes[code])
            one.options = [(names.get(persona, persona), persona) for persona in sorted(placed)]

    def listed(_change: object = None) -> None:
        who.options = placed.get(one.value, [])[:LISTED]

    def shown(_change: object = None) -> None:
        with person:
            person.clear_output(wait=True)
            if who.value is not None:
                session.show(
                    charts_customers.timeline(
                        single_view.timeline(session.workspace, who.value), session.names
                    )
                )

    look.on_click(draw)
    one.observe(listed, names="value")
    who.observe(shown, names="value")
    draw()
    controls = widgets.HBox([deciding, widgets.VBox([method, number, look])])
    return widgets.VBox([controls, picture, widgets.HBox([one, who]), person])


def _ids(session: Session) -> dict[int, str]:
    """The id of each customer who may be shown singly, by their code."""
    known = customers.load(session.workspace)
    known = known[known["customer"].notna() & ~known["opt_out"]]
    return dict(zip(known["customer"].astype(int), known["customer_id"], strict=True))


def _choices(session: Session, features: Features) -> tuple[Any, Any, Any]:
    """What decides, how groups are found, and how many."""
    titles = tables_of.titles(features, session.workspace, session.language)
    numeric = [each for each in features.about if each.kind != "category"]
    deciding = widgets.SelectMultiple(
        options=[(titles[each.name], each.name) for each in numeric],
        value=tuple(each.name for each in numeric if each.behaviour),
        description=_("Features"),
        rows=10,
        layout=widgets.Layout(width="26rem"),
    )
    method = widgets.Dropdown(
        options=[(_("k-means"), "kmeans"), (_("Gaussian mixture"), "mixture")], description=_("Method")
    )
    number = widgets.Dropdown(
        options=[(_("as many as are found again"), "auto"), *((str(k), k) for k in range(2, MOST + 1))],
        description=_("Personas"),
    )
    return deciding, method, number
