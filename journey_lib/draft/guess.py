"""From a look at some files to what they most likely are: a table, its columns, and how it is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from babel.numbers import is_currency

from journey_lib.draft import columns as fitting
from journey_lib.draft import headings, shapes
from journey_lib.draft.patterns import Group
from journey_lib.draft.platforms import Platform, recognised
from journey_lib.draft.shapes import NOTHING, Verdict
from journey_lib.model import TABLES
from journey_lib.sources.column import DAYS, MOMENTS, MONEY, NUMBERS

MOST_LOOKED_AT = 20  # files of one group whose rows are put together
PLATFORM_TABLES = {"ads": "costs"}
ZONED = re.compile(r".*:\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)", re.DOTALL)


@dataclass(frozen=True)
class Guess:
    """What one source most likely is. Nothing in it quotes a cell, but for well-known kinds of events.

    `nearest` is the table that would fit best when none does. `taken` are columns whose headings are already
    canonical; `missing` those a row cannot do without and no heading fits; `unread` the headings nothing was
    found for; `local` says that times have no offset; `won` lists event types that look like conversions, by
    name of conversion.
    """

    path: str
    files: int
    rows: int
    form: str
    table: str | None = None
    nearest: str = "events"
    format: str = ""
    told_by: str = ""
    platform: str | None = None
    encoding: str = "utf-8"
    separator: str = ","
    header: int = 1
    sheet: str | None = None
    columns: tuple[tuple[str, str, str], ...] = ()
    taken: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    dates: Verdict = NOTHING
    numbers: Verdict = NOTHING
    currencies: frozenset[str] = frozenset()
    local: bool = False
    identified_by: bool = False
    won: tuple[tuple[str, tuple[str, ...]], ...] = ()
    todo: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Canonical columns it delivers."""
        return (*self.taken, *(name for name, _, _ in self.columns), *(name for name, _ in self.constants))


