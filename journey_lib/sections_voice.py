"""Parts of a page on what customers say: comments, tickets, and what who complained did afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from journey_lib import charts_voice, customers, findings_voice, i18n, touchpoints, voice
from journey_lib.i18n import text as _
from journey_lib.model import DEMOGRAPHICS, Result
from journey_lib.session import Session
from journey_lib.touches import Touches
from journey_lib.voice.held_out import LEAST
from journey_lib.voice.scores import PURCHASE
from journey_lib.words_voice import worded

THEMES = 2  # words for each touchpoint; three times as many for low and for high scores
QUOTED = 5  # comments that say the opposite of their score
PEOPLE = "(people)"
PLACES = ("city", "gender", "tier", *DEMOGRAPHICS)  # traits by which a pain may have a place
MANY_PLACES = 100  # values of a trait, more than there are provinces: beyond, none has people enough


def comments(run: Session, said: touchpoints.Authored | None, cut: Mapping[str, Any]) -> list[Result]:
    """What customers marked and wrote, where the workspace has surveys; the results shown."""
    if not has(run, "surveys"):
        run.say(_("This workspace has no surveys: nobody can tell what customers would write."))
        return []
    asked = touchpoints.asked_at(answered(run, cut), said)
    marked = voice.scores(asked).suppressed(run.k)
    scope = run.scope(cut["period"], answers=marked.facts["answered"])
    run.show(charts_voice.scores(marked, run.names, scope))
    written = asked.assign(text=asked["comment"]) if "comment" in asked else asked.assign(text=None)
    written = written[written["text"].fillna("").str.strip().ne("")]
    if not len(written):
        run.say(_("These surveys come without comments."))
        return [marked]
    read = voice.tones(written, lexicon=voice.lexicon(run.workspace)).suppressed(run.k)
    at_contacts = written[written["touchpoint"] != PURCHASE]
    scope = run.scope(
        cut["period"], comments=len(at_contacts), customers=at_contacts["customer_id"].nunique()
    )
    run.say(findings_voice.tones(read))
    rated = voice.rated(asked)
    judged = _judged(run, rated)
    run.show(charts_voice.tones(read, run.names, scope))
    about = _found(voice.themes(written, by="touchpoint", k=run.k, most=THEMES), "themes_by_touchpoint")
    # buyers are asked at the moment of purchase, at their happiest: what they write there is kept apart too
    contacts = rated[rated["touchpoint"] != PURCHASE]
    by_score = _found(voice.themes(contacts, by="label", k=run.k, most=3 * THEMES), "themes_by_score")
    run.say(findings_voice.themes(by_score))
    read_out = run.scope(
        cut["period"], comments=by_score.facts["texts"], customers=by_score.facts["customers"]
    )
    run.show(charts_voice.contrast(by_score, read_out))
    run.table(worded(by_score, run.names))
    run.table(worded(about, run.names))
    return [marked, read, about, by_score, *judged]


def _found(result: Result, name: str) -> Result:
    """The themes that are more than chance, under the name of the table they become."""
    table = result.table
    return replace(result, name=name, table=table[table["found"].fillna(False).astype(bool)])


def _judged(run: Session, rated: pd.DataFrame) -> list[Result]:
    """How far the readers of comments can be trusted: beside the scores that came with them."""
    if not len(rated):
        run.say(_("No comment came with a score, so nobody can tell how well comments are read here."))
        return []
    lexicon = voice.by_lexicon(rated, lexicon=voice.lexicon(run.workspace))
    decided = lexicon.assign(predicted=lexicon["predicted"].where(lexicon["predicted"] != "neutral"))
    agreed = replace(voice.assess(decided).suppressed(run.k), name="lexicon_quality")
    run.say(findings_voice.agreement(agreed))
    people = rated.assign(who=rated["customer_id"].fillna(PEOPLE)).groupby("label")["who"].nunique()
    low, high = (int(people.get(label, 0)) for label in ("negative", "positive"))
    if min(low, high) < LEAST:
        run.say(findings_voice.too_few(low, high, LEAST))
        return [agreed]
    answers = voice.held_out(rated)
    model = voice.assess(answers).suppressed(run.k)
    run.say(findings_voice.quality(model))
    odd = voice.disagreements(answers, most=QUOTED)
    if odd.facts["disagree"] < run.k:
        return [agreed, model]
    run.say(findings_voice.disagreements(odd))
    run.table(worded(odd, run.names))
    return [agreed, model, odd]


def pains(run: Session, said: touchpoints.Authored | None, cut: Mapping[str, Any]) -> list[Result]:
    """Where it hurts and how long customers wait, where the workspace has tickets; the results shown."""
    if not has(run, "tickets"):
        run.say(_("This workspace has no tickets: nobody can tell what customers asked and complained of."))
        return []
    day, topics = run.days(cut["period"])[1], voice.topics(run.workspace)
    raised = within(run, voice.tickets(run.workspace), cut)
    about = touchpoints.raised_at(raised, said)
    by_topic = voice.pain(raised, topics=topics, as_of=str(day)).suppressed(run.k)
    run.say(findings_voice.pain(by_topic, i18n.date(day)))
    if not len(raised):
        return [by_topic]
    parts = [replace(by_topic, name="pain_by_topic")]
    if len(about):
        whole = voice.pain(about, topics=topics, as_of=str(day), by=("channel",))
        months = voice.pain(about, topics=topics, as_of=str(day), by=("channel", "month"))
        parts += [_placed(whole, run.k, "pain_by_touchpoint"), _placed(months, run.k, "pain_by_month")]
        run.say(findings_voice.unplaced(len(raised) - len(about)))
        run.table(worded(parts[1], run.names))
        run.say(findings_voice.slowest(parts[2], run.names))
        run.show(charts_voice.waits(parts[2], run.names, run.scope(cut["period"], tickets=len(about))))
    else:
        run.say(findings_voice.unplaced(len(raised)))
    run.table(worded(parts[0], run.names))
    return parts


def _placed(result: Result, k: int, name: str) -> Result:
    """Tickets by the touchpoint they are about, under the name of the table they become."""
    table = result.table.rename(columns={"channel": "touchpoint"})
    parts = tuple(tuple("touchpoint" if by == "channel" else by for by in line) for line in result.parts)
    return replace(result, table=table, name=name, parts=parts).suppressed(k)


def flares(
    run: Session, touches: Touches, said: touchpoints.Authored | None, cut: Mapping[str, Any]
) -> list[Result]:
    """When and where pains flared up, where the workspace has tickets or surveys; the result shown."""
    tickets = within(run, voice.tickets(run.workspace), cut) if has(run, "tickets") else None
    asked = touchpoints.asked_at(answered(run, cut), said) if has(run, "surveys") else None
    if tickets is None and asked is None:
        run.say(_("Without tickets and surveys nobody can tell when something hurt."))
        return []
    if tickets is not None:
        about = touchpoints.raised_at(tickets, said)
        tickets = tickets.assign(touchpoint=about["channel"].reindex(tickets.index))
    day = run.days(cut["period"])[1]
    rows = voice.hurts(
        tickets=tickets,
        surveys=asked,
        topics=voice.topics(run.workspace),
        touches=touches,
        conversion=cut["conversion"],
        as_of=str(day),
        period=run.days(cut["period"]),
    )
    rows, traits = _placed_by_trait(run, rows)
    found = voice.discreet(voice.hot_spots(rows, by=("touchpoint", *traits), k=run.k), run.k)
    run.say(findings_voice.hot_spots(found, run.names))
    run.show(
        charts_voice.hot_spots(found, run.names, run.scope(cut["period"], searches=found.facts["searches"]))
    )
    table = found.table[found.table["found"].astype(bool) & ~found.table["suppressed"]]
    run.table(worded(replace(found, table=table), run.names))
    return [found]


def _placed_by_trait(run: Session, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows with what the CRM says of whose they are, where its classes are few enough to be places."""
    people = customers.load(run.workspace)
    traits = [name for name in PLACES if 2 <= people[name].nunique() <= MANY_PLACES]
    by_id = people.drop_duplicates("customer_id").set_index("customer_id")
    by_number = people.dropna(subset=["customer"]).drop_duplicates("customer").set_index("customer")
    told = {
        name: rows["customer_id"].map(by_id[name]).fillna(rows["customer"].map(by_number[name]))
        for name in traits
    }
    # who has no id of their own is told apart by the number in the touch table
    who = rows["customer_id"].fillna(rows["customer"].map(by_number["customer_id"]))
    return rows.assign(customer_id=who, **told), traits


