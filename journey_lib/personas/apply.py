"""Personas that last: kept as plain JSON, given to customers of another day, compared between runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib.errors import DataError, ParameterError
from journey_lib.features import Features
from journey_lib.intervals import wilson
from journey_lib.model import UNTOLD, Result
from journey_lib.personas.counts import cooked
from journey_lib.personas.find import METHODS, Found, Groups, decided
from journey_lib.personas.matrix import Block, Column, Recipe, transformed
from journey_lib.suppression import IN_NONE

Array = npt.NDArray[Any]

VERSION = 1
CLASSES = 10  # of the population stability index
SHIFT, LARGE = 0.1, 0.25


def save(found: Found, path: Path) -> None:
    """Write what decides who belongs where to a JSON file: numbers and names, nothing that could be executed.

    Raises
    ------
    ParameterError
        Nothing was found.
    """
    groups = found.groups
    if groups is None:
        raise ParameterError("there are no personas to save", do=f"read the reason: {found.reason}")
    said = {
        "version": VERSION,
        "method": groups.method,
        "least_touches": groups.recipe.least_touches,
        "base": groups.recipe.base,
        "columns": [asdict(column) for column in groups.recipe.columns],
        "blocks": [asdict(block) for block in groups.recipe.blocks],
        "centres": groups.centres.tolist(),
        "fence": groups.fence.tolist(),
        "weights": groups.weights.tolist(),
        "widths": groups.widths.tolist(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")


def read(path: Path) -> Groups:
    """What `save` wrote.

    Raises
    ------
    DataError
        The file is not there, is no such model, or is of another version.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["version"] != VERSION:
            raise DataError(
                f"these personas are of version {said['version']}; this workbench reads {VERSION}",
                where=str(path),
                do="find them again",
            )
        recipe = Recipe(
            tuple(_column(each) for each in said["columns"]),
            int(said["least_touches"]),
            tuple(Block(**each) for each in said.get("blocks", [])),  # files from before there were any
            str(said.get("base", "touches")),
        )
        centres, fence, weights, widths = (
            np.array(said[name], float) for name in ("centres", "fence", "weights", "widths")
        )
        method = said["method"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "this is no file of personas", where=f"{path}: {error}", do="write one with save()"
        ) from None
    shape = len(centres), len(recipe.categories())
    if centres.shape != shape or widths.shape != shape or fence.shape != weights.shape != shape[:1]:
        raise DataError("a file of personas whose parts do not fit together", where=str(path))
    numbers = [centres, fence, weights, widths, *(np.array(_measures(each)) for each in recipe.columns)]
    if not all(np.isfinite(each).all() for each in numbers) or (fence < 0).any() or (widths <= 0).any():
        raise DataError(
            "a file of personas with numbers that cannot be",
            where=str(path),
            do="find them again, or take the file from a copy",
        )
    if method not in METHODS or (method == "multinomial") != bool(recipe.blocks):
        raise DataError(f"there is no method '{method}' of such columns", where=str(path))
    return Groups(method, recipe, centres, fence, weights, widths)


def _column(said: Any) -> Column:
    """A column as it was written; what should be a number and is none raises TypeError."""
    column = Column(**said)
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in _measures(column)):
        raise TypeError(f"column '{column.name}' holds a number that is none")
    return column


def _measures(column: Column) -> list[float]:
    prior = 0.0 if column.prior is None else column.prior
    return [column.fill, prior, column.low, column.high, column.middle, column.scale, column.missing]


def assign(model: Groups | Found, features: Features) -> pd.Series[Any]:
    """The persona of each customer with enough touches: from 0 as in the model, -1 for who fits none.

    On the features the personas were found in these are the labels that were found.

    Raises
    ------
    ParameterError
        A column is missing, or is another kind of number.
    """
    return placed(model, features)[0]


def placed(model: Groups | Found, features: Features) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """What `assign` gives, and beside it how clearly each customer belongs, as `Found.margin` says it."""
    groups = _groups(model)
    frame = _known(groups, features)
    label, margin = np.array([], np.int64), np.array([], float)
    if len(frame):
        label, margin = decided(groups, cooked(groups.recipe, frame))
    return pd.Series(label, frame.index, name="persona"), pd.Series(margin, frame.index, name="margin")


