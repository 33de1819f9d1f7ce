"""Which reports exist, what each can be asked, and whether what was asked makes sense.

Only the standard library is imported here: a mistyped parameter is answered before pandas or a kernel loads.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import json
import math
import re
import tokenize
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from journey_lib.errors import ConfigError, JourneyError, ParameterError, did_you_mean

Kind = Literal["str", "int", "float", "bool", "date", "duration", "choice", "list"]

# A text whose default looks like this is a duration; `model.duration` judges what is given in its place.
_DURATION = re.compile(r"\d+(\.\d+)?[mhdw]")
_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_EXAMPLES: dict[Kind, str] = {
    "str": "a text",
    "int": "a whole number, such as 3",
    "float": "a number, such as 0.5",
    "bool": "true or false",
    "date": "a date, such as 2025-01-31",
    "duration": 'a duration, such as "30d"',
    "choice": "one of its choices",
    "list": "a list, such as first,last",
}


@dataclass(frozen=True)
class Parameter:
    """One thing a report can be asked: `annotation` as the notebook writes it, `help` its comment.

    `choices` are the values a `Literal` allows (of the items, for a list); `optional`: None is one more.
    """

    name: str
    annotation: str
    default: object
    help: str
    choices: tuple[object, ...]
    kind: Kind
    optional: bool


@dataclass(frozen=True)
class Report:
    """A notebook that can be published: `title` is by language, `parameters` in the notebook's order."""

    name: str
    path: Path
    title: dict[str, str]
    parameters: tuple[Parameter, ...]


def notebooks_folder() -> Path:
    """Where the reports' notebooks are: the repository's `notebooks/`, beside the package."""
    folder = Path(__file__).resolve().parent.parent / "notebooks"
    if not folder.is_dir():
        raise ConfigError(
            "the notebooks of the reports are not there",
            where=str(folder),
            do="install from a checkout of the repository: pip install -e .",
        )
    return folder


def reports(folder: Path | None = None) -> dict[str, Report]:
    """Which reports there are in `folder`, by name, in the order of their numbers.

    The folder is the repository's `notebooks/` unless given; folders below it are free ground and not looked
    into. A report's name is its file's name without the number: ``50_channel_attribution.ipynb`` is
    ``channel_attribution``.

    Raises
    ------
    ConfigError
        A notebook has no readable `parameters` cell, or two have one name.
    """
    found: dict[str, Report] = {}
    for path in sorted((folder or notebooks_folder()).glob("*.ipynb")):
        report = read(path)
        if report.name in found:
            raise ConfigError(
                f"two notebooks are called {report.name}", where=f"{found[report.name].path}, {path}"
            )
        found[report.name] = report
    return found


def pick(known: Mapping[str, Report], name: str, where: str | None = None) -> Report:
    """Which report is called `name`; a mistyped one is answered with the nearest."""
    if name not in known:
        raise ParameterError(f"there is no report '{name}'", where=where, do=did_you_mean(name, known))
    return known[name]


def read(path: Path) -> Report:
    """Read what one notebook file says of itself: name, titles and parameters."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError("a notebook cannot be read", where=f"{path}: {error}") from error
    name = re.sub(r"^\d+_", "", path.stem)
    tagged = [cell for cell in cells if "parameters" in tags(cell)]
    if len(tagged) != 1:
        raise ConfigError(
            "a report's notebook has exactly one cell tagged 'parameters'",
            where=str(path),
            how_many=f"{len(tagged)} found",
            do="tag the cell of its parameters; drafts belong into notebooks/explore",
        )
    try:
        parameters = tuple(_parameters(source_of(tagged[0])))
    except (SyntaxError, ValueError) as error:
        raise ConfigError(
            f"the parameters of {name} cannot be read: {error}",
            where=f"{path}, the cell tagged 'parameters'",
            do='write one per line, as in: lookback: str = "30d"  # how far back a touch still counts',
        ) from error
    return Report(name, path, _titles(cells, name), parameters)


def source_of(cell: Mapping[str, Any]) -> str:
    """Give a cell's text; notebook files hold it as one string or as a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def tags(cell: Mapping[str, Any]) -> list[str]:
    """List the tags of a cell."""
    return list(cell.get("metadata", {}).get("tags", []))


