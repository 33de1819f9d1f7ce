"""What a published notebook may hold: words, one cell of parameters, and calls to the library. Nothing else.

    python tests/lint_notebooks.py [NOTEBOOK ...]

looks at every published notebook (notebooks/NN_name.ipynb) unless some are named, prints what it finds and
ends with 1 if there is anything. Whatever it refuses belongs into journey_lib, where it can be tested.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from journey_lib import catalogue
from journey_lib.errors import ConfigError

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LONGEST_CELL = 12
LANGUAGES = ("lang-vi", "lang-en")
TAGS = {"parameters", "interactive", *LANGUAGES}
EVERY_REPORT = ("workspace", "language")

# Typed by hand: nbformat is typed in some of its releases only.
READ: Any = nbformat.reads

# What each node would be called by the person who wrote it.
LOGIC = {
    ast.FunctionDef: "a function",
    ast.AsyncFunctionDef: "a function",
    ast.Lambda: "a lambda",
    ast.ClassDef: "a class",
    ast.For: "a loop",
    ast.AsyncFor: "a loop",
    ast.While: "a loop",
    ast.comprehension: "a comprehension",
    ast.If: "an if",
    ast.IfExp: "an if",
    ast.Match: "a match",
    ast.Try: "a try",
    ast.AugAssign: "arithmetic",
    ast.Compare: "a comparison",
    ast.JoinedStr: "a text put together by hand (it would speak one language only)",
}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
SHAPING = {
    *("agg", "aggregate", "apply", "assign", "concat", "eval", "explode", "fillna", "groupby", "join", "map"),
    *("melt", "merge", "pivot", "pivot_table", "query", "resample", "rolling", "transform", "unstack"),
}
COLOURING = {"color", "colour", "fill", "stroke", "background", "scheme", "palette", "cmap"}
READING = {"open", "Path", "read_csv", "read_parquet", "read_excel", "read_json", "to_csv", "to_parquet"}

SQL = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|create\s+(table|view)|delete\s+from|update\s+\w+\s+set)\b",
    re.I | re.S,
)
COLOUR = re.compile(r"^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$|\b(rgb|hsl)a?\(", re.I)
PATH = re.compile(
    r"^(\.{0,2}/|~/|[A-Za-z]:\\)|^(data|reports|notebooks|raw|work|maps)/"
    r"|\.(csv|parquet|json|jsonl|xlsx?|ya?ml|html|txt|gz)$",
    re.I,
)


def findings(path: Path) -> list[str]:
    """Everything wrong with one notebook, each with the cell it is in; an empty list is a clean one."""
    try:
        text = path.read_text("utf-8")
        ids = [cell.get("id", "") for cell in json.loads(text)["cells"]]
        if len(set(ids) - {""}) < len(ids):
            return ["has cells without an id of their own"]  # which nbformat would quietly mend
        notebook = READ(text, as_version=4)
        nbformat.validate(notebook)
    except (nbformat.ValidationError, ValueError, KeyError) as error:
        return [f"is not a valid notebook: {error}"]
    found = [*_name(path), *_shape(notebook.cells), *_parameters(path), *_languages(notebook.cells)]
    found += [f"metadata holds {key}" for key in ("papermill", "widgets") if key in notebook.metadata]
    for number, cell in enumerate(notebook.cells, start=1):
        found += [f"cell {number}: {what}" for what in _cell(cell)]
    return found


def _name(path: Path) -> Iterator[str]:
    if not re.fullmatch(r"\d\d_[a-z]+(_[a-z]+)*", path.stem):
        yield "is not named as NN_what_it_shows.ipynb"


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _shape(cells: Sequence[Any]) -> Iterator[str]:
    """Title, parameters, setup: in this order, before anything else."""
    if not (cells and cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")):
        yield "does not begin with a title"
    code = [cell for cell in cells if cell.cell_type == "code"]
    tagged = [cell for cell in cells if "parameters" in _tags(cell)]
    if len(tagged) != 1:
        yield f"has {len(tagged)} cells tagged parameters instead of one"
    elif code[:1] != tagged:
        yield "has code before its parameters"
    elif not (len(code) > 1 and "session.start(" in code[1].source):
        yield "does not call session.start(...) right after its parameters"


def _parameters(path: Path) -> Iterator[str]:
    """Types and defaults are judged by the library's own reader, so that there is one idea of them."""
    try:
        report = catalogue.read(path)
    except ConfigError as error:
        yield str(error)
        return
    names = [parameter.name for parameter in report.parameters]
    yield from (f"has no parameter {name}" for name in EVERY_REPORT if name not in names)
    yield from (
        f"parameter {parameter.name} has no # comment that says what it is"
        for parameter in report.parameters
        if not parameter.help
    )


