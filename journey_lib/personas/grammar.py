"""Rules on features, as an analyst writes them: read into a tree, never executed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import ParameterError
from journey_lib.features import Features
from journey_lib.spelling import tidy_name

Array = npt.NDArray[Any]
Answer = tuple[Array, Array]  # where it is true, and where it is false; what is missing is neither
LONGEST = 1000  # characters of one rule

NUMBERS: Mapping[type, Any] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


@dataclass(frozen=True)
class Rule:
    """One rule: its text, what it was read into, and the features it names."""

    text: str
    tree: ast.expr
    names: tuple[str, ...]


def read(text: str) -> Rule:
    """A rule such as ``recency_days <= 30 and (share_store >= 0.5 or city in ["Hà Nội"])``.

    Comparisons of a feature with a number, or of a category with a text (==, !=, in, not in), joined by
    and, or, not and brackets; ``mean_value is missing`` and ``is not missing`` ask whether it is known.

    Raises
    ------
    ParameterError
        It cannot be read; with the place in the text.
    """
    if len(text) > LONGEST:
        raise ParameterError(f"a rule of {len(text)} characters is too long", do=f"use at most {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        spot = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ParameterError(
            f"the rule '{text}' cannot be read{spot}",
            do="write it like: recency_days <= 30 and share_store >= 0.5 (== for equal)",
        ) from None
    names: list[str] = []
    _check(tree, text, names)
    return Rule(text, tree, tuple(dict.fromkeys(names)))


def fits(rule: Rule, features: Features) -> Array:
    """Of each customer, whether the rule is true; where it hangs on something not known, it is not.

    Raises
    ------
    ParameterError
        The rule names no feature there is, or compares a number with a text.
    """
    for name in rule.names:
        features.column(name)
    return _answer(rule.tree, features, rule.text)[0]


def _check(node: ast.expr, text: str, names: list[str]) -> None:
    """Only what a rule may hold; everything else is refused before anything is asked of it."""
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            _check(part, text, names)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check(node.operand, text, names)
    elif isinstance(node, ast.Compare):
        _check_comparison(node, text, names)
    else:
        raise _refused(node, text, "this is no comparison")


def _check_comparison(node: ast.Compare, text: str, names: list[str]) -> None:
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    if not isinstance(left, ast.Name):
        raise _refused(left, text, "a comparison begins with the name of a feature")
    if len(node.ops) > 1:
        raise _refused(node, text, "one comparison at a time: join two by `and`")
    names.append(left.id)
    if isinstance(operator, ast.Is | ast.IsNot):
        if not (isinstance(right, ast.Name) and right.id == "missing"):
            raise _refused(right, text, "after `is` comes `missing` or `not missing`")
    elif isinstance(operator, ast.In | ast.NotIn):
        listed = right.elts if isinstance(right, ast.List | ast.Tuple) else []
        if not listed:
            raise _refused(right, text, 'after `in` comes a list, such as ["Hà Nội", "Đà Nẵng"]')
        for each in listed:
            _value(each, text)
    else:
        _value(right, text)


def _value(node: ast.expr, text: str) -> float | str:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    constant = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    value = constant.value if isinstance(constant, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _refused(node, text, "a feature is compared with a number, or with a text in quotes")
    if isinstance(value, str):
        if negative:
            raise _refused(node, text, "a text has no sign")
        return tidy_name(value)  # as the names of a category are
    return -float(value) if negative else float(value)


def _answer(node: ast.expr, features: Features, text: str) -> Answer:
    """Kleene's three values: `and` is false as soon as one part is, `or` true as soon as one part is."""
    if isinstance(node, ast.BoolOp):
        parts = [_answer(part, features, text) for part in node.values]
        true, false = ([part[side] for part in parts] for side in (0, 1))
        if isinstance(node.op, ast.And):
            return np.logical_and.reduce(true), np.logical_or.reduce(false)
        return np.logical_or.reduce(true), np.logical_and.reduce(false)
    if isinstance(node, ast.UnaryOp):
        true_of, false_of = _answer(node.operand, features, text)
        return false_of, true_of
    if not (isinstance(node, ast.Compare) and isinstance(node.left, ast.Name)):
        raise _refused(node, text, "this is no comparison")
    return _compared(node, features, features.column(node.left.id), text)


def _compared(node: ast.Compare, features: Features, column: pd.Series, text: str) -> Answer:
    operator, right = node.ops[0], node.comparators[0]
    known = column.notna().to_numpy()
    if isinstance(operator, ast.Is | ast.IsNot):
        return (~known, known) if isinstance(operator, ast.Is) else (known, ~known)
    listed = right.elts if isinstance(right, ast.List | ast.Tuple) else [right]
    values = [_value(each, text) for each in listed]
    about = features.feature(str(column.name))
    spoken = about.kind == "category"
    if any(isinstance(value, str) != spoken for value in values):
        what = "a text: compare it with one in quotes" if spoken else "a number"
        raise _refused(node, text, f"{about.name} is {what}")
    if isinstance(operator, ast.In | ast.NotIn) or (spoken and isinstance(operator, ast.Eq | ast.NotEq)):
        holds = column.isin(values).to_numpy()
        holds = ~holds if isinstance(operator, ast.NotIn | ast.NotEq) else holds
    elif spoken:
        raise _refused(node, text, f"{about.name} is a text: it is equal or not, never less or more")
    else:
        holds = NUMBERS[type(operator)](column.to_numpy(float), values[0])
    return holds & known, ~holds & known


def _refused(node: ast.expr, text: str, why: str) -> ParameterError:
    # Columns are counted in bytes, and Vietnamese letters take several.
    at = len(text.strip().encode()[: node.col_offset].decode(errors="ignore")) + 1
    return ParameterError(
        f"the rule '{text}', at character {at}: {why}",
        do="write it like: recency_days <= 30 and share_store >= 0.5",
    )
