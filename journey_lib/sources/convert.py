"""Turning what a file says into canonical columns: always by declaration, never by guessing."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import ConfigError, DataError, did_you_mean
from journey_lib.model import IDENTIFIERS, TABLES
from journey_lib.sources import undeclared, written
from journey_lib.sources.column import DAYS, DECLARE, MOMENTS, MONEY, NOBODY, NUMBERS, SHORT, TWICE, Column
from journey_lib.workspace import Source


def canonical(
    source: Source,
    kinds: Mapping[str, str],
    relation: str,
    engine: Engine,
    into: str,
    places: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Create `into`: every canonical column of the source's table, and the reason why a row cannot be used.

    `relation` is the SQL that yields the file's columns (typed as in `kinds`) beside ``file`` and ``row``;
    `places` says which SQL expression a column stands in, where that is not its own name. Returns how many
    times of day happened twice, because the clocks were put back, and were taken as the first.

    Where the file's own types leave little to read, and nothing will be done to its rows that needs them at
    hand, `into` is a view: reading such a file again costs less than keeping its rows beside it. It also has,
    as "<name> said", its whole numbers before they became text and its texts before they were tidied.

    Raises
    ------
    DataError
        A column is missing, or holds dates or numbers with more than one reading and none is declared.
    """
    columns = [Column(name, own, kinds[own]) for name, own in _columns(source, kinds).items()]
    held = "".join(
        f"{(places or {}).get(c.file_name, identifier(c.file_name))} AS {c.said}, " for c in columns
    )
    told = ", ".join(
        f"{literal(c.file_name)}, {c.words if c.kind == written.CELL else c.said}"
        for c in {c.file_name: c for c in columns}.values()
    )
    twice, light = _twice(columns, source), all(column.light for column in columns)
    reasons = _reasons(columns, source, tidied=not light)
    sql = f"SELECT {held}file, row FROM ({relation})"
    for layer in (
        [part for c in columns for part in _quick(c, source)],
        [f"{_words(c)} AS {c.words}" for c in columns if not c.plain],
        [part for c in columns for part in _found(c, source)],
        [part for c in columns for part in _read(c, source)],
        _final(columns, source),
        [f"CASE {' '.join(reasons) or 'WHEN false THEN NULL'} END AS reason"],
    ):
        sql = f"SELECT {', '.join(['*', *layer])} FROM ({sql})"
    select = (
        f"SELECT {', '.join(identifier(name) for name in TABLES[source.table])},"
        f" reason, file, row, CASE {_told_alone(columns)}"
        f" WHEN reason IS NOT NULL THEN CAST(json_object({told}) AS VARCHAR) END AS raw"
    )
    if light:
        raw = "".join(f", {c.said}" for c in columns if c.kind in ("VARCHAR", *SHORT) and not c.typed)
        engine.run(f"CREATE VIEW {into} AS {select}{raw} FROM ({sql})")
        again = _count(engine, f"(SELECT reason, {twice} AS twice FROM ({sql})) WHERE twice") if twice else 0
        return {TWICE: again} if again else {}
    engine.run(f"CREATE TABLE {into} AS {select}{f', {twice} AS twice' if twice else ''} FROM ({sql})")
    undeclared.refuse(columns, source, engine, into)
    if not twice:
        return {}
    again = _count(engine, f"{into} WHERE twice")
    engine.run(f"ALTER TABLE {into} DROP COLUMN twice")
    return {TWICE: again} if again else {}


def _count(engine: Engine, usable: str) -> int:
    return int(engine.one(f"SELECT count(*) FROM {usable} AND reason IS NULL")[0])


def _quick(column: Column, source: Source) -> list[str]:
    """Whether a text has the usual shape of its column, in which there is nothing to tidy or to strip."""
    if column.typed or not (column.is_time or column.name in NUMBERS):
        return []
    shape = written.quick_clock(source.dates) if column.is_time else written.quick_amount(source.numbers)
    said = f"{column.said}.text" if column.kind == written.CELL else f"CAST({column.said} AS VARCHAR)"
    return [f"{written.fits(said, shape)} AS {column.step('quick')}"]


def _words(column: Column) -> str:
    words = written.words(column.said, column.kind)
    if column.kind == written.CELL or not (column.is_time or column.name in NUMBERS):
        return words
    return f"CASE WHEN {column.step('quick')} THEN CAST({column.said} AS VARCHAR) ELSE {words} END"


def _found(column: Column, source: Source) -> list[str]:
    """What is looked for in one column's cells, once for all that is asked of it."""
    words, quick = column.words, column.step("quick")
    if column.typed:
        return []
    if column.is_time:
        return [
            f"{written.hands(words, quick, source.dates)} AS {column.step('hands')}",
            f"{written.behind(words, quick)} AS {column.step('behind')}",
        ]
    return [f"{written.mark(words, quick)} AS {column.step('mark')}"] if column.name in MONEY else []


