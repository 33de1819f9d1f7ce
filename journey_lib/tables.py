"""How a small table is written for a reader: numbers as their language writes them, few cases marked.

    table_html(result.table, caption="Credit by channel",
               formats={"channel": "text", "conversions": "number:1", "share": "share", "value": "money:VND"})

A format is one of ``text``, ``number[:digits]``, ``percent[:digits]``, ``share[:digits]`` (a percentage
with a bar as long as its part of the column's greatest), ``money:CUR`` (written out), ``compact:CUR``
(``358 triệu ₫``) and ``date``. A column called ``low`` or ``…_low`` and the ``high`` that follows it, written
in the same way, are shown as one: their interval.
"""

from __future__ import annotations

import datetime as dt
import html
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.intervals import SMALL

# From so many columns on, a table is written smaller on paper, which does not scroll.
LONG = 40  # letters of a text that is given room: in a narrow column it would make its row tall
WIDE = {"many": 8, "most": 11}


def table_html(
    frame: pd.DataFrame, *, caption: str, formats: Mapping[str, str], muted: str | None = None, k: int = 0
) -> str:
    """Write a table as HTML in the language of this process.

    The columns of `formats` are shown, in its order; the first names the row. `muted` is the column that
    counts the cases a row rests on: rows under `SMALL` are marked, to the eye and to the ear. Rows that
    `Result.suppressed` emptied, or whose count is under `k`, keep their words, show that count as ``<k``,
    and no other number. A missing value is a dash. Everything that comes from the data is escaped.
    """
    for column in [*formats, *([muted] if muted else [])]:
        if column not in frame.columns:
            raise ParameterError(
                f"the table has no column {column!r}", do=did_you_mean(str(column), map(str, frame.columns))
            )
    columns = _columns(frame, formats)
    counts = frame[muted].astype("float64") if muted else pd.Series(math.inf, index=frame.index)
    hidden = (counts > 0) & (counts < k) | frame.get("suppressed", False)
    few = hidden | (counts < SMALL)
    least = f"&lt;{i18n.number(k)}" if k else _DASH
    records = frame[list(formats)].to_dict("records")
    rows = "".join(
        _row(columns, record, few=mark, instead={str(muted): least} if gone else None)
        for record, mark, gone in zip(records, few, hidden, strict=True)
    )
    if not rows:
        nothing = html.escape(i18n.text("nothing to list"))
        rows = f'<tr><td class="text" colspan="{len(columns)}">{nothing}</td></tr>'
    head = "".join(
        f'<th scope="col"{_align(column)}>{html.escape(column.heading)}</th>' for column in columns
    )
    name = html.escape(caption, quote=True)
    size = "".join(f" {word}" for word, least_of in WIDE.items() if len(columns) >= least_of)
    return (
        f'<div class="table{size}" role="region" tabindex="0" aria-label="{name}">'
        f"<table><caption><span>{name}</span></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{_note(any_few=bool(few.any()), any_hidden=bool(hidden.any()), least=least)}</div>"
    )


# Columns whose names say too little, or the wrong thing, to who reads a page in English.
_PLAIN: Mapping[str, str] = {
    "over": "Journeys over",
    "touched": "With a touch before",
    "opt_out": "Refused contact",
    "left_kind": "Stronger identifier",
    "left": "Stronger, hash",
    "right_kind": "Weaker identifier",
    "right": "Weaker, hash",
    "other": "Other customer",
    "user_id": "Account",
    "member": "Member card",
    "customer_id": "Customer code",
    "email": "E-mail",
    "share_in": "Share of steps in",
    "emotion_mean": "Mean score",
    "emotion_base": "Mean of all",
    "emotion_n": "Answers",
    "rows_behind_80_percent": "Rows that make up 80%",
    "real": "Beyond chance",
    "p90_days": "Days, 90th percentile",
    "inertia_share": "Spread left in groups",
    "k": "Personas",
    "total": "Of the first stage",
    "n": "n",
}


def heading(column: str) -> str:
    """The heading of a column, in the language of this process: ``removal_effect`` is “Removal effect”."""
    words = column.replace("_", " ").strip()
    words = words[:1].upper() + words[1:]
    return _PLAIN.get(column, words) if i18n.language() == "en" else i18n.text(words)


def reason(said: str) -> str:
    """Why a row was kept apart, as readers say it: ``timestamp is empty`` is “thiếu thời gian”.

    What was translated as a whole goes first; else the column and what is wrong with it are put together.
    """
    words = i18n.text(said)
    if words != said:
        return words
    column, _, wrong = said.partition(" ")
    named = column if i18n.language() == "en" else heading(column).lower()
    return i18n.text("{column} " + wrong, column=named)


_DASH = "–"


