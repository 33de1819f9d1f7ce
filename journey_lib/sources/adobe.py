"""Adobe Analytics data feeds: hits without a header, named by ``column_headers.tsv`` beside them.

What Adobe leaves out of its own reports is left out here, with its reason; where a visit came from stands at
its first hit. `docs/sources.md` tells what becomes of each column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from journey_lib.checks import SEEN
from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.model import IDENTIFIERS
from journey_lib.sources import cells, lines, visits
from journey_lib.sources.adobe_files import (
    EVENTS,
    SEARCH_ENGINES,
    header,
    hit_files,
    look_up,
    without_escapes,
)
from journey_lib.sources.files import check_lines, matching
from journey_lib.workspace import Source

# Columns that have a twin `post_…`: what Adobe's rules made of them, which is preferred.
POSTED = (
    *("visid_high", "visid_low", "pagename", "page_url", "page_event", "page_event_var2", "event_list"),
    *("product_list", "purchaseid", "campaign", "currency", "search_engine", "cust_hit_time_gmt"),
)
PLAIN = (
    *("exclude_hit", "hit_source", "duplicate_purchase", "hit_time_gmt", "visit_num", "visit_page_num"),
    *("visit_start_time_gmt", "hitid_high", "hitid_low", "paid_search", "ref_type", "ref_domain", "referrer"),
    *("visit_ref_type", "visit_ref_domain", "visit_referrer", "visit_search_engine", "va_closer_id"),
)
COLUMNS = (*PLAIN, *POSTED, *(f"post_{name}" for name in POSTED))
NEEDED = ("hit_time_gmt", "visit_num")

# The names of Adobe's own events; of several in one hit, the first of this list tells what it was.
STANDARD = {
    "1": "purchase",
    "11": "begin_checkout",
    "12": "add_to_cart",
    "13": "remove_from_cart",
    "10": "open_cart",
    "14": "view_cart",
    "2": "view_item",
}
# The firm's own events 1 to 100 and 101 to 1000; other numbers only say that a variable was set.
OWN_EVENTS = ((200, 299, 199), (20100, 20999, 19999))
PAGE_EVENTS = {"0": "page_view", "10": "link", "100": "link", "11": "download", "101": "download"}
PAGE_EVENTS |= {"12": "exit_link", "102": "exit_link"}
# Kinds of referrers.
INSIDE, WEBSITE, SEARCH, MAIL, SOCIAL = "1", "2", "3", "7", "9"
NO_REFERRER = ("4", "6", "8")  # a file on the disk, typed or bookmarked, no JavaScript
UPLOADED = ("5", "7", "8", "9")  # sources of hits that no visitor made

EXCLUDED = "hit is excluded by Adobe"
NO_VISIT = "hit was uploaded, not made by a visitor"
REPEATED = f"purchase id {SEEN}"


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Stage the hits of one or many days; files of ids and names among them are used, not staged."""
    visits.only(source, "events")
    paths = matching(source, root)
    said, hits = f"{into}_said", f"{into}_hits"
    asked = list(dict.fromkeys(source.columns.values()))
    wanted = [*COLUMNS, *(name for name in asked if name not in COLUMNS)]
    cells.create(wanted, engine, said)
    names: set[str] = set()
    for path in hit_files(source, paths):
        check_lines(path)
        columns = header(path)
        _refuse_without(columns, path)
        names |= set(columns)
        copy = without_escapes(path, source.encoding, engine, into)
        try:
            cells.append(
                path, columns, wanted, engine, said, separator="\t", quote="", skip=0, copy=copy,
                encoding=source.encoding,
            )  # fmt: skip
        finally:
            if copy is not None:
                copy.unlink()
    look_up(EVENTS, paths, engine, f"{into}_events")
    look_up(SEARCH_ENGINES, paths, engine, f"{into}_engines")
    extra = {name: f"field {number}" for number, name in enumerate(asked) if name in names}
    who = [extra[name] for column, name in source.columns.items() if column in IDENTIFIERS and name in extra]
    engine.run(f"CREATE TABLE {hits} AS {_hits(extra, who, said, f'{into}_events', 'campaign' in names)}")
    relation = _link(_with_arrivals(hits, f"{into}_engines"))
    mapped = {name: identifier(place) for name, place in extra.items()}
    # A page without a name of its own is called by its address.
    pages = f"SELECT coalesce(address, {visits.address('page')}) AS address FROM {hits}"
    visits.keep_pages(pages, "address", engine, into)
    counted = visits.deliver(source, _own(), mapped, relation, engine, into)
    engine.run(
        f"UPDATE {into} SET reason = h.apart FROM (SELECT DISTINCT file, row, apart FROM {hits}"
        f" WHERE apart IS NOT NULL) h WHERE {into}.file = h.file AND {into}.row = h.row"
    )
    lines.add_bad(engine, said, into)
    for table in (said, f"{said}_bad", hits, f"{into}_events", f"{into}_engines"):
        engine.run(f"DROP TABLE {table}")
    return counted


