"""The table of features: from one pass over the touches, and from what else is known of the customers."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from journey_lib import touches as touch_table
from journey_lib.engine import reduce
from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.features import beside
from journey_lib.features.about import Feature, Features
from journey_lib.features.clock import DAY, PARTS, clock
from journey_lib.features.columns import KNOWN, MIXES, POOLED, REST, mixed
from journey_lib.features.rows import Array, Asked, Counts, counted, tallied, together
from journey_lib.journeys.cut import instant
from journey_lib.journeys.steps import coded
from journey_lib.model import duration
from journey_lib.prepare import read_manifest
from journey_lib.stages import Model
from journey_lib.stages import load as stage_model
from journey_lib.touches import Touches
from journey_lib.workspace import Workspace

Columns = list[tuple[Feature, Any]]
LONGEST = 36_525 * DAY  # a hundred years: beyond them calendars have no date for its beginning
Day = str | dt.date


@dataclass(frozen=True)
class _Asked:
    """How a table of features was asked for, as far as it is not in the touches."""

    as_of: Day | None
    window: str
    model: Model | None = None
    conversion: str | None = None
    offline: Collection[str] = ()
    offers: Collection[str] = ()
    sale_days: Sequence[str] = ()
    like: Features | None = field(default=None, repr=False)


def table(
    workspace: Workspace,
    touches: Touches | None = None,
    *,
    as_of: Day | None = None,
    window: str = "365d",
    model: Model | None = None,
    conversion: str | None = None,
    like: Features | None = None,
) -> Features:
    """What is known of each customer at the start of a day: one row for everyone with a row in the window.

    Nothing at or after `as_of` enters: the start of that day in the workspace's timezone, or None for the
    instant after the last row. All columns look at the `window` before it, except tenure_days, which looks at
    everything before `as_of`, and what the customers table says, which is as of its export. docs/personas.md
    lists the columns. Customers who refused contact are in it.

    Parameters
    ----------
    touches
        The workspace's touch table, where it is held in memory already.
    model
        The stage model; the workspace's when None.
    conversion
        Which of the workspace's conversions; the first when None.
    like
        Another table, of another day: channels and kinds of event get the columns they have there. Without
        it, those with less than 1% of all are pooled.

    Raises
    ------
    ParameterError
        A day, window or conversion that cannot be, or touches that are not the workspace's.
    ConfigError
        `features` in journey.yaml names what the data do not have.
    DataError
        Nobody has a row in the window.
    """
    held = touches if touches is not None else touch_table.load(workspace)
    manifest = read_manifest(workspace)
    if manifest is None or (held.fingerprint, held.rows) != (manifest.fingerprint, manifest.touches):
        raise ParameterError("these touches are not the workspace's", do="use touches.load(workspace)")
    declared = workspace.features
    beside.check_names(workspace, held)
    asked = _Asked(
        as_of, window, model or stage_model(workspace.stages, workspace.path), conversion,
        declared.offline, declared.offers, declared.sale_days, like,
    )  # fmt: skip
    since, until = _window(held, as_of, window)
    parts = _counts(held, asked, since, until)
    columns, who = _columns(held, parts, asked, until), _customers(parts)
    del parts  # the rest has room of its own
    mixes: tuple[Literal["device", "goods"], ...] = ("device", "goods")
    for mix in mixes:
        names, counted_by, base = beside.mixture(workspace, mix, who, since, until)
        kept = _mix(mix, names, [counted_by], [base], like)
        shares = np.empty((len(kept.features), len(who)))
        kept.fill(shares, counted_by, base)
        columns += zip(kept.features, shares, strict=True)
    columns += beside.tickets(workspace, who, since, until)
    columns += beside.surveys(workspace, who, since, until)
    columns += beside.returns(workspace, who, since, until)
    columns += beside.traits(workspace, who, until)
    columns += beside.own(workspace, who, [feature.name for feature, _ in columns])
    return _table(held, who, columns, asked, (since, until))


def of_touches(
    touches: Touches,
    *,
    as_of: Day | None = None,
    window: str = "365d",
    model: Model | None = None,
    conversion: str | None = None,
    offline: Collection[str] = (),
    offers: Collection[str] = (),
    sale_days: Sequence[str] = (),
    like: Features | None = None,
) -> Features:
    """The columns that touches alone can give, for an analyst's own frame; see `table`.

    `offline` names channels that are not met online, `offers` channels or touchpoints that are an offer,
    `sale_days` days of a sale, as 2025-11-11 or, of every year, 11-11. Without a `model`, no stages.

    Raises
    ------
    ParameterError
        A day, window, conversion or name that cannot be.
    DataError
        Nobody has a row in the window.
    """
    for names, known in ((offline, touches.channels), (offers, (*touches.channels, *touches.touchpoints))):
        for name in names:
            if name not in known:
                raise ParameterError(f"no touch is at '{name}'", do=did_you_mean(name, known))
    asked = _Asked(as_of, window, model, conversion, offline, offers, sale_days, like)
    since, until = _window(touches, as_of, window)
    parts = _counts(touches, asked, since, until)
    columns = _columns(touches, parts, asked, until)
    return _table(touches, _customers(parts), columns, asked, (since, until))


def _window(touches: Touches, as_of: Day | None, window: str) -> tuple[int, int]:
    until = instant(as_of, touches.timezone)
    until = touches.period[1] + 1 if until is None else until
    length = duration(window)
    if not length:
        raise ParameterError("a window of no length holds nothing", do='write it as "365d"')
    if length > LONGEST:
        raise ParameterError(
            f"a window of {window} goes back before any shop", do="use 36500d (a hundred years) or less"
        )
    return until - length, until


def _counts(touches: Touches, asked: _Asked, since: int, until: int) -> list[Counts]:
    if touches.by != "channel":
        raise ParameterError(
            f"the steps of these touches are by {touches.by}", do="give the table as it was loaded"
        )

    def flags(wanted: Collection[str], names: Sequence[str]) -> Array:
        return np.array([*(name in wanted for name in names), False])

    names = touches.channels, touches.touchpoints
    offers = (flags(asked.offers, names[0]), flags(asked.offers, names[1]))
    converts = flags(touches.converting(asked.conversion), touches.event_types)
    offline = flags(asked.offline, touches.channels) if asked.offline else None
    others = [name for name, given in (("offers", asked.offers), ("sale", asked.sale_days)) if given]
    begin, end = touches.period
    what = Asked(
        since=since,
        until=until,
        clock=clock(touches.timezone, max(since, begin), min(until - 1, end)),
        tallied=tallied(len(touches.channels), converts, offline, ["days", *others]),
        converts=converts,
        offers=offers if asked.offers else None,
        sale=_sale(asked.sale_days, since, until) if asked.sale_days else None,
        rules=None if asked.model is None else coded(touches, asked.model),
    )
    counts = reduce(touches.buckets, partial(counted, asked=what), together)
    if not counts:
        first, last = (pd.Timestamp(each, unit="us") for each in touches.period)
        raise DataError(
            "no customer has a row in the window",
            where=f"{pd.Timestamp(since, unit='us'):%Y-%m-%d} to {pd.Timestamp(until, unit='us'):%Y-%m-%d}"
            f" (UTC); the data are of {first:%Y-%m-%d} to {last:%Y-%m-%d}",
            do="choose an as_of within the data, or a longer window",
        )
    return counts


def _customers(parts: Sequence[Counts]) -> Array:
    return np.concatenate([part["customer"] for part in parts])


def _sale(days: Sequence[str], since: int, until: int) -> Array:
    """Days of the local calendar since 1970; those without a year in every year the window may touch."""
    years = range(*(pd.Timestamp(each, unit="us").year + more for each, more in ((since, -1), (until, 2))))
    found = set[int]()
    for text in days:
        for year in years if len(text) == 5 else [None]:
            try:
                day = dt.date.fromisoformat(text if year is None else f"{year}-{text}")
            except ValueError:
                if text == "02-29":
                    continue
                raise ParameterError(f"'{text}' is not a day", do="write 2025-11-11, or 11-11") from None
            found.add((day - dt.date(1970, 1, 1)).days)
    return np.array(sorted(found), np.int64)


def _columns(touches: Touches, parts: list[Counts], asked: _Asked, until: int) -> Columns:
    """The columns that touches give, filled part by part.

    What a part's columns take stays in the processor's cache; a column at a time over all customers would
    go through memory, and ask the system for it, several times for each.
    """
    mixes = [
        _mix(mix, names, [part[mix] for part in parts], [part[base] for part in parts], asked.like)
        for mix, names, base in (
            ("channel", touches.channels, "touches"),
            ("event_type", touches.event_types, "rows"),
        )
    ]
    names = _fixed(parts[0], touches, until)
    features = [KNOWN[name] for name in KNOWN if name in names]
    widths = [len(features), *(len(mix.features) for mix in mixes)]
    filled = np.empty((sum(widths), sum(len(part["customer"]) for part in parts)))
    end = 0
    for part in parts:
        start, end = end, end + len(part["customer"])
        known, channels, kinds = np.split(filled[:, start:end], np.cumsum(widths)[:-1])
        fixed = _fixed(part, touches, until)
        for line, feature in zip(known, features, strict=True):
            line[:] = fixed[feature.name]
        mixes[0].fill(channels, part["channel"], part["touches"])
        mixes[1].fill(kinds, part["event_type"], part["rows"])
    about = [*features, *(feature for mix in mixes for feature in mix.features)]
    columns: Columns = list(zip(about, filled, strict=True))
    if asked.model is not None:
        depth = np.concatenate([part["stage"] for part in parts])
        columns.append((KNOWN["stage_depth"], np.where(depth < 0, np.nan, depth + 1.0)))
        columns.append((KNOWN["stage"], beside.spoken(depth, asked.model.names)))
    return columns


def _fixed(counts: Counts, touches: Touches, until: int) -> dict[str, Array]:
    """The columns that there are whatever the channels are called, of one part."""
    digits = 10**touches.digits
    rows, conversions, touched = (
        counts[name].astype(np.float64) for name in ("rows", "conversions", "touches")
    )
    value = counts["value"] / digits
    bought = np.full(len(rows), np.nan)
    np.divide(until - counts["converted"], DAY, out=bought, where=conversions > 0)
    parts = zip(PARTS, _part(counts["part"], rows), strict=True)
    fixed: dict[str, Array] = {
        "recency_days": (until - counts["last"]) / DAY,
        "recency_conversion_days": bought,
        "tenure_days": (until - counts["born"]) / DAY,
        "touches": touched,
        "conversions": conversions,
        "active_days": counts["days"],
        "value": value,
        "mean_value": _part(value, conversions),
        "median_gap_days": np.where(counts["gap"] < 0, np.nan, counts["gap"] / 2),
        "mean_gap_days": _part(counts["span"], counts["days"] - 1.0),
        "time_weekend": _part(counts["weekend"], rows),
        "channels": (counts["channel"] > 0).sum(axis=0, dtype=np.uint16),
        **{f"time_{part}": share for part, share in parts},
    }
    for name, counted_by, base in (
        ("offline", "offline", touched),
        ("offers", "offers", touched),
        ("sale_days", "sale", conversions),
    ):
        if counted_by in counts:
            fixed[name] = _part(counts[counted_by], base)
    return fixed


def _part(counts: Array, base: Array, out: Array | None = None) -> Array:
    """A share of its base; missing where there is nothing it could be a share of: 0 of 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.divide(counts, base, out=out))


