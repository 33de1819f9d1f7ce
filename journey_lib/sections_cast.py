"""Who is who on the page on personas: looked for anew, placed in kept ones, or told apart by rules alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from journey_lib import charts_segments, findings_found
from journey_lib import features as tables_of
from journey_lib.errors import AllAlike, DataError, ParameterError
from journey_lib.features import Features
from journey_lib.features.table import LONGEST
from journey_lib.i18n import text as _
from journey_lib.model import Result, duration
from journey_lib.personas import apply, kept, matrix, rfm
from journey_lib.personas.find import MOST, Found, find
from journey_lib.personas.kept import Kept
from journey_lib.personas.stability import Method
from journey_lib.session import Session
from journey_lib.touches import Touches


@dataclass(frozen=True)
class Look:
    """What came of looking for personas; `found` is None where too few are known well, or all are alike.

    `known` customers have `least_touches` touches, of `customers`; `base` is what counts as a touch
    (`personas.matrix.base`). `model` are the kept personas they were placed in, where nothing was looked for.
    """

    found: Found | None
    customers: int
    known: int
    least_touches: int
    model: Kept | None = None
    base: str = "touches"


@dataclass(frozen=True)
class Cast:
    """The groups a page speaks of: personas where there are any, else what rules make, which claims less.

    `features` are those of the customers known well enough, `everyone` those of all; `members`: customer →
    code of the group; `distance`: how far each is from the middle of it, for the choice of quotes; `kept`:
    codes are those of a file, and stay what they were.
    """

    found: Found | None
    everyone: Features
    features: Features
    members: pd.Series[Any]
    distance: pd.Series[Any]
    names: Mapping[str, str]
    by: str
    kept: bool = False


def recall(run: Session, model: str | None) -> Kept | None:
    """The personas that a file of the workspace keeps; None where no file is asked for.

    Raises
    ------
    DataError
        There is no such file, or it keeps no personas.
    """
    return None if model is None else kept.recall(run.workspace.path / model)


def features(run: Session, touches: Touches, model: Kept | None, *, window: str, **asked: Any) -> Features:
    """What is known of the customers, in the columns of the kept personas where there are any."""
    like = None if model is None else model.like
    return tables_of.table(run.workspace, touches, window=window, like=like, **asked)


def look(
    features: Features,
    model: Kept | None = None,
    *,
    names: list[str] | None,
    method: Method,
    k: int | None,
    least_touches: int,
    seed: int,
) -> Look:
    """Place customers in kept personas, else find personas, if enough customers are known to look for any.

    With a kept model the other options decide nothing: it has its own.

    Raises
    ------
    ParameterError
        A number of personas or of touches that cannot be.
    """
    if model is not None:
        placed = kept.placed(model, features)
        least = model.groups.recipe.least_touches
        return Look(placed, len(features.frame), len(placed.labels), least, model)
    if least_touches < 1:
        raise ParameterError(
            f"least_touches={least_touches} leaves in who was never seen", do="use 1 or more; 20 is usual"
        )
    if k is not None and not 2 <= k <= MOST:
        raise ParameterError(
            f"{k} personas cannot be made",
            do=f"ask for 2 to {MOST}, or leave `personas` out: as many are made as are found again",
        )
    by = matrix.base(features)
    known = int((features.frame[by] >= least_touches).sum())
    if known < matrix.LEAST_CUSTOMERS:
        return Look(None, len(features.frame), known, least_touches, base=by)
    asked: Any = {"method": method, "k": "auto" if k is None else k, "least_touches": least_touches}
    try:
        found = find(features, names=names, seed=seed, **asked)
    except AllAlike:
        if names is not None:
            raise
        # Where all are alike in everything looked at, the rest of the page still has something to say.
        return Look(None, len(features.frame), known, least_touches, base=by)
    return Look(found, len(features.frame), known, least_touches, base=by)


def found(run: Session, looked: Look) -> list[Result]:
    """Whether there is anything to find, which numbers of groups would do, and how stable each is."""
    result = looked.found
    if result is None and looked.known >= matrix.LEAST_CUSTOMERS:
        run.say(findings_found.alike(looked.known, looked.customers, run.k))
        return []
    if result is None:
        run.say(
            findings_found.too_few(looked.known, looked.customers, looked.least_touches, looked.base, run.k)
        )
        return []
    gate = findings_found.gate(result, run.k, looked.model)
    if looked.model is not None:
        then = kept.compared(looked.model, result).suppressed(run.k)
        run.say(findings_found.recalled(result, looked.model, run.k))
        run.table(then)
        return [gate, then]
    tried = findings_found.alternatives(result, run.k)
    run.say(findings_found.verdict(result, run.k))
    run.show(charts_segments.gate(gate, run.scope(customers=gate.facts["customers"])))
    if len(tried.table):
        run.show(charts_segments.alternatives(tried, run.scope(customers=tried.facts["customers"])))
        run.table(tried)
    return [gate, tried]


def cast(run: Session, looked: Look, features: Features) -> Cast:
    """Who is who on the rest of the page; RFM segments where no personas were found, and said so."""
    result = looked.found
    if result is not None and result.k and (result.labels >= 0).any():
        members = members_of(result.labels)
        base = replace(
            features, frame=features.frame[features.frame.index.isin(beside(result, features, run.k))]
        )
        far = 1 - result.margin.loc[members.index]
        return Cast(result, features, base, members, far, {}, "found", kept=looked.model is not None)
    if result is not None and result.k:  # kept ones, of another shop or another time
        run.say(_("Nobody is in any of these personas now: the groups below are made by rules (RFM)."))
    else:
        run.say(_("No personas are made up where there are none: the groups below are made by rules (RFM)."))
    table = rfm.table()
    members = _by_rule(features)
    mine = replace(features, frame=features.frame.loc[members.index])
    middle = pd.Series(0.0, members.index)
    return Cast(result, features, mine, members, middle, table.labels(run.language), "rfm")


def beside(found: Found, features: Features, k: int) -> pd.Index[Any]:
    """Beside whom members are looked at: all who are known as well.

    Where few fit none, or are known too little, these could be counted by how many the others are. Then it is
    all who are placed, or all there are.
    """
    everyone, placed = features.frame.index, found.labels.index[found.labels >= 0]
    if not found.few(k):
        return found.labels.index
    return placed if 0 < found.fits_none < k <= len(everyone) - len(placed) else everyone


def were(who: Cast, before: Features) -> pd.Series[Any]:
    """The group each customer was in on an earlier day, by the same rule that tells it today."""
    if who.by == "found" and who.found is not None and who.found.groups is not None:
        return members_of(apply.assign(who.found.groups, before))
    return _by_rule(before)


def members_of(labels: pd.Series[Any]) -> pd.Series[Any]:
    """The code of the persona, p1 the first, of each customer who is in one."""
    return labels[labels >= 0].map(lambda label: f"p{label + 1}").astype("str")


def past(
    run: Session, touches: Touches, now: Features, model: Kept | None, *, before: str, **asked: Any
) -> Features | None:
    """What was known of the customers when the kept personas were found, else `before` that ago.

    None where the data do not reach back so far, or nobody has a row in the window before that day.
    """
    day = earlier(now, before, model)
    if pd.Timestamp(day, tz=now.timezone) <= pd.Timestamp(touches.period[0], unit="us", tz="UTC"):
        return None
    try:
        return tables_of.table(run.workspace, touches, as_of=day, like=now, **asked)
    except DataError:  # a short window may hold nobody: what is known of today still stands
        return None


def earlier(features: Features, length: str, model: Kept | None = None) -> dt.date:
    """The day on which the personas are looked at once more: that they were found on, else `length` ago."""
    today = features.as_of.tz_convert(features.timezone).date()
    if model is not None and model.day < today:
        return model.day
    far = min(duration(length), LONGEST)  # before any calendar the data do not reach back either
    moment = features.as_of - pd.Timedelta(far, unit="us")
    return moment.tz_convert(features.timezone).date()


def comparable(touches: Touches, before: Features) -> frozenset[str] | None:
    """The kinds of number that two days share: not counts, where the data begin within the earlier window."""
    begins = pd.Timestamp(touches.period[0], unit="us", tz="UTC")
    return None if before.since >= begins else frozenset({"share", "number"})


def _by_rule(features: Features) -> pd.Series[Any]:
    if not features.frame["recency_conversion_days"].notna().any():
        return pd.Series([], pd.Index([], dtype="int64", name="customer"), dtype="str")
    return rfm.assign(features, segments=rfm.table())