def _refuse_without(columns: Sequence[str], path: Path) -> None:
    missing = [name for name in NEEDED if name not in columns]
    missing += ["visid_high"] if not {"visid_high", "post_visid_high"} & set(columns) else []
    if missing:
        raise DataError(
            f"the data feed has no column {', '.join(missing)}",
            where=str(path),
            do="add it to the columns of the feed in Adobe Analytics, and export the days again",
        )
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"the data feed names a column twice: {', '.join(twice)}", where=str(path))


# --- what the columns mean ---


def _text(column: str) -> str:
    """A column as it was sent: without the marks that Adobe put before tabs, line ends and backslashes."""
    plain = f"replace(replace(replace({column}, '\\\\', chr(1)), '\\t', ' '), '\\n', ' ')"
    return f"CASE WHEN contains({column}, '\\') THEN replace({plain}, chr(1), '\\') ELSE {column} END"


def _posted(name: str) -> str:
    """A column as Adobe's rules left it, else as it was sent; of a relation with `_texts`."""
    return f"coalesce({visits.known(identifier(f'post {name}'))}, {visits.known(identifier(f'sent {name}'))})"


def _texts() -> str:
    """The two forms of each column that has two, as they were sent."""
    texts = [f"{_text(f'post_{name}')} AS {identifier(f'post {name}')}" for name in POSTED]
    return ", ".join([*texts, *(f"{_text(name)} AS {identifier(f'sent {name}')}" for name in POSTED)])


