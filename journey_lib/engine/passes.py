"""Measures over buckets, and views that share a pass: what several ask of a bucket is read and made once."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial, wraps
from inspect import isgeneratorfunction
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from journey_lib.engine import spark
from journey_lib.engine.spark import OnSpark, Spark
from journey_lib.errors import ParameterError

Bucket = TypeVar("Bucket")
Table = TypeVar("Table")
Answer = TypeVar("Answer")
Options = ParamSpec("Options")

THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class Derived:
    """Loads a bucket made of others; where equal ones are asked for in one pass, it is made once."""

    make: Callable[..., Any]
    of: tuple[Callable[[], Any], ...]

    def __call__(self) -> Any:
        """Load the others and make it."""
        return _made(self, {})


@dataclass(frozen=True)
class Pass:
    """What a view needs to know of the buckets before it can answer: `measure` each, then `merge`."""

    buckets: Sequence[Callable[[], Any]]
    measure: Callable[[Any], Any]
    merge: Callable[[list[Any]], Any]


Asking = Generator[Pass, Any, Answer]


def placed(
    buckets: Sequence[Callable[[], Bucket]], master: str | None, memory: str, shared: Path
) -> Sequence[Callable[[], Bucket]]:
    """The same buckets, to be measured by the Spark at `master`, or without one on this machine."""
    if master is None:
        return tuple(buckets)
    spark.missing()
    return OnSpark(tuple(buckets), Spark(master, memory), shared)


def placed_like(
    buckets: Sequence[Callable[[], Table]], loaders: Sequence[Callable[[], Bucket]]
) -> Sequence[Callable[[], Bucket]]:
    """Other loaders of the same buckets, to be measured where `buckets` are."""
    return replace(buckets, loaders=tuple(loaders)) if isinstance(buckets, OnSpark) else tuple(loaders)


def derived(
    make: Callable[..., Bucket], *tables: Sequence[Callable[[], Any]]
) -> Sequence[Callable[[], Bucket]]:
    """Buckets made, one by one, of those of other tables; share them by giving an equal `make`."""
    return placed_like(tables[0], [Derived(make, of) for of in zip(*tables, strict=True)])


def beside(*tables: Sequence[Callable[[], Any]]) -> Sequence[Callable[[], tuple[Any, ...]]]:
    """Buckets of several tables side by side, for a measure that needs them all."""
    return derived(_tuple, *tables)


def reduce(
    buckets: Sequence[Callable[[], Bucket]],
    measure: Callable[[Bucket], Table],
    merge: Callable[[list[Table]], Table],
) -> Table:
    """Apply `measure` to every bucket and merge the small additive tables it returns, in bucket order.

    Buckets hold whole customers, so counts, distinct customers, paths and histograms merge by addition; the
    fixed order makes the answer the same to the last bit however many threads or executors ran.
    """
    return merge(_mapped(buckets, measure))


def view(function: Callable[Options, Asking[Answer]]) -> Callable[Options, Answer]:
    """Make a function that yields the `Pass` it needs into one that answers, alone or `together`."""

    @wraps(function)
    def answered(*args: Options.args, **options: Options.kwargs) -> Answer:
        return _answered({"": function(*args, **options)})[""]

    return answered


def together(asked: Mapping[str, partial[Any]]) -> dict[str, Any]:
    """Ask several views at once: every bucket is read once for all of them, and cut once for equal options.

    Each answer is what the view would say by itself::

        together({
            "next": partial(journeys.transitions, touches, lookback="30d"),
            "lengths": partial(journeys.lengths, touches, lookback="30d"),
        })

    Raises
    ------
    ParameterError
        One of them is no view of touches that can share a pass.
    """
    asking = {}
    for name, call in asked.items():
        if not is_view(call):
            raise ParameterError(
                f"'{name}' is no view that can be asked together with others",
                do="give partial(journeys.transitions, touches, ...) or another view, or ask it by itself",
            )
        asking[name] = call.func.__wrapped__(*call.args, **call.keywords)  # type: ignore[attr-defined]
    return _answered(asking)


def is_view(call: Any) -> bool:
    """Whether this is a view, with its options filled in, that can share a pass with others."""
    return isinstance(call, partial) and isgeneratorfunction(getattr(call.func, "__wrapped__", None))


def _answered(asking: Mapping[str, Asking[Any]]) -> dict[str, Any]:
    """Let all of them ask, make the passes they ask for in one, and tell them, until each has answered."""
    answers: dict[str, Any] = {}
    told: dict[str, Any] = dict.fromkeys(asking)
    while told:
        wanted: dict[str, Pass] = {}
        for name, found in told.items():
            try:
                wanted[name] = asking[name].send(found)
            except StopIteration as done:
                answers[name] = done.value
        told = _told(wanted)
    return {name: answers[name] for name in asking}


def _told(wanted: Mapping[str, Pass]) -> dict[str, Any]:
    """The merged tables of all passes; those over as many buckets in the same place are one pass."""
    places: dict[Hashable, list[str]] = {}
    for name, each in wanted.items():
        where = (each.buckets.spark, each.buckets.shared) if isinstance(each.buckets, OnSpark) else None
        places.setdefault((where, len(each.buckets)), []).append(name)
    told = {}
    for names in places.values():
        passes = [wanted[name] for name in names]
        loaders = [partial(tuple, each) for each in zip(*(p.buckets for p in passes), strict=True)]
        parts = _mapped(placed_like(passes[0].buckets, loaders), partial(_all, [p.measure for p in passes]))
        for place, name in enumerate(names):
            told[name] = passes[place].merge([part[place] for part in parts])
    return {name: told[name] for name in wanted}


def _all(measures: Sequence[Callable[[Any], Any]], loads: Sequence[Callable[[], Any]]) -> list[Any]:
    """Every measure of one bucket."""
    held: dict[Callable[[], Any], Any] = {}
    return [measure(_made(load, held)) for measure, load in zip(measures, loads, strict=True)]


def _made(load: Callable[[], Any], held: dict[Callable[[], Any], Any]) -> Any:
    """What `load` loads, remembered in `held` as long as its bucket is being measured."""
    if load not in held:
        held[load] = (
            load.make(*(_made(part, held) for part in load.of)) if isinstance(load, Derived) else load()
        )
    return held[load]


def _mapped(buckets: Sequence[Callable[[], Bucket]], measure: Callable[[Bucket], Table]) -> list[Table]:
    if isinstance(buckets, OnSpark):
        return list(spark.run(buckets.spark, buckets.loaders, lambda load: measure(load()), buckets.shared))
    _keep_freed()
    if len(buckets) == 1:
        return [measure(buckets[0]())]
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return list(pool.map(lambda load: measure(load()), buckets))


def _keep_freed() -> None:
    """Let the allocator keep what one bucket frees for the next, rather than give it back and fetch it again.

    The C library gives back what is free beyond twice the largest block it was ever handed back, up to 32 MB:
    so it is handed one of nearly that, which nobody wrote to. Fetching memory anew took a third of a view.
    """
    np.empty(31 << 20, np.uint8)


def _tuple(*parts: Any) -> tuple[Any, ...]:
    return parts
