"""How long a reader waits: every view once of a million events that are loaded, in milliseconds of CPU.

    python benchmarks/live.py [WORKSPACE]

Writes `benchmarks/live.md`. The views are asked one by one, as the explorers of the notebooks ask them: with
any option that changes the work, of a group, and beside the rest or the time before. The best of five counts,
all threads together.
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
from journey_lib import conformance, findings_journeys, funnel, integrity, journeys, retention, touches
from journey_lib.touches import Touches

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
PATTERN = "email -> ... -> store"
CUT: dict[str, Any] = {"lookback": "30d"}
View = Callable[[], Any]


def views(workspace: str) -> Mapping[str, View]:
    """Every view a reader can ask for, by the name it has in the documentation."""
    tch = touches.hold(touches.load(jl.open(workspace)))
    staged = touches.hold(journeys.steps_by(tch, "stage", jl.stages.load("5A")))
    return {
        **cut_views(tch, staged),
        **funnels(tch, staged),
        **planned(tch),
        **patterns(tch),
        **of_a_group(tch, staged),
        **compared(tch, staged),
        **over_time(tch, staged),
        **told(tch, staged),
    }


def cut_views(tch: Touches, staged: Touches) -> Mapping[str, View]:
    """Where journeys go, how they begin and end, how long they are; and with every way to cut them."""
    moves, flows = journeys.transitions(tch, **CUT), journeys.flows(tch, **CUT)
    kinds = touches.hold(journeys.steps_by(tch, "event_type"))
    year = last_days(tch, "365d")
    return {
        "transitions": partial(journeys.transitions, tch, **CUT),
        "transitions, no lookback": partial(journeys.transitions, tch),
        "transitions, by event type": partial(journeys.transitions, kinds, **CUT),
        "transitions, by stage": partial(journeys.transitions, staged, **CUT),
        "transitions, direct dropped": partial(journeys.transitions, tch, direct="drop", **CUT),
        "transitions, collapsed": partial(journeys.transitions, tch, repeats="collapse", **CUT),
        "transitions, last five": partial(journeys.transitions, tch, max_touches=5, **CUT),
        "transitions, of a year": partial(journeys.transitions, tch, period=year, **CUT),
        "around": partial(journeys.around, moves, "email"),
        "flows": partial(journeys.flows, tch, **CUT),
        "flows, twenty deep": partial(journeys.flows, tch, depth=20, **CUT),
        "step_matrix": partial(journeys.step_matrix, flows),
        "step_matrix, of touches": partial(journeys.step_matrix, tch, **CUT),
        "entries": partial(journeys.entries, tch, **CUT),
        "entries, last": partial(journeys.entries, tch, side="last", **CUT),
        "lengths": partial(journeys.lengths, tch, **CUT),
        "lengths, collapsed": partial(journeys.lengths, tch, repeats="collapse", **CUT),
        "durations": partial(journeys.durations, tch, **CUT),
        "detours": partial(journeys.detours, staged, **CUT),
        "detours, by channel": partial(journeys.detours, tch, **CUT),
        "sessions": partial(journeys.sessions, tch),
        "paths": partial(journeys.paths, tch, **CUT),
        "top": lambda: journeys.top(journeys.paths(tch, **CUT), n=10, k=10),
        "overview": partial(
            journeys.overview, tch, [journeys.through(tch, name) for name in SEGMENTS], **CUT
        ),
        "stages_now": partial(journeys.stages_now, staged),
    }


def funnels(tch: Touches, staged: Touches) -> Mapping[str, View]:
    """How many customers go from stage to stage, when, what the others did, and who comes back."""
    asked: dict[str, Any] = {"within": "30d"}
    year, some = last_days(tch, "365d"), halves(tch)[0]
    return {
        "funnel": partial(funnel.funnel, staged, **asked),
        "funnel, for ever": partial(funnel.funnel, staged),
        "funnel, strict": partial(funnel.funnel, staged, order="strict", **asked),
        "funnel, any start": partial(funnel.funnel, staged, start="any", **asked),
        "funnel, strict, any start": partial(funnel.funnel, staged, order="strict", start="any", **asked),
        "funnel, of a year": partial(funnel.funnel, staged, period=year, **asked),
        "funnel, of some": partial(funnel.funnel, staged, customers=some, **asked),
        "dropped": partial(funnel.dropped, staged, called=tch, **asked),
        "dropped, strict": partial(funnel.dropped, staged, called=tch, order="strict", **asked),
        "time_to": partial(funnel.time_to, staged),
        "time_to, strict": partial(funnel.time_to, staged, order="strict"),
        "trend": partial(funnel.trend, staged, **asked),
        "trend, strict": partial(funnel.trend, staged, order="strict", **asked),
        "cohorts": partial(retention.cohorts, tch),
        "repeat": partial(retention.repeat, tch),
    }


def planned(tch: Touches) -> Mapping[str, View]:
    """Planned against actual."""
    plan = jl.maps.plan(PLAN)
    return {
        "planned: score": partial(conformance.score, tch, plan, **CUT),
        "planned: moves": partial(conformance.moves, tch, plan, **CUT),
        "planned: deviations": partial(conformance.deviations, tch, plan, **CUT),
        "planned: outcomes": partial(conformance.outcomes, tch, plan, **CUT),
        "planned: by reach": partial(conformance.outcomes_by_reach, tch, plan, **CUT),
        "planned: no lookback": partial(conformance.score, tch, plan),
    }


def patterns(tch: Touches) -> Mapping[str, View]:
    """A path pattern as a metric, as a filter of customers, and as a segment of journeys."""
    along = {"group": journeys.along(tch, PATTERN)}
    return {
        "pattern: metric": partial(journeys.follow, tch, PATTERN, **CUT),
        "pattern: metric, windowed": partial(journeys.follow, tch, f"{PATTERN} within 7d", **CUT),
        "pattern: metric, negated": partial(journeys.follow, tch, "^ [^call_centre]* -> (conversion)", **CUT),
        "pattern: filter": partial(journeys.chosen, tch, PATTERN, **CUT),
        "pattern: segment": partial(journeys.transitions, tch, **along, **CUT),
    }


def of_a_group(tch: Touches, staged: Touches) -> Mapping[str, View]:
    """What the explorer draws, of the journeys through one step, and of all others."""
    app = journeys.through(tch, "app_push")
    others = {"group": journeys.rest(app), **CUT}
    return {
        f"{view.__name__}, of the rest": partial(view, tch, **others)
        for view in (
            *(journeys.transitions, journeys.flows, journeys.entries, journeys.lengths),
            *(journeys.durations, journeys.paths),
        )
    } | {
        "transitions, of a group": partial(journeys.transitions, tch, group=app, **CUT),
        "detours, of converted": partial(journeys.detours, staged, group=journeys.converted(), **CUT),
    }


def compared(tch: Touches, staged: Touches) -> Mapping[str, View]:
    """Two groups beside one another in every view they can be compared in."""
    app, plan = journeys.through(tch, "app_push"), jl.maps.plan(PLAN)
    sides = {"group": app}, {"group": journeys.rest(app)}
    stage = journeys.through(staged, staged.channels[1])
    stages = {"group": stage}, {"group": journeys.rest(stage)}
    people = [{"customers": half} for half in halves(tch)]
    compare = partial(journeys.compare, names=("one", "other"))
    by_journey: dict[str, Any] = {
        view.__name__: partial(compare, view, tch, *sides, **CUT)
        for view in (
            *(journeys.transitions, journeys.flows, journeys.step_matrix),
            *(journeys.entries, journeys.lengths, journeys.durations),
        )
    }
    by_plan = {
        f"planned {view.__name__}": partial(compare, partial(view, plan=plan), tch, *sides, **CUT)
        for view in (conformance.score, conformance.moves, conformance.outcomes)
    }
    by_person = {
        view.__name__: partial(compare, view, staged, *people, within="30d")
        for view in (funnel.funnel, funnel.trend, funnel.dropped, journeys.stages_now)
    }
    others = {
        "last touches": partial(compare, journeys.entries, tch, *sides, side="last", **CUT),
        "detours": partial(compare, journeys.detours, staged, *stages, **CUT),
        "sessions": partial(compare, journeys.sessions, tch, *people),
        "cohorts": partial(compare, retention.cohorts, tch, *people),
        "converted or not": partial(compare, journeys.transitions, tch, *both(journeys.converted()), **CUT),
        "along a pattern": partial(
            compare, journeys.transitions, tch, *both(journeys.along(tch, PATTERN)), **CUT
        ),
    }
    return {f"compare: {name}": ask for name, ask in (by_journey | by_plan | by_person | others).items()}


def over_time(tch: Touches, staged: Touches) -> Mapping[str, View]:
    """This time against last time."""
    later, before = journeys.last_two(tch, "90d", CUT)
    periods = [{"period": side["period"]} for side in (later, before)]
    compare = partial(journeys.compare, names=("now", "before"))
    asked = {
        view.__name__: partial(compare, view, tch, later, before)
        for view in (journeys.transitions, journeys.flows, journeys.entries, journeys.lengths)
    } | {
        "pattern": partial(compare, partial(journeys.follow, text=PATTERN), tch, later, before),
        "funnel": partial(compare, funnel.funnel, staged, *periods, within="30d"),
    }
    return {f"last time: {name}": ask for name, ask in asked.items()}


def told(tch: Touches, staged: Touches) -> Mapping[str, View]:
    """Stories of a group, and the ten checks of a page of such results."""
    page = [
        *(view(tch, **CUT) for view in (journeys.transitions, journeys.flows, journeys.entries)),
        *(view(tch, **CUT) for view in (journeys.lengths, journeys.durations)),
        funnel.funnel(staged, within="30d"),
        journeys.compare(journeys.transitions, tch, *both(journeys.converted()), **CUT),
    ]
    said = ["Those who came by the app differ from the others by three points."] * 20

    def story() -> str:
        paths = journeys.paths(tch, group=journeys.converted(), **CUT)
        return findings_journeys.story(journeys.top(paths, n=10, k=10), {}, "converted")

    return {"story of a group": story, "integrity checks": partial(integrity.check, page, said)}


def both(group: journeys.Group) -> tuple[dict[str, Any], dict[str, Any]]:
    """A group, and the rest."""
    return {"group": group}, {"group": journeys.rest(group)}


def last_days(tch: Touches, length: str) -> Any:
    """The last days of the data as a period."""
    return journeys.last_two(tch, length, {})[0]["period"]


def halves(tch: Touches) -> tuple[Any, Any]:
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
