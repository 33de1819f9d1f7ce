"""Snowplow's enriched events: tab-separated without a header, in the order of their columns; or with names.

`docs/sources.md` tells what becomes of each field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.model import TRAFFIC
from journey_lib.sources import cells, convert, lines, visits
from journey_lib.sources.delimited import MALFORMED
from journey_lib.sources.files import LONGEST_LINE, check_lines, matching, opened
from journey_lib.workspace import Source

# The columns of the enriched format, in their order.
ORDER = """
    app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker
    v_tracker v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx
    network_userid geo_country geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name
    ip_isp ip_organization ip_domain ip_netspeed page_url page_title page_referrer page_urlscheme page_urlhost
    page_urlport page_urlpath page_urlquery page_urlfragment refr_urlscheme refr_urlhost refr_urlport
    refr_urlpath refr_urlquery refr_urlfragment refr_medium refr_source refr_term mkt_medium mkt_source
    mkt_term mkt_content mkt_campaign contexts se_category se_action se_label se_property se_value
    unstruct_event tr_orderid tr_affiliation tr_total tr_tax tr_shipping tr_city tr_state tr_country
    ti_orderid ti_sku ti_name ti_category ti_price ti_quantity pp_xoffset_min pp_xoffset_max pp_yoffset_min
    pp_yoffset_max useragent br_name br_family br_version br_type br_renderengine br_lang br_features_pdf
    br_features_flash br_features_java br_features_director br_features_quicktime br_features_realplayer
    br_features_windowsmedia br_features_gears br_features_silverlight br_cookies br_colordepth br_viewwidth
    br_viewheight os_name os_family os_manufacturer os_timezone dvce_type dvce_ismobile dvce_screenwidth
    dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base tr_tax_base tr_shipping_base
    ti_currency ti_price_base base_currency geo_timezone mkt_clickid mkt_network etl_tags dvce_sent_tstamp
    refr_domain_userid refr_dvce_tstamp derived_contexts domain_sessionid derived_tstamp event_vendor
    event_name event_format event_version event_fingerprint true_tstamp
"""
COLUMNS = tuple(ORDER.split())
NEEDED = (
    *("event_id", "event", "event_name", "derived_tstamp", "collector_tstamp", "user_id", "domain_userid"),
    *("domain_sessionidx", "domain_sessionid", "page_url", "page_urlpath", "se_action", "unstruct_event"),
    *("refr_medium", "refr_source", "refr_urlhost", "mkt_medium", "mkt_source", "mkt_campaign"),
    *("mkt_clickid", "mkt_network", "tr_total", "tr_currency"),
)
REQUIRED = ("event_id", "collector_tstamp")
# What Snowplow's referrer parser calls the kinds of sites, in the words of channel rules.
MEDIUMS = {
    "search": "organic",
    "social": "social",
    "email": "email",
    "paid": "cpc",
    "chatbot": "ai-assistant",
    "unknown": "referral",
}
NETWORKS = {"google": "gclid", "microsoft": "msclkid", "doubleclick": "dclid"}
OWN = ("event_id", "timestamp", "event_type", "touchpoint", "value", "currency", "user_id", "cookie")


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage enriched files as they lie in the archive, and tables exported with names; mixed as they come."""
    visits.only(source, "events")
    flat, starts, said, records = (f"{into}_{name}" for name in ("flat", "starts", "lines", "records"))
    asked = list(dict.fromkeys(source.columns.values()))
    wanted, there = list(dict.fromkeys((*NEEDED, *asked))), set()
    cells.create(wanted, engine, records)
    bare = []
    for path in matching(source, root):
        if _is_parquet(path):
            names = _add_parquet(path, wanted, engine, records)
        else:
            said_names, separator = _header(path)
            names = _as_asked(said_names, wanted)
            if set(REQUIRED) & set(names):
                _refuse_other(path, names)
                cells.append(
                    path,
                    names,
                    wanted,
                    engine,
                    records,
                    separator=separator,
                    encoding=source.encoding,
                )
            else:
                names = COLUMNS
                bare.append(path)
        there |= set(asked).intersection(names)
    lines.read(bare, source.encoding, engine, said)
    _add_bare(said, wanted, engine, records)
    extra = {name: f"field {n}" for n, name in enumerate(asked) if name in there}
    engine.run(f"CREATE TABLE {flat} AS {_flat(records, extra)}")
    engine.run(f"CREATE TABLE {starts} AS {_starts(flat)}")
    visits.keep_pages(f"SELECT address FROM {flat}", "address", engine, into)
    counted = visits.deliver(
        source,
        {name: identifier(name) for name in (*OWN, *TRAFFIC)},
        {name: identifier(place) for name, place in extra.items()},
        f"SELECT f.*, s.* EXCLUDE (call) FROM {flat} f LEFT JOIN {starts} s USING (call)",
        engine,
        into,
    )
    for bad in (said, records):
        lines.add_bad(engine, bad, into)
    for table in (flat, starts, said, f"{said}_bad", records, f"{records}_bad"):
        engine.run(f"DROP TABLE {table}")
    return counted


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _add_parquet(path: Path, wanted: Sequence[str], engine: Engine, records: str) -> tuple[str, ...]:
    """Add the rows of a Parquet file; returns the names of its columns."""
    try:
        names = _as_asked(pq.read_schema(path).names, wanted)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as Parquet", where=str(path), do="export or copy it again"
        ) from error
    _refuse_other(path, names)
    texts = (f"CAST({identifier(name) if name in names else 'NULL'} AS VARCHAR)" for name in wanted)
    columns = ", ".join(visits.filled(text) for text in texts)
    scan = f"read_parquet({literal(str(path))}, file_row_number=true, binary_as_string=true)"
    engine.run(
        f"INSERT INTO {records} SELECT {literal(path.name)}, file_row_number + 1, {columns} FROM {scan}"
    )
    return names


