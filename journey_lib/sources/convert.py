"""Turning what a file says into canonical columns: always by declaration, never by guessing."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import ConfigError, DataError, did_you_mean
from journey_lib.model import IDENTIFIERS, TABLES
from journey_lib.sources import written
from journey_lib.workspace import Source

MONEY = {"value", "cost"}
NUMBERS = MONEY | {
    *("items", "impressions", "clicks", "platform_conversions"),
    *("score", "lift", "standard_error"),
}
MOMENTS = {"timestamp", "answered_at", "first_response_at", "resolved_at"}
DAYS = {"date", "start", "end"}
NOBODY = "nobody is identified"
TWICE = "times that happened twice"
DECLARE = "has more than one reading"
TYPED_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
)


@dataclass(frozen=True)
class _Column:
    """One canonical column: where its cells, their tidy text and what was read of them stand in the SQL."""

    name: str
    file_name: str
    kind: str
    said: str
    words: str

    @property
    def quoted(self) -> str:
        return identifier(self.name)

    def step(self, what: str) -> str:
        return identifier(f"{self.name} {what}")

    @property
    def typed_time(self) -> bool:
        return self.kind.startswith(("TIMESTAMP", "DATE"))

    @property
    def typed_number(self) -> bool:
        return self.kind.startswith(TYPED_NUMBERS)


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

    Raises
    ------
    DataError
        A column is missing, or holds dates or numbers with more than one reading and none is declared.
    """
    named = _columns(source, kinds)
    spots: dict[str, str] = {name: f"c{index}" for index, name in enumerate(dict.fromkeys(named.values()))}
    columns = [
        _Column(
            name, file_name, kinds[file_name], f'"said {spots[file_name]}"', f'"words {spots[file_name]}"'
        )
        for name, file_name in named.items()
    ]
    held = ", ".join(
        f'{(places or {}).get(name, identifier(name))} AS "said {spot}"' for name, spot in spots.items()
    )
    tidy = ", ".join(
        f'{written.words(identifier(f"said {spot}"), kinds[name])} AS "words {spot}"'
        for name, spot in spots.items()
    )
    read = [part for column in columns for part in _read(column, source)]
    final = _final(columns, source)
    reasons = _reasons(columns, source)
    told = ", ".join(
        f"{literal(c.file_name)}, {c.words if c.kind == written.CELL else c.said}"
        for c in {c.file_name: c for c in columns}.values()
    )
    twice = _twice(columns, source)
    engine.run(
        f"CREATE TABLE {into} AS SELECT {', '.join(identifier(n) for n in TABLES[source.table])}, reason, file,"
        f" row, CASE {_told_alone(columns)} WHEN reason IS NOT NULL THEN CAST(json_object({told}) AS VARCHAR) END"
        f" AS raw{', ' + twice + ' AS twice' if twice else ''} FROM ("
        f"SELECT *, CASE {' '.join(reasons) or 'WHEN false THEN NULL'} END AS reason FROM ("
        f"SELECT *, {', '.join(final)} FROM ("
        f"SELECT *{''.join(', ' + part for part in read)} FROM ("
        f"SELECT *, {tidy} FROM (SELECT {held}, file, row FROM ({relation}))))))"
    )
    _refuse_undeclared(columns, source, engine, into)
    if not twice:
        return {}
    again = int(engine.one(f"SELECT count(*) FROM {into} WHERE twice AND reason IS NULL")[0])
    engine.run(f"ALTER TABLE {into} DROP COLUMN twice")
    return {TWICE: again} if again else {}


