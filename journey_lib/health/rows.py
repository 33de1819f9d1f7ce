"""What became of every row, in which order rows stand, and whether orders and touches find each other."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journey_lib.checks import FOREIGN, SEEN
from journey_lib.errors import DataError
from journey_lib.health.evidence import NO_CHANNEL, Evidence
from journey_lib.health.series import ALL
from journey_lib.model import Result

KEPT = "kept"


def reconciled(found: Evidence) -> Result:
    """What became of every row of every source: used, or kept apart for which reason, with one example each.

    Columns number (of the source), table, source (as declared), outcome (``kept`` or the reason), rows, part
    (of the source's rows), file, row (of the first such row, as its reader counts), line (of a CSV file or a
    sheet of Excel, where it stands), column (of that file, where the reason is about one column). What the
    row said is left out: it may be personal.

    Raises
    ------
    DataError
        The rows do not add up to what was read, or the rejected rows on disk are not those counted.
    """
    rows: list[dict[str, Any]] = []
    for number, account in enumerate(found.manifest.accounts):
        dropped = dict(account.dropped)
        apart = found.rejected[found.rejected["source"] == number]
        on_disk = dict(zip(apart["reason"], apart["rows"].astype(int), strict=True))
        if account.rows_in != account.kept + sum(dropped.values()) or on_disk != dropped:
            raise DataError(
                f"the rows of {account.table} do not add up",
                where=account.path or account.format,
                how_many=f"{account.rows_in} in, {account.kept} kept, {sum(dropped.values())} dropped,"
                f" {sum(on_disk.values())} found in work/rejected",
                do="delete the folder work and run again; if it stays, report this as a bug",
            )
        source = {"number": number, "table": account.table, "source": account.path or account.format}
        of = account.rows_in or 1
        rows.append(source | {"outcome": KEPT, "rows": account.kept, "part": account.kept / of})
        mapped = found.columns[number] if number < len(found.columns) else {}
        for example in apart.to_dict("records"):
            name = str(example["reason"]).partition(" ")[0]
            told = {"outcome": example["reason"], "rows": example["rows"], "part": example["rows"] / of}
            place = {"file": example["file"], "row": example["row"], "line": example["line"]}
            rows.append(source | told | place | {"column": mapped.get(name, _column(name))})
    columns = ["number", "table", "source", "outcome", "rows", "part", "file", "row", "line", "column"]
    table = pd.DataFrame(rows, columns=columns).astype({"row": "Int64", "line": "Int64"})
    accounts = found.manifest.accounts
    facts = {
        "rows_in": found.manifest.rows_in,
        "kept": found.manifest.kept,
        "dropped": found.manifest.dropped,
        "duplicates": sum(n for a in accounts for why, n in a.dropped.items() if why.endswith(SEEN)),
        "other_currency": sum(a.dropped.get(FOREIGN, 0) for a in accounts),
        "unusable": sum(a.unusable for a in accounts),
    }
    return Result("reconciled", table, facts, found.settings)


def times(found: Evidence) -> Result:
    """How precise times are: rows whose order is not decided by them, and rows on the stroke of midnight.

    Columns table, series (a channel), rows, tied (share their customer and instant with another row), decided
    (stand where they stand because of their event id alone), decided_part, midnight (of the local clock),
    midnight_part, midnight_utc. Dates without a time fall on midnight; one row in 86,400 does so by chance.
    """
    frame = found.moments[(found.moments["series"] != ALL) | (found.moments["table"] != "events")].copy()
    frame["decided_part"] = frame["decided"] / frame["rows"]
    frame["midnight_part"] = frame[["midnight", "midnight_utc"]].max(axis=1) / frame["rows"]
    columns = ["table", "series", "rows", "tied", "decided", "decided_part", "midnight", "midnight_utc"]
    table = frame[[*columns, "midnight_part"]].sort_values("rows", ascending=False, ignore_index=True)
    totals = {
        name: int(frame[name].sum()) for name in ("rows", "tied", "decided", "midnight", "midnight_utc")
    }
    return Result("times", table, totals, found.settings)


def hours(found: Evidence) -> Result:
    """At what hour of the local clock rows come, and how many of them lie exactly on midnight.

    Columns table, hour (0 to 23), rows, of (rows of the table), part, midnight.
    """
    every = pd.MultiIndex.from_product([found.hours["table"].unique(), range(24)], names=["table", "hour"])
    table = found.hours.set_index(["table", "hour"]).reindex(every, fill_value=0).reset_index()
    table["of"] = table.groupby("table")["rows"].transform("sum")
    table["part"] = table["rows"] / table["of"]
    facts = {"rows": int(table["rows"].sum()), "midnight": int(table["midnight"].sum())}
    return Result("hours", table[["table", "hour", "rows", "of", "part", "midnight"]], facts, found.settings)


def matches(found: Evidence) -> Result:
    """Whether orders and touches find each other, and rows their channel.

    Not shown: customers, whose rows these are, where a group is of people.

    Columns group, rows, of, part: orders (rows of the main conversion) of customers without a single touch;
    those customers; buyers the CRM does not know; rows of events that name no channel and are no conversion;
    rows that no channel rule fitted. A group that cannot be measured here is left out.
    """
    matched, listed = found.matched, found.listed
    events = found.moments[found.moments["table"] == "events"]
    unnamed = int(events.loc[events["series"] == NO_CHANNEL, "rows"].sum())
    groups = [
        ("orders_without_touch", matched["orders_without_touch"], matched["orders"]),
        ("buyers_without_touch", matched["buyers_without_touch"], matched["buyers"]),
        ("rows_without_channel", unnamed, int(events.loc[events["series"] == ALL, "rows"].sum())),
    ]
    if listed is not None:
        groups.append(("buyers_not_listed", listed["buyers_not_listed"], listed["buyers"]))
    rules = getattr(found.manifest, "channel_rules", None) or {}
    if rules:
        assigned, unassigned = int(rules.get("assigned", 0)), int(rules.get("unassigned", 0))
        groups.append(("unassigned", unassigned, assigned + unassigned))
    table = pd.DataFrame(groups, columns=["group", "rows", "of"])
    alone = matched["buyers_without_touch"]
    people = {"orders_without_touch": alone, "buyers_without_touch": alone}
    people |= {} if listed is None else {"buyers_not_listed": listed["buyers_not_listed"]}
    table["customers"] = table["group"].map(people)
    table["part"] = (table["rows"] / table["of"].where(table["of"] > 0)).astype(float)
    facts: dict[str, Any] = {name: rows for name, rows, _ in groups}
    facts |= {"orders": matched["orders"], "buyers": matched["buyers"]}
    facts |= {"channel_rules": str(rules["version"])} if rules.get("version") else {}
    of_few = dict.fromkeys(("buyers_without_touch", "orders_without_touch"), tuple(people)[:2])
    return Result(
        "matches",
        table,
        facts,
        found.settings,
        unseen=("customers",),
        heads={**of_few, "buyers_not_listed": ()},
    )


def _column(name: str) -> str | None:
    """The canonical column a reason begins with; most files call it the same."""
    return name if name.isidentifier() and name not in {"line", "nobody", "currency"} else None
