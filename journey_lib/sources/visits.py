"""What platform exports have in common: addresses, click ids, visits without a source, and amounts in JSON.

The functions return SQL expressions; they take SQL expressions of text.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from journey_lib.channels.links import PERSONAL, without_people
from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import ConfigError
from journey_lib.model import TABLES, TRAFFIC
from journey_lib.sources import convert, written
from journey_lib.workspace import Source

# Parameters that ad platforms put into the links they lead through.
CLICK_IDS = (
    "gclid", "wbraid", "gbraid", "dclid", "msclkid", "fbclid", "ttclid", "twclid", "li_fat_id",
)  # fmt: skip
NAMES = "|".join(CLICK_IDS)
DIRECT, NO_MEDIUM = "(direct)", "(none)"
# What an address with personal data cannot do without: the linter, which decides, is asked of no others.
DIGIT, APART = r"(?:\d|%(?:25)*3\d)", r"(?:[ .()+-]|%(?:25)*2[0-9a-f]){0,6}"
TELLING = rf"(?i)@|%(?:25)*40|[?&](?:{PERSONAL.pattern})=|{DIGIT}(?:{APART}{DIGIT}){{8}}"
# "https://shop.vn/cart", "//shop.vn/cart", "shop.vn/cart" and "/cart"; no other text is an address.
ADDRESS = r"(?i)^(?:[a-z][a-z0-9+.-]*:|[\w-]+(?:\.[\w-]+)+)?/"
STEPS = ("moment", "words", "quick", "hands", "offset")  # on the way from a text to its instant
NOT_SET = ("", "(not set)")  # what platforms write where they know nothing


def known(text: str) -> str:
    """A text, or NULL where it only says that nothing is known."""
    return f"CASE WHEN trim({text}) NOT IN ({', '.join(map(literal, NOT_SET))}) THEN {text} END"


def filled(text: str) -> str:
    """A text, or NULL where it is empty: two people without an id are not the same person."""
    return f"nullif({text}, '')"


def path(address: str) -> str:
    """The path of a web address, without what is asked of it: ``/cart`` of ``https://a.vn/cart?step=2``."""
    found = f"regexp_extract({address}, {literal('^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)')}, 1)"
    return f"CASE WHEN {known(address)} IS NOT NULL THEN coalesce(nullif({found}, ''), '/') END"


def host(address: str) -> str:
    """The site of a web address, in lower case and without ``www.``; NULL where there is none."""
    pattern = literal(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)")
    return f"nullif(regexp_replace(lower(regexp_extract({address}, {pattern}, 1)), '^www\\.', ''), '')"


def click_id(address: str) -> str:
    """Which click id a web address carries: its name, for rules ask for no more and its value is personal."""
    return f"nullif(regexp_extract({address}, {literal(f'[?&]({NAMES})=[^&#]')}, 1), '')"


def click(address: str) -> str:
    """The click id itself, with its name: what tells one click from the next."""
    return f"regexp_extract({address}, {literal(f'[?&](?:{NAMES})=[^&#]+')})"


def keep_pages(relation: str, place: str, engine: Engine, into: str, rows: str = "count(*)") -> None:
    """Count the addresses in `place` for the linter: ``<into>_pages`` goes with the engine, as it came.

    What was kept before for the same source stays.

    Columns page (only where it could tell of a person, else NULL) and rows.
    """
    page = f"CASE WHEN {_telling(place)} THEN {place} END"
    engine.run(
        f"CREATE TABLE IF NOT EXISTS {into}_pages AS SELECT {page} AS page, {rows} AS rows FROM ({relation})"
        f" WHERE {known(place)} IS NOT NULL GROUP BY 1"
    )


def address(text: str) -> str:
    """A text that is a web address, with its site or without; NULL of any other."""
    return f"CASE WHEN contains({text}, '/') AND regexp_matches({text}, {literal(ADDRESS)}) THEN {text} END"


def guard_touchpoints(engine: Engine, into: str) -> None:
    """See to it that no address among the touchpoints of events in `into` tells of a person.

    Where the reader had no addresses to keep for the linter, those of touchpoints are kept (`keep_pages`).
    """
    there = {name for name, *_ in engine.rows(f"DESCRIBE {into}")}
    said = identifier("touchpoint said" if "touchpoint said" in there else "touchpoint")
    pages = f"{into}_named"
    # Names are few: they are found first, and looked at afterwards.
    names = f"SELECT {said} AS page, count(*) AS rows FROM {into} GROUP BY 1"
    engine.run(f"CREATE TABLE {pages} AS FROM ({names}) WHERE {address('page')} IS NOT NULL")
    keep_pages(f"FROM {pages}", "page", engine, into, "sum(rows)")
    told = engine.rows(f"SELECT page FROM {pages} WHERE {_telling('page')}")
    engine.run(f"DROP TABLE {pages}")
    shown = {page: without_people(page) for (page,) in told}
    shown = {page: less for page, less in shown.items() if less != page}
    if not shown:
        return
    engine.fix(into)
    engine.keep(f"{into}_shown", pa.table({"page": [*shown], "less": [*shown.values()]}))
    also = f", {said} = less" if said != '"touchpoint"' else ""
    engine.run(f"UPDATE {into} SET touchpoint = less{also} FROM {into}_shown WHERE {into}.{said} = page")
    engine.run(f"DROP TABLE {into}_shown")