def drift(model: Groups | Found, before: Features, now: Features) -> tuple[Result, Result]:
    """What moved between two days: each feature's distribution, and who went from which persona to which.

    First result, a row a feature: feature, psi (population stability index over ten classes of equal size
    before; 0 the same), customers (of the smaller of the two), before, now (customers), moved ("no" below
    0.1, "some" below 0.25, "much"). Second, a row a pair: from, to, customers, share (of all in `from`) with
    low and high (Wilson); -1: fits none, and -2, among `to`, no longer known well enough. Its facts tell who
    is new.
    """
    groups = _groups(model)
    first, then = _known(groups, before), _known(groups, now)
    rows = []
    for column in groups.recipe.columns:
        was, is_now = (_plain(column, frame) for frame in (first, then))
        index = stability_index(was, is_now)
        rows.append((column.name, index, min(len(was), len(is_now)), len(was), len(is_now), _moved(index)))
    table = pd.DataFrame(rows, columns=["feature", "psi", "customers", "before", "now", "moved"])
    shifts = Result("persona_drift", table, {"much": int((table["moved"] == "much").sum())}, base="customers")
    old, new = assign(groups, before), assign(groups, now)
    return shifts, migration(old, new, of=len(now.frame))


def migration(old: pd.Series[Any], new: pd.Series[Any], *, of: int | None = None) -> Result:
    """Who went from which persona to which: from, to, customers, share of `from`, low, high (Wilson).

    To -2: no longer among those who are known well enough. Facts: customers (with a persona in both), kept
    and changed (of these with the same, with another), stayed (share with the same), placed (with one in
    `new`), new (of these without one before, for they fitted none or were not known well enough). `of`: how
    many customers there are today in all, where other results tell.
    """
    to = new.reindex(old.index).fillna(-2).astype("int64")
    pairs = pd.DataFrame({"from": old.to_numpy(), "to": to.to_numpy()}).value_counts().sort_index()
    table = pairs.rename("customers").reset_index()
    base = table.groupby("from")["customers"].transform("sum").to_numpy()
    table["share"] = table["customers"] / base
    table["low"], table["high"] = wilson(table["customers"].to_numpy(), base)
    both = (old >= 0) & (to >= 0)
    placed, stayed = int((new >= 0).sum()), int((old[both] == to[both]).sum())
    not_placed = (len(new) if of is None else of) - placed
    facts = {
        "stayed": stayed / int(both.sum()) if both.any() else float("nan"),
        "customers": int(both.sum()),
        "kept": stayed,
        "changed": int(both.sum()) - stayed,
        "placed": placed,
        "not_placed": not_placed,
        "new": placed - int(both.sum()),
    }
    sizes = {int(label): int(n) for label, n in new.value_counts().items()}  # type: ignore[call-overload]
    table["are"] = [sizes.get(label, 0) if label >= 0 else 0 for label in table["to"]]
    pair = np.where(table["from"] == table["to"], "kept", "changed")
    table["both"] = (table["from"] >= 0) & (table["to"] >= 0)
    table["pair"] = np.where(table["both"], pair, "")
    # who is in a persona now and was not known then is in no row, and follows from the sizes of today
    rows = table.groupby("to")["customers"].sum()
    apart = {label: sizes[label] - int(rows[label]) for label in {*table["to"]} & {*sizes}}
    which = ("kept", "changed", "stayed")
    return Result(
        "persona_migration",
        table,
        facts,
        base="customers",
        parts=(("from",), ("to",), ("both",), ("pair",)),
        groups={"to": ("are",)},
        besides={
            ("to",): apart | {-2: UNTOLD},
            ("pair",): {"": UNTOLD},
            "to": {**{label: n for label, n in sizes.items() if label >= 0}, IN_NONE: not_placed},
        },
        unseen=("are", "both", "pair"),
        totals={  # of kept personas how many were known on that day is told as well
            ("both", True): (*which, "customers", "new"),
            ("both", False): (*which, "customers", "new"),
            ("pair", "kept"): which,
            ("pair", "changed"): which,
        },
        heads={  # all who are placed are told with the sizes of today
            "placed": (*which, "customers", "new", "not_placed"),
            "not_placed": ("placed", "new"),
            "customers": (*which, "new"),
            "new": (*which, "customers"),
            "kept": which,
            "changed": which,
        },
    )


