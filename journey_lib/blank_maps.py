"""Empty maps for people to fill in: `journey init --maps` writes them beside a workspace's journey.yaml."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template

from journey_lib import journey_map, stages, touchpoints
from journey_lib import touches as tables
from journey_lib.model import RESERVED, Language
from journey_lib.personas import told
from journey_lib.stages import Model
from journey_lib.workspace import Workspace

MANIFEST = "manifest.json"  # of the work folder: it is there once a workspace has been prepared


def write(workspace: Workspace, *, language: Language = "vi", today: dt.date | None = None) -> str:
    """Write `maps/touchpoints.yaml` and `maps/journey_map.yaml` where they are missing; say what was done.

    Both are valid as they stand, with a comment for every key. Of a workspace that has been prepared the
    first lists every touchpoint its data know, at the stage most of its rows are in, to be described and put
    together; else one to show how. What is there already stays as it is, to the last letter.
    """
    model = stages.load(workspace.stages, workspace.path)
    seen = _seen(workspace, model)
    day = today or dt.date.today()
    written = {
        touchpoints.TOUCHPOINTS: touchpoints_text(model, seen, language=language, today=day),
        journey_map.FILE: journey_map.blank(model, language=language, date=day),
    }
    lines = []
    for name, text in written.items():
        file = workspace.path / name
        if file.exists() or file.is_symlink():
            lines.append(f"{file}: is there already, and stays as it is")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        lines.append(f"{file}: written; docs/{_GUIDES[name]} says what every key means")
    if not seen:
        lines.append(
            "no touchpoints are listed yet: `journey prepare`, remove maps/touchpoints.yaml, run this again"
        )
    return "\n".join(lines)


_GUIDES = {touchpoints.TOUCHPOINTS: "touchpoints.md", journey_map.FILE: "journey-map.md"}


def touchpoints_text(model: Model, seen: Mapping[str, str], *, language: Language, today: dt.date) -> str:
    """A `maps/touchpoints.yaml` to begin with: an entry for every touchpoint of the data.

    `seen` is the stage of each touchpoint of the data; of none of them, there is one entry to show how.
    """
    source = (files("journey_lib.draft") / "templates" / f"touchpoints_{language}.yaml").read_text("utf-8")
    head = Template(source).substitute(
        date=today, review=today + dt.timedelta(days=182), stages=", ".join(model.names)
    )
    taken: set[str] = set()
    rows = [
        _row(code, stage, taken, language) for code, stage in (seen or {"website": model.names[0]}).items()
    ]
    return head + "".join(rows)


def _row(code: str, stage: str, taken: set[str], language: Language) -> str:
    """One touchpoint as the file has it, under a name that no other has `taken`."""
    words = " ".join(code.replace("_", " ").replace("-", " ").split())
    plain = "".join(each if each.isascii() and each.isalnum() else "_" for each in code.lower()).strip("_")
    name = plain or "touchpoint"
    while name in taken or name in RESERVED:
        name += "_2"
    taken.add(name)
    lines = [
        f"  - touchpoint: {name}",
        f"    label: {{{language}: {_quoted(words[:1].upper() + words[1:])}}}",
        f"    stage: {stage}",
        "    place: online",
        "    owner: []",
        *([] if name == code else [f"    seen_as: [{_quoted(code)}]"]),
    ]
    return "\n".join(lines) + "\n"


def _quoted(words: str) -> str:
    """A text in double quotes: what JSON writes is YAML."""
    return json.dumps(words, ensure_ascii=False)


def _seen(workspace: Workspace, model: Model) -> dict[str, str]:
    """The touchpoints of the data of a workspace that has been prepared, each with its stage."""
    if not (workspace.work / MANIFEST).is_file():
        return {}
    touches = tables.load(workspace)
    return told.stages_of(touches, model) if touches.touchpoints else {}