def _languages(cells: Sequence[Any]) -> Iterator[str]:
    """Words come in twins, one per language, side by side and with the same headings."""
    alone: tuple[int, str, list[str]] | None = None
    for number, cell in enumerate(cells, start=1):
        spoken = [tag for tag in _tags(cell) if tag in LANGUAGES]
        headings = re.findall(r"^#+(?= )", cell.source, flags=re.MULTILINE)
        if cell.cell_type != "markdown":
            if spoken:
                yield f"cell {number}: code is tagged {spoken[0]}, but code speaks both languages"
            continue
        if len(spoken) != 1:
            yield f"cell {number}: words are tagged neither lang-vi nor lang-en, or both"
        elif alone is None or alone[0] != number - 1 or alone[1] == spoken[0]:
            if alone is not None:
                yield f"cell {alone[0]}: has no twin in the other language beside it"
            alone = (number, spoken[0], headings)
        else:
            if alone[2] != headings:
                yield f"cell {number}: its headings are not those of its twin"
            alone = None
    if alone is not None:
        yield f"cell {alone[0]}: has no twin in the other language beside it"


def _cell(cell: Any) -> Iterator[str]:
    unknown = set(_tags(cell)) - TAGS
    if unknown:
        yield f"has the unknown tag {', '.join(sorted(unknown))}"
    if cell.cell_type != "code":
        return
    if cell.outputs or cell.execution_count is not None:
        yield "holds outputs of a run: nbstripout removes them"
    lines = cell.source.splitlines()
    if not cell.source.strip():
        yield "is empty"
    parameters = "parameters" in _tags(cell)
    if len(lines) > LONGEST_CELL and not parameters:  # a form has as many lines as there is to ask
        yield f"has {len(lines)} lines, {LONGEST_CELL} are allowed"
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        yield "is not plain Python"
        return
    yield from (f"line {line}: {what}" for line, what in _parameter_code(tree) if parameters)
    yield from (f"line {line}: {what}" for line, what in _code(tree) if not parameters)


def _parameter_code(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The types of the parameters may be imported here, nothing else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and node.module not in {"__future__", "typing", "datetime"}
        ):
            yield node.lineno, f"{ast.unparse(node)} does not belong among the parameters"


def _code(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if type(node) in LOGIC:
            line = node.target.lineno if isinstance(node, ast.comprehension) else line
            yield line, f"{LOGIC[type(node)]} belongs into the library"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            yield line, "arithmetic belongs into the library"
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield line, "a column or an item is set, which belongs into the library"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((line, f"imports {name}") for name in _foreign(node))
        elif isinstance(node, ast.Call):
            yield from ((line, what) for what in _call(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((line, what) for what in _text(node.value))


def _foreign(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
    yield from (name for name in modules if name.partition(".")[0] != "journey_lib")


def _call(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in SHAPING and isinstance(node.func, ast.Attribute):
        yield f".{name}() shapes a table, which belongs into the library"
    if name in READING:
        yield f"{name}() reads or writes a file, which belongs into the library"
    if name == "print":
        yield "print() does not reach the page: show a result"
    for keyword in node.keywords:
        if keyword.arg in COLOURING:
            yield f"{keyword.arg}= is the theme's choice"


def _text(text: str) -> Iterator[str]:
    if SQL.search(text):
        yield "SQL belongs into the library"
    if COLOUR.search(text):
        yield f"{text!r} is a colour, which is the theme's choice"
    if PATH.search(text):
        yield f"{text!r} is a path, which belongs into journey.yaml or the parameters"


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong with the named notebooks, or with all published ones."""
    paths = [Path(each) for each in arguments] or sorted(NOTEBOOKS.glob("*.ipynb"))
    found = [f"{path.name}: {what}" for path in paths for what in findings(path)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{len(paths)} notebooks looked at, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
