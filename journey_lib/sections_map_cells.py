"""What a workspace's other results say of the stages of its map, and the tables in which that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from journey_lib import journey_map, touchpoints, voice
from journey_lib import journeys as views
from journey_lib import touches as tables
from journey_lib.i18n import text as _
from journey_lib.intervals import Z
from journey_lib.journey_map import Cell, Number
from journey_lib.journey_map.sheets import Topic
from journey_lib.model import Result
from journey_lib.personas import told
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches
from journey_lib.touchpoints.inventory import usual_drop
from journey_lib.workspace import Words


@dataclass(frozen=True)
class Known:
    """What touchpoints belong to which stage, and what other results say of each.

    `called`: the name by which people know each touchpoint of the data; `stage_of`: the stage of each
    touchpoint, by that name and by the code of the data; `cells` for a map, `results` in which they can be
    read; `words` is what readers call the topics of the help desk, `departments` those who answer for
    touchpoints; `value` what a conversion is worth, where enough are known.
    """

    called: Mapping[str, str]
    stage_of: Mapping[str, str]
    cells: tuple[Cell, ...] = ()
    results: tuple[Result, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    departments: Mapping[str, Words] = field(default_factory=dict)
    value: Number | None = None


@dataclass
class _Gathered:
    """Cells and results as they come in."""

    cells: list[Cell] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    value: Number | None = None

    def add(self, cells: tuple[Cell, ...], *results: Result) -> None:
        """Take cells, and the results they are read from."""
        self.cells += cells
        self.results += results


def known(
    run: Session,
    touches: Touches,
    model: Model,
    cut: Mapping[str, Any],
    topics: Mapping[str, tuple[str, Topic]],
    *,
    answered: str = "15m",
) -> Known:
    """Everything that is known of the stages beside the journeys themselves, as far as a workspace has it.

    `topics` are those of the help desk that a map gives a place (`Sheet.topics`); a ticket of another topic
    belongs to the stage of the touchpoint it was raised at. A first answer is in time within `answered`.
    """
    said = _described(run)
    names, place = touchpoints.places(touches.touchpoints, said)
    called = {code: names[at] for code, at in zip(touches.touchpoints, place, strict=True)}
    stage_of = _stages(touches, model, said, called)
    words = {topic: each.words for topic, (_stage, each) in topics.items()}
    gathered = _Gathered()
    contacts = journey_map.stage_contacts(touches, model, period=cut.get("period"))
    if touches.touchpoints:
        _touched(gathered, run, touches, model, cut, said, contacts, stage_of)
    if _has(run, "tickets"):
        counted = {stage: int(contacts.facts[f"contacts_{stage}"]) for stage in model.names}
        _asked(gathered, run, model, cut, topics, said, counted, stage_of, answered)
    if _has(run, "surveys"):
        _said(gathered, run, model, cut, said, stage_of)
    departments = {} if said is None else said.departments
    return Known(
        called,
        stage_of,
        tuple(gathered.cells),
        tuple(gathered.results),
        words,
        departments,
        gathered.value,
    )


def _has(run: Session, table: str) -> bool:
    return any(source.table == table for source in run.workspace.sources)


def _described(run: Session) -> touchpoints.Authored | None:
    """The touchpoints as people describe them; None where nobody has."""
    if not (run.workspace.path / touchpoints.TOUCHPOINTS).is_file():
        return None
    return touchpoints.authored(run.workspace)


def _stages(
    touches: Touches, model: Model, said: touchpoints.Authored | None, called: Mapping[str, str]
) -> dict[str, str]:
    """The stage of every touchpoint: as people say, else the one most of its rows are in."""
    seen = told.stages_of(touches, model) if touches.touchpoints else {}
    found: dict[str, str] = {}
    for code, stage in seen.items():
        found.setdefault(called[code], stage)
        found[code] = stage
    written = {} if said is None else {each.touchpoint: each.stage for each in said.touchpoints if each.stage}
    found |= {code: written[name] for code, name in called.items() if name in written}
    return found | written


def _touched(
    gathered: _Gathered,
    run: Session,
    touches: Touches,
    model: Model,
    cut: Mapping[str, Any],
    said: touchpoints.Authored | None,
    contacts: Result,
    stage_of: Mapping[str, str],
) -> None:
    """What the inventory says: what matters, where journeys end, costs, what could be won, next steps."""
    given = {name: value for name, value in cut.items() if value is not None}
    costs = tables.costs(run.workspace, cut.get("period")) if _has(run, "costs") else None
    found = touchpoints.inventory(touches, model=model, authored=said, costs=costs, **given)
    shown = found.suppressed(run.k)
    usual = usual_drop(found.table)
    there = {stage: int(contacts.facts[f"at_{stage}"]) for stage in model.names}
    gathered.add(
        journey_map.of_inventory(
            shown.table, model.names, usual=usual, customers=there, currency=run.currency
        ),
        shown,
    )
    if said is not None:
        aimed = touchpoints.discreet(touchpoints.targets(found, said), found, run.k)
        gathered.add(journey_map.of_targets(aimed.table, stage_of, model.names), aimed)
    ranked = touchpoints.discreet(touchpoints.opportunities(found), found, run.k)
    gathered.add(journey_map.of_opportunities(ranked.table, model.names, currency=run.currency), ranked)
    gathered.value = _each(found, run)
    walked = touchpoints.walked(touches, said)
    moves = views.transitions(walked, **given).suppressed(run.k)
    gathered.add(
        journey_map.of_steps(moves.table, stage_of, model.names), _renamed(moves, "touchpoint_transitions")
    )


def _each(found: Result, run: Session) -> Number | None:
    """What a conversion is worth on average; None where too few are known, or none has a value."""
    facts = found.facts
    if facts["conversions"] < max(run.k, 2) or not facts["value_each"] > 0:
        return None
    mean, half = float(facts["value_each"]), Z * float(facts["value_each_se"])
    return Number(mean, "money", max(mean - half, 0.0), mean + half, run.currency)


def _asked(
    gathered: _Gathered,
    run: Session,
    model: Model,
    cut: Mapping[str, Any],
    topics: Mapping[str, tuple[str, Topic]],
    said: touchpoints.Authored | None,
    contacts: Mapping[str, int],
    stage_of: Mapping[str, str],
    answered: str,
) -> None:
    """What tickets say: complaints, questions, and how long people wait for an answer."""
    first, last = run.days(cut.get("period"))
    tickets = voice.tickets(run.workspace)
    tickets = tickets[tickets["timestamp"].dt.date.between(first, last)]
    if not len(tickets):
        return
    at = (
        {}
        if said is None
        else {channel: each.touchpoint for each in said.touchpoints for channel in each.tickets}
    )
    raised = tickets["channel"].map(at).map(dict(stage_of))
    about = tickets["topic"].map({topic: stage for topic, (stage, _about) in topics.items()})
    found = voice.topics_at(
        tickets.assign(stage=about.fillna(raised)),
        topics=voice.topics(run.workspace),
        contacts=contacts,
        as_of=str(last),
    ).suppressed(run.k)
    place = {topic: each.touchpoint for topic, (_stage, each) in topics.items() if each.touchpoint}
    spots = sorted(set(place.values()) | set(at.values()))
    hurt = voice.topics_at(
        tickets.assign(touchpoint=tickets["topic"].map(place).fillna(tickets["channel"].map(at))),
        topics=voice.topics(run.workspace),
        contacts=dict.fromkeys(spots, 0),
        as_of=str(last),
        by="touchpoint",
    ).suppressed(run.k)
    words = {topic: each.words for topic, (_stage, each) in topics.items()}
    gathered.add(
        journey_map.of_topics(found.table, model.names, words=words, source=_("help desk"), k=run.k),
        found,
        hurt,
    )
    waits = voice.answers_at(tickets.assign(stage=raised), within=answered, as_of=str(last)).suppressed(run.k)
    gathered.add(journey_map.of_answers(waits.table.dropna(subset=["tickets"]), model.names, k=run.k), waits)


def _said(
    gathered: _Gathered,
    run: Session,
    model: Model,
    cut: Mapping[str, Any],
    said: touchpoints.Authored | None,
    stage_of: Mapping[str, str],
) -> None:
    """What surveys say: touchpoints rated apart from the rest, and customers' own words."""
    first, last = run.days(cut.get("period"))
    answers = voice.surveys(run.workspace)
    answers = answers[answers["timestamp"].dt.date.between(first, last)]
    if not len(answers):
        return
    scores = voice.scores(touchpoints.asked_at(answers, said))
    table = scores.table[scores.table["moment"] != "purchase"]
    gathered.add(
        journey_map.of_scores(table, stage_of, model.names, scales={"csat": _("CSAT, 1–5")}, k=run.k),
        scores.suppressed(run.k),
    )
    comments = answers.assign(text=answers["comment"], stage=answers["touchpoint"].map(dict(stage_of)))
    comments = comments[comments["text"].fillna("").astype(str).str.strip() != ""]
    words = voice.words_at(comments, k=run.k)
    gathered.add(journey_map.of_words(words.table, model.names, source=_("comments")), words)


def _renamed(result: Result, name: str) -> Result:
    return Result(name, result.table, result.facts, result.settings, base=result.base)
