"""Forms for JupyterLab that write maps: what is typed is checked first, as the file would be."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import yaml

from journey_lib import customers, journey_map, map_words
from journey_lib import stages as models
from journey_lib.authored import composed
from journey_lib.errors import ConfigError, JourneyError, ParameterError
from journey_lib.i18n import language
from journey_lib.i18n import text as _
from journey_lib.journey_map import words_in
from journey_lib.journey_map.fitting import fit
from journey_lib.workspace import Workspace

# Lanes whose entries are words and nothing else, in the order a workshop fills them.
LANES = ("steps", "doing", "touchpoints", "channels", "thinking", "pains", "gains", "expectations", "moments",
         "physical", "frontstage", "backstage", "systems")  # fmt: skip

# Lanes of decisions: what may stand in braces after the words of a line; an owner is a department alone.
FIELDS = {
    "kpi": ("target", "direction", "unit"),
    "opportunities": ("owner", "impact", "effort", "status"),
    "actions": ("owner", "due"),
    "owner": (),
}


def journey_map_form(workspace: Workspace) -> widgets.VBox:
    """A form for one lane of one stage of a workspace's `maps/journey_map.yaml`: a line a note.

    A line is Vietnamese, or ``Vietnamese | English``; the first one, with a ``#``, says whose notes they are.
    In lanes of decisions more stands in braces: ``Ca tối {owner: care, effort: 2, status: doing}``; a
    target is its measure, ``conversion {target: 0.2}``, an owner the code of a department.
    *Save* checks the whole file with what was typed in it, says what is wrong if anything is, and else writes
    it. What the form does not show (other lanes, keys of a note that was kept, comments) stays as it is
    written.

    Raises
    ------
    ConfigError
        There is no such file yet (`journey_map.blank` makes one), or it says what cannot be.
    """
    file = workspace.path / journey_map.FILE
    if not file.is_file():
        raise ConfigError(
            "this workspace has no journey map",
            where=str(file),
            do="journey init FOLDER --maps vi writes an empty one (journey_map.blank(model) is its text)",
        )
    book = journey_map.read(file)
    wide = widgets.Layout(width="22rem")
    maps = [
        (f"{words_in(sheet.title, language()) or sheet.map} ({sheet.map})", sheet.map) for sheet in book.maps
    ]
    which = widgets.Dropdown(options=maps, description=_("Map"), layout=wide)
    stage = widgets.Dropdown(description=_("Stage"), layout=wide)
    lane = widgets.Dropdown(
        options=[(map_words.lane(name), name) for name in (*LANES, *FIELDS)],
        description=_("Lane"),
        layout=wide,
    )
    notes = widgets.Textarea(layout=widgets.Layout(width="100%", height="9rem"), description=_("Notes"))
    save = widgets.Button(description=_("Save"), button_style="primary")
    said = widgets.HTML(_hint(lane.value, book))
    names = _stage_names(workspace)

    def stages(_change: Any = None) -> None:
        before = stage.value
        stage.options = _stages(file, which.value, names)
        codes = [code for _label, code in stage.options]
        # A list that is new selects nothing by itself, and a form of no stage shows nothing.
        stage.value = before if before in codes else codes[0]

    def head() -> str:
        return f"# {which.value} · {stage.label} · {lane.label}"

    def fill(_change: Any = None) -> None:
        if stage.value is not None:
            notes_there = _notes(_declared(file), which.value, stage.value, lane.value)
            there = [_line(note, lane.value) for note in notes_there]
            notes.value = "\n".join([head(), *there])
            said.value = _hint(lane.value, book)

    def write(_button: Any) -> None:
        lines = notes.value.splitlines()
        above = lines[0] if lines and lines[0].startswith("# ") else head()
        said.value = _told(
            lambda: _put_there(file, (above, head()), which.value, stage.value, lane.value, lines)
        )

    which.observe(stages, "value")
    for each in (which, stage, lane):
        each.observe(fill, "value")
    save.on_click(write)
    stages()
    fill()
    chosen = widgets.HBox([which, stage, lane], layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([chosen, notes, save, said])


def personas_form(workspace: Workspace) -> widgets.VBox:
    """A form for whom the personas of `maps/journey_map.yaml` stand for: a line a rule, all of which hold.

    A rule is a column of the customers and its values, ``tier: Vàng, Bạc``, or the numbers from one to
    another, ``birth_year: 1983..1995``. *Save* checks and writes as `journey_map_form` does.

    Raises
    ------
    ConfigError
        There is no such file yet, it says what cannot be, or it describes no persona.
    """
    file = workspace.path / journey_map.FILE
    book = journey_map.read(file)
    if not book.personas:
        raise ConfigError("the journey map describes no persona", where=str(file), do="write `personas:`")
    options = [(words_in(who.name, language()) or who.persona, who.persona) for who in book.personas]
    which = widgets.Dropdown(options=options, description=_("Persona"), layout=widgets.Layout(width="22rem"))
    rules = widgets.Textarea(layout=widgets.Layout(width="100%", height="6rem"), description=_("Customers"))
    save = widgets.Button(description=_("Save"), button_style="primary")
    said = widgets.HTML()

    def head() -> str:
        return f"# {which.label}"

    def fill(_change: Any = None) -> None:
        there = _who(_declared(file), which.value).get("customers", {})
        rules.value = "\n".join([head(), *itertools.starmap(_rule, there.items())])
        hint = _(
            "A line a rule: a column and its values (tier: Vàng, Bạc), or numbers (birth_year: 1983..1995)."
            " Columns: {columns}.",
            columns=", ".join(customers.TRAITS),
        )
        said.value = f"<p>{escape(hint)}</p>"

    def write(_button: Any) -> None:
        lines = rules.value.splitlines()
        above = lines[0] if lines and lines[0].startswith("# ") else head()
        said.value = _told(lambda: _put_customers(file, (above, head()), which.value, lines))

    which.observe(fill, "value")
    save.on_click(write)
    fill()
    return widgets.VBox([which, rules, save, said])


def _put_customers(file: Path, heads: tuple[str, str], persona: str, lines: list[str]) -> None:
    """Write the rules of the form where they are those of the persona that is chosen (`_put_there`)."""
    _same(*heads)
    put_customers(file, persona, [line for line in lines if line != heads[1]])


def put_customers(file: Path, persona: str, lines: list[str]) -> None:
    """Write whom a persona stands for into a file of maps, all else as it was; no line: nobody is said.

    Raises
    ------
    ConfigError, ParameterError
        A line is no rule, or names a column that the customers do not have; the file stays as it was.
    """
    declared = _declared(file)
    who = _who(declared, persona)
    who["customers"] = dict(_asked(line) for line in lines if line.strip())
    if not who["customers"]:
        del who["customers"]
    before = unicodedata.normalize("NFC", file.read_text(encoding="utf-8-sig"))
    text = journey_map.with_customers(before, declared, persona=persona)
    root = yaml.compose(text)
    whole = journey_map.book(yaml.safe_load(text), where=str(file), root=root)
    fit(whole, where=str(file), root=root, columns=customers.COLUMNS)
    _replace(file, text)


def _who(declared: dict[str, Any], persona: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in declared["personas"] if each["persona"] == persona)
    return found


def _rule(column: str, asked: Any) -> str:
    """A rule as the form shows it."""
    if isinstance(asked, dict):
        return f"{column}: {asked.get('least', '')}..{asked.get('most', '')}"
    plain = not any("," in value or value[:1] in "[{" for value in asked)
    said = (
        ", ".join(asked)
        if plain
        else yaml.safe_dump(asked, default_flow_style=True, allow_unicode=True, width=10**6).strip()
    )
    return f"{column}: {said}"


def _asked(line: str) -> tuple[str, Any]:
    """A line as the file holds it."""
    column, colon, said = (part.strip() for part in line.partition(":"))
    numbers = re.fullmatch(r"(-?\d+(?:\.\d+)?)?\s*\.\.\s*(-?\d+(?:\.\d+)?)?", said)
    if numbers and any(numbers.groups()):
        ends = zip(("least", "most"), numbers.groups(), strict=True)
        return column, {name: float(end) if "." in end else int(end) for name, end in ends if end}
    values = [value.strip() for value in said.split(",") if value.strip()]
    try:
        values = yaml.safe_load(said) if said.startswith("[") else values
    except yaml.YAMLError:
        values = []
    if not (colon and column and values):
        raise ParameterError(
            "a line is no rule",
            where=line,
            do="write a column, a colon and its values: tier: Vàng, Bạc; or numbers: birth_year: 1983..1995",
        )
    return column, values


def _same(above: str, now: str) -> None:
    """Refuse a field that shows something else than what is chosen.

    While the kernel is busy the field still shows what was there before: its text must not land here.
    """
    if above != now:
        raise ParameterError(
            f"the notes are still those of {above.removeprefix('# ')}, so nothing was written",
            do="choose again when the kernel is idle",
        )


def _put_there(
    file: Path, heads: tuple[str, str], name: str, stage: str, lane: str, lines: list[str]
) -> None:
    """Write the notes of the form where they are those of the cell that is chosen (`_same`)."""
    _same(*heads)
    put(file, name, stage, lane, [line for line in lines if line != heads[1]])


def _stages(file: Path, name: str, names: dict[str, str]) -> list[tuple[str, str]]:
    """The stages of a map as readers call them, with their codes."""
    return [
        (words_in(column.label, language()) or names.get(column.stage, column.stage), column.stage)
        for column in journey_map.read(file).sheet(name).stages
    ]


def _hint(lane: str, book: journey_map.Book) -> str:
    """How the form is written, where it says nothing else."""
    said = _("A line a note: Vietnamese, or Vietnamese | English. An empty field removes the notes.")
    if lane in FIELDS:
        fields = ", ".join(FIELDS[lane])
        owners = ", ".join(book.departments)
        said = {
            "owner": _("One line: the code of a department ({owners}).", owners=owners),
            "kpi": _("A line a target: its measure, and in braces {fields}.", fields=fields),
        }.get(lane) or _(
            "{said} After the words, in braces: {fields}; departments: {owners}.",
            said=said,
            fields=fields,
            owners=owners,
        )
    return f"<p>{escape(said)}</p>"


def _stage_names(workspace: Workspace) -> dict[str, str]:
    """What readers call the stages of the workspace's model."""
    return models.load(workspace.stages, workspace.path).labels(language())