def _read(column: _Column, source: Source) -> list[str]:
    """What is read of one column's cells, before anything depends on another column."""
    name, said, words = column.name, column.said, column.words
    if name in MOMENTS | DAYS and not column.typed_time:
        local, offset = written.clock(words, source.dates), written.offset(words)
        if column.kind == written.CELL:
            serial = f" WHEN {said}.number IS NOT NULL THEN {f'{said}.serial' if source.dates else 'NULL'}"
            local = f"CASE WHEN {said}.moment IS NOT NULL THEN {said}.moment{serial} ELSE {local} END"
            offset = f"CASE WHEN {said}.text IS NOT NULL THEN {offset} END"
        return [f"{local} AS {column.step('local')}", f"{offset} AS {column.step('offset')}"]
    if name in NUMBERS and not column.typed_number:
        number = written.amount(words, source.numbers, name in MONEY)
        if column.kind == written.CELL:
            number = f"CASE WHEN {said}.number IS NOT NULL THEN {said}.number WHEN {said}.moment IS NULL THEN {number} END"
        parts = [f"{number} AS {column.step('number')}"]
        if name in MONEY:
            parts.append(f"{written.currency_of(words)} AS {column.step('sign')}")
        return parts
    return []


def _final(columns: list[_Column], source: Source) -> list[str]:
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
            signs = [c.step("sign") for c in columns if c.name in MONEY and not c.typed_number]
            value = f"coalesce({', '.join([value, *signs])})"
        final.append(f"{value} AS {identifier(name)}")
    return final


def _value(column: _Column, source: Source) -> str:
    name, said, zone = column.name, column.said, source.timezone or "UTC"
    if name in MOMENTS:
        if column.kind.startswith("TIMESTAMP WITH TIME ZONE"):
            return f"CASE WHEN isfinite({said}) THEN CAST({said} AS TIMESTAMP) END"
        if column.typed_time:
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
        day = f"CAST({said if column.typed_time else column.step('local')} AS DATE)"
        return f"CASE WHEN isfinite({day}) THEN {day} END"
    if name in NUMBERS:
        return written.finite(f"CAST({said} AS DOUBLE)" if column.typed_number else column.step("number"))
    return written.currency(column.words) if name == "currency" else column.words


def _reasons(columns: list[_Column], source: Source) -> list[str]:
    """Why a row cannot be used, the first that holds."""
    required = TABLES[source.table]
    checks = []
    who = [c.quoted for c in columns if c.name in IDENTIFIERS]
    if who and source.identified_by is None and source.table != "identifiers":
        only = [c.name for c in columns if c.name in IDENTIFIERS]
        nobody = f"{only[0]} is empty" if len(only) == 1 else NOBODY
        checks.append(f"WHEN coalesce({', '.join(who)}) IS NULL THEN {literal(nobody)}")
    for column in columns:
        name, own, words = column.name, column.quoted, column.words
        if column.kind == written.CELL:
            checks.append(
                f"WHEN {column.said}.wrong IS NOT NULL THEN {literal(name + ' ')} || {column.said}.wrong"
            )
        if required[name]:
            checks.append(f"WHEN {own} IS NULL AND {words} IS NULL THEN '{name} is empty'")
        if name in MOMENTS | DAYS | NUMBERS:
            why = _unreadable(column, source)
            checks.append(
                f"WHEN {own} IS NULL AND {words} IS NOT NULL THEN CASE {why} ELSE '{name} cannot be read' END"
            )
        zone = source.timezone or "UTC"
        if name in MOMENTS and (local := _local(column)) and written.shifts(zone):
            checks.append(
                f"WHEN NOT {written.exists(local, own, zone)} THEN '{name} does not exist in its zone'"
            )
        if name in MONEY and not column.typed_number:
            checks.append(
                f"WHEN {column.step('sign')} <> upper(currency) THEN '{name} and currency disagree'"
            )
    return checks


def _unreadable(column: _Column, source: Source) -> str:
    """What can be said of a cell that was not read."""
    name, words = column.name, column.words
    if name in NUMBERS:
        undeclared = source.numbers is None and not column.typed_number
        return f"WHEN {_several(column)} THEN '{name} {DECLARE}'" if undeclared else "WHEN false THEN NULL"
    cases = [
        f"WHEN {written.fits(words, written.BARE_NUMBER)} THEN '{name} is a bare number'",
        f"WHEN {written.fits(words, written.SHORT_YEAR)} THEN '{name} has a year of two digits'",
    ]
    if source.dates is None and not column.typed_time:
        cases.append(f"WHEN {written.fits(words, written.UNDECLARED_DAY)} THEN '{name} {DECLARE}'")
    return " ".join(cases)


