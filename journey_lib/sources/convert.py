"""Turning what a file says into canonical columns: always by declaration, never by guessing.

Each function writes one SQL expression. `column` is a quoted identifier and `kind` its type in the file; text
is converted by the source's declared date order, number style and timezone, and becomes NULL when it does not
fit, so that the row can be kept aside with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError, did_you_mean
from journey_lib.model import IDENTIFIERS, TABLES
from journey_lib.workspace import Source

STRPTIME = {
    "DD/MM/YYYY": ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"],
    "MM/DD/YYYY": ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y"],
}
# What an amount must look like in each style; anything else would be a guess.
AMOUNT = {
    "1234.5": r"^-?\d+(\.\d+)?$",
    "1,234.5": r"^-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$",
    "1.234,5": r"^-?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$",
}
NUMBERS = {
    *("value", "cost", "items", "impressions", "clicks", "platform_conversions"),
    *("score", "lift", "standard_error"),
}
MOMENTS = {"timestamp", "first_response_at", "resolved_at"}
DAYS = {"date", "start", "end"}
NOBODY = "nobody is identified"
OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)$"


def text(column: str) -> str:
    """A column as text without stray blanks; an empty one is NULL."""
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')"


def moment(column: str, kind: str, source: Source) -> str:
    """A column as a time in UTC: an offset in the data is honoured, else the declared zone applies."""
    zone = literal(source.timezone or "UTC")
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"CAST({column} AS TIMESTAMP)"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"CAST(timezone({zone}, CAST({column} AS TIMESTAMP)) AS TIMESTAMP)"
    words = text(column)
    if source.dates in STRPTIME:
        formats = "[" + ", ".join(literal(f) for f in STRPTIME[source.dates]) + "]"
        return f"CAST(timezone({zone}, try_strptime({words}, {formats})) AS TIMESTAMP)"
    return (
        f"CASE WHEN regexp_matches({words}, {literal('[T ].*' + OFFSET)})"
        f" THEN CAST(try_cast({words} AS TIMESTAMPTZ) AS TIMESTAMP)"
        f" ELSE CAST(timezone({zone}, try_cast({words} AS TIMESTAMP)) AS TIMESTAMP) END"
    )


def day(column: str, kind: str, source: Source) -> str:
    """A column as a calendar day, which no timezone may move."""
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"CAST({column} AS DATE)"
    if source.dates in STRPTIME:
        formats = "[" + ", ".join(literal(f) for f in STRPTIME[source.dates]) + "]"
        return f"CAST(try_strptime({text(column)}, {formats}) AS DATE)"
    return f"try_cast({text(column)} AS DATE)"


def amount(column: str, kind: str, source: Source) -> str:
    """A column as a number in the declared style."""
    if kind != "VARCHAR":
        return f"CAST({column} AS DOUBLE)"
    words = text(column)
    plain = {
        "1234.5": words,
        "1,234.5": f"replace({words}, ',', '')",
        "1.234,5": f"replace(replace({words}, '.', ''), ',', '.')",
    }[source.numbers or "1234.5"]
    fits = f"regexp_matches({words}, {literal(AMOUNT[source.numbers or '1234.5'])})"
    return f"CASE WHEN {fits} THEN try_cast({plain} AS DOUBLE) END"


def canonical(source: Source, kinds: Mapping[str, str], relation: str, engine: Engine, into: str) -> None:
    """Create `into`: every canonical column of the source's table, and the reason why a row cannot be used.

    `relation` is the SQL that yields the file's columns (typed as in `kinds`) beside ``file`` and ``row``.
    """
    named = _columns(source, kinds)
    converted, checks = [], []
    for name, required in TABLES[source.table].items():
        if name not in named:
            given = literal(source.set[name]) if name in source.set else "NULL"
            converted.append(f"CAST({given} AS {_sql_type(name)}) AS {name}")
            continue
        column = identifier(named[name])
        converted.append(f"{_converted(name, column, kinds[named[name]], source)} AS {name}")
        if required:
            checks.append(f"WHEN {name} IS NULL AND {text('said.' + column)} IS NULL THEN '{name} is empty'")
        if name in NUMBERS | MOMENTS | DAYS:
            checks.append(
                f"WHEN {name} IS NULL AND {text('said.' + column)} IS NOT NULL THEN '{name} cannot be read'"
            )
    who = [name for name in IDENTIFIERS if name in named]
    if who and source.identified_by is None and source.table != "identifiers":
        nobody = f"{who[0]} is empty" if len(who) == 1 else NOBODY
        checks.insert(0, f"WHEN coalesce({', '.join(who)}) IS NULL THEN {literal(nobody)}")
    said = ", ".join(f"{identifier(c)} := {identifier(c)}" for c in dict.fromkeys(named.values()))
    engine.run(
        f"CREATE TABLE {into} AS SELECT * EXCLUDE (said), CASE WHEN reason IS NOT NULL"
        " THEN CAST(to_json(said) AS VARCHAR) END AS raw FROM ("
        f"SELECT *, CASE {' '.join(checks)} END AS reason FROM ("
        f"SELECT {', '.join(converted)}, file, row, struct_pack({said}) AS said FROM ({relation})))"
    )


def _converted(name: str, column: str, kind: str, source: Source) -> str:
    if name in MOMENTS:
        return moment(column, kind, source)
    if name in DAYS:
        return day(column, kind, source)
    return amount(column, kind, source) if name in NUMBERS else text(column)


def _sql_type(name: str) -> str:
    if name in MOMENTS:
        return "TIMESTAMP"
    return "DATE" if name in DAYS else "DOUBLE" if name in NUMBERS else "VARCHAR"


def _columns(source: Source, kinds: Mapping[str, str]) -> dict[str, str]:
    """Canonical name → name in the file: as mapped, else the column that already has the canonical name."""
    named = {name: name for name in TABLES[source.table] if name in kinds} | source.columns
    for name, column in named.items():
        if column not in kinds:
            raise DataError(
                f"the file has no column '{column}'",
                where=f"{source.path}, mapped to '{name}' of {source.table} in journey.yaml",
                do=did_you_mean(column, kinds),
            )
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
    return named
