"""Stopping where dates or numbers have more than one reading, and saying which declarations would fit."""

from __future__ import annotations

from collections.abc import Sequence

from journey_lib.engine import Engine
from journey_lib.errors import DataError
from journey_lib.sources import written
from journey_lib.sources.column import DECLARE, MONEY, NUMBERS, Column
from journey_lib.workspace import Source


def refuse(columns: Sequence[Column], source: Source, engine: Engine, into: str) -> None:
    """Stop when dates or numbers have more than one reading, or one that must be declared."""
    if source.dates is not None and source.numbers is not None:
        return
    found = dict(
        engine.rows(f"SELECT reason, count(*) FROM {into} WHERE ends_with(reason, '{DECLARE}') GROUP BY ALL")
    )
    for column in columns:
        reason = f"{column.name} {DECLARE}"
        if reason not in found:
            continue
        count, where = found[reason], f"FROM {into} WHERE reason = '{reason}'"
        file, row, example = engine.rows(f"SELECT file, row, raw {where} ORDER BY file, row LIMIT 1")[0]
        key = "numbers" if column.name in NUMBERS else "dates"
        fit = _number_readings(column, engine, where) if key == "numbers" else _date_readings(engine, where)
        raise DataError(
            f"the {key} in '{column.file_name}' must be declared: '{example[:40]}' {_can_be_read(fit)}",
            where=f"{file}, column '{column.file_name}', row {row}",
            how_many=f"{count} row{'s' if count > 1 else ''}",
            do=f"say under this source in journey.yaml {_say(key, fit)}",
        )


def _date_readings(engine: Engine, where: str) -> list[str]:
    parts = "regexp_extract(raw, '^(\\d+)[^\\d](\\d+)', ['first', 'second'])"
    first, second = engine.one(
        "SELECT max(CAST(p.first AS INTEGER)), max(CAST(p.second AS INTEGER))"
        f" FROM (SELECT {parts} AS p {where})"
    )
    return [order for order, month in (("DD/MM/YYYY", second), ("MM/DD/YYYY", first)) if month <= 12]


def _number_readings(column: Column, engine: Engine, where: str) -> list[str]:
    money = column.name in MONEY
    fit = ", ".join(f"bool_and({written.has_reading('raw', [style], money)})" for style in written.STYLES)
    found = engine.one(f"SELECT {fit} {where}")
    styles = [style for style, fits in zip(written.STYLES, found, strict=True) if fits]
    return [style for style in styles if style != "1,234.5" or "1234.5" not in styles]  # the same numbers


def _can_be_read(fit: list[str]) -> str:
    if not fit:
        return "and others fit no single style"
    return f"can be read as {' and as '.join(fit)}" if len(fit) > 1 else f"can only be {fit[0]}"


def _say(key: str, fit: list[str]) -> str:
    known = fit or (list(written.ORDERS) if key == "dates" else list(written.STYLES))
    return " or ".join(f'`{key}: "{each}"`' for each in known)