@dataclass(frozen=True)
class _Column:
    """What is written under one heading: one column of the frame, or the two ends of an interval."""

    names: tuple[str, ...]
    kind: str
    write: Callable[[Any], str]
    long: bool = False

    @property
    def heading(self) -> str:
        return heading(self.names[0]) if len(self.names) == 1 else i18n.text("95% interval")

    def words(self, record: Mapping[Hashable, Any]) -> str:
        ends = [_DASH if _missing(record[name]) else self.write(record[name]) for name in self.names]
        if len(ends) == 1 or set(ends) == {_DASH}:
            return ends[0]
        return f" {_DASH} ".join("…" if end == _DASH else end for end in ends)


def _columns(frame: pd.DataFrame, formats: Mapping[str, str]) -> list[_Column]:
    """The columns in their order; two ends of an interval, side by side, are one column."""
    columns: list[_Column] = []
    for name, kind in formats.items():
        before = columns[-1] if columns else None
        if before and before.kind == kind and _ends(before.names[-1], name):
            columns[-1] = replace(before, names=(*before.names, name))
        else:
            long = kind == "text" and bool(columns) and bool(frame[name].astype(str).str.len().max() > LONG)
            columns.append(_Column((name,), kind, _writer(kind, frame[name]), long))
    return columns


def _ends(low: str, high: str) -> bool:
    return (low == "low" or low.endswith("_low")) and high == low.removesuffix("low") + "high"


def _row(
    columns: Sequence[_Column],
    record: Mapping[Hashable, Any],
    *,
    few: bool,
    instead: Mapping[str, str] | None,
) -> str:
    """One row; where it may show no numbers, `instead` says what stands for some of them."""
    cells: list[str] = []
    for column in columns:
        if instead is not None and column.kind != "text":
            words = instead.get(column.names[0], _DASH)
        else:
            words = column.words(record)
        if cells:
            cells.append(f"<td{_align(column)}>{words}</td>")
        else:
            said = html.escape(i18n.text("few cases"))
            mark = f'&nbsp;†<span class="unseen"> ({said})</span>' if few else ""
            cells.append(f'<th scope="row">{words}{mark}</th>')
    return ('<tr class="few">' if few else "<tr>") + "".join(cells) + "</tr>"


def _align(column: _Column) -> str:
    if column.kind != "text":
        return ""
    return ' class="text long"' if column.long else ' class="text"'


def _missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and not math.isfinite(value))
    )


def _note(*, any_few: bool, any_hidden: bool, least: str) -> str:
    notes = []
    if any_few:
        notes.append("† " + i18n.text("Fewer than {few} cases: read with care.", few=i18n.number(SMALL)))
    if any_hidden:
        notes.append(
            f"{least}: "
            + i18n.text("too few customers to be shown, or hidden so that nobody can work out such a number.")
        )
    return f'<p class="note">{" ".join(notes)}</p>' if notes else ""


def _writer(kind: str, values: pd.Series[Any]) -> Callable[[Any], str]:
    """How one column's values are written, as HTML."""
    name, _, detail = kind.partition(":")
    if name not in (known := {*_WRITERS, "share", "part"}):
        raise ParameterError(f"{kind!r} is not a way to write a column", do=did_you_mean(name, known))
    needs_currency = name in ("money", "compact")
    if needs_currency != bool(detail.isalpha()) or (detail and not needs_currency and not detail.isdigit()):
        raise ParameterError(
            f"{kind!r} is not a way to write a column",
            do='write "money:VND" with a currency; the others with digits or alone, such as "number:1"',
        )
    if name == "part":
        return _part(values)
    return _share(detail, values) if name == "share" else _WRITERS[name](detail)


def _number(digits: str) -> Callable[[Any], str]:
    return lambda value: i18n.number(value, int(digits or 0))


def _percent(digits: str) -> Callable[[Any], str]:
    return lambda value: i18n.percent(value, int(digits or 1))


def _part(values: pd.Series[Any]) -> Callable[[Any], str]:
    """Parts of a whole, in the digits that the smallest needs to be told from its own interval."""
    small = bool(((values > 0) & (values < 0.01)).any())
    return lambda value: i18n.percent(value, 2 if small else 1)


def _share(digits: str, values: pd.Series[Any]) -> Callable[[Any], str]:
    longest = float(values.max()) if len(values) else 0.0

    def write(value: Any) -> str:
        width = max(0.0, min(1.0, float(value) / longest)) if longest else 0.0
        words = i18n.percent(value, int(digits or 1))
        return f'<span class="share"><i style="width:{width:.0%}"></i></span><span>{words}</span>'

    return write


def _date(_: str) -> Callable[[Any], str]:
    return lambda value: i18n.date(value.date() if isinstance(value, dt.datetime) else value)


_WRITERS: Mapping[str, Callable[[str], Callable[[Any], str]]] = {
    "text": lambda _: lambda value: html.escape(str(value)),
    "interval": lambda _: lambda value: html.escape(str(value)),  # an estimate with its ends: never broken
    "number": _number,
    "percent": _percent,
    "money": lambda currency: lambda value: html.escape(i18n.money(value, currency)),
    "compact": lambda currency: lambda value: html.escape(i18n.money(value, currency, compact=True)),
    "date": _date,
}
