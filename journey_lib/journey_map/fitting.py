"""Whether the parts of a file of maps fit together: each name that nothing declares, with its line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import yaml

from journey_lib.authored import line_of
from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.journey_map.sheets import Book, Sheet

Spot = tuple[str | int, ...]
Complaint = tuple[Spot, str]


def fit(
    whole: Book,
    *,
    where: str,
    root: yaml.Node | None,
    stages: Collection[str] | None = None,
    touchpoints: Collection[str] | None = None,
    columns: Collection[str] | None = None,
) -> None:
    """Refuse a department, persona, stage, touchpoint or column that there is not, and what stands twice.

    `stages` are those of the model, which maps of kind current and future follow; `touchpoints` those of
    `maps/touchpoints.yaml`, `columns` those of the customers table. None of them is looked at where None.

    Raises
    ------
    ConfigError
        With the line and the field of every complaint.
    """
    found = [*_complaints(whole, stages, touchpoints), *_columns(whole, columns)]
    if found:
        raise ConfigError(
            "the journey map says something that cannot be",
            where="\n         ".join(
                f"{where}{line_of(root, spot)}: {'.'.join(map(str, spot))}: {said}" for spot, said in found
            ),
            how_many=f"{len(found)} problem(s)",
        )


def _complaints(
    whole: Book, stages: Collection[str] | None, touchpoints: Collection[str] | None
) -> Iterator[Complaint]:
    yield from _twice("map", [(("maps", at, "map"), each.map) for at, each in enumerate(whole.maps)])
    known = [who.persona for who in whole.personas]
    yield from _twice("persona", [(("personas", at, "persona"), name) for at, name in enumerate(known)])
    for at, sheet in enumerate(whole.maps):
        spot: Spot = ("maps", at)
        for place, name in enumerate(sheet.personas):
            yield from _unknown("persona", name, known, (*spot, "personas", place))
        columns = [((*spot, "stages", place), column) for place, column in enumerate(sheet.stages)]
        yield from _twice("stage", [((*where, "stage"), column.stage) for where, column in columns])
        if stages is not None and sheet.kind in ("current", "future"):
            for where, column in columns:
                yield from _unknown("stage", column.stage, stages, (*where, "stage"))
        yield from _owners(sheet, spot, whole.departments)
        yield from _topics(sheet, spot, touchpoints)


def _columns(whole: Book, columns: Collection[str] | None) -> Iterator[Complaint]:
    """What a persona asks of its customers and the customers table does not have."""
    for at, who in enumerate(whole.personas):
        for name in who.customers if columns is not None else ():
            yield from _unknown(
                "column of customers", name, columns or (), ("personas", at, "customers", name)
            )


def _owners(sheet: Sheet, spot: Spot, departments: Collection[str]) -> Iterator[Complaint]:
    for place, column in enumerate(sheet.stages):
        where: Spot = (*spot, "stages", place)
        owned: list[tuple[Spot, str]] = [((*where, "owner"), column.owner)]
        owned += [
            ((*where, "opportunities", at, "owner"), each.owner)
            for at, each in enumerate(column.opportunities)
        ]
        owned += [((*where, "actions", at, "owner"), each.owner) for at, each in enumerate(column.actions)]
        for field, owner in owned:
            if owner:
                yield from _unknown("department", owner, departments, field)


def _topics(sheet: Sheet, spot: Spot, touchpoints: Collection[str] | None) -> Iterator[Complaint]:
    topics = [
        ((*spot, "stages", place, "topics", at), each)
        for place, column in enumerate(sheet.stages)
        for at, each in enumerate(column.topics)
    ]
    yield from _twice("topic", [((*where, "topic"), each.topic) for where, each in topics])
    for where, each in topics:
        if touchpoints is not None and each.touchpoint:
            yield from _unknown("touchpoint", each.touchpoint, touchpoints, (*where, "touchpoint"))


def _unknown(what: str, name: str, known: Collection[str], spot: Spot) -> Iterator[Complaint]:
    if name not in known:
        yield spot, f"there is no {what} '{name}'. {did_you_mean(name, known)}"


def _twice(what: str, found: Sequence[tuple[Any, str]]) -> Iterator[Complaint]:
    seen: set[str] = set()
    for spot, name in found:
        if name in seen:
            yield spot, f"the {what} '{name}' stands there twice: keep one of them"
        seen.add(name)
