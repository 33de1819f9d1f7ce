"""Matomo: visits as `Live.getLastVisitsDetails` answers them, or dumps of the tables `log_*` of its database.

Where a visit came from stands at its first action. `docs/sources.md` tells what becomes of each field.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from journey_lib.checks import SEEN
from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.sources import cells, lines, matomo_tables, visits
from journey_lib.sources.cells import pointer
from journey_lib.sources.files import (
    LONGEST_LINE,
    codec,
    damaged,
    matching,
    opened,
    scratch,
    transcoded,
    undecodable,
    zipped,
)
from journey_lib.workspace import Source

# What Matomo's own kinds of action are called here; an event is called by its action, a goal by its name.
EVENT_TYPES = {
    "action": "page_view",
    "content": "content_impression",
    "ecommerceorder": "purchase",
    "ecommerceabandonedcart": "abandoned_cart",
}
SOLD = ("goal", "ecommerceorder")  # what an abandoned cart holds is no sale
# Where a visit came from, by Matomo's words (in answers) or numbers (in its tables).
CAME = {
    "direct": ("direct", "1"),
    "search": ("search", "2"),
    "website": ("website", "3"),
    "campaign": ("campaign", "6"),
    "social": ("social", "7"),
    "assistant": ("ai", "aiassistant", "ai_assistant", "8"),
}
# Ids of ads: Matomo knows campaigns by their tags only, and calls an ad without tags a search or a website.
PAID = ("gclid", "wbraid", "gbraid", "dclid", "msclkid", "ttclid")

VISIT_FIELDS = {
    "visit": "idVisit",
    "visitor": "visitorId",
    "user_id": "userId",
    "site_currency": "siteCurrency",
    "came": "referrerType",
    "came_name": "referrerName",
    "came_url": "referrerUrl",
    "campaign_source": "campaignSource",
    "campaign_medium": "campaignMedium",
    "campaign_name": "campaignName",
}
ACTION_FIELDS = {
    "kind": "type",
    "url": "url",
    "since": "timestamp",
    "goal": "goalName",
    "order_id": "orderId",
    "revenue": "revenue",
    "event_category": "eventCategory",
    "event_action": "eventAction",
    "event_name": "eventName",
}
REPEATED = f"order id {SEEN}"
NO_ACTIONS = "visit without actions"
NO_VISITOR = "cookie is no visitor id of Matomo"
VISITOR = "(?:0[xX])?[0-9a-fA-F]{16}"  # eight bytes; 0x stands before them in dumps


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage visits in JSON, or tables where the files are named after them (``matomo_log_visit.csv.gz``)."""
    visits.only(source, "events")
    paths = matching(source, root)
    actions, said = f"{into}_actions", f"{into}_said"
    tables = matomo_tables.named(paths)
    counted: dict[str, int] = {}
    if tables:
        extra, counted = matomo_tables.read(source, tables, engine, actions, said)
    else:
        _read_json(paths, source.encoding, engine, said)
        extra = _fields(source, engine, said)
        engine.run(f"CREATE TABLE {actions} AS {_actions(extra, said)}")
    mapped = {name: identifier(place) for name, place in extra.items()}
    visits.keep_pages(f"SELECT url FROM {actions}", "url", engine, into)
    counted |= visits.deliver(source, _own(), mapped, f"SELECT * FROM {actions}", engine, into)
    _keep_apart(actions, into, engine)
    lines.add_bad(engine, said, into)
    for table in (actions, said, f"{said}_bad"):
        engine.run(f"DROP TABLE IF EXISTS {table}")
    return counted


# --- visits in JSON ---


def _read_json(paths: Sequence[Path], encoding: str, engine: Engine, into: str) -> None:
    """Create `into` of one visit a row, from files that are one list of visits or have one visit a line."""
    listed = [path for path in paths if _first_mark(path, encoding) == "["]
    lines.read([path for path in paths if path not in listed], encoding, engine, into)
    for path in listed:
        if encoding == "utf-8":
            _append_list(path, path, engine, into)
            continue
        copy = transcoded(path, encoding, scratch(engine) / f"{into}.json")
        try:
            _append_list(copy, path, engine, into)
        finally:
            copy.unlink()
    lines.keep_objects(engine, into)