def put(file: Path, name: str, stage: str, lane: str, lines: list[str]) -> None:
    """Write the notes of one lane of one stage into a file of maps, all else as it was.

    A line is Vietnamese, or ``Vietnamese | English``; a note whose words stay keeps its other keys; in lanes
    of decisions (`FIELDS`) its fields stand in braces after them. The whole file is checked before it is
    replaced, and replaced at once or not at all.

    Raises
    ------
    ConfigError
        The file would say what cannot be; it stays as it was.
    """
    declared = _declared(file)
    column = _column(declared, name, stage)
    there = _notes(declared, name, stage, lane)
    known = {_line(note, lane): note for note in there}
    same = {_words(note, lane): note for note in there}
    typed = [_note(line, lane) for line in lines if line.strip()]
    new = [known.get(_line(note, lane)) or _kept(same.get(_words(note, lane)), note, lane) for note in typed]
    if lane == "owner" and len(new) > 1:
        raise ParameterError("a stage has one owner", how_many=f"{len(new)} lines", do="keep one of them")
    column[lane] = new[0] if lane == "owner" and new else new
    if not column[lane]:
        del column[lane]
    before = unicodedata.normalize("NFC", file.read_text(encoding="utf-8-sig"))
    text = journey_map.rewritten(before, declared, name=name, stage=stage, lane=lane)
    journey_map.book(yaml.safe_load(text), where=str(file), root=yaml.compose(text))
    _replace(file, text)


