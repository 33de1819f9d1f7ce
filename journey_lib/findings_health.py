"""The health of the data in words: every check with its rule, what was found, and what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from journey_lib import i18n, tables
from journey_lib.charts import named
from journey_lib.findings import _bold
from journey_lib.findings_links import ISSUE_NAMES, of_links
from journey_lib.i18n import text as _
from journey_lib.model import Result

Names = Mapping[str, str]
LONGEST = 15  # rows of a list of changes that a page shows; all of them are in the tables of the run


def verdict(result: Result) -> str:
    """Whether reports on these data can be used, and which checks say otherwise (`health.trust`)."""
    facts, words = result.facts, _checks(result)
    sentence = {
        "usable": _("**These data can be used:** none of the {n} checks found anything worth a look."),
        "with_care": _("**These data can be used with care.** Checks that deserve a look: {k} of {n}."),
        "unusable": _("**These data should not be used as they are.** Checks that say stop: {s} of {n}."),
    }[facts["verdict"]]
    said = [sentence.format(n=facts["checks"], k=len(facts["look"]), s=len(facts["stop"]))]
    for state, lead in (("stop", _("Stop: {checks}.")), ("look", _("Look: {checks}."))):
        if facts[state]:
            said.append(lead.format(checks=" · ".join(words[check][0] for check in facts[state])))
    said.append(_("Looked at as of {day}.", day=i18n.date(dt.date.fromisoformat(result.settings["as_of"]))))
    return " ".join(said)


def rows(result: Result) -> str:
    """How many rows came in and what became of them (`health.reconciled`)."""
    facts = result.facts
    return _(
        "{rows_in} rows came in: {kept} are used and {dropped} ({share}) are kept apart. It adds up to the"
        " row, for every source. {duplicates} of those kept apart are repetitions of a row that is used.",
        rows_in=_bold(i18n.number(facts["rows_in"])),
        kept=_bold(i18n.number(facts["kept"])),
        dropped=_bold(i18n.number(facts["dropped"])),
        share=i18n.percent(facts["dropped"] / facts["rows_in"], 2) if facts["rows_in"] else "–",
        duplicates=i18n.number(facts["duplicates"]),
    )


def days(gaps: Result, jumps: Result) -> str:
    """How many gaps and sudden changes there are (`health.gaps`, `health.jumps`)."""
    return _(
        "In whole tables, {gap_days} days without rows and {jump_days} days with a sudden change of volume"
        " were found; in single channels, {gaps} more gaps and {jumps} more changes. {looked} days were"
        " looked at, so that a few of these may be chance.",
        gap_days=_bold(i18n.number(gaps.facts["days_missing_in_tables"])),
        jump_days=_bold(i18n.number(jumps.facts["days_changed_in_tables"])),
        gaps=i18n.number(gaps.facts["gaps"] - gaps.facts["gaps_in_tables"]),
        jumps=i18n.number(jumps.facts["jumps"] - jumps.facts["jumps_in_tables"]),
        looked=i18n.number(jumps.facts["looked_at"]),
    )


def clocks(result: Result) -> str:
    """How much of the order of rows their times decide (`health.times`)."""
    facts = result.facts
    if not facts["tied"]:
        return _(
            "No two of the {rows} rows of one customer have the same time: times alone decide the order.",
            rows=i18n.number(facts["rows"]),
        )
    return _(
        "{tied} of {rows} rows ({share}) share their customer and their instant with another row; for"
        " {decided} of them only the id of the row says which comes first.",
        tied=_bold(i18n.number(facts["tied"])),
        rows=i18n.number(facts["rows"]),
        share=i18n.percent(facts["tied"] / facts["rows"]),
        decided=_bold(i18n.number(facts["decided"])),
    )


def channels(result: Result) -> str:
    """By which rules rows got their channel, where rules were needed (`health.matches`)."""
    version = result.facts.get("channel_rules")
    if not version:
        return _("Every channel is as the sources name it: no channel rule was needed.")
    (asked,) = result.table[result.table["group"] == "unassigned"].to_dict("records")
    return _(
        "{of} rows without a named channel got theirs by the rules {version}; no rule fitted {lost} of them"
        " ({share}): these are Unassigned.",
        of=i18n.number(asked["of"]),
        version=f"`{version}`",
        lost=_bold(i18n.number(asked["rows"])),
        share=i18n.percent(asked["part"], 2),
    )


def trust(result: Result, names: Names) -> Result:
    """The same summary as its readers read it: check, state and what was found, the rule; see `advice`."""
    words, states = _checks(result), _states()
    table = [
        {
            "check": words[line["check"]][0],
            "found": f"{states[line['state']]}: {_found(line, names)}",
            "rule": _rule(line, words[line["check"]][1]),
        }
        for line in result.table.to_dict("records")
    ]
    return replace(result, table=pd.DataFrame(table))


def advice(result: Result) -> str:
    """What to do about each check that says look or stop, as a list; nothing where none does."""
    words = _checks(result)
    concerned = [*result.facts["stop"], *result.facts["look"]]
    if not concerned:
        return _("There is nothing to do.")
    return "\n".join(f"- **{words[check][0]}**: {words[check][2]}" for check in concerned)


def reconciled(result: Result) -> Result:
    """The same accounts as their readers read them, with the place of the example in one cell."""
    places = (result.table[column] for column in ("file", "row", "line", "column"))
    table = result.table.assign(
        table=[_(name) for name in result.table["table"]],
        outcome=[_("used") if why == "kept" else tables.reason(why) for why in result.table["outcome"]],
        example=[_place(*place) for place in zip(*places, strict=True)],
    )
    return replace(result, table=table)


def gaps(result: Result, names: Names) -> Result:
    """The same gaps with what readers call their series, the longest list cut and said so by `days`."""
    return replace(result, table=_largest(result.table, result.table["expected"], names))


def jumps(result: Result, names: Names) -> Result:
    """The same changes with what readers call their series: whole tables, then the largest of channels."""
    size = (result.table["rows"] - result.table["expected"]).abs()
    return replace(result, table=_largest(result.table, size, names))


def times(result: Result, names: Names) -> Result:
    """The same times as their readers read them: whole tables, and the channels that have such rows."""
    counted = ["rows", "tied", "decided", "midnight", "midnight_utc"]
    table = result.table
    whole = table.groupby("table", as_index=False)[counted].sum().assign(series="")
    parts = table[(table["series"] != "") & (table[counted[1:]] > 0).any(axis=1)]
    every = pd.concat([whole, parts], ignore_index=True)
    midnight = every[["midnight", "midnight_utc"]].max(axis=1)
    shown = pd.DataFrame(
        {
            "series": series_names(every, names),
            "rows": every["rows"],
            "same_instant": every["tied"],
            "ordered_by_id": every["decided"],
            "part_by_id": every["decided"] / every["rows"],
            "at_midnight": midnight,
            "part_at_midnight": midnight / every["rows"],
        }
    )
    return replace(result, table=shown)


def matches(result: Result) -> Result:
    """The same groups as their readers call them."""
    words = {name: title for name, (title, *_rest) in _checks(result).items()}
    words["buyers_without_touch"] = _("Buyers without any touch")
    table = result.table.assign(group=[words[name] for name in result.table["group"]])
    return replace(result, table=table)


def examples(result: Result, number: int) -> list[str]:
    """What was dropped from one source, line by line for a terminal (`health.reconciled`)."""
    table = result.table[(result.table["number"] == number) & (result.table["outcome"] != "kept")]
    return [
        f"{n:>12,} dropped: {why} (first in {_place(*place)})"
        for n, why, *place in table[["rows", "outcome", "file", "row", "line", "column"]].values.tolist()
    ]


def summary(result: Result, names: Names | None = None) -> list[str]:
    """The checks line by line for a terminal, with rule and advice where one does not say ok; the verdict."""
    lines, words = [], _checks(result)
    for check, line in zip(
        result.table["check"], trust(result, names or {}).table.to_dict("records"), strict=True
    ):
        state, _colon, found = line["found"].partition(": ")
        lines.append(f"{state:<7} {line['check']}: {found}")
        if check in (*result.facts["look"], *result.facts["stop"]):
            lines += [f"          {line['rule']}", f"          {words[check][2]}"]
    return [*lines, "", verdict(result).replace("**", "")]


def series_names(table: pd.DataFrame, names: Names) -> list[str]:
    """What readers call a table, or a channel of it."""
    pairs = zip(table["table"], table["series"], strict=True)
    return [series_name(str(table), str(series), names) for table, series in pairs]


def series_name(table: str, series: str, names: Names) -> str:
    """What readers call one table (`series` is empty) or one channel of it."""
    if not series:
        return _("{table}, all", table=_(table))
    channel = _("no channel") if series == "(no channel)" else named(pd.Series([series]), names)[0]
    return _("{table}: {channel}", table=_(table), channel=_plain(channel))


def _largest(table: pd.DataFrame, size: pd.Series[Any], names: Names) -> pd.DataFrame:
    """Whole tables first, then the channels whose change is largest, in order of time."""
    whole = (table["series"] == "").to_numpy()
    order = size.where(~whole, float("inf")).sort_values(ascending=False, kind="stable").index
    shown = table.loc[order[: max(LONGEST, int(whole.sum()))]]
    shown = shown.assign(whole=shown["series"] != "").sort_values(["whole", "first_day"])
    return shown.assign(series=series_names(shown, names)).drop(columns="whole")


def _states() -> dict[str, str]:
    return {"ok": "✓ " + _("ok"), "look": "▲ " + _("look"), "stop": "■ " + _("stop")}


def _found(line: Mapping[Any, Any], names: Names) -> str:
    """What one check found: how many of how many, and where most of it is."""
    if line["check"] == "stale":
        found = _("{days} days", days=i18n.number(line["number"]))
    elif line["check"] == "reconciled":
        return _("{n} rows, none missing", n=i18n.number(line["of"]))
    elif not line["number"]:
        found = _("none of {of}", of=i18n.number(line["of"]))
    else:
        found = _(
            "{n} of {of} ({share})",
            n=i18n.number(line["number"]),
            of=i18n.number(line["of"]),
            share=i18n.percent(line["share"], 1 if line["share"] >= 0.001 else 3),
        )
    where = str(line["where"] or "")
    table, of_channel, series = where.partition("\0")
    if of_channel:
        where = series_name(table, series, names)
    where = _(ISSUE_NAMES[where]) if where and line["check"] == "links" else where
    return f"{found}, {_(where) if where.isidentifier() else _plain(where)}" if where else found


def _rule(line: Mapping[Any, Any], rule: str) -> str:
    """The rule one check was held against, with its numbers."""
    look, stop = line["look"], line["stop"]
    if line["check"] == "reconciled":
        return rule
    if line["check"] == "stale":
        limits = [_("look above {n} days", n=i18n.number(look))]
    else:
        limits = [_("look above {n}", n=_limit(look)) if look else _("look at any")]
    limits += [] if pd.isna(stop) else [_("stop above {n}", n=_limit(stop))]
    return f"{rule}: {', '.join(limits)}"


def _limit(share: float) -> str:
    return i18n.percent(share, 0 if round(100 * share, 6).is_integer() else 1)


def _place(file: Any, row: Any, line: Any, column: Any) -> str:
    """Where the first row of a reason is: file, line or row, and column, and not what it says."""
    if pd.isna(row):
        return "–"
    where, at = (_("{file}, row {at}"), row) if pd.isna(line) else (_("{file}, line {at}"), line)
    place = where.format(file=_plain(str(file)), at=int(at))
    return f"{place}, {_('column')} {_plain(column)}" if isinstance(column, str) else place


def _plain(words: str) -> str:
    """Words from the data without what a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in words)


