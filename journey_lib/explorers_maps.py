"""Maps of customers told apart by whatever one chooses, side by side, in JupyterLab."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from journey_lib import customers, sections_map_apart
from journey_lib.errors import JourneyError
from journey_lib.funnel.walk import Order
from journey_lib.i18n import text as _
from journey_lib.sections_map_cells import Known
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.tables import heading
from journey_lib.touches import Touches

FEW = 12  # classes of a column that still tells groups of customers apart


def personas(
    session: Session,
    table: Touches,
    model: Model,
    cut: Mapping[str, Any],
    beside: Known,
    *,
    within: str,
    order: Order,
) -> widgets.VBox:
    """Whose journeys differ? Choose what tells customers apart, and their maps stand side by side."""
    people = customers.load(session.workspace)
    columns = [name for name in customers.TRAITS if 2 <= people[name].nunique() <= FEW]
    kept = sorted((session.workspace.path / "maps").glob(f"*{sections_map_apart.KEPT}"))
    choices: list[tuple[str, str | None]] = [(_("those the maps describe"), None)]
    choices += [(heading(name), name) for name in columns]
    choices += [(file.name, str(Path("maps") / file.name)) for file in kept]
    by = widgets.Dropdown(options=choices, description=_("Personas"))
    picture = widgets.Output()

    def draw(_change: object = None) -> None:
        with picture:
            picture.clear_output(wait=True)
            try:
                sections_map_apart.side_by_side(
                    session, table, model, cut, beside, by.value, within=within, order=order
                )
            except JourneyError as error:
                session.say(str(error))

    by.observe(draw, names="value")
    draw()
    return widgets.VBox([by, picture])
