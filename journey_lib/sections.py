"""Parts of a page that only some workspaces have: shown where declared, said to be missing where not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journey_lib import (
    charts_conformance,
    charts_journeys,
    conformance,
    findings_conformance,
    findings_journeys,
    maps,
)
from journey_lib import journeys as views
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
    score, moves, ended, by_reach = (
        view(walked, plan, **cut).suppressed(run.k)
        for view in (
            conformance.score,
            conformance.moves,
            conformance.outcomes,
            conformance.outcomes_by_reach,
        )
    )
    left = conformance.deviations(walked, plan, k=run.k, **cut).suppressed(run.k)
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
