"""The journey map's page: maps of a workspace as data and people know them, each shown where there is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from journey_lib import findings_map, journey_map, map_figures, map_words, sections_map_cells, voice
from journey_lib import journeys as views
from journey_lib.errors import ParameterError
from journey_lib.funnel.walk import Order
from journey_lib.i18n import text as _
from journey_lib.journey_map import Map, Number
from journey_lib.model import Result
from journey_lib.personas import told
from journey_lib.sections_map_cells import Known
from journey_lib.session import Session
from journey_lib.stages import Model
from journey_lib.touches import Touches


def current(
    run: Session,
    touches: Touches,
    model: Model,
    cut: Mapping[str, Any],
    *,
    within: str,
    order: Order,
    answered: str = "15m",
) -> tuple[Map, Known]:
    """The journey as it is: measured, and beside it what the workspace's people wrote, where they did.

    With it comes what other results say of the stages, and the tables in which that can be read.
    """
    book = journey_map.load(run.workspace)
    written = () if book is None else book.of_kind("current")
    authored = journey_map.drawn(book, written[0]) if book and written else None
    topics = book.sheet(written[0]).topics if book and written else {}
    beside = sections_map_cells.known(run, touches, model, cut, topics, answered=answered)
    options = {name: value for name, value in cut.items() if value is not None}
    found = journey_map.current(
        touches,
        model=model,
        authored=authored,
        scores=felt(run, cut, beside.stage_of),
        cells=beside.cells,
        called=beside.called,
        within=within,
        order=order,
        k=run.k,
        **options,
    )
    # who answers for a touchpoint answers for what was found at it, named on the map or not
    owners = {entry.owner for cell in found.cells for entry in cell.entries} & set(beside.departments)
    departments = {code: beside.departments[code] for code in sorted(owners)} | dict(found.departments)
    title = found.title or {run.language: _("The journey as it is")}
    return replace(found, title=title, departments=departments), beside


def felt(
    run: Session, cut: Mapping[str, Any], stage_of: Mapping[str, str], among: pd.Index[Any] | None = None
) -> pd.DataFrame | None:
    """How satisfied customers, or those `among` them, were at each stage, from -1 to 1; None: nobody asked.

    A customer's answers at a stage count as one.
    """
    if not any(source.table == "surveys" for source in run.workspace.sources):
        return None
    answers = voice.surveys(run.workspace)
    first, last = run.days(cut.get("period"))
    asked = answers[answers["customer"].notna() & answers["timestamp"].dt.date.between(first, last)]
    if among is not None:
        asked = asked[asked["customer"].isin(among)]
    if not len(asked):
        return None
    everyone = pd.Series("all", index=asked["customer"].astype(int).unique())
    felt = told.feelings(asked, everyone, stage_of=stage_of, k=run.k)
    table = felt.table.dropna(subset=["mean"])
    middle = (felt.settings["least"] + felt.settings["most"]) / 2
    half = felt.settings["most"] - middle
    return pd.DataFrame(
        {
            "stage": table["stage"],
            **{
                name: (table[of] - middle) / half
                for name, of in (("score", "mean"), ("low", "low"), ("high", "high"))
            },
            "n": table["customers"],
            "source": _("surveys (CSAT)"),
        }
    )


def known(run: Session, whole: Map, as_of: dt.date | None) -> list[Result]:
    """Show the map, how much of it is known and what has grown old."""
    covered, old = journey_map.coverage(whole), journey_map.stale(whole, _day(whole, as_of))
    run.say(findings_map.coverage(covered))
    run.show(whole, as_of)
    run.table(covered)
    run.say(findings_map.stale(old))
    if len(old.table):
        run.table(worded(old, run))
    return [covered, old]


SHOWN = ("stage_topics", "touchpoint_topics", "stage_answers", "stage_words")


def heard(run: Session, beside: Known) -> list[Result]:
    """What tickets, answers and comments say of stages, in tables: the cells of the map are read from them.

    What the inventory, its targets and opportunities say is recorded, and shown in the report on touchpoints.
    """
    shown = [result for result in beside.results if result.name in SHOWN and len(result.table)]
    if not shown:
        run.say(_("No tickets and no comments speak of stages: what hurts there is what people wrote."))
    for result in shown:
        table = result.table
        if result.name == "touchpoint_topics":
            table = table[~table["suppressed"]]  # most rows of most touchpoints
        if "topic" in table:
            named = {topic: said.get(run.language, topic) for topic, said in beside.words.items()}
            table = table.assign(
                topic=[_("all") if topic == "(all)" else named.get(topic, topic) for topic in table["topic"]],
                kind=[_("complaint") if kind == "complaint" else _("question") for kind in table["kind"]],
                peak=["" if pd.isna(month) else f"{month:%m/%Y}" for month in table["peak"]],
            )
        if "touchpoint" in table:
            table = table.assign(
                touchpoint=[map_words.point(each, run.names) for each in table["touchpoint"]]
            )
        run.table(worded(replace(result, table=table), run))
    return list(beside.results)


def others(run: Session, whole: Map, as_of: dt.date | None) -> list[Result]:
    """The other maps people wrote: what goes on behind, the future, a day, the way to support."""
    book = journey_map.load(run.workspace)
    if book is None:
        run.say(_("This workspace has no maps/journey_map.yaml; docs/journey-map.md says how to begin one."))
        return []
    drawn = [journey_map.drawn(book, name) for name in book.names]
    shown = [
        *(
            journey_map.blueprint(whole, each)
            for each in drawn[1:]
            if each.kind == "current" and each.blueprint
        ),
        *(journey_map.future(whole, each) for each in drawn if each.kind == "future"),
        *(each for each in drawn if each.kind in ("day", "support")),
    ]
    for each in shown:
        run.show(each, as_of or whole.as_of)
    return [replace(journey_map.table(each), name=f"journey_map_{each.name}") for each in shown]


def work(run: Session, whole: Map, as_of: dt.date | None, beside: Known) -> list[Result]:
    """What could be done better, ranked; who does what; and what each department signs."""
    chances = journey_map.opportunities(whole, value=beside.value)
    if not len(chances.table):
        run.say(_("Nobody has written an opportunity on this map yet."))
        return []
    book = journey_map.load(run.workspace)
    wanted = () if book is None else book.of_kind("future")
    planned = journey_map.drawn(book, wanted[0]).cells if book and wanted else ()
    whole = journey_map.put(whole, tuple(cell for cell in planned if cell.lane == "actions"))
    todo = journey_map.actions(whole)
    signed = journey_map.sign_off(whole, _day(whole, as_of))
    run.say(findings_map.opportunities(chances, run.currency))
    for result in (chances, todo, signed):
        run.table(worded(result, run))
    return [chances, todo, signed]


def moved(
    run: Session,
    touches: Touches,
    model: Model,
    cut: Mapping[str, Any],
    *,
    recent: str,
    within: str,
    order: Order,
    answered: str = "15m",
) -> Result:
    """What the map of the last `recent` says otherwise than that of as long before."""
    given = {name: value for name, value in cut.items() if value is not None}
    later, before = views.last_two(touches, recent, given)  # type: ignore[arg-type]
    now, then = (
        current(run, touches, model, each, within=within, order=order, answered=answered)[0]
        for each in (later, before)
    )
    found = journey_map.changes(then, now)
    run.say(findings_map.changes(found))
    told = found.table[found.table["difference"].notna()].head(15)
    run.table(worded(replace(found, table=told), run))
    return found


LAST = "last"
KEPT = "tables/journey-map.csv"  # of a run: what `journey_map.table` said then


def since(run: Session, whole: Map, earlier: str | None) -> list[Result]:
    """What the map says otherwise than an earlier run's, cell by cell; nothing where none was asked for.

    `earlier` is the table `journey-map.csv` that a run kept, or ``last``: that of the latest run found in
    `reports/` here or above.

    Raises
    ------
    ParameterError
        There is no such file.
    """
    if earlier is None:
        run.say(_("No earlier map was asked for: “earlier” takes the table that a run kept, or last."))
        return []
    file = _last(run) if earlier == LAST else Path(earlier)
    if file is None:
        run.say(_("No earlier run has kept its map here yet: the next one is set beside this."))
        return []
    if not file.is_file():
        raise ParameterError(
            "there is no such table of an earlier map", where=str(file), do=f"give {KEPT} of a run"
        )
    found = journey_map.changes(pd.read_csv(file), whole)
    found = replace(found, name="map_changes_since", settings={"earlier": file.parent.parent.name})
    run.say(_("Set beside the run {name}.", name=file.parent.parent.name))
    run.say(findings_map.changes(found))
    if len(found.table):
        run.table(worded(replace(found, table=found.table.head(40)), run))
    return [found]


def _last(run: Session) -> Path | None:
    """The table that the latest run kept; runs are called by their time."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        kept = (folder / "reports" / run.workspace.name / "runs" / "journey_map").glob(f"*/{KEPT}")
        if latest := max(kept, key=lambda file: file.parent.parent.name, default=None):
            return latest
    return None


