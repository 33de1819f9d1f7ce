"""Parts of the page on personas: cards, personas side by side, groups made by rules, who is worth most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from journey_lib import (
    cards,
    charts_personas,
    charts_segments,
    customers,
    findings_found,
    findings_personas,
    sections_cast,
)
from journey_lib import features as tables_of
from journey_lib import journeys as views
from journey_lib.charts_personas import in_none
from journey_lib.features import Features
from journey_lib.features.columns import REST
from journey_lib.i18n import text as _
from journey_lib.model import Result
from journey_lib.personas import (
    against,
    apply,
    membership,
    portrait,
    profile,
    rfm,
    segments,
    told,
    ways,
    worth,
)
from journey_lib.personas.notes import Notes, notes
from journey_lib.sections_cast import Cast
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches
from journey_lib.voice import scrub

FEWEST = 20  # members, of all personas together, from whom a rule in words can be learnt


def unread(run: Session, who: Cast) -> None:
    """What `maps/personas.yaml` says that the cards could not show, or may show of others."""
    written = notes(run.workspace)
    run.say(findings_personas.unread(written, who.members, found=who.by == "found", kept=who.kept))


def portraits(
    run: Session, who: Cast, touches: Touches, model: Model, cut: Mapping[str, Any], before: Features | None
) -> cards.Portraits:
    """Everything the cards say, asked once; the numbers of one group stand beside the others on the page."""
    titles = tables_of.titles(who.features, run.workspace, run.language, names=run.names)
    run.say(findings_personas.coverage(who.everyone, titles, run.k))
    written = notes(run.workspace)
    traits = portrait.traits(who.features, who.members)
    answers = told.load(run.workspace, "surveys", who.everyone)
    asked = told.load(run.workspace, "tickets", who.everyone)
    at = told.stages_of(touches, model)
    rules: dict[str, str] = {}
    fidelity: dict[str, str] = {}
    stability: dict[str, float] = {}
    if who.by == "found" and who.found is not None and len(who.members) >= FEWEST:
        learnt = membership.rules(who.found, who.everyone)
        sentences = membership.sentences(learnt, who.everyone, labels=titles, language=run.language)
        rules = {f"p{label + 1}": sentence for label, sentence in sentences.items()}
        fidelity = findings_personas.fidelity(learnt.fidelity)
        rows = who.found.stability.to_dict(orient="records")
        stability = {f"p{row['persona'] + 1}": float(row["jaccard"]) for row in rows}
    return cards.Portraits(
        features=who.features,
        sizes=worth.sizes(who.everyone, who.members),
        traits=traits,
        demographics=portrait.demographics(who.features, who.members),
        titles=titles,
        names=run.names,
        proposed=dict(who.names) or findings_personas.proposed(traits, who.features, run.names),
        notes=written if who.by == "found" else Notes(),
        feelings=told.feelings(answers, who.members, stage_of=at, k=run.k),
        concerns=told.concerns(asked, who.members, k=run.k),
        quotes=told.quotes(answers, who.members, who.distance, scrub=scrub, k=run.k),
        stage_names=model.labels(run.language),
        paths=ways.paths(touches, who.members, k=run.k, **cut),
        rules=rules,
        fidelity=fidelity,
        stability=stability,
        samples=None if who.found is None else who.found.settings.get("bootstraps"),
        strengths=against.strengths(traits),
        changes=None if before is None else _changes(who, touches, before),
        since=None if before is None else before.as_of.tz_convert(before.timezone).date(),
        by=who.by,
    )


def _changes(who: Cast, touches: Touches, before: Features) -> Result:
    comparable = sections_cast.comparable(touches, before)
    were = sections_cast.were(who, before)
    return against.changes(before, were, who.everyone, who.members, comparable=comparable)


def side_by_side(
    run: Session,
    who: Cast,
    shown: cards.Portraits,
    touches: Touches,
    attribution: str,
    cut: Mapping[str, Any],
) -> list[Result]:
    """Sizes, traits, journeys and channels of all groups beside each other; the results shown."""
    if not len(who.members):
        run.say(_("Nobody bought in this window: there are no groups to set side by side."))
        return []
    names = {code: shown.name(code) for code in shown.sizes.table["persona"]}
    sizes, traits = shown.sizes.suppressed(run.k), shown.traits.suppressed(run.k)
    scope = run.scope(customers=sizes.facts["customers"])
    run.say(findings_personas.sizes(sizes, names, run.k, by=who.by))
    run.show(charts_personas.shares(sizes, names, scope))
    if who.by == "found":
        run.show(charts_personas.rates(sizes, names, scope))
    run.table(findings_personas.worded(findings_personas.found_out(sizes, by=who.by), names))
    known = who.found.labels.index if who.by == "found" and who.found is not None else None
    whole = worth.accounts(who.everyone, who.members, known, k=run.k)
    run.say(findings_personas.accounts(whole, customers.count(run.workspace), run.currency, run.k))
    whole = whole.suppressed(run.k)
    run.table(whole)
    run.show(charts_personas.traits(_telling(traits, who.features), names, shown.titles, scope))
    results = [sizes, whole, traits]
    if shown.strengths is not None:
        better = shown.strengths.suppressed(run.k)
        run.table(findings_found.sided(better, names, shown.titles, shown.features.currency))
        results.append(better)
    walked = views.overview(touches, ways.groups(touches, who.members, charts_personas.groups(names)), **cut)
    # everybody is in one of these groups: what all of them came to is told elsewhere
    walked = replace(walked, sums=dict.fromkeys(walked.people, ((),))).suppressed(run.k)
    if who.by == "found":
        journeys = walked.table["journeys"].sum()
        run.show(charts_personas.journeys(walked, run.scope(cut["period"], journeys=journeys)))
    if not walked.table["conversions"].fillna(0).sum():
        run.say(_("No group has conversions enough to share among channels."))
        return [*results, walked]
    credit = ways.credit(touches, who.members, attribution, **cut).suppressed(run.k)
    theirs = walked.table.loc[walked.table["group"] != in_none(), "conversions"].sum()
    scope = run.scope(cut["period"], conversions=theirs)
    run.show(charts_personas.credit(credit, names, run.names, scope))
    return [*results, walked, credit]


def _telling(result: Result, features: Features) -> Result:
    """The same without shares of the rest: what is in no column of its own tells nothing by itself."""
    rest = [each.name for each in features.about if each.of == REST]
    return replace(result, table=result.table[~result.table["feature"].isin(rest)])


def moved(run: Session, who: Cast, shown: cards.Portraits, before: Features | None) -> list[Result]:
    """How members moved since an earlier day, and what is different about each group; the results shown."""
    if before is None:
        run.say(
            _(
                "The data do not reach back to the earlier day, or nobody was seen in its window:"
                " nothing can be compared."
            )
        )
        return []
    names = {code: shown.name(code) for code in shown.sizes.table["persona"]}
    results = []
    if who.found is None or who.found.groups is None:
        run.say(_("Without personas nobody can have moved from one to another."))
    else:
        drift, moves = apply.drift(who.found, before, who.everyone)
        told_of = findings_found.moves(moves).suppressed(run.k)
        run.say(findings_found.moved(told_of, drift, shown.titles, before, run.k))
        scope = run.scope(customers=told_of.quoted(run.k)["customers"])
        run.show(charts_personas.migration(told_of, names, scope))
        # how many were known on the earlier day would tell of them whom a hidden row is of
        shifts = drift.table.drop(columns=["customers", "before", "now"])
        results += [
            replace(drift.suppressed(run.k), table=shifts),
            replace(told_of, table=told_of.table[~told_of.table["suppressed"]]),
        ]
    if shown.changes is not None and len(shown.changes.table):
        changes = shown.changes.suppressed(run.k)
        scope = run.scope(customers=shown.sizes.quoted(run.k)["placed"])
        run.say(findings_found.changed(changes, names, shown.titles, before, shown.features.currency))
        run.show(charts_personas.changes(changes, names, shown.titles, scope))
        results.append(changes)
    return results


def by_rules(run: Session, who: Cast, shown: cards.Portraits) -> list[Result]:
    """The RFM segments, the workspace's own rule segments, and how they lie over the personas."""
    table = rfm.table()
    labels = table.labels(run.language)
    results = []
    other, other_labels = None, labels
    if who.everyone.frame["recency_conversion_days"].notna().any():
        named = rfm.segments(who.everyone, segments=table).suppressed(run.k)
        run.say(findings_personas.rfm(named, labels))
        scope = run.scope(customers=named.quoted(run.k)["customers"])
        run.show(charts_segments.segments(named, labels, scope))
        run.table(findings_personas.worded(named, labels, "segment"))
        results.append(named)
        other = rfm.assign(who.everyone, segments=table)
    else:
        run.say(_("Nobody bought in this window: there is nothing to score."))
    if (run.workspace.path / segments.FILE).is_file():
        declared = segments.rules(run.workspace)
        own = segments.segments(who.everyone, declared).suppressed(run.k)
        other, other_labels = (
            segments.assign(who.everyone, declared),
            {**declared.labels(run.language), segments.REST: in_none()},
        )
        run.table(findings_personas.worded(own, other_labels, "segment"))
        results.append(own)
    if who.by == "found" and other is not None and len(who.members):
        both = segments.overlap(
            who.members, other, names=("personas", "rules"), of=len(who.everyone.frame)
        ).suppressed(run.k)
        run.say(findings_personas.overlap(both))
        rows = both.table[~both.table["suppressed"]] if "suppressed" in both.table else both.table
        both = replace(both, table=rows)  # which pairs are hidden would tell that somebody is in them
        called = replace(both, table=rows.rename(columns={"a": "persona", "b": "segment"}))
        names = {code: shown.name(code) for code in shown.sizes.table["persona"]}
        run.table(findings_personas.worded(findings_personas.worded(called, names), other_labels, "segment"))
        results.append(both)
    return results


