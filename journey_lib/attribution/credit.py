"""One door to every model: credit by channel, its base and its interval, from paths or from touches."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_lib import journeys
from journey_lib.attribution import markov, rules
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.intervals import share_interval
from journey_lib.journeys import PathTable
from journey_lib.model import NO_TOUCH, Result
from journey_lib.prepare import FOLDS
from journey_lib.touches import Touches

Array = npt.NDArray[Any]

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "first": "all to the first touch",
        "last": "all to the last touch",
        "last_non_direct": "all to the last touch that is not direct",
        "linear": "the same to every touch",
        "position": "fixed parts to the first, the middle and the last touch",
        "time_decay": "more to a touch the closer it was to the conversion (needs touches, for their times)",
        "markov": "by what would be lost if the channel's visitors left, in a Markov chain of the paths",
        "shapley": "each conversion equally over the distinct channels of its path (closed form)",
    }
)


def credit(
    source: PathTable | Touches,
    model: str,
    *,
    conversion: str | None = None,
    lookback: str | None = None,
    direct: journeys.Direct = "keep",
    repeats: journeys.Repeats = "keep",
    max_touches: int | None = None,
    period: journeys.Period | None = None,
    **options: Any,
) -> Result:
    """How much of all conversions, and of their value, one model gives each channel.

    Parameters
    ----------
    source
        Touches, cut as `journeys.paths` would by the options it shares with it; or a path table, cut already.
    model, options
        A name in `MODELS` and what that model takes: ``position`` weights, ``time_decay`` half_life,
        ``markov`` order.

    Returns
    -------
    Result
        Columns channel, conversions, value (major units), share (of all conversions), journeys (converted
        ones the channel took part in: the base), customers (theirs, where people are known), low and high
        (95% interval of share; with touches, customers are the independent observations, with a path table,
        journeys are), and for ``markov`` removal_effect with effect_low and effect_high. The row "(no touch)"
        holds conversions with no touch in the lookback. Conversions and value add up to all there were.

    Raises
    ------
    ParameterError
        The model or an option is not known, or does not fit the source.
    """
    _check(source, model, options)
    cut: dict[str, Any] = {
        "conversion": conversion,
        "lookback": lookback,
        "direct": direct,
        "repeats": repeats,
        "max_touches": max_touches,
        "period": period,
    }
    if isinstance(source, PathTable):
        changed = [name for name, given in cut.items() if given != _DEFAULTS[name]]
        if changed:
            raise ParameterError(
                f"{', '.join(changed)} cannot be changed here: these paths are already cut",
                do="pass the touches, or give the option to journeys.paths",
            )
        table, age = source, None
    elif model == "time_decay":
        table, age = _as_paths(source, journeys.converting(source, journeys.rules_for(source, **cut)), cut)
    else:
        table, age = journeys.paths(source, **cut, by_fold=True), None
    untouched = _untouched(table)
    touched = _chosen(table, (table.lengths > 0) & (table.conversions + table.nulls > 0))
    if model == "markov":
        amounts, value, variance, extra = _by_markov(touched, untouched, **options)
    else:
        amounts, value, variance, extra = _by_rule(touched, untouched, model, age, options)
    return _result(table, model, amounts, value, variance, extra, dict(options))


def takes(model: str) -> tuple[str, ...]:
    """Names of the options a model takes."""
    if model == "markov":
        return ("order",)
    accepted = inspect.signature(getattr(rules, model)).parameters
    return tuple(name for name in accepted if name not in {"paths", "age"})


def options_of(model: str, **offered: Any) -> dict[str, Any]:
    """Those of the offered options that a model takes."""
    return {name: offered[name] for name in takes(model) if name in offered}


_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(credit).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
}


def _check(source: PathTable | Touches, model: str, options: Mapping[str, Any]) -> None:
    if not isinstance(source, PathTable | Touches):
        raise ParameterError(
            f"credit cannot be given for a {type(source).__name__}",
            do="make touches of it with touches.from_frame, or paths with attribution.read_paths",
        )
    if model not in MODELS:
        raise ParameterError(f"there is no model '{model}'", do=did_you_mean(str(model), MODELS))
    for name in options:
        if name not in takes(model):
            known = [*takes(model), *_DEFAULTS]
            raise ParameterError(f"{model} takes no option '{name}'", do=did_you_mean(name, known))
    if model == "time_decay" and isinstance(source, PathTable):
        raise ParameterError(
            "time_decay needs to know when each touch happened, and paths do not say",
            do="pass the touches the paths were made from",
        )


def _by_rule(
    paths: PathTable, untouched: Array, model: str, age: Array | None, options: Mapping[str, Any]
) -> tuple[Array, Array, Array, dict[str, Array]]:
    keep = paths.conversions > 0
    if age is not None:
        age = age[np.repeat(keep, paths.lengths)]
    paths = _chosen(paths, keep)
    weight = getattr(rules, model)(*([paths] if age is None else [paths, age]), **options)
    amounts = rules.credited(paths, weight, paths.conversions)
    value = rules.credited(paths, weight, paths.value)
    total = max(int(paths.conversions.sum() + untouched.sum()), 1)
    return amounts, value, rules.variance_of_share(paths, weight, amounts / total, untouched), {}


def _by_markov(
    paths: PathTable, untouched: Array, order: int = 1
) -> tuple[Array, Array, Array, dict[str, Array]]:
    nothing = np.zeros(len(paths.channels))
    chain = markov.build(paths, order)
    touched = int(paths.conversions.sum())
    if not touched:
        none = {"removal_effect": nothing, "effect_low": nothing, "effect_high": nothing + 1}
        return nothing, nothing, nothing, none
    effects, on_value, visits = markov.removal_effects(chain)
    of_share, of_effect = markov.variances(chain, effects, visits, untouched)
    amounts = touched * effects / effects.sum()
    worth = on_value if on_value.sum() > 0 else effects
    # Conversions with no touch stay whatever is removed: the effect is on all conversions there were.
    total = touched + int(untouched.sum())
    felt = effects * touched / total
    low, high = share_interval(felt, of_effect, total)
    extra = {"removal_effect": felt, "effect_low": low, "effect_high": high}
    return amounts, int(paths.value.sum()) * worth / worth.sum(), of_share, extra


def _result(
    table: PathTable,
    model: str,
    amounts: Array,
    value: Array,
    variance: Array,
    extra: dict[str, Array],
    options: dict[str, Any],
) -> Result:
    total = int(table.conversions.sum())
    empty = table.lengths == 0
    without = int(table.conversions[empty].sum())
    share = amounts / max(total, 1)
    low, high = share_interval(share, variance, total)
    frame = pd.DataFrame(
        {
            "channel": list(table.channels),
            "conversions": amounts,
            "value": value / 10**table.digits,
            "share": share,
            "journeys": _taking_part(table),
            **({} if table.converting is None else {"customers": table.converting}),
            "low": low,
            "high": high,
            **extra,
        }
    )
    if without:
        frame = pd.concat([frame, _no_touch(table, without, total)], ignore_index=True)
    facts = {
        "conversions": total,
        "value": float(table.value.sum()) / 10**table.digits,
        "journeys": int((table.conversions + table.nulls + table.open).sum()),
        "nulls": int(table.nulls.sum()),
        "open": int(table.open.sum()),
        "no_touch": without,
    }
    settings = {**table.settings, "model": model, **options}
    return Result("credit", frame, facts, settings, base="journeys")


def _no_touch(table: PathTable, without: int, total: int) -> pd.DataFrame:
    """The row of the conversions that no touch in the lookback led to."""
    empty = table.lengths == 0
    share = np.array([without / total])
    variance = share * (1 - share) / total
    if table.fold is not None:
        by_fold = np.bincount(table.fold, table.conversions, FOLDS)
        deviation = np.bincount(table.fold[empty], table.conversions[empty], FOLDS) - share * by_fold
        variance = rules.between_folds(deviation[:, None]) / total**2
    low, high = share_interval(share, variance, total)
    people = {} if table.customers is None else {"customers": [int(table.customers[empty].sum())]}
    row = {
        "channel": [NO_TOUCH],
        "conversions": [float(without)],
        "value": [float(table.value[empty].sum()) / 10**table.digits],
        "share": share,
        "journeys": [without],
        "low": low,
        "high": high,
    }
    return pd.DataFrame(row | people)


def _taking_part(table: PathTable) -> Array:
    """Converted journeys in which each channel took part, however often."""
    converted = _chosen(table, table.conversions > 0)
    size = len(table.channels)
    cells = pd.unique(converted.row * size + converted.tokens)
    return journeys.add(cells % size, converted.conversions[cells // size], size)


def _untouched(table: PathTable) -> Array:
    """Conversions with no touch, by fold where folds are known."""
    empty = table.lengths == 0
    fold = np.zeros(len(table), np.int64) if table.fold is None else table.fold
    return np.bincount(fold[empty], table.conversions[empty], 1 if table.fold is None else FOLDS)


def _chosen(table: PathTable, keep: Array) -> PathTable:
    """Only the chosen rows."""
    if keep.all():
        return table
    lengths = table.lengths
    return replace(
        table,
        tokens=table.tokens[np.repeat(keep, lengths)],
        offsets=np.concatenate([[0], np.cumsum(lengths[keep])]),
        fold=None if table.fold is None else table.fold[keep],
        **{name: getattr(table, name)[keep] for name in ("conversions", "value", "nulls", "open")},
    )


def _as_paths(touches: Touches, found: journeys.Journeys, cut: Mapping[str, Any]) -> tuple[PathTable, Array]:
    """Journeys one by one as a path table, and the ages of their touches, for models that need clock time."""
    none = np.zeros(len(found), np.int64)
    # A customer with several journeys is counted with the first, so that sums count people.
    person = np.ones(len(found), np.int64)
    person[1:][found.customer[1:] == found.customer[:-1]] = 0
    table = PathTable(
        touches.channels,
        found.channel,
        found.offsets,
        found.converted.astype(np.int64),
        found.value,
        none,
        none,
        customers=person,
        converting=journeys.people_by_channel(found, len(touches.channels)),
        fold=touches.fold[found.customer],
        digits=touches.digits,
        currency=touches.currency,
        settings=journeys.settings(touches, **cut),
    )
    return table, found.age