def _checks(result: Result) -> dict[str, tuple[str, str, str]]:
    """What each check is called, what its share is of, and what to do when it says look or stop."""
    day = i18n.date(dt.date.fromisoformat(result.settings["as_of"]))
    return {**_row_checks(), **_time_checks(day), **_day_checks(), **_match_checks()}


def _row_checks() -> dict[str, tuple[str, str, str]]:
    return {
        "reconciled": (
            _("Every row is accounted for"),
            _("rows in = rows used + rows kept apart, to the row"),
            "–",
        ),
        "dropped": (
            _("Rows that cannot be used"),
            _("share of a source's rows"),
            _("See the reasons and examples; then correct the export, or what journey.yaml says of it."),
        ),
        "duplicates": (
            _("Rows that came twice"),
            _("share of a source's rows"),
            _("The first of each is used. Ask why they repeat: rows without an id may repeat unseen."),
        ),
        "currency": (
            _("Rows in another currency"),
            _("share of all rows"),
            _("Declare exchange rates (`rates`) in journey.yaml, or correct the currency."),
        ),
    }


def _time_checks(day: str) -> dict[str, tuple[str, str, str]]:
    return {
        "future": (
            _("Rows later than {day}", day=day),
            _("share of all rows"),
            _("They count in reports. Check the clock and zone of the source; day and month may be swapped."),
        ),
        "early": (
            _("Rows before 1990"),
            _("share of all rows"),
            _("They count in reports. Such times often stand for “unknown”: ask, then correct or leave out."),
        ),
        "far": (
            _("Rows far from all others in time"),
            _("a week or more without rows between them and 99.8% of their table"),
            _("Give reports a first and a last day, so that these few rows do not stretch the period."),
        ),
        "ties": (
            _("Rows whose order only their id decides"),
            _("share of all rows"),
            _("Which comes first is a convention: do not read first and last touch of these closely."),
        ),
        "midnight": (
            _("Times that are only dates"),
            _("rows exactly at midnight, as a share of a channel"),
            _("Within a day the order of these rows is unknown. Ask for exports with the time of day."),
        ),
    }