def _first_mark(path: Path, encoding: str) -> str:
    """The first character of a file that is no blank."""
    try:
        with opened(path) as file, io.TextIOWrapper(file, codec(path, encoding)) as text:
            return text.read(4096).lstrip()[:1]
    except UnicodeError:
        raise undecodable(path, encoding, 1) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, error) from error


def _append_list(file: Path, path: Path, engine: Engine, into: str) -> None:
    """Add the visits of a file that is one list; `file` is `path` or its copy in UTF-8."""
    try:
        engine.run(
            f"INSERT INTO {into} SELECT {literal(path.name)}, row_number() OVER (), json"
            f" FROM read_json_objects({literal(str(file))}, format='array',"
            f" maximum_object_size={LONGEST_LINE},"
            f" compression='{'gzip' if zipped(file) else 'uncompressed'}')"
        )
    except DataError as error:
        if error.where is None:
            raise
        raise DataError(
            f"{path.name} cannot be read as a list of visits in JSON",
            where=error.where.replace(str(file), str(path)),
            do="export it again: it was not written to its end, or is not what Matomo answers",
        ) from error


def _actions(extra: Mapping[str, str], said: str) -> str:
    """One row an action, with what is known of its visit; a visit without actions is one row."""
    visit = ", ".join(f"v.{identifier(field)} AS {name}" for name, field in VISIT_FIELDS.items())
    action = ", ".join(f"a.{identifier(field)} AS {name}" for name, field in ACTION_FIELDS.items())
    asked = "".join(
        f", coalesce(json_extract_string(action, {literal(pointer(field))}),"
        f" json_extract_string(line, {literal(pointer(field))})) AS {identifier(place)}"
        for field, place in extra.items()
    )
    # Matomo's language writes a list with a gap, where an action was filtered out, as an object.
    listed = "json_type(line, '$.actionDetails')"
    listed = (
        f"CASE {listed} WHEN 'ARRAY' THEN json_extract(line, '$.actionDetails[*]')"
        f" WHEN 'OBJECT' THEN json_extract(line, '$.actionDetails.*') ELSE [] END"
    )
    line = "line, " if extra else ""  # it is long, and there is one for every action
    unpacked = (
        f"SELECT file, row, {line}v, unnest(actions) AS action, generate_subscripts(actions, 1) AS n FROM ("
        f"SELECT file, row, line, {_read_fields('line', VISIT_FIELDS)} AS v,"
        f" CASE WHEN len({listed}) > 0 THEN {listed} ELSE [CAST(NULL AS JSON)] END AS actions FROM {said})"
    )
    read = (
        f"SELECT file, row, n, n = 1 AS first, action IS NULL AS empty, {visit}, {action}{asked}"
        f" FROM (SELECT *, {_read_fields('action', ACTION_FIELDS)} AS a FROM ({unpacked}))"
    )
    # A visit may grow from one export to the next, but what happened in one second of it stays in order.
    number = "row_number() OVER (PARTITION BY file, row, since ORDER BY n)"
    return (
        f"SELECT * EXCLUDE (since, site_currency), {cells.seconds('since')} AS moment,"
        " CASE WHEN revenue IS NOT NULL THEN site_currency END AS currency,"
        f" {cells.padded('visit')} || '-' || since || '-' || {cells.padded(number, 6)} AS event_id"
        f" FROM ({read})"
    )


def _read_fields(place: str, fields: Mapping[str, str]) -> str:
    """The fields of an object as text, read in one go."""
    return f"from_json({place}, {literal(json.dumps(dict.fromkeys(fields.values(), 'VARCHAR')))})"


def _fields(source: Source, engine: Engine, said: str) -> dict[str, str]:
    """The fields a source asks for by `columns`, in actions or visits, and the column each will stand in."""
    found = {}
    for number, field in enumerate(dict.fromkeys(source.columns.values())):
        below = [each + pointer(field)[1:] for each in ("$.actionDetails[*]", "$.actionDetails.*")]
        held = [f"json_exists(line, {literal(pointer(field))})"]
        held += [f"len(json_extract(line, {literal(each)})) > 0" for each in below]
        if engine.one(f"SELECT coalesce(bool_or({' OR '.join(held)}), false) FROM {said}")[0]:
            found[field] = f"field {number}"
    return found


# --- what it means ---