def _told(act: Callable[[], None]) -> str:
    """Do it, and say so; or say what is wrong, as words and never as markup."""
    try:
        act()
    except JourneyError as error:
        return f'<pre role="alert">{escape(str(error))}</pre>'
    return f'<p role="status">{escape(_("Saved. Run the cells above again to see it on the map."))}</p>'


def _declared(file: Path) -> dict[str, Any]:
    declared, _root = composed(file, what="the journey map")
    return dict(declared)


def _column(declared: dict[str, Any], name: str, stage: str) -> dict[str, Any]:
    sheet = next(each for each in declared["maps"] if each["map"] == name)
    found: dict[str, Any] = next(each for each in sheet["stages"] if each["stage"] == stage)
    return found


def _notes(declared: dict[str, Any], name: str, stage: str, lane: str) -> list[Any]:
    there = _column(declared, name, stage).get(lane, [])
    return [there] if isinstance(there, str) else list(there)


def _words(note: Any, lane: str) -> str:
    """What a note says, without its fields."""
    if isinstance(note, str):
        return note
    if lane == "kpi":
        return str(note.get("measure", ""))
    return " | ".join(part for part in (note.get("vi", ""), note.get("en", "")) if part)


def _line(note: Any, lane: str) -> str:
    """A note as the form shows it."""
    fields = {} if isinstance(note, str) else {k: note[k] for k in FIELDS.get(lane, ()) if k in note}
    if not fields:
        return _words(note, lane)
    said = yaml.safe_dump(fields, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return f"{_words(note, lane)} {said.strip()}"


def _note(line: str, lane: str) -> dict[str, Any] | str:
    """A line as the file holds it."""
    words, fields = line.strip(), {}
    if FIELDS.get(lane) and (found := re.fullmatch(r"(.*?)\s*(\{[^{}]*\})", words)):
        words = found[1]
        try:
            fields = yaml.safe_load(found[2])
        except (yaml.YAMLError, ValueError):
            raise ParameterError(
                "the braces cannot be read",
                where=line,
                do="write {owner: care, status: idea}: name, colon, space",
            ) from None
    if lane == "kpi":
        return {"measure": words, **fields}
    vi, _bar, en = (part.strip() for part in words.partition(" | "))
    if fields or en:
        return {"vi": vi, **({"en": en} if en else {}), **fields}
    # a bare text is no note of a lane of decisions
    return {"vi": vi} if FIELDS.get(lane) else vi


def _kept(before: Any, note: Any, lane: str) -> Any:
    """A note with what the form does not show of the one whose words it has."""
    if not isinstance(before, dict) or not isinstance(note, dict):
        return note
    return {key: said for key, said in before.items() if key not in FIELDS.get(lane, ())} | note


def _replace(file: Path, text: str) -> None:
    """Put a new text in a file's place: whoever reads meanwhile sees the old one or the new."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        os.chmod(name, file.stat().st_mode & 0o777)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