@dataclass(frozen=True)
class _Mix:
    """Which of a mix's names have a column of their own, as places in the counts, and if there is a rest.

    A place of -1 is a name of another table that nobody has here.
    """

    name: str
    features: list[Feature]
    places: list[int]
    pooled: bool

    def fill(self, lines: Array, counts: Array, base: Array) -> None:
        """A share for each name; the small ones, or those the other table has no column for, as one."""
        whole = base.astype(np.float64)
        nobody = np.zeros((1, len(base)), counts.dtype)  # last, where a place of -1 finds it
        _part(np.vstack([counts, nobody])[self.places], whole, lines[: len(self.places)])
        if self.pooled:
            rest = [place for place in range(len(counts)) if place not in self.places]
            _part(counts[rest].sum(axis=0, dtype=np.int64), whole, lines[-1])


def _mix(
    mix: str, names: Sequence[str], counts: Sequence[Array], bases: Sequence[Array], like: Features | None
) -> _Mix:
    """The columns of a mix, by how often each name was counted in all buckets."""
    if like is None:
        total = sum((part.sum(axis=1, dtype=np.int64) for part in counts), np.zeros(len(names), np.int64))
        base = sum(int(part.sum(dtype=np.int64)) for part in bases)
        large = [name for name, n in zip(names, total, strict=True) if n and n >= POOLED * base]
        pooled = int(total.sum()) > sum(int(total[names.index(name)]) for name in large)
    else:
        family = MIXES[mix].family
        there = [feature.of for feature in like.about if feature.family == family and feature.of]
        large, pooled = [name for name in there if name != REST], REST in there
    named = [name for name in large if name != REST]
    place = {name: number for number, name in enumerate(names)}
    pooled = pooled or len(named) < len(large)
    features = mixed(mix, [*named, REST] if pooled else named)
    return _Mix(mix, features, [place.get(name, -1) for name in named], pooled)


