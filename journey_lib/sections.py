"""Parts of a page that only some workspaces have: shown where declared, said to be missing where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from journey_lib import (
    charts_conformance,
    charts_customers,
    charts_journeys,
    charts_touchpoints,
    conformance,
    findings_conformance,
    findings_customers,
    findings_journeys,
    findings_touchpoints,
    funnel,
    i18n,
    maps,
    retention,
    sections_voice,
    single_view,
    stages,
    touchpoints,
    voice,
)
from journey_lib import journeys as views
from journey_lib.funnel import Order, Start
from journey_lib.i18n import text as _
from journey_lib.model import Result
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches


def planned(run: Session, touches: Touches, model: Model, cut: Mapping[str, Any]) -> list[Result]:
    """Planned against actual, where the workspace has a `maps/planned.yaml`; the results shown."""
    if not (run.workspace.path / maps.PLANNED).is_file():
        run.say(_("This workspace declares no planned journey; docs/planned-journeys.md says how."))
        return []
    plan = maps.planned(run.workspace)
    walked = views.steps_by(touches, plan.by, model)
    asked = (conformance.score, conformance.moves, conformance.outcomes, conformance.outcomes_by_reach)
    found = views.together(
        {view.__name__: partial(view, walked, plan, **cut) for view in asked}
        | {"deviations": partial(conformance.deviations, walked, plan, k=run.k, **cut)}
    )
    score, moves, ended, by_reach, left = (each.suppressed(run.k) for each in found.values())
    scope = run.scope(cut["period"], journeys=score.facts["journeys"])
    run.say(findings_conformance.conformance(score, run.k))
    run.show(charts_conformance.deviation_diagram(score, moves, scope))
    run.say(findings_conformance.steps(score))
    run.say(findings_conformance.coverage(score, run.names))
    run.table(score)
    run.say(findings_conformance.deviations(left))
    run.table(left)
    run.say(findings_conformance.outcomes(ended))
    run.show(charts_conformance.outcomes_by_reach(by_reach, scope))
    return [score, moves, left, ended, by_reach]


def described(run: Session) -> touchpoints.Authored | None:
    """The touchpoints a workspace describes in `maps/touchpoints.yaml`; none where it has no such file."""
    if not (run.workspace.path / touchpoints.TOUCHPOINTS).is_file():
        run.say(_("This workspace describes no touchpoints; docs/touchpoints.md says how."))
        return None
    return touchpoints.authored(run.workspace)


def gaps(
    run: Session,
    found: Result,
    touches: Touches,
    said: touchpoints.Authored | None,
    model: Model,
    cut: Mapping[str, Any],
) -> list[Result]:
    """What is missing between touchpoints described and seen, where any are described; the results shown.

    `found` is the inventory as it was counted, not as it may be shown: a touchpoint of few people is seen.
    """
    if said is None:
        return []
    day = run.days(cut["period"])[1]
    lacking = touchpoints.complete(found, said, model=model, as_of=day)
    aimed = touchpoints.discreet(touchpoints.targets(found, said), found, run.k)
    sources = touchpoints.availability(touches, model=model, authored=said, period=cut["period"])
    run.say(findings_touchpoints.gaps(lacking, run.names))
    run.table(lacking)
    who = touchpoints.roles(said)
    run.table(who)
    run.say(findings_touchpoints.targets(aimed))
    off = replace(aimed, table=aimed.table[aimed.table["state"] != "met"])
    run.table(off)
    run.say(findings_touchpoints.availability(sources))
    shown = sources.suppressed(run.k)
    run.show(
        charts_touchpoints.availability(
            shown, run.names, run.scope(cut["period"], rows=sources.facts["rows"])
        )
    )
    return [lacking, who, aimed, shown]


def factors(
    run: Session, found: Result, said: touchpoints.Authored | None, cut: Mapping[str, Any]
) -> list[Result]:
    """Behaviour, emotion and pain, where the workspace has surveys or tickets; the result shown.

    Answers and tickets are those of the period's days.
    """
    emotion = pain = None
    if sections_voice.has(run, "surveys"):
        asked = touchpoints.asked_at(sections_voice.answered(run, cut), said)
        emotion = _emotion(run, asked) if len(asked) else None
    if sections_voice.has(run, "tickets"):
        tickets = voice.tickets(run.workspace)
        raised = sections_voice.within(run, touchpoints.raised_at(tickets, said), cut)
        topics, day = voice.topics(run.workspace), run.days(cut["period"])[1]
        by_channel = voice.pain(raised, topics=topics, as_of=str(day), by=("channel",)).table
        pain = by_channel.rename(columns={"channel": "touchpoint"}) if len(raised) else None
    if emotion is None and pain is None:
        run.say(_("No surveys and no tickets speak of touchpoints: nobody can tell how people feel there."))
        return []
    stands = touchpoints.factors(found, emotion=emotion, pain=pain, k=run.k)
    stands = touchpoints.discreet(stands, found, run.k)
    run.say(findings_touchpoints.factors(stands, run.names))
    run.say(findings_touchpoints.at_purchase(stands))
    run.show(charts_touchpoints.factors(stands, run.names, run.scope(cut["period"])))
    judged = stands.table["valence"] != "unknown"
    run.table(replace(stands, table=stands.table[judged]))
    return [stands]


def _emotion(run: Session, asked: pd.DataFrame) -> pd.DataFrame:
    """What customers marked; and what is read out of their words, where somewhere too few marked anything."""
    scores = voice.scores(asked).table
    if "comment" not in asked:
        return scores
    said = asked[asked["comment"].fillna("").str.strip().ne("")]
    marked = scores[scores["answered"] >= run.k]["touchpoint"]
    wrote = said.groupby("touchpoint")["customer_id"].nunique()
    if not len(wrote[wrote >= run.k].index.difference(pd.Index(marked))):
        return scores
    read = voice.tones(said.assign(text=said["comment"]), lexicon=voice.lexicon(run.workspace))
    return pd.concat([scores, voice.as_emotion(read)], ignore_index=True)


def opportunities(
    run: Session, found: Result, said: touchpoints.Authored | None, stands: Sequence[Result] = ()
) -> Result:
    """Where most journeys end that usually go on, with what the workspace has declared to do about it."""
    declared = () if said is None else touchpoints.declared_opportunities(run.workspace, said)
    known = next(iter(stands), None)
    ranked = touchpoints.opportunities(found, factors=known, declared=declared)
    ranked = touchpoints.discreet(ranked, found, run.k)
    run.say(findings_touchpoints.opportunities(ranked, run.names))
    return ranked


def first(result: Result, most: int = 10) -> Result:
    """The first rows of a result, as many as a page shows; all of them are in the run's tables."""
    return replace(result, table=result.table.head(most))