def _hits(extra: Mapping[str, str], who: Sequence[str], said: str, events: str, has_campaign: bool) -> str:
    """One row a hit: what it was, whose and when, what tells its source, and why it is kept apart."""
    ids = f"list_transform(string_split({_posted('event_list')}, ','), lambda e: string_split(e, '=')[1])"
    since = f"coalesce(nullif({_posted('cust_hit_time_gmt')}, '0'), hit_time_gmt)"
    visitor = f"nullif(nullif(concat_ws('-', {_posted('visid_high')}, {_posted('visid_low')}), '0-0'), '')"
    # `post_campaign` goes on to stand in later visits that did not come by that campaign.
    tracked = f"CASE WHEN {visits.known('campaign')} IS NOT NULL THEN {_posted('campaign')} END"
    columns = {
        "ids": ids,
        "moment": cells.seconds(since),
        "cookie": visitor,
        "visit_num": "visit_num",
        "visit": "concat_ws('-', visit_num, visit_start_time_gmt)",
        "place": "coalesce(try_cast(visit_page_num AS BIGINT), 0)",
        "hit": "nullif(concat_ws('-', hitid_high, hitid_low), '')",
        "page": _posted("pagename"),
        "link": _posted("page_event_var2"),
        "address": _posted("page_url"),
        "page_event": _posted("page_event"),
        "products": _posted("product_list"),
        "currency": _posted("currency"),
        "purchase_id": _posted("purchaseid"),
        "duplicate": "duplicate_purchase",
        "tracking": tracked if has_campaign else _posted("campaign"),
        "ref_type": f"coalesce({visits.known('visit_ref_type')}, {visits.known('ref_type')})",
        "ref_site": f"coalesce({visits.known('visit_ref_domain')}, {visits.host('visit_referrer')},"
        f" {visits.known('ref_domain')}, {visits.host('referrer')})",
        "search": f"coalesce(nullif({visits.known('visit_search_engine')}, '0'), {_posted('search_engine')})",
        "paid_search": "paid_search",
        "closer": f"nullif({visits.known('va_closer_id')}, '0')",
        "excluded": f"CASE WHEN coalesce({visits.known('exclude_hit')}, '0') <> '0' THEN '{EXCLUDED}'"
        f" WHEN hit_source IN ({', '.join(map(literal, UPLOADED))}) THEN '{NO_VISIT}' END",
        **{place: _text(identifier(name)) for name, place in extra.items()},
    }
    number = f"concat_ws('-', {cells.padded('visit_num', 6)}, {cells.padded('place', 6)},"
    number += " coalesce(hit, md5(concat_ws('-', cookie, moment))))"
    known = f"SELECT file, row, {visits.quoted(columns)} FROM (SELECT *, {_texts()} FROM {said})"
    known = f"SELECT *, {_own_event()} AS own_event, {_prices()} AS prices FROM ({known})"
    typed = f"SELECT *, {number} AS event_id, {_event_type(events)} AS event_type, {_revenue()} AS revenue"
    typed += f" FROM ({known})"
    # The same hit in two files is left to the rule on event ids.
    bought = "event_type = 'purchase' AND excluded IS NULL"
    # A copy that cannot be used is not the one that is kept.
    people = ", ".join(identifier(place) for place in ("cookie", *who))
    price = "try_cast(coalesce(revenue, '0') AS DECIMAL(30, 6))"
    needed = ("try_cast(moment AS TIMESTAMP)", price, f"coalesce({people})")
    usable = " AND ".join(f"{place} IS NOT NULL" for place in needed)
    order = f"ORDER BY {usable} DESC, moment, event_id"
    again = f"dense_rank() OVER (PARTITION BY {bought}, purchase_id {order}) > 1"
    again = f"duplicate = '1' OR (purchase_id IS NOT NULL AND {again})"
    return (
        f"SELECT *, coalesce(excluded, CASE WHEN {bought} AND ({again}) THEN '{REPEATED}' END) AS apart"
        f" FROM ({typed})"
    )


def _own_event() -> str:
    """The first of the firm's own events in a hit."""
    own = " OR ".join(f"try_cast(e AS BIGINT) BETWEEN {first} AND {last}" for first, last, _ in OWN_EVENTS)
    return f"list_filter(ids, lambda e: {own})[1]"


def _event_type(events: str) -> str:
    """What a hit was: the weightiest of Adobe's own events, else the firm's first, else the kind of hit."""
    standard = " ".join(
        f"WHEN list_contains(ids, '{number}') THEN '{name}'" for number, name in STANDARD.items()
    )
    number = " ".join(
        f"WHEN CAST(own_event AS BIGINT) <= {last} THEN 'event' || (CAST(own_event AS BIGINT) - {less})"
        for _, last, less in OWN_EVENTS
    )
    named = f"(SELECT min(name) FROM {events} WHERE id = own_event"
    named += " AND NOT regexp_full_match(name, 'Custom Event \\d+'))"
    pages = " ".join(f"WHEN '{number}' THEN '{name}'" for number, name in PAGE_EVENTS.items())
    return (
        f"CASE {standard} WHEN own_event IS NOT NULL THEN coalesce({named}, CASE {number} END)"
        f" ELSE CASE coalesce(page_event, '0') {pages} ELSE 'hit' END END"
    )


def _with_arrivals(hits: str, engines: str) -> str:
    """Hits, of which the first of each visit says where the visit came from."""
    order = "ORDER BY place, moment, event_id"
    first = (
        "apart IS NULL AND cookie IS NOT NULL AND coalesce(visit_num, '0') <> '0'"
        f" AND row_number() OVER (PARTITION BY cookie, visit, apart IS NULL {order}) = 1"
    )
    return (
        f"SELECT h.*, e.name AS engine_name FROM (SELECT *, {first} AS arrival FROM {hits}) h"
        f" LEFT JOIN (SELECT id, min(name) AS name FROM {engines} GROUP BY id) e ON h.search = e.id"
    )


