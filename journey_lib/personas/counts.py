"""From features to counts over categories, for a mixture of multinomials: the touches that shares are of.

A block is what one multinomial is about: the channels, the parts of the day, weekend or not. The shares of a
family are one block as long as they are parts of one whole; a share that is no part of it is a block of its
own, beside what is left to 1.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import ParameterError
from journey_lib.features import Feature, Features
from journey_lib.personas import matrix as scaled
from journey_lib.personas.matrix import Block, Column, Matrix, Recipe

Array = npt.NDArray[Any]

CUT = 0.80  # of the gate on these angles; stitched shops without kinds come down to 0.855
RESTATED = 0.95  # of a column's variance in what the columns of another block say: then it says that again
SLACK = 1e-6


def counted(
    features: Features, *, names: Collection[str] | None = None, least_touches: int = scaled.LEAST_TOUCHES
) -> Matrix:
    """How many touches each customer has in every category; what is no share of touches decides nothing.

    Shares count as that part of all of a customer's touches, an analyst's own counts of one family as they
    are. Not known: no count in that block. A share that others say together (offline, beside the channels)
    is left out, since blocks must not say the same twice.

    Raises
    ------
    ParameterError
        As `matrix`; or shares without the feature ``touches`` they are of.
    DataError
        As `matrix`; or there is nothing to count.
    """
    chosen = scaled.chosen(features, names)
    frame, short = scaled.known_enough(features, least_touches)
    why = dict[str, str]()
    parts = list[list[Feature]]()
    for family in dict.fromkeys(each.family if each.family != "own" else each.name for each in chosen):
        mine = [each for each in chosen if (each.family if each.family != "own" else each.name) == family]
        shares = [each for each in mine if each.kind == "share" and _told(each, frame, why)]
        own = [each for each in mine if each.kind == "count" and each.source == "file"]
        own = [each for each in own if _told(each, frame, why)] if len(own) > 1 else []
        taken = {each.name for each in (*shares, *own)}
        why |= {each.name: "no count over categories" for each in mine if each.name not in {*taken, *why}}
        parts += _wholes(shares, frame) + ([own] if len(own) > 1 else [])
    parts = _said_once(parts, frame, why)
    if not parts:
        raise scaled.nothing_tells("no feature counts over categories", why)
    recipe = replace(_recipe(parts, frame, least_touches), base=scaled.base(features))
    left_out = pd.DataFrame({"feature": list(why), "why": list(why.values())})
    return Matrix(frame.index, cooked(recipe, frame), recipe, left_out, short)


def cooked(recipe: Recipe, frame: pd.DataFrame) -> Array:
    """The numbers of customers by a recipe made before: counts where it has blocks, else as `matrix` does."""
    if not recipe.blocks:
        return scaled.cooked(recipe, frame)
    found = list[Array]()
    at = 0
    for block in recipe.blocks:
        columns = recipe.columns[at : at + block.columns]
        at += block.columns
        raw = frame[[column.name for column in columns]].to_numpy(float, copy=True, na_value=np.nan)
        if columns[0].kind == "share":
            raw = np.clip(raw, 0, 1) * touches(frame, recipe.base)[:, None]
        if block.rest:
            raw = np.column_stack([raw, np.maximum(touches(frame, recipe.base) - raw.sum(axis=1), 0)])
        raw[np.isnan(raw).any(axis=1)] = 0
        found.append(raw)
    return np.column_stack(found)


def touches(frame: pd.DataFrame, by: str) -> Array:
    """How many touches the shares are of. Parts of the day are of all events: the difference is small."""
    if by not in frame:
        raise ParameterError(
            "shares can only be counted with the number of touches they are of",
            do=f"add the feature '{by}'",
        )
    return frame[by].to_numpy(float, na_value=0.0)


def angles(data: Matrix) -> Array:
    """The same customers as the gate looks at them: the arcsine of the root of each smoothed share.

    On that scale what chance adds to a share of n touches varies by 1 / 4n whatever the share (Anscombe
    1948), so that columns weigh by how far customers differ in them, as they do in a likelihood.
    """
    found = list[Array]()
    for block, (first, last) in zip(data.recipe.blocks, data.recipe.slices(), strict=True):
        part = data.values[:, first:last]
        base = part.sum(axis=1, keepdims=True)
        usual = part.sum(axis=0) / base.sum()
        smooth = (part + scaled.PRIOR * usual) / (base + scaled.PRIOR)
        found.append(np.arcsin(np.sqrt(smooth))[:, : block.columns])
    return np.column_stack(found)


def _told(feature: Feature, frame: pd.DataFrame, why: dict[str, str]) -> bool:
    """Whether enough is known of it, and it is not the same for everybody."""
    raw = frame[feature.name]
    if raw.isna().mean() > scaled.UNKNOWN:
        why[feature.name] = f"missing for {raw.isna().mean():.0%} of customers"
    elif raw.min() == raw.max():
        why[feature.name] = "the same for 100% of customers"
    return feature.name not in why


def _wholes(shares: list[Feature], frame: pd.DataFrame) -> list[list[Feature]]:
    """The shares of a family as blocks: one where they are parts of a whole, with one left out if need be."""
    if not shares:
        return []

    def parts(those: list[Feature]) -> bool:
        return bool((frame[[each.name for each in those]].sum(axis=1) <= 1 + SLACK).all())

    for alone in (None, *shares):
        rest = [each for each in shares if each is not alone]
        if rest and parts(rest):
            return [rest] if alone is None else [rest, [alone]]
    return [[each] for each in shares]


def _said_once(parts: list[list[Feature]], frame: pd.DataFrame, why: dict[str, str]) -> list[list[Feature]]:
    """The blocks without those of one column that is a sum of columns in a larger one."""
    kept = list[list[Feature]]()
    for part in parts:
        wider = [other for other in parts if len(other) > 1 and other is not part]
        if len(part) == 1 and any(_explained(part[0], other, frame) >= RESTATED for other in wider):
            why[part[0].name] = "said by the others together"
        else:
            kept.append(part)
    return kept


def _explained(one: Feature, others: list[Feature], frame: pd.DataFrame) -> float:
    rows = frame[[one.name, *(each.name for each in others)]].dropna().to_numpy(float)
    y, x = rows[:, 0] - rows[:, 0].mean(), rows[:, 1:] - rows[:, 1:].mean(axis=0)
    if len(rows) <= len(others) or not (y @ y) > 0:
        return 0.0
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(1 - (left @ left) / (y @ y))


def _recipe(parts: list[list[Feature]], frame: pd.DataFrame, least_touches: int) -> Recipe:
    columns, blocks = list[Column](), list[Block]()
    for part in parts:
        raw = frame[[each.name for each in part]]
        rest = part[0].kind == "share" and bool((raw.dropna().sum(axis=1) < 1 - SLACK).any())
        blocks.append(Block(len(part), rest))
        for each in part:
            column = raw[each.name]
            usual = Column(
                each.name, each.kind, float(column.median()), None, 0.0, float(column.max()), 0.0, 1.0, 0.0
            )
            columns.append(replace(usual, missing=float(column.isna().mean())))
    return Recipe(tuple(columns), least_touches, tuple(blocks))
