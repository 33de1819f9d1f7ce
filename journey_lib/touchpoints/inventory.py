"""The inventory: every touchpoint that was seen or described, and what the data say of it, a row each."""

from __future__ import annotations

import datetime as dt
from typing import Any, Unpack

import numpy as np
import pandas as pd

from journey_lib import attribution
from journey_lib.intervals import Z, difference, wilson
from journey_lib.journeys import Cutting, last_two, rules_for, settings
from journey_lib.journeys.cut import Array, instant
from journey_lib.journeys.moves import quantile
from journey_lib.journeys.steps import coded
from journey_lib.model import Result
from journey_lib.once import once
from journey_lib.stages import Model
from journey_lib.touches import Touches
from journey_lib.touchpoints.authored import Authored, places
from journey_lib.touchpoints.counts import SUMS, TOTALS, Counts, Windows, count
from journey_lib.touchpoints.steps import before_conversion, walked

# Columns that count people, or journeys of no more people than there are; and what would tell them.
PEOPLE = ("new_customers", "returning_customers", "conversions", "exits", "open_ends", "converted_at")
_NEW = ("new_customers", "returning_customers", "share_new", "new_low", "new_high")
_WON = ("conversion_rate", "low", "high", "others_rate", "apart", "apart_low", "apart_high")
_LEFT = ("drop_off", "drop_low", "drop_high", "share_of_exits")
_TELL = {
    "customers": _NEW,
    "conversions": (*_WON, "value", "value_se"),
    "exits": _LEFT,
    **dict.fromkeys(_NEW[:2], _NEW),
}
# What other results say of touchpoints, by the column of the inventory that would be told by it.
_SAID = {
    "drop_off": ("drop_off", "fewer", "onward", "more", "worth"),
    "conversion_rate": ("conversion_rate", "onward", "more", "worth"),
}


@once
def inventory(
    touches: Touches,
    *,
    model: Model,
    authored: Authored | None = None,
    costs: pd.DataFrame | None = None,
    recent: str = "28d",
    **cutting: Unpack[Cutting],
) -> Result:
    """Every touchpoint observed or authored, online and offline, and what is known of it: a row each.

    Columns, by what they answer:

    touchpoint, authored, place (online, offline), channels, stage (as authored, else the one most of its rows
    are in), stage_seen (the latter), stage_share (of its rows), owner
    touches (in the journeys as they are cut), recorded (in the days of the period, whether or not a lookback
    reaches them), customers, journeys, reach (journeys through it, of all) with reach_low and reach_high
    change (touches in the last `recent` for each in the one before) with change_low and change_high
    over (journeys with a touch there before their conversion or end, open ones left out), conversions,
    conversion_rate with low and high, others_rate (of the journeys that are over without it), apart (the
    first less the second) with apart_low and apart_high
    exits (journeys that ended there without a conversion), drop_off (of `over`) with drop_low and drop_high,
    share_of_exits, open_ends (open journeys whose last touch so far it is)
    converted_at (conversions that are themselves recorded there: no touch comes before them for that)
    median_days_next, p90_days_next (to the next touch or the conversion), median_days_since, first and last
    (journeys that begin and end there), position (its mean place in a journey)
    new_customers (not yet converted when first there), returning_customers, share_new with its interval
    removal_effect with effect_low and effect_high (`attribution.removal_effects` on touchpoints, conversions
    taken as no touch: without their own place there could be none)
    cost (a channel's, shared by its recorded touches), cost_per_touch; value, value_se (of the conversions of
    journeys through it, in major units, with the standard error of their sum).

    Rates have Wilson's interval (journeys taken as independent), `apart` Newcombe's; `change` the delta
    method on the logarithm with customers as clusters; quantiles are right to 4.4%. Who meets a touchpoint
    differs from who does not: no column says what it brings about. Cost is missing where the channel's is.

    Facts: touchpoints, seen, authored, journeys, over, conversions, exits, open, customers, touches,
    recorded, value, value_each (of a conversion) and value_each_se, stages_seen (with any recorded row),
    without_touchpoint (recorded rows that have a channel only), cost_unshared.

    Raises
    ------
    DataError
        No row says its touchpoint, or two authored touchpoints take one code.
    """
    steps = walked(touches, authored)
    rules = rules_for(steps, **cutting)
    names, place = places(touches.touchpoints, authored)
    windows, known = _windows(touches, recent, cutting)
    found = count(
        touches,
        np.array([*place, -1], np.int64),
        len(names),
        rules,
        coded(touches, model),
        len(model.names),
        windows,
    )
    table = pd.concat(
        [
            _known(names, found, touches, model, authored),
            _volume(found, known),
            _outcomes(found),
            _times(found),
            _effects(before_conversion(steps, np.asarray(rules.converts)), names, cutting),
            _worth(found, touches, costs),
        ],
        axis=1,
    )
    order = table.sort_values(["touches", "touchpoint"], ascending=[False, True], ignore_index=True)
    totals = dict(zip(TOTALS, found.totals.tolist(), strict=True))
    facts = {
        "touchpoints": len(names),
        "seen": int((table["recorded"] > 0).sum()),
        "authored": int(table["authored"].sum()),
        **totals,
        "recorded": int(table["recorded"].sum()),
        **_each(found, touches),
        "stages_seen": [name for at, name in enumerate(model.names) if found.stages[:, at].any()],
        "without_touchpoint": int(found.channels[-1].sum()),
        "cost_unshared": _unshared(found, touches, costs),
    }
    said = settings(steps, **cutting) | {
        "stages": model.name,
        "recent": recent,
        "currency": touches.currency,
        "costs": costs is not None,
    }
    return Result("touchpoints", order, facts, said, base="journeys", **_guarded(order, totals))