def _several(column: _Column) -> str:
    body = written.bare_amount(column.words, column.name in MONEY)
    return " OR ".join(f"coalesce({written.fits(body, shape)}, false)" for shape in written.STYLES.values())


def _local(column: _Column) -> str | None:
    """The local time a moment was written as, when it was; NULL in rows that brought their offset."""
    if column.kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return None
    if column.typed_time:
        return f"CAST({column.said} AS TIMESTAMP)"
    return f"(CASE WHEN {column.step('offset')} IS NULL THEN {column.step('local')} END)"


def _twice(columns: list[_Column], source: Source) -> str:
    zone = source.timezone or "UTC"
    found = [
        f"coalesce({written.happened_twice(local, c.quoted, zone)}, false)"
        for c in columns
        if c.name in MOMENTS and written.shifts(zone) and (local := _local(c))
    ]
    return " OR ".join(found)


def _told_alone(columns: list[_Column]) -> str:
    """Cells that stop the run are kept by themselves, so that the message can look at them."""
    return " ".join(
        f"WHEN reason = '{c.name} {DECLARE}' THEN {c.words}"
        for c in columns
        if c.name in MOMENTS | DAYS | NUMBERS
    )


def _refuse_undeclared(columns: list[_Column], source: Source, engine: Engine, into: str) -> None:
    """Stop when dates or numbers have more than one reading, or one that must be declared."""
    if source.dates is not None and source.numbers is not None:
        return
    for column in columns:
        if column.name not in MOMENTS | DAYS | NUMBERS:
            continue
        where = f"FROM {into} WHERE reason = '{column.name} {DECLARE}'"
        count = engine.one(f"SELECT count(*) {where}")[0]
        if not count:
            continue
        file, row, example = engine.rows(f"SELECT file, row, raw {where} ORDER BY file, row LIMIT 1")[0]
        key, what = ("numbers", "numbers") if column.name in NUMBERS else ("dates", "dates")
        fit = _number_readings(column, engine, where) if key == "numbers" else _date_readings(engine, where)
        raise DataError(
            f"the {what} in '{column.file_name}' must be declared: '{example[:40]}' {_can_be_read(fit)}",
            where=f"{file}, column '{column.file_name}', row {row}",
            how_many=f"{count} rows",
            do=f"say under this source in journey.yaml {_say(key, fit)}",
        )


def _date_readings(engine: Engine, where: str) -> list[str]:
    parts = "regexp_extract(raw, '^(\\d+)[^\\d](\\d+)', ['first', 'second'])"
    first, second = engine.one(
        f"SELECT max(CAST(p.first AS INTEGER)), max(CAST(p.second AS INTEGER)) FROM (SELECT {parts} AS p {where})"
    )
    return [order for order, month in (("DD/MM/YYYY", second), ("MM/DD/YYYY", first)) if month <= 12]


def _number_readings(column: _Column, engine: Engine, where: str) -> list[str]:
    body = written.bare_amount("raw", column.name in MONEY)
    found = engine.one(f"SELECT {written.readable(body, list(written.STYLES))} {where}")
    return [style for style, fits in zip(written.STYLES, found, strict=True) if fits]


def _can_be_read(fit: list[str]) -> str:
    if not fit:
        return "and others fit no single style"
    return f"can be read as {' and as '.join(fit)}" if len(fit) > 1 else f"can only be {fit[0]}"


def _say(key: str, fit: list[str]) -> str:
    known = fit or (list(written.ORDERS) if key == "dates" else list(written.STYLES))
    return " or ".join(f'`{key}: "{each}"`' for each in known)


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
