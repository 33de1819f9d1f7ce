"""GA4's BigQuery export: daily tables of events, as Parquet or as JSON lines, with nested parameters.

The source of a visit is the session's, at the event that starts it; ``traffic_source`` is never read, for it
says where the user came from the first time. `docs/sources.md` tells what becomes of each field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.checks import SEEN
from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.model import TRAFFIC
from journey_lib.sources import lines, visits
from journey_lib.sources.files import matching
from journey_lib.workspace import Source

# `events_20250101`, or what BigQuery cuts it into: `events_20250101-000000000000.json.gz`.
TABLE = re.compile(r"events_(?:(intraday|fresh)_)?(\d{8})(?!\d)")
BETTER = {None: 0, "fresh": 1, "intraday": 2}  # of several tables of one day, the first is complete
PROVISIONAL = f"day of the provisional table {SEEN}"
REPEATED = f"transaction {SEEN}"

LAST_CLICK, COLLECTED = "session_traffic_source_last_click", "collected_traffic_source"
FIELDS = (
    *("event_timestamp", "event_name", "user_pseudo_id", "user_id", "stream_id", "items"),
    *("batch_page_id", "batch_ordering_id", "batch_event_index"),
    *("ecommerce.transaction_id", "ecommerce.purchase_revenue"),
    *(f"{COLLECTED}.manual_{name}" for name in ("source", "medium", "campaign_name")),
    *(f"{COLLECTED}.{name}" for name in ("gclid", "dclid")),
    *(f"{LAST_CLICK}.google_ads_campaign.{name}" for name in ("customer_id", "campaign_id", "campaign_name")),
    *(f"{LAST_CLICK}.cross_channel_campaign.{name}" for name in ("source", "medium", "campaign_name")),
    f"{LAST_CLICK}.cross_channel_campaign.default_channel_group",
    *(f"{LAST_CLICK}.manual_campaign.{name}" for name in ("source", "medium", "campaign_name")),
    *(f"{LAST_CLICK}.sa360_campaign.{name}" for name in ("campaign_id", "engine_account_type")),
    *(f"{LAST_CLICK}.dv360_campaign.{name}" for name in ("campaign_id", "creative_format")),
)
MANUAL = ("source", "medium", "campaign_name")
PARAM = "event_params."
PARAMETERS = (
    *("ga_session_id", "page_location", "firebase_screen", "firebase_screen_class", "currency", "value"),
    *("source", "medium", "campaign", "gclid"),
)
# Of these, what stands for nothing known is left out; the others are ids, and told apart otherwise.
TOLD = (
    "ecommerce.transaction_id",
    *(name for name in FIELDS if name.startswith((COLLECTED, LAST_CLICK))),
    *(PARAM + name for name in ("currency", "source", "medium", "campaign", "gclid")),
)
OWN = ("event_id", "timestamp", "event_type", "touchpoint", "value", "currency", "user_id", "cookie")
FILE = "file the row came from"
VALUES = ("string_value", "int_value", "float_value", "double_value")
PARAMS = (
    f"STRUCT({identifier('key')} VARCHAR,"
    f" {identifier('value')} STRUCT({', '.join(f'{v} VARCHAR' for v in VALUES)}))[]"
)
PURCHASES = ("purchase", "ecommerce_purchase", "in_app_purchase")
# Where Google Ads showed the ad, which of all fields only the session's channel group tells.
NETWORKS = {
    "cross-network": "cross-network",
    "paid video": "youtube",
    "display": "display network",
    "paid search": "search network",
}


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage daily and provisional tables; Parquet and JSON lines may stand side by side."""
    visits.only(source, "events")
    paths = matching(source, root)
    flat, starts, said = f"{into}_flat", f"{into}_starts", f"{into}_lines"
    asked = [name for name in source.columns.values() if not name.startswith(PARAM)]
    fields = list(dict.fromkeys((*FIELDS, *asked)))
    parquet = [path for path in paths if _is_parquet(path)]
    lines.read([path for path in paths if path not in parquet], source.encoding, engine, said)
    lines.keep_objects(engine, said)
    parts, there = [_from_json(fields, said)], lines.fields(asked, said, engine)
    for schema, files in _by_schema(parquet):
        parts.append(_from_parquet(fields, schema, files))
        there |= {name for name in asked if _column(schema, name) is not None}
    extra = {
        name: f"field {number}"
        for number, name in enumerate(source.columns.values())
        if name in there or name.startswith(PARAM)
    }
    engine.run(f"CREATE TABLE {flat} AS {_flat(' UNION ALL '.join(parts), extra)}")
    late = _provisional(paths)
    engine.run(f"CREATE TABLE {starts} AS {_starts(flat, late)}")
    visits.keep_pages(f"SELECT address FROM {flat}", "address", engine, into)
    counted = visits.deliver(
        source,
        {name: identifier(name) for name in (*OWN, *TRAFFIC)},
        {name: identifier(place) for name, place in extra.items()},
        f"SELECT f.*, s.* EXCLUDE (event_id) FROM {flat} f LEFT JOIN {starts} s USING (event_id)",
        engine,
        into,
    )
    engine.run(f"UPDATE {into} SET reason = '{PROVISIONAL}' WHERE reason IS NULL AND file IN {late}")
    _refuse_repeated(flat, into, engine)
    lines.add_bad(engine, said, into)
    for table in (flat, starts, said, f"{said}_bad"):
        engine.run(f"DROP TABLE {table}")
    return counted


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _provisional(paths: Sequence[Path]) -> str:
    """Files of days of which a better table is there too, as an SQL list."""
    tables = [(path.name, found[1], found[2]) for path in paths if (found := TABLE.search(path.name))]
    best: dict[str, int] = {}
    for _, kind, day in tables:
        best[day] = min(best.get(day, BETTER[kind]), BETTER[kind])
    late = [name for name, kind, day in tables if BETTER[kind] > best[day]]
    return f"({', '.join(map(literal, late)) or literal('')})"