MOST_ROWS = 100  # rows of a table that a page lists: a dozen sheets of paper are read by nobody


def listed(run: Session, result: Result) -> None:
    """Show the first `MOST_ROWS` rows of a result, and say where the others are."""
    run.table(first(result, MOST_ROWS))
    if (others := len(result.table) - MOST_ROWS) > 0:
        run.say(
            _(
                "The table goes on: {n} more rows are in the file `{name}.csv` that this run kept.",
                n=i18n.number(others),
                name=result.name.replace("_", "-"),
            )
        )


def actions(
    run: Session, ranked: Result, lacking: Sequence[Result], said: touchpoints.Authored | None
) -> list[Result]:
    """Who has what to do, where departments are described; the result shown."""
    if said is None or not lacking:
        return []
    todo = touchpoints.actions(ranked, lacking[0], said)
    run.table(todo)
    return [todo]


def pattern(run: Session, touches: Touches, text: str | None, cut: Mapping[str, Any]) -> list[Result]:
    """What became of the journeys that follow a pattern, where one is asked for; the result shown."""
    if text is None:
        run.say(_("No pattern was asked for; docs/patterns.md says how to write one."))
        return []
    options = {name: value for name, value in cut.items() if name != "max_touches"}
    found = views.follow(touches, text, **options).suppressed(run.k)
    run.say(findings_journeys.pattern(found))
    run.show(charts_journeys.outcomes(found, run.names, run.scope(cut["period"])))
    run.table(found)
    return [found]


