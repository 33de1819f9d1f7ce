"""Maps for other programs: CSV, Excel, Mermaid, CJML."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from journey_lib.errors import ParameterError
from journey_lib.journey_map.answers import to_frame
from journey_lib.journey_map.nouns import Map, words_in
from journey_lib.model import Language

# What a spreadsheet would run, not show.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


# What Mermaid reads as an order where a line begins with it.
_ORDERS = ("journey", "title", "section", "acctitle", "accdescr")


def to_csv(whole: Map) -> str:
    """The map as a table for a spreadsheet, columns as `to_frame`; no text in it begins like a formula.

    `from_table` reads it back: what people wrote comes in again, what data say is passed over.
    """
    return str(_harmless(to_frame(whole)).to_csv(index=False, lineterminator="\n"))


def to_excel(whole: Map, file: Path) -> None:
    """The same as a workbook of one sheet; ParameterError where openpyxl is not installed."""
    with_openpyxl()
    with pd.ExcelWriter(file, engine="openpyxl") as book_of:
        frame = _harmless(to_frame(whole))
        frame.to_excel(book_of, sheet_name="journey_map", index=False)
        for row in book_of.sheets["journey_map"].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"


def to_mermaid(whole: Map, *, language: Language) -> str:
    """The steps of a map as a Mermaid `journey`: a section a stage, a task a step, the feeling from 1 to 5.

    A stage without a feeling gets 3, and says so in a comment. Mermaid knows no colons and no line breaks in
    names; they become commas and spaces. A step that begins like one of its own words gets a dash before it.
    """
    people = [_mermaid(words_in(who.name, language)).replace(",", "") for who in whole.personas]
    actors = ", ".join(people) or "customer"
    lines = ["journey", f"    title {_mermaid(words_in(whole.title, language) or whole.name)}"]
    for spot in whole.stages:
        felt = _score(whole, spot.stage)
        lines.append(f"    section {_mermaid(words_in(spot.label, language) or spot.stage)}")
        if felt is None:
            lines.append("    %% no feeling is known here: 3 stands for that")
        score = 3 if felt is None else round(3 + 2 * felt)
        steps = _steps(whole, spot.stage, language) or [words_in(spot.label, language) or spot.stage]
        lines += [f"      {_task(step)}: {score}: {actors}" for step in steps]
    return "\n".join(lines) + "\n"


def to_cjml(whole: Map, *, language: Language, names: Mapping[str, str] | None = None) -> str:
    """The steps of a map in the Customer Journey Modeling Language (CJML 2.0), as XML.

    An actual journey for maps of kind ``current`` and ``support``, a planned one for the others. Steps (where
    none are written, what customers do) become actions of the customer, touchpoints, or else channels,
    communication points between customer and firm, in the order of the stages, which are its phases; what
    else a map knows has no place in the language and is left out, feelings too, which belong to one person's
    journey there. `names` is what readers call touchpoints. The elements of an actual journey, its actors and
    its communication points are those of the example that the language's authors publish; those of actions,
    phases and planned journeys are the ones other open tools for the language read and write. Their schema
    was not at hand: what is written is well-formed and of that structure, no more is known.
    """
    way = "actual" if whole.kind in ("current", "support") else "planned"
    root = ElementTree.Element("CJML", {"version": "2.0"})
    journey = ElementTree.SubElement(root, f"{way}Journey")
    _element(journey, "journeyID", whole.name)
    if title := words_in(whole.title, language):
        _element(journey, "journeyTitle", title)
    phases = ElementTree.SubElement(journey, "journeyPhases")
    for spot in whole.stages:
        phase = ElementTree.SubElement(phases, "journeyPhase", {"phaseID": spot.stage})
        _element(phase, "phaseName", words_in(spot.label, language) or spot.stage)
    if scenario := words_in(whole.scenario, language):
        _element(journey, "journeyShortSummary", scenario)
    actors = ElementTree.SubElement(journey, "actors")
    who = whole.personas[0] if whole.personas else None
    customer = "customer" if who is None else who.persona
    name = "customer" if who is None else words_in(who.name, language)
    _element(ElementTree.SubElement(actors, "endUser", {"actorID": customer}), "actorName", name)
    _element(ElementTree.SubElement(actors, "serviceProvider", {"actorID": "firm"}), "companyName", "firm")
    points = ElementTree.SubElement(journey, "touchpoints")
    number = 0
    for spot in whole.stages:
        for step in _steps(whole, spot.stage, language):
            number += 1
            action = ElementTree.SubElement(points, f"{way}Action")
            _element(action, "touchpointID", f"TP{number}")
            ElementTree.SubElement(action, "belongsTo", {"phaseIDref": spot.stage})
            _end(action, "initiator", customer, step)
        for channel in _names(whole, spot.stage, language, names or {}):
            number += 1
            point = ElementTree.SubElement(points, f"{way}CommunicationPoint")
            _element(point, "touchpointID", f"TP{number}")
            ElementTree.SubElement(point, "belongsTo", {"phaseIDref": spot.stage})
            label = words_in(spot.label, language) or spot.stage
            _end(point, "initiator", customer, label)
            _end(point, "receiver", "firm", label)
            _element(ElementTree.SubElement(point, "channel"), "channelName", channel)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet would run."""
    texts = frame.select_dtypes(exclude="number").columns
    return frame.assign(
        **{
            column: [
                f"'{v}" if isinstance(v, str) and v.lstrip("'").startswith(FORMULAS) else v
                for v in frame[column]
            ]
            for column in texts
        }
    )


def with_openpyxl() -> None:
    """Say what to install where workbooks cannot be read or written."""
    if importlib.util.find_spec("openpyxl") is None:
        raise ParameterError(
            "Excel workbooks need openpyxl", do="pip install 'journey-workbench[excel]', or use CSV"
        )


def _mermaid(said: str) -> str:
    # Two per cent signs begin a comment, or with a brace an order to the program.
    return " ".join(said.replace(":", ",").replace(";", ",").replace("#", "").replace("%", " % ").split())


def _task(said: str) -> str:
    words = _mermaid(said)
    return f"– {words}" if words.casefold().startswith(_ORDERS) else words


def _element(parent: ElementTree.Element, tag: str, said: str) -> None:
    # XML has no place for control characters, escaped or not.
    ElementTree.SubElement(parent, tag).text = "".join(c for c in said if c >= " " or c in "\t\n")


def _end(parent: ElementTree.Element, role: str, actor: str, label: str) -> None:
    """Who begins or receives a touchpoint, and what it is to them."""
    end = ElementTree.SubElement(parent, role)
    ElementTree.SubElement(end, "refersTo", {"actorIDref": actor})
    _element(end, f"{role}Label", label)


def _score(whole: Map, stage: str) -> float | None:
    cell = whole.at(stage, "feeling")
    said = [e.number.value for e in (() if cell is None else cell.entries) if e.number and not e.name]
    return said[0] if said else None


def _steps(whole: Map, stage: str, language: Language) -> list[str]:
    """What customers do at a stage: their steps as people wrote them, else what they were seen doing."""
    for lane in ("steps", "doing"):
        cell = whole.at(stage, lane)
        said = [e.said(language) for e in (() if cell is None else cell.entries) if ":" not in e.name]
        if said:
            return said
    return []


def _names(whole: Map, stage: str, language: Language, names: Mapping[str, str]) -> list[str]:
    """Where customer and firm meet at a stage: its touchpoints, else its channels."""
    cell = whole.at(stage, "touchpoints") or whole.at(stage, "channels")
    return [entry.said(language, names) for entry in (() if cell is None else cell.entries)]