def guessed(group: Group) -> Guess:
    """Guess what the files of one group are."""
    step = max(1, -(-len(group.samples) // MOST_LOOKED_AT))
    looked = group.samples[::step]
    first = looked[0]
    cells: dict[str, list[Any]] = {}
    for sample in looked:
        for name, held in sample.cells.items():
            cells.setdefault(name, []).extend(held)
    guess = Guess(
        path=group.path,
        files=len(group.samples),
        rows=sum(len(sample.rows) for sample in looked),
        form=first.form,
        format="jsonl" if first.form == "array" else first.form,
        encoding=first.encoding,
        separator=first.separator,
        header=first.header,
        sheet=first.sheet,
    )
    private = [heading for heading in cells if shapes.PRIVATE.search(heading)]
    if private:  # such as JSON keyed by phone: people's data where headings were expected
        cells = {heading: held for heading, held in cells.items() if heading not in private}
        guess = replace(guess, todo=("headings that are addresses or long numbers are left out",))
    platform = recognised(first)
    if platform:
        return _of_platform(guess, platform, cells)
    if first.headless:
        why = "its first line is data already: give it a line of headings"
        return replace(guess, told_by=why, todo=(*guess.todo, why))
    twice = Counter(fitting.tidy(heading) for heading in first.columns if heading)
    return _of_table(guess, cells, any(count > 1 for count in twice.values()))


def _of_platform(guess: Guess, platform: Platform, cells: Mapping[str, list[Any]]) -> Guess:
    """Such files need no columns mapped; only how an ad platform wrote days and amounts is to be told."""
    table = PLATFORM_TABLES.get(platform.format, "events")
    found = replace(
        guess,
        table=table,
        format=platform.format,
        told_by=platform.told_by,
        platform=platform.platform,
        won=_won(cells.get(platform.event_type or "", ())),
    )
    if platform.format == "ads":
        fit = fitting.fit("costs", cells)
        found = _written(replace(found, currencies=_currencies(fit.columns, cells)), fit.columns, cells)
    return found


def _of_table(guess: Guess, cells: Mapping[str, list[Any]], twice: bool) -> Guess:
    name = guess.path.rsplit("/", 1)[-1]
    tried = sorted((fitting.fit(table, cells, name) for table in TABLES), key=lambda each: -each.score)
    likely = [fit for fit in tried if fit.eligible]
    if not likely:
        # Words of which not one is known may be people's data where headings were expected: they stay unsaid.
        told = any(
            headings.rank(table, column, heading) is not None
            for heading in cells
            for table in TABLES
            for column in TABLES[table]
        )
        unread = tuple(filter(None, cells)) if told else ()
        nearest = max(tried, key=lambda fit: fit.score - 3 * fit.complete)
        return replace(
            guess,
            nearest=nearest.table,
            columns=tuple((column, heading, "") for column, heading in nearest.columns.items()),
            unread=unread,
            told_by="no table has such headings",
        )
    best = likely[0]
    todo = list(guess.todo)
    todo += [
        f"it could also be {other.table}"
        for other in likely[1:]
        if other.complete and other.score >= best.score - 1
    ]
    todo += ["a heading stands there twice: rename one"] if twice else []
    todo += ["a JSON array is not read: write one object a line"] if guess.form == "array" else []
    mapped = set(best.columns.values())
    unread = tuple(heading for heading in cells if heading and heading not in mapped)
    if best.table == "customers" and "opt_out" not in best.columns:
        agrees = [each for each in unread if headings.bare(each) in headings.listed(headings.AGREES)]
        todo += ["a column says who agreed to be written to; opt_out needs who refused"] if agrees else []
    moments = [best.columns[each] for each in best.columns if each in MOMENTS]
    if moments and not any(_has_clock(cell) for heading in moments for cell in cells[heading]):
        apart = [each for each in unread if headings.bare(each) in headings.listed(headings.CLOCKS)]
        todo += ["the time of day stands in a column of its own, which is not read"] if apart else []
    found = replace(
        guess,
        table=best.table,
        told_by="its headings",
        columns=tuple(
            (column, heading, _told(column, cells[heading]))
            for column, heading in best.columns.items()
            if fitting.tidy(heading) != column
        ),
        taken=tuple(column for column, heading in best.columns.items() if fitting.tidy(heading) == column),
        ignore=best.ignore,
        constants=tuple(best.constants.items()),
        missing=best.missing,
        unread=unread,
        currencies=_currencies(best.columns, cells),
        won=_won(cells[best.columns["event_type"]]) if "event_type" in best.columns else (),
        todo=tuple(todo),
    )
    return _written(found, best.columns, cells)


def _written(guess: Guess, columns: Mapping[str, str], cells: Mapping[str, list[Any]]) -> Guess:
    """How dates and numbers are written, over all columns of a source that hold them."""
    times = [cell for name in columns if name in MOMENTS | DAYS | {"joined"} for cell in cells[columns[name]]]
    amounts = [cell for name in columns if name in NUMBERS for cell in cells[columns[name]]]
    dates = shapes.dates(times)
    todo = list(guess.todo)
    if dates.value or dates.options:
        if any(shapes.ISO.fullmatch(cell) for cell in shapes.said(times)):
            todo.append("days are written in two ways (2025-01-31 and 31/01/2025): only one can be declared")
    elif guess.form == "excel" and any(isinstance(cell, float) for cell in times):
        dates = Verdict(
            "DD/MM/YYYY", why="days are numbers of Excel, which are read once an order is declared"
        )
    local = any(_is_local(cell) for name in columns if name in MOMENTS for cell in cells[columns[name]])
    return replace(guess, dates=dates, numbers=shapes.numbers(amounts), local=local, todo=tuple(todo))


def _is_local(cell: Any) -> bool:
    if isinstance(cell, str):
        return shapes.is_date(cell) and not ZONED.fullmatch(cell.strip())
    return shapes.is_date(cell) and getattr(cell, "tzinfo", None) is None


def _has_clock(cell: Any) -> bool:
    return ":" in cell if isinstance(cell, str) else isinstance(cell, float) or hasattr(cell, "hour")


def _currencies(columns: Mapping[str, str], cells: Mapping[str, list[Any]]) -> frozenset[str]:
    """Currencies that stand in a column of their own, beside amounts, or in the heading of amounts."""
    found: set[str] = set()
    for name, heading in columns.items():
        if name == "currency":
            found |= {
                cell.strip().upper()
                for cell in shapes.said(cells[heading])
                if is_currency(cell.strip().upper())
            }
        if name in MONEY:
            found |= shapes.currencies(cells[heading])
            unit = re.search(r"[(\[]\s*([^)\]]+?)\s*[)\]]", heading)
            if unit and is_currency(unit[1].upper()):
                found.add(unit[1].upper())
            elif unit:
                found |= {code for code, signs in shapes.SIGNS.items() if unit[1].lower() in signs}
    return frozenset(found)


def _won(cells: Sequence[Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Event types that look like conversions, most important first, as the file spells them."""
    spelt = dict.fromkeys(cell.strip() for cell in cells if isinstance(cell, str))
    found = []
    for name, words in headings.dictionary()["conversions"].items():
        known = headings.listed(words)
        kinds = tuple(kind for kind in spelt if headings.bare(kind) in known)
        if kinds:
            found.append((name, kinds))
    return tuple(found)


def _told(column: str, cells: Sequence[Any]) -> str:
    """The shape of a column that identifies people; of the others the heading says enough."""
    return shapes.told(cells) if column in fitting.IDENTIFYING else ""