# --- the same columns, whatever the file ---


def _from_json(fields: Sequence[str], said: str) -> str:
    """The fields of each line as text; BigQuery writes 64-bit integers as text anyway."""
    shape: dict[str, Any] = {"event_params": [{"key": "VARCHAR", "value": dict.fromkeys(VALUES, "VARCHAR")}]}
    for field in fields:
        *above, last = field.split(".")
        inner = shape
        for name in above:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                break
        else:
            inner.setdefault(last, "VARCHAR")
    # The engine stumbles over a column of nothing but NULL here.
    line = f"from_json(coalesce(line, '{{}}'), {literal(json.dumps(shape))})"
    record = f"SELECT file, row, {line} AS e FROM {said}"
    columns = ", ".join(
        f"{visits.filled(f'CAST(e.{_quoted(field)} AS VARCHAR)')} AS {identifier(field)}" for field in fields
    )
    return f"SELECT file, row, e.event_params AS params, {columns} FROM ({record})"


def _by_schema(paths: Sequence[Path]) -> list[tuple[pa.Schema, list[Path]]]:
    """Files by their columns: Google adds columns in the course of time."""
    groups: dict[str, tuple[pa.Schema, list[Path]]] = {}
    for path in paths:
        try:
            schema = pq.read_schema(path).remove_metadata()
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{path.name} cannot be read as Parquet", where=str(path), do="export or copy it again"
            ) from error
        groups.setdefault(str(schema), (schema, []))[1].append(path)
    return list(groups.values())


def _from_parquet(fields: Sequence[str], schema: pa.Schema, files: Sequence[Path]) -> str:
    listed = "[" + ", ".join(literal(str(path)) for path in files) + "]"
    scan = f"read_parquet({listed}, filename='{FILE}', file_row_number=true, binary_as_string=true)"
    places = {field: _column(schema, field) or "NULL" for field in fields}
    columns = ", ".join(
        f"{visits.filled(f'CAST({place} AS VARCHAR)')} AS {identifier(field)}"
        for field, place in places.items()
    )
    params = f"CAST({'event_params' if _has_params(schema) else 'NULL'} AS {PARAMS})"
    return (
        f"SELECT parse_filename({identifier(FILE)}) AS file, file_row_number + 1 AS row, {params} AS params,"
        f" {columns} FROM {scan}"
    )


def _column(schema: pa.Schema, field: str) -> str | None:
    """Where a nested field stands, in SQL; None where the file has none."""
    above: Any = schema
    for name in field.split("."):
        index = above.get_field_index(name) if isinstance(above, pa.Schema | pa.StructType) else -1
        if index < 0:
            return None
        above = above.field(index).type
    # The engine breaks down over a nested field without a type, which others write where all is empty.
    return "NULL" if pa.types.is_null(above) else _quoted(field)


def _quoted(field: str) -> str:
    return ".".join(map(identifier, field.split(".")))


def _has_params(schema: pa.Schema) -> bool:
    index = schema.get_field_index("event_params")
    kind = schema.field(index).type if index >= 0 else None
    entry = kind.value_type if isinstance(kind, pa.ListType | pa.LargeListType) else None
    if not isinstance(entry, pa.StructType) or entry.get_field_index("key") < 0:
        return False
    place = entry.get_field_index("value")
    value = entry.field(place).type if place >= 0 else None
    return isinstance(value, pa.StructType) and any(value.get_field_index(name) >= 0 for name in VALUES)


# --- what the columns mean ---


