"""Personas, alive in JupyterLab: choose what decides and how many, look at the members of one, keep them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from journey_lib import (
    charts_customers,
    charts_personas,
    charts_segments,
    customers,
    findings_found,
    findings_personas,
    sections_cast,
    single_view,
)
from journey_lib import features as tables_of
from journey_lib.errors import JourneyError
from journey_lib.features import Feature, Features
from journey_lib.i18n import text as _
from journey_lib.personas import kept, portrait
from journey_lib.personas.find import Found, find
from journey_lib.personas.matrix import HOW
from journey_lib.personas.stability import Method
from journey_lib.sections_cast import Look
from journey_lib.session import Session

MOST, LISTED = 10, 50


def personas(
    session: Session,
    looked: Look,
    features: Features,
    *,
    names: Collection[str] | None = None,
    method: Method = "kmeans",
    k: int | None = None,
    **asked: Any,
) -> widgets.VBox:
    """Find personas by other features, another method or another number, see how they differ, keep them.

    It opens with what the page `looked` for and found; `asked` goes to `find` as it is. What is chosen here
    is what the notebook's parameters `traits`, `method` and `personas` choose for the scheduled run; what is
    kept is what its parameter `model` names.
    """
    deciding, way, number = _choices(session, features, names, method, k)
    one = widgets.Dropdown(options=[], description=_("Persona"))
    who = widgets.Dropdown(options=[], description=_("Customer"))
    look = widgets.Button(description=_("Find"), button_style="primary")
    keep = widgets.Button(description=_("Keep"), disabled=True)
    whose = widgets.HBox([one, who])
    picture, person, told = widgets.Output(), widgets.Output(), widgets.Output()
    codes = _ids(session)
    at_hand = [looked.found] if looked.found is not None and looked.model is None else []
    found: list[Found] = []
    placed: dict[str, list[str]] = {}

    def draw(_change: object = None) -> None:
        look.disabled = True  # a second press while the first is looking would only be waited for
        found.clear()
        placed.clear()
        told.clear_output()
        with picture:
            picture.clear_output(wait=True)
            result = at_hand.pop() if at_hand else _found(session, features, deciding, way, number, asked)
            if result is not None:
                found.append(result)
                called = _drawn(session, features, result)
                placed.update(_members(result, codes))
        look.disabled = False
        keep.disabled = not (found and found[0].k)
        whose.layout.display = None if placed else "none"
        _offer(one, [(called.get(persona, persona), persona) for persona in sorted(placed)] if placed else [])
        listed()  # a persona of the same code as before is no change that a widget would tell of

    def listed(_change: object = None) -> None:
        _offer(who, [(code, code) for code in placed.get(one.value, [])[:LISTED]])

    def save(_change: object = None) -> None:
        with told:
            told.clear_output(wait=True)
            kept.save(found[0], features, session.workspace.path / kept.FILE)
            session.say(
                _("Kept in `{file}`. A run with `model={file}` uses these personas.", file=str(kept.FILE))
            )

    look.on_click(draw)
    keep.on_click(save)
    one.observe(listed, names="value")
    who.observe(lambda change: _shown(session, person, change["new"]), names="value")
    draw()
    controls = widgets.HBox([deciding, widgets.VBox([way, number, look, keep])])
    return widgets.VBox([controls, told, picture, whose, person])


def _found(
    session: Session, features: Features, deciding: Any, way: Any, number: Any, asked: Mapping[str, Any]
) -> Found | None:
    """What the choices find; None where they cannot be, which is said."""
    try:
        return find(features, names=list(deciding.value), method=way.value, k=number.value, **asked)
    except JourneyError as error:
        session.say(str(error))
        return None


def _shown(session: Session, person: widgets.Output, customer: str | None) -> None:
    """What one member did, and when."""
    with person:
        person.clear_output(wait=True)
        if customer is not None:
            seen = single_view.timeline(session.workspace, customer)
            session.show(charts_customers.timeline(seen, session.names))


def _offer(choice: widgets.Dropdown, options: list[tuple[str, str]]) -> None:
    """Options of which the first is chosen: a list that was empty before would choose none."""
    choice.options = options
    choice.value = options[0][1] if options else None


def _drawn(session: Session, features: Features, result: Found) -> dict[str, str]:
    """Show what was found, and how the personas differ; their names."""
    session.say(findings_found.verdict(result, session.k))
    session.show(charts_segments.gate(findings_found.gate(result, session.k)))
    members = sections_cast.members_of(result.labels)
    if not len(members):
        return {}
    # beside those known as well as they are: beside everybody, who is known better has more of everything
    base = replace(features, frame=features.frame.loc[features.frame.index.isin(result.labels.index)])
    traits = portrait.traits(base, members).suppressed(session.k)
    names = findings_personas.proposed(traits, base, session.names)
    titles = tables_of.titles(features, session.workspace, session.language, names=session.names)
    session.show(charts_personas.traits(traits, names, titles))
    return names


def _members(result: Found, codes: dict[int, str]) -> dict[str, list[str]]:
    """Ids of the members of each persona, the clearest first: who lies between two is a poor example."""
    placed: dict[str, list[str]] = {}
    members = sections_cast.members_of(result.labels)
    clearest = result.margin.loc[members.index].sort_values(ascending=False, kind="stable").index
    for code, persona in members.loc[clearest].items():
        if code in codes:
            placed.setdefault(str(persona), []).append(codes[int(code)])
    return placed


def _ids(session: Session) -> dict[int, str]:
    """The id of each customer who may be shown singly, by their code."""
    known = customers.load(session.workspace)
    known = known[known["customer"].notna() & ~known["opt_out"]]
    return dict(zip(known["customer"].astype(int), known["customer_id"], strict=True))


def _decides(feature: Feature) -> bool:
    """Whether a feature decides when nothing is asked for, so that the first look is the page's."""
    how = feature.family in HOW and feature.kind == "share"
    return feature.behaviour and (feature.source == "file" or how)


def _choices(
    session: Session, features: Features, names: Collection[str] | None, method: Method, k: int | None
) -> tuple[Any, Any, Any]:
    """What decides, how groups are found, and how many: as the page was asked for."""
    titles = tables_of.titles(features, session.workspace, session.language, names=session.names)
    numeric = [each for each in features.about if each.kind != "category"]
    deciding = widgets.SelectMultiple(
        options=[(titles[each.name], each.name) for each in numeric],
        value=tuple(
            each.name for each in numeric if (_decides(each) if names is None else each.name in names)
        ),
        description=_("Features"),
        rows=10,
        layout=widgets.Layout(width="26rem"),
    )
    way = widgets.Dropdown(
        options=[
            (_("k-means"), "kmeans"),
            (_("Gaussian mixture"), "mixture"),
            (_("Mixture of multinomials"), "multinomial"),
        ],
        value=method,
        description=_("Method"),
    )
    number = widgets.Dropdown(
        options=[
            (_("as many as are found again"), "auto"),
            *((str(n), n) for n in range(2, max(MOST, k or 0) + 1)),
        ],
        value="auto" if k is None else k,
        description=_("Personas"),
    )
    return deciding, way, number