def after(run: Session, touches: Touches, cut: Mapping[str, Any]) -> list[Result]:
    """What customers did after a complaint, where tickets say what complains; the results shown."""
    topics = voice.topics(run.workspace)
    if not has(run, "tickets"):
        run.say(_("Without tickets nobody can be followed after a complaint."))
        return []
    if not topics.complaints:
        run.say(
            _(
                "maps/topics.yaml does not say which topics complain, so nobody is followed; docs/voice.md"
                " says how."
            )
        )
        return []
    known = _known(run, touches)
    day = run.days(cut["period"])[1]
    found = voice.after(
        within(run, voice.tickets(run.workspace), cut),
        touches,
        topics=topics,
        as_of=str(day),
        conversion=cut["conversion"],
        among=known if known.any() else None,
    ).suppressed(run.k)
    run.say(findings_voice.after(found, known=bool(known.any())))
    complained = int(found.table["customers"].iloc[0]) if len(found.table) else 0
    run.show(charts_voice.after(found, run.names, run.scope(cut["period"], customers=complained)))
    return [found]


def _known(run: Session, touches: Touches) -> np.ndarray[Any, Any]:
    """Which customers of the touch table are known by more than a cookie."""
    table = customers.load(run.workspace)
    named = table.loc[table["known"] & table["customer"].notna(), "customer"].to_numpy(np.int64)
    found = np.zeros(touches.customers, bool)
    found[named] = True
    return found


def has(run: Session, table: str) -> bool:
    """Whether a source of the workspace fills this table."""
    return any(source.table == table for source in run.workspace.sources)


def answered(run: Session, cut: Mapping[str, Any]) -> pd.DataFrame:
    """The survey questions of a report's days."""
    return within(run, voice.surveys(run.workspace), cut)


def within(run: Session, frame: pd.DataFrame, cut: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of a report's days."""
    first, last = run.days(cut["period"])
    day = frame["timestamp"].dt.date
    return frame[(day >= first) & (day <= last)]