def _guarded(table: pd.DataFrame, totals: dict[str, int]) -> dict[str, Any]:
    """How it is guarded (`Result.suppressed`); who ended and where the others did add up to all of these."""
    of = {"exits": "exits", "open_ends": "open", "converted_at": "conversions"}
    return {
        "people": PEOPLE,
        "within": {
            "customers": (totals["customers"],),
            "conversions": ("over", totals["conversions"]),
            "exits": ("over",),
            **dict.fromkeys(_NEW[:2], ("customers",)),
        },
        "tell": _TELL,
        "sums": dict.fromkeys(of, ((),)),
        "besides": {name: totals[of[name]] - int(table[name].sum()) for name in of},
    }


def discreet(result: Result, found: Result, k: int) -> Result:
    """A result about touchpoints with nothing in it that the inventory `found` does not show either.

    See `Result.suppressed`: what is hidden of a touchpoint is hidden in every table about it.
    """
    shown, kept = result.suppressed(k), found.suppressed(k).table.set_index("touchpoint")
    gone = kept.isna() & found.table.set_index("touchpoint").notna()
    for measure, columns in _SAID.items():
        said = [name for name in columns if name in shown.table]
        said += ["low", "high"] if "worth" in said else []
        lost = shown.table["touchpoint"].map(gone[measure]).eq(True)
        if said and lost.any():
            shown.table[said] = shown.table[said].mask(lost)
    if "measure" in shown.table:
        pairs = zip(shown.table["touchpoint"], shown.table["measure"], strict=True)
        lost = pd.Series([bool(gone.loc[name, measure]) for name, measure in pairs], shown.table.index)
        shown.table[["value", "low", "high"]] = shown.table[["value", "low", "high"]].mask(lost)
    return shown


def usual_drop(table: pd.DataFrame) -> pd.Series:
    """What is usual at each touchpoint: exits for each journey over at all touchpoints of its stage.

    Few buy at a first sight and few leave at the checkout: only touchpoints of one stage are alike.
    """
    stage = table["stage"].fillna("")
    sums = table.groupby(stage)[["exits", "over"]].transform("sum").astype(float)
    return sums["exits"] / sums["over"].where(sums["over"] > 0)


