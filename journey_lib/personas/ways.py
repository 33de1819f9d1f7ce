"""How the journeys of personas differ: what they came to, their paths, and which channels stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from journey_lib import attribution, journeys
from journey_lib.errors import ParameterError
from journey_lib.journeys import Group
from journey_lib.journeys.cut import Array
from journey_lib.model import Result
from journey_lib.touches import Touches

WHOLE = frozenset({"first", "last"})  # by these a conversion is one channel's: a share of them counts


def groups(touches: Touches, members: pd.Series[Any], names: Mapping[str, str]) -> list[Group]:
    """The journeys of each persona, and of all who belong to none, as groups to ask any view of."""
    found = [
        journeys.of_customers(names.get(persona, persona), _chosen(touches, members, persona))
        for persona in _personas(members)
    ]
    nobody = np.ones(touches.customers, bool)
    nobody[members.dropna().index.to_numpy()] = False
    return [*found, journeys.of_customers(names.get("", "(none)"), nobody)]


def paths(touches: Touches, members: pd.Series[Any], *, k: int = 10, **cutting: Any) -> dict[str, Result]:
    """The most frequent paths of each persona's customers: `journeys.top` for each, suppressed; see there."""
    return {
        persona: journeys.top(journeys.paths(_only(touches, members, persona), **cutting), k=k).suppressed(k)
        for persona in _personas(members)
    }


def credit(touches: Touches, members: pd.Series[Any], model: str, **options: Any) -> Result:
    """Which channels stand in the converting journeys of each persona, by one attribution model.

    Table, a row for each persona and channel: persona, and the columns of `attribution.credit`. Shares are
    of the persona's own conversions. Personas whose customers have no conversion are left out. That a
    channel has more credit with one persona says where its people are met, not what the channel does to
    them.
    """
    found = []
    for persona in _personas(members):
        only = journeys.paths(_only(touches, members, persona), by_fold=True, **options)
        if only.counts["conversions"].sum():
            found.append((persona, attribution.credit(only, model)))
    if not found:
        raise ParameterError("no persona has a conversion", do="choose another conversion or a longer period")
    table = pd.concat([result.table.assign(persona=persona) for persona, result in found], ignore_index=True)
    columns = ["persona", *[name for name in table.columns if name != "persona"]]
    settings = {**found[0][1].settings, "personas": [persona for persona, _ in found]}
    whole = model in WHOLE
    if whole:
        table = table[columns].assign(credited=table["conversions"].round().astype("int64"))
        table["converting"] = table.groupby("persona")["credited"].transform("sum")
    share = ("conversions", "value", "share", "low", "high")
    return Result(
        "persona_credit",
        table if whole else table[columns],
        {"personas": len(found)},
        settings,
        found[0][1].base,
        people=("credited",) if whole else (),
        within={"credited": ("converting",)} if whole else {},
        tell={"credited": share} if whole else {},
        parts=(("persona",),),  # the shares of all channels are the whole
        sums={"credited": (("persona",),)} if whole else {},
        unseen=("credited", "converting") if whole else (),
    )


def _personas(members: pd.Series[Any]) -> list[str]:
    return [str(persona) for persona in sorted(members.dropna().unique())]


def _chosen(touches: Touches, members: pd.Series[Any], persona: str) -> Array:
    codes = members.index[(members == persona).to_numpy()].to_numpy()
    if len(codes) and (codes.min() < 0 or codes.max() >= touches.customers):
        raise ParameterError(
            "these customers are not those of the touch table", do="use features of the same touches"
        )
    chosen = np.zeros(touches.customers, bool)
    chosen[codes] = True
    return chosen


def _only(touches: Touches, members: pd.Series[Any], persona: str) -> Touches:
    return journeys.members(touches, _chosen(touches, members, persona))