def _as_asked(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The names of columns as they are asked for here: Snowflake writes them in capitals."""
    asked = {name.lower(): name for name in wanted}
    return tuple(name if name in wanted else asked.get(name.lower(), name) for name in names)


def _refuse_other(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise DataError(
            f"{path.name} has no column '{missing[0]}', which Snowplow's events have",
            where=str(path),
            do="export the table of events with the names its columns have there",
        )


def _header(path: Path) -> tuple[tuple[str, ...], str]:
    """The cells of a file's first line, and what stands between them."""
    check_lines(path)
    with opened(path) as file:
        first = file.readline(LONGEST_LINE).decode("utf-8-sig", errors="replace")
    separator = "\t" if "\t" in first else ","
    try:
        names = next(csv.reader(io.StringIO(first), delimiter=separator), [])
    except csv.Error:  # a context can be longer than any name
        names = []
    return tuple(convert.column_name(name) for name in names), separator


def _add_bare(said: str, wanted: Sequence[str], engine: Engine, records: str) -> None:
    """Add the lines of the enriched format; one with another number of columns is malformed."""
    columns = ", ".join(
        f"nullif(cells[{COLUMNS.index(name) + 1}], '')" if name in COLUMNS else "NULL" for name in wanted
    )
    # Nothing is quoted in this format, and a cell never holds a tab.
    split = f"SELECT file, row, line, string_split(line, chr(9)) AS cells FROM {said}"
    whole = f"len(cells) = {len(COLUMNS)}"
    engine.run(f"INSERT INTO {records} SELECT file, row, {columns} FROM ({split}) WHERE {whole}")
    engine.run(
        f"INSERT INTO {said}_bad SELECT '{MALFORMED}', file, row, line FROM ({split})"
        f" WHERE ({whole}) IS NOT TRUE"
    )


_THE_TIME = identifier("the time")


def _flat(records: str, extra: Mapping[str, str]) -> str:
    """One row an event: the canonical columns, and what its visit is told by."""
    screen = f"json_extract_string(unstruct_event, {literal('$.data.data.name')})"
    screen = f"CASE WHEN event_name = 'screen_view' AND json_valid(unstruct_event) THEN {screen} END"
    # BigQuery writes the zone as a word.
    time = f"regexp_replace(coalesce({visits.known('derived_tstamp')}, collector_tstamp), ' ?UTC$', 'Z')"
    value = visits.known("tr_total")
    marked = " OR ".join(
        f"{visits.known(name)} IS NOT NULL" for name in ("mkt_source", "mkt_medium", "mkt_clickid")
    )
    kinds = " ".join(f"WHEN '{told}' THEN '{medium}'" for told, medium in MEDIUMS.items())
    medium = f"CASE lower(refr_medium) {kinds} END"
    networks = " ".join(f"WHEN '{name}' THEN '{click}'" for name, click in NETWORKS.items())
    clicked = f"CASE WHEN {visits.known('mkt_clickid')} IS NOT NULL THEN"
    clicked += f" CASE lower(mkt_network) {networks} ELSE {visits.click_id('page_url')} END END"
    site = f"coalesce({visits.known('refr_source')}, refr_urlhost)"
    columns = {
        "call": "coalesce('e' || event_id, concat('r', row, ' ', file))",
        "event_id": "event_id",
        "timestamp": _THE_TIME,
        "event_type": "CASE WHEN event = 'struct' THEN coalesce(se_action, event_name, event)"
        " ELSE coalesce(event_name, event) END",
        "touchpoint": f"coalesce({visits.path('page_urlpath')}, {visits.path('page_url')}, {screen})",
        "address": visits.known("page_url"),
        "value": visits.plain(value),
        "currency": f"CASE WHEN {value} IS NOT NULL THEN tr_currency END",
        "user_id": "user_id",
        "cookie": "domain_userid",
        "instant": visits.INSTANT,
        "visitor": "coalesce('c' || domain_userid, 'u' || user_id)",
        "session": "coalesce(domain_sessionidx, domain_sessionid)",
        "came from": f"CASE WHEN {marked} THEN mkt_source WHEN {medium} IS NOT NULL THEN {site}"
        f" ELSE '{visits.DIRECT}' END",
        "came by": f"CASE WHEN {marked} THEN mkt_medium WHEN {medium} IS NOT NULL THEN {medium}"
        f" ELSE '{visits.NO_MEDIUM}' END",
        "came for": "mkt_campaign",
        "clicked": clicked,
        **{place: identifier(name) for name, place in extra.items()},
    }
    records = visits.timed(f"SELECT *, {time} AS {_THE_TIME} FROM {records}", _THE_TIME)
    return f"SELECT file, row, {visits.quoted(columns)} FROM ({records})"


def _starts(flat: str) -> str:
    """The first event of each session, and where it came from."""
    # Comparing one text is much quicker than comparing a time and a text.
    place = "lpad(CAST(epoch_us(instant) AS VARCHAR), 19, '0') || call"
    first = (
        f"SELECT min_by(call, {place}) AS call FROM {flat} WHERE visitor IS NOT NULL"
        " AND session IS NOT NULL AND instant IS NOT NULL GROUP BY visitor, session"
    )
    came = visits.traffic(
        {
            "source": identifier("came from"),
            "medium": identifier("came by"),
            "campaign": identifier("came for"),
            "click_id": "clicked",
        }
    )
    return (
        f"SELECT call, {visits.quoted(came)} FROM {flat} SEMI JOIN ({first}) USING (call)"
        " QUALIFY row_number() OVER (PARTITION BY call ORDER BY instant, row) = 1"
    )
