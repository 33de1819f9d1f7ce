"""Personas kept in a file, with the day they were found on: the next run places people in the same ones."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from journey_lib.errors import DataError, ParameterError
from journey_lib.features import Feature, Features
from journey_lib.intervals import wilson
from journey_lib.model import Result
from journey_lib.personas import apply
from journey_lib.personas.find import Found, Groups
from journey_lib.personas.gate import Structure

MADE = "made"
# Facts of who is in no persona: with how many customers there are, and are placed, each tells the others.
APART = ("known", "placed", "fits_none", "too_little")
FILE = PurePosixPath("maps") / "personas.json"  # where they are kept unless said otherwise


@dataclass(frozen=True)
class Kept:
    """Personas as a file holds them: who belongs where, and what was true on the day they were found.

    `columns` describe the features of that day, `jaccard` and `bootstraps` how surely and in how many samples
    each persona was found again (None in files that do not say), `customers` how many it had, `window` how
    far back was looked (microseconds), `day` the day they are of, `currency` what amounts were in (None in
    files that do not say).
    """

    file: Path
    groups: Groups
    columns: tuple[Feature, ...]
    structure: Structure
    jaccard: tuple[float, ...]
    bootstraps: int | None
    customers: tuple[int, ...]
    known: int
    day: dt.date
    window: int
    currency: str | None = None

    @property
    def fewest(self) -> int:
        """How many the smallest persona had that had any, or fitted none, where these were fewer."""
        apart = (*self.customers, self.known - sum(self.customers))
        return min((each for each in apart if each > 0), default=0)

    @property
    def like(self) -> Features:
        """A table without rows that has the columns of that day: what `features.table(like=)` asks for."""
        frame = pd.DataFrame({column.name: pd.Series(dtype="float64") for column in self.columns})
        moment = pd.Timestamp(self.day, tz="UTC")
        since = moment - pd.Timedelta(self.window, unit="us")
        return Features(frame, self.columns, since, moment, "UTC", "", "")


def save(found: Found, features: Features, path: Path) -> None:
    """Write personas to a file, for later runs to place people in the same ones: `recall`, `placed`.

    `features` are those they were found in. JSON: numbers and names, nothing that could be executed, no
    customer.

    Raises
    ------
    ParameterError
        Nothing was found.
    """
    apply.save(found, path)
    said = json.loads(path.read_text(encoding="utf-8"))
    until = features.as_of.tz_convert(features.timezone)
    rows = found.stability.sort_values("persona")
    structure = {
        each.name: getattr(found.structure, each.name)
        for each in fields(found.structure)
        if each.name != "table"
    }
    said[MADE] = {
        # the end of the data is an instant within a day; what is known on the next midnight is the same
        "day": str(until.normalize().date() if until == until.normalize() else _next(until)),
        "window": int((features.as_of - features.since) / pd.Timedelta(1, unit="us")),
        "currency": features.currency,
        "columns": [asdict(column) for column in features.about],
        "jaccard": [_plain(each) for each in rows["jaccard"]],
        "bootstraps": found.settings.get("bootstraps"),
        "customers": [int(each) for each in rows["customers"]],
        "known": len(found.labels),
        "structure": {name: _plain(value) for name, value in structure.items()},
    }
    path.write_text(json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")


def recall(path: Path) -> Kept:
    """The personas that `save` wrote.

    Raises
    ------
    DataError
        The file is not there, is no such file, or does not say on which day its personas were found.
    """
    if not path.is_file():
        raise DataError(
            "there is no file of personas",
            where=str(path),
            do="write one with personas.save(found, features, path), or leave `model` out to find them anew",
        )
    groups = apply.read(path)
    try:
        made = json.loads(path.read_text(encoding="utf-8"))[MADE]
        kept = Kept(
            path,
            groups,
            tuple(Feature(**each) for each in made["columns"]),
            Structure(**made["structure"], table=pd.DataFrame()),
            tuple(np.nan if each is None else float(each) for each in made["jaccard"]),
            None if made.get("bootstraps") is None else int(made["bootstraps"]),
            tuple(int(each) for each in made["customers"]),
            int(made["known"]),
            dt.date.fromisoformat(made["day"]),
            int(made["window"]),
            made.get("currency"),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            "these personas do not say on which day and in which features they were found",
            where=f"{path}: {error}",
            do="write the file with personas.save(found, features, path)",
        ) from None
    parts = len(kept.jaccard) == len(kept.customers) == len(groups.centres)
    if not parts or any(each < 0 or each > 1 for each in kept.jaccard):
        raise DataError("a file of personas whose parts do not fit together", where=str(path))
    return kept


def placed(kept: Kept, features: Features) -> Found:
    """The same personas, with the customers of another day in them.

    Raises
    ------
    ParameterError
        The features look back over another length of time, are in another currency, or lack a column.
    """
    length = int((features.as_of - features.since) / pd.Timedelta(1, unit="us"))
    if length != kept.window:
        raise ParameterError(
            f"these personas were found in {_days(kept.window)}, and these features are of {_days(length)}",
            where=str(kept.file),
            do=f'ask for window="{_days(kept.window)}", or find personas anew',
        )
    amounts = [column.name for column in kept.groups.recipe.columns if column.kind == "amount"]
    if amounts and kept.currency not in {None, features.currency}:
        raise ParameterError(
            f"these personas were found in {kept.currency}, and these amounts are {features.currency}",
            where=f"{kept.file}: {', '.join(amounts)}",
            do="find personas anew",
        )
    labels, margin = apply.placed(kept.groups, features)
    frame = features.frame.loc[labels.index]
    k = len(kept.groups.centres)
    names = [each.name for each in features.about if each.kind != "category"]
    inside = labels >= 0
    return Found(
        labels=labels,
        margin=margin,
        centres=frame.loc[inside, names].groupby(labels[inside]).mean().reindex(range(k)),
        alternatives=pd.DataFrame(),
        stability=_sizes(labels, k, kept),
        k=k,
        reason=f"kept in {kept.file.name}, found on {kept.day}",
        structure=kept.structure,
        groups=kept.groups,
        left_out=pd.DataFrame(columns=["feature", "why"]),
        too_little=len(features.frame) - len(labels),
        settings={
            "fingerprint": features.fingerprint,
            "method": kept.groups.method,
            "k": k,
            "seed": 0,
            "bootstraps": kept.bootstraps,
        },
    )


def compared(kept: Kept, found: Found) -> Result:
    """How many were in each kept persona on the day it was found, and how many are now.

    Table, a row a persona: persona, customers, share (of those known well enough) with low and high (Wilson),
    before (customers then), before_share. Facts: known, fits_none, too_little, day.
    """
    table = found.stability[["persona", "customers", "share", "low", "high"]].assign(
        persona=[f"p{number + 1}" for number in found.stability["persona"]],
        before=list(kept.customers),
        before_share=np.array(kept.customers) / max(kept.known, 1),
        # Of how many a share is of tells these, with what other results tell.
        placed=len(found.labels) - found.fits_none,
        none=found.fits_none,
        little=found.too_little,
        fewest=kept.fewest,
    )
    facts = {
        "known": len(found.labels),
        "placed": len(found.labels) - found.fits_none,
        "fits_none": found.fits_none,
        "too_little": found.too_little,
        "day": str(kept.day),
    }
    settings = {"file": kept.file.name, **found.settings}
    share = ("share", "low", "high")
    return Result(
        "persona_kept",
        table,
        facts,
        settings,
        base="customers",
        people=("before", "placed", "none", "little", "fewest"),
        tell={
            "before": ("before_share",),
            "fewest": ("before_share",),
            **dict.fromkeys(("placed", "none", "little"), share),
        },
        parts=((),),
        groups={"persona": ("customers",)},
        besides={"persona": found.fits_none + found.too_little},
        unseen=("placed", "none", "little", "fewest"),
        heads=dict.fromkeys(APART, APART),
    )


def _sizes(labels: pd.Series[Any], k: int, kept: Kept) -> pd.DataFrame:
    customers = np.bincount(labels[labels >= 0].astype(int), minlength=k)
    low, high = wilson(customers, np.full(k, len(labels)))
    return pd.DataFrame(
        {
            "persona": range(k),
            "customers": customers,
            "share": customers / max(len(labels), 1),
            "low": low,
            "high": high,
            "jaccard": kept.jaccard,
        }
    )


def _next(moment: pd.Timestamp) -> dt.date:
    day: dt.date = moment.date()
    return day + dt.timedelta(days=1)


def _days(length: int) -> str:
    return f"{length / 86_400_000_000:g}d"


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and np.isnan(plain) else plain