def _day(whole: Map, as_of: dt.date | None) -> dt.date:
    return as_of or whole.as_of or dt.date.today()


def worded(result: Result, run: Session) -> Result:
    """The table with lanes, stages and measures as readers call them."""
    table = result.table
    if "lane" in table:
        table = table.assign(lane=[map_words.lane(name) for name in table["lane"]])
    if "stage" in table:
        table = table.assign(stage=[run.names.get(name, name) for name in table["stage"]])
    if "what" in table:
        table = table.assign(what=[map_words.measure(name, run.names) for name in table["what"]])
    if "change" in table:
        table = table.assign(
            kind=[map_words.changed(name) for name in table["change"]],
            aspect=[map_words.aspects(said) for said in table["aspect"].fillna("")],
        )
    if "difference" in table:
        table = _figures(table, run.currency)
    for column in {"opportunity", "action"} & set(table):
        # what the data found has a code, and what people wrote does not
        table = table.assign(**{column: [map_words.found(said, run.names) for said in table[column]]})
    if "status" in table:
        table = table.assign(status=[map_words.status(said) for said in table["status"].fillna("")])
    if "basis" in table:
        table = table.assign(basis=[map_words.basis(said) for said in table["basis"]])
    if result.name == "map_actions":
        table = table.assign(
            kind=[_("step") if kind == "action" else _("opportunity") for kind in table["kind"]]
        )
    return replace(result, table=table)


def _figures(table: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The table with its figures, and how far they are apart, as the map writes those of their unit."""
    table = table.copy()
    for column in {"before", "now", "here", "there", "difference", "low", "high"} & set(table):
        say = map_figures.value if column in ("before", "now", "here", "there") else map_figures.apart
        if column in ("low", "high"):
            say = map_figures.points
        table[column] = [
            None if pd.isna(value) else say(Number(float(value), unit or "count", currency=currency))
            for value, unit in zip(table[column], table["unit"], strict=True)
        ]
    return table