def _read(column: Column, source: Source) -> list[str]:
    """What is read of one column's cells, before anything depends on another column."""
    said, words, quick = column.said, column.words, column.step("quick")
    if column.typed:
        return []
    if column.is_time:
        local = written.clock(words, quick, source.dates, column.step("hands"))
        offset = written.offset(column.step("behind"))
        if column.kind == written.CELL:
            serial = f"{said}.serial" if source.dates else "NULL"
            local = (
                f"CASE WHEN {said}.moment IS NOT NULL THEN {said}.moment"
                f" WHEN {said}.number IS NOT NULL THEN {serial} ELSE {local} END"
            )
            offset = f"CASE WHEN {said}.text IS NOT NULL THEN {offset} END"
        return [f"{local} AS {column.step('local')}", f"{offset} AS {column.step('offset')}"]
    if column.name in NUMBERS:
        money = column.name in MONEY
        number = written.amount(words, quick, source.numbers, money)
        if column.kind == written.CELL:
            number = f"CASE WHEN {said}.text IS NULL THEN {said}.number ELSE {number} END"
        sign = [f"{written.currency_of(column.step('mark'))} AS {column.step('sign')}"] if money else []
        return [f"{number} AS {column.step('number')}", *sign]
    return []


def _final(columns: list[Column], source: Source) -> list[str]:
    """The canonical columns, from what was read."""
    by_name = {column.name: column for column in columns}
    final = []
    for name in TABLES[source.table]:
        if name in by_name:
            value = _value(by_name[name], source)
        else:
            value = (
                f"CAST({literal(source.set[name]) if name in source.set else 'NULL'} AS {_sql_type(name)})"
            )
        if name == "currency":
            signs = [c.step("sign") for c in columns if c.name in MONEY and not c.typed]
            value = f"coalesce({', '.join([value, *signs])})"
        final.append(f"{value} AS {identifier(name)}")
    return final


def _value(column: Column, source: Source) -> str:
    name, said, zone = column.name, column.said, source.timezone or "UTC"
    if name in MOMENTS:
        if column.kind.startswith("TIMESTAMP WITH TIME ZONE"):
            return f"CASE WHEN isfinite({said}) THEN CAST({said} AS TIMESTAMP) END"
        if column.typed:
            local = f"CAST({said} AS TIMESTAMP)"
            return f"CASE WHEN isfinite({said}) THEN {written.in_utc(local, zone)} END"
        local, offset = column.step("local"), column.step("offset")
        return (
            f"CASE WHEN {offset} IS NOT NULL THEN {local} - to_minutes({offset})"
            f" ELSE {written.in_utc(local, zone)} END"
        )
    if name in DAYS:
        if column.kind.startswith("TIMESTAMP WITH TIME ZONE"):
            said = f"timezone({literal(zone)}, {said})"
        day = f"CAST({said if column.typed else column.step('local')} AS DATE)"
        return f"CASE WHEN isfinite({day}) THEN {day} END"
    if name in NUMBERS:
        return written.finite(f"CAST({said} AS DOUBLE)" if column.typed else column.step("number"))
    return written.currency(column.words) if name == "currency" else column.words


def _reasons(columns: list[Column], source: Source, *, tidied: bool) -> list[str]:
    """Why a row cannot be used, the first that holds."""
    required = TABLES[source.table]
    checks = [
        f"WHEN {c.said}.wrong IS NOT NULL THEN {literal(c.name + ' ')} || {c.said}.wrong"
        for c in columns
        if c.kind == written.CELL
    ]
    who = [c.empty(tidied=tidied) for c in columns if c.name in IDENTIFIERS]
    if who and source.identified_by is None and source.table != "identifiers":
        only = [c.name for c in columns if c.name in IDENTIFIERS]
        nobody = f"{only[0]} is empty" if len(only) == 1 else NOBODY
        checks.append(f"WHEN {' AND '.join(who)} THEN {literal(nobody)}")
    for column in columns:
        name, own, empty = column.name, column.quoted, column.empty(tidied=tidied)
        if required[name]:
            checks.append(f"WHEN {empty} THEN '{name} is empty'")
        if name in MOMENTS | DAYS | NUMBERS:
            why = _unreadable(column, source)
            checks.append(
                f"WHEN {own} IS NULL AND NOT {empty} THEN CASE {why} ELSE '{name} cannot be read' END"
            )
        zone = source.timezone or "UTC"
        if name in MOMENTS and (local := _local(column)) and written.shifts(zone):
            checks.append(
                f"WHEN NOT {written.exists(local, own, zone)} THEN '{name} does not exist in its zone'"
            )
        if name in MONEY and not column.typed:
            checks.append(
                f"WHEN {column.step('sign')} <> upper(currency) THEN '{name} and currency disagree'"
            )
    return checks