def _telling(place: str) -> str:
    return f"regexp_matches({place}, {literal(TELLING)})"


def plain(number: str) -> str:
    """A number as people write it, where a program wrote it as ``1.25E7``."""
    exponent = r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}"
    whole = f"CAST(try_cast({number} AS DECIMAL(38, 6)) AS VARCHAR)"
    return (
        f"CASE WHEN regexp_full_match({number}, {literal(exponent)})"
        f" THEN coalesce({whole}, {number}) ELSE {number} END"
    )


def moment(micros: str) -> str:
    """Microseconds since 1970 as a written time in UTC; a text that is no such number stays as it is."""
    time = f"CAST(try(make_timestamp(try_cast({micros} AS BIGINT))) AS VARCHAR)"
    return f"coalesce({time}, {micros})"


INSTANT = identifier("the instant")


def timed(relation: str, time: str) -> str:
    """A relation with `INSTANT`: the moment that the text `time` names.

    It is read as `deliver` will read it, so that no visit loses its beginning.
    """
    at, said, quick, hands, behind = (identifier(f"the {name}") for name in STEPS)
    east = f"coalesce({written.offset(behind)}, 0)"
    # What nearly every export is full of is read much quicker by the engine itself.
    slow = f"{written.clock(said, quick, None, hands)} - to_minutes({east})"
    for layer in (
        {at: f"CAST(try_cast({time} AS TIMESTAMP WITH TIME ZONE) AS TIMESTAMP)"},
        {said: f"CASE WHEN {at} IS NULL THEN {written.words(time)} END"},
        {quick: written.fits(said, written.quick_clock(None))},
        {hands: written.hands(said, quick, None), behind: written.behind(said, quick)},
        {INSTANT: f"coalesce({at}, {slow})"},
    ):
        columns = ", ".join(f"{place} AS {name}" for name, place in layer.items())
        relation = f"SELECT *, {columns} FROM ({relation})"
    return relation


def only(source: Source, *tables: str) -> None:
    """Refuse a source that asks a platform's export for a table it does not have.

    Raises
    ------
    ConfigError
        The declared table is none of `tables`.
    """
    if source.table not in tables:
        raise ConfigError(
            f"a source of the format {source.format} cannot be read as {source.table}",
            where=source.path,
            do=f"say `table: {' or '.join(tables)}` under this source in journey.yaml",
        )


def deliver(
    source: Source,
    own: Mapping[str, str],
    mapped: Mapping[str, str],
    relation: str,
    engine: Engine,
    into: str,
) -> dict[str, int]:
    """Stage a relation that already speaks of canonical columns.

    Parameters
    ----------
    own
        The canonical columns that the reader fills, and the SQL expression of each in `relation`.
    mapped
        Fields of the file that the source's `columns` names instead, and where they stand in `relation`.
    """
    given = {
        name: place
        for name, place in own.items()
        if name in TABLES[source.table] and name not in source.set and name not in source.ignore
    }
    # A field of the file may have the name of a canonical column that is another one.
    fields = {name: f"field {name}" for name in source.columns.values() if name in mapped}
    places = given | {fields[name]: mapped[name] for name in fields}
    renamed = {column: fields.get(name, name) for column, name in source.columns.items()}
    exact = source.model_copy(
        update={"timezone": "UTC", "numbers": source.numbers or "1234.5", "columns": renamed, "ignore": ()}
    )
    return convert.canonical(exact, dict.fromkeys(places, "VARCHAR"), relation, engine, into, places)


def traffic(columns: Mapping[str, str]) -> dict[str, str]:
    """All columns that tell where a visit came from: the given ones, and NULL for the others."""
    return {name: columns.get(name, "CAST(NULL AS VARCHAR)") for name in TRAFFIC}


def quoted(names: Mapping[str, str]) -> str:
    """A list of SELECT: each expression under its name."""
    return ", ".join(f"{place} AS {identifier(name)}" for name, place in names.items())
