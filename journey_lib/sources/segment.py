"""Segment and RudderStack: one call a line, as JSON; calls that tell what happened, and calls that tell who.

The same files are declared twice: as `events` (track, page and screen calls) and as `identifiers` (identify,
alias and group calls). `docs/sources.md` tells what becomes of each field.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.model import TRAFFIC
from journey_lib.sources import lines, visits
from journey_lib.sources.files import matching
from journey_lib.workspace import Source

CALLS = {"events": ("track", "page", "screen"), "identifiers": ("identify", "alias", "group")}
UNKNOWN = "type of the call is not known"
PAUSE = "INTERVAL 30 MINUTE"  # without a call, after which a visit is over, where no session is named
ORDERS = ("order completed", "completed order")  # as the second and the first e-commerce spec call it
# What is taken of a call. `timestamp` is the platform's own, corrected for the device's clock; those that the
# device wrote (originalTimestamp, sentAt) are not read.
FIELDS = {
    "message": "messageId",
    "said": "timestamp",
    "type": "type",
    "event": "event",
    "name": "name",
    "anonymous": "anonymousId",
    "user": "userId",
    "previous": "previousId",
    "device": "context.device.id",
    "page url": "context.page.url",
    "page path": "context.page.path",
    "page referrer": "context.page.referrer",
    "session": "context.sessionId",
    "source": "context.campaign.source",
    "medium": "context.campaign.medium",
    "campaign": "context.campaign.name",
    "email": "traits.email",
    "phone": "traits.phone",
    "context email": "context.traits.email",
    "context phone": "context.traits.phone",
    "total": "properties.total",
    "revenue": "properties.revenue",
    "currency": "properties.currency",
    "own url": "properties.url",
    "own path": "properties.path",
    "own referrer": "properties.referrer",
    "own name": "properties.name",
}
EVENT = ("event_id", "timestamp", "event_type", "touchpoint", "value", "currency")
WHO = ("user_id", "email", "phone", "device", "cookie")
WHOSE = ("user", "anonymous", "message", "device")


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage the calls that belong to the source's table; the others are counted, not dropped."""
    visits.only(source, *CALLS)
    said, flat, starts = f"{into}_lines", f"{into}_flat", f"{into}_starts"
    lines.read(matching(source, root), source.encoding, engine, said)
    lines.keep_objects(engine, said)
    there = lines.fields(list(source.columns.values()), said, engine)
    extra = {name: f"field {n}" for n, name in enumerate(source.columns.values()) if name in there}
    engine.run(f"CREATE TABLE {flat} AS {_flat(said, extra)}")
    own: tuple[str, ...] = ("timestamp", *WHO)
    relation = f"SELECT * FROM {flat} WHERE type IN {_list(CALLS[source.table])}"
    if source.table == "events":
        engine.run(f"CREATE TABLE {starts} AS {_starts(flat)}")
        own = (*EVENT, *WHO, *TRAFFIC)
        came = ", ".join(f"s.{name}" for name in TRAFFIC)
        relation = f"SELECT f.*, {came} FROM ({relation}) f LEFT JOIN {starts} s USING (call)"
        visits.keep_pages(relation, "address", engine, into)
    counted = visits.deliver(
        source,
        {name: identifier(name) for name in own},
        {name: identifier(place) for name, place in extra.items()},
        relation,
        engine,
        into,
    )
    known = tuple(call for calls in CALLS.values() for call in calls)
    kind = f"json_extract_string(line, {literal(lines.pointer('type'))})"
    engine.run(
        f"INSERT INTO {into} (reason, file, row, raw) SELECT '{UNKNOWN}', file, row, line FROM {said}"
        f" WHERE coalesce({kind} NOT IN {_list(known)}, true)"
    )
    lines.add_bad(engine, said, into)
    for table, calls in CALLS.items():
        if table != source.table:
            counted |= {
                f"{call} calls (read as {table})": int(n)
                for call, n in engine.rows(
                    f"SELECT type, count(*) FROM {flat} WHERE type IN {_list(calls)} GROUP BY type ORDER BY 1"
                )
            }
    for table in (flat, starts, said, f"{said}_bad"):
        engine.run(f"DROP TABLE IF EXISTS {table}")
    return counted


def _list(words: tuple[str, ...]) -> str:
    return f"({', '.join(map(literal, words))})"