def _table(
    touches: Touches, who: Array, columns: Columns, asked: _Asked, window: tuple[int, int]
) -> Features:
    currency = touches.currency or ""
    about = tuple(
        replace(feature, unit=currency) if feature.unit == "money" else feature for feature, _ in columns
    )
    index = pd.Index(who, dtype="int64", name="customer")
    data: Mapping[str, pd.Series] = {
        feature.name: values.set_axis(index)
        if isinstance(values, pd.Series)
        else pd.Series(values.astype(np.float64, copy=False), index, copy=False)
        for feature, (_, values) in zip(about, columns, strict=True)
    }
    frame = pd.DataFrame(data, copy=False)
    said = {
        "data": touches.fingerprint,
        "window": window,
        "columns": [feature.name for feature in about],
        "conversion": touches.converting(asked.conversion),
        "stages": asked.model.model_dump(mode="json") if asked.model else None,
        "declared": [sorted(asked.offline), sorted(asked.offers), sorted(asked.sale_days)],
        "beside": _digest(frame, about),
    }
    since, as_of = (pd.Timestamp(each, unit="us", tz="UTC").tz_convert(touches.timezone) for each in window)
    fingerprint = hashlib.sha256(json.dumps(said, sort_keys=True, default=list).encode()).hexdigest()[:16]
    return Features(frame, about, since, as_of, touches.timezone, currency, fingerprint)


def _digest(frame: pd.DataFrame, about: Sequence[Feature]) -> str:
    """What came from files that no fingerprint of the touches covers."""
    names = [feature.name for feature in about if feature.source == "file"]
    if not names:
        return ""
    return hashlib.sha256(pd.util.hash_pandas_object(frame[names]).to_numpy().tobytes()).hexdigest()[:16]