def _unreadable(column: Column, source: Source) -> str:
    """What can be said of a cell that was not read."""
    name, words = column.name, column.words
    if name in NUMBERS:
        undeclared = source.numbers is None and not column.typed
        return (
            f"WHEN NOT {column.step('quick')} AND {_several(column)} THEN '{name} {DECLARE}'"
            if undeclared
            else "WHEN false THEN NULL"
        )
    cases = [
        f"WHEN {written.fits(words, written.BARE_NUMBER)} THEN '{name} is a bare number'",
        f"WHEN {written.fits(words, written.SHORT_YEAR)} THEN '{name} has a year of two digits'",
    ]
    if source.dates is None and not column.typed:
        cases.append(f"WHEN {written.fits(words, written.UNDECLARED_DAY)} THEN '{name} {DECLARE}'")
    return " ".join(cases)


def _several(column: Column) -> str:
    return written.has_reading(column.words, written.STYLES, column.name in MONEY)


def _local(column: Column) -> str | None:
    """The local time a moment was written as, when it was; NULL in rows that brought their offset."""
    if column.kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return None
    if column.typed:
        return f"CAST({column.said} AS TIMESTAMP)"
    return f"(CASE WHEN {column.step('offset')} IS NULL THEN {column.step('local')} END)"


def _twice(columns: list[Column], source: Source) -> str:
    zone = source.timezone or "UTC"
    found = [
        f"coalesce({written.happened_twice(local, c.quoted, zone)}, false)"
        for c in columns
        if c.name in MOMENTS and written.shifts(zone) and (local := _local(c))
    ]
    return " OR ".join(found)


def _told_alone(columns: list[Column]) -> str:
    """Cells that stop the run are kept by themselves, so that the message can look at them."""
    return " ".join(
        f"WHEN reason = '{c.name} {DECLARE}' THEN {c.words}"
        for c in columns
        if c.name in MOMENTS | DAYS | NUMBERS
    )


def complete(engine: Engine, into: str, table: str) -> None:
    """Add the canonical columns that a reader has nothing for, empty."""
    there = {name for name, *_ in engine.rows(f"DESCRIBE {into}")}
    for name in TABLES[table]:
        if name not in there:
            engine.run(f"ALTER TABLE {into} ADD COLUMN {identifier(name)} {_sql_type(name)}")


def _sql_type(name: str) -> str:
    if name in MOMENTS:
        return "TIMESTAMP"
    return "DATE" if name in DAYS else "DOUBLE" if name in NUMBERS else "VARCHAR"


def column_name(said: str) -> str:
    """A column's name as it is compared: composed letters, single blanks."""
    return " ".join(unicodedata.normalize("NFC", said.replace("\ufeff", "")).split())


def _columns(source: Source, kinds: Mapping[str, str]) -> dict[str, str]:
    """Canonical name → name in the file: as mapped, else the column that already has the canonical name."""
    own = {name: name for name in TABLES[source.table] if name in kinds and name not in source.ignore}
    tidy = {column_name(name): name for name in kinds}
    mapped = {
        name: column if column in kinds else tidy.get(column_name(column), column)
        for name, column in source.columns.items()
    }
    named = own | mapped
    for name, column in named.items():
        if column not in kinds:
            raise DataError(
                f"the file has no column '{column}'",
                where=f"{source.path}, mapped to '{name}' of {source.table} in journey.yaml",
                do=did_you_mean(column, kinds),
            )
    _refuse_wrong_constants(source)
    known = named.keys() | source.set.keys()
    missing = [name for name, required in TABLES[source.table].items() if required and name not in known]
    people = "customer_id" in TABLES[source.table] and source.identified_by is None
    if people and not known & set(IDENTIFIERS):
        missing.insert(0, "customer_id")
    if missing:
        raise DataError(
            f"no column of the file is mapped to {', '.join(repr(m) for m in missing)} of {source.table}",
            where=source.path,
            do=f"add it under `columns:` of this source; the file has: {', '.join(kinds)}",
        )
    return {name: named[name] for name in TABLES[source.table] if name in named}


def _refuse_wrong_constants(source: Source) -> None:
    for name, value in source.set.items():
        try:
            if name in NUMBERS:
                float(value)
            elif name in MOMENTS | DAYS:
                dt.datetime.fromisoformat(value)
        except ValueError:
            raise ConfigError(
                f"set: '{value}' cannot be the {name} of {source.table}",
                do="write numbers as 1234.5 and days as 2025-01-31",
            ) from None
