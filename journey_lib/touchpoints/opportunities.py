"""Where most could be won if as many went on as elsewhere, and who has what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from journey_lib.intervals import SMALL, Z
from journey_lib.model import Result
from journey_lib.touchpoints.authored import Authored, Opportunity
from journey_lib.touchpoints.inventory import usual_drop

LEVEL = 0.95


def opportunities(
    found: Result,
    *,
    factors: Result | None = None,
    declared: Sequence[Opportunity] = (),
    least: int = SMALL,
) -> Result:
    """At which touchpoints most journeys end that end elsewhere less often: what that comes to at most.

    For each touchpoint of the `inventory` with at least `least` journeys over, and more of them ending there
    than at all touchpoints of its stage: if as many went on here as is usual there, and went on to convert as
    often as those do who go on from here, there would be up to ``fewer`` exits, ``more`` conversions,
    ``worth`` more in value. That is an arithmetic of what was observed: those who leave may differ from
    those who go on, so nothing says that any change would bring it about.

    Columns rank, touchpoint, stage, owner, customers, over, drop_off, usual (exits for each journey over at
    all touchpoints of the stage), fewer (over x (drop_off - usual)), onward (conversions of those that go
    on), more (fewer x onward), worth (more x the mean value of the conversions of journeys through it, of
    all conversions where it has fewer than two) with low and high (95%, linearised: drop-off, onward rate
    and value vary, the usual drop-off is taken as known), rank_low and rank_high (places it may have, all at
    once with 95%: Klein, Wright and Wieczorek 2020), valence (from `factors`), opportunity, effort, status,
    due (from `declared`; a row for each; without one, empty). Opportunities declared at touchpoints that are
    not in the list follow without a number. Facts: touchpoints, worth, declared.
    """
    table = found.table
    table = table.assign(usual=usual_drop(table))
    some = table[(table["over"] >= least) & (table["drop_off"] > table["usual"])]
    frame = _worth(some, found.facts)
    frame = frame.sort_values(["worth", "touchpoint"], ascending=[False, True], ignore_index=True)
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    low, high = _ranks(frame["worth"].to_numpy(float), frame["se"].to_numpy(float))
    frame = frame.assign(rank_low=low, rank_high=high).drop(columns="se")
    if factors is not None:
        valence = factors.table.set_index("touchpoint")["valence"]
        frame = frame.assign(valence=frame["touchpoint"].map(valence))
    frame = _declared(frame, table, declared)
    facts = {
        "touchpoints": len(some),
        "worth": float(frame.drop_duplicates("touchpoint")["worth"].sum()),
        "declared": len(declared),
    }
    return Result("opportunities", frame, facts, {**found.settings, "least": least}, base="customers")


def _worth(some: pd.DataFrame, facts: Mapping[str, Any]) -> pd.DataFrame:
    """The arithmetic of every row, and its standard error by the delta method."""
    over, exits, won = (some[name].to_numpy(float) for name in ("over", "exits", "conversions"))
    drop, going = exits / over, over - exits
    excess = drop - some["usual"].to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        onward = np.where(going > 0, won / going, 0.0)
        each = np.where(won >= 2, some["value"] / won, facts["value_each"])
        each_se = np.where(won >= 2, some["value_se"] / won, facts["value_each_se"])
        of_onward = np.where(going > 0, onward * (1 - onward) / going, 0.0)
    worth = over * excess * onward * each
    variance = over**2 * (
        (onward * each) ** 2 * drop * (1 - drop) / over
        + (excess * each) ** 2 * of_onward
        + (excess * onward) ** 2 * each_se**2
    )
    spread = np.sqrt(variance)
    return some[["touchpoint", "stage", "owner", "customers", "over", "drop_off", "usual"]].assign(
        fewer=over * excess,
        onward=onward,
        more=over * excess * onward,
        worth=worth,
        low=worth - Z * spread,
        high=worth + Z * spread,
        se=spread,
    )


def _ranks(worth: np.ndarray[Any, Any], se: np.ndarray[Any, Any]) -> tuple[list[int], list[int]]:
    """First and last place each may have, from intervals that hold all at once (Šidák's level)."""
    each = special.ndtri(0.5 + 0.5 * LEVEL ** (1 / max(len(worth), 1)))
    low, high = worth - each * se, worth + each * se
    first = [1 + int((low > top).sum()) for top in high]
    last = [len(worth) - int((high < bottom).sum()) for bottom in low]
    return first, last


def _declared(frame: pd.DataFrame, table: pd.DataFrame, declared: Sequence[Opportunity]) -> pd.DataFrame:
    """The rows with what people have declared beside them, and what they have declared elsewhere after."""
    columns = ["touchpoint", "opportunity", "doer", "effort", "status", "due"]
    rows = [
        (o.touchpoint, o.opportunity, o.owner, o.effort, o.status, None if o.due is None else str(o.due))
        for o in declared
    ]
    given = pd.DataFrame(rows, columns=columns, dtype=object)
    merged = frame.merge(given, how="left", on="touchpoint")
    beyond = given[~given["touchpoint"].isin(frame["touchpoint"])]
    about = table[["touchpoint", "stage", "owner", "customers", "over", "drop_off", "usual"]]
    whole = pd.concat([merged, beyond.merge(about, how="left", on="touchpoint")], ignore_index=True)
    owner = whole["doer"].where(whole["doer"].notna(), whole["owner"])
    return whole.assign(owner=owner.fillna("")).drop(columns="doer")


def actions(ranked: Result, gaps: Result, authored: Authored) -> Result:
    """What each department has to do: its opportunities, and the gaps of its touchpoints.

    `ranked` are the `opportunities`, `gaps` what `complete` found. Columns department (empty: nobody's yet),
    kind (opportunity, gap), touchpoint, what (the code of a declared opportunity, the kind of gap, or
    ``drop_off``: to look into why so many journeys end there), effort, status, due, worth (up to so much,
    see `opportunities`), rank. Departments in their declared order, those with nothing to do left out; what
    is done or dropped is left out too. Facts: actions, departments, unowned.
    """
    shared = ["effort", "status", "due", "worth", "rank"]
    left = ranked.table[~ranked.table["status"].isin(["done", "dropped"])]
    rows = pd.concat(
        [
            left.assign(kind="opportunity", what=left["opportunity"].fillna("drop_off")),
            gaps.table.assign(kind="gap", what=gaps.table["gap"]),
        ],
        ignore_index=True,
    )
    rows = rows.assign(department=rows["owner"].str.split(", ")).explode("department", ignore_index=True)
    order = {name: at for at, name in enumerate(authored.departments)}
    rows = rows.assign(place=rows["department"].map(order).fillna(len(order)))
    rows = rows.sort_values(
        ["place", "rank", "kind"], ascending=[True, True, False], ignore_index=True, kind="stable"
    )
    frame = rows[["department", "kind", "touchpoint", "what", *shared]]
    facts = {
        "actions": len(frame),
        "departments": frame.loc[frame["department"] != "", "department"].nunique(),
        "unowned": int((frame["department"] == "").sum()),
    }
    return Result("touchpoint_actions", frame, facts, dict(ranked.settings))
