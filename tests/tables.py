"""Read the small tables that tests are written in, and turn them into what the public interface takes.

    who | when        | channel | sale
    an  | 01-01 08:00 | email   |
    an  | 01-03 08:00 |         | 250

`sale` empty: not a conversion; a number: a conversion of that value (0 is a conversion worth nothing).
`channel` empty: an outcome, not a touch. `when` is month-day hour:minute of 2025. An `id` column is optional.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from twins import Credit, Path, Row

import journey_lib as jl

EPOCH = datetime(1970, 1, 1)
COUNTS = ["path", "journeys", "conversions", "value", "nulls", "open"]


def cells(text: str) -> list[dict[str, str]]:
    """The lines of a table as {heading: cell}."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def rows(text: str) -> list[Row]:
    """A log, as the twins take it."""
    return [
        Row(
            customer=cell["who"],
            time=microseconds(cell["when"]),
            channel=cell["channel"] or None,
            conversion=cell["sale"] != "",
            value=int(cell["sale"]) if cell["sale"] else None,
            event_id=cell.get("id", ""),
        )
        for cell in cells(text)
    ]


def microseconds(when: str) -> int:
    moment = datetime.strptime(f"2025-{when}", "%Y-%m-%d %H:%M")
    return (moment - EPOCH) // timedelta(microseconds=1)


def frame(log: str | Iterable[Row]) -> pd.DataFrame:
    """A log, as an analyst would hold it: one row per event, local time without a zone."""
    lines = rows(log) if isinstance(log, str) else list(log)
    table = pd.DataFrame(
        {
            "customer": pd.Series([row.customer for row in lines], dtype="str"),
            "time": pd.Series([row.time for row in lines], dtype="int64").astype("datetime64[us]"),
            "channel": pd.Series([row.channel for row in lines], dtype="str"),
            "conversion": pd.Series([row.conversion for row in lines], dtype="bool"),
            "value": pd.Series([row.value for row in lines], dtype="float64"),
        }
    )
    if any(row.event_id for row in lines):
        table["id"] = [row.event_id for row in lines]
    return table


def _arrow(log: str | Iterable[Row]) -> pa.Table:
    lines = rows(log) if isinstance(log, str) else list(log)
    kinds = {"customer": pa.string(), "time": pa.timestamp("us"), "channel": pa.string()}
    kinds |= {"conversion": pa.bool_(), "value": pa.float64()}
    table = pa.table({name: pa.array([getattr(row, name) for row in lines], kinds[name]) for name in kinds})
    if any(row.event_id for row in lines):
        return table.append_column("id", pa.array([row.event_id for row in lines], pa.string()))
    return table


def touches(
    log: str | Iterable[Row] | pd.DataFrame, *, timezone: str = "UTC", currency: str | None = None
) -> Any:
    """The log through the front door, `touches.from_frame`; as an Arrow table in a quarter of the time."""
    table = log if isinstance(log, pd.DataFrame) else _arrow(log)
    names = table.columns if isinstance(table, pd.DataFrame) else table.column_names
    event_id = {"event_id": "id"} if "id" in names else {}
    return jl.touches.from_frame(
        table,
        customer_id="customer",
        timestamp="time",
        channel="channel",
        conversion="conversion",
        value="value",
        timezone=timezone,
        currency=currency,
        **event_id,
    )


def path_table(lines: Iterable[Path] | str, separator: str = " > ") -> Any:
    """A ready-made path table through the front door: `attribution.read_paths`."""
    lines = expected_paths(lines) if isinstance(lines, str) else list(lines)
    table = pd.DataFrame(
        {
            "path": pd.Series([separator.join(line.path) for line in lines], dtype="str"),
            "conversions": pd.Series([line.conversions for line in lines], dtype="int64"),
            "value": pd.Series([line.value for line in lines], dtype="float64"),
            "nulls": pd.Series([line.nulls for line in lines], dtype="int64"),
        }
    )
    return jl.attribution.read_paths(
        table, path="path", conversions="conversions", value="value", nulls="nulls", separator=separator
    )


def expected_paths(text: str) -> list[Path]:
    """A path table: `path | conversions | value | nulls | open`; a heading left out means zeros."""
    return [
        Path(
            path=steps(cell["path"]),
            **{name: int(cell.get(name) or 0) for name in ("conversions", "value", "nulls", "open")},
        )
        for cell in cells(text)
    ]


def steps(path: str) -> tuple[str, ...]:
    return tuple(step.strip() for step in path.split(">")) if path not in {"", "()"} else ()


def found_paths(paths: Any) -> list[Path]:
    """The product's path table as the twins write it, in the product's order; counts must add up."""
    table = paths.table[COUNTS]
    lines = [
        Path(tuple(path), conversions, value, nulls, still_open)
        for path, _, conversions, value, nulls, still_open in table.itertuples(index=False)
    ]
    assert [line.journeys for line in lines] == table["journeys"].tolist()
    return lines


def check_paths(
    log: Any, expected: str, *, lookback: str | None = None, timezone: str = "UTC", **options: Any
) -> None:
    """The paths of `log` are exactly the table `expected`, in that order."""
    paths = jl.journeys.paths(touches(log, timezone=timezone), lookback=lookback, **options)
    assert found_paths(paths) == expected_paths(expected)


def credits_of(result: Any) -> Credit:
    """{channel: (conversions, value)} of a credit Result."""
    table = result.table
    assert table["channel"].is_unique
    return {
        channel: (conversions, value)
        for channel, conversions, value in zip(
            table["channel"], table["conversions"], table["value"], strict=True
        )
    }


def conversions(paths: str, model: str, **options: Any) -> dict[str, float]:
    """The conversions a model credits to each channel of a path table."""
    return conversions_of(jl.attribution.credit(path_table(paths), model, **options))


def about(expected: dict[str, float]) -> Any:
    """Equal to 1e-9, channel by channel."""
    return pytest.approx(expected, abs=1e-9)


def conversions_of(result: Any) -> dict[str, float]:
    return {channel: conversions for channel, (conversions, _) in credits_of(result).items()}


def column_of(result: Any, name: str) -> dict[str, float]:
    return dict(zip(result.table["channel"], result.table[name], strict=True))


def steps_of(result: Any) -> dict[tuple[str, str], int]:
    """{(from, to): journeys} of a transitions Result."""
    table = result.table
    return dict(zip(zip(table["from"], table["to"], strict=True), table["journeys"], strict=True))