def _titles(cells: list[dict[str, Any]], name: str) -> dict[str, str]:
    """First heading per language; a heading without a language tag speaks for both."""
    titles: dict[str, str] = {}
    for cell in cells:
        heading = re.search(r"^# +(.+?)\s*$", source_of(cell), re.MULTILINE)
        if cell["cell_type"] == "markdown" and heading:
            spoken = [tag.removeprefix("lang-") for tag in tags(cell) if tag in ("lang-vi", "lang-en")]
            for language in spoken or ["vi", "en"]:
                titles.setdefault(language, heading[1])
    plain = name.replace("_", " ").capitalize()
    return {language: titles.get(language, plain) for language in ("vi", "en")}


def _parameters(source: str) -> Iterator[Parameter]:
    statements = ast.parse(source).body
    comments = _comments(source)
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        if not (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            raise ValueError(f"line {statement.lineno} is not `name: type = value`: {ast.unparse(statement)}")
        name = statement.target.id
        kind, choices, optional = _kind(statement.annotation)
        default = _literal(statement.value)
        if kind == "str" and isinstance(default, str) and _DURATION.fullmatch(default):
            kind = "duration"
        lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        parameter = Parameter(
            name=name,
            annotation=ast.unparse(statement.annotation),
            default=default,
            help=" ".join(comments[line] for line in lines if line in comments),
            choices=choices,
            kind=kind,
            optional=optional,
        )
        try:
            if isinstance(default, str) and kind not in ("str", "choice", "duration"):
                raise ValueError("is a text")
            if kind != "duration":  # it has the form of one; what judges durations loads slowly
                _parsed(parameter, default)
        except ValueError as error:
            raise ValueError(f"line {statement.lineno}: the default of {name} {error}") from None
        yield parameter


def _comments(source: str) -> dict[int, str]:
    """Comments by line, told apart from a # within a string by the tokenizer."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _kind(node: ast.expr) -> tuple[Kind, tuple[object, ...], bool]:
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            kind, choices, _ = _kind(left)
            return kind, choices, True
        case (
            ast.Name(id="str" | "int" | "float" | "bool" | "date" as name)
            | ast.Attribute(attr="date" as name)
        ):
            return name, (), False
        case ast.Subscript(value=ast.Name(id="Literal"), slice=allowed):
            options = allowed.elts if isinstance(allowed, ast.Tuple) else [allowed]
            return "choice", tuple(_literal(option) for option in options), False
        case ast.Subscript(value=ast.Name(id="list"), slice=ast.Name(id="str")):
            return "list", (), False
        case ast.Subscript(value=ast.Name(id="list"), slice=ast.Subscript() as item):
            kind, choices, _ = _kind(item)
            if kind == "choice":
                return "list", choices, False
    raise ValueError(f"line {node.lineno}: {ast.unparse(node)} is no type a parameter can have")


def _literal(node: ast.expr) -> object:
    match node:
        case ast.Call(func=ast.Name(id="date") | ast.Attribute(attr="date"), args=[_, _, _] as parts):
            return dt.date(*(ast.literal_eval(part) for part in parts))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise ValueError(f"line {node.lineno}: {ast.unparse(node)} is not a plain value") from None


def check(report: Report, given: Mapping[str, object]) -> dict[str, object]:
    """Say what `report` runs with when `given` is asked: every parameter, typed, defaults filled in.

    Values are texts as typed on a command line (lists as ``a,b`` or JSON, ``none`` for None) or what YAML
    makes of them. No kernel is started and no heavy library is imported.

    Raises
    ------
    ParameterError
        An unknown name, a value of the wrong type, or one that is not among the choices.
    """
    known = {parameter.name: parameter for parameter in report.parameters}
    for name in given:
        if name not in known:
            raise ParameterError(
                f"{report.name} has no parameter '{name}'",
                where=report.path.name,
                do=did_you_mean(str(name), known),
            )
    values: dict[str, object] = {}
    for name, parameter in known.items():
        try:
            values[name] = _parsed(parameter, given[name]) if name in given else parameter.default
        except ValueError as error:
            raise ParameterError(
                f"{report.name}: {name}={given[name]!r} {error}",
                where=f"{report.path.name}, {name}: {parameter.annotation}",
                do=f"{name} is {parameter.help}" if parameter.help else None,
            ) from None
    return values


def _parsed(parameter: Parameter, value: object) -> object:
    """Value of `parameter` as its type; ValueError says what it is not."""
    if isinstance(value, str):
        if re.search("[\ud800-\udfff]", value):
            raise ValueError("is not readable text: the terminal's encoding is not UTF-8")
        value = unicodedata.normalize("NFC", value)
    if value is None or (parameter.optional and str(value).strip().lower() in ("none", "null", "")):
        if not parameter.optional:
            raise ValueError(f"is not {_EXAMPLES[parameter.kind]}")
        return None
    match parameter.kind:
        case "choice":
            return _chosen(parameter, value)
        case "list":
            return [_item(parameter, item) for item in _items(value)]
        case "duration":
            return _duration(value)
    return _simple(parameter.kind, value)


def _simple(kind: Kind, value: object) -> object:
    parsed: object = None
    text = value.strip() if isinstance(value, str) else ""
    if kind == "str":
        parsed = value if isinstance(value, str) else None
    elif kind == "bool":
        parsed = value if isinstance(value, bool) else _TRUTH.get(text.lower())
    elif kind == "int":
        whole = isinstance(value, int) and not isinstance(value, bool)
        parsed = value if whole else int(text) if re.fullmatch(r"[+-]?\d+", text) else None
    elif kind == "float":
        real = isinstance(value, int | float) and not isinstance(value, bool)
        written = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text)
        number = float(value) if real else float(text) if written else math.nan  # type: ignore[arg-type]
        parsed = number if math.isfinite(number) else None
    elif kind == "date":
        plain = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        # date.fromisoformat alone would also take 20250131 and 2025-W05-5
        parsed = (
            value
            if plain
            else dt.date.fromisoformat(text)
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text)
            else None
        )
    if parsed is None:
        quote = ": in YAML, put it in quotes" if kind == "str" else ""
        raise ValueError(f"is not {_EXAMPLES[kind]}{quote}")
    return parsed


def _duration(value: object) -> object:
    # imported here: its module loads pandas, which a report without durations should not wait for
    from journey_lib.model import duration

    try:
        duration(value)  # type: ignore[arg-type] # it refuses what is no text
    except JourneyError as error:
        raise ValueError(f"is not a duration: {error.do}") from None
    return value


def _chosen(parameter: Parameter, value: object) -> object:
    for choice in parameter.choices:
        same_type = type(choice) is type(value) and choice == value
        if same_type or (isinstance(value, str) and str(choice) == value.strip()):
            return choice
    raise ValueError(f"is not one of its choices. {did_you_mean(str(value), map(str, parameter.choices))}")


def _items(value: object) -> list[object]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError('is not a list: write a,b or ["a", "b"]') from None
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    if isinstance(value, list | tuple):
        return list(value)
    raise ValueError(f"is not {_EXAMPLES['list']}")


def _item(parameter: Parameter, item: object) -> object:
    if parameter.choices:
        return _chosen(parameter, item)
    return _simple("str", item)


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """Write the same values as JSON can hold them: dates as ``2025-01-31``."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value for name, value in values.items()
    }


def written_with(source: str, values: Mapping[str, object]) -> str:
    """Write a parameters cell anew with `values` in the place of its defaults, comments and all else kept.

    A cell injected below it, papermill's way, would leave the reader with two truths, lose dates and repeat
    every value in the notebook's metadata.
    """
    lines = source.encode().splitlines(keepends=True)  # ast counts columns in UTF-8 bytes
    for statement in reversed(ast.parse(source).body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            value = values.get(statement.target.id, ...)
            node = statement.value
            if value is ... or value == _literal(node) or node.end_lineno is None:
                continue
            head = lines[node.lineno - 1][: node.col_offset]
            tail = lines[node.end_lineno - 1][node.end_col_offset :]
            lines[node.lineno - 1 : node.end_lineno] = [head + _code(value).encode() + tail]
    return b"".join(lines).decode()


def _code(value: object) -> str:
    if isinstance(value, dt.date):
        return f"date({value.year}, {value.month}, {value.day})"
    if isinstance(value, list):
        return f"[{', '.join(map(_code, value))}]"
    # JSON's escapes are Python's too, and keep the double quotes the notebooks are written with
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