def _own() -> dict[str, str]:
    """The canonical columns, of a relation of actions."""
    kind = "lower(coalesce(kind, 'action'))"
    names = " ".join(f"WHEN {literal(of)} THEN {literal(name)}" for of, name in EVENT_TYPES.items())
    sold = f"{kind} IN ({', '.join(map(literal, SOLD))})"
    return {
        "event_id": "event_id",
        "user_id": visits.known("user_id"),
        "cookie": f"CASE WHEN regexp_full_match(visitor, {literal(VISITOR)})"
        " THEN lower(right(visitor, 16)) ELSE nullif(trim(visitor), '') END",
        "timestamp": "moment",
        "event_type": f"CASE {kind} {names}"
        f" WHEN 'event' THEN coalesce({visits.known('event_action')}, 'event')"
        f" WHEN 'goal' THEN coalesce({visits.known('goal')}, 'goal') ELSE kind END",
        "touchpoint": f"coalesce(CASE {kind} WHEN 'event' THEN {visits.known('event_name')}"
        f" WHEN 'outlink' THEN {visits.host('url')} END,"
        f" {visits.path('url')}, CASE WHEN {kind} = 'event' THEN {visits.known('event_category')} END)",
        "value": f"CASE WHEN {sold} THEN {visits.plain(visits.known('revenue'))} END",
        "currency": f"CASE WHEN {sold} THEN {visits.known('currency')} END",
        **_traffic(),
    }


def _traffic() -> dict[str, str]:
    """Where a visit came from, at its first action, in the words that channel rules know."""
    click, name = visits.click_id("url"), f"lower({visits.known('came_name')})"

    def is_a(kind: str) -> str:
        return f"lower(came) IN ({', '.join(map(literal, CAME[kind]))})"

    # Rules ask for the ad's id only where nothing else is said.
    paid = f"NOT {is_a('campaign')} AND ({click}) IN ({', '.join(map(literal, PAID))})"
    of_campaign = visits.known("came_name")
    columns = {
        "source": f"CASE WHEN {paid} THEN NULL WHEN {is_a('direct')} THEN '{visits.DIRECT}'"
        f" WHEN {is_a('campaign')} THEN coalesce({visits.known('campaign_source')}, {of_campaign})"
        f" WHEN {is_a('website')} THEN coalesce({visits.host('came_url')}, {name}) ELSE {name} END",
        "medium": f"CASE WHEN {paid} THEN NULL WHEN {is_a('direct')} THEN '{visits.NO_MEDIUM}'"
        f" WHEN {is_a('search')} THEN 'organic' WHEN {is_a('website')} THEN 'referral'"
        f" WHEN {is_a('social')} THEN 'social' WHEN {is_a('assistant')} THEN 'ai-assistant'"
        f" WHEN {is_a('campaign')} THEN {visits.known('campaign_medium')} ELSE lower(came) END",
        "campaign": f"CASE WHEN {is_a('campaign')}"
        f" THEN coalesce({visits.known('campaign_name')}, {of_campaign}) END",
        "click_id": click,
    }
    came = f"first AND {visits.known('came')} IS NOT NULL"
    return {name: f"CASE WHEN {came} THEN {place} END" for name, place in columns.items()}


def _keep_apart(actions: str, into: str, engine: Engine) -> None:
    """Give the reasons that only Matomo's own fields tell: no visitor id, no actions, an order told twice."""
    engine.run(
        f"UPDATE {into} SET reason = '{NO_VISITOR}' WHERE reason IS NULL AND cookie IS NOT NULL"
        f" AND NOT regexp_full_match(cookie, '[0-9a-f]{{16}}')"
    )
    engine.run(
        f"UPDATE {into} SET reason = '{NO_ACTIONS}' FROM (SELECT file, row FROM {actions} WHERE empty) a"
        f" WHERE {into}.file = a.file AND {into}.row = a.row"
    )
    orders = (
        f"SELECT event_id, order_id, moment FROM {actions} WHERE lower(kind) = 'ecommerceorder'"
        f" AND {visits.known('order_id')} IS NOT NULL"
        f" AND event_id IN (SELECT event_id FROM {into} WHERE reason IS NULL)"
    )
    # The same visit in two exports is left to the rule on event ids.
    again = f"SELECT event_id FROM (SELECT DISTINCT event_id, order_id, moment FROM ({orders}))"
    again += " QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY moment, event_id) > 1"
    engine.run(f"UPDATE {into} SET reason = '{REPEATED}' WHERE reason IS NULL AND event_id IN ({again})")
