"""Parts of the page on personas: what was found, cards, personas side by side, groups made by rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from journey_lib import cards, charts_personas, charts_segments, findings_personas
from journey_lib import features as tables_of
from journey_lib import journeys as views
from journey_lib.features import Features
from journey_lib.i18n import text as _
from journey_lib.model import Result, duration
from journey_lib.personas import apply, membership, portrait, profile, rfm, segments, told, ways
from journey_lib.personas.find import Found
from journey_lib.personas.notes import Notes, notes
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches
from journey_lib.voice import scrub


@dataclass(frozen=True)
class Cast:
    """The groups a page speaks of: personas where there are any, else what rules make, which claims less.

    `features` are those of the customers known well enough, `everyone` those of all; `members`: customer →
    code of the group; `distance`: how far each is from the middle of it, for the choice of quotes.
    """

    found: Found
    everyone: Features
    features: Features
    members: pd.Series[Any]
    distance: pd.Series[Any]
    names: Mapping[str, str]
    by: str


def found(run: Session, result: Found) -> list[Result]:
    """Whether there is anything to find, which numbers of groups would do, and how stable each is."""
    gate, tried = findings_personas.gate(result), findings_personas.alternatives(result)
    run.say(findings_personas.verdict(result))
    run.show(charts_segments.gate(gate, run.scope(customers=gate.facts["customers"])))
    if len(tried.table):
        run.show(charts_segments.alternatives(tried, run.scope(customers=tried.facts["customers"])))
        run.table(tried)
    return [gate, tried]


def cast(run: Session, result: Found, features: Features) -> Cast:
    """Who is who on the rest of the page; RFM segments where no personas were found, and said so."""
    known = features.frame.index.isin(result.labels.index)
    base = replace(features, frame=features.frame[known])
    if result.k:
        placed = result.labels[result.labels >= 0]
        members = placed.map(lambda label: f"p{label + 1}")
        return Cast(result, features, base, members, 1 - result.margin.loc[placed.index], {}, "found")
    run.say(_("No personas are made up where there are none: the groups below are made by rules (RFM)."))
    table = rfm.table()
    members = rfm.assign(features, segments=table)
    mine = replace(features, frame=features.frame.loc[members.index])
    middle = pd.Series(0.0, members.index)
    return Cast(result, features, mine, members, middle, table.labels(run.language), "rfm")


def portraits(
    run: Session, who: Cast, touches: Touches, model: Model, cut: Mapping[str, Any]
) -> cards.Portraits:
    """Everything the cards say, asked once; the numbers of one group stand beside the others on the page."""
    titles = tables_of.titles(who.features, run.workspace, run.language)
    traits = portrait.traits(who.features, who.members)
    answers = told.load(run.workspace, "surveys", who.everyone)
    asked = told.load(run.workspace, "tickets", who.everyone)
    at = told.stages_of(touches, model)
    rules: dict[str, str] = {}
    fidelity: dict[str, str] = {}
    stability: dict[str, float] = {}
    if who.by == "found":
        learnt = membership.rules(who.found, who.everyone)
        sentences = membership.sentences(learnt, who.everyone, labels=titles, language=run.language)
        rules = {f"p{label + 1}": sentence for label, sentence in sentences.items()}
        fidelity = findings_personas.fidelity(learnt.fidelity)
        rows = who.found.stability.to_dict(orient="records")
        stability = {f"p{row['persona'] + 1}": float(row["jaccard"]) for row in rows}
    return cards.Portraits(
        features=who.features,
        sizes=portrait.sizes(who.everyone, who.members),
        traits=traits,
        demographics=portrait.demographics(who.features, who.members),
        titles=titles,
        names=run.names,
        proposed=dict(who.names) or findings_personas.proposed(traits, who.features, run.names),
        notes=notes(run.workspace) if who.by == "found" else Notes(),
        feelings=told.feelings(answers, who.members, stage_of=at, k=run.k),
        concerns=told.concerns(asked, who.members, k=run.k),
        quotes=told.quotes(answers, who.members, who.distance, scrub=scrub, k=run.k),
        stage_names=model.labels(run.language),
        paths=ways.paths(touches, who.members, k=run.k, **cut),
        rules=rules,
        fidelity=fidelity,
        stability=stability,
        by=who.by,
    )


def side_by_side(
    run: Session,
    who: Cast,
    shown: cards.Portraits,
    touches: Touches,
    attribution: str,
    cut: Mapping[str, Any],
) -> list[Result]:
    """Sizes, traits, journeys and channels of all groups beside each other; the results shown."""
    names = {code: shown.name(code) for code in shown.sizes.table["persona"]}
    sizes, traits = shown.sizes.suppressed(run.k), shown.traits.suppressed(run.k)
    scope = run.scope(customers=sizes.facts["customers"])
    run.say(findings_personas.sizes(sizes, names))
    run.show(charts_personas.shares(sizes, names, scope))
    run.show(charts_personas.rates(sizes, names, scope))
    run.table(findings_personas.worded(sizes, names))
    run.show(charts_personas.traits(traits, names, shown.titles, scope))
    walked = views.overview(
        touches, ways.groups(touches, who.members, {**names, "": _("in none of these")}), **cut
    ).suppressed(run.k)
    credit = ways.credit(touches, who.members, attribution, **cut).suppressed(run.k)
    run.show(
        charts_personas.journeys(walked, run.scope(cut["period"], journeys=walked.table["journeys"].sum()))
    )
    run.show(charts_personas.credit(credit, names, run.names, run.scope(cut["period"])))
    return [sizes, traits, walked, credit]


def moved(run: Session, who: Cast, shown: cards.Portraits, before: Features) -> list[Result]:
    """How members moved between personas since an earlier day, if there are any; the results shown."""
    if who.found.groups is None:
        run.say(_("Without personas nobody can have moved from one to another."))
        return []
    drift, moves = apply.drift(who.found, before, who.everyone)
    names = {code: shown.name(code) for code in shown.sizes.table["persona"]}
    told_of = findings_personas.moves(moves).suppressed(run.k)
    run.say(findings_personas.moved(moves, drift, shown.titles))
    run.show(charts_personas.migration(told_of, names, run.scope(customers=moves.facts["customers"])))
    return [drift, told_of]


def by_rules(run: Session, who: Cast, shown: cards.Portraits) -> list[Result]:
    """The RFM segments, the workspace's own rule segments, and how they lie over the personas."""
    table = rfm.table()
    named = rfm.segments(who.everyone, segments=table).suppressed(run.k)
    labels = table.labels(run.language)
    run.say(findings_personas.rfm(named, labels))
    run.show(charts_segments.segments(named, labels, run.scope(customers=named.facts["customers"])))
    run.table(findings_personas.worded(named, labels, "segment"))
    results = [named]
    other, other_labels = rfm.assign(who.everyone, segments=table), labels
    if (run.workspace.path / segments.FILE).is_file():
        declared = segments.rules(run.workspace)
        own = segments.segments(who.everyone, declared).suppressed(run.k)
        other, other_labels = (
            segments.assign(who.everyone, declared),
            {**declared.labels(run.language), segments.REST: _("in none of these")},
        )
        run.table(findings_personas.worded(own, other_labels, "segment"))
        results.append(own)
    if who.by == "found":
        both = segments.overlap(who.members, other, names=("personas", "rules")).suppressed(run.k)
        run.say(findings_personas.overlap(both))
        rows = both.table[~both.table["suppressed"]] if "suppressed" in both.table else both.table
        called = replace(both, table=rows.rename(columns={"a": "persona", "b": "segment"}))
        names = {code: shown.name(code) for code in shown.sizes.table["persona"]}
        run.table(findings_personas.worded(findings_personas.worded(called, names), other_labels, "segment"))
        results.append(both)
    return results


def valuable(run: Session, features: Features) -> list[Result]:
    """The most valuable customers, and the audience beside the one that was meant; the results shown."""
    titles = tables_of.titles(features, run.workspace, run.language)
    top = profile.value_profile(features).suppressed(run.k)
    run.say(findings_personas.valuable(top))
    run.show(charts_segments.lifts(top, titles, run.scope(customers=top.facts["customers"])))
    results = [top]
    if (run.workspace.path / profile.FILE).is_file():
        audience = profile.audience(features, profile.target(run.workspace)).suppressed(run.k)
        run.say(findings_personas.audience(audience, titles))
        run.show(charts_segments.audience(audience, titles, run.scope(customers=audience.facts["customers"])))
        results.append(audience)
    else:
        run.say(_("This workspace declares no target audience; docs/personas.md says how."))
    return results


def earlier(features: Features, length: str) -> dt.date:
    """The day that lies `length` before the day of the features, in their timezone."""
    moment = features.as_of - pd.Timedelta(duration(length), unit="us")
    return moment.tz_convert(features.timezone).date()