def _windows(touches: Touches, recent: str, cutting: Cutting) -> tuple[Windows, bool]:
    """The last period and the one before, and whether the data cover both."""
    late, early = (each["period"] for each in last_two(touches, recent, cutting))
    days = (early[0], late[0], late[1])
    at = [instant(day, touches.timezone) for day in days]
    begin, between, after = (int(moment or 0) for moment in at)
    first = instant((cutting.get("period") or (None, None))[0], touches.timezone)
    known = begin >= _day_of(touches.period[0], touches.timezone) and (first is None or begin >= first)
    return Windows(begin, between, after), known


def _day_of(moment: int, timezone: str) -> int:
    """The midnight before a moment."""
    local = pd.Timestamp(moment, unit="us", tz="UTC").tz_convert(timezone)
    day: dt.date = local.date()
    return int(instant(day, timezone) or 0)


def _known(
    names: tuple[str, ...], found: Counts, touches: Touches, model: Model, said: Authored | None
) -> pd.DataFrame:
    """What people say of each touchpoint, and where the data show it."""
    described = {each.touchpoint: each for each in said.touchpoints} if said else {}
    rows = []
    for at, name in enumerate(names):
        about = described.get(name)
        seen = found.channels[at, :-1]
        channels = [touches.channels[c] for c in np.argsort(-seen, kind="stable") if seen[c] > 0]
        staged = found.stages[at]
        most = int(staged[:-1].argmax()) if staged[:-1].any() else None
        stage = None if most is None else model.names[most]
        rows.append(
            {
                "touchpoint": name,
                "authored": about is not None,
                "place": about.place if about else None,
                "channels": ", ".join(channels or (about.channels if about else ())),
                "stage": about.stage if about and about.stage else stage,
                "stage_seen": stage,
                "stage_share": np.nan if most is None else staged[most] / staged.sum(),
                "owner": ", ".join(about.owner) if about else "",
            }
        )
    return pd.DataFrame(rows)


def _volume(found: Counts, known: bool) -> pd.DataFrame:
    sums = _columns(found)
    journeys = float(found.totals[TOTALS.index("journeys")])
    reach_low, reach_high = wilson(sums["journeys"], np.full(len(found.sums), journeys))
    recent, before, squares, squares_before, product = found.change.T.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(before > 0, recent / before, np.nan) if known else np.full(len(recent), np.nan)
        variance = squares / recent**2 + squares_before / before**2 - 2 * product / (recent * before)
        spread = np.where(recent > 0, np.exp(Z * np.sqrt(np.maximum(variance, 0))), np.nan)
    return pd.DataFrame(
        {
            "touches": sums["touches"],
            "recorded": found.channels[:-1].sum(axis=1),
            "customers": sums["customers"],
            "journeys": sums["journeys"],
            "reach": sums["journeys"] / max(journeys, 1),
            "reach_low": reach_low,
            "reach_high": reach_high,
            "recent": found.change[:, 0],
            "before": found.change[:, 1],
            "change": ratio,
            "change_low": ratio / spread,
            "change_high": ratio * spread,
        }
    )


def _outcomes(found: Counts) -> pd.DataFrame:
    sums = _columns(found)
    totals = dict(zip(TOTALS, found.totals, strict=True))
    over, won, exits = (sums[name].astype(float) for name in ("over", "conversions", "exits"))
    low, high = wilson(won, over)
    drop_low, drop_high = wilson(exits, over)
    others, others_won = totals["over"] - over, totals["conversions"] - won
    apart, apart_low, apart_high = difference(won, over, others_won, others)
    new, people = sums["new_customers"], sums["customers"].astype(float)
    new_low, new_high = wilson(new, people)
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "over": sums["over"],
                "conversions": sums["conversions"],
                "conversion_rate": won / over,
                "low": low,
                "high": high,
                "others_rate": others_won / others,
                "apart": apart,
                "apart_low": apart_low,
                "apart_high": apart_high,
                "exits": sums["exits"],
                "drop_off": exits / over,
                "drop_low": drop_low,
                "drop_high": drop_high,
                "share_of_exits": exits / max(float(totals["exits"]), 1),
                "open_ends": sums["open_ends"],
                "converted_at": sums["converted_at"],
                "new_customers": new,
                "returning_customers": sums["customers"] - new,
                "share_new": new / people,
                "new_low": new_low,
                "new_high": new_high,
            }
        )


