"""Can reports on these data be trusted? Every check, its rule, and what was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from journey_lib.checks import SEEN
from journey_lib.health.days import gaps, jumps, latest, months, presence
from journey_lib.health.evidence import Evidence
from journey_lib.health.links import links
from journey_lib.health.rows import matches, reconciled, times
from journey_lib.health.series import ALL
from journey_lib.model import Result

State = Literal["ok", "look", "stop"]
USABLE, WITH_CARE, UNUSABLE = "usable", "with_care", "unusable"


@dataclass(frozen=True)
class Limits:
    """From where on a check says "look" and, where there are two numbers, "stop"; shares unless named.

    `false_alarms` is the share of listed gaps and jumps that may be chance, `jump` how many times the usual
    volume is a jump, `stale` days since the last row.
    """

    dropped: float = 0.01
    duplicates: tuple[float, float] = (0.01, 0.20)
    impossible: tuple[float, float] = (0.0, 0.01)
    decided: float = 0.05
    midnight: float = 0.05
    gaps: tuple[float, float] = (0.0, 0.10)
    jumps: float = 0.05
    stale: int = 14
    unnamed: float = 0.60
    unassigned: tuple[float, float] = (0.05, 0.50)
    unmatched: tuple[float, float] = (0.30, 0.90)
    unlisted: float = 0.50
    tags: float = 0.05
    false_alarms: float = 0.01
    jump: float = 2.0


def trust(found: Evidence, limits: Limits | None = None) -> Result:
    """Whether reports on these data can be used, check by check.

    Columns check, state (ok, look, stop), number (rows, days or months found), of, share, look, stop (the
    limits the share was held against; NaN: never), where (the source, table or channel it is worst in).
    Facts: verdict (usable, with_care, unusable), and the checks that say look and stop. Checks that
    have nothing to look at are not listed. No check says why something is as it is.
    """
    limits = limits or Limits()
    rows = [*_of_rows(found, limits), *_of_times(found, limits), *_of_days(found, limits)]
    rows += [*_of_matches(found, limits), *_of_links(found, limits)]
    columns = ["check", "state", "number", "of", "share", "look", "stop", "where"]
    table = pd.DataFrame(rows, columns=columns)
    said = {state: table.loc[table["state"] == state, "check"].tolist() for state in ("look", "stop")}
    verdict = UNUSABLE if said["stop"] else WITH_CARE if said["look"] else USABLE
    facts = {"verdict": verdict, "checks": len(table), "look": said["look"], "stop": said["stop"]}
    return Result("trust", table, facts, found.settings | {"limits": asdict(limits)})


def _said(
    check: str, number: int, of: int, limit: tuple[float, float] | float, where: str = ""
) -> dict[str, Any]:
    """One line of the summary: a share above a limit is worth a look, or a reason to stop."""
    look, stop = limit if isinstance(limit, tuple) else (limit, None)
    share = number / of if of else 0.0
    state: State = "stop" if stop is not None and share > stop else "look" if share > look else "ok"
    line = {"check": check, "state": state, "number": number, "of": of, "share": share}
    return line | {"look": look, "stop": stop, "where": where}


def _worst(
    check: str, counts: list[tuple[int, int, str]], limit: tuple[float, float] | float
) -> list[dict[str, Any]]:
    """The check of the part with the greatest share; of nothing, no check."""
    counts = [each for each in counts if each[1]]
    if not counts:
        return []
    number, of, where = max(counts, key=lambda each: (each[0] / each[1], each[1]))
    return [_said(check, number, of, limit, where if number else "")]


def _of_rows(found: Evidence, limits: Limits) -> list[dict[str, Any]]:
    facts = reconciled(found).facts  # raises when a row is unaccounted for
    accounts = found.manifest.accounts
    places = [(account, account.path or account.format) for account in accounts]
    unusable = [(a.unusable, a.rows_in, where) for a, where in places]
    twice = [
        (sum(n for why, n in a.dropped.items() if why.endswith(SEEN)), a.rows_in, where)
        for a, where in places
    ]
    foreign = facts["other_currency"]
    return [
        _said("reconciled", 0, facts["rows_in"], 0.0),
        *_worst("dropped", unusable, (limits.dropped, found.most_dropped)),
        *_worst("duplicates", twice, limits.duplicates),
        *([_said("currency", foreign, facts["rows_in"], 0.0)] if foreign else []),
    ]


def _of_times(found: Evidence, limits: Limits) -> list[dict[str, Any]]:
    facts = presence(found).facts
    rows = int(found.daily.loc[found.daily["series"] == ALL, "rows"].sum())
    table = times(found).table
    midnight = [
        (max(row["midnight"], row["midnight_utc"]), row["rows"], f"{row['table']}\0{row['series']}")
        for row in table.to_dict("records")
        if max(row["midnight"], row["midnight_utc"]) > 2  # one or two may well be chance
    ]
    whole = [(0, int(table["rows"].sum()), "")]
    return [
        _said("future", facts["future"], rows, limits.impossible),
        _said("early", facts["early"], rows, limits.impossible),
        _said("far", facts["far"], rows, limits.impossible[0]),
        _said("ties", int(table["decided"].sum()), int(table["rows"].sum()), limits.decided),
        *_worst("midnight", midnight or whole, limits.midnight),
    ]


def _of_days(found: Evidence, limits: Limits) -> list[dict[str, Any]]:
    shown, missing = presence(found), gaps(found, false_alarms=limits.false_alarms)
    changed = jumps(found, times=limits.jump, false_alarms=limits.false_alarms)
    by_month, age = months(found), latest(found)
    days = shown.facts["days"]
    if not days:
        return []
    empty = missing.table[missing.table["series"] == ALL].groupby("table")["days"].sum()
    sudden = changed.table[changed.table["series"] == ALL].groupby("table")["days"].sum()
    channels = missing.facts["gaps"] - missing.facts["gaps_in_tables"]
    series = int(found.daily[found.daily["series"] != ALL].groupby(["table", "series"]).ngroups)
    lacking = by_month.table[by_month.table["rows"] == 0].groupby("table").size()
    stale = max(age, key=lambda table: age[table])
    line = _said("stale", max(age[stale], 0), 1, float(limits.stale), stale)
    return [
        *_worst("gaps", [(int(empty.get(t, 0)), n, t) for t, n in days.items()], limits.gaps),
        *([_said("channel_gaps", channels, series, 0.0)] if series else []),
        *_worst("jumps", [(int(sudden.get(t, 0)), n, t) for t, n in days.items()], limits.jumps),
        *_worst("months", [(int(lacking.get(t, 0)), by_month.facts["months"], t) for t in days], 0.0),
        line | {"of": None, "share": None},
    ]


def _of_matches(found: Evidence, limits: Limits) -> list[dict[str, Any]]:
    groups = {row["group"]: (row["rows"], row["of"]) for row in matches(found).table.to_dict("records")}
    limit: dict[str, tuple[float, float] | float] = {
        "rows_without_channel": limits.unnamed,
        "unassigned": limits.unassigned,
        "orders_without_touch": limits.unmatched,
        "buyers_not_listed": limits.unlisted,
    }
    return [_said(name, *groups[name], limit[name]) for name in limit if groups.get(name, (0, 0))[1]]


def _of_links(found: Evidence, limits: Limits) -> list[dict[str, Any]]:
    told = links(found)
    if told is None:
        return []
    of_tags = told.table[~told.table["field"].str.startswith("page")]
    rows, most = told.facts["rows"], next(iter(of_tags["issue"]), "")
    said = [
        _said("links", told.facts["concerned"], rows, limits.tags, most),
        _said("personal", told.facts["personal"], rows, 0.0),
    ]
    said = said if rows else []
    if "pages" in told.facts:
        said.append(_said("personal_pages", told.facts["pages_personal"], told.facts["pages"], 0.0))
    return said