def _flat(records: str, extra: Mapping[str, str]) -> str:
    """One row an event: the canonical columns, what orders it in its session, and what tells its source."""
    asked = [name.removeprefix(PARAM) for name in extra if name.startswith(PARAM)]
    names = dict.fromkeys((*PARAMETERS, *asked))
    taken = ", ".join(
        f"params[list_position(keys, {literal(name)})].value AS {identifier(PARAM + name)}" for name in names
    )
    first = ", ".join(
        f"coalesce({', '.join(f'{identifier(PARAM + name)}.{value}' for value in VALUES)})"
        f" AS {identifier(PARAM + name)}"
        for name in names
    )
    address = identifier(PARAM + "page_location")
    screen = f"coalesce({_param('firebase_screen')}, {_param('firebase_screen_class')})"
    paid = f"event_name IN ({', '.join(map(literal, PURCHASES))})"
    sold = f"CASE WHEN {paid} THEN coalesce({_field('ecommerce.purchase_revenue')}, {_param('value')}) END"
    known = ", ".join(f"{visits.known(_field(name))} AS {_known(name)}" for name in TOLD)
    columns = {
        "timestamp": visits.moment("event_timestamp"),
        "event_type": "event_name",
        "touchpoint": f"coalesce({visits.path(address)}, {screen})",
        "value": visits.plain(_known("sold")),
        "currency": f"CASE WHEN {_known('sold')} IS NOT NULL THEN {_known(PARAM + 'currency')} END",
        "address": address,
        "cookie": "user_pseudo_id",
        "user_id": "user_id",
        "instant": "try_cast(event_timestamp AS BIGINT)",
        "visitor": "coalesce('c' || user_pseudo_id, 'u' || user_id)",
        "session": _param("ga_session_id"),
        "transaction": f"CASE WHEN {paid} THEN {_known('ecommerce.transaction_id')} END",
        "event_id": _event_id(),
        **_sources(),
        **{place: identifier(name) for name, place in extra.items()},
    }
    records = f"SELECT *, list_transform(params, lambda p: p.key) AS keys FROM ({records})"
    records = f"SELECT * EXCLUDE (keys), {taken} FROM ({records})"
    records = f"SELECT * REPLACE ({first}) FROM ({records})"
    records = f"SELECT *, {known}, {sold} AS {_known('sold')} FROM ({records})"
    records = f"SELECT *, {visits.quoted(_beside())} FROM ({records})"
    # Comparing one text is much quicker than comparing a time and a text.
    order = "lpad(CAST(instant AS VARCHAR), 19, '0') || event_id"
    tier = "CASE WHEN clicked IS NOT NULL THEN '1' WHEN collected IS NOT NULL THEN '2' ELSE '3' END"
    return (
        "SELECT * EXCLUDE (clicked, collected, told), coalesce(clicked, collected, told) AS came,"
        f" {order} AS place, {tier} AS tier"
        f" FROM (SELECT file, row, {visits.quoted(columns)} FROM ({records}))"
    )


def _field(name: str) -> str:
    return identifier(name)


def _param(name: str) -> str:
    return identifier(PARAM + name)


def _known(name: str) -> str:
    """What a field says, where it says anything."""
    return identifier(f"known {name}")


def _event_id() -> str:
    """A text that sorts events of one moment as they happened, and is another one for every event."""
    places = [
        f"lpad(CAST(greatest(coalesce(try_cast({name} AS BIGINT), 0), 0) AS VARCHAR), {digits}, '0')"
        for name, digits in (("batch_page_id", 19), ("batch_ordering_id", 10), ("batch_event_index", 10))
    ]
    # Exports before July 2024 have no batch: only their parameters tell events of one moment apart.
    told = "CASE WHEN batch_event_index IS NULL THEN concat(CAST(params AS VARCHAR), items) END"
    about = ("user_pseudo_id", "user_id", "stream_id", "event_timestamp", "event_name")
    mark = f"md5(concat_ws(chr(31), {', '.join(f'coalesce({name}, chr(30))' for name in about)},"
    mark += f" {_param('ga_session_id')}, {told}))"
    return " || '-' || ".join([*places, f"left({mark}, 16)"])


def _beside() -> dict[str, str]:
    """What is told beside a source, whichever field tells the source itself."""
    of, engine, form = _known, f"{LAST_CLICK}.sa360_campaign", f"{LAST_CLICK}.dv360_campaign"
    click = f"coalesce(CASE WHEN {of(COLLECTED + '.gclid')} IS NOT NULL THEN 'gclid' END,"
    click += f" CASE WHEN {of(COLLECTED + '.dclid')} IS NOT NULL THEN 'dclid' END,"
    click += f" CASE WHEN {of(PARAM + 'gclid')} IS NOT NULL THEN 'gclid' END,"
    click += f" {visits.click_id(_param('page_location'))})"
    kind = f"{of(engine + '.campaign_id')} IS NOT NULL THEN {of(engine + '.engine_account_type')}"
    shown = f"{of(form + '.campaign_id')} IS NOT NULL THEN {of(form + '.creative_format')}"
    return {
        "known click": click,
        "known engine": f"CASE WHEN {kind} END",
        "known form": f"CASE WHEN {shown} END",
    }