def matched(model: Groups | Found, before: Groups) -> dict[int, int]:
    """Which persona of the model before each new one is: the pairing with the least distance between centres.

    Centres are compared on the scale of the model before (chances by their roots, Hellinger's distance), the
    pairs chosen together (Kuhn 1955), so that a persona keeps its identity when sizes change their order. A
    persona too many on either side is in no pair.

    Raises
    ------
    ParameterError
        The two rest on different columns, or one on counts and the other not.
    """
    now = _groups(model)
    mine, theirs = ({column.name: column for column in each.recipe.columns} for each in (now, before))
    if set(mine) != set(theirs):
        raise ParameterError(
            "personas found in different columns cannot be matched",
            where=", ".join(sorted(set(mine) ^ set(theirs))),
            do="find both with the same names",
        )
    if now.recipe.blocks or before.recipe.blocks:
        return _paired(*_on_one_scale(now, before))
    moved = np.empty_like(now.centres)
    place = {column.name: number for number, column in enumerate(now.recipe.columns)}
    for number, column in enumerate(before.recipe.columns):
        own = mine[column.name]
        raw = now.centres[:, place[column.name]] / own.scale + own.middle
        moved[:, number] = (raw - column.middle) * column.scale
    return _paired(moved, before.centres)


def _on_one_scale(now: Groups, before: Groups) -> tuple[Array, Array]:
    """The roots of the chances of both, in the order of the model before."""
    place = {name: number for number, name in enumerate(now.recipe.categories())}
    wanted = before.recipe.categories()
    if set(place) != set(wanted):
        raise ParameterError(
            "personas found in counts and others cannot be matched", do="find both by the same method"
        )
    order = [place[name] for name in wanted]
    return np.sqrt(now.centres[:, order]), np.sqrt(before.centres)


def _paired(centres: Array, others: Array) -> dict[int, int]:
    from scipy.optimize import linear_sum_assignment

    apart = np.linalg.norm(centres[:, None, :] - others[None, :, :], axis=2)
    rows, columns = linear_sum_assignment(apart)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True)}


def stability_index(before: Array, now: Array) -> float:
    """Population stability index: sum of (now - before) x log(now / before) over ten classes.

    The classes are of equal size before. A class without customers counts as holding half a one.
    """
    if not len(before) or not len(now):
        return float("nan")
    edges = np.unique(np.quantile(before, np.arange(1, CLASSES) / CLASSES))
    shares = []
    for values in (before, now):
        # A value equal to an edge belongs below it, so that a column of zeros has a class of its own.
        counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        shares.append(np.maximum(counts, 0.5) / len(values))
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _groups(model: Groups | Found) -> Groups:
    groups = model.groups if isinstance(model, Found) else model
    if groups is None:
        raise ParameterError("there are no personas in this model", do="read its reason")
    return groups


def _known(groups: Groups, features: Features) -> pd.DataFrame:
    about = {feature.name: feature.kind for feature in features.about}
    gone = [column.name for column in groups.recipe.columns if column.name not in about]
    if gone:
        raise ParameterError(
            "these features lack columns that the personas were found in",
            where=", ".join(gone),
            how_many=f"{len(gone)} of {len(groups.recipe.columns)}",
            do="make the table with features.table(..., like=) that of the day they were found on",
        )
    other = [c.name for c in groups.recipe.columns if about[c.name] != c.kind]
    if other:
        raise ParameterError("these columns are another kind of number now", where=", ".join(other))
    frame = features.frame.sort_index()
    by = groups.recipe.base
    return frame[frame[by] >= groups.recipe.least_touches] if by in frame else frame


def _plain(column: Column, frame: pd.DataFrame) -> Array:
    raw = frame[column.name].to_numpy(float, na_value=np.nan)
    return transformed(raw, column.kind, column.fill, None, None)


def _moved(index: float) -> str:
    return "no" if index < SHIFT else "some" if index < LARGE else "much"