def journeys(
    touches: Touches,
    walked: Touches,
    model: Model,
    cut: Mapping[str, Any],
    *,
    depth: int,
    within: str,
    order: Order,
    start: Start,
    goal: str | None,
) -> dict[str, Any]:
    """The views of the journeys report by name: every bucket is read once for all of them, and cut once."""
    staged = views.steps_by(touches, "stage", model)
    ways = model.up_to(goal, touches.converting(cut["conversion"]))
    path: dict[str, Any] = {"order": order, "period": cut["period"]}
    sales = {name: cut[name] for name in ("conversion", "period")}
    return views.together(
        {
            "lengths": partial(views.lengths, walked, **cut),
            "durations": partial(views.durations, walked, **cut),
            "first": partial(views.entries, walked, **cut),
            "last": partial(views.entries, walked, side="last", **cut),
            "moves": partial(views.transitions, walked, **cut),
            "flows": partial(views.flows, walked, depth=depth, **cut),
            "paths": partial(views.paths, walked, **cut),
            "ways": partial(views.paths, walked, group=views.converted(), **cut),
            "turns": partial(views.detours, staged, **cut),
            "now": partial(views.stages_now, staged, period=cut["period"]),
            "funnel": partial(funnel.funnel, staged, within=within, start=start, **path),
            "stopped": partial(funnel.dropped, staged, called=touches, within=within, **path),
            "waited": partial(funnel.time_to, staged, ways, **path),
            "weekly": partial(funnel.trend, staged, within=within, **path),
            "returned": partial(retention.cohorts, touches, **sales),
            "again": partial(retention.repeat, touches, **sales),
        }
    )


def waited(found: Mapping[str, Any], k: int) -> Result:
    """How long it takes to the last stage; nothing of it where the funnel may not say how many came there.

    Who entered early enough is in the funnel, and who of these is still on the way in the curve.
    """
    curve: Result = found["waited"]
    steps = found["funnel"].suppressed(k).table.set_index("step")["suppressed"]
    hidden = bool(steps.get(curve.settings["steps"][-1], False))
    return curve.suppressed(curve.facts["entered"] + 1 if hidden else k)


def bases(run: Session, touches: Touches, cut: Mapping[str, Any], model: Model | None = None) -> list[Result]:
    """How many journeys there are by each kind of step, said where these are not as many; the result.

    Nothing where the page is of some customers only: no other page counts those. `model` is the stage model,
    the workspace's when None.
    """
    if not touches.channels or touches.customers != run.manifest.customers:
        return []
    staged = model or stages.load(run.workspace.stages, run.workspace.path)
    found = views.by_steps(touches, model=staged, **cut)
    run.say(findings_journeys.by_steps(found, run.names, run.k))
    run.say(findings_journeys.untouched(found))
    return [found.suppressed(run.k)]


def identified(run: Session) -> list[Result]:
    """How rows became customers, where identifiers were stitched; the results shown."""
    sizes = single_view.sizes(run.workspace).suppressed(run.k)
    run.say(findings_customers.customers(sizes, run.k))
    if not sizes.facts["stitched"]:
        return [sizes]
    known = single_view.matches(run.workspace).suppressed(run.k)
    run.show(charts_customers.customer_sizes(sizes, run.scope(customers=sizes.facts["customers"])))
    run.show(charts_customers.match_rates(known, run.scope()))
    run.table(single_view.largest(run.workspace))
    return [sizes, known]