def _own() -> dict[str, str]:
    """The canonical columns, of a relation of hits."""
    sold = "event_type = 'purchase'"
    return {
        "event_id": "event_id",
        "cookie": "cookie",
        "timestamp": "moment",
        "touchpoint": f"coalesce(page, link, {visits.path('address')})",
        "event_type": "event_type",
        "value": f"CASE WHEN {sold} THEN revenue END",
        "currency": f"CASE WHEN {sold} THEN currency END",
        **_traffic(),
    }


def _prices() -> str:
    """What each product of a purchase cost, as it was sent."""
    marks = {"^^": 1, "^,": 2, "^;": 3}  # signs that are meant, and end neither a product nor its price
    text = "products"
    for mark, number in marks.items():
        text = f"replace({text}, '{mark}', chr({number}))"
    prices = f"list_transform(string_split({text}, ','), lambda p: nullif(trim(string_split(p, ';')[4]), ''))"
    return f"list_filter({prices}, lambda p: p IS NOT NULL)"


def _revenue() -> str:
    """What the products of a purchase cost together; a price that is no number is said as it is."""
    wrong = "list_filter(prices, lambda p: try_cast(p AS DECIMAL(30, 6)) IS NULL)[1]"
    total = "list_sum(list_transform(prices, lambda p: try_cast(p AS DECIMAL(30, 6))))"
    return f"coalesce({wrong}, CAST({total} AS VARCHAR))"


def _traffic() -> dict[str, str]:
    """Where a visit came from: its link's tags, else its tracking code or ad, else its referrer."""
    tags = {name: identifier(f"tag {name}") for name in ("source", "medium", "campaign")}
    tagged = f"({tags['source']} IS NOT NULL OR {tags['medium']} IS NOT NULL)"
    # A tracking code says all, but only to the firm that wrote it: its own rules ask for the campaign.
    coded = "(tracking IS NOT NULL OR coalesce(click, 'fbclid') <> 'fbclid')"
    engine = "lower(coalesce(engine_name, ref_site))"
    none = f"(ref_type IS NULL OR ref_type IN ({', '.join(map(literal, (*NO_REFERRER, INSIDE)))}))"
    columns = {
        "source": f"CASE WHEN {tagged} THEN {tags['source']} WHEN {coded} THEN NULL"
        f" WHEN {none} THEN '{visits.DIRECT}' WHEN ref_type = '{SEARCH}' THEN {engine}"
        " ELSE lower(regexp_replace(ref_site, '^www\\.', '')) END",
        "medium": f"CASE WHEN {tagged} THEN {tags['medium']} WHEN {coded} THEN NULL"
        f" WHEN {none} THEN '{visits.NO_MEDIUM}'"
        f" WHEN ref_type = '{SEARCH}' THEN CASE WHEN paid_search = '1' THEN 'cpc' ELSE 'organic' END"
        f" WHEN ref_type = '{SOCIAL}' THEN 'social' WHEN ref_type = '{MAIL}' THEN 'email'"
        " ELSE 'referral' END",
        "campaign": f"coalesce({tags['campaign']}, tracking)",
        "click_id": "click",
        "network": "'adobe channel ' || closer",
    }
    return {name: f"CASE WHEN arrival THEN {place} END" for name, place in columns.items()}


def _link(relation: str) -> str:
    """The relation of hits, and what the link says that a page was opened by."""
    tags = {f"tag {name}": _tag(name) for name in ("source", "medium", "campaign")}
    return f"SELECT *, {visits.quoted({**tags, 'click': visits.click_id('address')})} FROM ({relation})"


def _tag(name: str) -> str:
    """A tag of a link, decoded: ``facebook`` of ``/?utm_source=facebook``."""
    found = f"regexp_extract(address, {literal(f'[?&]utm_{name}=([^&#]*)')}, 1)"
    return visits.known(f"url_decode(replace({found}, '+', ' '))")