def _times(found: Counts) -> pd.DataFrame:
    sums = _columns(found)
    until, since = found.waits[:, 0], found.waits[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        position = sums["positions"] / sums["touches"].astype(float)
    return pd.DataFrame(
        {
            "median_days_next": quantile(until, 0.5),
            "p90_days_next": quantile(until, 0.9),
            "median_days_since": quantile(since, 0.5),
            "first": sums["first"],
            "last": sums["last"],
            "position": position,
        }
    )


def _effects(steps: Touches, names: tuple[str, ...], cutting: Cutting) -> pd.DataFrame:
    """Importance: the share of conversions the Markov chain of the touchpoints loses without each."""
    table = attribution.removal_effects(steps, **cutting).table.set_index("channel")
    table = table.rename(columns={"low": "effect_low", "high": "effect_high"})
    effects = table.reindex(list(names))[["removal_effect", "effect_low", "effect_high"]]
    return effects.reset_index(drop=True)


def _worth(found: Counts, touches: Touches, costs: pd.DataFrame | None) -> pd.DataFrame:
    """What the conversions of journeys through it were worth, and its part of what its channels cost."""
    recorded = found.channels[:-1].sum(axis=1).astype(float)
    unit = 10**touches.digits
    n = _columns(found)["conversions"].astype(float)
    total, squares = found.value[:, 0] / unit, found.value[:, 1] / unit**2
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.maximum(squares - total**2 / n, 0) * n / np.maximum(n - 1, 1))
        part = found.channels[:-1, :-1] / found.channels[:, :-1].sum(axis=0)
    spent = _spent(touches, costs)
    paid = np.isfinite(part) & (found.channels[:-1, :-1] > 0) & np.isfinite(spent)
    cost = np.where(paid, part * np.nan_to_num(spent), 0.0).sum(axis=1)
    cost = np.where(paid.any(axis=1), cost, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = cost / recorded
    return pd.DataFrame({"cost": cost, "cost_per_touch": each, "value": total, "value_se": spread})


def _each(found: Counts, touches: Touches) -> dict[str, float]:
    """Value of all conversions, and of one on average, with the standard error of the average."""
    n, unit = float(found.totals[TOTALS.index("conversions")]), 10**touches.digits
    total, squares = float(found.worth[0]) / unit, float(found.worth[1]) / unit**2
    if n < 2:
        return {"value": total, "value_each": total / n if n else np.nan, "value_each_se": np.nan}
    spread = np.sqrt(max(squares - total**2 / n, 0) / (n - 1) / n)
    return {"value": total, "value_each": total / n, "value_each_se": float(spread)}


def _spent(touches: Touches, costs: pd.DataFrame | None) -> Array:
    if costs is None or not len(costs):
        return np.full(len(touches.channels), np.nan)
    by_channel = costs.groupby("channel")["cost"].sum()
    return by_channel.reindex(list(touches.channels)).to_numpy(float)


def _unshared(found: Counts, touches: Touches, costs: pd.DataFrame | None) -> float:
    """Spend that falls to no touchpoint: of rows without one, and of channels nobody was seen in."""
    if costs is None:
        return 0.0
    spent = np.nan_to_num(_spent(touches, costs))
    seen = found.channels[:, :-1]
    shared = np.where(
        seen.sum(axis=0) > 0, spent * seen[:-1].sum(axis=0) / np.maximum(seen.sum(axis=0), 1), 0
    )
    return float(costs["cost"].sum() - shared.sum())


def _columns(found: Counts) -> dict[str, Any]:
    return dict(zip(SUMS, found.sums.T, strict=True))