def _sources() -> dict[str, str]:
    """What each event says of the source of its session, by how much it is to be believed."""
    last, group = LAST_CLICK, _field(f"{LAST_CLICK}.cross_channel_campaign.default_channel_group")
    of, click = _known, _known("click")

    def record(source: str, medium: str, campaign: str, network: str = "NULL") -> str:
        parts = (source, medium, campaign, network, _known("form"), _known("engine"))
        names = ("source", "medium", "campaign", "network", "creative_format", "engine")
        packed = ", ".join(
            f"{name} := CAST({part} AS VARCHAR)" for name, part in zip(names, parts, strict=True)
        )
        return f"struct_pack({packed})"

    ads, cross, manual = (f"{last}.{name}_campaign" for name in ("google_ads", "cross_channel", "manual"))
    networks = " ".join(f"WHEN {literal(name)} THEN {literal(net)}" for name, net in NETWORKS.items())
    network = f"CASE lower({group}) {networks} END"
    google = record(
        f"coalesce({of(cross + '.source')}, 'google')",
        f"coalesce({of(cross + '.medium')}, 'cpc')",
        of(ads + ".campaign_name"),
        network,
    )
    plain = [record(*(of(f"{each}.{name}") for name in MANUAL)) for each in (cross, manual)]
    has = [
        f"{of(each + '.source')} IS NOT NULL OR {of(each + '.medium')} IS NOT NULL"
        for each in (cross, manual)
    ]
    customer = f"{of(ads + '.customer_id')} IS NOT NULL OR {of(ads + '.campaign_id')} IS NOT NULL"
    return {
        "clicked": f"CASE WHEN {customer} THEN {google} WHEN {has[0]} THEN {plain[0]}"
        f" WHEN {has[1]} THEN {plain[1]} END",
        "collected": _own_source([of(f"{COLLECTED}.manual_{name}") for name in MANUAL], click, record),
        "told": _own_source([of(PARAM + name) for name in ("source", "medium", "campaign")], click, record),
        "click": click,
    }


def _own_source(said: Sequence[str], click: str, record: Callable[..., str]) -> str:
    """The source an event names itself; a Google ad that was clicked is no organic search."""
    source, medium, campaign = said
    ad = f"({click}) IN ('gclid', 'wbraid', 'gbraid') AND {medium} = 'organic'"  # as some exports say
    clicked = record(source, literal("cpc"), f"nullif({campaign}, '(organic)')")
    return (
        f"CASE WHEN {source} IS NULL AND {medium} IS NULL THEN NULL"
        f" WHEN {ad} THEN {clicked}"
        f" ELSE {record(source, medium, campaign)} END"
    )


def _starts(flat: str, late: str) -> str:
    """The event each session begins with, and where the session came from."""
    first = "CASE WHEN event_type = 'session_start' THEN '0' ELSE '1' END || place"
    found = (
        f"SELECT min_by(event_id, {first}) AS event_id, min_by(came, tier || place) AS came,"
        f" min_by(click, place) AS click_id FROM {flat} WHERE visitor IS NOT NULL AND session IS NOT NULL"
        f" AND instant IS NOT NULL AND file NOT IN {late} GROUP BY visitor, session"
    )
    direct = "came IS NULL AND click_id IS NULL"
    return (
        f"SELECT event_id, click_id, came.campaign, came.network, came.creative_format, came.engine,"
        f" CASE WHEN {direct} THEN '{visits.DIRECT}' ELSE came.source END AS source,"
        f" CASE WHEN {direct} THEN '{visits.NO_MEDIUM}' ELSE came.medium END AS medium FROM ({found})"
    )


def _refuse_repeated(flat: str, into: str, engine: Engine) -> None:
    """Keep a purchase apart that has the number of an earlier one: pages of thanks are loaded again."""
    bought = (
        f"SELECT DISTINCT event_id, transaction, instant FROM {flat} WHERE transaction IS NOT NULL"
        f" AND event_id IN (SELECT event_id FROM {into} WHERE reason IS NULL)"
    )
    again = f"SELECT event_id FROM ({bought}) QUALIFY row_number() OVER"
    again += " (PARTITION BY transaction ORDER BY instant, event_id) > 1"
    engine.run(f"UPDATE {into} SET reason = '{REPEATED}' WHERE reason IS NULL AND event_id IN ({again})")