def valuable(run: Session, features: Features) -> list[Result]:
    """The most valuable customers, and the audience beside the one that was meant; the results shown."""
    titles = tables_of.titles(features, run.workspace, run.language, names=run.names)
    audience, why_not = _audience(run, features)
    results = []
    if (features.frame["value"] > 0).any():
        top = profile.value_profile(features, shown=audience).suppressed(run.k)
        run.say(findings_personas.valuable(top, run.k))
        if (many := top.quoted(run.k)["customers"]) is not None:
            scope = run.scope(customers=many)
            run.show(charts_segments.lifts(_telling(top, features), titles, run.names, scope))
        results.append(top)
    else:
        run.say(_("No customer brought any value in this window: none is the most valuable."))
    if audience is None:
        run.say(why_not)
        return results
    run.say(findings_personas.audience(audience, titles, run.names))
    scope = run.scope(customers=audience.quoted(run.k)["customers"])
    run.show(charts_segments.audience(audience, titles, run.names, scope))
    return [*results, audience]


def _audience(run: Session, features: Features) -> tuple[Result | None, str]:
    """The audience as readers see it; where there is none, why."""
    if not (run.workspace.path / profile.FILE).is_file():
        return None, _("This workspace declares no target audience; docs/personas.md says how.")
    meant = profile.target(run.workspace)
    if meant.audience == "converted" and not (features.frame["conversions"] > 0).any():
        return None, _(
            "Nobody bought in this window: there is no audience to set beside the one that was meant."
        )
    return profile.audience(features, meant).suppressed(run.k), ""
