"""How long a reader waits: every view once of a million events that are loaded, in milliseconds of CPU.

    python benchmarks/live.py [WORKSPACE]

Writes `benchmarks/live.md`. The views are asked one by one, as the explorers of the notebooks ask them; the
best of five counts, all threads together.
"""

from __future__ import annotations

import gc
import platform
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from harness import HERE, inputs

import journey_lib as jl
from journey_lib import conformance, funnel, journeys, retention, touches

MILLION = 1_000_000
LIMIT = 150  # milliseconds
TURNS = 5
SEGMENTS = ("organic_search", "zalo_oa", "tiktok", "youtube", "sms")
PLAN = {
    "steps": [
        {"step": "see", "any_of": ["facebook_paid", "tiktok", "youtube", "display"]},
        {"step": "search", "any_of": ["paid_search", "organic_search"]},
        {"step": "ask", "any_of": ["zalo_oa", "call_centre", "sales_staff"], "optional": True},
        {"step": "remind", "any_of": ["email", "sms", "app_push"], "optional": True},
        {"step": "buy", "any_of": ["direct", "store"]},
    ]
}
View = Callable[[], Any]


def views(workspace: str) -> Mapping[str, View]:
    """Every view a reader can ask for, by the name it has in the documentation."""
    tch = touches.hold(touches.load(jl.open(workspace)))
    staged = touches.hold(journeys.steps_by(tch, "stage", jl.stages.load("5A")))
    plan = jl.maps.plan(PLAN)
    cut: dict[str, Any] = {"lookback": "30d"}
    app = journeys.through(tch, "app_push")
    sides = {"group": app}, {"group": journeys.rest(app)}
    people = [{"customers": half} for half in halves(tch)]
    later, before = journeys.last_two(tch, "90d", {"lookback": "30d"})
    segments = [journeys.through(tch, name) for name in SEGMENTS]
    moves = journeys.transitions(tch, **cut)
    flows = journeys.flows(tch, **cut)
    compare = partial(journeys.compare, names=("one", "other"))
    return {
        "transitions": partial(journeys.transitions, tch, **cut),
        "around": partial(journeys.around, moves, "email"),
        "flows": partial(journeys.flows, tch, **cut),
        "step_matrix": partial(journeys.step_matrix, flows),
        "entries": partial(journeys.entries, tch, **cut),
        "entries, last": partial(journeys.entries, tch, side="last", **cut),
        "lengths": partial(journeys.lengths, tch, **cut),
        "durations": partial(journeys.durations, tch, **cut),
        "detours": partial(journeys.detours, staged, **cut),
        "sessions": partial(journeys.sessions, tch),
        "collapsed": partial(journeys.lengths, tch, repeats="collapse", **cut),
        "paths": partial(journeys.paths, tch, **cut),
        "top": lambda: journeys.top(journeys.paths(tch, **cut), n=10, k=10),
        "overview": partial(journeys.overview, tch, segments, **cut),
        "stages_now": partial(journeys.stages_now, staged),
        "follow": partial(journeys.follow, tch, "email -> ... -> store", **cut),
        "follow, windowed": partial(journeys.follow, tch, "email -> ... -> store within 7d", **cut),
        "funnel": partial(funnel.funnel, staged, within="30d"),
        "funnel, strict": partial(funnel.funnel, staged, within="30d", order="strict"),
        "funnel, any start": partial(funnel.funnel, staged, within="30d", start="any"),
        "dropped": partial(funnel.dropped, staged, within="30d", called=tch),
        "time_to": partial(funnel.time_to, staged),
        "trend": partial(funnel.trend, staged, within="30d"),
        "cohorts": partial(retention.cohorts, tch),
        "repeat": partial(retention.repeat, tch),
        "planned: score": partial(conformance.score, tch, plan, **cut),
        "planned: moves": partial(conformance.moves, tch, plan, **cut),
        "planned: deviations": partial(conformance.deviations, tch, plan, **cut),
        "planned: outcomes": partial(conformance.outcomes, tch, plan, **cut),
        "planned: by reach": partial(conformance.outcomes_by_reach, tch, plan, **cut),
        "compare: transitions": partial(compare, journeys.transitions, tch, *sides, **cut),
        "compare: flows": partial(compare, journeys.flows, tch, *sides, **cut),
        "compare: entries": partial(compare, journeys.entries, tch, *sides, **cut),
        "compare: lengths": partial(compare, journeys.lengths, tch, *sides, **cut),
        "compare: funnel": partial(compare, funnel.funnel, staged, *people, within="30d"),
        "compare: periods": partial(compare, journeys.transitions, tch, later, before),
    }


def halves(tch: touches.Touches) -> tuple[Any, Any]:
    """Every other fold of customers, and the rest."""
    one = tch.fold % 2 == 0
    return one, ~one


def took(view: View) -> float:
    """The least CPU of several turns, in milliseconds, this process and all its threads."""
    best = float("inf")
    for _turn in range(TURNS):
        gc.collect()
        began = time.process_time()
        view()
        best = min(best, time.process_time() - began)
    return best * 1000


def page(spent: Mapping[str, float]) -> str:
    rows = "\n".join(f"| {name} | {ms:.0f} |" for name, ms in spent.items())
    slow = [name for name, ms in spent.items() if ms > LIMIT]
    said = f"above {LIMIT} ms: {', '.join(slow)}" if slow else f"none takes more than {LIMIT} ms"
    return f"""# How long a reader waits

Written by `python benchmarks/live.py`: each view once of a million events that are loaded, best of {TURNS},
milliseconds of CPU of all threads; {said}. {platform.machine()}, Python {platform.python_version()}.

| view | ms |
|---|--:|
{rows}
"""


def main(arguments: list[str]) -> int:
    workspace = arguments[0] if arguments else str(inputs("events", MILLION)["workspace"])
    spent = {name: took(view) for name, view in views(workspace).items()}
    (HERE / "live.md").write_text(page(spent), encoding="utf-8")
    print(page(spent))
    return 1 if max(spent.values()) > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