def _day_checks() -> dict[str, tuple[str, str, str]]:
    return {
        "gaps": (
            _("Days without rows in a table"),
            _("share of a table's days"),
            _("Ask whether these days were exported; else leave the period out."),
        ),
        "channel_gaps": (
            _("Gaps in single channels"),
            _("gaps for each channel looked at"),
            _("Ask whether the channel rested or its measurement did."),
        ),
        "jumps": (
            _("Days with a sudden change of volume"),
            _("share of a table's days"),
            _("Compare with holidays and campaigns; ask the source about days that neither explains."),
        ),
        "months": (
            _("Months without rows in a table"),
            _("share of the months any table has"),
            _("Compare tables only over months that all of them have."),
        ),
        "stale": (
            _("Age of the last row"),
            _("days since the last row of a table"),
            _("Add newer files, or name the period wherever these reports are shown."),
        ),
    }


def _match_checks() -> dict[str, tuple[str, str, str]]:
    return {
        "rows_without_channel": (
            _("Events without a channel"),
            _("share of events, conversions left aside"),
            _("Touches without a channel get no credit. Declare where they come from."),
        ),
        "unassigned": (
            _("Visits that no channel rule fits"),
            _("share of the visits given to the rules"),
            _("Look for misspelt sources and mediums, or add rules of your own."),
        ),
        "orders_without_touch": (
            _("Orders of customers without any touch"),
            _("share of orders"),
            _("Attribution says nothing of them. Check whether touches and orders name customers alike."),
        ),
        "buyers_not_listed": (
            _("Buyers the CRM does not know"),
            _("share of buyers"),
            _("Reports by customer attribute leave them out. Check whether the CRM export is complete."),
        ),
        **of_links(),
    }