def _flat(said: str, extra: Mapping[str, str]) -> str:
    """One row a call: the canonical columns, and what its visit is told by."""
    named = FIELDS | {place: name for name, place in extra.items()}
    paths = ", ".join(literal(lines.pointer(path)) for path in named.values())
    taken = ", ".join(
        f"{visits.filled(f'found[{n}]')} AS {identifier(name)}" for n, name in enumerate(named, start=1)
    )
    record = f"SELECT file, row, json_extract_string(line, [{paths}]) AS found FROM {said}"
    of_page = "CASE WHEN type = 'page' THEN {} END"
    place = f"coalesce({visits.known(_c('page path'))}, {of_page.format(_c('own path'))}, address)"
    name = f"coalesce({visits.known(_c('name'))}, {_c('own name')})"
    order = f"type = 'track' AND replace(lower(trim(event)), '_', ' ') IN {_list(ORDERS)}"
    tidied = {
        **{f"the {each}": f"nullif(trim({_c(each)}), '')" for each in WHOSE},
        "address": f"coalesce({visits.known(_c('page url'))}, {of_page.format(_c('own url'))})",
        "paid": f"CASE WHEN {order} THEN coalesce(total, revenue) END",
    }
    user, anonymous, message, device = (_c(f"the {each}") for each in WHOSE)
    columns = {
        "type": "type",
        "call": f"coalesce('m' || {message}, concat('r', row, ' ', file))",
        "event_id": "message",
        "timestamp": "said",
        "event_type": "CASE WHEN type = 'track' THEN event ELSE type END",
        "touchpoint": f"CASE WHEN type = 'screen' THEN {name}"
        f" WHEN type = 'page' THEN coalesce(path, {name}) ELSE path END",
        "value": visits.plain("paid"),
        "currency": "CASE WHEN paid IS NOT NULL THEN currency END",
        "user_id": user,
        "email": "coalesce(email, " + _c("context email") + ")",
        "phone": "coalesce(phone, " + _c("context phone") + ")",
        "device": device,
        "cookie": f"CASE WHEN type = 'alias' THEN nullif(previous, {user})"
        f" ELSE nullif({anonymous}, {device}) END",
        "person": f"coalesce({anonymous}, {user}, {device})",
        "instant": visits.INSTANT,
        "session": "session",
        "address": "address",
        "referrer": f"coalesce({_c('page referrer')}, {of_page.format(_c('own referrer'))})",
        "in place": f"path IS NOT NULL OR type IN ('page', 'screen') OR {device} IS NOT NULL",
        **{f"told {each}": visits.known(_c(each)) for each in ("source", "medium", "campaign")},
        "told click_id": visits.click_id("address"),
        **{place: identifier(place) for place in extra.values()},
    }
    calls = visits.timed(f"SELECT file, row, {taken} FROM ({record})", "said")
    calls = f"SELECT *, {visits.quoted(tidied)} FROM ({calls})"
    calls = f"SELECT *, {place} AS place FROM ({calls})"
    calls = f"SELECT *, {visits.path('place')} AS path FROM ({calls})"
    return f"SELECT file, row, {visits.quoted(columns)} FROM ({calls})"


def _c(name: str) -> str:
    return identifier(name)


def _starts(flat: str) -> str:
    """The calls by which people arrived, and from where.

    Somebody arrives with the first call of a session, and within one where a campaign is named that was not
    the last one named: calls that repeat the tags of the page they are sent from are no arrivals. What a
    server sends, without a page, device or campaign, belongs to no visit.
    """
    parts = (_c("told source"), _c("told medium"), _c("told campaign"), visits.click(_c("address")))
    # A part that is missing keeps its place: a call without a page has the tag of the call with one.
    placed = ", ".join(f"coalesce({part}, '')" for part in parts)
    tag = f"nullif(concat_ws(chr(31), {placed}), repeat(chr(31), {len(parts) - 1}))"
    calls = (
        f"SELECT *, {tag} AS tag FROM {flat} WHERE type IN {_list(CALLS['events'])}"
        " AND person IS NOT NULL AND instant IS NOT NULL"
    )
    calls = f"SELECT * FROM ({calls}) WHERE {_c('in place')} OR tag IS NOT NULL"
    following = "WINDOW following AS (PARTITION BY person ORDER BY instant, call)"
    calls = (
        "SELECT *, lag(instant) OVER following AS before, lag(session) OVER following AS other"
        f" FROM ({calls}) {following}"
    )
    new = (
        "before IS NULL OR CASE WHEN session IS NULL OR other IS NULL"
        f" THEN instant - before > {PAUSE} ELSE session <> other END"
    )
    calls = (
        f"SELECT *, sum(CASE WHEN {new} THEN 1 ELSE 0 END) OVER following AS visit FROM ({calls}) {following}"
    )
    within = "PARTITION BY person, visit ORDER BY instant, call"
    calls = (
        f"SELECT *, row_number() OVER ({within}) = 1 AS first,"
        f" lag(tag IGNORE NULLS) OVER ({within}) AS tagged FROM ({calls})"
    )
    site, referrer = visits.host(_c("address")), visits.host(_c("referrer"))
    untold = f"{_c('told source')} IS NULL AND {_c('told medium')} IS NULL AND {_c('told click_id')} IS NULL"
    outside = f"{referrer} IS NOT NULL AND {referrer} IS DISTINCT FROM {site}"
    came = visits.traffic(
        {
            "source": f"CASE WHEN NOT ({untold}) THEN {_c('told source')} WHEN {outside} THEN {referrer}"
            f" ELSE '{visits.DIRECT}' END",
            "medium": f"CASE WHEN NOT ({untold}) THEN {_c('told medium')} WHEN {outside} THEN 'referral'"
            f" ELSE '{visits.NO_MEDIUM}' END",
            "campaign": _c("told campaign"),
            "click_id": _c("told click_id"),
        }
    )
    return (
        f"SELECT call, {visits.quoted(came)} FROM ({calls})"
        " WHERE first OR (tag IS NOT NULL AND tag IS DISTINCT FROM tagged)"
        " QUALIFY row_number() OVER (PARTITION BY call ORDER BY instant, row) = 1"
    )
